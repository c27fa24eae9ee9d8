/*
 * Encodings and sampling of ML-KEM for AVX-512, 32 coefficients a vector.
 */
#include "mlkem/kernels_avx512.h"

/* ---- bits ---- */

static HEAD2_ALWAYS_INLINE vec load_bytes(const uint8_t *in, unsigned n)
{
    return _mm512_maskz_loadu_epi8(~(__mmask64)0 >> (64 - n), in);
}

static HEAD2_ALWAYS_INLINE void store_bytes(uint8_t *out, vec v, unsigned n)
{
    _mm512_mask_storeu_epi8(out, ~(__mmask64)0 >> (64 - n), v);
}

/* Where the four coefficients of d bits of quadword g begin: their first byte in all eight bytes,
 * and then where each byte of the four 16-bit lanes begins in that window. */
static HEAD2_ALWAYS_INLINE uint64_t window(unsigned g, unsigned d)
{
    return d * g / 2 * 0x0101010101010101;
}

static HEAD2_ALWAYS_INLINE uint64_t windows_bits(unsigned g, unsigned d)
{
    const uint64_t first = d * g % 2 * 4;

    return (first | (first + 8) << 8 | (first + d) << 16 | (first + d + 8) << 24 |
            (first + 2 * d) << 32 | (first + 2 * d + 8) << 40 | (first + 3 * d) << 48 |
            (first + 3 * d + 8) << 56);
}

/* 32 numbers of d bits into 16-bit lanes; bits above d are of their neighbours. */
static HEAD2_ALWAYS_INLINE vec spread_bits(vec bytes, unsigned d)
{
    const vec at =
        _mm512_set_epi64((long long)window(7, d), (long long)window(6, d), (long long)window(5, d),
                         (long long)window(4, d), (long long)window(3, d), (long long)window(2, d),
                         (long long)window(1, d), (long long)window(0, d));
    const vec bits = _mm512_set_epi64((long long)windows_bits(7, d), (long long)windows_bits(6, d),
                                      (long long)windows_bits(5, d), (long long)windows_bits(4, d),
                                      (long long)windows_bits(3, d), (long long)windows_bits(2, d),
                                      (long long)windows_bits(1, d), (long long)windows_bits(0, d));
    const vec which = _mm512_add_epi8(at, _mm512_set1_epi64(0x0706050403020100));

    return _mm512_multishift_epi64_epi8(bits, _mm512_permutexvar_epi8(which, bytes));
}

/* The two bytes that 32 numbers of twelve bits lie in. */
/* clang-format off */
_Alignas(64) static const uint8_t words_12[64] = {
    0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11, 12, 13, 13, 14, 15, 16, 16, 17, 18, 19,
    19, 20, 21, 22, 22, 23, 24, 25, 25, 26, 27, 28, 28, 29, 30, 31, 31, 32, 33, 34, 34, 35, 36,
    37, 37, 38, 39, 40, 40, 41, 42, 43, 43, 44, 45, 46, 46, 47,
};
/* clang-format on */

/* The numbers of twelve bits in n bytes, without spread_bits: its shift is a shuffle, of which the
 * loops that this is for have enough. */
static HEAD2_ALWAYS_INLINE vec unpack_12(const uint8_t *in, unsigned n)
{
    const vec words = _mm512_permutexvar_epi8(_mm512_load_si512(words_12), load_bytes(in, n));

    return _mm512_and_si512(_mm512_srlv_epi16(words, _mm512_set1_epi32(4 << 16)), set1(0xfff));
}

/* Algorithm 6 (ByteDecode_d) for 32 coefficients, 4 d bytes. */
static HEAD2_ALWAYS_INLINE vec unpack(const uint8_t *in, unsigned d)
{
    if (d == 12)
        return unpack_12(in, 48);
    return _mm512_and_si512(spread_bits(load_bytes(in, 4 * d), d), set1((int16_t)((1 << d) - 1)));
}

/* Where the bytes of quadwords of 4 d bits go: quadword i begins at byte d i / 2. For d = 11 an odd
 * one begins in the middle of a byte, so that even and odd ones need a table each. */
/* clang-format off */
_Alignas(64) static const uint8_t quads_10[64] = {
    0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 16, 17, 18, 19, 20, 24, 25, 26, 27, 28, 32, 33, 34, 35, 36,
    40, 41, 42, 43, 44, 48, 49, 50, 51, 52, 56, 57, 58, 59, 60,
};
_Alignas(64) static const uint8_t quads_12[64] = {
    0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 21, 24, 25, 26, 27, 28, 29, 32,
    33, 34, 35, 36, 37, 40, 41, 42, 43, 44, 45, 48, 49, 50, 51, 52, 53, 56, 57, 58, 59, 60, 61,
};
_Alignas(64) static const uint8_t quads_11_even[64] = {
    0, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 16, 17, 18, 19, 20, 21, 0, 0, 0, 0, 0, 32, 33, 34, 35, 36,
    37, 0, 0, 0, 0, 0, 48, 49, 50, 51, 52, 53, 0, 0, 0, 0, 0,
};
_Alignas(64) static const uint8_t quads_11_odd[64] = {
    0, 0, 0, 0, 0, 8, 9, 10, 11, 12, 13, 0, 0, 0, 0, 0, 24, 25, 26, 27, 28, 29, 0, 0, 0, 0, 0,
    40, 41, 42, 43, 44, 45, 0, 0, 0, 0, 0, 56, 57, 58, 59, 60, 61,
};
/* clang-format on */
static const __mmask64 in_even = 0x7e0fc1f83fULL; /* of the bytes of quads_11_even */
static const __mmask64 in_odd = 0xfc1f83f07e0ULL;

static HEAD2_ALWAYS_INLINE void store_quads(uint8_t *out, vec quads, unsigned d)
{
    if (d == 11) {
        const vec up = _mm512_sllv_epi64(quads, _mm512_set_epi64(4, 0, 4, 0, 4, 0, 4, 0));
        const vec even =
            _mm512_maskz_permutexvar_epi8(in_even, _mm512_load_si512(quads_11_even), up);
        const vec odd = _mm512_maskz_permutexvar_epi8(in_odd, _mm512_load_si512(quads_11_odd), up);
        store_bytes(out, _mm512_or_si512(even, odd), 44);
    } else {
        const uint8_t *which = d == 10 ? quads_10 : quads_12;
        store_bytes(out, _mm512_permutexvar_epi8(_mm512_load_si512(which), quads), 4 * d);
    }
}

/* Algorithm 5 (ByteEncode_d) for 32 coefficients below 2^d, d from 10 to 12: two to a doubleword,
 * two of those to a quadword. */
static HEAD2_ALWAYS_INLINE void pack(uint8_t *out, vec v, unsigned d)
{
    const vec pairs = _mm512_madd_epi16(v, _mm512_set1_epi32(1 | 1 << (16 + d)));
    const vec up = _mm512_sllv_epi32(pairs, _mm512_set1_epi64(32 - 2 * (int)d));

    store_quads(out, _mm512_srli_epi64(up, 32 - 2 * d), d);
}

void mlkem_encode_avx512(uint8_t out[MLKEM_POLY_BYTES], const struct mlkem_poly *f)
{
    for (unsigned i = 0; i < VECS; i++)
        pack(out + (size_t)48 * i, canonical(load(f, i)), 12);
}

void mlkem_decode_avx512(struct mlkem_poly *f, const uint8_t in[MLKEM_POLY_BYTES])
{
    for (unsigned i = 0; i < VECS; i++)
        store(f, i, unpack(in + (size_t)48 * i, 12));
}

bool mlkem_is_reduced_avx512(const uint8_t in[MLKEM_POLY_BYTES])
{
    __mmask32 above = 0;

    for (unsigned i = 0; i < VECS; i++)
        above |= _mm512_cmpge_epi16_mask(unpack(in + (size_t)48 * i, 12), set1(MLKEM_Q));
    return above == 0;
}

/*
 * Compress_d for d = 10 and 11, x in [0, q): y = round(x factor / 2^15) with factor just below
 * 2^(15 + d) / q is the result or one less: one less when more than q / 2 is left of 2^d x.
 */
static HEAD2_ALWAYS_INLINE vec compress_long(vec x, unsigned d, int16_t factor)
{
    const vec y = _mm512_mulhrs_epi16(x, set1(factor));
    const vec left = _mm512_sub_epi16(_mm512_sllv_epi16(x, set1((int16_t)d)),
                                      _mm512_mullo_epi16(y, set1(MLKEM_Q)));
    const __mmask32 more = _mm512_cmpgt_epi16_mask(left, set1(MLKEM_HALF_Q));

    return _mm512_and_si512(_mm512_mask_add_epi16(y, more, y, set1(1)),
                            set1((int16_t)((1 << d) - 1)));
}

/* Compress_d for d = 4 and 5, but for the reduction modulo 2^d: one bit more than is wanted,
 * rounded. factor is 2^(17 + d) / q. That this is exact for all x in [0, q) is checked by trying
 * them. */
static HEAD2_ALWAYS_INLINE vec compress_short(vec x, int16_t factor)
{
    return _mm512_srli_epi16(_mm512_add_epi16(_mm512_mulhi_epi16(x, set1(factor)), set1(1)), 1);
}

/* The low bytes of the 64 lanes of a and b, and d bits of each. */
static HEAD2_ALWAYS_INLINE vec low_bytes(vec a, vec b, unsigned d)
{
    const vec bytes = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi16_epi8(a)),
                                         _mm512_cvtepi16_epi8(b), 1);

    return _mm512_and_si512(bytes, _mm512_set1_epi8((char)((1 << d) - 1)));
}

static HEAD2_ALWAYS_INLINE void compress_4(uint8_t *out, const vec x[2])
{
    const vec bytes = low_bytes(compress_short(x[0], 630), compress_short(x[1], 630), 4);
    const vec pairs = _mm512_maddubs_epi16(bytes, set1(0x1001));

    _mm256_storeu_si256((__m256i *)out, _mm512_cvtepi16_epi8(pairs));
}

static HEAD2_ALWAYS_INLINE void compress_5(uint8_t *out, const vec x[2])
{
    const vec bytes = low_bytes(compress_short(x[0], 1260), compress_short(x[1], 1260), 5);
    const vec pairs = _mm512_maddubs_epi16(bytes, set1(0x2001));

    pack(out, pairs, 10); /* two coefficients are a number of ten bits */
}

/* Compress_1 is 1 from 833 to 2496. */
static HEAD2_ALWAYS_INLINE void compress_1(uint8_t *out, vec x)
{
    const __mmask32 ones = _mm512_cmplt_epu16_mask(_mm512_sub_epi16(x, set1(833)), set1(1664));

    put_le32(out, ones);
}

static HEAD2_ALWAYS_INLINE void compress_all(uint8_t *out, const struct mlkem_poly *f, unsigned d)
{
    for (unsigned i = 0; i < VECS; i += 2) {
        const vec x[2] = {canonical(load(f, i)), canonical(load(f, i + 1))};
        if (d == 10 || d == 11) {
            const int16_t factor = d == 10 ? 10079 : 20158;
            pack(out, compress_long(x[0], d, factor), d);
            pack(out + (size_t)4 * d, compress_long(x[1], d, factor), d);
        } else if (d == 5) {
            compress_5(out, x);
        } else if (d == 4) {
            compress_4(out, x);
        } else {
            compress_1(out, x[0]);
            compress_1(out + 4, x[1]);
        }
        out += (size_t)8 * d;
    }
}

void mlkem_compress_avx512(uint8_t *out, const struct mlkem_poly *f, unsigned d)
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
        const vec y = unpack(in + (size_t)4 * d * i, d);
        store(f, i,
              _mm512_mulhrs_epi16(_mm512_sllv_epi16(y, set1((int16_t)(15 - d))), set1(MLKEM_Q)));
    }
}

static void decompress_1(struct mlkem_poly *f, const uint8_t *in)
{
    for (unsigned i = 0; i < VECS; i++)
        store(f, i, _mm512_maskz_mov_epi16(le32(in + (size_t)4 * i), set1((MLKEM_Q + 1) / 2)));
}

void mlkem_decompress_avx512(struct mlkem_poly *f, const uint8_t *in, unsigned d)
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

/* Append the candidates that are below q; there is room for all of them. */
static HEAD2_ALWAYS_INLINE unsigned append(struct mlkem_poly *f, unsigned n, vec candidates)
{
    const __mmask32 good = _mm512_cmplt_epi16_mask(candidates, set1(MLKEM_Q));

    _mm512_storeu_si512(f->c + n, _mm512_maskz_compress_epi16(good, candidates));
    return n + (unsigned)__builtin_popcount(good);
}

/* The same, of the chosen candidates alone and no further than the end. */
static HEAD2_ALWAYS_INLINE unsigned append_last(struct mlkem_poly *f, unsigned n, vec candidates,
                                                __mmask32 which)
{
    const __mmask32 good = _mm512_mask_cmplt_epi16_mask(which, candidates, set1(MLKEM_Q));
    const unsigned room = MLKEM_N - n < LANES ? MLKEM_N - n : LANES;

    _mm512_mask_storeu_epi16(f->c + n, _bzhi_u32(~(__mmask32)0, room),
                             _mm512_maskz_compress_epi16(good, candidates));
    n += (unsigned)__builtin_popcount(good);
    return n < MLKEM_N ? n : MLKEM_N;
}

/* How often the loops turn does not depend on the candidates: a wrongly predicted end would cost
 * more than the turns that it saves. */
unsigned mlkem_reject_avx512(struct mlkem_poly *f, unsigned n, const uint8_t *in, size_t len)
{
    for (unsigned sure = (MLKEM_N - n) / LANES; sure != 0 && len >= 48; sure--) {
        n = append(f, n, unpack_12(in, 48));
        in += 48;
        len -= 48;
    }
    for (; len >= 48; in += 48, len -= 48)
        n = append_last(f, n, unpack_12(in, 48), ~(__mmask32)0);
    if (len != 0)
        n = append_last(f, n, unpack_12(in, 24), 0xffff);
    return n;
}

/* x - y by the 2 eta bits of a coefficient (Algorithm 8), plus eta; for eta = 2 the upper two of
 * six bits are a neighbour's. */
/* clang-format off */
_Alignas(64) static const uint8_t noise_2[64] = {
    2, 3, 3, 4, 1, 2, 2, 3, 1, 2, 2, 3, 0, 1, 1, 2, 2, 3, 3, 4, 1, 2, 2, 3, 1, 2, 2, 3, 0, 1, 1, 2,
    2, 3, 3, 4, 1, 2, 2, 3, 1, 2, 2, 3, 0, 1, 1, 2, 2, 3, 3, 4, 1, 2, 2, 3, 1, 2, 2, 3, 0, 1, 1, 2,
};
_Alignas(64) static const uint8_t noise_3[64] = {
    3, 4, 4, 5, 4, 5, 5, 6, 2, 3, 3, 4, 3, 4, 4, 5, 2, 3, 3, 4, 3, 4, 4, 5, 1, 2, 2, 3, 2, 3, 3, 4,
    2, 3, 3, 4, 3, 4, 4, 5, 1, 2, 2, 3, 2, 3, 3, 4, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3,
};
/* clang-format on */

static HEAD2_ALWAYS_INLINE void noise(struct mlkem_poly *f, const uint8_t *in, unsigned eta,
                                      const uint8_t table[64])
{
    const vec values = _mm512_load_si512(table);

    for (unsigned i = 0; i < VECS; i++) {
        const vec bits = spread_bits(load_bytes(in + (size_t)8 * eta * i, 8 * eta), 2 * eta);
        const vec c = _mm512_maskz_permutexvar_epi8(0x5555555555555555, bits, values);
        store(f, i, _mm512_sub_epi16(c, set1((int16_t)eta)));
    }
}

void mlkem_cbd_avx512(struct mlkem_poly *f, const uint8_t *in, unsigned eta)
{
    HEAD2_REQUIRES(eta == 2 || eta == 3);
    if (eta == 2)
        noise(f, in, 2, noise_2);
    else
        noise(f, in, 3, noise_3);
}
