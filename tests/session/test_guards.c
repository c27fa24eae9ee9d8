/*
 * Rules that hold when the other end or the link misbehaves: the look-ahead rule and the hard
 * limits of a key on a one-way link, forged steps of a rotation from inside the channel, messages
 * that come twice, and fragments in more shapes than anyone needs.
 */
#include "session/net.h"

#include "session/state.h"

static struct net net;
static uint8_t payload[1172];

static bool deaf; /* nothing reaches the drone */

static bool from_gateway(struct net *n, const struct net_packet *p)
{
    (void)n;
    return deaf && p->from == NET_GATEWAY;
}

static void start(uint32_t seconds, uint64_t bytes)
{
    net_open(&net, 9);
    struct head2_session_config g = net_config(&net, NET_GATEWAY), d = net_config(&net, 0);
    g.rotate_seconds = d.rotate_seconds = seconds;
    g.rotate_bytes = d.rotate_bytes = bytes;
    net_gateway(&net, &g, 1);
    net_drone(&net, 0, &d);
    NET_UNTIL(&net, 2 * SECOND, net_both_up(&net, 0));
    net_run(&net, net.now + 50000);
    deaf = false;
    net.filter = from_gateway;
}

/* A drone that hears nothing takes one step, which the gateway can open, and then falls silent
 * rather than take a second that it might not, or go on under an old key. */
static void one_way_by_time(void)
{
    unsigned refused = 0;

    start(5, 100000000);
    struct tunnel *t = tunnel_of_peer(net.end[0].s, 0);
    uint64_t before = net.end[NET_GATEWAY].received[0];
    deaf = true;
    for (unsigned i = 0; i < 120; i++) { /* 12 seconds; the key of each period lives for 5 */
        enum head2_status st = net_say(&net, 0, NET_GATEWAY, 0, payload, 50);
        CHECK(st == HEAD2_OK || st == HEAD2_E_POLICY);
        CHECK(t->used && epoch_step(t->tx.epoch) <= 1 && epoch_gen(t->tx.epoch) == 0);
        refused += st == HEAD2_E_POLICY;
        net_run(&net, net.now + 100000);
    }
    CHECK(refused >= 30);
    CHECK(head2_session_counters(net.end[0].s)[HEAD2_COUNT_PAUSED] >= refused);
    CHECK_EQ(net.end[NET_GATEWAY].received[0] - before, 120 - refused); /* what was sent was read */
    deaf = false;
    NET_UNTIL(&net, 3 * SECOND, net_say(&net, 0, NET_GATEWAY, 0, payload, 50) == HEAD2_OK);
    net_stop(&net);
}

static uint64_t sealed;
static uint64_t largest;

static void weigh(struct net *n, const struct net_packet *p)
{
    static uint64_t tag, sum;
    (void)n;
    if (p->from != 0 || memcmp(p->bytes, wire_magic, 6) == 0 || p->len < 1000)
        return;
    sum = be48(p->bytes) == tag ? sum + p->len : p->len;
    tag = be48(p->bytes);
    largest = sum > largest ? sum : largest;
    sealed += p->len;
}

static void one_way_by_bytes(void)
{
    unsigned refused = 0;

    start(60, 1000000);
    deaf = true;
    net.tap = weigh;
    largest = sealed = 0;
    for (unsigned i = 0; i < 4000; i++) { /* 4.7 MB: two keys allow two of them */
        refused += net_say(&net, 0, NET_GATEWAY, 1, payload, sizeof payload) == HEAD2_E_POLICY;
        if (i % 100 == 0)
            net_run(&net, net.now + 20000);
    }
    CHECK(refused > 2000);
    CHECK(largest <= 1000000 - ROT_RESERVE);
    CHECK(sealed <= 2000000);
    net_stop(&net);
}

static void run_to(enum rot_state state, int end)
{
    struct head2_session *s = net.end[end].s;

    head2_session_hint_idle(net.end[0].s, net.now);
    for (unsigned i = 0; i < 3000; i++) {
        struct tunnel *t = tunnel_of_peer(s, end == 0 ? 0 : net.peer_of[0]);
        CHECK(t != NULL);
        if (t->rot.state == state)
            return;
        net_run(&net, net.now + 500);
    }
    CHECK(!"the state was never reached");
}

/* Within the channel, but not the peer: somebody who stole the session's keys and not the identity.
 */
static void forged_confirmation(void)
{
    uint8_t body[ROT_CONFIRM_BYTES] = {0};

    start(60, 100000000);
    net.delay_min = net.delay_max = 5000;
    run_to(ROT_SENT, NET_GATEWAY);
    struct head2_session *g = net.end[NET_GATEWAY].s;
    struct tunnel *t = tunnel_of_peer(g, net.peer_of[0]);
    put_be32(body, 1);
    exchange_message(g, t, CTL_ROT_CONFIRM, body, sizeof body);
    CHECK(t->closing);
    net_pump(&net, NET_GATEWAY);
    CHECK_EQ(net.end[NET_GATEWAY].last_down.reason, CLOSE_ROT_AUTH);
    CHECK_EQ(net.end[NET_GATEWAY].last_alarm.counter, HEAD2_COUNT_BAD_FIN);
    net_stop(&net);
}

/* Lengths of signed messages of CH2-L5, and of what their signatures cover. */
enum { OFFER = 6234, OFFER_PART = 1605, ANSWER = 6270, ANSWER_PART = 1609 };

static void forged_offer(void)
{
    static uint8_t body[OFFER];

    start(60, 100000000);
    struct head2_session *g = net.end[NET_GATEWAY].s;
    struct tunnel *t = tunnel_of_peer(g, net.peer_of[0]);
    put_be32(body, 1);
    put_be16(body + OFFER_PART, SIG_BYTES);
    exchange_message(g, t, CTL_ROT_INIT, body, sizeof body);
    net_pump(&net, NET_GATEWAY);
    CHECK_EQ(net.end[NET_GATEWAY].last_down.reason, CLOSE_ROT_AUTH);
    CHECK_EQ(net.end[NET_GATEWAY].last_alarm.counter, HEAD2_COUNT_ROT_BAD_SIG);
    net_stop(&net);
}

static void forged_answer(void)
{
    static uint8_t body[ANSWER];

    start(60, 100000000);
    net.delay_min = net.delay_max = 5000;
    run_to(ROT_SENT, 0);
    struct tunnel *t = tunnel_of_peer(net.end[0].s, 0);
    put_be32(body, 1);
    put_be16(body + ANSWER_PART, SIG_BYTES);
    exchange_message(net.end[0].s, t, CTL_ROT_RESP, body, sizeof body);
    net_pump(&net, 0);
    CHECK_EQ(net.end[0].last_down.reason, CLOSE_ROT_AUTH);
    CHECK_EQ(net.end[0].last_alarm.counter, HEAD2_COUNT_ROT_BAD_SIG);
    net_stop(&net);
}

/* Another offer for the same generation is refused; the first goes on. */
static void second_offer(void)
{
    static uint8_t body[OFFER];

    start(60, 100000000);
    net.delay_min = net.delay_max = 5000;
    run_to(ROT_SENT, NET_GATEWAY);
    struct head2_session *g = net.end[NET_GATEWAY].s;
    struct tunnel *t = tunnel_of_peer(g, net.peer_of[0]);
    put_be32(body, 1);
    put_be16(body + OFFER_PART, SIG_BYTES);
    exchange_message(g, t, CTL_ROT_INIT, body, sizeof body);
    CHECK_EQ(g->counters[HEAD2_COUNT_ROT_CONFLICT], 1);
    run_to(ROT_READY, NET_GATEWAY);
    CHECK(!t->closing);
    net_stop(&net);
}

static struct rx_epoch *some_rx(struct tunnel *t)
{
    for (unsigned i = 0; i < RX_EPOCHS; i++)
        if (t->rx[i].used)
            return &t->rx[i];
    return NULL;
}

/* A reliable message in two fragments: handled once, however often it comes. */
static void message_twice(void)
{
    uint8_t plain[CTL_HEAD + 100] = {0x77, CTL_RELIABLE};

    start(60, 100000000);
    struct head2_session *g = net.end[NET_GATEWAY].s;
    struct tunnel *t = tunnel_of_peer(g, net.peer_of[0]);
    uint32_t blocks = g->pool_n, id = t->ctl.seen_top + 1;
    put_be32(plain + 2, id);
    put_be16(plain + 6, 200);
    plain[9] = 2;
    put_be16(plain + 10, 100);
    control_input(g, t, some_rx(t), plain, sizeof plain);
    CHECK_EQ(g->pool_n, blocks - 1);
    plain[8] = 1;
    control_input(g, t, some_rx(t), plain, sizeof plain);
    CHECK_EQ(g->pool_n, blocks);
    CHECK_EQ(t->ctl.seen_top, id);
    plain[8] = 0;
    control_input(g, t, some_rx(t), plain, sizeof plain);
    CHECK_EQ(g->pool_n, blocks); /* nothing is kept of what has been handled */
    CHECK(!t->closing);
    net_stop(&net);
}

/* Three messages at once are one too many, and none of it ends the session. */
static void messages_at_once(void)
{
    uint8_t plain[CTL_HEAD + 100] = {0x77, CTL_RELIABLE};

    start(60, 100000000);
    struct head2_session *g = net.end[NET_GATEWAY].s;
    struct tunnel *t = tunnel_of_peer(g, net.peer_of[0]);
    put_be16(plain + 6, 200);
    plain[9] = 2;
    put_be16(plain + 10, 100);
    for (uint32_t i = 1; i <= 3; i++) {
        put_be32(plain + 2, t->ctl.seen_top + i);
        control_input(g, t, some_rx(t), plain, sizeof plain);
    }
    CHECK_EQ(g->counters[HEAD2_COUNT_REASM_LIMIT], 1);
    CHECK(!t->closing);
    plain[10] = 9; /* and a fragment that fits nothing ends it: it is the peer that is broken */
    control_input(g, t, some_rx(t), plain, sizeof plain);
    CHECK(t->closing);
    net_stop(&net);
}

/* One handshake number in four shapes, from an address with a cookie: three buffers, no more. */
static void shapes_of_init(void)
{
    static const uint16_t strides[] = {256, 300, 400, 500};
    uint8_t frame[FRAME_OVERHEAD + 600], cookie[32], init[INIT_BYTES] = {0};
    struct head2_address from = net_addr(5);
    struct head2_session_data data;

    start(60, 100000000);
    struct head2_session *g = net.end[NET_GATEWAY].s;
    cookie_make(cookie, g->cookies.key[g->cookies.kid & 1], g->cookies.kid,
                (uint32_t)(net.now / SECOND), &from, 77);
    for (unsigned i = 0; i < 4; i++) {
        struct frame_spec spec = {.type = FRAME_INIT,
                                  .hs_id = 77,
                                  .stride = strides[i],
                                  .msg = init,
                                  .msg_len = INIT_BYTES,
                                  .cookie = cookie,
                                  .mkey = g->mkey[D2G]};
        size_t len = frame_build(frame, &spec, 0);
        head2_session_input(g, net.now, &from, frame, len, &data);
    }
    unsigned used = 0;
    for (unsigned i = 0; i < g->init_top; i++)
        used += g->inits[i].used && g->inits[i].hs_id == 77;
    CHECK_EQ(used, 3);
    CHECK_EQ(g->counters[HEAD2_COUNT_HALF_OPEN_FULL], 1);
    net_run(&net, net.now + 11 * SECOND); /* and they are given up */
    for (unsigned i = 0; i < g->init_top; i++)
        CHECK(!g->inits[i].used);
    net_stop(&net);
}

/* Handshakes that never end: the table fills, says so, and empties by itself. */
static void half_open_fills_and_empties(void)
{
    static uint8_t ek[EK_BYTES], dk[HEAD2_MLKEM1024_DK_BYTES];
    uint8_t init[INIT_BYTES], frame[FRAME_OVERHEAD + STRIDE_FULL], cookie[32], random_d[32] = {0};
    struct head2_secret64 seed = {{1}};
    struct head2_session_data data;

    start(60, 100000000);
    struct head2_session *g = net.end[NET_GATEWAY].s;
    CHECK_EQ(head2_mlkem1024_keypair_from_seed(ek, dk, &seed), HEAD2_OK);
    for (unsigned i = 0; i < 200; i++) {
        struct head2_address from = net_addr(5);
        from.ip[13] = (uint8_t)(i / 4);
        random_d[0] = (uint8_t)i;
        init_write(init, (const uint16_t[]){HEAD2_SUITE_L5}, 1, random_d, ek, NULL);
        cookie_make(cookie, g->cookies.key[g->cookies.kid & 1], g->cookies.kid,
                    (uint32_t)(net.now / SECOND), &from, 1000 + i);
        struct frame_spec spec = {.type = FRAME_INIT,
                                  .hs_id = 1000 + i,
                                  .stride = STRIDE_FULL,
                                  .msg = init,
                                  .msg_len = INIT_BYTES,
                                  .cookie = cookie,
                                  .mkey = g->mkey[D2G]};
        for (uint8_t part = 0; part < 2; part++) {
            size_t len = frame_build(frame, &spec, part);
            head2_session_input(g, net.now, &from, frame, len, &data);
        }
        net_pump(&net, NET_GATEWAY);
        net_run(&net, net.now + 2000);
    }
    CHECK_EQ(g->n_half, 64);
    CHECK(g->counters[HEAD2_COUNT_HALF_OPEN_FULL] > 0);
    CHECK(net_both_up(&net, 0));
    net_run(&net, net.now + 11 * SECOND);
    CHECK_EQ(g->n_half, 0);
    net_stop(&net);
}

int main(void)
{
    RUN(one_way_by_time);
    RUN(one_way_by_bytes);
    RUN(forged_confirmation);
    RUN(forged_offer);
    RUN(forged_answer);
    RUN(second_offer);
    RUN(message_twice);
    RUN(messages_at_once);
    RUN(shapes_of_init);
    RUN(half_open_fills_and_empties);
    CHECK_EXIT();
}
