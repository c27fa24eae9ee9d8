/*
 * Numbers of the wire: message types, sizes, limits and times of the CH2 protocol, version 1.
 */
#ifndef HEAD2_SESSION_WIRE_H
#define HEAD2_SESSION_WIRE_H

#include "base/base.h"
#include "cipher/p384.h"

#include <head2/aead.h>
#include <head2/mldsa.h>
#include <head2/mlkem.h>
#include <head2/session.h>

#define WIRE_VERSION 1
#define TAG_BYTES    6
#define ID_BYTES     32
#define SIG_BYTES    HEAD2_MLDSA87_SIG_BYTES
#define EK_BYTES     HEAD2_MLKEM1024_EK_BYTES
#define CT_BYTES     HEAD2_MLKEM1024_CT_BYTES
#define GCM_TAG      HEAD2_AEAD_TAG_BYTES
#define KX2_BYTES    P384_POINT_BYTES /* the share of the hybrid suite */

static const uint8_t wire_magic[TAG_BYTES] = {0xc4, 0x48, 0x32, 0x48, 0x53, 0x01};

/* Handshake frames. */
enum frame_type {
    FRAME_HELLO = 1,
    FRAME_RETRY,
    FRAME_INIT,
    FRAME_RESP,
    FRAME_AUTH,
    FRAME_DONE,
    FRAME_HSACK,
    FRAME_HINT
};
#define FRAME_HEAD     56
#define FRAME_OVERHEAD 72
#define COOKIE_BYTES   32
#define STRIDE_FULL    1128 /* datagrams of 1200 bytes */
#define STRIDE_SMALL   476  /* datagrams of 548 bytes, for paths that lose the larger ones */
#define STRIDE_MIN     256
#define STRIDE_MAX     8192
#define MESSAGE_MAX    16384
#define FRAGS_MAX      64
#define DATAGRAM_MIN   28
#define DATAGRAM_MAX   1472
#define DATAGRAM_FLOOR 548 /* of what an end may offer as its longest */

/* Bodies of the handshake messages. */
#define HELLO_BYTES        40
#define RETRY_BYTES        4
#define INIT_BYTES         1705
#define INIT_MAX           (INIT_BYTES + KX2_BYTES) /* with a P-384 share */
#define INIT_OFF_EK        72
#define INIT_OFF_KX2       (INIT_OFF_EK + EK_BYTES)
#define PARAMS_BYTES       48
#define RESP_CLEAR         1609 /* without a P-384 share */
#define RESP_BOX           (8 + ID_BYTES + PARAMS_BYTES + 2 + SIG_BYTES + 64)
#define RESP_BYTES         (RESP_CLEAR + RESP_BOX + GCM_TAG)
#define RESP_MAX           (RESP_BYTES + KX2_BYTES)
#define AUTH_BOX           (ID_BYTES + PARAMS_BYTES + 2 + SIG_BYTES + 64)
#define AUTH_BYTES         (AUTH_BOX + GCM_TAG)
#define DONE_BOX           16
#define DONE_BYTES         (DONE_BOX + GCM_TAG)
#define HSACK_BYTES        10
#define HINT_BYTES         6
#define AUTH_MODE_SIG      1
#define AUTH_MODE_FALLBACK 3
#define INIT_OFF_MODE      4
#define INIT_OFF_PSK_ID    56
#define BINDER_BYTES       64
/* params.flags */
#define PARAMS_MAC_ONLY                                                                            \
    0x0004 /* rotations need no signature; one in SIGNED_EVERY has it all the same */

enum { DONE_OK = 0, DONE_REJECTED = 1, DONE_BUSY = 2 };
enum { HINT_PSK_UNKNOWN = 1, HINT_VERSION = 2, HINT_BUSY = 3 };

/* Control lane. */
enum control_type {
    CTL_KEEPALIVE = 0x01,
    CTL_ACK = 0x02,
    CTL_ROT_INIT = 0x10,
    CTL_ROT_RESP = 0x11,
    CTL_ROT_CONFIRM = 0x12,
    CTL_ROT_REQ = 0x13,
    CTL_PATH_CHALLENGE = 0x20,
    CTL_PATH_RESPONSE = 0x21,
    CTL_FBK_ISSUE = 0x30,
    CTL_FBK_ACK = 0x31,
    CTL_CLOSE = 0x40,
    CTL_RECEIPT = 0x50,
    CTL_DURABLE = 0x60
};
#define CTL_HEAD          12
#define CTL_RELIABLE      0x01
#define CTL_WINDOW        31
#define KEEPALIVE_BYTES   48
#define ROT_MAX           (4 + 32 + CT_BYTES + 1 + KX2_BYTES + 4 + 2 + SIG_BYTES + 32)
#define ROT_CONFIRM_BYTES 36

enum close_reason {
    CLOSE_NORMAL = 1,
    CLOSE_LIMIT,
    CLOSE_PROTOCOL,
    CLOSE_REKEY_FAILED,
    CLOSE_ROT_AUTH,
    CLOSE_REAUTH_REQUIRED,
    CLOSE_UPGRADED,
    CLOSE_EXPIRED,
    CLOSE_REPLACED,
    CLOSE_SHUTDOWN
};

/* Times, microseconds. */
#define MS              UINT64_C(1000)
#define SECOND          UINT64_C(1000000)
#define RTO_FIRST       (250 * MS)
#define RTO_MAX         SECOND
#define HSACK_DELAY     (40 * MS)
#define HS_LIFE         (30 * SECOND)
#define HS_IDLE         (10 * SECOND)
#define HS_STUCK        (1500 * MS) /* without progress for this long another attempt starts */
#define HS_PARALLEL     3
#define HS_FALLBACK     2 /* handshakes with nodes, beside these */
#define HS_REACTIONS    16
#define HS_REACT_GAP    (100 * MS)
#define HS_BACKLOG      (300 * MS)    /* an INIT that would wait longer for its RESP is refused */
#define BUSY_WAIT       (250 * MS)    /* at least, and at most 4 s more */
#define BUSY_HINTS      4000          /* a second */
#define BUSY_MOST       (10 * SECOND) /* that one attempt waits in all */
#define REJECT_PAUSE    (5 * SECOND)
#define COOKIE_LIFE     (30 * SECOND)
#define COOKIE_KEY_LIFE (60 * SECOND)
#define KEEPALIVE_EVERY (250 * MS)
#define SUSPECT_AFTER   (1500 * MS)
#define FRESH_WITHIN    SECOND
#define DEAD_AFTER      (15 * SECOND)
#define RX_GRACE        (2 * SECOND)
#define OVERLAP_TIME    (2 * SECOND)
#define ARM_BEFORE      (2 * SECOND)
#define ACK_DELAY       (20 * MS)
#define CLOSE_LINGER    (400 * MS)
#define ROT_RETRY       (10 * SECOND)

/* Limits. */
#define ROT_SECONDS      60
#define ROT_SECONDS_MIN  5
#define ROT_BYTES        UINT64_C(100000000)
#define ROT_BYTES_MIN    UINT64_C(1000000)
#define ROT_RESERVE      UINT64_C(50000) /* of rot_bytes, kept for the control lane */
#define OVERLAP_DEFAULT  5
#define OVERLAP_MAX      16
#define STEPS_MAX        9
#define SIGNED_EVERY     16 /* generations */
#define LANE_PACKETS_MAX (UINT64_C(1) << 24)
#define RN_LIMIT         (UINT64_C(1) << 47)
#define FORGERIES_MAX    (UINT64_C(1) << 36) /* packets that do not open under one key */
#define RX_EPOCHS        5
#define WINDOW_VIDEO     8192
#define WINDOW_OTHER     2048
#define STALE_ALARM      10
#define INCARNATION_MAX  (UINT64_C(1) << 42)

#endif
