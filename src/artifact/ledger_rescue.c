/*
 * An export of what can still be read of a damaged ledger. See ledger_export_folder.
 *
 * Entries are read 256 at a time, and one by one where that fails: what stands on a page that can
 * be reached is found, also behind one that cannot. A tile is that of the database where it is
 * there, so that a check finds what was changed; otherwise it is made of the entries, if it has all
 * of them. The export has a file that says what it is, and no check calls it good.
 */
#include "artifact/ledger_db.h"
#include "artifact/ledger_files.h"

#include <stdlib.h>

#define TRIES 128 /* times 256 entries in a row that cannot be reached, before it gives up */

struct rescue {
    struct ledger_files files;
    struct ledger *l;
    struct ledger_exported *out;
    sqlite3_stmt *select;
    FILE *lines; /* of the 256 in hand; opened with the first of them */
    bool there[LEDGER_TILE];
    uint8_t hash[LEDGER_LEVELS][LEDGER_TILE][MERKLE_BYTES]; /* that the next tiles are made of */
    bool unknown[LEDGER_LEVELS];                            /* some of those are not known */
    char latest[CHECKPOINT_NOTE_MAX];
    size_t latest_len;
    uint64_t latest_size;
};

/* ---- entries ---- */

static void keep_entry(struct rescue *r, const struct ledger_entry *e, const char *name)
{
    uint8_t leaf[LEDGER_LEAF_BYTES];
    const unsigned at = (unsigned)(e->index % LEDGER_TILE);

    if (r->lines == NULL)
        r->lines = ledger_files_open(&r->files, name);
    if (r->lines == NULL)
        return;
    ledger_files_entry(&r->files, r->lines, e);
    ledger_leaf(leaf, e);
    merkle_leaf(r->hash[0][at], leaf, sizeof leaf);
    r->there[at] = true;
    r->out->entries++;
}

/* Entries from `from` on and below `to`. Returns where reading ended, or `to`. */
static uint64_t read_some(struct rescue *r, uint64_t from, uint64_t to, const char *name)
{
    struct ledger_entry e;
    int row = SQLITE_ERROR;
    sqlite3_stmt *const s = r->select;

    sqlite3_bind_int64(s, 1, (sqlite3_int64)from);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)to);
    while (!r->files.failed && (row = sqlite3_step(s)) == SQLITE_ROW) {
        const bool good = ledger_read_row(&e, s);
        if (e.index < from || e.index >= to)
            break; /* pages of a damaged file may go round */
        from = e.index + 1;
        if (good)
            keep_entry(r, &e, name);
    }
    (void)sqlite3_reset(s); /* says once more what step said */
    return row == SQLITE_DONE ? to : from;
}

/* Returns one past the last of the 256 from `first` on that is there; 0: none. */
static unsigned read_block(struct rescue *r, uint64_t first)
{
    char name[LEDGER_EXPORT_NAME];
    unsigned last = 0;

    memset(r->there, 0, sizeof r->there);
    r->lines = NULL;
    ledger_entries_name(name, first / LEDGER_TILE);
    for (uint64_t at = first; at < first + LEDGER_TILE && !r->files.failed;) {
        at = read_some(r, at, first + LEDGER_TILE, name);
        if (at < first + LEDGER_TILE) {
            (void)read_some(r, at, at + 1, name);
            at++;
        }
    }
    if (r->lines != NULL)
        ledger_files_close(&r->files, r->lines, name);
    for (unsigned i = 0; i < LEDGER_TILE; i++)
        last = r->there[i] ? i + 1 : last;
    return last;
}

/* The first entry from there on. false: there is none, or it cannot be asked, or is too far off to
 * be one. */
static bool next_entry(struct rescue *r, uint64_t from, uint64_t *out, bool *end)
{
    sqlite3_stmt *s =
        ledger_prepare(r->l, "SELECT i FROM entry WHERE i >= ?1 ORDER BY i LIMIT 1", from, 0);
    const int row = s != NULL ? sqlite3_step(s) : SQLITE_ERROR;
    const int64_t i = row == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;

    sqlite3_finalize(s);
    *end = row == SQLITE_DONE;
    *out = (uint64_t)i;
    return i >= 0 && (uint64_t)i >= from && (uint64_t)i - from < (uint64_t)TRIES * LEDGER_TILE;
}

/* ---- tiles ---- */

/* A tile is due, of so many hashes: the database's, or that of what is known. */
static void put_tile(struct rescue *r, unsigned level, uint64_t n, unsigned hashes)
{
    uint8_t root[MERKLE_BYTES];
    const uint8_t(*hash)[MERKLE_BYTES] = (const uint8_t(*)[MERKLE_BYTES])r->hash[level];
    bool known = !r->unknown[level];

    if (hashes == LEDGER_TILE && ledger_read_tile(r->l, level, n) == HEAD2_OK) {
        hash = (const uint8_t(*)[MERKLE_BYTES])r->l->tile;
        known = true;
    }
    r->unknown[level] = false;
    if (known)
        ledger_files_tile(&r->files, level, n, hashes, hash);
    if (hashes != LEDGER_TILE || level + 1 >= LEDGER_LEVELS)
        return;
    ledger_tile_root(root, hash, 8);
    memcpy(r->hash[level + 1][n % LEDGER_TILE], root, sizeof root);
    r->unknown[level + 1] |= !known;
}

static bool has_all(const struct rescue *r, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (!r->there[i])
            return false;
    return true;
}

/* The tile of 256 entries, and those above it that are full with it. */
static void put_full(struct rescue *r, uint64_t n)
{
    r->unknown[0] = !has_all(r, LEDGER_TILE);
    for (unsigned level = 0; level < LEDGER_LEVELS; level++, n /= LEDGER_TILE) {
        put_tile(r, level, n, LEDGER_TILE);
        if (n % LEDGER_TILE != LEDGER_TILE - 1)
            break;
    }
}

/* What there is of the tiles that are not full, for so many entries. */
static void put_rest(struct rescue *r, uint64_t entries)
{
    r->unknown[0] = !has_all(r, (unsigned)(entries % LEDGER_TILE));
    for (unsigned level = 0; level < LEDGER_LEVELS; level++) {
        const uint64_t hashes = entries >> 8 * level;
        if (hashes % LEDGER_TILE != 0)
            put_tile(r, level, hashes / LEDGER_TILE, (unsigned)(hashes % LEDGER_TILE));
    }
}

/* ---- all of it ---- */

static void note_missing(struct rescue *r, uint64_t first, unsigned n)
{
    for (unsigned i = 0; i < n && r->out->missing == UINT64_MAX; i++)
        if (!r->there[i])
            r->out->missing = first + i;
}

static void put_entries(struct rescue *r, ledger_progress_fn *progress, void *arg)
{
    uint64_t first = 0, next = 0;
    unsigned in_vain = 0;
    bool end = false;

    while (!end && in_vain < TRIES && !r->files.failed) {
        const unsigned n = read_block(r, first);
        const bool more = next_entry(r, first + LEDGER_TILE, &next, &end);
        in_vain = n != 0 || more ? 0 : in_vain + 1;
        if (end) {
            note_missing(r, first, n);
            if (n == LEDGER_TILE)
                put_full(r, first / LEDGER_TILE);
            put_rest(r, first + n);
            return;
        }
        note_missing(r, first, LEDGER_TILE);
        put_full(r, first / LEDGER_TILE);
        first += LEDGER_TILE;
        for (; more && first + LEDGER_TILE <= next; first += LEDGER_TILE) {
            memset(r->there, 0, sizeof r->there);
            put_full(r, first / LEDGER_TILE);
        }
        progress(arg, first);
    }
}

/* Checkpoints from one end, up to what cannot be read. */
static void put_notes(struct rescue *r, bool from_the_end, int64_t *seen)
{
    struct checkpoint c;
    const char *why;
    sqlite3_stmt *s =
        ledger_prepare(r->l,
                       from_the_end ? "SELECT size, note FROM checkpoint ORDER BY size DESC"
                                    : "SELECT size, note FROM checkpoint ORDER BY size",
                       0, 0);
    int64_t last = from_the_end ? INT64_MAX : -1;

    while (!r->files.failed && s != NULL && sqlite3_step(s) == SQLITE_ROW) {
        const int64_t size = sqlite3_column_int64(s, 0);
        const char *const note = sqlite3_column_blob(s, 1);
        const size_t len = (size_t)sqlite3_column_bytes(s, 1);
        if (from_the_end ? size >= last || size <= *seen : size <= last)
            break;
        last = size;
        if (note == NULL || len > sizeof r->latest ||
            checkpoint_parse(&c, note, len, &why) != HEAD2_OK || c.size != (uint64_t)size)
            continue;
        ledger_files_note(&r->files, c.size, note, len);
        r->out->checkpoints++;
        if (c.size < r->latest_size)
            continue;
        r->latest_size = c.size;
        r->latest_len = len;
        memcpy(r->latest, note, len);
    }
    *seen = from_the_end ? *seen : last;
    sqlite3_finalize(s);
}

/* What it is, for people. */
static void put_mark(struct rescue *r, const struct ledger_fault *why)
{
    char text[1200];
    const struct ledger_exported *const out = r->out;
    int n = snprintf(text, sizeof text,
                     "This is what could be read of a damaged ledger. It is not whole.\n"
                     "damage: %s: %s\nentries: %llu\ncheckpoints: %llu\n",
                     why->where, why->what, (unsigned long long)out->entries,
                     (unsigned long long)out->checkpoints);

    if (out->missing != UINT64_MAX)
        n += snprintf(text + n, sizeof text - (size_t)n, "first missing: %llu\n",
                      (unsigned long long)out->missing);
    ledger_files_put(&r->files, LEDGER_INCOMPLETE, text, (size_t)n);
}

void ledger_rescue(struct ledger_exported *out, struct ledger *l, const char *folder,
                   const struct ledger_fault *why, ledger_progress_fn *progress, void *arg)
{
    struct rescue *r = calloc(1, sizeof *r);
    struct ledger_fault second;
    int64_t seen = -1;

    *out = (struct ledger_exported){.missing = UINT64_MAX};
    sqlite3_stmt *const select = ledger_prepare(l, LEDGER_SELECT_ENTRIES, 0, 0);
    if (r != NULL && select != NULL &&
        ledger_files_begin(&r->files, folder, 0777, &second) == HEAD2_OK) {
        r->l = l;
        r->out = out;
        r->select = select;
        ledger_files_export(&r->files);
        put_entries(r, progress, arg);
        put_notes(r, false, &seen);
        put_notes(r, true, &seen);
        if (r->latest_len != 0)
            ledger_files_put(&r->files, "checkpoint", r->latest, r->latest_len);
        if (l->key != NULL)
            ledger_files_key(&r->files, LEDGER_EXPORT_KEY, l->key);
        put_mark(r, why);
        const bool any = out->entries != 0 || out->checkpoints != 0;
        out->written = ledger_files_end(&r->files, any ? HEAD2_OK : HEAD2_E_STATE) == HEAD2_OK;
    }
    sqlite3_finalize(select);
    free(r);
}
