/*
 * The steps of ML-KEM that single calls, prepared keys and batches share (FIPS 203, Sections 6, 7).
 */
#ifndef HEAD2_MLKEM_KEM_H
#define HEAD2_MLKEM_KEM_H

#include "mlkem/kpke.h"

#include <head2/mlkem.h>

enum { MLKEM_MAX_CT_BYTES = HEAD2_MLKEM1024_CT_BYTES };

/* The parts of dk = dk_PKE || ek || H(ek) || z (Algorithm 16); ek is declared public. */
struct mlkem_dk_parts {
    const uint8_t *dk_pke;
    const uint8_t *ek;
    const uint8_t *h;
    const uint8_t *z;
};

struct mlkem_dk_parts mlkem_dk_parts(const struct mlkem_params *p, const uint8_t *dk);

/* The modulus check of Section 7.2, and the hash check of Section 7.3 with h = H(ek): HEAD2_OK or
 * HEAD2_E_MALFORMED. */
enum head2_status mlkem_check_ek(const struct mlkem_params *p, const uint8_t *ek);
enum head2_status mlkem_check_dk_hash(const uint8_t h[32], const struct mlkem_dk_parts *part);

/* Algorithm 16; Algorithm 17 behind the check of ek; Algorithm 18 behind the check of dk. */
void mlkem_keypair_from_seed(const struct mlkem_params *p, uint8_t *ek, uint8_t *dk,
                             const struct head2_secret64 *seed);
enum head2_status mlkem_encaps_derand(const struct mlkem_params *p, uint8_t *ct,
                                      struct head2_secret32 *ss, const uint8_t *ek,
                                      const struct head2_secret32 *m);
enum head2_status mlkem_decaps(const struct mlkem_params *p, struct head2_secret32 *ss,
                               const uint8_t *dk, const uint8_t *ct);

/* The parameters of a set; NULL when there is no such set. */
const struct mlkem_params *mlkem_params_of(enum head2_mlkem_set set);

/* Prepared keys: polynomials are the transposed A, row by row, then t, then s. */
struct head2_mlkem_ek {
    const struct mlkem_params *p;
    uint8_t h[32];
    struct mlkem_poly poly[];
};

struct head2_mlkem_dk {
    const struct mlkem_params *p;
    uint8_t h[32];
    uint8_t z[32];
    struct mlkem_poly poly[];
};

/* A private key, ready for use. */
struct mlkem_private {
    struct mlkem_public pub;
    const struct mlkem_poly *s;
    const uint8_t *h;
    const uint8_t *z;
};

struct mlkem_public mlkem_public_of(const struct head2_mlkem_ek *key);
struct mlkem_private mlkem_private_of(const struct head2_mlkem_dk *key);

/* d || k, of which Algorithm 13 takes rho || sigma. */
void mlkem_expand_seed_input(const struct mlkem_params *p, uint8_t d_k[33], const uint8_t d[32]);
/* Write ek and z into dk, which has dk_PKE; H(ek) is left to the caller. */
void mlkem_finish_dk(const struct mlkem_params *p, uint8_t *dk, const uint8_t *ek,
                     const uint8_t z[32]);

/* The transposed matrix, t and H(ek) of a checked ek. */
void mlkem_open_public(const struct mlkem_params *p, struct mlkem_poly a[], struct mlkem_poly t[],
                       uint8_t h[32], const uint8_t *ek);

/* K || r = G(m || h). */
void mlkem_derive(uint8_t k_r[64], const uint8_t m[32], const uint8_t h[32]);

/* Algorithm 17, and Algorithm 18, with an opened key. */
void mlkem_encaps_with(const struct mlkem_params *p, uint8_t *ct, struct head2_secret32 *ss,
                       const struct mlkem_public *key, const uint8_t h[32], const uint8_t m[32]);
void mlkem_decaps_with(const struct mlkem_params *p, struct head2_secret32 *ss,
                       const struct mlkem_private *key, const uint8_t *ct);

/* Algorithm 18, steps 9 to 12, in constant time: ss = k when `again` is ct, else k_bar. */
void mlkem_accept_or_reject(const struct mlkem_params *p, struct head2_secret32 *ss,
                            const uint8_t *ct, const uint8_t *again, const uint8_t k[32],
                            const uint8_t k_bar[32]);

#endif
