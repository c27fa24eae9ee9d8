/*
 * When a drone turns to a node, and to which. Only silence leads there: six seconds without a fresh
 * signed session, and three time-outs of signed handshakes at each of the gateway's addresses.
 * Nothing that the network says can ask for it, and signed handshakes are tried all the while.
 */
#include "session/initiator.h"

/* ---- where to ---- */

/* What a fallback handshake needs to know. */
struct target {
    const struct held_key *key;
    unsigned node, addr;
};

/* Places are all addresses of all nodes, in their order. */
static unsigned n_places(const struct head2_session *s)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < s->fb.n_nodes; i++)
        n += s->fb.node[i].n_addrs;
    return n;
}

static bool named(const struct held_key *k, const uint8_t node[ID_BYTES])
{
    for (unsigned i = 0; i < k->n_nodes; i++)
        if (memcmp(k->nodes[i], node, ID_BYTES) == 0)
            return true;
    return false;
}

/* One place with one key: whether the key may be used there. */
static bool target_at(const struct head2_session *s, struct target *t, unsigned place,
                      const struct held_key *key)
{
    t->key = key;
    for (t->node = 0; place >= s->fb.node[t->node].n_addrs; t->node++)
        place -= s->fb.node[t->node].n_addrs;
    t->addr = place;
    return key != NULL && fallback_alive(s, key) && key->counter < key->max_uses &&
           named(key, s->fb.node[t->node].id);
}

/* All places with the newest key, then all with the one before it, and so on. A place that said
 * that it does not know the newest is asked about the one before it at once. */
static bool choose(struct head2_session *s, struct target *t)
{
    const struct held_key *newest = fallback_newest(s), *previous = fallback_previous(s);
    const unsigned n = n_places(s), said = s->fb.said_unknown;

    s->fb.said_unknown = 0;
    if (said != 0 && target_at(s, t, said - 1, previous))
        return true;
    for (unsigned i = 0; i < 2 * n; i++) {
        const unsigned number = (s->fb.candidate + i) % (2 * n);
        if (!target_at(s, t, number % n, number < n ? newest : previous))
            continue;
        s->fb.candidate = (number + 1) % (2 * n);
        return true;
    }
    return false;
}

/* ---- when ---- */

struct tunnel *standby_signed(struct head2_session *s)
{
    const struct peer *p = &s->peers[0];

    for (unsigned i = 0; p->used && i < PEER_TUNNELS && p->tunnel[i] != INDEX_NONE; i++) {
        struct tunnel *t = &s->tunnels[p->tunnel[i]];
        if (!t->fallback && !t->closing)
            return t;
    }
    return NULL;
}

/* The newest of all sessions is the one in use, so this is it if there is one. */
static struct tunnel *with_node(struct head2_session *s)
{
    struct tunnel *t = tunnel_of_peer(s, 0);

    return t != NULL && t->fallback ? t : NULL;
}

bool standby_serves(struct head2_session *s)
{
    const struct tunnel *t = with_node(s);

    return t != NULL && !t->suspect;
}

void standby_gateway_lives(struct head2_session *s)
{
    s->fb.lost = false;
    memset(s->fb.rounds, 0, sizeof s->fb.rounds);
}

void standby_timeout(struct head2_session *s, uint32_t addr)
{
    s->fb.rounds[addr]++;
}

static bool entered(const struct head2_session *s)
{
    if (!s->fb.lost || s->now - s->fb.lost_at < FBK_AFTER)
        return false;
    for (uint32_t i = 0; i < s->peers[0].n_addrs; i++)
        if (s->fb.rounds[i] < FBK_ROUNDS)
            return false;
    return true;
}

static void begin(struct head2_session *s)
{
    struct target to;
    struct attempt *a = attempt_place(s, HS_PARALLEL, HS_FALLBACK);

    if (a == NULL || !choose(s, &to))
        return;
    attempt_begin(s, a, to.addr);
    if (a->state == ATTEMPT_FREE)
        return;
    a->fallback = true;
    a->node = to.node;
    memcpy(a->psk_id, to.key->id, sizeof a->psk_id);
}

static bool under_way(const struct head2_session *s)
{
    for (unsigned i = HS_PARALLEL; i < HS_PARALLEL + HS_FALLBACK; i++) {
        const struct attempt *a = &s->attempts[i];
        if (a->state != ATTEMPT_FREE && !a->refused && s->now <= a->progress + HS_STUCK)
            return true;
    }
    return false;
}

void standby_tick(struct head2_session *s, bool signed_up)
{
    struct tunnel *t = with_node(s);

    fallback_expire(s);
    if (signed_up) {
        standby_gateway_lives(s);
        if (t != NULL)
            tunnel_close(s, t, CLOSE_UPGRADED);
        return;
    }
    if (!s->fb.lost && s->now >= attempt_gateway(s)->next_try) {
        s->fb.lost = true;
        s->fb.lost_at = s->now;
    }
    if (s->fb.n_nodes != 0 && !standby_serves(s) && s->now >= s->fb.next_use && entered(s) &&
        !under_way(s))
        begin(s);
}

bool standby_lets_sign(struct head2_session *s)
{
    uint8_t byte = 128;

    if (!standby_serves(s))
        return true;
    if (s->now < s->fb.upgrade_at)
        return false;
    if (draw(s, &byte, 1) != HEAD2_OK)
        byte = 128;
    HEAD2_PUBLIC(&byte, 1, "the jitter of a timer is seen on the wire");
    s->fb.upgrade_at = s->now + FBK_UPGRADE * 7 / 10 + FBK_UPGRADE * 6 / 10 * byte / 256;
    return true;
}

/* ---- the handshake ---- */

void standby_hint(struct head2_session *s, struct attempt *a, bool unknown)
{
    const struct held_key *newest = fallback_newest(s);
    unsigned place = a->addr;

    if (!a->fallback)
        return;
    a->refused = true; /* it goes on, beside the next one: the hint may not be the node's */
    for (unsigned i = 0; i < a->node; i++)
        place += s->fb.node[i].n_addrs;
    if (unknown && newest != NULL && memcmp(newest->id, a->psk_id, sizeof a->psk_id) == 0)
        s->fb.said_unknown = place + 1;
}

bool standby_bind(struct head2_session *s, struct attempt *a)
{
    const struct held_key *k = fallback_find(s, a->psk_id);
    struct chain early;

    if (k == NULL || !fallback_alive(s, k))
        return false;
    derive_early(&early, k->key.b);
    init_bind(a->init, a->init_len, a->psk_id, &early);
    head2_wipe(&early, sizeof early);
    return true;
}

bool standby_use(struct head2_session *s, struct attempt *a, uint16_t *counter)
{
    struct held_key *k = fallback_find(s, a->psk_id);

    if (k == NULL || !fallback_alive(s, k) || k->counter >= k->max_uses || s->now < s->fb.next_use)
        return false;
    s->fb.next_use = s->now + FBK_PAUSE;
    *counter = ++k->counter;
    return fallback_count(s, k) == HEAD2_OK;
}
