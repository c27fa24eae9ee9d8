/*
 * A decoded signature under verification: FIPS 204, Algorithm 8, cut where hashing comes between.
 */
#ifndef HEAD2_MLDSA_RESPONSE_H
#define HEAD2_MLDSA_RESPONSE_H

#include "mldsa/prepared.h"
#include "mldsa/sample.h"

struct response {
    struct poly z[MAX_L + 1]; /* transformed; -c is z[l], so that A z - c t1 is one product */
    uint64_t hint[MAX_K][FLAG_WORDS];
};

/* What c_tilde must be the hash of: mu, then the packed rows of w1. */
struct commitment {
    uint8_t mu[HEAD2_MLDSA_MU_BYTES];
    uint8_t w1[MAX_W1];
};

/* sigDecode (Algorithm 27) and the norm check of line 13, before any hashing: HEAD2_OK or
 * HEAD2_E_VERIFY. */
HEAD2_CHECK enum head2_status mldsa_response_decode(struct response *r,
                                                    const struct mldsa_kernels *k,
                                                    const struct mldsa_params *P,
                                                    const uint8_t *sig, size_t sig_len);
/* Line 8: c is transformed into its place. */
void mldsa_response_challenge(struct response *r, const struct mldsa_kernels *k,
                              const struct mldsa_params *P, const struct poly *c);
/* Lines 10 and 12 for row i of w' = A z - c t1 2^d as the product gives it: w1', packed into its
 * place. w is transformed back. */
void mldsa_response_row(const struct response *r, struct commitment *to,
                        const struct mldsa_kernels *k, const struct mldsa_params *P, unsigned i,
                        struct poly *w);
/* The same from a prepared key, for all rows; w has room for k polynomials. */
void mldsa_response_rows(const struct response *r, struct commitment *to,
                         const struct head2_mldsa_verifier *v, struct poly *w);
/* The same for row i, which m has complete, from the bytes of a key. */
void mldsa_response_row_from_bytes(const struct response *r, struct commitment *to,
                                   struct matrix_rows *m, const uint8_t *pk, unsigned i,
                                   struct poly *w);

#endif
