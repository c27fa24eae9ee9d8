/*
 * Rounding, hints and norms, eight coefficients at a time. The formulas are those of poly.h, with
 * comparison masks in place of sign bits; and the table of this level.
 */
#include "mldsa/kernels_avx2.h"
#include "mldsa/kernels_portable.h"

#define HALF_Q ((MLDSA_Q - 1) / 2)

static HEAD2_ALWAYS_INLINE __m256i load(const struct poly *a, size_t i)
{
    return _mm256_loadu_si256((const void *)&a->c[8 * i]);
}

static HEAD2_ALWAYS_INLINE void store(struct poly *a, size_t i, __m256i v)
{
    _mm256_storeu_si256((void *)&a->c[8 * i], v);
}

static HEAD2_ALWAYS_INLINE __m256i all(int32_t x)
{
    return _mm256_set1_epi32(x);
}

static HEAD2_ALWAYS_INLINE uint32_t sign_mask(__m256i v)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(v));
}

/* Eight of the 256 flags, as lanes of all ones or zero. */
static HEAD2_ALWAYS_INLINE __m256i get_flags(const uint64_t flags[FLAG_WORDS], size_t i)
{
    const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256i here = all((int32_t)(flags[i / 8] >> (8 * (i % 8)) & 0xff));
    return _mm256_cmpeq_epi32(_mm256_and_si256(here, bit), bit);
}

static HEAD2_ALWAYS_INLINE void put_flags(uint64_t flags[FLAG_WORDS], size_t i, uint32_t m)
{
    flags[i / 8] = (i % 8 == 0 ? 0 : flags[i / 8]) | (uint64_t)m << (8 * (i % 8));
}

static HEAD2_ALWAYS_INLINE __m256i add_q(__m256i a)
{
    return _mm256_add_epi32(a, _mm256_and_si256(_mm256_srai_epi32(a, 31), all(MLDSA_Q)));
}

static HEAD2_ALWAYS_INLINE __m256i reduce32(__m256i a)
{
    const __m256i n = _mm256_srai_epi32(_mm256_add_epi32(a, all(1 << 22)), 23);
    const __m256i n_q =
        _mm256_add_epi32(_mm256_sub_epi32(_mm256_slli_epi32(n, 23), _mm256_slli_epi32(n, 13)), n);
    return _mm256_sub_epi32(a, n_q);
}

/* mldsa_decompose */
static HEAD2_ALWAYS_INLINE __m256i decompose(__m256i r, __m256i *r0, int32_t gamma2)
{
    __m256i r1 = _mm256_add_epi32(r, all(gamma2 - 1));
    __m256i low;
    if (gamma2 == (MLDSA_Q - 1) / 32) {
        r1 = _mm256_add_epi32(_mm256_srli_epi32(r1, 9), all(1));
        r1 = _mm256_srli_epi32(_mm256_add_epi32(r1, _mm256_slli_epi32(r1, 10)), 20);
        r1 = _mm256_and_si256(r1, all(15));
        low = _mm256_sub_epi32(_mm256_slli_epi32(r1, 19), _mm256_slli_epi32(r1, 9));
    } else {
        r1 = _mm256_madd_epi16(_mm256_srli_epi32(r1, 11), all(11276));
        r1 = _mm256_srli_epi32(r1, 20);
        r1 = _mm256_and_si256(r1, _mm256_cmpgt_epi32(all(44), r1));
        low = _mm256_slli_epi32(_mm256_madd_epi16(r1, all(93)), 11);
    }
    low = _mm256_sub_epi32(r, low);
    const __m256i above = _mm256_cmpgt_epi32(low, all(HALF_Q));
    *r0 = _mm256_sub_epi32(low, _mm256_and_si256(above, all(MLDSA_Q)));
    return r1;
}

static void power2_round(struct poly *t, struct poly *t0, const struct poly *s2)
{
    for (size_t i = 0; i < 32; i++) {
        const __m256i r = add_q(reduce32(_mm256_add_epi32(load(t, i), load(s2, i))));
        const __m256i r1 =
            _mm256_srai_epi32(_mm256_add_epi32(r, all((1 << (MLDSA_D - 1)) - 1)), MLDSA_D);
        store(t0, i, _mm256_sub_epi32(r, _mm256_slli_epi32(r1, MLDSA_D)));
        store(t, i, r1);
    }
}

static HEAD2_ALWAYS_INLINE void split_by(struct poly *w, uint8_t *packed,
                                         uint64_t nonzero[FLAG_WORDS], int32_t gamma2)
{
    const unsigned bits = gamma2 == (MLDSA_Q - 1) / 32 ? 4 : 6;
    for (size_t i = 0; i < 32; i += 4) {
        __m256i w1[4];
#pragma GCC unroll 4
        for (size_t j = 0; j < 4; j++) {
            __m256i w0;
            w1[j] = decompose(add_q(load(w, i + j)), &w0, gamma2);
            store(w, i + j, w0);
            put_flags(nonzero, i + j, sign_mask(_mm256_cmpgt_epi32(w1[j], _mm256_setzero_si256())));
        }
        mldsa_pack_32_avx2(packed + i * bits, w1, bits);
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
    const unsigned bits = m == 16 ? 4 : 6;
    for (size_t i = 0; i < 32; i += 4) {
        __m256i w1[4];
#pragma GCC unroll 4
        for (size_t j = 0; j < 4; j++) {
            __m256i r0;
            __m256i r1 = decompose(add_q(load(w, i + j)), &r0, gamma2);
            const __m256i h = get_flags(hint, i + j);
            const __m256i up = _mm256_cmpgt_epi32(r0, _mm256_setzero_si256());
            /* a mask is -1: minus it goes up, plus it down */
            r1 = _mm256_sub_epi32(r1, _mm256_and_si256(h, up));
            r1 = _mm256_add_epi32(r1, _mm256_andnot_si256(up, h));
            r1 = _mm256_andnot_si256(_mm256_cmpeq_epi32(r1, all(m)), r1);
            w1[j] = _mm256_add_epi32(r1, _mm256_and_si256(_mm256_srai_epi32(r1, 31), all(m)));
        }
        mldsa_pack_32_avx2(packed + i * bits, w1, bits);
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
    for (size_t i = 0; i < 32; i++) {
        const __m256i low = _mm256_add_epi32(load(w0, i), load(ct0, i));
        const __m256i outside = _mm256_cmpgt_epi32(_mm256_abs_epi32(low), all(gamma2));
        const __m256i at_end =
            _mm256_and_si256(_mm256_cmpeq_epi32(low, all(-gamma2)), get_flags(nonzero, i));
        const uint32_t h = sign_mask(_mm256_or_si256(outside, at_end));
        put_flags(hint, i, h);
        ones += (uint32_t)__builtin_popcount(h);
    }
    return ones;
}

static uint32_t reduce_and_norm(struct poly *a, int32_t bound)
{
    __m256i reached = _mm256_setzero_si256();
    for (size_t i = 0; i < 32; i++) {
        const __m256i v = reduce32(load(a, i));
        store(a, i, v);
        reached = _mm256_or_si256(reached, _mm256_cmpgt_epi32(_mm256_abs_epi32(v), all(bound - 1)));
    }
    const uint32_t any = sign_mask(reached);
    return -((any | -any) >> 31);
}

const struct mldsa_kernels mldsa_kernels_avx2 = {
    .ntt = mldsa_ntt_avx2,
    .inverse_ntt = mldsa_inverse_ntt_avx2,
    .dot = mldsa_dot_avx2,
    .rows = mldsa_rows_avx2,
    .short_ntt = mldsa_short_ntt_avx2,
    .add_short_product = mldsa_add_short_product_avx2,
    .power2_round = power2_round,
    .split = split,
    .use_hint = use_hint,
    .make_hint = make_hint,
    .reduce_and_norm = reduce_and_norm,
    .reject_uniform = mldsa_reject_uniform_avx2,
    .reject_bounded = mldsa_reject_bounded_avx2,
    .pack = mldsa_pack_portable, /* once a signature or key: little to gain */
    .unpack = mldsa_unpack_avx2,
    .pack_signed = mldsa_pack_signed_portable,
    .unpack_signed = mldsa_unpack_signed_avx2,
};
