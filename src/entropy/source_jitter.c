/*
 * Jitter: how long a short walk through memory takes. The walk goes through a buffer larger than
 * the first cache, each step where the last one's word says; what it meets there, in the caches
 * below, in the pages' table and from the machine's other work, is not the same twice. The path
 * itself is public and the same each time: no time decides where the next one is taken.
 *
 * A sample is the low byte of the difference of two stamps of the finest clock there is. Stuck ones
 * (no difference of first, second or third order) are left out.
 */
#include "entropy/health.h"
#include "entropy/source.h"

#include <sys/mman.h>
#include <time.h>

enum {
    WALK_BYTES = 256 * 1024,
    LINE_WORDS = 16, /* a cache line */
    LINES = WALK_BYTES / 4 / LINE_WORDS,
    STEPS = 64,
    STEPS_MOST = 64 * STEPS, /* where the clock is coarse */
    TICKS = 8,               /* that a walk takes at least, of what the clock can tell */
    TRIAL = 256,
    MOST_AT_ONCE = 1024, /* some 300 us; 2 ms with the longest walks */
    LAGS = 8,
};
#define H (1 / 3.0)

static struct {
    uint32_t *walk;
    uint32_t at, x;
    uint64_t stamp;
    uint64_t delta[3]; /* the last differences of each order */
    uint8_t history[LAGS];
    uint32_t seen, stuck;
    uint32_t hits[LAGS];
} now;

/* Found out at the first opening, and kept. */
static struct {
    unsigned steps; /* 0: not yet known */
    unsigned shift; /* the clock goes in steps of odd * 2^shift */
    uint64_t inverse;
    unsigned most_stuck, most_hits;
    bool coarse;
    bool no_counter; /* an emulator's goes in steps of a microsecond, whatever its frequency says */
} clock_;

static uint64_t stamp(void)
{
#if defined(__x86_64__)
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
#else
    struct timespec t = {0, 0};
#ifdef __aarch64__
    uint64_t counter;
    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(counter)::"memory");
    if (!clock_.no_counter)
        return counter;
#endif
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
#endif
}

/* The time of one walk, in stamps. */
static uint64_t measure(unsigned steps)
{
    const uint64_t before = now.stamp;

    for (unsigned i = 0; i < steps; i++) {
        now.x ^= now.x << 13;
        now.x ^= now.x >> 17;
        now.x ^= now.x << 5;
        uint32_t *line = now.walk + (now.x + now.at) % LINES * LINE_WORDS;
        now.at = *line;
        *line = now.at + now.x;
    }
    now.stamp = stamp();
    return now.stamp - before;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b != 0) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The least difference of two stamps that is not 0, out of some: what the clock can tell. */
static uint64_t resolution(void)
{
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < TRIAL; i++) {
        const uint64_t d = measure(0);
        least = d != 0 && d < least ? d : least;
    }
    return least;
}

/* Whether walks of so many steps take times that differ, and are long enough for the clock; *unit
 * is what all of them are multiples of. Samples taken here are public: none is used. */
static bool fine_enough(unsigned steps, uint64_t least, uint64_t *unit)
{
    uint64_t last = 0;
    unsigned same = 0, too_short = 0;

    *unit = 0;
    now.stamp = stamp();
    for (unsigned i = 0; i < TRIAL; i++) {
        const uint64_t t = measure(steps);
        same += t == last;
        last = t;
        *unit = gcd(t, *unit);
        too_short += t / TICKS < least;
    }
    return *unit != 0 && same < TRIAL / 2 && too_short < TRIAL / 8;
}

static void know_clock(void)
{
    uint64_t unit = 0;
    uint64_t least = resolution();

    clock_.no_counter = least > TICKS;
    if (clock_.no_counter)
        least = resolution();
    clock_.steps = STEPS;
    while ((clock_.coarse = !fine_enough(clock_.steps, least, &unit)) && clock_.steps < STEPS_MOST)
        clock_.steps *= 2;
    if (unit != 0) {
        clock_.shift = (unsigned)__builtin_ctzll(unit);
        unit >>= clock_.shift;
    }
    clock_.inverse = unit; /* modulo 2^64 by Newton's iteration: each step doubles the good bits */
    for (unsigned i = 0; i < 6; i++)
        clock_.inverse *= 2 - unit * clock_.inverse;
    clock_.most_stuck = health_rct_cutoff(HEALTH_ALPHA_INTERMITTENT, H);
    clock_.most_hits = health_apt_cutoff(HEALTH_ALPHA_INTERMITTENT, H, HEALTH_WINDOW);
}

static void close_jitter(void)
{
    if (now.walk != NULL)
        munmap(now.walk, WALK_BYTES);
    head2_wipe(&now, sizeof now);
}

static enum head2_status open_jitter(void)
{
    void *p = mmap(NULL, WALK_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    entropy_jitter.why = "no memory";
    if (p == MAP_FAILED)
        return HEAD2_E_MEMORY;
    now.walk = p;
    now.x = 0x9e3779b9;
    if (clock_.steps == 0)
        know_clock();
    if (clock_.coarse) {
        close_jitter();
        entropy_jitter.why = "the clock is too coarse";
        return HEAD2_E_IO;
    }
    now.stamp = stamp();
    return HEAD2_OK;
}

/* Whether the last difference is 0, or the same as before, or grew by as much as before. */
static bool is_stuck(uint64_t first)
{
    const uint64_t second = first - now.delta[0], third = second - now.delta[1];
    bool stuck = ((first == 0) | (second == 0) | (third == 0)) != 0;

    now.delta[0] = first;
    now.delta[1] = second;
    now.delta[2] = third;
    HEAD2_PUBLIC(&stuck, sizeof stuck, "jitter: that a sample was stuck or foreseen too often");
    return stuck;
}

/* A source as good as claimed is foreseen, by any rule, no oftener than the adaptive proportion
 * test allows for one value. The rules here: as it was 1 to LAGS samples ago. */
static bool foreseen(uint8_t sample)
{
    bool too_often = false;

    for (unsigned i = LAGS; i-- > 0;) {
        now.hits[i] += ((uint32_t)(now.history[i] ^ sample) - 1) >> 31;
        too_often = (too_often | (now.hits[i] >= clock_.most_hits)) != 0;
        now.history[i] = i > 0 ? now.history[i - 1] : sample;
    }
    if (++now.seen % HEALTH_WINDOW == 0)
        memset(now.hits, 0, sizeof now.hits);
    HEAD2_PUBLIC(&too_often, sizeof too_often,
                 "jitter: that a sample was stuck or foreseen too often");
    return too_often;
}

static enum head2_status read_jitter(void *arg, uint8_t *samples, size_t *n)
{
    const size_t most = *n < MOST_AT_ONCE ? *n : MOST_AT_ONCE;
    size_t done = 0;

    (void)arg;
    /* what happened between two calls is no sample: it would be first in each window */
    now.stamp = stamp();
    (void)measure(clock_.steps);
    while (done < most) {
        uint64_t t = measure(clock_.steps);
        HEAD2_SECRET(&t, sizeof t);
        t = (t >> clock_.shift) * clock_.inverse;
        const uint8_t sample = (uint8_t)t;
        if (is_stuck(t)) {
            entropy_jitter.why = "the clock is stuck";
            if (++now.stuck < clock_.most_stuck)
                continue;
            break;
        }
        now.stuck = 0;
        entropy_jitter.why = "times are foreseen too often";
        if (foreseen(sample))
            break;
        samples[done++] = sample;
    }
    if (done == most) {
        *n = done;
        return HEAD2_OK;
    }
    head2_wipe(samples, *n);
    *n = 0;
    return HEAD2_E_HEALTH;
}

struct entropy_builtin entropy_jitter = {
    .source = {.name = "jitter",
               .kind = HEAD2_ENTROPY_NON_PHYSICAL,
               .h = H,
               .credit = H,
               .group = "time",
               .read = read_jitter},
    .open = open_jitter,
    .close = close_jitter,
};
