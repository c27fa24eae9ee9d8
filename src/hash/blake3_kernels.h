/*
 * The compression function of BLAKE3 in three ways: along one chunk, for one block of output, and
 * over up to 16 independent lanes, each of which may be a chunk, a parent or a message.
 */
#ifndef HEAD2_HASH_BLAKE3_KERNELS_H
#define HEAD2_HASH_BLAKE3_KERNELS_H

#include "cpu/cpu.h"

#define BLAKE3_LANES 16

enum { BLAKE3_BLOCK = 64, BLAKE3_CHUNK = 1024, BLAKE3_CHUNK_BLOCKS = 16 };

/* Section 2.2, Table 3. */
enum {
    BLAKE3_CHUNK_START = 1,
    BLAKE3_CHUNK_END = 2,
    BLAKE3_PARENT = 4,
    BLAKE3_ROOT = 8,
    BLAKE3_KEYED_HASH = 16,
    BLAKE3_DERIVE_KEY_CONTEXT = 32,
    BLAKE3_DERIVE_KEY_MATERIAL = 64
};

/* Constants stand here for the compilers, which put what they select into the instructions. */
static const uint32_t blake3_iv[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* The message permutation of Table 2, applied 0 to 6 times. */
static const uint8_t blake3_schedule[7][16] = {
    {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15},
    {2,  6,  3,  10, 7,  0,  4,  13, 1,  11, 12, 5,  9,  14, 15, 8 },
    {3,  4,  10, 12, 13, 2,  7,  14, 6,  5,  9,  0,  11, 15, 8,  1 },
    {10, 7,  12, 9,  14, 3,  13, 15, 4,  0,  11, 2,  5,  8,  1,  6 },
    {12, 13, 9,  11, 15, 10, 14, 8,  7,  2,  5,  3,  0,  1,  6,  4 },
    {9,  14, 11, 5,  8,  12, 15, 1,  13, 3,  0,  10, 2,  6,  4,  7 },
    {11, 15, 5,  0,  1,  9,  8,  6,  14, 10, 2,  12, 3,  4,  7,  13},
};

/* A round is G on the four columns of the state, then on its four diagonals. */
static const uint8_t blake3_quarters[8][4] = {
    {0, 4, 8,  12},
    {1, 5, 9,  13},
    {2, 6, 10, 14},
    {3, 7, 11, 15},
    {0, 5, 10, 15},
    {1, 6, 11, 12},
    {2, 7, 8,  13},
    {3, 4, 9,  14}
};

/* Blocks of one chunk, or one block of a parent, that follow each other in memory. */
struct blake3_run {
    const uint8_t *in; /* 64 bytes a block, also where the last one is shorter and then zeros */
    size_t blocks;
    uint64_t counter;
    uint32_t last_len; /* length of the last block, the others are full */
    uint32_t flags;    /* of every block */
    uint32_t first;    /* besides, of the first */
    uint32_t last;     /* and of the last */
};

/* A run in each lane, all with the same number of blocks; what belongs to a lane is a column. */
struct blake3_lanes {
    _Alignas(64) uint32_t cv[8][BLAKE3_LANES]; /* goes in and comes out */
    _Alignas(64) uint32_t counter[2][BLAKE3_LANES];
    _Alignas(64) uint32_t last_len[BLAKE3_LANES];
    _Alignas(64) uint32_t flags[BLAKE3_LANES];
    _Alignas(64) uint32_t first[BLAKE3_LANES];
    _Alignas(64) uint32_t last[BLAKE3_LANES];
    const uint8_t *in[BLAKE3_LANES];
};

struct blake3_kernels {
    unsigned width; /* lanes that are hashed at once; 1 where lanes bring nothing */
    /* cv becomes the chaining value after the run */
    void (*run)(uint32_t cv[8], const struct blake3_run *r);
    /* all 16 words of the compression of a run of one block */
    void (*output)(uint32_t out[16], const uint32_t cv[8], const struct blake3_run *r);
    /* Lanes 0 to lanes - 1 go through their runs of this many blocks. The other lanes' columns
     * are not read for addresses, and their chaining values hold anything afterwards. */
    void (*lanes)(struct blake3_lanes *l, unsigned lanes, size_t blocks);
    /* the chaining values of lanes 0 to lanes - 1, as bytes */
    void (*store)(uint8_t out[][32], const struct blake3_lanes *l, unsigned lanes);
};

void blake3_store(uint8_t out[][32], const struct blake3_lanes *l, unsigned lanes);

extern const struct blake3_kernels blake3_kernels_portable;
#ifdef HEAD2_X86_KERNELS
extern const struct blake3_kernels blake3_kernels_avx2;
extern const struct blake3_kernels blake3_kernels_avx512;
#endif

/* Lanes by a kernel for one run at a time, which is faster where there are few. */
void blake3_lanes_in_turn(struct blake3_lanes *l, unsigned lanes, size_t blocks,
                          void (*run)(uint32_t cv[8], const struct blake3_run *r));

/* The kernels to use on this machine. */
const struct blake3_kernels *blake3_kernels(void);

/* Whether these kernels, const struct blake3_kernels both, compute the same. */
bool blake3_kernels_agree(const void *kernels, const void *portable);

#endif
