/*
 * One attempt at a signature: the body of the loop of FIPS 204, Algorithm 7, cut where hashing
 * comes between, so that the attempts of a batch can hash side by side.
 */
#ifndef HEAD2_MLDSA_ATTEMPT_H
#define HEAD2_MLDSA_ATTEMPT_H

#include "mldsa/response.h"

/* FIPS 204, Appendix C: more attempts than this have a probability below 2^-256 with a real key. */
#define MAX_ATTEMPTS 814

/* Secret and wiped. */
struct attempt {
    struct poly y[MAX_L];
    struct poly w0[MAX_K];
    struct poly scratch[MAX_L];
    struct poly c;
    struct short_poly short_c;
    uint64_t w1_nonzero[MAX_K][FLAG_WORDS];
    uint64_t hint[MAX_K][FLAG_WORDS];
    struct commitment hashed; /* what c_tilde is the hash of */
    uint8_t c_tilde[MAX_C_TILDE];
};

/* y and mu are set: w0 and what is hashed. */
void mldsa_attempt_commit(struct attempt *a, const struct head2_mldsa_signer *s);
/* c is set as well: whether the attempt gives a signature. */
bool mldsa_attempt_passes(struct attempt *a, const struct head2_mldsa_signer *s);
void mldsa_attempt_encode(struct attempt *a, const struct head2_mldsa_signer *s, uint8_t *sig);

#endif
