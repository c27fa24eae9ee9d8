/*
 * The assessor against sources whose min-entropy is known exactly: simulated circuits over a grid
 * of angles, widths, readout errors and correlations. And what no assessor can see: a circuit that
 * is driven by a generator which everybody can run is assessed as hardware is.
 *
 * Tolerance above the truth. The estimate by the most common value is -log2 of
 * p' + 2.576 sqrt(p'(1 - p')/(n - 1)), where p' is the share seen. It is above the truth, -log2 p,
 * only where p' is more than 2.576 deviations sigma = sqrt(p(1 - p)/n) below p; six are not seen in
 * a lifetime of runs, so it is at most -log2(p - (6 - 2.576) sigma). No assessment is above that
 * estimate, since the least of ten counts. So: truth + log2(p / (p - 3.43 sigma)).
 */
#include "assess/assess.h"
#include "check.h"
#include "entropy/qsim.h"
#include "entropy/source_sim.h"

#include <head2/random.h>

#include <math.h>

enum { MOST = 150000 };
static uint8_t sample[MOST];
static uint32_t shot[MOST];

struct program {
    struct qsim_operation op[64];
    struct qsim_circuit c;
};

static void add(struct program *p, enum qsim_gate gate, unsigned a, unsigned b, double angle)
{
    p->op[p->c.n++] = (struct qsim_operation){
        .gate = gate, .qubit = {(uint8_t)a, (uint8_t)b},
             .bit = (uint8_t)a, .angle = angle
    };
}

/* Every qubit turned by the angle; of `pairs` pairs the second then follows the first. */
static void open_program(struct program *p, unsigned width, double angle, unsigned pairs)
{
    *p = (struct program){
        .c = {.qubits = width, .bits = width, .operation = p->op}
    };
    for (unsigned q = 0; q < width; q++)
        if (q % 2 == 0 || q / 2 >= pairs)
            add(p, QSIM_RY, q, 0, angle);
        else
            add(p, QSIM_CX, q - 1, q, 0);
    for (unsigned q = 0; q < width; q++)
        add(p, QSIM_MEASURE, q, 0, 0);
}

static double simulate(const struct program *p, const struct qsim_readout *readout, size_t n,
                       const struct qsim_random *random)
{
    struct qsim *sim;

    CHECK_EQ(qsim_new(&sim, &p->c, readout), HEAD2_OK);
    CHECK_EQ(qsim_shots(sim, shot, n, random), HEAD2_OK);
    for (size_t i = 0; i < n; i++)
        sample[i] = (uint8_t)shot[i];
    const double h = qsim_min_entropy(sim);
    qsim_free(sim);
    return h;
}

static double tolerance(double truth, size_t n)
{
    const double p = exp2(-truth), sigma = sqrt(p * (1 - p) / (double)n);

    return log2(p / (p - 3.43 * sigma));
}

static struct assess_non_iid assessed(size_t n, unsigned bits)
{
    const struct assess_input in = {sample, n, bits};
    struct assess_non_iid a;

    CHECK_EQ(assess_non_iid(&a, &in, NULL), HEAD2_OK);
    return a;
}

struct point {
    unsigned width;
    double angle;
    unsigned pairs;
    struct qsim_readout readout;
};

/*
 * Shots are IID, so that an assessment of the symbols far below the truth would be an error as
 * well. How far down the estimators that are not made for IID data do go is seen, not derived:
 * LEAST is what they keep. (Of the bits it would not hold: in a symbol they depend on each other.)
 */
#define LEAST 0.5

static void check_point(const struct point *at, size_t n, uint64_t seed)
{
    struct qsim_seeded stream;
    struct program p;

    open_program(&p, at->width, at->angle, at->pairs);
    qsim_seeded_init(&stream, seed);
    const struct qsim_random random = qsim_seeded_random(&stream);
    const double truth = simulate(&p, &at->readout, n, &random), over = tolerance(truth, n);
    const struct assess_non_iid a = assessed(n, at->width);
    if (getenv("HEAD2_TEST_VERBOSE") != NULL)
        printf("%u bits, angle %.4f, %u pairs, readout %.2f %.2f: truth %.6f, symbols %.6f, "
               "assessed %.6f\n",
               at->width, at->angle, at->pairs, at->readout.p01, at->readout.p10, truth,
               a.h_original, a.h_initial);
    CHECK_SAY(a.h_initial <= truth + over,
              "width %u, angle %.3f, %u pairs: assessed %.6f, truth %.6f, tolerance %.6f",
              at->width, at->angle, at->pairs, a.h_initial, truth, over);
    CHECK_SAY(a.h_original >= LEAST * truth,
              "width %u, angle %.3f, %u pairs: symbols %.6f, truth %.6f", at->width, at->angle,
              at->pairs, a.h_original, truth);
}

static void grid_of_angles(void)
{
    static const unsigned widths[] = {1, 2, 4, 8};

    for (unsigned w = 0; w < HEAD2_LEN(widths); w++)
        for (unsigned a = 1; a <= 8; a++) { /* to pi/2: a fair coin */
            const struct point at = {
                widths[w], a * M_PI / 16, 0, {0, 0}
            };
            check_point(&at, widths[w] == 1 ? 60000 : 25000, 100 * w + a);
        }
}

static void readout_errors(void)
{
    static const struct point points[] = {
        {1, M_PI / 3, 0, {0.05, 0.05}},
        {4, M_PI / 3, 0, {0.02, 0.1} },
        {8, M_PI / 2, 0, {0, 0.08}   }, /* fair coins, of which ones are lost */
        {8, 0.3,      0, {0.25, 0.25}},
    };

    for (unsigned i = 0; i < HEAD2_LEN(points); i++)
        check_point(&points[i], 30000, 500 + i);
}

static void correlations(void)
{
    static const struct point points[] = {
        {2, M_PI / 2, 1, {0, 0}      }, /* Bell's pair: 1 bit in 2 */
        {4, M_PI / 2, 2, {0.01, 0.01}},
        {4, M_PI / 3, 1, {0, 0}      },
        {8, M_PI / 2, 4, {0, 0}      },
        {8, 1.2,      4, {0.03, 0.03}},
    };

    for (unsigned i = 0; i < HEAD2_LEN(points); i++)
        check_point(&points[i], 30000, 600 + i);
}

/* ---- what statistics cannot see ---- */

static enum head2_status draw_lcg(void *arg, uint64_t *words, size_t n)
{
    uint64_t *state = arg;

    for (size_t i = 0; i < n; i++)
        words[i] = *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return HEAD2_OK;
}

/* LCG(1): whoever knows this line knows every shot. */
static void lcg_is_assessed_like_hardware(void)
{
    enum { N = 150000 };
    static const uint8_t seed[32];
    const struct assess_input in = {sample, N, 8};
    uint64_t state = 1;
    const struct qsim_random random = {draw_lcg, &state};
    struct assess_iid iid;
    struct program p;

    open_program(&p, 8, M_PI / 2, 0);
    CHECK(fabs(simulate(&p, NULL, N, &random) - 8) < 1e-9);
    const double h = assessed(N, 8).h_initial;
    CHECK_SAY(h > 6.5, "assessed %.6f of 8", h);
    CHECK_EQ(assess_iid(&iid, &in, seed, NULL, NULL), HEAD2_OK);
    CHECK(iid.passed && iid.h_initial > 7.5);

    /* begun anew with each job of 1024 shots, it is seen through */
    for (size_t i = 1024; i < N; i++)
        sample[i] = sample[i - 1024];
    CHECK(assessed(N, 8).h_initial < 0.01);
}

/* ---- the simulator as a source ---- */

static const struct head2_entropy_source_info *simulated(struct head2_entropy_info *info)
{
    head2_entropy_info(info);
    for (unsigned i = 0; i < info->n; i++)
        if (strcmp(info->source[i].name, SOURCE_SIM_NAME) == 0)
            return &info->source[i];
    check_fail(__FILE__, __LINE__, "it is not among the sources");
}

/* Its label and its credit are constants; shots are mixed in and count for nothing, even where it
 * is the only source that may be credited. */
static void credited_nothing(void)
{
    static const char *const alone[] = {SOURCE_SIM_NAME, NULL};
    const struct head2_entropy_config config = {.sources = alone};
    struct head2_entropy_source raised = source_sim;
    struct head2_entropy_info info;
    struct program p;
    struct qsim *sim;
    uint8_t bytes[32];
    unsigned id;

    CHECK_EQ(source_sim.kind, HEAD2_ENTROPY_ADDITIONAL);
    CHECK(source_sim.credit <= 0 && source_sim.h <= 0 && SOURCE_SIM_CREDIT == 0);
    CHECK(source_sim.read == NULL); /* its draws are the library's: never while that is seeded */
    CHECK(strcmp(SOURCE_SIM_LABEL, "simulated, 0 bits credited") == 0);
    raised.credit = raised.h = 1;
    CHECK_EQ(head2_entropy_add(&raised, NULL), HEAD2_E_ARG);

    CHECK_EQ(head2_entropy_add(&source_sim, &id), HEAD2_OK);
    open_program(&p, 8, M_PI / 2, 0);
    CHECK_EQ(qsim_new(&sim, &p.c, NULL), HEAD2_OK);
    CHECK_EQ(source_sim_push(sim, id, 1000), HEAD2_OK);
    const struct head2_entropy_source_info *s = simulated(&info);
    CHECK(!s->credited && s->credited_bits <= 0 && s->waiting_bits <= 0 && s->credit <= 0);
    CHECK_EQ(head2_random(bytes, sizeof bytes), HEAD2_OK);

    CHECK_EQ(source_sim_push(sim, id, 2000), HEAD2_OK);
    CHECK_EQ(head2_entropy_configure(&config), HEAD2_OK);
    memset(bytes, 0xa5, sizeof bytes);
    CHECK_EQ(head2_random(bytes, sizeof bytes), HEAD2_E_ENTROPY);
    for (unsigned i = 0; i < sizeof bytes; i++)
        CHECK_EQ(bytes[i], 0);
    CHECK_EQ(source_sim_push(sim, id, 1), HEAD2_E_ENTROPY);
    CHECK_EQ(head2_entropy_configure(NULL), HEAD2_OK);
    CHECK_EQ(head2_random(bytes, sizeof bytes), HEAD2_OK);
    qsim_free(sim);

    /* shots are samples of a byte */
    p.c.bits = 9;
    add(&p, QSIM_X, 8, 0, 0);
    add(&p, QSIM_MEASURE, 8, 0, 0);
    p.c.qubits = 9;
    CHECK_EQ(qsim_new(&sim, &p.c, NULL), HEAD2_OK);
    CHECK_EQ(source_sim_push(sim, id, 1), HEAD2_E_ARG);
    qsim_free(sim);
}

int main(void)
{
    RUN(grid_of_angles);
    RUN(readout_errors);
    RUN(correlations);
    RUN(lcg_is_assessed_like_hardware);
    RUN(credited_nothing);
    CHECK_EXIT();
}
