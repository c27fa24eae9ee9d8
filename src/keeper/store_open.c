/* The sealed store opened, made, looked at and closed: see store.h. */
#include "keeper/store_db.h"

#include "artifact/file.h"
#include "base/secmem.h"
#include "keeper/wrap.h"

#include <errno.h>
#include <fcntl.h>
#include <head2/random.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define WAIT_MS 5000 /* for readers that are at it */

static const char schema[] =
    "CREATE TABLE header (one INTEGER PRIMARY KEY CHECK (one = 1), record BLOB NOT NULL) STRICT;"
    "CREATE TABLE wrapping (number INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT;"
    "CREATE TABLE object (id BLOB PRIMARY KEY, meta BLOB NOT NULL, public BLOB NOT NULL,"
    " nonce BLOB NOT NULL, sealed BLOB NOT NULL) STRICT;"
    "PRAGMA application_id = 1211257649; PRAGMA user_version = 1;";

/* ---- what went wrong ---- */

enum head2_status store_say(enum head2_status st, struct store_fault *fault, const char *where,
                            const char *hint, const char *fmt, ...)
{
    va_list args;

    memset(fault, 0, sizeof *fault);
    snprintf(fault->where, sizeof fault->where, "%s", where);
    snprintf(fault->hint, sizeof fault->hint, "%s", hint);
    va_start(args, fmt);
    vsnprintf(fault->what, sizeof fault->what, fmt, args);
    va_end(args);
    return st;
}

enum head2_status store_say_errno(struct store_fault *fault, const char *where, const char *doing)
{
    const int error = errno;

    store_say(HEAD2_E_IO, fault, where, "", "%s: %s", doing, strerror(error));
    fault->error = error;
    return HEAD2_E_IO;
}

enum head2_status store_failed(const struct store *s, struct store_fault *fault, const char *doing)
{
    const int code = s->db != NULL ? sqlite3_errcode(s->db) : SQLITE_NOMEM;
    const char *const said = s->db != NULL ? sqlite3_errmsg(s->db) : "out of memory";

    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return store_say(HEAD2_E_MALFORMED, fault, s->folder, "'head2 store restore' a backup",
                         "%s: %s", doing, said);
    store_say(HEAD2_E_IO, fault, s->folder, "", "%s: %s", doing, said);
    if (code == SQLITE_FULL)
        fault->error = ENOSPC;
    else if (code == SQLITE_READONLY)
        fault->error = EROFS;
    else if (code == SQLITE_CANTOPEN || code == SQLITE_IOERR)
        fault->error = sqlite3_system_errno(s->db);
    if (code == SQLITE_IOERR && fault->error == 0) /* SQLite does not always know */
        fault->error = EIO;
    return code == SQLITE_NOMEM ? HEAD2_E_MEMORY : HEAD2_E_IO;
}

enum head2_status store_wrong(const struct store *s, struct store_fault *fault, const char *fmt,
                              ...)
{
    va_list args;

    store_say(HEAD2_E_VERIFY, fault, s->folder, "'head2 store restore' a backup, and find out why",
              "%s", "");
    va_start(args, fmt);
    vsnprintf(fault->what, sizeof fault->what, fmt, args);
    va_end(args);
    return HEAD2_E_VERIFY;
}

bool store_exec(struct store *s, const char *sql)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* ---- the pieces of opening ---- */

enum head2_status store_new(struct store **out, const char *folder)
{
    struct store *s = calloc(1, sizeof *s);
    void *plain = NULL;

    *out = NULL;
    if (s == NULL)
        return HEAD2_E_MEMORY;
    s->lock = -1;
    if (snprintf(s->folder, sizeof s->folder, "%s", folder) >= (int)sizeof s->folder ||
        secmem_new(&plain, STORE_SEALED_MAX, SECMEM_LONG_TERM) != HEAD2_OK) {
        free(s);
        return HEAD2_E_MEMORY;
    }
    s->plain = plain;
    *out = s;
    return HEAD2_OK;
}

void store_free(struct store *s)
{
    if (s == NULL)
        return;
    sqlite3_close_v2(s->db);
    head2_aead_free(s->aead);
    secmem_free(s->kek);
    secmem_free(s->plain);
    free(s->now.entry);
    free(s->saved.entry);
    if (s->lock >= 0)
        close(s->lock);
    free(s);
}

void store_close(struct store *s)
{
    struct store_fault fault;

    /* where it cannot be written, the disk has a higher count */
    if (s != NULL && s->kek != NULL)
        (void)!store_flush(s, &fault);
    store_free(s);
}

enum head2_status store_lock(struct store *s, struct store_fault *fault)
{
    char path[PATH_MAX], holder[24] = {0};

    if (snprintf(path, sizeof path, "%s/store.lock", s->folder) >= (int)sizeof path)
        return store_say(HEAD2_E_ARG, fault, s->folder, "use a shorter one",
                         "its name is too long");
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0)
        return store_say_errno(fault, path, "cannot be opened");
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        const ssize_t n = pread(s->lock, holder, sizeof holder - 1, 0);
        holder[n > 0 ? strspn(holder, "0123456789") : 0] = 0;
        return store_say(HEAD2_E_STATE, fault, s->folder, "stop that one, or ask it",
                         "process %s has the store open",
                         holder[0] != 0 ? holder : "of unknown number");
    }
    const int n = snprintf(holder, sizeof holder, "%ld\n", (long)getpid());
    if (ftruncate(s->lock, 0) != 0 || pwrite(s->lock, holder, (size_t)n, 0) != n)
        return store_say_errno(fault, path, "cannot be written");
    return HEAD2_OK;
}

enum head2_status store_open_database(struct store *s, int flags, struct store_fault *fault)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/" STORE_FILE, s->folder) >= (int)sizeof path)
        return store_say(HEAD2_E_ARG, fault, s->folder, "use a shorter one",
                         "its name is too long");
    if ((flags & SQLITE_OPEN_CREATE) != 0) { /* SQLite would let others read it */
        const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
            return store_say_errno(fault, path, "cannot be made");
        close(fd);
    }
    if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        return store_failed(s, fault, "cannot be opened");
    sqlite3_busy_timeout(s->db, WAIT_MS);
    if (!store_exec(s, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON"))
        return store_failed(s, fault, "cannot be opened");
    if (s->lock >= 0 && !store_exec(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                       "PRAGMA secure_delete = ON"))
        return store_failed(s, fault, "cannot be opened");
    return HEAD2_OK;
}

/* ---- making ---- */

/* No store, and none that was removed. */
static enum head2_status nothing_here(const struct store *s, struct store_fault *fault)
{
    struct store_anchor seen;
    char path[PATH_MAX];
    const enum head2_status st = store_revision_read(s->folder, &seen, fault);

    if (snprintf(path, sizeof path, "%s/" STORE_FILE, s->folder) >= (int)sizeof path)
        return HEAD2_E_ARG;
    const bool is_there = access(path, F_OK) == 0;
    /* a making that was killed leaves an empty database, perhaps with revision 0 beside it:
     * write_new looks into it */
    if (st == HEAD2_E_STATE || (st == HEAD2_OK && seen.revision == 0))
        return HEAD2_OK;
    if (is_there)
        return store_say(HEAD2_E_STATE, fault, s->folder, "choose another folder, or use this one",
                         "there is a store here");
    return store_say(HEAD2_E_STATE, fault, s->folder,
                     "restore a backup, or remove " STORE_REVISION_FILE " if it is to be forgotten",
                     "a store was here, and its " STORE_FILE " is gone");
}

static enum head2_status write_new(struct store *s, struct store_fault *fault)
{
    struct store_anchor zero = {.revision = 0};
    sqlite3_stmt *version = NULL;
    enum head2_status st;

    memcpy(zero.id, s->now.header.store, sizeof zero.id);
    HEAD2_TRY(store_open_database(s, SQLITE_OPEN_CREATE, fault));
    if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &version, NULL) != SQLITE_OK ||
        sqlite3_step(version) != SQLITE_ROW)
        HEAD2_TRY(store_failed(s, fault, "cannot be made"));
    if (sqlite3_column_int(version, 0) != 0)
        HEAD2_TRY(store_say(HEAD2_E_STATE, fault, s->folder,
                            "choose another folder, or use this one", "there is a store here"));
    sqlite3_finalize(version);
    version = NULL;
    HEAD2_TRY(store_revision_write(s->folder, &zero, fault));
    HEAD2_TRY(store_begin(s, fault));
    st = store_exec(s, schema) ? HEAD2_OK : store_failed(s, fault, "cannot be made");
    if (st == HEAD2_OK)
        st = store_write_wrappings(s, fault);
    st = store_end(s, st, fault);
done:
    sqlite3_finalize(version);
    return st;
}

enum head2_status store_create(struct store **out, const char *folder,
                               const struct store_unlock *unlocks, size_t n,
                               struct store_fault *fault)
{
    struct store *s = NULL;
    enum head2_status st;

    *out = NULL;
    memset(fault, 0, sizeof *fault);
    if (n == 0 || n > STORE_WRAPPINGS_MAX)
        return HEAD2_E_ARG;
    HEAD2_TRY(store_new(&s, folder));
    if (file_make_dirs(folder, 0700) != HEAD2_OK)
        HEAD2_TRY(store_say_errno(fault, folder, "the folder cannot be made"));
    HEAD2_TRY(store_lock(s, fault));
    HEAD2_TRY(nothing_here(s, fault));
    HEAD2_TRY(head2_random(s->now.header.store, STORE_ID_BYTES));
    HEAD2_TRY(store_new_kek(&s->kek));
    s->now.header.next_wrapping = 1;
    HEAD2_TRY(store_wrap_all(s, unlocks, n, fault));
    HEAD2_TRY(write_new(s, fault));
    *out = s;
    s = NULL;
done:
    store_free(s);
    return st;
}

/* ---- opening ---- */

static enum head2_status must_be_there(const struct store *s, struct store_fault *fault)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/" STORE_FILE, s->folder) >= (int)sizeof path)
        return store_say(HEAD2_E_ARG, fault, s->folder, "use a shorter one",
                         "its name is too long");
    if (access(path, F_OK) == 0)
        return HEAD2_OK;
    if (errno != ENOENT && errno != ENOTDIR)
        return store_say_errno(fault, s->folder, "cannot be opened");
    store_say(HEAD2_E_IO, fault, s->folder, "'head2 store init' makes one",
              "there is no store here");
    fault->error = ENOENT;
    return HEAD2_E_IO;
}

enum head2_status store_open(struct store **out, const char *folder,
                             const struct store_unlock *unlock, struct store_fault *fault)
{
    struct store *s = NULL;
    enum head2_status st;

    *out = NULL;
    memset(fault, 0, sizeof *fault);
    HEAD2_TRY(store_new(&s, folder));
    HEAD2_TRY(must_be_there(s, fault));
    HEAD2_TRY(store_lock(s, fault));
    HEAD2_TRY(store_open_database(s, 0, fault));
    HEAD2_TRY(store_load_form(s, fault));
    HEAD2_TRY(store_unlock_with(s, unlock, fault));
    HEAD2_TRY(store_load(s, fault));
    HEAD2_TRY(store_revision_check(s, fault));
    *out = s;
    s = NULL;
done:
    store_free(s);
    return st;
}

static enum head2_status look(struct store **out, const char *folder, struct store_fault *fault)
{
    struct store *s = NULL;
    enum head2_status st;

    *out = NULL;
    memset(fault, 0, sizeof *fault);
    HEAD2_TRY(store_new(&s, folder));
    HEAD2_TRY(must_be_there(s, fault));
    HEAD2_TRY(store_open_database(s, 0, fault));
    /* one moment of it, whatever is changed meanwhile */
    if (!store_exec(s, "PRAGMA query_only = ON; BEGIN"))
        HEAD2_TRY(store_failed(s, fault, "cannot be read"));
    HEAD2_TRY(store_load_form(s, fault));
    *out = s;
    s = NULL;
done:
    store_free(s);
    return st;
}

enum head2_status store_look(struct store **out, const char *folder, struct store_fault *fault)
{
    enum head2_status st = look(out, folder, fault);

    if (st == HEAD2_OK)
        st = store_load(*out, fault);
    if (st != HEAD2_OK) {
        store_free(*out);
        *out = NULL;
    }
    return st;
}

enum head2_status store_unwrap(uint8_t kek[STORE_KEK_BYTES], const char *folder,
                               const struct store_unlock *unlock, struct store_fault *fault)
{
    struct store *s = NULL;
    enum head2_status st;

    HEAD2_TRY(look(&s, folder, fault));
    HEAD2_TRY(store_unlock_with(s, unlock, fault));
    memcpy(kek, s->kek, STORE_KEK_BYTES);
done:
    store_free(s);
    return st;
}

const uint8_t *store_kek(const struct store *s)
{
    return s->kek;
}

void store_get_anchor(const struct store *s, struct store_anchor *out)
{
    memcpy(out->id, s->now.header.store, sizeof out->id);
    out->revision = s->now.header.revision;
    memcpy(out->digest, s->digest, sizeof out->digest);
}

void store_on_anchor(struct store *s, store_anchor_fn *fn, void *arg)
{
    s->anchor = fn;
    s->anchor_arg = arg;
}
