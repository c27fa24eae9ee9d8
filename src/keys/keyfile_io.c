/* see keys/keyfile_io.h */
#include "keys/keyfile_io.h"

#include "base/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_stream(const char *path)
{
    return strcmp(path, "-") == 0;
}

void keyfile_explain(struct keyfile_error *err, const char *where, const char *what,
                     const char *hint)
{
    const size_t len = strlen(where), room = sizeof err->where - 1;

    if (is_stream(where))
        snprintf(err->where, sizeof err->where, "standard input");
    else if (len > room) /* the end of a path says more than its beginning */
        snprintf(err->where, sizeof err->where, "...%s", where + len - (room - 3));
    else
        snprintf(err->where, sizeof err->where, "%s", where);
    snprintf(err->what, sizeof err->what, "%s", what);
    snprintf(err->hint, sizeof err->hint, "%s", hint);
    err->error = 0;
}

static const char *hint_for_errno(int error)
{
    switch (error) {
    case ENOENT:
        return "check the path";
    case EACCES:
    case EPERM:
    case EROFS:
        return "choose a place that you may use, or change its permissions";
    case ENOSPC:
    case EDQUOT:
        return "make room on the disk";
    case EISDIR:
        return "give a file, not a folder";
    default:
        return "";
    }
}

enum head2_status keyfile_explain_errno(struct keyfile_error *err, const char *where,
                                        const char *doing)
{
    const int error = errno;
    char what[sizeof err->what];

    snprintf(what, sizeof what, "cannot %s", doing);
    keyfile_explain(err, where, what, hint_for_errno(error));
    err->error = error;
    return HEAD2_E_IO;
}

static enum head2_status read_open(struct keyfile_content *f, int fd, const char *path,
                                   struct keyfile_error *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return keyfile_explain_errno(err, path, "look at it");
    f->exposed = S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0 && !is_stream(path);
    while (f->len < sizeof f->bytes) {
        ssize_t n = read(fd, f->bytes + f->len, sizeof f->bytes - f->len);
        if (n == 0)
            return HEAD2_OK;
        if (n > 0)
            f->len += (size_t)n;
        else if (errno != EINTR)
            return keyfile_explain_errno(err, path, "read it");
    }
    keyfile_explain(err, path, "longer than any key file", "give a PEM or DER key file");
    return HEAD2_E_LIMIT;
}

enum head2_status keyfile_io_read(struct keyfile_content *f, const char *path,
                                  struct keyfile_error *err)
{
    f->len = 0;
    f->exposed = false;
    const int fd = is_stream(path) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return keyfile_explain_errno(err, path, "open it");
    enum head2_status st = read_open(f, fd, path, err);
    if (!is_stream(path))
        close(fd);
    if (st != HEAD2_OK) {
        head2_wipe(f->bytes, sizeof f->bytes);
        f->len = 0;
    }
    return st;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* Make the new name durable. A folder that may not be opened for reading cannot be flushed. */
static bool flush_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;

    memcpy(folder, path, len);
    memcpy(folder + len, ".", 2);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES;
    const bool ok = fsync(fd) == 0 || errno == EINVAL;
    const int error = errno;
    close(fd);
    errno = error;
    return ok;
}

/* Give the finished temporary file its name. */
static bool publish(const char *temporary, const struct keyfile_target *to)
{
    if (to->replace)
        return rename(temporary, to->path) == 0;
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, to->path, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    if (link(temporary, to->path) != 0) /* a file system that cannot rename so */
        return false;
    return unlink(temporary) == 0;
}

/* temporary: a template of mkostemp(3). */
static enum head2_status write_temporary(char *temporary, const struct keyfile_target *to,
                                         const uint8_t *bytes, size_t len)
{
    const int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return HEAD2_E_IO;
    bool ok = fchmod(fd, to->mode) == 0 && write_all(fd, bytes, len) && fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        error = errno;
    }
    if (ok && !publish(temporary, to)) {
        ok = false;
        error = errno;
    }
    if (!ok)
        unlink(temporary);
    errno = error;
    return ok ? HEAD2_OK : HEAD2_E_IO;
}

static enum head2_status write_stream(const uint8_t *bytes, size_t len, struct keyfile_error *err)
{
    if (!write_all(STDOUT_FILENO, bytes, len))
        return keyfile_explain_errno(err, "standard output", "write");
    return HEAD2_OK;
}

enum head2_status keyfile_io_write(const struct keyfile_target *to, const uint8_t *bytes,
                                   size_t len, struct keyfile_error *err)
{
    char temporary[PATH_MAX];
    struct stat st;
    sigset_t before;

    if (is_stream(to->path))
        return write_stream(bytes, len, err);
    if (lstat(to->path, &st) == 0 && !S_ISREG(st.st_mode)) {
        keyfile_explain(err, to->path, "there is something here that is not a file",
                        "name a plain file, or - for standard output");
        return HEAD2_E_POLICY;
    }
    const char *slash = strrchr(to->path, '/');
    const int folder = slash == NULL ? 0 : (int)(slash - to->path) + 1;
    const int need =
        snprintf(temporary, sizeof temporary, "%.*s.head2-key-XXXXXX", folder, to->path);
    if (need >= (int)sizeof temporary || strlen(to->path) >= sizeof temporary - 1) {
        errno = ENAMETOOLONG;
        return keyfile_explain_errno(err, to->path, "write it");
    }
    signals_hold(&before); /* which would leave a secret under the temporary name */
    const enum head2_status written = write_temporary(temporary, to, bytes, len);
    const int error = errno;
    signals_release(&before);
    errno = error;
    if (written != HEAD2_OK) {
        if (errno != EEXIST)
            return keyfile_explain_errno(err, to->path, "write it");
        keyfile_explain(err, to->path, "there is a file of this name", "choose another name");
        return HEAD2_E_POLICY;
    }
    if (!flush_folder(to->path))
        return keyfile_explain_errno(err, to->path, "make it durable");
    return HEAD2_OK;
}
