/*
 * head2 keeper approve: let a key that has an approver be used, as its approver.
 */
#include "artifact/utc.h"
#include "cli/keepers.h"
#include "cli/keys.h"
#include "cli/verbs.h"
#include "keeper/approval.h"

static int approve(struct cli *cli, struct keeper_client *c, const uint8_t id[HEAD2_KEY_ID_BYTES],
                   const struct head2_key *by)
{
    struct keeper_message ask = {.type = KEEPER_CHALLENGE};
    uint8_t sig[HEAD2_KEY_MAX_SIG], challenge[APPROVAL_CHALLENGE];
    struct keeper_reply reply;

    memcpy(ask.key, id, sizeof ask.key);
    int code = cli_keeper_ask(cli, c, &ask, &reply);
    if (code == CLI_DONE && reply.m.data.len != sizeof challenge)
        code = cli_fail(cli, CLI_INPUT, "keeper", NULL, "what it gave is no challenge");
    if (code == CLI_DONE)
        memcpy(challenge, reply.m.data.at, sizeof challenge);
    keeper_reply_free(&reply);
    if (code != CLI_DONE)
        return code;
    ask.count = (uint16_t)cli_number(cli, "uses", 1);
    ask.until_ms = utc_now() + 60000 * cli_number(cli, "minutes", 10);
    const enum head2_status st = approval_sign(&ask, sig, challenge, by);
    if (st != HEAD2_OK)
        return cli_fail(cli, cli_status_exit(st), "--key", NULL, "cannot sign: %s",
                        head2_status_string(st));
    code = cli_keeper_ask(cli, c, &ask, &reply);
    keeper_reply_free(&reply);
    return code;
}

int cmd_keeper_approve(struct cli *cli)
{
    const char *const path = cli_string(cli, "key");
    uint8_t id[HEAD2_KEY_ID_BYTES];
    struct keeper_client *c = NULL;
    struct head2_key *by = NULL;

    if (path == NULL)
        return cli_fail(cli, CLI_USAGE, "--key", "give --key FILE", "no key of an approver");
    int code = cli_read_key(cli, path, CLI_KEY_SIGN, &by);
    if (code == CLI_DONE)
        code = cli_keeper_open(cli, &c);
    if (code == CLI_DONE)
        code = cli_keeper_find(cli, c, cli->args[0], id);
    if (code == CLI_DONE)
        code = approve(cli, c, id, by);
    keeper_client_close(c);
    head2_key_free(by);
    return code;
}
