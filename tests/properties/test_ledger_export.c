/*
 * A ledger checked offline: as it is, and as an export; whatever is done to it is found and named;
 * what is kept elsewhere shows a fork, a rollback, a tail cut off, two histories of one signer.
 */
#include "check.h"

#include "artifact_fixture.h"

#include "artifact/file.h"
#include "artifact/ledger_db.h"
#include "artifact/ledger_export.h"
#include "artifact/ledger_json.h"

#define ENTRIES 700
#define MS      UINT64_C(1795000000000)

static struct head2_key *key, *stranger;
static struct artifact_signer signer;
static struct ledger_fault fault;
static char base[100], ledger_dir[120], export_dir[120];

/* ---- making ---- */

/* The text lasts for 256 calls. */
static struct ledger_entry entry_of(uint64_t i, const char *words)
{
    static char texts[256][100];
    char *const text = texts[i % 256];

    snprintf(text, sizeof texts[0], "%s %llu\n\xc3\xa4 \"\\", words, (unsigned long long)i);
    return (struct ledger_entry){.kind = i % 3 == 0 ? LEDGER_KIND_JOB : (uint8_t)(i % 10),
                                 .ms = MS + i,
                                 .subject = "abc-1",
                                 .number = i,
                                 .text = text,
                                 .text_len = strlen(text)};
}

/* A checkpoint after each `step` entries, and at the end. */
static void make_ledger(const char *folder, uint64_t n, uint64_t step, const char *words)
{
    struct ledger *l;

    CHECK_EQ(ledger_open(&l, folder, LEDGER_APPEND, key, &fault), HEAD2_OK);
    CHECK_EQ(sqlite3_exec(l->db, "PRAGMA synchronous = OFF", NULL, NULL, NULL), SQLITE_OK);
    while (ledger_size(l) < n) {
        struct ledger_entry e[256];
        unsigned many = 0;
        do {
            e[many] = entry_of(ledger_size(l) + many, words);
            many++;
        } while (many < HEAD2_LEN(e) && ledger_size(l) + many < n &&
                 (ledger_size(l) + many) % step != 0);
        CHECK_EQ(ledger_append(l, e, many, &fault), HEAD2_OK);
        if (ledger_size(l) % step == 0 || ledger_size(l) == n)
            CHECK_EQ(ledger_sign(l, &signer, MS + ledger_size(l), &fault), HEAD2_OK);
    }
    ledger_close(l);
}

static void no_progress(void *arg, uint64_t done)
{
    (void)arg;
    (void)done;
}

static void make_export(const char *from, const char *to)
{
    struct ledger *l;

    CHECK_EQ(ledger_open(&l, from, LEDGER_READ, NULL, &fault), HEAD2_OK);
    CHECK_EQ(ledger_export(l, to, no_progress, NULL, &fault), HEAD2_OK);
    ledger_close(l);
}

static void paths(void)
{
    snprintf(base, sizeof base, "%s", fresh_folder());
    snprintf(ledger_dir, sizeof ledger_dir, "%s/ledger", base);
    snprintf(export_dir, sizeof export_dir, "%s/export", base);
}

static void fresh(void)
{
    paths();
    make_ledger(ledger_dir, ENTRIES, 100, "entry");
    make_export(ledger_dir, export_dir);
}

/* ---- checking ---- */

static char found[20000];
static struct ledger_summary sum;

static void find(void *arg, const struct ledger_finding *f)
{
    char text[LEDGER_FINDING_TEXT];

    (void)arg;
    ledger_finding_text(text, f);
    CHECK(strlen(found) + strlen(text) + 2 < sizeof found);
    strcat(strcat(found, text), "\n");
}

/* A kept note is a file's name, or an export's. */
static enum head2_status verify(const char *folder, const char *kept, const struct head2_key *by)
{
    struct ledger_check *c;
    struct ledger *l;
    uint8_t *note;
    size_t len;
    enum head2_status st;

    found[0] = 0;
    CHECK_EQ(ledger_check_new(&c, by, find, NULL), HEAD2_OK);
    if (kept != NULL && ledger_export_notes(c, kept, &fault) != HEAD2_OK) {
        CHECK_EQ(file_read(kept, CHECKPOINT_NOTE_MAX, &note, &len), HEAD2_OK);
        CHECK_EQ(ledger_check_note(c, kept, (char *)note, len, true), HEAD2_OK);
        free(note);
    }
    if (strcmp(folder, ledger_dir) == 0) {
        CHECK_EQ(ledger_open(&l, folder, LEDGER_READ, NULL, &fault), HEAD2_OK);
        st = ledger_check_ledger(c, l, no_progress, NULL, &fault);
        ledger_close(l);
    } else {
        st = ledger_export_read(c, folder, no_progress, NULL, &fault);
    }
    ledger_check_end(c, &sum);
    ledger_check_free(c);
    return st;
}

static void whole(const char *folder, const char *kept, uint64_t entries, uint64_t points)
{
    CHECK_EQ(verify(folder, kept, key), HEAD2_OK);
    CHECK_SAY(sum.faults == 0, "%s", found);
    CHECK_EQ(sum.entries, entries);
    CHECK_EQ(sum.is_signed, entries);
    CHECK_EQ(sum.checkpoints, points);
}

/* So many faults, and words for each; the rest of the export is looked at all the same. */
static void faulty(unsigned faults, const char *first, const char *second)
{
    CHECK_EQ(verify(export_dir, NULL, key), HEAD2_OK);
    CHECK_SAY(sum.faults == faults, "%u faults expected: %s", faults, found);
    CHECK_SAY(strstr(found, first) != NULL, "'%s' does not say '%s'", found, first);
    CHECK_SAY(second == NULL || strstr(found, second) != NULL, "'%s' does not say '%s'", found,
              second);
}

/* ---- damage, undone afterwards ---- */

static char damaged[200];
static uint8_t *before;
static size_t before_len;

static void take(const char *name)
{
    snprintf(damaged, sizeof damaged, "%s/%s", export_dir, name);
    CHECK_SAY(file_read(damaged, 1 << 24, &before, &before_len) == HEAD2_OK, "%s", damaged);
}

static void put(const void *bytes, size_t len)
{
    FILE *f = fopen(damaged, "wb");
    CHECK(f != NULL && fwrite(bytes, 1, len, f) == len && fclose(f) == 0);
}

static void undo(void)
{
    put(before, before_len);
    free(before);
}

static void replace(const char *name, const char *by, const char *with)
{
    take(name);
    char *const at = strstr((char *)before, by), *more = malloc(before_len + strlen(with) + 1);
    CHECK_SAY(at != NULL && more != NULL, "no '%s' in %s", by, name);
    const size_t head = (size_t)(at - (char *)before), tail = head + strlen(by);
    memcpy(more, before, head);
    memcpy(more + head, with, strlen(with));
    memcpy(more + head + strlen(with), before + tail, before_len - tail);
    put(more, before_len - strlen(by) + strlen(with));
    free(more);
}

static void replaced(const char *name, const char *by, const char *with, unsigned faults,
                     const char *first, const char *second)
{
    replace(name, by, with);
    faulty(faults, first, second);
    undo();
}

static void removed(const char *name, unsigned faults, const char *first, const char *second)
{
    take(name);
    CHECK_EQ(remove(damaged), 0);
    faulty(faults, first, second);
    undo();
}

/* The start of line n of an entry file. */
static char *line_of(unsigned n)
{
    char *p = (char *)before;

    while (n-- > 0)
        p = strchr(p, '\n') + 1;
    return p;
}

/* ---- cases ---- */

static void as_it_is(void)
{
    fresh();
    whole(ledger_dir, NULL, ENTRIES, 7);
    whole(export_dir, NULL, ENTRIES, 7);
    whole(export_dir, export_dir, ENTRIES, 7);
    whole(ledger_dir, export_dir, ENTRIES, 7);
    CHECK_EQ(sum.kept, 7);
    CHECK_EQ(verify(export_dir, NULL, stranger), HEAD2_OK);
    CHECK_EQ(sum.faults, 9); /* eight files, and so nothing is signed */
    CHECK(strstr(found, "not signed by this ledger's key") != NULL);
    CHECK(strstr(found, "nothing is signed") != NULL);
    struct ledger *l;
    CHECK_EQ(ledger_open(&l, ledger_dir, LEDGER_READ, NULL, &fault), HEAD2_OK);
    CHECK_EQ(ledger_export(l, export_dir, no_progress, NULL, &fault), HEAD2_E_POLICY);
    ledger_close(l);
}

/* Tiles of two levels, and names above 999 in neither; what is not signed is not a fault. */
static void of_every_size(void)
{
    const uint64_t sizes[] = {1, 2, 255, 256, 257, 512, 513, 66000};

    for (unsigned i = 0; i < HEAD2_LEN(sizes); i++) {
        paths();
        make_ledger(ledger_dir, sizes[i], 1 << 20, "entry");
        make_export(ledger_dir, export_dir);
        whole(ledger_dir, NULL, sizes[i], 1);
        whole(export_dir, NULL, sizes[i], 1);
    }
    take("tile/1/000");
    before[40] ^= 1;
    put(before, before_len);
    free(before);
    take("tile/2/000.p/1");
    CHECK_EQ(remove(damaged), 0);
    free(before);
    faulty(2, "tile/1/000: not what the tiles below it make", "tile/2/000.p/1: missing");
}

static void names_of_tiles(void)
{
    static const struct {
        uint64_t n;
        unsigned hashes;
        const char *name;
    } known[] = {
        {0,           256, "tile/3/000"                     },
        {67,          256, "tile/3/067"                     },
        {1067,        256, "tile/3/x001/067"                },
        {1234067,     1,   "tile/3/x001/x234/067.p/1"       },
        {10000000000, 255, "tile/3/x010/x000/x000/000.p/255"},
    };
    char name[LEDGER_EXPORT_NAME];

    for (unsigned i = 0; i < HEAD2_LEN(known); i++) {
        ledger_tile_name(name, 3, known[i].n, known[i].hashes);
        CHECK_SAY(strcmp(name, known[i].name) == 0, "%s", name);
    }
}

static void changed_entries(void)
{
    static const char file[] = "entries/000001.jsonl";

    fresh();
    replaced(file, "entry 300", "Entry 300", 1, "entry 300 is not what was signed", NULL);
    replaced(file, "\"kind\":\"job\"", "\"kind\":\"text\"", 1, "entry 258 is not", NULL);
    replaced(file, ".257Z", ".258Z", 1, "entry 257 is not what was signed", NULL);
    replaced(file, "\"index\":299", "\"index\":399", 4, "line 144: entry 399 is here twice",
             "entry 299 is missing");
    replaced(file, "\"index\":299,", "", 2, "line 44: no entry", "entry 299 is missing");
    replaced(file, "{\"index\":299", "\"index\":299", 2, "line 44: no entry",
             "entry 299 is missing");
    /* what the leaf does not hold */
    replace(file, "\"subject\":\"abc-1\",\"number\":299", "\"subject\":\"xyz\",\"number\":1");
    whole(export_dir, NULL, ENTRIES, 7);
    undo();
    /* two of them, and the rest is checked on */
    replace(file, "entry 300", "Entry 300");
    uint8_t *const first = before;
    const size_t first_len = before_len;
    replace(file, "entry 410", "Entry 410");
    faulty(2, "entry 300 is not what was signed", "entry 410 is not what was signed");
    free(before);
    before = first;
    before_len = first_len;
    undo();
    whole(export_dir, NULL, ENTRIES, 7);
}

static void lines(void)
{
    char *more;

    fresh();
    take("entries/000001.jsonl");
    char *const a = line_of(9), *const b = line_of(10), *const c = line_of(11);
    const size_t head = (size_t)(a - (char *)before),
                 tail = before_len - (size_t)(c - (char *)before);
    more = malloc(2 * before_len);
    CHECK(more != NULL);
    memcpy(more, before, head); /* one left out */
    memcpy(more + head, b, before_len - (size_t)(b - (char *)before));
    put(more, before_len - (size_t)(b - a));
    faulty(1, "entries/000001.jsonl: entry 265 is missing", NULL);
    memcpy(more + head, b, (size_t)(c - b)); /* two swapped */
    memcpy(more + head + (c - b), a, (size_t)(b - a));
    memcpy(more + head + (c - a), c, tail);
    put(more, before_len);
    faulty(1, "line 11: entry 265 is not in its place", NULL);
    memcpy(more + head, a, (size_t)(b - a)); /* one twice */
    memcpy(more + head + (b - a), a, before_len - head);
    put(more, before_len + (size_t)(b - a));
    faulty(1, "line 11: entry 265 is here twice", NULL);
    undo();
    free(more);
    removed("entries/000001.jsonl", 1, "entries 256 to 511 are missing", NULL);
    take("entries/000002.jsonl");
    put(before, 1000);
    faulty(2, "no entry", "to 699 are missing");
    undo();
}

static void tiles(void)
{
    fresh();
    take("tile/0/001");
    before[32 * 7] ^= 0x40;
    put(before, before_len);
    faulty(2, "entry 263 is as signed, and not as in the tile",
           "tile/1/000.p/2: not what the tiles below it make");
    put(before, 100);
    faulty(2, "tile/0/001: not as long as its name says", "the tile of its entries is missing");
    before[32 * 7] ^= 0x40;
    undo();
    removed("tile/0/001", 1, "entries/000001.jsonl: the tile of its entries is missing", NULL);
    removed("tile/0/002.p/188", 1, "entries/000002.jsonl: the tile", NULL);
    removed("tile/1/000.p/2", 1, "tile/1/000.p/2: missing", NULL);
    whole(export_dir, NULL, ENTRIES, 7);
}

/* Both changed alike: only a range can be named. */
static void entry_and_tile(void)
{
    uint8_t leaf[LEDGER_LEAF_BYTES];

    fresh();
    struct ledger_entry e = entry_of(300, "Entry");
    take("tile/0/001");
    ledger_leaf(leaf, &e);
    merkle_leaf(before + 32 * (300 - 256), leaf, sizeof leaf);
    put(before, before_len);
    free(before);
    replace("entries/000001.jsonl", "entry 300", "Entry 300");
    faulty(2, "some of the entries 300 to 399 are not what was signed in checkpoints/000000000400",
           "tile/1/000.p/2");
    free(before);
}

static void checkpoints(void)
{
    fresh();
    replaced("checkpoints/000000000300", "\n300\n", "\n301\n", 1,
             "checkpoints/000000000300: changed, or not signed", NULL);
    replaced("checkpoints/000000000300", "\n300\n", "\n\n", 1,
             "checkpoints/000000000300: not a checkpoint: line 2", NULL);
    replaced("checkpoint", "ledger", "Ledger", 1, "checkpoint: not a checkpoint: line 1", NULL);
    removed("checkpoint", 1, "checkpoint: missing", NULL);
    /* with the copy at hand none is needed */
    take("checkpoints/000000000700");
    CHECK_EQ(remove(damaged), 0);
    whole(export_dir, NULL, ENTRIES, 7);
    undo();
    /* without any of the last, entries are there that are not signed: that is said */
    take("checkpoints/000000000600");
    uint8_t *const note = before;
    const size_t len = before_len;
    take("checkpoint");
    put(note, len);
    uint8_t *const latest = before;
    const size_t latest_len = before_len;
    take("checkpoints/000000000700");
    CHECK_EQ(remove(damaged), 0);
    free(before);
    CHECK_EQ(verify(export_dir, NULL, key), HEAD2_OK);
    CHECK_EQ(sum.faults, 0);
    CHECK_EQ(sum.is_signed, 600);
    CHECK(strstr(found, "entries 600 to 699 come after the last checkpoint: not signed") != NULL);
    /* kept elsewhere, it covers them */
    char kept[200];
    snprintf(kept, sizeof kept, "%s/kept", base);
    CHECK_EQ(file_write(kept, latest, latest_len, 0600, FILE_REPLACE), HEAD2_OK);
    replace("entries/000002.jsonl", "entry 650", "Entry 650");
    CHECK_EQ(verify(export_dir, kept, key), HEAD2_OK);
    CHECK_EQ(sum.faults, 1);
    CHECK_SAY(strstr(found, "entry 650 is not what was signed") != NULL, "%s", found);
    free(note);
    free(latest);
    free(before);
}

static void cut(void)
{
    static const char *const last[] = {"checkpoints/000000000700", "checkpoints/000000000600",
                                       "entries/000002.jsonl", "tile/0/002.p/188"};
    char kept[200];

    fresh();
    take("checkpoint");
    snprintf(kept, sizeof kept, "%s/kept", base);
    CHECK_EQ(file_write(kept, before, before_len, 0600, FILE_REPLACE), HEAD2_OK);
    free(before);
    /* entries alone */
    for (unsigned i = 2; i < 4; i++) {
        take(last[i]);
        CHECK_EQ(remove(damaged), 0);
        free(before);
    }
    faulty(1, "speaks of 700 entries, and 512 are here: the end is cut off", NULL);
    /* with their checkpoints: only what is kept elsewhere shows it */
    for (unsigned i = 0; i < 2; i++) {
        take(last[i]);
        CHECK_EQ(remove(damaged), 0);
        free(before);
    }
    take("checkpoints/000000000500");
    uint8_t *const note = before;
    const size_t len = before_len;
    take("checkpoint");
    put(note, len);
    free(before);
    free(note);
    CHECK_EQ(verify(export_dir, NULL, key), HEAD2_OK);
    CHECK_SAY(sum.faults == 0, "%s", found);
    CHECK_EQ(verify(export_dir, kept, key), HEAD2_OK);
    CHECK_EQ(sum.faults, 1);
    CHECK_SAY(strstr(found, "kept, kept elsewhere, has 700 entries, and 512 are here") != NULL,
              "%s", found);
}

/* One signer, two histories: each in itself is right. */
static void fork_of_the_ledger(void)
{
    char other_ledger[200], other[200];

    fresh();
    snprintf(other_ledger, sizeof other_ledger, "%s/other-ledger", base);
    snprintf(other, sizeof other, "%s/other", base);
    make_ledger(other_ledger, ENTRIES + 50, 100, "other");
    make_export(other_ledger, other);
    whole(other, NULL, ENTRIES + 50, 8);
    CHECK_EQ(verify(export_dir, other, key), HEAD2_OK);
    CHECK_EQ(sum.faults, 7 + 1 + 1); /* seven sizes with two roots, a fork, and 50 more entries */
    CHECK(strstr(found, "fork: the 100 entries that it signs are not the first 100") != NULL);
    CHECK(strstr(found, "two roots for 300 entries: keep both files") != NULL);
    CHECK(strstr(found, "has 750 entries, and 700 are here") != NULL);
}

/* A note of our own making, signed by the ledger's key. */
static void hand_signed(const char *name, uint64_t size)
{
    static char note[CHECKPOINT_NOTE_MAX];
    struct checkpoint c = {.size = size, .ms = MS};
    size_t len = sizeof note;

    memset(c.root, 7, sizeof c.root);
    CHECK_EQ(checkpoint_sign(&c, &signer, key), HEAD2_OK);
    CHECK_EQ(checkpoint_write(&c, note, &len), HEAD2_OK);
    snprintf(damaged, sizeof damaged, "%s/%s", export_dir, name);
    put(note, len);
}

static void two_roots_and_lies(void)
{
    fresh();
    hand_signed("checkpoints/another", 300); /* two roots, and it is not of this history */
    faulty(2, "checkpoints/000000000300 and checkpoints/another: two roots for 300",
           "checkpoints/another: fork");
    CHECK_EQ(remove(damaged), 0);
    hand_signed("checkpoints/another", 333);
    faulty(1, "checkpoints/another: fork: the 333 entries", NULL);
    CHECK_EQ(remove(damaged), 0);
    hand_signed("checkpoints/another", UINT64_C(1) << 40); /* no memory, no time */
    faulty(1, "checkpoints/another speaks of 1099511627776 entries, and 700 are here", NULL);
    CHECK_EQ(remove(damaged), 0);
    hand_signed("checkpoints/another", 0); /* the root of no entries is another */
    faulty(1, "checkpoints/another: fork: the 0 entries", NULL);
}

static void not_an_export(void)
{
    paths();
    CHECK_EQ(verify(base, NULL, key), HEAD2_E_MALFORMED);
    CHECK(strstr(fault.what, "not an export") != NULL);
}

/* The database: changed under the ledger's feet. */
static void database(void)
{
    static const struct {
        const char *sql, *words;
    } known[] = {
        {"UPDATE entry SET text = X'78' WHERE i = 300",         "entry 300 is not what was signed"      },
        {"UPDATE entry SET kind = 77 WHERE i = 300",            "entry 300 is not what was signed"      },
        {"UPDATE tile SET hashes = zeroblob(8192) WHERE n = 1", "entry 300 is as signed"                },
        {"UPDATE entry SET text = X'78' WHERE i = 650",         "some of the entries 600 to 699 are not"},
        {"UPDATE checkpoint SET note = X'78' WHERE size = 300", "checkpoint 300: not a checkpoint"      },
    };
    char path[200];
    sqlite3 *db;

    for (unsigned i = 0; i < HEAD2_LEN(known); i++) {
        fresh();
        snprintf(path, sizeof path, "%s/" LEDGER_FILE, ledger_dir);
        CHECK_EQ(sqlite3_open(path, &db), SQLITE_OK);
        CHECK_EQ(sqlite3_exec(db, known[i].sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        CHECK_EQ(verify(ledger_dir, NULL, key), HEAD2_OK);
        CHECK_SAY(strstr(found, known[i].words) != NULL, "%s", found);
        /* against the export of before */
        CHECK_EQ(verify(ledger_dir, export_dir, key), HEAD2_OK);
        CHECK(sum.faults != 0);
    }
}

/* ---- proofs ---- */

static enum head2_status prove(uint64_t index, const char *by, const char *with, const char **why)
{
    static struct ledger_proven proven;
    struct ledger *l;
    json_t *o;

    CHECK_EQ(ledger_open(&l, ledger_dir, LEDGER_READ, NULL, &fault), HEAD2_OK);
    CHECK_EQ(ledger_prove(&o, l, index, &fault), HEAD2_OK);
    ledger_close(l);
    char *text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    char *const at = strstr(text, by);
    CHECK_SAY(at != NULL, "no '%s' in %s", by, text);
    CHECK_EQ(strlen(by), strlen(with));
    memcpy(at, with, strlen(with));
    o = ledger_proof_load(text, strlen(text), why);
    free(text);
    if (o == NULL)
        return HEAD2_E_MALFORMED;
    const enum head2_status st = ledger_proof_check(&proven, o, key, why);
    CHECK(st != HEAD2_OK || (proven.entry.index == index && proven.size > index));
    json_decref(o);
    return st;
}

static void proofs(void)
{
    static const struct {
        const char *by, *with;
        enum head2_status st;
    } known[] = {
        {"entry 300",         "Entry 300",         HEAD2_E_VERIFY   },
        {"\"index\":300",     "\"index\":301",     HEAD2_E_VERIFY   },
        {"\"size\":400",      "\"size\":401",      HEAD2_E_VERIFY   },
        {"\\n400\\n",         "\\n401\\n",         HEAD2_E_VERIFY   },
        {"\"leaf\":\"01",     "\"leaf\":\"02",     HEAD2_E_VERIFY   },
        {"\"proof\":[\"",     "\"proof\":[\"!",    HEAD2_E_MALFORMED},
        {"\"head2_proof\":1", "\"head2_proof\":2", HEAD2_E_MALFORMED},
        {"head2_proof",       "head3_proof",       HEAD2_E_MALFORMED},
        {"\"kind\":\"job\"",  "\"kind\":\"jab\"",  HEAD2_E_MALFORMED},
    };
    const char *why;
    struct ledger *l;
    json_t *o;

    fresh();
    for (uint64_t i = 0; i < ENTRIES; i += 23)
        CHECK_EQ(prove(i, "{", "{", &why), HEAD2_OK);
    for (unsigned i = 0; i < HEAD2_LEN(known); i++) {
        char with[40];
        snprintf(with, sizeof with, "%.*s", (int)strlen(known[i].by), known[i].with);
        if (strlen(known[i].with) > strlen(known[i].by))
            with[strlen(known[i].by) - 1] = '!'; /* in place of the quote that opens */
        CHECK_SAY(prove(300, known[i].by, with, &why) == known[i].st, "%s", known[i].with);
        CHECK(why != NULL && why[0] != 0);
    }
    CHECK_EQ(ledger_open(&l, ledger_dir, LEDGER_APPEND, key, &fault), HEAD2_OK);
    struct ledger_entry e = entry_of(0, "late");
    CHECK_EQ(ledger_append(l, &e, 1, &fault), HEAD2_OK);
    CHECK_EQ(ledger_prove(&o, l, ENTRIES, &fault), HEAD2_E_STATE);
    CHECK_EQ(ledger_prove(&o, l, ENTRIES + 1, &fault), HEAD2_E_ARG);
    ledger_close(l);
}

int main(void)
{
    key = fixed_key(HEAD2_MLDSA_87, 1);
    stranger = fixed_key(HEAD2_MLDSA_87, 2);
    signer = artifact_signer_of_key(key, true);
    RUN(as_it_is);
    RUN(of_every_size);
    RUN(names_of_tiles);
    RUN(changed_entries);
    RUN(lines);
    RUN(tiles);
    RUN(entry_and_tile);
    RUN(checkpoints);
    RUN(cut);
    RUN(fork_of_the_ledger);
    RUN(two_roots_and_lies);
    RUN(not_an_export);
    RUN(database);
    RUN(proofs);
    remove_folder();
    head2_key_free(key);
    head2_key_free(stranger);
    CHECK_EXIT();
}
