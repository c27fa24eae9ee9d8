/*
 * Rotation under a virtual clock: by time and by bytes, with messages lost, both ends at once,
 * the overlap, late packets, the ratchet's bound, tag collisions (T8 to T12 and T14 of
 * docs/testing.md).
 */
#include "session/net.h"

#include "session/state.h"

static struct net net;

/* Every sealed packet is watched: by tag, when its key was first used and how much it has sealed,
 * and whether a nonce comes twice with other contents. */
struct seen_key {
    uint64_t tag, first, bytes, packets;
    int from;
};
#define SEEN 20000
static struct seen_key *seen;
static unsigned n_seen;
static uint64_t max_age, max_bytes;

static void watch(struct net *n, const struct net_packet *p)
{
    struct seen_key *k = NULL;

    if (memcmp(p->bytes, wire_magic, 6) == 0)
        return;
    for (unsigned i = n_seen; i > 0 && k == NULL; i--)
        if (seen[i - 1].tag == be48(p->bytes) && seen[i - 1].from == p->from)
            k = &seen[i - 1];
    if (k == NULL) {
        CHECK(n_seen < SEEN);
        k = &seen[n_seen++];
        *k = (struct seen_key){be48(p->bytes), n->now, 0, 0, p->from};
    }
    k->bytes += p->len;
    k->packets++;
    if (n->now - k->first > max_age)
        max_age = n->now - k->first;
    if (k->bytes > max_bytes)
        max_bytes = k->bytes;
}

static void start(uint64_t seed, uint32_t seconds, uint64_t bytes)
{
    net_open(&net, seed);
    struct head2_session_config g = net_config(&net, NET_GATEWAY), d = net_config(&net, 0);
    g.rotate_seconds = d.rotate_seconds = seconds;
    g.rotate_bytes = d.rotate_bytes = bytes;
    net_gateway(&net, &g, 1);
    net_drone(&net, 0, &d);
    NET_UNTIL(&net, 5 * SECOND, net_both_up(&net, 0));
    net_run(&net, net.now + 100000);
    if (seen == NULL)
        seen = calloc(SEEN, sizeof *seen);
    CHECK(seen != NULL);
    n_seen = 0;
    max_age = max_bytes = 0;
    net.tap = watch;
}

/* Traffic of a fixed rate from the drone, a little back, for a while. Each payload is numbered. */
static void traffic(unsigned packets, uint64_t every, size_t len)
{
    static uint8_t payload[1172];
    for (unsigned i = 0; i < packets; i++) {
        put_be32(payload, i);
        CHECK_EQ(net_say(&net, 0, NET_GATEWAY, (uint8_t)(i % 3), payload, len), HEAD2_OK);
        if (i % 10 == 0)
            CHECK_EQ(net_say(&net, NET_GATEWAY, 0, 0, payload, 40), HEAD2_OK);
        net_run(&net, net.now + every);
    }
    net_run(&net, net.now + 100000);
}

static void check_no_loss(void)
{
    for (unsigned lane = 0; lane < 4; lane++) {
        CHECK_EQ(net.end[NET_GATEWAY].received[lane], net.end[0].sent[lane]);
        CHECK_EQ(net.end[0].received[lane], net.end[NET_GATEWAY].sent[lane]);
    }
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_ALARM], 0);
    CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_ALARM], 0);
}

static void by_time(void)
{
    start(1, 60, 100000000);
    traffic(6000, 100000, 100);
    check_no_loss();
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_ROTATED], 10);
    CHECK_EQ(net.end[0].ratchets, 0);
    CHECK(max_age < 60 * SECOND);
    net_stop(&net);
}

static void by_bytes(void)
{
    start(2, 60, 1000000);
    traffic(10000, 1500, 1172); /* 6.4 Mbit/s: about a rotation a second */
    check_no_loss();
    CHECK(net.end[0].rotated[HEAD2_CAUSE_BYTES] >= 12);
    CHECK_EQ(net.end[0].rotated[HEAD2_CAUSE_TIME], 0);
    CHECK(max_bytes <= 1000000);
    CHECK_EQ(net.end[0].ratchets, 0);
    net_stop(&net);
}

/* T9: the exchange never gets through: both ends ratchet, lose nothing, and stop at the bound. */
static bool block_rotation;

static bool drop_large_control(struct net *n, const struct net_packet *p)
{
    (void)n;
    if (!block_rotation || memcmp(p->bytes, wire_magic, 6) == 0)
        return false;
    return p->len > 300; /* fragments of ROT_INIT and ROT_RESP; the test's data is shorter */
}

static void exchange_blocked(void)
{
    start(3, 20, 100000000);
    net.filter = drop_large_control;
    block_rotation = true;
    traffic(1500, 100000, 100); /* 150 s of 180 until the tenth step */
    check_no_loss();
    CHECK_EQ(net.end[0].ratchets, net.end[0].events[HEAD2_EVENT_ROTATED]);
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_ROTATED], 8);
    CHECK(max_age < 20 * SECOND);
    NET_UNTIL(&net, 60 * SECOND, net.end[0].events[HEAD2_EVENT_DOWN] > 0);
    CHECK_EQ(net.end[0].last_down.reason, CLOSE_REKEY_FAILED);
    block_rotation = false;
    NET_UNTIL(&net, 5 * SECOND, net_both_up(&net, 0)); /* by a full handshake */
    net_stop(&net);
}

static void heals_after_block(void)
{
    start(4, 20, 100000000);
    net.filter = drop_large_control;
    block_rotation = true;
    traffic(500, 100000, 100);
    CHECK(net.end[0].ratchets >= 2);
    block_rotation = false;
    traffic(400, 100000, 100);
    check_no_loss();
    CHECK(net.end[0].last_rotation.verified);
    CHECK(net.end[0].last_rotation.new_step == 0);
    net_stop(&net);
}

/* T10: twins of the overlap in every combination of loss and order. */
static enum { BOTH, OLD_LOST, NEW_LOST, NEW_FIRST } twin_mode;
static struct net_packet held;
static bool holding;
static unsigned twins[4];
static uint64_t old_tag[5];
static bool in_overlap;

static bool twin_filter(struct net *n, const struct net_packet *p)
{
    if (p->from != 0 || memcmp(p->bytes, wire_magic, 6) == 0 || !in_overlap)
        return false;
    struct tunnel *t = tunnel_of_peer(n->end[0].s, 0);
    bool old = false;
    for (unsigned lane = 0; lane < 4; lane++) {
        if (be48(p->bytes) == old_tag[lane] && t->over[lane] < 5) {
            old = true;
            twins[lane]++;
        }
    }
    if (twin_mode == OLD_LOST)
        return old;
    if (twin_mode == NEW_LOST && !old && p->len > 100) /* control packets are shorter here */
        return true;
    if (twin_mode == NEW_FIRST) {
        if (!old && p->len > 100) {
            held = *p;
            holding = true;
        }
    }
    return false;
}

static void overlap(int mode)
{
    static uint8_t payload[200];

    start(5, 60, 100000000);
    traffic(350, 100000, 200); /* past half of the period: the next key is held */
    struct tunnel *t = tunnel_of_peer(net.end[0].s, 0);
    CHECK_EQ(t->rot.state, ROT_READY);
    for (unsigned lane = 0; lane < 5; lane++)
        old_tag[lane] = be48(t->tx.keys.base[lane]);
    memset(twins, 0, sizeof twins);
    twin_mode = mode;
    in_overlap = true;
    net.filter = twin_filter;
    head2_session_rotate(net.end[0].s, net.now, 0);
    CHECK(t->tx.epoch == epoch_of(1, 0));
    uint64_t before[3];
    memcpy(before, net.end[NET_GATEWAY].received, sizeof before);
    /* both copies arrive together, in either order, or one of them not at all */
    net.delay_min = 1000;
    net.delay_max = mode == NEW_FIRST ? 30000 : 1000;
    for (unsigned i = 0; i < 5; i++)
        for (uint8_t lane = 0; lane < 3; lane++)
            CHECK_EQ(net_say(&net, 0, NET_GATEWAY, lane, payload, sizeof payload), HEAD2_OK);
    in_overlap = false;
    net_run(&net, net.now + 50000);
    for (uint8_t lane = 0; lane < 3; lane++) {
        CHECK_EQ(twins[lane], 5);
        CHECK_EQ(net.end[NET_GATEWAY].received[lane], before[lane] + 5);
    }
    CHECK_EQ(net_say(&net, 0, NET_GATEWAY, 0, payload, sizeof payload), HEAD2_OK);
    CHECK_EQ(twins[0], 5);
    net_run(&net, net.now + 3 * SECOND);
    CHECK(!t->prev.used);
    net_stop(&net);
}

static void overlap_both(void)
{
    overlap(BOTH);
}

static void overlap_old_lost(void)
{
    overlap(OLD_LOST);
}

static void overlap_new_lost(void)
{
    overlap(NEW_LOST);
}

static void overlap_any_order(void)
{
    overlap(NEW_FIRST);
}

/* T11: packets of the old key within its grace are good, after it they are unknown. */
static struct net_packet kept[2];
static unsigned n_kept;
static bool keeping;

static bool keep_some(struct net *n, const struct net_packet *p)
{
    (void)n;
    if (!keeping || p->from != 0 || p->len != 128 || n_kept == 2)
        return false;
    kept[n_kept++] = *p;
    return true;
}

static void late_packets(void)
{
    uint8_t payload[100] = {0};

    start(6, 60, 100000000);
    traffic(350, 100000, 50);
    net.filter = keep_some;
    keeping = true;
    n_kept = 0;
    for (unsigned i = 0; i < 2; i++)
        CHECK_EQ(net_say(&net, 0, NET_GATEWAY, 1, payload, sizeof payload), HEAD2_OK);
    keeping = false;
    CHECK_EQ(n_kept, 2);
    head2_session_rotate(net.end[0].s, net.now, 0);
    net_run(&net, net.now + SECOND);
    uint64_t before = net.end[NET_GATEWAY].received[1];
    net_post(&net, 0, NET_GATEWAY, kept[0].bytes, kept[0].len);
    net_run(&net, net.now + 10000);
    CHECK_EQ(net.end[NET_GATEWAY].received[1], before + 1);
    net_run(&net, net.now + 3 * SECOND);
    net_post(&net, 0, NET_GATEWAY, kept[1].bytes, kept[1].len);
    uint64_t unknown = head2_session_counters(net.end[NET_GATEWAY].s)[HEAD2_COUNT_UNKNOWN_TAG];
    net_run(&net, net.now + 10000);
    CHECK_EQ(net.end[NET_GATEWAY].received[1], before + 1);
    CHECK_EQ(head2_session_counters(net.end[NET_GATEWAY].s)[HEAD2_COUNT_UNKNOWN_TAG], unknown + 1);
    net_stop(&net);
}

/* A packet of the old key with a number from after the switch is nobody honest's. */
static void stale_epoch(void)
{
    uint8_t payload[60] = {0}, packet[100];
    struct ciphers ciphers;

    CHECK_EQ(ciphers_init(&ciphers, 1), HEAD2_OK);
    start(7, 60, 100000000);
    traffic(350, 100000, 50);
    struct tunnel *t = tunnel_of_peer(net.end[0].s, 0);
    struct lane_keys old = t->tx.keys;
    epoch_t epoch = t->tx.epoch;
    head2_session_rotate(net.end[0].s, net.now, 0);
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(net_say(&net, 0, NET_GATEWAY, 0, payload, sizeof payload), HEAD2_OK);
    net_run(&net, net.now + 10000);
    for (unsigned i = 0; i < 10; i++) {
        struct packet_spec p = {.ciphers = &ciphers,
                                .keys = &old,
                                .serial = 1,
                                .session_id = t->session_id,
                                .epoch = epoch,
                                .rn = t->rn[0] + 100 + i,
                                .suite = t->suite,
                                .dir = D2G,
                                .lane = 0};
        CHECK_EQ(packet_seal(packet, &p, payload, sizeof payload), HEAD2_OK);
        net_post(&net, 0, NET_GATEWAY, packet, sizeof payload + 28);
    }
    uint64_t before = net.end[NET_GATEWAY].received[0];
    net_run(&net, net.now + 10000);
    CHECK_EQ(net.end[NET_GATEWAY].received[0], before);
    CHECK_EQ(head2_session_counters(net.end[NET_GATEWAY].s)[HEAD2_COUNT_STALE_EPOCH], 10);
    CHECK_EQ(net.end[NET_GATEWAY].last_alarm.counter, HEAD2_COUNT_STALE_EPOCH);
    ciphers_free(&ciphers);
    net_stop(&net);
}

/* T12: rotation messages lost in turn; both ends arm in the same instant because they count alike.
 */
static uint8_t drop_step;
static unsigned control_seen[2];

static bool drop_nth_control(struct net *n, const struct net_packet *p)
{
    (void)n;
    if (memcmp(p->bytes, wire_magic, 6) == 0 || p->len < 1000)
        return false;
    control_seen[p->from == 0 ? 0 : 1]++;
    return drop_step != 0 && control_seen[0] + control_seen[1] == drop_step;
}

static void each_fragment_lost(void)
{
    for (drop_step = 1; drop_step <= 13; drop_step++) {
        start(30 + drop_step, 10, 100000000);
        memset(control_seen, 0, sizeof control_seen);
        net.filter = drop_nth_control;
        traffic(300, 100000, 100);
        check_no_loss();
        CHECK(net.end[0].last_rotation.verified);
        CHECK_EQ(net.end[0].ratchets, 0);
        net_stop(&net);
    }
}

/* What has not come is known exactly as soon as something later has. */
static void check_missing(uint64_t sent)
{
    struct head2_peer_info g;
    uint8_t last[8] = {0};

    net.loss = 0;
    CHECK_EQ(net_say(&net, 0, NET_GATEWAY, 1, last, sizeof last), HEAD2_OK);
    net_run(&net, net.now + SECOND);
    CHECK_EQ(head2_session_peer_info(net.end[NET_GATEWAY].s, net.now, net.peer_of[0], &g),
             HEAD2_OK);
    CHECK(g.rx_missing[1] > 0);
    CHECK_EQ(g.rx_missing[1], sent + 1 - net.end[NET_GATEWAY].received[1]);
    CHECK_EQ(g.rx_missing[1], sent + 1 - g.rx_packets[1]);
}

static void lossy_flight(void)
{
    for (uint64_t seed = 50; seed < 56; seed++) {
        start(seed, 10, 1000000);
        net.loss = 0.15;
        net.duplicate = 0.1;
        net.delay_min = 5000;
        net.delay_max = 60000;
        uint8_t payload[600] = {0};
        for (unsigned i = 0; i < 12000; i++) {
            enum head2_status st = net_say(&net, 0, NET_GATEWAY, 1, payload, sizeof payload);
            CHECK_SAY(st == HEAD2_OK, "seed %llu: packet %u: %s", (unsigned long long)seed, i,
                      head2_status_string(st));
            net_run(&net, net.now + 5000);
        }
        CHECK(net.end[0].received[1] == 0);
        CHECK(net.end[NET_GATEWAY].received[1] <= 12000);
        CHECK(net.end[NET_GATEWAY].received[1] > 9500);
        CHECK_EQ(net.end[0].events[HEAD2_EVENT_DOWN], 0);
        CHECK(max_age < 10 * SECOND);
        CHECK(max_bytes <= 1000000);
        CHECK(net.end[0].events[HEAD2_EVENT_ROTATED] >= 6);
        check_missing(12000);
        net_stop(&net);
    }
}

static void requested_by_gateway(void)
{
    start(60, 60, 100000000);
    head2_session_rotate(net.end[NET_GATEWAY].s, net.now, net.peer_of[0]);
    NET_UNTIL(&net, SECOND, net.end[NET_GATEWAY].events[HEAD2_EVENT_ROTATED] == 1);
    CHECK_EQ(net.end[NET_GATEWAY].rotated[HEAD2_CAUSE_REQUEST], 1);
    CHECK(net.end[NET_GATEWAY].last_rotation.verified);
    net_run(&net, net.now + 100000);
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_ROTATED], 1);
    traffic(50, 10000, 100);
    check_no_loss();
    net_stop(&net);
}

/* T14: two sessions whose tags collide are told apart by their keys. */
static void tag_collision(void)
{
    net_start(&net, 70, 2);
    NET_UNTIL(&net, SECOND, net_both_up(&net, 0) && net_both_up(&net, 1));
    net_run(&net, net.now + 50000);
    struct head2_session *g = net.end[NET_GATEWAY].s;
    struct tunnel *a = tunnel_of_peer(g, net.peer_of[0]), *b = tunnel_of_peer(g, net.peer_of[1]);
    struct tunnel *db = tunnel_of_peer(net.end[1].s, 0);
    struct rx_epoch *ra = NULL, *rb = NULL;
    for (unsigned i = 0; i < RX_EPOCHS; i++) {
        if (a->rx[i].used && a->rx[i].epoch == 0)
            ra = &a->rx[i];
        if (b->rx[i].used && b->rx[i].epoch == 0)
            rb = &b->rx[i];
    }
    CHECK(ra != NULL && rb != NULL);
    uint32_t slot = (tunnel_slot(g, b) * RX_EPOCHS + (uint32_t)(rb - b->rx)) * LANES;
    index_remove(&g->tag_index, be48(rb->keys.base[0]), slot);
    memcpy(rb->keys.base[0], ra->keys.base[0], TAG_BYTES);
    memcpy(db->tx.keys.base[0], ra->keys.base[0], TAG_BYTES);
    index_add(&g->tag_index, be48(rb->keys.base[0]), slot);
    for (unsigned i = 0; i < 50; i++) {
        CHECK_EQ(net_say(&net, 0, NET_GATEWAY, 0, "first", 5), HEAD2_OK);
        CHECK_EQ(net_say(&net, 1, NET_GATEWAY, 0, "second", 6), HEAD2_OK);
        net_run(&net, net.now + 5000);
    }
    CHECK_EQ(net.end[NET_GATEWAY].received[0], 100);
    CHECK_EQ(a->rx_packets[0], 50);
    CHECK_EQ(b->rx_packets[0], 50);
    net_stop(&net);
}

static void clean_close(void)
{
    start(80, 60, 100000000);
    head2_session_close(net.end[0].s, net.now);
    net_pump(&net, 0);
    net_run(&net, net.now + 500000);
    CHECK(head2_session_closed(net.end[0].s));
    CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_DOWN], 1);
    CHECK_EQ(net.end[NET_GATEWAY].last_down.reason, CLOSE_SHUTDOWN);
    CHECK_EQ(net_say(&net, NET_GATEWAY, 0, 0, "x", 1), HEAD2_E_STATE);
    net_stop(&net);
}

static void clock_goes_back(void)
{
    start(81, 60, 100000000);
    head2_session_tick(net.end[0].s, net.now - SECOND);
    net_pump(&net, 0);
    CHECK_EQ(head2_session_counters(net.end[0].s)[HEAD2_COUNT_CLOCK_BACK], 1);
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_ROTATED], 1);
    traffic(50, 10000, 100);
    check_no_loss();
    net_stop(&net);
}

enum { NO_CONFIRM = 1, NO_ANSWER = 2 };

/* ROT_CONFIRM is 36 bytes, and no other control message of a drone is as long; of what a gateway
 * says only an answer is longer than 1,000. */
static bool no_confirmation(struct net *n, const struct net_packet *p)
{
    if ((n->arg & NO_CONFIRM) != 0 && p->from == 0 && p->len == 12 + 36 + HEAD2_SESSION_OVERHEAD)
        return true;
    return (n->arg & NO_ANSWER) != 0 && p->from == NET_GATEWAY && p->len > 1000;
}

static void ask_for_rotation(struct net *n)
{
    net_run(n, n->now + 2 * SECOND); /* a younger key is not replaced */
    head2_session_rotate(n->end[0].s, n->now, n->end[0].peer);
    net_pump(n, 0);
}

static uint32_t gateways_generation(struct net *n)
{
    struct head2_peer_info g;

    CHECK_EQ(head2_session_peer_info(n->end[NET_GATEWAY].s, n->now, n->peer_of[0], &g), HEAD2_OK);
    return g.gen;
}

/* A packet under the new key confirms it, too. The message that does so may come when the exchange
 * for the generation after it is under way: it is late, and no more than that. */
static void a_confirmation_may_be_late(void)
{
    struct net n;

    net_start(&n, 5, 1);
    NET_UNTIL(&n, SECOND, net_both_up(&n, 0));
    n.filter = no_confirmation;
    n.arg = NO_CONFIRM;
    ask_for_rotation(&n);
    NET_UNTIL(&n, 5 * SECOND, gateways_generation(&n) == 1);
    n.arg = NO_CONFIRM | NO_ANSWER;
    ask_for_rotation(&n);
    net_run(&n, n.now + SECOND); /* the gateway has answered, and waits */
    n.arg = NO_ANSWER;
    net_run(&n, n.now + 3 * SECOND);
    CHECK_EQ(head2_session_counters(n.end[NET_GATEWAY].s)[HEAD2_COUNT_CTL_MALFORMED], 0);
    n.arg = 0;
    net_run(&n, n.now + 5 * SECOND);
    CHECK_EQ(head2_session_counters(n.end[0].s)[HEAD2_COUNT_CTL_MALFORMED], 0);
    CHECK(net_both_up(&n, 0));
    CHECK_EQ(n.end[0].events[HEAD2_EVENT_DOWN], 0);
    CHECK_EQ(n.end[0].rotated[HEAD2_CAUSE_REQUEST], 2);
    net_stop(&n);
}

int main(void)
{
    RUN(a_confirmation_may_be_late);
    RUN(by_time);
    RUN(by_bytes);
    RUN(exchange_blocked);
    RUN(heals_after_block);
    RUN(overlap_both);
    RUN(overlap_old_lost);
    RUN(overlap_new_lost);
    RUN(overlap_any_order);
    RUN(late_packets);
    RUN(stale_epoch);
    RUN(each_fragment_lost);
    RUN(lossy_flight);
    RUN(requested_by_gateway);
    RUN(tag_collision);
    RUN(clean_close);
    RUN(clock_goes_back);
    free(seen);
    CHECK_EXIT();
}
