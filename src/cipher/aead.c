/*
 * AES-GCM (SP 800-38D), with a 96-bit nonce and a 128-bit tag: what callers rely on, whoever
 * computes it.
 */
#include "cipher/aead_provider.h"

#include <stdatomic.h>
#include <stdlib.h>

/* NULL: libcrypto. Set once, before threads; an aead keeps the provider that it was made with. */
static _Atomic(const struct aead_provider *) provider_in_use;

const struct aead_provider *aead_in_use(void)
{
    const struct aead_provider *p = atomic_load_explicit(&provider_in_use, memory_order_acquire);

    return p != NULL ? p : &aead_libcrypto;
}

bool aead_use(const struct aead_provider *provider)
{
    if (!aead_provider_agrees(provider))
        return false;
    atomic_store_explicit(&provider_in_use, provider, memory_order_release);
    return true;
}

enum head2_status head2_aead_new(struct head2_aead **out)
{
    struct head2_aead *aead = calloc(1, sizeof *aead);

    *out = NULL;
    if (aead == NULL)
        return HEAD2_E_MEMORY;
    aead->by = aead_in_use();
    aead->state = aead->by->create();
    if (aead->state == NULL) {
        free(aead);
        return HEAD2_E_MEMORY;
    }
    *out = aead;
    return HEAD2_OK;
}

void head2_aead_free(struct head2_aead *aead)
{
    if (aead == NULL)
        return;
    aead->by->destroy(aead->state);
    free(aead);
}

enum head2_status head2_aead_set_key(struct head2_aead *aead, const uint8_t *key, size_t key_len)
{
    aead->key_len = 0;
    if (key_len != 16 && key_len != 32) {
        aead->by->forget(aead->state);
        return HEAD2_E_ARG;
    }
    if (!aead->by->set_key(aead->state, key, key_len))
        return HEAD2_E_CRYPTO;
    aead->key_len = key_len;
    return HEAD2_OK;
}

/* Stands where the caller has nothing: a provider need not know what NULL means. */
static const uint8_t nothing[1];

static bool may_seal(struct aead_job *j)
{
    if (j->m.aad_len == 0)
        j->m.aad = nothing;
    if (j->m.len == 0)
        j->m.in = nothing;
    j->st = HEAD2_OK;
    if (j->m.len > HEAD2_AEAD_MAX_BYTES || j->m.aad_len > HEAD2_AEAD_MAX_BYTES)
        j->st = HEAD2_E_ARG;
    else if (j->aead->key_len == 0)
        j->st = HEAD2_E_STATE;
    return j->st == HEAD2_OK;
}

/* How many jobs from the first on can go to one provider together. */
static size_t together(struct aead_job *jobs, size_t n)
{
    size_t i = 0;

    while (i < n && jobs[i].aead->by == jobs[0].aead->by && may_seal(&jobs[i]))
        i++;
    return i;
}

static void seal_together(struct aead_job *jobs, size_t n)
{
    const struct aead_provider *by = jobs[0].aead->by;

    if (n > 1 && by->seal_many != NULL) { /* seal is the shorter way for one */
        by->seal_many(jobs, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const struct aead_message *m = &jobs[i].m;
        jobs[i].st = by->seal(jobs[i].aead->state, m, m->out + m->len) ? HEAD2_OK : HEAD2_E_CRYPTO;
    }
}

void aead_seal_many(struct aead_job *jobs, size_t n)
{
    for (size_t i = 0, run; i < n; i += run) {
        run = together(jobs + i, n - i);
        if (run != 0)
            seal_together(jobs + i, run);
        else
            run = 1; /* the first one is refused */
    }
    for (size_t i = 0; i < n; i++)
        if (jobs[i].st != HEAD2_OK && jobs[i].st != HEAD2_E_ARG)
            head2_wipe(jobs[i].m.out, jobs[i].m.len + HEAD2_AEAD_TAG_BYTES);
}

/* see head2/aead.h */
enum head2_status head2_aead_seal(struct head2_aead *aead, uint8_t *out,
                                  const uint8_t nonce[HEAD2_AEAD_NONCE_BYTES], const uint8_t *aad,
                                  size_t aad_len, const uint8_t *pt, size_t pt_len)
{
    struct aead_job job = {
        .aead = aead,
        .m = {.out = out, .nonce = nonce, .aad = aad, .aad_len = aad_len, .in = pt, .len = pt_len},
    };

    aead_seal_many(&job, 1);
    return job.st;
}

/* see head2/aead.h */
enum head2_status head2_aead_open(struct head2_aead *aead, uint8_t *pt,
                                  const uint8_t nonce[HEAD2_AEAD_NONCE_BYTES], const uint8_t *aad,
                                  size_t aad_len, const uint8_t *ct, size_t ct_len)
{
    if (ct_len < HEAD2_AEAD_TAG_BYTES || ct_len - HEAD2_AEAD_TAG_BYTES > HEAD2_AEAD_MAX_BYTES ||
        aad_len > HEAD2_AEAD_MAX_BYTES)
        return HEAD2_E_ARG;

    const size_t pt_len = ct_len - HEAD2_AEAD_TAG_BYTES;
    uint8_t none[1];
    const struct aead_message m = {
        .out = pt_len != 0 ? pt : none,
        .nonce = nonce,
        .aad = aad_len != 0 ? aad : nothing,
        .aad_len = aad_len,
        .in = ct,
        .len = pt_len,
    };
    enum head2_status st = HEAD2_E_STATE;

    if (aead->key_len != 0)
        st = aead->by->open(aead->state, &m, ct + pt_len);
    if (st != HEAD2_OK)
        head2_wipe(pt, pt_len);
    return st;
}
