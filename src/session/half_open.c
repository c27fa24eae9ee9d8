/*
 * The table of handshakes under way at a gateway: INITs that come together, half-open handshakes,
 * what each has to send, and when each is given up.
 */
#include "session/responder.h"

uint32_t half_slot(const struct head2_session *s, const struct half_open *h)
{
    return (uint32_t)(h - s->half);
}

void half_wake(struct head2_session *s, struct half_open *h)
{
    if (h->queued)
        return;
    h->queued = true;
    h->ready_next = INDEX_NONE;
    if (s->half_first == INDEX_NONE)
        s->half_first = half_slot(s, h);
    else
        s->half[s->half_last].ready_next = half_slot(s, h);
    s->half_last = half_slot(s, h);
}

void init_drop(struct head2_session *s, struct init_entry *e)
{
    index_remove(&s->init_index, e->hs_id, (uint32_t)(e - s->inits));
    head2_wipe(e, sizeof *e);
}

void half_drop(struct head2_session *s, struct half_open *h)
{
    uint32_t slot = half_slot(s, h), before = INDEX_NONE;

    if (h->queued) {
        for (uint32_t i = s->half_first; i != slot; i = s->half[i].ready_next)
            before = i;
        if (before == INDEX_NONE)
            s->half_first = h->ready_next;
        else
            s->half[before].ready_next = h->ready_next;
        if (s->half_last == slot)
            s->half_last = before;
    }
    index_remove(&s->half_index, h->hs_id, slot);
    uint32_t next;
    for (uint32_t i = index_first(&s->init_index, h->hs_id); i != INDEX_NONE; i = next) {
        next = index_next(&s->init_index, i);
        if (s->inits[i].hs_id == h->hs_id && s->inits[i].half_open == slot)
            init_drop(s, &s->inits[i]);
    }
    s->n_half--;
    head2_wipe(h, sizeof *h);
}

struct half_open *half_new(struct head2_session *s)
{
    for (uint32_t i = 0; i < s->half_top; i++)
        if (s->half[i].state == HALF_FREE)
            return &s->half[i];
    return s->half_top < s->max_half ? &s->half[s->half_top++] : NULL;
}

struct init_entry *init_find(struct head2_session *s, const struct head2_address *from,
                             const struct frame *f)
{
    struct init_entry *oldest = NULL;
    unsigned same = 0;

    for (uint32_t i = index_first(&s->init_index, f->hs_id); i != INDEX_NONE;
         i = index_next(&s->init_index, i)) {
        struct init_entry *e = &s->inits[i];
        if (e->hs_id != f->hs_id || !same_address(&e->from, from))
            continue;
        same++;
        if (reassembly_fits(&e->r, f->msg_len, f->stride, f->cnt))
            return e;
    }
    if (same >= 3)
        return NULL;
    for (uint32_t i = 0; i <= s->init_top && i < s->max_half; i++) {
        struct init_entry *e = &s->inits[i];
        if (!e->used) {
            oldest = e;
            s->init_top = i == s->init_top ? i + 1 : s->init_top;
            break;
        }
        if (e->half_open == INDEX_NONE && (oldest == NULL || e->touched < oldest->touched))
            oldest = e;
    }
    if (oldest == NULL)
        return NULL;
    if (oldest->used)
        init_drop(s, oldest);
    oldest->used = true;
    oldest->hs_id = f->hs_id;
    oldest->from = *from;
    oldest->half_open = INDEX_NONE;
    reassembly_start(&oldest->r, oldest->buf, f->msg_len, f->stride);
    index_add(&s->init_index, f->hs_id, (uint32_t)(oldest - s->inits));
    return oldest;
}

uint64_t half_all_resp(const struct half_open *h)
{
    return UINT64_MAX >> (64 - frame_count(resp_len(h->suite, !h->fallback), h->stride));
}

/* The drone has shown that it holds the session's keys: those of its handshake can go. */
void responder_tunnel_proven(struct head2_session *s, uint32_t tunnel)
{
    for (uint32_t i = 0; i < s->half_top && s->n_half != 0; i++)
        if (s->half[i].state == HALF_DONE && s->half[i].tunnel == tunnel)
            half_drop(s, &s->half[i]);
}

void half_sweep(struct head2_session *s)
{
    if (s->now - s->half_swept < KEEPALIVE_EVERY)
        return;
    s->half_swept = s->now;
    for (uint32_t i = 0; i < s->half_top; i++) {
        struct half_open *h = &s->half[i];
        if (h->state != HALF_FREE &&
            (s->now - h->touched > HS_IDLE || s->now - h->created > HS_LIFE))
            half_drop(s, h);
    }
    for (uint32_t i = 0; i < s->init_top; i++) {
        struct init_entry *e = &s->inits[i];
        if (e->used && e->half_open == INDEX_NONE && s->now - e->touched > HS_IDLE)
            init_drop(s, e);
    }
}

static size_t next_of(struct head2_session *s, struct half_open *h, uint8_t *out)
{
    uint8_t body[HSACK_BYTES];
    struct frame_spec spec = {
        .hs_id = h->hs_id, .stride = h->stride, .cookie = h->cookie, .mkey = s->mkey[G2D]};

    if (h->send_hsack) {
        h->send_hsack = false;
        body[0] = FRAME_AUTH;
        body[1] = h->auth.cnt;
        put_be64(body + 2, h->auth.have);
        spec.type = FRAME_HSACK;
        spec.msg = body;
        spec.msg_len = sizeof body;
        spec.mkey = h->keys.frag[G2D];
        return frame_build(out, &spec, 0);
    }
    if (h->send_done) {
        h->send_done = false;
        spec.type = FRAME_DONE;
        spec.msg = h->done;
        spec.msg_len = DONE_BYTES;
        spec.mkey = h->keys.frag[G2D];
        return frame_build(out, &spec, 0);
    }
    if (h->to_send == 0 || h->state != HALF_RESP)
        return 0;
    unsigned idx = (unsigned)__builtin_ctzll(h->to_send);
    h->to_send &= h->to_send - 1;
    spec.type = FRAME_RESP;
    spec.msg = h->resp;
    spec.msg_len = resp_len(h->suite, !h->fallback);
    return frame_build(out, &spec, (uint8_t)idx);
}

size_t responder_next(struct head2_session *s, uint8_t *out, struct head2_address *to)
{
    while (s->half_first != INDEX_NONE) {
        struct half_open *h = &s->half[s->half_first];
        size_t n = next_of(s, h, out);
        if (n != 0) {
            h->wire_bytes += n;
            *to = h->from;
            return n;
        }
        h->queued = false;
        s->half_first = h->ready_next;
    }
    return 0;
}
