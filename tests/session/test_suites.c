/*
 * The hybrid suite CH2-L5-P384 and rotations without signatures: who chooses, what is on the wire,
 * what a damaged share or a message of the wrong kind leads to.
 */
#include "session/net.h"

#include "session/state.h"

static struct net net;

#define L5     HEAD2_SUITE_L5
#define HYBRID HEAD2_SUITE_L5_P384

/* The longest handshake message of each type that was seen on the wire. */
static size_t longest_frame_message[16];

static void watch_lengths(struct net *n, const struct net_packet *p)
{
    (void)n;
    if (memcmp(p->bytes, wire_magic, 6) == 0 && p->bytes[6] < 16 &&
        be16(p->bytes + 16) > longest_frame_message[p->bytes[6]])
        longest_frame_message[p->bytes[6]] = be16(p->bytes + 16);
}

static void open_ends(uint64_t seed, const uint16_t *drone, const uint16_t *gateway, bool mac_d,
                      bool mac_g)
{
    net_open(&net, seed);
    struct head2_session_config g = net_config(&net, NET_GATEWAY), d = net_config(&net, 0);
    for (unsigned i = 0; i < 2; i++) {
        d.suites[i] = drone[i];
        g.suites[i] = gateway[i];
    }
    d.mac_only_rotation = mac_d;
    g.mac_only_rotation = mac_g;
    d.rotate_seconds = g.rotate_seconds = 5;
    memset(longest_frame_message, 0, sizeof longest_frame_message);
    net.tap = watch_lengths;
    net_gateway(&net, &g, 1);
    net_drone(&net, 0, &d);
    net_run(&net, net.now + SECOND / 2);
}

/* Both ends say things on every lane for a while, and lose none of them. */
static void talk(unsigned seconds)
{
    for (unsigned i = 0; i < seconds * 10; i++) {
        CHECK_EQ(net_say(&net, 0, NET_GATEWAY, (uint8_t)(i % 4), "up", 2), HEAD2_OK);
        CHECK_EQ(net_say(&net, NET_GATEWAY, 0, (uint8_t)(i % 4), "down", 4), HEAD2_OK);
        net_run(&net, net.now + 100000);
    }
    net_run(&net, net.now + 100000);
    for (unsigned lane = 0; lane < 4; lane++) {
        CHECK_EQ(net.end[NET_GATEWAY].received[lane], net.end[0].sent[lane]);
        CHECK_EQ(net.end[0].received[lane], net.end[NET_GATEWAY].sent[lane]);
    }
    CHECK_EQ(net.end[0].ratchets, 0);
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_ALARM], 0);
    CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_ALARM], 0);
}

static void choice(const uint16_t *drone, const uint16_t *gateway, unsigned expect)
{
    open_ends(1, drone, gateway, false, false);
    CHECK_EQ(net_both_up(&net, 0), expect != 0);
    if (expect != 0) {
        bool offered = drone[0] == HYBRID || drone[1] == HYBRID;
        CHECK_EQ(net.end[0].last_up.suite, expect);
        CHECK_EQ(net.end[NET_GATEWAY].last_up.suite, expect);
        CHECK_EQ(longest_frame_message[FRAME_INIT], offered ? 1802 : 1705);
        CHECK_EQ(longest_frame_message[FRAME_RESP], expect == HYBRID ? 6503 : 6406);
        talk(1);
    } else {
        CHECK(head2_session_counters(net.end[NET_GATEWAY].s)[HEAD2_COUNT_NO_SUITE] > 0);
    }
    net_stop(&net);
}

static void gateway_chooses(void)
{
    static const uint16_t pure[2] = {L5, 0}, hybrid[2] = {HYBRID, 0},
                          hybrid_first[2] = {HYBRID, L5}, pure_first[2] = {L5, HYBRID};

    choice(hybrid, hybrid, HYBRID);
    choice(hybrid_first, hybrid_first, HYBRID);
    choice(hybrid_first, pure_first, L5);
    choice(pure_first, hybrid_first, HYBRID);
    choice(hybrid_first, pure, L5);
    choice(pure, hybrid_first, L5);
    choice(pure, hybrid, 0);
    choice(hybrid, pure, 0);
}

static void hybrid_session_rotates(void)
{
    static const uint16_t hybrid[2] = {HYBRID, 0};

    open_ends(2, hybrid, hybrid, false, false);
    CHECK(net_both_up(&net, 0));
    talk(30);
    CHECK(net.end[0].last_rotation.new_gen >= 5);
    CHECK(net.end[0].last_rotation.verified && net.end[0].last_rotation.fresh);
    net_stop(&net);
}

/* Both halves enter: with the same ML-KEM secret another Z gives other keys. */
static void both_halves_count(void)
{
    static const uint8_t th2[64] = {2}, no_psk[64];
    struct shared_secret a = {{1}, 80}, b = {{1}, 80}, c = {{1}, 32};
    struct hs_keys ka, kb, kc;
    struct chain early;

    b.b[79] = 1;
    derive_early(&early, no_psk);
    derive_handshake(&ka, &early, &a, th2);
    derive_handshake(&kb, &early, &b, th2);
    derive_handshake(&kc, &early, &c, th2);
    CHECK(memcmp(&ka.master, &kb.master, sizeof ka.master) != 0);
    CHECK(memcmp(&ka.master, &kc.master, sizeof ka.master) != 0);
}

static struct head2_job *run(enum job_kind kind, const struct head2_job *from)
{
    struct head2_job *j = calloc(1, sizeof *j);

    CHECK(j != NULL);
    if (from != NULL)
        *j = *from;
    j->kind = kind;
    head2_job_run(j, net_sign, NULL);
    CHECK_EQ(j->result, HEAD2_OK);
    return j;
}

/* The jobs put ss and Z where the schedule takes them from: Z is what P-384 gives, computed apart.
 */
static void jobs_give_both_halves(void)
{
    struct head2_job drone = {
        .seed = {.kem = {{1}}, .p384 = {{2}}, .hybrid = true}
    };
    struct head2_job gateway = {
        .seed = {.p384 = {{3}}, .hybrid = true},
          .m = {{4}            }
    };
    uint8_t z[P384_SECRET_BYTES];

    struct head2_job *offer = run(JOB_KEYPAIR, &drone);
    memcpy(gateway.key, offer->key, EK_BYTES);
    memcpy(gateway.kx2, offer->kx2, KX2_BYTES);
    struct head2_job *answer = run(JOB_ENCAPS, &gateway);
    memcpy(drone.ct, answer->ct, CT_BYTES);
    memcpy(drone.kx2, answer->kx2, KX2_BYTES);
    struct head2_job *end = run(JOB_DECAPS, &drone);
    CHECK_EQ(answer->ss.len, 80);
    CHECK_EQ(end->ss.len, 80);
    CHECK_MEM(answer->ss.b, end->ss.b, 80);
    CHECK_EQ(p384_shared(z, &drone.seed.p384, answer->kx2), HEAD2_OK);
    CHECK_MEM(end->ss.b + 32, z, sizeof z);
    drone.seed.hybrid = gateway.seed.hybrid = false; /* and ss is the same without */
    struct head2_job *pure = run(JOB_DECAPS, &drone);
    CHECK_EQ(pure->ss.len, 32);
    CHECK_MEM(pure->ss.b, end->ss.b, 32);
    head2_job_free(offer);
    head2_job_free(answer);
    head2_job_free(end);
    head2_job_free(pure);
}

/* One byte of a message, changed by somebody who knows the gateway's public key. */
static struct {
    unsigned type, at, left;
} change;

static bool change_byte(struct net *n, const struct net_packet *p)
{
    uint8_t mkey[2][32], copy[1600], mac[64];
    unsigned begins, dir;

    if (memcmp(p->bytes, wire_magic, 6) != 0 || p->bytes[6] != change.type || change.left == 0)
        return false;
    begins = (unsigned)p->bytes[20] * be16(p->bytes + 18);
    if (change.at < begins || change.at >= begins + be16(p->bytes + 22))
        return false;
    change.left--;
    memcpy(copy, p->bytes, p->len);
    copy[FRAME_HEAD + change.at - begins] ^= 0x20;
    derive_mac1_keys(mkey, n->end[NET_GATEWAY].key->pk);
    dir = p->to == NET_GATEWAY ? D2G : G2D;
    head2_hmac_sha3_512(mac, mkey[dir], 32, copy, p->len - 16);
    memcpy(copy + p->len - 16, mac, 16);
    net_post(n, p->from, p->to, copy, p->len);
    return true;
}

static void changed_share(unsigned type, unsigned at, int where, enum head2_counter counter)
{
    static const uint16_t hybrid[2] = {HYBRID, 0};

    net_open(&net, 3);
    struct head2_session_config g = net_config(&net, NET_GATEWAY), d = net_config(&net, 0);
    memcpy(d.suites, hybrid, sizeof hybrid);
    memcpy(g.suites, hybrid, sizeof hybrid);
    change.type = type;
    change.at = at;
    change.left = 1;
    net.filter = change_byte;
    net_gateway(&net, &g, 1);
    net_drone(&net, 0, &d);
    net_run(&net, net.now + SECOND);
    CHECK_EQ(change.left, 0);
    CHECK_EQ(head2_session_counters(net.end[where].s)[counter], 1);
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_ALARM], 0);
    NET_UNTIL(&net, 10 * SECOND, net_both_up(&net, 0));
    net_stop(&net);
}

static void damaged_shares(void)
{
    changed_share(FRAME_INIT, 1640, NET_GATEWAY, HEAD2_COUNT_BAD_FRAME); /* kx2_len */
    changed_share(FRAME_INIT, 1641, NET_GATEWAY, HEAD2_COUNT_BAD_EK);    /* 04 */
    changed_share(FRAME_INIT, 1700, NET_GATEWAY, HEAD2_COUNT_BAD_EK);
    changed_share(FRAME_RESP, 1608, 0, HEAD2_COUNT_DOWNGRADE);
    changed_share(FRAME_RESP, 1609, 0, HEAD2_COUNT_BAD_EK);
    changed_share(FRAME_RESP, 1705, 0, HEAD2_COUNT_BAD_EK);
    changed_share(FRAME_RESP, 1706, 0, HEAD2_COUNT_BAD_BOX); /* the box behind it */
}

/* ---- rotations without signatures ---- */

static unsigned exchanges, signed_ones;
static uint32_t last_signed;

static void note_exchange(struct net *n, int end, const struct head2_event *e)
{
    (void)n;
    if (end != 0 || e->kind != HEAD2_EVENT_ROTATED || !e->fresh)
        return;
    exchanges++;
    if (e->verified) {
        signed_ones++;
        last_signed = e->new_gen;
    }
}

static void run_mac_only(bool drone, bool gateway, unsigned seconds)
{
    static const uint16_t pure[2] = {L5, 0};

    exchanges = signed_ones = last_signed = 0;
    open_ends(4, pure, pure, drone, gateway);
    net.on_event = note_exchange;
    memset(net.end[0].job_count, 0, sizeof net.end[0].job_count);
    talk(seconds);
}

static void needs_both_ends(void)
{
    run_mac_only(true, false, 12);
    CHECK(exchanges >= 2 && signed_ones == exchanges);
    net_stop(&net);
    run_mac_only(false, true, 12);
    CHECK(exchanges >= 2 && signed_ones == exchanges);
    net_stop(&net);
    run_mac_only(true, true, 12);
    CHECK(exchanges >= 2 && signed_ones == 0);
    net_stop(&net);
}

static void one_in_sixteen_is_signed(void)
{
    run_mac_only(true, true, 170);
    CHECK(exchanges >= 34);
    CHECK_EQ(signed_ones, exchanges / 16);
    CHECK_EQ(last_signed, exchanges / 16 * 16);
    net_stop(&net);
}

/* An offer of the wrong kind is no offer: a thief of a session's keys cannot leave signatures out.
 */
static void wrong_kind(bool agreed, uint32_t gen_now, size_t len)
{
    static uint8_t body[6234];
    static const uint16_t pure[2] = {L5, 0};

    open_ends(5, pure, pure, agreed, agreed);
    struct head2_session *g = net.end[NET_GATEWAY].s;
    struct tunnel *t = tunnel_of_peer(g, net.peer_of[0]);
    CHECK_EQ(t->rot.state, ROT_IDLE);
    t->tx.epoch = epoch_of(gen_now, 0);
    put_be32(body, gen_now + 1);
    put_be16(body + 1605, (uint16_t)(len > 1607 ? SIG_BYTES : 0));
    exchange_message(g, t, CTL_ROT_INIT, body, len);
    CHECK(t->closing);
    net_pump(&net, NET_GATEWAY);
    CHECK_EQ(net.end[NET_GATEWAY].last_down.reason, CLOSE_PROTOCOL);
    CHECK_EQ(net.end[NET_GATEWAY].last_alarm.counter, HEAD2_COUNT_CTL_MALFORMED);
    net_stop(&net);
}

static void kind_is_not_negotiable(void)
{
    wrong_kind(false, 0, 1607); /* no MAC-only was agreed */
    wrong_kind(true, 15, 1607); /* the sixteenth is signed */
    wrong_kind(true, 0, 6234);  /* signed where none is due */
    wrong_kind(true, 0, 1606);
}

int main(void)
{
    RUN(gateway_chooses);
    RUN(hybrid_session_rotates);
    RUN(both_halves_count);
    RUN(jobs_give_both_halves);
    RUN(damaged_shares);
    RUN(needs_both_ends);
    RUN(one_in_sixteen_is_signed);
    RUN(kind_is_not_negotiable);
    CHECK_EXIT();
}
