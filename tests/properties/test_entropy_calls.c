/*
 * The calls of head2/entropy.h beside requests: samples that are offered and spent once, reports of
 * their owner, arguments, samples to measure, tests on demand.
 */
#include "entropy_fixture.h"

static const char *const both[] = {"one", "two", NULL}, *const only[] = {"one", NULL};

/* ---- offered samples ---- */

static void offer(unsigned id, struct fake *f, size_t n)
{
    uint8_t sample[512];

    while (n > 0) {
        size_t some = n < sizeof sample ? n : sizeof sample;
        n -= some;
        CHECK_EQ(fake_read(f, sample, &some), HEAD2_OK);
        CHECK_EQ(head2_entropy_offer(id, sample, some), HEAD2_OK);
    }
}

static void a_sample_is_spent_once(void)
{
    struct fake f = {.x = 5};
    uint8_t out[32];
    const unsigned id = add_fake("one", NULL, 4, NULL);

    use(HEAD2_ENTROPY_SINGLE, only);
    refuses();
    offer(id, &f, 4096);
    refuses();
    offer(id, &f, 700);
    struct head2_entropy_source_info s = info_of("one");
    CHECK(s.tested == 4096 && s.samples == 4796 && s.waiting_bits == 1400);
    gives();
    CHECK(info_of("one").waiting_bits == 1400 - 448);
    CHECK_EQ(head2_random_key(out, 32), HEAD2_OK);
    CHECK_EQ(head2_random_key(out, 32), HEAD2_OK);
    CHECK(info_of("one").waiting_bits == 1400 - 448 - 640);
    CHECK_EQ(head2_random_key(out, 32), HEAD2_E_ENTROPY); /* 312 are left, and stay */
    s = info_of("one");
    CHECK(s.waiting_bits == 312 && s.spent_bits == 1088 && s.credited_bits == 1400);
    offer(id, &f, 5000); /* the oldest make room */
    s = info_of("one");
    CHECK(s.waiting_bits == 4096 && s.voided_bits == 0);
    memset(out, 3, sizeof out);
    CHECK_EQ(head2_entropy_offer(id, out, sizeof out), HEAD2_E_HEALTH);
    s = info_of("one");
    CHECK(s.waiting_bits == 0 && s.voided_bits == 4096);
    CHECK_EQ(s.state, HEAD2_ENTROPY_FAILED);
    refuses();
}

static void reported_by_its_owner(void)
{
    struct fake f = {.x = 5};
    const unsigned id = add_fake("one", NULL, 4, NULL);

    head2_entropy_on_event(hear, NULL);
    use(HEAD2_ENTROPY_SINGLE, only);
    offer(id, &f, 4096 + 300);
    head2_entropy_report(id, HEAD2_E_HEALTH,
                         "a phrase that is longer than the sixty-three bytes "
                         "which there is room for in an event");
    struct head2_entropy_source_info s = info_of("one");
    CHECK_EQ(s.state, HEAD2_ENTROPY_QUARANTINED);
    CHECK(s.voided_bits == 600 && s.waiting_bits == 0 && strlen(s.why) == 63);
    clock_ahead += 2;
    offer(id, &f, 4096 + 300);
    CHECK_EQ(info_of("one").state, HEAD2_ENTROPY_GOOD);
    head2_entropy_report(id, HEAD2_E_IO, "unplugged");
    CHECK_EQ(info_of("one").state, HEAD2_ENTROPY_ABSENT);
    CHECK_EQ(count_heard(HEAD2_ENTROPY_EVENT_ABSENT, "one"), 1);
    clock_ahead += 2;
    offer(id, &f, 4096 + 300);
    CHECK_EQ(info_of("one").state, HEAD2_ENTROPY_GOOD);
    CHECK_EQ(count_heard(HEAD2_ENTROPY_EVENT_RECOVERED, "one"), 2);
    gives();
}

/* A coin that falls on one side three times of four. */
static size_t toss(uint8_t *bits, size_t n)
{
    static struct fake f = {.x = 11};
    size_t turns = 0;

    for (size_t i = 0; i < n; i++) {
        bits[i] = (fake_next(&f) >> 62) == 0;
        turns += i % 2 != 0 && bits[i] != bits[i - 1];
    }
    return turns;
}

static enum head2_status read_coin(void *arg, uint8_t *samples, size_t *n)
{
    (void)arg;
    (void)toss(samples, *n);
    return HEAD2_OK;
}

static const struct head2_entropy_source coin = {.name = "one",
                                                 .kind = HEAD2_ENTROPY_PHYSICAL,
                                                 .binary = true,
                                                 .von_neumann = true,
                                                 .h = 0.4,
                                                 .credit = 0.375};

/* The von Neumann stage: after the tests, whatever pieces samples come in, and never for more
 * credit than there was before. */
static void offered_and_unbiased(void)
{
    static uint8_t raw[4096 + 2000], kept[2048];
    size_t n = sizeof kept, at = 0, ones = 0;
    unsigned id;

    CHECK_EQ(head2_entropy_add(&coin, &id), HEAD2_OK);
    use(HEAD2_ENTROPY_SINGLE, only);
    (void)toss(raw, 4096);
    const size_t turns = toss(raw + 4096, 2000);
    CHECK(turns > 300 && turns < 450); /* 3/8 of 1,000 pairs */
    for (size_t i = 0; i < sizeof raw; i += 7)
        CHECK_EQ(head2_entropy_offer(id, raw + i, sizeof raw - i < 7 ? sizeof raw - i : 7),
                 HEAD2_OK);
    struct head2_entropy_source_info s = info_of("one");
    CHECK(s.samples == sizeof raw && s.tested == 4096);
    CHECK(s.credited_bits == (double)turns * 0.375 && s.waiting_bits == s.credited_bits);
    CHECK_EQ(head2_entropy_read("one", kept, &n), HEAD2_OK);
    CHECK_EQ(n, turns);
    for (size_t i = 4096; i < sizeof raw; i += 2)
        if (raw[i] != raw[i + 1]) {
            CHECK_EQ(kept[at], raw[i]);
            ones += kept[at++];
        }
    CHECK(ones > n * 2 / 5 && ones < n * 3 / 5);
    /* a pair with one half from before a failure is none */
    CHECK_EQ(head2_entropy_offer(id, raw, 1), HEAD2_OK);
    head2_entropy_report(id, HEAD2_E_HEALTH, NULL);
    clock_ahead += 2;
    CHECK_EQ(head2_entropy_offer(id, raw, 4096), HEAD2_OK);
    CHECK_EQ(head2_entropy_offer(id, (const uint8_t[]){0, 1, 1}, 3), HEAD2_OK);
    n = sizeof kept;
    CHECK_EQ(head2_entropy_read("one", kept, &n), HEAD2_OK);
    CHECK(n == 1 && kept[0] == 0);
}

static void read_and_unbiased(void)
{
    struct head2_entropy_source s = coin;

    s.read = read_coin;
    CHECK_EQ(head2_entropy_add(&s, NULL), HEAD2_OK);
    use(HEAD2_ENTROPY_SINGLE, only);
    gives();
    const struct head2_entropy_source_info i = info_of("one");
    CHECK(i.spent_bits >= 448 && i.spent_bits <= i.credited_bits);
    /* no more than half of the samples counts, here 3/16 */
    CHECK(i.credited_bits < (double)(i.samples - i.tested) * 0.375 / 4);
}

/* Nothing that its owner says of it afterwards gives a source a new beginning. */
static void failed_stays_failed(void)
{
    struct fake f = {.x = 5};
    uint8_t stuck[32] = {0};
    const unsigned id = add_fake("one", NULL, 4, NULL);

    head2_entropy_on_event(hear, NULL);
    use(HEAD2_ENTROPY_SINGLE, only);
    offer(id, &f, 4096 + 300);
    CHECK_EQ(head2_entropy_offer(id, stuck, sizeof stuck), HEAD2_E_HEALTH);
    CHECK_EQ(info_of("one").state, HEAD2_ENTROPY_FAILED);
    head2_entropy_report(id, HEAD2_E_HEALTH, "a block came again");
    CHECK_EQ(info_of("one").state, HEAD2_ENTROPY_FAILED);
    CHECK_EQ(info_of("one").failures, 1);
    CHECK_EQ(count_heard(HEAD2_ENTROPY_EVENT_QUARANTINED, "one"), 0);
    head2_entropy_report(id, HEAD2_E_IO, "unplugged");
    clock_ahead += 7200;
    CHECK_EQ(head2_entropy_offer(id, stuck, 1), HEAD2_E_HEALTH);
    CHECK_EQ(info_of("one").state, HEAD2_ENTROPY_FAILED);
    refuses();
}

static void arguments(void)
{
    static const struct head2_entropy_source good = {
        .name = "good-1", .kind = HEAD2_ENTROPY_PHYSICAL, .h = 1, .credit = 1, .read = fake_read};
    struct head2_entropy_source s;
    uint8_t byte = 0;
    const char *many[HEAD2_ENTROPY_SOURCES + 2] = {NULL};
    struct head2_entropy_config c = {.sources = many};

#define REFUSED(field, value)                                                                      \
    s = good;                                                                                      \
    s.field = value;                                                                               \
    CHECK_EQ(head2_entropy_add(&s, NULL), HEAD2_E_ARG)
    REFUSED(name, NULL);
    REFUSED(name, "");
    REFUSED(name, "Upper");
    REFUSED(name, "a-name-of-24-characters-");
    REFUSED(h, 0);
    REFUSED(h, 0.11);
    REFUSED(h, 8.01);
    REFUSED(h, 0.0 / 0.0);
    REFUSED(credit, 1.01);
    REFUSED(credit, -1);
    REFUSED(credit, 0.0 / 0.0);
    REFUSED(kind, HEAD2_ENTROPY_ADDITIONAL); /* with credit */
    REFUSED(kind, (enum head2_entropy_kind)3);
    s = good;
    s.binary = true;
    s.h = s.credit = 1.01;
    CHECK_EQ(head2_entropy_add(&s, NULL), HEAD2_E_ARG);
    REFUSED(von_neumann, true); /* of bytes */
    s = good;
    s.name = "jitter";
    CHECK_EQ(head2_entropy_add(&s, NULL), HEAD2_E_STATE);
    CHECK_EQ(head2_entropy_offer(0, &byte, 1), HEAD2_E_ARG);
    CHECK_EQ(head2_entropy_offer(HEAD2_ENTROPY_SOURCES, &byte, 1), HEAD2_E_ARG);
    for (unsigned i = 3; i < HEAD2_ENTROPY_SOURCES; i++) {
        static char names[HEAD2_ENTROPY_SOURCES][8];
        snprintf(names[i], sizeof names[i], "s-%u", i);
        s = good;
        s.name = names[i];
        CHECK_EQ(head2_entropy_add(&s, NULL), HEAD2_OK);
    }
    CHECK_EQ(head2_entropy_add(&good, NULL), HEAD2_E_SPACE);
    for (unsigned i = 0; i <= HEAD2_ENTROPY_SOURCES; i++)
        many[i] = "any";
    CHECK_EQ(head2_entropy_configure(&c), HEAD2_E_ARG);
    c = (struct head2_entropy_config){.policy = (enum head2_entropy_policy)5};
    CHECK_EQ(head2_entropy_configure(&c), HEAD2_E_ARG);
}

/* ---- samples to measure, tests on demand ---- */

static void read_to_measure(void)
{
    struct fake f = {.manner = STUCK, .turns_at = 6000};
    static uint8_t sample[1000], many[20000];
    size_t n = sizeof many;

    add_fake("two", &(struct fake){.manner = GOOD}, 4, NULL);
    CHECK_EQ(head2_entropy_read("two", many, &n), HEAD2_OK);
    CHECK(n == sizeof many && !all_zero(many + n - 100, 100));
    add_fake("one", &f, 4, NULL);
    use(HEAD2_ENTROPY_SINGLE, only);
    n = sizeof sample;
    for (unsigned i = 0; i < 6; i++) {
        CHECK_EQ(head2_entropy_read("one", sample, &n), HEAD2_OK);
        CHECK_EQ(n, sizeof sample);
    }
    struct head2_entropy_source_info s = info_of("one");
    CHECK(s.samples == 6000 && s.spent_bits == 0 && s.credited_bits == 0);
    CHECK_EQ(head2_entropy_read("one", sample, &n), HEAD2_E_HEALTH);
    CHECK(n > 0 && sample[0] == 0x55);
    n = sizeof sample;
    CHECK_EQ(head2_entropy_read("one", sample, &n), HEAD2_E_STATE);
    CHECK_EQ(head2_entropy_read("none", sample, &n), HEAD2_E_ARG);
}

static void selftest_begins_again(void)
{
    struct fake f = {0}, g = {0};

    add_fake("one", &f, 4, NULL);
    add_fake("two", &g, 4, NULL);
    use(HEAD2_ENTROPY_TWO, both);
    CHECK_EQ(head2_entropy_selftest(), HEAD2_OK);
    CHECK_EQ(head2_entropy_selftest(), HEAD2_OK);
    CHECK_EQ(info_of("one").startups, 3);
    CHECK(info_of("one").tested >= 2 * 4096);
    g.manner = STUCK;
    CHECK_EQ(head2_entropy_selftest(), HEAD2_E_ENTROPY);
    refuses();
}

int main(void)
{
    IN_CHILD(a_sample_is_spent_once);
    IN_CHILD(reported_by_its_owner);
    IN_CHILD(offered_and_unbiased);
    IN_CHILD(read_and_unbiased);
    IN_CHILD(failed_stays_failed);
    IN_CHILD(arguments);
    IN_CHILD(read_to_measure);
    IN_CHILD(selftest_begins_again);
    CHECK_EXIT();
}
