/* see entropy/source_sim.h */
#include "entropy/source_sim.h"

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
