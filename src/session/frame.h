/*
 * Handshake datagrams: the 72-byte frame around a fragment, its mac1, and the stateless cookie.
 */
#ifndef HEAD2_SESSION_FRAME_H
#define HEAD2_SESSION_FRAME_H

#include "session/wire.h"

struct frame {
    enum frame_type type;
    uint64_t hs_id;
    uint16_t msg_len;
    uint16_t stride;
    uint8_t idx;
    uint8_t cnt;
    uint16_t body_len;
    const uint8_t *cookie; /* into the datagram, as are the next two */
    const uint8_t *body;
    const uint8_t *mac1;
};

/* What one message needs to become datagrams. */
struct frame_spec {
    enum frame_type type;
    uint64_t hs_id;
    uint16_t stride;
    const uint8_t *msg;
    uint16_t msg_len;
    const uint8_t *cookie; /* NULL: zeros */
    const uint8_t *mkey;   /* 32 bytes */
};

unsigned frame_count(uint16_t msg_len, uint16_t stride);

/* Read a datagram that begins with MAGIC. False when any field is out of its range or the length
 * does not fit; nothing is authenticated yet. */
bool frame_parse(struct frame *f, const uint8_t *datagram, size_t len);

/* HEAD2_OK when mac1 fits under mkey. */
enum head2_status frame_check_mac(const struct frame *f, const uint8_t *datagram,
                                  const uint8_t mkey[32]);

/* Write fragment idx of a message; returns the datagram's length, at most stride + 72. */
size_t frame_build(uint8_t *out, const struct frame_spec *spec, uint8_t idx);

/* The gateway's two cookie keys: the present one and the one before it. Random, never stored. */
struct cookie_keys {
    uint8_t key[2][32]; /* [kid & 1] */
    uint8_t kid;
    uint64_t made;
    bool two;
};

void cookie_make(uint8_t cookie[COOKIE_BYTES], const uint8_t key[32], uint8_t kid, uint32_t ts,
                 const struct head2_address *from, uint64_t hs_id);

/* HEAD2_OK when this gateway granted the cookie to this address and hs_id within 30 s. */
enum head2_status cookie_check(const struct cookie_keys *keys, const uint8_t cookie[COOKIE_BYTES],
                               uint64_t now, const struct head2_address *from, uint64_t hs_id);

/* Fragments of one message coming together in buf, which the owner provides. */
struct reassembly {
    uint8_t *buf;
    uint64_t have; /* bit i: fragment i is here */
    uint16_t msg_len;
    uint16_t stride;
    uint8_t cnt;
};

void reassembly_start(struct reassembly *r, uint8_t *buf, uint16_t msg_len, uint16_t stride);
bool reassembly_fits(const struct reassembly *r, uint16_t msg_len, uint16_t stride, uint8_t cnt);
/* The first copy of a fragment wins. True when it was new. */
bool reassembly_add(struct reassembly *r, uint8_t idx, const uint8_t *body, size_t len);
bool reassembly_complete(const struct reassembly *r);

#endif
