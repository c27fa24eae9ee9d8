/* see desk.h; derived secrets are in desk_handles.c */
#include "keeper/desk.h"

#include "keeper/desk_handles.h"

#include <head2/mldsa.h>
#include <head2/random.h>

#include <stdlib.h>

void desk_refuse(struct keeper_message *answer, enum head2_status st, const char *why)
{
    const char *const phrase = why != NULL ? why : head2_status_string(st);

    answer->status = st;
    answer->data = (struct keeper_bytes){(const uint8_t *)phrase, strlen(phrase)};
}

void desk_event(struct desk *d, enum keeper_type type, const struct keeper_meta *meta,
                enum head2_status st)
{
    if (d->on_event != NULL)
        d->on_event(d->arg, &(struct keeper_event){type, st, meta});
}

/* ---- signatures ---- */

void desk_accept(struct desk *d, struct desk_sign *s, const struct keeper_message *ask)
{
    const bool mu = (ask->flags & KEEPER_SIGN_MU) != 0;

    *s = (struct desk_sign){.ask = *ask, .done = true};
    s->key = ring_find(d->ring, ask->key);
    s->why = "there is no such key";
    s->st = HEAD2_E_STATE;
    if (s->key == NULL)
        return;
    s->st = HEAD2_E_ARG;
    s->why = "this key does not sign";
    if (!head2_alg_is_signature(ring_meta(s->key)->alg))
        return;
    s->why = "a mu has 64 bytes and no context";
    if (mu && (ask->data.len != HEAD2_MLDSA_MU_BYTES || ask->context.len != 0))
        return;
    s->st = ring_allow(d->ring, s->key, KEEPER_MAY_SIGN, d->t, &s->why);
    s->done = s->st != HEAD2_OK;
}

static enum head2_status sign_mu(struct desk_sign *s, const struct head2_key *key)
{
    static const struct head2_secret32 zeros;
    const enum head2_alg alg = head2_key_alg(key);
    struct head2_mldsa_sign_job job = {
        .sk = head2_key_private(key), .mu = s->ask.data.at, .sig = s->sig};

    if ((s->ask.flags & KEEPER_SIGN_DETERMINISTIC) != 0)
        job.rnd = &zeros;
    s->sig_len = head2_alg_sig_bytes(alg);
    return head2_mldsa_sign_batch(alg == HEAD2_MLDSA_44   ? HEAD2_MLDSA_SET_44
                                  : alg == HEAD2_MLDSA_65 ? HEAD2_MLDSA_SET_65
                                                          : HEAD2_MLDSA_SET_87,
                                  &job, 1);
}

static bool same_kind(const struct desk_sign *a, const struct desk_sign *b)
{
    return !b->done && a->key == b->key && a->ask.flags == b->ask.flags &&
           (a->ask.flags & KEEPER_SIGN_MU) == 0 && a->ask.context.len == b->ask.context.len &&
           (a->ask.context.len == 0 ||
            memcmp(a->ask.context.at, b->ask.context.at, a->ask.context.len) == 0);
}

/* The first, and those behind it that are of its kind. */
static void sign_group(struct desk *d, struct desk_sign *first, size_t n)
{
    struct head2_key_sign_job jobs[DESK_BATCH];
    struct desk_sign *of[DESK_BATCH];
    const struct keeper_bytes ctx = first->ask.context;
    const struct head2_key *key;
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        if (i == 0 || same_kind(first, first + i)) {
            of[count] = first + i;
            jobs[count++] = (struct head2_key_sign_job){
                .msg = first[i].ask.data.at, .msg_len = first[i].ask.data.len, .sig = first[i].sig};
        }
    enum head2_status st = ring_private(d->ring, first->key, d->t, &key);
    if (st == HEAD2_OK && (first->ask.flags & KEEPER_SIGN_MU) != 0)
        st = sign_mu(first, key);
    else if (st == HEAD2_OK)
        st = head2_key_sign_batch(key, jobs, count, ctx.at, ctx.len, first->ask.flags != 0);
    for (size_t i = 0; i < count; i++) {
        of[i]->st = st;
        of[i]->why = NULL;
        of[i]->done = true;
        if ((first->ask.flags & KEEPER_SIGN_MU) == 0)
            of[i]->sig_len = jobs[i].sig_len;
    }
    d->batches += count > 1;
    d->batched += count > 1 ? count : 0;
}

void desk_sign(struct desk *d, struct desk_sign *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!all[i].done)
            sign_group(d, all + i, n - i);
        desk_event(d, KEEPER_SIGN, all[i].key != NULL ? ring_meta(all[i].key) : NULL, all[i].st);
    }
}

/* ---- what is public ---- */

static enum head2_status verify(struct desk *d, struct ring_key *k,
                                const struct keeper_message *ask, const char **why)
{
    const struct head2_key *key;
    enum head2_status st;

    HEAD2_TRY(ring_allow(d->ring, k, KEEPER_MAY_VERIFY, d->t, why));
    *why = NULL;
    HEAD2_TRY(ring_public(d->ring, k, d->t, &key));
    st = head2_key_verify(key, ask->data.at, ask->data.len, ask->context.at, ask->context.len,
                          ask->sig.at, ask->sig.len);
done:
    return st;
}

static enum head2_status export_public(struct desk *d, struct ring_key *k,
                                       struct keeper_message *answer)
{
    const struct head2_key *key;
    enum head2_status st;

    HEAD2_TRY(ring_public(d->ring, k, d->t, &key));
    answer->alg = ring_meta(k)->alg;
    answer->data =
        (struct keeper_bytes){head2_key_public(key), head2_alg_public_bytes(answer->alg)};
done:
    return st;
}

static enum head2_status list(struct desk *d, const struct keeper_message *ask,
                              struct keeper_message *answer)
{
    const size_t count = ring_count(d->ring);
    size_t len = 0, i = ring_after(d->ring, ask->key);

    for (; i < count && (ask->count == 0 || answer->count < ask->count); i++) {
        const struct keeper_meta *const m = ring_at(d->ring, i);
        struct keeper_entry e = {
            .alg = m->alg,
            .state = m->state,
            .purposes = m->policy.purposes,
            .uses = m->uses,
            .label = {(const uint8_t *)m->label, strlen(m->label)}
        };
        memcpy(e.key, m->id, sizeof e.key);
        if (!keeper_entry_put(d->room, KEEPER_DATA_MAX, &len, &e))
            break;
        answer->count++;
    }
    answer->flags = i < count ? KEEPER_LIST_MORE : 0;
    answer->data = (struct keeper_bytes){d->room, len};
    return HEAD2_OK;
}

static enum head2_status about(const struct ring_key *k, struct keeper_message *answer)
{
    const struct keeper_meta *const m = ring_meta(k);

    answer->alg = m->alg;
    answer->policy = m->policy;
    answer->label = (struct keeper_bytes){(const uint8_t *)m->label, strlen(m->label)};
    answer->about = (struct keeper_about){m->state, m->created_ms, m->uses};
    return HEAD2_OK;
}

static enum head2_status find(struct desk *d, const struct keeper_message *ask,
                              struct keeper_message *answer, const char **why)
{
    const struct ring_key *const k = ring_labelled(d->ring, ask->label);

    *why = "there is no active key of this label";
    if (k == NULL)
        return HEAD2_E_STATE;
    memcpy(answer->key, ring_meta(k)->id, sizeof answer->key);
    answer->alg = ring_meta(k)->alg;
    return HEAD2_OK;
}

static enum head2_status draw(struct desk *d, const struct keeper_message *ask,
                              struct keeper_message *answer)
{
    answer->data = (struct keeper_bytes){d->room, ask->count};
    return ask->count == 0 || ask->count > KEEPER_DATA_MAX ? HEAD2_E_ARG
                                                           : head2_random(d->room, ask->count);
}

/* ---- the life of a key ---- */

static enum head2_status generate(struct desk *d, const struct keeper_message *ask,
                                  struct keeper_message *answer, const char **why)
{
    struct ring_key *k;
    enum head2_status st;

    *why = "labels that begin with head2/ are the keeper's own";
    if (ask->label.len >= strlen(RING_OWN) &&
        memcmp(ask->label.at, RING_OWN, strlen(RING_OWN)) == 0)
        return HEAD2_E_POLICY;
    *why = NULL;
    HEAD2_TRY(ring_generate(d->ring, &k, ask->alg, ask->label, &ask->policy, d->t));
    memcpy(answer->key, ring_meta(k)->id, sizeof answer->key);
    HEAD2_TRY(export_public(d, k, answer));
done:
    return st;
}

/* The old key stays, without signing any more; should it not be possible to say so, the new one is
 * taken back. */
static enum head2_status rotate(struct desk *d, struct ring_key *k, struct keeper_message *answer,
                                const char **why)
{
    const struct keeper_meta *const m = ring_meta(k);
    const struct keeper_bytes label = {(const uint8_t *)m->label, strlen(m->label)};
    struct ring_key *next;
    enum head2_status st;

    *why = "only an active key is rotated";
    if (m->state != KEEPER_ACTIVE)
        return HEAD2_E_STATE;
    *why = NULL;
    HEAD2_TRY(ring_generate(d->ring, &next, m->alg, label, &m->policy, d->t));
    st = ring_set_state(d->ring, k, KEEPER_DEACTIVATED);
    if (st != HEAD2_OK) {
        const enum head2_status back = ring_destroy(d->ring, next);
        *why = back == HEAD2_OK ? NULL : "the old key stays active beside the new one";
        goto done;
    }
    memcpy(answer->key, ring_meta(next)->id, sizeof answer->key);
    HEAD2_TRY(export_public(d, next, answer));
done:
    return st;
}

/* ---- approval ---- */

static enum head2_status challenge(struct desk *d, struct visitor *v, const struct ring_key *k,
                                   struct keeper_message *answer, const char **why)
{
    static const uint8_t nobody[HEAD2_KEY_ID_BYTES];
    enum head2_status st = HEAD2_E_STATE;

    *why = "this key needs no approval";
    v->challenged = false;
    if (memcmp(ring_meta(k)->policy.approver, nobody, sizeof nobody) == 0)
        goto done;
    *why = NULL;
    HEAD2_TRY(head2_random(v->challenge, sizeof v->challenge));
    memcpy(v->challenged_for, ring_meta(k)->id, sizeof v->challenged_for);
    v->challenged = true;
    memcpy(d->room, v->challenge, sizeof v->challenge);
    answer->data = (struct keeper_bytes){d->room, sizeof v->challenge};
done:
    return st;
}

/* A challenge is good for one answer, right or wrong. */
static enum head2_status approve(struct desk *d, struct visitor *v, struct ring_key *k,
                                 const struct keeper_message *ask, const char **why)
{
    const struct keeper_meta *const m = ring_meta(k);
    enum head2_status st = HEAD2_E_STATE;

    *why = "ask for a challenge of this key first";
    if (!v->challenged || memcmp(v->challenged_for, m->id, sizeof m->id) != 0)
        goto done;
    v->challenged = false;
    HEAD2_TRY(approval_check(ask, v->challenge, m->policy.approver, d->t.utc_ms, why));
    ring_approve(k, ask->count, d->t.now_ms + (ask->until_ms - d->t.utc_ms));
done:
    return st;
}

void visitor_clear(struct visitor *v)
{
    handles_clear(&v->handles);
    nonces_clear(&v->nonces);
    head2_wipe(v, sizeof *v);
}

/* ---- the PIN ---- */

enum head2_status desk_admit(const struct desk *d, const struct visitor *v, enum keeper_type type,
                             const char **why)
{
    *why = "show the PIN first";
    if (d->pin.pin == NULL || v->shown)
        return HEAD2_OK;
    switch (type) {
    case KEEPER_STATUS:
    case KEEPER_LIST:
    case KEEPER_FIND:
    case KEEPER_ABOUT:
    case KEEPER_EXPORT:
    case KEEPER_VERIFY:
    case KEEPER_RANDOM:
    case KEEPER_LOGIN:
    case KEEPER_FORGET:
        return HEAD2_OK;
    default:
        return HEAD2_E_PASSPHRASE;
    }
}

static enum head2_status login(struct desk *d, struct visitor *v, const struct keeper_message *ask,
                               const char **why)
{
    enum head2_status st = HEAD2_E_ARG;

    v->shown = false;
    *why = "who logs out shows no PIN";
    if ((ask->flags & KEEPER_LOGIN_OUT) != 0)
        return ask->data.len == 0 ? HEAD2_OK : st;
    HEAD2_TRY(pin_try(&d->pin, ask->data, d->t.now_ms, why));
    v->shown = true;
done:
    return st;
}

/* ---- requests ---- */

static bool names_a_key(const struct keeper_message *ask)
{
    switch (ask->type) {
    case KEEPER_ENCAPSULATE: /* else data is somebody's public key */
        return ask->data.len == 0;
    case KEEPER_REVEAL:
        return ask->handle == 0;
    case KEEPER_ABOUT:
    case KEEPER_VERIFY:
    case KEEPER_DECAPSULATE:
    case KEEPER_ROTATE:
    case KEEPER_REVOKE:
    case KEEPER_DESTROY:
    case KEEPER_EXPORT:
    case KEEPER_CHALLENGE:
    case KEEPER_APPROVE:
        return true;
    default:
        return false;
    }
}

static enum head2_status of_key(struct desk *d, struct visitor *v, struct ring_key *k,
                                const struct keeper_message *ask, struct keeper_message *answer,
                                const char **why)
{
    switch (ask->type) {
    case KEEPER_VERIFY:
        return verify(d, k, ask, why);
    case KEEPER_ENCAPSULATE:
    case KEEPER_DECAPSULATE:
        return desk_kem(d, &v->handles, k, ask, answer, why);
    case KEEPER_ROTATE:
        return rotate(d, k, answer, why);
    case KEEPER_REVOKE:
        return ring_set_state(d->ring, k, KEEPER_REVOKED);
    case KEEPER_DESTROY:
        return ring_destroy(d->ring, k);
    case KEEPER_ABOUT:
        return about(k, answer);
    case KEEPER_REVEAL:
        return desk_reveal(d, k, ask, answer, why);
    case KEEPER_CHALLENGE:
        return challenge(d, v, k, answer, why);
    case KEEPER_APPROVE:
        return approve(d, v, k, ask, why);
    default:
        return export_public(d, k, answer);
    }
}

static enum head2_status of_none(struct desk *d, struct visitor *v,
                                 const struct keeper_message *ask, struct keeper_message *answer,
                                 const char **why)
{
    switch (ask->type) {
    case KEEPER_STATUS:
        ring_info(d->ring, &answer->info);
        answer->info.batches = d->batches;
        answer->info.batched = d->batched;
        answer->info.sandbox = d->sandbox;
        answer->info.login =
            (uint8_t)(pin_state(&d->pin) | (d->pin.pin != NULL && v->shown ? KEEPER_PIN_SHOWN : 0));
        return HEAD2_OK;
    case KEEPER_GENERATE:
        return generate(d, ask, answer, why);
    case KEEPER_DERIVE:
        return desk_derive(d, &v->handles, ask, answer, why);
    case KEEPER_SEAL:
    case KEEPER_UNSEAL:
        return desk_seal(d, &v->handles, ask, answer, why);
    case KEEPER_ENCAPSULATE:
        return desk_kem_foreign(d, &v->handles, ask, answer, why);
    case KEEPER_REVEAL:
        return desk_reveal_handle(d, &v->handles, ask, answer, why);
    case KEEPER_ENCRYPT:
    case KEEPER_DECRYPT:
        return desk_cipher(d, v, ask, answer, why);
    case KEEPER_LOGIN:
        return login(d, v, ask, why);
    case KEEPER_LIST:
        return list(d, ask, answer);
    case KEEPER_RANDOM:
        return draw(d, ask, answer);
    case KEEPER_FORGET:
        return handles_remove(&v->handles, ask->handle);
    case KEEPER_FIND:
        return find(d, ask, answer, why);
    default:
        return HEAD2_E_UNSUPPORTED;
    }
}

/* The key that a request names, or that a handle's secret, which leaves, came of. */
static struct ring_key *key_meant(struct desk *d, const struct visitor *v,
                                  const struct keeper_message *ask)
{
    const struct handle *const row =
        ask->type == KEEPER_REVEAL ? handles_find(&v->handles, ask->handle) : NULL;

    if (names_a_key(ask))
        return ring_find(d->ring, ask->key);
    return row != NULL && !row->foreign ? ring_find(d->ring, row->key) : NULL;
}

void desk_answer(struct desk *d, struct visitor *v, const struct keeper_message *ask,
                 struct keeper_message *answer)
{
    struct ring_key *const k = key_meant(d, v, ask);
    const struct ring_key *made = NULL;
    struct keeper_meta meta = {0};
    const char *why = NULL;
    enum head2_status st = HEAD2_E_STATE;

    *answer = (struct keeper_message){.type = ask->type, .answer = true, .id = ask->id};
    if (k != NULL)
        meta = *ring_meta(k); /* it may be gone afterwards */
    if (!names_a_key(ask))
        st = of_none(d, v, ask, answer, &why);
    else if (k != NULL)
        st = of_key(d, v, k, ask, answer, &why);
    else
        why = "there is no such key";
    if (st != HEAD2_OK)
        desk_refuse(answer, st, why);
    else if (ask->type == KEEPER_GENERATE || ask->type == KEEPER_ROTATE)
        made = ring_find(d->ring, answer->key);
    if (k != NULL && (ask->type != KEEPER_DESTROY || st != HEAD2_OK))
        meta.uses = ring_meta(k)->uses;
    if (ask->type != KEEPER_GENERATE)
        desk_event(d, ask->type, k != NULL ? &meta : NULL, st);
    if (ask->type == KEEPER_GENERATE || made != NULL) /* a rotation is told as both */
        desk_event(d, KEEPER_GENERATE, made != NULL ? ring_meta(made) : NULL, st);
}
