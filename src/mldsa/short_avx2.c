/*
 * Products c s1 and c s2 modulo 7681, sixteen coefficients of 16 bits at a time.
 *
 * The first layer pairs the two halves of a polynomial; either half is then eight registers, in
 * which the layers alternate with exchanges of register bits and lane bits as in short_avx512.c.
 * The bounds are those stated there.
 */
#include "mldsa/kernels_avx2.h"
#include "mldsa/short_zetas_avx2.h"

typedef __m256i vec;

#define OP(name) _mm256_##name
#include "mldsa/short_vector.h"

#define LANES   16
#define VECTORS 11 /* of factors for either half */

static HEAD2_ALWAYS_INLINE vec load(const int16_t *p)
{
    return _mm256_loadu_si256((const void *)p);
}

static HEAD2_ALWAYS_INLINE void store(int16_t *p, vec v)
{
    _mm256_storeu_si256((void *)p, v);
}

/* From [-11521, 11521] to [-3840, 3840]. */
static HEAD2_ALWAYS_INLINE vec centre(vec x)
{
    const vec half = _mm256_set1_epi16(SHORT_Q / 2);
    const vec q = _mm256_set1_epi16(SHORT_Q);
    const vec above = _mm256_cmpgt_epi16(x, half);
    const vec below = _mm256_cmpgt_epi16(_mm256_set1_epi16(-(SHORT_Q / 2)), x);
    x = _mm256_sub_epi16(x, _mm256_and_si256(above, q));
    return _mm256_add_epi16(x, _mm256_and_si256(below, q));
}

static HEAD2_ALWAYS_INLINE struct factor forward_factor(unsigned half, unsigned vector)
{
    const size_t at = (size_t)LANES * (VECTORS * half + vector);
    return (struct factor){load(short_forward_lanes + at), load(short_forward_lanes_q + at)};
}

static HEAD2_ALWAYS_INLINE struct factor backward_factor(unsigned half, unsigned vector)
{
    const size_t at = (size_t)LANES * (VECTORS * half + vector);
    return (struct factor){load(short_backward_lanes + at), load(short_backward_lanes_q + at)};
}

/* Exchange one bit of the register's number (a and b differ in it) with a bit of the lane's. */

static HEAD2_ALWAYS_INLINE void exchange_8(vec *a, vec *b)
{
    const vec x = *a;
    *a = _mm256_permute2x128_si256(x, *b, 0x20);
    *b = _mm256_permute2x128_si256(x, *b, 0x31);
}

static HEAD2_ALWAYS_INLINE void exchange_4(vec *a, vec *b)
{
    const vec x = *a;
    *a = _mm256_unpacklo_epi64(x, *b);
    *b = _mm256_unpackhi_epi64(x, *b);
}

static HEAD2_ALWAYS_INLINE void exchange_2(vec *a, vec *b)
{
    const vec x = *a;
    *a = _mm256_blend_epi32(x, _mm256_slli_epi64(*b, 32), 0xaa);
    *b = _mm256_blend_epi32(_mm256_srli_epi64(x, 32), *b, 0xaa);
}

static HEAD2_ALWAYS_INLINE void exchange_1(vec *a, vec *b)
{
    const vec x = *a;
    *a = _mm256_blend_epi16(x, _mm256_slli_epi32(*b, 16), 0xaa);
    *b = _mm256_blend_epi16(_mm256_srli_epi32(x, 16), *b, 0xaa);
}

/* Bits 3, 2 and 1 of the lane against bits 2, 1 and 0 of the register. */
static HEAD2_ALWAYS_INLINE void exchange_three(vec v[8])
{
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++)
        exchange_8(&v[i], &v[i + 4]);
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        const unsigned at = i / 2 * 4 + i % 2;
        exchange_4(&v[at], &v[at + 2]);
    }
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++)
        exchange_2(&v[2 * i], &v[2 * i + 1]);
}

/* All layers but the first, on one half. */
static HEAD2_ALWAYS_INLINE void forward_half(vec v[8], unsigned half)
{
#pragma GCC unroll 3
    for (unsigned distance = 4, m = 1; distance >= 1; distance /= 2, m *= 2) {
#pragma GCC unroll 4
        for (unsigned i = 0; i < 4; i++) {
            const unsigned at = i / distance * 2 * distance + i % distance;
            const unsigned f = m * (2 + half) + i / distance;
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
            forward_pair(&v[at], &v[at + distance], forward_factor(half, m - 1 + i / distance));
        }
    }
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        exchange_1(&v[i], &v[i + 4]);
        v[i] = reduce(v[i]);
        v[i + 4] = reduce(v[i + 4]);
        forward_pair(&v[i], &v[i + 4], forward_factor(half, 7 + i));
    }
}

/* All layers of the inverse but the last, on one half. */
static HEAD2_ALWAYS_INLINE void backward_half(vec v[8], unsigned half)
{
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        backward_pair(&v[i], &v[i + 4], backward_factor(half, 7 + i));
        exchange_1(&v[i], &v[i + 4]);
    }
#pragma GCC unroll 3
    for (unsigned distance = 1, m = 4; distance <= 4; distance *= 2, m /= 2) {
#pragma GCC unroll 4
        for (unsigned i = 0; i < 4; i++) {
            const unsigned at = i / distance * 2 * distance + i % distance;
            backward_pair(&v[at], &v[at + distance], backward_factor(half, m - 1 + i / distance));
            if (distance == 2)
                v[at] = reduce(v[at]);
        }
    }
    exchange_three(v);
#pragma GCC unroll 3
    for (unsigned distance = 1, m = 4; distance <= 4; distance *= 2, m /= 2) {
#pragma GCC unroll 4
        for (unsigned i = 0; i < 4; i++) {
            const unsigned at = i / distance * 2 * distance + i % distance;
            const unsigned f = m * (2 + half) + i / distance;
            backward_pair(&v[at], &v[at + distance],
                          broadcast(short_backward[f], short_backward_q[f]));
            if (distance != 2)
                v[at] = reduce(v[at]);
        }
    }
}

/* Sixteen coefficients, from 32 bits. */
static HEAD2_ALWAYS_INLINE vec narrow(const int32_t *p)
{
    const vec low = _mm256_loadu_si256((const void *)p);
    const vec high = _mm256_loadu_si256((const void *)(p + 8));
    return _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
}

void mldsa_short_ntt_avx2(struct short_poly *to, const struct poly *a)
{
    const struct factor first = broadcast(short_forward[1], short_forward_q[1]);
    vec low[8], high[8];
    for (size_t i = 0; i < 8; i++) {
        low[i] = narrow(&a->c[LANES * i]);
        high[i] = narrow(&a->c[LANES * (i + 8)]);
        forward_pair(&low[i], &high[i], first);
    }
    forward_half(low, 0);
    forward_half(high, 1);
    for (size_t i = 0; i < 8; i++) {
        store(&to->c[LANES * i], centre(reduce(low[i])));
        store(&to->c[LANES * (i + 8)], centre(reduce(high[i])));
    }
    head2_wipe(low, sizeof low);
    head2_wipe(high, sizeof high);
}

static HEAD2_ALWAYS_INLINE void multiply(vec v[8], const int16_t *c, const int16_t *s)
{
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++) {
        const vec x = load(c + LANES * i);
        const vec x_q = _mm256_mullo_epi16(x, constant(SHORT_Q_INVERSE));
        v[i] = product(load(s + LANES * i), (struct factor){x, x_q});
    }
}

/* Eight coefficients of w plus as many of 16 bits; returns those that are beyond the limit. */
static HEAD2_ALWAYS_INLINE vec add(int32_t *w, __m128i cs, vec limit)
{
    const vec sum =
        _mm256_add_epi32(_mm256_loadu_si256((const void *)w), _mm256_cvtepi16_epi32(cs));
    _mm256_storeu_si256((void *)w, sum);
    return _mm256_cmpgt_epi32(_mm256_abs_epi32(sum), limit);
}

uint32_t mldsa_add_short_product_avx2(struct poly *w, const struct short_poly *c,
                                      const struct short_poly *s, int32_t bound)
{
    const struct factor scale = broadcast(SCALE, SCALE_Q);
    const struct factor scaled_zeta = broadcast(SCALED_ZETA, SCALED_ZETA_Q);
    const vec limit = _mm256_set1_epi32(bound - 1);
    vec reached = _mm256_setzero_si256();
    vec low[8], high[8];

    multiply(low, c->c, s->c);
    backward_half(low, 0);
    multiply(high, c->c + MLDSA_N / 2, s->c + MLDSA_N / 2);
    backward_half(high, 1);
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++) {
        const vec sum = product(_mm256_add_epi16(low[i], high[i]), scale);
        const vec difference = product(_mm256_sub_epi16(low[i], high[i]), scaled_zeta);
        int32_t *const p = &w->c[LANES * i];
        int32_t *const r = &w->c[LANES * (i + 8)];
        reached = _mm256_or_si256(reached, add(p, _mm256_castsi256_si128(sum), limit));
        reached = _mm256_or_si256(reached, add(p + 8, _mm256_extracti128_si256(sum, 1), limit));
        reached = _mm256_or_si256(reached, add(r, _mm256_castsi256_si128(difference), limit));
        reached =
            _mm256_or_si256(reached, add(r + 8, _mm256_extracti128_si256(difference, 1), limit));
    }
    head2_wipe(low, sizeof low);
    const uint32_t any = (uint32_t)_mm256_movemask_epi8(reached);
    return -((any | -any) >> 31);
}
