/*
 * Products c s1 and c s2 modulo 7681, thirty-two coefficients of 16 bits at a time.
 *
 * A polynomial is eight registers. Three layers of the transform work between registers; then bits
 * of the register's number are exchanged with bits of the lane's, and the layers that follow work
 * between registers again. The transformed order is what remains at the end: nobody else sees it,
 * so nothing is put back before the inverse undoes it step by step.
 */
#include "mldsa/kernels_avx512.h"
#include "mldsa/short_zetas_avx512.h"

#define LANES           32
#define SHORT_Q_INVERSE (-7679) /* 7681^-1 mod 2^16 */
/* 2^32 / 256 mod+- 7681, which undoes the factor 256 of the inverse and the 2^-16 of the two
 * products on the way; and the same times the factor of the last layer's differences */
#define SCALE         1912
#define SCALE_Q       (int16_t)(SCALE * SHORT_Q_INVERSE)
#define SCALED_ZETA   894
#define SCALED_ZETA_Q (int16_t)(SCALED_ZETA * SHORT_Q_INVERSE)

struct factor {
    __m512i f, f_q;
};

/* A constant as a value that the compiler does not know: it would take products with it apart into
 * shifts and sums, which are more. */
static HEAD2_ALWAYS_INLINE __m512i constant(int16_t x)
{
    int32_t hidden = x;
    __asm__("" : "+r"(hidden));
    return _mm512_set1_epi16((int16_t)hidden);
}

/* b * f * 2^-16 mod 7681, below |b f| / 2^16 + 3841: as in ntt_avx512.c, the low halves of the two
 * products are equal. */
static HEAD2_ALWAYS_INLINE __m512i product(__m512i b, struct factor f)
{
    const __m512i m = _mm512_mullo_epi16(b, f.f_q);
    return _mm512_sub_epi16(_mm512_mulhi_epi16(b, f.f), _mm512_mulhi_epi16(m, constant(SHORT_Q)));
}

/*
 * A representative near zero: x - 7681 round(x / 8192). Up to 20760 it is within 5117, and any
 * 16-bit number comes within 5628.
 */
static HEAD2_ALWAYS_INLINE __m512i reduce(__m512i x)
{
    const __m512i n = _mm512_mulhrs_epi16(x, _mm512_set1_epi16(4));
    return _mm512_sub_epi16(x, _mm512_mullo_epi16(n, constant(SHORT_Q)));
}

/* From [-11521, 11521] to [-3840, 3840]. */
static HEAD2_ALWAYS_INLINE __m512i centre(__m512i x)
{
    const __m512i half = _mm512_set1_epi16(SHORT_Q / 2);
    const __m512i q = _mm512_set1_epi16(SHORT_Q);
    const __mmask32 above = _mm512_cmpgt_epi16_mask(x, half);
    const __mmask32 below = _mm512_cmplt_epi16_mask(x, _mm512_set1_epi16(-(SHORT_Q / 2)));
    x = _mm512_mask_sub_epi16(x, above, x, q);
    return _mm512_mask_add_epi16(x, below, x, q);
}

static HEAD2_ALWAYS_INLINE struct factor broadcast(int16_t f, int16_t f_q)
{
    return (struct factor){_mm512_set1_epi16(f), constant(f_q)};
}

static HEAD2_ALWAYS_INLINE struct factor forward_factor(unsigned vector)
{
    return (struct factor){_mm512_loadu_si512(short_forward_lanes + (size_t)LANES * vector),
                           _mm512_loadu_si512(short_forward_lanes_q + (size_t)LANES * vector)};
}

static HEAD2_ALWAYS_INLINE struct factor backward_factor(unsigned vector)
{
    return (struct factor){_mm512_loadu_si512(short_backward_lanes + (size_t)LANES * vector),
                           _mm512_loadu_si512(short_backward_lanes_q + (size_t)LANES * vector)};
}

static HEAD2_ALWAYS_INLINE void forward_pair(__m512i *a, __m512i *b, struct factor f)
{
    const __m512i t = product(*b, f);
    *b = _mm512_sub_epi16(*a, t);
    *a = _mm512_add_epi16(*a, t);
}

static HEAD2_ALWAYS_INLINE void backward_pair(__m512i *a, __m512i *b, struct factor f)
{
    const __m512i t = _mm512_sub_epi16(*a, *b);
    *a = _mm512_add_epi16(*a, *b);
    *b = product(t, f);
}

/* Exchange one bit of the register's number (a and b differ in it) with a bit of the lane's. */

static HEAD2_ALWAYS_INLINE void exchange_16(__m512i *a, __m512i *b)
{
    const __m512i x = *a;
    *a = _mm512_shuffle_i64x2(x, *b, 0x44);
    *b = _mm512_shuffle_i64x2(x, *b, 0xee);
}

static HEAD2_ALWAYS_INLINE void exchange_8(__m512i *a, __m512i *b)
{
    const __m512i x = *a;
    *a = _mm512_mask_shuffle_i64x2(x, 0xcc, *b, *b, 0xa0);
    *b = _mm512_mask_shuffle_i64x2(*b, 0x33, x, x, 0xf5);
}

static HEAD2_ALWAYS_INLINE void exchange_4(__m512i *a, __m512i *b)
{
    const __m512i x = *a;
    *a = _mm512_unpacklo_epi64(x, *b);
    *b = _mm512_unpackhi_epi64(x, *b);
}

static HEAD2_ALWAYS_INLINE void exchange_2(__m512i *a, __m512i *b)
{
    const __m512i x = *a;
    *a = _mm512_mask_shuffle_epi32(x, 0xaaaa, *b, 0xa0);
    *b = _mm512_mask_shuffle_epi32(*b, 0x5555, x, 0xf5);
}

static HEAD2_ALWAYS_INLINE void exchange_1(__m512i *a, __m512i *b)
{
    const __m512i x = *a;
    *a = _mm512_mask_blend_epi16(0xaaaaaaaa, x, _mm512_slli_epi32(*b, 16));
    *b = _mm512_mask_blend_epi16(0x55555555, *b, _mm512_srli_epi32(x, 16));
}

/* Bits 4, 3 and 2 of the lane against bits 2, 1 and 0 of the register. */
static HEAD2_ALWAYS_INLINE void exchange_three(__m512i v[8])
{
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        exchange_16(&v[i], &v[i + 4]);
    }
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        const unsigned at = i / 2 * 4 + i % 2;
        exchange_8(&v[at], &v[at + 2]);
    }
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++)
        exchange_4(&v[2 * i], &v[2 * i + 1]);
}

/* Bits 1 and 0 of the lane against bits 2 and 1 of the register. */
static HEAD2_ALWAYS_INLINE void exchange_two(__m512i v[8])
{
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++)
        exchange_2(&v[i], &v[i + 4]);
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        const unsigned at = i / 2 * 4 + i % 2;
        exchange_1(&v[at], &v[at + 2]);
    }
}

/* Inputs of at most 4 grow by 3841 and a seventeenth a layer: below 32110 after seven. */
static HEAD2_ALWAYS_INLINE void forward(__m512i v[8])
{
#pragma GCC unroll 3
    for (unsigned distance = 4, m = 1; distance >= 1; distance /= 2, m *= 2) {
#pragma GCC unroll 4
        for (unsigned i = 0; i < 4; i++) {
            const unsigned at = i / distance * 2 * distance + i % distance;
            const unsigned f = m + i / distance;
            forward_pair(&v[at], &v[at + distance],
                         broadcast(short_forward[f], short_forward_q[f]));
        }
    }
    exchange_three(v);
#pragma GCC unroll 3
    for (unsigned distance = 4, m = 1; distance >= 1; distance /= 2, m *= 2) {
#pragma GCC unroll 4
        for (unsigned i = 0; i < 4; i++) {
            const unsigned at = i / distance * 2 * distance + i % distance;
            forward_pair(&v[at], &v[at + distance], forward_factor(m - 1 + i / distance));
        }
    }
    exchange_two(v);
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++)
        forward_pair(&v[i], &v[i + 4], forward_factor(7 + i % 2));
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++)
        v[i] = reduce(v[i]);
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        const unsigned at = i / 2 * 4 + i % 2;
        forward_pair(&v[at], &v[at + 2], forward_factor(9 + i));
    }
}

/*
 * Sums double, products fall below 3841 and a seventeenth: from 4081 on (a product of two numbers
 * within 3840 and 4095), three layers of sums stay below 2^15; then every second layer's sums are
 * reduced: 5754, 11508, 23016 -> 5190, 10380, 20760 -> 5117, 10234. A result below 4441 that is
 * congruent to a number within 196 is that number.
 */
static HEAD2_ALWAYS_INLINE void backward(__m512i v[8])
{
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        const unsigned at = i / 2 * 4 + i % 2;
        backward_pair(&v[at], &v[at + 2], backward_factor(9 + i));
    }
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++)
        backward_pair(&v[i], &v[i + 4], backward_factor(7 + i % 2));
    exchange_two(v);
#pragma GCC unroll 3
    for (unsigned distance = 1, m = 4; distance <= 4; distance *= 2, m /= 2) {
#pragma GCC unroll 4
        for (unsigned i = 0; i < 4; i++) {
            const unsigned at = i / distance * 2 * distance + i % distance;
            backward_pair(&v[at], &v[at + distance], backward_factor(m - 1 + i / distance));
            if (distance != 2)
                v[at] = reduce(v[at]);
        }
    }
    exchange_three(v);
#pragma GCC unroll 2
    for (unsigned distance = 1, m = 4; distance <= 2; distance *= 2, m /= 2) {
#pragma GCC unroll 4
        for (unsigned i = 0; i < 4; i++) {
            const unsigned at = i / distance * 2 * distance + i % distance;
            const unsigned f = m + i / distance;
            backward_pair(&v[at], &v[at + distance],
                          broadcast(short_backward[f], short_backward_q[f]));
            if (distance == 2)
                v[at] = reduce(v[at]);
        }
    }
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        const __m512i sum = _mm512_add_epi16(v[i], v[i + 4]);
        const __m512i difference = _mm512_sub_epi16(v[i], v[i + 4]);
        v[i] = product(sum, broadcast(SCALE, SCALE_Q));
        v[i + 4] = product(difference, broadcast(SCALED_ZETA, SCALED_ZETA_Q));
    }
}

void mldsa_short_ntt_avx512(struct short_poly *to, const struct poly *a)
{
    __m512i v[8];
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) {
        const __m256i low = _mm512_cvtepi32_epi16(_mm512_loadu_si512(&a->c[32 * i]));
        const __m256i high = _mm512_cvtepi32_epi16(_mm512_loadu_si512(&a->c[32 * i + 16]));
        v[i] = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
    }
    forward(v);
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++)
        _mm512_storeu_si512(&to->c[LANES * i], centre(reduce(v[i])));
}

uint32_t mldsa_add_short_product_avx512(struct poly *w, const struct short_poly *c,
                                        const struct short_poly *s, int32_t bound)
{
    __m512i norm = _mm512_setzero_si512();
    __m512i v[8];

#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) {
        const __m512i x = _mm512_loadu_si512(&c->c[LANES * i]);
        const __m512i x_q = _mm512_mullo_epi16(x, constant(SHORT_Q_INVERSE));
        v[i] = product(_mm512_loadu_si512(&s->c[LANES * i]), (struct factor){x, x_q});
    }
    backward(v);
#pragma GCC unroll 16
    for (unsigned i = 0; i < 16; i++) {
        const __m256i part =
            i % 2 == 0 ? _mm512_castsi512_si256(v[i / 2]) : _mm512_extracti64x4_epi64(v[i / 2], 1);
        const __m512i sum =
            _mm512_add_epi32(_mm512_loadu_si512(&w->c[16 * i]), _mm512_cvtepi16_epi32(part));
        _mm512_storeu_si512(&w->c[16 * i], sum);
        norm = _mm512_max_epi32(norm, _mm512_abs_epi32(sum));
    }
    const uint32_t any = _mm512_cmpge_epi32_mask(norm, _mm512_set1_epi32(bound));
    return -((any | -any) >> 31);
}
