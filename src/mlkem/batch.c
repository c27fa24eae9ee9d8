/*
 * Batches: independent operations, eight at a time, so that every hash of one of them has company
 * of its own kind in the lanes of Keccak. What remains of an operation is what the single calls do.
 *
 * A group keeps what it knows of its operations in arrays by lane. Operations that fail are left
 * out before any lane is used for them.
 */
#include "mlkem/kem.h"

#include <head2/random.h>

enum { GROUP = KECCAK_LANES, MATRICES = MLKEM_MAX_K * MLKEM_MAX_K };

/*
 * The matrices of a group in turn. Entries are sampled eight at a time across operations: three
 * matrices of nine make four and a half groups.
 */
struct matrices {
    const struct mlkem_params *p;
    const uint8_t *rho[GROUP];
    unsigned count; /* of operations */
    bool transposed;
    unsigned walked; /* operations whose entries are all sampled */
    struct mlkem_walk walk;
    unsigned used, have; /* polynomials given out and sampled */
    struct mlkem_poly poly[MATRICES];
};

static void sample_more(struct matrices *m)
{
    struct mlkem_entry entries[KECCAK_LANES];
    unsigned n = 0;

    while (n < KECCAK_LANES && m->walked < m->count) {
        if (m->walk.rho == NULL)
            m->walk = (struct mlkem_walk){
                .rho = m->rho[m->walked], .k = m->p->k, .transposed = m->transposed};
        mlkem_walk_next(&m->walk, &entries[n++], &m->poly[m->have++]);
        if (m->walk.row == m->p->k) {
            m->walk = (struct mlkem_walk){0};
            m->walked++;
        }
    }
    mlkem_sample_entries(entries, n, NULL);
}

/* The next operation's matrix, good until the next call. */
static const struct mlkem_poly *next_matrix(struct matrices *m)
{
    const unsigned size = (unsigned)m->p->k * m->p->k;

    if (m->have - m->used < size) {
        memmove(m->poly, m->poly + m->used, (m->have - m->used) * sizeof m->poly[0]);
        m->have -= m->used;
        m->used = 0;
    }
    while (m->have - m->used < size)
        sample_more(m);
    m->used += size;
    return m->poly + m->used - size;
}

static void add_matrix(struct matrices *m, const uint8_t *rho)
{
    m->rho[m->count++] = rho;
}

/* PRF of all operations: nonce by nonce, so that those with eta1 come first. */
static void expand_noise(const struct mlkem_params *p, uint8_t out[GROUP][MLKEM_NOISE_BYTES],
                         const uint8_t *const seed[GROUP], unsigned ops, uint8_t n_eta1,
                         uint8_t count)
{
    const size_t stride = (size_t)64 * p->eta1;
    struct mlkem_prf prf[KECCAK_LANES];
    unsigned n = 0;
    unsigned n_long = 0;

    for (uint8_t nonce = 0; nonce < count; nonce++) {
        for (unsigned op = 0; op < ops; op++) {
            n_long += p->eta1 == 3 && nonce < n_eta1;
            prf[n++] = (struct mlkem_prf){seed[op], out[op] + stride * nonce, nonce};
            if (n == KECCAK_LANES || (nonce + 1 == count && op + 1 == ops)) {
                mlkem_prf(prf, n, n_long, NULL);
                n = n_long = 0;
            }
        }
    }
}

/* H(ek) or J, of one or two parts, and G. */
static struct keccak_job hash_job(uint8_t suffix, uint8_t *out, size_t out_len, const uint8_t *a,
                                  size_t a_len, const uint8_t *b, size_t b_len)
{
    return (struct keccak_job){
        .part = {{a, a_len}, {b, b_len}},
          .out = out, .out_len = out_len, .suffix = suffix
    };
}

/* Draw len random bytes when any of the operations needs them. */
static enum head2_status draw(bool needed, void *out, size_t len)
{
    return needed ? head2_random(out, len) : HEAD2_OK;
}

static void first_failure(enum head2_status *all, enum head2_status st)
{
    if (*all == HEAD2_OK)
        *all = st;
}

/* ---- key generation ---- */

struct keygen_group {
    struct head2_secret64 seed[GROUP];
    uint8_t d_k[GROUP][33];
    uint8_t rho_sigma[GROUP][64];
    uint8_t noise[GROUP][MLKEM_NOISE_BYTES];
    struct mlkem_secret secret;
};

/* rho and sigma of all, and the noise. */
static void keygen_seeds(const struct mlkem_params *p, struct keygen_group *w, unsigned n)
{
    struct keccak_job hash[GROUP] = {0};
    const uint8_t *sigma[GROUP] = {NULL};

    for (unsigned i = 0; i < n; i++) {
        mlkem_expand_seed_input(p, w->d_k[i], w->seed[i].b);
        hash[i] = hash_job(KECCAK_SUFFIX_SHA3, w->rho_sigma[i], 64, w->d_k[i], 33, NULL, 0);
        sigma[i] = w->rho_sigma[i] + 32;
    }
    keccak_many(KECCAK_RATE_SHA3_512, hash, n);
    for (unsigned i = 0; i < n; i++)
        HEAD2_PUBLIC(w->rho_sigma[i], 32,
                     "rho, the seed of the matrix, is part of the encapsulation key");
    expand_noise(p, w->noise, sigma, n, 2 * p->k, 2 * p->k);
}

static void keygen_group(const struct mlkem_params *p, struct head2_mlkem_keypair_job *const jobs[],
                         struct keygen_group *w, unsigned n)
{
    struct keccak_job hash[GROUP] = {0};
    struct matrices m = {.p = p};

    keygen_seeds(p, w, n);
    for (unsigned i = 0; i < n; i++)
        add_matrix(&m, w->rho_sigma[i]);
    for (unsigned i = 0; i < n; i++) {
        const struct mlkem_poly *a = next_matrix(&m);
        uint8_t *ek = jobs[i]->ek;
        mlkem_pke_secret(p, jobs[i]->dk, &w->secret, w->noise[i]);
        for (unsigned row = 0; row < p->k; row++)
            mlkem_pke_public_row(p, ek + (size_t)MLKEM_POLY_BYTES * row, row,
                                 a + (size_t)p->k * row, &w->secret);
        memcpy(ek + p->dk_pke_bytes, w->rho_sigma[i], 32);
        mlkem_finish_dk(p, jobs[i]->dk, ek, w->seed[i].b + 32);
        hash[i] = hash_job(KECCAK_SUFFIX_SHA3, jobs[i]->dk + p->dk_bytes - 64, 32, ek, p->ek_bytes,
                           NULL, 0);
    }
    keccak_many(KECCAK_RATE_256, hash, n);
    cpu_wipe_residue(CPU_CALLS_BELOW);
}

/* *fresh: whether this call's generator has been reseeded for it; the first draw does that. */
static enum head2_status keypair_some(const struct mlkem_params *p,
                                      struct head2_mlkem_keypair_job *jobs, unsigned n, bool *fresh)
{
    struct head2_mlkem_keypair_job *good[GROUP] = {NULL};
    struct keygen_group w;
    enum head2_status all = HEAD2_OK;
    unsigned count = 0;
    bool needed = false;

    for (unsigned i = 0; i < n; i++)
        needed |= jobs[i].seed == NULL;
    const enum head2_status drawn = needed && !*fresh
                                        ? head2_random_key(&w.seed, n * sizeof w.seed[0])
                                        : draw(needed, &w.seed, n * sizeof w.seed[0]);
    *fresh |= needed && drawn == HEAD2_OK;
    for (unsigned i = 0; i < n; i++) {
        struct head2_mlkem_keypair_job *job = &jobs[i];
        job->st = job->seed != NULL ? HEAD2_OK : drawn;
        first_failure(&all, job->st);
        if (job->st == HEAD2_OK) {
            w.seed[count] = job->seed != NULL ? *job->seed : w.seed[i];
            good[count++] = job;
        } else {
            head2_wipe(job->ek, p->ek_bytes);
            head2_wipe(job->dk, p->dk_bytes);
        }
    }
    if (count == 1)
        mlkem_keypair_from_seed(p, good[0]->ek, good[0]->dk, &w.seed[0]);
    else
        keygen_group(p, good, &w, count);
    head2_wipe(&w, sizeof w);
    return all;
}

enum head2_status head2_mlkem_keypair_batch(enum head2_mlkem_set set,
                                            struct head2_mlkem_keypair_job *jobs, size_t n)
{
    const struct mlkem_params *p = mlkem_params_of(set);
    enum head2_status all = HEAD2_OK;
    bool fresh = false;

    if (p == NULL)
        return HEAD2_E_ARG;
    for (size_t i = 0; i < n; i += GROUP)
        first_failure(&all,
                      keypair_some(p, jobs + i, n - i < GROUP ? (unsigned)(n - i) : GROUP, &fresh));
    return all;
}

/* ---- encapsulation ---- */

struct encaps_group {
    struct head2_secret32 m[GROUP];
    uint8_t h[GROUP][32];
    uint8_t k_r[GROUP][64];
    uint8_t noise[GROUP][MLKEM_NOISE_BYTES];
};

static enum head2_status check_encaps(const struct mlkem_params *p,
                                      const struct head2_mlkem_encaps_job *job)
{
    if (job->key != NULL)
        return job->key->p == p ? HEAD2_OK : HEAD2_E_ARG;
    return job->ek != NULL ? mlkem_check_ek(p, job->ek) : HEAD2_E_ARG;
}

/* H(ek) of those that have it not, K || r of all, and the noise. */
static void encaps_hashes(const struct mlkem_params *p, struct head2_mlkem_encaps_job *const jobs[],
                          struct encaps_group *w, unsigned n)
{
    struct keccak_job hash[GROUP] = {0};
    const uint8_t *r[GROUP] = {NULL};
    unsigned hashes = 0;

    for (unsigned i = 0; i < n; i++) {
        if (jobs[i]->key != NULL)
            memcpy(w->h[i], jobs[i]->key->h, 32);
        else
            hash[hashes++] =
                hash_job(KECCAK_SUFFIX_SHA3, w->h[i], 32, jobs[i]->ek, p->ek_bytes, NULL, 0);
    }
    keccak_many(KECCAK_RATE_256, hash, hashes);
    for (unsigned i = 0; i < n; i++) {
        hash[i] = hash_job(KECCAK_SUFFIX_SHA3, w->k_r[i], 64, w->m[i].b, 32, w->h[i], 32);
        r[i] = w->k_r[i] + 32;
    }
    keccak_many(KECCAK_RATE_SHA3_512, hash, n);
    expand_noise(p, w->noise, r, n, p->k, (uint8_t)(2 * p->k + 1));
}

static void encaps_group(const struct mlkem_params *p, struct head2_mlkem_encaps_job *const jobs[],
                         struct encaps_group *w, unsigned n)
{
    struct matrices m = {.p = p, .transposed = true};
    struct mlkem_poly t[MLKEM_MAX_K];

    encaps_hashes(p, jobs, w, n);
    for (unsigned i = 0; i < n; i++)
        if (jobs[i]->key == NULL)
            add_matrix(&m, jobs[i]->ek + p->dk_pke_bytes);
    for (unsigned i = 0; i < n; i++) {
        struct mlkem_public key;
        if (jobs[i]->key != NULL) {
            key = mlkem_public_of(jobs[i]->key);
        } else {
            key = (struct mlkem_public){next_matrix(&m), t};
            mlkem_pke_decode(p, t, jobs[i]->ek);
        }
        mlkem_pke_encrypt(p, jobs[i]->ct, &key, w->m[i].b, w->noise[i]);
        HEAD2_PUBLIC(jobs[i]->ct, p->ct_bytes, "the ciphertext is sent");
        memcpy(jobs[i]->ss->b, w->k_r[i], 32);
    }
    cpu_wipe_residue(CPU_CALLS_BELOW);
}

static enum head2_status encaps_some(const struct mlkem_params *p,
                                     struct head2_mlkem_encaps_job *jobs, unsigned n)
{
    struct head2_mlkem_encaps_job *good[GROUP] = {NULL};
    struct encaps_group w;
    enum head2_status all = HEAD2_OK;
    unsigned count = 0;
    bool fresh = false;

    for (unsigned i = 0; i < n; i++)
        fresh |= jobs[i].m == NULL;
    const enum head2_status drawn = draw(fresh, &w.m, n * sizeof w.m[0]);
    for (unsigned i = 0; i < n; i++) {
        struct head2_mlkem_encaps_job *job = &jobs[i];
        job->st = check_encaps(p, job);
        if (job->st == HEAD2_OK && job->m == NULL)
            job->st = drawn;
        first_failure(&all, job->st);
        if (job->st == HEAD2_OK) {
            w.m[count] = job->m != NULL ? *job->m : w.m[i];
            good[count++] = job;
        } else {
            head2_wipe(job->ct, p->ct_bytes);
            head2_wipe(job->ss, sizeof *job->ss);
        }
    }
    if (count == 1 && good[0]->key == NULL)
        good[0]->st = mlkem_encaps_derand(p, good[0]->ct, good[0]->ss, good[0]->ek, &w.m[0]);
    else
        encaps_group(p, good, &w, count);
    head2_wipe(&w, sizeof w);
    return all;
}

enum head2_status head2_mlkem_encaps_batch(enum head2_mlkem_set set,
                                           struct head2_mlkem_encaps_job *jobs, size_t n)
{
    const struct mlkem_params *p = mlkem_params_of(set);
    enum head2_status all = HEAD2_OK;

    if (p == NULL)
        return HEAD2_E_ARG;
    for (size_t i = 0; i < n; i += GROUP)
        first_failure(&all, encaps_some(p, jobs + i, n - i < GROUP ? (unsigned)(n - i) : GROUP));
    return all;
}

/* ---- decapsulation ---- */

struct decaps_group {
    struct mlkem_poly s[MLKEM_MAX_K];
    uint8_t m[GROUP][32];
    uint8_t k_r[GROUP][64];
    uint8_t k_bar[GROUP][32];
    uint8_t noise[GROUP][MLKEM_NOISE_BYTES];
    uint8_t ct[MLKEM_MAX_CT_BYTES];
};

/* The hash check of those keys that come as bytes. */
static void check_decaps(const struct mlkem_params *p, struct head2_mlkem_decaps_job *jobs,
                         unsigned n)
{
    struct keccak_job hash[GROUP] = {0};
    uint8_t h[GROUP][32];
    unsigned hashes = 0;

    for (unsigned i = 0; i < n; i++) {
        struct head2_mlkem_decaps_job *job = &jobs[i];
        job->st = job->key != NULL  ? job->key->p == p ? HEAD2_OK : HEAD2_E_ARG
                  : job->dk != NULL ? HEAD2_OK
                                    : HEAD2_E_ARG;
        if (job->key == NULL && job->dk != NULL)
            hash[hashes++] = hash_job(KECCAK_SUFFIX_SHA3, h[i], 32, mlkem_dk_parts(p, job->dk).ek,
                                      p->ek_bytes, NULL, 0);
    }
    keccak_many(KECCAK_RATE_256, hash, hashes);
    for (unsigned i = 0; i < n; i++) {
        if (jobs[i].key == NULL && jobs[i].dk != NULL) {
            const struct mlkem_dk_parts part = mlkem_dk_parts(p, jobs[i].dk);
            jobs[i].st = mlkem_check_dk_hash(h[i], &part);
        }
    }
}

/* m of one ciphertext; the parts of its key that hashes need. */
static struct mlkem_private open_decaps(const struct mlkem_params *p, struct decaps_group *w,
                                        const struct head2_mlkem_decaps_job *job, uint8_t m[32])
{
    struct mlkem_private key;

    if (job->key != NULL) {
        key = mlkem_private_of(job->key);
    } else {
        const struct mlkem_dk_parts part = mlkem_dk_parts(p, job->dk);
        key = (struct mlkem_private){.s = w->s, .h = part.h, .z = part.z};
        mlkem_pke_decode(p, w->s, part.dk_pke);
    }
    mlkem_pke_decrypt(p, m, key.s, job->ct);
    return key;
}

/* m, K || r and J(z || c) of all, and the noise. */
static void decaps_hashes(const struct mlkem_params *p, struct head2_mlkem_decaps_job *const jobs[],
                          struct decaps_group *w, unsigned n)
{
    struct keccak_job g[GROUP] = {0};
    struct keccak_job j[GROUP] = {0};
    const uint8_t *r[GROUP] = {NULL};

    for (unsigned i = 0; i < n; i++) {
        const struct mlkem_private key = open_decaps(p, w, jobs[i], w->m[i]);
        g[i] = hash_job(KECCAK_SUFFIX_SHA3, w->k_r[i], 64, w->m[i], 32, key.h, 32);
        j[i] = hash_job(KECCAK_SUFFIX_SHAKE, w->k_bar[i], 32, key.z, 32, jobs[i]->ct, p->ct_bytes);
        r[i] = w->k_r[i] + 32;
    }
    keccak_many(KECCAK_RATE_SHA3_512, g, n);
    keccak_many(KECCAK_RATE_256, j, n);
    expand_noise(p, w->noise, r, n, p->k, (uint8_t)(2 * p->k + 1));
}

static void decaps_group(const struct mlkem_params *p, struct head2_mlkem_decaps_job *const jobs[],
                         struct decaps_group *w, unsigned n)
{
    struct matrices m = {.p = p, .transposed = true};
    struct mlkem_poly t[MLKEM_MAX_K];

    decaps_hashes(p, jobs, w, n);
    for (unsigned i = 0; i < n; i++)
        if (jobs[i]->key == NULL)
            add_matrix(&m, mlkem_dk_parts(p, jobs[i]->dk).ek + p->dk_pke_bytes);
    for (unsigned i = 0; i < n; i++) {
        struct mlkem_public key;
        if (jobs[i]->key != NULL) {
            key = mlkem_private_of(jobs[i]->key).pub;
        } else {
            key = (struct mlkem_public){next_matrix(&m), t};
            mlkem_pke_decode(p, t, mlkem_dk_parts(p, jobs[i]->dk).ek);
        }
        mlkem_pke_encrypt(p, w->ct, &key, w->m[i], w->noise[i]);
        mlkem_accept_or_reject(p, jobs[i]->ss, jobs[i]->ct, w->ct, w->k_r[i], w->k_bar[i]);
    }
    cpu_wipe_residue(CPU_CALLS_BELOW);
}

static enum head2_status decaps_some(const struct mlkem_params *p,
                                     struct head2_mlkem_decaps_job *jobs, unsigned n)
{
    struct head2_mlkem_decaps_job *good[GROUP] = {NULL};
    struct decaps_group w;
    enum head2_status all = HEAD2_OK;
    unsigned count = 0;

    if (n == 1 && jobs[0].key == NULL && jobs[0].dk != NULL)
        return jobs[0].st = mlkem_decaps(p, jobs[0].ss, jobs[0].dk, jobs[0].ct);
    check_decaps(p, jobs, n);
    for (unsigned i = 0; i < n; i++) {
        first_failure(&all, jobs[i].st);
        if (jobs[i].st == HEAD2_OK)
            good[count++] = &jobs[i];
        else
            head2_wipe(jobs[i].ss, sizeof *jobs[i].ss);
    }
    decaps_group(p, good, &w, count);
    head2_wipe(&w, sizeof w);
    return all;
}

enum head2_status head2_mlkem_decaps_batch(enum head2_mlkem_set set,
                                           struct head2_mlkem_decaps_job *jobs, size_t n)
{
    const struct mlkem_params *p = mlkem_params_of(set);
    enum head2_status all = HEAD2_OK;

    if (p == NULL)
        return HEAD2_E_ARG;
    for (size_t i = 0; i < n; i += GROUP)
        first_failure(&all, decaps_some(p, jobs + i, n - i < GROUP ? (unsigned)(n - i) : GROUP));
    return all;
}
