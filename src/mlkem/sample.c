/*
 * Sampling in plain C: candidates for the uniform matrix, and noise (FIPS 203, Section 4.2.2). The
 * first rejects and so takes time by its input, which is public; the second does not.
 */
#include "mlkem/kernels.h"

unsigned mlkem_reject(struct mlkem_poly *f, unsigned n, const uint8_t *in, size_t len)
{
    for (size_t i = 0; i < len && n < MLKEM_N; i += 3) {
        const uint16_t d1 = (uint16_t)(in[i] | (in[i + 1] & 15u) << 8);
        const uint16_t d2 = (uint16_t)(in[i + 1] >> 4 | in[i + 2] << 4);
        f->c[n] = (int16_t)d1; /* written first and counted if good: nothing to predict */
        n += d1 < MLKEM_Q;
        if (n == MLKEM_N)
            break;
        f->c[n] = (int16_t)d2;
        n += d2 < MLKEM_Q;
    }
    return n;
}

/* Algorithm 8 for eta = 2: four bits a coefficient, the sum of two less the sum of two. */
static void cbd2(struct mlkem_poly *f, const uint8_t in[128])
{
    for (unsigned i = 0; i < MLKEM_N / 8; i++) {
        const uint32_t t = le32(in + (size_t)4 * i);
        const uint32_t sums = (t & 0x55555555) + (t >> 1 & 0x55555555);
        for (unsigned j = 0; j < 8; j++)
            f->c[8 * i + j] =
                (int16_t)((int)(sums >> (4 * j) & 3) - (int)(sums >> (4 * j + 2) & 3));
    }
}

/* The same for eta = 3: six bits a coefficient, four coefficients in three bytes. */
static void cbd3(struct mlkem_poly *f, const uint8_t in[192])
{
    for (unsigned i = 0; i < MLKEM_N / 4; i++) {
        const uint8_t *p = in + (size_t)3 * i;
        const uint32_t t = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
        const uint32_t sums = (t & 0x249249) + (t >> 1 & 0x249249) + (t >> 2 & 0x249249);
        for (unsigned j = 0; j < 4; j++)
            f->c[4 * i + j] =
                (int16_t)((int)(sums >> (6 * j) & 7) - (int)(sums >> (6 * j + 3) & 7));
    }
}

void mlkem_cbd(struct mlkem_poly *f, const uint8_t *in, unsigned eta)
{
    HEAD2_REQUIRES(eta == 2 || eta == 3);
    if (eta == 2)
        cbd2(f, in);
    else
        cbd3(f, in);
}
