/*
 * Prepared keys: everything that depends on a key alone, expanded once. A private key becomes a
 * signer, a public key a verifier; both are one piece of memory, header first, polynomials behind.
 *
 * A prepared key remembers the kernels that made it, for short polynomials have their order.
 */
#ifndef HEAD2_MLDSA_PREPARED_H
#define HEAD2_MLDSA_PREPARED_H

#include "mldsa/kernels.h"

/* Where the parts of an encoded private key begin (Algorithm 24): rho is at 0. */
struct sk_parts {
    size_t K, tr, s, t0;
};

static inline struct sk_parts mldsa_sk_parts(const struct mldsa_params *P)
{
    const size_t s = RHO_BYTES + K_BYTES + TR_BYTES;
    return (struct sk_parts){RHO_BYTES, RHO_BYTES + K_BYTES, s,
                             s + (size_t)(P->k + P->l) * (MLDSA_N / 8) * P->eta_bits};
}

/* Unpack s1 || s2 by index from sk: all ones when a coefficient is outside [-eta, eta]. */
uint32_t mldsa_unpack_secret(const struct mldsa_kernels *k, const struct mldsa_params *P,
                             struct poly *s, const uint8_t *sk, unsigned index);

struct head2_mldsa_signer {
    _Alignas(64) const struct mldsa_kernels *kernels;
    const struct mldsa_params *P;
    uint8_t K[K_BYTES];
    uint8_t tr[TR_BYTES];
    struct poly polys[]; /* t0 transformed, A row by row; then short s1 and -s2, transformed */
};

struct head2_mldsa_verifier {
    _Alignas(64) const struct mldsa_kernels *kernels;
    const struct mldsa_params *P;
    uint8_t tr[TR_BYTES];
    struct poly polys[]; /* row by row: A, then t1 2^13 transformed */
};

static inline size_t mldsa_prepared_polys(const struct mldsa_params *P)
{
    return P->k + (size_t)P->k * P->l;
}

/* s1, then -s2 */
static inline const struct short_poly *mldsa_signer_s1(const struct head2_mldsa_signer *s)
{
    return (const struct short_poly *)(const void *)(s->polys + mldsa_prepared_polys(s->P));
}

static inline const struct short_poly *mldsa_signer_s2(const struct head2_mldsa_signer *s)
{
    return mldsa_signer_s1(s) + s->P->l;
}

/* The parameters of a set of the public interface; NULL when there is no such set. */
const struct mldsa_params *mldsa_public_set(enum head2_mldsa_set set);

size_t mldsa_signer_bytes(const struct mldsa_params *P);
size_t mldsa_verifier_bytes(const struct mldsa_params *P);

/* skDecode (Algorithm 25) and the expansion of A; s has mldsa_signer_bytes and is wiped when sk has
 * a coefficient out of range: HEAD2_E_MALFORMED. */
HEAD2_CHECK enum head2_status mldsa_signer_prepare(struct head2_mldsa_signer *s,
                                                   const struct mldsa_params *P, const uint8_t *sk);
void mldsa_verifier_prepare(struct head2_mldsa_verifier *v, const struct mldsa_params *P,
                            const uint8_t *pk);

/* t1 2^13 of row i, transformed */
void mldsa_unpack_t1(const struct mldsa_kernels *k, struct poly *t1, const uint8_t *pk, unsigned i);

/* mldsa_sign_mu_internal and mldsa_verify_mu_internal (mldsa.h) with a prepared key */
HEAD2_CHECK enum head2_status mldsa_signer_sign(const struct head2_mldsa_signer *s, uint8_t *sig,
                                                const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                                const uint8_t rnd[RND_BYTES]);
HEAD2_CHECK enum head2_status mldsa_verifier_verify(const struct head2_mldsa_verifier *v,
                                                    const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                                    const uint8_t *sig, size_t sig_len);

#endif
