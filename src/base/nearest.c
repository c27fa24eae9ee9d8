/*
 * Optimal string alignment distance over three rolling rows, for short names.
 */
#include "base/nearest.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t nearest_distance(const char *a, const char *b)
{
    size_t rows[3][NEAREST_MAX + 1];
    const size_t a_len = strlen(a);
    const size_t b_len = strlen(b);

    if (a_len > NEAREST_MAX || b_len > NEAREST_MAX)
        return NEAREST_MAX + 1;
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = last[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = least(change, least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[b_len];
}

const char *nearest_name(const char *word, const char *const *names, size_t count)
{
    const size_t len = strlen(word);
    size_t best = (len > 6 ? len / 3 : 2) + 1;
    const char *found = NULL;

    for (size_t i = 0; i < count; i++) {
        size_t d = nearest_distance(word, names[i]);
        if (d < best && d < len) {
            best = d;
            found = names[i];
        }
    }
    return found;
}
