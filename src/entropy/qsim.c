/* see entropy/qsim.h */
#include "entropy/qsim.h"

#include <head2/random.h>

#include <math.h>
#include <stdlib.h>

enum {
    GUIDES = 4096, /* at most: where to begin to look in the cumulative distribution */
    DRAWS = 256    /* at a time */
};

/*
 * Of a known circuit, the state's memory is used again when it has been run: `im` holds the chance
 * of each outcome, and `re` the sums of these. Outcome o of the m measured qubits has the m-bit
 * number that their values make, in the order of the qubits.
 */
struct qsim {
    struct qsim_circuit circuit;
    struct qsim_readout readout;
    bool known;
    unsigned measured;          /* of a known circuit: how many qubits are */
    uint8_t qubit[QSIM_QUBITS]; /* which, in rising order */
    uint8_t bit[QSIM_QUBITS];   /* and into which bits */
    double most;                /* the greatest chance of any outcome */
    unsigned guides;            /* a power of two, at most 2^measured */
    uint32_t guide[GUIDES + 1]; /* [i]: the first outcome whose sum is above i / guides */
    struct qsim_state state;
    double amplitude[];
};

/* ---- which circuits are known ---- */

static bool is_pair(enum qsim_gate gate)
{
    return gate == QSIM_CX || gate == QSIM_CZ || gate == QSIM_SWAP;
}

static bool is_valid(const struct qsim_circuit *c, const struct qsim_readout *r)
{
    if (c->qubits < 1 || c->qubits > QSIM_QUBITS || c->bits > QSIM_BITS || c->n > QSIM_OPERATIONS ||
        !(r->p01 >= 0 && r->p01 <= 1 && r->p10 >= 0 && r->p10 <= 1))
        return false;
    for (size_t i = 0; i < c->n; i++) {
        const struct qsim_operation *op = &c->operation[i];
        if (op->gate > QSIM_RESET || op->qubit[0] >= c->qubits || !isfinite(op->angle) ||
            (is_pair(op->gate) && (op->qubit[1] >= c->qubits || op->qubit[0] == op->qubit[1])) ||
            (op->gate == QSIM_MEASURE && op->bit >= c->bits))
            return false;
    }
    return true;
}

/* Whether all measurements are at the end; if so, bit[q] becomes where qubit q goes, or -1. */
static bool measures_at_end(const struct qsim_circuit *c, int bit[QSIM_QUBITS])
{
    uint32_t touched = 0, measured = 0, written = 0;

    for (unsigned q = 0; q < QSIM_QUBITS; q++)
        bit[q] = -1;
    for (size_t i = 0; i < c->n; i++) {
        const struct qsim_operation *op = &c->operation[i];
        uint32_t uses = UINT32_C(1) << op->qubit[0];
        if (is_pair(op->gate))
            uses |= UINT32_C(1) << op->qubit[1];
        if ((uses & measured) != 0 || (op->gate == QSIM_RESET && (uses & touched) != 0))
            return false;
        if (op->gate == QSIM_MEASURE) {
            if ((written >> op->bit & 1) != 0)
                return false;
            written |= UINT32_C(1) << op->bit;
            measured |= uses;
            bit[op->qubit[0]] = op->bit;
        }
        if (op->gate != QSIM_RESET)
            touched |= uses;
    }
    return true;
}

/* ---- the distribution of a known circuit ---- */

/* The bits of k that stand at the measured qubits, moved together. */
static size_t outcome_of(const struct qsim *s, size_t k)
{
    size_t outcome = 0;

    for (unsigned i = 0; i < s->measured; i++)
        outcome |= (k >> s->qubit[i] & 1) << i;
    return outcome;
}

static void add_chances(struct qsim *s)
{
    const size_t states = (size_t)1 << s->circuit.qubits;
    double *chance = s->state.im, *weight = s->state.re;

    for (size_t k = 0; k < states; k++)
        weight[k] = weight[k] * weight[k] + chance[k] * chance[k];
    memset(chance, 0, states * sizeof *chance);
    for (size_t k = 0; k < states; k++)
        chance[outcome_of(s, k)] += weight[k];
}

static void add_readout(struct qsim *s)
{
    const size_t outcomes = (size_t)1 << s->measured;
    const struct qsim_readout *r = &s->readout;
    double *chance = s->state.im;

    for (size_t run = 1; run < outcomes; run *= 2)
        for (size_t o = 0; o < outcomes; o++) {
            if ((o & run) != 0)
                continue;
            const double zero = chance[o], one = chance[o | run];
            chance[o] = zero * (1 - r->p01) + one * r->p10;
            chance[o | run] = zero * r->p01 + one * (1 - r->p10);
        }
}

/* Sums from outcome to outcome, and for each part of [0, 1) where to begin to look. */
static void make_guides(struct qsim *s)
{
    const size_t outcomes = (size_t)1 << s->measured;
    double *sum = s->state.re, *chance = s->state.im, total = 0;
    size_t at = 0;

    for (size_t o = 0; o < outcomes; o++)
        total += chance[o];
    s->most = 0;
    for (size_t o = 0; o < outcomes; o++) {
        chance[o] /= total;
        sum[o] = chance[o] + (o > 0 ? sum[o - 1] : 0);
        s->most = fmax(s->most, chance[o]);
    }
    /* rounding must not leave a gap below 1, nor fill it with what cannot happen */
    size_t last = outcomes - 1;
    while (last > 0 && chance[last] <= 0)
        last--;
    for (size_t o = last; o < outcomes; o++)
        sum[o] = 1;
    s->guides = (unsigned)(outcomes < GUIDES ? outcomes : GUIDES);
    for (unsigned g = 0; g < s->guides; g++) {
        while (at < last && sum[at] <= (double)g / s->guides)
            at++;
        s->guide[g] = (uint32_t)at;
    }
    s->guide[s->guides] = (uint32_t)last;
}

static void run_known(struct qsim *s)
{
    qsim_state_clear(&s->state);
    for (size_t i = 0; i < s->circuit.n; i++)
        if (s->circuit.operation[i].gate < QSIM_MEASURE)
            qsim_state_apply(&s->state, &s->circuit.operation[i]);
    add_chances(s);
    add_readout(s);
    make_guides(s);
}

enum head2_status qsim_new(struct qsim **sim, const struct qsim_circuit *circuit,
                           const struct qsim_readout *readout)
{
    static const struct qsim_readout exact = {0, 0};
    int bit[QSIM_QUBITS];

    *sim = NULL;
    if (!is_valid(circuit, readout != NULL ? readout : &exact))
        return HEAD2_E_ARG;
    const size_t states = (size_t)1 << circuit->qubits;
    struct qsim *s = malloc(sizeof *s + 2 * states * sizeof *s->amplitude);
    if (s == NULL)
        return HEAD2_E_MEMORY;
    *s = (struct qsim){.circuit = *circuit, .readout = readout != NULL ? *readout : exact};
    s->state = (struct qsim_state){circuit->qubits, s->amplitude, s->amplitude + states};
    s->known = measures_at_end(circuit, bit);
    for (unsigned q = 0; s->known && q < circuit->qubits; q++)
        if (bit[q] >= 0) {
            s->qubit[s->measured] = (uint8_t)q;
            s->bit[s->measured++] = (uint8_t)bit[q];
        }
    if (s->known)
        run_known(s);
    *sim = s;
    return HEAD2_OK;
}

void qsim_free(struct qsim *sim)
{
    free(sim);
}

bool qsim_is_known(const struct qsim *sim)
{
    return sim->known;
}

double qsim_probability(const struct qsim *sim, uint32_t outcome)
{
    size_t o = 0;

    HEAD2_REQUIRES(sim->known);
    for (unsigned i = 0; i < sim->measured; i++) {
        o |= (size_t)(outcome >> sim->bit[i] & 1) << i;
        outcome &= ~(UINT32_C(1) << sim->bit[i]);
    }
    return outcome == 0 ? sim->state.im[o] : 0; /* a bit that nothing is measured into is never 1 */
}

double qsim_min_entropy(const struct qsim *sim)
{
    HEAD2_REQUIRES(sim->known);
    return fmax(-log2(sim->most), 0);
}

/* ---- shots ---- */

/* The first outcome whose sum is above x. */
static uint32_t sample(const struct qsim *s, double x)
{
    const unsigned g = (unsigned)(x * s->guides);
    uint32_t from = s->guide[g], to = s->guide[g + 1];

    while (from < to) {
        const uint32_t middle = from + (to - from) / 2;
        if (s->state.re[middle] > x)
            to = middle;
        else
            from = middle + 1;
    }
    return from;
}

static enum head2_status sample_shots(const struct qsim *s, uint32_t *shots, size_t n,
                                      const struct qsim_random *random)
{
    enum head2_status st = HEAD2_OK;
    uint64_t draw[DRAWS];

    for (size_t i = 0; i < n;) {
        const size_t batch = n - i < DRAWS ? n - i : DRAWS;
        HEAD2_TRY(random->draw(random->arg, draw, batch));
        HEAD2_PUBLIC(draw, sizeof draw,
                     "draws of a simulated circuit: its shots are worth nothing");
        for (size_t j = 0; j < batch; j++, i++) {
            const uint32_t outcome = sample(s, qsim_unit(draw[j]));
            shots[i] = 0;
            for (unsigned m = 0; m < s->measured; m++)
                shots[i] |= (outcome >> m & 1) << s->bit[m];
        }
    }
done:
    head2_wipe(draw, sizeof draw);
    return st;
}

/* One draw at a time, as many as a run turns out to need. */
static enum head2_status draw_unit(double *x, const struct qsim_random *random)
{
    uint64_t draw;
    const enum head2_status st = random->draw(random->arg, &draw, 1);

    if (st == HEAD2_OK) {
        HEAD2_PUBLIC(&draw, sizeof draw,
                     "draws of a simulated circuit: its shots are worth nothing");
        *x = qsim_unit(draw);
    }
    head2_wipe(&draw, sizeof draw);
    return st;
}

static enum head2_status measure(struct qsim *s, const struct qsim_operation *op, uint32_t *shot,
                                 const struct qsim_random *random)
{
    const struct qsim_readout *r = &s->readout;
    enum head2_status st;
    double x = 0;

    HEAD2_TRY(draw_unit(&x, random));
    bool value = qsim_state_measure(&s->state, op->qubit[0], x);
    if (r->p01 > 0 || r->p10 > 0) {
        HEAD2_TRY(draw_unit(&x, random));
        value ^= x < (value ? r->p10 : r->p01);
    }
    *shot = (*shot & ~(UINT32_C(1) << op->bit)) | (uint32_t)value << op->bit;
done:
    return st;
}

static enum head2_status reset(struct qsim *s, unsigned qubit, const struct qsim_random *random)
{
    double x = 0;
    const enum head2_status st = draw_unit(&x, random);

    if (st == HEAD2_OK && qsim_state_measure(&s->state, qubit, x))
        qsim_state_apply(&s->state, &(struct qsim_operation){
                                        QSIM_X, {(uint8_t)qubit, 0},
                                         0, 0
        });
    return st;
}

static enum head2_status run_shot(struct qsim *s, uint32_t *shot, const struct qsim_random *random)
{
    enum head2_status st = HEAD2_OK;

    *shot = 0;
    qsim_state_clear(&s->state);
    for (size_t i = 0; i < s->circuit.n && st == HEAD2_OK; i++) {
        const struct qsim_operation *op = &s->circuit.operation[i];
        if (op->gate == QSIM_MEASURE)
            st = measure(s, op, shot, random);
        else if (op->gate == QSIM_RESET)
            st = reset(s, op->qubit[0], random);
        else
            qsim_state_apply(&s->state, op);
    }
    return st;
}

enum head2_status qsim_shots(struct qsim *sim, uint32_t *shots, size_t n,
                             const struct qsim_random *random)
{
    enum head2_status st = HEAD2_OK;

    if (sim->known)
        st = sample_shots(sim, shots, n, random);
    else
        for (size_t i = 0; i < n && st == HEAD2_OK; i++)
            st = run_shot(sim, &shots[i], random);
    if (st != HEAD2_OK)
        memset(shots, 0, n * sizeof *shots);
    return st;
}

/* ---- draws ---- */

static enum head2_status draw_library(void *arg, uint64_t *words, size_t n)
{
    (void)arg;
    return head2_random(words, n * sizeof *words);
}

const struct qsim_random qsim_random_library = {draw_library, NULL};

void qsim_seeded_init(struct qsim_seeded *s, uint64_t seed)
{
    static const char purpose[] = "head2 qsim: draws";
    uint8_t number[8];

    put_le64(number, seed);
    head2_shake128_init(&s->stream);
    head2_shake_update(&s->stream, purpose, sizeof purpose);
    head2_shake_update(&s->stream, number, sizeof number);
}

static enum head2_status draw_seeded(void *arg, uint64_t *words, size_t n)
{
    struct qsim_seeded *s = arg;

    for (size_t i = 0; i < n; i++) {
        uint8_t bytes[8];
        head2_shake_squeeze(&s->stream, bytes, sizeof bytes);
        words[i] = le64(bytes);
    }
    return HEAD2_OK;
}

struct qsim_random qsim_seeded_random(struct qsim_seeded *s)
{
    return (struct qsim_random){draw_seeded, s};
}
