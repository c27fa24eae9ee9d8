/* see sha256.h */
#define OPENSSL_SUPPRESS_DEPRECATED /* what replaces these functions allocates */
#include "artifact/sha256.h"

#include <openssl/sha.h>

void sha256(uint8_t hash[SHA256_BYTES], const void *in, size_t len)
{
    SHA256_CTX ctx;

    /* they return 1, always: there is nothing in them that could fail */
    (void)SHA256_Init(&ctx);
    (void)SHA256_Update(&ctx, in, len);
    (void)SHA256_Final(hash, &ctx);
}
