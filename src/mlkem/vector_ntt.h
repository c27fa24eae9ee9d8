/*
 * What the transforms of every width of vector have in common; included after mlkem/vector.h.
 */
#ifndef HEAD2_MLKEM_VECTOR_NTT_H
#define HEAD2_MLKEM_VECTOR_NTT_H

static HEAD2_ALWAYS_INLINE void butterfly(vec *lo, vec *hi, vec z, vec z_qinv)
{
    const vec t = mont_mul(*hi, z, z_qinv);

    *hi = OP(sub_epi16)(*lo, t);
    *lo = OP(add_epi16)(*lo, t);
}

static HEAD2_ALWAYS_INLINE void inverse_butterfly(vec *lo, vec *hi, vec z, vec z_qinv)
{
    const vec d = OP(sub_epi16)(*hi, *lo);

    *lo = OP(add_epi16)(*lo, *hi);
    *hi = mont_mul(d, z, z_qinv);
}

/* Both 16-bit halves of a lane at p. */
static HEAD2_ALWAYS_INLINE vec broadcast(const int16_t p[2])
{
    int32_t both;

    memcpy(&both, p, sizeof both);
    return OP(set1_epi32)(both);
}

/* 1353 is R^2 mod q. */
static void to_mont_add(struct mlkem_poly *f, const struct mlkem_poly *g)
{
    for (unsigned i = 0; i < VECS; i++) {
        const vec r = mont_mul(load(f, i), set1(1353), set1(20553));
        store(f, i, OP(add_epi16)(r, load(g, i)));
    }
}

static void add(struct mlkem_poly *f, const struct mlkem_poly *g)
{
    for (unsigned i = 0; i < VECS; i++)
        store(f, i, OP(add_epi16)(load(f, i), load(g, i)));
}

static void sub(struct mlkem_poly *f, const struct mlkem_poly *g)
{
    for (unsigned i = 0; i < VECS; i++)
        store(f, i, OP(sub_epi16)(load(f, i), load(g, i)));
}

#endif
