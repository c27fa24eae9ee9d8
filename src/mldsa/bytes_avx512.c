/*
 * Rejection sampling and packing, sixteen coefficients at a time.
 *
 * Coefficient i of b bits begins in byte b i / 8. vpermb brings the four bytes from there on into
 * lane i, and a shift that is different in each lane drops the bits below.
 */
#include "mldsa/kernels_avx512.h"

/* What picks sixteen numbers of `bits` bits out of consecutive bytes. */
struct unpacker {
    __m512i bytes, shift, mask;
    __mmask64 size; /* 2 * bits bytes */
};

static HEAD2_ALWAYS_INLINE struct unpacker make_unpacker(unsigned bits)
{
    const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i begin = _mm512_mullo_epi32(lane, _mm512_set1_epi32((int32_t)bits));
    const __m512i byte = _mm512_srli_epi32(begin, 3);
    return (struct unpacker){
        .bytes = _mm512_add_epi8(_mm512_mullo_epi32(byte, _mm512_set1_epi32(0x01010101)),
                                 _mm512_set1_epi32(0x03020100)),
        .shift = _mm512_and_si512(begin, _mm512_set1_epi32(7)),
        .mask = _mm512_set1_epi32((1 << bits) - 1),
        .size = ((uint64_t)1 << (2 * bits)) - 1,
    };
}

static HEAD2_ALWAYS_INLINE __m512i unpack_16(const uint8_t *in, const struct unpacker *u)
{
    const __m512i v = _mm512_permutexvar_epi8(u->bytes, _mm512_maskz_loadu_epi8(u->size, in));
    return _mm512_and_si512(_mm512_srlv_epi32(v, u->shift), u->mask);
}

/* By way of a 32-bit register: of a mask that was spilled, gcc 12 counts two bytes too many when it
 * widens by itself. */
static HEAD2_ALWAYS_INLINE unsigned count_accepted(__mmask16 accepted)
{
    return (unsigned)__builtin_popcount(_cvtmask16_u32(accepted));
}

/* Add what `accepted` marks to the `have` coefficients of a, as far as there is room; the number
 * there is then. */
static HEAD2_ALWAYS_INLINE unsigned append(struct poly *a, unsigned have, __m512i v,
                                           __mmask16 accepted)
{
    const unsigned n = count_accepted(accepted);
    const unsigned room = MLDSA_N - have;
    const unsigned take = n < room ? n : room;
    _mm512_mask_storeu_epi32(&a->c[have], (__mmask16)((1U << take) - 1),
                             _mm512_maskz_compress_epi32(accepted, v));
    return have + take;
}

unsigned mldsa_reject_uniform_avx512(struct poly *a, unsigned have, const uint8_t *in, size_t len)
{
    struct unpacker u = make_unpacker(24);
    const __m512i q = _mm512_set1_epi32(MLDSA_Q);
    size_t at = 0;

    u.mask = _mm512_set1_epi32(0x7fffff);
    HEAD2_REQUIRES(len % 3 == 0);
    /* while a whole vector has room and may be read, what is stored too much is overwritten next */
    for (; at + 64 <= len && have <= MLDSA_N - 16; at += 48) {
        const __m512i bytes = _mm512_loadu_si512(in + at);
        const __m512i v = _mm512_and_si512(_mm512_permutexvar_epi8(u.bytes, bytes), u.mask);
        const __mmask16 accepted = _mm512_cmplt_epi32_mask(v, q);
        _mm512_storeu_si512(&a->c[have], _mm512_maskz_compress_epi32(accepted, v));
        have += count_accepted(accepted);
    }
    for (; at < len && have < MLDSA_N; at += 48) {
        const unsigned bytes = len - at < 48 ? (unsigned)(len - at) : 48;
        const unsigned left = bytes * 171 >> 9; /* a third */
        const __mmask16 there = (__mmask16)((1U << left) - 1);
        u.size = ((uint64_t)1 << bytes) - 1;
        const __m512i v = unpack_16(in + at, &u);
        have = append(a, have, v, _mm512_mask_cmplt_epi32_mask(there, v, q));
    }
    return have;
}

/* The half bytes of 32 bytes, in order. */
static HEAD2_ALWAYS_INLINE __m512i half_bytes(__m256i in)
{
    const __m512i words = _mm512_cvtepu8_epi16(in);
    return _mm512_and_si512(_mm512_or_si512(words, _mm512_slli_epi16(words, 4)),
                            _mm512_set1_epi8(15));
}

/* Algorithm 15 for accepted half bytes: 2 - (z mod 5), or 4 - z. */
static HEAD2_ALWAYS_INLINE __m512i bounded(__m512i z, int32_t eta)
{
    const __m128i by_2 = _mm_setr_epi8(2, 1, 0, -1, -2, 2, 1, 0, -1, -2, 2, 1, 0, -1, -2, 0);
    const __m128i by_4 = _mm_setr_epi8(4, 3, 2, 1, 0, -1, -2, -3, -4, 0, 0, 0, 0, 0, 0, 0);
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(eta == 2 ? by_2 : by_4), z);
}

unsigned mldsa_reject_bounded_avx512(struct poly *a, unsigned have, const uint8_t *in, size_t len,
                                     int32_t eta)
{
    const __m512i limit = _mm512_set1_epi8(eta == 2 ? 15 : 9);
    for (size_t at = 0; at < len && have < MLDSA_N; at += 32) {
        const size_t left = len - at;
        const __mmask32 there = left < 32 ? ((uint32_t)1 << left) - 1 : UINT32_MAX;
        const __m512i z = half_bytes(_mm256_maskz_loadu_epi8(there, in + at));
        const __mmask64 whole = left < 32 ? ((uint64_t)1 << (2 * left)) - 1 : UINT64_MAX;
        __mmask64 accepted = _mm512_mask_cmplt_epu8_mask(whole, z, limit);
        HEAD2_PUBLIC(&accepted, sizeof accepted,
                     "which samples are rejected is independent of those that are accepted");
        __m512i v = _mm512_maskz_compress_epi8(accepted, bounded(z, eta));
        unsigned n = (unsigned)__builtin_popcountll(accepted);
        if (n > MLDSA_N - have)
            n = MLDSA_N - have;
        for (unsigned i = 0; i < n; i += 16) {
            const unsigned some = n - i < 16 ? n - i : 16;
            _mm512_mask_storeu_epi32(&a->c[have + i], (__mmask16)((1U << some) - 1),
                                     _mm512_cvtepi8_epi32(_mm512_castsi512_si128(v)));
            v = _mm512_shuffle_i32x4(v, v, 0x39);
        }
        have += n;
    }
    return have;
}

/* Packs v, or top - v when it is negated; the same loop for every width. */
static HEAD2_ALWAYS_INLINE void pack(uint8_t *out, const struct poly *a, bool negate, int32_t top,
                                     unsigned bits)
{
    const struct packer p = make_packer(bits);
    const __m512i tops = _mm512_set1_epi32(top);
    for (size_t i = 0; i < MLDSA_N / 16; i++) {
        const __m512i v = _mm512_loadu_si512(&a->c[16 * i]);
        pack_16(out + 2 * i * bits, negate ? _mm512_sub_epi32(tops, v) : v, &p);
    }
}

static HEAD2_ALWAYS_INLINE void unpack(struct poly *a, const uint8_t *in, bool negate, int32_t top,
                                       unsigned bits)
{
    const struct unpacker u = make_unpacker(bits);
    const __m512i tops = _mm512_set1_epi32(top);
    for (size_t i = 0; i < MLDSA_N / 16; i++) {
        const __m512i v = unpack_16(in + 2 * i * bits, &u);
        _mm512_storeu_si512(&a->c[16 * i], negate ? _mm512_sub_epi32(tops, v) : v);
    }
}

void mldsa_pack_avx512(uint8_t *out, const struct poly *a, unsigned bits)
{
    pack(out, a, false, 0, bits);
}

void mldsa_unpack_avx512(struct poly *a, const uint8_t *in, unsigned bits)
{
    unpack(a, in, false, 0, bits);
}

void mldsa_pack_signed_avx512(uint8_t *out, const struct poly *a, int32_t top, unsigned bits)
{
    pack(out, a, true, top, bits);
}

void mldsa_unpack_signed_avx512(struct poly *a, const uint8_t *in, int32_t top, unsigned bits)
{
    unpack(a, in, true, top, bits);
}
