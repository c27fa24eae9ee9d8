/*
 * Subtrees of BLAKE3: many chunks or parents at once.
 */
#ifndef HEAD2_HASH_BLAKE3_TREE_H
#define HEAD2_HASH_BLAKE3_TREE_H

#include "hash/blake3_kernels.h"

/* Chunks of the largest subtree that is hashed in one piece: the bound on the recursion, and large
 * enough that what is lost at its narrow top does not matter. */
#define BLAKE3_SUBTREE_MAX ((size_t)1024)

/* What all nodes of a tree share, and room to work in. */
struct blake3_tree {
    const struct blake3_kernels *kernels;
    uint32_t key[8];
    uint32_t flags; /* of the mode */
    struct blake3_lanes lanes;
};

/* Wipe a tree when done with it. */
void blake3_tree_init(struct blake3_tree *t, const uint32_t key[8], uint32_t flags);

/* The chaining values of n whole chunks. */
void blake3_tree_chunks(struct blake3_tree *t, uint8_t out[][32], const uint8_t *in, size_t n,
                        uint64_t counter);

/* The two nodes below the top of the subtree over `chunks` chunks, a power of two from 2 to
 * BLAKE3_SUBTREE_MAX: the top may be the root, which only the caller knows. */
void blake3_tree_pair(struct blake3_tree *t, uint32_t out[2][8], const uint8_t *in, size_t chunks,
                      uint64_t counter);

void blake3_cv_load(uint32_t cv[8], const uint8_t bytes[32]);
void blake3_cv_store(uint8_t bytes[32], const uint32_t cv[8]);

#endif
