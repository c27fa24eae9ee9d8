/*
 * AES-256 in portable code, without tables, and the choice among the kernels.
 *
 * Bitsliced: four blocks in eight words, word b holding bit b of every byte, byte i of block k at
 * position 4 i + k. A byte position is a nibble of the word, a column a quarter of it: ShiftRows
 * and MixColumns are rotations.
 */
#include "entropy/aes256.h"

#include "cpu/cpu.h"

enum { ROUNDS = 14, LANES = 4, GROUP = LANES * AES_BLOCK };

static const uint64_t ONES = 0x0101010101010101; /* bit 0 of each byte */

/* ---- the S-box: x^-1 in GF(2^8) as a quadratic extension of GF(2^4) ---- */

/* GF(2^4) is GF(2)[w] / (w^4 + w + 1). */
static HEAD2_ALWAYS_INLINE void gf16_mul(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
    const uint64_t c0 = a[0] & b[0];
    const uint64_t c1 = (a[0] & b[1]) ^ (a[1] & b[0]);
    const uint64_t c2 = (a[0] & b[2]) ^ (a[1] & b[1]) ^ (a[2] & b[0]);
    const uint64_t c3 = (a[0] & b[3]) ^ (a[1] & b[2]) ^ (a[2] & b[1]) ^ (a[3] & b[0]);
    const uint64_t c4 = (a[1] & b[3]) ^ (a[2] & b[2]) ^ (a[3] & b[1]);
    const uint64_t c5 = (a[2] & b[3]) ^ (a[3] & b[2]);
    const uint64_t c6 = a[3] & b[3];

    r[0] = c0 ^ c4;
    r[1] = c1 ^ c4 ^ c5;
    r[2] = c2 ^ c5 ^ c6;
    r[3] = c3 ^ c6;
}

static HEAD2_ALWAYS_INLINE void gf16_square(uint64_t r[4], const uint64_t a[4])
{
    const uint64_t a1 = a[1], a2 = a[2];

    r[0] = a[0] ^ a2;
    r[1] = a2;
    r[2] = a1 ^ a[3];
    r[3] = a[3];
}

/* a^-1 = a^14 = a^2 a^4 a^8, and 0 for 0 */
static HEAD2_ALWAYS_INLINE void gf16_invert(uint64_t r[4], const uint64_t a[4])
{
    uint64_t a2[4], a4[4], a8[4];

    gf16_square(a2, a);
    gf16_square(a4, a2);
    gf16_square(a8, a4);
    gf16_mul(a2, a2, a4);
    gf16_mul(r, a2, a8);
}

/* FIPS 197's polynomial basis to the tower's: h x + l with x^2 + x + w^3 = 0. The root of the
 * polynomial is 0x20 there. */
static HEAD2_ALWAYS_INLINE void to_tower(uint64_t l[4], uint64_t h[4], const uint64_t s[8])
{
    const uint64_t t0 = s[5] ^ s[7], t1 = s[4] ^ s[6], t2 = t0 ^ s[2] ^ s[3];

    l[0] = s[0] ^ t0;
    l[1] = s[2];
    l[2] = t1 ^ t2;
    l[3] = s[3] ^ s[4];
    h[0] = s[5] ^ t1;
    h[1] = t1 ^ s[1] ^ s[7];
    h[2] = t2;
    h[3] = t0;
}

/* Back, through the affine map of FIPS 197, 5.1.1, in one matrix; its constant is 0x63. */
static HEAD2_ALWAYS_INLINE void from_tower(uint64_t s[8], const uint64_t l[4], const uint64_t h[4])
{
    const uint64_t t0 = l[0] ^ h[1], t1 = l[1] ^ l[2], t2 = l[3] ^ t0, t3 = h[0] ^ t2;
    const uint64_t t4 = h[2] ^ h[3];

    s[0] = ~(h[2] ^ l[0] ^ l[2]);
    s[1] = ~(t1 ^ t3);
    s[2] = h[2] ^ t2;
    s[3] = l[2] ^ t0;
    s[4] = l[1] ^ t3;
    s[5] = ~(l[3] ^ h[1] ^ t1 ^ t4);
    s[6] = ~(h[0] ^ t4);
    s[7] = t1;
}

static HEAD2_ALWAYS_INLINE void sub_bytes(uint64_t s[8])
{
    uint64_t l[4], h[4], norm[4], t[4];

    to_tower(l, h, s);
    /* the norm l^2 + l h + w^3 h^2 = l (l + h) + w^3 h^2 */
    for (unsigned i = 0; i < 4; i++)
        t[i] = l[i] ^ h[i];
    gf16_mul(norm, l, t);
    norm[0] ^= h[2];
    norm[1] ^= h[1] ^ h[2] ^ h[3];
    norm[2] ^= h[1];
    norm[3] ^= h[0] ^ h[2] ^ h[3];
    gf16_invert(norm, norm);
    gf16_mul(l, t, norm);
    gf16_mul(h, h, norm);
    from_tower(s, l, h);
}

/* ---- the other steps of a round ---- */

static HEAD2_ALWAYS_INLINE uint64_t ror(uint64_t x, unsigned n)
{
    return x >> n | x << (64 - n);
}

static HEAD2_ALWAYS_INLINE void shift_rows(uint64_t s[8])
{
    for (unsigned b = 0; b < 8; b++)
        s[b] = (s[b] & 0x000f000f000f000f) | (ror(s[b], 16) & 0x00f000f000f000f0) |
               (ror(s[b], 32) & 0x0f000f000f000f00) | (ror(s[b], 48) & 0xf000f000f000f000);
}

/* each row moves up by one, by two */
static HEAD2_ALWAYS_INLINE uint64_t row1(uint64_t x)
{
    return (x >> 4 & 0x0fff0fff0fff0fff) | (x << 12 & 0xf000f000f000f000);
}

static HEAD2_ALWAYS_INLINE uint64_t row2(uint64_t x)
{
    return (x >> 8 & 0x00ff00ff00ff00ff) | (x << 8 & 0xff00ff00ff00ff00);
}

/* 2 a0 + 3 a1 + a2 + a3 = 2 (a0 + a1) + a1 + (a2 + a3) */
static HEAD2_ALWAYS_INLINE void mix_columns(uint64_t s[8])
{
    uint64_t next[8], sum[8];

    for (unsigned b = 0; b < 8; b++) {
        next[b] = row1(s[b]);
        sum[b] = s[b] ^ next[b];
    }
    for (unsigned b = 0; b < 8; b++) {
        s[b] = next[b] ^ row2(sum[b]) ^ sum[(b + 7) % 8];
        if (b == 1 || b == 3 || b == 4)
            s[b] ^= sum[7]; /* x^8 = x^4 + x^3 + x + 1 */
    }
}

static HEAD2_ALWAYS_INLINE void add_key(uint64_t s[8], const uint64_t k[8])
{
    for (unsigned b = 0; b < 8; b++)
        s[b] ^= k[b];
}

/* ---- in and out of slices ---- */

/* The low nibbles of eight bytes, together; and apart again. */
static HEAD2_ALWAYS_INLINE uint64_t gather_nibbles(uint64_t x)
{
    x = (x | x >> 4) & 0x00ff00ff00ff00ff;
    x = (x | x >> 8) & 0x0000ffff0000ffff;
    return (x | x >> 16) & 0x00000000ffffffff;
}

static HEAD2_ALWAYS_INLINE uint64_t spread_nibbles(uint64_t x)
{
    x = (x | x << 16) & 0x0000ffff0000ffff;
    x = (x | x << 8) & 0x00ff00ff00ff00ff;
    return (x | x << 4) & 0x0f0f0f0f0f0f0f0f;
}

static void slice(uint64_t s[8], const uint8_t in[GROUP])
{
    for (unsigned b = 0; b < 8; b++) {
        uint64_t half[2] = {0};
        for (unsigned i = 0; i < 2 * LANES; i++)
            half[i % 2] |= (le64(in + 8 * i) >> b & ONES) << i / 2;
        s[b] = gather_nibbles(half[0]) | gather_nibbles(half[1]) << 32;
    }
}

static void unslice(uint8_t out[GROUP], const uint64_t s[8])
{
    uint64_t w[2 * LANES] = {0};

    for (unsigned b = 0; b < 8; b++) {
        const uint64_t half[2] = {spread_nibbles(s[b] & 0xffffffff), spread_nibbles(s[b] >> 32)};
        for (unsigned i = 0; i < 2 * LANES; i++)
            w[i] |= (half[i % 2] >> i / 2 & ONES) << b;
    }
    for (unsigned i = 0; i < 2 * LANES; i++)
        put_le64(out + 8 * i, w[i]);
}

/* ---- key expansion (FIPS 197, 5.2) and encryption ---- */

struct schedule {
    uint64_t round[ROUNDS + 1][8];
};

/* SubWord: the S-box does not mind where in the slices the bytes are. */
static uint32_t sub_word(uint32_t w)
{
    uint64_t s[8];
    uint32_t r = 0;

    for (unsigned b = 0; b < 8; b++)
        s[b] = w >> b & (uint32_t)ONES;
    sub_bytes(s);
    for (unsigned b = 0; b < 8; b++)
        r |= ((uint32_t)s[b] & (uint32_t)ONES) << b;
    return r;
}

/* One round key, the same for all four blocks. */
static void slice_key(uint64_t s[8], const uint32_t w[4])
{
    const uint64_t half[2] = {w[0] | (uint64_t)w[1] << 32, w[2] | (uint64_t)w[3] << 32};

    for (unsigned b = 0; b < 8; b++)
        s[b] = gather_nibbles((half[0] >> b & ONES) * 15) |
               gather_nibbles((half[1] >> b & ONES) * 15) << 32;
}

/* Words are little-endian here, so RotWord is a rotation to the right. */
static void expand(struct schedule *k, const uint8_t key[AES256_KEY])
{
    uint32_t w[8], rcon = 1;

    for (unsigned i = 0; i < 8; i++)
        w[i] = le32(key + 4 * i);
    for (unsigned r = 0;; r += 2) {
        slice_key(k->round[r], w);
        if (r == ROUNDS)
            break;
        slice_key(k->round[r + 1], w + 4);
        w[0] ^= sub_word(w[7] >> 8 | w[7] << 24) ^ rcon;
        rcon <<= 1;
        for (unsigned i = 1; i < 8; i++)
            w[i] ^= i == 4 ? sub_word(w[3]) : w[i - 1];
    }
    head2_wipe(w, sizeof w);
}

static void encrypt4(const struct schedule *k, uint8_t out[GROUP], const uint8_t in[GROUP])
{
    uint64_t s[8];

    slice(s, in);
    add_key(s, k->round[0]);
    for (unsigned r = 1; r < ROUNDS; r++) {
        sub_bytes(s);
        shift_rows(s);
        mix_columns(s);
        add_key(s, k->round[r]);
    }
    sub_bytes(s);
    shift_rows(s);
    add_key(s, k->round[ROUNDS]);
    unslice(out, s);
}

/* ---- kernels ---- */

struct counter {
    uint64_t hi, lo;
};

/* Encrypt the next four values of the counter. */
static void next_group(const struct schedule *k, struct counter *c, uint8_t out[GROUP])
{
    uint8_t in[GROUP];

    for (unsigned i = 0; i < GROUP; i += AES_BLOCK) {
        c->lo++;
        c->hi += 1 & ((c->lo | (0 - c->lo)) >> 63 ^ 1); /* when lo has become 0 */
        put_be64(in + i, c->hi);
        put_be64(in + i + 8, c->lo);
    }
    encrypt4(k, out, in);
}

static void generate(struct aes256_state *st, uint8_t *out, size_t len, const uint8_t *data)
{
    struct counter c = {be64(st->v), be64(st->v + 8)};
    struct schedule k = {0};
    uint8_t tail[2 * GROUP]; /* at most 4 + 3 blocks */

    expand(&k, st->key);
    for (; len >= GROUP; out += GROUP, len -= GROUP)
        next_group(&k, &c, out);
    next_group(&k, &c, tail);
    if (len > GROUP - AES256_SEED)
        next_group(&k, &c, tail + GROUP);
    aes256_finish(st, out, len, tail, data);
    head2_wipe(&k, sizeof k);
    head2_wipe(&c, sizeof c);
    head2_wipe(tail, sizeof tail);
}

static void cbc_mac3(const uint8_t key[AES256_KEY], uint8_t mac[3][AES_BLOCK], const uint8_t *in,
                     size_t blocks)
{
    struct schedule k = {0};
    uint8_t x[GROUP] = {0};

    expand(&k, key);
    memcpy(x, mac, AES256_SEED);
    for (; blocks != 0; blocks--, in += AES_BLOCK) {
        for (unsigned i = 0; i < AES256_SEED; i++)
            x[i] ^= in[i % AES_BLOCK];
        encrypt4(&k, x, x);
    }
    memcpy(mac, x, AES256_SEED);
    head2_wipe(&k, sizeof k);
    head2_wipe(x, sizeof x);
}

static void iterate3(const uint8_t key[AES256_KEY], const uint8_t x[AES_BLOCK],
                     uint8_t out[AES256_SEED])
{
    struct schedule k = {0};
    uint8_t y[GROUP] = {0};

    expand(&k, key);
    memcpy(y, x, AES_BLOCK);
    for (unsigned i = 0; i < AES256_SEED; i += AES_BLOCK) {
        encrypt4(&k, y, y);
        memcpy(out + i, y, AES_BLOCK);
    }
    head2_wipe(&k, sizeof k);
    head2_wipe(y, sizeof y);
}

const struct aes256_kernels aes256_kernels_portable = {generate, cbc_mac3, iterate3};

/* ---- choice ---- */

const struct aes256_kernels *aes256_kernels(void)
{
    static struct cpu_choice choice = {
        .room = "AES-256",
        .kernels =
            CPU_KERNELS(&aes256_kernels_portable, &aes256_kernels_avx2, &aes256_kernels_avx512),
        .needs = {0, CPU_AES, CPU_AES | CPU_VAES},
        .agrees = CPU_COMPARED_BY(aes256_kernels_agree),
    };
    return cpu_choose(&choice);
}
