/*
 * SIGHUP: the configuration is read again in the thread pool (keys, names of hosts) and what can
 * change is changed while sessions go on. A broken file changes nothing, and says so.
 */
#ifndef HEAD2_GATEWAY_RELOAD_H
#define HEAD2_GATEWAY_RELOAD_H

#include "gateway/runtime.h"

void reload_begin(struct runtime *r);

#endif
