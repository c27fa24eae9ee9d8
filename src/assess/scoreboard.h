/*
 * What the four predictors of SP 800-90B have in common: several subpredictors of which the one
 * with the best score so far speaks, and the estimate that follows from how often it was right
 * (Sections 6.3.7 to 6.3.10).
 */
#ifndef HEAD2_ASSESS_SCOREBOARD_H
#define HEAD2_ASSESS_SCOREBOARD_H

#include "assess/sequence.h"

#define SCOREBOARD_MAX 128

/* How often predictions came true, and how often in a row at most. */
struct predictions {
    uint64_t right;
    uint64_t run;
    uint64_t longest;
};

struct scoreboard {
    struct predictions said; /* by the winner of the moment */
    unsigned n;
    unsigned winner;
    uint32_t score[SCOREBOARD_MAX];
};

static inline void predictions_add(struct predictions *p, bool right)
{
    p->right += right;
    p->run = right ? p->run + 1 : 0;
    if (p->run > p->longest)
        p->longest = p->run;
}

/*
 * Up to 64 predictions of each subpredictor at once. right[d]: the first in the highest bit, set
 * where subpredictor d was right. made[d]: set where it predicted at all; NULL when each did
 * always. Bits beyond `steps` are 0. Where the winner made no prediction, its run neither grows nor
 * ends.
 */
void scoreboard_add(struct scoreboard *b, const uint64_t *right, const uint64_t *made,
                    unsigned steps);

/* Min-entropy from `of` predictions among k symbols: the greater of P_global' and P_local. */
double predictions_estimate(const struct predictions *p, uint64_t of, unsigned k);

#endif
