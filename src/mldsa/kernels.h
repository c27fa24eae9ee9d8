/*
 * The inner loops of ML-DSA that have vector versions: one table for each level of instructions.
 * Control code (keygen.c, sign.c, verify.c and what is above them) is written once over the table.
 *
 * Polynomials in the transformed domain have the standard's order at every level. The exception is
 * struct short_poly, whose order is the private matter of the table that made it: prepared keys
 * hold such polynomials, and with them the table to use them with.
 */
#ifndef HEAD2_MLDSA_KERNELS_H
#define HEAD2_MLDSA_KERNELS_H

#include "cpu/cpu.h"
#include "mldsa/poly.h"

/*
 * A transformed polynomial modulo 7681, for products whose coefficients are small: c s1 and c s2
 * are within beta <= 196, so a 16-bit modulus determines them, and 7681 = 15 * 512 + 1 is the
 * smallest prime with the roots of unity for it. Coefficients are within [-3840, 3840].
 */
#define SHORT_Q 7681
struct short_poly {
    _Alignas(64) int16_t c[MLDSA_N];
};

/* One bit for each coefficient of a polynomial, the first in bit 0 of the first word. */
#define FLAG_WORDS (MLDSA_N / 64)

struct mldsa_kernels {
    /* FIPS 204, Algorithm 41. In: |w| < q. Out: |to| < 9q. to may be w. */
    void (*ntt)(struct poly *to, const struct poly *w);
    /* Algorithm 42, times 2^32. In: |w| <= q. Out: |w| < q. */
    void (*inverse_ntt)(struct poly *w);
    /* The sum over j < n of row[j] * v[j], times 2^-32, within [-q, q]. The sum must stay within
     * q * 2^31: seven products of a row of A (below q) with transformed vectors (below 9q) do, and
     * one of two transformed vectors besides. */
    void (*dot)(struct poly *w, const struct poly *row, const struct poly *v, unsigned n);
    /* dot for each of k rows of n <= 8 polynomials that lie one behind the other, with coefficients
     * within [0, q). */
    void (*rows)(struct poly *w, const struct poly *row, const struct poly *v, unsigned k,
                 unsigned n);
    /* The transform modulo 7681, for |a| <= 4. */
    void (*short_ntt)(struct short_poly *to, const struct poly *a);
    /* w += c s, where every coefficient of c s is within [-196, 196]; then whether the norm of w
     * reaches bound, as mldsa_norm_reaches tells it. */
    uint32_t (*add_short_product)(struct poly *w, const struct short_poly *c,
                                  const struct short_poly *s, int32_t bound);

    /* t + s2 in its canonical form split by Algorithm 35: t becomes t1. In: |t| < q. */
    void (*power2_round)(struct poly *t, struct poly *t0, const struct poly *s2);
    /* Algorithm 36 on w, |w| < q: w becomes w0, w1 is packed (Algorithm 28), and nonzero tells
     * where w1 is not 0. */
    void (*split)(struct poly *w, uint8_t *packed, uint64_t nonzero[FLAG_WORDS], int32_t gamma2);
    /* Algorithm 40 on w, |w| < q, with hints in flags; the result is packed. Public. */
    void (*use_hint)(uint8_t *packed, const struct poly *w, const uint64_t hint[FLAG_WORDS],
                     int32_t gamma2);
    /* Where w0 + ct0 needs a hint (Algorithm 39), |w0 + ct0| < 2 gamma2; returns their number. */
    uint32_t (*make_hint)(uint64_t hint[FLAG_WORDS], const struct poly *w0, const struct poly *ct0,
                          const uint64_t nonzero[FLAG_WORDS], int32_t gamma2);
    /* mldsa_norm_reaches, after mldsa_reduce32 on each coefficient in place */
    uint32_t (*reduce_and_norm)(struct poly *a, int32_t bound);

    /* Algorithm 14 on the len bytes of in, a multiple of 3, which are public: coefficients are
     * added to the `have` that a has. Returns how many there are then, at most 256. */
    unsigned (*reject_uniform)(struct poly *a, unsigned have, const uint8_t *in, size_t len);
    /* Algorithm 15 likewise; eta is 2 or 4. Which half bytes are accepted shows. */
    unsigned (*reject_bounded)(struct poly *a, unsigned have, const uint8_t *in, size_t len,
                               int32_t eta);

    /* pack.h describes these */
    void (*pack)(uint8_t *out, const struct poly *a, unsigned bits);
    void (*unpack)(struct poly *a, const uint8_t *in, unsigned bits);
    void (*pack_signed)(uint8_t *out, const struct poly *a, int32_t top, unsigned bits);
    void (*unpack_signed)(struct poly *a, const uint8_t *in, int32_t top, unsigned bits);

    /* Whether it pays to draw the mask of the next attempt while the challenge of this one is
     * hashed: where eight states of Keccak cost hardly more than one. */
    bool draws_ahead;
};

extern const struct mldsa_kernels mldsa_kernels_portable;
extern const struct mldsa_kernels mldsa_kernels_avx2;
extern const struct mldsa_kernels mldsa_kernels_avx512;

/* The best that this machine has. */
const struct mldsa_kernels *mldsa_kernels(void);
/* Whether two tables compute the same, on basis vectors and on the edges of each domain. */
bool mldsa_kernels_agree(const void *kernels, const void *portable);

#endif
