/*
 * head2 link: read the configuration and the identity, then run, in one process.
 */
#include "base/secmem.h"
#include "cli/daemons.h"
#include "cli/verbs.h"
#include "gateway/daemon.h"

int cmd_link(struct cli *cli)
{
    struct daemon_identity who = {.pair = -1};
    struct config *config;
    struct config_error err;
    struct head2_key *key = NULL;

    enum head2_status st = secmem_harden_process();
    if (st != HEAD2_OK)
        return cli_fail(cli, CLI_INTERNAL, NULL, "allow prctl(2) and setrlimit(2)",
                        "cannot keep others from this process's memory");
    st = config_read(&config, cli_config_file(cli, "/etc/head2/drone.yaml"), CONFIG_LINK, &err);
    if (st != HEAD2_OK)
        return cli_config_fail(cli, st, &err);
    int code = cli_read_identity(cli, config, &key);
    if (code == CLI_DONE && head2_key_prepare(key) != HEAD2_OK) /* it signs each rotation */
        code = cli_fail(cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    if (code == CLI_DONE) {
        who.key = key;
        st = daemon_run(config, &who, &err);
        code = st == HEAD2_OK ? CLI_DONE : cli_config_fail(cli, st, &err);
    } else {
        config_free(config);
    }
    head2_key_free(key);
    return code;
}
