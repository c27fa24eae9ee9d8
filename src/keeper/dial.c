/* see dial.h */
#include "keeper/dial.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for one descriptor, aligned as the system wants it. */
union control {
    struct cmsghdr head;
    uint8_t room[CMSG_SPACE(sizeof(int))];
};

static void close_keeping_errno(int fd)
{
    const int error = errno;

    close(fd);
    errno = error;
}

static bool send_fd(int pair, int fd)
{
    char byte = 0;
    union control control = {.room = {0}};
    struct iovec piece = {&byte, 1};
    struct msghdr m = {.msg_iov = &piece,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    struct cmsghdr *const c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return sendmsg(pair, &m, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
}

int dial_call(int pair)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    const bool sent = send_fd(pair, ends[1]);
    close_keeping_errno(ends[1]);
    if (sent)
        return ends[0];
    close_keeping_errno(ends[0]);
    return -1;
}

/* The other side may send what it likes. */
static bool is_stream(int fd)
{
    int domain = 0, type = 0;
    socklen_t len = sizeof domain;

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0)
        return false;
    len = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && domain == AF_UNIX &&
           type == SOCK_STREAM;
}

int dial_take(int pair)
{
    char byte;
    union control control = {.room = {0}};
    struct iovec piece = {&byte, 1};
    struct msghdr m = {.msg_iov = &piece,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    int fd;

    if (recvmsg(pair, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
        return -1;
    /* more descriptors than one have no room, and the system closes them */
    const struct cmsghdr *const c = CMSG_FIRSTHDR(&m);
    errno = EPROTO;
    if (c == NULL || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
        c->cmsg_len != CMSG_LEN(sizeof fd))
        return -1;
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
    if (is_stream(fd))
        return fd;
    errno = EPROTO;
    close_keeping_errno(fd);
    return -1;
}
