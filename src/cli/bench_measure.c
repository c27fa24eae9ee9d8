/*
 * Timing. A row is measured in slices of a millisecond or two; between them the yardstick is timed
 * and the core's clock is taken. A slice in which the scheduler took the core away is thrown away.
 */
#include "cli/bench.h"

#include <math.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { YARDSTICK_BYTES = 16384, SLICE_US = 1500, MAX_SLICES = 4096, MIN_SIGNATURES = 5000 };

double bench_now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec * 1e-3;
}

enum head2_status bench_open(struct bench *b)
{
    b->sample = calloc(BENCH_MAX_SAMPLES, sizeof *b->sample);
    b->results = calloc(BENCH_MAX_ROWS, sizeof *b->results);
    return b->sample != NULL && b->results != NULL ? HEAD2_OK : HEAD2_E_MEMORY;
}

void bench_close(struct bench *b)
{
    free(b->sample);
    free(b->results);
    json_decref(b->earlier);
}

bool bench_wants(struct bench *b, const char *name)
{
    bool yes = b->only == NULL || strncmp(name, b->only, strlen(b->only)) == 0;
    b->matched = b->matched || yes;
    return yes;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_value);
    return v[n / 2];
}

/* One yardstick, in microseconds; 0 when libcrypto has no SHAKE128. */
static double yardstick(void)
{
    static uint8_t out[YARDSTICK_BYTES];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    double us = 0;

    if (ctx != NULL && EVP_DigestInit_ex(ctx, EVP_shake128(), NULL) == 1 &&
        EVP_DigestUpdate(ctx, "yardstick", 9) == 1) {
        const double begin = bench_now_us();
        if (EVP_DigestFinalXOF(ctx, out, sizeof out) == 1)
            us = bench_now_us() - begin;
    }
    EVP_MD_CTX_free(ctx);
    return us;
}

/* The core's clock in MHz, from a chain of multiplications, which take three cycles each on every
 * x86-64 core of the last fifteen years; 0 where no such thing is known. */
static double core_mhz(void)
{
#if defined(__x86_64__)
    enum { STEPS = 8000, LATENCY = 3 };
    uint64_t x = 1;
    const double begin = bench_now_us();
    for (unsigned i = 0; i < STEPS / 8; i++)
        for (unsigned k = 0; k < 8; k++)
            __asm__ volatile("imul $3, %0, %0" : "+r"(x));
    return STEPS * LATENCY / (bench_now_us() - begin);
#else
    return 0;
#endif
}

static long switches(void)
{
    struct rusage u;
    getrusage(RUSAGE_THREAD, &u);
    return u.ru_nivcsw + u.ru_nvcsw;
}

static double percentile(const struct bench *b, double p)
{
    return b->sample[(uint32_t)((double)(b->n - 1) * p)];
}

static void summarise(struct bench *b, const struct bench_row *row, double yard, double mhz,
                      const char *unit, double extra)
{
    struct bench_result *r;
    const unsigned items = row->items != 0 ? row->items : 1;
    double sum = 0;

    if (b->n == 0 || b->n_results == BENCH_MAX_ROWS)
        return;
    r = &b->results[b->n_results++];
    for (uint32_t i = 0; i < b->n; i++)
        sum += b->sample[i];
    qsort(b->sample, b->n, sizeof *b->sample, by_value);
    *r = (struct bench_result){
        .samples = b->n,
        .p50 = percentile(b, 0.5) / items,
        .p90 = percentile(b, 0.9) / items,
        .p99 = percentile(b, 0.99) / items,
        .mean = sum / b->n / items,
        .bytes = row->bytes,
        .unit = unit,
        .extra = extra,
    };
    snprintf(r->name, sizeof r->name, "%s", row->name);
    snprintf(r->isa, sizeof r->isa, "%s", cpu_isa_name(cpu_isa()));
    r->us = row->by_mean ? r->mean : r->p50;
    if (row->amount > 0)
        r->extra = row->amount / r->us;
    r->cycles = r->us * mhz;
    r->yardsticks = yard > 0 ? r->us / yard : 0;
    if (!b->quiet)
        bench_print(b, r);
}

/* Calls until the slice is full; false when the core was taken away meanwhile. */
static bool run_slice(struct bench *b, const struct bench_row *row)
{
    const uint32_t first = b->n;
    const long before = switches();
    double begin = bench_now_us();
    const double end = begin + SLICE_US;

    while (begin < end && b->n < BENCH_MAX_SAMPLES && b->st == HEAD2_OK) {
        b->st = row->op(row->arg);
        const double done = bench_now_us();
        b->sample[b->n++] = done - begin;
        begin = done;
    }
    if (switches() == before || b->n - first < 2) /* a call longer than a slice is kept */
        return true;
    b->n = first;
    return false;
}

void bench_measure(struct bench *b, const struct bench_row *row)
{
    static double yards[MAX_SLICES], clocks[MAX_SLICES];
    const unsigned items = row->items != 0 ? row->items : 1;
    const uint32_t enough = row->by_mean ? MIN_SIGNATURES / items + 1 : 20;
    unsigned slices = 0;

    if (b->st != HEAD2_OK || !bench_wants(b, row->name))
        return;
    b->st = row->op(row->arg); /* the first is not counted: it warms caches */
    b->n = 0;
    const double begin = bench_now_us();
    while (b->st == HEAD2_OK && slices < MAX_SLICES && b->n < BENCH_MAX_SAMPLES) {
        const double spent = (bench_now_us() - begin) * 1e-6;
        if ((spent > b->budget && b->n >= enough) || (spent > 20 * b->budget + 2 && b->n >= 20))
            break;
        yards[slices] = yardstick();
        clocks[slices] = core_mhz();
        run_slice(b, row);
        slices++;
    }
    if (b->st == HEAD2_OK)
        summarise(b, row, bench_median(yards, slices), bench_median(clocks, slices), row->unit, 0);
}

void bench_add(struct bench *b, const struct bench_row *row, const char *unit, double extra)
{
    double yards[15], clocks[15];

    for (unsigned i = 0; i < HEAD2_LEN(yards); i++) {
        yards[i] = yardstick();
        clocks[i] = core_mhz();
    }
    summarise(b, row, bench_median(yards, HEAD2_LEN(yards)),
              bench_median(clocks, HEAD2_LEN(clocks)), unit, extra);
}
