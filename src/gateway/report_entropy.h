/*
 * What is known of entropy as a JSON object: `entropy` of `head2 status --json`, and what `head2
 * rng status --json` prints.
 */
#ifndef HEAD2_GATEWAY_REPORT_ENTROPY_H
#define HEAD2_GATEWAY_REPORT_ENTROPY_H

#include "base/base.h"

#include <head2/entropy.h>

#include <jansson.h>

/* A new object, NULL when memory is short. */
json_t *report_entropy(const struct head2_entropy_info *info);

/* Bits that a source is credited in a second of the time that it takes. 0 while not known. */
double report_entropy_supply(const struct head2_entropy_source_info *s);

#endif
