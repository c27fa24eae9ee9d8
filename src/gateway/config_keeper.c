/* see config_keeper.h */
#include "gateway/config_keeper.h"

#include "gateway/config.h"
#include "gateway/config_peers.h"
#include "keeper/store.h"

#include <stdio.h>

static const char *const keeper_names[] = {"store",  "key-file", "credential", "tpm",
                                           "socket", "pin-file", "rate"};
static const char *const rate_names[] = {"uses", "seconds"};

static const char *const identity_names[] = {"key", "name"};

/* keeper:LABEL */
static enum head2_status read_label(const struct tree *t, uint32_t node, const char *text,
                                    struct config *c, struct config_error *err)
{
    const char *const label = text + strlen(CONFIG_KEEPER_PREFIX);

    if (c->role != CONFIG_GATEWAY)
        return tree_fail(t, node, err, "name the private key's file",
                         "a link has its key in a file");
    snprintf(c->identity, sizeof c->identity, "%s", text);
    if (!keeper_label_ok((struct keeper_bytes){(const uint8_t *)label, strlen(label)}))
        return tree_fail(t, node, err, "write keeper:LABEL",
                         "a label has 1 to %d bytes and no control characters", KEEPER_LABEL_MAX);
    snprintf(c->keeper.label, sizeof c->keeper.label, "%s", label);
    return HEAD2_OK;
}

enum head2_status config_identity(const struct tree *t, struct config *c, struct config_error *err)
{
    enum head2_status st;
    const char *text;
    uint32_t map, node;

    HEAD2_TRY(config_need(t, 0, "identity", &map, err));
    HEAD2_TRY(config_map(t, map, err));
    HEAD2_TRY(config_known(t, map, identity_names, HEAD2_LEN(identity_names), err));
    HEAD2_TRY(config_need(t, map, "key", &node, err));
    HEAD2_TRY(config_text(t, node, &text, err));
    c->identity_line = t->nodes[node].line;
    c->identity_column = t->nodes[node].column;
    if (strncmp(text, CONFIG_KEEPER_PREFIX, strlen(CONFIG_KEEPER_PREFIX)) == 0)
        HEAD2_TRY(read_label(t, node, text, c, err));
    else
        HEAD2_TRY(config_path_key(t, map, "key", c->identity, err));
    node = tree_get(t, map, "name");
    if (node != TREE_NONE)
        st = config_name(t, node, c->name, err);
done:
    return st;
}

static enum head2_status read_rate(const struct tree *t, uint32_t map, struct config_keeper *k,
                                   struct config_error *err)
{
    const uint32_t node = tree_get(t, map, "rate");
    uint64_t uses = 0, seconds = 1;
    enum head2_status st = HEAD2_OK;

    if (node == TREE_NONE)
        goto done;
    if (k->label[0] != 0)
        return tree_fail(t, node, err, "see 'head2 store policy --rate'",
                         "a key of the store has its rate there");
    HEAD2_TRY(config_map(t, node, err));
    HEAD2_TRY(config_known(t, node, rate_names, HEAD2_LEN(rate_names), err));
    HEAD2_TRY(config_number(t, node, "uses", 1, KEEPER_RATE_MAX, &uses, err));
    HEAD2_TRY(config_number(t, node, "seconds", 1, KEEPER_RATE_SECONDS_MAX, &seconds, err));
    k->rate_uses = (uint32_t)uses;
    k->rate_seconds = (uint32_t)seconds;
    if (uses == 0)
        st = tree_fail(t, node, err, "write { uses: 2000, seconds: 1 }", "no number of uses");
done:
    return st;
}

static enum head2_status read_store(const struct tree *t, uint32_t map, struct config_keeper *k,
                                    struct config_error *err)
{
    const uint32_t name = map != TREE_NONE ? tree_get(t, map, "credential") : TREE_NONE;
    const char *text = "";
    enum head2_status st;

    HEAD2_TRY(config_path(k->store, t->file, "store"));
    if (map != TREE_NONE) {
        HEAD2_TRY(config_path_key(t, map, "store", k->store, err));
        HEAD2_TRY(config_path_key(t, map, "key-file", k->key_file, err));
        HEAD2_TRY(config_flag(t, map, "tpm", &k->tpm, err));
        HEAD2_TRY(config_path_key(t, map, "socket", k->socket, err));
        HEAD2_TRY(config_path_key(t, map, "pin-file", k->pin_file, err));
    }
    if (name != TREE_NONE)
        HEAD2_TRY(config_text(t, name, &text, err));
    if (snprintf(k->credential, sizeof k->credential, "%s", text) >= (int)sizeof k->credential)
        return tree_fail(t, name, err, "use a shorter name", "the name is too long");
    if ((k->key_file[0] != 0) + (k->credential[0] != 0) + k->tpm > 1)
        return tree_fail(t, map, err, "leave all but one out",
                         "one of key-file, credential and tpm opens the store");
    if (k->pin_file[0] != 0 && k->socket[0] == 0)
        st = tree_fail(t, map, err, "add socket, or remove it", "pin-file is for who uses socket");
done:
    return st;
}

enum head2_status config_keeper(const struct tree *t, uint32_t node, struct config *c,
                                struct config_error *err)
{
    enum head2_status st = HEAD2_OK;

    if (node != TREE_NONE) {
        HEAD2_TRY(config_map(t, node, err));
        HEAD2_TRY(config_known(t, node, keeper_names, HEAD2_LEN(keeper_names), err));
        HEAD2_TRY(read_rate(t, node, &c->keeper, err));
    }
    if (c->keeper.label[0] != 0) {
        st = read_store(t, node, &c->keeper, err);
        goto done;
    }
    for (size_t i = 0; node != TREE_NONE && i + 1 < HEAD2_LEN(keeper_names); i++)
        if (tree_get(t, node, keeper_names[i]) != TREE_NONE)
            return tree_fail(t, tree_get(t, node, keeper_names[i]), err,
                             "remove it, or write identity: { key: keeper:LABEL }",
                             "the identity is in a file and not in a store");
done:
    return st;
}

/* ---- checking ---- */

static bool is_identity(const struct store_meta *m, const char *label)
{
    return m->alg == HEAD2_MLDSA_87 && m->state == STORE_ACTIVE && strcmp(m->label, label) == 0 &&
           (m->purposes & STORE_SIGN) != 0;
}

enum head2_status config_keeper_check(const struct config *c, struct config_error *err)
{
    struct store_fault fault = {0};
    struct store *s = NULL;
    enum head2_status st;

    *err = (struct config_error){.error = 0};
    HEAD2_TRY(store_look(&s, c->keeper.store, &fault));
    st = HEAD2_E_STATE;
    for (size_t i = 0; i < store_count(s); i++)
        if (is_identity(store_at(s, i), c->keeper.label))
            st = HEAD2_OK;
    snprintf(fault.where, sizeof fault.where, "%.500s", c->keeper.store);
    snprintf(fault.what, sizeof fault.what,
             "there is no active ML-DSA-87 key '%s' that signs in this store", c->keeper.label);
    snprintf(fault.hint, sizeof fault.hint, "see 'head2 store list', 'head2 store import'");
done:
    store_close(s);
    if (st == HEAD2_OK)
        return st;
    snprintf(err->where, sizeof err->where, "%s", fault.where);
    snprintf(err->what, sizeof err->what, "%s", fault.what);
    snprintf(err->hint, sizeof err->hint, "%s", fault.hint);
    return st;
}
