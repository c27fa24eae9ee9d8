/* see daemons.h */
#include "cli/daemons.h"

#include "base/secmem.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

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

int cli_read_identity(const struct cli *cli, const struct config *config, struct head2_key **out)
{
    const int code = cli_read_key(cli, config->identity, CLI_KEY_SIGN, out);

    if (code != CLI_DONE || head2_key_alg(*out) == HEAD2_MLDSA_87)
        return code;
    const char *const name = head2_alg_name(head2_key_alg(*out));
    head2_key_free(*out);
    *out = NULL;
    return cli_fail(cli, CLI_INPUT, config->identity, "make one with 'head2 key generate'",
                    "an identity is an ML-DSA-87 key, and this is %s", name);
}

int cli_change_user(const struct cli *cli)
{
    const char *const name = cli_string(cli, "user");
    const struct passwd *const who = name != NULL ? getpwnam(name) : NULL;

    if (name == NULL)
        return CLI_DONE;
    if (who == NULL)
        return cli_fail(cli, CLI_USAGE, name, "name a user of this machine",
                        "there is no such user");
    if (geteuid() == who->pw_uid)
        return CLI_DONE;
    if (geteuid() != 0)
        return cli_fail(cli, CLI_REFUSED, name, "start it as root, or as that user",
                        "only root can become another user");
    const uid_t uid = who->pw_uid;
    const gid_t gid = who->pw_gid;
    if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
        return cli_fail_errno(cli, name, errno, "cannot become this user");
    if (uid != 0 && setresuid(0, 0, 0) == 0)
        return cli_fail(cli, CLI_INTERNAL, name, NULL, "this process can be root again");
    return secmem_harden_process() == HEAD2_OK
               ? CLI_DONE
               : cli_fail(cli, CLI_INTERNAL, NULL, "allow prctl(2) and setrlimit(2)",
                          "cannot keep others from this process's memory");
}
