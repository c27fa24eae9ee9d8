/* see maml.h */
#include "cli/maml.h"

#include "cli/files.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum maml_mode cli_maml_mode(const struct cli *cli)
{
    return strcasecmp(cli_string_or(cli, "mode", "strict"), "lenient") == 0 ? MAML_LENIENT
                                                                            : MAML_STRICT;
}

int cli_maml_read(const struct cli *cli, const char *path, enum maml_mode mode,
                  struct cli_maml *doc)
{
    *doc = (struct cli_maml){0};
    int code = cli_read_file(cli, path, MAML_FILE_MAX, &doc->bytes, &doc->len);
    if (code == CLI_DONE && maml_parse(&doc->maml, doc->bytes, doc->len, mode) != HEAD2_OK)
        code = cli_fail(cli, CLI_INTERNAL, path, NULL, "out of memory");
    return code;
}

void cli_maml_close(struct cli_maml *doc)
{
    maml_free(doc->maml);
    free(doc->bytes);
    *doc = (struct cli_maml){0};
}

int cli_maml_refuse(const struct cli *cli, const char *path, const struct maml *maml)
{
    char where[PATH_MAX + 32], more[64] = "";
    const struct maml_finding *f = maml->findings;

    if (maml->errors == 0)
        return CLI_DONE;
    while (!f->is_error)
        f++;
    snprintf(where, sizeof where, "%s:%u:%u", strcmp(path, "-") == 0 ? "standard input" : path,
             f->at.line, f->at.column);
    if (maml->errors > 1)
        snprintf(more, sizeof more, " (and %zu more: 'head2 maml check' lists them)",
                 maml->errors - 1);
    return cli_fail(cli, CLI_INPUT, where, f->mend, "%s%s", f->what, more);
}

int cli_maml_check(const struct cli *cli, const char *path, const uint8_t *bytes, size_t len)
{
    struct maml *maml;

    if (maml_parse(&maml, bytes, len, cli_maml_mode(cli)) != HEAD2_OK)
        return cli_fail(cli, CLI_INTERNAL, path, NULL, "out of memory");
    const int code = cli_maml_refuse(cli, path, maml);
    maml_free(maml);
    return code;
}
