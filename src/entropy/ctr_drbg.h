/*
 * CTR_DRBG of SP 800-90A Rev. 1 (10.2.1) with AES-256: security strength 256.
 *
 * The layer below accounts and sources: it asks a callback for entropy when it instantiates, when a
 * caller wants prediction resistance and when its policy says that a reseed is due. It has no lock
 * and no clock; each thread has its own, and whoever wants a reseed by time asks for one.
 */
#ifndef HEAD2_ENTROPY_CTR_DRBG_H
#define HEAD2_ENTROPY_CTR_DRBG_H

#include "entropy/aes256.h"

enum {
    CTR_DRBG_MAX_REQUEST = 1 << 16, /* bytes: 2^19 bits, SP 800-90A, Table 3 */
    /* of each input string. The standard allows 2^32 bytes; nobody here has a use for them */
    CTR_DRBG_MAX_INPUT = 1 << 16,
    CTR_DRBG_MAX_ENTROPY = 256,      /* bytes that the callback may give at once */
    CTR_DRBG_INSTANTIATE_BITS = 384, /* 3/2 of the strength: for the nonce too, 8.6.7 */
    CTR_DRBG_RESEED_BITS = 256,
};

/*
 * Get_entropy_input: fill out with a string that has at least bits bits of min-entropy, and set
 * *len, which is its capacity on entry. Without derivation function it must be 48 bytes of full
 * entropy. It must be new each time it is asked for: that is what prediction resistance means.
 */
struct ctr_drbg_source {
    enum head2_status (*get)(void *arg, unsigned bits, uint8_t *out, size_t *len);
    void *arg;
};

/* When a reseed is due. What comes first counts. */
struct ctr_drbg_policy {
    uint64_t requests; /* at most 2^48, SP 800-90A, Table 3 */
    uint64_t bytes;    /* at least 1; a request may not be longer */
};

/* SP 800-90C's bound of 2^17 bits of output for a reseed, and SP 800-90A's of 2^48 requests. */
extern const struct ctr_drbg_policy ctr_drbg_strict, ctr_drbg_90a;

struct ctr_drbg {
    struct aes256_state st;
    uint64_t requests; /* reseed_counter: 1 after a reseed; 0 when there is no state */
    uint64_t bytes;    /* given since the reseed */
    uint64_t reseeds;  /* for reports */
    struct ctr_drbg_policy policy;
    struct ctr_drbg_source source;
    bool df;
};

struct ctr_drbg_input {
    const void *p; /* may be NULL when len is 0 */
    size_t len;
};

/**
 * ctr_drbg_instantiate - a new state from CTR_DRBG_INSTANTIATE_BITS of the source's entropy.
 *
 * df     whether to use the derivation function (10.3.2). Without it there is no nonce, and
 *        personalization and each additional input have at most 48 bytes
 * nonce  may be empty: the entropy input then stands for it, see 8.6.7
 *
 * Returns HEAD2_OK; HEAD2_E_ARG for a policy or an input out of bounds; what the source returned;
 * HEAD2_E_ENTROPY for a string of the source that has not the length it must have. On error there
 * is no state.
 */
HEAD2_CHECK enum head2_status ctr_drbg_instantiate(struct ctr_drbg *d, bool df,
                                                   struct ctr_drbg_source source,
                                                   struct ctr_drbg_policy policy,
                                                   struct ctr_drbg_input nonce,
                                                   struct ctr_drbg_input personalization);

/**
 * ctr_drbg_reseed - add CTR_DRBG_RESEED_BITS of the source's entropy, and additional, to the state.
 *
 * Returns as ctr_drbg_instantiate, or HEAD2_E_STATE without a state. On error the state is what it
 * was.
 */
HEAD2_CHECK enum head2_status ctr_drbg_reseed(struct ctr_drbg *d, struct ctr_drbg_input additional);

/**
 * ctr_drbg_generate - fill out with len bytes.
 *
 * len         at most CTR_DRBG_MAX_REQUEST and the policy's bytes, else HEAD2_E_LIMIT
 * fresh       prediction resistance: reseed before
 * additional  may be empty
 *
 * A reseed that is due comes first; when it fails, so does the request, and out is all zero. The
 * state that made the output is gone when this returns (backtracking resistance).
 */
HEAD2_CHECK enum head2_status ctr_drbg_generate(struct ctr_drbg *d, void *out, size_t len,
                                                bool fresh, struct ctr_drbg_input additional);

/**
 * ctr_drbg_fill - ctr_drbg_generate for any length: as many requests as it takes. fresh is for the
 * first of them.
 */
HEAD2_CHECK enum head2_status ctr_drbg_fill(struct ctr_drbg *d, void *out, size_t len, bool fresh);

/** ctr_drbg_uninstantiate - wipe all of it. */
void ctr_drbg_uninstantiate(struct ctr_drbg *d);

#endif
