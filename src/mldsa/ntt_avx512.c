/*
 * The number-theoretic transform of FIPS 204, Section 7.5, sixteen coefficients at a time.
 *
 * A polynomial is sixteen registers. Four layers work between registers, a transposition turns
 * coefficient 16 r + i (register r, lane i) into register i, lane r, and the other four layers work
 * between registers again; a second transposition restores the standard's order.
 *
 * A Montgomery product needs 32 x 32 -> 64 bit multiplications, which AVX-512 has for the even
 * lanes: the odd ones are shifted down. q^-1 is multiplied into the constant factors beforehand, so
 * that the correction does not wait for the product.
 */
#include "mldsa/kernels_avx512.h"
#include "mldsa/zetas_avx512.h"

#define Q_INVERSE  58728449 /* q^-1 mod 2^32 */
#define EVEN_LANES 0x5555

/* A constant factor of a Montgomery product, and the same times q^-1 mod 2^32. */
struct factor {
    __m512i even, odd, even_q, odd_q;
};

static HEAD2_ALWAYS_INLINE struct factor broadcast(int32_t f, int32_t f_q)
{
    const __m512i v = _mm512_set1_epi32(f);
    const __m512i v_q = _mm512_set1_epi32(f_q);
    return (struct factor){v, v, v_q, v_q};
}

static HEAD2_ALWAYS_INLINE struct factor load_factor(const int32_t *f, const int32_t *f_q)
{
    return (struct factor){_mm512_loadu_si512(f), _mm512_loadu_si512(f + 1),
                           _mm512_loadu_si512(f_q), _mm512_loadu_si512(f_q + 1)};
}

/* The high halves of even and odd 64-bit values, in the lanes they belong to. */
static HEAD2_ALWAYS_INLINE __m512i high_halves(__m512i even, __m512i odd)
{
    return _mm512_mask_shuffle_epi32(odd, EVEN_LANES, even, (_MM_PERM_ENUM)0xf5);
}

/* b * f * 2^-32 mod q, as mldsa_montgomery gives it: the low halves of both products are equal, so
 * that their difference has no borrow. */
static HEAD2_ALWAYS_INLINE __m512i product(__m512i b, struct factor f)
{
    const __m512i q = _mm512_set1_epi32(MLDSA_Q);
    const __m512i b_odd = _mm512_srli_epi64(b, 32);
    const __m512i even_m = _mm512_mul_epi32(b, f.even_q);
    const __m512i odd_m = _mm512_mul_epi32(b_odd, f.odd_q);
    const __m512i even = _mm512_sub_epi64(_mm512_mul_epi32(b, f.even), _mm512_mul_epi32(even_m, q));
    const __m512i odd =
        _mm512_sub_epi64(_mm512_mul_epi32(b_odd, f.odd), _mm512_mul_epi32(odd_m, q));
    return high_halves(even, odd);
}

/* One butterfly of Algorithm 41, lines 11 to 13. */
static HEAD2_ALWAYS_INLINE void forward_pair(__m512i *a, __m512i *b, struct factor f)
{
    const __m512i t = product(*b, f);
    *b = _mm512_sub_epi32(*a, t);
    *a = _mm512_add_epi32(*a, t);
}

/* One butterfly of Algorithm 42, lines 11 to 14; f is the inverse of the forward factor. */
static HEAD2_ALWAYS_INLINE void backward_pair(__m512i *a, __m512i *b, struct factor f)
{
    const __m512i t = _mm512_sub_epi32(*a, *b);
    *a = _mm512_add_epi32(*a, *b);
    *b = product(t, f);
}

/* A layer between registers that are `distance` apart, one factor to a block of registers. */
static HEAD2_ALWAYS_INLINE void forward_layer(__m512i v[16], unsigned distance)
{
    const unsigned blocks = 8 / distance;
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) {
        const unsigned block = i / distance;
        const unsigned at = block * 2 * distance + i % distance;
        forward_pair(&v[at], &v[at + distance],
                     broadcast(forward[blocks + block], forward_q[blocks + block]));
    }
}

/* The same after the transposition, with a factor for each lane. */
static HEAD2_ALWAYS_INLINE void forward_lane_layer(__m512i v[16], unsigned distance)
{
    const unsigned blocks = 8 / distance;
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) {
        const unsigned block = i / distance;
        const unsigned at = block * 2 * distance + i % distance;
        const size_t f = (size_t)16 * (blocks - 1 + block);
        forward_pair(&v[at], &v[at + distance],
                     load_factor(forward_lanes + f, forward_lanes_q + f));
    }
}

static HEAD2_ALWAYS_INLINE void backward_layer(__m512i v[16], unsigned distance)
{
    const unsigned blocks = 8 / distance;
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) {
        const unsigned block = i / distance;
        const unsigned at = block * 2 * distance + i % distance;
        backward_pair(&v[at], &v[at + distance],
                      broadcast(backward[blocks + block], backward_q[blocks + block]));
    }
}

static HEAD2_ALWAYS_INLINE void backward_lane_layer(__m512i v[16], unsigned distance)
{
    const unsigned blocks = 8 / distance;
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) {
        const unsigned block = i / distance;
        const unsigned at = block * 2 * distance + i % distance;
        const size_t f = (size_t)16 * (blocks - 1 + block);
        backward_pair(&v[at], &v[at + distance],
                      load_factor(backward_lanes + f, backward_lanes_q + f));
    }
}

/*
 * The last layer and the scaling by 2^64 / 256 in one: the factor of the differences has it
 * multiplied in. Sums are below 2^8 q < 2^31, so both products end below q.
 */
static HEAD2_ALWAYS_INLINE void last_backward_layer(__m512i v[16])
{
    const struct factor scale = broadcast(41978, -8395782);
    const struct factor scaled_zeta = broadcast(3975713, 151046689);
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) {
        const __m512i sum = _mm512_add_epi32(v[i], v[i + 8]);
        const __m512i difference = _mm512_sub_epi32(v[i], v[i + 8]);
        v[i] = product(sum, scale);
        v[i + 8] = product(difference, scaled_zeta);
    }
}

/* Exchange register r, lane i with register i, lane r: pairs of lanes, then 2, 4 and 8 of them. */
static HEAD2_ALWAYS_INLINE void transpose(__m512i v[16])
{
    __m512i t[16];
#pragma GCC unroll 8
    for (unsigned i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
    }
    /* within each group of four registers: v[4 g + j] has lanes j, 4 + j, 8 + j, 12 + j */
#pragma GCC unroll 4
    for (unsigned g = 0; g < 16; g += 4) {
        v[g] = _mm512_unpacklo_epi64(t[g], t[g + 2]);
        v[g + 1] = _mm512_unpackhi_epi64(t[g], t[g + 2]);
        v[g + 2] = _mm512_unpacklo_epi64(t[g + 1], t[g + 3]);
        v[g + 3] = _mm512_unpackhi_epi64(t[g + 1], t[g + 3]);
    }
    /* then a 4 x 4 transposition of 128-bit blocks across the groups */
#pragma GCC unroll 4
    for (unsigned j = 0; j < 4; j++) {
        t[j] = _mm512_shuffle_i32x4(v[j], v[4 + j], 0x88);
        t[4 + j] = _mm512_shuffle_i32x4(v[j], v[4 + j], 0xdd);
        t[8 + j] = _mm512_shuffle_i32x4(v[8 + j], v[12 + j], 0x88);
        t[12 + j] = _mm512_shuffle_i32x4(v[8 + j], v[12 + j], 0xdd);
    }
#pragma GCC unroll 4
    for (unsigned j = 0; j < 4; j++) {
        v[j] = _mm512_shuffle_i32x4(t[j], t[8 + j], 0x88);
        v[4 + j] = _mm512_shuffle_i32x4(t[4 + j], t[12 + j], 0x88);
        v[8 + j] = _mm512_shuffle_i32x4(t[j], t[8 + j], 0xdd);
        v[12 + j] = _mm512_shuffle_i32x4(t[4 + j], t[12 + j], 0xdd);
    }
}

static HEAD2_ALWAYS_INLINE void load(__m512i v[16], const struct poly *w)
{
#pragma GCC unroll 16
    for (unsigned i = 0; i < 16; i++)
        v[i] = _mm512_loadu_si512(&w->c[(size_t)16 * i]);
}

static HEAD2_ALWAYS_INLINE void store(struct poly *w, const __m512i v[16])
{
#pragma GCC unroll 16
    for (unsigned i = 0; i < 16; i++)
        _mm512_storeu_si512(&w->c[(size_t)16 * i], v[i]);
}

void mldsa_ntt_avx512(struct poly *to, const struct poly *w)
{
    __m512i v[16];
    load(v, w);
    forward_layer(v, 8);
    forward_layer(v, 4);
    forward_layer(v, 2);
    forward_layer(v, 1);
    transpose(v);
    forward_lane_layer(v, 8);
    forward_lane_layer(v, 4);
    forward_lane_layer(v, 2);
    forward_lane_layer(v, 1);
    transpose(v);
    store(to, v);
}

void mldsa_inverse_ntt_avx512(struct poly *w)
{
    __m512i v[16];
    load(v, w);
    transpose(v);
    backward_lane_layer(v, 1);
    backward_lane_layer(v, 2);
    backward_lane_layer(v, 4);
    backward_lane_layer(v, 8);
    transpose(v);
    backward_layer(v, 1);
    backward_layer(v, 2);
    backward_layer(v, 4);
    last_backward_layer(v);
    store(w, v);
}

/* Sums of products for even and odd lanes, brought back below q. */
static HEAD2_ALWAYS_INLINE __m512i reduce_sums(__m512i even, __m512i odd)
{
    const __m512i q = _mm512_set1_epi32(MLDSA_Q);
    const __m512i q_inverse = _mm512_set1_epi32(Q_INVERSE);
    const __m512i even_m = _mm512_mul_epi32(even, q_inverse);
    const __m512i odd_m = _mm512_mul_epi32(odd, q_inverse);
    return high_halves(_mm512_sub_epi64(even, _mm512_mul_epi32(even_m, q)),
                       _mm512_sub_epi64(odd, _mm512_mul_epi32(odd_m, q)));
}

struct sums {
    __m512i even, odd;
};

static HEAD2_ALWAYS_INLINE struct sums multiply(const int32_t *x, const int32_t *y)
{
    const __m512i a = _mm512_loadu_si512(x);
    const __m512i b = _mm512_loadu_si512(y);
    return (struct sums){
        _mm512_mul_epi32(a, b),
        _mm512_mul_epi32(_mm512_srli_epi64(a, 32), _mm512_shuffle_epi32(b, (_MM_PERM_ENUM)0xf5)),
    };
}

static HEAD2_ALWAYS_INLINE void accumulate(struct sums *s, const struct poly *row,
                                           const struct poly *v, unsigned n, size_t at)
{
    for (unsigned j = 0; j < n; j++) {
        const struct sums p = multiply(&row[j].c[at], &v[j].c[at]);
        s->even = _mm512_add_epi64(s->even, p.even);
        s->odd = _mm512_add_epi64(s->odd, p.odd);
    }
}

void mldsa_dot_avx512(struct poly *w, const struct poly *row, const struct poly *v, unsigned n)
{
    for (size_t at = 0; at < MLDSA_N; at += 16) {
        struct sums s = {_mm512_setzero_si512(), _mm512_setzero_si512()};
        accumulate(&s, row, v, n, at);
        _mm512_storeu_si512(&w->c[at], reduce_sums(s.even, s.odd));
    }
}

/*
 * Sixteen coefficients of all rows; v is split once for all of them. A product of a below q and
 * v + 9q below 18q fits in the 52 bits that vpmadd52luq adds up, and eight of them stay within
 * q 2^31.
 */
static HEAD2_ALWAYS_INLINE void rows_16(struct poly *w, const struct poly *row,
                                        const struct poly *v, unsigned k, unsigned n, size_t at)
{
    const __m512i low = _mm512_set1_epi64(0xffffffff);
    __m512i even[8], odd[8];

#pragma GCC unroll 8
    for (unsigned j = 0; j < n; j++) {
        const __m512i x =
            _mm512_add_epi32(_mm512_loadu_si512(&v[j].c[at]), _mm512_set1_epi32(9 * MLDSA_Q));
        even[j] = _mm512_and_si512(x, low);
        odd[j] = _mm512_srli_epi64(x, 32);
    }
    for (unsigned i = 0; i < k; i++, row += n) {
        struct sums s = {_mm512_setzero_si512(), _mm512_setzero_si512()};
#pragma GCC unroll 8
        for (unsigned j = 0; j < n; j++) {
            const __m512i a = _mm512_loadu_si512(&row[j].c[at]);
            s.even = _mm512_madd52lo_epu64(s.even, _mm512_and_si512(a, low), even[j]);
            s.odd = _mm512_madd52lo_epu64(s.odd, _mm512_srli_epi64(a, 32), odd[j]);
        }
        _mm512_storeu_si512(&w[i].c[at], reduce_sums(s.even, s.odd));
    }
}

static HEAD2_ALWAYS_INLINE void rows(struct poly *w, const struct poly *row, const struct poly *v,
                                     unsigned k, unsigned n)
{
    for (size_t at = 0; at < MLDSA_N; at += 16)
        rows_16(w, row, v, k, n, at);
}

/* n is l, or l + 1 with c t1; a constant, so that v stays in registers. */
void mldsa_rows_avx512(struct poly *w, const struct poly *row, const struct poly *v, unsigned k,
                       unsigned n)
{
    switch (n) {
    case 4:
        rows(w, row, v, k, 4);
        break;
    case 5:
        rows(w, row, v, k, 5);
        break;
    case 6:
        rows(w, row, v, k, 6);
        break;
    case 7:
        rows(w, row, v, k, 7);
        break;
    default:
        HEAD2_REQUIRES(n == 8);
        rows(w, row, v, k, 8);
    }
}
