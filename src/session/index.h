/*
 * A multimap from 64-bit keys to small slot numbers, of fixed size: chains through an array, no
 * allocation after creation. The owner keeps the keys and compares them.
 */
#ifndef HEAD2_SESSION_INDEX_H
#define HEAD2_SESSION_INDEX_H

#include "base/base.h"

#define INDEX_NONE UINT32_MAX

struct index {
    uint32_t *heads;
    uint32_t *next;  /* by slot */
    uint64_t secret; /* so that nobody outside can choose keys that collide */
    uint32_t mask;
};

enum head2_status index_init(struct index *ix, uint32_t slots, uint64_t secret);
void index_free(struct index *ix);
void index_add(struct index *ix, uint64_t key, uint32_t slot);
void index_remove(struct index *ix, uint64_t key, uint32_t slot);

/* The first slot whose key may be this one, then the next; INDEX_NONE ends the chain. */
uint32_t index_first(const struct index *ix, uint64_t key);

static inline uint32_t index_next(const struct index *ix, uint32_t slot)
{
    return ix->next[slot];
}

#endif
