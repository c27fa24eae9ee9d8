/*
 * Who signs blocks and receipts: a function, so that the key may be elsewhere (a worker thread, a
 * keeper process). artifact_signer_of_key is the plain case of a key in memory.
 */
#ifndef HEAD2_ARTIFACT_SIGNER_H
#define HEAD2_ARTIFACT_SIGNER_H

#include "base/base.h"

#include <head2/keys.h>

/* Pure ML-DSA over msg under the context string ctx; sig has HEAD2_KEY_MAX_SIG bytes of room. */
typedef enum head2_status artifact_sign_fn(void *arg, uint8_t *sig, size_t *sig_len,
                                           const uint8_t *msg, size_t msg_len, const char *ctx);

/* The same for several messages at once; the signatures' lengths go into the jobs. */
typedef enum head2_status artifact_sign_batch_fn(void *arg, struct head2_key_sign_job *jobs,
                                                 size_t n, const char *ctx);

/* Of a message's representative mu, 64 bytes, in which the context is. */
typedef enum head2_status artifact_sign_mu_fn(void *arg, uint8_t *sig, size_t *sig_len,
                                              const uint8_t *mu);

struct artifact_signer {
    artifact_sign_fn *sign;
    artifact_sign_batch_fn *sign_batch;
    artifact_sign_mu_fn *sign_mu;
    void *arg;
    const struct head2_key *key; /* its public part at least; borrowed */
    enum head2_alg alg;
    uint8_t key_id[HEAD2_KEY_ID_BYTES];
};

/* key is borrowed and holds an ML-DSA private key. */
struct artifact_signer artifact_signer_of_key(const struct head2_key *key, bool deterministic);

/* SHA3-512 of the key's SubjectPublicKeyInfo: the anchor of a trust file. */
HEAD2_CHECK enum head2_status artifact_spki_hash(uint8_t hash[64], const struct head2_key *key);

#endif
