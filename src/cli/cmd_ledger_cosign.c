/*
 * head2 ledger cosign: a witness signs the newest checkpoint of somebody else's ledger, after it
 * has seen that the ledger has only grown since the last one that it signed.
 */
#include "artifact/utc.h"
#include "artifact/witness.h"
#include "cli/evidence.h"
#include "cli/files.h"
#include "cli/keepers.h"
#include "cli/ledgers.h"
#include "cli/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct work {
    struct cli *cli;
    const char *path;
    struct head2_key *of;
    struct cli_signer by;
    struct ledger *l;
    struct ledger_tiles tiles;
    struct merkle_nodes nodes;
    bool has_nodes;
    char *note;
    size_t len;
    char name[CHECKPOINT_NAME_MAX + 1];
};

/* ---- what is given ---- */

static int read_ledger(struct work *w)
{
    struct ledger_fault fault = {0};
    enum head2_status st = ledger_open(&w->l, w->path, LEDGER_READ, NULL, &fault);

    if (st != HEAD2_OK)
        return cli_ledger_fail(w->cli, st, &fault);
    w->nodes = ledger_nodes(w->l);
    w->has_nodes = true;
    w->len = CHECKPOINT_NOTE_MAX + 1;
    w->note = malloc(w->len);
    if (w->note == NULL)
        return cli_fail(w->cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    st = ledger_note(w->l, 0, w->note, &w->len, &fault);
    if (st == HEAD2_E_STATE)
        return cli_fail(w->cli, CLI_REFUSED, w->path, "the next append signs it",
                        "nothing in it is signed yet");
    return st == HEAD2_OK ? CLI_DONE : cli_ledger_fail(w->cli, st, &fault);
}

static int read_export(struct work *w)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/checkpoint", w->path) >= (int)sizeof path)
        return cli_fail(w->cli, CLI_INPUT, w->path, "use a shorter name", "the name is too long");
    w->nodes = ledger_export_nodes(&w->tiles, w->path);
    w->has_nodes = true;
    return cli_read_note(w->cli, path, &w->note, &w->len);
}

static int read_given(struct work *w)
{
    char path[PATH_MAX];
    struct stat info = {0};

    if (strcmp(w->path, "-") != 0 && stat(w->path, &info) != 0)
        return cli_fail_errno(w->cli, w->path, errno, "cannot read");
    if (!S_ISDIR(info.st_mode))
        return cli_read_note(w->cli, w->path, &w->note, &w->len);
    return snprintf(path, sizeof path, "%s/" LEDGER_FILE, w->path) < (int)sizeof path &&
                   access(path, F_OK) == 0
               ? read_ledger(w)
               : read_export(w);
}

static int read_keys(struct work *w)
{
    static const char *const needed[] = {"of", "key", "witness"};
    struct cli *cli = w->cli;
    const char *const name = cli_string(cli, "name");
    char where[20];

    for (unsigned i = 0; i < HEAD2_LEN(needed); i++) {
        snprintf(where, sizeof where, "--%s", needed[i]);
        if (cli_string(cli, needed[i]) == NULL)
            return cli_fail(cli, CLI_USAGE, where, "see --help", "it is needed");
    }
    int code = cli_read_key(cli, cli_string(cli, "of"), CLI_KEY_VERIFY, &w->of);
    if (code == CLI_DONE)
        code = cli_signer_open(cli, cli_string(cli, "key"), false, &w->by);
    if (code != CLI_DONE)
        return code;
    if (head2_key_same_public(w->of, w->by.key) == HEAD2_OK)
        return cli_fail(cli, CLI_REFUSED, "--key", "a witness is somebody else: use another key",
                        "this is the ledger's own key");
    if (name != NULL && !cosignature_name_ok(name))
        return cli_fail(cli, CLI_USAGE, "--name",
                        "give 1 to 64 characters, such as w1.example.org/drones, without blanks, + "
                        "or a ledger's name",
                        "'%s' cannot be a witness's name", name);
    cosignature_name(w->name, w->by.key);
    if (name != NULL)
        snprintf(w->name, sizeof w->name, "%s", name);
    return CLI_DONE;
}

/* ---- what comes of it ---- */

static int say_refused(struct work *w, const struct witnessed *out, enum head2_status st,
                       const struct ledger_fault *fault)
{
    struct cli *cli = w->cli;

    if (out->evidence[0] != 0 && cli->json)
        cli_print_json(cli, json_pack("{s:s}", "evidence", out->evidence));
    else if (out->evidence[0] != 0)
        cli_print(cli, "evidence of two histories is in %s\n", out->evidence);
    return cli_ledger_fail(cli, st, fault);
}

/* What there is to say to a person; where the note is on standard output, beside it. */
static void say_cosigned(struct cli *cli, const struct witnessed *out, bool beside)
{
    char text[200];

    if (out->first)
        snprintf(text, sizeof text,
                 "the first that this witness has seen of this ledger: trusted as it is, %llu "
                 "entries\n",
                 (unsigned long long)out->size);
    else
        snprintf(text, sizeof text, "%llu entries go on from the %llu that were cosigned before\n",
                 (unsigned long long)out->size, (unsigned long long)out->before);
    if (beside)
        fputs(text, stderr);
    else
        cli_print(cli, "%s", text);
}

/* The note goes into --out or to standard output, with --json as a text of the object. */
static int give(struct work *w, const struct witnessed *out)
{
    struct cli *cli = w->cli;
    const char *const file = cli_string_or(cli, "out", "-");
    const bool beside = strcmp(file, "-") == 0;
    int code = CLI_DONE;

    if (!cli->json || !beside)
        code = cli_write_file(cli, file, out->note, out->len, 0644, FILE_REPLACE);
    if (code != CLI_DONE)
        return code;
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:I, s:I, s:b, s:s*, s:s*}", "name", w->name,
                                      "cosigned", (json_int_t)out->size, "before",
                                      (json_int_t)out->before, "first", out->first, "file",
                                      beside ? NULL : file, "note", beside ? out->note : NULL));
    else
        say_cosigned(cli, out, beside);
    return CLI_DONE;
}

static int cosign(struct work *w)
{
    struct ledger_fault fault;
    struct witnessed *out = calloc(1, sizeof *out);
    const struct witness witness = {.dir = cli_string(w->cli, "witness"),
                                    .of = w->of,
                                    .key = w->by.key,
                                    .signer = w->by.signer,
                                    .name = w->name};

    if (out == NULL)
        return cli_fail(w->cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    const enum head2_status st = witness_cosign(out, &witness, w->note, w->len,
                                                w->has_nodes ? &w->nodes : NULL, utc_now(), &fault);
    const int code = st == HEAD2_OK ? give(w, out) : say_refused(w, out, st, &fault);
    free(out);
    return code;
}

int cmd_ledger_cosign(struct cli *cli)
{
    struct work w = {.cli = cli, .path = cli->args[0]};
    int code = read_keys(&w);

    if (code == CLI_DONE)
        code = read_given(&w);
    if (code == CLI_DONE)
        code = cosign(&w);
    free(w.note);
    ledger_close(w.l);
    head2_key_free(w.of);
    cli_signer_close(&w.by);
    return code;
}
