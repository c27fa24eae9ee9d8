/*
 * The state of one end of sessions: registered peers, established tunnels, handshakes under way,
 * jobs, and what waits to be sent. Every file of this room works on these structures; which file
 * owns which is said beside each.
 */
#ifndef HEAD2_SESSION_STATE_H
#define HEAD2_SESSION_STATE_H

#include "session/deadlines.h"
#include "session/fallback.h"
#include "session/frame.h"
#include "session/index.h"
#include "session/job.h"
#include "session/lane.h"
#include "session/message.h"
#include "session/path.h"
#include "session/rotation.h"

/* ---- the control lane (control.c) ---- */

#define CTL_OUT   4
#define CTL_IN    2
#define CTL_ACKS  8
#define CTL_PATHS 4

struct ctl_out {
    bool used;
    uint8_t type;
    uint8_t cnt;
    uint16_t len;
    uint32_t id;
    uint64_t acked;   /* bit i: fragment i has arrived */
    uint64_t to_send; /* bit i: fragment i is due */
    uint64_t due;     /* when unacknowledged fragments are due again */
    uint64_t rto;
    const uint8_t *block; /* the owner's, until acknowledged or cancelled; NULL: it is in `small` */
    uint8_t small[40];
};

struct ctl_in {
    bool used;
    uint8_t type;
    uint32_t id;
    uint8_t *block;
    struct reassembly r;
};

struct ctl_ack {
    bool used;
    uint32_t id;
    uint64_t have;
    uint64_t due;
};

struct control {
    struct ctl_out out[CTL_OUT];
    struct ctl_in in[CTL_IN];
    struct ctl_ack ack[CTL_ACKS];
    uint32_t next_id;
    uint32_t seen_top;  /* highest message id completed */
    uint64_t seen_bits; /* bit i: seen_top - i is complete */
    bool keepalive_now;
    uint64_t keepalive_due;
    unsigned path_answers; /* challenges that wait for their answer */
    uint8_t path_token[CTL_PATHS][PATH_TOKEN];
};

/* ---- tunnels: established sessions (tunnel.c, epochs.c) ---- */

struct rx_epoch {
    bool used;
    epoch_t epoch;
    uint64_t serial;
    uint64_t installed;
    uint64_t retire;        /* when the keys are erased */
    uint64_t bytes;         /* accepted under it */
    uint64_t peer_bytes;    /* sent under it, as the peer says */
    uint64_t failed[LANES]; /* packets that did not open */
    struct lane_keys keys;
};

struct tx_epoch {
    bool used;
    bool heard; /* an authentic packet of this epoch or a newer one has come from the peer */
    epoch_t epoch;
    uint64_t serial;
    uint64_t started;
    uint64_t bytes;
    uint64_t packets[LANES];
    struct lane_keys keys;
};

#define RATE_BINS 50 /* of 200 ms: what "idle" is measured against */

struct tunnel {
    bool used;
    bool proven;  /* an authentic packet has come */
    bool closing; /* CLOSE is on its way out */
    bool queued;  /* in the ready list */
    uint32_t peer;
    uint32_t ready_next;
    uint64_t serial;
    uint16_t suite;
    uint8_t session_id[8];
    uint8_t pseudonym[16];
    uint8_t th8[64];
    uint64_t incarnation; /* D: of the gateway */
    struct params params;
    struct head2_address address; /* of the peer */
    struct path path;
    uint64_t up_since;
    uint64_t gone_at; /* when it is erased; 0: not yet */

    struct chain sk; /* of the newest installed step of the present generation */
    uint32_t sk_gen;
    uint8_t sk_step;
    struct chain rk, rb;
    struct rx_epoch rx[RX_EPOCHS];
    struct tx_epoch tx, prev;
    uint16_t over[4]; /* packets still to be sent under both keys */
    uint64_t over_until;
    bool worn; /* too many packets have not opened under the present key */
    epoch_t rx_newest;
    uint64_t rn[LANES];
    struct window window[LANES];
    uint64_t window_bits[(WINDOW_VIDEO + 4 * WINDOW_OTHER) / 64];
    epoch_t lane_epoch[LANES];  /* newest epoch authenticated on the lane, and */
    uint64_t lane_first[LANES]; /* the lowest record number seen under it */
    unsigned stale;             /* stale packets in this epoch */

    struct control ctl;
    struct rotation rot;
    struct issue issue;

    bool fallback; /* under a fallback key: */
    uint8_t fallback_id[HEAD2_FALLBACK_ID_BYTES];
    uint16_t fb_counter; /* that the handshake used; of a signed one that the drone has told */
    uint64_t until;      /* when the key is over */
    unsigned node;       /* D */

    uint64_t echo;  /* highest tx_ms of the peer, to be echoed */
    uint64_t fresh; /* our clock when the keepalive was sent that the peer echoed last */
    uint64_t heard; /* last authentic packet */
    bool suspect;
    uint32_t rate_bin[RATE_BINS];
    uint64_t rate_slot;

    uint64_t tx_packets[LANES], rx_packets[LANES], tx_bytes, rx_bytes, twins;
    uint64_t rotations[HEAD2_CAUSES], ratchets;
    uint64_t handshake_us, handshake_bytes;
};

/* ---- handshakes ---- */

enum attempt_state {
    ATTEMPT_FREE,
    ATTEMPT_KEYPAIR,
    ATTEMPT_HELLO,
    ATTEMPT_INIT,
    ATTEMPT_DECAPS,
    ATTEMPT_VERIFY,
    ATTEMPT_SIGN,
    ATTEMPT_AUTH
};

#define ATTEMPTS (HS_PARALLEL + HS_FALLBACK)

/* A drone's handshake with one address of its gateway (initiator.c, attempts.c). */
struct attempt {
    enum attempt_state state;
    bool wanted;
    bool hsack;
    uint64_t serial;
    uint32_t addr; /* which of the peer's */
    bool fallback; /* with a node, under a fallback key: */
    bool refused;  /* says somebody */
    unsigned node;
    uint8_t psk_id[HEAD2_FALLBACK_ID_BYTES];
    uint64_t hs_id;
    uint64_t began, progress, due, rto;
    unsigned silent; /* time-outs in a row */
    unsigned retries, bad_boxes;
    uint16_t stride;
    uint8_t cookie[COOKIE_BYTES];
    uint64_t to_send, acked; /* fragments of the present message */
    uint8_t hello[HELLO_BYTES];
    uint8_t init[INIT_MAX];
    uint16_t init_len;
    struct kx_secret seed;
    struct reassembly resp;
    uint64_t hsack_due;
    struct hs_keys keys;
    uint8_t th[64]; /* th1, then th2, th5, th7, th8 as they come */
    uint8_t session_id[8];
    uint16_t suite;
    struct params params_d, params_g; /* as they have been said */
    uint8_t sig_g[SIG_BYTES];
    uint64_t wire_bytes;
    uint8_t auth[AUTH_BYTES];
    uint8_t resp_buf[MESSAGE_MAX];
    uint8_t done[DONE_BYTES];
};

/* A gateway's INIT coming together, one for each (hs_id, address, shape) (responder.c). */
struct init_entry {
    bool used;
    uint64_t hs_id;
    struct head2_address from;
    uint64_t touched;
    uint32_t half_open; /* the handshake it became, or INDEX_NONE */
    struct reassembly r;
    uint8_t buf[INIT_MAX];
};

enum half_open_state { HALF_FREE, HALF_ENCAPS, HALF_SIGN, HALF_RESP, HALF_VERIFY, HALF_DONE };

struct half_open {
    enum half_open_state state;
    bool wanted;
    bool queued;
    uint64_t serial;
    uint32_t ready_next;
    uint64_t hs_id;
    struct head2_address from;
    uint8_t init_hash[32];
    uint64_t created, touched, reacted;
    unsigned reactions;
    uint64_t to_send; /* fragments of RESP */
    bool send_hsack, send_done;
    uint16_t stride, auth_stride;
    uint16_t suite;
    bool fallback; /* under the key of this name */
    uint8_t psk_id[HEAD2_FALLBACK_ID_BYTES];
    uint8_t random_d[32];
    uint8_t cookie[COOKIE_BYTES];
    uint8_t ek[EK_BYTES];
    uint8_t kx2[KX2_BYTES]; /* of the drone, in a hybrid suite */
    struct hs_keys keys;
    uint8_t th[64]; /* the transcript as far as it has come */
    uint8_t th5[64];
    uint8_t session_id[8];
    struct params params_g, params_d; /* as they have been said */
    uint32_t peer;
    uint32_t tunnel; /* installed, or INDEX_NONE */
    uint64_t wire_bytes;
    struct reassembly auth;
    uint8_t resp[RESP_MAX];
    uint8_t auth_buf[AUTH_BYTES];
    uint8_t done[DONE_BYTES];
};

/* ---- one end ---- */

/* The present session, its successor, and what lost attempts left behind until they expire. */
#define PEER_TUNNELS 4

struct peer {
    bool used;
    uint8_t id[ID_BYTES];
    uint8_t pk[HEAD2_SESSION_PK_BYTES];
    uint32_t tunnel[PEER_TUNNELS]; /* newest first, then INDEX_NONE */
    struct head2_address addrs[HEAD2_SESSION_MAX_ADDRS];
    uint32_t n_addrs;
    uint64_t min_incarnation;
    uint64_t fallback_rest; /* gateway: no new key before, unless the present one was used */
    uint64_t next_try;      /* drone */
    uint32_t next_addr;
    uint64_t tx_packets[LANES], rx_packets[LANES], rx_missing[LANES], tx_bytes, rx_bytes, twins;
    uint64_t rotations[HEAD2_CAUSES], ratchets; /* of sessions that have ended */
};

struct reply { /* a small stateless answer: RETRY or HINT */
    struct head2_address to;
    uint16_t len;
    uint8_t bytes[FRAME_OVERHEAD + HELLO_BYTES];
};

#define REPLIES   64
#define EVENT_MIN 64

#define TOKEN     UINT64_C(1000000)

struct bucket { /* tokens for handshakes, refilled with time */
    uint64_t key;
    uint64_t at;
    uint64_t micro; /* millionths of a token */
};
enum { PREFIX_BUCKETS = 1024, PREFIX_WIDTHS = 3 };

struct head2_session {
    struct head2_session_config config;
    uint16_t suites[HEAD2_SESSION_MAX_SUITES];
    unsigned n_suites;
    uint8_t pk[HEAD2_SESSION_PK_BYTES];
    uint8_t id[ID_BYTES];
    uint8_t mkey[2][32];
    uint64_t now, last_tick;
    uint64_t serial; /* the last one given out */
    bool imaged;     /* there is a number that tells memory images, and it is: */
    uint64_t image;
    bool closing;
    uint64_t close_until;

    struct peer *peers;
    uint32_t max_peers;
    struct index peer_index;

    struct tunnel *tunnels;
    uint32_t max_tunnels, tunnel_top; /* slots at and above the top have never been used */
    struct index tag_index;           /* slot = (tunnel * RX_EPOCHS + rx epoch) * LANES + lane */
    uint32_t *tunnel_free, n_free;    /* slots below the top that are free */
    struct ciphers ciphers;
    struct deadlines due;             /* of each tunnel's next time-driven work */
    uint32_t ready_first, ready_last; /* tunnels with something to send */

    struct fallback fb;
    struct attempt *attempts; /* drone: ATTEMPTS, those with nodes behind those with the gateway */
    struct cookie_keys cookies; /* gateway, as are all below */
    struct init_entry *inits;
    struct index init_index;
    struct half_open *half;
    uint32_t max_half, n_half, half_top, init_top;
    struct index half_index;
    uint32_t half_first, half_last;
    uint64_t half_swept;
    uint64_t served_at;                          /* when a RESP was ready last, and */
    bool served_late;                            /* whether that took too long */
    uint64_t busy_since, busy_told, busy_before; /* BUSY in this second and in the one before */
    struct bucket global_bucket, hint_bucket, busy_bucket,
        *prefix_bucket; /* PREFIX_BUCKETS of each width */
    struct head2_prefix exempt[HEAD2_SESSION_MAX_EXEMPT];
    uint64_t resp_counter;

    struct head2_aead *box; /* handshake boxes are opened and sealed one at a time */
    struct head2_job *jobs_free, *jobs_ready, *jobs_ready_last;
    uint32_t jobs_waiting; /* owners that want a job when one comes back */
    uint8_t *pool;
    uint32_t *pool_free;
    uint32_t pool_n, pool_total;

    struct datagram copy; /* of what went out last, for the peer's other address; or empty */
    struct reply replies[REPLIES];
    unsigned reply_first, reply_n;
    struct head2_event *events;
    unsigned event_first, event_n, event_cap;
    uint64_t counters[HEAD2_COUNTERS];
    uint8_t out[2 * HEAD2_SESSION_MANY][DATAGRAM_MAX + 64]; /* a packet and its twin, each */
    uint8_t plain[DATAGRAM_MAX];
};

/* session.c */
void count(struct head2_session *s, enum head2_counter what);
void alarm_event(struct head2_session *s, uint32_t peer, enum head2_counter what);
struct head2_event *event_new(struct head2_session *s, enum head2_event_kind kind, uint32_t peer);
HEAD2_CHECK enum head2_status draw(struct head2_session *s, void *out, size_t len);
/* The same, for secrets that last. */
HEAD2_CHECK enum head2_status draw_for_key(struct head2_session *s, void *out, size_t len);
/* The same, for what a key pair is made of; hybrid: and a P-384 scalar. */
HEAD2_CHECK enum head2_status draw_key(struct head2_session *s, struct kx_secret *seed,
                                       bool hybrid);
/* The P-384 half alone, or nothing: for who encapsulates. */
HEAD2_CHECK enum head2_status draw_kx2(struct head2_session *s, struct kx_secret *seed,
                                       bool hybrid);
bool hybrid_offered(const struct head2_session *s);
uint8_t *pool_get(struct head2_session *s);
/* used: how many bytes of it have been written; these are wiped */
void pool_put(struct head2_session *s, uint8_t *block, size_t used);
bool same_address(const struct head2_address *a, const struct head2_address *b);
struct params own_params(const struct head2_session *s);

/* image.c */
void image_note(struct head2_session *s);
/* Whether this memory has been restored or copied since. If so everything secret has been erased.
 */
bool image_changed(struct head2_session *s);

/* jobs.c */
void job_forget_ready(struct head2_session *s);
struct head2_job *job_get(struct head2_session *s, enum job_kind kind, enum job_owner owner,
                          uint32_t slot, uint64_t serial);
void job_put(struct head2_session *s, struct head2_job *job);
void job_start(struct head2_session *s, struct head2_job *job);
/* What is signed or verified. */
void job_message(struct head2_job *job, const char *ctx, const uint8_t *msg, size_t len);

/* peers.c */
uint32_t peer_by_id(const struct head2_session *s, const uint8_t id[ID_BYTES]);
HEAD2_CHECK enum head2_status peer_add(struct head2_session *s, uint32_t *slot,
                                       const uint8_t id[ID_BYTES]);

/* epochs.c: keys that come and go */
void epoch_start(struct head2_session *s, struct tunnel *t, const struct chain *root);
void epoch_install_next(struct head2_session *s, struct tunnel *t, uint32_t gen,
                        const struct chain *sk);
bool epoch_arm_due(const struct tunnel *t, uint64_t now);
void epoch_arm(struct head2_session *s, struct tunnel *t);
void epoch_switch(struct head2_session *s, struct tunnel *t, epoch_t to, enum head2_cause cause);
void epoch_follow(struct head2_session *s, struct tunnel *t, epoch_t heard);
void epoch_expire(struct head2_session *s, struct tunnel *t);
void epoch_erase_rx(struct head2_session *s, struct tunnel *t, unsigned i);
void epoch_erase_prev(struct head2_session *s, struct tunnel *t);
/* All keys that it sends under. */
void epoch_erase_tx(struct head2_session *s, struct tunnel *t);
void epoch_forged(struct head2_session *s, struct tunnel *t, struct rx_epoch *rx, unsigned lane);
uint64_t epoch_bytes(const struct tunnel *t);
uint64_t epoch_margin(const struct tunnel *t);
uint64_t epoch_due(const struct tunnel *t);

/* tunnel.c */
struct tunnel_spec { /* what a finished handshake hands over */
    uint32_t peer;
    uint16_t suite;
    const uint8_t *session_id;
    const uint8_t *th8;
    const struct chain *master;
    struct params params;
    struct head2_address address;
    uint64_t began;
    uint64_t wire_bytes;
    uint64_t incarnation;
    const struct held_key *fallback; /* NULL: signed */
    uint16_t fb_counter;
    unsigned node;
};
uint32_t tunnel_new(struct head2_session *s, const struct tunnel_spec *spec);
void tunnel_erase(struct head2_session *s, uint32_t slot, uint16_t reason);
void tunnel_close(struct head2_session *s, struct tunnel *t, enum close_reason reason);
void tunnel_report_down(struct head2_session *s, const struct tunnel *t, uint16_t reason);
void tunnel_job_done(struct head2_session *s, const struct head2_job *job);
void tunnel_input(struct head2_session *s, const struct head2_address *from, const uint8_t *d,
                  size_t len, struct head2_session_data *data);
void tunnel_tick(struct head2_session *s, uint32_t slot);
/* Numbers below the lane's highest under which nothing has been accepted. */
uint64_t tunnel_missing(const struct tunnel *t, unsigned lane);
void tunnel_wake(struct head2_session *s, struct tunnel *t);
/* Its time-driven work is due then, if not before. */
void tunnel_due(struct head2_session *s, const struct tunnel *t, uint64_t due);
size_t tunnel_next(struct head2_session *s, struct tunnel *t, uint8_t *out,
                   struct head2_address *to);
const struct tunnel *tunnel_present(const struct head2_session *s, uint32_t peer);
struct tunnel *tunnel_of_peer(struct head2_session *s, uint32_t peer);
uint32_t tunnel_slot(const struct head2_session *s, const struct tunnel *t);

/* send.c */
/* Seals one packet of the control lane under the present key; 0 when a limit or libcrypto forbids.
 */
size_t tunnel_seal(struct head2_session *s, struct tunnel *t, uint8_t *out, const uint8_t *plain,
                   size_t len);

/* control.c */
void control_start(struct head2_session *s, struct tunnel *t);
void control_free(struct head2_session *s, struct tunnel *t);
/* Queue a reliable message; false when the queue is full. A body longer than 40 bytes is not copied
 * and must stay where it is until control_cancel. */
HEAD2_CHECK bool control_queue(struct head2_session *s, struct tunnel *t, uint8_t type,
                               const uint8_t *body, size_t len);
void control_cancel(struct tunnel *t, const uint8_t *body);
/* Drop unfinished messages of a type from the peer: it has cancelled them. */
void control_forget(struct head2_session *s, struct tunnel *t, uint8_t type);
bool control_queued(const struct tunnel *t, uint8_t type);
void control_input(struct head2_session *s, struct tunnel *t, struct rx_epoch *rx,
                   const uint8_t *plain, size_t len);
void control_tick(struct head2_session *s, struct tunnel *t);
bool control_pending(const struct head2_session *s, const struct tunnel *t);
size_t control_next(struct head2_session *s, struct tunnel *t, uint8_t *out);
uint64_t control_due(const struct tunnel *t);
/* Write an unreliable message, CTL_HEAD + len bytes. */
size_t control_write(uint8_t *p, uint8_t type, const uint8_t *body, uint16_t len);

/* initiator.c, attempts.c */
void initiator_tick(struct head2_session *s);
void initiator_input(struct head2_session *s, const struct head2_address *from,
                     const struct frame *f, const uint8_t *d, size_t len);
void initiator_job_done(struct head2_session *s, struct head2_job *job);
size_t initiator_next(struct head2_session *s, uint8_t *out, struct head2_address *to);
uint64_t initiator_due(const struct head2_session *s);
void initiator_abort_all(struct head2_session *s);
void initiator_resume(struct head2_session *s);

#endif
