/*
 * BLAKE3 with AVX2: 8 lanes.
 */
#include "hash/blake3_x86.h"

static void lanes_avx2(struct blake3_lanes *l, unsigned lanes, size_t blocks)
{
    const uint8_t *in[8];

    HEAD2_REQUIRES(lanes > 0 && lanes <= 8);
    if (lanes == 1) {
        blake3_lanes_in_turn(l, lanes, blocks, row_run);
    } else {
        blake3_addresses(in, l, lanes, 8);
        lanes8(l, in, blocks);
    }
}

const struct blake3_kernels blake3_kernels_avx2 = {
    .width = 8,
    .run = row_run,
    .output = row_output,
    .lanes = lanes_avx2,
    .store = blake3_store,
};
