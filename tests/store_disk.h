/*
 * What the sealed store writes beside SQLite, on the disk of disk.h: the calls by which
 * artifact/file.c writes store.revision, under another name, synced and renamed. Linked with --wrap
 * for each of them. The lock stays a real file in a real folder.
 */
#ifndef HEAD2_TESTS_STORE_DISK_H
#define HEAD2_TESTS_STORE_DISK_H

#include "disk_cut.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#define SIDE_FIRST  10000 /* descriptors of files on the disk */
#define SIDE_FOLDER 9999  /* of the folder */

static char side_folder[100];
static struct {
    int file;
    size_t at;
} side_open[8];
static int side_new = NO_FILE; /* the file under the other name */
static bool side_full;         /* no room for store.revision, and for that alone */

/* Whether a file of the folder is called so, or begins so. */
static bool is_ours(const char *path, const char *name)
{
    const size_t len = strlen(side_folder);

    return len != 0 && strncmp(path, side_folder, len) == 0 && path[len] == '/' &&
           strncmp(path + len + 1, name, strlen(name)) == 0;
}

static bool is_side(const char *path)
{
    return is_ours(path, "store.revision") || is_ours(path, ".tmp-");
}

static bool is_database(const char *path)
{
    return is_ours(path, "store.sqlite");
}

/* A call on it that may fail; of those that need room with ENOSPC. */
static bool side_fails(bool writes)
{
    errno = disk_fault.code == SQLITE_FULL ? ENOSPC : EIO;
    if (writes && side_full)
        errno = ENOSPC;
    return disk_fails(writes) || (writes && side_full);
}

static int side_handle(int file)
{
    for (int i = 0; i < 8; i++)
        if (side_open[i].file == NO_FILE) {
            side_open[i].file = file;
            side_open[i].at = 0;
            return SIDE_FIRST + i;
        }
    CHECK(false);
    return -1;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list args;

    va_start(args, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    if ((flags & O_DIRECTORY) != 0 && is_ours(path, "") && path[strlen(side_folder) + 1] == 0)
        return SIDE_FOLDER;
    if (is_database(path)) { /* made so that only its owner reads it */
        if (disk.name[DISK_DATABASE] == NO_FILE) {
            disk.name[DISK_DATABASE] = disk_new_file();
            disk_note((struct disk_change){.kind = DISK_NAME,
                                           .file = disk.name[DISK_DATABASE],
                                           .name = DISK_DATABASE},
                      NULL);
        }
        return __real_open("/dev/null", O_RDWR | O_CLOEXEC);
    }
    if (!is_side(path))
        return __real_open(path, flags, mode);
    if (side_fails(false))
        return -1;
    if ((flags & O_CREAT) != 0) {
        side_new = disk_new_file();
        return side_handle(side_new);
    }
    errno = ENOENT;
    return disk.name[DISK_SIDE] == NO_FILE ? -1 : side_handle(disk.name[DISK_SIDE]);
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    if (fd < SIDE_FOLDER)
        return __real_close(fd);
    if (fd >= SIDE_FIRST)
        side_open[fd - SIDE_FIRST].file = NO_FILE;
    return 0;
}

ssize_t __real_read(int fd, void *out, size_t len);
ssize_t __wrap_read(int fd, void *out, size_t len);
ssize_t __wrap_read(int fd, void *out, size_t len)
{
    if (fd < SIDE_FIRST)
        return __real_read(fd, out, len);
    const struct disk_bytes *const b = &disk.file[side_open[fd - SIDE_FIRST].file];
    size_t *const at = &side_open[fd - SIDE_FIRST].at;
    const size_t left = b->len - *at, n = len < left ? len : left;
    if (side_fails(false))
        return -1;
    if (n != 0)
        memcpy(out, b->p + *at, n);
    *at += n;
    return (ssize_t)n;
}

ssize_t __real_write(int fd, const void *from, size_t len);
ssize_t __wrap_write(int fd, const void *from, size_t len);
ssize_t __wrap_write(int fd, const void *from, size_t len)
{
    if (fd < SIDE_FIRST)
        return __real_write(fd, from, len);
    const int file = side_open[fd - SIDE_FIRST].file;
    const size_t at = disk.file[file].len;
    if (side_fails(true))
        return -1;
    bytes_write(&disk.file[file], at, from, len);
    disk_note((struct disk_change){DISK_WRITE, file, 0, at, len, NULL}, from);
    return (ssize_t)len;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    if (fd < SIDE_FOLDER)
        return __real_fsync(fd);
    const bool fails = side_fails(false);
    if (fd == SIDE_FOLDER && !fails)
        disk_note((struct disk_change){.kind = DISK_SYNC_NAMES}, NULL);
    if (fd != SIDE_FOLDER)
        disk_note((struct disk_change){.kind = fails ? DISK_SYNC_LOST : DISK_SYNC,
                                       .file = side_open[fd - SIDE_FIRST].file},
                  NULL);
    return fails ? -1 : 0;
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    if (!is_side(from))
        return __real_rename(from, to);
    if (side_fails(false))
        return -1;
    disk.name[DISK_SIDE] = side_new;
    disk_note((struct disk_change){.kind = DISK_NAME, .file = side_new, .name = DISK_SIDE}, NULL);
    return 0;
}

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
    errno = ENOENT;
    return is_side(path) ? -1 : __real_unlink(path);
}

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);
int __wrap_access(const char *path, int mode)
{
    errno = ENOENT;
    if (is_database(path))
        return disk.name[DISK_DATABASE] == NO_FILE ? -1 : 0;
    return __real_access(path, mode);
}

int __real_lstat(const char *path, struct stat *out);
int __wrap_lstat(const char *path, struct stat *out);
int __wrap_lstat(const char *path, struct stat *out)
{
    errno = ENOENT;
    return is_side(path) ? -1 : __real_lstat(path, out);
}

/* Everything in this folder is on the disk from now on. */
static void side_begin(const char *folder_path)
{
    snprintf(side_folder, sizeof side_folder, "%s", folder_path);
    for (int i = 0; i < 8; i++)
        side_open[i].file = NO_FILE;
}

#endif
