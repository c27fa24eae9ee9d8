/*
 * UTF-8 decoding by table 3-7 of the Unicode Standard, reversal, and the place of a difference.
 */
#include "artifact/mu.h"

#include <stdio.h>

static bool between(uint8_t c, uint8_t low, uint8_t high)
{
    return c >= low && c <= high;
}

size_t mu_code_point(const uint8_t *p, size_t len)
{
    if (len == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    /* the first byte fixes the length, and sometimes narrows the second byte: no overlong form, no
     * surrogate, nothing above U+10FFFF */
    const size_t n = between(p[0], 0xc2, 0xdf)   ? 2
                     : between(p[0], 0xe0, 0xef) ? 3
                     : between(p[0], 0xf0, 0xf4) ? 4
                                                 : 0;
    if (n == 0 || n > len)
        return 0;
    const uint8_t low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    const uint8_t high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (!between(p[1], low, high))
        return 0;
    for (size_t i = 2; i < n; i++)
        if (!between(p[i], 0x80, 0xbf))
            return 0;
    return n;
}

enum head2_status mu_check_utf8(const uint8_t *text, size_t len, size_t *bad)
{
    for (size_t at = 0; at < len;) {
        size_t n = mu_code_point(text + at, len - at);
        if (n == 0) {
            *bad = at;
            return HEAD2_E_MALFORMED;
        }
        at += n;
    }
    return HEAD2_OK;
}

enum head2_status mu_reverse(uint8_t *out, const uint8_t *text, size_t len, size_t *bad)
{
    for (size_t at = 0; at < len;) {
        size_t n = mu_code_point(text + at, len - at);
        if (n == 0) {
            *bad = at;
            head2_wipe(out, len);
            return HEAD2_E_MALFORMED;
        }
        memcpy(out + len - at - n, text + at, n);
        at += n;
    }
    return HEAD2_OK;
}

/* The rest of the line at p, whole code points only, cut with an ellipsis when it does not fit. */
static void rest_of_line(char out[64], const uint8_t *p, size_t len)
{
    size_t n = 0;

    while (n < len && p[n] != '\n') {
        size_t step = mu_code_point(p + n, len - n);
        if (step == 0)
            step = 1;
        if (n + step > 56) {
            memcpy(out + n, "...", 4);
            return;
        }
        memcpy(out + n, p + n, step);
        n += step;
    }
    out[n] = 0;
}

enum head2_status mu_compare(const uint8_t *forward, size_t forward_len, const uint8_t *reversed,
                             size_t reversed_len, uint8_t *scratch, struct mu_difference *diff,
                             size_t *bad)
{
    enum head2_status st = mu_reverse(scratch, forward, forward_len, bad);
    if (st != HEAD2_OK)
        return st;
    size_t same = 0; /* bytes of whole code points that agree */
    diff->line = diff->column = 1;
    while (same < forward_len) {
        size_t n = mu_code_point(scratch + same, forward_len - same);
        if (n > reversed_len - same || memcmp(scratch + same, reversed + same, n) != 0)
            break;
        diff->column++;
        if (scratch[same] == '\n') {
            diff->line++;
            diff->column = 1;
        }
        same += n;
    }
    if (same == forward_len && same == reversed_len)
        return HEAD2_OK;
    rest_of_line(diff->found, reversed + same, reversed_len - same);
    rest_of_line(diff->expected, scratch + same, forward_len - same);
    diff->found_end = same == reversed_len;
    diff->expected_end = same == forward_len;
    return HEAD2_E_VERIFY;
}

void mu_difference_text(char out[MU_DIFFERENCE_TEXT], const struct mu_difference *diff)
{
    const char *const found = diff->found_end ? "" : "'", *const right =
                                                              diff->expected_end ? "" : "'";

    snprintf(out, MU_DIFFERENCE_TEXT, "line %zu, column %zu: %s%s%s where %s%s%s belongs",
             diff->line, diff->column, found, diff->found_end ? "the end of the text" : diff->found,
             found, right, diff->expected_end ? "the end of the text" : diff->expected, right);
}
