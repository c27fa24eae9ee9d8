#include "assess/tuples.h"

#include "assess/estimators.h"
#include "assess/suffix.h"

#include <math.h>
#include <stdlib.h>

struct tuple_interval {
    uint32_t length;
    uint32_t first;
};

enum { OFTEN = 35 /* Section 6.3.5, step 1 */ };

enum head2_status tuples_init(struct tuples *t)
{
    *t = (struct tuples){.seen = 1, .room = 128, .depth_room = 128};
    t->most = calloc(t->room, sizeof *t->most);
    t->pairs = calloc(t->room, sizeof *t->pairs);
    t->open = calloc(t->depth_room, sizeof *t->open);
    if (t->most == NULL || t->pairs == NULL || t->open == NULL) {
        tuples_free(t);
        return HEAD2_E_MEMORY;
    }
    return HEAD2_OK;
}

void tuples_free(struct tuples *t)
{
    free(t->most);
    free(t->pairs);
    free(t->open);
    *t = (struct tuples){0};
}

/* Lengths up to `length` get their place. Grown by what is asked and a quarter: this is the largest
 * part of memory when a long text repeats itself wholly. */
static enum head2_status make_room(struct tuples *t, uint32_t length)
{
    const uint32_t room = length + length / 4 + 1;
    uint32_t *most = realloc(t->most, room * sizeof *most);

    if (most == NULL)
        return HEAD2_E_MEMORY;
    t->most = most;
    uint64_t *pairs = realloc(t->pairs, room * sizeof *pairs);
    if (pairs == NULL)
        return HEAD2_E_MEMORY;
    t->pairs = pairs;
    memset(most + t->room, 0, (room - t->room) * sizeof *most);
    memset(pairs + t->room, 0, (room - t->room) * sizeof *pairs);
    t->room = room;
    return HEAD2_OK;
}

static enum head2_status open_interval(struct tuples *t, uint32_t length, uint32_t first)
{
    if (length > t->longest)
        t->longest = length;
    if (length >= t->room && make_room(t, length) != HEAD2_OK)
        return HEAD2_E_MEMORY;
    if (t->depth == t->depth_room) {
        struct tuple_interval *open = realloc(t->open, 2 * t->depth_room * sizeof *open);
        if (open == NULL)
            return HEAD2_E_MEMORY;
        t->open = open;
        t->depth_room *= 2;
    }
    t->open[t->depth++] = (struct tuple_interval){length, first};
    return HEAD2_OK;
}

enum head2_status tuples_add(struct tuples *t, uint32_t shared)
{
    uint32_t first = (uint32_t)t->seen - 1;

    while (t->depth > 0 && t->open[t->depth - 1].length > shared) {
        const struct tuple_interval ends = t->open[--t->depth];
        const uint64_t size = t->seen - ends.first, pairs = size * (size - 1) / 2;
        uint32_t around = shared;
        if (t->depth > 0 && t->open[t->depth - 1].length > shared)
            around = t->open[t->depth - 1].length;
        if (size > t->most[ends.length])
            t->most[ends.length] = (uint32_t)size;
        t->pairs[ends.length] += pairs;
        t->pairs[around] -= pairs;
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
    for (uint32_t m = t->longest; m > 1; m--) {
        if (t->most[m] > t->most[m - 1])
            t->most[m - 1] = t->most[m];
        t->pairs[m - 1] += t->pairs[m];
    }
    return st;
}

/* ln(p) / m for a proportion p of m-tuples: what is compared to find the greatest p^(1/m). */
static double root_log(double p, uint32_t m)
{
    return log(p) / m;
}

/* Section 6.3.5 on tuples seen OFTEN, Section 6.3.6 on the longer ones that repeat at all. */
static void estimate(double *t_tuple, double *lrs, const struct tuples *t, size_t n)
{
    double most = -HUGE_VAL, repeated = -HUGE_VAL;
    uint32_t m = 1;

    for (; m <= t->longest && t->most[m] >= OFTEN; m++)
        most = fmax(most, root_log((double)t->most[m] / (double)(n - m + 1), m));
    *t_tuple = m > 1 ? estimate_of_proportion(exp(most), n) : ASSESS_NONE;
    *lrs = ASSESS_NONE;
    if (m > t->longest)
        return;
    for (; m <= t->longest; m++) {
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
    HEAD2_TRY(suffix_sort(order, s->symbol, (int32_t)s->n, (int32_t)s->k));
    HEAD2_TRY(suffix_lcp(order, s->symbol, (int32_t)s->n));
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

    enum head2_status st = tuples_init(t);
    if (st == HEAD2_OK && s->k == 2) {
        st = tuples_of_windows(t, s->plane[0], s->n, &done);
        if (st == HEAD2_OK && done)
            return tuples_end(t);
        tuples_free(t);
        if (st == HEAD2_OK)
            st = tuples_init(t);
    }
    return st == HEAD2_OK ? tuples_of_suffixes(t, s) : st;
}

enum head2_status estimate_tuples(double *t_tuple, double *lrs, const struct sequence *s)
{
    struct tuples t;
    const enum head2_status st = tuples_of(&t, s);

    *t_tuple = *lrs = ASSESS_NONE;
    if (st == HEAD2_OK)
        estimate(t_tuple, lrs, &t, s->n);
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
