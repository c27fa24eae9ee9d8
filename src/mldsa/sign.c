/*
 * Signing: FIPS 204, Algorithm 7.
 *
 * Every attempt draws a mask y and either leads to a signature or is rejected. The norm checks are
 * made polynomial by polynomial, those most likely to reject first, so a rejected attempt ends
 * early: which check rejected is independent of the key, and the only thing about it that shows.
 *
 * With AVX-512 the mask of the next attempt is drawn while the challenge of this one is hashed: l
 * states of ExpandMask leave a lane of Keccak free. The mask is thrown away when this attempt is
 * accepted, which costs less than hashing alone.
 */
#include "mldsa/attempt.h"
#include "mldsa/mldsa.h"
#include "mldsa/pack.h"
#include "mldsa/sample.h"

#include <head2/hash.h>

#include <stdlib.h>

/* Whether a norm reaches its bound, in public. */
static inline bool rejects(uint32_t reached)
{
    HEAD2_PUBLIC(&reached, sizeof reached,
                 "FIPS 204 permits rejections to show: they are independent of the private key");
    return reached != 0;
}

/* Lines 12 and 13: w = A y in its two halves, w1 packed behind mu. */
void mldsa_attempt_commit(struct attempt *a, const struct head2_mldsa_signer *s)
{
    const struct mldsa_kernels *const k = s->kernels;
    const struct mldsa_params *const P = s->P;

    for (unsigned j = 0; j < P->l; j++)
        k->ntt(&a->scratch[j], &a->y[j]);
    k->rows(a->w0, s->polys + P->k, a->scratch, P->k, P->l);
    for (unsigned i = 0; i < P->k; i++) {
        k->inverse_ntt(&a->w0[i]);
        k->split(&a->w0[i], a->hashed.w1 + i * PACKED_BYTES(P->w1_bits), a->w1_nonzero[i],
                 P->gamma2);
    }
}

/* Lines 19, 21 and 23: w0 becomes w0 - c s2. False when rejected. */
static bool subtract_cs2(struct attempt *a, const struct head2_mldsa_signer *s)
{
    const struct mldsa_params *const P = s->P;
    for (unsigned i = 0; i < P->k; i++) {
        if (rejects(s->kernels->add_short_product(&a->w0[i], &a->short_c, mldsa_signer_s2(s) + i,
                                                  P->gamma2 - P->beta)))
            return false;
    }
    return true;
}

/* Lines 18, 20 and 23: y becomes z = y + c s1. False when rejected. */
static bool add_cs1(struct attempt *a, const struct head2_mldsa_signer *s)
{
    const struct mldsa_params *const P = s->P;
    for (unsigned j = 0; j < P->l; j++) {
        if (rejects(s->kernels->add_short_product(&a->y[j], &a->short_c, mldsa_signer_s1(s) + j,
                                                  P->gamma1 - P->beta)))
            return false;
    }
    return true;
}

/* Lines 25 to 28: the hint. False when rejected. */
static bool find_hint(struct attempt *a, const struct head2_mldsa_signer *s)
{
    const struct mldsa_kernels *const k = s->kernels;
    const struct mldsa_params *const P = s->P;
    struct poly *const ct0 = &a->scratch[0];
    uint32_t ones = 0;

    k->ntt(&a->c, &a->c);
    for (unsigned i = 0; i < P->k; i++) {
        k->dot(ct0, &s->polys[i], &a->c, 1);
        k->inverse_ntt(ct0);
        if (rejects(k->reduce_and_norm(ct0, P->gamma2)))
            return false;
        ones += k->make_hint(a->hint[i], &a->w0[i], ct0, a->w1_nonzero[i], P->gamma2);
    }
    return !rejects((P->omega - ones) >> 31);
}

bool mldsa_attempt_passes(struct attempt *a, const struct head2_mldsa_signer *s)
{
    s->kernels->short_ntt(&a->short_c, &a->c);
    return subtract_cs2(a, s) && add_cs1(a, s) && find_hint(a, s);
}

/* sigEncode (Algorithm 26) */
void mldsa_attempt_encode(struct attempt *a, const struct head2_mldsa_signer *s, uint8_t *sig)
{
    const struct mldsa_params *const P = s->P;
    const size_t z_bytes = PACKED_BYTES(P->z_bits);

    HEAD2_PUBLIC(a->y, sizeof a->y, "z of an accepted attempt is in the signature");
    HEAD2_PUBLIC(a->hint, sizeof a->hint, "h of an accepted attempt is in the signature");
    memcpy(sig, a->c_tilde, P->c_bytes);
    for (unsigned j = 0; j < P->l; j++)
        s->kernels->pack_signed(sig + P->c_bytes + j * z_bytes, &a->y[j], P->gamma1, P->z_bits);
    mldsa_pack_hint(sig + P->c_bytes + P->l * z_bytes, a->hint[0], P->k, P->omega);
}

/* What one signature works with: an attempt, and the mask of the next. */
struct signing {
    struct attempt attempt;
    struct poly next_y[MAX_L];
    struct keccak_chain challenge;
    uint8_t rho_prime2[64];
};

/* Line 7: rho'' = H(K || rnd || mu) */
static void mask_seed(uint8_t rho_prime2[64], const uint8_t K[K_BYTES],
                      const uint8_t rnd[RND_BYTES], const uint8_t mu[HEAD2_MLDSA_MU_BYTES])
{
    struct head2_keccak shake;
    head2_shake256_init(&shake);
    head2_shake_update(&shake, K, K_BYTES);
    head2_shake_update(&shake, rnd, RND_BYTES);
    head2_shake_update(&shake, mu, HEAD2_MLDSA_MU_BYTES);
    head2_shake_squeeze(&shake, rho_prime2, 64);
    head2_wipe(&shake, sizeof shake);
}

/* Line 11 */
static void draw_mask(const struct head2_mldsa_signer *s, const uint8_t rho_prime2[64],
                      unsigned kappa, struct poly *y, struct keccak_chain *chain)
{
    struct sample_lane lane[MAX_L];
    for (unsigned j = 0; j < s->P->l; j++)
        lane[j] = (struct sample_lane){rho_prime2, (uint16_t)(kappa + j), &y[j]};
    mldsa_sample_mask(s->kernels, lane, s->P->l, s->P, chain);
}

enum head2_status mldsa_signer_sign(const struct head2_mldsa_signer *s, uint8_t *sig,
                                    const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                    const uint8_t rnd[RND_BYTES])
{
    const struct mldsa_params *const P = s->P;
    const size_t hashed = HEAD2_MLDSA_MU_BYTES + P->k * PACKED_BYTES(P->w1_bits);
    enum head2_status st = HEAD2_E_MALFORMED; /* no key that was generated comes to the end */
    struct signing g;
    struct attempt *const a = &g.attempt;

    memcpy(a->hashed.mu, mu, HEAD2_MLDSA_MU_BYTES);
    mask_seed(g.rho_prime2, s->K, rnd, mu);
    draw_mask(s, g.rho_prime2, 0, a->y, NULL);
    for (unsigned n = 1; n <= MAX_ATTEMPTS; n++) {
        mldsa_attempt_commit(a, s);
        keccak_chain_init(&g.challenge, KECCAK_RATE_256, a->hashed.mu, hashed);
        if (s->kernels->draws_ahead)
            draw_mask(s, g.rho_prime2, n * P->l, g.next_y, &g.challenge);
        keccak_chain_finish(&g.challenge, KECCAK_SUFFIX_SHAKE, a->c_tilde, P->c_bytes);
        HEAD2_PUBLIC(a->c_tilde, sizeof a->c_tilde,
                     "the challenge of a rejected attempt is a hash of a discarded commitment");
        mldsa_sample_in_ball(&a->c, a->c_tilde, P->c_bytes, P->tau);
        if (mldsa_attempt_passes(a, s)) {
            mldsa_attempt_encode(a, s, sig);
            st = HEAD2_OK;
            break;
        }
        if (s->kernels->draws_ahead)
            memcpy(a->y, g.next_y, P->l * sizeof *a->y);
        else
            draw_mask(s, g.rho_prime2, n * P->l, a->y, NULL);
    }
    head2_wipe(&g, sizeof g);
    cpu_wipe_residue(CPU_KERNELS_BELOW);
    if (st != HEAD2_OK)
        head2_wipe(sig, P->sig_bytes);
    return st;
}

enum head2_status mldsa_sign_mu_internal(enum mldsa_set set, uint8_t *sig,
                                         const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                         const uint8_t rnd[RND_BYTES], const uint8_t *sk)
{
    const struct mldsa_params *const P = mldsa_params_of(set);
    const size_t size = mldsa_signer_bytes(P);
    enum head2_status st;
    struct head2_mldsa_signer *s = aligned_alloc(64, size); /* A is more than a stack should bear */

    if (s == NULL) {
        head2_wipe(sig, P->sig_bytes);
        return HEAD2_E_MEMORY;
    }
    st = mldsa_signer_prepare(s, P, sk);
    if (st == HEAD2_OK)
        st = mldsa_signer_sign(s, sig, mu, rnd);
    else
        head2_wipe(sig, P->sig_bytes);
    head2_wipe(s, size);
    free(s);
    return st;
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
