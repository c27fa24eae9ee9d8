/* see ledgers.h */
#include "cli/ledgers.h"

#include "artifact/ledger_json.h"
#include "artifact/mu.h"
#include "artifact/utc.h"
#include "cli/files.h"

#include <errno.h>
#include <unistd.h>

int cli_ledger_folder(const struct cli *cli, char out[PATH_MAX])
{
    static const struct cli_place place = {"ledger", "give --ledger DIR"};

    return cli_state_place(cli, &place, out, PATH_MAX);
}

int cli_ledger_fail(const struct cli *cli, enum head2_status st, const struct ledger_fault *fault)
{
    return cli_folder_fail(
        cli, st, &(struct cli_folder_fault){fault->where, fault->what, fault->hint, fault->error});
}

int cli_ledger_place(const struct cli *cli, char out[PATH_MAX])
{
    const int code = cli_ledger_folder(cli, out);

    if (code != CLI_DONE || access(out, F_OK) == 0)
        return code;
    return cli_fail(cli, CLI_INPUT, out, "append something first, or name it with --ledger",
                    "there is no ledger here");
}

int cli_ledger_read(const struct cli *cli, struct ledger **l)
{
    char folder[PATH_MAX];
    struct ledger_fault fault;
    const int code = cli_ledger_place(cli, folder);

    *l = NULL;
    if (code != CLI_DONE)
        return code;
    const enum head2_status st = ledger_open(l, folder, LEDGER_READ, NULL, &fault);
    return st == HEAD2_OK ? CLI_DONE : cli_ledger_fail(cli, st, &fault);
}

bool cli_ledger_number(uint64_t *index, const char *text)
{
    const size_t len = strlen(text);

    *index = 0;
    if (len == 0 || len > 15 || strspn(text, "0123456789") != len)
        return false;
    for (const char *p = text; *p != 0; p++)
        *index = 10 * *index + (uint64_t)(*p - '0');
    return true;
}

#define FIRST_LINE 60 /* code points */

/* The first line, cut to fit, with '?' for control characters. */
static void first_line(struct cli *cli, const struct ledger_entry *e)
{
    const uint8_t *const p = (const uint8_t *)e->text;
    size_t at = 0;

    for (unsigned n = 0; n < FIRST_LINE && at < e->text_len && p[at] != '\n'; n++) {
        const size_t step = mu_code_point(p + at, e->text_len - at);
        if (step <= 1 && (p[at] < 0x20 || p[at] >= 0x7f))
            cli_print(cli, "?");
        else
            cli_write(cli, p + at, step);
        at += step != 0 ? step : 1;
    }
}

void cli_ledger_list_entry(struct cli *cli, const struct ledger_entry *e)
{
    char kind[LEDGER_KIND_NAME], when[UTC_BYTES + 1];

    if (cli->json) {
        cli_print_json(cli, ledger_entry_json(e));
        return;
    }
    ledger_kind_name(kind, e->kind);
    utc_format(when, e->ms);
    cli_print(cli, "%llu  %s  %-8s  ", (unsigned long long)e->index, when, kind);
    first_line(cli, e);
    cli_print(cli, "\n");
}

static bool shows_progress(const struct cli *cli)
{
    return !cli->json && isatty(STDERR_FILENO);
}

void cli_ledger_progress(void *arg, uint64_t done)
{
    if (shows_progress(arg) && done % 8192 == 0)
        fprintf(stderr, "\r%llu entries ", (unsigned long long)done);
}

void cli_ledger_progress_end(const struct cli *cli)
{
    if (shows_progress(cli))
        fprintf(stderr, "\r%*s\r", 40, "");
}
