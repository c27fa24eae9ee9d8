/*
 * AES-CMAC over libcrypto (SP 800-38B).
 */
#include "base/base.h"

#include <head2/aead.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdatomic.h>

/* The fetched algorithm; of two threads that come first, one gives its copy back. */
static EVP_MAC *fetched(void)
{
    static _Atomic(EVP_MAC *) cmac;
    EVP_MAC *mac = atomic_load_explicit(&cmac, memory_order_acquire);
    EVP_MAC *first = NULL;

    if (mac != NULL)
        return mac;
    mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
    if (mac != NULL && !atomic_compare_exchange_strong(&cmac, &first, mac)) {
        EVP_MAC_free(mac);
        mac = first;
    }
    return mac;
}

/* see head2/aead.h */
enum head2_status head2_aes_cmac(uint8_t tag[16], const uint8_t *key, size_t key_len,
                                 const uint8_t *msg, size_t msg_len)
{
    static char aes128[] = "AES-128-CBC"; /* OSSL_PARAM wants them without const */
    static char aes256[] = "AES-256-CBC";
    OSSL_PARAM params[2];
    EVP_MAC_CTX *ctx = NULL;
    EVP_MAC *mac;
    enum head2_status st = HEAD2_E_CRYPTO;
    size_t n = 0;

    memset(tag, 0, 16);
    if (key_len != 16 && key_len != 32)
        return HEAD2_E_ARG;
    params[0] =
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, key_len == 16 ? aes128 : aes256, 0);
    params[1] = OSSL_PARAM_construct_end();

    mac = fetched();
    if (mac != NULL)
        ctx = EVP_MAC_CTX_new(mac);
    if (ctx != NULL && EVP_MAC_init(ctx, key, key_len, params) == 1 &&
        (msg_len == 0 || EVP_MAC_update(ctx, msg, msg_len) == 1) &&
        EVP_MAC_final(ctx, tag, &n, 16) == 1 && n == 16)
        st = HEAD2_OK;
    else
        memset(tag, 0, 16);
    EVP_MAC_CTX_free(ctx);
    return st;
}
