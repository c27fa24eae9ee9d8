/*
 * What proves that a ledger's signer has signed two histories: found again after a check, and
 * written to a file.
 */
#ifndef HEAD2_CLI_EVIDENCE_H
#define HEAD2_CLI_EVIDENCE_H

#include "artifact/ledger_export.h"
#include "cli/cli.h"

/* A checkpoint of a file, which may be a proof. Returns an exit code. Free *note. */
int cli_read_note(const struct cli *cli, const char *path, char **note, size_t *len);

struct cli_evidence_of {
    const struct ledger_check *check; /* that has ended */
    struct ledger *ledger;            /* which was checked; NULL: the export of path */
    const char *path, *against;       /* against: NULL, a note, a proof or an export */
    const struct head2_key *key;
};

/* Write it where the check has found any; *written says whether. Never over a file that is there.
 * Returns an exit code. */
int cli_evidence_write(struct cli *cli, const struct cli_evidence_of *of, const char *file,
                       bool *written);

#endif
