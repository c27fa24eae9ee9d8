/*
 * BLAKE3 through every set of kernels: all lengths up to four chunks and the neighbourhood of every
 * boundary above, batches, pieces hashed by several tasks, and kernels that compute something else.
 */
#include "check.h"

#include "hash/blake3_kernels.h"

#include <head2/hash.h>

static const struct blake3_kernels *const tables[CPU_LEVELS] =
    CPU_KERNELS(&blake3_kernels_portable, &blake3_kernels_avx2, &blake3_kernels_avx512);

enum { LARGEST = 3 << 20 };

static uint8_t *input;

static void fill(void)
{
    uint32_t x = 1;

    input = malloc(LARGEST);
    CHECK(input != NULL);
    for (size_t i = 0; i < LARGEST; i++) {
        x = x * 1664525 + 1013904223;
        input[i] = (uint8_t)(x >> 24);
    }
}

/* Call a case at each level that this machine has. */
static void at_each_level(void (*one)(void))
{
    cpu_limit(CPU_AVX512);
    const enum cpu_isa most = cpu_isa();
    for (unsigned level = CPU_AVX2; level <= most; level++) {
        cpu_limit((enum cpu_isa)level);
        CHECK_SAY(blake3_kernels() == tables[level], "%s is not used", cpu_isa_name(level));
        one();
    }
    cpu_limit(CPU_AVX512);
}

static void portable(uint8_t digest[32], const void *in, size_t len)
{
    const enum cpu_isa level = cpu_isa();

    cpu_limit(CPU_PORTABLE);
    head2_blake3(digest, in, len);
    cpu_limit(level);
}

/* Whole, in two pieces, and with the key. */
static void same(size_t len)
{
    static const char key[] = "whats the Elvish word for friend";
    struct head2_blake3 ctx;
    uint8_t want[32], got[32], want_out[131], got_out[131];
    const enum cpu_isa level = cpu_isa();

    portable(want, input, len);
    head2_blake3(got, input, len);
    CHECK_SAY(memcmp(want, got, 32) == 0, "%s: %zu bytes", cpu_isa_name(level), len);
    for (size_t first = len % 7; first <= len; first += 1 + len / 3) {
        head2_blake3_init(&ctx);
        head2_blake3_update(&ctx, input, first);
        head2_blake3_update(&ctx, input + first, len - first);
        head2_blake3_final(&ctx, got, 32, 0);
        CHECK_SAY(memcmp(want, got, 32) == 0, "%s: %zu + %zu bytes", cpu_isa_name(level), first,
                  len - first);
    }
    for (unsigned i = 0; i < 2; i++) {
        cpu_limit(i == 0 ? CPU_PORTABLE : level);
        head2_blake3_init_keyed(&ctx, (const uint8_t *)key);
        head2_blake3_update(&ctx, input, len);
        head2_blake3_final(&ctx, i == 0 ? want_out : got_out, sizeof want_out, 5);
    }
    CHECK_SAY(memcmp(want_out, got_out, sizeof want_out) == 0, "%s: keyed, %zu bytes",
              cpu_isa_name(level), len);
}

static void lengths(void)
{
    for (size_t len = 0; len <= 4096 + 65; len++)
        same(len);
    for (size_t chunks = 5; chunks <= 40; chunks++)
        for (size_t len = 1024 * chunks - 1; len <= 1024 * chunks + 1; len++)
            same(len);
    for (size_t chunks = 64; chunks <= 2048; chunks *= 2)
        for (size_t len = 1024 * chunks - 1; len <= 1024 * chunks + 1; len++)
            same(len);
    same(LARGEST);
    same(LARGEST - 12345);
}

static void every_length_at_every_level(void)
{
    at_each_level(lengths);
}

/* Pieces of random lengths, among them whole chunks, which end where a subtree may. */
static void pieces(void)
{
    struct head2_blake3 ctx;
    uint8_t want[32], got[32];
    uint32_t x = 7;

    for (unsigned round = 0; round < 200; round++) {
        const size_t len = 1 + round * 997 % 150000;
        portable(want, input, len);
        head2_blake3_init(&ctx);
        for (size_t done = 0, n; done < len; done += n) {
            x = x * 1664525 + 1013904223;
            n = (x & 1) != 0 ? (x >> 16) % 3000 : (x >> 16) % 40 * 1024;
            n = n < len - done ? n : len - done;
            head2_blake3_update(&ctx, input + done, n);
        }
        head2_blake3_final(&ctx, got, 32, 0);
        CHECK_SAY(memcmp(want, got, 32) == 0, "%s: %zu bytes in pieces", cpu_isa_name(cpu_isa()),
                  len);
    }
}

static void pieces_at_every_level(void)
{
    at_each_level(pieces);
}

enum { JOBS = 1000 };

static size_t batch_length(unsigned kind, size_t i)
{
    switch (kind) {
    case 0:
        return 64;
    case 1:
        return 1024;
    case 2:
        return i * 7919 % 1025;
    case 3:
        return i * 104729 % 17500; /* some longer than what goes through one lane */
    default:
        return i % 5 * 1024 + (i % 3 == 0); /* chunks, with a byte more or not */
    }
}

static void check_batch(unsigned kind, size_t n)
{
    static struct head2_blake3_job jobs[JOBS];
    static uint8_t out[JOBS + 1][32];
    uint8_t want[32];

    memset(out, 0x5a, sizeof out);
    for (size_t i = 0; i < n; i++) {
        const size_t len = batch_length(kind, i);
        jobs[i].in = len == 0 ? NULL : input + i * 37;
        jobs[i].len = len;
        jobs[i].out = out[i];
    }
    head2_blake3_batch(jobs, n);
    for (size_t i = 0; i < n; i++) {
        portable(want, jobs[i].in, jobs[i].len);
        CHECK_SAY(memcmp(want, out[i], 32) == 0, "%s: batch of %zu, kind %u: %zu, %zu bytes",
                  cpu_isa_name(cpu_isa()), n, kind, i, jobs[i].len);
    }
    memset(want, 0x5a, sizeof want);
    CHECK_MEM(out[n], want, 32);
}

static void batches(void)
{
    static const size_t sizes[] = {0, 1, 2, 7, 8, 9, 15, 16, 17, 33, JOBS};

    for (unsigned kind = 0; kind < 5; kind++)
        for (size_t i = 0; i < HEAD2_LEN(sizes); i++)
            check_batch(kind, sizes[i]);
}

static void batches_at_every_level(void)
{
    at_each_level(batches);
    cpu_limit(CPU_PORTABLE);
    batches();
    cpu_limit(CPU_AVX512);
}

/* Calls the tasks in the wrong order, which any number of threads may. */
static size_t tasks_run;

static void backwards(void *pool, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
    CHECK(pool == &tasks_run);
    while (n-- > 0) {
        task(arg, n);
        tasks_run++;
    }
}

static void check_parallel(size_t first, size_t second)
{
    const struct head2_runner runner = {.run = backwards, .pool = &tasks_run};
    struct head2_blake3 ctx;
    uint8_t want[32], got[32];

    head2_blake3(want, input, first + second);
    head2_blake3_init(&ctx);
    head2_blake3_update(&ctx, input, first);
    head2_blake3_update_parallel(&ctx, input + first, second, &runner);
    head2_blake3_final(&ctx, got, 32, 0);
    CHECK_SAY(memcmp(want, got, 32) == 0, "%zu bytes, then %zu in parallel", first, second);
    head2_blake3_init(&ctx);
    head2_blake3_update_parallel(&ctx, input, first, &runner);
    head2_blake3_update_parallel(&ctx, input + first, second, &runner);
    head2_blake3_final(&ctx, got, 32, 0);
    CHECK_SAY(memcmp(want, got, 32) == 0, "%zu and %zu bytes in parallel", first, second);
}

static void parallel_is_serial(void)
{
    static const size_t firsts[] = {0, 1, 1023, 1024, 1025, 2048, 262143, 262144, 262145, 263168};
    static const size_t edges[] = {0, 1024, 262144, 524288, 1048576, 2097152};

    tasks_run = 0;
    for (size_t i = 0; i < HEAD2_LEN(firsts); i++)
        for (size_t j = 0; j < HEAD2_LEN(edges); j++)
            for (size_t by = 0; by < 3; by++)
                if (edges[j] + by >= 1)
                    check_parallel(firsts[i], edges[j] + by - 1);
    CHECK(tasks_run > 100);
}

/* ---- kernels that are wrong ---- */

static struct blake3_kernels planted;

static void wrong_run(uint32_t cv[8], const struct blake3_run *r)
{
    blake3_kernels_portable.run(cv, r);
    cv[7] ^= r->blocks == 3 ? 0x80000000 : 0;
}

static void wrong_output(uint32_t out[16], const uint32_t cv[8], const struct blake3_run *r)
{
    blake3_kernels_portable.output(out, cv, r);
    out[15]++;
}

static void wrong_lane(struct blake3_lanes *l, unsigned lanes, size_t blocks)
{
    blake3_kernels_portable.lanes(l, lanes, blocks);
    if (lanes == 11)
        l->cv[3][10] ^= 1;
}

static void short_counter(struct blake3_lanes *l, unsigned lanes, size_t blocks)
{
    l->counter[1][0] = 0;
    blake3_kernels_portable.lanes(l, lanes, blocks);
}

static void wrong_store(uint8_t out[][32], const struct blake3_lanes *l, unsigned lanes)
{
    blake3_kernels_portable.store(out, l, lanes);
    if (lanes == BLAKE3_LANES)
        out[15][31] ^= 1;
}

static void plant(void)
{
    planted = blake3_kernels_portable;
    planted.width = BLAKE3_LANES;
}

static void wrong_kernels_are_refused(void)
{
    plant();
    CHECK(blake3_kernels_agree(&planted, &blake3_kernels_portable));
    for (unsigned level = 0; level < CPU_LEVELS && level <= cpu_isa(); level++)
        CHECK(blake3_kernels_agree(tables[level], &blake3_kernels_portable));
    planted.run = wrong_run;
    CHECK(!blake3_kernels_agree(&planted, &blake3_kernels_portable));
    plant();
    planted.output = wrong_output;
    CHECK(!blake3_kernels_agree(&planted, &blake3_kernels_portable));
    plant();
    planted.lanes = wrong_lane;
    CHECK(!blake3_kernels_agree(&planted, &blake3_kernels_portable));
    plant();
    planted.lanes = short_counter;
    CHECK(!blake3_kernels_agree(&planted, &blake3_kernels_portable));
    plant();
    planted.store = wrong_store;
    CHECK(!blake3_kernels_agree(&planted, &blake3_kernels_portable));
}

int main(void)
{
    RUN(fill);
    RUN(every_length_at_every_level);
    RUN(pieces_at_every_level);
    RUN(batches_at_every_level);
    RUN(parallel_is_serial);
    RUN(wrong_kernels_are_refused);
    free(input);
    CHECK_EXIT();
}
