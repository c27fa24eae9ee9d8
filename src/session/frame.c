/*
 * Handshake frames, cookies and reassembly. Everything here is checked before anything is kept.
 */
#include "session/frame.h"

#include <head2/hash.h>

unsigned frame_count(uint16_t msg_len, uint16_t stride)
{
    HEAD2_REQUIRES(stride != 0);
    return ((unsigned)msg_len + stride - 1) / stride;
}

static uint16_t fragment_len(uint16_t msg_len, uint16_t stride, unsigned idx, unsigned cnt)
{
    return idx + 1 < cnt ? stride : (uint16_t)(msg_len - (cnt - 1) * stride);
}

bool frame_parse(struct frame *f, const uint8_t *d, size_t len)
{
    if (len <= FRAME_OVERHEAD || len > FRAME_OVERHEAD + STRIDE_MAX)
        return false;
    f->type = (enum frame_type)d[6];
    f->hs_id = be64(d + 8);
    f->msg_len = be16(d + 16);
    f->stride = be16(d + 18);
    f->idx = d[20];
    f->cnt = d[21];
    f->body_len = be16(d + 22);
    f->cookie = d + 24;
    f->body = d + FRAME_HEAD;
    if (d[6] < FRAME_HELLO || d[6] > FRAME_HINT || d[7] != 0 || f->hs_id == 0)
        return false;
    if (f->msg_len < 1 || f->msg_len > MESSAGE_MAX)
        return false;
    if (f->stride < STRIDE_MIN || f->stride > STRIDE_MAX)
        return false;
    if (f->cnt > FRAGS_MAX || f->cnt != frame_count(f->msg_len, f->stride) || f->idx >= f->cnt)
        return false;
    if (f->body_len != fragment_len(f->msg_len, f->stride, f->idx, f->cnt))
        return false;
    if (len != (size_t)f->body_len + FRAME_OVERHEAD)
        return false;
    f->mac1 = d + FRAME_HEAD + f->body_len;
    return true;
}

static void mac1(uint8_t out[16], const uint8_t mkey[32], const uint8_t *datagram, size_t len)
{
    uint8_t mac[64];

    head2_hmac_sha3_512(mac, mkey, 32, datagram, len);
    memcpy(out, mac, 16);
    head2_wipe(mac, sizeof mac);
}

enum head2_status frame_check_mac(const struct frame *f, const uint8_t *datagram,
                                  const uint8_t mkey[32])
{
    uint8_t expect[16];
    enum head2_status st;

    mac1(expect, mkey, datagram, (size_t)FRAME_HEAD + f->body_len);
    st = head2_equal(expect, f->mac1, sizeof expect);
    head2_wipe(expect, sizeof expect);
    return st;
}

size_t frame_build(uint8_t *out, const struct frame_spec *spec, uint8_t idx)
{
    unsigned cnt = frame_count(spec->msg_len, spec->stride);
    uint16_t body_len = fragment_len(spec->msg_len, spec->stride, idx, cnt);

    HEAD2_REQUIRES(idx < cnt && cnt <= FRAGS_MAX);
    memcpy(out, wire_magic, sizeof wire_magic);
    out[6] = (uint8_t)spec->type;
    out[7] = 0;
    put_be64(out + 8, spec->hs_id);
    put_be16(out + 16, spec->msg_len);
    put_be16(out + 18, spec->stride);
    out[20] = idx;
    out[21] = (uint8_t)cnt;
    put_be16(out + 22, body_len);
    if (spec->cookie != NULL)
        memcpy(out + 24, spec->cookie, COOKIE_BYTES);
    else
        memset(out + 24, 0, COOKIE_BYTES);
    memcpy(out + FRAME_HEAD, spec->msg + (size_t)idx * spec->stride, body_len);
    mac1(out + FRAME_HEAD + body_len, spec->mkey, out, (size_t)FRAME_HEAD + body_len);
    return (size_t)FRAME_OVERHEAD + body_len;
}

void cookie_make(uint8_t cookie[COOKIE_BYTES], const uint8_t key[32], uint8_t kid, uint32_t ts,
                 const struct head2_address *from, uint64_t hs_id)
{
    static const char name[] = "ch2v1 cookie";
    struct head2_hmac_sha3_512 h;
    uint8_t tail[16 + 2 + 8];
    uint8_t mac[64];

    put_be32(cookie, ts);
    cookie[4] = kid;
    memset(cookie + 5, 0, 3);
    memcpy(tail, from->ip, 16);
    put_be16(tail + 16, from->port);
    put_be64(tail + 18, hs_id);
    head2_hmac_sha3_512_init(&h, key, 32);
    head2_hmac_sha3_512_update(&h, name, sizeof name - 1);
    head2_hmac_sha3_512_update(&h, cookie, 8);
    head2_hmac_sha3_512_update(&h, tail, sizeof tail);
    head2_hmac_sha3_512_final(&h, mac);
    memcpy(cookie + 8, mac, 24);
    head2_wipe(mac, sizeof mac);
}

enum head2_status cookie_check(const struct cookie_keys *keys, const uint8_t cookie[COOKIE_BYTES],
                               uint64_t now, const struct head2_address *from, uint64_t hs_id)
{
    uint8_t expect[COOKIE_BYTES];
    uint32_t ts = be32(cookie);
    uint32_t age = (uint32_t)(now / SECOND) - ts;
    uint8_t kid = cookie[4];
    bool known = kid == keys->kid || (keys->two && kid == (uint8_t)(keys->kid - 1));

    if (!known || age > COOKIE_LIFE / SECOND)
        return HEAD2_E_VERIFY;
    cookie_make(expect, keys->key[kid & 1], kid, ts, from, hs_id);
    return head2_equal(expect, cookie, COOKIE_BYTES);
}

void reassembly_start(struct reassembly *r, uint8_t *buf, uint16_t msg_len, uint16_t stride)
{
    r->buf = buf;
    r->have = 0;
    r->msg_len = msg_len;
    r->stride = stride;
    r->cnt = (uint8_t)frame_count(msg_len, stride);
}

bool reassembly_fits(const struct reassembly *r, uint16_t msg_len, uint16_t stride, uint8_t cnt)
{
    return r->msg_len == msg_len && r->stride == stride && r->cnt == cnt;
}

bool reassembly_add(struct reassembly *r, uint8_t idx, const uint8_t *body, size_t len)
{
    HEAD2_REQUIRES(idx < r->cnt && (size_t)idx * r->stride + len <= r->msg_len);
    if (r->have >> idx & 1)
        return false;
    memcpy(r->buf + (size_t)idx * r->stride, body, len);
    r->have |= UINT64_C(1) << idx;
    return true;
}

bool reassembly_complete(const struct reassembly *r)
{
    return r->cnt != 0 && r->have == UINT64_MAX >> (64 - r->cnt);
}
