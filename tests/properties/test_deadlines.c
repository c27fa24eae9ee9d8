/*
 * The heap of deadlines against a table that is searched: after every change both name the same
 * first deadline, whatever is put in, moved and taken out.
 */
#include "check.h"

#include "session/deadlines.h"

enum { SLOTS = 97, CHANGES = 200000 };

static struct deadlines d;
static uint64_t due[SLOTS]; /* UINT64_MAX: not in */

static uint32_t draw(uint32_t n)
{
    static uint64_t x = 11;

    x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(x >> 33) % n;
}

static void same_first(void)
{
    uint64_t least = UINT64_MAX;
    uint32_t slot = SLOTS, n = 0;

    for (uint32_t i = 0; i < SLOTS; i++) {
        n += due[i] != UINT64_MAX;
        least = due[i] < least ? due[i] : least;
    }
    CHECK_EQ(d.n, n);
    CHECK_EQ(deadlines_first(&d, &slot), least);
    CHECK(n == 0 ? slot == SLOTS : due[slot] == least);
}

/* As many equal deadlines as a small range makes, and times from 0 to the end of time. */
static void random_changes(void)
{
    CHECK(deadlines_init(&d, SLOTS) == HEAD2_OK);
    memset(due, 0xff, sizeof due);
    for (uint32_t i = 0; i < CHANGES; i++) {
        const uint32_t slot = draw(SLOTS), range = i % 2 == 0 ? 10 : 1u << 30;
        if (draw(100) < (i / 1000 % 2 == 0 ? 30 : 70)) {
            deadlines_remove(&d, slot);
            due[slot] = UINT64_MAX;
        } else {
            due[slot] = draw(50) == 0 ? UINT64_MAX - 1 : draw(range);
            deadlines_set(&d, slot, due[slot]);
        }
        same_first();
    }
    deadlines_free(&d);
}

/* What is taken out one after the other comes in order. */
static void in_order(void)
{
    uint32_t slot = 0;
    uint64_t last = 0;

    CHECK(deadlines_init(&d, SLOTS) == HEAD2_OK);
    for (uint32_t i = 0; i < SLOTS; i++)
        deadlines_set(&d, i, draw(1000));
    for (uint32_t i = 0; i < SLOTS; i++) {
        CHECK(deadlines_first(&d, &slot) >= last);
        last = deadlines_first(&d, &slot);
        deadlines_remove(&d, slot);
    }
    CHECK(deadlines_first(&d, NULL) == UINT64_MAX);
    deadlines_remove(&d, 0); /* of one that is not in: nothing */
    CHECK_EQ(d.n, 0);
    deadlines_free(&d);
}

int main(void)
{
    RUN(random_changes);
    RUN(in_order);
    CHECK_EXIT();
}
