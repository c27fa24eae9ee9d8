/*
 * How much of something there may be: packets that do not open under one key, handshakes from one
 * network and from those around it, and who is not counted.
 */
#include "session/net.h"

#include "session/responder.h"

static struct net net;

static struct tunnel *at_gateway(void)
{
    return tunnel_of_peer(net.end[NET_GATEWAY].s, net.peer_of[0]);
}

/* ---- forgeries ---- */

static struct net_packet heard[HEAD2_SESSION_LANES];

static void listen_in(struct net *n, const struct net_packet *p)
{
    (void)n;
    if (p->from == 0 && p->len == 28 + 333)
        heard[n->arg] = *p;
}

static void start(uint64_t forgery_limit)
{
    net_open(&net, 51);
    struct head2_session_config g = net_config(&net, NET_GATEWAY), d = net_config(&net, 0);
    g.forgery_limit = forgery_limit;
    net_gateway(&net, &g, 1);
    net_drone(&net, 0, &d);
    NET_UNTIL(&net, 2 * SECOND, net_both_up(&net, 0));
    net_run(&net, net.now + 50 * MS);
    net.tap = listen_in;
}

static void hear(uint8_t lane)
{
    static const uint8_t payload[333];

    net.arg = lane;
    CHECK_EQ(net_say(&net, 0, NET_GATEWAY, lane, payload, sizeof payload), HEAD2_OK);
}

/* Packets with a tag that is known and a number that is still to come. */
static void forge(uint8_t lane, unsigned times)
{
    struct net_packet p = heard[lane];

    p.bytes[10] ^= 1;
    for (unsigned i = 0; i < times; i++) {
        p.bytes[20] = (uint8_t)i;
        p.bytes[21] = (uint8_t)(i >> 8);
        net.delay_min = net.delay_max = 1;
        net_post_from(&net, &net.end[0].addr, NET_GATEWAY, p.bytes, p.len);
        net_run(&net, net.now + 10);
    }
}

static void forgeries_replace_the_key(void)
{
    start(100);
    const uint64_t *counters = head2_session_counters(net.end[NET_GATEWAY].s);
    hear(0);
    hear(1);
    net_run(&net, net.now + 5 * MS);
    forge(0, 99); /* of one key, and of another */
    forge(1, 99);
    CHECK_EQ(counters[HEAD2_COUNT_AEAD_FAIL], 198);
    CHECK_EQ(counters[HEAD2_COUNT_FORGERY_LIMIT], 0);
    CHECK_EQ(at_gateway()->tx.epoch, epoch_of(0, 0));
    forge(1, 1);
    net_run(&net, net.now + 20 * MS);
    CHECK_EQ(counters[HEAD2_COUNT_FORGERY_LIMIT], 1);
    CHECK(at_gateway()->tx.epoch > epoch_of(0, 0));
    net_run(&net, net.now + 20 * MS);
    CHECK_EQ(tunnel_of_peer(net.end[0].s, 0)->tx.epoch, at_gateway()->tx.epoch);
    const epoch_t epoch = at_gateway()->tx.epoch;
    forge(0, 300); /* of a key that is on its way out: it is not the one in use */
    net_run(&net, net.now + 20 * MS);
    CHECK_EQ(counters[HEAD2_COUNT_FORGERY_LIMIT], 1);
    CHECK_EQ(at_gateway()->tx.epoch, epoch);
    CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_UP], 1);
    CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_DOWN], 0);
    net_stop(&net);
}

static void limit_is_high(void)
{
    start(0);
    CHECK_EQ(net.end[NET_GATEWAY].s->config.forgery_limit, UINT64_C(1) << 36);
    hear(1);
    net_run(&net, net.now + 5 * MS);
    forge(1, 2000);
    CHECK_EQ(at_gateway()->tx.epoch, epoch_of(0, 0));
    net_stop(&net);
}

/* ---- handshakes ---- */

#define RATE 4000

static struct head2_session *half_used(const struct head2_prefix *exempt, uint32_t n)
{
    net_open(&net, 52);
    struct head2_session_config c = net_config(&net, NET_GATEWAY);
    c.handshake_rate = RATE;
    c.half_open = 2000;
    c.exempt = exempt;
    c.n_exempt = n;
    net_gateway(&net, &c, 1);
    struct head2_session *g = net.end[NET_GATEWAY].s;
    g->now = g->global_bucket.at = net.now;
    g->global_bucket.micro = (RATE / 2 - 1) * TOKEN;
    return g;
}

static struct head2_address six(uint64_t network, uint64_t host)
{
    struct head2_address a = {.port = 5710};

    put_be64(a.ip, network);
    put_be64(a.ip + 8, host);
    return a;
}

/* How many of `n` handshakes are let through, `step` apart in the upper half of the address. */
static unsigned granted(struct head2_session *g, uint64_t network, uint64_t step, unsigned n)
{
    unsigned all = 0;

    for (unsigned i = 0; i < n; i++) {
        const struct head2_address a = six(network + step * i, i);
        all += limit_handshakes(g, &a);
    }
    return all;
}

#define NETWORK UINT64_C(0x20010db800010000)

static void widths_of_prefixes(void)
{
    CHECK_EQ(granted(half_used(NULL, 0), NETWORK, 0, 500), 16); /* one /64 */
    net_stop(&net);
    const unsigned site = granted(half_used(NULL, 0), NETWORK, 1, 256); /* the /64s of a /56 */
    CHECK(site > 48 && site <= 64);
    net_stop(&net);
    struct head2_session *g = half_used(NULL, 0);
    const unsigned many = granted(g, NETWORK, 0x40, 1024); /* the /56s of a /48 */
    CHECK(many > 192 && many <= 256);
    CHECK_EQ(granted(g, NETWORK + 0x7700000000, 0, 10), 10); /* elsewhere nobody is kept waiting */
    net_stop(&net);
    g = half_used(NULL, 0);
    for (unsigned i = 0; i < 16; i++) {
        const struct head2_address a = net_addr(77);
        CHECK(limit_handshakes(g, &a));
    }
    const struct head2_address a = net_addr(77), b = net_addr(78);
    CHECK(!limit_handshakes(g, &a) && limit_handshakes(g, &b)); /* IPv4: each by itself */
    net_stop(&net);
}

static void exempt_networks(void)
{
    struct head2_prefix p[2] = {
        {.bits = 44      },
        { .ip = {[10] = 0xff, [11] = 0xff, [12] = 10}, .bits = 96 + 31}
    };

    put_be64(p[0].ip, NETWORK);
    p[1].ip[15] = 2;
    struct head2_session *g = half_used(p, 2);
    memset(p, 0, sizeof p);                               /* they were copied */
    CHECK_EQ(granted(g, NETWORK + 0xe0000, 0, 300), 300); /* 2001:db8:f:: is within the /44 */
    CHECK_EQ(granted(g, NETWORK + UINT64_C(0x100000), 0, 300), 16); /* and this is beyond */
    struct head2_address in = net_addr(2), out = net_addr(3);
    in.ip[14] = out.ip[14] = 0;
    in.ip[15] = 3;
    out.ip[15] = 4;
    unsigned inside = 0, outside = 0;
    for (unsigned i = 0; i < 100; i++) {
        inside += limit_handshakes(g, &in);
        outside += limit_handshakes(g, &out);
    }
    CHECK_EQ(inside, 100);
    CHECK_EQ(outside, 16);
    net_stop(&net);
}

/* The exempt have no more than everybody together. */
static void exempt_not_from_the_whole(void)
{
    struct head2_prefix p = {.bits = 16};

    put_be64(p.ip, NETWORK);
    struct head2_session *g = half_used(&p, 1);
    CHECK_EQ(granted(g, NETWORK, 0, 3 * RATE), RATE / 2 - 1);
    struct head2_session_config c = net_config(&net, NET_GATEWAY);
    c.n_exempt = HEAD2_SESSION_MAX_EXEMPT + 1;
    c.exempt = &p;
    CHECK_EQ(head2_session_reconfigure(g, &c), HEAD2_E_ARG);
    net_stop(&net);
}

static void table_is_shared(void)
{
    struct head2_prefix p = {.bits = 64};

    put_be64(p.ip, NETWORK + 0x50000);
    struct head2_session *g = half_used(&p, 1);
    g->n_half = g->half_top = 1000;
    for (unsigned i = 0; i < 1000; i++) { /* a /48 has 256, a /56 64, a /64 16 */
        g->half[i].state = HALF_RESP;
        g->half[i].from = six(i < 16    ? NETWORK
                              : i < 64  ? NETWORK + i
                              : i < 256 ? NETWORK + 0x100 * i
                                        : NETWORK + 0x10000 * i,
                              i);
    }
    const struct head2_address full64 = six(NETWORK, 9), full56 = six(NETWORK + 0xff, 9),
                               full48 = six(NETWORK + 0xffff, 9),
                               other = six(NETWORK + UINT64_C(0x700000000), 9),
                               known = six(NETWORK + 0x50000, 9);
    CHECK(!limit_half_open(g, &full64) && !limit_half_open(g, &full56));
    CHECK(!limit_half_open(g, &full48));
    CHECK(limit_half_open(g, &other) && limit_half_open(g, &known));
    g->half[255].from = other;
    CHECK(limit_half_open(g, &full48) && !limit_half_open(g, &full56));
    g->half[63].from = other;
    CHECK(limit_half_open(g, &full56) && !limit_half_open(g, &full64));
    g->half[15].from = other;
    CHECK(limit_half_open(g, &full64));
    memset(g->half, 0, 1000 * sizeof *g->half);
    g->n_half = 0;
    net_stop(&net);
}

/* An INIT's first fragment of a handshake that nobody knows yet, from an address that has a cookie.
 */
static size_t first_fragment(const struct head2_session *g, uint64_t hs_id,
                             const struct head2_address *from, uint8_t frame[1300])
{
    static const uint8_t init[INIT_BYTES] = {0};
    uint8_t cookie[32];
    const struct frame_spec spec = {.type = FRAME_INIT,
                                    .hs_id = hs_id,
                                    .stride = STRIDE_FULL,
                                    .msg = init,
                                    .msg_len = INIT_BYTES,
                                    .cookie = cookie,
                                    .mkey = g->mkey[D2G]};

    cookie_make(cookie, g->cookies.key[g->cookies.kid & 1], g->cookies.kid,
                (uint32_t)(net.now / SECOND), from, hs_id);
    return frame_build(frame, &spec, 0);
}

/* Over the limit: told to come back at many different times, as many as can be told; what comes
 * then is not even looked at. */
static void the_refused_are_spread(void)
{
    const struct head2_address from = net_addr(9);
    struct head2_session *g = half_used(NULL, 0);
    const uint64_t *counters = head2_session_counters(g);
    struct head2_session_data data;
    struct head2_action a;
    uint8_t frame[1300];
    uint32_t wait[REPLIES], n = 0, distinct = 0;

    g->config.handshake_rate = 20;
    net.now += SECOND; /* for the hints' allowance */
    head2_session_tick(g, net.now);
    g->global_bucket.at = net.now;
    g->global_bucket.micro = 0;
    for (uint64_t id = 1; id <= 200; id++) {
        const size_t len = first_fragment(g, id, &from, frame);
        head2_session_input(g, net.now, &from, frame, len, &data);
        while (head2_session_next(g, net.now, &a)) {
            CHECK(a.kind == HEAD2_ACTION_SEND && a.bytes[6] == FRAME_HINT && n < REPLIES);
            CHECK_EQ(be16(a.bytes + FRAME_HEAD), HINT_BUSY);
            wait[n++] = be32(a.bytes + FRAME_HEAD + 2);
        }
    }
    CHECK_EQ(n, REPLIES);
    CHECK_EQ(counters[HEAD2_COUNT_RATE], 200);
    CHECK_EQ(g->init_top, 0); /* nothing is kept of them */
    for (unsigned i = 0; i < n; i++) {
        bool again = false;
        for (unsigned k = 0; k < i; k++)
            again = again || wait[k] == wait[i];
        distinct += !again;
        CHECK(wait[i] >= 250 && wait[i] < 250 + 4000);
    }
    CHECK(distinct > REPLIES * 3 / 4);
    const size_t len = first_fragment(g, 999, &from, frame);
    frame[len - 1] ^= 1;
    head2_session_input(g, net.now, &from, frame, len, &data);
    CHECK_EQ(counters[HEAD2_COUNT_RATE], 201);
    CHECK_EQ(counters[HEAD2_COUNT_BAD_MAC1], 0);
    net_stop(&net);
}

int main(void)
{
    RUN(forgeries_replace_the_key);
    RUN(limit_is_high);
    RUN(widths_of_prefixes);
    RUN(exempt_networks);
    RUN(exempt_not_from_the_whole);
    RUN(table_is_shared);
    RUN(the_refused_are_spread);
    CHECK_EXIT();
}
