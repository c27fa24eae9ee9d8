/*
 * What the two levels of vector code share: a chunk in four rows of a 128-bit state, and 8 lanes
 * with a word of all of them in each 256-bit register. The source is the same; with AVX-512 a
 * rotation is one instruction instead of two or three, and so is a choice among 16 words.
 */
#ifndef HEAD2_HASH_BLAKE3_X86_H
#define HEAD2_HASH_BLAKE3_X86_H

#include "hash/blake3_kernels.h"

#include <immintrin.h>

#ifdef __AVX512VL__

#define ROTR128(v, n) _mm_ror_epi32(v, n)
#define ROTR256(v, n) _mm256_ror_epi32(v, n)

/* Words 0 to 15 of lo and hi by index. */
static HEAD2_ALWAYS_INLINE __m256i pick8(__m256i lo, __m256i hi, __m256i index)
{
    return _mm256_permutex2var_epi32(lo, index, hi);
}

#else

/* Whole bytes move by a shuffle, the rest by two shifts. */
static HEAD2_ALWAYS_INLINE __m256i rotr256(__m256i v, int n)
{
    const __m128i by16 = _mm_set_epi8(13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2);
    const __m128i by8 = _mm_set_epi8(12, 15, 14, 13, 8, 11, 10, 9, 4, 7, 6, 5, 0, 3, 2, 1);

    if (n == 16)
        return _mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(by16));
    if (n == 8)
        return _mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(by8));
    return _mm256_or_si256(_mm256_srli_epi32(v, n), _mm256_slli_epi32(v, 32 - n));
}

#define ROTR256(v, n) rotr256(v, n)
#define ROTR128(v, n) _mm256_castsi256_si128(rotr256(_mm256_castsi128_si256(v), n))

static HEAD2_ALWAYS_INLINE __m256i pick8(__m256i lo, __m256i hi, __m256i index)
{
    const __m256i from_hi = _mm256_slli_epi32(index, 28); /* bit 3 becomes the sign */
    const __m256i a = _mm256_permutevar8x32_epi32(lo, index);
    const __m256i b = _mm256_permutevar8x32_epi32(hi, index);

    return _mm256_castps_si256(_mm256_blendv_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b),
                                                _mm256_castsi256_ps(from_hi)));
}

#endif

/*
 * The sums a + x + b are on the path that everything waits for, and b comes last. Compilers like to
 * add x and b first; this keeps them from it.
 */
static HEAD2_ALWAYS_INLINE __m128i sum128(__m128i a, __m128i x, __m128i b)
{
    __m128i ax = _mm_add_epi32(a, x);

    __asm__("" : "+v"(ax));
    return _mm_add_epi32(ax, b);
}

static HEAD2_ALWAYS_INLINE __m256i sum256(__m256i a, __m256i x, __m256i b)
{
    __m256i ax = _mm256_add_epi32(a, x);

    __asm__("" : "+v"(ax));
    return _mm256_add_epi32(ax, b);
}

/* ---- one chunk: rows a, b, c, d ---- */

/* blake3_schedule with, in each half of a round, the four x before the four y. */
static const uint32_t row_schedule[7][16] __attribute__((aligned(32))) = {
    {0,  2,  4,  6,  1,  3,  5,  7,  14, 8,  10, 12, 15, 9,  11, 13},
    {2,  3,  7,  4,  6,  10, 0,  13, 15, 1,  12, 9,  8,  11, 5,  14},
    {3,  10, 13, 7,  4,  12, 2,  14, 8,  6,  9,  11, 1,  5,  0,  15},
    {10, 12, 14, 13, 7,  9,  3,  15, 1,  4,  11, 5,  6,  0,  2,  8 },
    {12, 9,  15, 14, 13, 11, 10, 8,  6,  7,  5,  0,  4,  2,  3,  1 },
    {9,  11, 8,  15, 14, 5,  12, 1,  4,  13, 0,  2,  7,  3,  10, 6 },
    {11, 5,  1,  8,  15, 0,  9,  6,  7,  14, 2,  3,  13, 10, 12, 4 },
};

static HEAD2_ALWAYS_INLINE void row_mix(__m128i v[4], __m128i x, __m128i y)
{
    v[0] = sum128(v[0], x, v[1]);
    v[3] = ROTR128(_mm_xor_si128(v[3], v[0]), 16);
    v[2] = _mm_add_epi32(v[2], v[3]);
    v[1] = ROTR128(_mm_xor_si128(v[1], v[2]), 12);
    v[0] = sum128(v[0], y, v[1]);
    v[3] = ROTR128(_mm_xor_si128(v[3], v[0]), 8);
    v[2] = _mm_add_epi32(v[2], v[3]);
    v[1] = ROTR128(_mm_xor_si128(v[1], v[2]), 7);
}

/* Between columns and diagonals the other rows turn about row b, which is the last to be ready. */
static HEAD2_ALWAYS_INLINE void row_round(__m128i v[4], __m256i lo, __m256i hi, unsigned r)
{
    const __m256i *at = (const __m256i *)(const void *)row_schedule[r];
    const __m256i columns = pick8(lo, hi, at[0]);
    const __m256i diagonals = pick8(lo, hi, at[1]);

    row_mix(v, _mm256_castsi256_si128(columns), _mm256_extracti128_si256(columns, 1));
    v[0] = _mm_shuffle_epi32(v[0], 0x93);
    v[2] = _mm_shuffle_epi32(v[2], 0x39);
    v[3] = _mm_shuffle_epi32(v[3], 0x4e);
    row_mix(v, _mm256_castsi256_si128(diagonals), _mm256_extracti128_si256(diagonals, 1));
    v[0] = _mm_shuffle_epi32(v[0], 0x39);
    v[2] = _mm_shuffle_epi32(v[2], 0x93);
    v[3] = _mm_shuffle_epi32(v[3], 0x4e);
}

/* The state after the rounds; cv is rows a and b of the input. */
static HEAD2_ALWAYS_INLINE void row_compress(__m128i v[4], const __m128i cv[2],
                                             const uint8_t *block, uint64_t counter, uint32_t len,
                                             uint32_t flags)
{
    const __m256i lo = _mm256_loadu_si256((const __m256i *)(const void *)block);
    const __m256i hi = _mm256_loadu_si256((const __m256i *)(const void *)(block + 32));

    v[0] = cv[0];
    v[1] = cv[1];
    v[2] = _mm_loadu_si128((const __m128i *)(const void *)blake3_iv);
    v[3] = _mm_set_epi32((int)flags, (int)len, (int)(counter >> 32), (int)counter);
    row_round(v, lo, hi, 0);
    row_round(v, lo, hi, 1);
    row_round(v, lo, hi, 2);
    row_round(v, lo, hi, 3);
    row_round(v, lo, hi, 4);
    row_round(v, lo, hi, 5);
    row_round(v, lo, hi, 6);
}

static void row_run(uint32_t cv[8], const struct blake3_run *r)
{
    __m128i *const words = (__m128i *)(void *)cv;
    __m128i h[2] = {_mm_loadu_si128(words), _mm_loadu_si128(words + 1)};
    __m128i v[4];
    uint32_t flags = r->flags | r->first;
    uint32_t len = BLAKE3_BLOCK;

    for (size_t i = 0; i < r->blocks; i++) {
        if (i == r->blocks - 1) {
            flags |= r->last;
            len = r->last_len;
        }
        row_compress(v, h, r->in + BLAKE3_BLOCK * i, r->counter, len, flags);
        h[0] = _mm_xor_si128(v[0], v[2]);
        h[1] = _mm_xor_si128(v[1], v[3]);
        flags = r->flags;
    }
    _mm_storeu_si128(words, h[0]);
    _mm_storeu_si128(words + 1, h[1]);
}

static void row_output(uint32_t out[16], const uint32_t cv[8], const struct blake3_run *r)
{
    const __m128i *words = (const __m128i *)(const void *)cv;
    const __m128i h[2] = {_mm_loadu_si128(words), _mm_loadu_si128(words + 1)};
    __m128i *to = (__m128i *)(void *)out;
    __m128i v[4];

    row_compress(v, h, r->in, r->counter, r->last_len, r->flags | r->first | r->last);
    _mm_storeu_si128(to, _mm_xor_si128(v[0], v[2]));
    _mm_storeu_si128(to + 1, _mm_xor_si128(v[1], v[3]));
    _mm_storeu_si128(to + 2, _mm_xor_si128(v[2], h[0]));
    _mm_storeu_si128(to + 3, _mm_xor_si128(v[3], h[1]));
}

/* ---- 8 lanes: word i of all of them in register i ---- */

static HEAD2_ALWAYS_INLINE void mix8(__m256i v[16], const uint8_t at[4], __m256i x, __m256i y)
{
    __m256i a = v[at[0]];
    __m256i b = v[at[1]];
    __m256i c = v[at[2]];
    __m256i d = v[at[3]];

    a = sum256(a, x, b);
    d = ROTR256(_mm256_xor_si256(d, a), 16);
    c = _mm256_add_epi32(c, d);
    b = ROTR256(_mm256_xor_si256(b, c), 12);
    a = sum256(a, y, b);
    d = ROTR256(_mm256_xor_si256(d, a), 8);
    c = _mm256_add_epi32(c, d);
    b = ROTR256(_mm256_xor_si256(b, c), 7);
    v[at[0]] = a;
    v[at[1]] = b;
    v[at[2]] = c;
    v[at[3]] = d;
}

static HEAD2_ALWAYS_INLINE void round8(__m256i v[16], const __m256i m[16], unsigned r)
{
    const uint8_t *s = blake3_schedule[r];

    mix8(v, blake3_quarters[0], m[s[0]], m[s[1]]);
    mix8(v, blake3_quarters[1], m[s[2]], m[s[3]]);
    mix8(v, blake3_quarters[2], m[s[4]], m[s[5]]);
    mix8(v, blake3_quarters[3], m[s[6]], m[s[7]]);
    mix8(v, blake3_quarters[4], m[s[8]], m[s[9]]);
    mix8(v, blake3_quarters[5], m[s[10]], m[s[11]]);
    mix8(v, blake3_quarters[6], m[s[12]], m[s[13]]);
    mix8(v, blake3_quarters[7], m[s[14]], m[s[15]]);
}

/* Four words of two lanes, 4 lanes apart, which a transposition within 128 bits brings in order. */
static HEAD2_ALWAYS_INLINE __m256i two_lanes(const uint8_t *lane, const uint8_t *lane_4)
{
    const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)lane);
    const __m128i high = _mm_loadu_si128((const __m128i *)(const void *)lane_4);

    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

/* Words at, ..., at + 3 of the block at offset of each lane. */
static HEAD2_ALWAYS_INLINE void load8(__m256i m[4], const uint8_t *const in[], size_t offset)
{
    const __m256i a = two_lanes(in[0] + offset, in[4] + offset);
    const __m256i b = two_lanes(in[1] + offset, in[5] + offset);
    const __m256i c = two_lanes(in[2] + offset, in[6] + offset);
    const __m256i d = two_lanes(in[3] + offset, in[7] + offset);
    const __m256i ab_low = _mm256_unpacklo_epi32(a, b);
    const __m256i ab_high = _mm256_unpackhi_epi32(a, b);
    const __m256i cd_low = _mm256_unpacklo_epi32(c, d);
    const __m256i cd_high = _mm256_unpackhi_epi32(c, d);

    m[0] = _mm256_unpacklo_epi64(ab_low, cd_low);
    m[1] = _mm256_unpackhi_epi64(ab_low, cd_low);
    m[2] = _mm256_unpacklo_epi64(ab_high, cd_high);
    m[3] = _mm256_unpackhi_epi64(ab_high, cd_high);
}

static HEAD2_ALWAYS_INLINE __m256i column8(const uint32_t words[BLAKE3_LANES])
{
    return _mm256_load_si256((const __m256i *)(const void *)words);
}

/* The addresses of `width` lanes; where there is no lane, the first one's is read again. */
static HEAD2_ALWAYS_INLINE void blake3_addresses(const uint8_t **in, const struct blake3_lanes *l,
                                                 unsigned lanes, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        in[i] = l->in[i < lanes ? i : 0];
}

/* Lanes 0 to 7; all eight addresses must be good. */
static void lanes8(struct blake3_lanes *l, const uint8_t *const in[8], size_t blocks)
{
    __m256i h[8];
    __m256i m[16];
    __m256i flags = _mm256_or_si256(column8(l->flags), column8(l->first));
    __m256i len = _mm256_set1_epi32(BLAKE3_BLOCK);

    for (unsigned i = 0; i < 8; i++)
        h[i] = column8(l->cv[i]);
    for (size_t block = 0; block < blocks; block++) {
        if (block == blocks - 1) {
            flags = _mm256_or_si256(flags, column8(l->last));
            len = column8(l->last_len);
        }
        for (unsigned i = 0; i < 4; i++)
            load8(m + 4 * i, in, BLAKE3_BLOCK * block + 16 * i);
        __m256i v[16] = {h[0],
                         h[1],
                         h[2],
                         h[3],
                         h[4],
                         h[5],
                         h[6],
                         h[7],
                         _mm256_set1_epi32((int)blake3_iv[0]),
                         _mm256_set1_epi32((int)blake3_iv[1]),
                         _mm256_set1_epi32((int)blake3_iv[2]),
                         _mm256_set1_epi32((int)blake3_iv[3]),
                         column8(l->counter[0]),
                         column8(l->counter[1]),
                         len,
                         flags};
        round8(v, m, 0);
        round8(v, m, 1);
        round8(v, m, 2);
        round8(v, m, 3);
        round8(v, m, 4);
        round8(v, m, 5);
        round8(v, m, 6);
        for (unsigned i = 0; i < 8; i++)
            h[i] = _mm256_xor_si256(v[i], v[i + 8]);
        flags = column8(l->flags);
    }
    for (unsigned i = 0; i < 8; i++)
        _mm256_store_si256((__m256i *)(void *)l->cv[i], h[i]);
}

#endif
