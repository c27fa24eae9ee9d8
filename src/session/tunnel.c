/*
 * An established session: opening packets, liveness, the end. Sealing is in send.c.
 */
#include "session/responder.h"

#include <head2/hash.h>

static const uint32_t window_bits[LANES] = {WINDOW_OTHER, WINDOW_VIDEO, WINDOW_OTHER, WINDOW_OTHER,
                                            WINDOW_OTHER};

uint32_t tunnel_slot(const struct head2_session *s, const struct tunnel *t)
{
    return (uint32_t)(t - s->tunnels);
}

void tunnel_wake(struct head2_session *s, struct tunnel *t)
{
    if (t->queued || !t->used)
        return;
    t->queued = true;
    t->ready_next = INDEX_NONE;
    if (s->ready_first == INDEX_NONE)
        s->ready_first = tunnel_slot(s, t);
    else
        s->tunnels[s->ready_last].ready_next = tunnel_slot(s, t);
    s->ready_last = tunnel_slot(s, t);
}

void tunnel_due(struct head2_session *s, const struct tunnel *t, uint64_t due)
{
    const uint32_t slot = tunnel_slot(s, t);

    if (due < s->due.due[slot])
        deadlines_set(&s->due, slot, due);
}

static void set_pseudonym(struct tunnel *t)
{
    static const char name[] = "ch2v1 receipt";
    struct head2_keccak h;
    uint8_t hash[32];

    head2_sha3_256_init(&h);
    head2_sha3_update(&h, name, sizeof name - 1);
    head2_sha3_update(&h, t->session_id, sizeof t->session_id);
    head2_sha3_final(&h, hash);
    memcpy(t->pseudonym, hash, sizeof t->pseudonym);
}

static void set_windows(struct tunnel *t)
{
    uint64_t *bits = t->window_bits;

    for (unsigned lane = 0; lane < LANES; lane++) {
        t->window[lane].size = window_bits[lane];
        t->window[lane].bits = bits;
        bits += window_bits[lane] / 64;
    }
}

/* A free slot. A session that the drone has never used gives way before one that it has. */
static uint32_t free_tunnel(struct head2_session *s, struct peer *p)
{
    if (p->tunnel[PEER_TUNNELS - 1] != INDEX_NONE) {
        unsigned victim = PEER_TUNNELS - 1;
        for (unsigned i = 1; i < PEER_TUNNELS; i++)
            if (!s->tunnels[p->tunnel[i]].proven)
                victim = i;
        tunnel_erase(s, p->tunnel[victim], CLOSE_REPLACED);
    }
    if (s->n_free != 0)
        return s->tunnel_free[--s->n_free];
    return s->tunnel_top < s->max_tunnels ? s->tunnel_top++ : INDEX_NONE;
}

static void note_fallback(struct head2_event *e, const struct tunnel *t)
{
    e->fallback = t->fallback;
    memcpy(e->fallback_id, t->fallback_id, sizeof e->fallback_id);
}

void tunnel_report_down(struct head2_session *s, const struct tunnel *t, uint16_t reason)
{
    struct head2_event *e = event_new(s, HEAD2_EVENT_DOWN, t->peer);

    e->reason = reason;
    note_fallback(e, t);
    memcpy(e->pseudonym, t->pseudonym, sizeof e->pseudonym);
}

static void report_up(struct head2_session *s, const struct tunnel *t)
{
    struct head2_event *e = event_new(s, HEAD2_EVENT_UP, t->peer);

    e->suite = t->suite;
    e->replaced = !t->fallback && s->peers[t->peer].tunnel[1] != INDEX_NONE;
    e->verified = !t->fallback;
    e->incarnation = t->incarnation;
    e->fb_counter = t->fb_counter;
    note_fallback(e, t);
    e->handshake_us = t->handshake_us;
    e->handshake_bytes = t->handshake_bytes;
    memcpy(e->pseudonym, t->pseudonym, sizeof e->pseudonym);
    memcpy(e->transcript, t->th8, sizeof e->transcript);
}

/* This session is the one in use: all others with this peer end after the grace time. A signed one
 * does not end for a fallback session, which in turn ends for a signed one at once. */
static void retire_others(struct head2_session *s, const struct tunnel *present)
{
    const struct peer *p = &s->peers[present->peer];

    for (unsigned i = 0; i < PEER_TUNNELS && p->tunnel[i] != INDEX_NONE; i++) {
        struct tunnel *t = &s->tunnels[p->tunnel[i]];
        if (t == present || t->gone_at != 0 || (present->fallback && !t->fallback))
            continue;
        if (t->fallback && !present->fallback) {
            tunnel_close(s, t, CLOSE_UPGRADED);
            continue;
        }
        t->gone_at = s->now + RX_GRACE;
        tunnel_due(s, t, t->gone_at);
    }
}

uint32_t tunnel_new(struct head2_session *s, const struct tunnel_spec *spec)
{
    struct peer *p = &s->peers[spec->peer];
    uint32_t slot = free_tunnel(s, p);
    struct chain root;

    if (slot == INDEX_NONE)
        return slot;
    struct tunnel *t = &s->tunnels[slot];
    memset(t, 0, sizeof *t);
    t->used = true;
    deadlines_set(&s->due, slot, s->now);
    t->peer = spec->peer;
    t->serial = ++s->serial;
    t->suite = spec->suite;
    memcpy(t->session_id, spec->session_id, sizeof t->session_id);
    t->params = spec->params;
    t->fb_counter = spec->fb_counter;
    if (spec->fallback != NULL) {
        t->fallback = true;
        t->node = spec->node;
        t->until = spec->fallback->until;
        memcpy(t->fallback_id, spec->fallback->id, sizeof t->fallback_id);
    }
    path_start(t, &spec->address, s->now);
    t->up_since = t->heard = t->fresh = s->now;
    t->handshake_us = s->now - spec->began;
    t->handshake_bytes = spec->wire_bytes;
    set_pseudonym(t);
    set_windows(t);
    derive_root(&root, spec->master, spec->th8);
    epoch_start(s, t, &root);
    head2_wipe(&root, sizeof root);
    control_start(s, t);
    memcpy(t->th8, spec->th8, sizeof t->th8);
    t->incarnation = spec->incarnation;
    memmove(p->tunnel + 1, p->tunnel, (PEER_TUNNELS - 1) * sizeof p->tunnel[0]);
    p->tunnel[0] = slot;
    if (s->config.role == HEAD2_ROLE_DRONE) {
        retire_others(s, t);
        report_up(s, t);
        tunnel_wake(s, t); /* the gateway waits for the first packet */
    }
    return slot;
}

/* Record numbers count up by one on each lane, through all epochs. */
uint64_t tunnel_missing(const struct tunnel *t, unsigned lane)
{
    return t->window[lane].next - t->rx_packets[lane];
}

static void keep_totals(struct peer *p, const struct tunnel *t)
{
    for (unsigned i = 0; i < LANES; i++) {
        p->tx_packets[i] += t->tx_packets[i];
        p->rx_packets[i] += t->rx_packets[i];
        p->rx_missing[i] += tunnel_missing(t, i);
    }
    for (unsigned i = 0; i < HEAD2_CAUSES; i++)
        p->rotations[i] += t->rotations[i];
    p->ratchets += t->ratchets;
    p->tx_bytes += t->tx_bytes;
    p->rx_bytes += t->rx_bytes;
    p->twins += t->twins;
}

static void leave_ready_list(struct head2_session *s, struct tunnel *t)
{
    uint32_t slot = tunnel_slot(s, t);
    uint32_t before = INDEX_NONE;

    if (!t->queued)
        return;
    for (uint32_t i = s->ready_first; i != slot; i = s->tunnels[i].ready_next)
        before = i;
    if (before == INDEX_NONE)
        s->ready_first = t->ready_next;
    else
        s->tunnels[before].ready_next = t->ready_next;
    if (s->ready_last == slot)
        s->ready_last = before;
}

void tunnel_erase(struct head2_session *s, uint32_t slot, uint16_t reason)
{
    struct tunnel *t = &s->tunnels[slot];
    struct peer *p = &s->peers[t->peer];
    bool last = p->tunnel[0] == slot && p->tunnel[1] == INDEX_NONE;
    bool was_up = t->proven || s->config.role == HEAD2_ROLE_DRONE;

    if (!t->closing && last && was_up)
        tunnel_report_down(s, t, reason);
    keep_totals(p, t);
    leave_ready_list(s, t);
    for (unsigned i = 0; i < RX_EPOCHS; i++)
        epoch_erase_rx(s, t, i);
    epoch_erase_tx(s, t);
    control_free(s, t);
    rotation_free(s, t);
    issue_free(s, t);
    head2_wipe(t, sizeof *t);
    deadlines_remove(&s->due, slot);
    s->tunnel_free[s->n_free++] = slot;
    for (unsigned i = 0; i < PEER_TUNNELS; i++) {
        if (p->tunnel[i] != slot)
            continue;
        memmove(p->tunnel + i, p->tunnel + i + 1, (PEER_TUNNELS - 1 - i) * sizeof p->tunnel[0]);
        p->tunnel[PEER_TUNNELS - 1] = INDEX_NONE;
    }
}

void tunnel_close(struct head2_session *s, struct tunnel *t, enum close_reason reason)
{
    uint8_t body[2];

    if (t->closing)
        return;
    tunnel_report_down(s, t, (uint16_t)reason);
    put_be16(body, (uint16_t)reason);
    t->closing = true;
    t->gone_at = s->now + CLOSE_LINGER;
    if (!control_queue(s, t, CTL_CLOSE, body, sizeof body))
        t->gone_at = s->now; /* no room to say so; the peer will find out by silence */
}

/* The session to send on. A gateway uses a new one once the drone has shown that it has it. */
const struct tunnel *tunnel_present(const struct head2_session *s, uint32_t peer)
{
    const struct tunnel *present = NULL;

    if (peer >= s->max_peers || !s->peers[peer].used)
        return NULL;
    const struct peer *p = &s->peers[peer];
    for (unsigned i = 0; i < PEER_TUNNELS && p->tunnel[i] != INDEX_NONE; i++) {
        const struct tunnel *t = &s->tunnels[p->tunnel[i]];
        bool sure = t->proven || s->config.role == HEAD2_ROLE_DRONE;
        if (t->closing)
            continue;
        if (sure)
            return t;
        if (present == NULL)
            present = t;
    }
    return present;
}

struct tunnel *tunnel_of_peer(struct head2_session *s, uint32_t peer)
{
    const struct tunnel *t = tunnel_present(s, peer);
    return t == NULL ? NULL : &s->tunnels[t - s->tunnels];
}

size_t tunnel_next(struct head2_session *s, struct tunnel *t, uint8_t *out,
                   struct head2_address *to)
{
    size_t n = path_next(s, t, out, to);

    if (n != 0)
        return n;
    n = control_next(s, t, out);
    *to = t->address;
    if (n != 0 && path_copies(s, t, n)) {
        s->copy.to = t->path.to;
        s->copy.len = n;
        memcpy(s->copy.bytes, out, n);
    }
    return n;
}

/* ---- receiving ---- */

/* A packet of an older epoch whose number says it was sealed after the switch: not from an honest
 * peer. Moves the mark of the lane when the epoch is the newest yet. */
static bool stale(struct tunnel *t, unsigned lane, epoch_t epoch, uint64_t rn)
{
    if (epoch > t->lane_epoch[lane] || t->rx_packets[lane] == 0) {
        t->lane_epoch[lane] = epoch;
        t->lane_first[lane] = rn;
        return false;
    }
    if (epoch == t->lane_epoch[lane]) {
        if (rn < t->lane_first[lane])
            t->lane_first[lane] = rn;
        return false;
    }
    return rn >= t->lane_first[lane] + t->params.overlap;
}

static void note_epoch(struct head2_session *s, struct tunnel *t, const struct rx_epoch *rx)
{
    if (rx->epoch >= t->tx.epoch)
        t->tx.heard = true;
    if (rx->epoch <= t->rx_newest)
        return;
    t->rx_newest = rx->epoch;
    for (unsigned i = 0; i < RX_EPOCHS; i++) {
        uint64_t end = s->now + RX_GRACE;
        if (t->rx[i].used && t->rx[i].epoch < rx->epoch && t->rx[i].retire > end)
            t->rx[i].retire = end;
    }
}

static void prove(struct head2_session *s, struct tunnel *t)
{
    t->proven = true;
    if (s->config.role == HEAD2_ROLE_DRONE)
        return;
    responder_tunnel_proven(s, tunnel_slot(s, t));
    retire_others(s, t);
    report_up(s, t);
}

/* An authentic packet as it came. */
struct arrival {
    const struct head2_address *from;
    unsigned lane;
    uint64_t rn;
    size_t len;
};

static void accepted(struct head2_session *s, struct tunnel *t, struct rx_epoch *rx,
                     const struct arrival *a, struct head2_session_data *data)
{
    const unsigned lane = a->lane;
    struct window *w = &t->window[lane];
    const bool below_top = a->rn + 1 < w->next;
    const epoch_t epoch = rx->epoch;
    const size_t plain_len = a->len - HEAD2_SESSION_OVERHEAD;
    const struct fallback_item item = {lane, s->config.role == HEAD2_ROLE_DRONE, s->plain,
                                       plain_len};

    window_accept(w, a->rn);
    rx->bytes += a->len;
    t->rx_bytes += a->len;
    t->heard = s->now;
    note_epoch(s, t, rx);
    if (!t->proven)
        prove(s, t);
    bool is_stale = stale(t, lane, epoch, a->rn);
    t->rx_packets[lane]++;
    if (is_stale) {
        count(s, HEAD2_COUNT_STALE_EPOCH);
        if (++t->stale == STALE_ALARM)
            alarm_event(s, t->peer, HEAD2_COUNT_STALE_EPOCH);
        return;
    }
    path_heard(s, t, a->from, a->len, !below_top);
    if (lane == LANE_CONTROL) {
        uint64_t serial = t->serial;
        control_input(s, t, rx, s->plain, plain_len);
        if (!t->used || t->serial != serial)
            return;
    } else if (!t->closing && (!t->fallback || fallback_passes(s, &item))) {
        data->fallback = t->fallback;
        data->bytes = s->plain;
        data->len = plain_len;
        data->peer = t->peer;
        data->lane = (uint8_t)lane;
        data->late = lane == 0 && s->config.role == HEAD2_ROLE_DRONE &&
                     (below_top || s->now - t->fresh > FRESH_WITHIN);
    }
    if (epoch_gen(epoch) > epoch_gen(t->tx.epoch))
        exchange_heard_next(s, t);
    if (epoch > t->tx.epoch && !t->closing)
        epoch_follow(s, t, epoch);
}

void tunnel_input(struct head2_session *s, const struct head2_address *from, const uint8_t *d,
                  size_t len, struct head2_session_data *data)
{
    uint64_t tag = be48(d);
    enum head2_counter why = HEAD2_COUNT_UNKNOWN_TAG;
    uint32_t next;

    for (uint32_t slot = index_first(&s->tag_index, tag); slot != INDEX_NONE; slot = next) {
        next = index_next(&s->tag_index, slot);
        unsigned lane = slot % LANES;
        struct tunnel *t = &s->tunnels[slot / LANES / RX_EPOCHS];
        struct rx_epoch *rx = &t->rx[slot / LANES % RX_EPOCHS];
        if (be48(rx->keys.base[lane]) != tag)
            continue;
        uint64_t rn = packet_rn(rx->keys.base[lane], d);
        enum window_verdict verdict =
            rn >= RN_LIMIT ? WINDOW_OLD : window_check(&t->window[lane], rn);
        if (verdict != WINDOW_NEW) {
            why = verdict == WINDOW_DUP ? HEAD2_COUNT_DUP : HEAD2_COUNT_OLD;
            continue;
        }
        struct packet_spec p = {.ciphers = &s->ciphers,
                                .keys = &rx->keys,
                                .serial = rx->serial,
                                .session_id = t->session_id,
                                .epoch = rx->epoch,
                                .rn = rn,
                                .suite = t->suite,
                                .dir = s->config.role == HEAD2_ROLE_DRONE ? G2D : D2G,
                                .lane = (uint8_t)lane};
        if (packet_open(s->plain, &p, d, len) != HEAD2_OK) {
            why = HEAD2_COUNT_AEAD_FAIL;
            epoch_forged(s, t, rx, lane);
            continue;
        }
        accepted(s, t, rx, &(struct arrival){from, lane, rn, len}, data);
        return;
    }
    count(s, why);
}

/* ---- time ---- */

static void liveness(struct head2_session *s, struct tunnel *t)
{
    uint64_t lag = s->now - t->fresh;

    if (s->config.role != HEAD2_ROLE_DRONE)
        return;
    if (lag > SUSPECT_AFTER && !t->suspect) {
        struct head2_event *e = event_new(s, HEAD2_EVENT_SUSPECT, t->peer);
        memcpy(e->pseudonym, t->pseudonym, sizeof e->pseudonym);
        t->suspect = true;
    } else if (lag <= SUSPECT_AFTER && t->suspect) {
        t->suspect = false;
    }
}

void tunnel_job_done(struct head2_session *s, const struct head2_job *job)
{
    struct tunnel *t = &s->tunnels[job->slot];

    if (!t->used || t->serial != job->serial)
        return;
    if (job->owner == OWNER_ISSUE)
        issue_job_done(s, t, job);
    else
        exchange_job_done(s, t, job);
}

void tunnel_tick(struct head2_session *s, uint32_t slot)
{
    struct tunnel *t = &s->tunnels[slot];

    if ((t->gone_at != 0 && s->now >= t->gone_at) || s->now - t->fresh > DEAD_AFTER) {
        tunnel_erase(s, slot, 0);
        return;
    }
    fallback_tick(s, t);
    liveness(s, t);
    control_tick(s, t);
    path_tick(s, t);
    if (!t->closing) {
        epoch_expire(s, t);
        rotation_tick(s, t);
        issue_tick(s, t);
    }
    if (control_pending(s, t))
        tunnel_wake(s, t);
    uint64_t due = control_due(t);
    if (epoch_due(t) < due)
        due = epoch_due(t);
    if (path_due(t) < due)
        due = path_due(t);
    if (t->gone_at != 0 && t->gone_at < due)
        due = t->gone_at;
    if (due <= s->now) /* an armed epoch that may not move yet is looked at again soon */
        due = s->now + 10 * MS;
    deadlines_set(&s->due, slot, due);
}
