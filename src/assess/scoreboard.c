/*
 * Scores of subpredictors, 64 predictions at a time. Scores seldom cross, so a block in which no
 * other can reach the winner is counted as words; only where some can, those are stepped through.
 */
#include "assess/scoreboard.h"

#include "assess/estimators.h"

#include <math.h>

static void tally(struct predictions *p, uint64_t right, uint64_t made, unsigned steps)
{
    p->right += popcount64(right);
    while (steps > 0) {
        const uint64_t same = right >> 63 ? ~right : right;
        unsigned length = same != 0 ? (unsigned)__builtin_clzll(same) : 64;
        if (length > steps)
            length = steps;
        if (right >> 63) {
            p->run += length;
            if (p->run > p->longest)
                p->longest = p->run;
        } else if ((made & ~(length < 64 ? ~(uint64_t)0 >> length : 0)) != 0) {
            p->run = 0;
        }
        right = length < 64 ? right << length : 0;
        made = length < 64 ? made << length : 0;
        steps -= length;
    }
}

/* Those that could reach the winner within this block, in ascending order; the winner is one. */
static unsigned find_contenders(uint8_t *contender, const struct scoreboard *b,
                                const uint64_t *right, unsigned steps)
{
    const uint64_t winner_right = right[b->winner];
    const uint32_t best = b->score[b->winner];
    unsigned count = 0;

    for (unsigned d = 0; d < b->n; d++)
        if (b->score[d] + steps >= best &&
            (d == b->winner || b->score[d] + popcount64(right[d] & ~winner_right) >= best))
            contender[count++] = (uint8_t)d;
    return count;
}

/* Whether all contenders say the same from the same score, as on periodic data: then it does not
 * matter which of them speaks, and the last one wins. */
static bool contenders_agree(const struct scoreboard *b, const uint8_t *contender, unsigned count,
                             const uint64_t *right, const uint64_t *made)
{
    for (unsigned c = 0; c < count; c++) {
        const unsigned d = contender[c];
        if (right[d] != right[b->winner] || b->score[d] != b->score[b->winner] ||
            (made != NULL && made[d] != made[b->winner]))
            return false;
    }
    return true;
}

static void step_through(struct scoreboard *b, const uint8_t *contender, unsigned count,
                         const uint64_t *right, const uint64_t *made, unsigned steps)
{
    for (unsigned j = 0; j < steps; j++) {
        const uint64_t bit = (uint64_t)1 << (63 - j);
        if (made == NULL || (made[b->winner] & bit) != 0)
            predictions_add(&b->said, (right[b->winner] & bit) != 0);
        for (unsigned c = 0; c < count; c++) {
            const unsigned d = contender[c];
            if ((right[d] & bit) != 0 && ++b->score[d] >= b->score[b->winner])
                b->winner = d;
        }
    }
    for (unsigned c = 0; c < count; c++) /* scoreboard_add counts them as it does the others */
        b->score[contender[c]] -= popcount64(right[contender[c]]);
}

void scoreboard_add(struct scoreboard *b, const uint64_t *right, const uint64_t *made,
                    unsigned steps)
{
    uint8_t contender[SCOREBOARD_MAX];
    const unsigned count = find_contenders(contender, b, right, steps);

    if (count == 1 || contenders_agree(b, contender, count, right, made)) {
        const unsigned winner = b->winner;
        if (right[winner] != 0)
            b->winner = contender[count - 1];
        tally(&b->said, right[winner], made != NULL ? made[winner] : ~(uint64_t)0, steps);
    } else {
        step_through(b, contender, count, right, made, steps);
    }
    for (unsigned d = 0; d < b->n; d++)
        b->score[d] += popcount64(right[d]);
}

/*
 * ln of the probability that no run of r right predictions is among n of probability p each
 * (Feller): x is the root near 1 of 1 - x + q p^r x^(r+1), found by iterating from below.
 */
static double log_no_run(long double p, uint64_t r, uint64_t n)
{
    const long double q = 1.0L - p, long_r = (long double)r;
    long double x = 1.0L, before = 0.0L;

    for (int i = 0; i <= 65 && x > before; i++) {
        before = x;
        x = 1.0L + q * powl(p, long_r) * powl(x, long_r + 1.0L);
    }
    return (double)(logl(1.0L - p * x) - logl((long_r + 1.0L - long_r * x) * q) -
                    ((long double)n + 1.0L) * logl(x));
}

double predictions_estimate(const struct predictions *p, uint64_t of, unsigned k)
{
    const double n = (double)of, global = (double)p->right / n, alpha = log(0.99);
    double bound = 1.0 / k;
    double upper = 1.0 - pow(0.01, 1.0 / n);

    if (p->right > 0)
        upper = global + ASSESS_Z * sqrt(global * (1.0 - global) / (n - 1.0));
    if (upper > bound)
        bound = upper;
    if (bound >= 1.0)
        return 0.0;
    if (log_no_run(bound, p->longest + 1, of) > alpha) {
        double low = bound, high = 1.0;
        for (int i = 0; i < 60; i++) {
            const double middle = (low + high) / 2;
            if (log_no_run(middle, p->longest + 1, of) > alpha)
                low = middle;
            else
                high = middle;
        }
        bound = high;
    }
    return -log2(bound);
}
