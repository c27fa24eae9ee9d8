/*
 * The portable table, and the choice of a table by the processor.
 */
#include "hash/keccak.h"
#include "mldsa/kernels_portable.h"

const struct mldsa_kernels mldsa_kernels_portable = {
    .ntt = mldsa_ntt_portable,
    .inverse_ntt = mldsa_inverse_ntt_portable,
    .dot = mldsa_dot_portable,
    .rows = mldsa_rows_portable,
    .short_ntt = mldsa_short_ntt_portable,
    .add_short_product = mldsa_add_short_product_portable,
    .power2_round = mldsa_power2_round_portable,
    .split = mldsa_split_portable,
    .use_hint = mldsa_use_hint_portable,
    .make_hint = mldsa_make_hint_portable,
    .reduce_and_norm = mldsa_reduce_and_norm_portable,
    .reject_uniform = mldsa_reject_uniform_portable,
    .reject_bounded = mldsa_reject_bounded_portable,
    .pack = mldsa_pack_portable,
    .unpack = mldsa_unpack_portable,
    .pack_signed = mldsa_pack_signed_portable,
    .unpack_signed = mldsa_unpack_signed_portable,
};

static struct cpu_choice choice = {
    .room = "ML-DSA",
    .kernels = CPU_KERNELS(&mldsa_kernels_portable, &mldsa_kernels_avx2, &mldsa_kernels_avx512),
    .agrees = CPU_COMPARED_BY(mldsa_kernels_agree),
};

const struct mldsa_kernels *mldsa_kernels(void)
{
    (void)keccak_kernels(); /* their comparison, too, is due before much stack is taken */
    return cpu_choose(&choice);
}
