/*
 * Sessions between drones and a gateway: the CH2 protocol without sockets, clocks or threads.
 *
 * A struct head2_session is one end: a drone's, which talks to one gateway, or a gateway's, which
 * serves many drones on one port, or that of a node that stands in for a gateway while drones do
 * not reach it (head2/fallback.h). The caller owns the sockets and the clock and runs this loop:
 *
 *     on a datagram:       head2_session_input(s, now, &from, bytes, len, &data)
 *                          and, where data.bytes is set, hand the plaintext to the application
 *     on plaintext:        head2_session_send(s, now, peer, lane, bytes, len, &packets)
 *                          and put the one or two packets on the wire
 *                          (several plaintexts for one peer: head2_session_send_many)
 *     on the deadline:     head2_session_tick(s, now), due at head2_session_deadline(s)
 *     after each of these: while (head2_session_next(s, now, &action)) carry the action out
 *
 * An action is a datagram to send, an event to record, a fallback key to store, or a job: one
 * lattice operation (sign, verify, encaps, decaps, keypair) that the session needs and never does
 * itself. Run it anywhere with head2_job_run, on any thread, and give it back with
 * head2_session_complete. So data flows on while keys are made, and a private key never enters the
 * session.
 *
 * now is microseconds of a clock that never goes back and counts suspended time (CLOCK_BOOTTIME).
 * All calls on one session come from one thread at a time. Pointers in actions, packets and data
 * stay valid until the next call on the same session; a job stays valid until it is given back.
 */
#ifndef HEAD2_SESSION_H
#define HEAD2_SESSION_H

#include <head2/fallback.h>
#include <head2/secret.h>

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEAD2_SESSION_LANES      4  /* 0 telemetry and commands, 1 video, 2 logs, 3 aggregates */
#define HEAD2_SESSION_MANY       8  /* plaintexts that one call can seal */
#define HEAD2_SESSION_OVERHEAD   28 /* bytes that a packet is longer than its plaintext */
#define HEAD2_SESSION_MAX_SUITES 8
#define HEAD2_SESSION_MAX_ADDRS  4
#define HEAD2_SESSION_MAX_EXEMPT 16
#define HEAD2_SESSION_SIG_BYTES  4627 /* ML-DSA-87 */
#define HEAD2_SESSION_PK_BYTES   2592
#define HEAD2_SESSION_NO_PEER    UINT32_MAX

enum head2_role {
    HEAD2_ROLE_DRONE = 0,
    HEAD2_ROLE_GATEWAY = 1,
    HEAD2_ROLE_FALLBACK = 2 /* a node: its drones are registered by their fallback keys alone */
};

/* Cipher suites. CH2-L1X4 is the literal 4 x AES-128 of the published guide: four independent
 * AES-128 keys have AES-128 strength, NIST level 1. CH2-L5-P384 is CH2-L5 with Diffie-Hellman on
 * P-384 beside ML-KEM-1024: a session is secret as long as either holds. */
enum head2_suite {
    HEAD2_SUITE_L5 = 0x0001,
    HEAD2_SUITE_L1X4 = 0x0002,
    HEAD2_SUITE_L5_P384 = 0x0011
};

/* An IPv6 address, or an IPv4 one mapped into it (::ffff:a.b.c.d), and a UDP port. */
struct head2_address {
    uint8_t ip[16];
    uint16_t port;
};

/* The addresses whose first bits are those of ip. */
struct head2_prefix {
    uint8_t ip[16];
    uint8_t bits; /* up to 128; 96 more than usual for an IPv4 address mapped into ip */
};

/* Where randomness comes from; head2_random with an unused first argument is the usual answer. */
typedef enum head2_status head2_random_fn(void *arg, void *out, size_t len);

/* A node that a drone may turn to. */
struct head2_fallback_node {
    const uint8_t *pk; /* its ML-DSA-87 public key, 2592 bytes; copied */
    struct head2_address addrs[HEAD2_SESSION_MAX_ADDRS];
    uint32_t n_addrs; /* 1 to 4 */
};

struct head2_session_config {
    enum head2_role role;
    const uint8_t *pk;                         /* own ML-DSA-87 public key, 2592 bytes; copied */
    uint16_t suites[HEAD2_SESSION_MAX_SUITES]; /* best first; all zero means CH2-L5 alone */
    uint32_t rotate_seconds;                   /* 0 means 60; at least 5 */
    uint64_t rotate_bytes;                     /* 0 means 100,000,000; at least 1,000,000 */
    uint16_t overlap;        /* packets sent under both keys, at most 16; 5 by default */
    bool no_overlap;         /* says that overlap = 0 is meant */
    bool mac_only_rotation;  /* where both ends say so, 15 of 16 rotations are not signed */
    uint16_t max_datagram;   /* 0 means 1200; 548 to 1472 */
    uint32_t max_peers;      /* gateway: drones that can be registered; a drone has one peer */
    uint32_t half_open;      /* gateway: handshakes under way at once; 0 means 4096 */
    uint32_t handshake_rate; /* gateway: handshakes a second, all together; 0 means 400 */
    uint32_t prefix_rate; /* gateway: the same from one IPv4 address or IPv6 /64 under load; 0 means
                           * 5. From an IPv6 /56 four times, from a /48 sixteen times as many. */
    /* gateway: networks to which the rate of a prefix does not apply; copied */
    const struct head2_prefix *exempt;
    uint32_t n_exempt;      /* at most HEAD2_SESSION_MAX_EXEMPT */
    uint64_t forgery_limit; /* packets that do not open under one key before it is replaced; 0 means
                             * 2^36 */
    uint64_t incarnation;   /* gateway: strictly larger at each start, below 2^42 */
    uint32_t node_id;       /* gateway: tells two machines of one identity apart */
    head2_random_fn *random;
    /* for the seeds of KEM key pairs; head2_random_key is the usual answer. NULL: random */
    head2_random_fn *random_key;
    void *random_arg;
    /* Unix time, for the peer's information, and for fallback keys: when a gateway issues one, and
     * how long a node takes it. May be NULL where there are none. */
    uint64_t (*wall_ms)(void *arg);
    void *wall_arg;
    /* gateway: the identities (role F) of the nodes that may stand in for it, all different;
     * copied. None: no fallback keys are issued. */
    const uint8_t (*fallback_ids)[32];
    uint32_t n_fallback_ids; /* at most HEAD2_FALLBACK_NODES */
    uint32_t
        fallback_lifetime; /* gateway: of a key, in seconds; 0 means 86400, which is the most */
    /* drone: the nodes that it knows; copied. None: there is no fallback. */
    const struct head2_fallback_node *fallback_nodes;
    uint32_t n_fallback_nodes; /* at most HEAD2_FALLBACK_NODES */
    /* Make durable that a key's counter has been used (drone) or accepted (node). Only when it has
     * returned HEAD2_OK does the handshake go on. Required at a node, and where there are
     * fallback_nodes. */
    enum head2_status (*fallback_count)(void *arg, const uint8_t id[HEAD2_FALLBACK_ID_BYTES],
                                        uint16_t counter);
    /* drone, node: whether a datagram on lane 0 may pass towards the drone in a fallback session.
     * NULL: head2_fallback_allows. */
    bool (*fallback_allows)(void *arg, const uint8_t *datagram, size_t len);
    void *fallback_arg;
    /* As in head2/entropy.h: a number that another one takes the place of when the machine's memory
     * is restored or copied; false when there is none. Read before and after everything that is
     * sealed. When it has changed, what was sealed is discarded, all sessions, handshakes and
     * cookie keys are erased, and a drone begins anew: another copy may hold the same keys. May be
     * NULL. */
    bool (*generation)(void *arg, uint64_t *number);
    void *generation_arg;
};

struct head2_session;
struct head2_job;

/**
 * head2_session_new - make one end of sessions.
 *
 * out     receives the object; free it with head2_session_free
 * config  copied
 * now     the present time, microseconds
 *
 * Returns HEAD2_OK, HEAD2_E_ARG (a value out of its range) or HEAD2_E_MEMORY.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_session_new(struct head2_session **out,
                                                          const struct head2_session_config *config,
                                                          uint64_t now);

/* Wipe all keys and free. NULL is allowed. Jobs still out must not be given back afterwards; they
 * are freed with head2_job_free. */
HEAD2_API void head2_session_free(struct head2_session *s);

/* What a peer is: a drone that a gateway serves, or the gateway that a drone looks for. */
struct head2_peer_config {
    const uint8_t *pk; /* the peer's ML-DSA-87 public key, 2592 bytes; copied */
    struct head2_address addrs[HEAD2_SESSION_MAX_ADDRS]; /* drone: where the gateway listens */
    uint32_t n_addrs;                                    /* drone: 1 to 4; gateway: 0 */
    uint64_t min_incarnation; /* drone: highest incarnation seen from this gateway, 0 if none */
};

/**
 * head2_session_add_peer - register a peer. A drone starts its handshake at the next tick.
 *
 * peer  receives the number that stands for this peer in all other calls
 *
 * Returns HEAD2_OK, HEAD2_E_ARG, HEAD2_E_STATE (already registered) or HEAD2_E_SPACE.
 */
HEAD2_API HEAD2_CHECK enum head2_status
head2_session_add_peer(struct head2_session *s, uint32_t *peer,
                       const struct head2_peer_config *config);

/* Forget a peer and erase its sessions: for a revoked or deconfigured drone. */
HEAD2_API void head2_session_remove_peer(struct head2_session *s, uint32_t peer);

/**
 * head2_session_add_fallback_key - make a stored fallback key known.
 *
 * node: registers the key's drone, or one more key of a drone that is registered (two at most).
 * drone: after add_peer, the newest key first (two at most).
 *
 * peer      receives the number of the drone at a node, 0 at a drone
 * key       must name this drone, or this node; copied. Its signature is the caller's to verify.
 * counter   the highest that fallback_count has been told for it, 0 if none
 * valid_us  how much longer it may be used, by now's clock; its lifetime at most. A node looks at
 *           wall_ms besides.
 *
 * Returns HEAD2_OK, HEAD2_E_ARG (not for this end, or expired), HEAD2_E_STATE (known already, or no
 * peer yet) or HEAD2_E_SPACE.
 */
HEAD2_API HEAD2_CHECK enum head2_status
head2_session_add_fallback_key(struct head2_session *s, uint64_t now, uint32_t *peer,
                               const struct head2_fallback_key *key, uint16_t counter,
                               uint64_t valid_us);

/* Forget a fallback key and erase the sessions under it. A node forgets a drone with its last key.
 */
HEAD2_API void head2_session_drop_fallback_key(struct head2_session *s,
                                               const uint8_t id[HEAD2_FALLBACK_ID_BYTES]);

/**
 * head2_session_fallback_kept - say that the key of a HEAD2_ACTION_FALLBACK_KEY is stored, durably.
 *
 * A gateway sends it only now; a drone acknowledges and uses it only now. Until then the action
 * comes again every 10 s. An id that is not waited for has no effect.
 */
HEAD2_API void head2_session_fallback_kept(struct head2_session *s, uint64_t now, uint32_t peer,
                                           const uint8_t id[HEAD2_FALLBACK_ID_BYTES]);

/**
 * head2_session_fallback_given - tell a gateway that begins of a key that a drone has acknowledged.
 *
 * For the newest one of each drone that is stored and names the present nodes; issue_ms is the
 * key's. The drone gets no new one so soon after it, and none that is issued earlier.
 */
HEAD2_API void head2_session_fallback_given(struct head2_session *s, uint64_t now, uint32_t peer,
                                            uint64_t issue_ms);

/* Change what can change while sessions run: rotation limits and overlap hold from the next
 * handshake on; rates at once. Other fields of config are ignored. Returns HEAD2_OK or HEAD2_E_ARG.
 */
HEAD2_API HEAD2_CHECK enum head2_status
head2_session_reconfigure(struct head2_session *s, const struct head2_session_config *config);

/* A received plaintext. bytes is NULL when the datagram carried none. */
struct head2_session_data {
    const uint8_t *bytes;
    size_t len;
    uint32_t peer;
    uint8_t lane;
    bool late; /* lane 0 at a drone: older than one already delivered, or the link is not fresh */
    bool fallback; /* it came in a fallback session */
};

/**
 * head2_session_input - take one datagram from the network.
 *
 * from  its source address
 * data  receives the plaintext, if it carried any
 *
 * Never fails: what is not authentic is counted (head2_session_counters) and has no other effect.
 */
HEAD2_API void head2_session_input(struct head2_session *s, uint64_t now,
                                   const struct head2_address *from, const uint8_t *datagram,
                                   size_t len, struct head2_session_data *data);

/* What one plaintext became: one packet, or two during a rotation's overlap. */
struct head2_session_packets {
    struct head2_address to;
    uint32_t n;
    const uint8_t *bytes[2];
    size_t len[2];
    /* While the peer's address may be changing: so many of these packets, from the first on, are to
     * be sent to this address too, as they are. */
    uint32_t n_also;
    struct head2_address also;
};

/**
 * head2_session_send - seal one plaintext for a peer.
 *
 * lane   0 to 3
 * len    0 to head2_session_max_payload(s, peer)
 *
 * Returns HEAD2_OK, HEAD2_E_STATE (no session is up), HEAD2_E_LIMIT (longer than the session
 * allows), HEAD2_E_POLICY (sending pauses until the peer is heard under the present key; or the
 * session is a fallback session, which takes neither lane 1 nor lane 2, nor on lane 0 towards the
 * drone what fallback_allows refuses), HEAD2_E_ARG, HEAD2_E_CRYPTO or HEAD2_E_MEMORY. After an
 * error there is no packet, and the plaintext must not be sent in any other way.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_session_send(struct head2_session *s, uint64_t now,
                                                           uint32_t peer, uint8_t lane,
                                                           const uint8_t *bytes, size_t len,
                                                           struct head2_session_packets *packets);

/* One of several plaintexts. */
struct head2_session_item {
    const uint8_t *bytes;
    size_t len;
    struct head2_session_packets *packets; /* receives what it became */
    enum head2_status st;                  /* receives what head2_session_send returns */
    uint8_t lane;
    uint8_t *place; /* where its packet is made: len + HEAD2_SESSION_OVERHEAD bytes; NULL: inside */
};

/**
 * head2_session_send_many - seal several plaintexts for a peer, of the same or other lanes.
 *
 * items, n  0 to HEAD2_SESSION_MANY plaintexts, sealed as if head2_session_send were called for one
 *           after the other; an item that fails touches no other. The packets of all items stay
 *           valid until the next call on the session, those made in a place as long as that does
 *           (a second packet, in an overlap, is never made there).
 *
 * Returns HEAD2_OK, the st of the first item that failed, or HEAD2_E_ARG (no such peer, or too many
 * items: none is sealed).
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_session_send_many(struct head2_session *s,
                                                                uint64_t now, uint32_t peer,
                                                                struct head2_session_item *items,
                                                                size_t n);

/* The longest plaintext that fits one datagram to this peer; 0 when no session is up. */
HEAD2_API size_t head2_session_max_payload(const struct head2_session *s, uint32_t peer);

/* Let time pass: retransmissions, keepalives, rotations, expiry. */
HEAD2_API void head2_session_tick(struct head2_session *s, uint64_t now);

/* When head2_session_tick is due next, microseconds; never later than 250 ms after the last one. */
HEAD2_API uint64_t head2_session_deadline(const struct head2_session *s);

/* Tell a drone's end that nothing time-critical flies for a moment: a good time to fetch a key. */
HEAD2_API void head2_session_hint_idle(struct head2_session *s, uint64_t now);

/* Ask for a rotation now (an operator's or a threat's), at either end; the peer follows. */
HEAD2_API void head2_session_rotate(struct head2_session *s, uint64_t now, uint32_t peer);

/* Close all sessions and start no more. Each CLOSE is repeated for 400 ms at most. */
HEAD2_API void head2_session_close(struct head2_session *s, uint64_t now);

/* True when head2_session_close has been called and nothing is left to send. */
HEAD2_API bool head2_session_closed(const struct head2_session *s);

enum head2_event_kind {
    HEAD2_EVENT_UP,       /* a session is up; detail: handshake */
    HEAD2_EVENT_DOWN,     /* a session has ended; reason is a close reason, or 0 for silence */
    HEAD2_EVENT_ROTATED,  /* this end now sends under a new key */
    HEAD2_EVENT_SUSPECT,  /* drone: nothing fresh from the gateway for 1.5 s */
    HEAD2_EVENT_REJECTED, /* drone: the gateway refused us; gateway: a peer failed to prove itself
                           */
    HEAD2_EVENT_NEXT_KEY, /* the next key has been agreed on and waits: the work of a rotation is
                             done */
    HEAD2_EVENT_MOVED,    /* the peer is at another address, and has proven it: see from, to */
    HEAD2_EVENT_IMAGE,    /* this machine's memory was restored or copied: all keys were erased */
    HEAD2_EVENT_FALLBACK_KEY, /* gateway: the drone has acknowledged a key; drone: one is in force
                               */
    HEAD2_EVENT_ALARM         /* counter says which: evidence of an attack or of a broken peer */
};

/* Why a key was replaced. */
enum head2_cause {
    HEAD2_CAUSE_TIME,
    HEAD2_CAUSE_BYTES,
    HEAD2_CAUSE_PEER, /* the peer moved first, for a reason of its own */
    HEAD2_CAUSE_REQUEST,
    HEAD2_CAUSE_PATH /* an address has changed */
};
#define HEAD2_CAUSES 5

struct head2_event {
    enum head2_event_kind kind;
    uint32_t peer; /* HEAD2_SESSION_NO_PEER when not known */
    uint32_t counter;
    uint16_t reason;
    uint16_t suite;
    enum head2_cause cause;
    uint32_t old_gen, new_gen;
    uint8_t old_step, new_step;
    bool replaced;                 /* UP: an older session of the same peer is being replaced */
    bool fresh;                    /* ROTATED: by a new exchange (a ratchet step is not) */
    bool verified;                 /* ROTATED, NEXT_KEY: by a signed exchange; UP */
    uint8_t pseudonym[16];         /* stands for the session in records, reveals nothing about it */
    uint8_t transcript[64];        /* ROTATED: rth3 of the exchange; UP: th8 */
    uint64_t incarnation;          /* UP at a drone: the gateway's; keep the highest */
    uint64_t handshake_us;         /* UP: how long it took, as seen from this end */
    uint64_t handshake_bytes;      /* UP: wire bytes of the handshake, both directions */
    uint64_t epoch_bytes;          /* ROTATED: wire bytes under the old key, both directions */
    uint64_t epoch_us;             /* ROTATED: its age */
    struct head2_address from, to; /* MOVED: the peer's address, before and now */
    bool fallback; /* UP, DOWN, REJECTED: of a fallback session, or a handshake for one */
    /* UP: the counter that the handshake used; of a signed one at a gateway the counter that the
     * drone reports of the newest key that it holds */
    uint16_t fb_counter;
    uint8_t fallback_id[HEAD2_FALLBACK_ID_BYTES]; /* FALLBACK_KEY; with fallback: its key */
};

enum head2_action_kind {
    HEAD2_ACTION_SEND,
    HEAD2_ACTION_JOB,
    HEAD2_ACTION_EVENT,
    HEAD2_ACTION_FALLBACK_KEY
};

struct head2_action {
    enum head2_action_kind kind;
    struct head2_address to; /* SEND */
    const uint8_t *bytes;
    size_t len;
    struct head2_job *job; /* JOB: run it, then head2_session_complete */
    const struct head2_event *event;
    /* FALLBACK_KEY: store it, then head2_session_fallback_kept. At a gateway one was made for this
     * peer; at a drone one has come, and its signature fits. */
    const struct head2_fallback_key *fallback;
    uint32_t peer;
};

/* The next thing to do; false when there is none. */
HEAD2_API bool head2_session_next(struct head2_session *s, uint64_t now,
                                  struct head2_action *action);

/* Signs msg with the identity key under a context string, pure ML-DSA-87. */
typedef enum head2_status head2_sign_fn(void *arg, uint8_t sig[HEAD2_SESSION_SIG_BYTES],
                                        const uint8_t *msg, size_t msg_len, const char *ctx);

/**
 * head2_job_run - do a job's work, on any thread; touches nothing but the job.
 *
 * sign, arg  called for a signing job; whatever it returns becomes the job's result
 */
HEAD2_API void head2_job_run(struct head2_job *job, head2_sign_fn *sign, void *arg);

/* What a signing job wants signed, as for head2_sign_fn; bytes and context are the job's. */
struct head2_to_sign {
    const uint8_t *msg;
    size_t msg_len;
    const char *ctx;
};

/**
 * head2_job_to_sign - whether a job is a signing job, and what it wants signed: for an identity key
 * that is elsewhere and answers later. Such a job is not run; it is given head2_job_signed.
 */
HEAD2_API bool head2_job_to_sign(const struct head2_job *job, struct head2_to_sign *out);

/* The result of a signing job: HEAD2_OK with sig, or why there is none. */
HEAD2_API void head2_job_signed(struct head2_job *job, enum head2_status result,
                                const uint8_t sig[HEAD2_SESSION_SIG_BYTES]);

/* A short English name of the job's operation ("sign", "encaps"). */
HEAD2_API const char *head2_job_name(const struct head2_job *job);

/* Give a finished job back; the session goes on from there. */
HEAD2_API void head2_session_complete(struct head2_session *s, uint64_t now, struct head2_job *job);

/* Wipe and free a job whose session is gone. */
HEAD2_API void head2_job_free(struct head2_job *job);

/* Why datagrams and messages were dropped, and what was noticed on the way. The names are those of
 * the protocol's error table. */
enum head2_counter {
    HEAD2_COUNT_SHORT,
    HEAD2_COUNT_UNKNOWN_TAG,
    HEAD2_COUNT_BAD_FRAME,
    HEAD2_COUNT_BAD_MAC1,
    HEAD2_COUNT_BAD_COOKIE,
    HEAD2_COUNT_HALF_OPEN_FULL,
    HEAD2_COUNT_RATE,
    HEAD2_COUNT_BAD_VERSION,
    HEAD2_COUNT_NO_SUITE,
    HEAD2_COUNT_BAD_EK,
    HEAD2_COUNT_PSK_UNKNOWN,
    HEAD2_COUNT_BAD_BOX,
    HEAD2_COUNT_BAD_SIG,
    HEAD2_COUNT_BAD_FIN,
    HEAD2_COUNT_BAD_ID,
    HEAD2_COUNT_DOWNGRADE,
    HEAD2_COUNT_OLD_INCARNATION,
    HEAD2_COUNT_REJECTED,
    HEAD2_COUNT_AEAD_FAIL,
    HEAD2_COUNT_DUP,
    HEAD2_COUNT_OLD,
    HEAD2_COUNT_STALE_EPOCH,
    HEAD2_COUNT_RN_LIMIT,
    HEAD2_COUNT_CTL_MALFORMED,
    HEAD2_COUNT_ROT_CONFLICT,
    HEAD2_COUNT_ROT_BAD_SIG,
    HEAD2_COUNT_REKEY_FAILED,
    HEAD2_COUNT_REASM_LIMIT,
    HEAD2_COUNT_RNG_FAIL,
    HEAD2_COUNT_CLOCK_BACK,
    HEAD2_COUNT_TOO_BIG,
    HEAD2_COUNT_PAUSED,
    HEAD2_COUNT_NO_SESSION,
    HEAD2_COUNT_EVENTS_LOST,
    HEAD2_COUNT_PATH_TRIED,
    HEAD2_COUNT_PATH_MOVED,
    HEAD2_COUNT_PATH_KEPT,
    HEAD2_COUNT_PATH_UNPROVEN,
    HEAD2_COUNT_IMAGE,
    HEAD2_COUNT_FORGERY_LIMIT,
    HEAD2_COUNT_FBK_EXPIRED,
    HEAD2_COUNT_FBK_REPLAY,
    HEAD2_COUNT_FBK_POLICY,
    HEAD2_COUNTERS
};

HEAD2_API const char *head2_counter_name(enum head2_counter counter);
/* HEAD2_COUNTERS values, owned by the session. */
HEAD2_API const uint64_t *head2_session_counters(const struct head2_session *s);
HEAD2_API const char *head2_suite_name(uint16_t suite);
HEAD2_API const char *head2_cause_name(enum head2_cause cause);
HEAD2_API const char *head2_close_reason_name(uint16_t reason);

struct head2_peer_info {
    bool up;
    bool suspect;
    uint16_t suite;
    uint32_t gen;
    uint8_t step;
    struct head2_address address;
    uint8_t pseudonym[16];
    uint64_t up_us;       /* since the session came up */
    uint64_t epoch_us;    /* age of the present key */
    uint64_t epoch_bytes; /* wire bytes under it, both directions */
    uint64_t rotate_us;   /* the limits in force */
    uint64_t rotate_bytes;
    uint64_t heard_us; /* since the last authentic packet */
    uint64_t lag_us;   /* age of our newest keepalive that the peer has echoed */
    uint64_t tx_packets[HEAD2_SESSION_LANES + 1], rx_packets[HEAD2_SESSION_LANES + 1];
    /* packets that the peer has numbered below the highest to come, and that have not: lost, or
     * overtaken and still on their way */
    uint64_t rx_missing[HEAD2_SESSION_LANES + 1];
    uint64_t tx_bytes, rx_bytes;      /* wire bytes, all sessions with this peer */
    uint64_t twins;                   /* packets sent a second time in overlaps */
    uint64_t rotations[HEAD2_CAUSES]; /* by enum head2_cause */
    uint64_t ratchets;                /* of these, steps without a new exchange */
    uint64_t handshake_us, handshake_bytes;
    bool fallback;             /* the session is a fallback session */
    uint64_t fallback_left_us; /* how long it may last; without one, at a drone, the newest key */
};

/* Returns HEAD2_OK or HEAD2_E_ARG (no such peer). */
HEAD2_API HEAD2_CHECK enum head2_status head2_session_peer_info(const struct head2_session *s,
                                                                uint64_t now, uint32_t peer,
                                                                struct head2_peer_info *info);

/* The first six bytes of all packets of one lane, epoch and direction: what an observer sees, and
 * to whom it belongs, which he does not see. */
struct head2_tag {
    uint8_t tag[6];
    uint8_t lane; /* 4 is control */
    bool sent;    /* by this end */
    uint32_t gen;
    uint8_t step;
};
#define HEAD2_SESSION_MAX_TAGS 140 /* of one peer */

/**
 * head2_session_tags - the tags in use with a peer, to read a capture by. No key can be had from
 * them; with whom a datagram was exchanged, and when keys changed, can.
 *
 * tags, room  receives at most room of them
 *
 * Returns their number; 0 for a peer that is not known, or with which no session is up.
 */
HEAD2_API size_t head2_session_tags(const struct head2_session *s, uint32_t peer,
                                    struct head2_tag *tags, size_t room);

#ifdef __cplusplus
}
#endif

#endif
