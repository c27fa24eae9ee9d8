/*
 * head2 mu FILE: the text reversed, on standard output; head2 mu REVERSED --of FORWARD: whether one
 * is the reverse of the other, and if not, where it stops being so.
 */
#include "artifact/file.h"
#include "artifact/mu.h"
#include "cli/files.h"
#include "cli/verbs.h"

#include <stdlib.h>

#define TEXT_MAX ((size_t)256 << 20)

static int not_utf8(struct cli *cli, const char *path, size_t bad)
{
    return cli_fail(cli, CLI_INPUT, strcmp(path, "-") == 0 ? "standard input" : path,
                    "convert it to UTF-8", "not UTF-8 at byte %zu", bad);
}

static int print_reverse(struct cli *cli, const char *path, const uint8_t *text, size_t len,
                         uint8_t *scratch)
{
    size_t bad = 0;

    if (mu_reverse(scratch, text, len, &bad) != HEAD2_OK)
        return not_utf8(cli, path, bad);
    if (!cli->json) {
        cli_write(cli, scratch, len);
        return CLI_DONE;
    }
    json_t *reverse = json_stringn((const char *)scratch, len);
    cli_print_json(cli, json_pack("{s:s, s:o}", "file", path, "reverse", reverse));
    return CLI_DONE;
}

static int compare(struct cli *cli, const char *path, const char *of, const uint8_t *text,
                   size_t len)
{
    uint8_t *forward = NULL, *scratch = NULL;
    size_t forward_len = 0, bad = 0;
    struct mu_difference d;
    char hint[512], place[MU_DIFFERENCE_TEXT];

    int code = cli_read_file(cli, of, TEXT_MAX, &forward, &forward_len);
    if (code != CLI_DONE)
        return code;
    scratch = malloc(forward_len + 1);
    enum head2_status st = scratch == NULL
                               ? HEAD2_E_MEMORY
                               : mu_compare(forward, forward_len, text, len, scratch, &d, &bad);
    if (st == HEAD2_E_MALFORMED)
        code = not_utf8(cli, of, bad);
    else if (st == HEAD2_E_MEMORY)
        code = cli_fail(cli, CLI_INTERNAL, path, NULL, "out of memory");
    else if (st == HEAD2_E_VERIFY) {
        snprintf(hint, sizeof hint, "'head2 mu %s' prints the right text", of);
        mu_difference_text(place, &d);
        code = cli_fail(cli, CLI_FAILED, path, hint, "not the reverse of %s: %s", of, place);
    } else if (cli->json) {
        cli_print_json(cli, json_pack("{s:s, s:s, s:b}", "file", path, "of", of, "reverse", 1));
    } else {
        cli_print(cli, "%s is the reverse of %s\n", path, of);
    }
    free(forward);
    free(scratch);
    return code;
}

int cmd_mu(struct cli *cli)
{
    const char *path = cli->args[0];
    const char *of = cli_string(cli, "of");
    uint8_t *text = NULL;
    size_t len = 0;

    if (of != NULL && strcmp(of, "-") == 0 && strcmp(path, "-") == 0)
        return cli_fail(cli, CLI_USAGE, "--of", "name a file for one of them",
                        "both texts cannot come from standard input");
    int code = cli_read_file(cli, path, TEXT_MAX, &text, &len);
    if (code != CLI_DONE)
        return code;
    if (of != NULL) {
        code = compare(cli, path, of, text, len);
    } else {
        uint8_t *scratch = malloc(len + 1);
        code = scratch != NULL ? print_reverse(cli, path, text, len, scratch)
                               : cli_fail(cli, CLI_INTERNAL, path, NULL, "out of memory");
        free(scratch);
    }
    free(text);
    return code;
}
