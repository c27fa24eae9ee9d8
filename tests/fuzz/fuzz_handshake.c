/*
 * A handshake between a real drone and a real gateway with an attacker on the path who decides for
 * every datagram whether it passes, is lost, comes twice, late, or changed - and who, unlike a real
 * one, can make mac1 fit what was changed, so that what lies behind that check is reached. Whatever
 * happens, two ends that both call a session up have the same transcript; and when the attacker
 * stops, a session comes up by itself.
 */
#include "fuzz/edit.h"

#include "session/net.h"
#include "session/state.h"

static struct net net;
static struct input script;

/* The key of mac1 of a frame, as the drone knows it (it is the end that is there all along). */
static const uint8_t *mac_key(const struct frame *f, int from)
{
    struct head2_session *s = net.end[0].s;
    const int dir = from == NET_GATEWAY ? G2D : D2G;

    for (unsigned i = 0; i < HS_PARALLEL; i++) {
        const struct attempt *a = &s->attempts[i];
        if (a->state == ATTEMPT_AUTH && a->hs_id == f->hs_id &&
            (f->type == FRAME_AUTH || f->type == FRAME_DONE || f->type == FRAME_HSACK))
            return a->keys.frag[dir];
    }
    return s->mkey[dir];
}

static void change(struct net_packet *p)
{
    struct frame f;
    const bool fix = take8(&script) & 1;
    size_t len = p->len;

    edit(&script, p->bytes, &len, sizeof p->bytes);
    p->len = len;
    if (!fix || !frame_parse(&f, p->bytes, p->len))
        return;
    uint8_t mac[64];
    head2_hmac_sha3_512(mac, mac_key(&f, p->from), 32, p->bytes, p->len - 16);
    memcpy(p->bytes + p->len - 16, mac, 16);
}

/* Called for every datagram; true: it does not arrive as it is. */
static bool attack(struct net *n, const struct net_packet *p)
{
    struct net_packet mine;

    if (script.left == 0 || p->to < 0)
        return false;
    const uint8_t what = take8(&script);
    if (what < 0x60)
        return false;
    mine = *p;
    if (what < 0x80) /* lost */
        return true;
    if (what >= 0xa0)
        change(&mine);
    n->delay_max = n->delay_min + (what & 7) * 40000u;
    net_post(n, p->from, p->to, mine.bytes, mine.len);
    n->delay_max = n->delay_min;
    return (what & 8) != 0; /* else the good one comes as well */
}

/* How often two ends were compared: at least once in every run. */
static unsigned compared;

static void same_transcript(void)
{
    struct tunnel *a = tunnel_of_peer(net.end[NET_GATEWAY].s, net.peer_of[0]);
    struct tunnel *b = tunnel_of_peer(net.end[0].s, 0);

    if (a == NULL || b == NULL || memcmp(a->session_id, b->session_id, sizeof a->session_id) != 0)
        return; /* one end is still in an older session */
    compared++;
    FUZZ_ASSERT(memcmp(a->th8, b->th8, sizeof a->th8) == 0);
    FUZZ_ASSERT(a->suite == b->suite);
    FUZZ_ASSERT(a->sk_gen != b->sk_gen || a->sk_step != b->sk_step ||
                memcmp(&a->sk, &b->sk, sizeof a->sk) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    script = (struct input){data, size};
    net_start(&net, 1 + take8(&script), 1);
    net.filter = attack;
    for (unsigned i = 0; i < 200 && script.left > 0; i++) {
        net_run(&net, net.now + 20000);
        same_transcript();
    }
    script.left = 0;
    /* the longest wait between two attempts of a drone is far below this */
    const uint64_t limit = net.now + UINT64_C(60000000);
    static const uint8_t hello[] = "after the attack";
    while (!net_both_up(&net, 0) && net.now < limit)
        net_run(&net, net.now + 100000);
    FUZZ_ASSERT(net_both_up(&net, 0));
    same_transcript();
    /* both may call different sessions up for a moment: the newer one wins within seconds */
    const uint64_t before = net.end[NET_GATEWAY].received[0];
    for (unsigned i = 0; i < 100 && net.end[NET_GATEWAY].received[0] == before; i++) {
        (void)net_say(&net, 0, NET_GATEWAY, 0, hello, sizeof hello);
        net_run(&net, net.now + 200000);
    }
    FUZZ_ASSERT(net.end[NET_GATEWAY].received[0] > before);
    compared = 0;
    same_transcript();
    FUZZ_ASSERT(compared == 1);
    net_stop(&net);
    return 0;
}
