/*
 * The drone's handshakes, between the files that share them: initiator.c answers messages,
 * attempts.c keeps time and sends.
 */
#ifndef HEAD2_SESSION_INITIATOR_H
#define HEAD2_SESSION_INITIATOR_H

#include "session/state.h"

/* attempts.c */
struct peer *attempt_gateway(struct head2_session *s);
/* Where an attempt sends to: its gateway or its node; and the keys of its frames up to RESP. */
const struct head2_address *attempt_address(const struct head2_session *s, const struct attempt *a);
const uint8_t *attempt_mkey(const struct head2_session *s, const struct attempt *a, unsigned dir);
/* A place for one more among n attempts: a free one, or the one that got nowhere for longest. */
struct attempt *attempt_place(struct head2_session *s, unsigned first, unsigned n);
void attempt_drop(struct attempt *a);
/* The gateway has answered something new: its timer is quick again. */
void attempt_progress(struct head2_session *s, struct attempt *a);
/* Bytes of the message that the attempt is sending, and all of its fragments. */
uint16_t attempt_message_len(const struct attempt *a);
uint64_t attempt_fragments(const struct attempt *a);
/* Go on to sending the message of a state. */
void attempt_send(struct head2_session *s, struct attempt *a, enum attempt_state state);

/* initiator.c */
void attempt_begin(struct head2_session *s, struct attempt *a, uint32_t addr);

#endif
