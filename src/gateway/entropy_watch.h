/*
 * What the library says of entropy, brought to the loop: its events come on any thread, and become
 * log lines and receipts on the loop's.
 */
#ifndef HEAD2_GATEWAY_ENTROPY_WATCH_H
#define HEAD2_GATEWAY_ENTROPY_WATCH_H

#include "base/base.h"

#include <head2/entropy.h>

#include <uv.h>

#define ENTROPY_WATCH_QUEUE 64 /* events that wait for the loop; more are counted */

struct entropy_watch;

/* On the loop's thread; lost: events that had no room since the last call. */
typedef void entropy_event_fn(void *arg, const struct head2_entropy_event *event, uint64_t lost);

/* Its handle does not keep the loop alive. HEAD2_OK or HEAD2_E_MEMORY. One at a time in a process.
 */
HEAD2_CHECK enum head2_status entropy_watch_start(struct entropy_watch **out, uv_loop_t *loop,
                                                  entropy_event_fn *fn, void *arg);
/* Take up what waits, on the loop's thread. */
void entropy_watch_flush(struct entropy_watch *w);
/* No more events; the loop closes the handle, and free comes after that. w may be NULL. */
void entropy_watch_stop(struct entropy_watch *w);
void entropy_watch_free(struct entropy_watch *w);

#endif
