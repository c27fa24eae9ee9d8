/*
 * The CH2 protocol against its published vectors (T1 to T3 of docs/testing.md), made by an
 * independent implementation: every byte format, the key schedule, packets, rotation, and a
 * recorded handshake replayed from its bytes. (The vectors of zero-knowledge records belong to a
 * room that does not exist yet.)
 */
#include "check.h"

#include "session/state.h"

#include <head2/hash.h>

#include <jansson.h>

static json_t *root;
static uint8_t bytes_a[16384], bytes_b[16384];

static const char *text(const char *section, const char *name)
{
    json_t *v = json_object_get(json_object_get(root, section), name);
    CHECK_SAY(json_is_string(v), "no string %s.%s", section, name);
    return json_string_value(v);
}

static size_t hex(uint8_t *out, size_t cap, const char *section, const char *name)
{
    return check_hex(out, cap, text(section, name));
}

/* got must be the value of section.name */
static void same(const uint8_t *got, size_t len, const char *section, const char *name)
{
    size_t n = hex(bytes_b, sizeof bytes_b, section, name);
    CHECK_SAY(n == len && memcmp(got, bytes_b, n) == 0, "%s.%s differs", section, name);
}

static void load(void)
{
    if (root == NULL)
        root = json_load_file("tests/vectors/ch2.json", 0, NULL);
    CHECK_SAY(root != NULL, "cannot read tests/vectors/ch2.json (start from the project's root)");
}

static void chain(struct chain *c, const char *section, const char *name)
{
    CHECK_EQ(hex(c->b, sizeof c->b, section, name), 64);
}

static void hkdf(void)
{
    struct chain secret;
    uint8_t out[80], th0[64], key[64], msg[3], mac[64];

    load();
    hex(key, sizeof key, "hkdf", "hmac_key");
    hex(msg, sizeof msg, "hkdf", "hmac_msg");
    head2_hmac_sha3_512(mac, key, sizeof key, msg, sizeof msg);
    same(mac, 64, "hkdf", "hmac");
    chain(&secret, "hkdf", "xl_secret");
    xl(out, sizeof out, &secret, "test", "\x01\x02", 2);
    same(out, sizeof out, "hkdf", "xl");
    transcript_start(th0);
    same(th0, 64, "hkdf", "th0");
}

static struct net_identity {
    uint8_t pk[HEAD2_MLDSA87_PK_BYTES];
    uint8_t sk[HEAD2_MLDSA87_SK_BYTES];
} gw, drone;

static void identities(void)
{
    struct head2_secret32 xi;
    uint8_t id[32], hash[32];

    load();
    hex(xi.b, 32, "identities", "xi_g");
    CHECK_EQ(head2_mldsa87_keypair_from_seed(gw.pk, gw.sk, &xi), HEAD2_OK);
    hex(xi.b, 32, "identities", "xi_d");
    CHECK_EQ(head2_mldsa87_keypair_from_seed(drone.pk, drone.sk, &xi), HEAD2_OK);
    head2_sha3_256(hash, gw.pk, sizeof gw.pk);
    same(hash, 32, "identities", "pk_g_sha3_256");
    head2_sha3_256(hash, drone.pk, sizeof drone.pk);
    same(hash, 32, "identities", "pk_d_sha3_256");
    identity(id, 'G', gw.pk);
    same(id, 32, "identities", "id_g");
    identity(id, 'D', drone.pk);
    same(id, 32, "identities", "id_d");
}

static struct head2_address vector_address(void)
{
    struct head2_address a;
    hex(a.ip, sizeof a.ip, "hello_retry", "addr16");
    a.port =
        (uint16_t)json_integer_value(json_object_get(json_object_get(root, "hello_retry"), "port"));
    return a;
}

static void hello_and_retry(void)
{
    uint8_t mkey[2][32], cookie[32], ckey[32], hs[8], out[1400], body[4];
    struct cookie_keys keys = {.kid = 7};
    struct frame f;

    identities();
    derive_mac1_keys(mkey, gw.pk);
    same(mkey[D2G], 32, "hello_retry", "mac1_d2g");
    same(mkey[G2D], 32, "hello_retry", "mac1_g2d");
    hex(hs, 8, "hello_retry", "hs_id");
    struct head2_address from = vector_address();
    hex(ckey, 32, "hello_retry", "cookie_key");
    cookie_make(cookie, ckey, 7, 1700000000, &from, be64(hs));
    same(cookie, 32, "hello_retry", "cookie");
    memcpy(keys.key[1], ckey, 32);
    CHECK_EQ(cookie_check(&keys, cookie, 1700000000 * SECOND, &from, be64(hs)), HEAD2_OK);
    CHECK_EQ(cookie_check(&keys, cookie, 1700000031 * SECOND, &from, be64(hs)), HEAD2_E_VERIFY);
    CHECK_EQ(cookie_check(&keys, cookie, 1700000000 * SECOND, &from, be64(hs) + 1), HEAD2_E_VERIFY);
    from.port++;
    CHECK_EQ(cookie_check(&keys, cookie, 1700000000 * SECOND, &from, be64(hs)), HEAD2_E_VERIFY);

    size_t n = hex(bytes_a, sizeof bytes_a, "hello_retry", "hello");
    CHECK(frame_parse(&f, bytes_a, n));
    CHECK_EQ(frame_check_mac(&f, bytes_a, mkey[D2G]), HEAD2_OK);
    struct frame_spec spec = {.type = FRAME_HELLO,
                              .hs_id = be64(hs),
                              .stride = STRIDE_FULL,
                              .msg = f.body,
                              .msg_len = f.body_len,
                              .mkey = mkey[D2G]};
    CHECK_EQ(frame_build(out, &spec, 0), n);
    same(out, n, "hello_retry", "hello");
    put_be16(body, 1);
    put_be16(body + 2, 1);
    spec.type = FRAME_RETRY;
    spec.msg = body;
    spec.msg_len = sizeof body;
    spec.cookie = cookie;
    spec.mkey = mkey[G2D];
    n = frame_build(out, &spec, 0);
    same(out, n, "hello_retry", "retry");
}

static void handshake(void)
{
    static uint8_t init[INIT_BYTES], resp[RESP_BYTES], auth[AUTH_BYTES], done[DONE_BYTES];
    static uint8_t ek[EK_BYTES], dk[HEAD2_MLKEM1024_DK_BYTES], plain[RESP_BOX];
    static const uint8_t no_psk[64];
    struct head2_secret64 seed;
    struct head2_secret32 of_kem;
    struct shared_secret ss = {.len = 32};
    struct head2_aead *aead;
    struct init_msg m;
    struct resp_clear clear;
    struct chain early, chain64;
    struct hs_keys keys;
    struct params params;
    uint8_t th[9][64], fin[64], id[16], sid[8];

    identities();
    CHECK_EQ(hex(init, sizeof init, "handshake", "init_body"), INIT_BYTES);
    CHECK_EQ(hex(resp, sizeof resp, "handshake", "resp_body"), RESP_BYTES);
    CHECK_EQ(hex(auth, sizeof auth, "handshake", "auth_body"), AUTH_BYTES);
    CHECK_EQ(hex(done, sizeof done, "handshake", "done_body"), DONE_BYTES);
    CHECK_EQ(head2_aead_new(&aead), HEAD2_OK);

    hex(seed.b, sizeof seed.b, "handshake", "kem_seed");
    CHECK_EQ(head2_mlkem1024_keypair_from_seed(ek, dk, &seed), HEAD2_OK);
    CHECK(init_read(&m, init, sizeof init));
    CHECK_MEM(m.ek, ek, EK_BYTES);
    same(m.random_d, 32, "handshake", "random_d");
    uint8_t again[INIT_BYTES];
    init_write(again, (const uint16_t[]){HEAD2_SUITE_L5}, 1, m.random_d, ek, NULL);
    CHECK_MEM(again, init, INIT_BYTES);

    CHECK(resp_clear_read(&clear, resp, sizeof resp, true));
    same(clear.ct, CT_BYTES, "handshake", "ct");
    CHECK_EQ(head2_mlkem1024_decaps(&of_kem, dk, clear.ct), HEAD2_OK);
    memcpy(ss.b, of_kem.b, sizeof of_kem.b);
    same(ss.b, 32, "handshake", "ss");

    transcript_start(th[0]);
    transcript(th[1], th[0], 0x03, init, sizeof init);
    same(th[1], 64, "handshake", "th1");
    transcript(th[2], th[1], 0x04, resp, RESP_CLEAR);
    same(th[2], 64, "handshake", "th2");
    derive_early(&early, no_psk);
    same(early.b, 64, "handshake", "early");
    derive_handshake(&keys, &early, &ss, th[2]);
    same(keys.key[G2D], 32, "handshake", "hs_key_g2d");
    same(keys.iv[G2D], 12, "handshake", "hs_iv_g2d");
    same(keys.key[D2G], 32, "handshake", "hs_key_d2g");
    same(keys.iv[D2G], 12, "handshake", "hs_iv_d2g");
    same(keys.fin_g, 64, "handshake", "fk_g");
    same(keys.fin_d, 64, "handshake", "fk_d");
    same(keys.frag[D2G], 32, "handshake", "frag_d2g");
    same(keys.frag[G2D], 32, "handshake", "frag_g2d");
    same(keys.master.b, 64, "handshake", "master");

    CHECK_EQ(box_open(aead, plain, &keys, G2D, 0, th[2], resp + RESP_CLEAR, RESP_BOX), HEAD2_OK);
    memcpy(sid, plain, 8);
    same(sid, 8, "handshake", "session_id");
    same(plain + 8, 32, "identities", "id_g");
    CHECK(params_read(&params, plain + 40));
    transcript(th[3], th[2], 0x14, plain, 88);
    same(th[3], 64, "handshake", "th3");
    CHECK_EQ(be16(plain + 88), SIG_BYTES);
    CHECK_EQ(head2_mldsa87_verify(gw.pk, th[3], 64, (const uint8_t *)"ch2v1 hs gw", 11, plain + 90,
                                  SIG_BYTES),
             HEAD2_OK);
    transcript(th[4], th[3], 0x24, plain + 90, SIG_BYTES);
    same(th[4], 64, "handshake", "th4");
    head2_hmac_sha3_512(fin, keys.fin_g, 64, th[4], 64);
    CHECK_MEM(fin, plain + 90 + SIG_BYTES, 64);
    transcript(th[5], th[4], 0x34, fin, 64);
    same(th[5], 64, "handshake", "th5");

    CHECK_EQ(box_open(aead, plain, &keys, D2G, 0, th[5], auth, AUTH_BOX), HEAD2_OK);
    same(plain, 32, "identities", "id_d");
    transcript(th[6], th[5], 0x05, plain, 80);
    same(th[6], 64, "handshake", "th6");
    CHECK_EQ(head2_mldsa87_verify(drone.pk, th[6], 64, (const uint8_t *)"ch2v1 hs drone", 14,
                                  plain + 82, SIG_BYTES),
             HEAD2_OK);
    transcript(th[7], th[6], 0x25, plain + 82, SIG_BYTES);
    same(th[7], 64, "handshake", "th7");
    head2_hmac_sha3_512(fin, keys.fin_d, 64, th[7], 64);
    CHECK_MEM(fin, plain + 82 + SIG_BYTES, 64);
    transcript(th[8], th[7], 0x35, fin, 64);
    same(th[8], 64, "handshake", "th8");

    CHECK_EQ(box_open(aead, plain, &keys, G2D, 1, th[8], done, DONE_BOX), HEAD2_OK);
    CHECK_MEM(plain, sid, 8);
    CHECK_EQ(be16(plain + 8), DONE_OK);
    memset(plain + 10, 0, 6);
    CHECK_EQ(box_seal(aead, again, &keys, G2D, 1, th[8], plain, DONE_BOX), HEAD2_OK);
    CHECK_MEM(again, done, DONE_BYTES);

    derive_root(&chain64, &keys.master, th[8]);
    same(chain64.b, 64, "handshake", "root_0");
    struct chain sk, rs;
    derive_session_key(&sk, &chain64, sid, 0);
    same(sk.b, 64, "handshake", "SK_0_0");
    derive_resume(&rs, id, &keys.master, th[8]);
    same(rs.b, 64, "handshake", "rs_0");
    same(id, 16, "handshake", "rs_id_0");

    /* frames of the recorded handshake, from their parts */
    uint8_t mkey[2][32], frame[1300];
    struct frame f;
    derive_mac1_keys(mkey, gw.pk);
    size_t n = hex(bytes_a, sizeof bytes_a, "handshake", "init_frag0");
    CHECK(frame_parse(&f, bytes_a, n));
    CHECK_EQ(frame_check_mac(&f, bytes_a, mkey[D2G]), HEAD2_OK);
    struct frame_spec spec = {.type = FRAME_INIT,
                              .hs_id = f.hs_id,
                              .stride = STRIDE_FULL,
                              .msg = init,
                              .msg_len = INIT_BYTES,
                              .cookie = f.cookie,
                              .mkey = mkey[D2G]};
    CHECK_EQ(frame_build(frame, &spec, 0), n);
    CHECK_MEM(frame, bytes_a, n);
    spec.type = FRAME_AUTH;
    spec.msg = auth;
    spec.msg_len = AUTH_BYTES;
    spec.mkey = keys.frag[D2G];
    n = frame_build(frame, &spec, 0);
    same(frame, n, "handshake", "auth_frag0");
    spec.type = FRAME_DONE;
    spec.msg = done;
    spec.msg_len = DONE_BYTES;
    spec.mkey = keys.frag[G2D];
    n = frame_build(frame, &spec, 0);
    same(frame, n, "handshake", "done_dgram");
    head2_aead_free(aead);
}

static void key_schedule(void)
{
    static const uint8_t no_psk[64];
    struct chain early, root_0, rs, sk;
    struct shared_secret ss = {.len = 32};
    struct hs_keys keys;
    uint8_t th2[64], th8[64], sid[8], id[16];

    load();
    hex(ss.b, 32, "fixed", "ss");
    hex(th2, 64, "fixed", "th2");
    hex(th8, 64, "fixed", "th8");
    hex(sid, 8, "fixed", "session_id");
    derive_early(&early, no_psk);
    same(early.b, 64, "fixed", "early");
    derive_handshake(&keys, &early, &ss, th2);
    same(keys.key[G2D], 32, "fixed", "hs_key_g2d");
    same(keys.iv[G2D], 12, "fixed", "hs_iv_g2d");
    same(keys.fin_d, 64, "fixed", "fk_d");
    same(keys.frag[D2G], 32, "fixed", "frag_d2g");
    same(keys.master.b, 64, "fixed", "master");
    derive_root(&root_0, &keys.master, th8);
    same(root_0.b, 64, "fixed", "root_0");
    derive_resume(&rs, id, &keys.master, th8);
    same(rs.b, 64, "fixed", "rs_0");
    same(id, 16, "fixed", "rs_id_0");
    derive_session_key(&sk, &root_0, sid, 0);
    same(sk.b, 64, "fixed", "SK_0_0");
}

static void check_lanes(const struct lane_keys *k, const char *prefix, size_t key_len)
{
    char name[64];
    for (unsigned i = 0; i < LANES; i++) {
        snprintf(name, sizeof name, "%s_keys", prefix);
        json_t *list = json_object_get(json_object_get(root, "fixed"), name);
        size_t n = check_hex(bytes_a, sizeof bytes_a, json_string_value(json_array_get(list, i)));
        CHECK_EQ(n, i == LANE_CONTROL ? 32 : key_len);
        CHECK_MEM(k->key[i], bytes_a, n);
        snprintf(name, sizeof name, "%s_nonce_bases", prefix);
        list = json_object_get(json_object_get(root, "fixed"), name);
        CHECK_EQ(check_hex(bytes_a, sizeof bytes_a, json_string_value(json_array_get(list, i))),
                 12);
        CHECK_MEM(k->base[i], bytes_a, 12);
    }
}

struct sealer {
    const struct lane_keys *keys;
    uint16_t suite;
    uint8_t dir;
    epoch_t epoch;
};

static void check_packet(const struct sealer *who, uint64_t rn, const char *plain, const char *name)
{
    static uint64_t serial = 1;
    struct ciphers ciphers, other;
    uint8_t sid[8], out[100], back[100];
    size_t len = strlen(plain);

    CHECK_EQ(ciphers_init(&ciphers, 1), HEAD2_OK);
    CHECK_EQ(ciphers_init(&other, 1), HEAD2_OK);
    hex(sid, 8, "fixed", "session_id");
    struct packet_spec p = {.ciphers = &ciphers,
                            .keys = who->keys,
                            .serial = serial++,
                            .session_id = sid,
                            .epoch = who->epoch,
                            .rn = rn,
                            .suite = who->suite,
                            .dir = who->dir,
                            .lane = 0};
    CHECK_EQ(packet_seal(out, &p, (const uint8_t *)plain, len), HEAD2_OK);
    same(out, len + 28, "fixed", name);
    CHECK_EQ(packet_rn(who->keys->base[0], out), rn);
    p.ciphers = &other;
    CHECK_EQ(packet_open(back, &p, out, len + 28), HEAD2_OK);
    CHECK_MEM(back, plain, len);
    for (size_t bit = 0; bit < 8 * (len + 28); bit++) { /* T3: every bit counts */
        out[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_EQ(packet_open(back, &p, out, len + 28), HEAD2_E_VERIFY);
        out[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ciphers_free(&ciphers);
    ciphers_free(&other);
}

static void lanes_and_packets(void)
{
    static const struct {
        const char *prefix;
        uint16_t suite;
        uint8_t dir;
    } sets[] = {
        {"L5_d2g",   HEAD2_SUITE_L5,   D2G},
        {"L5_g2d",   HEAD2_SUITE_L5,   G2D},
        {"L1X4_d2g", HEAD2_SUITE_L1X4, D2G},
        {"L1X4_g2d", HEAD2_SUITE_L1X4, G2D}
    };
    static const uint64_t numbers[] = {0, 1, UINT64_C(0x123456789)};
    static const char *const names[] = {"rn0", "rn1", "rn123456789"};
    struct chain sk;
    char name[64];

    load();
    chain(&sk, "fixed", "SK_0_0");
    for (unsigned i = 0; i < HEAD2_LEN(sets); i++) {
        struct lane_keys k;
        derive_lanes(&k, &sk, sets[i].suite, sets[i].dir, 0, 0);
        check_lanes(&k, sets[i].prefix, sets[i].suite == HEAD2_SUITE_L5 ? 32 : 16);
        struct sealer who = {&k, sets[i].suite, sets[i].dir, 0};
        for (unsigned n = 0; n < 3; n++) {
            snprintf(name, sizeof name, "%s_lane0_%s", sets[i].prefix, names[n]);
            check_packet(&who, numbers[n], "hello drone", name);
        }
    }
}

static void ratchet_and_rotation(void)
{
    struct chain sk, sk1, root_0, rk, rb;
    struct lane_keys old, step, next;
    struct rotation_secrets out;
    struct shared_secret ss = {.len = 32};
    uint8_t sid[8], rth0[64], rth3[64];

    load();
    hex(sid, 8, "fixed", "session_id");
    chain(&sk, "fixed", "SK_0_0");
    derive_ratchet(&sk1, &sk, 0, 1);
    same(sk1.b, 64, "fixed", "SK_0_1_ratchet");
    derive_lanes(&step, &sk1, HEAD2_SUITE_L5, D2G, 0, 1);
    struct sealer stepped = {&step, HEAD2_SUITE_L5, D2G, epoch_of(0, 1)};
    check_packet(&stepped, 7, "twin", "L5_d2g_0_1_lane0_rn7");

    chain(&root_0, "fixed", "root_0");
    derive_rotation_keys(&rk, &rb, &root_0);
    same(rk.b, 64, "fixed", "rk_0");
    same(rb.b, 64, "fixed", "rb_0");
    rotation_start(rth0, sid, 1, &rb);
    same(rth0, 64, "fixed", "rot_rth0");
    hex(ss.b, 32, "fixed", "rot_ss");
    hex(rth3, 64, "fixed", "rot_rth3");
    derive_rotation(&out, &rk, &ss, rth3);
    same(out.root.b, 64, "fixed", "root_1");
    same(out.rs.b, 64, "fixed", "rs_1");
    same(out.rs_id, 16, "fixed", "rs_id_1");
    same(out.conf_g, 32, "fixed", "conf_g");
    same(out.conf_d, 32, "fixed", "conf_d");
    derive_session_key(&sk1, &out.root, sid, 1);
    same(sk1.b, 64, "fixed", "SK_1_0");

    derive_lanes(&old, &sk, HEAD2_SUITE_L5, D2G, 0, 0);
    derive_lanes(&next, &sk1, HEAD2_SUITE_L5, D2G, 1, 0);
    struct sealer under_old = {&old, HEAD2_SUITE_L5, D2G, 0};
    struct sealer under_new = {&next, HEAD2_SUITE_L5, D2G, epoch_of(1, 0)};
    check_packet(&under_old, 100, "telemetry #100", "overlap_rn100_old");
    check_packet(&under_new, 100, "telemetry #100", "overlap_rn100_new");
}

static void check_binder(const char *section, uint8_t mode, const char *label)
{
    uint8_t init[INIT_BYTES], psk[64], psk_id[16], random_d[32], ek[EK_BYTES] = {0}, hash[32];
    struct chain early;

    hex(psk, 64, section, "psk");
    hex(psk_id, 16, section, "psk_id");
    memset(random_d, 1, sizeof random_d);
    init_write(init, (const uint16_t[]){HEAD2_SUITE_L5}, 1, random_d, ek, NULL);
    init[4] = mode;
    memcpy(init + 56, psk_id, 16);
    derive_early(&early, psk);
    derive_binder(init + INIT_BYTES - 64, &early, label, init, INIT_BYTES);
    same(init + INIT_BYTES - 64, 64, section, "binder");
    head2_sha3_256(hash, init, INIT_BYTES);
    same(hash, 32, section, "init_sha3_256");
}

static void binders(void)
{
    load();
    check_binder("binder_resume", 2, "binder res");
    check_binder("binder_fallback", 3, "binder fbk");
}

int main(void)
{
    RUN(hkdf);
    RUN(identities);
    RUN(hello_and_retry);
    RUN(handshake);
    RUN(key_schedule);
    RUN(lanes_and_packets);
    RUN(ratchet_and_rotation);
    RUN(binders);
    json_decref(root);
    CHECK_EXIT();
}
