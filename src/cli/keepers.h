/*
 * Keepers for verbs: where one answers, asking it, and keys that are named keeper:LABEL.
 *
 * The socket is --keeper PATH, else $HEAD2_KEEPER, else keeper.sock in the store's folder (see
 * stores.h).
 */
#ifndef HEAD2_CLI_KEEPERS_H
#define HEAD2_CLI_KEEPERS_H

#include "cli/keys.h"
#include "gateway/config.h"
#include "keeper/keeper.h"
#include "keeper/pin.h"
#include "keeper/remote.h"

#include <limits.h>

#define CLI_KEEPER_FILE "keeper.sock"

/* Listen at a path for a keeper; returns an exit code. _unlisten: -1 is allowed. */
int cli_keeper_listen(const struct cli *cli, const char *path, int *listener);
void cli_keeper_unlisten(const char *path, int listener);

/* Into the recorder's pipe (keeper/told.h), unless that is -1: what changes keys, and each use too.
 * Blocks while it is full. */
void cli_keeper_tell(int events, const struct keeper_event *e, bool uses);

/* The PIN that a file's first line is; returns an exit code. */
int cli_keeper_pin(const struct cli *cli, const char *path, struct pin *out);

/* ---- for those that ask one ---- */

#define CLI_KEEPER_OPTIONS                                                                         \
    {"keeper",                                                                                     \
     0,                                                                                            \
     CLI_FILE,                                                                                     \
     "PATH",                                                                                       \
     "where the keeper of keeper:LABEL answers (default: $HEAD2_KEEPER, else in the store)",       \
     0,                                                                                            \
     0},                                                                                           \
    {                                                                                              \
        "pin-file", 0, CLI_FILE, "FILE", "its PIN (default: ask the terminal, where it has one)",  \
            0, 0                                                                                   \
    }

/* Connect, and show the PIN where there is one; at NULL: where the options say. Returns an exit
 * code. */
int cli_keeper_open(const struct cli *cli, const char *at, struct keeper_client **out);
/* The error line of something that was asked; why as of keeper_reply, or NULL. */
int cli_keeper_fail(const struct cli *cli, const char *where, enum head2_status st,
                    const char *why);

/* A key that signs: of a file, or keeper:LABEL. */
struct cli_signer {
    struct head2_key *key; /* with its private part, or without */
    struct artifact_signer signer;
    struct keeper_client *client; /* NULL: a file's */
    struct keeper_remote remote;
};
/* Returns an exit code; close after any. The struct stays where it is. */
int cli_signer_open(const struct cli *cli, const char *name, bool deterministic,
                    struct cli_signer *out);
/* The identity of a configuration, which must be ML-DSA-87. */
int cli_signer_of_config(const struct cli *cli, const struct config *config,
                         struct cli_signer *out);
void cli_signer_close(struct cli_signer *s);

#endif
