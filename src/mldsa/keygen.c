/*
 * Key generation, and the way back from a private key to its public key: FIPS 204, Algorithm 6.
 */
#include "mldsa/mldsa.h"
#include "mldsa/pack.h"
#include "mldsa/sample.h"

#include <head2/hash.h>

/* t = A s1 + s2 one row at a time, split into t1, which goes to pk, and t0. s1 is transformed. */
static HEAD2_ALWAYS_INLINE void public_row(const struct mldsa_params *P, unsigned i, uint8_t *pk,
                                           struct poly *t0, const struct poly *s1,
                                           const struct poly *s2)
{
    struct poly row[MAX_L];
    struct poly t;

    for (unsigned j = 0; j < P->l; j++)
        mldsa_sample_uniform(&row[j], pk, i, j); /* pk begins with rho */
    mldsa_dot(&t, row, s1, P->l);
    mldsa_inverse_ntt(&t);
    for (unsigned n = 0; n < MLDSA_N; n++) {
        int32_t r = mldsa_add_q(mldsa_reduce32(t.c[n] + s2->c[n]));
        t.c[n] = mldsa_power2_round(r, &t0->c[n]); /* line 6 */
    }
    HEAD2_PUBLIC(&t, sizeof t, "t1 is the public key");
    mldsa_pack(pk + RHO_BYTES + (size_t)i * T1_BYTES, &t, T1_BITS);
    head2_wipe(&t, sizeof t);
}

void mldsa_tr(enum mldsa_set set, uint8_t tr[TR_BYTES], const uint8_t *pk)
{
    head2_shake256(tr, TR_BYTES, pk, mldsa_params_of(set)->pk_bytes);
}

/* skEncode and pkEncode (Algorithms 24 and 22) happen on the way: each part is packed when known.
 */
static HEAD2_ALWAYS_INLINE void keygen(const struct mldsa_params *P, enum mldsa_set set,
                                       uint8_t *pk, uint8_t *sk, const struct head2_secret32 *xi)
{
    const uint8_t dims[2] = {(uint8_t)P->k, (uint8_t)P->l};
    const size_t s_bytes = PACKED_BYTES(P->eta_bits);
    uint8_t *const sk_s = sk + RHO_BYTES + K_BYTES + TR_BYTES;
    uint8_t *const sk_t0 = sk_s + s_bytes * (P->k + P->l);
    struct head2_keccak shake;
    uint8_t seeds[RHO_BYTES + 64 + K_BYTES]; /* rho || rho' || K */
    struct poly s1[MAX_L], s2, t0;

    head2_shake256_init(&shake); /* line 1 */
    head2_shake_update(&shake, xi->b, sizeof xi->b);
    head2_shake_update(&shake, dims, sizeof dims);
    head2_shake_squeeze(&shake, seeds, sizeof seeds);
    HEAD2_PUBLIC(seeds, RHO_BYTES, "rho is in the public key");
    memcpy(pk, seeds, RHO_BYTES);
    memcpy(sk, seeds, RHO_BYTES);
    memcpy(sk + RHO_BYTES, seeds + RHO_BYTES + 64, K_BYTES);
    for (unsigned j = 0; j < P->l; j++) {
        mldsa_sample_bounded(&s1[j], seeds + RHO_BYTES, j, P->eta);
        mldsa_pack_signed(sk_s + j * s_bytes, &s1[j], P->eta, P->eta_bits);
        mldsa_ntt(&s1[j]);
    }
    for (unsigned i = 0; i < P->k; i++) {
        mldsa_sample_bounded(&s2, seeds + RHO_BYTES, P->l + i, P->eta);
        mldsa_pack_signed(sk_s + (P->l + i) * s_bytes, &s2, P->eta, P->eta_bits);
        public_row(P, i, pk, &t0, s1, &s2);
        mldsa_pack_signed(sk_t0 + (size_t)i * T0_BYTES, &t0, 1 << (MLDSA_D - 1), T0_BITS);
    }
    mldsa_tr(set, sk + RHO_BYTES + K_BYTES, pk); /* line 9 */
    head2_wipe(&shake, sizeof shake);
    head2_wipe(seeds, sizeof seeds);
    head2_wipe(s1, sizeof s1);
    head2_wipe(&s2, sizeof s2);
    head2_wipe(&t0, sizeof t0);
}

/* All ones when a coefficient of s1 or s2 is outside [-eta, eta]. */
static HEAD2_ALWAYS_INLINE uint32_t unpack_s(struct poly *s, const uint8_t *in,
                                             const struct mldsa_params *P)
{
    mldsa_unpack_signed(s, in, P->eta, P->eta_bits);
    return mldsa_norm_reaches(s, P->eta + 1);
}

static HEAD2_ALWAYS_INLINE enum head2_status public_from_private(const struct mldsa_params *P,
                                                                 enum mldsa_set set, uint8_t *pk,
                                                                 const uint8_t *sk)
{
    enum head2_status st = HEAD2_OK;
    const size_t s_bytes = PACKED_BYTES(P->eta_bits);
    const uint8_t *const sk_s = sk + RHO_BYTES + K_BYTES + TR_BYTES;
    const uint8_t *const sk_t0 = sk_s + s_bytes * (P->k + P->l);
    struct poly s1[MAX_L], s2, t0;
    uint8_t packed_t0[T0_BYTES], tr[TR_BYTES];
    uint32_t bad = 0;

    memcpy(pk, sk, RHO_BYTES);
    for (unsigned j = 0; j < P->l; j++) {
        bad |= unpack_s(&s1[j], sk_s + j * s_bytes, P);
        mldsa_ntt(&s1[j]);
    }
    for (unsigned i = 0; i < P->k; i++) {
        bad |= unpack_s(&s2, sk_s + (P->l + i) * s_bytes, P);
        HEAD2_PUBLIC(&bad, sizeof bad, "whether a private key is well-formed is the result");
        if (bad != 0)
            HEAD2_TRY(HEAD2_E_MALFORMED);
        public_row(P, i, pk, &t0, s1, &s2);
        mldsa_pack_signed(packed_t0, &t0, 1 << (MLDSA_D - 1), T0_BITS);
        HEAD2_TRY(head2_equal(packed_t0, sk_t0 + (size_t)i * T0_BYTES, T0_BYTES));
    }
    mldsa_tr(set, tr, pk);
    HEAD2_TRY(head2_equal(tr, sk + RHO_BYTES + K_BYTES, TR_BYTES));

done:
    head2_wipe(s1, sizeof s1);
    head2_wipe(&s2, sizeof s2);
    head2_wipe(&t0, sizeof t0);
    head2_wipe(packed_t0, sizeof packed_t0);
    if (st != HEAD2_OK)
        head2_wipe(pk, P->pk_bytes);
    return st == HEAD2_OK ? HEAD2_OK : HEAD2_E_MALFORMED;
}

void mldsa_keygen_internal(enum mldsa_set set, uint8_t *pk, uint8_t *sk,
                           const struct head2_secret32 *xi)
{
    if (set == MLDSA_44)
        keygen(&mldsa_44, set, pk, sk, xi);
    else if (set == MLDSA_65)
        keygen(&mldsa_65, set, pk, sk, xi);
    else
        keygen(&mldsa_87, set, pk, sk, xi);
}

enum head2_status mldsa_public_from_private(enum mldsa_set set, uint8_t *pk, const uint8_t *sk)
{
    if (set == MLDSA_44)
        return public_from_private(&mldsa_44, set, pk, sk);
    if (set == MLDSA_65)
        return public_from_private(&mldsa_65, set, pk, sk);
    return public_from_private(&mldsa_87, set, pk, sk);
}
