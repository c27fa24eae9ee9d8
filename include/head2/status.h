/*
 * Status codes and the few macros that every public header needs.
 *
 * Every function that can fail returns enum head2_status and must be looked at: 0 is success and
 * everything else is negative. Verification has no truthy integer: it returns HEAD2_OK or
 * HEAD2_E_VERIFY. "Malformed" (this is not such a thing at all) and "rejected" (it is one, and it
 * is not good) are told apart. On every error the outputs are wiped.
 */
#ifndef HEAD2_STATUS_H
#define HEAD2_STATUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEAD2_API   __attribute__((visibility("default")))
#define HEAD2_CHECK __attribute__((warn_unused_result))

enum head2_status {
    HEAD2_OK = 0,
    HEAD2_E_ARG = -1,          /* a length or value that the function's description rules out */
    HEAD2_E_MALFORMED = -2,    /* the input is not an encoding of what it should be */
    HEAD2_E_VERIFY = -3,       /* well-formed, and the signature, tag or check does not hold */
    HEAD2_E_SPACE = -4,        /* the output buffer or a table is too small */
    HEAD2_E_ENTROPY = -5,      /* no randomness can be had, or a health test failed */
    HEAD2_E_CRYPTO = -6,       /* libcrypto failed */
    HEAD2_E_MEMORY = -7,       /* out of memory */
    HEAD2_E_STATE = -8,        /* not now: the object is not in a state that allows this */
    HEAD2_E_LIMIT = -9,        /* a stated limit (size, count, age, bytes) would be passed */
    HEAD2_E_POLICY = -10,      /* allowed by the format, refused by configuration */
    HEAD2_E_PASSPHRASE = -11,  /* the passphrase is missing or wrong */
    HEAD2_E_IO = -12,          /* a file or socket operation failed; errno says why */
    HEAD2_E_UNSUPPORTED = -13, /* a valid thing that this build does not handle */
    HEAD2_E_HEALTH = -14       /* a self-test failed: this build or this machine computes wrongly */
};

/**
 * head2_status_string - a short English phrase for a status, never NULL, never to be freed.
 */
HEAD2_API const char *head2_status_string(enum head2_status status);

#ifdef __cplusplus
}
#endif

#endif
