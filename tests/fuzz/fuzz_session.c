/*
 * A live session with an attacker on the path who replays, delays, drops, changes and makes up
 * datagrams while both ends talk, rotate and ratchet. Whatever it does, each plaintext that comes
 * out went in, at most once, on its own lane; and both ends talk again when it stops.
 */
#include "fuzz/edit.h"

#include "session/net.h"
#include "session/state.h"

#define KEPT 64
#define SAID 65536

static struct net net;
static struct input script;
static struct net_packet kept[KEPT];
static unsigned kept_count;
static uint8_t heard[SAID / 8];
static uint32_t said;
static unsigned uses;

static void keep(struct net *n, const struct net_packet *p)
{
    (void)n;
    kept[kept_count++ % KEPT] = *p;
}

struct plaintext {
    uint32_t number;
    uint8_t lane, from;
    uint8_t rest[42];
};

static void deliver(struct net *n, int end, const struct head2_session_data *d)
{
    struct plaintext p;

    (void)n;
    FUZZ_ASSERT(d->len == sizeof p);
    memcpy(&p, d->bytes, sizeof p);
    FUZZ_ASSERT(p.number < said && p.lane == d->lane && p.from != end);
    FUZZ_ASSERT((heard[p.number / 8] & (1u << (p.number % 8))) == 0); /* at most once */
    heard[p.number / 8] |= (uint8_t)(1u << (p.number % 8));
}

static void say(int from, uint8_t lane)
{
    struct plaintext p = {.number = said, .lane = lane & 3, .from = (uint8_t)from};

    if (said + 1 < SAID &&
        net_say(&net, from, from == 0 ? NET_GATEWAY : 0, p.lane, &p, sizeof p) == HEAD2_OK)
        said++;
}

static void open_pair(void)
{
    net_start(&net, 1, 1);
    while (!net_both_up(&net, 0))
        net_run(&net, net.now + 5000);
    net_run(&net, net.now + 100000);
    net.tap = keep;
    net.deliver = deliver;
    kept_count = 0;
    said = 0;
    memset(heard, 0, sizeof heard);
}

static void inject(uint8_t how)
{
    struct net_packet p = kept_count > 0
                              ? kept[take8(&script) % (kept_count < KEPT ? kept_count : KEPT)]
                              : (struct net_packet){.from = 0, .to = NET_GATEWAY};
    size_t len = p.len;

    if (how & 1)
        edit(&script, p.bytes, &len, sizeof p.bytes);
    if (how & 2) { /* sent back to where it came from */
        const int from = p.from;
        p.from = p.to;
        p.to = from;
    }
    if (p.from >= 0 && p.to >= 0)
        net_post(&net, p.from, p.to, p.bytes, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    script = (struct input){data, size};
    if (net.queue == NULL)
        open_pair();
    net.loss = (take8(&script) & 15) / 30.0;
    for (unsigned steps = 0; script.left > 0 && steps < 400; steps++) {
        const uint8_t what = take8(&script);
        const int end = what & 4 ? NET_GATEWAY : 0;
        switch (what >> 5) {
        case 0:
        case 1:
            say(end, what & 3);
            break;
        case 2:
        case 3:
        case 4:
            inject(what);
            break;
        case 5:
            net_run(&net, net.now + 1000u * (1 + (what & 31)));
            break;
        case 6:
            net_run(&net, net.now + 20000u * (1 + (what & 31)));
            break;
        default:
            head2_session_rotate(net.end[end].s, net.now,
                                 end == 0 ? net.end[0].peer : net.peer_of[0]);
            break;
        }
    }
    net.loss = 0;
    net_run(&net, net.now + 500000);
    /* both directions come back, within the time that a lost session takes to be made anew */
    for (int end = 0; end <= NET_GATEWAY; end += NET_GATEWAY) {
        const int other = end == 0 ? NET_GATEWAY : 0;
        const uint64_t before = net.end[other].received[1];
        for (unsigned i = 0; i < 300 && net.end[other].received[1] == before; i++) {
            say(end, 1);
            net_run(&net, net.now + 100000);
        }
        FUZZ_ASSERT(net.end[other].received[1] > before);
    }
    if (++uses % 32 == 0 || said > SAID - 2000)
        net_stop(&net);
    return 0;
}
