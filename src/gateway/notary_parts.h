/*
 * What the files of the notary share: its state, and the way from what waits to entries.
 */
#ifndef HEAD2_GATEWAY_NOTARY_PARTS_H
#define HEAD2_GATEWAY_NOTARY_PARTS_H

#include "gateway/ledger_door.h"
#include "gateway/notary.h"

#include <limits.h>
#include <pthread.h>

struct slip { /* a receipt on its way */
    struct slip *next;
    enum receipt_kind kind;
    uint64_t number;
    char subject[RECEIPT_SUBJECT_MAX + 1];
    size_t len;
    char forward[];
};

/* What came through the door in this turn. */
struct visit {
    struct door_request request;
    unsigned client;
};

struct notary {
    struct ledger *ledger; /* NULL: has to be opened again */
    struct door *door;
    char folder[PATH_MAX];
    const struct head2_key *key;
    unsigned batch, interval_ms;
    struct artifact_signer signer;
    struct artifact_signer without; /* of the same key, without randomness: see seal */
    pthread_t thread;
    pthread_mutex_t mutex; /* of what stands between it and the thread's own */
    struct slip *first, *last;
    struct notary_report report;
    uint64_t stop_at; /* milliseconds of the monotonic clock */
    bool stop;
    bool started, watched; /* watched: async is open */
    int wake;              /* an eventfd */
    /* the thread's own */
    struct visit visits[DOOR_CLIENTS];
    unsigned n_visits;
    uint64_t retry_at, delay, delay_first; /* after a failure */
    uint64_t unsigned_since;               /* of the first entry that is not under a checkpoint */
    uv_async_t async;
    bool told_failing; /* loop thread */
    notary_changed_fn *changed;
    void *arg;
};

/* Milliseconds of the monotonic clock. */
uint64_t notary_clock(void);

/* ---- notary_append.c; on the notary's thread ---- */

/* All that waits, in one transaction: what stands at the door, and receipts where it is their time.
 * Whoever stands at the door has been answered when it returns. */
void notary_append(struct notary *n, bool try_slips);

/* Have the ledger open. HEAD2_OK, or as ledger_open and ledger_each. */
HEAD2_CHECK enum head2_status notary_reopen(struct notary *n, struct ledger_fault *fault);

/* After a failure: when it is tried again, and whether with the ledger opened anew. */
void notary_give_up(struct notary *n, enum head2_status st, uint64_t now);

/* With the mutex held: what the report says, and the loop's thread is woken where that changes. */
void notary_note_failing(struct notary *n, bool failing);
void notary_note_failure(struct notary *n, enum head2_status st, const struct ledger_fault *fault);

#endif
