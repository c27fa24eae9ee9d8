/*
 * Holding back the signals that end a program, while a file is being written under a temporary
 * name: it gets its own name or is removed, and the signal acts after that. Where a disk does not
 * answer, so does Ctrl-C not; SIGQUIT and SIGKILL are never held.
 */
#ifndef HEAD2_BASE_SIGNALS_H
#define HEAD2_BASE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* Of the calling thread; *before is for signals_release. */
static inline void signals_hold(sigset_t *before)
{
    sigset_t ending;

    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ending, before);
}

static inline void signals_release(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* Whether one of them waits. */
static inline bool signals_wait(void)
{
    sigset_t waiting;

    return sigpending(&waiting) == 0 &&
           (sigismember(&waiting, SIGINT) == 1 || sigismember(&waiting, SIGTERM) == 1 ||
            sigismember(&waiting, SIGHUP) == 1);
}

#endif
