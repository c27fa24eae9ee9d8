/*
 * BLAKE3 (the BLAKE3 paper, version 20211102), portable: hash, keyed hash and key derivation, fed
 * piece by piece, with output of any length from any place.
 *
 * Input is cut into chunks of 16 blocks, the leaves of a binary tree. A full block is compressed
 * only when more input follows it, since the last block of a chunk, and the last node of the tree,
 * carry flags of their own; the context therefore always holds the last block.
 */
#include "base/base.h"

#include <head2/hash.h>

enum { BLOCK = 64, CHUNK_BLOCKS = 16 };

/* Section 2.2, Table 3. */
enum {
    CHUNK_START = 1,
    CHUNK_END = 2,
    PARENT = 4,
    ROOT = 8,
    KEYED_HASH = 16,
    DERIVE_KEY_CONTEXT = 32,
    DERIVE_KEY_MATERIAL = 64
};

static const uint32_t iv[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                               0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* The message permutation of Table 2, applied 0 to 6 times. */
static const uint8_t schedule[7][16] = {
    {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15},
    {2,  6,  3,  10, 7,  0,  4,  13, 1,  11, 12, 5,  9,  14, 15, 8 },
    {3,  4,  10, 12, 13, 2,  7,  14, 6,  5,  9,  0,  11, 15, 8,  1 },
    {10, 7,  12, 9,  14, 3,  13, 15, 4,  0,  11, 2,  5,  8,  1,  6 },
    {12, 13, 9,  11, 15, 10, 14, 8,  7,  2,  5,  3,  0,  1,  6,  4 },
    {9,  14, 11, 5,  8,  12, 15, 1,  13, 3,  0,  10, 2,  6,  4,  7 },
    {11, 15, 5,  0,  1,  9,  8,  6,  14, 10, 2,  12, 3,  4,  7,  13},
};

/* What one compression takes besides its chaining value: a node of the tree, or an output block. */
struct node {
    uint32_t cv[8];
    uint32_t block[16];
    uint64_t counter;
    uint32_t block_len;
    uint32_t flags;
};

static HEAD2_ALWAYS_INLINE uint32_t rotr(uint32_t v, unsigned n)
{
    return v >> n | v << (32 - n);
}

/* The quarter round G of Section 2.2; at holds the indices a, b, c, d. */
static HEAD2_ALWAYS_INLINE void mix(uint32_t v[16], const uint8_t at[4], uint32_t x, uint32_t y)
{
    uint32_t a = v[at[0]];
    uint32_t b = v[at[1]];
    uint32_t c = v[at[2]];
    uint32_t d = v[at[3]];

    a += b + x;
    d = rotr(d ^ a, 16);
    c += d;
    b = rotr(b ^ c, 12);
    a += b + y;
    d = rotr(d ^ a, 8);
    c += d;
    b = rotr(b ^ c, 7);
    v[at[0]] = a;
    v[at[1]] = b;
    v[at[2]] = c;
    v[at[3]] = d;
}

static HEAD2_ALWAYS_INLINE void mix_round(uint32_t v[16], const uint32_t m[16], unsigned r)
{
    static const uint8_t lanes[8][4] = {
        {0, 4, 8,  12},
        {1, 5, 9,  13},
        {2, 6, 10, 14},
        {3, 7, 11, 15},
        {0, 5, 10, 15},
        {1, 6, 11, 12},
        {2, 7, 8,  13},
        {3, 4, 9,  14}
    };
    const uint8_t *s = schedule[r];

    mix(v, lanes[0], m[s[0]], m[s[1]]); /* the columns */
    mix(v, lanes[1], m[s[2]], m[s[3]]);
    mix(v, lanes[2], m[s[4]], m[s[5]]);
    mix(v, lanes[3], m[s[6]], m[s[7]]);
    mix(v, lanes[4], m[s[8]], m[s[9]]); /* the diagonals */
    mix(v, lanes[5], m[s[10]], m[s[11]]);
    mix(v, lanes[6], m[s[12]], m[s[13]]);
    mix(v, lanes[7], m[s[14]], m[s[15]]);
}

/* The compression function of Section 2.2 with all 16 words of its output. */
static void compress(uint32_t out[16], const struct node *n)
{
    uint32_t v[16] = {
        n->cv[0],
        n->cv[1],
        n->cv[2],
        n->cv[3],
        n->cv[4],
        n->cv[5],
        n->cv[6],
        n->cv[7],
        iv[0],
        iv[1],
        iv[2],
        iv[3],
        (uint32_t)n->counter,
        (uint32_t)(n->counter >> 32),
        n->block_len,
        n->flags,
    };

    mix_round(v, n->block, 0);
    mix_round(v, n->block, 1);
    mix_round(v, n->block, 2);
    mix_round(v, n->block, 3);
    mix_round(v, n->block, 4);
    mix_round(v, n->block, 5);
    mix_round(v, n->block, 6);
    for (unsigned i = 0; i < 8; i++) {
        out[i] = v[i] ^ v[i + 8];
        out[i + 8] = v[i + 8] ^ n->cv[i];
    }
}

static void chaining_value(uint32_t cv[8], const struct node *n)
{
    uint32_t out[16];

    compress(out, n);
    memcpy(cv, out, 32);
}

/* The present block of a chunk as a node. */
static void block_node(struct node *n, const struct head2_blake3 *ctx, const uint8_t *block,
                       uint32_t block_len)
{
    memcpy(n->cv, ctx->cv, sizeof n->cv);
    for (unsigned i = 0; i < 16; i++)
        n->block[i] = le32(block + (size_t)4 * i);
    n->counter = ctx->chunk;
    n->block_len = block_len;
    n->flags = ctx->flags | (ctx->blocks == 0 ? CHUNK_START : 0u);
}

/* Section 2.1: a parent's block is its children's chaining values. */
static void parent_node(struct node *n, const struct head2_blake3 *ctx, const uint32_t left[8],
                        const uint32_t right[8])
{
    memcpy(n->cv, ctx->key, sizeof n->cv);
    memcpy(n->block, left, 32);
    memcpy(n->block + 8, right, 32);
    n->counter = 0;
    n->block_len = BLOCK;
    n->flags = ctx->flags | PARENT;
}

/*
 * A chunk is done and more follows. Subtrees on the stack grow like the binary number of finished
 * chunks: each trailing zero bit of it stands for two subtrees of one size, which are joined
 * (Section 5.1.2).
 */
static void end_chunk(struct head2_blake3 *ctx)
{
    struct node n;

    ctx->chunk++;
    for (uint64_t done = ctx->chunk; (done & 1) == 0; done >>= 1) {
        parent_node(&n, ctx, ctx->stack[ctx->stack_len - 1], ctx->cv);
        chaining_value(ctx->cv, &n);
        ctx->stack_len--;
    }
    HEAD2_REQUIRES(ctx->stack_len < HEAD2_LEN(ctx->stack));
    memcpy(ctx->stack[ctx->stack_len++], ctx->cv, 32);
    memcpy(ctx->cv, ctx->key, sizeof ctx->cv);
    ctx->blocks = 0;
    head2_wipe(&n, sizeof n);
}

/* Take a full block that is not the last of the input. */
static void take_block(struct head2_blake3 *ctx, const uint8_t block[BLOCK])
{
    struct node n;

    block_node(&n, ctx, block, BLOCK);
    if (ctx->blocks == CHUNK_BLOCKS - 1) {
        n.flags |= CHUNK_END;
        chaining_value(ctx->cv, &n);
        end_chunk(ctx);
    } else {
        chaining_value(ctx->cv, &n);
        ctx->blocks++;
    }
}

static void start(struct head2_blake3 *ctx, const uint32_t key[8], uint8_t flags)
{
    memset(ctx, 0, sizeof *ctx);
    memcpy(ctx->key, key, sizeof ctx->key);
    memcpy(ctx->cv, key, sizeof ctx->cv);
    ctx->flags = flags;
}

static void start_with_bytes(struct head2_blake3 *ctx, const uint8_t key[32], uint8_t flags)
{
    uint32_t words[8];

    for (unsigned i = 0; i < 8; i++)
        words[i] = le32(key + (size_t)4 * i);
    start(ctx, words, flags);
    head2_wipe(words, sizeof words);
}

void head2_blake3_init(struct head2_blake3 *ctx)
{
    start(ctx, iv, 0);
}

void head2_blake3_init_keyed(struct head2_blake3 *ctx, const uint8_t key[32])
{
    start_with_bytes(ctx, key, KEYED_HASH);
}

void head2_blake3_init_derive_key(struct head2_blake3 *ctx, const void *context, size_t context_len)
{
    uint8_t key[32];

    start(ctx, iv, DERIVE_KEY_CONTEXT);
    head2_blake3_update(ctx, context, context_len);
    head2_blake3_final(ctx, key, sizeof key, 0);
    start_with_bytes(ctx, key, DERIVE_KEY_MATERIAL);
    head2_wipe(key, sizeof key);
}

void head2_blake3_update(struct head2_blake3 *ctx, const void *in, size_t len)
{
    const uint8_t *p = in;
    const size_t room = BLOCK - (size_t)ctx->block_len;

    if (len <= room) {
        copy_bytes(ctx->block + ctx->block_len, p, len);
        ctx->block_len = (uint8_t)(ctx->block_len + len);
        return;
    }
    if (ctx->block_len != 0) {
        copy_bytes(ctx->block + ctx->block_len, p, room);
        take_block(ctx, ctx->block);
        p += room;
        len -= room;
    }
    for (; len > BLOCK; p += BLOCK, len -= BLOCK)
        take_block(ctx, p);
    memcpy(ctx->block, p, len);
    ctx->block_len = (uint8_t)len;
}

/* Section 2.6: the root's output is its compression with counters 0, 1, 2 ... */
static void root_output(struct node *root, uint8_t *out, size_t out_len, uint64_t seek)
{
    uint32_t words[16];
    uint8_t bytes[BLOCK];

    root->flags |= ROOT;
    while (out_len != 0) {
        const size_t skip = seek % BLOCK;
        const size_t n = out_len < BLOCK - skip ? out_len : BLOCK - skip;
        root->counter = seek / BLOCK;
        compress(words, root);
        for (unsigned i = 0; i < 16; i++)
            put_le32(bytes + (size_t)4 * i, words[i]);
        memcpy(out, bytes + skip, n);
        out += n;
        out_len -= n;
        seek += n;
    }
    head2_wipe(words, sizeof words);
    head2_wipe(bytes, sizeof bytes);
}

void head2_blake3_final(const struct head2_blake3 *ctx, uint8_t *out, size_t out_len, uint64_t seek)
{
    struct node n;
    uint32_t cv[8];
    uint8_t last[BLOCK] = {0};

    memcpy(last, ctx->block, ctx->block_len);
    block_node(&n, ctx, last, ctx->block_len);
    n.flags |= CHUNK_END;
    for (unsigned i = ctx->stack_len; i > 0; i--) { /* join the subtrees, smallest first */
        chaining_value(cv, &n);
        parent_node(&n, ctx, ctx->stack[i - 1], cv);
    }
    root_output(&n, out, out_len, seek);
    head2_wipe(&n, sizeof n);
    head2_wipe(cv, sizeof cv);
    head2_wipe(last, sizeof last);
}

void head2_blake3(uint8_t digest[HEAD2_BLAKE3_BYTES], const void *in, size_t len)
{
    struct head2_blake3 ctx;

    head2_blake3_init(&ctx);
    head2_blake3_update(&ctx, in, len);
    head2_blake3_final(&ctx, digest, HEAD2_BLAKE3_BYTES, 0);
    head2_wipe(&ctx, sizeof ctx);
}
