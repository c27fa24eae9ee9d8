/*
 * The three forms of an artifact's signature, as sign writes and verify looks for them.
 */
#ifndef HEAD2_CLI_FORMS_H
#define HEAD2_CLI_FORMS_H

#include "cli/cli.h"

enum cli_form {
    CLI_FORM_AUTO,     /* a name that ends in .maml.md: MAML; everything else: detached */
    CLI_FORM_MAML,     /* the block at the end of the document */
    CLI_FORM_DETACHED, /* the block in NAME.sig.maml */
    CLI_FORM_RAW       /* bare ML-DSA in NAME.sig */
};

#define CLI_FORM_VALUES "auto|maml|detached|raw"

/* From --form, --raw and --context, which must not contradict each other. Returns an exit code. */
int cli_form_option(const struct cli *cli, enum cli_form *form);
/* What auto means for a file of this name. */
enum cli_form cli_form_of(enum cli_form form, const char *path);
const char *cli_form_name(enum cli_form form);
/* ".sig.maml" or ".sig"; "" for a document that carries its block. */
const char *cli_form_suffix(enum cli_form form);
bool cli_ends_in(const char *name, const char *suffix);

#endif
