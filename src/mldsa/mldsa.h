/*
 * Inside the ML-DSA room: the internal algorithms of FIPS 204, Section 6, by parameter set.
 *
 * They are deterministic: seeds and rnd are arguments. The public functions put randomness and
 * contexts around them; known-answer tests and the ACVP verb call them as they are.
 */
#ifndef HEAD2_MLDSA_MLDSA_H
#define HEAD2_MLDSA_MLDSA_H

#include "mldsa/params.h"

/* M' in two parts, so that a long message need not be copied behind its prefix. */
struct mldsa_message {
    const uint8_t *prefix;
    size_t prefix_len;
    const uint8_t *msg;
    size_t msg_len;
};

/* Algorithm 6 */
void mldsa_keygen_internal(enum mldsa_set set, uint8_t *pk, uint8_t *sk,
                           const struct head2_secret32 *xi);
/* pk from sk: HEAD2_OK, or HEAD2_E_MALFORMED when sk is out of range or its parts disagree */
HEAD2_CHECK enum head2_status mldsa_public_from_private(enum mldsa_set set, uint8_t *pk,
                                                        const uint8_t *sk);

/* Algorithm 7, line 6: mu = H(tr || M') */
void mldsa_mu(uint8_t mu[HEAD2_MLDSA_MU_BYTES], const uint8_t tr[TR_BYTES],
              const struct mldsa_message *m);
/* tr = H(pk) */
void mldsa_tr(enum mldsa_set set, uint8_t tr[TR_BYTES], const uint8_t *pk);

/* Algorithm 7; HEAD2_OK, or HEAD2_E_MALFORMED for an sk that cannot be one (sig is then wiped) */
HEAD2_CHECK enum head2_status mldsa_sign_internal(enum mldsa_set set, uint8_t *sig,
                                                  const struct mldsa_message *m,
                                                  const uint8_t rnd[RND_BYTES], const uint8_t *sk);
/* Algorithm 7 from line 7 on */
HEAD2_CHECK enum head2_status mldsa_sign_mu_internal(enum mldsa_set set, uint8_t *sig,
                                                     const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                                     const uint8_t rnd[RND_BYTES],
                                                     const uint8_t *sk);

/* Algorithm 8; HEAD2_OK or HEAD2_E_VERIFY */
HEAD2_CHECK enum head2_status mldsa_verify_internal(enum mldsa_set set, const uint8_t *pk,
                                                    const struct mldsa_message *m,
                                                    const uint8_t *sig, size_t sig_len);
/* Algorithm 8 without line 7 */
HEAD2_CHECK enum head2_status mldsa_verify_mu_internal(enum mldsa_set set, const uint8_t *pk,
                                                       const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                                       const uint8_t *sig, size_t sig_len);

/* prehash.c: the DER form of a digest's object identifier, 11 bytes; NULL for no such digest */
#define PREHASH_OID_BYTES 11
const uint8_t *mldsa_prehash_oid(enum head2_prehash hash);

#endif
