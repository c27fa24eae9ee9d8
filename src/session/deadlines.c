/* see deadlines.h */
#include "session/deadlines.h"

#include <stdlib.h>

enum head2_status deadlines_init(struct deadlines *d, uint32_t slots)
{
    d->n = 0;
    d->heap = calloc((size_t)slots + 1, sizeof *d->heap);
    d->place = calloc(slots, sizeof *d->place);
    d->due = calloc(slots, sizeof *d->due);
    if (d->heap != NULL && d->place != NULL && d->due != NULL)
        return HEAD2_OK;
    deadlines_free(d);
    return HEAD2_E_MEMORY;
}

void deadlines_free(struct deadlines *d)
{
    free(d->heap);
    free(d->place);
    free(d->due);
    *d = (struct deadlines){.n = 0};
}

static uint64_t due_at(const struct deadlines *d, uint32_t place)
{
    return d->due[d->heap[place]];
}

static void stand(struct deadlines *d, uint32_t place, uint32_t slot)
{
    d->heap[place] = slot;
    d->place[slot] = place;
}

/* Let the slot at this place move to where its deadline belongs, up or down. */
static void settle(struct deadlines *d, uint32_t place)
{
    const uint32_t slot = d->heap[place];
    const uint64_t due = d->due[slot];

    for (; place > 1 && due < due_at(d, place / 2); place /= 2)
        stand(d, place, d->heap[place / 2]);
    for (uint32_t next; (next = 2 * place) <= d->n; place = next) {
        if (next < d->n && due_at(d, next + 1) < due_at(d, next))
            next++;
        if (due <= due_at(d, next))
            break;
        stand(d, place, d->heap[next]);
    }
    stand(d, place, slot);
}

void deadlines_set(struct deadlines *d, uint32_t slot, uint64_t due)
{
    if (d->place[slot] == 0)
        stand(d, ++d->n, slot);
    d->due[slot] = due;
    settle(d, d->place[slot]);
}

void deadlines_remove(struct deadlines *d, uint32_t slot)
{
    const uint32_t place = d->place[slot];

    if (place == 0)
        return;
    const uint32_t last = d->heap[d->n--];
    d->place[slot] = 0;
    if (last == slot)
        return;
    stand(d, place, last);
    settle(d, place);
}

uint64_t deadlines_first(const struct deadlines *d, uint32_t *slot)
{
    if (d->n == 0)
        return UINT64_MAX;
    if (slot != NULL)
        *slot = d->heap[1];
    return due_at(d, 1);
}
