/*
 * The checkpoint's parser: what it accepts is written again as the same text.
 */
#include "artifact/checkpoint.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char back[CHECKPOINT_NOTE_MAX + 1];
    struct checkpoint c, again;
    size_t n = sizeof back;
    const char *why;

    if (checkpoint_parse(&c, (const char *)data, len, &why) != HEAD2_OK) {
        if (why == NULL)
            abort();
        return 0;
    }
    if (checkpoint_write(&c, back, &n) != HEAD2_OK || n > len ||
        checkpoint_parse(&again, back, n, &why) != HEAD2_OK || memcmp(&c, &again, sizeof c) != 0)
        abort();
    const char *const text_end = strstr(back, "\n\n"); /* lines of witnesses come after it */
    if (memcmp(back, data, (size_t)(text_end - back)) != 0)
        abort();
    return 0;
}
