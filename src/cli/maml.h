/*
 * MAML documents for verbs: read and parsed, with what is wrong said in the program's ways.
 */
#ifndef HEAD2_CLI_MAML_H
#define HEAD2_CLI_MAML_H

#include "artifact/maml.h"
#include "cli/cli.h"

#define CLI_MAML_MODE_OPTION                                                                       \
    {                                                                                              \
        "mode", 0, CLI_ENUM, "strict|lenient",                                                     \
            "whether what readers may guess is an error or a warning (default: strict)", 0, 0      \
    }

struct cli_maml {
    uint8_t *bytes;
    size_t len;
    struct maml *maml;
};

/* From --mode. */
enum maml_mode cli_maml_mode(const struct cli *cli);
/* Read and parse path; close after any read. Returns an exit code, which says nothing of the
 * document's own errors. */
int cli_maml_read(const struct cli *cli, const char *path, enum maml_mode mode,
                  struct cli_maml *doc);
void cli_maml_close(struct cli_maml *doc);

/* One error line for the first error among a document's findings, with how many more there are;
 * CLI_DONE when there is none. */
int cli_maml_refuse(const struct cli *cli, const char *path, const struct maml *maml);
/* The same for bytes in memory, in the mode of --mode: a check in front of a verb's work. */
int cli_maml_check(const struct cli *cli, const char *path, const uint8_t *bytes, size_t len);

#endif
