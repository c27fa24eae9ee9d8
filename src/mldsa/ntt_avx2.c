/*
 * The number-theoretic transform of FIPS 204, Section 7.5, eight coefficients at a time.
 *
 * Eight registers are in work at once. The first pass takes coefficients that are 32 apart, for
 * three layers between registers; the second takes 64 in a row, for two layers between registers,
 * a transposition, and the last three. Then they are transposed back into the standard's order.
 * Products are those of ntt_avx512.c.
 */
#include "mldsa/kernels_avx2.h"
#include "mldsa/zetas_avx2.h"

#define Q_INVERSE 58728449 /* q^-1 mod 2^32 */
#define GROUP     64       /* coefficients of the second pass */
#define VECTORS   7        /* of factors for each group */

/* A constant factor of a Montgomery product, and the same times q^-1 mod 2^32. */
struct factor {
    __m256i even, odd, even_q, odd_q;
};

static HEAD2_ALWAYS_INLINE __m256i load(const int32_t *p)
{
    return _mm256_loadu_si256((const void *)p);
}

static HEAD2_ALWAYS_INLINE void store(int32_t *p, __m256i v)
{
    _mm256_storeu_si256((void *)p, v);
}

static HEAD2_ALWAYS_INLINE struct factor broadcast(int32_t f, int32_t f_q)
{
    const __m256i v = _mm256_set1_epi32(f);
    const __m256i v_q = _mm256_set1_epi32(f_q);
    return (struct factor){v, v, v_q, v_q};
}

static HEAD2_ALWAYS_INLINE struct factor load_factor(const int32_t *f, const int32_t *f_q)
{
    return (struct factor){load(f), load(f + 1), load(f_q), load(f_q + 1)};
}

/* The high halves of even and odd 64-bit values, in the lanes they belong to. */
static HEAD2_ALWAYS_INLINE __m256i high_halves(__m256i even, __m256i odd)
{
    return _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}

/* b * f * 2^-32 mod q, as mldsa_montgomery gives it. */
static HEAD2_ALWAYS_INLINE __m256i product(__m256i b, struct factor f)
{
    const __m256i q = _mm256_set1_epi32(MLDSA_Q);
    const __m256i b_odd = _mm256_srli_epi64(b, 32);
    const __m256i even_m = _mm256_mul_epi32(b, f.even_q);
    const __m256i odd_m = _mm256_mul_epi32(b_odd, f.odd_q);
    const __m256i even = _mm256_sub_epi64(_mm256_mul_epi32(b, f.even), _mm256_mul_epi32(even_m, q));
    const __m256i odd =
        _mm256_sub_epi64(_mm256_mul_epi32(b_odd, f.odd), _mm256_mul_epi32(odd_m, q));
    return high_halves(even, odd);
}

/* One butterfly of Algorithm 41, lines 11 to 13. */
static HEAD2_ALWAYS_INLINE void forward_pair(__m256i *a, __m256i *b, struct factor f)
{
    const __m256i t = product(*b, f);
    *b = _mm256_sub_epi32(*a, t);
    *a = _mm256_add_epi32(*a, t);
}

/* One butterfly of Algorithm 42, lines 11 to 14; f is the inverse of the forward factor. */
static HEAD2_ALWAYS_INLINE void backward_pair(__m256i *a, __m256i *b, struct factor f)
{
    const __m256i t = _mm256_sub_epi32(*a, *b);
    *a = _mm256_add_epi32(*a, *b);
    *b = product(t, f);
}

/* A layer between registers; the block that v[0] begins has the number `first`. */
static HEAD2_ALWAYS_INLINE void forward_layer(__m256i v[8], unsigned distance, size_t first)
{
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        const unsigned at = i / distance * 2 * distance + i % distance;
        const size_t f = first + i / distance;
        forward_pair(&v[at], &v[at + distance], broadcast(forward[f], forward_q[f]));
    }
}

static HEAD2_ALWAYS_INLINE void backward_layer(__m256i v[8], unsigned distance, size_t first)
{
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        const unsigned at = i / distance * 2 * distance + i % distance;
        const size_t f = first + i / distance;
        backward_pair(&v[at], &v[at + distance], broadcast(backward[f], backward_q[f]));
    }
}

/* The same with a factor for each lane; f and f_q begin at the vectors of the group. */
static HEAD2_ALWAYS_INLINE void forward_lane_layer(__m256i v[8], unsigned distance,
                                                   const int32_t *f, const int32_t *f_q)
{
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        const unsigned at = i / distance * 2 * distance + i % distance;
        const size_t offset = (size_t)8 * (4 / distance - 1 + i / distance);
        forward_pair(&v[at], &v[at + distance], load_factor(f + offset, f_q + offset));
    }
}

static HEAD2_ALWAYS_INLINE void backward_lane_layer(__m256i v[8], unsigned distance,
                                                    const int32_t *f, const int32_t *f_q)
{
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        const unsigned at = i / distance * 2 * distance + i % distance;
        const size_t offset = (size_t)8 * (4 / distance - 1 + i / distance);
        backward_pair(&v[at], &v[at + distance], load_factor(f + offset, f_q + offset));
    }
}

/* Exchange register r, lane i with register i, lane r. */
static HEAD2_ALWAYS_INLINE void transpose(__m256i v[8])
{
    __m256i t[8];
#pragma GCC unroll 4
    for (unsigned i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_epi32(v[i], v[i + 1]);
        t[i + 1] = _mm256_unpackhi_epi32(v[i], v[i + 1]);
    }
#pragma GCC unroll 2
    for (unsigned g = 0; g < 8; g += 4) {
        v[g] = _mm256_unpacklo_epi64(t[g], t[g + 2]);
        v[g + 1] = _mm256_unpackhi_epi64(t[g], t[g + 2]);
        v[g + 2] = _mm256_unpacklo_epi64(t[g + 1], t[g + 3]);
        v[g + 3] = _mm256_unpackhi_epi64(t[g + 1], t[g + 3]);
    }
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        t[i] = _mm256_permute2x128_si256(v[i], v[i + 4], 0x20);
        t[i + 4] = _mm256_permute2x128_si256(v[i], v[i + 4], 0x31);
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++)
        v[i] = t[i];
}

void mldsa_ntt_avx2(struct poly *to, const struct poly *from)
{
    __m256i v[8];
    for (size_t at = 0; at < 32; at += 8) {
#pragma GCC unroll 8
        for (size_t i = 0; i < 8; i++)
            v[i] = load(&from->c[at + 32 * i]);
        forward_layer(v, 4, 1);
        forward_layer(v, 2, 2);
        forward_layer(v, 1, 4);
#pragma GCC unroll 8
        for (size_t i = 0; i < 8; i++)
            store(&to->c[at + 32 * i], v[i]);
    }
    for (size_t g = 0; g < MLDSA_N / GROUP; g++) {
        const int32_t *const f = forward_lanes + 8 * VECTORS * g;
        const int32_t *const f_q = forward_lanes_q + 8 * VECTORS * g;
#pragma GCC unroll 8
        for (size_t i = 0; i < 8; i++)
            v[i] = load(&to->c[GROUP * g + 8 * i]);
        forward_layer(v, 2, 8 + 2 * g);
        forward_layer(v, 1, 16 + 4 * g);
        transpose(v);
        forward_lane_layer(v, 4, f, f_q);
        forward_lane_layer(v, 2, f, f_q);
        forward_lane_layer(v, 1, f, f_q);
        transpose(v);
#pragma GCC unroll 8
        for (size_t i = 0; i < 8; i++)
            store(&to->c[GROUP * g + 8 * i], v[i]);
    }
}

/* The last layer and the scaling by 2^64 / 256 in one, as in ntt_avx512.c. */
static HEAD2_ALWAYS_INLINE void last_backward_layer(__m256i v[8])
{
    const struct factor scale = broadcast(41978, -8395782);
    const struct factor scaled_zeta = broadcast(3975713, 151046689);
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        const __m256i sum = _mm256_add_epi32(v[i], v[i + 4]);
        const __m256i difference = _mm256_sub_epi32(v[i], v[i + 4]);
        v[i] = product(sum, scale);
        v[i + 4] = product(difference, scaled_zeta);
    }
}

void mldsa_inverse_ntt_avx2(struct poly *w)
{
    __m256i v[8];
    for (size_t g = 0; g < MLDSA_N / GROUP; g++) {
        const int32_t *const f = backward_lanes + 8 * VECTORS * g;
        const int32_t *const f_q = backward_lanes_q + 8 * VECTORS * g;
#pragma GCC unroll 8
        for (size_t i = 0; i < 8; i++)
            v[i] = load(&w->c[GROUP * g + 8 * i]);
        transpose(v);
        backward_lane_layer(v, 1, f, f_q);
        backward_lane_layer(v, 2, f, f_q);
        backward_lane_layer(v, 4, f, f_q);
        transpose(v);
        backward_layer(v, 1, 16 + 4 * g);
        backward_layer(v, 2, 8 + 2 * g);
#pragma GCC unroll 8
        for (size_t i = 0; i < 8; i++)
            store(&w->c[GROUP * g + 8 * i], v[i]);
    }
    for (size_t at = 0; at < 32; at += 8) {
#pragma GCC unroll 8
        for (size_t i = 0; i < 8; i++)
            v[i] = load(&w->c[at + 32 * i]);
        backward_layer(v, 1, 4);
        backward_layer(v, 2, 2);
        last_backward_layer(v);
#pragma GCC unroll 8
        for (size_t i = 0; i < 8; i++)
            store(&w->c[at + 32 * i], v[i]);
    }
}

struct sums {
    __m256i even, odd;
};

/* Sums of products for even and odd lanes, brought back below q. */
static HEAD2_ALWAYS_INLINE __m256i reduce_sums(struct sums s)
{
    const __m256i q = _mm256_set1_epi32(MLDSA_Q);
    const __m256i q_inverse = _mm256_set1_epi32(Q_INVERSE);
    const __m256i even_m = _mm256_mul_epi32(s.even, q_inverse);
    const __m256i odd_m = _mm256_mul_epi32(s.odd, q_inverse);
    return high_halves(_mm256_sub_epi64(s.even, _mm256_mul_epi32(even_m, q)),
                       _mm256_sub_epi64(s.odd, _mm256_mul_epi32(odd_m, q)));
}

static HEAD2_ALWAYS_INLINE struct sums multiply(const int32_t *x, const int32_t *y)
{
    const __m256i a = load(x);
    const __m256i b = load(y);
    return (struct sums){
        _mm256_mul_epi32(a, b),
        _mm256_mul_epi32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32)),
    };
}

static HEAD2_ALWAYS_INLINE void accumulate(struct sums *s, const struct poly *row,
                                           const struct poly *v, unsigned n, size_t at)
{
    for (unsigned j = 0; j < n; j++) {
        const struct sums p = multiply(&row[j].c[at], &v[j].c[at]);
        s->even = _mm256_add_epi64(s->even, p.even);
        s->odd = _mm256_add_epi64(s->odd, p.odd);
    }
}

void mldsa_dot_avx2(struct poly *w, const struct poly *row, const struct poly *v, unsigned n)
{
    for (size_t at = 0; at < MLDSA_N; at += 8) {
        struct sums s = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        accumulate(&s, row, v, n, at);
        store(&w->c[at], reduce_sums(s));
    }
}

void mldsa_rows_avx2(struct poly *w, const struct poly *row, const struct poly *v, unsigned k,
                     unsigned n)
{
    for (unsigned i = 0; i < k; i++)
        mldsa_dot_avx2(&w[i], row + (size_t)i * n, v, n);
}
