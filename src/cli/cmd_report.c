/*
 * head2 report: a compliance report for a period, from a ledger or an export, which is verified
 * first. What it says is made in artifact/report.h; here are the ledger, the period and the file.
 */
#include "artifact/ledger_export.h"
#include "artifact/report.h"
#include "cli/anchors.h"
#include "cli/files.h"
#include "cli/keys.h"
#include "cli/ledgers.h"
#include "cli/signing.h"
#include "cli/verbs.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct work {
    struct cli *cli;
    char folder[PATH_MAX];
    struct head2_key *key; /* the ledger's */
    struct ledger *l;      /* NULL: an export */
    struct cli_anchors anchors;
    struct report_options options;
    struct report_basis basis;
    struct report *report;
    struct sign_work *signing; /* NULL: the report is not signed */
    const char *out;
    unsigned regimes;
    enum doc_format format;
    char first[LEDGER_FINDING_TEXT]; /* fault of the ledger */
};

static bool holds(const struct work *w, const char *name)
{
    char path[PATH_MAX];

    return snprintf(path, sizeof path, "%s/%s", w->folder, name) < (int)sizeof path &&
           access(path, F_OK) == 0;
}

/* ---- options ---- */

static int read_time(const struct cli *cli, const char *name, uint64_t *ms)
{
    const char *text = cli_string(cli, name);
    char where[16];

    snprintf(where, sizeof where, "--%s", name);
    if (text == NULL)
        return cli_fail(cli, CLI_USAGE, where, "give --from T and --to T, days or times in UTC",
                        "the period is not said");
    if (utc_parse_human(ms, text, strlen(text)) == HEAD2_OK)
        return CLI_DONE;
    return cli_fail(cli, CLI_USAGE, where, "write it as 2026-06-01 or 2026-06-01T05:40:00Z",
                    "'%s' is not a time", text);
}

static unsigned regimes_of(const char *name)
{
    for (unsigned bit = 1; bit < 1u << JOB_REGIMES; bit <<= 1)
        if (strcasecmp(job_regime_name((enum job_regime)bit), name) == 0)
            return bit;
    return strcasecmp(name, "cnsa") == 0 ? REPORT_CNSA : REPORT_ALL;
}

static int read_options(struct work *w)
{
    static const char *const formats[] = {"md", "csv", "html", "json"};
    const struct cli *cli = w->cli;
    const char *format = cli_string_or(cli, "format", "md");
    int code = read_time(cli, "from", &w->options.from_ms);

    if (code == CLI_DONE)
        code = read_time(cli, "to", &w->options.to_ms);
    if (code != CLI_DONE)
        return code;
    if (w->options.from_ms >= w->options.to_ms)
        return cli_fail(cli, CLI_USAGE, "--to", "give a later time; it is not in the period itself",
                        "the period is empty");
    for (unsigned i = 0; i < HEAD2_LEN(formats); i++)
        if (strcasecmp(format, formats[i]) == 0)
            w->format = (enum doc_format)i;
    w->regimes = regimes_of(cli_string_or(cli, "regime", "all"));
    if (w->format == DOC_CSV && w->regimes == REPORT_ALL)
        return cli_fail(cli, CLI_USAGE, "--format", "name one with --regime",
                        "a CSV file holds the tables of one regime");
    return cli_anchors_read_trust(cli, &w->anchors);
}

/* ---- the ledger ---- */

static int read_key(struct work *w)
{
    const char *given = cli_string(w->cli, "ledger-key");
    char path[PATH_MAX];

    w->basis.own_key = given == NULL;
    if (given == NULL && w->l == NULL &&
        snprintf(path, sizeof path, "%s/%s", w->folder, LEDGER_EXPORT_KEY) >= (int)sizeof path)
        return cli_fail(w->cli, CLI_INPUT, w->folder, "use a shorter name", "the name is too long");
    if (given != NULL || w->l == NULL)
        return cli_read_key(w->cli, given != NULL ? given : path, CLI_KEY_VERIFY, &w->key);
    const enum head2_alg alg = head2_key_alg(ledger_key(w->l));
    if (head2_key_from_public(&w->key, alg, head2_key_public(ledger_key(w->l)),
                              head2_alg_public_bytes(alg)) != HEAD2_OK)
        return cli_fail(w->cli, CLI_INTERNAL, w->folder, NULL, "out of memory");
    return CLI_DONE;
}

static int open_ledger(struct work *w)
{
    int code = cli_ledger_folder(w->cli, w->folder);

    if (code != CLI_DONE)
        return code;
    w->basis.is_export = !holds(w, LEDGER_FILE) && holds(w, "checkpoints");
    if (access(w->folder, F_OK) == 0 && !holds(w, LEDGER_FILE) && !w->basis.is_export)
        return cli_fail(w->cli, CLI_INPUT, w->folder, "name a ledger's folder or an export",
                        "neither a ledger nor an export: no " LEDGER_FILE " and no checkpoints");
    if (!w->basis.is_export)
        code = cli_ledger_read(w->cli, &w->l);
    return code == CLI_DONE ? read_key(w) : code;
}

static void found(void *arg, const struct ledger_finding *f)
{
    struct work *w = arg;

    if (w->first[0] == 0 && f->kind != LEDGER_UNSIGNED)
        ledger_finding_text(w->first, f);
}

/* As ledger verify does. */
static int check(struct work *w, struct ledger_summary *sum)
{
    struct ledger_fault fault = {0};
    struct ledger_check *c;

    if (ledger_check_new(&c, w->key, found, w) != HEAD2_OK)
        return cli_fail(w->cli, CLI_INTERNAL, w->folder, NULL, "out of memory");
    const enum head2_status st =
        w->l != NULL ? ledger_check_ledger(c, w->l, cli_ledger_progress, w->cli, &fault)
                     : ledger_export_read(c, w->folder, cli_ledger_progress, w->cli, &fault);
    cli_ledger_progress_end(w->cli);
    ledger_check_end(c, sum);
    ledger_check_free(c);
    if (st != HEAD2_OK)
        return cli_ledger_fail(w->cli, st, &fault);
    if (sum->faults != 0)
        return cli_fail(w->cli, CLI_FAILED, w->folder, "see 'head2 ledger verify'",
                        "no report: %llu fault%s in the ledger, first: %s",
                        (unsigned long long)sum->faults, sum->faults == 1 ? "" : "s", w->first);
    if (sum->is_signed == 0)
        return cli_fail(w->cli, CLI_REFUSED, w->folder, "append something first",
                        "no report: nothing is signed");
    w->basis.checkpoints = sum->checkpoints;
    w->basis.unsigned_entries = sum->entries - sum->is_signed;
    return CLI_DONE;
}

/* A checkpoint of at least so many entries, of an export of just so many, by the ledger's key. */
static int read_note(struct work *w, uint64_t size, struct checkpoint *c)
{
    char note[CHECKPOINT_NOTE_MAX + 1], name[PATH_MAX];
    struct ledger_fault fault = {0};
    size_t len = sizeof note;
    uint8_t *text = NULL;
    const char *why;
    int code = CLI_DONE;

    if (w->l != NULL) {
        const enum head2_status st = ledger_note(w->l, size, note, &len, &fault);
        if (st != HEAD2_OK)
            return cli_ledger_fail(w->cli, st, &fault);
    } else {
        snprintf(name, sizeof name, "%.4000s/checkpoints/%012llu", w->folder,
                 (unsigned long long)size);
        code = cli_read_file(w->cli, name, CHECKPOINT_NOTE_MAX, &text, &len);
        if (code != CLI_DONE)
            return code;
        memcpy(note, text, len);
        free(text);
    }
    if (checkpoint_parse(c, note, len, &why) == HEAD2_OK &&
        checkpoint_check(c, w->key) == HEAD2_OK && c->size >= size)
        return CLI_DONE;
    return cli_fail(w->cli, CLI_FAILED, w->folder, "try again",
                    "the checkpoint of %llu entries has changed while it was read",
                    (unsigned long long)size);
}

/* The first checkpoint that covers an entry: its size, in an export. 0: none. */
static uint64_t first_after(const struct work *w, uint64_t index)
{
    char path[PATH_MAX];
    const struct dirent *e;
    uint64_t best = 0;

    if (snprintf(path, sizeof path, "%s/checkpoints", w->folder) >= (int)sizeof path)
        return 0;
    DIR *const dir = opendir(path);
    while (dir != NULL && (e = readdir(dir)) != NULL) {
        char *end;
        const uint64_t size = strtoull(e->d_name, &end, 10);
        if (*end == 0 && size > index && (best == 0 || size < best))
            best = size;
    }
    if (dir != NULL)
        closedir(dir);
    return best;
}

static bool recorded(void *arg, uint64_t index, uint64_t *ms)
{
    struct work *w = arg;
    struct checkpoint c;
    const uint64_t size = w->l != NULL ? index + 1 : first_after(w, index);

    if (size == 0 || read_note(w, size, &c) != CLI_DONE || c.size <= index)
        return false;
    *ms = c.ms;
    return true;
}

/* A ledger vouches for the time of others' signatures, when its key is known and good. */
static void let_it_vouch(struct work *w)
{
    if (w->basis.own_key || w->anchors.trust == NULL || trust_revoked(w->anchors.trust, w->key))
        return;
    w->options.recorded = recorded;
    w->options.recorded_arg = w;
    head2_key_id(w->key, w->options.ledger_id);
}

static int take_entries(struct work *w)
{
    const struct checkpoint *c = &w->basis.checkpoint;
    struct ledger_fault fault = {0};
    uint8_t root[MERKLE_BYTES];

    w->options.trust = w->anchors.trust;
    let_it_vouch(w);
    w->options.judged_ms = c->ms;
    w->basis.alg = head2_key_alg(w->key);
    if (report_new(&w->report, &w->options) != HEAD2_OK)
        return cli_fail(w->cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    const enum head2_status st =
        w->l != NULL
            ? report_take_ledger(w->report, w->l, c->size, cli_ledger_progress, w->cli, &fault)
            : report_take_export(w->report, w->folder, c->size, cli_ledger_progress, w->cli,
                                 &fault);
    cli_ledger_progress_end(w->cli);
    if (st != HEAD2_OK)
        return cli_ledger_fail(w->cli, st, &fault);
    report_root(w->report, root);
    if (memcmp(root, c->root, sizeof root) != 0)
        return cli_fail(w->cli, CLI_FAILED, w->folder, "see 'head2 ledger verify'",
                        "no report: the entries have changed while they were read");
    return CLI_DONE;
}

/* ---- the report ---- */

static bool to_stdout(const struct work *w)
{
    return strcmp(w->out, "-") == 0;
}

/* The key and the ledger that the signature is recorded in, before anything is made. */
static int open_signing(struct work *w)
{
    const struct cli *cli = w->cli;

    if (cli_string(cli, "key") == NULL) {
        if (cli_string(cli, "signer") == NULL && !cli_flag(cli, "no-receipt"))
            return CLI_DONE;
        return cli_fail(cli, CLI_USAGE, cli_flag(cli, "no-receipt") ? "--no-receipt" : "--signer",
                        "add --key FILE, or leave it out", "the report is not signed");
    }
    if (to_stdout(w))
        return cli_fail(cli, CLI_USAGE, "--key", "give --out FILE, or leave --key out",
                        "a report to standard output is not signed");
    if (w->basis.is_export && !cli_flag(cli, "no-receipt"))
        return cli_fail(cli, CLI_USAGE, "--key", "add --no-receipt, or report from the ledger",
                        "an export cannot record the signature");
    return cli_sign_open(w->cli, w->out, &w->signing);
}

static void say_done(struct work *w)
{
    struct cli *cli = w->cli;
    const struct checkpoint *c = &w->basis.checkpoint;

    if (cli->json)
        cli_print_json(cli, json_pack("{s:s*, s:I, s:I, s:b}", "report", w->out, "entries",
                                      (json_int_t)report_entries(w->report), "checkpoint",
                                      (json_int_t)c->size, "signed", w->signing != NULL));
    else
        cli_print(cli, "report %s: %llu entries of the period, from a ledger of %llu%s\n", w->out,
                  (unsigned long long)report_entries(w->report), (unsigned long long)c->size,
                  w->signing != NULL ? "" : "; not signed");
}

static int write_report(struct work *w)
{
    const char *existing = cli_string_or(w->cli, "existing", "refuse");
    char *text;
    size_t len;

    if (report_write(w->report, &w->basis, w->regimes, w->format, &text, &len) != HEAD2_OK)
        return cli_fail(w->cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    int code = cli_write_file(w->cli, w->out, text, len, 0644,
                              strcasecmp(existing, "replace") == 0 ? FILE_REPLACE : FILE_KEEP);
    if (code == CLI_DONE && !to_stdout(w))
        say_done(w);
    if (code == CLI_DONE && w->signing != NULL)
        code = cli_sign_bytes(w->signing, text, len);
    free(text);
    return code;
}

static int run(struct work *w)
{
    struct ledger_summary sum;
    int code = read_options(w);

    if (code == CLI_DONE)
        code = open_ledger(w);
    if (code == CLI_DONE)
        code = open_signing(w);
    if (code == CLI_DONE)
        code = check(w, &sum);
    if (code == CLI_DONE)
        code = read_note(w, sum.is_signed, &w->basis.checkpoint);
    if (code == CLI_DONE)
        code = take_entries(w);
    return code == CLI_DONE ? write_report(w) : code;
}

int cmd_report(struct cli *cli)
{
    struct work *w = calloc(1, sizeof *w);

    if (w == NULL)
        return cli_fail(cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    w->cli = cli;
    w->out = cli_string_or(cli, "out", "-");
    const int code = run(w);
    cli_sign_close(w->signing);
    report_free(w->report);
    ledger_close(w->l);
    head2_key_free(w->key);
    cli_anchors_close(&w->anchors);
    free(w);
    return code;
}
