/*
 * What the two files of AVX-512 Keccak share.
 */
#ifndef HEAD2_HASH_KECCAK_AVX512_H
#define HEAD2_HASH_KECCAK_AVX512_H

#include "hash/keccak.h"

/* Permute lanes 0 to 3; the others are left as they are. */
void keccak_permute4_avx512vl(struct keccak_x8 *st);

#endif
