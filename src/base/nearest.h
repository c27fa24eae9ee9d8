/*
 * The nearest known name to a mistyped one: what "unknown option" and "unknown key" messages offer.
 */
#ifndef HEAD2_BASE_NEAREST_H
#define HEAD2_BASE_NEAREST_H

#include <stddef.h>

#define NEAREST_MAX 63 /* longer words have no near name */

/* Edits (insert, delete, replace, swap of neighbours) between two words, at most NEAREST_MAX + 1.
 */
size_t nearest_distance(const char *a, const char *b);

/* The one of count names that is closest to word, or NULL when none is within a third of its
 * length (at least 2 edits are always forgiven when the word is longer than that). */
const char *nearest_name(const char *word, const char *const *names, size_t count);

#endif
