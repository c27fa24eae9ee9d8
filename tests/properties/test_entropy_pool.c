/*
 * The pool of sources fails closed: each way in which a source can be bad, through the calls that
 * everybody uses, with the state, the counters and the events that it must leave; policies, groups
 * and the ledger.
 */
#include "entropy_fixture.h"

static const char *const both[] = {"one", "two", NULL}, *const only[] = {"one", NULL};

/* ---- each manner, from the start and later ---- */

struct expectation {
    enum manner manner;
    enum head2_entropy_state from_start, later;
    unsigned failures; /* from the start */
};
static const struct expectation expected[] = {
    {STUCK,    HEAD2_ENTROPY_FAILED,   HEAD2_ENTROPY_FAILED,      1},
    {BIASED,   HEAD2_ENTROPY_FAILED,   HEAD2_ENTROPY_QUARANTINED, 1},
    {PERIODIC, HEAD2_ENTROPY_FAILED,   HEAD2_ENTROPY_FAILED,      1},
    {LYING,    HEAD2_ENTROPY_FAILED,   HEAD2_ENTROPY_FAILED,      1},
    {EMPTY,    HEAD2_ENTROPY_UNTESTED, HEAD2_ENTROPY_GOOD,        0},
    {SLOW,     HEAD2_ENTROPY_UNTESTED, HEAD2_ENTROPY_GOOD,        0},
    {GONE,     HEAD2_ENTROPY_ABSENT,   HEAD2_ENTROPY_ABSENT,      0},
    {ALARMED,  HEAD2_ENTROPY_FAILED,   HEAD2_ENTROPY_QUARANTINED, 1},
    {REPLAYED, HEAD2_ENTROPY_FAILED,   HEAD2_ENTROPY_QUARANTINED, 1},
    {GREEDY,   HEAD2_ENTROPY_FAILED,   HEAD2_ENTROPY_QUARANTINED, 1},
};
static const struct expectation *expectation;

static void alone_from_the_start(void)
{
    struct fake f = {.manner = expectation->manner};

    head2_entropy_on_event(hear, NULL);
    add_fake("one", &f, 4, NULL);
    use(HEAD2_ENTROPY_SINGLE, only);
    refuses();
    const struct head2_entropy_source_info s = info_of("one");
    CHECK_EQ(s.state, expectation->from_start);
    CHECK_EQ(s.failures, expectation->failures);
    CHECK(s.credited_bits == 0 && s.spent_bits == 0 && s.waiting_bits == 0);
    CHECK_EQ(s.samples, s.tested);
    CHECK_EQ(count_heard(HEAD2_ENTROPY_EVENT_FAILED, "one"), expectation->failures);
    CHECK_EQ(count_heard(HEAD2_ENTROPY_EVENT_CLOSED, ""), 1);
    CHECK_EQ((s.why[0] != 0), (expectation->failures != 0 || expectation->manner == GONE));
}

/* 4,096 start-up samples and 128 of a seed, then 200 more of the next: 2 bits each. */
static void alone_and_later(void)
{
    struct fake f = {.manner = expectation->manner, .turns_at = 4096 + 128 + 90};
    struct head2_entropy_info info;
    uint8_t out[32];

    head2_entropy_on_event(hear, NULL);
    add_fake("one", &f, 4, NULL);
    add_fake("two", &(struct fake){.manner = GOOD}, 4, NULL);
    use(HEAD2_ENTROPY_TWO, both);
    gives();
    CHECK(info_of("one").spent_bits == 256);
    for (unsigned i = 0; i < 12; i++) /* some windows of the adaptive proportion test */
        if (head2_random_key(out, sizeof out) != HEAD2_OK)
            break;
    const struct head2_entropy_source_info s = info_of("one");
    CHECK_EQ(s.state, expectation->later);
    if (expectation->from_start != HEAD2_ENTROPY_UNTESTED)
        CHECK(s.failures != 0 || s.state == HEAD2_ENTROPY_ABSENT);
    CHECK(s.credited_bits == s.spent_bits + s.voided_bits);
    if (s.failures != 0) { /* "two" alone is not enough, whatever it has */
        CHECK_EQ(count_heard(HEAD2_ENTROPY_EVENT_CLOSED, ""), 1);
        refuses();
        CHECK_EQ(info_of("two").state, HEAD2_ENTROPY_GOOD);
        clock_ahead += 2;
        refuses(); /* it fails its start-up tests */
        CHECK_EQ(info_of("one").state, HEAD2_ENTROPY_FAILED);
        CHECK_EQ(count_heard(HEAD2_ENTROPY_EVENT_FAILED, "one"), 1);
    }
    head2_entropy_info(&info);
    CHECK_EQ(info.open, s.failures == 0);
}

static void every_manner(void)
{
    static const char *const names[] = {"good", "stuck", "biased",  "periodic", "lying", "empty",
                                        "slow", "gone",  "alarmed", "replayed", "greedy"};
    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        char name[64];
        expectation = &expected[i];
        snprintf(name, sizeof name, "%s_from_the_start", names[expectation->manner]);
        check_in_child(name, alone_from_the_start);
        snprintf(name, sizeof name, "%s_later", names[expectation->manner]);
        check_in_child(name, alone_and_later);
    }
}

/* ---- one sample too few ---- */

/* 2 bits a sample: 448 bits for a generator, 320 for a key. What conditioning would leave of a
 * little less would still be enough: the policy asks for the rest. */
enum { STARTUP = 4096, FIRST = 224, KEY = 160 };
static uint64_t has;
static enum head2_status first_is, key_is;

static void with_so_many(void)
{
    struct fake f = {.manner = EMPTY, .turns_at = has};
    uint8_t out[32];

    add_fake("one", &f, 4, NULL);
    use(HEAD2_ENTROPY_SINGLE, only);
    CHECK_EQ(head2_random(out, sizeof out), first_is);
    CHECK_EQ(all_zero(out, sizeof out), first_is != HEAD2_OK);
    CHECK_EQ(head2_random_key(out, sizeof out), key_is);
    CHECK_EQ(all_zero(out, sizeof out), key_is != HEAD2_OK);
}

static void one_sample_too_few(void)
{
    has = STARTUP + FIRST - 1;
    first_is = key_is = HEAD2_E_ENTROPY;
    check_in_child("one_too_few_for_a_generator", with_so_many);
    has = STARTUP + FIRST + KEY - 1;
    first_is = HEAD2_OK;
    check_in_child("one_too_few_for_a_key", with_so_many);
    has = STARTUP + FIRST + KEY;
    key_is = HEAD2_OK;
    check_in_child("just_enough_for_a_key", with_so_many);
}

/* ---- quarantine ---- */

/* Eleven equal samples: at the intermittent cutoff, below the permanent one of 16. */
static void quarantine_and_recovery(void)
{
    struct fake f = {.manner = STUCK, .turns_at = 4096 + 128 + 80, .turns_for = 11}, g = {0};
    uint8_t out[32];

    head2_entropy_on_event(hear, NULL);
    add_fake("one", &f, 4, NULL);
    add_fake("two", &g, 4, NULL);
    use(HEAD2_ENTROPY_TWO, both);
    gives();
    /* 160 samples: those before the eleven were in one read with them, and count for nothing */
    CHECK_EQ(head2_random_key(out, sizeof out), HEAD2_E_ENTROPY);
    CHECK(all_zero(out, sizeof out));
    struct head2_entropy_source_info s = info_of("one");
    CHECK_EQ(s.state, HEAD2_ENTROPY_QUARANTINED);
    CHECK_EQ(s.failures, 1);
    CHECK(s.longest_run >= 11 && s.longest_run < 16);
    CHECK(strcmp(s.why, "repetition count test") == 0);
    refuses(); /* start-up tests are not begun twice in a second */
    CHECK_EQ(info_of("one").startups, 1);
    clock_ahead += 2;
    gives();
    s = info_of("one");
    CHECK_EQ(s.state, HEAD2_ENTROPY_GOOD);
    CHECK_EQ(s.startups, 2);
    CHECK_EQ(s.tested, 2 * 4096);
    CHECK_EQ(count_heard(HEAD2_ENTROPY_EVENT_QUARANTINED, "one"), 1);
    CHECK_EQ(count_heard(HEAD2_ENTROPY_EVENT_RECOVERED, "one"), 1);
    CHECK_EQ(count_heard(HEAD2_ENTROPY_EVENT_CLOSED, ""), 1);
    CHECK_EQ(count_heard(HEAD2_ENTROPY_EVENT_OPEN, ""), 1);
}

/* The second read of a gathering fails: the first, 256 samples, is void. */
static void unspent_is_void(void)
{
    struct fake f = {.manner = STUCK, .turns_at = 4096 + 512 + 300, .turns_for = 12}, g = {0};
    uint8_t out[32];

    head2_entropy_on_event(hear, NULL);
    add_fake("one", &f, 1, NULL); /* 0.5 a sample: 512 for the first seed, 640 for the next */
    add_fake("two", &g, 4, NULL);
    use(HEAD2_ENTROPY_TWO, both);
    gives();
    f.turns_for = 50; /* the cutoffs for h = 1 are 41 and 61 */
    CHECK_EQ(head2_random_key(out, sizeof out), HEAD2_E_ENTROPY);
    const struct head2_entropy_source_info s = info_of("one");
    CHECK_EQ(s.state, HEAD2_ENTROPY_QUARANTINED);
    CHECK(s.voided_bits == 128 && s.spent_bits == 256 && s.credited_bits == 384);
    for (unsigned i = 0; i < n_heard; i++)
        if (heard[i].kind == HEAD2_ENTROPY_EVENT_QUARANTINED)
            CHECK_EQ(heard[i].voided, 128);
}

static void third_failure_in_an_hour_is_the_last(void)
{
    struct fake f = {.manner = STUCK, .turns_at = 1 << 30}, g = {0};
    uint8_t out[32];

    head2_entropy_on_event(hear, NULL);
    add_fake("one", &f, 4, NULL);
    add_fake("two", &g, 4, NULL);
    use(HEAD2_ENTROPY_TWO, both);
    for (unsigned i = 1; i <= 3; i++) {
        gives();
        f.turns_at = f.given + 20;
        f.turns_for = 12;
        CHECK_EQ(head2_random_key(out, sizeof out), HEAD2_E_ENTROPY);
        CHECK_EQ(info_of("one").failures, i);
        clock_ahead += 600;
    }
    CHECK_EQ(info_of("one").state, HEAD2_ENTROPY_FAILED);
    CHECK_EQ(count_heard(HEAD2_ENTROPY_EVENT_FAILED, "one"), 1);
    clock_ahead += 7200;
    refuses();
    CHECK_EQ(info_of("one").state, HEAD2_ENTROPY_FAILED);
}

/* One thread's failure ends what another thread's generator was made from. */
static void failures_reach_every_generator(void)
{
    struct fake f = {0}, g = {0};
    struct head2_entropy_info info;
    uint8_t out[32];

    add_fake("one", &f, 4, NULL);
    add_fake("two", &g, 4, NULL);
    use(HEAD2_ENTROPY_TWO, both);
    gives();
    head2_entropy_info(&info);
    const uint64_t seeds = info.seeds;
    gives();
    head2_entropy_info(&info);
    CHECK_EQ(info.seeds, seeds);
    for (unsigned i = 0; i < info.n; i++)
        if (strcmp(info.source[i].name, "two") == 0)
            head2_entropy_report(i, HEAD2_E_HEALTH, "lid open");
    CHECK_EQ(info_of("two").state, HEAD2_ENTROPY_QUARANTINED);
    CHECK(strcmp(info_of("two").why, "lid open") == 0);
    CHECK_EQ(head2_random(out, sizeof out), HEAD2_E_ENTROPY);
    clock_ahead += 2;
    gives();
}

/* ---- policies ---- */

static void one_is_not_two(void)
{
    struct fake f = {0};

    add_fake("one", &f, 4, NULL);
    use(HEAD2_ENTROPY_TWO, only);
    refuses();
    use(HEAD2_ENTROPY_SINGLE, only);
    gives();
    CHECK(info_of("one").spent_bits == 448);
    use(HEAD2_ENTROPY_FAST, only);
    gives();
    use(HEAD2_ENTROPY_AUTO, only);
    gives();
}

static void auto_makes_do_with_one_that_is_alone(void)
{
    struct fake f = {0}, g = {.manner = EMPTY};
    struct head2_entropy_info info;

    head2_entropy_on_event(hear, NULL);
    add_fake("one", &f, 4, NULL);
    add_fake("two", &g, 4, NULL); /* has never given anything */
    use(HEAD2_ENTROPY_AUTO, both);
    gives();
    head2_entropy_info(&info);
    CHECK(info.single && info.open);
    CHECK_EQ(count_heard(HEAD2_ENTROPY_EVENT_SINGLE, ""), 1);
    g.manner = GOOD;
    head2_entropy_report(info.n - 2, HEAD2_E_HEALTH, "seed everything anew");
    clock_ahead += 2;
    gives();
    head2_entropy_info(&info);
    CHECK(!info.single);
    CHECK(info_of("two").spent_bits == 256);
    g.manner = STUCK; /* it is there now, and fails */
    use(HEAD2_ENTROPY_AUTO, both);
    refuses();
    CHECK_EQ(count_heard(HEAD2_ENTROPY_EVENT_SINGLE, ""), 1);
}

static void auto_and_one_that_is_gone(void)
{
    struct fake f = {0}, g = {0};

    add_fake("one", &f, 4, NULL);
    add_fake("two", &g, 4, NULL);
    use(HEAD2_ENTROPY_AUTO, both);
    gives();
    g.manner = GONE;
    use(HEAD2_ENTROPY_AUTO, both);
    gives();
    CHECK_EQ(info_of("two").state, HEAD2_ENTROPY_ABSENT);
}

static void one_group_is_one_source(void)
{
    struct fake f = {0}, g = {0};

    add_fake("one", &f, 4, "lamp");
    add_fake("two", &g, 4, "lamp");
    use(HEAD2_ENTROPY_TWO, both);
    refuses();
    use(HEAD2_ENTROPY_SINGLE, both);
    gives();
}

static void several_together(void)
{
    struct fake f = {0}, g = {.manner = EMPTY, .turns_at = 4096 + 100};
    struct head2_entropy_provenance p;
    uint8_t out[32];

    add_fake("one", &g, 4, NULL); /* 200 bits, then nothing more */
    add_fake("two", &f, 4, NULL);
    use(HEAD2_ENTROPY_SINGLE, both);
    g.turns_at = 4096 + 100;
    CHECK_EQ(head2_random(out, sizeof out), HEAD2_OK);
    CHECK_EQ(head2_random_provenance(&p), HEAD2_OK);
    double sum = 0;
    for (unsigned i = 0; i < p.n; i++)
        sum += p.seeded[i];
    CHECK(sum >= 448 && sum <= 452);
    CHECK(info_of("one").spent_bits > 0 && info_of("two").spent_bits > 0);
}

static void physical_alone(void)
{
    const struct head2_entropy_config c = {
        .policy = HEAD2_ENTROPY_SINGLE,
        .physical_only = true,
        .sources = (const char *const[]){"jitter", NULL}
    };

    CHECK_EQ(head2_entropy_configure(&c), HEAD2_OK);
    refuses();
    CHECK(!info_of("jitter").credited);
    CHECK(info_of("jitter").spent_bits == 0);
}

static void nothing_that_counts(void)
{
    struct fake f = {0};
    const struct head2_entropy_source sim = {
        .name = "sim", .kind = HEAD2_ENTROPY_ADDITIONAL, .read = fake_read, .arg = &f};

    f.x = 1;
    CHECK_EQ(head2_entropy_add(&sim, NULL), HEAD2_OK);
    use(HEAD2_ENTROPY_AUTO, (const char *const[]){"sim", "getrandom", NULL});
    refuses();
    CHECK(f.given > 0); /* it was mixed in, and it counts for nothing */
    CHECK(info_of("sim").spent_bits == 0 && !info_of("sim").credited);
    use(HEAD2_ENTROPY_COMPAT, (const char *const[]){"sim", "getrandom", NULL});
    gives();
    CHECK(info_of("getrandom").spent_bits == 448);
    use(HEAD2_ENTROPY_COMPAT, (const char *const[]){"sim", NULL});
    refuses();
    /* it fails and rests as others do */
    f.manner = ALARMED;
    use(HEAD2_ENTROPY_COMPAT, NULL);
    gives();
    CHECK_EQ(info_of("sim").state, HEAD2_ENTROPY_QUARANTINED);
    f.manner = GOOD;
    clock_ahead += 2;
    use(HEAD2_ENTROPY_COMPAT, NULL);
    gives();
    CHECK_EQ(info_of("sim").state, HEAD2_ENTROPY_GOOD);
}

int main(void)
{
    every_manner();
    one_sample_too_few();
    IN_CHILD(quarantine_and_recovery);
    IN_CHILD(unspent_is_void);
    IN_CHILD(third_failure_in_an_hour_is_the_last);
    IN_CHILD(failures_reach_every_generator);
    IN_CHILD(one_is_not_two);
    IN_CHILD(auto_makes_do_with_one_that_is_alone);
    IN_CHILD(auto_and_one_that_is_gone);
    IN_CHILD(one_group_is_one_source);
    IN_CHILD(several_together);
    IN_CHILD(physical_alone);
    IN_CHILD(nothing_that_counts);
    CHECK_EXIT();
}
