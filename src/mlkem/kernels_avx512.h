/*
 * What the two files of ML-KEM's AVX-512 kernels share: the vectors, and the kernels for bytes.
 */
#ifndef HEAD2_MLKEM_KERNELS_AVX512_H
#define HEAD2_MLKEM_KERNELS_AVX512_H

#include "mlkem/kernels.h"

#include <immintrin.h>

typedef __m512i vec;

enum { LANES = 32, VECS = MLKEM_N / LANES };

#define OP(name)        _mm512_##name
#define VEC_LOAD(p)     _mm512_load_si512(p)
#define VEC_STORE(p, v) _mm512_store_si512(p, v)
#include "mlkem/vector.h"

/* bytes_avx512.c; see struct mlkem_kernels */
void mlkem_encode_avx512(uint8_t out[MLKEM_POLY_BYTES], const struct mlkem_poly *f);
void mlkem_decode_avx512(struct mlkem_poly *f, const uint8_t in[MLKEM_POLY_BYTES]);
bool mlkem_is_reduced_avx512(const uint8_t in[MLKEM_POLY_BYTES]);
void mlkem_compress_avx512(uint8_t *out, const struct mlkem_poly *f, unsigned d);
void mlkem_decompress_avx512(struct mlkem_poly *f, const uint8_t *in, unsigned d);
unsigned mlkem_reject_avx512(struct mlkem_poly *f, unsigned n, const uint8_t *in, size_t len);
void mlkem_cbd_avx512(struct mlkem_poly *f, const uint8_t *in, unsigned eta);

#endif
