/*
 * A world in one process: gateways and any number of drones with clocks of their own, a network
 * that is as bad as a seed makes it, and an attacker who hears everything and sends what he likes.
 * One seed is one history, repeated exactly: HEAD2_SEED=N runs that one alone and tells it.
 *
 * After every step these must hold; what breaks one ends the test and names the seed.
 *
 *   nonce      no two sealed datagrams of any end begin with the same 12 bytes, whatever repeats in
 *              the random generators of restarted ends (the first six are of the key alone); the
 *              same datagram may go to two addresses, and to no third
 *   age        nothing is sealed under a key older, or that has sealed more, than was agreed
 *   once       a plaintext is delivered once at most, at the end it was for, as it was sent
 *   retired    nothing is delivered later than two key lives after it was sealed
 *   path       an end's address moves to where the other one has been, or to a relay that has
 * carried a challenge to it; never for a datagram that is a replay or not authentic unharmed where
 * the network does its duty, an attacker's datagrams end no session and cost no packet agreement
 * when the network is well again both ends have one session, the same, within the time that the
 * protocol gives, and it carries data both ways
 */
#ifndef HEAD2_TESTS_SIM_SIM_H
#define HEAD2_TESTS_SIM_SIM_H

#include "check.h"

#include "base/base.h"

#include <head2/mldsa.h>
#include <head2/session.h>

#define US            UINT64_C(1)
#define MS            (1000 * US)
#define SECOND_US     (1000 * MS)
#define SIM_BYTES     1500 /* of a datagram */
#define SIM_HEARD     64   /* datagrams that the attacker keeps */
#define SIM_RECENT    40   /* of them the latest */
#define SIM_GATEWAY   0    /* the first end; drones follow */
#define SIM_SMALL     8    /* ends of a small world */
#define SIM_HEAL_US   (8 * SECOND_US)
#define SIM_SEAL_HEAD 12
#define SIM_RELAYS    1000
#define SIM_RELAY_IP  0xf00000 /* of the first: see sim_address */

static const uint8_t sim_magic[6] = {0xc4, 0x48, 0x32, 0x48, 0x53, 0x01};

struct sim_key {
    uint8_t pk[HEAD2_MLDSA87_PK_BYTES];
    struct head2_mldsa_signer *signer;
};

struct sim_end {
    struct head2_session *s; /* NULL while it is down */
    const struct sim_key *key;
    struct head2_address address;
    int64_t skew;          /* of its clock */
    uint64_t random;       /* state of its generator */
    uint64_t first_random; /* what a restart from a snapshot brings back */
    uint64_t image;        /* the number that tells restored memory */
    uint64_t incarnation;  /* a gateway's own; the highest that a drone has seen */
    uint32_t *peer;        /* a gateway's numbers of the drones; a drone's one of its gateway */
    uint64_t tick_at;      /* of the tick in the heap that counts */
    bool cut;              /* nothing reaches it and nothing leaves it */
    bool clock_went_back;
    uint64_t ups, downs, rotations, ratchets, moves;
};

enum sim_kind { SIM_PACKET, SIM_TICK };

struct sim_event {
    uint64_t at, order;
    enum sim_kind kind;
    uint32_t index; /* of the packet or the end */
};

struct sim_packet {
    struct head2_address from;
    uint32_t to; /* end */
    uint32_t next;
    size_t len;
    uint8_t bytes[SIM_BYTES];
};

/* What was given to a session to send. */
struct sim_message {
    uint32_t from, to;
    uint64_t at;
    size_t len;
    uint8_t lane;
    uint8_t times; /* delivered */
};

struct sim_heard {
    uint32_t from, to;
    size_t len;
    uint8_t bytes[SIM_BYTES];
};

/* Once sealed, and where it went. */
struct sim_nonce {
    uint8_t bytes[SIM_SEAL_HEAD];
    uint16_t times;
    uint64_t digest, to;
};

/* Somebody between one drone and the gateway, quicker than the path. */
struct sim_relay {
    uint32_t number; /* names its address */
    uint32_t drone;
    bool races;               /* the drone's datagrams arrive from here first, now and then */
    bool forwards;            /* what is sent here reaches the drone */
    bool carried[SIM_RELAYS]; /* by number: something has */
};

struct sim {
    uint64_t seed, rng, now, order, events;
    uint32_t n; /* ends */
    struct sim_end *end;
    uint32_t rotate_seconds;
    bool mac_only, hybrid; /* what both ends are configured for */
    uint64_t rotate_bytes;
    double loss, duplicate, corrupt;
    uint64_t delay, jitter;
    bool duty; /* the network loses, corrupts and delays nothing */
    bool clocks_jump, resumes;
    uint64_t roam_at; /* the next move, at the earliest */
    struct sim_event *heap;
    size_t heap_n, heap_cap;
    struct sim_packet *packet;
    uint32_t packets, free_packet;
    struct sim_message *message;
    uint32_t messages, message_cap;
    struct sim_nonce *nonce;
    size_t nonces, nonce_cap; /* a power of two */
    struct sim_heard heard[SIM_HEARD];
    uint64_t heard_n;
    struct sim_relay relay;
    uint64_t delivered, refused;
    bool tell;
    uint32_t node;    /* the last end stands in for the gateway; 0: none does */
    uint64_t heal_us; /* everybody finds each other again within this time */
    /* what a world with a node adds: see standby.h */
    void (*configure)(struct sim *w, uint32_t i, struct head2_session_config *c);
    void (*started)(struct sim *w, uint32_t i);
    void (*key)(struct sim *w, uint32_t i, const struct head2_action *a);
    void (*note)(struct sim *w, uint32_t i, const struct head2_event *e);
    bool (*may_pass)(const struct head2_session_data *d, bool to_drone);
};

#define SIM_CHECK(w, cond)                                                                         \
    CHECK_SAY(cond, "seed %llu, event %llu, at %llu us: %s", (unsigned long long)(w)->seed,        \
              (unsigned long long)(w)->events, (unsigned long long)(w)->now, #cond)

/* ---- chance ---- */

static uint64_t sim_splitmix(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t sim_below(struct sim *w, uint64_t n)
{
    return sim_splitmix(&w->rng) % n;
}

static bool sim_chance(struct sim *w, double p)
{
    return (double)(sim_splitmix(&w->rng) >> 11) < p * 9007199254740992.0;
}

static enum head2_status sim_random(void *arg, void *out, size_t len)
{
    struct sim_end *end = arg;
    uint8_t *p = out;

    for (size_t i = 0; i < len; i += 8) {
        const uint64_t v = sim_splitmix(&end->random);
        memcpy(p + i, &v, len - i < 8 ? len - i : 8);
    }
    return HEAD2_OK;
}

/* ---- keys: made once for all seeds ---- */

static const struct sim_key *sim_key(uint32_t i)
{
    static struct sim_key **keys;
    static uint32_t made;
    struct head2_secret32 xi = {{0}};
    uint8_t sk[HEAD2_MLDSA87_SK_BYTES];

    while (made <= i) {
        keys = realloc(keys, (made + 1) * sizeof(struct sim_key *));
        CHECK(keys != NULL && (keys[made] = calloc(1, sizeof **keys)) != NULL);
        put_be32(xi.b, made + 1);
        CHECK(head2_mldsa87_keypair_from_seed(keys[made]->pk, sk, &xi) == HEAD2_OK);
        CHECK(head2_mldsa_signer_new(&keys[made]->signer, HEAD2_MLDSA_SET_87, sk) == HEAD2_OK);
        made++;
    }
    return keys[i];
}

static enum head2_status sim_sign(void *arg, uint8_t sig[HEAD2_SESSION_SIG_BYTES],
                                  const uint8_t *msg, size_t len, const char *ctx)
{
    const struct sim_key *key = arg;

    return head2_mldsa_sign_deterministic(sig, msg, len, (const uint8_t *)ctx, strlen(ctx),
                                          key->signer);
}

/* ---- the heap of what is to come ---- */

static bool sim_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void sim_push(struct sim *w, uint64_t at, enum sim_kind kind, uint32_t index)
{
    if (w->heap_n == w->heap_cap) {
        w->heap_cap = 2 * w->heap_cap + 64;
        w->heap = realloc(w->heap, w->heap_cap * sizeof *w->heap);
        CHECK(w->heap != NULL);
    }
    size_t i = w->heap_n++;
    const struct sim_event e = {at < w->now ? w->now : at, w->order++, kind, index};
    for (; i > 0 && sim_before(&e, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
        w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = e;
}

static struct sim_event sim_pop(struct sim *w)
{
    const struct sim_event first = w->heap[0], last = w->heap[--w->heap_n];
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < w->heap_n && sim_before(&w->heap[child + 1], &w->heap[child]))
            child++;
        if (child >= w->heap_n || !sim_before(&w->heap[child], &last))
            break;
        w->heap[i] = w->heap[child];
        i = child;
    }
    w->heap[i] = last;
    return first;
}

/* ---- the network ---- */

static uint32_t sim_find(const struct sim *w, const struct head2_address *a)
{
    /* the address holds the number of its end: see sim_address */
    const uint32_t i = be32(a->ip + 12) & 0xffffff;
    return i < w->n && a->port == w->end[i].address.port ? i : UINT32_MAX;
}

static struct head2_address sim_address(uint32_t i)
{
    struct head2_address a = {
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10},
        5710
    };
    a.ip[13] = (uint8_t)(i >> 16);
    a.ip[14] = (uint8_t)(i >> 8);
    a.ip[15] = (uint8_t)i;
    return a;
}

static void sim_post(struct sim *w, const struct head2_address *from, uint32_t to,
                     const uint8_t *bytes, size_t len, uint64_t delay)
{
    uint32_t at = w->free_packet;

    if (at == UINT32_MAX) {
        at = w->packets;
        w->packets = 2 * w->packets + 64;
        w->packet = realloc(w->packet, w->packets * sizeof *w->packet);
        CHECK(w->packet != NULL);
        for (uint32_t i = at; i < w->packets; i++)
            w->packet[i].next = i + 1 < w->packets ? i + 1 : UINT32_MAX;
    }
    struct sim_packet *p = &w->packet[at];
    w->free_packet = p->next;
    p->from = *from;
    p->to = to;
    p->len = len;
    memcpy(p->bytes, bytes, len);
    sim_push(w, w->now + delay, SIM_PACKET, at);
}

static bool sim_same(const struct head2_address *a, const struct head2_address *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static uint64_t sim_digest(const uint8_t *bytes, size_t len)
{
    uint64_t h = len;

    for (; len >= 8; bytes += 8, len -= 8)
        h = (h ^ be64(bytes)) * UINT64_C(0x9e3779b97f4a7c15);
    while (len-- != 0)
        h = (h ^ *bytes++) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 32;
}

/* The place of a nonce in the table, taken or free. */
static struct sim_nonce *sim_nonce_place(const struct sim *w, const uint8_t *nonce)
{
    static const uint8_t empty[SIM_SEAL_HEAD];
    uint64_t h;

    memcpy(&h, nonce + 4, 8);
    h ^= be32(nonce) * UINT64_C(0x9e3779b97f4a7c15);
    size_t i = (size_t)(sim_splitmix(&h) & (w->nonce_cap - 1));
    while (memcmp(w->nonce[i].bytes, empty, sizeof empty) != 0 &&
           memcmp(w->nonce[i].bytes, nonce, SIM_SEAL_HEAD) != 0)
        i = (i + 1) & (w->nonce_cap - 1);
    return &w->nonce[i];
}

static void sim_nonce_grow(struct sim *w)
{
    struct sim_nonce *old = w->nonce;
    const size_t cap = w->nonce_cap;

    w->nonce_cap = cap == 0 ? 1 << 12 : 4 * cap;
    w->nonce = calloc(w->nonce_cap, sizeof *w->nonce);
    CHECK(w->nonce != NULL);
    for (size_t i = 0; i < cap; i++)
        if (old[i].times != 0)
            *sim_nonce_place(w, old[i].bytes) = old[i];
    free(old);
}

/* nonce */
static void sim_note_nonce(struct sim *w, const struct head2_address *to, const uint8_t *datagram,
                           size_t len)
{
    const uint64_t digest = sim_digest(datagram, len);
    const uint64_t where = sim_digest(to->ip, sizeof to->ip) + to->port;

    if (2 * w->nonces >= w->nonce_cap)
        sim_nonce_grow(w);
    struct sim_nonce *n = sim_nonce_place(w, datagram);
    SIM_CHECK(w, n->times == 0 || (n->times == 1 && n->digest == digest && n->to != where));
    w->nonces += n->times++ == 0;
    memcpy(n->bytes, datagram, sizeof n->bytes);
    n->digest = digest;
    n->to = where;
}

static void sim_relay(struct sim *w, uint32_t from, const struct head2_address *to,
                      const uint8_t *bytes, size_t len)
{
    struct sim_relay *r = &w->relay;
    const struct head2_address at = sim_address(SIM_RELAY_IP + r->number);

    if (r->races && from == r->drone && sim_chance(w, 0.5))
        sim_post(w, &at, SIM_GATEWAY, bytes, len, w->delay / 2);
    if (r->forwards && from == SIM_GATEWAY && sim_same(to, &at)) {
        sim_post(w, &at, r->drone, bytes, len, w->delay / 2);
        r->carried[r->number] = true;
    }
}

static void sim_send(struct sim *w, uint32_t from, const struct head2_address *to,
                     const uint8_t *bytes, size_t len)
{
    const uint32_t dest = sim_find(w, to);
    /* the latest, and a few from long ago */
    const bool long_kept = sim_below(w, 64) == 0;
    struct sim_heard *h = &w->heard[long_kept ? SIM_RECENT + sim_below(w, SIM_HEARD - SIM_RECENT)
                                              : w->heard_n % SIM_RECENT];
    uint8_t flipped[SIM_BYTES];

    SIM_CHECK(w, len <= SIM_BYTES && len >= 28);
    if (memcmp(bytes, sim_magic, sizeof sim_magic) != 0)
        sim_note_nonce(w, to, bytes, len);
    w->heard_n++;
    h->from = from;
    h->to = dest;
    h->len = len;
    memcpy(h->bytes, bytes, len);
    if (!w->end[from].cut)
        sim_relay(w, from, to, bytes, len);
    if (dest == UINT32_MAX || w->end[from].cut || sim_chance(w, w->loss))
        return;
    const uint64_t delay = w->delay + (w->jitter != 0 ? sim_below(w, w->jitter) : 0);
    memcpy(flipped, bytes, len);
    if (sim_chance(w, w->corrupt))
        flipped[sim_below(w, len)] ^= (uint8_t)(1 << sim_below(w, 8));
    sim_post(w, &w->end[from].address, dest, flipped, len, delay);
    if (sim_chance(w, w->duplicate))
        sim_post(w, &w->end[from].address, dest, bytes, len, delay + sim_below(w, 100 * MS));
}

/* ---- ends ---- */

/* Drones are the ends from 1 to this. */
static uint32_t sim_drones(const struct sim *w)
{
    return w->node != 0 ? w->node - 1 : w->n - 1;
}

static bool sim_serves(const struct sim *w, uint32_t i)
{
    return i == SIM_GATEWAY || (w->node != 0 && i == w->node);
}

/* The number by which an end knows another. */
static uint32_t sim_peer(const struct sim *w, uint32_t at, uint32_t other)
{
    return w->end[at].peer[sim_serves(w, at) ? other : 0];
}

static uint64_t sim_clock(const struct sim *w, uint32_t i)
{
    return (uint64_t)((int64_t)w->now + w->end[i].skew);
}

static void sim_set_tick(struct sim *w, uint32_t i)
{
    struct sim_end *end = &w->end[i];
    const uint64_t due = head2_session_deadline(end->s), now = sim_clock(w, i);
    const uint64_t at = due > now ? w->now + (due - now) : w->now;

    if (at != end->tick_at) {
        end->tick_at = at;
        sim_push(w, at, SIM_TICK, i);
    }
}

/* path */
static void sim_check_move(struct sim *w, uint32_t i, const struct head2_event *e)
{
    const struct head2_address *to = &e->to;

    SIM_CHECK(w, sim_serves(w, i)); /* drones here know one address */
    for (uint32_t d = 1; d <= sim_drones(w); d++) {
        const struct head2_address *home = &w->end[d].address;
        if (w->end[i].peer[d] != e->peer)
            continue;
        const bool own = memcmp(to->ip, home->ip, sizeof to->ip) == 0 && to->port <= home->port;
        const uint32_t relay = (be32(to->ip + 12) & 0xffffff) - SIM_RELAY_IP;
        const bool relayed = relay < SIM_RELAYS && w->relay.carried[relay];
        SIM_CHECK(w, own || relayed);
    }
}

static void sim_note_event(struct sim *w, uint32_t i, const struct head2_event *e)
{
    struct sim_end *end = &w->end[i];

    end->ups += e->kind == HEAD2_EVENT_UP;
    end->downs += e->kind == HEAD2_EVENT_DOWN;
    end->rotations += e->kind == HEAD2_EVENT_ROTATED && e->verified;
    end->ratchets += e->kind == HEAD2_EVENT_ROTATED && !e->fresh;
    end->moves += e->kind == HEAD2_EVENT_MOVED;
    if (e->kind == HEAD2_EVENT_MOVED)
        sim_check_move(w, i, e);
    if (e->kind == HEAD2_EVENT_UP || e->kind == HEAD2_EVENT_ROTATED)
        end->clock_went_back = false;
    if (e->kind == HEAD2_EVENT_UP && !sim_serves(w, i) && !e->fallback)
        end->incarnation = e->incarnation;
    if (w->note != NULL)
        w->note(w, i, e);
    if (w->tell)
        printf("%12llu us  end %u  event %d  counter %u reason %u gen %u.%u\n",
               (unsigned long long)w->now, i, (int)e->kind, e->counter, e->reason, e->new_gen,
               e->new_step);
}

static void sim_pump(struct sim *w, uint32_t i)
{
    struct sim_end *end = &w->end[i];
    struct head2_action a;

    while (head2_session_next(end->s, sim_clock(w, i), &a)) {
        if (a.kind == HEAD2_ACTION_SEND) {
            sim_send(w, i, &a.to, a.bytes, a.len);
        } else if (a.kind == HEAD2_ACTION_EVENT) {
            sim_note_event(w, i, a.event);
        } else if (a.kind == HEAD2_ACTION_FALLBACK_KEY) {
            w->key(w, i, &a);
        } else {
            head2_job_run(a.job, sim_sign, (void *)(uintptr_t)end->key);
            head2_session_complete(end->s, sim_clock(w, i), a.job);
        }
    }
    sim_set_tick(w, i);
}

static void sim_fill(uint8_t *out, const struct sim_message *m, uint32_t id)
{
    uint64_t x = id;

    put_be32(out, id);
    for (size_t i = 4; i < m->len; i++)
        out[i] = (uint8_t)(sim_splitmix(&x) + m->lane);
}

/* once, retired */
static void sim_delivered(struct sim *w, uint32_t at, const struct head2_session_data *d)
{
    uint8_t want[SIM_BYTES];

    SIM_CHECK(w, d->len >= 4 && be32(d->bytes) < w->messages);
    struct sim_message *m = &w->message[be32(d->bytes)];
    SIM_CHECK(w, m->to == at && m->lane == d->lane && m->len == d->len);
    SIM_CHECK(w, d->peer == sim_peer(w, at, m->from));
    SIM_CHECK(w, !d->fallback || w->may_pass(d, !sim_serves(w, at)));
    sim_fill(want, m, be32(d->bytes));
    SIM_CHECK(w, memcmp(want, d->bytes, d->len) == 0);
    SIM_CHECK(w, m->times++ == 0);
    SIM_CHECK(w, w->clocks_jump || w->now - m->at <= 2 * w->rotate_seconds * SECOND_US);
    w->delivered++;
}

static void sim_input(struct sim *w, const struct sim_packet *p)
{
    struct head2_session_data d;
    struct sim_end *end = &w->end[p->to];

    if (end->s == NULL || end->cut)
        return;
    head2_session_input(end->s, sim_clock(w, p->to), &p->from, p->bytes, p->len, &d);
    if (d.bytes != NULL)
        sim_delivered(w, p->to, &d);
    sim_pump(w, p->to);
}

/* One event; false when there is none before `until`. */
static bool sim_step(struct sim *w, uint64_t until)
{
    if (w->heap_n == 0 || w->heap[0].at > until) {
        w->now = until;
        return false;
    }
    const struct sim_event e = sim_pop(w);
    w->now = e.at;
    w->events++;
    if (e.kind == SIM_TICK) {
        struct sim_end *end = &w->end[e.index];
        if (end->s == NULL || end->tick_at != e.at) {
            w->events--;
            return true; /* it was set anew meanwhile */
        }
        end->tick_at = 0;
        head2_session_tick(end->s, sim_clock(w, e.index));
        sim_pump(w, e.index);
        return true;
    }
    const struct sim_packet p = w->packet[e.index];
    w->packet[e.index].next = w->free_packet;
    w->free_packet = e.index;
    sim_input(w, &p);
    return true;
}

static void sim_run(struct sim *w, uint64_t until)
{
    while (sim_step(w, until))
        ;
}

static bool sim_info(const struct sim *w, uint32_t at, uint32_t other, struct head2_peer_info *info)
{
    const struct sim_end *end = &w->end[at];

    return end->s != NULL &&
           head2_session_peer_info(end->s, sim_clock(w, at), sim_peer(w, at, other), info) ==
               HEAD2_OK &&
           info->up;
}

/* age: of the key that has just sealed something */
static void sim_check_age(struct sim *w, uint32_t at, uint32_t other)
{
    struct head2_peer_info info;

    if (!sim_info(w, at, other, &info) || w->end[at].clock_went_back)
        return;
    SIM_CHECK(w, info.epoch_us <= info.rotate_us);
    SIM_CHECK(w, info.epoch_bytes <= info.rotate_bytes);
}

/* Who would get what a drone has for its gateway. */
static uint32_t sim_server(const struct sim *w, uint32_t drone)
{
    struct head2_peer_info info;

    return sim_info(w, drone, SIM_GATEWAY, &info) && info.fallback ? w->node : SIM_GATEWAY;
}

/* Give a plaintext of len bytes, 4 at least, to an end. */
static void sim_say(struct sim *w, uint32_t from, uint32_t to, uint8_t lane, size_t len)
{
    struct sim_end *end = &w->end[from];
    struct head2_session_packets out;
    uint8_t bytes[SIM_BYTES];

    if (end->s == NULL)
        return;
    if (w->messages == w->message_cap) {
        w->message_cap = 2 * w->message_cap + 256;
        w->message = realloc(w->message, w->message_cap * sizeof *w->message);
        CHECK(w->message != NULL);
    }
    struct sim_message *m = &w->message[w->messages];
    if (!sim_serves(w, from))
        to = sim_server(w, from);
    *m = (struct sim_message){from, to, w->now, len, lane, 0};
    sim_fill(bytes, m, w->messages);
    const enum head2_status st = head2_session_send(end->s, sim_clock(w, from),
                                                    sim_peer(w, from, to), lane, bytes, len, &out);
    SIM_CHECK(w,
              st == HEAD2_OK || st == HEAD2_E_STATE || st == HEAD2_E_POLICY || st == HEAD2_E_LIMIT);
    w->messages += st == HEAD2_OK;
    w->refused += st != HEAD2_OK;
    for (unsigned i = 0; st == HEAD2_OK && i < out.n; i++)
        sim_send(w, from, &out.to, out.bytes[i], out.len[i]);
    for (unsigned i = 0; st == HEAD2_OK && i < out.n_also; i++)
        sim_send(w, from, &out.also, out.bytes[i], out.len[i]);
    if (st == HEAD2_OK)
        sim_check_age(w, from, to);
    sim_pump(w, from);
}

/* ---- birth and death ---- */

static bool sim_generation(void *arg, uint64_t *number)
{
    const uint64_t *image = arg;

    *number = *image;
    return true;
}

/* The machine below goes on from a snapshot of itself: only the number tells the process, and its
 * generator may say again what it has said. */
HEAD2_UNUSED static void sim_resume(struct sim *w, uint32_t i)
{
    struct sim_end *end = &w->end[i];

    w->resumes = true;
    end->image++;
    if (sim_chance(w, 0.5))
        end->random = end->first_random;
}

static void sim_start(struct sim *w, uint32_t i)
{
    struct sim_end *end = &w->end[i];
    const bool gateway = i == SIM_GATEWAY, node = !gateway && sim_serves(w, i);
    struct head2_session_config c = {.role = gateway ? HEAD2_ROLE_GATEWAY : HEAD2_ROLE_DRONE,
                                     .pk = end->key->pk,
                                     .rotate_seconds = w->rotate_seconds,
                                     .rotate_bytes = w->rotate_bytes,
                                     .mac_only_rotation = w->mac_only,
                                     .suites = {w->hybrid ? HEAD2_SUITE_L5_P384 : HEAD2_SUITE_L5},
                                     .max_peers = w->n,
                                     .half_open = 4096,
                                     .handshake_rate = 100000,
                                     .prefix_rate = 100000,
                                     .incarnation = gateway || node ? ++end->incarnation : 0,
                                     .node_id = 7,
                                     .random = sim_random,
                                     .random_arg = end,
                                     .generation = sim_generation,
                                     .generation_arg = &end->image};

    if (w->configure != NULL)
        w->configure(w, i, &c);
    CHECK(head2_session_new(&end->s, &c, sim_clock(w, i)) == HEAD2_OK);
    if (!gateway && !node) {
        const struct head2_peer_config p = {.pk = w->end[SIM_GATEWAY].key->pk,
                                            .addrs = {w->end[SIM_GATEWAY].address},
                                            .n_addrs = 1,
                                            .min_incarnation = end->incarnation};
        CHECK(head2_session_add_peer(end->s, end->peer, &p) == HEAD2_OK);
    }
    for (uint32_t d = 1; gateway && d <= sim_drones(w); d++) {
        const struct head2_peer_config p = {.pk = w->end[d].key->pk};
        CHECK(head2_session_add_peer(end->s, &end->peer[d], &p) == HEAD2_OK);
    }
    if (w->started != NULL)
        w->started(w, i);
    end->tick_at = 0;
    sim_pump(w, i);
}

static void sim_kill(struct sim *w, uint32_t i)
{
    head2_session_free(w->end[i].s);
    w->end[i].s = NULL;
}

/* A drone is elsewhere from now on; nothing that is sent to the old address arrives. */
HEAD2_UNUSED static void sim_move(struct sim *w, uint32_t drone)
{
    w->end[drone].address.port++;
}

HEAD2_UNUSED static void sim_jump(struct sim *w, uint32_t i, int64_t by)
{
    w->end[i].skew += by;
    w->end[i].clock_went_back |= by < 0;
    if (w->end[i].s != NULL) {
        w->end[i].tick_at = 0;
        sim_set_tick(w, i);
    }
}

static void sim_open_ends(struct sim *w, uint64_t seed, uint32_t drones, bool node)
{
    memset(w, 0, sizeof *w);
    w->seed = w->rng = seed;
    w->n = drones + 1 + node;
    w->node = node ? drones + 1 : 0;
    w->heal_us = SIM_HEAL_US;
    w->now = 1000 * SECOND_US;
    w->rotate_seconds = 20;
    w->rotate_bytes = 1000000;
    w->delay = 5 * MS;
    w->free_packet = UINT32_MAX;
    w->tell = getenv("HEAD2_SEED") != NULL;
    w->end = calloc(w->n, sizeof *w->end);
    CHECK(w->end != NULL);
    for (uint32_t i = 0; i < w->n; i++) {
        struct sim_end *end = &w->end[i];
        end->key = sim_key(i);
        end->address = sim_address(i);
        end->random = end->first_random = sim_splitmix(&w->rng);
        end->skew = (int64_t)sim_below(w, 1000 * SECOND_US);
        end->peer = calloc(w->n, sizeof *end->peer);
        CHECK(end->peer != NULL);
    }
}

HEAD2_UNUSED static void sim_open(struct sim *w, uint64_t seed, uint32_t drones)
{
    sim_open_ends(w, seed, drones, false);
}

static void sim_close(struct sim *w)
{
    for (uint32_t i = 0; i < w->n; i++) {
        head2_session_free(w->end[i].s);
        free(w->end[i].peer);
    }
    free(w->end);
    free(w->heap);
    free(w->packet);
    free(w->message);
    free(w->nonce);
}

/* ---- the end of a history ---- */

/* One session, the same, and alive in both directions. In a small world the same epoch too; in a
 * fleet there is always somebody who is just rotating. */
static bool sim_agree(const struct sim *w, uint32_t drone)
{
    struct head2_peer_info d, g;

    return sim_info(w, drone, SIM_GATEWAY, &d) && sim_info(w, SIM_GATEWAY, drone, &g) &&
           !d.fallback && !d.suspect && d.lag_us < SECOND_US && g.lag_us < SECOND_US &&
           memcmp(d.pseudonym, g.pseudonym, sizeof d.pseudonym) == 0 &&
           sim_same(&g.address, &w->end[drone].address) &&
           (w->n > SIM_SMALL || (d.gen == g.gen && d.step == g.step));
}

static uint32_t sim_disagreeing(const struct sim *w)
{
    uint32_t n = 0;

    for (uint32_t i = 1; i <= sim_drones(w); i++)
        n += !sim_agree(w, i);
    return n;
}

/* Whether a plaintext from each end to each other arrives. */
static bool sim_carries(struct sim *w)
{
    const uint32_t before = w->messages;
    bool all = true;

    for (uint32_t i = 1; i <= sim_drones(w); i++) {
        sim_say(w, i, SIM_GATEWAY, (uint8_t)(i % 4), 40);
        sim_say(w, SIM_GATEWAY, i, (uint8_t)(i % 4), 40);
    }
    sim_run(w, w->now + 100 * MS);
    for (uint32_t i = before; i < w->messages; i++)
        all = all && w->message[i].times == 1;
    return all && w->messages == before + 2 * sim_drones(w);
}

/*
 * agreement: everybody is there, and the network is well. Returns how long it took.
 *
 * An end whose clock has jumped forward erases receive keys early, the present one among them, and
 * may seem well until it does: then it is deaf, and both find that out in 1.5 s. So after jumps it
 * may take a second look, and as well when a machine was resumed just now, which its end finds out
 * at its next call; without these the first must hold.
 */
static uint64_t sim_heal(struct sim *w)
{
    const uint64_t begin = w->now;
    bool carries = false;

    w->loss = w->duplicate = w->corrupt = 0;
    w->jitter = 0;
    w->relay.races = w->relay.forwards = false;
    for (uint32_t i = 0; i < w->n; i++) {
        w->end[i].cut = false;
        if (w->end[i].s == NULL)
            sim_start(w, i);
    }
    while (!carries) {
        do { /* once at least: a clock that has just jumped is seen at the next tick */
            sim_run(w, w->now + 50 * MS);
            SIM_CHECK(w, w->now - begin <= w->heal_us);
        } while (sim_disagreeing(w) != 0);
        carries = sim_carries(w);
        SIM_CHECK(w, carries || w->clocks_jump || w->resumes);
    }
    return w->now - begin;
}

#endif
