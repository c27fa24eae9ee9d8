/*
 * The key schedule, section by section: HKDF-SHA3-512 with TLS-like labels, each prefixed "ch2v1 ".
 */
#include "session/schedule.h"

#include "session/wire.h"

#include <head2/hash.h>

#define LABEL_MAX 32
#define CTX_MAX   64

void xl(uint8_t *out, size_t out_len, const struct chain *secret, const char *label,
        const void *ctx, size_t ctx_len)
{
    static const char prefix[] = "ch2v1 ";
    uint8_t info[2 + 1 + LABEL_MAX + 1 + CTX_MAX];
    size_t label_len = strlen(label);
    size_t full = sizeof prefix - 1 + label_len;
    size_t n = 0;

    HEAD2_REQUIRES(full <= LABEL_MAX && ctx_len <= CTX_MAX && out_len <= 255 * 64);
    put_be16(info, (uint16_t)out_len);
    info[2] = (uint8_t)full;
    memcpy(info + 3, prefix, sizeof prefix - 1);
    memcpy(info + 3 + sizeof prefix - 1, label, label_len);
    n = 3 + full;
    info[n++] = (uint8_t)ctx_len;
    copy_bytes(info + n, ctx, ctx_len);
    n += ctx_len;
    if (head2_hkdf_sha3_512_expand(out, out_len, secret->b, info, n) != HEAD2_OK)
        head2_wipe(out, out_len); /* cannot happen: all lengths are constants of this file */
}

bool suite_hybrid(uint16_t suite)
{
    return suite == HEAD2_SUITE_L5_P384;
}

void transcript(uint8_t next[64], const uint8_t prev[64], uint8_t type, const void *data,
                size_t len)
{
    struct head2_keccak h;
    uint8_t head[5];

    head[0] = type;
    put_be32(head + 1, (uint32_t)len);
    head2_sha3_512_init(&h);
    head2_sha3_update(&h, prev, 64);
    head2_sha3_update(&h, head, sizeof head);
    head2_sha3_update(&h, data, len);
    head2_sha3_final(&h, next);
}

void transcript_start(uint8_t th0[64])
{
    static const char name[] = "ch2v1 transcript CHIMERA-HEAD2";
    head2_sha3_512(th0, name, sizeof name - 1);
}

void identity(uint8_t id[32], char role, const uint8_t pk[HEAD2_SESSION_PK_BYTES])
{
    static const char name[] = "ch2v1 identity";
    struct head2_keccak h;

    head2_sha3_256_init(&h);
    head2_sha3_update(&h, name, sizeof name - 1);
    head2_sha3_update(&h, &role, 1);
    head2_sha3_update(&h, pk, HEAD2_SESSION_PK_BYTES);
    head2_sha3_final(&h, id);
}

void derive_early(struct chain *early, const uint8_t psk[64])
{
    static const char name[] = "ch2v1 early";
    uint8_t salt[64];

    head2_sha3_512(salt, name, sizeof name - 1);
    head2_hkdf_sha3_512_extract(early->b, salt, sizeof salt, psk, 64);
}

void derive_binder(uint8_t binder[64], const struct chain *early, const char *label,
                   const uint8_t *init, size_t init_len)
{
    struct chain bk;
    uint8_t hash[64];

    HEAD2_REQUIRES(init_len > 64);
    xl(bk.b, 64, early, label, "", 0);
    head2_sha3_512(hash, init, init_len - 64);
    head2_hmac_sha3_512(binder, bk.b, 64, hash, sizeof hash);
    head2_wipe(&bk, sizeof bk);
}

void derive_handshake(struct hs_keys *keys, const struct chain *early,
                      const struct shared_secret *ss, const uint8_t th2[64])
{
    static const uint8_t zero[64];
    struct chain salt, hs;

    xl(salt.b, 64, early, "derived", "", 0);
    head2_hkdf_sha3_512_extract(hs.b, salt.b, 64, ss->b, ss->len);
    xl(keys->key[D2G], 32, &hs, "hs key d2g", th2, 64);
    xl(keys->key[G2D], 32, &hs, "hs key g2d", th2, 64);
    xl(keys->iv[D2G], 12, &hs, "hs iv d2g", th2, 64);
    xl(keys->iv[G2D], 12, &hs, "hs iv g2d", th2, 64);
    xl(keys->frag[D2G], 32, &hs, "frag d2g", th2, 64);
    xl(keys->frag[G2D], 32, &hs, "frag g2d", th2, 64);
    xl(keys->fin_g, 64, &hs, "fin g", th2, 64);
    xl(keys->fin_d, 64, &hs, "fin d", th2, 64);
    xl(salt.b, 64, &hs, "derived", "", 0);
    head2_hkdf_sha3_512_extract(keys->master.b, salt.b, 64, zero, sizeof zero);
    head2_wipe(&salt, sizeof salt);
    head2_wipe(&hs, sizeof hs);
}

void derive_root(struct chain *root, const struct chain *master, const uint8_t th8[64])
{
    xl(root->b, 64, master, "root", th8, 64);
}

void derive_resume(struct chain *rs, uint8_t rs_id[16], const struct chain *master,
                   const uint8_t th8[64])
{
    xl(rs->b, 64, master, "resume", th8, 64);
    xl(rs_id, 16, master, "resume id", th8, 64);
}

void derive_session_key(struct chain *sk, const struct chain *root, const uint8_t session_id[8],
                        uint32_t gen)
{
    uint8_t ctx[12];

    memcpy(ctx, session_id, 8);
    put_be32(ctx + 8, gen);
    xl(sk->b, 64, root, "session key", ctx, sizeof ctx);
}

void derive_rotation_keys(struct chain *rk, struct chain *rb, const struct chain *root)
{
    xl(rk->b, 64, root, "rotation", "", 0);
    xl(rb->b, 64, root, "rot bind", "", 0);
}

void derive_ratchet(struct chain *next, const struct chain *sk, uint32_t gen, uint8_t step)
{
    struct chain out = {0};
    uint8_t ctx[5];

    put_be32(ctx, gen);
    ctx[4] = step;
    xl(out.b, 64, sk, "ratchet", ctx, sizeof ctx);
    *next = out;
    head2_wipe(&out, sizeof out);
}

/* A tag may not look like a handshake, nor like another lane's. */
static bool tags_clash(uint8_t base[LANES][12])
{
    for (unsigned i = 0; i < LANES; i++) {
        HEAD2_PUBLIC(base[i], TAG_BYTES, "a lane's tag opens each of its packets, in the clear");
        if (memcmp(base[i], wire_magic, TAG_BYTES) == 0)
            return true;
        for (unsigned j = 0; j < i; j++)
            if (memcmp(base[i], base[j], TAG_BYTES) == 0)
                return true;
    }
    return false;
}

void derive_lanes(struct lane_keys *lanes, const struct chain *sk, uint16_t suite, unsigned dir,
                  uint32_t gen, uint8_t step)
{
    static const char *const lane_label[2] = {"lanes d2g", "lanes g2d"};
    static const char *const control_label[2] = {"control d2g", "control g2d"};
    static const char *const nonce_label[2] = {"nonce d2g", "nonce g2d"};
    size_t key_len = suite == HEAD2_SUITE_L1X4 ? 16 : 32;
    uint8_t keys[4 * 32];
    uint8_t ctx[6];

    put_be32(ctx, gen);
    ctx[4] = step;
    ctx[5] = 0;
    memset(lanes, 0, sizeof *lanes);
    xl(keys, 4 * key_len, sk, lane_label[dir], ctx, 5);
    for (size_t i = 0; i < 4; i++)
        memcpy(lanes->key[i], keys + i * key_len, key_len);
    xl(lanes->key[LANE_CONTROL], 32, sk, control_label[dir], ctx, 5);
    do {
        xl(lanes->base[0], sizeof lanes->base, sk, nonce_label[dir], ctx, 6);
        ctx[5]++;
    } while (tags_clash(lanes->base));
    head2_wipe(keys, sizeof keys);
}

void rotation_start(uint8_t rth0[64], const uint8_t session_id[8], uint32_t gen_next,
                    const struct chain *rb)
{
    static const char name[] = "ch2v1 rot";
    struct head2_keccak h;
    uint8_t gen[4];

    put_be32(gen, gen_next);
    head2_sha3_512_init(&h);
    head2_sha3_update(&h, name, sizeof name - 1);
    head2_sha3_update(&h, session_id, 8);
    head2_sha3_update(&h, gen, 4);
    head2_sha3_update(&h, rb->b, 64);
    head2_sha3_final(&h, rth0);
}

void derive_rotation(struct rotation_secrets *out, const struct chain *rk,
                     const struct shared_secret *ss, const uint8_t rth3[64])
{
    struct chain x, fin;
    uint8_t mac[64];

    head2_hkdf_sha3_512_extract(x.b, rk->b, 64, ss->b, ss->len);
    xl(out->root.b, 64, &x, "root", rth3, 64);
    xl(out->rs.b, 64, &x, "resume", rth3, 64);
    xl(out->rs_id, 16, &x, "resume id", rth3, 64);
    xl(fin.b, 64, &x, "rot fin g", rth3, 64);
    head2_hmac_sha3_512(mac, fin.b, 64, rth3, 64);
    memcpy(out->conf_g, mac, 32);
    xl(fin.b, 64, &x, "rot fin d", rth3, 64);
    head2_hmac_sha3_512(mac, fin.b, 64, rth3, 64);
    memcpy(out->conf_d, mac, 32);
    head2_wipe(&x, sizeof x);
    head2_wipe(&fin, sizeof fin);
    head2_wipe(mac, sizeof mac);
}

void derive_mac1_keys(uint8_t mkey[2][32], const uint8_t pk_g[HEAD2_SESSION_PK_BYTES])
{
    static const char name[] = "ch2v1 mac1";
    struct chain r;

    head2_hkdf_sha3_512_extract(r.b, name, sizeof name - 1, pk_g, HEAD2_SESSION_PK_BYTES);
    xl(mkey[D2G], 32, &r, "mac1 d2g", "", 0);
    xl(mkey[G2D], 32, &r, "mac1 g2d", "", 0);
    head2_wipe(&r, sizeof r);
}
