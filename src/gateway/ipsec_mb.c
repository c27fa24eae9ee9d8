/*
 * AES-GCM by libipsec-mb, through its functions for one message, also for several in a call: its
 * queues of jobs and bursts bring AES-GCM nothing. The library clears registers and stack by itself
 * (IMB_FEATURE_SAFE_DATA is asked for).
 */
#include "gateway/ipsec_mb.h"

#include "cpu/cpu.h"

#ifdef HEAD2_IPSEC_MB

#include <intel-ipsec-mb.h>
#include <stdlib.h>

struct state {
    struct gcm_key_data key; /* first: aligned as the state is */
    aes_gcm_enc_dec_t enc, dec;
};

enum { ALIGNMENT = 64 };

/* What is used of the library's table, which is some 100 KiB of queues otherwise. */
static struct {
    aes_gcm_pre_t pre128, pre256;
    aes_gcm_enc_dec_t enc128, enc256, dec128, dec256;
} functions;

static void *create(void)
{
    const size_t bytes = (sizeof(struct state) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *state = aligned_alloc(ALIGNMENT, bytes);

    if (state != NULL)
        memset(state, 0, bytes);
    return state;
}

static void forget(void *state)
{
    head2_wipe(state, sizeof(struct state));
}

static void destroy(void *state)
{
    forget(state);
    free(state);
}

static bool set_key(void *state, const uint8_t *key, size_t key_len)
{
    struct state *s = state;

    if (key_len == 16)
        functions.pre128(key, &s->key);
    else
        functions.pre256(key, &s->key);
    s->enc = key_len == 16 ? functions.enc128 : functions.enc256;
    s->dec = key_len == 16 ? functions.dec128 : functions.dec256;
    return true;
}

static bool seal(void *state, const struct aead_message *m, uint8_t tag[HEAD2_AEAD_TAG_BYTES])
{
    const struct state *s = state;
    struct gcm_context_data ctx;

    s->enc(&s->key, &ctx, m->out, m->in, m->len, m->nonce, m->aad, m->aad_len, tag,
           HEAD2_AEAD_TAG_BYTES);
    head2_wipe(&ctx, sizeof ctx);
    return true;
}

/* One context for all: that it is wiped once is what the messages share. */
static void seal_many(struct aead_job *jobs, size_t n)
{
    struct gcm_context_data ctx;

    for (size_t i = 0; i < n; i++) {
        const struct state *s = jobs[i].aead->state;
        const struct aead_message *m = &jobs[i].m;
        s->enc(&s->key, &ctx, m->out, m->in, m->len, m->nonce, m->aad, m->aad_len, m->out + m->len,
               HEAD2_AEAD_TAG_BYTES);
        jobs[i].st = HEAD2_OK;
    }
    head2_wipe(&ctx, sizeof ctx);
}

static enum head2_status open_message(void *state, const struct aead_message *m,
                                      const uint8_t tag[HEAD2_AEAD_TAG_BYTES])
{
    const struct state *s = state;
    struct gcm_context_data ctx;
    uint8_t found[HEAD2_AEAD_TAG_BYTES];

    s->dec(&s->key, &ctx, m->out, m->in, m->len, m->nonce, m->aad, m->aad_len, found, sizeof found);
    const enum head2_status st = head2_equal(found, tag, sizeof found);
    head2_wipe(&ctx, sizeof ctx);
    head2_wipe(found, sizeof found); /* the tag of a forged message is not for anyone to see */
    return st;
}

static const struct aead_provider provider = {
    .name = "libipsec-mb",
    .create = create,
    .destroy = destroy,
    .set_key = set_key,
    .forget = forget,
    .seal = seal,
    .seal_many = seal_many,
    .open = open_message,
};

const struct aead_provider *ipsec_mb_provider(void)
{
    const uint64_t needs = IMB_FEATURE_AESNI | IMB_FEATURE_SAFE_DATA;
    const enum cpu_isa isa = cpu_isa();
    IMB_MGR *const mgr = isa == CPU_PORTABLE ? NULL : alloc_mb_mgr(0);

    if (mgr == NULL)
        return NULL;
    if (isa == CPU_AVX512)
        init_mb_mgr_avx512(mgr);
    else
        init_mb_mgr_avx2(mgr);
    const bool good = imb_get_errno(mgr) == 0 && (mgr->features & needs) == needs;
    if (good) {
        functions.pre128 = mgr->gcm128_pre;
        functions.pre256 = mgr->gcm256_pre;
        functions.enc128 = mgr->gcm128_enc;
        functions.enc256 = mgr->gcm256_enc;
        functions.dec128 = mgr->gcm128_dec;
        functions.dec256 = mgr->gcm256_dec;
    }
    free_mb_mgr(mgr);
    return good ? &provider : NULL;
}

#else

const struct aead_provider *ipsec_mb_provider(void)
{
    return NULL;
}

#endif

const char *ipsec_mb_plug_in(void)
{
    const struct aead_provider *p = ipsec_mb_provider();

    if (p != NULL)
        (void)aead_use(p); /* libcrypto stays where they disagree */
    return aead_in_use()->name;
}
