/*
 * What the relay did, for each direction and for each tag: the first six bytes of a datagram, which
 * say to whoever has the tags (`head2 status --tags`) which lane it belongs to. What is a handshake
 * has the tag c44832485301.
 */
#ifndef HEAD2_TESTS_RELAY_TALLY_H
#define HEAD2_TESTS_RELAY_TALLY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TALLY_TAGS 8192 /* a power of two; those that find no place are counted together */

struct tally_tag {
    uint64_t tag; /* 0: free */
    uint64_t in, lost, out;
};

struct tally {
    uint64_t in, in_bytes;
    uint64_t lost, lost_in_bursts;
    uint64_t overflow; /* the rate's queue was full: lost as well, and counted there too */
    uint64_t duplicated;
    uint64_t held;           /* held back, by chance */
    uint64_t reordered;      /* went on after one with a higher number */
    uint64_t out, out_bytes; /* twins too */
    uint64_t unsent, kernel; /* lost by this machine: not sent, or come too fast for the socket */
    uint64_t late_max, late_us; /* went on so much after it was due; sum */
    uint64_t highest;           /* number that has gone on, plus one */
    struct tally_tag tags[TALLY_TAGS], other;
};

/* The place of the datagram's tag. */
struct tally_tag *tally_tag(struct tally *t, const uint8_t *bytes, size_t len);
/* `"NAME":{...}` */
void tally_print(FILE *f, const char *name, const struct tally *t);
/* `{"tag":"...","direction":"NAME",...}` for each, with commas; first: none has been printed. */
void tally_print_tags(FILE *f, const char *name, const struct tally *t, int *first);

#endif
