/*
 * The estimators that count and are done: most common value, collision, Markov, compression.
 */
#include "assess/estimators.h"

#include <math.h>
#include <stdlib.h>

double estimate_of_proportion(double p, size_t n)
{
    const double upper = p + ASSESS_Z * sqrt(p * (1.0 - p) / ((double)n - 1.0));

    return upper < 1.0 ? -log2(upper) : 0.0;
}

double estimate_mcv(const struct sequence *s)
{
    size_t count[256] = {0}, mode = 0;

    for (size_t i = 0; i < s->n; i++)
        count[s->symbol[i]]++;
    for (unsigned v = 0; v < s->k; v++)
        if (count[v] > mode)
            mode = count[v];
    return estimate_of_proportion((double)mode / (double)s->n, s->n);
}

/*
 * The time to a collision of two bits is 2 or 3, so its mean has the closed form -2p^2 + 2p + 2 and
 * the search of step 7 becomes the root of a quadratic equation.
 */
double estimate_collision(const struct sequence *s)
{
    const uint8_t *bit = s->symbol;
    size_t i = 0, twos = 0, threes = 0;

    while (i + 1 < s->n) {
        if (bit[i] == bit[i + 1]) {
            twos++;
            i += 2;
        } else if (i + 2 < s->n) {
            threes++;
            i += 3;
        } else {
            break;
        }
    }
    const double v = (double)(twos + threes), sum = (double)i;
    if (v < 2)
        return ASSESS_NONE;
    const double squares = 4.0 * (double)twos + 9.0 * (double)threes;
    const double variance = (squares - sum * sum / v) / (v - 1.0);
    double mean = sum / v - ASSESS_Z * sqrt(variance > 0 ? variance : 0) / sqrt(v);
    if (mean < 2.0)
        mean = 2.0;
    return mean < 2.5 ? -log2(0.5 + sqrt(1.25 - 0.5 * mean)) : 1.0;
}

/* -log2 of P(first) * P(a)^m * P(b)^(127 - m), or `otherwise` when one of them cannot happen. */
static double chain(double first, double a, double m, double b, double otherwise)
{
    if (first <= 0 || (m > 0 && a <= 0) || (m < 127 && b <= 0))
        return otherwise;
    const double h = -log2(first) - (m > 0 ? m * log2(a) : 0) - (m < 127 ? (127 - m) * log2(b) : 0);
    return h < otherwise ? h : otherwise;
}

double estimate_markov(const struct sequence *s)
{
    const uint8_t *bit = s->symbol;
    size_t seen[2][2] = {{0}};

    for (size_t i = 0; i + 1 < s->n; i++)
        seen[bit[i]][bit[i + 1]]++;
    const double from0 = (double)(seen[0][0] + seen[0][1]);
    const double from1 = (double)(seen[1][0] + seen[1][1]);
    const double zeros = from0 + (bit[s->n - 1] == 0);
    const double p0 = zeros / (double)s->n, p1 = 1.0 - p0;
    const double p00 = from0 > 0 ? (double)seen[0][0] / from0 : 0;
    const double p10 = from1 > 0 ? (double)seen[1][0] / from1 : 0;
    const double p01 = from0 > 0 ? 1.0 - p00 : 0, p11 = from1 > 0 ? 1.0 - p10 : 0;
    double h = 128.0;

    /* step 3: the six sequences of 128 bits of which one is the most probable */
    h = chain(p0, p00, 127, 0, h);
    h = chain(p0, p01, 64, p10, h);
    h = chain(p0, p01, 1, p11, h);
    h = chain(p1, p10, 1, p00, h);
    h = chain(p1, p10, 64, p01, h);
    h = chain(p1, p11, 127, 0, h);
    return h < 128.0 ? h / 128.0 : 1.0;
}

enum { BLOCK_BITS = 6, BLOCKS = 1 << BLOCK_BITS, DICTIONARY = 1000 };

/*
 * G(z) of step 7: 1/v * sum over t from d+1 to L, sum over u from 1 to t of log2(u) F(z, t, u). The
 * inner sums differ by a term from one t to the next, so each term is weighted by how many of them
 * it is in, and the series ends when what is left cannot change it.
 */
static double expected_log(double z, size_t blocks, const double *log_of)
{
    const double keep = 1.0 - z;
    double power = keep, head = 0, tail = 0, last = 0;

    for (size_t u = 2; u <= DICTIONARY; u++, power *= keep)
        head += log_of[u] * power;
    for (size_t u = DICTIONARY + 1; u < blocks; u++, power *= keep) {
        const double term = log_of[u] * power;
        const double weighed = (double)(blocks - u) * term;
        last += term;
        tail += weighed;
        if (weighed < 1e-40)
            break;
    }
    if (power > 1e-40)
        last += log_of[blocks] * power;
    const double v = (double)(blocks - DICTIONARY);
    return z * (z * (tail + v * head) + last) / v;
}

static double expected_mean(double p, size_t blocks, const double *log_of)
{
    const double q = (1.0 - p) / (BLOCKS - 1);

    return expected_log(p, blocks, log_of) + (BLOCKS - 1) * expected_log(q, blocks, log_of);
}

/* Steps 2 to 6: the lower bound of the mean of log2 of the distances between equal blocks. */
static double lower_mean(const struct sequence *s, size_t blocks, const double *log_of)
{
    size_t last[BLOCKS] = {0};
    long double sum = 0, squares = 0;

    for (size_t i = 0; i < blocks; i++) {
        unsigned block = 0;
        for (unsigned j = 0; j < BLOCK_BITS; j++)
            block = block << 1 | s->symbol[i * BLOCK_BITS + j];
        if (i >= DICTIONARY) {
            const double l = log_of[i + 1 - last[block]];
            sum += l;
            squares += (long double)l * l;
        }
        last[block] = i + 1;
    }
    const double v = (double)(blocks - DICTIONARY);
    const double mean = (double)sum / v;
    const double variance = (double)squares / (v - 1.0) - mean * mean;
    return mean - ASSESS_Z * 0.5907 * sqrt(variance > 0 ? variance : 0) / sqrt(v);
}

enum head2_status estimate_compression(double *h, const struct sequence *s)
{
    const size_t blocks = s->n / BLOCK_BITS;

    *h = ASSESS_NONE;
    if (blocks <= DICTIONARY + 1)
        return HEAD2_OK;
    double *log_of = malloc((blocks + 1) * sizeof *log_of);
    if (log_of == NULL)
        return HEAD2_E_MEMORY;
    log_of[0] = 0;
    for (size_t u = 1; u <= blocks; u++)
        log_of[u] = log2((double)u);

    const double mean = lower_mean(s, blocks, log_of);
    double low = 1.0 / BLOCKS, high = 1.0;
    if (expected_mean(low, blocks, log_of) <= mean) {
        *h = 1.0;
    } else {
        /* the expected mean falls as p grows; 60 halvings leave nothing of a double's precision */
        for (int i = 0; i < 60; i++) {
            const double p = (low + high) / 2;
            if (expected_mean(p, blocks, log_of) > mean)
                low = p;
            else
                high = p;
        }
        *h = -log2(high) / BLOCK_BITS;
    }
    free(log_of);
    return HEAD2_OK;
}
