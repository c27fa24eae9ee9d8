/* see net.h */
#include "gateway/net.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDE_BUFFER  (4 * 1024 * 1024)
#define LOCAL_BUFFER (1024 * 1024)
#define BULK_BUFFER  (1024 * 1024) /* what video has in the send buffer stands before a command */

/* The large size if the process may, else as much as the system grants. */
static void set_buffers(int fd, int size)
{
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

/* Set the don't-fragment bit and take no notice of ICMP: anybody can forge that. */
static void set_unfragmented(int fd, bool v6)
{
    const int four = IP_PMTUDISC_PROBE, six = IPV6_PMTUDISC_PROBE;

    (void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &four, sizeof four);
    if (v6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &six, sizeof six);
}

/* What this kernel can do for the socket. The count of what it drops comes with each read. */
static void set_offload(struct net_socket *s)
{
    const int on = 1, off = 0;

    s->gso = setsockopt(s->fd, IPPROTO_UDP, UDP_SEGMENT, &off, sizeof off) == 0;
    s->gro = setsockopt(s->fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) == 0;
    (void)setsockopt(s->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
}

/* Of a small send buffer all lanes but 0 and control may fill half. */
static void set_bulk_limit(struct net_socket *s)
{
    int size = 0;
    socklen_t len = sizeof size;

    if (getsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &size, &len) != 0)
        size = 0;
    s->bulk_limit = size / 2 < BULK_BUFFER ? size / 2 : BULK_BUFFER;
}

enum head2_status net_open(struct net_socket *out, const struct head2_address *at, enum net_use use)
{
    struct sockaddr_storage local;
    const int off = 0;

    *out = (struct net_socket){.v6 = !address_is_v4(at)};
    out->fd = socket(out->v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (out->fd < 0)
        return HEAD2_E_IO;
    if (out->v6)
        (void)setsockopt(out->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    set_buffers(out->fd, use == NET_WIDE ? WIDE_BUFFER : LOCAL_BUFFER);
    set_offload(out);
    if (use == NET_WIDE) {
        set_unfragmented(out->fd, out->v6);
        set_bulk_limit(out);
    }
    socklen_t len = address_to_sockaddr(&local, at, out->v6);
    if (bind(out->fd, (struct sockaddr *)&local, len) == 0)
        return HEAD2_OK;
    int error = errno;
    net_close(out);
    errno = error;
    return HEAD2_E_IO;
}

void net_close(struct net_socket *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

void net_local(const struct net_socket *s, struct head2_address *out)
{
    struct sockaddr_storage at = {0};
    socklen_t len = sizeof at;

    if (getsockname(s->fd, (struct sockaddr *)&at, &len) != 0)
        at.ss_family = AF_UNSPEC;
    address_from_sockaddr(out, &at);
}

/* ---- in ---- */

struct read_notes { /* segment size and dropped datagrams */
    _Alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(uint32_t))];
};

/* What the kernel says of one read. */
static void take_notes(struct net_input *in, unsigned i, struct net_socket *s, struct msghdr *h)
{
    int segment = 0;
    uint32_t dropped;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
            memcpy(&segment, CMSG_DATA(c), sizeof segment);
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
            memcpy(&dropped, CMSG_DATA(c), sizeof dropped);
            s->lost += dropped - s->overflow; /* it wraps around */
            s->overflow = dropped;
        }
    }
    in->segment[i] = segment > 0 ? (unsigned)segment : 0;
}

bool net_receive(struct net_input *in, struct net_socket *s)
{
    struct mmsghdr head[NET_READS];
    struct iovec piece[NET_READS];
    struct sockaddr_storage from[NET_READS];
    struct read_notes notes[NET_READS];

    for (unsigned i = 0; i < NET_READS; i++) {
        piece[i] = (struct iovec){in->bytes[i], NET_READ_BYTES};
        head[i] = (struct mmsghdr){
            .msg_hdr = {.msg_name = &from[i],
                        .msg_namelen = sizeof from[i],
                        .msg_iov = &piece[i],
                        .msg_iovlen = 1,
                        .msg_control = &notes[i],
                        .msg_controllen = sizeof notes[i]}
        };
    }
    const int n = recvmmsg(s->fd, head, NET_READS, MSG_DONTWAIT, NULL);
    in->n = n > 0 ? (unsigned)n : 0;
    in->at = in->offset = 0;
    for (unsigned i = 0; i < in->n; i++) {
        in->len[i] = head[i].msg_len;
        address_from_sockaddr(&in->from[i], &from[i]);
        take_notes(in, i, s, &head[i].msg_hdr);
    }
    return in->n != 0;
}

bool net_next(struct net_input *in, struct net_datagram *out)
{
    if (in->at == in->n)
        return false;
    const unsigned i = in->at, left = in->len[i] - in->offset;
    const unsigned segment = in->segment[i];

    *out = (struct net_datagram){&in->from[i], in->bytes[i] + in->offset, left};
    if (segment != 0 && segment < left) {
        out->len = segment;
        in->offset += segment;
    } else {
        in->at++;
        in->offset = 0;
    }
    return true;
}

/* ---- out ---- */

#define PIECE_DATAGRAMS 64    /* UDP_MAX_SEGMENTS of every kernel that has it */
#define PIECE_BYTES     65000 /* with headers below 64 KiB */

struct piece_note {
    _Alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(uint16_t))];
};

/* Datagrams of one socket, by number, and how many of them go each by itself. */
struct run {
    struct net_socket *socket;
    unsigned n, alone;
    uint8_t at[NET_BATCH];
};

/* What one system call is given. */
struct pieces {
    unsigned n;
    unsigned count[NET_BATCH]; /* datagrams of each piece */
    struct mmsghdr head[NET_BATCH];
    struct iovec part[NET_BATCH];
    struct piece_note note[NET_BATCH];
};

static void drop(struct net_output *out, const struct run *run, unsigned first, unsigned count,
                 enum net_cause why)
{
    for (unsigned i = first; i < first + count; i++)
        out->drops[why][out->lane[run->at[i]]]++;
}

/* How many datagrams of the run, from the first on, make one piece: to one address, of one size,
 * but for the last, which may be shorter. */
static unsigned together(const struct net_output *out, const struct run *run, unsigned first)
{
    const unsigned a = run->at[first], size = out->len[a];
    unsigned n = 1, total = size;

    if (!run->socket->gso || size == 0 || run->alone > first)
        return 1;
    for (; first + n < run->n && n < PIECE_DATAGRAMS; n++) {
        const unsigned b = run->at[first + n], len = out->len[b];
        if (out->address[b] != out->address[a] || len == 0 || len > size ||
            total + len > PIECE_BYTES)
            break;
        total += len;
        if (len < size)
            return n + 1;
    }
    return n;
}

static void add_piece(struct pieces *p, struct net_output *out, const struct run *run,
                      unsigned first)
{
    const unsigned a = run->at[first], count = together(out, run, first);
    struct msghdr *h = &p->head[p->n].msg_hdr;

    *h = (struct msghdr){.msg_name = &out->name[out->address[a]],
                         .msg_namelen = out->name_len[out->address[a]],
                         .msg_iov = &p->part[first],
                         .msg_iovlen = count};
    for (unsigned i = first; i < first + count; i++) {
        const unsigned k = run->at[i];
        p->part[i] = (struct iovec){(void *)(uintptr_t)out->data[k], out->len[k]};
    }
    if (count > 1) {
        const uint16_t size = (uint16_t)out->len[a];
        h->msg_control = &p->note[p->n];
        h->msg_controllen = sizeof p->note[p->n];
        struct cmsghdr *c = CMSG_FIRSTHDR(h);
        c->cmsg_level = IPPROTO_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof size);
        memcpy(CMSG_DATA(c), &size, sizeof size);
    }
    p->count[p->n++] = count;
}

static enum net_cause cause_of(int error)
{
    switch (error) {
    case EMSGSIZE:
        return NET_TOO_LONG;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
        return NET_NO_ROUTE;
    default:
        return NET_REFUSED;
    }
}

/* The first piece was not sent; how many datagrams are dealt with. A piece of several is tried
 * again one by one: it may be its size alone, or a device that cannot cut it. */
static unsigned not_sent(struct net_output *out, struct run *run, const struct pieces *p,
                         unsigned first, int error)
{
    if (error == EINTR)
        return 0;
    if (error == EAGAIN || error == ENOBUFS) {
        drop(out, run, first, run->n - first, NET_FULL);
        return run->n - first;
    }
    if (p->count[0] > 1) {
        run->socket->gso = run->socket->gso && error != EIO; /* EIO: no checksums in hardware */
        run->alone = first + p->count[0];
        return 0;
    }
    drop(out, run, first, 1, cause_of(error));
    return 1;
}

static void send_run(struct net_output *out, struct run *run)
{
    struct pieces p;

    for (unsigned at = 0; at < run->n;) {
        p.n = 0;
        for (unsigned next = at; next < run->n; next += p.count[p.n - 1])
            add_piece(&p, out, run, next);
        const int n = sendmmsg(run->socket->fd, p.head, p.n, MSG_DONTWAIT | MSG_NOSIGNAL);
        for (int i = 0; i < n; i++)
            at += p.count[i];
        if (n <= 0)
            at += not_sent(out, run, &p, at, errno);
    }
}

static bool urgent(unsigned lane)
{
    return lane == 0 || lane == NET_CONTROL;
}

/* May lanes that are not urgent add to the send buffer? A slow path is full of video soon, and a
 * command would wait behind all of it. */
static bool room_for_bulk(const struct net_socket *s)
{
    int waiting = 0;

    return s->bulk_limit == 0 || ioctl(s->fd, SIOCOUTQ, &waiting) != 0 || waiting < s->bulk_limit;
}

/* Send what goes through the socket of the first datagram that is left, urgent or not. */
static void send_first(struct net_output *out, unsigned first, bool now_urgent)
{
    struct run run;

    run.socket = out->socket[first];
    run.n = run.alone = 0;
    for (unsigned i = first; i < out->n; i++) {
        if (out->socket[i] != run.socket || urgent(out->lane[i]) != now_urgent)
            continue;
        run.at[run.n++] = (uint8_t)i;
        out->socket[i] = NULL;
    }
    if (now_urgent || room_for_bulk(run.socket))
        send_run(out, &run);
    else
        drop(out, &run, 0, run.n, NET_FULL);
}

void net_flush(struct net_output *out)
{
    for (unsigned bulk = 0; bulk < 2; bulk++)
        for (unsigned i = 0; i < out->n; i++)
            if (out->socket[i] != NULL && urgent(out->lane[i]) == (bulk == 0))
                send_first(out, i, bulk == 0);
    out->n = out->used = out->addresses = 0;
}

uint8_t *net_places(struct net_output *out, unsigned count)
{
    HEAD2_REQUIRES(count <= NET_BATCH / 4);
    if (out->n + 4 * count > NET_BATCH || out->used + 4 * count > NET_BATCH)
        net_flush(out);
    out->used += count;
    return out->place[out->used - count];
}

static bool in_place(const struct net_output *out, const uint8_t *bytes)
{
    const uintptr_t at = (uintptr_t)bytes, begin = (uintptr_t)out->place;

    return at >= begin && at < begin + sizeof out->place;
}

/* The number of an address: mostly that of the datagram before. */
static uint8_t address_number(struct net_output *out, const struct net_socket *s,
                              const struct head2_address *to)
{
    const unsigned last = out->addresses - 1;

    if (out->addresses == 0 || !address_same(to, &out->to[last]) ||
        (out->name_len[last] == sizeof(struct sockaddr_in6)) != s->v6) {
        out->name_len[out->addresses] = address_to_sockaddr(&out->name[out->addresses], to, s->v6);
        out->to[out->addresses++] = *to;
    }
    return (uint8_t)(out->addresses - 1);
}

void net_queue(struct net_output *out, struct net_socket *s, const struct head2_address *to,
               unsigned lane, const uint8_t *bytes, size_t len)
{
    const bool stands = in_place(out, bytes);

    if (len > NET_DATAGRAM) { /* the session makes none that long; memory does not depend on it */
        out->drops[NET_TOO_LONG][lane]++;
        return;
    }
    if (!s->v6 && !address_is_v4(to)) { /* an IPv6 address and an IPv4 socket */
        out->drops[NET_NO_ROUTE][lane]++;
        return;
    }
    if (out->n == NET_BATCH || (!stands && out->used == NET_BATCH))
        net_flush(out);
    const unsigned i = out->n++;
    out->data[i] = bytes;
    if (!stands) {
        out->data[i] = out->place[out->used++];
        copy_bytes(out->place[out->used - 1], bytes, len);
    }
    out->socket[i] = s;
    out->len[i] = (unsigned)len;
    out->lane[i] = (uint8_t)lane;
    out->address[i] = address_number(out, s, to);
}
