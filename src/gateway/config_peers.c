/* see config_peers.h */
#include "gateway/config_peers.h"

#include "gateway/address.h"
#include "gateway/config_tun.h"
#include "keys/keyfile.h"

#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const peer_keys[] = {"name", "key", "lanes", "allowed_ips"};
static const char *const lane_keys[] = {"listen", "late"};

enum head2_status config_flag(const struct tree *t, uint32_t map, const char *key, bool *out,
                              struct config_error *err)
{
    const uint32_t node = tree_get(t, map, key);
    const char *text;

    if (node == TREE_NONE)
        return HEAD2_OK;
    enum head2_status st = config_text(t, node, &text, err);
    if (st != HEAD2_OK)
        return st;
    *out = strcmp(text, "true") == 0;
    if (!*out && strcmp(text, "false") != 0)
        return tree_fail(t, node, err, "choose true or false", "'%.40s' is neither", text);
    return HEAD2_OK;
}

static enum head2_status new_peer(const struct tree *t, uint32_t node, struct config *c,
                                  struct config_peer **out, struct config_error *err)
{
    *out = NULL;
    if (c->n_peers == CONFIG_PEERS)
        return tree_fail(t, node, err, "run a second gateway", "more than %d peers", CONFIG_PEERS);
    if (c->n_peers == c->cap_peers) {
        uint32_t cap = c->cap_peers == 0 ? 1 : 2 * c->cap_peers;
        struct config_peer *more = realloc(c->peers, cap * sizeof *more);
        if (more == NULL) {
            snprintf(err->what, sizeof err->what, "out of memory");
            return HEAD2_E_MEMORY;
        }
        c->peers = more;
        c->cap_peers = cap;
    }
    *out = &c->peers[c->n_peers++];
    memset(*out, 0, sizeof **out);
    return HEAD2_OK;
}

enum head2_status config_public_key(const struct tree *t, uint32_t node,
                                    uint8_t pk[HEAD2_SESSION_PK_BYTES],
                                    uint8_t key_id[HEAD2_KEY_ID_BYTES], struct config_error *err)
{
    const char *text;
    char path[PATH_MAX];
    struct head2_key *key = NULL;
    struct keyfile_error why = {0};
    enum head2_status st = config_text(t, node, &text, err);

    if (st != HEAD2_OK)
        return st;
    if (config_path(path, t->file, text) != HEAD2_OK)
        return tree_fail(t, node, err, "use a shorter name", "the name is too long");
    st = keyfile_read(&key, path, NULL, &why);
    if (st == HEAD2_E_PASSPHRASE || (st == HEAD2_OK && head2_key_has_private(key))) {
        head2_key_free(key);
        return tree_fail(t, node, err, "name the file of its public key",
                         "%s holds a private key, which has no place here", path);
    }
    if (st != HEAD2_OK) {
        const char *reason = why.error != 0 ? strerror(why.error) : why.what;
        enum head2_status ignored =
            tree_fail(t, node, err, why.hint[0] != 0 ? why.hint : "name the ML-DSA-87 public key",
                      "cannot read the key %s: %s", path, reason);
        (void)ignored;
        return st == HEAD2_E_IO ? HEAD2_E_MALFORMED : st;
    }
    if (head2_key_alg(key) == HEAD2_MLDSA_87) {
        memcpy(pk, head2_key_public(key), HEAD2_SESSION_PK_BYTES);
        head2_key_id(key, key_id);
    } else {
        st = tree_fail(t, node, err, "name an ML-DSA-87 public key", "%s is an %s key", path,
                       head2_alg_name(head2_key_alg(key)));
    }
    head2_key_free(key);
    return st;
}

static enum head2_status identity_fails(const struct config *c, enum head2_status st,
                                        struct config_error *err, const char *hint,
                                        const char *what)
{
    snprintf(err->where, sizeof err->where, "%.500s:%u:%u: identity.key", c->file, c->identity_line,
             c->identity_column);
    snprintf(err->what, sizeof err->what, "%.120s: %.200s", c->identity, what);
    snprintf(err->hint, sizeof err->hint, "%s", hint);
    return st;
}

enum head2_status config_check_identity(const struct config *c, struct config_error *err)
{
    struct head2_key *key = NULL;
    struct keyfile_error why = {0};
    char text[64];

    if (c->keeper.label[0] != 0)
        return config_keeper_check(c, err);
    *err = (struct config_error){.error = 0};
    enum head2_status st = keyfile_read(&key, c->identity, NULL, &why);
    if (st == HEAD2_E_PASSPHRASE)
        return HEAD2_OK; /* encrypted: the daemon asks for the passphrase */
    if (st != HEAD2_OK) {
        err->error = why.error;
        return identity_fails(c, st, err, why.hint, why.what);
    }
    const enum head2_alg alg = head2_key_alg(key);
    const bool has_private = head2_key_has_private(key);
    head2_key_free(key);
    snprintf(text, sizeof text, "this is %s %s key", alg == HEAD2_MLDSA_87 ? "a public" : "an",
             head2_alg_name(alg));
    if (alg != HEAD2_MLDSA_87 || !has_private)
        return identity_fails(c, HEAD2_E_MALFORMED, err, "name a private ML-DSA-87 key", text);
    return HEAD2_OK;
}

static unsigned lane_of(const char *name)
{
    unsigned lane = 0;

    while (lane < HEAD2_SESSION_LANES && strcmp(config_lane_name(lane), name) != 0)
        lane++;
    return lane;
}

/* The lane names are checked as keys, so that a wrong one is told its nearest. */
static enum head2_status check_lanes(const struct tree *t, uint32_t map, struct config_error *err)
{
    const char *names[HEAD2_SESSION_LANES];
    enum head2_status st = config_map(t, map, err);

    for (unsigned i = 0; i < HEAD2_SESSION_LANES; i++)
        names[i] = config_lane_name(i);
    return st != HEAD2_OK ? st : config_known(t, map, names, HEAD2_LEN(names), err);
}

static enum head2_status read_outputs(const struct tree *t, uint32_t map, struct config_peer *p,
                                      struct config_error *err)
{
    enum head2_status st = check_lanes(t, map, err);

    for (uint32_t i = t->nodes[map].first; st == HEAD2_OK && i != TREE_NONE; i = t->nodes[i].next) {
        struct config_lane *lane = &p->lanes[lane_of(t->nodes[i].key)];
        lane->on = true;
        st = config_address(t, i, &lane->at, err);
    }
    return st;
}

static enum head2_status check_unique(const struct tree *t, uint32_t node, const struct config *c,
                                      const struct config_peer *p, struct config_error *err)
{
    for (const struct config_peer *other = c->peers; other < p; other++) {
        if (strcmp(other->name, p->name) == 0)
            return tree_fail(t, node, err, "give each peer its own name", "a second peer '%s'",
                             p->name);
        if (memcmp(other->key_id, p->key_id, sizeof p->key_id) == 0)
            return tree_fail(t, node, err, "give each drone its own key",
                             "the peers '%s' and '%s' have the same key", other->name, p->name);
    }
    return HEAD2_OK;
}

static enum head2_status read_peer(const struct tree *t, uint32_t map, struct config *c,
                                   struct config_error *err)
{
    enum head2_status st;
    struct config_peer *p;
    uint32_t name, key, lanes;

    HEAD2_TRY(config_map(t, map, err));
    HEAD2_TRY(config_known(t, map, peer_keys, HEAD2_LEN(peer_keys), err));
    HEAD2_TRY(new_peer(t, map, c, &p, err));
    HEAD2_TRY(config_need(t, map, "name", &name, err));
    HEAD2_TRY(config_name(t, name, p->name, err));
    HEAD2_TRY(config_need(t, map, "key", &key, err));
    HEAD2_TRY(config_public_key(t, key, p->pk, p->key_id, err));
    const uint32_t allowed = tree_get(t, map, "allowed_ips");
    if (allowed != TREE_NONE) {
        if (tree_get(t, map, "lanes") != TREE_NONE)
            HEAD2_TRY(tree_fail(t, allowed, err, "keep one of them",
                                "a peer has either lanes or allowed_ips"));
        HEAD2_TRY(config_allowed(t, allowed, c, c->n_peers - 1, err));
    } else {
        HEAD2_TRY(config_need(t, map, "lanes", &lanes, err));
        HEAD2_TRY(read_outputs(t, lanes, p, err));
    }
    st = check_unique(t, map, c, p, err);
done:
    return st;
}

static int is_peer_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".yaml") == 0;
}

static enum head2_status read_peer_file(const char *path, struct config *c,
                                        struct config_error *err)
{
    struct tree t;
    enum head2_status st = tree_read(&t, path, err);

    if (st != HEAD2_OK)
        return st;
    st = read_peer(&t, 0, c, err);
    tree_free(&t);
    return st;
}

static enum head2_status read_folder(const struct tree *t, uint32_t node, struct config *c,
                                     struct config_error *err)
{
    const char *text;
    char folder[PATH_MAX], path[PATH_MAX + 300];
    struct dirent **entries = NULL;
    enum head2_status st = config_text(t, node, &text, err);

    if (st != HEAD2_OK)
        return st;
    if (config_path(folder, t->file, text) != HEAD2_OK)
        return tree_fail(t, node, err, "use a shorter name", "the name is too long");
    int count = scandir(folder, &entries, is_peer_file, alphasort);
    if (count < 0)
        return tree_fail(t, node, err, "name a folder of peer files, or write a list",
                         "cannot read the folder %s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (st == HEAD2_OK)
            st = read_peer_file(path, c, err);
        free(entries[i]);
    }
    free(entries);
    return st;
}

enum head2_status config_peers(const struct tree *t, uint32_t node, struct config *c,
                               struct config_error *err)
{
    enum head2_status st = HEAD2_OK;

    if (t->nodes[node].kind == TREE_SCALAR)
        return read_folder(t, node, c, err);
    if (t->nodes[node].kind != TREE_LIST)
        return tree_fail(t, node, err, "write a list, or the name of a folder",
                         "not a list of peers");
    for (uint32_t i = t->nodes[node].first; st == HEAD2_OK && i != TREE_NONE; i = t->nodes[i].next)
        st = read_peer(t, i, c, err);
    return st;
}

/* ---- a link's file ---- */

static enum head2_status read_late(const struct tree *t, uint32_t map, struct config_lane *lane,
                                   struct config_error *err)
{
    uint32_t node = tree_get(t, map, "late");
    const char *text;

    if (node == TREE_NONE)
        return HEAD2_OK;
    enum head2_status st = config_text(t, node, &text, err);
    if (st != HEAD2_OK)
        return st;
    if (strcmp(text, "drop") != 0 && strcmp(text, "deliver") != 0)
        return tree_fail(t, node, err, "write drop or deliver", "'%.40s' is not known here", text);
    lane->deliver_late = strcmp(text, "deliver") == 0;
    return HEAD2_OK;
}

static enum head2_status read_inputs(const struct tree *t, uint32_t map, struct config_peer *p,
                                     struct config_error *err)
{
    enum head2_status st;
    uint32_t listen;

    HEAD2_TRY(check_lanes(t, map, err));
    for (uint32_t i = t->nodes[map].first; i != TREE_NONE; i = t->nodes[i].next) {
        struct config_lane *lane = &p->lanes[lane_of(t->nodes[i].key)];
        HEAD2_TRY(config_map(t, i, err));
        HEAD2_TRY(config_known(t, i, lane_keys, HEAD2_LEN(lane_keys), err));
        HEAD2_TRY(config_need(t, i, "listen", &listen, err));
        HEAD2_TRY(config_address(t, listen, &lane->at, err));
        HEAD2_TRY(read_late(t, i, lane, err));
        lane->on = true;
    }
done:
    return st;
}

enum head2_status config_link_gateway(const struct tree *t, uint32_t key, struct config *c,
                                      struct config_error *err)
{
    enum head2_status st;
    struct config_peer *p;
    uint32_t lanes;

    HEAD2_TRY(new_peer(t, key, c, &p, err));
    snprintf(p->name, sizeof p->name, "gateway");
    HEAD2_TRY(config_public_key(t, key, p->pk, p->key_id, err));
    if (c->tun.on) {
        if (tree_get(t, 0, "lanes") != TREE_NONE)
            st = tree_fail(t, tree_get(t, 0, "lanes"), err, "keep one of them",
                           "a link has either lanes or tun");
    } else {
        HEAD2_TRY(config_need(t, 0, "lanes", &lanes, err));
        st = read_inputs(t, lanes, p, err);
    }
done:
    return st;
}

enum head2_status config_endpoints(const struct tree *t, uint32_t list,
                                   struct config_endpoints *out, struct config_error *err)
{
    char host[CONFIG_HOST_MAX];
    uint16_t port;

    if (t->nodes[list].kind != TREE_LIST || t->nodes[list].count == 0 ||
        t->nodes[list].count > HEAD2_SESSION_MAX_ADDRS)
        return tree_fail(t, list, err, "write [\"gateway.example:5710\"]",
                         "not a list of 1 to 4 endpoints");
    for (uint32_t i = t->nodes[list].first; i != TREE_NONE; i = t->nodes[i].next) {
        const char *text;
        enum head2_status st = config_text(t, i, &text, err);
        if (st != HEAD2_OK)
            return st;
        if (!address_split(text, host, sizeof host, &port) || port == 0)
            return tree_fail(t, i, err, "write \"gateway.example:5710\" or \"[::1]:5710\"",
                             "'%.60s' is not a host and a port", text);
        snprintf(out->at[out->n++], CONFIG_HOST_MAX, "%.*s", CONFIG_HOST_MAX - 1, text);
    }
    return HEAD2_OK;
}

static void add_resolved(const struct addrinfo *list, uint16_t port, struct head2_address *addrs,
                         uint32_t *n)
{
    for (const struct addrinfo *i = list; i != NULL && *n < HEAD2_SESSION_MAX_ADDRS;
         i = i->ai_next) {
        struct sockaddr_storage at = {0};
        struct head2_address a;
        bool known = false;
        if (i->ai_addrlen > sizeof at)
            continue;
        memcpy(&at, i->ai_addr, i->ai_addrlen);
        address_from_sockaddr(&a, &at);
        a.port = port;
        for (uint32_t k = 0; k < *n; k++)
            known = known || address_same(&addrs[k], &a);
        if (!known)
            addrs[(*n)++] = a;
    }
}

enum head2_status config_resolve(const struct config *config,
                                 const struct config_endpoints *endpoints, const char *key,
                                 struct head2_address *addrs, uint32_t *n, struct config_error *err)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};

    *n = 0;
    *err = (struct config_error){.error = 0};
    for (uint32_t i = 0; i < endpoints->n; i++) {
        char host[CONFIG_HOST_MAX];
        uint16_t port;
        struct addrinfo *list = NULL;
        if (!address_split(endpoints->at[i], host, sizeof host, &port))
            continue;
        int code = getaddrinfo(host, NULL, &hints, &list);
        if (code == 0) {
            add_resolved(list, port, addrs, n);
            freeaddrinfo(list);
            continue;
        }
        snprintf(err->where, sizeof err->where, "%.500s: %s", config->file, key);
        snprintf(err->what, sizeof err->what, "%s has no address: %s", host, gai_strerror(code));
        snprintf(err->hint, sizeof err->hint, "check the name and the resolver");
    }
    return *n != 0 ? HEAD2_OK : HEAD2_E_IO;
}
