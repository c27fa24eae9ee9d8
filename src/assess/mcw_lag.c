/*
 * The predictors that look back a fixed way: most common in a window, and a fixed lag.
 */
#include "assess/estimators.h"
#include "assess/scoreboard.h"

#include <stdlib.h>

enum { WINDOWS = 4, SHORTEST = 63, LONGEST = 4095, LAGS = 128 };
static const unsigned window_length[WINDOWS] = {SHORTEST, 255, 1023, LONGEST};

/* The symbols of a window. `frequent` is its mode; of several, the one seen last. */
struct window {
    uint32_t count[256];
    uint32_t with[LONGEST + 3]; /* how many symbols have this count */
    size_t last[256];           /* where each was seen last */
    uint32_t most;
    uint8_t frequent;
};

static void window_count(struct window *w, uint8_t v, uint32_t count)
{
    w->with[w->count[v]]--;
    w->with[count]++;
    w->count[v] = count;
}

static void window_enter(struct window *w, uint8_t v, size_t at)
{
    window_count(w, v, w->count[v] + 1);
    w->last[v] = at;
    if (w->count[v] >= w->most) {
        w->most = w->count[v];
        w->frequent = v;
    }
}

/* The mode has lost one: is it still the mode, and the only one? Else look at all. */
static void window_search(struct window *w, unsigned k)
{
    const uint32_t left = w->count[w->frequent];
    size_t latest = 0;

    w->most = w->with[left + 2] != 0 ? left + 2 : w->with[left + 1] != 0 ? left + 1 : left;
    if (w->most == left && w->with[left] == 1)
        return;
    for (unsigned v = 0; v < k; v++)
        if (w->count[v] == w->most && w->last[v] >= latest) {
            latest = w->last[v];
            w->frequent = (uint8_t)v;
        }
}

static void window_move(struct window *w, uint8_t leaves, uint8_t enters, size_t at, unsigned k)
{
    window_count(w, leaves, w->count[leaves] - 1);
    if (leaves != w->frequent || leaves == enters) {
        window_enter(w, enters, at);
    } else {
        window_count(w, enters, w->count[enters] + 1);
        w->last[enters] = at;
        window_search(w, k);
    }
}

static void mcw_symbols(struct scoreboard *board, struct window *w, const struct sequence *s)
{
    uint64_t right[WINDOWS] = {0};
    unsigned steps = 0;

    for (size_t i = 0; i < s->n; i++) {
        const uint8_t v = s->symbol[i];
        for (unsigned j = 0; j < WINDOWS; j++) {
            if (i < window_length[j]) {
                window_enter(&w[j], v, i);
                continue;
            }
            right[j] |= (uint64_t)(w[j].frequent == v) << (63 - steps);
            window_move(&w[j], s->symbol[i - window_length[j]], v, i, s->k);
        }
        if (i >= SHORTEST && (++steps == 64 || i + 1 == s->n)) {
            scoreboard_add(board, right, NULL, steps);
            memset(right, 0, sizeof right);
            steps = 0;
        }
    }
}

/* Of two symbols and an odd length, the mode is 1 where more than half are. */
static void mcw_bits(struct scoreboard *board, const struct sequence *s)
{
    uint64_t right[WINDOWS] = {0};
    uint32_t ones[WINDOWS] = {0};

    for (unsigned j = 0; j < WINDOWS; j++)
        for (size_t i = 0; i < SHORTEST; i++)
            ones[j] += s->symbol[i];
    for (size_t at = SHORTEST; at < s->n; at += 64) {
        const unsigned steps = s->n - at < 64 ? (unsigned)(s->n - at) : 64;
        for (unsigned j = 0; j < WINDOWS; j++) {
            const uint32_t length = window_length[j], half = length / 2;
            uint32_t count = ones[j];
            uint64_t word = 0;
            for (size_t i = at; i < at + steps; i++) {
                const uint32_t bit = s->symbol[i];
                uint32_t leaves = 0;
                uint64_t hit = 0;
                if (i >= length) {
                    hit = (count > half) == bit;
                    leaves = s->symbol[i - length];
                }
                word = word << 1 | hit;
                count += bit - leaves;
            }
            ones[j] = count;
            right[j] = word << (64 - steps);
        }
        scoreboard_add(board, right, NULL, steps);
    }
}

enum head2_status estimate_multi_mcw(double *h, const struct sequence *s)
{
    struct scoreboard board = {.n = WINDOWS};

    *h = ASSESS_NONE;
    if (s->n < LONGEST + 1)
        return HEAD2_OK;
    if (s->k == 2) {
        mcw_bits(&board, s);
    } else {
        struct window *w = calloc(WINDOWS, sizeof *w);
        if (w == NULL)
            return HEAD2_E_MEMORY;
        for (unsigned j = 0; j < WINDOWS; j++)
            w[j].with[0] = 256;
        mcw_symbols(&board, w, s);
        free(w);
    }
    *h = predictions_estimate(&board.said, s->n - SHORTEST, s->k);
    return HEAD2_OK;
}

/* Where the 64 symbols from word b on equal those that came d before, for each d from 1 to LAGS. */
static void lag_matches(uint64_t *right, const struct sequence *s, size_t b)
{
    for (unsigned d = 0; d < LAGS; d++)
        right[d] = ~(uint64_t)0;
    for (unsigned p = 0; p < s->planes; p++) {
        const uint64_t *word = s->plane[p] + b;
        const uint64_t now = word[0], one = b > 0 ? word[-1] : 0, two = b > 1 ? word[-2] : 0;
        for (unsigned d = 1; d < 64; d++)
            right[d - 1] &= ~(now ^ (now >> d | one << (64 - d)));
        right[63] &= ~(now ^ one);
        for (unsigned d = 1; d < 64; d++)
            right[d + 63] &= ~(now ^ (one >> d | two << (64 - d)));
        right[127] &= ~(now ^ two);
    }
}

/* Of matches of the first two words: nothing lies before the first symbol. */
static void lag_begin(uint64_t *right, size_t at)
{
    for (size_t d = at + 1; d <= LAGS; d++)
        right[d - 1] &= d - at < 64 ? ~(uint64_t)0 >> (d - at) : 0;
}

enum head2_status estimate_lag(double *h, const struct sequence *s)
{
    struct scoreboard board = {.n = LAGS};
    uint64_t right[LAGS];

    for (size_t at = 0; at < s->n; at += 64) {
        const unsigned steps = s->n - at < 64 ? (unsigned)(s->n - at) : 64;
        lag_matches(right, s, at / 64);
        if (at < LAGS)
            lag_begin(right, at);
        for (unsigned d = 0; steps < 64 && d < LAGS; d++)
            right[d] &= ~(~(uint64_t)0 >> steps);
        scoreboard_add(&board, right, NULL, steps);
    }
    *h = predictions_estimate(&board.said, s->n - 1, s->k);
    return HEAD2_OK;
}
