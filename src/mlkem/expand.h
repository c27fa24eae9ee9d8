/*
 * Sampling over the lanes of Keccak: the matrix of K-PKE and its noise, up to eight polynomials at
 * a time (FIPS 203, Section 4.2.2), with hashes of long messages going along in lanes left free.
 */
#ifndef HEAD2_MLKEM_EXPAND_H
#define HEAD2_MLKEM_EXPAND_H

#include "hash/keccak.h"
#include "mlkem/kernels.h"
#include "mlkem/params.h"

/*
 * H or J of a message that is copied and padded, so that all of it is whole blocks and may go along
 * with others: a sponge of rate 136 whose output is 32 bytes.
 */
struct mlkem_hash {
    struct keccak_chain chain;
    uint8_t message[12 * KECCAK_RATE_256]; /* 1568 or 1600 bytes are the most there is */
    size_t len;
};

void mlkem_hash_init(struct mlkem_hash *h);
/* More of the message, and its end with the suffix. */
void mlkem_hash_add(struct mlkem_hash *h, const uint8_t *p, size_t len);
void mlkem_hash_end(struct mlkem_hash *h, uint8_t suffix);

/* The hashes that go along; may be NULL where it is a parameter. */
struct mlkem_chains {
    struct keccak_chain *c[2];
    unsigned n;
};

/* Do what is left of each, side by side. */
void mlkem_run_chains(const struct mlkem_chains *chains);
/* The output of a hash that has been run. */
void mlkem_hash_output(const struct mlkem_hash *h, uint8_t out[32]);

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
    unsigned row, col;
};

/* The next entry, for the polynomial at out; the caller counts to k k. */
void mlkem_walk_next(struct mlkem_walk *walk, struct mlkem_entry *e, struct mlkem_poly *out);

/*
 * How many of `left` sponges of `steps` permutations each to take next. Half of the lanes cost two
 * thirds of all (AVX-512) or half (AVX2), so that few at a time are better as long as the hashes
 * beside them have blocks for so many steps.
 */
unsigned mlkem_group(const struct mlkem_chains *beside, unsigned left, unsigned steps);

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

#endif
