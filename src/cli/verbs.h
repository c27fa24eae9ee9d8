/*
 * The functions of all verbs, one a file; verbs.c says what each takes. Add yours here and there.
 */
#ifndef HEAD2_CLI_VERBS_H
#define HEAD2_CLI_VERBS_H

#include "cli/cli.h"

cli_run cmd_completion, cmd_help, cmd_mu, cmd_version;

#endif
