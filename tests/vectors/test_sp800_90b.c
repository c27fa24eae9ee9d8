/*
 * NIST's sample files of SP 800-90B and what its own tool says of them, to 1e-6 (its own bar is the
 * same): every estimate, literal and of the bit string, H_original, H_bitstring and the assessed
 * min-entropy. The results of the IID and restart tests are not published; they are tested by
 * properties.
 */
#include "assess/assess.h"
#include "check.h"

#include <math.h>

static const char *const estimate_label[ASSESS_ESTIMATORS] = {
    "Most Common Value Estimate",   "Collision Estimate",      "Markov Estimate",
    "Compression Estimate",         "t-Tuple Estimate",        "LRS Estimate",
    "MultiMCW Prediction Estimate", "Lag Prediction Estimate", "MultiMMC Prediction Estimate",
    "LZ78Y Prediction Estimate"};

/* The number after `label`; false when there is no such line. */
static bool expected(const char *results, const char *label, double *value)
{
    const char *line = strstr(results, label);

    if (line == NULL)
        return false;
    *value = strtod(line + strlen(label), NULL);
    return true;
}

static unsigned compare_pass(const char *results, const char *kind, const struct assess_pass *pass)
{
    unsigned compared = 0;

    for (unsigned e = 0; e < ASSESS_ESTIMATORS; e++) {
        char label[128];
        double value;
        snprintf(label, sizeof label, "%s %s: min entropy = ", kind, estimate_label[e]);
        if (!expected(results, label, &value)) {
            CHECK_SAY(pass->h[e] < 0, "%s: NIST makes no such estimate, here it is %.9f", label,
                      pass->h[e]);
            continue;
        }
        CHECK_SAY(fabs(pass->h[e] - value) < 1e-6, "%s%.12f, not %.12f", label, value, pass->h[e]);
        compared++;
    }
    return compared;
}

static void compare_file(const char *name)
{
    char path[128];
    size_t n;
    double value;
    struct assess_non_iid got;

    snprintf(path, sizeof path, "sp800-90b/%s.bin", name);
    char *samples = check_vectors(path, &n);
    snprintf(path, sizeof path, "sp800-90b/%s.res", name);
    char *results = check_vectors(path, NULL);
    const struct assess_input in = {.samples = (const uint8_t *)samples, .n = n};
    CHECK_EQ(assess_non_iid(&got, &in, NULL), HEAD2_OK);
    free(samples);

    const unsigned literal = compare_pass(results, "Literal", &got.literal);
    const unsigned bits = compare_pass(results, "Bitstring", &got.bitstring);
    CHECK_EQ(literal, got.symbols == 2 ? 10 : 7);
    CHECK_EQ(bits, got.symbols == 2 ? 0 : 10);
    if (got.symbols > 2) {
        CHECK(expected(results, "H_bitstring = ", &value));
        CHECK(fabs(got.h_bitstring - value) < 1e-6);
    }
    CHECK(expected(results, "H_original: ", &value));
    CHECK(fabs(got.h_original - value) < 1e-6);
    CHECK(expected(results, "Assessed min entropy: ", &value));
    CHECK(fabs(got.h_initial - value) < 1e-6);
    free(results);
}

#define FILE_CASE(test, name)                                                                      \
    static void test(void)                                                                         \
    {                                                                                              \
        compare_file(name);                                                                        \
    }

FILE_CASE(biased_bits, "biased-random-bits")
FILE_CASE(biased_bytes, "biased-random-bytes")
FILE_CASE(digits_of_pi, "data.pi")
FILE_CASE(normal, "normal")
FILE_CASE(short_1bit, "rand1_short")
FILE_CASE(short_4bit, "rand4_short")
FILE_CASE(short_8bit, "rand8_short")
FILE_CASE(ring_oscillator, "ringOsc-nist")
FILE_CASE(true_1bit, "truerand_1bit")
FILE_CASE(true_4bit, "truerand_4bit")
FILE_CASE(true_8bit, "truerand_8bit")

int main(void)
{
    RUN(biased_bits);
    RUN(biased_bytes);
    RUN(digits_of_pi);
    RUN(normal);
    RUN(short_1bit);
    RUN(short_4bit);
    RUN(short_8bit);
    RUN(ring_oscillator);
    RUN(true_1bit);
    RUN(true_4bit);
    RUN(true_8bit);
    CHECK_EXIT();
}
