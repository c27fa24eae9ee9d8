/*
 * The library's own sources where the hardware is bad: RDSEED that is empty, stuck or repeats
 * itself, and jitter by a clock that is coarse, stuck or foreseeable. Their files are compiled here
 * a second time, with an instruction and a clock that do as they are told.
 */
#include "entropy_fixture.h"

#include "entropy/health.h"
#include "entropy/source.h"

#include <sys/mman.h>

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

static int told_rdseed(unsigned long long *word);
#define _rdseed64_step told_rdseed
#define __get_cpuid_count(leaf, sub, a, b, c, d)                                                   \
    (*(a) = *(c) = *(d) = 0, *(b) = 1 << 18, (void)(leaf), (void)(sub), 1)
#endif
#include "entropy/source_rdseed.c"
#undef __x86_64__ /* jitter then reads the clock of the system */
#undef __aarch64__
static int told_clock(clockid_t id, struct timespec *t);
#define clock_gettime told_clock
#include "entropy/source_jitter.c"
#undef clock_gettime

/* ---- RDSEED ---- */

static struct fake words;
static unsigned long long fixed[4]; /* given after so many good ones */
static unsigned good_words, n_fixed, given_words, empty_tries;

HEAD2_UNUSED static int told_rdseed(unsigned long long *word)
{
    if (empty_tries != 0) {
        *word = 0;
        empty_tries -= empty_tries != UINT32_MAX;
        return 0;
    }
    const unsigned i = given_words++;
    *word = i < good_words || n_fixed == 0 ? fake_next(&words) : fixed[(i - good_words) % n_fixed];
    return 1;
}

static enum head2_status read_words(size_t n)
{
    uint8_t out[512];
    enum head2_status st;

    memset(out, 0xa5, sizeof out);
    words.x = 77;
    given_words = 0;
    st = entropy_rdseed.source.read(NULL, out, &n);
    CHECK(st == HEAD2_OK || all_zero(out, n));
    CHECK(out[n] == 0xa5);
    return st;
}

static void rdseed_and_its_failures(void)
{
    if (entropy_rdseed.open() != HEAD2_OK)
        SKIP("only x86-64 has RDSEED");
    for (size_t n = 1; n < 40; n++)
        CHECK_EQ(read_words(n), HEAD2_OK);
    CHECK_EQ(given_words, 1 + 5); /* the first is only compared */
    empty_tries = 4095;
    CHECK_EQ(read_words(256), HEAD2_OK);
    empty_tries = UINT32_MAX;
    CHECK_EQ(read_words(256), HEAD2_E_HEALTH);
    CHECK(strstr(entropy_rdseed.why, "stays empty") != NULL);
    empty_tries = 0;
    for (good_words = 0; good_words < 4; good_words++) {
        n_fixed = 1;
        fixed[0] = 0;
        CHECK_EQ(read_words(40), HEAD2_E_HEALTH);
        fixed[0] = UINT64_MAX;
        CHECK_EQ(read_words(40), HEAD2_E_HEALTH);
        CHECK_EQ(given_words, good_words + 4096);
        fixed[0] = 0x123456789abcdef;
        CHECK_EQ(read_words(40), HEAD2_E_HEALTH);
        CHECK_EQ(given_words, good_words + 2);
        CHECK(strstr(entropy_rdseed.why, "repeats") != NULL);
    }
    n_fixed = 2; /* zeros and ones now and then are tried again */
    fixed[0] = 1;
    fixed[1] = 0;
    good_words = 0;
    CHECK_EQ(read_words(8), HEAD2_E_HEALTH); /* what comes between is a repetition */
    n_fixed = 0;
}

static void rdseed_through_the_pool(void)
{
    uint8_t out[32];

    if (entropy_rdseed.open() != HEAD2_OK)
        SKIP("only x86-64 has RDSEED");
    words.x = 5;
    use(HEAD2_ENTROPY_FAST, (const char *const[]){"rdseed", NULL});
    gives();
    CHECK_EQ(info_of("rdseed").state, HEAD2_ENTROPY_GOOD);
    n_fixed = 1;
    fixed[0] = UINT64_MAX;
    good_words = given_words;
    CHECK_EQ(head2_random_key(out, sizeof out), HEAD2_E_ENTROPY);
    CHECK_EQ(info_of("rdseed").state, HEAD2_ENTROPY_QUARANTINED);
    n_fixed = 0;
    clock_ahead += 2;
    gives();
    CHECK_EQ(info_of("rdseed").state, HEAD2_ENTROPY_GOOD);
}

/* ---- jitter ---- */

static struct fake times = {.x = 9};
static uint64_t clock_now, clock_step = 1, walk_base = 1000;
static unsigned clock_calls;
static uint32_t told_x;
static enum { NOISY, CONSTANT, GROWING, THREE_IN_TURN } clock_manner;

/* What a walk takes, in units of the clock; asking for the time twice takes one. */
static int told_clock(clockid_t id, struct timespec *t)
{
    static const unsigned turn[] = {0, 50, 110};
    uint64_t d = walk_base;

    (void)id;
    if (now.x != told_x) { /* there was a walk in between */
        told_x = now.x;
        clock_calls++;
        d += clock_manner == NOISY           ? fake_next(&times) % 200
             : clock_manner == GROWING       ? clock_calls
             : clock_manner == THREE_IN_TURN ? turn[clock_calls % 3]
                                             : 0;
    } else {
        d = 1;
    }
    clock_now += d * clock_step;
    t->tv_sec = (time_t)(clock_now / 1000000000);
    t->tv_nsec = (long)(clock_now % 1000000000);
    return 0;
}

static enum head2_status read_times(uint8_t *out, size_t n)
{
    enum head2_status st;

    memset(&clock_, 0, sizeof clock_);
    times.x = 9;
    st = entropy_jitter.open();
    if (st == HEAD2_OK) {
        for (size_t done = 0, some; st == HEAD2_OK && done < n; done += some) {
            some = n - done;
            st = entropy_jitter.source.read(NULL, out + done, &some);
        }
        entropy_jitter.close();
    }
    return st;
}

static void jitter_of_a_good_clock(void)
{
    static uint8_t out[5000], other[5000];

    clock_manner = NOISY;
    CHECK_EQ(read_times(out, sizeof out), HEAD2_OK);
    CHECK_EQ(clock_.steps, STEPS);
    /* the same clock in steps of 100: they are divided out */
    clock_step = 100;
    CHECK_EQ(read_times(other, sizeof other), HEAD2_OK);
    CHECK_MEM(out, other, sizeof out);
    clock_step = 1;
    CHECK(now.walk == NULL && all_zero(&now, sizeof now)); /* nothing stays */
}

static void jitter_of_bad_clocks(void)
{
    static uint8_t out[3000];

    clock_manner = CONSTANT; /* so it is when it is opened, too */
    CHECK_EQ(read_times(out, sizeof out), HEAD2_E_IO);
    CHECK(strstr(entropy_jitter.why, "coarse") != NULL);
    clock_manner = THREE_IN_TURN;
    CHECK_EQ(read_times(out, sizeof out), HEAD2_E_HEALTH);
    CHECK(strstr(entropy_jitter.why, "foreseen") != NULL);
    CHECK(all_zero(out + 1024, 1000));
    clock_manner = GROWING;
    CHECK_EQ(read_times(out, sizeof out), HEAD2_E_HEALTH);
    CHECK(strstr(entropy_jitter.why, "stuck") != NULL);
}

static void jitter_that_becomes_stuck(void)
{
    uint8_t out[32];

    clock_manner = NOISY;
    use(HEAD2_ENTROPY_SINGLE, (const char *const[]){"jitter", NULL});
    gives();
    CHECK_EQ(info_of("jitter").state, HEAD2_ENTROPY_GOOD);
    clock_manner = CONSTANT;
    CHECK_EQ(head2_random_key(out, sizeof out), HEAD2_E_ENTROPY);
    CHECK_EQ(info_of("jitter").state, HEAD2_ENTROPY_QUARANTINED);
    CHECK(strcmp(info_of("jitter").why, "the clock is stuck") == 0);
}

static void jitter_by_a_coarse_clock_is_absent(void)
{
    walk_base = 0;
    clock_manner = CONSTANT;
    use(HEAD2_ENTROPY_SINGLE, (const char *const[]){"jitter", NULL});
    refuses();
    CHECK_EQ(info_of("jitter").state, HEAD2_ENTROPY_ABSENT);
    CHECK(strstr(info_of("jitter").why, "coarse") != NULL);
}

int main(void)
{
    IN_CHILD(rdseed_and_its_failures);
    IN_CHILD(rdseed_through_the_pool);
    IN_CHILD(jitter_of_a_good_clock);
    IN_CHILD(jitter_of_bad_clocks);
    IN_CHILD(jitter_that_becomes_stuck);
    IN_CHILD(jitter_by_a_coarse_clock_is_absent);
    CHECK_EXIT();
}
