/*
 * A configuration, and what a daemon with it needs of this machine: keys that others cannot read, a
 * state folder, the control socket, UDP ports, the TUN device, the path to the gateway.
 */
#include "cli/doctor.h"
#include "gateway/state.h"
#include "keeper/unixsock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void note_error(struct doctor *d, const char *name, const struct config_error *err)
{
    doctor_note(d, FAIL, name, err->hint[0] != 0 ? err->hint : NULL, "%.120s: %.120s%s%.60s",
                err->where, err->what, err->error != 0 ? ": " : "",
                err->error != 0 ? strerror(err->error) : "");
}

/* The process of the daemon that runs with this configuration, 0 if none does. */
static long look_at_control(struct doctor *d, const struct config *c)
{
    struct stat info;
    const int fd = unixsock_connect(c->control);
    const int error = errno;

    if (fd >= 0) {
        const long pid = state_holder(c->state);
        close(fd);
        doctor_note(d, OK, "control socket", NULL, "a daemon answers, process %ld", pid);
        return pid;
    }
    if (lstat(c->control, &info) == 0 && !S_ISSOCK(info.st_mode))
        doctor_note(d, FAIL, "control socket", "move it away, or change listen.control",
                    "%.200s is not a socket", c->control);
    else if (error == ENOENT)
        doctor_note(d, OK, "control socket", NULL, "no daemon runs with this configuration");
    else if (error == ECONNREFUSED)
        doctor_note(d, OK, "control socket", NULL,
                    "left by a daemon that is gone; the next one takes its place");
    else
        doctor_note(d, WARN, "control socket", "run as the user that the daemon runs as",
                    "%.200s: %s", c->control, strerror(error));
    return 0;
}

static void look_at_ports(struct doctor *d, const struct config *c, long daemon)
{
    if (c->role == CONFIG_GATEWAY) {
        doctor_port(d, "port", "listen.udp", &c->listen, daemon);
        return;
    }
    for (unsigned lane = 0; c->n_peers > 0 && lane < HEAD2_SESSION_LANES; lane++) {
        char name[48], key[48];
        if (!c->peers[0].lanes[lane].on)
            continue;
        snprintf(name, sizeof name, "port of %s", config_lane_name(lane));
        snprintf(key, sizeof key, "lanes.%s.listen", config_lane_name(lane));
        doctor_port(d, name, key, &c->peers[0].lanes[lane].at, daemon);
    }
}

/* CAP_NET_ADMIN, bit 12 of the effective capabilities. */
static bool may_make_devices(void)
{
    FILE *f = fopen("/proc/self/status", "re");
    char line[256];
    unsigned long long effective = 0;

    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "CapEff: %llx", &effective) == 1)
            break;
    if (f != NULL)
        fclose(f);
    return effective >> 12 & 1;
}

static void look_at_tun(struct doctor *d, const struct config *c)
{
    const int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    const int error = errno;

    if (fd < 0) {
        doctor_note(d, FAIL, "TUN device",
                    error == ENOENT ? "load the kernel's module tun, or let the container have it"
                                    : "allow this user to open it (DeviceAllow= in the unit)",
                    "/dev/net/tun: %s", strerror(error));
        return;
    }
    close(fd);
    const bool may = may_make_devices();
    doctor_note(d, may ? OK : WARN, "TUN device",
                "the daemon needs CAP_NET_ADMIN (AmbientCapabilities= in the unit)", "%s%s",
                c->tun.name, may ? " can be made" : ": this user may not make it");
}

/* A fallback node's other private key. */
static void look_at_kem_key(struct doctor *d, const char *file)
{
    struct stat info;

    if (stat(file, &info) != 0)
        doctor_note(d, FAIL, "fallback key", "see fallback.kem in the configuration", "%.200s: %s",
                    file, strerror(errno));
    else
        doctor_note(d, (info.st_mode & 077) == 0 ? OK : FAIL, "fallback key", "chmod 600 it",
                    "%.200s has mode %04o", file, (unsigned)info.st_mode & 07777);
}

/* The folder alone: its mode covers each key in it. */
static void look_at_fallback_folder(struct doctor *d, const char *state)
{
    char path[PATH_MAX + 16];
    struct stat info;

    snprintf(path, sizeof path, "%s/fallback", state);
    if (stat(path, &info) == 0) /* the first key makes it */
        doctor_note(d, (info.st_mode & 077) == 0 ? OK : FAIL, "fallback keys",
                    "chmod 700 it; who has read a key can use it until it ends",
                    "%.200s has mode %04o", path, (unsigned)info.st_mode & 07777);
}

void doctor_config(struct doctor *d, const char *file)
{
    struct config *c;
    struct config_error err = {0};

    if (config_read(&c, file, CONFIG_ANY, &err) != HEAD2_OK) {
        note_error(d, "configuration", &err);
        return;
    }
    doctor_note(d, OK, "configuration", NULL, "%.200s (%s)", file, config_role_name(c));
    if (config_check_identity(c, &err) != HEAD2_OK)
        note_error(d, "identity key", &err);
    else
        doctor_note(d, OK, "identity key", NULL,
                    c->keeper.label[0] != 0 ? "%.200s, in a sealed store"
                                            : "%.200s, readable by nobody else",
                    c->identity);
    if (c->fallback.node)
        look_at_kem_key(d, c->fallback.kem);
    look_at_fallback_folder(d, c->state);
    doctor_state(d, c->state, false);
    const long daemon = look_at_control(d, c);
    look_at_ports(d, c, daemon);
    if (c->tun.on)
        look_at_tun(d, c);
    if (c->role == CONFIG_LINK)
        doctor_path(d, c);
    config_free(c);
}
