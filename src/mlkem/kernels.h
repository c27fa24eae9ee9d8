/*
 * The kernels of ML-KEM: the transform, products in its domain, encodings and sampling, once in
 * plain C and once for each vector unit. All else in this room is written once, over this table.
 *
 * Polynomials in T_q stay in the standard's order everywhere. Two tables may give different
 * representatives of a coefficient, within the bounds said here; bytes are always the same.
 */
#ifndef HEAD2_MLKEM_KERNELS_H
#define HEAD2_MLKEM_KERNELS_H

#include "cpu/cpu.h"
#include "mlkem/poly.h"

enum { MLKEM_MAX_K = 4 };

struct mlkem_kernels {
    /* NTT (Algorithm 9) of n polynomials, in place. abs(c) <= q before, abs(c) < q after. */
    void (*ntt)(struct mlkem_poly f[], unsigned n);
    /* R times NTT^-1 (Algorithm 10), in place. abs(c) < q before and after. */
    void (*inverse_ntt)(struct mlkem_poly f[], unsigned n);
    /* Prepare f in T_q, abs(c) < q, as the right operand of products. */
    void (*factor_init)(struct mlkem_factor *out, const struct mlkem_poly *f);
    /* out = 1/R sum of f[i] g[i] in T_q (MultiplyNTTs, Algorithm 11) for i < k, k from 2 to 4.
     * The f[i] are as decode leaves them, or abs(c) < q; abs(c) < q after. */
    void (*inner_product)(struct mlkem_poly *out, const struct mlkem_poly f[],
                          const struct mlkem_factor g[], unsigned k);
    /* f = R f + g for any f and abs(g) < q; abs(c) < 2 q after. */
    void (*to_mont_add)(struct mlkem_poly *f, const struct mlkem_poly *g);
    /* f += g and f -= g; what comes out must fit 16 bits. */
    void (*add)(struct mlkem_poly *f, const struct mlkem_poly *g);
    void (*sub)(struct mlkem_poly *f, const struct mlkem_poly *g);

    /* ByteEncode_12 (Algorithm 5) of f mod q for any f, and ByteDecode_12 (Algorithm 6) without
     * its reduction: c in [0, 4095]. */
    void (*encode)(uint8_t out[MLKEM_POLY_BYTES], const struct mlkem_poly *f);
    void (*decode)(struct mlkem_poly *f, const uint8_t in[MLKEM_POLY_BYTES]);
    /* Whether all 256 encoded coefficients are below q: the check of Section 7.2. */
    bool (*is_reduced)(const uint8_t in[MLKEM_POLY_BYTES]);
    /* ByteEncode_d(Compress_d(f)) in 32 d bytes for any f, and Decompress_d(ByteDecode_d(in)),
     * which leaves c in [0, q). d is 1, 4, 5, 10 or 11. */
    void (*compress)(uint8_t *out, const struct mlkem_poly *f, unsigned d);
    void (*decompress)(struct mlkem_poly *f, const uint8_t *in, unsigned d);

    /* SampleNTT's loop (Algorithm 7): f has n < 256 coefficients; append those candidates of the
     * len bytes at in that are below q, until there are 256. len is a multiple of 24. Returns the
     * new n. What follows in f is undefined. Takes time by the input, which is public. */
    unsigned (*reject)(struct mlkem_poly *f, unsigned n, const uint8_t *in, size_t len);
    /* SamplePolyCBD_eta (Algorithm 8) of 64 eta bytes; eta is 2 or 3. */
    void (*cbd)(struct mlkem_poly *f, const uint8_t *in, unsigned eta);
};

extern const struct mlkem_kernels mlkem_kernels_portable;
#ifdef HEAD2_X86_KERNELS
extern const struct mlkem_kernels mlkem_kernels_avx2;
extern const struct mlkem_kernels mlkem_kernels_avx512;
#endif

/* The best that this machine has. */
const struct mlkem_kernels *mlkem_kernels(void);
/* Whether two tables compute the same: all basis vectors and the edges of every domain. */
bool mlkem_kernels_agree(const void *kernels, const void *portable);

/* ---- the portable kernels: ntt.c, poly.c, sample.c ---- */

void mlkem_ntt(struct mlkem_poly f[], unsigned n);
void mlkem_inverse_ntt(struct mlkem_poly f[], unsigned n);
void mlkem_factor_init(struct mlkem_factor *out, const struct mlkem_poly *f);
void mlkem_inner_product(struct mlkem_poly *out, const struct mlkem_poly f[],
                         const struct mlkem_factor g[], unsigned k);
void mlkem_to_mont_add(struct mlkem_poly *f, const struct mlkem_poly *g);
void mlkem_add(struct mlkem_poly *f, const struct mlkem_poly *g);
void mlkem_sub(struct mlkem_poly *f, const struct mlkem_poly *g);
void mlkem_encode(uint8_t out[MLKEM_POLY_BYTES], const struct mlkem_poly *f);
void mlkem_decode(struct mlkem_poly *f, const uint8_t in[MLKEM_POLY_BYTES]);
bool mlkem_is_reduced(const uint8_t in[MLKEM_POLY_BYTES]);
void mlkem_poly_compress(uint8_t *out, const struct mlkem_poly *f, unsigned d);
void mlkem_poly_decompress(struct mlkem_poly *f, const uint8_t *in, unsigned d);
unsigned mlkem_reject(struct mlkem_poly *f, unsigned n, const uint8_t *in, size_t len);
void mlkem_cbd(struct mlkem_poly *f, const uint8_t *in, unsigned eta);

#endif
