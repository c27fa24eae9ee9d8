/*
 * The notary owns the daemon's ledger: one thread, far from the data path, that appends receipts
 * and what other processes bring to its door (ledger_door.h), all that has gathered in one
 * transaction, and signs a checkpoint when enough is unsigned or has been for long enough. What
 * cannot be written (full disk) is tried again, soon and then less often; meanwhile data flows on,
 * the failure is told once, and who stands at the door is told at once. No receipt is there twice.
 */
#ifndef HEAD2_GATEWAY_NOTARY_H
#define HEAD2_GATEWAY_NOTARY_H

#include "artifact/ledger.h"
#include "artifact/signer.h"

#include <uv.h>

#define NOTARY_QUEUE 4096
#define NOTARY_NAME  48

struct notary;

struct notary_report {
    uint64_t written, lost; /* lost: the queue was full, or the daemon ended before */
    uint64_t waiting;
    uint64_t brought;         /* entries that came through the door */
    uint64_t size, is_signed; /* of the ledger */
    bool failing;
    uint64_t failures; /* attempts that failed */
    char why[900];     /* of the last failure */
    bool any;          /* last_* are valid */
    uint64_t last_index, last_ms;
    char last_name[NOTARY_NAME]; /* kind and number */
};

/* changed is called on the loop's thread when failing has changed. key is borrowed. */
typedef void notary_changed_fn(void *arg, const struct notary_report *report);

struct notary_options {
    const char *folder;
    const struct head2_key *key;            /* the ledger's identity */
    struct artifact_signer signer, without; /* of that key, hedged; and without randomness */
    unsigned batch;                         /* a checkpoint after so many entries, */
    unsigned interval_ms;                   /* or so long after the first unsigned one */
    unsigned retry_ms; /* after a first failure; twice as long after each other */
    notary_changed_fn *changed;
    void *arg;
};

/* Opens the ledger, which waits up to LEDGER_WAIT_MS for another process. On failure *out is NULL,
 * or to be stopped and freed like one that started. */
HEAD2_CHECK enum head2_status notary_start(struct notary **out, uv_loop_t *loop,
                                           const struct notary_options *options,
                                           struct ledger_fault *fault);
/* Queue a receipt of this event. Never blocks for long. */
void notary_write(struct notary *n, const struct receipt_event *event);
void notary_report(struct notary *n, struct notary_report *out);
/* Write and sign what is left, for limit_ms at most, and end; the loop must run once more to close
 * it. Nothing is begun after limit_ms. What is being written then is finished: a disk that does not
 * answer its fsync holds the whole process, as it could not exit before the call returns either. */
void notary_stop(struct notary *n, unsigned limit_ms, struct notary_report *out);
void notary_free(struct notary *n);

#endif
