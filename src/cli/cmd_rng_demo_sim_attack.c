/*
 * head2 rng demo-sim-attack: a simulated quantum generator is bought from, and then predicted.
 */
#include "cli/verbs.h"
#include "entropy/qsim_attack.h"
#include "entropy/source_sim.h"
#include "gateway/parallel.h"

#include <head2/random.h>

#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum {
    BITS_DEFAULT = 22,
    SOLD = 1024, /* shots that the provider hands out: "256 bits of quantum entropy" */
    NEXT = 32,   /* that are predicted */
    PIECE = 1 << 18,
    RATE_TRIED = 1 << 20 /* fewer say little of how long all would take */
};

struct attack {
    unsigned bits;
    uint64_t seed; /* of the provider */
    uint8_t sold[SOLD], next[NEXT];
    bool progress;
    unsigned threads;
    uint64_t pieces;
    atomic_uint_fast64_t done; /* pieces */
    atomic_uint_fast64_t tried;
    atomic_bool stop;
    uint64_t found; /* by whoever set stop */
    double seconds;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void search_piece(void *arg, size_t i)
{
    struct attack *a = arg;
    const uint64_t from = (uint64_t)i * PIECE, all = UINT64_C(1) << a->bits;
    uint64_t found;
    bool found_one;

    if (atomic_load(&a->stop))
        return;
    atomic_fetch_add(&a->tried, qsim_attack_search(a->sold, SOLD, from,
                                                   all - from < PIECE ? all - from : PIECE, &found,
                                                   &found_one));
    const uint64_t done = atomic_fetch_add(&a->done, 1) + 1;
    if (found_one && !atomic_exchange(&a->stop, true))
        a->found = found;
    else if (a->progress && done % 64 == 0)
        fprintf(stderr, "\r\033[Kseeds tried: %llu million of %llu",
                (unsigned long long)(done * PIECE / 1000000), (unsigned long long)(all / 1000000));
}

static int choose_seed(const struct cli *cli, struct attack *a)
{
    const uint64_t limit = UINT64_C(1) << a->bits;

    if (cli_string(cli, "seed") == NULL) {
        if (head2_random(&a->seed, sizeof a->seed) != HEAD2_OK)
            return cli_fail(cli, CLI_HEALTH, NULL, "see head2 doctor", "no randomness for a seed");
        HEAD2_PUBLIC(&a->seed, sizeof a->seed, "a seed that is there to be found");
        a->seed %= limit;
        return CLI_DONE;
    }
    a->seed = cli_number(cli, "seed", 0);
    if (a->seed >= limit)
        return cli_fail(cli, CLI_USAGE, "--seed", "raise --bits, or take a smaller seed",
                        "%llu has more than %u bits", (unsigned long long)a->seed, a->bits);
    return CLI_DONE;
}

static void hex(char *text, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static void print(struct cli *cli, const struct attack *a, const uint8_t guess[NEXT])
{
    const double rate = (double)a->tried / (a->seconds > 0 ? a->seconds : 1e-9);
    char sold[2 * NEXT + 1], next[2 * NEXT + 1];
    unsigned right = 0;

    for (unsigned i = 0; i < NEXT; i++)
        right += guess[i] == a->next[i];
    hex(sold, a->sold, NEXT);
    hex(next, guess, NEXT);
    if (cli->json) {
        cli_print_json(cli,
                       json_pack("{s:s, s:i, s:i, s:I, s:I, s:f, s:f, s:i, s:s, s:i, s:i}", "label",
                                 SOURCE_SIM_LABEL, "credited_bits", SOURCE_SIM_CREDIT, "bits",
                                 (int)a->bits, "seed", (json_int_t)a->found, "tried",
                                 (json_int_t)a->tried, "seconds", a->seconds, "seeds_per_second",
                                 rate, "threads", (int)a->threads, "predicted", next,
                                 "predicted_right", (int)right, "predicted_of", NEXT));
        return;
    }
    cli_print(cli,
              "A provider runs 8 qubits with a Hadamard gate each in a simulator, draws from\n"
              "std::mt19937_64 with a seed of %u bits, and hands out %d shots: %s.\n\n",
              a->bits, SOLD, SOURCE_SIM_LABEL);
    cli_print(cli, "first %d shots     %s\n", NEXT, sold);
    cli_print(cli, "seed found         %llu, after %.2f s: %.1f million seeds/s by %u thread%s\n",
              (unsigned long long)a->found, a->seconds, rate / 1e6, a->threads,
              a->threads == 1 ? "" : "s");
    cli_print(cli, "next %d predicted  %s\n", NEXT, next);
    cli_print(cli, "what comes next    %u of %d as predicted\n", right, NEXT);
    if (a->bits < 32 && a->tried >= RATE_TRIED)
        cli_print(cli,
                  "\nQiskit Aer's seeds have 32 bits: all of them take %.0f s here (--bits 32).\n",
                  0x1p32 / rate);
}

int cmd_rng_demo_sim_attack(struct cli *cli)
{
    struct attack a = {.bits = (unsigned)cli_number(cli, "bits", BITS_DEFAULT),
                       .progress = !cli->json && isatty(STDERR_FILENO),
                       .threads = parallel_processors()};
    struct mt64 provider, copy;
    uint8_t guess[NEXT];

    const int code = choose_seed(cli, &a);
    if (code != CLI_DONE)
        return code;
    mt64_seed(&provider, a.seed);
    qsim_attack_shots(&provider, a.sold, SOLD);
    qsim_attack_shots(&provider, a.next, NEXT);

    a.pieces = ((UINT64_C(1) << a.bits) + PIECE - 1) / PIECE;
    if (a.threads > a.pieces)
        a.threads = (unsigned)a.pieces;
    const double begin = now();
    parallel_run(a.threads, (size_t)a.pieces, search_piece, &a);
    a.seconds = now() - begin;
    if (a.progress)
        fprintf(stderr, "\r\033[K");
    if (!atomic_load(&a.stop))
        return cli_fail(cli, CLI_FAILED, NULL, "report it: the seed is in the range",
                        "no seed was found");
    mt64_seed(&copy, a.found);
    for (unsigned i = 0; i < SOLD; i += NEXT)
        qsim_attack_shots(&copy, guess, NEXT);
    qsim_attack_shots(&copy, guess, NEXT);
    print(cli, &a, guess);
    return CLI_DONE;
}
