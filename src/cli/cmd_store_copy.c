/*
 * head2 store rewrap, backup, restore and check.
 */
#include "artifact/base64.h"
#include "cli/stores.h"
#include "cli/verbs.h"

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

/* Say what the store is like now, and close it. */
static int done_with(struct cli *cli, struct store *s, enum head2_status st,
                     const struct store_fault *fault, bool said)
{
    char folder[PATH_MAX];
    struct store_anchor a;
    int code = cli_store_folder(cli, folder);

    if (said)
        code = (int)cli_status_exit(st);
    else if (st != HEAD2_OK)
        code = cli_store_fail(cli, st, fault);
    if (code == CLI_DONE) {
        store_get_anchor(s, &a);
        print_anchor(cli, folder, &a, store_count(s));
    }
    store_close(s);
    return code;
}

int cmd_store_rewrap(struct cli *cli)
{
    struct store_unlock ways[CLI_STORE_WAYS];
    struct cli_store_ask ask = {0};
    struct store_fault fault = {0};
    struct store *s;
    size_t n;
    int code = cli_store_new_wrappings(cli, CLI_STORE_OF_A_NEW_KEY, ways, &n, &ask);

    if (code == CLI_DONE)
        code = cli_store_open(cli, &s);
    if (code != CLI_DONE)
        return code;
    const enum head2_status st = store_rewrap(s, ways, n, &fault);
    return done_with(cli, s, st, &fault, ask.said);
}

int cmd_store_backup(struct cli *cli)
{
    struct store_fault fault = {0};
    struct store *s;
    const int code = cli_store_open(cli, &s);

    if (code != CLI_DONE)
        return code;
    const enum head2_status st = store_backup(s, cli->args[0], &fault);
    return done_with(cli, s, st, &fault, false);
}

static int check_backup(struct cli *cli, const char *path)
{
    struct store_unlock unlock;
    struct cli_store_ask ask = {0};
    struct store_fault fault = {0};
    struct store_anchor a;
    size_t keys;
    const int code = cli_store_unlock(cli, &unlock, &ask);

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
    const int code = cli_store_open(cli, &s);
    if (code != CLI_DONE)
        return code;
    const enum head2_status st = store_check(s, &fault);
    return done_with(cli, s, st, &fault, false);
}

int cmd_store_restore(struct cli *cli)
{
    struct store_unlock unlock;
    struct cli_store_ask ask = {0};
    struct store_fault fault = {0};
    int code = cli_store_unlock(cli, &unlock, &ask);

    if (code != CLI_DONE)
        return code;
    const enum head2_status st =
        store_restore(ask.where, cli->args[0], &unlock, cli_flag(cli, "replace"), &fault);
    if (ask.said)
        code = (int)cli_status_exit(st);
    else if (st != HEAD2_OK)
        code = cli_store_fail(cli, st, &fault);
    else if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:s}", "restored", cli->args[0], "store", ask.where));
    else
        cli_print(cli, "restored   %s\n", ask.where);
    return code;
}
