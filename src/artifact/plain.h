/*
 * Text from others that is shown on one line: without what a terminal, a table or a reader would
 * take for something else than letters.
 */
#ifndef HEAD2_ARTIFACT_PLAIN_H
#define HEAD2_ARTIFACT_PLAIN_H

#include "base/base.h"

/* Whether the code point at p (of n bytes, from mu_code_point) is a control character, a line or
 * paragraph separator, or one that turns the direction of writing. */
bool plain_hidden(const uint8_t *p, size_t n);

/* Whether UTF-8 text has none of them. */
bool plain_ok(const char *text, size_t len);

/* Copy with '?' for each of them and for bytes that are not UTF-8, cut to fit at a code point. */
void plain_copy(char *out, size_t cap, const char *text, size_t len);

#endif
