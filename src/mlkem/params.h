/*
 * The parameter sets of ML-KEM (FIPS 203, Section 8).
 */
#ifndef HEAD2_MLKEM_PARAMS_H
#define HEAD2_MLKEM_PARAMS_H

#include <stdint.h>

/* FIPS 203, Tables 2 and 3. eta_2 is 2 in all sets. */
struct mlkem_params {
    uint8_t k;
    uint8_t eta1;
    uint8_t du;
    uint8_t dv;
    uint16_t ek_bytes;     /* 384 k + 32 */
    uint16_t dk_bytes;     /* 768 k + 96 */
    uint16_t ct_bytes;     /* 32 (du k + dv) */
    uint16_t dk_pke_bytes; /* 384 k */
};

enum { MLKEM_ETA2 = 2 };

extern const struct mlkem_params mlkem_512;
extern const struct mlkem_params mlkem_768;
extern const struct mlkem_params mlkem_1024;

#endif
