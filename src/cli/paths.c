/* see paths.h */
#include "cli/paths.h"

#include "cli/forms.h"

#include <errno.h>
#include <fts.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_folder(const char *path)
{
    struct stat info;
    return strcmp(path, "-") != 0 && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool is_pattern(const char *path)
{
    return strpbrk(path, "*?[") != NULL && access(path, F_OK) != 0;
}

bool cli_paths_several(const struct cli *cli)
{
    for (int i = 0; i < cli->count; i++)
        if (is_folder(cli->args[i]) || is_pattern(cli->args[i]))
            return true;
    return cli->count > 1;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_passed_over(const FTSENT *e)
{
    return (e->fts_level > FTS_ROOTLEVEL && e->fts_name[0] == '.') ||
           cli_ends_in(e->fts_name, cli_form_suffix(CLI_FORM_DETACHED)) ||
           cli_ends_in(e->fts_name, cli_form_suffix(CLI_FORM_RAW));
}

static int walk(const struct cli *cli, const char *folder, cli_path_fn *fn, void *arg)
{
    char *roots[] = {(char *)(uintptr_t)folder, NULL}; /* fts(3) changes nothing in it */
    FTS *const tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    int code = CLI_DONE;
    FTSENT *e;

    if (tree == NULL)
        return cli_fail_errno(cli, folder, errno, "cannot read the folder");
    for (errno = 0; code == CLI_DONE && (e = fts_read(tree)) != NULL; errno = 0) {
        if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
            code = cli_fail_errno(cli, e->fts_path, e->fts_errno, "cannot read the folder");
        else if (e->fts_info == FTS_D && e->fts_level > FTS_ROOTLEVEL && e->fts_name[0] == '.')
            fts_set(tree, e, FTS_SKIP);
        else if (e->fts_info == FTS_F && !is_passed_over(e))
            code = fn(arg, e->fts_path);
    }
    if (code == CLI_DONE && errno != 0)
        code = cli_fail_errno(cli, folder, errno, "cannot read the folder");
    fts_close(tree);
    return code;
}

static int match(const struct cli *cli, const char *pattern, cli_path_fn *fn, void *arg)
{
    glob_t found = {0};
    const int status = glob(pattern, 0, NULL, &found);
    int code = CLI_DONE;

    if (status == GLOB_NOMATCH)
        code = cli_fail(cli, CLI_INPUT, pattern, "check the pattern and the folder",
                        "no file matches");
    else if (status != 0)
        code = cli_fail(cli, CLI_INPUT, pattern, "check the folders' permissions",
                        "the pattern cannot be followed");
    for (size_t i = 0; code == CLI_DONE && i < found.gl_pathc; i++)
        code = is_folder(found.gl_pathv[i]) ? walk(cli, found.gl_pathv[i], fn, arg)
                                            : fn(arg, found.gl_pathv[i]);
    globfree(&found);
    return code;
}

int cli_paths(const struct cli *cli, cli_path_fn *fn, void *arg)
{
    int code = CLI_DONE;

    for (int i = 0; code == CLI_DONE && i < cli->count; i++) {
        const char *const path = cli->args[i];
        if (is_folder(path))
            code = walk(cli, path, fn, arg);
        else if (is_pattern(path))
            code = match(cli, path, fn, arg);
        else
            code = fn(arg, path);
    }
    return code;
}
