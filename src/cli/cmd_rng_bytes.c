/*
 * head2 rng bytes and seed: random bytes for other programs.
 */
#include "cli/files.h"
#include "cli/rng.h"
#include "cli/verbs.h"

#include <head2/random.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE = 1 << 16 };

static void write_hex(struct cli *cli, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    char line[2 * 32 + 1];

    for (size_t i = 0; i < n; i += 32) {
        size_t m = n - i < 32 ? n - i : 32, at = 0;
        for (size_t j = 0; j < m; j++) {
            line[at++] = digits[bytes[i + j] >> 4];
            line[at++] = digits[bytes[i + j] & 15];
        }
        line[at++] = '\n';
        cli_write(cli, line, at);
    }
    head2_wipe(line, sizeof line);
}

/* 1000, 16k, 5M, 1G: bytes, or powers of 1024 of them. */
static bool read_count(const char *text, uint64_t *out)
{
    static const char units[] = "kMGT";
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    const char *unit = *end != 0 ? strchr(units, *end) : NULL;
    const unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
    if (errno != 0 || (*end != 0 && (unit == NULL || end[1] != 0)) || n > UINT64_MAX >> shift)
        return false;
    *out = (uint64_t)n << shift;
    return *out != 0;
}

int cmd_rng_bytes(struct cli *cli)
{
    const bool hex = cli_flag(cli, "hex");
    uint8_t piece[PIECE];
    uint64_t left;

    if (!read_count(cli->args[0], &left))
        return cli_fail(cli, CLI_USAGE, "N", "give a number, or one with k, M, G or T",
                        "'%s' is not a number of bytes", cli->args[0]);
    if (cli->json)
        return cli_fail(cli, CLI_USAGE, "--json", "use --hex", "bytes are not a report");
    if (!hex && isatty(STDOUT_FILENO))
        return cli_fail(cli, CLI_USAGE, "standard output", "send it to a file, or add --hex",
                        "a terminal is no place for raw bytes");
    int code = rng_configure(cli);
    while (code == CLI_DONE && left != 0 && cli->out_errno == 0) {
        const size_t n = left < PIECE ? (size_t)left : PIECE;
        const enum head2_status st =
            cli_flag(cli, "fresh") ? head2_random_key(piece, n) : head2_random(piece, n);
        if (st != HEAD2_OK)
            code = rng_fail(cli, st);
        else if (hex)
            write_hex(cli, piece, n);
        else
            cli_write(cli, piece, n);
        left -= n;
    }
    head2_wipe(piece, sizeof piece);
    return code;
}

/* ---- seed ---- */

static json_t *provenance_json(const struct head2_entropy_provenance *p)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:b}", "generator", entropy_generator_name(p->generator),
                          "reseed", entropy_reseed_name(p->reseed), "policy",
                          entropy_policy_name(p->policy), "fresh", (int)p->fresh);
    json_t *sources = json_object();

    for (unsigned i = 0; i < p->n; i++)
        json_object_set_new(
            sources, p->name[i],
            json_pack("{s:f, s:f}", "seeded_bits", p->seeded[i], "reseeded_bits", p->reseeded[i]));
    json_object_set_new(o, "sources", sources);
    return o;
}

int cmd_rng_seed(struct cli *cli)
{
    const char *out = cli_string(cli, "out");
    const size_t n = (size_t)cli_number(cli, "bits", 256) / 8;
    struct head2_entropy_provenance p;
    uint8_t seed[64];

    if (cli_number(cli, "bits", 256) % 8 != 0)
        return cli_fail(cli, CLI_USAGE, "--bits", "give 128 to 512, a multiple of 8",
                        "not whole bytes");
    if (cli->json && (out == NULL || strcmp(out, "-") == 0))
        return cli_fail(cli, CLI_USAGE, "--json", "add --out FILE",
                        "a seed is not printed together with its report");
    if (out != NULL && strcmp(out, "-") == 0 && isatty(STDOUT_FILENO))
        return cli_fail(cli, CLI_USAGE, "standard output", "leave --out out: digits are printed",
                        "a terminal is no place for raw bytes");
    int code = rng_configure(cli);
    if (code != CLI_DONE)
        return code;
    enum head2_status st = head2_random_key(seed, n);
    if (st == HEAD2_OK)
        st = head2_random_provenance(&p);
    if (st != HEAD2_OK)
        code = rng_fail(cli, st);
    else if (out == NULL)
        write_hex(cli, seed, n);
    else
        code = cli_write_file(cli, out, seed, n, 0600, FILE_KEEP);
    head2_wipe(seed, sizeof seed);
    if (code == CLI_DONE && cli->json)
        cli_print_json(cli, json_pack("{s:s, s:i, s:o}", "seed", out, "bits", (int)(8 * n),
                                      "provenance", provenance_json(&p)));
    return code;
}
