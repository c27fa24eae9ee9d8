/*
 * Data packets: replay windows, and sealing and opening one packet.
 */
#ifndef HEAD2_SESSION_LANE_H
#define HEAD2_SESSION_LANE_H

#include "session/ciphers.h"
#include "session/wire.h"

/* Epochs are ordered pairs (generation, ratchet step) in one integer. */
typedef uint64_t epoch_t;

static inline epoch_t epoch_of(uint32_t gen, uint8_t step)
{
    return (epoch_t)gen << 8 | step;
}

static inline uint32_t epoch_gen(epoch_t e)
{
    return (uint32_t)(e >> 8);
}

static inline uint8_t epoch_step(epoch_t e)
{
    return (uint8_t)e;
}

/* Replay window of one lane and direction, shared by all epochs (RFC 6479). */
struct window {
    uint64_t next;  /* one above the highest record number accepted, 0 at the start */
    uint32_t size;  /* W: how many of the latest numbers are told apart; a power of two */
    uint64_t *bits; /* W bits, owned by the session */
};

enum window_verdict { WINDOW_NEW, WINDOW_DUP, WINDOW_OLD };

enum window_verdict window_check(const struct window *w, uint64_t rn);
/* Only after the packet has proven authentic. */
void window_accept(struct window *w, uint64_t rn);

/* Everything about a packet but its payload. */
struct packet_spec {
    struct ciphers *ciphers;
    const struct lane_keys *keys;
    uint64_t serial; /* names these keys */
    const uint8_t *session_id;
    epoch_t epoch;
    uint64_t rn;
    uint16_t suite;
    uint8_t dir;
    uint8_t lane;
};

/* Make the job that seals plain into out (len + 28 bytes): the key is scheduled, the nonce written.
 * plain must stay until aead_seal_many has done the job, and ciphers_next_call must wait for that.
 * Returns HEAD2_OK, HEAD2_E_SPACE (the jobs made so far have to be done first), HEAD2_E_MEMORY or
 * HEAD2_E_CRYPTO. */
enum head2_status packet_prepare(struct aead_job *job, uint8_t *out, const struct packet_spec *p,
                                 const uint8_t *plain, size_t len);
/* Seal plain into out (len + 28 bytes). Returns HEAD2_OK, HEAD2_E_MEMORY or HEAD2_E_CRYPTO. */
enum head2_status packet_seal(uint8_t *out, const struct packet_spec *p, const uint8_t *plain,
                              size_t len);
/* Open a packet of len bytes into plain (len - 28 bytes); p->rn as read by packet_rn. */
enum head2_status packet_open(uint8_t *plain, const struct packet_spec *p, const uint8_t *packet,
                              size_t len);
/* The record number that a packet's nonce names under a nonce base. */
uint64_t packet_rn(const uint8_t base[12], const uint8_t *packet);

#endif
