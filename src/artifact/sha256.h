/*
 * SHA-256 (FIPS 180-4) of the ledger's tree, by libcrypto's own rounds: it takes no memory and
 * cannot fail, which libcrypto's SHA256() does when memory is short, and says so to nobody here.
 */
#ifndef HEAD2_ARTIFACT_SHA256_H
#define HEAD2_ARTIFACT_SHA256_H

#include "base/base.h"

#define SHA256_BYTES 32

void sha256(uint8_t hash[SHA256_BYTES], const void *in, size_t len);

#endif
