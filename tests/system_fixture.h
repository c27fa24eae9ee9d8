/*
 * The calls of the system that generators need, in place of libc's: they can be told to fail.
 */
#ifndef HEAD2_TESTS_SYSTEM_FIXTURE_H
#define HEAD2_TESTS_SYSTEM_FIXTURE_H

#include "entropy_fixture.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/random.h>

/* ---- in place of libc's, for everything in this program ---- */

static _Thread_local void
    *last_map; /* what was mapped last: in a process that begins, a generator's page */
static _Thread_local size_t last_len;
static unsigned refuse; /* a set of: */
enum { MMAP = 1, MADVISE = 2, MLOCK = 4, GETRANDOM = 8 };
static unsigned fails_at; /* the number of a call, all kinds counted */
static atomic_uint calls;

static bool fails(unsigned kind)
{
    return atomic_fetch_add(&calls, 1) + 1 == fails_at || (refuse & kind) != 0;
}

void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t off)
{
    if (fails(MMAP)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    void *p = mmap64(at, len, prot, flags, fd, off);
    if (len < 65536) {
        last_map = p;
        last_len = len;
    }
    return p;
}

int madvise(void *p, size_t len, int advice)
{
    if (fails(MADVISE)) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_madvise, p, len, advice);
}

int mlock(const void *p, size_t len)
{
    if (fails(MLOCK)) {
        errno = EPERM;
        return -1;
    }
    return (int)syscall(SYS_mlock, p, len);
}

ssize_t getrandom(void *p, size_t len, unsigned flags)
{
    if (fails(GETRANDOM)) {
        errno = ENOSYS;
        return -1;
    }
    return syscall(SYS_getrandom, p, len, flags);
}

/* ---- counters ---- */

__attribute__((unused)) static uint64_t seeds(void)
{
    struct head2_entropy_info info;

    head2_entropy_info(&info);
    return info.seeds;
}

__attribute__((unused)) static uint64_t forks(void)
{
    struct head2_entropy_info info;

    head2_entropy_info(&info);
    return info.forks;
}

#endif
