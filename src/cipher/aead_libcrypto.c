/*
 * AES-GCM by libcrypto.
 *
 * One EVP context per object, made once and used for sealing and opening alike: AES-GCM needs only
 * AES's forward direction, so that a key is scheduled once and a message costs no more than setting
 * its nonce. The algorithms themselves are fetched once per process, since a fetch takes locks and
 * many times the time of a short message.
 */
#include "cipher/aead_provider.h"

#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdlib.h>

struct state {
    EVP_CIPHER_CTX *ctx;
    size_t key_len; /* which cipher ctx names; 0: none */
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

static void *create(void)
{
    struct state *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->ctx = EVP_CIPHER_CTX_new();
    if (s->ctx == NULL) {
        free(s);
        return NULL;
    }
    return s;
}

static void destroy(void *state)
{
    struct state *s = state;

    EVP_CIPHER_CTX_free(s->ctx); /* libcrypto wipes the scheduled key */
    free(s);
}

static void forget(void *state)
{
    struct state *s = state;

    EVP_CIPHER_CTX_reset(s->ctx);
    s->key_len = 0;
}

static bool set_key(void *state, const uint8_t *key, size_t key_len)
{
    struct state *s = state;
    EVP_CIPHER *cipher = fetched(key_len);

    /* naming the cipher again would free and allocate the key schedule: only where it changes */
    if (cipher == NULL || EVP_CipherInit_ex2(s->ctx, s->key_len == key_len ? NULL : cipher, key,
                                             NULL, ENCRYPT, NULL) != 1) {
        forget(s);
        return false;
    }
    s->key_len = key_len;
    return true;
}

/* Begin a message: nonce and direction, then the associated data. */
static bool begin(EVP_CIPHER_CTX *ctx, const struct aead_message *m, int direction)
{
    int n = 0;

    if (EVP_CipherInit_ex2(ctx, NULL, NULL, m->nonce, direction, NULL) != 1)
        return false;
    return m->aad_len == 0 || EVP_CipherUpdate(ctx, NULL, &n, m->aad, (int)m->aad_len) == 1;
}

static bool transform(EVP_CIPHER_CTX *ctx, const struct aead_message *m)
{
    int n = 0;

    return m->len == 0 ||
           (EVP_CipherUpdate(ctx, m->out, &n, m->in, (int)m->len) == 1 && (size_t)n == m->len);
}

static bool seal(void *state, const struct aead_message *m, uint8_t tag[HEAD2_AEAD_TAG_BYTES])
{
    const struct state *s = state;
    int n = 0;

    return begin(s->ctx, m, ENCRYPT) && transform(s->ctx, m) &&
           EVP_CipherFinal_ex(s->ctx, tag, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_GET_TAG, HEAD2_AEAD_TAG_BYTES, tag) == 1;
}

static enum head2_status open_message(void *state, const struct aead_message *m,
                                      const uint8_t tag[HEAD2_AEAD_TAG_BYTES])
{
    const struct state *s = state;
    uint8_t want[HEAD2_AEAD_TAG_BYTES]; /* EVP takes it from memory that may be written */
    int n = 0;

    memcpy(want, tag, sizeof want);
    if (!begin(s->ctx, m, DECRYPT) || !transform(s->ctx, m) ||
        EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_SET_TAG, sizeof want, want) != 1)
        return HEAD2_E_CRYPTO;
    /* that the tag does not fit is the one way in which this step fails */
    return EVP_CipherFinal_ex(s->ctx, want, &n) == 1 ? HEAD2_OK : HEAD2_E_VERIFY;
}

const struct aead_provider aead_libcrypto = {
    .name = "libcrypto",
    .create = create,
    .destroy = destroy,
    .set_key = set_key,
    .forget = forget,
    .seal = seal,
    .open = open_message,
};
