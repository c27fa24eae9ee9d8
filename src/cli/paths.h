/*
 * The files that the arguments of a verb stand for: a file itself; of a folder every file in it and
 * below, in the order of their names, but hidden ones, signatures (.sig, .sig.maml) and what is no
 * plain file; of a pattern (* ? [), where no file has that name, what it matches.
 */
#ifndef HEAD2_CLI_PATHS_H
#define HEAD2_CLI_PATHS_H

#include "cli/cli.h"

/* Returns an exit code; anything but CLI_DONE ends the walk. */
typedef int cli_path_fn(void *arg, const char *path);
int cli_paths(const struct cli *cli, cli_path_fn *fn, void *arg);

/* Whether one of the arguments is a folder or a pattern, so that there may be several files. */
bool cli_paths_several(const struct cli *cli);

#endif
