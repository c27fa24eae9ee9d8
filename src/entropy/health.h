/*
 * Health tests on the raw samples of a source (SP 800-90B, 4.4): the repetition count test and the
 * adaptive proportion test, at start-up, continuously and on demand. A sample is a byte at most;
 * wider ones come as their bytes, each with its part of the claim.
 *
 * Two cutoffs each: false alarms of a source as good as claimed have probability 2^-40 for the
 * intermittent one and 2^-60 for the permanent one, per test. There is no clock here: times come as
 * arguments.
 */
#ifndef HEAD2_ENTROPY_HEALTH_H
#define HEAD2_ENTROPY_HEALTH_H

#include "base/base.h"

enum {
    HEALTH_WINDOW_BINARY = 1024, /* of the adaptive proportion test */
    HEALTH_WINDOW = 512,
    HEALTH_STARTUP_SAMPLES = 4096, /* SP 800-90B, 4.3, asks for 1024 */
    HEALTH_ALPHA_INTERMITTENT = 40,
    HEALTH_ALPHA_PERMANENT = 60,
    HEALTH_ALARMS = 3, /* so many in one HEALTH_ALARM_SECONDS are permanent */
    HEALTH_ALARM_SECONDS = 3600,
};

/**
 * health_rct_cutoff - 1 + ceil(alpha / h): samples in a row that raise the alarm (4.4.1).
 *
 * alpha  -log2 of the probability of a false alarm
 * h      claimed min-entropy of a sample, in bits; above 0
 */
unsigned health_rct_cutoff(unsigned alpha, double h);

/**
 * health_apt_cutoff - 1 + critbinom(window, 2^-h, 1 - 2^-alpha) (4.4.2): occurrences of a window's
 * first sample in it that raise the alarm. h is at most 8. Where even window of them are too likely
 * it is window + 1: the test cannot speak.
 */
unsigned health_apt_cutoff(unsigned alpha, double h, unsigned window);

enum health_state {
    HEALTH_STARTUP,     /* samples are tested and discarded */
    HEALTH_GOOD,        /* samples may be used */
    HEALTH_QUARANTINED, /* an intermittent failure: health_start tries again */
    HEALTH_FAILED,      /* permanent: until the process ends */
};

/* What a report shows. */
struct health_counters {
    uint64_t samples;    /* all that were tested */
    uint64_t startups;   /* start-up tests begun */
    uint64_t rct_alarms; /* samples at which a count was at a cutoff or above */
    uint64_t apt_alarms;
    uint32_t longest_run;
    uint32_t most_in_window;
};

struct health {
    enum health_state state;
    uint32_t window;
    uint32_t rct_cutoff[2], apt_cutoff[2]; /* intermittent, permanent */
    uint8_t last;                          /* repetition count test: A and B of 4.4.1 */
    uint8_t first;                         /* adaptive proportion test: A and B of 4.4.2 */
    uint32_t run;
    uint32_t equal;
    uint32_t seen; /* of the window */
    uint32_t startup_left;
    uint64_t alarm_at[HEALTH_ALARMS]; /* times of the last failures, oldest first */
    uint32_t alarms;                  /* how many of them there are */
    struct health_counters counters;
};

/**
 * health_init - tests for a source that claims h bits of min-entropy for each sample.
 *
 * binary  whether samples are single bits
 *
 * The state is HEALTH_STARTUP. Returns HEAD2_E_ARG when h is above the width of a sample, or so low
 * that the adaptive proportion test could not fail (60 / window: 0.059 for bits, 0.118 for bytes).
 */
HEAD2_CHECK enum head2_status health_init(struct health *t, double h, bool binary);

/**
 * health_start - the start-up tests (again): at start, after quarantine, on demand.
 *
 * Returns HEAD2_E_HEALTH when the source has failed for good.
 */
HEAD2_CHECK enum head2_status health_start(struct health *t);

/**
 * health_feed - test n samples, in the order in which they were taken.
 *
 * now  seconds on any clock that does not go back
 *
 * Returns how many of the last samples may be used: all, none, or in the call that ends the
 * start-up tests those after it. After a failure 0: what else is unspent of this source is void
 * then, see t->state.
 */
size_t health_feed(struct health *t, const uint8_t *samples, size_t n, uint64_t now);

/** health_alarm - a test of the source's own failed: what an intermittent failure here does. One
 * that has failed for good stays so. */
void health_alarm(struct health *t, uint64_t now);

#endif
