/*
 * A disk in memory under SQLite. It writes down every change with its bytes, so that it can be made
 * again as a power cut would have left it after any of them; and it can let one call fail, or all
 * from one on.
 *
 * As a real one: what was written is there for sure only when the file was synced after it; a name
 * is there for sure only when the folder was (which SQLite does with a new journal or log). What
 * was not synced may be there in part, in any order, in sectors of 512 bytes, and the last of them
 * torn. Bytes that nobody wrote do not change. After a sync that failed nobody knows any more: the
 * pages are clean, and were not written.
 */
#ifndef HEAD2_TESTS_DISK_H
#define HEAD2_TESTS_DISK_H

#include "check.h"

#include <sqlite3.h>

#define DISK_FILES  1000 /* that ever were */
#define DISK_SECTOR 512
#define NO_FILE     (-1)

enum disk_name {
    DISK_DATABASE,
    DISK_LOG,
    DISK_JOURNAL,
    DISK_SIDE,
    DISK_NAMES
}; /* a file beside it */
enum disk_change_kind {
    DISK_WRITE,
    DISK_TRUNCATE,
    DISK_SYNC,
    DISK_SYNC_LOST,
    DISK_NAME,
    DISK_SYNC_NAMES
};

struct disk_change {
    enum disk_change_kind kind;
    int file, name; /* of DISK_NAME: which file the name is of from now on, or NO_FILE */
    size_t at, len;
    uint8_t *bytes;
};

struct disk_bytes {
    uint8_t *p;
    size_t len, room;
};

/* What programs see. */
static struct {
    struct disk_bytes file[DISK_FILES];
    int name[DISK_NAMES];
    int files;
    struct disk_change *change;
    size_t changes, room;
    bool recording;
} disk;

/* What is let fail: the call that counts down to zero, and with `from_then_on` all after it. */
static struct {
    unsigned long calls, at; /* at 0: none */
    int code;                /* SQLITE_FULL: of writes alone; otherwise of every call */
    bool from_then_on, half; /* half of a write is done */
    unsigned long failed;
} disk_fault;

/* ---- bytes ---- */

__attribute__((unused)) static uint64_t disk_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void bytes_resize(struct disk_bytes *b, size_t len)
{
    if (len > b->room) {
        b->room = 2 * len;
        b->p = realloc(b->p, b->room);
        CHECK(b->p != NULL);
    }
    if (len > b->len)
        memset(b->p + b->len, 0, len - b->len);
    b->len = len;
}

static void bytes_write(struct disk_bytes *b, size_t at, const uint8_t *from, size_t len)
{
    if (at + len > b->len)
        bytes_resize(b, at + len);
    memcpy(b->p + at, from, len);
}

__attribute__((unused)) static void bytes_copy(struct disk_bytes *to, const struct disk_bytes *from)
{
    to->len = 0;
    if (from->len != 0)
        bytes_write(to, 0, from->p, from->len);
}

static void disk_note(struct disk_change c, const void *bytes)
{
    if (!disk.recording)
        return;
    if (disk.changes == disk.room) {
        disk.room = disk.room != 0 ? 2 * disk.room : 1024;
        disk.change = realloc(disk.change, disk.room * sizeof *disk.change);
        CHECK(disk.change != NULL);
    }
    if (c.kind == DISK_WRITE) {
        c.bytes = malloc(c.len + 1);
        CHECK(c.bytes != NULL);
        memcpy(c.bytes, bytes, c.len);
    }
    disk.change[disk.changes++] = c;
}

__attribute__((unused)) static void disk_forget(void)
{
    for (size_t i = 0; i < disk.changes; i++)
        free(disk.change[i].bytes);
    disk.changes = 0;
}

/* An empty disk. */
__attribute__((unused)) static void disk_clear(void)
{
    for (int i = 0; i < disk.files; i++)
        disk.file[i].len = 0;
    disk.files = 0;
    for (int i = 0; i < DISK_NAMES; i++)
        disk.name[i] = NO_FILE;
}

__attribute__((unused)) static void disk_end(void)
{
    disk_forget();
    free(disk.change);
    for (int i = 0; i < DISK_FILES; i++)
        free(disk.file[i].p);
    memset(&disk, 0, sizeof disk);
}

/* ---- SQLite's side ---- */

struct disk_handle {
    sqlite3_file base;
    int file;
    bool sync_names; /* with the next sync */
    bool temporary;
};

static struct disk_bytes disk_shared[64]; /* the log's index: gone with the power */

/* Whether this call is to fail. */
static bool disk_fails(bool writes)
{
    if (disk_fault.code == SQLITE_FULL && !writes)
        return false;
    disk_fault.calls++;
    const bool fails =
        disk_fault.at != 0 && (disk_fault.from_then_on ? disk_fault.calls >= disk_fault.at
                                                       : disk_fault.calls == disk_fault.at);
    disk_fault.failed += fails;
    return fails;
}

static int disk_code(int otherwise)
{
    return disk_fault.code == SQLITE_FULL ? SQLITE_FULL : otherwise;
}

static int disk_close(sqlite3_file *f)
{
    (void)f;
    return SQLITE_OK;
}

static int disk_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
    const struct disk_bytes *b = &disk.file[((struct disk_handle *)f)->file];
    const size_t from = (size_t)at, want = (size_t)n;
    const size_t there = from < b->len ? b->len - from : 0, got = there < want ? there : want;

    if (disk_fails(false))
        return SQLITE_IOERR_READ;
    if (got != 0)
        memcpy(out, b->p + from, got);
    memset((uint8_t *)out + got, 0, want - got);
    return got == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int disk_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    const struct disk_handle *h = (struct disk_handle *)f;
    const bool fails = disk_fails(true);
    const size_t len = fails ? (disk_fault.half ? (size_t)n / 2 : 0) : (size_t)n;

    if (len != 0) {
        bytes_write(&disk.file[h->file], (size_t)at, from, len);
        disk_note((struct disk_change){DISK_WRITE, h->file, 0, (size_t)at, len, NULL}, from);
    }
    return fails ? disk_code(SQLITE_IOERR_WRITE) : SQLITE_OK;
}

static int disk_truncate(sqlite3_file *f, sqlite3_int64 len)
{
    const struct disk_handle *h = (struct disk_handle *)f;

    if (disk_fails(false))
        return SQLITE_IOERR_TRUNCATE;
    bytes_resize(&disk.file[h->file], (size_t)len);
    disk_note((struct disk_change){DISK_TRUNCATE, h->file, 0, 0, (size_t)len, NULL}, NULL);
    return SQLITE_OK;
}

static int disk_sync(sqlite3_file *f, int flags)
{
    struct disk_handle *h = (struct disk_handle *)f;

    (void)flags;
    if (disk_fails(false)) {
        disk_note((struct disk_change){.kind = DISK_SYNC_LOST, .file = h->file}, NULL);
        return SQLITE_IOERR_FSYNC;
    }
    disk_note((struct disk_change){.kind = DISK_SYNC, .file = h->file}, NULL);
    if (h->sync_names)
        disk_note((struct disk_change){.kind = DISK_SYNC_NAMES}, NULL);
    h->sync_names = false;
    return SQLITE_OK;
}

static int disk_size(sqlite3_file *f, sqlite3_int64 *len)
{
    *len = (sqlite3_int64)disk.file[((struct disk_handle *)f)->file].len;
    return SQLITE_OK;
}

/* One connection at a time: nobody to lock out. */
static int disk_lock(sqlite3_file *f, int level)
{
    (void)f;
    (void)level;
    return SQLITE_OK;
}

static int disk_reserved(sqlite3_file *f, int *out)
{
    (void)f;
    *out = 0;
    return SQLITE_OK;
}

static int disk_control(sqlite3_file *f, int op, void *arg)
{
    (void)f;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int disk_sector(sqlite3_file *f)
{
    (void)f;
    return 4096; /* as SQLite takes it of Linux */
}

static int disk_character(sqlite3_file *f)
{
    (void)f;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int disk_map(sqlite3_file *f, int n, int size, int extend, void volatile **out)
{
    (void)f;
    *out = NULL;
    CHECK((size_t)n < sizeof disk_shared / sizeof disk_shared[0]);
    if (disk_fails(false))
        return SQLITE_IOERR_SHMMAP;
    if (disk_shared[n].len == 0 && !extend)
        return SQLITE_OK;
    if (disk_shared[n].len == 0)
        bytes_resize(&disk_shared[n], (size_t)size);
    *out = disk_shared[n].p;
    return SQLITE_OK;
}

static int disk_map_lock(sqlite3_file *f, int at, int n, int flags)
{
    (void)f;
    (void)at;
    (void)n;
    (void)flags;
    return SQLITE_OK;
}

static void disk_barrier(sqlite3_file *f)
{
    (void)f;
}

static int disk_unmap(sqlite3_file *f, int delete_it)
{
    (void)f;
    (void)delete_it;
    for (size_t i = 0; i < sizeof disk_shared / sizeof disk_shared[0]; i++) {
        free(disk_shared[i].p);
        disk_shared[i] = (struct disk_bytes){NULL, 0, 0};
    }
    return SQLITE_OK;
}

static const sqlite3_io_methods disk_methods = {
    .iVersion = 2,
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_size,
    .xLock = disk_lock,
    .xUnlock = disk_lock,
    .xCheckReservedLock = disk_reserved,
    .xFileControl = disk_control,
    .xSectorSize = disk_sector,
    .xDeviceCharacteristics = disk_character,
    .xShmMap = disk_map,
    .xShmLock = disk_map_lock,
    .xShmBarrier = disk_barrier,
    .xShmUnmap = disk_unmap,
};

static enum disk_name disk_which(const char *path)
{
    const size_t len = strlen(path);

    if (len > 4 && strcmp(path + len - 4, "-wal") == 0)
        return DISK_LOG;
    return len > 8 && strcmp(path + len - 8, "-journal") == 0 ? DISK_JOURNAL : DISK_DATABASE;
}

static int disk_new_file(void)
{
    CHECK(disk.files < DISK_FILES);
    disk.file[disk.files].len = 0;
    return disk.files++;
}

/* Files that are not on this disk: what is put on it from elsewhere. */
static sqlite3_vfs *disk_usual;
static bool disk_elsewhere(const char *path)
{
    return path != NULL && strstr(path, "/elsewhere/") != NULL;
}

static int disk_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out)
{
    struct disk_handle *h = (struct disk_handle *)f;

    (void)vfs;
    if (disk_elsewhere(path))
        return disk_usual->xOpen(disk_usual, path, f, flags, out);
    *h = (struct disk_handle){.base.pMethods = NULL};
    if (out != NULL)
        *out = flags;
    if (path == NULL) {
        h->temporary = true;
        h->file = disk_new_file();
        h->base.pMethods = &disk_methods;
        return SQLITE_OK;
    }
    int *const name = &disk.name[disk_which(path)];
    if (disk_fails(false) || (*name == NO_FILE && (flags & SQLITE_OPEN_CREATE) == 0))
        return SQLITE_CANTOPEN;
    if (*name == NO_FILE) {
        *name = disk_new_file();
        disk_note(
            (struct disk_change){.kind = DISK_NAME, .file = *name, .name = (int)disk_which(path)},
            NULL);
    }
    /* as on Unix: whether it was there or not */
    h->sync_names = (flags & SQLITE_OPEN_CREATE) != 0 && disk_which(path) != DISK_DATABASE;
    h->file = *name;
    h->base.pMethods = &disk_methods;
    return SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *vfs, const char *path, int sync_names)
{
    const enum disk_name name = disk_which(path);

    (void)vfs;
    if (disk.name[name] == NO_FILE)
        return SQLITE_IOERR_DELETE_NOENT;
    if (disk_fails(false))
        return SQLITE_IOERR_DELETE;
    disk.name[name] = NO_FILE;
    disk_note((struct disk_change){.kind = DISK_NAME, .file = NO_FILE, .name = (int)name}, NULL);
    if (sync_names)
        disk_note((struct disk_change){.kind = DISK_SYNC_NAMES}, NULL);
    return SQLITE_OK;
}

static int disk_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
    (void)vfs;
    if (disk_elsewhere(path))
        return disk_usual->xAccess(disk_usual, path, flags, out);
    *out = disk.name[disk_which(path)] != NO_FILE;
    if (*out && flags == SQLITE_ACCESS_EXISTS && disk.file[disk.name[disk_which(path)]].len == 0)
        *out = 0; /* as SQLite takes an empty journal on Unix */
    return SQLITE_OK;
}

static int disk_path(sqlite3_vfs *vfs, const char *path, int n, char *out)
{
    (void)vfs;
    snprintf(out, (size_t)n, "%s", path);
    return SQLITE_OK;
}

static int disk_randomness(sqlite3_vfs *vfs, int n, char *out)
{
    static uint64_t seed = 88172645463325252u;

    (void)vfs;
    for (int i = 0; i < n; i++)
        out[i] = (char)disk_random(&seed);
    return n;
}

static int disk_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return us;
}

static int disk_time(sqlite3_vfs *vfs, double *out)
{
    (void)vfs;
    *out = 2461367.5;
    return SQLITE_OK;
}

static int disk_error(sqlite3_vfs *vfs, int n, char *out)
{
    (void)vfs;
    (void)n;
    (void)out;
    return 5; /* EIO */
}

/* Let SQLite use this disk for everything from now on. */
__attribute__((unused)) static void disk_begin(void)
{
    static sqlite3_vfs vfs = {
        .iVersion = 1,
        .szOsFile = sizeof(struct disk_handle),
        .mxPathname = 1024,
        .zName = "disk",
        .xOpen = disk_open,
        .xDelete = disk_delete,
        .xAccess = disk_access,
        .xFullPathname = disk_path,
        .xRandomness = disk_randomness,
        .xSleep = disk_sleep,
        .xCurrentTime = disk_time,
        .xGetLastError = disk_error,
    };
    disk_usual = sqlite3_vfs_find(NULL);
    if (vfs.szOsFile < disk_usual->szOsFile)
        vfs.szOsFile = disk_usual->szOsFile;
    CHECK_EQ(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
    disk_clear();
}

#endif
