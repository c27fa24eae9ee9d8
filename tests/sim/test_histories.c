/*
 * Ten thousand histories of two drones and their gateway, each of another seed and of a kind that
 * it draws: what the network does, who crashes and comes back, whose clock jumps, and what an
 * attacker adds. See sim.h for what must hold in all of them.
 */
#include "sim/sim.h"

#define HISTORIES 10000
#define EVENTS    2000
#define DRONES    2
/* A move takes a second; who moves faster than he is found has to begin anew. */
#define ROAM_EVERY (5 * SECOND_US / 2)

enum trouble {
    ATTACKED = 1,
    LOSSY = 2,
    PARTITIONS = 4,
    CRASHES = 8,
    CLOCKS = 16,
    ROAMS = 32,    /* drones change their addresses */
    RACED = 64,    /* a relay is quicker than the path */
    RELAYED = 128, /* and answers for the drone */
    RESUMED = 256  /* machines go on from snapshots */
};

struct kind {
    const char *name;
    unsigned what; /* of enum trouble */
    bool bulk;
};

static const struct kind kinds[] = {
    {"attacked",        ATTACKED,           false},
    {"lossy",           LOSSY,              false},
    {"partitioned",     LOSSY | PARTITIONS, false},
    {"restarted",       ATTACKED | CRASHES, false},
    {"clocks",          CLOCKS,             false},
    {"bulk",            LOSSY,              true },
    {"bulk, attacked",  ATTACKED,           true },
    {"roaming",         ROAMS,              false},
    {"roams, attacked", ATTACKED | ROAMS,   false},
    {"raced",           ATTACKED | RACED,   false},
    {"relayed",         ATTACKED | RELAYED, false},
    {"resumed",         ATTACKED | RESUMED, false},
    {"everything",      511,                true },
};

static bool has(const struct kind *k, unsigned what)
{
    return (k->what & what) != 0;
}

static struct {
    uint64_t delivered, rotations, ratchets, ups, moves, restarts, paths, slowest;
} total;

/* ---- the attacker ---- */

enum move {
    REPLAY,      /* as it was */
    SPOOF,       /* from another address */
    REFLECT,     /* to who sent it */
    CUT_SHORT,   /* or too long */
    FLIP,        /* one bit */
    KNOWN_TAG,   /* the first six bytes of a sealed one, then junk */
    FORGE_FRAME, /* a handshake frame's head, and junk for the rest */
    JUNK,
    MOVES
};

static void attack(struct sim *w)
{
    const struct sim_heard *h = &w->heard[sim_below(w, SIM_HEARD)];
    struct head2_address from = w->end[h->from].address;
    uint8_t bytes[SIM_BYTES];
    uint32_t to = h->to;
    size_t len = h->len;

    if (len == 0 || to == UINT32_MAX)
        return;
    memcpy(bytes, h->bytes, len);
    switch ((enum move)sim_below(w, MOVES)) {
    case REPLAY:
        break;
    case SPOOF:
        from = sim_address((uint32_t)(100 + sim_below(w, 100)));
        break;
    case REFLECT:
        to = h->from;
        from = w->end[h->to].address;
        break;
    case CUT_SHORT:
        len = 1 + sim_below(w, SIM_BYTES);
        memset(bytes + h->len, 0x5a, len > h->len ? len - h->len : 0);
        break;
    case FLIP:
        bytes[sim_below(w, len)] ^= (uint8_t)(1 << sim_below(w, 8));
        break;
    case KNOWN_TAG:
    case FORGE_FRAME:
    case JUNK:
    default:
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)sim_below(w, 256);
        memcpy(bytes, h->bytes, memcmp(h->bytes, sim_magic, 6) == 0 ? (len < 24 ? len : 24) : 6);
        break;
    }
    sim_post(w, &from, to, bytes, len, sim_below(w, 50 * MS));
    total.moves++;
}

/* ---- a history ---- */

static void choose_network(struct sim *w, const struct kind *k)
{
    w->duty = (k->what & ~(unsigned)(ATTACKED | RACED)) == 0;
    w->clocks_jump = has(k, CLOCKS);
    w->delay = sim_below(w, 40 * MS);
    if (has(k, LOSSY)) {
        w->loss = (double)sim_below(w, 20) / 100;
        w->duplicate = (double)sim_below(w, 10) / 100;
        w->corrupt = (double)sim_below(w, 5) / 100;
        w->jitter = sim_below(w, 80 * MS);
    }
}

/* Somebody else stands between a drone and the gateway. */
static void set_relay(struct sim *w, const struct kind *k)
{
    w->relay.number = (uint32_t)sim_below(w, SIM_RELAYS);
    w->relay.drone = 1 + (uint32_t)sim_below(w, DRONES);
    w->relay.races = sim_chance(w, 0.8);
    w->relay.forwards = has(k, RELAYED) && sim_chance(w, 0.7);
}

static void disturb(struct sim *w, const struct kind *k)
{
    const uint32_t who = (uint32_t)sim_below(w, w->n);
    struct sim_end *end = &w->end[who];

    if (has(k, ATTACKED) && sim_chance(w, 0.5))
        attack(w);
    if (has(k, ROAMS) && who != SIM_GATEWAY && w->now >= w->roam_at && sim_chance(w, 0.2)) {
        sim_move(w, who);
        w->roam_at = w->now + ROAM_EVERY;
    }
    if (has(k, RACED | RELAYED) && sim_chance(w, 0.02))
        set_relay(w, k);
    if (has(k, RESUMED) && sim_chance(w, 0.01)) {
        sim_resume(w, who);
        total.restarts++;
    }
    if (has(k, PARTITIONS) && sim_chance(w, 0.02))
        end->cut = !end->cut;
    if (has(k, CLOCKS) && sim_chance(w, 0.01))
        sim_jump(w, who, (int64_t)sim_below(w, 70 * SECOND_US) - (int64_t)(3 * SECOND_US));
    if (!has(k, CRASHES) || !sim_chance(w, 0.02))
        return;
    if (end->s == NULL) {
        sim_start(w, who);
        return;
    }
    sim_kill(w, who);
    total.restarts++;
    if (sim_chance(w, 0.5)) /* from a snapshot: its generator says again what it has said */
        end->random = end->first_random;
}

static void talk(struct sim *w, const struct kind *k)
{
    const uint32_t drone = 1 + (uint32_t)sim_below(w, DRONES);
    const bool up = sim_chance(w, 0.5);
    const unsigned burst = k->bulk ? 1 + (unsigned)sim_below(w, 40) : 1;

    for (unsigned i = 0; i < burst; i++)
        sim_say(w, up ? drone : SIM_GATEWAY, up ? SIM_GATEWAY : drone, (uint8_t)sim_below(w, 4),
                k->bulk ? 1172 : 4 + sim_below(w, 1169));
}

/* unharmed */
static void check_unharmed(struct sim *w, uint32_t first_message)
{
    for (uint32_t i = 0; i < w->n; i++)
        SIM_CHECK(w, w->end[i].downs == 0);
    for (uint32_t i = first_message; i < w->messages; i++)
        SIM_CHECK(w, w->message[i].times == 1);
}

/* Where nothing but addresses changes, everybody has the session that he had. */
static void check_session_kept(struct sim *w)
{
    for (uint32_t i = 0; i < w->n; i++) {
        SIM_CHECK(w, w->end[i].downs == 0);
        SIM_CHECK(w, w->end[i].ups == (i == SIM_GATEWAY ? DRONES : 1));
    }
}

static void history(uint64_t seed)
{
    static struct sim w;
    const struct kind *k;
    uint64_t limit;

    sim_open(&w, seed, DRONES);
    k = &kinds[sim_below(&w, HEAD2_LEN(kinds))];
    if (w.tell)
        printf("seed %llu: %s\n", (unsigned long long)seed, k->name);
    w.rotate_seconds = 5 + (uint32_t)sim_below(&w, 25);
    w.mac_only = seed % 3 == 1;
    w.hybrid = seed % 200 == 7; /* libcrypto takes milliseconds for P-384 */
    /* the longest take the most time: fewer of them */
    const uint64_t a = sim_below(&w, EVENTS - 200), b = sim_below(&w, EVENTS - 200);
    limit = 200 + (a < b ? a : b);
    for (uint32_t i = 0; i < w.n; i++)
        sim_start(&w, i);
    choose_network(&w, k);
    sim_run(&w, w.now + SECOND_US);
    const uint32_t first_message = w.messages;
    while (w.events < limit) {
        sim_run(&w, w.now + sim_below(&w, 100 * MS));
        talk(&w, k);
        disturb(&w, k);
    }
    if (w.duty) {
        sim_run(&w, w.now + SECOND_US);
        check_unharmed(&w, first_message);
    }
    if (k->what == ROAMS)
        check_session_kept(&w);
    const uint64_t took = sim_heal(&w);
    total.slowest = took > total.slowest ? took : total.slowest;
    total.delivered += w.delivered;
    for (uint32_t i = 0; i < w.n; i++) {
        total.rotations += w.end[i].rotations;
        total.ratchets += w.end[i].ratchets;
        total.ups += w.end[i].ups;
        total.paths += w.end[i].moves;
    }
    sim_close(&w);
}

static void histories(void)
{
    const char *given = getenv("HEAD2_SEED"), *soak = getenv("HEAD2_SOAK");
#ifdef HEAD2_CHECKED
    const uint64_t n = HISTORIES / 50;
#else
    const uint64_t n = HISTORIES;
#endif

    if (given != NULL) {
        history(strtoull(given, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= (soak != NULL ? 50 * n : n); seed++)
        history(seed);
    printf("    %llu histories: %llu plaintexts delivered, %llu sessions, %llu rotations, %llu "
           "ratchet steps, %llu attacks, %llu restarts, %llu changes of address; slowest recovery "
           "%.2f s\n",
           (unsigned long long)n, (unsigned long long)total.delivered,
           (unsigned long long)total.ups / 2, (unsigned long long)total.rotations,
           (unsigned long long)total.ratchets, (unsigned long long)total.moves,
           (unsigned long long)total.restarts, (unsigned long long)total.paths,
           (double)total.slowest / 1e6);
    /* not all of them may be such in which nothing happens */
    CHECK(total.rotations > n && total.ratchets > n / 50 && total.ups > 5 * n);
    CHECK(total.restarts > n / 4 && total.moves > 20 * n && total.delivered > 100 * n);
    CHECK(total.paths > n / 2);
}

int main(void)
{
    RUN(histories);
    return check_failures != 0;
}
