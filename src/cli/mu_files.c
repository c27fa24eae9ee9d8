/* see mu_files.h */
#include "cli/mu_files.h"

#include "cli/files.h"

#include <stdlib.h>

const char *cli_mu_shown(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

int cli_mu_read(const struct cli *cli, const char *path, struct cli_mu *mu)
{
    struct receipt_file_fault fault;

    mu->bytes = NULL;
    const int code = cli_read_file(cli, path, RECEIPT_MU_MAX, &mu->bytes, &mu->len);
    if (code != CLI_DONE)
        return code;
    mu->parsed = receipt_file_parse(&mu->receipt, mu->bytes, mu->len, &fault);
    if (fault.line != 0)
        snprintf(mu->what, sizeof mu->what, "line %u: %s", fault.line, fault.what);
    else
        snprintf(mu->what, sizeof mu->what, "%s", fault.what);
    return CLI_DONE;
}

void cli_mu_free(struct cli_mu *mu)
{
    free(mu->bytes);
    mu->bytes = NULL;
}

int cli_mu_refuse(const struct cli *cli, const char *path, const struct cli_mu *mu)
{
    if (mu->parsed == HEAD2_E_VERIFY)
        return cli_fail(cli, CLI_FAILED, cli_mu_shown(path), "do not rely on it; ask for another",
                        "invalid: %s", mu->what);
    return cli_fail(cli, CLI_INPUT, cli_mu_shown(path), "give what 'head2 receipt get' wrote",
                    "not a receipt: %s", mu->what);
}
