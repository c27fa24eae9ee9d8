/*
 * Several plaintexts in one call: two networks that begin alike, one that seals one by one and one
 * that seals in calls of several, stay the same to the last byte, whatever happens between.
 */
#include "session/net.h"

#include "gateway/ipsec_mb.h"
#include "session/state.h"

#define ROUNDS 600
#define NONCES (ROUNDS * 2 * HEAD2_SESSION_MANY)

static struct net nets[2]; /* one by one; several in a call */
static uint64_t seed;
static uint8_t payload[HEAD2_SESSION_MANY][1500];
static bool deaf; /* nothing reaches the drone */

static struct head2_session_item items[2][HEAD2_SESSION_MANY];
static uint8_t place[HEAD2_SESSION_MANY][2000];
static struct head2_session_packets packets[2][HEAD2_SESSION_MANY];
static uint8_t kept[2 * HEAD2_SESSION_MANY][1500]; /* what was sealed one by one */

static uint8_t nonces[NONCES][12];
static size_t n_nonces;

static bool to_drone(struct net *n, const struct net_packet *p)
{
    (void)n;
    return deaf && p->from == NET_GATEWAY;
}

static void start(uint16_t suite, uint64_t rotate_bytes)
{
    deaf = false;
    n_nonces = 0;
    seed++;
    for (unsigned k = 0; k < 2; k++) {
        struct net *n = &nets[k];
        net_open(n, seed);
        struct head2_session_config g = net_config(n, NET_GATEWAY), d = net_config(n, 0);
        g.rotate_bytes = d.rotate_bytes = rotate_bytes;
        g.suites[0] = d.suites[0] = suite;
        net_gateway(n, &g, 1);
        net_drone(n, 0, &d);
        NET_UNTIL(n, SECOND, net_both_up(n, 0));
        net_run(n, n->now + 50000);
        n->filter = to_drone;
    }
}

static void stop(void)
{
    net_stop(&nets[0]);
    net_stop(&nets[1]);
}

static uint32_t draw_below(uint32_t n)
{
    static uint64_t x = 7;

    x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(x >> 33) % n;
}

static void item(unsigned i, unsigned lane, size_t len)
{
    for (size_t k = 0; k < len && k < sizeof payload[i]; k++)
        payload[i][k] = (uint8_t)draw_below(256);
    for (unsigned k = 0; k < 2; k++)
        items[k][i] = (struct head2_session_item){.bytes = len != 0 ? payload[i] : NULL,
                                                  .len = len,
                                                  .packets = &packets[k][i],
                                                  .st = HEAD2_E_IO,
                                                  .lane = (uint8_t)lane};
    items[1][i].place = i % 2 != 0 ? place[i] : NULL;
}

static void seal_one_by_one(unsigned n)
{
    struct net_end *d = &nets[0].end[0];

    for (unsigned i = 0; i < n; i++) {
        struct head2_session_item *a = &items[0][i];
        a->st =
            head2_session_send(d->s, nets[0].now, d->peer, a->lane, a->bytes, a->len, a->packets);
        for (unsigned k = 0; k < a->packets->n; k++) {
            memcpy(kept[2 * i + k], a->packets->bytes[k], a->packets->len[k]);
            a->packets->bytes[k] = kept[2 * i + k];
            memcpy(nonces[n_nonces++], kept[2 * i + k], 12);
        }
    }
}

static enum head2_status seal_in_one_call(unsigned n)
{
    struct net_end *d = &nets[1].end[0];

    return head2_session_send_many(d->s, nets[1].now, d->peer, items[1], n);
}

/* Seal n items both ways, compare, and send what came out. */
static void both_ways(unsigned n)
{
    seal_one_by_one(n);
    const enum head2_status st = seal_in_one_call(n);
    enum head2_status first = HEAD2_OK;

    for (unsigned i = n; i > 0; i--)
        first = items[0][i - 1].st != HEAD2_OK ? items[0][i - 1].st : first;
    CHECK_EQ(st, first);
    for (unsigned i = 0; i < n; i++) {
        const struct head2_session_packets *a = items[0][i].packets, *b = items[1][i].packets;
        CHECK_EQ(items[0][i].st, items[1][i].st);
        CHECK_EQ(a->n, b->n);
        CHECK((a->n != 0) == (items[0][i].st == HEAD2_OK));
        CHECK(same_address(&a->to, &b->to));
        if (b->n != 0 && items[1][i].place != NULL) {
            CHECK(b->bytes[0] == place[i]);
            CHECK_EQ(place[i][b->len[0]], 0); /* and nothing is written behind it */
        }
        for (unsigned k = 0; k < a->n; k++) {
            CHECK_EQ(a->len[k], items[0][i].len + HEAD2_SESSION_OVERHEAD);
            CHECK_EQ(a->len[k], b->len[k]);
            CHECK_MEM(a->bytes[k], b->bytes[k], a->len[k]);
        }
    }
    for (unsigned w = 0; w < 2; w++)
        for (unsigned i = 0; i < n; i++) {
            const struct head2_session_packets *p = items[w][i].packets;
            for (unsigned k = 0; k < p->n; k++)
                net_send(&nets[w], 0, &p->to, p->bytes[k], p->len[k]);
            nets[w].end[0].sent[items[w][i].lane % 4] += p->n != 0;
        }
    memset(place, 0, sizeof place);
    net_pump(&nets[0], 0);
    net_pump(&nets[1], 0);
}

static void pass(uint64_t us)
{
    net_run(&nets[0], nets[0].now + us);
    net_run(&nets[1], nets[1].now + us);
}

static void expect_alike(void)
{
    struct head2_peer_info info[2];

    memset(info, 0, sizeof info);
    for (unsigned k = 0; k < 2; k++)
        CHECK_EQ(head2_session_peer_info(nets[k].end[0].s, nets[k].now, 0, &info[k]), HEAD2_OK);
    CHECK_MEM(info[0].tx_packets, info[1].tx_packets, sizeof info[0].tx_packets);
    CHECK_MEM(info[0].rotations, info[1].rotations, sizeof info[0].rotations);
    CHECK_EQ(info[0].tx_bytes, info[1].tx_bytes);
    CHECK_EQ(info[0].epoch_bytes, info[1].epoch_bytes);
    CHECK_EQ(info[0].twins, info[1].twins);
    for (int end = 0; end <= NET_GATEWAY; end += NET_GATEWAY)
        CHECK_MEM(head2_session_counters(nets[0].end[end].s),
                  head2_session_counters(nets[1].end[end].s), HEAD2_COUNTERS * sizeof(uint64_t));
}

static void expect_all_received_once(void)
{
    for (unsigned k = 0; k < 2; k++)
        for (unsigned lane = 0; lane < 4; lane++)
            CHECK_EQ(nets[k].end[NET_GATEWAY].received[lane], nets[k].end[0].sent[lane]);
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 12);
}

static void expect_no_nonce_twice(void)
{
    qsort(nonces, n_nonces, 12, by_bytes);
    for (size_t i = 1; i < n_nonces; i++)
        CHECK(memcmp(nonces[i - 1], nonces[i], 12) != 0);
}

/* Both drones send under a new key from here on, and for a while under the old one too. */
static void switch_keys(void)
{
    for (unsigned k = 0; k < 2; k++) {
        struct tunnel *t = tunnel_of_peer(nets[k].end[0].s, 0);
        CHECK(t->tx.heard);
        epoch_arm(nets[k].end[0].s, t);
        CHECK(t->prev.used && !t->tx.heard);
    }
}

/* ---- everything at once ---- */

static void random_calls(uint16_t suite, bool few_schedules)
{
    unsigned outcomes[32] = {0};

    start(suite, 1000000); /* new keys in the midst of calls */
    if (few_schedules) {   /* as if all keys fell into one set of the table: four at a time */
        struct ciphers *c = &nets[1].end[0].s->ciphers;
        ciphers_free(c);
        CHECK_EQ(ciphers_init(c, 1), HEAD2_OK);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        deaf = round >= 200 && round < 480; /* two keys full and no third: sending pauses */
        const unsigned n = deaf ? HEAD2_SESSION_MANY : draw_below(HEAD2_SESSION_MANY + 1);
        for (unsigned i = 0; i < n; i++)
            item(i, draw_below(60) == 0 ? 4 : draw_below(4),
                 draw_below(40) == 0 ? 1173 + draw_below(300)
                 : deaf              ? 1172
                                     : draw_below(1173));
        if (round % 40 == 39 && !deaf)
            switch_keys();
        both_ways(n);
        for (unsigned i = 0; i < n; i++)
            outcomes[-items[1][i].st] += 1;
        pass(round == 480 ? SECOND : 3000);
    }
    pass(100000);
    expect_alike();
    expect_all_received_once();
    expect_no_nonce_twice();
    CHECK(outcomes[0] > 1000 && outcomes[-HEAD2_E_ARG] > 0 && outcomes[-HEAD2_E_LIMIT] > 0 &&
          outcomes[-HEAD2_E_POLICY] > 0);
    CHECK(tunnel_of_peer(nets[1].end[0].s, 0)->twins > 100);
    stop();
}

static void like_one_by_one(void)
{
    random_calls(HEAD2_SUITE_L5, false);
}

static void like_one_by_one_with_four_schedules(void)
{
    random_calls(HEAD2_SUITE_L5, true);
}

static void like_one_by_one_l1x4(void)
{
    random_calls(HEAD2_SUITE_L1X4, false);
}

/* ---- a key goes in the midst of a call ---- */

/* Five twins a lane, twenty in all: the third call of eight sees the old key erased half way. */
static void overlap_ends_in_a_call(void)
{
    unsigned sealed = 0;

    start(HEAD2_SUITE_L5, 100000000);
    switch_keys();
    struct tunnel *t = tunnel_of_peer(nets[1].end[0].s, 0);
    CHECK(t->prev.used);
    for (unsigned call = 0; call < 3; call++) {
        for (unsigned i = 0; i < 8; i++)
            item(i, i % 4, 100 + 50 * i);
        both_ways(8);
        for (unsigned i = 0; i < 8; i++, sealed++)
            CHECK_EQ(packets[1][i].n, sealed < 20 ? 2 : 1);
    }
    CHECK(!t->prev.used);
    pass(50000);
    expect_alike();
    expect_all_received_once();
    stop();
}

/* The key fills up while the one before is still sent under: packets wait for both, and both go one
 * step further down. */
static void switch_in_an_overlap(void)
{
    start(HEAD2_SUITE_L5, 100000000);
    switch_keys();
    net_pump(&nets[0], 0); /* which tells the gateway, */
    net_pump(&nets[1], 0);
    pass(20000); /* and it answers */
    for (unsigned k = 0; k < 2; k++) {
        struct tunnel *t = tunnel_of_peer(nets[k].end[0].s, 0);
        CHECK(t->tx.heard && t->prev.used && t->over[0] == 5);
        t->tx.bytes = t->params.rot_bytes - epoch_margin(t) - 2500;
    }
    const epoch_t before = tunnel_of_peer(nets[1].end[0].s, 0)->tx.epoch;
    for (unsigned i = 0; i < 8; i++)
        item(i, i % 4, 1000);
    both_ways(8);
    CHECK_EQ(tunnel_of_peer(nets[1].end[0].s, 0)->tx.epoch, before + 1);
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(packets[1][i].n, 2);
    pass(50000);
    expect_alike();
    expect_all_received_once();
    expect_no_nonce_twice();
    stop();
}

/* A packet that comes again, of any place in the call and either key, is not taken again. */
static void replay(void)
{
    static uint8_t again[2 * HEAD2_SESSION_MANY][1500];
    size_t lens[2 * HEAD2_SESSION_MANY];
    unsigned n = 0;

    start(HEAD2_SUITE_L5, 100000000);
    switch_keys();
    for (unsigned i = 0; i < 8; i++)
        item(i, i % 4, 200);
    both_ways(8);
    for (unsigned i = 0; i < 8; i++)
        for (unsigned k = 0; k < packets[1][i].n; k++, n++) {
            lens[n] = packets[1][i].len[k];
            memcpy(again[n], kept[2 * i + k], lens[n]); /* the same bytes: compared */
        }
    CHECK_EQ(n, 16);
    pass(50000);
    expect_all_received_once();
    const uint64_t dups = head2_session_counters(nets[1].end[NET_GATEWAY].s)[HEAD2_COUNT_DUP];
    for (unsigned i = 0; i < n; i++)
        net_post(&nets[1], 0, NET_GATEWAY, again[i], lens[i]);
    pass(50000);
    expect_all_received_once();
    CHECK_EQ(head2_session_counters(nets[1].end[NET_GATEWAY].s)[HEAD2_COUNT_DUP], dups + n);
    stop();
}

/* The session closes in the midst of a call: what was settled before goes out, nothing after. */
static void record_numbers_run_out(void)
{
    start(HEAD2_SUITE_L5, 100000000);
    for (unsigned k = 0; k < 2; k++)
        tunnel_of_peer(nets[k].end[0].s, 0)->rn[2] = RN_LIMIT - 2;
    for (unsigned i = 0; i < 8; i++)
        item(i, i < 4 ? 2 : 0, 300);
    both_ways(8);
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(items[1][i].st, i < 2 ? HEAD2_OK : i == 2 ? HEAD2_E_POLICY : HEAD2_E_STATE);
    expect_alike();
    pass(50000);
    expect_all_received_once();
    stop();
}

/* ---- one item fails ---- */

static bool seal_but_not_777(void *state, const struct aead_message *m, uint8_t tag[16])
{
    return aead_libcrypto.seal(state, m, tag) && m->len != 777;
}

static void failing_provider(void)
{
    const struct aead_provider *const before = aead_in_use();
    static struct aead_provider planted;

    planted = aead_libcrypto;
    planted.seal = seal_but_not_777;
    CHECK(aead_use(&planted));
    start(HEAD2_SUITE_L5, 100000000);
    for (unsigned twins = 0; twins < 2; twins++) {
        for (unsigned i = 0; i < 8; i++)
            item(i, i % 4, i % 3 == 1 ? 777 : 100 * i);
        both_ways(8);
        for (unsigned i = 0; i < 8; i++) {
            CHECK_EQ(items[1][i].st, i % 3 == 1 ? HEAD2_E_CRYPTO : HEAD2_OK);
            CHECK_EQ(packets[1][i].n, i % 3 == 1 ? 0 : 1 + twins);
        }
        pass(50000);
        if (twins == 0)
            switch_keys();
    }
    expect_alike();
    expect_all_received_once();
    expect_no_nonce_twice();
    stop();
    CHECK(aead_use(before));
}

static void refused_calls(void)
{
    struct head2_session_item many[HEAD2_SESSION_MANY + 1];
    struct head2_session_packets out[HEAD2_SESSION_MANY + 1];

    start(HEAD2_SUITE_L5, 100000000);
    struct head2_session *s = nets[1].end[0].s;
    const struct tunnel *t = tunnel_of_peer(s, 0);
    const uint64_t rn = t->rn[0];
    for (unsigned i = 0; i <= HEAD2_SESSION_MANY; i++)
        many[i] = (struct head2_session_item){.bytes = payload[0], .len = 9, .packets = &out[i]};
    for (unsigned wrong_peer = 0; wrong_peer < 2; wrong_peer++) {
        const size_t n = wrong_peer ? 2 : HEAD2_SESSION_MANY + 1;
        memset(out, 0xff, sizeof out);
        CHECK_EQ(head2_session_send_many(s, nets[1].now, wrong_peer, many, n), HEAD2_E_ARG);
        for (unsigned i = 0; i < n; i++)
            CHECK(many[i].st == HEAD2_E_ARG && out[i].n == 0);
    }
    CHECK_EQ(t->rn[0], rn);
    CHECK_EQ(head2_session_send_many(s, nets[1].now, 0, NULL, 0), HEAD2_OK);
    stop();
}

static void all_cases(void)
{
    RUN(like_one_by_one);
    RUN(like_one_by_one_with_four_schedules);
    RUN(like_one_by_one_l1x4);
    RUN(overlap_ends_in_a_call);
    RUN(switch_in_an_overlap);
    RUN(replay);
    RUN(record_numbers_run_out);
    RUN(refused_calls);
}

int main(void)
{
    all_cases();
    RUN(failing_provider);
    if (strcmp(ipsec_mb_plug_in(), "libcrypto") != 0)
        all_cases(); /* again, by the other one */
    CHECK_EXIT();
}
