/*
 * Which two of a drone's keys count: the newest, and at a gateway the newest that the drone has
 * acknowledged, whatever came since; a node takes what its gateway put together.
 */
#include "check.h"

#include "gateway/fallback_choice.h"

static struct fallback_briefs all;

static void add(uint8_t drone, uint8_t number, bool acknowledged, uint8_t beside)
{
    struct fallback_entry e = {.acknowledged = acknowledged};

    e.key.issue_ms = number;
    memset(e.key.id, number, sizeof e.key.id);
    memset(e.key.drone, drone, sizeof e.key.drone);
    memset(e.beside, beside, sizeof e.beside);
    CHECK(fallback_briefs_add(&all, &e) != NULL);
}

/* The drone's chosen keys by number, as one: 10 * the newest + the other. */
static unsigned chosen(uint8_t drone)
{
    unsigned found = 0, n = 0;

    for (size_t i = 0; i < all.n; i++) {
        if (!all.b[i].chosen || all.b[i].drone[0] != drone)
            continue;
        found = 10 * found + (unsigned)all.b[i].issue_ms;
        n++;
    }
    CHECK(n <= 2);
    return found;
}

static void a_gateway_keeps_the_newest_acknowledged(void)
{
    add(2, 1, true, 0);
    add(1, 3, false, 0);
    add(1, 5, false, 0);
    add(1, 2, true, 0);
    add(1, 1, true, 0);
    add(1, 4, false, 0);
    add(3, 1, true, 0);
    add(3, 3, true, 0);
    add(3, 2, true, 0);
    add(4, 1, false, 0);
    add(4, 2, false, 0);
    add(4, 3, false, 0);
    add(5, 2, true, 0);
    add(5, 1, false, 0);
    fallback_briefs_choose(&all, FALLBACK_GATEWAY);
    CHECK_EQ(chosen(1), 52);
    CHECK_EQ(chosen(2), 1);
    CHECK_EQ(chosen(3), 32);
    CHECK_EQ(chosen(4), 32); /* it has acknowledged none */
    CHECK_EQ(chosen(5), 21);
    fallback_briefs_free(&all);
}

static void a_drone_keeps_the_two_newest(void)
{
    add(1, 1, true, 0);
    add(1, 3, false, 1); /* what a node would go by */
    add(1, 2, false, 0);
    fallback_briefs_choose(&all, FALLBACK_LINK);
    CHECK_EQ(chosen(1), 32);
    fallback_briefs_free(&all);
}

static void a_node_takes_what_came_together(void)
{
    add(1, 1, false, 0);
    add(1, 2, false, 1);
    add(1, 3, false, 1);
    add(1, 4, false, 1);
    add(2, 1, false, 0);
    add(2, 2, false, 0);
    add(2, 3, false, 9); /* the other one has ended, and is not here */
    add(3, 1, false, 0);
    fallback_briefs_choose(&all, FALLBACK_NODE);
    CHECK_EQ(chosen(1), 41);
    CHECK_EQ(chosen(2), 32);
    CHECK_EQ(chosen(3), 1);
    fallback_briefs_free(&all);
    fallback_briefs_choose(&all, FALLBACK_NODE); /* none */
    CHECK_EQ(all.n, 0);
}

int main(void)
{
    RUN(a_gateway_keeps_the_newest_acknowledged);
    RUN(a_drone_keeps_the_two_newest);
    RUN(a_node_takes_what_came_together);
    CHECK_EXIT();
}
