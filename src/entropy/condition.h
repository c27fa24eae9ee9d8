/*
 * Conditioning, in the accountant's sense: how much entropy comes out of what goes in.
 */
#ifndef HEAD2_ENTROPY_CONDITION_H
#define HEAD2_ENTROPY_CONDITION_H

#include "base/base.h"

enum { CONDITION_SHA3_512_BITS = 512 }; /* n_out and nw of the vetted conditioner used here */

struct condition_entropy {
    double bits;       /* h_out */
    double short_log2; /* log2 of what is missing, as a share of n: h_out = n (1 - 2^short_log2) */
};

/**
 * condition_output_entropy - Output_Entropy of SP 800-90B, 3.1.5.1.2, for a vetted component.
 *
 * n_in, n_out, nw  bits of the input, of the output, and of its narrowest internal width
 * h_in             min-entropy of the input in bits, 1 to n_in
 *
 * h_in + 64 bits for each n_out give full entropy but for 2^-64; as many as n_out do not. What is
 * out of range (a zero, h_in below 1 or above n_in) gives 0 bits.
 */
struct condition_entropy condition_output_entropy(unsigned n_in, unsigned n_out, unsigned nw,
                                                  double h_in);

/**
 * condition_von_neumann - unbias raw bits: of each pair, 01 gives 0, 10 gives 1, others nothing.
 *
 * bits  n samples of one bit each (0 or 1); the results take their place
 *
 * Returns how many there are, at most n / 2. To be used after the health tests, never before.
 */
size_t condition_von_neumann(uint8_t *bits, size_t n);

/**
 * condition_von_neumann_credit - what the result may be credited, in bits (SP 800-90B, 3.1.5.2).
 *
 * credit    of the samples that went in
 * n_in      how many these were
 * n_out     how many came out
 * assessed  min-entropy per bit as assessed on results
 *
 * Never more than credit, whatever was assessed.
 */
double condition_von_neumann_credit(double credit, size_t n_in, size_t n_out, double assessed);

#endif
