/*
 * Rejection sampling, unpacking, and the packing of w1, eight coefficients at a time.
 *
 * AVX2 shuffles bytes within 128 bits: each half of a register is loaded from where its own four
 * coefficients begin. Vectors read past the bytes they need, so the last bytes of an input go
 * through the portable code or a copy.
 */
#include "mldsa/kernels_avx2.h"
#include "mldsa/kernels_portable.h"

/* Add the coefficients of v that `accepted` marks to the `have` <= 248 of a; BMI2 turns the mask
 * into the lanes to take. */
static HEAD2_ALWAYS_INLINE unsigned append(struct poly *a, unsigned have, __m256i v,
                                           uint32_t accepted)
{
    const uint64_t bytes = _pdep_u64(accepted, 0x0101010101010101) * 0xff;
    const uint64_t lanes = _pext_u64(0x0706050403020100, bytes);
    const __m256i take = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)lanes));
    _mm256_storeu_si256((void *)&a->c[have], _mm256_permutevar8x32_epi32(v, take));
    return have + (unsigned)__builtin_popcount(accepted);
}

static HEAD2_ALWAYS_INLINE uint32_t sign_mask(__m256i v)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(v));
}

static HEAD2_ALWAYS_INLINE __m256i load_halves(const uint8_t *low, const uint8_t *high)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const void *)low)),
                                   _mm_loadu_si128((const void *)high), 1);
}

unsigned mldsa_reject_uniform_avx2(struct poly *a, unsigned have, const uint8_t *in, size_t len)
{
    const __m256i triples = _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1,
                                             0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
    const __m256i mask = _mm256_set1_epi32(0x7fffff);
    const __m256i q = _mm256_set1_epi32(MLDSA_Q);
    size_t at = 0;

    HEAD2_REQUIRES(len % 3 == 0);
    for (; at + 28 <= len && have <= MLDSA_N - 8; at += 24) {
        const __m256i bytes = load_halves(in + at, in + at + 12);
        const __m256i v = _mm256_and_si256(_mm256_shuffle_epi8(bytes, triples), mask);
        have = append(a, have, v, sign_mask(_mm256_sub_epi32(v, q)));
    }
    return mldsa_reject_uniform_portable(a, have, in + at, len - at);
}

unsigned mldsa_reject_bounded_avx2(struct poly *a, unsigned have, const uint8_t *in, size_t len,
                                   int32_t eta)
{
    const __m256i shift = _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28);
    const __m256i limit = _mm256_set1_epi32(eta == 2 ? 15 : 9);
    size_t at = 0;

    for (; at + 4 <= len && have <= MLDSA_N - 8; at += 4) {
        const __m256i all = _mm256_set1_epi32((int32_t)le32(in + at));
        __m256i z = _mm256_and_si256(_mm256_srlv_epi32(all, shift), _mm256_set1_epi32(15));
        uint32_t accepted = sign_mask(_mm256_sub_epi32(z, limit));
        HEAD2_PUBLIC(&accepted, sizeof accepted,
                     "which samples are rejected is independent of those that are accepted");
        if (eta == 2) { /* z mod 5 */
            const __m256i fifth =
                _mm256_srli_epi32(_mm256_madd_epi16(z, _mm256_set1_epi32(205)), 10);
            z = _mm256_sub_epi32(z, _mm256_add_epi32(fifth, _mm256_slli_epi32(fifth, 2)));
        }
        have = append(a, have, _mm256_sub_epi32(_mm256_set1_epi32(eta), z), accepted);
    }
    return mldsa_reject_bounded_portable(a, have, in + at, len - at, eta);
}

/* What picks eight numbers of `bits` bits out of consecutive bytes: the second four begin with byte
 * bits / 2. */
struct unpacker {
    __m256i bytes, shift, mask;
    unsigned bits;
};

static HEAD2_ALWAYS_INLINE struct unpacker make_unpacker(unsigned bits)
{
    const int32_t b = (int32_t)bits;
    const int32_t odd = 4 * (b & 1); /* bits of the first byte that are the first half's */
    const __m256i begin =
        _mm256_setr_epi32(0, b, 2 * b, 3 * b, odd, b + odd, 2 * b + odd, 3 * b + odd);
    const __m256i byte = _mm256_srli_epi32(begin, 3);
    return (struct unpacker){
        .bytes = _mm256_add_epi8(_mm256_mullo_epi32(byte, _mm256_set1_epi32(0x01010101)),
                                 _mm256_set1_epi32(0x03020100)),
        .shift = _mm256_and_si256(begin, _mm256_set1_epi32(7)),
        .mask = _mm256_set1_epi32((1 << bits) - 1),
        .bits = bits,
    };
}

/* Reads 16 + bits / 2 bytes. */
static HEAD2_ALWAYS_INLINE __m256i unpack_8(const uint8_t *in, const struct unpacker *u)
{
    const __m256i v = _mm256_shuffle_epi8(load_halves(in, in + u->bits / 2), u->bytes);
    return _mm256_and_si256(_mm256_srlv_epi32(v, u->shift), u->mask);
}

static HEAD2_ALWAYS_INLINE void unpack(struct poly *a, const uint8_t *in, bool negate, int32_t top,
                                       unsigned bits)
{
    const struct unpacker u = make_unpacker(bits);
    const __m256i tops = _mm256_set1_epi32(top);
    /* groups whose vectors would read past the end: those of the last 16 + bits / 2 bytes */
    const unsigned last = bits < 6 ? 6 : bits < T1_BITS ? 3 : 2;
    uint8_t end[50] = {0}; /* what the vectors of six groups of 3 bits, or two of 20, read */

    memcpy(end, in + (size_t)(MLDSA_N / 8 - last) * bits, (size_t)last * bits);
    for (unsigned i = 0; i < MLDSA_N / 8; i++) {
        const uint8_t *p = i + last < MLDSA_N / 8 ? in + (size_t)i * bits
                                                  : end + (size_t)(i + last - MLDSA_N / 8) * bits;
        const __m256i v = unpack_8(p, &u);
        _mm256_storeu_si256((void *)&a->c[8 * i], negate ? _mm256_sub_epi32(tops, v) : v);
    }
    head2_wipe(end, sizeof end);
}

void mldsa_unpack_avx2(struct poly *a, const uint8_t *in, unsigned bits)
{
    unpack(a, in, false, 0, bits);
}

void mldsa_unpack_signed_avx2(struct poly *a, const uint8_t *in, int32_t top, unsigned bits)
{
    unpack(a, in, true, top, bits);
}

void mldsa_pack_32_avx2(uint8_t *out, const __m256i v[4], unsigned bits)
{
    const __m256i in_order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i words_low = _mm256_packus_epi32(v[0], v[1]);
    const __m256i words_high = _mm256_packus_epi32(v[2], v[3]);
    const __m256i bytes =
        _mm256_permutevar8x32_epi32(_mm256_packus_epi16(words_low, words_high), in_order);

    if (bits == 4) {
        const __m256i pairs = _mm256_maddubs_epi16(bytes, _mm256_set1_epi16(0x1001));
        const __m256i packed = _mm256_packus_epi16(pairs, pairs);
        _mm_storeu_si128((void *)out,
                         _mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08)));
        return;
    }
    HEAD2_REQUIRES(bits == 6);
    const __m256i pairs = _mm256_maddubs_epi16(bytes, _mm256_set1_epi16(0x4001));
    const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x10000001));
    const __m256i gather = _mm256_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1,
                                            0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    uint8_t both[32];
    _mm256_storeu_si256((void *)both, _mm256_shuffle_epi8(fours, gather));
    memcpy(out, both, 12);
    memcpy(out + 12, both + 16, 12);
}
