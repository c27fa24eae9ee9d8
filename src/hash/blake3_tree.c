/*
 * Subtrees of BLAKE3: many chunks or parents at once.
 */
#include "hash/blake3_tree.h"

void blake3_cv_load(uint32_t cv[8], const uint8_t bytes[32])
{
    for (unsigned i = 0; i < 8; i++)
        cv[i] = le32(bytes + (size_t)4 * i);
}

void blake3_cv_store(uint8_t bytes[32], const uint32_t cv[8])
{
    for (unsigned i = 0; i < 8; i++)
        put_le32(bytes + (size_t)4 * i, cv[i]);
}

static void fill(uint32_t column[BLAKE3_LANES], uint32_t value)
{
    for (unsigned i = 0; i < BLAKE3_LANES; i++)
        column[i] = value;
}

void blake3_tree_init(struct blake3_tree *t, const uint32_t key[8], uint32_t flags)
{
    t->kernels = blake3_kernels();
    memcpy(t->key, key, sizeof t->key);
    t->flags = flags;
    fill(t->lanes.last_len, BLAKE3_BLOCK);
}

/* Nodes that lie in memory one after the other; out may be where they lie. */
static void nodes(struct blake3_tree *t, uint8_t out[][32], const uint8_t *in, size_t n,
                  size_t blocks)
{
    struct blake3_lanes *const l = &t->lanes;
    const unsigned width = t->kernels->width;

    for (size_t from = 0; from < n; from += width) {
        const unsigned lanes = n - from < width ? (unsigned)(n - from) : width;
        for (unsigned i = 0; i < 8; i++)
            fill(l->cv[i], t->key[i]);
        for (unsigned i = 0; i < lanes; i++)
            l->in[i] = in + (from + i) * blocks * BLAKE3_BLOCK;
        t->kernels->lanes(l, lanes, blocks);
        t->kernels->store(out + from, l, lanes);
    }
}

void blake3_tree_chunks(struct blake3_tree *t, uint8_t out[][32], const uint8_t *in, size_t n,
                        uint64_t counter)
{
    struct blake3_lanes *const l = &t->lanes;
    const unsigned width = t->kernels->width;

    fill(l->flags, t->flags);
    fill(l->first, BLAKE3_CHUNK_START);
    fill(l->last, BLAKE3_CHUNK_END);
    for (size_t from = 0; from < n; from += width) {
        for (unsigned i = 0; i < width; i++) {
            l->counter[0][i] = (uint32_t)(counter + from + i);
            l->counter[1][i] = (uint32_t)((counter + from + i) >> 32);
        }
        nodes(t, out + from, in + from * BLAKE3_CHUNK, n - from < width ? n - from : width,
              BLAKE3_CHUNK_BLOCKS);
    }
}

/* Section 2.1: a parent's block is its children's chaining values. n is even. */
static void parents(struct blake3_tree *t, uint8_t out[][32], uint8_t children[][32], size_t n)
{
    struct blake3_lanes *const l = &t->lanes;

    fill(l->counter[0], 0);
    fill(l->counter[1], 0);
    fill(l->flags, t->flags | BLAKE3_PARENT);
    fill(l->first, 0);
    fill(l->last, 0);
    nodes(t, out, children[0], n / 2, 1);
}

/*
 * The lowest level of a subtree that still fits the lanes, so that parents, too, are hashed with
 * all lanes full. Returns how many nodes it has, at least 2.
 */
static size_t level(struct blake3_tree *t, uint8_t out[][32], const uint8_t *in, size_t chunks,
                    uint64_t counter)
{
    uint8_t children[2 * BLAKE3_LANES][32];
    const size_t width = t->kernels->width > 2 ? t->kernels->width : 2;

    if (chunks <= width) {
        blake3_tree_chunks(t, out, in, chunks, counter);
        return chunks;
    }
    const size_t half = chunks / 2;
    size_t n = level(t, children, in, half, counter);
    n += level(t, children + n, in + half * BLAKE3_CHUNK, half, counter + half);
    parents(t, out, children, n);
    head2_wipe(children, sizeof children);
    return n / 2;
}

void blake3_tree_pair(struct blake3_tree *t, uint32_t out[2][8], const uint8_t *in, size_t chunks,
                      uint64_t counter)
{
    uint8_t cvs[BLAKE3_LANES][32];

    HEAD2_REQUIRES(chunks >= 2 && chunks <= BLAKE3_SUBTREE_MAX && (chunks & (chunks - 1)) == 0);
    for (size_t n = level(t, cvs, in, chunks, counter); n > 2; n /= 2)
        parents(t, cvs, cvs, n);
    blake3_cv_load(out[0], cvs[0]);
    blake3_cv_load(out[1], cvs[1]);
    head2_wipe(cvs, sizeof cvs);
}
