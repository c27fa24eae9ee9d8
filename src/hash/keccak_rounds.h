/*
 * The rounds of Keccak-f[1600] on one state (FIPS 202, Section 3), for every file that is compiled
 * for another instruction set.
 *
 * A round reads one state and writes another, so that rho and pi cost nothing but the choice of
 * which lane is read; two rounds make one turn of the loop. Every index is a constant, which lets
 * the compiler keep the lanes in registers as far as there are any.
 */
#ifndef HEAD2_HASH_KECCAK_ROUNDS_H
#define HEAD2_HASH_KECCAK_ROUNDS_H

#include "base/base.h"

/* FIPS 202, Section 3.2.5: RC of rounds 0 to 23. */
static const uint64_t keccak_round_constants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

static HEAD2_ALWAYS_INLINE uint64_t rotl(uint64_t v, unsigned n)
{
    return v << n | v >> (64 - n);
}

/* Algorithm 4 (chi) on one row of five lanes. */
static HEAD2_ALWAYS_INLINE void chi(uint64_t *out, uint64_t b0, uint64_t b1, uint64_t b2,
                                    uint64_t b3, uint64_t b4)
{
    out[0] = b0 ^ (~b1 & b2);
    out[1] = b1 ^ (~b2 & b3);
    out[2] = b2 ^ (~b3 & b4);
    out[3] = b3 ^ (~b4 & b0);
    out[4] = b4 ^ (~b0 & b1);
}

/*
 * Rnd(A, ir) (Section 3.3). d is the column parity of theta (Algorithm 1); each row of chi's input
 * then gathers the lanes that pi (Algorithm 3) puts there, rotated by rho's offsets (Algorithm 2).
 */
static HEAD2_ALWAYS_INLINE void round_into(uint64_t e[25], const uint64_t a[25], uint64_t rc)
{
    const uint64_t c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
    const uint64_t c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
    const uint64_t c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
    const uint64_t c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
    const uint64_t c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
    const uint64_t d0 = c4 ^ rotl(c1, 1);
    const uint64_t d1 = c0 ^ rotl(c2, 1);
    const uint64_t d2 = c1 ^ rotl(c3, 1);
    const uint64_t d3 = c2 ^ rotl(c4, 1);
    const uint64_t d4 = c3 ^ rotl(c0, 1);

    chi(e, a[0] ^ d0, rotl(a[6] ^ d1, 44), rotl(a[12] ^ d2, 43), rotl(a[18] ^ d3, 21),
        rotl(a[24] ^ d4, 14));
    e[0] ^= rc; /* Algorithm 6 (iota) */
    chi(e + 5, rotl(a[3] ^ d3, 28), rotl(a[9] ^ d4, 20), rotl(a[10] ^ d0, 3), rotl(a[16] ^ d1, 45),
        rotl(a[22] ^ d2, 61));
    chi(e + 10, rotl(a[1] ^ d1, 1), rotl(a[7] ^ d2, 6), rotl(a[13] ^ d3, 25), rotl(a[19] ^ d4, 8),
        rotl(a[20] ^ d0, 18));
    chi(e + 15, rotl(a[4] ^ d4, 27), rotl(a[5] ^ d0, 36), rotl(a[11] ^ d1, 10),
        rotl(a[17] ^ d2, 15), rotl(a[23] ^ d3, 56));
    chi(e + 20, rotl(a[2] ^ d2, 62), rotl(a[8] ^ d3, 55), rotl(a[14] ^ d4, 39),
        rotl(a[15] ^ d0, 41), rotl(a[21] ^ d1, 2));
}

/* FIPS 202, Algorithm 7. */
static HEAD2_ALWAYS_INLINE void keccak_rounds(uint64_t lane[25])
{
    uint64_t a[25];
    uint64_t e[25];

    memcpy(a, lane, sizeof a);
    for (unsigned ir = 0; ir < 24; ir += 2) {
        round_into(e, a, keccak_round_constants[ir]);
        round_into(a, e, keccak_round_constants[ir + 1]);
    }
    memcpy(lane, a, sizeof a);
}

#endif
