/*
 * Rows of head2 bench for a gateway with 10,000 sessions: what they weigh, what looking after them
 * costs while nothing happens, and what their new keys cost.
 */
#include "cli/bench.h"

#include <head2/keys.h>
#include <head2/session.h>

#include <head2/random.h>

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

enum { FLEET = 10000, FEW = 100, GATEWAY_PORT = 2, DRONE_PORT = 1, KEEPALIVES = 4, ROTATION = 60 };

struct end {
    struct head2_session *s;
    struct head2_key *key;
    struct head2_address addr;
    uint32_t peer;
};

struct fleet {
    struct bench *b;
    struct end gateway, drone;
    uint32_t n;   /* sessions there are */
    uint64_t now; /* as the sessions see it */
    double spent; /* microseconds of the gateway's part, jobs and all */
};

static enum head2_status random_bytes(void *arg, void *out, size_t len)
{
    (void)arg;
    return head2_random(out, len);
}

static enum head2_status sign(void *arg, uint8_t sig[HEAD2_SESSION_SIG_BYTES], const uint8_t *msg,
                              size_t len, const char *ctx)
{
    size_t sig_len;

    return head2_key_sign(arg, sig, &sig_len, msg, len, ctx, strlen(ctx), false);
}

/* One action of an end. What it sends goes to the other in `out`; len 0: nothing. */
static bool act(struct fleet *f, struct end *e, const uint8_t **out, size_t *len)
{
    struct head2_action a;

    *len = 0;
    if (e->s == NULL || !head2_session_next(e->s, f->now, &a))
        return false;
    if (a.kind == HEAD2_ACTION_JOB) {
        head2_job_run(a.job, sign, e->key);
        head2_session_complete(e->s, f->now, a.job);
    } else if (a.kind == HEAD2_ACTION_SEND) {
        *out = a.bytes;
        *len = a.len;
    }
    return true;
}

static void take(struct fleet *f, struct end *e, const struct end *from, const uint8_t *bytes,
                 size_t len)
{
    struct head2_session_data data;

    if (e->s != NULL && len != 0)
        head2_session_input(e->s, f->now, &from->addr, bytes, len, &data);
}

/* Until both ends have nothing to say; the gateway's time is added up. */
static void pump(struct fleet *f)
{
    const uint8_t *bytes = NULL;
    size_t len;
    bool more = true;

    while (more) {
        more = act(f, &f->drone, &bytes, &len);
        const double begin = bench_now_us();
        take(f, &f->gateway, &f->drone, bytes, len);
        more |= act(f, &f->gateway, &bytes, &len);
        f->spent += bench_now_us() - begin;
        take(f, &f->drone, &f->gateway, bytes, len);
    }
}

static enum head2_status open_end(struct fleet *f, struct end *e, enum head2_role role)
{
    const struct head2_session_config c = {.role = role,
                                           .pk = head2_key_public(e->key),
                                           .max_peers = FLEET,
                                           .handshake_rate = 1000000,
                                           .random = random_bytes};

    return head2_session_new(&e->s, &c, f->now);
}

/* One datagram up and one down a lane, so that it has its keys. */
static enum head2_status use_lane(struct fleet *f, uint8_t lane)
{
    static const uint8_t plain[100];
    struct head2_session_packets p;
    enum head2_status st;

    HEAD2_TRY(head2_session_send(f->drone.s, f->now, 0, lane, plain, sizeof plain, &p));
    take(f, &f->gateway, &f->drone, p.bytes[0], p.len[0]);
    HEAD2_TRY(
        head2_session_send(f->gateway.s, f->now, f->drone.peer, lane, plain, sizeof plain, &p));
    take(f, &f->drone, &f->gateway, p.bytes[0], p.len[0]);
done:
    return st;
}

static void leave(struct fleet *f)
{
    head2_session_free(f->drone.s);
    head2_key_free(f->drone.key);
    f->drone.s = NULL;
    f->drone.key = NULL;
}

/* A drone comes up and uses telemetry and commands, and video. */
static enum head2_status join(struct fleet *f)
{
    enum head2_status st;
    uint32_t number;

    HEAD2_TRY(head2_key_generate(&f->drone.key, HEAD2_MLDSA_87));
    const struct head2_peer_config d = {.pk = head2_key_public(f->drone.key)};
    const struct head2_peer_config g = {
        .pk = head2_key_public(f->gateway.key), .addrs = {f->gateway.addr}, .n_addrs = 1};
    HEAD2_TRY(open_end(f, &f->drone, HEAD2_ROLE_DRONE));
    HEAD2_TRY(head2_session_add_peer(f->drone.s, &number, &g));
    HEAD2_TRY(head2_session_add_peer(f->gateway.s, &f->drone.peer, &d));
    head2_session_tick(f->drone.s, f->now);
    pump(f);
    HEAD2_TRY(use_lane(f, 0));
    HEAD2_TRY(use_lane(f, 1));
    f->now += 500;
    f->n++;
done:
    return st;
}

/* What of this process is in memory, MiB. */
static double resident(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    malloc_trim(0);
    if (f == NULL || fscanf(f, "%*u %lu", &pages) != 1)
        pages = 0;
    if (f != NULL)
        fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

/* All handshakes. Drones go when they are up: what is left is the gateway. */
static void gather(struct fleet *f)
{
    struct bench *b = f->b;
    const uint32_t want = b->budget < 0.1 ? FEW : FLEET;
    const double before = resident();

    b->n = 0;
    b->st = open_end(f, &f->gateway, HEAD2_ROLE_GATEWAY);
    while (b->st == HEAD2_OK && f->n < want) {
        if (f->n % 500 == 0)
            head2_session_tick(f->gateway.s, f->now);
        f->spent = 0;
        b->st = join(f);
        b->sample[b->n++] = f->spent;
        if (f->n < want)
            leave(f);
    }
    if (b->st == HEAD2_OK)
        bench_add(b, &(struct bench_row){.name = "fleet: handshake, the gateway's part"},
                  "MiB for 10,000 sessions", (resident() - before) * FLEET / f->n);
}

/* What a look costs when nothing is due. */
static enum head2_status look(void *arg)
{
    struct fleet *f = arg;

    head2_session_tick(f->gateway.s, f->now);
    return head2_session_deadline(f->gateway.s) > f->now ? HEAD2_OK : HEAD2_E_STATE;
}

/* All sessions say that they are there. */
static void keepalives(struct fleet *f)
{
    struct bench *b = f->b;
    const uint8_t *bytes;
    size_t len;

    f->drone.s = NULL;
    b->n = 0;
    for (unsigned round = 0; round < 8; round++) {
        f->now += 250000;
        uint32_t sent = 0;
        const double begin = bench_now_us();
        head2_session_tick(f->gateway.s, f->now);
        while (act(f, &f->gateway, &bytes, &len))
            sent += len != 0;
        b->sample[b->n] = (bench_now_us() - begin) / (sent != 0 ? sent : 1);
        b->n += sent >= f->n;
    }
    const double us = bench_median(b->sample, b->n);
    bench_add(b, &(struct bench_row){.name = "fleet: keepalive"}, "% of a core, 10,000 sessions",
              us * KEEPALIVES * FLEET * 1e-4);
}

/* A signed change of key, with the last drone, which is still there. */
static void rotations(struct fleet *f)
{
    struct bench *b = f->b;
    const double end = bench_now_us() + b->budget * 1e6;

    for (b->n = 0; b->n < BENCH_MAX_SAMPLES && bench_now_us() < end; b->n++) {
        f->spent = 0;
        head2_session_rotate(f->drone.s, f->now, 0);
        for (unsigned k = 0; k < 4; k++) {
            f->now += 50;
            head2_session_tick(f->drone.s, f->now);
            pump(f);
        }
        b->sample[b->n] = f->spent;
    }
    struct head2_peer_info info;
    if (head2_session_peer_info(f->gateway.s, f->now, f->drone.peer, &info) != HEAD2_OK ||
        info.gen != b->n) /* each was a new generation, and none a ratchet's step */
        b->st = HEAD2_E_STATE;
    const double us = bench_median(b->sample, b->n);
    bench_add(b, &(struct bench_row){.name = "fleet: rotation, the gateway's part"},
              "% of a core, 10,000 sessions at 60 s", us * FLEET / ROTATION * 1e-4);
}

void bench_fleet(struct bench *b)
{
    struct fleet f = {.b = b, .now = 1000000};

    if (b->st != HEAD2_OK || !bench_wants(b, "fleet"))
        return;
    f.gateway.addr.port = GATEWAY_PORT;
    f.drone.addr.port = DRONE_PORT;
    b->st = head2_key_generate(&f.gateway.key, HEAD2_MLDSA_87);
    if (b->st == HEAD2_OK)
        gather(&f);
    if (b->st == HEAD2_OK)
        rotations(&f);
    if (b->st == HEAD2_OK)
        bench_measure(b, &(struct bench_row){
                             .name = "fleet: look at 10,000 sessions", .op = look, .arg = &f});
    leave(&f);
    if (b->st == HEAD2_OK)
        keepalives(&f);
    head2_session_free(f.gateway.s);
    head2_key_free(f.gateway.key);
}
