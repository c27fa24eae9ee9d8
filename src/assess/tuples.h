/*
 * How often tuples of every length occur, from the lengths of common prefixes of sorted suffixes.
 */
#ifndef HEAD2_ASSESS_TUPLES_H
#define HEAD2_ASSESS_TUPLES_H

#include "assess/sequence.h"

/*
 * An interval of the suffix order whose members share `length` symbols is one tuple of that length
 * and of all lengths down to that of the interval around it. It ends where less is shared: then
 * size and the number of pairs in it are noted at `length`, and taken off at the length around.
 */
struct tuples {
    size_t seen;      /* suffixes so far */
    uint32_t longest; /* the longest repeated tuple */
    uint32_t room;    /* of most and pairs: lengths 0..room - 1 */
    uint32_t *most;   /* the size of the greatest interval noted at each length */
    uint64_t *pairs;  /* modulo 2^64 on the way */
    struct tuple_interval *open;
    size_t depth, depth_room;
};

HEAD2_CHECK enum head2_status tuples_init(struct tuples *t);
void tuples_free(struct tuples *t);
/* The next suffix shares so many symbols with the one before it; the first is not told. */
HEAD2_CHECK enum head2_status tuples_add(struct tuples *t, uint32_t shared);
/* All suffixes are told: most[m] and pairs[m] become those of tuples of length m, 1..longest. */
HEAD2_CHECK enum head2_status tuples_end(struct tuples *t);

/*
 * Tell the suffixes of a plane's n bits by sorting their first 64 bits, which is fast unless many
 * of these are equal: then *done is false, and t is to be begun anew.
 */
HEAD2_CHECK enum head2_status tuples_of_windows(struct tuples *t, const uint64_t *plane, size_t n,
                                                bool *done);

/* The length of the longest repeated tuple (Section 5.2.5). */
HEAD2_CHECK enum head2_status tuples_longest(uint64_t *longest, const struct sequence *s);

#endif
