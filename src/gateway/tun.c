/* see tun.h */
#include "gateway/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- packets ---- */

/* Expedited forwarding and network control do not wait for video; video is what asks for assured
 * forwarding of class 4; the rest is bulk. */
static uint8_t lane_of(unsigned dscp)
{
    enum { EXPEDITED = 46, CONTROL = 48, AF41 = 34, AF42 = 36, AF43 = 38 };

    if (dscp == EXPEDITED || dscp == CONTROL)
        return 0;
    return dscp == AF41 || dscp == AF42 || dscp == AF43 ? 1 : 2;
}

bool tun_look(struct tun_packet *out, const uint8_t *bytes, size_t len)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    if (len >= 20 && bytes[0] >> 4 == 4) {
        out->v6 = false;
        out->lane = lane_of(bytes[1] >> 2);
        memcpy(out->source, mapped, 12);
        memcpy(out->source + 12, bytes + 12, 4);
        memcpy(out->destination, mapped, 12);
        memcpy(out->destination + 12, bytes + 16, 4);
        return (bytes[0] & 15) >= 5 && be16(bytes + 2) == len;
    }
    if (len >= 40 && bytes[0] >> 4 == 6) {
        out->v6 = true;
        out->lane = lane_of((be16(bytes) >> 6) & 63);
        memcpy(out->source, bytes + 8, 16);
        memcpy(out->destination, bytes + 24, 16);
        return (size_t)be16(bytes + 4) + 40 == len;
    }
    return false;
}

/* ---- the device ---- */

static bool set_v4(int fd, struct ifreq *r, const struct prefix *p)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    const unsigned bits = p->bits - 96u;

    memcpy(&at.sin_addr, p->ip + 12, 4);
    memcpy(&r->ifr_addr, &at, sizeof at);
    if (ioctl(fd, SIOCSIFADDR, r) != 0)
        return false;
    at.sin_addr.s_addr = htonl(bits == 0 ? 0 : ~0u << (32 - bits));
    memcpy(&r->ifr_netmask, &at, sizeof at);
    return ioctl(fd, SIOCSIFNETMASK, r) == 0;
}

static bool set_v6(struct ifreq *r, int index, const struct prefix *p)
{
    struct in6_ifreq six = {.ifr6_prefixlen = p->bits, .ifr6_ifindex = index};
    const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)r;
    if (fd < 0)
        return false;
    memcpy(&six.ifr6_addr, p->ip, 16);
    const bool ok = ioctl(fd, SIOCSIFADDR, &six) == 0;
    const int error = errno;
    close(fd);
    errno = error;
    return ok;
}

static bool set_addresses(int fd, struct ifreq *r, const struct tun_config *c)
{
    if (ioctl(fd, SIOCGIFINDEX, r) != 0)
        return false;
    const int index = r->ifr_ifindex;
    for (uint32_t i = 0; i < c->n_addresses; i++) {
        const struct prefix *p = &c->address[i];
        if (prefix_is_v4(p) ? !set_v4(fd, r, p) : !set_v6(r, index, p))
            return false;
    }
    return true;
}

/* MTU, addresses, up. NULL, or the step that failed, with errno. */
static const char *set_up(const struct tun_config *c, struct ifreq *r)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const char *failed = NULL;

    if (fd < 0)
        return "opening a socket";
    r->ifr_mtu = c->mtu;
    if (ioctl(fd, SIOCSIFMTU, r) != 0)
        failed = "setting its MTU";
    else if (!set_addresses(fd, r, c))
        failed = "setting its address";
    else if (ioctl(fd, SIOCGIFFLAGS, r) != 0 ||
             (r->ifr_flags |= IFF_UP | IFF_RUNNING, ioctl(fd, SIOCSIFFLAGS, r) != 0))
        failed = "bringing it up";
    const int error = errno;
    close(fd);
    errno = error;
    return failed;
}

int tun_open(const struct tun_config *c, const char **what)
{
    struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    *what = "opening /dev/net/tun";
    if (fd < 0)
        return -1;
    snprintf(r.ifr_name, sizeof r.ifr_name, "%s", c->name);
    *what = "making the device";
    if (ioctl(fd, TUNSETIFF, &r) == 0)
        *what = set_up(c, &r);
    if (*what == NULL)
        return fd;
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* ---- in a daemon ---- */

enum { AT_ONCE = 64 }; /* packets of one turn of the loop */

/* Of one peer, sealed together. */
struct burst {
    struct head2_session_item items[HEAD2_SESSION_MANY];
    uint32_t peer;
    unsigned n;
};

static void seal_burst(struct runtime *r, struct burst *b, uint64_t now)
{
    ports_send(r, now, b->peer, b->items, b->n);
    b->n = 0;
}

/* The peer that a packet of the device goes to; PREFIX_NOBODY, and counted, when to none. */
static uint32_t route(struct runtime *r, const struct tun_packet *p)
{
    const uint32_t peer = prefixes_find(&r->tun.routes, p->destination);

    if (peer == PREFIX_NOBODY) {
        r->drops[LOCAL_NO_ROUTE][p->lane]++;
    } else if (p->v6) {
        const size_t most = head2_session_max_payload(r->session, peer);
        if (most != 0 && most < IPV6_MTU_MIN) {
            r->drops[LOCAL_NO_IPV6][p->lane]++;
            return PREFIX_NOBODY;
        }
    }
    return peer;
}

static void on_device(uv_poll_t *poll, int status, int events)
{
    struct runtime *r = poll->data;
    const uint64_t now = runtime_now();
    struct burst b = {.n = 0};

    (void)status;
    (void)events;
    unsigned kept = 0;
    for (unsigned i = 0; i < AT_ONCE; i++) {
        struct tun_packet p;
        uint8_t *bytes = r->in.bytes[kept % NET_READS]; /* a burst is shorter than that */
        const ssize_t n = read(r->tun.fd, bytes, NET_DATAGRAM);
        if (n <= 0)
            break;
        if (!tun_look(&p, bytes, (size_t)n)) {
            r->drops[LOCAL_NOT_IP][NET_CONTROL]++;
            continue;
        }
        const uint32_t peer = route(r, &p);
        if (peer == PREFIX_NOBODY)
            continue;
        if (b.n == HEAD2_SESSION_MANY || (b.n != 0 && b.peer != peer))
            seal_burst(r, &b, now);
        b.peer = peer;
        b.items[b.n++] =
            (struct head2_session_item){.lane = p.lane, .bytes = bytes, .len = (size_t)n};
        kept++;
    }
    seal_burst(r, &b, now);
    runtime_pump(r, now);
}

/* The source must be one that would be routed to this peer: nobody speaks for another. */
void tun_deliver(struct runtime *r, const struct head2_session_data *data)
{
    struct tun_packet p;

    if (!tun_look(&p, data->bytes, data->len))
        r->drops[LOCAL_NOT_IP][data->lane]++;
    else if (prefixes_find(&r->tun.routes, p.source) != data->peer)
        r->drops[LOCAL_BAD_SOURCE][data->lane]++;
    else if (write(r->tun.fd, data->bytes, data->len) != (ssize_t)data->len)
        r->drops[LOCAL_DEVICE][data->lane]++;
}

/* ---- routes ---- */

struct number {
    uint8_t key_id[HEAD2_KEY_ID_BYTES];
    uint32_t peer;
};

static int by_key(const void *a, const void *b)
{
    const struct number *x = a, *y = b;

    return memcmp(x->key_id, y->key_id, sizeof x->key_id);
}

/* The configuration's peers have other numbers than the session's. NULL when memory is short. */
static struct prefix *numbered(const struct runtime *r, uint32_t *n)
{
    struct number *numbers = calloc(r->max_members, sizeof *numbers);
    struct prefix *list = calloc(r->config->n_prefixes + 1u, sizeof *list);
    uint32_t members = 0;

    *n = 0;
    for (uint32_t i = 0; numbers != NULL && i < r->max_members; i++) {
        if (!r->members[i].used)
            continue;
        memcpy(numbers[members].key_id, r->members[i].key_id, sizeof numbers[0].key_id);
        numbers[members++].peer = i;
    }
    if (numbers != NULL)
        qsort(numbers, members, sizeof *numbers, by_key);
    for (uint32_t i = 0; numbers != NULL && list != NULL && i < r->config->n_prefixes; i++) {
        struct number key = {{0}, 0};
        memcpy(key.key_id, r->config->peers[r->config->prefixes[i].peer].key_id, sizeof key.key_id);
        const struct number *found = bsearch(&key, numbers, members, sizeof key, by_key);
        if (found == NULL)
            continue;
        list[*n] = r->config->prefixes[i];
        list[(*n)++].peer = found->peer;
    }
    free(numbers);
    return list;
}

void tun_set_routes(struct runtime *r)
{
    const struct prefix *twice;
    struct prefixes fresh;
    uint32_t n;

    if (!r->tun.open)
        return;
    struct prefix *list = numbered(r, &n);
    if (list == NULL) {
        journal_say(JOURNAL_ERROR, "config-refused",
                    "no memory for routes: they stay as they were");
        return;
    }
    (void)prefixes_build(&fresh, list, n, &twice); /* the file has been checked */
    prefixes_free(&r->tun.routes);
    r->tun.routes = fresh;
}

enum head2_status tun_start(struct runtime *r, struct config_error *err)
{
    const char *what;

    if (!r->config->tun.on)
        return HEAD2_OK;
    r->tun.fd = tun_open(&r->config->tun, &what);
    r->tun.open = r->tun.fd >= 0;
    if (!r->tun.open) {
        err->error = errno;
        snprintf(err->where, sizeof err->where, "%.500s: tun", r->config->file);
        snprintf(err->what, sizeof err->what, "the device %s: %s", r->config->tun.name, what);
        snprintf(err->hint, sizeof err->hint,
                 "start it with CAP_NET_ADMIN, and look whether the name is in use");
        return HEAD2_E_IO;
    }
    r->tun.poll.data = r;
    if (uv_poll_init(&r->loop, &r->tun.poll, r->tun.fd) != 0 ||
        uv_poll_start(&r->tun.poll, UV_READABLE, on_device) != 0) {
        snprintf(err->what, sizeof err->what, "cannot watch the device");
        return HEAD2_E_IO;
    }
    tun_set_routes(r);
    return HEAD2_OK;
}

/* The poll handle is closed with the loop's others before. */
void tun_stop(struct runtime *r)
{
    if (r->tun.open)
        close(r->tun.fd);
    r->tun.open = false;
    prefixes_free(&r->tun.routes);
}
