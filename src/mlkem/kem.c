/*
 * ML-KEM: key generation, encapsulation and decapsulation with the checks of FIPS 203, Sections 6
 * and 7. The bodies are written once and take a parameter set; at the end stand the public
 * functions of the three sets, which only name it.
 */
#include "mlkem/kpke.h"

#include <head2/hash.h>
#include <head2/mlkem.h>
#include <head2/random.h>

enum { MAX_CT_BYTES = HEAD2_MLKEM1024_CT_BYTES };

/* The parts of dk = dk_PKE || ek || H(ek) || z (Algorithm 16). */
struct dk_parts {
    const uint8_t *dk_pke;
    const uint8_t *ek;
    const uint8_t *h;
    const uint8_t *z;
};

static struct dk_parts parts_of(const struct mlkem_params *p, const uint8_t *dk)
{
    const uint8_t *ek = dk + p->dk_pke_bytes;
    const uint8_t *h = ek + p->ek_bytes;

    return (struct dk_parts){dk, ek, h, h + 32};
}

/* The modulus check of Section 7.2: every coefficient of t is below q. */
static enum head2_status check_ek(const struct mlkem_params *p, const uint8_t *ek)
{
    for (unsigned i = 0; i < p->k; i++)
        if (!mlkem_poly_is_reduced(ek + (size_t)MLKEM_POLY_BYTES * i))
            return HEAD2_E_MALFORMED;
    return HEAD2_OK;
}

/* The hash check of Section 7.3: dk holds the hash of the ek that it holds. */
static enum head2_status check_dk(const struct mlkem_params *p, const uint8_t *dk)
{
    const struct dk_parts part = parts_of(p, dk);
    uint8_t h[32];

    HEAD2_PUBLIC(part.ek, p->ek_bytes, "the encapsulation key inside dk is published");
    head2_sha3_256(h, part.ek, p->ek_bytes);
    return head2_equal(h, part.h, 32) == HEAD2_OK ? HEAD2_OK : HEAD2_E_MALFORMED;
}

/* Algorithm 16 (ML-KEM.KeyGen_internal). */
static enum head2_status keypair_from_seed(const struct mlkem_params *p, uint8_t *ek, uint8_t *dk,
                                           const struct head2_secret64 *seed)
{
    uint8_t *dk_ek = dk + p->dk_pke_bytes;

    mlkem_pke_keygen(p, ek, dk, seed->b);
    memcpy(dk_ek, ek, p->ek_bytes);
    head2_sha3_256(dk_ek + p->ek_bytes, ek, p->ek_bytes);
    memcpy(dk_ek + p->ek_bytes + 32, seed->b + 32, 32);
    return HEAD2_OK;
}

/* Algorithm 19 (ML-KEM.KeyGen). */
static enum head2_status keypair(const struct mlkem_params *p, uint8_t *ek, uint8_t *dk)
{
    struct head2_secret64 seed;
    enum head2_status st;

    HEAD2_TRY(head2_random(seed.b, sizeof seed.b));
    HEAD2_TRY(keypair_from_seed(p, ek, dk, &seed));
done:
    head2_wipe(&seed, sizeof seed);
    if (st != HEAD2_OK) {
        head2_wipe(ek, p->ek_bytes);
        head2_wipe(dk, p->dk_bytes);
    }
    return st;
}

/* Algorithm 17 (ML-KEM.Encaps_internal), steps 1 and 2: K || r = G(m || h). */
static void derive(uint8_t k_r[64], const uint8_t m[32], const uint8_t h[32])
{
    uint8_t m_h[64];

    memcpy(m_h, m, 32);
    memcpy(m_h + 32, h, 32);
    head2_sha3_512(k_r, m_h, sizeof m_h);
    head2_wipe(m_h, sizeof m_h);
}

/* Algorithm 17 behind the check of Section 7.2. */
static enum head2_status encaps_derand(const struct mlkem_params *p, uint8_t *ct,
                                       struct head2_secret32 *ss, const uint8_t *ek,
                                       const struct head2_secret32 *m)
{
    uint8_t h[32];
    uint8_t k_r[64];
    enum head2_status st;

    HEAD2_TRY(check_ek(p, ek));
    head2_sha3_256(h, ek, p->ek_bytes);
    derive(k_r, m->b, h);
    mlkem_pke_encrypt(p, ct, ek, m->b, k_r + 32);
    HEAD2_PUBLIC(ct, p->ct_bytes, "the ciphertext is sent");
    memcpy(ss->b, k_r, 32);
    head2_wipe(k_r, sizeof k_r);
done:
    if (st != HEAD2_OK) {
        head2_wipe(ct, p->ct_bytes);
        head2_wipe(ss, sizeof *ss);
    }
    return st;
}

/* Algorithm 20 (ML-KEM.Encaps). */
static enum head2_status encaps(const struct mlkem_params *p, uint8_t *ct,
                                struct head2_secret32 *ss, const uint8_t *ek)
{
    struct head2_secret32 m;
    enum head2_status st;

    HEAD2_TRY(head2_random(m.b, sizeof m.b));
    HEAD2_TRY(encaps_derand(p, ct, ss, ek, &m));
done:
    head2_wipe(&m, sizeof m);
    if (st != HEAD2_OK) {
        head2_wipe(ct, p->ct_bytes);
        head2_wipe(ss, sizeof *ss);
    }
    return st;
}

/*
 * 0xff when a and b differ, 0 when they are equal. Not head2_equal: that one makes the answer
 * public, and whether a ciphertext was rejected must stay secret.
 */
static uint8_t differ_mask(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint32_t diff = 0;

    for (size_t i = 0; i < len; i++)
        diff |= (uint32_t)(a[i] ^ b[i]);
    __asm__("" : "+r"(diff));
    return (uint8_t)((0 - diff) >> 24); /* diff is at most 255: the top byte tells zero apart */
}

/* Algorithm 18 (ML-KEM.Decaps_internal): implicit rejection. */
static void decaps_internal(const struct mlkem_params *p, struct head2_secret32 *ss,
                            const uint8_t *dk, const uint8_t *ct)
{
    const struct dk_parts part = parts_of(p, dk);
    struct head2_keccak j;
    struct {
        uint8_t m[32];
        uint8_t k_r[64];
        uint8_t k_bar[32];
        uint8_t ct[MAX_CT_BYTES];
        uint8_t reject;
    } w;

    mlkem_pke_decrypt(p, w.m, part.dk_pke, ct);
    derive(w.k_r, w.m, part.h);
    head2_shake256_init(&j); /* K_bar = J(z || c) */
    head2_shake_update(&j, part.z, 32);
    head2_shake_update(&j, ct, p->ct_bytes);
    head2_shake_squeeze(&j, w.k_bar, 32);
    mlkem_pke_encrypt(p, w.ct, part.ek, w.m, w.k_r + 32);

    w.reject = differ_mask(ct, w.ct, p->ct_bytes);
    for (unsigned i = 0; i < 32; i++) {
        uint8_t mask = w.reject;
        __asm__("" : "+r"(mask)); /* keeps the selection from becoming a branch */
        ss->b[i] = (uint8_t)(w.k_r[i] ^ (mask & (w.k_r[i] ^ w.k_bar[i])));
    }
    head2_wipe(&j, sizeof j);
    head2_wipe(&w, sizeof w);
}

/* Algorithm 21 (ML-KEM.Decaps). */
static enum head2_status decaps(const struct mlkem_params *p, struct head2_secret32 *ss,
                                const uint8_t *dk, const uint8_t *ct)
{
    const enum head2_status st = check_dk(p, dk);

    if (st == HEAD2_OK)
        decaps_internal(p, ss, dk, ct);
    else
        head2_wipe(ss, sizeof *ss);
    return st;
}

/* ---- ML-KEM-512 ---- */

enum head2_status head2_mlkem512_keypair(uint8_t ek[HEAD2_MLKEM512_EK_BYTES],
                                         uint8_t dk[HEAD2_MLKEM512_DK_BYTES])
{
    return keypair(&mlkem_512, ek, dk);
}

enum head2_status head2_mlkem512_keypair_from_seed(uint8_t ek[HEAD2_MLKEM512_EK_BYTES],
                                                   uint8_t dk[HEAD2_MLKEM512_DK_BYTES],
                                                   const struct head2_secret64 *seed)
{
    return keypair_from_seed(&mlkem_512, ek, dk, seed);
}

enum head2_status head2_mlkem512_encaps(uint8_t ct[HEAD2_MLKEM512_CT_BYTES],
                                        struct head2_secret32 *ss,
                                        const uint8_t ek[HEAD2_MLKEM512_EK_BYTES])
{
    return encaps(&mlkem_512, ct, ss, ek);
}

enum head2_status head2_mlkem512_encaps_derand(uint8_t ct[HEAD2_MLKEM512_CT_BYTES],
                                               struct head2_secret32 *ss,
                                               const uint8_t ek[HEAD2_MLKEM512_EK_BYTES],
                                               const struct head2_secret32 *m)
{
    return encaps_derand(&mlkem_512, ct, ss, ek, m);
}

enum head2_status head2_mlkem512_decaps(struct head2_secret32 *ss,
                                        const uint8_t dk[HEAD2_MLKEM512_DK_BYTES],
                                        const uint8_t ct[HEAD2_MLKEM512_CT_BYTES])
{
    return decaps(&mlkem_512, ss, dk, ct);
}

enum head2_status head2_mlkem512_check_ek(const uint8_t ek[HEAD2_MLKEM512_EK_BYTES])
{
    return check_ek(&mlkem_512, ek);
}

enum head2_status head2_mlkem512_check_dk(const uint8_t dk[HEAD2_MLKEM512_DK_BYTES])
{
    return check_dk(&mlkem_512, dk);
}

/* ---- ML-KEM-768 ---- */

enum head2_status head2_mlkem768_keypair(uint8_t ek[HEAD2_MLKEM768_EK_BYTES],
                                         uint8_t dk[HEAD2_MLKEM768_DK_BYTES])
{
    return keypair(&mlkem_768, ek, dk);
}

enum head2_status head2_mlkem768_keypair_from_seed(uint8_t ek[HEAD2_MLKEM768_EK_BYTES],
                                                   uint8_t dk[HEAD2_MLKEM768_DK_BYTES],
                                                   const struct head2_secret64 *seed)
{
    return keypair_from_seed(&mlkem_768, ek, dk, seed);
}

enum head2_status head2_mlkem768_encaps(uint8_t ct[HEAD2_MLKEM768_CT_BYTES],
                                        struct head2_secret32 *ss,
                                        const uint8_t ek[HEAD2_MLKEM768_EK_BYTES])
{
    return encaps(&mlkem_768, ct, ss, ek);
}

enum head2_status head2_mlkem768_encaps_derand(uint8_t ct[HEAD2_MLKEM768_CT_BYTES],
                                               struct head2_secret32 *ss,
                                               const uint8_t ek[HEAD2_MLKEM768_EK_BYTES],
                                               const struct head2_secret32 *m)
{
    return encaps_derand(&mlkem_768, ct, ss, ek, m);
}

enum head2_status head2_mlkem768_decaps(struct head2_secret32 *ss,
                                        const uint8_t dk[HEAD2_MLKEM768_DK_BYTES],
                                        const uint8_t ct[HEAD2_MLKEM768_CT_BYTES])
{
    return decaps(&mlkem_768, ss, dk, ct);
}

enum head2_status head2_mlkem768_check_ek(const uint8_t ek[HEAD2_MLKEM768_EK_BYTES])
{
    return check_ek(&mlkem_768, ek);
}

enum head2_status head2_mlkem768_check_dk(const uint8_t dk[HEAD2_MLKEM768_DK_BYTES])
{
    return check_dk(&mlkem_768, dk);
}

/* ---- ML-KEM-1024 ---- */

enum head2_status head2_mlkem1024_keypair(uint8_t ek[HEAD2_MLKEM1024_EK_BYTES],
                                          uint8_t dk[HEAD2_MLKEM1024_DK_BYTES])
{
    return keypair(&mlkem_1024, ek, dk);
}

enum head2_status head2_mlkem1024_keypair_from_seed(uint8_t ek[HEAD2_MLKEM1024_EK_BYTES],
                                                    uint8_t dk[HEAD2_MLKEM1024_DK_BYTES],
                                                    const struct head2_secret64 *seed)
{
    return keypair_from_seed(&mlkem_1024, ek, dk, seed);
}

enum head2_status head2_mlkem1024_encaps(uint8_t ct[HEAD2_MLKEM1024_CT_BYTES],
                                         struct head2_secret32 *ss,
                                         const uint8_t ek[HEAD2_MLKEM1024_EK_BYTES])
{
    return encaps(&mlkem_1024, ct, ss, ek);
}

enum head2_status head2_mlkem1024_encaps_derand(uint8_t ct[HEAD2_MLKEM1024_CT_BYTES],
                                                struct head2_secret32 *ss,
                                                const uint8_t ek[HEAD2_MLKEM1024_EK_BYTES],
                                                const struct head2_secret32 *m)
{
    return encaps_derand(&mlkem_1024, ct, ss, ek, m);
}

enum head2_status head2_mlkem1024_decaps(struct head2_secret32 *ss,
                                         const uint8_t dk[HEAD2_MLKEM1024_DK_BYTES],
                                         const uint8_t ct[HEAD2_MLKEM1024_CT_BYTES])
{
    return decaps(&mlkem_1024, ss, dk, ct);
}

enum head2_status head2_mlkem1024_check_ek(const uint8_t ek[HEAD2_MLKEM1024_EK_BYTES])
{
    return check_ek(&mlkem_1024, ek);
}

enum head2_status head2_mlkem1024_check_dk(const uint8_t dk[HEAD2_MLKEM1024_DK_BYTES])
{
    return check_dk(&mlkem_1024, dk);
}
