/*
 * When keys are replaced: a fresh ML-KEM-1024 exchange is made well before it is needed, at a quiet
 * moment if there is one. The drone starts it; the exchange itself is in exchange.c.
 */
#include "session/state.h"

uint32_t rotation_gen_next(const struct tunnel *t)
{
    return epoch_gen(t->tx.epoch) + 1;
}

void rotation_free(struct head2_session *s, struct tunnel *t)
{
    exchange_free(s, t);
    head2_wipe(&t->rot, sizeof t->rot);
}

static bool idle(const struct head2_session *s, const struct tunnel *t)
{
    uint64_t slot = s->now / (200 * MS);
    uint64_t sum = 0;

    if (s->now - t->tx.started <= SECOND)
        return false;
    if (t->rot.prefetch)
        return true;
    if (slot - t->rate_slot >= RATE_BINS)
        return true;
    for (unsigned i = 0; i < RATE_BINS; i++)
        sum += t->rate_bin[i];
    uint64_t recent = slot - t->rate_slot > 1 ? 0 : t->rate_bin[(slot - 1) % RATE_BINS];
    return recent * RATE_BINS * 10 < sum;
}

static bool time_to_begin(const struct head2_session *s, const struct tunnel *t)
{
    uint64_t age = s->now - t->tx.started;

    if (s->config.role != HEAD2_ROLE_DRONE || t->rot.state != ROT_IDLE)
        return false;
    /* both ends must send under this generation before the one after it is offered */
    if (!t->proven || epoch_gen(t->rx_newest) != epoch_gen(t->tx.epoch))
        return false;
    if (t->rot.requested || age >= (uint64_t)t->params.rot_seconds * SECOND / 2)
        return true;
    return epoch_bytes(t) >= t->params.rot_bytes / 2 || idle(s, t);
}

void rotation_switched(struct head2_session *s, struct tunnel *t)
{
    bool prefetch = t->rot.prefetch;

    rotation_free(s, t);
    t->rot.prefetch = prefetch;
}

void rotation_tick(struct head2_session *s, struct tunnel *t)
{
    if (time_to_begin(s, t))
        exchange_begin(s, t);
    if (s->config.role == HEAD2_ROLE_DRONE && t->rot.moved && t->rot.next.usable &&
        s->now - t->tx.started >= PATH_KEY_AGE && idle(s, t))
        epoch_arm(s, t); /* tags link the new path to the old one for no longer than this */
    if (s->config.role == HEAD2_ROLE_DRONE && t->rot.state == ROT_SENT &&
        s->now - t->rot.sent_at >= ROT_RETRY && !control_queued(t, CTL_ROT_INIT))
        exchange_send_init(s, t);
}

void head2_session_rotate(struct head2_session *s, uint64_t now, uint32_t peer)
{
    struct tunnel *t = tunnel_of_peer(s, peer);
    uint8_t body[4];

    if (t == NULL)
        return;
    if (now > s->now)
        s->now = now;
    t->rot.requested = true;
    if (t->rot.next.usable) {
        epoch_arm(s, t);
    } else if (s->config.role != HEAD2_ROLE_DRONE && !control_queued(t, CTL_ROT_REQ)) {
        put_be32(body, rotation_gen_next(t));
        if (!control_queue(s, t, CTL_ROT_REQ, body, sizeof body))
            t->rot.requested = false;
    }
    tunnel_due(s, t, s->now);
}

void head2_session_hint_idle(struct head2_session *s, uint64_t now)
{
    if (now > s->now)
        s->now = now;
    for (uint32_t i = 0; i < s->tunnel_top; i++)
        if (s->tunnels[i].used)
            s->tunnels[i].rot.prefetch = true;
}
