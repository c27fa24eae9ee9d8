/*
 * The keeper: the process that has private keys and works with them. Others ask it over a unix
 * socket, or over a socketpair, in messages of wire.h. One thread, one poll(2) loop; requests to
 * sign that are there at the same time are signed together.
 *
 * A front, if there is one, calls over a pair of its own, and may ask for less (rules.h).
 *
 * Bounds: KEEPER_CLIENTS at once, the others wait; HANDLES_MAX handles each; who leaves a request
 * half said for KEEPER_PATIENCE_MS is dropped, and so is who sends what is no message. Whoever is
 * of another user than the keeper, root excepted, is not listened to.
 */
#ifndef HEAD2_KEEPER_KEEPER_H
#define HEAD2_KEEPER_KEEPER_H

#include "keeper/pin.h"
#include "keeper/ring.h"
#include "keeper/rules.h"

#include <signal.h>

#define KEEPER_CLIENTS     128
#define KEEPER_CALLS       16 /* of them, those of a front */
#define KEEPER_PATIENCE_MS 10000
#define KEEPER_USES_MS     60000

/* One thing that was asked for a key, and what came of it; or, KEEPER_USES, that it was used in the
 * last KEEPER_USES_MS. */
struct keeper_event {
    enum keeper_type type;
    enum head2_status status;
    const struct keeper_meta *meta; /* NULL: there is no such key, or none is meant */
};
typedef void keeper_event_fn(void *arg, const struct keeper_event *event);

struct keeper_options {
    int listener; /* -1: none; stays the caller's */
    int pair; /* one end of a socketpair, trusted as it is; -1: none; the keeper's from then on */
    const struct keeper_rules *front;     /* NULL: none */
    const struct keeper_backend *backend; /* NULL: keys are in memory alone */
    const struct pin *pin;                /* NULL: none; who is at the pair needs none */
    uint8_t sandbox;                      /* what is in force, for KEEPER_STATUS */
    keeper_event_fn *on_event;            /* NULL: nobody listens */
    void *arg;
    const volatile sig_atomic_t *stop; /* set by a signal's handler, which ends keeper_run */
};

struct keeper;

HEAD2_CHECK enum head2_status keeper_new(struct keeper **out, const struct keeper_options *o);
struct ring *keeper_ring(struct keeper *k);
struct ring_time keeper_time(const struct keeper *k); /* of its last turn */
/* Until *stop is set (HEAD2_OK), where there is no listener until the pair is closed too; or
 * HEAD2_E_IO with errno. */
HEAD2_CHECK enum head2_status keeper_run(struct keeper *k);
/* Wipe everything; NULL is allowed. */
void keeper_free(struct keeper *k);

#endif
