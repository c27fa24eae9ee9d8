/* see unixsock.h */
#include "keeper/unixsock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The address of a path; *folder is a descriptor that must stay open while it is used, or -1. */
static bool address_of(struct sockaddr_un *out, const char *path, int *folder)
{
    const char *slash = strrchr(path, '/');
    char name[PATH_MAX];

    *folder = -1;
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    if (strlen(path) < sizeof out->sun_path) {
        memcpy(out->sun_path, path, strlen(path));
        return true;
    }
    if (slash == NULL || strlen(path) >= sizeof name) {
        errno = ENAMETOOLONG;
        return false;
    }
    snprintf(name, sizeof name, "%.*s/", (int)(slash - path), path);
    *folder = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder < 0)
        return false;
    int n = snprintf(name, sizeof name, "/proc/self/fd/%d/%s", *folder, slash + 1);
    if (n < 0 || (size_t)n >= sizeof out->sun_path) {
        close(*folder);
        *folder = -1;
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(out->sun_path, name, (size_t)n);
    return true;
}

static int finish(int fd, int folder, bool ok)
{
    int error = errno;

    if (folder >= 0)
        close(folder);
    if (!ok && fd >= 0) {
        close(fd);
        fd = -1;
    }
    errno = error;
    return fd;
}

/* Make way for a socket of this name: one that a killed daemon left goes, but neither a file that
 * is no socket nor a socket at which somebody answers. */
static bool make_way(const char *path, const struct sockaddr_un *at)
{
    struct stat info;

    if (lstat(path, &info) != 0)
        return errno == ENOENT;
    if (!S_ISSOCK(info.st_mode)) {
        errno = EEXIST;
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool answers = connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 || errno == EAGAIN;
    close(fd);
    errno = EADDRINUSE;
    return !answers && unlink(path) == 0;
}

int unixsock_listen(const char *path)
{
    struct sockaddr_un at;
    int folder;

    if (!address_of(&at, path, &folder))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && make_way(path, &at);
    if (ok) {
        mode_t before = umask(0177); /* from its first moment nobody else may connect */
        ok = bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
        int error = errno;
        umask(before);
        errno = error;
    }
    ok = ok && listen(fd, 16) == 0;
    return finish(fd, folder, ok);
}

int unixsock_connect(const char *path)
{
    struct sockaddr_un at;
    int folder;

    if (!address_of(&at, path, &folder))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
    return finish(fd, folder, ok);
}
