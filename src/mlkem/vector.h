/*
 * Arithmetic modulo q on vectors of 16-bit coefficients, for every width of vector.
 *
 * The file that includes this defines the type `vec`, LANES and VECS (vectors of a polynomial), OP
 * (an intrinsic of that width by its name), VEC_LOAD and VEC_STORE.
 *
 * Reduction: reduce() leaves abs(c) <= 2187 for any c, and canonical() makes [0, q) of that.
 */
#ifndef HEAD2_MLKEM_VECTOR_H
#define HEAD2_MLKEM_VECTOR_H

#include "mlkem/poly.h"

static HEAD2_ALWAYS_INLINE vec set1(int16_t c)
{
    return OP(set1_epi16)(c);
}

/* Vector i of a polynomial. */
static HEAD2_ALWAYS_INLINE vec load(const struct mlkem_poly *f, unsigned i)
{
    return VEC_LOAD(f->c + (size_t)LANES * i);
}

static HEAD2_ALWAYS_INLINE void store(struct mlkem_poly *f, unsigned i, vec v)
{
    VEC_STORE(f->c + (size_t)LANES * i, v);
}

/* a b / R mod q in (-q, q), for any a and abs(b) < q; b_qinv is b / q mod 2^16. */
static HEAD2_ALWAYS_INLINE vec mont_mul(vec a, vec b, vec b_qinv)
{
    const vec t = OP(mullo_epi16)(a, b_qinv);

    return OP(sub_epi16)(OP(mulhi_epi16)(a, b), OP(mulhi_epi16)(t, set1(MLKEM_Q)));
}

/* a - q round(10 a / 2^15). 2^15 / 10 is 3276.8, which is q (1 - 0.0157): what is left is at most
 * q / 2 + 0.016 abs(a). */
static HEAD2_ALWAYS_INLINE vec reduce(vec a)
{
    const vec t = OP(mulhrs_epi16)(a, set1(10));

    return OP(sub_epi16)(a, OP(mullo_epi16)(t, set1(MLKEM_Q)));
}

/* a mod q in [0, q), for any a: as an unsigned number, a negative one is larger than itself + q. */
static HEAD2_ALWAYS_INLINE vec canonical(vec a)
{
    const vec r = reduce(a);

    return OP(min_epu16)(r, OP(add_epi16)(r, set1(MLKEM_Q)));
}

#endif
