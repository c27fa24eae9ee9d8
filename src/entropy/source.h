/*
 * The library's own sources. They are what anybody's are (struct head2_entropy_source), with two
 * things more: they may need memory while samples are taken, and they say why they failed.
 */
#ifndef HEAD2_ENTROPY_SOURCE_H
#define HEAD2_ENTROPY_SOURCE_H

#include "base/base.h"

#include <head2/entropy.h>

struct entropy_builtin {
    struct head2_entropy_source source;
    bool at_once; /* it takes microseconds, not milliseconds, to a seed */
    /* what is needed to take samples, and its end; NULL where nothing is. HEAD2_E_IO: this machine
     * cannot have the source; HEAD2_E_MEMORY: not now. */
    enum head2_status (*open)(void);
    void (*close)(void);
    const char *why; /* set before anything but HEAD2_OK is returned */
};

/* Used under the pool's lock alone. */
extern struct entropy_builtin entropy_rdseed, entropy_jitter, entropy_getrandom;

#endif
