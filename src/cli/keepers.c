/* see keepers.h */
#include "cli/keepers.h"

#include "artifact/base64.h"
#include "cli/keys.h"
#include "cli/stores.h"
#include "keys/keyfile_passphrase.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ID_DIGITS_MIN 8

/* ---- the connection ---- */

static int place_of(const struct cli *cli, char out[PATH_MAX])
{
    const char *given = cli_string(cli, "socket");
    char folder[PATH_MAX];

    if (given == NULL)
        given = getenv("HEAD2_KEEPER");
    if (given != NULL && given[0] != 0) {
        snprintf(out, PATH_MAX, "%s", given);
        return CLI_DONE;
    }
    const int code = cli_store_folder(cli, folder);
    if (code == CLI_DONE && snprintf(out, PATH_MAX, "%s/" CLI_KEEPER_SOCKET, folder) >= PATH_MAX)
        return cli_fail(cli, CLI_INPUT, folder, "give --socket PATH", "the name is too long");
    return code;
}

static int log_in(const struct cli *cli, struct keeper_client *c)
{
    const struct keyfile_passphrase from = {cli_string(cli, "pin-file")};
    struct keeper_message ask = {.type = KEEPER_LOGIN};
    struct keyfile_error err = {0};
    struct keeper_reply reply;
    char pin[HEAD2_PASSPHRASE_MAX];

    if (from.file == NULL)
        return CLI_DONE;
    const enum head2_status st = keyfile_ask(&from, "", pin, &ask.data.len, &err);
    if (st == HEAD2_E_IO && err.error != 0)
        return cli_fail_errno(cli, err.where, err.error, err.what);
    if (st != HEAD2_OK)
        return cli_fail(cli, cli_status_exit(st), err.where, err.hint, "%s", err.what);
    ask.data.at = (const uint8_t *)pin;
    const int code = cli_keeper_ask(cli, c, &ask, &reply);
    keeper_reply_free(&reply);
    head2_wipe(pin, sizeof pin);
    return code;
}

int cli_keeper_open(const struct cli *cli, struct keeper_client **out)
{
    char path[PATH_MAX];
    int code = place_of(cli, path);

    *out = NULL;
    if (code != CLI_DONE)
        return code;
    const enum head2_status st = keeper_client_open(out, path);
    if (st == HEAD2_E_IO && (errno == ENOENT || errno == ECONNREFUSED))
        return cli_fail(cli, CLI_UNREACHABLE, path,
                        "start one with 'head2 keeper', or say where it is: --socket PATH",
                        "no keeper answers here");
    if (st == HEAD2_E_IO)
        return cli_fail_errno(cli, path, errno, "cannot ask the keeper");
    if (st != HEAD2_OK)
        return cli_fail(cli, cli_status_exit(st), path, NULL, "%s", head2_status_string(st));
    return log_in(cli, *out);
}

int cli_keeper_ask(const struct cli *cli, struct keeper_client *c, struct keeper_message *ask,
                   struct keeper_reply *reply)
{
    const enum head2_status st = keeper_call(c, ask, reply);

    if (st == HEAD2_OK)
        return CLI_DONE;
    if (reply->why[0] != 0)
        return cli_fail(cli, cli_status_exit(st), "keeper", NULL, "%s", reply->why);
    if (st == HEAD2_E_IO)
        return cli_fail(cli, CLI_UNREACHABLE, "keeper",
                        "look what it says, and whether it was done",
                        "it has gone, or does not answer");
    return cli_fail(cli, cli_status_exit(st), "keeper", NULL, "%s", head2_status_string(st));
}

/* ---- keys ---- */

/* How many keys have ids that begin so; id is of the last of them. */
static int count_ids(const struct cli *cli, struct keeper_client *c, const char *digits,
                     uint8_t id[HEAD2_KEY_ID_BYTES], size_t *n)
{
    struct keeper_message ask = {.type = KEEPER_LIST};
    struct keeper_reply reply = {0};
    struct keeper_entry e;
    int code = CLI_DONE;
    bool more = true;

    for (*n = 0; more && code == CLI_DONE; keeper_reply_free(&reply)) {
        code = cli_keeper_ask(cli, c, &ask, &reply);
        more = code == CLI_DONE && (reply.m.flags & KEEPER_LIST_MORE) != 0;
        while (code == CLI_DONE && keeper_entry_next(&e, &reply.m.data) == HEAD2_OK) {
            char text[CLI_KEY_ID_TEXT] = {0};
            hex_encode(text, e.key, sizeof e.key);
            memcpy(ask.key, e.key, sizeof ask.key);
            if (strncmp(text, digits, strlen(digits)) != 0)
                continue;
            memcpy(id, e.key, HEAD2_KEY_ID_BYTES);
            ++*n;
        }
    }
    return code;
}

int cli_keeper_find(const struct cli *cli, struct keeper_client *c, const char *name,
                    uint8_t id[HEAD2_KEY_ID_BYTES])
{
    const size_t len = strlen(name);
    struct keeper_message find = {
        .type = KEEPER_FIND, .label = {(const uint8_t *)name, len}
    };
    struct keeper_reply reply = {0};
    size_t n = 0;

    const bool found = keeper_label_ok(find.label) && keeper_call(c, &find, &reply) == HEAD2_OK;
    if (found)
        memcpy(id, reply.m.key, HEAD2_KEY_ID_BYTES);
    keeper_reply_free(&reply);
    if (found)
        return CLI_DONE;
    if (len >= ID_DIGITS_MIN && len < CLI_KEY_ID_TEXT && strspn(name, "0123456789abcdef") == len) {
        const int code = count_ids(cli, c, name, id, &n);
        if (code != CLI_DONE)
            return code;
    }
    if (n == 1)
        return CLI_DONE;
    if (n > 1)
        return cli_fail(cli, CLI_INPUT, name, "give the whole id", "%zu keys are called so", n);
    return cli_fail(cli, CLI_INPUT, name, "'head2 keeper list' shows what there is",
                    "the keeper has no such key, or no active one of this label");
}
