/*
 * The portable Keccak kernels, and the choice among all.
 */
#include "hash/keccak.h"

#include "cpu/cpu.h"
#include "hash/keccak_rounds.h"

static void f1600(uint64_t lane[25])
{
    keccak_rounds(lane);
}

static void permute(struct keccak_x8 *st, unsigned lanes)
{
    uint64_t a[25];

    for (unsigned l = 0; l < lanes; l++) {
        for (unsigned i = 0; i < 25; i++)
            a[i] = st->s[i][l];
        keccak_rounds(a);
        for (unsigned i = 0; i < 25; i++)
            st->s[i][l] = a[i];
    }
}

static void absorb(struct keccak_x8 *st, const uint8_t *const in[KECCAK_LANES], unsigned lanes,
                   unsigned words)
{
    for (unsigned l = 0; l < lanes; l++)
        for (unsigned i = 0; i < words; i++)
            st->s[i][l] ^= le64(in[l] + (size_t)8 * i);
}

static void squeeze(const struct keccak_x8 *st, uint8_t *const out[KECCAK_LANES], unsigned lanes,
                    unsigned words)
{
    for (unsigned l = 0; l < lanes; l++)
        for (unsigned i = 0; i < words; i++)
            put_le64(out[l] + (size_t)8 * i, st->s[i][l]);
}

const struct keccak_kernels keccak_kernels_portable = {f1600, permute, absorb, squeeze};

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

const struct keccak_kernels *keccak_kernels(void)
{
    static struct cpu_choice choice = {
        .room = "Keccak",
        .kernels =
            CPU_KERNELS(&keccak_kernels_portable, &keccak_kernels_avx2, &keccak_kernels_avx512),
        .agrees = keccak_kernels_agree,
    };
    return cpu_choose(&choice);
}

void keccak_f1600(uint64_t lane[25])
{
    keccak_kernels()->f1600(lane);
}
