/*
 * What a session says about itself: counters, names, the state of a peer.
 */
#include "session/state.h"

const char *head2_counter_name(enum head2_counter counter)
{
    static const char *const names[HEAD2_COUNTERS] = {"SHORT",
                                                      "UNKNOWN_TAG",
                                                      "BAD_FRAME",
                                                      "BAD_MAC1",
                                                      "BAD_COOKIE",
                                                      "HALF_OPEN_FULL",
                                                      "RATE",
                                                      "BAD_VERSION",
                                                      "NO_SUITE",
                                                      "BAD_EK",
                                                      "PSK_UNKNOWN",
                                                      "BAD_BOX",
                                                      "BAD_SIG",
                                                      "BAD_FIN",
                                                      "BAD_ID",
                                                      "DOWNGRADE",
                                                      "OLD_INCARNATION",
                                                      "REJECTED",
                                                      "AEAD_FAIL",
                                                      "DUP",
                                                      "OLD",
                                                      "STALE_EPOCH",
                                                      "RN_LIMIT",
                                                      "CTL_MALFORMED",
                                                      "ROT_CONFLICT",
                                                      "ROT_BAD_SIG",
                                                      "REKEY_FAILED",
                                                      "REASM_LIMIT",
                                                      "RNG_FAIL",
                                                      "CLOCK_BACK",
                                                      "TOO_BIG",
                                                      "PAUSED",
                                                      "NO_SESSION",
                                                      "EVENTS_LOST",
                                                      "PATH_TRIED",
                                                      "PATH_MOVED",
                                                      "PATH_KEPT",
                                                      "PATH_UNPROVEN",
                                                      "IMAGE",
                                                      "FORGERY_LIMIT",
                                                      "FBK_EXPIRED",
                                                      "FBK_REPLAY",
                                                      "FBK_POLICY"};
    return (unsigned)counter < HEAD2_COUNTERS ? names[counter] : "?";
}

const uint64_t *head2_session_counters(const struct head2_session *s)
{
    return s->counters;
}

const char *head2_suite_name(uint16_t suite)
{
    return suite == HEAD2_SUITE_L5        ? "CH2-L5"
           : suite == HEAD2_SUITE_L1X4    ? "CH2-L1X4"
           : suite == HEAD2_SUITE_L5_P384 ? "CH2-L5-P384"
                                          : "none";
}

const char *head2_cause_name(enum head2_cause cause)
{
    static const char *const names[] = {"time", "bytes", "peer", "request", "path"};
    return (unsigned)cause < HEAD2_LEN(names) ? names[cause] : "?";
}

const char *head2_close_reason_name(uint16_t reason)
{
    static const char *const names[] = {"silence",
                                        "normal",
                                        "limit",
                                        "protocol",
                                        "rekey failed",
                                        "rotation not authentic",
                                        "reauthentication required",
                                        "upgraded",
                                        "expired",
                                        "replaced",
                                        "shutdown"};
    return reason < HEAD2_LEN(names) ? names[reason] : "unknown";
}

size_t head2_session_max_payload(const struct head2_session *s, uint32_t peer)
{
    const struct tunnel *t = tunnel_present(s, peer);

    return t == NULL ? 0 : (size_t)t->params.max_dgram - HEAD2_SESSION_OVERHEAD;
}

static void add_totals(struct head2_peer_info *i, const struct tunnel *t)
{
    for (unsigned lane = 0; lane < LANES; lane++) {
        i->tx_packets[lane] += t->tx_packets[lane];
        i->rx_packets[lane] += t->rx_packets[lane];
        i->rx_missing[lane] += tunnel_missing(t, lane);
    }
    for (unsigned c = 0; c < HEAD2_CAUSES; c++)
        i->rotations[c] += t->rotations[c];
    i->ratchets += t->ratchets;
    i->tx_bytes += t->tx_bytes;
    i->rx_bytes += t->rx_bytes;
    i->twins += t->twins;
}

/* Without a fallback session a drone says how long it could have one. */
static uint64_t fallback_left(const struct head2_session *s, const struct tunnel *t, uint64_t at)
{
    uint64_t until = t != NULL && t->fallback ? t->until : 0;

    if (s->config.role == HEAD2_ROLE_DRONE && until == 0 && fallback_newest(s) != NULL)
        until = fallback_newest(s)->until;
    return until > at ? until - at : 0;
}

enum head2_status head2_session_peer_info(const struct head2_session *s, uint64_t now,
                                          uint32_t peer, struct head2_peer_info *i)
{
    memset(i, 0, sizeof *i);
    if (peer >= s->max_peers || !s->peers[peer].used)
        return HEAD2_E_ARG;
    const struct peer *p = &s->peers[peer];
    memcpy(i->tx_packets, p->tx_packets, sizeof i->tx_packets);
    memcpy(i->rx_packets, p->rx_packets, sizeof i->rx_packets);
    memcpy(i->rx_missing, p->rx_missing, sizeof i->rx_missing);
    memcpy(i->rotations, p->rotations, sizeof i->rotations);
    i->ratchets = p->ratchets;
    i->tx_bytes = p->tx_bytes;
    i->rx_bytes = p->rx_bytes;
    i->twins = p->twins;
    for (unsigned n = 0; n < PEER_TUNNELS; n++)
        if (p->tunnel[n] != INDEX_NONE)
            add_totals(i, &s->tunnels[p->tunnel[n]]);
    const struct tunnel *t = tunnel_present(s, peer);
    uint64_t at = now > s->now ? now : s->now;
    i->fallback_left_us = fallback_left(s, t, at);
    if (t == NULL)
        return HEAD2_OK;
    i->fallback = t->fallback;
    i->up = true;
    i->suspect = t->suspect;
    i->suite = t->suite;
    i->gen = epoch_gen(t->tx.epoch);
    i->step = epoch_step(t->tx.epoch);
    i->address = t->address;
    memcpy(i->pseudonym, t->pseudonym, sizeof i->pseudonym);
    i->up_us = at - t->up_since;
    i->epoch_us = at - t->tx.started;
    i->epoch_bytes = epoch_bytes(t);
    i->rotate_us = (uint64_t)t->params.rot_seconds * SECOND;
    i->rotate_bytes = t->params.rot_bytes;
    i->heard_us = at - t->heard;
    i->lag_us = at - t->fresh;
    i->handshake_us = t->handshake_us;
    i->handshake_bytes = t->handshake_bytes;
    return HEAD2_OK;
}
