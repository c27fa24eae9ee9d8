/*
 * Sorting the suffixes of a bit string by their first 64 bits. On data without long repeats hardly
 * any two of these windows are equal, and then it is enough to sort the windows themselves, without
 * positions: three times as fast as a suffix array. The few equal ones are found again by a second
 * look at the text and sorted in full.
 */
#include "assess/tuples.h"

#include <stdlib.h>

enum {
    WINDOW = 64,
    DIGIT = 11,          /* bits that a counting pass sorts by; two passes make a step */
    TOP = 8,             /* bits that choose a bucket; a bucket's passes stay in the cache */
    SHORT_RUN = 24,      /* sorted by insertion */
    EQUAL_MAX = 1 << 14, /* more windows than this that are equal to others: not for this way */
    SAMPLE = 1 << 14,    /* windows that are looked at first */
    SAMPLE_EQUAL = 3     /* so many equal ones among them are enough to give up */
};

struct windows {
    const uint64_t *plane;
    size_t n;     /* bits */
    size_t whole; /* windows that end within the text */
    uint64_t *key;
    uint64_t *scratch;         /* as long as the largest bucket */
    uint64_t equal[EQUAL_MAX]; /* the keys that occur twice or more, sorted */
    size_t equals;
    uint32_t *tied; /* positions of windows with these keys, sorted by their suffixes */
    size_t ties;
};

static size_t bucket_of(uint64_t key)
{
    return (size_t)(key >> (WINDOW - TOP));
}

static void pass(uint64_t *to, const uint64_t *from, size_t n, unsigned shift)
{
    uint32_t place[1 << DIGIT] = {0};
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        place[from[i] >> shift & ((1 << DIGIT) - 1)]++;
    for (size_t d = 0; d < 1 << DIGIT; d++) {
        const uint32_t count = place[d];
        place[d] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++)
        to[place[from[i] >> shift & ((1 << DIGIT) - 1)]++] = from[i];
}

static void insert(uint64_t *key, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const uint64_t k = key[i];
        size_t j = i;
        for (; j > 0 && key[j - 1] > k; j--)
            key[j] = key[j - 1];
        key[j] = k;
    }
}

/* Sort keys whose bits from `below` up are equal. */
static void sort_keys(uint64_t *key, size_t n, uint64_t *scratch, unsigned below)
{
    const unsigned shift = below > 2 * DIGIT ? below - 2 * DIGIT : 0;

    if (n <= SHORT_RUN) {
        insert(key, n);
        return;
    }
    pass(scratch, key, n, shift);
    pass(key, scratch, n, shift + DIGIT);
    for (size_t i = 0; shift > 0 && i < n;) {
        size_t end = i + 1;
        while (end < n && key[end] >> shift == key[i] >> shift)
            end++;
        if (end - i > 1)
            sort_keys(key + i, end - i, scratch, shift);
        i = end;
    }
}

/* The keys of all whole windows, in buckets by their first bits; begin[b + 1] is where b ends. */
static enum head2_status fill_buckets(struct windows *w, size_t begin[(1 << TOP) + 1])
{
    size_t place[1 << TOP], largest = 0;

    for (size_t i = 0; i < w->whole; i++)
        begin[bucket_of(sequence_window(w->plane, i)) + 1]++;
    for (size_t b = 0; b < 1 << TOP; b++) {
        largest = begin[b + 1] > largest ? begin[b + 1] : largest;
        begin[b + 1] += begin[b];
        place[b] = begin[b];
    }
    w->key = malloc(w->whole * sizeof *w->key);
    w->scratch = malloc(largest * sizeof *w->scratch);
    if (w->key == NULL || w->scratch == NULL)
        return HEAD2_E_MEMORY;
    for (size_t i = 0; i < w->whole; i++) {
        const uint64_t key = sequence_window(w->plane, i);
        w->key[place[bucket_of(key)]++] = key;
    }
    return HEAD2_OK;
}

/* Of sorted keys, those that repeat; false when there are too many. */
static bool note_equal(struct windows *w, const uint64_t *key, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (key[i] != key[i - 1])
            continue;
        if (++w->ties > EQUAL_MAX - (1 << TOP))
            return false;
        if (w->equals == 0 || w->equal[w->equals - 1] != key[i])
            w->equal[w->equals++] = key[i];
    }
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* How many bits the suffixes at a and b have in common; at the end of the text comes nothing. */
static size_t common_bits(const struct windows *w, size_t a, size_t b)
{
    const size_t end = w->n - (a > b ? a : b);

    for (size_t d = 0; d < end; d += WINDOW) {
        const uint64_t differ = sequence_window(w->plane, a + d) ^ sequence_window(w->plane, b + d);
        if (differ != 0) {
            const size_t length = d + (size_t)__builtin_clzll(differ);
            return length < end ? length : end;
        }
    }
    return end;
}

static int compare_suffixes(const void *a, const void *b, void *windows)
{
    const struct windows *w = windows;
    const size_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    const size_t length = common_bits(w, x, y);

    if (x + length == w->n || y + length == w->n)
        return (x < y) - (x > y); /* what ends first is smaller */
    return sequence_bit(w->plane, x + length) != 0 ? 1 : -1;
}

/* The positions of the windows that are equal to others, in the order of their suffixes. */
static enum head2_status find_tied(struct windows *w)
{
    enum { FILTER = 1 << 20 };
    uint64_t *filter = calloc(FILTER / 64, sizeof *filter);
    size_t found = 0;

    w->tied = malloc((2 * w->ties + 1) * sizeof *w->tied);
    if (w->tied == NULL || filter == NULL) {
        free(filter);
        return HEAD2_E_MEMORY;
    }
    for (size_t e = 0; e < w->equals; e++) {
        const uint64_t h = w->equal[e] * 0x9e3779b97f4a7c15U >> 44;
        filter[h / 64] |= (uint64_t)1 << (h % 64);
    }
    for (size_t i = 0; w->equals > 0 && i < w->whole; i++) {
        const uint64_t key = sequence_window(w->plane, i);
        const uint64_t h = key * 0x9e3779b97f4a7c15U >> 44;
        if ((filter[h / 64] >> (h % 64) & 1) != 0 &&
            bsearch(&key, w->equal, w->equals, sizeof key, compare_keys) != NULL)
            w->tied[found++] = (uint32_t)i;
    }
    w->ties = found;
    free(filter);
    qsort_r(w->tied, w->ties, sizeof *w->tied, compare_suffixes, w);
    return HEAD2_OK;
}

/* A suffix as it is told: its key, how many bits of that are text, and where it is when it is tied.
 */
struct told {
    uint64_t key;
    uint32_t bits;
    size_t tied; /* SIZE_MAX when it is not */
};

static uint32_t shared_bits(const struct windows *w, const struct told *a, const struct told *b)
{
    const uint64_t differ = a->key ^ b->key;
    const uint32_t bits = a->bits < b->bits ? a->bits : b->bits;
    const uint32_t shared = differ != 0 ? (uint32_t)__builtin_clzll(differ) : WINDOW;

    if (shared < bits)
        return shared;
    if (bits == WINDOW && a->tied != SIZE_MAX && b->tied != SIZE_MAX)
        return (uint32_t)common_bits(w, a->tied, b->tied);
    return bits;
}

/* Merge the sorted whole windows with the sorted suffixes that are shorter than a window. */
static enum head2_status tell(struct tuples *t, const struct windows *w, const uint32_t *tail,
                              size_t tails)
{
    struct told last = {0}, next;
    size_t i = 0, tie = 0, at_tail = 0;

    while (i < w->whole || at_tail < tails) {
        const uint64_t tail_key = at_tail < tails ? sequence_window(w->plane, tail[at_tail]) : 0;
        if (at_tail < tails && (i == w->whole || tail_key <= w->key[i])) {
            next = (struct told){tail_key, (uint32_t)(w->n - tail[at_tail]), SIZE_MAX};
            at_tail++;
        } else {
            const uint64_t key = w->key[i];
            const bool tied =
                (i + 1 < w->whole && w->key[i + 1] == key) || (i > 0 && w->key[i - 1] == key);
            next = (struct told){key, WINDOW, tied ? w->tied[tie++] : SIZE_MAX};
            i++;
        }
        if (i + at_tail > 1 && tuples_add(t, shared_bits(w, &last, &next)) != HEAD2_OK)
            return HEAD2_E_MEMORY;
        last = next;
    }
    return HEAD2_OK;
}

/* Data with too many equal windows has several among a few thousand: a quick look. */
static enum head2_status look_at_some(const struct windows *w, bool *repeats)
{
    const size_t step = w->whole / SAMPLE + 1, some = w->whole / step;
    uint64_t *key = malloc((some + 1) * sizeof *key);
    unsigned equal = 0;

    if (key == NULL)
        return HEAD2_E_MEMORY;
    for (size_t i = 0; i < some; i++)
        key[i] = sequence_window(w->plane, i * step);
    qsort(key, some, sizeof *key, compare_keys);
    for (size_t i = 1; i < some; i++)
        equal += key[i] == key[i - 1];
    *repeats = equal >= SAMPLE_EQUAL;
    free(key);
    return HEAD2_OK;
}

static enum head2_status sort_windows(struct tuples *t, struct windows *w, bool *done)
{
    size_t begin[(1 << TOP) + 1] = {0};
    uint32_t tail[WINDOW];
    bool repeats;
    enum head2_status st;

    HEAD2_TRY(look_at_some(w, &repeats));
    if (repeats)
        goto done;
    HEAD2_TRY(fill_buckets(w, begin));
    for (size_t b = 0; b < 1 << TOP; b++) {
        const size_t size = begin[b + 1] - begin[b];
        sort_keys(w->key + begin[b], size, w->scratch, WINDOW - TOP);
        if (!note_equal(w, w->key + begin[b], size))
            goto done;
    }
    free(w->scratch);
    w->scratch = NULL;
    HEAD2_TRY(find_tied(w));
    for (size_t i = w->whole; i < w->n; i++)
        tail[i - w->whole] = (uint32_t)i;
    qsort_r(tail, w->n - w->whole, sizeof *tail, compare_suffixes, w);
    HEAD2_TRY(tell(t, w, tail, w->n - w->whole));
    *done = true;
done:
    return st;
}

enum head2_status tuples_of_windows(struct tuples *t, const uint64_t *plane, size_t n, bool *done)
{
    enum head2_status st = HEAD2_E_MEMORY;
    struct windows *w = calloc(1, sizeof *w);

    *done = false;
    if (w == NULL)
        return st;
    w->plane = plane;
    w->n = n;
    w->whole = n - (WINDOW - 1);
    st = sort_windows(t, w, done);
    free(w->key);
    free(w->scratch);
    free(w->tied);
    free(w);
    return st;
}
