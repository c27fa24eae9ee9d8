/*
 * Fates of packets; see impair.h.
 */
#include "relay/impair.h"

/* What one draw is for: draws of one packet are independent of each other, so that a chance can be
 * changed without moving the others. */
enum purpose { TURN, LOSS, TWICE, HELD, JITTER, TWIN_LATER };

static uint64_t mix(uint64_t z) /* splitmix64 */
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 to just below 1 */
static double draw(const struct impair_path *path, const struct impairment *how,
                   enum purpose purpose)
{
    const uint64_t which = path->direction << 8 | (uint64_t)purpose;

    return (double)(mix(mix(mix(how->seed) ^ which) ^ path->number) >> 11) / 9007199254740992.0;
}

struct fate impair_next(struct impair_path *path, const struct impairment *how)
{
    struct fate f = {.number = path->number, .delay = how->delay};

    if (draw(path, how, TURN) < (path->bad ? how->burst_end : how->burst_begin)) {
        path->bad = !path->bad;
        path->bursts += path->bad;
    }
    f.in_burst = path->bad;
    f.lost = draw(path, how, LOSS) < (path->bad ? how->burst_loss : how->loss);
    f.twice = draw(path, how, TWICE) < how->duplicate;
    f.reordered = draw(path, how, HELD) < how->reorder;
    f.delay += (uint64_t)(draw(path, how, JITTER) * (double)how->jitter);
    f.twin_later = (uint64_t)(draw(path, how, TWIN_LATER) * (double)how->hold);
    if (f.reordered)
        f.delay += how->hold;
    path->number++;
    return f;
}

double impair_expected_loss(const struct impairment *how)
{
    const double turns = how->burst_begin + how->burst_end;
    const double bad = turns > 0 ? how->burst_begin / turns : 0;

    return (1 - bad) * how->loss + bad * how->burst_loss;
}
