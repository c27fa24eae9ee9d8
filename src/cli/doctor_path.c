/*
 * What size of datagrams passes the path to a gateway in one piece? A gateway answers no stranger,
 * so the doctor asks the network: it sends datagrams that no router may cut up, and waits for one
 * to object.
 */
#include "cli/doctor.h"
#include "gateway/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#define LANE_DATAGRAM 1200 /* the largest that a session sends without a TUN device */
#define OBJECTION_MS  400  /* how long an objection is waited for */
#define HEADERS_V4    28
#define HEADERS_V6    48
#define MTU_HANDSHAKE 548 /* what a handshake falls back to: datagrams of this size */

enum answer { SILENCE, REFUSED, UNREACHABLE };

struct probe {
    int fd;
    bool v4;
    int headers;
    int mtu; /* as far as is known; 0: not at all */
    enum answer answer;
    int error; /* of UNREACHABLE */
};

static int known_mtu(const struct probe *p)
{
    int mtu = 0;
    socklen_t len = sizeof mtu;

    if (getsockopt(p->fd, p->v4 ? IPPROTO_IP : IPPROTO_IPV6, p->v4 ? IP_MTU : IPV6_MTU, &mtu,
                   &len) != 0)
        return 0;
    return mtu;
}

static void note_error(struct probe *p, int error)
{
    if (error == 0 || error == EMSGSIZE || error == EAGAIN) /* what size does pass is asked later */
        return;
    p->answer = error == ECONNREFUSED ? REFUSED : UNREACHABLE;
    p->error = error;
}

static bool open_probe(struct probe *p, const struct head2_address *to)
{
    struct sockaddr_storage at;
    const int whole = p->v4 ? IP_PMTUDISC_DO : IPV6_PMTUDISC_DO;
    const socklen_t len = address_to_sockaddr(&at, to, !p->v4);

    p->fd = socket(p->v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return p->fd >= 0 &&
           setsockopt(p->fd, p->v4 ? IPPROTO_IP : IPPROTO_IPV6,
                      p->v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, &whole, sizeof whole) == 0 &&
           connect(p->fd, (const struct sockaddr *)&at, len) == 0;
}

/* One datagram of the size, and what the network says to it. Begins with no tag and no frame of
 * ours: a gateway counts it as UNKNOWN_TAG and drops it. */
static void send_one(struct probe *p, size_t size)
{
    uint8_t bytes[TUN_MTU_MAX + HEAD2_SESSION_OVERHEAD] = "head2 doctor: does this size pass?";
    struct pollfd ready = {p->fd, 0, 0}; /* errors alone */
    int error = 0;
    socklen_t len = sizeof error;

    if (send(p->fd, bytes, size, 0) < 0) {
        note_error(p, errno);
        return;
    }
    if (poll(&ready, 1, OBJECTION_MS) > 0 &&
        getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0)
        note_error(p, error);
}

static void tell(struct doctor *d, const char *name, const struct probe *p, int size, bool tun)
{
    char todo[200];

    if (p->answer == UNREACHABLE) {
        doctor_note(d, FAIL, name, "look at routes and firewall (ip route get)", "%s",
                    strerror(p->error));
        return;
    }
    if (p->mtu == 0) {
        doctor_note(d, WARN, name, "look at it with 'tracepath'", "the MTU is not known");
        return;
    }
    const int room = p->mtu - p->headers;
    if (room < size && tun)
        snprintf(todo, sizeof todo, "set tun.mtu to %d at both ends, or raise the path's MTU to %d",
                 room - HEAD2_SESSION_OVERHEAD, size + p->headers);
    else
        snprintf(todo, sizeof todo, "%sraise the path's MTU to %d",
                 room >= MTU_HANDSHAKE ? "a session comes up and its data is lost: " : "",
                 size + p->headers);
    doctor_note(
        d, room < size ? FAIL : OK, name, todo,
        "MTU %d, as far as routers tell: datagrams of %d bytes pass, a session's have up to %d",
        p->mtu, room, size);
    if (p->answer == REFUSED)
        doctor_note(d, WARN, name, "start the daemon there, or correct the endpoint",
                    "the machine answers that nobody listens on the port");
}

static void look_at_address(struct doctor *d, const struct config *c,
                            const struct head2_address *to)
{
    struct probe p = {.fd = -1, .v4 = address_is_v4(to)};
    const int size = c->tun.on ? c->tun.mtu + HEAD2_SESSION_OVERHEAD : LANE_DATAGRAM;
    char name[ADDRESS_TEXT + 16], at[ADDRESS_TEXT];

    p.headers = p.v4 ? HEADERS_V4 : HEADERS_V6;
    address_text(at, to);
    snprintf(name, sizeof name, "path to %s", at);
    if (!open_probe(&p, to)) {
        note_error(&p, errno);
    } else {
        send_one(&p, LANE_DATAGRAM);
        if (size > LANE_DATAGRAM && p.answer != UNREACHABLE)
            send_one(&p, (size_t)size);
        p.mtu = known_mtu(&p);
    }
    tell(d, name, &p, size, c->tun.on);
    if (p.fd >= 0)
        close(p.fd);
}

static void look_at_endpoints(struct doctor *d, const struct config *c,
                              const struct config_endpoints *endpoints, const char *key)
{
    struct head2_address addrs[HEAD2_SESSION_MAX_ADDRS];
    struct config_error err = {0};
    uint32_t n = 0;

    if (config_resolve(c, endpoints, key, addrs, &n, &err) != HEAD2_OK) {
        doctor_note(d, FAIL, "endpoints", err.hint, "%.150s: %.150s", err.where, err.what);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        look_at_address(d, c, &addrs[i]);
}

void doctor_path(struct doctor *d, const struct config *c)
{
    look_at_endpoints(d, c, &c->endpoints, "gateway.endpoints");
    for (uint32_t i = 0; c->fallback.on && i < c->fallback.n_nodes; i++)
        look_at_endpoints(d, c, &c->fallback.nodes[i].endpoints, "fallback.gateways");
}
