/*
 * The portable kernels of ML-KEM, and the choice between levels.
 */
#include "mlkem/kernels.h"

const struct mlkem_kernels mlkem_kernels_portable = {
    .ntt = mlkem_ntt,
    .inverse_ntt = mlkem_inverse_ntt,
    .factor_init = mlkem_factor_init,
    .inner_product = mlkem_inner_product,
    .to_mont_add = mlkem_to_mont_add,
    .add = mlkem_add,
    .sub = mlkem_sub,
    .encode = mlkem_encode,
    .decode = mlkem_decode,
    .is_reduced = mlkem_is_reduced,
    .compress = mlkem_poly_compress,
    .decompress = mlkem_poly_decompress,
    .reject = mlkem_reject,
    .cbd = mlkem_cbd,
};

const struct mlkem_kernels *mlkem_kernels(void)
{
    static struct cpu_choice choice = {
        .room = "ML-KEM",
        .kernels = CPU_KERNELS(&mlkem_kernels_portable, &mlkem_kernels_avx2, &mlkem_kernels_avx512),
        .agrees = CPU_COMPARED_BY(mlkem_kernels_agree),
    };
    return cpu_choose(&choice);
}
