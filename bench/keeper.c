/*
 * What a keeper costs, against the same work in the asker's own process. Each round measures both,
 * one after the other; figures are medians of the rounds.
 *
 *     bench-keeper [--rounds N] [--seconds N] [--clients N] [--keys N]
 *
 * Clients (default 64) are threads of one process, each with a connection and one ML-DSA-87
 * signature under way; then 4 of them with 16 each, as a front or `head2 sign` asks; the other side
 * of the ratio is head2_key_sign_batch, 64 at a time, on the keeper's kind of thread. One signature
 * alone is one client that waits for each. Then a list of
 * --keys keys (default 10,000) is asked for, and a keeper of 1,000 keys is looked at from outside.
 * The keeper is confined and has its keys in memory: no disk is measured.
 */
#include "keeper/keeper.h"
#include "base/secmem.h"
#include "keeper/client.h"
#include "keeper/sandbox.h"
#include "keeper/unixsock.h"

#include <getopt.h>
#include <head2/random.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 120
#define ROUNDS_MAX  99
#define BATCH       64
#define MESSAGE     160
#define FEW         4
#define EACH        16

static uint64_t rounds = 5, clients = 64, keys = 10000;
static double seconds = 1;
static char folder[] = "/tmp/head2-bench-keeper-XXXXXX", socket_path[64];
static volatile sig_atomic_t keeper_stop;
static pid_t keeper_pid;

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    fprintf(stderr, "bench-keeper: %s\n", what);
    if (keeper_pid > 0)
        kill(keeper_pid, SIGTERM);
    exit(1);
}

/* ---- the keeper ---- */

static void on_term(int number)
{
    (void)number;
    keeper_stop = 1;
}

/* One that signs, and others of KEMs, which are quicker made. */
static void fill(struct ring *ring, size_t n)
{
    static const struct keeper_policy policy = {.purposes = KEEPER_MAY_ALL};
    struct ring_key *k;

    for (size_t i = 0; i < n; i++) {
        char label[32];
        const int len = snprintf(label, sizeof label, "%s %zu", i == 0 ? "signer" : "key", i);
        const enum head2_alg alg = i == 0 ? HEAD2_MLDSA_87 : HEAD2_MLKEM_1024;
        if (ring_generate(ring, &k, alg, (struct keeper_bytes){(const uint8_t *)label, (size_t)len},
                          &policy, (struct ring_time){0, 1}) != HEAD2_OK)
            _exit(1);
    }
}

static int keeper_main(int listener, size_t n)
{
    struct keeper_options o = {.listener = listener, .pair = -1, .stop = &keeper_stop};
    const struct sandbox box = {.folder = folder};
    struct keeper *k;
    const char *what;
    uint8_t byte;

    signal(SIGTERM, on_term);
    if (head2_random(&byte, 1) != HEAD2_OK || secmem_harden_process() != HEAD2_OK ||
        sandbox_enter(&box, &o.sandbox, &what) != HEAD2_OK || keeper_new(&k, &o) != HEAD2_OK)
        return 1;
    fill(keeper_ring(k), n);
    const enum head2_status st = keeper_run(k);
    keeper_free(k);
    return st == HEAD2_OK ? 0 : 1;
}

static void start(size_t n)
{
    const int listener = unixsock_listen(socket_path);

    if (listener < 0)
        fail("cannot listen");
    keeper_pid = fork();
    if (keeper_pid == 0)
        _exit(keeper_main(listener, n));
    close(listener);
    if (keeper_pid < 0)
        fail("no process");
}

static void stop(void)
{
    kill(keeper_pid, SIGTERM);
    waitpid(keeper_pid, NULL, 0);
    keeper_pid = 0;
}

static struct keeper_client *dial(void)
{
    struct keeper_client *c;

    if (keeper_client_open(&c, socket_path) != HEAD2_OK)
        fail("no keeper answers");
    return c;
}

static void ask(struct keeper_client *c, struct keeper_message *m, struct keeper_reply *reply)
{
    if (keeper_call(c, m, reply) != HEAD2_OK)
        fail(reply->why);
}

/* ---- signatures ---- */

static uint8_t signer[HEAD2_KEY_ID_BYTES];
static struct head2_key *own;
static atomic_bool over;

static void find_signer(struct keeper_client *c)
{
    struct keeper_message find = {
        .type = KEEPER_FIND, .label = {(const uint8_t *)"signer 0", 8}
    };
    struct keeper_reply reply;

    ask(c, &find, &reply);
    memcpy(signer, reply.m.key, sizeof signer);
    keeper_reply_free(&reply);
}

static void sign_one(struct keeper_client *c, uint64_t number)
{
    uint8_t sig[HEAD2_KEY_MAX_SIG], message[MESSAGE] = {0};
    size_t len;

    memcpy(message, &number, sizeof number);
    if (keeper_sign(c, sig, &len, signer, (struct keeper_bytes){message, sizeof message},
                    (struct keeper_bytes){(const uint8_t *)"bench", 5}, 0) != HEAD2_OK)
        fail("no signature");
}

static void sign_some(struct keeper_client *c, size_t n)
{
    uint8_t sigs[EACH][HEAD2_KEY_MAX_SIG], messages[EACH][MESSAGE] = {{0}};
    struct head2_key_sign_job jobs[EACH];
    struct keeper_message like = {
        .type = KEEPER_SIGN, .context = {(const uint8_t *)"bench", 5}
    };

    memcpy(like.key, signer, sizeof signer);
    for (size_t i = 0; i < n; i++) {
        messages[i][0] = (uint8_t)i;
        jobs[i] =
            (struct head2_key_sign_job){.msg = messages[i], .msg_len = MESSAGE, .sig = sigs[i]};
    }
    if (keeper_sign_many(c, jobs, n, &like) != HEAD2_OK)
        fail("no signatures");
}

struct client {
    pthread_t thread;
    size_t each; /* signatures at a time */
    struct keeper_client *c;
    uint64_t done;
};

static void *ask_on(void *arg)
{
    struct client *const a = arg;

    while (!atomic_load(&over)) {
        if (a->each == 1)
            sign_one(a->c, a->done);
        else
            sign_some(a->c, a->each);
        a->done += a->each;
    }
    return NULL;
}

/* Signatures a second of all clients together. */
static double through_the_keeper(struct client *all, uint64_t n, size_t each)
{
    uint64_t done = 0;
    const double begin = now_s();

    atomic_store(&over, false);
    for (uint64_t i = 0; i < n; i++) {
        all[i].done = 0;
        all[i].each = each;
        if (pthread_create(&all[i].thread, NULL, ask_on, &all[i]) != 0)
            fail("no thread");
    }
    nanosleep(
        &(struct timespec){(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)},
        NULL);
    atomic_store(&over, true);
    for (uint64_t i = 0; i < n; i++) {
        pthread_join(all[i].thread, NULL);
        done += all[i].done;
    }
    return (double)done / (now_s() - begin);
}

static double in_process(void)
{
    static uint8_t sigs[BATCH][HEAD2_KEY_MAX_SIG], messages[BATCH][MESSAGE];
    struct head2_key_sign_job jobs[BATCH];
    const double begin = now_s();
    uint64_t done = 0;

    while (now_s() - begin < seconds) {
        for (size_t i = 0; i < BATCH; i++) {
            memcpy(messages[i], &done, sizeof done);
            messages[i][20] = (uint8_t)i;
            jobs[i] =
                (struct head2_key_sign_job){.msg = messages[i], .msg_len = MESSAGE, .sig = sigs[i]};
        }
        if (head2_key_sign_batch(own, jobs, BATCH, "bench", 5, false) != HEAD2_OK)
            fail("cannot sign");
        done += BATCH;
    }
    return (double)done / (now_s() - begin);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return values[n / 2];
}

/* Microseconds of a question that is no work. */
static double round_trip(struct keeper_client *c)
{
    static double took[2000];
    struct keeper_message m = {.type = KEEPER_STATUS};
    struct keeper_reply reply;

    for (size_t i = 0; i < 2000; i++) {
        const double begin = now_s();
        ask(c, &m, &reply);
        took[i] = now_s() - begin;
        keeper_reply_free(&reply);
    }
    return 1e6 * median(took, 2000);
}

/* Microseconds of one signature after the other: of the keeper, and here. */
static void alone(struct keeper_client *c, double *there, double *here)
{
    static double took[2][2000];
    uint8_t sig[HEAD2_KEY_MAX_SIG], message[MESSAGE] = {0};
    size_t len;

    for (size_t i = 0; i < 2000; i++) {
        double begin = now_s();
        sign_one(c, i);
        took[0][i] = now_s() - begin;
        begin = now_s();
        memcpy(message, &i, sizeof i);
        if (head2_key_sign(own, sig, &len, message, sizeof message, "bench", 5, false) != HEAD2_OK)
            fail("cannot sign");
        took[1][i] = now_s() - begin;
    }
    *there = 1e6 * median(took[0], 2000);
    *here = 1e6 * median(took[1], 2000);
}

static void signatures(void)
{
    static struct client all[CLIENTS_MAX];
    static double rates[3][ROUNDS_MAX], ratio[2][ROUNDS_MAX], us[2][ROUNDS_MAX], more[ROUNDS_MAX],
        trips[ROUNDS_MAX];

    start(1);
    for (uint64_t i = 0; i < clients; i++)
        all[i].c = dial();
    find_signer(all[0].c);
    for (uint64_t i = 0; i < rounds; i++) {
        rates[0][i] = through_the_keeper(all, clients, 1);
        rates[1][i] = in_process();
        rates[2][i] = through_the_keeper(all, FEW < clients ? FEW : clients, EACH);
        ratio[0][i] = rates[0][i] / rates[1][i];
        ratio[1][i] = rates[2][i] / rates[1][i];
        alone(all[0].c, &us[0][i], &us[1][i]);
        more[i] = us[0][i] - us[1][i];
        trips[i] = round_trip(all[0].c);
    }
    printf("signatures of %llu clients      %.0f/s, in process %.0f/s: %.1f %%\n",
           (unsigned long long)clients, median(rates[0], rounds), median(rates[1], rounds),
           100 * median(ratio[0], rounds));
    printf("of %d clients, %d at a time      %.0f/s: %.1f %%\n", FEW, EACH,
           median(rates[2], rounds), 100 * median(ratio[1], rounds));
    printf("one after the other            %.1f us, in process %.1f us: %.1f us more\n",
           median(us[0], rounds), median(us[1], rounds), median(more, rounds));
    printf("a question that is no work     %.1f us\n", median(trips, rounds));
    for (uint64_t i = 0; i < clients; i++)
        keeper_client_close(all[i].c);
    stop();
}

/* ---- many keys ---- */

static double list_all(struct keeper_client *c, uint64_t *n)
{
    struct keeper_message m = {.type = KEEPER_LIST};
    struct keeper_entry e;
    bool more = true;
    const double begin = now_s();

    *n = 0;
    while (more) {
        struct keeper_reply reply;
        ask(c, &m, &reply);
        for (; keeper_entry_next(&e, &reply.m.data) == HEAD2_OK; ++*n)
            memcpy(m.key, e.key, sizeof m.key);
        more = (reply.m.flags & KEEPER_LIST_MORE) != 0;
        keeper_reply_free(&reply);
    }
    return now_s() - begin;
}

static void listing(void)
{
    double took[ROUNDS_MAX];
    uint64_t n = 0;

    start(keys);
    struct keeper_client *const c = dial();
    list_all(c, &n); /* waits until they are made */
    for (uint64_t i = 0; i < rounds; i++)
        took[i] = list_all(c, &n);
    printf("%llu keys listed           %.1f ms\n", (unsigned long long)n,
           1e3 * median(took, rounds));
    keeper_client_close(c);
    stop();
}

/* A line of /proc/PID/status, in KiB. */
static unsigned long status_of(pid_t pid, const char *name)
{
    char path[64], line[256];
    unsigned long kib = 0;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *const f = fopen(path, "r");
    if (f == NULL)
        fail("cannot read /proc");
    while (fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtoul(line + strlen(name) + 1, NULL, 10);
    fclose(f);
    return kib;
}

static void memory(void)
{
    start(1000);
    struct keeper_client *const c = dial();
    find_signer(c);
    for (uint64_t i = 0; i < 100; i++) /* what is used once is there */
        sign_one(c, i);
    printf("resident with 1,000 keys       %.1f MiB, at most %.1f MiB\n",
           (double)status_of(keeper_pid, "VmRSS:") / 1024,
           (double)status_of(keeper_pid, "VmHWM:") / 1024);
    keeper_client_close(c);
    stop();
}

static uint64_t number(const char *text, uint64_t most)
{
    char *end;
    const uint64_t n = strtoull(text, &end, 10);

    if (*end != 0 || n == 0 || n > most)
        fail("a number is out of range");
    return n;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        {"rounds",  required_argument, NULL, 'r'},
        {"seconds", required_argument, NULL, 's'},
        {"clients", required_argument, NULL, 'c'},
        {"keys",    required_argument, NULL, 'k'},
        {NULL,      0,                 NULL, 0  }
    };
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (c == 'r')
            rounds = number(optarg, ROUNDS_MAX);
        else if (c == 's')
            seconds = (double)number(optarg, 3600);
        else if (c == 'c')
            clients = number(optarg, CLIENTS_MAX);
        else if (c == 'k')
            keys = number(optarg, RING_KEYS_MAX);
        else
            return 2;
    }
    if (mkdtemp(folder) == NULL)
        fail("no folder");
    snprintf(socket_path, sizeof socket_path, "%s/s", folder);
    if (head2_key_generate(&own, HEAD2_MLDSA_87) != HEAD2_OK || head2_key_prepare(own) != HEAD2_OK)
        fail("no key");
    signatures();
    listing();
    memory();
    head2_key_free(own);
    unlink(socket_path);
    rmdir(folder);
    return 0;
}
