/*
 * A simulator of small quantum circuits: the whole state vector, up to 20 qubits, in doubles.
 *
 * What it gives is computed and not measured: its shots are a function of the draws that it is
 * given, and hold no entropy beyond theirs (docs/simulator.md). It is here because the distribution
 * of its shots is known exactly, which that of no real source is.
 *
 * Nothing here reads a file, a clock or randomness. Draws come from the caller.
 */
#ifndef HEAD2_ENTROPY_QSIM_H
#define HEAD2_ENTROPY_QSIM_H

#include "base/base.h"

#include <head2/hash.h>

#define QSIM_QUBITS     20 /* 16 MiB of amplitudes */
#define QSIM_BITS       20 /* classical ones */
#define QSIM_OPERATIONS 65536

enum qsim_gate {
    QSIM_H,
    QSIM_X,
    QSIM_Y,
    QSIM_Z,
    QSIM_S,
    QSIM_SDG,
    QSIM_T,
    QSIM_TDG,
    QSIM_RX, /* with an angle */
    QSIM_RY,
    QSIM_RZ,
    QSIM_CX, /* qubit[0] controls qubit[1] */
    QSIM_CZ,
    QSIM_SWAP,
    QSIM_MEASURE, /* qubit[0] into bit */
    QSIM_RESET    /* qubit[0] to 0 */
};

struct qsim_operation {
    enum qsim_gate gate;
    uint8_t qubit[2];
    uint8_t bit;
    double angle; /* radians */
};

struct qsim_circuit {
    unsigned qubits; /* 1 to QSIM_QUBITS; all begin as 0 */
    unsigned bits;   /* at most QSIM_BITS; those that nothing is measured into stay 0 */
    size_t n;        /* at most QSIM_OPERATIONS */
    const struct qsim_operation *operation;
};

/* How often a measurement is written down wrongly. */
struct qsim_readout {
    double p01; /* a 0 as 1 */
    double p10; /* a 1 as 0 */
};

/* Where draws come from: n uniform words, all of whose bits count. */
struct qsim_random {
    enum head2_status (*draw)(void *arg, uint64_t *words, size_t n);
    void *arg;
};

/* ---- the state ---- */

/* Amplitude of basis state k, where qubit q is bit q of k, is re[k] + i im[k]. */
struct qsim_state {
    unsigned qubits;
    double *re, *im; /* of 2^qubits each, the caller's */
};

/* All qubits 0. */
void qsim_state_clear(struct qsim_state *s);

/* Any gate; not QSIM_MEASURE or QSIM_RESET. Qubits are below s->qubits, and two of them differ. */
void qsim_state_apply(struct qsim_state *s, const struct qsim_operation *op);

/* The chance that a measurement of the qubit gives 1. */
double qsim_state_one(const struct qsim_state *s, unsigned qubit);

/* Measure: 1 when draw, in [0, 1), is below that chance. The state collapses to what was seen. */
bool qsim_state_measure(struct qsim_state *s, unsigned qubit, double draw);

/* ---- shots of a circuit ---- */

struct qsim;

/**
 * qsim_new - make a circuit ready for shots.
 *
 * circuit  its operations must stay valid as long as *sim does
 * readout  NULL: without error
 *
 * When all measurements are at the end (no qubit is used after it was measured, no bit is written
 * twice, and only qubits that are still 0 are reset), the circuit is run once, here, and shots are
 * sampled from its distribution; else it is run for each shot. One allocation: 16 bytes for each of
 * 2^qubits states, and 16 KiB.
 *
 * Returns HEAD2_OK, HEAD2_E_ARG (a number out of its range, or one qubit twice in a gate),
 * HEAD2_E_MEMORY. Free *sim with qsim_free.
 */
HEAD2_CHECK enum head2_status qsim_new(struct qsim **sim, const struct qsim_circuit *circuit,
                                       const struct qsim_readout *readout);
void qsim_free(struct qsim *sim);

/* Whether the distribution of shots is known: all measurements are at the end. */
bool qsim_is_known(const struct qsim *sim);

/* The chance of an outcome, readout error included; the circuit must be one that is known. */
double qsim_probability(const struct qsim *sim, uint32_t outcome);

/* Min-entropy of an outcome, were nature to measure it: -log2 of the greatest chance. */
double qsim_min_entropy(const struct qsim *sim);

/**
 * qsim_shots - run the circuit n times.
 *
 * shots  receives the classical bits of each run, bit i of the circuit as bit i
 *
 * The same draws give the same shots; a shot takes one draw when the distribution is known, and
 * otherwise one for each measurement (two with readout error) and each reset. Returns HEAD2_OK or
 * what drawing said; shots are then all 0.
 */
HEAD2_CHECK enum head2_status qsim_shots(struct qsim *sim, uint32_t *shots, size_t n,
                                         const struct qsim_random *random);

/* ---- draws ---- */

/* The library's generator. */
extern const struct qsim_random qsim_random_library;

/* A stream that depends on a number alone: SHAKE128 of it. */
struct qsim_seeded {
    struct head2_keccak stream;
};
void qsim_seeded_init(struct qsim_seeded *s, uint64_t seed);
/* Draws from s, which must stay valid. */
struct qsim_random qsim_seeded_random(struct qsim_seeded *s);

/* A word as a number in [0, 1): its upper 53 bits. */
static inline double qsim_unit(uint64_t word)
{
    return (double)(word >> 11) * 0x1p-53;
}

#endif
