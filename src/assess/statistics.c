/*
 * SP 800-90B, Section 5.1: the statistics of an order of the samples, and other orders.
 */
#include "assess/iid.h"

#include <head2/hash.h>

#include <stdlib.h>

#ifdef HEAD2_BZIP2
#include <bzlib.h>
#endif

enum {
    LAG_COUNT = 5,
    EXCURSION = 0,
    DIRECTION = 1,
    MEDIAN_RUNS = 4,
    COLLISIONS = 6,
    PERIODS = 8,
    COVARIANCES = 13
};
static const size_t lag_of[LAG_COUNT] = {1, 2, 8, 16, 32};

const char *assess_statistic_name(unsigned i)
{
    static const char *const name[ASSESS_STATISTICS] = {"excursion",
                                                        "number of directional runs",
                                                        "length of directional runs",
                                                        "increases and decreases",
                                                        "number of runs about the median",
                                                        "length of runs about the median",
                                                        "average collision",
                                                        "maximum collision",
                                                        "periodicity, lag 1",
                                                        "periodicity, lag 2",
                                                        "periodicity, lag 8",
                                                        "periodicity, lag 16",
                                                        "periodicity, lag 32",
                                                        "covariance, lag 1",
                                                        "covariance, lag 2",
                                                        "covariance, lag 8",
                                                        "covariance, lag 16",
                                                        "covariance, lag 32",
                                                        "compression"};

    return i < ASSESS_STATISTICS ? name[i] : "?";
}

static unsigned twice_median(const struct sequence *s)
{
    size_t count[256] = {0}, sum = 0;
    unsigned middle[2] = {0};
    const size_t at[2] = {(s->n - 1) / 2, s->n / 2};

    if (s->k == 2)
        return 1;
    for (size_t i = 0; i < s->n; i++)
        count[s->symbol[i]]++;
    for (unsigned v = 0; v < s->k; v++) {
        for (unsigned j = 0; j < 2; j++)
            if (at[j] >= sum && at[j] < sum + count[v])
                middle[j] = v;
        sum += count[v];
    }
    return middle[0] + middle[1];
}

enum head2_status ordering_init(struct ordering *o, const struct samples *s)
{
    const struct sequence *q = &s->literal;

    *o = (struct ordering){.of = s, .n = q->n, .k = q->k, .median_twice = twice_median(q)};
    o->groups = (o->n + 7) / 8;
    o->symbol = malloc(o->n);
    o->value = malloc(o->n);
    o->ones = malloc(o->groups);
    o->octet = malloc(o->groups);
    o->flag = malloc(2 * (o->n / 64 + 1) * sizeof *o->flag);
    o->text = malloc(4 * o->n + 1);
    o->packed = malloc(5 * o->n + 600);
    if (o->symbol == NULL || o->value == NULL || o->ones == NULL || o->octet == NULL ||
        o->flag == NULL || o->text == NULL || o->packed == NULL) {
        ordering_free(o);
        return HEAD2_E_MEMORY;
    }
    ordering_reset(o);
    for (size_t i = 0; i < o->n; i++)
        o->sum += s->value[o->symbol[i]];
    return HEAD2_OK;
}

void ordering_free(struct ordering *o)
{
    free(o->symbol);
    free(o->value);
    free(o->ones);
    free(o->octet);
    free(o->flag);
    free(o->text);
    free(o->packed);
    *o = (struct ordering){0};
}

/* ---- other orders ---- */

void shuffler_init(struct shuffler *g, const uint8_t seed[32], uint32_t stream)
{
    static const char purpose[] = "head2 assess: permutations";
    struct head2_keccak h;
    uint8_t bytes[32], number[4];

    head2_shake256_init(&h);
    head2_shake_update(&h, purpose, sizeof purpose);
    head2_shake_update(&h, seed, 32);
    put_le32(number, stream);
    head2_shake_update(&h, number, sizeof number);
    head2_shake_squeeze(&h, bytes, sizeof bytes);
    for (unsigned i = 0; i < 4; i++)
        g->state[i] = le64(bytes + 8 * i);
}

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static uint64_t shuffler_next(struct shuffler *g)
{
    uint64_t *s = g->state;
    const uint64_t out = rotate(s[1] * 5, 7) * 9, shifted = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return out;
}

/* Below n, which is at most 2^32: the high half of a product, rejected where it would be uneven. */
static uint32_t shuffler_below(struct shuffler *g, uint32_t n)
{
    uint64_t product = (shuffler_next(g) >> 32) * n;

    if ((uint32_t)product < n) {
        const uint32_t uneven = (0U - n) % n;
        while ((uint32_t)product < uneven)
            product = (shuffler_next(g) >> 32) * n;
    }
    return (uint32_t)(product >> 32);
}

void ordering_reset(struct ordering *o)
{
    memcpy(o->symbol, o->of->literal.symbol, o->n);
}

/* Fisher and Yates. */
void ordering_shuffle(struct ordering *o, struct shuffler *g)
{
    for (size_t i = o->n - 1; i > 0; i--) {
        const size_t j = shuffler_below(g, (uint32_t)i + 1);
        const uint8_t kept = o->symbol[i];
        o->symbol[i] = o->symbol[j];
        o->symbol[j] = kept;
    }
}

/* ---- statistics ---- */

/* What binary data is looked at through: how many ones in eight bits, and the eight bits. */
static void convert(struct ordering *o)
{
    memset(o->ones, 0, o->groups);
    memset(o->octet, 0, o->groups);
    for (size_t i = 0; i < o->n; i++) {
        o->ones[i / 8] = (uint8_t)(o->ones[i / 8] + o->symbol[i]);
        o->octet[i / 8] |= (uint8_t)(o->symbol[i] << (7 - i % 8));
    }
}

/* 5.1.1: the farthest that the sum gets from what it should be. In whole numbers, times n. */
static double excursion(const struct ordering *o)
{
    int64_t away = 0, farthest = 0;

    for (size_t i = 0; i < o->n; i++) {
        away += (int64_t)(o->n * o->value[i]) - (int64_t)o->sum;
        if (away > farthest || -away > farthest)
            farthest = away < 0 ? -away : away;
    }
    return (double)farthest / (double)o->n;
}

struct runs {
    size_t count;
    size_t longest;
    size_t ones; /* how many flags are set */
};

/* Eight bytes that are 0 or 1 as bits, the first lowest. */
static uint64_t pack(const uint8_t *yes)
{
    return le64(yes) * UINT64_C(0x0102040810204080) >> 56;
}

/* Flag i is set where v[i] <= v[i + 1], or with `limit` where 2 v[i] >= *limit. */
static void set_flags(uint64_t *flag, const uint8_t *v, size_t n, const unsigned *limit)
{
    for (size_t at = 0; at < n; at += 64) {
        const size_t some = n - at < 64 ? n - at : 64;
        uint8_t yes[64] = {0};
        if (limit != NULL)
            for (size_t i = 0; i < some; i++)
                yes[i] = 2U * v[at + i] >= *limit;
        else
            for (size_t i = 0; i < some; i++)
                yes[i] = v[at + i] <= v[at + i + 1];
        flag[at / 64] = 0;
        for (unsigned i = 0; i < 8; i++)
            flag[at / 64] |= pack(yes + 8 * i) << 8 * i;
    }
}

enum { USUAL_RUN = 64 };

/* The longest run of set flags, if it is shorter than USUAL_RUN: each round takes the first one off
 * every run. flag is used up. */
static size_t longest_usual(uint64_t *flag, size_t words)
{
    uint64_t any = 1;
    size_t length = 0;

    for (; any != 0 && length < USUAL_RUN; length++) {
        uint64_t before = 0;
        any = 0;
        for (size_t i = 0; i < words; i++) {
            const uint64_t word = flag[i];
            flag[i] = word & (word << 1 | before);
            before = word >> 63;
            any |= flag[i];
        }
    }
    return length;
}

/* Of either kind; one by one, which is quick where runs are long. */
static size_t longest_unusual(const uint64_t *flag, size_t n)
{
    size_t length = 0, longest = 0;
    uint64_t last = 2;

    for (size_t i = 0; i < n; i++) {
        const uint64_t one = flag[i / 64] >> i % 64 & 1;
        length = one == last ? length + 1 : 1;
        last = one;
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* Of n flags, at least one. */
static struct runs runs_of(uint64_t *flag, size_t n)
{
    const size_t words = (n + 63) / 64;
    const uint64_t in_last = ~(uint64_t)0 >> (64 * words - n);
    uint64_t *spare = flag + words, before = flag[0] & 1;
    struct runs r = {.count = 1};

    for (size_t i = 0; i < words; i++) {
        const uint64_t valid = i + 1 < words ? ~(uint64_t)0 : in_last;
        r.ones += popcount64(flag[i] & valid);
        r.count += popcount64((flag[i] ^ (flag[i] << 1 | before)) & valid);
        before = flag[i] >> 63;
    }
    for (unsigned kind = 0; kind < 2; kind++) {
        for (size_t i = 0; i < words; i++)
            spare[i] = (kind == 0 ? flag[i] : ~flag[i]);
        spare[words - 1] &= in_last;
        const size_t longest = longest_usual(spare, words);
        r.longest = longest > r.longest ? longest : r.longest;
    }
    if (r.longest >= USUAL_RUN)
        r.longest = longest_unusual(flag, n);
    return r;
}

/* 5.1.2 to 5.1.4 */
static void directions(double *t, struct ordering *o, const uint8_t *v, size_t n)
{
    set_flags(o->flag, v, n - 1, NULL);
    const struct runs r = runs_of(o->flag, n - 1);
    t[0] = (double)r.count;
    t[1] = (double)r.longest;
    t[2] = (double)(r.ones > n - 1 - r.ones ? r.ones : n - 1 - r.ones);
}

/* 5.1.5 and 5.1.6 */
static void runs_about_median(double *t, struct ordering *o)
{
    set_flags(o->flag, o->symbol, o->n, &o->median_twice);
    const struct runs r = runs_of(o->flag, o->n);
    t[0] = (double)r.count;
    t[1] = (double)r.longest;
}

/* 5.1.7 and 5.1.8: how many samples until a value comes again. */
static void collisions(double *t, const uint8_t *v, size_t n)
{
    uint32_t seen_in[256] = {0}, round = 1;
    size_t begun = 0, longest = 0, sum = 0, count = 0;

    for (size_t i = 0; i < n; i++) {
        if (seen_in[v[i]] != round) {
            seen_in[v[i]] = round;
            continue;
        }
        const size_t samples = i - begun + 1;
        longest = samples > longest ? samples : longest;
        sum += samples;
        count++;
        round++;
        begun = i + 1;
    }
    t[0] = count > 0 ? (double)sum / (double)count : 0;
    t[1] = (double)longest;
}

/* Sums within a block fit the narrow type that makes a loop quick. */
enum { EQUAL_BLOCK = 255, PRODUCT_BLOCK = 1 << 15 };

/* 5.1.9 */
static double periodicity(const uint8_t *v, size_t n, size_t lag)
{
    const size_t pairs = n > lag ? n - lag : 0;
    size_t equal = 0;

    for (size_t at = 0; at < pairs; at += EQUAL_BLOCK) {
        const size_t some = pairs - at < EQUAL_BLOCK ? pairs - at : EQUAL_BLOCK;
        uint8_t sum = 0;
        for (size_t i = at; i < at + some; i++)
            sum = (uint8_t)(sum + (v[i] == v[i + lag]));
        equal += sum;
    }
    return (double)equal;
}

/* 5.1.10 */
static double covariance(const uint8_t *v, size_t n, size_t lag)
{
    const size_t pairs = n > lag ? n - lag : 0;
    uint64_t sum = 0;

    for (size_t at = 0; at < pairs; at += PRODUCT_BLOCK) {
        const size_t some = pairs - at < PRODUCT_BLOCK ? pairs - at : PRODUCT_BLOCK;
        uint32_t part = 0;
        for (size_t i = at; i < at + some; i++)
            part += (uint32_t)v[i] * v[i + lag];
        sum += part;
    }
    return (double)sum;
}

bool ordering_can_compress(void)
{
#ifdef HEAD2_BZIP2
    return true;
#else
    return false;
#endif
}

#ifdef HEAD2_BZIP2
/* "17 4 255": the values in decimal. */
static size_t write_text(char *text, const uint8_t *value, size_t n)
{
    char *to = text;

    for (size_t i = 0; i < n; i++) {
        const unsigned v = value[i];
        if (v >= 100)
            *to++ = (char)('0' + v / 100);
        if (v >= 10)
            *to++ = (char)('0' + v / 10 % 10);
        *to++ = (char)('0' + v % 10);
        *to++ = ' ';
    }
    return (size_t)(to - text) - 1;
}

double ordering_compressed(struct ordering *o)
{
    const size_t len = write_text(o->text, o->value, o->n);
    unsigned packed_len = (unsigned)(5 * o->n + 600);

    return BZ2_bzBuffToBuffCompress(o->packed, &packed_len, o->text, (unsigned)len, 5, 0, 0) ==
                   BZ_OK
               ? packed_len
               : 0;
}
#else
double ordering_compressed(struct ordering *o)
{
    (void)o;
    return 0;
}
#endif

static bool any(const bool *wanted, unsigned from, unsigned count)
{
    for (unsigned i = from; i < from + count; i++)
        if (wanted[i])
            return true;
    return false;
}

void ordering_statistics(double t[ASSESS_STATISTICS], struct ordering *o,
                         const bool wanted[ASSESS_STATISTICS])
{
    const bool bits = o->k == 2;

    if (wanted[EXCURSION] || any(wanted, COVARIANCES, LAG_COUNT + 1)) /* and compression */
        for (size_t i = 0; i < o->n; i++)
            o->value[i] = o->of->value[o->symbol[i]];
    if (bits)
        convert(o);
    const uint8_t *v = bits ? o->ones : o->symbol, *products = bits ? o->ones : o->value;
    const size_t n = bits ? o->groups : o->n;
    if (wanted[EXCURSION])
        t[EXCURSION] = excursion(o);
    if (any(wanted, DIRECTION, 3))
        directions(t + DIRECTION, o, v, n);
    if (any(wanted, MEDIAN_RUNS, 2))
        runs_about_median(t + MEDIAN_RUNS, o);
    if (any(wanted, COLLISIONS, 2))
        collisions(t + COLLISIONS, bits ? o->octet : o->symbol, n);
    for (unsigned l = 0; l < LAG_COUNT; l++) {
        if (wanted[PERIODS + l])
            t[PERIODS + l] = periodicity(v, n, lag_of[l]);
        if (wanted[COVARIANCES + l])
            t[COVARIANCES + l] = covariance(products, n, lag_of[l]);
    }
    if (wanted[ASSESS_COMPRESSION_STATISTIC])
        t[ASSESS_COMPRESSION_STATISTIC] = ordering_compressed(o);
}
