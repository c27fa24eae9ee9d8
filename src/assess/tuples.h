/*
 * How often tuples of every length occur, from the lengths of common prefixes of sorted suffixes.
 */
#ifndef HEAD2_ASSESS_TUPLES_H
#define HEAD2_ASSESS_TUPLES_H

#include "assess/sequence.h"

/*
 * An interval of the suffix order whose members share `length` symbols is one tuple of that length
 * and of all lengths down to that of the interval around it; it occurs as often as the interval has
 * members. It ends where less is shared. Both estimates need only lengths at which intervals begin
 * to be: of a count that does not change the greatest p^(1/m) is that of the longest m.
 *
 * For tuples seen less than TUPLES_OFTEN times the pairs in an interval are noted at its length and
 * taken off at the length around. Notes stand by length in pages that are touched only where there
 * are any, so that long texts which repeat themselves wholly take little more than others.
 */
enum { TUPLES_OFTEN = 35 /* Section 6.3.5, step 1 */ };

struct tuples {
    size_t n;               /* symbols of the text */
    size_t seen;            /* suffixes so far */
    uint32_t longest;       /* the longest repeated tuple */
    uint32_t longest_often; /* the longest that is seen TUPLES_OFTEN; 0: none is */
    double most_often;      /* the greatest ln(p) / m of such ones */
    uint64_t *pairs;        /* by length; modulo 2^64 until tuples_end */
    struct tuple_interval *open;
    size_t depth, depth_room;
};

/* Of a text of n symbols. */
HEAD2_CHECK enum head2_status tuples_init(struct tuples *t, size_t n);
void tuples_free(struct tuples *t);
/* The next suffix shares so many symbols with the one before it; the first is not told. */
HEAD2_CHECK enum head2_status tuples_add(struct tuples *t, uint32_t shared);
/* All suffixes are told: pairs[m] becomes that of tuples of length m, for m above longest_often. */
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
