/*
 * The ledger on a disk that fails: each call in turn, once or from then on, with no room or with an
 * error of the device. What was acknowledged stays, what was refused is said to be, and it goes on
 * afterwards. And on a disk that has changed: cut short, or with a bit turned over, it is refused,
 * named, or what it was.
 */
#include "check.h"
#include "disk_cut.h"
#include "ledger_fixture.h"

#include <errno.h>

static struct ledger *l;
static char folder[100];
static uint64_t told; /* entries that have been acknowledged, */
static uint64_t most; /* and that may be there */
static bool anew;     /* after a failure it is closed, and opened when the disk is mended */
static unsigned there_all_the_same;
static bool
    long_log;       /* nothing is played back before it is closed, and the power goes before that */
static size_t when; /* changes, when the power goes */

/* ---- a life with a fault in it ---- */

static void heal(void)
{
    disk_fault.at = 0;
}

/* The status and the words of what was refused. */
static void check_refused(enum head2_status st)
{
    CHECK_SAY(st == HEAD2_E_IO || st == HEAD2_E_STATE, "status %d: %s", (int)st, fault.what);
    CHECK(fault.what[0] != 0 && fault.where[0] != 0);
    if (st == HEAD2_E_STATE) {
        CHECK(strstr(fault.what, "could not be read after") != NULL);
        return;
    }
    CHECK_SAY(fault.error == (disk_fault.code == SQLITE_FULL ? ENOSPC : EIO), "%s: error %d",
              fault.what, fault.error);
    CHECK_SAY(strstr(fault.what, disk_fault.code == SQLITE_FULL ? "full" : "disk I/O error") ||
                  strstr(fault.what, "unable to open"),
              "%s", fault.what);
}

static void open_it(void)
{
    enum head2_status st = ledger_open(&l, folder, LEDGER_APPEND, key, &fault);

    if (st != HEAD2_OK) {
        CHECK(l == NULL);
        check_refused(st);
        heal();
        st = ledger_open(&l, folder, LEDGER_APPEND, key, &fault);
        CHECK_SAY(st == HEAD2_OK, "%s", fault.what);
    }
    CHECK_EQ(sqlite3_exec(l->db,
                          long_log ? "PRAGMA wal_autocheckpoint = 1000"
                                   : "PRAGMA wal_autocheckpoint = 6",
                          NULL, NULL, NULL),
             SQLITE_OK);
    CHECK_SAY(ledger_size(l) >= told && ledger_size(l) <= most,
              "call %lu of %lu: %llu entries, and not %llu to %llu", disk_fault.at,
              disk_fault.calls, (unsigned long long)ledger_size(l), (unsigned long long)told,
              (unsigned long long)most);
    told = most = ledger_size(l);
}

/* What has failed is done again when there is room; it may have to be opened for that. */
static void again(enum head2_status (*action)(unsigned), unsigned n)
{
    enum head2_status st = action(n);

    if (st == HEAD2_OK)
        return;
    check_refused(st);
    CHECK_EQ(ledger_size(l), told);
    if (anew) {
        const uint64_t before = told;
        ledger_close(l);
        heal();
        open_it();
        if (told != before) { /* refused, and there: then it is not done again */
            CHECK_EQ(told, before + n);
            there_all_the_same++;
            return;
        }
    }
    heal();
    st = action(n);
    if (st == HEAD2_E_STATE) {
        check_refused(st);
        ledger_close(l);
        open_it();
        st = action(n);
    }
    CHECK_SAY(st == HEAD2_OK, "after it had been mended: %s", fault.what);
}

static enum head2_status do_append(unsigned n)
{
    most = told + n;
    const enum head2_status st = try_append(l, n);
    if (st == HEAD2_OK) {
        told += n;
        CHECK_EQ(ledger_size(l), told);
    }
    return st;
}

static enum head2_status do_sign(unsigned n)
{
    (void)n;
    return try_sign(l);
}

static void live(void)
{
    disk_clear();
    disk_forget();
    disk_fault.calls = disk_fault.failed = 0;
    disk.recording = true;
    told = most = 0;
    open_it();
    again(do_append, 1);
    again(do_append, 250);
    again(do_sign, 0);
    again(do_append, 1);
    again(do_append, 7); /* a tile is full */
    again(do_sign, 0);
    again(do_append, 300);
    again(do_append, 1);
    again(do_sign, 0);
}

static void check_all(void)
{
    open_it();
    check_whole(l);
    CHECK_EQ(do_append(1), HEAD2_OK);
    CHECK_EQ(try_sign(l), HEAD2_OK);
    ledger_close(l);
}

/* Without the power too: what a failed sync has left behind is not on the plates. */
static void check_after_the_cut(enum lost lost)
{
    uint64_t none = 1;

    disk.recording = false;
    kept_clear();
    for (size_t i = 1; i <= when; i++)
        keep(i - 1);
    cut(when, lost, &none);
    check_all();
}

/* HEAD2_SOAK: each call, and otherwise one of `step`. */
static unsigned long every_call(int code, bool from_then_on, bool half, unsigned step)
{
    step = getenv("HEAD2_SOAK") != NULL ? 1 : step;
    disk_fault.code = code;
    disk_fault.from_then_on = from_then_on;
    disk_fault.half = half;
    heal();
    live();
    ledger_close(l);
    const unsigned long calls = disk_fault.calls;
    for (unsigned long at = 1; at <= calls; at += step) {
        disk_fault.at = at;
        live();
        when = disk.changes;
        ledger_close(l); /* plays the log back; what fails then is nobody's */
        CHECK(disk_fault.failed != 0);
        when = long_log ? when : disk.changes;
        heal();
        check_after_the_cut((enum lost)(at / step % 3));
    }
    return calls;
}

static void disk_full(void)
{
    const unsigned long calls = every_call(SQLITE_FULL, true, false, 1);
    CHECK(calls > 100);
    (void)every_call(SQLITE_FULL, true, true, 3);
    (void)every_call(SQLITE_FULL, false, true, 3);
}

static void error_of_the_device(void)
{
    const unsigned long calls = every_call(SQLITE_IOERR, false, false, 1);
    CHECK(calls > 150);
    (void)every_call(SQLITE_IOERR, false, true, 3);
}

static void device_is_gone(void)
{
    (void)every_call(SQLITE_IOERR, true, true, 3);
}

/* As an owner does that goes on by opening it again. SQLite reads then from the system's memory
 * what the device has failed to write. And what failed in the moment of its commit may be there,
 * whole: who would do it again has to look. */
static void device_is_gone_and_it_is_opened_anew(void)
{
    anew = true;
    there_all_the_same = 0;
    (void)every_call(SQLITE_IOERR, true, false, 1);
    CHECK(there_all_the_same != 0);
    printf("    %u appends were refused and there all the same\n", there_all_the_same);
    (void)every_call(SQLITE_IOERR, false, true, 3);
    (void)every_call(SQLITE_FULL, true, true, 3);
    long_log = true;
    (void)every_call(SQLITE_IOERR, true, false, 1);
    (void)every_call(SQLITE_IOERR, false, false, 2);
    anew = long_log = false;
}

int main(void)
{
    key = fixed_key(HEAD2_MLDSA_44, 1);
    signer = artifact_signer_of_key(key, true);
    snprintf(folder, sizeof folder, "%s", fresh_folder());
    disk_begin();
    RUN(disk_full);
    RUN(error_of_the_device);
    RUN(device_is_gone);
    RUN(device_is_gone_and_it_is_opened_anew);
    kept_end();
    disk_end();
    remove_folder();
    head2_key_free(key);
    CHECK_EXIT();
}
