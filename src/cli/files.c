/*
 * Named files for verbs: "-" is a standard stream, and each failure is one clear line.
 */
#include "cli/files.h"

#include "keys/keyfile.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

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

bool cli_same_file(const char *a, const char *b)
{
    struct stat x, y;

    return strcmp(a, "-") != 0 && strcmp(b, "-") != 0 && stat(a, &x) == 0 && stat(b, &y) == 0 &&
           x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int cli_write_file(struct cli *cli, const char *path, const void *bytes, size_t len, mode_t mode,
                   enum file_existing existing)
{
    if (strcmp(path, "-") == 0) {
        cli_write(cli, bytes, len);
        return CLI_DONE;
    }
    struct keyfile_error err;
    if (existing == FILE_REPLACE && keyfile_may_replace(path, &err) != HEAD2_OK)
        return cli_fail(cli, CLI_REFUSED, path, err.hint, "%s", err.what);
    enum head2_status st = file_write(path, bytes, len, mode, existing);
    if (st == HEAD2_OK)
        return CLI_DONE;
    int error = errno;
    if (st == HEAD2_E_POLICY)
        return cli_fail(cli, CLI_REFUSED, path, "name a plain file, or - for standard output",
                        "there is something here that is not a file");
    if (error == EEXIST)
        return cli_fail(cli, CLI_REFUSED, path,
                        cli_find_option(cli->verb, "existing") != NULL
                            ? "name another, or add --existing replace"
                            : "name another",
                        "there is a file of this name");
    if (error == ENOENT)
        return cli_fail(cli, CLI_INPUT, path, "make the folder first", "cannot write: %s",
                        strerror(error));
    return cli_fail_errno(cli, path, error, "cannot write");
}

int cli_state_place(const struct cli *cli, const struct cli_place *place, char *out, size_t cap)
{
    static const struct {
        const char *variable, *rest;
    } places[] = {
        {"HEAD2_STATE",    ""                   },
        {"XDG_STATE_HOME", "/head2"             },
        {"HOME",           "/.local/state/head2"}
    };
    const char *given =
        cli_find_option(cli->verb, place->name) != NULL ? cli_string(cli, place->name) : NULL;
    int n = given != NULL ? snprintf(out, cap, "%s", given) : -1;
    char where[40];

    snprintf(where, sizeof where, "--%s", place->name);
    for (size_t i = 0; n < 0 && i < HEAD2_LEN(places); i++) {
        const char *value = getenv(places[i].variable);
        if (value != NULL && *value != 0)
            n = snprintf(out, cap, "%s%s/%s", value, places[i].rest, place->name);
    }
    if (n < 0)
        return cli_fail(cli, CLI_USAGE, where, place->hint,
                        "no %s folder: neither HEAD2_STATE nor HOME is set", place->name);
    if ((size_t)n >= cap)
        return cli_fail(cli, CLI_USAGE, where, "use a shorter name", "the name is too long");
    return CLI_DONE;
}

int cli_folder_fail(const struct cli *cli, enum head2_status st, const struct cli_folder_fault *f)
{
    const int e = f->error;
    enum cli_exit code = cli_status_exit(st);
    const char *hint = f->hint[0] != 0 ? f->hint : "check the folder";

    if (e == ENOSPC || e == EDQUOT || e == EFBIG) {
        code = CLI_REFUSED;
        hint = "free some space, or choose another place";
    } else if (e == EROFS || e == EACCES || e == EPERM) {
        code = CLI_REFUSED;
        hint = "choose a place that can be written, or run as its owner";
    } else if (e == EEXIST) {
        code = CLI_REFUSED;
        hint = "name another";
    } else if (st == HEAD2_E_ENTROPY || st == HEAD2_E_HEALTH) {
        hint = "see 'head2 doctor'";
    }
    return cli_fail(cli, code, f->where[0] != 0 ? f->where : NULL, hint, "%s",
                    f->what[0] != 0 ? f->what : head2_status_string(st));
}
