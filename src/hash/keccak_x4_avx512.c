/*
 * Keccak on AVX-512VL: four states in the narrow vectors, with AVX-512's instructions.
 */
#include "hash/keccak_avx512.h"

#include <immintrin.h>

#define VEC               __m256i
#define VEC_XOR(a, b)     _mm256_xor_si256(a, b)
#define VEC_XOR3(a, b, c) _mm256_ternarylogic_epi64(a, b, c, 0x96)
#define VEC_CHI(a, b, c)  _mm256_ternarylogic_epi64(a, b, c, 0xd2)
#define VEC_ROL(a, n)     _mm256_rol_epi64(a, n)
#define VEC_SET1(x)       _mm256_set1_epi64x((long long)(x))
#include "hash/keccak_vector.h"

void keccak_permute4_avx512vl(struct keccak_x8 *st)
{
    __m256i a[25];
    __m256i e[25];

    for (unsigned i = 0; i < 25; i++)
        a[i] = _mm256_load_si256((const __m256i *)st->s[i]);
    for (unsigned ir = 0; ir < 24; ir += 2) {
        vector_round(e, a, keccak_round_constants[ir]);
        vector_round(a, e, keccak_round_constants[ir + 1]);
    }
    for (unsigned i = 0; i < 25; i++)
        _mm256_store_si256((__m256i *)st->s[i], a[i]);
}
