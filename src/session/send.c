/*
 * Sealing packets: of the control lane one by one, of applications one or several in a call.
 *
 * In a call for several each plaintext is settled in turn as if it were alone: session, key, record
 * number, limits, place. Only the AES-GCM is put off, until a key of those settled may go or the
 * call ends; it is then done for all at once.
 */
#include "session/state.h"

enum { PACKETS = 2 * HEAD2_SESSION_MANY };

/* Packets that are settled, packet i in out[i]; the first `sealed` of them are sealed too. */
struct sealing {
    struct head2_session *s;
    struct tunnel *t; /* that those not yet sealed belong to */
    unsigned n, sealed;
    struct head2_session_item *item[PACKETS];
    uint8_t *out[PACKETS];
    struct aead_job job[PACKETS];
};

/* May this key seal one packet more? If so the packet counts from here on, whatever becomes of it:
 * its record number is spent. */
static enum head2_status charge(struct head2_session *s, struct tunnel *t, struct tx_epoch *tx,
                                uint8_t lane, uint64_t rn, size_t wire)
{
    uint64_t room = t->params.rot_bytes - (lane == LANE_CONTROL ? 0 : ROT_RESERVE);

    if (!tx->used || s->now - tx->started >= (uint64_t)t->params.rot_seconds * SECOND)
        return HEAD2_E_POLICY;
    if (tx->bytes + wire > room || tx->packets[lane] >= LANE_PACKETS_MAX)
        return HEAD2_E_POLICY;
    if (rn >= RN_LIMIT) {
        count(s, HEAD2_COUNT_RN_LIMIT);
        tunnel_close(s, t, CLOSE_LIMIT);
        return HEAD2_E_POLICY;
    }
    tx->bytes += wire;
    tx->packets[lane]++;
    HEAD2_ENSURES(tx->bytes <= t->params.rot_bytes);
    return HEAD2_OK;
}

static struct packet_spec spec_of(struct head2_session *s, const struct tunnel *t,
                                  const struct tx_epoch *tx, uint8_t lane, uint64_t rn)
{
    return (struct packet_spec){.ciphers = &s->ciphers,
                                .keys = &tx->keys,
                                .serial = tx->serial,
                                .session_id = t->session_id,
                                .epoch = tx->epoch,
                                .rn = rn,
                                .suite = t->suite,
                                .dir = s->config.role == HEAD2_ROLE_DRONE ? D2G : G2D,
                                .lane = lane};
}

static void note_sealed(struct tunnel *t, uint8_t lane, size_t wire)
{
    t->tx_packets[lane]++;
    t->tx_bytes += wire;
}

size_t tunnel_seal(struct head2_session *s, struct tunnel *t, uint8_t *out, const uint8_t *plain,
                   size_t len)
{
    const size_t wire = len + HEAD2_SESSION_OVERHEAD;
    const uint64_t rn = t->rn[LANE_CONTROL]++;
    const struct packet_spec p = spec_of(s, t, &t->tx, LANE_CONTROL, rn);

    if (charge(s, t, &t->tx, LANE_CONTROL, rn, wire) != HEAD2_OK ||
        packet_seal(out, &p, plain, len) != HEAD2_OK)
        return 0;
    note_sealed(t, LANE_CONTROL, wire);
    return wire;
}

static void note_rate(struct head2_session *s, struct tunnel *t, size_t len)
{
    uint64_t slot = s->now / (200 * MS);

    if (slot - t->rate_slot >= RATE_BINS)
        memset(t->rate_bin, 0, sizeof t->rate_bin);
    else
        for (uint64_t i = t->rate_slot + 1; i <= slot; i++)
            t->rate_bin[i % RATE_BINS] = 0;
    t->rate_slot = slot;
    t->rate_bin[slot % RATE_BINS] += (uint32_t)len;
}

/* Hand a sealed packet to its item: the first makes it good or not, a second is a twin. */
static void hand_over(struct sealing *b, unsigned i)
{
    struct head2_session_item *item = b->item[i];
    struct head2_session_packets *p = item->packets;
    const size_t wire = item->len + HEAD2_SESSION_OVERHEAD;

    if (item->st != HEAD2_OK)
        return;
    if (b->job[i].st != HEAD2_OK) {
        if (p->n == 0)
            item->st = b->job[i].st;
        return;
    }
    note_sealed(b->t, item->lane, wire);
    if (p->n == 0)
        note_rate(b->s, b->t, wire);
    else
        b->t->twins++;
    p->to = b->t->address;
    if (item->lane == LANE_URGENT && p->n_also == p->n && path_copies(b->s, b->t, wire)) {
        p->also = b->t->path.to;
        p->n_also++;
    }
    p->bytes[p->n] = b->out[i];
    p->len[p->n++] = wire;
}

static void seal_settled(struct sealing *b)
{
    aead_seal_many(b->job + b->sealed, b->n - b->sealed);
    ciphers_next_call(&b->s->ciphers);
    for (; b->sealed < b->n; b->sealed++)
        hand_over(b, b->sealed);
}

static enum head2_status settle_packet(struct sealing *b, struct head2_session_item *item,
                                       struct tx_epoch *tx, uint64_t rn)
{
    enum head2_status st;
    const unsigned i = b->n;
    const struct packet_spec p = spec_of(b->s, b->t, tx, item->lane, rn);

    HEAD2_TRY(charge(b->s, b->t, tx, item->lane, rn, item->len + HEAD2_SESSION_OVERHEAD));
    b->out[i] = item->place != NULL && tx == &b->t->tx ? item->place : b->s->out[i];
    st = packet_prepare(&b->job[i], b->out[i], &p, item->bytes, item->len);
    if (st == HEAD2_E_SPACE) { /* the schedules of those before are in the way */
        seal_settled(b);
        st = packet_prepare(&b->job[i], b->out[i], &p, item->bytes, item->len);
    }
    HEAD2_TRY(st);
    b->item[i] = item;
    b->n++;
done:
    return st;
}

/* The session that the next item goes to: one for all of a call, unless it closes meanwhile. */
static struct tunnel *session_of(struct sealing *b, uint32_t peer)
{
    if (b->t != NULL && b->t->closing) {
        seal_settled(b);
        b->t = NULL;
    }
    if (b->t == NULL)
        b->t = tunnel_of_peer(b->s, peer);
    return b->t;
}

/* After a packet of the present epoch: the same again under the one before, while they overlap. */
static void settle_twin(struct sealing *b, struct head2_session_item *item, uint64_t rn)
{
    struct tunnel *t = b->t;

    if (t->over[item->lane] == 0 || !t->prev.used)
        return;
    (void)settle_packet(b, item, &t->prev, rn); /* without it the item is as good */
    t->over[item->lane]--;
    if ((t->over[0] | t->over[1] | t->over[2] | t->over[3]) == 0) {
        seal_settled(b);
        epoch_erase_prev(b->s, t);
    }
}

static enum head2_status settle(struct sealing *b, uint32_t peer, struct head2_session_item *item)
{
    struct head2_session *s = b->s;

    if (item->lane >= HEAD2_SESSION_LANES)
        return HEAD2_E_ARG;
    struct tunnel *t = session_of(b, peer);
    if (t == NULL) {
        count(s, HEAD2_COUNT_NO_SESSION);
        return HEAD2_E_STATE;
    }
    if (item->len > (size_t)t->params.max_dgram - HEAD2_SESSION_OVERHEAD) {
        count(s, HEAD2_COUNT_TOO_BIG);
        return HEAD2_E_LIMIT;
    }
    if (t->fallback &&
        !fallback_passes(s, &(struct fallback_item){item->lane, s->config.role != HEAD2_ROLE_DRONE,
                                                    item->bytes, item->len}))
        return HEAD2_E_POLICY;
    if (epoch_arm_due(t, s->now)) {
        seal_settled(b);
        epoch_arm(s, t);
    }
    const uint64_t rn = t->rn[item->lane]++;
    const enum head2_status st = settle_packet(b, item, &t->tx, rn);
    if (st == HEAD2_OK)
        settle_twin(b, item, rn);
    else if (st == HEAD2_E_POLICY)
        count(s, HEAD2_COUNT_PAUSED);
    return st;
}

/* The memory was copied while these were sealed: none of them may leave. */
static void discard(struct head2_session_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        memset(items[i].packets, 0, sizeof *items[i].packets);
        items[i].st = HEAD2_E_STATE;
    }
}

/* see head2/session.h */
enum head2_status head2_session_send_many(struct head2_session *s, uint64_t now, uint32_t peer,
                                          struct head2_session_item *items, size_t n)
{
    const bool good = peer < s->max_peers && n <= HEAD2_SESSION_MANY;
    struct sealing b; /* 2 KiB, of which most calls need little: not cleared */

    b.s = s;
    b.t = NULL;
    b.n = b.sealed = 0;
    if (now > s->now)
        s->now = now;
    (void)image_changed(s); /* then there is no session */
    for (size_t i = 0; i < n; i++) {
        memset(items[i].packets, 0, sizeof *items[i].packets);
        items[i].st = HEAD2_OK;
        const enum head2_status st = good ? settle(&b, peer, &items[i]) : HEAD2_E_ARG;
        if (st != HEAD2_OK)
            items[i].st = st;
    }
    seal_settled(&b);
    if (good && image_changed(s))
        discard(items, n);
    for (size_t i = 0; i < n; i++)
        if (items[i].st != HEAD2_OK)
            return items[i].st;
    return good ? HEAD2_OK : HEAD2_E_ARG;
}

/* see head2/session.h */
enum head2_status head2_session_send(struct head2_session *s, uint64_t now, uint32_t peer,
                                     uint8_t lane, const uint8_t *bytes, size_t len,
                                     struct head2_session_packets *packets)
{
    struct head2_session_item item = {.lane = lane, .bytes = bytes, .len = len, .packets = packets};

    return head2_session_send_many(s, now, peer, &item, 1);
}
