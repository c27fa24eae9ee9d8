/*
 * Keccak on AVX-512: eight states in 25 of the 32 vectors, with rotations and three-operand logic
 * in one instruction each.
 */
#include "hash/keccak_avx512.h"

#include <immintrin.h>

#define VEC               __m512i
#define VEC_XOR(a, b)     _mm512_xor_si512(a, b)
#define VEC_XOR3(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0x96)
#define VEC_CHI(a, b, c)  _mm512_ternarylogic_epi64(a, b, c, 0xd2)
#define VEC_ROL(a, n)     _mm512_rol_epi64(a, n)
#define VEC_SET1(x)       _mm512_set1_epi64((long long)(x))
#include "hash/keccak_vector.h"

static void f1600(uint64_t lane[25])
{
    keccak_rounds(lane);
}

static void permute8(struct keccak_x8 *st)
{
    __m512i a[25];
    __m512i e[25];

    /* unrolled, or gcc takes these two loops for copies and calls the slow kind of one */
#pragma GCC unroll 25
    for (unsigned i = 0; i < 25; i++)
        a[i] = _mm512_load_si512(st->s[i]);
    for (unsigned ir = 0; ir < 24; ir += 2) {
        vector_round(e, a, keccak_round_constants[ir]);
        vector_round(a, e, keccak_round_constants[ir + 1]);
    }
#pragma GCC unroll 25
    for (unsigned i = 0; i < 25; i++)
        _mm512_store_si512(st->s[i], a[i]);
}

/* One state is faster in the scalar registers; four or fewer in half the vectors' width, where
 * three instructions run at once and not two. */
static void permute(struct keccak_x8 *st, unsigned lanes)
{
    uint64_t a[25];

    if (lanes > 4) {
        permute8(st);
    } else if (lanes > 1) {
        keccak_permute4_avx512vl(st);
    } else {
        for (unsigned i = 0; i < 25; i++)
            a[i] = st->s[i][0];
        keccak_rounds(a);
        for (unsigned i = 0; i < 25; i++)
            st->s[i][0] = a[i];
    }
}

/* Eight rows of eight columns become eight columns of eight rows. */
static HEAD2_ALWAYS_INLINE void transpose8(__m512i v[8])
{
    __m512i a[8];
    __m512i b[8];

    for (unsigned i = 0; i < 8; i += 2) {
        a[i] = _mm512_unpacklo_epi64(v[i], v[i + 1]);
        a[i + 1] = _mm512_unpackhi_epi64(v[i], v[i + 1]);
    }
    for (unsigned i = 0; i < 8; i += 4) {
        for (unsigned k = 0; k < 2; k++) {
            b[i + k] = _mm512_shuffle_i64x2(a[i + k], a[i + k + 2], 0x88);
            b[i + k + 2] = _mm512_shuffle_i64x2(a[i + k], a[i + k + 2], 0xdd);
        }
    }
    for (unsigned k = 0; k < 4; k++) {
        v[k] = _mm512_shuffle_i64x2(b[k], b[k + 4], 0x88);
        v[k + 4] = _mm512_shuffle_i64x2(b[k], b[k + 4], 0xdd);
    }
}

/* The words of a block from i on, as a mask of at most eight. */
static HEAD2_ALWAYS_INLINE __mmask8 word_mask(unsigned words, unsigned i)
{
    return (__mmask8)(words - i >= 8 ? 0xff : (1u << (words - i)) - 1);
}

static void absorb(struct keccak_x8 *st, const uint8_t *const in[KECCAK_LANES], unsigned lanes,
                   unsigned words)
{
    for (unsigned i = 0; i < words; i += 8) {
        const __mmask8 mask = word_mask(words, i);
        __m512i v[8];

        for (unsigned l = 0; l < 8; l++)
            v[l] = l < lanes ? _mm512_maskz_loadu_epi64(mask, in[l] + (size_t)8 * i)
                             : _mm512_setzero_si512();
        transpose8(v);
        for (unsigned k = 0; k < 8 && i + k < words; k++)
            _mm512_store_si512(st->s[i + k],
                               _mm512_xor_si512(_mm512_load_si512(st->s[i + k]), v[k]));
    }
}

static void squeeze(const struct keccak_x8 *st, uint8_t *const out[KECCAK_LANES], unsigned lanes,
                    unsigned words)
{
    for (unsigned i = 0; i < words; i += 8) {
        const __mmask8 mask = word_mask(words, i);
        __m512i v[8];

        for (unsigned k = 0; k < 8; k++)
            v[k] = i + k < words ? _mm512_load_si512(st->s[i + k]) : _mm512_setzero_si512();
        transpose8(v);
        for (unsigned l = 0; l < lanes; l++)
            _mm512_mask_storeu_epi64(out[l] + (size_t)8 * i, mask, v[l]);
    }
}

const struct keccak_kernels keccak_kernels_avx512 = {f1600, permute, absorb, squeeze};
