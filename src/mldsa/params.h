/*
 * The constants of FIPS 204: those that all of ML-DSA shares, and Tables 1 and 2 as one struct per
 * parameter set.
 *
 * The tables are static const in a header on purpose: the algorithms are always_inline functions
 * that take a pointer to one of them, so the compiler specialises each for each set.
 */
#ifndef HEAD2_MLDSA_PARAMS_H
#define HEAD2_MLDSA_PARAMS_H

#include "base/base.h"

#include <head2/mldsa.h>

#define MLDSA_Q     8380417 /* 2^23 - 2^13 + 1 */
#define MLDSA_N     256     /* coefficients of a polynomial */
#define MLDSA_D     13      /* bits dropped from t */

#define RHO_BYTES   32
#define K_BYTES     32
#define TR_BYTES    64
#define RND_BYTES   32
#define T1_BITS     10
#define T0_BITS     13
#define T1_BYTES    320 /* of one polynomial: 256 coefficients of 10 bits */
#define T0_BYTES    416
#define MAX_K       8
#define MAX_L       7
#define MAX_OMEGA   80
#define MAX_C_TILDE 64
#define MAX_W1      1024 /* k packed polynomials */

enum mldsa_set { MLDSA_44, MLDSA_65, MLDSA_87 };

struct mldsa_params {
    unsigned k, l;     /* the matrix A has k rows and l columns */
    int32_t eta;       /* private key coefficients are within [-eta, eta] */
    unsigned eta_bits; /* bits that pack one of them */
    unsigned tau;      /* number of +-1 in the challenge c */
    int32_t beta;      /* tau * eta */
    int32_t gamma1;    /* coefficients of y are within (-gamma1, gamma1] */
    unsigned z_bits;   /* 1 + log2(gamma1) */
    int32_t gamma2;    /* low-order rounding range */
    unsigned w1_bits;  /* bits that pack a coefficient of w1 */
    unsigned omega;    /* most ones in a hint */
    unsigned c_bytes;  /* length of c_tilde, lambda / 4 */
    size_t pk_bytes, sk_bytes, sig_bytes;
};

static const struct mldsa_params mldsa_44 = {
    .k = 4,
    .l = 4,
    .eta = 2,
    .eta_bits = 3,
    .tau = 39,
    .beta = 78,
    .gamma1 = 1 << 17,
    .z_bits = 18,
    .gamma2 = (MLDSA_Q - 1) / 88,
    .w1_bits = 6,
    .omega = 80,
    .c_bytes = 32,
    .pk_bytes = HEAD2_MLDSA44_PK_BYTES,
    .sk_bytes = HEAD2_MLDSA44_SK_BYTES,
    .sig_bytes = HEAD2_MLDSA44_SIG_BYTES,
};

static const struct mldsa_params mldsa_65 = {
    .k = 6,
    .l = 5,
    .eta = 4,
    .eta_bits = 4,
    .tau = 49,
    .beta = 196,
    .gamma1 = 1 << 19,
    .z_bits = 20,
    .gamma2 = (MLDSA_Q - 1) / 32,
    .w1_bits = 4,
    .omega = 55,
    .c_bytes = 48,
    .pk_bytes = HEAD2_MLDSA65_PK_BYTES,
    .sk_bytes = HEAD2_MLDSA65_SK_BYTES,
    .sig_bytes = HEAD2_MLDSA65_SIG_BYTES,
};

static const struct mldsa_params mldsa_87 = {
    .k = 8,
    .l = 7,
    .eta = 2,
    .eta_bits = 3,
    .tau = 60,
    .beta = 120,
    .gamma1 = 1 << 19,
    .z_bits = 20,
    .gamma2 = (MLDSA_Q - 1) / 32,
    .w1_bits = 4,
    .omega = 75,
    .c_bytes = 64,
    .pk_bytes = HEAD2_MLDSA87_PK_BYTES,
    .sk_bytes = HEAD2_MLDSA87_SK_BYTES,
    .sig_bytes = HEAD2_MLDSA87_SIG_BYTES,
};

static HEAD2_ALWAYS_INLINE const struct mldsa_params *mldsa_params_of(enum mldsa_set set)
{
    return set == MLDSA_44 ? &mldsa_44 : set == MLDSA_65 ? &mldsa_65 : &mldsa_87;
}

#endif
