/*
 * The ledger as a daemon has it, while artifacts are signed: clients sign a message each with
 * ML-DSA-87, bring the receipt to the ledger's socket and wait until it is durable. The ledger's
 * owner appends what has gathered, and signs a checkpoint of 64 entries or after 250 ms.
 *
 *     bench-notary [--folder DIR] [--seconds N] [--rate N] [--clients N]
 *
 * --rate receipts a second (default 500) arrive, evenly, at the clients (default 8) in turn. An
 * entry's time is from when it should have arrived to its being durable, so that a stall counts for
 * all that it holds up. The folder (default: bench-notary) is left there.
 */
#include "gateway/notary.h"
#include "artifact/utc.h"
#include "gateway/ledger_door.h"

#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CLIENTS_MAX 64

static uint64_t seconds = 10, rate = 500, clients = 8;
static const char *folder = "bench-notary";
static struct head2_key *key;
static double begin_s, *took_ms;

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what, const struct ledger_fault *fault)
{
    fprintf(stderr, "bench-notary: %s: %s %s\n", what, fault != NULL ? fault->where : "",
            fault != NULL ? fault->what : "");
    exit(1);
}

static void wait_until(double t)
{
    const double left = t - now_s();

    if (left > 0)
        nanosleep(&(struct timespec){(time_t)left, (long)((left - (double)(time_t)left) * 1e9)},
                  NULL);
}

static void bring(uint64_t number)
{
    char text[RECEIPT_FORWARD_MAX], name[64];
    uint8_t sig[HEAD2_KEY_MAX_SIG], message[160] = {0};
    size_t len = sizeof text, sig_len;
    struct ledger_fault fault;

    memcpy(message, &number, sizeof number);
    if (head2_key_sign(key, sig, &sig_len, message, sizeof message, "bench", 5, false) != HEAD2_OK)
        fail("cannot sign", NULL);
    snprintf(name, sizeof name, "track-%llu.gpx", (unsigned long long)number);
    const struct receipt_signature what = {
        number,     utc_now(),   name,
        "detached", "blake3:00", "application/gpx+xml",
        "bench",    "ML-DSA-87", "00000000000000000000000000000000",
        NULL};
    if (receipt_text_signature(&what, text, &len) != HEAD2_OK)
        fail("no text", NULL);
    struct ledger_entry e = {.kind = RECEIPT_SIGNATURE,
                             .subject = what.key_id,
                             .number = number,
                             .text = text,
                             .text_len = len};
    if (door_send(folder, &e, 1, &fault) != HEAD2_OK)
        fail("not recorded", &fault);
}

static void *client(void *arg)
{
    for (uint64_t i = *(const uint64_t *)arg; i < seconds * rate; i += clients) {
        const double due = begin_s + (double)i / (double)rate;
        wait_until(due);
        bring(i);
        took_ms[i] = 1000 * (now_s() - due);
    }
    return NULL;
}

static void no_change(void *arg, const struct notary_report *report)
{
    (void)arg;
    (void)report;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void take_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"folder",  required_argument, NULL, 'f'},
        {"seconds", required_argument, NULL, 's'},
        {"rate",    required_argument, NULL, 'r'},
        {"clients", required_argument, NULL, 'c'},
        {NULL,      0,                 NULL, 0  }
    };
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (c == 'f')
            folder = optarg;
        else if (c == 's')
            seconds = strtoull(optarg, NULL, 10);
        else if (c == 'r')
            rate = strtoull(optarg, NULL, 10);
        else if (c == 'c')
            clients = strtoull(optarg, NULL, 10);
        else
            exit(2);
    }
    if (seconds == 0 || rate == 0 || clients == 0 || clients > CLIENTS_MAX)
        fail("numbers from 1 on, and at most 64 clients", NULL);
}

int main(int argc, char **argv)
{
    pthread_t threads[CLIENTS_MAX];
    uint64_t numbers[CLIENTS_MAX];
    struct notary_report report;
    struct ledger_fault fault;
    struct notary *n;
    uv_loop_t loop;

    take_options(argc, argv);
    const size_t count = (size_t)(seconds * rate);
    took_ms = calloc(count, sizeof *took_ms);
    if (took_ms == NULL || uv_loop_init(&loop) != 0 ||
        head2_key_generate(&key, HEAD2_MLDSA_87) != HEAD2_OK || head2_key_prepare(key) != HEAD2_OK)
        fail("cannot begin", NULL);
    const struct notary_options options = {.folder = folder,
                                           .key = key,
                                           .signer = artifact_signer_of_key(key, false),
                                           .without = artifact_signer_of_key(key, true),
                                           .batch = 64,
                                           .interval_ms = 250,
                                           .retry_ms = 1000,
                                           .changed = no_change};
    if (notary_start(&n, &loop, &options, &fault) != HEAD2_OK)
        fail("cannot start", &fault);
    begin_s = now_s() + 0.1;
    for (uint64_t i = 0; i < clients; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, client, &numbers[i]) != 0)
            fail("no thread", NULL);
    }
    for (uint64_t i = 0; i < clients; i++)
        pthread_join(threads[i], NULL);
    const double took = now_s() - begin_s;
    notary_stop(n, 5000, &report);
    uv_run(&loop, UV_RUN_DEFAULT);
    notary_free(n);
    uv_loop_close(&loop);
    head2_key_free(key);
    qsort(took_ms, count, sizeof *took_ms, by_value);
    printf("%zu signed and durable in %.1f s, %.0f/s; %llu in the ledger, %llu of them signed\n",
           count, took, (double)count / took, (unsigned long long)report.size,
           (unsigned long long)report.is_signed);
    printf(
        "arrival to durable           median %.2f ms, p99 %.2f ms, p99.9 %.2f ms, most %.2f ms\n",
        took_ms[count / 2], took_ms[count * 99 / 100], took_ms[count * 999 / 1000],
        took_ms[count - 1]);
    free(took_ms);
    return 0;
}
