/* Reading a ledger: entries, checkpoints, and the nodes of its tree. See ledger.h. */
#include "artifact/ledger_db.h"

#include "artifact/utc.h"

#include <head2/hash.h>

sqlite3_stmt *ledger_prepare(struct ledger *l, const char *sql, uint64_t a, uint64_t b)
{
    sqlite3_stmt *s = NULL;

    if (sqlite3_prepare_v2(l->db, sql, -1, &s, NULL) != SQLITE_OK)
        return NULL;
    if (sqlite3_bind_parameter_count(s) >= 1)
        sqlite3_bind_int64(s, 1, (sqlite3_int64)a);
    if (sqlite3_bind_parameter_count(s) >= 2)
        sqlite3_bind_int64(s, 2, (sqlite3_int64)b);
    return s;
}

/* ---- tiles ---- */

void ledger_tile_root(uint8_t root[MERKLE_BYTES], const uint8_t (*hash)[MERKLE_BYTES],
                      unsigned bits)
{
    uint8_t work[LEDGER_TILE][MERKLE_BYTES];
    unsigned n = 1u << bits;

    memcpy(work, hash, n * sizeof work[0]);
    for (; n > 1; n /= 2)
        for (unsigned i = 0; i < n / 2; i++)
            merkle_node(work[i], work[2 * i], work[2 * i + 1]);
    memcpy(root, work[0], MERKLE_BYTES);
}

enum head2_status ledger_read_tile(struct ledger *l, unsigned level, uint64_t n)
{
    enum head2_status st = HEAD2_E_IO;

    if (l->tile_there && l->tile_level == level && l->tile_n == n)
        return HEAD2_OK;
    l->tile_there = false;
    sqlite3_stmt *s =
        ledger_prepare(l, "SELECT hashes FROM tile WHERE level = ?1 AND n = ?2", level, n);
    const int row = s != NULL ? sqlite3_step(s) : SQLITE_ERROR;
    if (row == SQLITE_DONE)
        st = HEAD2_E_STATE;
    if (row == SQLITE_ROW) {
        st = HEAD2_E_MALFORMED;
        if (sqlite3_column_bytes(s, 0) == (int)sizeof l->tile) {
            memcpy(l->tile, sqlite3_column_blob(s, 0), sizeof l->tile);
            l->tile_level = level;
            l->tile_n = n;
            l->tile_there = true;
            st = HEAD2_OK;
        }
    }
    sqlite3_finalize(s);
    return st;
}

static enum head2_status get_node(void *arg, unsigned level, uint64_t index,
                                  uint8_t hash[MERKLE_BYTES])
{
    struct ledger *l = arg;
    const unsigned at = level / 8, bits = level % 8;
    const uint64_t first = index << bits, n = first / LEDGER_TILE;
    const unsigned within = (unsigned)(first % LEDGER_TILE);
    enum head2_status st;

    if (at >= LEDGER_LEVELS || (index + 1) << level > l->size)
        return HEAD2_E_ARG;
    if (n == l->size >> 8 * (at + 1)) {
        ledger_tile_root(hash, (const uint8_t(*)[MERKLE_BYTES])l->open_tile[at] + within, bits);
        return HEAD2_OK;
    }
    HEAD2_TRY(ledger_read_tile(l, at, n));
    ledger_tile_root(hash, (const uint8_t(*)[MERKLE_BYTES])l->tile + within, bits);
done:
    return st;
}

struct merkle_nodes ledger_nodes(struct ledger *l)
{
    return (struct merkle_nodes){get_node, l};
}

static bool take_leaf(void *arg, const struct ledger_entry *e)
{
    struct ledger *l = arg;
    uint8_t leaf[LEDGER_LEAF_BYTES];

    ledger_leaf(leaf, e);
    merkle_leaf(l->open_tile[0][e->index % LEDGER_TILE], leaf, sizeof leaf);
    return e->index + 1 < l->size;
}

enum head2_status ledger_load_tiles(struct ledger *l, struct ledger_fault *fault)
{
    enum head2_status st = HEAD2_OK;

    l->tile_there = false;
    if (l->size % LEDGER_TILE != 0)
        HEAD2_TRY(ledger_each(l, l->size - l->size % LEDGER_TILE, take_leaf, l, fault));
    for (unsigned level = 1; level < LEDGER_LEVELS; level++) {
        const uint64_t whole = l->size >> 8 * level; /* tiles of the level below */
        for (uint64_t n = whole - whole % LEDGER_TILE; n < whole; n++) {
            if (ledger_read_tile(l, level - 1, n) != HEAD2_OK)
                return ledger_damaged(l, fault, "tile %u/%llu is missing", level - 1,
                                      (unsigned long long)n);
            ledger_tile_root(l->open_tile[level][n % LEDGER_TILE],
                             (const uint8_t(*)[MERKLE_BYTES])l->tile, 8);
        }
    }
done:
    return st;
}

/* ---- entries ---- */

void ledger_leaf(uint8_t leaf[LEDGER_LEAF_BYTES], const struct ledger_entry *e)
{
    leaf[0] = 1;
    leaf[1] = e->kind;
    put_be64(leaf + 2, e->ms);
    head2_sha3_512(leaf + 10, e->text, e->text_len);
}

bool ledger_read_row(struct ledger_entry *e, sqlite3_stmt *s)
{
    *e = (struct ledger_entry){.index = (uint64_t)sqlite3_column_int64(s, 0),
                               .kind = (uint8_t)sqlite3_column_int(s, 1),
                               .ms = (uint64_t)sqlite3_column_int64(s, 2),
                               .subject = (const char *)sqlite3_column_text(s, 3),
                               .number = (uint64_t)sqlite3_column_int64(s, 4),
                               .text = sqlite3_column_blob(s, 5),
                               .text_len = (size_t)sqlite3_column_bytes(s, 5)};
    if (e->text == NULL)
        e->text = "";
    return sqlite3_column_type(s, 0) == SQLITE_INTEGER &&
           sqlite3_column_type(s, 1) == SQLITE_INTEGER && sqlite3_column_int64(s, 1) <= 255 &&
           sqlite3_column_int64(s, 1) >= 0 && e->ms <= UTC_MAX && e->number <= INT64_MAX &&
           e->subject != NULL && receipt_subject_ok(e->subject) && e->text_len <= LEDGER_TEXT_MAX;
}

enum head2_status ledger_each(struct ledger *l, uint64_t from, ledger_entry_fn *fn, void *arg,
                              struct ledger_fault *fault)
{
    enum head2_status st = HEAD2_OK;
    struct ledger_entry e;
    uint64_t expect = from;
    bool more = true;
    int row = SQLITE_ERROR;
    sqlite3_stmt *s = ledger_prepare(l, LEDGER_SELECT_ENTRIES, from, l->size);

    while (more && s != NULL && (row = sqlite3_step(s)) == SQLITE_ROW) {
        const bool good = ledger_read_row(&e, s);
        if (!good || e.index != expect) {
            st = ledger_damaged(l, fault, "entry %llu is %s", (unsigned long long)expect,
                                e.index != expect ? "missing" : "not one");
            break;
        }
        expect++;
        more = fn(arg, &e);
    }
    if (st == HEAD2_OK && more && row != SQLITE_DONE)
        st = ledger_failed(l, fault, "cannot be read");
    else if (st == HEAD2_OK && more && expect < l->size)
        st = ledger_damaged(l, fault, "entry %llu is missing", (unsigned long long)expect);
    sqlite3_finalize(s);
    return st;
}

enum head2_status ledger_each_note(struct ledger *l, ledger_note_fn *fn, void *arg,
                                   struct ledger_fault *fault)
{
    enum head2_status st = HEAD2_OK;
    bool more = true;
    int row = SQLITE_ERROR;
    int64_t last = -1;
    sqlite3_stmt *s = ledger_prepare(
        l, "SELECT size, note FROM checkpoint WHERE size <= ?1 ORDER BY size", l->size, 0);

    while (more && s != NULL && (row = sqlite3_step(s)) == SQLITE_ROW) {
        const char *const note = sqlite3_column_blob(s, 1);
        if (sqlite3_column_int64(s, 0) <= last) { /* pages of a damaged file may go round */
            st = ledger_damaged(l, fault, "its checkpoints are not in order");
            break;
        }
        last = sqlite3_column_int64(s, 0);
        more = fn(arg, (uint64_t)sqlite3_column_int64(s, 0), note != NULL ? note : "",
                  (size_t)sqlite3_column_bytes(s, 1));
    }
    if (st == HEAD2_OK && more && row != SQLITE_DONE)
        st = ledger_failed(l, fault, "cannot be read");
    sqlite3_finalize(s);
    return st;
}

enum head2_status ledger_note(struct ledger *l, uint64_t size, char *note, size_t *len,
                              struct ledger_fault *fault)
{
    enum head2_status st;
    sqlite3_stmt *s = ledger_prepare(
        l,
        size == 0 ? "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"
                  : "SELECT note FROM checkpoint WHERE size >= ?1 ORDER BY size LIMIT 1",
        size, 0);
    const int row = s != NULL ? sqlite3_step(s) : SQLITE_ERROR;

    if (row == SQLITE_ROW) {
        const size_t n = (size_t)sqlite3_column_bytes(s, 0);
        st = n < *len ? HEAD2_OK : HEAD2_E_SPACE;
        if (st == HEAD2_OK) {
            copy_bytes(note, sqlite3_column_blob(s, 0), n);
            note[n] = 0;
            *len = n;
        }
    } else if (row == SQLITE_DONE) {
        st = HEAD2_E_STATE;
    } else {
        st = ledger_failed(l, fault, "cannot be read");
    }
    sqlite3_finalize(s);
    return st;
}
