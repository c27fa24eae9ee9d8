/*
 * Status texts, wiping and constant-time comparison.
 */
#include "base/base.h"

#include <head2/version.h>

#include <stdio.h>
#include <stdlib.h>

const char *head2_status_string(enum head2_status status)
{
    switch (status) {
    case HEAD2_OK:
        return "success";
    case HEAD2_E_ARG:
        return "invalid argument";
    case HEAD2_E_MALFORMED:
        return "malformed input";
    case HEAD2_E_VERIFY:
        return "verification failed";
    case HEAD2_E_SPACE:
        return "no space left in a buffer or table";
    case HEAD2_E_ENTROPY:
        return "no randomness available";
    case HEAD2_E_CRYPTO:
        return "libcrypto failed";
    case HEAD2_E_MEMORY:
        return "out of memory";
    case HEAD2_E_STATE:
        return "not possible in this state";
    case HEAD2_E_LIMIT:
        return "a limit is reached";
    case HEAD2_E_POLICY:
        return "refused by policy";
    case HEAD2_E_PASSPHRASE:
        return "passphrase missing or wrong";
    case HEAD2_E_IO:
        return "input or output failed";
    case HEAD2_E_UNSUPPORTED:
        return "not supported by this build";
    case HEAD2_E_HEALTH:
        return "a self-test failed";
    }
    return "unknown status";
}

const char *head2_version(void)
{
    return HEAD2_VERSION_STRING;
}

void head2_wipe(void *p, size_t len)
{
    if (len == 0)
        return;
    memset(p, 0, len);
    __asm__ __volatile__("" : : "r"(p) : "memory"); /* p is read here, says the compiler */
}

enum head2_status head2_equal(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a;
    const uint8_t *y = b;
    uint8_t diff = 0;

    for (size_t i = 0; i < len; i++) {
        diff |= (uint8_t)(x[i] ^ y[i]);
        __asm__("" : "+r"(diff)); /* no early exit, no vector compare with a branch */
    }
    HEAD2_PUBLIC(&diff, sizeof diff, "whether a comparison held is what the caller asks");
    return diff == 0 ? HEAD2_OK : HEAD2_E_VERIFY;
}

#ifdef HEAD2_CHECKED
void head2_contract_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: contract broken: %s\n", file, line, what);
    abort();
}
#endif
