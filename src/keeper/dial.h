/*
 * Connections between two processes that have a pair of sockets from their common parent: who calls
 * makes a new pair and sends one end of it over. There is no name at which anybody else could call.
 * A call that nobody takes yet waits, also for the next process that has that end.
 */
#ifndef HEAD2_KEEPER_DIAL_H
#define HEAD2_KEEPER_DIAL_H

#include "base/base.h"

/* pair is one end of a socketpair of SOCK_SEQPACKET. Both return a stream socket, or -1 with errno;
 * EAGAIN: nothing waits, or too much does. Neither blocks. */
int dial_call(int pair);
int dial_take(int pair);

#endif
