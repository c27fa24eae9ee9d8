/*
 * Polynomials, and the scalar arithmetic modulo q under them: reductions, rounding, hints, norms.
 *
 * All of it is free of branches and divisions that depend on a coefficient. Right shifts of
 * negative numbers are arithmetic, as GCC and clang define them.
 */
#ifndef HEAD2_MLDSA_POLY_H
#define HEAD2_MLDSA_POLY_H

#include "mldsa/params.h"

struct poly {
    _Alignas(64) int32_t c[MLDSA_N];
};

/* FIPS 204, Algorithm 49: a * 2^-32 mod q, for |a| <= q * 2^31; the result is within [-q, q]. */
static inline int32_t mldsa_montgomery(int64_t a)
{
    HEAD2_REQUIRES(a >= -((int64_t)MLDSA_Q << 31) && a <= (int64_t)MLDSA_Q << 31);
    const uint32_t q_inverse = 58728449; /* q^-1 mod 2^32 */
    int32_t t = (int32_t)((uint32_t)a * q_inverse);
    return (int32_t)((a - (int64_t)t * MLDSA_Q) >> 32);
}

/*
 * A representative within [-6283009, 6283008], for a <= 2^31 - 1 - 2^22. A value that is small in
 * the centred sense (below q / 4) comes out as itself.
 */
static inline int32_t mldsa_reduce32(int32_t a)
{
    HEAD2_REQUIRES(a <= INT32_MAX - (1 << 22));
    int32_t t = (a + (1 << 22)) >> 23;
    return a - t * MLDSA_Q;
}

/* From (-q, q) to [0, q). */
static inline int32_t mldsa_add_q(int32_t a)
{
    HEAD2_REQUIRES(a > -MLDSA_Q && a < MLDSA_Q);
    return a + ((a >> 31) & MLDSA_Q);
}

/* FIPS 204, Algorithm 35: r = r1 * 2^13 + r0 for r within [0, q). Returns r1. */
static inline int32_t mldsa_power2_round(int32_t r, int32_t *r0)
{
    HEAD2_REQUIRES(r >= 0 && r < MLDSA_Q);
    int32_t r1 = (r + (1 << (MLDSA_D - 1)) - 1) >> MLDSA_D;
    *r0 = r - (r1 << MLDSA_D);
    return r1;
}

/*
 * FIPS 204, Algorithm 36: r = r1 * 2 gamma2 + r0 mod q for r within [0, q), with r0 within
 * [-gamma2, gamma2]. Returns r1.
 *
 * r1 is floor((r + gamma2 - 1) / (2 gamma2)), and 0 in place of (q - 1) / (2 gamma2). The power of
 * two in 2 gamma2 is a shift, the odd rest a multiplication: 523776 = 2^9 * 1023, where
 * floor(x / 1023) = floor((x + 1) * 1025 / 2^20), and 190464 = 2^11 * 93, where floor(x / 93) =
 * floor(x * 11276 / 2^20), for every x that occurs.
 */
static HEAD2_ALWAYS_INLINE int32_t mldsa_decompose(int32_t r, int32_t *r0, int32_t gamma2)
{
    HEAD2_REQUIRES(r >= 0 && r < MLDSA_Q);
    int32_t r1 = r + gamma2 - 1;
    if (gamma2 == (MLDSA_Q - 1) / 32) {
        r1 = (((r1 >> 9) + 1) * 1025) >> 20;
        r1 &= 15;
    } else {
        r1 = ((r1 >> 11) * 11276) >> 20;
        r1 &= (r1 - 44) >> 31;
    }
    int32_t low = r - r1 * 2 * gamma2;
    *r0 = low - ((((MLDSA_Q - 1) / 2 - low) >> 31) & MLDSA_Q);
    HEAD2_ENSURES(*r0 >= -gamma2 && *r0 <= gamma2);
    return r1;
}

/*
 * FIPS 204, Algorithm 39, in the form that needs no second Decompose: v = w1 * 2 gamma2 + low has
 * the high bits w1 unless low leaves (-gamma2, gamma2]; for w1 = 0 the end -gamma2 belongs as well,
 * as q - 1 counts to 0. |low| < 2 gamma2. Returns 1 when a hint is needed.
 */
static HEAD2_ALWAYS_INLINE uint32_t mldsa_make_hint(int32_t low, int32_t w1, int32_t gamma2)
{
    uint32_t above = (uint32_t)(gamma2 - low) >> 31;
    uint32_t below = (uint32_t)(low + gamma2) >> 31;
    uint32_t below_or_at_end = (uint32_t)(low + gamma2 - 1) >> 31;
    uint32_t w1_not_zero = (uint32_t)-w1 >> 31;
    return above | below | (below_or_at_end & w1_not_zero);
}

/* FIPS 204, Algorithm 40. Only the verifier uses it: everything here is public. */
static HEAD2_ALWAYS_INLINE int32_t mldsa_use_hint(uint32_t hint, int32_t r, int32_t gamma2)
{
    const int32_t m = gamma2 == (MLDSA_Q - 1) / 32 ? 16 : 44;
    int32_t r0;
    int32_t r1 = mldsa_decompose(r, &r0, gamma2);
    if (hint == 0)
        return r1;
    if (r0 > 0)
        return r1 == m - 1 ? 0 : r1 + 1;
    return r1 == 0 ? m - 1 : r1 - 1;
}

/*
 * Whether the infinity norm of a is at least bound: all ones or zero. For coefficients as
 * mldsa_reduce32 leaves them, and bound <= (q - 1) / 8 as in FIPS 204, it does not matter which
 * representative of a large value is seen. The sign of no coefficient shows.
 */
static inline uint32_t mldsa_norm_reaches(const struct poly *a, int32_t bound)
{
    uint32_t reached = 0;
    for (unsigned i = 0; i < MLDSA_N; i++) {
        int32_t sign = a->c[i] >> 31;
        int32_t magnitude = (a->c[i] ^ sign) - sign;
        reached |= (uint32_t)(bound - 1 - magnitude);
    }
    return -(reached >> 31);
}

#endif
