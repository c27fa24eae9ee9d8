/*
 * What the two files of ML-KEM's AVX2 kernels share: the vectors, and the kernels for bytes.
 */
#ifndef HEAD2_MLKEM_KERNELS_AVX2_H
#define HEAD2_MLKEM_KERNELS_AVX2_H

#include "mlkem/kernels.h"

#include <immintrin.h>

typedef __m256i vec;

enum { LANES = 16, VECS = MLKEM_N / LANES };

#define OP(name)        _mm256_##name
#define VEC_LOAD(p)     _mm256_load_si256((const vec *)(p))
#define VEC_STORE(p, v) _mm256_store_si256((vec *)(p), v)
#include "mlkem/vector.h"

/* Pairs of coefficients from a and b in turn. */
static HEAD2_ALWAYS_INLINE void spread_2(vec *a, vec *b)
{
    const vec lo = _mm256_unpacklo_epi32(*a, *b);
    const vec hi = _mm256_unpackhi_epi32(*a, *b);

    *a = _mm256_permute2x128_si256(lo, hi, 0x20);
    *b = _mm256_permute2x128_si256(lo, hi, 0x31);
}

/* bytes_avx2.c; see struct mlkem_kernels */
void mlkem_encode_avx2(uint8_t out[MLKEM_POLY_BYTES], const struct mlkem_poly *f);
void mlkem_decode_avx2(struct mlkem_poly *f, const uint8_t in[MLKEM_POLY_BYTES]);
bool mlkem_is_reduced_avx2(const uint8_t in[MLKEM_POLY_BYTES]);
void mlkem_compress_avx2(uint8_t *out, const struct mlkem_poly *f, unsigned d);
void mlkem_decompress_avx2(struct mlkem_poly *f, const uint8_t *in, unsigned d);
unsigned mlkem_reject_avx2(struct mlkem_poly *f, unsigned n, const uint8_t *in, size_t len);
void mlkem_cbd_avx2(struct mlkem_poly *f, const uint8_t *in, unsigned eta);

#endif
