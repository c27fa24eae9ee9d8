/*
 * Between polynomials and bytes: FIPS 204, Section 7.1 and 7.2.
 */
#ifndef HEAD2_MLDSA_PACK_H
#define HEAD2_MLDSA_PACK_H

#include "mldsa/poly.h"

/* bytes of a polynomial with so many bits for each coefficient */
#define PACKED_BYTES(bits) ((size_t)(MLDSA_N / 8) * (bits))

/* Algorithm 16: coefficients within [0, 2^bits). bits is 4, 6 (w1) or 10 (t1). */
void mldsa_pack(uint8_t *out, const struct poly *a, unsigned bits);
/* Algorithm 18 */
void mldsa_unpack(struct poly *a, const uint8_t *in, unsigned bits);
/* Algorithm 17: packs top - a, for coefficients within [top - 2^bits + 1, top]. bits is 3, 4 (s1,
 * s2), 13 (t0), 18 or 20 (z). */
void mldsa_pack_signed(uint8_t *out, const struct poly *a, int32_t top, unsigned bits);
/* Algorithm 19 */
void mldsa_unpack_signed(struct poly *a, const uint8_t *in, int32_t top, unsigned bits);

/* Algorithm 20. ones[i * 256 + j] is 0 or 1, and at most omega are 1; out has omega + k bytes. */
void mldsa_pack_hint(uint8_t *out, const uint8_t *ones, unsigned k, unsigned omega);
/* Algorithm 21, which accepts exactly one encoding of each hint. HEAD2_OK or HEAD2_E_MALFORMED. */
HEAD2_CHECK enum head2_status mldsa_unpack_hint(uint8_t *ones, const uint8_t *in, unsigned k,
                                                unsigned omega);

#endif
