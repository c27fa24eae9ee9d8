/*
 * The tables of zetas that the kernels share.
 */
#include "mlkem/zetas.h"

#define WIDE(list, F) list##_128(F) list##_64(F) list##_32(F) list##_16(F)
#define ALL(list, F)                                                                               \
    {                                                                                              \
        0, WIDE(list, F) list##_8(F) list##_4(F) list##_2(F)                                       \
    }
/* clang-format off */
#define LAYER(list, copies) {{list(MLKEM_Z_##copies)}, {list(MLKEM_Z_QINV_##copies)}}
/* clang-format on */

const int16_t mlkem_zetas[MLKEM_N / 2] = ALL(MLKEM_ZETAS, MLKEM_Z);
const int16_t mlkem_zetas_qinv[MLKEM_N / 2] = ALL(MLKEM_ZETAS, MLKEM_Z_QINV);
const int16_t mlkem_reversed[MLKEM_N / 2] = ALL(MLKEM_REVERSED, MLKEM_Z);
const int16_t mlkem_reversed_qinv[MLKEM_N / 2] = ALL(MLKEM_REVERSED, MLKEM_Z_QINV);

const struct mlkem_lane_zetas mlkem_lane_zetas[MLKEM_LANE_LAYERS] = {
    LAYER(MLKEM_ZETAS_16, 16),
    LAYER(MLKEM_ZETAS_8, 8),
    LAYER(MLKEM_ZETAS_4, 4),
    LAYER(MLKEM_ZETAS_2, 2),
};

const struct mlkem_lane_zetas mlkem_lane_reversed[MLKEM_LANE_LAYERS] = {
    LAYER(MLKEM_REVERSED_16, 16),
    LAYER(MLKEM_REVERSED_8, 8),
    LAYER(MLKEM_REVERSED_4, 4),
    LAYER(MLKEM_REVERSED_2, 2),
};

const struct mlkem_wide_zetas mlkem_wide_zetas = {{WIDE(MLKEM_ZETAS, MLKEM_Z_PAIR)},
                                                  {WIDE(MLKEM_ZETAS, MLKEM_Z_QINV_PAIR)}};

const struct mlkem_wide_zetas mlkem_wide_reversed = {{WIDE(MLKEM_REVERSED, MLKEM_Z_PAIR)},
                                                     {WIDE(MLKEM_REVERSED, MLKEM_Z_QINV_PAIR)}};

const struct mlkem_gammas mlkem_gammas = {{MLKEM_ZETAS_2(MLKEM_GAMMA)},
                                          {MLKEM_ZETAS_2(MLKEM_GAMMA_QINV)}};
