/*
 * The IID tests of the assessor: the statistics' examples of the standard and a slow form of them,
 * shuffles, verdicts, and that these do not depend on how many threads work on them.
 */
#include "assess/iid.h"
#include "assess_shapes.h"
#include "check.h"

#include <math.h>
#include <pthread.h>

static const uint8_t zero_seed[32];

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
        for (unsigned workers = 1; workers <= 6; workers += 5) { /* 1 and 6 */
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

int main(void)
{
    RUN(statistics_of_the_standard);
    RUN(statistics_of_runs);
    RUN(chi_square_values);
    RUN(shuffles_are_even);
    RUN(iid_verdicts);
    RUN(iid_by_many);
    CHECK_EXIT();
}
