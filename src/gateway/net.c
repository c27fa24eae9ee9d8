/* see net.h */
#include "gateway/net.h"

#include <errno.h>
#include <unistd.h>

#define WIDE_BUFFER  (4 * 1024 * 1024)
#define LOCAL_BUFFER (1024 * 1024)

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

enum head2_status net_open(struct net_socket *out, const struct head2_address *at, enum net_use use)
{
    struct sockaddr_storage local;
    const int off = 0;

    out->v6 = !address_is_v4(at);
    out->fd = socket(out->v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (out->fd < 0)
        return HEAD2_E_IO;
    if (out->v6)
        (void)setsockopt(out->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    set_buffers(out->fd, use == NET_WIDE ? WIDE_BUFFER : LOCAL_BUFFER);
    if (use == NET_WIDE)
        set_unfragmented(out->fd, out->v6);
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

unsigned net_receive(struct net_input *in, const struct net_socket *s)
{
    struct mmsghdr head[NET_BATCH];
    struct iovec piece[NET_BATCH];

    for (unsigned i = 0; i < NET_BATCH; i++) {
        piece[i] = (struct iovec){in->bytes[i], NET_DATAGRAM};
        head[i] = (struct mmsghdr){
            .msg_hdr = {.msg_name = &in->from[i],
                        .msg_namelen = sizeof in->from[i],
                        .msg_iov = &piece[i],
                        .msg_iovlen = 1}
        };
    }
    int n = recvmmsg(s->fd, head, NET_BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++)
        in->len[i] = head[i].msg_len;
    return n > 0 ? (unsigned)n : 0;
}

/* Send datagrams from the first on; how many are dealt with, at least one. */
static unsigned send_some(struct net_output *out, unsigned first)
{
    struct mmsghdr head[NET_BATCH];
    struct iovec piece[NET_BATCH];
    const unsigned count = out->n - first;

    for (unsigned i = 0; i < count; i++) {
        piece[i] = (struct iovec){out->bytes[first + i], out->len[first + i]};
        head[i] = (struct mmsghdr){
            .msg_hdr = {.msg_name = &out->to[first + i],
                        .msg_namelen = out->to_len[first + i],
                        .msg_iov = &piece[i],
                        .msg_iovlen = 1}
        };
    }
    int n = sendmmsg(out->socket->fd, head, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0)
        return (unsigned)n;
    if (errno == EINTR)
        return 0;
    if (errno == EAGAIN || errno == ENOBUFS) {
        out->refused += count;
        return count;
    }
    out->failed++; /* this one cannot go (no route, too long); the next may */
    return 1;
}

void net_flush(struct net_output *out)
{
    for (unsigned at = 0; at < out->n;)
        at += send_some(out, at);
    out->n = 0;
}

void net_queue(struct net_output *out, const struct net_socket *s, const struct head2_address *to,
               const uint8_t *bytes, size_t len)
{
    if (len > NET_DATAGRAM) { /* the session makes none that long; memory does not depend on it */
        out->failed++;
        return;
    }
    if (out->n == NET_BATCH || out->socket != s)
        net_flush(out);
    if (!s->v6 && !address_is_v4(to)) {
        out->failed++; /* an IPv6 address and an IPv4 socket */
        return;
    }
    out->socket = s;
    out->to_len[out->n] = address_to_sockaddr(&out->to[out->n], to, s->v6);
    copy_bytes(out->bytes[out->n], bytes, len);
    out->len[out->n++] = (unsigned)len;
}
