/*
 * Receipts' files for verbs: read whole and parsed, with what is wrong said in the program's ways.
 */
#ifndef HEAD2_CLI_MU_FILES_H
#define HEAD2_CLI_MU_FILES_H

#include "artifact/receipt_file.h"
#include "cli/cli.h"

#include <limits.h>

#define CLI_MU_WHAT 400

/* A file as it is, and what it says. */
struct cli_mu {
    uint8_t *bytes; /* NULL where it could not be read */
    size_t len;
    struct receipt_file receipt;
    enum head2_status parsed;
    char what[CLI_MU_WHAT]; /* is wrong with it, with its line */
};

/* Read path ("-" is standard input); parsed and what tell how it parses. Free after any read.
 * Returns an exit code, which says nothing of the content. */
int cli_mu_read(const struct cli *cli, const char *path, struct cli_mu *mu);
void cli_mu_free(struct cli_mu *mu);

/* The error line for one that does not parse. */
int cli_mu_refuse(const struct cli *cli, const char *path, const struct cli_mu *mu);

/* How a file is called in what is printed. */
const char *cli_mu_shown(const char *path);

#endif
