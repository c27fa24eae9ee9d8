/*
 * The feeder: one thread of the program that takes samples from what is slow (devices, sensors, a
 * service) and offers them to the library. It sleeps until something is due or readable; nothing
 * here is in the way of a request for random bytes. A source that has nothing holds up no other;
 * one whose driver blocks in spite of O_NONBLOCK does.
 *
 *     source_file.c    a device, a serial port, a pipe, a file; /dev/hwrng
 *     source_hwmon.c   thermal zones and the ADC inputs of hardware monitors
 *     source_http.c    a service that gives numbers as JSON
 *
 * A source is a struct feeder_source with three functions. It never blocks: it says on which
 * descriptors it waits and when it wants to be called at the latest.
 */
#ifndef HEAD2_ENTROPY_FEEDER_H
#define HEAD2_ENTROPY_FEEDER_H

#include "base/base.h"

#include <head2/entropy.h>

#include <poll.h>

#define FEEDER_FDS   4 /* that one source may wait for */
#define FEEDER_NEVER UINT64_MAX

/* How the library sees a source when it is called. */
struct feeder_level {
    enum head2_entropy_state state;
    bool full; /* enough waits in its ring, or its samples count for nothing: a trickle will do */
};

struct feeder_source {
    const struct feeder_ops *ops;
    struct feeder_source *next;
    unsigned id; /* of head2_entropy_add */
    char name[HEAD2_ENTROPY_NAME];
    /* what it waits for, set by its functions: milliseconds of feeder_now, and descriptors */
    uint64_t at;
    unsigned n_wait;
    struct pollfd wait[FEEDER_FDS]; /* revents are those of this wake */
};

struct feeder_ops {
    /* It is time, or a descriptor is ready. Takes what there is, offers it, sets at and wait. */
    void (*run)(struct feeder_source *s, uint64_t now, const struct feeder_level *level);
    void (*free)(struct feeder_source *s);
};

struct feeder;

/* Milliseconds of a clock that does not go back. */
uint64_t feeder_now(void);

/*
 * Make source known to the library, for a struct feeder_source that is being made: sets s->name and
 * s->id. A source stays known until the process ends; one that comes again as it was gets its old
 * number.
 *
 * HEAD2_OK, or as head2_entropy_add: HEAD2_E_STATE for one that was known with other values.
 */
HEAD2_CHECK enum head2_status feeder_register(struct feeder_source *s,
                                              const struct head2_entropy_source *source);

/* HEAD2_OK or HEAD2_E_MEMORY. No thread runs before the first source is added. */
HEAD2_CHECK enum head2_status feeder_start(struct feeder **out);

/* s is taken over, on errors too. HEAD2_OK, or HEAD2_E_MEMORY when the thread cannot be started. */
HEAD2_CHECK enum head2_status feeder_add(struct feeder *f, struct feeder_source *s);

/* Whether it has a source of that name. */
bool feeder_has(struct feeder *f, const char *name);

/* End a source: the library is told that it is gone. */
void feeder_remove(struct feeder *f, const char *name);

/* End the thread and all sources; prompt. f may be NULL. Not in a child of fork, which has no such
 * thread. */
void feeder_stop(struct feeder *f);

/* How a source stands; what run is given. */
void feeder_level(struct feeder_level *level, const struct feeder_source *s);

#endif
