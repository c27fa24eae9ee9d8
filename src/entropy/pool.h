/*
 * The table of sources of a process: what each has given, what it is worth, and whether it may be
 * used. One lock guards all of it; what generators ask on every request is in two atomic numbers.
 */
#ifndef HEAD2_ENTROPY_POOL_H
#define HEAD2_ENTROPY_POOL_H

#include "entropy/health.h"
#include "entropy/source.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    POOL_SEED = 64,        /* bytes that a gathering gives */
    POOL_RING = 2048,      /* samples offered and not yet taken */
    POOL_EVENTS = 24,      /* not yet told; more than can come of one call */
    POOL_EACH = 256,       /* credited bits that each of two sources must give to a generator */
    POOL_SINGLE = 448,     /* or that one gives alone: 384 + 64, see entropy/condition.h */
    POOL_RESEED = 320,     /* of all together: 256 + 64 */
    POOL_REST_SECONDS = 2, /* from a failure to start-up tests: one whole second at least */
    POOL_PATIENCE = 8,     /* times in a row that a source may have nothing */
};

/* In memory that a child of fork finds zeroed: an empty ring. */
struct ring {
    uint32_t first, count;
    uint8_t sample[POOL_RING];
};

struct member {
    struct head2_entropy_source source;
    struct entropy_builtin *builtin; /* NULL for one of the caller's */
    struct ring *ring;               /* of a source that offers */
    struct health health;
    double credit;  /* of a sample, under the present configuration */
    unsigned group; /* the first member that this one is not independent of; or itself */
    bool opened, absent, proven /* start-up tests were passed once */, recovering;
    bool
        half; /* of the von Neumann stage: there is a sample that waits for the other of its pair */
    uint8_t first_half;
    char why[64];
    uint64_t samples, tested, busy_ns;
    uint64_t rests_until;           /* seconds: no start-up tests before */
    double credited, spent, voided; /* bits */
    double taken;                   /* for the seed that is being made: what it counts for there */
    double in_flight;               /* and in the ledger */
    uint32_t failures;
};

/* Of a thread, without a call into the loader; a few bytes, so that libraries which are opened at
 * run time have room for them. */
#define POOL_THREAD _Thread_local __attribute__((tls_model("initial-exec")))

/* What generators must know of the configuration. */
struct pool_terms {
    enum head2_entropy_policy policy;
    enum head2_entropy_reseed reseed;
    enum head2_generator generator;
    bool (*generation)(void *arg, uint64_t *number);
    void *generation_arg;
};

struct pool {
    pthread_mutex_t lock;
    bool ready;
    bool shut;   /* the policy could not be met when last asked */
    bool single; /* AUTO makes do with one source */
    bool physical_only;
    struct pool_terms terms;
    bool listed; /* only sources with these names are credited */
    unsigned n_names;
    char name[HEAD2_ENTROPY_SOURCES][HEAD2_ENTROPY_NAME];
    unsigned n;
    struct member member[HEAD2_ENTROPY_SOURCES];
    head2_entropy_event_fn *tell;
    void *tell_arg;
    unsigned n_events;
    struct head2_entropy_event event[POOL_EVENTS];
    uint64_t gatherings;
};
extern struct pool pool;

/* Generators made under another epoch must be made anew. A source that fails and a new
 * configuration end one; a fork counts in the upper half. */
extern _Atomic uint64_t pool_epoch;
#define POOL_FORK ((uint64_t)1 << 32)
/* For reports. */
extern _Atomic uint64_t pool_instances, pool_seeds, pool_forks;

/** pool_enter - take the lock; HEAD2_E_MEMORY (without the lock) when the table cannot be made, and
 * HEAD2_E_STATE for a source that asks for randomness while it is read. */
HEAD2_CHECK enum head2_status pool_enter(void);
void pool_leave(void);
/* Tell the events that wait, without the lock. */
void pool_tell(void);

/* ---- under the lock ---- */

uint64_t pool_ns(void);
void pool_event(enum head2_entropy_event_kind kind, const struct member *m, double voided);
/* Whether a member's samples are tested at all. */
bool pool_tested(const struct member *m);
/* Test samples; returns how many of the last ones may be used. */
size_t pool_feed(struct member *m, const uint8_t *samples, size_t n);
/* Of n samples that passed, what the von Neumann stage keeps, in their place; all, without one. */
size_t pool_debias(struct member *m, uint8_t *samples, size_t n);
/* HEAD2_E_HEALTH: a test of its own failed; anything else: it is gone. */
void pool_failed(struct member *m, enum head2_status what, const char *why);
/* Whether a member's samples can count now: those that wait, or that it may be asked for. */
bool pool_may_give(const struct member *m);
/* Begin start-up tests, when it is time; false: not now. */
bool pool_start(struct member *m);
/* Move the oldest n samples of a ring. */
void pool_take(struct ring *r, uint8_t *out, size_t n);
/* Of the configuration: set all members' credit. */
void pool_set_credits(void);

/* ---- gathering: see gather.c; takes the lock itself ---- */

enum pool_purpose { POOL_FOR_INSTANTIATION, POOL_FOR_RESEED };

/**
 * pool_gather - samples that satisfy the policy, conditioned.
 *
 * out   all zero on error
 * bits  receives what each source was credited
 *
 * Returns HEAD2_OK or HEAD2_E_ENTROPY.
 */
HEAD2_CHECK enum head2_status pool_gather(enum pool_purpose purpose, uint8_t out[POOL_SEED],
                                          double bits[HEAD2_ENTROPY_SOURCES]);
/* Samples of a member that is read; 0 when there are none at present or it failed. */
size_t pool_pull(struct member *m, uint8_t *out, size_t want);
/* Whether a member that is read has passed its start-up tests; they are done here if need be. */
bool pool_prepared(struct member *m);
/* Whether a member can be read; its end. */
bool pool_opened(struct member *m);
void pool_close(struct member *m);

#endif
