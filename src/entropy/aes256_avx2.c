/*
 * AES-256 with AES-NI: eight blocks on their way at once, which is what hides the latency of a
 * round.
 */
#include "entropy/aes256_x86.h"

enum { WIDE = 8, NARROW = 4 };

/* The next number; the carry goes up where the low half has become 0. */
static HEAD2_ALWAYS_INLINE __m128i increment(__m128i counter)
{
    const __m128i next = _mm_add_epi64(counter, _mm_set_epi64x(0, 1));
    const __m128i wrapped = _mm_cmpeq_epi64(next, _mm_setzero_si128());
    return _mm_sub_epi64(next, _mm_slli_si128(wrapped, 8));
}

/* Encrypt the next n values of the counter, n a constant; the last of them. */
static HEAD2_ALWAYS_INLINE __m128i next_blocks(const __m128i rk[AES256_ROUNDS + 1], __m128i counter,
                                               uint8_t *out, unsigned n)
{
    __m128i x[WIDE];

#pragma GCC unroll 8
    for (unsigned i = 0; i < n; i++) {
        counter = increment(counter);
        x[i] = aes256_reverse(counter);
    }
    aes256_encrypt(rk, x, n);
#pragma GCC unroll 8
    for (unsigned i = 0; i < n; i++)
        aes256_store(out + (size_t)AES_BLOCK * i, x[i]);
    return counter;
}

static void generate(struct aes256_state *st, uint8_t *out, size_t len, const uint8_t *data)
{
    __m128i rk[AES256_ROUNDS + 1], counter = aes256_reverse(aes256_load(st->v));
    uint8_t tail[(WIDE + NARROW) * AES_BLOCK]; /* at most 8 + 3 blocks */

    aes256_expand(rk, st->key);
    for (; len >= WIDE * AES_BLOCK; out += WIDE * AES_BLOCK, len -= WIDE * AES_BLOCK)
        counter = next_blocks(rk, counter, out, WIDE);
    if (len <= NARROW * AES_BLOCK - AES256_SEED) {
        next_blocks(rk, counter, tail, NARROW);
    } else {
        counter = next_blocks(rk, counter, tail, WIDE);
        if (len > WIDE * AES_BLOCK - AES256_SEED)
            next_blocks(rk, counter, tail + sizeof tail - NARROW * AES_BLOCK, NARROW);
    }
    aes256_finish(st, out, len, tail, data);
    head2_wipe(tail, sizeof tail);
}

const struct aes256_kernels aes256_kernels_avx2 = {generate, aes256_x86_cbc_mac3,
                                                   aes256_x86_iterate3};
