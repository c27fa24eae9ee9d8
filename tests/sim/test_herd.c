/*
 * A gateway comes back, and its whole fleet with it: every drone starts at once, far more of them
 * than the gateway can serve before they lose patience. Virtual time; what the gateway does takes
 * time, in one thread for datagrams and two for lattice operations, and its socket holds so much
 * and no more.
 */
#include "check.h"

#include "base/base.h"

#include <head2/mldsa.h>
#include <head2/session.h>

#include <stdlib.h>

#ifdef __SANITIZE_ADDRESS__
enum { DRONES = 200 }; /* the paths, and not the herd */
#else
enum { DRONES = 1000 };
#endif
enum { SOCKET = 1000, WORKERS = 2, MS = 1000, SECOND = 1000000 };

/* Microseconds on a machine a twentieth as fast as that of docs/performance.md. */
enum {
    FRAME_US = 160,
    SHED_US = 20,
    PACKET_US = 20,
    ENCAPS_US = 300,
    SIGN_US = 3400,
    VERIFY_US = 1200
};

struct packet {
    uint32_t drone; /* from or to */
    uint16_t len;
    uint8_t bytes[1500];
};

enum kind { TO_GATEWAY, TO_DRONE, GATEWAY_FREE, JOB_DONE, TICK };

struct event {
    uint64_t at, order;
    enum kind kind;
    uint32_t who;
    void *what;
};

struct drone {
    struct head2_session *s;
    uint32_t peer;
    bool up;
};

static struct {
    uint64_t now, order, rng;
    struct event *heap;
    size_t n, room;
    struct head2_session *gateway;
    struct drone drone[DRONES];
    uint32_t up;
    struct packet *socket[SOCKET];
    size_t first, queued;
    bool busy;
    uint64_t worker[WORKERS]; /* when each is free */
    uint64_t signs, dropped, in, last_up;
} w;

static uint64_t below(uint64_t n)
{
    w.rng = w.rng * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (w.rng >> 33) % n;
}

static enum head2_status numbers(void *arg, void *out, size_t len)
{
    (void)arg;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)below(256);
    return HEAD2_OK;
}

static bool before(const struct event *a, const struct event *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void push(uint64_t at, enum kind kind, uint32_t who, void *what)
{
    if (w.n == w.room) {
        w.room = 2 * w.room + 1024;
        w.heap = realloc(w.heap, w.room * sizeof *w.heap);
        CHECK(w.heap != NULL);
    }
    const struct event e = {at, w.order++, kind, who, what};
    size_t i = w.n++;
    for (; i != 0 && before(&e, &w.heap[(i - 1) / 2]); i = (i - 1) / 2)
        w.heap[i] = w.heap[(i - 1) / 2];
    w.heap[i] = e;
}

static struct event pop(void)
{
    const struct event first = w.heap[0], last = w.heap[--w.n];
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < w.n && before(&w.heap[child + 1], &w.heap[child]))
            child++;
        if (child >= w.n || !before(&w.heap[child], &last))
            break;
        w.heap[i] = w.heap[child];
        i = child;
    }
    w.heap[i] = last;
    return first;
}

static struct head2_address address_of(uint32_t i)
{
    struct head2_address a = {
        .ip = {[10] = 0xff, [11] = 0xff, [12] = 10},
          .port = 5710
    };

    put_be16(a.ip + 14, (uint16_t)i);
    return a;
}

static void post(enum kind kind, uint32_t drone, const uint8_t *bytes, size_t len)
{
    struct packet *p = malloc(sizeof *p);

    CHECK(p != NULL && len <= sizeof p->bytes);
    p->drone = drone;
    p->len = (uint16_t)len;
    memcpy(p->bytes, bytes, len);
    push(w.now + 10 * MS + below(20 * MS), kind, drone, p);
}

static enum head2_status sign(void *arg, uint8_t sig[HEAD2_SESSION_SIG_BYTES], const uint8_t *msg,
                              size_t len, const char *ctx)
{
    return head2_mldsa87_sign_deterministic(sig, msg, len, (const uint8_t *)ctx, strlen(ctx), arg);
}

static struct {
    uint8_t pk[HEAD2_MLDSA87_PK_BYTES], sk[HEAD2_MLDSA87_SK_BYTES];
} key[DRONES + 1];

static void pump_drone(uint32_t i)
{
    struct drone *d = &w.drone[i];
    struct head2_action a;

    while (head2_session_next(d->s, w.now, &a)) {
        if (a.kind == HEAD2_ACTION_SEND) {
            post(TO_GATEWAY, i, a.bytes, a.len);
        } else if (a.kind == HEAD2_ACTION_JOB) {
            head2_job_run(a.job, sign, key[i].sk);
            head2_session_complete(d->s, w.now, a.job);
        } else if (a.event->kind == HEAD2_EVENT_UP) {
            w.up += !d->up;
            d->up = true;
            w.last_up = w.now;
        } else if (a.event->kind == HEAD2_EVENT_DOWN) {
            w.up -= d->up;
            d->up = false;
        }
    }
}

static void hand_out(struct head2_job *job)
{
    const char *name = head2_job_name(job);
    const bool signs = strcmp(name, "sign") == 0;
    unsigned who = 0;

    for (unsigned i = 1; i < WORKERS; i++)
        if (w.worker[i] < w.worker[who])
            who = i;
    if (w.worker[who] < w.now)
        w.worker[who] = w.now;
    w.worker[who] += signs ? SIGN_US : strcmp(name, "verify") == 0 ? VERIFY_US : ENCAPS_US;
    w.signs += signs;
    push(w.worker[who], JOB_DONE, 0, job);
}

/* What the gateway does until it has nothing to do; how long that takes. */
static uint64_t pump_gateway(void)
{
    struct head2_action a;
    uint64_t us = 0;

    while (head2_session_next(w.gateway, w.now, &a)) {
        if (a.kind == HEAD2_ACTION_SEND) {
            us += a.len > 200 || a.bytes[0] == 0xc4 ? FRAME_US / 2 : PACKET_US;
            post(TO_DRONE, be16(a.to.ip + 14), a.bytes, a.len);
        } else if (a.kind == HEAD2_ACTION_JOB) {
            hand_out(a.job);
        }
    }
    return us;
}

static void serve_socket(void)
{
    struct head2_session_data data;

    w.busy = w.queued != 0;
    if (!w.busy)
        return;
    struct packet *p = w.socket[w.first];
    w.first = (w.first + 1) % SOCKET;
    w.queued--;
    const struct head2_address from = address_of(p->drone);
    const uint64_t *counters = head2_session_counters(w.gateway);
    const uint64_t shed = counters[HEAD2_COUNT_RATE];
    head2_session_input(w.gateway, w.now, &from, p->bytes, p->len, &data);
    uint64_t us = p->bytes[0] != 0xc4                  ? PACKET_US
                  : counters[HEAD2_COUNT_RATE] != shed ? SHED_US
                                                       : FRAME_US;
    us += pump_gateway();
    free(p);
    push(w.now + us, GATEWAY_FREE, 0, NULL);
}

static void arrive(struct packet *p)
{
    w.in++;
    if (w.queued == SOCKET) {
        w.dropped++;
        free(p);
        return;
    }
    w.socket[(w.first + w.queued++) % SOCKET] = p;
    if (!w.busy)
        serve_socket();
}

static void take_event(const struct event *e)
{
    struct head2_session_data data;
    const struct head2_address gateway = address_of(DRONES);

    if (e->kind == TO_GATEWAY) {
        arrive(e->what);
    } else if (e->kind == TO_DRONE) {
        struct packet *p = e->what;
        head2_session_input(w.drone[p->drone].s, w.now, &gateway, p->bytes, p->len, &data);
        pump_drone(p->drone);
        free(p);
    } else if (e->kind == GATEWAY_FREE) {
        serve_socket();
    } else if (e->kind == JOB_DONE) {
        head2_job_run(e->what, sign, key[DRONES].sk);
        head2_session_complete(w.gateway, w.now, e->what);
        (void)pump_gateway();
    } else if (e->who == DRONES) {
        head2_session_tick(w.gateway, w.now);
        (void)pump_gateway();
        push(head2_session_deadline(w.gateway), TICK, DRONES, NULL);
    } else {
        head2_session_tick(w.drone[e->who].s, w.now);
        pump_drone(e->who);
        push(head2_session_deadline(w.drone[e->who].s), TICK, e->who, NULL);
    }
}

static void open_all(uint32_t rate)
{
    struct head2_secret32 xi = {{0}};

    memset(&w, 0, sizeof w);
    w.now = 1000 * (uint64_t)SECOND;
    for (uint32_t i = 0; i <= DRONES; i++) {
        put_be32(xi.b, i);
        CHECK_EQ(head2_mldsa87_keypair_from_seed(key[i].pk, key[i].sk, &xi), HEAD2_OK);
    }
    const struct head2_session_config g = {.role = HEAD2_ROLE_GATEWAY,
                                           .pk = key[DRONES].pk,
                                           .max_peers = DRONES,
                                           .handshake_rate = rate,
                                           .random = numbers};
    CHECK_EQ(head2_session_new(&w.gateway, &g, w.now), HEAD2_OK);
    push(w.now, TICK, DRONES, NULL);
    for (uint32_t i = 0; i < DRONES; i++) {
        const struct head2_session_config c = {
            .role = HEAD2_ROLE_DRONE, .pk = key[i].pk, .random = numbers};
        const struct head2_peer_config p = {.pk = key[i].pk};
        const struct head2_peer_config to = {
            .pk = key[DRONES].pk, .addrs = {address_of(DRONES)}, .n_addrs = 1};
        uint32_t peer;
        CHECK_EQ(head2_session_add_peer(w.gateway, &peer, &p), HEAD2_OK);
        CHECK_EQ(head2_session_new(&w.drone[i].s, &c, w.now), HEAD2_OK);
        CHECK_EQ(head2_session_add_peer(w.drone[i].s, &w.drone[i].peer, &to), HEAD2_OK);
        push(w.now + below(SECOND), TICK, i, NULL);
    }
}

static void close_all(void)
{
    while (w.n != 0) {
        const struct event e = pop();
        if (e.kind == TO_GATEWAY || e.kind == TO_DRONE)
            free(e.what);
        else if (e.kind == JOB_DONE)
            head2_job_free(e.what);
    }
    for (; w.queued != 0; w.queued--, w.first = (w.first + 1) % SOCKET)
        free(w.socket[w.first]);
    for (uint32_t i = 0; i < DRONES; i++)
        head2_session_free(w.drone[i].s);
    head2_session_free(w.gateway);
    free(w.heap);
}

/* The rate that the gateway allows; the seconds that all of them may take, of which what it can do
 * at best is a lower bound. */
static void herd(uint32_t rate, unsigned seconds)
{
    open_all(rate);
    const uint64_t begin = w.now, until = begin + 60 * (uint64_t)SECOND;
    while (w.now < until && w.up < DRONES) {
        const struct event e = pop();
        w.now = e.at;
        take_event(&e);
    }
    const uint64_t *counters = head2_session_counters(w.gateway);
    printf("%u of %u drones up after %.1f s, %.2f signatures for each, %llu datagrams in, %llu "
           "dropped, %llu refused\n",
           w.up, DRONES, (double)(w.last_up - begin) / SECOND, (double)w.signs / DRONES,
           (unsigned long long)w.in, (unsigned long long)w.dropped,
           (unsigned long long)counters[HEAD2_COUNT_RATE]);
    CHECK_EQ(w.up, DRONES);
    CHECK(w.last_up - begin < (uint64_t)seconds * SECOND);
    CHECK(w.dropped * 200 < w.in); /* what is lost here is lost to sessions that are up as well */
    close_all();
}

/* Its limit is what holds it: 1,000 drones at 50 a second. */
static void limit_holds(void)
{
    herd(50, 28);
}

/* Its processor is: 5 s of it. */
static void processor_holds(void)
{
    herd(100000, 10);
}

int main(void)
{
    RUN(limit_holds);
    RUN(processor_holds);
    CHECK_EXIT();
}
