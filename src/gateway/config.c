/*
 * The keys of the two files, one function a key; see config.h.
 */
#include "gateway/config.h"

#include "base/nearest.h"
#include "gateway/address.h"
#include "gateway/config_fallback.h"
#include "gateway/config_tun.h"

#include <stdio.h>
#include <stdlib.h>

struct keys { /* the keys of one map: those that are used, and those of later versions */
    const char *const *now;
    size_t n_now;
    const char *const *later;
    size_t n_later;
};

#define KEYS(a, b)                                                                                 \
    {                                                                                              \
        a, HEAD2_LEN(a), b, HEAD2_LEN(b)                                                           \
    }

static const char *const none[] = {""};
static const char *const gateway_now[] = {"identity", "listen",   "rotate", "suites",
                                          "peers",    "state",    "limits", "entropy",
                                          "tun",      "fallback", "ledger", "keeper"};
static const char *const gateway_later[] = {"seal"};
static const char *const link_now[] = {"identity", "gateway", "lanes", "rotate",  "suites",
                                       "state",    "entropy", "tun",   "fallback"};
static const char *const link_later[] = {"seal"};
static const char *const listen_now[] = {"udp", "control"};
static const char *const listen_later[] = {"http", "metrics"};
static const char *const rotate_now[] = {"seconds", "bytes", "overlap", "mac_only"};
static const char *const limits_now[] = {"handshakes_per_prefix", "handshakes_global", "half_open",
                                         "exempt"};
static const char *const ledger_now[] = {"batch", "interval_ms"};
static const char *const gateway_key_now[] = {"key", "endpoints"};

static const struct keys gateway_keys = KEYS(gateway_now, gateway_later);
static const struct keys link_keys = KEYS(link_now, link_later);
static const struct keys listen_keys = KEYS(listen_now, listen_later);
static const struct keys rotate_keys = KEYS(rotate_now, none);
static const struct keys limits_keys = KEYS(limits_now, none);
static const struct keys ledger_keys = KEYS(ledger_now, none);
static const struct keys gateway_part_keys = KEYS(gateway_key_now, none);

static const char *const lane_names[HEAD2_SESSION_LANES] = {"telemetry", "video", "logs",
                                                            "aggregates"};

const char *config_lane_name(unsigned lane)
{
    return lane < HEAD2_SESSION_LANES ? lane_names[lane] : "control";
}

const char *config_role_name(const struct config *config)
{
    return config->fallback.node ? "fallback" : config->role == CONFIG_LINK ? "link" : "gateway";
}

/* ---- values ---- */

static bool has(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

enum head2_status config_map(const struct tree *t, uint32_t node, struct config_error *err)
{
    if (t->nodes[node].kind == TREE_MAP)
        return HEAD2_OK;
    return tree_fail(t, node, err, "write '{ KEY: VALUE, … }' here", "not a map of keys");
}

enum head2_status config_known(const struct tree *t, uint32_t map, const char *const *names,
                               size_t count, struct config_error *err)
{
    for (uint32_t i = t->nodes[map].first; i != TREE_NONE; i = t->nodes[i].next) {
        char hint[160] = "remove it";
        if (has(names, count, t->nodes[i].key))
            continue;
        const char *near = nearest_name(t->nodes[i].key, names, count);
        if (near != NULL)
            snprintf(hint, sizeof hint, "did you mean '%s'?", near);
        return tree_fail(t, i, err, hint, "unknown key");
    }
    return HEAD2_OK;
}

static enum head2_status check_keys(const struct tree *t, uint32_t map, const struct keys *keys,
                                    struct config_error *err)
{
    enum head2_status st = config_map(t, map, err);

    if (st != HEAD2_OK)
        return st;
    for (uint32_t i = t->nodes[map].first; i != TREE_NONE; i = t->nodes[i].next)
        if (has(keys->later, keys->n_later, t->nodes[i].key))
            return tree_fail(t, i, err, "remove it", "not in this version");
    return config_known(t, map, keys->now, keys->n_now, err);
}

enum head2_status config_text(const struct tree *t, uint32_t node, const char **out,
                              struct config_error *err)
{
    const struct tree_node *n = &t->nodes[node];

    *out = NULL;
    if (n->kind != TREE_SCALAR)
        return tree_fail(t, node, err, "give one value", "not a single value");
    if (*n->text == 0 ||
        (!n->quoted && (strcmp(n->text, "~") == 0 || strcmp(n->text, "null") == 0)))
        return tree_fail(t, node, err, "give a value, or remove the key", "no value");
    *out = n->text;
    return HEAD2_OK;
}

enum head2_status config_number(const struct tree *t, uint32_t map, const char *key, uint64_t min,
                                uint64_t max, uint64_t *out, struct config_error *err)
{
    uint32_t node = tree_get(t, map, key);
    const char *text;

    if (node == TREE_NONE)
        return HEAD2_OK;
    enum head2_status st = config_text(t, node, &text, err);
    if (st != HEAD2_OK)
        return st;
    size_t len = strlen(text);
    unsigned long long value = strtoull(text, NULL, 10);
    if (len > 15 || strspn(text, "0123456789") != len || value < min || value > max)
        return tree_fail(t, node, err, "give a whole number in that range",
                         "'%.40s' is not a number from %llu to %llu", text, (unsigned long long)min,
                         (unsigned long long)max);
    *out = value;
    return HEAD2_OK;
}

enum head2_status config_address(const struct tree *t, uint32_t node, struct head2_address *out,
                                 struct config_error *err)
{
    const char *text;
    enum head2_status st = config_text(t, node, &text, err);

    if (st != HEAD2_OK)
        return st;
    if (!address_parse(out, text) || out->port == 0)
        return tree_fail(t, node, err, "write \"127.0.0.1:5710\" or \"[::1]:5710\"",
                         "'%.60s' is not an IP address and a port", text);
    return HEAD2_OK;
}

/* The name of a file, relative to the folder of base, which is a file. */
enum head2_status config_path(char out[PATH_MAX], const char *base, const char *name)
{
    const char *slash = strrchr(base, '/');
    int folder = name[0] == '/' || slash == NULL ? 0 : (int)(slash - base) + 1;
    int n = snprintf(out, PATH_MAX, "%.*s%s", folder, base, name);

    return n > 0 && n < PATH_MAX - 128 ? HEAD2_OK : HEAD2_E_LIMIT;
}

enum head2_status config_path_key(const struct tree *t, uint32_t map, const char *key,
                                  char out[PATH_MAX], struct config_error *err)
{
    uint32_t node = tree_get(t, map, key);
    const char *text;

    if (node == TREE_NONE)
        return HEAD2_OK;
    enum head2_status st = config_text(t, node, &text, err);
    if (st == HEAD2_OK && config_path(out, t->file, text) != HEAD2_OK)
        st = tree_fail(t, node, err, "use a shorter name", "the name is too long");
    return st;
}

enum head2_status config_need(const struct tree *t, uint32_t map, const char *key, uint32_t *out,
                              struct config_error *err)
{
    *out = tree_get(t, map, key);
    if (*out != TREE_NONE)
        return HEAD2_OK;
    return tree_fail(t, map, err, "add it", "the key '%s' is missing", key);
}

enum head2_status config_name(const struct tree *t, uint32_t node, char *out,
                              struct config_error *err)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    const char *text;
    enum head2_status st = config_text(t, node, &text, err);

    if (st != HEAD2_OK)
        return st;
    if (strlen(text) > CONFIG_NAME_MAX || strspn(text, allowed) != strlen(text))
        return tree_fail(t, node, err, "choose another",
                         "a name has 1 to 63 letters, digits, '-', '_' and '.'");
    snprintf(out, CONFIG_NAME_MAX + 1, "%s", text);
    return HEAD2_OK;
}

/* ---- parts that both files have ---- */

static enum head2_status read_rotate(const struct tree *t, struct config *c,
                                     struct config_error *err)
{
    enum head2_status st;
    uint32_t map = tree_get(t, 0, "rotate");
    uint64_t seconds = 60, bytes = 100000000, overlap = 5;

    if (map != TREE_NONE) {
        HEAD2_TRY(check_keys(t, map, &rotate_keys, err));
        HEAD2_TRY(config_number(t, map, "seconds", 5, 86400, &seconds, err));
        HEAD2_TRY(config_number(t, map, "bytes", 1000000, 1000000000000, &bytes, err));
        HEAD2_TRY(config_number(t, map, "overlap", 0, 16, &overlap, err));
        HEAD2_TRY(config_flag(t, map, "mac_only", &c->mac_only, err));
    }
    c->rotate_seconds = (uint32_t)seconds;
    c->rotate_bytes = bytes;
    c->overlap = (uint16_t)overlap;
    st = HEAD2_OK;
done:
    return st;
}

static enum head2_status read_suite(const struct tree *t, uint32_t node, struct config *c,
                                    unsigned n, struct config_error *err)
{
    static const uint16_t suites[] = {HEAD2_SUITE_L5, HEAD2_SUITE_L1X4, HEAD2_SUITE_L5_P384};
    const char *text;
    enum head2_status st = config_text(t, node, &text, err);

    if (st != HEAD2_OK)
        return st;
    for (size_t i = 0; i < HEAD2_LEN(suites); i++) {
        if (strcmp(text, head2_suite_name(suites[i])) != 0)
            continue;
        for (unsigned k = 0; k < n; k++)
            if (c->suites[k] == suites[i])
                return tree_fail(t, node, err, "keep one of them", "named twice");
        c->suites[n] = suites[i];
        return HEAD2_OK;
    }
    return tree_fail(t, node, err, "choose CH2-L5, CH2-L5-P384 or CH2-L1X4",
                     "unknown suite '%.40s'", text);
}

static enum head2_status read_suites(const struct tree *t, struct config *c,
                                     struct config_error *err)
{
    uint32_t list = tree_get(t, 0, "suites");
    unsigned n = 0;

    c->suites[0] = HEAD2_SUITE_L5;
    if (list == TREE_NONE)
        return HEAD2_OK;
    if (t->nodes[list].kind != TREE_LIST || t->nodes[list].count == 0)
        return tree_fail(t, list, err, "write [CH2-L5]", "not a list of suites");
    c->suites[0] = 0;
    for (uint32_t i = t->nodes[list].first; i != TREE_NONE; i = t->nodes[i].next) {
        enum head2_status st = read_suite(t, i, c, n++, err);
        if (st != HEAD2_OK)
            return st;
    }
    return HEAD2_OK;
}

static enum head2_status read_places(const struct tree *t, struct config *c, uint32_t listen,
                                     struct config_error *err)
{
    enum head2_status st = HEAD2_OK;
    const char *text = "run/head2.sock";
    char base[PATH_MAX];

    HEAD2_TRY(config_path(c->state, t->file, "state"));
    HEAD2_TRY(config_path_key(t, 0, "state", c->state, err));
    uint32_t node = listen != TREE_NONE ? tree_get(t, listen, "control") : TREE_NONE;
    if (node != TREE_NONE)
        HEAD2_TRY(config_text(t, node, &text, err));
    if (snprintf(base, sizeof base, "%s/.", c->state) >= (int)sizeof base)
        return HEAD2_E_LIMIT;
    st = config_path(c->control, base, text);
done:
    if (st == HEAD2_E_LIMIT)
        st = tree_fail(t, 0, err, "use a shorter name", "a file's name is too long");
    return st;
}

/* ---- the gateway's file ---- */

static enum head2_status read_exempt(const struct tree *t, struct config *c, uint32_t map,
                                     struct config_error *err)
{
    static const char hint[] = "write [\"10.1.0.0/16\", \"2001:db8::/32\"], 16 at most";
    const uint32_t list = tree_get(t, map, "exempt");
    const char *text;

    if (list == TREE_NONE)
        return HEAD2_OK;
    if (t->nodes[list].kind != TREE_LIST || t->nodes[list].count > HEAD2_SESSION_MAX_EXEMPT)
        return tree_fail(t, list, err, hint, "not a list of networks");
    for (uint32_t i = t->nodes[list].first; i != TREE_NONE; i = t->nodes[i].next) {
        const enum head2_status st = config_text(t, i, &text, err);
        if (st != HEAD2_OK)
            return st;
        struct prefix p;
        if (!prefix_parse(&p, text, false))
            return tree_fail(t, i, err, hint, "'%.60s' is not a network", text);
        struct head2_prefix *out = &c->exempt[c->n_exempt++];
        memcpy(out->ip, p.ip, sizeof out->ip);
        out->bits = p.bits;
    }
    return HEAD2_OK;
}

static enum head2_status read_limits(const struct tree *t, struct config *c,
                                     struct config_error *err)
{
    enum head2_status st;
    uint32_t map = tree_get(t, 0, "limits");
    uint64_t prefix = 0, global = 0, half = 0;

    if (map == TREE_NONE)
        return HEAD2_OK;
    HEAD2_TRY(check_keys(t, map, &limits_keys, err));
    HEAD2_TRY(config_number(t, map, "handshakes_per_prefix", 1, 100000, &prefix, err));
    HEAD2_TRY(config_number(t, map, "handshakes_global", 1, 100000, &global, err));
    HEAD2_TRY(config_number(t, map, "half_open", 1, 65536, &half, err));
    c->prefix_rate = (uint32_t)prefix;
    c->handshake_rate = (uint32_t)global;
    c->half_open = (uint32_t)half;
    st = read_exempt(t, c, map, err);
done:
    return st;
}

static enum head2_status read_ledger(const struct tree *t, struct config *c,
                                     struct config_error *err)
{
    enum head2_status st = HEAD2_OK;
    const uint32_t map = tree_get(t, 0, "ledger");
    uint64_t batch = 64, interval_ms = 250;

    if (map != TREE_NONE) {
        HEAD2_TRY(check_keys(t, map, &ledger_keys, err));
        HEAD2_TRY(config_number(t, map, "batch", 1, 65536, &batch, err));
        HEAD2_TRY(config_number(t, map, "interval_ms", 1, 60000, &interval_ms, err));
    }
    c->ledger_batch = (unsigned)batch;
    c->ledger_interval_ms = (unsigned)interval_ms;
done:
    return st;
}

static enum head2_status read_gateway(const struct tree *t, struct config *c,
                                      struct config_error *err)
{
    enum head2_status st;
    uint32_t listen, udp, peers;

    HEAD2_TRY(check_keys(t, 0, &gateway_keys, err));
    HEAD2_TRY(config_need(t, 0, "listen", &listen, err));
    HEAD2_TRY(check_keys(t, listen, &listen_keys, err));
    HEAD2_TRY(config_need(t, listen, "udp", &udp, err));
    HEAD2_TRY(config_address(t, udp, &c->listen, err));
    HEAD2_TRY(config_identity(t, c, err));
    HEAD2_TRY(read_rotate(t, c, err));
    HEAD2_TRY(read_suites(t, c, err));
    HEAD2_TRY(config_entropy(t, tree_get(t, 0, "entropy"), &c->entropy, err));
    HEAD2_TRY(read_places(t, c, listen, err));
    HEAD2_TRY(read_limits(t, c, err));
    HEAD2_TRY(read_ledger(t, c, err));
    HEAD2_TRY(config_keeper(t, tree_get(t, 0, "keeper"), c, err));
    HEAD2_TRY(config_tun(t, tree_get(t, 0, "tun"), c, err));
    HEAD2_TRY(config_need(t, 0, "peers", &peers, err));
    HEAD2_TRY(config_peers(t, peers, c, err));
    HEAD2_TRY(config_fallback(t, tree_get(t, 0, "fallback"), c, err));
    st = config_tun_check(t, c, err);
done:
    return st;
}

/* ---- a drone's file ---- */

static enum head2_status read_link(const struct tree *t, struct config *c, struct config_error *err)
{
    enum head2_status st;
    uint32_t map, endpoints, key;

    HEAD2_TRY(check_keys(t, 0, &link_keys, err));
    HEAD2_TRY(config_identity(t, c, err));
    HEAD2_TRY(read_rotate(t, c, err));
    HEAD2_TRY(read_suites(t, c, err));
    HEAD2_TRY(config_entropy(t, tree_get(t, 0, "entropy"), &c->entropy, err));
    HEAD2_TRY(read_places(t, c, TREE_NONE, err));
    HEAD2_TRY(config_need(t, 0, "gateway", &map, err));
    HEAD2_TRY(check_keys(t, map, &gateway_part_keys, err));
    HEAD2_TRY(config_need(t, map, "endpoints", &endpoints, err));
    HEAD2_TRY(config_endpoints(t, endpoints, &c->endpoints, err));
    HEAD2_TRY(config_need(t, map, "key", &key, err));
    HEAD2_TRY(config_tun(t, tree_get(t, 0, "tun"), c, err));
    HEAD2_TRY(config_link_gateway(t, key, c, err));
    HEAD2_TRY(config_fallback(t, tree_get(t, 0, "fallback"), c, err));
    st = config_tun_check(t, c, err);
done:
    return st;
}

/* The other end's file is told as a whole, not by its first unknown key. */
static enum head2_status check_role(const struct tree *t, enum config_role role,
                                    struct config_error *err)
{
    const bool link = role == CONFIG_LINK;
    const uint32_t other = tree_get(t, 0, link ? "listen" : "gateway");

    if (other == TREE_NONE || tree_get(t, 0, link ? "gateway" : "listen") != TREE_NONE)
        return HEAD2_OK;
    return tree_fail(t, other, err,
                     link ? "run it with 'head2 gateway', or name a drone's file"
                          : "run it with 'head2 link', or name a gateway's file",
                     "this is the file of a %s", link ? "gateway" : "link");
}

enum head2_status config_read(struct config **out, const char *file, enum config_role role,
                              struct config_error *err)
{
    struct tree tree;
    struct config *c = calloc(1, sizeof *c);

    *out = NULL;
    *err = (struct config_error){.error = 0};
    if (c == NULL) {
        snprintf(err->what, sizeof err->what, "out of memory");
        return HEAD2_E_MEMORY;
    }
    enum head2_status st = tree_read(&tree, file, err);
    if (st != HEAD2_OK) {
        config_free(c);
        return st;
    }
    if (role == CONFIG_ANY)
        role = tree_get(&tree, 0, "gateway") != TREE_NONE ? CONFIG_LINK : CONFIG_GATEWAY;
    c->role = role;
    snprintf(c->file, sizeof c->file, "%s", file);
    snprintf(c->name, sizeof c->name, "%s", role == CONFIG_GATEWAY ? "CHIMERA-HEAD-2" : "drone");
    st = check_role(&tree, role, err);
    if (st == HEAD2_OK)
        st = role == CONFIG_GATEWAY ? read_gateway(&tree, c, err) : read_link(&tree, c, err);
    tree_free(&tree);
    if (st == HEAD2_OK) {
        *out = c;
        return st;
    }
    config_free(c);
    return st;
}

void config_free(struct config *config)
{
    if (config != NULL) {
        free(config->peers);
        free(config->prefixes);
        config_entropy_free(&config->entropy);
    }
    free(config);
}
