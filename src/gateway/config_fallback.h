/*
 * What the three files say of fallback.
 *
 *     gateway:  fallback: { nodes: [f1.pub.pem, …], lifetime: 86400 }
 *     link:     fallback: { enabled: true, gateways: [{ key: f1.pub.pem, endpoints: ["host:5711"]
 * }] } node:     fallback: { issuer: gateway.pub.pem, kem: f1.kem.pem }
 */
#ifndef HEAD2_GATEWAY_CONFIG_FALLBACK_H
#define HEAD2_GATEWAY_CONFIG_FALLBACK_H

#include "gateway/config_peers.h"

/* Whether this is the file of a node: fallback has an issuer. */
bool config_is_node(const struct tree *t);

/* fallback, when the peers have been read; node may be TREE_NONE. */
HEAD2_CHECK enum head2_status config_fallback(const struct tree *t, uint32_t node, struct config *c,
                                              struct config_error *err);

#endif
