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

typedef __m512i vec;

#define OP(name) _mm512_##name
#include "mldsa/short_vector.h"

#define LANES 32

/* From [-11521, 11521] to [-3840, 3840]. */
static HEAD2_ALWAYS_INLINE vec centre(vec x)
{
    const vec half = _mm512_set1_epi16(SHORT_Q / 2);
    const vec q = _mm512_set1_epi16(SHORT_Q);
    const __mmask32 above = _mm512_cmpgt_epi16_mask(x, half);
    const __mmask32 below = _mm512_cmplt_epi16_mask(x, _mm512_set1_epi16(-(SHORT_Q / 2)));
    x = _mm512_mask_sub_epi16(x, above, x, q);
    return _mm512_mask_add_epi16(x, below, x, q);
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

/* Exchange one bit of the register's number (a and b differ in it) with a bit of the lane's. */

static HEAD2_ALWAYS_INLINE void exchange_16(vec *a, vec *b)
{
    const vec x = *a;
    *a = _mm512_shuffle_i64x2(x, *b, 0x44);
    *b = _mm512_shuffle_i64x2(x, *b, 0xee);
}

static HEAD2_ALWAYS_INLINE void exchange_8(vec *a, vec *b)
{
    const vec x = *a;
    *a = _mm512_mask_shuffle_i64x2(x, 0xcc, *b, *b, 0xa0);
    *b = _mm512_mask_shuffle_i64x2(*b, 0x33, x, x, 0xf5);
}

static HEAD2_ALWAYS_INLINE void exchange_4(vec *a, vec *b)
{
    const vec x = *a;
    *a = _mm512_unpacklo_epi64(x, *b);
    *b = _mm512_unpackhi_epi64(x, *b);
}

static HEAD2_ALWAYS_INLINE void exchange_2(vec *a, vec *b)
{
    const vec x = *a;
    *a = _mm512_mask_shuffle_epi32(x, 0xaaaa, *b, 0xa0);
    *b = _mm512_mask_shuffle_epi32(*b, 0x5555, x, 0xf5);
}

static HEAD2_ALWAYS_INLINE void exchange_1(vec *a, vec *b)
{
    const vec x = *a;
    *a = _mm512_mask_blend_epi16(0xaaaaaaaa, x, _mm512_slli_epi32(*b, 16));
    *b = _mm512_mask_blend_epi16(0x55555555, *b, _mm512_srli_epi32(x, 16));
}

/* Bits 4, 3 and 2 of the lane against bits 2, 1 and 0 of the register. */
static HEAD2_ALWAYS_INLINE void exchange_three(vec v[8])
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
static HEAD2_ALWAYS_INLINE void exchange_two(vec v[8])
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
static HEAD2_ALWAYS_INLINE void forward(vec v[8])
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
static HEAD2_ALWAYS_INLINE void backward(vec v[8])
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
        const vec sum = _mm512_add_epi16(v[i], v[i + 4]);
        const vec difference = _mm512_sub_epi16(v[i], v[i + 4]);
        v[i] = product(sum, broadcast(SCALE, SCALE_Q));
        v[i + 4] = product(difference, broadcast(SCALED_ZETA, SCALED_ZETA_Q));
    }
}

void mldsa_short_ntt_avx512(struct short_poly *to, const struct poly *a)
{
    vec v[8];
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
    vec norm = _mm512_setzero_si512();
    vec v[8];

#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) {
        const vec x = _mm512_loadu_si512(&c->c[LANES * i]);
        const vec x_q = _mm512_mullo_epi16(x, constant(SHORT_Q_INVERSE));
        v[i] = product(_mm512_loadu_si512(&s->c[LANES * i]), (struct factor){x, x_q});
    }
    backward(v);
#pragma GCC unroll 16
    for (unsigned i = 0; i < 16; i++) {
        const __m256i part =
            i % 2 == 0 ? _mm512_castsi512_si256(v[i / 2]) : _mm512_extracti64x4_epi64(v[i / 2], 1);
        const vec sum =
            _mm512_add_epi32(_mm512_loadu_si512(&w->c[16 * i]), _mm512_cvtepi16_epi32(part));
        _mm512_storeu_si512(&w->c[16 * i], sum);
        norm = _mm512_max_epi32(norm, _mm512_abs_epi32(sum));
    }
    const uint32_t any = _mm512_cmpge_epi32_mask(norm, _mm512_set1_epi32(bound));
    return -((any | -any) >> 31);
}
