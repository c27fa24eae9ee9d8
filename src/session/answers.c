/*
 * What a gateway answers without keeping anything: RETRY, HINT, and the cookies in them.
 */
#include "session/responder.h"

static void reply(struct head2_session *s, const struct head2_address *to, enum frame_type type,
                  uint64_t hs_id, const uint8_t *cookie, const uint8_t *body, uint16_t len)
{
    struct frame_spec spec = {.type = type,
                              .hs_id = hs_id,
                              .stride = STRIDE_FULL,
                              .msg = body,
                              .msg_len = len,
                              .cookie = cookie,
                              .mkey = s->mkey[G2D]};

    if (s->reply_n == REPLIES)
        return; /* the drone will ask again */
    struct reply *r = &s->replies[(s->reply_first + s->reply_n++) % REPLIES];
    r->to = *to;
    r->len = (uint16_t)frame_build(r->bytes, &spec, 0);
}

void answer_retry(struct head2_session *s, const struct head2_address *to, uint64_t hs_id)
{
    uint8_t cookie[COOKIE_BYTES], body[RETRY_BYTES];

    if (s->cookies.made == 0)
        return; /* no key could be drawn yet */
    put_be16(body, WIRE_VERSION);
    put_be16(body + 2, WIRE_VERSION);
    cookie_make(cookie, s->cookies.key[s->cookies.kid & 1], s->cookies.kid,
                (uint32_t)(s->now / SECOND), to, hs_id);
    reply(s, to, FRAME_RETRY, hs_id, cookie, body, sizeof body);
}

void answer_hint(struct head2_session *s, const struct head2_address *to, uint64_t hs_id,
                 uint16_t code, uint32_t arg)
{
    uint8_t body[HINT_BYTES];

    if (!limit_take(&s->hint_bucket, s->now, 10, 10))
        return;
    put_be16(body, code);
    put_be32(body + 2, arg);
    reply(s, to, FRAME_HINT, hs_id, NULL, body, sizeof body);
}

bool answer_busy_ready(const struct head2_session *s)
{
    return limit_left(&s->busy_bucket, s->now, BUSY_HINTS, REPLIES) >= TOKEN;
}

/* Over how many ms those who come in a second have to be spread to be served as they return. */
static uint64_t busy_spread(struct head2_session *s)
{
    if (s->now - s->busy_since >= SECOND) {
        s->busy_before = s->now - s->busy_since < 2 * SECOND ? s->busy_told : 0;
        s->busy_told = 0;
        s->busy_since = s->now;
    }
    s->busy_told++;
    const uint64_t herd = s->busy_told > s->busy_before ? s->busy_told : s->busy_before;
    const uint64_t ms = 2000 * herd / s->config.handshake_rate;
    return ms < BUSY_WAIT / MS ? BUSY_WAIT / MS : ms > 4000 ? 4000 : ms;
}

void answer_busy(struct head2_session *s, const struct head2_address *to, uint64_t hs_id)
{
    uint8_t body[HINT_BYTES];
    uint16_t more;

    if (!limit_take(&s->busy_bucket, s->now, BUSY_HINTS, REPLIES) ||
        draw(s, &more, sizeof more) != HEAD2_OK)
        return;
    HEAD2_PUBLIC(&more, sizeof more, "the wait is sent");
    put_be16(body, HINT_BUSY);
    put_be32(body + 2, (uint32_t)(BUSY_WAIT / MS + more % busy_spread(s)));
    reply(s, to, FRAME_HINT, hs_id, NULL, body, sizeof body);
}

void answer_hello(struct head2_session *s, const struct head2_address *from, const struct frame *f,
                  const uint8_t *d)
{
    if (f->msg_len != HELLO_BYTES || f->cnt != 1) {
        count(s, HEAD2_COUNT_BAD_FRAME);
    } else if (frame_check_mac(f, d, s->mkey[D2G]) != HEAD2_OK) {
        count(s, HEAD2_COUNT_BAD_MAC1);
    } else if (be16(f->body) > WIRE_VERSION || be16(f->body + 2) < WIRE_VERSION) {
        count(s, HEAD2_COUNT_BAD_VERSION);
        answer_hint(s, from, f->hs_id, HINT_VERSION, WIRE_VERSION);
    } else {
        answer_retry(s, from, f->hs_id);
    }
}

static void renew_cookie_key(struct head2_session *s)
{
    struct cookie_keys *c = &s->cookies;
    uint8_t kid = (uint8_t)(c->kid + 1);
    uint8_t key[32];

    if (draw(s, key, sizeof key) != HEAD2_OK)
        return; /* the old key serves on: cookies only prove addresses */
    memcpy(c->key[kid & 1], key, sizeof key);
    head2_wipe(key, sizeof key);
    c->two = c->made != 0;
    c->kid = kid;
    c->made = s->now;
}

void responder_tick(struct head2_session *s)
{
    if (s->cookies.made == 0 || s->now - s->cookies.made >= COOKIE_KEY_LIFE)
        renew_cookie_key(s);
    if (s->now - s->half_swept >= KEEPALIVE_EVERY) /* there may be many */
        fallback_expire(s);
    half_sweep(s);
}
