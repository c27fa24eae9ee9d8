/*
 * A generator of either design, as a thread has one: what is asked of both, and the known answers
 * of both.
 */
#ifndef HEAD2_ENTROPY_GENERATOR_H
#define HEAD2_ENTROPY_GENERATOR_H

#include "entropy/xdrbg.h"

#include <head2/entropy.h>

struct generator {
    enum head2_generator kind;
    union {
        struct ctr_drbg ctr;
        struct xdrbg xof;
    } u;
};

HEAD2_CHECK enum head2_status generator_instantiate(struct generator *g, enum head2_generator kind,
                                                    struct ctr_drbg_source source,
                                                    struct ctr_drbg_policy policy);
/* Any length; fresh: reseed before. */
HEAD2_CHECK enum head2_status generator_fill(struct generator *g, void *out, size_t len,
                                             bool fresh);
void generator_uninstantiate(struct generator *g);

/**
 * generators_known_answers - SHA3-512, and a life of each generator (instantiate, generate, reseed,
 * generate), against values computed elsewhere.
 *
 * Returns HEAD2_OK or HEAD2_E_HEALTH; the latter also when they were wrong before.
 */
HEAD2_CHECK enum head2_status generators_known_answers(void);

/** generators_checked - the same, computed the first time alone. */
HEAD2_CHECK enum head2_status generators_checked(void);

#endif
