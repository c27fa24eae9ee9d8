/*
 * head2_random and head2_random_key: when generators are seeded and seeded again, and what happens
 * where the system refuses a call or a callback asks in its turn.
 */
#include "system_fixture.h"

enum { PIECE = 32 };

static void configure(enum head2_entropy_reseed reseed, enum head2_generator generator)
{
    const struct head2_entropy_config c = {.reseed = reseed, .generator = generator};

    CHECK_EQ(head2_entropy_configure(&c), HEAD2_OK);
}

/* ---- seeding ---- */

static void any_length(void)
{
    static uint8_t out[200000], other[sizeof out];

    for (size_t n = 0; n < 200; n++) {
        memset(out, 0, sizeof out);
        CHECK_EQ(head2_random(out, n), HEAD2_OK);
        CHECK(all_zero(out + n, 64));
        CHECK(n < 16 || !all_zero(out + n - 8, 8));
    }
    CHECK_EQ(head2_random(NULL, 0), HEAD2_OK);
    CHECK_EQ(head2_random(out, sizeof out), HEAD2_OK);
    CHECK_EQ(head2_random_key(other, sizeof other), HEAD2_OK);
    for (size_t i = 0; i + 16 <= sizeof out; i += 16)
        CHECK(!all_zero(out + i, 16) && memcmp(out + i, other + i, 16) != 0);
}

static void strict_after_two_to_the_17_bits(void)
{
    uint8_t out[64];

    gives();
    uint64_t before = seeds();
    for (unsigned i = 32; i + 64 <= 16384; i += 64)
        CHECK_EQ(head2_random(out, 64), HEAD2_OK);
    CHECK_EQ(seeds(), before);
    CHECK_EQ(head2_random(out, 33), HEAD2_OK);
    CHECK_EQ(seeds(), before + 1);
    CHECK_EQ(head2_random(out, 32), HEAD2_OK);
    CHECK_EQ(seeds(), before + 1);
}

static void relaxed_after_100_mb(void)
{
    static uint8_t out[1 << 16];

    configure(HEAD2_RESEED_90A, HEAD2_GENERATOR_CTR_DRBG);
    gives();
    const uint64_t before = seeds();
    for (unsigned i = 0; i < 1525; i++)
        CHECK_EQ(head2_random(out, sizeof out), HEAD2_OK);
    CHECK_EQ(seeds(), before);
    CHECK_EQ(head2_random(out, sizeof out), HEAD2_OK);
    CHECK_EQ(seeds(), before + 1);
}

static void after_a_minute(void)
{
    for (int mode = 0; mode < 2; mode++) {
        configure((enum head2_entropy_reseed)mode, HEAD2_GENERATOR_CTR_DRBG);
        gives();
        const uint64_t before = seeds();
        clock_ahead += 58;
        gives();
        CHECK_EQ(seeds(), before);
        clock_ahead += 3;
        gives();
        CHECK_EQ(seeds(), before + 1);
        gives();
        CHECK_EQ(seeds(), before + 1);
    }
}

static void keys_are_of_fresh_bits(void)
{
    struct head2_entropy_provenance p;
    uint8_t out[32];

    CHECK_EQ(head2_random_provenance(&p), HEAD2_E_STATE);
    gives();
    CHECK_EQ(head2_random_provenance(&p), HEAD2_OK);
    CHECK(!p.fresh && p.policy == HEAD2_ENTROPY_AUTO && p.reseed == HEAD2_RESEED_STRICT);
    double seeded = 0, reseeded = 0;
    for (unsigned i = 0; i < p.n; i++) {
        seeded += p.seeded[i];
        reseeded += p.reseeded[i];
    }
    CHECK(p.n == 3 && strcmp(p.name[0], "rdseed") == 0 && seeded >= 448 && reseeded == 0);
    for (unsigned i = 1; i < 20; i++) {
        const uint64_t before = seeds();
        CHECK_EQ(head2_random_key(out, sizeof out), HEAD2_OK);
        CHECK_EQ(seeds(), before + 1);
    }
    CHECK_EQ(head2_random_provenance(&p), HEAD2_OK);
    for (unsigned i = 0; i < p.n; i++)
        reseeded += p.reseeded[i];
    CHECK(p.fresh && reseeded >= 320);
    gives();
    CHECK_EQ(head2_random_provenance(&p), HEAD2_OK);
    CHECK(!p.fresh);
}

static void the_other_generator(void)
{
    struct head2_entropy_provenance p;
    uint8_t out[5000], key[32];

    configure(HEAD2_RESEED_STRICT, HEAD2_GENERATOR_XDRBG);
    CHECK_EQ(head2_random(out, sizeof out), HEAD2_OK);
    CHECK(!all_zero(out + sizeof out - 16, 16));
    CHECK_EQ(head2_random_key(key, sizeof key), HEAD2_OK);
    CHECK_EQ(head2_random_provenance(&p), HEAD2_OK);
    CHECK(p.generator == HEAD2_GENERATOR_XDRBG && p.fresh);
    const uint64_t before = seeds();
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(head2_random(out, sizeof out), HEAD2_OK);
    CHECK_EQ(seeds(), before + 1);
}

/* ---- refusals ---- */

static void refused_calls(void)
{
    uint8_t out[PIECE];

    refuse = MMAP;
    refuses();
    refuse = MADVISE;
    gives();
    refuse = MADVISE | MLOCK;
    CHECK_EQ(head2_random_key(out, sizeof out), HEAD2_OK);
    /* "jitter" has no memory to walk through: that it is there is not forgotten */
    refuse = MMAP;
    use(HEAD2_ENTROPY_AUTO, NULL);
    refuses();
    refuse = 0;
    gives();
}

/* In a process of its own: 0 when it failed as it should, 1 when no call failed. */
static int call_fails(unsigned n)
{
    uint8_t out[PIECE];

    fails_at = n;
    memset(out, 0xa5, sizeof out);
    const enum head2_status st = head2_random_key(out, sizeof out);
    const bool failed = atomic_load(&calls) >= n;
    if (st == HEAD2_OK ? all_zero(out, sizeof out)
                       : st != HEAD2_E_ENTROPY || !all_zero(out, sizeof out))
        return 2;
    if (head2_random(out, sizeof out) != HEAD2_OK) /* by now nothing fails */
        return 3;
    return failed ? 0 : st == HEAD2_OK ? 1 : 4;
}

/* The n-th of these calls fails, for all n until none does. */
static void every_call_fails_once(void)
{
    int how = 0;
    unsigned n;

    for (n = 1; how == 0; n++) {
        const pid_t child = fork();
        if (child == 0)
            _exit(call_fails(n));
        CHECK_EQ(waitpid(child, &how, 0), child);
        CHECK(WIFEXITED(how));
        how = WEXITSTATUS(how);
    }
    CHECK_EQ(how, 1);
    CHECK(n > 8); /* two pages, three calls for one of them, three of the kernel's numbers */
}

static void without_the_kernel(void)
{
    uint8_t out[PIECE] = {1};

    gives();
    refuse = GETRANDOM;
    gives(); /* nothing is due */
    CHECK_EQ(head2_random_key(out, sizeof out), HEAD2_E_ENTROPY);
    CHECK(all_zero(out, sizeof out));
    refuses();
    refuse = 0;
    gives();
}

/* A source may not ask for what it is asked for. */
static enum head2_status read_itself(void *arg, uint8_t *samples, size_t *n)
{
    memset(samples, 0, *n);
    *(enum head2_status *)arg = head2_random(samples, *n);
    return HEAD2_E_HEALTH;
}

static void sources_that_ask(void)
{
    enum head2_status inner = HEAD2_OK;
    const struct head2_entropy_source s = {.name = "one",
                                           .kind = HEAD2_ENTROPY_PHYSICAL,
                                           .h = 1,
                                           .credit = 1,
                                           .read = read_itself,
                                           .arg = &inner};

    CHECK_EQ(head2_entropy_add(&s, NULL), HEAD2_OK);
    use(HEAD2_ENTROPY_SINGLE, (const char *const[]){"one", NULL});
    refuses();
    CHECK_EQ(inner, HEAD2_E_ENTROPY);
}

/* A callback may ask; what is told to it then comes after. */
static void ask_when_told(void *arg, const struct head2_entropy_event *e)
{
    uint8_t out[PIECE];

    *(unsigned *)arg +=
        e->kind == HEAD2_ENTROPY_EVENT_CLOSED && head2_random(out, sizeof out) == HEAD2_E_ENTROPY;
}

static void callbacks_that_ask(void)
{
    unsigned told = 0;

    head2_entropy_on_event(ask_when_told, &told);
    use(HEAD2_ENTROPY_TWO, (const char *const[]){"none", NULL});
    refuses();
    CHECK_EQ(told, 1);
}

int main(void)
{
    IN_CHILD(any_length);
    IN_CHILD(strict_after_two_to_the_17_bits);
    IN_CHILD(relaxed_after_100_mb);
    IN_CHILD(after_a_minute);
    IN_CHILD(keys_are_of_fresh_bits);
    IN_CHILD(the_other_generator);
    IN_CHILD(refused_calls);
    IN_CHILD(every_call_fails_once);
    IN_CHILD(without_the_kernel);
    IN_CHILD(sources_that_ask);
    IN_CHILD(callbacks_that_ask);
    CHECK_EXIT();
}
