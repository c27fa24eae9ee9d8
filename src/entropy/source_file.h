/*
 * A source that is read: a QRNG's character device, a serial port, a pipe, a file; and /dev/hwrng.
 *
 * What it says is believed only when the operator has assessed it and vouches for it: h from `head2
 * rng assess`, and that physics is at the other end. Then a byte is credited h bits, four at most.
 * A regular file can be copied, so it is mixed in and credited nothing, whatever is said of it.
 *
 * Its own test: a block that was there before (replay.h) puts it in quarantine. After a failure it
 * is left alone for two seconds and more, and what waited meanwhile is thrown away. At its end a
 * device or a pipe is opened again, later each time; a file is not.
 */
#ifndef HEAD2_ENTROPY_SOURCE_FILE_H
#define HEAD2_ENTROPY_SOURCE_FILE_H

#include "entropy/feeder.h"

struct source_file_config {
    const char *name, *path;
    double h;          /* bits a byte, as assessed; 0: not assessed */
    bool physical;     /* the operator vouches for that */
    const char *group; /* or NULL */
};

/*
 * HEAD2_OK; HEAD2_E_MEMORY; or as feeder_register. One that is not there yet is looked for again
 * and again.
 */
HEAD2_CHECK enum head2_status source_file_new(struct feeder_source **out,
                                              const struct source_file_config *config);

/*
 * /dev/hwrng: 4 bits a byte on a machine of its own, and nothing in a virtual one, whose host makes
 * these bytes and knows them. root: NULL, or a folder in place of / for tests.
 */
HEAD2_CHECK enum head2_status source_hwrng_new(struct feeder_source **out, const char *root);

/* Whether this is a virtual machine, as the processor or the folders of the kernel under root say.
 * With a root given, the processor is not asked. */
bool source_machine_virtual(const char *root);

#endif
