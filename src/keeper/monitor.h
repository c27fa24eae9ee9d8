/*
 * The process above a keeper. It holds the secret that a keeper begins with, starts the keeper, and
 * starts the next one when that is killed or crashes: no person is needed for it. Beside the keeper
 * it may have a second child, the front, which asks the keeper and never has the secret; a front
 * that is killed or crashes is replaced too, and the keeper stays as it is.
 *
 * Between the two there is a pair of sockets (dial.h says what goes over it) that outlives both:
 * what is sent to a keeper that has died waits for the next one.
 *
 * And it may have a third, the recorder, which takes what the keeper tells from a pair of sockets;
 * it is started again however it ends, and what was told meanwhile waits there. It ends last, when
 * nothing more can come.
 *
 * SIGTERM and SIGINT are passed on: to the front, else to the keeper; and SIGHUP to a front.
 * Children are groups of their own, so that a signal for the monitor's group comes once. Where the
 * monitor dies they die with it.
 *
 * The process must have one thread and no other children.
 */
#ifndef HEAD2_KEEPER_MONITOR_H
#define HEAD2_KEEPER_MONITOR_H

#include "base/base.h"

#define MONITOR_SECRET_MAX 16384 /* goes through a pipe in one piece */

/* What a child begins with; descriptors are the child's own, -1: none. */
struct monitor_start {
    int secret; /* a pipe that has the secret in it; the keeper's */
    int ready;  /* a byte into it says that the keeper serves; the keeper's */
    int pair;
    int events; /* of the pair over which is told: the keeper's end, and the recorder's */
};

/* Runs in the child, with the signals of the beginning; what it returns is the exit code. */
typedef int monitor_child_fn(void *arg, const struct monitor_start *start);
/* A child has died of a signal: its name ("keeper", "front", "recorder") and a phrase. */
typedef void monitor_death_fn(void *arg, const char *name, const char *why);

struct monitor_options {
    const uint8_t *secret; /* secret_len bytes of protected memory (secmem.h); the caller's */
    size_t secret_len;
    monitor_child_fn *keeper, *front, *recorder; /* front, recorder NULL: none */
    monitor_death_fn *died;
    void *arg;
};

/*
 * Until the front has ended, or without one the keeper: HEAD2_OK with its exit code. Else
 * HEAD2_E_IO with errno and *what, a phrase; or HEAD2_E_STATE with *what: a child dies as soon as
 * it is started, again and again. No child is left.
 */
HEAD2_CHECK enum head2_status monitor_run(const struct monitor_options *o, int *code,
                                          const char **what);

#endif
