/*
 * The ledger's file cut short anywhere, and with single bits turned over on every page: it is
 * refused, or what is wrong is named, or what it gives is what was put in. An export of it keeps
 * what can be read, also behind the damage, and no check takes it for a whole one. HEAD2_SOAK turns
 * more bits.
 */
#include "check.h"
#include "disk_cut.h"
#include "ledger_fixture.h"

#include "artifact/file.h"
#include "artifact/ledger_export.h"

#define SIZE 1300 /* entries: five tiles and a rest, a tree of two levels */

static char folder[100], target[120];
static struct disk_bytes whole;

/* Checkpoints now and then, and at the end. */
static struct ledger *filled(void)
{
    struct ledger *l;

    disk_clear();
    CHECK_EQ(ledger_open(&l, folder, LEDGER_APPEND, key, &fault), HEAD2_OK);
    while (ledger_size(l) < SIZE) {
        append(l, 100);
        if (ledger_size(l) % 300 == 0 || ledger_size(l) == SIZE)
            CHECK_EQ(try_sign(l), HEAD2_OK);
    }
    return l;
}

static void make(void)
{
    ledger_close(filled());
    CHECK(disk.name[DISK_LOG] == NO_FILE && disk.name[DISK_DATABASE] != NO_FILE);
    bytes_copy(&whole, &disk.file[disk.name[DISK_DATABASE]]);
}

static struct disk_bytes *database(void)
{
    disk_clear();
    disk.name[DISK_DATABASE] = disk_new_file();
    struct disk_bytes *const b = &disk.file[disk.name[DISK_DATABASE]];
    bytes_copy(b, &whole);
    return b;
}

/* ---- what a damaged ledger gives ---- */

static unsigned notes_told;
static void find(void *arg, const struct ledger_finding *f)
{
    char text[LEDGER_FINDING_TEXT];

    (void)arg;
    ledger_finding_text(text, f);
    CHECK(text[0] != 0);
    notes_told++;
}

static uint64_t alike;
static bool compare(void *arg, const struct ledger_entry *e)
{
    const struct ledger_entry want = entry_of(e->index);

    (void)arg;
    if (e->kind == want.kind && e->ms == want.ms && e->text_len == want.text_len &&
        memcmp(e->text, want.text, want.text_len) == 0)
        alike++;
    return true;
}

/* true: refused or named. false: it gives every entry as it was. */
static bool is_seen(void)
{
    struct ledger *l;
    struct ledger_check *c;
    struct ledger_summary sum;

    notes_told = 0;
    alike = 0;
    enum head2_status st = ledger_open(&l, folder, LEDGER_READ, NULL, &fault);
    if (st == HEAD2_OK) {
        CHECK_EQ(ledger_check_new(&c, key, find, NULL), HEAD2_OK);
        st = ledger_check_ledger(c, l, no_progress, NULL, &fault);
        ledger_check_end(c, &sum);
        ledger_check_free(c);
    }
    if (st == HEAD2_OK && notes_told == 0) {
        CHECK_EQ(ledger_each(l, 0, compare, NULL, &fault), HEAD2_OK);
        CHECK_EQ(alike, SIZE);
    } else if (st != HEAD2_OK) {
        CHECK_SAY(st == HEAD2_E_MALFORMED || st == HEAD2_E_IO || st == HEAD2_E_UNSUPPORTED,
                  "status %d: %s", (int)st, fault.what);
        CHECK(fault.what[0] != 0 && fault.where[0] != 0);
    }
    ledger_close(l);
    return st != HEAD2_OK || notes_told != 0;
}

/* Whoever appends to it is refused, or has what he was told. */
static void append_to_it(void)
{
    struct ledger *l;
    uint64_t size;

    if (ledger_open(&l, folder, LEDGER_APPEND, key, &fault) != HEAD2_OK)
        return;
    const enum head2_status st = try_append(l, 1);
    size = ledger_size(l);
    ledger_close(l);
    if (st == HEAD2_OK && ledger_open(&l, folder, LEDGER_READ, NULL, &fault) == HEAD2_OK) {
        CHECK_EQ(ledger_size(l), size);
        ledger_close(l);
    }
}

static void cut_short(void)
{
    unsigned refused = 0;

    for (size_t len = 0; len < whole.len; len += 512) {
        bytes_resize(database(), len);
        refused += is_seen();
        bytes_resize(database(), len);
        append_to_it();
    }
    CHECK_SAY(refused > whole.len / 512 - 8, "%u", refused); /* of the last page all is empty */
}

static void turned_bits(void)
{
    const unsigned each = getenv("HEAD2_SOAK") != NULL ? 200 : 6; /* of a page */
    uint64_t random = 4711;
    unsigned seen = 0, tries = 0;

    for (size_t page = 0; page < whole.len; page += 4096) {
        for (unsigned i = 0; i < each; i++, tries++) {
            const size_t bit = disk_random(&random) % (8 * (i % 2 == 0 ? 16u : 4096u));
            database()->p[page + bit / 8] ^= (uint8_t)(1 << bit % 8);
            seen += is_seen();
            database()->p[page + bit / 8] ^= (uint8_t)(1 << bit % 8);
            append_to_it();
        }
    }
    printf("    %u of %u seen; the others are of no meaning\n", seen, tries);
    CHECK(seen > tries / 3 && seen < tries);
}

/* The log: what comes behind the bit was never there, as after a power cut; the rest is whole. */
static void turned_bits_of_the_log(void)
{
    static struct disk_bytes log, base;
    uint64_t random = 815;
    unsigned shorter = 0;
    struct ledger *l = filled();

    bytes_copy(&log, &disk.file[disk.name[DISK_LOG]]);
    bytes_copy(&base, &disk.file[disk.name[DISK_DATABASE]]);
    ledger_close(l);
    for (unsigned i = 0; i < 200; i++) {
        disk_clear();
        disk.name[DISK_DATABASE] = disk_new_file();
        disk.name[DISK_LOG] = disk_new_file();
        bytes_copy(&disk.file[0], &base);
        bytes_copy(&disk.file[1], &log);
        const size_t bit = disk_random(&random) % (8 * log.len);
        disk.file[1].p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (ledger_open(&l, folder, LEDGER_APPEND, key, &fault) != HEAD2_OK)
            continue; /* not even its creation is left */
        shorter += ledger_size(l) < SIZE;
        check_whole(l);
        append(l, 1);
        CHECK_EQ(try_sign(l), HEAD2_OK);
        ledger_close(l);
    }
    CHECK(shorter > 100);
    free(log.p);
    free(base.p);
}

/* ---- an export of it ---- */

static unsigned findings;
static char words[4000];
static void list(void *arg, const struct ledger_finding *f)
{
    char text[LEDGER_FINDING_TEXT];

    (void)arg;
    ledger_finding_text(text, f);
    findings++;
    if (strlen(words) + strlen(text) + 2 < sizeof words)
        strcat(strcat(words, text), "\n");
}

/* Checked; how many entries follow one another in it from the first on. */
static uint64_t check_export(void)
{
    struct ledger_check *c;
    struct ledger_summary sum;

    findings = 0;
    words[0] = 0;
    CHECK_EQ(ledger_check_new(&c, key, list, NULL), HEAD2_OK);
    CHECK_EQ(ledger_export_read(c, target, no_progress, NULL, &fault), HEAD2_OK);
    ledger_check_end(c, &sum);
    ledger_check_free(c);
    return sum.entries;
}

static void sweep(void)
{
    CHECK_EQ(nftw(target, fixture_unlink, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static struct ledger_exported out;
static enum head2_status rescue(void)
{
    return ledger_export_folder(&out, folder, target, no_progress, NULL, &fault);
}

static void whole_export(void)
{
    (void)database();
    CHECK_EQ(rescue(), HEAD2_OK);
    CHECK(out.written && out.entries == SIZE);
    CHECK_EQ(check_export(), SIZE);
    CHECK_SAY(findings == 0, "%s", words);
    sweep();
}

/* Change one thing with SQL: what the export then has, and what a check says to it. */
static void rescued(const char *sql, uint64_t entries, uint64_t missing, uint64_t checked,
                    const char *say)
{
    char path[120];
    sqlite3 *db;

    (void)database();
    snprintf(path, sizeof path, "%s/" LEDGER_FILE, folder);
    CHECK_EQ(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_SAY(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
    CHECK_EQ(rescue(), HEAD2_E_MALFORMED);
    CHECK(fault.what[0] != 0 && out.written);
    CHECK_EQ(out.entries, entries);
    CHECK_EQ(out.missing, missing);
    CHECK_SAY(check_export() == checked, "%s", words);
    CHECK_SAY(strstr(words, "incomplete: this is what could be read of a damaged ledger") != NULL,
              "%s", words);
    CHECK_SAY(strstr(words, say) != NULL, "%s", words);
    sweep();
}

static void gaps(void)
{
    rescued("DELETE FROM entry WHERE i = 300", SIZE - 1, 300, SIZE, "entry 300 is missing");
    rescued("DELETE FROM entry WHERE i BETWEEN 200 AND 1100", SIZE - 901, 200, SIZE,
            "entries 256 to 511 are missing");
    rescued("DELETE FROM entry WHERE i >= 1290", 1290, UINT64_MAX, 1290, "the end is cut off");
    rescued("DELETE FROM entry WHERE i = 1299", 1299, UINT64_MAX, 1299, "the end is cut off");
    rescued("DELETE FROM tile WHERE n = 1", SIZE, UINT64_MAX, SIZE, "incomplete");
    rescued("DELETE FROM tile", SIZE, UINT64_MAX, SIZE, "incomplete");
    rescued("DELETE FROM tile WHERE n = 2; DELETE FROM entry WHERE i = 600", SIZE - 1, 600, 600,
            "the end is cut off");
    rescued("DELETE FROM identity", SIZE, UINT64_MAX, SIZE, "incomplete");
    rescued("UPDATE entry SET kind = 300 WHERE i = 9", SIZE - 1, 9, SIZE, "entry 9 is missing");
    rescued("UPDATE entry SET text = X'78' WHERE i = 8; DELETE FROM entry WHERE i = 300", SIZE - 1,
            300, SIZE, "entry 8 is not what was signed");
    rescued("DELETE FROM entry WHERE i = 300; UPDATE entry SET i = 1 << 60 WHERE i = 301", SIZE - 2,
            300, SIZE, "entries 300 to 301 are missing");
    rescued("DELETE FROM checkpoint WHERE size = 1300; DELETE FROM tile WHERE n = 0", SIZE,
            UINT64_MAX, SIZE, "incomplete");
}

/* One page after the other is zeros. Most of it is saved; the check says that it is not whole. */
static void pages_of_zeros(void)
{
    unsigned exports = 0, pages = 0;
    uint64_t entries = 0;

    for (size_t page = 4096; page < whole.len; page += 4096) {
        memset(database()->p + page, 0, 4096);
        const enum head2_status st = rescue();
        if (st == HEAD2_OK) { /* of a tile's hashes, which the check compares */
            CHECK_EQ(check_export(), SIZE);
            CHECK(strstr(words, "not what was signed") == NULL);
            sweep();
            continue;
        }
        pages++;
        if (!out.written)
            continue;
        CHECK(out.entries <= SIZE);
        exports++;
        entries += out.entries;
        (void)check_export();
        CHECK(findings != 0);
        sweep();
    }
    CHECK_SAY(exports + 4 > pages, "%u exports of %u damaged", exports, pages);
    CHECK_SAY(entries > (uint64_t)exports * SIZE / 2, "%llu", (unsigned long long)entries);
}

/* The file ends at a page: what stands before it is saved. */
static void exports_of_the_beginning(void)
{
    uint64_t most = 0;

    for (size_t len = whole.len - 4096; len > 8192; len -= len > 40960 ? 20480 : 4096) {
        bytes_resize(database(), len);
        CHECK(rescue() != HEAD2_OK);
        if (!out.written)
            continue;
        CHECK_SAY(check_export() <= SIZE && findings != 0, "%s", words);
        most = out.entries > most ? out.entries : most;
        sweep();
    }
    CHECK(most > SIZE / 2);
}

int main(void)
{
    key = fixed_key(HEAD2_MLDSA_44, 1);
    signer = artifact_signer_of_key(key, true);
    snprintf(folder, sizeof folder, "%s", fresh_folder());
    snprintf(target, sizeof target, "%s/export", folder);
    disk_begin();
    alarm(120); /* nothing may go round for ever */
    make();
    RUN(cut_short);
    RUN(turned_bits);
    RUN(turned_bits_of_the_log);
    RUN(whole_export);
    RUN(gaps);
    RUN(pages_of_zeros);
    RUN(exports_of_the_beginning);
    free(whole.p);
    disk_end();
    remove_folder();
    head2_key_free(key);
    CHECK_EXIT();
}
