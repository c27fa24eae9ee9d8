/*
 * SP 800-90B, Section 3.1.4: does the source behave alike after every restart?
 */
#include "assess/estimators.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { N = ASSESS_RESTART_SAMPLES };

/*
 * P(no value more often than x) for N samples of independent values with probabilities p_i, by
 * Poisson variables: those of means N p_i, given that their sum is N, are distributed as the counts
 * are. So it is P(sum of the variables cut at x is N) / P(sum of the variables is N).
 */
struct distribution {
    double p[N + 1]; /* of 0..N */
};

static void cut_poisson(struct distribution *d, double mean, unsigned x)
{
    const double log_mean = log(fmax(mean, DBL_MIN)); /* a mean of 0 is at 0 all the same */

    memset(d, 0, sizeof *d);
    for (unsigned c = 0; c <= x && c <= N; c++)
        d->p[c] = exp(c * log_mean - mean - lgamma(c + 1.0));
}

static void add(struct distribution *out, const struct distribution *a,
                const struct distribution *b)
{
    struct distribution sum = {{0}};

    for (unsigned i = 0; i <= N; i++)
        for (unsigned j = 0; a->p[i] > 0 && i + j <= N; j++)
            sum.p[i + j] += a->p[i] * b->p[j];
    *out = sum;
}

/* The sum of `times` variables d, added to out. */
static void add_times(struct distribution *out, struct distribution d, unsigned times)
{
    for (; times > 0; times /= 2) {
        if (times % 2 != 0)
            add(out, out, &d);
        if (times > 1)
            add(&d, &d, &d);
    }
}

/* Of `symbols` values as many as can have probability 2^-h, the others share what is left. */
static double none_above(unsigned symbols, double h, unsigned x)
{
    const double p = pow(2.0, -h);
    double fit = floor(1.0 / p);
    const unsigned likely = fit < symbols ? (unsigned)fit : symbols;
    struct distribution sum = {{1}}, one;

    cut_poisson(&one, N * p, x);
    add_times(&sum, one, likely);
    if (likely < symbols) {
        const double rest = (1.0 - p * likely) / (symbols - likely);
        cut_poisson(&one, N * (rest > 0 ? rest : 0), x);
        add_times(&sum, one, symbols - likely);
    }
    return sum.p[N] / exp(N * log(N) - N - lgamma(N + 1.0));
}

unsigned assess_restart_cutoff(unsigned symbols, double h)
{
    const double alpha = -expm1(log(0.99) / (2 * ASSESS_RESTARTS));
    unsigned low = 0, high = N; /* low is too little, high is enough */

    while (high - low > 1) {
        const unsigned x = (low + high) / 2;
        if (1.0 - none_above(symbols, h, x) <= alpha)
            high = x;
        else
            low = x;
    }
    return high;
}

static unsigned most_in_a_line(const uint8_t *symbol)
{
    unsigned most = 0;

    for (size_t line = 0; line < ASSESS_RESTARTS; line++) {
        unsigned count[256] = {0};
        for (size_t i = 0; i < N; i++) {
            const unsigned c = ++count[symbol[line * N + i]];
            most = c > most ? c : most;
        }
    }
    return most;
}

/* The samples column by column (Section 3.1.4.1). */
static enum head2_status transpose(struct sequence *columns, const struct sequence *rows)
{
    uint8_t *symbol = malloc(rows->n);

    for (size_t i = 0; symbol != NULL && i < ASSESS_RESTARTS; i++)
        for (size_t j = 0; j < N; j++)
            symbol[j * ASSESS_RESTARTS + i] = rows->symbol[i * N + j];
    return sequence_init(columns, symbol, rows->n, rows->k);
}

static enum head2_status assess_line(struct assess_pass *pass, const struct sequence *s,
                                     unsigned bits, bool iid, const char *what,
                                     const struct assess_progress *progress)
{
    if (!iid)
        return assess_sequence(pass, s, bits, what, progress);
    assess_pass_none(pass);
    pass->h[ASSESS_MCV] = estimate_mcv(s);
    assess_pass_least(pass, bits);
    return HEAD2_OK;
}

enum head2_status assess_restart(struct assess_restart *out, const struct assess_input *in,
                                 double h_initial, bool iid, const struct assess_progress *progress)
{
    struct samples samples;
    struct sequence columns = {0};

    *out = (struct assess_restart){0};
    assess_pass_none(&out->rows);
    assess_pass_none(&out->columns);
    enum head2_status st = samples_init(&samples, in, (size_t)ASSESS_RESTARTS * N);
    if (st != HEAD2_OK)
        return st;
    const struct sequence *rows = &samples.literal;
    out->bits = samples.bits;
    out->symbols = rows->k;
    st = HEAD2_E_ARG;
    if (rows->n != (size_t)ASSESS_RESTARTS * N || rows->k == 1 ||
        !(h_initial > 0 && h_initial <= log2(rows->k)))
        goto done;
    HEAD2_TRY(transpose(&columns, rows));
    out->most_rows = most_in_a_line(rows->symbol);
    out->most_columns = most_in_a_line(columns.symbol);
    out->cutoff = assess_restart_cutoff(rows->k, h_initial);
    out->sane = out->most_rows <= out->cutoff && out->most_columns <= out->cutoff;
    if (!out->sane)
        goto done;
    HEAD2_TRY(assess_line(&out->rows, rows, samples.bits, iid, "estimators of the rows", progress));
    HEAD2_TRY(assess_line(&out->columns, &columns, samples.bits, iid, "estimators of the columns",
                          progress));
    out->h_rows = out->rows.least;
    out->h_columns = out->columns.least;
    out->passed = fmin(out->h_rows, out->h_columns) >= h_initial / 2;
    out->h = out->passed ? fmin(fmin(out->h_rows, out->h_columns), h_initial) : 0;
done:
    sequence_free(&columns);
    samples_free(&samples);
    return st;
}
