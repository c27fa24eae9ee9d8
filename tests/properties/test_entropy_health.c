/*
 * Health tests and conditioning: cutoffs and output entropy against values computed elsewhere with
 * hundreds of digits, alarms at exactly their cutoffs, and what follows an alarm.
 */
#include "check.h"

#include "entropy/condition.h"
#include "entropy/health.h"

static uint64_t seed = 20261122;

static uint8_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint8_t)(seed >> 24);
}

/* ---- cutoffs ---- */

/* 589, 410, 311, 62 and 13 are printed in SP 800-90B; exact sums of the binomial gave the others.
 */
static void cutoffs_table(void)
{
    static const unsigned alpha[4] = {20, 30, 40, 60};
    static const struct {
        unsigned window;
        double h;
        unsigned rct[4], apt[4];
    } rows[] = {
        {1024, 0.997,   {22, 32, 42, 62},        {590, 610, 626, 654}    },
        {1024, 1,       {21, 31, 41, 61},        {589, 609, 625, 652}    },
        {1024, 0.9,     {24, 35, 46, 68},        {625, 645, 661, 688}    },
        {1024, 0.5,     {41, 61, 81, 121},       {793, 810, 824, 847}    },
        {1024, 1.0 / 3, {61, 91, 121, 181},      {873, 888, 900, 919}    },
        {1024, 0.1,     {201, 301, 401, 601},    {991, 999, 1005, 1014}  },
        {1024, 0.06,    {335, 501, 668, 1001},   {1010, 1015, 1019, 1024}},
        {512,  0.5,     {41, 61, 81, 121},       {410, 422, 432, 447}    },
        {512,  1,       {21, 31, 41, 61},        {311, 325, 336, 355}    },
        {512,  2.5,     {9, 13, 17, 25},         {135, 147, 157, 174}    },
        {512,  4,       {6, 9, 11, 16},          {62, 71, 78, 91}        },
        {512,  6,       {5, 6, 8, 11},           {25, 31, 35, 44}        },
        {512,  7.976,   {4, 5, 7, 9},            {13, 16, 19, 25}        },
        {512,  0.125,   {161, 241, 321, 481},    {497, 502, 506, 512}    },
        {512,  0.03,    {668, 1001, 1335, 2001}, {513, 513, 513, 513}    },
    };

    for (size_t i = 0; i < HEAD2_LEN(rows); i++) {
        for (unsigned a = 0; a < 4; a++) {
            CHECK_EQ(health_rct_cutoff(alpha[a], rows[i].h), rows[i].rct[a]);
            CHECK_EQ(health_apt_cutoff(alpha[a], rows[i].h, rows[i].window), rows[i].apt[a]);
        }
    }
}

static void claims_out_of_range(void)
{
    struct health t;

    CHECK_EQ(health_init(&t, 0, true), HEAD2_E_ARG);
    CHECK_EQ(health_init(&t, -1, false), HEAD2_E_ARG);
    CHECK_EQ(health_init(&t, __builtin_nan(""), false), HEAD2_E_ARG);
    CHECK_EQ(health_init(&t, 1.01, true), HEAD2_E_ARG);
    CHECK_EQ(health_init(&t, 8.01, false), HEAD2_E_ARG);
    CHECK_EQ(health_init(&t, 60.0 / 1024, true), HEAD2_E_ARG);
    CHECK_EQ(t.state, HEALTH_FAILED);
    CHECK_EQ(health_init(&t, 0.0587, true), HEAD2_OK);
    CHECK(t.apt_cutoff[1] <= t.window);
    CHECK_EQ(health_init(&t, 0.118, false), HEAD2_OK);
    CHECK(t.apt_cutoff[1] <= t.window);
}

/* ---- samples ---- */

/* A source past its start-up. */
static struct health good(double h)
{
    struct health t;
    uint8_t samples[HEALTH_STARTUP_SAMPLES];

    CHECK_EQ(health_init(&t, h, false), HEAD2_OK);
    for (unsigned i = 0; i < sizeof samples; i++)
        samples[i] = (uint8_t)i;
    CHECK_EQ(health_feed(&t, samples, sizeof samples, 0), 0);
    CHECK_EQ(t.state, HEALTH_GOOD);
    return t;
}

static size_t feed_run(struct health *t, uint8_t value, size_t n, uint64_t now)
{
    size_t usable = 0;

    for (size_t i = 0; i < n; i++)
        usable += health_feed(t, &value, 1, now);
    return usable;
}

static void startup_is_discarded(void)
{
    struct health t;
    uint8_t samples[1000];
    size_t usable = 0;

    CHECK_EQ(health_init(&t, 4, false), HEAD2_OK);
    for (unsigned n = 1; n <= 6; n++) {
        for (unsigned i = 0; i < sizeof samples; i++)
            samples[i] = rnd();
        usable += health_feed(&t, samples, sizeof samples, 0);
        CHECK_EQ(usable, n < 5 ? 0 : 1000 * n - HEALTH_STARTUP_SAMPLES);
        CHECK_EQ(t.state, n < 5 ? HEALTH_STARTUP : HEALTH_GOOD);
    }
    CHECK_EQ(t.counters.samples, 6000);
    CHECK_EQ(t.counters.startups, 1);
    CHECK_EQ(health_start(&t), HEAD2_OK); /* on demand */
    CHECK_EQ(health_feed(&t, samples, 1, 0), 0);
    CHECK_EQ(t.state, HEALTH_STARTUP);
    CHECK_EQ(t.counters.startups, 2);
}

static void repetition_at_its_cutoffs(void)
{
    struct health t = good(4);

    CHECK_EQ(t.rct_cutoff[0], 11);
    CHECK_EQ(feed_run(&t, 7, 10, 0), 10);
    CHECK_EQ(feed_run(&t, 8, 10, 0), 10);
    CHECK_EQ(feed_run(&t, 8, 1, 0), 0);
    CHECK_EQ(t.state, HEALTH_QUARANTINED);
    CHECK_EQ(t.counters.rct_alarms, 1);
    CHECK_EQ(t.counters.apt_alarms, 0);
    CHECK_EQ(t.counters.longest_run, 11);
    CHECK_EQ(feed_run(&t, 8, 4, 0), 0);
    CHECK_EQ(t.state, HEALTH_QUARANTINED);
    CHECK_EQ(feed_run(&t, 8, 1, 0), 0); /* the sixteenth */
    CHECK_EQ(t.state, HEALTH_FAILED);
    CHECK_EQ(health_start(&t), HEAD2_E_HEALTH);
    CHECK_EQ(feed_run(&t, 9, 1, 0), 0);
}

/* count of the window's first sample among others, never two in a row; then the next window. */
static enum health_state one_window(struct health *t, unsigned count)
{
    uint8_t samples[HEALTH_WINDOW];

    for (unsigned i = 0; i < sizeof samples; i++)
        samples[i] = i % 2 == 0 && i / 2 < count ? 200 : (uint8_t)(i % 128);
    health_feed(t, samples, sizeof samples, 0);
    return t->state;
}

static void proportion_at_its_cutoffs(void)
{
    struct health t = good(4);

    CHECK_EQ(t.apt_cutoff[0], 78);
    CHECK_EQ(one_window(&t, 77), HEALTH_GOOD);
    CHECK_EQ(t.counters.most_in_window, 77);
    CHECK_EQ(one_window(&t, 77), HEALTH_GOOD); /* each window for itself */
    CHECK_EQ(one_window(&t, 78), HEALTH_QUARANTINED);
    CHECK_EQ(t.counters.rct_alarms, 0);
    CHECK(t.counters.apt_alarms > 0);
    t = good(4);
    CHECK_EQ(one_window(&t, 90), HEALTH_QUARANTINED);
    t = good(4);
    CHECK_EQ(one_window(&t, 91), HEALTH_FAILED);
}

/* The unspent samples of the call in which an alarm is raised are void too. */
static void alarm_in_the_middle_of_a_call(void)
{
    struct health t = good(4);
    uint8_t samples[300];

    for (unsigned i = 0; i < sizeof samples; i++)
        samples[i] = i >= 100 && i < 111 ? 9 : (uint8_t)i;
    CHECK_EQ(health_feed(&t, samples, sizeof samples, 0), 0);
    CHECK_EQ(t.state, HEALTH_QUARANTINED);
}

static void raise_alarm(struct health *t, uint64_t now)
{
    CHECK_EQ(feed_run(t, 1, t->rct_cutoff[0], now) < t->rct_cutoff[0], 1);
}

static void start_again(struct health *t)
{
    uint8_t samples[HEALTH_STARTUP_SAMPLES];

    for (unsigned i = 0; i < sizeof samples; i++)
        samples[i] = (uint8_t)(i + 5);
    CHECK_EQ(t->state, HEALTH_QUARANTINED);
    CHECK_EQ(health_feed(t, samples, sizeof samples, 0), 0);
    CHECK_EQ(t->state, HEALTH_QUARANTINED); /* by itself it does not come back */
    CHECK_EQ(health_start(t), HEAD2_OK);
    CHECK_EQ(health_feed(t, samples, sizeof samples, 0), 0);
    CHECK_EQ(t->state, HEALTH_GOOD);
}

static void three_alarms_in_an_hour(void)
{
    struct health t = good(4);

    raise_alarm(&t, 10);
    start_again(&t);
    raise_alarm(&t, 2000);
    start_again(&t);
    raise_alarm(&t, 10 + HEALTH_ALARM_SECONDS); /* the first is an hour old */
    start_again(&t);
    raise_alarm(&t, 2000 + HEALTH_ALARM_SECONDS - 1);
    CHECK_EQ(t.state, HEALTH_FAILED);
    health_alarm(&t, 20 * HEALTH_ALARM_SECONDS);
    CHECK_EQ(t.state, HEALTH_FAILED);
}

static void startup_failure_is_permanent(void)
{
    struct health t;

    CHECK_EQ(health_init(&t, 4, false), HEAD2_OK);
    feed_run(&t, 3, 10, 0);
    CHECK_EQ(t.state, HEALTH_STARTUP);
    feed_run(&t, 3, 1, 0);
    CHECK_EQ(t.state, HEALTH_FAILED);
}

/* Two million good bytes, credited half of what they have, raise nothing. */
static void good_samples_raise_nothing(void)
{
    struct health t = good(4), bits;
    static uint8_t samples[100000];

    CHECK_EQ(health_init(&bits, 0.5, true), HEAD2_OK);
    for (unsigned n = 0; n < 20; n++) {
        for (unsigned i = 0; i < sizeof samples; i++)
            samples[i] = rnd();
        CHECK_EQ(health_feed(&t, samples, sizeof samples, 0), sizeof samples);
        for (unsigned i = 0; i < sizeof samples; i++)
            samples[i] &= 1;
        CHECK_EQ(health_feed(&bits, samples, sizeof samples, 0),
                 n == 0 ? sizeof samples - HEALTH_STARTUP_SAMPLES : sizeof samples);
    }
    CHECK(t.counters.longest_run < 8 && t.counters.most_in_window < 30);
    CHECK(bits.counters.longest_run > 10 && bits.counters.most_in_window > 512);
}

/* ---- conditioning ---- */

static void output_entropy_values(void)
{
    static const struct {
        unsigned n_in, n_out, nw;
        double h_in, bits, short_log2;
    } rows[] = {
        {1024, 512, 512,  512,    511,                 -9                  },
        {1024, 512, 512,  576,    512,                 -72.471233627055102 },
        {1024, 256, 512,  256,    255,                 -8                  },
        {1024, 256, 512,  320,    256,                 -71.471233627055102 },
        {1024, 512, 512,  400,    400,                 -2.192645077942396  },
        {2048, 512, 512,  700.5,  512,                 -196.971233627055102},
        {512,  512, 512,  512,    507.211223076934014, -6.740342768327175  },
        {512,  384, 512,  448,    384,                 -67.528098063888129 },
        {600,  512, 1600, 599.25, 511.999999999997815, -47.735616813528644 },
        {256,  512, 512,  200,    200,                 -0.714597781137752  },
        {520,  512, 512,  511.75, 510.585805340837745, -8.500019284039926  },
        {4096, 256, 256,  1.5,    1.5,                 -0.008478153924305  },
        {514,  512, 512,  514,    508.159952384753191, -7.058875800028947  },
        {16,   8,   8,    12.5,   7.727441029070165,   -4.875359689351129  },
    };

    for (size_t i = 0; i < HEAD2_LEN(rows); i++) {
        const struct condition_entropy e =
            condition_output_entropy(rows[i].n_in, rows[i].n_out, rows[i].nw, rows[i].h_in);
        const double bits = e.bits - rows[i].bits, missing = e.short_log2 - rows[i].short_log2;
        CHECK_SAY(bits > -1e-9 && bits < 1e-9, "row %zu: %.15f bits", i, e.bits);
        CHECK_SAY(missing > -1e-9 && missing < 1e-9, "row %zu: 2^%.15f", i, e.short_log2);
    }
}

static void output_entropy_bounds(void)
{
    CHECK(condition_output_entropy(0, 512, 512, 1).bits == 0);
    CHECK(condition_output_entropy(512, 0, 512, 1).bits == 0);
    CHECK(condition_output_entropy(512, 512, 512, 0).bits == 0);
    CHECK(condition_output_entropy(512, 512, 512, 512.1).bits == 0);
    CHECK(condition_output_entropy(512, 512, 512, __builtin_nan("")).bits == 0);
    for (unsigned h = 1; h <= 4096; h++) { /* never more than went in, never more than fits */
        const double bits = condition_output_entropy(4096, 512, 512, h).bits;
        CHECK(bits <= h + 1e-9 && bits <= 512);
        CHECK(bits > (h < 512 ? h : 512) - 1.1);
    }
}

static void von_neumann_unbiases(void)
{
    static const uint8_t in[] = {0, 0, 0, 1, 1, 0, 1, 1, 1, 0, 1}, out[] = {0, 1, 1};
    static uint8_t bits[200000];
    unsigned ones = 0;

    memcpy(bits, in, sizeof in);
    CHECK_EQ(condition_von_neumann(bits, sizeof in), sizeof out);
    CHECK_MEM(bits, out, sizeof out);
    for (unsigned i = sizeof out; i < sizeof in; i++)
        CHECK_EQ(bits[i], 0); /* raw bits do not stay behind */
    for (unsigned i = 0; i < sizeof bits; i++)
        bits[i] = rnd() < 205; /* four of five */
    const size_t n = condition_von_neumann(bits, sizeof bits);
    CHECK(n > 31000 && n < 33000); /* 2 * 0.8 * 0.2 of the pairs */
    for (size_t i = 0; i < n; i++)
        ones += bits[i];
    CHECK(ones > n / 2 - 500 && ones < n / 2 + 500);
}

static void von_neumann_never_raises_credit(void)
{
    CHECK(condition_von_neumann_credit(100, 1000, 250, 1) == 100);
    CHECK(condition_von_neumann_credit(500, 1000, 250, 1) == 0.999 * 250);
    CHECK(condition_von_neumann_credit(500, 1000, 250, 0.5) == 125);
    CHECK(condition_von_neumann_credit(500, 1000, 250, 0) == 0);
    CHECK(condition_von_neumann_credit(500, 1000, 250, -1) == 0);
    CHECK(condition_von_neumann_credit(500, 1000, 250, __builtin_nan("")) <= 500);
    CHECK(condition_von_neumann_credit(500, 1000, 501, 1) == 0); /* this cannot be */
    CHECK(condition_von_neumann_credit(0, 1000, 250, 1) == 0);
}

int main(void)
{
    RUN(cutoffs_table);
    RUN(claims_out_of_range);
    RUN(startup_is_discarded);
    RUN(repetition_at_its_cutoffs);
    RUN(proportion_at_its_cutoffs);
    RUN(alarm_in_the_middle_of_a_call);
    RUN(three_alarms_in_an_hour);
    RUN(startup_failure_is_permanent);
    RUN(good_samples_raise_nothing);
    RUN(output_entropy_values);
    RUN(output_entropy_bounds);
    RUN(von_neumann_unbiases);
    RUN(von_neumann_never_raises_credit);
    CHECK_EXIT();
}
