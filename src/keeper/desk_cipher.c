/* AES-GCM under handles; see desk_handles.h */
#include "keeper/desk_handles.h"

#include <head2/aead.h>
#include <head2/hash.h>
#include <head2/random.h>
#include <stdlib.h>

/*
 * A nonce of the asker's is used once with one key on one connection, whichever handle has the key:
 * what was used is remembered as a digest of both. After NONCES_MAX the keeper's own nonces are
 * left.
 */
static enum head2_status spend(struct nonces *n, struct keeper_bytes key,
                               const uint8_t nonce[KEEPER_NONCE], const char **why)
{
    struct head2_keccak ctx;
    uint8_t digest[32];
    enum head2_status st = HEAD2_E_ARG;

    head2_sha3_256_init(&ctx);
    head2_sha3_update(&ctx, key.at, key.len);
    head2_sha3_update(&ctx, nonce, KEEPER_NONCE);
    head2_sha3_final(&ctx, digest);
    *why = "this nonce was used with this key";
    for (size_t i = 0; i < n->count; i++)
        if (memcmp(n->seen[i], digest, NONCE_TRACE) == 0)
            goto done;
    st = HEAD2_E_LIMIT;
    *why = "this connection has used too many nonces of its own";
    if (n->count == NONCES_MAX)
        goto done;
    if (n->count == n->cap) {
        const size_t cap = n->cap == 0 ? 64 : 2 * n->cap;
        void *const more = realloc(n->seen, cap * sizeof *n->seen);
        *why = NULL;
        st = HEAD2_E_MEMORY;
        if (more == NULL)
            goto done;
        n->seen = more;
        n->cap = cap;
    }
    memcpy(n->seen[n->count++], digest, NONCE_TRACE);
    st = HEAD2_OK;
done:
    head2_wipe(digest, sizeof digest);
    return st;
}

void nonces_clear(struct nonces *n)
{
    free(n->seen);
    *n = (struct nonces){0};
}

static enum head2_status encrypt(struct desk *d, struct head2_aead *aead, struct nonces *nonces,
                                 struct keeper_bytes key, const struct keeper_message *ask,
                                 struct keeper_message *answer, const char **why)
{
    enum head2_status st = HEAD2_E_ARG;

    *why = "a nonce is drawn or given, not both";
    memcpy(answer->nonce, ask->nonce, KEEPER_NONCE);
    if ((ask->flags & KEEPER_ENCRYPT_NONCE) != 0) {
        static const uint8_t zeros[KEEPER_NONCE];
        if (memcmp(ask->nonce, zeros, KEEPER_NONCE) != 0)
            goto done;
        *why = NULL;
        HEAD2_TRY(head2_random(answer->nonce, KEEPER_NONCE));
    } else {
        HEAD2_TRY(spend(nonces, key, ask->nonce, why));
    }
    HEAD2_TRY(head2_aead_seal(aead, d->room, answer->nonce, ask->aad.at, ask->aad.len, ask->data.at,
                              ask->data.len));
    answer->data = (struct keeper_bytes){d->room, ask->data.len + KEEPER_TAG};
done:
    return st;
}

static enum head2_status decrypt(struct desk *d, struct head2_aead *aead,
                                 const struct keeper_message *ask, struct keeper_message *answer,
                                 const char **why)
{
    enum head2_status st = HEAD2_E_VERIFY;

    *why = "this was not encrypted with this key, nonce and additional data";
    if (ask->data.len < KEEPER_TAG)
        goto done;
    HEAD2_TRY(head2_aead_open(aead, d->room, ask->nonce, ask->aad.at, ask->aad.len, ask->data.at,
                              ask->data.len));
    answer->data = (struct keeper_bytes){d->room, ask->data.len - KEEPER_TAG};
done:
    return st;
}

enum head2_status desk_cipher(struct desk *d, struct visitor *v, const struct keeper_message *ask,
                              struct keeper_message *answer, const char **why)
{
    struct head2_aead *aead = NULL;
    struct keeper_bytes key;
    enum head2_status st;

    HEAD2_TRY(desk_use_handle(d, &v->handles, ask->handle, KEEPER_MAY_SEAL, &key, why));
    *why = "a key of AES has 16 or 32 bytes";
    st = HEAD2_E_ARG;
    if (key.len != 16 && key.len != 32)
        goto done;
    *why = NULL;
    HEAD2_TRY(head2_aead_new(&aead));
    HEAD2_TRY(head2_aead_set_key(aead, key.at, key.len));
    if (ask->type == KEEPER_ENCRYPT)
        HEAD2_TRY(encrypt(d, aead, &v->nonces, key, ask, answer, why));
    else
        HEAD2_TRY(decrypt(d, aead, ask, answer, why));
done:
    head2_aead_free(aead);
    return st;
}
