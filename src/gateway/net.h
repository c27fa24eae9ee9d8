/*
 * UDP sockets: opened non-blocking, read and written many datagrams at a time. Nothing here blocks
 * or allocates after a socket is open. A datagram that cannot be sent at once is dropped and
 * counted: for telemetry and video late is worse than lost.
 */
#ifndef HEAD2_GATEWAY_NET_H
#define HEAD2_GATEWAY_NET_H

#include "gateway/address.h"

#define NET_BATCH    64
#define NET_DATAGRAM 2048 /* longer ones are cut, and then refused as too big */

struct net_socket {
    int fd;
    bool v6;
};

enum net_use {
    NET_WIDE, /* towards the other end: large buffers, never fragmented */
    NET_LOCAL /* towards applications */
};

/* at: address and port (0: any). v6: a socket of both families even for an IPv4 address.
 * HEAD2_OK, or HEAD2_E_IO with errno. */
HEAD2_CHECK enum head2_status net_open(struct net_socket *out, const struct head2_address *at,
                                       enum net_use use);
void net_close(struct net_socket *s);
/* The address that the socket has. */
void net_local(const struct net_socket *s, struct head2_address *out);

/* Where datagrams are read into. */
struct net_input {
    struct sockaddr_storage from[NET_BATCH];
    uint8_t bytes[NET_BATCH][NET_DATAGRAM];
    unsigned len[NET_BATCH];
};

/* Read what is there; the number of datagrams, 0 when there is none. */
unsigned net_receive(struct net_input *in, const struct net_socket *s);

/* Datagrams on their way out, all through one socket at a time. */
struct net_output {
    const struct net_socket *socket;
    unsigned n;
    uint64_t refused; /* the socket's buffer was full */
    uint64_t failed;  /* any other reason */
    struct sockaddr_storage to[NET_BATCH];
    socklen_t to_len[NET_BATCH];
    uint8_t bytes[NET_BATCH][NET_DATAGRAM];
    unsigned len[NET_BATCH];
};

/* Queue a copy of a datagram; sends what is queued when that is full or for another socket. */
void net_queue(struct net_output *out, const struct net_socket *s, const struct head2_address *to,
               const uint8_t *bytes, size_t len);
void net_flush(struct net_output *out);

#endif
