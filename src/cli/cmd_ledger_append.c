/*
 * head2 ledger append: files become entries, all of them or none, and one checkpoint signs them.
 *
 * Who signs: --key, else ledger.key.pem of the folder, made with a new ledger. ledger.pub.pem
 * beside it is for those who check.
 */
#include "artifact/base64.h"
#include "artifact/mu.h"
#include "artifact/utc.h"
#include "cli/files.h"
#include "cli/jobs.h"
#include "cli/keys.h"
#include "cli/ledgers.h"
#include "cli/verbs.h"
#include "keys/keyfile.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define KEY_FILE    "ledger.key.pem"
#define PUBLIC_FILE "ledger.pub.pem"

struct work {
    struct cli *cli;
    char folder[PATH_MAX], subject[CLI_KEY_ID_TEXT];
    struct head2_key *key;
    struct ledger *l;
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

static struct ledger_entry *new_entry(struct work *w, uint8_t kind, uint64_t ms)
{
    struct ledger_entry *e = &w->entries[w->n];

    e->kind = kind;
    e->ms = ms;
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
        struct ledger_entry *e = new_entry(w, LEDGER_KIND_OTHER, job->ms);
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
    const uint64_t now = utc_now();
    int code = cli_job_options(cli, job);

    if (code != CLI_DONE)
        return code;
    w->entries = calloc((size_t)cli->count + 1, sizeof *w->entries);
    if (w->entries == NULL)
        return cli_fail(cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    for (int i = 0; code == CLI_DONE && i < cli->count; i++) {
        struct ledger_entry *e = new_entry(w, job ? LEDGER_KIND_JOB : LEDGER_KIND_OTHER, now);
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

/* ---- who signs ---- */

static bool in_folder(const struct work *w, char path[PATH_MAX], const char *name)
{
    return snprintf(path, PATH_MAX, "%s/%s", w->folder, name) < PATH_MAX && access(path, F_OK) == 0;
}

static int make_key(struct work *w, const char *path)
{
    const struct keyfile_options how = {.format = HEAD2_KEY_PEM, .form = HEAD2_PRIVATE_SEED};
    struct keyfile_error err = {0};
    enum head2_status st = HEAD2_OK;

    if (file_make_dirs(w->folder, 0700) != HEAD2_OK)
        return cli_fail_errno(w->cli, w->folder, errno, "cannot make the folder");
    st = head2_key_generate(&w->key, HEAD2_MLDSA_87);
    if (st != HEAD2_OK)
        return cli_fail(w->cli, cli_status_exit(st), path, "see 'head2 doctor'", "%s",
                        head2_status_string(st));
    st = keyfile_write_private(w->key, path, &how, &err);
    if (st == HEAD2_OK)
        return CLI_DONE;
    head2_key_free(w->key);
    w->key = NULL;
    if (access(path, F_OK) == 0) /* another process was quicker */
        return cli_read_key(w->cli, path, CLI_KEY_SIGN, &w->key);
    if (err.error != 0)
        return cli_fail_errno(w->cli, path, err.error, "cannot make the ledger's key");
    return cli_fail(w->cli, cli_status_exit(st), path, err.hint, "%s", err.what);
}

static int find_key(struct work *w)
{
    const char *given = cli_string(w->cli, "key");
    char path[PATH_MAX], database[PATH_MAX];

    if (given != NULL)
        return cli_read_key(w->cli, given, CLI_KEY_SIGN, &w->key);
    if (in_folder(w, path, KEY_FILE))
        return cli_read_key(w->cli, path, CLI_KEY_SIGN, &w->key);
    if (in_folder(w, database, LEDGER_FILE))
        return cli_fail(w->cli, CLI_REFUSED, w->folder, "give --key with that key",
                        "this ledger is signed by a key that is not in its folder");
    return make_key(w, path);
}

/* For those who check: it is in the database too. */
static int write_public(struct work *w)
{
    uint8_t pem[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof pem;
    char path[PATH_MAX];

    if (in_folder(w, path, PUBLIC_FILE))
        return CLI_DONE;
    if (head2_key_write_public(w->key, HEAD2_KEY_PEM, pem, &len) != HEAD2_OK)
        return cli_fail(w->cli, CLI_INTERNAL, path, NULL, "the public key cannot be written");
    return cli_write_file(w->cli, path, pem, len, 0644, FILE_REPLACE);
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

static void say_done(struct work *w)
{
    struct cli *cli = w->cli;
    json_t *list = json_array();

    for (size_t i = 0; i < w->n; i++)
        say_entry(w, &w->entries[i],
                  i < (size_t)cli->count ? cli->args[i] : cli_string(cli, "signature"), list);
    if (cli->json)
        cli_print_json(cli, json_pack("{s:o, s:I}", "entries", list, "checkpoint",
                                      (json_int_t)ledger_size(w->l)));
    else
        json_decref(list);
}

static int append(struct work *w)
{
    const struct artifact_signer signer = artifact_signer_of_key(w->key, false);
    struct cli *cli = w->cli;
    struct ledger_fault fault = {0};
    enum head2_status st = ledger_open(&w->l, w->folder, LEDGER_APPEND, w->key, &fault);

    if (st != HEAD2_OK)
        return cli_ledger_fail(cli, st, &fault);
    int code = write_public(w);
    if (code != CLI_DONE)
        return code;
    st = ledger_append(w->l, w->entries, w->n, &fault);
    if (st != HEAD2_OK)
        return cli_ledger_fail(cli, st, &fault);
    st = ledger_sign(w->l, &signer, utc_now(), &fault);
    say_done(w); /* they are there, whether signed or not */
    if (st == HEAD2_OK)
        return CLI_DONE;
    code = cli_ledger_fail(cli, st, &fault);
    return code;
}

int cmd_ledger_append(struct cli *cli)
{
    struct work w = {.cli = cli};
    int code = cli_ledger_folder(cli, w.folder);

    if (code == CLI_DONE)
        code = read_files(&w);
    if (code == CLI_DONE)
        code = find_key(&w);
    if (code == CLI_DONE) {
        cli_key_id(w.subject, w.key);
        code = append(&w);
    }
    for (size_t i = 0; i < w.n; i++)
        free((void *)(uintptr_t)w.entries[i].text);
    free(w.entries);
    ledger_close(w.l);
    head2_key_free(w.key);
    return code;
}
