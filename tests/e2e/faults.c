/*
 * A preloaded library that lets one call fail: HEAD2_FAULT=KIND:N fails the Nth call of that kind
 * made by the program itself (`any-malloc`: by anyone in the process). With N = 0 nothing fails.
 * At the end the number of calls goes to the file that HEAD2_FAULT_COUNT names.
 *
 *     malloc, any-malloc    NULL, ENOMEM           random   ENOSYS
 *     write, pwrite         ENOSPC, half written   fsync, fdatasync   EIO
 *     rename, link          EIO
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

static uintptr_t low, high; /* where the program's own code is */
static const char *kind = "";
static unsigned long target, count;

static int first_object(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size, (void)arg;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_LOAD || (info->dlpi_phdr[i].p_flags & PF_X) == 0)
            continue;
        low = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        high = low + info->dlpi_phdr[i].p_memsz;
    }
    return 1; /* the first object is the program */
}

__attribute__((constructor)) static void start(void)
{
    char *text = getenv("HEAD2_FAULT");
    char *colon = text != NULL ? strchr(text, ':') : NULL;

    dl_iterate_phdr(first_object, NULL);
    if (colon == NULL)
        return;
    target = strtoul(colon + 1, NULL, 10);
    *colon = 0;
    kind = text;
}

__attribute__((destructor)) static void stop(void)
{
    const char *file = getenv("HEAD2_FAULT_COUNT");
    char text[32];

    if (file == NULL)
        return;
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int n = snprintf(text, sizeof text, "%lu", count);
    if (fd < 0 || syscall(SYS_write, fd, text, (size_t)n) != n)
        _exit(99);
    close(fd);
}

/* Whether this call is the one that fails. */
static bool fails(const char *what, const void *caller)
{
    const uintptr_t at = (uintptr_t)caller;
    const bool any = strncmp(kind, "any-", 4) == 0;

    if (strcmp(kind + (any ? 4 : 0), what) != 0 || (!any && (at < low || at >= high)))
        return false;
    return ++count == target;
}

#define FAILS(what) fails(what, __builtin_return_address(0))

void *malloc(size_t n)
{
    if (FAILS("malloc")) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    if (FAILS("malloc")) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    if (FAILS("malloc")) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(p, n);
}

ssize_t getrandom(void *p, size_t n, unsigned flags)
{
    if (FAILS("random")) {
        errno = ENOSYS;
        return -1;
    }
    return syscall(SYS_getrandom, p, n, flags);
}

ssize_t write(int fd, const void *p, size_t n)
{
    if (FAILS("write")) {
        if (n > 1)
            syscall(SYS_write, fd, p, n / 2);
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_write, fd, p, n);
}

int fsync(int fd)
{
    if (FAILS("fsync")) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
    if (FAILS("pwrite")) {
        if (n > 1)
            syscall(SYS_pwrite64, fd, p, n / 2, at);
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, p, n, at);
}

int fdatasync(int fd)
{
    if (FAILS("fdatasync")) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

int rename(const char *from, const char *to)
{
    if (FAILS("rename")) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int link(const char *from, const char *to)
{
    if (FAILS("link")) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}
