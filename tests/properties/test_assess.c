/*
 * The assessor of SP 800-90B: its fast estimators against the standard written down slowly
 * (tests/assess_reference.h), sources whose min-entropy is known, the statistics' examples of the
 * standard, and inputs at the limits.
 */
#include "assess/contexts.h"
#include "assess/estimators.h"
#include "assess/iid.h"
#include "assess/suffix.h"
#include "assess/tuples.h"
#include "assess_reference.h"
#include "check.h"

#include <head2/hash.h>

#include <pthread.h>

static const uint8_t zero_seed[32];

/* n bytes of a stream that depends on its number alone. */
static uint8_t *stream(uint32_t number, size_t n)
{
    uint8_t seed[4], *bytes = malloc(n);

    put_le32(seed, number);
    head2_shake128(bytes, n, seed, sizeof seed);
    return bytes;
}

/* A sequence of symbols below k, which belongs to it. */
static struct sequence sequence_of(uint8_t *symbol, size_t n, unsigned k)
{
    struct sequence s;

    CHECK_EQ(sequence_init(&s, symbol, n, k), HEAD2_OK);
    return s;
}

enum shape { FAIR, BIASED, PERIODIC, STICKY, REPEATED, ALTERNATING, SHAPES };

/* Symbols below k, of such a shape; about any of which the estimators differ. */
static struct sequence shaped(enum shape shape, uint32_t number, size_t n, unsigned k)
{
    uint8_t *s = stream(number, n);

    for (size_t i = 0; i < n; i++) {
        const uint8_t byte = s[i];
        s[i] = (uint8_t)(byte % k);
        if ((shape == BIASED && byte < 200) || (shape == ALTERNATING && byte > 3))
            s[i] = (uint8_t)(shape == BIASED ? 0 : i % k);
        if (shape == STICKY && i > 0 && byte < 220)
            s[i] = s[i - 1];
        if (shape == PERIODIC && i >= 37 && byte != 0)
            s[i] = s[i - 37];
        if (shape == REPEATED && i >= n / 2)
            s[i] = s[i - n / 2];
    }
    return sequence_of(s, n, k);
}

#define CHECK_NEAR(got, wanted, within)                                                            \
    CHECK_SAY(fabs((got) - (wanted)) <= (within), "%s is %.9f, not %.9f (shape %d, k %u)", #got,   \
              (double)(got), (double)(wanted), (int)shape, s.k)

/* ---- against the standard written down slowly ---- */

static void counting_of_bits(void)
{
    for (enum shape shape = FAIR; shape < SHAPES; shape++) {
        double compression;
        struct sequence s = shaped(shape, shape, 6600, 2);
        CHECK_NEAR(estimate_mcv(&s), ref_mcv(s.symbol, s.n), 1e-9);
        CHECK_NEAR(estimate_collision(&s), ref_collision(s.symbol, s.n), 1e-6);
        CHECK_NEAR(estimate_markov(&s), ref_markov(s.symbol, s.n), 1e-9);
        CHECK_EQ(estimate_compression(&compression, &s), HEAD2_OK);
        if (shape == FAIR || shape == BIASED)
            CHECK_NEAR(compression, ref_compression(s.symbol, s.n), 1e-6);
        sequence_free(&s);
    }
}

static void tuples(void)
{
    static const unsigned ks[] = {2, 3, 7, 200};
    for (unsigned i = 0; i < HEAD2_LEN(ks); i++)
        for (enum shape shape = FAIR; shape < SHAPES; shape++) {
            double t_tuple, lrs, ref_t_tuple, ref_lrs;
            struct sequence s = shaped(shape, 10 + shape, 260 + 13 * i, ks[i]);
            CHECK_EQ(estimate_tuples(&t_tuple, &lrs, &s), HEAD2_OK);
            ref_tuples(&ref_t_tuple, &ref_lrs, s.symbol, s.n);
            CHECK_NEAR(t_tuple, ref_t_tuple, 1e-9);
            CHECK_NEAR(lrs, ref_lrs, 1e-9);
            sequence_free(&s);
        }
}

/* Predictions at once where P_local does not matter; where it does, the formula of the standard is
 * an approximation of the recursion that the reference computes. */
#define PREDICTION_NEAR 1e-6

static void windows_and_lags(void)
{
    static const unsigned ks[] = {2, 3, 16, 256};
    for (unsigned i = 0; i < HEAD2_LEN(ks); i++)
        for (enum shape shape = FAIR; shape < SHAPES; shape++) {
            double h;
            struct sequence s = shaped(shape, 20 + shape, 4700 + i, ks[i]);
            CHECK_EQ(estimate_multi_mcw(&h, &s), HEAD2_OK);
            CHECK_NEAR(h, ref_multi_mcw(s.symbol, s.n, s.k), PREDICTION_NEAR);
            CHECK_EQ(estimate_lag(&h, &s), HEAD2_OK);
            CHECK_NEAR(h, ref_lag(s.symbol, s.n, s.k), PREDICTION_NEAR);
            sequence_free(&s);
        }
}

static void contexts(void)
{
    static const unsigned ks[] = {2, 3, 16, 256};
    for (unsigned i = 0; i < HEAD2_LEN(ks); i++)
        for (enum shape shape = FAIR; shape < SHAPES; shape++) {
            double h;
            struct sequence s = shaped(shape, 30 + shape, 3000, ks[i]);
            CHECK_EQ(estimate_multi_mmc(&h, &s), HEAD2_OK);
            CHECK_NEAR(h, ref_multi_mmc(s.symbol, s.n, s.k), PREDICTION_NEAR);
            CHECK_EQ(estimate_lz78y(&h, &s), HEAD2_OK);
            CHECK_NEAR(h, ref_lz78y(s.symbol, s.n, s.k, 65536), PREDICTION_NEAR);
            sequence_free(&s);
        }
}

/* The dictionary of LZ78Y fills up, and at one position only in part. */
static void full_dictionary(void)
{
    for (enum shape shape = FAIR; shape <= PERIODIC; shape++) {
        double h;
        struct sequence s = shaped(shape, 40 + shape, 9000, 60);
        CHECK_EQ(estimate_lz78y(&h, &s), HEAD2_OK);
        CHECK_NEAR(h, ref_lz78y(s.symbol, s.n, s.k, 65536), PREDICTION_NEAR);
        sequence_free(&s);
    }
}

/* Of bits the exact form gives way to the short one after 2^17, and comes back on ties. */
static void long_bits(void)
{
    for (enum shape shape = FAIR; shape < SHAPES; shape++) {
        double h;
        struct sequence s = shaped(shape, 50 + shape, 140000, 2);
        CHECK_EQ(estimate_lz78y(&h, &s), HEAD2_OK);
        CHECK_NEAR(h, ref_lz78y(s.symbol, s.n, s.k, 65536), PREDICTION_NEAR);
        CHECK_EQ(estimate_lag(&h, &s), HEAD2_OK);
        CHECK_NEAR(h, ref_lag(s.symbol, s.n, s.k), PREDICTION_NEAR);
        sequence_free(&s);
    }
}

/* ---- suffixes ---- */

static void suffix_arrays(void)
{
    static const unsigned ks[] = {1, 2, 3, 256};
    for (unsigned i = 0; i < HEAD2_LEN(ks); i++)
        for (enum shape shape = FAIR; shape < SHAPES; shape++)
            for (int32_t n = 1; n < 300; n += 1 + n / 8) {
                int32_t order[300], common[300];
                struct sequence s = shaped(shape, (uint32_t)(60 + n), (size_t)n, ks[i]);
                CHECK_EQ(suffix_sort(order, s.symbol, n, (int32_t)s.k), HEAD2_OK);
                memcpy(common, order, sizeof common);
                CHECK_EQ(suffix_lcp(common, s.symbol, n), HEAD2_OK);
                CHECK_EQ(common[0], 0);
                if (s.k == 2) { /* packed: the same */
                    int32_t packed[300];
                    CHECK_EQ(suffix_sort_bits(packed, s.plane[0], n), HEAD2_OK);
                    CHECK_MEM(packed, order, (size_t)n * sizeof *order);
                    CHECK_EQ(suffix_lcp_bits(packed, s.plane[0], n), HEAD2_OK);
                    CHECK_MEM(packed, common, (size_t)n * sizeof *common);
                }
                for (int32_t r = 1; r < n; r++) {
                    const uint8_t *a = s.symbol + order[r - 1], *b = s.symbol + order[r];
                    const int32_t end = n - (order[r - 1] > order[r] ? order[r - 1] : order[r]);
                    int32_t same = 0;
                    while (same < end && a[same] == b[same])
                        same++;
                    CHECK_EQ(common[r], same);
                    CHECK(same < end ? a[same] < b[same] : order[r - 1] > order[r]);
                }
                sequence_free(&s);
            }
}

/* Sorted windows say what the suffix array says, as long as they take it on. */
static void windows_as_suffixes(void)
{
    static const size_t lengths[] = {64, 65, 200, 4000, 30000};
    for (unsigned i = 0; i < HEAD2_LEN(lengths); i++)
        for (enum shape shape = FAIR; shape < SHAPES; shape++) {
            const size_t n = lengths[i];
            bool done;
            struct tuples w, t;
            int32_t *lcp = malloc(n * sizeof *lcp);
            struct sequence s = shaped(shape, 70 + shape, n, 2);
            CHECK_EQ(tuples_init(&w, n), HEAD2_OK);
            CHECK_EQ(tuples_init(&t, n), HEAD2_OK);
            CHECK_EQ(tuples_of_windows(&w, s.plane[0], n, &done), HEAD2_OK);
            CHECK(shape != FAIR || done);
            CHECK(shape != PERIODIC || n < 30000 || !done);
            CHECK_EQ(suffix_sort(lcp, s.symbol, (int32_t)n, 2), HEAD2_OK);
            CHECK_EQ(suffix_lcp(lcp, s.symbol, (int32_t)n), HEAD2_OK);
            for (size_t r = 1; r < n; r++)
                CHECK_EQ(tuples_add(&t, (uint32_t)lcp[r]), HEAD2_OK);
            CHECK_EQ(tuples_end(&t), HEAD2_OK);
            if (done) {
                CHECK_EQ(tuples_end(&w), HEAD2_OK);
                CHECK_EQ(w.longest, t.longest);
                const uint32_t often = t.longest_often;
                CHECK_EQ(w.longest_often, often);
                CHECK(memcmp(&w.most_often, &t.most_often, sizeof t.most_often) == 0);
                CHECK_MEM(w.pairs + often + 1, t.pairs + often + 1,
                          (t.longest - often) * sizeof *t.pairs);
            }
            tuples_free(&w);
            tuples_free(&t);
            free(lcp);
            sequence_free(&s);
        }
}

/* ---- sources of known min-entropy ---- */

static struct assess_non_iid assessed(const uint8_t *samples, size_t n, unsigned bits)
{
    struct assess_non_iid a;
    const struct assess_input in = {samples, n, bits};

    CHECK_EQ(assess_non_iid(&a, &in, NULL), HEAD2_OK);
    return a;
}

static void known_entropy(void)
{
    static const struct {
        const char *what;
        unsigned kind, bits;
        double truth, least;
    } sources[] = {
        {"fair bits",             0, 1, 1.0,      0.75},
        {"three quarters ones",   1, 1, 0.415037, 0.2 },
        {"stays with 0.9",        2, 1, 0.152003, 0.05},
        {"period 5",              3, 1, 0,        0   },
        {"bytes",                 4, 8, 8,        5.5 },
        {"bytes, half of them 7", 5, 8, 0.994,    0.5 },
        {"bytes of period 300",   6, 8, 0,        0   },
    };
    enum { N = 200000 };
    uint8_t *s = malloc(N), *random = stream(80, N);

    for (unsigned k = 0; k < HEAD2_LEN(sources); k++) {
        for (size_t i = 0; i < N; i++) {
            const uint8_t r = random[i];
            const uint8_t by_kind[] = {r & 1,
                                       (r & 3) != 0,
                                       (uint8_t)(i > 0 ? s[i - 1] ^ (r < 26) : 0),
                                       i % 5 == 0 || i % 5 == 2,
                                       r,
                                       (uint8_t)((r & 1) != 0 ? 7 : random[N - 1 - i]),
                                       random[i % 300]};
            s[i] = by_kind[sources[k].kind];
        }
        const struct assess_non_iid a = assessed(s, N, 0);
        CHECK_EQ(a.bits, sources[k].bits);
        CHECK_SAY(a.h_initial <= sources[k].truth + 0.01, "%s: %.6f", sources[k].what, a.h_initial);
        CHECK_SAY(a.h_initial >= sources[k].least, "%s: %.6f", sources[k].what, a.h_initial);
    }
    free(s);
    free(random);
}

/* ---- IID tests ---- */

static struct ordering ordering_of(struct samples *samples, const uint8_t *values, size_t n)
{
    const struct assess_input in = {values, n, 0};
    struct ordering o;

    CHECK_EQ(samples_init(samples, &in, 1), HEAD2_OK);
    CHECK_EQ(ordering_init(&o, samples), HEAD2_OK);
    return o;
}

static void check_statistic(const uint8_t *values, size_t n, unsigned statistic, double wanted)
{
    bool which[ASSESS_STATISTICS] = {false};
    double t[ASSESS_STATISTICS] = {0};
    struct samples samples;
    struct ordering o = ordering_of(&samples, values, n);

    which[statistic] = true;
    ordering_statistics(t, &o, which);
    CHECK_SAY(fabs(t[statistic] - wanted) < 1e-9, "%s: %.9f, not %.9f",
              assess_statistic_name(statistic), t[statistic], wanted);
    ordering_free(&o);
    samples_free(&samples);
}

/* The examples that Section 5.1 gives. */
static void statistics_of_the_standard(void)
{
    static const uint8_t excursion[] = {2, 15, 4, 10, 9};
    static const uint8_t direction[] = {2, 2, 2, 5, 7, 7, 9, 3, 1, 4, 4};
    static const uint8_t median[] = {5, 15, 12, 1, 13, 9, 4};
    static const uint8_t collision[] = {2, 1, 1, 2, 0, 1, 0, 1, 1, 2};
    static const uint8_t period[] = {2, 1, 2, 1, 0, 1, 0, 1, 1, 2};
    static const uint8_t products[] = {5, 2, 6, 10, 12, 3, 1};
    /* conversions of bits: 5 and 1 ones, then 2 of a last part; 0xd5, 0x01, 0xa0 */
    static const uint8_t bits[] = {1, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1};

    check_statistic(excursion, sizeof excursion, 0, 6);
    check_statistic(direction, sizeof direction, 1, 3);
    check_statistic(direction, sizeof direction, 2, 6);
    check_statistic(direction, sizeof direction, 3, 8);
    check_statistic(median, sizeof median, 4, 5);
    check_statistic(median, sizeof median, 5, 2);
    check_statistic(collision, sizeof collision, 6, 3);
    check_statistic(collision, sizeof collision, 7, 4);
    check_statistic(period, sizeof period, 9, 5);
    check_statistic(products, sizeof products, 14, 164);
    check_statistic(bits, sizeof bits, 1, 2);
    check_statistic(bits, sizeof bits, 7, 0);
    check_statistic(bits, sizeof bits, 13, 5 * 1 + 1 * 2);
}

/* Runs, one element after the other. */
static void slow_runs(double *count, double *longest, const bool *up, size_t n)
{
    size_t length = 0;

    *count = *longest = 0;
    for (size_t i = 0; i < n; i++) {
        length = i > 0 && up[i] == up[i - 1] ? length + 1 : 1;
        *count += length == 1;
        *longest = fmax(*longest, (double)length);
    }
}

static void statistics_of_runs(void)
{
    static const size_t lengths[] = {2, 3, 63, 64, 65, 66, 128, 129, 1000};
    const bool which[ASSESS_STATISTICS] = {true, true, true, true, true, true, true, true, true,
                                           true, true, true, true, true, true, true, true, true};

    for (unsigned i = 0; i < HEAD2_LEN(lengths); i++)
        for (enum shape shape = FAIR; shape <= SHAPES; shape++) {
            const size_t n = lengths[i];
            double t[ASSESS_STATISTICS] = {0}, count, longest, ups = 0, product = 0, equal = 0;
            bool up[1000];
            struct samples samples;
            struct sequence s = shaped(shape == SHAPES ? FAIR : shape, 85 + shape, n, 40);
            if (shape == SHAPES) /* one long run of each kind */
                for (size_t k = 0; k < n; k++)
                    s.symbol[k] = (uint8_t)(k < n / 3 ? k % 7 == 0 : 200 - k / 6);
            struct ordering o = ordering_of(&samples, s.symbol, n);
            if (o.k > 2) {
                ordering_statistics(t, &o, which);
                for (size_t k = 0; k + 1 < n; k++)
                    ups += up[k] = s.symbol[k] <= s.symbol[k + 1];
                slow_runs(&count, &longest, up, n - 1);
                CHECK_EQ(t[1], count);
                CHECK_EQ(t[2], longest);
                CHECK_EQ(t[3], fmax(ups, (double)(n - 1) - ups));
                for (size_t k = 0; k < n; k++)
                    up[k] = 2U * o.symbol[k] >= o.median_twice;
                slow_runs(&count, &longest, up, n);
                CHECK_EQ(t[4], count);
                CHECK_EQ(t[5], longest);
                for (size_t k = 0; k + 2 < n; k++) {
                    product += s.symbol[k] * s.symbol[k + 2];
                    equal += s.symbol[k] == s.symbol[k + 2];
                }
                CHECK_EQ(t[9], equal);
                CHECK_EQ(t[14], product);
            }
            ordering_free(&o);
            samples_free(&samples);
            sequence_free(&s);
        }
}

static void chi_square_values(void)
{
    static const struct {
        double x;
        unsigned freedom;
        double p;
    } known[] = {
        {3.841458820694124,  1,     0.05               },
        {29.588298445074403, 10,    0.001              },
        {124.34211340400407, 100,   0.05               },
        {2.0,                2,     0.36787944117144233},
        {0.5,                4,     0.9735009788392561 },
        {11031.596498190238, 11036, 0.5100348877861182 }
    };

    for (unsigned i = 0; i < HEAD2_LEN(known); i++) {
        const double p = chi_square_p(known[i].x, known[i].freedom);
        CHECK_SAY(fabs(p - known[i].p) < 1e-9, "%.12f, not %.12f", p, known[i].p);
    }
    CHECK(chi_square_p(0, 0) >= 1);
    CHECK(chi_square_p(1e6, 10) < 1e-300);
}

static void shuffles_are_even(void)
{
    static const uint8_t three[] = {1, 2, 3};
    unsigned seen[27] = {0};
    struct samples samples;
    struct shuffler g;
    struct ordering o = ordering_of(&samples, three, sizeof three);

    shuffler_init(&g, zero_seed, 0);
    for (unsigned i = 0; i < 6000; i++) {
        ordering_shuffle(&o, &g);
        seen[o.symbol[0] * 9 + o.symbol[1] * 3 + o.symbol[2]]++;
    }
    double score = 0;
    for (unsigned i = 0; i < 27; i++)
        score += seen[i] > 0 ? (seen[i] - 1000.0) * (seen[i] - 1000.0) / 1000.0 : 0;
    CHECK(chi_square_p(score, 5) > 0.001);
    CHECK_EQ(seen[5] + seen[7] + seen[11] + seen[15] + seen[19] + seen[21], 6000);
    ordering_free(&o);
    samples_free(&samples);
}

static struct assess_iid iid_of(const uint8_t *samples, size_t n, const uint8_t *seed)
{
    struct assess_iid a;
    const struct assess_input in = {samples, n, 0};

    CHECK_EQ(assess_iid(&a, &in, seed, NULL, NULL), HEAD2_OK);
    return a;
}

static bool same_counts(const struct assess_iid *a, const struct assess_iid *b)
{
    bool same = a->permutations == b->permutations;

    for (unsigned i = 0; i < ASSESS_STATISTICS; i++)
        same = same && a->statistic[i].above == b->statistic[i].above &&
               a->statistic[i].equal == b->statistic[i].equal &&
               a->statistic[i].below == b->statistic[i].below;
    return same;
}

/* ---- several workers ---- */

static void *one_task(void *arg)
{
    void **call = arg;
    void (*task)(void *, size_t);

    memcpy(&task, call, sizeof task);
    task(call[1], (size_t)(uintptr_t)call[2]);
    return NULL;
}

/* As unevenly as may be: the last first, and half of them one after the other. */
static void run_unevenly(void *pool, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
    pthread_t thread[ASSESS_WORKERS_MAX];
    void *call[ASSESS_WORKERS_MAX][3];

    (void)pool;
    CHECK(n <= ASSESS_WORKERS_MAX);
    for (size_t i = n; i-- > 0;) {
        memcpy(&call[i][0], &task, sizeof task);
        call[i][1] = arg;
        call[i][2] = (void *)(uintptr_t)i;
        CHECK_EQ(pthread_create(&thread[i], NULL, one_task, call[i]), 0);
        if (i % 2 == 0)
            CHECK_EQ(pthread_join(thread[i], NULL), 0);
    }
    for (size_t i = 1; i < n; i += 2)
        CHECK_EQ(pthread_join(thread[i], NULL), 0);
}

/* One seed, one result, however many work on it: of what passes and of what fails. */
static void iid_by_many(void)
{
    static const struct head2_runner runner = {.run = run_unevenly};
    enum { N = 3000 };
    uint8_t *s = stream(95, N);
    const struct assess_input in = {s, N, 0};

    for (unsigned leaning = 0; leaning < 2; leaning++) {
        for (size_t i = 0; i < N; i++)
            s[i] &= 15;
        for (size_t i = 1; leaning && i + 1 < N; i += 2)
            if (s[N - 1 - i] < 5)
                s[i + 1] = s[i];
        const struct assess_iid alone = iid_of(s, N, zero_seed);
        CHECK(alone.passed == !leaning);
        for (unsigned workers = 1; workers <= 20; workers += 3 + 2 * workers) { /* 1, 6, 21 */
            const struct assess_parallel parallel = {&runner, workers};
            struct assess_iid many;
            CHECK_EQ(assess_iid(&many, &in, zero_seed, &parallel, NULL), HEAD2_OK);
            CHECK(same_counts(&alone, &many) && alone.passed == many.passed);
        }
        const struct assess_parallel most = {&runner, 99};
        struct assess_iid many;
        CHECK_EQ(assess_iid(&many, &in, zero_seed, &most, NULL), HEAD2_OK);
        CHECK(same_counts(&alone, &many));
    }
    free(s);
}

static void iid_verdicts(void)
{
    enum { N = 8000, SHORT = 3000 };
    uint8_t *s = stream(90, N), other[32] = {1};

    for (size_t i = 0; i < N; i++)
        s[i] &= 15;
    const struct assess_iid a = iid_of(s, N, zero_seed), again = iid_of(s, N, zero_seed);
    CHECK(a.passed && a.permutations < ASSESS_PERMUTATIONS);
    CHECK(same_counts(&a, &again));
    CHECK(a.h_initial > 3.5 && a.h_initial < 4);
    const struct assess_iid differently = iid_of(s, N, other);
    CHECK(!same_counts(&a, &differently));

    /* every second sample leans on the one before it, but not in the pairs that are tested */
    for (size_t i = 1; i + 1 < SHORT; i += 2)
        if (s[N - 1 - i] < 5)
            s[i + 1] = s[i];
    const struct assess_iid leaning = iid_of(s, SHORT, zero_seed);
    CHECK(leaning.independence.passed && leaning.goodness_of_fit.passed && leaning.repeat_passed);
    CHECK(!leaning.passed && !leaning.statistic[8].passed);
    CHECK_EQ(leaning.permutations, ASSESS_PERMUTATIONS);

    /* drifts, depends, repeats: settled before any permutation */
    for (size_t i = 0; i < N; i++)
        s[i] = (uint8_t)(s[i] > i * 16 / N);
    const struct assess_iid drifts = iid_of(s, N, zero_seed);
    CHECK(!drifts.passed && !drifts.goodness_of_fit.passed && drifts.permutations == 0);
    for (size_t i = 0; i < N; i++)
        s[i] = (uint8_t)(i % 3 == 0);
    const struct assess_iid repeats = iid_of(s, N, zero_seed);
    CHECK(!repeats.passed && !repeats.independence.passed && !repeats.repeat_passed);
    free(s);
}

/* ---- restarts ---- */

/* P(one of two fair values comes more than x times in 1000). */
static double fair_above(unsigned x)
{
    double p = 0;

    for (unsigned c = x + 1; c <= 1000; c++)
        p += 2 * exp(lgamma(1001) - lgamma(c + 1.0) - lgamma(1001.0 - c) - 1000 * log(2));
    return p;
}

static void restart_cutoffs(void)
{
    const double alpha = 1 - pow(0.99, 1.0 / 2000);
    const unsigned fair = assess_restart_cutoff(2, 1);

    CHECK(fair_above(fair) <= alpha && fair_above(fair - 1) > alpha);
    unsigned last = 1001;
    for (double h = 1; h <= 8; h++) {
        const unsigned cutoff = assess_restart_cutoff(256, h);
        CHECK_SAY(cutoff < last, "%f: %u after %u", h, cutoff, last);
        CHECK(cutoff > 1000 * exp2(-h));
        last = cutoff;
    }
}

static void restarts(void)
{
    enum { N = 1000 };
    struct assess_restart a;
    uint8_t *s = stream(100, (size_t)N * N);
    const struct assess_input in = {s, (size_t)N * N, 8};

    CHECK_EQ(assess_restart(&a, &in, 7.5, true, NULL), HEAD2_OK);
    CHECK(a.sane && a.passed && a.h == 7.5);
    CHECK_EQ(assess_restart(&a, &in, 8.5, true, NULL), HEAD2_E_ARG);
    CHECK_EQ(assess_restart(&a, &in, 0, true, NULL), HEAD2_E_ARG);
    const struct assess_input too_few = {s, (size_t)N * N - 1, 8};
    CHECK_EQ(assess_restart(&a, &too_few, 4, true, NULL), HEAD2_E_ARG);
    for (size_t i = 0; i < N; i++)
        s[i * N + 17] = 3; /* begins alike after each restart */
    CHECK_EQ(assess_restart(&a, &in, 7.5, true, NULL), HEAD2_OK);
    CHECK(!a.sane && !a.passed && a.most_columns == 1000 && a.most_rows < 50);
    for (size_t i = 0; i < (size_t)N * N; i++)
        s[i] = (uint8_t)(s[i] < 115);
    const struct assess_input bits = {s, (size_t)N * N, 1};
    CHECK_EQ(assess_restart(&a, &bits, 0.3, false, NULL), HEAD2_OK);
    CHECK(!a.sane);
    for (size_t i = 0; i < N; i++)
        s[i * N + 17] = s[i * N + 18]; /* a column that repeats another */
    CHECK_EQ(assess_restart(&a, &bits, 0.3, false, NULL), HEAD2_OK);
    CHECK(a.sane && !a.passed && a.h_rows > 0.3 && a.columns.least_by == ASSESS_LRS);
    for (size_t i = 0; i < N; i++)
        s[i * N + 17] = s[i * N + 18] ^ s[(N - 1 - i) * N + 500];
    CHECK_EQ(assess_restart(&a, &bits, 0.3, false, NULL), HEAD2_OK);
    CHECK(a.sane && a.passed && a.h == 0.3 && a.h_rows > 0.3 && a.h_columns > 0.3);
    free(s);
}

/* ---- at the limits ---- */

static bool stop_at_once(void *arg, const char *work, unsigned done, unsigned of)
{
    unsigned *calls = arg;

    return work != NULL && done <= of && ++*calls < 2;
}

static void limits(void)
{
    uint8_t *s = stream(110, 8000);
    struct assess_non_iid a;
    struct assess_iid i;
    unsigned calls = 0;
    const struct assess_progress stop = {stop_at_once, &calls};

    const struct assess_input few = {s, ASSESS_SAMPLES_MIN - 1, 0}, wide = {s, 8000, 9},
                              narrow = {s, 8000, 7}, all = {s, 8000, 0},
                              few_iid = {s, ASSESS_SAMPLES_IID_MIN - 1, 0};
    CHECK_EQ(assess_non_iid(&a, &few, NULL), HEAD2_E_ARG);
    CHECK_EQ(assess_non_iid(&a, &wide, NULL), HEAD2_E_ARG);
    CHECK_EQ(assess_non_iid(&a, &narrow, NULL), HEAD2_E_MALFORMED);
    CHECK_EQ(assess_non_iid(&a, &all, &stop), HEAD2_E_STATE);
    CHECK_EQ(calls, 2);
    CHECK_EQ(assess_iid(&i, &few_iid, zero_seed, NULL, NULL), HEAD2_E_ARG);

    /* few, so that estimators have to stand aside */
    const struct assess_non_iid least = assessed(s, ASSESS_SAMPLES_MIN, 0);
    CHECK(least.literal.h[ASSESS_MULTI_MCW] < 0 && least.bitstring.h[ASSESS_COMPRESSION] < 0);
    CHECK(least.literal.h[ASSESS_MCV] > 0 && least.h_initial > 0);

    /* one value; two values that are not 0 and 1, in more bits than they need */
    memset(s, 9, 8000);
    const struct assess_non_iid stuck = assessed(s, 8000, 0);
    CHECK_EQ(stuck.symbols, 1);
    CHECK(stuck.h_initial <= 0 && stuck.h_original <= 0);
    for (unsigned k = 0; k < 8000; k++)
        s[k] = k % 3 == 0;
    CHECK(!signbit(assessed(s, 8000, 0).h_initial)); /* 0, not -0 */
    memset(s, 9, 8000);
    CHECK_EQ(assess_iid(&i, &all, zero_seed, NULL, NULL), HEAD2_E_ARG);
    uint8_t *r = stream(111, 8000);
    for (unsigned k = 0; k < 8000; k++)
        s[k] = r[k] & 1;
    const struct assess_non_iid one = assessed(s, 8000, 1);
    for (unsigned k = 0; k < 8000; k++)
        s[k] = (r[k] & 1) != 0 ? 200 : 13;
    const struct assess_non_iid two = assessed(s, 8000, 8);
    CHECK_EQ(two.symbols, 2);
    CHECK_MEM(two.literal.h, one.literal.h, sizeof one.literal.h);
    CHECK(two.bitstring.h[ASSESS_MCV] < 0);
    free(s);
    free(r);
}

int main(void)
{
    RUN(counting_of_bits);
    RUN(tuples);
    RUN(windows_and_lags);
    RUN(contexts);
    RUN(full_dictionary);
    RUN(long_bits);
    RUN(suffix_arrays);
    RUN(windows_as_suffixes);
    RUN(known_entropy);
    RUN(statistics_of_the_standard);
    RUN(statistics_of_runs);
    RUN(chi_square_values);
    RUN(shuffles_are_even);
    RUN(iid_verdicts);
    RUN(iid_by_many);
    RUN(restart_cutoffs);
    RUN(restarts);
    RUN(limits);
    CHECK_EXIT();
}
