/* see keepers.h */
#include "cli/keepers.h"

#include "keeper/unixsock.h"

#include <errno.h>
#include <unistd.h>

/* ---- for those that run one ---- */

int cli_keeper_listen(const struct cli *cli, const char *path, int *listener)
{
    *listener = unixsock_listen(path);
    if (*listener >= 0)
        return CLI_DONE;
    if (errno == EADDRINUSE)
        return cli_fail(cli, CLI_REFUSED, path, "end it, or name another socket",
                        "another keeper answers here");
    return cli_fail_errno(cli, path, errno, "cannot listen");
}

void cli_keeper_unlisten(const char *path, int listener)
{
    if (listener < 0)
        return;
    unlink(path);
    close(listener);
}
