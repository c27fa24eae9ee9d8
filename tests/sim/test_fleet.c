/*
 * A thousand drones and their gateway, five times: all come at once, talk through rotations on a
 * poor network, lose the gateway to a crash, and all find it again.
 */
#include "sim/sim.h"

#ifdef HEAD2_CHECKED
#define FLEETS 1
#define DRONES 200
#else
#define FLEETS 5
#define DRONES 1000
#endif

static uint64_t slowest, rotations, delivered;

static void everybody_talks(struct sim *w, uint64_t until)
{
    while (w->now < until) {
        sim_run(w, w->now + 10 * MS);
        for (unsigned i = 0; i < DRONES / 50; i++) {
            const uint32_t drone = 1 + (uint32_t)sim_below(w, DRONES);
            const bool up = sim_chance(w, 0.5);
            sim_say(w, up ? drone : SIM_GATEWAY, up ? SIM_GATEWAY : drone, (uint8_t)sim_below(w, 4),
                    4 + sim_below(w, 400));
        }
    }
}

static void fleet(uint64_t seed)
{
    static struct sim w;

    sim_open(&w, seed, DRONES);
    w.rotate_seconds = 5 + (uint32_t)sim_below(&w, 2);
    for (uint32_t i = 0; i < w.n; i++)
        sim_start(&w, i);
    (void)sim_heal(&w);
    w.loss = 0.05;
    w.duplicate = 0.02;
    w.corrupt = 0.01;
    w.jitter = 60 * MS;
    everybody_talks(&w, w.now + (w.rotate_seconds + 1) * SECOND_US);
    sim_kill(&w, SIM_GATEWAY);
    w.end[SIM_GATEWAY].random = w.end[SIM_GATEWAY].first_random; /* as from a snapshot */
    everybody_talks(&w, w.now + SECOND_US);
    sim_start(&w, SIM_GATEWAY);
    const uint64_t took = sim_heal(&w);
    slowest = took > slowest ? took : slowest;
    for (uint32_t i = 1; i < w.n; i++)
        SIM_CHECK(&w, w.end[i].rotations >= 1 && w.end[i].ups >= 2);
    rotations += w.end[SIM_GATEWAY].rotations;
    delivered += w.delivered;
    sim_close(&w);
}

static void fleets(void)
{
    const char *given = getenv("HEAD2_SEED");

    for (uint64_t seed = 1; seed <= FLEETS; seed++)
        fleet(given != NULL ? strtoull(given, NULL, 10) : seed);
    printf(
        "    %d fleets of %d drones: %llu plaintexts delivered, %llu rotations; slowest return of "
        "a whole fleet %.1f s\n",
        FLEETS, DRONES, (unsigned long long)delivered, (unsigned long long)rotations,
        (double)slowest / 1e6);
}

int main(void)
{
    RUN(fleets);
    return check_failures != 0;
}
