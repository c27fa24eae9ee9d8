/* see generation.h */
#include "entropy/generation.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096

/* struct vmclock_abi, version 1, little-endian whatever the machine is */
enum {
    MAGIC = 0,      /* u32 */
    SIZE = 4,       /* u32, of the structure */
    SEQ_COUNT = 12, /* u32, odd while the rest is being written */
    FLAGS = 24,     /* u64 */
    COUNTER = 104,  /* u64 vm_generation_counter */
    COUNTER_END = 112,
};
#define VMCLOCK_MAGIC   0x4b4c4356u /* "VCLK" */
#define COUNTER_PRESENT ((uint64_t)1 << 8)
#define SEQ_TRIES       1000 /* a writer needs well under a microsecond */

static uint32_t load32(const volatile uint8_t *p)
{
    const uint32_t v = *(const volatile uint32_t *)(const volatile void *)p;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap32(v);
#else
    return v;
#endif
}

static uint64_t load64(const volatile uint8_t *p)
{
    const uint64_t v = *(const volatile uint64_t *)(const volatile void *)p;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(v);
#else
    return v;
#endif
}

/* A file in place of the device is never read beyond its end: that would be a signal. */
static bool long_enough(int fd, off_t bytes)
{
    struct stat s;

    return fstat(fd, &s) == 0 && (!S_ISREG(s.st_mode) || s.st_size >= bytes);
}

static const volatile uint8_t *map(const char *path, off_t bytes)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    void *page = MAP_FAILED;

    if (fd < 0)
        return NULL;
    if (long_enough(fd, bytes))
        page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    return page != MAP_FAILED ? page : NULL;
}

static void unmap(const volatile uint8_t *page)
{
    (void)munmap((void *)(uintptr_t)page, PAGE);
}

static bool has_counter(const volatile uint8_t *page)
{
    return load32(page + MAGIC) == VMCLOCK_MAGIC && load32(page + SIZE) >= COUNTER_END &&
           (load64(page + FLAGS) & COUNTER_PRESENT) != 0;
}

bool generation_open(struct generation *g, const char *vmclock, const char *sysgenid)
{
    *g = (struct generation){map(vmclock != NULL ? vmclock : "/dev/vmclock0", COUNTER_END), true};
    if (g->page != NULL && has_counter(g->page))
        return true;
    generation_close(g);
    g->page = map(sysgenid != NULL ? sysgenid : "/dev/sysgenid", sizeof(uint32_t));
    g->vmclock = false;
    return g->page != NULL;
}

bool generation_read(void *arg, uint64_t *number)
{
    const struct generation *g = arg;

    if (g->page == NULL)
        return false;
    if (!g->vmclock) { /* the driver's counter, of the machine's own byte order */
        *number = *(const volatile uint32_t *)(const volatile void *)g->page;
        return true;
    }
    for (unsigned i = 0; i < SEQ_TRIES; i++) {
        const uint32_t before = load32(g->page + SEQ_COUNT);
        atomic_thread_fence(memory_order_acquire);
        *number = load64(g->page + COUNTER);
        atomic_thread_fence(memory_order_acquire);
        if ((before & 1) == 0 && load32(g->page + SEQ_COUNT) == before)
            return true;
    }
    return false;
}

void generation_close(struct generation *g)
{
    if (g->page != NULL)
        unmap(g->page);
    *g = (struct generation){NULL, false};
}
