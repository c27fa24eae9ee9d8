/*
 * What this machine can do, where a limit should follow it.
 */
#ifndef HEAD2_GATEWAY_CAPACITY_H
#define HEAD2_GATEWAY_CAPACITY_H

#include <stdint.h>

/* Handshakes a second that should leave a fifth of the processors to everything else, from a
 * measurement of some milliseconds; 100 at least, and 100,000 at most. */
uint32_t capacity_handshakes(void);

#endif
