/*
 * Fallback keys inside a session (protocol, Fallback key), between the files that share them:
 * fallback.c keeps the keys, issue.c brings them from a gateway to a drone, standby.c decides at a
 * drone when one is used and where, node.c what a node takes.
 */
#ifndef HEAD2_SESSION_FALLBACK_H
#define HEAD2_SESSION_FALLBACK_H

#include "session/index.h"
#include "session/wire.h"

#include <head2/fallback.h>

#define FBK_AFTER       (6 * SECOND)  /* without a signed session */
#define FBK_ROUNDS      3             /* time-outs at each of the gateway's addresses */
#define FBK_PAUSE       (10 * SECOND) /* between two uses of a key */
#define FBK_UPGRADE     (10 * SECOND) /* +-30 %: between two tries of the signed handshake */
#define FBK_ISSUE_EVERY (12 * 3600 * SECOND)
#define FBK_REST        (1800 * SECOND) /* after a key that the drone has acknowledged */
#define FBK_RETRY       (10 * SECOND)   /* what could not be made or kept is tried again */
#define FBK_EARLY_MS    3600000u        /* by which clocks on walls may differ */
#define FBK_CALM        8               /* handshakes under way, at most, when a key is made */
#define FBK_SPREAD      (30 * SECOND)
#define FBK_OF_A_DRONE  2 /* the present key and the one before */
#define FBK_OFFERS      16

/* A key, as far as it is needed to be used. */
struct held_key {
    bool used;
    uint32_t peer;
    uint8_t id[HEAD2_FALLBACK_ID_BYTES];
    struct head2_secret64 key; /* wiped when `until` is past: the rest is still reported */
    uint8_t drone[ID_BYTES];
    uint64_t issue_ms, ends_ms; /* Unix time */
    uint64_t until;             /* this end's clock; 0: past */
    uint16_t max_uses, counter; /* counter: the highest used or accepted */
    uint8_t n_nodes;
    uint8_t nodes[HEAD2_FALLBACK_NODES][ID_BYTES];
};

/* A node that a drone knows. */
struct standby_node {
    uint8_t id[ID_BYTES];
    uint8_t mkey[2][32];
    struct head2_address addrs[HEAD2_SESSION_MAX_ADDRS];
    uint32_t n_addrs;
    uint64_t incarnation; /* the highest seen since this end began */
};

/* A key on its way in one session (issue.c). */
enum issue_state {
    ISSUE_NONE,
    ISSUE_JOB,   /* G: is signed.  D: is verified */
    ISSUE_OFFER, /* the application is to store it */
    ISSUE_KEPT,  /* FBK_ISSUE or FBK_ACK is to be queued */
    ISSUE_SENT   /* G: FBK_ISSUE is out */
};

struct issue {
    enum issue_state state;
    bool wanted;    /* a job is wanted and none was free */
    uint64_t next;  /* G: when the next key is due */
    uint64_t again; /* OFFER: when it is offered again */
    uint8_t *block; /* pool block: as head2_fallback_encode writes it; G: until it has arrived */
    uint16_t len;
    uint8_t id[HEAD2_FALLBACK_ID_BYTES];
};

struct offer {
    uint32_t slot;
    uint64_t serial;
};

struct fallback {
    struct held_key *keys;
    uint32_t max_keys;
    struct index index;              /* of keys, by the beginning of id */
    struct offer offers[FBK_OFFERS]; /* tunnels whose keys are to be stored */
    unsigned offer_first, offer_n;
    struct head2_fallback_key out; /* what the last action points to */

    uint8_t ids[HEAD2_FALLBACK_NODES][ID_BYTES]; /* gateway, as are the next two */
    uint32_t n_ids;
    uint64_t issue_ms; /* of the last key issued */

    struct standby_node node[HEAD2_FALLBACK_NODES]; /* drone, as are all below */
    uint32_t n_nodes;
    bool lost; /* there is no signed session that is fresh */
    uint64_t lost_at;
    unsigned rounds[HEAD2_SESSION_MAX_ADDRS]; /* time-outs since, at each address */
    uint64_t next_use, upgrade_at;
    unsigned candidate;    /* where to, the next time; see standby.c */
    unsigned said_unknown; /* 1 + the place that said so of the newest key, or 0 */
};

struct attempt;
struct head2_job;
struct head2_session;
struct init_msg;
struct tunnel;

/* fallback.c */
HEAD2_CHECK enum head2_status fallback_init(struct head2_session *s, uint64_t secret);
void fallback_free(struct head2_session *s);
struct held_key *fallback_find(const struct head2_session *s,
                               const uint8_t id[HEAD2_FALLBACK_ID_BYTES]);
/* It may be used now, as far as time goes: it is not over, nor, at a node, from the future. */
bool fallback_alive(const struct head2_session *s, const struct held_key *k);
/* A drone's key in force, and the one before it; NULL when there is none. The newest is the last
 * that was in force when none is any more. */
struct held_key *fallback_newest(const struct head2_session *s);
struct held_key *fallback_previous(const struct head2_session *s);
/* Take a key in: the oldest of a drone's makes room. until: by this end's clock. */
void fallback_hold(struct head2_session *s, const struct head2_fallback_key *key, uint64_t until);
void fallback_forget(struct head2_session *s, struct held_key *k);
/* Of a drone that a node forgets, or of the gateway that a drone forgets. */
void fallback_forget_peer(struct head2_session *s, uint32_t peer);
/* Tell the application that a counter is used up, durably. */
HEAD2_CHECK enum head2_status fallback_count(struct head2_session *s, const struct held_key *k);
/* Erase what is over. */
void fallback_expire(struct head2_session *s);
/* A fallback session ends with its key. */
void fallback_tick(struct head2_session *s, struct tunnel *t);
/* Whether a plaintext may pass in a fallback session. */
struct fallback_item {
    unsigned lane;
    bool to_drone;
    const uint8_t *bytes;
    size_t len;
};
bool fallback_passes(struct head2_session *s, const struct fallback_item *item);

/* issue.c */
void issue_tick(struct head2_session *s, struct tunnel *t);
void issue_free(struct head2_session *s, struct tunnel *t);
void issue_message(struct head2_session *s, struct tunnel *t, uint8_t type, const uint8_t *body,
                   size_t len);
void issue_job_done(struct head2_session *s, struct tunnel *t, const struct head2_job *job);
void issue_resume(struct head2_session *s, struct tunnel *t);
/* The next key to be stored, in s->fb.out; false when there is none. */
bool issue_offered(struct head2_session *s, uint32_t *peer);

/* standby.c */
/* signed_up: there is a signed session, and it is fresh. */
void standby_tick(struct head2_session *s, bool signed_up);
/* Whether a signed handshake may begin: always, but now and then only while a fallback session
 * does its work. */
bool standby_lets_sign(struct head2_session *s);
/* The signed session, whether it is fresh or not; NULL when there is none. */
struct tunnel *standby_signed(struct head2_session *s);
/* There is a fallback session, and it is fresh. */
bool standby_serves(struct head2_session *s);
/* A time-out of a signed handshake at one of the gateway's addresses. */
void standby_timeout(struct head2_session *s, uint32_t addr);
/* The gateway itself has answered, whatever it said. */
void standby_gateway_lives(struct head2_session *s);
/* The node says that it does not know the key, or that it is busy; anybody may have said so. */
void standby_hint(struct head2_session *s, struct attempt *a, bool unknown);
/* Name the key in INIT and prove that it is known; false when it is gone. */
HEAD2_CHECK bool standby_bind(struct head2_session *s, struct attempt *a);
/* Spend one use of the attempt's key: only when it is durable may AUTH be sent. */
HEAD2_CHECK bool standby_use(struct head2_session *s, struct attempt *a, uint16_t *counter);

/* node.c */
/* The key that an INIT names, when it may be used; NULL is counted. */
const struct held_key *node_key(struct head2_session *s, const struct init_msg *m);
/* Whether the sender of an INIT knows the key. */
bool node_binder_fits(const struct held_key *k, const struct init_msg *m, const uint8_t *init,
                      size_t len);
/* Whether an AUTH that has proven the key may begin a session: HEAD2_COUNTERS, or why not. */
enum head2_counter node_refuses(const struct head2_session *s, const struct held_key *k,
                                uint16_t counter);

#endif
