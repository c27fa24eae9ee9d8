/*
 * The Merkle tree against RFC 9162's definitions, written down a second time as they stand there:
 * on whole lists, by recursion. Every size up to some hundred, every leaf, every pair of sizes, and
 * every proof damaged in every way that matters.
 */
#include "check.h"

#include "artifact/merkle.h"

#include <openssl/sha.h>

#define MOST 140

static uint8_t leaf[MOST][MERKLE_BYTES];

/* ---- the definitions ---- */

static void mth(uint8_t out[32], unsigned from, unsigned n)
{
    uint8_t in[65] = {1};
    unsigned k = 1;

    if (n == 0) {
        SHA256(in, 0, out);
        return;
    }
    if (n == 1) {
        memcpy(out, leaf[from], 32);
        return;
    }
    while (2 * k < n)
        k *= 2;
    mth(in + 1, from, k);
    mth(in + 33, from + k, n - k);
    SHA256(in, sizeof in, out);
}

static void path(struct merkle_proof *p, unsigned m, unsigned from, unsigned n)
{
    unsigned k = 1;

    if (n == 1)
        return;
    while (2 * k < n)
        k *= 2;
    if (m < k) {
        path(p, m, from, k);
        mth(p->hash[p->n++], from + k, n - k);
    } else {
        path(p, m - k, from + k, n - k);
        mth(p->hash[p->n++], from, k);
    }
}

static void subproof(struct merkle_proof *p, unsigned m, unsigned from, unsigned n, bool whole)
{
    unsigned k = 1;

    if (m == n) {
        if (!whole)
            mth(p->hash[p->n++], from, n);
        return;
    }
    while (2 * k < n)
        k *= 2;
    if (m <= k) {
        subproof(p, m, from, k, whole);
        mth(p->hash[p->n++], from + k, n - k);
    } else {
        subproof(p, m - k, from + k, n - k, false);
        mth(p->hash[p->n++], from, k);
    }
}

/* ---- the tree that is stored ---- */

static unsigned complete; /* leaves of which nodes may be asked for */

static enum head2_status get(void *arg, unsigned level, uint64_t index, uint8_t hash[32])
{
    (void)arg;
    CHECK((index + 1) << level <= complete);
    mth(hash, (unsigned)(index << level), 1u << level);
    return HEAD2_OK;
}

static const struct merkle_nodes nodes = {get, NULL};

static void make_leaves(void)
{
    for (unsigned i = 0; i < MOST; i++)
        merkle_leaf(leaf[i], &i, sizeof i);
}

/* The roots that the test data of Certificate Transparency have. */
static void published_roots(void)
{
    static const char *const data[8] = {"",
                                        "00",
                                        "10",
                                        "2021",
                                        "3031",
                                        "40414243",
                                        "5051525354555657",
                                        "606162636465666768696a6b6c6d6e6f"};
    static const char *const roots[9] = {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    struct merkle_edge e = {0};

    for (unsigned n = 0; n <= 8; n++) {
        uint8_t root[32], bytes[16], hash[32];
        char text[65];
        merkle_root(root, &e);
        for (unsigned i = 0; i < 32; i++)
            snprintf(text + 2 * i, 3, "%02x", root[i]);
        CHECK(strcmp(text, roots[n]) == 0);
        if (n == 8)
            break;
        for (unsigned i = 0; i < strlen(data[n]) / 2; i++) {
            unsigned byte;
            CHECK(sscanf(data[n] + 2 * i, "%2x", &byte) == 1);
            bytes[i] = (uint8_t)byte;
        }
        merkle_leaf(hash, bytes, strlen(data[n]) / 2);
        CHECK(merkle_append(&e, hash));
    }
}

static void growing_is_the_definition(void)
{
    struct merkle_edge e = {0};
    uint8_t a[32], b[32];

    for (unsigned n = 0; n <= MOST; n++) {
        complete = n;
        CHECK_EQ(e.size, n);
        merkle_root(a, &e);
        mth(b, 0, n);
        CHECK_MEM(a, b, 32);
        CHECK_EQ(merkle_root_at(a, &nodes, n), HEAD2_OK);
        CHECK_MEM(a, b, 32);
        if (n < MOST)
            CHECK(merkle_append(&e, leaf[n]));
    }
}

/* No bit, no hash more or less, no other place, no other size. */
static void damage_inclusion(const uint8_t root[32], unsigned size, unsigned index,
                             const struct merkle_proof *good)
{
    struct merkle_proof p = *good;
    uint8_t other[32];

    for (unsigned i = 0; i < p.n; i++) {
        p.hash[i][index % 32] ^= 4;
        CHECK_EQ(merkle_check_inclusion(root, size, index, leaf[index], &p), HEAD2_E_VERIFY);
        p.hash[i][index % 32] ^= 4;
    }
    p.n++;
    CHECK_EQ(merkle_check_inclusion(root, size, index, leaf[index], &p), HEAD2_E_VERIFY);
    p.n--;
    if (p.n != 0) {
        p.n--;
        CHECK_EQ(merkle_check_inclusion(root, size, index, leaf[index], &p), HEAD2_E_VERIFY);
        p.n++;
    }
    for (unsigned at = 0; at <= size; at++)
        CHECK_EQ(merkle_check_inclusion(root, size, at, leaf[index], &p) == HEAD2_OK, at == index);
    memcpy(other, leaf[index], 32);
    other[31] ^= 1;
    CHECK_EQ(merkle_check_inclusion(root, size, index, other, &p), HEAD2_E_VERIFY);
}

static void every_leaf_of_every_size(void)
{
    for (unsigned size = 1; size <= MOST; size++) {
        uint8_t root[32];
        complete = size;
        mth(root, 0, size);
        for (unsigned index = 0; index < size; index++) {
            struct merkle_proof p, want = {0};
            CHECK_EQ(merkle_prove_inclusion(&p, &nodes, index, size), HEAD2_OK);
            path(&want, index, 0, size);
            CHECK_EQ(p.n, want.n);
            CHECK_MEM(p.hash, want.hash, p.n * sizeof p.hash[0]);
            CHECK_EQ(merkle_check_inclusion(root, size, index, leaf[index], &p), HEAD2_OK);
            if (size < 40 || index % 13 == 0)
                damage_inclusion(root, size, index, &p);
        }
        struct merkle_proof p;
        CHECK_EQ(merkle_prove_inclusion(&p, &nodes, size, size), HEAD2_E_ARG);
    }
}

static void damage_consistency(const uint8_t a[32], unsigned from, const uint8_t b[32], unsigned to,
                               const struct merkle_proof *good)
{
    struct merkle_proof p = *good;
    uint8_t wrong[32];

    for (unsigned i = 0; i < p.n; i++) {
        p.hash[i][from % 32] ^= 1;
        CHECK_EQ(merkle_check_consistency(a, from, b, to, &p), HEAD2_E_VERIFY);
        p.hash[i][from % 32] ^= 1;
    }
    p.n++;
    CHECK_EQ(merkle_check_consistency(a, from, b, to, &p), HEAD2_E_VERIFY);
    p.n--;
    if (p.n != 0) {
        p.n--;
        CHECK_EQ(merkle_check_consistency(a, from, b, to, &p), HEAD2_E_VERIFY);
        p.n++;
    }
    memcpy(wrong, a, 32);
    wrong[0] ^= 1;
    CHECK_EQ(merkle_check_consistency(wrong, from, b, to, &p), HEAD2_E_VERIFY);
    memcpy(wrong, b, 32);
    wrong[0] ^= 1;
    CHECK_EQ(merkle_check_consistency(a, from, wrong, to, &p), HEAD2_E_VERIFY);
    CHECK_EQ(merkle_check_consistency(a, to, b, from, &p), HEAD2_E_VERIFY);
}

static void every_pair_of_sizes(void)
{
    for (unsigned to = 0; to <= MOST; to++) {
        uint8_t a[32], b[32];
        complete = to;
        mth(b, 0, to);
        for (unsigned from = 0; from <= to; from++) {
            struct merkle_proof p, want = {0};
            mth(a, 0, from);
            CHECK_EQ(merkle_prove_consistency(&p, &nodes, from, to), HEAD2_OK);
            if (from != 0)
                subproof(&want, from, 0, to, true);
            CHECK_EQ(p.n, want.n);
            CHECK_MEM(p.hash, want.hash, p.n * sizeof p.hash[0]);
            CHECK_EQ(merkle_check_consistency(a, from, b, to, &p), HEAD2_OK);
            if (from != 0 && from != to)
                damage_consistency(a, from, b, to, &p);
        }
        struct merkle_proof p;
        CHECK_EQ(merkle_prove_consistency(&p, &nodes, to + 1, to), HEAD2_E_ARG);
    }
}

/* What is read fails: so does the proof, with that status. */
static enum head2_status fail(void *arg, unsigned level, uint64_t index, uint8_t hash[32])
{
    (void)arg, (void)level, (void)index, (void)hash;
    return HEAD2_E_IO;
}

static void storage_fails(void)
{
    const struct merkle_nodes broken = {fail, NULL};
    struct merkle_proof p;
    uint8_t root[32];

    CHECK_EQ(merkle_root_at(root, &broken, 5), HEAD2_E_IO);
    CHECK_EQ(merkle_prove_inclusion(&p, &broken, 1, 5), HEAD2_E_IO);
    CHECK_EQ(merkle_prove_consistency(&p, &broken, 3, 5), HEAD2_E_IO);
    CHECK_EQ(merkle_root_at(root, &broken, MERKLE_SIZE_MAX + 1), HEAD2_E_ARG);
}

int main(void)
{
    make_leaves();
    RUN(published_roots);
    RUN(growing_is_the_definition);
    RUN(every_leaf_of_every_size);
    RUN(every_pair_of_sizes);
    RUN(storage_fails);
    CHECK_EXIT();
}
