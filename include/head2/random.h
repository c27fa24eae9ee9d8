/*
 * The one door to randomness.
 */
#ifndef HEAD2_RANDOM_H
#define HEAD2_RANDOM_H

#include <head2/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * head2_random - fill out with len random bytes fit for keys.
 *
 * Behind it stands the kernel's generator, getrandom(2): it blocks until the kernel is seeded and
 * never returns weak bytes. Thread-safe.
 *
 * Returns HEAD2_OK or HEAD2_E_ENTROPY (out is then all zero).
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_random(void *out, size_t len);

#ifdef __cplusplus
}
#endif

#endif
