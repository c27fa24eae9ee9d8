#include "assess/suffix.h"

#include <stdlib.h>

/*
 * A suffix is of type S when it is smaller than the one that begins a symbol later, else of type L;
 * the last one is L. An LMS suffix is one of type S behind one of type L. Sorting these sorts all:
 * in the order of their symbols, L from the front of the symbol's bucket, S from its back.
 */
struct text {
    const void *symbol; /* as its form says */
    int32_t n;
    int32_t k;
    uint64_t *lms;   /* a bit for each position */
    int32_t *count;  /* of each symbol */
    int32_t *bucket; /* where its bucket begins or ends */
};

/* Bits are packed, the first one highest: what is read at random then fits the cache. */
enum form { BITS, BYTES, WIDE };

static HEAD2_ALWAYS_INLINE int32_t at(const struct text *t, enum form form, int32_t i)
{
    if (form == BITS)
        return (int32_t)(((const uint64_t *)t->symbol)[i / 64] >> (63 - i % 64) & 1);
    return form == WIDE ? ((const int32_t *)t->symbol)[i] : ((const uint8_t *)t->symbol)[i];
}

static bool is_lms(const struct text *t, int32_t i)
{
    return (t->lms[i / 64] >> (i % 64) & 1) != 0;
}

static void bucket_begins(const struct text *t)
{
    for (int32_t c = 0, sum = 0; c < t->k; sum += t->count[c++])
        t->bucket[c] = sum;
}

static void bucket_ends(const struct text *t)
{
    for (int32_t c = 0, sum = 0; c < t->k; c++)
        t->bucket[c] = sum += t->count[c];
}

static void clear(int32_t *sa, int32_t from, int32_t to)
{
    for (int32_t i = from; i < to; i++)
        sa[i] = -1;
}

/* From the sorted LMS suffixes in sa, the rest being -1, to all suffixes. A symbol equal to the one
 * after it has the same type; whether that is S shows in which part of its bucket it lies. */
static HEAD2_ALWAYS_INLINE void induce(int32_t *sa, const struct text *t, enum form form)
{
    bucket_begins(t);
    sa[t->bucket[at(t, form, t->n - 1)]++] = t->n - 1;
    for (int32_t i = 0; i < t->n; i++) {
        const int32_t before = sa[i] - 1;
        if (before < 0)
            continue;
        const int32_t c = at(t, form, before);
        if (c >= at(t, form, before + 1))
            sa[t->bucket[c]++] = before;
    }
    bucket_ends(t);
    for (int32_t i = t->n - 1; i >= 0; i--) {
        const int32_t before = sa[i] - 1;
        if (before < 0)
            continue;
        const int32_t c = at(t, form, before), next = at(t, form, before + 1);
        if (c < next || (c == next && i >= t->bucket[c]))
            sa[--t->bucket[c]] = before;
    }
}

/* Count symbols, mark the LMS positions, and put them into sa at the ends of their buckets. */
static HEAD2_ALWAYS_INLINE int32_t begin(int32_t *sa, const struct text *t, enum form form)
{
    bool small = false; /* the suffix at i is of type S */
    int32_t found = 0;

    for (int32_t i = 0; i < t->n; i++)
        t->count[at(t, form, i)]++;
    clear(sa, 0, t->n);
    bucket_ends(t);
    for (int32_t i = t->n - 2; i >= 0; i--) {
        const int32_t c = at(t, form, i), next = at(t, form, i + 1);
        const bool is_small = c < next || (c == next && small);
        if (small && !is_small) {
            t->lms[(i + 1) / 64] |= (uint64_t)1 << ((i + 1) % 64);
            sa[--t->bucket[next]] = i + 1;
            found++;
        }
        small = is_small;
    }
    return found;
}

/* Whether the pieces of text from LMS positions a and b to the next ones are equal. */
static HEAD2_ALWAYS_INLINE bool same_piece(const struct text *t, enum form form, int32_t a,
                                           int32_t b)
{
    for (int32_t d = 0;; d++) {
        if (a + d == t->n || b + d == t->n || at(t, form, a + d) != at(t, form, b + d))
            return false;
        if (d > 0 && (is_lms(t, a + d) || is_lms(t, b + d)))
            return is_lms(t, a + d) && is_lms(t, b + d);
    }
}

/* The pieces are sorted: move them to the front of sa, and their numbers in order of the text,
 * equal ones alike, to its end. Returns how many different numbers there are. */
static HEAD2_ALWAYS_INLINE int32_t name_pieces(int32_t *sa, const struct text *t, enum form form,
                                               int32_t pieces)
{
    int32_t m = 0, names = 0;

    for (int32_t i = 0; i < t->n; i++)
        if (is_lms(t, sa[i]))
            sa[m++] = sa[i];
    clear(sa, pieces, t->n);
    for (int32_t i = 0; i < pieces; i++) {
        if (i == 0 || !same_piece(t, form, sa[i - 1], sa[i]))
            names++;
        sa[pieces + sa[i] / 2] = names - 1; /* two LMS positions are never neighbours */
    }
    for (int32_t i = t->n - 1, to = t->n; i >= pieces; i--)
        if (sa[i] >= 0)
            sa[--to] = sa[i];
    return names;
}

static enum head2_status sort_wide(int32_t *sa, const int32_t *symbol, int32_t n, int32_t k);

/* The pieces' order is in sa[0..pieces) as numbers of pieces: make them positions, in their places.
 */
static HEAD2_ALWAYS_INLINE void place_pieces(int32_t *sa, const struct text *t, enum form form,
                                             int32_t pieces)
{
    int32_t *position = sa + t->n - pieces;

    for (int32_t i = 0, m = 0; i < t->n; i++)
        if (is_lms(t, i))
            position[m++] = i;
    for (int32_t i = 0; i < pieces; i++)
        sa[i] = position[sa[i]];
    clear(sa, pieces, t->n);
    bucket_ends(t);
    for (int32_t i = pieces - 1; i >= 0; i--) {
        const int32_t p = sa[i];
        sa[i] = -1;
        sa[--t->bucket[at(t, form, p)]] = p;
    }
}

static HEAD2_ALWAYS_INLINE enum head2_status sort_text(int32_t *sa, struct text *t, enum form form)
{
    enum head2_status st = HEAD2_E_MEMORY;

    t->lms = calloc((size_t)t->n / 64 + 1, sizeof *t->lms);
    t->count = calloc((size_t)t->k, sizeof *t->count);
    t->bucket = calloc((size_t)t->k, sizeof *t->bucket);
    if (t->lms == NULL || t->count == NULL || t->bucket == NULL)
        goto done;
    st = HEAD2_OK;
    const int32_t pieces = begin(sa, t, form);
    induce(sa, t, form);
    if (pieces == 0)
        goto done;
    const int32_t names = name_pieces(sa, t, form, pieces);
    int32_t *text = sa + t->n - pieces;
    if (names < pieces)
        HEAD2_TRY(sort_wide(sa, text, pieces, names));
    else
        for (int32_t i = 0; i < pieces; i++)
            sa[text[i]] = i;
    place_pieces(sa, t, form, pieces);
    induce(sa, t, form);
done:
    free(t->lms);
    free(t->count);
    free(t->bucket);
    return st;
}

/* A text of pieces has at most half the length of the text before, so the recursion is shallow. */
static enum head2_status sort_wide(int32_t *sa, const int32_t *symbol, int32_t n, int32_t k)
{
    struct text t = {.symbol = symbol, .n = n, .k = k};

    return sort_text(sa, &t, WIDE);
}

enum head2_status suffix_sort(int32_t *sa, const uint8_t *symbol, int32_t n, int32_t k)
{
    struct text t = {.symbol = symbol, .n = n, .k = k};

    return sort_text(sa, &t, BYTES);
}

enum head2_status suffix_sort_bits(int32_t *sa, const uint64_t *plane, int32_t n)
{
    struct text t = {.symbol = plane, .n = n, .k = 2};

    return sort_text(sa, &t, BITS);
}

static int32_t extend(const uint8_t *symbol, int32_t n, int32_t a, int32_t b, int32_t length)
{
    const int32_t end = n - (a > b ? a : b);

    while (length + 8 <= end) {
        const uint64_t differ = le64(symbol + a + length) ^ le64(symbol + b + length);
        if (differ != 0)
            return length + __builtin_ctzll(differ) / 8;
        length += 8;
    }
    while (length < end && symbol[a + length] == symbol[b + length])
        length++;
    return length;
}

/* What follows the last bit is 0, and not counted. */
static int32_t extend_bits(const uint64_t *plane, int32_t n, int32_t a, int32_t b, int32_t length)
{
    const int32_t end = n - (a > b ? a : b);

    for (; length < end; length += 64) {
        const uint64_t differ = sequence_window(plane, (size_t)(a + length)) ^
                                sequence_window(plane, (size_t)(b + length));
        if (differ != 0) {
            length += __builtin_clzll(differ);
            break;
        }
    }
    return length < end ? length : end;
}

static HEAD2_ALWAYS_INLINE enum head2_status lcp(int32_t *sa, const void *text, enum form form,
                                                 int32_t n)
{
    int32_t *common =
        malloc((size_t)n * sizeof *common); /* first: the suffix before, by position */
    int32_t length = 0;

    if (common == NULL)
        return HEAD2_E_MEMORY;
    common[sa[0]] = -1;
    for (int32_t i = 1; i < n; i++)
        common[sa[i]] = sa[i - 1];
    for (int32_t i = 0; i < n; i++) {
        const int32_t before = common[i], known = length > 0 ? length - 1 : 0;
        if (before < 0)
            length = 0;
        else
            length = form == BITS ? extend_bits(text, n, i, before, known)
                                  : extend(text, n, i, before, known);
        common[i] = length;
    }
    for (int32_t i = 0; i < n; i++)
        sa[i] = common[sa[i]];
    free(common);
    return HEAD2_OK;
}

enum head2_status suffix_lcp(int32_t *sa, const uint8_t *symbol, int32_t n)
{
    return lcp(sa, symbol, BYTES, n);
}

enum head2_status suffix_lcp_bits(int32_t *sa, const uint64_t *plane, int32_t n)
{
    return lcp(sa, plane, BITS, n);
}
