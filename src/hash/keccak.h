/*
 * The Keccak permutation, for the rooms that build on the sponge.
 */
#ifndef HEAD2_HASH_KECCAK_H
#define HEAD2_HASH_KECCAK_H

#include <stdint.h>

/* Keccak-f[1600] (FIPS 202, Section 3.4): lane[x + 5 * y] is A[x, y]. */
void keccak_f1600(uint64_t lane[25]);

#endif
