/* see ledgers.h */
#include "cli/ledgers.h"

#include "cli/files.h"

#include <errno.h>
#include <unistd.h>

int cli_ledger_folder(const struct cli *cli, char out[PATH_MAX])
{
    static const struct cli_place place = {"ledger", "give --ledger DIR"};

    return cli_state_place(cli, &place, out, PATH_MAX);
}

int cli_ledger_fail(const struct cli *cli, enum head2_status st, const struct ledger_fault *fault)
{
    const char *const where = fault->where[0] != 0 ? fault->where : NULL;
    const int e = fault->error;
    enum cli_exit code = cli_status_exit(st);
    const char *hint = fault->hint[0] != 0 ? fault->hint : "check the folder";

    if (e == ENOSPC || e == EDQUOT || e == EFBIG) {
        code = CLI_REFUSED;
        hint = "free some space, or choose another place";
    } else if (e == EROFS || e == EACCES || e == EPERM) {
        code = CLI_REFUSED;
        hint = "choose a place that can be written, or run as its owner";
    } else if (st == HEAD2_E_ENTROPY || st == HEAD2_E_HEALTH) {
        hint = "see 'head2 doctor'";
    }
    return cli_fail(cli, code, where, hint, "%s",
                    fault->what[0] != 0 ? fault->what : head2_status_string(st));
}

int cli_ledger_read(const struct cli *cli, struct ledger **l)
{
    char folder[PATH_MAX];
    struct ledger_fault fault;
    const int code = cli_ledger_folder(cli, folder);

    *l = NULL;
    if (code != CLI_DONE)
        return code;
    if (access(folder, F_OK) != 0)
        return cli_fail(cli, CLI_INPUT, folder, "append something first, or name it with --ledger",
                        "there is no ledger here");
    const enum head2_status st = ledger_open(l, folder, LEDGER_READ, NULL, &fault);
    return st == HEAD2_OK ? CLI_DONE : cli_ledger_fail(cli, st, &fault);
}

static bool shows_progress(const struct cli *cli)
{
    return !cli->json && isatty(STDERR_FILENO);
}

void cli_ledger_progress(void *arg, uint64_t done)
{
    if (shows_progress(arg) && done % 8192 == 0)
        fprintf(stderr, "\r%llu entries ", (unsigned long long)done);
}

void cli_ledger_progress_end(const struct cli *cli)
{
    if (shows_progress(cli))
        fprintf(stderr, "\r%*s\r", 40, "");
}
