/*
 * The number-theoretic transform of FIPS 204, Section 7.5, in 32-bit Montgomery arithmetic.
 *
 * Additions are not reduced on the way. Forward, every layer adds at most q to a coefficient, so
 * eight of them keep an input below q under 9q. Backward, the sum half of a butterfly doubles: an
 * input of at most q ends below 2^8 q < 2^31. Two layers are done in one pass over the data.
 */
#include "mldsa/kernels_portable.h"

/* zetas[i] = 2^32 * 1753^BitRev8(i) mod+- q (FIPS 204, Appendix B, in Montgomery form). */
static const int32_t zetas[MLDSA_N] = {
    0,        25847,    -2608894, -518909,  237124,   -777960,  -876248,  466468,   1826347,
    2353451,  -359251,  -2091905, 3119733,  -2884855, 3111497,  2680103,  2725464,  1024112,
    -1079900, 3585928,  -549488,  -1119584, 2619752,  -2108549, -2118186, -3859737, -1399561,
    -3277672, 1757237,  -19422,   4010497,  280005,   2706023,  95776,    3077325,  3530437,
    -1661693, -3592148, -2537516, 3915439,  -3861115, -3043716, 3574422,  -2867647, 3539968,
    -300467,  2348700,  -539299,  -1699267, -1643818, 3505694,  -3821735, 3507263,  -2140649,
    -1600420, 3699596,  811944,   531354,   954230,   3881043,  3900724,  -2556880, 2071892,
    -2797779, -3930395, -1528703, -3677745, -3041255, -1452451, 3475950,  2176455,  -1585221,
    -1257611, 1939314,  -4083598, -1000202, -3190144, -3157330, -3632928, 126922,   3412210,
    -983419,  2147896,  2715295,  -2967645, -3693493, -411027,  -2477047, -671102,  -1228525,
    -22981,   -1308169, -381987,  1349076,  1852771,  -1430430, -3343383, 264944,   508951,
    3097992,  44288,    -1100098, 904516,   3958618,  -3724342, -8578,    1653064,  -3249728,
    2389356,  -210977,  759969,   -1316856, 189548,   -3553272, 3159746,  -1851402, -2409325,
    -177440,  1315589,  1341330,  1285669,  -1584928, -812732,  -1439742, -3019102, -3881060,
    -3628969, 3839961,  2091667,  3407706,  2316500,  3817976,  -3342478, 2244091,  -2446433,
    -3562462, 266997,   2434439,  -1235728, 3513181,  -3520352, -3759364, -1197226, -3193378,
    900702,   1859098,  909542,   819034,   495491,   -1613174, -43260,   -522500,  -655327,
    -3122442, 2031748,  3207046,  -3556995, -525098,  -768622,  -3595838, 342297,   286988,
    -2437823, 4108315,  3437287,  -3342277, 1735879,  203044,   2842341,  2691481,  -2590150,
    1265009,  4055324,  1247620,  2486353,  1595974,  -3767016, 1250494,  2635921,  -3548272,
    -2994039, 1869119,  1903435,  -1050970, -1333058, 1237275,  -3318210, -1430225, -451100,
    1312455,  3306115,  -1962642, -1279661, 1917081,  -2546312, -1374803, 1500165,  777191,
    2235880,  3406031,  -542412,  -2831860, -1671176, -1846953, -2584293, -3724270, 594136,
    -3776993, -2013608, 2432395,  2454455,  -164721,  1957272,  3369112,  185531,   -1207385,
    -3183426, 162844,   1616392,  3014001,  810149,   1652634,  -3694233, -1799107, -3038916,
    3523897,  3866901,  269760,   2213111,  -975884,  1717735,  472078,   -426683,  1723600,
    -1803090, 1910376,  -1667432, -1104333, -260646,  -3833893, -2939036, -2235985, -420899,
    -2286327, 183443,   -976891,  1612842,  -3545687, -554416,  3919660,  -48306,   -1362209,
    3937738,  1400424,  -846154,  1976782,
};

/* 2^64 / 256 mod q: undoes the factor 256 of the inverse and the 2^-32 of the product before it. */
#define INVERSE_SCALE 41978

/* One butterfly of Algorithm 41, lines 11 to 13. */
static inline void forward(int32_t *a, int32_t *b, int32_t zeta)
{
    int32_t t = mldsa_montgomery((int64_t)zeta * *b);
    *b = *a - t;
    *a = *a + t;
}

/* One butterfly of Algorithm 42, lines 11 to 14, with zeta already negated. */
static inline void backward(int32_t *a, int32_t *b, int32_t zeta)
{
    int32_t t = *a;
    *a = t + *b;
    *b = mldsa_montgomery((int64_t)zeta * (t - *b));
}

void mldsa_ntt_portable(struct poly *to, const struct poly *from)
{
    struct poly *const w = to;
    if (to != from)
        *to = *from;
    for (unsigned len = 64, m = 1; len >= 1; len /= 4, m *= 4) {
        for (unsigned block = 0; block < m; block++) {
            int32_t *p = &w->c[(size_t)block * 4 * len];
            const int32_t outer = zetas[m + block];
            const int32_t left = zetas[2 * (m + block)];
            const int32_t right = zetas[2 * (m + block) + 1];
            for (unsigned j = 0; j < len; j++) {
                forward(&p[j], &p[j + 2 * len], outer);
                forward(&p[j + len], &p[j + 3 * len], outer);
                forward(&p[j], &p[j + len], left);
                forward(&p[j + 2 * len], &p[j + 3 * len], right);
            }
        }
    }
}

void mldsa_inverse_ntt_portable(struct poly *w)
{
    for (unsigned len = 1, m = 64; len <= 64; len *= 4, m /= 4) {
        for (unsigned block = 0; block < m; block++) {
            int32_t *p = &w->c[(size_t)block * 4 * len];
            /* Algorithm 42 walks the same table downwards: the blocks are mirrored. */
            const int32_t outer = -zetas[2 * m - 1 - block];
            const int32_t left = -zetas[4 * m - 1 - 2 * block];
            const int32_t right = -zetas[4 * m - 2 - 2 * block];
            for (unsigned j = 0; j < len; j++) {
                backward(&p[j], &p[j + len], left);
                backward(&p[j + 2 * len], &p[j + 3 * len], right);
                backward(&p[j], &p[j + 2 * len], outer);
                backward(&p[j + len], &p[j + 3 * len], outer);
            }
        }
    }
    for (unsigned j = 0; j < MLDSA_N; j++)
        w->c[j] = mldsa_montgomery((int64_t)INVERSE_SCALE * w->c[j]);
}

/* Every product is below 9q * 9q < 2^53, and the sum must stay within q * 2^31 > 2^53.9. */
void mldsa_dot_portable(struct poly *w, const struct poly *row, const struct poly *v, unsigned n)
{
    for (unsigned i = 0; i < MLDSA_N; i++) {
        int64_t sum = 0;
        for (unsigned j = 0; j < n; j++)
            sum += (int64_t)row[j].c[i] * v[j].c[i];
        w->c[i] = mldsa_montgomery(sum);
    }
}

void mldsa_rows_portable(struct poly *w, const struct poly *row, const struct poly *v, unsigned k,
                         unsigned n)
{
    for (unsigned i = 0; i < k; i++)
        mldsa_dot_portable(&w[i], row + (size_t)i * n, v, n);
}
