/*
 * Which instructions the library uses on this machine.
 *
 * The kernels of Keccak, BLAKE3, ML-KEM and ML-DSA exist in portable C, for AVX2 and for AVX-512,
 * and give the same results bit for bit. The best level that the processor and the operating system
 * have is used. The environment variable HEAD2_ISA (portable, avx2, avx512) lowers it; it is read
 * once, and not by programs with raised privileges.
 *
 * Before the kernels of a level are used for the first time they are compared with the portable
 * ones. Where they differ, because of a faulty processor, compiler or build, the level below is
 * used: results stay right and only become slower.
 */
#ifndef HEAD2_CPU_H
#define HEAD2_CPU_H

#include <head2/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The level in use: "portable", "avx2" or "avx512". The string is static. */
HEAD2_API const char *head2_isa(void);

/**
 * head2_kernels_check - make all the comparisons now, rather than when each is due.
 *
 * refused  called for each set of kernels that is not used because it disagrees, with its name
 *          ("ML-KEM") and its level; may be NULL
 * arg      handed through
 *
 * Returns HEAD2_OK, or HEAD2_E_HEALTH when something was refused, now or earlier. Takes a few
 * milliseconds; any thread may call it at any time.
 */
HEAD2_API HEAD2_CHECK enum head2_status
head2_kernels_check(void (*refused)(void *arg, const char *kernels, const char *isa), void *arg);

#ifdef __cplusplus
}
#endif

#endif
