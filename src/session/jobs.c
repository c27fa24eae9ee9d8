/*
 * Jobs: the lattice operations that a session hands out. A fixed number exists; an owner that finds
 * none free marks itself as waiting and is asked again when one comes back.
 */
#include "session/state.h"

#include <head2/mldsa.h>
#include <head2/mlkem.h>

#include <stdlib.h>

struct head2_job *job_get(struct head2_session *s, enum job_kind kind, enum job_owner owner,
                          uint32_t slot, uint64_t serial)
{
    struct head2_job *job = s->jobs_free;

    if (job == NULL) {
        s->jobs_waiting++;
        return NULL;
    }
    s->jobs_free = job->next;
    job->next = NULL;
    job->kind = kind;
    job->owner = owner;
    job->slot = slot;
    job->serial = serial;
    job->result = HEAD2_E_STATE;
    return job;
}

void job_put(struct head2_session *s, struct head2_job *job)
{
    head2_wipe(job, sizeof *job);
    job->next = s->jobs_free;
    s->jobs_free = job;
}

void job_start(struct head2_session *s, struct head2_job *job)
{
    job->next = NULL;
    if (s->jobs_ready == NULL)
        s->jobs_ready = job;
    else
        s->jobs_ready_last->next = job;
    s->jobs_ready_last = job;
}

void job_message(struct head2_job *job, const char *ctx, const uint8_t *msg, size_t len)
{
    HEAD2_REQUIRES(len <= sizeof job->msg);
    job->ctx = ctx;
    job->msg_len = (uint16_t)len;
    memcpy(job->msg, msg, len);
}

/* Drop jobs that nobody has fetched yet. */
void job_forget_ready(struct head2_session *s)
{
    struct head2_job *job = s->jobs_ready;

    s->jobs_ready = NULL;
    while (job != NULL) {
        struct head2_job *next = job->next;
        job_put(s, job);
        job = next;
    }
}

/* ML-KEM's secret first: the approved one (SP 800-56C, section 2). */
static enum head2_status combine(struct head2_job *job, const struct head2_secret32 *ss)
{
    memcpy(job->ss.b, ss->b, sizeof ss->b);
    job->ss.len = sizeof ss->b;
    if (!job->seed.hybrid)
        return HEAD2_OK;
    job->ss.len = sizeof job->ss.b;
    return p384_shared(job->ss.b + sizeof ss->b, &job->seed.p384, job->kx2);
}

static enum head2_status run_decaps(struct head2_job *job)
{
    enum head2_status st;
    uint8_t ek[EK_BYTES];
    uint8_t dk[HEAD2_MLKEM1024_DK_BYTES];

    struct head2_secret32 ss;

    HEAD2_TRY(head2_mlkem1024_keypair_from_seed(ek, dk, &job->seed.kem));
    HEAD2_TRY(head2_mlkem1024_decaps(&ss, dk, job->ct));
    HEAD2_TRY(combine(job, &ss));
done:
    head2_wipe(dk, sizeof dk);
    head2_wipe(&ss, sizeof ss);
    return st;
}

static enum head2_status run_encaps(struct head2_job *job)
{
    enum head2_status st;
    struct head2_secret32 ss;

    HEAD2_TRY(head2_mlkem1024_encaps_derand(job->ct, &ss, job->key, &job->m));
    HEAD2_TRY(combine(job, &ss));
    if (job->seed.hybrid)
        HEAD2_TRY(p384_public(job->kx2, &job->seed.p384)); /* takes the place of the peer's */
done:
    head2_wipe(&ss, sizeof ss);
    return st;
}

static enum head2_status run_keypair(struct head2_job *job)
{
    enum head2_status st;
    uint8_t dk[HEAD2_MLKEM1024_DK_BYTES];

    HEAD2_TRY(head2_mlkem1024_keypair_from_seed(job->key, dk, &job->seed.kem));
    if (job->seed.hybrid)
        HEAD2_TRY(p384_public(job->kx2, &job->seed.p384));
done:
    head2_wipe(dk, sizeof dk); /* the seed is kept instead */
    return st;
}

void head2_job_run(struct head2_job *job, head2_sign_fn *sign, void *arg)
{
    switch (job->kind) {
    case JOB_KEYPAIR:
        job->result = run_keypair(job);
        break;
    case JOB_ENCAPS:
        job->result = run_encaps(job);
        break;
    case JOB_DECAPS:
        job->result = run_decaps(job);
        break;
    case JOB_SIGN:
        job->result = sign(arg, job->sig, job->msg, job->msg_len, job->ctx);
        break;
    case JOB_VERIFY:
        job->result =
            head2_mldsa87_verify(job->key, job->msg, job->msg_len, (const uint8_t *)job->ctx,
                                 strlen(job->ctx), job->sig, sizeof job->sig);
        break;
    }
}

bool head2_job_to_sign(const struct head2_job *job, struct head2_to_sign *out)
{
    *out = (struct head2_to_sign){job->msg, job->msg_len, job->ctx};
    return job->kind == JOB_SIGN;
}

void head2_job_signed(struct head2_job *job, enum head2_status result,
                      const uint8_t sig[HEAD2_SESSION_SIG_BYTES])
{
    HEAD2_REQUIRES(job->kind == JOB_SIGN);
    job->result = result;
    if (result == HEAD2_OK)
        memcpy(job->sig, sig, sizeof job->sig);
}

const char *head2_job_name(const struct head2_job *job)
{
    static const char *const names[] = {"keypair", "encaps", "decaps", "sign", "verify"};
    return names[job->kind];
}

void head2_job_free(struct head2_job *job)
{
    if (job == NULL)
        return;
    head2_wipe(job, sizeof *job);
    free(job);
}
