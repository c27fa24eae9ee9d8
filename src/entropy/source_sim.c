/* see entropy/source_sim.h */
#include "entropy/source_sim.h"

#include <stdlib.h>

enum { SHOTS = 256 /* at a time */ };

const struct head2_entropy_source source_sim = {
    .name = SOURCE_SIM_NAME,
    .kind = HEAD2_ENTROPY_ADDITIONAL,
    .h = 0,
    .credit = SOURCE_SIM_CREDIT,
};

enum head2_status source_sim_push(struct qsim *sim, unsigned id, size_t n)
{
    enum head2_status st = HEAD2_OK;
    uint32_t shots[SHOTS];
    uint8_t samples[SHOTS];

    while (n > 0) {
        const size_t batch = n < SHOTS ? n : SHOTS;
        HEAD2_TRY(qsim_shots(sim, shots, batch, &qsim_random_library));
        for (size_t i = 0; i < batch; i++) {
            if (shots[i] > UINT8_MAX)
                HEAD2_TRY(HEAD2_E_ARG);
            samples[i] = (uint8_t)shots[i];
        }
        HEAD2_TRY(head2_entropy_offer(id, samples, batch));
        n -= batch;
    }
done:
    head2_wipe(shots, sizeof shots);
    head2_wipe(samples, sizeof samples);
    return st;
}

/* ---- for the feeder ---- */

enum { QUBITS = 8, EVERY_MS = 10000, EACH = 64 };

struct sim_source {
    struct feeder_source base;
    struct qsim_operation operation[2 * QUBITS];
    struct qsim *sim;
};

static void run(struct feeder_source *s, uint64_t now, const struct feeder_level *level)
{
    const struct sim_source *sim = (const struct sim_source *)s;
    /* without randomness there are no draws, and nobody misses the shots */
    const enum head2_status st = source_sim_push(sim->sim, s->id, EACH);

    (void)st;
    (void)level;
    s->at = now + EVERY_MS;
}

static void free_source(struct feeder_source *s)
{
    qsim_free(((struct sim_source *)s)->sim);
    free(s);
}

static const struct feeder_ops ops = {run, free_source};

enum head2_status source_sim_new(struct feeder_source **out)
{
    struct sim_source *s = calloc(1, sizeof *s);
    enum head2_status st;

    *out = NULL;
    if (s == NULL)
        return HEAD2_E_MEMORY;
    s->base.ops = &ops;
    for (uint8_t i = 0; i < QUBITS; i++) {
        s->operation[i] = (struct qsim_operation){.gate = QSIM_H, .qubit = {i}};
        s->operation[QUBITS + i] =
            (struct qsim_operation){.gate = QSIM_MEASURE, .qubit = {i}, .bit = i};
    }
    const struct qsim_circuit circuit = {QUBITS, QUBITS, 2 * (size_t)QUBITS, s->operation};
    HEAD2_TRY(qsim_new(&s->sim, &circuit, NULL));
    HEAD2_TRY(feeder_register(&s->base, &source_sim));
    *out = &s->base;
done:
    if (st != HEAD2_OK)
        free_source(&s->base);
    return st;
}
