/*
 * Signing: FIPS 204, Algorithm 7.
 *
 * The private key and A are expanded once; every attempt then draws a mask y and either leads to a
 * signature or is rejected. The norm checks are made polynomial by polynomial, those most likely to
 * reject first, so a rejected attempt ends early: which check rejected is independent of the key,
 * and the only thing about it that shows.
 */
#include "mldsa/mldsa.h"
#include "mldsa/pack.h"
#include "mldsa/sample.h"

#include <head2/hash.h>

/* FIPS 204, Appendix C: more attempts than this have a probability below 2^-256 with a real key. */
#define MAX_ATTEMPTS 814

/* What one signature works with. Everything after A is secret and wiped. */
struct signer {
    struct poly a[MAX_K][MAX_L];
    struct poly s1[MAX_L], s2[MAX_K], t0[MAX_K]; /* transformed */
    struct poly y[MAX_L], w0[MAX_K];
    struct poly scratch[MAX_L];
    struct poly c;
    uint8_t w1[MAX_K][MLDSA_N];
    uint8_t hint[MAX_K][MLDSA_N];
    uint8_t rho_prime2[64];
    uint8_t mu[HEAD2_MLDSA_MU_BYTES];
    uint8_t c_tilde[MAX_C_TILDE];
};

/* Whether a norm reaches its bound, in public. */
static inline bool rejects(uint32_t reached)
{
    HEAD2_PUBLIC(&reached, sizeof reached,
                 "FIPS 204 permits rejections to show: they are independent of the private key");
    return reached != 0;
}

/* skDecode (Algorithm 25) and lines 2 to 5 of Algorithm 7, with A. */
static HEAD2_ALWAYS_INLINE enum head2_status expand(const struct mldsa_params *P, struct signer *s,
                                                    const uint8_t *sk)
{
    const size_t s_bytes = PACKED_BYTES(P->eta_bits);
    const uint8_t *in = sk + RHO_BYTES + K_BYTES + TR_BYTES;
    uint32_t bad = 0;

    for (unsigned j = 0; j < P->l; j++, in += s_bytes) {
        mldsa_unpack_signed(&s->s1[j], in, P->eta, P->eta_bits);
        bad |= mldsa_norm_reaches(&s->s1[j], P->eta + 1);
        mldsa_ntt(&s->s1[j]);
    }
    for (unsigned i = 0; i < P->k; i++, in += s_bytes) {
        mldsa_unpack_signed(&s->s2[i], in, P->eta, P->eta_bits);
        bad |= mldsa_norm_reaches(&s->s2[i], P->eta + 1);
        mldsa_ntt(&s->s2[i]);
    }
    for (unsigned i = 0; i < P->k; i++, in += T0_BYTES) {
        mldsa_unpack_signed(&s->t0[i], in, 1 << (MLDSA_D - 1), T0_BITS);
        mldsa_ntt(&s->t0[i]);
    }
    HEAD2_PUBLIC(&bad, sizeof bad, "whether a private key is well-formed is the result");
    if (bad != 0)
        return HEAD2_E_MALFORMED;
    for (unsigned i = 0; i < P->k; i++) {
        for (unsigned j = 0; j < P->l; j++)
            mldsa_sample_uniform(&s->a[i][j], sk, i, j);
    }
    return HEAD2_OK;
}

/* Line 7: rho'' = H(K || rnd || mu) */
static void mask_seed(struct signer *s, const uint8_t K[K_BYTES], const uint8_t rnd[RND_BYTES])
{
    struct head2_keccak shake;
    head2_shake256_init(&shake);
    head2_shake_update(&shake, K, K_BYTES);
    head2_shake_update(&shake, rnd, RND_BYTES);
    head2_shake_update(&shake, s->mu, sizeof s->mu);
    head2_shake_squeeze(&shake, s->rho_prime2, sizeof s->rho_prime2);
    head2_wipe(&shake, sizeof shake);
}

/* Lines 11 to 17: y, w = A y in its two halves, and the challenge. */
static HEAD2_ALWAYS_INLINE void commit(const struct mldsa_params *P, struct signer *s,
                                       unsigned kappa)
{
    const size_t w1_bytes = PACKED_BYTES(P->w1_bits);
    struct head2_keccak shake;
    uint8_t packed[PACKED_BYTES(6)];
    struct poly w1;

    for (unsigned j = 0; j < P->l; j++) {
        mldsa_sample_mask(&s->y[j], s->rho_prime2, kappa + j, P->gamma1, P->z_bits);
        s->scratch[j] = s->y[j];
        mldsa_ntt(&s->scratch[j]);
    }
    head2_shake256_init(&shake);
    head2_shake_update(&shake, s->mu, sizeof s->mu);
    for (unsigned i = 0; i < P->k; i++) {
        struct poly *const w = &s->w0[i];
        mldsa_dot(w, s->a[i], s->scratch, P->l);
        mldsa_inverse_ntt(w);
        mldsa_poly_add_q(w);
        for (unsigned n = 0; n < MLDSA_N; n++) {
            w1.c[n] = mldsa_decompose(w->c[n], &w->c[n], P->gamma2);
            s->w1[i][n] = (uint8_t)w1.c[n];
        }
        mldsa_pack(packed, &w1, P->w1_bits); /* Algorithm 28 */
        head2_shake_update(&shake, packed, w1_bytes);
    }
    head2_shake_squeeze(&shake, s->c_tilde, P->c_bytes);
    HEAD2_PUBLIC(s->c_tilde, sizeof s->c_tilde,
                 "the challenge of a rejected attempt is a hash of a discarded commitment");
    mldsa_sample_in_ball(&s->c, s->c_tilde, P->c_bytes, P->tau);
    mldsa_ntt(&s->c);
    head2_wipe(&shake, sizeof shake);
    head2_wipe(packed, sizeof packed);
    head2_wipe(&w1, sizeof w1);
}

/* Lines 19, 21 and 23: w0 becomes w0 - c s2. False when rejected. */
static HEAD2_ALWAYS_INLINE bool subtract_cs2(const struct mldsa_params *P, struct signer *s)
{
    struct poly *const cs2 = &s->scratch[0];
    for (unsigned i = 0; i < P->k; i++) {
        mldsa_multiply(cs2, &s->c, &s->s2[i]);
        for (unsigned n = 0; n < MLDSA_N; n++)
            s->w0[i].c[n] = mldsa_reduce32(s->w0[i].c[n] - cs2->c[n]);
        if (rejects(mldsa_norm_reaches(&s->w0[i], P->gamma2 - P->beta)))
            return false;
    }
    return true;
}

/* Lines 18, 20 and 23: y becomes z = y + c s1. False when rejected. */
static HEAD2_ALWAYS_INLINE bool add_cs1(const struct mldsa_params *P, struct signer *s)
{
    struct poly *const cs1 = &s->scratch[0];
    for (unsigned j = 0; j < P->l; j++) {
        mldsa_multiply(cs1, &s->c, &s->s1[j]);
        for (unsigned n = 0; n < MLDSA_N; n++)
            s->y[j].c[n] = mldsa_reduce32(s->y[j].c[n] + cs1->c[n]);
        if (rejects(mldsa_norm_reaches(&s->y[j], P->gamma1 - P->beta)))
            return false;
    }
    return true;
}

/* Lines 25 to 28: the hint. False when rejected. */
static HEAD2_ALWAYS_INLINE bool find_hint(const struct mldsa_params *P, struct signer *s)
{
    struct poly *const ct0 = &s->scratch[0];
    uint32_t ones = 0;
    for (unsigned i = 0; i < P->k; i++) {
        mldsa_multiply(ct0, &s->c, &s->t0[i]);
        mldsa_poly_reduce(ct0);
        if (rejects(mldsa_norm_reaches(ct0, P->gamma2)))
            return false;
        for (unsigned n = 0; n < MLDSA_N; n++) {
            uint32_t h = mldsa_make_hint(s->w0[i].c[n] + ct0->c[n], s->w1[i][n], P->gamma2);
            s->hint[i][n] = (uint8_t)h;
            ones += h;
        }
    }
    return !rejects((P->omega - ones) >> 31);
}

/* sigEncode (Algorithm 26) */
static HEAD2_ALWAYS_INLINE void encode(const struct mldsa_params *P, uint8_t *sig, struct signer *s)
{
    const size_t z_bytes = PACKED_BYTES(P->z_bits);
    HEAD2_PUBLIC(s->y, sizeof s->y, "z of an accepted attempt is in the signature");
    HEAD2_PUBLIC(s->hint, sizeof s->hint, "h of an accepted attempt is in the signature");
    memcpy(sig, s->c_tilde, P->c_bytes);
    for (unsigned j = 0; j < P->l; j++)
        mldsa_pack_signed(sig + P->c_bytes + j * z_bytes, &s->y[j], P->gamma1, P->z_bits);
    mldsa_pack_hint(sig + P->c_bytes + P->l * z_bytes, s->hint[0], P->k, P->omega);
}

static HEAD2_ALWAYS_INLINE enum head2_status sign(const struct mldsa_params *P, uint8_t *sig,
                                                  const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                                  const uint8_t rnd[RND_BYTES], const uint8_t *sk)
{
    enum head2_status st = HEAD2_OK;
    struct signer s;
    bool accepted = false;

    HEAD2_TRY(expand(P, &s, sk));
    memcpy(s.mu, mu, sizeof s.mu);
    mask_seed(&s, sk + RHO_BYTES, rnd);
    for (unsigned attempt = 0; attempt < MAX_ATTEMPTS && !accepted; attempt++) {
        commit(P, &s, attempt * P->l);
        accepted = subtract_cs2(P, &s) && add_cs1(P, &s) && find_hint(P, &s);
    }
    if (!accepted)
        HEAD2_TRY(HEAD2_E_MALFORMED); /* no key that was generated comes here */
    encode(P, sig, &s);

done:
    head2_wipe(s.s1, sizeof s - offsetof(struct signer, s1));
    if (st != HEAD2_OK)
        head2_wipe(sig, P->sig_bytes);
    return st;
}

enum head2_status mldsa_sign_mu_internal(enum mldsa_set set, uint8_t *sig,
                                         const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                         const uint8_t rnd[RND_BYTES], const uint8_t *sk)
{
    if (set == MLDSA_44)
        return sign(&mldsa_44, sig, mu, rnd, sk);
    if (set == MLDSA_65)
        return sign(&mldsa_65, sig, mu, rnd, sk);
    return sign(&mldsa_87, sig, mu, rnd, sk);
}

void mldsa_mu(uint8_t mu[HEAD2_MLDSA_MU_BYTES], const uint8_t tr[TR_BYTES],
              const struct mldsa_message *m)
{
    struct head2_keccak shake;
    head2_shake256_init(&shake);
    head2_shake_update(&shake, tr, TR_BYTES);
    head2_shake_update(&shake, m->prefix, m->prefix_len);
    head2_shake_update(&shake, m->msg, m->msg_len);
    head2_shake_squeeze(&shake, mu, HEAD2_MLDSA_MU_BYTES);
    head2_wipe(&shake, sizeof shake);
}

enum head2_status mldsa_sign_internal(enum mldsa_set set, uint8_t *sig,
                                      const struct mldsa_message *m, const uint8_t rnd[RND_BYTES],
                                      const uint8_t *sk)
{
    uint8_t mu[HEAD2_MLDSA_MU_BYTES];
    mldsa_mu(mu, sk + RHO_BYTES + K_BYTES, m);
    enum head2_status st = mldsa_sign_mu_internal(set, sig, mu, rnd, sk);
    head2_wipe(mu, sizeof mu);
    return st;
}
