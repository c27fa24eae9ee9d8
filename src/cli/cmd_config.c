/*
 * head2 config check: is this file right, and what does it say?
 */
#include "cli/daemons.h"
#include "cli/verbs.h"
#include "gateway/address.h"

int cmd_config_check(struct cli *cli)
{
    const char *file = cli->args[0];
    struct config *c;
    struct config_error err;
    char listen[ADDRESS_TEXT];

    enum head2_status st = config_read(&c, file, CONFIG_ANY, &err);
    if (st != HEAD2_OK)
        return cli_config_fail(cli, st, &err);
    st = config_check_identity(c, &err);
    if (st != HEAD2_OK) {
        config_free(c);
        return cli_config_fail(cli, st, &err);
    }
    const bool gateway = c->role == CONFIG_GATEWAY;
    const char *role = c->fallback.node ? "fallback node" : gateway ? "gateway" : "link";
    address_text(listen, &c->listen);
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:s, s:s, s:I, s:s}", "file", file, "role",
                                      config_role_name(c), "name", c->name, "peers",
                                      (json_int_t)(gateway ? c->n_peers : 0), "state", c->state));
    else if (gateway)
        cli_print(cli, "%s: a %s's configuration, valid: %u peer%s, UDP %s, state in %s\n", file,
                  role, c->n_peers, c->n_peers == 1 ? "" : "s", listen, c->state);
    else
        cli_print(cli, "%s: a link's configuration, valid: gateway at %s%s, state in %s\n", file,
                  c->endpoints.at[0], c->endpoints.n > 1 ? " and others" : "", c->state);
    config_free(c);
    return CLI_DONE;
}
