/*
 * Known-answer tests of every primitive, for the doctor and for programs that test at start. They
 * take a few milliseconds.
 */
#ifndef HEAD2_ARTIFACT_SELFTEST_H
#define HEAD2_ARTIFACT_SELFTEST_H

#include "base/base.h"

struct selftest {
    const char *name;
    bool (*passes)(void);
};

extern const struct selftest selftests[];
extern const size_t selftest_count;

/* The name of the first that fails, NULL when all pass. */
const char *selftest_all(void);

#endif
