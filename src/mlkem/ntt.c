/*
 * The number-theoretic transform of ML-KEM and products in its domain (FIPS 203, Section 4.3).
 *
 * Reductions are lazy: a butterfly's sum is left to grow and its product is a Montgomery product
 * below q, so that the bounds in the comments are all that separates this from overflow. The loops
 * are written for a compiler that vectorises: 16-bit multiplications, high and low half, by a
 * factor whose quotient by q is known.
 */
#include "mlkem/poly.h"

/* zeta^BitRev7(i) R mod q for zeta = 17 (Appendix A), and the same divided by q mod 2^16. The
 * inverse goes through each layer's zetas backwards: theirs are the same numbers in that order, for
 * a loop that reads upwards. */
/* clang-format off */
static const int16_t zetas[128] = {
    -1044, -758, -359, -1517, 1493, 1422, 287, 202, -171, 622, 1577, 182,
    962, -1202, -1474, 1468, 573, -1325, 264, 383, -829, 1458, -1602, -130,
    -681, 1017, 732, 608, -1542, 411, -205, -1571, 1223, 652, -552, 1015,
    -1293, 1491, -282, -1544, 516, -8, -320, -666, -1618, -1162, 126, 1469,
    -853, -90, -271, 830, 107, -1421, -247, -951, -398, 961, -1508, -725,
    448, -1065, 677, -1275, -1103, 430, 555, 843, -1251, 871, 1550, 105,
    422, 587, 177, -235, -291, -460, 1574, 1653, -246, 778, 1159, -147,
    -777, 1483, -602, 1119, -1590, 644, -872, 349, 418, 329, -156, -75,
    817, 1097, 603, 610, 1322, -1285, -1465, 384, -1215, -136, 1218, -1335,
    -874, 220, -1187, -1659, -1185, -1530, -1278, 794, -1510, -854, -870, 478,
    -108, -308, 996, 991, 958, -1460, 1522, 1628,
};

static const int16_t zetas_qinv[128] = {
    -20, 31498, 14745, 787, 13525, -12402, 28191, -16694, -20907, 27758, -3799, -15690,
    10690, 1358, -11202, 31164, -5827, 17363, -26360, -29057, 5571, -1102, 21438, -26242,
    -28073, 24313, -10532, 8800, 18426, 8859, 26675, -16163, -5689, -6516, 1496, 30967,
    -23565, 20179, 20710, 25080, -12796, 26616, 16064, -12442, 9134, -650, -25986, 27837,
    19883, -28250, -15887, -8898, -28309, 9075, -30199, 18249, 13426, 14017, -29156, -12757,
    16832, 4311, -24155, -17915, -335, 11182, -11477, 13387, -32227, -14233, 20494, -21655,
    -27738, 13131, 945, -4587, -14883, 23092, 6182, 5493, 32010, -32502, 10631, 30317,
    29175, -18741, -28762, 12639, -18486, 20100, 17560, 18525, -14430, 19529, -5276, -12619,
    -31183, 20297, 25435, 2146, -7382, 15355, 24391, -32384, -20927, -6280, 10946, -14903,
    24214, -11044, 16989, 14469, 10335, -21498, -7934, -20198, -22502, 23210, 10906, -17442,
    31636, -23860, 28644, -20257, 23998, 7756, -17422, 23132,
};

static const int16_t reversed[128] = {
    0, -758, -1517, -359, 202, 287, 1422, 1493, 1468, -1474, -1202, 962,
    182, 1577, 622, -171, -1571, -205, 411, -1542, 608, 732, 1017, -681,
    -130, -1602, 1458, -829, 383, 264, -1325, 573, -1275, 677, -1065, 448,
    -725, -1508, 961, -398, -951, -247, -1421, 107, 830, -271, -90, -853,
    1469, 126, -1162, -1618, -666, -320, -8, 516, -1544, -282, 1491, -1293,
    1015, -552, 652, 1223, 1628, 1522, -1460, 958, 991, 996, -308, -108,
    478, -870, -854, -1510, 794, -1278, -1530, -1185, -1659, -1187, 220, -874,
    -1335, 1218, -136, -1215, 384, -1465, -1285, 1322, 610, 603, 1097, 817,
    -75, -156, 329, 418, 349, -872, 644, -1590, 1119, -602, 1483, -777,
    -147, 1159, 778, -246, 1653, 1574, -460, -291, -235, 177, 587, 422,
    105, 1550, 871, -1251, 843, 555, 430, -1103,
};

static const int16_t reversed_qinv[128] = {
    0, 31498, 787, 14745, -16694, 28191, -12402, 13525, 31164, -11202, 1358, 10690,
    -15690, -3799, 27758, -20907, -16163, 26675, 8859, 18426, 8800, -10532, 24313, -28073,
    -26242, 21438, -1102, 5571, -29057, -26360, 17363, -5827, -17915, -24155, 4311, 16832,
    -12757, -29156, 14017, 13426, 18249, -30199, 9075, -28309, -8898, -15887, -28250, 19883,
    27837, -25986, -650, 9134, -12442, 16064, 26616, -12796, 25080, 20710, 20179, -23565,
    30967, 1496, -6516, -5689, 23132, -17422, 7756, 23998, -20257, 28644, -23860, 31636,
    -17442, 10906, 23210, -22502, -20198, -7934, -21498, 10335, 14469, 16989, -11044, 24214,
    -14903, 10946, -6280, -20927, -32384, 24391, 15355, -7382, 2146, 25435, 20297, -31183,
    -12619, -5276, 19529, -14430, 18525, 17560, 20100, -18486, 12639, -28762, -18741, 29175,
    30317, 10631, -32502, 32010, 5493, 6182, 23092, -14883, -4587, 945, 13131, -27738,
    -21655, 20494, -14233, -32227, 13387, -11477, 11182, -335,
};
/* clang-format on */

/* The layers from 128 to 8 share one piece of code: unrolled for each of them it would be 30 KB,
 * and slower for what it displaces from the instruction cache. */
#ifdef __clang__
#define ONE_COPY __attribute__((noinline))
#else
#define ONE_COPY __attribute__((noinline, noclone))
#endif

/* One layer of Algorithm 9 on the coefficients lo[0..len) and lo[len..2 len): abs(c) grows by at
 * most q. */
static HEAD2_ALWAYS_INLINE void butterflies(int16_t *lo, unsigned len, unsigned k)
{
    int16_t *hi = lo + len;

    for (unsigned j = 0; j < len; j++) {
        const int16_t t = mlkem_mont_mul(hi[j], zetas[k], zetas_qinv[k]);
        hi[j] = (int16_t)(lo[j] - t);
        lo[j] = (int16_t)(lo[j] + t);
    }
}

/* 128 / len for a power of two: the machine's division is left to no code of this room, so that
 * scripts/check-ct needs no exceptions. */
static HEAD2_ALWAYS_INLINE unsigned first_zeta(unsigned len)
{
    return MLKEM_N / 2 >> __builtin_ctz(len);
}

static HEAD2_ALWAYS_INLINE void ntt_layer(int16_t c[MLKEM_N], unsigned len)
{
    for (unsigned start = 0, k = first_zeta(len); start < MLKEM_N; start += 2 * len, k++)
        butterflies(c + start, len, k);
}

static ONE_COPY void ntt_wide_layer(int16_t c[MLKEM_N], unsigned len)
{
    HEAD2_REQUIRES(len % 8 == 0);
    ntt_layer(c, len / 8 * 8); /* for the compiler: no remainder */
}

/* Algorithm 9. After seven layers abs(c) <= 8 q < 2^15. */
void mlkem_ntt(struct mlkem_poly *f)
{
    ntt_wide_layer(f->c, 128);
    ntt_wide_layer(f->c, 64);
    ntt_wide_layer(f->c, 32);
    ntt_wide_layer(f->c, 16);
    ntt_wide_layer(f->c, 8);
    ntt_layer(f->c, 4);
    ntt_layer(f->c, 2);
    for (unsigned i = 0; i < MLKEM_N; i++)
        f->c[i] = mlkem_barrett(f->c[i]);
}

/* One layer of Algorithm 10 on one pair of halves. Sums double. */
static HEAD2_ALWAYS_INLINE void inverse_butterflies(int16_t *lo, unsigned len, unsigned k)
{
    int16_t *hi = lo + len;

    for (unsigned j = 0; j < len; j++) {
        const int16_t a = lo[j];
        const int16_t b = hi[j];
        lo[j] = (int16_t)(a + b);
        hi[j] = mlkem_mont_mul((int16_t)(b - a), reversed[k], reversed_qinv[k]);
    }
}

static HEAD2_ALWAYS_INLINE void inverse_layer(int16_t c[MLKEM_N], unsigned len)
{
    for (unsigned start = 0, k = first_zeta(len); start < MLKEM_N; start += 2 * len, k++)
        inverse_butterflies(c + start, len, k);
}

static ONE_COPY void inverse_wide_layer(int16_t c[MLKEM_N], unsigned len)
{
    HEAD2_REQUIRES(len % 8 == 0);
    inverse_layer(c, len / 8 * 8);
}

/*
 * Algorithm 10. Bounds: a Montgomery product with a zeta is at most 2341, sums begin at 1664 and
 * are 16 times that (26,624) after four layers, where they are reduced; the last three layers make
 * 8 * 2341 of them. 1441 is R^2 / 128: the R that it leaves pays for the 1/R of a product.
 */
void mlkem_inverse_ntt(struct mlkem_poly *f)
{
    for (unsigned i = 0; i < MLKEM_N; i++)
        f->c[i] = mlkem_barrett(f->c[i]);
    inverse_layer(f->c, 2);
    inverse_layer(f->c, 4);
    inverse_wide_layer(f->c, 8);
    inverse_wide_layer(f->c, 16);
    for (unsigned i = 0; i < MLKEM_N; i++)
        f->c[i] = mlkem_barrett(f->c[i]);
    inverse_wide_layer(f->c, 32);
    inverse_wide_layer(f->c, 64);
    inverse_wide_layer(f->c, 128);
    for (unsigned i = 0; i < MLKEM_N; i++)
        f->c[i] = mlkem_mont_mul(f->c[i], 1441, -10079);
}

/* gamma of pair i is zeta^(2 BitRev7(i) + 1): zetas[64 + i / 2], negated for odd i. */
void mlkem_factor_init(struct mlkem_factor *out, const struct mlkem_poly *f)
{
    for (unsigned i = 0; i < MLKEM_N / 2; i++) {
        out->even[i] = f->c[2 * i];
        out->odd[i] = f->c[2 * i + 1];
    }
    for (unsigned i = 0; i < MLKEM_N / 4; i++) {
        const int16_t gamma = zetas[64 + i];
        const int16_t gamma_qinv = zetas_qinv[64 + i];
        out->odd_gamma[2 * i] = mlkem_mont_mul(out->odd[2 * i], gamma, gamma_qinv);
        out->odd_gamma[2 * i + 1] =
            (int16_t)-mlkem_mont_mul(out->odd[2 * i + 1], gamma, gamma_qinv);
    }
}

/*
 * Algorithms 11 and 12. One term is at most q (1664 + q); four of them are below the q 2^15 that
 * mlkem_sum_reduce takes.
 */
void mlkem_sum_add_product(struct mlkem_sum *sum, const struct mlkem_poly *f,
                           const struct mlkem_factor *g)
{
    for (unsigned i = 0; i < MLKEM_N / 2; i++) {
        const int16_t f0 = f->c[2 * i];
        const int16_t f1 = f->c[2 * i + 1];
        sum->even[i] += (int32_t)f0 * g->even[i] + (int32_t)f1 * g->odd_gamma[i];
        sum->odd[i] += (int32_t)f0 * g->odd[i] + (int32_t)f1 * g->even[i];
    }
}

void mlkem_sum_reduce(struct mlkem_poly *out, const struct mlkem_sum *sum)
{
    for (unsigned i = 0; i < MLKEM_N / 2; i++) {
        out->c[2 * i] = mlkem_mont_reduce(sum->even[i]);
        out->c[2 * i + 1] = mlkem_mont_reduce(sum->odd[i]);
    }
}

/* 1353 is R^2 mod q. */
void mlkem_poly_to_mont(struct mlkem_poly *f)
{
    for (unsigned i = 0; i < MLKEM_N; i++)
        f->c[i] = mlkem_mont_mul(f->c[i], 1353, 20553);
}
