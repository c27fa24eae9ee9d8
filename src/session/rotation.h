/*
 * The state of a rotation, and what its files share: rotation.c says when, exchange.c how.
 */
#ifndef HEAD2_SESSION_ROTATION_H
#define HEAD2_SESSION_ROTATION_H

#include "session/schedule.h"

struct head2_job;
struct tunnel;

enum rot_state {
    ROT_IDLE,
    ROT_KEYPAIR, /* D: job */
    ROT_SIGN,    /* both: job */
    ROT_SENT,    /* D: ROT_INIT is out.  G: ROT_RESP is out */
    ROT_VERIFY,  /* both: job */
    ROT_ENCAPS,  /* G: job */
    ROT_DECAPS,  /* D: job */
    ROT_READY    /* the next generation can be sent under */
};

/* The next generation, from the moment its receive keys are installed. */
struct next_gen {
    bool installed;
    bool usable;   /* to send under */
    bool verified; /* agreed by a signed exchange */
    struct chain sk;
    struct chain rk, rb;
    uint8_t conf_g[32], conf_d[32];
    uint8_t rth3[64];
};

struct rotation {
    enum rot_state state;
    bool wanted;           /* a job is wanted and none was free */
    bool requested;        /* an operator asked */
    bool moved;            /* an address may have changed: a new key at the next quiet moment */
    bool prefetch;         /* D: the application says that now is a good time */
    uint64_t sent_at;      /* D: when ROT_INIT was queued last */
    uint8_t *mine;         /* pool block: own message, kept byte-identical for every retry */
    uint8_t *theirs;       /* pool block: the peer's */
    struct kx_secret seed; /* D: of the key pair offered */
    struct shared_secret ss;
    uint8_t rth1[64], rth2[64];
    uint8_t init_hash[32]; /* G: of the ROT_INIT answered */
    struct next_gen next;
};

/* rotation.c */
uint32_t rotation_gen_next(const struct tunnel *t);
void rotation_tick(struct head2_session *s, struct tunnel *t);
void rotation_free(struct head2_session *s, struct tunnel *t);
void rotation_switched(struct head2_session *s, struct tunnel *t);

/* exchange.c */
void exchange_begin(struct head2_session *s, struct tunnel *t);
void exchange_send_init(struct head2_session *s, struct tunnel *t);
/* Erase the messages of an exchange, and send them no more. */
void exchange_free(struct head2_session *s, struct tunnel *t);
void exchange_message(struct head2_session *s, struct tunnel *t, uint8_t type, const uint8_t *body,
                      size_t len);
void exchange_job_done(struct head2_session *s, struct tunnel *t, const struct head2_job *job);
/* An authentic packet under the next generation confirms it as ROT_CONFIRM does. */
void exchange_heard_next(struct head2_session *s, struct tunnel *t);
/* A job is free again: go on where one was missing. */
void exchange_resume(struct head2_session *s, struct tunnel *t);

#endif
