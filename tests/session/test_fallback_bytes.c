/*
 * A fallback handshake computed once more, from docs/protocol.md and its own bytes, with nothing of
 * src/session but hashes and AES-GCM: the binder, the transcript with its empty signatures, the
 * boxes, the counter, DONE. And where keys are in memory, and where no more.
 */
#include "session/fallback_net.h"

#include <head2/aead.h>

static uint8_t message[9][8192];
static size_t length[9];
static struct kx_secret seed;

static void record(struct net *n, const struct net_packet *p)
{
    const uint8_t *d = p->bytes;
    const bool ours = p->to == NODE || p->from == NODE;

    if (!ours || memcmp(d, wire_magic, 6) != 0 || d[6] > 8)
        return;
    const size_t at = (size_t)d[20] * be16(d + 18);
    CHECK(at + be16(d + 22) <= sizeof message[0]);
    memcpy(message[d[6]] + at, d + 56, be16(d + 22));
    length[d[6]] = be16(d + 16);
    if (d[6] == 3) /* INIT: its secret half is needed below */
        seed = n->end[0].s->attempts[HS_PARALLEL].seed;
}

static void expand(uint8_t *out, size_t len, const uint8_t secret[64], const char *label,
                   const uint8_t *ctx, size_t ctx_len)
{
    uint8_t info[200];
    size_t n = 0;

    info[n++] = (uint8_t)(len >> 8);
    info[n++] = (uint8_t)len;
    info[n++] = (uint8_t)(6 + strlen(label));
    memcpy(info + n, "ch2v1 ", 6);
    memcpy(info + n + 6, label, strlen(label));
    n += 6 + strlen(label);
    info[n++] = (uint8_t)ctx_len;
    memcpy(info + n, ctx, ctx_len);
    n += ctx_len;
    info[n++] = 1; /* the first block of Expand; 64 bytes are one */
    uint8_t block[64];
    head2_hmac_sha3_512(block, secret, 64, info, n);
    memcpy(out, block, len);
}

static void chain(uint8_t out[64], const uint8_t prev[64], uint8_t type, const uint8_t *data,
                  size_t len)
{
    static uint8_t in[64 + 5 + 8192];

    memcpy(in, prev, 64);
    in[64] = type;
    put_be32(in + 65, (uint32_t)len);
    memcpy(in + 69, data, len);
    head2_sha3_512(out, in, 69 + len);
}

static void open_box(uint8_t *plain, const uint8_t hs[64], const char *way, unsigned counter,
                     const uint8_t th2[64], const uint8_t aad[64], const uint8_t *box, size_t len)
{
    struct head2_aead *aead;
    uint8_t key[32], iv[12];
    char label[20];

    snprintf(label, sizeof label, "hs key %s", way);
    expand(key, 32, hs, label, th2, 64);
    snprintf(label, sizeof label, "hs iv %s", way);
    expand(iv, 12, hs, label, th2, 64);
    iv[11] ^= (uint8_t)counter;
    CHECK_EQ(head2_aead_new(&aead), HEAD2_OK);
    CHECK_EQ(head2_aead_set_key(aead, key, 32), HEAD2_OK);
    CHECK_EQ(head2_aead_open(aead, plain, iv, aad, 64, box, len), HEAD2_OK);
    head2_aead_free(aead);
}

/* hs, and th1 and th2, from the key and the exchange. */
static void secrets(uint8_t hs[64], uint8_t th2[64])
{
    static uint8_t ek[EK_BYTES], dk[HEAD2_MLKEM1024_DK_BYTES];
    struct head2_secret32 ss;
    uint8_t salt[64], early[64], key[64], hash[64], binder[64], th[64];

    head2_sha3_512(salt, "ch2v1 early", 11);
    head2_hmac_sha3_512(early, salt, 64, net.end[NET_GATEWAY].fallback.key.b, 64);
    expand(key, 64, early, "binder fbk", (const uint8_t *)"", 0);
    head2_sha3_512(hash, message[3], 1705 - 64);
    head2_hmac_sha3_512(binder, key, 64, hash, 64);
    CHECK_MEM(binder, message[3] + 1705 - 64, 64);

    CHECK_EQ(head2_mlkem1024_keypair_from_seed(ek, dk, &seed.kem), HEAD2_OK);
    CHECK_MEM(ek, message[3] + 72, sizeof ek);
    CHECK_EQ(head2_mlkem1024_decaps(&ss, dk, message[4] + 40), HEAD2_OK);
    expand(salt, 64, early, "derived", (const uint8_t *)"", 0);
    head2_hmac_sha3_512(hs, salt, 64, ss.b, 32);
    head2_sha3_512(th, "ch2v1 transcript CHIMERA-HEAD2", 30);
    chain(th, th, 0x03, message[3], 1705);
    chain(th2, th, 0x04, message[4], 1609);
}

static void from_the_page(void)
{
    uint8_t hs[64], th2[64], th[64], th5[64], fk[64], fin[64], plain[200], id[32];

    start(1, 0);
    net.tap = record;
    take_over();
    CHECK_EQ(length[3], 1705);
    CHECK_EQ(length[4], 1779);
    CHECK_EQ(length[5], 162);
    CHECK_EQ(length[6], 32);
    CHECK_EQ(message[3][4], 3);
    CHECK_MEM(message[3] + 56, net.end[NET_GATEWAY].fallback.id, 16);
    secrets(hs, th2);

    open_box(plain, hs, "g2d", 0, th2, th2, message[4] + 1609, 170);
    identity(id, 'F', net_key(NODE)->pk);
    CHECK_MEM(plain + 8, id, 32);
    CHECK_EQ(be16(plain + 88), 0); /* sig_len */
    uint8_t session_id[8];
    memcpy(session_id, plain, 8);
    chain(th, th2, 0x14, plain, 88);
    chain(th, th, 0x24, plain, 0);
    expand(fk, 64, hs, "fin g", th2, 64);
    head2_hmac_sha3_512(fin, fk, 64, th, 64);
    CHECK_MEM(fin, plain + 90, 64);
    chain(th5, th, 0x34, fin, 64);

    open_box(plain, hs, "d2g", 0, th2, th5, message[5], 162);
    identity(id, 'D', net_key(0)->pk);
    CHECK_MEM(plain, id, 32);
    CHECK_EQ(be16(plain + 32 + 24), 1); /* fb_counter */
    CHECK_EQ(be16(plain + 80), 0);
    chain(th, th5, 0x05, plain, 80);
    chain(th, th, 0x25, plain, 0);
    expand(fk, 64, hs, "fin d", th2, 64);
    head2_hmac_sha3_512(fin, fk, 64, th, 64);
    CHECK_MEM(fin, plain + 82, 64);
    chain(th, th, 0x35, fin, 64);
    CHECK_MEM(th, net.end[0].last_up.transcript, 64);

    open_box(plain, hs, "g2d", 1, th2, th, message[6], 32);
    CHECK_MEM(plain, session_id, 8);
    CHECK_EQ(be64(plain + 8), 0);
    net_stop(&net);
}

/* FBK_ISSUE as it stands in the page: what is signed, and where each field is. */
static void issue_from_the_page(void)
{
    uint8_t all[HEAD2_FALLBACK_MAX_BYTES], id[32];

    start(2, 0);
    const struct head2_fallback_key *k = &net.end[NET_GATEWAY].fallback;
    const size_t n = head2_fallback_encode(all, k);
    const uint8_t *body = all + 40;
    CHECK_EQ(n - 40, 95 + 32 * NODES + 2 + 4627);
    CHECK_MEM(body, k->id, 16);
    CHECK_MEM(body + 16, k->key.b, 64);
    CHECK_EQ(be32(body + 88), 86400);
    CHECK_EQ(be16(body + 92), 64);
    CHECK_EQ(body[94], NODES);
    identity(id, 'F', net_key(NODE)->pk);
    CHECK_MEM(body + 95, id, 32);
    identity(id, 'D', net_key(0)->pk);
    CHECK_MEM(all + 8, id, 32);
    CHECK_EQ(head2_mldsa87_verify(net_key(NET_GATEWAY)->pk, all, 40 + 95 + 32 * NODES,
                                  (const uint8_t *)"ch2v1 fbk", 9, body + 95 + 32 * NODES + 2,
                                  4627),
             HEAD2_OK);
    net_stop(&net);
}

/* ---- what is left in memory ---- */

static unsigned copies_in(const void *where, size_t len, const uint8_t secret[64])
{
    const uint8_t *p = where;
    unsigned n = 0;

    for (size_t i = 0; p != NULL && i + 16 <= len; i++)
        n += memcmp(p + i, secret + 24, 16) == 0; /* a part of it, so that a part is seen */
    return n;
}

/* In all memory of an end. */
static unsigned copies(int i, const uint8_t secret[64])
{
    const struct head2_session *s = net.end[i].s;
    unsigned n = copies_in(s, sizeof *s, secret);

    n += copies_in(s->fb.keys, s->fb.max_keys * sizeof *s->fb.keys, secret);
    n += copies_in(s->tunnels, s->max_tunnels * sizeof *s->tunnels, secret);
    n += copies_in(s->pool, (size_t)s->pool_total * MESSAGE_MAX, secret);
    if (s->attempts != NULL)
        n += copies_in(s->attempts, ATTEMPTS * sizeof *s->attempts, secret);
    n += copies_in(s->half, s->max_half * sizeof *s->half, secret);
    for (const struct head2_job *j = s->jobs_free; j != NULL; j = j->next)
        n += copies_in(j, sizeof *j, secret);
    return n;
}

/* A gateway forgets a key when the drone has it; a drone and a node have one copy, and none when it
 * is over or dropped. */
static void nothing_is_left(void)
{
    struct head2_secret64 secret;

    start(3, 40);
    memcpy(&secret, &net.end[NET_GATEWAY].fallback.key, sizeof secret);
    CHECK_EQ(copies(NET_GATEWAY, secret.b), 0);
    CHECK_EQ(copies(0, secret.b), 1);
    CHECK_EQ(copies(NODE, secret.b), 1);
    take_over();
    CHECK_EQ(copies(0, secret.b), 1);
    CHECK_EQ(copies(NODE, secret.b), 1);
    start_node(NODE2, &net.end[NET_GATEWAY].fallback);
    head2_session_drop_fallback_key(net.end[NODE2].s, net.end[NET_GATEWAY].fallback.id);
    CHECK_EQ(copies(NODE2, secret.b), 0);
    net_run(&net, net.now + 45 * SECOND);
    CHECK_EQ(copies(0, secret.b), 0);
    CHECK_EQ(copies(NODE, secret.b), 0);
    net_stop(&net);
}

int main(void)
{
    RUN(nothing_is_left);
    RUN(from_the_page);
    RUN(issue_from_the_page);
    CHECK_EXIT();
}
