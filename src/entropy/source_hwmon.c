/* see source_hwmon.h */
#include "entropy/source_hwmon.h"

#include "entropy/source_file.h"

#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    CHANNELS = 32,
    FIRST_MS = 100, /* between two readings of a channel: at least, and at most */
    LAST_MS = 10000,
    SLOWER_AFTER = 4,   /* equal readings */
    STALE_AFTER = 64,   /* equal readings */
    REGULAR_AFTER = 81, /* equal transitions: 1 + 40 / 0.5, as the repetition count test has it */
    SCAN_MS = 60000,    /* between two searches for sensors where there is none */
};

struct channel {
    int fd;
    bool known;        /* there is a reading to compare with */
    long last, step;   /* the greatest common divisor of all differences so far; 0: none */
    unsigned equal;    /* readings since the last change */
    uint8_t bit, turn; /* the last sample, and whether it differed from the one before */
    unsigned turns;    /* so many times in a row */
    unsigned every_ms;
    uint64_t at;
};

struct hwmon {
    struct feeder_source base;
    char root[PATH_MAX];
    struct channel channels[CHANNELS];
    unsigned n;
    bool told;
};

/* ---- finding sensors ---- */

/* Whether a hardware monitor only repeats a thermal zone, which is read already. */
static bool repeats_zone(const char *path)
{
    char device[PATH_MAX + 16], real[PATH_MAX];
    const char *slash = strrchr(path, '/');

    snprintf(device, sizeof device, "%.*s/device", (int)(slash - path), path);
    if (realpath(device, real) == NULL)
        return false;
    slash = strrchr(real, '/');
    return slash != NULL && strncmp(slash, "/thermal_zone", 13) == 0;
}

static void add_channel(struct hwmon *h, const char *path)
{
    if (h->n == CHANNELS || repeats_zone(path))
        return;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0)
        h->channels[h->n++] = (struct channel){.fd = fd, .every_ms = FIRST_MS};
}

static void scan(struct hwmon *h)
{
    static const char *const patterns[] = {
        "class/thermal/thermal_zone*/temp", "class/hwmon/hwmon*/temp*_input",
        "class/hwmon/hwmon*/in*_input", "class/hwmon/hwmon*/curr*_input"};
    char pattern[PATH_MAX + 64];
    glob_t found;

    for (unsigned i = 0; i < HEAD2_LEN(patterns); i++) {
        snprintf(pattern, sizeof pattern, "%s/sys/%s", h->root, patterns[i]);
        if (glob(pattern, 0, NULL, &found) != 0)
            continue;
        for (size_t k = 0; k < found.gl_pathc; k++)
            add_channel(h, found.gl_pathv[k]);
        globfree(&found);
    }
}

static void shut(struct channel *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->at = FEEDER_NEVER;
}

static void drop(struct hwmon *h, unsigned i)
{
    shut(&h->channels[i]);
    h->channels[i] = h->channels[--h->n];
}

/* ---- readings ---- */

static bool read_channel(const struct channel *c, long *reading)
{
    char text[32], *end;
    const ssize_t n = pread(c->fd, text, sizeof text - 1, 0);

    if (n <= 0)
        return false;
    text[n] = 0;
    *reading = strtol(text, &end, 10);
    return end != text && (*end == 0 || *end == '\n');
}

/* The reading is no secret to those on this machine, so dividing by it gives nothing away. */
static long common_divisor(long a, long b)
{
    while (b != 0) {
        const long rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static bool plausible(long reading)
{
    return reading > -1000000000 && reading < 1000000000;
}

/* Whether the bits of a channel follow each other in the most plain of ways. */
static bool is_regular(struct channel *c, uint8_t bit)
{
    const uint8_t turn = bit ^ c->bit;

    c->turns = turn == c->turn ? c->turns + 1 : 1;
    c->turn = turn;
    c->bit = bit;
    return c->turns >= REGULAR_AFTER;
}

/* The changed reading gives *bit; false when it gives none. */
static bool sample(struct channel *c, long reading, uint8_t *bit)
{
    const long change = labs(reading - c->last);
    const bool stale = c->equal >= STALE_AFTER;
    const long before = c->step;

    c->step = common_divisor(change, c->step);
    c->last = reading;
    c->equal = 0;
    if (stale || before == 0) /* the first change tells the step */
        return false;
    *bit = (uint8_t)(reading / c->step) & 1;
    return true;
}

static void pace(struct channel *c, uint64_t now, bool changed)
{
    if (changed)
        c->every_ms = c->every_ms / 2 > FIRST_MS ? c->every_ms / 2 : FIRST_MS;
    else if (++c->equal % SLOWER_AFTER == 0)
        c->every_ms = 2 * c->every_ms < LAST_MS ? 2 * c->every_ms : LAST_MS;
    c->at = now + c->every_ms;
}

/* It keeps its place, so that it is not found again as a new one. Before the start-up tests are
 * passed nothing of it counts; after that, what it gave is void with the rest. */
static void leave_out(struct hwmon *h, struct channel *c, bool counts)
{
    shut(c);
    if (counts)
        head2_entropy_report(h->base.id, HEAD2_E_HEALTH, "a sensor counts to and fro");
}

/* False when the channel cannot be read any more. */
static bool ask(struct hwmon *h, struct channel *c, uint64_t now, bool counts)
{
    long reading;
    uint8_t bit;

    if (!read_channel(c, &reading) || !plausible(reading))
        return false;
    const bool changed = c->known && reading != c->last, was = c->known;
    if (!was)
        c->last = reading;
    c->known = true;
    const bool gives = changed && sample(c, reading, &bit);
    pace(c, now, changed);
    if (!gives)
        return true;
    if (is_regular(c, bit)) {
        leave_out(h, c, counts);
        return true;
    }
    h->told = false;
    const enum head2_status st = head2_entropy_offer(h->base.id, &bit, 1);
    head2_wipe(&bit, sizeof bit);
    return st == HEAD2_OK || st == HEAD2_E_HEALTH; /* the library knows what to do about it */
}

static void none_left(struct hwmon *h, uint64_t now)
{
    if (!h->told)
        head2_entropy_report(h->base.id, HEAD2_E_IO, "no sensor");
    h->told = true;
    h->base.at = now + SCAN_MS;
}

static void run(struct feeder_source *s, uint64_t now, const struct feeder_level *level)
{
    struct hwmon *h = (struct hwmon *)s;
    const bool counts = level->state == HEAD2_ENTROPY_GOOD;

    if (level->state == HEAD2_ENTROPY_FAILED) {
        while (h->n != 0)
            drop(h, 0);
        h->base.at = FEEDER_NEVER;
        return;
    }
    if (h->n == 0)
        scan(h);
    for (unsigned i = 0; i < h->n;) {
        if (h->channels[i].at > now || ask(h, &h->channels[i], now, counts))
            i++;
        else
            drop(h, i);
    }
    h->base.at = FEEDER_NEVER;
    for (unsigned i = 0; i < h->n; i++)
        if (h->channels[i].at < h->base.at)
            h->base.at = h->channels[i].at;
    if (h->n == 0)
        none_left(h, now);
}

static void free_source(struct feeder_source *s)
{
    struct hwmon *h = (struct hwmon *)s;

    while (h->n != 0)
        drop(h, 0);
    head2_wipe(h, sizeof *h);
    free(h);
}

static const struct feeder_ops ops = {run, free_source};

enum head2_status source_hwmon_new(struct feeder_source **out, const char *root)
{
    const bool virtual = source_machine_virtual(root);
    const struct head2_entropy_source source = {
        .name = "hwmon",
        .kind = virtual ? HEAD2_ENTROPY_ADDITIONAL : HEAD2_ENTROPY_NON_PHYSICAL,
        .binary = true,
        .h = 0.5,
        .credit = virtual ? 0 : 0.5,
    };
    struct hwmon *h = calloc(1, sizeof *h);

    *out = NULL;
    if (h == NULL)
        return HEAD2_E_MEMORY;
    h->base.ops = &ops;
    snprintf(h->root, sizeof h->root, "%s", root != NULL ? root : "");
    enum head2_status st = feeder_register(&h->base, &source);
    if (st == HEAD2_OK)
        *out = &h->base;
    else
        free(h);
    return st;
}
