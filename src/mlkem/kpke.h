/*
 * The parameter sets of ML-KEM and the component scheme K-PKE (FIPS 203, Sections 5 and 8).
 * K-PKE alone is not secure against active attackers; nobody but the KEM above it calls it.
 */
#ifndef HEAD2_MLKEM_KPKE_H
#define HEAD2_MLKEM_KPKE_H

#include "mlkem/poly.h"

enum { MLKEM_MAX_K = 4 };

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

extern const struct mlkem_params mlkem_512;
extern const struct mlkem_params mlkem_768;
extern const struct mlkem_params mlkem_1024;

/* K-PKE.KeyGen (Algorithm 13) from the seed d. */
void mlkem_pke_keygen(const struct mlkem_params *p, uint8_t *ek, uint8_t *dk_pke,
                      const uint8_t d[32]);

/* K-PKE.Encrypt (Algorithm 14) of m with the randomness r. */
void mlkem_pke_encrypt(const struct mlkem_params *p, uint8_t *ct, const uint8_t *ek,
                       const uint8_t m[32], const uint8_t r[32]);

/* K-PKE.Decrypt (Algorithm 15). */
void mlkem_pke_decrypt(const struct mlkem_params *p, uint8_t m[32], const uint8_t *dk_pke,
                       const uint8_t *ct);

#endif
