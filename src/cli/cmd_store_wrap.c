/*
 * head2 store wrap-list, wrap-add and wrap-remove: the ways in which the store's key is wrapped.
 */
#include "cli/stores.h"
#include "cli/verbs.h"
#include "keeper/tpm_blob.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- list ---- */

static json_t *wrapping_json(const struct store_wrapping *w)
{
    char pcrs[TPM_PCRS_TEXT];
    json_t *o = json_pack("{s:I, s:s, s:s}", "number", (json_int_t)w->number, "type",
                          cli_store_wrap_name(w->type), "label", w->label);

    if (w->type == STORE_WRAP_PASSPHRASE)
        json_object_set_new(o, "memory", json_integer((json_int_t)128 * w->r << w->log_n));
    if (w->type != STORE_WRAP_TPM)
        return o;
    tpm_pcrs_write(pcrs, &w->pcrs);
    json_object_set_new(o, "pin", json_boolean(w->has_pin));
    json_object_set_new(o, "pcrs", json_string(pcrs));
    return o;
}

json_t *cli_store_wrappings_json(const struct store *s)
{
    struct store_wrapping w[STORE_WRAPPINGS_MAX];
    const size_t n = store_wrappings(s, w, HEAD2_LEN(w));
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, wrapping_json(&w[i]));
    return list;
}

static void print_wrapping(struct cli *cli, const struct store_wrapping *w)
{
    char pcrs[TPM_PCRS_TEXT];

    cli_print(cli, "%-4u %s", w->number, cli_store_wrap_name(w->type));
    if (w->type == STORE_WRAP_PASSPHRASE)
        cli_print(cli, "  scrypt, %llu MiB", (128ull * w->r << w->log_n) >> 20);
    if (w->label[0] != 0)
        cli_print(cli, "  %s", w->label);
    tpm_pcrs_write(pcrs, &w->pcrs);
    if (pcrs[0] != 0)
        cli_print(cli, "  while %s are as they were", pcrs);
    cli_print(cli, "%s\n", w->has_pin ? "  with a PIN" : "");
}

static void print_wrappings(struct cli *cli, const struct store *s)
{
    struct store_wrapping w[STORE_WRAPPINGS_MAX];
    const size_t n = store_wrappings(s, w, HEAD2_LEN(w));

    if (cli->json)
        cli_print_json(cli, json_pack("{s:o}", "wrappings", cli_store_wrappings_json(s)));
    for (size_t i = 0; !cli->json && i < n; i++)
        print_wrapping(cli, &w[i]);
}

int cmd_store_wrap_list(struct cli *cli)
{
    struct store *s;
    const int code = cli_store_look(cli, &s);

    if (code == CLI_DONE)
        print_wrappings(cli, s);
    store_close(s);
    return code;
}

/* ---- changes ---- */

int cmd_store_wrap_add(struct cli *cli)
{
    struct store_unlock ways[CLI_STORE_WAYS];
    struct cli_store_ask ask = {0};
    struct store_fault fault = {0};
    struct store *s = NULL;
    size_t n;
    int code = cli_store_new_wrappings(cli, CLI_STORE_ONE_MORE, ways, &n, &ask);

    if (code == CLI_DONE)
        code = cli_store_open(cli, &s);
    for (size_t i = 0; code == CLI_DONE && i < n; i++) {
        const enum head2_status st = store_add_wrapping(s, &ways[i], &fault);
        if (ask.said)
            code = (int)cli_status_exit(st);
        else if (st != HEAD2_OK)
            code = cli_store_fail(cli, st, &fault);
    }
    if (code == CLI_DONE)
        print_wrappings(cli, s);
    return cli_store_finish(cli, s, code);
}

int cmd_store_wrap_remove(struct cli *cli)
{
    const char *const text = cli->args[0];
    struct store_fault fault = {0};
    struct store *s;
    char *end;

    const unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != 0 || number > UINT32_MAX)
        return cli_fail(cli, CLI_USAGE, text, "'head2 store wrap-list' shows them",
                        "this is no wrapping's number");
    int code = cli_store_open(cli, &s);
    if (code == CLI_DONE) {
        const enum head2_status st = store_remove_wrapping(s, (uint32_t)number, &fault);
        if (st == HEAD2_E_STATE)
            code = cli_fail(cli, CLI_INPUT, text, fault.hint, "%s", fault.what);
        else if (st != HEAD2_OK)
            code = cli_store_fail(cli, st, &fault);
    }
    if (code == CLI_DONE)
        print_wrappings(cli, s);
    if (code == CLI_DONE && !cli->json)
        cli_print(cli, "copies of the store from before still open with what was removed, and the "
                       "store's key is the same: 'head2 store rewrap' gives a new one\n");
    return cli_store_finish(cli, s, code);
}
