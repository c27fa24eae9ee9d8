/*
 * The running daemon, gateway or link: one session object, one loop, and what hangs on them.
 *
 *     daemon.c    start, signals, new configuration, end
 *     runtime.c   the session's socket, clock and jobs
 *     signatures.c  the gateway's signing jobs, which its keeper does
 *     seen.c      what a link knows of its gateway's incarnation
 *     ports.c     the UDP ports of local applications, one a peer and lane
 *     fallback.c  keys for when the gateway is lost
 *     record.c    what the session tells becomes log lines and receipts
 *     report.c    the answer to `head2 status`
 *     console.c   the control socket
 *
 * Everything here runs on the loop's thread, but jobs (the thread pool) and receipts (notary.h).
 */
#ifndef HEAD2_GATEWAY_RUNTIME_H
#define HEAD2_GATEWAY_RUNTIME_H

#include "gateway/config.h"
#include "gateway/entropy.h"
#include "gateway/entropy_watch.h"
#include "gateway/journal.h"
#include "gateway/net.h"
#include "gateway/notary.h"
#include "gateway/notify.h"
#include "gateway/signatures.h"
#include "gateway/state.h"
#include "keeper/remote.h"

#include <uv.h>

/* Drops and mishaps at this end that are not the session's. */
enum local_counter {
    LOCAL_LATE,          /* commands from the past, lane 0 of a link */
    LOCAL_NO_RECEIVER,   /* no output is configured, or no application has sent yet */
    LOCAL_STRANGER,      /* a datagram to a lane's port from another address than its output */
    LOCAL_SEND_FULL,     /* the system's send buffer was full, or a lane's share of it */
    LOCAL_SEND_TOO_LONG, /* for the path */
    LOCAL_SEND_NO_ROUTE,
    LOCAL_SEND_FAILED,  /* refused by a firewall, or any other reason */
    LOCAL_RECEIVE_FULL, /* came faster than they were read, and the system dropped them */
    LOCAL_NO_PORT,      /* a lane's socket could not be opened */
    LOCAL_NO_ROUTE,     /* TUN: no peer has the destination */
    LOCAL_BAD_SOURCE,   /* TUN: a packet from a peer with an address that is not its own */
    LOCAL_NOT_IP,       /* TUN: not one whole IP packet */
    LOCAL_NO_IPV6,      /* TUN: the session's packets are too short for IPv6 */
    LOCAL_DEVICE,       /* TUN: the device did not take a packet */
    LOCAL_EVENTS,       /* log lines that nobody read, or above their rate */
    LOCAL_COUNTERS
};
const char *local_counter_name(unsigned counter);

struct runtime;

/* The UDP port of one lane of one peer, towards the local application. */
struct port {
    struct net_socket socket;
    uv_poll_t poll;
    struct runtime *runtime;
    uint32_t peer;
    uint8_t lane;
    bool waiting;      /* in the list of: */
    struct port *next; /* ports of bulk lanes that can be read */
};

/* What belongs to a peer number of the session. */
struct member {
    bool used;
    char name[CONFIG_NAME_MAX + 1];
    uint8_t pk[HEAD2_SESSION_PK_BYTES];
    uint8_t key_id[HEAD2_KEY_ID_BYTES];
    struct config_lane lanes[HEAD2_SESSION_LANES];
    struct port *ports[HEAD2_SESSION_LANES];
    struct head2_address receiver[HEAD2_SESSION_LANES]; /* link: the last local sender */
    bool has_receiver[HEAD2_SESSION_LANES];
    uint8_t pseudonym[16];       /* of the present session */
    uint64_t rotation;           /* of that session, counted */
    enum head2_cause last_cause; /* why its key was replaced last, and */
    bool last_fresh;             /* by an exchange, and */
    bool last_signed;            /* whether that was signed */
    char *next_entropy;          /* of the key that comes next: see entropy_text_keep; or NULL */
    struct {
        uint8_t id[HEAD2_FALLBACK_ID_BYTES];
        uint64_t issue_ms; /* 0: none */
        uint16_t counter;  /* the drone's last word */
        bool acknowledged;
    } fallback[2]; /* gateway: the newest key of the drone, and the one beside it */
};

/* See fallback.h. */
struct fallback_runtime {
    uint8_t ids[HEAD2_FALLBACK_NODES][32];                  /* gateway: the nodes */
    struct head2_fallback_node nodes[HEAD2_FALLBACK_NODES]; /* link: those that have an address */
    uint32_t n;
    struct fallback_write *first, *last; /* what waits for the disk; the first is being written */
    uv_timer_t timer;                    /* keys that have ended are looked for */
    uv_fs_event_t folder;                /* node: something is imported */
    uv_timer_t settle;                   /* node: and no more comes */
};

struct tun_device {
    bool open;
    int fd;
    uv_poll_t poll;
    struct prefixes routes;
};

/* A few tokens a second, for what a stranger can make happen. */
struct meter {
    uint64_t at, milli;
};

struct runtime {
    uv_loop_t loop;
    struct config *config;
    const struct head2_key *key;   /* the identity; a gateway has no more than its public part */
    struct keeper_remote *remote;  /* a gateway's, for its ledger */
    struct signatures *signatures; /* a gateway's, for its session, over */
    int pair;                      /* calls to the keeper; -1: the key's private part is here */
    uint8_t key_id[HEAD2_KEY_ID_BYTES];
    struct state state;
    uint64_t incarnation;
    uint32_t capacity; /* gateway: handshakes a second that this machine can do */
    uint64_t started;  /* boot clock, microseconds */
    uint64_t started_ms;

    struct head2_session *session;
    struct net_socket wan;
    uv_poll_t wan_poll;
    struct tun_device tun;
    uv_timer_t timer;
    uint64_t timer_at, looked; /* when the timer fires; when the session was last asked for that */
    uv_signal_t signals[3];
    struct notify notify;
    struct member *members;
    uint32_t max_members;
    struct head2_address endpoints[HEAD2_SESSION_MAX_ADDRS]; /* link */
    uint32_t n_endpoints;
    bool endpoints_new; /* to be used when the present session is gone */
    uint64_t seen;      /* link: the highest incarnation of the gateway */
    bool keeping;       /* it is being written; only one such job runs at a time */

    uint64_t drops[LOCAL_COUNTERS][NET_LANES]; /* but what net.h counts: see local_drops */
    struct port *bulk_first, *bulk_last;       /* ports to be read when lane 0 has been */
    uv_check_t bulk_turn;
    struct meter alarms, failed_proofs;
    struct entropy_sources entropy;
    struct entropy_watch *watch;
    bool opening; /* slow sources have not brought the first seed: closed is no alarm yet */
    uint64_t entropy_alarms; /* receipts of them so far */
    struct notary *notary;   /* a gateway's */
    struct console *console;
    bool stopping;
    uint64_t stop_at;
    unsigned work; /* pieces of work that the thread pool has */
    struct fallback_runtime fallback;
    bool loading; /* a new configuration is being read */
    bool load_again;

    struct net_input in;
    struct net_output out_wan, out_local;
};

/* runtime.c */
uint64_t runtime_now(void); /* CLOCK_BOOTTIME, microseconds */
HEAD2_CHECK enum head2_status runtime_open(struct runtime *r, struct config_error *err);
void runtime_close(struct runtime *r);
/* Carry out what the session wants, send what is queued, set the timer. */
void runtime_pump(struct runtime *r, uint64_t now);
struct head2_session_config runtime_session_config(const struct runtime *r, const struct config *c);
HEAD2_CHECK enum head2_status runtime_add(struct runtime *r, const struct config_peer *p);
void runtime_remove(struct runtime *r, uint32_t peer);
void runtime_use_endpoints(struct runtime *r);
bool meter_take(struct meter *m, uint64_t now, uint64_t per_second_milli, uint64_t burst);

/* seen.c */
void runtime_keep_seen(struct runtime *r, uint64_t incarnation);

/* ports.c */
HEAD2_CHECK enum head2_status ports_listen(struct runtime *r, uint32_t peer, unsigned lane);
/* Seal up to HEAD2_SESSION_MANY plaintexts for a peer and queue what they became; not sent yet. */
void ports_send(struct runtime *r, uint64_t now, uint32_t peer, struct head2_session_item *items,
                unsigned n);
void ports_deliver(struct runtime *r, const struct head2_session_data *data);
void ports_close(struct runtime *r, uint32_t peer, unsigned lane);
/* Runs after each round of reading: see on_bulk_turn. */
HEAD2_CHECK enum head2_status ports_start(struct runtime *r);

/* record.c */
void record_event(struct runtime *r, const struct head2_event *e);
void record_peer(struct runtime *r, enum receipt_kind kind, const struct member *m);
void record_start(struct runtime *r);
void record_stop(struct runtime *r);
void record_notary(void *arg, const struct notary_report *report);
void record_entropy(void *arg, const struct head2_entropy_event *event, uint64_t lost);
void record_entropy_note(void *arg, const char *source, const char *what);
void record_key_name(char out[32], uint32_t gen, uint8_t step);
void record_receipt(struct runtime *r, enum receipt_kind kind, uint64_t number, const char *subject,
                    const struct receipt_field *fields, size_t count);

/* record_fallback.c */
#define FALLBACK_RESTRICTED                                                                        \
    "commands that hold, return, land, end the plan or switch the fence on; no video, no logs"
void record_fallback_up(struct runtime *r, const struct head2_event *e, const struct member *m,
                        json_t *detail);
void record_fallback_down(struct runtime *r, const struct head2_event *e, const struct member *m,
                          json_t *detail);
void record_signed_up(struct runtime *r, const struct head2_event *e, struct member *m,
                      json_t *detail);
void record_fallback_key(struct runtime *r, const struct head2_event *e, json_t *detail);
void record_fallback_rejected(const struct runtime *r, const struct head2_event *e, json_t *detail);

/* report.c */
/* What a lane has lost for a reason; NET_CONTROL stands for what is no application's. */
uint64_t local_drops(const struct runtime *r, enum local_counter why, unsigned lane);
/* A new JSON object, NULL when memory is short. */
json_t *report_status(struct runtime *r);
json_t *report_tags(struct runtime *r);

/* console.c */
HEAD2_CHECK enum head2_status console_open(struct runtime *r, struct config_error *err);
void console_close(struct runtime *r);

#endif
