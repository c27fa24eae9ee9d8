/*
 * SP 800-90B, Section 5.2: are neighbouring samples independent, and do all tenths of the samples
 * have one distribution?
 */
#include "assess/iid.h"

#include <math.h>
#include <stdlib.h>

enum { EXPECTED_LEAST = 5, TENTHS = 10 };

/*
 * The regularized upper incomplete gamma function: below a + 1 by the series of the lower one,
 * above by the continued fraction (Lentz).
 */
static double gamma_upper(double a, double x)
{
    const double scale = exp(a * log(x) - x - lgamma(a));

    if (x < a + 1) {
        double term = 1 / a, sum = term;
        for (double i = a + 1; term > sum * 1e-17; i++) {
            term *= x / i;
            sum += term;
        }
        return 1 - scale * sum;
    }
    double b = x + 1 - a, c = 1e300, d = 1 / b, f = d;
    for (int i = 1; i < 1000000; i++) {
        const double an = i * (a - i);
        b += 2;
        d = an * d + b;
        d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
        c = b + an / c;
        c = fabs(c) < 1e-300 ? 1e-300 : c;
        f *= c * d;
        if (fabs(c * d - 1) < 1e-16)
            break;
    }
    return scale * f;
}

double chi_square_p(double x, unsigned freedom)
{
    return freedom == 0 || x <= 0 ? 1.0 : gamma_upper(freedom / 2.0, x / 2.0);
}

static void judge(struct assess_chi_square *out, double score, long freedom)
{
    out->score = score;
    out->freedom = freedom > 0 ? (unsigned)freedom : 0;
    out->p_value = chi_square_p(score, out->freedom);
    out->passed = out->p_value >= 0.001;
}

static double squared_over(double observed, double expected)
{
    return (observed - expected) * (observed - expected) / expected;
}

/* ---- more than two symbols ---- */

/* What is counted: a pair of symbols, or one symbol. */
struct cell {
    double expected;
    uint32_t what;
    uint32_t bin;
};

/* Cells in bins of which each is expected at least five times (5.2.1, steps 3 and 4). */
struct bins {
    struct cell *cell;
    uint32_t *bin_of;
    double *expected;
    uint32_t *observed;
    uint32_t count;
};

static int by_expectation(const void *a, const void *b)
{
    const struct cell *x = a, *y = b;

    if (x->expected < y->expected || x->expected > y->expected)
        return x->expected < y->expected ? -1 : 1;
    return x->what < y->what ? -1 : 1;
}

static void bins_free(struct bins *b)
{
    free(b->cell);
    free(b->bin_of);
    free(b->expected);
    free(b->observed);
}

static enum head2_status bins_init(struct bins *b, uint32_t cells)
{
    *b = (struct bins){.cell = calloc(cells, sizeof *b->cell),
                       .bin_of = calloc(cells, sizeof *b->bin_of),
                       .expected = calloc(cells, sizeof *b->expected),
                       .observed = calloc(cells, sizeof *b->observed)};
    if (b->cell == NULL || b->bin_of == NULL || b->expected == NULL || b->observed == NULL) {
        bins_free(b);
        return HEAD2_E_MEMORY;
    }
    return HEAD2_OK;
}

static void bins_fill(struct bins *b, uint32_t cells)
{
    qsort(b->cell, cells, sizeof *b->cell, by_expectation);
    b->count = 1;
    for (uint32_t i = 0; i < cells; i++) {
        if (b->expected[b->count - 1] >= EXPECTED_LEAST)
            b->count++;
        b->bin_of[b->cell[i].what] = b->count - 1;
        b->expected[b->count - 1] += b->cell[i].expected;
    }
    if (b->count == 1 || b->expected[b->count - 1] >= EXPECTED_LEAST)
        return;
    b->count--; /* the last one falls short: into the one before */
    b->expected[b->count - 1] += b->expected[b->count];
    for (uint32_t i = 0; i < cells; i++)
        if (b->bin_of[i] == b->count)
            b->bin_of[i]--;
}

static double bins_score(const struct bins *b)
{
    double score = 0;

    for (uint32_t i = 0; i < b->count; i++)
        score += squared_over(b->observed[i], b->expected[i]);
    return score;
}

static void proportions(double p[256], const struct sequence *s)
{
    size_t count[256] = {0};

    for (size_t i = 0; i < s->n; i++)
        count[s->symbol[i]]++;
    for (unsigned v = 0; v < s->k; v++)
        p[v] = (double)count[v] / (double)s->n;
}

/* 5.2.1 */
static enum head2_status independence(struct assess_chi_square *out, const struct sequence *s)
{
    const uint32_t k = s->k, cells = k * k;
    const double pairs = (double)(s->n / 2);
    double p[256];
    struct bins b;

    enum head2_status st = bins_init(&b, cells);
    if (st != HEAD2_OK)
        return st;
    proportions(p, s);
    for (uint32_t c = 0; c < cells; c++)
        b.cell[c] = (struct cell){.expected = p[c / k] * p[c % k] * pairs, .what = c};
    bins_fill(&b, cells);
    for (size_t i = 0; i + 1 < s->n; i += 2)
        b.observed[b.bin_of[s->symbol[i] * k + s->symbol[i + 1]]]++;
    judge(out, bins_score(&b), (long)b.count - (long)k);
    bins_free(&b);
    return HEAD2_OK;
}

/* 5.2.2 */
static enum head2_status goodness_of_fit(struct assess_chi_square *out, const struct sequence *s)
{
    const size_t tenth = s->n / TENTHS;
    double p[256], score = 0;
    struct bins b;

    enum head2_status st = bins_init(&b, s->k);
    if (st != HEAD2_OK)
        return st;
    proportions(p, s);
    for (uint32_t c = 0; c < s->k; c++)
        b.cell[c] = (struct cell){.expected = p[c] * (double)tenth, .what = c};
    bins_fill(&b, s->k);
    for (size_t t = 0; t < TENTHS; t++) {
        memset(b.observed, 0, s->k * sizeof *b.observed);
        for (size_t i = 0; i < tenth; i++)
            b.observed[b.bin_of[s->symbol[t * tenth + i]]]++;
        score += bins_score(&b);
    }
    judge(out, score, (TENTHS - 1) * ((long)b.count - 1));
    bins_free(&b);
    return HEAD2_OK;
}

/* ---- two symbols ---- */

/* 5.2.3: tuples of the greatest length, at most 11, of which the rarest is expected five times. */
static void independence_of_bits(struct assess_chi_square *out, const struct sequence *s, double p1)
{
    const double p0 = 1.0 - p1, rarer = p0 < p1 ? p0 : p1;
    uint32_t observed[1 << 11] = {0};
    unsigned m = 11;
    double score = 0;

    while (m > 1 && pow(rarer, m) * (double)(s->n / m) < EXPECTED_LEAST)
        m--;
    if (m < 2) {
        judge(out, 0, 0);
        return;
    }
    const size_t tuples = s->n / m;
    for (size_t t = 0; t < tuples; t++) {
        unsigned tuple = 0;
        for (unsigned j = 0; j < m; j++)
            tuple = tuple << 1 | s->symbol[t * m + j];
        observed[tuple]++;
    }
    for (unsigned tuple = 0; tuple < 1U << m; tuple++) {
        const unsigned ones = popcount64(tuple);
        score += squared_over(observed[tuple], pow(p1, ones) * pow(p0, m - ones) * (double)tuples);
    }
    judge(out, score, (1L << m) - 2);
}

/* 5.2.4 */
static void goodness_of_fit_of_bits(struct assess_chi_square *out, const struct sequence *s,
                                    double p1)
{
    const size_t tenth = s->n / TENTHS;
    double score = 0;

    for (size_t t = 0; t < TENTHS; t++) {
        size_t ones = 0;
        for (size_t i = 0; i < tenth; i++)
            ones += s->symbol[t * tenth + i];
        score += squared_over((double)(tenth - ones), (1.0 - p1) * (double)tenth) +
                 squared_over((double)ones, p1 * (double)tenth);
    }
    judge(out, score, TENTHS - 1);
}

enum head2_status chi_square_tests(struct assess_iid *out, const struct sequence *s)
{
    double p[256];
    enum head2_status st;

    if (s->k == 2) {
        proportions(p, s);
        independence_of_bits(&out->independence, s, p[1]);
        goodness_of_fit_of_bits(&out->goodness_of_fit, s, p[1]);
        return HEAD2_OK;
    }
    st = independence(&out->independence, s);
    return st == HEAD2_OK ? goodness_of_fit(&out->goodness_of_fit, s) : st;
}
