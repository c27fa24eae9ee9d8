/*
 * The fallback keys that a drone or a node holds: found, used as long as they may be, erased; and
 * what may pass in a session under one.
 */
#include "session/state.h"

#include <stdlib.h>

static bool is_node(const struct head2_session *s)
{
    return s->config.role == HEAD2_ROLE_FALLBACK;
}

/* ---- creation ---- */

static enum head2_status copy_ids(struct head2_session *s)
{
    const struct head2_session_config *c = &s->config;

    if (c->fallback_lifetime > HEAD2_FALLBACK_MAX_LIFETIME)
        return HEAD2_E_ARG;
    if (c->n_fallback_ids == 0)
        return HEAD2_OK;
    if (c->role != HEAD2_ROLE_GATEWAY || c->n_fallback_ids > HEAD2_FALLBACK_NODES ||
        c->fallback_ids == NULL || c->wall_ms == NULL)
        return HEAD2_E_ARG;
    for (uint32_t i = 0; i < c->n_fallback_ids; i++) {
        for (uint32_t j = 0; j < i; j++)
            if (memcmp(c->fallback_ids[i], c->fallback_ids[j], ID_BYTES) == 0)
                return HEAD2_E_ARG;
        memcpy(s->fb.ids[i], c->fallback_ids[i], ID_BYTES);
    }
    s->fb.n_ids = c->n_fallback_ids;
    return HEAD2_OK;
}

static enum head2_status copy_nodes(struct head2_session *s)
{
    const struct head2_session_config *c = &s->config;

    if (c->n_fallback_nodes == 0)
        return HEAD2_OK;
    if (c->role != HEAD2_ROLE_DRONE || c->n_fallback_nodes > HEAD2_FALLBACK_NODES ||
        c->fallback_nodes == NULL || c->fallback_count == NULL)
        return HEAD2_E_ARG;
    for (uint32_t i = 0; i < c->n_fallback_nodes; i++) {
        const struct head2_fallback_node *from = &c->fallback_nodes[i];
        struct standby_node *n = &s->fb.node[i];
        if (from->pk == NULL || from->n_addrs < 1 || from->n_addrs > HEAD2_SESSION_MAX_ADDRS)
            return HEAD2_E_ARG;
        identity(n->id, 'F', from->pk);
        derive_mac1_keys(n->mkey, from->pk);
        memcpy(n->addrs, from->addrs, sizeof n->addrs);
        n->n_addrs = from->n_addrs;
    }
    s->fb.n_nodes = c->n_fallback_nodes;
    return HEAD2_OK;
}

enum head2_status fallback_init(struct head2_session *s, uint64_t secret)
{
    enum head2_status st;
    struct head2_session_config *c = &s->config;

    if (is_node(s) && (c->wall_ms == NULL || c->fallback_count == NULL))
        return HEAD2_E_ARG;
    HEAD2_TRY(copy_ids(s));
    HEAD2_TRY(copy_nodes(s));
    c->fallback_ids = NULL; /* the caller's */
    c->fallback_nodes = NULL;
    if (c->role != HEAD2_ROLE_GATEWAY)
        s->fb.max_keys = FBK_OF_A_DRONE * s->max_peers;
    if (s->fb.max_keys == 0)
        return HEAD2_OK;
    s->fb.keys = calloc(s->fb.max_keys, sizeof *s->fb.keys);
    if (s->fb.keys == NULL)
        return HEAD2_E_MEMORY;
    HEAD2_TRY(index_init(&s->fb.index, s->fb.max_keys, secret));
done:
    return st;
}

void fallback_free(struct head2_session *s)
{
    if (s->fb.keys != NULL)
        head2_wipe(s->fb.keys, s->fb.max_keys * sizeof *s->fb.keys);
    free(s->fb.keys);
    index_free(&s->fb.index);
}

/* ---- which there are ---- */

struct held_key *fallback_find(const struct head2_session *s,
                               const uint8_t id[HEAD2_FALLBACK_ID_BYTES])
{
    if (s->fb.max_keys == 0)
        return NULL;
    for (uint32_t i = index_first(&s->fb.index, be64(id)); i != INDEX_NONE;
         i = index_next(&s->fb.index, i))
        if (memcmp(s->fb.keys[i].id, id, HEAD2_FALLBACK_ID_BYTES) == 0)
            return &s->fb.keys[i];
    return NULL;
}

/* At a node the clock on the wall counts besides: it may have slept for longer than it knows. */
static bool is_over(const struct head2_session *s, const struct held_key *k)
{
    return s->now >= k->until ||
           (is_node(s) && s->config.wall_ms(s->config.wall_arg) >= k->ends_ms);
}

/* A node whose clock has not been set yet would take a key for ever. */
bool fallback_alive(const struct head2_session *s, const struct held_key *k)
{
    const uint64_t early = k->issue_ms > FBK_EARLY_MS ? k->issue_ms - FBK_EARLY_MS : 0;

    return !is_over(s, k) && (!is_node(s) || s->config.wall_ms(s->config.wall_arg) >= early);
}

/* The latest of a drone's keys that was issued before some time. */
static struct held_key *latest(const struct head2_session *s, uint64_t before, bool alive)
{
    struct held_key *found = NULL;

    for (uint32_t i = 0; i < s->fb.max_keys; i++) {
        struct held_key *k = &s->fb.keys[i];
        if (k->used && k->issue_ms < before && fallback_alive(s, k) == alive &&
            (found == NULL || k->issue_ms > found->issue_ms))
            found = k;
    }
    return found;
}

struct held_key *fallback_newest(const struct head2_session *s)
{
    struct held_key *k = latest(s, UINT64_MAX, true);

    return k != NULL ? k : latest(s, UINT64_MAX, false);
}

struct held_key *fallback_previous(const struct head2_session *s)
{
    const struct held_key *newest = fallback_newest(s);

    return newest != NULL ? latest(s, newest->issue_ms, true) : NULL;
}

/* ---- taking in, and letting go ---- */

void fallback_forget(struct head2_session *s, struct held_key *k)
{
    index_remove(&s->fb.index, be64(k->id), (uint32_t)(k - s->fb.keys));
    head2_wipe(k, sizeof *k);
}

void fallback_forget_peer(struct head2_session *s, uint32_t peer)
{
    for (uint32_t i = 0; i < s->fb.max_keys; i++)
        if (s->fb.keys[i].used && s->fb.keys[i].peer == peer)
            fallback_forget(s, &s->fb.keys[i]);
}

static void put(struct head2_session *s, struct held_key *k, const struct head2_fallback_key *key,
                uint64_t until)
{
    k->used = true;
    memcpy(k->id, key->id, sizeof k->id);
    k->key = key->key;
    memcpy(k->drone, key->drone, sizeof k->drone);
    k->issue_ms = key->issue_ms;
    k->ends_ms = key->issue_ms + (uint64_t)key->lifetime_s * 1000;
    k->until = until;
    k->max_uses = key->max_uses;
    k->n_nodes = key->n_nodes;
    memcpy(k->nodes, key->nodes, sizeof k->nodes);
    index_add(&s->fb.index, be64(k->id), (uint32_t)(k - s->fb.keys));
}

/* A place for one more key of a peer: a free one, or that of a key which is past. */
static struct held_key *place(struct head2_session *s, uint32_t peer)
{
    struct held_key *vacant = NULL, *past = NULL;
    unsigned same = 0;

    for (uint32_t i = 0; i < s->fb.max_keys; i++) {
        struct held_key *k = &s->fb.keys[i];
        if (!k->used) {
            vacant = k;
        } else if (k->peer == peer) {
            same++;
            past = is_over(s, k) ? k : past;
        }
    }
    if (same < FBK_OF_A_DRONE)
        return vacant;
    if (past != NULL)
        fallback_forget(s, past);
    return past;
}

void fallback_hold(struct head2_session *s, const struct head2_fallback_key *key, uint64_t until)
{
    struct held_key *k = place(s, 0);

    if (k == NULL) { /* both are alive: the newest stays */
        k = &s->fb.keys[fallback_newest(s) == &s->fb.keys[0] ? 1 : 0];
        fallback_forget(s, k);
    }
    put(s, k, key, until);
}

/* How much longer a key may be used at most, microseconds. */
static uint64_t left(const struct head2_session *s, const struct head2_fallback_key *key,
                     uint64_t valid_us)
{
    uint64_t most = (uint64_t)key->lifetime_s * SECOND;

    if (is_node(s)) {
        const uint64_t wall = s->config.wall_ms(s->config.wall_arg);
        const uint64_t ends = key->issue_ms + (uint64_t)key->lifetime_s * 1000;
        const uint64_t by_wall = wall < ends ? (ends - wall) * 1000 : 0;
        most = by_wall < most ? by_wall : most;
    }
    return valid_us < most ? valid_us : most;
}

static bool for_this_end(const struct head2_session *s, const struct head2_fallback_key *key)
{
    uint8_t out[HEAD2_FALLBACK_SIGNED_MAX_BYTES];
    const bool in_range = head2_fallback_to_be_signed(out, key) != 0;

    head2_wipe(out, sizeof out);
    if (!in_range || s->config.role == HEAD2_ROLE_GATEWAY)
        return false;
    return is_node(s) ? head2_fallback_names(key, s->id) : memcmp(key->drone, s->id, ID_BYTES) == 0;
}

enum head2_status head2_session_add_fallback_key(struct head2_session *s, uint64_t now,
                                                 uint32_t *peer,
                                                 const struct head2_fallback_key *key,
                                                 uint16_t counter, uint64_t valid_us)
{
    enum head2_status st = HEAD2_OK;

    *peer = HEAD2_SESSION_NO_PEER;
    if (now > s->now)
        s->now = now;
    if (!for_this_end(s, key) || left(s, key, valid_us) == 0)
        return HEAD2_E_ARG;
    if (fallback_find(s, key->id) != NULL || (!is_node(s) && !s->peers[0].used))
        return HEAD2_E_STATE;
    uint32_t slot = is_node(s) ? peer_by_id(s, key->drone) : 0;
    if (slot == HEAD2_SESSION_NO_PEER)
        HEAD2_TRY(peer_add(s, &slot, key->drone)); /* each peer has places for its keys */
    struct held_key *k = place(s, slot);
    if (k == NULL)
        return HEAD2_E_SPACE;
    put(s, k, key, s->now + left(s, key, valid_us));
    k->peer = slot;
    k->counter = counter;
    *peer = slot;
done:
    return st;
}

void head2_session_drop_fallback_key(struct head2_session *s,
                                     const uint8_t id[HEAD2_FALLBACK_ID_BYTES])
{
    struct held_key *k = fallback_find(s, id);

    if (k == NULL)
        return;
    const uint32_t peer = k->peer;
    bool last = is_node(s);
    fallback_forget(s, k);
    for (uint32_t i = 0; i < s->tunnel_top; i++) {
        struct tunnel *t = &s->tunnels[i];
        if (t->used && t->fallback && memcmp(t->fallback_id, id, sizeof t->fallback_id) == 0)
            tunnel_erase(s, i, CLOSE_NORMAL);
    }
    for (uint32_t i = 0; i < s->fb.max_keys; i++)
        last = last && (!s->fb.keys[i].used || s->fb.keys[i].peer != peer);
    if (last)
        head2_session_remove_peer(s, peer);
}

/* ---- their use ---- */

enum head2_status fallback_count(struct head2_session *s, const struct held_key *k)
{
    return s->config.fallback_count(s->config.fallback_arg, k->id, k->counter);
}

void fallback_expire(struct head2_session *s)
{
    for (uint32_t i = 0; i < s->fb.max_keys; i++) {
        struct held_key *k = &s->fb.keys[i];
        if (!k->used || k->until == 0 || s->now < k->until)
            continue;
        k->until = 0;
        head2_wipe(&k->key, sizeof k->key);
    }
}

/* At a node the session may have outlived the key by the clock on the wall, or the key itself. */
void fallback_tick(struct head2_session *s, struct tunnel *t)
{
    const struct held_key *k = t->fallback ? fallback_find(s, t->fallback_id) : NULL;

    if (!t->fallback || t->closing || (k != NULL && fallback_alive(s, k)))
        return;
    count(s, HEAD2_COUNT_FBK_EXPIRED);
    tunnel_close(s, t, CLOSE_EXPIRED);
}

static bool command_passes(const struct head2_session *s, const uint8_t *bytes, size_t len)
{
    return s->config.fallback_allows != NULL
               ? s->config.fallback_allows(s->config.fallback_arg, bytes, len)
               : head2_fallback_allows(bytes, len);
}

bool fallback_passes(struct head2_session *s, const struct fallback_item *item)
{
    bool passes = item->lane != LANE_VIDEO && item->lane != LANE_LOGS;

    if (item->lane == LANE_URGENT && item->to_drone)
        passes = command_passes(s, item->bytes, item->len);
    if (!passes)
        count(s, HEAD2_COUNT_FBK_POLICY);
    return passes;
}
