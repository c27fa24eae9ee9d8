/*
 * The Merkle tree of RFC 9162, section 2.1, with SHA-256: roots, proofs that a leaf is in a tree,
 * proofs that one tree is the beginning of another. Pure functions; whoever stores the tree gives
 * its nodes.
 *
 * A node (level, index) is the root of the 2^level leaves from index * 2^level on, all of which are
 * there. Level 0 are the hashes of the leaves.
 */
#ifndef HEAD2_ARTIFACT_MERKLE_H
#define HEAD2_ARTIFACT_MERKLE_H

#include "base/base.h"

#define MERKLE_BYTES     32
#define MERKLE_LEAF_MAX  1024
#define MERKLE_SIZE_MAX  (UINT64_C(1) << 48)
#define MERKLE_PROOF_MAX 48 /* hashes in an inclusion proof; a consistency proof has one more */

/* SHA-256(0x00 || leaf) of at most MERKLE_LEAF_MAX bytes, SHA-256(0x01 || left || right). */
void merkle_leaf(uint8_t hash[MERKLE_BYTES], const void *leaf, size_t len);
void merkle_node(uint8_t hash[MERKLE_BYTES], const uint8_t left[MERKLE_BYTES],
                 const uint8_t right[MERKLE_BYTES]);

/* A tree that only grows, as its right edge: all that it takes to go on. Zeros are the empty tree.
 */
struct merkle_edge {
    uint64_t size;
    uint8_t node[48][MERKLE_BYTES]; /* that of level i where bit i of size is set */
};

/* false: the tree is as large as it can be. */
bool merkle_append(struct merkle_edge *e, const uint8_t leaf_hash[MERKLE_BYTES]);
void merkle_root(uint8_t root[MERKLE_BYTES], const struct merkle_edge *e);

/* Read a node that is complete in the tree. Its status, when not HEAD2_OK, is the caller's. */
struct merkle_nodes {
    enum head2_status (*get)(void *arg, unsigned level, uint64_t index, uint8_t hash[MERKLE_BYTES]);
    void *arg;
};

struct merkle_proof {
    unsigned n;
    uint8_t hash[MERKLE_PROOF_MAX + 1][MERKLE_BYTES];
};

/* The root of the first `size` leaves. HEAD2_OK, HEAD2_E_ARG (above MERKLE_SIZE_MAX) or get's. */
HEAD2_CHECK enum head2_status merkle_root_at(uint8_t root[MERKLE_BYTES],
                                             const struct merkle_nodes *nodes, uint64_t size);

/* That leaf `index` is in the tree of `size` leaves (RFC 9162, 2.1.3.1). HEAD2_OK, HEAD2_E_ARG
 * (index is not below size, or size above MERKLE_SIZE_MAX) or get's. */
HEAD2_CHECK enum head2_status merkle_prove_inclusion(struct merkle_proof *proof,
                                                     const struct merkle_nodes *nodes,
                                                     uint64_t index, uint64_t size);

/* That the tree of `from` leaves is the beginning of that of `to` (2.1.4.1). An empty proof where
 * they are the same, or `from` is 0. HEAD2_OK, HEAD2_E_ARG or get's. */
HEAD2_CHECK enum head2_status merkle_prove_consistency(struct merkle_proof *proof,
                                                       const struct merkle_nodes *nodes,
                                                       uint64_t from, uint64_t to);

/* HEAD2_OK or HEAD2_E_VERIFY (RFC 9162, 2.1.3.2). */
HEAD2_CHECK enum head2_status merkle_check_inclusion(const uint8_t root[MERKLE_BYTES],
                                                     uint64_t size, uint64_t index,
                                                     const uint8_t leaf_hash[MERKLE_BYTES],
                                                     const struct merkle_proof *proof);

/* HEAD2_OK or HEAD2_E_VERIFY (2.1.4.2). */
HEAD2_CHECK enum head2_status merkle_check_consistency(const uint8_t from_root[MERKLE_BYTES],
                                                       uint64_t from,
                                                       const uint8_t to_root[MERKLE_BYTES],
                                                       uint64_t to,
                                                       const struct merkle_proof *proof);

#endif
