/*
 * The AVX2 kernels of ML-DSA: kernels.h says what each does.
 */
#ifndef HEAD2_MLDSA_KERNELS_AVX2_H
#define HEAD2_MLDSA_KERNELS_AVX2_H

#include "mldsa/kernels.h"

#include <immintrin.h>

/* ntt_avx2.c, short_avx2.c */
void mldsa_ntt_avx2(struct poly *to, const struct poly *from);
void mldsa_inverse_ntt_avx2(struct poly *w);
void mldsa_dot_avx2(struct poly *w, const struct poly *row, const struct poly *v, unsigned n);
void mldsa_rows_avx2(struct poly *w, const struct poly *row, const struct poly *v, unsigned k,
                     unsigned n);
void mldsa_short_ntt_avx2(struct short_poly *to, const struct poly *a);
uint32_t mldsa_add_short_product_avx2(struct poly *w, const struct short_poly *c,
                                      const struct short_poly *s, int32_t bound);
/* bytes_avx2.c */
unsigned mldsa_reject_uniform_avx2(struct poly *a, unsigned have, const uint8_t *in, size_t len);
unsigned mldsa_reject_bounded_avx2(struct poly *a, unsigned have, const uint8_t *in, size_t len,
                                   int32_t eta);
void mldsa_unpack_avx2(struct poly *a, const uint8_t *in, unsigned bits);
void mldsa_unpack_signed_avx2(struct poly *a, const uint8_t *in, int32_t top, unsigned bits);
/* 32 numbers, eight to a vector, in 4 or 6 bits each: 4 bits bytes */
void mldsa_pack_32_avx2(uint8_t *out, const __m256i v[4], unsigned bits);

#endif
