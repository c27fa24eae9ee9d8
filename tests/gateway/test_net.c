/*
 * Datagrams through real sockets: with GSO and GRO the same bytes come out as without, whatever
 * their sizes; what cannot go is counted; commands go before video.
 */
#include "check.h"

#include "gateway/net.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>

enum { MOST = 400, LONGEST = 2048 };

static struct net_output out;
static struct net_input in;

static struct {
    uint8_t bytes[LONGEST];
    size_t len;
    unsigned lane;
} sent[MOST];
static unsigned n_sent;

struct ends {
    struct net_socket a, b, c;
    struct head2_address to_b, to_c;
};

static void open_ends(struct ends *e, const char *at)
{
    struct head2_address any;

    CHECK(address_parse(&any, at));
    if (net_open(&e->a, &any, NET_WIDE) != HEAD2_OK)
        SKIP("no socket at %s: %s", at, strerror(errno));
    CHECK(net_open(&e->b, &any, NET_WIDE) == HEAD2_OK);
    CHECK(net_open(&e->c, &any, NET_LOCAL) == HEAD2_OK);
    net_local(&e->b, &e->to_b);
    net_local(&e->c, &e->to_c);
    memset(&out, 0, sizeof out);
    n_sent = 0;
}

static void close_ends(struct ends *e)
{
    net_close(&e->a);
    net_close(&e->b);
    net_close(&e->c);
}

static void set_gro(struct net_socket *s, int on)
{
    if (s->gro)
        CHECK(setsockopt(s->fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) == 0);
}

static uint64_t drops(enum net_cause why, unsigned lane)
{
    return out.drops[why][lane];
}

static uint64_t all_drops(void)
{
    uint64_t all = 0;

    for (unsigned why = 0; why < NET_CAUSES; why++)
        for (unsigned lane = 0; lane < NET_LANES; lane++)
            all += drops(why, lane);
    return all;
}

/* A datagram that is told from every other by its first bytes. */
static void put(struct ends *e, const struct head2_address *to, unsigned lane, size_t len)
{
    const unsigned i = n_sent++;

    CHECK(i < MOST && len <= LONGEST);
    for (size_t k = 0; k < len; k++)
        sent[i].bytes[k] = (uint8_t)(k < 2 ? i >> (8 * k) : 31 * i + k);
    sent[i].len = len;
    sent[i].lane = lane;
    net_queue(&out, &e->a, to, lane, sent[i].bytes, len);
}

static bool readable(const struct net_socket *s)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};

    return poll(&p, 1, 500) == 1;
}

/* The next `count` datagrams of the socket are those sent from `first` on, in that order. */
static void take(struct ends *e, struct net_socket *s, unsigned first, unsigned count)
{
    struct head2_address from;
    struct net_datagram d;
    unsigned got = 0;

    net_local(&e->a, &from);
    while (got < count) {
        CHECK_SAY(readable(s), "%u of %u came", got, count);
        CHECK(net_receive(&in, s));
        while (net_next(&in, &d)) {
            CHECK(got < count);
            const unsigned i = first + got++;
            CHECK_EQ(d.len, sent[i].len);
            CHECK_MEM(d.bytes, sent[i].bytes, d.len);
            CHECK(d.from->port == from.port);
        }
    }
    CHECK(!net_receive(&in, s));
}

/* Sizes of every kind in a row: runs of one size, short last ones, empty ones, all different. */
static size_t odd_size(unsigned i)
{
    static const size_t sizes[] = {1200, 1200, 1200, 7,    7,    7, 8,   1200, 1200, 3, 0, 0, 1200,
                                   1,    1,    1472, 1472, 1471, 1, 548, 548,  548,  2, 2, 2, 1};

    return sizes[i % HEAD2_LEN(sizes)];
}

static void odd_sizes_at(const char *at, bool gso, bool gro)
{
    struct ends e;

    open_ends(&e, at);
    e.a.gso = e.a.gso && gso;
    set_gro(&e.b, gro);
    for (unsigned round = 0; round < 3; round++) {
        n_sent = 0;
        for (unsigned i = 0; i < 300; i++)
            put(&e, &e.to_b, i % NET_LANES == 0 ? 0 : NET_CONTROL, odd_size(i * (round + 1)));
        net_flush(&out);
        take(&e, &e.b, 0, 300);
    }
    CHECK_EQ(all_drops(), 0);
    close_ends(&e);
}

static void odd_sizes(void)
{
    for (unsigned how = 0; how < 4; how++)
        odd_sizes_at("127.0.0.1:0", (how & 1) != 0, (how & 2) != 0);
}

static void odd_sizes_ipv6(void)
{
    for (unsigned how = 0; how < 4; how++)
        odd_sizes_at("[::1]:0", (how & 1) != 0, (how & 2) != 0);
}

/* More of one size than one piece may have, small and large: 64 by number, some 54 by bytes. */
static void many_of_one_size(void)
{
    struct ends e;

    open_ends(&e, "127.0.0.1:0");
    for (unsigned k = 0; k < 4; k++) {
        static const size_t sizes[] = {1, 100, 1200, 1472};
        n_sent = 0;
        for (unsigned i = 0; i < NET_BATCH; i++)
            put(&e, &e.to_b, 1, sizes[k]);
        net_flush(&out);
        take(&e, &e.b, 0, NET_BATCH);
    }
    CHECK_EQ(all_drops(), 0);
    close_ends(&e);
}

/* It is one piece, and not many: one read brings more than one datagram. */
static void pieces_are_whole(void)
{
    struct ends e;

    open_ends(&e, "127.0.0.1:0");
    if (!e.a.gso || !e.b.gro)
        SKIP("this kernel has no GSO or no GRO");
    for (unsigned i = 0; i < 40; i++)
        put(&e, &e.to_b, 1, 1200);
    put(&e, &e.to_b, 1, 100);
    net_flush(&out);
    CHECK(readable(&e.b) && net_receive(&in, &e.b));
    CHECK_EQ(in.n, 1);
    CHECK_EQ(in.segment[0], 1200);
    CHECK_EQ(in.len[0], 40 * 1200 + 100);
    close_ends(&e);
}

/* To two addresses in turn, and from places: each socket gets its own, in order. */
static void two_addresses(void)
{
    struct ends e;
    struct net_datagram d;

    open_ends(&e, "127.0.0.1:0");
    for (unsigned i = 0; i < 100; i++)
        put(&e, i / 3 % 2 == 0 ? &e.to_b : &e.to_c, 1, 500);
    net_flush(&out);
    for (unsigned which = 0; which < 2; which++) {
        struct net_socket *s = which == 0 ? &e.b : &e.c;
        unsigned i = 0;
        for (unsigned got = 0; got < (which == 0 ? 51 : 49);) {
            CHECK(readable(s) && net_receive(&in, s));
            while (net_next(&in, &d)) {
                while (i / 3 % 2 != which)
                    i++;
                CHECK_EQ(d.len, 500);
                CHECK_MEM(d.bytes, sent[i].bytes, 500);
                i++;
                got++;
            }
        }
    }
    CHECK_EQ(all_drops(), 0);
    close_ends(&e);
}

/* Made in places, with a copied one after each: as a session's packets are in an overlap. */
static void places(void)
{
    struct ends e;
    uint8_t copied[600];

    open_ends(&e, "127.0.0.1:0");
    for (unsigned round = 0; round < 20; round++) {
        uint8_t *place = net_places(&out, 8);
        for (unsigned i = 0; i < 8; i++)
            memset(place + (size_t)i * NET_DATAGRAM, (int)(2 * (8 * round + i)), 600);
        for (unsigned i = 0; i < 8; i++) {
            net_queue(&out, &e.a, &e.to_b, 1, place + (size_t)i * NET_DATAGRAM, 600);
            memset(copied, (int)(2 * (8 * round + i) + 1), sizeof copied);
            net_queue(&out, &e.a, &e.to_b, 1, copied, sizeof copied);
        }
    }
    net_flush(&out);
    struct net_datagram d;
    unsigned got = 0;
    while (got < 320) {
        CHECK(readable(&e.b) && net_receive(&in, &e.b));
        for (; net_next(&in, &d); got++) {
            CHECK_EQ(d.len, 600);
            for (unsigned k = 0; k < 600; k += 599)
                CHECK_EQ(d.bytes[k], (uint8_t)got);
        }
    }
    close_ends(&e);
}

/* What no socket would take is not queued, and counted. */
static void refused_at_once(void)
{
    struct ends e;
    struct head2_address nowhere;

    open_ends(&e, "127.0.0.1:0");
    for (unsigned i = 0; i < 5; i++)
        net_queue(&out, &e.a, &e.to_b, 2, sent[0].bytes, NET_DATAGRAM + 1);
    CHECK_EQ(drops(NET_TOO_LONG, 2), 5);
    CHECK(address_parse(&nowhere, "[2001:db8::1]:9"));
    net_queue(&out, &e.a, &nowhere, 3, sent[0].bytes, 10);
    CHECK_EQ(drops(NET_NO_ROUTE, 3), 1);
    CHECK_EQ(out.n, 0);
    close_ends(&e);
}

/* A kernel that refuses pieces: a socket with checksums off cannot be cut. All come one by one. */
static void pieces_refused(void)
{
    struct ends e;
    const int on = 1;

    open_ends(&e, "127.0.0.1:0");
    CHECK(setsockopt(e.a.fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof on) == 0);
    for (unsigned i = 0; i < 100; i++)
        put(&e, &e.to_b, 1, i % 10 == 9 ? 50 : 1200);
    net_flush(&out);
    take(&e, &e.b, 0, 100);
    CHECK_EQ(all_drops(), 0);
    close_ends(&e);
}

/* What is said of a read need not be so: no size, one above the length, a negative one. */
static void split_of_wrong_sizes(void)
{
    static const struct {
        unsigned len, segment, count, last;
    } cases[] = {
        {1000,  0,     1,    1000},
        {1000,  1000,  1,    1000},
        {1000,  1001,  1,    1000},
        {1000,  65535, 1,    1000},
        {1000,  999,   2,    1   },
        {1000,  1,     1000, 1   },
        {1000,  300,   4,    100 },
        {0,     0,     1,    0   },
        {0,     300,   1,    0   },
        {65535, 1200,  55,   735 },
    };
    struct net_datagram d;

    for (unsigned i = 0; i < HEAD2_LEN(cases); i++) {
        unsigned n = 0;
        size_t total = 0, last = 0;
        in.n = 1;
        in.at = in.offset = 0;
        in.len[0] = cases[i].len;
        in.segment[0] = cases[i].segment;
        for (; net_next(&in, &d); n++) {
            CHECK(d.bytes == in.bytes[0] + total);
            total += last = d.len;
        }
        CHECK_EQ(n, cases[i].count);
        CHECK_EQ(last, cases[i].last);
        CHECK_EQ(total, cases[i].len);
    }
}

/* Whatever was queued before them, telemetry, commands and control leave first. */
static void commands_first(void)
{
    struct ends e;
    struct net_datagram d;
    unsigned got = 0;

    open_ends(&e, "127.0.0.1:0");
    for (unsigned i = 0; i < NET_BATCH - 2; i++)
        put(&e, &e.to_b, 1, 1200);
    put(&e, &e.to_b, 0, 40);
    put(&e, &e.to_b, NET_CONTROL, 41);
    net_flush(&out);
    while (got < 2) {
        CHECK(readable(&e.b) && net_receive(&in, &e.b));
        while (got < 2 && net_next(&in, &d))
            CHECK_EQ(d.len, 40 + got++);
    }
    close_ends(&e);
}

/* When bulk lanes have their share of the send buffer they are dropped and commands are not. */
static void bulk_has_a_share(void)
{
    struct ends e;
    struct net_datagram d;
    unsigned got = 0;

    open_ends(&e, "127.0.0.1:0");
    CHECK(e.a.bulk_limit > 0 && e.a.bulk_limit <= 1024 * 1024);
    e.a.bulk_limit = -1;
    for (unsigned i = 0; i < 30; i++)
        put(&e, &e.to_b, i % 3, 100);
    net_flush(&out);
    CHECK_EQ(drops(NET_FULL, 0), 0);
    CHECK_EQ(drops(NET_FULL, 1), 10);
    CHECK_EQ(drops(NET_FULL, 2), 10);
    while (got < 10) {
        CHECK(readable(&e.b) && net_receive(&in, &e.b));
        for (; net_next(&in, &d); got++)
            CHECK_EQ(d.bytes[0], 3 * got);
    }
    close_ends(&e);
}

/* A receiver that does not read: what the system drops there is counted to the last one. A piece
 * of many datagrams is one to it. */
static void overflow_of(bool gso)
{
    struct ends e;
    struct net_datagram d;
    uint64_t total = 0, got = 0;

    open_ends(&e, "127.0.0.1:0");
    e.a.gso = e.a.gso && gso;
    for (unsigned i = 0; i < 64 * 400; i++, total++) {
        net_queue(&out, &e.a, &e.to_c, 1, sent[0].bytes, 1000);
        if (i % 64 == 63)
            net_flush(&out);
    }
    while (net_receive(&in, &e.c))
        while (net_next(&in, &d))
            got++;
    CHECK(got < total); /* else nothing was tested */
    net_queue(&out, &e.a, &e.to_c, 1, sent[0].bytes, 1000);
    net_flush(&out);
    CHECK(readable(&e.c) && net_receive(&in, &e.c));
    CHECK_EQ(all_drops(), 0);
    CHECK_EQ(e.c.lost, (total - got) / (e.a.gso && e.c.gro ? 64 : 1));
    close_ends(&e);
}

static void receive_overflow(void)
{
    overflow_of(false);
    overflow_of(true);
}

/* A network of this process alone, whose loopback takes 1,280 bytes. */
static void small_loopback(void)
{
    struct ifreq lo = {.ifr_name = "lo"};

    if (unshare(CLONE_NEWNET) != 0)
        SKIP("no network namespace can be made: %s", strerror(errno));
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    lo.ifr_mtu = 1280;
    CHECK(fd >= 0 && ioctl(fd, SIOCSIFMTU, &lo) == 0);
    lo.ifr_flags = IFF_UP;
    CHECK(ioctl(fd, SIOCSIFFLAGS, &lo) == 0);
    close(fd);
}

/* A size that the path does not take, in runs and between others: it alone is lost, and counted. */
static void too_long(void)
{
    struct ends e;
    unsigned fits = 0;
    struct net_datagram d;

    small_loopback();
    open_ends(&e, "127.0.0.1:0");
    for (unsigned i = 0; i < 90; i++) {
        const size_t len = i / 10 % 3 == 0 ? 1252 : i / 10 % 3 == 1 ? 1253 : 1200;
        put(&e, &e.to_b, len == 1253 ? 1 : 0, len);
    }
    net_flush(&out);
    CHECK_EQ(drops(NET_TOO_LONG, 1), 30);
    CHECK_EQ(all_drops(), 30);
    while (fits < 60) {
        CHECK(readable(&e.b) && net_receive(&in, &e.b));
        for (; net_next(&in, &d); fits++)
            CHECK(d.len == 1252 || d.len == 1200);
    }
    CHECK(address_parse(&e.to_c, "192.0.2.1:9")); /* and there is no way out of this network */
    put(&e, &e.to_c, 2, 100);
    put(&e, &e.to_c, 2, 100);
    net_flush(&out);
    CHECK_EQ(drops(NET_NO_ROUTE, 2), 2);
    close_ends(&e);
}

int main(void)
{
    RUN(odd_sizes);
    RUN(odd_sizes_ipv6);
    RUN(many_of_one_size);
    RUN(pieces_are_whole);
    RUN(two_addresses);
    RUN(places);
    RUN(refused_at_once);
    RUN(pieces_refused);
    RUN(split_of_wrong_sizes);
    RUN(commands_first);
    RUN(bulk_has_a_share);
    RUN(receive_overflow);
    RUN(too_long); /* the last: it leaves this machine's network */
    CHECK_EXIT();
}
