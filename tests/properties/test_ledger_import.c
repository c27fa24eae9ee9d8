/*
 * A ledger made of an export: the same entries, tree and checkpoints, file by file; it goes on with
 * its private key. Whatever is wrong with the export makes no ledger at all.
 */
#include "check.h"

#include "ledger_fixture.h"

#include "artifact/file.h"
#include "artifact/ledger_export.h"
#include "artifact/utc.h"

static char base[100], first[120], second[120], out[120], again[120];
static struct ledger_restored done;

static void paths(void)
{
    snprintf(base, sizeof base, "%s", fresh_folder());
    snprintf(first, sizeof first, "%s/first", base);
    snprintf(second, sizeof second, "%s/second", base);
    snprintf(out, sizeof out, "%s/out", base);
    snprintf(again, sizeof again, "%s/again", base);
}

/* Appended in steps with a checkpoint after each; `more` entries that are not signed. */
static void make(uint64_t entries, unsigned step, unsigned more)
{
    struct ledger *l;

    paths();
    CHECK_EQ(ledger_open(&l, first, LEDGER_APPEND, key, &fault), HEAD2_OK);
    CHECK_EQ(sqlite3_exec(l->db, "PRAGMA synchronous = OFF", NULL, NULL, NULL), SQLITE_OK);
    while (ledger_size(l) < entries) {
        const uint64_t left = entries - ledger_size(l);
        append(l, left < step ? (unsigned)left : step);
        CHECK_EQ(try_sign(l), HEAD2_OK);
    }
    if (more != 0)
        append(l, more);
    ledger_close(l);
}

static void export(const char *ledger, const char *to)
{
    struct ledger_exported e;
    const enum head2_status st = ledger_export_folder(&e, ledger, to, no_progress, NULL, &fault);

    CHECK_SAY(st == HEAD2_OK, "%s: %s", fault.where, fault.what);
}

static enum head2_status restore(uint64_t entries, const struct head2_key *by)
{
    return ledger_restore(&done, out, second, by, entries, no_progress, NULL, &fault);
}

static void same(const char *a, const char *b)
{
    char command[300];

    snprintf(command, sizeof command, "diff -r %s %s >/dev/null", a, b);
    CHECK_SAY(system(command) == 0, "%s and %s differ", a, b);
}

static void round_trip(void)
{
    static const struct {
        uint64_t entries;
        unsigned step;
    } known[] = {
        {1,    1   },
        {255,  100 },
        {256,  256 },
        {257,  100 },
        {700,  64  },
        {3900, 1000}
    };
    struct head2_key *pub = public_of(key);
    struct ledger *l;

    for (unsigned i = 0; i < HEAD2_LEN(known); i++) {
        make(known[i].entries, known[i].step, 0);
        export(first, out);
        const enum head2_status st = restore(known[i].entries, pub);
        CHECK_SAY(st == HEAD2_OK, "%s: %s", fault.where, fault.what);
        CHECK_EQ(done.entries, known[i].entries);
        CHECK_EQ(done.checkpoints, (known[i].entries + known[i].step - 1) / known[i].step);
        export(second, again);
        same(out, again);
        /* and on, as if nothing had been */
        CHECK_EQ(ledger_open(&l, second, LEDGER_APPEND, key, &fault), HEAD2_OK);
        CHECK_EQ(ledger_size(l), known[i].entries);
        append(l, 3);
        CHECK_EQ(try_sign(l), HEAD2_OK);
        check_whole(l);
        ledger_close(l);
    }
    head2_key_free(pub);
}

/* Nobody vouches for what no checkpoint signs. */
static void what_is_not_signed_is_left_out(void)
{
    struct ledger *l;

    make(300, 100, 70);
    export(first, out);
    CHECK_EQ(restore(300, key), HEAD2_OK);
    CHECK_EQ(ledger_open(&l, second, LEDGER_READ, NULL, &fault), HEAD2_OK);
    CHECK_EQ(ledger_size(l), 300);
    check_whole(l);
    ledger_close(l);
}

static void none_is_made(enum head2_status want, const char *words)
{
    const enum head2_status st = restore(700, key);
    char command[200];

    CHECK_SAY(st == want, "status %d: %s: %s", (int)st, fault.where, fault.what);
    CHECK_SAY(strstr(fault.what, words) != NULL, "'%s' does not say '%s'", fault.what, words);
    snprintf(command, sizeof command, "ls -d %s*/ 2>/dev/null | grep -q .", second);
    CHECK_SAY(system(command) != 0, "something was left after '%s'", words);
}

static void change(const char *name, const char *by, const char *with)
{
    char path[300];
    uint8_t *bytes;
    size_t len;

    snprintf(path, sizeof path, "%s/%s", out, name);
    CHECK_EQ(file_read(path, LEDGER_ENTRIES_MAX, &bytes, &len), HEAD2_OK);
    char *const at = strstr((char *)bytes, by);
    CHECK_SAY(at != NULL && strlen(by) == strlen(with), "%s", by);
    memcpy(at, with, strlen(with));
    CHECK_EQ(file_write(path, bytes, len, 0600, FILE_REPLACE), HEAD2_OK);
    free(bytes);
}

static void changed(const char *name, const char *by, const char *with, enum head2_status want,
                    const char *words)
{
    change(name, by, with);
    none_is_made(want, words);
    change(name, with, by);
}

static void renamed(const char *from, const char *to, enum head2_status want, const char *words)
{
    char a[300], b[300];

    snprintf(a, sizeof a, "%s/%s", out, from);
    snprintf(b, sizeof b, "%s/%s", out, to);
    CHECK_EQ(rename(a, b), 0);
    none_is_made(want, words);
    CHECK_EQ(rename(b, a), 0);
}

/* As if the export had been changed between the check and this. */
static void changed_exports_make_nothing(void)
{
    struct head2_key *stranger = fixed_key(HEAD2_MLDSA_44, 2);

    make(700, 100, 0);
    export(first, out);
    changed("entries/000001.jsonl", "entry 300", "Entry 300", HEAD2_E_VERIFY, "does not sign");
    changed("entries/000001.jsonl", "\"index\":300", "\"index\":301", HEAD2_E_MALFORMED,
            "not the entries");
    changed("entries/000002.jsonl", "\"kind\":", "\"kind\"!", HEAD2_E_MALFORMED, "not the entries");
    changed("checkpoints/000000000300", "\n300\n", "\n310\n", HEAD2_E_MALFORMED,
            "the name of its size");
    changed("checkpoints/000000000300", "\n300\n", "\n3oo\n", HEAD2_E_MALFORMED, "line 2");
    changed("checkpoints/000000000300", ".70", ".60", HEAD2_E_VERIFY, "does not sign");
    renamed("checkpoints/000000000300", "checkpoints/300", HEAD2_E_MALFORMED, "the name of its");
    renamed("entries/000001.jsonl", "entries/1", HEAD2_E_IO, "No such file");
    renamed("checkpoint", "point", HEAD2_E_IO, "No such file");
    renamed("checkpoints", "points", HEAD2_E_MALFORMED, "No such file");
    const enum head2_status st = restore(700, stranger);
    CHECK_EQ(st, HEAD2_E_VERIFY);
    head2_key_free(stranger);
    CHECK_EQ(mkdir(second, 0700), 0);
    CHECK_EQ(restore(700, key), HEAD2_E_POLICY);
    CHECK(strstr(fault.what, "there is something of that name") != NULL);
    CHECK_EQ(rmdir(second), 0);
    CHECK_EQ(restore(700, key), HEAD2_OK);
}

/* The latest stands there twice; one of the two is enough. */
static void the_latest_alone(void)
{
    char path[300];

    make(700, 100, 0);
    export(first, out);
    snprintf(path, sizeof path, "%s/checkpoints/000000000700", out);
    CHECK_EQ(remove(path), 0);
    CHECK_EQ(restore(700, key), HEAD2_OK);
    CHECK_EQ(done.checkpoints, 7);
    export(second, again);
    snprintf(path, sizeof path, "%s/checkpoints/000000000700", again);
    CHECK_EQ(access(path, F_OK), 0);
}

/* A clock that is set back and forth, between entries and between checkpoints, also to 1970: order
 * is that of the numbers, and times are what somebody's clock said. */
static void clock_set_back(void)
{
    static const uint64_t clocks[] = {MS, MS - 86400000, 0, MS + 5, UTC_MAX, 1, MS - 1, MS - 1};
    const unsigned n = HEAD2_LEN(clocks);
    struct ledger *l;

    paths();
    for (unsigned i = 0; i < n; i++) {
        struct ledger_entry e[2] = {entry_of(2 * i), entry_of(2 * i + 1)};
        e[0].ms = clocks[i];
        e[1].ms = clocks[(i + 3) % n];
        CHECK_EQ(ledger_open(&l, first, LEDGER_APPEND, key, &fault), HEAD2_OK);
        CHECK_EQ(ledger_size(l), 2 * i);
        CHECK_EQ(ledger_append(l, e, 2, &fault), HEAD2_OK);
        CHECK_EQ(ledger_sign(l, &signer, clocks[(i + 5) % n], &fault), HEAD2_OK);
        ledger_close(l);
    }
    export(first, out);
    CHECK_EQ(restore(2 * n, key), HEAD2_OK);
    CHECK_EQ(done.checkpoints, n);
    export(second, again);
    same(out, again);
    struct ledger_check *c;
    struct ledger_summary sum;
    CHECK_EQ(ledger_check_new(&c, key, tell, NULL), HEAD2_OK);
    CHECK_EQ(ledger_export_read(c, out, no_progress, NULL, &fault), HEAD2_OK);
    ledger_check_end(c, &sum);
    ledger_check_free(c);
    CHECK(sum.faults == 0 && sum.entries == 2 * n && sum.is_signed == 2 * n);
}

int main(void)
{
    key = fixed_key(HEAD2_MLDSA_87, 1);
    signer = artifact_signer_of_key(key, true);
    RUN(round_trip);
    RUN(what_is_not_signed_is_left_out);
    RUN(changed_exports_make_nothing);
    RUN(the_latest_alone);
    RUN(clock_set_back);
    remove_folder();
    head2_key_free(key);
    CHECK_EXIT();
}
