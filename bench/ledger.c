/*
 * What the ledger costs: durable appends in groups with a checkpoint each, size on disk, proofs,
 * the export and its verification offline.
 *
 *     bench-ledger [--folder DIR] [--entries N] [--bytes N] [--batch N] [--rate N]
 *
 * Folder and export are made in DIR (default: a new one in the current folder) and left there.
 * Entries (default 60,000) of --bytes (600) are appended in groups of --batch (64), each group
 * durable and signed before the next; with --rate, that many entries a second arrive, and an
 * entry's time is from its arrival to its being durable.
 */
#include "artifact/ledger_export.h"
#include "artifact/ledger_json.h"
#include "artifact/receipt_file.h"
#include "artifact/utc.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

static uint64_t entries = 60000, bytes = 600, batch = 64, rate;
static const char *folder = "bench-ledger";
static struct ledger_fault fault;

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void need(enum head2_status st, const char *what)
{
    if (st == HEAD2_OK)
        return;
    fprintf(stderr, "bench-ledger: %s: %s %s %s\n", what, head2_status_string(st), fault.where,
            fault.what);
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* A text of `bytes` that ends as a rotation's does. */
static void fill_text(char *text, uint64_t number)
{
    char tail[96];

    memset(text, 'x', bytes);
    const int n = snprintf(tail, sizeof tail,
                           "\nPeer: drone-%u\nSubject: de7a41c486ab6a3f676c8e0063d706d9"
                           "\n.mu: rotation_%llu.mu",
                           (unsigned)(number % 1000), (unsigned long long)number);
    memcpy(text + bytes - n, tail, (size_t)n);
}

static void quantiles(const char *what, double *ms, size_t n)
{
    qsort(ms, n, sizeof *ms, by_value);
    printf("%-28s median %.2f ms, p99 %.2f ms, most %.2f ms\n", what, ms[n / 2], ms[n * 99 / 100],
           ms[n - 1]);
}

static void wait_until(double t)
{
    const double left = t - now_s();

    if (left > 0)
        nanosleep(&(struct timespec){(time_t)left, (long)((left - (double)(time_t)left) * 1e9)},
                  NULL);
}

/* Groups one after the other; with a rate a group is what has arrived, up to a batch. */
static void append_all(struct ledger *l, const struct artifact_signer *signer)
{
    struct ledger_entry *group = calloc(batch, sizeof *group);
    char *texts = malloc(batch * bytes);
    double *ms = malloc(entries * sizeof *ms);
    uint64_t done = 0, checkpoints = 0, signed_at = 0;

    if (group == NULL || texts == NULL || ms == NULL)
        need(HEAD2_E_MEMORY, "start");
    const double begin = now_s();
    while (done < entries) {
        double arrived = rate != 0 ? (now_s() - begin) * (double)rate : (double)entries;
        if ((uint64_t)arrived <= done) {
            wait_until(begin + (double)(done + 1) / (double)rate);
            continue;
        }
        uint64_t n = (uint64_t)arrived - done < batch ? (uint64_t)arrived - done : batch;
        n = n < entries - done ? n : entries - done;
        const double at = now_s();
        for (uint64_t i = 0; i < n; i++) {
            char *const text = texts + i * bytes;
            fill_text(text, done + i);
            group[i] = (struct ledger_entry){.kind = RECEIPT_ROTATION,
                                             .ms = utc_now(),
                                             .subject = "de7a41c486ab6a3f676c8e0063d706d9",
                                             .number = done + i,
                                             .text = text,
                                             .text_len = bytes};
        }
        need(ledger_append(l, group, n, &fault), "append");
        const double end = now_s();
        for (uint64_t i = 0; i < n; i++)
            ms[done + i] =
                1000 * (end - (rate != 0 ? begin + (double)(done + i) / (double)rate : at));
        done += n;
        if (done - signed_at >= batch || done == entries) {
            need(ledger_sign(l, signer, utc_now(), &fault), "sign");
            signed_at = done;
            checkpoints++;
        }
    }
    const double took = now_s() - begin;
    printf("appended                     %llu entries in %.1f s: %.0f/s, %llu checkpoints\n",
           (unsigned long long)entries, took, (double)entries / took,
           (unsigned long long)checkpoints);
    quantiles("append, until durable", ms, entries);
    free(group);
    free(texts);
    free(ms);
}

static void prove_some(struct ledger *l)
{
    static double made[2000], checked[2000];
    struct ledger_proven proven;
    const char *why;

    for (unsigned i = 0; i < HEAD2_LEN(made); i++) {
        json_t *proof;
        const double begin = now_s();
        need(ledger_prove(&proof, l, (i * UINT64_C(2654435761)) % ledger_size(l), &fault), "prove");
        const double middle = now_s();
        need(ledger_proof_check(&proven, proof, ledger_key(l), &why), "check");
        made[i] = 1000 * (middle - begin);
        checked[i] = 1000 * (now_s() - middle);
        json_decref(proof);
    }
    quantiles("prove", made, HEAD2_LEN(made));
    quantiles("check a proof", checked, HEAD2_LEN(checked));
}

/* Receipts as files, written and read back as an auditor does. */
static void receipts_some(struct ledger *l)
{
    static double made[2000], checked[2000];
    static uint8_t file[RECEIPT_MU_MAX];
    static struct receipt_file r, back;
    struct receipt_file_fault why;
    size_t most[2] = {0, 0};
    const char *what;

    for (unsigned i = 0; i < HEAD2_LEN(made); i++) {
        size_t len = sizeof file;
        const double begin = now_s();
        need(receipt_file_of(&r, l, (i * UINT64_C(2654435761)) % ledger_size(l), &fault),
             "receipt");
        r.proof = i % 2 == 0 ? RECEIPT_PROOF_WHOLE : RECEIPT_PROOF_SHORT;
        need(receipt_file_write(&r, file, &len), "write");
        const double middle = now_s();
        need(receipt_file_parse(&back, file, len, &why), "parse");
        need(receipt_file_check(&back, &r.checkpoint, ledger_key(l), &what), "check");
        made[i] = 1000 * (middle - begin);
        checked[i] = 1000 * (now_s() - middle);
        most[i % 2] = len > most[i % 2] ? len : most[i % 2];
    }
    quantiles("make a receipt's file", made, HEAD2_LEN(made));
    quantiles("check a receipt's file", checked, HEAD2_LEN(checked));
    printf("receipt's file               whole %zu bytes at most, short %zu\n", most[0], most[1]);
}

static void no_progress(void *arg, uint64_t done)
{
    (void)arg;
    (void)done;
}

static void found(void *arg, const struct ledger_finding *f)
{
    char text[LEDGER_FINDING_TEXT];

    (void)arg;
    ledger_finding_text(text, f);
    printf("found: %s\n", text);
}

static void verify(struct ledger *l, const char *export)
{
    struct ledger_summary sum;
    struct ledger_check *c;
    const double begin = now_s();

    need(ledger_check_new(&c, ledger_key(l), found, NULL), "check");
    need(export != NULL ? ledger_export_read(c, export, no_progress, NULL, &fault)
                        : ledger_check_ledger(c, l, no_progress, NULL, &fault),
         "verify");
    ledger_check_end(c, &sum);
    ledger_check_free(c);
    printf("verify the %-17s %.1f s: %llu entries, %llu checkpoints, %llu faults\n",
           export != NULL ? "export" : "ledger", now_s() - begin, (unsigned long long)sum.entries,
           (unsigned long long)sum.checkpoints, (unsigned long long)sum.faults);
}

static void take_options(int argc, char **argv)
{
    static const struct option options[] = {
        {"folder",  required_argument, NULL, 'f'},
        {"entries", required_argument, NULL, 'n'},
        {"bytes",   required_argument, NULL, 'b'},
        {"batch",   required_argument, NULL, 'g'},
        {"rate",    required_argument, NULL, 'r'},
        {NULL,      0,                 NULL, 0  }
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        uint64_t *const number = c == 'n'   ? &entries
                                 : c == 'b' ? &bytes
                                 : c == 'g' ? &batch
                                            : &rate;
        if (c == '?')
            exit(2);
        if (c == 'f')
            folder = optarg;
        else
            *number = strtoull(optarg, NULL, 10);
    }
    if (entries == 0 || batch == 0 || bytes < 128 || bytes > LEDGER_TEXT_MAX)
        exit(2);
}

int main(int argc, char **argv)
{
    char path[4096], export[4096];
    struct head2_key *key;
    struct ledger *l;
    struct stat info;

    take_options(argc, argv);
    need(head2_key_generate(&key, HEAD2_MLDSA_87), "key");
    const struct artifact_signer signer = artifact_signer_of_key(key, false);
    snprintf(path, sizeof path, "%s/ledger", folder);
    snprintf(export, sizeof export, "%s/export", folder);
    need(ledger_open(&l, path, LEDGER_APPEND, key, &fault), "open");
    append_all(l, &signer);
    ledger_close(l);
    double begin = now_s();
    need(ledger_open(&l, path, LEDGER_READ, NULL, &fault), "open");
    printf("open                         %.1f ms\n", 1000 * (now_s() - begin));
    snprintf(path, sizeof path, "%s/ledger/" LEDGER_FILE, folder);
    if (stat(path, &info) == 0)
        printf("on disk                      %.1f MiB\n", (double)info.st_size / 1048576);
    prove_some(l);
    if (bytes <= RECEIPT_FORWARD_MAX)
        receipts_some(l);
    verify(l, NULL);
    begin = now_s();
    need(ledger_export(l, export, no_progress, NULL, &fault), "export");
    printf("export                       %.1f s\n", now_s() - begin);
    verify(l, export);
    ledger_close(l);
    head2_key_free(key);
    return 0;
}
