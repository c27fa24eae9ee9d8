#include "assess/tuples.h"

#include "assess/estimators.h"
#include "assess/suffix.h"

#include <math.h>
#include <stdlib.h>

struct tuple_interval {
    uint32_t length;
    uint32_t first;
};

enum head2_status tuples_init(struct tuples *t, size_t n)
{
    *t = (struct tuples){.n = n, .seen = 1, .most_often = -HUGE_VAL, .depth_room = 128};
    t->pairs = calloc(n + 1, sizeof *t->pairs);
    t->open = calloc(t->depth_room, sizeof *t->open);
    if (t->pairs == NULL || t->open == NULL) {
        tuples_free(t);
        return HEAD2_E_MEMORY;
    }
    return HEAD2_OK;
}

void tuples_free(struct tuples *t)
{
    free(t->pairs);
    free(t->open);
    *t = (struct tuples){0};
}

static enum head2_status open_interval(struct tuples *t, uint32_t length, uint32_t first)
{
    if (length > t->longest)
        t->longest = length;
    if (t->depth == t->depth_room) {
        struct tuple_interval *open = realloc(t->open, 2 * t->depth_room * sizeof *open);
        if (open == NULL)
            return HEAD2_E_MEMORY;
        t->open = open;
        t->depth_room *= 2;
    }
    __builtin_prefetch(&t->pairs[length], 1); /* of long texts far away, and wanted when it ends */
    t->open[t->depth++] = (struct tuple_interval){length, first};
    return HEAD2_OK;
}

/* ln(p) / m for a proportion p of m-tuples: what is compared to find the greatest p^(1/m). */
static double root_log(double p, uint32_t m)
{
    return log(p) / m;
}

/* An interval of `size` members ends, and the one around it shares `around`. */
static void end_interval(struct tuples *t, uint32_t length, uint64_t size, uint32_t around)
{
    if (size < TUPLES_OFTEN) {
        t->pairs[length] += size * (size - 1) / 2;
        t->pairs[around] -= size * (size - 1) / 2;
        return;
    }
    if (length > t->longest_often)
        t->longest_often = length;
    t->most_often =
        fmax(t->most_often, root_log((double)size / (double)(t->n - length + 1), length));
}

enum head2_status tuples_add(struct tuples *t, uint32_t shared)
{
    uint32_t first = (uint32_t)t->seen - 1;

    while (t->depth > 0 && t->open[t->depth - 1].length > shared) {
        const struct tuple_interval ends = t->open[--t->depth];
        uint32_t around = shared;
        if (t->depth > 0 && t->open[t->depth - 1].length > shared)
            around = t->open[t->depth - 1].length;
        end_interval(t, ends.length, t->seen - ends.first, around);
        first = ends.first;
    }
    t->seen++;
    if (shared == 0 || (t->depth > 0 && t->open[t->depth - 1].length == shared))
        return HEAD2_OK;
    return open_interval(t, shared, first);
}

enum head2_status tuples_end(struct tuples *t)
{
    const enum head2_status st = tuples_add(t, 0);

    t->seen--;
    for (uint32_t m = t->longest; m > t->longest_often + 1; m--)
        t->pairs[m - 1] += t->pairs[m];
    return st;
}

/* Section 6.3.5 on tuples seen TUPLES_OFTEN, Section 6.3.6 on the longer ones that repeat at all.
 */
static void estimate(double *t_tuple, double *lrs, const struct tuples *t)
{
    double repeated = -HUGE_VAL;
    const size_t n = t->n;

    *t_tuple = t->longest_often > 0 ? estimate_of_proportion(exp(t->most_often), n) : ASSESS_NONE;
    *lrs = ASSESS_NONE;
    if (t->longest_often == t->longest)
        return;
    for (uint32_t m = t->longest_often + 1; m <= t->longest; m++) {
        if (m < t->longest && t->pairs[m] == t->pairs[m + 1])
            continue; /* less than that of m + 1 */
        const double all = (double)(n - m) * (double)(n - m + 1) / 2;
        repeated = fmax(repeated, root_log((double)t->pairs[m] / all, m));
    }
    *lrs = estimate_of_proportion(exp(repeated), n);
}

/* By the suffix array: linear, whatever the data. */
static enum head2_status tuples_of_suffixes(struct tuples *t, const struct sequence *s)
{
    enum head2_status st = HEAD2_E_MEMORY;
    int32_t *order = malloc(s->n * sizeof *order);

    if (order == NULL)
        return st;
    if (s->k == 2) {
        HEAD2_TRY(suffix_sort_bits(order, s->plane[0], (int32_t)s->n));
        HEAD2_TRY(suffix_lcp_bits(order, s->plane[0], (int32_t)s->n));
    } else {
        HEAD2_TRY(suffix_sort(order, s->symbol, (int32_t)s->n, (int32_t)s->k));
        HEAD2_TRY(suffix_lcp(order, s->symbol, (int32_t)s->n));
    }
    for (size_t i = 1; i < s->n; i++)
        HEAD2_TRY(tuples_add(t, (uint32_t)order[i]));
    st = tuples_end(t);
done:
    free(order);
    return st;
}

static enum head2_status tuples_of(struct tuples *t, const struct sequence *s)
{
    bool done = false;

    enum head2_status st = tuples_init(t, s->n);
    if (st == HEAD2_OK && s->k == 2) {
        st = tuples_of_windows(t, s->plane[0], s->n, &done);
        if (st == HEAD2_OK && done)
            return tuples_end(t);
        tuples_free(t);
        if (st == HEAD2_OK)
            st = tuples_init(t, s->n);
    }
    return st == HEAD2_OK ? tuples_of_suffixes(t, s) : st;
}

enum head2_status estimate_tuples(double *t_tuple, double *lrs, const struct sequence *s)
{
    struct tuples t;
    const enum head2_status st = tuples_of(&t, s);

    *t_tuple = *lrs = ASSESS_NONE;
    if (st == HEAD2_OK)
        estimate(t_tuple, lrs, &t);
    tuples_free(&t);
    return st;
}

enum head2_status tuples_longest(uint64_t *longest, const struct sequence *s)
{
    struct tuples t;
    const enum head2_status st = tuples_of(&t, s);

    *longest = st == HEAD2_OK ? t.longest : 0;
    tuples_free(&t);
    return st;
}
