/*
 * head2 rng status and monitor: what the sources of this machine give, and what became of it.
 *
 * A process has its own sources and generators. Status makes one key, so that there is something to
 * see; monitor makes one each second and looks at some more samples. What a running daemon's
 * generator does is in `head2 status`.
 */
#include "artifact/utc.h"
#include "cli/rng.h"
#include "cli/verbs.h"

#include <head2/random.h>

#include <signal.h>
#include <time.h>
#include <unistd.h>

static double now_seconds(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Output of the generator, bits a second, over 10 ms: reseeds and all. 0 when it fails. */
static double output_rate(void)
{
    uint8_t block[16384];
    const double start = now_seconds();
    double bits = 0, elapsed = 0;

    while (elapsed < 0.01 && head2_random(block, sizeof block) == HEAD2_OK) {
        bits += 8.0 * sizeof block;
        elapsed = now_seconds() - start;
    }
    head2_wipe(block, sizeof block);
    return elapsed < 0.01 ? 0 : bits / elapsed;
}

static double total_supply(const struct head2_entropy_info *info)
{
    double sum = 0;

    for (unsigned i = 0; i < info->n; i++)
        if (info->source[i].credited && info->source[i].state == HEAD2_ENTROPY_GOOD)
            sum += report_entropy_supply(&info->source[i]);
    return sum;
}

static void print_head(struct cli *cli, const struct head2_entropy_info *info, double rate)
{
    static const char *const asks[] = {"two independent sources", "two independent sources",
                                       "one source", "one source that answers at once",
                                       "one source; the kernel's generator counts"};
    const bool strict = info->reseed == HEAD2_RESEED_STRICT;

    cli_print(cli, "generator  %s, reseeded every %s\n",
              info->generator == HEAD2_GENERATOR_XDRBG ? "XDRBG-256 (not in SP 800-90A)"
                                                       : "CTR_DRBG AES-256",
              strict ? "2^17 bits (strict) and 60 s" : "100 MB (90a) and 60 s");
    cli_print(cli, "policy     %s: %s%s\n", entropy_policy_name(info->policy),
              info->single ? "one source alone, there is no second" : asks[info->policy],
              info->physical_only ? ", physical sources alone (method 1)" : "");
    cli_print(cli, "state      %s\n", info->open ? "open" : "CLOSED: the policy is not met");
    cli_print(cli, "rates      generator %.2f Gbit/s, entropy %.3f Mbit/s credited, one core\n\n",
              rate / 1e9, total_supply(info) / 1e6);
}

int cmd_rng_status(struct cli *cli)
{
    struct head2_entropy_info info;
    uint8_t key[32];

    int code = rng_configure(cli);
    if (code != CLI_DONE)
        return code;
    const enum head2_status st = head2_random_key(key, sizeof key);
    head2_wipe(key, sizeof key);
    const double rate = st == HEAD2_OK ? output_rate() : 0;
    head2_entropy_info(&info);
    if (cli->json) {
        json_t *o = report_entropy(&info);
        json_object_set_new(o, "output_bits_per_second", json_real(rate));
        json_object_set_new(o, "supply_bits_per_second", json_real(total_supply(&info)));
        json_object_set_new(o, "events", rng_events());
        cli_print_json(cli, o);
    } else {
        print_head(cli, &info, rate);
        rng_print_sources(cli, &info);
        rng_print_events(cli);
    }
    return st == HEAD2_OK ? CLI_DONE : rng_fail(cli, st);
}

/* ---- monitor ---- */

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

/* Of the samples that monitor looks at, since it began. */
struct seen {
    uint64_t samples, ones;
};

enum { LOOKED_AT = 512 };

static void look(const struct head2_entropy_info *info, struct seen seen[HEAD2_ENTROPY_SOURCES])
{
    uint8_t samples[LOOKED_AT];

    for (unsigned i = 0; i < info->n; i++) {
        const struct head2_entropy_source_info *s = &info->source[i];
        size_t n = sizeof samples;
        if (s->state != HEAD2_ENTROPY_GOOD || head2_entropy_read(s->name, samples, &n) != HEAD2_OK)
            continue;
        seen[i].samples += n;
        for (size_t j = 0; j < n; j++)
            seen[i].ones += (unsigned)__builtin_popcount(samples[j]);
    }
    head2_wipe(samples, sizeof samples);
}

static double ones_of(const struct head2_entropy_source_info *s, const struct seen *seen)
{
    return seen->samples == 0 ? 0
                              : (double)seen->ones / ((double)seen->samples * (s->binary ? 1 : 8));
}

static void show(struct cli *cli, const struct head2_entropy_info *info, const struct seen *seen,
                 enum head2_status st)
{
    char now[UTC_BYTES + 1];

    utc_format(now, utc_now());
    if (cli->json) {
        json_t *o = report_entropy(info), *sources = json_object_get(o, "sources");
        for (unsigned i = 0; i < info->n; i++)
            if (seen[i].samples != 0)
                json_object_set_new(json_array_get(sources, i), "ones",
                                    json_real(ones_of(&info->source[i], &seen[i])));
        json_object_set_new(o, "time", json_string(now));
        json_object_set_new(o, "events", rng_events());
        cli_print_json(cli, o);
        return;
    }
    if (isatty(STDOUT_FILENO))
        cli_print(cli, "\033[H\033[J");
    cli_print(cli, "%s  %s  (Ctrl-C ends)\n", now,
              st == HEAD2_OK ? "open" : "CLOSED: no random bytes");
    rng_print_sources(cli, info);
    for (unsigned i = 0; i < info->n; i++)
        if (seen[i].samples != 0)
            cli_print(cli, "%-12s %5.2f %% ones in %llu samples\n", info->source[i].name,
                      100 * ones_of(&info->source[i], &seen[i]),
                      (unsigned long long)seen[i].samples);
    rng_print_events(cli);
}

int cmd_rng_monitor(struct cli *cli)
{
    const uint64_t count = cli_number(cli, "count", 0);
    struct sigaction on_signal = {.sa_handler = stop};
    struct seen seen[HEAD2_ENTROPY_SOURCES] = {{0}};
    struct head2_entropy_info info;
    enum head2_status st = HEAD2_OK;
    uint8_t key[32];

    int code = rng_configure(cli);
    if (code != CLI_DONE)
        return code;
    sigaction(SIGINT, &on_signal, NULL);
    sigaction(SIGTERM, &on_signal, NULL);
    for (uint64_t i = 0; !stopped && cli->out_errno == 0 && (count == 0 || i < count); i++) {
        if (i != 0)
            sleep(1);
        if (stopped)
            break;
        st = head2_random_key(key, sizeof key);
        head2_wipe(key, sizeof key);
        head2_entropy_info(&info);
        look(&info, seen);
        show(cli, &info, seen, st);
        fflush(stdout);
    }
    return st == HEAD2_OK ? CLI_DONE : rng_fail(cli, st);
}
