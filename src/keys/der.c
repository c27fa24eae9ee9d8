/* see keys/der.h */
#include "keys/der.h"

/* The header of the next element: its contents begin at *skip and have *len bytes. */
static enum head2_status header(const struct der *in, uint8_t tag, size_t *skip, size_t *len)
{
    if (in->len < 2 || in->p[0] != tag)
        return HEAD2_E_MALFORMED;
    *len = in->p[1];
    *skip = 2;
    if (*len >= 0x80) {
        size_t octets = *len & 0x7f; /* 0 would be the indefinite form, which DER has not */
        if (octets == 0 || octets > 4 || in->len < 2 + octets)
            return HEAD2_E_MALFORMED;
        *len = 0;
        for (size_t i = 0; i < octets; i++)
            *len = *len << 8 | in->p[2 + i];
        if (in->p[2] == 0 || *len < 0x80)
            return HEAD2_E_MALFORMED; /* not the shortest form */
        *skip = 2 + octets;
    }
    return *len <= in->len - *skip ? HEAD2_OK : HEAD2_E_MALFORMED;
}

enum head2_status der_take(struct der *in, uint8_t tag, struct der *value)
{
    size_t skip, len;
    if (header(in, tag, &skip, &len) != HEAD2_OK)
        return HEAD2_E_MALFORMED;
    *value = (struct der){in->p + skip, len};
    *in = (struct der){in->p + skip + len, in->len - skip - len};
    return HEAD2_OK;
}

uint8_t der_peek(const struct der *in)
{
    return in->len == 0 ? 0 : in->p[0];
}

enum head2_status der_take_integer(struct der *in, uint64_t *value)
{
    struct der v;
    if (der_take(in, DER_INTEGER, &v) != HEAD2_OK || v.len == 0 || v.len > 8)
        return HEAD2_E_MALFORMED;
    if (v.p[0] >= 0x80) /* negative */
        return HEAD2_E_MALFORMED;
    if (v.len > 1 && v.p[0] == 0 && v.p[1] < 0x80) /* not the shortest form */
        return HEAD2_E_MALFORMED;
    *value = 0;
    for (size_t i = 0; i < v.len; i++)
        *value = *value << 8 | v.p[i];
    return HEAD2_OK;
}

enum head2_status der_end(const struct der *in)
{
    return in->len == 0 ? HEAD2_OK : HEAD2_E_MALFORMED;
}

bool der_is_sequence(const uint8_t *buf, size_t len)
{
    const struct der in = {buf, len};
    size_t skip, contents;
    return header(&in, DER_SEQUENCE, &skip, &contents) == HEAD2_OK && skip + contents == len;
}

void der_begin(struct der_writer *w, uint8_t *buf, size_t size)
{
    *w = (struct der_writer){buf, size, size};
}

void der_put(struct der_writer *w, const void *bytes, size_t len)
{
    HEAD2_REQUIRES(len <= w->at);
    w->at -= len;
    copy_bytes(w->buf + w->at, bytes, len);
}

void der_put_byte(struct der_writer *w, uint8_t byte)
{
    der_put(w, &byte, 1);
}

/* The header for len bytes of contents that are there already. */
static void put_header(struct der_writer *w, uint8_t tag, size_t len)
{
    if (len < 0x80) {
        der_put_byte(w, (uint8_t)len);
    } else {
        uint8_t octets = 0;
        for (size_t rest = len; rest != 0; rest >>= 8, octets++)
            der_put_byte(w, (uint8_t)rest);
        der_put_byte(w, (uint8_t)(0x80 | octets));
    }
    der_put_byte(w, tag);
}

void der_put_element(struct der_writer *w, uint8_t tag, const void *bytes, size_t len)
{
    der_put(w, bytes, len);
    put_header(w, tag, len);
}

void der_put_integer(struct der_writer *w, uint64_t value)
{
    const size_t mark = der_mark(w);
    do {
        der_put_byte(w, (uint8_t)value);
        value >>= 8;
    } while (value != 0);
    if (w->buf[w->at] >= 0x80)
        der_put_byte(w, 0);
    der_wrap(w, DER_INTEGER, mark);
}

size_t der_mark(const struct der_writer *w)
{
    return w->at;
}

void der_wrap(struct der_writer *w, uint8_t tag, size_t mark)
{
    put_header(w, tag, mark - w->at);
}

size_t der_finish(struct der_writer *w)
{
    const size_t len = w->size - w->at;
    memmove(w->buf, w->buf + w->at, len);
    head2_wipe(w->buf + len, w->at);
    return len;
}
