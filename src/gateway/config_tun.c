/* see config_tun.h */
#include "gateway/config_tun.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const gateway_keys[] = {"name", "address", "mtu"};
static const char *const link_keys[] = {"name", "address", "mtu", "allowed_ips"};

/* ---- prefixes ---- */

static enum head2_status add_prefix(const struct tree *t, uint32_t node, struct config *c,
                                    uint32_t peer, struct config_error *err)
{
    struct prefix p = {.peer = peer};
    const char *text;
    enum head2_status st = config_text(t, node, &text, err);

    if (st != HEAD2_OK)
        return st;
    if (!prefix_parse(&p, text, false))
        return tree_fail(t, node, err, "write \"10.77.0.2/32\" or \"fd77:2::/64\"",
                         "'%.60s' is not an IP prefix, or has bits behind its length", text);
    if (c->n_prefixes == CONFIG_PREFIXES)
        return tree_fail(t, node, err, "use shorter prefixes", "more than %d prefixes",
                         CONFIG_PREFIXES);
    if ((c->n_prefixes & (c->n_prefixes - 1)) == 0) { /* room for as many again */
        const size_t room = c->n_prefixes == 0 ? 1 : 2 * (size_t)c->n_prefixes;
        struct prefix *more = realloc(c->prefixes, room * sizeof *more);
        if (more == NULL) {
            snprintf(err->what, sizeof err->what, "out of memory");
            return HEAD2_E_MEMORY;
        }
        c->prefixes = more;
    }
    c->prefixes[c->n_prefixes++] = p;
    return HEAD2_OK;
}

enum head2_status config_allowed(const struct tree *t, uint32_t node, struct config *c,
                                 uint32_t peer, struct config_error *err)
{
    enum head2_status st = HEAD2_OK;

    if (t->nodes[node].kind != TREE_LIST)
        return add_prefix(t, node, c, peer, err);
    for (uint32_t i = t->nodes[node].first; st == HEAD2_OK && i != TREE_NONE; i = t->nodes[i].next)
        st = add_prefix(t, i, c, peer, err);
    return st;
}

/* ---- the device ---- */

static enum head2_status read_name(const struct tree *t, uint32_t map, struct tun_config *tun,
                                   struct config_error *err)
{
    const uint32_t node = tree_get(t, map, "name");
    char name[CONFIG_NAME_MAX + 1] = "head2";
    enum head2_status st = node != TREE_NONE ? config_name(t, node, name, err) : HEAD2_OK;

    if (st != HEAD2_OK)
        return st;
    if (strlen(name) >= sizeof tun->name)
        return tree_fail(t, node, err, "choose a shorter one",
                         "a device has at most %zu characters", sizeof tun->name - 1);
    memcpy(tun->name, name, strlen(name) + 1);
    return HEAD2_OK;
}

static enum head2_status add_address(const struct tree *t, uint32_t node, struct tun_config *tun,
                                     struct config_error *err)
{
    const char *text;
    enum head2_status st = config_text(t, node, &text, err);

    if (st != HEAD2_OK)
        return st;
    if (tun->n_addresses == TUN_ADDRESSES)
        return tree_fail(t, node, err, "give fewer", "more than %d addresses", TUN_ADDRESSES);
    if (strchr(text, '/') == NULL || !prefix_parse(&tun->address[tun->n_addresses], text, true))
        return tree_fail(t, node, err, "write \"10.77.0.1/24\" or \"fd77::1/64\"",
                         "'%.60s' is not an IP address with the length of its network", text);
    tun->n_addresses++;
    return HEAD2_OK;
}

static enum head2_status read_addresses(const struct tree *t, uint32_t map, struct tun_config *tun,
                                        struct config_error *err)
{
    uint32_t node;
    enum head2_status st = config_need(t, map, "address", &node, err);

    if (st != HEAD2_OK || t->nodes[node].kind != TREE_LIST)
        return st != HEAD2_OK ? st : add_address(t, node, tun, err);
    for (uint32_t i = t->nodes[node].first; st == HEAD2_OK && i != TREE_NONE; i = t->nodes[i].next)
        st = add_address(t, i, tun, err);
    return st;
}

static enum head2_status read_mtu(const struct tree *t, uint32_t map, struct tun_config *tun,
                                  struct config_error *err)
{
    uint64_t mtu = TUN_MTU_DEFAULT;
    enum head2_status st = config_number(t, map, "mtu", TUN_MTU_MIN, TUN_MTU_MAX, &mtu, err);

    tun->mtu = (uint16_t)mtu;
    for (uint32_t i = 0; st == HEAD2_OK && mtu < IPV6_MTU_MIN && i < tun->n_addresses; i++)
        if (!prefix_is_v4(&tun->address[i]))
            st = tree_fail(t, tree_get(t, map, "mtu"), err, "raise it, or leave IPv6 out",
                           "IPv6 needs an MTU of %d", IPV6_MTU_MIN);
    return st;
}

/* A link sends to and takes from its gateway whatever is routed there, unless told less. */
static enum head2_status read_link_allowed(const struct tree *t, uint32_t map, struct config *c,
                                           struct config_error *err)
{
    const uint32_t node = tree_get(t, map, "allowed_ips");

    if (node != TREE_NONE)
        return config_allowed(t, node, c, 0, err);
    c->prefixes = calloc(1, sizeof *c->prefixes); /* ::/0 holds the mapped IPv4 ones, too */
    if (c->prefixes == NULL) {
        snprintf(err->what, sizeof err->what, "out of memory");
        return HEAD2_E_MEMORY;
    }
    c->n_prefixes = 1;
    return HEAD2_OK;
}

enum head2_status config_tun(const struct tree *t, uint32_t node, struct config *c,
                             struct config_error *err)
{
    const bool link = c->role == CONFIG_LINK;
    enum head2_status st;

    if (node == TREE_NONE)
        return HEAD2_OK;
    HEAD2_TRY(config_map(t, node, err));
    HEAD2_TRY(config_known(t, node, link ? link_keys : gateway_keys,
                           link ? HEAD2_LEN(link_keys) : HEAD2_LEN(gateway_keys), err));
    HEAD2_TRY(read_name(t, node, &c->tun, err));
    HEAD2_TRY(read_addresses(t, node, &c->tun, err));
    HEAD2_TRY(read_mtu(t, node, &c->tun, err));
    if (link)
        HEAD2_TRY(read_link_allowed(t, node, c, err));
    c->tun.on = true;
done:
    return st;
}

enum head2_status config_tun_check(const struct tree *t, struct config *c, struct config_error *err)
{
    struct prefixes sorted;
    const struct prefix *twice;
    char text[PREFIX_TEXT];

    if (c->n_prefixes != 0 && !c->tun.on)
        return tree_fail(t, 0, err, "add tun: { address: … }, or remove them",
                         "peers have allowed_ips, and there is no tun");
    if (prefixes_build(&sorted, c->prefixes, c->n_prefixes, &twice))
        return HEAD2_OK;
    prefix_text(text, twice);
    return tree_fail(t, tree_get(t, 0, c->role == CONFIG_LINK ? "tun" : "peers"), err,
                     "give each prefix to one peer", "allowed_ips: %s is there twice", text);
}
