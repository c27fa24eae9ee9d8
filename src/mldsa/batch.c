/*
 * Batches of key pairs and verifications: eight at a time, their hashes side by side.
 */
#include "mldsa/batch.h"

#include "mldsa/pack.h"
#include "mldsa/response.h"
#include "mldsa/sample.h"

#include <head2/random.h>

enum head2_status mldsa_mu_add(struct mu_jobs *m, uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                               const uint8_t *tr, const struct mldsa_input *in)
{
    struct mldsa_message parts;
    const enum head2_status st = mldsa_format(&parts, &m->prefix[m->n], in);

    if (st == HEAD2_OK)
        m->job[m->n++] = (struct keccak_job){
            {{tr, TR_BYTES}, {parts.prefix, parts.prefix_len}, {parts.msg, parts.msg_len}},
            mu,
            HEAD2_MLDSA_MU_BYTES,
            KECCAK_SUFFIX_SHAKE,
        };
    return st;
}

void mldsa_mu_run(struct mu_jobs *m)
{
    keccak_many(KECCAK_RATE_256, m->job, m->n);
    m->n = 0;
}

/* ---- key pairs ---- */

/* The first seed of a call reseeds the generator; *fresh says that it has been drawn. */
static enum head2_status draw_seed(struct head2_secret32 *xi, bool *fresh)
{
    enum head2_status st =
        *fresh ? head2_random(xi->b, sizeof xi->b) : head2_random_key(xi->b, sizeof xi->b);

    *fresh |= st == HEAD2_OK;
    return st;
}

/* The next group of jobs that have a seed or can get one; returns how many jobs it has looked at.
 */
static size_t keypair_group(const struct mldsa_params *P, struct head2_mldsa_keypair_job *jobs,
                            size_t n, bool *fresh_generator)
{
    struct head2_secret32 fresh[KECCAK_LANES];
    const struct head2_secret32 *xi[KECCAK_LANES];
    uint8_t *pk[KECCAK_LANES], *sk[KECCAK_LANES];
    unsigned lanes = 0;
    size_t at = 0;

    for (; at < n && lanes < KECCAK_LANES; at++) {
        struct head2_mldsa_keypair_job *const job = &jobs[at];
        job->st = job->xi != NULL ? HEAD2_OK : draw_seed(&fresh[lanes], fresh_generator);
        if (job->st != HEAD2_OK) {
            head2_wipe(job->pk, P->pk_bytes);
            head2_wipe(job->sk, P->sk_bytes);
            continue;
        }
        xi[lanes] = job->xi != NULL ? job->xi : &fresh[lanes];
        pk[lanes] = job->pk;
        sk[lanes++] = job->sk;
    }
    mldsa_keygen_group(P, pk, sk, xi, lanes);
    head2_wipe(fresh, sizeof fresh);
    return at;
}

enum head2_status head2_mldsa_keypair_batch(enum head2_mldsa_set set,
                                            struct head2_mldsa_keypair_job *jobs, size_t n)
{
    const struct mldsa_params *const P = mldsa_public_set(set);
    enum head2_status st = HEAD2_OK;
    bool fresh = false;

    if (P == NULL)
        return HEAD2_E_ARG;
    for (size_t at = 0; at < n;)
        at += keypair_group(P, jobs + at, n - at, &fresh);
    for (size_t i = 0; i < n && st == HEAD2_OK; i++)
        st = jobs[i].st;
    cpu_wipe_residue(CPU_CALLS_BELOW);
    return st;
}

/* ---- verification ---- */

/* Up to eight verifications. Those that have failed keep their place. */
struct verify_group {
    struct head2_mldsa_verify_job *jobs;
    unsigned n;
    uint8_t tr[KECCAK_LANES][TR_BYTES];
    struct commitment commitment[KECCAK_LANES];
    struct ball ball[KECCAK_LANES];
};

/* What one verification is computed with. */
struct verify_work {
    struct response r;
    struct poly c;
    union {
        struct poly w[MAX_K]; /* with a prepared key */
        struct {
            struct poly w;
            struct matrix_rows matrix;
        } row; /* from the bytes of a key */
    } u;
};

static void check_arguments(struct verify_group *g, const struct mldsa_params *P)
{
    for (unsigned i = 0; i < g->n; i++) {
        struct head2_mldsa_verify_job *const job = &g->jobs[i];
        const bool given = job->key != NULL ? job->key->P->k == P->k : job->pk != NULL;
        job->st = !given ? HEAD2_E_ARG : job->sig_len != P->sig_bytes ? HEAD2_E_VERIFY : HEAD2_OK;
    }
}

/* tr of keys that are not prepared, mu of messages, and the hash of c_tilde. */
static void hash_inputs(struct verify_group *g, const struct mldsa_params *P)
{
    struct keccak_job tr[KECCAK_LANES];
    struct mu_jobs mu = {.n = 0};
    const uint8_t *c_tilde[KECCAK_LANES];
    unsigned n = 0;

    for (unsigned i = 0; i < g->n; i++) {
        const struct head2_mldsa_verify_job *const job = &g->jobs[i];
        if (job->st == HEAD2_OK && job->key == NULL && job->mu == NULL)
            tr[n++] = (struct keccak_job){
                {{job->pk, P->pk_bytes}}, g->tr[i], TR_BYTES, KECCAK_SUFFIX_SHAKE};
    }
    keccak_many(KECCAK_RATE_256, tr, n);
    for (unsigned i = 0; i < g->n; i++) {
        struct head2_mldsa_verify_job *const job = &g->jobs[i];
        const struct mldsa_input in = {job->msg, job->msg_len, job->ctx, job->ctx_len, false, 0};
        const uint8_t *const key_tr = job->key != NULL ? job->key->tr : g->tr[i];
        uint8_t *const to = g->commitment[i].mu;
        /* a lane whose job has failed hashes what is there */
        c_tilde[i] = job->st == HEAD2_OK ? job->sig : g->commitment[i].w1;
        if (job->st == HEAD2_OK && job->mu != NULL)
            memcpy(to, job->mu, HEAD2_MLDSA_MU_BYTES);
        else if (job->st == HEAD2_OK && mldsa_mu_add(&mu, to, key_tr, &in) != HEAD2_OK)
            job->st = HEAD2_E_VERIFY;
    }
    mldsa_mu_run(&mu);
    mldsa_ball_hashes(g->ball, c_tilde, g->n, P);
}

/* Lines 9 and 10: w1 of one verification. */
static void recover(struct verify_group *g, unsigned i, const struct mldsa_kernels *ours,
                    const struct mldsa_params *P)
{
    struct head2_mldsa_verify_job *const job = &g->jobs[i];
    const struct mldsa_kernels *const k = job->key != NULL ? job->key->kernels : ours;
    struct commitment *const to = &g->commitment[i];
    struct verify_work w;

    job->st = mldsa_response_decode(&w.r, k, P, job->sig, job->sig_len);
    if (job->st != HEAD2_OK)
        return;
    mldsa_sample_from_ball(&w.c, &g->ball[i], P->tau);
    mldsa_response_challenge(&w.r, k, P, &w.c);
    if (job->key != NULL) {
        mldsa_response_rows(&w.r, to, job->key, w.u.w);
        return;
    }
    mldsa_matrix_start(&w.u.row.matrix, k, P, job->pk);
    for (unsigned row = 0; row < P->k;) {
        for (const unsigned complete = mldsa_matrix_more(&w.u.row.matrix, NULL); row < complete;
             row++)
            mldsa_response_row_from_bytes(&w.r, to, &w.u.row.matrix, job->pk, row, &w.u.row.w);
    }
}

/* Lines 12 and 13. */
static void compare(struct verify_group *g, const struct mldsa_params *P)
{
    const size_t hashed = HEAD2_MLDSA_MU_BYTES + P->k * PACKED_BYTES(P->w1_bits);
    uint8_t c_tilde[KECCAK_LANES][MAX_C_TILDE];
    struct keccak_job hash[KECCAK_LANES];
    unsigned n = 0;

    for (unsigned i = 0; i < g->n; i++) {
        if (g->jobs[i].st == HEAD2_OK)
            hash[n++] = (struct keccak_job){
                {{g->commitment[i].mu, hashed}}, &c_tilde[i][0], P->c_bytes, KECCAK_SUFFIX_SHAKE};
    }
    keccak_many(KECCAK_RATE_256, hash, n);
    for (unsigned i = 0; i < g->n; i++) {
        if (g->jobs[i].st == HEAD2_OK)
            g->jobs[i].st = head2_equal(c_tilde[i], g->jobs[i].sig, P->c_bytes);
    }
}

/* Kernels come from the caller, as in keygen.c. */
static HEAD2_NOINLINE void verify_groups(const struct mldsa_kernels *k,
                                         const struct mldsa_params *P,
                                         struct head2_mldsa_verify_job *jobs, size_t n)
{
    struct verify_group g;

    memset(&g, 0, sizeof g); /* what the lanes of failed jobs hash */
    for (size_t at = 0; at < n; at += g.n) {
        g.jobs = jobs + at;
        g.n = n - at < KECCAK_LANES ? (unsigned)(n - at) : KECCAK_LANES;
        check_arguments(&g, P);
        hash_inputs(&g, P);
        for (unsigned i = 0; i < g.n; i++) {
            if (g.jobs[i].st == HEAD2_OK)
                recover(&g, i, k, P);
        }
        compare(&g, P);
    }
}

enum head2_status head2_mldsa_verify_batch(enum head2_mldsa_set set,
                                           struct head2_mldsa_verify_job *jobs, size_t n)
{
    const struct mldsa_params *const P = mldsa_public_set(set);
    enum head2_status st = HEAD2_OK;

    if (P == NULL)
        return HEAD2_E_ARG;
    verify_groups(mldsa_kernels(), P, jobs, n);
    for (size_t i = 0; i < n && st == HEAD2_OK; i++)
        st = jobs[i].st;
    return st;
}
