/* see rawsig.h */
#include "artifact/rawsig.h"

#include "mldsa/mldsa.h"

static enum mldsa_set set_of(const struct head2_key *key)
{
    const enum head2_alg alg = head2_key_alg(key);
    return alg == HEAD2_MLDSA_44 ? MLDSA_44 : alg == HEAD2_MLDSA_65 ? MLDSA_65 : MLDSA_87;
}

enum head2_status rawsig_init(struct rawsig *r, const struct head2_key *key, const char *context)
{
    const size_t context_len = strlen(context);
    uint8_t tr[TR_BYTES];

    if (!head2_alg_is_signature(head2_key_alg(key)) || context_len > HEAD2_MLDSA_CTX_MAX_BYTES)
        return HEAD2_E_ARG;
    mldsa_tr(set_of(key), tr, head2_key_public(key));
    const uint8_t prefix[2] = {0, (uint8_t)context_len}; /* 0: pure, not pre-hashed */
    head2_shake256_init(&r->mu);
    head2_shake_update(&r->mu, tr, sizeof tr);
    head2_shake_update(&r->mu, prefix, sizeof prefix);
    head2_shake_update(&r->mu, context, context_len);
    return HEAD2_OK;
}

void rawsig_update(struct rawsig *r, const void *in, size_t len)
{
    head2_shake_update(&r->mu, in, len);
}

enum head2_status rawsig_sign(struct rawsig *r, const struct artifact_signer *signer, uint8_t *sig,
                              size_t *sig_len)
{
    uint8_t mu[HEAD2_MLDSA_MU_BYTES];

    head2_shake_squeeze(&r->mu, mu, sizeof mu);
    return signer->sign_mu(signer->arg, sig, sig_len, mu);
}

enum head2_status rawsig_verify(struct rawsig *r, const struct head2_key *key, const uint8_t *sig,
                                size_t sig_len)
{
    uint8_t mu[HEAD2_MLDSA_MU_BYTES];

    head2_shake_squeeze(&r->mu, mu, sizeof mu);
    return mldsa_verify_mu_internal(set_of(key), head2_key_public(key), mu, sig, sig_len);
}
