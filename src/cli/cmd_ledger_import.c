/*
 * head2 ledger import: an export becomes a ledger again, after a check of all of it. What no
 * checkpoint signs is left out: whoever had the export in his hands may have put it there, and the
 * next checkpoint would sign it.
 */
#include "cli/files.h"
#include "cli/keys.h"
#include "cli/ledgers.h"
#include "cli/verbs.h"

#include <errno.h>
#include <unistd.h>

struct work {
    struct cli *cli;
    const char *export;
    char folder[PATH_MAX];
    struct head2_key *key;
    struct ledger_check *check;
    struct ledger_summary sum;
    char first[LEDGER_FINDING_TEXT]; /* fault */
};

static void find(void *arg, const struct ledger_finding *f)
{
    struct work *w = arg;

    if (w->first[0] == 0 && f->kind != LEDGER_UNSIGNED)
        ledger_finding_text(w->first, f);
}

static int read_key(struct work *w)
{
    char beside[PATH_MAX];
    const char *path = cli_string(w->cli, "key");

    if (path == NULL) {
        if (snprintf(beside, sizeof beside, "%s/" LEDGER_EXPORT_KEY, w->export) >=
            (int)sizeof beside)
            return cli_fail(w->cli, CLI_INPUT, w->export, "use a shorter name",
                            "the name is too long");
        path = beside;
    }
    return cli_read_key(w->cli, path, CLI_KEY_VERIFY, &w->key);
}

/* Everything of it: a ledger that is made of it is as good as the export. */
static int check(struct work *w)
{
    struct ledger_fault fault = {0};

    if (ledger_check_new(&w->check, w->key, find, w) != HEAD2_OK)
        return cli_fail(w->cli, CLI_INTERNAL, w->export, NULL, "out of memory");
    const enum head2_status st =
        ledger_export_read(w->check, w->export, cli_ledger_progress, w->cli, &fault);
    cli_ledger_progress_end(w->cli);
    ledger_check_end(w->check, &w->sum);
    if (st != HEAD2_OK)
        return cli_ledger_fail(w->cli, st, &fault);
    if (w->sum.faults == 0)
        return CLI_DONE;
    return cli_fail(w->cli, CLI_FAILED, w->export,
                    "nothing was made of it; 'head2 ledger verify' names them all",
                    "%llu fault%s, first: %s", (unsigned long long)w->sum.faults,
                    w->sum.faults == 1 ? "" : "s", w->first);
}

/* The folder that the new one stands in. */
static int make_parent(const struct work *w)
{
    char parent[PATH_MAX];

    snprintf(parent, sizeof parent, "%s", w->folder);
    size_t len = strlen(parent);
    while (len > 1 && parent[len - 1] == '/')
        parent[--len] = 0;
    char *const slash = strrchr(parent, '/');
    if (slash == NULL || slash == parent)
        return CLI_DONE;
    *slash = 0;
    return file_make_dirs(parent, 0700) == HEAD2_OK
               ? CLI_DONE
               : cli_fail_errno(w->cli, parent, errno, "cannot make the folder");
}

static int make(struct work *w)
{
    struct cli *cli = w->cli;
    struct ledger_fault fault;
    struct ledger_restored done;
    const unsigned long long left_out = w->sum.entries - w->sum.is_signed;
    const enum head2_status st = ledger_restore(&done, w->export, w->folder, w->key,
                                                w->sum.is_signed, cli_ledger_progress, cli, &fault);

    cli_ledger_progress_end(cli);
    if (st != HEAD2_OK)
        return cli_ledger_fail(cli, st, &fault);
    if (cli->json) {
        cli_print_json(cli,
                       json_pack("{s:s*, s:I, s:I, s:I, s:b}", "folder", w->folder, "entries",
                                 (json_int_t)done.entries, "checkpoints",
                                 (json_int_t)done.checkpoints, "left_out", (json_int_t)left_out,
                                 "own_key", cli_string(cli, "key") == NULL));
        return CLI_DONE;
    }
    cli_print(cli, "%llu entries and %llu checkpoints in %s\n", (unsigned long long)done.entries,
              (unsigned long long)done.checkpoints, w->folder);
    if (left_out != 0)
        cli_print(cli,
                  "left out: %llu entries after the last checkpoint, which nobody has signed\n",
                  left_out);
    if (cli_string(cli, "key") == NULL)
        cli_print(cli, "checked with the key that lies in it: give --key with a copy kept "
                       "elsewhere to exclude one made up as a whole\n");
    return CLI_DONE;
}

int cmd_ledger_import(struct cli *cli)
{
    struct work w = {.cli = cli, .export = cli->args[0]};
    int code = cli_ledger_folder(cli, w.folder);

    if (code == CLI_DONE && access(w.folder, F_OK) == 0)
        return cli_fail(cli, CLI_REFUSED, w.folder, "name another with --ledger",
                        "there is something of that name, and nothing is imported into it");
    if (code == CLI_DONE)
        code = read_key(&w);
    if (code == CLI_DONE)
        code = check(&w);
    if (code == CLI_DONE)
        code = make_parent(&w);
    if (code == CLI_DONE)
        code = make(&w);
    ledger_check_free(w.check);
    head2_key_free(w.key);
    return code;
}
