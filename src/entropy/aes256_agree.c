/*
 * Whether AES-256's kernels of a level compute what the portable ones do; see mlkem/agree.c.
 */
#include "entropy/aes256.h"

/* Longer than the longest batch of any kernel and its tail. */
enum { EXERCISED = 1100, STEP = 93 };

static void exercise(const struct aes256_kernels *k, size_t len, uint8_t *out,
                     struct aes256_state *st, uint8_t mac[3][AES_BLOCK])
{
    uint8_t in[EXERCISED];

    for (unsigned i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * i + len);
    memcpy(st->key, in + len % AES_BLOCK, AES256_KEY);
    memset(st->v, 0xff, AES_BLOCK); /* carries into every byte, in another block each time */
    st->v[AES_BLOCK - 1] = (uint8_t)(0xff - (len & 63));
    st->v[0] = (uint8_t)len;
    k->generate(st, out, len, len % 2 == 0 ? NULL : in);
    memcpy(mac, in, AES256_SEED);
    k->cbc_mac3(st->key, mac, in, len & 7);
    k->iterate3(st->key, st->v, out + EXERCISED);
}

bool aes256_kernels_agree(const void *kernels, const void *portable)
{
    const void *const set[2] = {kernels, portable};
    bool agree = true;

    for (size_t len = 0; len < EXERCISED && agree; len += len < 4 * AES_BLOCK ? 7 : STEP) {
        uint8_t out[2][EXERCISED + AES256_SEED] = {0}, mac[2][3][AES_BLOCK];
        struct aes256_state st[2];
        for (unsigned i = 0; i < 2; i++)
            exercise(set[i], len, out[i], &st[i], mac[i]);
        agree = memcmp(out[0], out[1], sizeof out[0]) == 0 &&
                memcmp(&st[0], &st[1], sizeof st[0]) == 0 &&
                memcmp(mac[0], mac[1], sizeof mac[0]) == 0;
    }
    return agree;
}
