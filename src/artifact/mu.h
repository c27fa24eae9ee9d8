/*
 * .mu: a text reversed by Unicode code point, so each line is reversed and so is their order.
 * Reversing twice gives the text back, whatever it holds (CR, combining marks, no final newline).
 * What is not UTF-8 has no reverse and is refused with the offset of the first bad byte.
 */
#ifndef HEAD2_ARTIFACT_MU_H
#define HEAD2_ARTIFACT_MU_H

#include "base/base.h"

/* Length of the code point at p in UTF-8 (The Unicode Standard, table 3-7), 0 when there is none
 * among the next len bytes. */
size_t mu_code_point(const uint8_t *p, size_t len);

/* HEAD2_OK, or HEAD2_E_MALFORMED with the offset of the first byte that is not UTF-8 in *bad. */
HEAD2_CHECK enum head2_status mu_check_utf8(const uint8_t *text, size_t len, size_t *bad);

/* Reverse len bytes into out, which is as long and does not overlap. The same results. */
HEAD2_CHECK enum head2_status mu_reverse(uint8_t *out, const uint8_t *text, size_t len,
                                         size_t *bad);

/* Where a text stops being the reverse of another, in lines and code points from 1. */
struct mu_difference {
    size_t line, column;
    char found[64];    /* the rest of that line as it is, cut to fit; "" at the end of the text */
    char expected[64]; /* and as it should be */
    bool found_end, expected_end; /* the text (or what it should be) ends there */
};

/* A difference in words: "line 2, column 1: 'x' where 'y' belongs". */
#define MU_DIFFERENCE_TEXT 240
void mu_difference_text(char out[MU_DIFFERENCE_TEXT], const struct mu_difference *diff);

/* HEAD2_OK when reversed is the reverse of forward; HEAD2_E_VERIFY with *diff otherwise;
 * HEAD2_E_MALFORMED with *bad when forward is not UTF-8. scratch: forward_len bytes. */
HEAD2_CHECK enum head2_status mu_compare(const uint8_t *forward, size_t forward_len,
                                         const uint8_t *reversed, size_t reversed_len,
                                         uint8_t *scratch, struct mu_difference *diff, size_t *bad);

#endif
