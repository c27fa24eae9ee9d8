/*
 * Types for secrets, and the two things one does with them: wipe and compare.
 *
 * A secret in a struct of its own cannot be handed to printf or memcmp by accident. Whoever holds
 * one wipes it with head2_wipe when done; inside the library every path out of a scope does.
 */
#ifndef HEAD2_SECRET_H
#define HEAD2_SECRET_H

#include <head2/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct head2_secret32 {
    uint8_t b[32];
};

struct head2_secret64 {
    uint8_t b[64];
};

/**
 * head2_wipe - overwrite len bytes at p with zeros; the compiler cannot remove it. p may be NULL
 * when len is 0.
 */
HEAD2_API void head2_wipe(void *p, size_t len);

/**
 * head2_equal - compare len bytes in time that depends on len alone.
 *
 * Returns HEAD2_OK when all bytes agree, HEAD2_E_VERIFY otherwise. The one function through which
 * secrets, tags and MACs are compared.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_equal(const void *a, const void *b, size_t len);

#ifdef __cplusplus
}
#endif

#endif
