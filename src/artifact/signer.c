/* see signer.h */
#include "artifact/signer.h"

#include "mldsa/mldsa.h"

#include <head2/hash.h>
#include <head2/random.h>

static enum head2_status sign_hedged(void *arg, uint8_t *sig, size_t *sig_len, const uint8_t *msg,
                                     size_t msg_len, const char *ctx)
{
    return head2_key_sign(arg, sig, sig_len, msg, msg_len, ctx, strlen(ctx), false);
}

static enum head2_status sign_deterministic(void *arg, uint8_t *sig, size_t *sig_len,
                                            const uint8_t *msg, size_t msg_len, const char *ctx)
{
    return head2_key_sign(arg, sig, sig_len, msg, msg_len, ctx, strlen(ctx), true);
}

static enum head2_status batch_hedged(void *arg, struct head2_key_sign_job *jobs, size_t n,
                                      const char *ctx)
{
    return head2_key_sign_batch(arg, jobs, n, ctx, strlen(ctx), false);
}

static enum head2_status batch_deterministic(void *arg, struct head2_key_sign_job *jobs, size_t n,
                                             const char *ctx)
{
    return head2_key_sign_batch(arg, jobs, n, ctx, strlen(ctx), true);
}

static enum head2_status sign_mu(const struct head2_key *key, uint8_t *sig, size_t *sig_len,
                                 const uint8_t *mu, const uint8_t rnd[RND_BYTES])
{
    const enum head2_alg alg = head2_key_alg(key);
    const enum mldsa_set set = alg == HEAD2_MLDSA_44   ? MLDSA_44
                               : alg == HEAD2_MLDSA_65 ? MLDSA_65
                                                       : MLDSA_87;

    *sig_len = 0;
    if (!head2_key_has_private(key))
        return HEAD2_E_ARG;
    const enum head2_status st = mldsa_sign_mu_internal(set, sig, mu, rnd, head2_key_private(key));
    if (st == HEAD2_OK)
        *sig_len = head2_alg_sig_bytes(alg);
    return st;
}

static enum head2_status mu_hedged(void *arg, uint8_t *sig, size_t *sig_len, const uint8_t *mu)
{
    uint8_t rnd[RND_BYTES];
    enum head2_status st;

    HEAD2_TRY(head2_random(rnd, sizeof rnd));
    st = sign_mu(arg, sig, sig_len, mu, rnd);
done:
    head2_wipe(rnd, sizeof rnd);
    return st;
}

static enum head2_status mu_deterministic(void *arg, uint8_t *sig, size_t *sig_len,
                                          const uint8_t *mu)
{
    static const uint8_t rnd[RND_BYTES];

    return sign_mu(arg, sig, sig_len, mu, rnd);
}

struct artifact_signer artifact_signer_of_key(const struct head2_key *key, bool deterministic)
{
    union {
        const struct head2_key *in;
        void *out;
    } borrowed = {key}; /* the callbacks give it back as const */
    struct artifact_signer s = {deterministic ? sign_deterministic : sign_hedged,
                                deterministic ? batch_deterministic : batch_hedged,
                                deterministic ? mu_deterministic : mu_hedged,
                                borrowed.out,
                                key,
                                head2_key_alg(key),
                                {0}};

    head2_key_id(key, s.key_id);
    return s;
}

enum head2_status artifact_spki_hash(uint8_t hash[64], const struct head2_key *key)
{
    uint8_t der[4096];
    size_t len = sizeof der;
    enum head2_status st = head2_key_write_public(key, HEAD2_KEY_DER, der, &len);

    if (st == HEAD2_OK)
        head2_sha3_512(hash, der, len);
    return st;
}
