/*
 * Two ends of a session in one process, for head2 bench: what a handshake, a packet and a stream
 * cost without a network between them.
 */
#ifndef HEAD2_CLI_BENCH_ENDS_H
#define HEAD2_CLI_BENCH_ENDS_H

#include "base/base.h"

#include <head2/keys.h>
#include <head2/session.h>

struct bench_end {
    struct head2_session *s;
    struct head2_key *key;
    struct head2_address addr;
    uint32_t peer;
};

struct bench_pair {
    struct bench_end drone, gateway;
    uint64_t now;
    uint64_t delivered, lost;
};

HEAD2_CHECK enum head2_status bench_pair_open(struct bench_pair *p);
void bench_pair_close(struct bench_pair *p);
/* A new handshake from scratch, both ends' work. */
HEAD2_CHECK enum head2_status bench_pair_handshake(struct bench_pair *p);
/* Carry everything both ends have to say to each other. */
void bench_pair_pump(struct bench_pair *p);
/* Both ends' timers at this time, then pump. */
void bench_pair_tick(struct bench_pair *p, uint64_t now);

#endif
