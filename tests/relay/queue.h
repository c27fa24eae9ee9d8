/*
 * Packets on their way: a heap by the time at which each goes on, in slots that are made once.
 */
#ifndef HEAD2_TESTS_RELAY_QUEUE_H
#define HEAD2_TESTS_RELAY_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_PACKET_MAX 2048

struct queued {
    uint64_t due;
    uint64_t order;  /* packets that are due at one time go on as they came */
    uint64_t number; /* of its direction */
    uint8_t direction;
    bool twin;
    uint16_t len;
    uint8_t bytes[QUEUE_PACKET_MAX];
};

struct queue;

/* Room for so many packets, or NULL. */
struct queue *queue_new(size_t room);
void queue_free(struct queue *q);

/* A copy of the packet, but for its order, which is given here; false when there is no room. */
bool queue_put(struct queue *q, const struct queued *head, const uint8_t *bytes);
/* The packet that is due first, NULL when there is none. Stays in place until queue_take. */
struct queued *queue_first(const struct queue *q);
/* Take the first one out. Its bytes stay until the next queue_put. */
struct queued *queue_take(struct queue *q);
size_t queue_length(const struct queue *q);

#endif
