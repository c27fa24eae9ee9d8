/*
 * What the AVX-512 kernels of ML-DSA share: their declarations, and packing sixteen coefficients.
 */
#ifndef HEAD2_MLDSA_KERNELS_AVX512_H
#define HEAD2_MLDSA_KERNELS_AVX512_H

#include "mldsa/kernels.h"

#include <immintrin.h>

/* ntt_avx512.c, short_avx512.c */
void mldsa_ntt_avx512(struct poly *to, const struct poly *w);
void mldsa_inverse_ntt_avx512(struct poly *w);
void mldsa_dot_avx512(struct poly *w, const struct poly *row, const struct poly *v, unsigned n);
void mldsa_rows_avx512(struct poly *w, const struct poly *row, const struct poly *v, unsigned k,
                       unsigned n);
void mldsa_short_ntt_avx512(struct short_poly *to, const struct poly *a);
uint32_t mldsa_add_short_product_avx512(struct poly *w, const struct short_poly *c,
                                        const struct short_poly *s, int32_t bound);
/* bytes_avx512.c */
unsigned mldsa_reject_uniform_avx512(struct poly *a, unsigned have, const uint8_t *in, size_t len);
unsigned mldsa_reject_bounded_avx512(struct poly *a, unsigned have, const uint8_t *in, size_t len,
                                     int32_t eta);
void mldsa_pack_avx512(uint8_t *out, const struct poly *a, unsigned bits);
void mldsa_unpack_avx512(struct poly *a, const uint8_t *in, unsigned bits);
void mldsa_pack_signed_avx512(uint8_t *out, const struct poly *a, int32_t top, unsigned bits);
void mldsa_unpack_signed_avx512(struct poly *a, const uint8_t *in, int32_t top, unsigned bits);

/*
 * Sixteen coefficients of b bits are packed in three steps: two of them make one field of 2 b bits
 * in each 64-bit lane; vpmultishiftqb cuts each field into the bytes that it touches; and the bytes
 * are brought together. A byte that begins in one field and ends in the next comes from both.
 */
struct packer {
    __m512i cut;    /* where each byte begins in its field */
    __m512i first;  /* for each byte of the result: the cut byte with its low bits */
    __m512i second; /* and the one with its high bits, where `shared` says so */
    __mmask64 shared;
    __mmask64 size; /* 2 b bytes */
    unsigned bits;
};

/* For fields of 2 b bits, lane by lane: which cut bytes begin in their field, which begin in the
 * field before, and which bytes of the result the latter belong to. */
struct packing {
    uint64_t begin, continued, shared;
};

static HEAD2_ALWAYS_INLINE struct packing packing_of(unsigned bits)
{
    switch (bits) {
    case 3:
        return (struct packing){0x0002020100020201, 0x0101010001010100, 0x3f};
    case 4:
        return (struct packing){0x0101010101010101, 0, 0};
    case 6:
        return (struct packing){0x0203020302030203, 0x0100010001000100, 0x492};
    case T1_BITS:
        return (struct packing){0x0607060706070607, 0x0100010001000100, 0x21084};
    case T0_BITS:
        return (struct packing){0x0e0e0e0f0e0e0e0f, 0x0101010001010100, 0x490248};
    case 18:
        return (struct packing){0x1e1f1e1f1e1f1e1f, 0x0100010001000100, 0x80402010};
    default:
        HEAD2_REQUIRES(bits == 20);
        return (struct packing){0x1f1f1f1f1f1f1f1f, 0, 0};
    }
}

static HEAD2_ALWAYS_INLINE struct packer make_packer(unsigned bits)
{
    const struct packing p = packing_of(bits);
    const __m512i lane = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i numbers = _mm512_set_epi64(
        0x3f3e3d3c3b3a3938, 0x3736353433323130, 0x2f2e2d2c2b2a2928, 0x2726252423222120,
        0x1f1e1d1c1b1a1918, 0x1716151413121110, 0x0f0e0d0c0b0a0908, 0x0706050403020100);
    const __m512i every_8 = _mm512_set1_epi64(0x3830282018100800);
    const __m512i ones = _mm512_set1_epi64(0x0101010101010101);
    /* bits of a field's first byte that belong to the field before */
    const __m512i skew =
        _mm512_and_si512(_mm512_mul_epu32(lane, _mm512_set1_epi64(2 * bits)), _mm512_set1_epi64(7));
    return (struct packer){
        .cut = _mm512_sub_epi8(every_8, _mm512_mullo_epi64(skew, ones)),
        .first = _mm512_maskz_compress_epi8(p.begin, numbers),
        .second =
            _mm512_maskz_expand_epi8(p.shared, _mm512_maskz_compress_epi8(p.continued, numbers)),
        .shared = p.shared,
        .size = ((uint64_t)1 << (2 * bits)) - 1,
        .bits = bits,
    };
}

/*
 * Two coefficients side by side in the low bits of each lane. For narrow ones what is above, up to
 * bit 32, is zero, and no byte that belongs to the field reaches further; the top byte is zero too.
 */
static HEAD2_ALWAYS_INLINE __m512i pairs(__m512i v, unsigned bits)
{
    if (bits <= T0_BITS)
        return _mm512_or_si512(v, _mm512_srli_epi64(v, 32 - bits));
    return _mm512_or_si512(_mm512_maskz_mov_epi32(0x5555, v),
                           _mm512_slli_epi64(_mm512_srli_epi64(v, 32), bits));
}

/* Write the 2 b bytes of sixteen coefficients, each within [0, 2^b). */
static HEAD2_ALWAYS_INLINE void pack_16(uint8_t *out, __m512i v, const struct packer *p)
{
    if (p->bits == 4) { /* a field is a byte */
        const __m512i fields = _mm512_or_si512(v, _mm512_srli_epi64(v, 28));
        _mm_storel_epi64((void *)out, _mm512_cvtepi64_epi8(fields));
        return;
    }
    const __m512i fields = pairs(v, p->bits);
    const __m512i cut = _mm512_multishift_epi64_epi8(p->cut, fields);
    __m512i bytes = _mm512_permutexvar_epi8(p->first, cut);
    if (p->shared != 0)
        bytes = _mm512_or_si512(bytes, _mm512_maskz_permutexvar_epi8(p->shared, p->second, cut));
    _mm512_mask_storeu_epi8(out, p->size, bytes);
}

#endif
