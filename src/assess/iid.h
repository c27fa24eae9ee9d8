/*
 * The parts of the IID tests of SP 800-90B, Section 5.
 */
#ifndef HEAD2_ASSESS_IID_H
#define HEAD2_ASSESS_IID_H

#include "assess/sequence.h"

/* Section 5.2: both chi-square tests, in the form for two or for more symbols. */
HEAD2_CHECK enum head2_status chi_square_tests(struct assess_iid *out, const struct sequence *s);

/* The chance that a chi-square variable of so many degrees of freedom is x or more. */
double chi_square_p(double x, unsigned freedom);

/*
 * The samples in some order, and the statistics of Section 5.1 of that order.
 */
struct ordering {
    const struct samples *of;
    size_t n;
    unsigned k;
    uint64_t sum;          /* of the samples' values */
    unsigned median_twice; /* of the symbols; 1 for two symbols, which is what 5.1.5 says */
    uint8_t *symbol;
    uint8_t *value;
    /* Of two symbols, in groups of 8, the last one filled with zeros (5.1, conversions I and II).
     */
    size_t groups;
    uint8_t *ones;
    uint8_t *octet;
    uint64_t *flag; /* a bit for each sample, twice */
    char *text;     /* for the compression statistic */
    char *packed;
};

HEAD2_CHECK enum head2_status ordering_init(struct ordering *o, const struct samples *s);
void ordering_free(struct ordering *o);

/* xoshiro256** (Blackman, Vigna): quick, and not for secrets. */
struct shuffler {
    uint64_t state[4];
};
/* Of a seed there are as many streams as there are numbers. */
void shuffler_init(struct shuffler *g, const uint8_t seed[32], uint32_t stream);
/* The samples as they came. */
void ordering_reset(struct ordering *o);
void ordering_shuffle(struct ordering *o, struct shuffler *g);

/* Fill those of t for which wanted is set. */
void ordering_statistics(double t[ASSESS_STATISTICS], struct ordering *o,
                         const bool wanted[ASSESS_STATISTICS]);

/* 5.1.11: the length of the values as decimal text, compressed by bzip2. 0: bzip2 failed. */
double ordering_compressed(struct ordering *o);
bool ordering_can_compress(void);

#endif
