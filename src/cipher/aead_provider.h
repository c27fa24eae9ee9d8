/*
 * Who computes AES-GCM. libcrypto by default, which is all that libhead2 needs; a program may plug
 * in something faster when it starts. The public functions of head2/aead.h check what callers give
 * and wipe what must not be seen; a provider transforms.
 */
#ifndef HEAD2_CIPHER_AEAD_PROVIDER_H
#define HEAD2_CIPHER_AEAD_PROVIDER_H

#include "base/base.h"

#include <head2/aead.h>

/* One message in either direction. aad and in are not NULL, and out is in or apart from it. */
struct aead_message {
    uint8_t *out; /* len bytes, without the tag */
    const uint8_t *nonce;
    const uint8_t *aad;
    size_t aad_len;
    const uint8_t *in;
    size_t len;
};

/* What head2/aead.h hands out. */
struct head2_aead {
    const struct aead_provider *by;
    void *state;
    size_t key_len; /* 0: there is no key */
};

/* One of several messages that are sealed in one call. */
struct aead_job {
    struct head2_aead *aead;
    struct aead_message m; /* m.out has room for the tag behind the message */
    enum head2_status st;
};

/* A state holds at most one scheduled key; one thread at a time. */
struct aead_provider {
    const char *name;
    void *(*create)(void); /* NULL when there is no memory */
    void (*destroy)(void *state);
    /* Schedule 16 or 32 bytes, wiping the key before. After false there is no key. */
    bool (*set_key)(void *state, const uint8_t *key, size_t key_len);
    void (*forget)(void *state);
    bool (*seal)(void *state, const struct aead_message *m, uint8_t tag[HEAD2_AEAD_TAG_BYTES]);
    /* Seal messages of this provider's aeads, all with keys, and set each st to HEAD2_OK or
     * HEAD2_E_CRYPTO. NULL: they are given to seal one by one. */
    void (*seal_many)(struct aead_job *jobs, size_t n);
    /* HEAD2_OK, HEAD2_E_VERIFY or HEAD2_E_CRYPTO; writes to out in any case */
    enum head2_status (*open)(void *state, const struct aead_message *m,
                              const uint8_t tag[HEAD2_AEAD_TAG_BYTES]);
};

extern const struct aead_provider aead_libcrypto;

/*
 * Seal any number of messages, under as many keys, no two into the same place. Each job's st
 * becomes what head2_aead_seal would return for it, and its output is wiped where that is wiped; no
 * job touches another. m.aad and m.in may be NULL where their lengths are 0.
 */
void aead_seal_many(struct aead_job *jobs, size_t n);

/*
 * Use this provider for every aead made from now on, after it has sealed and opened messages of
 * many lengths as libcrypto does. False, and nothing changes, where it has not.
 */
bool aead_use(const struct aead_provider *provider);
const struct aead_provider *aead_in_use(void);

/* Whether a provider agrees with libcrypto. */
bool aead_provider_agrees(const struct aead_provider *provider);

#endif
