/*
 * Handshakes on bad links and under attack: loss, small datagrams, lost answers, spoofed, replayed
 * and reflected datagrams, strangers, downgrade (T4 to T7, T12 and T21 of docs/testing.md).
 */
#include "session/net.h"

#include "session/state.h"

static struct net net;

/* Both ends have the same session exactly when data flows both ways under it. */
static void check_agreement(int drone)
{
    uint64_t before_g = net.end[NET_GATEWAY].received[2], before_d = net.end[drone].received[2];

    net.loss = net.duplicate = 0;
    net.filter = NULL;
    CHECK_EQ(net_say(&net, drone, NET_GATEWAY, 2, "a", 1), HEAD2_OK);
    net_run(&net, net.now + 300000); /* the gateway answers on the session that the drone uses */
    CHECK_EQ(net_say(&net, NET_GATEWAY, drone, 2, "b", 1), HEAD2_OK);
    net_run(&net, net.now + 300000);
    CHECK_EQ(net.end[NET_GATEWAY].received[2], before_g + 1);
    CHECK_EQ(net.end[drone].received[2], before_d + 1);
}

static unsigned completed;
static uint64_t slowest;

static void one_lossy(uint64_t seed, double loss, int stride_limit)
{
    net_start(&net, seed, 1);
    net.delay_min = 40000;
    net.delay_max = 80000;
    net.loss = loss;
    net.duplicate = loss / 2;
    net.stride_limit = stride_limit;
    uint64_t began = net.now;
    while (!net_both_up(&net, 0) && net.now - began < 60 * SECOND)
        net_run(&net, net.now + 10000);
    CHECK_SAY(net_both_up(&net, 0), "seed %llu, loss %.0f %%: no session within 60 s",
              (unsigned long long)seed, loss * 100);
    if (net.now - began > slowest)
        slowest = net.now - began;
    completed++;
    CHECK_EQ(net.overflow, 0);
    check_agreement(0);
    net_stop(&net);
}

static void lossy(double loss, unsigned seeds, int stride_limit)
{
    completed = 0;
    slowest = 0;
    for (unsigned i = 0; i < seeds; i++)
        one_lossy(1000 + i, loss, stride_limit);
    CHECK_EQ(completed, seeds);
}

static void loss_0(void)
{
    lossy(0, 3, 0);
    CHECK(slowest < SECOND);
}

static void loss_5(void)
{
    lossy(0.05, 20, 0);
    CHECK(slowest < 5 * SECOND);
}

static void loss_10(void)
{
    lossy(0.10, 20, 0);
    CHECK(slowest < 8 * SECOND);
}

static void loss_20(void)
{
    lossy(0.20, 20, 0);
    CHECK(slowest < 15 * SECOND);
}

static void loss_40(void)
{
    lossy(0.40, 15, 0);
}

static void small_datagrams_only(void)
{
    lossy(0, 2, 548);
    lossy(0.10, 10, 548);
}

/* An answer of one type is lost the first times; the handshake completes all the same, and each
 * side installs one session. */
static uint8_t lost_type;
static unsigned lost_left;

static bool lose_some(struct net *n, const struct net_packet *p)
{
    (void)n;
    if (lost_left == 0 || memcmp(p->bytes, wire_magic, 6) != 0 || p->bytes[6] != lost_type)
        return false;
    lost_left--;
    return true;
}

static void lost_answers(void)
{
    for (uint8_t type = FRAME_HELLO; type <= FRAME_DONE; type++) {
        net_start(&net, 40 + type, 1);
        net.filter = lose_some;
        lost_type = type;
        lost_left = 2;
        NET_UNTIL(&net, 5 * SECOND, net_both_up(&net, 0));
        CHECK_EQ(lost_left, 0);
        check_agreement(0);
        CHECK_EQ(net.end[0].events[HEAD2_EVENT_UP], 1);
        CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_UP], 1);
        net_stop(&net);
    }
}

/* Everything that crossed the link in one handshake and a while of data. */
#define TAPE 4000
static struct net_packet *tape;
static unsigned taped;

static void record(struct net *n, const struct net_packet *p)
{
    (void)n;
    if (taped < TAPE)
        tape[taped++] = *p;
}

static void session_with_tape(uint64_t seed)
{
    if (tape == NULL)
        tape = calloc(TAPE, sizeof *tape);
    CHECK(tape != NULL);
    taped = 0;
    net_start(&net, seed, 1);
    net.tap = record;
    NET_UNTIL(&net, SECOND, net_both_up(&net, 0));
    for (int i = 0; i < 20; i++) {
        net_say(&net, 0, NET_GATEWAY, 0, &i, sizeof i);
        net_say(&net, NET_GATEWAY, 0, 1, &i, sizeof i);
        net_run(&net, net.now + 20000);
    }
    net.tap = NULL;
    CHECK(taped > 40);
}

static void replayed_and_reflected(void)
{
    struct head2_peer_info before, after;

    session_with_tape(77);
    uint64_t d0 = net.end[0].received[1], g0 = net.end[NET_GATEWAY].received[0];
    CHECK_EQ(head2_session_peer_info(net.end[0].s, net.now, 0, &before), HEAD2_OK);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < taped; i++) {
            net_post(&net, tape[i].from, tape[i].to, tape[i].bytes, tape[i].len); /* replay */
            net_post(&net, tape[i].to, tape[i].from, tape[i].bytes, tape[i].len); /* reflection */
            net_run(&net, net.now + 1000);
        }
        net_run(&net, net.now + 6 * SECOND);
    }
    CHECK_EQ(head2_session_peer_info(net.end[0].s, net.now, 0, &after), HEAD2_OK);
    CHECK_EQ(net.end[0].received[1], d0);
    CHECK_EQ(net.end[NET_GATEWAY].received[0], g0);
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_UP], 1);
    CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_UP], 1);
    CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_DOWN], 0);
    CHECK_MEM(before.pseudonym, after.pseudonym, 16);
    CHECK(head2_session_counters(net.end[NET_GATEWAY].s)[HEAD2_COUNT_DUP] >= 40);
    check_agreement(0);
    net_stop(&net);
}

/* T6: a million INIT fragments from addresses that never got a cookie. */
static void spoofed_flood(void)
{
    uint8_t mkey[2][32], frame[1300], cookie[32] = {0}, init[INIT_BYTES] = {0};
    struct head2_session_data data;
    struct head2_action action;

    net_start(&net, 5, 1);
    NET_UNTIL(&net, SECOND, net_both_up(&net, 0));
    struct head2_session *g = net.end[NET_GATEWAY].s;
    uint64_t jobs = g->resp_counter, init_top = g->init_top;
    derive_mac1_keys(mkey, net.end[NET_GATEWAY].key->pk);
    struct frame_spec spec = {.type = FRAME_INIT,
                              .hs_id = 1,
                              .stride = STRIDE_FULL,
                              .msg = init,
                              .msg_len = INIT_BYTES,
                              .cookie = cookie,
                              .mkey = mkey[D2G]};
    size_t len = frame_build(frame, &spec, 1);
    struct head2_address from = net_addr(3);
    unsigned sent = 0;
    for (unsigned i = 0; i < 1000000; i++) {
        from.port = (uint16_t)(i * 7919u);
        from.ip[13] = (uint8_t)(i >> 16);
        frame[30] = (uint8_t)i; /* a cookie that was never granted; mac1 then fails as well */
        if (i % 100 == 0)
            put_be32(frame + 24, i), len = frame_build(frame, &spec, (uint8_t)(i / 100 % 2));
        head2_session_input(g, net.now, &from, frame, len, &data);
        if (i % 64 == 0)
            while (head2_session_next(g, net.now, &action))
                sent += action.kind == HEAD2_ACTION_SEND;
    }
    CHECK_EQ(g->n_half, 0);
    CHECK_EQ(g->init_top, init_top);
    CHECK_EQ(g->resp_counter, jobs);
    CHECK(sent <= 20000); /* RETRYs to fragment 0 alone, and shorter than what asked for them */
    CHECK(g->counters[HEAD2_COUNT_BAD_COOKIE] >= 10000);
    check_agreement(0);
    net_stop(&net);
}

/* Who does not know the gateway's key, or has no handshake with it, gets no answer at all; and no
 * answer is longer than what asked for it. */
static void silent_to_strangers(void)
{
    static const uint8_t junk[INIT_BYTES] = {0};
    uint8_t mkey[2][32], wrong[32] = {1}, frame[1300];
    struct head2_session_data data;
    struct head2_action action;
    struct head2_address from = net_addr(3);

    net_start(&net, 15, 1);
    NET_UNTIL(&net, SECOND, net_both_up(&net, 0));
    struct head2_session *g = net.end[NET_GATEWAY].s;
    derive_mac1_keys(mkey, net.end[NET_GATEWAY].key->pk);
    while (head2_session_next(g, net.now, &action))
        continue;
    for (unsigned type = FRAME_HELLO; type <= FRAME_HINT; type++) {
        for (unsigned len = 1; len <= INIT_BYTES; len += len < 60 ? 1 : 411) {
            for (unsigned right = 0; right < 2; right++) {
                struct frame_spec spec = {.type = (enum frame_type)type,
                                          .hs_id = 77,
                                          .stride = STRIDE_FULL,
                                          .msg = junk,
                                          .msg_len = (uint16_t)len,
                                          .mkey = right ? mkey[D2G] : wrong};
                size_t asked = frame_build(frame, &spec, 0), answered = 0;
                head2_session_input(g, net.now, &from, frame, asked, &data);
                while (head2_session_next(g, net.now, &action))
                    answered += action.kind == HEAD2_ACTION_SEND ? action.len : 0;
                CHECK_SAY(answered <= (right ? asked : 0), "type %u, %zu bytes: answered by %zu",
                          type, asked, answered);
            }
        }
    }
    net_stop(&net);
}

static void stranger_is_rejected(void)
{
    net_open(&net, 6);
    struct head2_session_config g = net_config(&net, NET_GATEWAY), d = net_config(&net, 0);
    net_gateway(&net, &g, 1);
    d.pk = net.end[3].key->pk; /* a key that the gateway does not know */
    net.end[0].key = net.end[3].key;
    net_drone(&net, 0, &d);
    NET_UNTIL(&net, 3 * SECOND, net.end[0].events[HEAD2_EVENT_REJECTED] != 0);
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_UP], 0);
    CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_UP], 0);
    CHECK_EQ(head2_session_counters(net.end[NET_GATEWAY].s)[HEAD2_COUNT_BAD_ID], 1);
    net_run(&net, net.now + 20 * SECOND); /* and it does not hammer */
    CHECK(net.end[0].events[HEAD2_EVENT_REJECTED] <= 6);
    net_stop(&net);
}

static unsigned key_seeds;
static size_t key_seed_len;

static enum head2_status seed_of_key(void *arg, void *out, size_t len)
{
    key_seeds++;
    key_seed_len = len;
    return net_random(arg, out, len);
}

/* Seeds of KEM key pairs, and nothing else, are drawn with the function that is for them. */
static void key_seeds_are_drawn_apart(void)
{
    net_open(&net, 6);
    struct head2_session_config g = net_config(&net, NET_GATEWAY), d = net_config(&net, 0);
    d.random_key = seed_of_key;
    g.random_key = seed_of_key;
    key_seeds = 0;
    net_gateway(&net, &g, 1);
    net_drone(&net, 0, &d);
    NET_UNTIL(&net, 3 * SECOND, net_both_up(&net, 0));
    CHECK_EQ(key_seeds, 1);
    CHECK_EQ(key_seed_len, 64);
    net_stop(&net);
}

static void wrong_private_key(void)
{
    net_open(&net, 61);
    struct head2_session_config g = net_config(&net, NET_GATEWAY), d = net_config(&net, 0);
    net_gateway(&net, &g, 1);
    net_drone(&net, 0, &d);
    net.end[0].key = net_key(4); /* signs with another key than it claims */
    NET_UNTIL(&net, 3 * SECOND, net.end[0].events[HEAD2_EVENT_REJECTED] != 0);
    CHECK_EQ(head2_session_counters(net.end[NET_GATEWAY].s)[HEAD2_COUNT_BAD_SIG], 1);
    CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_UP], 0);
    net_stop(&net);

    net_start(&net, 62, 1);
    net.end[NET_GATEWAY].key = net_key(5); /* an impostor with the gateway's public key */
    net_run(&net, net.now + 3 * SECOND);
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_UP], 0);
    CHECK(head2_session_counters(net.end[0].s)[HEAD2_COUNT_BAD_SIG] > 0);
    CHECK_EQ(net.end[0].last_alarm.counter, HEAD2_COUNT_BAD_SIG);
    net_stop(&net);
}

/* A gateway that the drone does not look for stays silent, and is not believed. */
static void other_gateway(void)
{
    net_open(&net, 63);
    struct head2_session_config g = net_config(&net, NET_GATEWAY), d = net_config(&net, 0);
    g.pk = net_key(6)->pk;
    net_gateway(&net, &g, 1);
    net_drone(&net, 0, &d);
    net_run(&net, net.now + 3 * SECOND);
    CHECK_EQ(net.end[NET_GATEWAY].datagrams, 0);
    CHECK(head2_session_counters(net.end[NET_GATEWAY].s)[HEAD2_COUNT_BAD_MAC1] > 0);
    net_stop(&net);
}

static void literal_suite(bool drone, bool gateway, bool works)
{
    net_open(&net, 70);
    struct head2_session_config g = net_config(&net, NET_GATEWAY), d = net_config(&net, 0);
    if (drone)
        d.suites[0] = HEAD2_SUITE_L1X4;
    if (gateway) {
        g.suites[0] = HEAD2_SUITE_L1X4;
        g.suites[1] = HEAD2_SUITE_L5;
    }
    net_gateway(&net, &g, 1);
    net_drone(&net, 0, &d);
    net_run(&net, net.now + 2 * SECOND);
    CHECK_EQ(net_both_up(&net, 0), works);
    if (works) {
        CHECK_EQ(net.end[0].last_up.suite, drone ? HEAD2_SUITE_L1X4 : HEAD2_SUITE_L5);
        check_agreement(0);
    } else {
        CHECK(head2_session_counters(net.end[NET_GATEWAY].s)[HEAD2_COUNT_NO_SUITE] > 0);
    }
    net_stop(&net);
}

static void literal_suite_needs_both(void)
{
    literal_suite(true, false, false);
    literal_suite(false, true, true); /* the drone offers CH2-L5 alone, so that is what runs */
    literal_suite(true, true, true);
    literal_suite(false, false, true);
}

/* The offered suites are under both signatures: a changed offer is noticed by its MAC, and by the
 * transcript if the MAC were redone. */
static bool strip_suite(struct net *n, const struct net_packet *p)
{
    uint8_t mkey[2][32], copy[1600];
    struct frame f;

    if (memcmp(p->bytes, wire_magic, 6) != 0 || p->bytes[6] != FRAME_INIT || p->bytes[20] != 0)
        return false;
    memcpy(copy, p->bytes, p->len);
    CHECK(frame_parse(&f, copy, p->len));
    put_be16(copy + FRAME_HEAD + 6, HEAD2_SUITE_L5);
    copy[FRAME_HEAD + 5] = 1;
    put_be16(copy + FRAME_HEAD + 8, 0);
    derive_mac1_keys(mkey, n->end[NET_GATEWAY].key->pk);
    uint8_t mac[64];
    head2_hmac_sha3_512(mac, mkey[D2G], 32, copy, p->len - 16);
    memcpy(copy + p->len - 16, mac, 16);
    net_post(n, p->from, p->to, copy, p->len);
    return true;
}

static void stripped_offer(void)
{
    net_open(&net, 71);
    struct head2_session_config g = net_config(&net, NET_GATEWAY), d = net_config(&net, 0);
    d.suites[0] = g.suites[0] = HEAD2_SUITE_L1X4;
    d.suites[1] = g.suites[1] = HEAD2_SUITE_L5;
    net_gateway(&net, &g, 1);
    net_drone(&net, 0, &d);
    net.filter = strip_suite;
    net_run(&net, net.now + 2 * SECOND);
    CHECK(!net_both_up(&net, 0));
    CHECK(head2_session_counters(net.end[0].s)[HEAD2_COUNT_BAD_BOX] > 0);
    net_stop(&net);
}

/* RESP's first fragment, altered by one who knows the gateway's public key: the drone asks again.
 */
static unsigned poison_left;
static uint16_t poison_at;

static bool poison_resp(struct net *n, const struct net_packet *p)
{
    uint8_t mkey[2][32], copy[1600], mac[64];

    if (memcmp(p->bytes, wire_magic, 6) != 0 || p->bytes[6] != FRAME_RESP || p->bytes[20] != 0 ||
        poison_left == 0)
        return false;
    poison_left--;
    memcpy(copy, p->bytes, p->len);
    copy[FRAME_HEAD + poison_at] ^= 0x55;
    derive_mac1_keys(mkey, n->end[NET_GATEWAY].key->pk);
    head2_hmac_sha3_512(mac, mkey[G2D], 32, copy, p->len - 16);
    memcpy(copy + p->len - 16, mac, 16);
    net_post(n, p->from, p->to, copy, p->len);
    return true;
}

static void poisoned_resp(void)
{
    static const uint16_t places[] = {1, 5, 7, 20, 600}; /* version, suite, flags, random_g, ct */

    for (unsigned i = 0; i < HEAD2_LEN(places); i++) {
        net_start(&net, 72 + i, 1);
        net.filter = poison_resp;
        poison_at = places[i];
        poison_left = 1;
        NET_UNTIL(&net, 2 * SECOND, net_both_up(&net, 0));
        CHECK_EQ(poison_left, 0);
        CHECK_EQ(net.end[0].events[HEAD2_EVENT_ALARM], 0); /* anyone can do this: no evidence */
        check_agreement(0);
        net_stop(&net);
    }
}

static void revived_gateway_is_refused(void)
{
    net_start(&net, 80, 1);
    head2_session_remove_peer(net.end[0].s, 0);
    struct head2_peer_config p = {.pk = net.end[NET_GATEWAY].key->pk,
                                  .addrs = {net.end[NET_GATEWAY].addr},
                                  .n_addrs = 1,
                                  .min_incarnation = 2}; /* the gateway says 1 */
    CHECK_EQ(head2_session_add_peer(net.end[0].s, &net.end[0].peer, &p), HEAD2_OK);
    net_run(&net, net.now + 2 * SECOND);
    CHECK(!net_both_up(&net, 0));
    CHECK(head2_session_counters(net.end[0].s)[HEAD2_COUNT_OLD_INCARNATION] > 0);
    net_stop(&net);
}

/* Somebody who hears the handshake says BUSY to every INIT, and keeps them from the gateway. */
static uint64_t init_id, init_first, init_last, gap_early, gap_late;

static bool busy_for_ever(struct net *n, const struct net_packet *p)
{
    uint8_t mkey[2][32], body[HINT_BYTES], frame[FRAME_OVERHEAD + HINT_BYTES];
    struct frame_spec spec = {.type = FRAME_HINT,
                              .hs_id = be64(p->bytes + 8),
                              .stride = STRIDE_FULL,
                              .msg = body,
                              .msg_len = sizeof body};

    if (memcmp(p->bytes, wire_magic, 6) != 0 || p->bytes[6] != FRAME_INIT)
        return false;
    if (p->bytes[20] == 0 && (init_id == 0 || init_id == spec.hs_id)) {
        uint64_t *gap = n->now - init_first < 10 * SECOND ? &gap_early : &gap_late;
        if (init_id != 0 && n->now - init_last > *gap)
            *gap = n->now - init_last;
        init_first = init_id == 0 ? n->now : init_first;
        init_id = spec.hs_id;
        init_last = n->now;
    }
    derive_mac1_keys(mkey, n->end[NET_GATEWAY].key->pk);
    spec.mkey = mkey[G2D];
    put_be16(body, HINT_BUSY);
    put_be32(body + 2, 60000);
    const size_t len = frame_build(frame, &spec, 0);
    net_post(n, NET_GATEWAY, p->from, frame, len);
    return true;
}

static void busy_holds_for_ten_seconds(void)
{
    init_id = gap_early = gap_late = 0;
    net_open(&net, 90);
    struct head2_session_config g = net_config(&net, NET_GATEWAY), d = net_config(&net, 0);
    net_gateway(&net, &g, 1);
    net_drone(&net, 0, &d);
    net.filter = busy_for_ever;
    net_run(&net, net.now + 25 * SECOND);
    CHECK(gap_early >= 4 * SECOND && gap_early <= 5 * SECOND + 10000);
    CHECK(gap_late != 0 && gap_late <= 2 * SECOND);
    net.filter = NULL;
    NET_UNTIL(&net, 6 * SECOND, net_both_up(&net, 0));
    net_stop(&net);
}

/* New settings come in the midst of a handshake: both ends go by what they have said to each other.
 */
static bool settings_when_auth(struct net *n, const struct net_packet *p)
{
    if (memcmp(p->bytes, wire_magic, 6) != 0 || p->bytes[6] != FRAME_AUTH || n->arg != 0)
        return false;
    n->arg = 1;
    for (int end = 0; end <= NET_GATEWAY; end += NET_GATEWAY) {
        struct head2_session_config c = net_config(n, end);
        c.rotate_seconds = end == 0 ? 7 : 9;
        c.rotate_bytes = 5000000;
        c.mac_only_rotation = end == 0;
        c.no_overlap = true;
        CHECK_EQ(head2_session_reconfigure(n->end[end].s, &c), HEAD2_OK);
    }
    return false;
}

static void settings_change_in_the_middle(void)
{
    net_open(&net, 91);
    struct head2_session_config g = net_config(&net, NET_GATEWAY), d = net_config(&net, 0);
    g.mac_only_rotation = true;
    d.rotate_seconds = 30;
    net_gateway(&net, &g, 1);
    net_drone(&net, 0, &d);
    net.filter = settings_when_auth;
    net_run(&net, net.now + SECOND);
    CHECK(net.arg == 1 && net_both_up(&net, 0));
    const struct tunnel *at_d = tunnel_of_peer(net.end[0].s, 0),
                        *at_g = tunnel_of_peer(net.end[NET_GATEWAY].s, net.peer_of[0]);
    CHECK_EQ(at_d->params.rot_seconds, 30);
    CHECK_EQ(at_d->params.rot_bytes, 100000000);
    CHECK_EQ(at_d->params.overlap, 5);
    CHECK_EQ(at_d->params.flags, 0);
    CHECK_MEM(&at_d->params, &at_g->params, sizeof at_d->params);
    net_stop(&net);
}

static enum head2_status no_random(void *arg, void *out, size_t len)
{
    (void)arg;
    memset(out, 0, len);
    return HEAD2_E_ENTROPY;
}

/* Without randomness there is no handshake, and no rotation but by the ratchet. */
static void random_fails(void)
{
    net_start(&net, 81, 1);
    NET_UNTIL(&net, SECOND, net_both_up(&net, 0));
    net.end[0].s->config.random = no_random;
    for (unsigned i = 0; i < 1500; i++) {
        CHECK_EQ(net_say(&net, 0, NET_GATEWAY, 0, "x", 1), HEAD2_OK);
        net_run(&net, net.now + 100000);
    }
    CHECK_EQ(net.end[NET_GATEWAY].received[0], 1500);
    CHECK_EQ(net.end[0].ratchets, 2);
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_ROTATED], 2);
    CHECK(head2_session_counters(net.end[0].s)[HEAD2_COUNT_RNG_FAIL] > 0);
    head2_session_free(net.end[0].s);
    struct head2_session_config d = net_config(&net, 0);
    d.random = no_random;
    CHECK(head2_session_new(&net.end[0].s, &d, net.now) == HEAD2_E_ENTROPY);
    net_stop(&net);
}

/* A restarted drone gets a new session at once, and the old one is put away. */
static void drone_restarts(void)
{
    net_start(&net, 82, 1);
    NET_UNTIL(&net, SECOND, net_both_up(&net, 0));
    for (int i = 0; i < 5; i++) {
        head2_session_free(net.end[0].s);
        net.end[0].s = NULL;
        net_run(&net, net.now + 100000);
        struct head2_session_config d = net_config(&net, 0);
        net_drone(&net, 0, &d);
        uint64_t ups = net.end[NET_GATEWAY].events[HEAD2_EVENT_UP];
        NET_UNTIL(&net, 2 * SECOND, net.end[NET_GATEWAY].events[HEAD2_EVENT_UP] > ups);
        net_run(&net, net.now + 100000);
        check_agreement(0);
    }
    net_run(&net, net.now + 3 * SECOND);
    unsigned used = 0;
    for (unsigned i = 0; i < net.end[NET_GATEWAY].s->max_tunnels; i++)
        used += net.end[NET_GATEWAY].s->tunnels[i].used;
    CHECK_EQ(used, 1);
    net_stop(&net);
}

static void gateway_restarts(void)
{
    net_start(&net, 83, 2);
    NET_UNTIL(&net, SECOND, net_both_up(&net, 0) && net_both_up(&net, 1));
    head2_session_free(net.end[NET_GATEWAY].s);
    net.end[NET_GATEWAY].s = NULL;
    net_run(&net, net.now + 300000);
    struct head2_session_config g = net_config(&net, NET_GATEWAY);
    g.incarnation = 2;
    net_gateway(&net, &g, 2);
    NET_UNTIL(&net, 2 * SECOND, net_both_up(&net, 0) && net_both_up(&net, 1));
    check_agreement(0);
    check_agreement(1);
    net_stop(&net);
}

int main(void)
{
    RUN(loss_0);
    RUN(loss_5);
    RUN(loss_10);
    RUN(loss_20);
    RUN(loss_40);
    RUN(small_datagrams_only);
    RUN(lost_answers);
    RUN(replayed_and_reflected);
    RUN(spoofed_flood);
    RUN(silent_to_strangers);
    RUN(stranger_is_rejected);
    RUN(key_seeds_are_drawn_apart);
    RUN(wrong_private_key);
    RUN(other_gateway);
    RUN(literal_suite_needs_both);
    RUN(stripped_offer);
    RUN(poisoned_resp);
    RUN(revived_gateway_is_refused);
    RUN(busy_holds_for_ten_seconds);
    RUN(settings_change_in_the_middle);
    RUN(random_fails);
    RUN(drone_restarts);
    RUN(gateway_restarts);
    free(tape);
    CHECK_EXIT();
}
