/*
 * What happens to each packet on a bad path, decided by a seed: the same for the same seed,
 * direction and number of the packet, whatever the clock says and whatever is in it.
 *
 * Loss is of two kinds: each packet by chance, and in bursts after Gilbert and Elliott, a path that
 * is good or bad and changes between the two from packet to packet.
 */
#ifndef HEAD2_TESTS_RELAY_IMPAIR_H
#define HEAD2_TESTS_RELAY_IMPAIR_H

#include <stdbool.h>
#include <stdint.h>

/* Chances from 0 to 1, times in microseconds. */
struct impairment {
    uint64_t seed;
    double loss;        /* of any packet while the path is good */
    double burst_begin; /* that a packet finds the path turned bad, */
    double burst_end;   /* that one finds it good again, */
    double burst_loss;  /* that one is lost meanwhile */
    double duplicate;   /* that a packet comes twice */
    double reorder;     /* that it is held back while others go on */
    uint64_t delay;     /* of every packet */
    uint64_t jitter;    /* up to so much more; order is kept */
    uint64_t hold;      /* how long one that is held back waits more; a twin up to as long */
};

/* One direction of a path. Begins as {.direction = ...}. */
struct impair_path {
    uint64_t direction;
    uint64_t number; /* of the next packet */
    bool bad;
    uint64_t bursts;
};

struct fate {
    uint64_t number;
    bool lost;
    bool in_burst;
    bool reordered;
    bool twice;
    uint64_t delay;      /* until it goes on, with all that it has been given */
    uint64_t twin_later; /* how long after it the second copy does */
};

/* The fate of the path's next packet. */
struct fate impair_next(struct impair_path *path, const struct impairment *how);

/* The share of packets that are lost in the long run. */
double impair_expected_loss(const struct impairment *how);

#endif
