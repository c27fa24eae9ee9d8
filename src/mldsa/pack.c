/*
 * Bit packing of polynomials and hints: FIPS 204, Algorithms 16 to 21.
 *
 * Eight coefficients of b bits are b bytes. The group functions are inlined with a constant b, so
 * every shift in them is a constant.
 */
#include "mldsa/pack.h"
#include "mldsa/kernels_portable.h"

static HEAD2_ALWAYS_INLINE void pack_group(uint8_t *out, const uint32_t v[8], unsigned bits)
{
    uint32_t pending = 0;
    unsigned count = 0;
    unsigned at = 0;
#pragma GCC unroll 8
    for (unsigned j = 0; j < 8; j++) {
        pending |= v[j] << count;
#pragma GCC unroll 3
        for (count += bits; count >= 8; count -= 8) {
            out[at++] = (uint8_t)pending;
            pending >>= 8;
        }
    }
}

static HEAD2_ALWAYS_INLINE void unpack_group(uint32_t v[8], const uint8_t *in, unsigned bits)
{
#pragma GCC unroll 8
    for (unsigned j = 0; j < 8; j++) {
        const unsigned first = j * bits / 8;
        const unsigned last = ((j + 1) * bits - 1) / 8;
        uint32_t x = 0;
#pragma GCC unroll 4
        for (unsigned b = 0; first + b <= last; b++)
            x |= (uint32_t)in[first + b] << (8 * b);
        v[j] = (x >> (j * bits % 8)) & ((1U << bits) - 1);
    }
}

/* Packs sign * a + top: sign 1 with top 0, or sign -1. */
static HEAD2_ALWAYS_INLINE void pack_poly(uint8_t *out, const struct poly *a, int32_t sign,
                                          int32_t top, unsigned bits)
{
    for (unsigned i = 0; i < MLDSA_N / 8; i++) {
        uint32_t v[8];
        for (unsigned j = 0; j < 8; j++)
            v[j] = (uint32_t)(sign * a->c[8 * i + j] + top);
        pack_group(out + (size_t)i * bits, v, bits);
    }
}

static HEAD2_ALWAYS_INLINE void unpack_poly(struct poly *a, const uint8_t *in, int32_t sign,
                                            int32_t top, unsigned bits)
{
    for (unsigned i = 0; i < MLDSA_N / 8; i++) {
        uint32_t v[8];
        unpack_group(v, in + (size_t)i * bits, bits);
        for (unsigned j = 0; j < 8; j++)
            a->c[8 * i + j] = sign * ((int32_t)v[j] - top);
    }
}

void mldsa_pack_portable(uint8_t *out, const struct poly *a, unsigned bits)
{
    HEAD2_REQUIRES(bits == 4 || bits == 6 || bits == T1_BITS);
    if (bits == 4)
        pack_poly(out, a, 1, 0, 4);
    else if (bits == 6)
        pack_poly(out, a, 1, 0, 6);
    else
        pack_poly(out, a, 1, 0, T1_BITS);
}

void mldsa_unpack_portable(struct poly *a, const uint8_t *in, unsigned bits)
{
    HEAD2_REQUIRES(bits == T1_BITS);
    (void)bits;
    unpack_poly(a, in, 1, 0, T1_BITS);
}

void mldsa_pack_signed_portable(uint8_t *out, const struct poly *a, int32_t top, unsigned bits)
{
    switch (bits) {
    case 3:
        pack_poly(out, a, -1, top, 3);
        break;
    case 4:
        pack_poly(out, a, -1, top, 4);
        break;
    case T0_BITS:
        pack_poly(out, a, -1, top, T0_BITS);
        break;
    case 18:
        pack_poly(out, a, -1, top, 18);
        break;
    default:
        HEAD2_REQUIRES(bits == 20);
        pack_poly(out, a, -1, top, 20);
    }
}

void mldsa_unpack_signed_portable(struct poly *a, const uint8_t *in, int32_t top, unsigned bits)
{
    switch (bits) {
    case 3:
        unpack_poly(a, in, -1, top, 3);
        break;
    case 4:
        unpack_poly(a, in, -1, top, 4);
        break;
    case T0_BITS:
        unpack_poly(a, in, -1, top, T0_BITS);
        break;
    case 18:
        unpack_poly(a, in, -1, top, 18);
        break;
    default:
        HEAD2_REQUIRES(bits == 20);
        unpack_poly(a, in, -1, top, 20);
    }
}

void mldsa_pack_hint(uint8_t *out, const uint64_t *hint, unsigned k, unsigned omega)
{
    unsigned index = 0;
    memset(out, 0, omega + k);
    for (unsigned i = 0; i < k; i++) {
        for (unsigned word = 0; word < FLAG_WORDS; word++) {
            for (uint64_t ones = hint[i * FLAG_WORDS + word]; ones != 0; ones &= ones - 1) {
                HEAD2_REQUIRES(index < omega);
                out[index++] = (uint8_t)(64 * word + (unsigned)__builtin_ctzll(ones));
            }
        }
        out[omega + i] = (uint8_t)index;
    }
}

enum head2_status mldsa_unpack_hint(uint64_t *hint, const uint8_t *in, unsigned k, unsigned omega)
{
    unsigned index = 0;
    memset(hint, 0, sizeof *hint * k * FLAG_WORDS);
    for (unsigned i = 0; i < k; i++) {
        const unsigned end = in[omega + i];
        if (end < index || end > omega)
            return HEAD2_E_MALFORMED; /* line 4 */
        for (const unsigned first = index; index < end; index++) {
            if (index > first && in[index - 1] >= in[index])
                return HEAD2_E_MALFORMED; /* line 9: positions must ascend */
            hint[i * FLAG_WORDS + in[index] / 64] |= (uint64_t)1 << in[index] % 64;
        }
    }
    for (; index < omega; index++) {
        if (in[index] != 0)
            return HEAD2_E_MALFORMED; /* line 17: the unused rest is zero */
    }
    return HEAD2_OK;
}
