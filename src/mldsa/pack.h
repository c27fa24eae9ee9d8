/*
 * Between polynomials and bytes: FIPS 204, Section 7.1 and 7.2. Packing of coefficients is among
 * the kernels (kernels.h); hints are here.
 *
 *     pack            Algorithm 16, coefficients within [0, 2^bits); bits is 4, 6 (w1) or 10 (t1)
 *     unpack          Algorithm 18, for 10 bits
 *     pack_signed     Algorithm 17: top - a for coefficients within [top - 2^bits + 1, top]; bits
 * is 3, 4 (s1, s2), 13 (t0), 18 or 20 (z) unpack_signed   Algorithm 19
 */
#ifndef HEAD2_MLDSA_PACK_H
#define HEAD2_MLDSA_PACK_H

#include "mldsa/kernels.h"

/* bytes of a polynomial with so many bits for each coefficient */
#define PACKED_BYTES(bits) ((size_t)(MLDSA_N / 8) * (bits))

/* Algorithm 20. hint has FLAG_WORDS words for each of k polynomials, and at most omega bits of them
 * are 1; out has omega + k bytes. */
void mldsa_pack_hint(uint8_t *out, const uint64_t *hint, unsigned k, unsigned omega);
/* Algorithm 21, which accepts exactly one encoding of each hint. HEAD2_OK or HEAD2_E_MALFORMED. */
HEAD2_CHECK enum head2_status mldsa_unpack_hint(uint64_t *hint, const uint8_t *in, unsigned k,
                                                unsigned omega);

#endif
