/*
 * Fallback keys: what a drone and an edge node hold, so that a drone that has lost its gateway can
 * be reached by that node for a day at most; and what such a node may still send to it.
 *
 * A gateway issues one key for each drone, signs it, gives it to the drone inside a session and to
 * the nodes in sealed files. Whoever holds the key can pose as the drone to the node and as the
 * node to the drone until it ends, within what head2_fallback_allows lets through.
 */
#ifndef HEAD2_FALLBACK_H
#define HEAD2_FALLBACK_H

#include <head2/mldsa.h>
#include <head2/secret.h>

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEAD2_FALLBACK_ID_BYTES     16
#define HEAD2_FALLBACK_NODES        4     /* that one key can name */
#define HEAD2_FALLBACK_MAX_LIFETIME 86400 /* seconds */
#define HEAD2_FALLBACK_MAX_USES     64
#define HEAD2_FALLBACK_CONTEXT      "ch2v1 fbk" /* of the gateway's signature */

/* What an encoding begins with and a session's message leaves out: both ends know it. */
#define HEAD2_FALLBACK_HEAD_BYTES (8 + 32)
/* What is signed, for the most nodes: the encoding up to the signature's length. */
#define HEAD2_FALLBACK_SIGNED_MAX_BYTES                                                            \
    (HEAD2_FALLBACK_HEAD_BYTES + 16 + 64 + 8 + 4 + 2 + 1 + 32 * HEAD2_FALLBACK_NODES)
#define HEAD2_FALLBACK_MAX_BYTES (HEAD2_FALLBACK_SIGNED_MAX_BYTES + 2 + HEAD2_MLDSA87_SIG_BYTES)

struct head2_fallback_key {
    uint8_t id[HEAD2_FALLBACK_ID_BYTES]; /* names the key, in the clear; not all zero */
    struct head2_secret64 key;
    uint8_t drone[32];     /* the drone's identity */
    uint8_t session_id[8]; /* of the session in which it was issued */
    uint64_t issue_ms;     /* Unix time, the gateway's; 1 to 2^48 - 1 */
    uint32_t lifetime_s;   /* 1 to HEAD2_FALLBACK_MAX_LIFETIME */
    uint16_t max_uses;     /* 1 to HEAD2_FALLBACK_MAX_USES */
    uint8_t n_nodes;       /* 1 to HEAD2_FALLBACK_NODES */
    uint8_t nodes[HEAD2_FALLBACK_NODES]
                 [32];                    /* identities (role F) that may use it; all different */
    uint8_t sig[HEAD2_MLDSA87_SIG_BYTES]; /* the gateway's */
};

/**
 * head2_fallback_to_be_signed - the bytes that the gateway signs under HEAD2_FALLBACK_CONTEXT.
 *
 * out  receives them, the key itself among them: wipe it after use
 *
 * Returns their number, or 0 when a field is out of its range.
 */
HEAD2_API size_t head2_fallback_to_be_signed(uint8_t out[HEAD2_FALLBACK_SIGNED_MAX_BYTES],
                                             const struct head2_fallback_key *key);

/**
 * head2_fallback_encode - write a signed key, big-endian:
 *     session_id(8) drone(32) id(16) key(64) issue_ms(8) lifetime_s(4) max_uses(2) n(1) nodes(32 n)
 *     sig_len(2) = 4627, sig
 * A session's FBK_ISSUE is this from HEAD2_FALLBACK_HEAD_BYTES on.
 *
 * Returns the length, or 0 when a field is out of its range.
 */
HEAD2_API size_t head2_fallback_encode(uint8_t out[HEAD2_FALLBACK_MAX_BYTES],
                                       const struct head2_fallback_key *key);

/**
 * head2_fallback_decode - read what head2_fallback_encode wrote; the signature is not checked.
 *
 * Returns HEAD2_OK or HEAD2_E_MALFORMED (another length, or a field out of its range; key is then
 * wiped).
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_fallback_decode(struct head2_fallback_key *key,
                                                              const uint8_t *in, size_t len);

/**
 * head2_fallback_verify - whether the gateway with this public key signed the key.
 *
 * Returns HEAD2_OK or HEAD2_E_VERIFY.
 */
HEAD2_API HEAD2_CHECK enum head2_status
head2_fallback_verify(const struct head2_fallback_key *key,
                      const uint8_t gateway_pk[HEAD2_MLDSA87_PK_BYTES]);

/**
 * head2_fallback_names - whether a node may use the key.
 */
HEAD2_API bool head2_fallback_names(const struct head2_fallback_key *key, const uint8_t node[32]);

/**
 * head2_fallback_allows - whether a datagram towards a drone may pass in fallback.
 *
 * It must consist of one or more whole MAVLink 1 or 2 frames with right checksums, and nothing
 * else, and each must be HEARTBEAT, SYSTEM_TIME, PING, TIMESYNC, MISSION_CLEAR_ALL of the flight
 * plan alone, or COMMAND_LONG or COMMAND_INT with one of these, all other parameters 0 or not a
 * number: MAV_CMD_NAV_LOITER_UNLIM, MAV_CMD_NAV_RETURN_TO_LAUNCH, MAV_CMD_NAV_LAND (here, and as
 * the aircraft is set up), MAV_CMD_DO_PAUSE_CONTINUE with 0 (pause), MAV_CMD_DO_FENCE_ENABLE with 1
 * MAVLink's own signatures are let through unread. Everything else is refused: this looks at one
 * datagram and keeps no state.
 */
HEAD2_API bool head2_fallback_allows(const uint8_t *datagram, size_t len);

#ifdef __cplusplus
}
#endif

#endif
