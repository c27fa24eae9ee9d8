/*
 * ML-KEM's kernels for AVX2: 16 coefficients a vector, in the manner of kernels_avx512.c.
 *
 * Sixteen registers hold neither a polynomial nor its zetas: the transform goes through it in two
 * passes, four vectors at a time.
 */
#include "mlkem/kernels_avx2.h"
#include "mlkem/vector_ntt.h"
#include "mlkem/zetas.h"

/* ---- the transform ---- */

/* Two butterflies with wide zeta number i, on v[0] and v[apart], and on their neighbours when they
 * are apart by two, else on the next pair with the next zeta. */
static HEAD2_ALWAYS_INLINE void wide_layer(vec v[4], unsigned apart, unsigned i,
                                           const struct mlkem_wide_zetas *zetas,
                                           void (*step)(vec *, vec *, vec, vec))
{
    const unsigned second = apart == 2 ? 1 : 2;
    const unsigned j = apart == 2 ? i : i + 1;

    step(&v[0], &v[apart], broadcast(zetas->z[i]), broadcast(zetas->z_qinv[i]));
    step(&v[second], &v[second + apart], broadcast(zetas->z[j]), broadcast(zetas->z_qinv[j]));
}

/* The layer within pairs of vectors, for the pairs 2 part and 2 part + 1. */
static HEAD2_ALWAYS_INLINE void lane_layer(vec v[4], unsigned part,
                                           const struct mlkem_lane_zetas *zetas,
                                           void (*step)(vec *, vec *, vec, vec))
{
    for (unsigned i = 0; i < 2; i++) {
        const size_t at = (size_t)LANES * (2 * part + i);
        step(&v[2 * i], &v[2 * i + 1], _mm256_load_si256((const vec *)(zetas->z + at)),
             _mm256_load_si256((const vec *)(zetas->z_qinv + at)));
    }
}

/* The shuffles between two layers, from halves of eight to halves of four coefficients and so on,
 * or back: each is a transposition of 2 x 2 pieces and undoes itself. */
static HEAD2_ALWAYS_INLINE void swap_8(vec *a, vec *b)
{
    const vec lo = _mm256_permute2x128_si256(*a, *b, 0x20);

    *b = _mm256_permute2x128_si256(*a, *b, 0x31);
    *a = lo;
}

static HEAD2_ALWAYS_INLINE void swap_4(vec *a, vec *b)
{
    const vec lo = _mm256_unpacklo_epi64(*a, *b);

    *b = _mm256_unpackhi_epi64(*a, *b);
    *a = lo;
}

static HEAD2_ALWAYS_INLINE void swap_2(vec *a, vec *b)
{
    const vec lo = _mm256_blend_epi32(*a, _mm256_slli_epi64(*b, 32), 0xaa);

    *b = _mm256_blend_epi32(_mm256_srli_epi64(*a, 32), *b, 0xaa);
    *a = lo;
}

static HEAD2_ALWAYS_INLINE void swap_both(vec v[4], void (*swap)(vec *, vec *))
{
    swap(&v[0], &v[1]);
    swap(&v[2], &v[3]);
}

/* From the standard's order to first halves of blocks of four in a, second halves in b; spread_2 is
 * the way back. */
static HEAD2_ALWAYS_INLINE void gather_2(vec *a, vec *b)
{
    const __m256 x = _mm256_castsi256_ps(*a);
    const __m256 y = _mm256_castsi256_ps(*b);
    const vec even = _mm256_castps_si256(_mm256_shuffle_ps(x, y, 0x88));
    const vec odd = _mm256_castps_si256(_mm256_shuffle_ps(x, y, 0xdd));

    *a = _mm256_permute4x64_epi64(even, 0xd8);
    *b = _mm256_permute4x64_epi64(odd, 0xd8);
}

/* Four vectors from `first` on, `apart` from each other. */
static HEAD2_ALWAYS_INLINE void load_four(vec v[4], const struct mlkem_poly *f, unsigned first,
                                          unsigned apart)
{
    for (unsigned i = 0; i < 4; i++)
        v[i] = load(f, first + apart * i);
}

static HEAD2_ALWAYS_INLINE void store_four(struct mlkem_poly *f, unsigned first, unsigned apart,
                                           const vec v[4])
{
    for (unsigned i = 0; i < 4; i++)
        store(f, first + apart * i, v[i]);
}

/* Algorithm 9. After seven layers abs(c) <= 8 q < 2^15. In the second pass two parts go side by
 * side, so that there is always a product to work on. */
static void ntt_one(struct mlkem_poly *f)
{
    vec v[2][4];

    for (unsigned i = 0; i < 4; i++) {
        load_four(v[0], f, i, 4);
        wide_layer(v[0], 2, 0, &mlkem_wide_zetas, butterfly);
        wide_layer(v[0], 1, 1, &mlkem_wide_zetas, butterfly);
        store_four(f, i, 4, v[0]);
    }
    for (unsigned first = 0; first < 4; first += 2) {
        for (unsigned i = 0; i < 2; i++) {
            load_four(v[i], f, 4 * (first + i), 1);
            wide_layer(v[i], 2, 3 + first + i, &mlkem_wide_zetas, butterfly);
        }
        for (unsigned i = 0; i < 2; i++) {
            wide_layer(v[i], 1, 7 + 2 * (first + i), &mlkem_wide_zetas, butterfly);
            swap_both(v[i], swap_8);
        }
        for (unsigned i = 0; i < 2; i++) {
            lane_layer(v[i], first + i, &mlkem_lane_zetas[MLKEM_LEN_8], butterfly);
            swap_both(v[i], swap_4);
        }
        for (unsigned i = 0; i < 2; i++) {
            lane_layer(v[i], first + i, &mlkem_lane_zetas[MLKEM_LEN_4], butterfly);
            swap_both(v[i], swap_2);
        }
        for (unsigned i = 0; i < 2; i++) {
            lane_layer(v[i], first + i, &mlkem_lane_zetas[MLKEM_LEN_2], butterfly);
            for (unsigned j = 0; j < 4; j++)
                v[i][j] = reduce(v[i][j]);
            swap_both(v[i], spread_2);
            store_four(f, 4 * (first + i), 1, v[i]);
        }
    }
}

/*
 * Algorithm 10. Sums double, from q - 1 to 26,624 in three layers; those are reduced. Products are
 * at most 2341, so that the sums of the next three layers are below 8 * 2341 = 18,728; half of them
 * are reduced before the last layer adds two of them. Its scaling is by 1441 = R^2 / 128, also
 * within its zeta: 1397 = -758 * 1441 / R.
 */
static void inverse_ntt_one(struct mlkem_poly *f)
{
    vec v[2][4];

    for (unsigned first = 0; first < 4; first += 2) {
        for (unsigned i = 0; i < 2; i++) {
            load_four(v[i], f, 4 * (first + i), 1);
            swap_both(v[i], gather_2);
            lane_layer(v[i], first + i, &mlkem_lane_reversed[MLKEM_LEN_2], inverse_butterfly);
        }
        for (unsigned i = 0; i < 2; i++) {
            swap_both(v[i], swap_2);
            lane_layer(v[i], first + i, &mlkem_lane_reversed[MLKEM_LEN_4], inverse_butterfly);
        }
        for (unsigned i = 0; i < 2; i++) {
            swap_both(v[i], swap_4);
            lane_layer(v[i], first + i, &mlkem_lane_reversed[MLKEM_LEN_8], inverse_butterfly);
            v[i][0] = reduce(v[i][0]);
            v[i][2] = reduce(v[i][2]);
            swap_both(v[i], swap_8);
        }
        for (unsigned i = 0; i < 2; i++)
            wide_layer(v[i], 1, 7 + 2 * (first + i), &mlkem_wide_reversed, inverse_butterfly);
        for (unsigned i = 0; i < 2; i++) {
            wide_layer(v[i], 2, 3 + first + i, &mlkem_wide_reversed, inverse_butterfly);
            store_four(f, 4 * (first + i), 1, v[i]);
        }
    }
    for (unsigned i = 0; i < 4; i++) {
        load_four(v[0], f, i, 4);
        wide_layer(v[0], 1, 1, &mlkem_wide_reversed, inverse_butterfly);
        v[0][0] = reduce(v[0][0]);
        for (unsigned j = 0; j < 2; j++) {
            inverse_butterfly(&v[0][j], &v[0][j + 2], set1(1397), set1(5237));
            v[0][j] = mont_mul(v[0][j], set1(1441), set1(-10079));
        }
        store_four(f, i, 4, v[0]);
    }
}

static void ntt(struct mlkem_poly f[], unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        ntt_one(&f[i]);
}

static void inverse_ntt(struct mlkem_poly f[], unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        inverse_ntt_one(&f[i]);
}

/* ---- products ---- */

static HEAD2_ALWAYS_INLINE vec load_at(const int16_t *p)
{
    return _mm256_load_si256((const vec *)p);
}

/* The layout of a factor, by vectors of 8 pairs: (g0, gamma g1) for the even coefficients of a
 * product (Algorithm 12), then (g1, g0) for the odd ones. */
static void factor_init(struct mlkem_factor *out, const struct mlkem_poly *f)
{
    for (unsigned i = 0; i < VECS; i++) {
        const size_t at = (size_t)LANES * i;
        const vec g = load(f, i);
        const vec even =
            mont_mul(g, load_at(mlkem_gammas.g + at), load_at(mlkem_gammas.g_qinv + at));
        const vec swapped = _mm256_or_si256(_mm256_slli_epi32(g, 16), _mm256_srli_epi32(g, 16));
        _mm256_store_si256((vec *)(out->c + 2 * at), _mm256_blend_epi16(even, g, 0x55));
        _mm256_store_si256((vec *)(out->c + 2 * at + LANES), swapped);
    }
}

/* Both sums are at most 4 * 4095 * 2 (q - 1) < q 2^15. Their low halves decide what multiple of q
 * makes them divisible by 2^16, their high halves are what is left then. */
static HEAD2_ALWAYS_INLINE vec mont_reduce(vec even, vec odd)
{
    const vec low = _mm256_blend_epi16(even, _mm256_slli_epi32(odd, 16), 0xaa);
    const vec high = _mm256_blend_epi16(_mm256_srli_epi32(even, 16), odd, 0xaa);
    const vec t = _mm256_mullo_epi16(low, set1(MLKEM_QINV));

    return _mm256_sub_epi16(high, _mm256_mulhi_epi16(t, set1(MLKEM_Q)));
}

static HEAD2_ALWAYS_INLINE void products(struct mlkem_poly *out, const struct mlkem_poly f[],
                                         const struct mlkem_factor g[], unsigned k)
{
    for (unsigned i = 0; i < VECS; i++) {
        vec even = _mm256_setzero_si256();
        vec odd = _mm256_setzero_si256();
        for (unsigned j = 0; j < k; j++) {
            const int16_t *factor = g[j].c + (size_t)2 * LANES * i;
            const vec a = load(&f[j], i);
            even = _mm256_add_epi32(even, _mm256_madd_epi16(a, load_at(factor)));
            odd = _mm256_add_epi32(odd, _mm256_madd_epi16(a, load_at(factor + LANES)));
        }
        store(out, i, mont_reduce(even, odd));
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

const struct mlkem_kernels mlkem_kernels_avx2 = {
    .ntt = ntt,
    .inverse_ntt = inverse_ntt,
    .factor_init = factor_init,
    .inner_product = inner_product,
    .to_mont_add = to_mont_add,
    .add = add,
    .sub = sub,
    .encode = mlkem_encode_avx2,
    .decode = mlkem_decode_avx2,
    .is_reduced = mlkem_is_reduced_avx2,
    .compress = mlkem_compress_avx2,
    .decompress = mlkem_decompress_avx2,
    .reject = mlkem_reject_avx2,
    .cbd = mlkem_cbd_avx2,
};
