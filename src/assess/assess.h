/*
 * SP 800-90B: how much min-entropy do these samples of a noise source show?
 *
 * Three questions are answered: the ten estimators for sources that are not IID (Section 6.3), the
 * tests of the IID assumption (Section 5) with the one estimate that goes with it, and the restart
 * tests (Section 3.1.4). Results of the estimators are those of NIST's tool
 * (usnistgov/SP800-90B_EntropyAssessment, ea_non_iid -i -a) within 1e-6.
 *
 * A sample is one byte of which the low 1 to 8 bits count. Limits: ASSESS_SAMPLES_MIN to
 * ASSESS_SAMPLES_MAX samples; the standard asks for 1,000,000 (ASSESS_SAMPLES_ASKED) and fewer are
 * assessed all the same. An estimator whose own minimum is not reached is left out of the minimum,
 * as NIST's tool does. Memory: some 80 MiB, of what repeats itself up to 120, for a million 8-bit
 * samples; in proportion for more.
 *
 * Nothing here reads a file, a clock or randomness: one input has one result on every machine.
 */
#ifndef HEAD2_ASSESS_ASSESS_H
#define HEAD2_ASSESS_ASSESS_H

#include "base/base.h"

#include <head2/hash.h>

#define ASSESS_SAMPLES_MIN     64
#define ASSESS_SAMPLES_IID_MIN 1000
#define ASSESS_SAMPLES_ASKED   1000000
#define ASSESS_SAMPLES_MAX     ((size_t)1 << 26)

struct assess_input {
    const uint8_t *samples;
    size_t n;
    unsigned bits; /* of a sample; 0: as many as the largest one has */
};

/* Called now and then; work is one line of text. Returning false ends the work with
 * HEAD2_E_STATE. of is never 0. */
struct assess_progress {
    bool (*report)(void *arg, const char *work, unsigned done, unsigned of);
    void *arg;
};

/* Section 6.3, in its order. */
enum assess_estimator {
    ASSESS_MCV,
    ASSESS_COLLISION,
    ASSESS_MARKOV,
    ASSESS_COMPRESSION,
    ASSESS_T_TUPLE,
    ASSESS_LRS,
    ASSESS_MULTI_MCW,
    ASSESS_LAG,
    ASSESS_MULTI_MMC,
    ASSESS_LZ78Y,
    ASSESS_ESTIMATORS
};

/* What stands for an estimate that was not made: not for such symbols, or too few of them. */
#define ASSESS_NONE (-1.0)

/* Min-entropy for each symbol by each estimator, and which of them is the least. */
struct assess_pass {
    double h[ASSESS_ESTIMATORS];
    double least;
    enum assess_estimator least_by;
};

struct assess_non_iid {
    size_t n;
    unsigned bits;    /* of a sample */
    unsigned symbols; /* how many different ones there are */
    struct assess_pass literal;
    struct assess_pass bitstring; /* all ASSESS_NONE when there are only two symbols */
    double h_original;
    double h_bitstring; /* for each bit; 1 when there was no such pass */
    double h_initial;   /* H_I: min(h_original, bits * h_bitstring) */
};

const char *assess_estimator_name(enum assess_estimator e);

/**
 * assess_non_iid - Section 3.1.3 with the estimators of Section 6.3.
 *
 * out       receives the result; one symbol value alone gives 0 for everything
 * in        ASSESS_SAMPLES_MIN to ASSESS_SAMPLES_MAX samples
 * progress  may be NULL
 *
 * Returns HEAD2_OK, HEAD2_E_ARG (too few samples, or bits above 8), HEAD2_E_MALFORMED (a sample has
 * more bits than said), HEAD2_E_LIMIT (too many samples), HEAD2_E_MEMORY, or HEAD2_E_STATE when
 * progress said so.
 */
HEAD2_CHECK enum head2_status assess_non_iid(struct assess_non_iid *out,
                                             const struct assess_input *in,
                                             const struct assess_progress *progress);

/* Section 5.1: the 19 statistics of the permutation tests. */
enum {
    ASSESS_STATISTICS = 19,
    ASSESS_PERMUTATIONS = 10000,
    ASSESS_COMPRESSION_STATISTIC = 18 /* needs libbz2 */
};

struct assess_statistic {
    double original; /* of the samples as they came */
    unsigned above;  /* C_0: permutations whose value was greater */
    unsigned equal;  /* C_1 */
    unsigned below;  /* C_2 */
    bool tested;     /* false: not, since the verdict was settled, or for want of libbz2 */
    bool passed;
};

struct assess_chi_square {
    double score;
    double p_value; /* below 0.001 fails */
    unsigned freedom;
    bool passed;
};

struct assess_iid {
    size_t n;
    unsigned bits;
    unsigned symbols;
    struct assess_statistic statistic[ASSESS_STATISTICS];
    unsigned permutations;                    /* how many it took: tests end when all have passed */
    struct assess_chi_square independence;    /* Section 5.2.1, 5.2.3 */
    struct assess_chi_square goodness_of_fit; /* Section 5.2.2, 5.2.4 */
    uint64_t longest_repeat;                  /* Section 5.2.5 */
    double repeat_probability;                /* below 0.001 fails */
    bool repeat_passed;
    bool passed; /* all of the above */
    double h_original;
    double h_bitstring;
    double h_initial; /* by the most common value; worth something only when passed */
};

const char *assess_statistic_name(unsigned i);

/* Who computes permutations: up to `workers` at once, by the caller's threads. */
#define ASSESS_WORKERS_MAX 16
struct assess_parallel {
    const struct head2_runner *runner;
    unsigned workers;
};

/**
 * assess_iid - whether anything contradicts that the samples are independent and identically
 * distributed, and the estimate for the case that nothing does.
 *
 * in        ASSESS_SAMPLES_IID_MIN to ASSESS_SAMPLES_MAX samples of at least two values
 * seed      of the permutations: one seed, one result, however many work on it
 * parallel  NULL: the caller's thread alone
 *
 * A statistic passes as soon as no further permutation can make it fail, and is then no longer
 * computed. One that fails takes all ASSESS_PERMUTATIONS: half a minute for a million samples. The
 * permutation tests are not begun when a chi-square test or the longest repeat has failed already.
 *
 * Returns as assess_non_iid does; HEAD2_E_ARG also for one symbol value alone.
 */
HEAD2_CHECK enum head2_status assess_iid(struct assess_iid *out, const struct assess_input *in,
                                         const uint8_t seed[32],
                                         const struct assess_parallel *parallel,
                                         const struct assess_progress *progress);

/* Section 3.1.4: 1000 restarts of 1000 samples, a restart after the other. */
#define ASSESS_RESTARTS        1000
#define ASSESS_RESTART_SAMPLES 1000

struct assess_restart {
    unsigned bits;
    unsigned symbols;
    unsigned most_rows;    /* the most often seen value of any row, how often */
    unsigned most_columns; /* of any column */
    unsigned cutoff;       /* more than this fails the sanity check */
    bool sane;
    struct assess_pass rows; /* the passes are not made when the sanity check fails */
    struct assess_pass columns;
    double h_rows;
    double h_columns;
    bool passed; /* sane, and min(h_rows, h_columns) is at least half of the initial estimate */
    double h;    /* min(h_rows, h_columns, h_initial) when passed, else 0 */
};

/**
 * assess_restart - the sanity check of Section 3.1.4.3 and the validation of Section 3.1.4.2.
 *
 * in         exactly 1,000,000 samples
 * h_initial  H_I, above 0; at most what so many different symbols can have
 * iid        estimate by the most common value alone
 *
 * The cutoff is computed exactly, not by simulation. Returns as assess_non_iid does; HEAD2_E_ARG
 * also for another number of samples, one symbol value alone, or such an h_initial.
 */
HEAD2_CHECK enum head2_status assess_restart(struct assess_restart *out,
                                             const struct assess_input *in, double h_initial,
                                             bool iid, const struct assess_progress *progress);

/* How often the most frequent of `symbols` values may be seen in 1000 samples of min-entropy h: the
 * least x with P(more than x) at most alpha = 1 - 0.99^(1/2000), for the distribution that has as
 * many values of probability 2^-h as it can. symbols 2 to 256, 0 < h <= log2(symbols). */
unsigned assess_restart_cutoff(unsigned symbols, double h);

#endif
