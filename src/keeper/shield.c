/* see shield.h */
#include "keeper/shield.h"

#include <head2/aead.h>
#include <head2/hash.h>
#include <head2/random.h>

#include <stdlib.h>

struct shield {
    uint8_t *prekey;
    uint8_t *key; /* protected too: 64 bytes, of which AES takes half */
    uint64_t count;
};

enum head2_status shield_new(struct shield **out)
{
    struct shield *const s = calloc(1, sizeof *s);
    enum head2_status st = HEAD2_E_MEMORY;
    void *place;

    *out = NULL;
    if (s == NULL)
        return st;
    HEAD2_TRY(secmem_new(&place, SHIELD_PREKEY, SECMEM_LONG_TERM));
    s->prekey = place;
    HEAD2_TRY(secmem_new(&place, HEAD2_SHA3_512_BYTES, SECMEM_LONG_TERM));
    s->key = place;
    HEAD2_TRY(head2_random_key(s->prekey, SHIELD_PREKEY));
    *out = s;
done:
    if (st != HEAD2_OK)
        shield_free(s);
    return st;
}

void shield_free(struct shield *s)
{
    if (s == NULL)
        return;
    secmem_free(s->prekey);
    secmem_free(s->key);
    free(s);
}

enum secmem_kind shield_memory(const struct shield *s)
{
    return secmem_kind_of(s->prekey);
}

/* An aead that has the key, which lasts no longer than one use. */
static enum head2_status begin(struct shield *s, struct head2_aead **out)
{
    enum head2_status st;

    HEAD2_TRY(head2_aead_new(out));
    head2_sha3_512(s->key, s->prekey, SHIELD_PREKEY);
    st = head2_aead_set_key(*out, s->key, 32);
    head2_wipe(s->key, HEAD2_SHA3_512_BYTES);
done:
    return st;
}

enum head2_status shield_close(struct shield *s, uint8_t *out, const uint8_t about[16],
                               const uint8_t *secret, size_t len)
{
    uint8_t nonce[HEAD2_AEAD_NONCE_BYTES] = {0};
    struct head2_aead *aead = NULL;
    enum head2_status st = HEAD2_E_LIMIT;

    if (s->count == UINT64_MAX)
        goto done;
    put_be64(out, ++s->count);
    memcpy(nonce + 4, out, 8);
    HEAD2_TRY(begin(s, &aead));
    HEAD2_TRY(head2_aead_seal(aead, out + 8, nonce, about, 16, secret, len));
done:
    head2_aead_free(aead);
    return st;
}

enum head2_status shield_open(struct shield *s, uint8_t *secret, const uint8_t about[16],
                              const uint8_t *shielded, size_t len)
{
    uint8_t nonce[HEAD2_AEAD_NONCE_BYTES] = {0};
    struct head2_aead *aead = NULL;
    enum head2_status st = HEAD2_E_VERIFY;

    if (len < SHIELD_EXTRA)
        goto done;
    memcpy(nonce + 4, shielded, 8);
    HEAD2_TRY(begin(s, &aead));
    HEAD2_TRY(head2_aead_open(aead, secret, nonce, about, 16, shielded + 8, len - 8));
done:
    head2_aead_free(aead);
    return st;
}
