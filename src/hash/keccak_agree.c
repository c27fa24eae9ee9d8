/*
 * Whether Keccak's kernels of a level compute what the portable ones do; see mlkem/agree.c.
 */
#include "hash/keccak.h"

/* Keccak-f has no step that a wrong kernel could leave out unseen: a changed bit anywhere reaches
 * every bit of the state within a few rounds. One set of states is enough. */
static void exercise(const struct keccak_kernels *k, struct keccak_x8 *st, unsigned lanes,
                     uint8_t out[KECCAK_LANES][8 * KECCAK_MAX_WORDS])
{
    uint8_t in[KECCAK_LANES][8 * KECCAK_MAX_WORDS];
    const uint8_t *from[KECCAK_LANES];
    uint8_t *to[KECCAK_LANES];
    uint64_t x = lanes;

    for (unsigned l = 0; l < KECCAK_LANES; l++) {
        from[l] = in[l];
        to[l] = out[l];
        for (unsigned i = 0; i < 25; i++)
            st->s[i][l] = x = x * 6364136223846793005 + 1442695040888963407;
        for (unsigned i = 0; i < sizeof in[l]; i++)
            in[l][i] = (uint8_t)((x = x * 6364136223846793005 + 1442695040888963407) >> 56);
    }
    k->absorb(st, from, lanes, KECCAK_MAX_WORDS - lanes);
    k->permute(st, lanes);
    k->squeeze(st, to, lanes, KECCAK_MAX_WORDS - lanes);
}

bool keccak_kernels_agree(const void *kernels, const void *portable)
{
    const struct keccak_kernels *k = kernels;
    const struct keccak_kernels *reference = portable;
    uint64_t a[25] = {1}, b[25] = {1};

    k->f1600(a);
    reference->f1600(b);
    if (memcmp(a, b, sizeof a) != 0)
        return false;
    for (unsigned lanes = 1; lanes <= KECCAK_LANES; lanes++) {
        uint8_t out[2][KECCAK_LANES][8 * KECCAK_MAX_WORDS] = {0};
        struct keccak_x8 st[2];
        exercise(k, &st[0], lanes, out[0]);
        exercise(reference, &st[1], lanes, out[1]);
        for (unsigned i = 0; i < 25; i++)
            if (memcmp(st[0].s[i], st[1].s[i], 8 * lanes) != 0)
                return false;
        if (memcmp(out[0], out[1], sizeof out[0]) != 0)
            return false;
    }
    return true;
}
