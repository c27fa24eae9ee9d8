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

const struct keccak_kernels *keccak_kernels(void)
{
    static struct cpu_choice choice = {
        .room = "Keccak",
        .kernels =
            CPU_KERNELS(&keccak_kernels_portable, &keccak_kernels_avx2, &keccak_kernels_avx512),
        .agrees = CPU_COMPARED_BY(keccak_kernels_agree),
    };
    return cpu_choose(&choice);
}

void keccak_f1600(uint64_t lane[25])
{
    keccak_kernels()->f1600(lane);
}
