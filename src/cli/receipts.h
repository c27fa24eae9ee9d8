/*
 * Receipts that verbs write: which folder, whose signature, and the error line.
 *
 * The folder is --receipts DIR, else $HEAD2_STATE/receipts, else $XDG_STATE_HOME/head2/receipts,
 * else ~/.local/state/head2/receipts; --no-receipt writes none. The folder's own identity signs
 * (see artifact/receipt_store.h). A verb opens the folder before it does its work, so that a folder
 * that cannot be written stops it before anything is made.
 */
#ifndef HEAD2_CLI_RECEIPTS_H
#define HEAD2_CLI_RECEIPTS_H

#include "artifact/receipt_store.h"
#include "cli/cli.h"

struct cli_receipts {
    struct receipt_store *store; /* NULL with --no-receipt */
    struct head2_key *key;
    struct artifact_signer signer;
};

/* The folder by the rule above, for verbs with and without --receipts. Returns an exit code. */
int cli_receipts_folder(const struct cli *cli, char *out, size_t cap);

/* These return exit codes; close after any open, also a failed one. */
int cli_receipts_open(const struct cli *cli, struct cli_receipts *r);
int cli_receipts_append(const struct cli *cli, struct cli_receipts *r,
                        const struct receipt_entry *entry, uint64_t *index);

/* What a receipt tells of, done first: fn makes the file called made, knows the receipt's index,
 * and returns an exit code, having said what failed. ran and code are for the append. */
struct cli_receipts_first {
    int (*fn)(void *arg, uint64_t index);
    void *arg;
    const char *made;
    bool ran;
    int code;
};

/* Where fn fails there is no receipt. Where the receipt then fails, made stays: CLI_REFUSED. */
int cli_receipts_append_after(const struct cli *cli, struct cli_receipts *r,
                              const struct receipt_entry *entry, struct cli_receipts_first *first);
void cli_receipts_close(struct cli_receipts *r);

/* The two rows that verbs with receipts have among their options. */
#define CLI_RECEIPT_OPTIONS                                                                        \
    {"receipts", 0, CLI_DIR, "DIR", "receipts folder (default: state folder, see help --man)",     \
     0,          0},                                                                               \
    {                                                                                              \
        "no-receipt", 0, CLI_FLAG, NULL, "write no .mu receipt", 0, 0                              \
    }

#endif
