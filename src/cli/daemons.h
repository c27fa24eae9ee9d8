/*
 * What the verbs around the daemon share: which configuration, and its error line.
 */
#ifndef HEAD2_CLI_DAEMONS_H
#define HEAD2_CLI_DAEMONS_H

#include "cli/keys.h"
#include "gateway/config.h"

#define CLI_CONFIG_OPTION                                                                          \
    {                                                                                              \
        "config", 'c', CLI_FILE, "FILE",                                                           \
            "configuration (default: $HEAD2_CONFIG, else the one in /etc/head2)", 0, 0             \
    }

/* -c FILE, else $HEAD2_CONFIG, else /etc/head2/NAME. */
const char *cli_config_file(const struct cli *cli, const char *name);
/* The error line of a configuration or a start that failed; returns the exit code. */
int cli_config_fail(const struct cli *cli, enum head2_status st, const struct config_error *err);

/* The private key of identity.key, which must be ML-DSA-87; returns an exit code. Free *out. */
int cli_read_identity(const struct cli *cli, const struct config *config, struct head2_key **out);

/* --user NAME: become that user, where this is root; returns an exit code. After what only root can
 * read was read, and before anything is made. */
int cli_change_user(const struct cli *cli);
#define CLI_USER_OPTION                                                                            \
    {                                                                                              \
        "user", 0, CLI_STRING, "NAME", "become this user, when started as root", 0, 0              \
    }

#endif
