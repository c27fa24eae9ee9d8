/*
 * Histories in which the gateway dies or falls silent and a node takes over: of two drones, each of
 * another seed, with machines that crash, disks that fail, a network that is bad, an attacker who
 * repeats what he hears, and keys that end in the middle. See sim.h and standby.h for what must
 * hold.
 */
#include "sim/standby.h"

#define HISTORIES 300
#define DRONES    2

static uint64_t total_delivered, slowest;

/* The attacker repeats, reflects and alters what he has heard. */
static void attack(struct sim *w)
{
    const struct sim_heard *h = &w->heard[sim_below(w, SIM_HEARD)];
    struct head2_address from = w->end[h->from].address;
    uint8_t bytes[SIM_BYTES];

    if (h->len == 0 || h->to == UINT32_MAX)
        return;
    memcpy(bytes, h->bytes, h->len);
    if (sim_chance(w, 0.3))
        bytes[sim_below(w, h->len)] ^= (uint8_t)(1 << sim_below(w, 8));
    if (sim_chance(w, 0.2))
        from = sim_address((uint32_t)(100 + sim_below(w, 100)));
    sim_post(w, &from, (uint32_t)sim_below(w, w->n), bytes, h->len, sim_below(w, 50 * MS));
}

static void toggle(struct sim *w, uint32_t i, double crash)
{
    struct sim_end *end = &w->end[i];

    if (end->s == NULL) {
        sim_start(w, i);
    } else if (sim_chance(w, crash)) {
        sim_kill(w, i);
        standby.fresh_at[i] = 0; /* it counts anew */
        if (sim_chance(w, 0.5))
            sim_start(w, i);
    } else {
        end->cut = !end->cut;
    }
}

static void disturb(struct sim *w)
{
    if (sim_chance(w, 0.5))
        attack(w);
    if (sim_chance(w, 0.02))
        toggle(w, SIM_GATEWAY, 0.5);
    if (sim_chance(w, 0.008))
        toggle(w, w->node, 0.7);
    if (sim_chance(w, 0.004))
        toggle(w, 1 + (uint32_t)sim_below(w, DRONES), 0.8);
    if (sim_chance(w, 0.02))
        standby_carry(w);
    if (sim_chance(w, 0.005))
        sim_move(w, 1 + (uint32_t)sim_below(w, DRONES));
    if (sim_chance(w, 0.005))
        sim_resume(w, 1 + (uint32_t)sim_below(w, DRONES));
}

static void talk(struct sim *w)
{
    const uint32_t drone = 1 + (uint32_t)sim_below(w, DRONES);
    const uint32_t server = sim_chance(w, 0.5) ? sim_server(w, drone) : SIM_GATEWAY;
    struct head2_peer_info p;
    const bool up = sim_chance(w, 0.5);

    if (!up && server == w->node && !sim_info(w, server, drone, &p))
        return; /* the node does not know the drone */
    sim_say(w, up ? drone : server, up ? server : drone, (uint8_t)sim_below(w, 4),
            4 + sim_below(w, 200));
}

/* The gateway is dead, the rest is well: everybody is at the node, and can be told to come home. */
static void check_takeover(struct sim *w)
{
    struct head2_peer_info d, n;
    const uint64_t begin = w->now;

    for (uint32_t i = 1; i <= w->node; i++) {
        w->end[i].cut = false;
        if (w->end[i].s == NULL)
            sim_start(w, i);
    }
    standby_carry(w);
    if (w->end[SIM_GATEWAY].s != NULL)
        sim_kill(w, SIM_GATEWAY);
    w->loss = w->duplicate = w->corrupt = 0;
    w->jitter = 0;
    standby.fails = 0;
    standby_run(w, w->now + 300 * MS); /* a machine that was resumed has noticed it */
    bool all;
    do {
        standby_run(w, w->now + 100 * MS);
        all = true;
        for (uint32_t i = 1; i <= DRONES; i++)
            all = all && sim_info(w, i, SIM_GATEWAY, &d) && d.fallback && !d.suspect &&
                  sim_info(w, w->node, i, &n) && n.fallback && n.lag_us < SECOND_US &&
                  sim_same(&n.address, &w->end[i].address) &&
                  memcmp(d.pseudonym, n.pseudonym, sizeof d.pseudonym) == 0;
        SIM_CHECK(w, w->now - begin < 60 * SECOND_US);
    } while (!all);
    const uint32_t before = w->messages;
    for (uint32_t i = 1; i <= DRONES; i++) {
        for (uint8_t lane = 0; lane < 4; lane += 3) {
            sim_say(w, i, w->node, lane, 40);
            sim_say(w, w->node, i, lane, 40);
        }
    }
    standby_run(w, w->now + 200 * MS);
    SIM_CHECK(w, w->messages >= before + 3 * DRONES); /* one command of two is not allowed */
    for (uint32_t i = before; i < w->messages; i++)
        SIM_CHECK(w, w->message[i].times == 1);
}

static void check_home(struct sim *w)
{
    struct head2_peer_info n;
    const uint64_t took = sim_heal(w);

    slowest = took > slowest ? took : slowest;
    standby_run(w, w->now + 16 * SECOND_US); /* a drone that crashed has not said good-bye */
    for (uint32_t i = 1; i <= DRONES; i++)
        SIM_CHECK(w, !sim_info(w, w->node, i, &n)); /* nobody is left at the node */
}

static void history(uint64_t seed)
{
    static struct sim w;
    const bool ends = seed % 4 == 0; /* keys end in the middle of it */

    standby_open(&w, seed, DRONES, ends ? 15 + (uint32_t)(seed % 40) : 0);
    w.rotate_seconds = 5 + (uint32_t)sim_below(&w, 25);
    for (uint32_t i = 0; i < w.n; i++)
        sim_start(&w, i);
    standby_run(&w, w.now + 3 * SECOND_US);
    standby_carry(&w);
    standby.fails = sim_chance(&w, 0.5) ? 0.1 : 0;
    w.delay = sim_below(&w, 40 * MS);
    if (sim_chance(&w, 0.5)) {
        w.loss = (double)sim_below(&w, 15) / 100;
        w.duplicate = (double)sim_below(&w, 10) / 100;
        w.corrupt = (double)sim_below(&w, 5) / 100;
        w.jitter = sim_below(&w, 80 * MS);
    }
    const uint64_t until = w.now + (20 + sim_below(&w, 60)) * SECOND_US;
    while (w.now < until) {
        standby_run(&w, w.now + sim_below(&w, 200 * MS));
        talk(&w);
        disturb(&w);
    }
    if (!ends)
        check_takeover(&w);
    check_home(&w);
    total_delivered += w.delivered;
    sim_close(&w);
}

static void takeovers(void)
{
    const char *given = getenv("HEAD2_SEED"), *soak = getenv("HEAD2_SOAK");
#ifdef HEAD2_CHECKED
    const uint64_t n = HISTORIES / 10;
#else
    const uint64_t n = soak != NULL ? 20 * HISTORIES : HISTORIES;
#endif

    (void)soak;
    if (given != NULL) {
        history(strtoull(given, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= n; seed++)
        history(seed);
    printf("    %llu histories: %llu plaintexts delivered, %llu keys issued, %llu taken, %llu "
           "sessions with the node, %llu given back, %llu expired, %llu counters refused; slowest "
           "way home %.1f s\n",
           (unsigned long long)n, (unsigned long long)total_delivered,
           (unsigned long long)standby.issued, (unsigned long long)standby.taken,
           (unsigned long long)standby.entered, (unsigned long long)standby.upgraded,
           (unsigned long long)standby.expired, (unsigned long long)standby.replays,
           (double)slowest / 1e6);
    CHECK(standby.issued > 2 * n && standby.taken > 2 * n && standby.entered > 2 * n);
    CHECK(standby.upgraded > n && standby.expired > n / 40);
    free(standby.key);
}

int main(void)
{
    RUN(takeovers);
    return check_failures != 0;
}
