/*
 * Whole files in and out. A write goes to a hidden temporary file in the same folder, is fsync'd,
 * gets its name by rename(2) or link(2), and then the folder is fsync'd. Signals that would leave
 * the temporary file, which may hold a secret, wait meanwhile.
 */
#include "artifact/file.h"

#include "base/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_READ 65536

struct buffer {
    uint8_t *p;
    size_t len, cap; /* cap does not count the zero byte that ends the content */
};

static void buffer_drop(struct buffer *b)
{
    if (b->p != NULL)
        head2_wipe(b->p, b->cap); /* it may be a key */
    free(b->p);
    *b = (struct buffer){0};
}

static enum head2_status buffer_grow(struct buffer *b)
{
    const size_t cap = b->cap == 0 ? FIRST_READ : 2 * b->cap;
    uint8_t *more = malloc(cap + 1);

    if (more == NULL)
        return HEAD2_E_MEMORY;
    const size_t len = b->len;
    copy_bytes(more, b->p, len);
    buffer_drop(b);
    *b = (struct buffer){more, len, cap};
    return HEAD2_OK;
}

static enum head2_status read_all(int fd, size_t limit, struct buffer *b)
{
    for (;;) {
        if (b->len == b->cap && buffer_grow(b) != HEAD2_OK)
            return HEAD2_E_MEMORY;
        ssize_t n = read(fd, b->p + b->len, b->cap - b->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return HEAD2_E_IO;
        if (n == 0)
            return HEAD2_OK;
        b->len += (size_t)n;
        if (b->len > limit)
            return HEAD2_E_LIMIT;
    }
}

enum head2_status file_read(const char *path, size_t limit, uint8_t **out, size_t *len)
{
    const bool from_stdin = strcmp(path, "-") == 0;
    struct buffer b = {0};

    *out = NULL;
    *len = 0;
    int fd = from_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return HEAD2_E_IO;
    enum head2_status st = read_all(fd, limit, &b);
    int error = errno;
    if (!from_stdin)
        close(fd);
    if (st != HEAD2_OK) {
        buffer_drop(&b);
        errno = error;
        return st;
    }
    b.p[b.len] = 0;
    *out = b.p;
    *len = b.len;
    return HEAD2_OK;
}

enum head2_status file_stream(const char *path, file_piece_fn *fn, void *arg)
{
    const bool from_stdin = strcmp(path, "-") == 0;
    uint8_t piece[FIRST_READ];
    ssize_t n = 0;

    int fd = from_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return HEAD2_E_IO;
    do {
        n = read(fd, piece, sizeof piece);
        if (n > 0)
            fn(arg, piece, (size_t)n);
    } while (n > 0 || (n < 0 && errno == EINTR));
    int error = errno;
    if (!from_stdin)
        close(fd);
    errno = error;
    return n == 0 ? HEAD2_OK : HEAD2_E_IO;
}

static bool write_all(int fd, const uint8_t *p, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

/* Make the folder's entry for path durable. */
static bool sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');

    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
             slash == NULL ? "." : path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES; /* a folder that may be written and not read cannot be synced */
    bool ok = fsync(fd) == 0 || errno == EINVAL;
    int error = errno;
    close(fd);
    errno = error;
    return ok;
}

static bool write_temporary(const char *name, const void *bytes, size_t len, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return false;
    bool ok = write_all(fd, bytes, len) && fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        error = errno;
    }
    if (!ok)
        unlink(name);
    errno = error;
    return ok;
}

/* Renaming puts the new file where the old name was: a device, a pipe or a link (/dev/full,
 * /dev/stdout) would be gone. A folder is left to rename(2), which refuses it. */
static bool may_replace(const char *path)
{
    struct stat info;

    return lstat(path, &info) != 0 || S_ISREG(info.st_mode) || S_ISDIR(info.st_mode);
}

struct naming {
    mode_t mode;
    enum file_existing existing;
};

/* Under the temporary name, then the name. */
static bool write_and_name(const char *name, const char *path, const void *bytes, size_t len,
                           const struct naming *how)
{
    unlink(name); /* of a process of this number that died */
    if (!write_temporary(name, bytes, len, how->mode))
        return false;
    const bool replace = how->existing == FILE_REPLACE;
    const bool ok = replace ? rename(name, path) == 0 : link(name, path) == 0;
    const int error = errno;
    if (!replace || !ok)
        unlink(name);
    errno = error;
    return ok;
}

enum head2_status file_write(const char *path, const void *bytes, size_t len, mode_t mode,
                             enum file_existing existing)
{
    char name[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const int folder = slash == NULL ? 0 : (int)(slash - path) + 1;
    static unsigned counter;
    sigset_t before;
    const unsigned n = __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);

    if (snprintf(name, sizeof name, "%.*s.tmp-%ld-%u", folder, path, (long)getpid(), n) >=
        (int)sizeof name) {
        errno = ENAMETOOLONG;
        return HEAD2_E_IO;
    }
    if (existing == FILE_REPLACE && !may_replace(path)) {
        errno = EEXIST;
        return HEAD2_E_POLICY;
    }
    signals_hold(&before);
    const bool ok = write_and_name(name, path, bytes, len, &(struct naming){mode, existing});
    const int error = errno;
    signals_release(&before);
    errno = error;
    return ok && sync_folder(path) ? HEAD2_OK : HEAD2_E_IO;
}

enum head2_status file_make_dirs(const char *path, mode_t mode)
{
    char part[PATH_MAX];
    struct stat info;
    size_t len = strlen(path);

    if (len == 0 || len >= sizeof part) {
        errno = len == 0 ? ENOENT : ENAMETOOLONG;
        return HEAD2_E_IO;
    }
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        const bool made = mkdir(part, mode) == 0;
        if ((!made && errno != EEXIST) || (made && !sync_folder(part)))
            return HEAD2_E_IO;
    }
    if (stat(path, &info) != 0)
        return HEAD2_E_IO;
    errno = ENOTDIR;
    return S_ISDIR(info.st_mode) ? HEAD2_OK : HEAD2_E_IO;
}
