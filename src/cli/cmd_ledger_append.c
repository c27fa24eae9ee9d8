/*
 * head2 ledger append: files become entries, all of them or none. Who signs, and how it goes where
 * a daemon owns the ledger, is in gateway/ledger_writer.h.
 */
#include "artifact/base64.h"
#include "artifact/mu.h"
#include "cli/files.h"
#include "cli/jobs.h"
#include "cli/keepers.h"
#include "cli/ledgers.h"
#include "cli/verbs.h"
#include "gateway/ledger_writer.h"

#include <errno.h>
#include <stdlib.h>

struct work {
    struct cli *cli;
    char subject[CLI_KEY_ID_TEXT];
    struct cli_signer by; /* of --key */
    struct ledger_writer *writer;
    struct ledger_entry *entries; /* of the files, and of a job's signature */
    size_t n;
};

/* ---- what is appended ---- */

static int check_text(struct cli *cli, const char *path, bool job, const uint8_t *text, size_t len)
{
    size_t bad;

    if (mu_check_utf8(text, len, &bad) != HEAD2_OK)
        return cli_fail(cli, CLI_INPUT, path, "append UTF-8; of other files their signature blocks",
                        "byte %zu is not UTF-8", bad);
    return job ? cli_job_check(cli, path, text, len) : CLI_DONE;
}

static struct ledger_entry *new_entry(struct work *w, uint8_t kind)
{
    struct ledger_entry *e = &w->entries[w->n];

    e->kind = kind;
    e->subject = w->subject;
    e->number = w->n++;
    return e;
}

/* The signature of the only file, behind it. */
static int read_signature(struct work *w)
{
    const struct ledger_entry *job = &w->entries[0];
    char *text;
    size_t len;

    const int code = cli_job_signature(w->cli, w->cli->args[0], (const uint8_t *)job->text,
                                       job->text_len, &text, &len);
    if (code == CLI_DONE) {
        struct ledger_entry *e = new_entry(w, LEDGER_KIND_OTHER);
        e->text = text;
        e->text_len = len;
    } else {
        free(text);
    }
    return code;
}

static int read_files(struct work *w)
{
    struct cli *cli = w->cli;
    const bool job = strcmp(cli_string_or(cli, "kind", "text"), "job") == 0;
    int code = cli_job_options(cli, job);

    if (code != CLI_DONE)
        return code;
    w->entries = calloc((size_t)cli->count + 1, sizeof *w->entries);
    if (w->entries == NULL)
        return cli_fail(cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    for (int i = 0; code == CLI_DONE && i < cli->count; i++) {
        struct ledger_entry *e = new_entry(w, job ? LEDGER_KIND_JOB : LEDGER_KIND_OTHER);
        uint8_t *text = NULL;
        code = cli_read_file(cli, cli->args[i], LEDGER_TEXT_MAX, &text, &e->text_len);
        if (code == CLI_DONE)
            code = check_text(cli, cli->args[i], job, text, e->text_len);
        e->text = (const char *)text;
    }
    if (code == CLI_DONE && cli_string(cli, "signature") != NULL)
        code = read_signature(w);
    return code;
}

/* ---- appending ---- */

/* The names in a list, as words. */
static void print_missing(struct cli *cli, const char *file, const json_t *missing)
{
    for (size_t i = 0; i < json_array_size(missing); i++) {
        if (i == 0)
            cli_print(cli, "note: %s: a report would lack ", file);
        cli_print(cli, "%s%s", i != 0 ? ", " : "", json_string_value(json_array_get(missing, i)));
    }
    if (json_array_size(missing) != 0)
        cli_print(cli, "\n");
}

static void say_entry(struct work *w, const struct ledger_entry *e, const char *file, json_t *list)
{
    struct cli *cli = w->cli;
    json_t *missing = e->kind == LEDGER_KIND_JOB ? cli_job_missing(e->text, e->text_len) : NULL;

    if (cli->json) {
        json_t *o = json_pack("{s:I, s:s*}", "index", (json_int_t)e->index, "file", file);
        if (missing != NULL)
            json_object_set(o, "missing", missing);
        if (json_array_append_new(list, o) != 0)
            cli->out_errno = ENOMEM;
    } else {
        cli_print(cli, "%llu %s\n", (unsigned long long)e->index, file);
        print_missing(cli, file, missing);
    }
    json_decref(missing);
}

static void say_done(struct work *w, enum ledger_sealed sealed)
{
    struct cli *cli = w->cli;
    json_t *list = json_array();

    for (size_t i = 0; i < w->n; i++)
        say_entry(w, &w->entries[i],
                  i < (size_t)cli->count ? cli->args[i] : cli_string(cli, "signature"), list);
    const json_int_t last = (json_int_t)w->entries[w->n - 1].index;
    if (!cli->json && sealed == LEDGER_SEALED_LATER)
        cli_print(cli, "not signed yet: this ledger's key is not in its folder, and its owner does "
                       "not run\n");
    if (cli->json)
        cli_print_json(cli,
                       json_pack("{s:o, s:o}", "entries", list, "checkpoint",
                                 sealed == LEDGER_SEALED ? json_integer(last + 1) : json_null()));
    else
        json_decref(list);
}

static int append(struct work *w)
{
    struct cli *cli = w->cli;
    struct ledger_fault fault;
    enum ledger_sealed sealed;
    const enum head2_status st = ledger_writer_append(w->writer, w->entries, w->n, &sealed, &fault);

    if (st != HEAD2_OK)
        return cli_ledger_fail(cli, st, &fault);
    say_done(w, sealed); /* they are there, whether signed or not */
    return sealed != LEDGER_UNSEALED ? CLI_DONE : cli_ledger_fail(cli, HEAD2_E_IO, &fault);
}

static int open_ledger(struct work *w)
{
    const char *const given = cli_string(w->cli, "key");
    char folder[PATH_MAX];
    struct ledger_fault fault;

    int code = cli_ledger_folder(w->cli, folder);
    if (code == CLI_DONE && given != NULL)
        code = cli_signer_open(w->cli, given, false, &w->by);
    if (code != CLI_DONE)
        return code;
    const enum head2_status st =
        ledger_writer_open(&w->writer, folder, given != NULL ? &w->by.signer : NULL, &fault);
    if (st != HEAD2_OK)
        return cli_ledger_fail(w->cli, st, &fault);
    hex_encode(w->subject, ledger_writer_id(w->writer), HEAD2_KEY_ID_BYTES);
    return CLI_DONE;
}

int cmd_ledger_append(struct cli *cli)
{
    struct work w = {.cli = cli};
    int code = read_files(&w);

    if (code == CLI_DONE)
        code = open_ledger(&w);
    if (code == CLI_DONE)
        code = append(&w);
    for (size_t i = 0; i < w.n; i++)
        free((void *)(uintptr_t)w.entries[i].text);
    free(w.entries);
    ledger_writer_close(w.writer);
    cli_signer_close(&w.by);
    return code;
}
