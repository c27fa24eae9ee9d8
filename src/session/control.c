/*
 * The control lane: reliable messages in fragments, acknowledgements and keepalives. Everything
 * here comes from an authenticated peer; what it gets wrong ends the session, not the process.
 */
#include "session/state.h"

static size_t stride_of(const struct tunnel *t)
{
    return (size_t)t->params.max_dgram - HEAD2_SESSION_OVERHEAD - CTL_HEAD;
}

void control_start(struct head2_session *s, struct tunnel *t)
{
    t->ctl.next_id = 1;
    t->ctl.keepalive_now = true;
    t->ctl.keepalive_due = s->now + KEEPALIVE_EVERY;
}

void control_free(struct head2_session *s, struct tunnel *t)
{
    for (unsigned i = 0; i < CTL_IN; i++)
        pool_put(s, t->ctl.in[i].block, t->ctl.in[i].r.msg_len);
    memset(&t->ctl, 0, sizeof t->ctl);
}

bool control_queued(const struct tunnel *t, uint8_t type)
{
    for (unsigned i = 0; i < CTL_OUT; i++)
        if (t->ctl.out[i].used && t->ctl.out[i].type == type)
            return true;
    return false;
}

bool control_queue(struct head2_session *s, struct tunnel *t, uint8_t type, const uint8_t *body,
                   size_t len)
{
    struct ctl_out *m = NULL;

    HEAD2_REQUIRES(len <= MESSAGE_MAX && len > 0);
    for (unsigned i = 0; i < CTL_OUT && m == NULL; i++)
        if (!t->ctl.out[i].used)
            m = &t->ctl.out[i];
    if (m == NULL)
        return false;
    memset(m, 0, sizeof *m);
    if (len > sizeof m->small)
        m->block = body;
    else
        memcpy(m->small, body, len);
    m->used = true;
    m->type = type;
    m->len = (uint16_t)len;
    m->id = t->ctl.next_id++;
    m->cnt = (uint8_t)frame_count((uint16_t)len, (uint16_t)stride_of(t));
    m->to_send = UINT64_MAX >> (64 - m->cnt);
    m->rto = RTO_FIRST;
    m->due = s->now + m->rto;
    tunnel_wake(s, t);
    return true;
}

void control_cancel(struct tunnel *t, const uint8_t *body)
{
    for (unsigned i = 0; i < CTL_OUT; i++)
        if (t->ctl.out[i].used && t->ctl.out[i].block == body)
            head2_wipe(&t->ctl.out[i], sizeof t->ctl.out[i]);
}

/* ---- receiving ---- */

static void note_ack(struct head2_session *s, struct tunnel *t, uint32_t id, uint64_t have,
                     uint64_t due)
{
    struct ctl_ack *slot = &t->ctl.ack[0];

    for (unsigned i = 0; i < CTL_ACKS; i++) {
        struct ctl_ack *a = &t->ctl.ack[i];
        if (a->used && a->id == id) {
            slot = a;
            break;
        }
        if (!a->used)
            slot = a;
    }
    if (!slot->used || slot->id != id || due < slot->due)
        slot->due = due;
    slot->used = true;
    slot->id = id;
    slot->have = have;
    if (slot->due <= s->now)
        tunnel_wake(s, t);
    else
        tunnel_due(s, t, slot->due);
}

static bool already_seen(const struct control *c, uint32_t id)
{
    if (id > c->seen_top)
        return false;
    uint32_t back = c->seen_top - id;
    return back >= 64 || (c->seen_bits >> back & 1) != 0;
}

static void mark_seen(struct control *c, uint32_t id)
{
    if (id > c->seen_top) {
        uint32_t by = id - c->seen_top;
        c->seen_bits = by >= 64 ? 0 : c->seen_bits << by;
        c->seen_top = id;
    }
    c->seen_bits |= UINT64_C(1) << (c->seen_top - id);
}

/* Forget what has come of messages that the peer has no reason to finish. */
void control_forget(struct head2_session *s, struct tunnel *t, uint8_t type)
{
    for (unsigned i = 0; i < CTL_IN; i++) {
        struct ctl_in *m = &t->ctl.in[i];
        if (!m->used || m->type != type)
            continue;
        if (!already_seen(&t->ctl, m->id))
            mark_seen(&t->ctl, m->id); /* late fragments of it open nothing */
        pool_put(s, m->block, m->r.msg_len);
        memset(m, 0, sizeof *m);
    }
}

static void take_ack(struct head2_session *s, struct tunnel *t, const uint8_t *body, size_t len)
{
    if (len < 12)
        return;
    for (unsigned i = 0; i < CTL_OUT; i++) {
        struct ctl_out *m = &t->ctl.out[i];
        if (!m->used || m->id != be32(body))
            continue;
        uint64_t all = UINT64_MAX >> (64 - m->cnt);
        uint64_t before = m->acked;
        m->acked |= be64(body + 4) & all;
        m->to_send &= ~m->acked;
        if (m->acked == all) {
            head2_wipe(m, sizeof *m);
        } else if (m->acked != before) { /* progress: the path works, be quick again */
            m->rto = RTO_FIRST;
            m->due = s->now + m->rto;
        }
    }
}

static void take_keepalive(struct head2_session *s, struct tunnel *t, struct rx_epoch *rx,
                           const uint8_t *body, size_t len)
{
    if (len < KEEPALIVE_BYTES)
        return;
    uint64_t tx_ms = be64(body);
    uint64_t echo = be64(body + 8);
    uint64_t sent = be64(body + 40);
    if (tx_ms > t->echo)
        t->echo = tx_ms;
    if (echo <= s->now / 1000 && echo * 1000 > t->fresh)
        t->fresh = echo * 1000;
    if (sent > rx->peer_bytes)
        rx->peer_bytes = sent;
}

static void malformed(struct head2_session *s, struct tunnel *t)
{
    count(s, HEAD2_COUNT_CTL_MALFORMED);
    alarm_event(s, t->peer, HEAD2_COUNT_CTL_MALFORMED);
    tunnel_close(s, t, CLOSE_PROTOCOL);
}

static void take_close(struct head2_session *s, struct tunnel *t, const uint8_t *body, size_t len)
{
    uint16_t reason = len >= 2 ? be16(body) : 0;

    if (t->closing)
        return;
    tunnel_report_down(s, t, reason);
    t->closing = true; /* the acknowledgement still goes out, then the keys */
    t->gone_at = s->now + 50 * MS;
}

static void complete(struct head2_session *s, struct tunnel *t, uint8_t type, const uint8_t *body,
                     size_t len)
{
    switch (type) {
    case CTL_ROT_INIT:
    case CTL_ROT_RESP:
    case CTL_ROT_CONFIRM:
    case CTL_ROT_REQ:
        exchange_message(s, t, type, body, len);
        break;
    case CTL_FBK_ISSUE:
    case CTL_FBK_ACK:
        issue_message(s, t, type, body, len);
        break;
    case CTL_CLOSE:
        take_close(s, t, body, len);
        break;
    default: /* of a later version, or not for this end: acknowledged, no effect */
        break;
    }
}

static struct ctl_in *in_slot(struct head2_session *s, struct tunnel *t, uint32_t id, uint8_t type,
                              uint16_t msg_len, uint16_t stride)
{
    struct ctl_in *free_slot = NULL;

    for (unsigned i = 0; i < CTL_IN; i++) {
        struct ctl_in *m = &t->ctl.in[i];
        if (m->used && m->id == id)
            return m->type == type ? m : NULL;
        if (!m->used)
            free_slot = m;
    }
    if (free_slot == NULL)
        return NULL;
    free_slot->block = pool_get(s);
    if (free_slot->block == NULL)
        return NULL;
    free_slot->used = true;
    free_slot->id = id;
    free_slot->type = type;
    reassembly_start(&free_slot->r, free_slot->block, msg_len, stride);
    return free_slot;
}

static void take_reliable(struct head2_session *s, struct tunnel *t, const uint8_t *p, size_t len)
{
    uint8_t type = p[0];
    uint32_t id = be32(p + 2);
    uint16_t msg_len = be16(p + 6);
    uint8_t idx = p[8], cnt = p[9];
    uint16_t stride = be16(p + 10);
    size_t body_len = len - CTL_HEAD;

    if (already_seen(&t->ctl, id)) {
        note_ack(s, t, id, UINT64_MAX, s->now);
        return;
    }
    if (id > t->ctl.seen_top + 64 + CTL_WINDOW) { /* far above what the window allows to be sent */
        malformed(s, t);
        return;
    }
    struct ctl_in *m = in_slot(s, t, id, type, msg_len, stride);
    if (m == NULL) {
        count(s, HEAD2_COUNT_REASM_LIMIT); /* not acknowledged: it will come again */
        return;
    }
    if (!reassembly_fits(&m->r, msg_len, stride, cnt)) {
        malformed(s, t);
        return;
    }
    reassembly_add(&m->r, idx, p + CTL_HEAD, body_len);
    if (!reassembly_complete(&m->r)) {
        note_ack(s, t, id, m->r.have, s->now + ACK_DELAY);
        return;
    }
    note_ack(s, t, id, m->r.have, s->now);
    mark_seen(&t->ctl, id);
    uint8_t *block = m->block;
    memset(m, 0, sizeof *m);
    complete(s, t, type, block, msg_len);
    pool_put(s, block, msg_len);
}

static bool head_valid(const uint8_t *p, size_t len)
{
    if (len < CTL_HEAD)
        return false;
    uint16_t msg_len = be16(p + 6), stride = be16(p + 10);
    uint8_t idx = p[8], cnt = p[9];
    size_t body_len = len - CTL_HEAD;
    if (msg_len < 1 || msg_len > MESSAGE_MAX || stride < 1)
        return false;
    if (cnt < 1 || cnt > FRAGS_MAX || idx >= cnt || cnt != frame_count(msg_len, stride))
        return false;
    size_t expect = idx + 1 < cnt ? stride : (size_t)msg_len - (size_t)(cnt - 1) * stride;
    if (body_len != expect)
        return false;
    return (p[1] & CTL_RELIABLE) != 0 ? be32(p + 2) != 0 : be32(p + 2) == 0 && cnt == 1;
}

/* Somebody asks whether this end is where it seems to be, so its address has changed perhaps. */
static void take_challenge(struct head2_session *s, struct tunnel *t, const uint8_t *token)
{
    struct control *c = &t->ctl;

    if (c->path_answers == CTL_PATHS)
        return; /* it is asked again */
    memcpy(c->path_token[c->path_answers++], token, PATH_TOKEN);
    if (s->config.role == HEAD2_ROLE_DRONE)
        t->rot.moved = true;
    tunnel_wake(s, t);
}

void control_input(struct head2_session *s, struct tunnel *t, struct rx_epoch *rx,
                   const uint8_t *plain, size_t len)
{
    if (!head_valid(plain, len)) {
        malformed(s, t);
        return;
    }
    const uint8_t *body = plain + CTL_HEAD;
    size_t body_len = len - CTL_HEAD;
    if ((plain[1] & CTL_RELIABLE) != 0) {
        take_reliable(s, t, plain, len);
        return;
    }
    switch (plain[0]) {
    case CTL_KEEPALIVE:
        take_keepalive(s, t, rx, body, body_len);
        break;
    case CTL_ACK:
        take_ack(s, t, body, body_len);
        break;
    case CTL_PATH_CHALLENGE:
        if (body_len == PATH_TOKEN)
            take_challenge(s, t, body);
        break;
    case CTL_PATH_RESPONSE:
        if (body_len == PATH_TOKEN)
            path_answered(s, t, body);
        break;
    default:
        break;
    }
}

/* ---- sending ---- */

void control_tick(struct head2_session *s, struct tunnel *t)
{
    struct control *c = &t->ctl;

    if (s->now >= c->keepalive_due) {
        c->keepalive_now = true;
        c->keepalive_due += KEEPALIVE_EVERY;
        if (c->keepalive_due <= s->now)
            c->keepalive_due = s->now + KEEPALIVE_EVERY;
    }
    for (unsigned i = 0; i < CTL_OUT; i++) {
        struct ctl_out *m = &c->out[i];
        if (!m->used || s->now < m->due)
            continue;
        m->to_send = (UINT64_MAX >> (64 - m->cnt)) & ~m->acked;
        m->rto = m->rto * 2 > RTO_MAX ? RTO_MAX : m->rto * 2;
        m->due = s->now + m->rto;
    }
}

uint64_t control_due(const struct tunnel *t)
{
    uint64_t due = t->ctl.keepalive_due;

    for (unsigned i = 0; i < CTL_OUT; i++)
        if (t->ctl.out[i].used && t->ctl.out[i].due < due)
            due = t->ctl.out[i].due;
    for (unsigned i = 0; i < CTL_ACKS; i++)
        if (t->ctl.ack[i].used && t->ctl.ack[i].due < due)
            due = t->ctl.ack[i].due;
    return due;
}

bool control_pending(const struct head2_session *s, const struct tunnel *t)
{
    const struct control *c = &t->ctl;

    if (c->keepalive_now || c->path_answers != 0)
        return true;
    for (unsigned i = 0; i < CTL_OUT; i++)
        if (c->out[i].used && c->out[i].to_send != 0)
            return true;
    for (unsigned i = 0; i < CTL_ACKS; i++)
        if (c->ack[i].used && c->ack[i].due <= s->now)
            return true;
    return false;
}

static size_t head_write(uint8_t *p, uint8_t type, uint32_t id, uint16_t len, uint8_t idx,
                         uint8_t cnt, uint16_t stride)
{
    p[0] = type;
    p[1] = id != 0 ? CTL_RELIABLE : 0;
    put_be32(p + 2, id);
    put_be16(p + 6, len);
    p[8] = idx;
    p[9] = cnt;
    put_be16(p + 10, stride);
    return CTL_HEAD;
}

size_t control_write(uint8_t *p, uint8_t type, const uint8_t *body, uint16_t len)
{
    size_t n = head_write(p, type, 0, len, 0, 1, len);

    memcpy(p + n, body, len);
    return n + len;
}

static size_t write_keepalive(const struct head2_session *s, struct tunnel *t, uint8_t *p)
{
    size_t n = head_write(p, CTL_KEEPALIVE, 0, KEEPALIVE_BYTES, 0, 1, KEEPALIVE_BYTES);

    put_be64(p + n, s->now / 1000);
    put_be64(p + n + 8, t->echo);
    for (unsigned i = 0; i < 4; i++)
        put_be48(p + n + 16 + 6 * i, t->window[i].next == 0 ? 0 : t->window[i].next - 1);
    put_be64(p + n + 40, t->tx.bytes);
    return n + KEEPALIVE_BYTES;
}

static size_t write_fragment(const struct tunnel *t, const struct ctl_out *m, unsigned idx,
                             uint8_t *p)
{
    size_t stride = stride_of(t);
    size_t from = idx * stride;
    size_t len = m->len - from < stride ? m->len - from : stride;
    size_t n = head_write(p, m->type, m->id, m->len, (uint8_t)idx, m->cnt, (uint16_t)stride);

    memcpy(p + n, (m->block != NULL ? m->block : m->small) + from, len);
    return n + len;
}

/* The plaintext of the next control packet; 0 when nothing is due. */
static size_t next_plain(struct head2_session *s, struct tunnel *t, uint8_t *p)
{
    struct control *c = &t->ctl;
    size_t n;

    for (unsigned i = 0; i < CTL_ACKS; i++) {
        if (!c->ack[i].used || c->ack[i].due > s->now)
            continue;
        n = head_write(p, CTL_ACK, 0, 12, 0, 1, 12);
        put_be32(p + n, c->ack[i].id);
        put_be64(p + n + 4, c->ack[i].have);
        c->ack[i].used = false;
        return n + 12;
    }
    if (c->path_answers != 0)
        return control_write(p, CTL_PATH_RESPONSE, c->path_token[--c->path_answers], PATH_TOKEN);
    for (unsigned i = 0; i < CTL_OUT; i++) {
        struct ctl_out *m = &c->out[i];
        if (!m->used || m->to_send == 0)
            continue;
        unsigned idx = (unsigned)__builtin_ctzll(m->to_send);
        m->to_send &= m->to_send - 1;
        return write_fragment(t, m, idx, p);
    }
    if (c->keepalive_now) {
        c->keepalive_now = false;
        return write_keepalive(s, t, p);
    }
    return 0;
}

size_t control_next(struct head2_session *s, struct tunnel *t, uint8_t *out)
{
    uint8_t plain[DATAGRAM_MAX];
    size_t len = next_plain(s, t, plain);
    size_t n = 0;

    if (len != 0)
        n = tunnel_seal(s, t, out, plain, len);
    head2_wipe(plain, len);
    return n;
}
