/*
 * head2 ledger verify: a ledger's folder, an export or a proof, checked offline, also against a
 * checkpoint that was kept elsewhere; and what such a check cannot show.
 */
#include "artifact/base64.h"
#include "artifact/ledger_json.h"
#include "artifact/utc.h"
#include "cli/evidence.h"
#include "cli/files.h"
#include "cli/keys.h"
#include "cli/ledgers.h"
#include "cli/verbs.h"
#include "cli/witnesses.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct work {
    struct cli *cli;
    const char *path;
    struct head2_key *key;
    bool own_key; /* of what is checked, not of somebody who knows */
    struct ledger *l;
    struct ledger_check *check;
    char first[LEDGER_FINDING_TEXT]; /* fault, for the error line */
    struct cli_witnesses witnesses;
};

static bool holds(const char *folder, const char *name)
{
    char path[PATH_MAX];

    return snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path &&
           access(path, F_OK) == 0;
}

/* ---- a proof ---- */

static int say_proven(struct cli *cli, const char *path, const struct ledger_proven *p)
{
    char when[UTC_BYTES + 1], point[UTC_BYTES + 1], kind[LEDGER_KIND_NAME];
    char root[BASE64_LEN(MERKLE_BYTES) + 1] = {0};

    utc_format(when, p->entry.ms);
    utc_format(point, p->signed_ms);
    ledger_kind_name(kind, p->entry.kind);
    base64_encode(root, p->root, sizeof p->root);
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s*, s:s, s:I, s:s, s:s, s:I, s:s, s:s}", "file", path,
                                      "verdict", "valid", "index", (json_int_t)p->entry.index,
                                      "kind", kind, "time", when, "size", (json_int_t)p->size,
                                      "root", root, "signed", point));
    else
        cli_print(cli,
                  "valid %s: entry %llu, %s of %s, is in the ledger of %llu entries signed at %s\n",
                  path, (unsigned long long)p->entry.index, kind, when, (unsigned long long)p->size,
                  point);
    return CLI_DONE;
}

static int verify_proof(struct work *w)
{
    struct cli *cli = w->cli;
    struct ledger_proven proven;
    const char *why = NULL;
    uint8_t *text;
    size_t len;
    json_t *o = NULL;

    if (cli_string(cli, "key") == NULL)
        return cli_fail(cli, CLI_USAGE, "--key", "give --key FILE with the ledger's public key",
                        "a proof names no key that could be trusted");
    if (cli_string(cli, "against") != NULL)
        return cli_fail(cli, CLI_USAGE, "--against", "leave it out, or verify the ledger",
                        "a proof is of one entry");
    if (cli_string(cli, "evidence") != NULL)
        return cli_fail(cli, CLI_USAGE, "--evidence", "leave it out, or verify the ledger",
                        "a proof is of one entry");
    int code = cli_read_key(cli, cli_string(cli, "key"), CLI_KEY_VERIFY, &w->key);
    if (code == CLI_DONE)
        code = cli_witnesses_read(cli, &w->witnesses);
    if (code == CLI_DONE)
        code = cli_read_file(cli, w->path, LEDGER_PROOF_MAX, &text, &len);
    if (code != CLI_DONE)
        return code;
    o = ledger_proof_load((char *)text, len, &why);
    free(text);
    const enum head2_status st =
        o != NULL ? ledger_proof_check(&proven, o, w->key, &why) : HEAD2_E_MALFORMED;
    const json_t *const note = json_object_get(o, "checkpoint");
    const char *lacks = st == HEAD2_OK ? cli_witnesses_note(&w->witnesses, json_string_value(note),
                                                            json_string_length(note))
                                       : NULL;
    if (lacks != NULL)
        code = cli_fail(cli, CLI_FAILED, w->path, "ask for one of a checkpoint that was cosigned",
                        "its checkpoint is not cosigned by the witness %s", lacks);
    else if (st == HEAD2_OK)
        code = say_proven(cli, w->path, &proven);
    else if (st == HEAD2_E_MALFORMED)
        code = cli_fail(cli, CLI_INPUT, w->path,
                        "give a ledger's folder, an export, or what 'ledger prove' wrote",
                        "malformed: %s", why);
    else
        code = cli_fail(cli, CLI_FAILED, w->path, "do not rely on it; ask for another",
                        "invalid: %s", why);
    json_decref(o);
    return code;
}

/* ---- findings ---- */

static void tell(void *arg, const struct ledger_finding *f)
{
    struct work *w = arg;
    char text[LEDGER_FINDING_TEXT];

    ledger_finding_text(text, f);
    if (w->first[0] == 0 && f->kind != LEDGER_UNSIGNED)
        memcpy(w->first, text, sizeof w->first);
    cli_ledger_progress_end(w->cli);
    if (w->cli->json)
        cli_print_json(w->cli,
                       json_pack("{s:s*, s:s*}", f->kind != LEDGER_UNSIGNED ? "fault" : "note",
                                 text, "name", f->name));
    else
        cli_print(w->cli, "%s: %s\n", f->kind != LEDGER_UNSIGNED ? "fault" : "note", text);
}

static void say_limits(struct work *w, const struct ledger_summary *sum)
{
    if (sum->kept == 0)
        cli_print(w->cli,
                  "not shown: that nobody was shown another history, and that no newer entries "
                  "were cut off with their checkpoints. For that give --against a checkpoint that "
                  "was kept elsewhere, or an earlier export\n");
    else
        cli_print(w->cli, "compared with %llu checkpoint%s kept elsewhere\n",
                  (unsigned long long)sum->kept, sum->kept == 1 ? "" : "s");
    if (w->own_key)
        cli_print(w->cli, "checked with the key that lies in it: give --key with a copy kept "
                          "elsewhere to exclude one made up as a whole\n");
}

static int report(struct work *w, const struct ledger_summary *sum, const char *evidence)
{
    struct cli *cli = w->cli;
    char root[BASE64_LEN(MERKLE_BYTES) + 1] = {0};

    base64_encode(root, sum->root, sizeof sum->root);
    if (cli->json) {
        cli_print_json(
            cli, json_pack("{s:s*, s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:b, s:b, s:o, s:s*}", "path",
                           w->path, "verdict", sum->faults == 0 ? "valid" : "invalid", "entries",
                           (json_int_t)sum->entries, "signed", (json_int_t)sum->is_signed,
                           "checkpoints", (json_int_t)sum->checkpoints, "kept",
                           (json_int_t)sum->kept, "faults", (json_int_t)sum->faults, "root", root,
                           "own_key", w->own_key, "shows_fork_and_rollback", sum->kept != 0,
                           "cosigned", cli_witnesses_json(&w->witnesses), "evidence", evidence));
    } else {
        cli_print(cli, "%llu entries, %llu of them signed, %llu checkpoints, %llu faults\n",
                  (unsigned long long)sum->entries, (unsigned long long)sum->is_signed,
                  (unsigned long long)sum->checkpoints, (unsigned long long)sum->faults);
        cli_print(cli, "root %s\n", root);
        cli_witnesses_say(cli, &w->witnesses, sum->entries);
        say_limits(w, sum);
        if (evidence != NULL)
            cli_print(cli, "evidence of two histories is in %s: 'head2 ledger judge' shows it\n",
                      evidence);
    }
    if (sum->faults == 0)
        return CLI_DONE;
    return cli_fail(cli, CLI_FAILED, w->path, "keep all of it as it is; compare with a copy",
                    "%llu fault%s, first: %s", (unsigned long long)sum->faults,
                    sum->faults == 1 ? "" : "s", w->first);
}

/* ---- what was kept elsewhere ---- */

static int take_kept_file(struct work *w, const char *path)
{
    char *note;
    size_t len;

    int code = cli_read_note(w->cli, path, &note, &len);
    if (code == CLI_DONE && ledger_check_note(w->check, path, note, len, true) != HEAD2_OK)
        code = cli_fail(w->cli, CLI_INTERNAL, path, NULL, "out of memory");
    free(note);
    return code;
}

static int take_kept(struct work *w)
{
    const char *path = cli_string(w->cli, "against");
    struct ledger_fault fault;
    struct stat info = {0};

    if (path == NULL)
        return CLI_DONE;
    if (strcmp(path, "-") != 0 && stat(path, &info) != 0)
        return cli_fail_errno(w->cli, path, errno, "cannot read");
    if (!S_ISDIR(info.st_mode))
        return take_kept_file(w, path);
    const enum head2_status st = ledger_export_notes(w->check, path, &fault);
    return st == HEAD2_OK ? CLI_DONE : cli_ledger_fail(w->cli, st, &fault);
}

/* ---- ledgers and exports ---- */

static int find_key(struct work *w)
{
    char beside[PATH_MAX];
    const char *given = cli_string(w->cli, "key");

    w->own_key = given == NULL;
    if (given != NULL)
        return cli_read_key(w->cli, given, CLI_KEY_VERIFY, &w->key);
    if (w->l != NULL)
        return head2_key_from_public(
                   &w->key, head2_key_alg(ledger_key(w->l)), head2_key_public(ledger_key(w->l)),
                   head2_alg_public_bytes(head2_key_alg(ledger_key(w->l)))) == HEAD2_OK
                   ? CLI_DONE
                   : cli_fail(w->cli, CLI_INTERNAL, w->path, NULL, "its key cannot be read");
    if (snprintf(beside, sizeof beside, "%s/" LEDGER_EXPORT_KEY, w->path) >= (int)sizeof beside)
        return cli_fail(w->cli, CLI_INPUT, w->path, "use a shorter name", "the name is too long");
    return cli_read_key(w->cli, beside, CLI_KEY_VERIFY, &w->key);
}

/* Written where there is any. It is said, and counts, after what else was found. */
static int keep_evidence(struct work *w, const char **written)
{
    const struct cli_evidence_of of = {.check = w->check,
                                       .ledger = w->l,
                                       .path = w->path,
                                       .against = cli_string(w->cli, "against"),
                                       .key = w->key};
    const char *const file = cli_string(w->cli, "evidence");
    bool any = false;

    if (file == NULL)
        return CLI_DONE;
    const int code = cli_evidence_write(w->cli, &of, file, &any);
    *written = any ? file : NULL;
    if (code == CLI_DONE && !any && !w->cli->json)
        cli_print(w->cli, "no two histories: nothing is written to %s\n", file);
    return code;
}

static int verify_folder(struct work *w)
{
    struct ledger_fault fault = {0};
    struct ledger_summary sum;

    if (holds(w->path, LEDGER_FILE)) {
        const enum head2_status st = ledger_open(&w->l, w->path, LEDGER_READ, NULL, &fault);
        if (st != HEAD2_OK)
            return cli_ledger_fail(w->cli, st, &fault);
    } else if (!holds(w->path, "checkpoints")) {
        return cli_fail(w->cli, CLI_INPUT, w->path, "name a ledger's folder or an export",
                        "neither a ledger nor an export: no " LEDGER_FILE " and no checkpoints");
    }
    int code = find_key(w);
    if (code == CLI_DONE && ledger_check_new(&w->check, w->key, tell, w) != HEAD2_OK)
        code = cli_fail(w->cli, CLI_INTERNAL, w->path, NULL, "out of memory");
    if (code == CLI_DONE)
        code = take_kept(w);
    if (code == CLI_DONE)
        code = cli_witnesses_read(w->cli, &w->witnesses);
    if (code != CLI_DONE)
        return code;
    const enum head2_status st =
        w->l != NULL ? ledger_check_ledger(w->check, w->l, cli_ledger_progress, w->cli, &fault)
                     : ledger_export_read(w->check, w->path, cli_ledger_progress, w->cli, &fault);
    cli_ledger_progress_end(w->cli);
    cli_witnesses_check(&w->witnesses, w->check);
    ledger_check_end(w->check, &sum);
    const char *evidence = NULL;
    code = keep_evidence(w, &evidence);
    if (st == HEAD2_OK && code == CLI_DONE)
        return report(w, &sum, evidence);
    if (st == HEAD2_OK)
        return code;
    if (!w->cli->json)
        cli_print(w->cli, "%llu entries could be read\n", (unsigned long long)sum.entries);
    return cli_ledger_fail(w->cli, st, &fault);
}

int cmd_ledger_verify(struct cli *cli)
{
    struct work w = {.cli = cli, .path = cli->args[0]};
    struct stat info = {0};

    if (strcmp(w.path, "-") != 0 && stat(w.path, &info) != 0)
        return cli_fail_errno(cli, w.path, errno, "cannot read");
    const int code = S_ISDIR(info.st_mode) ? verify_folder(&w) : verify_proof(&w);
    cli_witnesses_free(&w.witnesses);
    ledger_check_free(w.check);
    ledger_close(w.l);
    head2_key_free(w.key);
    return code;
}
