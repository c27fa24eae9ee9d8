/*
 * Is a UDP port free, and if not, whose is it?
 */
#include "cli/doctor.h"
#include "gateway/address.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define OWNER_TEXT 64

/* The number of a socket that is bound to the port, as the kernel's table has it; 0: none. */
static unsigned long bound_in(const char *table, uint16_t port)
{
    FILE *f = fopen(table, "re");
    char line[512];
    unsigned long inode = 0;

    while (f != NULL && inode == 0 && fgets(line, sizeof line, f) != NULL) {
        unsigned at;
        unsigned long found;
        if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*s %*s %*s %*s %*s %*s %*s %lu", &at, &found) ==
                2 &&
            at == port)
            inode = found;
    }
    if (f != NULL)
        fclose(f);
    return inode;
}

static bool has_socket(const char *process, const char *wanted)
{
    char path[320], target[64];
    bool found = false;

    snprintf(path, sizeof path, "/proc/%s/fd", process);
    DIR *fds = opendir(path);
    for (struct dirent *e = fds != NULL ? readdir(fds) : NULL; e != NULL && !found;
         e = readdir(fds)) {
        const ssize_t n = readlinkat(dirfd(fds), e->d_name, target, sizeof target - 1);
        target[n > 0 ? n : 0] = 0;
        found = strcmp(target, wanted) == 0;
    }
    if (fds != NULL)
        closedir(fds);
    return found;
}

/* The process that has the socket; 0 when it cannot be seen. */
static long owner_of(unsigned long inode)
{
    char wanted[64];
    long pid = 0;

    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    DIR *processes = opendir("/proc");
    for (struct dirent *e = processes != NULL ? readdir(processes) : NULL; e != NULL && pid == 0;
         e = readdir(processes))
        if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && has_socket(e->d_name, wanted))
            pid = strtol(e->d_name, NULL, 10);
    if (processes != NULL)
        closedir(processes);
    return pid;
}

static void name_of(char out[OWNER_TEXT], long pid)
{
    char path[64], name[32] = "";

    snprintf(path, sizeof path, "/proc/%ld/comm", pid);
    FILE *f = fopen(path, "re");
    if (f != NULL) {
        if (fgets(name, sizeof name, f) != NULL)
            name[strcspn(name, "\n")] = 0;
        fclose(f);
    }
    snprintf(out, OWNER_TEXT, "process %ld (%s)", pid, name[0] != 0 ? name : "unknown");
}

/* 0: it cannot be seen. */
static long parent_of(long pid)
{
    char path[64], line[128];
    long parent = 0;

    snprintf(path, sizeof path, "/proc/%ld/status", pid);
    FILE *f = fopen(path, "re");
    while (f != NULL && parent == 0 && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "PPid: %ld", &parent) != 1)
            parent = 0;
    if (f != NULL)
        fclose(f);
    return parent;
}

static void taken(struct doctor *d, const char *name, const char *key, const char *at,
                  uint16_t port, long daemon)
{
    unsigned long inode = bound_in("/proc/self/net/udp", port);
    char owner[OWNER_TEXT] = "a process that only root can see", todo[160];

    if (inode == 0)
        inode = bound_in("/proc/self/net/udp6", port);
    const long pid = inode != 0 ? owner_of(inode) : 0;
    if (pid != 0)
        name_of(owner, pid);
    if (pid != 0 && (pid == daemon || (daemon != 0 && parent_of(pid) == daemon))) {
        name_of(owner, daemon); /* its front has the port */
        doctor_note(d, OK, name, NULL, "UDP %s: in use by %s, the daemon of this configuration", at,
                    owner);
        return;
    }
    snprintf(todo, sizeof todo, "stop it, or change %s", key);
    doctor_note(d, FAIL, name, todo, "UDP %s is taken by %s", at, owner);
}

void doctor_port(struct doctor *d, const char *name, const char *key,
                 const struct head2_address *at, long daemon)
{
    const bool v4 = address_is_v4(at);
    struct sockaddr_storage where;
    char text[ADDRESS_TEXT], todo[160];
    const socklen_t len = address_to_sockaddr(&where, at, !v4);
    const int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    address_text(text, at);
    const int error = fd >= 0 && bind(fd, (const struct sockaddr *)&where, len) == 0 ? 0 : errno;
    if (fd >= 0)
        close(fd);
    if (error == 0) {
        doctor_note(d, OK, name, NULL, "UDP %s is free", text);
    } else if (error == EADDRINUSE) {
        taken(d, name, key, text, at->port, daemon);
    } else {
        snprintf(todo, sizeof todo, "%s %s",
                 error == EADDRNOTAVAIL ? "the address is not one of this machine: change"
                 : error == EACCES
                     ? "ports below 1024 need CAP_NET_BIND_SERVICE: give it, or change"
                     : "change",
                 key);
        doctor_note(d, FAIL, name, todo, "UDP %s cannot be opened: %s", text, strerror(error));
    }
}
