/*
 * Rows of head2 bench for sessions: a handshake, packets of several sizes, paced streams. Both ends
 * are in this process, so that no network is measured.
 */
#include "cli/bench.h"
#include "cli/bench_ends.h"

#include <stdlib.h>
#include <unistd.h>

static enum head2_status handshake(void *arg)
{
    return bench_pair_handshake(arg);
}

/* Seal at the drone, open at the gateway; the two are timed apart. */
static bool one_packet(struct bench_pair *p, const uint8_t *plain, size_t len, double *seal,
                       double *open)
{
    struct head2_session_packets out;
    struct head2_session_data data;

    bench_pair_pump(p);
    double a = bench_now_us();
    if (head2_session_send(p->drone.s, p->now, p->drone.peer, 1, plain, len, &out) != HEAD2_OK) {
        p->lost++;
        return false;
    }
    double c = bench_now_us();
    for (uint32_t i = 0; i < out.n; i++) {
        head2_session_input(p->gateway.s, p->now, &p->drone.addr, out.bytes[i], out.len[i], &data);
        p->delivered += data.bytes != NULL && data.len == len;
    }
    *open = bench_now_us() - c;
    *seal = c - a;
    return true;
}

static void packets(struct bench *b, struct bench_pair *p)
{
    static const size_t sizes[] = {64, 256, 1172};
    static uint8_t plain[1172];
    double *opens = calloc(BENCH_MAX_SAMPLES, sizeof *opens);
    char name[BENCH_NAME];

    if (opens == NULL)
        b->st = HEAD2_E_MEMORY;
    for (size_t i = 0; i < HEAD2_LEN(sizes) && b->st == HEAD2_OK && bench_wants(b, "packet seal");
         i++) {
        double end = bench_now_us() + b->budget * 1e6;
        for (b->n = 0; b->n < BENCH_MAX_SAMPLES && bench_now_us() < end;) {
            if (b->n % 1000 == 0)
                bench_pair_tick(p, p->now + 50000);
            b->n += one_packet(p, plain, sizes[i], &b->sample[b->n], &opens[b->n]);
        }
        uint32_t n = b->n;
        double total = 0;
        for (uint32_t k = 0; k < n; k++)
            total += b->sample[k] + opens[k];
        const struct bench_row row = {.name = name, .bytes = (double)sizes[i] + 28};
        snprintf(name, sizeof name, "packet seal %zu", sizes[i]);
        bench_add(b, &row, NULL, 0);
        memcpy(b->sample, opens, n * sizeof *opens);
        b->n = n;
        snprintf(name, sizeof name, "packet open %zu", sizes[i]);
        bench_add(b, &row, "Mbit/s, seal and open", row.bytes * 8 * n / total);
    }
    free(opens);
}

/* One datagram of each lane, sealed at the drone one by one. */
static enum head2_status four_calls(void *arg)
{
    static uint8_t plain[1172];
    const struct bench_pair *p = arg;
    struct head2_session_packets out;
    enum head2_status st = HEAD2_OK;

    for (uint8_t lane = 0; st == HEAD2_OK && lane < HEAD2_SESSION_LANES; lane++)
        st = head2_session_send(p->drone.s, p->now, p->drone.peer, lane, plain, sizeof plain, &out);
    return st;
}

static enum head2_status one_call(void *arg)
{
    static uint8_t plain[1172];
    const struct bench_pair *p = arg;
    struct head2_session_packets out[HEAD2_SESSION_LANES];
    struct head2_session_item items[HEAD2_SESSION_LANES];

    for (uint8_t lane = 0; lane < HEAD2_SESSION_LANES; lane++)
        items[lane] = (struct head2_session_item){
            .lane = lane, .bytes = plain, .len = sizeof plain, .packets = &out[lane]};
    return head2_session_send_many(p->drone.s, p->now, p->drone.peer, items, HEAD2_SESSION_LANES);
}

static void four_lanes(struct bench *b, struct bench_pair *p, const char *name,
                       bench_operation *seal)
{
    const struct bench_row row = {.name = name, .items = HEAD2_SESSION_LANES, .bytes = 1200};

    if (b->st != HEAD2_OK || !bench_wants(b, name))
        return;
    const double end = bench_now_us() + b->budget * 1e6;
    for (b->n = 0; b->n < BENCH_MAX_SAMPLES && bench_now_us() < end;) {
        if (b->n % 250 == 0)
            bench_pair_tick(p, p->now + 50000);
        bench_pair_pump(p);
        const double begin = bench_now_us();
        const enum head2_status st = seal(p);
        b->sample[b->n] = bench_now_us() - begin;
        b->n += st == HEAD2_OK; /* sending may pause until a new key has been heard */
    }
    bench_add(b, &row, NULL, 0);
}

/* A paced stream: latency of seal and open together, and what share of a core it takes. */
static void stream(struct bench *b, struct bench_pair *p, const char *name, double mbit)
{
    static uint8_t plain[1172];
    double gap = 1200 * 8 / mbit; /* microseconds between packets */
    double begin, busy = 0;
    uint64_t base = p->now, delivered = p->delivered;

    if (b->st != HEAD2_OK || !bench_wants(b, name))
        return;
    begin = bench_now_us();
    for (b->n = 0; b->n < BENCH_MAX_SAMPLES && bench_now_us() < begin + 2e6;) {
        double due = begin + b->n * gap, seal, open, start;
        while (bench_now_us() < due)
            if (due - bench_now_us() > 200)
                usleep(100);
        start = bench_now_us();
        bench_pair_tick(p, base + (uint64_t)(start - begin));
        if (!one_packet(p, plain, sizeof plain, &seal, &open))
            continue;
        busy += bench_now_us() - start;
        b->sample[b->n++] = seal + open;
    }
    double core = 100 * busy / (bench_now_us() - begin);
    if (p->delivered - delivered != b->n) /* each exactly once, across every rotation */
        b->st = HEAD2_E_VERIFY;
    else
        bench_add(b, &(struct bench_row){.name = name}, "% of a core, both ends", core);
}

void bench_link(struct bench *b)
{
    struct bench_pair pair;

    b->st = bench_pair_open(&pair);
    if (b->st != HEAD2_OK)
        return;
    bench_measure(
        b, &(struct bench_row){.name = "handshake, both ends", .op = handshake, .arg = &pair});
    packets(b, &pair);
    four_lanes(b, &pair, "packet seal 1172, 4 lanes, 4 calls", four_calls);
    four_lanes(b, &pair, "packet seal 1172, 4 lanes, 1 call", one_call);
    stream(b, &pair, "stream O3, 32 Mbit/s", 32);
    stream(b, &pair, "stream O4, 48 Mbit/s", 48);
    bench_pair_close(&pair);
}
