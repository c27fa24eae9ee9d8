/*
 * Independent tasks over the machine's processors.
 */
#include "gateway/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

struct work {
    void (*task)(void *arg, size_t i);
    void *arg;
    size_t n;
    atomic_size_t next;
};

static void *take_tasks(void *arg)
{
    struct work *const w = arg;
    size_t i;

    while ((i = atomic_fetch_add_explicit(&w->next, 1, memory_order_relaxed)) < w->n)
        w->task(w->arg, i);
    return NULL;
}

void parallel_run(unsigned threads, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
    struct work w = {.task = task, .arg = arg, .n = n};
    pthread_t made[PARALLEL_MAX];
    unsigned running = 0;
    sigset_t all, before;

    sigfillset(&all); /* signals are for the thread that the program began with */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    while (running + 1 < threads && running + 1 < n && running < HEAD2_LEN(made) &&
           pthread_create(&made[running], NULL, take_tasks, &w) == 0)
        running++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    take_tasks(&w);
    while (running > 0)
        pthread_join(made[--running], NULL);
}

unsigned parallel_processors(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    const unsigned n = (unsigned)CPU_COUNT(&set);
    return n < 1 ? 1 : n > PARALLEL_MAX ? PARALLEL_MAX : n;
}

static void run_on_all(void *pool, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
    (void)pool;
    parallel_run(parallel_processors(), n, task, arg);
}

const struct head2_runner parallel_runner = {.run = run_on_all};
