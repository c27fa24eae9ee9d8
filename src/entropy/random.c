/* see head2/random.h */
#include "base/base.h"

#include <head2/random.h>

#include <errno.h>
#include <sys/random.h>

enum head2_status head2_random(void *out, size_t len)
{
    uint8_t *p = out;
    size_t done = 0;

    while (done < len) {
        ssize_t n = getrandom(p + done, len - done, 0);
        if (n > 0)
            done += (size_t)n;
        else if (errno != EINTR) {
            head2_wipe(out, len);
            return HEAD2_E_ENTROPY;
        }
    }
    HEAD2_SECRET(out, len);
    return HEAD2_OK;
}
