/*
 * How a fallback key comes from a gateway to a drone: FBK_ISSUE and FBK_ACK on the control lane. It
 * is stored at the gateway before it is sent and at the drone before it is acknowledged, so that
 * neither counts on a key that the other has lost.
 */
#include "session/state.h"

static struct head2_job *job(struct head2_session *s, struct tunnel *t, enum job_kind kind)
{
    struct head2_job *j = job_get(s, kind, OWNER_ISSUE, tunnel_slot(s, t), t->serial);

    t->issue.state = ISSUE_JOB;
    t->issue.wanted = j == NULL;
    return j;
}

static void free_block(struct head2_session *s, struct tunnel *t)
{
    if (t->issue.block == NULL)
        return;
    control_cancel(t, t->issue.block + HEAD2_FALLBACK_HEAD_BYTES);
    pool_put(s, t->issue.block, HEAD2_FALLBACK_MAX_BYTES);
    t->issue.block = NULL;
}

static void drop(struct head2_session *s, struct tunnel *t)
{
    free_block(s, t);
    t->issue.state = ISSUE_NONE;
    t->issue.wanted = false;
}

void issue_free(struct head2_session *s, struct tunnel *t)
{
    drop(s, t);
    head2_wipe(&t->issue, sizeof t->issue);
}

static void report(struct head2_session *s, const struct tunnel *t)
{
    struct head2_event *e = event_new(s, HEAD2_EVENT_FALLBACK_KEY, t->peer);

    memcpy(e->fallback_id, t->issue.id, sizeof e->fallback_id);
    memcpy(e->pseudonym, t->pseudonym, sizeof e->pseudonym);
}

/* ---- storing ---- */

/* Have the application store the key; when the list is full it is put there later. */
static void offer(struct head2_session *s, struct tunnel *t)
{
    struct fallback *f = &s->fb;

    t->issue.state = ISSUE_OFFER;
    t->issue.again = s->now + FBK_RETRY;
    if (f->offer_n == FBK_OFFERS)
        return;
    f->offers[(f->offer_first + f->offer_n++) % FBK_OFFERS] =
        (struct offer){tunnel_slot(s, t), t->serial};
}

bool issue_offered(struct head2_session *s, uint32_t *peer)
{
    struct fallback *f = &s->fb;

    while (f->offer_n != 0) {
        const struct offer o = f->offers[f->offer_first];
        const struct tunnel *t = &s->tunnels[o.slot];
        f->offer_first = (f->offer_first + 1) % FBK_OFFERS;
        f->offer_n--;
        if (!t->used || t->serial != o.serial || t->issue.state != ISSUE_OFFER || t->closing ||
            head2_fallback_decode(&f->out, t->issue.block, t->issue.len) != HEAD2_OK)
            continue;
        *peer = t->peer;
        return true;
    }
    return false;
}

/* ---- the gateway ---- */

static uint64_t lifetime(const struct head2_session *s)
{
    return s->config.fallback_lifetime * SECOND;
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t rest(const struct head2_session *s)
{
    return at_most(FBK_REST, lifetime(s) / 4);
}

static void ask_sign(struct head2_session *s, struct tunnel *t)
{
    struct head2_job *j = job(s, t, JOB_SIGN);

    if (j == NULL)
        return;
    job_message(j, HEAD2_FALLBACK_CONTEXT, t->issue.block, t->issue.len);
    job_start(s, j);
}

/* Unix time, later than that of any key before: a drone takes no other. But a clock that was far
 * ahead and has been set right is believed: nodes take no keys from the future. */
static uint64_t issue_time(struct head2_session *s)
{
    const uint64_t wall = s->config.wall_ms(s->config.wall_arg), last = s->fb.issue_ms;

    s->fb.issue_ms = wall > last || last - wall > FBK_EARLY_MS ? wall : last + 1;
    return s->fb.issue_ms;
}

static void begin(struct head2_session *s, struct tunnel *t)
{
    struct head2_fallback_key key = {.issue_ms = issue_time(s),
                                     .lifetime_s = s->config.fallback_lifetime,
                                     .max_uses = HEAD2_FALLBACK_MAX_USES,
                                     .n_nodes = (uint8_t)s->fb.n_ids};

    t->issue.next = s->now + FBK_RETRY;
    t->issue.block = pool_get(s);
    if (t->issue.block == NULL || draw(s, key.id, sizeof key.id) != HEAD2_OK ||
        draw_for_key(s, &key.key, sizeof key.key) != HEAD2_OK) {
        drop(s, t);
        head2_wipe(&key, sizeof key);
        return;
    }
    HEAD2_PUBLIC(key.id, sizeof key.id, "names a fallback key in the clear");
    memcpy(key.drone, s->peers[t->peer].id, sizeof key.drone);
    memcpy(key.session_id, t->session_id, sizeof key.session_id);
    memcpy(key.nodes, s->fb.ids, sizeof key.nodes);
    memcpy(t->issue.id, key.id, sizeof t->issue.id);
    t->issue.len = (uint16_t)head2_fallback_to_be_signed(t->issue.block, &key);
    head2_wipe(&key, sizeof key);
    if (t->issue.len == 0) /* the clock on the wall is out of its range */
        drop(s, t);
    else
        ask_sign(s, t);
}

static void signed_key(struct head2_session *s, struct tunnel *t, const struct head2_job *j)
{
    uint8_t *at = t->issue.block + t->issue.len;

    if (j->result != HEAD2_OK) {
        count(s, HEAD2_COUNT_RNG_FAIL);
        drop(s, t);
        return;
    }
    put_be16(at, SIG_BYTES);
    memcpy(at + 2, j->sig, SIG_BYTES);
    t->issue.len = (uint16_t)(t->issue.len + 2 + SIG_BYTES);
    t->issue.next = s->now + at_most(FBK_ISSUE_EVERY, lifetime(s) / 2);
    offer(s, t);
}

/* ---- the drone ---- */

static void ask_verify(struct head2_session *s, struct tunnel *t)
{
    struct head2_job *j = job(s, t, JOB_VERIFY);
    const size_t n = t->issue.len - 2 - SIG_BYTES;

    if (j == NULL)
        return;
    job_message(j, HEAD2_FALLBACK_CONTEXT, t->issue.block, n);
    memcpy(j->key, s->peers[t->peer].pk, sizeof j->key);
    memcpy(j->sig, t->issue.block + n + 2, SIG_BYTES);
    job_start(s, j);
}

static void malformed(struct head2_session *s, struct tunnel *t)
{
    count(s, HEAD2_COUNT_CTL_MALFORMED);
    alarm_event(s, t->peer, HEAD2_COUNT_CTL_MALFORMED);
    tunnel_close(s, t, CLOSE_PROTOCOL);
}

/* The key in a block, and whether it is later than the one in force. */
static bool is_newer(struct head2_session *s, const struct head2_fallback_key *key)
{
    const struct held_key *newest = fallback_newest(s);

    return newest == NULL || !fallback_alive(s, newest) || key->issue_ms > newest->issue_ms;
}

static void take_issue(struct head2_session *s, struct tunnel *t, const uint8_t *body, size_t len)
{
    struct head2_fallback_key key;
    uint8_t *block;

    if (s->config.role != HEAD2_ROLE_DRONE || s->fb.n_nodes == 0)
        return;
    drop(s, t); /* one that was on its way is replaced */
    block = pool_get(s);
    if (block == NULL)
        return; /* the gateway makes another one later */
    t->issue.block = block;
    t->issue.len = (uint16_t)(HEAD2_FALLBACK_HEAD_BYTES + len);
    memcpy(block, t->session_id, sizeof t->session_id);
    memcpy(block + sizeof t->session_id, s->id, ID_BYTES);
    if (len <= HEAD2_FALLBACK_MAX_BYTES - HEAD2_FALLBACK_HEAD_BYTES)
        memcpy(block + HEAD2_FALLBACK_HEAD_BYTES, body, len);
    if (head2_fallback_decode(&key, block, t->issue.len) != HEAD2_OK) {
        drop(s, t);
        malformed(s, t);
        return;
    }
    memcpy(t->issue.id, key.id, sizeof t->issue.id);
    const bool newer = is_newer(s, &key) && fallback_find(s, key.id) == NULL;
    head2_wipe(&key, sizeof key);
    if (newer) {
        ask_verify(s, t);
        return;
    }
    count(s, HEAD2_COUNT_FBK_REPLAY);
    drop(s, t);
}

static void verified_key(struct head2_session *s, struct tunnel *t, const struct head2_job *j)
{
    if (j->result == HEAD2_OK) {
        offer(s, t);
        return;
    }
    count(s, HEAD2_COUNT_BAD_SIG); /* the session is the gateway's all the same */
    alarm_event(s, t->peer, HEAD2_COUNT_BAD_SIG);
    drop(s, t);
}

static void install(struct head2_session *s, struct tunnel *t)
{
    struct head2_fallback_key key;

    if (head2_fallback_decode(&key, t->issue.block, t->issue.len) == HEAD2_OK) {
        fallback_hold(s, &key, s->now + (uint64_t)key.lifetime_s * SECOND);
        report(s, t);
    }
    head2_wipe(&key, sizeof key);
}

/* ---- both ---- */

/* Queue what says that the key is stored here. */
static void announce(struct head2_session *s, struct tunnel *t)
{
    if (s->config.role == HEAD2_ROLE_DRONE) {
        if (control_queue(s, t, CTL_FBK_ACK, t->issue.id, sizeof t->issue.id))
            drop(s, t);
    } else if (control_queue(s, t, CTL_FBK_ISSUE, t->issue.block + HEAD2_FALLBACK_HEAD_BYTES,
                             t->issue.len - HEAD2_FALLBACK_HEAD_BYTES)) {
        t->issue.state = ISSUE_SENT;
    }
}

static void take_ack(struct head2_session *s, struct tunnel *t, const uint8_t *body, size_t len)
{
    if (s->config.role != HEAD2_ROLE_GATEWAY)
        return;
    if (len != sizeof t->issue.id) {
        malformed(s, t);
        return;
    }
    if (t->issue.state != ISSUE_SENT || memcmp(body, t->issue.id, sizeof t->issue.id) != 0)
        return;
    s->peers[t->peer].fallback_rest = s->now + rest(s);
    report(s, t);
    drop(s, t);
}

void issue_message(struct head2_session *s, struct tunnel *t, uint8_t type, const uint8_t *body,
                   size_t len)
{
    if (t->closing)
        return;
    if (t->fallback) /* who holds a stolen key makes no new one of it */
        count(s, HEAD2_COUNT_FBK_POLICY);
    else if (type == CTL_FBK_ISSUE)
        take_issue(s, t, body, len);
    else
        take_ack(s, t, body, len);
}

void issue_job_done(struct head2_session *s, struct tunnel *t, const struct head2_job *j)
{
    /* it may be about another key, which this one has taken the place of */
    if (t->closing || t->issue.state != ISSUE_JOB ||
        memcmp(j->msg + HEAD2_FALLBACK_HEAD_BYTES, t->issue.id, sizeof t->issue.id) != 0)
        return;
    if (j->kind == JOB_SIGN)
        signed_key(s, t, j);
    else
        verified_key(s, t, j);
}

void issue_resume(struct head2_session *s, struct tunnel *t)
{
    if (!t->issue.wanted || t->closing)
        return;
    if (s->config.role == HEAD2_ROLE_DRONE)
        ask_verify(s, t);
    else
        ask_sign(s, t);
}

/* A drone holds two keys, and nodes get theirs when somebody brings them: one that makes session
 * after session must not have thrown away all that a node has. Who has used its key has one that a
 * node has. */
static bool rests(const struct head2_session *s, const struct tunnel *t)
{
    return t->fb_counter == 0 && s->now < s->peers[t->peer].fallback_rest;
}

/* Keys wait while many drones come back at once: these need the signatures more. Later they are
 * spread over half a minute. */
static bool time_to_issue(const struct head2_session *s, struct tunnel *t)
{
    if (s->fb.n_ids == 0 || !t->proven || s->now < t->issue.next || rests(s, t) ||
        (t->issue.state != ISSUE_NONE && t->issue.state != ISSUE_SENT) ||
        control_queued(t, CTL_FBK_ISSUE))
        return false;
    if (s->n_half <= FBK_CALM)
        return true;
    t->issue.next = s->now + SECOND + t->serial * UINT64_C(0x9e3779b97f4a7c15) % FBK_SPREAD;
    return false;
}

void issue_tick(struct head2_session *s, struct tunnel *t)
{
    if (t->issue.state == ISSUE_OFFER && s->now >= t->issue.again)
        offer(s, t);
    else if (t->issue.state == ISSUE_KEPT)
        announce(s, t);
    else if (t->issue.state == ISSUE_SENT && !control_queued(t, CTL_FBK_ISSUE))
        free_block(s, t); /* it has arrived; FBK_ACK says whether it was stored */
    if (time_to_issue(s, t)) {
        free_block(s, t);
        begin(s, t);
    }
}

void head2_session_fallback_kept(struct head2_session *s, uint64_t now, uint32_t peer,
                                 const uint8_t id[HEAD2_FALLBACK_ID_BYTES])
{
    if (peer >= s->max_peers || !s->peers[peer].used)
        return;
    if (now > s->now)
        s->now = now;
    for (unsigned i = 0; i < PEER_TUNNELS; i++) {
        const uint32_t slot = s->peers[peer].tunnel[i];
        struct tunnel *t = slot != INDEX_NONE ? &s->tunnels[slot] : NULL;
        if (t == NULL || t->issue.state != ISSUE_OFFER || t->closing ||
            memcmp(t->issue.id, id, sizeof t->issue.id) != 0)
            continue;
        t->issue.state = ISSUE_KEPT;
        if (s->config.role == HEAD2_ROLE_DRONE)
            install(s, t);
        announce(s, t);
    }
}

void head2_session_fallback_given(struct head2_session *s, uint64_t now, uint32_t peer,
                                  uint64_t issue_ms)
{
    if (s->config.role != HEAD2_ROLE_GATEWAY || s->fb.n_ids == 0 || peer >= s->max_peers ||
        !s->peers[peer].used)
        return;
    if (now > s->now)
        s->now = now;
    const uint64_t wall = s->config.wall_ms(s->config.wall_arg), most = rest(s) / 1000;
    if (issue_ms > s->fb.issue_ms)
        s->fb.issue_ms = issue_ms;
    if (issue_ms <= wall && wall - issue_ms < most)
        s->peers[peer].fallback_rest = s->now + (most - (wall - issue_ms)) * 1000;
}
