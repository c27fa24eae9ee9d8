/*
 * Reversal: twice gives the input back, or both functions name the same bad byte.
 */
#include "artifact/mu.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t *once = malloc(len + 1), *twice = malloc(len + 1);
    struct mu_difference d;
    size_t bad = 0, bad2 = 0;

    if (once == NULL || twice == NULL)
        abort();
    const enum head2_status st = mu_reverse(once, data, len, &bad);
    if (st != mu_check_utf8(data, len, &bad2) || bad != bad2)
        abort();
    if (st == HEAD2_OK &&
        (mu_reverse(twice, once, len, &bad) != HEAD2_OK || memcmp(twice, data, len) != 0 ||
         mu_compare(data, len, once, len, twice, &d, &bad) != HEAD2_OK))
        abort();
    free(once);
    free(twice);
    return 0;
}
