/*
 * Rows of head2 bench for packets through real sockets: a burst over loopback, by the calls that
 * the daemon makes, on the one core that does everything. Each burst of sealed packets has a burst
 * of the same datagrams without a seal before it, so that the quotient of the two says what the
 * session costs on this machine and kernel.
 */
#include "cli/bench.h"
#include "cli/bench_ends.h"
#include "gateway/net.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>

enum { BURST = 64, PAYLOAD = 1172, WIRE = PAYLOAD + HEAD2_SESSION_OVERHEAD };

struct udp_bench {
    struct bench *b;
    struct bench_pair pair;
    struct net_socket from, to;
    struct head2_address at;
    struct net_output out;
    struct net_input in;
    uint32_t n;        /* bursts timed */
    double *sample[4]; /* of one burst: plain send and receive, sealed send and receive */
};

static bool seal_burst(struct udp_bench *u)
{
    static uint8_t plain[PAYLOAD];
    struct head2_session_packets packets[HEAD2_SESSION_MANY] = {{.n = 0}};
    struct head2_session_item items[HEAD2_SESSION_MANY];

    for (unsigned at = 0; at < BURST; at += HEAD2_SESSION_MANY) {
        uint8_t *places = net_places(&u->out, HEAD2_SESSION_MANY);
        for (unsigned i = 0; i < HEAD2_SESSION_MANY; i++)
            items[i] = (struct head2_session_item){.lane = 1,
                                                   .bytes = plain,
                                                   .len = PAYLOAD,
                                                   .packets = &packets[i],
                                                   .place = places + (size_t)i * NET_DATAGRAM};
        if (head2_session_send_many(u->pair.drone.s, u->pair.now, u->pair.drone.peer, items,
                                    HEAD2_SESSION_MANY) != HEAD2_OK)
            return false;
        for (unsigned i = 0; i < HEAD2_SESSION_MANY; i++)
            for (unsigned k = 0; k < packets[i].n; k++)
                net_queue(&u->out, &u->from, &u->at, 1, packets[i].bytes[k], packets[i].len[k]);
    }
    return true;
}

static void plain_burst(struct udp_bench *u)
{
    for (unsigned at = 0; at < BURST; at += HEAD2_SESSION_MANY) {
        const uint8_t *places = net_places(&u->out, HEAD2_SESSION_MANY);
        for (unsigned i = 0; i < HEAD2_SESSION_MANY; i++)
            net_queue(&u->out, &u->from, &u->at, 1, places + (size_t)i * NET_DATAGRAM, WIRE);
    }
}

/* Read all that is there; how many plaintexts, or datagrams, those were. */
static unsigned receive_burst(struct udp_bench *u, bool sealed)
{
    struct head2_session_data data;
    struct net_datagram d;
    unsigned n = 0;

    while (net_receive(&u->in, &u->to))
        while (net_next(&u->in, &d)) {
            if (!sealed) {
                n += d.len == WIRE;
                continue;
            }
            head2_session_input(u->pair.gateway.s, u->pair.now, &u->pair.drone.addr, d.bytes, d.len,
                                &data);
            n += data.len == PAYLOAD;
        }
    return n;
}

/* One burst through the sockets, into sample[which] and the one after. */
static bool burst(struct udp_bench *u, bool sealed)
{
    double *const send = u->sample[sealed ? 2 : 0], *const receive = u->sample[sealed ? 3 : 1];
    bool good = true;

    const double begin = bench_now_us();
    if (sealed)
        good = seal_burst(u);
    else
        plain_burst(u);
    net_flush(&u->out);
    const double between = bench_now_us();
    const unsigned n = receive_burst(u, sealed);
    const double end = bench_now_us();
    send[u->n] = between - begin;
    receive[u->n] = end - between;
    return good && n == BURST;
}

/* One row of the samples a, and b too where that is given; the median of a burst. */
static double row(struct udp_bench *u, const char *name, const double *a, const double *b,
                  double plain)
{
    struct bench *const to = u->b;

    for (uint32_t i = 0; i < u->n; i++)
        to->sample[i] = a[i] + (b != NULL ? b[i] : 0);
    to->n = u->n;
    const double median = bench_median(to->sample, u->n);
    const double gbit = WIRE * 8 * BURST / median * 1e-3;
    bench_add(to, &(struct bench_row){.name = name, .items = BURST, .bytes = WIRE},
              plain > 0 ? "% of plain" : "Gbit/s", plain > 0 ? 100 * plain / median : gbit);
    return median;
}

static void rows(struct udp_bench *u, const char *how)
{
    static const struct {
        const char *name[2];
        int part[2];
    } kinds[] = {
        {{"send", "seal and send"},             {0, -1}},
        {{"receive", "receive and open"},       {1, -1}},
        {{"forward", "seal, forward and open"}, {0, 1} },
    };
    char name[BENCH_NAME];

    for (unsigned k = 0; k < HEAD2_LEN(kinds); k++) {
        double plain = 0;
        for (unsigned sealed = 0; sealed < 2; sealed++) {
            const double *first = u->sample[2 * sealed + (unsigned)kinds[k].part[0]];
            const double *second = kinds[k].part[1] > 0 ? u->sample[2 * sealed + 1] : NULL;
            snprintf(name, sizeof name, "udp %s: %s", how, kinds[k].name[sealed]);
            plain = row(u, name, first, second, plain);
        }
    }
}

static void measure(struct udp_bench *u, const char *how)
{
    const double end = bench_now_us() + 4 * u->b->budget * 1e6;

    for (u->n = 0; u->n < BENCH_MAX_SAMPLES && bench_now_us() < end && u->b->st == HEAD2_OK;) {
        if (u->n % 16 == 0)
            bench_pair_tick(&u->pair, u->pair.now + 50000);
        bench_pair_pump(&u->pair);
        if (!burst(u, false))
            u->b->st = HEAD2_E_IO;
        u->n += burst(u, true); /* sending may pause until a new key has been heard */
    }
    if (u->b->st == HEAD2_OK)
        rows(u, how);
}

static enum head2_status open_sockets(struct udp_bench *u)
{
    enum head2_status st = HEAD2_E_IO;
    struct head2_address any;

    if (address_parse(&any, "127.0.0.1:0"))
        HEAD2_TRY(net_open(&u->from, &any, NET_WIDE));
    HEAD2_TRY(net_open(&u->to, &any, NET_WIDE));
    net_local(&u->to, &u->at);
done:
    return st;
}

static void both_ways(struct udp_bench *u)
{
    const bool pieces = u->from.gso && u->to.gro;
    const int off = 0;

    if (pieces)
        measure(u, "GSO");
    u->from.gso = false;
    if (u->to.gro && setsockopt(u->to.fd, IPPROTO_UDP, UDP_GRO, &off, sizeof off) != 0)
        u->b->st = HEAD2_E_IO;
    if (u->b->st == HEAD2_OK)
        measure(u, "1200");
}

void bench_udp(struct bench *b)
{
    struct udp_bench *u;

    if (b->st != HEAD2_OK || !bench_wants(b, "udp"))
        return;
    u = calloc(1, sizeof *u);
    if (u == NULL) {
        b->st = HEAD2_E_MEMORY;
        return;
    }
    u->b = b;
    u->from.fd = u->to.fd = -1;
    b->st = bench_pair_open(&u->pair);
    for (unsigned i = 0; i < HEAD2_LEN(u->sample) && b->st == HEAD2_OK; i++) {
        u->sample[i] = calloc(BENCH_MAX_SAMPLES, sizeof(double));
        b->st = u->sample[i] != NULL ? HEAD2_OK : HEAD2_E_MEMORY;
    }
    if (b->st == HEAD2_OK)
        b->st = open_sockets(u);
    if (b->st == HEAD2_OK)
        both_ways(u);
    bench_pair_close(&u->pair);
    net_close(&u->from);
    net_close(&u->to);
    for (unsigned i = 0; i < HEAD2_LEN(u->sample); i++)
        free(u->sample[i]);
    free(u);
}
