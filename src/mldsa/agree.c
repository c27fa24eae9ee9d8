/*
 * The check that kernels must pass before they are chosen: the same results as the portable ones on
 * numbers that fill their domains to the ends. The complete check, on all basis vectors and all
 * inputs, is in tests/complete; this one has a few hundred microseconds.
 */
#include "mldsa/kernels.h"
#include "mldsa/pack.h"

#include <stdlib.h>

#define GAMMA2_44 ((MLDSA_Q - 1) / 88)
#define GAMMA2_87 ((MLDSA_Q - 1) / 32)

/* Two tables, and a generator of numbers for them. */
struct pair {
    const struct mldsa_kernels *k, *reference;
    uint64_t x;
};

/* A number within [low, high]; the ends come up often. */
static int32_t between(struct pair *t, int32_t low, int32_t high)
{
    t->x = t->x * 6364136223846793005 + 1442695040888963407;
    if (t->x >> 62 == 0)
        return t->x >> 61 == 0 ? low : high;
    return low + (int32_t)((t->x >> 32) * (uint64_t)(uint32_t)(high - low + 1) >> 32);
}

static void fill(struct pair *t, struct poly *a, int32_t low, int32_t high)
{
    for (unsigned i = 0; i < MLDSA_N; i++)
        a->c[i] = between(t, low, high);
}

static bool same(const struct poly *a, const struct poly *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* For results of which any representative below q in magnitude is right. */
static bool congruent(const struct poly *a, const struct poly *b)
{
    int32_t different = 0;
    for (unsigned i = 0; i < MLDSA_N; i++) {
        const int32_t d = mldsa_reduce32(a->c[i]) - mldsa_reduce32(b->c[i]);
        different |= d != 0 && d != MLDSA_Q && d != -MLDSA_Q;
    }
    return different == 0;
}

/* A wrong factor or a wrong lane changes the transform of a vector without zeros. */
static bool transforms(struct pair *t)
{
    for (unsigned round = 0; round < 8; round++) {
        struct poly w, a, b;
        fill(t, &w, 1 - MLDSA_Q, MLDSA_Q - 1);
        t->k->ntt(&a, &w);
        t->reference->ntt(&b, &w);
        if (!congruent(&a, &b))
            return false;
        a = b = w;
        t->k->inverse_ntt(&a);
        t->reference->inverse_ntt(&b);
        if (!congruent(&a, &b))
            return false;
    }
    return true;
}

/* w + c s for c with 49 coefficients, as in ML-DSA-65, whose beta is the greatest. */
static bool short_products(struct pair *t)
{
    for (unsigned round = 0; round < 8; round++) {
        struct poly c = {{0}}, s, w, a, b;
        struct short_poly u[2], v[2];
        for (unsigned i = 0; i < 49; i++)
            c.c[(i * 37 + round) % MLDSA_N] = 1 - 2 * (between(t, 0, 1));
        fill(t, &s, -4, 4);
        fill(t, &w, -(1 << 19), 1 << 19);
        t->k->short_ntt(&u[0], &c);
        t->k->short_ntt(&v[0], &s);
        t->reference->short_ntt(&u[1], &c);
        t->reference->short_ntt(&v[1], &s);
        b = w;
        (void)t->reference->add_short_product(&b, &u[1], &v[1], 1);
        int32_t norm = 0;
        for (unsigned i = 0; i < MLDSA_N; i++)
            norm = abs(b.c[i]) > norm ? abs(b.c[i]) : norm;
        for (int32_t more = 0; more < 2; more++) {
            a = w;
            const uint32_t reached = t->k->add_short_product(&a, &u[0], &v[0], norm + more);
            if (reached != (more == 0 ? UINT32_MAX : 0) || !same(&a, &b))
                return false;
        }
    }
    return true;
}

/* Sums of every length, of entries of A alone; then of four with vectors at their bounds, and two
 * rows. One pool serves for both sides: the check may run deep in the stack of a first call. */
static bool rows(struct pair *t)
{
    struct poly pool[MAX_L + 2], a[2], b[2];

    for (unsigned j = 0; j < HEAD2_LEN(pool); j++)
        fill(t, &pool[j], 0, MLDSA_Q - 1);
    t->k->dot(a, pool, pool + 1, MAX_L);
    t->reference->dot(b, pool, pool + 1, MAX_L);
    if (!congruent(a, b))
        return false;
    for (unsigned n = 4; n <= MAX_L + 1; n++) {
        t->k->rows(a, pool, pool + 1, 1, n);
        t->reference->rows(b, pool, pool + 1, 1, n);
        if (!congruent(a, b))
            return false;
    }
    t->k->rows(a, pool, pool + 4, 2, 4);
    t->reference->rows(b, pool, pool + 4, 2, 4);
    if (!congruent(&a[0], &b[0]) || !congruent(&a[1], &b[1]))
        return false;
    for (unsigned j = 4; j < 8; j++)
        fill(t, &pool[j], 1 - 9 * MLDSA_Q, 9 * MLDSA_Q - 1);
    t->k->rows(a, pool, pool + 4, 1, 4);
    t->reference->rows(b, pool, pool + 4, 1, 4);
    return congruent(a, b);
}

static bool rounding(struct pair *t, int32_t gamma2)
{
    const struct mldsa_kernels *const tables[2] = {t->k, t->reference};
    struct poly w, s2, low, out[2][4];
    uint64_t flags[2][2][FLAG_WORDS];
    uint8_t packed[2][2][PACKED_BYTES(6)] = {0};
    uint32_t count[2][3];

    fill(t, &w, 1 - MLDSA_Q, MLDSA_Q - 1);
    fill(t, &s2, -4, 4);
    fill(t, &low, 1 - gamma2, gamma2 - 1);
    for (unsigned n = 0; n < 2; n++) {
        struct poly *const o = out[n];
        o[0] = o[2] = w;
        tables[n]->power2_round(&o[0], &o[1], &s2);
        tables[n]->split(&o[2], packed[n][0], flags[n][0], gamma2);
        count[n][0] = tables[n]->make_hint(flags[n][1], &o[2], &low, flags[n][0], gamma2);
        tables[n]->use_hint(packed[n][1], &w, flags[n][1], gamma2);
        o[3] = low;
        count[n][1] = tables[n]->reduce_and_norm(&o[3], gamma2);
        count[n][2] = tables[n]->reduce_and_norm(&o[3], gamma2 - 1);
    }
    return memcmp(out[0], out[1], sizeof out[0]) == 0 &&
           memcmp(flags[0], flags[1], sizeof flags[0]) == 0 &&
           memcmp(packed[0], packed[1], sizeof packed[0]) == 0 &&
           memcmp(count[0], count[1], sizeof count[0]) == 0;
}

/* eta is 0 for polynomials of A. */
static bool rejects_alike(const struct pair *t, const uint8_t *in, size_t len, unsigned have,
                          int32_t eta)
{
    struct poly a = {{0}}, b = {{0}};
    unsigned n, m;
    if (eta == 0) {
        n = t->k->reject_uniform(&a, have, in, len);
        m = t->reference->reject_uniform(&b, have, in, len);
    } else {
        n = t->k->reject_bounded(&a, have, in, len, eta);
        m = t->reference->reject_bounded(&b, have, in, len, eta);
    }
    return n == m && memcmp(&a, &b, n * sizeof a.c[0]) == 0; /* what is behind is not defined */
}

static bool rejections(struct pair *t)
{
    uint8_t in[5 * 168];

    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)between(t, 0, 255);
    for (size_t len = 3; len <= sizeof in; len += 93) {
        if (!rejects_alike(t, in, len, 0, 0) ||
            !rejects_alike(t, in, len, (unsigned)len % MLDSA_N, 0) ||
            !rejects_alike(t, in, len, 7, 2) || !rejects_alike(t, in, len, 0, 4))
            return false;
    }
    return true;
}

/* Packs within the bounds of the width, unpacks, and compares what can be compared. */
static bool packing(struct pair *t, unsigned bits, int32_t top)
{
    uint8_t x[PACKED_BYTES(20)] = {0}, y[PACKED_BYTES(20)] = {0};
    struct poly a, b;

    if (top == 0) {
        fill(t, &a, 0, (1 << bits) - 1);
        t->k->pack(x, &a, bits);
        t->reference->pack(y, &a, bits);
        if (memcmp(x, y, sizeof x) != 0 || bits != T1_BITS)
            return memcmp(x, y, sizeof x) == 0;
        t->k->unpack(&b, x, bits);
    } else {
        fill(t, &a, top + 1 - (1 << bits), top);
        t->k->pack_signed(x, &a, top, bits);
        t->reference->pack_signed(y, &a, top, bits);
        t->k->unpack_signed(&b, x, top, bits);
    }
    return memcmp(x, y, sizeof x) == 0 && same(&a, &b);
}

bool mldsa_kernels_agree(const void *kernels, const void *portable)
{
    struct pair t = {kernels, portable, 1};

    return transforms(&t) && short_products(&t) && rows(&t) && rounding(&t, GAMMA2_44) &&
           rounding(&t, GAMMA2_87) && rejections(&t) && packing(&t, 4, 0) && packing(&t, 6, 0) &&
           packing(&t, T1_BITS, 0) && packing(&t, 3, 2) && packing(&t, 4, 4) &&
           packing(&t, T0_BITS, 1 << (MLDSA_D - 1)) && packing(&t, 18, 1 << 17) &&
           packing(&t, 20, 1 << 19);
}
