/*
 * ML-KEM: key generation, encapsulation and decapsulation with the checks of FIPS 203, Sections 6
 * and 7. The bodies are written once and take a parameter set; at the end stand the public
 * functions of the three sets, which only name it.
 *
 * A long hash that does not decide what is sampled next goes along in a free lane of the sampling:
 * H(ek) and J(z || c) cost a permutation a block otherwise, each as long as eight side by side.
 */
#include "mlkem/kem.h"

#include <head2/hash.h>
#include <head2/mlkem.h>
#include <head2/random.h>

struct mlkem_dk_parts mlkem_dk_parts(const struct mlkem_params *p, const uint8_t *dk)
{
    const uint8_t *ek = dk + p->dk_pke_bytes;
    const uint8_t *h = ek + p->ek_bytes;

    HEAD2_PUBLIC(ek, p->ek_bytes, "the encapsulation key inside dk is published");
    return (struct mlkem_dk_parts){dk, ek, h, h + 32};
}

/* The modulus check of Section 7.2: every coefficient of t is below q. */
enum head2_status mlkem_check_ek(const struct mlkem_params *p, const uint8_t *ek)
{
    const struct mlkem_kernels *k = mlkem_kernels();

    for (unsigned i = 0; i < p->k; i++)
        if (!k->is_reduced(ek + (size_t)MLKEM_POLY_BYTES * i))
            return HEAD2_E_MALFORMED;
    return HEAD2_OK;
}

/* The hash check of Section 7.3: dk holds the hash of the ek that it holds. */
enum head2_status mlkem_check_dk_hash(const uint8_t h[32], const struct mlkem_dk_parts *part)
{
    return head2_equal(h, part->h, 32) == HEAD2_OK ? HEAD2_OK : HEAD2_E_MALFORMED;
}

static enum head2_status check_dk(const struct mlkem_params *p, const uint8_t *dk)
{
    const struct mlkem_dk_parts part = mlkem_dk_parts(p, dk);
    uint8_t h[32];

    head2_sha3_256(h, part.ek, p->ek_bytes);
    return mlkem_check_dk_hash(h, &part);
}

/* ---- key generation ---- */

/*
 * t = A s + e into ek, with H(ek) going along as far as rows exist: entries are sampled eight at a
 * time, or three when the hash has a block to absorb.
 */
static void public_rows(const struct mlkem_params *p, uint8_t *ek, const uint8_t rho[32],
                        const struct mlkem_secret *secret, struct mlkem_hash *h)
{
    struct mlkem_poly a[MLKEM_MAX_K * MLKEM_MAX_K];
    struct mlkem_walk walk = {.rho = rho, .k = p->k};
    const struct mlkem_chains beside = {{&h->chain}, 1};
    const unsigned all = (unsigned)p->k * p->k;
    unsigned rows = 0;

    for (unsigned done = 0; done < all;) {
        struct mlkem_entry entries[KECCAK_LANES];
        const bool hashing = h->chain.ready >= KECCAK_RATE_256;
        const unsigned lanes = hashing ? KECCAK_LANES / 2 - 1 : KECCAK_LANES;
        unsigned n = 0;
        while (n < lanes && done < all)
            mlkem_walk_next(&walk, &entries[n++], &a[done++]);
        mlkem_sample_entries(entries, n, hashing ? &beside : NULL);
        for (; (rows + 1) * p->k <= done; rows++) {
            uint8_t *row = ek + (size_t)MLKEM_POLY_BYTES * rows;
            mlkem_pke_public_row(p, row, rows, a + (size_t)p->k * rows, secret);
            mlkem_hash_add(h, row, MLKEM_POLY_BYTES);
        }
    }
    memcpy(ek + p->dk_pke_bytes, rho, 32);
    mlkem_hash_add(h, rho, 32);
    mlkem_hash_end(h, KECCAK_SUFFIX_SHA3);
    mlkem_run_chains(&beside);
}

void mlkem_expand_seed_input(const struct mlkem_params *p, uint8_t d_k[33], const uint8_t d[32])
{
    memcpy(d_k, d, 32);
    d_k[32] = p->k;
}

void mlkem_finish_dk(const struct mlkem_params *p, uint8_t *dk, const uint8_t *ek,
                     const uint8_t z[32])
{
    memcpy(dk + p->dk_pke_bytes, ek, p->ek_bytes);
    memcpy(dk + p->dk_bytes - 32, z, 32);
}

/* Algorithms 13 and 16 (K-PKE.KeyGen, ML-KEM.KeyGen_internal). */
void mlkem_keypair_from_seed(const struct mlkem_params *p, uint8_t *ek, uint8_t *dk,
                             const struct head2_secret64 *seed)
{
    struct {
        uint8_t d_k[33];
        uint8_t rho_sigma[64];
        uint8_t noise[MLKEM_NOISE_BYTES];
        struct mlkem_secret secret;
    } w;
    struct mlkem_hash h;
    const uint8_t *rho = w.rho_sigma;
    const uint8_t *sigma = w.rho_sigma + 32;

    mlkem_expand_seed_input(p, w.d_k, seed->b);
    head2_sha3_512(w.rho_sigma, w.d_k, sizeof w.d_k);
    HEAD2_PUBLIC(rho, 32, "rho, the seed of the matrix, is part of the encapsulation key");
    mlkem_expand_noise(p, w.noise, sigma, 2 * p->k, 2 * p->k, NULL);
    mlkem_pke_secret(p, dk, &w.secret, w.noise);
    mlkem_hash_init(&h);
    public_rows(p, ek, rho, &w.secret, &h);
    mlkem_finish_dk(p, dk, ek, seed->b + 32);
    mlkem_hash_output(&h, dk + p->dk_bytes - 64);
    head2_wipe(&w, sizeof w);
    cpu_wipe_residue(CPU_CALLS_BELOW);
}

static enum head2_status keypair_from_seed(const struct mlkem_params *p, uint8_t *ek, uint8_t *dk,
                                           const struct head2_secret64 *seed)
{
    mlkem_keypair_from_seed(p, ek, dk, seed);
    return HEAD2_OK;
}

/* Algorithm 19 (ML-KEM.KeyGen). */
static enum head2_status keypair(const struct mlkem_params *p, uint8_t *ek, uint8_t *dk)
{
    struct head2_secret64 seed;
    enum head2_status st;

    HEAD2_TRY(head2_random_key(seed.b, sizeof seed.b));
    mlkem_keypair_from_seed(p, ek, dk, &seed);
done:
    head2_wipe(&seed, sizeof seed);
    if (st != HEAD2_OK) {
        head2_wipe(ek, p->ek_bytes);
        head2_wipe(dk, p->dk_bytes);
    }
    return st;
}

/* ---- encapsulation ---- */

/* Algorithm 17 (ML-KEM.Encaps_internal), steps 1 and 2: K || r = G(m || h). */
void mlkem_derive(uint8_t k_r[64], const uint8_t m[32], const uint8_t h[32])
{
    uint8_t m_h[64];

    memcpy(m_h, m, 32);
    memcpy(m_h + 32, h, 32);
    head2_sha3_512(k_r, m_h, sizeof m_h);
    head2_wipe(m_h, sizeof m_h);
}

void mlkem_encaps_with(const struct mlkem_params *p, uint8_t *ct, struct head2_secret32 *ss,
                       const struct mlkem_public *key, const uint8_t h[32], const uint8_t m[32])
{
    struct {
        uint8_t k_r[64];
        uint8_t noise[MLKEM_NOISE_BYTES];
    } w;

    mlkem_derive(w.k_r, m, h);
    mlkem_expand_noise(p, w.noise, w.k_r + 32, p->k, (uint8_t)(2 * p->k + 1), NULL);
    mlkem_pke_encrypt(p, ct, key, m, w.noise);
    HEAD2_PUBLIC(ct, p->ct_bytes, "the ciphertext is sent");
    memcpy(ss->b, w.k_r, 32);
    head2_wipe(&w, sizeof w);
    cpu_wipe_residue(CPU_CALLS_BELOW);
}

void mlkem_open_public(const struct mlkem_params *p, struct mlkem_poly a[], struct mlkem_poly t[],
                       uint8_t h[32], const uint8_t *ek)
{
    struct mlkem_hash hash;
    const struct mlkem_chains beside = {{&hash.chain}, 1};

    mlkem_hash_init(&hash);
    mlkem_hash_add(&hash, ek, p->ek_bytes);
    mlkem_hash_end(&hash, KECCAK_SUFFIX_SHA3);
    mlkem_expand_transposed(p, a, ek + p->dk_pke_bytes, &beside);
    mlkem_run_chains(&beside);
    mlkem_hash_output(&hash, h);
    mlkem_pke_decode(p, t, ek);
}

/* Algorithm 17 behind the check of Section 7.2. */
enum head2_status mlkem_encaps_derand(const struct mlkem_params *p, uint8_t *ct,
                                      struct head2_secret32 *ss, const uint8_t *ek,
                                      const struct head2_secret32 *m)
{
    struct mlkem_poly a[MLKEM_MAX_K * MLKEM_MAX_K];
    struct mlkem_poly t[MLKEM_MAX_K];
    const struct mlkem_public key = {a, t};
    uint8_t h[32];
    enum head2_status st;

    HEAD2_TRY(mlkem_check_ek(p, ek));
    mlkem_open_public(p, a, t, h, ek);
    mlkem_encaps_with(p, ct, ss, &key, h, m->b);
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
    HEAD2_TRY(mlkem_encaps_derand(p, ct, ss, ek, &m));
done:
    head2_wipe(&m, sizeof m);
    if (st != HEAD2_OK) {
        head2_wipe(ct, p->ct_bytes);
        head2_wipe(ss, sizeof *ss);
    }
    return st;
}

/* ---- decapsulation ---- */

/*
 * 0xff when a and b differ, 0 when they are equal; len is a multiple of 8, as all ciphertexts' is.
 * Not head2_equal: that one makes the answer public, and whether a ciphertext was rejected must
 * stay secret.
 */
static uint8_t differ_mask(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint64_t diff = 0;

    HEAD2_REQUIRES(len % 8 == 0);
    for (size_t i = 0; i < len; i += 8) {
        uint64_t x;
        uint64_t y;
        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        diff |= x ^ y;
    }
    __asm__("" : "+r"(diff));
    return (uint8_t)(0 - ((diff | (0 - diff)) >> 63)); /* the top bit tells zero apart */
}

void mlkem_accept_or_reject(const struct mlkem_params *p, struct head2_secret32 *ss,
                            const uint8_t *ct, const uint8_t *again, const uint8_t k[32],
                            const uint8_t k_bar[32])
{
    const uint8_t reject = differ_mask(ct, again, p->ct_bytes);

    for (unsigned i = 0; i < 32; i++) {
        uint8_t mask = reject;
        __asm__("" : "+r"(mask)); /* keeps the selection from becoming a branch */
        ss->b[i] = (uint8_t)(k[i] ^ (mask & (k[i] ^ k_bar[i])));
    }
}

/* What decapsulation works with, all of it secret. */
struct decaps {
    struct mlkem_poly s[MLKEM_MAX_K];
    uint8_t m[32];
    uint8_t k_r[64];
    uint8_t k_bar[32];
    uint8_t noise[MLKEM_NOISE_BYTES];
    uint8_t ct[MLKEM_MAX_CT_BYTES];
    struct mlkem_hash j; /* of z || c */
};

/* m and K || r of a ciphertext; J(z || c) begins. */
static void decaps_begin(const struct mlkem_params *p, struct decaps *w,
                         const struct mlkem_poly s[], const uint8_t h[32], const uint8_t z[32],
                         const uint8_t *ct)
{
    mlkem_pke_decrypt(p, w->m, s, ct);
    mlkem_derive(w->k_r, w->m, h);
    mlkem_hash_init(&w->j);
    mlkem_hash_add(&w->j, z, 32);
    mlkem_hash_add(&w->j, ct, p->ct_bytes);
    mlkem_hash_end(&w->j, KECCAK_SUFFIX_SHAKE);
}

/* Algorithm 18 (ML-KEM.Decaps_internal) from step 7 on, with J run: re-encryption and choice. */
static void decaps_end(const struct mlkem_params *p, struct decaps *w, struct head2_secret32 *ss,
                       const struct mlkem_public *key, const uint8_t *ct)
{
    mlkem_hash_output(&w->j, w->k_bar);
    mlkem_pke_encrypt(p, w->ct, key, w->m, w->noise);
    mlkem_accept_or_reject(p, ss, ct, w->ct, w->k_r, w->k_bar);
}

void mlkem_decaps_with(const struct mlkem_params *p, struct head2_secret32 *ss,
                       const struct mlkem_private *key, const uint8_t *ct)
{
    struct decaps w;
    const struct mlkem_chains beside = {{&w.j.chain}, 1};

    decaps_begin(p, &w, key->s, key->h, key->z, ct);
    mlkem_expand_noise(p, w.noise, w.k_r + 32, p->k, (uint8_t)(2 * p->k + 1), &beside);
    mlkem_run_chains(&beside);
    decaps_end(p, &w, ss, &key->pub, ct);
    head2_wipe(&w, sizeof w);
    cpu_wipe_residue(CPU_CALLS_BELOW);
}

/* Algorithm 21 (ML-KEM.Decaps). H(ek), for the check of dk, and J(z || c) go along with all that is
 * sampled; a dk that fails the check is noticed when the work is almost done, which is no harm. */
enum head2_status mlkem_decaps(const struct mlkem_params *p, struct head2_secret32 *ss,
                               const uint8_t *dk, const uint8_t *ct)
{
    const struct mlkem_dk_parts part = mlkem_dk_parts(p, dk);
    struct mlkem_poly a[MLKEM_MAX_K * MLKEM_MAX_K];
    struct mlkem_poly t[MLKEM_MAX_K];
    const struct mlkem_public key = {a, t};
    struct mlkem_hash hash;
    struct decaps w;
    const struct mlkem_chains beside = {
        {&hash.chain, &w.j.chain},
        2
    };
    uint8_t h[32];
    enum head2_status st;

    mlkem_pke_decode(p, w.s, part.dk_pke);
    decaps_begin(p, &w, w.s, part.h, part.z, ct);
    mlkem_hash_init(&hash);
    mlkem_hash_add(&hash, part.ek, p->ek_bytes);
    mlkem_hash_end(&hash, KECCAK_SUFFIX_SHA3);
    mlkem_expand_transposed(p, a, part.ek + p->dk_pke_bytes, &beside);
    mlkem_expand_noise(p, w.noise, w.k_r + 32, p->k, (uint8_t)(2 * p->k + 1), &beside);
    mlkem_run_chains(&beside);
    mlkem_hash_output(&hash, h);
    HEAD2_TRY(mlkem_check_dk_hash(h, &part));
    mlkem_pke_decode(p, t, part.ek);
    decaps_end(p, &w, ss, &key, ct);
done:
    head2_wipe(&w, sizeof w);
    if (st != HEAD2_OK)
        head2_wipe(ss, sizeof *ss);
    cpu_wipe_residue(CPU_CALLS_BELOW);
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
    return mlkem_encaps_derand(&mlkem_512, ct, ss, ek, m);
}

enum head2_status head2_mlkem512_decaps(struct head2_secret32 *ss,
                                        const uint8_t dk[HEAD2_MLKEM512_DK_BYTES],
                                        const uint8_t ct[HEAD2_MLKEM512_CT_BYTES])
{
    return mlkem_decaps(&mlkem_512, ss, dk, ct);
}

enum head2_status head2_mlkem512_check_ek(const uint8_t ek[HEAD2_MLKEM512_EK_BYTES])
{
    return mlkem_check_ek(&mlkem_512, ek);
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
    return mlkem_encaps_derand(&mlkem_768, ct, ss, ek, m);
}

enum head2_status head2_mlkem768_decaps(struct head2_secret32 *ss,
                                        const uint8_t dk[HEAD2_MLKEM768_DK_BYTES],
                                        const uint8_t ct[HEAD2_MLKEM768_CT_BYTES])
{
    return mlkem_decaps(&mlkem_768, ss, dk, ct);
}

enum head2_status head2_mlkem768_check_ek(const uint8_t ek[HEAD2_MLKEM768_EK_BYTES])
{
    return mlkem_check_ek(&mlkem_768, ek);
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
    return mlkem_encaps_derand(&mlkem_1024, ct, ss, ek, m);
}

enum head2_status head2_mlkem1024_decaps(struct head2_secret32 *ss,
                                         const uint8_t dk[HEAD2_MLKEM1024_DK_BYTES],
                                         const uint8_t ct[HEAD2_MLKEM1024_CT_BYTES])
{
    return mlkem_decaps(&mlkem_1024, ss, dk, ct);
}

enum head2_status head2_mlkem1024_check_ek(const uint8_t ek[HEAD2_MLKEM1024_EK_BYTES])
{
    return mlkem_check_ek(&mlkem_1024, ek);
}

enum head2_status head2_mlkem1024_check_dk(const uint8_t dk[HEAD2_MLKEM1024_DK_BYTES])
{
    return check_dk(&mlkem_1024, dk);
}
