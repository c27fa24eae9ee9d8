/*
 * One end of sessions: creation, peers, dispatch of datagrams, the list of things to do.
 */
#include "session/responder.h"

#include <stdlib.h>

#define JOBS_DRONE      8
#define JOBS_GATEWAY    64
#define POOL_PER_TUNNEL 4
#define POOL_MAX        8192

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

static enum head2_status draw_for_key(struct head2_session *s, void *out, size_t len)
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

/* ---- creation ---- */

static enum head2_status set_defaults(struct head2_session_config *c)
{
    if (c->rotate_seconds == 0)
        c->rotate_seconds = ROT_SECONDS;
    if (c->rotate_bytes == 0)
        c->rotate_bytes = ROT_BYTES;
    if (c->overlap == 0 && !c->no_overlap)
        c->overlap = OVERLAP_DEFAULT;
    if (c->max_datagram == 0)
        c->max_datagram = 1200;
    if (c->half_open == 0)
        c->half_open = 4096;
    if (c->handshake_rate == 0)
        c->handshake_rate = 400;
    if (c->prefix_rate == 0)
        c->prefix_rate = 5;
    if (c->forgery_limit == 0)
        c->forgery_limit = FORGERIES_MAX;
    if (c->role == HEAD2_ROLE_DRONE)
        c->max_peers = 1;
    if (c->rotate_seconds < ROT_SECONDS_MIN || c->rotate_bytes < ROT_BYTES_MIN ||
        c->overlap > OVERLAP_MAX || c->max_datagram < DATAGRAM_FLOOR ||
        c->max_datagram > DATAGRAM_MAX || c->max_peers == 0 || c->max_peers > 1000000 ||
        c->half_open > 65536 || c->n_exempt > HEAD2_SESSION_MAX_EXEMPT ||
        (c->n_exempt != 0 && c->exempt == NULL) || c->incarnation >= INCARNATION_MAX ||
        c->pk == NULL || c->random == NULL)
        return HEAD2_E_ARG;
    return HEAD2_OK;
}

static void copy_exempt(struct head2_session *s, struct head2_session_config *c)
{
    if (c->n_exempt != 0)
        memcpy(s->exempt, c->exempt, c->n_exempt * sizeof s->exempt[0]);
    c->exempt = s->exempt;
}

static enum head2_status set_suites(struct head2_session *s)
{
    const uint16_t *want = s->config.suites;

    s->n_suites = 0;
    for (unsigned i = 0; i < HEAD2_SESSION_MAX_SUITES && want[i] != 0; i++) {
        if (want[i] != HEAD2_SUITE_L5 && want[i] != HEAD2_SUITE_L1X4 &&
            want[i] != HEAD2_SUITE_L5_P384)
            return HEAD2_E_ARG;
        s->suites[s->n_suites++] = want[i];
    }
    if (s->n_suites == 0)
        s->suites[s->n_suites++] = HEAD2_SUITE_L5;
    return HEAD2_OK;
}

bool hybrid_offered(const struct head2_session *s)
{
    for (unsigned i = 0; i < s->n_suites; i++)
        if (suite_hybrid(s->suites[i]))
            return true;
    return false;
}

static enum head2_status make_jobs(struct head2_session *s, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct head2_job *j = calloc(1, sizeof *j);
        if (j == NULL)
            return HEAD2_E_MEMORY;
        j->next = s->jobs_free;
        s->jobs_free = j;
    }
    return HEAD2_OK;
}

static enum head2_status make_pool(struct head2_session *s)
{
    uint32_t n = s->max_tunnels * POOL_PER_TUNNEL;

    s->pool_total = n < POOL_MAX ? n : POOL_MAX;
    s->pool = calloc(s->pool_total, MESSAGE_MAX);
    s->pool_free = calloc(s->pool_total, sizeof *s->pool_free);
    if (s->pool == NULL || s->pool_free == NULL)
        return HEAD2_E_MEMORY;
    for (uint32_t i = 0; i < s->pool_total; i++)
        s->pool_free[s->pool_n++] = s->pool_total - 1 - i;
    return HEAD2_OK;
}

/* From 128 schedules to 8,192, which take 9 MB. */
static uint32_t cipher_sets(uint32_t tunnels)
{
    uint32_t sets = 32;

    while (sets < tunnels && sets < 2048)
        sets *= 2;
    return sets;
}

static enum head2_status make_tables(struct head2_session *s)
{
    enum head2_status st;
    uint64_t secret[4];
    bool drone = s->config.role == HEAD2_ROLE_DRONE;

    HEAD2_TRY(draw(s, secret, sizeof secret));
    HEAD2_PUBLIC(secret, sizeof secret, "chooses chains of public keys, protects nothing else");
    s->event_cap = EVENT_MIN + 4 * s->max_peers;
    s->events = calloc(s->event_cap, sizeof *s->events);
    s->peers = calloc(s->max_peers, sizeof *s->peers);
    s->tunnels = calloc(s->max_tunnels, sizeof *s->tunnels);
    s->tunnel_free = calloc(s->max_tunnels, sizeof *s->tunnel_free);
    if (s->events == NULL || s->peers == NULL || s->tunnels == NULL || s->tunnel_free == NULL)
        return HEAD2_E_MEMORY;
    HEAD2_TRY(index_init(&s->peer_index, s->max_peers, secret[0]));
    HEAD2_TRY(index_init(&s->tag_index, s->max_tunnels * RX_EPOCHS * LANES, secret[1]));
    HEAD2_TRY(ciphers_init(&s->ciphers, cipher_sets(s->max_tunnels)));
    HEAD2_TRY(deadlines_init(&s->due, s->max_tunnels));
    HEAD2_TRY(make_pool(s));
    HEAD2_TRY(make_jobs(s, drone ? JOBS_DRONE : JOBS_GATEWAY));
    if (drone) {
        s->attempts = calloc(HS_PARALLEL, sizeof *s->attempts);
        return s->attempts != NULL ? HEAD2_OK : HEAD2_E_MEMORY;
    }
    s->max_half = s->config.half_open;
    s->inits = calloc(s->max_half, sizeof *s->inits);
    s->half = calloc(s->max_half, sizeof *s->half);
    s->prefix_bucket = calloc((size_t)PREFIX_WIDTHS * PREFIX_BUCKETS, sizeof *s->prefix_bucket);
    if (s->inits == NULL || s->half == NULL || s->prefix_bucket == NULL)
        return HEAD2_E_MEMORY;
    HEAD2_TRY(index_init(&s->init_index, s->max_half, secret[2]));
    HEAD2_TRY(index_init(&s->half_index, s->max_half, secret[3]));
done:
    return st;
}

enum head2_status head2_session_new(struct head2_session **out,
                                    const struct head2_session_config *config, uint64_t now)
{
    enum head2_status st;
    struct head2_session *s = calloc(1, sizeof *s);

    *out = NULL;
    if (s == NULL)
        return HEAD2_E_MEMORY;
    s->config = *config;
    s->now = s->last_tick = s->half_swept = now;
    s->ready_first = s->half_first = INDEX_NONE;
    image_note(s);
    HEAD2_TRY(set_defaults(&s->config));
    copy_exempt(s, &s->config);
    HEAD2_TRY(set_suites(s));
    s->max_peers = s->config.max_peers;
    s->max_tunnels = 2 * s->max_peers + 2 * PEER_TUNNELS;
    memcpy(s->pk, config->pk, sizeof s->pk);
    s->config.pk = s->pk;
    identity(s->id, s->config.role == HEAD2_ROLE_DRONE ? 'D' : 'G', s->pk);
    HEAD2_TRY(head2_aead_new(&s->box));
    HEAD2_TRY(make_tables(s));
    if (s->config.role == HEAD2_ROLE_GATEWAY) {
        derive_mac1_keys(s->mkey, s->pk);
        s->global_bucket.at = s->hint_bucket.at = now;
        s->global_bucket.micro = (uint64_t)s->config.handshake_rate * TOKEN;
        s->hint_bucket.micro = 10 * TOKEN;
        responder_tick(s);
    }
    *out = s;
    s = NULL;
done:
    head2_session_free(s);
    return st;
}

static void free_jobs(struct head2_job *j)
{
    while (j != NULL) {
        struct head2_job *next = j->next;
        head2_job_free(j);
        j = next;
    }
}

void head2_session_free(struct head2_session *s)
{
    if (s == NULL)
        return;
    for (uint32_t i = 0; s->tunnels != NULL && i < s->tunnel_top; i++)
        if (s->tunnels[i].used)
            tunnel_erase(s, i, CLOSE_NORMAL);
    initiator_abort_all(s);
    if (s->half_top != 0)
        head2_wipe(s->half, s->half_top * sizeof *s->half);
    free_jobs(s->jobs_free);
    free_jobs(s->jobs_ready);
    head2_aead_free(s->box);
    index_free(&s->peer_index);
    index_free(&s->tag_index);
    index_free(&s->init_index);
    index_free(&s->half_index);
    deadlines_free(&s->due);
    ciphers_free(&s->ciphers);
    free(s->events);
    free(s->peers);
    free(s->tunnels);
    free(s->tunnel_free);
    free(s->attempts);
    free(s->inits);
    free(s->half);
    free(s->prefix_bucket);
    free(s->pool);
    free(s->pool_free);
    head2_wipe(s, sizeof *s);
    free(s);
}

enum head2_status head2_session_reconfigure(struct head2_session *s,
                                            const struct head2_session_config *config)
{
    struct head2_session_config c = s->config;

    c.rotate_seconds = config->rotate_seconds;
    c.rotate_bytes = config->rotate_bytes;
    c.overlap = config->overlap;
    c.no_overlap = config->no_overlap;
    c.mac_only_rotation = config->mac_only_rotation;
    c.handshake_rate = config->handshake_rate;
    c.prefix_rate = config->prefix_rate;
    c.exempt = config->exempt;
    c.n_exempt = config->n_exempt;
    if (set_defaults(&c) != HEAD2_OK)
        return HEAD2_E_ARG;
    copy_exempt(s, &c);
    s->config = c;
    return HEAD2_OK;
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
    else if (s->tunnels[job->slot].used && s->tunnels[job->slot].serial == job->serial)
        exchange_job_done(s, &s->tunnels[job->slot], job);
    job_put(s, job);
    if (s->jobs_waiting != 0)
        resume_waiting(s);
}
