/*
 * SP 800-90B, Section 5: the IID assumption. The quick tests come first; one that fails settles the
 * verdict, and what is left is not computed.
 */
#include "assess/iid.h"

#include "assess/estimators.h"
#include "assess/tuples.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    PASSED_BY = 5,          /* Section 5.1: a rank within the 5 outermost of 10,000 fails */
    COMPRESSION_EARLY = 60, /* permutations in which compression, the slowest, is tried at once */
    AT_ONCE_EACH = 8,       /* permutations that a worker is given at a time */
    AT_ONCE_MAX = AT_ONCE_EACH * ASSESS_WORKERS_MAX
};

/* 5.2.5: would independent samples have so long a repeat at least once in a thousand times? */
static enum head2_status longest_repeat(struct assess_iid *out, const struct sequence *s)
{
    size_t count[256] = {0};
    double collision = 0;

    const enum head2_status st = tuples_longest(&out->longest_repeat, s);
    for (size_t i = 0; i < s->n; i++)
        count[s->symbol[i]]++;
    for (unsigned v = 0; v < s->k; v++)
        collision += pow((double)count[v] / (double)s->n, 2);
    const double tuples = (double)(s->n - out->longest_repeat + 1);
    const double never = tuples * (tuples - 1) / 2 *
                         log1p(-pow(collision, (double)out->longest_repeat)); /* its logarithm */
    out->repeat_probability = -expm1(never);
    out->repeat_passed = never <= log(0.999);
    return st;
}

static bool statistic_passed(const struct assess_statistic *s)
{
    return s->above + s->equal > PASSED_BY && s->equal + s->below > PASSED_BY;
}

/*
 * Permutations are independent of each other: that of round r depends on the seed and on r alone.
 * Several are computed at once, and then counted in their order, so that what is counted does not
 * depend on how many were.
 */
struct permuting {
    struct assess_iid *out;
    const uint8_t *seed;
    struct ordering *ordering; /* one for each worker */
    const struct head2_runner *runner;
    unsigned workers;
    bool wanted[ASSESS_STATISTICS];
    unsigned first, rounds; /* of those that are computed at once */
    atomic_uint taken;
    double t[AT_ONCE_MAX][ASSESS_STATISTICS];
};

static void compute_rounds(void *arg, size_t worker)
{
    struct permuting *p = arg;
    struct ordering *o = &p->ordering[worker];
    unsigned i;

    while ((i = atomic_fetch_add(&p->taken, 1)) < p->rounds) {
        struct shuffler g;
        shuffler_init(&g, p->seed, p->first + i);
        ordering_reset(o);
        ordering_shuffle(o, &g);
        ordering_statistics(p->t[i], o, p->wanted);
    }
}

/* Statistics that are still wanted afterwards. */
static unsigned count_round(struct permuting *p, const double t[ASSESS_STATISTICS])
{
    unsigned left = 0;

    for (unsigned i = 0; i < ASSESS_STATISTICS; i++) {
        struct assess_statistic *s = &p->out->statistic[i];
        if (!p->wanted[i])
            continue;
        s->above += t[i] > s->original;
        s->below += t[i] < s->original;
        s->equal += !(t[i] > s->original) && !(t[i] < s->original);
        s->passed = statistic_passed(s);
        p->wanted[i] = !s->passed;
        left += p->wanted[i];
    }
    return left;
}

/* Shuffle, compute what is wanted, and compare, until all that is wanted has passed or all
 * permutations are done. */
static enum head2_status permute(struct permuting *p, unsigned from, unsigned until,
                                 const struct assess_progress *progress)
{
    unsigned left = 1;

    for (unsigned round = from; round < until && left > 0;) {
        if (assess_report(progress, "permutations", round, ASSESS_PERMUTATIONS) != HEAD2_OK)
            return HEAD2_E_STATE;
        /* what is computed beyond the last one that counts is lost: few of the slow ones */
        const unsigned each = p->wanted[ASSESS_COMPRESSION_STATISTIC] ? 1 : AT_ONCE_EACH;
        p->first = round;
        p->rounds = each * p->workers < until - round ? each * p->workers : until - round;
        atomic_store(&p->taken, 0);
        if (p->runner != NULL)
            p->runner->run(p->runner->pool, p->workers, compute_rounds, p);
        else
            compute_rounds(p, 0);
        for (unsigned i = 0; i < p->rounds && left > 0; i++, round++)
            left = count_round(p, p->t[i]);
        if (round > p->out->permutations)
            p->out->permutations = round;
    }
    return HEAD2_OK;
}

static bool all_passed(const struct assess_iid *out, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        if (out->statistic[i].tested && !out->statistic[i].passed)
            return false;
    return true;
}

/* The other statistics go through all permutations before compression does, if they must: one that
 * fails makes it needless. */
static enum head2_status permute_in_turn(struct permuting *p,
                                         const struct assess_progress *progress)
{
    const unsigned last = ASSESS_COMPRESSION_STATISTIC;
    enum head2_status st;

    HEAD2_TRY(permute(p, 0, COMPRESSION_EARLY, progress));
    const bool compression_left = p->wanted[last];
    p->wanted[last] = false;
    if (!all_passed(p->out, 0, last))
        HEAD2_TRY(permute(p, COMPRESSION_EARLY, ASSESS_PERMUTATIONS, progress));
    if (!compression_left)
        return st;
    p->out->statistic[last].tested = all_passed(p->out, 0, last);
    if (p->out->statistic[last].tested) {
        memset(p->wanted, 0, sizeof p->wanted);
        p->wanted[last] = true;
        HEAD2_TRY(permute(p, COMPRESSION_EARLY, ASSESS_PERMUTATIONS, progress));
    }
done:
    return st;
}

static enum head2_status permutation_tests(struct assess_iid *out, const struct samples *samples,
                                           const uint8_t seed[32],
                                           const struct assess_parallel *parallel,
                                           const struct assess_progress *progress)
{
    struct permuting *p = calloc(1, sizeof *p);
    struct ordering ordering[ASSESS_WORKERS_MAX] = {{0}};
    double original[ASSESS_STATISTICS] = {0};
    enum head2_status st = HEAD2_E_MEMORY;

    if (p == NULL)
        return st;
    p->out = out;
    p->seed = seed;
    p->ordering = ordering;
    p->workers = 1;
    if (parallel != NULL && parallel->workers > 1) {
        p->runner = parallel->runner;
        p->workers =
            parallel->workers < ASSESS_WORKERS_MAX ? parallel->workers : ASSESS_WORKERS_MAX;
    }
    for (unsigned i = 0; i < p->workers; i++)
        HEAD2_TRY(ordering_init(&ordering[i], samples));
    for (unsigned i = 0; i < ASSESS_STATISTICS; i++)
        p->wanted[i] = out->statistic[i].tested =
            i != ASSESS_COMPRESSION_STATISTIC || ordering_can_compress();
    ordering_statistics(original, &ordering[0], p->wanted);
    for (unsigned i = 0; i < ASSESS_STATISTICS; i++)
        out->statistic[i].original = original[i];
    st = permute_in_turn(p, progress);
done:
    for (unsigned i = 0; i < p->workers; i++)
        ordering_free(&ordering[i]);
    free(p);
    return st;
}

static enum head2_status estimate_iid(struct assess_iid *out, const struct samples *samples)
{
    out->h_original = estimate_mcv(&samples->literal);
    out->h_initial = out->h_original;
    out->h_bitstring = 1.0;
    if (samples->literal.k > 2) {
        struct sequence bits;
        const enum head2_status st = samples_bitstring(&bits, samples);
        if (st != HEAD2_OK)
            return st;
        out->h_bitstring = estimate_mcv(&bits);
        sequence_free(&bits);
        out->h_initial = fmin(out->h_original, samples->bits * out->h_bitstring);
    }
    return HEAD2_OK;
}

enum head2_status assess_iid(struct assess_iid *out, const struct assess_input *in,
                             const uint8_t seed[32], const struct assess_parallel *parallel,
                             const struct assess_progress *progress)
{
    struct samples samples;

    *out = (struct assess_iid){0};
    enum head2_status st = samples_init(&samples, in, ASSESS_SAMPLES_IID_MIN);
    if (st != HEAD2_OK)
        return st;
    out->n = in->n;
    out->bits = samples.bits;
    out->symbols = samples.literal.k;
    if (samples.literal.k == 1) {
        st = HEAD2_E_ARG;
        goto done;
    }
    HEAD2_TRY(assess_report(progress, "chi-square tests, longest repeat", 0, 1));
    HEAD2_TRY(estimate_iid(out, &samples));
    HEAD2_TRY(chi_square_tests(out, &samples.literal));
    HEAD2_TRY(longest_repeat(out, &samples.literal));
    out->passed = out->independence.passed && out->goodness_of_fit.passed && out->repeat_passed;
    if (out->passed) {
        HEAD2_TRY(permutation_tests(out, &samples, seed, parallel, progress));
        out->passed = all_passed(out, 0, ASSESS_STATISTICS);
    }
done:
    samples_free(&samples);
    return st;
}
