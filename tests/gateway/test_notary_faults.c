/*
 * The thread that owns a ledger, on a disk of which each call fails in turn, once or with
 * all after it for a while: every receipt is
 * recorded all the same, and none twice.
 */
#include "check.h"
#include "disk.h"

#include "artifact/utc.h"
#include "gateway/notary.h"

#include <ftw.h>
#include <sys/stat.h>
#include <time.h>

#define RECEIPTS 4

static char folder[64];
static struct head2_key *key;
static uv_loop_t loop;

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    return remove(path);
}

static void on_changed(void *arg, const struct notary_report *report)
{
    (void)arg, (void)report;
}

static void write_receipt(struct notary *n, uint64_t number)
{
    const struct receipt_event e = {RECEIPT_ROTATION, number, 1700000000000, "abc", NULL, 0};

    notary_write(n, &e);
}

static void wait_for(struct notary *n, uint64_t written)
{
    struct notary_report r;

    for (int i = 0; i < 3000; i++) {
        notary_report(n, &r);
        if (r.written >= written && r.is_signed >= written)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    CHECK_SAY(false, "%llu written, %llu signed: %s", (unsigned long long)r.written,
              (unsigned long long)r.is_signed, r.why);
}

static bool look(void *arg, const struct ledger_entry *e)
{
    uint64_t *const next = arg;

    CHECK_SAY(e->number == *next, "entry %llu is receipt %llu", (unsigned long long)e->index,
              (unsigned long long)e->number);
    ++*next;
    return true;
}

/* With all that comes after it, until the owner has met it and closed what it had. */
static void mend_later(struct notary *n)
{
    struct notary_report r;

    for (int i = 0; i < 200; i++) {
        notary_report(n, &r);
        if (r.failures >= 3 || r.is_signed >= RECEIPTS)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    disk_fault.at = 0;
}

/* One life; false: no call failed, there are not so many. */
static bool live(unsigned long at, int code, bool for_good)
{
    const struct notary_options options = {.folder = folder,
                                           .key = key,
                                           .signer = artifact_signer_of_key(key, false),
                                           .without = artifact_signer_of_key(key, true),
                                           .batch = 2,
                                           .interval_ms = 1,
                                           .retry_ms = 1,
                                           .changed = on_changed};
    struct notary_report report;
    struct ledger_fault fault;
    struct ledger *l;
    struct notary *n;
    uint64_t next = 0;

    disk_clear();
    disk_fault.at = 0;
    snprintf(folder, sizeof folder, "/tmp/head2-notary-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    CHECK_EQ(notary_start(&n, &loop, &options, &fault), HEAD2_OK);
    write_receipt(n, 0);
    wait_for(n, 1);
    disk_fault.calls = disk_fault.failed = 0;
    disk_fault.code = code;
    disk_fault.from_then_on = for_good;
    disk_fault.half = at % 2 == 0;
    disk_fault.at = at;
    for (unsigned i = 1; i < RECEIPTS; i++)
        write_receipt(n, i);
    if (for_good)
        mend_later(n);
    wait_for(n, RECEIPTS);
    const bool failed = disk_fault.failed != 0;
    disk_fault.at = 0;
    notary_stop(n, 2000, &report);
    uv_run(&loop, UV_RUN_DEFAULT);
    notary_free(n);
    CHECK_EQ(report.lost, 0);
    CHECK_EQ(ledger_open(&l, folder, LEDGER_READ, key, &fault), HEAD2_OK);
    CHECK_EQ(ledger_each(l, 0, look, &next, &fault), HEAD2_OK);
    CHECK_EQ(next, RECEIPTS);
    CHECK_EQ(ledger_signed(l), RECEIPTS);
    ledger_close(l);
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return failed;
}

static void each_call_fails(void)
{
    static const int codes[] = {SQLITE_FULL, SQLITE_IOERR};
    static const uint8_t seed[32] = {7};
    unsigned lives = 0;

    CHECK_EQ(head2_key_from_seed(&key, HEAD2_MLDSA_44, seed, sizeof seed), HEAD2_OK);
    CHECK_EQ(uv_loop_init(&loop), 0);
    disk_begin();
    for (unsigned c = 0; c < 2 * HEAD2_LEN(codes); c++)
        for (unsigned long at = 1; live(at, codes[c / 2], c % 2 != 0); at++)
            lives++;
    printf("    %u calls failed in turn\n", lives);
    CHECK(lives > 20);
    head2_key_free(key);
    uv_loop_close(&loop);
}

int main(void)
{
    RUN(each_call_fails);
    CHECK_EXIT();
}
