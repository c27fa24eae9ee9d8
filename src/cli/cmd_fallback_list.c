/*
 * head2 fallback list and show: the keys that this end keeps. The keys themselves are never shown.
 */
#include "artifact/base64.h"
#include "artifact/utc.h"
#include "cli/fallback.h"
#include "cli/verbs.h"

#include <stdlib.h>

struct showing {
    struct cli *cli;
    const struct config *config;
    struct cli_drones drones;
    uint64_t now_ms;
    bool whole;     /* show, not list */
    const char *id; /* of the one to be shown, or what it begins with */
    unsigned n;
};

static void hex_text(char out[CLI_ID_TEXT], const uint8_t *bytes, size_t len)
{
    hex_encode(out, bytes, len);
    out[2 * len] = 0;
}

static void put_text(json_t *o, const char *key, const char *value)
{
    json_object_set_new(o, key, value != NULL ? json_string(value) : json_null());
}

static void put_number(json_t *o, const char *key, uint64_t value)
{
    json_object_set_new(o, key, json_integer((json_int_t)value));
}

static void put_time(json_t *o, const char *key, uint64_t ms)
{
    char text[UTC_BYTES + 1];

    utc_format(text, ms);
    put_text(o, key, ms != 0 ? text : NULL);
}

/* What this end's kind of entry says beyond the key. */
static void put_own(json_t *o, const struct showing *s, const struct fallback_entry *e)
{
    struct fallback_clock clock;

    put_number(o, "counter", e->counter);
    if (s->config->role == CONFIG_LINK) {
        put_number(o, "boots", e->boots);
        if (fallback_clock_read(&clock))
            put_number(o, "left_us", fallback_entry_left(e, &clock));
        return;
    }
    put_time(o, "counted", e->counted_ms);
    if (!s->config->fallback.node)
        json_object_set_new(o, "acknowledged", json_boolean(e->acknowledged));
}

static json_t *entry_object(const struct showing *s, const struct fallback_entry *e)
{
    const struct head2_fallback_key *k = &e->key;
    char text[CLI_ID_TEXT];
    json_t *o = json_object(), *nodes = json_array();

    hex_text(text, k->id, sizeof k->id);
    put_text(o, "key", text);
    put_text(o, "name", cli_drones_name(&s->drones, k->drone));
    hex_text(text, k->drone, sizeof k->drone);
    put_text(o, "drone", text);
    put_time(o, "issued", k->issue_ms);
    put_time(o, "ends", k->issue_ms + (uint64_t)k->lifetime_s * 1000);
    json_object_set_new(o, "ended", json_boolean(e->scrubbed || fallback_ended(k, s->now_ms)));
    put_number(o, "lifetime_s", k->lifetime_s);
    put_number(o, "max_uses", k->max_uses);
    put_own(o, s, e);
    for (unsigned i = 0; i < k->n_nodes; i++) {
        hex_text(text, k->nodes[i], 32);
        json_array_append_new(nodes, json_string(text));
    }
    json_object_set_new(o, "nodes", nodes);
    return o;
}

static void show_whole(struct cli *cli, json_t *o)
{
    const char *key;
    json_t *value;

    json_object_foreach(o, key, value)
    {
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        const char *plain = json_string_value(value);
        cli_print(cli, "%-14s%s\n", key, plain != NULL ? plain : text != NULL ? text : "");
        free(text);
    }
}

static void show_line(struct showing *s, const struct fallback_entry *e)
{
    char id[CLI_ID_TEXT], drone[CLI_ID_TEXT], ends[UTC_BYTES + 1];
    const char *name = cli_drones_name(&s->drones, e->key.drone);
    const bool ended = e->scrubbed || fallback_ended(&e->key, s->now_ms);

    if (s->n == 1)
        cli_print(s->cli, "%-33s%-20s%-26s%s\n", "key", "drone", "ends", "uses");
    hex_text(id, e->key.id, sizeof e->key.id);
    hex_text(drone, e->key.drone, 8);
    utc_format(ends, e->key.issue_ms + (uint64_t)e->key.lifetime_s * 1000);
    cli_print(s->cli, "%-33s%-20s%-26s%u of %u%s%s\n", id, name != NULL ? name : drone, ends,
              e->counter, e->key.max_uses, ended ? ", ended" : "",
              s->config->role == CONFIG_GATEWAY && !s->config->fallback.node && !e->acknowledged
                  ? ", not acknowledged"
                  : "");
}

static int show_entry(void *arg, const struct fallback_entry *e)
{
    struct showing *s = arg;
    char id[CLI_ID_TEXT];

    hex_text(id, e->key.id, sizeof e->key.id);
    if (s->id != NULL && strncmp(id, s->id, strlen(s->id)) != 0)
        return CLI_DONE;
    s->n++;
    if (!s->cli->json && s->id == NULL) {
        show_line(s, e);
        return CLI_DONE;
    }
    json_t *o = entry_object(s, e);
    if (s->cli->json) {
        cli_print_json(s->cli, o);
        return CLI_DONE;
    }
    show_whole(s->cli, o);
    json_decref(o);
    return CLI_DONE;
}

static int run(struct cli *cli, const char *id)
{
    struct config *config = NULL;
    struct showing s = {.cli = cli, .now_ms = utc_now(), .id = id};

    int code = cli_fallback_config(cli, CLI_END_ANY, &config);
    s.config = config;
    if (code == CLI_DONE)
        code = cli_drones_make(cli, &s.drones, config);
    if (code == CLI_DONE)
        code = cli_fallback_each(cli, config, show_entry, &s);
    if (code == CLI_DONE && s.n == 0 && id != NULL)
        code = cli_fail(cli, CLI_INPUT, id, "'head2 fallback list' names them", "no such key");
    else if (code == CLI_DONE && s.n == 0 && !cli->json)
        cli_print(cli, "no keys\n");
    cli_drones_free(&s.drones);
    config_free(config);
    return code;
}

int cmd_fallback_list(struct cli *cli)
{
    return run(cli, NULL);
}

int cmd_fallback_show(struct cli *cli)
{
    return run(cli, cli->args[0]);
}
