/*
 * A decoded signature under verification: FIPS 204, Algorithm 8, cut where hashing comes between.
 */
#ifndef HEAD2_MLDSA_RESPONSE_H
#define HEAD2_MLDSA_RESPONSE_H

#include "mldsa/prepared.h"

struct response {
    struct poly z[MAX_L]; /* transformed */
    struct poly c;        /* transformed */
    struct poly w;        /* the row at hand */
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
/* Lines 9, 10 and 12 for row i: w1' of w' = A z - c t1 2^d, packed into its place. */
void mldsa_response_row(struct response *r, struct commitment *to, const struct mldsa_kernels *k,
                        const struct mldsa_params *P, unsigned i, const struct poly *row,
                        const struct poly *t1);

#endif
