/*
 * Suffix arrays in linear time, whatever repeats itself: SA-IS (Nong, Zhang, Chan: "Two Efficient
 * Algorithms for Linear Time Suffix Array Construction", 2011), and the lengths of common prefixes
 * by the permuted LCP array (Kärkkäinen, Manzini, Puglisi, 2009).
 */
#ifndef HEAD2_ASSESS_SUFFIX_H
#define HEAD2_ASSESS_SUFFIX_H

#include "assess/sequence.h"

/* The positions of the n suffixes of symbol (below k), sorted. n is 1 to 2^31 - 1. */
HEAD2_CHECK enum head2_status suffix_sort(int32_t *sa, const uint8_t *symbol, int32_t n, int32_t k);

/* sa becomes the LCP array: [i] is how much suffix i of the order has in common with the one before
 * it; [0] is 0. */
HEAD2_CHECK enum head2_status suffix_lcp(int32_t *sa, const uint8_t *symbol, int32_t n);

/* The same of n bits, packed as a plane of a sequence is. */
HEAD2_CHECK enum head2_status suffix_sort_bits(int32_t *sa, const uint64_t *plane, int32_t n);
HEAD2_CHECK enum head2_status suffix_lcp_bits(int32_t *sa, const uint64_t *plane, int32_t n);

#endif
