/*
 * The version of this library, as a number to compare and a string to print.
 */
#ifndef HEAD2_VERSION_H
#define HEAD2_VERSION_H

#include <head2/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEAD2_VERSION_MAJOR  0
#define HEAD2_VERSION_MINOR  1
#define HEAD2_VERSION_PATCH  0
#define HEAD2_VERSION_STRING "0.1.0"

/* The version of the library that is linked, which may be newer than the header. */
HEAD2_API const char *head2_version(void);

#ifdef __cplusplus
}
#endif

#endif
