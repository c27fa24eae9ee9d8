/*
 * One end of sessions: what every file uses, dispatch of datagrams, the list of things to do.
 */
#include "session/responder.h"

/* ---- what every file uses ---- */

void count(struct head2_session *s, enum head2_counter what)
{
    s->counters[what]++;
}

struct head2_event *event_new(struct head2_session *s, enum head2_event_kind kind, uint32_t peer)
{
    if (s->event_n == 0)
        s->event_first = 0;           /* a queue that is mostly empty stays in the same few pages */
    if (s->event_n == s->event_cap) { /* nobody collects them: the oldest makes room */
        count(s, HEAD2_COUNT_EVENTS_LOST);
        s->event_first = (s->event_first + 1) % s->event_cap;
        s->event_n--;
    }
    struct head2_event *e = &s->events[(s->event_first + s->event_n++) % s->event_cap];
    memset(e, 0, sizeof *e);
    e->kind = kind;
    e->peer = peer;
    return e;
}

void alarm_event(struct head2_session *s, uint32_t peer, enum head2_counter what)
{
    event_new(s, HEAD2_EVENT_ALARM, peer)->counter = what;
}

static enum head2_status draw_from(struct head2_session *s, head2_random_fn *random, void *out,
                                   size_t len)
{
    enum head2_status st = random(s->config.random_arg, out, len);

    if (st != HEAD2_OK) {
        count(s, HEAD2_COUNT_RNG_FAIL);
        head2_wipe(out, len);
    }
    return st;
}

enum head2_status draw(struct head2_session *s, void *out, size_t len)
{
    return draw_from(s, s->config.random, out, len);
}

enum head2_status draw_for_key(struct head2_session *s, void *out, size_t len)
{
    return draw_from(s, s->config.random_key != NULL ? s->config.random_key : s->config.random, out,
                     len);
}

enum head2_status draw_kx2(struct head2_session *s, struct kx_secret *seed, bool hybrid)
{
    seed->hybrid = hybrid;
    return hybrid ? draw_for_key(s, &seed->p384, sizeof seed->p384) : HEAD2_OK;
}

enum head2_status draw_key(struct head2_session *s, struct kx_secret *seed, bool hybrid)
{
    enum head2_status st = draw_for_key(s, &seed->kem, sizeof seed->kem);

    return st == HEAD2_OK ? draw_kx2(s, seed, hybrid) : st;
}

uint8_t *pool_get(struct head2_session *s)
{
    if (s->pool_n == 0)
        return NULL;
    return s->pool + (size_t)s->pool_free[--s->pool_n] * MESSAGE_MAX;
}

void pool_put(struct head2_session *s, uint8_t *block, size_t used)
{
    if (block == NULL)
        return;
    HEAD2_REQUIRES(s->pool_n < s->pool_total);
    head2_wipe(block, used);
    s->pool_free[s->pool_n++] = (uint32_t)((size_t)(block - s->pool) / MESSAGE_MAX);
}

bool same_address(const struct head2_address *a, const struct head2_address *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

struct params own_params(const struct head2_session *s)
{
    struct params p = {.incarnation = s->config.incarnation,
                       .rot_seconds = s->config.rotate_seconds,
                       .rot_bytes = s->config.rotate_bytes,
                       .overlap = s->config.overlap,
                       .flags = s->config.mac_only_rotation ? PARAMS_MAC_ONLY : 0,
                       .max_dgram = s->config.max_datagram};

    if (s->config.wall_ms != NULL)
        p.now_ms = s->config.wall_ms(s->config.wall_arg);
    return p;
}

/* ---- input, time, output ---- */

static void advance(struct head2_session *s, uint64_t now)
{
    if (now >= s->now) {
        s->now = now;
        return;
    }
    count(s, HEAD2_COUNT_CLOCK_BACK); /* ages cannot be trusted: every key counts as old */
    for (uint32_t i = 0; i < s->tunnel_top; i++)
        if (s->tunnels[i].used && !s->tunnels[i].closing)
            epoch_arm(s, &s->tunnels[i]);
}

void head2_session_input(struct head2_session *s, uint64_t now, const struct head2_address *from,
                         const uint8_t *datagram, size_t len, struct head2_session_data *data)
{
    struct frame f;

    memset(data, 0, sizeof *data);
    data->peer = HEAD2_SESSION_NO_PEER;
    if (now > s->now)
        s->now = now;       /* a clock that goes back is noticed by the tick */
    (void)image_changed(s); /* then nobody knows this datagram any more */
    if (len < DATAGRAM_MIN) {
        count(s, HEAD2_COUNT_SHORT);
    } else if (memcmp(datagram, wire_magic, sizeof wire_magic) != 0) {
        if (len > DATAGRAM_MAX)
            count(s, HEAD2_COUNT_TOO_BIG);
        else
            tunnel_input(s, from, datagram, len, data);
    } else if (!frame_parse(&f, datagram, len)) {
        count(s, HEAD2_COUNT_BAD_FRAME);
    } else if (s->config.role == HEAD2_ROLE_DRONE) {
        initiator_input(s, from, &f, datagram, len);
    } else {
        responder_input(s, from, &f, datagram, len);
    }
}

void head2_session_tick(struct head2_session *s, uint64_t now)
{
    advance(s, now);
    (void)image_changed(s);
    s->last_tick = s->now;
    for (uint32_t i = 0; deadlines_first(&s->due, &i) <= s->now;)
        tunnel_tick(s, i);
    if (s->config.role == HEAD2_ROLE_DRONE)
        initiator_tick(s);
    else
        responder_tick(s);
}

uint64_t head2_session_deadline(const struct head2_session *s)
{
    bool drone = s->config.role == HEAD2_ROLE_DRONE;
    uint64_t due = s->last_tick + KEEPALIVE_EVERY;
    /* a gateway looks at most every 5 ms, so that a thousand timers are not a thousand wakings */
    uint64_t floor = s->last_tick + (drone ? MS : 5 * MS);

    if (deadlines_first(&s->due, NULL) < due)
        due = deadlines_first(&s->due, NULL);
    if (drone && initiator_due(s) < due)
        due = initiator_due(s);
    return due > floor ? due : floor;
}

void head2_session_close(struct head2_session *s, uint64_t now)
{
    if (now > s->now)
        s->now = now;
    s->closing = true;
    s->close_until = s->now + CLOSE_LINGER;
    initiator_abort_all(s);
    for (uint32_t i = 0; i < s->tunnel_top; i++)
        if (s->tunnels[i].used) {
            tunnel_close(s, &s->tunnels[i], CLOSE_SHUTDOWN);
            tunnel_due(s, &s->tunnels[i], s->now);
        }
}

bool head2_session_closed(const struct head2_session *s)
{
    if (!s->closing)
        return false;
    for (uint32_t i = 0; i < s->tunnel_top; i++)
        if (s->tunnels[i].used && s->now < s->close_until &&
            control_queued(&s->tunnels[i], CTL_CLOSE))
            return false;
    return true;
}

static size_t next_datagram(struct head2_session *s, struct head2_address *to)
{
    size_t n;

    if (s->copy.len != 0) {
        n = s->copy.len;
        s->copy.len = 0;
        memcpy(s->out[0], s->copy.bytes, n);
        *to = s->copy.to;
        return n;
    }
    if (s->reply_n != 0) {
        struct reply *r = &s->replies[s->reply_first];
        s->reply_first = (s->reply_first + 1) % REPLIES;
        s->reply_n--;
        memcpy(s->out[0], r->bytes, r->len);
        *to = r->to;
        return r->len;
    }
    if (s->config.role == HEAD2_ROLE_DRONE)
        n = initiator_next(s, s->out[0], to);
    else
        n = responder_next(s, s->out[0], to);
    while (n == 0 && s->ready_first != INDEX_NONE) {
        struct tunnel *t = &s->tunnels[s->ready_first];
        n = tunnel_next(s, t, s->out[0], to);
        if (n == 0) {
            t->queued = false;
            s->ready_first = t->ready_next;
            tunnel_due(s, t, control_due(t));
        }
    }
    HEAD2_ENSURES(n <= DATAGRAM_MAX);
    return n;
}

static bool next_action(struct head2_session *s, struct head2_action *action)
{
    if (s->event_n != 0) {
        action->kind = HEAD2_ACTION_EVENT;
        action->event = &s->events[s->event_first];
        s->event_first = (s->event_first + 1) % s->event_cap;
        s->event_n--;
        return true;
    }
    if (issue_offered(s, &action->peer)) {
        action->kind = HEAD2_ACTION_FALLBACK_KEY;
        action->fallback = &s->fb.out;
        return true;
    }
    if (s->jobs_ready != NULL) {
        action->kind = HEAD2_ACTION_JOB;
        action->job = s->jobs_ready;
        s->jobs_ready = s->jobs_ready->next;
        return true;
    }
    action->kind = HEAD2_ACTION_SEND;
    action->len = next_datagram(s, &action->to);
    action->bytes = s->out[0];
    return action->len != 0;
}

bool head2_session_next(struct head2_session *s, uint64_t now, struct head2_action *action)
{
    memset(action, 0, sizeof *action);
    if (now > s->now)
        s->now = now;
    if (s->fb.out.n_nodes != 0) /* it was there for the last action */
        head2_wipe(&s->fb.out, sizeof s->fb.out);
    (void)image_changed(s);
    const bool any = next_action(s, action);
    if (!any || action->kind != HEAD2_ACTION_SEND || !image_changed(s))
        return any;
    memset(action, 0, sizeof *action); /* sealed too late: this must not leave */
    return next_action(s, action);
}

static void resume_waiting(struct head2_session *s)
{
    s->jobs_waiting = 0;
    /* sessions first: no number of handshakes may keep them from a new key */
    for (uint32_t i = 0; i < s->tunnel_top; i++)
        if (s->tunnels[i].used)
            exchange_resume(s, &s->tunnels[i]);
    if (s->config.role == HEAD2_ROLE_DRONE)
        initiator_resume(s);
    else
        responder_resume(s);
    for (uint32_t i = 0; i < s->tunnel_top; i++)
        if (s->tunnels[i].used)
            issue_resume(s, &s->tunnels[i]);
}

void head2_session_complete(struct head2_session *s, uint64_t now, struct head2_job *job)
{
    if (now > s->now)
        s->now = now;
    (void)image_changed(s);
    if (job->owner == OWNER_ATTEMPT)
        initiator_job_done(s, job);
    else if (job->owner == OWNER_HALF_OPEN)
        responder_job_done(s, job);
    else
        tunnel_job_done(s, job);
    job_put(s, job);
    if (s->jobs_waiting != 0)
        resume_waiting(s);
}
