/* see sandbox.h */
#include "keeper/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef HEAD2_SECCOMP
#include <seccomp.h>
#endif

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

#define FILES_MAX 1024 /* descriptors */

/* ---- Landlock: as far as the kernel goes, which may know more than the header ---- */

/* struct landlock_ruleset_attr of ABI 6; older kernels take the beginning of it. */
struct ruleset {
    uint64_t files, network, scope;
};

#define ACCESS_V1    ((UINT64_C(1) << 13) - 1)
#define ACCESS_REFER (UINT64_C(1) << 13) /* ABI 2 */
#define ACCESS_CUT   (UINT64_C(1) << 14) /* ABI 3: truncate */
#define ACCESS_IOCTL (UINT64_C(1) << 15) /* ABI 5 */
#define TCP_BOTH     UINT64_C(3)         /* ABI 4: bind, connect */
#define SCOPE_BOTH   UINT64_C(3)         /* ABI 6: abstract unix sockets, signals */
#define RULESET_V1   8                   /* bytes of it */
#define RULESET_V4   16
#define RULESET_V6   24
#define ACCESS_OF_FILE                                                                             \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_DIR |  \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)

int sandbox_landlock_abi(void)
{
    const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1U /* the version */);

    return abi > 0 ? (int)abi : 0;
}

static uint64_t files_of(int abi)
{
    return ACCESS_V1 | (abi >= 2 ? ACCESS_REFER : 0) | (abi >= 3 ? ACCESS_CUT : 0) |
           (abi >= 5 ? ACCESS_IOCTL : 0);
}

/* Reading, writing, making and removing plain files in the folder, and nothing else anywhere. */
static bool allow_folder(int rules, const char *path, int abi)
{
    struct landlock_path_beneath_attr beneath = {
        .allowed_access = ACCESS_OF_FILE | (abi >= 3 ? ACCESS_CUT : 0),
        .parent_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)};

    if (beneath.parent_fd < 0)
        return false;
    const bool ok =
        syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0U) == 0;
    const int error = errno;
    close(beneath.parent_fd);
    errno = error;
    return ok;
}

static bool enter_landlock(const char *folder, uint8_t *bits)
{
    const int abi = sandbox_landlock_abi();
    const struct ruleset r = {files_of(abi), abi >= 4 ? TCP_BOTH : 0, abi >= 6 ? SCOPE_BOTH : 0};
    const size_t size = abi >= 6 ? RULESET_V6 : abi >= 4 ? RULESET_V4 : RULESET_V1;

    if (abi == 0)
        return true;
    const int rules = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0U);
    if (rules < 0)
        return false;
    const bool ok = (folder == NULL || allow_folder(rules, folder, abi)) &&
                    syscall(SYS_landlock_restrict_self, rules, 0U) == 0;
    const int error = errno;
    close(rules);
    errno = error;
    if (ok)
        *bits = (uint8_t)(*bits | SANDBOX_FILES | (abi >= 4 ? SANDBOX_NETWORK : 0) |
                          (abi >= 6 ? SANDBOX_SCOPE : 0));
    return ok;
}

/* ---- seccomp ---- */

#ifdef HEAD2_SECCOMP

/* Grouped by who needs them. Names that this architecture does not have are passed over. */
static const char *const calls[] = {
    /* the loop */
    "poll",
    "ppoll",
    "accept4",
    "recvfrom",
    "sendto",
    "recvmsg",
    "sendmsg",
    "getsockopt",
    "close",
    "read",
    "write",
    "shutdown",
    "restart_syscall",
    /* clocks and randomness */
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "nanosleep",
    "gettimeofday",
    "time",
    "getrandom",
    "getpid",
    "gettid",
    "sched_yield",
    "getcpu",
    /* memory, also of secrets */
    "brk",
    "munmap",
    "mremap",
    "madvise",
    "mlock",
    "mlock2",
    "munlock",
    "memfd_secret",
    "futex",
    "rseq",
    "set_robust_list",
    "sysinfo",
    /* files of the store, which Landlock keeps to its folder */
    "openat",
    "open",
    "fstat",
    "stat",
    "lstat",
    "newfstatat",
    "statx",
    "access",
    "faccessat",
    "faccessat2",
    "lseek",
    "pread64",
    "pwrite64",
    "readv",
    "writev",
    "fsync",
    "fdatasync",
    "ftruncate",
    "unlink",
    "unlinkat",
    "rename",
    "renameat",
    "renameat2",
    "fcntl",
    "flock",
    "getcwd",
    "readlink",
    "fchmod",
    "fchown",
    "geteuid",
    "getuid",
    "getegid",
    "getgid",
    "getdents64",
    "fstatfs",
    "statfs",
    /* ends, among them those of an assertion */
    "exit",
    "exit_group",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
};

static bool allow(scmp_filter_ctx ctx)
{
    for (size_t i = 0; i < HEAD2_LEN(calls); i++) {
        const int number = seccomp_syscall_resolve_name(calls[i]);
        if (number != __NR_SCMP_ERROR && number >= 0 &&
            seccomp_rule_add(ctx, SCMP_ACT_ALLOW, number, 0) != 0)
            return false;
    }
    const struct scmp_arg_cmp not_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    const struct scmp_arg_cmp own = SCMP_A0(SCMP_CMP_EQ, 0, 0), look = SCMP_A2(SCMP_CMP_EQ, 0, 0);
    const struct scmp_arg_cmp self = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0);
    return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, not_code) == 0 &&
           seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, not_code) == 0 &&
           /* reads of its own limits; abort() sends its signal to itself */
           seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, own, look) == 0 &&
           seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, self) == 0;
}

static bool enter_seccomp(uint8_t *bits)
{
    const scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);

    if (ctx == NULL)
        return false;
    /* libseccomp gives back a negative errno */
    const bool ok = allow(ctx) && seccomp_load(ctx) == 0;
    seccomp_release(ctx);
    if (ok)
        *bits |= SANDBOX_SECCOMP;
    else
        errno = ENOSYS;
    return ok;
}

bool sandbox_has_seccomp(void)
{
    return true;
}

#else

static bool enter_seccomp(uint8_t *bits)
{
    (void)bits;
    return true;
}

bool sandbox_has_seccomp(void)
{
    return false;
}

#endif

/* ---- all of it ---- */

static bool drop_user(const struct sandbox *s, uint8_t *bits)
{
    if (geteuid() == 0 && s->uid != 0 &&
        (setgroups(0, NULL) != 0 || setresgid(s->gid, s->gid, s->gid) != 0 ||
         setresuid(s->uid, s->uid, s->uid) != 0 || setresuid(0, 0, 0) == 0))
        return false;
    if (geteuid() != 0)
        *bits |= SANDBOX_USER;
    return true;
}

static bool limit(void)
{
    const struct rlimit none = {0, 0}, files = {FILES_MAX, FILES_MAX};
    struct rlimit now;

    if (getrlimit(RLIMIT_NOFILE, &now) != 0 ||
        (now.rlim_cur > FILES_MAX && setrlimit(RLIMIT_NOFILE, &files) != 0))
        return false;
    return setrlimit(RLIMIT_CORE, &none) == 0 && setrlimit(RLIMIT_NPROC, &none) == 0;
}

enum head2_status sandbox_enter(const struct sandbox *s, uint8_t *bits, const char **what)
{
    *bits = 0;
    *what = "cannot drop to the keeper's user";
    if (!drop_user(s, bits))
        return HEAD2_E_STATE;
    *what = "cannot set limits";
    if (!limit())
        return HEAD2_E_STATE;
    *what = "cannot give up new privileges";
#ifndef __SANITIZE_ADDRESS__                     /* whose search for leaks traces the process */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) /* a change of user has set it */
        return HEAD2_E_STATE;
#endif
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return HEAD2_E_STATE;
    *bits |= SANDBOX_NO_NEW_PRIVS;
    *what = "cannot keep to the store's folder (Landlock)";
    if (!enter_landlock(s->folder, bits))
        return HEAD2_E_STATE;
    *what = "cannot give up system calls (seccomp)";
    return enter_seccomp(bits) ? HEAD2_OK : HEAD2_E_STATE;
}

void sandbox_missing(char out[SANDBOX_TEXT], uint8_t bits)
{
    static const char *const names[] = {"no new privileges", "a user other than root",
                                        "seccomp",           "Landlock for files",
                                        "Landlock for TCP",  "Landlock for signals"};
    size_t len = 0;

    out[0] = 0;
    for (size_t i = 0; i < HEAD2_LEN(names); i++)
        if ((bits & 1u << i) == 0)
            len += (size_t)snprintf(out + len, SANDBOX_TEXT - len, "%s%s", len != 0 ? ", " : "",
                                    names[i]);
}
