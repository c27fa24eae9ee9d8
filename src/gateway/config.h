/*
 * The configuration: head2.yaml of a gateway, and a drone's link file.
 *
 *     identity: { key: gateway.pem, name: CHIMERA-HEAD-2 }
 *     listen:   { udp: "0.0.0.0:5710", control: run/head2.sock }      gateway
 *     gateway:  { key: gateway.pub.pem, endpoints: ["host:5710"] }    link
 *     rotate:   { seconds: 60, bytes: 100000000, overlap: 5 }
 *     suites:   [CH2-L5]
 *     peers:    a list of { name, key, lanes: { telemetry: "127.0.0.1:14550", … } }, or a folder
 *               of files that hold one such map each (NAME.yaml)      gateway
 *     lanes:    { telemetry: { listen: "127.0.0.1:14551", late: drop }, … }     link
 *     tun:      { name, address: 10.77.0.1/24, mtu }; peers have allowed_ips then
 *     limits:   { handshakes_per_prefix, handshakes_global, half_open, exempt }       gateway
 *     state:    state
 *     entropy:  see config_entropy.h
 *     keeper:   see config_keeper.h, and the identity that is in one
 *     fallback: see config_fallback.h; with its issuer the file is a fallback node's
 *
 * Names of files are relative to the file that names them, the control socket to the state folder.
 * An unknown key is an error that names the nearest known one; a key of a later version says so.
 */
#ifndef HEAD2_GATEWAY_CONFIG_H
#define HEAD2_GATEWAY_CONFIG_H

#include "gateway/config_entropy.h"
#include "gateway/config_keeper.h"
#include "gateway/tree.h"
#include "gateway/tun.h"

#include <head2/fallback.h>
#include <head2/keys.h>
#include <head2/session.h>

#include <limits.h>

#define CONFIG_NAME_MAX 63
#define CONFIG_HOST_MAX 280
#define CONFIG_PEERS    10000
#define CONFIG_PREFIXES 65536

enum config_role { CONFIG_GATEWAY, CONFIG_LINK, CONFIG_ANY };

/* Where to look for a gateway or a node: host:port. */
struct config_endpoints {
    char at[HEAD2_SESSION_MAX_ADDRS][CONFIG_HOST_MAX];
    uint32_t n;
};

/* A lane of a peer: where its datagrams go. Of a link: where it listens. */
struct config_lane {
    bool on;
    bool deliver_late; /* lane 0 of a link: commands from the past are wanted */
    struct head2_address at;
};

struct config_peer {
    char name[CONFIG_NAME_MAX + 1];
    uint8_t pk[HEAD2_SESSION_PK_BYTES];
    uint8_t key_id[HEAD2_KEY_ID_BYTES];
    struct config_lane lanes[HEAD2_SESSION_LANES];
};

/* What a gateway, a link and a node each say of fallback. */
struct config_fallback {
    bool on;           /* a gateway issues keys; a link may use them */
    bool node;         /* the file is a node's, of role CONFIG_GATEWAY */
    uint32_t lifetime; /* gateway: seconds */
    uint32_t n_nodes;
    struct {
        uint8_t pk[HEAD2_SESSION_PK_BYTES];
        struct config_endpoints endpoints; /* link */
    } nodes[HEAD2_FALLBACK_NODES];
    uint8_t issuer[HEAD2_SESSION_PK_BYTES]; /* node: the key of the gateway that it stands in for */
    char kem[PATH_MAX];                     /* node: the private ML-KEM-1024 key's file */
};

struct config {
    enum config_role role;
    char file[PATH_MAX];
    char identity[PATH_MAX];                 /* a file, or keeper:LABEL */
    unsigned identity_line, identity_column; /* of identity.key */
    char name[CONFIG_NAME_MAX + 1];
    char state[PATH_MAX];
    char control[PATH_MAX];
    struct head2_address listen; /* gateway */
    uint32_t rotate_seconds;
    uint64_t rotate_bytes;
    uint16_t overlap;
    bool mac_only; /* rotations need no signature where the peer says so too */
    uint16_t suites[HEAD2_SESSION_MAX_SUITES];
    uint32_t half_open, handshake_rate, prefix_rate; /* 0: the default */
    unsigned ledger_batch, ledger_interval_ms;       /* when a checkpoint is due */
    struct head2_prefix exempt[HEAD2_SESSION_MAX_EXEMPT];
    uint32_t n_exempt;
    struct config_entropy entropy;
    struct config_keeper keeper;
    /* the drones of a gateway; the one gateway of a link, with the lanes that it listens on */
    struct config_peer *peers;
    uint32_t n_peers, cap_peers;
    struct tun_config tun;
    struct prefix *prefixes; /* behind peers: prefix.peer is a place in peers */
    uint32_t n_prefixes;
    struct config_endpoints endpoints; /* link */
    struct config_fallback fallback;
};

/* HEAD2_OK, or a status with *err: HEAD2_E_MALFORMED, HEAD2_E_IO, HEAD2_E_LIMIT, HEAD2_E_MEMORY, or
 * as keyfile_read for a key that is named. */
HEAD2_CHECK enum head2_status config_read(struct config **out, const char *file,
                                          enum config_role role, struct config_error *err);
void config_free(struct config *config);

/* Whether the file of identity.key is one that the daemon would take: a private ML-DSA-87 key that
 * others cannot read, or an encrypted one, of which no more is known. HEAD2_OK, or a status with
 * *err. */
HEAD2_CHECK enum head2_status config_check_identity(const struct config *config,
                                                    struct config_error *err);

const char *config_lane_name(unsigned lane);
/* "gateway", "link" or "fallback". */
const char *config_role_name(const struct config *config);

/* The addresses of endpoints, at most HEAD2_SESSION_MAX_ADDRS. Asks DNS, so may take long. key
 * names them in the error. HEAD2_OK, or HEAD2_E_IO with *err when no endpoint has an address. */
HEAD2_CHECK enum head2_status config_resolve(const struct config *config,
                                             const struct config_endpoints *endpoints,
                                             const char *key, struct head2_address *addrs,
                                             uint32_t *n, struct config_error *err);

#endif
