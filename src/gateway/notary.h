/*
 * The notary writes receipts: a queue, and one thread that signs, writes and fsyncs them in order,
 * far from the data path. A receipt that cannot be written (full disk) is tried again, first after
 * a second and then less often; meanwhile data flows on and the failure is told once.
 */
#ifndef HEAD2_GATEWAY_NOTARY_H
#define HEAD2_GATEWAY_NOTARY_H

#include "artifact/receipt_store.h"

#include <uv.h>

#define NOTARY_QUEUE 4096

struct notary;

struct notary_report {
    uint64_t written, lost; /* lost: the queue was full, or the daemon ended before */
    uint64_t waiting;
    bool failing;
    uint64_t failures; /* attempts that failed */
    char why[700];     /* of the last failure */
    bool any;          /* last_* are valid */
    uint64_t last_index, last_ms;
    char last_name[RECEIPT_NAME_MAX];
};

/* changed is called on the loop's thread when failing has changed. key is borrowed. */
typedef void notary_changed_fn(void *arg, const struct notary_report *report);

/* On failure *out is NULL, or to be stopped and freed like one that started. */
HEAD2_CHECK enum head2_status notary_start(struct notary **out, uv_loop_t *loop, const char *folder,
                                           const struct head2_key *key, notary_changed_fn *changed,
                                           void *arg, struct receipt_fault *fault);
/* Queue a receipt of this event. Never blocks for long. */
void notary_write(struct notary *n, const struct receipt_event *event);
void notary_report(struct notary *n, struct notary_report *out);
/* Write what is left, for limit_ms at most, and end; the loop must run once more to close it. No
 * receipt is begun and no lock waited for after limit_ms. One that is being written then is
 * finished: a disk that does not answer its fsync holds the whole process, as it could not exit
 * before the call returns either. */
void notary_stop(struct notary *n, unsigned limit_ms, struct notary_report *out);
void notary_free(struct notary *n);

#endif
