/*
 * Receipts that verbs write: into which ledger, and the error line.
 *
 * The ledger is that of ledgers.h (--ledger, else the state folder's); --no-receipt writes none. A
 * running daemon that owns it appends for the verb, else the verb does (gateway/ledger_writer.h). A
 * verb opens before it does its work, so that a ledger that cannot be written stops it before
 * anything is made.
 */
#ifndef HEAD2_CLI_RECEIPTS_H
#define HEAD2_CLI_RECEIPTS_H

#include "cli/ledgers.h"
#include "gateway/ledger_writer.h"

struct cli_receipts {
    struct ledger_writer *writer; /* NULL with --no-receipt */
};

/* These return exit codes; close after any open, also a failed one. */
int cli_receipts_open(const struct cli *cli, struct cli_receipts *r);
/* All of them or none; durable, with each entry's index, when it returns CLI_DONE. */
int cli_receipts_append(const struct cli *cli, struct cli_receipts *r, struct ledger_entry *entries,
                        size_t n);
void cli_receipts_close(struct cli_receipts *r);

/* The two rows that verbs with receipts have among their options. */
#define CLI_RECEIPT_OPTIONS                                                                        \
    CLI_LEDGER_OPTION,                                                                             \
    {                                                                                              \
        "no-receipt", 0, CLI_FLAG, NULL, "record nothing in the ledger", 0, 0                      \
    }

#endif
