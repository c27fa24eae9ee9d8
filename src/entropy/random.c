/*
 * A generator for each thread, in a page of its own that neither a child nor a core dump sees. See
 * head2/random.h.
 */
#include "entropy/generator.h"
#include "entropy/pool.h"

#include <head2/random.h>

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
    RESEED_SECONDS = 60,
    REDO = 2 * HEAD2_ENTROPY_SOURCES, /* each time a source failed, or the machine was cloned */
};

/* SP 800-90A's policy, and 100 MB. */
static const struct ctr_drbg_policy relaxed = {(uint64_t)1 << 48, 100 * 1000 * 1000};

struct instance {
    bool alive; /* false in a child, whose page the kernel has zeroed */
    bool fresh; /* the last request began with a reseed */
    pid_t pid;
    uint64_t epoch;
    bool counted; /* there is a generation number */
    uint64_t generation;
    uint64_t seeded_at; /* seconds */
    struct pool_terms terms;
    struct generator generator;
    double seeded[HEAD2_ENTROPY_SOURCES], reseeded[HEAD2_ENTROPY_SOURCES];
};

/* The calling thread's. What must be known of a page that was zeroed is not in it. */
static POOL_THREAD struct {
    struct instance *page;
    bool lives;  /* there was a state in it */
    bool zeroed; /* the kernel zeroes it in a child */
} mine;

/* ---- a thread's page ---- */

static void end_instance(void *page)
{
    head2_wipe(page, sizeof(struct instance));
    munmap(page, sizeof(struct instance));
    mine.page = NULL;
    mine.lives = false;
    atomic_fetch_sub(&pool_instances, 1);
}

/* What ends a thread's generator with the thread. */
static bool ending_known(pthread_key_t *ending)
{
    static pthread_key_t key;
    static bool known;
    bool ok;

    if (pool_enter() != HEAD2_OK)
        return false;
    known = known || pthread_key_create(&key, end_instance) == 0;
    *ending = key;
    ok = known;
    pool_leave();
    return ok;
}

static enum head2_status new_instance(void)
{
    pthread_key_t ending;
    void *page;

    if (!ending_known(&ending))
        return HEAD2_E_MEMORY;
    page = mmap(NULL, sizeof(struct instance), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                -1, 0);
    if (page == MAP_FAILED)
        return HEAD2_E_MEMORY;
    if (pthread_setspecific(ending, page) != 0) {
        munmap(page, sizeof(struct instance));
        return HEAD2_E_MEMORY;
    }
    mine.zeroed = madvise(page, sizeof(struct instance), MADV_WIPEONFORK) == 0;
    (void)!madvise(page, sizeof(struct instance), MADV_DONTDUMP);
    (void)!mlock(page, sizeof(struct instance));
    mine.page = page;
    atomic_fetch_add(&pool_instances, 1);
    return HEAD2_OK;
}

/* ---- seeding ---- */

static uint64_t seconds(void)
{
    struct timespec t = {0, 0};

    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (uint64_t)t.tv_sec;
}

static enum head2_status seed(void *arg, unsigned bits, uint8_t *out, size_t *len)
{
    struct instance *i = arg;
    enum head2_status st;

    if (bits == CTR_DRBG_INSTANTIATE_BITS)
        st = pool_gather(POOL_FOR_INSTANTIATION, out, i->seeded);
    else
        st = pool_gather(POOL_FOR_RESEED, out, i->reseeded);
    *len = POOL_SEED;
    i->seeded_at = seconds();
    if (st == HEAD2_OK)
        atomic_fetch_add(&pool_seeds, 1);
    return st;
}

static bool same_process(const struct instance *i)
{
    return i->alive && (i->epoch ^ atomic_load(&pool_epoch)) < POOL_FORK &&
           (mine.zeroed || i->pid == getpid());
}

static bool same_machine(const struct instance *i)
{
    uint64_t number = 0;

    if (i->terms.generation == NULL)
        return true;
    const bool counted = i->terms.generation(i->terms.generation_arg, &number);
    return counted == i->counted && (!counted || number == i->generation);
}

/* Whether the state may be used, or what it gave may leave: nothing has happened since it was made
 * that makes it another's as well, or worthless. */
static bool still_good(const struct instance *i)
{
    return same_process(i) && i->epoch == atomic_load(&pool_epoch) && same_machine(i);
}

static enum head2_status instantiate(struct instance *i)
{
    enum head2_status st;

    if (mine.lives && (!same_process(i) || !same_machine(i)))
        atomic_fetch_add(&pool_forks, 1);
    mine.lives = false;
    head2_wipe(i, sizeof *i);
    HEAD2_TRY(generators_checked());
    HEAD2_TRY(pool_enter());
    i->terms = pool.terms;
    i->epoch = atomic_load(&pool_epoch);
    pool_leave();
    i->pid = getpid();
    i->counted =
        i->terms.generation != NULL && i->terms.generation(i->terms.generation_arg, &i->generation);
    HEAD2_TRY(
        generator_instantiate(&i->generator, i->terms.generator, (struct ctr_drbg_source){seed, i},
                              i->terms.reseed == HEAD2_RESEED_STRICT ? ctr_drbg_strict : relaxed));
    i->alive = mine.lives = true;
done:
    return st;
}

/* ---- requests ---- */

static enum head2_status fill(struct instance *i, void *out, size_t len, bool fresh)
{
    enum head2_status st;

    for (unsigned redo = 0; redo < REDO; redo++) {
        if (!still_good(i))
            HEAD2_TRY(instantiate(i));
        const bool due = seconds() - i->seeded_at >= RESEED_SECONDS;
        HEAD2_TRY(generator_fill(&i->generator, out, len, fresh || due));
        i->fresh = fresh;
        if (still_good(i))
            return HEAD2_OK;
    }
    st = HEAD2_E_ENTROPY;
done:
    generator_uninstantiate(&i->generator);
    i->alive = mine.lives = false;
    return st;
}

static enum head2_status request(void *out, size_t len, bool fresh)
{
    enum head2_status st = HEAD2_OK;

    if (len == 0)
        return HEAD2_OK;
    if (mine.page == NULL)
        HEAD2_TRY(new_instance());
    const uint64_t before = atomic_load_explicit(&pool_seeds, memory_order_relaxed);
    st = fill(mine.page, out, len, fresh);
    if (st != HEAD2_OK || before != atomic_load_explicit(&pool_seeds, memory_order_relaxed))
        pool_tell();
done:
    if (st != HEAD2_OK) {
        head2_wipe(out, len);
        return HEAD2_E_ENTROPY;
    }
    HEAD2_SECRET(out, len);
    return HEAD2_OK;
}

enum head2_status head2_random(void *out, size_t len)
{
    return request(out, len, false);
}

/* Each gathering has 32 new bytes of the kernel's generator, which knows of clones where there is
 * no number: see gather.c. */
enum head2_status head2_random_key(void *out, size_t len)
{
    return request(out, len, true);
}

enum head2_status head2_random_provenance(struct head2_entropy_provenance *p)
{
    const struct instance *i = mine.page;

    memset(p, 0, sizeof *p);
    if (i == NULL || !same_process(i) || pool_enter() != HEAD2_OK)
        return HEAD2_E_STATE;
    p->generator = i->terms.generator;
    p->reseed = i->terms.reseed;
    p->policy = i->terms.policy;
    p->fresh = i->fresh;
    p->n = pool.n;
    for (unsigned k = 0; k < pool.n; k++) {
        memcpy(p->name[k], pool.member[k].source.name, strlen(pool.member[k].source.name));
        p->seeded[k] = i->seeded[k];
        p->reseeded[k] = i->reseeded[k];
    }
    pool_leave();
    return HEAD2_OK;
}
