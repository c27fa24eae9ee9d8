/*
 * AES-GCM over libcrypto (SP 800-38D), with a 96-bit nonce and a 128-bit tag.
 *
 * One EVP context per object, made once and used for sealing and opening alike: AES-GCM needs only
 * AES's forward direction, so that a key is scheduled once and a message costs no more than setting
 * its nonce. The algorithms themselves are fetched once per process, since a fetch takes locks and
 * many times the time of a short message.
 */
#include "base/base.h"

#include <head2/aead.h>

#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdlib.h>

struct head2_aead {
    EVP_CIPHER_CTX *ctx;
    size_t key_len; /* 0: there is no key */
};

/* What one message is made of, for the two directions. */
struct message {
    uint8_t *out;
    const uint8_t *nonce;
    const uint8_t *aad;
    size_t aad_len;
    const uint8_t *in;
    size_t in_len;
};

enum { DECRYPT = 0, ENCRYPT = 1 }; /* as EVP has it */

/*
 * The fetched algorithm of this key length, shared by all threads and kept until the process ends.
 * Two threads that come first both fetch; one of them gives its copy back.
 */
static EVP_CIPHER *fetched(size_t key_len)
{
    static _Atomic(EVP_CIPHER *) aes128;
    static _Atomic(EVP_CIPHER *) aes256;
    _Atomic(EVP_CIPHER *) *slot = key_len == 16 ? &aes128 : &aes256;
    EVP_CIPHER *cipher = atomic_load_explicit(slot, memory_order_acquire);
    EVP_CIPHER *first = NULL;

    if (cipher != NULL)
        return cipher;
    cipher = EVP_CIPHER_fetch(NULL, key_len == 16 ? "AES-128-GCM" : "AES-256-GCM", NULL);
    if (cipher != NULL && !atomic_compare_exchange_strong(slot, &first, cipher)) {
        EVP_CIPHER_free(cipher);
        cipher = first;
    }
    return cipher;
}

enum head2_status head2_aead_new(struct head2_aead **out)
{
    struct head2_aead *aead = calloc(1, sizeof *aead);

    *out = NULL;
    if (aead == NULL)
        return HEAD2_E_MEMORY;
    aead->ctx = EVP_CIPHER_CTX_new();
    if (aead->ctx == NULL) {
        free(aead);
        return HEAD2_E_MEMORY;
    }
    *out = aead;
    return HEAD2_OK;
}

void head2_aead_free(struct head2_aead *aead)
{
    if (aead == NULL)
        return;
    EVP_CIPHER_CTX_free(aead->ctx); /* libcrypto wipes the scheduled key */
    free(aead);
}

enum head2_status head2_aead_set_key(struct head2_aead *aead, const uint8_t *key, size_t key_len)
{
    const size_t before = aead->key_len;
    EVP_CIPHER *cipher;

    aead->key_len = 0;
    if (key_len != 16 && key_len != 32) {
        EVP_CIPHER_CTX_reset(aead->ctx);
        return HEAD2_E_ARG;
    }
    cipher = fetched(key_len);
    /* naming the cipher again would free and allocate the key schedule: only where it changes */
    if (cipher == NULL || EVP_CipherInit_ex2(aead->ctx, before == key_len ? NULL : cipher, key,
                                             NULL, ENCRYPT, NULL) != 1) {
        EVP_CIPHER_CTX_reset(aead->ctx);
        return HEAD2_E_CRYPTO;
    }
    aead->key_len = key_len;
    return HEAD2_OK;
}

/* Begin a message: nonce and direction, then the associated data. */
static bool begin(EVP_CIPHER_CTX *ctx, const struct message *m, int direction)
{
    int n = 0;

    if (EVP_CipherInit_ex2(ctx, NULL, NULL, m->nonce, direction, NULL) != 1)
        return false;
    return m->aad_len == 0 || EVP_CipherUpdate(ctx, NULL, &n, m->aad, (int)m->aad_len) == 1;
}

static bool transform(EVP_CIPHER_CTX *ctx, const struct message *m)
{
    int n = 0;

    return m->in_len == 0 || (EVP_CipherUpdate(ctx, m->out, &n, m->in, (int)m->in_len) == 1 &&
                              (size_t)n == m->in_len);
}

/* see head2/aead.h */
enum head2_status head2_aead_seal(struct head2_aead *aead, uint8_t *out,
                                  const uint8_t nonce[HEAD2_AEAD_NONCE_BYTES], const uint8_t *aad,
                                  size_t aad_len, const uint8_t *pt, size_t pt_len)
{
    const struct message m = {out, nonce, aad, aad_len, pt, pt_len};
    enum head2_status st = HEAD2_OK;
    int n = 0;

    if (pt_len > HEAD2_AEAD_MAX_BYTES || aad_len > HEAD2_AEAD_MAX_BYTES)
        return HEAD2_E_ARG;
    if (aead->key_len == 0)
        st = HEAD2_E_STATE;
    else if (!begin(aead->ctx, &m, ENCRYPT) || !transform(aead->ctx, &m) ||
             EVP_CipherFinal_ex(aead->ctx, out + pt_len, &n) != 1 ||
             EVP_CIPHER_CTX_ctrl(aead->ctx, EVP_CTRL_AEAD_GET_TAG, HEAD2_AEAD_TAG_BYTES,
                                 out + pt_len) != 1)
        st = HEAD2_E_CRYPTO;

    if (st != HEAD2_OK)
        head2_wipe(out, pt_len + HEAD2_AEAD_TAG_BYTES);
    return st;
}

/* see head2/aead.h */
enum head2_status head2_aead_open(struct head2_aead *aead, uint8_t *pt,
                                  const uint8_t nonce[HEAD2_AEAD_NONCE_BYTES], const uint8_t *aad,
                                  size_t aad_len, const uint8_t *ct, size_t ct_len)
{
    if (ct_len < HEAD2_AEAD_TAG_BYTES || ct_len - HEAD2_AEAD_TAG_BYTES > HEAD2_AEAD_MAX_BYTES ||
        aad_len > HEAD2_AEAD_MAX_BYTES)
        return HEAD2_E_ARG;

    const size_t pt_len = ct_len - HEAD2_AEAD_TAG_BYTES;
    const struct message m = {pt, nonce, aad, aad_len, ct, pt_len};
    enum head2_status st = HEAD2_OK;
    uint8_t tag[HEAD2_AEAD_TAG_BYTES]; /* EVP takes it from memory that may be written */
    int n = 0;

    memcpy(tag, ct + pt_len, sizeof tag);
    if (aead->key_len == 0)
        st = HEAD2_E_STATE;
    else if (!begin(aead->ctx, &m, DECRYPT) || !transform(aead->ctx, &m) ||
             EVP_CIPHER_CTX_ctrl(aead->ctx, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) != 1)
        st = HEAD2_E_CRYPTO;
    else if (EVP_CipherFinal_ex(aead->ctx, tag, &n) != 1)
        st = HEAD2_E_VERIFY; /* the one way in which this step fails */

    if (st != HEAD2_OK)
        head2_wipe(pt, pt_len);
    return st;
}
