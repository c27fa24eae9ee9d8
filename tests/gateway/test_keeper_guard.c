/*
 * What a keeper has given up, and what others get of its memory: files, network, programs and
 * debugging are refused from inside; its private keys are searched for, after use, in all memory
 * that root can read of it, and in a core.
 */
#include "check.h"

#include "keeper_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ptrace.h>
#include <sys/stat.h>

/* Also makes the folder. */
static void it_ends_when_asked_to(void)
{
    start_keeper(false);
    struct keeper_client *const c = connect_client();
    CHECK_EQ(keeper_status(c).sandbox, 0); /* a test: here nothing is given up */
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* ---- from inside ---- */

static bool has_landlock(void)
{
    return sandbox_landlock_abi() != 0;
}

/* Confined to a folder, a process does one thing; its wait status. */
static int confined(int (*thing)(void))
{
    const struct sandbox box = {.folder = folder};
    const char *what;
    uint8_t bits, byte;
    int status;

    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        if (head2_random(&byte, 1) != HEAD2_OK || sandbox_enter(&box, &bits, &what) != HEAD2_OK)
            _exit(90);
        _exit(thing());
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return status;
}

static int open_passwd(void)
{
    return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? 0 : 1;
}

static int make_a_file_elsewhere(void)
{
    return open("/tmp/head2-keeper-elsewhere", O_RDWR | O_CREAT, 0600) < 0 && errno == EACCES ? 0
                                                                                              : 1;
}

static int use_the_folder(void)
{
    char path[96], to[96];
    uint8_t byte = 0;
    void *secret;

    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(to, sizeof to, "%s/other", folder);
    const int fd = open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) != 0 || ftruncate(fd, 0) != 0)
        return 1;
    close(fd);
    if (rename(path, to) != 0 || unlink(to) != 0)
        return 2;
    if (secmem_new(&secret, 10000, SECMEM_LONG_TERM) != HEAD2_OK)
        return 3;
    secmem_free(secret);
    for (int i = 0; i < 1000; i++)
        if (head2_random(&byte, 1) != HEAD2_OK || head2_random_key(&byte, 1) != HEAD2_OK)
            return 4;
    return 0;
}

static int open_a_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 1 : 2;
}

static int run_a_program(void)
{
    char *const args[] = {NULL};

    return execve("/bin/true", args, args) != 0;
}

static int trace_its_parent(void)
{
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0 ? 1 : 2;
}

static int make_a_child(void)
{
    return fork() >= 0 ? 1 : 2;
}

static int signal_its_parent(void)
{
    return kill(getppid(), 0) == 0 ? 1 : 2;
}

static void files_elsewhere_are_refused(void)
{
    if (!has_landlock())
        SKIP("this kernel has no Landlock");
    CHECK_EQ(confined(open_passwd), 0);
    CHECK_EQ(confined(make_a_file_elsewhere), 0);
}

static void what_it_needs_is_there(void)
{
    CHECK_EQ(confined(use_the_folder), 0);
}

static void other_calls_end_it(void)
{
    static int (*const things[])(void) = {open_a_socket, run_a_program, trace_its_parent,
                                          make_a_child, signal_its_parent};

    if (!sandbox_has_seccomp())
        SKIP("built without libseccomp");
    for (size_t i = 0; i < HEAD2_LEN(things); i++) {
        const int status = confined(things[i]);
        CHECK_SAY(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "thing %zu: %#x", i,
                  (unsigned)status);
    }
}

static void it_says_what_is_in_force(void)
{
    char text_of[SANDBOX_TEXT];

    start_keeper(true);
    struct keeper_client *const c = connect_client();
    const uint8_t bits = keeper_status(c).sandbox;
    CHECK((bits & SANDBOX_NO_NEW_PRIVS) != 0);
    CHECK_EQ((bits & SANDBOX_SECCOMP) != 0, sandbox_has_seccomp());
    CHECK_EQ((bits & SANDBOX_FILES) != 0, has_landlock());
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
    sandbox_missing(text_of, SANDBOX_ALL);
    CHECK_EQ(strlen(text_of), 0);
    sandbox_missing(text_of, SANDBOX_ALL & ~SANDBOX_SECCOMP & ~SANDBOX_USER);
    CHECK(strcmp(text_of, "a user other than root, seccomp") == 0);
}

/* ---- from outside ---- */

/* What is looked for: parts of the known key's private half, and as a check of the search itself,
 * of its public one. */
struct needle {
    const char *name;
    uint8_t b[32];
    bool is_public;
    unsigned found;
};

static void know(struct needle n[4])
{
    struct head2_key *key;
    uint8_t seed[32];

    known_seed(seed);
    CHECK_EQ(head2_key_from_seed(&key, HEAD2_MLDSA_87, seed, sizeof seed), HEAD2_OK);
    const uint8_t *const sk = head2_key_private(key); /* rho, K, tr, s1, s2, t0 */
    n[0] = (struct needle){.name = "seed"};
    memcpy(n[0].b, seed, 32);
    n[1] = (struct needle){.name = "K"};
    memcpy(n[1].b, sk + 32, 32);
    n[2] = (struct needle){.name = "s1"};
    memcpy(n[2].b, sk + 128, 32);
    n[3] = (struct needle){.name = "the public key", .is_public = true};
    memcpy(n[3].b, head2_key_public(key) + 1000, 32);
    head2_key_free(key);
}

static void search(struct needle n[4], const uint8_t *in, size_t len)
{
    for (size_t i = 0; i < 4; i++)
        n[i].found += memmem(in, len, n[i].b, 32) != NULL;
}

/* Every page of another process that can be read. */
static void search_memory(pid_t pid, struct needle n[4])
{
    char path[64], line[512];
    unsigned long long from, to;

    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *const maps = fopen(path, "r");
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    const int mem = open(path, O_RDONLY);
    CHECK(maps != NULL && mem >= 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%llx-%llx", &from, &to) != 2 || to - from > (1ULL << 30))
            continue;
        uint8_t *const copy = calloc(1, to - from);
        CHECK(copy != NULL);
        for (uint64_t at = from; at < to; at += 4096)
            if (pread(mem, copy + (at - from), 4096, (off_t)at) != 4096)
                memset(copy + (at - from), 0, 4096);
        search(n, copy, to - from);
        free(copy);
    }
    fclose(maps);
    close(mem);
}

static void search_core(pid_t pid, struct needle n[4])
{
    char command[256], path[128];

    snprintf(command, sizeof command, "gcore -o %s/core %d >/dev/null 2>&1", folder, (int)pid);
    if (system(command) != 0)
        return; /* there is no gcore, or it may not */
    snprintf(path, sizeof path, "%s/core.%d", folder, (int)pid);
    FILE *const f = fopen(path, "rb");
    if (f == NULL)
        return;
    fseek(f, 0, SEEK_END);
    const size_t len = (size_t)ftell(f);
    rewind(f);
    uint8_t *const core = malloc(len);
    CHECK(core != NULL && fread(core, 1, len, f) == len);
    fclose(f);
    unlink(path);
    search(n, core, len);
    free(core);
}

static void no_key_is_in_the_memory_that_root_reads(void)
{
    struct needle n[4];
    uint8_t id[16], sig[HEAD2_KEY_MAX_SIG];
    size_t len;

#ifdef __SANITIZE_ADDRESS__
    SKIP("a sanitizer keeps copies");
#endif
    if (geteuid() != 0)
        SKIP("not root: nothing can be read");
    start_keeper(false); /* its sandbox would not matter to who reads it */
    struct keeper_client *const c = connect_client();
    find_key(c, id, "known");
    for (int i = 0; i < 20; i++)
        CHECK_EQ(keeper_sign(c, sig, &len, id, text("m"), text(""), 0), HEAD2_OK);
    head2_key_free(public_key(c, id));
    const struct keeper_info info = keeper_status(c);
    CHECK_EQ(info.hot, 1);
    know(n);
    search_memory(keeper_pid, n);
    CHECK_SAY(n[3].found != 0, "the search does not find what is there");
    if (info.memory != SECMEM_SECRET)
        SKIP("no memfd_secret: root finds keys in use, here %u, %u and %u times", n[0].found,
             n[1].found, n[2].found);
    search_core(keeper_pid, n);
    for (size_t i = 0; i < 3; i++)
        CHECK_SAY(n[i].found == 0, "%s is in memory", n[i].name);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* As any other user, and as the keeper's own without root's capabilities. */
static void nobody_else_traces_it(void)
{
    char path[64];
    int status;

#ifdef __SANITIZE_ADDRESS__
    SKIP("a sanitizer's process stays dumpable");
#endif
    if (geteuid() != 0)
        SKIP("not root: cannot become another user");
    start_keeper(true);
    struct keeper_client *const c = connect_client();
    CHECK_EQ(keeper_status(c).keys, 1); /* it is there, and confined */
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        if (setresuid(65534, 65534, 65534) != 0)
            _exit(9);
        snprintf(path, sizeof path, "/proc/%d/mem", (int)keeper_pid);
        if (ptrace(PTRACE_ATTACH, keeper_pid, NULL, NULL) == 0 || errno != EPERM)
            _exit(1);
        if (open(path, O_RDONLY) >= 0)
            _exit(2);
        _exit(unixsock_connect(socket_path) >= 0 ? 3 : 0);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* Who gets at the socket all the same is asked who he is. */
static void another_user_is_not_listened_to(void)
{
    int status;

    if (geteuid() != 0)
        SKIP("not root: cannot become another user");
    start_keeper(true);
    CHECK(chmod(folder, 0755) == 0 && chmod(socket_path, 0666) == 0);
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        uint8_t byte;
        if (setresuid(65534, 65534, 65534) != 0)
            _exit(9);
        const int fd = unixsock_connect(socket_path);
        _exit(fd < 0 ? 1 : recv(fd, &byte, 1, 0) == 0 ? 0 : 2);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

int main(void)
{
    RUN(it_ends_when_asked_to);
    RUN(files_elsewhere_are_refused);
    RUN(what_it_needs_is_there);
    RUN(other_calls_end_it);
    RUN(it_says_what_is_in_force);
    RUN(no_key_is_in_the_memory_that_root_reads);
    RUN(nobody_else_traces_it);
    RUN(another_user_is_not_listened_to);
    if (keeper_pid > 0)
        kill(keeper_pid, SIGKILL);
    remove_folder();
    CHECK_EXIT();
}
