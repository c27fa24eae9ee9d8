/*
 * The three ML-KEM sets as a table of the public functions, for tests that do the same with each.
 */
#ifndef HEAD2_TESTS_MLKEM_SETS_H
#define HEAD2_TESTS_MLKEM_SETS_H

#include "mlkem_tables.h"

#include "mlkem/kpke.h"

#include <head2/mlkem.h>

struct mlkem_set {
    const char *name;
    const struct mlkem_params *p;
    enum head2_status (*keypair)(uint8_t *, uint8_t *);
    enum head2_status (*keypair_from_seed)(uint8_t *, uint8_t *, const struct head2_secret64 *);
    enum head2_status (*encaps)(uint8_t *, struct head2_secret32 *, const uint8_t *);
    enum head2_status (*encaps_derand)(uint8_t *, struct head2_secret32 *, const uint8_t *,
                                       const struct head2_secret32 *);
    enum head2_status (*decaps)(struct head2_secret32 *, const uint8_t *, const uint8_t *);
    enum head2_status (*check_ek)(const uint8_t *);
    enum head2_status (*check_dk)(const uint8_t *);
};

__attribute__((unused)) static const struct mlkem_set mlkem_sets[3] = {
    {"ML-KEM-512",  &mlkem_512,  head2_mlkem512_keypair,  head2_mlkem512_keypair_from_seed,
     head2_mlkem512_encaps,  head2_mlkem512_encaps_derand,  head2_mlkem512_decaps,
     head2_mlkem512_check_ek,  head2_mlkem512_check_dk },
    {"ML-KEM-768",  &mlkem_768,  head2_mlkem768_keypair,  head2_mlkem768_keypair_from_seed,
     head2_mlkem768_encaps,  head2_mlkem768_encaps_derand,  head2_mlkem768_decaps,
     head2_mlkem768_check_ek,  head2_mlkem768_check_dk },
    {"ML-KEM-1024", &mlkem_1024, head2_mlkem1024_keypair, head2_mlkem1024_keypair_from_seed,
     head2_mlkem1024_encaps, head2_mlkem1024_encaps_derand, head2_mlkem1024_decaps,
     head2_mlkem1024_check_ek, head2_mlkem1024_check_dk},
};

#endif
