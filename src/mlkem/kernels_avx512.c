/*
 * ML-KEM's kernels for AVX-512 (F, BW, VL, VBMI, VBMI2, VNNI): 32 coefficients a vector.
 *
 * A whole polynomial is eight vectors and goes through the transform in registers. Butterflies are
 * always between two vectors, one with the first halves of blocks and one with the second; once
 * blocks are shorter than a vector, shuffles between the layers keep it so, and keep the blocks in
 * their order.
 */
#include "mlkem/kernels_avx512.h"
#include "mlkem/vector_ntt.h"
#include "mlkem/zetas.h"

/* ---- the transform ---- */

static HEAD2_ALWAYS_INLINE void load_poly(vec v[VECS], const struct mlkem_poly *f)
{
    for (unsigned i = 0; i < VECS; i++)
        v[i] = load(f, i);
}

static HEAD2_ALWAYS_INLINE void store_poly(struct mlkem_poly *f, const vec v[VECS])
{
    for (unsigned i = 0; i < VECS; i++)
        store(f, i, v[i]);
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
        const vec g = load(f, i);
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

const struct mlkem_kernels mlkem_kernels_avx512 = {
    .ntt = ntt,
    .inverse_ntt = inverse_ntt,
    .factor_init = factor_init,
    .inner_product = inner_product,
    .to_mont_add = to_mont_add,
    .add = add,
    .sub = sub,
    .encode = mlkem_encode_avx512,
    .decode = mlkem_decode_avx512,
    .is_reduced = mlkem_is_reduced_avx512,
    .compress = mlkem_compress_avx512,
    .decompress = mlkem_decompress_avx512,
    .reject = mlkem_reject_avx512,
    .cbd = mlkem_cbd_avx512,
};
