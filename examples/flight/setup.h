/*
 * The two processes under test: their keys and configuration, starting and stopping, what they say
 * of themselves, attacks on their session, and the artifacts that remain.
 */
#ifndef HEAD2_EXAMPLES_SETUP_H
#define HEAD2_EXAMPLES_SETUP_H

#include "flight.h"

#define SWITCHES 4096

struct setup {
    const char *program;
    char dir[512];
    uint16_t port;
    pid_t gateway, link, second;
    /* measured */
    double handshake_ms;
    unsigned handshake_bytes, by_bytes, by_time, ratchets;
    uint64_t gateway_rss_kib;
    double gateway_cpu;
    double switches[SWITCHES]; /* wall clock of everything that a rotation does */
    unsigned n_switches;
    bool tampered_refused, replayed_refused;
    unsigned receipts;
    size_t receipt_bytes;
    bool receipts_verified, gpx_verified, gpx_change_found;
    double keygen_ms, sign_ms, verify_ms, encaps_ms;
};

bool setup_folder(struct setup *s);
bool setup_start(struct setup *s, struct traffic *t);
/* Read what the processes have cost so far. */
void setup_sample(struct setup *s);
/* A second drone flies through a relay that alters and repeats its packets. */
void setup_attack(struct setup *s);
void setup_stop(struct setup *s);
/* Receipts, signed flight path, timings of the primitives. */
void setup_artifacts(struct setup *s, const char *gpx);
void setup_remove(struct setup *s);
/* Whether a rotation was being prepared or carried out at this moment. */
bool setup_in_rotation(const struct setup *s, double at);

#endif
