/*
 * head2 gateway and head2 link: read the configuration and the identity, then run.
 */
#include "base/secmem.h"
#include "cli/daemons.h"
#include "cli/keys.h"
#include "cli/verbs.h"
#include "gateway/daemon.h"

#include <stdlib.h>

const char *cli_config_file(const struct cli *cli, const char *name)
{
    const char *given = cli_string(cli, "config");
    const char *variable = getenv("HEAD2_CONFIG");

    if (given != NULL)
        return given;
    return variable != NULL && *variable != 0 ? variable : name;
}

int cli_config_fail(const struct cli *cli, enum head2_status st, const struct config_error *err)
{
    const char *where = err->where[0] != 0 ? err->where : NULL;

    if (st == HEAD2_E_IO && err->error != 0)
        return cli_fail_errno(cli, where, err->error, err->what);
    /* what has neither a file nor an address behind it is a peer that has no address */
    enum cli_exit code = st == HEAD2_E_IO ? CLI_UNREACHABLE : cli_status_exit(st);
    return cli_fail(cli, code, where, err->hint[0] != 0 ? err->hint : NULL, "%s", err->what);
}

/* A node's file and a gateway's are alike: which is meant has to be said, and to be true. */
static int check_node(const struct cli *cli, const struct config *c)
{
    const bool wanted = cli_flag(cli, "fallback");

    if (wanted == c->fallback.node)
        return CLI_DONE;
    if (wanted)
        return cli_fail(cli, CLI_INPUT, c->file,
                        "run it with 'head2 gateway', or name a node's file",
                        "this is the file of a gateway: its fallback has no issuer");
    return cli_fail(cli, CLI_INPUT, c->file,
                    "run it with 'head2 gateway --fallback', or name a gateway's file",
                    "this is the file of a fallback node");
}

static int run(struct cli *cli, enum config_role role, const char *otherwise)
{
    const char *file = cli_config_file(cli, otherwise);
    struct config *config;
    struct config_error err;
    struct head2_key *key = NULL;

    enum head2_status st = secmem_harden_process();
    if (st != HEAD2_OK)
        return cli_fail(cli, CLI_INTERNAL, NULL, "allow prctl(2) and setrlimit(2)",
                        "cannot keep others from this process's memory");
    st = config_read(&config, file, role, &err);
    if (st != HEAD2_OK)
        return cli_config_fail(cli, st, &err);
    int code = role == CONFIG_GATEWAY ? check_node(cli, config) : CLI_DONE;
    if (code == CLI_DONE)
        code = cli_read_key(cli, config->identity, CLI_KEY_SIGN, &key);
    if (code == CLI_DONE && head2_key_alg(key) != HEAD2_MLDSA_87) {
        code = cli_fail(cli, CLI_INPUT, config->identity, "make one with 'head2 key generate'",
                        "an identity is an ML-DSA-87 key, and this is %s",
                        head2_alg_name(head2_key_alg(key)));
    }
    if (code == CLI_DONE && head2_key_prepare(key) != HEAD2_OK) /* it signs each rotation */
        code = cli_fail(cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    if (code == CLI_DONE) {
        st = daemon_run(config, key, &err);
        code = st == HEAD2_OK ? CLI_DONE : cli_config_fail(cli, st, &err);
    } else {
        config_free(config);
    }
    head2_key_free(key);
    return code;
}

int cmd_gateway(struct cli *cli)
{
    return run(cli, CONFIG_GATEWAY,
               cli_flag(cli, "fallback") ? "/etc/head2/fallback.yaml" : "/etc/head2/head2.yaml");
}

int cmd_link(struct cli *cli)
{
    return run(cli, CONFIG_LINK, "/etc/head2/drone.yaml");
}
