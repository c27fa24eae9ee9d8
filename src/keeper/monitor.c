/* see monitor.h */
#include "keeper/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define QUICK_S   2 /* who dies sooner after its start ... */
#define QUICK_MAX 5 /* ... so often in a row is not started again */

struct monitor;

struct child {
    const char *name, *fails; /* fails: what is said of one that dies too often */
    bool (*start)(struct monitor *m);
    pid_t pid; /* 0: none */
    time_t begun;
    unsigned quick;
};

struct monitor {
    const struct monitor_options *o;
    struct child keeper, front, recorder;
    int pair[2];     /* the front's end and the keeper's */
    int events[2];   /* the recorder's end and the keeper's */
    int ready;       /* from the first keeper; -1: it has begun, or it is too late */
    int signals;     /* signalfd */
    sigset_t before; /* the mask of the beginning */
    bool stopping;
    bool ended;
    int code;
    enum head2_status st;
    const char *what;
};

static time_t seconds(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* ---- starting ---- */

/* A pipe with the secret in it. System calls do not reach secret pages: what they take is a copy,
 * which is wiped before anybody is forked. */
static bool fill_pipe(const struct monitor *m, int ends[2])
{
    uint8_t staged[MONITOR_SECRET_MAX];
    const size_t len = m->o->secret_len;

    errno = EMSGSIZE;
    if (len > sizeof staged || pipe2(ends, O_CLOEXEC) != 0)
        return false;
    memcpy(staged, m->o->secret, len);
    const bool whole = write(ends[1], staged, len) == (ssize_t)len;
    head2_wipe(staged, sizeof staged);
    close_fd(&ends[1]);
    if (!whole)
        close_fd(&ends[0]);
    return whole;
}

/* In the child. Where the monitor has died before it could be said, there is nobody to work for. */
static void become_child(const struct monitor *m, const char *name, pid_t monitor, int end_with)
{
    char text[16];

    snprintf(text, sizeof text, "head2-%s", name); /* as ps and top show it */
    if (prctl(PR_SET_NAME, text) != 0 || setpgid(0, 0) != 0 ||
        prctl(PR_SET_PDEATHSIG, end_with) != 0 || getppid() != monitor ||
        sigprocmask(SIG_SETMASK, &m->before, NULL) != 0)
        _exit(EXIT_FAILURE);
    close(m->signals);
}

static bool born(struct child *c, pid_t pid)
{
    c->pid = pid;
    c->begun = seconds();
    return pid > 0;
}

static bool start_keeper(struct monitor *m)
{
    struct monitor_start start = {
        .secret = -1, .ready = -1, .pair = m->pair[1], .events = m->events[1]};
    int secret[2], ready[2] = {-1, -1};
    const pid_t self = getpid();

    if (!fill_pipe(m, secret))
        return false;
    if (pipe2(ready, O_CLOEXEC) != 0) {
        close_fd(&secret[0]);
        return false;
    }
    fflush(NULL); /* nothing is said twice */
    const pid_t pid = fork();
    if (pid == 0) {
        become_child(m, m->keeper.name, self, SIGTERM);
        close_fd(&ready[0]);
        close_fd(&m->pair[0]);
        close_fd(&m->events[0]);
        start.secret = secret[0];
        start.ready = ready[1];
        const int code = m->o->keeper(m->o->arg, &start);
        fflush(NULL);
        _exit(code); /* its sandbox does not let it do what exit(3) may */
    }
    close_fd(&secret[0]);
    close_fd(&ready[1]);
    close_fd(&m->ready);
    m->ready = ready[0];
    return born(&m->keeper, pid);
}

static bool start_front(struct monitor *m)
{
    const struct monitor_start start = {
        .secret = -1, .ready = -1, .pair = m->pair[0], .events = -1};
    const pid_t self = getpid();

    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        become_child(m, m->front.name, self, SIGKILL);
        close_fd(&m->pair[1]);
        close_fd(&m->events[0]);
        close_fd(&m->events[1]);
        close_fd(&m->ready);
        exit(m->o->front(m->o->arg, &start));
    }
    return born(&m->front, pid);
}

static bool start_recorder(struct monitor *m)
{
    const struct monitor_start start = {
        .secret = -1, .ready = -1, .pair = -1, .events = m->events[0]};
    const pid_t self = getpid();

    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        become_child(m, m->recorder.name, self, SIGKILL);
        close_fd(&m->pair[0]);
        close_fd(&m->pair[1]);
        close_fd(&m->events[1]);
        close_fd(&m->ready);
        exit(m->o->recorder(m->o->arg, &start));
    }
    return born(&m->recorder, pid);
}

/* ---- signals and deaths ---- */

static void end_with(struct monitor *m, enum head2_status st, const char *what)
{
    if (m->ended)
        return;
    m->ended = true;
    m->st = st;
    m->what = what;
}

static void say_death(const struct monitor *m, const struct child *c, int number)
{
    char why[120];

    if (number == SIGSYS)
        snprintf(why, sizeof why,
                 "ended by its sandbox: it made a system call that is not on the list");
    else
        snprintf(why, sizeof why, "ended by signal %d (%s)", number, strsignal(number));
    m->o->died(m->o->arg, c->name, why);
}

/* Whether it is to be started again. */
static bool may_again(struct monitor *m, struct child *c)
{
    c->quick = seconds() - c->begun < QUICK_S ? c->quick + 1 : 0;
    if (c->quick == QUICK_MAX)
        end_with(m, HEAD2_E_STATE, c->fails);
    return !m->ended;
}

/* The one whose end is the end of all. */
static struct child *last_child(struct monitor *m)
{
    return m->o->front != NULL ? &m->front : &m->keeper;
}

/* Whether it is over: the last child has ended, or the keeper has said why it cannot work. One that
 * somebody else has asked to end is still needed by the front. */
static bool is_over(struct monitor *m, const struct child *c, int status)
{
    if (c == &m->recorder)
        return false;
    if (WIFSIGNALED(status))
        return m->stopping && c == last_child(m);
    return c == last_child(m) || WEXITSTATUS(status) != 0;
}

static void on_death(struct monitor *m, struct child *c, int status)
{
    c->pid = 0;
    if (WIFSIGNALED(status))
        say_death(m, c, WTERMSIG(status));
    if (is_over(m, c, status)) {
        m->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
        end_with(m, HEAD2_OK, NULL);
    } else if (may_again(m, c) && !c->start(m)) {
        end_with(m, HEAD2_E_IO, "cannot start a process");
    }
}

static void reap(struct monitor *m)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        on_death(m,
                 pid == m->front.pid      ? &m->front
                 : pid == m->recorder.pid ? &m->recorder
                                          : &m->keeper,
                 status);
}

static void on_signal(struct monitor *m)
{
    struct signalfd_siginfo info;

    if (read(m->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    const int number = (int)info.ssi_signo;
    const struct child *const to = last_child(m);
    if (number == SIGCHLD) {
        reap(m);
        return;
    }
    m->stopping = m->stopping || number != SIGHUP;
    if (to->pid > 0)
        kill(to->pid, number);
    else if (m->stopping) /* the front has not begun yet */
        end_with(m, HEAD2_OK, NULL);
}

/* The first keeper serves, or has ended, which its death will say. */
static void on_ready(struct monitor *m)
{
    char byte;
    const bool serves = read(m->ready, &byte, 1) == 1;

    close_fd(&m->ready);
    if (serves && m->o->front != NULL && m->front.pid == 0 && !m->ended && !start_front(m))
        end_with(m, HEAD2_E_IO, "cannot start the front");
}

/* ---- beginning and end ---- */

static bool await_signals(struct monitor *m)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (m->o->front != NULL)
        sigaddset(&set, SIGHUP);
    if (signal(SIGCHLD, SIG_DFL) == SIG_ERR || sigprocmask(SIG_BLOCK, &set, &m->before) != 0)
        return false;
    m->signals = signalfd(-1, &set, SFD_CLOEXEC);
    return m->signals >= 0;
}

static void watch(struct monitor *m)
{
    while (!m->ended) {
        struct pollfd polls[] = {
            {.fd = m->signals, .events = POLLIN},
            {.fd = m->ready,   .events = POLLIN},
        };
        if (poll(polls, HEAD2_LEN(polls), -1) < 0) {
            if (errno != EINTR)
                end_with(m, HEAD2_E_IO, "cannot wait");
            continue;
        }
        if (polls[0].revents != 0)
            on_signal(m);
        if (polls[1].revents != 0 && m->ready >= 0)
            on_ready(m);
    }
}

static void end_child(struct child *c, int number)
{
    if (c->pid <= 0)
        return;
    kill(c->pid, number);
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    c->pid = 0;
}

enum head2_status monitor_run(const struct monitor_options *o, int *code, const char **what)
{
    struct monitor m = {
        .o = o,
        .keeper = {"keeper",     "the keeper dies as soon as it is started", start_keeper, 0, 0, 0},
        .front = {"front",           "the front dies as soon as it is started",                                                    start_front, 0, 0, 0},
        .recorder = {"recorder",            "the recorder ends as soon as it is started",                                                start_recorder, 0, 0,
                   0},
        .events = {-1, -1},
        .pair = {-1,           -1                                                    },
        .ready = -1,
        .signals = -1
    };

    sigemptyset(&m.before);
    if (!await_signals(&m))
        end_with(&m, HEAD2_E_IO, "cannot await signals");
    else if (o->front != NULL && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, m.pair) != 0)
        end_with(&m, HEAD2_E_IO, "cannot make a pair of sockets");
    else if (o->recorder != NULL &&
             socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, m.events) != 0)
        end_with(&m, HEAD2_E_IO, "cannot make a pair of sockets");
    else if ((o->recorder != NULL && !start_recorder(&m)) || !start_keeper(&m))
        end_with(&m, HEAD2_E_IO, "cannot start a process");
    watch(&m);
    const int error = errno;
    end_child(&m.front, SIGTERM);
    end_child(&m.keeper, SIGTERM);
    close_fd(&m.events[1]); /* the recorder's pipe ends here */
    end_child(&m.recorder, 0);
    close_fd(&m.events[0]);
    close_fd(&m.ready);
    close_fd(&m.pair[0]);
    close_fd(&m.pair[1]);
    close_fd(&m.signals);
    sigprocmask(SIG_SETMASK, &m.before, NULL);
    errno = error;
    *code = m.code;
    *what = m.what;
    return m.st;
}
