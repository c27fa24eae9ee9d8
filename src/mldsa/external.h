/*
 * The external algorithms of FIPS 204, Section 5, by parameter set; mldsa.c gives each set its
 * public names. What they return is stated in head2/mldsa.h.
 */
#ifndef HEAD2_MLDSA_EXTERNAL_H
#define HEAD2_MLDSA_EXTERNAL_H

#include "mldsa/mldsa.h"

/* What is signed: a message or, where prehashed, its digest; and the context string. */
struct mldsa_input {
    const uint8_t *msg;
    size_t msg_len;
    const uint8_t *ctx;
    size_t ctx_len;
    bool prehashed;
    enum head2_prehash hash;
};

/* Algorithm 2, line 10; Algorithm 4, line 23: what comes before the message, made of ctx and hash.
 * HEAD2_OK or HEAD2_E_ARG. */
struct mldsa_prefix {
    uint8_t b[2 + HEAD2_MLDSA_CTX_MAX_BYTES + PREHASH_OID_BYTES];
};
HEAD2_CHECK enum head2_status mldsa_format(struct mldsa_message *m, struct mldsa_prefix *p,
                                           const struct mldsa_input *in);

enum mldsa_mode { MLDSA_HEDGED, MLDSA_DETERMINISTIC };

HEAD2_CHECK enum head2_status mldsa_keypair(enum mldsa_set set, uint8_t *pk, uint8_t *sk);
HEAD2_CHECK enum head2_status mldsa_sign(enum mldsa_set set, uint8_t *sig,
                                         const struct mldsa_input *in, enum mldsa_mode mode,
                                         const uint8_t *sk);
HEAD2_CHECK enum head2_status mldsa_sign_mu(enum mldsa_set set, uint8_t *sig,
                                            const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                            const uint8_t *sk);
HEAD2_CHECK enum head2_status mldsa_external_mu(enum mldsa_set set,
                                                uint8_t mu[HEAD2_MLDSA_MU_BYTES], const uint8_t *pk,
                                                const struct mldsa_input *in);
HEAD2_CHECK enum head2_status mldsa_verify(enum mldsa_set set, const uint8_t *pk,
                                           const struct mldsa_input *in, const uint8_t *sig,
                                           size_t sig_len);

#endif
