/*
 * Signatures of an identity that is in a keeper. The session's signing jobs go there over one
 * connection, as many at once as there are, and nobody waits: answers come back through the loop.
 * A keeper that dies is followed by another, which is asked again what the dead one has not
 * answered; each job comes back once. Everything here is of the loop's thread.
 */
#ifndef HEAD2_GATEWAY_SIGNATURES_H
#define HEAD2_GATEWAY_SIGNATURES_H

#include "base/base.h"

#include <head2/keys.h>
#include <head2/session.h>

#include <uv.h>

struct signatures;

struct signatures_options {
    uv_loop_t *loop;
    int pair; /* for calls: see keeper/dial.h */
    uint8_t key_id[HEAD2_KEY_ID_BYTES];
    void (*done)(void *arg, struct head2_job *job); /* it has its signature, or why not */
    void (*turned)(void *arg);                      /* after some that were done together */
    void *arg;
};

/* HEAD2_OK or HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status signatures_start(struct signatures **out,
                                               const struct signatures_options *options);
/* Ask for a job's signature (head2_job_to_sign). False: out of memory, and it is the caller's
 * still. What is asked goes out with the next signatures_flush. */
bool signatures_ask(struct signatures *s, struct head2_job *job);
void signatures_flush(struct signatures *s);
/* All that wait are done with HEAD2_E_STATE; the loop must run once more before _free. NULL is
 * allowed. */
void signatures_stop(struct signatures *s);
void signatures_free(struct signatures *s);

struct signatures_report {
    uint64_t waiting, again, refused; /* again: asked a second time, of another keeper */
};
struct signatures_report signatures_report(const struct signatures *s);

#endif
