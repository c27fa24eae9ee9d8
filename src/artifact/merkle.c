/* see merkle.h */
#include "artifact/merkle.h"

#include "artifact/sha256.h"

void merkle_leaf(uint8_t hash[MERKLE_BYTES], const void *leaf, size_t len)
{
    uint8_t in[1 + MERKLE_LEAF_MAX] = {0};

    HEAD2_REQUIRES(len <= MERKLE_LEAF_MAX);
    copy_bytes(in + 1, leaf, len);
    sha256(hash, in, 1 + len);
}

void merkle_node(uint8_t hash[MERKLE_BYTES], const uint8_t left[MERKLE_BYTES],
                 const uint8_t right[MERKLE_BYTES])
{
    uint8_t in[1 + 2 * MERKLE_BYTES];

    in[0] = 1;
    memcpy(in + 1, left, MERKLE_BYTES);
    memcpy(in + 1 + MERKLE_BYTES, right, MERKLE_BYTES);
    sha256(hash, in, sizeof in);
}

/* ---- a tree that grows ---- */

bool merkle_append(struct merkle_edge *e, const uint8_t leaf_hash[MERKLE_BYTES])
{
    uint8_t up[MERKLE_BYTES];
    unsigned level = 0;

    if (e->size >= MERKLE_SIZE_MAX - 1)
        return false;
    memcpy(up, leaf_hash, sizeof up);
    for (; (e->size >> level & 1) != 0; level++)
        merkle_node(up, e->node[level], up);
    memcpy(e->node[level], up, sizeof up);
    e->size++;
    return true;
}

void merkle_root(uint8_t root[MERKLE_BYTES], const struct merkle_edge *e)
{
    bool any = false;

    sha256(root, NULL, 0); /* of the empty tree */
    for (unsigned level = 0; e->size >> level != 0; level++) {
        if ((e->size >> level & 1) == 0)
            continue;
        if (any)
            merkle_node(root, e->node[level], root);
        else
            memcpy(root, e->node[level], MERKLE_BYTES);
        any = true;
    }
}

/* ---- any part of a tree ---- */

/* The largest power of two below n, which is above 1, as its exponent. */
static unsigned split(uint64_t n)
{
    return 63 - (unsigned)__builtin_clzll(n - 1);
}

/* MTH of the leaves from `from` on, which is a multiple of the smallest power of two that holds n:
 * from right to left, one complete subtree for each bit of n. */
static enum head2_status subtree(uint8_t hash[MERKLE_BYTES], const struct merkle_nodes *nodes,
                                 uint64_t from, uint64_t n)
{
    enum head2_status st = HEAD2_OK;
    uint8_t left[MERKLE_BYTES];
    bool any = false;

    sha256(hash, NULL, 0);
    for (unsigned level = 0; n >> level != 0; level++) {
        if ((n >> level & 1) == 0)
            continue;
        const uint64_t at = from + (n >> (level + 1) << (level + 1));
        HEAD2_TRY(nodes->get(nodes->arg, level, at >> level, left));
        if (any)
            merkle_node(hash, left, hash);
        else
            memcpy(hash, left, MERKLE_BYTES);
        any = true;
    }
done:
    return st;
}

enum head2_status merkle_root_at(uint8_t root[MERKLE_BYTES], const struct merkle_nodes *nodes,
                                 uint64_t size)
{
    return size <= MERKLE_SIZE_MAX ? subtree(root, nodes, 0, size) : HEAD2_E_ARG;
}

/* A proof is found from the root down and told from the leaf up. */
static void reverse(struct merkle_proof *p)
{
    for (unsigned i = 0, j = p->n; i + 1 < j; i++) {
        uint8_t keep[MERKLE_BYTES];
        j--;
        memcpy(keep, p->hash[i], sizeof keep);
        memcpy(p->hash[i], p->hash[j], sizeof keep);
        memcpy(p->hash[j], keep, sizeof keep);
    }
}

enum head2_status merkle_prove_inclusion(struct merkle_proof *proof,
                                         const struct merkle_nodes *nodes, uint64_t index,
                                         uint64_t size)
{
    enum head2_status st = HEAD2_OK;
    uint64_t from = 0, n = size;

    proof->n = 0;
    if (index >= size || size > MERKLE_SIZE_MAX)
        return HEAD2_E_ARG;
    while (n > 1) {
        const uint64_t k = UINT64_C(1) << split(n);
        uint8_t *other = proof->hash[proof->n++];
        if (index - from < k) {
            HEAD2_TRY(subtree(other, nodes, from + k, n - k));
            n = k;
        } else {
            HEAD2_TRY(subtree(other, nodes, from, k));
            from += k;
            n -= k;
        }
    }
    reverse(proof);
done:
    return st;
}

enum head2_status merkle_prove_consistency(struct merkle_proof *proof,
                                           const struct merkle_nodes *nodes, uint64_t from,
                                           uint64_t to)
{
    enum head2_status st = HEAD2_OK;
    uint64_t begin = 0, n = to;
    bool whole = true; /* what is left of the old tree is all of it */

    proof->n = 0;
    if (from > to || to > MERKLE_SIZE_MAX)
        return HEAD2_E_ARG;
    if (from == 0)
        return HEAD2_OK;
    while (from - begin < n) {
        const uint64_t k = UINT64_C(1) << split(n);
        uint8_t *other = proof->hash[proof->n++];
        if (from - begin <= k) {
            HEAD2_TRY(subtree(other, nodes, begin + k, n - k));
            n = k;
        } else {
            HEAD2_TRY(subtree(other, nodes, begin, k));
            begin += k;
            n -= k;
            whole = false;
        }
    }
    if (!whole)
        HEAD2_TRY(subtree(proof->hash[proof->n++], nodes, begin, n));
    reverse(proof);
done:
    return st;
}

/* ---- checking ---- */

enum head2_status merkle_check_inclusion(const uint8_t root[MERKLE_BYTES], uint64_t size,
                                         uint64_t index, const uint8_t leaf_hash[MERKLE_BYTES],
                                         const struct merkle_proof *proof)
{
    uint8_t r[MERKLE_BYTES];

    if (index >= size || size > MERKLE_SIZE_MAX || proof->n > MERKLE_PROOF_MAX)
        return HEAD2_E_VERIFY;
    uint64_t fn = index, sn = size - 1;
    memcpy(r, leaf_hash, sizeof r);
    for (unsigned i = 0; i < proof->n; i++) {
        if (sn == 0)
            return HEAD2_E_VERIFY;
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node(r, proof->hash[i], r);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node(r, r, proof->hash[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 ? head2_equal(r, root, sizeof r) : HEAD2_E_VERIFY;
}

enum head2_status merkle_check_consistency(const uint8_t from_root[MERKLE_BYTES], uint64_t from,
                                           const uint8_t to_root[MERKLE_BYTES], uint64_t to,
                                           const struct merkle_proof *proof)
{
    uint8_t fr[MERKLE_BYTES], sr[MERKLE_BYTES];
    unsigned i = 0;

    if (from > to || to > MERKLE_SIZE_MAX || proof->n > MERKLE_PROOF_MAX + 1)
        return HEAD2_E_VERIFY;
    if (from == 0 || from == to) {
        const bool same = from == 0 || head2_equal(from_root, to_root, MERKLE_BYTES) == HEAD2_OK;
        return proof->n == 0 && same ? HEAD2_OK : HEAD2_E_VERIFY;
    }
    if (proof->n == 0)
        return HEAD2_E_VERIFY;
    memcpy(fr, (from & (from - 1)) == 0 ? from_root : proof->hash[i++], sizeof fr);
    memcpy(sr, fr, sizeof sr);
    uint64_t fn = from - 1, sn = to - 1;
    for (; (fn & 1) != 0; fn >>= 1)
        sn >>= 1;
    for (; i < proof->n; i++) {
        if (sn == 0)
            return HEAD2_E_VERIFY;
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node(fr, proof->hash[i], fr);
            merkle_node(sr, proof->hash[i], sr);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node(sr, sr, proof->hash[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0 || head2_equal(fr, from_root, sizeof fr) != HEAD2_OK)
        return HEAD2_E_VERIFY;
    return head2_equal(sr, to_root, sizeof sr);
}
