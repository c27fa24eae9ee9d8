/*
 * A network inside one process, for the protocol tests: one gateway, some drones, a virtual clock,
 * and a link that loses, delays, reorders and duplicates as a seed decides. Everything repeats
 * exactly from the seed.
 */
#ifndef HEAD2_TESTS_SESSION_NET_H
#define HEAD2_TESTS_SESSION_NET_H

#include "check.h"

#include "base/base.h"

#include <head2/hash.h>
#include <head2/mldsa.h>
#include <head2/session.h>

#define NET_DRONES  8
#define NET_GATEWAY NET_DRONES /* index of the gateway among the ends */
#define NET_QUEUE   4096

struct net_key {
    uint8_t pk[HEAD2_MLDSA87_PK_BYTES];
    uint8_t sk[HEAD2_MLDSA87_SK_BYTES];
};

struct net_packet {
    uint64_t at;
    uint64_t order;
    int from, to;
    struct head2_address source, dest;
    size_t len;
    uint8_t bytes[1600];
};

struct net_end {
    struct head2_session *s;
    struct head2_address addr;
    struct head2_address also; /* reaches it too, when the port is not 0 */
    const struct net_key *key;
    uint32_t peer; /* a drone's: its gateway.  a gateway's are in net.peer_of */
    uint64_t received[4], sent[4], late;
    uint64_t events[16], rotated[HEAD2_CAUSES], ratchets, datagrams;
    uint64_t last_seq[4];
    struct head2_event last_up, last_rotation, last_down, last_alarm, last_move;
    struct head2_event last_key;
    struct head2_fallback_key fallback; /* the last that was to be stored */
    uint64_t fallback_offers, fallback_counts;
    uint16_t fallback_counter; /* durable */
    bool keeps_nothing, counts_nothing;
    uint64_t random_calls;
    uint64_t job_count[5];
};

struct net {
    uint64_t now;
    uint64_t rng;
    double loss, duplicate;
    uint64_t delay_min, delay_max; /* microseconds, one way */
    struct net_end end[NET_DRONES + 1];
    uint32_t peer_of[NET_DRONES]; /* at the gateway */
    struct net_packet *queue;
    size_t queued;
    uint64_t order;
    int stride_limit; /* datagrams longer than this are lost; 0: none */
    /* returns true when the packet is to be dropped */
    bool (*filter)(struct net *n, const struct net_packet *p);
    void (*tap)(struct net *n, const struct net_packet *p);
    void (*deliver)(struct net *n, int end, const struct head2_session_data *d);
    void (*on_event)(struct net *n, int end, const struct head2_event *e);
    /* called when a counter is to be made durable */
    void (*on_count)(struct net *n, int end, uint16_t counter);
    int64_t wall_skew; /* milliseconds */
    uint64_t arg;
    uint64_t overflow;
};

static inline uint64_t net_rand(struct net *n)
{
    uint64_t z = (n->rng += UINT64_C(0x9e3779b97f4a7c15)); /* splitmix64 */
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline bool net_chance(struct net *n, double p)
{
    return (double)(net_rand(n) >> 11) < p * 9007199254740992.0;
}

static enum head2_status net_random(void *arg, void *out, size_t len)
{
    struct net *n = arg;
    uint8_t *p = out;
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)net_rand(n);
    return HEAD2_OK;
}

/* Keys are made once: identities do not matter to most tests, and making them takes time. */
static const struct net_key *net_key(unsigned i)
{
    static struct net_key keys[NET_DRONES + 2];
    static bool made[NET_DRONES + 2];
    struct head2_secret32 xi = {{0}};

    if (!made[i]) {
        xi.b[0] = (uint8_t)(i + 1);
        CHECK(head2_mldsa87_keypair_from_seed(keys[i].pk, keys[i].sk, &xi) == HEAD2_OK);
        made[i] = true;
    }
    return &keys[i];
}

static enum head2_status net_sign(void *arg, uint8_t sig[HEAD2_SESSION_SIG_BYTES],
                                  const uint8_t *msg, size_t len, const char *ctx)
{
    const struct net_key *k = arg;
    return head2_mldsa87_sign_deterministic(sig, msg, len, (const uint8_t *)ctx, strlen(ctx),
                                            k->sk);
}

static struct head2_address net_addr(unsigned i)
{
    struct head2_address a = {
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1},
        5710
    };
    a.ip[15] = (uint8_t)(i + 1);
    return a;
}

static bool net_same(const struct head2_address *a, const struct head2_address *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static int net_find(struct net *n, const struct head2_address *a)
{
    for (int i = 0; i <= NET_GATEWAY; i++)
        if (n->end[i].s != NULL &&
            (net_same(a, &n->end[i].addr) || (a->port != 0 && net_same(a, &n->end[i].also))))
            return i;
    return -1;
}

/* From any address: of an end, or of somebody who says so. */
static void net_post_from(struct net *n, const struct head2_address *source, int to,
                          const uint8_t *bytes, size_t len)
{
    if (n->queued == NET_QUEUE) {
        n->overflow++;
        return;
    }
    struct net_packet *p = &n->queue[n->queued++];
    p->at = n->now + n->delay_min +
            (n->delay_max > n->delay_min ? net_rand(n) % (n->delay_max - n->delay_min) : 0);
    p->order = n->order++;
    p->from = net_find(n, source);
    p->to = to;
    p->source = *source;
    p->len = len;
    memcpy(p->bytes, bytes, len);
}

static void net_post(struct net *n, int from, int to, const uint8_t *bytes, size_t len)
{
    net_post_from(n, &n->end[from].addr, to, bytes, len);
}

static void net_send(struct net *n, int from, const struct head2_address *to, const uint8_t *bytes,
                     size_t len)
{
    static struct net_packet view;
    int dest = net_find(n, to);

    CHECK(len <= sizeof view.bytes);
    n->end[from].datagrams++;
    view.from = from;
    view.to = dest;
    view.source = n->end[from].addr;
    view.dest = *to;
    view.len = len;
    view.at = n->now;
    memcpy(view.bytes, bytes, len);
    if (n->tap != NULL)
        n->tap(n, &view);
    if (dest < 0 || (n->stride_limit != 0 && len > (size_t)n->stride_limit) ||
        net_chance(n, n->loss))
        return;
    if (n->filter != NULL && n->filter(n, &view))
        return;
    net_post(n, from, dest, bytes, len);
    if (net_chance(n, n->duplicate))
        net_post(n, from, dest, bytes, len);
}

static void net_note(struct net *n, int i, const struct head2_event *e)
{
    struct net_end *end = &n->end[i];

    end->events[e->kind]++;
    if (e->kind == HEAD2_EVENT_UP)
        end->last_up = *e;
    if (e->kind == HEAD2_EVENT_DOWN)
        end->last_down = *e;
    if (e->kind == HEAD2_EVENT_MOVED)
        end->last_move = *e;
    if (e->kind == HEAD2_EVENT_ALARM)
        end->last_alarm = *e;
    if (e->kind == HEAD2_EVENT_FALLBACK_KEY)
        end->last_key = *e;
    if (e->kind == HEAD2_EVENT_ROTATED) {
        end->last_rotation = *e;
        end->rotated[e->cause]++;
        end->ratchets += !e->fresh;
    }
    if (n->on_event != NULL)
        n->on_event(n, i, e);
}

/* Carry out everything an end wants done. */
static void net_pump(struct net *n, int i)
{
    struct net_end *end = &n->end[i];
    struct head2_action a;

    while (end->s != NULL && head2_session_next(end->s, n->now, &a)) {
        if (a.kind == HEAD2_ACTION_SEND) {
            net_send(n, i, &a.to, a.bytes, a.len);
        } else if (a.kind == HEAD2_ACTION_EVENT) {
            net_note(n, i, a.event);
        } else if (a.kind == HEAD2_ACTION_FALLBACK_KEY) {
            end->fallback = *a.fallback;
            end->fallback_offers++;
            if (!end->keeps_nothing)
                head2_session_fallback_kept(end->s, n->now, a.peer, end->fallback.id);
        } else {
            head2_job_run(a.job, net_sign, (void *)(uintptr_t)end->key);
            head2_session_complete(end->s, n->now, a.job);
        }
    }
}

static void net_input(struct net *n, const struct net_packet *p)
{
    struct head2_session_data d;
    struct net_end *end = &n->end[p->to];

    if (end->s == NULL)
        return;
    head2_session_input(end->s, n->now, &p->source, p->bytes, p->len, &d);
    if (d.bytes != NULL) {
        end->received[d.lane]++;
        end->late += d.late;
        if (n->deliver != NULL)
            n->deliver(n, p->to, &d);
    }
    net_pump(n, p->to);
}

/* Let time pass up to `until`, in order of what happens. */
static void net_run(struct net *n, uint64_t until)
{
    for (;;) {
        uint64_t next = until;
        size_t first = SIZE_MAX;
        int tick = -1;
        for (size_t q = 0; q < n->queued; q++)
            if (n->queue[q].at < next || (n->queue[q].at == next && first != SIZE_MAX &&
                                          n->queue[q].order < n->queue[first].order)) {
                next = n->queue[q].at;
                first = q;
            }
        for (int i = 0; i <= NET_GATEWAY; i++)
            if (n->end[i].s != NULL && head2_session_deadline(n->end[i].s) < next) {
                next = head2_session_deadline(n->end[i].s);
                tick = i;
            }
        if (next > n->now)
            n->now = next;
        if (tick < 0 && first == SIZE_MAX)
            return;
        if (tick >= 0) {
            head2_session_tick(n->end[tick].s, n->now);
            net_pump(n, tick);
            continue;
        }
        struct net_packet p = n->queue[first];
        n->queue[first] = n->queue[--n->queued];
        net_input(n, &p);
    }
}

/* Run until a condition holds or the time is up; true when it holds. */
#define NET_UNTIL(n, limit, cond)                                                                  \
    do {                                                                                           \
        uint64_t net_end_ = (n)->now + (limit);                                                    \
        while (!(cond) && (n)->now < net_end_)                                                     \
            net_run((n), (n)->now + 5000);                                                         \
        CHECK_SAY(cond, "not within %llu ms: %s", (unsigned long long)(limit) / 1000, #cond);      \
    } while (0)

static struct head2_session_config net_config(struct net *n, int i)
{
    struct head2_session_config c = {.role =
                                         i == NET_GATEWAY ? HEAD2_ROLE_GATEWAY : HEAD2_ROLE_DRONE,
                                     .pk = n->end[i].key->pk,
                                     .max_peers = NET_DRONES,
                                     .half_open = 64,
                                     .incarnation = i == NET_GATEWAY ? 1 : 0,
                                     .node_id = 7,
                                     .random = net_random,
                                     .random_arg = n};
    return c;
}

static void net_open(struct net *n, uint64_t seed)
{
    memset(n, 0, sizeof *n);
    n->rng = seed;
    n->now = 1000000000;
    n->delay_min = 1000;
    n->delay_max = 1000;
    n->queue = calloc(NET_QUEUE, sizeof *n->queue);
    CHECK(n->queue != NULL);
    for (unsigned i = 0; i <= NET_GATEWAY; i++) {
        n->end[i].key = net_key(i);
        n->end[i].addr = net_addr(i);
    }
}

static void net_gateway(struct net *n, const struct head2_session_config *c, unsigned drones)
{
    struct net_end *g = &n->end[NET_GATEWAY];

    CHECK(head2_session_new(&g->s, c, n->now) == HEAD2_OK);
    for (unsigned i = 0; i < drones; i++) {
        struct head2_peer_config p = {.pk = net_key(i)->pk};
        CHECK(head2_session_add_peer(g->s, &n->peer_of[i], &p) == HEAD2_OK);
    }
}

static void net_drone(struct net *n, int i, const struct head2_session_config *c)
{
    struct head2_peer_config p = {
        .pk = n->end[NET_GATEWAY].key->pk, .addrs = {n->end[NET_GATEWAY].addr}, .n_addrs = 1};

    CHECK(head2_session_new(&n->end[i].s, c, n->now) == HEAD2_OK);
    CHECK(head2_session_add_peer(n->end[i].s, &n->end[i].peer, &p) == HEAD2_OK);
}

/* One gateway and `drones` drones with default settings. */
__attribute__((unused)) static void net_start(struct net *n, uint64_t seed, unsigned drones)
{
    net_open(n, seed);
    struct head2_session_config g = net_config(n, NET_GATEWAY);
    net_gateway(n, &g, drones);
    for (unsigned i = 0; i < drones; i++) {
        struct head2_session_config d = net_config(n, (int)i);
        net_drone(n, (int)i, &d);
    }
}

static void net_stop(struct net *n)
{
    for (int i = 0; i <= NET_GATEWAY; i++)
        head2_session_free(n->end[i].s);
    free(n->queue);
    memset(n, 0, sizeof *n);
}

/* Seal and post one plaintext; the session's answer. */
HEAD2_UNUSED static enum head2_status net_say(struct net *n, int from, int to, uint8_t lane,
                                              const void *bytes, size_t len)
{
    struct head2_session_packets out;
    uint32_t peer = from == NET_GATEWAY ? n->peer_of[to] : n->end[from].peer;
    enum head2_status st = head2_session_send(n->end[from].s, n->now, peer, lane, bytes, len, &out);

    for (unsigned i = 0; st == HEAD2_OK && i < out.n; i++)
        net_send(n, from, &out.to, out.bytes[i], out.len[i]);
    for (unsigned i = 0; st == HEAD2_OK && i < out.n_also; i++)
        net_send(n, from, &out.also, out.bytes[i], out.len[i]);
    n->end[from].sent[lane] += st == HEAD2_OK;
    net_pump(n, from);
    return st;
}

static inline bool net_both_up(struct net *n, int drone)
{
    struct head2_peer_info d, g;
    return head2_session_peer_info(n->end[drone].s, n->now, n->end[drone].peer, &d) == HEAD2_OK &&
           head2_session_peer_info(n->end[NET_GATEWAY].s, n->now, n->peer_of[drone], &g) ==
               HEAD2_OK &&
           d.up && g.up;
}

#endif
