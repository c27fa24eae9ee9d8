/*
 * What a node takes: a handshake that names a fallback key it holds, proves the key before anything
 * is made for it, and spends a use of it.
 */
#include "session/state.h"

const struct held_key *node_key(struct head2_session *s, const struct init_msg *m)
{
    const struct held_key *k = fallback_find(s, m->psk_id);

    if (k == NULL) {
        count(s, HEAD2_COUNT_PSK_UNKNOWN);
        return NULL;
    }
    if (!fallback_alive(s, k)) {
        count(s, HEAD2_COUNT_FBK_EXPIRED);
        return NULL;
    }
    return k;
}

bool node_binder_fits(const struct held_key *k, const struct init_msg *m, const uint8_t *init,
                      size_t len)
{
    struct chain early;
    uint8_t binder[64];
    bool fits;

    derive_early(&early, k->key.b);
    derive_binder(binder, &early, "binder fbk", init, len);
    fits = head2_equal(binder, m->binder, sizeof binder) == HEAD2_OK;
    head2_wipe(&early, sizeof early);
    head2_wipe(binder, sizeof binder);
    return fits;
}

enum head2_counter node_refuses(const struct head2_session *s, const struct held_key *k,
                                uint16_t counter)
{
    if (!fallback_alive(s, k))
        return HEAD2_COUNT_FBK_EXPIRED;
    if (counter <= k->counter || counter > k->max_uses)
        return HEAD2_COUNT_FBK_REPLAY;
    return HEAD2_COUNTERS;
}
