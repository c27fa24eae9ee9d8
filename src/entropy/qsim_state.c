/*
 * Gates and measurements on a state vector.
 */
#include "entropy/qsim.h"

#include <math.h>

/* A gate on one qubit: what the amplitudes of its 0 and 1 become, row by row. */
struct matrix {
    double re[2][2], im[2][2];
};

void qsim_state_clear(struct qsim_state *s)
{
    const size_t states = (size_t)1 << s->qubits;

    memset(s->re, 0, states * sizeof *s->re);
    memset(s->im, 0, states * sizeof *s->im);
    s->re[0] = 1;
}

/* ---- one qubit ---- */

static struct matrix rotation(enum qsim_gate axis, double angle)
{
    const double c = cos(angle / 2), s = sin(angle / 2);

    if (axis == QSIM_RX)
        return (struct matrix){
            .re = {{c, 0},  {0, c} },
              .im = {{0, -s}, {-s, 0}}
        };
    if (axis == QSIM_RY)
        return (struct matrix){
            .re = {{c, -s}, {s, c}}
        };
    return (struct matrix){
        .re = {{c, 0},  {0, c}},
          .im = {{-s, 0}, {0, s}}
    };
}

static struct matrix matrix_of(const struct qsim_operation *op)
{
    const double r = M_SQRT1_2;

    switch (op->gate) {
    case QSIM_H:
        return (struct matrix){
            .re = {{r, r}, {r, -r}}
        };
    case QSIM_X:
        return (struct matrix){
            .re = {{0, 1}, {1, 0}}
        };
    case QSIM_Y:
        return (struct matrix){
            .im = {{0, -1}, {1, 0}}
        };
    case QSIM_Z:
        return (struct matrix){
            .re = {{1, 0}, {0, -1}}
        };
    case QSIM_S:
        return (struct matrix){
            .re = {{1, 0}, {0, 0}},
              .im = {{0, 0}, {0, 1}}
        };
    case QSIM_SDG:
        return (struct matrix){
            .re = {{1, 0}, {0, 0} },
              .im = {{0, 0}, {0, -1}}
        };
    case QSIM_T:
        return (struct matrix){
            .re = {{1, 0}, {0, r}},
              .im = {{0, 0}, {0, r}}
        };
    case QSIM_TDG:
        return (struct matrix){
            .re = {{1, 0}, {0, r} },
              .im = {{0, 0}, {0, -r}}
        };
    default:
        return rotation(op->gate, op->angle);
    }
}

/* `run` neighbours of the qubit's 0, and as many of its 1. */
static HEAD2_ALWAYS_INLINE void turn(double *restrict re0, double *restrict im0,
                                     double *restrict re1, double *restrict im1, size_t run,
                                     const struct matrix *m)
{
    for (size_t i = 0; i < run; i++) {
        const double a = re0[i], b = im0[i], c = re1[i], d = im1[i];
        re0[i] = m->re[0][0] * a - m->im[0][0] * b + m->re[0][1] * c - m->im[0][1] * d;
        im0[i] = m->re[0][0] * b + m->im[0][0] * a + m->re[0][1] * d + m->im[0][1] * c;
        re1[i] = m->re[1][0] * a - m->im[1][0] * b + m->re[1][1] * c - m->im[1][1] * d;
        im1[i] = m->re[1][0] * b + m->im[1][0] * a + m->re[1][1] * d + m->im[1][1] * c;
    }
}

static HEAD2_ALWAYS_INLINE void turn_all(struct qsim_state *s, size_t run, const struct matrix *m)
{
    const size_t states = (size_t)1 << s->qubits;

    for (size_t k = 0; k < states; k += 2 * run)
        turn(s->re + k, s->im + k, s->re + k + run, s->im + k + run, run, m);
}

/* The lowest qubits have runs too short to be a loop: their lengths are constants. */
static void apply_matrix(struct qsim_state *s, unsigned qubit, const struct matrix *matrix)
{
    const struct matrix m = *matrix; /* a copy, which amplitudes cannot alias */

    switch (qubit) {
    case 0:
        turn_all(s, 1, &m);
        break;
    case 1:
        turn_all(s, 2, &m);
        break;
    case 2:
        turn_all(s, 4, &m);
        break;
    default:
        turn_all(s, (size_t)1 << qubit, &m);
    }
}

/* ---- two qubits ---- */

static void exchange(struct qsim_state *s, size_t a, size_t b)
{
    const double re = s->re[a], im = s->im[a];

    s->re[a] = s->re[b];
    s->im[a] = s->im[b];
    s->re[b] = re;
    s->im[b] = im;
}

/* k with a 0 put in at this bit */
static size_t spread(size_t k, unsigned bit)
{
    const size_t below = ((size_t)1 << bit) - 1;

    return (k & below) | (k & ~below) << 1;
}

static void apply_pair(struct qsim_state *s, const struct qsim_operation *op)
{
    const unsigned a = op->qubit[0], b = op->qubit[1], low = a < b ? a : b, high = a < b ? b : a;
    const size_t first = (size_t)1 << a, second = (size_t)1 << b, groups = (size_t)1 << s->qubits;

    for (size_t g = 0; g < groups / 4; g++) {
        const size_t k = spread(spread(g, low), high);
        if (op->gate == QSIM_CX) {
            exchange(s, k | first, k | first | second);
        } else if (op->gate == QSIM_SWAP) {
            exchange(s, k | first, k | second);
        } else {
            s->re[k | first | second] = -s->re[k | first | second];
            s->im[k | first | second] = -s->im[k | first | second];
        }
    }
}

void qsim_state_apply(struct qsim_state *s, const struct qsim_operation *op)
{
    HEAD2_REQUIRES(op->qubit[0] < s->qubits && op->gate != QSIM_MEASURE && op->gate != QSIM_RESET);
    if (op->gate == QSIM_CX || op->gate == QSIM_CZ || op->gate == QSIM_SWAP) {
        HEAD2_REQUIRES(op->qubit[1] < s->qubits && op->qubit[0] != op->qubit[1]);
        apply_pair(s, op);
    } else {
        const struct matrix m = matrix_of(op);
        apply_matrix(s, op->qubit[0], &m);
    }
}

/* ---- measurements ---- */

/* |amplitude|^2 summed up over the states in which the qubit has this value */
static double weight(const struct qsim_state *s, unsigned qubit, bool value)
{
    const size_t states = (size_t)1 << s->qubits, run = (size_t)1 << qubit;
    double sum = 0;

    for (size_t k = value ? run : 0; k < states; k += 2 * run)
        for (size_t i = k; i < k + run; i++)
            sum += s->re[i] * s->re[i] + s->im[i] * s->im[i];
    return sum;
}

double qsim_state_one(const struct qsim_state *s, unsigned qubit)
{
    const double zero = weight(s, qubit, false), one = weight(s, qubit, true);

    return one / (zero + one); /* gates are unitary but for rounding */
}

bool qsim_state_measure(struct qsim_state *s, unsigned qubit, double draw)
{
    const size_t states = (size_t)1 << s->qubits, run = (size_t)1 << qubit;
    const double zero = weight(s, qubit, false), one = weight(s, qubit, true);
    const bool value = draw * (zero + one) < one;
    const double scale = 1 / sqrt(value ? one : zero);

    for (size_t k = 0; k < states; k++) {
        const double keep = ((k & run) != 0) == value ? scale : 0;
        s->re[k] *= keep;
        s->im[k] *= keep;
    }
    return value;
}
