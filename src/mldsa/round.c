/*
 * Rounding, hints and norms of whole polynomials, over the scalar forms in poly.h.
 */
#include "mldsa/kernels_portable.h"

void mldsa_power2_round_portable(struct poly *t, struct poly *t0, const struct poly *s2)
{
    for (unsigned n = 0; n < MLDSA_N; n++) {
        const int32_t r = mldsa_add_q(mldsa_reduce32(t->c[n] + s2->c[n]));
        t->c[n] = mldsa_power2_round(r, &t0->c[n]);
    }
}

static HEAD2_ALWAYS_INLINE void split(struct poly *w, uint8_t *packed, uint64_t nonzero[FLAG_WORDS],
                                      int32_t gamma2)
{
    struct poly w1;
    for (unsigned n = 0; n < MLDSA_N; n++)
        w1.c[n] = mldsa_decompose(mldsa_add_q(w->c[n]), &w->c[n], gamma2);
    for (unsigned word = 0; word < FLAG_WORDS; word++) {
        uint64_t flags = 0;
        for (unsigned n = 0; n < 64; n++)
            flags |= (uint64_t)((uint32_t)-w1.c[64 * word + n] >> 31) << n;
        nonzero[word] = flags;
    }
    mldsa_pack_portable(packed, &w1, gamma2 == (MLDSA_Q - 1) / 32 ? 4 : 6);
    head2_wipe(&w1, sizeof w1);
}

void mldsa_split_portable(struct poly *w, uint8_t *packed, uint64_t nonzero[FLAG_WORDS],
                          int32_t gamma2)
{
    if (gamma2 == (MLDSA_Q - 1) / 32)
        split(w, packed, nonzero, (MLDSA_Q - 1) / 32);
    else
        split(w, packed, nonzero, (MLDSA_Q - 1) / 88);
}

static HEAD2_ALWAYS_INLINE void use_hint(uint8_t *packed, const struct poly *w,
                                         const uint64_t hint[FLAG_WORDS], int32_t gamma2)
{
    struct poly w1;
    for (unsigned n = 0; n < MLDSA_N; n++)
        w1.c[n] = mldsa_use_hint(hint[n / 64] >> n % 64 & 1, mldsa_add_q(w->c[n]), gamma2);
    mldsa_pack_portable(packed, &w1, gamma2 == (MLDSA_Q - 1) / 32 ? 4 : 6);
}

void mldsa_use_hint_portable(uint8_t *packed, const struct poly *w, const uint64_t hint[FLAG_WORDS],
                             int32_t gamma2)
{
    if (gamma2 == (MLDSA_Q - 1) / 32)
        use_hint(packed, w, hint, (MLDSA_Q - 1) / 32);
    else
        use_hint(packed, w, hint, (MLDSA_Q - 1) / 88);
}

uint32_t mldsa_make_hint_portable(uint64_t hint[FLAG_WORDS], const struct poly *w0,
                                  const struct poly *ct0, const uint64_t nonzero[FLAG_WORDS],
                                  int32_t gamma2)
{
    uint32_t ones = 0;
    for (unsigned word = 0; word < FLAG_WORDS; word++) {
        uint64_t flags = 0;
        for (unsigned n = 0; n < 64; n++) {
            const unsigned i = 64 * word + n;
            const int32_t w1 = (int32_t)(nonzero[word] >> n & 1); /* that it is not 0 is enough */
            const uint32_t h = mldsa_make_hint(w0->c[i] + ct0->c[i], w1, gamma2);
            flags |= (uint64_t)h << n;
            ones += h;
        }
        hint[word] = flags;
    }
    return ones;
}

uint32_t mldsa_reduce_and_norm_portable(struct poly *a, int32_t bound)
{
    for (unsigned i = 0; i < MLDSA_N; i++)
        a->c[i] = mldsa_reduce32(a->c[i]);
    return mldsa_norm_reaches(a, bound);
}
