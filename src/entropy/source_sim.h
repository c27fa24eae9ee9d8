/*
 * The circuit simulator as a source of additional input: credited nothing, by construction.
 *
 * Its draws come from head2_random, so it cannot be read while a generator is being seeded. It is
 * a source that offers: whoever wants its shots mixed in pushes them.
 */
#ifndef HEAD2_ENTROPY_SOURCE_SIM_H
#define HEAD2_ENTROPY_SOURCE_SIM_H

#include "entropy/feeder.h"
#include "entropy/qsim.h"

#include <head2/entropy.h>

/* What its shots are credited. A constant of the type, which no configuration can raise. */
enum { SOURCE_SIM_CREDIT = 0 };
#define SOURCE_SIM_NAME  "simulated"
#define SOURCE_SIM_LABEL "simulated, 0 bits credited"

/* What the library is told of it: an additional source of bytes without a claim. */
extern const struct head2_entropy_source source_sim;

/**
 * source_sim_push - let n shots of a circuit of at most 8 classical bits be mixed in from the next
 * reseed on.
 *
 * id  as head2_entropy_add gave it for source_sim
 *
 * Not from within a source's read function. Returns HEAD2_OK, HEAD2_E_ARG, HEAD2_E_ENTROPY.
 */
HEAD2_CHECK enum head2_status source_sim_push(struct qsim *sim, unsigned id, size_t n);

/* For the feeder: 64 shots of 8 qubits with a Hadamard gate each, every ten seconds. HEAD2_OK,
 * HEAD2_E_MEMORY, or as feeder_register. */
HEAD2_CHECK enum head2_status source_sim_new(struct feeder_source **out);

#endif
