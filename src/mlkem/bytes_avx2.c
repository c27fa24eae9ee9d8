/*
 * Encodings and sampling of ML-KEM for AVX2, 16 coefficients a vector.
 */
#include "mlkem/kernels_avx2.h"

/* ---- bits: eight coefficients of d bits are d bytes, the share of half a vector ---- */

/* 2 d bytes: the first d at the beginning of the lower half, the others at LANE_1(d) of the upper.
 */
#define LANE_1(d) ((d) >= 10 ? 16 - (d) : (d))

static HEAD2_ALWAYS_INLINE vec load_halves(const uint8_t *in, unsigned d)
{
    __m128i low;

    if (d >= 10)
        return _mm256_set_m128i(_mm_loadu_si128((const __m128i *)(in + 2 * d - 16)),
                                _mm_loadu_si128((const __m128i *)in));
    low = _mm_loadl_epi64((const __m128i *)in);
    if (d == 5)
        low = _mm_insert_epi16(low, in[8] | in[9] << 8, 4);
    return _mm256_broadcastsi128_si256(low);
}

/* The two bytes in which coefficient j of d <= 5, 10 or 12 bits begins and ends, and the factor
 * that moves it to their upper end. */
#define BYTES(d, base, j) (char)((base) + (d) * (j) / 8), (char)((base) + (d) * (j) / 8 + 1)
#define HALF_BYTES(d, base)                                                                        \
    BYTES(d, base, 0), BYTES(d, base, 1), BYTES(d, base, 2), BYTES(d, base, 3), BYTES(d, base, 4), \
        BYTES(d, base, 5), BYTES(d, base, 6), BYTES(d, base, 7)
#define UP(d, j)    (short)(1u << (16 - (d) - (d) * (j) % 8))
#define HALF_UPS(d) UP(d, 0), UP(d, 1), UP(d, 2), UP(d, 3), UP(d, 4), UP(d, 5), UP(d, 6), UP(d, 7)

static HEAD2_ALWAYS_INLINE vec unpack_words(vec halves, vec which, vec ups, int d)
{
    return _mm256_srli_epi16(_mm256_mullo_epi16(_mm256_shuffle_epi8(halves, which), ups), 16 - d);
}

/* Eleven bits may lie in three bytes: four coefficients at a time, in doublewords. */
static HEAD2_ALWAYS_INLINE vec unpack_11(vec halves)
{
    const vec first = _mm256_setr_epi8(0, 1, -1, -1, 1, 2, -1, -1, 2, 3, 4, -1, 4, 5, -1, -1, /**/
                                       5, 6, -1, -1, 6, 7, -1, -1, 7, 8, 9, -1, 9, 10, -1, -1);
    const vec second =
        _mm256_setr_epi8(5, 6, -1, -1, 6, 7, 8, -1, 8, 9, -1, -1, 9, 10, -1, -1, /**/
                         10, 11, -1, -1, 11, 12, 13, -1, 13, 14, -1, -1, 14, 15, -1, -1);
    const vec a = _mm256_srlv_epi32(_mm256_shuffle_epi8(halves, first),
                                    _mm256_setr_epi32(0, 3, 6, 1, 0, 3, 6, 1));
    const vec b = _mm256_srlv_epi32(_mm256_shuffle_epi8(halves, second),
                                    _mm256_setr_epi32(4, 7, 2, 5, 4, 7, 2, 5));
    const vec mask = _mm256_set1_epi32(0x7ff);

    return _mm256_packus_epi32(_mm256_and_si256(a, mask), _mm256_and_si256(b, mask));
}

#define UNPACK(halves, d)                                                                          \
    unpack_words(halves, _mm256_setr_epi8(HALF_BYTES(d, 0), HALF_BYTES(d, LANE_1(d))),             \
                 _mm256_setr_epi16(HALF_UPS(d), HALF_UPS(d)), d)

/* Algorithm 6 (ByteDecode_d) for 16 coefficients, 2 d bytes. */
static HEAD2_ALWAYS_INLINE vec unpack(const uint8_t *in, unsigned d)
{
    const vec halves = load_halves(in, d);

    if (d == 4)
        return UNPACK(halves, 4);
    if (d == 5)
        return UNPACK(halves, 5);
    if (d == 10)
        return UNPACK(halves, 10);
    if (d == 11)
        return unpack_11(halves);
    return UNPACK(halves, 12);
}

/* The first d bytes of each half, 10 <= d <= 12. */
static HEAD2_ALWAYS_INLINE void store_halves(uint8_t *out, vec v, unsigned d)
{
    const __m128i half[2] = {_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)};

    for (unsigned i = 0; i < 2; i++) {
        const int rest = _mm_extract_epi32(half[i], 2);
        _mm_storel_epi64((__m128i *)out, half[i]);
        memcpy(out + 8, &rest, d == 12 ? 4 : d == 11 ? 3 : 2);
        out += d;
    }
}

/* Algorithm 5 (ByteEncode_d) for 16 coefficients below 2^d, d from 10 to 12: two to a doubleword,
 * two of those to a quadword, and two of those to d bytes. */
static HEAD2_ALWAYS_INLINE void pack(uint8_t *out, vec v, unsigned d)
{
    const vec pairs = _mm256_madd_epi16(v, _mm256_set1_epi32(1 | 1 << (16 + d)));
    const vec up = _mm256_sllv_epi32(pairs, _mm256_set1_epi64x(32 - 2 * (int)d));
    const vec quads = _mm256_srli_epi64(up, 32 - 2 * (int)d);
    vec bytes;

    if (d == 11) {
        const vec low = _mm256_or_si256(
            quads, _mm256_slli_epi64(_mm256_bsrli_epi128(quads, 8), 44)); /* 20 bits of the other */
        bytes = _mm256_blend_epi32(low, _mm256_srli_epi64(quads, 20), 0xcc);
    } else if (d == 10) {
        const __m128i which =
            _mm_setr_epi8(0, 1, 2, 3, 4, 8, 9, 10, 11, 12, -1, -1, -1, -1, -1, -1);
        bytes = _mm256_shuffle_epi8(quads, _mm256_broadcastsi128_si256(which));
    } else {
        const __m128i which = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1);
        bytes = _mm256_shuffle_epi8(quads, _mm256_broadcastsi128_si256(which));
    }
    store_halves(out, bytes, d);
}

void mlkem_encode_avx2(uint8_t out[MLKEM_POLY_BYTES], const struct mlkem_poly *f)
{
    for (unsigned i = 0; i < VECS; i++)
        pack(out + (size_t)24 * i, canonical(load(f, i)), 12);
}

void mlkem_decode_avx2(struct mlkem_poly *f, const uint8_t in[MLKEM_POLY_BYTES])
{
    for (unsigned i = 0; i < VECS; i++)
        store(f, i, unpack(in + (size_t)24 * i, 12));
}

bool mlkem_is_reduced_avx2(const uint8_t in[MLKEM_POLY_BYTES])
{
    vec above = _mm256_setzero_si256();

    for (unsigned i = 0; i < VECS; i++)
        above = _mm256_or_si256(
            above, _mm256_cmpgt_epi16(unpack(in + (size_t)24 * i, 12), set1(MLKEM_Q - 1)));
    return _mm256_testz_si256(above, above) != 0;
}

static HEAD2_ALWAYS_INLINE vec shift_left(vec v, unsigned d)
{
    return _mm256_sll_epi16(v, _mm_cvtsi32_si128((int)d));
}

/*
 * Compress_d for d = 10 and 11, x in [0, q): y = round(x factor / 2^15) with factor just below
 * 2^(15 + d) / q is the result or one less: one less when more than q / 2 is left of 2^d x.
 */
static HEAD2_ALWAYS_INLINE vec compress_long(vec x, unsigned d, int16_t factor)
{
    const vec y = _mm256_mulhrs_epi16(x, set1(factor));
    const vec left = _mm256_sub_epi16(shift_left(x, d), _mm256_mullo_epi16(y, set1(MLKEM_Q)));
    const vec more = _mm256_cmpgt_epi16(left, set1(MLKEM_HALF_Q)); /* -1 */

    return _mm256_and_si256(_mm256_sub_epi16(y, more), set1((int16_t)((1 << d) - 1)));
}

/* Compress_d for d = 4 and 5: one bit more than is wanted, rounded. factor is 2^(17 + d) / q. That
 * this is exact for all x in [0, q) is checked by trying them. */
static HEAD2_ALWAYS_INLINE vec compress_short(vec x, unsigned d, int16_t factor)
{
    const vec twice = _mm256_mulhi_epi16(x, set1(factor));
    const vec y = _mm256_srli_epi16(_mm256_add_epi16(twice, set1(1)), 1);

    return _mm256_and_si256(y, set1((int16_t)((1 << d) - 1)));
}

/* The 32 lanes of x as bytes. */
static HEAD2_ALWAYS_INLINE vec bytes_of(vec a, vec b)
{
    return _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xd8);
}

static HEAD2_ALWAYS_INLINE void compress_4(uint8_t *out, const vec x[2])
{
    const vec bytes = bytes_of(compress_short(x[0], 4, 630), compress_short(x[1], 4, 630));
    const vec pairs = _mm256_maddubs_epi16(bytes, set1(0x1001));

    _mm_storeu_si128((__m128i *)out, _mm_packus_epi16(_mm256_castsi256_si128(pairs),
                                                      _mm256_extracti128_si256(pairs, 1)));
}

static HEAD2_ALWAYS_INLINE void compress_5(uint8_t *out, const vec x[2])
{
    const vec bytes = bytes_of(compress_short(x[0], 5, 1260), compress_short(x[1], 5, 1260));

    pack(out, _mm256_maddubs_epi16(bytes, set1(0x2001)), 10); /* two are a number of ten bits */
}

/* Compress_1 is 1 from 833 to 2496: where 2 x - q is less than 1664 either way. */
static HEAD2_ALWAYS_INLINE vec compress_1(vec x)
{
    const vec off = _mm256_sub_epi16(_mm256_add_epi16(x, x), set1(MLKEM_Q));

    return _mm256_cmpgt_epi16(set1(1664), _mm256_abs_epi16(off));
}

static HEAD2_ALWAYS_INLINE void compress_all(uint8_t *out, const struct mlkem_poly *f, unsigned d)
{
    for (unsigned i = 0; i < VECS; i += 2) {
        const vec x[2] = {canonical(load(f, i)), canonical(load(f, i + 1))};
        if (d == 10 || d == 11) {
            const int16_t factor = d == 10 ? 10079 : 20158;
            pack(out, compress_long(x[0], d, factor), d);
            pack(out + (size_t)2 * d, compress_long(x[1], d, factor), d);
        } else if (d == 5) {
            compress_5(out, x);
        } else if (d == 4) {
            compress_4(out, x);
        } else {
            const vec ones = _mm256_packs_epi16(compress_1(x[0]), compress_1(x[1]));
            put_le32(out, (uint32_t)_mm256_movemask_epi8(_mm256_permute4x64_epi64(ones, 0xd8)));
        }
        out += (size_t)4 * d;
    }
}

void mlkem_compress_avx2(uint8_t *out, const struct mlkem_poly *f, unsigned d)
{
    HEAD2_REQUIRES(d == 1 || d == 4 || d == 5 || d == 10 || d == 11);
    if (d == 1)
        compress_all(out, f, 1);
    else if (d == 4)
        compress_all(out, f, 4);
    else if (d == 5)
        compress_all(out, f, 5);
    else if (d == 10)
        compress_all(out, f, 10);
    else
        compress_all(out, f, 11);
}

/* Decompress_d(y) is round(y 2^(15 - d) q / 2^15). */
static HEAD2_ALWAYS_INLINE void decompress_all(struct mlkem_poly *f, const uint8_t *in, unsigned d)
{
    for (unsigned i = 0; i < VECS; i++) {
        const vec y = unpack(in + (size_t)2 * d * i, d);
        store(f, i, _mm256_mulhrs_epi16(shift_left(y, 15 - d), set1(MLKEM_Q)));
    }
}

static void decompress_1(struct mlkem_poly *f, const uint8_t *in)
{
    const vec bit = _mm256_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192,
                                      16384, INT16_MIN);

    for (unsigned i = 0; i < VECS; i++) {
        const vec bits = set1((int16_t)(in[2 * i] | in[2 * i + 1] << 8));
        const vec ones = _mm256_cmpeq_epi16(_mm256_and_si256(bits, bit), bit);
        store(f, i, _mm256_and_si256(ones, set1((MLKEM_Q + 1) / 2)));
    }
}

void mlkem_decompress_avx2(struct mlkem_poly *f, const uint8_t *in, unsigned d)
{
    HEAD2_REQUIRES(d == 1 || d == 4 || d == 5 || d == 10 || d == 11);
    if (d == 1)
        decompress_1(f, in);
    else if (d == 4)
        decompress_all(f, in, 4);
    else if (d == 5)
        decompress_all(f, in, 5);
    else if (d == 10)
        decompress_all(f, in, 10);
    else
        decompress_all(f, in, 11);
}

/* ---- sampling ---- */

/* For each mask of eight lanes, where the chosen ones begin, as bytes of a 128-bit vector. */
/* clang-format off */
static const uint64_t chosen[256] = {
    0x0, 0x0, 0x2, 0x200, 0x4, 0x400, 0x402, 0x40200, 0x6, 0x600, 0x602, 0x60200, 0x604, 0x60400,
    0x60402, 0x6040200, 0x8, 0x800, 0x802, 0x80200, 0x804, 0x80400, 0x80402, 0x8040200, 0x806,
    0x80600, 0x80602, 0x8060200, 0x80604, 0x8060400, 0x8060402, 0x806040200, 0xa, 0xa00, 0xa02,
    0xa0200, 0xa04, 0xa0400, 0xa0402, 0xa040200, 0xa06, 0xa0600, 0xa0602, 0xa060200, 0xa0604,
    0xa060400, 0xa060402, 0xa06040200, 0xa08, 0xa0800, 0xa0802, 0xa080200, 0xa0804, 0xa080400,
    0xa080402, 0xa08040200, 0xa0806, 0xa080600, 0xa080602, 0xa08060200, 0xa080604, 0xa08060400,
    0xa08060402, 0xa0806040200, 0xc, 0xc00, 0xc02, 0xc0200, 0xc04, 0xc0400, 0xc0402, 0xc040200,
    0xc06, 0xc0600, 0xc0602, 0xc060200, 0xc0604, 0xc060400, 0xc060402, 0xc06040200, 0xc08, 0xc0800,
    0xc0802, 0xc080200, 0xc0804, 0xc080400, 0xc080402, 0xc08040200, 0xc0806, 0xc080600, 0xc080602,
    0xc08060200, 0xc080604, 0xc08060400, 0xc08060402, 0xc0806040200, 0xc0a, 0xc0a00, 0xc0a02,
    0xc0a0200, 0xc0a04, 0xc0a0400, 0xc0a0402, 0xc0a040200, 0xc0a06, 0xc0a0600, 0xc0a0602,
    0xc0a060200, 0xc0a0604, 0xc0a060400, 0xc0a060402, 0xc0a06040200, 0xc0a08, 0xc0a0800, 0xc0a0802,
    0xc0a080200, 0xc0a0804, 0xc0a080400, 0xc0a080402, 0xc0a08040200, 0xc0a0806, 0xc0a080600,
    0xc0a080602, 0xc0a08060200, 0xc0a080604, 0xc0a08060400, 0xc0a08060402, 0xc0a0806040200, 0xe,
    0xe00, 0xe02, 0xe0200, 0xe04, 0xe0400, 0xe0402, 0xe040200, 0xe06, 0xe0600, 0xe0602, 0xe060200,
    0xe0604, 0xe060400, 0xe060402, 0xe06040200, 0xe08, 0xe0800, 0xe0802, 0xe080200, 0xe0804,
    0xe080400, 0xe080402, 0xe08040200, 0xe0806, 0xe080600, 0xe080602, 0xe08060200, 0xe080604,
    0xe08060400, 0xe08060402, 0xe0806040200, 0xe0a, 0xe0a00, 0xe0a02, 0xe0a0200, 0xe0a04,
    0xe0a0400, 0xe0a0402, 0xe0a040200, 0xe0a06, 0xe0a0600, 0xe0a0602, 0xe0a060200, 0xe0a0604,
    0xe0a060400, 0xe0a060402, 0xe0a06040200, 0xe0a08, 0xe0a0800, 0xe0a0802, 0xe0a080200, 0xe0a0804,
    0xe0a080400, 0xe0a080402, 0xe0a08040200, 0xe0a0806, 0xe0a080600, 0xe0a080602, 0xe0a08060200,
    0xe0a080604, 0xe0a08060400, 0xe0a08060402, 0xe0a0806040200, 0xe0c, 0xe0c00, 0xe0c02, 0xe0c0200,
    0xe0c04, 0xe0c0400, 0xe0c0402, 0xe0c040200, 0xe0c06, 0xe0c0600, 0xe0c0602, 0xe0c060200,
    0xe0c0604, 0xe0c060400, 0xe0c060402, 0xe0c06040200, 0xe0c08, 0xe0c0800, 0xe0c0802, 0xe0c080200,
    0xe0c0804, 0xe0c080400, 0xe0c080402, 0xe0c08040200, 0xe0c0806, 0xe0c080600, 0xe0c080602,
    0xe0c08060200, 0xe0c080604, 0xe0c08060400, 0xe0c08060402, 0xe0c0806040200, 0xe0c0a, 0xe0c0a00,
    0xe0c0a02, 0xe0c0a0200, 0xe0c0a04, 0xe0c0a0400, 0xe0c0a0402, 0xe0c0a040200, 0xe0c0a06,
    0xe0c0a0600, 0xe0c0a0602, 0xe0c0a060200, 0xe0c0a0604, 0xe0c0a060400, 0xe0c0a060402,
    0xe0c0a06040200, 0xe0c0a08, 0xe0c0a0800, 0xe0c0a0802, 0xe0c0a080200, 0xe0c0a0804,
    0xe0c0a080400, 0xe0c0a080402, 0xe0c0a08040200, 0xe0c0a0806, 0xe0c0a080600, 0xe0c0a080602,
    0xe0c0a08060200, 0xe0c0a080604, 0xe0c0a08060400, 0xe0c0a08060402, 0xe0c0a0806040200,
};
/* clang-format on */

/* Those of eight candidates whose bits are set in good, one after the other. */
static HEAD2_ALWAYS_INLINE __m128i choose(__m128i candidates, unsigned good)
{
    const __m128i first = _mm_cvtsi64_si128((long long)chosen[good]);
    const __m128i which = _mm_unpacklo_epi8(first, _mm_add_epi8(first, _mm_set1_epi8(1)));

    return _mm_shuffle_epi8(candidates, which);
}

/* Append those of the 16 candidates in 24 bytes that are below q; up to 16 are written. */
static HEAD2_ALWAYS_INLINE unsigned append(int16_t *at, const uint8_t *in)
{
    const vec candidates = unpack(in, 12);
    const vec good = _mm256_cmpgt_epi16(set1(MLKEM_Q), candidates);
    const unsigned bits = (unsigned)_mm256_movemask_epi8(_mm256_packs_epi16(good, good));
    const unsigned low = bits & 0xff;
    const unsigned high = bits >> 16 & 0xff;
    const unsigned count = (unsigned)__builtin_popcount(low);

    _mm_storeu_si128((__m128i *)at, choose(_mm256_castsi256_si128(candidates), low));
    _mm_storeu_si128((__m128i *)(at + count),
                     choose(_mm256_extracti128_si256(candidates, 1), high));
    return count + (unsigned)__builtin_popcount(high);
}

/* Near the end, what is appended may not fit: the last 16 coefficients are worked on elsewhere. */
unsigned mlkem_reject_avx2(struct mlkem_poly *f, unsigned n, const uint8_t *in, size_t len)
{
    enum { LAST = MLKEM_N - LANES };
    int16_t last[2 * LANES];

    for (; len != 0 && n <= LAST; in += 24, len -= 24)
        n += append(f->c + n, in);
    if (len == 0 || n == MLKEM_N)
        return n;
    memcpy(last, f->c + LAST, LANES * sizeof last[0]);
    for (; len != 0 && n < MLKEM_N; in += 24, len -= 24)
        n += append(last + (n - LAST), in);
    memcpy(f->c + LAST, last, LANES * sizeof last[0]);
    return n < MLKEM_N ? n : MLKEM_N;
}

/* Algorithm 8 for eta = 2 on 32 bytes: each nibble becomes the sum of its lower two bits less that
 * of its upper two, plus 4. */
static void cbd2(struct mlkem_poly *f, const uint8_t in[128])
{
    const vec fives = _mm256_set1_epi8(0x55);
    const vec threes = _mm256_set1_epi8(0x33);
    const vec nibble = _mm256_set1_epi8(0x0f);

    for (unsigned i = 0; i < 4; i++) {
        const vec t = _mm256_loadu_si256((const vec *)(in + (size_t)32 * i));
        const vec sums = _mm256_add_epi8(_mm256_and_si256(t, fives),
                                         _mm256_and_si256(_mm256_srli_epi16(t, 1), fives));
        const vec x = _mm256_add_epi8(_mm256_and_si256(sums, threes), _mm256_set1_epi8(0x44));
        const vec d = _mm256_sub_epi8(x, _mm256_and_si256(_mm256_srli_epi16(sums, 2), threes));
        const vec even = _mm256_sub_epi8(_mm256_and_si256(d, nibble), _mm256_set1_epi8(4));
        const vec odd =
            _mm256_sub_epi8(_mm256_and_si256(_mm256_srli_epi16(d, 4), nibble), _mm256_set1_epi8(4));
        const vec a = _mm256_unpacklo_epi8(even, odd);
        const vec b = _mm256_unpackhi_epi8(even, odd);
        store(f, 4 * i, _mm256_cvtepi8_epi16(_mm256_castsi256_si128(a)));
        store(f, 4 * i + 1, _mm256_cvtepi8_epi16(_mm256_castsi256_si128(b)));
        store(f, 4 * i + 2, _mm256_cvtepi8_epi16(_mm256_extracti128_si256(a, 1)));
        store(f, 4 * i + 3, _mm256_cvtepi8_epi16(_mm256_extracti128_si256(b, 1)));
    }
}

/* The same for eta = 3 on 24 bytes: four coefficients in the lower three bytes of a doubleword. */
static void cbd3(struct mlkem_poly *f, const uint8_t in[192])
{
    const vec which = _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1, /**/
                                       4, 5, 6, -1, 7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15, -1);
    const vec ones = _mm256_set1_epi32(0x249249);
    const vec sevens = _mm256_set1_epi32(0x1c71c7);

    for (unsigned i = 0; i < 8; i++) {
        const vec t = _mm256_shuffle_epi8(load_halves(in + (size_t)24 * i, 12), which);
        const vec two = _mm256_add_epi32(_mm256_and_si256(t, ones),
                                         _mm256_and_si256(_mm256_srli_epi32(t, 1), ones));
        const vec sums = _mm256_add_epi32(two, _mm256_and_si256(_mm256_srli_epi32(t, 2), ones));
        const vec x = _mm256_add_epi32(_mm256_and_si256(sums, sevens), _mm256_set1_epi32(0x104104));
        const vec d = _mm256_sub_epi32(x, _mm256_and_si256(_mm256_srli_epi32(sums, 3), sevens));
        const vec lower = _mm256_set1_epi32(7);
        const vec upper = _mm256_set1_epi32(7 << 16);
        const vec c01 = _mm256_or_si256(_mm256_and_si256(d, lower),
                                        _mm256_and_si256(_mm256_slli_epi32(d, 10), upper));
        const vec c23 = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi32(d, 12), lower),
                                        _mm256_and_si256(_mm256_srli_epi32(d, 2), upper));
        vec a = _mm256_sub_epi16(c01, set1(4));
        vec b = _mm256_sub_epi16(c23, set1(4));
        spread_2(&a, &b);
        store(f, 2 * i, a);
        store(f, 2 * i + 1, b);
    }
}

void mlkem_cbd_avx2(struct mlkem_poly *f, const uint8_t *in, unsigned eta)
{
    HEAD2_REQUIRES(eta == 2 || eta == 3);
    if (eta == 2)
        cbd2(f, in);
    else
        cbd3(f, in);
}
