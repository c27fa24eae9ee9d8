/*
 * An address that changes while a session lives, and everybody who would like to change it: replays
 * and junk from elsewhere, relays that are quicker than the path, answers from the wrong place.
 */
#include "session/net.h"

#include "session/state.h"

#define ASK_BYTES 48 /* a challenge or an answer on the wire */

static struct net net;

static struct head2_address place(uint8_t i) /* not of any end */
{
    struct head2_address a = net_addr(0);

    a.ip[14] = 9;
    a.ip[15] = i;
    return a;
}

static struct head2_session *gateway(void)
{
    return net.end[NET_GATEWAY].s;
}

static struct tunnel *at_gateway(void)
{
    return tunnel_of_peer(gateway(), net.peer_of[0]);
}

static uint64_t counted(int end, enum head2_counter what)
{
    return head2_session_counters(net.end[end].s)[what];
}

static bool is_at(const struct head2_address *a)
{
    return net_same(&at_gateway()->address, a);
}

static void start(void)
{
    net_start(&net, 31, 1);
    NET_UNTIL(&net, 2 * SECOND, net_both_up(&net, 0));
    net_run(&net, net.now + 300 * MS);
}

/* The session of the beginning is the one that still lives, and nobody doubted it. */
static void check_lives(void)
{
    CHECK(net_both_up(&net, 0));
    for (int end = 0; end <= NET_GATEWAY; end += NET_GATEWAY) {
        CHECK_EQ(net.end[end].events[HEAD2_EVENT_UP], 1);
        CHECK_EQ(net.end[end].events[HEAD2_EVENT_DOWN], 0);
        CHECK_EQ(net.end[end].events[HEAD2_EVENT_SUSPECT], 0);
    }
}

/* Data on lanes 0 and 1, both ways, every 10 ms. */
static void fly(uint64_t duration)
{
    static const uint8_t payload[200];

    for (uint64_t until = net.now + duration; net.now < until; net_run(&net, net.now + 10 * MS))
        for (uint8_t lane = 0; lane < 2; lane++) {
            CHECK_EQ(net_say(&net, 0, NET_GATEWAY, lane, payload, sizeof payload), HEAD2_OK);
            CHECK_EQ(net_say(&net, NET_GATEWAY, 0, lane, payload, sizeof payload), HEAD2_OK);
        }
    net_run(&net, net.now + 5 * MS);
}

static uint64_t lost(int from, int to, unsigned lane)
{
    return net.end[from].sent[lane] - net.end[to].received[lane];
}

/* A box on the way gives the drone another port, in the middle of everything. */
static void rebinding(void)
{
    const struct head2_address old = net_addr(0);
    struct head2_address new = old;

    start();
    fly(500 * MS);
    CHECK_EQ(lost(0, NET_GATEWAY, 0) + lost(NET_GATEWAY, 0, 0) + lost(NET_GATEWAY, 0, 1), 0);
    new.port = 60001;
    net.end[0].addr = new;
    fly(900 * MS);
    CHECK(is_at(&old));
    fly(200 * MS);
    CHECK(is_at(&new));
    const uint64_t urgent = lost(NET_GATEWAY, 0, 0), video = lost(NET_GATEWAY, 0, 1);
    CHECK(urgent > 0 && urgent <= 32); /* of 300 ms */
    CHECK(video > 90 && video <= 103); /* of a second */
    fly(2 * SECOND);
    CHECK_EQ(lost(NET_GATEWAY, 0, 0), urgent); /* and nothing since */
    CHECK_EQ(lost(NET_GATEWAY, 0, 1), video);
    CHECK_EQ(lost(0, NET_GATEWAY, 0) + lost(0, NET_GATEWAY, 1), 0);
    check_lives();
    CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_MOVED], 1);
    CHECK(net_same(&net.end[NET_GATEWAY].last_move.from, &old));
    CHECK(net_same(&net.end[NET_GATEWAY].last_move.to, &new));
    CHECK_EQ(counted(NET_GATEWAY, HEAD2_COUNT_PATH_TRIED), 1);
    CHECK_EQ(counted(NET_GATEWAY, HEAD2_COUNT_PATH_MOVED), 1);
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_MOVED], 0);
    net_stop(&net);
}

/* Ten moves under loss, reordering and duplicates: the session of the beginning is there. */
static void many_moves(void)
{
    start();
    net.loss = 0.05;
    net.duplicate = 0.05;
    net.delay_max = 60 * MS;
    for (uint8_t i = 1; i <= 10; i++) {
        net.end[0].addr = place(i);
        NET_UNTIL(&net, 5 * SECOND, is_at(&net.end[0].addr));
        fly(500 * MS);
    }
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_UP], 1);
    CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_MOVED], 10);
    net_stop(&net);
}

/* ---- what goes where, as the wire shows it ---- */

static struct {
    struct head2_address new;
    struct net_packet last; /* to the address in use */
    uint64_t began, to_new, twice, asked_new, asked_old;
} seen;

static void watch(struct net *n, const struct net_packet *p)
{
    if (p->from != NET_GATEWAY || is_at(&seen.new))
        return;
    if (!net_same(&p->dest, &seen.new)) {
        seen.asked_old += p->len == ASK_BYTES;
        seen.last = *p;
        return;
    }
    seen.to_new += p->len;
    if (p->len == ASK_BYTES && (seen.last.len != p->len || memcmp(seen.last.bytes, p->bytes, 12))) {
        seen.asked_new++;
        return;
    }
    CHECK(n->now - seen.began >= PATH_SILENCE - 251 * MS);
    CHECK_EQ(p->len, seen.last.len);
    CHECK_MEM(p->bytes, seen.last.bytes, p->len); /* the same datagram: no nonce serves twice */
    seen.twice++;
}

static void watch_move_to(const struct head2_address *new)
{
    memset(&seen, 0, sizeof seen);
    seen.new = *new;
    seen.began = net.now;
    net.tap = watch;
    net.end[0].addr = *new;
}

/* While nothing is proven telemetry and control go to both addresses, video to the old one. */
static void urgent_to_both(void)
{
    const struct head2_address new = place(1);
    static const uint8_t payload[100];
    struct head2_session_packets out;

    start();
    watch_move_to(&new);
    fly(700 * MS);
    CHECK(seen.twice >= 40 && at_gateway()->path.probing);
    CHECK_EQ(head2_session_send(gateway(), net.now, net.peer_of[0], 0, payload, 100, &out),
             HEAD2_OK);
    CHECK(out.n == 1 && out.n_also == 1 && net_same(&out.also, &new) && is_at(&out.to));
    CHECK_EQ(head2_session_send(gateway(), net.now, net.peer_of[0], 1, payload, 100, &out),
             HEAD2_OK);
    CHECK(out.n == 1 && out.n_also == 0);
    fly(400 * MS);
    CHECK(is_at(&new));
    CHECK_EQ(head2_session_send(gateway(), net.now, net.peer_of[0], 0, payload, 100, &out),
             HEAD2_OK);
    CHECK(out.n == 1 && out.n_also == 0 && net_same(&out.to, &new));
    net_stop(&net);
}

/* An address that has not answered gets three times what came from it, at most. */
static void amplification(void)
{
    const struct head2_address new = place(1);
    static const uint8_t payload[1000];
    uint64_t from_new = 0;

    start();
    struct tunnel *t = at_gateway();
    watch_move_to(&new);
    for (unsigned i = 0; i < 95; i++) {
        if (i == 0) { /* 28 bytes, and nothing more but keepalives */
            CHECK_EQ(net_say(&net, 0, NET_GATEWAY, 3, NULL, 0), HEAD2_OK);
            from_new += 28;
        }
        CHECK_EQ(net_say(&net, NET_GATEWAY, 0, 0, payload, sizeof payload), HEAD2_OK);
        net_run(&net, net.now + 10 * MS);
        CHECK(seen.to_new <= 3 * t->path.rx);
        CHECK_EQ(seen.to_new, t->path.tx);
    }
    CHECK(t->path.rx >= from_new && t->path.probing);
    CHECK(seen.to_new > 0 && 3 * t->path.rx < 60 * sizeof payload); /* there was more to send */
    net_stop(&net);
}

/* ---- attackers ---- */

static struct net_packet tape[4000];
static unsigned taped;

static void record(struct net *n, const struct net_packet *p)
{
    (void)n;
    if (taped < HEAD2_LEN(tape) && memcmp(p->bytes, wire_magic, sizeof wire_magic) != 0)
        tape[taped++] = *p;
}

/* All that was said, again and from elsewhere; and the same with a bit turned. */
static void replayed_and_spoofed(void)
{
    const struct head2_address evil = place(66);

    start();
    taped = 0;
    net.tap = record;
    fly(500 * MS);
    net.tap = NULL;
    CHECK(taped > 100);
    for (unsigned i = 0; i < taped; i++) {
        net_post_from(&net, &evil, tape[i].to, tape[i].bytes, tape[i].len);
        tape[i].bytes[11] ^= 64; /* a number that is still to come */
        net_post_from(&net, &evil, tape[i].to, tape[i].bytes, tape[i].len);
        net_run(&net, net.now + MS);
    }
    for (int end = 0; end <= NET_GATEWAY; end += NET_GATEWAY) {
        CHECK(counted(end, HEAD2_COUNT_DUP) > 50 && counted(end, HEAD2_COUNT_AEAD_FAIL) > 50);
        CHECK_EQ(counted(end, HEAD2_COUNT_PATH_TRIED), 0);
    }
    CHECK(is_at(&net.end[0].addr));
    check_lives();
    net_stop(&net);
}

static struct net_packet withheld;

static bool withhold(struct net *n, const struct net_packet *p)
{
    if (p->from != 0 || n->arg == 0)
        return false;
    n->arg = 0;
    withheld = *p;
    return true;
}

/* Authentic and never seen, and yet of the past: it says nothing about where the drone is. */
static void held_back(void)
{
    const struct head2_address evil = place(66);

    start();
    net.filter = withhold;
    net.arg = 1;
    CHECK_EQ(net_say(&net, 0, NET_GATEWAY, 1, "first", 5), HEAD2_OK);
    CHECK_EQ(net_say(&net, 0, NET_GATEWAY, 1, "second", 6), HEAD2_OK);
    net_run(&net, net.now + 10 * MS);
    const uint64_t before = net.end[NET_GATEWAY].received[1];
    net_post_from(&net, &evil, NET_GATEWAY, withheld.bytes, withheld.len);
    net_run(&net, net.now + 10 * MS);
    CHECK_EQ(net.end[NET_GATEWAY].received[1], before + 1);
    CHECK_EQ(counted(NET_GATEWAY, HEAD2_COUNT_PATH_TRIED), 0);
    net_stop(&net);
}

/* A relay that is quicker than the path. It forwards to the gateway what `mask` says of the drone's
 * datagrams, and to the drone what is sent to itself. */
enum { RELAY_DATA = 1, RELAY_ANSWERS = 2, RELAY_BACK = 4 };

static bool relay(struct net *n, const struct net_packet *p)
{
    const struct head2_address evil = place(66);
    const uint64_t kept[2] = {n->delay_min, n->delay_max};
    const bool answer = p->len == ASK_BYTES;

    if (p->from == 0 && (n->arg & (answer ? RELAY_ANSWERS : RELAY_DATA)) != 0) {
        n->delay_min = n->delay_max = 500;
        net_post_from(n, &evil, NET_GATEWAY, p->bytes, p->len);
        n->delay_min = kept[0];
        n->delay_max = kept[1];
    }
    return false;
}

static void relay_back(struct net *n, const struct net_packet *p)
{
    const struct head2_address evil = place(66);

    if (p->from == NET_GATEWAY && p->to < 0 && net_same(&p->dest, &evil) &&
        (n->arg & RELAY_BACK) != 0)
        net_post_from(n, &evil, 0, p->bytes, p->len);
}

static void relayed(uint64_t mask)
{
    start();
    net.delay_min = net.delay_max = 2 * MS;
    net.filter = relay;
    net.tap = relay_back;
    net.arg = mask;
    fly(3 * SECOND);
}

/* It wins each race but that of the answer: the old path is shown to live, and is kept. */
static void relay_of_data(void)
{
    relayed(RELAY_DATA | RELAY_BACK);
    CHECK(is_at(&net.end[0].addr));
    CHECK(counted(NET_GATEWAY, HEAD2_COUNT_PATH_KEPT) >= 2);
    CHECK(counted(NET_GATEWAY, HEAD2_COUNT_PATH_TRIED) <= 4); /* in three seconds: one in each */
    CHECK_EQ(counted(NET_GATEWAY, HEAD2_COUNT_PATH_MOVED), 0);
    CHECK_EQ(lost(0, NET_GATEWAY, 0) + lost(NET_GATEWAY, 0, 0) + lost(NET_GATEWAY, 0, 1), 0);
    check_lives();
    net_stop(&net);
}

/* It keeps the challenge for itself. */
static void relay_one_way(void)
{
    relayed(RELAY_DATA | RELAY_ANSWERS);
    CHECK(is_at(&net.end[0].addr));
    CHECK_EQ(counted(NET_GATEWAY, HEAD2_COUNT_PATH_MOVED), 0);
    CHECK(counted(NET_GATEWAY, HEAD2_COUNT_PATH_UNPROVEN) >= 2);
    CHECK_EQ(lost(NET_GATEWAY, 0, 0) + lost(NET_GATEWAY, 0, 1), 0);
    check_lives();
    net_stop(&net);
}

/* Whoever wins every race is the path, as any router is. When he stops, it comes back by itself. */
static void relay_of_everything(void)
{
    const struct head2_address evil = place(66);

    relayed(RELAY_DATA | RELAY_ANSWERS | RELAY_BACK);
    CHECK(is_at(&evil));
    CHECK_EQ(lost(0, NET_GATEWAY, 0) + lost(NET_GATEWAY, 0, 0) + lost(NET_GATEWAY, 0, 1), 0);
    net.arg = 0;
    fly(1200 * MS);
    CHECK(is_at(&net.end[0].addr));
    fly(SECOND);
    check_lives();
    net_stop(&net);
}

/* ---- challenges ---- */

static unsigned drop_asks;

static bool lose_asks(struct net *n, const struct net_packet *p)
{
    (void)n;
    if (p->from != NET_GATEWAY || p->len != ASK_BYTES || drop_asks == 0)
        return false;
    drop_asks--;
    return true;
}

static void challenges_lost(void)
{
    const struct head2_address new = place(1);

    start();
    net.filter = lose_asks; /* those to the old address are lost anyway */
    drop_asks = 2;
    watch_move_to(&new);
    fly(1100 * MS);
    CHECK(is_at(&new));
    CHECK_EQ(seen.asked_new, 3);
    CHECK_EQ(seen.asked_old, 3);
    drop_asks = 3; /* all of the first probe: the second brings it */
    net.end[0].addr = place(2);
    seen.new = place(2);
    fly(1100 * MS);
    CHECK(is_at(&new));
    CHECK_EQ(counted(NET_GATEWAY, HEAD2_COUNT_PATH_UNPROVEN), 1);
    fly(1100 * MS);
    CHECK(is_at(&seen.new));
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_UP], 1);
    net_stop(&net);
}

static void answers_twice(void)
{
    start();
    net.duplicate = 1.0;
    net.end[0].addr = place(1);
    fly(1200 * MS);
    CHECK(is_at(&net.end[0].addr));
    CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_MOVED], 1);
    check_lives();
    net_stop(&net);
}

/* What is asked at one address and answered from another proves neither. */
static void answered_from_elsewhere(void)
{
    start();
    net.end[0].addr = net.end[0].also = place(1);
    CHECK_EQ(net_say(&net, 0, NET_GATEWAY, 0, "x", 1), HEAD2_OK);
    net.end[0].addr = place(2); /* and still hears what is sent to 1 */
    net_run(&net, net.now + 900 * MS);
    CHECK(at_gateway()->path.probing && net_same(&at_gateway()->path.to, &net.end[0].also));
    net_run(&net, net.now + 300 * MS);
    CHECK_EQ(counted(NET_GATEWAY, HEAD2_COUNT_PATH_MOVED), 0);
    CHECK_EQ(counted(NET_GATEWAY, HEAD2_COUNT_PATH_UNPROVEN), 1);
    net_run(&net, net.now + 1200 * MS);
    CHECK(is_at(&net.end[0].addr)); /* 2 can answer for itself */
    net_stop(&net);
}

/* A drone that can be reached at both, and answers from the old one: it is there. */
static void old_path_answers(void)
{
    start();
    net.end[0].also = place(1);
    net.filter = withhold;
    net.arg = 1;
    CHECK_EQ(net_say(&net, 0, NET_GATEWAY, 0, "x", 1), HEAD2_OK);
    net_post_from(&net, &net.end[0].also, NET_GATEWAY, withheld.bytes, withheld.len);
    fly(1200 * MS);
    CHECK_EQ(counted(NET_GATEWAY, HEAD2_COUNT_PATH_TRIED), 1);
    CHECK_EQ(counted(NET_GATEWAY, HEAD2_COUNT_PATH_KEPT), 1);
    CHECK(is_at(&net.end[0].addr));
    check_lives();
    net_stop(&net);
}

/* ---- the drone's side ---- */

/* A gateway is moved within the list that the drone was given, and never off it. */
static void drone_keeps_to_its_list(void)
{
    net_open(&net, 32);
    struct head2_session_config g = net_config(&net, NET_GATEWAY), d = net_config(&net, 0);
    struct head2_peer_config p = {
        .pk = net.end[NET_GATEWAY].key->pk,
        .addrs = {net.end[NET_GATEWAY].addr, place(1)},
        .n_addrs = 2
    };
    net_gateway(&net, &g, 1);
    CHECK_EQ(head2_session_new(&net.end[0].s, &d, net.now), HEAD2_OK);
    CHECK_EQ(head2_session_add_peer(net.end[0].s, &net.end[0].peer, &p), HEAD2_OK);
    NET_UNTIL(&net, 2 * SECOND, net_both_up(&net, 0));
    net_run(&net, net.now + 300 * MS);
    const struct tunnel *t = tunnel_of_peer(net.end[0].s, 0);
    net.end[NET_GATEWAY].also = net.end[NET_GATEWAY].addr;
    net.end[NET_GATEWAY].addr = place(66); /* not on the list; the old one still hears */
    fly(1300 * MS);
    CHECK_EQ(counted(0, HEAD2_COUNT_PATH_TRIED), 0);
    CHECK(net_same(&t->address, &net.end[NET_GATEWAY].also));
    net.end[NET_GATEWAY].addr = place(1);
    fly(1300 * MS);
    CHECK(net_same(&t->address, &net.end[NET_GATEWAY].addr));
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_MOVED], 1);
    check_lives();
    net_stop(&net);
}

/* After a move tags change, at the first quiet moment; and not at every challenge. */
static void new_key_after_a_move(void)
{
    start();
    net_run(&net, net.now + 6 * SECOND);
    CHECK_EQ(epoch_gen(at_gateway()->tx.epoch), 0);
    net.end[0].addr = place(1);
    net_run(&net, net.now + 2 * SECOND);
    CHECK_EQ(epoch_gen(at_gateway()->tx.epoch), 1);
    CHECK_EQ(net.end[0].rotated[HEAD2_CAUSE_PATH], 1);
    CHECK_EQ(net.end[NET_GATEWAY].rotated[HEAD2_CAUSE_PATH], 1);
    for (uint8_t i = 2; i < 5; i++) {
        net.end[0].addr = place(i);
        net_run(&net, net.now + 1500 * MS);
    }
    CHECK(epoch_gen(at_gateway()->tx.epoch) <= 2);
    check_lives();
    net_stop(&net);
}

static enum head2_status no_random(void *arg, void *out, size_t len)
{
    (void)arg;
    memset(out, 0, len);
    return HEAD2_E_ENTROPY;
}

/* No challenge that could be guessed, and none for a session that ends. */
static void no_challenge(void)
{
    start();
    gateway()->config.random = no_random;
    net.end[0].addr = place(1);
    net_run(&net, net.now + 300 * MS);
    CHECK_EQ(counted(NET_GATEWAY, HEAD2_COUNT_PATH_TRIED), 0);
    CHECK(counted(NET_GATEWAY, HEAD2_COUNT_RNG_FAIL) > 0);
    gateway()->config.random = net_random;
    tunnel_close(gateway(), at_gateway(), CLOSE_NORMAL);
    net_run(&net, net.now + 300 * MS);
    CHECK_EQ(counted(NET_GATEWAY, HEAD2_COUNT_PATH_TRIED), 0);
    net_stop(&net);
}

int main(void)
{
    RUN(rebinding);
    RUN(many_moves);
    RUN(urgent_to_both);
    RUN(amplification);
    RUN(replayed_and_spoofed);
    RUN(held_back);
    RUN(relay_of_data);
    RUN(relay_one_way);
    RUN(relay_of_everything);
    RUN(challenges_lost);
    RUN(answers_twice);
    RUN(answered_from_elsewhere);
    RUN(old_path_answers);
    RUN(drone_keeps_to_its_list);
    RUN(new_key_after_a_move);
    RUN(no_challenge);
    CHECK_EXIT();
}
