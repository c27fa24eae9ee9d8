/*
 * The AES schedules of an end: of all lane keys in use the latest, in a table of a fixed number of
 * sets of four. A schedule takes 1.1 KB and 0.3 us to make, a session has a dozen keys, and a
 * gateway has 10,000 sessions of which most are quiet: so they are not kept with their keys.
 */
#ifndef HEAD2_SESSION_CIPHERS_H
#define HEAD2_SESSION_CIPHERS_H

#include "cipher/aead_provider.h"
#include "session/schedule.h"

#define PACKET_AAD  20
#define CIPHER_WAYS 4

/* One scheduled key, and what it authenticates beside each packet. */
struct cipher {
    struct head2_aead *aead; /* NULL: none yet */
    uint64_t used;           /* the call that used it last */
    uint8_t aad[PACKET_AAD];
};

struct ciphers {
    uint64_t (*name)[CIPHER_WAYS]; /* of each set's keys; 0: free */
    struct cipher (*cipher)[CIPHER_WAYS];
    uint32_t sets; /* a power of two */
    uint64_t call; /* the present one */
};

/* Which key: serials are never given out twice by one end. */
static inline uint64_t cipher_name(uint64_t serial, unsigned lane)
{
    return serial * 8 + lane;
}

HEAD2_CHECK enum head2_status ciphers_init(struct ciphers *c, uint32_t sets);
void ciphers_free(struct ciphers *c);

/* What has been looked up until now may make room for others from here on. */
static inline void ciphers_next_call(struct ciphers *c)
{
    c->call++;
}

/* The schedule of a key if it is there, or NULL. It stays until ciphers_next_call. */
struct cipher *ciphers_find(struct ciphers *c, uint64_t name);

/* Schedule a key that is not there, in place of the one of its set that was not used for longest.
 * The caller writes the aad. Returns HEAD2_OK, HEAD2_E_SPACE (every place of its set has been used
 * in this call), HEAD2_E_MEMORY or HEAD2_E_CRYPTO. */
HEAD2_CHECK enum head2_status ciphers_add(struct cipher **out, struct ciphers *c, uint64_t name,
                                          const uint8_t *key, size_t key_len);

/* Erase what has been made of the keys of a serial. */
void ciphers_forget(struct ciphers *c, uint64_t serial);

#endif
