/*
 * SHA3-256, SHA3-512, SHAKE128 and SHAKE256 (FIPS 202, Sections 4 to 6): the sponge over
 * Keccak-f[1600], absorbing and squeezing any number of bytes at a time.
 *
 * Bytes go into the lanes directly; no block is buffered, so a context is little more than the
 * state. Whole lanes are taken eight bytes at a time.
 */
#include "hash/keccak.h"

#include "base/base.h"

#include <head2/hash.h>

static void start(struct head2_keccak *ctx, uint32_t rate, uint32_t suffix)
{
    memset(ctx, 0, sizeof *ctx);
    ctx->rate = rate;
    ctx->suffix = suffix;
}

static HEAD2_ALWAYS_INLINE void xor_byte(struct head2_keccak *ctx, uint32_t at, uint32_t byte)
{
    ctx->lane[at / 8] ^= (uint64_t)byte << (8 * (at % 8));
}

static HEAD2_ALWAYS_INLINE uint8_t read_byte(const struct head2_keccak *ctx, uint32_t at)
{
    return (uint8_t)(ctx->lane[at / 8] >> (8 * (at % 8)));
}

/* XOR n bytes into the present block, which has room for them. */
static void xor_bytes(struct head2_keccak *ctx, const uint8_t *in, uint32_t n)
{
    uint32_t i = 0;

    HEAD2_REQUIRES(n <= ctx->rate - ctx->pos);
    for (; i < n && (ctx->pos + i) % 8 != 0; i++)
        xor_byte(ctx, ctx->pos + i, in[i]);
    for (; i + 8 <= n; i += 8)
        ctx->lane[(ctx->pos + i) / 8] ^= le64(in + i);
    for (; i < n; i++)
        xor_byte(ctx, ctx->pos + i, in[i]);
    ctx->pos += n;
}

static void read_bytes(struct head2_keccak *ctx, uint8_t *out, uint32_t n)
{
    uint32_t i = 0;

    HEAD2_REQUIRES(n <= ctx->rate - ctx->pos);
    for (; i < n && (ctx->pos + i) % 8 != 0; i++)
        out[i] = read_byte(ctx, ctx->pos + i);
    for (; i + 8 <= n; i += 8)
        put_le64(out + i, ctx->lane[(ctx->pos + i) / 8]);
    for (; i < n; i++)
        out[i] = read_byte(ctx, ctx->pos + i);
    ctx->pos += n;
}

/* FIPS 202, Algorithm 8 (SPONGE), steps 1 to 6: XOR block by block, permuting full ones. */
static void absorb(struct head2_keccak *ctx, const uint8_t *in, size_t len)
{
    HEAD2_REQUIRES(!ctx->squeezing);
    while (len != 0) {
        const uint32_t room = ctx->rate - ctx->pos;
        const uint32_t n = len < room ? (uint32_t)len : room;
        xor_bytes(ctx, in, n);
        in += n;
        len -= n;
        if (ctx->pos == ctx->rate) {
            keccak_f1600(ctx->lane);
            ctx->pos = 0;
        }
    }
}

/* Padding (Algorithm 9, pad10*1) with the domain bits before it. The permutation is due at once. */
static void end_absorbing(struct head2_keccak *ctx)
{
    xor_byte(ctx, ctx->pos, ctx->suffix);
    xor_byte(ctx, ctx->rate - 1, 0x80);
    ctx->squeezing = 1;
    ctx->pos = ctx->rate; /* no byte of output is left: squeeze permutes first */
}

/* Algorithm 8, steps 7 to 10. */
static void squeeze(struct head2_keccak *ctx, uint8_t *out, size_t len)
{
    if (!ctx->squeezing)
        end_absorbing(ctx);
    while (len != 0) {
        if (ctx->pos == ctx->rate) {
            keccak_f1600(ctx->lane);
            ctx->pos = 0;
        }
        const uint32_t left = ctx->rate - ctx->pos;
        const uint32_t n = len < left ? (uint32_t)len : left;
        read_bytes(ctx, out, n);
        out += n;
        len -= n;
    }
}

void head2_sha3_256_init(struct head2_keccak *ctx)
{
    start(ctx, KECCAK_RATE_256, KECCAK_SUFFIX_SHA3);
}

void head2_sha3_512_init(struct head2_keccak *ctx)
{
    start(ctx, KECCAK_RATE_SHA3_512, KECCAK_SUFFIX_SHA3);
}

void head2_sha3_update(struct head2_keccak *ctx, const void *in, size_t len)
{
    absorb(ctx, in, len);
}

void head2_sha3_final(struct head2_keccak *ctx, uint8_t *digest)
{
    HEAD2_REQUIRES(ctx->suffix == KECCAK_SUFFIX_SHA3 && !ctx->squeezing);
    squeeze(ctx, digest, (200 - ctx->rate) / 2); /* the capacity is twice the digest */
    head2_wipe(ctx, sizeof *ctx);
}

void head2_sha3_256(uint8_t digest[HEAD2_SHA3_256_BYTES], const void *in, size_t len)
{
    struct head2_keccak ctx;

    head2_sha3_256_init(&ctx);
    head2_sha3_update(&ctx, in, len);
    head2_sha3_final(&ctx, digest);
}

void head2_sha3_512(uint8_t digest[HEAD2_SHA3_512_BYTES], const void *in, size_t len)
{
    struct head2_keccak ctx;

    head2_sha3_512_init(&ctx);
    head2_sha3_update(&ctx, in, len);
    head2_sha3_final(&ctx, digest);
}

void head2_shake128_init(struct head2_keccak *ctx)
{
    start(ctx, KECCAK_RATE_SHAKE128, KECCAK_SUFFIX_SHAKE);
}

void head2_shake256_init(struct head2_keccak *ctx)
{
    start(ctx, KECCAK_RATE_256, KECCAK_SUFFIX_SHAKE);
}

void head2_shake_update(struct head2_keccak *ctx, const void *in, size_t len)
{
    absorb(ctx, in, len);
}

void head2_shake_squeeze(struct head2_keccak *ctx, uint8_t *out, size_t out_len)
{
    HEAD2_REQUIRES(ctx->suffix == KECCAK_SUFFIX_SHAKE);
    squeeze(ctx, out, out_len);
}

void head2_shake128(uint8_t *out, size_t out_len, const void *in, size_t len)
{
    struct head2_keccak ctx;

    head2_shake128_init(&ctx);
    head2_shake_update(&ctx, in, len);
    head2_shake_squeeze(&ctx, out, out_len);
    head2_wipe(&ctx, sizeof ctx);
}

void head2_shake256(uint8_t *out, size_t out_len, const void *in, size_t len)
{
    struct head2_keccak ctx;

    head2_shake256_init(&ctx);
    head2_shake_update(&ctx, in, len);
    head2_shake_squeeze(&ctx, out, out_len);
    head2_wipe(&ctx, sizeof ctx);
}
