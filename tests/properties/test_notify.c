/*
 * The service manager is told: a socket in its place hears what a real gateway says when it starts,
 * beats, reads its configuration again and ends.
 */
#include "check.h"

#include "gateway/notify.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static char folder[] = "/tmp/head2-notify-XXXXXX";

static int listen_at(const char *name, bool abstract)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(at.sun_path + abstract, sizeof at.sun_path - 1, "%s", name);
    const size_t len = sizeof at.sun_family + abstract + strlen(name) + !abstract;
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, (socklen_t)len) == 0);
    return fd;
}

/* The next message, within a time; empty when there is none. */
static const char *next(int fd, int ms)
{
    static char text[512];
    struct pollfd wait = {fd, POLLIN, 0};
    ssize_t n = 0;

    if (poll(&wait, 1, ms) == 1)
        n = recv(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = 0;
    return text;
}

static void by_path_and_by_name(void)
{
    char path[64], name[64];

    unsetenv("NOTIFY_SOCKET");
    CHECK(notify_send("READY=1")); /* nobody asks */
    snprintf(path, sizeof path, "%s/a", folder);
    int fd = listen_at(path, false);
    setenv("NOTIFY_SOCKET", path, 1);
    CHECK(notify_send("READY=1\nSTATUS=x"));
    CHECK(strcmp(next(fd, 1000), "READY=1\nSTATUS=x") == 0);
    close(fd);
    CHECK(!notify_send("READY=1"));
    snprintf(name, sizeof name, "@head2-notify-%d", getpid());
    fd = listen_at(name + 1, true);
    setenv("NOTIFY_SOCKET", name, 1);
    CHECK(notify_send("STOPPING=1"));
    CHECK(strcmp(next(fd, 1000), "STOPPING=1") == 0);
    close(fd);
    setenv("NOTIFY_SOCKET", "relative", 1);
    CHECK(!notify_send("READY=1"));
    unsetenv("NOTIFY_SOCKET");
}

static const char *program(void)
{
    const char *given = getenv("HEAD2");

    return given != NULL ? given : "build/release/head2";
}

static pid_t start(const char *const *words, const char *socket)
{
    const pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        if (socket != NULL) {
            setenv("NOTIFY_SOCKET", socket, 1);
            setenv("WATCHDOG_USEC", "400000", 1);
            char pid[16]; /* of the program that was started: a gateway's monitor */
            snprintf(pid, sizeof pid, "%d", (int)getpid());
            setenv("WATCHDOG_PID", pid, 1);
        }
        if (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)
            _exit(9);
        execv(words[0], (char *const *)(uintptr_t)words);
        _exit(9);
    }
    return child;
}

static int ended(pid_t child)
{
    int status = -1;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Beats may come at any time between. */
static const char *next_but_beats(int fd)
{
    const char *text = next(fd, 10000);

    while (strcmp(text, "WATCHDOG=1") == 0)
        text = next(fd, 10000);
    return text;
}

static void a_gateway_tells(void)
{
    char dir[64], file[80], path[64], listen[32];

    if (access(program(), X_OK) != 0)
        check_skip("there is no program %s (set HEAD2)", program());
    snprintf(dir, sizeof dir, "%s/fleet", folder);
    snprintf(file, sizeof file, "%s/head2.yaml", dir);
    snprintf(path, sizeof path, "%s/manager", folder);
    snprintf(listen, sizeof listen, "127.0.0.1:%d", 20000 + getpid() % 20000);
    const char *const init[] = {program(),  "init", dir, "--no-passphrase",
                                "--listen", listen, NULL};
    const char *const gateway[] = {program(), "gateway", "-c", file, NULL};
    CHECK_EQ(ended(start(init, NULL)), 0);
    const int fd = listen_at(path, false);
    const pid_t child = start(gateway, path);
    const char *text = next_but_beats(fd);
    CHECK_SAY(strncmp(text, "READY=1\nSTATUS=listening on 127.0.0.1:", 38) == 0, "%s", text);
    CHECK(strcmp(next(fd, 2000), "WATCHDOG=1") == 0);
    CHECK_EQ(kill(child, SIGHUP), 0);
    text = next_but_beats(fd);
    CHECK_SAY(strncmp(text, "RELOADING=1\nMONOTONIC_USEC=", 27) == 0, "%s", text);
    CHECK(strcmp(next_but_beats(fd), "READY=1") == 0);
    CHECK_EQ(kill(child, SIGTERM), 0);
    CHECK(strcmp(next_but_beats(fd), "STOPPING=1") == 0);
    CHECK_EQ(ended(child), 0);
    close(fd);
}

int main(void)
{
    if (mkdtemp(folder) == NULL)
        return 1;
    RUN(by_path_and_by_name);
    RUN(a_gateway_tells);
    char remove[64];
    snprintf(remove, sizeof remove, "rm -rf %s", folder);
    return check_failures != 0 || system(remove) != 0;
}
