/*
 * head2 rng assess FILE|SOURCE: how much entropy samples of a noise source show, by SP 800-90B.
 */
#include "assess/assess.h"
#include "cli/files.h"
#include "cli/rng.h"
#include "cli/verbs.h"
#include "gateway/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

struct request {
    const char *file;
    const char *shown; /* of the file, in what is printed */
    struct assess_input in;
    bool iid;
    bool restart;
    double initial; /* 0: not given */
    uint8_t seed[32];
    struct assess_progress progress;
};

static bool show_progress(void *arg, const char *work, unsigned done, unsigned of)
{
    (void)arg;
    fprintf(stderr, "\r\033[K%s: %u of %u", work, done, of);
    return true;
}

/* Before anything else is printed: the line belongs to what comes now. */
static void end_progress(const struct assess_progress *progress)
{
    if (progress != NULL)
        fprintf(stderr, "\r\033[K");
}

static int read_seed(const struct cli *cli, uint8_t seed[32])
{
    const char *hex = cli_string(cli, "seed");
    size_t n = 0;

    for (; hex != NULL && hex[n] != 0 && n < 64; n++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit = strchr(digits, hex[n]);
        if (digit == NULL)
            break;
        seed[n / 2] = (uint8_t)(seed[n / 2] << 4 | ((digit - digits) & 15));
    }
    if (hex != NULL && (n != 64 || hex[n] != 0))
        return cli_fail(cli, CLI_USAGE, "--seed", "give 64 hexadecimal digits", "not a seed");
    return CLI_DONE;
}

static int read_request(const struct cli *cli, struct request *r)
{
    const char *initial = cli_string(cli, "initial");
    char *end = NULL;

    *r = (struct request){.file = cli->args[0],
                          .iid = cli_flag(cli, "iid"),
                          .restart = cli_flag(cli, "restart"),
                          .in = {.bits = (unsigned)cli_number(cli, "bits", 0)},
                          .progress = {.report = show_progress}};
    r->shown = strcmp(r->file, "-") == 0 ? "standard input" : r->file;
    if (r->iid && cli_flag(cli, "non-iid"))
        return cli_fail(cli, CLI_USAGE, "--non-iid", "leave one of them out",
                        "--iid and --non-iid were both given");
    if (initial != NULL) {
        r->initial = strtod(initial, &end);
        if (*end != 0 || !(r->initial > 0 && r->initial <= 8))
            return cli_fail(cli, CLI_USAGE, "--initial",
                            "give bits of entropy for each sample, above 0 and at most 8",
                            "'%s' is not such a number", initial);
    }
    if (r->restart && initial == NULL)
        return cli_fail(cli, CLI_USAGE, "--restart", "add --initial H, from an assessment before",
                        "the initial estimate is missing");
    if (cli_string(cli, "seed") != NULL && (!r->iid || r->restart))
        return cli_fail(cli, CLI_USAGE, "--seed", "add --iid, or leave it out",
                        "there is nothing to permute");
    return read_seed(cli, r->seed);
}

/* ---- what went wrong ---- */

static int no_entropy(const struct cli *cli, const struct request *r)
{
    return cli_fail(cli, CLI_FAILED, r->shown, "look at the source: it is stuck",
                    "no entropy: all samples are the same");
}

static int failed(const struct cli *cli, const struct request *r, enum head2_status st,
                  unsigned symbols)
{
    const size_t least = r->iid ? ASSESS_SAMPLES_IID_MIN : ASSESS_SAMPLES_MIN;

    if (st == HEAD2_E_MALFORMED)
        return cli_fail(cli, CLI_INPUT, r->shown, "give more --bits, or leave it out",
                        "a sample has more than %u bit%s", r->in.bits, r->in.bits == 1 ? "" : "s");
    if (st == HEAD2_E_ARG && symbols == 1)
        return no_entropy(cli, r);
    if (st == HEAD2_E_ARG && r->restart && r->in.n != ASSESS_SAMPLES_ASKED)
        return cli_fail(cli, CLI_INPUT, r->shown, "give 1000 restarts of 1000 samples each",
                        "%zu samples, not 1000000", r->in.n);
    if (st == HEAD2_E_ARG && r->restart)
        return cli_fail(cli, CLI_USAGE, "--initial", "give what the samples were assessed at",
                        "more than %u different symbols can have", symbols);
    if (st == HEAD2_E_ARG)
        return cli_fail(cli, CLI_INPUT, r->shown, "give more; the standard asks for 1000000",
                        "%zu samples are too few: at least %zu", r->in.n, least);
    return cli_fail(cli, CLI_INTERNAL, r->shown, "give fewer samples, or more memory", "%s",
                    head2_status_string(st));
}

/* ---- what is printed ---- */

static void print_head(struct cli *cli, const struct request *r, unsigned bits, unsigned symbols)
{
    cli_print(cli, "%s: %zu samples of %u bit%s, %u different\n", r->shown, r->in.n, bits,
              bits == 1 ? "" : "s", symbols);
    if (r->in.n < ASSESS_SAMPLES_ASKED)
        cli_print(cli, "fewer than the 1000000 samples that the standard asks for\n");
}

static json_t *head_json(const struct request *r, const char *track, unsigned bits,
                         unsigned symbols)
{
    return json_pack("{s:s, s:s, s:I, s:i, s:i, s:b}", "file", r->file, "track", track, "samples",
                     (json_int_t)r->in.n, "bits", (int)bits, "symbols", (int)symbols, "enough",
                     (int)(r->in.n >= ASSESS_SAMPLES_ASKED));
}

static void set_real(json_t *object, const char *name, double value)
{
    json_object_set_new(object, name, value >= 0 ? json_real(value) : json_null());
}

static json_t *pass_json(const struct assess_pass *pass)
{
    json_t *o = json_object();

    for (unsigned e = 0; e < ASSESS_ESTIMATORS; e++)
        set_real(o, assess_estimator_name((enum assess_estimator)e), pass->h[e]);
    return o;
}

static void print_estimates(struct cli *cli, const char *left, const struct assess_pass *a,
                            const char *right, const struct assess_pass *b)
{
    cli_print(cli, "%-20s %10s %10s\n", "", left, right);
    for (unsigned e = 0; e < ASSESS_ESTIMATORS; e++) {
        char cell[2][24] = {"-", "-"};
        const double h[2] = {a->h[e], b->h[e]};
        for (unsigned i = 0; i < 2; i++)
            if (h[i] >= 0)
                snprintf(cell[i], sizeof cell[i], "%.6f", h[i]);
        cli_print(cli, "%-20s %10s %10s\n", assess_estimator_name((enum assess_estimator)e),
                  cell[0], cell[1]);
    }
}

static int run_non_iid(struct cli *cli, const struct request *r,
                       const struct assess_progress *progress)
{
    struct assess_non_iid a;

    const enum head2_status st = assess_non_iid(&a, &r->in, progress);
    end_progress(progress);
    if (st != HEAD2_OK)
        return failed(cli, r, st, a.symbols);
    if (a.symbols == 1)
        return no_entropy(cli, r);
    const double h = r->initial > 0 && r->initial < a.h_initial ? r->initial : a.h_initial;
    const bool by_bits = a.symbols > 2 && a.bits * a.h_bitstring < a.h_original;
    const struct assess_pass *by = by_bits ? &a.bitstring : &a.literal;
    const char *set_by =
        h < a.h_initial ? "what was submitted" : assess_estimator_name(by->least_by);
    if (cli->json) {
        json_t *o = head_json(r, "non-iid", a.bits, a.symbols);
        json_object_set_new(o, "literal", pass_json(&a.literal));
        json_object_set_new(o, "bitstring", pass_json(&a.bitstring));
        set_real(o, "h_original", a.h_original);
        set_real(o, "h_bitstring", a.symbols > 2 ? a.h_bitstring : ASSESS_NONE);
        set_real(o, "h_initial", h);
        json_object_set_new(o, "by", json_string(set_by));
        json_object_set_new(o, "of", json_string(by_bits ? "bits" : "symbols"));
        cli_print_json(cli, o);
        return CLI_DONE;
    }
    print_head(cli, r, a.bits, a.symbols);
    print_estimates(cli, "a symbol", &a.literal, "a bit", &a.bitstring);
    cli_print(cli, "H_original %.6f", a.h_original);
    if (a.symbols > 2)
        cli_print(cli, ", H_bitstring %.6f", a.h_bitstring);
    cli_print(cli, "\nH_I %.6f of %u bits for each sample, by %s%s\n", h, a.bits, set_by,
              h < a.h_initial ? ""
              : by_bits       ? " of the bits"
                              : " of the symbols");
    return CLI_DONE;
}

static const char *verdict(const struct assess_statistic *s)
{
    return s->passed ? "ok" : s->tested ? "FAIL" : "not needed";
}

static void print_iid(struct cli *cli, const struct request *r, const struct assess_iid *a)
{
    print_head(cli, r, a->bits, a->symbols);
    cli_print(cli, "%-32s %s (p %.6f)\n", "independence", a->independence.passed ? "ok" : "FAIL",
              a->independence.p_value);
    cli_print(cli, "%-32s %s (p %.6f)\n", "goodness of fit",
              a->goodness_of_fit.passed ? "ok" : "FAIL", a->goodness_of_fit.p_value);
    cli_print(cli, "%-32s %s (length %llu, p %.6f)\n", "longest repeat",
              a->repeat_passed ? "ok" : "FAIL", (unsigned long long)a->longest_repeat,
              a->repeat_probability);
    for (unsigned i = 0; i < ASSESS_STATISTICS; i++) {
        const struct assess_statistic *s = &a->statistic[i];
        cli_print(cli, "%-32s %s (%u above, %u equal, %u below)\n", assess_statistic_name(i),
                  verdict(s), s->above, s->equal, s->below);
    }
}

static json_t *iid_json(const struct request *r, const struct assess_iid *a)
{
    json_t *o = head_json(r, "iid", a->bits, a->symbols), *statistics = json_object();

    for (unsigned i = 0; i < ASSESS_STATISTICS; i++) {
        const struct assess_statistic *s = &a->statistic[i];
        json_object_set_new(statistics, assess_statistic_name(i),
                            json_pack("{s:s, s:f, s:i, s:i, s:i}", "verdict", verdict(s),
                                      "original", s->original, "above", (int)s->above, "equal",
                                      (int)s->equal, "below", (int)s->below));
    }
    json_object_set_new(o, "permutations", json_integer(a->permutations));
    json_object_set_new(o, "statistics", statistics);
    set_real(o, "independence_p", a->independence.p_value);
    set_real(o, "goodness_of_fit_p", a->goodness_of_fit.p_value);
    json_object_set_new(o, "longest_repeat", json_integer((json_int_t)a->longest_repeat));
    set_real(o, "longest_repeat_p", fmax(a->repeat_probability, 0));
    json_object_set_new(o, "passed", json_boolean(a->passed));
    return o;
}

static int run_iid(struct cli *cli, const struct request *r, const struct assess_progress *progress)
{
    const struct assess_parallel parallel = {&parallel_runner, parallel_processors()};
    struct assess_iid a;

    const enum head2_status st = assess_iid(&a, &r->in, r->seed, &parallel, progress);
    end_progress(progress);
    if (st != HEAD2_OK)
        return failed(cli, r, st, a.symbols);
    const double h = r->initial > 0 ? fmin(r->initial, a.h_initial) : a.h_initial;
    if (cli->json) {
        json_t *o = iid_json(r, &a);
        set_real(o, "h_initial", a.passed ? h : ASSESS_NONE);
        cli_print_json(cli, o);
    } else {
        print_iid(cli, r, &a);
        if (a.passed)
            cli_print(cli, "H_I %.6f of %u bits for each sample, if it is known why they are IID\n",
                      h, a.bits);
    }
    return a.passed ? CLI_DONE
                    : cli_fail(cli, CLI_FAILED, r->shown,
                               r->in.n < ASSESS_SAMPLES_ASKED
                                   ? "give 1000000: few of many values fail by chance"
                                   : "assess it with --non-iid",
                               "the samples are not IID");
}

static int run_restart(struct cli *cli, const struct request *r,
                       const struct assess_progress *progress)
{
    struct assess_restart a;

    const enum head2_status st = assess_restart(&a, &r->in, r->initial, r->iid, progress);
    end_progress(progress);
    if (st != HEAD2_OK)
        return failed(cli, r, st, a.symbols);
    if (cli->json) {
        json_t *o = head_json(r, r->iid ? "restart, iid" : "restart", a.bits, a.symbols);
        json_object_set_new(o, "most_in_a_row", json_integer(a.most_rows));
        json_object_set_new(o, "most_in_a_column", json_integer(a.most_columns));
        json_object_set_new(o, "cutoff", json_integer(a.cutoff));
        json_object_set_new(o, "rows", pass_json(&a.rows));
        json_object_set_new(o, "columns", pass_json(&a.columns));
        json_object_set_new(o, "passed", json_boolean(a.passed));
        set_real(o, "h", a.passed ? a.h : ASSESS_NONE);
        cli_print_json(cli, o);
    } else {
        print_head(cli, r, a.bits, a.symbols);
        cli_print(cli, "most frequent value: %u in a row, %u in a column, at most %u\n",
                  a.most_rows, a.most_columns, a.cutoff);
        if (a.sane)
            print_estimates(cli, "rows", &a.rows, "columns", &a.columns);
        if (a.passed)
            cli_print(cli, "H %.6f of %u bits for each sample\n", a.h, a.bits);
    }
    if (a.passed)
        return CLI_DONE;
    return cli_fail(cli, CLI_FAILED, r->shown, "look at how the source starts",
                    a.sane ? "rows or columns have less than half of the initial estimate"
                           : "a value comes too often after restarts, or within one");
}

/* Samples of a source of that name, else of a file. Free *out. */
static int get_samples(struct cli *cli, struct request *r, uint8_t **out)
{
    const char *keep = cli_string(cli, "keep");
    struct head2_entropy_info info;

    const int configured = cli_string(cli, "config") != NULL ? rng_configure(cli) : CLI_DONE;

    if (configured != CLI_DONE)
        return configured;
    if (rng_source(&info, r->file) == NULL) {
        if (keep != NULL || cli_string(cli, "samples") != NULL)
            return cli_fail(cli, CLI_USAGE, keep != NULL ? "--keep" : "--samples",
                            "'head2 rng status' lists the sources", "'%s' is not a source",
                            r->file);
        return rng_read_file(cli, r->file, ASSESS_SAMPLES_MAX, out, &r->in.n);
    }
    if (r->restart)
        return cli_fail(cli, CLI_USAGE, "--restart", "use 'head2 rng restart'",
                        "'%s' is a source, not a file of restarts", r->file);
    r->in.n = (size_t)cli_number(cli, "samples", ASSESS_SAMPLES_ASKED);
    *out = malloc(r->in.n);
    if (*out == NULL)
        return cli_fail(cli, CLI_INTERNAL, r->file, NULL, "out of memory");
    const int code = rng_collect(cli, r->file, *out, r->in.n, &r->in.bits);
    return code != CLI_DONE || keep == NULL
               ? code
               : cli_write_file(cli, keep, *out, r->in.n, 0600, FILE_KEEP);
}

int cmd_rng_assess(struct cli *cli)
{
    struct request r;
    uint8_t *samples = NULL;

    int code = read_request(cli, &r);
    if (code != CLI_DONE)
        return code;
    code = get_samples(cli, &r, &samples);
    r.in.samples = samples;
    const bool shown = !cli->json && isatty(STDERR_FILENO);
    const struct assess_progress *progress = shown ? &r.progress : NULL;
    if (code == CLI_DONE && r.restart)
        code = run_restart(cli, &r, progress);
    else if (code == CLI_DONE)
        code = r.iid ? run_iid(cli, &r, progress) : run_non_iid(cli, &r, progress);
    if (samples != NULL)
        head2_wipe(samples, r.in.n);
    free(samples);
    return code;
}
