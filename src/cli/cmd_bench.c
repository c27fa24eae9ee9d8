/*
 * head2 bench: what the primitives, packets, handshakes and streams cost on this machine, one core.
 * Each operation is timed by itself; the table shows its median and percentiles.
 */
#include "cli/bench_ends.h"
#include "cli/verbs.h"

#include <head2/version.h>

#include <openssl/crypto.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES_MAX 200000

struct bench {
    struct cli *cli;
    double *sample; /* microseconds */
    uint32_t n;
    double budget; /* seconds for one row */
    const char *only;
    json_t *rows;
    enum head2_status st;
    bool headed;  /* the table's heading is printed */
    bool matched; /* some row is named by --only */
};

static double now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec * 1e-3;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(const struct bench *b, double p)
{
    return b->sample[(uint32_t)((double)(b->n - 1) * p)];
}

static bool wanted(struct bench *b, const char *name)
{
    bool yes = b->only == NULL || strncmp(name, b->only, strlen(b->only)) == 0;
    b->matched = b->matched || yes;
    return yes;
}

static const char *crypto_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}

/* Above the first row: where there is none, nothing is printed but the error. */
static void heading(struct bench *b)
{
    if (b->headed)
        return;
    b->headed = true;
    cli_print(b->cli, "isa: portable C (head2 %s); AES-GCM: libcrypto %s; one core\n",
              head2_version(), crypto_version());
    cli_print(b->cli, "%-30s %10s %10s %10s %12s\n", "", "median us", "p90 us", "p99 us",
              "per second");
}

/* One row from the samples collected; extra: NULL, or a figure of its own with its unit. */
static void row(struct bench *b, const char *name, const char *extra_unit, double extra)
{
    double sum = 0;

    for (uint32_t i = 0; i < b->n; i++)
        sum += b->sample[i];
    qsort(b->sample, b->n, sizeof *b->sample, by_value);
    double per_s = 1e6 * b->n / sum;
    if (b->cli->json) {
        json_t *o =
            json_pack("{s:s,s:I,s:f,s:f,s:f,s:f}", "name", name, "samples", (json_int_t)b->n,
                      "median_us", percentile(b, 0.5), "p90_us", percentile(b, 0.9), "p99_us",
                      percentile(b, 0.99), "per_second", per_s);
        if (extra_unit != NULL)
            json_object_set_new(o, extra_unit, json_real(extra));
        json_array_append_new(b->rows, o);
        return;
    }
    heading(b);
    cli_print(b->cli, "%-30s %10.2f %10.2f %10.2f %12.0f", name, percentile(b, 0.5),
              percentile(b, 0.9), percentile(b, 0.99), per_s);
    if (extra_unit != NULL)
        cli_print(b->cli, "   %.1f %s", extra, extra_unit);
    cli_print(b->cli, "\n");
}

typedef enum head2_status operation(void *arg);

static void measure(struct bench *b, const char *name, operation *op, void *arg)
{
    if (!wanted(b, name) || b->st != HEAD2_OK)
        return;
    double end = now_us() + b->budget * 1e6;
    b->st = op(arg); /* the first is not counted: it warms caches */
    for (b->n = 0; b->n < SAMPLES_MAX && b->st == HEAD2_OK;) {
        double begin = now_us();
        b->st = op(arg);
        double done = now_us();
        b->sample[b->n++] = done - begin;
        if (done > end && b->n >= 20)
            break;
    }
    if (b->st == HEAD2_OK)
        row(b, name, NULL, 0);
}

/* ---- primitives ---- */

struct key_bench {
    enum head2_alg alg;
    struct head2_key *key;
    uint8_t msg[64];
    uint8_t out[HEAD2_KEY_MAX_SIG];
    size_t len;
    uint64_t count;
};

static enum head2_status generate(void *arg)
{
    struct key_bench *k = arg;
    head2_key_free(k->key);
    return head2_key_generate(&k->key, k->alg);
}

static enum head2_status sign(void *arg)
{
    struct key_bench *k = arg;
    put_be64(k->msg, k->count++);
    return head2_key_sign(k->key, k->out, &k->len, k->msg, sizeof k->msg, "bench", 5, false);
}

static enum head2_status verify(void *arg)
{
    struct key_bench *k = arg;
    return head2_key_verify(k->key, k->msg, sizeof k->msg, "bench", 5, k->out, k->len);
}

static enum head2_status encaps(void *arg)
{
    struct key_bench *k = arg;
    struct head2_secret32 ss;
    enum head2_status st = head2_key_encaps(k->key, k->out, &k->len, &ss);
    head2_wipe(&ss, sizeof ss);
    return st;
}

static enum head2_status decaps(void *arg)
{
    struct key_bench *k = arg;
    struct head2_secret32 ss;
    enum head2_status st = head2_key_decaps(k->key, &ss, k->out, k->len);
    head2_wipe(&ss, sizeof ss);
    return st;
}

static void bench_keys(struct bench *b)
{
    static const enum head2_alg algs[] = {HEAD2_MLKEM_512, HEAD2_MLKEM_768, HEAD2_MLKEM_1024,
                                          HEAD2_MLDSA_44,  HEAD2_MLDSA_65,  HEAD2_MLDSA_87};

    for (size_t i = 0; i < HEAD2_LEN(algs) && b->st == HEAD2_OK; i++) {
        struct key_bench k = {.alg = algs[i]};
        char name[64];
        bool sig = head2_alg_is_signature(algs[i]);
        static const struct {
            const char *name;
            operation *op;
        } ops[2][3] = {
            {{"keygen", generate}, {"encaps", encaps}, {"decaps", decaps}},
            {{"keygen", generate}, {"sign", sign},     {"verify", verify}}
        };
        b->st = generate(&k);
        if (b->st == HEAD2_OK)
            b->st = ops[sig][1].op(&k); /* verify and decaps need something to work on */
        for (unsigned o = 0; o < 3; o++) {
            snprintf(name, sizeof name, "%s %s", head2_alg_name(algs[i]), ops[sig][o].name);
            if (o == 2 && b->st == HEAD2_OK)
                b->st = ops[sig][1].op(&k);
            measure(b, name, ops[sig][o].op, &k);
        }
        head2_key_free(k.key);
    }
}

/* ---- packets and handshakes ---- */

static enum head2_status handshake(void *arg)
{
    return bench_pair_handshake(arg);
}

/* Seal at the drone, open at the gateway; the two are timed apart. */
static bool one_packet(struct bench_pair *p, const uint8_t *plain, size_t len, double *seal,
                       double *open)
{
    struct head2_session_packets out;
    struct head2_session_data data;

    bench_pair_pump(p);
    double a = now_us();
    if (head2_session_send(p->drone.s, p->now, p->drone.peer, 1, plain, len, &out) != HEAD2_OK) {
        p->lost++;
        return false;
    }
    double c = now_us();
    for (uint32_t i = 0; i < out.n; i++) {
        head2_session_input(p->gateway.s, p->now, &p->drone.addr, out.bytes[i], out.len[i], &data);
        p->delivered += data.bytes != NULL && data.len == len;
    }
    *open = now_us() - c;
    *seal = c - a;
    return true;
}

static void bench_packets(struct bench *b, struct bench_pair *p)
{
    static const size_t sizes[] = {64, 256, 1172};
    static uint8_t plain[1172];
    double *opens = calloc(SAMPLES_MAX, sizeof *opens);
    char name[64];

    if (opens == NULL)
        b->st = HEAD2_E_MEMORY;
    for (size_t i = 0; i < HEAD2_LEN(sizes) && b->st == HEAD2_OK && wanted(b, "packet seal"); i++) {
        double end = now_us() + b->budget * 1e6;
        for (b->n = 0; b->n < SAMPLES_MAX && now_us() < end;) {
            if (b->n % 1000 == 0)
                bench_pair_tick(p, p->now + 50000);
            b->n += one_packet(p, plain, sizes[i], &b->sample[b->n], &opens[b->n]);
        }
        uint32_t n = b->n;
        double total = 0;
        for (uint32_t k = 0; k < n; k++)
            total += b->sample[k] + opens[k];
        snprintf(name, sizeof name, "packet seal %zu", sizes[i]);
        row(b, name, NULL, 0);
        memcpy(b->sample, opens, n * sizeof *opens);
        b->n = n;
        snprintf(name, sizeof name, "packet open %zu", sizes[i]);
        row(b, name, "Mbit/s, seal and open", (double)(sizes[i] + 28) * 8 * n / total);
    }
    free(opens);
}

/* A paced stream: latency of seal and open together, and what share of a core it takes. */
static void bench_stream(struct bench *b, struct bench_pair *p, const char *name, double mbit)
{
    static uint8_t plain[1172];
    double gap = 1200 * 8 / mbit; /* microseconds between packets */
    double begin, busy = 0;
    uint64_t base = p->now, delivered = p->delivered;

    if (!wanted(b, name) || b->st != HEAD2_OK)
        return;
    begin = now_us();
    for (b->n = 0; b->n < SAMPLES_MAX && now_us() < begin + 2e6;) {
        double due = begin + b->n * gap, seal, open, start;
        while (now_us() < due)
            if (due - now_us() > 200)
                usleep(100);
        start = now_us();
        bench_pair_tick(p, base + (uint64_t)(start - begin));
        if (!one_packet(p, plain, sizeof plain, &seal, &open))
            continue;
        busy += now_us() - start;
        b->sample[b->n++] = seal + open;
    }
    double core = 100 * busy / (now_us() - begin);
    if (p->delivered - delivered != b->n) /* each exactly once, across every rotation */
        b->st = HEAD2_E_VERIFY;
    else
        row(b, name, "% of a core, both ends", core);
}

int cmd_bench(struct cli *cli)
{
    struct bench b = {.cli = cli,
                      .budget = (double)cli_number(cli, "ms", 300) / 1000,
                      .only = cli_string(cli, "only"),
                      .rows = json_array(),
                      .sample = calloc(SAMPLES_MAX, sizeof *b.sample)};
    struct bench_pair pair;

    if (b.sample == NULL || b.rows == NULL)
        return cli_fail(cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    bench_keys(&b);
    if (b.st == HEAD2_OK)
        b.st = bench_pair_open(&pair);
    if (b.st == HEAD2_OK) {
        measure(&b, "handshake, both ends", handshake, &pair);
        bench_packets(&b, &pair);
        bench_stream(&b, &pair, "stream O3, 32 Mbit/s", 32);
        bench_stream(&b, &pair, "stream O4, 48 Mbit/s", 48);
        bench_pair_close(&pair);
    }
    free(b.sample);
    if (b.st != HEAD2_OK) {
        json_decref(b.rows);
        return cli_fail(cli, cli_status_exit(b.st), "bench", NULL, "%s", head2_status_string(b.st));
    }
    if (!b.matched) {
        json_decref(b.rows);
        return cli_fail(cli, CLI_USAGE, "--only", "see the names that head2 bench prints",
                        "no row begins with '%s'", b.only);
    }
    if (cli->json)
        cli_print_json(cli,
                       json_pack("{s:s,s:s,s:s,s:o}", "isa", "portable", "version", head2_version(),
                                 "libcrypto", crypto_version(), "rows", b.rows));
    else
        json_decref(b.rows);
    return CLI_DONE;
}
