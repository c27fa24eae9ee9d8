/*
 * The component scheme K-PKE (FIPS 203, Section 5), from the point where all is sampled: what the
 * single calls, the prepared keys and the batches have in common. K-PKE alone is not secure against
 * active attackers; nobody but the KEM above it calls it.
 */
#ifndef HEAD2_MLKEM_KPKE_H
#define HEAD2_MLKEM_KPKE_H

#include "mlkem/expand.h"

/* s and e of Algorithm 13, in T_q. */
struct mlkem_secret {
    struct mlkem_factor s[MLKEM_MAX_K];
    struct mlkem_poly e[MLKEM_MAX_K];
};

/* Algorithm 13, the secret half: both from the noise (nonces 0 to 2 k - 1), and dk_PKE. */
void mlkem_pke_secret(const struct mlkem_params *p, uint8_t *dk_pke, struct mlkem_secret *w,
                      const uint8_t noise[MLKEM_NOISE_BYTES]);

/* Row i of t = A s + e, encoded and declared public. */
void mlkem_pke_public_row(const struct mlkem_params *p, uint8_t t[MLKEM_POLY_BYTES], unsigned i,
                          const struct mlkem_poly row[], const struct mlkem_secret *w);

/* What Algorithm 14 takes of a public key: the transpose of A, and t, k polynomials. */
struct mlkem_public {
    const struct mlkem_poly *a;
    const struct mlkem_poly *t;
};

/* t or s of a key, decoded. */
void mlkem_pke_decode(const struct mlkem_params *p, struct mlkem_poly f[], const uint8_t *in);

/* K-PKE.Encrypt (Algorithm 14) of m; the noise is that of nonces 0 to 2 k. */
void mlkem_pke_encrypt(const struct mlkem_params *p, uint8_t *ct, const struct mlkem_public *key,
                       const uint8_t m[32], const uint8_t noise[MLKEM_NOISE_BYTES]);

/* K-PKE.Decrypt (Algorithm 15) with the decoded s. */
void mlkem_pke_decrypt(const struct mlkem_params *p, uint8_t m[32], const struct mlkem_poly s[],
                       const uint8_t *ct);

#endif
