/*
 * Batches of signatures: a pool of attempts.
 *
 * Eight attempts are in flight, each for another message. A round draws their masks, eight
 * polynomials at a time whichever attempt they belong to, computes their commitments, hashes their
 * challenges side by side and makes the checks. An attempt that gives a signature leaves its place
 * to the next message; one that is rejected stays with the next kappa. So every message gets the
 * signature of its first good kappa, which is what FIPS 204, Algorithm 7 gives.
 */
#include "mldsa/attempt.h"
#include "mldsa/batch.h"
#include "mldsa/pack.h"
#include "mldsa/sample.h"

#include <head2/random.h>

#include <stdlib.h>

/* A message on its way. */
struct place {
    struct head2_mldsa_sign_job *job; /* NULL when there is none left */
    const struct head2_mldsa_signer *signer;
    struct head2_mldsa_signer *own; /* room for a key given as bytes; NULL when none is */
    const uint8_t *own_sk;          /* the key that is there */
    unsigned attempts;              /* so far */
    uint8_t rho_prime2[64];
    uint8_t rnd[RND_BYTES];
    struct attempt attempt;
};

struct pool {
    const struct mldsa_params *P;
    struct head2_mldsa_sign_job *next, *end;
    struct place place[KECCAK_LANES];
    struct ball ball[KECCAK_LANES];
    struct mu_jobs mu;
};

static void fail(const struct mldsa_params *P, struct head2_mldsa_sign_job *job,
                 enum head2_status st)
{
    job->st = st;
    head2_wipe(job->sig, P->sig_bytes);
}

/* The key of a job, expanded when it comes as bytes. */
static enum head2_status find_signer(struct place *p, const struct mldsa_params *P,
                                     const struct head2_mldsa_sign_job *job)
{
    if (job->key != NULL) {
        p->signer = job->key;
        return job->key->P->k == P->k ? HEAD2_OK : HEAD2_E_ARG;
    }
    if (job->sk == NULL)
        return HEAD2_E_ARG;
    if (p->own_sk != job->sk) {
        p->own_sk = NULL;
        const enum head2_status st = mldsa_signer_prepare(p->own, P, job->sk);
        if (st != HEAD2_OK)
            return st;
        p->own_sk = job->sk;
    }
    p->signer = p->own;
    return HEAD2_OK;
}

/* Give a place to a job; mu and rho'' follow for all new ones at once. */
static enum head2_status enter(struct pool *pool, struct place *p, struct head2_mldsa_sign_job *job)
{
    const struct mldsa_input in = {job->msg, job->msg_len, job->ctx, job->ctx_len, false, 0};
    enum head2_status st;

    HEAD2_TRY(find_signer(p, pool->P, job));
    if (job->rnd != NULL)
        memcpy(p->rnd, job->rnd->b, sizeof p->rnd);
    else
        HEAD2_TRY(head2_random(p->rnd, sizeof p->rnd));
    if (job->mu != NULL)
        memcpy(p->attempt.hashed.mu, job->mu, HEAD2_MLDSA_MU_BYTES);
    else
        HEAD2_TRY(mldsa_mu_add(&pool->mu, p->attempt.hashed.mu, p->signer->tr, &in));
    p->job = job;
    p->attempts = 0;

done:
    return st;
}

/* A place whose job is done takes the next, while there is one. */
static void refill(struct pool *pool)
{
    struct keccak_job hash[KECCAK_LANES] = {{.out = NULL}};
    unsigned n = 0;

    for (unsigned i = 0; i < KECCAK_LANES; i++) {
        struct place *const p = &pool->place[i];
        if (p->job != NULL)
            continue;
        while (p->job == NULL && pool->next != pool->end) {
            struct head2_mldsa_sign_job *const job = pool->next++;
            const enum head2_status st = enter(pool, p, job);
            if (st != HEAD2_OK)
                fail(pool->P, job, st);
        }
        if (p->job != NULL)
            hash[n++] = (struct keccak_job){
                {{p->signer->K, K_BYTES},
                 {p->rnd, RND_BYTES},
                 {p->attempt.hashed.mu, HEAD2_MLDSA_MU_BYTES}},
                p->rho_prime2,
                sizeof p->rho_prime2,
                KECCAK_SUFFIX_SHAKE
            };
    }
    mldsa_mu_run(&pool->mu);
    keccak_many(KECCAK_RATE_256, hash, n); /* line 7 */
}

/* The places with a job, in order. */
static unsigned occupied(struct pool *pool, struct place *in_use[KECCAK_LANES])
{
    unsigned n = 0;
    for (unsigned i = 0; i < KECCAK_LANES; i++) {
        if (pool->place[i].job != NULL)
            in_use[n++] = &pool->place[i];
    }
    return n;
}

/* Line 11 of all attempts. */
static void draw_masks(const struct mldsa_params *P, struct place *const in_use[], unsigned n)
{
    const struct mldsa_kernels *const k = in_use[0]->signer->kernels;
    struct sample_lane lane[KECCAK_LANES];
    unsigned lanes = 0;

    for (unsigned i = 0; i < n; i++) {
        struct place *const p = in_use[i];
        for (unsigned j = 0; j < P->l; j++) {
            const uint16_t number = (uint16_t)(p->attempts * P->l + j);
            lane[lanes++] = (struct sample_lane){p->rho_prime2, number, &p->attempt.y[j]};
            if (lanes == KECCAK_LANES) {
                mldsa_sample_mask(k, lane, lanes, P, NULL);
                lanes = 0;
            }
        }
    }
    if (lanes != 0)
        mldsa_sample_mask(k, lane, lanes, P, NULL);
}

/* Lines 15 and 16 of all attempts. */
static void challenge(struct pool *pool, struct place *const in_use[], unsigned n)
{
    const struct mldsa_params *const P = pool->P;
    const size_t hashed = HEAD2_MLDSA_MU_BYTES + P->k * PACKED_BYTES(P->w1_bits);
    struct keccak_job hash[KECCAK_LANES] = {{.out = NULL}};
    const uint8_t *c_tilde[KECCAK_LANES];

    for (unsigned i = 0; i < n; i++) {
        struct attempt *const a = &in_use[i]->attempt;
        hash[i] = (struct keccak_job){
            {{a->hashed.mu, hashed}}, a->c_tilde, P->c_bytes, KECCAK_SUFFIX_SHAKE};
        c_tilde[i] = a->c_tilde;
    }
    keccak_many(KECCAK_RATE_256, hash, n);
    for (unsigned i = 0; i < n; i++)
        HEAD2_PUBLIC(in_use[i]->attempt.c_tilde, MAX_C_TILDE,
                     "the challenge of a rejected attempt is a hash of a discarded commitment");
    mldsa_ball_hashes(pool->ball, c_tilde, n, P);
    for (unsigned i = 0; i < n; i++)
        mldsa_sample_from_ball(&in_use[i]->attempt.c, &pool->ball[i], P->tau);
}

/* One attempt for every message that has a place; how many there were. */
static unsigned run_round(struct pool *pool)
{
    struct place *in_use[KECCAK_LANES];
    const unsigned n = occupied(pool, in_use);

    if (n == 0)
        return 0;
    draw_masks(pool->P, in_use, n);
    for (unsigned i = 0; i < n; i++)
        mldsa_attempt_commit(&in_use[i]->attempt, in_use[i]->signer);
    challenge(pool, in_use, n);
    for (unsigned i = 0; i < n; i++) {
        struct place *const p = in_use[i];
        if (mldsa_attempt_passes(&p->attempt, p->signer)) {
            mldsa_attempt_encode(&p->attempt, p->signer, p->job->sig);
            p->job->st = HEAD2_OK;
            p->job = NULL;
        } else if (++p->attempts == MAX_ATTEMPTS) { /* no key that was generated comes here */
            fail(pool->P, p->job, HEAD2_E_MALFORMED);
            p->job = NULL;
        }
    }
    return n;
}

/* The heap that a batch works on: the pool, and room for eight keys when some come as bytes. */
static struct pool *new_pool(const struct mldsa_params *P, struct head2_mldsa_sign_job *jobs,
                             size_t n, size_t *size)
{
    size_t own = 0;

    for (size_t i = 0; i < n && own == 0; i++)
        own = jobs[i].key == NULL ? mldsa_signer_bytes(P) : 0;
    *size = sizeof(struct pool) + KECCAK_LANES * own;
    struct pool *pool = aligned_alloc(HEAD2_MLDSA_PREPARED_ALIGN, *size);
    if (pool == NULL)
        return NULL;
    pool->P = P;
    pool->next = jobs;
    pool->end = jobs + n;
    pool->mu.n = 0;
    for (unsigned i = 0; i < KECCAK_LANES; i++) {
        struct place *const p = &pool->place[i];
        p->job = NULL;
        p->own_sk = NULL;
        p->own = own == 0 ? NULL : (void *)((uint8_t *)(pool + 1) + i * own);
    }
    return pool;
}

enum head2_status head2_mldsa_sign_batch(enum head2_mldsa_set set,
                                         struct head2_mldsa_sign_job *jobs, size_t n)
{
    const struct mldsa_params *const P = mldsa_public_set(set);
    enum head2_status st = HEAD2_OK;
    size_t size;

    if (P == NULL)
        return HEAD2_E_ARG;
    if (n == 0)
        return HEAD2_OK;
    struct pool *pool = new_pool(P, jobs, n, &size);
    for (size_t i = 0; i < n && pool == NULL; i++)
        fail(P, &jobs[i], HEAD2_E_MEMORY);
    if (pool != NULL) {
        do {
            refill(pool);
        } while (run_round(pool) != 0);
        head2_wipe(pool, size);
        free(pool);
    }
    for (size_t i = 0; i < n && st == HEAD2_OK; i++)
        st = jobs[i].st;
    cpu_wipe_residue(CPU_CALLS_BELOW);
    return st;
}
