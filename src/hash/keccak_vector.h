/*
 * The rounds of Keccak-f[1600] on several states at once, one in each 64-bit element of a vector.
 *
 * The file that includes this defines the vector type and the five operations that a round is made
 * of: VEC, VEC_XOR, VEC_XOR3 (a ^ b ^ c), VEC_CHI (a ^ (~b & c)), VEC_ROL (by a constant) and
 * VEC_SET1.
 */
#ifndef HEAD2_HASH_KECCAK_VECTOR_H
#define HEAD2_HASH_KECCAK_VECTOR_H

#include "hash/keccak_rounds.h"

/* Algorithm 4 (chi) on one plane. */
static HEAD2_ALWAYS_INLINE void vector_chi(VEC *out, VEC b0, VEC b1, VEC b2, VEC b3, VEC b4)
{
    out[0] = VEC_CHI(b0, b1, b2);
    out[1] = VEC_CHI(b1, b2, b3);
    out[2] = VEC_CHI(b2, b3, b4);
    out[3] = VEC_CHI(b3, b4, b0);
    out[4] = VEC_CHI(b4, b0, b1);
}

static HEAD2_ALWAYS_INLINE VEC vector_parity(const VEC *a)
{
    return VEC_XOR3(VEC_XOR3(a[0], a[5], a[10]), a[15], a[20]);
}

/* theta (Algorithm 1) on one column of each plane. */
static HEAD2_ALWAYS_INLINE void vector_theta(VEC *a, VEC left, VEC right)
{
    for (unsigned y = 0; y < 25; y += 5)
        a[y] = VEC_XOR3(a[y], left, right);
}

/* Rnd(A, ir) (Section 3.3) from a, which is overwritten, to e. */
static HEAD2_ALWAYS_INLINE void vector_round(VEC e[25], VEC a[25], uint64_t rc)
{
    const VEC c0 = vector_parity(a);
    const VEC c1 = vector_parity(a + 1);
    const VEC c2 = vector_parity(a + 2);
    const VEC c3 = vector_parity(a + 3);
    const VEC c4 = vector_parity(a + 4);

    vector_theta(a, c4, VEC_ROL(c1, 1));
    vector_theta(a + 1, c0, VEC_ROL(c2, 1));
    vector_theta(a + 2, c1, VEC_ROL(c3, 1));
    vector_theta(a + 3, c2, VEC_ROL(c4, 1));
    vector_theta(a + 4, c3, VEC_ROL(c0, 1));

    /* rho and pi (Algorithms 2 and 3) choose and rotate the lanes of each plane of chi */
    vector_chi(e, a[0], VEC_ROL(a[6], 44), VEC_ROL(a[12], 43), VEC_ROL(a[18], 21),
               VEC_ROL(a[24], 14));
    e[0] = VEC_XOR(e[0], VEC_SET1(rc)); /* Algorithm 6 (iota) */
    vector_chi(e + 5, VEC_ROL(a[3], 28), VEC_ROL(a[9], 20), VEC_ROL(a[10], 3), VEC_ROL(a[16], 45),
               VEC_ROL(a[22], 61));
    vector_chi(e + 10, VEC_ROL(a[1], 1), VEC_ROL(a[7], 6), VEC_ROL(a[13], 25), VEC_ROL(a[19], 8),
               VEC_ROL(a[20], 18));
    vector_chi(e + 15, VEC_ROL(a[4], 27), VEC_ROL(a[5], 36), VEC_ROL(a[11], 10), VEC_ROL(a[17], 15),
               VEC_ROL(a[23], 56));
    vector_chi(e + 20, VEC_ROL(a[2], 62), VEC_ROL(a[8], 55), VEC_ROL(a[14], 39), VEC_ROL(a[15], 41),
               VEC_ROL(a[21], 2));
}

#endif
