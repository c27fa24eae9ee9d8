/*
 * head2 help, head2 completion, head2 version: what the table and the build say about themselves.
 */
#include "cli/verbs.h"

#include <head2/version.h>

#include <openssl/crypto.h>

int cmd_help(struct cli *cli)
{
    if (cli_flag(cli, "man")) {
        cli_help_man(cli);
        return CLI_DONE;
    }
    if (cli->count == 0) {
        cli_help_top(cli);
        return CLI_DONE;
    }
    const char *sub = cli->count > 1 ? cli->args[1] : NULL;
    const struct cli_verb *verb = cli_find_verb(cli->args[0], sub);
    if (verb != NULL && (sub == NULL || verb->sub != NULL)) {
        cli_help_verb(cli, verb);
        return CLI_DONE;
    }
    for (size_t i = 0; i < cli_verb_count && sub == NULL; i++) {
        if (strcmp(cli_verbs[i].name, cli->args[0]) == 0) {
            cli_help_group(cli, cli->args[0]);
            return CLI_DONE;
        }
    }
    return cli_fail(cli, CLI_USAGE, "help", "'head2 help' lists the verbs", "no verb '%s%s%s'",
                    cli->args[0], sub != NULL ? " " : "", sub != NULL ? sub : "");
}

int cmd_completion(struct cli *cli)
{
    return cli_complete(cli, cli->args[0]);
}

int cmd_version(struct cli *cli)
{
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:s}", "version", head2_version(), "libcrypto",
                                      OpenSSL_version(OPENSSL_VERSION)));
    else
        cli_print(cli, "head2 %s (%s)\n", head2_version(), OpenSSL_version(OPENSSL_VERSION));
    return CLI_DONE;
}
