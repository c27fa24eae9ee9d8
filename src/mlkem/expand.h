/*
 * Sampling over the lanes of Keccak: the matrix of K-PKE and its noise, up to eight polynomials at
 * a time (FIPS 203, Section 4.2.2), with hashes of long messages going along in lanes left free.
 */
#ifndef HEAD2_MLKEM_EXPAND_H
#define HEAD2_MLKEM_EXPAND_H

#include "hash/keccak.h"
#include "mlkem/kernels.h"
#include "mlkem/params.h"

/* The sponges that go along; may be NULL where it is a parameter. */
struct mlkem_chains {
    struct keccak_chain *c[2];
    unsigned n;
};

/* One entry of the matrix: SampleNTT(rho || i1 || i2), c in [0, q). */
struct mlkem_entry {
    const uint8_t *rho;
    struct mlkem_poly *out;
    uint8_t i1, i2;
};

/* n entries; n and the number of chains are at most 8 together. rho is public. */
void mlkem_sample_entries(const struct mlkem_entry entries[], unsigned n,
                          const struct mlkem_chains *beside);

/* A walk over the entries of a matrix, row by row: of A, or of its transpose. */
struct mlkem_walk {
    const uint8_t *rho;
    uint8_t k;
    bool transposed;
    uint8_t row, col;
};

/* The next entry, for the polynomial at out; the caller counts to k k. */
struct mlkem_entry mlkem_walk_next(struct mlkem_walk *walk, struct mlkem_poly *out);

/* The whole transpose of A, for Algorithm 14. */
void mlkem_expand_transposed(const struct mlkem_params *p, struct mlkem_poly a[],
                             const uint8_t rho[32], const struct mlkem_chains *beside);

/* One PRF_eta(seed, nonce) (Equation 4.3). */
struct mlkem_prf {
    const uint8_t *seed;
    uint8_t *out;
    uint8_t nonce;
};

/* n of them with eta = 2, 128 bytes each; the first n_long have eta = 3, 192 bytes, and when there
 * are any, 136 bytes are written of the others. */
void mlkem_prf(const struct mlkem_prf lanes[], unsigned n, unsigned n_long,
               const struct mlkem_chains *beside);

/* What a run of K-PKE needs of PRF: for nonce 0 to count - 1, each at stride 64 eta1; those below
 * n_eta1 with eta1, the others with 2. */
enum { MLKEM_NOISE_BYTES = 9 * 128 };

void mlkem_expand_noise(const struct mlkem_params *p, uint8_t out[MLKEM_NOISE_BYTES],
                        const uint8_t seed[32], uint8_t n_eta1, uint8_t count,
                        const struct mlkem_chains *beside);

/* While two chains have whole blocks, go on with both. */
void mlkem_run_chains(const struct mlkem_chains *chains);

#endif
