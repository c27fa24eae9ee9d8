/* see entropy/pool.h */
#include "entropy/pool.h"

#include "entropy/condition.h"

#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

struct pool pool = {.lock = PTHREAD_MUTEX_INITIALIZER};
_Atomic uint64_t pool_epoch, pool_instances, pool_seeds, pool_forks;

/* Whether this thread has the lock: a source that is being read may fork, or ask for randomness. */
static POOL_THREAD bool inside;

uint64_t pool_ns(void)
{
    struct timespec t = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t seconds(void)
{
    return pool_ns() / 1000000000;
}

/* What waits of a member. */
static void forget_samples(struct member *m)
{
    if (m->ring != NULL)
        head2_wipe(m->ring, sizeof *m->ring);
    m->half = false;
    m->first_half = 0;
}

/* ---- fork ---- */

static void before_fork(void)
{
    if (!inside)
        pthread_mutex_lock(&pool.lock);
}

static void in_parent(void)
{
    if (!inside)
        pthread_mutex_unlock(&pool.lock);
}

/* The kernel has wiped rings and generators where it can; the epoch is for where it cannot. */
static void in_child(void)
{
    for (unsigned i = 0; i < pool.n; i++)
        forget_samples(&pool.member[i]);
    atomic_fetch_add(&pool_epoch, POOL_FORK);
    in_parent();
}

/* ---- the table ---- */

static void add_member(const struct head2_entropy_source *source, struct entropy_builtin *builtin)
{
    struct member *m = &pool.member[pool.n];

    m->source = *source;
    m->builtin = builtin;
    m->group = pool.n;
    for (unsigned i = pool.n; i-- > 0;)
        if (source->group != NULL && pool.member[i].source.group != NULL &&
            strcmp(source->group, pool.member[i].source.group) == 0)
            m->group = i;
    /* out of range means 0: nothing to test. Values have been checked. */
    if (health_init(&m->health, source->h, source->binary) != HEAD2_OK)
        m->health.state = HEALTH_GOOD;
    pool.n++;
}

enum head2_status pool_enter(void)
{
    static bool fork_known;
    struct entropy_builtin *const own[] = {&entropy_rdseed, &entropy_jitter, &entropy_getrandom};

    if (inside)
        return HEAD2_E_STATE;
    pthread_mutex_lock(&pool.lock);
    inside = true;
    if (!fork_known && pthread_atfork(before_fork, in_parent, in_child) != 0) {
        pool_leave();
        return HEAD2_E_MEMORY;
    }
    fork_known = true;
    if (pool.n == 0) {
        for (unsigned i = 0; i < HEAD2_LEN(own); i++)
            add_member(&own[i]->source, own[i]);
        pool_set_credits();
    }
    return HEAD2_OK;
}

void pool_leave(void)
{
    HEAD2_REQUIRES(inside);
    inside = false;
    pthread_mutex_unlock(&pool.lock);
}

static bool listed(const char *name)
{
    bool found = !pool.listed;

    for (unsigned i = 0; i < pool.n_names; i++)
        found = found || strcmp(pool.name[i], name) == 0;
    return found;
}

void pool_set_credits(void)
{
    for (struct member *m = pool.member; m < pool.member + pool.n; m++) {
        m->credit = m->source.credit;
        if (m->builtin == &entropy_getrandom && pool.terms.policy == HEAD2_ENTROPY_COMPAT)
            m->credit = m->source.h;
        if (!listed(m->source.name) ||
            (pool.physical_only && m->source.kind != HEAD2_ENTROPY_PHYSICAL))
            m->credit = 0;
    }
}

/* ---- events ---- */

void pool_event(enum head2_entropy_event_kind kind, const struct member *m, double voided)
{
    struct head2_entropy_event *e = &pool.event[pool.n_events];

    if (pool.tell == NULL || pool.n_events == POOL_EVENTS)
        return;
    memset(e, 0, sizeof *e);
    e->kind = kind;
    e->voided = (uint64_t)voided;
    if (m != NULL) {
        memcpy(e->source, m->source.name, strlen(m->source.name));
        memcpy(e->why, m->why, sizeof e->why);
    }
    pool.n_events++;
}

void pool_tell(void)
{
    struct head2_entropy_event e;
    head2_entropy_event_fn *tell;
    void *arg;

    while (pool_enter() == HEAD2_OK) {
        const bool any = pool.n_events != 0;
        if (any) {
            e = pool.event[0];
            memmove(pool.event, pool.event + 1, --pool.n_events * sizeof e);
        }
        tell = pool.tell;
        arg = pool.tell_arg;
        pool_leave();
        if (!any || tell == NULL)
            return;
        tell(arg, &e);
    }
}

/* ---- health ---- */

bool pool_tested(const struct member *m)
{
    return m->source.h > 0;
}

/* What is unspent of a source that failed is void, and generators that it has seeded are gone. */
static void settle(struct member *m, enum health_state before, const char *why)
{
    const enum health_state after = m->health.state;
    double voided = m->in_flight;

    if (after == before)
        return;
    if (after == HEALTH_GOOD) {
        m->proven = true;
        if (m->recovering)
            pool_event(HEAD2_ENTROPY_EVENT_RECOVERED, m, 0);
        m->recovering = false;
        return;
    }
    m->failures++;
    m->recovering = true;
    m->rests_until = seconds() + POOL_REST_SECONDS;
    if (m->ring != NULL)
        voided += m->ring->count * m->source.credit;
    forget_samples(m);
    m->voided += voided;
    m->in_flight = m->taken = 0;
    snprintf(m->why, sizeof m->why, "%s", why);
    if (m->credit > 0)
        atomic_fetch_add(&pool_epoch, 1);
    pool_event(after == HEALTH_FAILED ? HEAD2_ENTROPY_EVENT_FAILED
                                      : HEAD2_ENTROPY_EVENT_QUARANTINED,
               m, voided);
}

size_t pool_feed(struct member *m, const uint8_t *samples, size_t n)
{
    const enum health_state before = m->health.state;
    const uint64_t runs = m->health.counters.rct_alarms;

    if (!pool_tested(m))
        return n;
    const size_t usable = health_feed(&m->health, samples, n, seconds());
    if (before == HEALTH_STARTUP)
        m->tested += n - usable;
    settle(m, before,
           m->health.counters.rct_alarms != runs ? "repetition count test"
                                                 : "adaptive proportion test");
    return usable;
}

size_t pool_debias(struct member *m, uint8_t *samples, size_t n)
{
    uint8_t pair[2];
    size_t kept = 0;

    if (!m->source.von_neumann)
        return n;
    for (size_t i = 0; i < n; i++) {
        m->half = !m->half;
        if (m->half) {
            m->first_half = samples[i];
            continue;
        }
        pair[0] = m->first_half;
        pair[1] = samples[i];
        if (condition_von_neumann(pair, 2) != 0)
            samples[kept++] = pair[0];
    }
    head2_wipe(pair, sizeof pair);
    return kept;
}

void pool_failed(struct member *m, enum head2_status what, const char *why)
{
    const enum health_state before = m->health.state;

    if (what == HEAD2_E_HEALTH) {
        health_alarm(&m->health, seconds());
        /* a second failure in quarantine is one all the same */
        settle(m, before == HEALTH_QUARANTINED ? HEALTH_GOOD : before, why);
        return;
    }
    snprintf(m->why, sizeof m->why, "%s", why);
    if (!m->absent && m->samples != 0)
        pool_event(HEAD2_ENTROPY_EVENT_ABSENT, m, 0);
    m->recovering = m->samples != 0;
    m->absent = true;
}

bool pool_may_give(const struct member *m)
{
    if (m->ring != NULL)
        return m->ring->count * m->credit >= POOL_EACH;
    return m->health.state != HEALTH_FAILED &&
           (m->health.state != HEALTH_QUARANTINED || seconds() >= m->rests_until);
}

bool pool_start(struct member *m)
{
    if (seconds() < m->rests_until)
        return false;
    if (pool_tested(m))
        return health_start(&m->health) == HEAD2_OK;
    if (m->health.state == HEALTH_QUARANTINED) {
        m->health.state = HEALTH_GOOD;
        settle(m, HEALTH_QUARANTINED, "");
    }
    return m->health.state == HEALTH_GOOD;
}

/* ---- sources that offer ---- */

void pool_take(struct ring *r, uint8_t *out, size_t n)
{
    HEAD2_REQUIRES(inside && n <= r->count);
    for (size_t i = 0; i < n; i++) {
        const size_t at = (r->first + i) % POOL_RING;
        out[i] = r->sample[at];
        r->sample[at] = 0;
    }
    r->first = (uint32_t)((r->first + n) % POOL_RING);
    r->count -= (uint32_t)n;
}

static void put(struct ring *r, const uint8_t *samples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (r->count == POOL_RING) {
            r->first = (r->first + 1) % POOL_RING;
            r->count--;
        }
        r->sample[(r->first + r->count++) % POOL_RING] = samples[i];
    }
}

static void offered(struct member *m, const uint8_t *samples, size_t n)
{
    uint8_t bit[256];

    if (m->absent || m->health.state == HEALTH_QUARANTINED)
        m->absent = !pool_start(m) && m->absent;
    while (n > 0) {
        const size_t some = n < sizeof bit ? n : sizeof bit;
        for (size_t i = 0; i < some; i++)
            bit[i] = m->source.binary ? samples[i] & 1 : samples[i];
        m->samples += some;
        const size_t usable = pool_feed(m, bit, some);
        const size_t kept = pool_debias(m, bit + some - usable, usable);
        m->credited += (double)kept * m->source.credit;
        if (!m->absent)
            put(m->ring, bit + some - usable, kept);
        samples += some;
        n -= some;
    }
    head2_wipe(bit, sizeof bit);
}

static struct member *offering(unsigned id)
{
    return id < pool.n && pool.member[id].ring != NULL ? &pool.member[id] : NULL;
}

enum head2_status head2_entropy_offer(unsigned id, const uint8_t *samples, size_t n)
{
    enum head2_status st = pool_enter();
    struct member *m;

    if (st != HEAD2_OK)
        return HEAD2_E_ARG;
    m = offering(id);
    if (m == NULL) {
        st = HEAD2_E_ARG;
    } else {
        offered(m, samples, n);
        if (m->health.state == HEALTH_QUARANTINED || m->health.state == HEALTH_FAILED)
            st = HEAD2_E_HEALTH;
    }
    pool_leave();
    pool_tell();
    return st;
}

void head2_entropy_report(unsigned id, enum head2_status what, const char *why)
{
    if (pool_enter() != HEAD2_OK)
        return;
    if (id < pool.n && pool.member[id].builtin == NULL &&
        (what == HEAD2_E_HEALTH || what == HEAD2_E_IO))
        pool_failed(&pool.member[id], what, why != NULL ? why : "its owner says so");
    pool_leave();
    pool_tell();
}

/* ---- adding ---- */

static bool valid_name(const char *name)
{
    const size_t len = name != NULL ? strnlen(name, HEAD2_ENTROPY_NAME) : 0;

    return len != 0 && len < HEAD2_ENTROPY_NAME &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static bool valid_source(const struct head2_entropy_source *s)
{
    const bool additional = s->kind == HEAD2_ENTROPY_ADDITIONAL;
    const double least = s->binary ? 0.06 : 0.12, most = s->binary ? 1 : 8;

    return valid_name(s->name) && (unsigned)s->kind <= HEAD2_ENTROPY_ADDITIONAL &&
           (s->binary || !s->von_neumann) &&
           ((s->h >= least && s->h <= most) || (additional && s->h == 0)) && s->credit >= 0 &&
           s->credit <= (additional ? 0 : s->h);
}

static struct ring *new_ring(void)
{
    void *p =
        mmap(NULL, sizeof(struct ring), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    /* at best: in_child wipes what the kernel does not */
    (void)!madvise(p, sizeof(struct ring), MADV_WIPEONFORK);
    (void)!madvise(p, sizeof(struct ring), MADV_DONTDUMP);
    (void)!mlock(p, sizeof(struct ring));
    return p;
}

static enum head2_status add(const struct head2_entropy_source *source, unsigned *id)
{
    struct ring *ring = NULL;

    if (!valid_source(source))
        return HEAD2_E_ARG;
    for (unsigned i = 0; i < pool.n; i++)
        if (strcmp(pool.member[i].source.name, source->name) == 0)
            return HEAD2_E_STATE;
    if (pool.n == HEAD2_ENTROPY_SOURCES || (source->read == NULL && (ring = new_ring()) == NULL))
        return HEAD2_E_SPACE;
    if (id != NULL)
        *id = pool.n;
    pool.member[pool.n].ring = ring;
    add_member(source, NULL);
    pool_set_credits();
    return HEAD2_OK;
}

enum head2_status head2_entropy_add(const struct head2_entropy_source *source, unsigned *id)
{
    enum head2_status st = pool_enter();

    if (st != HEAD2_OK)
        return HEAD2_E_SPACE;
    st = add(source, id);
    pool_leave();
    return st;
}
