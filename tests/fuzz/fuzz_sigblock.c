/*
 * The signature block's parser: whatever it reads without quoting the guide's way is written again
 * to the same bytes, and a block found in a document lies inside it.
 */
#include "artifact/sigblock.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct sigblock b, again;
    static char text[SIGBLOCK_MAX];
    struct sigblock_fault fault;
    size_t start = 0, n = sizeof text;

    if (sigblock_find(data, len, &start) == HEAD2_OK && start >= len)
        abort();
    (void)sigblock_is_maml(data, len);
    if (sigblock_parse(&b, (const char *)data + start, len - start, &fault) != HEAD2_OK)
        return 0;
    if (b.has_proof) /* its text is not kept */
        return 0;
    if (sigblock_write(&b, NULL, 0, text, &n) != HEAD2_OK ||
        sigblock_parse(&again, text, n, &fault) != HEAD2_OK || memcmp(&b, &again, sizeof b) != 0)
        abort();
    return 0;
}
