/*
 * head2 help, head2 completion, head2 version: what the table and the build say about themselves.
 */
#include "cli/verbs.h"

#include <head2/version.h>

#include <openssl/crypto.h>

/* The table itself, one verb a line: what the tests walk through. */
static void print_table(struct cli *cli)
{
    static const char *const types[] = {"flag", "string", "number", "enum", "file", "folder"};

    for (size_t i = 0; i < cli_verb_count; i++) {
        const struct cli_verb *v = &cli_verbs[i];
        json_t *options = json_array(), *exits = json_array();
        for (const struct cli_option *o = v->options; o != NULL && o->name != NULL; o++)
            json_array_append_new(options,
                                  json_pack("{s:s, s:s}", "name", o->name, "type", types[o->type]));
        for (int code = 0; code < 8; code++)
            if ((v->exits & (1u << code)) != 0)
                json_array_append_new(exits, json_integer(code));
        cli_print_json(cli,
                       json_pack("{s:s, s:s?, s:s, s:i, s:s, s:o, s:o}", "verb", v->name, "subverb",
                                 v->sub, "arguments", v->usage, "min_arguments", v->min_args,
                                 "help", v->help, "options", options, "exits", exits));
    }
}

int cmd_help(struct cli *cli)
{
    if (cli->json && cli->count == 0) {
        print_table(cli);
        return CLI_DONE;
    }
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
