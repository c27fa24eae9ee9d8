/*
 * BLAKE3 with AVX-512: 16 lanes, the whole state in 16 registers and a block in the other 16.
 */
#include "hash/blake3_x86.h"

/* The first of the two sums of a + x + b, which the compiler may not regroup: see sum128. */
static HEAD2_ALWAYS_INLINE __m512i added(__m512i a, __m512i x)
{
    __m512i ax = _mm512_add_epi32(a, x);

    __asm__("" : "+v"(ax));
    return ax;
}

/*
 * G on four columns or four diagonals, one step of all of them after the other: they are
 * independent, and in this order the two ports of 512-bit registers are kept busy. (gcc is told to
 * leave the order as it is, see CMakeLists.txt.)
 */
static HEAD2_ALWAYS_INLINE void half16(__m512i v[16], const __m512i m[16], unsigned r,
                                       unsigned half)
{
    const uint8_t(*const q)[4] = blake3_quarters + 4 * half;
    const uint8_t *s = blake3_schedule[r] + 8 * half;

    for (unsigned i = 0; i < 4; i++)
        v[q[i][0]] = added(v[q[i][0]], m[s[2 * i]]);
    for (unsigned i = 0; i < 4; i++)
        v[q[i][0]] = _mm512_add_epi32(v[q[i][0]], v[q[i][1]]);
    for (unsigned i = 0; i < 4; i++)
        v[q[i][3]] = _mm512_xor_si512(v[q[i][3]], v[q[i][0]]);
    for (unsigned i = 0; i < 4; i++)
        v[q[i][3]] = _mm512_ror_epi32(v[q[i][3]], 16);
    for (unsigned i = 0; i < 4; i++)
        v[q[i][2]] = _mm512_add_epi32(v[q[i][2]], v[q[i][3]]);
    for (unsigned i = 0; i < 4; i++)
        v[q[i][1]] = _mm512_xor_si512(v[q[i][1]], v[q[i][2]]);
    for (unsigned i = 0; i < 4; i++)
        v[q[i][1]] = _mm512_ror_epi32(v[q[i][1]], 12);
    for (unsigned i = 0; i < 4; i++)
        v[q[i][0]] = added(v[q[i][0]], m[s[2 * i + 1]]);
    for (unsigned i = 0; i < 4; i++)
        v[q[i][0]] = _mm512_add_epi32(v[q[i][0]], v[q[i][1]]);
    for (unsigned i = 0; i < 4; i++)
        v[q[i][3]] = _mm512_xor_si512(v[q[i][3]], v[q[i][0]]);
    for (unsigned i = 0; i < 4; i++)
        v[q[i][3]] = _mm512_ror_epi32(v[q[i][3]], 8);
    for (unsigned i = 0; i < 4; i++)
        v[q[i][2]] = _mm512_add_epi32(v[q[i][2]], v[q[i][3]]);
    for (unsigned i = 0; i < 4; i++)
        v[q[i][1]] = _mm512_xor_si512(v[q[i][1]], v[q[i][2]]);
    for (unsigned i = 0; i < 4; i++)
        v[q[i][1]] = _mm512_ror_epi32(v[q[i][1]], 7);
}

static HEAD2_ALWAYS_INLINE void round16(__m512i v[16], const __m512i m[16], unsigned r)
{
    half16(v, m, r, 0);
    half16(v, m, r, 1);
}

/* Eight words of two lanes, 4 lanes apart. */
static HEAD2_ALWAYS_INLINE __m512i two_lanes16(const uint8_t *lane, const uint8_t *lane_4)
{
    const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)lane);
    const __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)lane_4);

    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/* The transposition of 4 x 4 words within each 128 bits. */
static HEAD2_ALWAYS_INLINE void turn4(__m512i m[4])
{
    const __m512i ab_low = _mm512_unpacklo_epi32(m[0], m[1]);
    const __m512i ab_high = _mm512_unpackhi_epi32(m[0], m[1]);
    const __m512i cd_low = _mm512_unpacklo_epi32(m[2], m[3]);
    const __m512i cd_high = _mm512_unpackhi_epi32(m[2], m[3]);

    m[0] = _mm512_unpacklo_epi64(ab_low, cd_low);
    m[1] = _mm512_unpackhi_epi64(ab_low, cd_low);
    m[2] = _mm512_unpacklo_epi64(ab_high, cd_high);
    m[3] = _mm512_unpackhi_epi64(ab_high, cd_high);
}

/* Eight words, from offset on, of each lane. */
static HEAD2_ALWAYS_INLINE void load16(__m512i m[8], const uint8_t *const in[BLAKE3_LANES],
                                       size_t offset)
{
    __m512i low[4]; /* lanes 0 to 7: words 0 to 3 of four lanes, then words 4 to 7 */
    __m512i high[4];

    for (unsigned i = 0; i < 4; i++) {
        low[i] = two_lanes16(in[i] + offset, in[i + 4] + offset);
        high[i] = two_lanes16(in[i + 8] + offset, in[i + 12] + offset);
    }
    turn4(low);
    turn4(high);
    for (unsigned i = 0; i < 4; i++) {
        m[i] = _mm512_shuffle_i32x4(low[i], high[i], 0x88);
        m[i + 4] = _mm512_shuffle_i32x4(low[i], high[i], 0xdd);
    }
}

static HEAD2_ALWAYS_INLINE __m512i column16(const uint32_t words[BLAKE3_LANES])
{
    return _mm512_load_si512(words);
}

/* All 16 addresses must be good. */
static void lanes16(struct blake3_lanes *l, const uint8_t *const in[BLAKE3_LANES], size_t blocks)
{
    __m512i h[8];
    __m512i m[16];
    __m512i flags = _mm512_or_si512(column16(l->flags), column16(l->first));
    __m512i len = _mm512_set1_epi32(BLAKE3_BLOCK);

    for (unsigned i = 0; i < 8; i++)
        h[i] = column16(l->cv[i]);
    for (size_t block = 0; block < blocks; block++) {
        if (block == blocks - 1) {
            flags = _mm512_or_si512(flags, column16(l->last));
            len = column16(l->last_len);
        }
        load16(m, in, BLAKE3_BLOCK * block);
        load16(m + 8, in, BLAKE3_BLOCK * block + 32);
        __m512i v[16] = {h[0],
                         h[1],
                         h[2],
                         h[3],
                         h[4],
                         h[5],
                         h[6],
                         h[7],
                         _mm512_set1_epi32((int)blake3_iv[0]),
                         _mm512_set1_epi32((int)blake3_iv[1]),
                         _mm512_set1_epi32((int)blake3_iv[2]),
                         _mm512_set1_epi32((int)blake3_iv[3]),
                         column16(l->counter[0]),
                         column16(l->counter[1]),
                         len,
                         flags};
        round16(v, m, 0);
        round16(v, m, 1);
        round16(v, m, 2);
        round16(v, m, 3);
        /* more streams than the hardware would guess */
        for (unsigned i = 0; i < BLAKE3_LANES; i++)
            __builtin_prefetch(in[i] + BLAKE3_BLOCK * (block + 2));
        round16(v, m, 4);
        round16(v, m, 5);
        round16(v, m, 6);
        for (unsigned i = 0; i < 8; i++)
            h[i] = _mm512_xor_si512(v[i], v[i + 8]);
        flags = column16(l->flags);
    }
    for (unsigned i = 0; i < 8; i++)
        _mm512_store_si512(l->cv[i], h[i]);
}

/* ---- up to 4 lanes, each in rows, a row of all of them in one register ---- */

static HEAD2_ALWAYS_INLINE void rows4_mix(__m512i v[4], __m512i x, __m512i y)
{
    v[0] = _mm512_add_epi32(added(v[0], x), v[1]);
    v[3] = _mm512_ror_epi32(_mm512_xor_si512(v[3], v[0]), 16);
    v[2] = _mm512_add_epi32(v[2], v[3]);
    v[1] = _mm512_ror_epi32(_mm512_xor_si512(v[1], v[2]), 12);
    v[0] = _mm512_add_epi32(added(v[0], y), v[1]);
    v[3] = _mm512_ror_epi32(_mm512_xor_si512(v[3], v[0]), 8);
    v[2] = _mm512_add_epi32(v[2], v[3]);
    v[1] = _mm512_ror_epi32(_mm512_xor_si512(v[1], v[2]), 7);
}

/* Each lane's block in the order of row_schedule, then the lanes' quarters side by side. */
static HEAD2_ALWAYS_INLINE void rows4_round(__m512i v[4], const __m512i m[4], unsigned r)
{
    const __m512i at = _mm512_loadu_si512(row_schedule[r]);
    const __m512i a = _mm512_permutexvar_epi32(at, m[0]);
    const __m512i b = _mm512_permutexvar_epi32(at, m[1]);
    const __m512i c = _mm512_permutexvar_epi32(at, m[2]);
    const __m512i d = _mm512_permutexvar_epi32(at, m[3]);
    const __m512i ab_columns = _mm512_shuffle_i32x4(a, b, 0x44);
    const __m512i cd_columns = _mm512_shuffle_i32x4(c, d, 0x44);
    const __m512i ab_diagonals = _mm512_shuffle_i32x4(a, b, 0xee);
    const __m512i cd_diagonals = _mm512_shuffle_i32x4(c, d, 0xee);

    rows4_mix(v, _mm512_shuffle_i32x4(ab_columns, cd_columns, 0x88),
              _mm512_shuffle_i32x4(ab_columns, cd_columns, 0xdd));
    v[0] = _mm512_shuffle_epi32(v[0], 0x93);
    v[2] = _mm512_shuffle_epi32(v[2], 0x39);
    v[3] = _mm512_shuffle_epi32(v[3], 0x4e);
    rows4_mix(v, _mm512_shuffle_i32x4(ab_diagonals, cd_diagonals, 0x88),
              _mm512_shuffle_i32x4(ab_diagonals, cd_diagonals, 0xdd));
    v[0] = _mm512_shuffle_epi32(v[0], 0x39);
    v[2] = _mm512_shuffle_epi32(v[2], 0x93);
    v[3] = _mm512_shuffle_epi32(v[3], 0x4e);
}

/* Row d of the lanes: counter, length and flags. */
static void rows4_tail(uint32_t d[BLAKE3_LANES], const struct blake3_lanes *l, bool first,
                       bool last)
{
    for (unsigned i = 0; i < 4; i++) {
        d[4 * i] = l->counter[0][i];
        d[4 * i + 1] = l->counter[1][i];
        d[4 * i + 2] = last ? l->last_len[i] : BLAKE3_BLOCK;
        d[4 * i + 3] = l->flags[i] | (first ? l->first[i] : 0) | (last ? l->last[i] : 0);
    }
}

/* Lanes 0 to 3; all four addresses must be good. */
static void rows4(struct blake3_lanes *l, const uint8_t *const in[4], size_t blocks)
{
    _Alignas(64) uint32_t words[2][BLAKE3_LANES];
    _Alignas(64) uint32_t tail[3][BLAKE3_LANES]; /* of the first block, a middle one, the last */
    __m512i v[4], m[4];

    for (unsigned i = 0; i < 4; i++)
        for (unsigned j = 0; j < 8; j++)
            words[j / 4][4 * i + j % 4] = l->cv[j][i];
    rows4_tail(tail[0], l, true, blocks == 1);
    rows4_tail(tail[1], l, false, false);
    rows4_tail(tail[2], l, false, true);
    __m512i a = _mm512_load_si512(words[0]);
    __m512i b = _mm512_load_si512(words[1]);
    const __m512i c =
        _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)blake3_iv));
    for (size_t block = 0; block < blocks; block++) {
        for (unsigned i = 0; i < 4; i++)
            m[i] = _mm512_loadu_si512(in[i] + BLAKE3_BLOCK * block);
        v[0] = a;
        v[1] = b;
        v[2] = c;
        v[3] = _mm512_load_si512(tail[block == 0 ? 0 : block == blocks - 1 ? 2 : 1]);
        rows4_round(v, m, 0);
        rows4_round(v, m, 1);
        rows4_round(v, m, 2);
        rows4_round(v, m, 3);
        rows4_round(v, m, 4);
        rows4_round(v, m, 5);
        rows4_round(v, m, 6);
        a = _mm512_xor_si512(v[0], v[2]);
        b = _mm512_xor_si512(v[1], v[3]);
    }
    _mm512_store_si512(words[0], a);
    _mm512_store_si512(words[1], b);
    for (unsigned i = 0; i < 4; i++)
        for (unsigned j = 0; j < 8; j++)
            l->cv[j][i] = words[j / 4][4 * i + j % 4];
}

/* Few lanes go through 256-bit registers, which have three ports instead of two. */
static void lanes_avx512(struct blake3_lanes *l, unsigned lanes, size_t blocks)
{
    const uint8_t *in[BLAKE3_LANES];

    HEAD2_REQUIRES(lanes > 0 && lanes <= BLAKE3_LANES);
    if (lanes == 1) {
        blake3_lanes_in_turn(l, lanes, blocks, row_run);
    } else if (lanes <= 4) {
        blake3_addresses(in, l, lanes, 4);
        rows4(l, in, blocks);
    } else if (lanes <= 8) {
        blake3_addresses(in, l, lanes, 8);
        lanes8(l, in, blocks);
    } else {
        blake3_addresses(in, l, lanes, BLAKE3_LANES);
        lanes16(l, in, blocks);
    }
}

/* The inverse of load16: after turn4, row i has words 0 to 3 (or 4 to 7) of lanes i, i + 4, ... */
static void store_avx512(uint8_t out[][32], const struct blake3_lanes *l, unsigned lanes)
{
    __m512i low[4];
    __m512i high[4];

    if (lanes < BLAKE3_LANES) {
        blake3_store(out, l, lanes);
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        low[i] = column16(l->cv[i]);
        high[i] = column16(l->cv[i + 4]);
    }
    turn4(low);
    turn4(high);
    for (unsigned i = 0; i < 4; i++) {
        const __m512i a = _mm512_shuffle_i32x4(low[i], high[i], 0x44);
        const __m512i b = _mm512_shuffle_i32x4(low[i], high[i], 0xee);
        const __m512i a_turned = _mm512_shuffle_i32x4(a, a, 0xd8);
        const __m512i b_turned = _mm512_shuffle_i32x4(b, b, 0xd8);
        _mm256_storeu_si256((__m256i *)(void *)out[i], _mm512_castsi512_si256(a_turned));
        _mm256_storeu_si256((__m256i *)(void *)out[i + 4], _mm512_extracti64x4_epi64(a_turned, 1));
        _mm256_storeu_si256((__m256i *)(void *)out[i + 8], _mm512_castsi512_si256(b_turned));
        _mm256_storeu_si256((__m256i *)(void *)out[i + 12], _mm512_extracti64x4_epi64(b_turned, 1));
    }
}

const struct blake3_kernels blake3_kernels_avx512 = {
    .width = 16,
    .run = row_run,
    .output = row_output,
    .lanes = lanes_avx512,
    .store = store_avx512,
};
