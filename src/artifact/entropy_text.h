/*
 * What a receipt, a report and a person are told of entropy: the words for its states and settings,
 * and where the random bytes of a key came from.
 */
#ifndef HEAD2_ARTIFACT_ENTROPY_TEXT_H
#define HEAD2_ARTIFACT_ENTROPY_TEXT_H

#include "base/base.h"

#include <head2/entropy.h>

const char *entropy_policy_name(enum head2_entropy_policy policy);  /* "auto" */
const char *entropy_reseed_name(enum head2_entropy_reseed reseed);  /* "strict" */
const char *entropy_generator_name(enum head2_generator generator); /* "ctr-drbg" */
const char *entropy_kind_name(enum head2_entropy_kind kind);        /* "physical" */
const char *entropy_state_name(enum head2_entropy_state state);     /* "good" */
const char *entropy_event_name(enum head2_entropy_event_kind kind); /* "entropy-closed" */

/* Four lines of a receipt for a key. */
struct entropy_text {
    char sources[HEAD2_ENTROPY_SOURCES * (HEAD2_ENTROPY_NAME + 2)];
    char credited[2 * HEAD2_ENTROPY_SOURCES * (HEAD2_ENTROPY_NAME + 16) + 64];
    char health[HEAD2_ENTROPY_SOURCES * (HEAD2_ENTROPY_NAME + 16)];
    char generator[96];
};

/* For what the calling thread has just made with random bytes. */
void entropy_text_now(struct entropy_text *out);
/* For a receipt that is written later: in one allocation, to be freed; NULL when memory is short.
 * Take reads it back, and leaves it. */
char *entropy_text_keep(const struct entropy_text *t);
void entropy_text_take(struct entropy_text *out, const char *kept);
/* The same from what is given. */
void entropy_text(struct entropy_text *out, const struct head2_entropy_provenance *p,
                  const struct head2_entropy_info *info);

#endif
