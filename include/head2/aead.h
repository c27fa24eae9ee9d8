/*
 * AES-GCM with a 96-bit nonce and a full 128-bit tag, and AES-CMAC, over libcrypto.
 *
 * An aead holds one scheduled key and is used for any number of messages; giving it a new key
 * reuses its memory. One thread at a time. The caller is responsible for never using a nonce twice
 * under one key: the session layer shows how.
 */
#ifndef HEAD2_AEAD_H
#define HEAD2_AEAD_H

#include <head2/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEAD2_AEAD_NONCE_BYTES 12
#define HEAD2_AEAD_TAG_BYTES   16
#define HEAD2_AEAD_MAX_BYTES   ((size_t)1 << 30) /* longest message of one call */

struct head2_aead;

/**
 * head2_aead_new - make an aead without a key.
 *
 * out  receives the new object; free it with head2_aead_free
 *
 * Returns HEAD2_OK, HEAD2_E_MEMORY or HEAD2_E_CRYPTO (*out is then NULL).
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_aead_new(struct head2_aead **out);

/**
 * head2_aead_free - wipe the key and free the object. NULL is allowed.
 */
HEAD2_API void head2_aead_free(struct head2_aead *aead);

/**
 * head2_aead_set_key - schedule a key, replacing and wiping the one before.
 *
 * key, key_len  16 bytes for AES-128-GCM or 32 for AES-256-GCM
 *
 * Returns HEAD2_OK, HEAD2_E_ARG (another length) or HEAD2_E_CRYPTO; after an error there is no key.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_aead_set_key(struct head2_aead *aead,
                                                           const uint8_t *key, size_t key_len);

/**
 * head2_aead_seal - encrypt and authenticate (SP 800-38D, GCM-AE).
 *
 * out    receives pt_len + 16 bytes: the ciphertext, then the tag; may be the same as pt
 * nonce  12 bytes, never used before under this key
 * aad    authenticated and not sent; may be NULL when aad_len is 0
 * pt     may be NULL when pt_len is 0
 *
 * Returns HEAD2_OK, HEAD2_E_STATE (no key), HEAD2_E_CRYPTO, or HEAD2_E_ARG (too long: nothing is
 * written). On the other errors the output is wiped.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_aead_seal(struct head2_aead *aead, uint8_t *out,
                                                        const uint8_t nonce[HEAD2_AEAD_NONCE_BYTES],
                                                        const uint8_t *aad, size_t aad_len,
                                                        const uint8_t *pt, size_t pt_len);

/**
 * head2_aead_open - check and decrypt (SP 800-38D, GCM-AD).
 *
 * pt      receives ct_len - 16 bytes; may be the same as ct
 * ct      ciphertext and tag
 * ct_len  at least 16
 *
 * Returns HEAD2_OK, HEAD2_E_VERIFY (the tag does not fit), HEAD2_E_STATE, HEAD2_E_CRYPTO, or
 * HEAD2_E_ARG (too short or too long: nothing is written). On the other errors pt is wiped.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_aead_open(struct head2_aead *aead, uint8_t *pt,
                                                        const uint8_t nonce[HEAD2_AEAD_NONCE_BYTES],
                                                        const uint8_t *aad, size_t aad_len,
                                                        const uint8_t *ct, size_t ct_len);

/**
 * head2_aes_cmac - AES-CMAC of a message (SP 800-38B).
 *
 * tag           16 bytes
 * key, key_len  16 or 32 bytes
 *
 * Returns HEAD2_OK, HEAD2_E_ARG or HEAD2_E_CRYPTO (tag is then zero).
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_aes_cmac(uint8_t tag[16], const uint8_t *key,
                                                       size_t key_len, const uint8_t *msg,
                                                       size_t msg_len);

#ifdef __cplusplus
}
#endif

#endif
