/*
 * Keepers for verbs: where one answers, asking it, and keys that are named keeper:LABEL.
 *
 * The socket is --keeper PATH, else $HEAD2_KEEPER, else keeper.sock in the store's folder (see
 * stores.h).
 */
#ifndef HEAD2_CLI_KEEPERS_H
#define HEAD2_CLI_KEEPERS_H

#include "cli/keys.h"
#include "keeper/client.h"
#include "keeper/keeper.h"

#include <limits.h>

#define CLI_KEEPER_FILE "keeper.sock"

/* Listen at a path for a keeper; returns an exit code. _unlisten: -1 is allowed. */
int cli_keeper_listen(const struct cli *cli, const char *path, int *listener);
void cli_keeper_unlisten(const char *path, int listener);

#endif
