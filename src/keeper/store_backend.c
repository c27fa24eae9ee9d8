/* see store_backend.h */
#include "keeper/store_backend.h"

#include <stdio.h>

/* ring.h and store.h have the same bits and numbers */
_Static_assert(KEEPER_MAY_SIGN == (int)STORE_SIGN && KEEPER_MAY_VERIFY == (int)STORE_VERIFY &&
                   KEEPER_MAY_ENCAPSULATE == (int)STORE_ENCAPSULATE &&
                   KEEPER_MAY_DECAPSULATE == (int)STORE_DECAPSULATE &&
                   KEEPER_MAY_DERIVE == (int)STORE_DERIVE && KEEPER_MAY_SEAL == (int)STORE_SEAL &&
                   KEEPER_MAY_OUTPUT == (int)STORE_OUTPUT &&
                   KEEPER_MADE_HERE == (int)STORE_MADE_HERE && KEEPER_MAY_ALL == STORE_PURPOSES,
               "purposes");
_Static_assert((int)KEEPER_PREACTIVE == (int)STORE_PREACTIVE &&
                   (int)KEEPER_ACTIVE == (int)STORE_ACTIVE &&
                   (int)KEEPER_DEACTIVATED == (int)STORE_DEACTIVATED &&
                   (int)KEEPER_REVOKED == (int)STORE_REVOKED,
               "states");
_Static_assert(KEEPER_LABEL_MAX < STORE_LABEL_MAX, "labels");

static void from_store(struct keeper_meta *out, const struct store_meta *m)
{
    const unsigned reveal = m->extractable ? KEEPER_MAY_REVEAL : 0;

    *out = (struct keeper_meta){.alg = m->alg,
                                .state = (enum keeper_state)m->state,
                                .created_ms = m->created_ms,
                                .uses = m->uses};
    memcpy(out->id, m->id, sizeof out->id);
    snprintf(out->label, sizeof out->label, "%s", m->label);
    out->policy = (struct keeper_policy){.purposes = (uint16_t)(m->purposes | reveal),
                                         .rate_count = m->rate_count,
                                         .rate_seconds = m->rate_seconds,
                                         .not_before_ms = m->not_before_ms,
                                         .not_after_ms = m->not_after_ms};
    memcpy(out->policy.approver, m->approver, sizeof m->approver);
}

static void to_store(struct store_meta *out, const struct keeper_meta *m)
{
    *out = (struct store_meta){.alg = m->alg,
                               .state = (enum store_state)m->state,
                               .purposes = m->policy.purposes & (STORE_PURPOSES | STORE_MADE_HERE),
                               .extractable = (m->policy.purposes & KEEPER_MAY_REVEAL) != 0,
                               .rate_count = m->policy.rate_count,
                               .rate_seconds = m->policy.rate_seconds,
                               .created_ms = m->created_ms,
                               .activated_ms = m->created_ms,
                               .not_before_ms = m->policy.not_before_ms,
                               .not_after_ms = m->policy.not_after_ms};
    memcpy(out->id, m->id, sizeof out->id);
    memcpy(out->approver, m->policy.approver, sizeof out->approver);
    snprintf(out->label, sizeof out->label, "%s", m->label);
}

static enum head2_status
each(void *arg, enum head2_status (*fn)(void *to, const struct keeper_meta *meta), void *to)
{
    const struct store_backend *const b = arg;
    enum head2_status st = HEAD2_OK;
    struct keeper_meta meta;

    for (size_t i = 0; st == HEAD2_OK && i < store_count(b->store); i++) {
        from_store(&meta, store_at(b->store, i));
        st = fn(to, &meta);
    }
    return st;
}

static enum head2_status put(void *arg, const struct head2_key *key, const struct keeper_meta *meta)
{
    struct store_backend *const b = arg;
    struct store_meta m;

    to_store(&m, meta);
    return store_put(b->store, key, &m, &b->fault);
}

static enum head2_status get(void *arg, const uint8_t id[HEAD2_KEY_ID_BYTES],
                             struct head2_key **out)
{
    struct store_backend *const b = arg;

    return store_get(b->store, id, out, &b->fault);
}

/* The state is all that a keeper changes. */
static enum head2_status update(void *arg, const struct keeper_meta *meta)
{
    struct store_backend *const b = arg;
    const struct store_meta *const found = store_find(b->store, meta->id);

    if (found == NULL)
        return HEAD2_E_STATE;
    struct store_meta m = *found;
    m.state = (enum store_state)meta->state;
    return store_update(b->store, &m, &b->fault);
}

static enum head2_status use(void *arg, const uint8_t id[HEAD2_KEY_ID_BYTES], uint32_t n)
{
    struct store_backend *const b = arg;

    return store_use(b->store, id, n, &b->fault);
}

static enum head2_status destroy(void *arg, const uint8_t id[HEAD2_KEY_ID_BYTES])
{
    struct store_backend *const b = arg;

    return store_destroy(b->store, id, &b->fault);
}

static enum head2_status flush(void *arg)
{
    struct store_backend *const b = arg;

    return store_flush(b->store, &b->fault);
}

struct keeper_backend store_backend_of(struct store_backend *b)
{
    return (struct keeper_backend){.arg = b,
                                   .each = each,
                                   .put = put,
                                   .get = get,
                                   .update = update,
                                   .use = use,
                                   .destroy = destroy,
                                   .flush = flush};
}
