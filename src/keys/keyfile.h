/*
 * Key files and passphrases, for the program: the library itself opens no file.
 *
 * A private key file that group or others can read is refused, as is a passphrase file. Files are
 * written whole and durably or not at all: to a temporary name in the same folder, flushed, then
 * renamed; private ones with mode 0600. An existing private key is replaced only when that is said.
 * "-" is standard input or output. Every failure is explained in three pieces for one line,
 * `head2: WHERE: WHAT; HINT`.
 *
 * The sealed store of a later release stands beside this: it hands out the same key objects.
 */
#ifndef HEAD2_KEYS_KEYFILE_H
#define HEAD2_KEYS_KEYFILE_H

#include "base/base.h"

#include <head2/keys.h>

struct keyfile_error {
    char where[256]; /* a path, shortened if need be, or "standard input" */
    char what[256];
    char hint[256]; /* "" when there is nothing to advise */
    int error;      /* errno of HEAD2_E_IO, which what does not repeat; else 0 */
};

/* Where passphrases come from: a file's first line where file is not NULL, else the terminal. */
struct keyfile_passphrase {
    const char *file;
};

/*
 * Read a public or private key. The passphrase is asked only if the key is encrypted.
 * HEAD2_OK; HEAD2_E_POLICY (readable by others); HEAD2_E_IO; or as head2_key_read.
 */
HEAD2_CHECK enum head2_status keyfile_read(struct head2_key **out, const char *path,
                                           const struct keyfile_passphrase *pass,
                                           struct keyfile_error *err);
/* The same, and the key must have its private part (else HEAD2_E_ARG). */
HEAD2_CHECK enum head2_status keyfile_read_private(struct head2_key **out, const char *path,
                                                   const struct keyfile_passphrase *pass,
                                                   struct keyfile_error *err);

/* How a key is written. */
struct keyfile_options {
    enum head2_key_format format;
    enum head2_private_form form;
    const char *passphrase; /* NULL: not encrypted */
    size_t passphrase_len;
    bool replace; /* an existing private key of that name may go */
};

/* Whether what is not a private key may be written to path: HEAD2_OK, or HEAD2_E_POLICY where a
 * private key would be lost, or what is there is no file. */
HEAD2_CHECK enum head2_status keyfile_may_replace(const char *path, struct keyfile_error *err);

/* HEAD2_OK; HEAD2_E_POLICY (there is a file that may not be replaced); HEAD2_E_IO; or as
 * head2_key_write_private and head2_key_write_public. */
HEAD2_CHECK enum head2_status keyfile_write_private(const struct head2_key *key, const char *path,
                                                    const struct keyfile_options *options,
                                                    struct keyfile_error *err);
HEAD2_CHECK enum head2_status keyfile_write_public(const struct head2_key *key, const char *path,
                                                   const struct keyfile_options *options,
                                                   struct keyfile_error *err);

/*
 * A passphrase for a key that is about to be written; the terminal is asked twice. what names the
 * key in the prompt. HEAD2_OK, HEAD2_E_PASSPHRASE (none to be had, empty, or the two differ),
 * HEAD2_E_LIMIT (too long), HEAD2_E_POLICY or HEAD2_E_IO. text has HEAD2_PASSPHRASE_MAX bytes and
 * must be wiped.
 */
HEAD2_CHECK enum head2_status keyfile_new_passphrase(const struct keyfile_passphrase *pass,
                                                     const char *what, char *text, size_t *len,
                                                     struct keyfile_error *err);

#endif
