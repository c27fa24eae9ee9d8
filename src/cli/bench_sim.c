/*
 * Rows of the circuit simulator: what it computes is no entropy, and how fast it is not a rate of
 * any.
 */
#include "cli/bench.h"
#include "entropy/qsim.h"

#include <stdlib.h>

enum { SHOTS = 4096 };

static enum head2_status layer(void *arg)
{
    struct qsim_state *s = arg;

    for (unsigned q = 0; q < s->qubits; q++)
        qsim_state_apply(s, &(struct qsim_operation){.gate = QSIM_H, .qubit = {(uint8_t)q}});
    return HEAD2_OK;
}

static enum head2_status shots(void *arg)
{
    static uint32_t shot[SHOTS];

    return qsim_shots(arg, shot, SHOTS, &qsim_random_library);
}

static void largest(struct bench *b)
{
    double *amplitude = malloc(2 * sizeof *amplitude << QSIM_QUBITS);

    if (amplitude == NULL) {
        b->st = HEAD2_E_MEMORY;
        return;
    }
    struct qsim_state s = {QSIM_QUBITS, amplitude, amplitude + ((size_t)1 << QSIM_QUBITS)};
    qsim_state_clear(&s);
    bench_measure(b, &(struct bench_row){
                         .name = "simulator: H on each of 20 qubits", .op = layer, .arg = &s});
    free(amplitude);
}

void bench_simulator(struct bench *b)
{
    struct qsim_operation op[16];
    const struct qsim_circuit circuit = {8, 8, HEAD2_LEN(op), op};
    struct qsim *sim;

    for (uint8_t q = 0; q < 8; q++) {
        op[q] = (struct qsim_operation){.gate = QSIM_H, .qubit = {q}};
        op[8 + q] = (struct qsim_operation){.gate = QSIM_MEASURE, .qubit = {q}, .bit = q};
    }
    largest(b);
    if (b->st == HEAD2_OK)
        b->st = qsim_new(&sim, &circuit, NULL);
    if (b->st != HEAD2_OK)
        return;
    bench_measure(
        b, &(struct bench_row){
               .name = "simulator: a shot of 8 qubits", .op = shots, .arg = sim, .items = SHOTS});
    qsim_free(sim);
}
