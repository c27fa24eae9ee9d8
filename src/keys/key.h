/*
 * What is inside a key object. Only this room looks.
 */
#ifndef HEAD2_KEYS_KEY_H
#define HEAD2_KEYS_KEY_H

#include "keys/alg.h"

#include <head2/mldsa.h>
#include <head2/mlkem.h>

struct head2_key {
    const struct alg *alg;
    bool has_private;
    bool has_seed;
    uint8_t id[HEAD2_KEY_ID_BYTES];
    uint8_t pub[HEAD2_KEY_MAX_PUBLIC];
    uint8_t priv[HEAD2_KEY_MAX_PRIVATE];
    uint8_t seed[ALG_MAX_SEED];
    /* head2_key_prepare: at most one of these, NULL else */
    struct head2_mldsa_signer *signer;
    struct head2_mldsa_verifier *verifier;
    struct head2_mlkem_dk *dk;
    struct head2_mlkem_ek *ek;
};

#endif
