/*
 * What a simulated quantum random number generator is worth: its seed is found from its shots.
 *
 * Qiskit Aer draws one number for each shot from std::mt19937_64, seeded with 32 bits, by
 * std::uniform_real_distribution (Qiskit/qiskit-aer, src/framework/rng.hpp and circuit.hpp). Eight
 * Hadamard gates make a shot of the upper eight bits of that number.
 */
#ifndef HEAD2_ENTROPY_QSIM_ATTACK_H
#define HEAD2_ENTROPY_QSIM_ATTACK_H

#include "base/base.h"

enum { MT64_WORDS = 312 };

/* std::mt19937_64 (Matsumoto and Nishimura, 2000) */
struct mt64 {
    uint64_t word[MT64_WORDS];
    unsigned at;
};

void mt64_seed(struct mt64 *g, uint64_t seed);
uint64_t mt64_next(struct mt64 *g);

/* std::uniform_real_distribution<double>(0, 1) of libstdc++ */
double mt64_unit(struct mt64 *g);

/* The next n shots of 8 qubits, each after a Hadamard gate. */
void qsim_attack_shots(struct mt64 *g, uint8_t *shots, size_t n);

/**
 * qsim_attack_search - look for the seed that such shots come from.
 *
 * shots  the first n of a job, n at least 2; 8 tell seeds of 32 bits apart
 * found  receives the seed
 *
 * Tries `count` seeds from `from` on and stops at the first whose n shots are these; returns how
 * many it has tried, and sets *found_one. A seed whose first draw lies within 2^-45 below a
 * boundary between outcomes is passed over.
 */
uint64_t qsim_attack_search(const uint8_t *shots, size_t n, uint64_t from, uint64_t count,
                            uint64_t *found, bool *found_one);

#endif
