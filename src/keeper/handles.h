/*
 * Secrets that came of a KEM key and stay inside: a connection's, at most HANDLES_MAX, in one page
 * of protected memory, wiped with it. A handle's number is random, so that one of a connection that
 * broke off means nothing later.
 */
#ifndef HEAD2_KEEPER_HANDLES_H
#define HEAD2_KEEPER_HANDLES_H

#include "base/base.h"

#include <head2/keys.h>

#define HANDLES_MAX  32
#define HANDLE_BYTES 64
#define NONCES_MAX   4096
#define NONCE_TRACE  16

struct handle {
    uint64_t number; /* 0: free */
    size_t len;
    uint8_t key[HEAD2_KEY_ID_BYTES]; /* it came of this key, whose policy it has; */
    bool foreign; /* of a public key that is not the keeper's: the asker's, without a policy */
};

struct handles {
    uint8_t *secrets; /* NULL until there is one */
    struct handle rows[HANDLES_MAX];
};

/* Nonces that the asker gave to encrypt with: see desk_cipher.c. */
struct nonces {
    uint8_t (*seen)[NONCE_TRACE];
    size_t count, cap;
};
void nonces_clear(struct nonces *n);

/* HEAD2_OK with *number, HEAD2_E_LIMIT, HEAD2_E_MEMORY or HEAD2_E_ENTROPY. len <= HANDLE_BYTES;
 * key NULL: a foreign one */
HEAD2_CHECK enum head2_status handles_add(struct handles *h, uint64_t *number, const uint8_t *key,
                                          const uint8_t *secret, size_t len);
/* NULL: there is none of that number. */
const struct handle *handles_find(const struct handles *h, uint64_t number);
const uint8_t *handles_secret(const struct handles *h, const struct handle *row);
/* HEAD2_OK or HEAD2_E_STATE. */
HEAD2_CHECK enum head2_status handles_remove(struct handles *h, uint64_t number);
void handles_clear(struct handles *h);

#endif
