/*
 * Polynomials as bytes: encoding, compression and their reverse (FIPS 203, Section 4.2.1).
 *
 * Eight coefficients of d bits are d bytes. The bodies take d as a constant, and the compiler makes
 * one straight piece of code for each d that the three parameter sets use.
 */
#include "mlkem/kernels.h"

/* Algorithm 5 (ByteEncode_d) on eight coefficients below 2^d. */
static HEAD2_ALWAYS_INLINE void pack8(uint8_t *out, const uint16_t v[8], unsigned d)
{
    uint32_t bits = 0;
    unsigned have = 0;

    for (unsigned i = 0; i < 8; i++) {
        bits |= (uint32_t)v[i] << have;
        for (have += d; have >= 8; have -= 8) {
            *out++ = (uint8_t)bits;
            bits >>= 8;
        }
    }
}

/* Algorithm 6 (ByteDecode_d) on d bytes, without the reduction modulo q. */
static HEAD2_ALWAYS_INLINE void unpack8(uint16_t v[8], const uint8_t *in, unsigned d)
{
    uint32_t bits = 0;
    unsigned have = 0;

    for (unsigned i = 0; i < 8; i++) {
        for (; have < d; have += 8)
            bits |= (uint32_t)*in++ << have;
        v[i] = (uint16_t)(bits & ((1u << d) - 1));
        bits >>= d;
        have -= d;
    }
}

void mlkem_encode(uint8_t out[MLKEM_POLY_BYTES], const struct mlkem_poly *f)
{
    uint16_t v[8];

    for (unsigned i = 0; i < MLKEM_N / 8; i++) {
        for (unsigned j = 0; j < 8; j++)
            v[j] = mlkem_canonical(f->c[8 * i + j]);
        pack8(out + (size_t)12 * i, v, 12);
    }
    head2_wipe(v, sizeof v);
}

void mlkem_decode(struct mlkem_poly *f, const uint8_t in[MLKEM_POLY_BYTES])
{
    uint16_t v[8];

    for (unsigned i = 0; i < MLKEM_N / 8; i++) {
        unpack8(v, in + (size_t)12 * i, 12);
        for (unsigned j = 0; j < 8; j++)
            f->c[8 * i + j] = (int16_t)v[j];
    }
    head2_wipe(v, sizeof v);
}

bool mlkem_is_reduced(const uint8_t in[MLKEM_POLY_BYTES])
{
    uint16_t v[8];
    unsigned above = 0;

    for (unsigned i = 0; i < MLKEM_N / 8; i++) {
        unpack8(v, in + (size_t)12 * i, 12);
        for (unsigned j = 0; j < 8; j++)
            above |= v[j] >= MLKEM_Q;
    }
    return above == 0;
}

static HEAD2_ALWAYS_INLINE void compress(uint8_t *out, const struct mlkem_poly *f, unsigned d)
{
    uint16_t v[8];

    for (unsigned i = 0; i < MLKEM_N / 8; i++) {
        for (unsigned j = 0; j < 8; j++)
            v[j] = mlkem_compress(mlkem_canonical(f->c[8 * i + j]), d);
        pack8(out + (size_t)d * i, v, d);
    }
    head2_wipe(v, sizeof v);
}

static HEAD2_ALWAYS_INLINE void decompress(struct mlkem_poly *f, const uint8_t *in, unsigned d)
{
    uint16_t v[8];

    for (unsigned i = 0; i < MLKEM_N / 8; i++) {
        unpack8(v, in + (size_t)d * i, d);
        for (unsigned j = 0; j < 8; j++) {
            __asm__("" : "+r"(v[j])); /* a bit of the message must not become a branch */
            f->c[8 * i + j] = mlkem_decompress(v[j], d);
        }
    }
    head2_wipe(v, sizeof v);
}

void mlkem_poly_compress(uint8_t *out, const struct mlkem_poly *f, unsigned d)
{
    HEAD2_REQUIRES(d == 1 || d == 4 || d == 5 || d == 10 || d == 11);
    if (d == 1)
        compress(out, f, 1);
    else if (d == 4)
        compress(out, f, 4);
    else if (d == 5)
        compress(out, f, 5);
    else if (d == 10)
        compress(out, f, 10);
    else
        compress(out, f, 11);
}

void mlkem_poly_decompress(struct mlkem_poly *f, const uint8_t *in, unsigned d)
{
    HEAD2_REQUIRES(d == 1 || d == 4 || d == 5 || d == 10 || d == 11);
    if (d == 1)
        decompress(f, in, 1);
    else if (d == 4)
        decompress(f, in, 4);
    else if (d == 5)
        decompress(f, in, 5);
    else if (d == 10)
        decompress(f, in, 10);
    else
        decompress(f, in, 11);
}
