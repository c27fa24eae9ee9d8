/*
 * The digests of HashML-DSA: FIPS 204, Section 5.4.1. SHA3-256, SHA3-512 and SHAKE are our own, the
 * others libcrypto's.
 */
#include "mldsa/mldsa.h"

#include <head2/hash.h>

#include <openssl/evp.h>

struct digest {
    uint8_t bytes;
    uint8_t oid;      /* last arc below 2.16.840.1.101.3.4.2 */
    const char *name; /* libcrypto's, NULL where it is ours */
};

static const struct digest digests[] = {
    [HEAD2_PREHASH_SHA2_224] = {28, 4,  "SHA2-224"    },
    [HEAD2_PREHASH_SHA2_256] = {32, 1,  "SHA2-256"    },
    [HEAD2_PREHASH_SHA2_384] = {48, 2,  "SHA2-384"    },
    [HEAD2_PREHASH_SHA2_512] = {64, 3,  "SHA2-512"    },
    [HEAD2_PREHASH_SHA2_512_224] = {28, 5,  "SHA2-512/224"},
    [HEAD2_PREHASH_SHA2_512_256] = {32, 6,  "SHA2-512/256"},
    [HEAD2_PREHASH_SHA3_224] = {28, 7,  "SHA3-224"    },
    [HEAD2_PREHASH_SHA3_256] = {32, 8,  NULL          },
    [HEAD2_PREHASH_SHA3_384] = {48, 9,  "SHA3-384"    },
    [HEAD2_PREHASH_SHA3_512] = {64, 10, NULL          },
    [HEAD2_PREHASH_SHAKE_128] = {32, 11, NULL          },
    [HEAD2_PREHASH_SHAKE_256] = {64, 12, NULL          },
};

#define OID(last)                                                                                  \
    {                                                                                              \
        0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last                           \
    }

static const uint8_t oids[][PREHASH_OID_BYTES] = {
    OID(0), OID(1), OID(2), OID(3),  OID(4),  OID(5),  OID(6),
    OID(7), OID(8), OID(9), OID(10), OID(11), OID(12),
};

static bool is_digest(enum head2_prehash hash)
{
    return (unsigned)hash < HEAD2_LEN(digests);
}

size_t head2_prehash_bytes(enum head2_prehash hash)
{
    return is_digest(hash) ? digests[hash].bytes : 0;
}

const uint8_t *mldsa_prehash_oid(enum head2_prehash hash)
{
    return is_digest(hash) ? oids[digests[hash].oid] : NULL;
}

static enum head2_status through_libcrypto(uint8_t *digest, const struct digest *d,
                                           const uint8_t *msg, size_t msg_len)
{
    size_t len = 0;
    if (EVP_Q_digest(NULL, d->name, NULL, msg, msg_len, digest, &len) != 1 || len != d->bytes) {
        head2_wipe(digest, d->bytes);
        return HEAD2_E_CRYPTO;
    }
    return HEAD2_OK;
}

enum head2_status head2_prehash(uint8_t digest[HEAD2_PREHASH_MAX_BYTES], enum head2_prehash hash,
                                const uint8_t *msg, size_t msg_len)
{
    if (!is_digest(hash))
        return HEAD2_E_ARG;
    switch (hash) {
    case HEAD2_PREHASH_SHA3_256:
        head2_sha3_256(digest, msg, msg_len);
        return HEAD2_OK;
    case HEAD2_PREHASH_SHA3_512:
        head2_sha3_512(digest, msg, msg_len);
        return HEAD2_OK;
    case HEAD2_PREHASH_SHAKE_128:
        head2_shake128(digest, 32, msg, msg_len);
        return HEAD2_OK;
    case HEAD2_PREHASH_SHAKE_256:
        head2_shake256(digest, 64, msg, msg_len);
        return HEAD2_OK;
    default:
        return through_libcrypto(digest, &digests[hash], msg, msg_len);
    }
}
