/*
 * However the input and the output are cut into pieces, the result is that of one call; and what a
 * context that has been copied computes does not depend on the other copy.
 */
#include "check.h"

#include <head2/hash.h>
#include <head2/secret.h>

enum { LONGEST = 9000, ROUNDS = 300 };

static uint8_t input[LONGEST];
static uint8_t whole[1200];
static uint8_t parts[1200];
static struct head2_keccak dice;

static size_t roll(size_t below)
{
    uint8_t b[4];
    head2_shake_squeeze(&dice, b, sizeof b);
    return (size_t)(b[0] | b[1] << 8 | b[2] << 16) % below;
}

static void begin(const char *seed)
{
    head2_shake256_init(&dice);
    head2_shake_update(&dice, seed, strlen(seed));
    head2_shake_squeeze(&dice, input, sizeof input);
}

/* Feed input[0..len) in random pieces; many are small, and many end near a block's end. */
static void feed(void (*update)(void *, const void *, size_t), void *ctx, size_t len)
{
    for (size_t at = 0; at < len;) {
        const size_t most[] = {3, 20, 75, 140, 1100};
        size_t n = roll(most[roll(5)] + 1);
        if (n > len - at)
            n = len - at;
        update(ctx, input + at, n);
        at += n;
    }
}

static void sha3_update(void *ctx, const void *in, size_t len)
{
    head2_sha3_update(ctx, in, len);
}

static void shake_update(void *ctx, const void *in, size_t len)
{
    head2_shake_update(ctx, in, len);
}

static void blake3_update(void *ctx, const void *in, size_t len)
{
    head2_blake3_update(ctx, in, len);
}

static void hmac_update(void *ctx, const void *in, size_t len)
{
    head2_hmac_sha3_512_update(ctx, in, len);
}

static void sha3_in_pieces(void)
{
    struct head2_keccak ctx;

    begin("sha3");
    for (int i = 0; i < ROUNDS; i++) {
        const size_t len = roll(1000);
        head2_sha3_256(whole, input, len);
        head2_sha3_256_init(&ctx);
        feed(sha3_update, &ctx, len);
        head2_sha3_final(&ctx, parts);
        CHECK_MEM(whole, parts, 32);
        head2_sha3_512(whole, input, len);
        head2_sha3_512_init(&ctx);
        feed(sha3_update, &ctx, len);
        head2_sha3_final(&ctx, parts);
        CHECK_MEM(whole, parts, 64);
        for (size_t j = 0; j < sizeof ctx; j++)
            CHECK_EQ(((const uint8_t *)&ctx)[j], 0); /* final wipes */
    }
}

static void shake_in_pieces(void)
{
    struct head2_keccak ctx;

    begin("shake");
    for (int i = 0; i < ROUNDS; i++) {
        const size_t len = roll(1000);
        const size_t out_len = roll(sizeof whole);
        if (i % 2 == 0) {
            head2_shake128(whole, out_len, input, len);
            head2_shake128_init(&ctx);
        } else {
            head2_shake256(whole, out_len, input, len);
            head2_shake256_init(&ctx);
        }
        feed(shake_update, &ctx, len);
        for (size_t at = 0; at < out_len;) {
            size_t n = roll(i % 3 == 0 ? 5 : 400);
            if (n > out_len - at)
                n = out_len - at;
            head2_shake_squeeze(&ctx, parts + at, n);
            at += n;
        }
        CHECK_MEM(whole, parts, out_len);
    }
}

static void hmac_in_pieces(void)
{
    struct head2_hmac_sha3_512 ctx;
    struct head2_hmac_sha3_512 copy;

    begin("hmac");
    for (int i = 0; i < ROUNDS; i++) {
        const size_t key_len = roll(160);
        const size_t len = roll(1000);
        head2_hmac_sha3_512(whole, input + 1000, key_len, input, len);
        head2_hmac_sha3_512_init(&ctx, input + 1000, key_len);
        feed(hmac_update, &ctx, len);
        copy = ctx;
        head2_hmac_sha3_512_update(&ctx, "x", 1);
        head2_hmac_sha3_512_final(&ctx, parts);
        CHECK(memcmp(whole, parts, 64) != 0);
        head2_hmac_sha3_512_final(&copy, parts);
        CHECK_MEM(whole, parts, 64);
    }
}

static void blake3_in_pieces(void)
{
    struct head2_blake3 one;
    struct head2_blake3 ctx;

    begin("blake3");
    for (int i = 0; i < ROUNDS; i++) {
        const size_t len = roll(LONGEST);
        const size_t out_len = roll(sizeof whole);
        head2_blake3_init_keyed(&one, input + 64);
        head2_blake3_update(&one, input, len);
        head2_blake3_final(&one, whole, out_len, 0);
        head2_blake3_init_keyed(&ctx, input + 64);
        feed(blake3_update, &ctx, len);
        head2_blake3_final(&ctx, parts, out_len, 0);
        CHECK_MEM(whole, parts, out_len);

        const size_t seek = roll(out_len + 1); /* the tail of the output, by seeking */
        head2_blake3_final(&ctx, parts, out_len - seek, seek);
        CHECK_MEM(whole + seek, parts, out_len - seek);
    }
}

/* final may be called in the middle and the context used on. */
static void blake3_goes_on_after_final(void)
{
    struct head2_blake3 ctx;

    begin("blake3 goes on");
    head2_blake3_init(&ctx);
    for (size_t len = 0; len < 3200; len += 64) {
        head2_blake3_final(&ctx, parts, 32, 0);
        head2_blake3(whole, input, len);
        CHECK_MEM(whole, parts, 32);
        head2_blake3_update(&ctx, input + len, 64);
    }
}

/* Beyond 2^32 output blocks the counter's upper word counts. */
static void blake3_seeks_far(void)
{
    const uint64_t far = ((uint64_t)1 << 38) - 32; /* 32 bytes before block 2^32 */
    struct head2_blake3 ctx;

    head2_blake3_init(&ctx);
    head2_blake3_final(&ctx, whole, 128, far);
    head2_blake3_final(&ctx, parts, 64, far + 32);
    CHECK_MEM(whole + 32, parts, 64);
    head2_blake3_final(&ctx, parts, 64, 0);
    CHECK(memcmp(whole + 32, parts, 64) != 0);
}

int main(void)
{
    RUN(sha3_in_pieces);
    RUN(shake_in_pieces);
    RUN(hmac_in_pieces);
    RUN(blake3_in_pieces);
    RUN(blake3_goes_on_after_final);
    RUN(blake3_seeks_far);
    CHECK_EXIT();
}
