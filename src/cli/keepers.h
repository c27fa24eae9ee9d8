/*
 * A keeper that runs, for verbs that ask it: where it answers, and the error line.
 *
 * The socket is --socket PATH, else $HEAD2_KEEPER, else keeper.sock in the store's folder
 * (stores.h). Where the keeper has a PIN, --pin-file says it.
 */
#ifndef HEAD2_CLI_KEEPERS_H
#define HEAD2_CLI_KEEPERS_H

#include "cli/cli.h"
#include "keeper/client.h"

#define CLI_KEEPER_SOCKET "keeper.sock"

/* Rows of verbs.c; their options and texts are in keeper_options.c. */
extern const struct cli_option cli_keeper_options[], cli_keeper_ask_options[],
    cli_keeper_generate_options[], cli_keeper_export_options[], cli_keeper_approve_options[];
extern const char cli_keeper_about[], cli_keeper_generate_about[], cli_keeper_rotate_about[],
    cli_keeper_approve_about[];

/* These return exit codes. Close *out and free *reply in any case. */
int cli_keeper_open(const struct cli *cli, struct keeper_client **out);
int cli_keeper_ask(const struct cli *cli, struct keeper_client *c, struct keeper_message *ask,
                   struct keeper_reply *reply);
/* The id of the key that an argument names: the id itself, the first eight digits of it or more, or
 * a label, of which the newest active one is meant. */
int cli_keeper_find(const struct cli *cli, struct keeper_client *c, const char *name,
                    uint8_t id[HEAD2_KEY_ID_BYTES]);

#endif
