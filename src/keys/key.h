/*
 * What is inside a key object. Only this room looks.
 */
#ifndef HEAD2_KEYS_KEY_H
#define HEAD2_KEYS_KEY_H

#include "keys/alg.h"

#include <head2/mldsa.h>
#include <head2/mlkem.h>

/* Has its own memory, that of secmem.h once the key is protected. */
struct key_secret {
    uint8_t priv[HEAD2_KEY_MAX_PRIVATE];
    uint8_t seed[ALG_MAX_SEED];
};

struct head2_key {
    const struct alg *alg;
    bool has_private; /* then there is a secret */
    bool has_seed;
    bool is_protected; /* secret, signer and dk are in protected memory */
    uint8_t id[HEAD2_KEY_ID_BYTES];
    uint8_t pub[HEAD2_KEY_MAX_PUBLIC];
    struct key_secret *secret;
    /* head2_key_prepare: at most one of these, NULL else */
    struct head2_mldsa_signer *signer;
    struct head2_mldsa_verifier *verifier;
    struct head2_mlkem_dk *dk;
    struct head2_mlkem_ek *ek;
};

/* protect.c: prepare the private part in protected memory. */
HEAD2_CHECK enum head2_status key_prepare_protected(struct head2_key *key);
/* Wipe and free what is private in it. */
void key_free_secrets(struct head2_key *key);

#endif
