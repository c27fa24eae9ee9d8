/*
 * Named files for verbs: "-" is a standard stream, and each failure is one clear line.
 */
#include "cli/files.h"

#include <errno.h>

int cli_read_file(const struct cli *cli, const char *path, size_t limit, uint8_t **out, size_t *len)
{
    const char *shown = strcmp(path, "-") == 0 ? "standard input" : path;
    enum head2_status st = file_read(path, limit, out, len);

    if (st == HEAD2_E_IO)
        return cli_fail_errno(cli, shown, errno, "cannot read");
    if (st == HEAD2_E_LIMIT)
        return cli_fail(cli, CLI_INPUT, shown, "give a shorter file", "longer than %zu bytes",
                        limit);
    if (st != HEAD2_OK)
        return cli_fail(cli, CLI_INTERNAL, shown, NULL, "%s", head2_status_string(st));
    return CLI_DONE;
}

int cli_write_file(struct cli *cli, const char *path, const void *bytes, size_t len, mode_t mode,
                   enum file_existing existing)
{
    if (strcmp(path, "-") == 0) {
        cli_write(cli, bytes, len);
        return CLI_DONE;
    }
    if (file_write(path, bytes, len, mode, existing) == HEAD2_OK)
        return CLI_DONE;
    int error = errno;
    if (error == ENOENT)
        return cli_fail(cli, CLI_INPUT, path, "make the folder first", "cannot write: %s",
                        strerror(error));
    return cli_fail_errno(cli, path, error, "cannot write");
}
