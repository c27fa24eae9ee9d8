/*
 * head2 receipt check: whether the ledger of a key holds what receipts' files say. A whole receipt
 * carries its checkpoint; that of a short one is found in the ledger, in an export, or in a file.
 *
 * All files are looked at; the exit code is 1 when one is invalid, else that of the first that
 * could not be judged.
 */
#include "artifact/base64.h"
#include "artifact/ledger_json.h"
#include "artifact/utc.h"
#include "cli/files.h"
#include "cli/keys.h"
#include "cli/ledgers.h"
#include "cli/mu_files.h"
#include "cli/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct work {
    struct cli *cli;
    struct head2_key *key;
    bool own_key;            /* of what is checked, not of somebody who knows */
    struct ledger *l;        /* where checkpoints are: in this, */
    const char *export;      /* in this folder, */
    const char *note;        /* or in this file: */
    struct checkpoint given; /* this one */
    bool any_valid;
};

/* ---- where keys and checkpoints come from ---- */

static int own_key(struct work *w)
{
    const struct head2_key *key = ledger_key(w->l);

    w->own_key = true;
    if (head2_key_from_public(&w->key, head2_key_alg(key), head2_key_public(key),
                              head2_alg_public_bytes(head2_key_alg(key))) == HEAD2_OK)
        return CLI_DONE;
    return cli_fail(w->cli, CLI_INTERNAL, "--ledger", NULL, "its key cannot be read");
}

static int read_note(struct work *w, const char *path, struct checkpoint *c)
{
    uint8_t *text = NULL;
    const char *why;
    size_t len;

    int code = cli_read_file(w->cli, path, CHECKPOINT_NOTE_MAX, &text, &len);
    if (code == CLI_DONE && checkpoint_parse(c, (const char *)text, len, &why) != HEAD2_OK)
        code = cli_fail(w->cli, CLI_INPUT, cli_mu_shown(path),
                        "give a checkpoint's note, or an export", "not a checkpoint: %s", why);
    free(text);
    return code;
}

static int open_checkpoints(struct work *w, const char *path)
{
    const struct cli *cli = w->cli;
    char beside[PATH_MAX];
    struct stat info = {0};

    if (cli_string(cli, "ledger") != NULL)
        return cli_fail(cli, CLI_USAGE, "--checkpoint", "give one of them",
                        "given together with --ledger");
    if (strcmp(path, "-") != 0 && stat(path, &info) != 0)
        return cli_fail_errno(cli, path, errno, "cannot read");
    if (!S_ISDIR(info.st_mode)) {
        w->note = path;
        if (w->key == NULL)
            return cli_fail(cli, CLI_USAGE, "--key", "give --key FILE with the ledger's public key",
                            "a checkpoint names no key that could be trusted");
        return read_note(w, path, &w->given);
    }
    w->export = path;
    if (snprintf(beside, sizeof beside, "%s/checkpoints", path) >= (int)sizeof beside ||
        access(beside, F_OK) != 0)
        return cli_fail(cli, CLI_INPUT, path, "give what 'head2 ledger export' wrote, or a note",
                        "not an export: no folder checkpoints");
    if (w->key != NULL)
        return CLI_DONE;
    w->own_key = true;
    snprintf(beside, sizeof beside, "%.*s/" LEDGER_EXPORT_KEY, PATH_MAX - 32, path);
    return cli_read_key(cli, beside, CLI_KEY_VERIFY, &w->key);
}

static int open_all(struct work *w)
{
    struct cli *cli = w->cli;
    const char *key = cli_string(cli, "key"), *note = cli_string(cli, "checkpoint");
    char folder[PATH_MAX];
    int code = key != NULL ? cli_read_key(cli, key, CLI_KEY_VERIFY, &w->key) : CLI_DONE;

    if (code != CLI_DONE)
        return code;
    if (note != NULL)
        return open_checkpoints(w, note);
    if (key != NULL && cli_string(cli, "ledger") == NULL)
        return CLI_DONE; /* enough for a whole receipt */
    code = cli_ledger_folder(cli, folder);
    if (code == CLI_DONE && key == NULL && cli_string(cli, "ledger") == NULL &&
        access(folder, F_OK) != 0)
        return cli_fail(cli, CLI_USAGE, "--key",
                        "give --key FILE with the ledger's public key, or --ledger DIR",
                        "nothing says whose checkpoints are trusted");
    if (code == CLI_DONE)
        code = cli_ledger_read(cli, &w->l);
    return code == CLI_DONE && w->key == NULL ? own_key(w) : code;
}

/* ---- the checkpoint of a short receipt ---- */

static int no_such_checkpoint(const struct work *w, const char *path, const struct receipt_file *r,
                              const char *where)
{
    return cli_fail(w->cli, CLI_INPUT, cli_mu_shown(path),
                    "give the ledger that it is of, or a later export, or a whole receipt",
                    "%s has no checkpoint of %llu entries", where,
                    (unsigned long long)r->tree_size);
}

static int find_in_export(struct work *w, const char *path, const struct receipt_file *r,
                          struct checkpoint *c)
{
    char name[PATH_MAX];

    if (snprintf(name, sizeof name, "%s/checkpoints/%012llu", w->export,
                 (unsigned long long)r->tree_size) >= (int)sizeof name ||
        access(name, F_OK) != 0)
        return no_such_checkpoint(w, path, r, w->export);
    return read_note(w, name, c);
}

static int find_in_ledger(struct work *w, const char *path, const struct receipt_file *r,
                          struct checkpoint *c)
{
    char note[CHECKPOINT_NOTE_MAX + 1];
    struct ledger_fault fault = {0};
    size_t len = sizeof note;
    const char *why;

    const enum head2_status st = ledger_note(w->l, r->tree_size, note, &len, &fault);
    if (st == HEAD2_E_STATE)
        return no_such_checkpoint(w, path, r, "the ledger");
    if (st != HEAD2_OK)
        return cli_ledger_fail(w->cli, st, &fault);
    if (checkpoint_parse(c, note, len, &why) != HEAD2_OK)
        return cli_fail(w->cli, CLI_INPUT, cli_mu_shown(path),
                        "'head2 ledger verify' looks at all of it",
                        "its checkpoint in the ledger is damaged: %s", why);
    return c->size == r->tree_size ? CLI_DONE : no_such_checkpoint(w, path, r, "the ledger");
}

static int find_checkpoint(struct work *w, const char *path, const struct receipt_file *r,
                           struct checkpoint *c)
{
    char folder[PATH_MAX];

    if (w->note != NULL) {
        *c = w->given;
        return c->size == r->tree_size ? CLI_DONE : no_such_checkpoint(w, path, r, w->note);
    }
    if (w->export != NULL)
        return find_in_export(w, path, r, c);
    if (w->l == NULL) {
        if (cli_ledger_folder(w->cli, folder) != CLI_DONE || access(folder, F_OK) != 0)
            return cli_fail(w->cli, CLI_INPUT, cli_mu_shown(path),
                            "give --ledger DIR or --checkpoint FILE",
                            "a short receipt, which needs its checkpoint");
        const int code = cli_ledger_read(w->cli, &w->l);
        if (code != CLI_DONE)
            return code;
    }
    return find_in_ledger(w, path, r, c);
}

/* ---- verdicts ---- */

static int judged(struct work *w, const char *path, const char *verdict, const char *part)
{
    const bool is_invalid = strcmp(verdict, "invalid") == 0;

    if (w->cli->json)
        cli_print_json(
            w->cli, json_pack("{s:s*, s:s, s:s}", "file", path, "verdict", verdict, "part", part));
    return cli_fail(w->cli, is_invalid ? CLI_FAILED : CLI_INPUT, cli_mu_shown(path),
                    is_invalid ? "do not rely on it; ask for another"
                               : "give what 'head2 receipt get' wrote",
                    "%s: %s", verdict, part);
}

static int say_valid(struct work *w, const char *path, const struct receipt_file *r,
                     const struct checkpoint *c)
{
    char when[UTC_BYTES + 1], point[UTC_BYTES + 1], kind[LEDGER_KIND_NAME];
    char root[BASE64_LEN(MERKLE_BYTES) + 1] = {0};

    w->any_valid = true;
    utc_format(when, r->ms);
    utc_format(point, c->ms);
    ledger_kind_name(kind, r->kind);
    base64_encode(root, c->root, sizeof c->root);
    if (w->cli->json)
        cli_print_json(w->cli,
                       json_pack("{s:s*, s:s, s:I, s:s, s:s, s:I, s:s, s:s, s:s, s:b}", "file",
                                 path, "verdict", "valid", "index", (json_int_t)r->index, "kind",
                                 kind, "time", when, "size", (json_int_t)c->size, "root", root,
                                 "signed", point, "origin", c->origin, "own_key", w->own_key));
    else
        cli_print(w->cli,
                  "valid %s: entry %llu, %s of %s, is in the ledger of %llu entries signed at %s\n",
                  cli_mu_shown(path), (unsigned long long)r->index, kind, when,
                  (unsigned long long)c->size, point);
    return CLI_DONE;
}

struct compared {
    const struct cli_mu *mu;
    struct mu_difference diff;
    bool differs;
};

static bool compare(void *arg, const struct ledger_entry *e)
{
    struct compared *c = arg;

    c->differs =
        receipt_file_explain(&c->mu->receipt, c->mu->bytes, e->text, e->text_len, &c->diff);
    return false;
}

/* A text that does not have its hash: where, if the ledger is there to say what it was. */
static int say_changed(struct work *w, const char *path, const struct cli_mu *mu)
{
    char place[MU_DIFFERENCE_TEXT], part[MU_DIFFERENCE_TEXT + 40];
    const uint64_t index = mu->receipt.index;
    struct compared c = {.mu = mu};
    struct ledger_fault fault;

    if (w->l == NULL || index >= ledger_size(w->l) ||
        ledger_each(w->l, index, compare, &c, &fault) != HEAD2_OK || !c.differs)
        return judged(w, path, "invalid", mu->what);
    mu_difference_text(place, &c.diff);
    snprintf(part, sizeof part, "the text was changed: %s", place);
    return judged(w, path, "invalid", part);
}

static int check_file(struct work *w, const char *path)
{
    struct cli_mu *mu = calloc(1, sizeof *mu);
    struct checkpoint c;
    const char *why = NULL;

    if (mu == NULL)
        return cli_fail(w->cli, CLI_INTERNAL, path, NULL, "out of memory");
    const struct receipt_file *r = &mu->receipt;
    int code = cli_mu_read(w->cli, path, mu);
    if (code != CLI_DONE)
        goto done;
    if (mu->parsed != HEAD2_OK) {
        code = mu->parsed == HEAD2_E_VERIFY ? say_changed(w, path, mu)
                                            : judged(w, path, "malformed", mu->what);
        goto done;
    }
    c = r->checkpoint;
    if (r->proof == RECEIPT_PROOF_SHORT)
        code = find_checkpoint(w, path, r, &c);
    if (code != CLI_DONE)
        goto done;
    const enum head2_status st = receipt_file_check(r, &c, w->key, &why);
    code = st == HEAD2_OK ? say_valid(w, path, r, &c)
           : why != NULL
               ? judged(w, path, "invalid", why)
               : cli_fail(w->cli, cli_status_exit(st), path, NULL, "%s", head2_status_string(st));

done:
    cli_mu_free(mu);
    free(mu);
    return code;
}

int cmd_receipt_check(struct cli *cli)
{
    struct work w = {.cli = cli};
    int code = open_all(&w);

    const int count = code == CLI_DONE ? cli->count : 0;
    for (int i = 0; i < count; i++) {
        const int one = check_file(&w, cli->args[i]);
        if (one != CLI_DONE && (code == CLI_DONE || one == CLI_FAILED))
            code = one;
    }
    if (w.any_valid && w.own_key && !cli->json)
        cli_print(cli, "checked with the key that lies in the ledger: it agrees with itself, no "
                       "more. Give --key with a copy kept elsewhere\n");
    ledger_close(w.l);
    head2_key_free(w.key);
    return code;
}
