/*
 * The thread that owns a ledger: what it is given from the loop and through the door is there, once
 * and in order; when checkpoints come; and that it goes on after a disk that was full.
 */
#include "check.h"

#include "gateway/ledger_door.h"
#include "gateway/ledger_writer.h"
#include "gateway/notary.h"

#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#define RECEIPTS 1500
#define VISITORS 4
#define VISITS   40
#define TOGETHER 3

static char folder[64];
static struct head2_key *key;
static uv_loop_t loop;

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    return remove(path);
}

static void begin(void)
{
    static const uint8_t seed[32] = {7};

    snprintf(folder, sizeof folder, "/tmp/head2-notary-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    if (key == NULL) {
        CHECK_EQ(head2_key_from_seed(&key, HEAD2_MLDSA_44, seed, sizeof seed), HEAD2_OK);
        CHECK_EQ(uv_loop_init(&loop), 0);
    }
}

static void end(void)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void on_changed(void *arg, const struct notary_report *report)
{
    (void)report;
    ++*(int *)arg;
}

static struct notary *start(unsigned batch, unsigned interval_ms, int *changes)
{
    const struct notary_options options = {.folder = folder,
                                           .key = key,
                                           .signer = artifact_signer_of_key(key, false),
                                           .without = artifact_signer_of_key(key, true),
                                           .batch = batch,
                                           .interval_ms = interval_ms,
                                           .retry_ms = 1000,
                                           .changed = on_changed,
                                           .arg = changes};
    struct ledger_fault fault;
    struct notary *n;

    const enum head2_status st = notary_start(&n, &loop, &options, &fault);
    CHECK_SAY(st == HEAD2_OK, "%s: %s", fault.where, fault.what);
    return n;
}

static void stop(struct notary *n, struct notary_report *report)
{
    notary_stop(n, 2000, report);
    uv_run(&loop, UV_RUN_DEFAULT);
    notary_free(n);
}

static void write_receipt(struct notary *n, uint64_t number)
{
    const struct receipt_field field = {"Reason", "time"};
    const struct receipt_event e = {RECEIPT_ROTATION, number, 1700000000000, "abc", &field, 1};

    notary_write(n, &e);
}

static void wait_signed(struct notary *n, uint64_t count)
{
    struct notary_report r;

    for (int i = 0; i < 200; i++) {
        notary_report(n, &r);
        if (r.is_signed >= count)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    CHECK_SAY(false, "%llu of %llu are signed", (unsigned long long)r.is_signed,
              (unsigned long long)r.size);
}

/* ---- what comes from everywhere ---- */

struct visitor {
    pthread_t thread;
    unsigned id, wrong;
    uint64_t at[VISITS]; /* where it was told that they are */
};

static void *visit(void *arg)
{
    struct visitor *const v = arg;
    struct ledger_fault fault;
    char text[TOGETHER][32];

    for (unsigned i = 0; i < VISITS; i++) {
        struct ledger_entry e[TOGETHER];
        for (unsigned k = 0; k < TOGETHER; k++) {
            snprintf(text[k], sizeof text[k], "%u %u %u", v->id, i, k);
            e[k] = (struct ledger_entry){.kind = LEDGER_KIND_OTHER,
                                         .subject = "visitor",
                                         .number = i,
                                         .text = text[k],
                                         .text_len = strlen(text[k])};
        }
        v->wrong += door_send(folder, e, TOGETHER, &fault) != HEAD2_OK;
        v->at[i] = e[0].index;
        v->wrong += e[1].index != e[0].index + 1 || e[2].index != e[0].index + 2;
    }
    return NULL;
}

struct seen {
    const struct visitor *visitors;
    uint64_t receipts, visits[VISITORS], others;
};

static bool look(void *arg, const struct ledger_entry *e)
{
    struct seen *const s = arg;
    unsigned id, i, k;
    char text[33] = {0};

    if (e->kind == RECEIPT_ROTATION) {
        s->others += e->number != s->receipts;
        s->receipts++;
        return true;
    }
    memcpy(text, e->text, e->text_len < 32 ? e->text_len : 32);
    if (sscanf(text, "%u %u %u", &id, &i, &k) != 3 || id >= VISITORS) {
        s->others++;
        return true;
    }
    s->others += s->visits[id] != i * TOGETHER + k || e->index != s->visitors[id].at[i] + k;
    s->visits[id]++;
    return true;
}

static bool count_note(void *arg, uint64_t size, const char *note, size_t len)
{
    (void)size, (void)note, (void)len;
    ++*(unsigned *)arg;
    return true;
}

static void all_is_there_once_and_in_order(void)
{
    struct visitor visitors[VISITORS] = {{0}};
    struct notary_report report;
    struct ledger_fault fault;
    struct seen seen = {.visitors = visitors};
    struct ledger *l;
    unsigned notes = 0;
    int changes = 0;

    begin();
    struct notary *n = start(64, 250, &changes);
    for (unsigned i = 0; i < VISITORS; i++) {
        visitors[i].id = i;
        CHECK_EQ(pthread_create(&visitors[i].thread, NULL, visit, &visitors[i]), 0);
    }
    for (unsigned i = 0; i < RECEIPTS; i++)
        write_receipt(n, i);
    for (unsigned i = 0; i < VISITORS; i++) {
        pthread_join(visitors[i].thread, NULL);
        CHECK_EQ(visitors[i].wrong, 0);
    }
    stop(n, &report);
    CHECK_EQ(report.written, RECEIPTS);
    CHECK_EQ(report.lost, 0);
    CHECK_EQ(report.brought, VISITORS * VISITS * TOGETHER);
    CHECK_EQ(ledger_open(&l, folder, LEDGER_READ, key, &fault), HEAD2_OK);
    CHECK_EQ(ledger_size(l), RECEIPTS + VISITORS * VISITS * TOGETHER);
    CHECK_EQ(ledger_signed(l), ledger_size(l));
    CHECK_EQ(ledger_each(l, 0, look, &seen, &fault), HEAD2_OK);
    CHECK_EQ(seen.receipts, RECEIPTS);
    CHECK_EQ(seen.others, 0);
    CHECK_EQ(ledger_each_note(l, count_note, &notes, &fault), HEAD2_OK);
    CHECK_SAY(notes < ledger_size(l) / 16, "%u checkpoints", notes);
    ledger_close(l);
    CHECK(!door_is_open(folder));
    end();
}

/* ---- when it signs ---- */

static void a_batch_or_an_interval_brings_a_checkpoint(void)
{
    struct notary_report report;
    int changes = 0;

    begin();
    struct notary *n = start(8, 60000, &changes);
    for (unsigned i = 0; i < 7; i++)
        write_receipt(n, i);
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    notary_report(n, &report);
    CHECK_EQ(report.size, 7);
    CHECK_EQ(report.is_signed, 0);
    write_receipt(n, 7);
    wait_signed(n, 8);
    write_receipt(n, 8);
    stop(n, &report);
    CHECK_EQ(report.is_signed, 9); /* the end of the daemon brings one too */
    n = start(1000, 50, &changes);
    write_receipt(n, 9);
    wait_signed(n, 10);
    stop(n, &report);
    CHECK_EQ(changes, 0);
    end();
}

/* What somebody without the key has left. */
static void what_was_left_unsigned_is_signed_at_the_start(void)
{
    struct ledger_entry e = {
        .kind = LEDGER_KIND_OTHER, .subject = "a", .text = "left", .text_len = 4};
    struct notary_report report;
    struct ledger_fault fault;
    struct ledger *l;
    int changes = 0;

    begin();
    CHECK_EQ(ledger_open(&l, folder, LEDGER_APPEND, key, &fault), HEAD2_OK);
    CHECK_EQ(ledger_append(l, &e, 1, &fault), HEAD2_OK);
    ledger_close(l);
    struct notary *n = start(64, 20, &changes);
    wait_signed(n, 1);
    CHECK_EQ(ledger_open(&l, folder, LEDGER_APPEND_NOW, key, &fault), HEAD2_E_STATE);
    CHECK_SAY(strstr(fault.what, "appends to it") != NULL, "%s", fault.what);
    stop(n, &report);
    end();
}

/* ---- a disk that is full for a while ---- */

static void it_goes_on_when_there_is_room_again(void)
{
    struct rlimit whole, small = {40960, 40960};
    struct notary_report report;
    struct ledger_fault fault;
    struct ledger_entry e = {
        .kind = LEDGER_KIND_OTHER, .subject = "a", .text = "visitor", .text_len = 7};
    int changes = 0;

    begin();
    signal(SIGXFSZ, SIG_IGN);
    struct notary *n = start(64, 20, &changes);
    write_receipt(n, 0);
    wait_signed(n, 1);
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &whole), 0);
    small.rlim_max = whole.rlim_max;
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    char *const text = malloc(60000);
    CHECK(text != NULL);
    memset(text, 'x', 60000);
    e.text = text;
    e.text_len = 60000;
    CHECK(door_send(folder, &e, 1, &fault) != HEAD2_OK); /* and is told at once */
    CHECK(fault.what[0] != 0);
    notary_report(n, &report);
    CHECK(report.failing);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &whole), 0);
    CHECK_EQ(door_send(folder, &e, 1, &fault), HEAD2_OK);
    CHECK_EQ(e.index, 1);
    write_receipt(n, 1);
    wait_signed(n, 3);
    stop(n, &report);
    CHECK(!report.failing);
    CHECK_EQ(report.lost, 0);
    free(text);
    end();
}

/* It waits between attempts, for a checkpoint as for entries. */
static void a_checkpoint_that_cannot_be_stored_waits(void)
{
    struct rlimit whole, small;
    struct notary_report report;
    char log[128];
    struct stat info;
    int changes = 0;

    begin();
    signal(SIGXFSZ, SIG_IGN);
    struct notary *n = start(1000, 200, &changes);
    write_receipt(n, 0);
    for (int i = 0; i < 100; i++) {
        notary_report(n, &report);
        if (report.written == 1)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    snprintf(log, sizeof log, "%s/" LEDGER_FILE "-wal", folder);
    CHECK_EQ(report.is_signed, 0);
    CHECK(stat(log, &info) == 0 && getrlimit(RLIMIT_FSIZE, &whole) == 0);
    small = (struct rlimit){(rlim_t)info.st_size, whole.rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    nanosleep(&(struct timespec){.tv_nsec = 400000000}, NULL);
    const clock_t used = clock();
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    const clock_t busy = clock() - used; /* of the whole process */
    notary_report(n, &report);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &whole), 0);
    CHECK(report.failing && report.is_signed == 0);
    CHECK_SAY(report.failures <= 2, "%llu attempts", (unsigned long long)report.failures);
    CHECK_SAY(busy < CLOCKS_PER_SEC / 10, "%ld of %ld busy", (long)busy, (long)CLOCKS_PER_SEC);
    wait_signed(n, 1);
    stop(n, &report);
    CHECK(!report.failing);
    end();
}

int main(void)
{
    RUN(all_is_there_once_and_in_order);
    RUN(a_batch_or_an_interval_brings_a_checkpoint);
    RUN(what_was_left_unsigned_is_signed_at_the_start);
    RUN(it_goes_on_when_there_is_room_again);
    RUN(a_checkpoint_that_cannot_be_stored_waits);
    head2_key_free(key);
    uv_loop_close(&loop);
    CHECK_EXIT();
}
