/*
 * The kernel's generator: in every seed, and credited nothing, because nobody here can know what it
 * was seeded from. What it gives for certain is that two clones of one machine, or two machines
 * with equal sources, do not get equal seeds.
 */
#include "entropy/source.h"

#include <errno.h>
#include <sys/random.h>

static enum head2_status read_kernel(void *arg, uint8_t *samples, size_t *n)
{
    size_t done = 0;

    (void)arg;
    while (done < *n) {
        const ssize_t got = getrandom(samples + done, *n - done, 0);
        if (got > 0)
            done += (size_t)got;
        else if (errno != EINTR)
            break;
    }
    if (done == *n)
        return HEAD2_OK;
    entropy_getrandom.why = "getrandom failed";
    head2_wipe(samples, *n);
    return HEAD2_E_IO;
}

/* h is for HEAD2_ENTROPY_COMPAT, under which it is credited. */
struct entropy_builtin entropy_getrandom = {
    .source = {.name = "getrandom",
               .kind = HEAD2_ENTROPY_ADDITIONAL,
               .h = 4,
               .group = "kernel",
               .read = read_kernel},
    .at_once = true,
};
