/*
 * A bare ML-DSA signature over a file's own bytes, of any length: the message goes into the
 * representative mu piece by piece (FIPS 204, Algorithm 2 line 10 and Algorithm 7 line 6), so no
 * file is too long for memory. OpenSSL 3.5 verifies what is made here, and the other way round.
 */
#ifndef HEAD2_ARTIFACT_RAWSIG_H
#define HEAD2_ARTIFACT_RAWSIG_H

#include "artifact/signer.h"

#include <head2/hash.h>
#include <head2/keys.h>

struct rawsig {
    struct head2_keccak mu;
};

/* key: an ML-DSA key. HEAD2_OK, or HEAD2_E_ARG (another key, or a context above 255 bytes). */
HEAD2_CHECK enum head2_status rawsig_init(struct rawsig *r, const struct head2_key *key,
                                          const char *context);
void rawsig_update(struct rawsig *r, const void *in, size_t len);
/* Either ends the computation. sig: HEAD2_KEY_MAX_SIG bytes. */
HEAD2_CHECK enum head2_status rawsig_sign(struct rawsig *r, const struct artifact_signer *signer,
                                          uint8_t *sig, size_t *sig_len);
HEAD2_CHECK enum head2_status rawsig_verify(struct rawsig *r, const struct head2_key *key,
                                            const uint8_t *sig, size_t sig_len);

#endif
