/*
 * head2 rng restart: restart a source 1000 times, take 1000 samples each time, and see whether it
 * behaves alike (SP 800-90B, 3.1.4). A restart is a process of its own, in which the source is
 * opened and gives its first samples: those that start-up tests would throw away, which are the
 * most alike.
 */
#include "assess/assess.h"
#include "cli/files.h"
#include "cli/rng.h"
#include "cli/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: exits. */
static void give_samples(const char *name, int to)
{
    uint8_t samples[ASSESS_RESTART_SAMPLES];
    const uint8_t *p = samples;
    size_t done = 0;

    for (unsigned tries = 0; done < sizeof samples && tries < 10000; tries++) {
        size_t n = sizeof samples - done;
        if (head2_entropy_read(name, samples + done, &n) != HEAD2_OK)
            _exit(1);
        done += n;
        if (n == 0)
            usleep(1000);
    }
    while (done != 0) {
        const ssize_t n = write(to, p, done);
        if (n <= 0)
            _exit(1);
        p += n;
        done -= (size_t)n;
    }
    _exit(0);
}

/* Read until it ends; the number of bytes. */
static size_t take(int from, uint8_t *out, size_t max)
{
    size_t done = 0;

    for (;;) {
        const ssize_t n = read(from, out + done, max - done);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            return done;
    }
}

static bool one_restart(const char *name, uint8_t out[ASSESS_RESTART_SAMPLES])
{
    int fd[2], status = -1;

    if (pipe(fd) != 0)
        return false;
    const pid_t child = fork();
    if (child == 0) {
        close(fd[0]);
        give_samples(name, fd[1]);
    }
    close(fd[1]);
    const size_t n = child > 0 ? take(fd[0], out, ASSESS_RESTART_SAMPLES) : 0;
    close(fd[0]);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && status == 0 && n == ASSESS_RESTART_SAMPLES;
}

static int collect(const struct cli *cli, const char *name, uint8_t *samples)
{
    const bool shown = !cli->json && isatty(STDERR_FILENO);

    for (unsigned i = 0; i < ASSESS_RESTARTS; i++) {
        if (shown && i % 10 == 0)
            fprintf(stderr, "\r\033[Krestart %u of %d", i, ASSESS_RESTARTS);
        if (!one_restart(name, samples + (size_t)i * ASSESS_RESTART_SAMPLES))
            return cli_fail(cli, CLI_HEALTH, name, "see 'head2 rng status'",
                            "restart %u gave no samples", i + 1);
    }
    if (shown)
        fprintf(stderr, "\r\033[K");
    return CLI_DONE;
}

static int judge(struct cli *cli, const char *name, const struct assess_input *in, double initial)
{
    struct assess_restart a;
    const enum head2_status st = assess_restart(&a, in, initial, false, NULL);

    if (st == HEAD2_E_ARG)
        return cli_fail(cli, CLI_FAILED, name, "look at the source, or at --initial",
                        "%u different symbols cannot have %.3f bits", a.symbols, initial);
    if (st != HEAD2_OK)
        return cli_fail(cli, cli_status_exit(st), name, NULL, "%s", head2_status_string(st));
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:f, s:i, s:i, s:i, s:f, s:f, s:b, s:f}", "source",
                                      name, "h_initial", initial, "most_in_a_row", (int)a.most_rows,
                                      "most_in_a_column", (int)a.most_columns, "cutoff",
                                      (int)a.cutoff, "h_rows", a.h_rows, "h_columns", a.h_columns,
                                      "passed", (int)a.passed, "h", a.h));
    else
        cli_print(cli,
                  "%s: 1000 restarts of 1000 samples\n"
                  "most frequent value: %u in a row, %u in a column, at most %u\n"
                  "rows %.6f, columns %.6f, H %.6f bits for each sample\n",
                  name, a.most_rows, a.most_columns, a.cutoff, a.h_rows, a.h_columns, a.h);
    return a.passed ? CLI_DONE
                    : cli_fail(cli, CLI_FAILED, name, "look at how the source starts",
                               "restarts are not alike, or have too little entropy");
}

int cmd_rng_restart(struct cli *cli)
{
    const size_t n = (size_t)ASSESS_RESTARTS * ASSESS_RESTART_SAMPLES;
    const char *name = cli->args[0], *out = cli_string(cli, "out");
    struct head2_entropy_info info;
    const struct head2_entropy_source_info *s = rng_source(&info, name);
    const char *initial = cli_string(cli, "initial");
    char *end = NULL;

    if (s == NULL)
        return cli_fail(cli, CLI_USAGE, name, "see 'head2 rng status'", "there is no such source");
    const double h = initial != NULL ? strtod(initial, &end) : s->h;
    if ((initial != NULL && *end != 0) || !(h > 0 && h <= (s->binary ? 1 : 8)))
        return cli_fail(cli, CLI_USAGE, "--initial", "give what it was assessed at",
                        "bits of entropy for each sample are needed");
    uint8_t *samples = malloc(n);
    if (samples == NULL)
        return cli_fail(cli, CLI_INTERNAL, name, NULL, "out of memory");
    int code = collect(cli, name, samples);
    if (code == CLI_DONE && out != NULL)
        code = cli_write_file(cli, out, samples, n, 0600, FILE_KEEP);
    if (code == CLI_DONE)
        code = judge(cli, name, &(struct assess_input){samples, n, s->binary ? 1 : 8}, h);
    head2_wipe(samples, n);
    free(samples);
    return code;
}
