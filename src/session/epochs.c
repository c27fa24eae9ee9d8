/*
 * Epochs: installing receive keys ahead of need, switching the sending key by age, bytes or the
 * peer's example, the overlap of five packets, and erasing what is over.
 */
#include "session/state.h"

static uint64_t tag_of(const struct lane_keys *keys, unsigned lane)
{
    return be48(keys->base[lane]);
}

static unsigned rx_dir(const struct head2_session *s)
{
    return s->config.role == HEAD2_ROLE_DRONE ? G2D : D2G;
}

static unsigned tx_dir(const struct head2_session *s)
{
    return rx_dir(s) ^ 1;
}

static uint32_t tag_slot(const struct head2_session *s, const struct tunnel *t, unsigned rx,
                         unsigned lane)
{
    return (tunnel_slot(s, t) * RX_EPOCHS + rx) * LANES + lane;
}

void epoch_erase_rx(struct head2_session *s, struct tunnel *t, unsigned i)
{
    struct rx_epoch *rx = &t->rx[i];

    if (!rx->used)
        return;
    for (unsigned lane = 0; lane < LANES; lane++) {
        index_remove(&s->tag_index, tag_of(&rx->keys, lane), tag_slot(s, t, i, lane));
    }
    ciphers_forget(&s->ciphers, rx->serial);
    head2_wipe(rx, sizeof *rx);
}

static void erase_tx(struct head2_session *s, struct tx_epoch *tx)
{
    if (tx->used)
        ciphers_forget(&s->ciphers, tx->serial);
    head2_wipe(tx, sizeof *tx);
}

void epoch_erase_prev(struct head2_session *s, struct tunnel *t)
{
    erase_tx(s, &t->prev);
    memset(t->over, 0, sizeof t->over);
}

void epoch_erase_tx(struct head2_session *s, struct tunnel *t)
{
    epoch_erase_prev(s, t);
    erase_tx(s, &t->tx);
}

/* A place for one more receive epoch; the oldest makes room when all five are taken. */
static unsigned rx_place(struct head2_session *s, struct tunnel *t)
{
    unsigned oldest = 0;

    for (unsigned i = 0; i < RX_EPOCHS; i++) {
        if (!t->rx[i].used)
            return i;
        if (t->rx[i].epoch < t->rx[oldest].epoch)
            oldest = i;
    }
    epoch_erase_rx(s, t, oldest);
    return oldest;
}

static void install_rx(struct head2_session *s, struct tunnel *t, const struct chain *sk,
                       uint32_t gen, uint8_t step)
{
    unsigned i = rx_place(s, t);
    struct rx_epoch *rx = &t->rx[i];

    rx->used = true;
    rx->epoch = epoch_of(gen, step);
    rx->serial = ++s->serial;
    rx->installed = s->now;
    rx->retire = s->now + 2 * (uint64_t)t->params.rot_seconds * SECOND;
    derive_lanes(&rx->keys, sk, t->suite, rx_dir(s), gen, step);
    for (unsigned lane = 0; lane < LANES; lane++)
        index_add(&s->tag_index, tag_of(&rx->keys, lane), tag_slot(s, t, i, lane));
}

static void begin_tx(struct head2_session *s, struct tunnel *t, const struct chain *sk,
                     uint32_t gen, uint8_t step)
{
    struct tx_epoch *tx = &t->tx;

    memset(tx, 0, sizeof *tx);
    tx->used = true;
    tx->epoch = epoch_of(gen, step);
    tx->serial = ++s->serial;
    tx->started = s->now;
    derive_lanes(&tx->keys, sk, t->suite, tx_dir(s), gen, step);
}

/* With sk = SK of the present step: make and install the step after it, and keep only that one. */
static void install_step_ahead(struct head2_session *s, struct tunnel *t, const struct chain *sk,
                               uint32_t gen, uint8_t step)
{
    t->sk_gen = gen;
    t->sk_step = (uint8_t)(step + 1);
    derive_ratchet(&t->sk, sk, gen, t->sk_step);
    install_rx(s, t, &t->sk, gen, t->sk_step);
}

void epoch_start(struct head2_session *s, struct tunnel *t, const struct chain *root)
{
    struct chain sk;

    derive_session_key(&sk, root, t->session_id, 0);
    derive_rotation_keys(&t->rk, &t->rb, root);
    install_rx(s, t, &sk, 0, 0);
    begin_tx(s, t, &sk, 0, 0);
    install_step_ahead(s, t, &sk, 0, 0);
    head2_wipe(&sk, sizeof sk);
}

void epoch_install_next(struct head2_session *s, struct tunnel *t, uint32_t gen,
                        const struct chain *sk)
{
    install_rx(s, t, sk, gen, 0);
}

/* Wire bytes of the present epoch, both directions, as well as this end can know. */
uint64_t epoch_bytes(const struct tunnel *t)
{
    for (unsigned i = 0; i < RX_EPOCHS; i++) {
        const struct rx_epoch *rx = &t->rx[i];
        if (rx->used && rx->epoch == t->tx.epoch)
            return t->tx.bytes + (rx->bytes > rx->peer_bytes ? rx->bytes : rx->peer_bytes);
    }
    return t->tx.bytes;
}

/* Room kept at the end of an epoch: the overlap's copies and some control traffic still fit. */
uint64_t epoch_margin(const struct tunnel *t)
{
    uint64_t overlap = UINT64_C(8) * t->params.overlap * t->params.max_dgram + ROT_RESERVE;
    return overlap > 100000 ? overlap : 100000;
}

static uint64_t arm_age(const struct tunnel *t)
{
    return (uint64_t)t->params.rot_seconds * SECOND - ARM_BEFORE;
}

/* How often somebody may try to forge under one key is limited (RFC 9147, 4.5.3). Both ends move
 * when this one does. An older key goes by itself. */
void epoch_forged(struct head2_session *s, struct tunnel *t, struct rx_epoch *rx, unsigned lane)
{
    if (++rx->failed[lane] != s->config.forgery_limit || rx->epoch < t->tx.epoch)
        return;
    count(s, HEAD2_COUNT_FORGERY_LIMIT);
    t->worn = true;
    tunnel_due(s, t, s->now);
}

/* What a key has been used for is enough. */
static bool arm_by_use(const struct tunnel *t)
{
    if (t->worn || epoch_bytes(t) >= t->params.rot_bytes - epoch_margin(t))
        return true;
    for (unsigned lane = 0; lane < LANES; lane++)
        if (t->tx.packets[lane] >= LANE_PACKETS_MAX - 1024)
            return true;
    return false;
}

bool epoch_arm_due(const struct tunnel *t, uint64_t now)
{
    return now - t->tx.started >= arm_age(t) || arm_by_use(t);
}

uint64_t epoch_due(const struct tunnel *t)
{
    uint64_t due = t->tx.started + arm_age(t);

    if (t->prev.used && t->over_until < due)
        due = t->over_until;
    for (unsigned i = 0; i < RX_EPOCHS; i++)
        if (t->rx[i].used && t->rx[i].retire < due)
            due = t->rx[i].retire;
    return due;
}

static void report_switch(struct head2_session *s, struct tunnel *t, epoch_t from, uint64_t bytes,
                          uint64_t age, enum head2_cause cause)
{
    bool fresh = epoch_gen(t->tx.epoch) != epoch_gen(from);
    struct head2_event *e = event_new(s, HEAD2_EVENT_ROTATED, t->peer);

    e->cause = cause;
    e->suite = t->suite;
    e->old_gen = epoch_gen(from);
    e->old_step = epoch_step(from);
    e->new_gen = epoch_gen(t->tx.epoch);
    e->new_step = epoch_step(t->tx.epoch);
    e->fresh = fresh;
    e->verified = fresh && t->rot.next.verified;
    if (fresh)
        memcpy(e->transcript, t->rot.next.rth3, sizeof e->transcript);
    memcpy(e->pseudonym, t->pseudonym, sizeof e->pseudonym);
    e->epoch_bytes = bytes;
    e->epoch_us = age;
    t->rotations[cause]++;
    if (!fresh)
        t->ratchets++;
}

void epoch_switch(struct head2_session *s, struct tunnel *t, epoch_t to, enum head2_cause cause)
{
    epoch_t from = t->tx.epoch;
    uint64_t bytes = epoch_bytes(t);
    uint64_t age = s->now - t->tx.started;

    HEAD2_REQUIRES(to > from);
    epoch_erase_prev(s, t);
    t->prev = t->tx;
    head2_wipe(&t->tx, sizeof t->tx);
    if (epoch_gen(to) != epoch_gen(from)) {
        HEAD2_REQUIRES(t->rot.next.usable && epoch_step(to) == 0);
        begin_tx(s, t, &t->rot.next.sk, epoch_gen(to), 0);
        install_step_ahead(s, t, &t->rot.next.sk, epoch_gen(to), 0);
        t->rk = t->rot.next.rk;
        t->rb = t->rot.next.rb;
    } else {
        HEAD2_REQUIRES(t->sk_gen == epoch_gen(to) && t->sk_step == epoch_step(to));
        struct chain sk = t->sk;
        begin_tx(s, t, &sk, epoch_gen(to), epoch_step(to));
        if (epoch_step(to) < STEPS_MAX)
            install_step_ahead(s, t, &sk, epoch_gen(to), epoch_step(to));
        head2_wipe(&sk, sizeof sk);
    }
    for (unsigned lane = 0; lane < 4; lane++)
        t->over[lane] = t->params.overlap;
    t->over_until = s->now + OVERLAP_TIME;
    t->stale = 0;
    t->worn = false;
    if (t->params.overlap == 0)
        epoch_erase_prev(s, t);
    report_switch(s, t, from, bytes, age, cause);
    if (epoch_gen(to) != epoch_gen(from))
        rotation_switched(s, t);
    t->ctl.keepalive_now = true; /* lets the peer follow, and prove it, at once */
    tunnel_wake(s, t);
}

void epoch_arm(struct head2_session *s, struct tunnel *t)
{
    enum head2_cause cause = arm_by_use(t)      ? HEAD2_CAUSE_BYTES
                             : t->rot.requested ? HEAD2_CAUSE_REQUEST
                             : t->rot.moved && s->now - t->tx.started < arm_age(t)
                                 ? HEAD2_CAUSE_PATH
                                 : HEAD2_CAUSE_TIME;
    epoch_t now = t->tx.epoch;

    if (t->closing)
        return;
    if (t->rot.next.usable) {
        epoch_switch(s, t, epoch_of(epoch_gen(now) + 1, 0), cause);
        return;
    }
    if (!t->tx.heard) /* look-ahead rule: never two steps ahead of what the peer can open */
        return;
    if (epoch_step(now) >= STEPS_MAX) {
        count(s, HEAD2_COUNT_REKEY_FAILED);
        alarm_event(s, t->peer, HEAD2_COUNT_REKEY_FAILED);
        tunnel_close(s, t, CLOSE_REKEY_FAILED);
        return;
    }
    epoch_switch(s, t, now + 1, cause);
}

/* Why the peer may have moved, judged by what this end has counted itself. */
static enum head2_cause cause_of_peer(const struct head2_session *s, const struct tunnel *t)
{
    if (epoch_bytes(t) >= t->params.rot_bytes / 10 * 9 - epoch_margin(t))
        return HEAD2_CAUSE_BYTES;
    if (s->now - t->tx.started + SECOND >= arm_age(t))
        return HEAD2_CAUSE_TIME;
    if (t->rot.requested)
        return HEAD2_CAUSE_REQUEST;
    return t->rot.moved ? HEAD2_CAUSE_PATH : HEAD2_CAUSE_PEER;
}

void epoch_follow(struct head2_session *s, struct tunnel *t, epoch_t heard)
{
    epoch_t next = epoch_of(epoch_gen(t->tx.epoch) + 1, 0);
    epoch_t to = t->rot.next.usable && next > heard ? next : heard;

    epoch_switch(s, t, to, cause_of_peer(s, t));
    t->tx.heard = heard >= to;
}

void epoch_expire(struct head2_session *s, struct tunnel *t)
{
    if (t->prev.used && s->now >= t->over_until)
        epoch_erase_prev(s, t);
    for (unsigned i = 0; i < RX_EPOCHS; i++)
        if (t->rx[i].used && s->now >= t->rx[i].retire)
            epoch_erase_rx(s, t, i);
    if (epoch_arm_due(t, s->now))
        epoch_arm(s, t);
}
