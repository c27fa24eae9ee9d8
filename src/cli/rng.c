/* see cli/rng.h */
#include "cli/rng.h"

#include "base/nearest.h"
#include "cli/daemons.h"
#include "cli/files.h"
#include "gateway/entropy.h"

#include <head2/random.h>

#include <math.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SOURCES_WITHIN 10000 /* milliseconds, for slow sources to bring the first seed */

static const char *const policies[] = {"auto", "two", "single", "fast", "compat"};
static const char *const reseeds[] = {"strict", "90a"};
static const char *const generators[] = {"ctr-drbg", "xdrbg-256"};

/* The place of an option's value in its list; otherwise, when it was not given. */
static unsigned chosen(const struct cli *cli, const char *option, const char *const *names,
                       unsigned n, unsigned otherwise)
{
    const char *value = cli_string_if(cli, option);
    unsigned i = value != NULL ? 0 : n;

    while (i < n && strcmp(value, names[i]) != 0)
        i++;
    return i < n ? i : otherwise;
}

/* For as long as the verb runs: a feeder is not left behind at the end. */
static struct entropy_sources sources;

static void end_sources(void)
{
    entropy_end(&sources);
}

static void say_note(void *arg, const char *source, const char *what)
{
    const struct cli *cli = arg;

    fprintf(stderr, "head2: %s: entropy.sources: %s: %s\n", cli_string(cli, "config"), source,
            what);
}

static int begin(const struct cli *cli, const struct config_entropy *c)
{
    union { /* notes go out with it, and change nothing */
        const struct cli *in;
        void *out;
    } borrowed = {cli};
    static bool at_exit; /* said once, however many verbs a process runs */

    if (at_exit)
        end_sources();
    rng_keep_events();
    const enum head2_status st = entropy_begin(&sources, c, say_note, borrowed.out);
    if (st != HEAD2_OK)
        return cli_fail(cli, cli_status_exit(st), "rng", NULL, "%s", head2_status_string(st));
    if (!at_exit && atexit(end_sources) != 0)
        return cli_fail(cli, CLI_INTERNAL, "rng", NULL, "out of memory");
    at_exit = true;
    if (c->sources != NULL) /* devices need their time; whether it was enough, the verb says */
        (void)!entropy_wait(SOURCES_WITHIN);
    return CLI_DONE;
}

int rng_configure(const struct cli *cli)
{
    struct config *file = NULL;
    struct config_error err;
    struct config_entropy c = {.policy = HEAD2_ENTROPY_AUTO};

    if (cli_string(cli, "config") != NULL) {
        const enum head2_status st =
            config_read(&file, cli_string(cli, "config"), CONFIG_ANY, &err);
        if (st != HEAD2_OK)
            return cli_config_fail(cli, st, &err);
        c = file->entropy;
    }
    c.policy =
        (enum head2_entropy_policy)chosen(cli, "policy", policies, HEAD2_LEN(policies), c.policy);
    c.reseed =
        (enum head2_entropy_reseed)chosen(cli, "reseed", reseeds, HEAD2_LEN(reseeds), c.reseed);
    c.generator = (enum head2_generator)chosen(cli, "generator", generators, HEAD2_LEN(generators),
                                               c.generator);
    const int code = begin(cli, &c);
    config_free(file);
    return code;
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
        const bool mixed = s->state == HEAD2_ENTROPY_UNTESTED && s->samples > 0;
        if (s->h > 0 && s->samples > 0 && !mixed) {
            snprintf(run, sizeof run, "%u<%u", s->longest_run, s->rct_cutoff[0]);
            snprintf(window, sizeof window, "%u<%u", s->most_in_window, s->apt_cutoff[0]);
        }
        cli_print(cli, "%-12s %-13s %-12s %7s %9llu %9.0f %9.0f %13s %8s %10s\n", s->name,
                  entropy_kind_name(s->kind), mixed ? "mixed in" : entropy_state_name(s->state),
                  credit, (unsigned long long)s->samples, s->credited_bits, s->spent_bits, supply,
                  run, window);
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

int rng_read_file(const struct cli *cli, const char *name, size_t limit, uint8_t **out, size_t *len)
{
    struct head2_entropy_info info;
    const char *names[HEAD2_ENTROPY_SOURCES];
    char hint[96] = "name a file, or a source that 'head2 rng status' lists";

    if (strchr(name, '/') != NULL || strcmp(name, "-") == 0 || access(name, F_OK) == 0)
        return cli_read_file(cli, name, limit, out, len);
    head2_entropy_info(&info);
    for (unsigned i = 0; i < info.n; i++)
        names[i] = info.source[i].name;
    const char *near = nearest_name(name, names, info.n);
    if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean the source '%s'?", near);
    return cli_fail(cli, CLI_INPUT, name, hint, "neither a source nor a file");
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
