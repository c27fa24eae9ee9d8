/*
 * The assessor of SP 800-90B: its fast estimators against the standard written down slowly
 * (tests/assess_reference.h), sources whose min-entropy is known, and inputs at the limits. The IID
 * tests are in test_assess_iid.c.
 */
#include "assess/contexts.h"
#include "assess/estimators.h"
#include "assess/suffix.h"
#include "assess/tuples.h"
#include "assess_reference.h"
#include "assess_shapes.h"
#include "check.h"

static const uint8_t zero_seed[32];

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
    RUN(restart_cutoffs);
    RUN(restarts);
    RUN(limits);
    CHECK_EXIT();
}
