/*
 * K-PKE, the public-key encryption inside ML-KEM (FIPS 203, Section 5), for all parameter sets.
 *
 * Whatever is secret lies in one struct per function, which is wiped at its end.
 */
#include "mlkem/kpke.h"

const struct mlkem_params mlkem_512 = {2, 3, 10, 4, 800, 1632, 768, 768};
const struct mlkem_params mlkem_768 = {3, 2, 10, 4, 1184, 2400, 1088, 1152};
const struct mlkem_params mlkem_1024 = {4, 2, 11, 5, 1568, 3168, 1568, 1536};

static const uint8_t *noise_of(const struct mlkem_params *p, const uint8_t *noise, unsigned nonce)
{
    return noise + (size_t)64 * p->eta1 * nonce;
}

void mlkem_pke_secret(const struct mlkem_params *p, uint8_t *dk_pke,
                      struct mlkem_factor s[MLKEM_MAX_K], const uint8_t noise[MLKEM_NOISE_BYTES])
{
    const struct mlkem_kernels *k = mlkem_kernels();
    struct mlkem_poly f;

    for (unsigned i = 0; i < p->k; i++) {
        k->cbd(&f, noise_of(p, noise, i), p->eta1);
        k->ntt(&f);
        k->encode(dk_pke + (size_t)MLKEM_POLY_BYTES * i, &f);
        k->factor_init(&s[i], &f);
    }
    head2_wipe(&f, sizeof f);
}

void mlkem_pke_public_row(const struct mlkem_params *p, uint8_t t[MLKEM_POLY_BYTES], unsigned i,
                          const struct mlkem_poly row[], const struct mlkem_factor s[],
                          const uint8_t noise[MLKEM_NOISE_BYTES])
{
    const struct mlkem_kernels *k = mlkem_kernels();
    struct {
        struct mlkem_poly t;
        struct mlkem_poly e;
    } w;

    k->inner_product(&w.t, row, s, p->k);
    k->cbd(&w.e, noise_of(p, noise, p->k + i), p->eta1);
    k->ntt(&w.e);
    k->to_mont_add(&w.t, &w.e);
    k->encode(t, &w.t);
    HEAD2_PUBLIC(t, MLKEM_POLY_BYTES, "the encapsulation key is published");
    head2_wipe(&w, sizeof w);
}

void mlkem_pke_decode(const struct mlkem_params *p, struct mlkem_poly f[], const uint8_t *in)
{
    const struct mlkem_kernels *k = mlkem_kernels();

    for (unsigned i = 0; i < p->k; i++)
        k->decode(&f[i], in + (size_t)MLKEM_POLY_BYTES * i);
}

void mlkem_pke_encrypt(const struct mlkem_params *p, uint8_t *ct, const struct mlkem_public *key,
                       const uint8_t m[32], const uint8_t noise[MLKEM_NOISE_BYTES])
{
    const struct mlkem_kernels *k = mlkem_kernels();
    struct {
        struct mlkem_factor y[MLKEM_MAX_K];
        struct mlkem_poly noise;
        struct mlkem_poly out; /* u[i], then v */
    } w;

    for (unsigned i = 0; i < p->k; i++) {
        k->cbd(&w.noise, noise_of(p, noise, i), p->eta1);
        k->ntt(&w.noise);
        k->factor_init(&w.y[i], &w.noise);
    }
    for (unsigned i = 0; i < p->k; i++) { /* u = NTT^-1(A^T y) + e1 */
        k->inner_product(&w.out, key->a + (size_t)p->k * i, w.y, p->k);
        k->inverse_ntt(&w.out);
        k->cbd(&w.noise, noise_of(p, noise, p->k + i), MLKEM_ETA2);
        k->add(&w.out, &w.noise);
        k->compress(ct + (size_t)32 * p->du * i, &w.out, p->du);
    }
    k->inner_product(&w.out, key->t, w.y, p->k); /* v = NTT^-1(t^T y) + e2 + mu */
    k->inverse_ntt(&w.out);
    k->cbd(&w.noise, noise_of(p, noise, 2u * p->k), MLKEM_ETA2);
    k->add(&w.out, &w.noise);
    k->decompress(&w.noise, m, 1); /* mu */
    k->add(&w.out, &w.noise);
    k->compress(ct + (size_t)32 * p->du * p->k, &w.out, p->dv);
    head2_wipe(&w, sizeof w);
}

void mlkem_pke_decrypt(const struct mlkem_params *p, uint8_t m[32], const struct mlkem_poly s[],
                       const uint8_t *ct)
{
    const struct mlkem_kernels *k = mlkem_kernels();
    struct mlkem_factor u[MLKEM_MAX_K]; /* public, as is what they are made of */
    struct {
        struct mlkem_poly product;
        struct mlkem_poly w; /* v, then v less the product */
    } w;

    for (unsigned i = 0; i < p->k; i++) {
        k->decompress(&w.w, ct + (size_t)32 * p->du * i, p->du);
        k->ntt(&w.w);
        k->factor_init(&u[i], &w.w);
    }
    k->inner_product(&w.product, s, u, p->k);
    k->inverse_ntt(&w.product);
    k->decompress(&w.w, ct + (size_t)32 * p->du * p->k, p->dv);
    k->sub(&w.w, &w.product);
    k->compress(m, &w.w, 1);
    head2_wipe(&w, sizeof w);
}
