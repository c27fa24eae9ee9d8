/*
 * A node in the world of sim.h, with fallback keys that are stored as programs store them, and what
 * must hold of these besides:
 *
 *   counted    a drone's counter of a key only grows, and so does a node's; a node accepts nothing
 *              that its drone has not made durable before, so no counter begins two sessions
 *   silence    a drone turns to a node only after six seconds without a fresh signed session
 *   bounds     in a fallback session lanes 1 and 2 carry nothing, and the drone gets nothing that
 *              the filter refuses
 *   kept       a drone has only keys that the gateway has stored
 *   over       no fallback session is up under a key that is over
 */
#ifndef HEAD2_TESTS_SIM_STANDBY_H
#define HEAD2_TESTS_SIM_STANDBY_H

#include "sim/sim.h"

#include "session/schedule.h"

enum { STANDBY_UPGRADED = 7, STANDBY_EXPIRED = 8 }; /* close reasons */

/* A key, and what its three owners have stored of it. */
struct standby_key {
    struct head2_fallback_key key;
    uint32_t drone;
    bool at_drone, at_node;
    uint64_t drone_until; /* by the drone's clock */
    uint16_t drone_counter, node_counter;
};

static struct standby {
    struct standby_key *key;
    uint32_t n, cap;
    uint32_t lifetime;
    uint8_t node_id[1][32];
    struct head2_fallback_node node;
    uint64_t fresh_at[SIM_SMALL]; /* when a drone was last seen with a fresh signed session */
    double fails;                 /* how often something cannot be stored */
    uint64_t issued, taken, entered, upgraded, expired, replays, refused;
} standby;

static struct sim *standby_world;

static uint64_t standby_wall_of(const struct sim *w)
{
    return 1700000000000 + w->now / 1000;
}

static uint64_t standby_wall(void *arg)
{
    return standby_wall_of(arg);
}

static struct standby_key *standby_find(const uint8_t id[16])
{
    for (uint32_t i = standby.n; i > 0; i--)
        if (memcmp(standby.key[i - 1].key.id, id, 16) == 0)
            return &standby.key[i - 1];
    return NULL;
}

/* counted */
static enum head2_status standby_count(void *arg, const uint8_t id[16], uint16_t counter)
{
    const uint32_t i = (uint32_t)(uintptr_t)arg;
    struct sim *w = standby_world;
    struct standby_key *k = standby_find(id);

    SIM_CHECK(w, k != NULL);
    uint16_t *mine = i == w->node ? &k->node_counter : &k->drone_counter;
    if (sim_chance(w, standby.fails))
        return HEAD2_E_IO;
    SIM_CHECK(w, counter > *mine && counter <= HEAD2_FALLBACK_MAX_USES);
    SIM_CHECK(w, i != w->node || counter <= k->drone_counter);
    *mine = counter;
    return HEAD2_OK;
}

/* bounds: what a drone may be told begins with an even number (of the message, see sim_fill) */
static bool standby_allows(void *arg, const uint8_t *bytes, size_t len)
{
    (void)arg;
    return len >= 4 && bytes[3] % 2 == 0;
}

static bool standby_may_pass(const struct head2_session_data *d, bool to_drone)
{
    if (d->lane == 1 || d->lane == 2)
        return false;
    return d->lane != 0 || !to_drone || standby_allows(NULL, d->bytes, d->len);
}

static void standby_configure(struct sim *w, uint32_t i, struct head2_session_config *c)
{
    c->wall_ms = standby_wall;
    c->wall_arg = w;
    c->fallback_arg = (void *)(uintptr_t)i;
    if (i == SIM_GATEWAY) {
        c->fallback_ids = (const uint8_t(*)[32])standby.node_id;
        c->n_fallback_ids = 1;
        c->fallback_lifetime = standby.lifetime;
        return;
    }
    c->fallback_count = standby_count;
    c->fallback_allows = standby_allows;
    if (i == w->node) {
        c->role = HEAD2_ROLE_FALLBACK;
    } else {
        c->fallback_nodes = &standby.node;
        c->n_fallback_nodes = 1;
    }
}

static void standby_give(struct sim *w, uint32_t i, struct standby_key *k)
{
    const bool node = i == w->node;
    const uint64_t now = sim_clock(w, i);
    uint32_t peer;

    if (!node && now >= k->drone_until)
        return;
    const enum head2_status st = head2_session_add_fallback_key(
        w->end[i].s, now, &peer, &k->key, node ? k->node_counter : k->drone_counter,
        node ? UINT64_MAX : k->drone_until - now);
    SIM_CHECK(w, st == HEAD2_OK || st == HEAD2_E_SPACE || (node && st == HEAD2_E_ARG));
    if (node && st == HEAD2_OK)
        w->end[i].peer[k->drone] = peer;
}

/* From what is stored, the newest first. */
static void standby_started(struct sim *w, uint32_t i)
{
    if (i == w->node)
        memset(w->end[i].peer, 0xff, w->n * sizeof *w->end[i].peer);
    for (uint32_t k = standby.n; k > 0 && i != SIM_GATEWAY; k--) {
        struct standby_key *key = &standby.key[k - 1];
        if (i == w->node ? key->at_node : key->at_drone && key->drone == i)
            standby_give(w, i, key);
    }
}

/* kept */
static void standby_key_action(struct sim *w, uint32_t i, const struct head2_action *a)
{
    struct standby_key *k = standby_find(a->fallback->id);

    if (sim_chance(w, standby.fails))
        return; /* it comes again */
    if (i == SIM_GATEWAY && k == NULL) {
        if (standby.n == standby.cap) {
            standby.cap = 2 * standby.cap + 16;
            standby.key = realloc(standby.key, standby.cap * sizeof *standby.key);
            CHECK(standby.key != NULL);
        }
        k = &standby.key[standby.n++];
        *k = (struct standby_key){.key = *a->fallback};
        for (uint32_t d = 1; d <= sim_drones(w); d++)
            if (w->end[i].peer[d] == a->peer)
                k->drone = d;
        standby.issued++;
    }
    SIM_CHECK(w, k != NULL && k->drone != 0);
    SIM_CHECK(w, memcmp(&k->key, a->fallback, sizeof k->key) == 0);
    if (i != SIM_GATEWAY) {
        SIM_CHECK(w, k->drone == i);
        k->at_drone = true;
        k->drone_until = sim_clock(w, i) + k->key.lifetime_s * SECOND_US;
        standby.taken++;
    }
    head2_session_fallback_kept(w->end[i].s, sim_clock(w, i), a->peer, k->key.id);
}

static void standby_drop(struct sim *w, const struct standby_key *k)
{
    struct sim_end *end = &w->end[w->node];
    struct head2_peer_info p;

    if (end->s == NULL)
        return;
    head2_session_drop_fallback_key(end->s, k->key.id);
    if (head2_session_peer_info(end->s, sim_clock(w, w->node), end->peer[k->drone], &p) != HEAD2_OK)
        end->peer[k->drone] = UINT32_MAX; /* it was the last */
}

/* Somebody carries each drone's newest key, of those that it has stored, to the node. */
static void standby_carry(struct sim *w)
{
    for (uint32_t d = 1; d <= sim_drones(w); d++) {
        struct standby_key *newest = NULL, *oldest = NULL;
        unsigned there = 0;
        for (uint32_t i = 0; i < standby.n; i++) {
            struct standby_key *k = &standby.key[i];
            if (k->drone != d)
                continue;
            newest = k->at_drone ? k : newest;
            there += k->at_node;
            oldest = k->at_node && oldest == NULL ? k : oldest;
        }
        if (newest == NULL || newest->at_node)
            continue;
        if (there == 2) {
            oldest->at_node = false;
            standby_drop(w, oldest);
        }
        newest->at_node = true;
        if (w->end[w->node].s != NULL)
            standby_give(w, w->node, newest);
    }
}

/* silence, over */
static void standby_note(struct sim *w, uint32_t i, const struct head2_event *e)
{
    const bool drone = !sim_serves(w, i);

    if (e->kind == HEAD2_EVENT_ALARM && e->counter == HEAD2_COUNT_FBK_REPLAY)
        standby.replays++;
    if (drone && e->kind == HEAD2_EVENT_DOWN && e->fallback) {
        standby.upgraded += e->reason == STANDBY_UPGRADED;
        standby.expired += e->reason == STANDBY_EXPIRED;
    }
    if (e->kind != HEAD2_EVENT_UP || !e->fallback)
        return;
    const struct standby_key *k = standby_find(e->fallback_id);
    SIM_CHECK(w, k != NULL && e->fb_counter <= k->drone_counter);
    if (!drone)
        return;
    standby.entered++;
    SIM_CHECK(w, k->drone == i && sim_clock(w, i) < k->drone_until);
    SIM_CHECK(w, w->now - standby.fresh_at[i] >= 6 * SECOND_US);
}

/* After each step: who has a fresh signed session now, and that nobody has what is over. */
static void standby_look(struct sim *w)
{
    struct head2_peer_info p;

    for (uint32_t d = 1; d <= sim_drones(w); d++) {
        if (!sim_info(w, d, SIM_GATEWAY, &p))
            continue;
        if (!p.fallback && !p.suspect)
            standby.fresh_at[d] = w->now;
        if (p.fallback && p.fallback_left_us == 0) /* it is told at the next tick */
            SIM_CHECK(w, head2_session_deadline(w->end[d].s) <= sim_clock(w, d) + 250 * MS);
    }
}

static void standby_run(struct sim *w, uint64_t until)
{
    while (w->now < until) {
        sim_run(w, w->now + 20 * MS < until ? w->now + 20 * MS : until);
        standby_look(w);
    }
}

static void standby_open(struct sim *w, uint64_t seed, uint32_t drones, uint32_t lifetime)
{
    sim_open_ends(w, seed, drones, true);
    CHECK(w->n <= SIM_SMALL);
    standby_world = w;
    standby.n = 0;
    standby.lifetime = lifetime;
    standby.fails = 0;
    identity(standby.node_id[0], 'F', w->end[w->node].key->pk);
    standby.node = (struct head2_fallback_node){
        .pk = w->end[w->node].key->pk, .addrs = {w->end[w->node].address}, .n_addrs = 1};
    for (uint32_t i = 0; i < SIM_SMALL; i++)
        standby.fresh_at[i] = 0;
    w->configure = standby_configure;
    w->started = standby_started;
    w->key = standby_key_action;
    w->note = standby_note;
    w->may_pass = standby_may_pass;
    w->heal_us = 30 * SECOND_US; /* a drone in fallback looks for its gateway every 13 s at worst */
}

#endif
