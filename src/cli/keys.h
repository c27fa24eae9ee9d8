/*
 * Keys for verbs: reading them with the error line said, and the form of a key id.
 */
#ifndef HEAD2_CLI_KEYS_H
#define HEAD2_CLI_KEYS_H

#include "cli/cli.h"

#include <head2/keys.h>

#define CLI_KEY_ID_TEXT (2 * HEAD2_KEY_ID_BYTES + 1)

/* What a verb needs of the key it reads. */
enum cli_key_need { CLI_KEY_ANY, CLI_KEY_SIGN, CLI_KEY_VERIFY, CLI_KEY_ENCAPS, CLI_KEY_DECAPS };

/* Read a key of path; the passphrase, if one is needed, comes from --passphrase-file where the verb
 * has it, else from the terminal. Returns an exit code. Free *out. */
int cli_read_key(const struct cli *cli, const char *path, enum cli_key_need need,
                 struct head2_key **out);

void cli_key_id(char out[CLI_KEY_ID_TEXT], const struct head2_key *key);

#endif
