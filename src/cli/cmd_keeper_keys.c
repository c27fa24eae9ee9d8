/*
 * head2 keeper status, list, show, generate, export, rotate, revoke, destroy: the keys of a keeper
 * that runs.
 */
#include "artifact/base64.h"
#include "artifact/utc.h"
#include "base/secmem.h"
#include "cli/files.h"
#include "cli/keepers.h"
#include "cli/keys.h"
#include "cli/stores.h"
#include "cli/verbs.h"
#include "keeper/sandbox.h"

#include <stdio.h>

static struct keeper_message of_key(enum keeper_type type, const uint8_t id[HEAD2_KEY_ID_BYTES])
{
    struct keeper_message m = {.type = type};

    memcpy(m.key, id, HEAD2_KEY_ID_BYTES);
    return m;
}

/* ---- what there is ---- */

int cmd_keeper_status(struct cli *cli)
{
    struct keeper_message ask = {.type = KEEPER_STATUS};
    struct keeper_reply reply = {0};
    struct keeper_client *c;
    char missing[SANDBOX_TEXT];
    int code = cli_keeper_open(cli, &c);

    if (code == CLI_DONE)
        code = cli_keeper_ask(cli, c, &ask, &reply);
    const struct keeper_info *const i = &reply.m.info;
    const char *const memory = secmem_kind_name((enum secmem_kind)i->memory);
    sandbox_missing(missing, i->sandbox);
    if (code == CLI_DONE && cli->json)
        cli_print_json(cli,
                       json_pack("{s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:b, s:b}", "keys",
                                 (json_int_t)i->keys, "hot", (json_int_t)i->hot, "uses",
                                 (json_int_t)i->uses, "batches", (json_int_t)i->batches, "batched",
                                 (json_int_t)i->batched, "memory", memory, "not_in_force", missing,
                                 "pin", (i->login & KEEPER_PIN_SET) != 0, "pin_locked",
                                 (i->login & KEEPER_PIN_LOCKED) != 0));
    else if (code == CLI_DONE)
        cli_print(cli,
                  "keys          %u, of them %u in use\nuses          %llu since its start\n"
                  "batches       %llu, of %llu signatures\nmemory        %s\n"
                  "not in force  %s\nPIN           %s\n",
                  i->keys, i->hot, (unsigned long long)i->uses, (unsigned long long)i->batches,
                  (unsigned long long)i->batched, memory, missing[0] != 0 ? missing : "-",
                  (i->login & KEEPER_PIN_LOCKED) != 0 ? "locked"
                  : (i->login & KEEPER_PIN_SET) != 0  ? "set"
                                                      : "none");
    keeper_reply_free(&reply);
    keeper_client_close(c);
    return code;
}

static void print_entry(struct cli *cli, const struct keeper_entry *e)
{
    const struct store_meta m = {.state = (enum store_state)e->state};
    const char *const state = cli_store_state_name(m.state);
    char id[CLI_KEY_ID_TEXT] = {0};

    hex_encode(id, e->key, sizeof e->key);
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:s%, s:s, s:s, s:I, s:I}", "key_id", id, "label",
                                      (const char *)e->label.at, e->label.len, "algorithm",
                                      head2_alg_name(e->alg), "state", state, "purposes",
                                      (json_int_t)e->purposes, "uses", (json_int_t)e->uses));
    else
        cli_print(cli, "%s  %-11s  %-11s  %8llu uses  %.*s\n", id, head2_alg_name(e->alg), state,
                  (unsigned long long)e->uses, (int)e->label.len, (const char *)e->label.at);
}

int cmd_keeper_list(struct cli *cli)
{
    struct keeper_message ask = {.type = KEEPER_LIST};
    struct keeper_reply reply = {0};
    struct keeper_client *c;
    struct keeper_entry e;
    int code = cli_keeper_open(cli, &c);
    bool more = true;

    for (; more && code == CLI_DONE; keeper_reply_free(&reply)) {
        code = cli_keeper_ask(cli, c, &ask, &reply);
        more = code == CLI_DONE && (reply.m.flags & KEEPER_LIST_MORE) != 0;
        while (code == CLI_DONE && keeper_entry_next(&e, &reply.m.data) == HEAD2_OK) {
            print_entry(cli, &e);
            memcpy(ask.key, e.key, sizeof ask.key);
        }
    }
    keeper_client_close(c);
    return code;
}

/* ---- one key ---- */

static int print_key(struct cli *cli, struct keeper_client *c, const uint8_t id[HEAD2_KEY_ID_BYTES])
{
    struct keeper_message ask = of_key(KEEPER_ABOUT, id);
    struct keeper_reply reply;
    const int code = cli_keeper_ask(cli, c, &ask, &reply);

    if (code == CLI_DONE) {
        const struct keeper_policy *const p = &reply.m.policy;
        struct store_meta m = {.alg = reply.m.alg,
                               .state = (enum store_state)reply.m.about.state,
                               .purposes = p->purposes & STORE_PURPOSES,
                               .extractable = (p->purposes & KEEPER_MAY_REVEAL) != 0,
                               .rate_count = p->rate_count,
                               .rate_seconds = p->rate_seconds,
                               .created_ms = reply.m.about.created_ms,
                               .not_before_ms = p->not_before_ms,
                               .not_after_ms = p->not_after_ms,
                               .uses = reply.m.about.uses};
        memcpy(m.id, id, sizeof m.id);
        memcpy(m.approver, p->approver, sizeof m.approver);
        snprintf(m.label, sizeof m.label, "%.*s", (int)reply.m.label.len,
                 (const char *)reply.m.label.at);
        cli_store_print_object(cli, &m);
    }
    keeper_reply_free(&reply);
    return code;
}

int cmd_keeper_show(struct cli *cli)
{
    uint8_t id[HEAD2_KEY_ID_BYTES];
    struct keeper_client *c;
    int code = cli_keeper_open(cli, &c);

    if (code == CLI_DONE)
        code = cli_keeper_find(cli, c, cli->args[0], id);
    if (code == CLI_DONE)
        code = print_key(cli, c, id);
    keeper_client_close(c);
    return code;
}

static int write_public(struct cli *cli, const char *path, enum head2_key_format format,
                        enum head2_alg alg, struct keeper_bytes public)
{
    struct head2_key *key = NULL;
    uint8_t bytes[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof bytes;
    enum head2_status st;

    HEAD2_TRY(head2_key_from_public(&key, alg, public.at, public.len));
    HEAD2_TRY(head2_key_write_public(key, format, bytes, &len));
done:
    head2_key_free(key);
    return st == HEAD2_OK ? cli_write_file(cli, path, bytes, len, 0644, FILE_REPLACE)
                          : cli_fail(cli, cli_status_exit(st), "keeper", NULL,
                                     "gave no public key: %s", head2_status_string(st));
}

int cmd_keeper_export(struct cli *cli)
{
    const enum head2_key_format format =
        strcasecmp(cli_string_or(cli, "format", "pem"), "der") == 0 ? HEAD2_KEY_DER : HEAD2_KEY_PEM;
    uint8_t id[HEAD2_KEY_ID_BYTES];
    struct keeper_reply reply = {0};
    struct keeper_client *c;
    int code = cli_keeper_open(cli, &c);

    if (code == CLI_DONE)
        code = cli_keeper_find(cli, c, cli->args[0], id);
    if (code == CLI_DONE) {
        struct keeper_message ask = of_key(KEEPER_EXPORT, id);
        code = cli_keeper_ask(cli, c, &ask, &reply);
    }
    if (code == CLI_DONE)
        code = write_public(cli, cli_string_or(cli, "out", "-"), format, reply.m.alg, reply.m.data);
    keeper_reply_free(&reply);
    keeper_client_close(c);
    return code;
}

/* ---- the life of a key ---- */

static int read_policy(const struct cli *cli, enum head2_alg alg, struct keeper_policy *p)
{
    struct store_meta m = {.alg = alg,
                           .purposes = head2_alg_is_signature(alg)
                                           ? STORE_SIGN | STORE_VERIFY
                                           : STORE_ENCAPSULATE | STORE_DECAPSULATE | STORE_DERIVE |
                                                 STORE_SEAL | STORE_OUTPUT};
    const int code = cli_store_policy(cli, &m);
    const unsigned reveal = cli_flag(cli, "extractable") ? KEEPER_MAY_REVEAL : 0;

    *p = (struct keeper_policy){.purposes = (uint16_t)(m.purposes | reveal),
                                .rate_count = m.rate_count,
                                .rate_seconds = m.rate_seconds,
                                .not_before_ms = m.not_before_ms,
                                .not_after_ms = m.not_after_ms};
    memcpy(p->approver, m.approver, sizeof p->approver);
    if (code == CLI_DONE && p->purposes == 0)
        return cli_fail(cli, CLI_USAGE, "--purposes", "give one or more", "a key is for something");
    if (code == CLI_DONE && !keeper_policy_ok(p))
        return cli_fail(cli, CLI_USAGE, "--rate", NULL,
                        "a rate is of up to %d uses, in up to %d seconds", KEEPER_RATE_MAX,
                        KEEPER_RATE_SECONDS_MAX);
    return code;
}

int cmd_keeper_generate(struct cli *cli)
{
    const char *const label = cli->args[0], *const public_out = cli_string(cli, "public-out");
    struct keeper_message ask = {
        .type = KEEPER_GENERATE,
        .alg = head2_alg_from_name(cli_string_or(cli, "type", "ML-DSA-87")),
        .label = {(const uint8_t *)label, strlen(label)}
    };
    struct keeper_reply reply = {0};
    struct keeper_client *c = NULL;
    int code;

    if (!keeper_label_ok(ask.label))
        return cli_fail(cli, CLI_USAGE, "LABEL", "give a shorter or plainer one",
                        "a label has 1 to %d bytes of UTF-8 without control characters",
                        KEEPER_LABEL_MAX);
    code = read_policy(cli, ask.alg, &ask.policy);
    if (code == CLI_DONE)
        code = cli_keeper_open(cli, &c);
    if (code == CLI_DONE)
        code = cli_keeper_ask(cli, c, &ask, &reply);
    if (code == CLI_DONE && public_out != NULL)
        code = write_public(cli, public_out, HEAD2_KEY_PEM, reply.m.alg, reply.m.data);
    if (code == CLI_DONE)
        code = print_key(cli, c, reply.m.key);
    keeper_reply_free(&reply);
    keeper_client_close(c);
    return code;
}

/* Find the key, ask for this, and print the key whose id comes back, or else itself. */
static int change(struct cli *cli, enum keeper_type type)
{
    uint8_t id[HEAD2_KEY_ID_BYTES];
    struct keeper_reply reply = {0};
    struct keeper_client *c;
    int code = cli_keeper_open(cli, &c);

    if (code == CLI_DONE)
        code = cli_keeper_find(cli, c, cli->args[0], id);
    if (code == CLI_DONE) {
        struct keeper_message ask = of_key(type, id);
        code = cli_keeper_ask(cli, c, &ask, &reply);
    }
    if (code == CLI_DONE && type != KEEPER_DESTROY)
        code = print_key(cli, c, type == KEEPER_ROTATE ? reply.m.key : id);
    keeper_reply_free(&reply);
    keeper_client_close(c);
    return code;
}

int cmd_keeper_rotate(struct cli *cli)
{
    return change(cli, KEEPER_ROTATE);
}

int cmd_keeper_revoke(struct cli *cli)
{
    return change(cli, KEEPER_REVOKE);
}

int cmd_keeper_destroy(struct cli *cli)
{
    if (strlen(cli->args[0]) != CLI_KEY_ID_TEXT - 1)
        return cli_fail(cli, CLI_USAGE, cli->args[0],
                        "give the whole id, as 'head2 keeper list' prints it",
                        "this cannot be undone");
    return change(cli, KEEPER_DESTROY);
}
