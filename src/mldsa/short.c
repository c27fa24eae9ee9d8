/*
 * Products c s1 and c s2 modulo 7681, in 16-bit Montgomery arithmetic.
 *
 * The transform is the one of FIPS 204, Algorithm 41, with 62 in the place of zeta: a 512th root of
 * unity modulo 7681. The loops over j are what a compiler can do eight at a time.
 */
#include "mldsa/kernels_portable.h"

#define SHORT_Q_INVERSE (-7679) /* 7681^-1 mod 2^16 */
#define SCALE           1912    /* 2^32 / 256 mod 7681 */

/* zetas[i] = 2^16 * 62^BitRev8(i) mod+- 7681 */
static const int16_t zetas[MLDSA_N] = {
    0,     3777,  -3182, 3625,  -3696, -1100, 2456,  2194,  121,   -2250, 834,   -2495, -2319,
    2876,  -1701, 1414,  2816,  -2088, -2237, 1986,  -1599, 1993,  3706,  -2006, -1525, -2557,
    1296,  1483,  -2830, 3364,  617,   1921,  -3689, -1738, 3266,  -3600, 810,   1887,  -638,
    -7,    -438,  -679,  -1305, -1760, 396,   -3174, -3555, -1881, 3772,  -2535, -2440, -2555,
    1535,  -549,  3153,  2310,  -1399, 1321,  514,   -2956, -103,  2804,  -2043, -1431, -1054,
    1698,  -3456, 1166,  2426,  3831,  915,   -2,    -3417, -194,  2919,  2789,  3405,  2385,
    -2113, -2732, 2175,  373,   3692,  -730,  -1756, 3135,  -2391, 660,   -1497, 2572,  -3145,
    1350,  -2224, -3588, -1681, 2883,  -1390, 1598,  3750,  2762,  2835,  2764,  -2233, 3816,
    -1533, 1464,  -727,  1521,  1386,  -3428, -921,  -2743, -2160, 2649,  -859,  2579,  1532,
    1919,  -486,  404,   -1056, 783,   1799,  -2665, 3480,  2133,  -3310, -1168, -17,   3744,
    2422,  2001,  1278,  929,   -1348, -2230, -179,  -1242, -2059, -1070, 2161,  1649,  2072,
    3177,  -2071, 1121,  -436,  236,   715,   670,   -658,  -1476, -2378, 2767,  3542,  -226,
    1203,  1181,  -151,  -3794, 1712,  -222,  2786,  -451,  -3547, 1779,  -1151, -434,  3568,
    -3693, 3581,  -1586, 1509,  2918,  2339,  -1407, 3434,  -3550, 2340,  2891,  2998,  -3314,
    3461,  -2719, -2247, -2589, 1144,  1072,  1295,  -2815, -3770, 3450,  3781,  -2258, 796,
    3163,  -3208, -589,  2963,  -124,  3214,  3334,  -3366, -3745, 3723,  1931,  -429,  -402,
    -3408, 83,    -1526, 826,   -1338, 2345,  -2303, 2515,  -642,  -1837, -2965, -791,  370,
    293,   3312,  2083,  -1689, -777,  2070,  2262,  -893,  2386,  -188,  -1519, -2874, -1404,
    1012,  2130,  1441,  2532,  -3335, -1084, -3343, 2937,  509,   -1403, 2812,  3763,  592,
    2005,  3657,  2460,  -3677, 3752,  692,   1669,  2167,  -3287,
};

/* a * 2^-16 mod 7681, within |a| / 2^16 + 3841 */
static inline int16_t montgomery(int16_t x, int16_t y)
{
    const int32_t a = (int32_t)x * y;
    const int16_t m = (int16_t)((int16_t)a * SHORT_Q_INVERSE);
    return (int16_t)((a >> 16) - (((int32_t)m * SHORT_Q) >> 16)); /* the low halves are equal */
}

/* x - 7681 round(x / 8192): within 5628 */
static inline int16_t reduce(int16_t x)
{
    return (int16_t)(x - (((int32_t)x + 4096) >> 13) * SHORT_Q);
}

/* From [-11521, 11521] to [-3840, 3840]. */
static inline int16_t centre(int16_t x)
{
    const int32_t above = (SHORT_Q / 2 - (int32_t)x) >> 31;
    const int32_t below = ((int32_t)x + SHORT_Q / 2) >> 31;
    return (int16_t)(x - (above & SHORT_Q) + (below & SHORT_Q));
}

/* Inputs of at most 4 grow by 3841 and a seventeenth a layer: below 32110 after seven. */
void mldsa_short_ntt_portable(struct short_poly *to, const struct poly *a)
{
    int16_t *const v = to->c;
    for (unsigned i = 0; i < MLDSA_N; i++)
        v[i] = (int16_t)a->c[i];
    for (unsigned len = 128, m = 1; len >= 1; len /= 2, m *= 2) {
        if (len == 1) {
            for (unsigned i = 0; i < MLDSA_N; i++)
                v[i] = reduce(v[i]);
        }
        for (unsigned block = 0; block < m; block++) {
            int16_t *const p = v + (size_t)2 * len * block;
            for (unsigned j = 0; j < len; j++) {
                const int16_t t = montgomery(p[j + len], zetas[m + block]);
                p[j + len] = (int16_t)(p[j] - t);
                p[j] = (int16_t)(p[j] + t);
            }
        }
    }
    for (unsigned i = 0; i < MLDSA_N; i++)
        v[i] = centre(reduce(v[i]));
}

/* One layer of Algorithm 42. */
static HEAD2_ALWAYS_INLINE void backward(int16_t v[MLDSA_N], unsigned len)
{
    const unsigned m = MLDSA_N / 2 / len;
    for (unsigned block = 0; block < m; block++) {
        int16_t *const p = v + (size_t)2 * len * block;
        const int16_t zeta = (int16_t)-zetas[2 * m - 1 - block];
        for (unsigned j = 0; j < len; j++) {
            const int16_t t = p[j];
            p[j] = (int16_t)(t + p[j + len]);
            p[j + len] = montgomery((int16_t)(t - p[j + len]), zeta);
        }
    }
}

static void reduce_all(int16_t v[MLDSA_N])
{
    for (unsigned i = 0; i < MLDSA_N; i++)
        v[i] = reduce(v[i]);
}

/*
 * Sums double, products fall below 3841 and a seventeenth: from 4066 on (a product of two numbers
 * within 3840), three layers stay below 2^15, and so do two layers after each reduction to 5628. A
 * result below 4600 that is congruent to a number within 196 is that number.
 */
uint32_t mldsa_add_short_product_portable(struct poly *w, const struct short_poly *c,
                                          const struct short_poly *s, int32_t bound)
{
    struct short_poly p;
    for (unsigned i = 0; i < MLDSA_N; i++)
        p.c[i] = montgomery(c->c[i], s->c[i]);
    backward(p.c, 1);
    backward(p.c, 2);
    backward(p.c, 4);
    reduce_all(p.c);
    backward(p.c, 8);
    backward(p.c, 16);
    reduce_all(p.c);
    backward(p.c, 32);
    backward(p.c, 64);
    reduce_all(p.c);
    backward(p.c, 128);
    for (unsigned i = 0; i < MLDSA_N; i++)
        w->c[i] += montgomery(p.c[i], SCALE);
    head2_wipe(&p, sizeof p);
    return mldsa_norm_reaches(w, bound);
}
