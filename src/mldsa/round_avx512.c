/*
 * Rounding, hints and norms, sixteen coefficients at a time. The formulas are those of poly.h, with
 * comparison masks in place of sign bits; and the table of this level.
 */
#include "mldsa/kernels_avx512.h"

#define HALF_Q ((MLDSA_Q - 1) / 2)

static HEAD2_ALWAYS_INLINE __m512i load(const struct poly *a, size_t i)
{
    return _mm512_loadu_si512(&a->c[16 * i]);
}

static HEAD2_ALWAYS_INLINE void store(struct poly *a, size_t i, __m512i v)
{
    _mm512_storeu_si512(&a->c[16 * i], v);
}

static HEAD2_ALWAYS_INLINE __m512i all(int32_t x)
{
    return _mm512_set1_epi32(x);
}

/* Sixteen of the 256 flags, which are two bytes of them. */
static HEAD2_ALWAYS_INLINE __mmask16 get_flags(const uint64_t flags[FLAG_WORDS], size_t i)
{
    __mmask16 m;
    memcpy(&m, (const uint8_t *)flags + 2 * i, sizeof m);
    return m;
}

static HEAD2_ALWAYS_INLINE void put_flags(uint64_t flags[FLAG_WORDS], size_t i, __mmask16 m)
{
    memcpy((uint8_t *)flags + 2 * i, &m, sizeof m);
}

/* From (-q, q) to [0, q): as a number without sign, a negative one is the greater of the two. */
static HEAD2_ALWAYS_INLINE __m512i add_q(__m512i a)
{
    return _mm512_min_epu32(a, _mm512_add_epi32(a, all(MLDSA_Q)));
}

static HEAD2_ALWAYS_INLINE __m512i times_q(__m512i a) /* 2^23 - 2^13 + 1 */
{
    return _mm512_add_epi32(_mm512_sub_epi32(_mm512_slli_epi32(a, 23), _mm512_slli_epi32(a, 13)),
                            a);
}

static HEAD2_ALWAYS_INLINE __m512i reduce32(__m512i a)
{
    return _mm512_sub_epi32(a, times_q(_mm512_srai_epi32(_mm512_add_epi32(a, all(1 << 22)), 23)));
}

/* mldsa_decompose, with products of 16 bits in place of those of 32. */
static HEAD2_ALWAYS_INLINE __m512i decompose(__m512i r, __m512i *r0, int32_t gamma2)
{
    __m512i r1, low;
    if (gamma2 == (MLDSA_Q - 1) / 32) {
        /* + 512 before the shift is + 1 after it; the low 16 bits of the product are not needed */
        r1 = _mm512_srli_epi32(_mm512_add_epi32(r, all(gamma2 - 1 + 512)), 9);
        r1 = _mm512_srli_epi32(_mm512_mulhi_epu16(r1, all(1025)), 4);
        r1 = _mm512_and_si512(r1, all(15));
        low = _mm512_slli_epi32(_mm512_madd_epi16(r1, all(1023)), 9);
    } else {
        r1 = _mm512_srli_epi32(_mm512_add_epi32(r, all(gamma2 - 1)), 11);
        r1 = _mm512_srli_epi32(_mm512_mulhi_epu16(r1, all(11276)), 4);
        r1 = _mm512_maskz_mov_epi32(_mm512_cmplt_epi32_mask(r1, all(44)), r1);
        low = _mm512_slli_epi32(_mm512_madd_epi16(r1, all(93)), 11);
    }
    low = _mm512_sub_epi32(r, low);
    *r0 = _mm512_mask_sub_epi32(low, _mm512_cmpgt_epi32_mask(low, all(HALF_Q)), low, all(MLDSA_Q));
    return r1;
}

static void power2_round(struct poly *t, struct poly *t0, const struct poly *s2)
{
    for (size_t i = 0; i < 16; i++) {
        const __m512i r = add_q(reduce32(_mm512_add_epi32(load(t, i), load(s2, i))));
        const __m512i r1 =
            _mm512_srai_epi32(_mm512_add_epi32(r, all((1 << (MLDSA_D - 1)) - 1)), MLDSA_D);
        store(t0, i, _mm512_sub_epi32(r, _mm512_slli_epi32(r1, MLDSA_D)));
        store(t, i, r1);
    }
}

static HEAD2_ALWAYS_INLINE void split_by(struct poly *w, uint8_t *packed,
                                         uint64_t nonzero[FLAG_WORDS], int32_t gamma2)
{
    const struct packer p = make_packer(gamma2 == (MLDSA_Q - 1) / 32 ? 4 : 6);
    for (size_t i = 0; i < 16; i++) {
        __m512i w0;
        const __m512i w1 = decompose(add_q(load(w, i)), &w0, gamma2);
        store(w, i, w0);
        pack_16(packed + 2 * i * p.bits, w1, &p);
        put_flags(nonzero, i, _mm512_test_epi32_mask(w1, w1));
    }
}

static void split(struct poly *w, uint8_t *packed, uint64_t nonzero[FLAG_WORDS], int32_t gamma2)
{
    if (gamma2 == (MLDSA_Q - 1) / 32)
        split_by(w, packed, nonzero, (MLDSA_Q - 1) / 32);
    else
        split_by(w, packed, nonzero, (MLDSA_Q - 1) / 88);
}

/* mldsa_use_hint: up where r0 > 0, else down, and around at both ends. */
static HEAD2_ALWAYS_INLINE void use_hint_by(uint8_t *packed, const struct poly *w,
                                            const uint64_t hint[FLAG_WORDS], int32_t gamma2)
{
    const int32_t m = gamma2 == (MLDSA_Q - 1) / 32 ? 16 : 44;
    const struct packer p = make_packer(m == 16 ? 4 : 6);
    for (size_t i = 0; i < 16; i++) {
        __m512i r0;
        __m512i r1 = decompose(add_q(load(w, i)), &r0, gamma2);
        const __mmask16 h = get_flags(hint, i);
        const __mmask16 up = _mm512_mask_cmpgt_epi32_mask(h, r0, _mm512_setzero_si512());
        r1 = _mm512_mask_add_epi32(r1, up, r1, all(1));
        r1 = _mm512_mask_sub_epi32(r1, h & (__mmask16)~up, r1, all(1));
        r1 = _mm512_mask_mov_epi32(r1, _mm512_cmpeq_epi32_mask(r1, all(m)), _mm512_setzero_si512());
        r1 = _mm512_mask_mov_epi32(r1, _mm512_movepi32_mask(r1), all(m - 1));
        pack_16(packed + 2 * i * p.bits, r1, &p);
    }
}

static void use_hint(uint8_t *packed, const struct poly *w, const uint64_t hint[FLAG_WORDS],
                     int32_t gamma2)
{
    if (gamma2 == (MLDSA_Q - 1) / 32)
        use_hint_by(packed, w, hint, (MLDSA_Q - 1) / 32);
    else
        use_hint_by(packed, w, hint, (MLDSA_Q - 1) / 88);
}

static uint32_t make_hint(uint64_t hint[FLAG_WORDS], const struct poly *w0, const struct poly *ct0,
                          const uint64_t nonzero[FLAG_WORDS], int32_t gamma2)
{
    uint32_t ones = 0;
    for (size_t i = 0; i < 16; i++) {
        const __m512i low = _mm512_add_epi32(load(w0, i), load(ct0, i));
        const __mmask16 outside = _mm512_cmpgt_epi32_mask(_mm512_abs_epi32(low), all(gamma2));
        const __mmask16 at_end = _mm512_cmpeq_epi32_mask(low, all(-gamma2));
        const __mmask16 h = outside | (at_end & get_flags(nonzero, i));
        put_flags(hint, i, h);
        ones += (uint32_t)__builtin_popcount(_cvtmask16_u32(h)); /* see bytes_avx512.c */
    }
    return ones;
}

static uint32_t reduce_and_norm(struct poly *a, int32_t bound)
{
    __m512i norm = _mm512_setzero_si512();
    for (size_t i = 0; i < 16; i++) {
        const __m512i v = reduce32(load(a, i));
        store(a, i, v);
        norm = _mm512_max_epi32(norm, _mm512_abs_epi32(v));
    }
    const uint32_t any = _mm512_cmpge_epi32_mask(norm, all(bound));
    return -((any | -any) >> 31);
}

const struct mldsa_kernels mldsa_kernels_avx512 = {
    .ntt = mldsa_ntt_avx512,
    .inverse_ntt = mldsa_inverse_ntt_avx512,
    .dot = mldsa_dot_avx512,
    .rows = mldsa_rows_avx512,
    .short_ntt = mldsa_short_ntt_avx512,
    .add_short_product = mldsa_add_short_product_avx512,
    .power2_round = power2_round,
    .split = split,
    .use_hint = use_hint,
    .make_hint = make_hint,
    .reduce_and_norm = reduce_and_norm,
    .reject_uniform = mldsa_reject_uniform_avx512,
    .reject_bounded = mldsa_reject_bounded_avx512,
    .pack = mldsa_pack_avx512,
    .unpack = mldsa_unpack_avx512,
    .pack_signed = mldsa_pack_signed_avx512,
    .unpack_signed = mldsa_unpack_signed_avx512,
    .draws_ahead = true,
};
