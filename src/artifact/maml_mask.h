/*
 * A Markdown text with the same headings, fences and HTML blocks at its top level, line for line,
 * and little else: what stands inside lines becomes the letter x. A CommonMark parser finds the
 * same sections in it, and has nothing in it to take quadratic time for (brackets, emphasis, deep
 * nesting), whatever the author of the text intends.
 */
#ifndef HEAD2_ARTIFACT_MAML_MASK_H
#define HEAD2_ARTIFACT_MAML_MASK_H

#include "base/base.h"

/* One line without its end; out has room for twice as much. Returns the length of what it became:
 * nothing of a line of blanks, which libcmark 0.30 takes for more of an empty list item, against
 * the standard. A definition of a link is text here, so one that a line of - or = follows counts as
 * a heading. */
size_t maml_mask_line(char *out, const uint8_t *line, size_t len);

#endif
