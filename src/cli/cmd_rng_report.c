/*
 * head2 rng report: a page about samples of a source, with plots, in one file that needs nothing
 * else.
 */
#include "artifact/plot.h"
#include "artifact/utc.h"
#include "assess/assess.h"
#include "cli/files.h"
#include "cli/rng.h"
#include "cli/verbs.h"
#include "entropy/health.h"

#include <head2/version.h>

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { LAGS = 64, SLICES = 180 };

struct sample_set {
    const char *name;
    const uint8_t *samples;
    size_t n;
    unsigned bits;
    struct assess_non_iid a;
    double h; /* claim for the health tests */
    double bias[8], lag[LAGS], symbol[256];
    double run[SLICES], window[SLICES];
    unsigned run_cutoff, window_cutoff;
};

/* ---- figures ---- */

static void count_bits_and_symbols(struct sample_set *s)
{
    for (size_t i = 0; i < s->n; i++) {
        s->symbol[s->samples[i]]++;
        for (unsigned b = 0; b < s->bits; b++)
            s->bias[b] += s->samples[i] >> b & 1;
    }
    for (unsigned b = 0; b < s->bits; b++)
        s->bias[b] = s->bias[b] / (double)s->n - 0.5;
    for (unsigned v = 0; v < HEAD2_LEN(s->symbol); v++)
        s->symbol[v] /= (double)s->n;
}

/* Correlation of samples with those `lag` later, from -1 to 1; 0 where all are equal. */
static void autocorrelation(struct sample_set *s)
{
    double mean = 0, variance = 0;

    for (size_t i = 0; i < s->n; i++)
        mean += s->samples[i];
    mean /= (double)s->n;
    for (size_t i = 0; i < s->n; i++)
        variance += (s->samples[i] - mean) * (s->samples[i] - mean);
    for (unsigned lag = 1; lag <= LAGS && variance > 0; lag++) {
        double sum = 0;
        for (size_t i = 0; i + lag < s->n; i++)
            sum += (s->samples[i] - mean) * (s->samples[i + lag] - mean);
        s->lag[lag - 1] = sum / variance;
    }
}

/* The health tests as they would have run: what came closest to the cutoffs in each slice. A source
 * that fails is started again, so that the whole of the samples is shown. */
static enum head2_status health_over_time(struct sample_set *s)
{
    struct health t;
    const enum head2_status st = health_init(&t, s->h, s->bits == 1);

    if (st != HEAD2_OK)
        return st;
    s->run_cutoff = t.rct_cutoff[0];
    s->window_cutoff = t.apt_cutoff[0];
    for (unsigned i = 0; i < SLICES; i++) {
        const size_t from = s->n * i / SLICES, to = s->n * (i + 1) / SLICES;
        t.counters.longest_run = 0;
        t.counters.most_in_window = 0;
        for (size_t at = from; at < to; at++) {
            (void)health_feed(&t, s->samples + at, 1, i);
            if (t.state == HEALTH_FAILED)
                t.state = HEALTH_GOOD;
        }
        s->run[i] = t.counters.longest_run;
        s->window[i] = t.counters.most_in_window;
    }
    return HEAD2_OK;
}

/* ---- the page ---- */

static void row(struct page *p, const char *name, const char *fmt, double value)
{
    fprintf(p->f, "<tr><td>%s</td><td class=\"n\">", name);
    fprintf(p->f, fmt, value);
    fputs("</td></tr>\n", p->f);
}

static void summary(struct page *p, const struct sample_set *s)
{
    char now[UTC_BYTES + 1];

    utc_format(now, utc_now());
    fprintf(p->f, "<p>Made on %.10s by head2 %s.", now, head2_version());
    if (s->n < ASSESS_SAMPLES_ASKED)
        fputs(" There are fewer than the 1,000,000 samples that SP 800-90B asks for.", p->f);
    fputs(" A statistical test sees patterns, not causes: the output of a generator with a known "
          "seed looks as good as this.</p>\n<table>\n",
          p->f);
    row(p, "samples", "%.0f", (double)s->n);
    row(p, "bits of a sample", "%.0f", s->bits);
    row(p, "different symbols", "%.0f", s->a.symbols);
    row(p, "H_original, bits for each sample", "%.6f", s->a.h_original);
    if (s->a.symbols > 2)
        row(p, "H_bitstring, bits for each bit", "%.6f", s->a.h_bitstring);
    row(p, "H_I, bits for each sample", "%.6f", s->a.h_initial);
    row(p, "claim for the health tests, bits for each sample", "%.4f", s->h);
    fputs("</table>\n", p->f);
}

static void draw_estimators(struct page *p, const struct sample_set *s)
{
    const char *names[ASSESS_ESTIMATORS];
    double h[ASSESS_ESTIMATORS];
    unsigned n = 0;
    const struct assess_pass *literal = &s->a.literal, *bits = &s->a.bitstring;

    struct plot plot = {.y_label = "bits for each sample",
                        .y = h,
                        .high = s->bits,
                        .names = names,
                        .marked = ASSESS_ESTIMATORS,
                        .bars = true};
    plot.title = "Estimators of SP 800-90B, 6.3 (the least decides)";
    for (unsigned e = 0; e < ASSESS_ESTIMATORS; e++) {
        const double by_bits = bits->h[e] >= 0 ? s->bits * bits->h[e] : 9;
        const double by_symbol = literal->h[e] >= 0 ? literal->h[e] : 9;
        if (fmin(by_bits, by_symbol) > 8)
            continue;
        names[n] = assess_estimator_name((enum assess_estimator)e);
        h[n] = fmin(by_bits, by_symbol);
        if (plot.marked == ASSESS_ESTIMATORS || h[n] < h[plot.marked])
            plot.marked = n;
        n++;
    }
    plot.n = n;
    plot_draw(p, &plot);
}

static double largest(const double *y, size_t n, double at_least)
{
    for (size_t i = 0; i < n; i++)
        at_least = fmax(at_least, fabs(y[i]));
    return at_least;
}

static void draw_bias(struct page *p, const struct sample_set *s)
{
    static const char *const positions[] = {"0", "1", "2", "3", "4", "5", "6", "7"};
    const double sigma3 = 1.5 / sqrt((double)s->n), top = 1.2 * largest(s->bias, s->bits, sigma3);

    plot_draw(p, &(struct plot){
                     .title = "Bias of each bit: share of ones, less one half",
                     .x_label = "bit (0 is the lowest)",
                     .y_label = "bias",
                     .y = s->bias,
                     .n = s->bits,
                     .low = -top,
                     .high = top,
                     .names = positions,
                     .lines = {{sigma3, "3 sigma of fair bits"}, {-sigma3, NULL}},
                     .n_lines = 2,
                     .marked = s->bits,
                     .bars = true
    });
}

static void draw_autocorrelation(struct page *p, const struct sample_set *s)
{
    const double sigma3 = 3 / sqrt((double)s->n), top = 1.2 * largest(s->lag, LAGS, sigma3);

    plot_draw(p, &(struct plot){
                     .title = "Autocorrelation",
                     .x_label = "lag, samples",
                     .y_label = "correlation",
                     .y = s->lag,
                     .n = LAGS,
                     .low = -top,
                     .high = top,
                     .x_first = 1,
                     .x_last = LAGS,
                     .lines = {{sigma3, "3 sigma of independent samples"}, {-sigma3, NULL}},
                     .n_lines = 2,
                     .marked = LAGS,
                     .bars = true
    });
}

static void draw_symbols(struct page *p, const struct sample_set *s)
{
    const size_t n = (size_t)1 << s->bits;

    plot_draw(p, &(struct plot){.title = "How often each value came",
                                .x_label = "value",
                                .y_label = "share",
                                .y = s->symbol,
                                .n = n,
                                .high = 1.1 * largest(s->symbol, n, 0),
                                .x_last = (double)n - 1,
                                .marked = n,
                                .bars = true});
}

static void draw_health(struct page *p, const struct sample_set *s)
{
    struct plot plot = {.title = "Repetition count test: longest run",
                        .x_label = "samples",
                        .y_label = "samples in a row",
                        .y = s->run,
                        .n = SLICES,
                        .high = 1.1 * largest(s->run, SLICES, s->run_cutoff),
                        .x_last = (double)s->n,
                        .lines = {{s->run_cutoff, "cutoff, 2^-40"}},
                        .n_lines = 1};
    plot_draw(p, &plot);
    plot.title = "Adaptive proportion test: most of one value in a window";
    plot.y_label = s->bits == 1 ? "of 1,024" : "of 512";
    plot.y = s->window;
    plot.high = 1.1 * largest(s->window, SLICES, s->window_cutoff);
    plot.lines[0].at = s->window_cutoff;
    plot_draw(p, &plot);
}

static int write_page(struct cli *cli, const struct sample_set *s, const char *out)
{
    char title[128];
    struct page p;
    int code;

    snprintf(title, sizeof title, "Samples of %s", s->name);
    if (!page_begin(&p, title))
        return cli_fail(cli, CLI_INTERNAL, out, NULL, "out of memory");
    summary(&p, s);
    draw_estimators(&p, s);
    draw_bias(&p, s);
    draw_autocorrelation(&p, s);
    draw_symbols(&p, s);
    draw_health(&p, s);
    if (page_end(&p))
        code = cli_write_file(cli, out, p.text, p.len, 0644, FILE_KEEP);
    else
        code = cli_fail(cli, CLI_INTERNAL, out, NULL, "out of memory");
    free(p.text);
    return code;
}

/* ---- the verb ---- */

/* Samples of a source of that name, else of a file. Free *out. */
static int get_samples(const struct cli *cli, struct sample_set *s, uint8_t **out)
{
    struct head2_entropy_info info;
    const int configured = cli_string(cli, "config") != NULL ? rng_configure(cli) : CLI_DONE;
    const struct head2_entropy_source_info *source =
        configured == CLI_DONE ? rng_source(&info, s->name) : NULL;

    if (configured != CLI_DONE)
        return configured;

    if (source == NULL) {
        s->bits = (unsigned)cli_number(cli, "bits", 0);
        return rng_read_file(cli, s->name, ASSESS_SAMPLES_MAX, out, &s->n);
    }
    s->n = (size_t)cli_number(cli, "samples", ASSESS_SAMPLES_ASKED);
    s->h = source->h;
    *out = malloc(s->n);
    if (*out == NULL)
        return cli_fail(cli, CLI_INTERNAL, s->name, NULL, "out of memory");
    return rng_collect(cli, s->name, *out, s->n, &s->bits);
}

static int analyse(const struct cli *cli, struct sample_set *s)
{
    const char *claim = cli_string(cli, "claim");
    const enum head2_status st =
        assess_non_iid(&s->a, &(struct assess_input){s->samples, s->n, s->bits}, NULL);
    char *end = NULL;

    if (st == HEAD2_E_ARG)
        return cli_fail(cli, CLI_INPUT, s->name, "give more; the standard asks for 1000000",
                        "%zu samples are too few", s->n);
    if (st != HEAD2_OK)
        return cli_fail(cli, cli_status_exit(st), s->name, "look at --bits", "%s",
                        head2_status_string(st));
    s->bits = s->a.bits;
    if (claim != NULL)
        s->h = strtod(claim, &end);
    else if (s->h <= 0) /* of a file: half of what is assessed, as for a new device */
        s->h = fmax(s->a.h_initial / 2, s->bits == 1 ? 0.06 : 0.12);
    count_bits_and_symbols(s);
    autocorrelation(s);
    if ((claim != NULL && *end != 0) || health_over_time(s) != HEAD2_OK)
        return cli_fail(cli, CLI_USAGE, "--claim",
                        s->bits == 1 ? "give bits, 0.06 to 1"
                                     : "give bits, from 0.12 to the width of a sample",
                        "'%s' cannot be claimed of a sample of %u bit%s",
                        claim != NULL ? claim : "this", s->bits, s->bits == 1 ? "" : "s");
    return CLI_DONE;
}

int cmd_rng_report(struct cli *cli)
{
    const char *out = cli_string(cli, "out");
    struct sample_set *s = calloc(1, sizeof *s);
    uint8_t *samples = NULL;

    if (s == NULL)
        return cli_fail(cli, CLI_INTERNAL, "rng", NULL, "out of memory");
    if (out == NULL) {
        free(s);
        return cli_fail(cli, CLI_USAGE, "--out", "give it a name for the page",
                        "the option is missing");
    }
    s->name = cli->args[0];
    int code = get_samples(cli, s, &samples);
    s->samples = samples;
    if (code == CLI_DONE)
        code = analyse(cli, s);
    if (code == CLI_DONE)
        code = write_page(cli, s, out);
    if (code == CLI_DONE && cli->json)
        cli_print_json(cli, json_pack("{s:s, s:I, s:f}", "report", out, "samples", (json_int_t)s->n,
                                      "h_initial", s->a.h_initial));
    if (samples != NULL)
        head2_wipe(samples, s->n);
    free(samples);
    free(s);
    return code;
}
