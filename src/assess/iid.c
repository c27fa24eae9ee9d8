/*
 * SP 800-90B, Section 5: the IID assumption. The quick tests come first; one that fails settles the
 * verdict, and what is left is not computed.
 */
#include "assess/iid.h"

#include "assess/estimators.h"
#include "assess/tuples.h"

#include <math.h>

enum {
    PASSED_BY = 5,         /* Section 5.1: a rank within the 5 outermost of 10,000 fails */
    COMPRESSION_EARLY = 60 /* permutations in which compression, the slowest, is tried at once */
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

/* Shuffle, compute what is wanted, and compare, until all that is wanted has passed or all
 * permutations are done. */
static enum head2_status permute(struct assess_iid *out, struct ordering *o, struct shuffler *g,
                                 bool wanted[ASSESS_STATISTICS], unsigned from, unsigned until,
                                 const struct assess_progress *progress)
{
    double t[ASSESS_STATISTICS] = {0};
    unsigned left = 1;

    for (unsigned round = from; round < until && left > 0; round++) {
        if (assess_report(progress, "permutations", round, ASSESS_PERMUTATIONS) != HEAD2_OK)
            return HEAD2_E_STATE;
        ordering_shuffle(o, g);
        ordering_statistics(t, o, wanted);
        left = 0;
        for (unsigned i = 0; i < ASSESS_STATISTICS; i++) {
            struct assess_statistic *s = &out->statistic[i];
            if (!wanted[i])
                continue;
            s->above += t[i] > s->original;
            s->below += t[i] < s->original;
            s->equal += !(t[i] > s->original) && !(t[i] < s->original);
            s->passed = statistic_passed(s);
            wanted[i] = !s->passed;
            left += wanted[i];
        }
        if (round + 1 > out->permutations)
            out->permutations = round + 1;
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
static enum head2_status permutation_tests(struct assess_iid *out, const struct samples *samples,
                                           const uint8_t seed[32],
                                           const struct assess_progress *progress)
{
    const unsigned last = ASSESS_COMPRESSION_STATISTIC;
    bool wanted[ASSESS_STATISTICS];
    double original[ASSESS_STATISTICS] = {0};
    struct ordering o;
    struct shuffler g;

    enum head2_status st = ordering_init(&o, samples);
    if (st != HEAD2_OK)
        return st;
    shuffler_init(&g, seed);
    for (unsigned i = 0; i < ASSESS_STATISTICS; i++)
        wanted[i] = out->statistic[i].tested = i != last || ordering_can_compress();
    ordering_statistics(original, &o, wanted);
    for (unsigned i = 0; i < ASSESS_STATISTICS; i++)
        out->statistic[i].original = original[i];

    HEAD2_TRY(permute(out, &o, &g, wanted, 0, COMPRESSION_EARLY, progress));
    const bool compression_left = wanted[last];
    wanted[last] = false;
    if (!all_passed(out, 0, last))
        HEAD2_TRY(permute(out, &o, &g, wanted, COMPRESSION_EARLY, ASSESS_PERMUTATIONS, progress));
    if (compression_left) {
        memset(wanted, 0, sizeof wanted);
        wanted[last] = true;
        if (all_passed(out, 0, last))
            HEAD2_TRY(
                permute(out, &o, &g, wanted, COMPRESSION_EARLY, ASSESS_PERMUTATIONS, progress));
        else
            out->statistic[last].tested = false;
    }
done:
    ordering_free(&o);
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
                             const uint8_t seed[32], const struct assess_progress *progress)
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
        HEAD2_TRY(permutation_tests(out, &samples, seed, progress));
        out->passed = all_passed(out, 0, ASSESS_STATISTICS);
    }
done:
    samples_free(&samples);
    return st;
}
