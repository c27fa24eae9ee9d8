/*
 * head2 mu FILE: the text reversed, on standard output; head2 mu REVERSED --of FORWARD: whether one
 * is the reverse of the other, and if not, where it stops being so.
 */
#include "artifact/file.h"
#include "artifact/mu.h"
#include "artifact/mu_file.h"
#include "cli/files.h"
#include "cli/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX ((size_t)256 << 20) /* of what is read into memory: pipes, JSON, comparisons */

static int not_utf8(struct cli *cli, const char *path, uint64_t bad)
{
    return cli_fail(cli, CLI_INPUT, strcmp(path, "-") == 0 ? "standard input" : path,
                    "convert it to UTF-8", "not UTF-8 at byte %llu", (unsigned long long)bad);
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

static bool take_piece(void *arg, const uint8_t *piece, size_t len)
{
    struct cli *const cli = arg;

    cli_write(cli, piece, len);
    return cli->out_errno == 0;
}

/* A plain file, of any length. */
static int print_file(struct cli *cli, const char *path)
{
    uint64_t bad = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return cli_fail_errno(cli, path, errno, "cannot read");
    const enum head2_status st = mu_reverse_file(fd, take_piece, cli, &bad);
    const int error = errno;
    close(fd);
    if (st == HEAD2_E_MALFORMED)
        return not_utf8(cli, path, bad);
    if (st == HEAD2_E_IO)
        return cli_fail_errno(cli, path, error, "cannot read");
    if (st == HEAD2_E_STATE)
        return cli_fail(cli, CLI_INPUT, path, "do it again when nobody writes it",
                        "it was changed while it was read: what was printed is nothing");
    return st == HEAD2_OK ? CLI_DONE : cli_fail(cli, CLI_INTERNAL, path, NULL, "out of memory");
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
    struct stat info;
    size_t len = 0;

    if (of != NULL && strcmp(of, "-") == 0 && strcmp(path, "-") == 0)
        return cli_fail(cli, CLI_USAGE, "--of", "name a file for one of them",
                        "both texts cannot come from standard input");
    if (of == NULL && !cli->json && strcmp(path, "-") != 0 && stat(path, &info) == 0 &&
        S_ISREG(info.st_mode))
        return print_file(cli, path);
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
