/*
 * Tasks over threads: each runs once, whatever the numbers; and a large file hashed by several
 * threads has the digest that one thread finds.
 */
#include "check.h"

#include "artifact/sigblock.h"
#include "gateway/parallel.h"

#include <stdatomic.h>

enum { TASKS = 1000 };

static atomic_uint calls[TASKS + 1];

static void count_call(void *arg, size_t i)
{
    atomic_uint *const counts = arg;

    atomic_fetch_add(&counts[i], 1);
}

static void each_task_runs_once(void)
{
    static const size_t sizes[] = {0, 1, 2, 3, 15, 16, 17, TASKS};

    for (unsigned threads = 0; threads <= PARALLEL_MAX + 3; threads++) {
        for (size_t s = 0; s < HEAD2_LEN(sizes); s++) {
            memset(calls, 0, sizeof calls);
            parallel_run(threads, sizes[s], count_call, calls);
            for (size_t i = 0; i <= TASKS; i++)
                CHECK_EQ(calls[i], i < sizes[s]);
        }
    }
}

/* Two tasks that wait for each other need two threads. */
static atomic_uint arrived;

static void meet(void *arg, size_t i)
{
    (void)arg;
    (void)i;
    atomic_fetch_add(&arrived, 1);
    for (unsigned wait = 0; wait < 5000 && atomic_load(&arrived) < 2; wait++)
        usleep(1000);
}

static void tasks_run_at_once(void)
{
    atomic_store(&arrived, 0);
    parallel_run(2, 2, meet, NULL);
    CHECK_EQ(arrived, 2);
    CHECK(parallel_processors() >= 1 && parallel_processors() <= PARALLEL_MAX);
}

static void all_threads(void *pool, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
    (void)pool;
    parallel_run(4, n, task, arg);
}

static void check_file(size_t len)
{
    static const struct head2_runner four = {.run = all_threads};
    const struct head2_runner *const runners[] = {NULL, &four, &parallel_runner};
    char path[] = "/tmp/head2-parallel-XXXXXX";
    struct sigblock_hasher h;
    uint8_t want[32], got[64];
    uint8_t *bytes = malloc(len + 1);

    CHECK(bytes != NULL);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 24);
    head2_blake3(want, bytes, len);
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK(write(fd, bytes, len) == (ssize_t)len);
    close(fd);
    free(bytes);
    for (unsigned i = 0; i < HEAD2_LEN(runners); i++) {
        sigblock_hash_init(&h, SIGBLOCK_BLAKE3);
        h.runner = runners[i];
        const enum head2_status st = sigblock_hash_file(&h, path);
        sigblock_hash_final(&h, got);
        if (st != HEAD2_OK || memcmp(want, got, 32) != 0)
            unlink(path);
        CHECK(st == HEAD2_OK);
        CHECK_SAY(memcmp(want, got, 32) == 0, "%zu bytes, runner %u", len, i);
    }
    unlink(path);
}

static void large_files(void)
{
    static const size_t sizes[] = {0,
                                   1,
                                   1 << 18,
                                   (1 << 20) - 1,
                                   1 << 20,
                                   (1 << 20) + 1,
                                   16 << 20,
                                   (16 << 20) + 1,
                                   (25 << 20) + 333333};

    for (size_t i = 0; i < HEAD2_LEN(sizes); i++)
        check_file(sizes[i]);
}

/* ---- a file that changes while it is hashed ---- */

static int changing = -1;
static off_t change_to;

static void change_first(void *pool, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
    (void)pool;
    if (change_to >= 0 && ftruncate(changing, change_to) != 0)
        return;
    change_to = -1;
    parallel_run(2, n, task, arg);
}

/* What is hashed is what the file then has: zeros, as far as it goes. */
static void check_change(off_t before, off_t after)
{
    static const struct head2_runner runner = {.run = change_first};
    char path[] = "/tmp/head2-parallel-XXXXXX";
    struct sigblock_hasher h;
    uint8_t want[32], got[64];
    uint8_t *zeros = calloc(1, (size_t)after + 1);

    CHECK(zeros != NULL);
    head2_blake3(want, zeros, (size_t)after);
    free(zeros);
    changing = mkstemp(path);
    CHECK(changing >= 0);
    const bool sized = ftruncate(changing, before) == 0;
    change_to = after;
    sigblock_hash_init(&h, SIGBLOCK_BLAKE3);
    h.runner = &runner;
    const enum head2_status st = sigblock_hash_file(&h, path);
    sigblock_hash_final(&h, got);
    close(changing);
    unlink(path);
    CHECK(sized && st == HEAD2_OK);
    CHECK_EQ(change_to, -1);
    CHECK_SAY(memcmp(want, got, 32) == 0, "from %lld to %lld bytes", (long long)before,
              (long long)after);
}

static void files_that_change(void)
{
    check_change(3 << 20, 1000);
    check_change(3 << 20, (2 << 20) + 5);
    check_change(3 << 20, 0);
    check_change(3 << 20, (5 << 20) + 5);
    check_change((3 << 20) + 1, 4 << 20);
}

int main(void)
{
    RUN(each_task_runs_once);
    RUN(tasks_run_at_once);
    RUN(large_files);
    RUN(files_that_change);
    CHECK_EXIT();
}
