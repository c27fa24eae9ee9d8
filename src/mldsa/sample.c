/*
 * Pseudorandom sampling from SHAKE: FIPS 204, Algorithms 14, 15 and 29 to 34.
 */
#include "mldsa/sample.h"

#include "mldsa/pack.h"

#include <head2/hash.h>

#define SHAKE128_RATE 168
#define SHAKE256_RATE 136

void mldsa_sample_in_ball(struct poly *c, const uint8_t *c_tilde, size_t c_bytes, unsigned tau)
{
    struct head2_keccak shake;
    uint8_t block[SHAKE256_RATE];
    size_t at = 8;

    head2_shake256_init(&shake);
    head2_shake_update(&shake, c_tilde, c_bytes);
    head2_shake_squeeze(&shake, block, sizeof block);
    uint64_t signs = le64(block); /* line 4 */
    memset(c, 0, sizeof *c);
    for (unsigned i = MLDSA_N - tau; i < MLDSA_N; i++) {
        uint8_t j;
        do { /* lines 7 to 9 */
            if (at == sizeof block) {
                head2_shake_squeeze(&shake, block, sizeof block);
                at = 0;
            }
            j = block[at++];
        } while (j > i);
        c->c[i] = c->c[j];
        c->c[j] = 1 - 2 * (int32_t)(signs & 1);
        signs >>= 1;
    }
}

void mldsa_sample_uniform(struct poly *a, const uint8_t rho[RHO_BYTES], unsigned row,
                          unsigned column)
{
    struct head2_keccak shake;
    uint8_t seed[RHO_BYTES + 2];
    uint8_t block[5 * SHAKE128_RATE]; /* 280 candidates, of which 256 nearly always fit */
    size_t len = sizeof block;
    unsigned n = 0;

    memcpy(seed, rho, RHO_BYTES);
    seed[RHO_BYTES] = (uint8_t)column; /* Algorithm 32, line 3: s, then r */
    seed[RHO_BYTES + 1] = (uint8_t)row;
    head2_shake128_init(&shake);
    head2_shake_update(&shake, seed, sizeof seed);
    while (n < MLDSA_N) {
        head2_shake_squeeze(&shake, block, len);
        for (size_t at = 0; at < len && n < MLDSA_N; at += 3) {
            /* Algorithm 14. rho is public, so the rejection may show. */
            int32_t z = block[at] | block[at + 1] << 8 | (block[at + 2] & 0x7f) << 16;
            a->c[n] = z;
            n += z < MLDSA_Q;
        }
        len = SHAKE128_RATE;
    }
}

/* Algorithm 15 for a half byte z that is accepted: 2 - (z mod 5), or 4 - z. */
static inline int32_t coefficient(uint32_t z, int32_t eta)
{
    if (eta == 2)
        z -= ((205 * z) >> 10) * 5;
    return eta - (int32_t)z;
}

void mldsa_sample_bounded(struct poly *a, const uint8_t rho_prime[64], unsigned index, int32_t eta)
{
    struct head2_keccak shake;
    uint8_t block[SHAKE256_RATE];
    const uint8_t counter[2] = {(uint8_t)index, (uint8_t)(index >> 8)};
    const uint32_t limit = eta == 2 ? 15 : 9;
    unsigned n = 0;

    head2_shake256_init(&shake);
    head2_shake_update(&shake, rho_prime, 64);
    head2_shake_update(&shake, counter, sizeof counter);
    while (n < MLDSA_N) {
        head2_shake_squeeze(&shake, block, sizeof block);
        for (size_t at = 0; at < 2 * sizeof block && n < MLDSA_N; at++) {
            uint32_t z = block[at / 2] >> (4 * (at % 2)) & 15;
            uint32_t accepted = (z - limit) >> 31;
            HEAD2_PUBLIC(&accepted, sizeof accepted,
                         "which samples are rejected is independent of those that are accepted");
            a->c[n] = coefficient(z, eta);
            n += accepted;
        }
    }
    head2_wipe(block, sizeof block);
    head2_wipe(&shake, sizeof shake);
}

void mldsa_sample_mask(struct poly *y, const uint8_t rho_prime2[64], unsigned counter,
                       int32_t gamma1, unsigned z_bits)
{
    struct head2_keccak shake;
    uint8_t v[PACKED_BYTES(20)];
    const uint8_t suffix[2] = {(uint8_t)counter, (uint8_t)(counter >> 8)};

    head2_shake256_init(&shake);
    head2_shake_update(&shake, rho_prime2, 64);
    head2_shake_update(&shake, suffix, sizeof suffix);
    head2_shake_squeeze(&shake, v, PACKED_BYTES(z_bits));
    mldsa_unpack_signed(y, v, gamma1, z_bits);
    head2_wipe(v, sizeof v);
    head2_wipe(&shake, sizeof shake);
}
