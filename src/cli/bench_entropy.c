/*
 * Rows of head2 bench for randomness: what generators put out, and the entropy that it rests on.
 * One without the other says little: both are always printed.
 */
#include "cli/bench.h"

#include <head2/entropy.h>
#include <head2/random.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BULK = 65536, SAMPLES = 512, STARTS = 31, DRAWS = 10 };

static enum head2_status ask_for(enum head2_entropy_policy policy, enum head2_entropy_reseed reseed,
                                 enum head2_generator generator)
{
    return head2_entropy_configure(
        &(struct head2_entropy_config){.policy = policy, .reseed = reseed, .generator = generator});
}

/* Several at a time: the clock takes as long as a fifth of one. */
static enum head2_status draw_32(void *arg)
{
    enum head2_status st = HEAD2_OK;

    for (unsigned i = 0; i < DRAWS && st == HEAD2_OK; i++)
        st = head2_random(arg, 32);
    return st;
}

static enum head2_status draw_bulk(void *arg)
{
    return head2_random(arg, BULK);
}

static enum head2_status draw_key(void *arg)
{
    return head2_random_key(arg, 32);
}

/* ---- output ---- */

static void bulk(struct bench *b, const char *name, uint8_t *out)
{
    bench_measure(b, &(struct bench_row){.name = name,
                                         .op = draw_bulk,
                                         .arg = out,
                                         .bytes = BULK,
                                         .unit = "Gbit/s (published: 1.8)",
                                         .amount = 8.0 * BULK / 1000});
}

void bench_random(struct bench *b)
{
    static uint8_t out[BULK];

    if (b->st == HEAD2_OK)
        b->st = ask_for(HEAD2_ENTROPY_AUTO, HEAD2_RESEED_90A, HEAD2_GENERATOR_CTR_DRBG);
    bench_measure(
        b, &(struct bench_row){
               .name = "random, 32 bytes", .op = draw_32, .arg = out, .items = DRAWS, .bytes = 32});
    bulk(b, "random, 64 KiB", out);
    if (b->st == HEAD2_OK)
        b->st = head2_entropy_configure(NULL);
    bulk(b, "random, 64 KiB, strict", out);
    bench_measure(b, &(struct bench_row){
                         .name = "random key of 32 bytes, fresh", .op = draw_key, .arg = out});
}

/* ---- what it rests on ---- */

static enum head2_status take_samples(void *arg)
{
    uint8_t samples[SAMPLES];
    size_t n, done = 0;
    enum head2_status st = HEAD2_OK;

    for (unsigned tries = 0; st == HEAD2_OK && done < SAMPLES && tries < 1000; tries++) {
        n = SAMPLES - done;
        st = head2_entropy_read(arg, samples + done, &n);
        done += n;
    }
    return st == HEAD2_OK && done < SAMPLES ? HEAD2_E_ENTROPY : st;
}

static void supplies(struct bench *b)
{
    struct head2_entropy_info info;

    head2_entropy_info(&info);
    for (unsigned i = 0; i < info.n; i++) {
        struct head2_entropy_source_info *s = &info.source[i];
        char name[BENCH_NAME];
        if (s->state != HEAD2_ENTROPY_GOOD || s->credit <= 0)
            continue;
        snprintf(name, sizeof name, "entropy of %s, 512 samples", s->name);
        bench_measure(b, &(struct bench_row){.name = name,
                                             .op = take_samples,
                                             .arg = s->name,
                                             .unit = "Mbit/s credited",
                                             .amount = SAMPLES * s->credit});
    }
}

/* ---- cold start ---- */

/* In the child, which nobody has asked for randomness before. */
static void start_and_tell(enum head2_entropy_policy policy, int to)
{
    uint8_t out[32];
    const double begin = bench_now_us();
    enum head2_status st = ask_for(policy, HEAD2_RESEED_STRICT, HEAD2_GENERATOR_CTR_DRBG);

    if (st == HEAD2_OK)
        st = head2_random(out, sizeof out);
    const double us = bench_now_us() - begin;
    _exit(st == HEAD2_OK && write(to, &us, sizeof us) == (ssize_t)sizeof us ? 0 : 1);
}

static bool one_start(enum head2_entropy_policy policy, double *us)
{
    int fd[2], status = -1;

    if (pipe(fd) != 0)
        return false;
    const pid_t child = fork();
    if (child == 0)
        start_and_tell(policy, fd[1]);
    close(fd[1]);
    const bool told = child > 0 && read(fd[0], us, sizeof *us) == (ssize_t)sizeof *us;
    close(fd[0]);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return told && status == 0;
}

static void cold_start(struct bench *b, const char *name, enum head2_entropy_policy policy)
{
    if (b->st != HEAD2_OK || !bench_wants(b, name))
        return;
    b->n = 0;
    while (b->n < STARTS && one_start(policy, &b->sample[b->n]))
        b->n++;
    bench_add(b, &(struct bench_row){.name = name}, NULL, 0);
}

void bench_entropy(struct bench *b)
{
    static uint8_t out[BULK];
    uint8_t first[32];

    cold_start(b, "cold start, rule of two", HEAD2_ENTROPY_TWO);
    cold_start(b, "cold start, one source (fast)", HEAD2_ENTROPY_FAST);
    if (b->st == HEAD2_OK)
        b->st = head2_random(first, sizeof first);
    supplies(b);
    if (b->st == HEAD2_OK)
        b->st = ask_for(HEAD2_ENTROPY_AUTO, HEAD2_RESEED_90A, HEAD2_GENERATOR_XDRBG);
    bulk(b, "random, 64 KiB, XDRBG-256", out);
    if (b->st == HEAD2_OK)
        b->st = head2_entropy_configure(NULL);
}
