/*
 * The assessor: any samples, as they are or made to repeat themselves. Estimates are within their
 * bounds, packed and plain suffixes agree, and one input has one result, however many work on it.
 */
#include "fuzz/edit.h"

#include "assess/assess.h"
#include "assess/suffix.h"

#include <math.h>

enum { MOST = 3000 };

static void backwards(void *pool, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
    (void)pool;
    while (n-- > 0)
        task(arg, n);
}

static bool patient(void *arg, const char *work, unsigned done, unsigned of)
{
    unsigned *left = arg;

    (void)work;
    FUZZ_ASSERT(done <= of && of > 0);
    return (*left)-- > 0; /* permutations are 10,000 when a test fails: not all of them here */
}

static void check_pass(const struct assess_pass *p, double at_most)
{
    /* of few samples the one repeat can be so unlikely that LRS says more than there can be */
    for (unsigned e = 0; e < ASSESS_ESTIMATORS; e++)
        FUZZ_ASSERT(!isnan(p->h[e]) && p->h[e] <= (e == ASSESS_LRS ? 100 : at_most + 1e-9));
    FUZZ_ASSERT(p->least <= at_most);
}

static void estimate(const struct assess_input *in)
{
    struct assess_non_iid a;
    unsigned top = 0;

    for (size_t i = 0; i < in->n; i++)
        top |= in->samples[i];
    const enum head2_status st = assess_non_iid(&a, in, NULL);
    if (in->n < ASSESS_SAMPLES_MIN || in->bits > 8)
        FUZZ_ASSERT(st == HEAD2_E_ARG);
    else if (in->bits != 0 && top >> in->bits != 0)
        FUZZ_ASSERT(st == HEAD2_E_MALFORMED);
    else
        FUZZ_ASSERT(st == HEAD2_OK);
    if (st != HEAD2_OK)
        return;
    check_pass(&a.literal, a.bits);
    check_pass(&a.bitstring, 1);
    FUZZ_ASSERT(a.h_initial <= a.bits && a.h_initial <= a.h_original + 1e-9);
    FUZZ_ASSERT(a.symbols > 1 || a.h_initial <= 0);
}

static void permute(const struct assess_input *in)
{
    static const struct head2_runner runner = {.run = backwards};
    static const struct assess_parallel parallel = {&runner, 3};
    static const uint8_t seed[32];
    struct assess_iid one, three;
    unsigned patience = 12;
    const struct assess_progress progress = {patient, &patience};

    const enum head2_status st = assess_iid(&one, in, seed, NULL, &progress);
    if (st != HEAD2_OK)
        return;
    patience = 100;
    FUZZ_ASSERT(assess_iid(&three, in, seed, &parallel, &progress) == HEAD2_OK);
    FUZZ_ASSERT(one.passed == three.passed && one.permutations == three.permutations);
    for (unsigned i = 0; i < ASSESS_STATISTICS; i++)
        FUZZ_ASSERT(one.statistic[i].above == three.statistic[i].above &&
                    one.statistic[i].equal == three.statistic[i].equal &&
                    one.statistic[i].below == three.statistic[i].below);
}

static void suffixes(const uint8_t *samples, size_t n)
{
    static uint8_t bit[MOST];
    static uint64_t plane[MOST / 64 + 4];
    static int32_t plain[MOST], packed[MOST];

    memset(plane, 0, sizeof plane);
    for (size_t i = 0; i < n; i++) {
        bit[i] = samples[i] & 1;
        plane[i / 64] |= (uint64_t)bit[i] << (63 - i % 64);
    }
    FUZZ_ASSERT(suffix_sort(plain, bit, (int32_t)n, 2) == HEAD2_OK);
    FUZZ_ASSERT(suffix_sort_bits(packed, plane, (int32_t)n) == HEAD2_OK);
    FUZZ_ASSERT(memcmp(plain, packed, n * sizeof *plain) == 0);
    FUZZ_ASSERT(suffix_lcp(plain, bit, (int32_t)n) == HEAD2_OK);
    FUZZ_ASSERT(suffix_lcp_bits(packed, plane, (int32_t)n) == HEAD2_OK);
    FUZZ_ASSERT(memcmp(plain, packed, n * sizeof *plain) == 0);
}

/* The first bytes say how many bits count, how long a period is, and how long all is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t samples[MOST];
    struct input in = {data, size};

    const uint8_t how = take8(&in), period = take8(&in);
    const size_t n = take16(&in) % (MOST + 1), given = take_bytes(&in, samples, n);
    const uint8_t mask = (uint8_t)(0xff >> (how & 7));
    for (size_t i = given; i < n; i++) /* what is missing repeats what is there */
        samples[i] = i > period ? samples[i - period - 1] : (uint8_t)(i * how);
    for (size_t i = 0; i < n; i++)
        samples[i] &= mask;
    const struct assess_input input = {samples, n, (how & 8) != 0 ? how >> 4 : 0};
    estimate(&input);
    if (n > 0)
        suffixes(samples, n);
    if ((how & 0x70) == 0x70)
        permute(&input);
    return 0;
}
