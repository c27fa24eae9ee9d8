/*
 * Pseudorandom sampling, FIPS 204, Section 7.3, up to eight polynomials side by side.
 */
#ifndef HEAD2_MLDSA_SAMPLE_H
#define HEAD2_MLDSA_SAMPLE_H

#include "hash/keccak.h"
#include "mldsa/kernels.h"

/* One polynomial to sample: its seed, the 16-bit number hashed behind it, and where it goes. */
struct sample_lane {
    const uint8_t *seed;
    uint16_t number;
    struct poly *to;
};

/*
 * Algorithm 30 for polynomials of A (Algorithm 32), in the transformed domain. The seed is rho, the
 * number 256 * row + column. chain, when not NULL, goes along in a lane of its own (lanes <= 7).
 */
void mldsa_sample_uniform(const struct mldsa_kernels *k, const struct sample_lane *lane,
                          unsigned lanes, struct keccak_chain *chain);
/* Algorithm 31 for polynomials of s1 || s2 (Algorithm 33). The seed is rho', the number the index.
 * eta is 2 or 4. */
void mldsa_sample_bounded(const struct mldsa_kernels *k, const struct sample_lane *lane,
                          unsigned lanes, int32_t eta);
/* Polynomials of Algorithm 34. The seed is rho'', the number kappa + r. chain as above. */
void mldsa_sample_mask(const struct mldsa_kernels *k, const struct sample_lane *lane,
                       unsigned lanes, const struct mldsa_params *P, struct keccak_chain *chain);

/* Algorithm 29: tau coefficients +-1, from c_tilde, which is public. */
void mldsa_sample_in_ball(struct poly *c, const uint8_t *c_tilde, size_t c_bytes, unsigned tau);
/* The same for several c_tilde at once, in two steps: the hash, side by side, and each c from its
 * own. */
struct ball {
    uint64_t s[25];
    uint8_t block[KECCAK_RATE_256];
    size_t at;
};
void mldsa_ball_hashes(struct ball *b, const uint8_t *const c_tilde[KECCAK_LANES], unsigned lanes,
                       const struct mldsa_params *P);
void mldsa_sample_from_ball(struct poly *c, struct ball *b, unsigned tau);

/*
 * The rows of A in turn, for those who use each of them once: as many polynomials as there are
 * lanes at a time, without the memory of the whole matrix.
 */
struct matrix_rows {
    const struct mldsa_kernels *kernels;
    const struct mldsa_params *P;
    const uint8_t *rho;
    unsigned i, j;                  /* the next polynomial is A[i][j] */
    struct poly slot[3][MAX_L + 1]; /* rows in turn: a group touches at most three, and the
                                    verifier puts t1 behind a row */
};

void mldsa_matrix_start(struct matrix_rows *m, const struct mldsa_kernels *k,
                        const struct mldsa_params *P, const uint8_t *rho);
/* Sample the next group, and let chain go along if it has a block ready; returns how many rows are
 * complete. The caller is done with all rows that were. */
unsigned mldsa_matrix_more(struct matrix_rows *m, struct keccak_chain *chain);
struct poly *mldsa_matrix_row(struct matrix_rows *m, unsigned i);

#endif
