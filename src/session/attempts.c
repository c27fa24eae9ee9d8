/*
 * The drone's attempts at a handshake: their timers, what each has to send, and when another one
 * starts. Only the drone has timers; up to three attempts run beside each other, and the first that
 * completes wins. Those with nodes (standby.c) have places of their own behind them.
 */
#include "session/initiator.h"

struct peer *attempt_gateway(struct head2_session *s)
{
    return &s->peers[0];
}

const struct head2_address *attempt_address(const struct head2_session *s, const struct attempt *a)
{
    return a->fallback ? &s->fb.node[a->node].addrs[a->addr] : &s->peers[0].addrs[a->addr];
}

const uint8_t *attempt_mkey(const struct head2_session *s, const struct attempt *a, unsigned dir)
{
    return a->fallback ? s->fb.node[a->node].mkey[dir] : s->mkey[dir];
}

void attempt_drop(struct attempt *a)
{
    head2_wipe(a, sizeof *a);
}

void initiator_abort_all(struct head2_session *s)
{
    for (unsigned i = 0; s->attempts != NULL && i < ATTEMPTS; i++)
        attempt_drop(&s->attempts[i]);
}

static void set_timer(struct head2_session *s, struct attempt *a)
{
    uint8_t byte = 128; /* +-25 % jitter; without randomness the timer still runs */

    if (draw(s, &byte, 1) != HEAD2_OK)
        byte = 128;
    HEAD2_PUBLIC(&byte, 1, "the jitter of a timer is seen on the wire");
    a->due = s->now + a->rto * 3 / 4 + a->rto * byte / 512;
}

void attempt_progress(struct head2_session *s, struct attempt *a)
{
    a->progress = s->now;
    a->silent = 0;
    a->rto = RTO_FIRST;
    set_timer(s, a);
}

uint16_t attempt_message_len(const struct attempt *a)
{
    return a->state == ATTEMPT_HELLO  ? HELLO_BYTES
           : a->state == ATTEMPT_AUTH ? auth_len(!a->fallback)
                                      : a->init_len;
}

uint64_t attempt_fragments(const struct attempt *a)
{
    return UINT64_MAX >> (64 - frame_count(attempt_message_len(a), a->stride));
}

void attempt_send(struct head2_session *s, struct attempt *a, enum attempt_state state)
{
    a->state = state;
    a->acked = 0;
    a->to_send = attempt_fragments(a);
    attempt_progress(s, a);
}

/* ---- time ---- */

static void attempt_timeout(struct head2_session *s, struct attempt *a)
{
    bool resp_began = a->state == ATTEMPT_INIT && a->resp.have != 0;

    a->rto = a->rto * 2 > RTO_MAX ? RTO_MAX : a->rto * 2;
    a->silent++;
    if (!a->fallback)
        standby_timeout(s, a->addr);
    if (a->silent >= 3 && a->state != ATTEMPT_HELLO && !resp_began && a->acked == 0 &&
        a->stride != STRIDE_SMALL) {
        a->stride = STRIDE_SMALL; /* the path may lose large datagrams */
        a->silent = 0;
    }
    if (resp_began)
        a->hsack = true;
    else
        a->to_send = attempt_fragments(a) & ~a->acked;
    if (a->to_send == 0 && !resp_began)
        a->to_send = 1; /* all arrived, no answer: the last reply was lost */
    set_timer(s, a);
}

/* While a node serves, a gateway that does not answer is not asked all the time. */
static bool in_vain(struct head2_session *s, const struct attempt *a)
{
    return !a->fallback && a->state == ATTEMPT_HELLO && s->now > a->progress + HS_STUCK &&
           standby_serves(s);
}

static void attempt_tick(struct head2_session *s, struct attempt *a)
{
    if (s->now - a->began > HS_LIFE || in_vain(s, a)) {
        attempt_drop(a);
        return;
    }
    if (a->state != ATTEMPT_HELLO && a->state != ATTEMPT_INIT && a->state != ATTEMPT_AUTH)
        return; /* a job is out */
    if (a->hsack_due != 0 && s->now >= a->hsack_due && a->state == ATTEMPT_INIT) {
        a->hsack = true;
        a->hsack_due = 0;
    }
    if (s->now >= a->due)
        attempt_timeout(s, a);
}

struct attempt *attempt_place(struct head2_session *s, unsigned first, unsigned n)
{
    struct attempt *best = NULL;

    for (unsigned i = first; i < first + n; i++) {
        struct attempt *a = &s->attempts[i];
        if (a->state == ATTEMPT_FREE)
            return a;
        if (s->now > a->progress + HS_STUCK && (best == NULL || a->progress < best->progress))
            best = a;
    }
    return best;
}

static void start_wanted(struct head2_session *s)
{
    struct peer *p = attempt_gateway(s);
    unsigned running = 0, moving = 0;

    for (unsigned i = 0; i < HS_PARALLEL; i++) {
        running += s->attempts[i].state != ATTEMPT_FREE;
        moving +=
            s->attempts[i].state != ATTEMPT_FREE && s->now <= s->attempts[i].progress + HS_STUCK;
    }
    unsigned want = running != 0 ? 1 : p->n_addrs < HS_PARALLEL ? p->n_addrs : HS_PARALLEL;
    while (moving < want) {
        struct attempt *a = attempt_place(s, 0, HS_PARALLEL);
        if (a == NULL)
            return;
        attempt_begin(s, a, p->next_addr);
        p->next_addr = (p->next_addr + 1) % p->n_addrs;
        moving++;
    }
}

void initiator_tick(struct head2_session *s)
{
    struct peer *p = attempt_gateway(s);
    const struct tunnel *t = standby_signed(s);
    const bool up = t != NULL && !t->suspect;

    for (unsigned i = 0; i < ATTEMPTS; i++)
        if (s->attempts[i].state != ATTEMPT_FREE)
            attempt_tick(s, &s->attempts[i]);
    if (!p->used || s->closing)
        return;
    if (up)
        initiator_abort_all(s); /* the old session lives after all */
    else if (s->now >= p->next_try && standby_lets_sign(s))
        start_wanted(s);
    standby_tick(s, up);
}

uint64_t initiator_due(const struct head2_session *s)
{
    uint64_t due = s->now + KEEPALIVE_EVERY;

    for (unsigned i = 0; i < ATTEMPTS; i++) {
        const struct attempt *a = &s->attempts[i];
        if (a->state == ATTEMPT_FREE)
            continue;
        bool waiting =
            a->state == ATTEMPT_HELLO || a->state == ATTEMPT_INIT || a->state == ATTEMPT_AUTH;
        if (waiting && a->due < due)
            due = a->due;
        if (a->hsack_due != 0 && a->hsack_due < due)
            due = a->hsack_due;
    }
    return due;
}

/* ---- sending ---- */

static size_t next_of(struct head2_session *s, struct attempt *a, uint8_t *out)
{
    uint8_t body[HSACK_BYTES];
    struct frame_spec spec = {.hs_id = a->hs_id,
                              .stride = a->stride,
                              .cookie = a->cookie,
                              .mkey = attempt_mkey(s, a, D2G)};

    if (a->hsack && a->state == ATTEMPT_INIT) {
        a->hsack = false;
        body[0] = FRAME_RESP;
        body[1] = a->resp.cnt;
        put_be64(body + 2, a->resp.have);
        spec.type = FRAME_HSACK;
        spec.msg = body;
        spec.msg_len = sizeof body;
        return frame_build(out, &spec, 0);
    }
    if (a->to_send == 0)
        return 0;
    unsigned idx = (unsigned)__builtin_ctzll(a->to_send);
    a->to_send &= a->to_send - 1;
    spec.msg_len = attempt_message_len(a);
    if (a->state == ATTEMPT_HELLO) {
        spec.type = FRAME_HELLO;
        spec.msg = a->hello;
        spec.cookie = NULL;
    } else if (a->state == ATTEMPT_INIT) {
        spec.type = FRAME_INIT;
        spec.msg = a->init;
    } else {
        spec.type = FRAME_AUTH;
        spec.msg = a->auth;
        spec.mkey = a->keys.frag[D2G];
    }
    return frame_build(out, &spec, (uint8_t)idx);
}

size_t initiator_next(struct head2_session *s, uint8_t *out, struct head2_address *to)
{
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        struct attempt *a = &s->attempts[i];
        bool sending =
            a->state == ATTEMPT_HELLO || a->state == ATTEMPT_INIT || a->state == ATTEMPT_AUTH;
        size_t n = sending ? next_of(s, a, out) : 0;
        if (n == 0)
            continue;
        a->wire_bytes += n;
        *to = *attempt_address(s, a);
        return n;
    }
    return 0;
}
