/*
 * XDRBG-256: a generator of SHAKE256 alone (Kelsey, Lucks, Müller: "XDRBG: A Proposed Deterministic
 * Random Bit Generator Based on Any XOF", IACR ToSC 2024/1). It is not in SP 800-90A; it stands
 * beside CTR_DRBG as one that shares no weakness with it. Strength 256.
 *
 * It is asked as ctr_drbg.h is: the same source and the same policies.
 */
#ifndef HEAD2_ENTROPY_XDRBG_H
#define HEAD2_ENTROPY_XDRBG_H

#include "entropy/ctr_drbg.h"

enum {
    XDRBG_STATE = 64,             /* bytes of V */
    XDRBG_MAX_ADDITIONAL = 84,    /* bytes of alpha */
    XDRBG_MAX_REQUEST = 208,      /* bytes: what two blocks of SHAKE256 have beside the next V */
    XDRBG_INSTANTIATE_BITS = 384, /* H_init: 3/2 of the strength */
    XDRBG_RESEED_BITS = 256,
};

struct xdrbg {
    uint8_t v[XDRBG_STATE];
    uint64_t requests; /* 1 after a reseed; 0 when there is no state */
    uint64_t bytes;    /* given since the reseed */
    uint64_t reseeds;  /* for reports */
    struct ctr_drbg_policy policy;
    struct ctr_drbg_source source;
};

/**
 * xdrbg_instantiate - a new state from XDRBG_INSTANTIATE_BITS of the source's entropy.
 *
 * personalization  at most XDRBG_MAX_ADDITIONAL bytes
 *
 * Returns as ctr_drbg_instantiate. On error there is no state.
 */
HEAD2_CHECK enum head2_status xdrbg_instantiate(struct xdrbg *d, struct ctr_drbg_source source,
                                                struct ctr_drbg_policy policy,
                                                struct ctr_drbg_input personalization);

/** xdrbg_reseed - as ctr_drbg_reseed, with at most XDRBG_MAX_ADDITIONAL bytes. */
HEAD2_CHECK enum head2_status xdrbg_reseed(struct xdrbg *d, struct ctr_drbg_input additional);

/**
 * xdrbg_generate - fill out with len bytes, as ctr_drbg_fill does: XDRBG_MAX_REQUEST at a time,
 * reseeding where the policy says so.
 *
 * fresh       reseed before the first of them
 * additional  at most XDRBG_MAX_ADDITIONAL bytes, for the first of them
 */
HEAD2_CHECK enum head2_status xdrbg_generate(struct xdrbg *d, void *out, size_t len, bool fresh,
                                             struct ctr_drbg_input additional);

/** xdrbg_uninstantiate - wipe all of it. */
void xdrbg_uninstantiate(struct xdrbg *d);

#endif
