/*
 * head2 store rewrap, backup, restore, check and anchor.
 */
#include "artifact/base64.h"
#include "cli/ledgers.h"
#include "cli/stores.h"
#include "cli/verbs.h"

#include <unistd.h>

static void print_anchor(struct cli *cli, const char *where, const struct store_anchor *a,
                         size_t keys)
{
    char id[2 * STORE_ID_BYTES + 1] = {0}, digest[2 * STORE_DIGEST_BYTES + 1] = {0};

    hex_encode(id, a->id, sizeof a->id);
    hex_encode(digest, a->digest, sizeof a->digest);
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:s, s:I, s:s, s:I}", "store", where, "id", id,
                                      "revision", (json_int_t)a->revision, "digest", digest, "keys",
                                      (json_int_t)keys));
    else
        cli_print(cli,
                  "store      %s\nid         %s\nrevision   %llu\ndigest     %s\nkeys       %zu\n",
                  where, id, (unsigned long long)a->revision, digest, keys);
}

/* Say what the store is like now. */
static int say(struct cli *cli, const struct store *s, enum head2_status st,
               const struct store_fault *fault)
{
    char folder[PATH_MAX];
    struct store_anchor a;
    const int code = cli_store_folder(cli, folder);

    if (code != CLI_DONE)
        return code;
    if (st != HEAD2_OK)
        return cli_store_fail(cli, st, fault);
    store_get_anchor(s, &a);
    print_anchor(cli, folder, &a, store_count(s));
    return CLI_DONE;
}

int cmd_store_rewrap(struct cli *cli)
{
    struct store_unlock ways[CLI_STORE_WAYS];
    struct cli_store_ask ask = {0};
    struct store_fault fault = {0};
    struct store *s = NULL;
    size_t n;
    int code = cli_store_new_wrappings(cli, CLI_STORE_OF_A_NEW_KEY, ways, &n, &ask);

    if (code == CLI_DONE)
        code = cli_store_open(cli, &s);
    if (code == CLI_DONE) {
        const enum head2_status st = store_rewrap(s, ways, n, &fault);
        code = ask.said ? (int)cli_status_exit(st) : say(cli, s, st, &fault);
    }
    return cli_store_finish(cli, s, code);
}

int cmd_store_backup(struct cli *cli)
{
    struct store_fault fault = {0};
    struct store *s;
    int code = cli_store_open(cli, &s);

    if (code == CLI_DONE)
        code = say(cli, s, store_backup(s, cli->args[0], &fault), &fault);
    store_close(s);
    return code;
}

static int check_backup(struct cli *cli, const char *path)
{
    struct store_unlock unlock;
    struct cli_store_ask ask = {0};
    struct store_fault fault = {0};
    struct store_anchor a;
    size_t keys;
    int code = cli_store_unlock(cli, &unlock, &ask);

    if (cli_flag(cli, "anchor") || cli_flag(cli, "ledger"))
        code = cli_fail(cli, CLI_USAGE, path, "leave --anchor and --ledger out",
                        "a backup is older than the store, and may be");
    if (code != CLI_DONE)
        return code;
    const enum head2_status st = store_check_backup(path, &unlock, &a, &keys, &fault);
    if (ask.said)
        return (int)cli_status_exit(st);
    if (st != HEAD2_OK)
        return cli_store_fail(cli, st, &fault);
    print_anchor(cli, path, &a, keys);
    return CLI_DONE;
}

int cmd_store_check(struct cli *cli)
{
    struct store_fault fault = {0};
    struct store *s;

    if (cli->count == 1)
        return check_backup(cli, cli->args[0]);
    int code = cli_store_open(cli, &s);
    if (code == CLI_DONE)
        code = say(cli, s, store_check(s, &fault), &fault);
    store_close(s);
    return code;
}

int cmd_store_anchor(struct cli *cli)
{
    struct store_fault fault = {0};
    struct store_anchor a;
    char ledger[PATH_MAX];
    struct store *s;
    int code = cli_store_open_alone(cli, &s);

    /* one that was put back is not anchored; the first anchor makes the ledger */
    if (code == CLI_DONE)
        code = cli_ledger_folder(cli, ledger);
    if (code == CLI_DONE && access(ledger, F_OK) == 0)
        code = cli_store_compare_ledger(cli, s);
    if (code == CLI_DONE) {
        store_get_anchor(s, &a);
        code = cli_store_anchor(cli, &a);
    }
    if (code == CLI_DONE)
        code = say(cli, s, HEAD2_OK, &fault);
    store_close(s);
    return code;
}

int cmd_store_restore(struct cli *cli)
{
    struct store_restoring how = {.replace = cli_flag(cli, "replace")};
    struct store_unlock unlock;
    struct cli_store_ask ask = {0};
    struct store_fault fault = {0};
    int code = cli_store_unlock(cli, &unlock, &ask);

    if (code == CLI_DONE)
        code = cli_store_highest(cli, &how.above);
    if (code != CLI_DONE)
        return code;
    const enum head2_status st = store_restore(ask.where, cli->args[0], &unlock, &how, &fault);
    if (ask.said)
        return (int)cli_status_exit(st);
    if (st != HEAD2_OK)
        return cli_store_fail(cli, st, &fault);
    if (cli_flag(cli, "ledger"))
        code = cli_store_anchor(cli, &how.now);
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:s}", "restored", cli->args[0], "store", ask.where));
    else
        cli_print(cli, "restored   %s\n", ask.where);
    return code;
}
