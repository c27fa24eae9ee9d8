/*
 * Whether to look for what comes soon without sleeping. To be woken on another core takes longer
 * than a signature on many machines, above all on virtual ones. But who looks keeps a core from
 * others: where the one that is waited for needs that same core, it does not come before the
 * looking ends. So looking goes on as long as it finds something in time. When it has not, the next
 * times go without, twice as many after each failure.
 */
#ifndef HEAD2_KEEPER_AWAKE_H
#define HEAD2_KEEPER_AWAKE_H

#include "base/base.h"

#include <time.h>

#define AWAKE_SKIP_MAX 256

struct awake {
    unsigned skip, next; /* so many times without; so many after the next failure */
    uint64_t until_us;   /* 0: sleeps */
};

static inline uint64_t awake_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* From now on something is waited for, and it is worth so many microseconds. */
static inline void awake_begin(struct awake *a, uint64_t us)
{
    if (a->skip > 0)
        a->skip--;
    a->until_us = a->skip > 0 ? 0 : awake_now_us() + us;
}

/* Whether to look once more. */
static inline bool awake_still(struct awake *a)
{
    if (a->until_us == 0)
        return false;
    if (awake_now_us() < a->until_us)
        return true;
    a->until_us = 0;
    a->next = a->next == 0 ? 1 : a->next < AWAKE_SKIP_MAX ? 2 * a->next : a->next;
    a->skip = a->next + 1;
    return false;
}

/* It has come. */
static inline void awake_found(struct awake *a)
{
    if (a->until_us != 0)
        a->next = 0;
    a->until_us = 0;
}

#endif
