/*
 * Ledgers for verbs: which folder, the error line, progress on a terminal.
 *
 * The folder is --ledger DIR, else $HEAD2_STATE/ledger, else $XDG_STATE_HOME/head2/ledger, else
 * ~/.local/state/head2/ledger.
 */
#ifndef HEAD2_CLI_LEDGERS_H
#define HEAD2_CLI_LEDGERS_H

#include "artifact/ledger_export.h"
#include "cli/cli.h"

#include <limits.h>

#define CLI_LEDGER_OPTION                                                                          \
    {                                                                                              \
        "ledger", 0, CLI_DIR, "DIR", "the ledger's folder (default: in the state folder)", 0, 0    \
    }

/* These return exit codes. */
int cli_ledger_folder(const struct cli *cli, char out[PATH_MAX]);
int cli_ledger_read(const struct cli *cli, struct ledger **l);
int cli_ledger_fail(const struct cli *cli, enum head2_status st, const struct ledger_fault *fault);

/* A ledger_progress_fn; arg is the struct cli. Nothing where standard error is no terminal, or with
 * --json. */
void cli_ledger_progress(void *arg, uint64_t done);
void cli_ledger_progress_end(const struct cli *cli);

#endif
