/* see signer.h */
#include "artifact/signer.h"

#include <head2/hash.h>

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

struct artifact_signer artifact_signer_of_key(const struct head2_key *key, bool deterministic)
{
    union {
        const struct head2_key *in;
        void *out;
    } borrowed = {key}; /* the callbacks give it back as const */
    struct artifact_signer s = {deterministic ? sign_deterministic : sign_hedged,
                                deterministic ? batch_deterministic : batch_hedged,
                                borrowed.out,
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
