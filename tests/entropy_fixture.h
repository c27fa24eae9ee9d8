/*
 * What tests of the pool of sources need: sources that do as they are told, a clock that can be
 * put forward, and a process of its own for each case, because what a process knows of its sources
 * it knows until it ends.
 */
#ifndef HEAD2_TESTS_ENTROPY_FIXTURE_H
#define HEAD2_TESTS_ENTROPY_FIXTURE_H

#include "check.h"

#include <head2/entropy.h>
#include <head2/random.h>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

/* ---- the clock ---- */

static int64_t clock_ahead; /* seconds */

/* In place of libc's, for everything in this program. */
int clock_gettime(clockid_t id, struct timespec *t)
{
    const long r = syscall(SYS_clock_gettime, id, t);
    t->tv_sec += clock_ahead;
    return (int)r;
}

/* ---- cases ---- */

#define IN_CHILD(name) check_in_child(#name, name)

__attribute__((unused)) static void check_in_child(const char *name, void (*test)(void))
{
    int status;
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        alarm(120);
        check_failures = 0;
        check_run(name, test);
        _exit(check_failures);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
        WEXITSTATUS(status) > 1) {
        printf("FAIL %s: its process did not end as it should\n", name);
        check_failures++;
    } else {
        check_failures += WEXITSTATUS(status);
    }
}

/* ---- sources ---- */

enum manner {
    GOOD,
    STUCK,    /* one value */
    BIASED,   /* one value three times of four */
    PERIODIC, /* four values in turn */
    LYING,    /* two bits, where four are claimed */
    EMPTY,    /* never anything */
    SLOW,     /* one sample, every tenth time */
    GONE,
    ALARMED,  /* a test of its own fails */
    REPLAYED, /* the same block again, which its own test notices */
    GREEDY    /* says that it gave more than there was room for */
};

struct fake {
    enum manner manner;
    uint64_t x;         /* of a generator of no worth */
    uint64_t given;     /* samples */
    uint64_t turns_at;  /* from this sample on, for so many samples, it has its manner; */
    uint64_t turns_for; /* 0: always */
    unsigned calls;
    uint8_t block[8];
    bool has_block;
};

static uint64_t fake_next(struct fake *f)
{
    f->x ^= f->x << 13;
    f->x ^= f->x >> 7;
    f->x ^= f->x << 17;
    return f->x * 0x2545f4914f6cdd1du;
}

static uint8_t fake_sample(struct fake *f, bool turned)
{
    const uint8_t good = (uint8_t)(fake_next(f) >> 56);

    if (!turned)
        return good;
    switch (f->manner) {
    case STUCK:
        return 0x55;
    case BIASED:
        return good < 192 ? 7 : good;
    case PERIODIC:
        return (uint8_t)(f->given % 4);
    case LYING:
        return good & 3;
    default:
        return good;
    }
}

/* What is not a matter of samples: true when *st and *n have been set. */
static bool fake_manner(struct fake *f, size_t *n, enum head2_status *st)
{
    switch (f->manner) {
    case GONE:
        *st = HEAD2_E_IO;
        return true;
    case ALARMED:
        *st = HEAD2_E_HEALTH;
        return true;
    case REPLAYED: /* here the owner has compared it with the last one */
        *st = f->has_block ? HEAD2_E_HEALTH : HEAD2_OK;
        f->has_block = true;
        return *st != HEAD2_OK;
    case GREEDY:
        *n += 1;
        return true;
    case EMPTY:
        *n = 0;
        return true;
    case SLOW:
        *n = f->calls % 10 == 0;
        return *n == 0;
    default:
        return false;
    }
}

__attribute__((unused)) static enum head2_status fake_read(void *arg, uint8_t *samples, size_t *n)
{
    struct fake *f = arg;
    enum head2_status st = HEAD2_OK;

    f->calls++;
    if (f->manner == EMPTY && f->given<f->turns_at && * n> f->turns_at - f->given)
        *n = (size_t)(f->turns_at - f->given);
    if (f->given >= f->turns_at && (f->turns_for == 0 || f->given < f->turns_at + f->turns_for) &&
        fake_manner(f, n, &st))
        return st;
    for (size_t i = 0; i < *n; i++, f->given++)
        samples[i] =
            fake_sample(f, f->given >= f->turns_at &&
                               (f->turns_for == 0 || f->given < f->turns_at + f->turns_for));
    return HEAD2_OK;
}

/* A source of bytes that claims h and is credited half of it. */
__attribute__((unused)) static unsigned add_fake(const char *name, struct fake *f, double h,
                                                 const char *group)
{
    static uint64_t seeds = 1;
    unsigned id;
    const struct head2_entropy_source s = {.name = name,
                                           .kind = HEAD2_ENTROPY_PHYSICAL,
                                           .h = h,
                                           .credit = h / 2,
                                           .group = group,
                                           .read = f != NULL ? fake_read : NULL,
                                           .arg = f};

    if (f != NULL)
        f->x = 0x9e3779b97f4a7c15u * ++seeds;
    CHECK_EQ(head2_entropy_add(&s, &id), HEAD2_OK);
    return id;
}

__attribute__((unused)) static void use(enum head2_entropy_policy policy,
                                        const char *const *sources)
{
    const struct head2_entropy_config c = {.policy = policy, .sources = sources};

    CHECK_EQ(head2_entropy_configure(&c), HEAD2_OK);
}

__attribute__((unused)) static struct head2_entropy_source_info info_of(const char *name)
{
    struct head2_entropy_info info;

    head2_entropy_info(&info);
    for (unsigned i = 0; i < info.n; i++)
        if (strcmp(info.source[i].name, name) == 0)
            return info.source[i];
    check_fail(__FILE__, __LINE__, "no source %s", name);
}

/* ---- events ---- */

static struct head2_entropy_event heard[64];
static unsigned n_heard;

__attribute__((unused)) static void hear(void *arg, const struct head2_entropy_event *e)
{
    (void)arg;
    if (n_heard < 64)
        heard[n_heard++] = *e;
}

__attribute__((unused)) static unsigned count_heard(enum head2_entropy_event_kind kind,
                                                    const char *source)
{
    unsigned n = 0;

    for (unsigned i = 0; i < n_heard; i++)
        n += heard[i].kind == kind && strcmp(heard[i].source, source) == 0;
    return n;
}

/* ---- requests ---- */

__attribute__((unused)) static bool all_zero(const void *p, size_t n)
{
    uint8_t any = 0;

    for (size_t i = 0; i < n; i++)
        any |= ((const uint8_t *)p)[i];
    return any == 0;
}

__attribute__((unused)) static void gives(void)
{
    uint8_t out[32] = {0};

    CHECK_EQ(head2_random(out, sizeof out), HEAD2_OK);
    CHECK(!all_zero(out, sizeof out));
}

__attribute__((unused)) static void refuses(void)
{
    uint8_t out[40], key[40];

    memset(out, 0xa5, sizeof out);
    memset(key, 0xa5, sizeof key);
    CHECK_EQ(head2_random(out, sizeof out), HEAD2_E_ENTROPY);
    CHECK(all_zero(out, sizeof out));
    CHECK_EQ(head2_random_key(key, sizeof key), HEAD2_E_ENTROPY);
    CHECK(all_zero(key, sizeof key));
}

#endif
