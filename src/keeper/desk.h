/*
 * What a keeper does with a request: one function from message to message. Sockets are keeper.c's;
 * signatures with one key and one context are made together (desk_sign).
 */
#ifndef HEAD2_KEEPER_DESK_H
#define HEAD2_KEEPER_DESK_H

#include "keeper/approval.h"
#include "keeper/handles.h"
#include "keeper/keeper.h"
#include "keeper/pin.h"
#include "keeper/ring.h"

#define DESK_BATCH 64

struct desk {
    struct ring *ring;
    struct pin_guard pin;
    struct ring_time t;
    keeper_event_fn *on_event;
    void *arg;
    uint8_t sandbox;
    uint64_t batches, batched;
    uint8_t room[KEEPER_DATA_MAX + KEEPER_SEAL_EXTRA]; /* data of the answer at hand */
};

/* What is known of a connection. */
struct visitor {
    struct handles handles;
    struct nonces nonces;
    bool shown; /* the PIN, or needs not */
    bool challenged;
    uint8_t challenge[APPROVAL_CHALLENGE], challenged_for[HEAD2_KEY_ID_BYTES];
};
void visitor_clear(struct visitor *v);

/* A request to sign that waits for others of its kind. */
struct desk_sign {
    struct keeper_message ask;
    struct ring_key *key;
    enum head2_status st;
    const char *why;
    bool done;
    uint8_t sig[HEAD2_KEY_MAX_SIG];
    size_t sig_len;
};

/* Whether this may be asked now: where there is a PIN, who has not shown it has the public uses of
 * keys. HEAD2_OK or HEAD2_E_PASSPHRASE with *why. */
HEAD2_CHECK enum head2_status desk_admit(const struct desk *d, const struct visitor *v,
                                         enum keeper_type type, const char **why);
/* Answer anything but KEEPER_SIGN. The answer's bytes are good until the next call. */
void desk_answer(struct desk *d, struct visitor *v, const struct keeper_message *ask,
                 struct keeper_message *answer);
/* Look at a request to sign: its key is found, its use allowed and counted; or st and why say why
 * not, and it is done. */
void desk_accept(struct desk *d, struct desk_sign *s, const struct keeper_message *ask);
/* Sign all that are not done. n <= DESK_BATCH */
void desk_sign(struct desk *d, struct desk_sign *all, size_t n);

void desk_refuse(struct keeper_message *answer, enum head2_status st, const char *why);
void desk_event(struct desk *d, enum keeper_type type, const struct keeper_meta *meta,
                enum head2_status st);

#endif
