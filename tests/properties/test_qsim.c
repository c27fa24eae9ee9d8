/*
 * The circuit simulator: its gates against whole matrices that are built from Kronecker products,
 * states and distributions that are known, and shots.
 */
#include "check.h"
#include "entropy/qsim.h"

#include <complex.h>
#include <math.h>

#define EXACT 1e-12

static struct qsim_seeded seeded;

static struct qsim_random draws(uint64_t seed)
{
    qsim_seeded_init(&seeded, seed);
    return qsim_seeded_random(&seeded);
}

static uint64_t draw(void)
{
    uint64_t word;
    const struct qsim_random random = qsim_seeded_random(&seeded);

    CHECK_EQ(random.draw(random.arg, &word, 1), HEAD2_OK);
    return word;
}

/* ---- whole matrices ---- */

enum { MOST = 5, STATES = 1 << MOST };
typedef double complex matrix[STATES][STATES];

/* Gates as the textbook has them, RX and so on as exponentials of Pauli matrices. */
static void gate_matrix(double complex m[2][2], enum qsim_gate gate, double angle)
{
    const double complex pauli[3][2][2] = {
        {{0, 1},  {1, 0} },
        {{0, -I}, {I, 0} },
        {{1, 0},  {0, -1}}
    };
    const double complex phase[] = {I, -I, cexp(I * M_PI / 4), cexp(-I * M_PI / 4)};

    for (unsigned r = 0; r < 2; r++)
        for (unsigned c = 0; c < 2; c++) {
            const double complex one = r == c;
            if (gate == QSIM_H)
                m[r][c] = (pauli[0][r][c] + pauli[2][r][c]) / sqrt(2);
            else if (gate <= QSIM_Z)
                m[r][c] = pauli[gate - QSIM_X][r][c];
            else if (gate <= QSIM_TDG)
                m[r][c] = r == c ? (r == 0 ? 1 : phase[gate - QSIM_S]) : 0;
            else
                m[r][c] = cos(angle / 2) * one - I * sin(angle / 2) * pauli[gate - QSIM_RX][r][c];
        }
}

static unsigned swapped(unsigned k, const uint8_t qubit[2])
{
    const unsigned a = k >> qubit[0] & 1, b = k >> qubit[1] & 1;

    return (k & ~(1U << qubit[0] | 1U << qubit[1])) | a << qubit[1] | b << qubit[0];
}

/* m becomes the matrix of the whole circuit's gate: of factors for each qubit, the last foremost;
 * of two qubits, as |0><0| x 1 + |1><1| x gate. */
static void whole_matrix(matrix m, const struct qsim_operation *op, unsigned qubits)
{
    double complex none[2][2] = {
        {1, 0},
        {0, 1}
    };
    double complex zero[2][2] =
        {
            {1, 0},
            {0, 0}
    },
                   one[2][2] = {{0, 0}, {0, 1}};
    const bool pair = op->gate == QSIM_CX || op->gate == QSIM_CZ;
    double complex turned[2][2] = {{0}};

    if (op->gate != QSIM_SWAP)
        gate_matrix(turned,
                    op->gate == QSIM_CX   ? QSIM_X
                    : op->gate == QSIM_CZ ? QSIM_Z
                                          : op->gate,
                    op->angle);
    for (unsigned r = 0; r < 1U << qubits; r++)
        for (unsigned c = 0; c < 1U << qubits; c++) {
            double complex terms[2] = {1, pair};
            for (unsigned q = 0; q < qubits; q++) {
                const unsigned i = r >> q & 1, j = c >> q & 1;
                const bool first = q == op->qubit[0], second = q == op->qubit[1];
                terms[0] *= pair ? (first ? zero : none)[i][j] : (first ? turned : none)[i][j];
                terms[1] *= first ? one[i][j] : second ? turned[i][j] : none[i][j];
            }
            m[r][c] = op->gate == QSIM_SWAP ? r == swapped(c, op->qubit) : terms[0] + terms[1];
        }
}

struct pair_of_states {
    struct qsim_state s;
    double re[STATES], im[STATES];
    double complex v[STATES];
};

static void both_apply(struct pair_of_states *p, const struct qsim_operation *op)
{
    static matrix m;
    double complex next[STATES] = {0};
    const unsigned states = 1U << p->s.qubits;

    qsim_state_apply(&p->s, op);
    whole_matrix(m, op, p->s.qubits);
    for (unsigned r = 0; r < states; r++)
        for (unsigned c = 0; c < states; c++)
            next[r] += m[r][c] * p->v[c];
    memcpy(p->v, next, sizeof next);
}

static void begin(struct pair_of_states *p, unsigned qubits)
{
    p->s = (struct qsim_state){qubits, p->re, p->im};
    qsim_state_clear(&p->s);
    memset(p->v, 0, sizeof p->v);
    p->v[0] = 1;
}

static void check_same(const struct pair_of_states *p, const char *what)
{
    for (unsigned k = 0; k < 1U << p->s.qubits; k++)
        CHECK_SAY(cabs(p->v[k] - (p->re[k] + I * p->im[k])) < EXACT,
                  "%s: amplitude %u is %.15f + %.15f i, not %.15f + %.15f i", what, k, p->re[k],
                  p->im[k], creal(p->v[k]), cimag(p->v[k]));
}

static struct qsim_operation any_gate(unsigned qubits)
{
    const unsigned gates = qubits > 1 ? QSIM_SWAP + 1 : QSIM_RZ + 1;
    struct qsim_operation op = {.gate = (enum qsim_gate)(draw() % gates),
                                .angle = 20 * qsim_unit(draw()) - 10};

    op.qubit[0] = (uint8_t)(draw() % qubits);
    if (op.gate >= QSIM_CX)
        op.qubit[1] = (uint8_t)((op.qubit[0] + 1 + draw() % (qubits - 1)) % qubits);
    return op;
}

/* Each gate at each place, after enough others that no amplitude is zero. */
static void gates_are_their_matrices(void)
{
    static struct pair_of_states p;
    char what[32];

    (void)draws(1);
    for (unsigned qubits = 1; qubits <= MOST; qubits++)
        for (enum qsim_gate gate = QSIM_H; gate <= (qubits > 1 ? QSIM_SWAP : QSIM_RZ); gate++)
            for (unsigned a = 0; a < qubits; a++)
                for (unsigned b = 0; b < (gate >= QSIM_CX ? qubits : 1); b++) {
                    if (gate >= QSIM_CX && a == b)
                        continue;
                    begin(&p, qubits);
                    for (unsigned i = 0; i < 2 * qubits; i++) {
                        const struct qsim_operation op = {
                            i % 2 == 0 ? QSIM_RY : QSIM_RZ, {(uint8_t)(i / 2), 0},
                                     0, 1.0 + i
                        };
                        both_apply(&p, &op);
                    }
                    const struct qsim_operation op = {
                        gate, {(uint8_t)a, (uint8_t)b},
                         0, 0.7
                    };
                    both_apply(&p, &op);
                    snprintf(what, sizeof what, "gate %d of %u on %u, %u", (int)gate, qubits, a, b);
                    check_same(&p, what);
                }
}

static void circuits_are_their_matrices(void)
{
    static struct pair_of_states p;

    (void)draws(2);
    for (unsigned round = 0; round < 60; round++) {
        begin(&p, 1 + round % MOST);
        for (unsigned i = 0; i < 40; i++) {
            const struct qsim_operation op = any_gate(p.s.qubits);
            both_apply(&p, &op);
        }
        check_same(&p, "a circuit of 40 gates");
    }
}

/* Inner products stay, forwards and back: what is undone is undone. */
static void gates_are_unitary(void)
{
    enum { QUBITS = 10, GATES = 300 };
    static double re[1 << QUBITS], im[1 << QUBITS];
    static struct qsim_operation op[GATES];
    struct qsim_state s = {QUBITS, re, im};
    static const enum qsim_gate inverse[] = {
        [QSIM_S] = QSIM_SDG, [QSIM_SDG] = QSIM_S, [QSIM_T] = QSIM_TDG, [QSIM_TDG] = QSIM_T};

    (void)draws(3);
    qsim_state_clear(&s);
    for (unsigned i = 0; i < GATES; i++) {
        double norm = 0;
        op[i] = any_gate(QUBITS);
        qsim_state_apply(&s, &op[i]);
        for (unsigned k = 0; k < 1 << QUBITS; k++)
            norm += re[k] * re[k] + im[k] * im[k];
        CHECK(fabs(norm - 1) < EXACT);
    }
    CHECK(fabs(re[0]) < 0.9);
    for (unsigned i = GATES; i-- > 0;) {
        if (op[i].gate >= QSIM_S && op[i].gate <= QSIM_TDG)
            op[i].gate = inverse[op[i].gate];
        op[i].angle = -op[i].angle;
        qsim_state_apply(&s, &op[i]);
    }
    CHECK(fabs(re[0] - 1) < EXACT && fabs(im[0]) < EXACT);
}

/* ---- distributions ---- */

struct program {
    struct qsim_operation op[64];
    struct qsim_circuit c;
};

static void add(struct program *p, enum qsim_gate gate, unsigned a, unsigned b, double angle)
{
    p->op[p->c.n++] = (struct qsim_operation){
        gate, {(uint8_t)a, (uint8_t)b},
         (uint8_t)(gate == QSIM_MEASURE ? b : 0), angle
    };
    p->op[p->c.n - 1].qubit[1] = (uint8_t)(gate == QSIM_MEASURE ? 0 : b);
}

static void open_program(struct program *p, unsigned qubits, unsigned bits)
{
    *p = (struct program){
        .c = {.qubits = qubits, .bits = bits, .operation = p->op}
    };
}

static struct qsim *ready(const struct program *p, const struct qsim_readout *readout)
{
    struct qsim *sim;

    CHECK_EQ(qsim_new(&sim, &p->c, readout), HEAD2_OK);
    return sim;
}

static void check_chance(const struct qsim *sim, uint32_t outcome, double wanted)
{
    CHECK_SAY(fabs(qsim_probability(sim, outcome) - wanted) < EXACT, "outcome %u: %.15f, not %.15f",
              outcome, qsim_probability(sim, outcome), wanted);
}

static void ghz(struct program *p, unsigned qubits)
{
    open_program(p, qubits, qubits);
    add(p, QSIM_H, 0, 0, 0);
    for (unsigned q = 1; q < qubits; q++)
        add(p, QSIM_CX, q - 1, q, 0);
    for (unsigned q = 0; q < qubits; q++)
        add(p, QSIM_MEASURE, q, q, 0);
}

static void known_states(void)
{
    struct program p;
    for (unsigned qubits = 2; qubits <= 12; qubits++) { /* 2: Bell's */
        ghz(&p, qubits);
        struct qsim *sim = ready(&p, NULL);
        check_chance(sim, 0, 0.5);
        check_chance(sim, (1U << qubits) - 1, 0.5);
        check_chance(sim, 1, 0);
        CHECK(fabs(qsim_min_entropy(sim) - 1) < EXACT);
        qsim_free(sim);
    }
    /* bits in another order, one left out, a qubit not looked at */
    open_program(&p, 3, 5);
    add(&p, QSIM_X, 0, 0, 0);
    add(&p, QSIM_RY, 2, 0, 2 * asin(sqrt(0.3)));
    add(&p, QSIM_H, 1, 0, 0);
    add(&p, QSIM_MEASURE, 2, 0, 0);
    add(&p, QSIM_MEASURE, 0, 3, 0);
    struct qsim *sim = ready(&p, NULL);
    check_chance(sim, 8, 0.7);
    check_chance(sim, 9, 0.3);
    check_chance(sim, 0, 0);
    check_chance(sim, 8 | 16, 0);
    CHECK(fabs(qsim_min_entropy(sim) + log2(0.7)) < EXACT);
    uint32_t shots[1000], ones = 0;
    const struct qsim_random random = draws(5);
    CHECK_EQ(qsim_shots(sim, shots, 1000, &random), HEAD2_OK);
    for (unsigned i = 0; i < 1000; i++) {
        CHECK((shots[i] & ~1U) == 8);
        ones += shots[i] & 1;
    }
    CHECK(ones > 230 && ones < 370); /* 300 within five deviations of 14.5 */
    qsim_free(sim);
}

static void readout_error(void)
{
    const struct qsim_readout readout = {0.02, 0.1};
    enum { N = 200000 };
    static uint32_t shots[N];
    double seen[8] = {0};
    struct program p;

    ghz(&p, 3);
    struct qsim *sim = ready(&p, &readout);
    const struct qsim_random random = draws(6);
    CHECK_EQ(qsim_shots(sim, shots, N, &random), HEAD2_OK);
    for (unsigned i = 0; i < N; i++)
        seen[shots[i]]++;
    for (unsigned o = 0; o < 8; o++) {
        const int ones = __builtin_popcount(o);
        const double wanted = (pow(0.02, ones) * pow(0.98, 3 - ones) + /* of 000 */
                               pow(0.9, ones) * pow(0.1, 3 - ones)) /
                              2;
        check_chance(sim, o, wanted);
        CHECK_SAY(fabs(seen[o] - N * wanted) < 6 * sqrt(N * wanted), "outcome %u: %.0f of %d", o,
                  seen[o], N);
    }
    qsim_free(sim);
}

/* ---- measurements in the middle ---- */

static void collapse(void)
{
    static struct pair_of_states p;
    const struct qsim_operation h =
                                    {
                                        .gate = QSIM_H
    },
                                cx = {.gate = QSIM_CX, .qubit = {0, 1}};

    for (unsigned value = 0; value < 2; value++) {
        begin(&p, 2);
        both_apply(&p, &h);
        both_apply(&p, &cx);
        CHECK(fabs(qsim_state_one(&p.s, 1) - 0.5) < EXACT);
        CHECK_EQ(qsim_state_measure(&p.s, 1, value ? 0.499999 : 0.500001), value);
        CHECK(fabs(p.re[3 * value] - 1) < EXACT && fabs(p.re[3 - 3 * value]) < EXACT);
        CHECK_EQ(qsim_state_measure(&p.s, 0, 0.999), value); /* and the other with it */
    }
    begin(&p, 1);
    CHECK(!qsim_state_measure(&p.s, 0, 0));
}

static void count_shots(double *share, const struct program *p, const struct qsim_readout *readout,
                        unsigned n)
{
    const struct qsim_random random = draws(7);
    uint32_t *shots = malloc(n * sizeof *shots);
    struct qsim *sim = ready(p, readout);

    CHECK(!qsim_is_known(sim));
    CHECK_EQ(qsim_shots(sim, shots, n, &random), HEAD2_OK);
    for (unsigned i = 0; i < n; i++)
        share[shots[i]] += 1.0 / n;
    qsim_free(sim);
    free(shots);
}

static void measured_in_the_middle(void)
{
    enum { N = 20000 };
    const double near = 0.025; /* 7 deviations of a half among so many */
    struct program p;
    double share[8] = {0};

    /* a coin, seen, turned over, seen again: 01 or 10 */
    open_program(&p, 1, 2);
    add(&p, QSIM_H, 0, 0, 0);
    add(&p, QSIM_MEASURE, 0, 0, 0);
    add(&p, QSIM_X, 0, 0, 0);
    add(&p, QSIM_MEASURE, 0, 1, 0);
    count_shots(share, &p, NULL, N);
    CHECK(share[0] + share[3] <= 0 && fabs(share[1] - 0.5) < near);

    /* H after a measurement makes a new coin; without the measurement it would give 0 */
    memset(share, 0, sizeof share);
    open_program(&p, 1, 2);
    add(&p, QSIM_H, 0, 0, 0);
    add(&p, QSIM_MEASURE, 0, 0, 0);
    add(&p, QSIM_H, 0, 0, 0);
    add(&p, QSIM_MEASURE, 0, 1, 0);
    count_shots(share, &p, NULL, N);
    for (unsigned o = 0; o < 4; o++)
        CHECK(fabs(share[o] - 0.25) < near);

    /* a reset of half a Bell pair leaves a coin; a bit written twice keeps the last value */
    memset(share, 0, sizeof share);
    open_program(&p, 2, 2);
    add(&p, QSIM_H, 0, 0, 0);
    add(&p, QSIM_CX, 0, 1, 0);
    add(&p, QSIM_RESET, 0, 0, 0);
    add(&p, QSIM_X, 0, 0, 0);
    add(&p, QSIM_MEASURE, 1, 0, 0);
    add(&p, QSIM_MEASURE, 0, 0, 0);
    add(&p, QSIM_MEASURE, 1, 1, 0);
    count_shots(share, &p, NULL, N);
    CHECK(fabs(share[1] - 0.5) < near && fabs(share[3] - 0.5) < near);

    /* what is written down wrongly leaves the qubit as it is */
    memset(share, 0, sizeof share);
    open_program(&p, 1, 2);
    add(&p, QSIM_MEASURE, 0, 0, 0);
    add(&p, QSIM_MEASURE, 0, 1, 0);
    count_shots(share, &p, &(struct qsim_readout){0.3, 0}, N);
    CHECK(fabs(share[0] - 0.49) < near && fabs(share[3] - 0.09) < near);
}

/* Both ways to take shots are of one distribution. */
static void both_ways_agree(void)
{
    enum { N = 20000 };
    const struct qsim_readout readout = {0.05, 0.15};
    double share[8] = {0};
    struct program p;

    ghz(&p, 3);
    add(&p, QSIM_RESET, 0, 0, 0); /* of a measured qubit: no longer known, and the same shots */
    count_shots(share, &p, &readout, N);
    p.c.n--;
    struct qsim *sim = ready(&p, &readout);
    CHECK(qsim_is_known(sim));
    for (unsigned o = 0; o < 8; o++) {
        const double wanted = qsim_probability(sim, o);
        CHECK(fabs(share[o] - wanted) < 6 * sqrt(wanted / N));
    }
    qsim_free(sim);
}

/* ---- shots ---- */

static void seeds_repeat(void)
{
    enum { N = 5000 };
    static uint32_t a[N], b[N];
    struct program p;

    open_program(&p, 8, 8);
    for (unsigned q = 0; q < 8; q++)
        add(&p, QSIM_H, q, 0, 0);
    for (unsigned q = 0; q < 8; q++)
        add(&p, QSIM_MEASURE, q, q, 0);
    struct qsim *sim = ready(&p, NULL);
    struct qsim_random random = draws(8);
    CHECK_EQ(qsim_shots(sim, a, N, &random), HEAD2_OK);
    random = draws(8);
    CHECK_EQ(qsim_shots(sim, b, 100, &random), HEAD2_OK); /* in parts: the same */
    CHECK_EQ(qsim_shots(sim, b + 100, N - 100, &random), HEAD2_OK);
    CHECK_MEM(a, b, sizeof a);
    random = draws(8); /* a shot is the upper 8 bits of its draw */
    for (unsigned i = 0; i < N; i++)
        CHECK_EQ(a[i], draw() >> 56);
    random = draws(9);
    CHECK_EQ(qsim_shots(sim, b, N, &random), HEAD2_OK);
    CHECK(memcmp(a, b, sizeof a) != 0);
    CHECK_EQ(qsim_shots(sim, b, N, &qsim_random_library), HEAD2_OK);
    CHECK(memcmp(a, b, sizeof a) != 0);
    qsim_free(sim);
}

static enum head2_status extreme_draw(void *arg, uint64_t *words, size_t n)
{
    memset(words, *(int *)arg, n * sizeof *words);
    return HEAD2_OK;
}

static enum head2_status no_draw(void *arg, uint64_t *words, size_t n)
{
    unsigned *left = arg;

    memset(words, 0xa5, n * sizeof *words);
    return (*left)-- > 0 ? HEAD2_OK : HEAD2_E_ENTROPY;
}

/* The least and the greatest draw give outcomes that can happen; a failing one gives none. */
static void draws_at_the_edge(void)
{
    int byte = 0xff;
    uint32_t shots[600];
    struct program p;

    open_program(&p, 3, 3);
    add(&p, QSIM_H, 1, 0, 0);
    for (unsigned q = 0; q < 3; q++)
        add(&p, QSIM_MEASURE, q, q, 0);
    for (unsigned way = 0; way < 2; way++) {
        struct qsim *sim = ready(&p, NULL);
        CHECK_EQ(qsim_is_known(sim), way == 0);
        for (byte = 0; byte < 256; byte += 255) {
            const struct qsim_random extreme = {extreme_draw, &byte};
            CHECK_EQ(qsim_shots(sim, shots, 1, &extreme), HEAD2_OK);
            CHECK(shots[0] == 0 || shots[0] == 2);
        }
        for (unsigned left = 0; left < 2; left++) {
            unsigned calls = left;
            const struct qsim_random failing = {no_draw, &calls};
            memset(shots, 0xff, sizeof shots);
            CHECK_EQ(qsim_shots(sim, shots, 600, &failing), HEAD2_E_ENTROPY);
            for (unsigned i = 0; i < 600; i++)
                CHECK_EQ(shots[i], 0);
        }
        qsim_free(sim);
        add(&p, QSIM_RESET, 0, 0, 0);
    }
}

static void twenty_qubits(void)
{
    enum { N = 50000 };
    static uint32_t shots[N];
    struct program p;

    open_program(&p, 20, 20);
    for (unsigned q = 0; q < 20; q++)
        add(&p, QSIM_H, q, 0, 0);
    for (unsigned q = 0; q < 20; q++)
        add(&p, QSIM_MEASURE, q, q, 0);
    struct qsim *sim = ready(&p, NULL);
    CHECK(fabs(qsim_min_entropy(sim) - 20) < 1e-11);
    struct qsim_random random = draws(10);
    CHECK_EQ(qsim_shots(sim, shots, N, &random), HEAD2_OK);
    random = draws(10);
    for (unsigned i = 0; i < N; i++)
        CHECK_EQ(shots[i], draw() >> 44);
    qsim_free(sim);

    ghz(&p, 20);
    sim = ready(&p, NULL);
    check_chance(sim, (1U << 20) - 1, 0.5);
    CHECK_EQ(qsim_shots(sim, shots, N, &random), HEAD2_OK);
    for (unsigned i = 0; i < N; i++)
        CHECK(shots[i] == 0 || shots[i] == (1U << 20) - 1);
    qsim_free(sim);
}

static void refused(void)
{
    const struct qsim_readout wrong = {0, 1.5};
    struct program good, p;
    struct qsim *sim;

    ghz(&good, 3);
    CHECK_EQ(qsim_new(&sim, &good.c, &wrong), HEAD2_E_ARG);
    CHECK(sim == NULL);
    static const struct {
        unsigned qubits, bits;
        struct qsim_operation op;
    } bad[] = {
        {0,  1,  {QSIM_H, {0, 0}, 0, 0}              },
        {21, 1,  {QSIM_H, {0, 0}, 0, 0}              },
        {2,  21, {QSIM_H, {0, 0}, 0, 0}              },
        {2,  2,  {QSIM_H, {2, 0}, 0, 0}              },
        {2,  2,  {QSIM_CX, {0, 2}, 0, 0}             },
        {2,  2,  {QSIM_CX, {1, 1}, 0, 0}             },
        {2,  2,  {QSIM_MEASURE, {0, 0}, 2, 0}        },
        {2,  2,  {QSIM_RX, {0, 0}, 0, HUGE_VAL}      },
        {2,  2,  {(enum qsim_gate)99, {0, 0}, 0, 0.0}},
    };
    for (unsigned i = 0; i < HEAD2_LEN(bad); i++) {
        open_program(&p, bad[i].qubits, bad[i].bits);
        p.op[p.c.n++] = bad[i].op;
        CHECK_EQ(qsim_new(&sim, &p.c, NULL), HEAD2_E_ARG);
    }
}

int main(void)
{
    RUN(gates_are_their_matrices);
    RUN(circuits_are_their_matrices);
    RUN(gates_are_unitary);
    RUN(known_states);
    RUN(readout_error);
    RUN(collapse);
    RUN(measured_in_the_middle);
    RUN(both_ways_agree);
    RUN(seeds_repeat);
    RUN(draws_at_the_edge);
    RUN(twenty_qubits);
    RUN(refused);
    CHECK_EXIT();
}
