/*
 * ML-KEM's kernels for AVX-512 (F, BW, VL, VBMI, VBMI2, VNNI): 32 coefficients a vector.
 *
 * A whole polynomial is eight vectors and goes through the transform in registers. Butterflies are
 * always between two vectors, one with the first halves of blocks and one with the second; once
 * blocks are shorter than a vector, shuffles between the layers keep it so, and keep the blocks in
 * their order.
 *
 * Reduction: reduce() leaves abs(c) <= 2187 for any c, and canonical() makes [0, q) of that.
 */
#include "mlkem/kernels.h"
#include "mlkem/zetas.h"

#include <immintrin.h>

typedef __m512i vec;

enum { LANES = 32, VECS = MLKEM_N / LANES };

static HEAD2_ALWAYS_INLINE vec set1(int16_t c)
{
    return _mm512_set1_epi16(c);
}

static HEAD2_ALWAYS_INLINE void load_poly(vec v[VECS], const struct mlkem_poly *f)
{
    for (unsigned i = 0; i < VECS; i++)
        v[i] = _mm512_load_si512(f->c + (size_t)LANES * i);
}

static HEAD2_ALWAYS_INLINE void store_poly(struct mlkem_poly *f, const vec v[VECS])
{
    for (unsigned i = 0; i < VECS; i++)
        _mm512_store_si512(f->c + (size_t)LANES * i, v[i]);
}

/* a b / R mod q in (-q, q), for any a and abs(b) < q; b_qinv is b / q mod 2^16. */
static HEAD2_ALWAYS_INLINE vec mont_mul(vec a, vec b, vec b_qinv)
{
    const vec t = _mm512_mullo_epi16(a, b_qinv);

    return _mm512_sub_epi16(_mm512_mulhi_epi16(a, b), _mm512_mulhi_epi16(t, set1(MLKEM_Q)));
}

/* a - q round(10 a / 2^15). 2^15 / 10 is 3276.8, which is q (1 - 0.0157): what is left is at most
 * q / 2 + 0.016 abs(a). */
static HEAD2_ALWAYS_INLINE vec reduce(vec a)
{
    const vec t = _mm512_mulhrs_epi16(a, set1(10));

    return _mm512_sub_epi16(a, _mm512_mullo_epi16(t, set1(MLKEM_Q)));
}

/* a mod q in [0, q), for any a: as an unsigned number, a negative one is larger than itself + q. */
static HEAD2_ALWAYS_INLINE vec canonical(vec a)
{
    const vec r = reduce(a);

    return _mm512_min_epu16(r, _mm512_add_epi16(r, set1(MLKEM_Q)));
}

/* ---- the transform ---- */

static HEAD2_ALWAYS_INLINE void butterfly(vec *lo, vec *hi, vec z, vec z_qinv)
{
    const vec t = mont_mul(*hi, z, z_qinv);

    *hi = _mm512_sub_epi16(*lo, t);
    *lo = _mm512_add_epi16(*lo, t);
}

static HEAD2_ALWAYS_INLINE void inverse_butterfly(vec *lo, vec *hi, vec z, vec z_qinv)
{
    const vec d = _mm512_sub_epi16(*hi, *lo);

    *lo = _mm512_add_epi16(*lo, *hi);
    *hi = mont_mul(d, z, z_qinv);
}

/* Both 16-bit halves of a lane at p. */
static HEAD2_ALWAYS_INLINE vec broadcast(const int16_t p[2])
{
    int32_t both;

    memcpy(&both, p, sizeof both);
    return _mm512_set1_epi32(both);
}

/* A layer whose halves are whole vectors, `apart` of them from each other. */
static HEAD2_ALWAYS_INLINE void wide_layer(vec v[VECS], unsigned apart,
                                           const struct mlkem_wide_zetas *zetas,
                                           void (*step)(vec *, vec *, vec, vec))
{
    const unsigned first = VECS / 2 / apart - 1;

    for (unsigned block = 0; block < VECS / 2 / apart; block++)
        for (unsigned i = 0; i < apart; i++)
            step(&v[2 * apart * block + i], &v[2 * apart * block + i + apart],
                 broadcast(zetas->z[first + block]), broadcast(zetas->z_qinv[first + block]));
}

static HEAD2_ALWAYS_INLINE void lane_layer(vec v[VECS], const struct mlkem_lane_zetas *zetas,
                                           void (*step)(vec *, vec *, vec, vec))
{
    for (unsigned i = 0; i < VECS / 2; i++)
        step(&v[2 * i], &v[2 * i + 1], _mm512_load_si512(zetas->z + (size_t)LANES * i),
             _mm512_load_si512(zetas->z_qinv + (size_t)LANES * i));
}

/*
 * The shuffles between two layers: from halves of 16 to halves of 8 coefficients and so on, or
 * back: each is a transposition of 2 x 2 pieces and undoes itself.
 */
static HEAD2_ALWAYS_INLINE void swap_16(vec *a, vec *b)
{
    const vec lo = _mm512_shuffle_i64x2(*a, *b, 0x44);

    *b = _mm512_shuffle_i64x2(*a, *b, 0xee);
    *a = lo;
}

static HEAD2_ALWAYS_INLINE void swap_8(vec *a, vec *b)
{
    const vec first = _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0);
    const vec second = _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2);
    const vec lo = _mm512_permutex2var_epi64(*a, first, *b);

    *b = _mm512_permutex2var_epi64(*a, second, *b);
    *a = lo;
}

static HEAD2_ALWAYS_INLINE void swap_4(vec *a, vec *b)
{
    const vec lo = _mm512_unpacklo_epi64(*a, *b);

    *b = _mm512_unpackhi_epi64(*a, *b);
    *a = lo;
}

static HEAD2_ALWAYS_INLINE void swap_2(vec *a, vec *b)
{
    const vec lo = _mm512_mask_shuffle_epi32(*a, 0xaaaa, *b, _MM_PERM_CCAA);

    *b = _mm512_mask_shuffle_epi32(*b, 0x5555, *a, _MM_PERM_DDBB);
    *a = lo;
}

static HEAD2_ALWAYS_INLINE void swap_all(vec v[VECS], void (*swap)(vec *, vec *))
{
    for (unsigned i = 0; i < VECS; i += 2)
        swap(&v[i], &v[i + 1]);
}

/* Between the standard's order and first halves of blocks of four in a, second halves in b. */
static HEAD2_ALWAYS_INLINE void gather_2(vec *a, vec *b)
{
    const vec even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    const vec odd = _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
    const vec lo = _mm512_permutex2var_epi32(*a, even, *b);

    *b = _mm512_permutex2var_epi32(*a, odd, *b);
    *a = lo;
}

static HEAD2_ALWAYS_INLINE void spread_2(vec *a, vec *b)
{
    const vec first = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const vec second =
        _mm512_set_epi32(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8);
    const vec lo = _mm512_permutex2var_epi32(*a, first, *b);

    *b = _mm512_permutex2var_epi32(*a, second, *b);
    *a = lo;
}

/* Algorithm 9. After seven layers abs(c) <= 8 q < 2^15. One polynomial leaves the multiplier idle
 * for half of the time, waiting for its own results: two go side by side. */
static HEAD2_ALWAYS_INLINE void ntt_side_by_side(struct mlkem_poly f[], unsigned n)
{
    vec v[2][VECS];

    for (unsigned p = 0; p < n; p++) {
        load_poly(v[p], &f[p]);
        wide_layer(v[p], 4, &mlkem_wide_zetas, butterfly);
    }
    for (unsigned p = 0; p < n; p++)
        wide_layer(v[p], 2, &mlkem_wide_zetas, butterfly);
    for (unsigned p = 0; p < n; p++) {
        wide_layer(v[p], 1, &mlkem_wide_zetas, butterfly);
        swap_all(v[p], swap_16);
    }
    for (unsigned p = 0; p < n; p++) {
        lane_layer(v[p], &mlkem_lane_zetas[MLKEM_LEN_16], butterfly);
        swap_all(v[p], swap_8);
    }
    for (unsigned p = 0; p < n; p++) {
        lane_layer(v[p], &mlkem_lane_zetas[MLKEM_LEN_8], butterfly);
        swap_all(v[p], swap_4);
    }
    for (unsigned p = 0; p < n; p++) {
        lane_layer(v[p], &mlkem_lane_zetas[MLKEM_LEN_4], butterfly);
        swap_all(v[p], swap_2);
    }
    for (unsigned p = 0; p < n; p++) {
        lane_layer(v[p], &mlkem_lane_zetas[MLKEM_LEN_2], butterfly);
        for (unsigned i = 0; i < VECS; i++)
            v[p][i] = reduce(v[p][i]);
        swap_all(v[p], spread_2);
        store_poly(&f[p], v[p]);
    }
}

static void ntt(struct mlkem_poly f[], unsigned n)
{
    for (; n >= 2; n -= 2, f += 2)
        ntt_side_by_side(f, 2);
    if (n != 0)
        ntt_side_by_side(f, 1);
}

/*
 * Algorithm 10. Sums double, from q - 1 to 26,624 in three layers; those are reduced. Products are
 * at most 2341, so that the sums of the next three layers are below 8 * 2341 = 18,728; half of them
 * are reduced before the last layer adds two of them. Its scaling is by 1441 = R^2 / 128, also
 * within its zeta: 1397 = -758 * 1441 / R.
 */
static HEAD2_ALWAYS_INLINE void inverse_side_by_side(struct mlkem_poly f[], unsigned n)
{
    vec v[2][VECS];

    for (unsigned p = 0; p < n; p++) {
        load_poly(v[p], &f[p]);
        swap_all(v[p], gather_2);
        lane_layer(v[p], &mlkem_lane_reversed[MLKEM_LEN_2], inverse_butterfly);
    }
    for (unsigned p = 0; p < n; p++) {
        swap_all(v[p], swap_2);
        lane_layer(v[p], &mlkem_lane_reversed[MLKEM_LEN_4], inverse_butterfly);
    }
    for (unsigned p = 0; p < n; p++) {
        swap_all(v[p], swap_4);
        lane_layer(v[p], &mlkem_lane_reversed[MLKEM_LEN_8], inverse_butterfly);
        for (unsigned i = 0; i < VECS; i += 2)
            v[p][i] = reduce(v[p][i]);
    }
    for (unsigned p = 0; p < n; p++) {
        swap_all(v[p], swap_8);
        lane_layer(v[p], &mlkem_lane_reversed[MLKEM_LEN_16], inverse_butterfly);
    }
    for (unsigned p = 0; p < n; p++) {
        swap_all(v[p], swap_16);
        wide_layer(v[p], 1, &mlkem_wide_reversed, inverse_butterfly);
    }
    for (unsigned p = 0; p < n; p++) {
        wide_layer(v[p], 2, &mlkem_wide_reversed, inverse_butterfly);
        v[p][0] = reduce(v[p][0]);
        v[p][1] = reduce(v[p][1]);
    }
    for (unsigned p = 0; p < n; p++) {
        for (unsigned i = 0; i < VECS / 2; i++) {
            inverse_butterfly(&v[p][i], &v[p][i + 4], set1(1397), set1(5237));
            v[p][i] = mont_mul(v[p][i], set1(1441), set1(-10079));
        }
        store_poly(&f[p], v[p]);
    }
}

static void inverse_ntt(struct mlkem_poly f[], unsigned n)
{
    for (; n >= 2; n -= 2, f += 2)
        inverse_side_by_side(f, 2);
    if (n != 0)
        inverse_side_by_side(f, 1);
}

/* ---- products ---- */

/* The layout of a factor, by vectors of 16 pairs: (g0, gamma g1) for the even coefficients of a
 * product (Algorithm 12), then (g1, g0) for the odd ones. */
static void factor_init(struct mlkem_factor *out, const struct mlkem_poly *f)
{
    for (unsigned i = 0; i < VECS; i++) {
        const vec g = _mm512_load_si512(f->c + (size_t)LANES * i);
        const vec gammas = _mm512_load_si512(mlkem_gammas.g + (size_t)LANES * i);
        const vec gammas_qinv = _mm512_load_si512(mlkem_gammas.g_qinv + (size_t)LANES * i);
        const vec even = _mm512_mask_mov_epi16(mont_mul(g, gammas, gammas_qinv), 0x55555555, g);
        _mm512_store_si512(out->c + (size_t)2 * LANES * i, even);
        _mm512_store_si512(out->c + (size_t)2 * LANES * i + LANES, _mm512_rol_epi32(g, 16));
    }
}

/* Both sums are at most 4 * 4095 * 2 (q - 1) < q 2^15. Their low halves decide what multiple of q
 * makes them divisible by 2^16, their high halves are what is left then. */
static HEAD2_ALWAYS_INLINE vec mont_reduce(vec even, vec odd)
{
    const vec low = _mm512_mask_mov_epi16(even, 0xaaaaaaaa, _mm512_slli_epi32(odd, 16));
    const vec high = _mm512_mask_mov_epi16(odd, 0x55555555, _mm512_srli_epi32(even, 16));
    const vec t = _mm512_mullo_epi16(low, set1(MLKEM_QINV));

    return _mm512_sub_epi16(high, _mm512_mulhi_epi16(t, set1(MLKEM_Q)));
}

static HEAD2_ALWAYS_INLINE void products(struct mlkem_poly *out, const struct mlkem_poly f[],
                                         const struct mlkem_factor g[], unsigned k)
{
    for (unsigned i = 0; i < VECS; i++) {
        vec even = _mm512_setzero_si512();
        vec odd = _mm512_setzero_si512();
        for (unsigned j = 0; j < k; j++) {
            const int16_t *factor = g[j].c + (size_t)2 * LANES * i;
            const vec a = _mm512_load_si512(f[j].c + (size_t)LANES * i);
            even = _mm512_dpwssd_epi32(even, a, _mm512_load_si512(factor));
            odd = _mm512_dpwssd_epi32(odd, a, _mm512_load_si512(factor + LANES));
        }
        _mm512_store_si512(out->c + (size_t)LANES * i, mont_reduce(even, odd));
    }
}

static void inner_product(struct mlkem_poly *out, const struct mlkem_poly f[],
                          const struct mlkem_factor g[], unsigned k)
{
    HEAD2_REQUIRES(k >= 2 && k <= MLKEM_MAX_K);
    if (k == 2)
        products(out, f, g, 2);
    else if (k == 3)
        products(out, f, g, 3);
    else
        products(out, f, g, 4);
}

/* 1353 is R^2 mod q. */
static void to_mont_add(struct mlkem_poly *f, const struct mlkem_poly *g)
{
    for (unsigned i = 0; i < VECS; i++) {
        vec *c = (vec *)(f->c + (size_t)LANES * i);
        const vec r = mont_mul(*c, set1(1353), set1(20553));
        *c = _mm512_add_epi16(r, _mm512_load_si512(g->c + (size_t)LANES * i));
    }
}

static void add(struct mlkem_poly *f, const struct mlkem_poly *g)
{
    for (unsigned i = 0; i < VECS; i++) {
        vec *c = (vec *)(f->c + (size_t)LANES * i);
        *c = _mm512_add_epi16(*c, _mm512_load_si512(g->c + (size_t)LANES * i));
    }
}

static void sub(struct mlkem_poly *f, const struct mlkem_poly *g)
{
    for (unsigned i = 0; i < VECS; i++) {
        vec *c = (vec *)(f->c + (size_t)LANES * i);
        *c = _mm512_sub_epi16(*c, _mm512_load_si512(g->c + (size_t)LANES * i));
    }
}

/* ---- bits ---- */

static HEAD2_ALWAYS_INLINE vec load_bytes(const uint8_t *in, unsigned n)
{
    return _mm512_maskz_loadu_epi8(~(__mmask64)0 >> (64 - n), in);
}

static HEAD2_ALWAYS_INLINE void store_bytes(uint8_t *out, vec v, unsigned n)
{
    _mm512_mask_storeu_epi8(out, ~(__mmask64)0 >> (64 - n), v);
}

/* Where the four coefficients of d bits of quadword g begin: their first byte in all eight bytes,
 * and then where each byte of the four 16-bit lanes begins in that window. */
static HEAD2_ALWAYS_INLINE uint64_t window(unsigned g, unsigned d)
{
    return d * g / 2 * 0x0101010101010101;
}

static HEAD2_ALWAYS_INLINE uint64_t windows_bits(unsigned g, unsigned d)
{
    const uint64_t first = d * g % 2 * 4;

    return (first | (first + 8) << 8 | (first + d) << 16 | (first + d + 8) << 24 |
            (first + 2 * d) << 32 | (first + 2 * d + 8) << 40 | (first + 3 * d) << 48 |
            (first + 3 * d + 8) << 56);
}

/* 32 numbers of d bits into 16-bit lanes; bits above d are of their neighbours. */
static HEAD2_ALWAYS_INLINE vec spread_bits(vec bytes, unsigned d)
{
    const vec at =
        _mm512_set_epi64((long long)window(7, d), (long long)window(6, d), (long long)window(5, d),
                         (long long)window(4, d), (long long)window(3, d), (long long)window(2, d),
                         (long long)window(1, d), (long long)window(0, d));
    const vec bits = _mm512_set_epi64((long long)windows_bits(7, d), (long long)windows_bits(6, d),
                                      (long long)windows_bits(5, d), (long long)windows_bits(4, d),
                                      (long long)windows_bits(3, d), (long long)windows_bits(2, d),
                                      (long long)windows_bits(1, d), (long long)windows_bits(0, d));
    const vec which = _mm512_add_epi8(at, _mm512_set1_epi64(0x0706050403020100));

    return _mm512_multishift_epi64_epi8(bits, _mm512_permutexvar_epi8(which, bytes));
}

/* The two bytes that 32 numbers of twelve bits lie in. */
/* clang-format off */
_Alignas(64) static const uint8_t words_12[64] = {
    0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11, 12, 13, 13, 14, 15, 16, 16, 17, 18, 19,
    19, 20, 21, 22, 22, 23, 24, 25, 25, 26, 27, 28, 28, 29, 30, 31, 31, 32, 33, 34, 34, 35, 36,
    37, 37, 38, 39, 40, 40, 41, 42, 43, 43, 44, 45, 46, 46, 47,
};
/* clang-format on */

/* The numbers of twelve bits in n bytes, without spread_bits: its shift is a shuffle, of which the
 * loops that this is for have enough. */
static HEAD2_ALWAYS_INLINE vec unpack_12(const uint8_t *in, unsigned n)
{
    const vec words = _mm512_permutexvar_epi8(_mm512_load_si512(words_12), load_bytes(in, n));

    return _mm512_and_si512(_mm512_srlv_epi16(words, _mm512_set1_epi32(4 << 16)), set1(0xfff));
}

/* Algorithm 6 (ByteDecode_d) for 32 coefficients, 4 d bytes. */
static HEAD2_ALWAYS_INLINE vec unpack(const uint8_t *in, unsigned d)
{
    if (d == 12)
        return unpack_12(in, 48);
    return _mm512_and_si512(spread_bits(load_bytes(in, 4 * d), d), set1((int16_t)((1 << d) - 1)));
}

/* Where the bytes of quadwords of 4 d bits go: quadword i begins at byte d i / 2. For d = 11 an odd
 * one begins in the middle of a byte, so that even and odd ones need a table each. */
/* clang-format off */
_Alignas(64) static const uint8_t quads_10[64] = {
    0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 16, 17, 18, 19, 20, 24, 25, 26, 27, 28, 32, 33, 34, 35, 36,
    40, 41, 42, 43, 44, 48, 49, 50, 51, 52, 56, 57, 58, 59, 60,
};
_Alignas(64) static const uint8_t quads_12[64] = {
    0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 21, 24, 25, 26, 27, 28, 29, 32,
    33, 34, 35, 36, 37, 40, 41, 42, 43, 44, 45, 48, 49, 50, 51, 52, 53, 56, 57, 58, 59, 60, 61,
};
_Alignas(64) static const uint8_t quads_11_even[64] = {
    0, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 16, 17, 18, 19, 20, 21, 0, 0, 0, 0, 0, 32, 33, 34, 35, 36,
    37, 0, 0, 0, 0, 0, 48, 49, 50, 51, 52, 53, 0, 0, 0, 0, 0,
};
_Alignas(64) static const uint8_t quads_11_odd[64] = {
    0, 0, 0, 0, 0, 8, 9, 10, 11, 12, 13, 0, 0, 0, 0, 0, 24, 25, 26, 27, 28, 29, 0, 0, 0, 0, 0,
    40, 41, 42, 43, 44, 45, 0, 0, 0, 0, 0, 56, 57, 58, 59, 60, 61,
};
/* clang-format on */
static const __mmask64 in_even = 0x7e0fc1f83fULL; /* of the bytes of quads_11_even */
static const __mmask64 in_odd = 0xfc1f83f07e0ULL;

static HEAD2_ALWAYS_INLINE void store_quads(uint8_t *out, vec quads, unsigned d)
{
    if (d == 11) {
        const vec up = _mm512_sllv_epi64(quads, _mm512_set_epi64(4, 0, 4, 0, 4, 0, 4, 0));
        const vec even =
            _mm512_maskz_permutexvar_epi8(in_even, _mm512_load_si512(quads_11_even), up);
        const vec odd = _mm512_maskz_permutexvar_epi8(in_odd, _mm512_load_si512(quads_11_odd), up);
        store_bytes(out, _mm512_or_si512(even, odd), 44);
    } else {
        const uint8_t *which = d == 10 ? quads_10 : quads_12;
        store_bytes(out, _mm512_permutexvar_epi8(_mm512_load_si512(which), quads), 4 * d);
    }
}

/* Algorithm 5 (ByteEncode_d) for 32 coefficients below 2^d, d from 10 to 12: two to a doubleword,
 * two of those to a quadword. */
static HEAD2_ALWAYS_INLINE void pack(uint8_t *out, vec v, unsigned d)
{
    const vec pairs = _mm512_madd_epi16(v, _mm512_set1_epi32(1 | 1 << (16 + d)));
    const vec up = _mm512_sllv_epi32(pairs, _mm512_set1_epi64(32 - 2 * (int)d));

    store_quads(out, _mm512_srli_epi64(up, 32 - 2 * d), d);
}

static void encode(uint8_t out[MLKEM_POLY_BYTES], const struct mlkem_poly *f)
{
    for (unsigned i = 0; i < VECS; i++)
        pack(out + (size_t)48 * i, canonical(_mm512_load_si512(f->c + (size_t)LANES * i)), 12);
}

static void decode(struct mlkem_poly *f, const uint8_t in[MLKEM_POLY_BYTES])
{
    for (unsigned i = 0; i < VECS; i++)
        _mm512_store_si512(f->c + (size_t)LANES * i, unpack(in + (size_t)48 * i, 12));
}

static bool is_reduced(const uint8_t in[MLKEM_POLY_BYTES])
{
    __mmask32 above = 0;

    for (unsigned i = 0; i < VECS; i++)
        above |= _mm512_cmpge_epi16_mask(unpack(in + (size_t)48 * i, 12), set1(MLKEM_Q));
    return above == 0;
}

/*
 * Compress_d for d = 10 and 11, x in [0, q): y = round(x factor / 2^15) with factor just below
 * 2^(15 + d) / q is the result or one less: one less when more than q / 2 is left of 2^d x.
 */
static HEAD2_ALWAYS_INLINE vec compress_long(vec x, unsigned d, int16_t factor)
{
    const vec y = _mm512_mulhrs_epi16(x, set1(factor));
    const vec left = _mm512_sub_epi16(_mm512_sllv_epi16(x, set1((int16_t)d)),
                                      _mm512_mullo_epi16(y, set1(MLKEM_Q)));
    const __mmask32 more = _mm512_cmpgt_epi16_mask(left, set1(MLKEM_HALF_Q));

    return _mm512_and_si512(_mm512_mask_add_epi16(y, more, y, set1(1)),
                            set1((int16_t)((1 << d) - 1)));
}

/* Compress_d for d = 4 and 5, but for the reduction modulo 2^d: one bit more than is wanted,
 * rounded. factor is 2^(17 + d) / q. That this is exact for all x in [0, q) is checked by trying
 * them. */
static HEAD2_ALWAYS_INLINE vec compress_short(vec x, int16_t factor)
{
    return _mm512_srli_epi16(_mm512_add_epi16(_mm512_mulhi_epi16(x, set1(factor)), set1(1)), 1);
}

/* The low bytes of the 64 lanes of a and b, and d bits of each. */
static HEAD2_ALWAYS_INLINE vec low_bytes(vec a, vec b, unsigned d)
{
    const vec bytes = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi16_epi8(a)),
                                         _mm512_cvtepi16_epi8(b), 1);

    return _mm512_and_si512(bytes, _mm512_set1_epi8((char)((1 << d) - 1)));
}

static HEAD2_ALWAYS_INLINE void compress_4(uint8_t *out, const vec x[2])
{
    const vec bytes = low_bytes(compress_short(x[0], 630), compress_short(x[1], 630), 4);
    const vec pairs = _mm512_maddubs_epi16(bytes, set1(0x1001));

    _mm256_storeu_si256((__m256i *)out, _mm512_cvtepi16_epi8(pairs));
}

static HEAD2_ALWAYS_INLINE void compress_5(uint8_t *out, const vec x[2])
{
    const vec bytes = low_bytes(compress_short(x[0], 1260), compress_short(x[1], 1260), 5);
    const vec pairs = _mm512_maddubs_epi16(bytes, set1(0x2001));

    pack(out, pairs, 10); /* two coefficients are a number of ten bits */
}

/* Compress_1 is 1 from 833 to 2496. */
static HEAD2_ALWAYS_INLINE void compress_1(uint8_t *out, vec x)
{
    const __mmask32 ones = _mm512_cmplt_epu16_mask(_mm512_sub_epi16(x, set1(833)), set1(1664));

    put_le32(out, ones);
}

static HEAD2_ALWAYS_INLINE void compress_all(uint8_t *out, const struct mlkem_poly *f, unsigned d)
{
    for (unsigned i = 0; i < VECS; i += 2) {
        const vec x[2] = {canonical(_mm512_load_si512(f->c + (size_t)LANES * i)),
                          canonical(_mm512_load_si512(f->c + (size_t)LANES * (i + 1)))};
        if (d == 10 || d == 11) {
            const int16_t factor = d == 10 ? 10079 : 20158;
            pack(out, compress_long(x[0], d, factor), d);
            pack(out + (size_t)4 * d, compress_long(x[1], d, factor), d);
        } else if (d == 5) {
            compress_5(out, x);
        } else if (d == 4) {
            compress_4(out, x);
        } else {
            compress_1(out, x[0]);
            compress_1(out + 4, x[1]);
        }
        out += (size_t)8 * d;
    }
}

static void compress(uint8_t *out, const struct mlkem_poly *f, unsigned d)
{
    HEAD2_REQUIRES(d == 1 || d == 4 || d == 5 || d == 10 || d == 11);
    if (d == 1)
        compress_all(out, f, 1);
    else if (d == 4)
        compress_all(out, f, 4);
    else if (d == 5)
        compress_all(out, f, 5);
    else if (d == 10)
        compress_all(out, f, 10);
    else
        compress_all(out, f, 11);
}

/* Decompress_d(y) is round(y 2^(15 - d) q / 2^15). */
static HEAD2_ALWAYS_INLINE void decompress_all(struct mlkem_poly *f, const uint8_t *in, unsigned d)
{
    for (unsigned i = 0; i < VECS; i++) {
        const vec y = unpack(in + (size_t)4 * d * i, d);
        _mm512_store_si512(
            f->c + (size_t)LANES * i,
            _mm512_mulhrs_epi16(_mm512_sllv_epi16(y, set1((int16_t)(15 - d))), set1(MLKEM_Q)));
    }
}

static void decompress_1(struct mlkem_poly *f, const uint8_t *in)
{
    for (unsigned i = 0; i < VECS; i++)
        _mm512_store_si512(
            f->c + (size_t)LANES * i,
            _mm512_maskz_mov_epi16(le32(in + (size_t)4 * i), set1((MLKEM_Q + 1) / 2)));
}

static void decompress(struct mlkem_poly *f, const uint8_t *in, unsigned d)
{
    HEAD2_REQUIRES(d == 1 || d == 4 || d == 5 || d == 10 || d == 11);
    if (d == 1)
        decompress_1(f, in);
    else if (d == 4)
        decompress_all(f, in, 4);
    else if (d == 5)
        decompress_all(f, in, 5);
    else if (d == 10)
        decompress_all(f, in, 10);
    else
        decompress_all(f, in, 11);
}

/* ---- sampling ---- */

/* Append the candidates that are below q; there is room for all of them. */
static HEAD2_ALWAYS_INLINE unsigned append(struct mlkem_poly *f, unsigned n, vec candidates)
{
    const __mmask32 good = _mm512_cmplt_epi16_mask(candidates, set1(MLKEM_Q));

    _mm512_storeu_si512(f->c + n, _mm512_maskz_compress_epi16(good, candidates));
    return n + (unsigned)__builtin_popcount(good);
}

/* The same, of the chosen candidates alone and no further than the end. */
static HEAD2_ALWAYS_INLINE unsigned append_last(struct mlkem_poly *f, unsigned n, vec candidates,
                                                __mmask32 which)
{
    const __mmask32 good = _mm512_mask_cmplt_epi16_mask(which, candidates, set1(MLKEM_Q));
    const unsigned room = MLKEM_N - n < LANES ? MLKEM_N - n : LANES;

    _mm512_mask_storeu_epi16(f->c + n, _bzhi_u32(~(__mmask32)0, room),
                             _mm512_maskz_compress_epi16(good, candidates));
    n += (unsigned)__builtin_popcount(good);
    return n < MLKEM_N ? n : MLKEM_N;
}

/* How often the loops turn does not depend on the candidates: a wrongly predicted end would cost
 * more than the turns that it saves. */
static unsigned reject(struct mlkem_poly *f, unsigned n, const uint8_t *in, size_t len)
{
    for (unsigned sure = (MLKEM_N - n) / LANES; sure != 0 && len >= 48; sure--) {
        n = append(f, n, unpack_12(in, 48));
        in += 48;
        len -= 48;
    }
    for (; len >= 48; in += 48, len -= 48)
        n = append_last(f, n, unpack_12(in, 48), ~(__mmask32)0);
    if (len != 0)
        n = append_last(f, n, unpack_12(in, 24), 0xffff);
    return n;
}

/* x - y by the 2 eta bits of a coefficient (Algorithm 8), plus eta; for eta = 2 the upper two of
 * six bits are a neighbour's. */
/* clang-format off */
_Alignas(64) static const uint8_t noise_2[64] = {
    2, 3, 3, 4, 1, 2, 2, 3, 1, 2, 2, 3, 0, 1, 1, 2, 2, 3, 3, 4, 1, 2, 2, 3, 1, 2, 2, 3, 0, 1, 1, 2,
    2, 3, 3, 4, 1, 2, 2, 3, 1, 2, 2, 3, 0, 1, 1, 2, 2, 3, 3, 4, 1, 2, 2, 3, 1, 2, 2, 3, 0, 1, 1, 2,
};
_Alignas(64) static const uint8_t noise_3[64] = {
    3, 4, 4, 5, 4, 5, 5, 6, 2, 3, 3, 4, 3, 4, 4, 5, 2, 3, 3, 4, 3, 4, 4, 5, 1, 2, 2, 3, 2, 3, 3, 4,
    2, 3, 3, 4, 3, 4, 4, 5, 1, 2, 2, 3, 2, 3, 3, 4, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3,
};
/* clang-format on */

static HEAD2_ALWAYS_INLINE void noise(struct mlkem_poly *f, const uint8_t *in, unsigned eta,
                                      const uint8_t table[64])
{
    const vec values = _mm512_load_si512(table);

    for (unsigned i = 0; i < VECS; i++) {
        const vec bits = spread_bits(load_bytes(in + (size_t)8 * eta * i, 8 * eta), 2 * eta);
        const vec c = _mm512_maskz_permutexvar_epi8(0x5555555555555555, bits, values);
        _mm512_store_si512(f->c + (size_t)LANES * i, _mm512_sub_epi16(c, set1((int16_t)eta)));
    }
}

static void cbd(struct mlkem_poly *f, const uint8_t *in, unsigned eta)
{
    HEAD2_REQUIRES(eta == 2 || eta == 3);
    if (eta == 2)
        noise(f, in, 2, noise_2);
    else
        noise(f, in, 3, noise_3);
}

const struct mlkem_kernels mlkem_kernels_avx512 = {
    .ntt = ntt,
    .inverse_ntt = inverse_ntt,
    .factor_init = factor_init,
    .inner_product = inner_product,
    .to_mont_add = to_mont_add,
    .add = add,
    .sub = sub,
    .encode = encode,
    .decode = decode,
    .is_reduced = is_reduced,
    .compress = compress,
    .decompress = decompress,
    .reject = reject,
    .cbd = cbd,
};
