/* see notify.h */
#include "gateway/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static pid_t known;

void notify_for(pid_t main_process)
{
    known = main_process;
}

pid_t notify_main(void)
{
    return known != 0 ? known : getpid();
}

/* A path, or after '@' a name in the abstract space. */
static socklen_t address_of(struct sockaddr_un *to, const char *name)
{
    const size_t len = strlen(name);

    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof to->sun_path)
        return 0;
    memcpy(to->sun_path, name, len);
    if (name[0] == '@')
        to->sun_path[0] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

bool notify_send(const char *state)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to;

    if (name == NULL || name[0] == 0)
        return true;
    const socklen_t len = address_of(&to, name);
    const int fd = len != 0 ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0)
        return false;
    const bool sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
                             (struct sockaddr *)&to, len) == (ssize_t)strlen(state);
    close(fd);
    return sent;
}

static void on_beat(uv_timer_t *timer)
{
    (void)timer;
    (void)notify_send("WATCHDOG=1");
}

/* Twice in the time that the manager waits for one, when it waits for this process. */
static uint64_t beat_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

    if (usec == NULL || (pid != NULL && strtoll(pid, NULL, 10) != notify_main()))
        return 0;
    return strtoull(usec, NULL, 10) / 2000;
}

void notify_ready(struct notify *n, uv_loop_t *loop, const char *address)
{
    const uint64_t every = beat_ms();
    char text[256];

    snprintf(text, sizeof text, "READY=1\nSTATUS=listening on %s\nMAINPID=%ld", address,
             (long)notify_main());
    (void)notify_send(text);
    n->beating = every != 0 && uv_timer_init(loop, &n->watchdog) == 0 &&
                 uv_timer_start(&n->watchdog, on_beat, every, every) == 0;
}

void notify_reloading(void)
{
    struct timespec t = {0};
    char text[80];

    clock_gettime(CLOCK_MONOTONIC, &t);
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%llu",
             (unsigned long long)t.tv_sec * 1000000 + (unsigned long long)t.tv_nsec / 1000);
    (void)notify_send(text);
}

void notify_reloaded(void)
{
    (void)notify_send("READY=1");
}

void notify_stopping(struct notify *n)
{
    (void)notify_send("STOPPING=1");
    if (n->beating)
        uv_timer_stop(&n->watchdog); /* closed with the loop's other handles */
}
