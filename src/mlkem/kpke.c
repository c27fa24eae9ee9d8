/*
 * K-PKE, the public-key encryption inside ML-KEM (FIPS 203, Section 5), for all parameter sets.
 *
 * The matrix is never held: each entry is sampled where it is multiplied, and a row's products are
 * summed before they are reduced. Whatever is secret lies in one struct per function, which is
 * wiped at its end.
 */
#include "mlkem/kpke.h"

#include <head2/hash.h>

enum { ETA2 = 2 };

const struct mlkem_params mlkem_512 = {2, 3, 10, 4, 800, 1632, 768, 768};
const struct mlkem_params mlkem_768 = {3, 2, 10, 4, 1184, 2400, 1088, 1152};
const struct mlkem_params mlkem_1024 = {4, 2, 11, 5, 1568, 3168, 1568, 1536};

/* Algorithm 13. */
void mlkem_pke_keygen(const struct mlkem_params *p, uint8_t *ek, uint8_t *dk_pke,
                      const uint8_t d[32])
{
    struct {
        uint8_t d_k[33];
        uint8_t rho_sigma[64];
        struct mlkem_poly noise;
        struct mlkem_factor s[MLKEM_MAX_K];
        struct mlkem_sum sum;
        struct mlkem_poly t;
    } w;
    struct mlkem_poly a;
    const uint8_t *rho = w.rho_sigma;
    const uint8_t *sigma = w.rho_sigma + 32;

    memcpy(w.d_k, d, 32);
    w.d_k[32] = p->k;
    head2_sha3_512(w.rho_sigma, w.d_k, sizeof w.d_k);
    HEAD2_PUBLIC(rho, 32, "rho, the seed of the matrix, is part of the encapsulation key");

    for (uint8_t i = 0; i < p->k; i++) {
        mlkem_sample_noise(&w.noise, sigma, i, p->eta1);
        mlkem_ntt(&w.noise);
        mlkem_poly_encode(dk_pke + (size_t)MLKEM_POLY_BYTES * i, &w.noise);
        mlkem_factor_init(&w.s[i], &w.noise);
    }
    for (uint8_t i = 0; i < p->k; i++) { /* t = A s + e, row by row */
        memset(&w.sum, 0, sizeof w.sum);
        for (uint8_t j = 0; j < p->k; j++) {
            mlkem_sample_ntt(&a, rho, j, i);
            mlkem_sum_add_product(&w.sum, &a, &w.s[j]);
        }
        mlkem_sum_reduce(&w.t, &w.sum);
        mlkem_poly_to_mont(&w.t);
        mlkem_sample_noise(&w.noise, sigma, (uint8_t)(p->k + i), p->eta1);
        mlkem_ntt(&w.noise);
        mlkem_poly_add(&w.t, &w.noise);
        mlkem_poly_encode(ek + (size_t)MLKEM_POLY_BYTES * i, &w.t);
    }
    memcpy(ek + p->dk_pke_bytes, rho, 32);
    HEAD2_PUBLIC(ek, p->ek_bytes, "the encapsulation key is published");
    head2_wipe(&w, sizeof w);
}

/* Algorithm 14. */
void mlkem_pke_encrypt(const struct mlkem_params *p, uint8_t *ct, const uint8_t *ek,
                       const uint8_t m[32], const uint8_t r[32])
{
    struct {
        struct mlkem_factor y[MLKEM_MAX_K];
        struct mlkem_poly noise;
        struct mlkem_poly out; /* u[i], then v */
        struct mlkem_sum sum;
    } w;
    struct mlkem_poly a;
    const uint8_t *rho = ek + p->dk_pke_bytes;

    for (uint8_t i = 0; i < p->k; i++) {
        mlkem_sample_noise(&w.noise, r, i, p->eta1);
        mlkem_ntt(&w.noise);
        mlkem_factor_init(&w.y[i], &w.noise);
    }
    for (uint8_t i = 0; i < p->k; i++) { /* u = NTT^-1(A^T y) + e1 */
        memset(&w.sum, 0, sizeof w.sum);
        for (uint8_t j = 0; j < p->k; j++) {
            mlkem_sample_ntt(&a, rho, i, j);
            mlkem_sum_add_product(&w.sum, &a, &w.y[j]);
        }
        mlkem_sum_reduce(&w.out, &w.sum);
        mlkem_inverse_ntt(&w.out);
        mlkem_sample_noise(&w.noise, r, (uint8_t)(p->k + i), ETA2);
        mlkem_poly_add(&w.out, &w.noise);
        mlkem_poly_compress(ct + (size_t)32 * p->du * i, &w.out, p->du);
    }

    memset(&w.sum, 0, sizeof w.sum); /* v = NTT^-1(t^T y) + e2 + mu */
    for (uint8_t j = 0; j < p->k; j++) {
        mlkem_poly_decode(&a, ek + (size_t)MLKEM_POLY_BYTES * j);
        mlkem_sum_add_product(&w.sum, &a, &w.y[j]);
    }
    mlkem_sum_reduce(&w.out, &w.sum);
    mlkem_inverse_ntt(&w.out);
    mlkem_sample_noise(&w.noise, r, (uint8_t)(2 * p->k), ETA2);
    mlkem_poly_add(&w.out, &w.noise);
    mlkem_poly_decompress(&w.noise, m, 1); /* mu */
    mlkem_poly_add(&w.out, &w.noise);
    mlkem_poly_compress(ct + (size_t)32 * p->du * p->k, &w.out, p->dv);
    head2_wipe(&w, sizeof w);
}

/* Algorithm 15. */
void mlkem_pke_decrypt(const struct mlkem_params *p, uint8_t m[32], const uint8_t *dk_pke,
                       const uint8_t *ct)
{
    struct {
        struct mlkem_factor u;
        struct mlkem_poly s;
        struct mlkem_sum sum;
        struct mlkem_poly w;
    } w;
    struct mlkem_poly a; /* u[i], then v: both public */

    memset(&w.sum, 0, sizeof w.sum);
    for (uint8_t i = 0; i < p->k; i++) {
        mlkem_poly_decompress(&a, ct + (size_t)32 * p->du * i, p->du);
        mlkem_ntt(&a);
        mlkem_factor_init(&w.u, &a);
        mlkem_poly_decode(&w.s, dk_pke + (size_t)MLKEM_POLY_BYTES * i);
        mlkem_sum_add_product(&w.sum, &w.s, &w.u);
    }
    mlkem_sum_reduce(&w.w, &w.sum);
    mlkem_inverse_ntt(&w.w);
    mlkem_poly_decompress(&a, ct + (size_t)32 * p->du * p->k, p->dv);
    for (unsigned i = 0; i < MLKEM_N; i++)
        w.w.c[i] = (int16_t)(a.c[i] - w.w.c[i]);
    mlkem_poly_compress(m, &w.w, 1);
    head2_wipe(&w, sizeof w);
}
