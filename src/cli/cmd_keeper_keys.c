/*
 * head2 keeper status, list, show, generate, export, rotate, revoke, destroy, approve: the keys of
 * a keeper that runs.
 */
#include "artifact/base64.h"
#include "artifact/utc.h"
#include "base/secmem.h"
#include "cli/files.h"
#include "cli/keepers.h"
#include "cli/stores.h"
#include "cli/verbs.h"
#include "keeper/approval.h"
#include "keeper/sandbox.h"

#include <stdlib.h>

#define ID_DIGITS_MIN 8

struct asking {
    struct cli *cli;
    struct keeper_client *client;
    struct keeper_reply reply; /* the last one */
};

static int begin(struct asking *a, struct cli *cli)
{
    *a = (struct asking){.cli = cli};
    return cli_keeper_open(cli, NULL, &a->client);
}

static int end(struct asking *a, int code)
{
    keeper_reply_free(&a->reply);
    keeper_client_close(a->client);
    return code;
}

static int ask(struct asking *a, struct keeper_message *m, const char *where)
{
    keeper_reply_free(&a->reply);
    const enum head2_status st = keeper_call(a->client, m, &a->reply);
    return st == HEAD2_OK ? CLI_DONE : cli_keeper_fail(a->cli, where, st, a->reply.why);
}

/* ---- which key ---- */

typedef int each_fn(void *arg, const struct keeper_entry *e);

static int each_key(struct asking *a, each_fn *fn, void *arg)
{
    struct keeper_message list = {.type = KEEPER_LIST};
    int code = CLI_DONE;

    for (bool more = true; code == CLI_DONE && more;) {
        struct keeper_entry e;
        enum head2_status st;
        code = ask(a, &list, NULL);
        if (code != CLI_DONE)
            break;
        struct keeper_bytes rest = a->reply.m.data;
        more = (a->reply.m.flags & KEEPER_LIST_MORE) != 0;
        while (code == CLI_DONE && (st = keeper_entry_next(&e, &rest)) == HEAD2_OK) {
            memcpy(list.key, e.key, sizeof list.key);
            code = fn(arg, &e);
        }
    }
    return code;
}

struct search {
    const char *name;
    uint8_t id[HEAD2_KEY_ID_BYTES];
    unsigned found;
    bool whole; /* the whole id alone is meant */
};

static int compare(void *arg, const struct keeper_entry *e)
{
    struct search *const s = arg;
    char id[CLI_KEY_ID_TEXT] = {0};
    const size_t len = strlen(s->name);

    hex_encode(id, e->key, sizeof e->key);
    const bool by_id = s->whole ? strcmp(id, s->name) == 0
                                : len >= ID_DIGITS_MIN && strncmp(id, s->name, len) == 0;
    const bool by_label = !s->whole && e->state == KEEPER_ACTIVE && e->label.len == len &&
                          memcmp(e->label.at, s->name, len) == 0;
    if (by_id || by_label) {
        memcpy(s->id, e->key, sizeof s->id);
        s->found++;
    }
    return CLI_DONE;
}

/* An id, the first eight digits of it or more, or the label of one active key. */
static int find(struct asking *a, const char *name, bool whole, struct keeper_message *m)
{
    struct search s = {.name = name, .whole = whole};
    const int code = each_key(a, compare, &s);

    if (code != CLI_DONE)
        return code;
    if (s.found > 1)
        return cli_fail(a->cli, CLI_INPUT, name, "give the whole id", "%u keys are called so",
                        s.found);
    if (s.found == 0)
        return cli_fail(a->cli, CLI_INPUT, name, "'head2 keeper list' shows what there is",
                        whole ? "the keeper has no key of this id" : "the keeper has no such key");
    memcpy(m->key, s.id, sizeof m->key);
    return CLI_DONE;
}

/* Ask this of the key that the verb's argument names. */
static int ask_of_key(struct asking *a, struct cli *cli, bool whole, struct keeper_message *m)
{
    int code = begin(a, cli);

    if (code == CLI_DONE)
        code = find(a, cli->args[0], whole, m);
    return code == CLI_DONE ? ask(a, m, cli->args[0]) : code;
}

/* ---- status and list ---- */

static void print_status(struct cli *cli, const struct keeper_info *i)
{
    char missing[SANDBOX_TEXT];

    sandbox_missing(missing, i->sandbox);
    const char *const memory = secmem_kind_name((enum secmem_kind)i->memory);
    const bool pin = (i->login & KEEPER_PIN_SET) != 0;
    if (cli->json) {
        cli_print_json(cli, json_pack("{s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:b}", "keys",
                                      (json_int_t)i->keys, "in_use", (json_int_t)i->hot, "uses",
                                      (json_int_t)i->uses, "batches", (json_int_t)i->batches,
                                      "in_batches", (json_int_t)i->batched, "memory", memory,
                                      "not_in_force", missing, "pin", pin));
        return;
    }
    cli_print(cli, "keys          %u, %u of them in use\n", i->keys, i->hot);
    cli_print(cli, "uses          %llu, %llu of them in %llu batches\n",
              (unsigned long long)i->uses, (unsigned long long)i->batched,
              (unsigned long long)i->batches);
    cli_print(cli, "memory        %s\n", memory);
    cli_print(cli, "not in force  %s\n", missing[0] != 0 ? missing : "nothing");
    cli_print(cli, "PIN           %s\n", pin ? "yes" : "no");
}

int cmd_keeper_status(struct cli *cli)
{
    struct keeper_message m = {.type = KEEPER_STATUS};
    struct asking a;
    int code = begin(&a, cli);

    if (code == CLI_DONE)
        code = ask(&a, &m, NULL);
    if (code == CLI_DONE)
        print_status(cli, &a.reply.m.info);
    return end(&a, code);
}

static int print_entry(void *arg, const struct keeper_entry *e)
{
    struct cli *const cli = arg;
    const char *const state = cli_store_state_name((enum store_state)e->state);
    char id[CLI_KEY_ID_TEXT] = {0};

    hex_encode(id, e->key, sizeof e->key);
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:s%, s:s, s:s, s:I, s:I}", "key_id", id, "label",
                                      e->label.at, e->label.len, "algorithm",
                                      head2_alg_name(e->alg), "state", state, "purposes",
                                      (json_int_t)e->purposes, "uses", (json_int_t)e->uses));
    else
        cli_print(cli, "%s  %-11s  %-11s  %8llu uses  %.*s\n", id, head2_alg_name(e->alg), state,
                  (unsigned long long)e->uses, (int)e->label.len, (const char *)e->label.at);
    return CLI_DONE;
}

int cmd_keeper_list(struct cli *cli)
{
    struct asking a;
    int code = begin(&a, cli);

    if (code == CLI_DONE)
        code = each_key(&a, print_entry, cli);
    return end(&a, code);
}

static void print_about(struct cli *cli, const struct keeper_message *m,
                        const uint8_t id[HEAD2_KEY_ID_BYTES])
{
    struct store_meta meta = {.alg = m->alg,
                              .state = (enum store_state)m->about.state,
                              .purposes = m->policy.purposes & STORE_PURPOSES,
                              .extractable = (m->policy.purposes & KEEPER_MAY_REVEAL) != 0,
                              .rate_count = m->policy.rate_count,
                              .rate_seconds = m->policy.rate_seconds,
                              .created_ms = m->about.created_ms,
                              .not_before_ms = m->policy.not_before_ms,
                              .not_after_ms = m->policy.not_after_ms,
                              .uses = m->about.uses};

    memcpy(meta.id, id, sizeof meta.id);
    memcpy(meta.approver, m->policy.approver, sizeof meta.approver);
    snprintf(meta.label, sizeof meta.label, "%.*s", (int)m->label.len, (const char *)m->label.at);
    cli_store_print_object(cli, &meta);
}

int cmd_keeper_show(struct cli *cli)
{
    struct keeper_message m = {.type = KEEPER_ABOUT};
    struct asking a;
    int code = ask_of_key(&a, cli, false, &m);

    if (code == CLI_DONE)
        print_about(cli, &a.reply.m, m.key);
    return end(&a, code);
}

/* ---- public keys ---- */

/* --out, or standard output where the verb is for that. */
static int write_public(struct asking *a, enum head2_alg alg, const char *path)
{
    const char *const format = cli_string_if(a->cli, "format"); /* of export alone */
    uint8_t text[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof text;
    struct head2_key *key;
    enum head2_status st;

    HEAD2_TRY(head2_key_from_public(&key, alg, a->reply.m.data.at, a->reply.m.data.len));
    st = head2_key_write_public(
        key, format != NULL && strcasecmp(format, "der") == 0 ? HEAD2_KEY_DER : HEAD2_KEY_PEM, text,
        &len);
    head2_key_free(key);
done:
    if (st != HEAD2_OK)
        return cli_fail(a->cli, cli_status_exit(st), NULL, NULL, "the public key is damaged: %s",
                        head2_status_string(st));
    return cli_write_file(a->cli, path, text, len, 0644, FILE_REPLACE);
}

int cmd_keeper_export(struct cli *cli)
{
    struct keeper_message m = {.type = KEEPER_EXPORT};
    struct asking a;
    int code = ask_of_key(&a, cli, false, &m);

    if (code == CLI_DONE)
        code = write_public(&a, a.reply.m.alg, cli_string_or(cli, "out", "-"));
    return end(&a, code);
}

/* What generate and rotate answer. */
static int give_new(struct asking *a, const char *label)
{
    const char *const out = cli_string(a->cli, "public-out");
    const struct keeper_message *const m = &a->reply.m;
    char id[CLI_KEY_ID_TEXT] = {0};
    int code = CLI_DONE;

    hex_encode(id, m->key, sizeof m->key);
    if (out != NULL)
        code = write_public(a, m->alg, out);
    if (a->cli->json)
        cli_print_json(a->cli, json_pack("{s:s, s:s, s:s, s:s*}", "key_id", id, "label", label,
                                         "algorithm", head2_alg_name(m->alg), "file", out));
    else
        cli_print(a->cli, "%s key %s: %s\n", head2_alg_name(m->alg), label, id);
    return code;
}

/* ---- the life of a key ---- */

static int read_policy(const struct cli *cli, enum head2_alg alg, struct keeper_policy *out)
{
    const uint32_t of_signatures = STORE_SIGN | STORE_VERIFY;
    struct store_meta m = {.alg = alg,
                           .purposes = head2_alg_is_signature(alg)
                                           ? of_signatures
                                           : STORE_PURPOSES & ~(of_signatures | STORE_OUTPUT)};
    const int code = cli_store_policy(cli, &m);

    *out = (struct keeper_policy){.purposes = (uint16_t)m.purposes,
                                  .rate_count = m.rate_count,
                                  .rate_seconds = m.rate_seconds,
                                  .not_before_ms = m.not_before_ms,
                                  .not_after_ms = m.not_after_ms};
    memcpy(out->approver, m.approver, sizeof out->approver);
    return code;
}

int cmd_keeper_generate(struct cli *cli)
{
    const char *const label = cli->args[0];
    struct keeper_message m = {
        .type = KEEPER_GENERATE,
        .alg = head2_alg_from_name(cli_string_or(cli, "type", "ML-DSA-87")),
        .label = {(const uint8_t *)label, strlen(label)}
    };
    struct asking a = {.cli = cli};
    int code = read_policy(cli, m.alg, &m.policy);

    if (code == CLI_DONE && !keeper_label_ok(m.label))
        code = cli_fail(cli, CLI_USAGE, label, "give a name of letters and digits",
                        "a label has 1 to %d bytes and no control characters", KEEPER_LABEL_MAX);
    if (code == CLI_DONE)
        code = begin(&a, cli);
    if (code == CLI_DONE)
        code = ask(&a, &m, label);
    if (code == CLI_DONE)
        code = give_new(&a, label);
    return end(&a, code);
}

int cmd_keeper_rotate(struct cli *cli)
{
    struct keeper_message m = {.type = KEEPER_ROTATE};
    struct asking a;
    int code = ask_of_key(&a, cli, false, &m);

    if (code == CLI_DONE)
        code = give_new(&a, cli->args[0]);
    return end(&a, code);
}

/* What cannot be undone takes a whole id. */
static int finish_key(struct cli *cli, enum keeper_type type, const char *said)
{
    struct keeper_message m = {.type = type};
    struct asking a;
    int code = ask_of_key(&a, cli, true, &m);

    if (code == CLI_DONE && cli->json)
        cli_print_json(cli, json_pack("{s:s, s:s}", "key_id", cli->args[0], "state", said));
    else if (code == CLI_DONE)
        cli_print(cli, "%s is %s\n", cli->args[0], said);
    return end(&a, code);
}

int cmd_keeper_revoke(struct cli *cli)
{
    return finish_key(cli, KEEPER_REVOKE, "revoked");
}

int cmd_keeper_destroy(struct cli *cli)
{
    return finish_key(cli, KEEPER_DESTROY, "destroyed");
}

/* ---- approval ---- */

/* m names the key. */
static int approve(struct asking *a, struct keeper_message *m, const struct head2_key *by)
{
    const char *const key = a->cli->args[0];
    struct keeper_message challenge = {.type = KEEPER_CHALLENGE};
    uint8_t sig[HEAD2_KEY_MAX_SIG], drawn[APPROVAL_CHALLENGE];

    memcpy(challenge.key, m->key, sizeof m->key);
    const int code = ask(a, &challenge, key);
    if (code != CLI_DONE)
        return code;
    if (a->reply.m.data.len != sizeof drawn)
        return cli_fail(a->cli, CLI_INPUT, key, NULL, "the keeper's challenge is damaged");
    memcpy(drawn, a->reply.m.data.at, sizeof drawn);
    m->count = (uint16_t)cli_number(a->cli, "uses", 1);
    m->until_ms = utc_now() + 60000 * cli_number(a->cli, "minutes", 10);
    const enum head2_status st = approval_sign(m, sig, drawn, by);
    if (st != HEAD2_OK)
        return cli_fail(a->cli, cli_status_exit(st), cli_string(a->cli, "key"), NULL,
                        "cannot sign: %s", head2_status_string(st));
    return ask(a, m, key);
}

static void print_approval(struct cli *cli, const struct keeper_message *m)
{
    char until[UTC_BYTES + 1];

    utc_format(until, m->until_ms);
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:I, s:s}", "key", cli->args[0], "uses",
                                      (json_int_t)m->count, "until", until));
    else
        cli_print(cli, "%s may be used %u times until %s\n", cli->args[0], m->count, until);
}

int cmd_keeper_approve(struct cli *cli)
{
    const char *const path = cli_string(cli, "key");
    struct keeper_message m = {.type = KEEPER_APPROVE};
    struct asking a = {.cli = cli};
    struct head2_key *by = NULL;

    if (path == NULL)
        return cli_fail(cli, CLI_USAGE, "--key", "give --key FILE", "no key of an approver");
    int code = cli_read_key(cli, path, CLI_KEY_SIGN, &by);
    if (code == CLI_DONE)
        code = begin(&a, cli);
    if (code == CLI_DONE)
        code = find(&a, cli->args[0], false, &m);
    if (code == CLI_DONE)
        code = approve(&a, &m, by);
    if (code == CLI_DONE)
        print_approval(cli, &m);
    head2_key_free(by);
    return end(&a, code);
}
