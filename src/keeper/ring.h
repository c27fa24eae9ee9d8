/*
 * The keys that a keeper has: their policies and uses, and their private parts, which are shielded
 * (shield.h) but for the few that are in use: those lie in protected memory, prepared, at most
 * RING_HOT at a time, and for RING_IDLE_MS after their last use.
 *
 * Where keys last is behind a struct of functions: the sealed store, or nothing (memory alone).
 * Times are arguments: now_ms of the monotonic clock, utc_ms of the calendar.
 */
#ifndef HEAD2_KEEPER_RING_H
#define HEAD2_KEEPER_RING_H

#include "keeper/wire.h"

#define RING_KEYS_MAX 100000
#define RING_HOT      16
#define RING_IDLE_MS  2000
/* Labels that begin so are the keeper's own. */
#define RING_OWN     "head2/"
#define RING_SEALING RING_OWN "sealing"

struct keeper_meta {
    uint8_t id[HEAD2_KEY_ID_BYTES];
    enum head2_alg alg;
    enum keeper_state state;
    char label[KEEPER_LABEL_MAX + 1];
    struct keeper_policy policy;
    uint64_t created_ms, uses;
};

/* Where keys last. Functions return HEAD2_OK when it is durable, else why not; each may be NULL:
 * then there is nothing to be done. */
struct keeper_backend {
    void *arg;
    /* call fn for each key; any status of fn but HEAD2_OK ends it */
    enum head2_status (*each)(void *arg,
                              enum head2_status (*fn)(void *to, const struct keeper_meta *meta),
                              void *to);
    enum head2_status (*put)(void *arg, const struct head2_key *key,
                             const struct keeper_meta *meta);
    enum head2_status (*get)(void *arg, const uint8_t id[HEAD2_KEY_ID_BYTES],
                             struct head2_key **out);
    enum head2_status (*update)(void *arg, const struct keeper_meta *meta);
    /* n uses, before what they gave goes out */
    enum head2_status (*use)(void *arg, const uint8_t id[HEAD2_KEY_ID_BYTES], uint32_t n);
    enum head2_status (*destroy)(void *arg, const uint8_t id[HEAD2_KEY_ID_BYTES]);
    enum head2_status (*flush)(void *arg);
};

struct ring;
struct ring_key; /* good until it is destroyed */

struct ring_time {
    uint64_t now_ms, utc_ms;
};

/* backend may be NULL, and is the caller's. */
HEAD2_CHECK enum head2_status ring_new(struct ring **out, const struct keeper_backend *backend,
                                       struct ring_time t);
/* Wipe all; the backend, which closes by itself, is not asked any more. */
void ring_free(struct ring *r);

size_t ring_count(const struct ring *r);
/* Keys are in the order of their ids. */
const struct keeper_meta *ring_at(const struct ring *r, size_t i);
/* The place of the first whose id is above this. */
size_t ring_after(const struct ring *r, const uint8_t id[HEAD2_KEY_ID_BYTES]);
struct ring_key *ring_find(struct ring *r, const uint8_t id[HEAD2_KEY_ID_BYTES]);
/* The newest active key of a label; NULL: none. */
struct ring_key *ring_labelled(struct ring *r, struct keeper_bytes label);
const struct keeper_meta *ring_meta(const struct ring_key *k);

/* A new key pair. HEAD2_E_LIMIT: too many keys. */
HEAD2_CHECK enum head2_status ring_generate(struct ring *r, struct ring_key **out,
                                            enum head2_alg alg, struct keeper_bytes label,
                                            const struct keeper_policy *policy, struct ring_time t);
/* Take a key pair that the caller has made or read; it stays the caller's. HEAD2_E_STATE: it is
 * there already. */
HEAD2_CHECK enum head2_status ring_add(struct ring *r, struct ring_key **out,
                                       const struct head2_key *key, struct keeper_bytes label,
                                       const struct keeper_policy *policy, struct ring_time t);
HEAD2_CHECK enum head2_status ring_set_state(struct ring *r, struct ring_key *k,
                                             enum keeper_state state);
/* Wipe it here and in the backend. */
HEAD2_CHECK enum head2_status ring_destroy(struct ring *r, struct ring_key *k);

/*
 * Whether a use (one KEEPER_MAY_ bit) is allowed now; then it is counted. Else, with *why, a
 * phrase: HEAD2_E_POLICY (which is also: not approved), HEAD2_E_STATE (its state does not allow
 * it), HEAD2_E_LIMIT (its rate), or what the backend says.
 */
HEAD2_CHECK enum head2_status ring_allow(struct ring *r, struct ring_key *k, uint16_t purpose,
                                         struct ring_time t, const char **why);
/* So many private uses are approved, until then by now_ms; what was approved before is not any
 * more. */
void ring_approve(struct ring_key *k, uint32_t uses, uint64_t until_now_ms);
/* Its private key, which is there until the next call of one of these two or of ring_rest. */
HEAD2_CHECK enum head2_status ring_private(struct ring *r, struct ring_key *k, struct ring_time t,
                                           const struct head2_key **out);
/* Its public key, which is there as long as k is. */
HEAD2_CHECK enum head2_status ring_public(struct ring *r, struct ring_key *k, struct ring_time t,
                                          const struct head2_key **out);

/* Shield what has not been used lately, and flush what is counted; now and then. */
void ring_rest(struct ring *r, struct ring_time t);

/* Call fn for each key that was used since this was last called. */
void ring_each_used(struct ring *r, void (*fn)(void *to, const struct keeper_meta *meta), void *to);

/* keys, hot, uses and memory are filled in. */
void ring_info(const struct ring *r, struct keeper_info *out);

#endif
