/*
 * What the AES-NI and the VAES kernels share: key expansion, and the chains of the derivation
 * function, whose blocks wait for each other and gain nothing from wider vectors.
 */
#ifndef HEAD2_ENTROPY_AES256_X86_H
#define HEAD2_ENTROPY_AES256_X86_H

#include "entropy/aes256.h"

#include <immintrin.h>

enum { AES256_ROUNDS = 14 };

static HEAD2_ALWAYS_INLINE __m128i aes256_load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static HEAD2_ALWAYS_INLINE void aes256_store(uint8_t *p, __m128i x)
{
    _mm_storeu_si128((__m128i *)(void *)p, x);
}

/* A block's 128-bit number, most significant byte last; and back. */
static HEAD2_ALWAYS_INLINE __m128i aes256_reverse(__m128i x)
{
    return _mm_shuffle_epi8(x, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

/* Each word XORed with all words before it. */
static HEAD2_ALWAYS_INLINE __m128i aes256_running_xor(__m128i k)
{
    k = _mm_xor_si128(k, _mm_slli_si128(k, 4));
    return _mm_xor_si128(k, _mm_slli_si128(k, 8));
}

/*
 * FIPS 197, 5.2. SubWord is the last round of AES on four copies of the word: ShiftRows has nothing
 * to move then, and the round constant is the round's key. On Intel that takes a third of the time
 * of AESKEYGENASSIST, which is microcode.
 */
static HEAD2_ALWAYS_INLINE void aes256_expand(__m128i rk[AES256_ROUNDS + 1],
                                              const uint8_t key[AES256_KEY])
{
    const __m128i rot_word = _mm_set1_epi32(0x0c0f0e0d), last_word = _mm_set1_epi32(0x0f0e0d0c);
    __m128i rcon = _mm_set1_epi32(1);

    rk[0] = aes256_load(key);
    rk[1] = aes256_load(key + 16);
#pragma GCC unroll 7
    for (unsigned i = 2; i <= AES256_ROUNDS; i += 2) {
        const __m128i even = _mm_aesenclast_si128(_mm_shuffle_epi8(rk[i - 1], rot_word), rcon);
        rk[i] = _mm_xor_si128(aes256_running_xor(rk[i - 2]), even);
        if (i < AES256_ROUNDS) {
            const __m128i odd =
                _mm_aesenclast_si128(_mm_shuffle_epi8(rk[i], last_word), _mm_setzero_si128());
            rk[i + 1] = _mm_xor_si128(aes256_running_xor(rk[i - 1]), odd);
        }
        rcon = _mm_slli_epi32(rcon, 1);
    }
}

/* n blocks in place, n a constant. */
static HEAD2_ALWAYS_INLINE void aes256_encrypt(const __m128i rk[AES256_ROUNDS + 1], __m128i x[],
                                               unsigned n)
{
#pragma GCC unroll 8
    for (unsigned i = 0; i < n; i++)
        x[i] = _mm_xor_si128(x[i], rk[0]);
#pragma GCC unroll 14
    for (unsigned r = 1; r < AES256_ROUNDS; r++)
#pragma GCC unroll 8
        for (unsigned i = 0; i < n; i++)
            x[i] = _mm_aesenc_si128(x[i], rk[r]);
#pragma GCC unroll 8
    for (unsigned i = 0; i < n; i++)
        x[i] = _mm_aesenclast_si128(x[i], rk[AES256_ROUNDS]);
}

static void aes256_x86_cbc_mac3(const uint8_t key[AES256_KEY], uint8_t mac[3][AES_BLOCK],
                                const uint8_t *in, size_t blocks)
{
    __m128i rk[AES256_ROUNDS + 1];
    __m128i x[3] = {aes256_load(mac[0]), aes256_load(mac[1]), aes256_load(mac[2])};

    aes256_expand(rk, key);
    for (; blocks != 0; blocks--, in += AES_BLOCK) {
        const __m128i block = aes256_load(in);
        for (unsigned i = 0; i < 3; i++)
            x[i] = _mm_xor_si128(x[i], block);
        aes256_encrypt(rk, x, 3);
    }
    for (unsigned i = 0; i < 3; i++)
        aes256_store(mac[i], x[i]);
}

static void aes256_x86_iterate3(const uint8_t key[AES256_KEY], const uint8_t x[AES_BLOCK],
                                uint8_t out[AES256_SEED])
{
    __m128i rk[AES256_ROUNDS + 1], y = aes256_load(x);

    aes256_expand(rk, key);
    for (unsigned i = 0; i < AES256_SEED; i += AES_BLOCK) {
        aes256_encrypt(rk, &y, 1);
        aes256_store(out + i, y);
    }
}

#endif
