/*
 * Pseudorandom sampling: FIPS 204, Section 7.3.
 */
#ifndef HEAD2_MLDSA_SAMPLE_H
#define HEAD2_MLDSA_SAMPLE_H

#include "mldsa/poly.h"

/* Algorithm 29: tau coefficients +-1, from c_tilde, which is public. */
void mldsa_sample_in_ball(struct poly *c, const uint8_t *c_tilde, size_t c_bytes, unsigned tau);
/* Algorithm 30 for row r and column s of A (Algorithm 32), in the transformed domain. */
void mldsa_sample_uniform(struct poly *a, const uint8_t rho[RHO_BYTES], unsigned row,
                          unsigned column);
/* Algorithm 31 for the index-th polynomial of s1 || s2 (Algorithm 33). eta is 2 or 4. */
void mldsa_sample_bounded(struct poly *a, const uint8_t rho_prime[64], unsigned index, int32_t eta);
/* One polynomial of Algorithm 34; counter is kappa + r. */
void mldsa_sample_mask(struct poly *y, const uint8_t rho_prime2[64], unsigned counter,
                       int32_t gamma1, unsigned z_bits);

#endif
