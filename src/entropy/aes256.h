/*
 * AES-256 (FIPS 197) in the three shapes in which CTR_DRBG needs it, on every instruction set.
 *
 * No kernel keeps a key schedule: each expands the key while it encrypts the first blocks. So a
 * state is 48 bytes, and a request costs the latency of one expansion, not of two.
 */
#ifndef HEAD2_ENTROPY_AES256_H
#define HEAD2_ENTROPY_AES256_H

#include "base/base.h"

enum {
    AES_BLOCK = 16,
    AES256_KEY = 32,
    AES256_SEED = AES256_KEY + AES_BLOCK, /* seedlen of SP 800-90A, Table 3, in bytes */
};

/* The working state of CTR_DRBG but for its counter. */
struct aes256_state {
    uint8_t key[AES256_KEY];
    uint8_t v[AES_BLOCK];
};

struct aes256_kernels {
    /*
     * len bytes of output and the update after it in one pass (SP 800-90A, 10.2.1.5.1, steps 4 to
     * 6): blocks V+1, V+2, ... encrypted, the last one of out cut to size; the next three, XORed
     * with data, are the new state. data is 48 bytes, or NULL for zeros. With len 0 this is
     * CTR_DRBG_Update (10.2.1.2). len is at most 2^32.
     */
    void (*generate)(struct aes256_state *st, uint8_t *out, size_t len, const uint8_t *data);
    /* mac[i] = E(key, mac[i] ^ block) for each block in turn: three chains of CBC over one input */
    void (*cbc_mac3)(const uint8_t key[AES256_KEY], uint8_t mac[3][AES_BLOCK], const uint8_t *in,
                     size_t blocks);
    /* E(x), E(E(x)), E(E(E(x))) */
    void (*iterate3)(const uint8_t key[AES256_KEY], const uint8_t x[AES_BLOCK],
                     uint8_t out[AES256_SEED]);
};

extern const struct aes256_kernels aes256_kernels_portable;
extern const struct aes256_kernels aes256_kernels_avx2;   /* with AES-NI */
extern const struct aes256_kernels aes256_kernels_avx512; /* with VAES */

/* The best that this machine has. */
const struct aes256_kernels *aes256_kernels(void);
/* Whether two tables compute the same in requests of every remainder and across every carry. */
bool aes256_kernels_agree(const void *kernels, const void *portable);

/* For kernels: the end of a request, from its last blocks. The first rest bytes of tail are output;
 * the state's three follow at the next block. */
static HEAD2_ALWAYS_INLINE void aes256_finish(struct aes256_state *st, uint8_t *out, size_t rest,
                                              const uint8_t *tail, const uint8_t *data)
{
    uint64_t next[AES256_SEED / 8], add[AES256_SEED / 8] = {0};

    copy_bytes(out, tail, rest);
    memcpy(next, tail + (rest + AES_BLOCK - 1) / AES_BLOCK * AES_BLOCK, sizeof next);
    if (data != NULL)
        memcpy(add, data, sizeof add);
    for (unsigned i = 0; i < HEAD2_LEN(next); i++)
        next[i] ^= add[i];
    memcpy(st->key, next, AES256_KEY);
    memcpy(st->v, next + AES256_KEY / 8, AES_BLOCK);
    head2_wipe(next, sizeof next);
}

#endif
