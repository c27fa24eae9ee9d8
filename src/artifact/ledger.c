/* A ledger's database: opened, appended to, signed. See ledger.h; reading is in ledger_read.c. */
#include "artifact/ledger_db.h"

#include "artifact/file.h"
#include "artifact/mu.h"
#include "artifact/utc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define APPLICATION 0x48324c31 /* "H2L1" */
#define VERSION     1
#define NUMBER_MAX  INT64_MAX /* what SQLite holds */

static const char schema[] =
    "CREATE TABLE identity (origin TEXT NOT NULL, key BLOB NOT NULL) STRICT;"
    "CREATE TABLE entry (i INTEGER PRIMARY KEY, kind INTEGER NOT NULL, ms INTEGER NOT NULL,"
    " subject TEXT NOT NULL, number INTEGER NOT NULL, text BLOB NOT NULL) STRICT;"
    "CREATE TABLE tile (level INTEGER NOT NULL, n INTEGER NOT NULL, hashes BLOB NOT NULL,"
    " PRIMARY KEY (level, n)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT;"
    "PRAGMA application_id = 1211255857; PRAGMA user_version = 1;";

/* One number, or -1. */
static int64_t ask(struct ledger *l, const char *sql)
{
    sqlite3_stmt *s = ledger_prepare(l, sql, 0, 0);
    const int64_t n = s != NULL && sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;

    sqlite3_finalize(s);
    return n;
}

/* ---- opening ---- */

static enum head2_status take_lock(struct ledger *l, unsigned wait_ms, struct ledger_fault *fault)
{
    char path[PATH_MAX], holder[24] = {0};
    const struct timespec nap = {.tv_nsec = 20000000};
    unsigned waited = 0;

    ledger_say_where(l, fault);
    if (snprintf(path, sizeof path, "%s/ledger.lock", l->folder) >= (int)sizeof path)
        return HEAD2_E_IO;
    l->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (l->lock < 0) {
        fault->error = errno;
        snprintf(fault->what, sizeof fault->what, "cannot open its lock: %s", strerror(errno));
        return HEAD2_E_IO;
    }
    while (flock(l->lock, LOCK_EX | LOCK_NB) != 0) {
        if (waited >= wait_ms) {
            const ssize_t n = pread(l->lock, holder, sizeof holder - 1, 0);
            holder[n > 0 ? strspn(holder, "0123456789") : 0] = 0;
            snprintf(fault->what, sizeof fault->what, "process %s appends to it",
                     holder[0] != 0 ? holder : "of unknown number");
            snprintf(fault->hint, sizeof fault->hint, "stop that one, or append through it");
            return HEAD2_E_STATE;
        }
        nanosleep(&nap, NULL);
        waited += 20;
    }
    const int n = snprintf(holder, sizeof holder, "%ld\n", (long)getpid());
    if (ftruncate(l->lock, 0) != 0 || pwrite(l->lock, holder, (size_t)n, 0) != n) {
        fault->error = errno;
        snprintf(fault->what, sizeof fault->what, "cannot write its lock: %s", strerror(errno));
        return HEAD2_E_IO;
    }
    return HEAD2_OK;
}

static enum head2_status create(struct ledger *l, const struct head2_key *key,
                                struct ledger_fault *fault)
{
    uint8_t der[4096], id[HEAD2_KEY_ID_BYTES];
    size_t len = sizeof der;
    enum head2_status st;

    HEAD2_TRY(head2_key_write_public(key, HEAD2_KEY_DER, der, &len));
    head2_key_id(key, id);
    checkpoint_origin(l->origin, id);
    sqlite3_stmt *s = NULL;
    bool made = sqlite3_exec(l->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
                sqlite3_exec(l->db, schema, NULL, NULL, NULL) == SQLITE_OK;
    if (made && sqlite3_prepare_v2(l->db, "INSERT INTO identity VALUES (?1, ?2)", -1, &s, NULL) ==
                    SQLITE_OK) {
        sqlite3_bind_text(s, 1, l->origin, -1, SQLITE_STATIC);
        sqlite3_bind_blob(s, 2, der, (int)len, SQLITE_STATIC);
        made = sqlite3_step(s) == SQLITE_DONE;
    }
    sqlite3_finalize(s);
    if (!made || sqlite3_exec(l->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        st = ledger_failed(l, fault, "cannot be made");
done:
    return st;
}

static enum head2_status read_identity(struct ledger *l, struct ledger_fault *fault)
{
    enum head2_status st = HEAD2_E_MALFORMED;
    uint8_t id[HEAD2_KEY_ID_BYTES];
    sqlite3_stmt *s = ledger_prepare(l, "SELECT origin, key FROM identity", 0, 0);

    if (s != NULL && sqlite3_step(s) == SQLITE_ROW)
        st = head2_key_read(&l->key, sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1),
                            NULL, NULL, NULL);
    if (st == HEAD2_OK) {
        head2_key_id(l->key, id);
        checkpoint_origin(l->origin, id);
        if (strcmp(l->origin, (const char *)sqlite3_column_text(s, 0)) != 0)
            st = HEAD2_E_MALFORMED;
    }
    sqlite3_finalize(s);
    return st == HEAD2_OK ? st : ledger_damaged(l, fault, "its identity cannot be read");
}

/* A log that is not empty: what it says has to be played back. */
static bool has_log(const struct ledger *l)
{
    char log[PATH_MAX];
    struct stat info;

    if (snprintf(log, sizeof log, "%s/" LEDGER_FILE "-wal", l->folder) >= (int)sizeof log)
        return true;
    return stat(log, &info) == 0 ? info.st_size != 0 : errno != ENOENT;
}

/* On a disk that cannot be written, and without a log to be played back: SQLite has to be told, as
 * it would want to make files for its locks. */
static bool cannot_change(const struct ledger *l)
{
    return (l->disk_full || access(l->folder, W_OK) != 0) && !has_log(l);
}

/* The database as a URI; false: the name is too long for one, and path stays as it is. */
static bool immutable_name(char path[PATH_MAX], const struct ledger *l)
{
    char uri[PATH_MAX];
    size_t n = (size_t)sprintf(uri, "file:");

    for (const char *p = l->folder; *p != 0; p++) {
        if (n + 64 > sizeof uri)
            return false;
        if (strchr("%?#", *p) != NULL)
            n += (size_t)sprintf(uri + n, "%%%02X", (unsigned)*p);
        else
            uri[n++] = *p;
    }
    sprintf(uri + n, "/" LEDGER_FILE "?immutable=1");
    memcpy(path, uri, sizeof uri);
    return true;
}

static bool appends(enum ledger_mode mode)
{
    return mode == LEDGER_APPEND || mode == LEDGER_APPEND_NOW;
}

static enum head2_status open_database(struct ledger *l, enum ledger_mode mode,
                                       const struct head2_key *key, struct ledger_fault *fault)
{
    char path[PATH_MAX];

    ledger_say_where(l, fault);
    if (snprintf(path, sizeof path, "%s/" LEDGER_FILE, l->folder) >= (int)sizeof path)
        return HEAD2_E_IO;
    /* a reader writes nothing, but may have to play back what a killed process has left */
    int flags = SQLITE_OPEN_READWRITE | (appends(mode) && key != NULL ? SQLITE_OPEN_CREATE : 0);
    if (!appends(mode) && cannot_change(l) && immutable_name(path, l))
        flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    if (sqlite3_open_v2(path, &l->db, flags, NULL) != SQLITE_OK)
        return ledger_failed(l, fault, "cannot be opened");
    sqlite3_busy_timeout(l->db, LEDGER_WAIT_MS);
    if (appends(mode) && sqlite3_exec(l->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
                                      NULL, NULL, NULL) != SQLITE_OK)
        return ledger_failed(l, fault, "cannot be opened");
    /* one moment of it, whatever is appended meanwhile: entries and checkpoints belong together */
    if (!appends(mode) &&
        sqlite3_exec(l->db, "PRAGMA query_only = ON; BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        return ledger_failed(l, fault, "cannot be read");
    /* nothing is written: it lets SQLite read a file that is shorter than it says */
    if (mode == LEDGER_RESCUE &&
        sqlite3_exec(l->db, "PRAGMA writable_schema = ON", NULL, NULL, NULL) != SQLITE_OK)
        return ledger_failed(l, fault, "cannot be read");
    return HEAD2_OK;
}

/* Whose it is, in which form, and how much it holds. */
static enum head2_status look(struct ledger *l, enum ledger_mode mode, const struct head2_key *key,
                              struct ledger_fault *fault)
{
    enum head2_status st = HEAD2_OK;
    int64_t version = ask(l, "PRAGMA user_version");

    if (version < 0)
        return ledger_failed(l, fault, "cannot be read");
    if (version == 0 && appends(mode) && key != NULL) {
        HEAD2_TRY(create(l, key, fault));
        version = VERSION;
    }
    if (version == 0 || ask(l, "PRAGMA application_id") != APPLICATION)
        return ledger_damaged(l, fault, "is no ledger");
    if (version != VERSION) {
        ledger_say_where(l, fault);
        snprintf(fault->what, sizeof fault->what, "is of version %lld, which this program is not",
                 (long long)version);
        return HEAD2_E_UNSUPPORTED;
    }
    HEAD2_TRY(read_identity(l, fault));
    if (key != NULL && head2_key_same_public(key, l->key) != HEAD2_OK) {
        ledger_say_where(l, fault);
        snprintf(fault->what, sizeof fault->what, "is of another identity, %s", l->origin);
        snprintf(fault->hint, sizeof fault->hint,
                 "use that key, or move the folder away to begin a ledger of this one");
        return HEAD2_E_POLICY;
    }
    const int64_t size = ask(l, "SELECT coalesce(max(i) + 1, 0) FROM entry"),
                  is_signed = ask(l, "SELECT coalesce(max(size), 0) FROM checkpoint");
    if (size < 0 || is_signed < 0)
        return ledger_failed(l, fault, "cannot be read");
    l->size = (uint64_t)size;
    l->is_signed = (uint64_t)is_signed;
    if (l->is_signed > l->size)
        return ledger_damaged(l, fault, "%llu entries are there, and %llu are signed",
                              (unsigned long long)size, (unsigned long long)is_signed);
    st = ledger_load_tiles(l, fault);
done:
    return st;
}

/* A log that is found was left by one that could not close. Where a sync had failed, some of it may
 * be in the system's memory alone, and no later sync writes it: so it is written into the database,
 * and begun anew. */
static enum head2_status look_and_play_back(struct ledger *l, enum ledger_mode mode,
                                            const struct head2_key *key, struct ledger_fault *fault)
{
    enum head2_status st;
    sqlite3_stmt *s = ledger_prepare(l, "PRAGMA wal_checkpoint(PASSIVE)", 0, 0);
    const bool good = s != NULL && sqlite3_step(s) == SQLITE_ROW;
    const bool had_log = good && sqlite3_column_int(s, 1) > 0;

    sqlite3_finalize(s);
    if (!good)
        return ledger_failed(l, fault, "cannot be opened");
    HEAD2_TRY(look(l, mode, key, fault));
    if (had_log && sqlite3_exec(l->db, "PRAGMA user_version = 1", NULL, NULL, NULL) != SQLITE_OK)
        st = ledger_failed(l, fault, "cannot be opened");
done:
    return st;
}

static enum head2_status open_and_look(struct ledger *l, enum ledger_mode mode,
                                       const struct head2_key *key, struct ledger_fault *fault)
{
    const enum head2_status st = open_database(l, mode, key, fault);

    if (st == HEAD2_OK && appends(mode))
        return look_and_play_back(l, mode, key, fault);
    if (st != HEAD2_OK || mode != LEDGER_RESCUE)
        return st == HEAD2_OK ? look(l, mode, key, fault) : st;
    /* the identity may be what is damaged: then l->key is NULL */
    (void)read_identity(l, fault);
    return HEAD2_OK;
}

enum head2_status ledger_open(struct ledger **out, const char *folder, enum ledger_mode mode,
                              const struct head2_key *key, struct ledger_fault *fault)
{
    enum head2_status st;
    struct ledger *l = calloc(1, sizeof *l);

    *out = NULL;
    memset(fault, 0, sizeof *fault);
    if (l == NULL)
        return HEAD2_E_MEMORY;
    l->lock = -1;
    if (snprintf(l->folder, sizeof l->folder, "%s", folder) >= (int)sizeof l->folder) {
        free(l);
        return HEAD2_E_ARG;
    }
    if (appends(mode)) {
        if (file_make_dirs(folder, 0700) != HEAD2_OK) {
            ledger_say_where(l, fault);
            fault->error = errno;
            snprintf(fault->what, sizeof fault->what, "cannot make the folder: %s",
                     strerror(errno));
            st = HEAD2_E_IO;
            goto done;
        }
        HEAD2_TRY(take_lock(l, mode == LEDGER_APPEND ? LEDGER_WAIT_MS : 0, fault));
    }
    st = open_and_look(l, mode, key, fault);
    if (st == HEAD2_E_IO && mode == LEDGER_READ && fault->error == ENOSPC && !has_log(l)) {
        l->disk_full = true;
        sqlite3_close_v2(l->db);
        l->db = NULL;
        st = open_and_look(l, mode, key, fault);
    }
    HEAD2_TRY(st);
    *out = l;
    l = NULL;
done:
    ledger_close(l);
    return st;
}

void ledger_close(struct ledger *l)
{
    if (l == NULL)
        return;
    sqlite3_close_v2(l->db);
    head2_key_free(l->key);
    if (l->lock >= 0)
        close(l->lock);
    free(l);
}

uint64_t ledger_size(const struct ledger *l)
{
    return l->size;
}

uint64_t ledger_signed(const struct ledger *l)
{
    return l->is_signed;
}

const struct head2_key *ledger_key(const struct ledger *l)
{
    return l->key;
}

/* ---- appending ---- */

static bool insert(sqlite3_stmt *s, struct ledger_entry *e, uint64_t index)
{
    e->index = index;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)index);
    sqlite3_bind_int(s, 2, e->kind);
    sqlite3_bind_int64(s, 3, (sqlite3_int64)e->ms);
    sqlite3_bind_text(s, 4, e->subject, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 5, (sqlite3_int64)e->number);
    sqlite3_bind_blob(s, 6, e->text_len != 0 ? e->text : "", (int)e->text_len, SQLITE_STATIC);
    return sqlite3_step(s) == SQLITE_DONE && sqlite3_reset(s) == SQLITE_OK;
}

static bool store_tile(struct ledger *l, unsigned level, uint64_t n)
{
    sqlite3_stmt *s = ledger_prepare(l, "INSERT INTO tile VALUES (?1, ?2, ?3)", level, n);

    if (s == NULL)
        return false;
    sqlite3_bind_blob(s, 3, l->open_tile[level], sizeof l->open_tile[level], SQLITE_STATIC);
    const bool stored = sqlite3_step(s) == SQLITE_DONE;
    sqlite3_finalize(s);
    return stored;
}

/* Put a leaf into the tiles; those that it completes are stored. */
static bool grow(struct ledger *l, const struct ledger_entry *e)
{
    uint8_t leaf[LEDGER_LEAF_BYTES], up[MERKLE_BYTES];
    uint64_t at = e->index;

    ledger_leaf(leaf, e);
    merkle_leaf(up, leaf, sizeof leaf);
    for (unsigned level = 0; level < LEDGER_LEVELS; level++, at /= LEDGER_TILE) {
        memcpy(l->open_tile[level][at % LEDGER_TILE], up, sizeof up);
        if (at % LEDGER_TILE != LEDGER_TILE - 1)
            return true;
        if (!store_tile(l, level, at / LEDGER_TILE))
            return false;
        ledger_tile_root(up, (const uint8_t(*)[MERKLE_BYTES])l->open_tile[level], 8);
    }
    return true;
}

bool ledger_entry_ok(const struct ledger_entry *e)
{
    size_t bad;

    return e->text_len <= LEDGER_TEXT_MAX &&
           mu_check_utf8((const uint8_t *)e->text, e->text_len, &bad) == HEAD2_OK &&
           e->ms <= UTC_MAX && e->number <= NUMBER_MAX && receipt_subject_ok(e->subject);
}

static enum head2_status must_be_opened(const struct ledger *l, struct ledger_fault *fault)
{
    ledger_say_where(l, fault);
    snprintf(fault->what, sizeof fault->what, "could not be read after an append had failed");
    snprintf(fault->hint, sizeof fault->hint, "open it again");
    return HEAD2_E_STATE;
}

enum head2_status ledger_append(struct ledger *l, struct ledger_entry *entries, size_t n,
                                struct ledger_fault *fault)
{
    static const char sql[] = "INSERT INTO entry VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    sqlite3_stmt *s = NULL;
    struct ledger_fault second;

    memset(fault, 0, sizeof *fault);
    if (l->broken)
        return must_be_opened(l, fault);
    for (size_t i = 0; i < n; i++)
        if (l->lock < 0 || !ledger_entry_ok(&entries[i]))
            return HEAD2_E_ARG;
    if (l->size + n > MERKLE_SIZE_MAX - 1)
        return HEAD2_E_LIMIT;
    bool good = sqlite3_exec(l->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
                sqlite3_prepare_v2(l->db, sql, -1, &s, NULL) == SQLITE_OK;
    for (size_t i = 0; good && i < n; i++)
        good = insert(s, &entries[i], l->size + i) && grow(l, &entries[i]);
    sqlite3_finalize(s);
    if (good && sqlite3_exec(l->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK) {
        l->size += n;
        return HEAD2_OK;
    }
    const enum head2_status st = ledger_failed(l, fault, "cannot be appended to");
    sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
    /* what this tree was is to be read again, or is not known any more */
    l->broken = ledger_load_tiles(l, &second) != HEAD2_OK;
    return st;
}

enum head2_status ledger_put_note(struct ledger *l, uint64_t size, const char *note, size_t len,
                                  struct ledger_fault *fault)
{
    enum head2_status st = HEAD2_OK;
    sqlite3_stmt *s = ledger_prepare(l, "INSERT INTO checkpoint VALUES (?1, ?2)", size, 0);

    if (s != NULL)
        sqlite3_bind_blob(s, 2, note, (int)len, SQLITE_STATIC);
    if (s == NULL || sqlite3_step(s) != SQLITE_DONE)
        st = ledger_failed(l, fault, "cannot be signed");
    else
        l->is_signed = size;
    sqlite3_finalize(s);
    return st;
}

enum head2_status ledger_sign(struct ledger *l, const struct artifact_signer *signer, uint64_t ms,
                              struct ledger_fault *fault)
{
    enum head2_status st = HEAD2_OK;
    struct checkpoint c = {.size = l->size, .ms = ms};
    const struct merkle_nodes nodes = ledger_nodes(l);
    char note[16384];
    size_t len = sizeof note;

    memset(fault, 0, sizeof *fault);
    if (l->broken)
        return must_be_opened(l, fault);
    if (l->lock < 0)
        return HEAD2_E_ARG;
    if (l->is_signed == l->size)
        return HEAD2_OK;
    HEAD2_TRY(merkle_root_at(c.root, &nodes, l->size));
    HEAD2_TRY(checkpoint_sign(&c, signer, l->key));
    HEAD2_TRY(checkpoint_write(&c, note, &len));
    st = ledger_put_note(l, l->size, note, len, fault);
done:
    return st;
}
