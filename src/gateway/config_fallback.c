/* see config_fallback.h */
#include "gateway/config_fallback.h"

static const char *const gateway_names[] = {"nodes", "lifetime"};
static const char *const link_names[] = {"enabled", "gateways"};
static const char *const link_gateway_names[] = {"key", "endpoints"};
static const char *const node_names[] = {"issuer", "kem"};

bool config_is_node(const struct tree *t)
{
    const uint32_t map = tree_get(t, 0, "fallback");

    return map != TREE_NONE && t->nodes[map].kind == TREE_MAP &&
           tree_get(t, map, "issuer") != TREE_NONE;
}

/* The next place for a node, of 1 to HEAD2_FALLBACK_NODES in a list. */
static enum head2_status check_list(const struct tree *t, uint32_t list, const char *hint,
                                    struct config_error *err)
{
    if (t->nodes[list].kind == TREE_LIST && t->nodes[list].count > 0 &&
        t->nodes[list].count <= HEAD2_FALLBACK_NODES)
        return HEAD2_OK;
    return tree_fail(t, list, err, hint, "not a list of 1 to %d nodes", HEAD2_FALLBACK_NODES);
}

static enum head2_status add_node(const struct tree *t, uint32_t key, struct config_fallback *f,
                                  struct config_error *err)
{
    uint8_t key_id[HEAD2_KEY_ID_BYTES];
    const enum head2_status st = config_public_key(t, key, f->nodes[f->n_nodes].pk, key_id, err);

    if (st != HEAD2_OK)
        return st;
    for (uint32_t i = 0; i < f->n_nodes; i++)
        if (memcmp(f->nodes[i].pk, f->nodes[f->n_nodes].pk, sizeof f->nodes[i].pk) == 0)
            return tree_fail(t, key, err, "keep one of them", "named twice");
    f->n_nodes++;
    return HEAD2_OK;
}

static enum head2_status read_gateway(const struct tree *t, uint32_t map, struct config_fallback *f,
                                      struct config_error *err)
{
    enum head2_status st;
    uint32_t list;
    uint64_t lifetime = HEAD2_FALLBACK_MAX_LIFETIME;

    HEAD2_TRY(config_known(t, map, gateway_names, HEAD2_LEN(gateway_names), err));
    HEAD2_TRY(config_need(t, map, "nodes", &list, err));
    HEAD2_TRY(check_list(t, list, "write [f1.pub.pem]", err));
    for (uint32_t i = t->nodes[list].first; i != TREE_NONE; i = t->nodes[i].next)
        HEAD2_TRY(add_node(t, i, f, err));
    HEAD2_TRY(config_number(t, map, "lifetime", 60, HEAD2_FALLBACK_MAX_LIFETIME, &lifetime, err));
    f->lifetime = (uint32_t)lifetime;
    f->on = true;
done:
    return st;
}

static enum head2_status read_enabled(const struct tree *t, uint32_t map, bool *out,
                                      struct config_error *err)
{
    const uint32_t node = tree_get(t, map, "enabled");
    const char *text = "true";

    if (node != TREE_NONE) {
        const enum head2_status st = config_text(t, node, &text, err);
        if (st != HEAD2_OK)
            return st;
    }
    *out = strcmp(text, "true") == 0;
    if (*out || strcmp(text, "false") == 0)
        return HEAD2_OK;
    return tree_fail(t, node, err, "write true or false", "'%.40s' is not known here", text);
}

static enum head2_status read_link(const struct tree *t, uint32_t map, struct config_fallback *f,
                                   struct config_error *err)
{
    enum head2_status st;
    uint32_t list, key, endpoints;

    HEAD2_TRY(config_known(t, map, link_names, HEAD2_LEN(link_names), err));
    HEAD2_TRY(config_need(t, map, "gateways", &list, err));
    HEAD2_TRY(check_list(t, list, "write [{ key: f1.pub.pem, endpoints: [\"host:5711\"] }]", err));
    for (uint32_t i = t->nodes[list].first; i != TREE_NONE; i = t->nodes[i].next) {
        HEAD2_TRY(config_map(t, i, err));
        HEAD2_TRY(config_known(t, i, link_gateway_names, HEAD2_LEN(link_gateway_names), err));
        HEAD2_TRY(config_need(t, i, "key", &key, err));
        HEAD2_TRY(config_need(t, i, "endpoints", &endpoints, err));
        HEAD2_TRY(config_endpoints(t, endpoints, &f->nodes[f->n_nodes].endpoints, err));
        HEAD2_TRY(add_node(t, key, f, err));
    }
    st = read_enabled(t, map, &f->on, err);
done:
    return st;
}

/* Video and logs do not pass in fallback: a place for them would never hear anything. */
static enum head2_status check_node_lanes(const struct tree *t, const struct config *c,
                                          struct config_error *err)
{
    for (uint32_t i = 0; i < c->n_peers; i++)
        for (unsigned lane = 1; lane <= 2; lane++)
            if (c->peers[i].lanes[lane].on)
                return tree_fail(t, tree_get(t, 0, "peers"), err, "remove it",
                                 "peer '%s': the lane %s does not pass in fallback",
                                 c->peers[i].name, config_lane_name(lane));
    return HEAD2_OK;
}

static enum head2_status read_node(const struct tree *t, uint32_t map, struct config *c,
                                   struct config_error *err)
{
    struct config_fallback *f = &c->fallback;
    uint8_t key_id[HEAD2_KEY_ID_BYTES];
    enum head2_status st;
    uint32_t issuer, kem;

    HEAD2_TRY(config_known(t, map, node_names, HEAD2_LEN(node_names), err));
    HEAD2_TRY(config_need(t, map, "issuer", &issuer, err));
    HEAD2_TRY(config_public_key(t, issuer, f->issuer, key_id, err));
    HEAD2_TRY(config_need(t, map, "kem", &kem, err));
    HEAD2_TRY(config_path_key(t, map, "kem", f->kem, err));
    HEAD2_TRY(check_node_lanes(t, c, err));
    f->node = true;
done:
    return st;
}

enum head2_status config_fallback(const struct tree *t, uint32_t node, struct config *c,
                                  struct config_error *err)
{
    if (node == TREE_NONE)
        return HEAD2_OK;
    const enum head2_status st = config_map(t, node, err);
    if (st != HEAD2_OK)
        return st;
    if (c->tun.on && (c->role == CONFIG_LINK || config_is_node(t)))
        return tree_fail(t, node, err, "give it lanes",
                         "what passes in fallback are MAVLink frames, not a TUN device's packets");
    if (config_is_node(t))
        return read_node(t, node, c, err);
    return (c->role == CONFIG_LINK ? read_link : read_gateway)(t, node, &c->fallback, err);
}
