/*
 * What a child, a clone of the machine and another thread get of head2_random: never what somebody
 * else got.
 */
#include "system_fixture.h"

#include <pthread.h>

/* ---- children ---- */

enum { PIECE = 32, MOST = 400 };
static uint8_t piece[MOST][PIECE];
static unsigned pieces;

static void all_differ(void)
{
    for (unsigned i = 0; i < pieces; i++)
        for (unsigned k = 0; k < i; k++)
            CHECK(memcmp(piece[i], piece[k], PIECE) != 0);
}

/* A child draws two pieces, and so does its own child. */
static void draw_in_child(int to)
{
    uint8_t mine[2][PIECE];

    alarm(20);
    for (unsigned depth = 1;; depth++) {
        if (head2_random(mine[0], PIECE) != HEAD2_OK ||
            head2_random_key(mine[1], PIECE) != HEAD2_OK || forks() != depth ||
            write(to, mine, sizeof mine) != sizeof mine)
            _exit(1);
        const pid_t child = depth == 1 ? fork() : -1;
        int status = 0;
        if (child == 0)
            continue;
        if (child > 0 && waitpid(child, &status, 0) != child)
            status = 1;
        _exit(status != 0);
    }
}

static void children(unsigned n)
{
    int ends[2], status;

    CHECK_EQ(pipe(ends), 0);
    gives();
    for (unsigned i = 0; i < n; i++) {
        const pid_t child = fork();
        if (child == 0)
            draw_in_child(ends[1]);
        CHECK_EQ(head2_random(piece[pieces++], PIECE), HEAD2_OK);
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK_EQ(status, 0);
        CHECK_EQ(read(ends[0], piece[pieces], 4 * PIECE), 4 * PIECE);
        pieces += 4;
    }
    all_differ();
    CHECK_EQ(forks(), 0);
}

static void children_draw_their_own(void)
{
    children(60);
}

/* Where the kernel does not zero pages, the process's number tells. */
static void children_without_zeroed_pages(void)
{
    refuse = MADVISE | MLOCK;
    children(20);
}

static atomic_bool enough;

static void *ask_on(void *arg)
{
    uint8_t out[PIECE];

    while (!atomic_load(&enough))
        if (head2_random_key(out, sizeof out) != HEAD2_OK)
            return arg;
    return NULL;
}

/* The lock is often taken when the process forks. */
static void children_while_threads_ask(void)
{
    pthread_t thread[4];
    void *failed;

    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, ask_on, &enough), 0);
    children(25);
    atomic_store(&enough, true);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ(pthread_join(thread[i], &failed), 0);
        CHECK(failed == NULL);
    }
}

/* ---- threads ---- */

enum { THREADS = 64 };
static pthread_barrier_t barrier;

static void *first_piece(void *arg)
{
    uint8_t *out = arg;

    pthread_barrier_wait(&barrier);
    return head2_random(out, PIECE) == HEAD2_OK && head2_random_key(out + PIECE, PIECE) == HEAD2_OK
               ? NULL
               : arg;
}

static void threads_at_once(void)
{
    pthread_t thread[THREADS];
    struct head2_entropy_info info;
    void *failed;

    CHECK_EQ(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (unsigned i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, first_piece, piece[2 * i]), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_join(thread[i], &failed), 0);
        CHECK(failed == NULL);
    }
    pieces = 2 * THREADS;
    all_differ();
    head2_entropy_info(&info);
    CHECK_EQ(info.instances, 0); /* they ended with their threads */
    CHECK_EQ(info.seeds, 2 * THREADS);
}

/* ---- clones ---- */

static uint64_t number = 7;
static unsigned asked, changes_at;
static bool unknown;

static bool generation(void *arg, uint64_t *out)
{
    (void)arg;
    if (++asked == changes_at)
        number++;
    *out = number;
    return !unknown;
}

static void watch_generation(void)
{
    const struct head2_entropy_config c = {.generation = generation};

    CHECK_EQ(head2_entropy_configure(&c), HEAD2_OK);
}

/* The page of this thread's generator, put back as a snapshot puts all memory back. */
static void snapshot(uint8_t copy[4096], bool back)
{
    CHECK(last_len <= 4096);
    if (back)
        memcpy(last_map, copy, last_len);
    else
        memcpy(copy, last_map, last_len);
}

static void clones_of_one_image(void)
{
    uint8_t copy[4096], a[PIECE], b[PIECE];

    use(HEAD2_ENTROPY_FAST, (const char *const[]){"one", NULL});
    add_fake("one", &(struct fake){.manner = GOOD}, 4, NULL);
    gives();
    snapshot(copy, false);
    CHECK_EQ(head2_random(a, PIECE), HEAD2_OK);
    snapshot(copy, true);
    CHECK_EQ(head2_random(b, PIECE), HEAD2_OK);
    CHECK_MEM(a, b, PIECE); /* so it is a clone; and without a number nothing tells it so */
    snapshot(copy, true);
    CHECK_EQ(head2_random_key(a, PIECE), HEAD2_OK);
    snapshot(copy, true);
    CHECK_EQ(head2_random_key(b, PIECE), HEAD2_OK);
    CHECK(memcmp(a, b, PIECE) != 0);
    CHECK_EQ(forks(), 0);
}

static void clones_with_a_number(void)
{
    uint8_t copy[4096], a[PIECE], b[PIECE], c[PIECE];

    watch_generation();
    gives();
    CHECK_EQ(asked, 2); /* before the seed was made, and after the output */
    snapshot(copy, false);
    asked = 0;
    CHECK_EQ(head2_random(a, PIECE), HEAD2_OK);
    CHECK_EQ(asked, 2);
    snapshot(copy, true);
    number++;
    CHECK_EQ(head2_random(b, PIECE), HEAD2_OK);
    CHECK(memcmp(a, b, PIECE) != 0);
    CHECK_EQ(forks(), 1);
    /* it changes after the output has been made, which is thrown away */
    snapshot(copy, true);
    number = 7;
    asked = 0;
    changes_at = 2;
    const uint64_t before = seeds();
    CHECK_EQ(head2_random(c, PIECE), HEAD2_OK);
    CHECK(asked > 2);
    CHECK(memcmp(a, c, PIECE) != 0 && memcmp(b, c, PIECE) != 0);
    CHECK_EQ(seeds(), before + 1);
    CHECK_EQ(forks(), 2);
    unknown = true;
    gives();
    CHECK_EQ(seeds(), before + 2);
    gives();
    CHECK_EQ(seeds(), before + 2);
}

int main(void)
{
    IN_CHILD(children_draw_their_own);
    IN_CHILD(children_without_zeroed_pages);
    IN_CHILD(children_while_threads_ask);
    IN_CHILD(threads_at_once);
    IN_CHILD(clones_of_one_image);
    IN_CHILD(clones_with_a_number);
    CHECK_EXIT();
}
