/*
 * SQLite's files and the calls by which store.revision is written, step by step: each write, sync,
 * truncation, removal and renaming is one. A process can be ended at any of them, as by kill -9, or
 * told that the disk is full.
 */
#ifndef HEAD2_TESTS_STORE_STEPS_H
#define HEAD2_TESTS_STORE_STEPS_H

#include "check.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>

static struct {
    unsigned done, at; /* at: which one; 0: none */
    bool kills;        /* otherwise it fails, and so do all after it */
} steps;

/* Whether this step fails. */
static bool step(void)
{
    steps.done++;
    if (steps.at == 0 || steps.done < steps.at)
        return false;
    if (steps.kills)
        kill(getpid(), SIGKILL);
    return true;
}

/* ---- libc, by --wrap ---- */

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    if (!step())
        return __real_rename(from, to);
    errno = ENOSPC;
    return -1;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    if (!step())
        return __real_fsync(fd);
    errno = ENOSPC;
    return -1;
}

/* ---- SQLite: the usual files, counted ---- */

struct step_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind it */
};

static sqlite3_vfs *step_real;

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((struct step_file *)f)->real;
}

static int step_close(sqlite3_file *f)
{
    return real_of(f)->pMethods != NULL ? real_of(f)->pMethods->xClose(real_of(f)) : SQLITE_OK;
}

static int step_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), out, n, at);
}

static int step_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    return step() ? SQLITE_FULL : real_of(f)->pMethods->xWrite(real_of(f), from, n, at);
}

static int step_truncate(sqlite3_file *f, sqlite3_int64 len)
{
    return step() ? SQLITE_IOERR_TRUNCATE : real_of(f)->pMethods->xTruncate(real_of(f), len);
}

static int step_sync(sqlite3_file *f, int flags)
{
    return step() ? SQLITE_IOERR_FSYNC : real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int step_size(sqlite3_file *f, sqlite3_int64 *len)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), len);
}

static int step_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int step_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int step_reserved(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int step_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int step_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int step_character(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int step_map(sqlite3_file *f, int n, int size, int extend, void volatile **out)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), n, size, extend, out);
}

static int step_map_lock(sqlite3_file *f, int at, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}

static void step_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int step_unmap(sqlite3_file *f, int delete_it)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), delete_it);
}

static const sqlite3_io_methods step_methods = {
    .iVersion = 2,
    .xClose = step_close,
    .xRead = step_read,
    .xWrite = step_write,
    .xTruncate = step_truncate,
    .xSync = step_sync,
    .xFileSize = step_size,
    .xLock = step_lock,
    .xUnlock = step_unlock,
    .xCheckReservedLock = step_reserved,
    .xFileControl = step_control,
    .xSectorSize = step_sector,
    .xDeviceCharacteristics = step_character,
    .xShmMap = step_map,
    .xShmLock = step_map_lock,
    .xShmBarrier = step_barrier,
    .xShmUnmap = step_unmap,
};

static int step_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out)
{
    struct step_file *const s = (struct step_file *)f;

    (void)vfs;
    s->base.pMethods = NULL;
    s->real = (sqlite3_file *)(s + 1);
    const int code = step_real->xOpen(step_real, path, s->real, flags, out);
    if (s->real->pMethods != NULL)
        s->base.pMethods = &step_methods;
    return code;
}

static int step_delete(sqlite3_vfs *vfs, const char *path, int sync_names)
{
    (void)vfs;
    return step() ? SQLITE_IOERR_DELETE : step_real->xDelete(step_real, path, sync_names);
}

static void steps_install(void)
{
    static sqlite3_vfs vfs;

    step_real = sqlite3_vfs_find(NULL);
    vfs = *step_real;
    vfs.zName = "steps";
    vfs.szOsFile = (int)sizeof(struct step_file) + step_real->szOsFile;
    vfs.xOpen = step_open;
    vfs.xDelete = step_delete;
    vfs.pNext = NULL;
    sqlite3_vfs_register(&vfs, 1);
}

#endif
