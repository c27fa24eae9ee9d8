/*
 * As much of DER (ITU-T X.690) as keys need: a strict reader that never looks past its bounds, and
 * a writer that builds from the end, so that every length is known when its header is written.
 */
#ifndef HEAD2_KEYS_DER_H
#define HEAD2_KEYS_DER_H

#include "base/base.h"

#define DER_INTEGER      0x02
#define DER_BIT_STRING   0x03
#define DER_OCTET_STRING 0x04
#define DER_NULL         0x05
#define DER_OID          0x06
#define DER_SEQUENCE     0x30
#define DER_CONTEXT(n)   (0x80 | (n)) /* [n] IMPLICIT of a primitive type */
#define DER_SET_OF(n)    (0xa0 | (n)) /* [n] IMPLICIT of a constructed one */

/* Bytes still to be read. They are part of the caller's buffer. */
struct der {
    const uint8_t *p;
    size_t len;
};

/* The next element must have this tag and a length in its shortest form; value receives its
 * contents and in goes behind it. HEAD2_OK or HEAD2_E_MALFORMED. */
HEAD2_CHECK enum head2_status der_take(struct der *in, uint8_t tag, struct der *value);
/* The tag of the next element, 0 at the end. */
uint8_t der_peek(const struct der *in);
/* A non-negative INTEGER of at most 63 bits. */
HEAD2_CHECK enum head2_status der_take_integer(struct der *in, uint64_t *value);
/* HEAD2_OK when nothing is left. */
HEAD2_CHECK enum head2_status der_end(const struct der *in);
/* Whether buf is exactly one SEQUENCE. */
bool der_is_sequence(const uint8_t *buf, size_t len);

/* A buffer that is filled from its end: at is where the bytes begin. */
struct der_writer {
    uint8_t *buf;
    size_t size;
    size_t at;
};

void der_begin(struct der_writer *w, uint8_t *buf, size_t size);
/* Put bytes, a byte, or a whole element before what is there. The buffer must suffice. */
void der_put(struct der_writer *w, const void *bytes, size_t len);
void der_put_byte(struct der_writer *w, uint8_t byte);
void der_put_element(struct der_writer *w, uint8_t tag, const void *bytes, size_t len);
void der_put_integer(struct der_writer *w, uint64_t value);
/* Where an element's contents end: take it before they are put, and give it to der_wrap after. */
size_t der_mark(const struct der_writer *w);
void der_wrap(struct der_writer *w, uint8_t tag, size_t mark);
/* The bytes written, moved to the front of the buffer. */
size_t der_finish(struct der_writer *w);

#endif
