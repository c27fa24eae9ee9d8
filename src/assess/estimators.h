/*
 * The estimators of SP 800-90B, Section 6.3. Each gives min-entropy for each symbol of a sequence
 * of at least ASSESS_SAMPLES_MIN symbols, or ASSESS_NONE where its own minimum is not reached.
 */
#ifndef HEAD2_ASSESS_ESTIMATORS_H
#define HEAD2_ASSESS_ESTIMATORS_H

#include "assess/sequence.h"

/* The z-value of the upper end of a two-sided 99 % confidence interval. */
#define ASSESS_Z 2.5758293035489008

/* -log2 of the upper bound of a probability that was seen as p among n (Section 6.3.1, step 2). */
double estimate_of_proportion(double p, size_t n);

double estimate_mcv(const struct sequence *s);       /* 6.3.1 */
double estimate_collision(const struct sequence *s); /* 6.3.2, k = 2 */
double estimate_markov(const struct sequence *s);    /* 6.3.3, k = 2 */

/* 6.3.4, k = 2; NONE below 1001 blocks of 6 bits */
HEAD2_CHECK enum head2_status estimate_compression(double *h, const struct sequence *s);
/* 6.3.5 and 6.3.6; NONE when nothing is repeated (often enough) */
HEAD2_CHECK enum head2_status estimate_tuples(double *t_tuple, double *lrs,
                                              const struct sequence *s);
/* 6.3.7; NONE below 4096 symbols */
HEAD2_CHECK enum head2_status estimate_multi_mcw(double *h, const struct sequence *s);
HEAD2_CHECK enum head2_status estimate_lag(double *h, const struct sequence *s);       /* 6.3.8 */
HEAD2_CHECK enum head2_status estimate_multi_mmc(double *h, const struct sequence *s); /* 6.3.9 */
HEAD2_CHECK enum head2_status estimate_lz78y(double *h, const struct sequence *s);     /* 6.3.10 */

#endif
