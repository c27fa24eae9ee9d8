/*
 * head2 rng simulate FILE.qasm: shots of a circuit whose distribution is known exactly.
 */
#include "cli/files.h"
#include "cli/verbs.h"
#include "entropy/qasm.h"
#include "entropy/source_sim.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

enum { SHOTS_DEFAULT = 1024, ROWS_SHOWN = 16 };

struct simulation {
    const char *file;  /* the circuit */
    const char *shown; /* of it, in what is printed */
    const char *out;   /* of the shots, or NULL */
    bool all;          /* of the table */
    size_t shots;
    struct qsim_readout readout;
    struct qasm_circuit circuit;
    struct qsim *sim;
    uint32_t *shot;
    uint32_t *count; /* of each outcome */
};

/* P, or P01,P10 */
static int read_readout(const struct cli *cli, struct qsim_readout *readout)
{
    const char *text = cli_string(cli, "readout-error");
    double p[2] = {0, 0};
    unsigned n = 0;
    bool good = true;

    for (const char *at = text; at != NULL && good; n++) {
        char *end;
        good = n < 2 && *at >= '0' && *at <= '9';
        const double value = good ? strtod(at, &end) : 0;
        good = good && value >= 0 && value <= 1 && (*end == 0 || *end == ',');
        if (good) {
            p[n] = value;
            at = *end == ',' ? end + 1 : NULL;
        }
    }
    if (!good)
        return cli_fail(cli, CLI_USAGE, "--readout-error",
                        "give P, or P01,P10: chances from 0 to 1 that a 0 is read as 1, a 1 as 0",
                        "'%s' is not that", text);
    *readout = (struct qsim_readout){p[0], n == 2 ? p[1] : p[0]};
    return CLI_DONE;
}

static int read_circuit(const struct cli *cli, struct simulation *s)
{
    struct qasm_error err;
    uint8_t *text;
    size_t len;
    bool measures = false;

    int code = cli_read_file(cli, s->file, QASM_BYTES_MAX, &text, &len);
    if (code != CLI_DONE)
        return code;
    const enum head2_status st = qasm_read(&s->circuit, (const char *)text, len, &err);
    free(text);
    if (st == HEAD2_E_MEMORY)
        return cli_fail(cli, CLI_INTERNAL, s->shown, NULL, "out of memory");
    if (st != HEAD2_OK) {
        char where[512];
        snprintf(where, sizeof where, "%s:%u:%u", s->shown, err.line, err.column);
        return cli_fail(cli, CLI_INPUT, where, err.hint, "%s", err.what);
    }
    for (size_t i = 0; i < s->circuit.circuit.n; i++)
        measures = measures || s->circuit.operation[i].gate == QSIM_MEASURE;
    if (!measures)
        return cli_fail(cli, CLI_INPUT, s->shown, "add measure q -> c;",
                        "the circuit measures nothing");
    return CLI_DONE;
}

static int take_shots(const struct cli *cli, struct simulation *s)
{
    const bool seeded = cli_string(cli, "seed") != NULL;
    struct qsim_seeded stream;
    struct qsim_random random = qsim_random_library;

    if (seeded) {
        qsim_seeded_init(&stream, cli_number(cli, "seed", 0));
        random = qsim_seeded_random(&stream);
    }
    s->shot = malloc(s->shots * sizeof *s->shot);
    s->count = calloc((size_t)1 << s->circuit.circuit.bits, sizeof *s->count);
    enum head2_status st = s->shot == NULL || s->count == NULL ? HEAD2_E_MEMORY : HEAD2_OK;
    if (st == HEAD2_OK)
        st = qsim_new(&s->sim, &s->circuit.circuit, &s->readout);
    if (st == HEAD2_OK)
        st = qsim_shots(s->sim, s->shot, s->shots, &random);
    if (st != HEAD2_OK)
        return cli_fail(cli, cli_status_exit(st), s->shown,
                        st == HEAD2_E_MEMORY ? "take fewer shots" : "see head2 doctor", "%s",
                        head2_status_string(st));
    for (size_t i = 0; i < s->shots; i++)
        s->count[s->shot[i]]++;
    return CLI_DONE;
}

/* A shot in as few whole bytes as hold it, the lowest bits first. */
static int write_shots(struct cli *cli, const struct simulation *s)
{
    const bool replace = strcasecmp(cli_string_or(cli, "existing", "refuse"), "replace") == 0;
    const size_t width = s->circuit.circuit.bits > 8 ? (s->circuit.circuit.bits + 7) / 8 : 1;
    uint8_t *bytes = malloc(s->shots * width);

    if (bytes == NULL)
        return cli_fail(cli, CLI_INTERNAL, s->out, "take fewer shots", "out of memory");
    for (size_t i = 0; i < s->shots; i++)
        for (size_t b = 0; b < width; b++)
            bytes[i * width + b] = (uint8_t)(s->shot[i] >> 8 * b);
    const int code = cli_write_file(cli, s->out, bytes, s->shots * width, 0644,
                                    replace ? FILE_REPLACE : FILE_KEEP);
    free(bytes);
    return code;
}

/* ---- what is printed ---- */

/* Bit 0 last, as circuits are written about. */
static void outcome_text(char text[QSIM_BITS + 1], uint32_t outcome, unsigned bits)
{
    for (unsigned b = 0; b < bits; b++)
        text[b] = (outcome >> (bits - 1 - b) & 1) != 0 ? '1' : '0';
    text[bits] = 0;
}

static void print_row(struct cli *cli, const struct simulation *s, uint32_t outcome)
{
    char text[QSIM_BITS + 1];

    outcome_text(text, outcome, s->circuit.circuit.bits);
    cli_print(cli, "%-20s %10u", text, s->count[outcome]);
    if (qsim_is_known(s->sim))
        cli_print(cli, "   %.9f", qsim_probability(s->sim, outcome));
    cli_print(cli, "\n");
}

/* The most frequent outcomes, or with --counts all that were seen, by their numbers. */
static void print_table(struct cli *cli, const struct simulation *s)
{
    const uint32_t outcomes = UINT32_C(1) << s->circuit.circuit.bits;
    uint32_t seen = 0, shown = 0, last_count = UINT32_MAX, last = 0;

    for (uint32_t o = 0; o < outcomes; o++)
        seen += s->count[o] > 0;
    cli_print(cli, "%-20s %10s%s\n", "outcome", "count",
              qsim_is_known(s->sim) ? "   probability" : "");
    for (uint32_t o = 0; o < outcomes && (s->all || seen <= ROWS_SHOWN); o++)
        if (s->count[o] > 0) {
            print_row(cli, s, o);
            shown++;
        }
    while (shown < seen && shown < ROWS_SHOWN) {
        uint32_t best = outcomes;
        for (uint32_t o = 0; o < outcomes; o++)
            if ((s->count[o] < last_count || (s->count[o] == last_count && o > last)) &&
                s->count[o] > 0 && (best == outcomes || s->count[o] > s->count[best]))
                best = o;
        print_row(cli, s, best);
        last_count = s->count[best];
        last = best;
        shown++;
    }
    if (shown < seen)
        cli_print(cli, "and %u more: --counts\n", seen - shown);
}

static void print_text(struct cli *cli, const struct simulation *s)
{
    const struct qsim_circuit *c = &s->circuit.circuit;

    cli_print(cli, "%s: %zu shots of %s, %u qubit%s into %u bit%s\n", SOURCE_SIM_LABEL, s->shots,
              s->shown, c->qubits, c->qubits == 1 ? "" : "s", c->bits, c->bits == 1 ? "" : "s");
    if (qsim_is_known(s->sim))
        cli_print(cli, "min-entropy of a shot, were nature to make it: %.9f bits\n",
                  qsim_min_entropy(s->sim));
    else
        cli_print(cli, "min-entropy not computed: the circuit measures before its end\n");
    if (s->out == NULL || s->all)
        print_table(cli, s);
    if (s->out != NULL)
        cli_print(cli, "wrote %s; to see what an assessor makes of it: head2 rng assess %s\n",
                  s->out, s->out);
}

static void print_json(struct cli *cli, const struct simulation *s)
{
    const struct qsim_circuit *c = &s->circuit.circuit;
    json_t *o = json_pack("{s:s, s:s, s:i, s:i, s:i, s:I}", "file", s->file, "label",
                          SOURCE_SIM_LABEL, "credited_bits", SOURCE_SIM_CREDIT, "qubits",
                          (int)c->qubits, "bits", (int)c->bits, "shots", (json_int_t)s->shots);
    json_t *counts = json_object();

    json_object_set_new(o, "min_entropy",
                        qsim_is_known(s->sim) ? json_real(qsim_min_entropy(s->sim)) : json_null());
    for (uint32_t k = 0; k < UINT32_C(1) << c->bits; k++)
        if (s->count[k] > 0) {
            char text[QSIM_BITS + 1];
            outcome_text(text, k, c->bits);
            json_object_set_new(counts, text, json_integer(s->count[k]));
        }
    json_object_set_new(o, "counts", counts);
    if (s->out != NULL)
        json_object_set_new(o, "out", json_string(s->out));
    cli_print_json(cli, o);
}

int cmd_rng_simulate(struct cli *cli)
{
    struct simulation s = {.file = cli->args[0],
                           .out = cli_string(cli, "out"),
                           .all = cli_flag(cli, "counts"),
                           .shots = (size_t)cli_number(cli, "shots", SHOTS_DEFAULT)};

    s.shown = strcmp(s.file, "-") == 0 ? "standard input" : s.file;
    int code = read_readout(cli, &s.readout);
    if (code == CLI_DONE)
        code = read_circuit(cli, &s);
    if (code == CLI_DONE)
        code = take_shots(cli, &s);
    if (code == CLI_DONE && s.out != NULL)
        code = write_shots(cli, &s);
    if (code == CLI_DONE && (s.out == NULL || strcmp(s.out, "-") != 0)) {
        if (cli->json)
            print_json(cli, &s);
        else
            print_text(cli, &s);
    }
    qsim_free(s.sim);
    qasm_free(&s.circuit);
    free(s.shot);
    free(s.count);
    return code;
}
