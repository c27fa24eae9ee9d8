/* Reading an export. Each file states its limits; nothing in it is believed. See ledger_export.h.
 */
#include "artifact/file.h"
#include "artifact/ledger_db.h"
#include "artifact/ledger_export.h"
#include "artifact/ledger_json.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct hashes {
    unsigned n; /* known up to here; of entries: with gaps */
    bool there[LEDGER_TILE];
    uint8_t hash[LEDGER_TILE][MERKLE_BYTES];
};

struct import {
    struct ledger_check *check;
    const char *folder;
    struct ledger_fault *fault;
    uint64_t first; /* entry of the file of 256 that is being read */
    struct hashes entries, tile;
    uint8_t up[LEDGER_LEVELS][LEDGER_TILE][MERKLE_BYTES]; /* from 1 on: of the tiles below */
};

static enum head2_status fail(struct import *m, enum head2_status st, const char *name,
                              const char *what)
{
    m->fault->error = st == HEAD2_E_IO ? errno : 0;
    snprintf(m->fault->where, sizeof m->fault->where, "%.400s/%.100s", m->folder, name);
    snprintf(m->fault->what, sizeof m->fault->what, "%s", what);
    if (st == HEAD2_E_MALFORMED)
        snprintf(m->fault->hint, sizeof m->fault->hint, "give what 'head2 ledger export' wrote");
    return st;
}

/* A file of the export. HEAD2_E_STATE where there is none, HEAD2_E_LIMIT. */
static enum head2_status read_file(struct import *m, const char *name, size_t limit, uint8_t **out,
                                   size_t *len)
{
    char path[PATH_MAX];

    *out = NULL;
    errno = ENAMETOOLONG;
    if (snprintf(path, sizeof path, "%s/%s", m->folder, name) >= (int)sizeof path)
        return fail(m, HEAD2_E_IO, name, "the name is too long");
    const enum head2_status st = file_read(path, limit, out, len);
    if (st == HEAD2_E_IO && errno == ENOENT)
        return HEAD2_E_STATE;
    return st == HEAD2_OK || st == HEAD2_E_LIMIT ? st : fail(m, st, name, strerror(errno));
}

/* ---- tiles ---- */

/* HEAD2_OK with *out NULL where the tile is missing or not of its length. */
static enum head2_status read_tile(struct import *m, unsigned level, uint64_t n, unsigned hashes,
                                   uint8_t **out)
{
    char name[LEDGER_EXPORT_NAME];
    size_t len = 0;

    ledger_tile_name(name, level, n, hashes);
    const enum head2_status st =
        read_file(m, name, sizeof(uint8_t[LEDGER_TILE][MERKLE_BYTES]), out, &len);
    if (st != HEAD2_OK && st != HEAD2_E_STATE && st != HEAD2_E_LIMIT)
        return st;
    if (st != HEAD2_E_STATE && len != hashes * (size_t)MERKLE_BYTES) {
        ledger_check_bad_file(m->check, name, "not as long as its name says");
        free(*out);
        *out = NULL;
    }
    return HEAD2_OK;
}

/* The tile of these entries: the whole one, or the largest there is of the last one. */
static enum head2_status read_leaves(struct import *m)
{
    enum head2_status st = HEAD2_OK;
    uint8_t *bytes = NULL;

    m->tile.n = 0;
    for (unsigned n = LEDGER_TILE; n > 0 && bytes == NULL; n--) {
        HEAD2_TRY(read_tile(m, 0, m->first / LEDGER_TILE, n, &bytes));
        if (bytes == NULL)
            continue;
        memcpy(m->tile.hash, bytes, n * (size_t)MERKLE_BYTES);
        m->tile.n = n;
    }
done:
    free(bytes);
    return st;
}

/* A tile above, against those that it is made of. */
static enum head2_status compare_up(struct import *m, unsigned level, uint64_t n, unsigned hashes)
{
    char name[LEDGER_EXPORT_NAME];
    uint8_t *bytes;
    enum head2_status st = read_tile(m, level, n, hashes, &bytes);

    ledger_tile_name(name, level, n, hashes);
    if (st == HEAD2_OK && bytes == NULL)
        ledger_check_bad_file(m->check, name, "missing");
    else if (st == HEAD2_OK && memcmp(bytes, m->up[level], hashes * (size_t)MERKLE_BYTES) != 0)
        ledger_check_bad_file(m->check, name, "not what the tiles below it make");
    free(bytes);
    return st;
}

/* The 256 that have been read are whole: so may be tiles above them. */
static enum head2_status climb(struct import *m)
{
    enum head2_status st = HEAD2_OK;
    const struct hashes *const leaves = m->tile.n == LEDGER_TILE ? &m->tile : &m->entries;
    uint64_t n = m->first / LEDGER_TILE;
    const uint8_t(*below)[MERKLE_BYTES] = (const uint8_t(*)[MERKLE_BYTES])leaves->hash;

    for (unsigned level = 1; level < LEDGER_LEVELS; level++, n /= LEDGER_TILE) {
        ledger_tile_root(m->up[level][n % LEDGER_TILE], below, 8);
        if (n % LEDGER_TILE != LEDGER_TILE - 1)
            break;
        HEAD2_TRY(compare_up(m, level, n / LEDGER_TILE, LEDGER_TILE));
        below = (const uint8_t(*)[MERKLE_BYTES])m->up[level];
    }
done:
    return st;
}

static enum head2_status compare_last(struct import *m, uint64_t entries)
{
    enum head2_status st = HEAD2_OK;

    for (unsigned level = 1; level < LEDGER_LEVELS; level++) {
        const uint64_t hashes = entries >> 8 * level;
        if (hashes % LEDGER_TILE != 0)
            HEAD2_TRY(compare_up(m, level, hashes / LEDGER_TILE, (unsigned)(hashes % LEDGER_TILE)));
    }
done:
    return st;
}

/* ---- entries ---- */

/* One line, to its place. *last: where the one before stood. */
static void read_line(struct import *m, const char *name, unsigned line, uint64_t *last,
                      const json_t *o)
{
    struct ledger_entry e;
    uint8_t leaf[LEDGER_LEAF_BYTES];

    if (!ledger_entry_parse(&e, o)) {
        ledger_check_bad_file(m->check, name, "line %u: no entry", line);
        return;
    }
    const uint64_t at = e.index - m->first;
    if (e.index < m->first || at >= LEDGER_TILE || m->entries.there[at]) {
        ledger_check_bad_file(m->check, name, "line %u: entry %llu is here twice, or not its place",
                              line, (unsigned long long)e.index);
        return;
    }
    if (e.index < *last)
        ledger_check_bad_file(m->check, name, "line %u: entry %llu is not in its place", line,
                              (unsigned long long)e.index);
    *last = e.index;
    ledger_leaf(leaf, &e);
    merkle_leaf(m->entries.hash[at], leaf, sizeof leaf);
    m->entries.there[at] = true;
    if (m->entries.n <= at)
        m->entries.n = (unsigned)at + 1;
}

static void read_lines(struct import *m, const char *name, const uint8_t *bytes, size_t len)
{
    const uint8_t *const end = bytes + len;
    uint64_t last = 0;

    for (unsigned line = 1; bytes < end; line++) {
        const uint8_t *lf = memchr(bytes, '\n', (size_t)(end - bytes));
        lf = lf != NULL ? lf : end;
        if (line > 2 * LEDGER_TILE) {
            ledger_check_bad_file(m->check, name, "more lines than entries");
            return;
        }
        json_t *o = json_loadb((const char *)bytes, (size_t)(lf - bytes),
                               JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        read_line(m, name, line, &last, o);
        json_decref(o);
        bytes = lf + 1;
    }
}

/* Say which of the first n are not there. */
static void tell_gaps(struct import *m, const char *name, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const unsigned from = i;
        while (i < n && !m->entries.there[i])
            i++;
        if (i == from + 1)
            ledger_check_bad_file(m->check, name, "entry %llu is missing",
                                  (unsigned long long)(m->first + from));
        else if (i != from)
            ledger_check_bad_file(m->check, name, "entries %llu to %llu are missing",
                                  (unsigned long long)(m->first + from),
                                  (unsigned long long)(m->first + i - 1));
    }
}

/* 256 entries to the check; *n of them. */
static enum head2_status read_entries(struct import *m, unsigned *n)
{
    char name[LEDGER_EXPORT_NAME];
    uint8_t *bytes;
    size_t len = 0;

    *n = 0;
    memset(&m->entries, 0, sizeof m->entries);
    ledger_entries_name(name, m->first / LEDGER_TILE);
    enum head2_status st = read_file(m, name, LEDGER_ENTRIES_MAX, &bytes, &len);
    if (st != HEAD2_OK && st != HEAD2_E_STATE && st != HEAD2_E_LIMIT)
        return st;
    if (st == HEAD2_OK)
        read_lines(m, name, bytes, len);
    free(bytes);
    st = read_leaves(m);
    if (st != HEAD2_OK)
        return st;
    if (m->tile.n == 0 && m->entries.n != 0)
        ledger_check_bad_file(m->check, name, "the tile of its entries is missing");
    *n = m->tile.n > m->entries.n ? m->tile.n : m->entries.n;
    tell_gaps(m, name, *n);
    for (unsigned i = 0; i < *n; i++) {
        if (!m->entries.there[i] && i >= m->tile.n) {
            *n = i; /* what comes after is at an unknown place of the tree */
            break;
        }
        ledger_check_leaf(m->check, m->entries.there[i] ? m->entries.hash[i] : NULL,
                          i < m->tile.n ? m->tile.hash[i] : NULL);
    }
    return HEAD2_OK;
}

static enum head2_status read_all(struct import *m, ledger_progress_fn *progress, void *arg)
{
    enum head2_status st;
    unsigned n;

    do {
        HEAD2_TRY(read_entries(m, &n));
        if (n == LEDGER_TILE)
            HEAD2_TRY(climb(m));
        m->first += n;
        progress(arg, m->first);
    } while (n == LEDGER_TILE);
    st = compare_last(m, m->first);
done:
    return st;
}

/* ---- checkpoints ---- */

static int is_note(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static enum head2_status read_note(struct import *m, const char *name, bool kept)
{
    char shown[400];
    uint8_t *note;
    size_t len = 0;
    enum head2_status st = read_file(m, name, CHECKPOINT_NOTE_MAX, &note, &len);

    snprintf(shown, sizeof shown, "%s%s%s", kept ? m->folder : "", kept ? "/" : "", name);
    if (st == HEAD2_OK) {
        st = ledger_check_note(m->check, shown, (const char *)note, len, kept);
    } else if (st == HEAD2_E_STATE || st == HEAD2_E_LIMIT) {
        ledger_check_bad_file(m->check, shown,
                              st == HEAD2_E_STATE ? "missing" : "longer than any checkpoint");
        st = HEAD2_OK;
    }
    free(note);
    return st;
}

static enum head2_status read_notes(struct import *m, bool kept)
{
    char path[PATH_MAX], name[300];
    struct dirent **names = NULL;
    enum head2_status st = HEAD2_OK;

    errno = ENAMETOOLONG;
    if (snprintf(path, sizeof path, "%s/checkpoints", m->folder) >= (int)sizeof path)
        return fail(m, HEAD2_E_IO, "checkpoints", "the name is too long");
    const int n = scandir(path, &names, is_note, alphasort);
    if (n < 0)
        return fail(m, HEAD2_E_MALFORMED, "checkpoints", "no such folder: not an export");
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "checkpoints/%s", names[i]->d_name);
        if (st == HEAD2_OK)
            st = read_note(m, name, kept);
        free(names[i]);
    }
    free(names);
    return st;
}

/* An export of a damaged ledger says so: without that it might pass for an early one. */
static void read_mark(struct import *m)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/" LEDGER_INCOMPLETE, m->folder) < (int)sizeof path &&
        access(path, F_OK) == 0)
        ledger_check_bad_file(m->check, LEDGER_INCOMPLETE,
                              "this is what could be read of a damaged ledger");
}

static struct import *new_import(struct ledger_check *c, const char *folder,
                                 struct ledger_fault *fault)
{
    struct import *m = calloc(1, sizeof *m);

    memset(fault, 0, sizeof *fault);
    if (m != NULL) {
        m->check = c;
        m->folder = folder;
        m->fault = fault;
    }
    return m;
}

enum head2_status ledger_export_read(struct ledger_check *c, const char *folder,
                                     ledger_progress_fn *progress, void *arg,
                                     struct ledger_fault *fault)
{
    struct import *m = new_import(c, folder, fault);
    enum head2_status st;

    if (m == NULL)
        return HEAD2_E_MEMORY;
    read_mark(m);
    HEAD2_TRY(read_notes(m, false));
    HEAD2_TRY(read_note(m, "checkpoint", false));
    st = read_all(m, progress, arg);
done:
    free(m);
    return st;
}

enum head2_status ledger_export_notes(struct ledger_check *c, const char *folder,
                                      struct ledger_fault *fault)
{
    struct import *m = new_import(c, folder, fault);
    const enum head2_status st = m != NULL ? read_notes(m, true) : HEAD2_E_MEMORY;

    free(m);
    return st;
}
