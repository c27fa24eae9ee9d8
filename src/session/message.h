/*
 * The bodies of INIT, RESP, AUTH and DONE: structures, encodings and the boxes around them.
 */
#ifndef HEAD2_SESSION_MESSAGE_H
#define HEAD2_SESSION_MESSAGE_H

#include "session/schedule.h"
#include "session/wire.h"

/* What each side offers; the session runs under the stricter of both. */
struct params {
    uint64_t incarnation;
    uint32_t rot_seconds;
    uint64_t rot_bytes;
    uint16_t overlap;
    uint16_t flags; /* bit 0 zero-knowledge mode, bit 1 striping, bit 2 MAC-only rotation */
    uint16_t fb_counter;
    uint64_t now_ms;
    uint16_t max_dgram;
};

void params_write(uint8_t out[PARAMS_BYTES], const struct params *p);
/* False when a reserved byte is set or a value is out of its range. */
bool params_read(struct params *p, const uint8_t in[PARAMS_BYTES]);
/* The effective values of both offers, within the protocol's floors and ceilings. */
void params_agree(struct params *out, const struct params *a, const struct params *b);

struct init_msg {
    uint16_t version, max_version;
    uint8_t auth_mode, n_suites;
    uint16_t suites[8];
    const uint8_t *random_d, *psk_id, *ek, *binder;
    const uint8_t *kx2; /* 97 bytes, or NULL */
};

/* kx2: the P-384 share, or NULL. Returns the length: INIT_BYTES, or INIT_MAX with a share. */
uint16_t init_write(uint8_t *out, const uint16_t *suites, unsigned n_suites,
                    const uint8_t random_d[32], const uint8_t ek[EK_BYTES], const uint8_t *kx2);
bool init_read(struct init_msg *m, const uint8_t *in, size_t len);
/* Make a fallback handshake's of it: name the key from which `early` comes, and prove it. */
void init_bind(uint8_t *init, size_t len, const uint8_t psk_id[HEAD2_FALLBACK_ID_BYTES],
               const struct chain *early);

struct resp_clear {
    uint16_t version, max_version, suite;
    const uint8_t *random_g, *ct;
    const uint8_t *kx2; /* 97 bytes, or NULL */
};

/* How long the clear part of RESP is, which has a share if and only if the suite is hybrid. */
uint16_t resp_clear_len(uint16_t suite);
void resp_clear_write(uint8_t *out, uint16_t suite, const uint8_t random_g[32],
                      const uint8_t ct[CT_BYTES], const uint8_t *kx2);
/* len: of the whole RESP, which must be that of its suite and of a handshake that signs or not. */
bool resp_clear_read(struct resp_clear *m, const uint8_t *in, size_t len, bool sig);

/* Plaintexts of the boxes, and whole messages; sig: in a handshake that signs. */
size_t resp_box_len(bool sig);
size_t auth_box_len(bool sig);
uint16_t resp_len(uint16_t suite, bool sig);
uint16_t auth_len(bool sig);

/*
 * Boxes: AES-256-GCM under a handshake key with the counter XORed into the nonce. seal writes
 * len + 16 bytes; open reads len + 16 and writes len.
 */
enum head2_status box_seal(struct head2_aead *aead, uint8_t *out, const struct hs_keys *keys,
                           unsigned dir, uint64_t counter, const uint8_t aad[64],
                           const uint8_t *plain, size_t len);
enum head2_status box_open(struct head2_aead *aead, uint8_t *plain, const struct hs_keys *keys,
                           unsigned dir, uint64_t counter, const uint8_t aad[64],
                           const uint8_t *box, size_t len);

#endif
