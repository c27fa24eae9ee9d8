/* see remote.h */
#include "keeper/remote.h"

#include <head2/mldsa.h>

#include <stdio.h>

static enum head2_status ask(struct keeper_client *client, struct keeper_message *m,
                             struct keeper_reply *reply, char why[KEEPER_PHRASE_MAX + 1])
{
    const enum head2_status st = keeper_call(client, m, reply);

    snprintf(why, KEEPER_PHRASE_MAX + 1, "%s", reply->why);
    return st;
}

enum head2_status keeper_remote_find(struct keeper_remote *out, struct keeper_client *client,
                                     const char *label, char why[KEEPER_PHRASE_MAX + 1])
{
    struct keeper_message find = {
        .type = KEEPER_FIND, .label = {(const uint8_t *)label, strlen(label)}
    };
    struct keeper_message export = {.type = KEEPER_EXPORT};
    struct keeper_reply reply;
    enum head2_status st;

    *out = (struct keeper_remote){.client = client};
    HEAD2_TRY(ask(client, &find, &reply, why));
    memcpy(out->key_id, reply.m.key, sizeof out->key_id);
    memcpy(export.key, reply.m.key, sizeof export.key);
    keeper_reply_free(&reply);
    HEAD2_TRY(ask(client, &export, &reply, why));
    st = head2_key_from_public(&out->key, reply.m.alg, reply.m.data.at, reply.m.data.len);
done:
    keeper_reply_free(&reply);
    return st;
}

void keeper_remote_free(struct keeper_remote *r)
{
    head2_key_free(r->key);
    *r = (struct keeper_remote){.client = NULL};
}

/* ---- signing ---- */

static enum head2_status mu_of(uint8_t mu[HEAD2_MLDSA_MU_BYTES], const struct head2_key *key,
                               const uint8_t *msg, size_t len, const char *ctx)
{
    const uint8_t *const pk = head2_key_public(key), *const c = (const uint8_t *)ctx;

    switch (head2_key_alg(key)) {
    case HEAD2_MLDSA_44:
        return head2_mldsa44_mu(mu, pk, msg, len, c, strlen(ctx));
    case HEAD2_MLDSA_65:
        return head2_mldsa65_mu(mu, pk, msg, len, c, strlen(ctx));
    case HEAD2_MLDSA_87:
        return head2_mldsa87_mu(mu, pk, msg, len, c, strlen(ctx));
    default:
        return HEAD2_E_UNSUPPORTED;
    }
}

static enum head2_status sign_mu(const struct keeper_remote *r, uint8_t *sig, size_t *sig_len,
                                 const uint8_t *mu, uint8_t flags)
{
    return keeper_sign(r->client, sig, sig_len, r->key_id,
                       (struct keeper_bytes){mu, HEAD2_MLDSA_MU_BYTES},
                       (struct keeper_bytes){NULL, 0}, KEEPER_SIGN_MU | flags);
}

static enum head2_status sign(const struct keeper_remote *r, uint8_t *sig, size_t *sig_len,
                              const uint8_t *msg, size_t len, const char *ctx, uint8_t flags)
{
    const struct keeper_bytes context = {(const uint8_t *)ctx, strlen(ctx)};
    uint8_t mu[HEAD2_MLDSA_MU_BYTES];
    enum head2_status st;

    if (len <= KEEPER_DATA_MAX)
        return keeper_sign(r->client, sig, sig_len, r->key_id, (struct keeper_bytes){msg, len},
                           context, flags);
    *sig_len = 0;
    HEAD2_TRY(mu_of(mu, r->key, msg, len, ctx));
    st = sign_mu(r, sig, sig_len, mu, flags);
done:
    return st;
}

static enum head2_status sign_hedged(void *arg, uint8_t *sig, size_t *sig_len, const uint8_t *msg,
                                     size_t msg_len, const char *ctx)
{
    return sign(arg, sig, sig_len, msg, msg_len, ctx, 0);
}

static enum head2_status sign_deterministic(void *arg, uint8_t *sig, size_t *sig_len,
                                            const uint8_t *msg, size_t msg_len, const char *ctx)
{
    return sign(arg, sig, sig_len, msg, msg_len, ctx, KEEPER_SIGN_DETERMINISTIC);
}

static enum head2_status mu_hedged(void *arg, uint8_t *sig, size_t *sig_len, const uint8_t *mu)
{
    return sign_mu(arg, sig, sig_len, mu, 0);
}

static enum head2_status mu_deterministic(void *arg, uint8_t *sig, size_t *sig_len,
                                          const uint8_t *mu)
{
    return sign_mu(arg, sig, sig_len, mu, KEEPER_SIGN_DETERMINISTIC);
}

static enum head2_status sign_all(const struct keeper_remote *r, struct head2_key_sign_job *jobs,
                                  size_t n, const char *ctx, uint8_t flags)
{
    struct keeper_message like = {
        .type = KEEPER_SIGN, .flags = flags, .context = {(const uint8_t *)ctx, strlen(ctx)}
    };
    enum head2_status st = HEAD2_OK;

    memcpy(like.key, r->key_id, sizeof like.key);
    while (st == HEAD2_OK && n > 0) {
        size_t fit = 0;
        while (fit < n && jobs[fit].msg_len <= KEEPER_DATA_MAX)
            fit++;
        if (fit > 0) {
            st = keeper_sign_many(r->client, jobs, fit, &like);
        } else {
            fit = 1;
            st = sign(r, jobs->sig, &jobs->sig_len, jobs->msg, jobs->msg_len, ctx, flags);
        }
        jobs += fit;
        n -= fit;
    }
    return st;
}

static enum head2_status all_hedged(void *arg, struct head2_key_sign_job *jobs, size_t n,
                                    const char *ctx)
{
    return sign_all(arg, jobs, n, ctx, 0);
}

static enum head2_status all_deterministic(void *arg, struct head2_key_sign_job *jobs, size_t n,
                                           const char *ctx)
{
    return sign_all(arg, jobs, n, ctx, KEEPER_SIGN_DETERMINISTIC);
}

struct artifact_signer keeper_remote_signer(struct keeper_remote *r, bool deterministic)
{
    struct artifact_signer s = {.sign = deterministic ? sign_deterministic : sign_hedged,
                                .sign_batch = deterministic ? all_deterministic : all_hedged,
                                .sign_mu = deterministic ? mu_deterministic : mu_hedged,
                                .arg = r,
                                .key = r->key,
                                .alg = head2_key_alg(r->key)};

    memcpy(s.key_id, r->key_id, sizeof s.key_id);
    return s;
}
