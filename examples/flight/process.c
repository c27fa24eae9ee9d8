/*
 * Starting and stopping programs, clocks, sockets.
 */
#include "flight.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void redirect(const char *path, int fd)
{
    if (path == NULL)
        return;
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0 || dup2(file, fd) < 0)
        _exit(127);
}

pid_t process_start(const char *const argv[], const char *out, const char *err)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* nothing outlives the flight, however it ends */
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null >= 0)
        dup2(null, 0);
    redirect(out, 1);
    redirect(err, 2);
    char *copy[64];
    size_t n = 0;
    for (; argv[n] != NULL && n + 1 < HEAD2_LEN(copy); n++)
        copy[n] = strdup(argv[n]);
    copy[n] = NULL;
    execvp(copy[0], copy);
    fprintf(stderr, "cannot start %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static int exit_status(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int process_run(const char *const argv[], const char *out, const char *err)
{
    int status;
    pid_t pid = process_start(argv, out, err);

    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return exit_status(status);
}

int process_stop(pid_t pid, int ms)
{
    int status = 0;

    if (pid <= 0)
        return -1;
    kill(pid, SIGTERM);
    for (int waited = 0; waited < ms; waited += 10) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return exit_status(status);
        sleep_ms(10);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

bool process_alive(pid_t pid)
{
    return pid > 0 && waitpid(pid, NULL, WNOHANG) == 0;
}

char *read_text(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *text = NULL;
    size_t n = 0, room = 0;

    if (f == NULL)
        return NULL;
    for (;;) {
        if (n + 4096 >= room) {
            room = room == 0 ? 65536 : 2 * room;
            char *more = realloc(text, room);
            if (more == NULL)
                break;
            text = more;
        }
        size_t got = fread(text + n, 1, room - n - 1, f);
        n += got;
        if (got == 0)
            break;
    }
    fclose(f);
    if (text != NULL)
        text[n] = 0;
    if (len != NULL)
        *len = n;
    return text;
}

/* A process and its children, at most `cap` of them: a gateway is three. */
static unsigned family_of(pid_t pid, pid_t *out, unsigned cap)
{
    char path[64];
    unsigned n = 1;

    out[0] = pid;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *f = fopen(path, "r");
    while (f != NULL && n < cap && fscanf(f, "%d", &out[n]) == 1)
        n++;
    if (f != NULL)
        fclose(f);
    return n;
}

static uint64_t rss_of(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    char *text = read_text(path, NULL);
    const char *at = text != NULL ? strstr(text, "VmHWM:") : NULL;
    uint64_t kib = at != NULL ? strtoull(at + 6, NULL, 10) : 0;
    free(text);
    return kib;
}

uint64_t process_rss_kib(pid_t pid)
{
    pid_t all[8];
    const unsigned n = family_of(pid, all, 8);
    uint64_t sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += rss_of(all[i]);
    return sum;
}

static double cpu_of(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    char *text = read_text(path, NULL);
    const char *at = text != NULL ? strrchr(text, ')') : NULL;
    unsigned long user = 0, sys = 0;
    if (at != NULL)
        sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys);
    free(text);
    return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

double process_cpu_seconds(pid_t pid)
{
    pid_t all[8];
    const unsigned n = family_of(pid, all, 8);
    double sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += cpu_of(all[i]);
    return sum;
}

static double clock_s(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

double now_s(void)
{
    return clock_s(CLOCK_BOOTTIME);
}

double wall_s(void)
{
    return clock_s(CLOCK_REALTIME);
}

void sleep_ms(int ms)
{
    struct timespec ts = {ms / 1000, (ms % 1000) * 1000000L};
    nanosleep(&ts, NULL);
}

int udp_socket(uint16_t *port, int buffer)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int on = 1;

    a.sin_port = htons(*port);
    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) != 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(a.sin_port);
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    return fd;
}

uint16_t udp_free_port(void)
{
    uint16_t port = 0;
    int fd = udp_socket(&port, 65536);

    if (fd >= 0)
        close(fd);
    return port;
}
