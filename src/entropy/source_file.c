/* see source_file.h */
#include "entropy/source_file.h"

#include "entropy/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

enum {
    PIECE = 1024,        /* bytes of one read */
    PIECES = 4,          /* of one wake */
    PACE_MS = 10,        /* between two wakes with data */
    TRICKLE_MS = 1000,   /* between two wakes when enough is waiting */
    EMPTY_MAX_MS = 1000, /* for a device that says it is readable and has nothing */
    OPEN_FIRST_MS = 250, /* between two attempts, doubled each time */
    OPEN_MAX_MS = 60000,
    PAUSE_FIRST_MS = 2000, /* after a failed test, doubled each time; the library rests as long */
    PAUSE_MAX_MS = 60000,
    PIPE_BYTES = 4096, /* a pipe holds no more than that, so that what waits in it is new */
};

struct file_source {
    struct feeder_source base;
    char path[PATH_MAX];
    bool credited; /* registered so: must not be a regular file */
    int fd;
    bool fifo, regular;
    bool heard;  /* bytes came since it was opened */
    bool told;   /* the library knows that it is gone */
    bool paused; /* after a failed test */
    unsigned open_ms, pause_ms, empty_ms;
    struct replay *replay;
};

static void wait_until(struct file_source *f, uint64_t at)
{
    f->base.n_wait = 0;
    f->base.at = at;
}

static void wait_readable(struct file_source *f)
{
    f->base.wait[0] = (struct pollfd){f->fd, POLLIN, 0};
    f->base.n_wait = 1;
    f->base.at = FEEDER_NEVER;
}

static unsigned doubled(unsigned ms, unsigned max)
{
    return 2 * ms < max ? 2 * ms : max;
}

static void shut(struct file_source *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}

/* It cannot be read: say so once, and try again later. */
static void gone(struct file_source *f, uint64_t now, const char *why)
{
    shut(f);
    if (!f->told)
        head2_entropy_report(f->base.id, HEAD2_E_IO, why);
    f->told = true;
    wait_until(f, f->regular ? FEEDER_NEVER : now + f->open_ms);
    f->open_ms = doubled(f->open_ms, OPEN_MAX_MS);
}

/* A test failed: let it be for a while. */
static void pause_source(struct file_source *f, uint64_t now)
{
    f->paused = true;
    wait_until(f, now + f->pause_ms);
    f->pause_ms = doubled(f->pause_ms, PAUSE_MAX_MS);
}

/* ---- opening ---- */

/* A line discipline would change and swallow bytes. The speed stays as it was set. */
static void make_raw(int fd)
{
    struct termios t;

    if (tcgetattr(fd, &t) != 0)
        return;
    cfmakeraw(&t);
    t.c_cflag |= CLOCAL | CREAD;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    if (tcsetattr(fd, TCSANOW, &t) == 0)
        (void)tcflush(fd, TCIFLUSH); /* what came before was cooked */
}

/* What waited during a pause is of the bad time, what waited before a pipe was opened of any. */
static void throw_away(struct file_source *f)
{
    uint8_t bytes[PIECE];

    for (unsigned i = 0; i < 64 && read(f->fd, bytes, sizeof bytes) > 0; i++)
        continue;
    head2_wipe(bytes, sizeof bytes);
}

static void make_small(struct file_source *f)
{
    throw_away(f); /* a full pipe does not shrink */
    (void)fcntl(f->fd, F_SETPIPE_SZ, PIPE_BYTES);
}

/* NULL, or why this cannot be a source. */
static const char *look_at(struct file_source *f)
{
    struct stat s;

    if (fstat(f->fd, &s) != 0)
        return strerror(errno);
    f->fifo = S_ISFIFO(s.st_mode);
    f->regular = S_ISREG(s.st_mode);
    if (f->regular && f->credited)
        return "a regular file, where a device was";
    if (!f->fifo && !f->regular && !S_ISCHR(s.st_mode))
        return "neither a device nor a pipe nor a file";
    if (f->fifo)
        make_small(f);
    else if (!f->regular && isatty(f->fd))
        make_raw(f->fd);
    return NULL;
}

static bool open_source(struct file_source *f, uint64_t now)
{
    f->fd = open(f->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    const char *why = f->fd < 0 ? strerror(errno) : look_at(f);
    if (why != NULL) {
        f->regular = false; /* what comes in its place may be better */
        gone(f, now, why);
        return false;
    }
    f->heard = false;
    f->empty_ms = PACE_MS;
    return true;
}

/* ---- reading ---- */

/* Test and offer a piece. False when it failed a test. */
static bool take(struct file_source *f, uint64_t now, const uint8_t *bytes, size_t n)
{
    if (replay_seen(f->replay, bytes, n)) {
        head2_entropy_report(f->base.id, HEAD2_E_HEALTH, "a block came again");
        pause_source(f, now);
        return false;
    }
    const enum head2_status st = head2_entropy_offer(f->base.id, bytes, n);
    if (st != HEAD2_OK) {
        pause_source(f, now);
        return false;
    }
    f->heard = true;
    f->told = false;
    f->open_ms = OPEN_FIRST_MS;
    return true;
}

/* A read that gave nothing: wait for bytes, or for the end of an end. */
static void nothing(struct file_source *f, uint64_t now, ssize_t n, int error)
{
    const short revents = f->base.n_wait != 0 ? f->base.wait[0].revents : 0;

    if (n == 0 && !(f->fifo && !f->heard && (revents & POLLHUP) == 0)) {
        gone(f, now, "ended");
        return;
    }
    if (n < 0 && error != EAGAIN && error != EINTR) {
        gone(f, now, strerror(error));
        return;
    }
    if ((revents & POLLIN) != 0) { /* it said there were some: do not ask in a circle */
        wait_until(f, now + f->empty_ms);
        f->empty_ms = doubled(f->empty_ms, EMPTY_MAX_MS);
        return;
    }
    wait_readable(f);
}

static void read_pieces(struct file_source *f, uint64_t now, const struct feeder_level *level)
{
    uint8_t bytes[PIECE];
    unsigned i = 0;

    for (; i < PIECES; i++) {
        const ssize_t n = read(f->fd, bytes, sizeof bytes);
        const int error = errno;
        if (n > 0 && !take(f, now, bytes, (size_t)n))
            break;
        if (n <= 0 && i == 0)
            nothing(f, now, n, error);
        if (n <= 0)
            break;
        f->empty_ms = PACE_MS;
        wait_until(f, now + (level->full ? TRICKLE_MS : PACE_MS));
    }
    head2_wipe(bytes, sizeof bytes);
}

static void run(struct feeder_source *s, uint64_t now, const struct feeder_level *level)
{
    struct file_source *f = (struct file_source *)s;

    if (level->state == HEAD2_ENTROPY_FAILED) {
        shut(f);
        wait_until(f, FEEDER_NEVER);
        return;
    }
    if (f->fd < 0 && !open_source(f, now))
        return;
    if (f->paused)
        throw_away(f);
    f->paused = false;
    if (level->state == HEAD2_ENTROPY_GOOD)
        f->pause_ms = PAUSE_FIRST_MS;
    read_pieces(f, now, level);
}

static void free_source(struct feeder_source *s)
{
    struct file_source *f = (struct file_source *)s;

    shut(f);
    replay_free(f->replay);
    free(f);
}

static const struct feeder_ops ops = {run, free_source};

/* ---- making one ---- */

static bool is_regular(const char *path)
{
    struct stat s;

    return stat(path, &s) == 0 && S_ISREG(s.st_mode);
}

enum head2_status source_file_new(struct feeder_source **out,
                                  const struct source_file_config *config)
{
    const double half = 4; /* of a byte's width */
    const bool credited = config->physical && config->h > 0 && !is_regular(config->path);
    const struct head2_entropy_source source = {
        .name = config->name,
        .kind = credited ? HEAD2_ENTROPY_PHYSICAL : HEAD2_ENTROPY_ADDITIONAL,
        .h = config->h,
        .credit = !credited          ? 0
                  : config->h < half ? config->h
                                     : half,
        .group = config->group,
    };
    struct file_source *f = calloc(1, sizeof *f);

    *out = NULL;
    if (f == NULL)
        return HEAD2_E_MEMORY;
    f->base.ops = &ops;
    f->fd = -1;
    f->credited = credited;
    f->open_ms = OPEN_FIRST_MS;
    f->pause_ms = PAUSE_FIRST_MS;
    snprintf(f->path, sizeof f->path, "%s", config->path);
    f->replay = replay_new(config->h);
    enum head2_status st = f->replay != NULL ? feeder_register(&f->base, &source) : HEAD2_E_MEMORY;
    if (st == HEAD2_OK)
        *out = &f->base;
    else
        free_source(&f->base);
    return st;
}

/* ---- the kernel's view of the hardware ---- */

static bool file_has(const char *root, const char *name, const char *word)
{
    char path[PATH_MAX], text[256];

    snprintf(path, sizeof path, "%s%s", root, name);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return false;
    const size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    return strstr(text, word) != NULL;
}

static bool exists(const char *root, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s%s", root, name);
    return access(path, F_OK) == 0;
}

static bool processor_says_virtual(void)
{
#if defined(__x86_64__) || defined(__i386__)
    unsigned a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c >> 31) != 0;
#else
    return false;
#endif
}

bool source_machine_virtual(const char *root)
{
    const char *at = root != NULL ? root : "";

    return exists(at, "/sys/hypervisor/type") || exists(at, "/proc/device-tree/hypervisor") ||
           file_has(at, "/proc/device-tree/compatible", "linux,dummy-virt") ||
           (root == NULL && processor_says_virtual());
}

/* Whether what is behind /dev/hwrng is another's: a host's (virtio), the firmware's or a
 * hypervisor's (smccc: nobody can tell which), or not named. */
static bool another_answers(const char *root)
{
    static const char current[] = "/sys/class/misc/hw_random/rng_current";

    return !file_has(root, current, "") || file_has(root, current, "virtio") ||
           file_has(root, current, "smccc");
}

enum head2_status source_hwrng_new(struct feeder_source **out, const char *root)
{
    const char *at = root != NULL ? root : "";
    const bool foreign = source_machine_virtual(root) || another_answers(at);
    char path[PATH_MAX];
    const struct source_file_config config = {"hwrng", path, 4, !foreign, "hwrng"};

    snprintf(path, sizeof path, "%s/dev/hwrng", at);
    return source_file_new(out, &config);
}
