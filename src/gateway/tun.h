/*
 * A TUN device: any IP traffic through a session. What the kernel routes into the device goes to
 * the peer that has the longest prefix of its destination; what comes from a peer must have a
 * source among that peer's prefixes. The lane follows from the packet's DSCP.
 */
#ifndef HEAD2_GATEWAY_TUN_H
#define HEAD2_GATEWAY_TUN_H

#include "gateway/prefixes.h"

#include <head2/session.h>

#include <net/if.h>

#define TUN_ADDRESSES   4
#define TUN_MTU_DEFAULT 1424 /* with 28 bytes more a datagram of 1,452, which most paths carry */
#define TUN_MTU_MIN     576
#define TUN_MTU_MAX     1444
#define IPV6_MTU_MIN    1280

struct tun_config {
    bool on;
    char name[IFNAMSIZ];
    struct prefix address[TUN_ADDRESSES]; /* with the bits of the host */
    uint32_t n_addresses;
    uint16_t mtu;
};

/* What matters here of an IP packet. */
struct tun_packet {
    uint8_t source[16], destination[16];
    uint8_t lane;
    bool v6;
};

/* False when it is not one whole IP packet. */
bool tun_look(struct tun_packet *out, const uint8_t *bytes, size_t len);

/* Make the device, give it its addresses and MTU, and bring it up. -1 with errno, *what says at
 * which step. Needs CAP_NET_ADMIN. */
int tun_open(const struct tun_config *c, const char **what);

struct runtime;
struct config_error;

HEAD2_CHECK enum head2_status tun_start(struct runtime *r, struct config_error *err);
/* After a change of peers or of their prefixes. */
void tun_set_routes(struct runtime *r);
void tun_deliver(struct runtime *r, const struct head2_session_data *data);
void tun_stop(struct runtime *r);

#endif
