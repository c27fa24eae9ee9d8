/*
 * A binary heap of pointers to slots, and a stack of the slots that are free; see queue.h.
 */
#include "relay/queue.h"

#include <stdlib.h>
#include <string.h>

struct queue {
    size_t room, length;
    uint64_t order;
    struct queued *slots;
    struct queued **heap; /* heap[0..length): in use; heap[length..room): free */
};

struct queue *queue_new(size_t room)
{
    struct queue *q = calloc(1, sizeof *q);

    if (q == NULL)
        return NULL;
    q->room = room;
    q->slots = calloc(room, sizeof *q->slots);
    q->heap = calloc(room, sizeof(struct queued *));
    if (q->slots == NULL || q->heap == NULL) {
        queue_free(q);
        return NULL;
    }
    for (size_t i = 0; i < room; i++)
        q->heap[i] = &q->slots[i];
    return q;
}

void queue_free(struct queue *q)
{
    if (q == NULL)
        return;
    free(q->slots);
    free(q->heap);
    free(q);
}

static bool before(const struct queued *a, const struct queued *b)
{
    return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void swap(struct queue *q, size_t a, size_t b)
{
    struct queued *kept = q->heap[a];

    q->heap[a] = q->heap[b];
    q->heap[b] = kept;
}

bool queue_put(struct queue *q, const struct queued *head, const uint8_t *bytes)
{
    if (q->length == q->room)
        return false;
    struct queued *p = q->heap[q->length];
    p->due = head->due;
    p->order = q->order++;
    p->number = head->number;
    p->direction = head->direction;
    p->twin = head->twin;
    p->len = head->len;
    memcpy(p->bytes, bytes, head->len);
    for (size_t i = q->length++; i > 0 && before(q->heap[i], q->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(q, i, (i - 1) / 2);
    return true;
}

struct queued *queue_first(const struct queue *q)
{
    return q->length > 0 ? q->heap[0] : NULL;
}

struct queued *queue_take(struct queue *q)
{
    if (q->length == 0)
        return NULL;
    swap(q, 0, --q->length);
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < q->length; child++)
            if (before(q->heap[child], q->heap[least]))
                least = child;
        if (least == i)
            return q->heap[q->length];
        swap(q, i, least);
        i = least;
    }
}

size_t queue_length(const struct queue *q)
{
    return q->length;
}
