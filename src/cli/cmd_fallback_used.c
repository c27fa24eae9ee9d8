/*
 * head2 fallback used and check: what a node has accepted, beside what the drones say they have
 * used.
 */
#include "artifact/base64.h"
#include "artifact/utc.h"
#include "cli/fallback.h"
#include "cli/files.h"
#include "cli/keepers.h"
#include "cli/verbs.h"
#include "gateway/fallback_used.h"
#include "session/schedule.h"

#include <errno.h>
#include <stdlib.h>

/* ---- used ---- */

struct counting {
    const struct cli *cli;
    struct fallback_used used;
    size_t cap;
};

static int count(void *arg, const struct fallback_entry *e)
{
    struct counting *c = arg;

    if (c->used.n == c->cap) {
        c->cap = c->cap == 0 ? 64 : 2 * c->cap;
        struct fallback_use *more = realloc(c->used.uses, c->cap * sizeof *more);
        if (more == NULL)
            return cli_fail(c->cli, CLI_INTERNAL, NULL, NULL, "out of memory");
        c->used.uses = more;
    }
    struct fallback_use *u = &c->used.uses[c->used.n++];
    memcpy(u->id, e->key.id, sizeof u->id);
    memcpy(u->drone, e->key.drone, sizeof u->drone);
    u->counter = e->counter;
    u->last_ms = e->counted_ms;
    return CLI_DONE;
}

static int write_used(struct cli *cli, struct fallback_used *used, const struct artifact_signer *by)
{
    char *text;
    size_t len;

    identity(used->node, 'F', head2_key_public(by->key));
    const enum head2_status st = fallback_used_write(&text, &len, used, by);
    if (st != HEAD2_OK)
        return cli_fail(cli, cli_status_exit(st), NULL, NULL, "%s", head2_status_string(st));
    const int code =
        cli_write_file(cli, cli_string_or(cli, "out", "-"), text, len, 0644, FILE_REPLACE);
    free(text);
    return code;
}

int cmd_fallback_used(struct cli *cli)
{
    struct counting c = {.cli = cli, .used = {.time_ms = utc_now()}};
    struct config *config = NULL;
    struct cli_signer own = {0};

    int code = cli_fallback_config(cli, CLI_END_NODE, &config);
    if (code == CLI_DONE)
        code = cli_fallback_each(cli, config, count, &c);
    if (code == CLI_DONE)
        code = cli_signer_of_config(cli, config, &own);
    if (code == CLI_DONE)
        code = write_used(cli, &c.used, &own.signer);
    free(c.used.uses);
    cli_signer_close(&own);
    config_free(config);
    return code;
}

/* ---- check ---- */

struct checking {
    struct cli *cli;
    const struct config *config;
    struct cli_drones drones;
    struct fallback_used used;
    unsigned alarms, open;
};

enum verdict { VERDICT_OK, VERDICT_OPEN, VERDICT_ALARM };

/* The drone's word must come after the node's last acceptance to be of any meaning for it. */
static enum verdict judge(const struct fallback_use *u, const struct fallback_entry *e,
                          const char **why)
{
    *why = "the drone says so too";
    if (u->counter == 0) {
        *why = "not used";
        return VERDICT_OK;
    }
    if (e == NULL || memcmp(u->drone, e->key.drone, sizeof u->drone) != 0) {
        *why = "this gateway has issued no such key";
        return VERDICT_ALARM;
    }
    if (u->counter <= e->counter)
        return VERDICT_OK;
    if (e->counted_ms <= u->last_ms) {
        *why = "the drone has made no signed session since";
        return VERDICT_OPEN;
    }
    *why = "the drone has used it less often: somebody else has this key";
    return VERDICT_ALARM;
}

static void show_verdict(struct checking *c, const struct fallback_use *u,
                         const struct fallback_entry *e)
{
    static const char *const names[] = {"ok", "open", "ALARM"};
    const char *why, *name = cli_drones_name(&c->drones, u->drone);
    const enum verdict v = judge(u, e, &why);
    char id[CLI_ID_TEXT] = {0};
    const unsigned said = e != NULL ? e->counter : 0;

    c->alarms += v == VERDICT_ALARM;
    c->open += v == VERDICT_OPEN;
    hex_encode(id, u->id, sizeof u->id);
    if (c->cli->json)
        cli_print_json(c->cli, json_pack("{s:s, s:s?, s:s, s:i, s:i, s:s}", "key", id, "name", name,
                                         "verdict", names[v], "accepted", (int)u->counter,
                                         "reported", (int)said, "text", why));
    else if (u->counter != 0)
        cli_print(c->cli, "%-6s%s %s: accepted %u, drone says %u: %s\n", names[v], id,
                  name != NULL ? name : "-", u->counter, said, why);
}

static int check_uses(struct checking *c)
{
    for (size_t i = 0; i < c->used.n; i++) {
        const struct fallback_use *u = &c->used.uses[i];
        struct fallback_entry e;
        const enum head2_status st = fallback_store_read(c->config->state, u->id, &e);
        const bool none = st == HEAD2_E_IO && errno == ENOENT;
        if (st != HEAD2_OK && !none)
            return cli_fallback_unreadable(c->cli, c->config, u->id, st);
        show_verdict(c, u, none ? NULL : &e);
        head2_wipe(&e, sizeof e);
    }
    if (!c->cli->json)
        cli_print(c->cli, "%zu keys, %u alarms, %u open\n", c->used.n, c->alarms, c->open);
    if (c->alarms == 0)
        return CLI_DONE;
    return cli_fail(c->cli, CLI_FAILED, c->cli->args[0],
                    "look for the stolen key: at that node, on the way there, at that drone",
                    "%u keys were used by somebody who is not their drone", c->alarms);
}

static int read_used(struct checking *c, const char *path)
{
    uint8_t *text;
    size_t len;

    const int code = cli_read_file(c->cli, path, FALLBACK_USED_MAX, &text, &len);
    if (code != CLI_DONE)
        return code;
    enum head2_status st = fallback_used_read(&c->used, (const char *)text, len);
    const char *why = "not what 'head2 fallback used' writes";
    if (st == HEAD2_OK) {
        st = HEAD2_E_VERIFY;
        why = "signed by none of the nodes in fallback.nodes";
    }
    for (uint32_t i = 0; st == HEAD2_E_VERIFY && i < c->config->fallback.n_nodes; i++)
        st = fallback_used_verify(&c->used, (const char *)text, c->config->fallback.nodes[i].pk);
    free(text);
    return st == HEAD2_OK ? CLI_DONE : cli_fail(c->cli, cli_status_exit(st), path, NULL, "%s", why);
}

int cmd_fallback_check(struct cli *cli)
{
    struct checking c = {.cli = cli};
    struct config *config = NULL;

    int code = cli_fallback_config(cli, CLI_END_GATEWAY, &config);
    c.config = config;
    if (code == CLI_DONE)
        code = cli_drones_make(cli, &c.drones, config);
    if (code == CLI_DONE)
        code = read_used(&c, cli->args[0]);
    if (code == CLI_DONE)
        code = check_uses(&c);
    free(c.used.uses);
    cli_drones_free(&c.drones);
    config_free(config);
    return code;
}
