/*
 * Keccak on AVX2: four states in 25 vectors, and one state with BMI's andn and rorx.
 */
#include "hash/keccak.h"

#include <immintrin.h>

#define VEC               __m256i
#define VEC_XOR(a, b)     _mm256_xor_si256(a, b)
#define VEC_XOR3(a, b, c) _mm256_xor_si256(a, _mm256_xor_si256(b, c))
#define VEC_CHI(a, b, c)  _mm256_xor_si256(a, _mm256_andnot_si256(b, c))
#define VEC_ROL(a, n)     rotate(a, n)
#define VEC_SET1(x)       _mm256_set1_epi64x((long long)(x))

/* Whole bytes are moved by a shuffle: one instruction instead of three. */
static HEAD2_ALWAYS_INLINE __m256i rotate(__m256i a, int n)
{
    if (n == 8)
        return _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(_mm_setr_epi8(
                                          7, 0, 1, 2, 3, 4, 5, 6, 15, 8, 9, 10, 11, 12, 13, 14)));
    if (n == 56)
        return _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(_mm_setr_epi8(
                                          1, 2, 3, 4, 5, 6, 7, 0, 9, 10, 11, 12, 13, 14, 15, 8)));
    return _mm256_or_si256(_mm256_slli_epi64(a, n), _mm256_srli_epi64(a, 64 - n));
}

#include "hash/keccak_vector.h"

static void f1600(uint64_t lane[25])
{
    keccak_rounds(lane);
}

/* The states in lanes at to at + 3. */
static void permute4(struct keccak_x8 *st, unsigned at)
{
    __m256i a[25];
    __m256i e[25];

    for (unsigned i = 0; i < 25; i++)
        a[i] = _mm256_load_si256((const __m256i *)&st->s[i][at]);
    for (unsigned ir = 0; ir < 24; ir += 2) {
        vector_round(e, a, keccak_round_constants[ir]);
        vector_round(a, e, keccak_round_constants[ir + 1]);
    }
    for (unsigned i = 0; i < 25; i++)
        _mm256_store_si256((__m256i *)&st->s[i][at], a[i]);
}

static void permute1(struct keccak_x8 *st)
{
    uint64_t a[25];

    for (unsigned i = 0; i < 25; i++)
        a[i] = st->s[i][0];
    keccak_rounds(a);
    for (unsigned i = 0; i < 25; i++)
        st->s[i][0] = a[i];
}

static void permute(struct keccak_x8 *st, unsigned lanes)
{
    if (lanes == 1) {
        permute1(st);
        return;
    }
    for (unsigned at = 0; at < lanes; at += 4)
        permute4(st, at);
}

/* Four rows of four columns become four columns of four rows. */
static HEAD2_ALWAYS_INLINE void transpose4(__m256i v[4])
{
    const __m256i a = _mm256_unpacklo_epi64(v[0], v[1]);
    const __m256i b = _mm256_unpackhi_epi64(v[0], v[1]);
    const __m256i c = _mm256_unpacklo_epi64(v[2], v[3]);
    const __m256i d = _mm256_unpackhi_epi64(v[2], v[3]);

    v[0] = _mm256_permute2x128_si256(a, c, 0x20);
    v[1] = _mm256_permute2x128_si256(b, d, 0x20);
    v[2] = _mm256_permute2x128_si256(a, c, 0x31);
    v[3] = _mm256_permute2x128_si256(b, d, 0x31);
}

static void absorb(struct keccak_x8 *st, const uint8_t *const in[KECCAK_LANES], unsigned lanes,
                   unsigned words)
{
    const unsigned whole = words & ~3u;

    for (unsigned at = 0; at < lanes; at += 4) {
        const unsigned used = lanes - at < 4 ? lanes - at : 4;
        for (unsigned i = 0; i < whole; i += 4) {
            __m256i v[4];
            for (unsigned l = 0; l < 4; l++) /* a lane that is not used may hold anything */
                v[l] = _mm256_loadu_si256(
                    (const __m256i *)(in[at + (l < used ? l : 0)] + (size_t)8 * i));
            transpose4(v);
            for (unsigned k = 0; k < 4; k++) {
                __m256i *row = (__m256i *)&st->s[i + k][at];
                _mm256_store_si256(row, _mm256_xor_si256(_mm256_load_si256(row), v[k]));
            }
        }
        for (unsigned i = whole; i < words; i++)
            for (unsigned l = at; l < at + used; l++)
                st->s[i][l] ^= le64(in[l] + (size_t)8 * i);
    }
}

static void squeeze(const struct keccak_x8 *st, uint8_t *const out[KECCAK_LANES], unsigned lanes,
                    unsigned words)
{
    const unsigned whole = words & ~3u;

    for (unsigned at = 0; at < lanes; at += 4) {
        const unsigned used = lanes - at < 4 ? lanes - at : 4;
        for (unsigned i = 0; i < whole; i += 4) {
            __m256i v[4];
            for (unsigned k = 0; k < 4; k++)
                v[k] = _mm256_load_si256((const __m256i *)&st->s[i + k][at]);
            transpose4(v);
            for (unsigned l = 0; l < used; l++)
                _mm256_storeu_si256((__m256i *)(out[at + l] + (size_t)8 * i), v[l]);
        }
        for (unsigned i = whole; i < words; i++)
            for (unsigned l = at; l < at + used; l++)
                put_le64(out[l] + (size_t)8 * i, st->s[i][l]);
    }
}

const struct keccak_kernels keccak_kernels_avx2 = {f1600, permute, absorb, squeeze};
