/*
 * The process above keeper and front: what each of them gets, who is started again, and what the
 * end of each of the three means. The children here do small things and tell of it in shared
 * memory.
 */
#include "check.h"

#include "base/secmem.h"
#include "keeper/monitor.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#define SECRET_LEN 64

/* What the processes tell. */
static volatile struct told {
    int keepers, fronts; /* started */
    pid_t keeper, front;
    int heard; /* by keepers over the pair */
    int signal, signals;
    bool secret_good, front_has_secret, front_has_pair;
    int deaths;
    enum head2_status st;
    int code;
    char what[80], why[120];
} * told;

static monitor_child_fn *keeper_does, *front_does;

static void nap(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void fill_secret(uint8_t secret[SECRET_LEN])
{
    static volatile unsigned step = 37; /* else the compiler makes a constant of it */

    for (unsigned i = 0; i < SECRET_LEN; i++)
        secret[i] = (uint8_t)(i * step + 11);
}

/* ---- children ---- */

static void note_signal(int number)
{
    told->signal = number;
    told->signals++;
}

static void end_well(int number)
{
    (void)number;
    _exit(0);
}

static int keep(void *arg, const struct monitor_start *start)
{
    uint8_t want[SECRET_LEN], got[SECRET_LEN + 1];

    signal(SIGTERM, end_well); /* as a keeper does */
    fill_secret(want);
    told->secret_good =
        read(start->secret, got, sizeof got) == SECRET_LEN && memcmp(got, want, SECRET_LEN) == 0;
    told->keeper = getpid();
    told->keepers++;
    if (keeper_does != NULL)
        return keeper_does(arg, start);
    if (write(start->ready, "", 1) != 1)
        return 9;
    while (pause() != 0)
        ;
    return 9;
}

static int hears(void *arg, const struct monitor_start *start)
{
    char byte;

    (void)arg;
    if (write(start->ready, "", 1) != 1)
        return 9;
    while (recv(start->pair, &byte, 1, 0) == 1)
        told->heard++;
    return 8;
}

static int front(void *arg, const struct monitor_start *start)
{
    told->front = getpid();
    told->front_has_pair = start->pair >= 0 && start->secret < 0 && start->ready < 0;
    told->fronts++;
    return front_does(arg, start);
}

static int waits(void *arg, const struct monitor_start *start)
{
    const struct sigaction act = {.sa_handler = note_signal};

    (void)arg;
    (void)start;
    if (sigaction(SIGHUP, &act, NULL) != 0 || sigaction(SIGTERM, &act, NULL) != 0)
        return 9;
    while (told->signal != SIGTERM)
        nap(5);
    return 7;
}

static int sleeps(void *arg, const struct monitor_start *start)
{
    (void)arg;
    (void)start;
    while (pause() != 0)
        ;
    return 9;
}

/* ---- the monitor ---- */

static void on_death(void *arg, const char *name, const char *why)
{
    (void)arg;
    snprintf((char *)(uintptr_t)told->why, sizeof told->why, "%s %s", name, why);
    told->deaths++;
}

/* In a process of its own, whose group is its own. */
static pid_t start_monitor(bool with_front)
{
    memset((void *)(uintptr_t)told, 0, sizeof *told);
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid != 0)
        return pid;
    void *secret;
    if (setpgid(0, 0) != 0 || secmem_new(&secret, SECRET_LEN, SECMEM_LONG_TERM) != HEAD2_OK)
        _exit(2);
    fill_secret(secret);
    const struct monitor_options o = {.secret = secret,
                                      .secret_len = SECRET_LEN,
                                      .keeper = keep,
                                      .front = with_front ? front : NULL,
                                      .died = on_death};
    const char *what;
    int code;
    const enum head2_status st = monitor_run(&o, &code, &what);
    told->st = st;
    told->code = code;
    snprintf((char *)(uintptr_t)told->what, sizeof told->what, "%s", what != NULL ? what : "");
    secmem_free(secret);
    _exit(0);
}

static void await(volatile int *count, int n)
{
    for (int i = 0; i < 2000 && *count < n; i++)
        nap(5);
    CHECK_SAY(*count >= n, "%d instead of %d", *count, n);
}

static int finish(pid_t monitor)
{
    int status = 0;

    CHECK_EQ(waitpid(monitor, &status, 0), monitor);
    return status;
}

static bool is_gone(pid_t pid)
{
    for (int i = 0; i < 1000 && kill(pid, 0) == 0; i++)
        nap(5);
    return kill(pid, 0) != 0 && errno == ESRCH;
}

/* ---- cases ---- */

static void a_front_has_the_pair_and_its_end_is_the_end(void)
{
    keeper_does = NULL;
    front_does = waits;
    const pid_t monitor = start_monitor(true);
    await(&told->fronts, 1);
    CHECK(told->secret_good && told->front_has_pair);
    nap(50);
    kill(monitor, SIGHUP);
    await(&told->signals, 1);
    CHECK_EQ(told->signal, SIGHUP);
    kill(-monitor, SIGTERM); /* as a terminal sends it to a group: it comes once */
    CHECK_EQ(finish(monitor), 0);
    CHECK_EQ(told->st, HEAD2_OK);
    CHECK_EQ(told->code, 7);
    CHECK_EQ(told->signals, 2);
    CHECK_EQ(told->deaths, 0);
    CHECK(is_gone(told->keeper));
}

static void a_killed_child_is_replaced_and_the_other_stays(void)
{
    keeper_does = NULL;
    front_does = waits;
    const pid_t monitor = start_monitor(true);
    await(&told->fronts, 1);
    const pid_t first = told->front, keeper = told->keeper;
    kill(first, SIGKILL);
    await(&told->fronts, 2);
    CHECK_EQ(told->keepers, 1);
    CHECK(strcmp((const char *)(uintptr_t)told->why, "front ended by signal 9 (Killed)") == 0);
    const pid_t second = told->front;
    kill(keeper, SIGKILL);
    await(&told->keepers, 2);
    CHECK(told->secret_good);
    CHECK_EQ(told->fronts, 2);
    CHECK_EQ(told->front, second);
    kill(told->keeper, SIGTERM); /* by somebody else: the front still needs one */
    await(&told->keepers, 3);
    nap(50);
    kill(monitor, SIGTERM);
    CHECK_EQ(finish(monitor), 0);
    CHECK_EQ(told->code, 7);
}

static int says(void *arg, const struct monitor_start *start)
{
    while (told->heard < 200 && told->signal == 0) {
        if (send(start->pair, "x", 1, MSG_NOSIGNAL) != 1)
            return 9;
        nap(1);
    }
    return waits(arg, start);
}

static void the_pair_outlives_both(void)
{
    keeper_does = hears;
    front_does = says;
    const pid_t monitor = start_monitor(true);
    for (int i = 1; i < 5; i++) {
        await(&told->heard, told->heard + 10);
        kill(i % 2 != 0 ? told->keeper : told->front, SIGKILL);
        await(i % 2 != 0 ? &told->keepers : &told->fronts, 1 + (i + 1) / 2);
    }
    await(&told->heard, 200);
    nap(50);
    kill(monitor, SIGTERM);
    CHECK_EQ(finish(monitor), 0);
    CHECK_EQ(told->deaths, 4);
}

static int dies(void *arg, const struct monitor_start *start)
{
    (void)arg;
    (void)start;
    raise(SIGKILL);
    return 1;
}

static void who_dies_at_once_again_and_again_ends_all(void)
{
    keeper_does = NULL;
    front_does = dies;
    CHECK_EQ(finish(start_monitor(true)), 0);
    CHECK_EQ(told->st, HEAD2_E_STATE);
    CHECK_EQ(told->fronts, 5);
    CHECK(strstr((const char *)(uintptr_t)told->what, "the front dies") != NULL);
    CHECK(is_gone(told->keeper));

    keeper_does = dies;
    CHECK_EQ(finish(start_monitor(false)), 0);
    CHECK_EQ(told->st, HEAD2_E_STATE);
    CHECK_EQ(told->keepers, 5);
    CHECK_EQ(told->fronts, 0);
}

static int refuses(void *arg, const struct monitor_start *start)
{
    (void)arg;
    (void)start;
    return 5;
}

static void a_keeper_that_cannot_work_ends_all_before_there_is_a_front(void)
{
    keeper_does = refuses;
    front_does = waits;
    CHECK_EQ(finish(start_monitor(true)), 0);
    CHECK_EQ(told->st, HEAD2_OK);
    CHECK_EQ(told->code, 5);
    CHECK_EQ(told->fronts, 0);
    CHECK_EQ(told->keepers, 1);
}

static void a_killed_monitor_takes_both_with_it(void)
{
    keeper_does = NULL;
    front_does = sleeps;
    const pid_t monitor = start_monitor(true);
    await(&told->fronts, 1);
    kill(monitor, SIGKILL);
    CHECK(WIFSIGNALED(finish(monitor)));
    CHECK(is_gone(told->front) && is_gone(told->keeper));
}

static int forbidden(void *arg, const struct monitor_start *start)
{
    (void)arg;
    (void)start;
    raise(SIGSYS); /* what the kernel does to one that leaves its list */
    return 0;
}

static void an_end_by_the_sandbox_is_said(void)
{
    keeper_does = forbidden;
    CHECK_EQ(finish(start_monitor(false)), 0);
    CHECK(strstr((const char *)(uintptr_t)told->why, "keeper ended by its sandbox") != NULL);
}

/* In all memory of the process; the pattern is not in one piece here. */
static bool has_secret(void)
{
    FILE *const maps = fopen("/proc/self/maps", "re"), *const mem = fopen("/proc/self/mem", "re");
    static uint8_t chunk[1 << 20];
    unsigned long from, to;
    char line[512], mode[8];
    bool found = false;

    while (maps != NULL && mem != NULL && fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[0] != 'r')
            continue;
        for (unsigned long at = from; at < to; at += sizeof chunk - SECRET_LEN) {
            const size_t want = to - at < sizeof chunk ? to - at : sizeof chunk;
            const size_t n = fseek(mem, (long)at, SEEK_SET) == 0 ? fread(chunk, 1, want, mem) : 0;
            for (size_t i = 0; i + 16 <= n; i++) {
                size_t same = 0;
                while (same < 16 && chunk[i + same] == (uint8_t)((same + 20) * 37 + 11))
                    same++;
                found = found || same == 16;
            }
        }
    }
    if (maps != NULL)
        fclose(maps);
    if (mem != NULL)
        fclose(mem);
    return found;
}

static int searches(void *arg, const struct monitor_start *start)
{
    static uint8_t planted[SECRET_LEN];

    (void)arg;
    (void)start;
    told->front_has_secret = has_secret();
    fill_secret(planted);
    told->heard = has_secret(); /* the search finds one that is there */
    return 0;
}

static void a_front_does_not_have_the_secret(void)
{
#ifdef __SANITIZE_ADDRESS__
    check_skip("its maps are too large to go through");
#endif
    keeper_does = NULL;
    front_does = searches;
    CHECK_EQ(finish(start_monitor(true)), 0);
    CHECK(!told->front_has_secret);
    CHECK_EQ(told->heard, 1);
}

int main(void)
{
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED)
        return 1;
    RUN(a_front_has_the_pair_and_its_end_is_the_end);
    RUN(a_killed_child_is_replaced_and_the_other_stays);
    RUN(the_pair_outlives_both);
    RUN(who_dies_at_once_again_and_again_ends_all);
    RUN(a_keeper_that_cannot_work_ends_all_before_there_is_a_front);
    RUN(a_killed_monitor_takes_both_with_it);
    RUN(an_end_by_the_sandbox_is_said);
    RUN(a_front_does_not_have_the_secret);
    CHECK_EXIT();
}
