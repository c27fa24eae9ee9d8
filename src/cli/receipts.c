/* see receipts.h */
#include "cli/receipts.h"

int cli_receipts_open(const struct cli *cli, struct cli_receipts *r)
{
    char folder[PATH_MAX];
    struct ledger_fault fault;

    *r = (struct cli_receipts){0};
    const bool none = cli_string_if(cli, "no-receipt") != NULL;
    if (none && cli_string(cli, "ledger") != NULL)
        return cli_fail(cli, CLI_USAGE, "--no-receipt", "leave one of them out",
                        "given together with --ledger");
    if (none)
        return CLI_DONE;
    const int code = cli_ledger_folder(cli, folder);
    if (code != CLI_DONE)
        return code;
    const enum head2_status st = ledger_writer_open(&r->writer, folder, NULL, &fault);
    return st == HEAD2_OK ? CLI_DONE : cli_ledger_fail(cli, st, &fault);
}

int cli_receipts_append(const struct cli *cli, struct cli_receipts *r, struct ledger_entry *entries,
                        size_t n)
{
    struct ledger_fault fault;
    enum ledger_sealed sealed; /* a receipt counts when it is durable; the next append signs it */

    const enum head2_status st = ledger_writer_append(r->writer, entries, n, &sealed, &fault);
    return st == HEAD2_OK ? CLI_DONE : cli_ledger_fail(cli, st, &fault);
}

void cli_receipts_close(struct cli_receipts *r)
{
    ledger_writer_close(r->writer);
    *r = (struct cli_receipts){0};
}
