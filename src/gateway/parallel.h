/*
 * Independent tasks over the machine's processors, for verbs that hash large files. Threads live
 * for one call; nothing of the gateway itself runs through here.
 */
#ifndef HEAD2_GATEWAY_PARALLEL_H
#define HEAD2_GATEWAY_PARALLEL_H

#include "base/base.h"

#include <head2/hash.h>

#define PARALLEL_MAX 16

/* Call task(arg, i) once for each i below n, by up to `threads` threads, the caller's among them;
 * returns when all calls have returned. Where a thread cannot be made the others do its share. */
void parallel_run(unsigned threads, size_t n, void (*task)(void *arg, size_t i), void *arg);

/* Processors that this process may use, at most PARALLEL_MAX. */
unsigned parallel_processors(void);

/* The same as libhead2 asks for it, by as many threads as there are processors. */
extern const struct head2_runner parallel_runner;

#endif
