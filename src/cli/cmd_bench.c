/*
 * head2 bench: what the primitives, packets, handshakes and streams cost on this machine, one core,
 * on each set of instructions that is asked for.
 */
#include "cipher/aead_provider.h"
#include "cli/bench.h"
#include "cli/verbs.h"
#include "gateway/ipsec_mb.h"

#include <stdlib.h>
#include <sys/stat.h>

/* The rows of one level. Links are measured on the highest alone: they spend their time in AES; the
 * simulator has one level. */
static void run_level(struct bench *b, enum cpu_isa isa, bool links)
{
    cpu_limit(isa);
    (void)ipsec_mb_plug_in();
    bench_primitives(b);
    if (b->st == HEAD2_OK && links)
        bench_link(b);
    if (b->st == HEAD2_OK && links)
        bench_udp(b);
    if (b->st == HEAD2_OK && links)
        bench_fleet(b);
    if (b->st == HEAD2_OK && links)
        bench_simulator(b);
}

static void run(struct bench *b, const char *isa)
{
    const bool all = isa != NULL && strcmp(isa, "all") == 0;
    const enum cpu_isa highest = isa == NULL || all ? cpu_isa() : cpu_isa_from_name(isa);

    cpu_limit(highest);
    (void)ipsec_mb_plug_in();
    b->highest = cpu_isa_name(highest);
    b->aead = aead_in_use()->name;
    bench_entropy(b);
    if (!all)
        run_level(b, highest, true);
    for (unsigned level = CPU_PORTABLE; all && level <= highest && b->st == HEAD2_OK; level++)
        run_level(b, (enum cpu_isa)level, level == highest);
}

static int finish(struct bench *b)
{
    struct cli *cli = b->cli;
    const char *compare = cli_string(cli, "compare"), *report = cli_string(cli, "report");
    int code = CLI_DONE;

    if (b->st != HEAD2_OK)
        return cli_fail(cli, cli_status_exit(b->st), "bench", NULL, "%s",
                        head2_status_string(b->st));
    if (!b->matched)
        return cli_fail(cli, CLI_USAGE, "--only", "see the names that head2 bench prints",
                        "no row begins with '%s'", b->only);
    if (cli->json)
        cli_print_json(cli, bench_json(b));
    if (report != NULL)
        code = bench_report(b, report);
    if (code == CLI_DONE && compare != NULL)
        code = bench_compare(b, compare, (double)cli_number(cli, "tolerance", 10));
    return code;
}

/* What would only be found out after minutes of measuring is looked at first. */
static int check_options(struct bench *b, const char *isa)
{
    const char *compare = cli_string(b->cli, "compare"), *report = cli_string(b->cli, "report");
    struct stat info;

    if (isa != NULL && strcmp(isa, "all") != 0 && cpu_isa_from_name(isa) > cpu_isa())
        return cli_fail(b->cli, CLI_USAGE, "--isa", "see 'head2 doctor'",
                        "this processor, or HEAD2_ISA, does not permit %s", isa);
    if (report != NULL && (stat(report, &info) != 0 || !S_ISDIR(info.st_mode)))
        return cli_fail(b->cli, CLI_INPUT, report, "name a folder that can be written",
                        "there is no such folder");
    return compare != NULL ? bench_read_earlier(b, compare) : CLI_DONE;
}

int cmd_bench(struct cli *cli)
{
    const char *isa = cli_string(cli, "isa");
    struct bench b = {.cli = cli,
                      .budget = (double)cli_number(cli, "ms", 300) / 1000,
                      .only = cli_string(cli, "only")};
    int code = check_options(&b, isa);

    if (code == CLI_DONE) {
        b.st = bench_open(&b);
        if (b.st == HEAD2_OK)
            run(&b, isa);
        cpu_limit(CPU_AVX512);
        code = finish(&b);
    }
    bench_close(&b);
    return code;
}
