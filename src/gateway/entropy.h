/*
 * The program's part of entropy under a configuration: what is asked of sources, those that the
 * library does not have, and the number that tells clones. For the daemons, and for verbs that work
 * with random bytes under a configuration of their own.
 */
#ifndef HEAD2_GATEWAY_ENTROPY_H
#define HEAD2_GATEWAY_ENTROPY_H

#include "entropy/feeder.h"
#include "gateway/config_entropy.h"

struct entropy_sources {
    struct feeder *feeder;
};

/* What could not be done, and does not stop the rest: a source that is left out, a change that
 * needs a restart. */
typedef void entropy_note_fn(void *arg, const char *source, const char *what);

/*
 * Configure the library and start the sources. c: NULL for the defaults. note: NULL for nobody.
 *
 * HEAD2_OK, HEAD2_E_MEMORY, or as head2_entropy_configure; on errors nothing is left open.
 */
HEAD2_CHECK enum head2_status entropy_begin(struct entropy_sources *s,
                                            const struct config_entropy *c, entropy_note_fn *note,
                                            void *arg);

/* The configuration was old and is new. What a process cannot change in a source that it has, it is
 * told in a note, and new gets the old values of it. */
HEAD2_CHECK enum head2_status entropy_change(struct entropy_sources *s,
                                             const struct config_entropy *old,
                                             struct config_entropy *new, entropy_note_fn *note,
                                             void *arg);

/* Wait for slow sources until random bytes can be had, or for ms. HEAD2_OK or HEAD2_E_ENTROPY. */
HEAD2_CHECK enum head2_status entropy_wait(unsigned ms);

/* Why not: "policy two: rdseed good, quantis absent (No such file or directory)". */
void entropy_why(char *out, size_t room);

/* The number that tells clones of this machine, for whoever else keeps keys in memory: NULL when
 * there is none. arg: receives the function's argument. Between entropy_begin and entropy_end. */
typedef bool entropy_generation_fn(void *arg, uint64_t *number);
entropy_generation_fn *entropy_generation(void **arg);

/* Back to the library's defaults; no thread is left. */
void entropy_end(struct entropy_sources *s);

#endif
