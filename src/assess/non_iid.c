/*
 * SP 800-90B, Section 3.1.3: all estimators, on the symbols and on their bits, and the least of it.
 */
#include "assess/estimators.h"

const char *assess_estimator_name(enum assess_estimator e)
{
    static const char *const name[ASSESS_ESTIMATORS] = {
        "most common value", "collision", "Markov",   "compression", "t-tuple", "LRS",
        "MultiMCW",          "lag",       "MultiMMC", "LZ78Y"};

    return e < ASSESS_ESTIMATORS ? name[e] : "?";
}

enum head2_status assess_report(const struct assess_progress *progress, const char *work,
                                unsigned done, unsigned of)
{
    return progress == NULL || progress->report(progress->arg, work, done, of) ? HEAD2_OK
                                                                               : HEAD2_E_STATE;
}

void assess_pass_none(struct assess_pass *pass)
{
    for (unsigned e = 0; e < ASSESS_ESTIMATORS; e++)
        pass->h[e] = ASSESS_NONE;
    pass->least = ASSESS_NONE;
    pass->least_by = ASSESS_MCV;
}

void assess_pass_least(struct assess_pass *pass, double at_most)
{
    pass->least = at_most;
    for (unsigned e = 0; e < ASSESS_ESTIMATORS; e++) {
        pass->h[e] += 0.0; /* -log2(1) is -0, which people read as a number below 0 */
        if (pass->h[e] >= 0 && pass->h[e] < pass->least) {
            pass->least = pass->h[e];
            pass->least_by = (enum assess_estimator)e;
        }
    }
}

enum head2_status assess_sequence(struct assess_pass *pass, const struct sequence *s,
                                  double at_most, const char *what,
                                  const struct assess_progress *progress)
{
    double *h = pass->h;
    enum head2_status st;

    assess_pass_none(pass);
    HEAD2_TRY(assess_report(progress, what, 0, ASSESS_ESTIMATORS));
    h[ASSESS_MCV] = estimate_mcv(s);
    if (s->k == 2) {
        h[ASSESS_COLLISION] = estimate_collision(s);
        h[ASSESS_MARKOV] = estimate_markov(s);
        HEAD2_TRY(estimate_compression(&h[ASSESS_COMPRESSION], s));
    }
    HEAD2_TRY(assess_report(progress, what, ASSESS_T_TUPLE, ASSESS_ESTIMATORS));
    HEAD2_TRY(estimate_tuples(&h[ASSESS_T_TUPLE], &h[ASSESS_LRS], s));
    HEAD2_TRY(assess_report(progress, what, ASSESS_MULTI_MCW, ASSESS_ESTIMATORS));
    HEAD2_TRY(estimate_multi_mcw(&h[ASSESS_MULTI_MCW], s));
    HEAD2_TRY(assess_report(progress, what, ASSESS_LAG, ASSESS_ESTIMATORS));
    HEAD2_TRY(estimate_lag(&h[ASSESS_LAG], s));
    HEAD2_TRY(assess_report(progress, what, ASSESS_MULTI_MMC, ASSESS_ESTIMATORS));
    HEAD2_TRY(estimate_multi_mmc(&h[ASSESS_MULTI_MMC], s));
    HEAD2_TRY(assess_report(progress, what, ASSESS_LZ78Y, ASSESS_ESTIMATORS));
    HEAD2_TRY(estimate_lz78y(&h[ASSESS_LZ78Y], s));
    HEAD2_TRY(assess_report(progress, what, ASSESS_ESTIMATORS, ASSESS_ESTIMATORS));
    assess_pass_least(pass, at_most);
done:
    return st;
}

static enum head2_status assess_bits(struct assess_pass *pass, const struct samples *samples,
                                     const struct assess_progress *progress)
{
    struct sequence bits;

    enum head2_status st = samples_bitstring(&bits, samples);
    if (st != HEAD2_OK)
        return st;
    st = assess_sequence(pass, &bits, 1.0, "estimators of the bits", progress);
    sequence_free(&bits);
    return st;
}

enum head2_status assess_non_iid(struct assess_non_iid *out, const struct assess_input *in,
                                 const struct assess_progress *progress)
{
    struct samples samples;

    *out = (struct assess_non_iid){.h_bitstring = 1.0};
    assess_pass_none(&out->literal);
    assess_pass_none(&out->bitstring);
    enum head2_status st = samples_init(&samples, in, ASSESS_SAMPLES_MIN);
    if (st != HEAD2_OK)
        return st;
    out->n = in->n;
    out->bits = samples.bits;
    out->symbols = samples.literal.k;
    if (samples.literal.k == 1) {
        out->literal.h[ASSESS_MCV] = out->literal.least = 0;
        out->h_bitstring = 0;
        goto done;
    }
    if (samples.literal.k > 2) {
        HEAD2_TRY(assess_bits(&out->bitstring, &samples, progress));
        out->h_bitstring = out->bitstring.least;
    }
    HEAD2_TRY(assess_sequence(&out->literal, &samples.literal, samples.bits,
                              "estimators of the symbols", progress));
    out->h_original = out->literal.least;
    out->h_initial = out->h_bitstring * samples.bits;
    if (out->h_original < out->h_initial || samples.literal.k == 2)
        out->h_initial = out->h_original;
done:
    samples_free(&samples);
    return st;
}
