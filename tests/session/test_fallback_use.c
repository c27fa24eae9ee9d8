/*
 * What a use of a fallback key costs and who may use it: counters that are durable before anything
 * is made of them, ends of all kinds, keys that are unknown, of others, or stolen (T19 of
 * docs/testing.md).
 */
#include "session/fallback_net.h"

/* ---- ends ---- */

/* The key is over: both ends say so, and it is of no use any more. */
static void expires(void)
{
    start(1, 40);
    take_over();
    CHECK(info(0).fallback_left_us < 40 * SECOND && info(0).fallback_left_us > 10 * SECOND);
    CHECK(info(NODE).fallback_left_us < 40 * SECOND && info(NODE).fallback_left_us > 10 * SECOND);
    NET_UNTIL(&net, 40 * SECOND, !info(0).up);
    net_run(&net, net.now + 500000);
    CHECK_EQ(net.end[0].last_down.reason, CLOSE_EXPIRED);
    CHECK_EQ(net.end[NODE].last_down.reason, CLOSE_EXPIRED);
    CHECK(counter_of(0, HEAD2_COUNT_FBK_EXPIRED) + counter_of(NODE, HEAD2_COUNT_FBK_EXPIRED) > 0);
    static const struct head2_secret64 zero;
    CHECK_MEM(&held(0)->key, &zero, sizeof zero);
    CHECK_MEM(&held(NODE)->key, &zero, sizeof zero);
    const uint64_t before = net.end[NODE].datagrams;
    net_run(&net, net.now + 60 * SECOND);
    CHECK_EQ(net.end[NODE].datagrams, before);
    CHECK_EQ(net.end[0].fallback_counts, 1);
    CHECK_EQ(info(0).fallback_left_us, 0);
    net_stop(&net);
}

/* Each end on its own: the other one would go on. */
static void expires_at_the_drone(void)
{
    start(2, 0);
    take_over();
    held(0)->until = net.now + SECOND;
    NET_UNTIL(&net, 3 * SECOND, net.end[NODE].events[HEAD2_EVENT_DOWN] == 1);
    CHECK_EQ(net.end[NODE].last_down.reason, CLOSE_EXPIRED);
    CHECK_EQ(counter_of(0, HEAD2_COUNT_FBK_EXPIRED), 1);
    CHECK_EQ(counter_of(NODE, HEAD2_COUNT_FBK_EXPIRED), 0);
    net_stop(&net);
}

static void expires_by_the_wall(void)
{
    start(3, 0);
    take_over();
    net.wall_skew = 86400000;
    NET_UNTIL(&net, 3 * SECOND, net.end[0].events[HEAD2_EVENT_DOWN] == 1);
    CHECK_EQ(net.end[0].last_down.reason, CLOSE_EXPIRED);
    CHECK_EQ(counter_of(NODE, HEAD2_COUNT_FBK_EXPIRED), 1);
    NET_UNTIL(&net, 30 * SECOND, counter_of(NODE, HEAD2_COUNT_FBK_EXPIRED) > 3); /* by INITs */
    CHECK_EQ(net.end[NODE].s->n_half, 0);
    CHECK_EQ(net.end[0].fallback_counts, 1); /* nothing is spent on a node that refuses */
    net.wall_skew = 0;
    NET_UNTIL(&net, 30 * SECOND, in_fallback(NODE));
    net_stop(&net);
}

/* A node whose clock has not been set takes no key: it would do so for ever. */
static void node_without_time(void)
{
    start(6, 0);
    cut[NET_GATEWAY] = true;
    net.wall_skew = -1600000000000;
    start_node(NODE, &net.end[NET_GATEWAY].fallback);
    NET_UNTIL(&net, 30 * SECOND, counter_of(NODE, HEAD2_COUNT_FBK_EXPIRED) > 3);
    CHECK_EQ(net.end[0].fallback_counts, 0);
    net.wall_skew = -600000;
    NET_UNTIL(&net, 30 * SECOND, in_fallback(NODE));
    net_stop(&net);
}

/* It ends between INIT and AUTH. */
static bool lose_auth(struct net *n, const struct net_packet *p)
{
    (void)n;
    return p->to == NODE && memcmp(p->bytes, wire_magic, 6) == 0 && p->bytes[6] == FRAME_AUTH;
}

static void expires_within_a_handshake(void)
{
    start(4, 0);
    cut[NET_GATEWAY] = true;
    other_filter = lose_auth;
    NET_UNTIL(&net, 20 * SECOND, net.end[0].fallback_counts == 1);
    net.wall_skew = 86400000;
    other_filter = NULL;
    NET_UNTIL(&net, 5 * SECOND, net.end[0].events[HEAD2_EVENT_REJECTED] == 1);
    CHECK_EQ(counter_of(NODE, HEAD2_COUNT_FBK_EXPIRED), 1);
    CHECK_EQ(net.end[NODE].fallback_counts, 0);
    net_stop(&net);
}

static void dropped_at_the_node(void)
{
    start(5, 0);
    take_over();
    head2_session_drop_fallback_key(net.end[NODE].s, net.end[NET_GATEWAY].fallback.id);
    struct head2_peer_info p;
    CHECK_EQ(head2_session_peer_info(net.end[NODE].s, net.now, net.end[NODE].peer, &p),
             HEAD2_E_ARG);
    CHECK_EQ(net.end[NODE].s->tunnels[0].used, false);
    net_run(&net, net.now + 40 * SECOND);
    CHECK(counter_of(NODE, HEAD2_COUNT_PSK_UNKNOWN) > 0);
    CHECK(!info(0).up || info(0).suspect);
    net_stop(&net);
}

/* ---- counters ---- */

/* Every AUTH that goes out names a counter that is durable; no two sessions name the same. */
static uint16_t durable[2]; /* at the drone, at the node */
static int die_at;

static void crash(struct net *n, int end, uint16_t counter)
{
    (void)n;
    durable[end == NODE] = counter;
    die_at = die_at == end ? -2 : die_at; /* it dies as soon as it has returned */
}

static bool dead_after_count(struct net *n, const struct net_packet *p)
{
    (void)n;
    return die_at == -2 && (p->from == NODE || p->from == 0);
}

static void crash_after_count(int who)
{
    start(10, 0);
    net.on_count = crash;
    other_filter = dead_after_count;
    die_at = who;
    durable[0] = durable[1] = 0;
    cut[NET_GATEWAY] = true;
    NET_UNTIL(&net, 20 * SECOND, die_at == -2);
    CHECK_EQ(durable[who == NODE], 1);
    if (who == NODE)
        start_node(NODE, &net.end[NET_GATEWAY].fallback);
    else
        start_drone(0, &net.end[0].fallback);
    net.queued = 0;
    die_at = -1;
    net_run(&net, net.now + 500000);
    CHECK_EQ(net.end[NODE].events[HEAD2_EVENT_UP], 0);
    NET_UNTIL(&net, 40 * SECOND, net.end[NODE].events[HEAD2_EVENT_UP] == 1);
    CHECK_EQ(net.end[NODE].last_up.fb_counter, 2);
    CHECK_EQ(durable[0], 2);
    CHECK_EQ(durable[1], 2);
    net_stop(&net);
}

static void crash_of_the_drone(void)
{
    crash_after_count(0);
}

static void crash_of_the_node(void)
{
    crash_after_count(NODE);
}

/* What cannot be made durable is not used. */
static void not_durable_at_the_drone(void)
{
    start(11, 0);
    cut[NET_GATEWAY] = true;
    net.end[0].counts_nothing = true;
    net_run(&net, net.now + 30 * SECOND);
    CHECK(net.end[NODE].datagrams > 0);
    CHECK_EQ(net.end[NODE].fallback_counts, 0);
    CHECK_EQ(counter_of(NODE, HEAD2_COUNT_FBK_REPLAY), 0);
    CHECK(!info(0).fallback);
    net.end[0].counts_nothing = false;
    NET_UNTIL(&net, 30 * SECOND, in_fallback(NODE));
    net_stop(&net);
}

static void not_durable_at_the_node(void)
{
    start(12, 0);
    cut[NET_GATEWAY] = true;
    net.end[NODE].counts_nothing = true;
    NET_UNTIL(&net, 30 * SECOND, net.end[0].events[HEAD2_EVENT_REJECTED] == 2);
    CHECK(!info(0).fallback);
    CHECK_EQ(net.end[NODE].events[HEAD2_EVENT_UP], 0);
    net.end[NODE].counts_nothing = false;
    NET_UNTIL(&net, 30 * SECOND, in_fallback(NODE));
    net_stop(&net);
}

/* A drone that was put back to an earlier state of its memory is refused until it is past that. */
static void rolled_back(void)
{
    start(13, 0);
    held(NODE)->counter = 5;
    cut[NET_GATEWAY] = true;
    NET_UNTIL(&net, 20 * SECOND, counter_of(NODE, HEAD2_COUNT_FBK_REPLAY) == 1);
    CHECK_EQ(net.end[NODE].last_alarm.counter, HEAD2_COUNT_FBK_REPLAY);
    CHECK_EQ(net.end[NODE].fallback_counts, 0);
    net_run(&net, net.now + SECOND);
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_REJECTED], 1);
    const uint64_t began = net.now;
    NET_UNTIL(&net, 90 * SECOND, in_fallback(NODE));
    CHECK_EQ(net.end[NODE].last_up.fb_counter, 6);
    CHECK_EQ(counter_of(NODE, HEAD2_COUNT_FBK_REPLAY), 5);
    CHECK(net.now - began > 45 * SECOND); /* ten seconds lie between two uses */
    net_stop(&net);
}

/* Sixty-four uses, at either end. */
static void all_used_up(void)
{
    start(14, 0);
    held(0)->counter = held(NODE)->counter = HEAD2_FALLBACK_MAX_USES - 1;
    take_over();
    CHECK_EQ(net.end[NODE].last_up.fb_counter, HEAD2_FALLBACK_MAX_USES);
    start_node(NODE, &net.end[NET_GATEWAY].fallback);
    const uint64_t before = net.end[NODE].datagrams;
    net_run(&net, net.now + 60 * SECOND);
    CHECK_EQ(net.end[0].fallback_counts, 1);
    CHECK_EQ(net.end[NODE].datagrams, before);
    held(0)->max_uses = HEAD2_FALLBACK_MAX_USES + 1; /* a drone that counts on */
    NET_UNTIL(&net, 20 * SECOND, counter_of(NODE, HEAD2_COUNT_FBK_REPLAY) == 1);
    CHECK_EQ(net.end[NODE].fallback_counts, 1);
    CHECK(!in_fallback(NODE));
    net_stop(&net);
}

/* An attacker on the path loses every answer to AUTH: uses are spent slowly. */
static bool lose_done(struct net *n, const struct net_packet *p)
{
    (void)n;
    return p->from == NODE && (memcmp(p->bytes, wire_magic, 6) != 0 || p->bytes[6] == FRAME_DONE);
}

static void uses_are_spent_slowly(void)
{
    start(15, 0);
    cut[NET_GATEWAY] = true;
    other_filter = lose_done;
    net_run(&net, net.now + 68 * SECOND);
    CHECK(net.end[0].fallback_counts >= 3 && net.end[0].fallback_counts <= 7);
    other_filter = NULL;
    NET_UNTIL(&net, 40 * SECOND, in_fallback(NODE));
    net_stop(&net);
}

/* ---- keys that do not fit ---- */

/* A node that knows nothing says so, and keeps nothing. */
static void unknown_key(void)
{
    start(20, 0);
    start_node(NODE, NULL);
    start_node(NODE2, &net.end[NET_GATEWAY].fallback);
    cut[NET_GATEWAY] = true;
    NET_UNTIL(&net, 20 * SECOND, counter_of(NODE, HEAD2_COUNT_PSK_UNKNOWN) > 0);
    const uint64_t asked = net.now;
    CHECK_EQ(net.end[NODE].s->n_half, 0);
    NET_UNTIL(&net, 20 * SECOND, in_fallback(NODE2)); /* the hint leads to the next one at once */
    CHECK(net.now - asked < SECOND);
    CHECK_EQ(net.end[NODE2].last_up.fb_counter, 1);
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_ALARM], 0);
    net_stop(&net);
}

/* A node that has not been given the newest key: the one before it serves. */
static void previous_key(void)
{
    start(21, 0);
    const struct head2_fallback_key old = net.end[NET_GATEWAY].fallback;
    issue_now();
    NET_UNTIL(&net, SECOND, net.end[NET_GATEWAY].events[HEAD2_EVENT_FALLBACK_KEY] == 2);
    CHECK(memcmp(old.id, net.end[0].fallback.id, 16) != 0);
    take_over();
    CHECK_MEM(net.end[NODE].last_up.fallback_id, old.id, 16);
    CHECK_MEM(net.end[0].last_up.fallback_id, old.id, 16);
    net_stop(&net);
}

/* The same where no hint comes through. */
static bool lose_hints(struct net *n, const struct net_packet *p)
{
    (void)n;
    return p->from == NODE && memcmp(p->bytes, wire_magic, 6) == 0 && p->bytes[6] == FRAME_HINT;
}

static void previous_key_without_hints(void)
{
    start(28, 0);
    const struct head2_fallback_key old = net.end[NET_GATEWAY].fallback;
    issue_now();
    NET_UNTIL(&net, SECOND, net.end[NET_GATEWAY].events[HEAD2_EVENT_FALLBACK_KEY] == 2);
    other_filter = lose_hints;
    take_over();
    CHECK_MEM(net.end[NODE].last_up.fallback_id, old.id, 16);
    net_stop(&net);
}

/* A node that is busy is waited for, and the next one is asked meanwhile. */
static void say_busy(struct net *n, const struct net_packet *p)
{
    uint8_t text[HINT_BYTES] = {0, HINT_BUSY, 0, 0, 0x13, 0x88}, frame[200];
    const struct frame_spec spec = {.type = FRAME_HINT,
                                    .hs_id = be64(p->bytes + 8),
                                    .stride = STRIDE_FULL,
                                    .msg = text,
                                    .msg_len = sizeof text,
                                    .mkey = n->end[0].s->fb.node[0].mkey[G2D]};

    if (p->to == NODE && memcmp(p->bytes, wire_magic, 6) == 0)
        net_post(n, NODE, 0, frame, frame_build(frame, &spec, 0));
}

static bool lose_node(struct net *n, const struct net_packet *p)
{
    (void)n;
    return p->to == NODE;
}

static void busy_node(void)
{
    start(29, 0);
    start_node(NODE2, &net.end[NET_GATEWAY].fallback);
    net.tap = say_busy;
    other_filter = lose_node;
    cut[NET_GATEWAY] = true;
    NET_UNTIL(&net, 12 * SECOND, in_fallback(NODE2));
    net_stop(&net);
}

/* Somebody who knows the name of the key and not the key. */
static void wrong_binder(void)
{
    start(22, 0);
    held(0)->key.b[63] ^= 1;
    cut[NET_GATEWAY] = true;
    NET_UNTIL(&net, 20 * SECOND, counter_of(NODE, HEAD2_COUNT_PSK_UNKNOWN) > 0);
    CHECK_EQ(net.end[NODE].s->n_half, 0);
    CHECK_EQ(net.end[NODE].job_count[JOB_ENCAPS], 0);
    net_run(&net, net.now + 20 * SECOND);
    CHECK_EQ(net.end[0].fallback_counts, 0);
    CHECK(!info(0).fallback);
    net_stop(&net);
}

/* A node that does not know the key and answers all the same: the drone spends nothing. */
static void node_without_the_key(void)
{
    start(23, 0);
    cut[NET_GATEWAY] = true;
    NET_UNTIL(&net, 20 * SECOND, net.end[NODE].s->n_half == 1);
    held(NODE)->key.b[0] ^= 1;
    net.end[0].counts_nothing = true; /* whatever came before */
    net_run(&net, net.now + 20 * SECOND);
    CHECK_EQ(net.end[0].fallback_counts, 0);
    net_stop(&net);
}

/* A node that the key does not name takes no such key, and the drone does not go there. */
static void other_node(void)
{
    struct net_end *g = &net.end[NET_GATEWAY];
    uint32_t peer;

    start(24, 0);
    g->s->fb.n_ids = 1; /* the first alone */
    issue_now();
    NET_UNTIL(&net, SECOND, g->events[HEAD2_EVENT_FALLBACK_KEY] == 2);
    head2_session_drop_fallback_key(net.end[0].s, fallback_previous(net.end[0].s)->id);
    start_node(NODE2, NULL);
    CHECK_EQ(head2_session_add_fallback_key(net.end[NODE2].s, net.now, &peer, &g->fallback, 0,
                                            UINT64_MAX),
             HEAD2_E_ARG);
    cut[NET_GATEWAY] = cut[NODE] = true;
    net_run(&net, net.now + 30 * SECOND);
    CHECK_EQ(net.end[NODE2].datagrams, 0);
    net_stop(&net);
}

/* Another drone with a stolen key: to the node it is somebody else. */
static void stolen_by_another_drone(void)
{
    start(25, 0);
    start_drone(1, NULL);
    net.end[0].s->closing = true; /* out of the way */
    struct head2_session *thief = net.end[1].s;
    NET_UNTIL(&net, 2 * SECOND, fallback_newest(thief) != NULL);
    struct held_key *k = fallback_newest(thief);
    fallback_forget(thief, k);
    struct head2_fallback_key stolen = net.end[0].fallback;
    fallback_hold(thief, &stolen, net.now + 3600 * SECOND);
    cut[NET_GATEWAY] = true;
    NET_UNTIL(&net, 30 * SECOND, counter_of(NODE, HEAD2_COUNT_BAD_ID) == 1);
    CHECK_EQ(net.end[NODE].last_alarm.counter, HEAD2_COUNT_BAD_ID);
    CHECK_EQ(net.end[NODE].events[HEAD2_EVENT_UP], 0);
    CHECK_EQ(net.end[NODE].fallback_counts, 0);
    net_stop(&net);
}

/* A key whose list was cut after it was signed is no key; nor is one with another node in it. */
static void list_is_signed(void)
{
    start(26, 0);
    struct head2_fallback_key k = net.end[NET_GATEWAY].fallback;
    k.n_nodes = 1;
    CHECK_EQ(head2_fallback_verify(&k, net_key(NET_GATEWAY)->pk), HEAD2_E_VERIFY);
    k.n_nodes = 2;
    k.nodes[1][0] ^= 1;
    CHECK_EQ(head2_fallback_verify(&k, net_key(NET_GATEWAY)->pk), HEAD2_E_VERIFY);
    net_stop(&net);
}

/* Each end takes its own kind of handshake. */
static void modes_are_not_mixed(void)
{
    struct head2_peer_config p = {.pk = net_key(NODE)->pk, .addrs = {net_addr(NODE)}, .n_addrs = 1};
    uint32_t peer;

    start(27, 0);
    start_drone(0, NULL); /* that takes the node for its gateway */
    head2_session_remove_peer(net.end[0].s, 0);
    CHECK_EQ(head2_session_add_peer(net.end[0].s, &peer, &p), HEAD2_OK);
    NET_UNTIL(&net, 5 * SECOND, counter_of(NODE, HEAD2_COUNT_PSK_UNKNOWN) > 0);
    CHECK_EQ(net.end[NODE].s->n_half, 0);
    start_drone(0, &net.end[0].fallback); /* whose node is a gateway */
    struct standby_node *n = net.end[0].s->fb.node;
    for (unsigned i = 0; i < NODES; i++) {
        n[i].addrs[0] = net_addr(NET_GATEWAY);
        derive_mac1_keys(n[i].mkey, net_key(NET_GATEWAY)->pk);
    }
    net.end[0].s->peers[0].addrs[0] = net_addr(40); /* where nobody is */
    const uint64_t before = counter_of(NET_GATEWAY, HEAD2_COUNT_PSK_UNKNOWN);
    NET_UNTIL(&net, 30 * SECOND, counter_of(NET_GATEWAY, HEAD2_COUNT_PSK_UNKNOWN) > before);
    CHECK(!info(0).fallback);
    net_stop(&net);
}

int main(void)
{
    RUN(expires);
    RUN(expires_at_the_drone);
    RUN(expires_by_the_wall);
    RUN(node_without_time);
    RUN(expires_within_a_handshake);
    RUN(dropped_at_the_node);
    RUN(crash_of_the_drone);
    RUN(crash_of_the_node);
    RUN(not_durable_at_the_drone);
    RUN(not_durable_at_the_node);
    RUN(rolled_back);
    RUN(all_used_up);
    RUN(uses_are_spent_slowly);
    RUN(unknown_key);
    RUN(previous_key);
    RUN(previous_key_without_hints);
    RUN(busy_node);
    RUN(wrong_binder);
    RUN(node_without_the_key);
    RUN(other_node);
    RUN(stolen_by_another_drone);
    RUN(list_is_signed);
    RUN(modes_are_not_mixed);
    CHECK_EXIT();
}
