/*
 * The public names of ML-DSA-44, -65 and -87: see head2/mldsa.h. One line of work each; the work is
 * in external.c and in the internal algorithms below it.
 */
#include "mldsa/external.h"

/* ---- ML-DSA-44 ---- */

enum head2_status head2_mldsa44_keypair(uint8_t pk[HEAD2_MLDSA44_PK_BYTES],
                                        uint8_t sk[HEAD2_MLDSA44_SK_BYTES])
{
    return mldsa_keypair(MLDSA_44, pk, sk);
}

enum head2_status head2_mldsa44_keypair_from_seed(uint8_t pk[HEAD2_MLDSA44_PK_BYTES],
                                                  uint8_t sk[HEAD2_MLDSA44_SK_BYTES],
                                                  const struct head2_secret32 *xi)
{
    mldsa_keygen_internal(MLDSA_44, pk, sk, xi);
    return HEAD2_OK;
}

enum head2_status head2_mldsa44_public_from_private(uint8_t pk[HEAD2_MLDSA44_PK_BYTES],
                                                    const uint8_t sk[HEAD2_MLDSA44_SK_BYTES])
{
    return mldsa_public_from_private(MLDSA_44, pk, sk);
}

enum head2_status head2_mldsa44_sign(uint8_t sig[HEAD2_MLDSA44_SIG_BYTES], const uint8_t *msg,
                                     size_t msg_len, const uint8_t *ctx, size_t ctx_len,
                                     const uint8_t sk[HEAD2_MLDSA44_SK_BYTES])
{
    const struct mldsa_input in = {msg, msg_len, ctx, ctx_len, false, 0};
    return mldsa_sign(MLDSA_44, sig, &in, MLDSA_HEDGED, sk);
}

enum head2_status head2_mldsa44_sign_deterministic(uint8_t sig[HEAD2_MLDSA44_SIG_BYTES],
                                                   const uint8_t *msg, size_t msg_len,
                                                   const uint8_t *ctx, size_t ctx_len,
                                                   const uint8_t sk[HEAD2_MLDSA44_SK_BYTES])
{
    const struct mldsa_input in = {msg, msg_len, ctx, ctx_len, false, 0};
    return mldsa_sign(MLDSA_44, sig, &in, MLDSA_DETERMINISTIC, sk);
}

enum head2_status head2_mldsa44_sign_hash(uint8_t sig[HEAD2_MLDSA44_SIG_BYTES],
                                          enum head2_prehash hash, const uint8_t *digest,
                                          size_t digest_len, const uint8_t *ctx, size_t ctx_len,
                                          const uint8_t sk[HEAD2_MLDSA44_SK_BYTES])
{
    const struct mldsa_input in = {digest, digest_len, ctx, ctx_len, true, hash};
    return mldsa_sign(MLDSA_44, sig, &in, MLDSA_HEDGED, sk);
}

enum head2_status head2_mldsa44_sign_hash_deterministic(uint8_t sig[HEAD2_MLDSA44_SIG_BYTES],
                                                        enum head2_prehash hash,
                                                        const uint8_t *digest, size_t digest_len,
                                                        const uint8_t *ctx, size_t ctx_len,
                                                        const uint8_t sk[HEAD2_MLDSA44_SK_BYTES])
{
    const struct mldsa_input in = {digest, digest_len, ctx, ctx_len, true, hash};
    return mldsa_sign(MLDSA_44, sig, &in, MLDSA_DETERMINISTIC, sk);
}

enum head2_status head2_mldsa44_sign_mu(uint8_t sig[HEAD2_MLDSA44_SIG_BYTES],
                                        const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                        const uint8_t sk[HEAD2_MLDSA44_SK_BYTES])
{
    return mldsa_sign_mu(MLDSA_44, sig, mu, sk);
}

enum head2_status head2_mldsa44_mu(uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                   const uint8_t pk[HEAD2_MLDSA44_PK_BYTES], const uint8_t *msg,
                                   size_t msg_len, const uint8_t *ctx, size_t ctx_len)
{
    const struct mldsa_input in = {msg, msg_len, ctx, ctx_len, false, 0};
    return mldsa_external_mu(MLDSA_44, mu, pk, &in);
}

enum head2_status head2_mldsa44_verify(const uint8_t pk[HEAD2_MLDSA44_PK_BYTES], const uint8_t *msg,
                                       size_t msg_len, const uint8_t *ctx, size_t ctx_len,
                                       const uint8_t *sig, size_t sig_len)
{
    const struct mldsa_input in = {msg, msg_len, ctx, ctx_len, false, 0};
    return mldsa_verify(MLDSA_44, pk, &in, sig, sig_len);
}

enum head2_status head2_mldsa44_verify_hash(const uint8_t pk[HEAD2_MLDSA44_PK_BYTES],
                                            enum head2_prehash hash, const uint8_t *digest,
                                            size_t digest_len, const uint8_t *ctx, size_t ctx_len,
                                            const uint8_t *sig, size_t sig_len)
{
    const struct mldsa_input in = {digest, digest_len, ctx, ctx_len, true, hash};
    return mldsa_verify(MLDSA_44, pk, &in, sig, sig_len);
}

enum head2_status head2_mldsa44_verify_mu(const uint8_t pk[HEAD2_MLDSA44_PK_BYTES],
                                          const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                          const uint8_t *sig, size_t sig_len)
{
    return mldsa_verify_mu_internal(MLDSA_44, pk, mu, sig, sig_len);
}

/* ---- ML-DSA-65 ---- */

enum head2_status head2_mldsa65_keypair(uint8_t pk[HEAD2_MLDSA65_PK_BYTES],
                                        uint8_t sk[HEAD2_MLDSA65_SK_BYTES])
{
    return mldsa_keypair(MLDSA_65, pk, sk);
}

enum head2_status head2_mldsa65_keypair_from_seed(uint8_t pk[HEAD2_MLDSA65_PK_BYTES],
                                                  uint8_t sk[HEAD2_MLDSA65_SK_BYTES],
                                                  const struct head2_secret32 *xi)
{
    mldsa_keygen_internal(MLDSA_65, pk, sk, xi);
    return HEAD2_OK;
}

enum head2_status head2_mldsa65_public_from_private(uint8_t pk[HEAD2_MLDSA65_PK_BYTES],
                                                    const uint8_t sk[HEAD2_MLDSA65_SK_BYTES])
{
    return mldsa_public_from_private(MLDSA_65, pk, sk);
}

enum head2_status head2_mldsa65_sign(uint8_t sig[HEAD2_MLDSA65_SIG_BYTES], const uint8_t *msg,
                                     size_t msg_len, const uint8_t *ctx, size_t ctx_len,
                                     const uint8_t sk[HEAD2_MLDSA65_SK_BYTES])
{
    const struct mldsa_input in = {msg, msg_len, ctx, ctx_len, false, 0};
    return mldsa_sign(MLDSA_65, sig, &in, MLDSA_HEDGED, sk);
}

enum head2_status head2_mldsa65_sign_deterministic(uint8_t sig[HEAD2_MLDSA65_SIG_BYTES],
                                                   const uint8_t *msg, size_t msg_len,
                                                   const uint8_t *ctx, size_t ctx_len,
                                                   const uint8_t sk[HEAD2_MLDSA65_SK_BYTES])
{
    const struct mldsa_input in = {msg, msg_len, ctx, ctx_len, false, 0};
    return mldsa_sign(MLDSA_65, sig, &in, MLDSA_DETERMINISTIC, sk);
}

enum head2_status head2_mldsa65_sign_hash(uint8_t sig[HEAD2_MLDSA65_SIG_BYTES],
                                          enum head2_prehash hash, const uint8_t *digest,
                                          size_t digest_len, const uint8_t *ctx, size_t ctx_len,
                                          const uint8_t sk[HEAD2_MLDSA65_SK_BYTES])
{
    const struct mldsa_input in = {digest, digest_len, ctx, ctx_len, true, hash};
    return mldsa_sign(MLDSA_65, sig, &in, MLDSA_HEDGED, sk);
}

enum head2_status head2_mldsa65_sign_hash_deterministic(uint8_t sig[HEAD2_MLDSA65_SIG_BYTES],
                                                        enum head2_prehash hash,
                                                        const uint8_t *digest, size_t digest_len,
                                                        const uint8_t *ctx, size_t ctx_len,
                                                        const uint8_t sk[HEAD2_MLDSA65_SK_BYTES])
{
    const struct mldsa_input in = {digest, digest_len, ctx, ctx_len, true, hash};
    return mldsa_sign(MLDSA_65, sig, &in, MLDSA_DETERMINISTIC, sk);
}

enum head2_status head2_mldsa65_sign_mu(uint8_t sig[HEAD2_MLDSA65_SIG_BYTES],
                                        const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                        const uint8_t sk[HEAD2_MLDSA65_SK_BYTES])
{
    return mldsa_sign_mu(MLDSA_65, sig, mu, sk);
}

enum head2_status head2_mldsa65_mu(uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                   const uint8_t pk[HEAD2_MLDSA65_PK_BYTES], const uint8_t *msg,
                                   size_t msg_len, const uint8_t *ctx, size_t ctx_len)
{
    const struct mldsa_input in = {msg, msg_len, ctx, ctx_len, false, 0};
    return mldsa_external_mu(MLDSA_65, mu, pk, &in);
}

enum head2_status head2_mldsa65_verify(const uint8_t pk[HEAD2_MLDSA65_PK_BYTES], const uint8_t *msg,
                                       size_t msg_len, const uint8_t *ctx, size_t ctx_len,
                                       const uint8_t *sig, size_t sig_len)
{
    const struct mldsa_input in = {msg, msg_len, ctx, ctx_len, false, 0};
    return mldsa_verify(MLDSA_65, pk, &in, sig, sig_len);
}

enum head2_status head2_mldsa65_verify_hash(const uint8_t pk[HEAD2_MLDSA65_PK_BYTES],
                                            enum head2_prehash hash, const uint8_t *digest,
                                            size_t digest_len, const uint8_t *ctx, size_t ctx_len,
                                            const uint8_t *sig, size_t sig_len)
{
    const struct mldsa_input in = {digest, digest_len, ctx, ctx_len, true, hash};
    return mldsa_verify(MLDSA_65, pk, &in, sig, sig_len);
}

enum head2_status head2_mldsa65_verify_mu(const uint8_t pk[HEAD2_MLDSA65_PK_BYTES],
                                          const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                          const uint8_t *sig, size_t sig_len)
{
    return mldsa_verify_mu_internal(MLDSA_65, pk, mu, sig, sig_len);
}

/* ---- ML-DSA-87 ---- */

enum head2_status head2_mldsa87_keypair(uint8_t pk[HEAD2_MLDSA87_PK_BYTES],
                                        uint8_t sk[HEAD2_MLDSA87_SK_BYTES])
{
    return mldsa_keypair(MLDSA_87, pk, sk);
}

enum head2_status head2_mldsa87_keypair_from_seed(uint8_t pk[HEAD2_MLDSA87_PK_BYTES],
                                                  uint8_t sk[HEAD2_MLDSA87_SK_BYTES],
                                                  const struct head2_secret32 *xi)
{
    mldsa_keygen_internal(MLDSA_87, pk, sk, xi);
    return HEAD2_OK;
}

enum head2_status head2_mldsa87_public_from_private(uint8_t pk[HEAD2_MLDSA87_PK_BYTES],
                                                    const uint8_t sk[HEAD2_MLDSA87_SK_BYTES])
{
    return mldsa_public_from_private(MLDSA_87, pk, sk);
}

enum head2_status head2_mldsa87_sign(uint8_t sig[HEAD2_MLDSA87_SIG_BYTES], const uint8_t *msg,
                                     size_t msg_len, const uint8_t *ctx, size_t ctx_len,
                                     const uint8_t sk[HEAD2_MLDSA87_SK_BYTES])
{
    const struct mldsa_input in = {msg, msg_len, ctx, ctx_len, false, 0};
    return mldsa_sign(MLDSA_87, sig, &in, MLDSA_HEDGED, sk);
}

enum head2_status head2_mldsa87_sign_deterministic(uint8_t sig[HEAD2_MLDSA87_SIG_BYTES],
                                                   const uint8_t *msg, size_t msg_len,
                                                   const uint8_t *ctx, size_t ctx_len,
                                                   const uint8_t sk[HEAD2_MLDSA87_SK_BYTES])
{
    const struct mldsa_input in = {msg, msg_len, ctx, ctx_len, false, 0};
    return mldsa_sign(MLDSA_87, sig, &in, MLDSA_DETERMINISTIC, sk);
}

enum head2_status head2_mldsa87_sign_hash(uint8_t sig[HEAD2_MLDSA87_SIG_BYTES],
                                          enum head2_prehash hash, const uint8_t *digest,
                                          size_t digest_len, const uint8_t *ctx, size_t ctx_len,
                                          const uint8_t sk[HEAD2_MLDSA87_SK_BYTES])
{
    const struct mldsa_input in = {digest, digest_len, ctx, ctx_len, true, hash};
    return mldsa_sign(MLDSA_87, sig, &in, MLDSA_HEDGED, sk);
}

enum head2_status head2_mldsa87_sign_hash_deterministic(uint8_t sig[HEAD2_MLDSA87_SIG_BYTES],
                                                        enum head2_prehash hash,
                                                        const uint8_t *digest, size_t digest_len,
                                                        const uint8_t *ctx, size_t ctx_len,
                                                        const uint8_t sk[HEAD2_MLDSA87_SK_BYTES])
{
    const struct mldsa_input in = {digest, digest_len, ctx, ctx_len, true, hash};
    return mldsa_sign(MLDSA_87, sig, &in, MLDSA_DETERMINISTIC, sk);
}

enum head2_status head2_mldsa87_sign_mu(uint8_t sig[HEAD2_MLDSA87_SIG_BYTES],
                                        const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                        const uint8_t sk[HEAD2_MLDSA87_SK_BYTES])
{
    return mldsa_sign_mu(MLDSA_87, sig, mu, sk);
}

enum head2_status head2_mldsa87_mu(uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                   const uint8_t pk[HEAD2_MLDSA87_PK_BYTES], const uint8_t *msg,
                                   size_t msg_len, const uint8_t *ctx, size_t ctx_len)
{
    const struct mldsa_input in = {msg, msg_len, ctx, ctx_len, false, 0};
    return mldsa_external_mu(MLDSA_87, mu, pk, &in);
}

enum head2_status head2_mldsa87_verify(const uint8_t pk[HEAD2_MLDSA87_PK_BYTES], const uint8_t *msg,
                                       size_t msg_len, const uint8_t *ctx, size_t ctx_len,
                                       const uint8_t *sig, size_t sig_len)
{
    const struct mldsa_input in = {msg, msg_len, ctx, ctx_len, false, 0};
    return mldsa_verify(MLDSA_87, pk, &in, sig, sig_len);
}

enum head2_status head2_mldsa87_verify_hash(const uint8_t pk[HEAD2_MLDSA87_PK_BYTES],
                                            enum head2_prehash hash, const uint8_t *digest,
                                            size_t digest_len, const uint8_t *ctx, size_t ctx_len,
                                            const uint8_t *sig, size_t sig_len)
{
    const struct mldsa_input in = {digest, digest_len, ctx, ctx_len, true, hash};
    return mldsa_verify(MLDSA_87, pk, &in, sig, sig_len);
}

enum head2_status head2_mldsa87_verify_mu(const uint8_t pk[HEAD2_MLDSA87_PK_BYTES],
                                          const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                          const uint8_t *sig, size_t sig_len)
{
    return mldsa_verify_mu_internal(MLDSA_87, pk, mu, sig, sig_len);
}
