/*
 * The number-theoretic transform of ML-KEM and products in its domain (FIPS 203, Section 4.3).
 *
 * Reductions are lazy: a butterfly's sum is left to grow and its product is a Montgomery product
 * below q, so that the bounds in the comments are all that separates this from overflow. The loops
 * are written for a compiler that vectorises: 16-bit multiplications, high and low half, by a
 * factor whose quotient by q is known.
 */
#include "mlkem/kernels.h"
#include "mlkem/zetas.h"

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
        const int16_t t = mlkem_mont_mul(hi[j], mlkem_zetas[k], mlkem_zetas_qinv[k]);
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
static void ntt(struct mlkem_poly *f)
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
        hi[j] = mlkem_mont_mul((int16_t)(b - a), mlkem_reversed[k], mlkem_reversed_qinv[k]);
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
static void inverse_ntt(struct mlkem_poly *f)
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

void mlkem_ntt(struct mlkem_poly f[], unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        ntt(&f[i]);
}

void mlkem_inverse_ntt(struct mlkem_poly f[], unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        inverse_ntt(&f[i]);
}

/* The portable layout of a factor: even coefficients, odd ones, and odd ones times gamma of their
 * pair (Algorithm 12). */
enum { EVEN = 0, ODD = MLKEM_N / 2, ODD_GAMMA = MLKEM_N };

/* gamma of pair i is zeta^(2 BitRev7(i) + 1): zetas[64 + i / 2], negated for odd i. */
void mlkem_factor_init(struct mlkem_factor *out, const struct mlkem_poly *f)
{
    int16_t *even = out->c + EVEN;
    int16_t *odd = out->c + ODD;
    int16_t *odd_gamma = out->c + ODD_GAMMA;

    for (unsigned i = 0; i < MLKEM_N / 2; i++) {
        even[i] = f->c[2 * i];
        odd[i] = f->c[2 * i + 1];
    }
    for (unsigned i = 0; i < MLKEM_N / 4; i++) {
        const int16_t gamma = mlkem_zetas[64 + i];
        const int16_t gamma_qinv = mlkem_zetas_qinv[64 + i];
        odd_gamma[2 * i] = mlkem_mont_mul(odd[2 * i], gamma, gamma_qinv);
        odd_gamma[2 * i + 1] = (int16_t)-mlkem_mont_mul(odd[2 * i + 1], gamma, gamma_qinv);
    }
}

/*
 * Algorithms 11 and 12. One term is at most 4095 * 2 (q - 1); four of them are 109,025,280, below
 * the q 2^15 = 109,084,672 that mlkem_mont_reduce takes.
 */
static HEAD2_ALWAYS_INLINE void inner_product(struct mlkem_poly *out, const struct mlkem_poly f[],
                                              const struct mlkem_factor g[], unsigned k)
{
    for (unsigned i = 0; i < MLKEM_N / 2; i++) {
        int32_t even = 0;
        int32_t odd = 0;
        for (unsigned j = 0; j < k; j++) {
            const int16_t f0 = f[j].c[2 * i];
            const int16_t f1 = f[j].c[2 * i + 1];
            even += (int32_t)f0 * g[j].c[EVEN + i] + (int32_t)f1 * g[j].c[ODD_GAMMA + i];
            odd += (int32_t)f0 * g[j].c[ODD + i] + (int32_t)f1 * g[j].c[EVEN + i];
        }
        out->c[2 * i] = mlkem_mont_reduce(even);
        out->c[2 * i + 1] = mlkem_mont_reduce(odd);
    }
}

void mlkem_inner_product(struct mlkem_poly *out, const struct mlkem_poly f[],
                         const struct mlkem_factor g[], unsigned k)
{
    HEAD2_REQUIRES(k >= 2 && k <= MLKEM_MAX_K);
    if (k == 2)
        inner_product(out, f, g, 2);
    else if (k == 3)
        inner_product(out, f, g, 3);
    else
        inner_product(out, f, g, 4);
}

/* 1353 is R^2 mod q. */
void mlkem_to_mont_add(struct mlkem_poly *f, const struct mlkem_poly *g)
{
    for (unsigned i = 0; i < MLKEM_N; i++)
        f->c[i] = (int16_t)(mlkem_mont_mul(f->c[i], 1353, 20553) + g->c[i]);
}

void mlkem_add(struct mlkem_poly *f, const struct mlkem_poly *g)
{
    for (unsigned i = 0; i < MLKEM_N; i++)
        f->c[i] = (int16_t)(f->c[i] + g->c[i]);
}

void mlkem_sub(struct mlkem_poly *f, const struct mlkem_poly *g)
{
    for (unsigned i = 0; i < MLKEM_N; i++)
        f->c[i] = (int16_t)(f->c[i] - g->c[i]);
}
