/*
 * Reading and writing named files for verbs: artifact/file.h with the error line said.
 */
#ifndef HEAD2_CLI_FILES_H
#define HEAD2_CLI_FILES_H

#include "artifact/file.h"
#include "cli/cli.h"

/* Read path ("-" is standard input) whole; at most limit bytes. Free *out. Returns an exit code. */
int cli_read_file(const struct cli *cli, const char *path, size_t limit, uint8_t **out,
                  size_t *len);

/* Whether two names lead to one file. */
bool cli_same_file(const char *a, const char *b);

/* Write path ("-" is standard output) durably and whole, or not at all; never over a private key, a
 * device, a pipe or a link. Returns an exit code. */
int cli_write_file(struct cli *cli, const char *path, const void *bytes, size_t len, mode_t mode,
                   enum file_existing existing);

/* A folder below the state folder: --NAME DIR, else $HEAD2_STATE/NAME, else
 * $XDG_STATE_HOME/head2/NAME, else ~/.local/state/head2/NAME. Returns an exit code. */
struct cli_place {
    const char *name, *hint; /* hint: what to do where none of them is set */
};
int cli_state_place(const struct cli *cli, const struct cli_place *place, char *out, size_t cap);

/* The error line of what happened to a folder's files: the ledger's, the store's. Where the system
 * has refused something, errno decides the exit code and the advice. Returns the exit code. */
struct cli_folder_fault {
    const char *where, *what, *hint; /* "" where there is nothing to say */
    int error;                       /* errno, or 0 */
};
int cli_folder_fail(const struct cli *cli, enum head2_status st, const struct cli_folder_fault *f);

#endif
