/*
 * The part of the configuration that names others: a gateway's drones, a link's gateway, lanes.
 * With it the helpers that config.c and config_peers.c share.
 */
#ifndef HEAD2_GATEWAY_CONFIG_PEERS_H
#define HEAD2_GATEWAY_CONFIG_PEERS_H

#include "gateway/config.h"

/* Values of the tree, each with the error of its place. */
HEAD2_CHECK enum head2_status config_map(const struct tree *t, uint32_t node,
                                         struct config_error *err);
HEAD2_CHECK enum head2_status config_known(const struct tree *t, uint32_t map,
                                           const char *const *names, size_t count,
                                           struct config_error *err);
HEAD2_CHECK enum head2_status config_text(const struct tree *t, uint32_t node, const char **out,
                                          struct config_error *err);
HEAD2_CHECK enum head2_status config_need(const struct tree *t, uint32_t map, const char *key,
                                          uint32_t *out, struct config_error *err);
/* A whole number of a map from min to max; out stays when the key is not there. */
HEAD2_CHECK enum head2_status config_number(const struct tree *t, uint32_t map, const char *key,
                                            uint64_t min, uint64_t max, uint64_t *out,
                                            struct config_error *err);
/* true or false; out stays when the key is not there. */
HEAD2_CHECK enum head2_status config_flag(const struct tree *t, uint32_t map, const char *key,
                                          bool *out, struct config_error *err);
HEAD2_CHECK enum head2_status config_name(const struct tree *t, uint32_t node, char *out,
                                          struct config_error *err);
HEAD2_CHECK enum head2_status config_address(const struct tree *t, uint32_t node,
                                             struct head2_address *out, struct config_error *err);
HEAD2_CHECK enum head2_status config_path(char out[PATH_MAX], const char *base, const char *name);
/* A file named by a key of a map, relative to the configuration's; out stays when the key is not
 * there. */
HEAD2_CHECK enum head2_status config_path_key(const struct tree *t, uint32_t map, const char *key,
                                              char out[PATH_MAX], struct config_error *err);

/* The ML-DSA-87 public key of the file that node names. */
HEAD2_CHECK enum head2_status config_public_key(const struct tree *t, uint32_t node,
                                                uint8_t pk[HEAD2_SESSION_PK_BYTES],
                                                uint8_t key_id[HEAD2_KEY_ID_BYTES],
                                                struct config_error *err);
/* A list of 1 to 4 of host:port. */
HEAD2_CHECK enum head2_status config_endpoints(const struct tree *t, uint32_t list,
                                               struct config_endpoints *out,
                                               struct config_error *err);

/* peers: a list, or the name of a folder. */
HEAD2_CHECK enum head2_status config_peers(const struct tree *t, uint32_t node, struct config *c,
                                           struct config_error *err);
/* gateway.key and lanes of a link's file: they make its one peer. */
HEAD2_CHECK enum head2_status config_link_gateway(const struct tree *t, uint32_t key,
                                                  struct config *c, struct config_error *err);

#endif
