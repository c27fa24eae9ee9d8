/*
 * Gathering: which sources are asked, in which order, until the policy is satisfied; and one
 * SHA3-512 over all that they gave. See entropy/pool.h.
 */
#include "entropy/condition.h"
#include "entropy/ctr_drbg.h"
#include "entropy/pool.h"

#include "cpu/cpu.h"

#include <head2/hash.h>

enum {
    CHUNK = 256, /* samples in one go */
    MIXED = 64,  /* samples of a source that counts for nothing */
    KERNEL = 32, /* bytes of getrandom in each seed */
};

/* What satisfies: so many independent sources with each bits, or sum bits of all together. */
struct goal {
    unsigned groups;
    double each, sum;
};

struct gathering {
    struct head2_keccak hash;
    uint64_t absorbed; /* bytes of samples */
    struct goal goal;
};

/* ---- taking samples ---- */

size_t pool_pull(struct member *m, uint8_t *out, size_t want)
{
    size_t n = want;
    const uint64_t before = pool_ns();
    const enum head2_status st = m->source.read(m->source.arg, out, &n);

    m->busy_ns += pool_ns() - before;
    if (st != HEAD2_OK || n > want) {
        pool_failed(m, st == HEAD2_OK ? HEAD2_E_HEALTH : st,
                    m->builtin != NULL     ? m->builtin->why
                    : st == HEAD2_E_HEALTH ? "a test of its own"
                    : st == HEAD2_OK       ? "more samples than room"
                                           : "it is gone");
        return 0;
    }
    HEAD2_SECRET(out, n);
    for (size_t i = 0; m->source.binary && i < n; i++)
        out[i] &= 1;
    m->samples += n;
    return n;
}

bool pool_opened(struct member *m)
{
    enum head2_status st = HEAD2_OK;

    if (m->builtin != NULL && m->builtin->open != NULL && !m->opened && !m->absent) {
        st = m->builtin->open();
        m->opened = st == HEAD2_OK;
        if (st == HEAD2_E_IO)
            pool_failed(m, st, m->builtin->why);
        else if (st != HEAD2_OK)
            m->failures++; /* it is there, and cannot be used: AUTO must not forget it */
    }
    return st == HEAD2_OK && !m->absent;
}

void pool_close(struct member *m)
{
    if (m->opened && m->builtin->close != NULL)
        m->builtin->close();
    m->opened = false;
}

bool pool_prepared(struct member *m)
{
    uint8_t sample[CHUNK];
    unsigned idle = 0;

    if (!pool_opened(m) || (m->health.state == HEALTH_QUARANTINED && !pool_start(m)))
        return false;
    while (m->health.state == HEALTH_STARTUP && !m->absent && idle < POOL_PATIENCE) {
        const size_t left = m->health.startup_left;
        const size_t n = pool_pull(m, sample, left < CHUNK ? left : CHUNK);
        idle = n == 0 ? idle + 1 : 0;
        (void)pool_feed(m, sample, n);
    }
    head2_wipe(sample, sizeof sample);
    return m->health.state == HEALTH_GOOD && !m->absent;
}

/* One record of the hash's input: the length of the name, the name, thousandths of bits credited,
 * the number of bytes, and they. */
static void absorb(struct gathering *g, const struct member *m, double credit,
                   const uint8_t *samples, size_t n)
{
    const size_t name_len = strlen(m->source.name);
    uint8_t head[1 + HEAD2_ENTROPY_NAME + 12];

    head[0] = (uint8_t)name_len;
    memcpy(head + 1, m->source.name, name_len);
    put_be64(head + 1 + name_len, (uint64_t)(credit * 1000));
    put_be32(head + 9 + name_len, (uint32_t)n);
    head2_sha3_update(&g->hash, head, 13 + name_len);
    head2_sha3_update(&g->hash, samples, n);
    g->absorbed += n;
}

/* Samples that count for something, of a ring or as read, after their tests; 0: no more. There may
 * be more than were wanted, up to CHUNK. */
static size_t next_samples(struct member *m, uint8_t out[CHUNK], size_t want)
{
    if (m->ring != NULL) {
        const size_t n = want < m->ring->count ? want : m->ring->count;
        pool_take(m->ring, out, n);
        return n;
    }
    if (m->source.von_neumann)
        want = CHUNK; /* most are left out */
    for (unsigned i = 0; i < POOL_PATIENCE && m->health.state == HEALTH_GOOD && !m->absent; i++) {
        const size_t n = pool_pull(m, out, want), usable = pool_feed(m, out, n);
        HEAD2_ENSURES(usable == n || usable == 0); /* start-up tests are over */
        const size_t kept = pool_debias(m, out, usable);
        if (kept != 0) {
            m->credited += (double)kept * m->credit;
            return kept;
        }
    }
    return 0;
}

/* How many samples have so many bits, but for what rounding may add; at least one. */
static size_t samples_for(double bits, double credit)
{
    const double n = bits / credit + 0.999999;

    return n >= CHUNK ? CHUNK : n >= 1 ? (size_t)n : 1;
}

static void take(struct gathering *g, struct member *m, double bits)
{
    uint8_t sample[CHUNK];

    while (m->taken < bits) {
        const size_t n = next_samples(m, sample, samples_for(bits - m->taken, m->credit));
        if (n == 0)
            break;
        m->taken += (double)n * m->credit;
        m->in_flight += (double)n * (m->ring != NULL ? m->source.credit : m->credit);
        absorb(g, m, (double)n * m->credit, sample, n);
    }
    head2_wipe(sample, sizeof sample);
}

/* What counts for nothing, and costs next to nothing, is mixed in all the same. */
static void mix(struct gathering *g, struct member *m, size_t want)
{
    uint8_t sample[CHUNK];
    size_t n = 0;

    if (m->ring != NULL) {
        n = m->ring->count < CHUNK ? m->ring->count : CHUNK;
        pool_take(m->ring, sample, n);
        m->in_flight += (double)n * m->source.credit;
    } else if (pool_opened(m) && m->health.state != HEALTH_FAILED &&
               (m->health.state != HEALTH_QUARANTINED || pool_start(m))) {
        n = pool_pull(m, sample, want);
    }
    if (n != 0)
        absorb(g, m, 0, sample, n);
    head2_wipe(sample, sizeof sample);
}

/* ---- what is enough ---- */

/* Bits of the group that a member leads: the best of those that are not independent. */
static double group_bits(unsigned leader)
{
    double most = 0;

    for (const struct member *m = pool.member; m < pool.member + pool.n; m++)
        if (m->group == leader && m->taken > most)
            most = m->taken;
    return most;
}

static double all_bits(void)
{
    double sum = 0;

    for (unsigned i = 0; i < pool.n; i++)
        sum += group_bits(i);
    return sum;
}

static bool satisfied(const struct goal *goal)
{
    unsigned groups = 0;

    if (goal->groups == 0)
        return all_bits() >= goal->sum;
    for (unsigned i = 0; i < pool.n; i++)
        groups += group_bits(i) >= goal->each;
    return groups >= goal->groups;
}

/* What to take of a member: 0 when more of it would not help. */
static double wanted(const struct goal *goal, const struct member *m)
{
    const double have = group_bits(m->group);
    const double want = goal->groups != 0 ? goal->each : goal->sum - all_bits() + have;

    return have < want ? want : 0;
}

/* In the order of cost: samples that wait, what answers at once, callers' that are read, and what
 * takes milliseconds. */
static unsigned cost(const struct member *m)
{
    if (m->ring != NULL)
        return 0;
    if (m->builtin != NULL)
        return m->builtin->at_once ? 1 : 3;
    return 2;
}
enum { COSTS = 4 };

static void take_in_order(struct gathering *g)
{
    for (unsigned price = 0; price < COSTS; price++)
        for (struct member *m = pool.member; m < pool.member + pool.n; m++) {
            const double want = wanted(&g->goal, m);
            if (cost(m) != price || m->credit == 0 || want == 0 || satisfied(&g->goal))
                continue;
            /* a ring that has less keeps it */
            if (m->ring != NULL ? m->ring->count * m->credit >= want : pool_prepared(m))
                take(g, m, want);
        }
}

/* Several rings that have too little each may have enough together. */
static void take_what_waits(struct gathering *g)
{
    double waits = 0;

    for (const struct member *m = pool.member; m < pool.member + pool.n; m++)
        waits += m->ring != NULL ? m->ring->count * m->credit : 0;
    if (g->goal.groups != 0 || all_bits() + waits < g->goal.sum)
        return;
    for (struct member *m = pool.member; m < pool.member + pool.n; m++)
        if (m->ring != NULL && m->credit > 0)
            take(g, m, wanted(&g->goal, m));
}

/* Independent sources that are there: they have worked, or have failed. What has not given anything
 * so far may be a feeder that is yet to come. */
static unsigned sources_there(void)
{
    unsigned there = 0;

    for (unsigned i = 0; i < pool.n; i++) {
        bool any = false;
        for (const struct member *m = pool.member; m < pool.member + pool.n; m++)
            any = any ||
                  (m->group == i && m->credit > 0 && !m->absent && (m->proven || m->failures > 0));
        there += any;
    }
    return there;
}

/* Whether asking is of use: samples are not taken to be thrown away. */
static bool has_hope(const struct goal *goal)
{
    unsigned groups = 0;

    for (unsigned i = 0; i < pool.n; i++) {
        bool any = false;
        for (const struct member *m = pool.member; m < pool.member + pool.n; m++)
            any = any || (m->group == i && m->credit > 0 && !m->absent && pool_may_give(m));
        groups += any;
    }
    return groups >= goal->groups ||
           (pool.terms.policy == HEAD2_ENTROPY_AUTO && sources_there() < 2);
}

static struct goal goal_for(enum pool_purpose purpose)
{
    const enum head2_entropy_policy policy = pool.terms.policy;

    if (purpose == POOL_FOR_RESEED)
        return (struct goal){0, 0, POOL_RESEED};
    if (policy == HEAD2_ENTROPY_AUTO || policy == HEAD2_ENTROPY_TWO)
        return (struct goal){2, POOL_EACH, 0};
    return (struct goal){0, 0, POOL_SINGLE};
}

/* AUTO, on a machine that has one source. */
static void make_do(struct gathering *g)
{
    if (g->goal.groups == 0 || pool.terms.policy != HEAD2_ENTROPY_AUTO || sources_there() != 1)
        return;
    g->goal = (struct goal){0, 0, POOL_SINGLE};
    take_in_order(g);
    if (satisfied(&g->goal) && !pool.single) {
        pool.single = true;
        pool_event(HEAD2_ENTROPY_EVENT_SINGLE, NULL, 0);
    }
}

/* ---- the seed ---- */

static enum head2_status collect(struct gathering *g, enum pool_purpose purpose)
{
    static const char domain[] = "CHIMERA HEAD-2 entropy pool v1";
    uint8_t kernel[KERNEL], number[8];
    enum head2_status st;
    size_t n = sizeof kernel;

    put_be64(number, ++pool.gatherings);
    head2_sha3_512_init(&g->hash);
    head2_sha3_update(&g->hash, domain, sizeof domain);
    head2_sha3_update(&g->hash, number, sizeof number);
    HEAD2_TRY(entropy_getrandom.source.read(NULL, kernel, &n));
    for (struct member *m = pool.member; m < pool.member + pool.n; m++) {
        if (m->builtin == &entropy_getrandom) {
            m->samples += sizeof kernel;
            absorb(g, m, 0, kernel, sizeof kernel);
        } else if (m->credit == 0 &&
                   (m->ring != NULL || (purpose == POOL_FOR_INSTANTIATION && cost(m) < 3))) {
            mix(g, m, MIXED);
        }
    }
    g->goal = goal_for(purpose);
    if (has_hope(&g->goal)) {
        take_in_order(g);
        take_what_waits(g);
        if (!satisfied(&g->goal))
            make_do(g);
        else if (g->goal.groups != 0)
            pool.single = false;
    }
    if (!satisfied(&g->goal))
        st = HEAD2_E_ENTROPY;
done:
    head2_wipe(kernel, sizeof kernel);
    return st;
}

/* Bits that are in the seed are spent; those of a gathering that came to nothing are void. */
static void settle_accounts(bool spent, double bits[HEAD2_ENTROPY_SOURCES])
{
    for (unsigned i = 0; i < pool.n; i++) {
        struct member *m = &pool.member[i];
        bits[i] = spent ? m->taken : 0;
        *(spent ? &m->spent : &m->voided) += m->in_flight;
        m->taken = m->in_flight = 0;
        HEAD2_ENSURES(m->spent + m->voided <= m->credited * (1 + 1e-9));
        pool_close(m);
    }
}

static void note_open(bool open)
{
    if (open == pool.shut)
        pool_event(open ? HEAD2_ENTROPY_EVENT_OPEN : HEAD2_ENTROPY_EVENT_CLOSED, NULL, 0);
    pool.shut = !open;
}

enum head2_status pool_gather(enum pool_purpose purpose, uint8_t out[POOL_SEED],
                              double bits[HEAD2_ENTROPY_SOURCES])
{
    const double needed =
        purpose == POOL_FOR_RESEED ? CTR_DRBG_RESEED_BITS : CTR_DRBG_INSTANTIATE_BITS;
    struct gathering g = {.absorbed = 0};
    enum head2_status st = pool_enter();

    memset(out, 0, POOL_SEED);
    if (st != HEAD2_OK)
        return HEAD2_E_ENTROPY;
    st = collect(&g, purpose);
    head2_sha3_final(&g.hash, out);
    if (st == HEAD2_OK && condition_output_entropy((unsigned)g.absorbed * 8, POOL_SEED * 8,
                                                   CONDITION_SHA3_512_BITS, all_bits())
                                  .bits < needed)
        st = HEAD2_E_ENTROPY;
    settle_accounts(st == HEAD2_OK, bits);
    note_open(st == HEAD2_OK);
    pool_leave();
    if (st != HEAD2_OK) {
        head2_wipe(out, POOL_SEED);
        st = HEAD2_E_ENTROPY;
    }
    cpu_wipe_residue(CPU_CALLS_BELOW);
    return st;
}
