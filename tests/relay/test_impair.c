/*
 * The fates that the relay deals out: by the seed alone, and as often as it was told.
 */
#include "check.h"

#include "relay/impair.h"
#include "relay/queue.h"

#define PACKETS 1000000

static const struct impairment bad_radio = {.seed = 7,
                                            .loss = 0.01,
                                            .burst_begin = 0.002,
                                            .burst_end = 0.2,
                                            .burst_loss = 0.75,
                                            .duplicate = 0.03,
                                            .reorder = 0.05,
                                            .delay = 200000,
                                            .jitter = 10000,
                                            .hold = 20000};

static struct fate *fates(const struct impairment *how, unsigned direction, size_t n)
{
    struct impair_path path = {.direction = direction};
    struct fate *all = calloc(n, sizeof *all);

    CHECK(all != NULL);
    for (size_t i = 0; i < n; i++)
        all[i] = impair_next(&path, how);
    return all;
}

static bool same(const struct fate *a, const struct fate *b)
{
    return a->number == b->number && a->lost == b->lost && a->in_burst == b->in_burst &&
           a->reordered == b->reordered && a->twice == b->twice && a->delay == b->delay &&
           a->twin_later == b->twin_later;
}

static size_t differences(const struct fate *a, const struct fate *b, size_t n)
{
    size_t differ = 0;

    for (size_t i = 0; i < n; i++)
        differ += !same(&a[i], &b[i]);
    return differ;
}

static void the_seed_decides(void)
{
    struct impairment other = bad_radio;
    other.seed++;
    struct fate *a = fates(&bad_radio, 0, 10000), *b = fates(&bad_radio, 0, 10000);
    struct fate *back = fates(&bad_radio, 1, 10000), *c = fates(&other, 0, 10000);

    CHECK_EQ(differences(a, b, 10000), 0);
    CHECK(differences(a, back, 10000) > 9000); /* jitter alone makes nearly all differ */
    CHECK(differences(a, c, 10000) > 9000);
    free(a);
    free(b);
    free(back);
    free(c);
}

/* One chance changed leaves what the others decide. */
static void chances_are_independent(void)
{
    struct impairment more = bad_radio;
    more.duplicate = 0.5;
    struct fate *a = fates(&bad_radio, 0, 10000), *b = fates(&more, 0, 10000);

    for (size_t i = 0; i < 10000; i++) {
        CHECK(a[i].lost == b[i].lost && a[i].reordered == b[i].reordered);
        CHECK_EQ(a[i].delay, b[i].delay);
    }
    free(a);
    free(b);
}

/* Within five standard deviations of a binomial; bursts make loss more clustered than that, which
 * the factor allows for. */
static void check_share(const char *what, uint64_t count, double expected, double clustered)
{
    const double sigma_squared = PACKETS * expected * (1 - expected) * clustered;
    const double off = (double)count - PACKETS * expected;

    CHECK_SAY(off * off <= 25 * sigma_squared, "%s: %llu of %d, expected %.0f", what,
              (unsigned long long)count, PACKETS, PACKETS * expected);
}

static void shares_are_as_told(void)
{
    for (unsigned direction = 0; direction < 2; direction++) {
        struct fate *all = fates(&bad_radio, direction, PACKETS);
        uint64_t lost = 0, twice = 0, held = 0, in_burst = 0;
        for (size_t i = 0; i < PACKETS; i++) {
            lost += all[i].lost;
            twice += all[i].twice;
            held += all[i].reordered;
            in_burst += all[i].in_burst;
            const uint64_t plain = all[i].delay - (all[i].reordered ? 20000 : 0);
            CHECK(plain >= 200000 && plain < 210000);
            CHECK(all[i].twin_later < 20000);
        }
        /* 1 % of 99 % and 75 % of 1 %: a burst begins once in 500 packets and lasts five */
        CHECK(impair_expected_loss(&bad_radio) > 0.0173 &&
              impair_expected_loss(&bad_radio) < 0.0174);
        check_share("lost", lost, impair_expected_loss(&bad_radio), 10);
        check_share("in bursts", in_burst, 0.002 / 0.202, 10);
        check_share("twice", twice, 0.03, 1);
        check_share("held back", held, 0.05, 1);
        free(all);
    }
}

static void nothing_happens_on_a_good_path(void)
{
    const struct impairment none = {.seed = 3};
    struct fate *all = fates(&none, 0, 10000);

    for (size_t i = 0; i < 10000; i++)
        CHECK(!all[i].lost && !all[i].twice && !all[i].reordered && all[i].delay == 0);
    CHECK(impair_expected_loss(&none) == 0);
    free(all);
}

/* By time, and as they came where that is the same; full when it is full. */
static void packets_wait_in_order(void)
{
    struct queue *q = queue_new(1000);
    struct impair_path dice = {.direction = 5};
    const struct impairment spread = {.seed = 1, .jitter = 50};
    const uint8_t bytes[4] = {1, 2, 3, 4};
    uint64_t due = 0, order = 0;

    CHECK(q != NULL);
    for (uint64_t i = 0; i < 1000; i++) {
        const struct queued head = {
            .due = impair_next(&dice, &spread).delay, .number = i, .len = sizeof bytes};
        CHECK(queue_put(q, &head, bytes));
    }
    const struct queued more = {.len = sizeof bytes};
    CHECK(!queue_put(q, &more, bytes));
    for (unsigned i = 0; i < 1000; i++) {
        const struct queued *first = queue_first(q), *p = queue_take(q);
        CHECK(p == first);
        CHECK(p->due > due || (p->due == due && (i == 0 || p->order > order)));
        CHECK_MEM(p->bytes, bytes, sizeof bytes);
        due = p->due;
        order = p->order;
    }
    CHECK(queue_first(q) == NULL && queue_take(q) == NULL);
    queue_free(q);
}

int main(void)
{
    RUN(packets_wait_in_order);
    RUN(the_seed_decides);
    RUN(chances_are_independent);
    RUN(shares_are_as_told);
    RUN(nothing_happens_on_a_good_path);
    CHECK_EXIT();
}
