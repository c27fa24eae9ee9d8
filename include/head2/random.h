/*
 * The one door to randomness.
 *
 * Behind it stands, for each thread, a CTR_DRBG of SP 800-90A seeded from sources that are measured
 * and accounted for: see head2/entropy.h, which also says what to do on a machine that has none.
 * Nothing needs to be called before. What comes through here is never weak: when the sources do not
 * give what the policy asks for, it fails.
 */
#ifndef HEAD2_RANDOM_H
#define HEAD2_RANDOM_H

#include <head2/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * head2_random - fill out with len random bytes fit for keys and nonces.
 *
 * Any thread may call it at any time; there is no lock on the way but when a reseed is due. Not for
 * signal handlers. A child of fork never repeats its parent's bytes, and neither does a clone of a
 * virtual machine where a number tells it (struct head2_entropy_config); where none does, keys
 * never repeat, and other bytes may until the next reseed.
 *
 * Returns HEAD2_OK or HEAD2_E_ENTROPY (out is then all zero).
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_random(void *out, size_t len);

/**
 * head2_random_key - head2_random with prediction resistance: 320 freshly credited bits of a source
 * go into the generator before. What key pairs are generated from; costs some 15 us with RDSEED,
 * some ms where the processor's jitter is the only source.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_random_key(void *out, size_t len);

#ifdef __cplusplus
}
#endif

#endif
