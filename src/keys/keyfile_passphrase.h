/*
 * Where a passphrase comes from: the first line of a file, or the terminal without echo.
 */
#ifndef HEAD2_KEYS_KEYFILE_PASSPHRASE_H
#define HEAD2_KEYS_KEYFILE_PASSPHRASE_H

#include "keys/keyfile.h"

/* One passphrase, asked once. text has HEAD2_PASSPHRASE_MAX bytes. pass may be NULL: then nobody
 * can be asked. Statuses as keyfile_new_passphrase. */
HEAD2_CHECK enum head2_status keyfile_ask(const struct keyfile_passphrase *pass, const char *prompt,
                                          char *text, size_t *len, struct keyfile_error *err);

#endif
