/*
 * AES-256 with VAES on 512-bit vectors: four blocks in each, eight vectors on their way at once.
 */
#include "entropy/aes256_x86.h"

enum {
    VECTOR = 4 * AES_BLOCK,
    WIDE = 8,  /* vectors in long requests */
    NARROW = 2 /* in requests of at most 80 bytes: all of it at once */
};

/* Four counters side by side: the low half twice, so that a comparison finds the carry where the
 * high half is. */
struct counters {
    __m512i low, high, first;
};

static HEAD2_ALWAYS_INLINE struct counters counters_from(const uint8_t v[AES_BLOCK])
{
    const __m128i number = aes256_reverse(aes256_load(v));
    const __m512i low = _mm512_broadcast_i32x4(_mm_unpacklo_epi64(number, number));

    return (struct counters){_mm512_add_epi64(low, _mm512_setr_epi64(1, 1, 2, 2, 3, 3, 4, 4)),
                             _mm512_broadcast_i32x4(_mm_unpackhi_epi64(number, number)), low};
}

/* The blocks of the present four numbers; then on to the next four. */
static HEAD2_ALWAYS_INLINE __m512i next_counters(struct counters *c)
{
    const __mmask8 high_halves = 0xaa;
    const __m512i reverse =
        _mm512_broadcast_i32x4(_mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    const __mmask8 wrapped = _mm512_mask_cmplt_epu64_mask(high_halves, c->low, c->first);
    const __m512i number = _mm512_mask_blend_epi64(high_halves, c->low, c->high);

    c->low = _mm512_add_epi64(c->low, _mm512_set1_epi64(4));
    return _mm512_shuffle_epi8(_mm512_mask_add_epi64(number, wrapped, number, _mm512_set1_epi64(1)),
                               reverse);
}

/* n vectors of blocks, n a constant. */
static HEAD2_ALWAYS_INLINE void next_vectors(const __m512i rk[AES256_ROUNDS + 1],
                                             struct counters *c, uint8_t *out, unsigned n)
{
    __m512i x[WIDE];

#pragma GCC unroll 8
    for (unsigned i = 0; i < n; i++)
        x[i] = _mm512_xor_si512(next_counters(c), rk[0]);
#pragma GCC unroll 14
    for (unsigned r = 1; r < AES256_ROUNDS; r++)
#pragma GCC unroll 8
        for (unsigned i = 0; i < n; i++)
            x[i] = _mm512_aesenc_epi128(x[i], rk[r]);
#pragma GCC unroll 8
    for (unsigned i = 0; i < n; i++)
        _mm512_storeu_si512(out + (size_t)VECTOR * i,
                            _mm512_aesenclast_epi128(x[i], rk[AES256_ROUNDS]));
}

static HEAD2_ALWAYS_INLINE void expand(__m512i rk[AES256_ROUNDS + 1], const uint8_t key[AES256_KEY])
{
    __m128i narrow[AES256_ROUNDS + 1];

    aes256_expand(narrow, key);
#pragma GCC unroll 15
    for (unsigned i = 0; i <= AES256_ROUNDS; i++)
        rk[i] = _mm512_broadcast_i32x4(narrow[i]);
}

static void generate_short(struct aes256_state *st, uint8_t *out, size_t len, const uint8_t *data)
{
    struct counters c = counters_from(st->v);
    __m512i rk[AES256_ROUNDS + 1];
    uint8_t tail[NARROW * VECTOR];

    expand(rk, st->key);
    next_vectors(rk, &c, tail, NARROW);
    aes256_finish(st, out, len, tail, data);
    head2_wipe(tail, sizeof tail);
}

static void generate_long(struct aes256_state *st, uint8_t *out, size_t len, const uint8_t *data)
{
    struct counters c = counters_from(st->v);
    __m512i rk[AES256_ROUNDS + 1];
    uint8_t tail[(WIDE + NARROW) * VECTOR]; /* at most 32 + 3 blocks */
    size_t done = 0;

    expand(rk, st->key);
    for (; len >= WIDE * VECTOR; out += WIDE * VECTOR, len -= WIDE * VECTOR)
        next_vectors(rk, &c, out, WIDE);
    for (; done < len + AES256_SEED + AES_BLOCK - 1; done += NARROW * VECTOR)
        next_vectors(rk, &c, tail + done, NARROW);
    aes256_finish(st, out, len, tail, data);
    head2_wipe(tail, done);
}

static void generate(struct aes256_state *st, uint8_t *out, size_t len, const uint8_t *data)
{
    if (len <= NARROW * VECTOR - AES256_SEED)
        generate_short(st, out, len, data);
    else
        generate_long(st, out, len, data);
}

const struct aes256_kernels aes256_kernels_avx512 = {generate, aes256_x86_cbc_mac3,
                                                     aes256_x86_iterate3};
