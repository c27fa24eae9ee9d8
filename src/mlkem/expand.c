/*
 * The matrix and the noise, eight lanes of Keccak at a time.
 */
#include "mlkem/expand.h"

enum {
    RATE = KECCAK_RATE_SHAKE128,
    FIRST_BLOCKS = 3, /* of SHAKE128 suffice for 99 of 100 polynomials */
    WORDS = RATE / 8,
    SEED_WORDS = 4
};

/* ---- hashes that go along ---- */

void mlkem_hash_init(struct mlkem_hash *h)
{
    keccak_chain_init(&h->chain, KECCAK_RATE_256, h->message, 0);
    h->len = 0;
}

void mlkem_hash_add(struct mlkem_hash *h, const uint8_t *p, size_t len)
{
    HEAD2_REQUIRES(len < sizeof h->message - h->len);
    memcpy(h->message + h->len, p, len);
    h->len += len;
    h->chain.ready += len;
}

/* len / 136 for the lengths of messages: 1928 / 2^18 is so little more that 30 blocks come out
 * right. Compilers divide when they optimise for size, and code on secrets shall have no division.
 */
static unsigned whole_blocks(size_t len)
{
    HEAD2_REQUIRES(len <= sizeof((struct mlkem_hash *)0)->message);
    return (unsigned)(len * 1928 >> 18);
}

void mlkem_hash_end(struct mlkem_hash *h, uint8_t suffix)
{
    const size_t padding = (size_t)(whole_blocks(h->len) + 1) * KECCAK_RATE_256 - h->len;

    memset(h->message + h->len, 0, padding);
    h->message[h->len] = suffix;
    h->message[h->len + padding - 1] |= 0x80;
    h->chain.ready += padding;
}

static bool more(const struct mlkem_chains *chains)
{
    bool any = false;

    for (unsigned i = 0; i < chains->n; i++)
        any |= chains->c[i]->ready >= KECCAK_RATE_256;
    return any;
}

void mlkem_run_chains(const struct mlkem_chains *chains)
{
    struct keccak_x8 st;

    while (more(chains))
        keccak_permute_beside(&st, 0, chains->c, chains->n);
    head2_wipe(&st, sizeof st);
}

void mlkem_hash_output(const struct mlkem_hash *h, uint8_t out[32])
{
    HEAD2_REQUIRES(h->chain.ready == 0);
    for (unsigned i = 0; i < 4; i++)
        put_le64(out + (size_t)8 * i, h->chain.s[i]);
}

unsigned mlkem_group(const struct mlkem_chains *beside, unsigned left, unsigned steps)
{
    unsigned blocks = 0;
    unsigned needed = 0;

    if (beside == NULL || !more(beside))
        return KECCAK_LANES;
    for (unsigned i = 0; i < beside->n; i++) {
        const unsigned n = whole_blocks(beside->c[i]->ready);
        blocks = n > blocks ? n : blocks;
    }
    const unsigned few = KECCAK_LANES / 2 - beside->n;
    for (unsigned done = 0; done < left; done += few)
        needed += steps;
    return needed <= blocks ? few : KECCAK_LANES - beside->n;
}

/* ---- the matrix ---- */

static void permute(struct keccak_x8 *st, unsigned lanes, const struct mlkem_chains *beside)
{
    if (beside != NULL)
        keccak_permute_beside(st, lanes, beside->c, beside->n);
    else
        keccak_kernels()->permute(st, lanes);
}

/* Lane l of a sponge that has absorbed a 32-byte seed and what `tail` holds, suffix and all. */
static void set_lane(struct keccak_x8 *st, unsigned l, const uint8_t seed[32], uint64_t tail,
                     unsigned words)
{
    for (unsigned i = 0; i < SEED_WORDS; i++)
        st->s[i][l] = le64(seed + (size_t)8 * i);
    st->s[SEED_WORDS][l] = tail;
    st->s[words - 1][l] ^= (uint64_t)1 << 63;
}

void mlkem_sample_entries(const struct mlkem_entry entries[], unsigned n,
                          const struct mlkem_chains *beside)
{
    const struct mlkem_kernels *k = mlkem_kernels();
    const struct keccak_kernels *hash = keccak_kernels();
    struct keccak_x8 st;
    uint8_t buf[KECCAK_LANES][FIRST_BLOCKS * RATE];
    uint8_t *out[KECCAK_LANES];
    unsigned have[KECCAK_LANES];
    unsigned unfinished = 0;

    memset(&st, 0, sizeof st);
    for (unsigned l = 0; l < n; l++) {
        const uint64_t tail =
            entries[l].i1 | (uint64_t)entries[l].i2 << 8 | (uint64_t)KECCAK_SUFFIX_SHAKE << 16;
        set_lane(&st, l, entries[l].rho, tail, WORDS);
        out[l] = buf[l];
    }
    for (unsigned block = 0; block < FIRST_BLOCKS; block++) {
        permute(&st, n, beside);
        hash->squeeze(&st, out, n, WORDS);
        for (unsigned l = 0; l < n; l++)
            out[l] += RATE;
    }
    for (unsigned l = 0; l < n; l++) {
        have[l] = k->reject(entries[l].out, 0, buf[l], sizeof buf[l]);
        unfinished += have[l] < MLKEM_N;
        out[l] = buf[l];
    }
    while (unfinished != 0) {
        unfinished = 0;
        permute(&st, n, beside);
        hash->squeeze(&st, out, n, WORDS);
        for (unsigned l = 0; l < n; l++) {
            if (have[l] < MLKEM_N)
                have[l] = k->reject(entries[l].out, have[l], buf[l], RATE);
            unfinished += have[l] < MLKEM_N;
        }
    }
    head2_wipe(&st, sizeof st); /* J(z || c) may have been beside */
}

void mlkem_walk_next(struct mlkem_walk *walk, struct mlkem_entry *e, struct mlkem_poly *out)
{
    e->rho = walk->rho;
    e->out = out;
    e->i1 = (uint8_t)(walk->transposed ? walk->row : walk->col);
    e->i2 = (uint8_t)(walk->transposed ? walk->col : walk->row);
    if (++walk->col == walk->k) {
        walk->col = 0;
        walk->row++;
    }
}

void mlkem_expand_transposed(const struct mlkem_params *p, struct mlkem_poly a[],
                             const uint8_t rho[32], const struct mlkem_chains *beside)
{
    struct mlkem_walk walk = {.rho = rho, .k = p->k, .transposed = true};
    struct mlkem_entry entries[KECCAK_LANES];
    const unsigned all = (unsigned)p->k * p->k;

    for (unsigned done = 0; done < all;) {
        const unsigned lanes = mlkem_group(beside, all - done, FIRST_BLOCKS);
        unsigned n = 0;
        while (n < lanes && done < all)
            mlkem_walk_next(&walk, &entries[n++], &a[done++]);
        mlkem_sample_entries(entries, n, beside);
    }
}

/* ---- the noise ---- */

void mlkem_prf(const struct mlkem_prf lanes[], unsigned n, unsigned n_long,
               const struct mlkem_chains *beside)
{
    const struct keccak_kernels *hash = keccak_kernels();
    struct keccak_x8 st;
    uint8_t *out[KECCAK_LANES];

    memset(&st, 0, sizeof st);
    for (unsigned l = 0; l < n; l++) {
        set_lane(&st, l, lanes[l].seed, lanes[l].nonce | (uint64_t)KECCAK_SUFFIX_SHAKE << 8,
                 KECCAK_RATE_256 / 8);
        out[l] = lanes[l].out;
    }
    permute(&st, n, beside);
    hash->squeeze(&st, out, n, n_long != 0 ? 136 / 8 : 128 / 8);
    if (n_long != 0) {
        for (unsigned l = 0; l < n_long; l++)
            out[l] += 136;
        permute(&st, n_long, beside);
        hash->squeeze(&st, out, n_long, (192 - 136) / 8);
    }
    head2_wipe(&st, sizeof st);
}

void mlkem_expand_noise(const struct mlkem_params *p, uint8_t out[MLKEM_NOISE_BYTES],
                        const uint8_t seed[32], uint8_t n_eta1, uint8_t count,
                        const struct mlkem_chains *beside)
{
    const size_t stride = (size_t)64 * p->eta1;
    struct mlkem_prf prf[KECCAK_LANES];

    for (uint8_t nonce = 0; nonce < count;) {
        const unsigned lanes = mlkem_group(beside, (unsigned)count - nonce, 1);
        unsigned n = 0;
        unsigned n_long = 0;
        while (n < lanes && nonce < count) {
            n_long += p->eta1 == 3 && nonce < n_eta1;
            prf[n++] = (struct mlkem_prf){seed, out + stride * nonce, nonce};
            nonce++;
        }
        mlkem_prf(prf, n, n_long, beside);
    }
}
