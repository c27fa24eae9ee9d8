/*
 * Reading and writing the files of keyfile.h, with errors explained.
 */
#ifndef HEAD2_KEYS_KEYFILE_IO_H
#define HEAD2_KEYS_KEYFILE_IO_H

#include "keys/keyfile.h"

#include <sys/types.h>

/* A file that was read: at most HEAD2_KEY_MAX_FILE bytes. Wipe it. */
struct keyfile_content {
    bool exposed; /* a regular file that group or others may read or write */
    size_t len;
    uint8_t bytes[HEAD2_KEY_MAX_FILE + 1];
};

struct keyfile_target {
    const char *path;
    mode_t mode;
    bool replace;
};

/* Fill err; where is shortened when it is long. */
void keyfile_explain(struct keyfile_error *err, const char *where, const char *what,
                     const char *hint);
/* The same for a failed operation, from errno; returns HEAD2_E_IO. */
HEAD2_CHECK enum head2_status keyfile_explain_errno(struct keyfile_error *err, const char *where,
                                                    const char *doing);

/* HEAD2_OK, HEAD2_E_IO or HEAD2_E_LIMIT; path "-" is standard input. */
HEAD2_CHECK enum head2_status keyfile_io_read(struct keyfile_content *f, const char *path,
                                              struct keyfile_error *err);
/* HEAD2_OK, HEAD2_E_IO or HEAD2_E_POLICY; path "-" is standard output. */
HEAD2_CHECK enum head2_status keyfile_io_write(const struct keyfile_target *to,
                                               const uint8_t *bytes, size_t len,
                                               struct keyfile_error *err);

#endif
