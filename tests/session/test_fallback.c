/*
 * Fallback keys: when a drone turns to a node and when it comes back, what a use of a key costs,
 * what ends it, and what may pass meanwhile (T19 of docs/testing.md).
 */
#include "session/fallback_net.h"

static uint64_t to_node, first_to_node;

static void watch_node(struct net *n, const struct net_packet *p)
{
    if (p->to != NODE && p->to != NODE2)
        return;
    if (to_node++ == 0)
        first_to_node = n->now;
}

static void watch(void)
{
    to_node = 0;
    net.tap = watch_node;
}

static uint64_t suspect_at;

static void note_suspect(struct net *n, int end, const struct head2_event *e)
{
    if (end == 0 && e->kind == HEAD2_EVENT_SUSPECT)
        suspect_at = n->now;
}

/* Six seconds of suspicion, not less, and then at once. */
static void six_seconds(void)
{
    start(1, 0);
    watch();
    net.on_event = note_suspect;
    cut[NET_GATEWAY] = true;
    NET_UNTIL(&net, 20 * SECOND, in_fallback(NODE));
    CHECK(first_to_node >= suspect_at + 6 * SECOND);
    CHECK(first_to_node <= suspect_at + 6 * SECOND + 300000);
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_UP], 2);
    CHECK(net.end[0].last_up.fallback && !net.end[0].last_up.verified);
    CHECK_EQ(net.end[0].last_up.incarnation, 0); /* not the gateway's */
    NET_UNTIL(&net, SECOND, net.end[NODE].events[HEAD2_EVENT_UP] == 1);
    CHECK(net.end[NODE].last_up.fallback);
    CHECK_EQ(net.end[NODE].last_up.fb_counter, 1);
    CHECK_MEM(net.end[NODE].last_up.fallback_id, net.end[NET_GATEWAY].fallback.id, 16);
    CHECK_MEM(net.end[0].last_up.transcript, net.end[NODE].last_up.transcript, 64);
    net_stop(&net);
}

/* A machine that has slept has not listened: the time alone is not enough. */
static void three_rounds(void)
{
    start(2, 0);
    net.on_event = note_suspect;
    suspect_at = 0;
    cut[NET_GATEWAY] = true;
    NET_UNTIL(&net, 5 * SECOND, suspect_at != 0);
    watch();
    net.now += 9 * SECOND;
    net_run(&net, net.now + 200000);
    CHECK(net.end[0].s->fb.rounds[0] < FBK_ROUNDS);
    CHECK_EQ(to_node, 0);
    NET_UNTIL(&net, 5 * SECOND, to_node != 0);
    CHECK(net.end[0].s->fb.rounds[0] >= FBK_ROUNDS);
    net_stop(&net);
}

/* Each address of the gateway is given its three rounds. */
static void every_address(void)
{
    struct head2_peer_config p = {.pk = net_key(NET_GATEWAY)->pk, .n_addrs = 4};
    uint32_t peer;

    start(3, 0);
    start_drone(0, NULL);
    head2_session_remove_peer(net.end[0].s, 0);
    for (unsigned i = 0; i < 4; i++)
        p.addrs[i] = net_addr(20 + i); /* nobody is there */
    CHECK_EQ(head2_session_add_peer(net.end[0].s, &peer, &p), HEAD2_OK);
    CHECK_EQ(head2_session_add_fallback_key(net.end[0].s, net.now, &peer,
                                            &net.end[NET_GATEWAY].fallback, 0, UINT64_MAX),
             HEAD2_OK);
    watch();
    const uint64_t began = net.now;
    NET_UNTIL(&net, 20 * SECOND, to_node != 0);
    CHECK(first_to_node - began >= 6 * SECOND && first_to_node - began < 10 * SECOND);
    for (unsigned i = 0; i < 4; i++)
        CHECK(net.end[0].s->fb.rounds[i] >= FBK_ROUNDS);
    net_stop(&net);
}

/* A drone that has just started, with a key from before, waits as long. */
static void never_connected(void)
{
    start(4, 0);
    cut[NET_GATEWAY] = true;
    start_drone(0, &net.end[0].fallback);
    watch();
    const uint64_t began = net.now;
    NET_UNTIL(&net, 20 * SECOND, in_fallback(NODE));
    CHECK(first_to_node - began >= 6 * SECOND && first_to_node - began < 7 * SECOND);
    net_stop(&net);
}

/* Hints, as anybody can write them who knows the gateway's public key. */
static uint64_t hints;

static void say_hints(struct net *n, const struct net_packet *p)
{
    uint8_t body[HINT_BYTES] = {0, HINT_PSK_UNKNOWN}, frame[200];
    const struct frame_spec spec = {.type = FRAME_HINT,
                                    .hs_id = be64(p->bytes + 8),
                                    .stride = STRIDE_FULL,
                                    .msg = body,
                                    .msg_len = sizeof body,
                                    .mkey = n->end[0].s->mkey[G2D]};

    watch_node(n, p);
    if (p->from != 0 || p->to != NET_GATEWAY || memcmp(p->bytes, wire_magic, 6) != 0)
        return;
    hints++;
    net_post(n, NET_GATEWAY, 0, frame, frame_build(frame, &spec, 0));
}

/* A gateway that lives, and a network that says that it does not know the drone. */
static void nobody_can_ask_for_it(void)
{
    start(5, 0);
    hints = to_node = 0;
    net.tap = say_hints;
    for (unsigned i = 0; i < 10; i++) {
        start_drone(0, &net.end[0].fallback);
        NET_UNTIL(&net, 5 * SECOND, info(0).up);
        CHECK(!info(0).fallback);
        net_run(&net, net.now + 3 * SECOND);
    }
    CHECK(hints > 20);
    CHECK_EQ(to_node, 0);
    net_stop(&net);
}

/* A drone that its gateway refuses is refused, and goes to no node, time-outs or not. */
static void refused_is_not_lost(void)
{
    start(6, 0);
    watch();
    net.loss = 0.1;
    head2_session_remove_peer(net.end[NET_GATEWAY].s, net.peer_of[0]);
    net_run(&net, net.now + 300 * SECOND);
    CHECK(net.end[0].events[HEAD2_EVENT_REJECTED] > 40);
    CHECK_EQ(to_node, 0);
    net_stop(&net);
}

/* ---- what may pass ---- */

static void lanes(void)
{
    uint8_t good[64], bad[64];

    start(10, 0);
    take_over();
    const size_t n_good = mavlink(good, true), n_bad = mavlink(bad, false);
    const uint64_t before[2] = {net.end[0].received[0], net.end[NODE].received[0]};
    for (uint8_t lane = 1; lane <= 2; lane++) {
        CHECK_EQ(net_say(&net, 0, NODE, lane, good, n_good), HEAD2_E_POLICY);
        CHECK_EQ(net_say(&net, NODE, 0, lane, good, n_good), HEAD2_E_POLICY);
    }
    CHECK_EQ(net_say(&net, 0, NODE, 0, bad, n_bad), HEAD2_OK); /* a drone says what it likes */
    CHECK_EQ(net_say(&net, 0, NODE, 3, "sums", 4), HEAD2_OK);
    CHECK_EQ(net_say(&net, NODE, 0, 0, bad, n_bad), HEAD2_E_POLICY);
    CHECK_EQ(net_say(&net, NODE, 0, 0, good, n_good), HEAD2_OK);
    net_run(&net, net.now + 50000);
    CHECK_EQ(net.end[0].received[0], before[0] + 1);
    CHECK_EQ(net.end[NODE].received[0], before[1] + 1);
    CHECK_EQ(net.end[NODE].received[3], 1);
    CHECK_EQ(counter_of(0, HEAD2_COUNT_FBK_POLICY), 2);
    CHECK_EQ(counter_of(NODE, HEAD2_COUNT_FBK_POLICY), 3);
    net_stop(&net);
}

static bool marked;

static void see_mark(struct net *n, int end, const struct head2_session_data *d)
{
    (void)n;
    marked = end == 0 && d->fallback;
}

/* A peer that does not filter: the drone does, and so does the node. */
static void lanes_of_a_broken_peer(void)
{
    uint8_t good[64], bad[64];

    start(11, 0);
    take_over();
    const size_t n_good = mavlink(good, true), n_bad = mavlink(bad, false);
    net.deliver = see_mark;
    for (int from = 0; from <= NODE; from += NODE) {
        struct tunnel *t = tunnel_of_peer(net.end[from].s, 0);
        t->fallback = false;
        for (uint8_t lane = 0; lane <= 2; lane++)
            CHECK_EQ(net_say(&net, from, NODE - from, lane, bad, n_bad), HEAD2_OK);
        CHECK_EQ(net_say(&net, from, NODE - from, 0, good, n_good), HEAD2_OK);
        t->fallback = true;
        net_run(&net, net.now + 20000);
    }
    CHECK_EQ(net.end[0].received[0], 1); /* the good one */
    CHECK_EQ(net.end[0].received[1] + net.end[0].received[2], 0);
    CHECK_EQ(net.end[NODE].received[0], 2);
    CHECK_EQ(net.end[NODE].received[1] + net.end[NODE].received[2], 0);
    CHECK_EQ(counter_of(0, HEAD2_COUNT_FBK_POLICY), 3);
    CHECK_EQ(counter_of(NODE, HEAD2_COUNT_FBK_POLICY), 2);
    CHECK(marked);
    net_stop(&net);
}

static uint16_t length_of[9];

static void note_lengths(struct net *n, const struct net_packet *p)
{
    (void)n;
    if ((p->to == NODE || p->from == NODE) && memcmp(p->bytes, wire_magic, 6) == 0)
        length_of[p->bytes[6]] = be16(p->bytes + 16);
}

/* Rotations need no signature, and go on; so do the sizes of the protocol's table. */
static void rotation(void)
{
    start(12, 0);
    net.tap = note_lengths;
    take_over();
    CHECK_EQ(length_of[FRAME_INIT], 1705);
    CHECK_EQ(length_of[FRAME_RESP], 1779);
    CHECK_EQ(length_of[FRAME_AUTH], 162);
    for (unsigned i = 0; i < 130; i++) {
        CHECK_EQ(net_say(&net, 0, NODE, 0, "x", 1), HEAD2_OK);
        net_run(&net, net.now + SECOND);
    }
    CHECK_EQ(net.end[NODE].received[0], 130);
    CHECK(net.end[0].last_rotation.fresh && !net.end[0].last_rotation.verified);
    CHECK_EQ(net.end[0].last_rotation.new_gen, 2);
    CHECK_EQ(net.end[NODE].last_rotation.new_gen, 2);
    CHECK_EQ(net.end[0].ratchets, 0);
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_ALARM] + net.end[NODE].events[HEAD2_EVENT_ALARM], 0);
    net_stop(&net);
}

/* The hybrid suite with a node, and its rotations. */
static void hybrid(void)
{
    net_suite = HEAD2_SUITE_L5_P384;
    start(13, 0);
    net.tap = note_lengths;
    take_over();
    CHECK_EQ(info(0).suite, HEAD2_SUITE_L5_P384);
    CHECK_EQ(length_of[FRAME_INIT], 1802);
    CHECK_EQ(length_of[FRAME_RESP], 1876);
    CHECK_EQ(length_of[FRAME_AUTH], 162);
    net_run(&net, net.now + 70 * SECOND);
    CHECK(net.end[NODE].last_rotation.fresh);
    CHECK_EQ(net.end[NODE].last_rotation.new_gen, 1);
    net_suite = 0;
    net_stop(&net);
}

/* ---- coming back ---- */

static uint64_t hellos[64];
static unsigned n_hellos;

static void note_hellos(struct net *n, const struct net_packet *p)
{
    const bool hello = memcmp(p->bytes, wire_magic, 6) == 0 && p->bytes[6] == FRAME_HELLO;

    if (p->from == 0 && p->to == NET_GATEWAY && hello && n_hellos < HEAD2_LEN(hellos) &&
        (n_hellos == 0 || n->now - hellos[n_hellos - 1] > 3 * SECOND))
        hellos[n_hellos++] = n->now;
}

/* The gateway is asked every 10 s, +-30 %, not all the time. */
static void asks_the_gateway(void)
{
    start(20, 0);
    take_over();
    net_run(&net, net.now + 20 * SECOND);
    n_hellos = 0;
    net.tap = note_hellos;
    net_run(&net, net.now + 300 * SECOND);
    CHECK(n_hellos > 20 && n_hellos < 45);
    for (unsigned i = 1; i + 1 < n_hellos; i++)
        CHECK(hellos[i] - hellos[i - 1] >= 7 * SECOND && hellos[i] - hellos[i - 1] < 14 * SECOND);
    CHECK(in_fallback(NODE));
    net_stop(&net);
}

/* The gateway has started anew: the drone has a signed session, tells how often it used its key,
 * and both ends of the other one know why it ended. */
static void upgraded(void)
{
    start(21, 0);
    take_over();
    head2_session_free(net.end[NET_GATEWAY].s);
    struct head2_session_config g = fallback_config(NET_GATEWAY);
    g.incarnation = 2;
    net_gateway(&net, &g, 2);
    net_run(&net, net.now + 30 * SECOND);
    CHECK(in_fallback(NODE));
    cut[NET_GATEWAY] = false;
    NET_UNTIL(&net, 16 * SECOND, info(0).up && !info(0).fallback);
    NET_UNTIL(&net, SECOND, net.end[NODE].events[HEAD2_EVENT_DOWN] == 1);
    CHECK_EQ(net.end[NODE].last_down.reason, CLOSE_UPGRADED);
    CHECK(net.end[NODE].last_down.fallback);
    CHECK_EQ(net.end[0].last_down.reason, CLOSE_UPGRADED);
    CHECK(net.end[0].last_down.fallback);
    CHECK(!net.end[0].last_up.fallback && net.end[0].last_up.verified);
    CHECK_EQ(net.end[NET_GATEWAY].last_up.fb_counter, 1);
    CHECK_EQ(net_say(&net, 0, NET_GATEWAY, 1, "video", 5), HEAD2_OK);
    NET_UNTIL(&net, SECOND, net.end[0].events[HEAD2_EVENT_FALLBACK_KEY] == 2);
    CHECK_EQ(fallback_newest(net.end[0].s)->counter, 0);
    CHECK_EQ(fallback_previous(net.end[0].s)->counter, 1);
    net_stop(&net);
}

/* The session from before was only silent, not dead: it is in use again as it was. */
static void fresh_again(void)
{
    start(22, 0);
    const uint64_t ups = net.end[NET_GATEWAY].events[HEAD2_EVENT_UP];
    take_over();
    CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_DOWN], 0);
    cut[NET_GATEWAY] = false;
    NET_UNTIL(&net, SECOND, !info(0).fallback);
    CHECK(info(0).up && !info(0).suspect);
    net_run(&net, net.now + SECOND);
    CHECK_EQ(net.end[NODE].last_down.reason, CLOSE_UPGRADED);
    CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_UP], ups);
    CHECK(net_both_up(&net, 0));
    CHECK_EQ(net_say(&net, NET_GATEWAY, 0, 1, "x", 1), HEAD2_OK);
    net_stop(&net);
}

/* A node that dies is left for another, after the pause between two uses. */
static void from_node_to_node(void)
{
    start(23, 0);
    start_node(NODE2, &net.end[NET_GATEWAY].fallback);
    take_over();
    CHECK(!in_fallback(NODE2));
    cut[NODE] = true;
    NET_UNTIL(&net, 20 * SECOND, in_fallback(NODE2));
    CHECK_EQ(net.end[NODE2].last_up.fb_counter, 2);
    CHECK_EQ(net.end[0].fallback_counter, 2);
    net_stop(&net);
}

/* The drone moves while a node serves it. */
static void roams(void)
{
    start(24, 0);
    take_over();
    net.end[0].addr = net_addr(30);
    NET_UNTIL(&net, 5 * SECOND, net.end[NODE].events[HEAD2_EVENT_MOVED] == 1);
    net_run(&net, net.now + SECOND);
    CHECK(in_fallback(NODE));
    CHECK_EQ(net.end[NODE].events[HEAD2_EVENT_UP], 1);
    net_stop(&net);
}

/* What no configuration may say. */
static void bad_settings(void)
{
    struct head2_session *s;
    struct head2_session_config c;
    uint8_t twice[2][32] = {{1}, {1}};
    uint32_t peer;

    start(22, 0);
#define REFUSED(i, change)                                                                         \
    c = fallback_config(i);                                                                        \
    change;                                                                                        \
    CHECK_EQ(head2_session_new(&s, &c, net.now), HEAD2_E_ARG)
    REFUSED(NET_GATEWAY, c.wall_ms = NULL);
    REFUSED(NET_GATEWAY, c.fallback_lifetime = 86401);
    REFUSED(NET_GATEWAY, c.n_fallback_ids = 5);
    REFUSED(NET_GATEWAY, c.fallback_ids = (const uint8_t(*)[32])twice);
    REFUSED(NET_GATEWAY, c.role = HEAD2_ROLE_DRONE);
    REFUSED(0, c.fallback_count = NULL);
    REFUSED(0, c.n_fallback_nodes = 5);
    REFUSED(0, c.role = HEAD2_ROLE_GATEWAY);
    REFUSED(NODE, c.wall_ms = NULL);
    REFUSED(NODE, c.fallback_count = NULL);
    REFUSED(NODE, c.role = (enum head2_role)3);
    const struct head2_peer_config p = {.pk = net_key(3)->pk};
    CHECK_EQ(head2_session_add_peer(net.end[NODE].s, &peer, &p), HEAD2_E_ARG);
    const struct head2_fallback_key *k = &net.end[NET_GATEWAY].fallback;
#define ADD(i, valid) head2_session_add_fallback_key(net.end[i].s, net.now, &peer, k, 0, valid)
    CHECK_EQ(ADD(NODE, UINT64_MAX), HEAD2_E_STATE);
    CHECK_EQ(ADD(0, UINT64_MAX), HEAD2_E_STATE);
    CHECK_EQ(ADD(NET_GATEWAY, UINT64_MAX), HEAD2_E_ARG);
    start_drone(1, NULL); /* another drone's */
    CHECK_EQ(ADD(1, UINT64_MAX), HEAD2_E_ARG);
    start_node(NODE2, NULL);
    CHECK_EQ(ADD(NODE2, 0), HEAD2_E_ARG);
    net.wall_skew = 86400000 + 10000;
    CHECK_EQ(ADD(NODE2, UINT64_MAX), HEAD2_E_ARG);
    net.wall_skew = 0;
    CHECK_EQ(ADD(NODE2, UINT64_MAX), HEAD2_OK);
    net_stop(&net);
}

int main(void)
{
    RUN(bad_settings);
    RUN(six_seconds);
    RUN(three_rounds);
    RUN(every_address);
    RUN(never_connected);
    RUN(nobody_can_ask_for_it);
    RUN(refused_is_not_lost);
    RUN(lanes);
    RUN(lanes_of_a_broken_peer);
    RUN(rotation);
    RUN(hybrid);
    RUN(asks_the_gateway);
    RUN(upgraded);
    RUN(fresh_again);
    RUN(from_node_to_node);
    RUN(roams);
    CHECK_EXIT();
}
