/*
 * Memory for secrets: what lies around it ends the process, children do not have it, the lock limit
 * is kept for those that need it most, and a core dump does not hold it.
 */
#include "check.h"

#include "base/secmem.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* How a child that does this ends: its exit code, or minus the signal. */
static int in_child(void (*fn)(uint8_t *), uint8_t *p)
{
    int status;

    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)signal(SIGSEGV, SIG_DFL); /* the sanitizer has one of its own */
        (void)freopen("/dev/null", "w", stderr);
        fn(p);
        _exit(0);
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void it_is_zero_aligned_and_can_be_used(void)
{
    static const size_t sizes[] = {1, 7, 32, 48, 64, 2592, 4096, 4896, 65536, 73344};
    void *p[HEAD2_LEN(sizes)];
    struct secmem_report r;

    for (size_t i = 0; i < HEAD2_LEN(sizes); i++) {
        CHECK_EQ(secmem_new(&p[i], sizes[i], SECMEM_LONG_TERM), HEAD2_OK);
        const uint8_t *const bytes = p[i];
        for (size_t k = 0; k < sizes[i]; k++)
            CHECK_EQ(bytes[k], 0);
        CHECK(sizes[i] % 64 != 0 || (uintptr_t)p[i] % 64 == 0);
        CHECK(sizes[i] % 16 != 0 || (uintptr_t)p[i] % 16 == 0);
        memset(p[i], 0xa5, sizes[i]);
    }
    secmem_report(&r);
    CHECK_EQ(r.pieces[0] + r.pieces[1] + r.pieces[2], HEAD2_LEN(sizes));
    CHECK(r.has_memfd_secret ? r.pieces[SECMEM_SECRET] != 0 : r.pieces[SECMEM_SECRET] == 0);
    printf("    %s pages\n", secmem_kind_name(secmem_kind_of(p[0])));
    for (size_t i = 0; i < HEAD2_LEN(sizes); i++)
        secmem_free(p[i]);
    secmem_report(&r);
    CHECK_EQ(r.pieces[0] + r.pieces[1] + r.pieces[2], 0);
    CHECK_EQ(r.bytes[0] + r.bytes[1] + r.bytes[2], 0);
    CHECK_EQ(secmem_new(&p[0], 0, SECMEM_SESSION), HEAD2_E_ARG);
    CHECK_EQ(secmem_new(&p[0], SECMEM_MAX + 1, SECMEM_SESSION), HEAD2_E_ARG);
    secmem_free(NULL);
}

/* ---- around it ---- */

static void *fresh(size_t len)
{
    void *p;

    if (secmem_new(&p, len, SECMEM_LONG_TERM) != HEAD2_OK)
        _exit(99);
    return p;
}

static void read_behind(uint8_t *unused)
{
    (void)unused;
    const volatile uint8_t *const p = fresh(64);
    _exit(p[64]);
}

static void read_far_before(uint8_t *unused)
{
    (void)unused;
    const volatile uint8_t *const p = fresh(4096);
    _exit(p[-8192]);
}

static void write_before(uint8_t *unused)
{
    (void)unused;
    uint8_t *const p = fresh(64);
    *(volatile uint8_t *)(p - 1) = 1;
    secmem_free(p);
}

static void write_between(uint8_t *unused)
{
    (void)unused;
    uint8_t *const p = fresh(17); /* of alignment 1: nothing between */
    uint8_t *const q = fresh(48);
    secmem_free(p);
    *(volatile uint8_t *)(q - 33) = 1;
    secmem_free(q);
}

static void free_twice(uint8_t *unused)
{
    (void)unused;
    uint8_t *const p = fresh(64);
    secmem_free(p);
    secmem_free(p);
}

static void free_of_the_middle(uint8_t *unused)
{
    (void)unused;
    secmem_free((uint8_t *)fresh(64) + 16);
}

static void what_runs_over_ends_the_process(void)
{
    CHECK_EQ(in_child(read_behind, NULL), -SIGSEGV);
    CHECK_EQ(in_child(read_far_before, NULL), -SIGSEGV);
    CHECK_EQ(in_child(write_before, NULL), -SIGABRT);
    CHECK_EQ(in_child(write_between, NULL), -SIGABRT);
    CHECK_EQ(in_child(free_twice, NULL), -SIGABRT);
    CHECK_EQ(in_child(free_of_the_middle, NULL), -SIGABRT);
}

/* ---- children ---- */

static void read_it(uint8_t *p)
{
    _exit(*(volatile uint8_t *)p);
}

static void free_it_and_go_on(uint8_t *p)
{
    struct secmem_report r;

    if (secmem_kind_of(p) != SECMEM_KINDS)
        _exit(1);
    secmem_report(&r);
    if (r.pieces[0] + r.pieces[1] + r.pieces[2] != 0)
        _exit(2);
    secmem_free(p);
    uint8_t *const q = fresh(64);
    memset(q, 1, 64);
    secmem_free(q);
    _exit(0);
}

static void a_child_does_not_have_it(void)
{
    void *p;

    CHECK_EQ(secmem_new(&p, 64, SECMEM_LONG_TERM), HEAD2_OK);
    memset(p, 0x77, 64);
    const bool secret = secmem_kind_of(p) == SECMEM_SECRET;
    CHECK_EQ(in_child(read_it, p), secret ? -SIGSEGV : 0);
    CHECK_EQ(in_child(free_it_and_go_on, p), 0);
    CHECK_EQ(*(uint8_t *)p, 0x77);
    secmem_free(p);
}

static uint8_t plain[64] = {0x77};

/* As a debugger does it; 0: it has read what is there. */
static void read_of_parent(uint8_t *p)
{
    char path[64];
    uint8_t got[64];

    snprintf(path, sizeof path, "/proc/%ld/mem", (long)getppid());
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        _exit(2);
    if (pread(fd, got, sizeof got, (off_t)(uintptr_t)p) != (ssize_t)sizeof got)
        _exit(1);
    _exit(got[0] == 0x77 ? 0 : 3);
}

static void a_debugger_does_not_read_it(void)
{
    void *p;

    if (in_child(read_of_parent, plain) != 0)
        check_skip("this process may not read another's memory anyway");
    CHECK_EQ(secmem_new(&p, 64, SECMEM_LONG_TERM), HEAD2_OK);
    memset(p, 0x77, 64);
    const bool secret = secmem_kind_of(p) == SECMEM_SECRET;
    const int ended = in_child(read_of_parent, p);
    secmem_free(p);
    if (!secret)
        check_skip("no memfd_secret(2) here: root reads locked memory");
    CHECK_EQ(ended, 1);
}

/* ---- the lock limit ---- */

static void with_little(uint8_t *unused)
{
    const struct rlimit small = {SECMEM_RESERVE + 16384, SECMEM_RESERVE + 16384};
    struct secmem_report r;
    void *p;

    (void)unused;
    if (setrlimit(RLIMIT_MEMLOCK, &small) != 0)
        _exit(1);
    for (int i = 0; i < 8; i++) /* four pages, then they must go without */
        if (secmem_new(&p, 4000, SECMEM_SESSION) != HEAD2_OK)
            _exit(2);
    if (secmem_kind_of(p) != SECMEM_PLAIN)
        _exit(3);
    secmem_report(&r);
    if (r.pieces[SECMEM_PLAIN] != 4 || r.limit != SECMEM_RESERVE + 16384)
        _exit(4);
    if (secmem_new(&p, 4000, SECMEM_LONG_TERM) != HEAD2_OK || secmem_kind_of(p) == SECMEM_PLAIN)
        _exit(5);
    _exit(0);
}

static void with_none(uint8_t *unused)
{
    const struct rlimit none = {0, 0};
    void *p;

    (void)unused;
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0)
        _exit(1);
    if (secmem_new(&p, 4000, SECMEM_LONG_TERM) != HEAD2_OK || secmem_kind_of(p) != SECMEM_PLAIN)
        _exit(2);
    memset(p, 1, 4000);
    secmem_free(p);
    _exit(0);
}

static void what_lives_long_is_locked_first(void)
{
    CHECK_EQ(in_child(with_little, NULL), 0);
    CHECK_EQ(in_child(with_none, NULL), 0);
}

/* ---- several at once, and the process ---- */

static void *come_and_go(void *arg)
{
    for (unsigned i = 0; i < 300; i++) {
        uint8_t *p;
        void *any;
        if (secmem_new(&any, 1 + i * 13, SECMEM_SESSION) != HEAD2_OK)
            return arg;
        p = any;
        memset(p, (int)i, 1 + i * 13);
        if (p[0] != (uint8_t)i || p[i * 13] != (uint8_t)i)
            return arg;
        secmem_free(p);
    }
    return NULL;
}

static void threads_share_it(void)
{
    pthread_t threads[8];
    int mark;
    void *failed;

    for (size_t i = 0; i < HEAD2_LEN(threads); i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, come_and_go, &mark), 0);
    for (size_t i = 0; i < HEAD2_LEN(threads); i++) {
        CHECK_EQ(pthread_join(threads[i], &failed), 0);
        CHECK(failed == NULL);
    }
}

static void harden(uint8_t *unused)
{
    struct rlimit limit;

    (void)unused;
#ifdef __SANITIZE_ADDRESS__
    const int dumpable = 1;
#else
    const int dumpable = 0;
#endif
    if (secmem_harden_process() != HEAD2_OK || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != dumpable ||
        getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_max != 0)
        _exit(1);
    _exit(0);
}

static void a_hardened_process_leaves_no_core(void)
{
    CHECK_EQ(in_child(harden, NULL), 0);
}

int main(void)
{
    RUN(it_is_zero_aligned_and_can_be_used);
    RUN(what_runs_over_ends_the_process);
    RUN(a_child_does_not_have_it);
    RUN(a_debugger_does_not_read_it);
    RUN(what_lives_long_is_locked_first);
    RUN(threads_share_it);
    RUN(a_hardened_process_leaves_no_core);
    CHECK_EXIT();
}
