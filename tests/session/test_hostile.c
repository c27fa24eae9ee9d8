/*
 * What strangers, revoked drones and a failing random generator can try: fragments in a stride that
 * no datagram holds, cookies while no key could be drawn, a signature that was verified for
 * somebody who is gone by then, and messages that are given up half way.
 */
#include "session/net.h"

#include "session/state.h"

static struct net net;

static void start(void)
{
    net_start(&net, 21, 1);
    NET_UNTIL(&net, 2 * SECOND, net_both_up(&net, 0));
    net_run(&net, net.now + 50000);
}

static struct tunnel *at_gateway(void)
{
    return tunnel_of_peer(net.end[NET_GATEWAY].s, net.peer_of[0]);
}

/* An INIT that names a stride of more than a datagram: no answer of that size is made. */
static void stride_beyond_datagrams(void)
{
    static uint8_t ek[EK_BYTES], dk[HEAD2_MLKEM1024_DK_BYTES];
    uint8_t init[INIT_BYTES], frame[FRAME_OVERHEAD + INIT_BYTES], cookie[32], random_d[32] = {0};
    struct head2_secret64 seed = {{1}};
    struct head2_address from = net_addr(5);
    struct head2_session_data data;
    struct head2_action a;

    start();
    struct head2_session *g = net.end[NET_GATEWAY].s;
    CHECK_EQ(head2_mlkem1024_keypair_from_seed(ek, dk, &seed), HEAD2_OK);
    init_write(init, (const uint16_t[]){HEAD2_SUITE_L5}, 1, random_d, ek, NULL);
    cookie_make(cookie, g->cookies.key[g->cookies.kid & 1], g->cookies.kid,
                (uint32_t)(net.now / SECOND), &from, 77);
    for (uint16_t stride = DATAGRAM_MAX - FRAME_OVERHEAD; stride < STRIDE_MAX; stride += 1697) {
        struct frame_spec spec = {.type = FRAME_INIT,
                                  .hs_id = 77,
                                  .stride = stride,
                                  .msg = init,
                                  .msg_len = INIT_BYTES,
                                  .cookie = cookie,
                                  .mkey = g->mkey[D2G]};
        unsigned cnt = frame_count(INIT_BYTES, stride);
        for (unsigned i = 0; i < cnt; i++) {
            size_t len = frame_build(frame, &spec, (uint8_t)i);
            head2_session_input(g, net.now, &from, frame, len, &data);
        }
        while (head2_session_next(g, net.now, &a)) {
            if (a.kind == HEAD2_ACTION_JOB) {
                head2_job_run(a.job, net_sign, (void *)(uintptr_t)net.end[NET_GATEWAY].key);
                head2_session_complete(g, net.now, a.job);
            } else if (a.kind == HEAD2_ACTION_SEND) {
                CHECK(a.len <= DATAGRAM_MAX);
            }
        }
        net.now += 200000;
    }
    CHECK(g->counters[HEAD2_COUNT_BAD_FRAME] > 0);
    CHECK_EQ(g->n_half, 1); /* the longest stride that fits is answered */
    net_stop(&net);
}

static struct head2_job *kept;

/* Carry out everything but the verification of an AUTH, which is kept. */
static void pump_gateway_but_verify(void)
{
    struct head2_session *g = net.end[NET_GATEWAY].s;
    struct head2_action a;

    while (head2_session_next(g, net.now, &a)) {
        if (a.kind == HEAD2_ACTION_SEND) {
            net_send(&net, NET_GATEWAY, &a.to, a.bytes, a.len);
        } else if (a.kind == HEAD2_ACTION_JOB) {
            head2_job_run(a.job, net_sign, (void *)(uintptr_t)net.end[NET_GATEWAY].key);
            if (a.job->kind == JOB_VERIFY)
                kept = a.job;
            else
                head2_session_complete(g, net.now, a.job);
        }
    }
}

/* A handshake whose AUTH is at the gateway, verified, and not handed back yet. */
static void up_to_verify(void)
{
    struct head2_session_data data;

    net_start(&net, 22, 1);
    kept = NULL;
    head2_session_tick(net.end[0].s, net.now);
    for (unsigned round = 0; round < 100 && kept == NULL; round++) {
        net_pump(&net, 0);
        while (net.queued != 0) {
            struct net_packet p = net.queue[0];
            memmove(net.queue, net.queue + 1, --net.queued * sizeof p);
            head2_session_input(net.end[p.to].s, net.now, &net.end[p.from].addr, p.bytes, p.len,
                                &data);
            if (p.to == NET_GATEWAY)
                pump_gateway_but_verify();
            else
                net_pump(&net, 0);
        }
    }
    CHECK(kept != NULL);
}

/* The drone is revoked while its signature is verified, and another one takes its number. */
static void revoked_while_verified(void)
{
    uint32_t peer;

    up_to_verify();
    struct head2_session *g = net.end[NET_GATEWAY].s;
    struct head2_peer_config other = {.pk = net_key(5)->pk};
    head2_session_remove_peer(g, net.peer_of[0]);
    CHECK_EQ(head2_session_add_peer(g, &peer, &other), HEAD2_OK);
    CHECK_EQ(peer, net.peer_of[0]);
    head2_session_complete(g, net.now, kept);
    CHECK(tunnel_of_peer(g, peer) == NULL);
    CHECK_EQ(g->counters[HEAD2_COUNT_BAD_ID], 1);
    static const struct chain zero;
    CHECK(memcmp(&g->half[0].keys.master, &zero, sizeof zero) == 0); /* nobody needs it now */
    net_stop(&net);
}

/* No session begins after the end of all sessions. */
static void closed_while_verified(void)
{
    up_to_verify();
    struct head2_session *g = net.end[NET_GATEWAY].s;
    head2_session_close(g, net.now);
    head2_session_complete(g, net.now, kept);
    CHECK(tunnel_of_peer(g, net.peer_of[0]) == NULL);
    net_stop(&net);
}

static bool random_fails;

static enum head2_status random_or_not(void *arg, void *out, size_t len)
{
    return random_fails ? HEAD2_E_ENTROPY : net_random(arg, out, len);
}

/* When no new cookie key can be drawn, nobody can make cookies under a key that everyone knows. */
static void cookies_without_randomness(void)
{
    static const uint8_t zero[32];
    uint8_t cookie[32];
    struct head2_address from = net_addr(5);

    net_open(&net, 23);
    struct head2_session_config c = net_config(&net, NET_GATEWAY);
    c.random = random_or_not;
    net_gateway(&net, &c, 1);
    struct head2_session *g = net.end[NET_GATEWAY].s;
    net_run(&net, net.now + 70 * SECOND);
    random_fails = true;
    net_run(&net, net.now + 70 * SECOND);
    random_fails = false;
    for (unsigned kid = 0; kid < 256; kid++) {
        cookie_make(cookie, zero, (uint8_t)kid, (uint32_t)(net.now / SECOND), &from, 77);
        CHECK(cookie_check(&g->cookies, cookie, net.now, &from, 77) != HEAD2_OK);
    }
    net_stop(&net);
}

static struct rx_epoch *some_rx(struct tunnel *t)
{
    for (unsigned i = 0; i < RX_EPOCHS; i++)
        if (t->rx[i].used)
            return &t->rx[i];
    return NULL;
}

enum { OFFER = 6234 }; /* bytes of a signed ROT_INIT */

static void part_of_offer(struct head2_session *g, struct tunnel *t, uint32_t id)
{
    uint8_t plain[CTL_HEAD + 1000] = {CTL_ROT_INIT, CTL_RELIABLE};

    put_be32(plain + 2, id);
    put_be16(plain + 6, OFFER);
    plain[9] = (OFFER + 999) / 1000;
    put_be16(plain + 10, 1000);
    control_input(g, t, some_rx(t), plain, sizeof plain);
}

/* Repeated offers that the drone cancels half way, as its exchange is through: they must not fill
 * the two places for messages for good. */
static void offers_given_up(void)
{
    start();
    struct head2_session *g = net.end[NET_GATEWAY].s;
    struct tunnel *t = at_gateway();
    part_of_offer(g, t, t->ctl.seen_top + 20);
    CHECK(t->ctl.in[0].used != t->ctl.in[1].used);
    head2_session_rotate(net.end[0].s, net.now, 0);
    NET_UNTIL(&net, 3 * SECOND, epoch_gen(t->tx.epoch) == 1);
    CHECK(!t->ctl.in[0].used && !t->ctl.in[1].used);
    CHECK(!t->closing);
    net_stop(&net);
}

/* The acknowledgement of a fragment is sent after 20 ms, not when something else is due. */
static void fragments_are_acknowledged_soon(void)
{
    start();
    struct head2_session *g = net.end[NET_GATEWAY].s;
    struct tunnel *t = at_gateway();
    head2_session_tick(g, net.now);
    net_pump(&net, NET_GATEWAY);
    part_of_offer(g, t, t->ctl.seen_top + 1);
    CHECK(head2_session_deadline(g) <= net.now + ACK_DELAY);
    net_stop(&net);
}

/* All jobs are out: the one that comes back goes to the session that needs a key, not to one of the
 * handshakes that wait as well. */
static void rotation_before_handshakes(void)
{
    struct head2_job *out[64];
    unsigned n = 0;

    start();
    struct head2_session *g = net.end[NET_GATEWAY].s;
    struct tunnel *t = at_gateway();
    while (n < HEAD2_LEN(out) && g->jobs_free != NULL) {
        out[n] = job_get(g, JOB_SIGN, OWNER_HALF_OPEN, 0, 0);
        n++;
    }
    struct head2_session_config c = net_config(&net, 1);
    net_drone(&net, 1, &c);
    head2_session_rotate(net.end[0].s, net.now, 0);
    NET_UNTIL(&net, 2 * SECOND, t->rot.wanted && g->n_half != 0 && g->half[0].wanted);
    CHECK(n != 0 && g->jobs_ready == NULL);
    head2_session_complete(g, net.now, out[0]);
    CHECK(g->jobs_ready != NULL && g->jobs_ready->owner == OWNER_TUNNEL);
    for (unsigned i = 1; i < n; i++)
        head2_session_complete(g, net.now, out[i]);
    NET_UNTIL(&net, 3 * SECOND, epoch_gen(t->tx.epoch) == 1);
    net_stop(&net);
}

static bool no_done(struct net *n, const struct net_packet *p)
{
    (void)n;
    return p->from == NET_GATEWAY && p->bytes[6] == FRAME_DONE &&
           memcmp(p->bytes, wire_magic, sizeof wire_magic) == 0;
}

/* A drone that waits for DONE sleeps between its time-outs. */
static void waiting_for_done_sleeps(void)
{
    net_start(&net, 24, 1);
    net.filter = no_done;
    struct head2_session *d = net.end[0].s;
    NET_UNTIL(&net, 2 * SECOND, d->attempts[0].state == ATTEMPT_AUTH);
    net_run(&net, net.now + 60000);
    head2_session_tick(d, net.now);
    net_pump(&net, 0);
    CHECK_EQ(d->attempts[0].state, ATTEMPT_AUTH);
    CHECK(head2_session_deadline(d) > net.now + 10000);
    net_stop(&net);
}

int main(void)
{
    RUN(stride_beyond_datagrams);
    RUN(revoked_while_verified);
    RUN(closed_while_verified);
    RUN(cookies_without_randomness);
    RUN(offers_given_up);
    RUN(fragments_are_acknowledged_soon);
    RUN(rotation_before_handshakes);
    RUN(waiting_for_done_sleeps);
    CHECK_EXIT();
}
