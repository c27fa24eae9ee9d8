/*
 * The predictors that count what followed a context: MultiMMC and LZ78Y.
 */
#include "assess/contexts.h"
#include "assess/estimators.h"
#include "assess/scoreboard.h"

#include <stdlib.h>

enum {
    MMC_ABREAST = 5,         /* divides 15 */
    MMC_ENTRIES = 100000,    /* pairs of context and follower for each length */
    LZ_DICTIONARY = 65536,   /* contexts */
    LZ_EXACT_STEPS = 1 << 17 /* of bits, see lz_bits */
};

/* ---- MultiMMC, two symbols ---- */

/*
 * For a length below 16 the limit of entries is never reached, and all that matters of a context is
 * which follower leads: 2 (ones - zeros) + 1 once it was seen, 0 before. lead has those of length m
 * from 2^m on. Several lengths go abreast, since each waits for its own last store.
 */
static HEAD2_ALWAYS_INLINE void mmc_lead(uint64_t *right, uint64_t *made, int32_t *lead,
                                         unsigned length, uint32_t history, uint64_t word,
                                         unsigned steps, bool first)
{
    uint64_t hits[MMC_ABREAST] = {0}, seen[MMC_ABREAST] = {0};

    for (unsigned j = 0; j < steps; j++, word <<= 1) {
        const uint32_t bit = (uint32_t)(word >> 63);
        for (unsigned d = 0; d < MMC_ABREAST; d++) {
            const uint32_t size = (uint32_t)1 << (length + d);
            int32_t *of = &lead[size + (history & (size - 1))];
            const int32_t l = *of;
            if (first && j < length + d) /* no context before the first bit */
                continue;
            seen[d] = seen[d] << 1 | ((uint32_t)l & 1);
            hits[d] = hits[d] << 1 | ((uint32_t)l & ((uint32_t)l >> 31 ^ bit) & 1);
            *of = (l | 1) + (int32_t)(4 * bit) - 2;
        }
        history = history << 1 | bit;
    }
    for (unsigned d = 0; d < MMC_ABREAST; d++) {
        right[d] = hits[d] << (64 - steps);
        made[d] = seen[d] << (64 - steps);
    }
}

/* The longest contexts, of 16 bits: there are 2^17 pairs, more than may be counted. */
struct mmc_longest {
    uint32_t (*count)[2];
    uint32_t entries;
};

static uint64_t mmc_counted(struct mmc_longest *t, uint32_t history, uint64_t word, unsigned from,
                            unsigned steps, uint64_t *made)
{
    uint64_t right = 0, seen = 0;

    for (unsigned j = 0; j < steps; j++) {
        const uint32_t bit = (uint32_t)(word >> (63 - j)) & 1;
        uint32_t *count = t->count[history & 0xffff];
        if (j >= from) {
            const uint64_t known = (count[0] | count[1]) != 0;
            seen |= known << (63 - j);
            right |= (known & ((count[0] > count[1]) ^ bit)) << (63 - j);
            if (count[bit] != 0) {
                count[bit]++;
            } else if (t->entries < MMC_ENTRIES) {
                count[bit] = 1;
                t->entries++;
            }
        }
        history = history << 1 | bit;
    }
    *made = seen;
    return right;
}

static enum head2_status mmc_bits(struct predictions *said, const struct sequence *s)
{
    struct scoreboard board = {.n = CONTEXT_MAX};
    struct mmc_longest longest = {calloc(1 << 16, sizeof *longest.count), 0};
    int32_t *lead = calloc(1 << 16, sizeof *lead);
    uint64_t right[CONTEXT_MAX], made[CONTEXT_MAX];
    uint32_t history = 0;

    if (longest.count == NULL || lead == NULL) {
        free(longest.count);
        free(lead);
        return HEAD2_E_MEMORY;
    }
    for (size_t at = 0; at < s->n; at += 64) {
        const unsigned steps = s->n - at < 64 ? (unsigned)(s->n - at) : 64;
        const uint64_t word = s->plane[0][at / 64];
        for (unsigned m = 0; m < CONTEXT_MAX - 1; m += MMC_ABREAST) {
            if (at == 0)
                mmc_lead(right + m, made + m, lead, m + 1, history, word, steps, true);
            else
                mmc_lead(right + m, made + m, lead, m + 1, history, word, steps, false);
        }
        right[CONTEXT_MAX - 1] = mmc_counted(&longest, history, word, at == 0 ? CONTEXT_MAX : 0,
                                             steps, &made[CONTEXT_MAX - 1]);
        scoreboard_add(&board, right, made, steps);
        history = (uint32_t)word; /* of a last, shorter word nothing comes after */
    }
    *said = board.said;
    free(longest.count);
    free(lead);
    return HEAD2_OK;
}

/* ---- MultiMMC, more symbols ---- */

/* Score and winner as the subpredictors of increasing length are asked. */
static void mmc_ask(struct scoreboard *board, const struct contexts *c, const uint32_t *path,
                    unsigned known, uint8_t v)
{
    const unsigned speaks = board->winner;

    for (unsigned m = 1; m <= known; m++) {
        const bool right = c->node[path[m]].symbol == v;
        if (m - 1 == speaks)
            predictions_add(&board->said, right);
        if (right && ++board->score[m - 1] >= board->score[board->winner])
            board->winner = m - 1;
    }
}

static enum head2_status mmc_symbols(struct predictions *said, const struct sequence *s)
{
    struct scoreboard board = {.n = CONTEXT_MAX};
    struct contexts c;
    uint32_t path[CONTEXT_MAX + 1] = {0};
    uint32_t entries[CONTEXT_MAX + 1] = {0};

    enum head2_status st = contexts_init(&c, s->symbol);
    for (size_t i = 1; st == HEAD2_OK && i < s->n; i++) {
        st = contexts_reserve(&c);
        if (st != HEAD2_OK)
            break;
        const uint8_t v = s->symbol[i];
        const unsigned most = i < CONTEXT_MAX ? (unsigned)i : CONTEXT_MAX;
        const unsigned known = contexts_find(&c, path, i, most);
        mmc_ask(&board, &c, path, known, v);
        for (unsigned m = 1; m <= known; m++)
            entries[m] += contexts_follow(&c, path[m], v, entries[m] < MMC_ENTRIES);
        /* A longer context may still have room where a shorter one has none. It counts as an
         * entry, but is never asked, since the shorter one stays unknown. */
        unsigned reachable = known;
        for (unsigned m = known + 1; m <= most; m++)
            if (entries[m] < MMC_ENTRIES) {
                entries[m]++;
                reachable += reachable == m - 1;
            }
        if (reachable > known)
            contexts_add(&c, path, i, known + 1, reachable);
    }
    *said = board.said;
    contexts_free(&c);
    return st;
}

enum head2_status estimate_multi_mmc(double *h, const struct sequence *s)
{
    struct predictions said = {0};
    const enum head2_status st = s->k == 2 ? mmc_bits(&said, s) : mmc_symbols(&said, s);

    *h = st == HEAD2_OK ? predictions_estimate(&said, s->n - 2, s->k) : ASSESS_NONE;
    return st;
}

/* ---- LZ78Y, two symbols ---- */

struct lz_bits {
    uint32_t (*count)[2]; /* of contexts of length m from 2^m on */
    uint32_t contexts;
    uint32_t history;
};

static bool lz_bits_step(struct lz_bits *z, uint32_t bit)
{
    uint32_t best = 0, says = 2;

    for (unsigned m = CONTEXT_MAX; m > 0; m--) {
        uint32_t *count = z->count[((uint32_t)1 << m) + (z->history & (((uint32_t)1 << m) - 1))];
        const uint32_t leads = count[0] <= count[1];
        if (count[leads] > best) {
            best = count[leads];
            says = leads;
        }
        if (count[leads] != 0) {
            count[bit]++;
        } else if (z->contexts < LZ_DICTIONARY) {
            count[bit] = 1;
            z->contexts++;
        }
    }
    z->history = z->history << 1 | bit;
    return says == bit;
}

/*
 * A longer context has been followed by its best no more often than the shorter ones by that, so
 * once the shortest leads the next by count it has the last word, and only these two are looked at.
 * Where they are equal the longer ones count too: then false, and all is to be done again exactly.
 */
static bool lz_bits_short(struct predictions *said, struct lz_bits *z, const struct sequence *s,
                          size_t from)
{
    for (size_t i = from; i < s->n; i++) {
        const uint32_t bit = s->symbol[i];
        uint32_t *one = z->count[2 + (z->history & 1)], *two = z->count[4 + (z->history & 3)];
        const uint32_t leads = one[0] <= one[1];
        if (one[leads] <= (two[0] > two[1] ? two[0] : two[1]))
            return false;
        predictions_add(said, leads == bit);
        one[bit]++;
        two[bit]++;
        z->history = z->history << 1 | bit;
    }
    return true;
}

static enum head2_status lz_bits(struct predictions *said, const struct sequence *s)
{
    struct lz_bits z = {.count = NULL};
    bool done = false;

    for (size_t exact = LZ_EXACT_STEPS; !done; exact = s->n) {
        const size_t until = exact < s->n ? exact : s->n;
        free(z.count);
        z = (struct lz_bits){.count = calloc(1 << 17, sizeof *z.count)};
        if (z.count == NULL)
            return HEAD2_E_MEMORY;
        *said = (struct predictions){0};
        for (size_t i = 0; i < CONTEXT_MAX; i++)
            z.history = z.history << 1 | s->symbol[i];
        for (size_t i = CONTEXT_MAX; i < until; i++)
            predictions_add(said, lz_bits_step(&z, s->symbol[i]));
        done = lz_bits_short(said, &z, s, until);
    }
    free(z.count);
    return HEAD2_OK;
}

/* ---- LZ78Y, more symbols ---- */

/*
 * The dictionary fills from the longest context to the shortest, so at the one position where it
 * becomes full the longer contexts may get in without the shorter ones. contexts_find cannot find
 * those; they are a store of their own.
 */
struct lz_orphans {
    struct contexts found;
    size_t at; /* 0: there are none */
    unsigned shortest;
    uint32_t id[CONTEXT_MAX + 1];
};

/* Contexts of lengths shortest..16 before `at`, as 16 nodes without a way to them. */
static void orphans_begin(struct lz_orphans *o, size_t at, unsigned shortest)
{
    o->at = at;
    o->shortest = shortest;
    for (unsigned m = shortest; m <= CONTEXT_MAX; m++) {
        o->id[m] = (uint32_t)o->found.nodes++;
        o->found.node[o->id[m]] = (struct context){.best = 1, .symbol = o->found.symbol[at]};
    }
}

/* The longest orphan that is a context of position i; 0 when none is. */
static unsigned orphans_match(const struct lz_orphans *o, size_t i)
{
    const uint8_t *s = o->found.symbol;
    unsigned m = 0;

    if (o->at == 0)
        return 0;
    while (m < CONTEXT_MAX && s[i - m - 1] == s[o->at - m - 1])
        m++;
    return m >= o->shortest ? m : 0;
}

static void ask_longest(uint32_t *best, unsigned *says, const struct contexts *c,
                        const uint32_t *id, unsigned from, unsigned to)
{
    for (unsigned m = to; m >= from; m--) {
        const struct context *node = &c->node[id[m]];
        if (node->best > *best) {
            *best = node->best;
            *says = node->symbol;
        }
    }
}

static void follow_all(struct contexts *c, const uint32_t *id, unsigned from, unsigned to,
                       uint8_t v)
{
    for (unsigned m = from; m <= to; m++)
        (void)contexts_follow(c, id[m], v, true);
}

/* Whether position i was predicted, and the dictionary brought up to date. */
static bool lz_symbols_step(struct contexts *c, struct lz_orphans *o, uint32_t *contexts, size_t i)
{
    uint32_t path[CONTEXT_MAX + 1] = {0}, best = 0;
    unsigned says = 256;
    const uint8_t v = c->symbol[i];
    const unsigned orphan = orphans_match(o, i);
    const unsigned known = contexts_find(c, path, i, CONTEXT_MAX);
    const unsigned unknown = CONTEXT_MAX - known, room = LZ_DICTIONARY - *contexts;

    if (orphan != 0) {
        ask_longest(&best, &says, &o->found, o->id, o->shortest, orphan);
        follow_all(&o->found, o->id, o->shortest, orphan, v);
    }
    ask_longest(&best, &says, c, path, 1, known);
    follow_all(c, path, 1, known, v);
    if (unknown <= room) {
        *contexts += unknown;
        contexts_add(c, path, i, known + 1, CONTEXT_MAX);
    } else if (room > 0) {
        *contexts = LZ_DICTIONARY;
        orphans_begin(o, i, CONTEXT_MAX - room + 1);
    }
    return says == v;
}

static enum head2_status lz_symbols(struct predictions *said, const struct sequence *s)
{
    struct contexts c = {0};
    struct lz_orphans orphans = {.at = 0};
    uint32_t contexts = 0;
    enum head2_status st;

    HEAD2_TRY(contexts_init(&c, s->symbol));
    HEAD2_TRY(contexts_init(&orphans.found, s->symbol));
    for (size_t i = CONTEXT_MAX; i < s->n; i++) {
        HEAD2_TRY(contexts_reserve(&c));
        HEAD2_TRY(contexts_reserve(&orphans.found));
        predictions_add(said, lz_symbols_step(&c, &orphans, &contexts, i));
    }
done:
    contexts_free(&c);
    contexts_free(&orphans.found);
    return st;
}

enum head2_status estimate_lz78y(double *h, const struct sequence *s)
{
    struct predictions said = {0};
    const enum head2_status st = s->k == 2 ? lz_bits(&said, s) : lz_symbols(&said, s);

    *h = st == HEAD2_OK ? predictions_estimate(&said, s->n - CONTEXT_MAX - 1, s->k) : ASSESS_NONE;
    return st;
}
