/* see ciphers.h */
#include "session/ciphers.h"

#include <stdlib.h>

enum head2_status ciphers_init(struct ciphers *c, uint32_t sets)
{
    HEAD2_REQUIRES(sets != 0 && (sets & (sets - 1)) == 0);
    c->sets = sets;
    c->call = 1;
    c->name = calloc(sets, sizeof *c->name);
    c->cipher = calloc(sets, sizeof *c->cipher);
    return c->name != NULL && c->cipher != NULL ? HEAD2_OK : HEAD2_E_MEMORY;
}

void ciphers_free(struct ciphers *c)
{
    for (uint32_t set = 0; c->cipher != NULL && set < c->sets; set++)
        for (unsigned way = 0; way < CIPHER_WAYS; way++)
            head2_aead_free(c->cipher[set][way].aead);
    free(c->cipher);
    free(c->name);
    memset(c, 0, sizeof *c);
}

static uint32_t set_of(const struct ciphers *c, uint64_t name)
{
    return (uint32_t)(name * UINT64_C(0x9e3779b97f4a7c15) >> 40) & (c->sets - 1);
}

struct cipher *ciphers_find(struct ciphers *c, uint64_t name)
{
    const uint32_t set = set_of(c, name);

    for (unsigned way = 0; way < CIPHER_WAYS; way++) {
        if (c->name[set][way] != name)
            continue;
        c->cipher[set][way].used = c->call;
        return &c->cipher[set][way];
    }
    return NULL;
}

enum head2_status ciphers_add(struct cipher **out, struct ciphers *c, uint64_t name,
                              const uint8_t *key, size_t key_len)
{
    enum head2_status st;
    const uint32_t set = set_of(c, name);
    unsigned way = 0;

    for (unsigned i = 0; i < CIPHER_WAYS; i++)
        if (c->cipher[set][i].used < c->cipher[set][way].used)
            way = i;
    struct cipher *oldest = &c->cipher[set][way];
    if (oldest->used == c->call)
        return HEAD2_E_SPACE;
    c->name[set][way] = 0;
    if (oldest->aead == NULL)
        HEAD2_TRY(head2_aead_new(&oldest->aead));
    HEAD2_TRY(head2_aead_set_key(oldest->aead, key, key_len));
    c->name[set][way] = name;
    oldest->used = c->call;
    *out = oldest;
done:
    return st;
}

void ciphers_forget(struct ciphers *c, uint64_t serial)
{
    for (unsigned lane = 0; lane < LANES; lane++) {
        const uint64_t name = cipher_name(serial, lane);
        const uint32_t set = set_of(c, name);
        for (unsigned way = 0; way < CIPHER_WAYS; way++) {
            if (c->name[set][way] != name)
                continue;
            head2_aead_free(c->cipher[set][way].aead); /* wipes it */
            memset(&c->cipher[set][way], 0, sizeof c->cipher[set][way]);
            c->name[set][way] = 0;
        }
    }
}
