/*
 * Fallback keys on their way from a gateway to a node: sealed to the node's ML-KEM-1024 key, signed
 * by the gateway. Integers are big-endian.
 *
 *      0     8  "CH2FBKEY"
 *      8     2  version, 1
 *     10     2  zero
 *     12     4  n, the number of keys, 1 to FALLBACK_EXPORT_KEYS
 *     16     8  when it was made, Unix milliseconds
 *     24    32  the gateway's identity (role G)
 *     56    16  the key id of the node's ML-KEM-1024 key
 *     72  1568  ct
 *   1640     …  AES-256-GCM of n times (length(2), the key as head2_fallback_encode writes it),
 * tag(16) 4627  ML-DSA-87, context "ch2v1 fbk export", over everything before
 *
 *     prk = HKDF-SHA3-512-Extract(SHA3-512("ch2v1 fbk export"), ss)
 *     key(32), nonce(12) = XL(prk, "fbk export key" | "fbk export iv", SHA3-512(bytes 0 to 1640))
 *     the same bytes are the additional data
 */
#ifndef HEAD2_GATEWAY_FALLBACK_EXPORT_H
#define HEAD2_GATEWAY_FALLBACK_EXPORT_H

#include "artifact/signer.h"

#include <head2/fallback.h>
#include <head2/keys.h>

#define FALLBACK_EXPORT_KEYS  20000
#define FALLBACK_EXPORT_HEAD  72
#define FALLBACK_EXPORT_SEAL  (FALLBACK_EXPORT_HEAD + 1568)
#define FALLBACK_EXPORT_EXTRA (FALLBACK_EXPORT_SEAL + 16 + HEAD2_MLDSA87_SIG_BYTES)
#define FALLBACK_EXPORT_MAX                                                                        \
    (FALLBACK_EXPORT_EXTRA + (size_t)FALLBACK_EXPORT_KEYS * (2 + HEAD2_FALLBACK_MAX_BYTES))

/* Keys that are put together, or were sealed together: the plaintext above. */
struct fallback_bundle {
    uint8_t *bytes;
    size_t len, cap;
    uint32_t n;
};

/* HEAD2_OK, HEAD2_E_ARG, HEAD2_E_LIMIT or HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status fallback_bundle_add(struct fallback_bundle *b,
                                                  const struct head2_fallback_key *key);
/* The key at *at, which moves on; false at the end. What fallback_open gave has no other end. */
bool fallback_bundle_next(const struct fallback_bundle *b, size_t *at,
                          struct head2_fallback_key *key);
void fallback_bundle_free(struct fallback_bundle *b);

/*
 * Seal a bundle of at least one key. identity signs with the gateway's ML-DSA-87 key, to the node's
 * ML-KEM-1024 key. Free *out.
 * HEAD2_OK, HEAD2_E_ARG, HEAD2_E_ENTROPY, HEAD2_E_CRYPTO or HEAD2_E_MEMORY.
 */
HEAD2_CHECK enum head2_status fallback_seal(uint8_t **out, size_t *len,
                                            const struct fallback_bundle *bundle,
                                            const struct artifact_signer *identity,
                                            const struct head2_key *to, uint64_t made_ms);

/*
 * Check and open. issuer is the gateway's public ML-DSA-87 key, own the node's private ML-KEM-1024
 * key; each key in it is signed by that gateway, too. *why is a constant phrase.
 * HEAD2_OK; HEAD2_E_MALFORMED; HEAD2_E_UNSUPPORTED (a newer version); HEAD2_E_POLICY (of another
 * gateway, or for another node); HEAD2_E_VERIFY (a signature or a tag); HEAD2_E_MEMORY,
 * HEAD2_E_CRYPTO. Nothing of it is to be used but after HEAD2_OK.
 */
HEAD2_CHECK enum head2_status fallback_open(struct fallback_bundle *bundle, const uint8_t *in,
                                            size_t len,
                                            const uint8_t issuer[HEAD2_MLDSA87_PK_BYTES],
                                            const struct head2_key *own, const char **why);

#endif
