/*
 * Contexts, pre-hashes and randomness around the internal algorithms: FIPS 204, Algorithms 1 to 5.
 */
#include "mldsa/external.h"

#include "mldsa/prepared.h"

#include <head2/random.h>

enum head2_status mldsa_format(struct mldsa_message *m, struct mldsa_prefix *p,
                               const struct mldsa_input *in)
{
    if (in->ctx_len > HEAD2_MLDSA_CTX_MAX_BYTES)
        return HEAD2_E_ARG;
    p->b[0] = in->prehashed ? 1 : 0;
    p->b[1] = (uint8_t)in->ctx_len;
    copy_bytes(p->b + 2, in->ctx, in->ctx_len);
    *m = (struct mldsa_message){p->b, 2 + in->ctx_len, in->msg, in->msg_len};
    if (in->prehashed) {
        const uint8_t *oid = mldsa_prehash_oid(in->hash);
        if (oid == NULL || in->msg_len != head2_prehash_bytes(in->hash))
            return HEAD2_E_ARG;
        memcpy(p->b + m->prefix_len, oid, PREHASH_OID_BYTES);
        m->prefix_len += PREHASH_OID_BYTES;
    }
    return HEAD2_OK;
}

enum head2_status mldsa_keypair(enum mldsa_set set, uint8_t *pk, uint8_t *sk)
{
    const struct mldsa_params *const P = mldsa_params_of(set);
    struct head2_secret32 xi;
    enum head2_status st = head2_random_key(xi.b, sizeof xi.b);

    if (st == HEAD2_OK) {
        mldsa_keygen_internal(set, pk, sk, &xi);
    } else {
        head2_wipe(pk, P->pk_bytes);
        head2_wipe(sk, P->sk_bytes);
    }
    head2_wipe(&xi, sizeof xi);
    return st;
}

enum head2_status mldsa_sign(enum mldsa_set set, uint8_t *sig, const struct mldsa_input *in,
                             enum mldsa_mode mode, const uint8_t *sk)
{
    enum head2_status st;
    struct mldsa_message m;
    struct mldsa_prefix prefix;
    uint8_t rnd[RND_BYTES] = {0};

    HEAD2_TRY(mldsa_format(&m, &prefix, in));
    if (mode == MLDSA_HEDGED)
        HEAD2_TRY(head2_random(rnd, sizeof rnd));
    HEAD2_TRY(mldsa_sign_internal(set, sig, &m, rnd, sk));

done:
    head2_wipe(rnd, sizeof rnd);
    if (st != HEAD2_OK)
        head2_wipe(sig, mldsa_params_of(set)->sig_bytes);
    return st;
}

enum head2_status mldsa_sign_mu(enum mldsa_set set, uint8_t *sig,
                                const uint8_t mu[HEAD2_MLDSA_MU_BYTES], const uint8_t *sk)
{
    enum head2_status st;
    uint8_t rnd[RND_BYTES];

    HEAD2_TRY(head2_random(rnd, sizeof rnd));
    HEAD2_TRY(mldsa_sign_mu_internal(set, sig, mu, rnd, sk));

done:
    head2_wipe(rnd, sizeof rnd);
    if (st != HEAD2_OK)
        head2_wipe(sig, mldsa_params_of(set)->sig_bytes);
    return st;
}

enum head2_status mldsa_external_mu(enum mldsa_set set, uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                    const uint8_t *pk, const struct mldsa_input *in)
{
    struct mldsa_message m;
    struct mldsa_prefix prefix;
    uint8_t tr[TR_BYTES];
    enum head2_status st = mldsa_format(&m, &prefix, in);

    if (st != HEAD2_OK) {
        head2_wipe(mu, HEAD2_MLDSA_MU_BYTES);
        return st;
    }
    mldsa_tr(set, tr, pk);
    mldsa_mu(mu, tr, &m);
    return HEAD2_OK;
}

enum head2_status mldsa_verify(enum mldsa_set set, const uint8_t *pk, const struct mldsa_input *in,
                               const uint8_t *sig, size_t sig_len)
{
    struct mldsa_message m;
    struct mldsa_prefix prefix;

    if (mldsa_format(&m, &prefix, in) != HEAD2_OK)
        return HEAD2_E_VERIFY;
    return mldsa_verify_internal(set, pk, &m, sig, sig_len);
}

/* ---- with prepared keys ---- */

static enum head2_status signer_sign(const struct head2_mldsa_signer *key, uint8_t *sig,
                                     const struct mldsa_input *in, enum mldsa_mode mode)
{
    enum head2_status st;
    struct mldsa_message m;
    struct mldsa_prefix prefix;
    uint8_t mu[HEAD2_MLDSA_MU_BYTES];
    uint8_t rnd[RND_BYTES] = {0};

    HEAD2_TRY(mldsa_format(&m, &prefix, in));
    if (mode == MLDSA_HEDGED)
        HEAD2_TRY(head2_random(rnd, sizeof rnd));
    mldsa_mu(mu, key->tr, &m);
    HEAD2_TRY(mldsa_signer_sign(key, sig, mu, rnd));

done:
    head2_wipe(rnd, sizeof rnd);
    head2_wipe(mu, sizeof mu);
    if (st != HEAD2_OK)
        head2_wipe(sig, key->P->sig_bytes);
    return st;
}

enum head2_status head2_mldsa_sign(uint8_t *sig, const uint8_t *msg, size_t msg_len,
                                   const uint8_t *ctx, size_t ctx_len,
                                   const struct head2_mldsa_signer *key)
{
    const struct mldsa_input in = {msg, msg_len, ctx, ctx_len, false, 0};
    return signer_sign(key, sig, &in, MLDSA_HEDGED);
}

enum head2_status head2_mldsa_sign_deterministic(uint8_t *sig, const uint8_t *msg, size_t msg_len,
                                                 const uint8_t *ctx, size_t ctx_len,
                                                 const struct head2_mldsa_signer *key)
{
    const struct mldsa_input in = {msg, msg_len, ctx, ctx_len, false, 0};
    return signer_sign(key, sig, &in, MLDSA_DETERMINISTIC);
}

enum head2_status head2_mldsa_sign_hash(uint8_t *sig, enum head2_prehash hash,
                                        const uint8_t *digest, size_t digest_len,
                                        const uint8_t *ctx, size_t ctx_len,
                                        const struct head2_mldsa_signer *key)
{
    const struct mldsa_input in = {digest, digest_len, ctx, ctx_len, true, hash};
    return signer_sign(key, sig, &in, MLDSA_HEDGED);
}

enum head2_status head2_mldsa_sign_hash_deterministic(uint8_t *sig, enum head2_prehash hash,
                                                      const uint8_t *digest, size_t digest_len,
                                                      const uint8_t *ctx, size_t ctx_len,
                                                      const struct head2_mldsa_signer *key)
{
    const struct mldsa_input in = {digest, digest_len, ctx, ctx_len, true, hash};
    return signer_sign(key, sig, &in, MLDSA_DETERMINISTIC);
}

enum head2_status head2_mldsa_sign_mu(uint8_t *sig, const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                      const struct head2_mldsa_signer *key)
{
    enum head2_status st;
    uint8_t rnd[RND_BYTES];

    HEAD2_TRY(head2_random(rnd, sizeof rnd));
    HEAD2_TRY(mldsa_signer_sign(key, sig, mu, rnd));

done:
    head2_wipe(rnd, sizeof rnd);
    if (st != HEAD2_OK)
        head2_wipe(sig, key->P->sig_bytes);
    return st;
}

static enum head2_status verifier_verify(const struct head2_mldsa_verifier *key,
                                         const struct mldsa_input *in, const uint8_t *sig,
                                         size_t sig_len)
{
    struct mldsa_message m;
    struct mldsa_prefix prefix;
    uint8_t mu[HEAD2_MLDSA_MU_BYTES];

    if (sig_len != key->P->sig_bytes || mldsa_format(&m, &prefix, in) != HEAD2_OK)
        return HEAD2_E_VERIFY;
    mldsa_mu(mu, key->tr, &m);
    return mldsa_verifier_verify(key, mu, sig, sig_len);
}

enum head2_status head2_mldsa_verify(const struct head2_mldsa_verifier *key, const uint8_t *msg,
                                     size_t msg_len, const uint8_t *ctx, size_t ctx_len,
                                     const uint8_t *sig, size_t sig_len)
{
    const struct mldsa_input in = {msg, msg_len, ctx, ctx_len, false, 0};
    return verifier_verify(key, &in, sig, sig_len);
}

enum head2_status head2_mldsa_verify_hash(const struct head2_mldsa_verifier *key,
                                          enum head2_prehash hash, const uint8_t *digest,
                                          size_t digest_len, const uint8_t *ctx, size_t ctx_len,
                                          const uint8_t *sig, size_t sig_len)
{
    const struct mldsa_input in = {digest, digest_len, ctx, ctx_len, true, hash};
    return verifier_verify(key, &in, sig, sig_len);
}

enum head2_status head2_mldsa_verify_mu(const struct head2_mldsa_verifier *key,
                                        const uint8_t mu[HEAD2_MLDSA_MU_BYTES], const uint8_t *sig,
                                        size_t sig_len)
{
    return mldsa_verifier_verify(key, mu, sig, sig_len);
}
