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
int cli_ledger_place(const struct cli *cli, char out[PATH_MAX]); /* the same; it has to be there */
int cli_ledger_read(const struct cli *cli, struct ledger **l);
int cli_ledger_fail(const struct cli *cli, enum head2_status st, const struct ledger_fault *fault);

/* The number of an entry as it is typed; false: it is none. */
bool cli_ledger_number(uint64_t *index, const char *text);

/* One line for an entry, with the first line of its text; or with --json its object. */
void cli_ledger_list_entry(struct cli *cli, const struct ledger_entry *e);

/* A ledger_progress_fn; arg is the struct cli. Nothing where standard error is no terminal, or with
 * --json. */
void cli_ledger_progress(void *arg, uint64_t done);
void cli_ledger_progress_end(const struct cli *cli);

#endif
