/*
 * The part of the configuration that concerns a TUN device: the device itself, and the addresses
 * behind each peer.
 */
#ifndef HEAD2_GATEWAY_CONFIG_TUN_H
#define HEAD2_GATEWAY_CONFIG_TUN_H

#include "gateway/config_peers.h"

/* tun: { name, address, mtu }, and at a link allowed_ips; nothing when node is TREE_NONE. */
HEAD2_CHECK enum head2_status config_tun(const struct tree *t, uint32_t node, struct config *c,
                                         struct config_error *err);
/* allowed_ips of a peer: one prefix, or a list of them. */
HEAD2_CHECK enum head2_status config_allowed(const struct tree *t, uint32_t node, struct config *c,
                                             uint32_t peer, struct config_error *err);
/* What only the whole file shows: prefixes that two peers have, or that nothing is routed by. */
HEAD2_CHECK enum head2_status config_tun_check(const struct tree *t, struct config *c,
                                               struct config_error *err);

#endif
