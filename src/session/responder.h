/*
 * The gateway's handshakes, between the files that share them: answers.c answers strangers,
 * responder.c takes handshakes from INIT to AUTH, accept.c from there to DONE, half_open.c keeps
 * their table, limits.c says how many there may be.
 */
#ifndef HEAD2_SESSION_RESPONDER_H
#define HEAD2_SESSION_RESPONDER_H

#include "session/state.h"

/* half_open.c */
uint32_t half_slot(const struct head2_session *s, const struct half_open *h);
/* It has something to send. */
void half_wake(struct head2_session *s, struct half_open *h);
struct half_open *half_new(struct head2_session *s);
void half_drop(struct head2_session *s, struct half_open *h);
/* Every fragment of RESP, in the stride that the drone uses now. */
uint64_t half_all_resp(const struct half_open *h);
/* The INIT that a fragment belongs to, made if need be; NULL when there is no room for it. */
struct init_entry *init_find(struct head2_session *s, const struct head2_address *from,
                             const struct frame *f);
void init_drop(struct head2_session *s, struct init_entry *e);
void half_sweep(struct head2_session *s);

/* answers.c */
void answer_hello(struct head2_session *s, const struct head2_address *from, const struct frame *f,
                  const uint8_t *d);
void answer_retry(struct head2_session *s, const struct head2_address *to, uint64_t hs_id);
void answer_hint(struct head2_session *s, const struct head2_address *to, uint64_t hs_id,
                 uint16_t code, uint32_t arg);

/* Come back later: those who are told so do not all come back at once. */
void answer_busy(struct head2_session *s, const struct head2_address *to, uint64_t hs_id);
/* Whether that can be said to one more. */
bool answer_busy_ready(const struct head2_session *s);

/* limits.c */
bool limit_handshakes(struct head2_session *s, const struct head2_address *from);
bool limit_half_open(struct head2_session *s, const struct head2_address *from);

/* answers.c */
void responder_tick(struct head2_session *s);

/* responder.c */
void responder_input(struct head2_session *s, const struct head2_address *from,
                     const struct frame *f, const uint8_t *d, size_t len);
void responder_job_done(struct head2_session *s, struct head2_job *job);
size_t responder_next(struct head2_session *s, uint8_t *out, struct head2_address *to);
void responder_tunnel_proven(struct head2_session *s, uint32_t tunnel);
void responder_resume(struct head2_session *s);
/* Have a job done for a handshake, which is then in a state of waiting for it. */
void half_ask(struct head2_session *s, struct half_open *h, enum job_kind kind,
              enum half_open_state state);

/* accept.c */
/* AUTH is complete: open it, take the transcript to its end, have the signature verified. */
void accept_auth(struct head2_session *s, struct half_open *h);
void accept_verified(struct head2_session *s, struct half_open *h, const struct head2_job *j);

/* limits.c */
/* A RESP is ready, so long after its INIT. */
void limit_served(struct head2_session *s, uint64_t waited);
/* Whether a new handshake would be refused, or would wait so long that its drone gives it up. */
bool limit_reached(const struct head2_session *s);
bool limit_take(struct bucket *b, uint64_t now, uint64_t per_second, uint64_t burst);
/* What a bucket holds, millionths of a token. */
uint64_t limit_left(const struct bucket *b, uint64_t now, uint64_t per_second, uint64_t burst);
bool limit_half_used(const struct bucket *b, uint64_t now, uint64_t per_second, uint64_t burst);

#endif
