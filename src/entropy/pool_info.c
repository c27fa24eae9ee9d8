/*
 * What is asked of the pool from outside: configuration, its state, samples to measure, tests on
 * demand. See head2/entropy.h.
 */
#include "entropy/generator.h"
#include "entropy/pool.h"

/* ---- configuration ---- */

static bool valid_config(const struct head2_entropy_config *c)
{
    unsigned n = 0;

    while (c->sources != NULL && c->sources[n] != NULL)
        if (++n > HEAD2_ENTROPY_SOURCES || strlen(c->sources[n - 1]) >= HEAD2_ENTROPY_NAME)
            return false;
    return (unsigned)c->policy <= HEAD2_ENTROPY_COMPAT && (unsigned)c->reseed <= HEAD2_RESEED_90A &&
           (unsigned)c->generator <= HEAD2_GENERATOR_XDRBG;
}

enum head2_status head2_entropy_configure(const struct head2_entropy_config *config)
{
    static const struct head2_entropy_config defaults;
    const struct head2_entropy_config *c = config != NULL ? config : &defaults;

    if (!valid_config(c) || pool_enter() != HEAD2_OK)
        return HEAD2_E_ARG;
    pool.terms =
        (struct pool_terms){c->policy, c->reseed, c->generator, c->generation, c->generation_arg};
    pool.physical_only = c->physical_only;
    pool.listed = c->sources != NULL;
    pool.n_names = 0;
    for (unsigned i = 0; pool.listed && c->sources[i] != NULL; i++)
        strcpy(pool.name[pool.n_names++], c->sources[i]);
    pool.single = false;
    pool_set_credits();
    atomic_fetch_add(&pool_epoch, 1);
    pool_leave();
    return HEAD2_OK;
}

void head2_entropy_on_event(head2_entropy_event_fn *fn, void *arg)
{
    if (pool_enter() != HEAD2_OK)
        return;
    pool.tell = fn;
    pool.tell_arg = arg;
    pool_leave();
}

/* ---- state ---- */

static enum head2_entropy_state state_of(const struct member *m)
{
    if (m->absent && m->health.state != HEALTH_FAILED)
        return HEAD2_ENTROPY_ABSENT;
    switch (m->health.state) {
    case HEALTH_FAILED:
        return HEAD2_ENTROPY_FAILED;
    case HEALTH_QUARANTINED:
        return HEAD2_ENTROPY_QUARANTINED;
    case HEALTH_GOOD:
        return m->samples != 0 ? HEAD2_ENTROPY_GOOD : HEAD2_ENTROPY_UNTESTED;
    case HEALTH_STARTUP:
        break;
    }
    return m->recovering ? HEAD2_ENTROPY_QUARANTINED : HEAD2_ENTROPY_UNTESTED;
}

static void describe(struct head2_entropy_source_info *s, const struct member *m)
{
    memcpy(s->name, m->source.name, strlen(m->source.name));
    memcpy(s->why, m->why, sizeof s->why);
    s->kind = m->source.kind;
    s->state = state_of(m);
    s->binary = m->source.binary;
    s->credited = m->credit > 0;
    s->h = m->source.h;
    s->credit = m->credit > 0 ? m->credit : m->source.credit;
    s->samples = m->samples;
    s->tested = m->tested;
    s->credited_bits = m->credited;
    s->spent_bits = m->spent;
    s->voided_bits = m->voided;
    s->waiting_bits = m->ring != NULL ? m->ring->count * m->source.credit : 0;
    s->busy_ns = m->busy_ns;
    memcpy(s->rct_cutoff, m->health.rct_cutoff, sizeof s->rct_cutoff);
    memcpy(s->apt_cutoff, m->health.apt_cutoff, sizeof s->apt_cutoff);
    s->longest_run = m->health.counters.longest_run;
    s->most_in_window = m->health.counters.most_in_window;
    s->startups = (uint32_t)m->health.counters.startups;
    s->failures = m->failures;
}

void head2_entropy_info(struct head2_entropy_info *info)
{
    memset(info, 0, sizeof *info);
    if (pool_enter() != HEAD2_OK)
        return;
    info->policy = pool.terms.policy;
    info->reseed = pool.terms.reseed;
    info->generator = pool.terms.generator;
    info->physical_only = pool.physical_only;
    info->open = !pool.shut;
    info->single = pool.single;
    info->generation = pool.terms.generation != NULL;
    info->instances = atomic_load(&pool_instances);
    info->seeds = atomic_load(&pool_seeds);
    info->forks = atomic_load(&pool_forks);
    info->n = pool.n;
    for (unsigned i = 0; i < pool.n; i++)
        describe(&info->source[i], &pool.member[i]);
    pool_leave();
}

/* ---- samples to measure ---- */

static struct member *named(const char *name)
{
    for (struct member *m = pool.member; m < pool.member + pool.n; m++)
        if (strcmp(m->source.name, name) == 0)
            return m;
    return NULL;
}

/* With the lock; not for so long that those who wait for a seed would notice. */
enum { READ_AT_ONCE = 8192 };

/* Of a ring they have been tested already. */
static enum head2_status read_member(struct member *m, uint8_t *samples, size_t *n)
{
    const size_t room = *n;
    const uint32_t failures = m->failures;

    *n = 0;
    if (m->ring != NULL) {
        *n = room < m->ring->count ? room : m->ring->count;
        pool_take(m->ring, samples, *n);
        return HEAD2_OK;
    }
    if (!pool_opened(m) || m->health.state == HEALTH_FAILED)
        return HEAD2_E_STATE;
    for (unsigned idle = 0; *n < room && idle < POOL_PATIENCE && m->failures == failures;) {
        const size_t got = pool_pull(m, samples + *n, room - *n);
        (void)pool_feed(m, samples + *n, got);
        *n += got;
        idle = got == 0 ? idle + 1 : 0;
    }
    pool_close(m);
    return m->failures == failures ? HEAD2_OK : HEAD2_E_HEALTH;
}

enum head2_status head2_entropy_read(const char *name, uint8_t *samples, size_t *n)
{
    const size_t room = *n;
    enum head2_status st;
    size_t done = 0, some, got;

    do {
        got = some = room - done < READ_AT_ONCE ? room - done : READ_AT_ONCE;
        HEAD2_TRY(pool_enter());
        struct member *m = named(name);
        st = m != NULL ? read_member(m, samples + done, &got) : HEAD2_E_ARG;
        pool_leave();
        done += m != NULL ? got : 0;
    } while (st == HEAD2_OK && got == some && done < room);
done:
    *n = done;
    pool_tell();
    return st;
}

/* ---- on demand ---- */

enum head2_status head2_entropy_selftest(void)
{
    uint8_t seed[POOL_SEED];
    double bits[HEAD2_ENTROPY_SOURCES];
    enum head2_status st;

    st = generators_known_answers();
    if (st != HEAD2_OK) /* and no generator that there is goes on */
        atomic_fetch_add(&pool_epoch, 1);
    HEAD2_TRY(st);
    HEAD2_TRY(pool_enter());
    for (struct member *m = pool.member; m < pool.member + pool.n; m++) {
        m->rests_until = 0;
        if (m->ring == NULL && m->credit > 0 && pool_start(m)) {
            (void)pool_prepared(m);
            pool_close(m);
        }
    }
    pool_leave();
    st = pool_gather(POOL_FOR_INSTANTIATION, seed, bits);
    pool_tell();
done:
    head2_wipe(seed, sizeof seed);
    return st;
}
