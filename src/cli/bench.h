/*
 * What head2 bench is made of:
 *
 *     bench_measure.c  timing: slices, preemption, the yardstick, one result for each row
 *     bench_rows.c     hashes
 *     bench_entropy.c  generators, and the sources that they rest on
 *     bench_kem.c      ML-KEM: single calls, prepared keys, batches
 *     bench_dsa.c      ML-DSA: the same
 *     bench_link.c     packets, handshakes, streams
 *     bench_fleet.c    a gateway with 10,000 sessions
 *     bench_udp.c      packets through sockets, beside the same without a session
 *     bench_report.c   tables, JSON, comparison with an earlier run, Markdown and SVG
 *
 * The yardstick is the time that libcrypto's SHAKE128 takes for 16 KiB of output. It is measured
 * in turn with each row, so that the quotient holds on other machines and while neighbours load
 * this one.
 */
#ifndef HEAD2_CLI_BENCH_H
#define HEAD2_CLI_BENCH_H

#include "cli/cli.h"
#include "cpu/cpu.h"

enum { BENCH_MAX_ROWS = 512, BENCH_NAME = 48 };

struct bench_result {
    char name[BENCH_NAME];
    char isa[16];
    uint32_t samples; /* calls that were timed */
    double us;        /* of one operation: the median, or the mean where the time is not constant */
    double p50, p90, p99, mean;
    double cycles;     /* 0: the clock of this processor cannot be calibrated */
    double yardsticks; /* us by the yardstick's time in the same run */
    double bytes;      /* handled by one operation; 0 where that says nothing */
    const char *unit;  /* of a figure of its own, or NULL */
    double extra;
};

struct bench {
    struct cli *cli;
    double budget;       /* seconds for one row */
    const char *only;    /* NULL: all rows */
    const char *highest; /* the highest level that is measured */
    const char *aead;    /* who computes AES-GCM there */
    bool quiet;          /* collect only */
    enum head2_status st;
    bool headed, matched;
    double *sample; /* of the row at hand, microseconds of one call */
    uint32_t n;
    struct bench_result *results;
    uint32_t n_results;
    json_t *earlier; /* NULL, or what bench_read_earlier has read */
};

typedef enum head2_status bench_operation(void *arg);

struct bench_row {
    const char *name;
    bench_operation *op;
    void *arg;
    unsigned items;   /* operations in one call, 1 for a single one */
    double bytes;     /* handled by one operation, for cycles a byte; or 0 */
    bool by_mean;     /* the time varies by nature (signing): the mean counts, of many calls */
    const char *unit; /* of a figure of its own: amount in a microsecond; or NULL */
    double amount;    /* of one operation */
};

HEAD2_CHECK enum head2_status bench_open(struct bench *b);
void bench_close(struct bench *b);
/* Whether --only names this row. */
bool bench_wants(struct bench *b, const char *name);
/* Time one row; b->st says if the operation failed. */
void bench_measure(struct bench *b, const struct bench_row *row);
/* A row from samples that the caller has timed, items operations each. */
void bench_add(struct bench *b, const struct bench_row *row, const char *unit, double extra);
double bench_now_us(void);
/* Sorts them. */
double bench_median(double *v, size_t n);
enum { BENCH_MAX_SAMPLES = 200000 };

void bench_primitives(struct bench *b);
void bench_random(struct bench *b);
/* First of all, while nobody has asked for randomness: it measures that. */
void bench_entropy(struct bench *b);
void bench_kem(struct bench *b);
void bench_signatures(struct bench *b);
void bench_link(struct bench *b);
void bench_udp(struct bench *b);
void bench_fleet(struct bench *b);
void bench_simulator(struct bench *b);

/* The heading above the first row, and a row. */
void bench_print(struct bench *b, const struct bench_result *r);
json_t *bench_json(const struct bench *b);
/* Read the JSON of an earlier run, before anything is measured. Exit code. */
int bench_read_earlier(struct bench *b, const char *file);
/* Compare with it. Exit code: CLI_FAILED when a row is slower, in yardsticks, by more than
 * tolerance percent. */
int bench_compare(struct bench *b, const char *file, double tolerance);
/* Write the table into folder/performance.md, between its marks, and folder/performance.svg. */
int bench_report(struct bench *b, const char *folder);

#endif
