/*
 * UDP sockets: opened non-blocking, read and written many datagrams at a time, and where the kernel
 * can, many datagrams of one size to or from one address as one piece (GSO and GRO). Nothing here
 * blocks or allocates after a socket is open. A datagram that cannot be sent at once is dropped and
 * counted by cause and lane: for telemetry and video late is worse than lost.
 */
#ifndef HEAD2_GATEWAY_NET_H
#define HEAD2_GATEWAY_NET_H

#include "gateway/address.h"

#define NET_READS      16    /* reads of one call; each is a datagram, or many that came together */
#define NET_READ_BYTES 65536 /* more than any read brings */
#define NET_BATCH      128   /* datagrams on their way out */
#define NET_DATAGRAM   2048  /* longer ones are never sent */
#define NET_LANES      5     /* the four of applications, and control with all handshakes */
#define NET_CONTROL    4

struct net_socket {
    int fd;
    bool v6;
    bool gso;       /* the kernel cuts one piece into datagrams */
    bool gro;       /* and may hand over datagrams that came together as one piece */
    int bulk_limit; /* bytes of the send buffer that all lanes but 0 and control may fill; 0: all */
    uint32_t overflow; /* what the kernel says it has dropped, when it said so last */
    uint64_t lost;     /* datagrams that came while the receive buffer was full */
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

/* ---- in ---- */

/* Where datagrams are read into. A read that is several datagrams has the size of each but the
 * last in segment. Rows are 20 cache lines longer than a power of two, so that their beginnings
 * do not all fall into the same sets of a cache. */
struct net_input {
    unsigned n, at, offset; /* reads there are; where net_next stands */
    struct head2_address from[NET_READS];
    unsigned len[NET_READS], segment[NET_READS];
    uint8_t bytes[NET_READS][NET_READ_BYTES + 1280];
};

struct net_datagram {
    const struct head2_address *from;
    const uint8_t *bytes;
    size_t len;
};

/* Read what is there, replacing what was; false when there is nothing. */
bool net_receive(struct net_input *in, struct net_socket *s);
/* The next datagram of that, until false. Stays valid until the next net_receive. */
bool net_next(struct net_input *in, struct net_datagram *out);

/* ---- out ---- */

enum net_cause {
    NET_FULL,     /* the send buffer is, or a lane's share of it */
    NET_TOO_LONG, /* for the path, or for us */
    NET_NO_ROUTE,
    NET_REFUSED, /* by a firewall, or any other reason */
    NET_CAUSES
};

/* Datagrams on their way out, through any sockets. Those of lane 0 and control go first. */
struct net_output {
    unsigned n, used; /* datagrams; places taken */
    uint64_t drops[NET_CAUSES][NET_LANES];
    struct net_socket *socket[NET_BATCH];
    const uint8_t *data[NET_BATCH];
    unsigned len[NET_BATCH];
    uint8_t lane[NET_BATCH];
    uint8_t address[NET_BATCH]; /* index of where it goes: */
    unsigned addresses;
    struct head2_address to[NET_BATCH];
    struct sockaddr_storage name[NET_BATCH];
    socklen_t name_len[NET_BATCH];
    uint8_t place[NET_BATCH][NET_DATAGRAM];
};

/* Queue a datagram; sends what is queued when that is full. It is copied, but where it stands in a
 * place that net_places gave. */
void net_queue(struct net_output *out, struct net_socket *s, const struct head2_address *to,
               unsigned lane, const uint8_t *bytes, size_t len);
/* count places in a row, NET_DATAGRAM bytes each, to make datagrams in: at most NET_BATCH / 4. They
 * hold until four times as many have been queued, or until net_flush. */
uint8_t *net_places(struct net_output *out, unsigned count);
void net_flush(struct net_output *out);

#endif
