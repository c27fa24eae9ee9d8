/*
 * head2_random and head2_random_key: when generators are seeded and seeded again, what a child, a
 * clone and another thread get, and what happens where the system refuses a call.
 */
#include "entropy_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/random.h>

/* ---- in place of libc's, for everything in this program ---- */

static _Thread_local void
    *last_map; /* what was mapped last: in a process that begins, a generator's page */
static _Thread_local size_t last_len;
static unsigned refuse; /* a set of: */
enum { MMAP = 1, MADVISE = 2, MLOCK = 4, GETRANDOM = 8 };
static unsigned fails_at; /* the number of a call, all kinds counted */
static atomic_uint calls;

static bool fails(unsigned kind)
{
    return atomic_fetch_add(&calls, 1) + 1 == fails_at || (refuse & kind) != 0;
}

void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t off)
{
    if (fails(MMAP)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    void *p = mmap64(at, len, prot, flags, fd, off);
    if (len < 65536) {
        last_map = p;
        last_len = len;
    }
    return p;
}

int madvise(void *p, size_t len, int advice)
{
    if (fails(MADVISE)) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_madvise, p, len, advice);
}

int mlock(const void *p, size_t len)
{
    if (fails(MLOCK)) {
        errno = EPERM;
        return -1;
    }
    return (int)syscall(SYS_mlock, p, len);
}

ssize_t getrandom(void *p, size_t len, unsigned flags)
{
    if (fails(GETRANDOM)) {
        errno = ENOSYS;
        return -1;
    }
    return syscall(SYS_getrandom, p, len, flags);
}

static uint64_t seeds(void)
{
    struct head2_entropy_info info;

    head2_entropy_info(&info);
    return info.seeds;
}

static uint64_t forks(void)
{
    struct head2_entropy_info info;

    head2_entropy_info(&info);
    return info.forks;
}

static void configure(enum head2_entropy_reseed reseed, enum head2_generator generator)
{
    const struct head2_entropy_config c = {.reseed = reseed, .generator = generator};

    CHECK_EQ(head2_entropy_configure(&c), HEAD2_OK);
}

/* ---- seeding ---- */

static void any_length(void)
{
    static uint8_t out[200000], other[sizeof out];

    for (size_t n = 0; n < 200; n++) {
        memset(out, 0, sizeof out);
        CHECK_EQ(head2_random(out, n), HEAD2_OK);
        CHECK(all_zero(out + n, 64));
        CHECK(n < 16 || !all_zero(out + n - 8, 8));
    }
    CHECK_EQ(head2_random(NULL, 0), HEAD2_OK);
    CHECK_EQ(head2_random(out, sizeof out), HEAD2_OK);
    CHECK_EQ(head2_random_key(other, sizeof other), HEAD2_OK);
    for (size_t i = 0; i + 16 <= sizeof out; i += 16)
        CHECK(!all_zero(out + i, 16) && memcmp(out + i, other + i, 16) != 0);
}

static void strict_after_two_to_the_17_bits(void)
{
    uint8_t out[64];

    gives();
    uint64_t before = seeds();
    for (unsigned i = 32; i + 64 <= 16384; i += 64)
        CHECK_EQ(head2_random(out, 64), HEAD2_OK);
    CHECK_EQ(seeds(), before);
    CHECK_EQ(head2_random(out, 33), HEAD2_OK);
    CHECK_EQ(seeds(), before + 1);
    CHECK_EQ(head2_random(out, 32), HEAD2_OK);
    CHECK_EQ(seeds(), before + 1);
}

static void relaxed_after_100_mb(void)
{
    static uint8_t out[1 << 16];

    configure(HEAD2_RESEED_90A, HEAD2_GENERATOR_CTR_DRBG);
    gives();
    const uint64_t before = seeds();
    for (unsigned i = 0; i < 1525; i++)
        CHECK_EQ(head2_random(out, sizeof out), HEAD2_OK);
    CHECK_EQ(seeds(), before);
    CHECK_EQ(head2_random(out, sizeof out), HEAD2_OK);
    CHECK_EQ(seeds(), before + 1);
}

static void after_a_minute(void)
{
    for (int mode = 0; mode < 2; mode++) {
        configure((enum head2_entropy_reseed)mode, HEAD2_GENERATOR_CTR_DRBG);
        gives();
        const uint64_t before = seeds();
        clock_ahead += 58;
        gives();
        CHECK_EQ(seeds(), before);
        clock_ahead += 3;
        gives();
        CHECK_EQ(seeds(), before + 1);
        gives();
        CHECK_EQ(seeds(), before + 1);
    }
}

static void keys_are_of_fresh_bits(void)
{
    struct head2_entropy_provenance p;
    uint8_t out[32];

    CHECK_EQ(head2_random_provenance(&p), HEAD2_E_STATE);
    gives();
    CHECK_EQ(head2_random_provenance(&p), HEAD2_OK);
    CHECK(!p.fresh && p.policy == HEAD2_ENTROPY_AUTO && p.reseed == HEAD2_RESEED_STRICT);
    double seeded = 0, reseeded = 0;
    for (unsigned i = 0; i < p.n; i++) {
        seeded += p.seeded[i];
        reseeded += p.reseeded[i];
    }
    CHECK(p.n == 3 && strcmp(p.name[0], "rdseed") == 0 && seeded >= 448 && reseeded == 0);
    for (unsigned i = 1; i < 20; i++) {
        const uint64_t before = seeds();
        CHECK_EQ(head2_random_key(out, sizeof out), HEAD2_OK);
        CHECK_EQ(seeds(), before + 1);
    }
    CHECK_EQ(head2_random_provenance(&p), HEAD2_OK);
    for (unsigned i = 0; i < p.n; i++)
        reseeded += p.reseeded[i];
    CHECK(p.fresh && reseeded >= 320);
    gives();
    CHECK_EQ(head2_random_provenance(&p), HEAD2_OK);
    CHECK(!p.fresh);
}

static void the_other_generator(void)
{
    struct head2_entropy_provenance p;
    uint8_t out[5000], key[32];

    configure(HEAD2_RESEED_STRICT, HEAD2_GENERATOR_XDRBG);
    CHECK_EQ(head2_random(out, sizeof out), HEAD2_OK);
    CHECK(!all_zero(out + sizeof out - 16, 16));
    CHECK_EQ(head2_random_key(key, sizeof key), HEAD2_OK);
    CHECK_EQ(head2_random_provenance(&p), HEAD2_OK);
    CHECK(p.generator == HEAD2_GENERATOR_XDRBG && p.fresh);
    const uint64_t before = seeds();
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(head2_random(out, sizeof out), HEAD2_OK);
    CHECK_EQ(seeds(), before + 1);
}

/* ---- children ---- */

enum { PIECE = 32, MOST = 400 };
static uint8_t piece[MOST][PIECE];
static unsigned pieces;

static void all_differ(void)
{
    for (unsigned i = 0; i < pieces; i++)
        for (unsigned k = 0; k < i; k++)
            CHECK(memcmp(piece[i], piece[k], PIECE) != 0);
}

/* A child draws two pieces, and so does its own child. */
static void draw_in_child(int to)
{
    uint8_t mine[2][PIECE];

    alarm(20);
    for (unsigned depth = 1;; depth++) {
        if (head2_random(mine[0], PIECE) != HEAD2_OK ||
            head2_random_key(mine[1], PIECE) != HEAD2_OK || forks() != depth ||
            write(to, mine, sizeof mine) != sizeof mine)
            _exit(1);
        const pid_t child = depth == 1 ? fork() : -1;
        int status = 0;
        if (child == 0)
            continue;
        if (child > 0 && waitpid(child, &status, 0) != child)
            status = 1;
        _exit(status != 0);
    }
}

static void children(unsigned n)
{
    int ends[2], status;

    CHECK_EQ(pipe(ends), 0);
    gives();
    for (unsigned i = 0; i < n; i++) {
        const pid_t child = fork();
        if (child == 0)
            draw_in_child(ends[1]);
        CHECK_EQ(head2_random(piece[pieces++], PIECE), HEAD2_OK);
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK_EQ(status, 0);
        CHECK_EQ(read(ends[0], piece[pieces], 4 * PIECE), 4 * PIECE);
        pieces += 4;
    }
    all_differ();
    CHECK_EQ(forks(), 0);
}

static void children_draw_their_own(void)
{
    children(60);
}

/* Where the kernel does not zero pages, the process's number tells. */
static void children_without_zeroed_pages(void)
{
    refuse = MADVISE | MLOCK;
    children(20);
}

static atomic_bool enough;

static void *ask_on(void *arg)
{
    uint8_t out[PIECE];

    while (!atomic_load(&enough))
        if (head2_random_key(out, sizeof out) != HEAD2_OK)
            return arg;
    return NULL;
}

/* The lock is often taken when the process forks. */
static void children_while_threads_ask(void)
{
    pthread_t thread[4];
    void *failed;

    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, ask_on, &enough), 0);
    children(25);
    atomic_store(&enough, true);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ(pthread_join(thread[i], &failed), 0);
        CHECK(failed == NULL);
    }
}

/* ---- threads ---- */

enum { THREADS = 64 };
static pthread_barrier_t barrier;

static void *first_piece(void *arg)
{
    uint8_t *out = arg;

    pthread_barrier_wait(&barrier);
    return head2_random(out, PIECE) == HEAD2_OK && head2_random_key(out + PIECE, PIECE) == HEAD2_OK
               ? NULL
               : arg;
}

static void threads_at_once(void)
{
    pthread_t thread[THREADS];
    struct head2_entropy_info info;
    void *failed;

    CHECK_EQ(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (unsigned i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, first_piece, piece[2 * i]), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_join(thread[i], &failed), 0);
        CHECK(failed == NULL);
    }
    pieces = 2 * THREADS;
    all_differ();
    head2_entropy_info(&info);
    CHECK_EQ(info.instances, 0); /* they ended with their threads */
    CHECK_EQ(info.seeds, 2 * THREADS);
}

/* ---- clones ---- */

static uint64_t number = 7;
static unsigned asked, changes_at;
static bool unknown;

static bool generation(void *arg, uint64_t *out)
{
    (void)arg;
    if (++asked == changes_at)
        number++;
    *out = number;
    return !unknown;
}

static void watch_generation(void)
{
    const struct head2_entropy_config c = {.generation = generation};

    CHECK_EQ(head2_entropy_configure(&c), HEAD2_OK);
}

/* The page of this thread's generator, put back as a snapshot puts all memory back. */
static void snapshot(uint8_t copy[4096], bool back)
{
    CHECK(last_len <= 4096);
    if (back)
        memcpy(last_map, copy, last_len);
    else
        memcpy(copy, last_map, last_len);
}

static void clones_of_one_image(void)
{
    uint8_t copy[4096], a[PIECE], b[PIECE];

    use(HEAD2_ENTROPY_FAST, (const char *const[]){"one", NULL});
    add_fake("one", &(struct fake){.manner = GOOD}, 4, NULL);
    gives();
    snapshot(copy, false);
    CHECK_EQ(head2_random(a, PIECE), HEAD2_OK);
    snapshot(copy, true);
    CHECK_EQ(head2_random(b, PIECE), HEAD2_OK);
    CHECK_MEM(a, b, PIECE); /* so it is a clone; and without a number nothing tells it so */
    snapshot(copy, true);
    CHECK_EQ(head2_random_key(a, PIECE), HEAD2_OK);
    snapshot(copy, true);
    CHECK_EQ(head2_random_key(b, PIECE), HEAD2_OK);
    CHECK(memcmp(a, b, PIECE) != 0);
    CHECK_EQ(forks(), 0);
}

static void clones_with_a_number(void)
{
    uint8_t copy[4096], a[PIECE], b[PIECE], c[PIECE];

    watch_generation();
    gives();
    CHECK_EQ(asked, 2); /* before the seed was made, and after the output */
    snapshot(copy, false);
    asked = 0;
    CHECK_EQ(head2_random(a, PIECE), HEAD2_OK);
    CHECK_EQ(asked, 2);
    snapshot(copy, true);
    number++;
    CHECK_EQ(head2_random(b, PIECE), HEAD2_OK);
    CHECK(memcmp(a, b, PIECE) != 0);
    CHECK_EQ(forks(), 1);
    /* it changes after the output has been made, which is thrown away */
    snapshot(copy, true);
    number = 7;
    asked = 0;
    changes_at = 2;
    const uint64_t before = seeds();
    CHECK_EQ(head2_random(c, PIECE), HEAD2_OK);
    CHECK(asked > 2);
    CHECK(memcmp(a, c, PIECE) != 0 && memcmp(b, c, PIECE) != 0);
    CHECK_EQ(seeds(), before + 1);
    CHECK_EQ(forks(), 2);
    unknown = true;
    gives();
    CHECK_EQ(seeds(), before + 2);
    gives();
    CHECK_EQ(seeds(), before + 2);
}

/* ---- refusals ---- */

static void refused_calls(void)
{
    uint8_t out[PIECE];

    refuse = MMAP;
    refuses();
    refuse = MADVISE;
    gives();
    refuse = MADVISE | MLOCK;
    CHECK_EQ(head2_random_key(out, sizeof out), HEAD2_OK);
    /* "jitter" has no memory to walk through: that it is there is not forgotten */
    refuse = MMAP;
    use(HEAD2_ENTROPY_AUTO, NULL);
    refuses();
    refuse = 0;
    gives();
}

/* In a process of its own: 0 when it failed as it should, 1 when no call failed. */
static int call_fails(unsigned n)
{
    uint8_t out[PIECE];

    fails_at = n;
    memset(out, 0xa5, sizeof out);
    const enum head2_status st = head2_random_key(out, sizeof out);
    const bool failed = atomic_load(&calls) >= n;
    if (st == HEAD2_OK ? all_zero(out, sizeof out)
                       : st != HEAD2_E_ENTROPY || !all_zero(out, sizeof out))
        return 2;
    if (head2_random(out, sizeof out) != HEAD2_OK) /* by now nothing fails */
        return 3;
    return failed ? 0 : st == HEAD2_OK ? 1 : 4;
}

/* The n-th of these calls fails, for all n until none does. */
static void every_call_fails_once(void)
{
    int how = 0;
    unsigned n;

    for (n = 1; how == 0; n++) {
        const pid_t child = fork();
        if (child == 0)
            _exit(call_fails(n));
        CHECK_EQ(waitpid(child, &how, 0), child);
        CHECK(WIFEXITED(how));
        how = WEXITSTATUS(how);
    }
    CHECK_EQ(how, 1);
    CHECK(n > 8); /* two pages, three calls for one of them, three of the kernel's numbers */
}

static void without_the_kernel(void)
{
    uint8_t out[PIECE] = {1};

    gives();
    refuse = GETRANDOM;
    gives(); /* nothing is due */
    CHECK_EQ(head2_random_key(out, sizeof out), HEAD2_E_ENTROPY);
    CHECK(all_zero(out, sizeof out));
    refuses();
    refuse = 0;
    gives();
}

/* A source may not ask for what it is asked for. */
static enum head2_status read_itself(void *arg, uint8_t *samples, size_t *n)
{
    memset(samples, 0, *n);
    *(enum head2_status *)arg = head2_random(samples, *n);
    return HEAD2_E_HEALTH;
}

static void sources_that_ask(void)
{
    enum head2_status inner = HEAD2_OK;
    const struct head2_entropy_source s = {.name = "one",
                                           .kind = HEAD2_ENTROPY_PHYSICAL,
                                           .h = 1,
                                           .credit = 1,
                                           .read = read_itself,
                                           .arg = &inner};

    CHECK_EQ(head2_entropy_add(&s, NULL), HEAD2_OK);
    use(HEAD2_ENTROPY_SINGLE, (const char *const[]){"one", NULL});
    refuses();
    CHECK_EQ(inner, HEAD2_E_ENTROPY);
}

/* A callback may ask; what is told to it then comes after. */
static void ask_when_told(void *arg, const struct head2_entropy_event *e)
{
    uint8_t out[PIECE];

    *(unsigned *)arg +=
        e->kind == HEAD2_ENTROPY_EVENT_CLOSED && head2_random(out, sizeof out) == HEAD2_E_ENTROPY;
}

static void callbacks_that_ask(void)
{
    unsigned told = 0;

    head2_entropy_on_event(ask_when_told, &told);
    use(HEAD2_ENTROPY_TWO, (const char *const[]){"none", NULL});
    refuses();
    CHECK_EQ(told, 1);
}

int main(void)
{
    IN_CHILD(any_length);
    IN_CHILD(strict_after_two_to_the_17_bits);
    IN_CHILD(relaxed_after_100_mb);
    IN_CHILD(after_a_minute);
    IN_CHILD(keys_are_of_fresh_bits);
    IN_CHILD(the_other_generator);
    IN_CHILD(children_draw_their_own);
    IN_CHILD(children_without_zeroed_pages);
    IN_CHILD(children_while_threads_ask);
    IN_CHILD(threads_at_once);
    IN_CHILD(clones_of_one_image);
    IN_CHILD(clones_with_a_number);
    IN_CHILD(refused_calls);
    IN_CHILD(every_call_fails_once);
    IN_CHILD(without_the_kernel);
    IN_CHILD(sources_that_ask);
    IN_CHILD(callbacks_that_ask);
    CHECK_EXIT();
}
