/*
 * Token buckets: how many handshakes a second may reach the expensive part.
 */
#include "session/state.h"

static void refill(struct bucket *b, uint64_t now, uint64_t per_second, uint64_t burst)
{
    uint64_t elapsed = now - b->at;
    uint64_t full = burst * 1000;

    if (elapsed > 3600 * SECOND)
        elapsed = 3600 * SECOND;
    b->at = now;
    b->milli += elapsed * per_second / 1000;
    if (b->milli > full)
        b->milli = full;
}

bool limit_take(struct bucket *b, uint64_t now, uint64_t per_second, uint64_t burst)
{
    /* less than one thousandth of a token would be lost by refilling */
    if (now - b->at >= 1000 * SECOND / (per_second * 1000 + 1) || b->milli < 1000)
        refill(b, now, per_second, burst);
    if (b->milli < 1000)
        return false;
    b->milli -= 1000;
    return true;
}

bool limit_half_used(const struct bucket *b, uint64_t now, uint64_t per_second, uint64_t burst)
{
    struct bucket copy = *b;

    refill(&copy, now, per_second, burst);
    return copy.milli < burst * 500;
}
