/* see entropy/health.h */
#include "entropy/health.h"

#include "entropy/real.h"

enum { INTERMITTENT, PERMANENT };

/* ---- cutoffs ---- */

unsigned health_rct_cutoff(unsigned alpha, double h)
{
    const double runs = alpha / h;
    unsigned whole = (unsigned)runs;

    if (whole < runs)
        whole++;
    return 1 + whole;
}

/*
 * From the top: P(X = k - 1) = P(X = k) k / (window - k + 1) q / p, added up until there is more
 * than 2^-alpha. P(X = window) = p^window is 2^-4096 for bytes: terms are held as a mantissa times
 * 2^scale, and those below 2^-1000 are not worth adding.
 */
unsigned health_apt_cutoff(unsigned alpha, double h, unsigned window)
{
    const double p = real_exp2(-h), odds = -real_exp2m1(-h) / p, alarm = real_exp2(-(double)alpha);
    const double step = real_exp2(512);
    double scale = -h * window, term = 1, tail = 0;
    unsigned k = window;

    for (;; k--) {
        while (term > step) {
            term /= step;
            scale += 512;
        }
        tail += scale > -1000 ? term * real_exp2(scale) : 0;
        if (tail > alarm || k == 0)
            break;
        term *= (double)k / (window - k + 1) * odds;
    }
    return k + 1;
}

enum head2_status health_init(struct health *t, double h, bool binary)
{
    static const unsigned alpha[2] = {HEALTH_ALPHA_INTERMITTENT, HEALTH_ALPHA_PERMANENT};

    memset(t, 0, sizeof *t);
    t->state = HEALTH_FAILED;
    t->window = binary ? HEALTH_WINDOW_BINARY : HEALTH_WINDOW;
    if (!(h * t->window > HEALTH_ALPHA_PERMANENT) || h > (binary ? 1 : 8))
        return HEAD2_E_ARG;
    for (unsigned i = 0; i < 2; i++) {
        t->rct_cutoff[i] = health_rct_cutoff(alpha[i], h);
        t->apt_cutoff[i] = health_apt_cutoff(alpha[i], h, t->window);
    }
    t->state = HEALTH_STARTUP;
    return health_start(t);
}

enum head2_status health_start(struct health *t)
{
    if (t->state == HEALTH_FAILED)
        return HEAD2_E_HEALTH;
    t->state = HEALTH_STARTUP;
    t->startup_left = HEALTH_STARTUP_SAMPLES;
    t->run = 0;
    t->seen = 0;
    t->counters.startups++;
    return HEAD2_OK;
}

/* ---- tests ---- */

/* 1 when they are equal, else 0. Raw samples are secrets: they become key material. */
static uint32_t same(uint8_t a, uint8_t b)
{
    return ((uint32_t)(a ^ b) - 1) >> 31;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a + ((b - a) & (0 - (uint32_t)(b > a)));
}

/* How many of its two cutoffs a count has reached. */
static unsigned reached(uint32_t count, const uint32_t cutoff[2])
{
    return (unsigned)(count >= cutoff[INTERMITTENT]) + (unsigned)(count >= cutoff[PERMANENT]);
}

/* One sample through both tests: the larger number of cutoffs reached. */
static unsigned test_sample(struct health *t, uint8_t sample)
{
    unsigned rct, apt;

    t->run = 1 + (t->run & (0 - same(sample, t->last)));
    t->last = sample;
    if (t->seen == 0) {
        t->first = sample;
        t->equal = 0;
    }
    t->equal += same(sample, t->first);
    t->seen = (t->seen + 1) & (t->window - 1); /* a power of two */
    t->counters.samples++;
    t->counters.longest_run = larger(t->counters.longest_run, t->run);
    t->counters.most_in_window = larger(t->counters.most_in_window, t->equal);
    rct = reached(t->run, t->rct_cutoff);
    apt = reached(t->equal, t->apt_cutoff);
    HEAD2_PUBLIC(&rct, sizeof rct, "health tests: that a cutoff was reached");
    HEAD2_PUBLIC(&apt, sizeof apt, "health tests: that a cutoff was reached");
    /* samples above a cutoff, not failures: a run of 200 counts for more than one of 42 */
    t->counters.rct_alarms += rct != 0;
    t->counters.apt_alarms += apt != 0;
    return rct > apt ? rct : apt;
}

/* Too many intermittent failures, or one during start-up, are permanent. */
void health_alarm(struct health *t, uint64_t now)
{
    if (t->state == HEALTH_FAILED)
        return;
    if (t->state == HEALTH_STARTUP) {
        t->state = HEALTH_FAILED;
        return;
    }
    if (t->alarms == HEALTH_ALARMS) {
        memmove(t->alarm_at, t->alarm_at + 1, sizeof t->alarm_at - sizeof t->alarm_at[0]);
        t->alarms--;
    }
    t->alarm_at[t->alarms++] = now;
    t->state = t->alarms == HEALTH_ALARMS && now - t->alarm_at[0] < HEALTH_ALARM_SECONDS
                   ? HEALTH_FAILED
                   : HEALTH_QUARANTINED;
}

/* In quarantine counts go on: what is stuck reaches the permanent cutoffs. */
size_t health_feed(struct health *t, const uint8_t *samples, size_t n, uint64_t now)
{
    size_t usable = 0;

    for (size_t i = 0; i < n && t->state != HEALTH_FAILED; i++) {
        const unsigned cutoffs = test_sample(t, samples[i]);
        if (cutoffs == 2)
            t->state = HEALTH_FAILED;
        else if (cutoffs == 1 && t->state != HEALTH_QUARANTINED)
            health_alarm(t, now);
        else if (t->state == HEALTH_GOOD)
            usable++;
        else if (t->state == HEALTH_STARTUP && --t->startup_left == 0)
            t->state = HEALTH_GOOD;
    }
    return t->state == HEALTH_GOOD ? usable : 0;
}
