/*
 * Sampling: the uniform matrix from the public seed and the noise from the secret one (FIPS 203,
 * Section 4.2.2). The first rejects and so takes time by its input, which is public; the second
 * does not.
 */
#include "mlkem/poly.h"

#include <head2/hash.h>

enum { RATE = 168, FIRST_BLOCKS = 3 }; /* three blocks of SHAKE128 suffice in 99 of 100 cases */

/* Algorithm 7, the loop: take candidates of 12 bits from in until there are 256 below q. */
static unsigned take_candidates(int16_t c[MLKEM_N], unsigned n, const uint8_t *in, size_t len)
{
    for (size_t i = 0; i < len && n < MLKEM_N; i += 3) {
        const uint16_t d1 = (uint16_t)(in[i] | (in[i + 1] & 15u) << 8);
        const uint16_t d2 = (uint16_t)(in[i + 1] >> 4 | in[i + 2] << 4);
        c[n] = (int16_t)d1; /* written first and counted if good: nothing to predict */
        n += d1 < MLKEM_Q;
        if (n == MLKEM_N)
            break;
        c[n] = (int16_t)d2;
        n += d2 < MLKEM_Q;
    }
    return n;
}

void mlkem_sample_ntt(struct mlkem_poly *f, const uint8_t seed[32], uint8_t i1, uint8_t i2)
{
    struct head2_keccak xof;
    uint8_t buf[FIRST_BLOCKS * RATE];
    uint8_t in[34];
    unsigned n;

    memcpy(in, seed, 32);
    in[32] = i1;
    in[33] = i2;
    head2_shake128_init(&xof);
    head2_shake_update(&xof, in, sizeof in);
    head2_shake_squeeze(&xof, buf, sizeof buf);
    n = take_candidates(f->c, 0, buf, sizeof buf);
    while (n < MLKEM_N) {
        head2_shake_squeeze(&xof, buf, RATE);
        n = take_candidates(f->c, n, buf, RATE);
    }
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

void mlkem_sample_cbd(struct mlkem_poly *f, const uint8_t *in, unsigned eta)
{
    HEAD2_REQUIRES(eta == 2 || eta == 3);
    if (eta == 2)
        cbd2(f, in);
    else
        cbd3(f, in);
}

void mlkem_sample_noise(struct mlkem_poly *f, const uint8_t s[32], uint8_t b, unsigned eta)
{
    uint8_t seed[33];
    uint8_t buf[64 * 3];

    memcpy(seed, s, 32);
    seed[32] = b;
    head2_shake256(buf, (size_t)64 * eta, seed, sizeof seed);
    mlkem_sample_cbd(f, buf, eta);
    head2_wipe(seed, sizeof seed);
    head2_wipe(buf, sizeof buf);
}
