/* see entropy/qsim_attack.h */
#include "entropy/qsim_attack.h"

enum { MIDDLE = 156, LANES = 8 };

static const uint64_t multiplier = UINT64_C(6364136223846793005);

/* Word i of the state that a seed makes follows from the one before it. */
static HEAD2_ALWAYS_INLINE uint64_t seeded_next(uint64_t word, uint64_t i)
{
    return multiplier * (word ^ word >> 62) + i;
}

static HEAD2_ALWAYS_INLINE uint64_t twist(uint64_t word, uint64_t next, uint64_t middle)
{
    const uint64_t y = (word & ~UINT64_C(0x7fffffff)) | (next & 0x7fffffff);

    return middle ^ y >> 1 ^ ((0 - (y & 1)) & UINT64_C(0xb5026f5aa96619e9));
}

static HEAD2_ALWAYS_INLINE uint64_t temper(uint64_t x)
{
    x ^= x >> 29 & UINT64_C(0x5555555555555555);
    x ^= x << 17 & UINT64_C(0x71d67fffeda60000);
    x ^= x << 37 & UINT64_C(0xfff7eee000000000);
    return x ^ x >> 43;
}

void mt64_seed(struct mt64 *g, uint64_t seed)
{
    g->word[0] = seed;
    for (unsigned i = 1; i < MT64_WORDS; i++)
        g->word[i] = seeded_next(g->word[i - 1], i);
    g->at = MT64_WORDS;
}

uint64_t mt64_next(struct mt64 *g)
{
    if (g->at == MT64_WORDS) {
        for (unsigned i = 0; i < MT64_WORDS; i++)
            g->word[i] = twist(g->word[i], g->word[(i + 1) % MT64_WORDS],
                               g->word[(i + MIDDLE) % MT64_WORDS]);
        g->at = 0;
    }
    return temper(g->word[g->at++]);
}

/* std::generate_canonical<double, 53>: one draw, rounded to a double, and not 1. */
static double unit_of(uint64_t draw)
{
    const double x = (double)draw * 0x1p-64;

    return x < 1 ? x : 1 - 0x1p-53;
}

double mt64_unit(struct mt64 *g)
{
    return unit_of(mt64_next(g));
}

/* All 256 outcomes are equally likely: that whose share of [0, 1) the number is in. */
static uint8_t shot_of(double x)
{
    return (uint8_t)(x * 256);
}

void qsim_attack_shots(struct mt64 *g, uint8_t *shots, size_t n)
{
    for (size_t i = 0; i < n; i++)
        shots[i] = shot_of(mt64_unit(g));
}

/* ---- the search ---- */

/* The first draw needs words 0, 1 and 156 of the state alone; several seeds at once, since each
 * word waits for the one before it. */
static HEAD2_ALWAYS_INLINE void first_draws(uint64_t draw[LANES], uint64_t seed)
{
    uint64_t x[LANES], second[LANES];

    for (unsigned l = 0; l < LANES; l++)
        second[l] = x[l] = seeded_next(seed + l, 1);
    for (uint64_t i = 2; i <= MIDDLE; i++)
        for (unsigned l = 0; l < LANES; l++)
            x[l] = seeded_next(x[l], i);
    for (unsigned l = 0; l < LANES; l++)
        draw[l] = temper(twist(seed + l, second[l], x[l]));
}

/* The second, for the few seeds whose first is right. */
static uint64_t second_draw(uint64_t seed)
{
    uint64_t second = seeded_next(seed, 1), third = seeded_next(second, 2), x = third;

    for (uint64_t i = 3; i <= MIDDLE + 1; i++)
        x = seeded_next(x, i);
    return temper(twist(second, third, x));
}

static bool is_seed(uint64_t seed, const uint8_t *shots, size_t n)
{
    struct mt64 g;
    bool same = shot_of(unit_of(second_draw(seed))) == shots[1];

    if (same)
        mt64_seed(&g, seed);
    for (size_t i = 0; same && i < n; i++)
        same = shot_of(mt64_unit(&g)) == shots[i];
    return same;
}

uint64_t qsim_attack_search(const uint8_t *shots, size_t n, uint64_t from, uint64_t count,
                            uint64_t *found, bool *found_one)
{
    uint64_t draw[LANES];

    *found_one = false;
    for (uint64_t tried = 0; tried < count; tried += LANES) {
        first_draws(draw, from + tried);
        for (unsigned l = 0; l < LANES; l++)
            if (draw[l] >> 56 == shots[0] && tried + l < count &&
                is_seed(from + tried + l, shots, n)) {
                *found = from + tried + l;
                *found_one = true;
                return tried + l + 1;
            }
    }
    return count;
}
