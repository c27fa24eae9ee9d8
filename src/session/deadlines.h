/*
 * When slots of a table are due: a heap, so that neither the next deadline nor what is due has to
 * be looked for among all.
 */
#ifndef HEAD2_SESSION_DEADLINES_H
#define HEAD2_SESSION_DEADLINES_H

#include "base/base.h"

struct deadlines {
    uint32_t n;
    uint32_t *heap;  /* slots; none is due before the one at half its place, counted from 1 */
    uint32_t *place; /* by slot: where it stands in the heap, or 0 */
    uint64_t *due;   /* by slot */
};

HEAD2_CHECK enum head2_status deadlines_init(struct deadlines *d, uint32_t slots);
void deadlines_free(struct deadlines *d);
/* Put a slot in, or move it. */
void deadlines_set(struct deadlines *d, uint32_t slot, uint64_t due);
/* Take a slot out, if it is in. */
void deadlines_remove(struct deadlines *d, uint32_t slot);
/* When the first slot is due, and which; UINT64_MAX when there is none. slot may be NULL. */
uint64_t deadlines_first(const struct deadlines *d, uint32_t *slot);

#endif
