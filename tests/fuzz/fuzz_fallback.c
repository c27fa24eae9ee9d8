/*
 * Fallback keys and the filter of fallback. A key that is read is written back as the same bytes.
 * A datagram that passes is made of frames that pass alone, as a simpler reading of it finds them.
 */
#include "fuzz/edit.h"

#include <head2/fallback.h>

static void read_key(const uint8_t *p, size_t len)
{
    static struct head2_fallback_key key;
    static uint8_t back[HEAD2_FALLBACK_MAX_BYTES];

    if (head2_fallback_decode(&key, p, len) != HEAD2_OK)
        return;
    FUZZ_ASSERT(head2_fallback_encode(back, &key) == len && memcmp(back, p, len) == 0);
}

static void filter(const uint8_t *p, size_t len)
{
    if (!head2_fallback_allows(p, len))
        return;
    for (size_t n; len > 0; p += n, len -= n) {
        const bool two = p[0] == 0xfd;
        n = two ? 12 + (size_t)p[1] + 13 * (size_t)p[2] : 8 + (size_t)p[1];
        FUZZ_ASSERT(n <= len && head2_fallback_allows(p, n));
        FUZZ_ASSERT(!head2_fallback_allows(p, n - 1));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 0)
        read_key(data + 1, size - 1);
    else
        filter(data + 1, size - 1);
    return 0;
}
