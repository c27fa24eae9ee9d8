/* Copies of the sealed store: written, checked whole, put in its place. */
#include "keeper/store_db.h"

#include "artifact/file.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* ---- checking ---- */

enum head2_status store_check(struct store *s, struct store_fault *fault)
{
    sqlite3_stmt *stmt = NULL;
    enum head2_status st = HEAD2_OK;
    bool whole = false;

    memset(fault, 0, sizeof *fault);
    if (s->kek == NULL)
        return HEAD2_E_ARG;
    if (sqlite3_prepare_v2(s->db, "PRAGMA integrity_check", -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        whole = strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
    sqlite3_finalize(stmt);
    if (!whole)
        return store_say(HEAD2_E_MALFORMED, fault, s->folder, "'head2 store restore' a backup",
                         "the database is damaged");
    for (size_t i = 0; st == HEAD2_OK && i < s->now.count; i++) {
        struct head2_key *key;
        st = store_get(s, s->now.entry[i].meta.id, &key, fault);
        head2_key_free(key);
    }
    return st;
}

/* ---- backups ---- */

enum head2_status store_backup(struct store *s, const char *path, struct store_fault *fault)
{
    sqlite3_int64 len = 0;
    enum head2_status st;

    memset(fault, 0, sizeof *fault);
    if (s->kek == NULL)
        return HEAD2_E_ARG;
    HEAD2_TRY(store_flush(s, fault));
    unsigned char *bytes = sqlite3_serialize(s->db, "main", &len, 0);
    if (bytes == NULL || len < 100)
        return store_say(HEAD2_E_MEMORY, fault, s->folder, "", "out of memory");
    bytes[18] = bytes[19] = 1; /* the copy has no log beside it */
    st = file_write(path, bytes, (size_t)len, 0600, FILE_KEEP);
    const int error = errno;
    sqlite3_free(bytes);
    errno = error;
    if (st != HEAD2_OK)
        st = store_say_errno(fault, path, "cannot be written");
done:
    return st;
}

/* Copy a database whole, in one transaction of the one that is written. */
static int copy_database(sqlite3 *to, sqlite3 *from)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");

    if (b == NULL)
        return sqlite3_errcode(to);
    const int step = sqlite3_backup_step(b, -1);
    const int end = sqlite3_backup_finish(b);
    return step == SQLITE_DONE ? end : step;
}

/* A backup in memory, unsealed and checked: what is put in place is what was checked. */
static enum head2_status load_backup(struct store **out, const char *path,
                                     const struct store_unlock *unlock, struct store_fault *fault)
{
    struct store *s = NULL;
    sqlite3 *file = NULL;
    enum head2_status st;

    *out = NULL;
    memset(fault, 0, sizeof *fault);
    HEAD2_TRY(store_new(&s, path));
    if (access(path, R_OK) != 0)
        HEAD2_TRY(store_say_errno(fault, path, "cannot be read"));
    if (sqlite3_open_v2(":memory:", &s->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        HEAD2_TRY(store_failed(s, fault, "cannot be read"));
    int code = sqlite3_open_v2(path, &file, SQLITE_OPEN_READONLY, NULL);
    if (code == SQLITE_OK)
        code = copy_database(s->db, file);
    if (code != SQLITE_OK)
        HEAD2_TRY(store_say(HEAD2_E_MALFORMED, fault, path, "name a file of 'head2 store backup'",
                            "cannot be read: %s", sqlite3_errstr(code)));
    HEAD2_TRY(store_load_form(s, fault));
    HEAD2_TRY(store_unlock_with(s, unlock, fault));
    HEAD2_TRY(store_load(s, fault));
    HEAD2_TRY(store_check(s, fault));
    *out = s;
    s = NULL;
done:
    sqlite3_close_v2(file);
    store_free(s);
    return st;
}

enum head2_status store_check_backup(const char *path, const struct store_unlock *unlock,
                                     struct store_anchor *anchor, size_t *objects,
                                     struct store_fault *fault)
{
    struct store *s = NULL;
    const enum head2_status st = load_backup(&s, path, unlock, fault);

    *objects = 0;
    memset(anchor, 0, sizeof *anchor);
    if (st == HEAD2_OK) {
        store_get_anchor(s, anchor);
        *objects = s->now.count;
    }
    store_free(s);
    return st;
}

/* ---- restoring ---- */

/* The header of a backup that is to follow what store.revision has seen. */
static enum head2_status follow(struct store *s, const struct store_anchor *seen, uint64_t above,
                                struct store_fault *fault)
{
    struct form_header *const h = &s->now.header;
    uint8_t record[FORM_HEADER_BYTES];
    struct head2_aead *aead = NULL;
    sqlite3_stmt *stmt = NULL;
    enum head2_status st;

    h->before = seen->revision;
    memcpy(h->before_digest, seen->digest, sizeof seen->digest);
    above = above > seen->revision ? above : seen->revision;
    h->revision = (h->revision > above ? h->revision : above) + 1;
    h->seals++;
    HEAD2_TRY(store_aead(&aead, s->kek));
    HEAD2_TRY(store_header_seal(h, aead));
    form_header_write(record, h);
    bool good =
        sqlite3_prepare_v2(s->db, "UPDATE header SET record = ?1", -1, &stmt, NULL) == SQLITE_OK;
    if (good) {
        sqlite3_bind_blob(stmt, 1, record, sizeof record, SQLITE_STATIC);
        good = sqlite3_step(stmt) == SQLITE_DONE;
    }
    sqlite3_finalize(stmt);
    if (!good)
        HEAD2_TRY(store_failed(s, fault, "cannot be changed"));
    store_header_digest(s->digest, h);
done:
    head2_aead_free(aead);
    return st;
}

/* Remove a database that is none any more. */
static void remove_files(const char *folder)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    char path[PATH_MAX];

    for (size_t i = 0; i < HEAD2_LEN(endings); i++)
        if (snprintf(path, sizeof path, "%s/" STORE_FILE "%s", folder, endings[i]) <
            (int)sizeof path)
            unlink(path);
}

static enum head2_status overwrite(struct store *to, struct store *from, struct store_fault *fault)
{
    enum head2_status st = store_open_database(to, SQLITE_OPEN_CREATE, fault);
    int code = st == HEAD2_OK ? copy_database(to->db, from->db) : SQLITE_OK;

    if (st == HEAD2_E_MALFORMED || code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
        sqlite3_close_v2(to->db);
        to->db = NULL;
        remove_files(to->folder);
        HEAD2_TRY(store_open_database(to, SQLITE_OPEN_CREATE, fault));
        code = copy_database(to->db, from->db);
    }
    if (st == HEAD2_OK && code != SQLITE_OK)
        st = store_failed(to, fault, "cannot be written");
done:
    return st;
}

/* What may stand in the way: *seen is what store.revision has seen, *damaged that it is not there,
 * or none. */
static enum head2_status may_replace(struct store *to, const struct store *from, bool replace,
                                     struct store_anchor *seen, bool *damaged,
                                     struct store_fault *fault)
{
    char path[PATH_MAX];
    const enum head2_status st = store_revision_read(to->folder, seen, fault);

    *damaged = st == HEAD2_E_STATE || st == HEAD2_E_MALFORMED;
    if (st != HEAD2_OK && !*damaged)
        return st;
    if (snprintf(path, sizeof path, "%s/" STORE_FILE, to->folder) >= (int)sizeof path)
        return HEAD2_E_ARG;
    const bool used = access(path, F_OK) == 0 || st == HEAD2_E_MALFORMED || seen->revision != 0;
    if (used && !replace)
        return store_say(HEAD2_E_STATE, fault, to->folder, "add --replace, or name another folder",
                         "there is a store here");
    if (!*damaged && seen->revision != 0 &&
        memcmp(seen->id, from->now.header.store, sizeof seen->id) != 0)
        return store_say(HEAD2_E_POLICY, fault, to->folder, "restore to another folder",
                         "there is another store here");
    return HEAD2_OK;
}

enum head2_status store_restore(const char *folder, const char *path,
                                const struct store_unlock *unlock, struct store_restoring *how,
                                struct store_fault *fault)
{
    struct store *from = NULL, *to = NULL;
    struct store_anchor seen;
    enum head2_status st;
    bool damaged;

    HEAD2_TRY(load_backup(&from, path, unlock, fault));
    HEAD2_TRY(store_new(&to, folder));
    if (file_make_dirs(folder, 0700) != HEAD2_OK)
        HEAD2_TRY(store_say_errno(fault, folder, "the folder cannot be made"));
    HEAD2_TRY(store_lock(to, fault));
    HEAD2_TRY(may_replace(to, from, how->replace, &seen, &damaged, fault));
    if (damaged || seen.revision == 0) {
        memset(&seen, 0, sizeof seen);
        memcpy(seen.id, from->now.header.store, sizeof seen.id);
        HEAD2_TRY(store_revision_write(folder, &seen, fault));
    }
    HEAD2_TRY(follow(from, &seen, how->above, fault));
    HEAD2_TRY(overwrite(to, from, fault));
    store_get_anchor(from, &how->now);
    st = store_revision_write(folder, &how->now, fault);
done:
    store_free(from);
    store_free(to);
    return st;
}
