/*
 * Whether kernels of a level compute what the portable ones do: looked at once, before their first
 * use (cpu/cpu.h). Not in a library that has no others.
 */
#include "mlkem/kernels.h"

static bool same_mod_q(const struct mlkem_poly *a, const struct mlkem_poly *b, int bound)
{
    unsigned bad = 0;

    for (unsigned i = 0; i < MLKEM_N; i++) {
        bad |= mlkem_canonical(a->c[i]) != mlkem_canonical(b->c[i]);
        bad |= a->c[i] >= bound || a->c[i] <= -bound;
    }
    return bad == 0;
}

/* Both transforms of every basis vector times q - 1, three at a time. */
static bool transforms_agree(const struct mlkem_kernels *k, const struct mlkem_kernels *portable)
{
    enum { AT_A_TIME = 3 };

    for (unsigned first = 0; first < MLKEM_N; first += AT_A_TIME) {
        struct mlkem_poly a[2][AT_A_TIME] = {0};
        struct mlkem_poly b[2][AT_A_TIME] = {0};
        for (unsigned i = 0; i < 2 * AT_A_TIME; i++) {
            const unsigned at = (first + i / 2) & (MLKEM_N - 1);
            a[i & 1][i / 2].c[at] = b[i & 1][i / 2].c[at] = MLKEM_Q - 1;
        }
        k->ntt(a[0], AT_A_TIME);
        portable->ntt(b[0], AT_A_TIME);
        k->inverse_ntt(a[1], AT_A_TIME);
        portable->inverse_ntt(b[1], AT_A_TIME);
        for (unsigned i = 0; i < AT_A_TIME; i++)
            if (!same_mod_q(&a[0][i], &b[0][i], MLKEM_Q) ||
                !same_mod_q(&a[1][i], &b[1][i], MLKEM_Q))
                return false;
    }
    return true;
}

/* Numbers without a pattern, below 2^24. */
static uint32_t next(uint32_t *state)
{
    *state = *state * 1103515245 + 12345;
    return *state >> 8;
}

/* Coefficients in (-bound, bound). */
static void fill_poly(struct mlkem_poly *f, uint32_t *state, int bound)
{
    for (unsigned i = 0; i < MLKEM_N; i++)
        f->c[i] =
            (int16_t)((int)((uint64_t)next(state) * (2 * (unsigned)bound - 1) >> 24) - (bound - 1));
}

static bool products_agree(const struct mlkem_kernels *k, const struct mlkem_kernels *portable)
{
    struct mlkem_poly f[MLKEM_MAX_K];
    struct mlkem_poly g;
    struct mlkem_poly out[2];
    struct mlkem_factor factor[2][MLKEM_MAX_K];
    uint32_t state = 1;

    for (unsigned i = 0; i < MLKEM_MAX_K; i++) {
        fill_poly(&f[i], &state, 4096);
        fill_poly(&g, &state, MLKEM_Q);
        k->factor_init(&factor[0][i], &g);
        portable->factor_init(&factor[1][i], &g);
    }
    for (unsigned n = 2; n <= MLKEM_MAX_K; n++) {
        k->inner_product(&out[0], f, factor[0], n);
        portable->inner_product(&out[1], f, factor[1], n);
        if (!same_mod_q(&out[0], &out[1], MLKEM_Q))
            return false;
    }
    k->to_mont_add(&f[0], &g);
    k->add(&f[0], &g);
    k->sub(&f[0], &f[1]);
    out[0] = f[0];
    state = 1;
    for (unsigned i = 0; i < MLKEM_MAX_K; i++) {
        fill_poly(&f[i], &state, 4096);
        fill_poly(&g, &state, MLKEM_Q);
    }
    portable->to_mont_add(&f[0], &g);
    portable->add(&f[0], &g);
    portable->sub(&f[0], &f[1]);
    return same_mod_q(&out[0], &f[0], INT16_MAX);
}

/* All values of a coefficient, each at some place, through all encodings and back. */
static bool encodings_agree(const struct mlkem_kernels *k, const struct mlkem_kernels *portable)
{
    static const uint8_t widths[] = {1, 4, 5, 10, 11};
    struct mlkem_poly f;
    struct mlkem_poly out[2];
    uint8_t bytes[2][MLKEM_POLY_BYTES];

    for (int first = -MLKEM_Q; first < MLKEM_Q; first += MLKEM_N) {
        for (int i = 0; i < MLKEM_N; i++)
            f.c[i] = (int16_t)(first + i);
        k->encode(bytes[0], &f);
        portable->encode(bytes[1], &f);
        k->decode(&out[0], bytes[1]);
        portable->decode(&out[1], bytes[1]);
        if (memcmp(bytes[0], bytes[1], MLKEM_POLY_BYTES) != 0 ||
            memcmp(&out[0], &out[1], sizeof f) != 0 || !k->is_reduced(bytes[1]))
            return false;
        for (unsigned w = 0; w < HEAD2_LEN(widths); w++) {
            k->compress(bytes[0], &f, widths[w]);
            portable->compress(bytes[1], &f, widths[w]);
            k->decompress(&out[0], bytes[1], widths[w]);
            portable->decompress(&out[1], bytes[1], widths[w]);
            if (memcmp(bytes[0], bytes[1], (size_t)32 * widths[w]) != 0 ||
                memcmp(&out[0], &out[1], sizeof f) != 0)
                return false;
        }
    }
    return true;
}

/* One coefficient of q, at every place, fails the modulus check. */
static bool checks_agree(const struct mlkem_kernels *k)
{
    uint8_t bytes[MLKEM_POLY_BYTES] = {0};
    bool good = true;

    for (unsigned i = 0; i < MLKEM_N; i++) {
        uint8_t *p = bytes + i / 2 * 3;
        p[i % 2] = i % 2 == 0 ? 0x01 : 0x10;
        p[i % 2 + 1] = i % 2 == 0 ? 0x0d : 0xd0;
        good &= !k->is_reduced(bytes);
        p[i % 2] = p[i % 2 + 1] = 0;
    }
    return good && k->is_reduced(bytes);
}

static bool samplers_agree(const struct mlkem_kernels *k, const struct mlkem_kernels *portable)
{
    uint8_t in[504];
    struct mlkem_poly out[2];
    uint32_t state = 2;

    for (unsigned round = 0; round < 8; round++) {
        for (unsigned i = 0; i < sizeof in; i++)
            in[i] = (uint8_t)next(&state);
        for (unsigned n = 0; n < MLKEM_N; n += 85) { /* so that some end within a vector */
            const unsigned a = k->reject(&out[0], n, in, n == 0 ? sizeof in : 168);
            const unsigned b = portable->reject(&out[1], n, in, n == 0 ? sizeof in : 168);
            if (a != b || memcmp(out[0].c + n, out[1].c + n, sizeof(int16_t) * (b - n)) != 0)
                return false;
        }
        for (unsigned eta = 2; eta <= 3; eta++) {
            k->cbd(&out[0], in, eta);
            portable->cbd(&out[1], in, eta);
            if (memcmp(&out[0], &out[1], sizeof out[0]) != 0)
                return false;
        }
    }
    return true;
}

bool mlkem_kernels_agree(const void *kernels, const void *portable)
{
    const struct mlkem_kernels *k = kernels;
    const struct mlkem_kernels *reference = portable;

    return transforms_agree(k, reference) && products_agree(k, reference) &&
           encodings_agree(k, reference) && checks_agree(k) && samplers_agree(k, reference);
}
