/*
 * The estimators of SP 800-90B, Section 6.3, written down as the standard puts them: slow, and with
 * nothing in common with src/assess. Small inputs only, unless said otherwise.
 */
#ifndef HEAD2_TESTS_ASSESS_REFERENCE_H
#define HEAD2_TESTS_ASSESS_REFERENCE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REF_Z 2.5758293035489008

static double ref_upper(double p, double n)
{
    return -log2(fmin(1, p + REF_Z * sqrt(p * (1 - p) / (n - 1))));
}

/* 6.3.1 */
__attribute__((unused)) static double ref_mcv(const uint8_t *s, size_t n)
{
    size_t mode = 0;

    for (unsigned v = 0; v < 256; v++) {
        size_t count = 0;
        for (size_t i = 0; i < n; i++)
            count += s[i] == v;
        mode = count > mode ? count : mode;
    }
    return ref_upper((double)mode / (double)n, (double)n);
}

/* 6.3.2, with the expectation of step 7 as it stands there. */
__attribute__((unused)) static double ref_collision(const uint8_t *s, size_t n)
{
    double t[1 << 16], mean = 0, variance = 0, low = 0.5, high = 1;
    size_t v = 0, at = 0;

    for (;;) {
        size_t j = at + 1;
        while (j < n && s[j] != s[at] && (j < at + 2 || s[j] != s[at + 1]))
            j++;
        if (j >= n || v == 1 << 16)
            break;
        t[v++] = (double)(j - at + 1);
        at = j + 1;
    }
    for (size_t i = 0; i < v; i++)
        mean += t[i] / (double)v;
    for (size_t i = 0; i < v; i++)
        variance += (t[i] - mean) * (t[i] - mean) / ((double)v - 1);
    mean -= REF_Z * sqrt(variance / (double)v);
    for (int i = 0; i < 60; i++) {
        const double p = (low + high) / 2, q = 1 - p, f = q * (2 * q * q + 2 * q + 1);
        const double expected =
            p / (q * q) * (1 + 0.5 * (1 / p - 1 / q)) * f - p / q * 0.5 * (1 / p - 1 / q);
        if (expected > mean)
            low = p;
        else
            high = p;
    }
    return high < 0.5 + 1e-12 ? 1 : -log2(high);
}

/* 6.3.3: the most probable of all sequences of 128 bits, found step by step. */
__attribute__((unused)) static double ref_markov(const uint8_t *s, size_t n)
{
    double first[2] = {0}, from[2] = {0}, to[2][2] = {{0}}, best[2];

    for (size_t i = 0; i < n; i++)
        first[s[i]] += 1 / (double)n;
    for (size_t i = 0; i + 1 < n; i++) {
        from[s[i]]++;
        to[s[i]][s[i + 1]]++;
    }
    for (unsigned a = 0; a < 2; a++)
        best[a] = log2(first[a]);
    for (int step = 1; step < 128; step++) {
        double next[2] = {-HUGE_VAL, -HUGE_VAL};
        for (unsigned a = 0; a < 2; a++)
            for (unsigned b = 0; b < 2; b++)
                if (to[a][b] > 0)
                    next[b] = fmax(next[b], best[a] + log2(to[a][b] / from[a]));
        memcpy(best, next, sizeof best);
    }
    return fmin(1, -fmax(best[0], best[1]) / 128);
}

/* 6.3.4, for some 1,100 blocks: the sum of step 7 term by term. */
static double ref_g(double z, size_t blocks)
{
    double sum = 0;

    for (size_t t = 1001; t <= blocks; t++)
        for (size_t u = 1; u <= t; u++)
            sum += log2((double)u) * (u < t ? z * z : z) * pow(1 - z, (double)u - 1);
    return sum / (double)(blocks - 1000);
}

__attribute__((unused)) static double ref_compression(const uint8_t *s, size_t n)
{
    const size_t blocks = n / 6;
    const double v = (double)(blocks - 1000);
    double sum = 0, squares = 0, low = 1.0 / 64, high = 1;

    for (size_t i = 1000; i < blocks; i++) {
        size_t j = i;
        while (j > 0 && memcmp(s + 6 * (j - 1), s + 6 * i, 6) != 0)
            j--;
        const double l = log2((double)(j > 0 ? i - (j - 1) : i + 1));
        sum += l;
        squares += l * l;
    }
    const double mean = sum / v;
    const double lower = mean - REF_Z * 0.5907 * sqrt(squares / (v - 1) - mean * mean) / sqrt(v);
    if (ref_g(low, blocks) + 63 * ref_g(low, blocks) <= lower)
        return 1;
    for (int i = 0; i < 30; i++) {
        const double p = (low + high) / 2;
        if (ref_g(p, blocks) + 63 * ref_g((1 - p) / 63, blocks) > lower)
            low = p;
        else
            high = p;
    }
    return -log2(high) / 6;
}

/* 6.3.5 and 6.3.6 by comparing all pairs of positions. */
__attribute__((unused)) static void ref_tuples(double *t_tuple, double *lrs, const uint8_t *s,
                                               size_t n)
{
    double most = -1, repeated = -1;
    bool often = true;

    *t_tuple = *lrs = -1;
    for (size_t m = 1; m < n; m++) {
        const size_t places = n - m + 1;
        double pairs = 0, max = 0;
        for (size_t i = 0; i < places; i++) {
            double count = 0;
            for (size_t j = 0; j < places; j++)
                count += memcmp(s + i, s + j, m) == 0;
            pairs += (count - 1) / 2;
            max = fmax(max, count);
        }
        if (pairs < 0.5)
            break;
        often = often && max >= 35;
        if (often)
            most = fmax(most, pow(max / (double)places, 1 / (double)m));
        else
            repeated = fmax(
                repeated, pow(pairs / ((double)places * (double)(places - 1) / 2), 1 / (double)m));
    }
    if (most > 0)
        *t_tuple = ref_upper(most, (double)n);
    if (repeated > 0)
        *lrs = ref_upper(repeated, (double)n);
}

/* ---- predictors ---- */

struct ref_predictor {
    unsigned n, winner;
    uint64_t score[128];
    uint64_t right, run, longest;
};

/* prediction[d]: a symbol, or -1 for none. strict: a winner without a prediction is wrong. */
static void ref_step(struct ref_predictor *p, const int *prediction, int symbol, bool strict)
{
    const int said = prediction[p->winner];

    if (said == symbol) {
        p->right++;
        p->run++;
        p->longest = p->run > p->longest ? p->run : p->longest;
    } else if (said >= 0 || strict) {
        p->run = 0;
    }
    for (unsigned d = 0; d < p->n; d++)
        if (prediction[d] == symbol && ++p->score[d] >= p->score[p->winner])
            p->winner = d;
}

/* The probability, by its recursion, that n predictions of probability p have no run of r. */
static double ref_no_run(double p, size_t r, size_t n)
{
    double *none = calloc(n + 2, sizeof *none); /* [i]: among i predictions */
    const double run = pow(p, (double)r);

    for (size_t i = 0; i <= n; i++) {
        none[i] = i < r ? 1 : 1 - run;
        if (i > r)
            none[i] = none[i - 1] - (1 - p) * run * none[i - r - 1];
    }
    const double result = none[n];
    free(none);
    return result;
}

static double ref_predicted(const struct ref_predictor *p, size_t n, unsigned k)
{
    const double global = (double)p->right / (double)n;
    double low = 0, high = 1;

    const double upper =
        p->right == 0 ? 1 - pow(0.01, 1 / (double)n) : exp2(-ref_upper(global, (double)n));
    for (int i = 0; i < 50; i++) {
        const double middle = (low + high) / 2;
        if (ref_no_run(middle, p->longest + 1, n) > 0.99)
            low = middle;
        else
            high = middle;
    }
    return -log2(fmax(fmax(upper, high), 1.0 / k));
}

/* 6.3.7 */
__attribute__((unused)) static double ref_multi_mcw(const uint8_t *s, size_t n, unsigned k)
{
    static const size_t length[4] = {63, 255, 1023, 4095};
    struct ref_predictor p = {.n = 4};

    for (size_t i = 63; i < n; i++) {
        int prediction[4] = {-1, -1, -1, -1};
        for (unsigned j = 0; j < 4 && i >= length[j]; j++) {
            size_t count[256] = {0}, most = 0;
            for (size_t at = i - length[j]; at < i; at++)
                if (++count[s[at]] > most)
                    most = count[s[at]];
            for (size_t at = i; prediction[j] < 0; at--)
                if (count[s[at - 1]] == most)
                    prediction[j] = s[at - 1];
        }
        ref_step(&p, prediction, s[i], true);
    }
    return ref_predicted(&p, n - 63, k);
}

/* 6.3.8 */
__attribute__((unused)) static double ref_lag(const uint8_t *s, size_t n, unsigned k)
{
    struct ref_predictor p = {.n = 128};

    for (size_t i = 1; i < n; i++) {
        int prediction[128];
        for (size_t d = 1; d <= 128; d++)
            prediction[d - 1] = d <= i ? s[i - d] : -1;
        ref_step(&p, prediction, s[i], true);
    }
    return ref_predicted(&p, n - 1, k);
}

/*
 * A dictionary from a context of some length to how often each symbol followed it, as a list with
 * hash chains. For tens of thousands of symbols.
 */
struct ref_context {
    const uint8_t *text;
    unsigned length;
    int next;
    uint32_t count[256];
};
struct ref_dictionary {
    struct ref_context *list;
    int *head; /* 2^16 of them */
    int used, room;
};

static void ref_dictionary_init(struct ref_dictionary *d)
{
    *d = (struct ref_dictionary){.head = malloc(sizeof(int) << 16)};
    memset(d->head, 0xff, sizeof(int) << 16);
}

static void ref_dictionary_free(struct ref_dictionary *d)
{
    free(d->list);
    free(d->head);
}

static struct ref_context *ref_find(struct ref_dictionary *d, const uint8_t *text, unsigned length,
                                    bool make)
{
    uint32_t h = length;

    for (unsigned i = 0; i < length; i++)
        h = h * 16777619U + text[i];
    int *head = &d->head[(h ^ h >> 16) & 0xffff];
    for (int i = *head; i >= 0; i = d->list[i].next)
        if (d->list[i].length == length && memcmp(d->list[i].text, text, length) == 0)
            return &d->list[i];
    if (!make)
        return NULL;
    if (d->used == d->room) {
        d->room = d->room != 0 ? 2 * d->room : 64;
        d->list = realloc(d->list, (size_t)d->room * sizeof *d->list);
    }
    d->list[d->used] = (struct ref_context){.text = text, .length = length, .next = *head};
    *head = d->used++;
    return &d->list[*head];
}

/* The most frequent follower, of several the greatest. */
static int ref_best(const struct ref_context *c, unsigned k)
{
    int best = 0;

    for (int v = 0; v < (int)k; v++)
        if (c->count[v] >= c->count[best])
            best = v;
    return best;
}

/* 6.3.9; n below 100,000, so that no limit of entries is reached */
__attribute__((unused)) static double ref_multi_mmc(const uint8_t *s, size_t n, unsigned k)
{
    struct ref_predictor p = {.n = 16};
    struct ref_dictionary dictionary;

    ref_dictionary_init(&dictionary);
    for (size_t i = 1; i < n; i++) {
        int prediction[16];
        for (unsigned d = 1; d <= 16; d++) {
            const struct ref_context *c =
                d <= i ? ref_find(&dictionary, s + i - d, d, false) : NULL;
            prediction[d - 1] = c != NULL ? ref_best(c, k) : -1;
        }
        if (i >= 2)
            ref_step(&p, prediction, s[i], false);
        for (unsigned d = 1; d <= 16 && d <= i; d++)
            ref_find(&dictionary, s + i - d, d, true)->count[s[i]]++;
    }
    ref_dictionary_free(&dictionary);
    return ref_predicted(&p, n - 2, k);
}

/* 6.3.10 */
__attribute__((unused)) static double ref_lz78y(const uint8_t *s, size_t n, unsigned k, int limit)
{
    struct ref_predictor p = {.n = 1};
    struct ref_dictionary dictionary;

    ref_dictionary_init(&dictionary);
    for (size_t i = 16; i < n; i++) {
        int prediction = -1;
        uint32_t most = 0;
        for (unsigned d = 16; d > 0; d--) {
            struct ref_context *c = ref_find(&dictionary, s + i - d, d, dictionary.used < limit);
            if (c == NULL)
                continue;
            const int best = ref_best(c, k);
            if (c->count[best] > most) {
                most = c->count[best];
                prediction = best;
            }
            c->count[s[i]]++;
        }
        if (i > 16)
            ref_step(&p, &prediction, s[i], true);
    }
    ref_dictionary_free(&dictionary);
    return ref_predicted(&p, n - 17, k);
}

#endif
