/* see ring.h */
#include "keeper/ring.h"

#include "keeper/shield.h"

#include <stdlib.h>

#define DER_MAX 8192 /* the longest is an expanded ML-DSA-87 key, some 4,930 bytes */

struct ring_key {
    struct keeper_meta meta;
    uint64_t tokens, filled_ms; /* see take_token */
    uint64_t used_ms;
    uint64_t told; /* uses, when ring_each_used was last called */
    uint64_t approved_until_ms;
    uint32_t approved; /* uses, until then */
    uint8_t *shielded; /* PKCS#8 in DER; NULL: the backend has it, and it was not used yet */
    size_t shielded_len;
    struct head2_key *hot; /* NULL: not in use */
    struct head2_key *public_key;
};

struct ring {
    const struct keeper_backend *backend;
    struct shield *shield;
    uint8_t *scratch; /* DER_MAX bytes of protected memory */
    struct ring_key **keys;
    size_t n, cap;
    struct ring_key *hot[RING_HOT];
    uint64_t uses, flushed; /* uses: of all keys, since the start */
};

/* ---- the table ---- */

/* The first place whose id is not below this. */
static size_t place_of(const struct ring *r, const uint8_t *id)
{
    size_t low = 0, high = r->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (memcmp(r->keys[middle]->meta.id, id, HEAD2_KEY_ID_BYTES) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t ring_count(const struct ring *r)
{
    return r->n;
}

const struct keeper_meta *ring_at(const struct ring *r, size_t i)
{
    return &r->keys[i]->meta;
}

const struct keeper_meta *ring_meta(const struct ring_key *k)
{
    return &k->meta;
}

struct ring_key *ring_find(struct ring *r, const uint8_t id[HEAD2_KEY_ID_BYTES])
{
    const size_t i = place_of(r, id);

    return i < r->n && memcmp(r->keys[i]->meta.id, id, HEAD2_KEY_ID_BYTES) == 0 ? r->keys[i] : NULL;
}

size_t ring_after(const struct ring *r, const uint8_t id[HEAD2_KEY_ID_BYTES])
{
    const size_t i = place_of(r, id);

    return i + (i < r->n && memcmp(r->keys[i]->meta.id, id, HEAD2_KEY_ID_BYTES) == 0);
}

struct ring_key *ring_labelled(struct ring *r, struct keeper_bytes label)
{
    struct ring_key *best = NULL;

    for (size_t i = 0; i < r->n; i++) {
        const struct keeper_meta *const m = &r->keys[i]->meta;
        if (m->state == KEEPER_ACTIVE && strlen(m->label) == label.len &&
            memcmp(m->label, label.at, label.len) == 0 &&
            (best == NULL || m->created_ms >= best->meta.created_ms))
            best = r->keys[i];
    }
    return best;
}

static enum head2_status insert(struct ring *r, struct ring_key *k)
{
    const size_t at = place_of(r, k->meta.id);

    if (r->n == RING_KEYS_MAX)
        return HEAD2_E_LIMIT;
    if (r->n == r->cap) {
        const size_t cap = r->cap == 0 ? 64 : 2 * r->cap;
        struct ring_key **const more = realloc(r->keys, cap * sizeof *more);
        if (more == NULL)
            return HEAD2_E_MEMORY;
        r->keys = more;
        r->cap = cap;
    }
    memmove(r->keys + at + 1, r->keys + at, (r->n - at) * sizeof *r->keys);
    r->keys[at] = k;
    r->n++;
    return HEAD2_OK;
}

/* ---- private parts: shielded, or in use ---- */

static void cool(struct ring *r, struct ring_key *k)
{
    for (size_t i = 0; i < RING_HOT; i++)
        if (r->hot[i] == k)
            r->hot[i] = NULL;
    head2_key_free(k->hot);
    k->hot = NULL;
}

static void free_key(struct ring *r, struct ring_key *k)
{
    cool(r, k);
    head2_key_free(k->public_key);
    free(k->shielded);
    free(k);
}

/* The private part of key becomes k's. */
static enum head2_status close_up(struct ring *r, struct ring_key *k, const struct head2_key *key)
{
    size_t len = DER_MAX;
    enum head2_status st;

    HEAD2_TRY(head2_key_write_private(key, HEAD2_KEY_DER, HEAD2_PRIVATE_DEFAULT, NULL, 0,
                                      r->scratch, &len));
    k->shielded_len = len + SHIELD_EXTRA;
    k->shielded = malloc(k->shielded_len);
    st = k->shielded == NULL ? HEAD2_E_MEMORY
                             : shield_close(r->shield, k->shielded, k->meta.id, r->scratch, len);
done:
    head2_wipe(r->scratch, DER_MAX);
    if (st != HEAD2_OK) {
        free(k->shielded);
        k->shielded = NULL;
    }
    return st;
}

static enum head2_status open_up(struct ring *r, struct ring_key *k, struct head2_key **out)
{
    enum head2_status st = HEAD2_E_LIMIT;
    const char *why;

    *out = NULL;
    if (k->shielded == NULL)
        return r->backend != NULL && r->backend->get != NULL
                   ? r->backend->get(r->backend->arg, k->meta.id, out)
                   : HEAD2_E_STATE;
    if (k->shielded_len > DER_MAX + SHIELD_EXTRA)
        goto done;
    HEAD2_TRY(shield_open(r->shield, r->scratch, k->meta.id, k->shielded, k->shielded_len));
    HEAD2_TRY(head2_key_read(out, r->scratch, k->shielded_len - SHIELD_EXTRA, NULL, NULL, &why));
done:
    head2_wipe(r->scratch, DER_MAX);
    return st;
}

/* A place among those that are hot: a free one, or that of who was used longest ago. */
static size_t hot_place(struct ring *r)
{
    size_t best = 0;

    for (size_t i = 0; i < RING_HOT; i++) {
        if (r->hot[i] == NULL)
            return i;
        if (r->hot[i]->used_ms < r->hot[best]->used_ms)
            best = i;
    }
    cool(r, r->hot[best]);
    return best;
}

enum head2_status ring_private(struct ring *r, struct ring_key *k, struct ring_time t,
                               const struct head2_key **out)
{
    struct head2_key *key = NULL;
    enum head2_status st = HEAD2_OK;

    k->used_ms = t.now_ms;
    if (k->hot == NULL) {
        HEAD2_TRY(open_up(r, k, &key));
        HEAD2_TRY(head2_key_protect(key));
        HEAD2_TRY(head2_key_prepare(key));
        if (k->shielded == NULL)
            HEAD2_TRY(close_up(r, k, key));
        r->hot[hot_place(r)] = k;
        k->hot = key;
        key = NULL;
    }
done:
    head2_key_free(key);
    *out = k->hot;
    return st;
}

enum head2_status ring_public(struct ring *r, struct ring_key *k, struct ring_time t,
                              const struct head2_key **out)
{
    const struct head2_key *pair;
    enum head2_status st = HEAD2_OK;

    if (k->public_key == NULL) {
        HEAD2_TRY(ring_private(r, k, t, &pair));
        HEAD2_TRY(head2_key_from_public(&k->public_key, k->meta.alg, head2_key_public(pair),
                                        head2_alg_public_bytes(k->meta.alg)));
    }
done:
    *out = k->public_key;
    return st;
}

void ring_rest(struct ring *r, struct ring_time t)
{
    for (size_t i = 0; i < RING_HOT; i++)
        if (r->hot[i] != NULL && t.now_ms - r->hot[i]->used_ms >= RING_IDLE_MS)
            cool(r, r->hot[i]);
    if (r->backend == NULL || r->backend->flush == NULL || r->flushed == r->uses)
        return;
    if (r->backend->flush(r->backend->arg) == HEAD2_OK)
        r->flushed = r->uses; /* else the next time */
}

/* ---- whether ---- */

/*
 * The bucket of a key's rate: it holds rate_count uses, and what flows in between two looks at the
 * clock is counted in thousandths of a use, times rate_seconds. A second has 1000 times rate_count
 * of them. No product is above 2^47 but that of the time, which is bounded first.
 */
static bool take_token(struct ring_key *k, uint64_t now_ms)
{
    const struct keeper_policy *const p = &k->meta.policy;
    const uint64_t one = (uint64_t)p->rate_seconds * 1000, full = one * p->rate_count;
    const uint64_t waited = now_ms - k->filled_ms < one ? now_ms - k->filled_ms : one;

    if (p->rate_count == 0)
        return true;
    k->tokens += waited * p->rate_count;
    k->tokens = k->tokens < full ? k->tokens : full;
    k->filled_ms = now_ms;
    if (k->tokens < one)
        return false;
    k->tokens -= one;
    return true;
}

static bool state_allows(enum keeper_state state, uint16_t purpose)
{
    switch (state) {
    case KEEPER_ACTIVE:
        return true;
    case KEEPER_DEACTIVATED: /* what was made before can still be read and checked */
        return (purpose & (KEEPER_MAY_SIGN | KEEPER_MAY_ENCAPSULATE)) == 0;
    case KEEPER_REVOKED:
        return purpose == KEEPER_MAY_VERIFY;
    default:
        return false;
    }
}

/* What is sealed under, or derived from, a handle was approved with the decapsulation. */
#define NEVER_APPROVED                                                                             \
    (KEEPER_MAY_VERIFY | KEEPER_MAY_ENCAPSULATE | KEEPER_MAY_DERIVE | KEEPER_MAY_SEAL)

static bool needs_approval(const struct ring_key *k, uint16_t purpose)
{
    static const uint8_t nobody[HEAD2_KEY_ID_BYTES];

    return (purpose & NEVER_APPROVED) == 0 &&
           memcmp(k->meta.policy.approver, nobody, sizeof nobody) != 0;
}

void ring_approve(struct ring_key *k, uint32_t uses, uint64_t until_now_ms)
{
    k->approved = uses;
    k->approved_until_ms = until_now_ms;
}

enum head2_status ring_allow(struct ring *r, struct ring_key *k, uint16_t purpose,
                             struct ring_time t, const char **why)
{
    const struct keeper_meta *const m = &k->meta;
    enum head2_status st = HEAD2_OK;

    *why = "the key's policy does not have this purpose";
    if ((m->policy.purposes & purpose) == 0)
        return HEAD2_E_POLICY;
    *why = "the key's state does not allow this";
    if (!state_allows(m->state, purpose))
        return HEAD2_E_STATE;
    *why = "the key is not valid yet";
    if (t.utc_ms < m->policy.not_before_ms)
        return HEAD2_E_POLICY;
    *why = "the key is not valid any more";
    if (m->policy.not_after_ms != 0 && t.utc_ms >= m->policy.not_after_ms)
        return HEAD2_E_POLICY;
    *why = "this use of the key needs its approver";
    const bool approve = needs_approval(k, purpose);
    if (approve && (k->approved == 0 || t.now_ms >= k->approved_until_ms))
        return HEAD2_E_POLICY;
    *why = "the key is used more often than its policy allows";
    if (!take_token(k, t.now_ms))
        return HEAD2_E_LIMIT;
    *why = "the use cannot be counted";
    if (r->backend != NULL && r->backend->use != NULL)
        HEAD2_TRY(r->backend->use(r->backend->arg, m->id, 1));
    k->meta.uses++;
    k->approved -= approve;
    r->uses++;
done:
    return st;
}

/* ---- making and ending ---- */

static struct ring_key *new_key(const struct keeper_meta *meta, struct ring_time t)
{
    struct ring_key *const k = calloc(1, sizeof *k);
    const struct keeper_policy *const p = &meta->policy;

    if (k == NULL)
        return NULL;
    k->meta = *meta;
    k->told = meta->uses;
    k->tokens = (uint64_t)p->rate_seconds * 1000 * p->rate_count;
    k->filled_ms = t.now_ms;
    return k;
}

enum head2_status ring_add(struct ring *r, struct ring_key **out, const struct head2_key *key,
                           struct keeper_bytes label, const struct keeper_policy *policy,
                           struct ring_time t)
{
    struct keeper_meta meta = {.alg = head2_key_alg(key),
                               .state = KEEPER_ACTIVE,
                               .policy = *policy,
                               .created_ms = t.utc_ms};
    enum head2_status st = HEAD2_E_ARG;
    struct ring_key *k = NULL;

    *out = NULL;
    if (!keeper_label_ok(label) || !keeper_policy_ok(policy))
        goto done;
    memcpy(meta.label, label.at, label.len);
    head2_key_id(key, meta.id);
    st = HEAD2_E_STATE;
    if (ring_find(r, meta.id) != NULL)
        goto done;
    st = HEAD2_E_MEMORY;
    k = new_key(&meta, t);
    if (k == NULL)
        goto done;
    HEAD2_TRY(close_up(r, k, key));
    HEAD2_TRY(insert(r, k));
    if (r->backend != NULL && r->backend->put != NULL)
        st = r->backend->put(r->backend->arg, key, &meta);
    *out = k;
    if (st != HEAD2_OK) { /* it is not to be used: it would not last */
        const size_t at = place_of(r, k->meta.id);
        memmove(r->keys + at, r->keys + at + 1, (--r->n - at) * sizeof *r->keys);
        *out = NULL;
    }
done:
    if (st != HEAD2_OK && k != NULL)
        free_key(r, k);
    return st;
}

enum head2_status ring_generate(struct ring *r, struct ring_key **out, enum head2_alg alg,
                                struct keeper_bytes label, const struct keeper_policy *policy,
                                struct ring_time t)
{
    struct keeper_policy made = *policy;
    struct head2_key *key = NULL;
    enum head2_status st = HEAD2_E_LIMIT;

    *out = NULL;
    made.purposes |= KEEPER_MADE_HERE;
    if (r->n == RING_KEYS_MAX)
        goto done;
    HEAD2_TRY(head2_key_generate(&key, alg));
    HEAD2_TRY(head2_key_protect(key));
    HEAD2_TRY(ring_add(r, out, key, label, &made, t));
done:
    head2_key_free(key);
    return st;
}

enum head2_status ring_set_state(struct ring *r, struct ring_key *k, enum keeper_state state)
{
    struct keeper_meta meta = k->meta;
    enum head2_status st = HEAD2_OK;

    meta.state = state;
    if (r->backend != NULL && r->backend->update != NULL)
        HEAD2_TRY(r->backend->update(r->backend->arg, &meta));
    k->meta = meta;
    if (state == KEEPER_REVOKED)
        cool(r, k);
done:
    return st;
}

enum head2_status ring_destroy(struct ring *r, struct ring_key *k)
{
    const size_t at = place_of(r, k->meta.id);
    enum head2_status st = HEAD2_OK;

    if (r->backend != NULL && r->backend->destroy != NULL)
        HEAD2_TRY(r->backend->destroy(r->backend->arg, k->meta.id));
    memmove(r->keys + at, r->keys + at + 1, (--r->n - at) * sizeof *r->keys);
    free_key(r, k);
done:
    return st;
}

/* ---- all of it ---- */

struct loading {
    struct ring *ring;
    struct ring_time t;
};

static enum head2_status load_one(void *to, const struct keeper_meta *meta)
{
    const struct loading *const l = to;

    if (ring_find(l->ring, meta->id) != NULL)
        return HEAD2_E_MALFORMED;
    struct ring_key *const k = new_key(meta, l->t);
    if (k == NULL)
        return HEAD2_E_MEMORY;
    const enum head2_status st = insert(l->ring, k);
    if (st != HEAD2_OK)
        free(k);
    return st;
}

enum head2_status ring_new(struct ring **out, const struct keeper_backend *backend,
                           struct ring_time t)
{
    struct ring *const r = calloc(1, sizeof *r);
    enum head2_status st = HEAD2_E_MEMORY;
    void *place;

    *out = NULL;
    if (r == NULL)
        return st;
    r->backend = backend;
    HEAD2_TRY(shield_new(&r->shield));
    HEAD2_TRY(secmem_new(&place, DER_MAX, SECMEM_LONG_TERM));
    r->scratch = place;
    if (backend != NULL && backend->each != NULL)
        HEAD2_TRY(backend->each(backend->arg, load_one, &(struct loading){r, t}));
    *out = r;
done:
    if (st != HEAD2_OK)
        ring_free(r);
    return st;
}

void ring_free(struct ring *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->n; i++)
        free_key(r, r->keys[i]);
    free(r->keys);
    secmem_free(r->scratch);
    shield_free(r->shield);
    free(r);
}

void ring_each_used(struct ring *r, void (*fn)(void *to, const struct keeper_meta *meta), void *to)
{
    for (size_t i = 0; i < r->n; i++) {
        struct ring_key *const k = r->keys[i];
        if (k->meta.uses != k->told)
            fn(to, &k->meta);
        k->told = k->meta.uses;
    }
}

void ring_info(const struct ring *r, struct keeper_info *out)
{
    out->keys = (uint32_t)r->n;
    out->hot = 0;
    for (size_t i = 0; i < RING_HOT; i++)
        out->hot += r->hot[i] != NULL;
    out->uses = r->uses;
    out->memory = (uint8_t)shield_memory(r->shield);
}
