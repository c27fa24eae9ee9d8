/*
 * Arithmetic modulo 7681 on vectors of 16-bit coefficients, for every width of vector: the file
 * that includes this defines the type `vec` and OP, an intrinsic of that width by its name.
 */
#ifndef HEAD2_MLDSA_SHORT_VECTOR_H
#define HEAD2_MLDSA_SHORT_VECTOR_H

#define SHORT_Q_INVERSE (-7679) /* 7681^-1 mod 2^16 */
/* 2^32 / 256 mod+- 7681, which undoes the factor 256 of the inverse and the 2^-16 of the two
 * products on the way; and the same times the factor of the last layer's differences */
#define SCALE         1912
#define SCALE_Q       (int16_t)(SCALE * SHORT_Q_INVERSE)
#define SCALED_ZETA   894
#define SCALED_ZETA_Q (int16_t)(SCALED_ZETA * SHORT_Q_INVERSE)

/* A constant factor of a Montgomery product, and the same times 7681^-1 mod 2^16. */
struct factor {
    vec f, f_q;
};

/* A constant as a value that the compiler does not know: it would take products with it apart into
 * shifts and sums, which are more. */
static HEAD2_ALWAYS_INLINE vec constant(int16_t x)
{
    int32_t hidden = x;
    __asm__("" : "+r"(hidden));
    return OP(set1_epi16)((int16_t)hidden);
}

/* b * f * 2^-16 mod 7681, below |b f| / 2^16 + 3841: as in ntt_avx512.c, the low halves of the two
 * products are equal. */
static HEAD2_ALWAYS_INLINE vec product(vec b, struct factor f)
{
    const vec m = OP(mullo_epi16)(b, f.f_q);
    return OP(sub_epi16)(OP(mulhi_epi16)(b, f.f), OP(mulhi_epi16)(m, constant(SHORT_Q)));
}

/*
 * A representative near zero: x - 7681 round(x / 8192). Up to 20760 it is within 5117, and any
 * 16-bit number comes within 5628.
 */
static HEAD2_ALWAYS_INLINE vec reduce(vec x)
{
    const vec n = OP(mulhrs_epi16)(x, OP(set1_epi16)(4));
    return OP(sub_epi16)(x, OP(mullo_epi16)(n, constant(SHORT_Q)));
}

static HEAD2_ALWAYS_INLINE struct factor broadcast(int16_t f, int16_t f_q)
{
    return (struct factor){OP(set1_epi16)(f), constant(f_q)};
}

static HEAD2_ALWAYS_INLINE void forward_pair(vec *a, vec *b, struct factor f)
{
    const vec t = product(*b, f);
    *b = OP(sub_epi16)(*a, t);
    *a = OP(add_epi16)(*a, t);
}

static HEAD2_ALWAYS_INLINE void backward_pair(vec *a, vec *b, struct factor f)
{
    const vec t = OP(sub_epi16)(*a, *b);
    *a = OP(add_epi16)(*a, *b);
    *b = product(t, f);
}

#endif
