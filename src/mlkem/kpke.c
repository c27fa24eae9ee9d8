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

/* The noise polynomials of k nonces from `nonce` on. */
static void noise_polys(const struct mlkem_params *p, struct mlkem_poly f[], const uint8_t *noise,
                        unsigned nonce, unsigned eta)
{
    const struct mlkem_kernels *k = mlkem_kernels();

    for (unsigned i = 0; i < p->k; i++)
        k->cbd(&f[i], noise_of(p, noise, nonce + i), eta);
}

void mlkem_pke_secret(const struct mlkem_params *p, uint8_t *dk_pke, struct mlkem_secret *w,
                      const uint8_t noise[MLKEM_NOISE_BYTES])
{
    const struct mlkem_kernels *k = mlkem_kernels();
    struct mlkem_poly f[MLKEM_MAX_K];

    noise_polys(p, f, noise, 0, p->eta1);
    noise_polys(p, w->e, noise, p->k, p->eta1);
    k->ntt(f, p->k);
    k->ntt(w->e, p->k);
    for (unsigned i = 0; i < p->k; i++) {
        k->encode(dk_pke + (size_t)MLKEM_POLY_BYTES * i, &f[i]);
        k->factor_init(&w->s[i], &f[i]);
    }
    head2_wipe(f, sizeof f);
}

void mlkem_pke_public_row(const struct mlkem_params *p, uint8_t t[MLKEM_POLY_BYTES], unsigned i,
                          const struct mlkem_poly row[], const struct mlkem_secret *w)
{
    const struct mlkem_kernels *k = mlkem_kernels();
    struct mlkem_poly sum;

    k->inner_product(&sum, row, w->s, p->k);
    k->to_mont_add(&sum, &w->e[i]);
    k->encode(t, &sum);
    HEAD2_PUBLIC(t, MLKEM_POLY_BYTES, "the encapsulation key is published");
    head2_wipe(&sum, sizeof sum);
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
        struct mlkem_poly out[MLKEM_MAX_K + 1]; /* y, then u and v */
        struct mlkem_poly add;
    } w;
    struct mlkem_poly *v = &w.out[p->k];

    noise_polys(p, w.out, noise, 0, p->eta1);
    k->ntt(w.out, p->k);
    for (unsigned i = 0; i < p->k; i++)
        k->factor_init(&w.y[i], &w.out[i]);
    for (unsigned i = 0; i < p->k; i++)
        k->inner_product(&w.out[i], key->a + (size_t)p->k * i, w.y, p->k);
    k->inner_product(v, key->t, w.y, p->k);
    k->inverse_ntt(w.out, p->k + 1u);
    for (unsigned i = 0; i < p->k; i++) { /* u = NTT^-1(A^T y) + e1 */
        k->cbd(&w.add, noise_of(p, noise, p->k + i), MLKEM_ETA2);
        k->add(&w.out[i], &w.add);
        k->compress(ct + (size_t)32 * p->du * i, &w.out[i], p->du);
    }
    k->cbd(&w.add, noise_of(p, noise, 2u * p->k), MLKEM_ETA2); /* v = NTT^-1(t^T y) + e2 + mu */
    k->add(v, &w.add);
    k->decompress(&w.add, m, 1); /* mu */
    k->add(v, &w.add);
    k->compress(ct + (size_t)32 * p->du * p->k, v, p->dv);
    head2_wipe(&w, sizeof w);
}

void mlkem_pke_decrypt(const struct mlkem_params *p, uint8_t m[32], const struct mlkem_poly s[],
                       const uint8_t *ct)
{
    const struct mlkem_kernels *k = mlkem_kernels();
    struct mlkem_poly u[MLKEM_MAX_K]; /* public, as are the factors that they become */
    struct mlkem_factor factor[MLKEM_MAX_K];
    struct {
        struct mlkem_poly product;
        struct mlkem_poly w; /* v, then v less the product */
    } w;

    for (unsigned i = 0; i < p->k; i++)
        k->decompress(&u[i], ct + (size_t)32 * p->du * i, p->du);
    k->ntt(u, p->k);
    for (unsigned i = 0; i < p->k; i++)
        k->factor_init(&factor[i], &u[i]);
    k->inner_product(&w.product, s, factor, p->k);
    k->inverse_ntt(&w.product, 1);
    k->decompress(&w.w, ct + (size_t)32 * p->du * p->k, p->dv);
    k->sub(&w.w, &w.product);
    k->compress(m, &w.w, 1);
    head2_wipe(&w, sizeof w);
}
