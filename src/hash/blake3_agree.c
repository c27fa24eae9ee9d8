/*
 * Whether BLAKE3's kernels of a level compute what the portable ones do; see mlkem/agree.c.
 */
#include "hash/blake3_kernels.h"

enum { CHECK_BLOCKS = 4 }; /* a power of two: nothing here divides, see scripts/check-ct */

/* The high half of a product turns out bits that no carry chain of the kernels produces. */
static uint32_t scrambled(uint32_t *x)
{
    *x = *x * 0x9e3779b1 + 0x7f4a7c15;
    return *x ^ *x >> 15;
}

static void fill(void *to, size_t words, uint32_t *x)
{
    uint32_t v;

    for (size_t i = 0; i < words; i++) {
        v = scrambled(x);
        memcpy((uint8_t *)to + 4 * i, &v, sizeof v);
    }
}

static bool runs_agree(const struct blake3_kernels *k, const struct blake3_kernels *reference,
                       const uint8_t *in, uint32_t *x)
{
    uint32_t a[16];
    uint32_t b[16];
    uint32_t cv[8];
    struct blake3_run r;

    fill(cv, HEAD2_LEN(cv), x);
    for (size_t blocks = 1; blocks <= CHECK_BLOCKS; blocks++) {
        fill(&r, sizeof r / 4, x);
        r.in = in + scrambled(x) % 64;
        r.blocks = blocks;
        memcpy(a, cv, sizeof cv);
        memcpy(b, cv, sizeof cv);
        k->run(a, &r);
        reference->run(b, &r);
        if (memcmp(a, b, sizeof cv) != 0)
            return false;
        k->output(a, cv, &r);
        reference->output(b, cv, &r);
        if (memcmp(a, b, sizeof a) != 0)
            return false;
    }
    return true;
}

/* Every number of lanes, all columns different. */
static bool lanes_agree(const struct blake3_kernels *k, const struct blake3_kernels *reference,
                        const uint8_t *in, uint32_t *x)
{
    struct blake3_lanes a;
    struct blake3_lanes b;
    uint8_t out[BLAKE3_LANES][32];
    uint8_t want[BLAKE3_LANES][32];

    for (unsigned lanes = 1; lanes <= k->width; lanes++) {
        fill(&a, sizeof a / 4, x);
        for (unsigned i = 0; i < BLAKE3_LANES; i++)
            a.in[i] = in + scrambled(x) % 512;
        b = a;
        k->lanes(&a, lanes, 1 + lanes % CHECK_BLOCKS);
        reference->lanes(&b, lanes, 1 + lanes % CHECK_BLOCKS);
        for (unsigned j = 0; j < 8; j++)
            if (memcmp(a.cv[j], b.cv[j], lanes * sizeof a.cv[j][0]) != 0)
                return false;
        k->store(out, &b, lanes);
        reference->store(want, &b, lanes);
        if (memcmp(out, want, lanes * sizeof out[0]) != 0)
            return false;
    }
    return true;
}

bool blake3_kernels_agree(const void *kernels, const void *portable)
{
    const struct blake3_kernels *k = kernels;
    const struct blake3_kernels *reference = portable;
    uint8_t in[512 + CHECK_BLOCKS * BLAKE3_BLOCK];
    uint32_t x = 1;

    fill(in, sizeof in / 4, &x);
    return runs_agree(k, reference, in, &x) && lanes_agree(k, reference, in, &x);
}
