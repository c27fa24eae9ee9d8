/*
 * Verification: FIPS 204, Algorithm 8. Everything here is public.
 */
#include "mldsa/mldsa.h"
#include "mldsa/pack.h"
#include "mldsa/sample.h"

#include <head2/hash.h>

/* What one verification works with: the decoded signature and one row at a time. */
struct verifier {
    struct poly z[MAX_L]; /* transformed */
    struct poly row[MAX_L];
    struct poly c, t1, w;
    uint8_t hint[MAX_K][MLDSA_N];
};

/* sigDecode (Algorithm 27) and the norm check of line 13, before any hashing. */
static HEAD2_ALWAYS_INLINE enum head2_status decode(const struct mldsa_params *P,
                                                    struct verifier *v, const uint8_t *sig)
{
    const size_t z_bytes = PACKED_BYTES(P->z_bits);
    const uint8_t *const packed_z = sig + P->c_bytes;
    enum head2_status st;

    HEAD2_TRY(mldsa_unpack_hint(v->hint[0], packed_z + P->l * z_bytes, P->k, P->omega));
    for (unsigned j = 0; j < P->l; j++) {
        mldsa_unpack_signed(&v->z[j], packed_z + j * z_bytes, P->gamma1, P->z_bits);
        if (mldsa_norm_reaches(&v->z[j], P->gamma1 - P->beta) != 0)
            HEAD2_TRY(HEAD2_E_VERIFY);
        mldsa_ntt(&v->z[j]);
    }

done:
    return st == HEAD2_OK ? HEAD2_OK : HEAD2_E_VERIFY;
}

/* Lines 9 and 10 for one row: w1' of w' = A z - c t1 2^d. */
static HEAD2_ALWAYS_INLINE void recover_row(const struct mldsa_params *P, struct verifier *v,
                                            unsigned i, const uint8_t *pk)
{
    const struct poly_pair ct1 = {&v->c, &v->t1};

    for (unsigned j = 0; j < P->l; j++)
        mldsa_sample_uniform(&v->row[j], pk, i, j);
    mldsa_unpack(&v->t1, pk + RHO_BYTES + (size_t)i * T1_BYTES, T1_BITS); /* Algorithm 23 */
    for (unsigned n = 0; n < MLDSA_N; n++)
        v->t1.c[n] <<= MLDSA_D;
    mldsa_ntt(&v->t1);
    mldsa_dot_minus(&v->w, v->row, v->z, P->l, &ct1);
    mldsa_inverse_ntt(&v->w);
    for (unsigned n = 0; n < MLDSA_N; n++)
        v->w.c[n] = mldsa_use_hint(v->hint[i][n], mldsa_add_q(v->w.c[n]), P->gamma2);
}

static HEAD2_ALWAYS_INLINE enum head2_status verify(const struct mldsa_params *P, const uint8_t *pk,
                                                    const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                                    const uint8_t *sig, size_t sig_len)
{
    const size_t w1_bytes = PACKED_BYTES(P->w1_bits);
    enum head2_status st;
    struct verifier v;
    struct head2_keccak shake;
    uint8_t packed[PACKED_BYTES(6)];
    uint8_t c_tilde[MAX_C_TILDE];

    if (sig_len != P->sig_bytes)
        HEAD2_TRY(HEAD2_E_VERIFY);
    HEAD2_TRY(decode(P, &v, sig));
    mldsa_sample_in_ball(&v.c, sig, P->c_bytes, P->tau);
    mldsa_ntt(&v.c);
    head2_shake256_init(&shake); /* line 12 */
    head2_shake_update(&shake, mu, HEAD2_MLDSA_MU_BYTES);
    for (unsigned i = 0; i < P->k; i++) {
        recover_row(P, &v, i, pk);
        mldsa_pack(packed, &v.w, P->w1_bits);
        head2_shake_update(&shake, packed, w1_bytes);
    }
    head2_shake_squeeze(&shake, c_tilde, P->c_bytes);
    HEAD2_TRY(head2_equal(c_tilde, sig, P->c_bytes)); /* line 13 */

done:
    return st;
}

enum head2_status mldsa_verify_mu_internal(enum mldsa_set set, const uint8_t *pk,
                                           const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                           const uint8_t *sig, size_t sig_len)
{
    if (set == MLDSA_44)
        return verify(&mldsa_44, pk, mu, sig, sig_len);
    if (set == MLDSA_65)
        return verify(&mldsa_65, pk, mu, sig, sig_len);
    return verify(&mldsa_87, pk, mu, sig, sig_len);
}

enum head2_status mldsa_verify_internal(enum mldsa_set set, const uint8_t *pk,
                                        const struct mldsa_message *m, const uint8_t *sig,
                                        size_t sig_len)
{
    uint8_t tr[TR_BYTES], mu[HEAD2_MLDSA_MU_BYTES];

    if (sig_len != mldsa_params_of(set)->sig_bytes)
        return HEAD2_E_VERIFY;
    mldsa_tr(set, tr, pk);
    mldsa_mu(mu, tr, m);
    return mldsa_verify_mu_internal(set, pk, mu, sig, sig_len);
}
