/* The sealed store and its anchors, in a ledger or a file: see stores.h. */
#include "artifact/base64.h"
#include "artifact/utc.h"
#include "cli/files.h"
#include "cli/receipts.h"
#include "cli/stores.h"
#include "keeper/store_ledger.h"

#include <stdlib.h>

/* ---- reading one ---- */

/* id NULL: of any store. */
static int from_ledger(const struct cli *cli, const uint8_t *id, struct store_anchor *a,
                       bool *found)
{
    struct ledger_fault fault;
    struct ledger *l;
    const int code = cli_ledger_read(cli, &l);

    *found = false;
    if (code != CLI_DONE)
        return code;
    const enum head2_status st = store_anchor_find(a, l, id, &fault);
    ledger_close(l);
    *found = st == HEAD2_OK;
    return st == HEAD2_OK || st == HEAD2_E_STATE ? CLI_DONE : cli_ledger_fail(cli, st, &fault);
}

/* What 'store check --json' has printed. */
static bool parse(struct store_anchor *a, const char *text, size_t len)
{
    const char *id, *digest;
    json_int_t revision;
    json_t *const o = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    const bool good = json_unpack(o, "{s:s, s:I, s:s}", "id", &id, "revision", &revision, "digest",
                                  &digest) == 0 &&
                      revision > 0 && hex_decode(a->id, sizeof a->id, id, strlen(id)) == HEAD2_OK &&
                      hex_decode(a->digest, sizeof a->digest, digest, strlen(digest)) == HEAD2_OK;

    a->revision = good ? (uint64_t)revision : 0;
    json_decref(o);
    return good;
}

static int from_file(const struct cli *cli, const char *path, struct store_anchor *a)
{
    uint8_t *text;
    size_t len;
    int code = cli_read_file(cli, path, 4096, &text, &len);

    if (code != CLI_DONE)
        return code;
    if (!parse(a, (const char *)text, len))
        code = cli_fail(cli, CLI_INPUT, path, "give what 'head2 store check --json' has printed",
                        "this is no anchor");
    free(text);
    return code;
}

/* ---- comparing ---- */

static int judge(const struct cli *cli, const struct store *s, const struct store_anchor *a)
{
    struct store_fault fault = {0};
    const enum head2_status st = store_anchor_check(s, a, &fault);

    return st == HEAD2_OK ? CLI_DONE : cli_store_fail(cli, st, &fault);
}

int cli_store_compare_ledger(const struct cli *cli, const struct store *s)
{
    struct store_anchor now, a;
    bool found;

    store_get_anchor(s, &now);
    const int code = from_ledger(cli, now.id, &a, &found);
    return code == CLI_DONE && found ? judge(cli, s, &a) : code;
}

int cli_store_compare(const struct cli *cli, const struct store *s)
{
    const char *const path = cli_string_if(cli, "anchor");
    struct store_anchor a;
    int code = CLI_DONE;

    if (path != NULL)
        code = from_file(cli, path, &a);
    if (code == CLI_DONE && path != NULL)
        code = judge(cli, s, &a);
    if (code == CLI_DONE && cli_string_if(cli, "ledger") != NULL)
        code = cli_store_compare_ledger(cli, s);
    return code;
}

int cli_store_highest(const struct cli *cli, uint64_t *revision)
{
    struct store_anchor a;
    bool found = false;
    const int code = cli_flag(cli, "ledger") ? from_ledger(cli, NULL, &a, &found) : CLI_DONE;

    *revision = found ? a.revision : 0;
    return code;
}

/* ---- writing one ---- */

int cli_store_anchor(const struct cli *cli, const struct store_anchor *a)
{
    struct store_anchor_entry e;
    struct cli_receipts ledger;

    if (store_anchor_write(&e, a, utc_now()) != HEAD2_OK)
        return cli_fail(cli, CLI_INTERNAL, NULL, NULL, "the anchor cannot be written");
    int code = cli_receipts_open(cli, &ledger);
    if (code == CLI_DONE)
        code = cli_receipts_append(cli, &ledger, &e.entry, 1);
    cli_receipts_close(&ledger);
    return code;
}

int cli_store_finish(const struct cli *cli, struct store *s, int code)
{
    struct store_anchor a;

    if (code == CLI_DONE && s != NULL && cli_flag(cli, "ledger")) {
        store_get_anchor(s, &a);
        code = cli_store_anchor(cli, &a);
    }
    store_close(s);
    return code;
}
