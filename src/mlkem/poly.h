/*
 * Polynomials of ML-KEM: R_q = Z_q[X]/(X^256 + 1) and its NTT domain T_q (FIPS 203, Section 4).
 *
 * Coefficients are signed 16-bit numbers that are only congruent to the standard's: each function
 * says within what bounds it takes and leaves them. Products are Montgomery products with
 * R = 2^16, so that a factor of 1/R appears and is removed where the comments say so. Everything
 * is in constant time but the sampling of the public matrix.
 */
#ifndef HEAD2_MLKEM_POLY_H
#define HEAD2_MLKEM_POLY_H

#include "base/base.h"

enum {
    MLKEM_N = 256,
    MLKEM_Q = 3329,
    MLKEM_QINV = -3327, /* 1/q modulo 2^16 */
    MLKEM_HALF_Q = (MLKEM_Q - 1) / 2,
    MLKEM_POLY_BYTES = 384 /* of ByteEncode_12 */
};

struct mlkem_poly {
    _Alignas(64) int16_t c[MLKEM_N];
};

/* A polynomial in T_q that others will be multiplied by, laid out as the kernels that made it like
 * it: it is of no use to those of another level. */
struct mlkem_factor {
    _Alignas(64) int16_t c[2 * MLKEM_N];
};

/* ---- numbers modulo q ---- */

/* The upper half of the product of two 16-bit numbers: one instruction of any vector unit. */
static HEAD2_ALWAYS_INLINE int16_t mlkem_mul_high(int16_t a, int16_t b)
{
    return (int16_t)((int32_t)a * b >> 16);
}

/* a b / R mod q in (-q, q), for any a and abs(b) < q; b_qinv is b / q mod 2^16. */
static HEAD2_ALWAYS_INLINE int16_t mlkem_mont_mul(int16_t a, int16_t b, int16_t b_qinv)
{
    const int16_t t = (int16_t)((int32_t)a * b_qinv); /* a b = t q mod 2^16: low halves agree */

    return (int16_t)(mlkem_mul_high(a, b) - mlkem_mul_high(t, MLKEM_Q));
}

/* a / R mod q in (-q, q), for abs(a) < q 2^15. */
static HEAD2_ALWAYS_INLINE int16_t mlkem_mont_reduce(int32_t a)
{
    const int16_t t = (int16_t)((int16_t)a * MLKEM_QINV);

    return (int16_t)((a - (int32_t)t * MLKEM_Q) >> 16);
}

/* a mod q in [-(q - 1)/2, (q - 1)/2], for any a: a - q round(a / q), 20159 = round(2^26 / q). */
static HEAD2_ALWAYS_INLINE int16_t mlkem_barrett(int16_t a)
{
    const int16_t t = (int16_t)((mlkem_mul_high(a, 20159) + 512) >> 10);

    return (int16_t)(a - t * MLKEM_Q);
}

/* a mod q in [0, q), for any a. */
static HEAD2_ALWAYS_INLINE uint16_t mlkem_canonical(int16_t a)
{
    const int16_t r = mlkem_barrett(a);

    return (uint16_t)(r + (r >> 15 & MLKEM_Q));
}

/*
 * Compress_d(x) = round(2^d x / q) mod 2^d for x in [0, q) (FIPS 203, Equation 4.7). The division
 * is a multiplication by ceil(2^36 / q): x may be secret, and division takes time by its operands.
 */
static HEAD2_ALWAYS_INLINE uint16_t mlkem_compress(uint16_t x, unsigned d)
{
    const uint64_t rounded = ((uint64_t)x << d) + MLKEM_HALF_Q;

    return (uint16_t)((rounded * 20642679 >> 36) & ((1u << d) - 1));
}

/* Decompress_d(y) = round(q y / 2^d) (Equation 4.8). */
static HEAD2_ALWAYS_INLINE int16_t mlkem_decompress(uint16_t y, unsigned d)
{
    return (int16_t)(((uint32_t)y * MLKEM_Q + (1u << (d - 1))) >> d);
}

#endif
