/* see secmem.h */
#include "base/secmem.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

#define FD_CLOEXEC_FLAG 02000000 /* O_CLOEXEC, which memfd_secret(2) takes */
#define CANARY          0xd5
#define CANARY_MIN      64 /* bytes of it at least before the caller's */

/*
 * One piece:    | guard | canary ........, the caller's bytes, canary | guard |
 *
 * The caller's bytes end less than their alignment before the second guard; what is between is
 * canary. What is known of a piece is kept elsewhere, where nothing that runs over it comes.
 */
struct piece {
    uint8_t *own; /* the pages between the guards */
    size_t own_len;
    uint8_t *bytes; /* the caller's */
    size_t len;
    enum secmem_kind kind;
    bool lost; /* this is a child, and the pages are its parent's */
    struct piece *next;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct piece *pieces;
static size_t in_use[SECMEM_KINDS]; /* bytes of pages */

static pthread_once_t watch_forks = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
    pthread_mutex_lock(&mutex);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&mutex);
}

static void in_child(void)
{
    for (struct piece *p = pieces; p != NULL; p = p->next)
        p->lost = true;
    memset(in_use, 0, sizeof in_use); /* locks are not inherited */
    pthread_mutex_unlock(&mutex);
}

static void begin_watch(void)
{
    (void)pthread_atfork(before_fork, after_fork, in_child);
}

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t lock_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return SIZE_MAX;
    return (size_t)limit.rlim_cur;
}

/* ---- pages ---- */

/* Whether so much more may be locked: what the kernel would allow, less the reserve. */
static bool may_lock(size_t len, enum secmem_rank rank)
{
    const size_t limit = lock_limit(), used = in_use[SECMEM_SECRET] + in_use[SECMEM_LOCKED];
    const size_t kept = rank == SECMEM_LONG_TERM ? 0 : SECMEM_RESERVE;

    return limit == SIZE_MAX || (used + len <= limit && limit - used - len >= kept);
}

static bool secret_pages(uint8_t *at, size_t len)
{
    const int fd = (int)syscall(SYS_memfd_secret, FD_CLOEXEC_FLAG);

    if (fd < 0)
        return false;
    /* shared by nature: a child must not have it, and cannot be given zeros instead */
    const bool mapped = ftruncate(fd, (off_t)len) == 0 &&
                        mmap(at, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == at;
    close(fd);
    if (mapped && madvise(at, len, MADV_DONTFORK) == 0 && madvise(at, len, MADV_DONTDUMP) == 0)
        return true;
    /* put the reservation back */
    (void)mmap(at, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    return false;
}

static bool private_pages(uint8_t *at, size_t len)
{
    return mmap(at, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
               at &&
           madvise(at, len, MADV_WIPEONFORK) == 0 && madvise(at, len, MADV_DONTDUMP) == 0;
}

/* Pages of the best kind that can be had, at a place that is reserved. */
static bool make_pages(uint8_t *at, size_t len, enum secmem_rank rank, enum secmem_kind *kind)
{
    const bool lock = may_lock(len, rank);

    *kind = SECMEM_SECRET;
    if (lock && secret_pages(at, len))
        return true;
    if (!private_pages(at, len))
        return false;
    *kind = lock && mlock(at, len) == 0 ? SECMEM_LOCKED : SECMEM_PLAIN;
    return true;
}

/* ---- pieces ---- */

static size_t alignment_of(size_t len)
{
    return len % 64 == 0 ? 64 : len % 16 == 0 ? 16 : len % 8 == 0 ? 8 : 1;
}

/* With the mutex held. */
static bool furnish(struct piece *p, enum secmem_rank rank)
{
    const size_t align = alignment_of(p->len);

    if (!make_pages(p->own, p->own_len, rank, &p->kind))
        return false;
    p->bytes = (uint8_t *)((uintptr_t)(p->own + p->own_len - p->len) / align * align);
    memset(p->own, CANARY, p->own_len);
    memset(p->bytes, 0, p->len);
    p->next = pieces;
    pieces = p;
    in_use[p->kind] += p->own_len;
    return true;
}

enum head2_status secmem_new(void **out, size_t len, enum secmem_rank rank)
{
    const size_t page = page_size();

    *out = NULL;
    if (len == 0 || len > SECMEM_MAX)
        return HEAD2_E_ARG;
    pthread_once(&watch_forks, begin_watch);
    struct piece *const p = calloc(1, sizeof *p);
    if (p == NULL)
        return HEAD2_E_MEMORY;
    p->len = len;
    p->own_len = (CANARY_MIN + len + page - 1) / page * page;
    uint8_t *const guard = mmap(NULL, p->own_len + 2 * page, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (guard == MAP_FAILED) {
        free(p);
        return HEAD2_E_MEMORY;
    }
    p->own = guard + page;
    pthread_mutex_lock(&mutex);
    const bool made = furnish(p, rank);
    pthread_mutex_unlock(&mutex);
    if (!made) {
        munmap(guard, p->own_len + 2 * page);
        free(p);
        return HEAD2_E_MEMORY;
    }
    *out = p->bytes;
    return HEAD2_OK;
}

/* With the mutex held. */
static struct piece **find(const void *bytes)
{
    struct piece **at = &pieces;

    while (*at != NULL && (*at)->bytes != bytes)
        at = &(*at)->next;
    return at;
}

static bool is_canary(const uint8_t *from, const uint8_t *to)
{
    for (; from < to; from++)
        if (*from != CANARY)
            return false;
    return true;
}

/* Whoever writes past a secret may be writing anywhere: there is no going on. */
static void check_around(const struct piece *p)
{
    if (!is_canary(p->own, p->bytes) || !is_canary(p->bytes + p->len, p->own + p->own_len))
        abort();
}

void secmem_free(void *bytes)
{
    if (bytes == NULL)
        return;
    pthread_mutex_lock(&mutex);
    struct piece **const at = find(bytes);
    struct piece *const p = *at;
    if (p == NULL) /* none of ours, or freed twice */
        abort();
    *at = p->next;
    if (!p->lost)
        in_use[p->kind] -= p->own_len;
    pthread_mutex_unlock(&mutex);
    if (!p->lost) {
        const size_t page = page_size();
        check_around(p);
        head2_wipe(p->own, p->own_len);
        munmap(p->own - page, p->own_len + 2 * page);
    }
    free(p);
}

enum secmem_kind secmem_kind_of(const void *bytes)
{
    pthread_mutex_lock(&mutex);
    const struct piece *const p = *find(bytes);
    const enum secmem_kind kind = p != NULL && !p->lost ? p->kind : SECMEM_KINDS;
    pthread_mutex_unlock(&mutex);
    return kind;
}

const char *secmem_kind_name(enum secmem_kind kind)
{
    static const char *const names[SECMEM_KINDS] = {"secret", "locked", "plain"};

    return kind < SECMEM_KINDS ? names[kind] : "none";
}

/* ---- what is in force ---- */

void secmem_report(struct secmem_report *out)
{
    const int fd = (int)syscall(SYS_memfd_secret, FD_CLOEXEC_FLAG);

    memset(out, 0, sizeof *out);
    out->limit = lock_limit();
    out->has_memfd_secret = fd >= 0;
    if (fd >= 0)
        close(fd);
    pthread_mutex_lock(&mutex);
    for (const struct piece *p = pieces; p != NULL; p = p->next)
        out->pieces[p->kind] += !p->lost;
    memcpy(out->bytes, in_use, sizeof in_use);
    pthread_mutex_unlock(&mutex);
}

enum head2_status secmem_harden_process(void)
{
    const struct rlimit none = {0, 0};

#ifndef __SANITIZE_ADDRESS__ /* whose search for leaks traces the process */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return HEAD2_E_STATE;
#endif
    return setrlimit(RLIMIT_CORE, &none) == 0 ? HEAD2_OK : HEAD2_E_STATE;
}
