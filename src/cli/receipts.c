/* see receipts.h */
#include "cli/receipts.h"

#include "cli/files.h"

int cli_receipts_folder(const struct cli *cli, char *out, size_t cap)
{
    static const struct cli_place place = {"receipts", "give --receipts DIR or --no-receipt"};

    return cli_state_place(cli, &place, out, cap);
}

static int say(const struct cli *cli, enum head2_status st, const struct receipt_fault *fault)
{
    if (st == HEAD2_E_STATE)
        return cli_fail(cli, CLI_REFUSED, fault->where, "try again when that process is done", "%s",
                        fault->what);
    const size_t len = strlen(fault->where), name = strlen(RECEIPT_KEY_FILE);
    if (st == HEAD2_E_POLICY && len >= name &&
        strcmp(fault->where + len - name, RECEIPT_KEY_FILE) == 0)
        return cli_fail(cli, CLI_REFUSED, fault->where,
                        "chmod 600 it; if others may have read it, use another --receipts folder",
                        "%s", fault->what);
    if (fault->error != 0)
        return cli_fail_errno(cli, fault->where, fault->error, fault->what);
    return cli_fail(cli, cli_status_exit(st), fault->where,
                    "give another --receipts folder, or --no-receipt", "%s", fault->what);
}

int cli_receipts_open(const struct cli *cli, struct cli_receipts *r)
{
    char folder[4096];
    struct receipt_fault fault = {0};

    *r = (struct cli_receipts){0};
    if (cli_flag(cli, "no-receipt") && cli_string(cli, "receipts") != NULL)
        return cli_fail(cli, CLI_USAGE, "--no-receipt", "leave one of them out",
                        "given together with --receipts");
    if (cli_flag(cli, "no-receipt"))
        return CLI_DONE;
    int code = cli_receipts_folder(cli, folder, sizeof folder);
    if (code != CLI_DONE)
        return code;
    enum head2_status st = receipt_store_open(&r->store, folder, &fault);
    if (st == HEAD2_OK)
        st = receipt_store_ready(r->store, &fault);
    if (st == HEAD2_OK)
        st = receipt_store_identity(r->store, &r->key, &fault);
    if (st != HEAD2_OK)
        return say(cli, st, &fault);
    r->signer = artifact_signer_of_key(r->key, false);
    return CLI_DONE;
}

int cli_receipts_append(const struct cli *cli, struct cli_receipts *r,
                        const struct receipt_entry *entry, uint64_t *index)
{
    struct receipt_fault fault = {0};

    if (r->store == NULL)
        return CLI_DONE;
    enum head2_status st = receipt_store_append(r->store, entry, &r->signer, index, NULL, &fault);
    return st == HEAD2_OK ? CLI_DONE : say(cli, st, &fault);
}

static enum head2_status run_first(void *arg, uint64_t index)
{
    struct cli_receipts_first *first = arg;

    first->ran = true;
    first->code = first->fn(first->arg, index);
    return first->code == CLI_DONE ? HEAD2_OK : HEAD2_E_IO;
}

int cli_receipts_append_after(const struct cli *cli, struct cli_receipts *r,
                              const struct receipt_entry *entry, struct cli_receipts_first *first)
{
    struct receipt_fault fault = {0};
    const struct receipt_before before = {run_first, first};
    struct receipt_entry with = *entry;

    with.before = &before;
    enum head2_status st = receipt_store_append(r->store, &with, &r->signer, NULL, NULL, &fault);
    if (st == HEAD2_OK)
        return CLI_DONE;
    if (!first->ran)
        return say(cli, st, &fault);
    if (first->code != CLI_DONE)
        return first->code;
    return cli_fail(cli, CLI_REFUSED, fault.where,
                    "correct that, and do it again with --existing replace",
                    "%s is written, but its receipt is not: %s%s%s", first->made, fault.what,
                    fault.error != 0 ? ": " : "", fault.error != 0 ? strerror(fault.error) : "");
}

void cli_receipts_close(struct cli_receipts *r)
{
    receipt_store_close(r->store);
    head2_key_free(r->key);
    *r = (struct cli_receipts){0};
}
