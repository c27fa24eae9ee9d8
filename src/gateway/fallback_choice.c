/* see fallback_choice.h */
#include "gateway/fallback_choice.h"

#include <stdlib.h>

struct fallback_brief *fallback_briefs_add(struct fallback_briefs *all,
                                           const struct fallback_entry *entry)
{
    if (all->n == all->cap) {
        const size_t cap = all->cap == 0 ? 16 : 2 * all->cap;
        struct fallback_brief *more = realloc(all->b, cap * sizeof *more);
        if (more == NULL)
            return NULL;
        all->b = more;
        all->cap = cap;
    }
    struct fallback_brief *b = &all->b[all->n++];
    *b = (struct fallback_brief){.issue_ms = entry->key.issue_ms,
                                 .counter = entry->counter,
                                 .acknowledged = entry->acknowledged};
    memcpy(b->id, entry->key.id, sizeof b->id);
    memcpy(b->drone, entry->key.drone, sizeof b->drone);
    memcpy(b->beside, entry->beside, sizeof b->beside);
    return b;
}

void fallback_briefs_free(struct fallback_briefs *all)
{
    free(all->b);
    *all = (struct fallback_briefs){0};
}

static int by_drone(const void *a, const void *b)
{
    const struct fallback_brief *x = a, *y = b;
    const int order = memcmp(x->drone, y->drone, sizeof x->drone);

    if (order != 0)
        return order;
    return x->issue_ms > y->issue_ms ? -1 : x->issue_ms < y->issue_ms;
}

/* Which stands beside the newest of a drone's n keys, by number; n > 1. A node goes by what the
 * gateway has put together. */
static size_t second(const struct fallback_brief *b, size_t n, enum fallback_end end)
{
    for (size_t i = 1; i < n; i++)
        if ((end == FALLBACK_GATEWAY && b[i].acknowledged) ||
            (end == FALLBACK_NODE && memcmp(b[i].id, b[0].beside, sizeof b->id) == 0))
            return i;
    return 1;
}

void fallback_briefs_choose(struct fallback_briefs *all, enum fallback_end end)
{
    struct fallback_brief *const b = all->b;
    size_t next;

    if (all->n != 0)
        qsort(b, all->n, sizeof *b, by_drone);
    for (size_t i = 0; i < all->n; i = next) {
        for (next = i + 1; next < all->n && memcmp(b[next].drone, b[i].drone, 32) == 0; next++)
            b[next].chosen = false;
        b[i].chosen = true;
        if (next - i > 1)
            b[i + second(b + i, next - i, end)].chosen = true;
    }
}
