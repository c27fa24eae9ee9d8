/*
 * head2 rng selftest and conditioning: whether the machinery works, and what comes out of it.
 */
#include "cli/files.h"
#include "cli/rng.h"
#include "cli/verbs.h"

#include "entropy/condition.h"
#include "entropy/health.h"

#include <head2/random.h>

#include <stdlib.h>

/* ---- faults on purpose ---- */

/*
 * A source of 8-bit samples that claims 4 bits: credited nothing, tested as any other. It begins
 * well, passes the start-up tests, and then gives what must be found: once a sample at a time, to
 * see where it is put aside, and once all at a time, to see that it fails for good.
 */
enum { CLAIM = 4, GOOD_FIRST = HEALTH_STARTUP_SAMPLES + 512, FAULTY_MAX = 1 << 16 };

struct fault {
    const char *name;
    const char *source[2]; /* one for each time: what has failed stays failed */
    const uint8_t *recorded;
    size_t n;
};

static uint8_t faulty_sample(const struct fault *f, size_t i)
{
    if (f->recorded != NULL)
        return f->recorded[i];
    if (strcmp(f->name, "stuck") == 0)
        return 0xa5;
    if (strcmp(f->name, "periodic") == 0)
        return (uint8_t)(i % 4);
    return i % 3 == 0 ? (uint8_t)(i * 167 >> 4) : 0x11; /* biased: two thirds are one value */
}

/* Offer the fault in pieces until the tests speak; *at receives after how many samples, 0: never.
 * What is known of the source then is in *info. */
static enum head2_status run_fault(const struct fault *f, unsigned time, size_t piece, size_t *at,
                                   struct head2_entropy_info *info)
{
    const struct head2_entropy_source source = {
        .name = f->source[time], .kind = HEAD2_ENTROPY_ADDITIONAL, .h = CLAIM};
    enum head2_status st;
    uint8_t samples[GOOD_FIRST];
    unsigned id;

    *at = 0;
    HEAD2_TRY(head2_random(samples, sizeof samples));
    HEAD2_TRY(head2_entropy_add(&source, &id));
    HEAD2_TRY(head2_entropy_offer(id, samples, sizeof samples));
    for (size_t i = 0; i < f->n && *at == 0; i += piece) {
        size_t n = 0;
        for (; n < piece && i + n < f->n; n++)
            samples[n] = faulty_sample(f, i + n);
        if (head2_entropy_offer(id, samples, n) != HEAD2_OK)
            *at = i + n;
    }
    head2_entropy_info(info);
done:
    return st;
}

static void print_fault(struct cli *cli, const struct fault *f, size_t quarantined_at,
                        const struct head2_entropy_source_info *s)
{
    const bool failed = s->state == HEAD2_ENTROPY_FAILED, found = quarantined_at != 0 || failed;

    if (cli->json) {
        cli_print_json(cli,
                       json_pack("{s:s, s:s, s:b, s:I, s:b, s:i, s:i}", "test", "induced", "fault",
                                 f->name, "passed", (int)found, "quarantined_at",
                                 (json_int_t)quarantined_at, "failed", (int)failed, "longest_run",
                                 (int)s->longest_run, "most_in_window", (int)s->most_in_window));
        return;
    }
    cli_print(cli, "%-5s fault on purpose: %s: ", found ? "ok" : "FAIL", f->name);
    if (quarantined_at != 0)
        cli_print(cli, "quarantined at sample %zu, ", quarantined_at);
    cli_print(cli,
              "%s (longest run %u, cutoffs %u and %u; most in a window %u, cutoffs %u and %u)\n",
              failed  ? "failed for good when it went on"
              : found ? "not failed for good"
                      : "not found",
              s->longest_run, s->rct_cutoff[0], s->rct_cutoff[1], s->most_in_window,
              s->apt_cutoff[0], s->apt_cutoff[1]);
}

/* Whether the production path finds it. Returns an exit code. */
static int induce(struct cli *cli, const struct fault *f)
{
    struct head2_entropy_info info;
    size_t at, all;
    enum head2_status st = run_fault(f, 0, 1, &at, &info);

    if (st == HEAD2_OK)
        st = run_fault(f, 1, GOOD_FIRST, &all, &info);
    if (st == HEAD2_E_SPACE)
        return cli_fail(cli, CLI_REFUSED, "--induce", "leave --config out, or some of its sources",
                        "a fault needs room for two more sources: there are %d at most",
                        HEAD2_ENTROPY_SOURCES);
    if (st != HEAD2_OK)
        return rng_fail(cli, st);
    print_fault(cli, f, at, &info.source[info.n - 1]);
    return at != 0 ? CLI_DONE
                   : cli_fail(cli, CLI_HEALTH, f->name,
                              "what is no worse than that, only 'head2 rng assess' can tell",
                              "the health tests did not find the fault");
}

static int induce_all(struct cli *cli, const char *what)
{
    static const struct fault faults[] = {
        {"stuck",    {"stuck-1", "stuck-2"},       NULL, FAULTY_MAX},
        {"biased",   {"biased-1", "biased-2"},     NULL, FAULTY_MAX},
        {"periodic", {"periodic-1", "periodic-2"}, NULL, FAULTY_MAX},
    };
    struct fault recorded = {
        what, {"recorded-1", "recorded-2"},
         NULL, 0
    };
    uint8_t *bytes = NULL;
    bool known = strcmp(what, "all") == 0;
    int code = CLI_DONE;

    for (size_t i = 0; i < HEAD2_LEN(faults) && code == CLI_DONE; i++) {
        if (strcmp(what, "all") != 0 && strcmp(what, faults[i].name) != 0)
            continue;
        known = true;
        code = induce(cli, &faults[i]);
    }
    if (known)
        return code;
    code = cli_read_file(cli, what, FAULTY_MAX, &bytes, &recorded.n);
    recorded.recorded = bytes;
    if (code == CLI_DONE && recorded.n == 0)
        code = cli_fail(cli, CLI_INPUT, what, "give a sample a byte", "the file is empty");
    if (code == CLI_DONE)
        code = induce(cli, &recorded);
    free(bytes);
    return code;
}

static void print_startup(struct cli *cli, const struct head2_entropy_source_info *s)
{
    const char *word = s->state == HEAD2_ENTROPY_GOOD     ? "ok"
                       : s->state == HEAD2_ENTROPY_ABSENT ? "skip"
                                                          : "FAIL";

    if (s->kind == HEAD2_ENTROPY_ADDITIONAL)
        return; /* nothing is asked of it */
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:s, s:s, s:s, s:i, s:i}", "test", "start-up",
                                      "source", s->name, "state", entropy_state_name(s->state),
                                      "why", s->why, "longest_run", (int)s->longest_run,
                                      "most_in_window", (int)s->most_in_window));
    else if (s->state == HEAD2_ENTROPY_GOOD)
        cli_print(cli,
                  "%-5s start-up tests of %s: %llu samples, longest run %u (cutoff %u), most "
                  "in a window %u (cutoff %u)\n",
                  word, s->name, (unsigned long long)s->tested, s->longest_run, s->rct_cutoff[0],
                  s->most_in_window, s->apt_cutoff[0]);
    else
        cli_print(cli, "%-5s start-up tests of %s: %s%s%s\n", word, s->name,
                  entropy_state_name(s->state), s->why[0] != 0 ? ": " : "", s->why);
}

int cmd_rng_selftest(struct cli *cli)
{
    struct head2_entropy_info info;
    int code = rng_configure(cli);

    if (code != CLI_DONE)
        return code;
    const enum head2_status st = head2_entropy_selftest();
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:b}", "test", "known answers", "passed",
                                      (int)(st != HEAD2_E_HEALTH)));
    else
        cli_print(cli, "%-5s known answers of SHA3-512 and the generators\n",
                  st != HEAD2_E_HEALTH ? "ok" : "FAIL");
    head2_entropy_info(&info);
    for (unsigned i = 0; i < info.n; i++)
        print_startup(cli, &info.source[i]);
    if (st != HEAD2_OK)
        return rng_fail(cli, st);
    return cli_string(cli, "induce") != NULL ? induce_all(cli, cli_string(cli, "induce"))
                                             : CLI_DONE;
}

/* ---- conditioning ---- */

static void print_conditioning(struct cli *cli, unsigned n_in, unsigned n_out, unsigned nw,
                               double h_in)
{
    const struct condition_entropy e = condition_output_entropy(n_in, n_out, nw, h_in);

    if (cli->json)
        cli_print_json(cli, json_pack("{s:i, s:i, s:i, s:f, s:f, s:f}", "n_in", (int)n_in, "n_out",
                                      (int)n_out, "nw", (int)nw, "h_in", h_in, "h_out", e.bits,
                                      "log2_missing", e.short_log2));
    else
        cli_print(cli, "%6u %6u %6u %9.2f %12.6f   2^%.2f\n", n_in, n_out, nw, h_in, e.bits,
                  e.short_log2);
}

static bool read_real(const char *text, double *out)
{
    char *end;

    *out = strtod(text, &end);
    return end != text && *end == 0 && *out >= 1 && *out <= 1 << 20;
}

int cmd_rng_conditioning(struct cli *cli)
{
    const char *h_in = cli_string(cli, "h-in");
    const unsigned n_in = (unsigned)cli_number(cli, "in", 1024);
    const unsigned n_out = (unsigned)cli_number(cli, "out-bits", CONDITION_SHA3_512_BITS);
    const unsigned nw = (unsigned)cli_number(cli, "nw", CONDITION_SHA3_512_BITS);
    double h;

    if (h_in != NULL && (!read_real(h_in, &h) || h > n_in))
        return cli_fail(cli, CLI_USAGE, "--h-in", "give bits, 1 to as many as go in",
                        "'%s' is not possible with %u bits of input", h_in, n_in);
    if (!cli->json)
        cli_print(cli, "%6s %6s %6s %9s %12s   %s\n", "n_in", "n_out", "nw", "h_in", "h_out",
                  "missing");
    if (h_in != NULL) {
        print_conditioning(cli, n_in, n_out, nw, h);
        return CLI_DONE;
    }
    static const double some[] = {256, 320, 384, 448, 512, 576};
    for (size_t i = 0; i < HEAD2_LEN(some); i++)
        if (some[i] <= n_in)
            print_conditioning(cli, n_in, n_out, nw, some[i]);
    return CLI_DONE;
}
