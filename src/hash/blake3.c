/*
 * BLAKE3 (the BLAKE3 paper, version 20211102): hash, keyed hash and key derivation, fed piece by
 * piece, with output of any length from any place.
 *
 * Input is cut into chunks of 16 blocks, the leaves of a binary tree. The last block of a chunk and
 * the last node of the tree carry flags of their own, so that what may turn out to be last is not
 * compressed before more input follows: the present chunk keeps its last block, and the two newest
 * subtrees of the stack are joined only when there is a third, or a chunk, after them.
 */
#include "hash/blake3_tree.h"

#include <head2/hash.h>

#include <stddef.h>

/* What one compression takes: a node of the tree, or a block of output. */
struct node {
    uint32_t cv[8];
    uint8_t block[BLAKE3_BLOCK];
    uint64_t counter;
    uint32_t block_len;
    uint32_t flags;
};

static struct blake3_run run_of(const struct node *n)
{
    const struct blake3_run r = {
        .in = n->block,
        .blocks = 1,
        .counter = n->counter,
        .last_len = n->block_len,
        .flags = n->flags,
    };
    return r;
}

static void chaining_value(uint32_t cv[8], const struct node *n)
{
    const struct blake3_run r = run_of(n);

    memmove(cv, n->cv, sizeof n->cv);
    blake3_kernels()->run(cv, &r);
}

/* The last block of the present chunk. */
static void chunk_node(struct node *n, const struct head2_blake3 *ctx)
{
    memcpy(n->cv, ctx->cv, sizeof n->cv);
    memset(n->block, 0, sizeof n->block);
    memcpy(n->block, ctx->block, ctx->block_len);
    n->counter = ctx->chunk;
    n->block_len = ctx->block_len;
    n->flags = ctx->flags | BLAKE3_CHUNK_END | (ctx->blocks == 0 ? BLAKE3_CHUNK_START : 0u);
}

/* Section 2.1: a parent's block is its children's chaining values. */
static void parent_node(struct node *n, const struct head2_blake3 *ctx, const uint32_t left[8],
                        const uint32_t right[8])
{
    memcpy(n->cv, ctx->key, sizeof n->cv);
    blake3_cv_store(n->block, left);
    blake3_cv_store(n->block + 32, right);
    n->counter = 0;
    n->block_len = BLAKE3_BLOCK;
    n->flags = ctx->flags | BLAKE3_PARENT;
}

/*
 * More follows what is on the stack: join subtrees until they are as many as the number of finished
 * chunks has ones in binary, since each one stands for a subtree of that size (Section 5.1.2).
 */
static void join_subtrees(struct head2_blake3 *ctx)
{
    struct node n;
    unsigned keep = 0;

    for (uint64_t done = ctx->chunk; done != 0; done &= done - 1)
        keep++;
    if (ctx->stack_len <= keep)
        return;
    for (; ctx->stack_len > keep; ctx->stack_len--) {
        uint32_t(*const top)[8] = &ctx->stack[ctx->stack_len - 2];
        parent_node(&n, ctx, top[0], top[1]);
        chaining_value(top[0], &n);
    }
    head2_wipe(&n, sizeof n);
}

static void push(struct head2_blake3 *ctx, const uint32_t cv[8], size_t chunks)
{
    join_subtrees(ctx);
    HEAD2_REQUIRES(ctx->stack_len < HEAD2_LEN(ctx->stack));
    memcpy(ctx->stack[ctx->stack_len++], cv, 32);
    ctx->chunk += chunks;
}

static void begin_chunk(struct head2_blake3 *ctx)
{
    memcpy(ctx->cv, ctx->key, sizeof ctx->cv);
    ctx->blocks = 0;
    ctx->block_len = 0;
}

/* The present chunk is full and more follows. */
static void end_chunk(struct head2_blake3 *ctx)
{
    struct node n;
    uint32_t cv[8];

    chunk_node(&n, ctx);
    chaining_value(cv, &n);
    push(ctx, cv, 1);
    begin_chunk(ctx);
    head2_wipe(&n, sizeof n);
    head2_wipe(cv, sizeof cv);
}

static void start(struct head2_blake3 *ctx, const uint32_t key[8], uint8_t flags)
{
    memset(ctx, 0, offsetof(struct head2_blake3, stack));
    memcpy(ctx->key, key, sizeof ctx->key);
    memcpy(ctx->cv, key, sizeof ctx->cv);
    ctx->flags = flags;
}

static void start_with_bytes(struct head2_blake3 *ctx, const uint8_t key[32], uint8_t flags)
{
    uint32_t words[8];

    blake3_cv_load(words, key);
    start(ctx, words, flags);
    head2_wipe(words, sizeof words);
}

void head2_blake3_init(struct head2_blake3 *ctx)
{
    start(ctx, blake3_iv, 0);
}

void head2_blake3_init_keyed(struct head2_blake3 *ctx, const uint8_t key[32])
{
    start_with_bytes(ctx, key, BLAKE3_KEYED_HASH);
}

void head2_blake3_init_derive_key(struct head2_blake3 *ctx, const void *context, size_t context_len)
{
    uint8_t key[32];

    start(ctx, blake3_iv, BLAKE3_DERIVE_KEY_CONTEXT);
    head2_blake3_update(ctx, context, context_len);
    head2_blake3_final(ctx, key, sizeof key, 0);
    start_with_bytes(ctx, key, BLAKE3_DERIVE_KEY_MATERIAL);
    head2_wipe(key, sizeof key);
}

static size_t chunk_len(const struct head2_blake3 *ctx)
{
    return (size_t)ctx->blocks * BLAKE3_BLOCK + ctx->block_len;
}

/* Blocks of the present chunk that are not its last. */
static void take_blocks(struct head2_blake3 *ctx, const uint8_t *in, size_t blocks)
{
    const struct blake3_run r = {
        .in = in,
        .blocks = blocks,
        .counter = ctx->chunk,
        .last_len = BLAKE3_BLOCK,
        .flags = ctx->flags,
        .first = ctx->blocks == 0 ? BLAKE3_CHUNK_START : 0,
    };

    blake3_kernels()->run(ctx->cv, &r);
    ctx->blocks = (uint8_t)(ctx->blocks + blocks);
}

/* Bytes of the present chunk, no more than it has room for. */
static void take_bytes(struct head2_blake3 *ctx, const uint8_t *in, size_t len)
{
    const size_t room = BLAKE3_BLOCK - (size_t)ctx->block_len;

    HEAD2_REQUIRES(len <= BLAKE3_CHUNK - chunk_len(ctx));
    if (len > room && ctx->block_len != 0) {
        memcpy(ctx->block + ctx->block_len, in, room);
        take_blocks(ctx, ctx->block, 1);
        ctx->block_len = 0;
        in += room;
        len -= room;
    }
    if (len > BLAKE3_BLOCK) {
        const size_t blocks = (len - 1) / BLAKE3_BLOCK;
        take_blocks(ctx, in, blocks);
        in += blocks * BLAKE3_BLOCK;
        len -= blocks * BLAKE3_BLOCK;
    }
    copy_bytes(ctx->block + ctx->block_len, in, len);
    ctx->block_len = (uint8_t)(ctx->block_len + len);
}

/* The chunks of the largest subtree that begins here and is no larger than len. */
static size_t subtree_chunks(const struct head2_blake3 *ctx, size_t len)
{
    size_t chunks = BLAKE3_SUBTREE_MAX;

    while (chunks > 1 && (chunks * BLAKE3_CHUNK > len || (ctx->chunk & (chunks - 1)) != 0))
        chunks /= 2;
    return chunks;
}

/* From the start of a chunk, take whole chunks of len > BLAKE3_CHUNK bytes; returns how many. */
static size_t take_chunks(struct head2_blake3 *ctx, struct blake3_tree *t, const uint8_t *in,
                          size_t len)
{
    uint8_t bytes[BLAKE3_LANES][32];
    uint32_t cvs[2][8];
    size_t chunks = subtree_chunks(ctx, len);
    const size_t followed = (len - 1) / BLAKE3_CHUNK;

    if (chunks > 1 && (chunks >= t->kernels->width || chunks * BLAKE3_CHUNK == len)) {
        blake3_tree_pair(t, cvs, in, chunks, ctx->chunk);
        push(ctx, cvs[0], chunks / 2);
        push(ctx, cvs[1], chunks / 2);
    } else { /* less than the lanes hold: all at once, whatever trees they belong to */
        chunks = followed < t->kernels->width ? followed : t->kernels->width;
        blake3_tree_chunks(t, bytes, in, chunks, ctx->chunk);
        for (size_t i = 0; i < chunks; i++) {
            blake3_cv_load(cvs[0], bytes[i]);
            push(ctx, cvs[0], 1);
        }
        head2_wipe(bytes, sizeof bytes);
    }
    head2_wipe(cvs, sizeof cvs);
    return chunks;
}

void head2_blake3_update(struct head2_blake3 *ctx, const void *in, size_t len)
{
    const uint8_t *p = in;

    if (len == 0)
        return;
    if (chunk_len(ctx) != 0) {
        const size_t room = BLAKE3_CHUNK - chunk_len(ctx);
        const size_t n = len < room ? len : room;
        take_bytes(ctx, p, n);
        p += n;
        len -= n;
        if (len == 0)
            return;
        end_chunk(ctx);
    }
    if (len > BLAKE3_CHUNK) {
        struct blake3_tree t;
        blake3_tree_init(&t, ctx->key, ctx->flags);
        while (len > BLAKE3_CHUNK) {
            const size_t n = take_chunks(ctx, &t, p, len) * BLAKE3_CHUNK;
            p += n;
            len -= n;
        }
        head2_wipe(&t, sizeof t);
    }
    if (len != 0) {
        join_subtrees(ctx);
        take_bytes(ctx, p, len);
    }
}

/* ---- subtrees by several threads ---- */

enum { SUBTREE_CHUNKS = HEAD2_BLAKE3_SUBTREE_BYTES / BLAKE3_CHUNK, TASKS = 64 };

void head2_blake3_subtree(const struct head2_blake3 *ctx, struct head2_blake3_subtree *subtree,
                          const void *in, uint64_t at)
{
    struct blake3_tree t;
    uint32_t cvs[2][8];

    HEAD2_REQUIRES(at % HEAD2_BLAKE3_SUBTREE_BYTES == 0);
    blake3_tree_init(&t, ctx->key, ctx->flags);
    blake3_tree_pair(&t, cvs, in, SUBTREE_CHUNKS, at / BLAKE3_CHUNK);
    blake3_cv_store(subtree->cv[0], cvs[0]);
    blake3_cv_store(subtree->cv[1], cvs[1]);
    head2_wipe(&t, sizeof t);
    head2_wipe(cvs, sizeof cvs);
}

void head2_blake3_append(struct head2_blake3 *ctx, const struct head2_blake3_subtree *subtree)
{
    uint32_t cv[8];

    if (chunk_len(ctx) != 0) {
        HEAD2_REQUIRES(chunk_len(ctx) == BLAKE3_CHUNK);
        end_chunk(ctx);
    }
    HEAD2_REQUIRES(ctx->chunk % SUBTREE_CHUNKS == 0);
    for (unsigned i = 0; i < 2; i++) {
        blake3_cv_load(cv, subtree->cv[i]);
        push(ctx, cv, SUBTREE_CHUNKS / 2);
    }
    head2_wipe(cv, sizeof cv);
}

struct tasks {
    const struct head2_blake3 *ctx;
    const uint8_t *in;
    uint64_t at;
    struct head2_blake3_subtree done[TASKS];
};

static void hash_subtree(void *arg, size_t i)
{
    struct tasks *w = arg;
    const size_t from = i * HEAD2_BLAKE3_SUBTREE_BYTES;

    head2_blake3_subtree(w->ctx, &w->done[i], w->in + from, w->at + from);
}

/* see head2/hash.h */
void head2_blake3_update_parallel(struct head2_blake3 *ctx, const void *in, size_t len,
                                  const struct head2_runner *runner)
{
    const size_t unit = HEAD2_BLAKE3_SUBTREE_BYTES;
    const uint64_t taken = ctx->chunk * BLAKE3_CHUNK + chunk_len(ctx);
    const uint8_t *p = in;
    struct tasks w = {.ctx = ctx, .at = taken};

    if (taken % unit != 0) { /* up to where a subtree may begin */
        const size_t room = unit - (size_t)(taken % unit);
        const size_t n = room < len ? room : len;
        head2_blake3_update(ctx, p, n);
        w.at += n;
        p += n;
        len -= n;
    }
    while (len >= unit) {
        const size_t n = len / unit < TASKS ? len / unit : TASKS;
        w.in = p;
        runner->run(runner->pool, n, hash_subtree, &w);
        for (size_t i = 0; i < n; i++)
            head2_blake3_append(ctx, &w.done[i]);
        w.at += n * unit;
        p += n * unit;
        len -= n * unit;
    }
    head2_blake3_update(ctx, p, len);
    head2_wipe(&w, sizeof w);
}

/* ---- output ---- */

/* Section 2.6: the root's output is its compression with counters 0, 1, 2 ... */
static void root_output(struct node *root, uint8_t *out, size_t out_len, uint64_t seek)
{
    uint32_t words[16];
    uint8_t bytes[BLAKE3_BLOCK];

    root->flags |= BLAKE3_ROOT;
    while (out_len != 0) {
        const size_t skip = seek % BLAKE3_BLOCK;
        const size_t n = out_len < BLAKE3_BLOCK - skip ? out_len : BLAKE3_BLOCK - skip;
        root->counter = seek / BLAKE3_BLOCK;
        const struct blake3_run r = run_of(root);
        blake3_kernels()->output(words, root->cv, &r);
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
    unsigned left = ctx->stack_len;

    if (chunk_len(ctx) != 0 || left == 0) {
        chunk_node(&n, ctx);
    } else { /* the input ends with a subtree */
        HEAD2_REQUIRES(left >= 2);
        left -= 2;
        parent_node(&n, ctx, ctx->stack[left], ctx->stack[left + 1]);
    }
    while (left > 0) { /* join the subtrees, smallest first */
        chaining_value(cv, &n);
        parent_node(&n, ctx, ctx->stack[--left], cv);
    }
    root_output(&n, out, out_len, seek);
    head2_wipe(&n, sizeof n);
    head2_wipe(cv, sizeof cv);
    if (ctx->flags != 0) /* keyed, or a key derived */
        cpu_wipe_residue(CPU_KERNELS_BELOW);
}

/* At most one chunk: no tree, no context. */
static void hash_chunk(uint8_t digest[HEAD2_BLAKE3_BYTES], const uint8_t *in, size_t len)
{
    const struct blake3_kernels *const k = blake3_kernels();
    const size_t before = len == 0 ? 0 : (len - 1) / BLAKE3_BLOCK;
    const size_t rest = len - before * BLAKE3_BLOCK;
    uint8_t last[BLAKE3_BLOCK] = {0};
    uint32_t cv[8];
    struct blake3_run r = {.in = in, .blocks = before, .first = BLAKE3_CHUNK_START};

    memcpy(cv, blake3_iv, sizeof cv);
    r.last_len = BLAKE3_BLOCK;
    if (before != 0) {
        k->run(cv, &r);
        r.first = 0;
        in += before * BLAKE3_BLOCK;
    }
    copy_bytes(last, in, rest);
    r.in = last;
    r.blocks = 1;
    r.last_len = (uint32_t)rest;
    r.last = BLAKE3_CHUNK_END | BLAKE3_ROOT;
    k->run(cv, &r);
    blake3_cv_store(digest, cv);
    head2_wipe(last, sizeof last);
    head2_wipe(cv, sizeof cv);
}

void head2_blake3(uint8_t digest[HEAD2_BLAKE3_BYTES], const void *in, size_t len)
{
    struct head2_blake3 ctx;

    if (len <= BLAKE3_CHUNK) {
        hash_chunk(digest, in, len);
        return;
    }
    head2_blake3_init(&ctx);
    head2_blake3_update(&ctx, in, len);
    head2_blake3_final(&ctx, digest, HEAD2_BLAKE3_BYTES, 0);
    head2_wipe(&ctx, sizeof ctx);
}
