/*
 * HMAC-SHA3-512 (FIPS 198-1). The block size B of FIPS 198-1 is SHA3-512's rate, 72 bytes
 * (FIPS 202, Section 7, Table 3).
 */
#include "base/base.h"

#include <head2/hash.h>

enum { BLOCK = 72 };

/* FIPS 198-1, Section 4, steps 1 to 4 and 7. */
void head2_hmac_sha3_512_init(struct head2_hmac_sha3_512 *ctx, const void *key, size_t key_len)
{
    uint8_t k0[BLOCK] = {0};

    if (key_len > BLOCK)
        head2_sha3_512(k0, key, key_len);
    else
        copy_bytes(k0, key, key_len);

    for (size_t i = 0; i < BLOCK; i++)
        k0[i] ^= 0x36; /* ipad */
    head2_sha3_512_init(&ctx->inner);
    head2_sha3_update(&ctx->inner, k0, BLOCK);

    for (size_t i = 0; i < BLOCK; i++)
        k0[i] ^= 0x36 ^ 0x5c; /* opad */
    head2_sha3_512_init(&ctx->outer);
    head2_sha3_update(&ctx->outer, k0, BLOCK);
    head2_wipe(k0, sizeof k0);
}

void head2_hmac_sha3_512_update(struct head2_hmac_sha3_512 *ctx, const void *in, size_t len)
{
    head2_sha3_update(&ctx->inner, in, len);
}

/* Steps 6, 8 and 9. */
void head2_hmac_sha3_512_final(struct head2_hmac_sha3_512 *ctx, uint8_t mac[64])
{
    uint8_t digest[HEAD2_SHA3_512_BYTES];

    head2_sha3_final(&ctx->inner, digest);
    head2_sha3_update(&ctx->outer, digest, sizeof digest);
    head2_sha3_final(&ctx->outer, mac);
    head2_wipe(digest, sizeof digest);
}

void head2_hmac_sha3_512(uint8_t mac[64], const void *key, size_t key_len, const void *msg,
                         size_t len)
{
    struct head2_hmac_sha3_512 ctx;

    head2_hmac_sha3_512_init(&ctx, key, key_len);
    head2_hmac_sha3_512_update(&ctx, msg, len);
    head2_hmac_sha3_512_final(&ctx, mac);
}
