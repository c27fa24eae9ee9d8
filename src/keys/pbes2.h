/*
 * Private keys under a passphrase: EncryptedPrivateKeyInfo (RFC 5958) with PBES2 (RFC 8018).
 *
 * Written with scrypt (RFC 7914) and AES-256-CBC. Read as well: PBKDF2 with HMAC-SHA1 or SHA-2, and
 * AES-128, -192 and -256 in CBC mode, which is what OpenSSL writes. A file that asks for more work
 * or memory than the limits below is refused before any of it is done.
 */
#ifndef HEAD2_KEYS_PBES2_H
#define HEAD2_KEYS_PBES2_H

#include "keys/spki.h"

#define PBES2_MAX_BYTES (PKCS8_MAX_BYTES + 256)

/* 16 MiB, five times over. OpenSSL reads no scrypt key that takes more than 32 MiB, and 128 N r
 * with N = 2^15 and r = 8 is just above that. */
#define PBES2_SCRYPT_N       16384
#define PBES2_SCRYPT_R       8
#define PBES2_SCRYPT_P       5

#define PBES2_MAX_MEMORY     (256U << 20) /* of scrypt: 128 N r */
#define PBES2_MAX_SCRYPT_P   16
#define PBES2_MAX_ITERATIONS 10000000 /* of PBKDF2 */

struct passphrase {
    const char *text;
    size_t len;
};

/* out has PBES2_MAX_BYTES. HEAD2_OK, HEAD2_E_ENTROPY or HEAD2_E_CRYPTO. */
HEAD2_CHECK enum head2_status pbes2_encrypt(uint8_t *out, size_t *len, const uint8_t *plain,
                                            size_t plain_len, const struct passphrase *pass);

/* What an encrypted file says about itself: all of it is checked before a passphrase is asked. */
struct pbes2 {
    enum { PBES2_SCRYPT, PBES2_PBKDF2 } kdf;
    uint64_t n, r, p;    /* of scrypt */
    uint64_t iterations; /* of PBKDF2 */
    const char *prf;     /* of PBKDF2: libcrypto's name of the digest */
    const char *cipher;  /* libcrypto's name */
    size_t key_bytes;
    struct der salt, iv, ciphertext;
};

/* HEAD2_OK, HEAD2_E_MALFORMED, HEAD2_E_UNSUPPORTED or HEAD2_E_LIMIT. */
HEAD2_CHECK enum head2_status pbes2_parse(struct pbes2 *e, const uint8_t *der, size_t len,
                                          const char **why);
/* plain has room for e->ciphertext.len bytes. HEAD2_OK, HEAD2_E_PASSPHRASE or HEAD2_E_CRYPTO. */
HEAD2_CHECK enum head2_status pbes2_decrypt(uint8_t *plain, size_t *plain_len,
                                            const struct pbes2 *e, const struct passphrase *pass);

#endif
