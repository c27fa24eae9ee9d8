/* see cli/rng.h */
#include "cli/rng.h"

#include <head2/random.h>

#include <math.h>
#include <time.h>
#include <unistd.h>

static const char *const policies[] = {"auto", "two", "single", "fast", "compat"};
static const char *const reseeds[] = {"strict", "90a"};
static const char *const generators[] = {"ctr-drbg", "xdrbg-256"};

/* The place of an option's value in its list; 0, the default, when it was not given. */
static unsigned chosen(const struct cli *cli, const char *option, const char *const *names,
                       unsigned n)
{
    const char *value = cli_string_or(cli, option, names[0]);
    unsigned i = 0;

    while (i < n && strcmp(value, names[i]) != 0)
        i++;
    return i < n ? i : 0;
}

int rng_configure(const struct cli *cli)
{
    const struct head2_entropy_config config = {
        .policy = (enum head2_entropy_policy)chosen(cli, "policy", policies, HEAD2_LEN(policies)),
        .reseed = (enum head2_entropy_reseed)chosen(cli, "reseed", reseeds, HEAD2_LEN(reseeds)),
        .generator =
            (enum head2_generator)chosen(cli, "generator", generators, HEAD2_LEN(generators)),
    };
    const enum head2_status st = head2_entropy_configure(&config);

    return st == HEAD2_OK
               ? CLI_DONE
               : cli_fail(cli, cli_status_exit(st), "rng", NULL, "%s", head2_status_string(st));
}

/* ---- what is shown ---- */

static void rate_text(char out[24], double bits_per_second)
{
    if (bits_per_second <= 0)
        snprintf(out, 24, "-");
    else if (bits_per_second >= 1e6)
        snprintf(out, 24, "%.1f Mbit/s", bits_per_second / 1e6);
    else
        snprintf(out, 24, "%.1f kbit/s", bits_per_second / 1e3);
}

void rng_print_sources(struct cli *cli, const struct head2_entropy_info *info)
{
    cli_print(cli, "%-12s %-13s %-12s %7s %9s %9s %9s %13s %8s %10s\n", "source", "kind", "state",
              "credit", "samples", "credited", "spent", "supply", "run", "window");
    for (unsigned i = 0; i < info->n; i++) {
        const struct head2_entropy_source_info *s = &info->source[i];
        char supply[24], credit[16], run[24] = "-", window[24] = "-";
        rate_text(supply, s->credited ? report_entropy_supply(s) : 0);
        snprintf(credit, sizeof credit, "%.2f/%d", s->credited ? s->credit : 0, s->binary ? 1 : 8);
        if (s->h > 0 && s->samples > 0) {
            snprintf(run, sizeof run, "%u<%u", s->longest_run, s->rct_cutoff[0]);
            snprintf(window, sizeof window, "%u<%u", s->most_in_window, s->apt_cutoff[0]);
        }
        cli_print(cli, "%-12s %-13s %-12s %7s %9llu %9.0f %9.0f %13s %8s %10s\n", s->name,
                  entropy_kind_name(s->kind), entropy_state_name(s->state), credit,
                  (unsigned long long)s->samples, s->credited_bits, s->spent_bits, supply, run,
                  window);
    }
    for (unsigned i = 0; i < info->n; i++)
        if (info->source[i].why[0] != 0)
            cli_print(cli, "%s: %s\n", info->source[i].name, info->source[i].why);
}

int rng_fail(const struct cli *cli, enum head2_status st)
{
    struct head2_entropy_info info;
    unsigned bad = HEAD2_ENTROPY_SOURCES;

    if (st != HEAD2_E_ENTROPY && st != HEAD2_E_HEALTH)
        return cli_fail(cli, cli_status_exit(st), "rng", NULL, "%s", head2_status_string(st));
    head2_entropy_info(&info);
    for (unsigned i = 0; i < info.n; i++)
        if (info.source[i].credited && info.source[i].why[0] != 0)
            bad = i;
    if (bad == HEAD2_ENTROPY_SOURCES)
        return cli_fail(cli, CLI_HEALTH, "rng", "see 'head2 rng status', and docs/entropy.md",
                        "the sources do not give what policy '%s' asks for",
                        entropy_policy_name(info.policy));
    return cli_fail(cli, CLI_HEALTH, info.source[bad].name,
                    "see 'head2 rng status', and docs/entropy.md", "%s (%s)", info.source[bad].why,
                    entropy_state_name(info.source[bad].state));
}

/* ---- samples ---- */

const struct head2_entropy_source_info *rng_source(struct head2_entropy_info *info,
                                                   const char *name)
{
    head2_entropy_info(info);
    for (unsigned i = 0; i < info->n; i++)
        if (strcmp(info->source[i].name, name) == 0)
            return &info->source[i];
    return NULL;
}

enum { PIECE = 4096, PATIENCE_SECONDS = 10 };

static time_t seconds(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static int collect_failed(const struct cli *cli, const char *name, enum head2_status st)
{
    struct head2_entropy_info info;
    const struct head2_entropy_source_info *s = rng_source(&info, name);
    const char *why = s != NULL && s->why[0] != 0 ? s->why : head2_status_string(st);

    if (st == HEAD2_E_STATE)
        return cli_fail(cli, CLI_UNREACHABLE, name, "see 'head2 rng status'", "not to be had: %s",
                        why);
    return cli_fail(cli, CLI_HEALTH, name, "assess what it gives by other means, from a file",
                    "its samples fail the health tests: %s", why);
}

int rng_collect(const struct cli *cli, const char *name, uint8_t *samples, size_t n, unsigned *bits)
{
    const bool shown = !cli->json && isatty(STDERR_FILENO);
    struct head2_entropy_info info;
    const struct head2_entropy_source_info *s = rng_source(&info, name);
    enum head2_status st = s != NULL ? HEAD2_OK : HEAD2_E_STATE;
    time_t last = seconds();
    size_t done = 0;

    if (s != NULL)
        *bits = s->binary ? 1 : 8;
    while (st == HEAD2_OK && done < n && seconds() - last < PATIENCE_SECONDS) {
        size_t more = n - done < PIECE ? n - done : PIECE;
        st = head2_entropy_read(name, samples + done, &more);
        done += more;
        if (more != 0)
            last = seconds();
        else
            usleep(1000);
        if (shown && (more != 0 || done == 0))
            fprintf(stderr, "\r\033[K%s: %zu of %zu samples", name, done, n);
    }
    if (shown)
        fprintf(stderr, "\r\033[K");
    if (st != HEAD2_OK)
        return collect_failed(cli, name, st);
    if (done < n)
        return cli_fail(cli, CLI_UNREACHABLE, name, "look at the source: it has stopped",
                        "no sample for %d seconds (%zu of %zu)", PATIENCE_SECONDS, done, n);
    return CLI_DONE;
}
