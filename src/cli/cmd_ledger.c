/*
 * head2 ledger show, stats, prove and export: what a ledger holds, for people and for auditors.
 */
#include "artifact/base64.h"
#include "artifact/ledger_json.h"
#include "artifact/utc.h"
#include "cli/keys.h"
#include "cli/ledgers.h"
#include "cli/verbs.h"

#include <sys/stat.h>

/* ---- show ---- */

struct listing {
    struct cli *cli;
    uint64_t left;
};

static bool list_entry(void *arg, const struct ledger_entry *e)
{
    struct listing *list = arg;

    cli_ledger_list_entry(list->cli, e);
    return --list->left != 0 && list->cli->out_errno == 0;
}

int cmd_ledger_show(struct cli *cli)
{
    struct listing list = {cli, cli_number(cli, "count", UINT64_MAX)};
    struct ledger_fault fault;
    struct ledger *l;

    int code = cli_ledger_read(cli, &l);
    if (code != CLI_DONE)
        return code;
    const uint64_t from = cli_number(cli, "from", 0);
    enum head2_status st =
        from < ledger_size(l) ? ledger_each(l, from, list_entry, &list, &fault) : HEAD2_OK;
    if (st != HEAD2_OK)
        code = cli_ledger_fail(cli, st, &fault);
    ledger_close(l);
    return code;
}

/* ---- stats ---- */

struct stats {
    struct cli *cli;
    uint64_t kinds[256], first_ms, last_ms, checkpoints, text_bytes;
};

static bool count_entry(void *arg, const struct ledger_entry *e)
{
    struct stats *s = arg;

    s->kinds[e->kind]++;
    s->text_bytes += e->text_len;
    s->first_ms = e->index == 0 ? e->ms : s->first_ms;
    s->last_ms = e->ms;
    cli_ledger_progress(s->cli, e->index);
    return true;
}

static bool count_note(void *arg, uint64_t size, const char *note, size_t len)
{
    (void)size;
    (void)note;
    (void)len;
    ((struct stats *)arg)->checkpoints++;
    return true;
}

/* The database and its log. */
static uint64_t bytes_on_disk(const struct cli *cli)
{
    static const char *const names[] = {LEDGER_FILE, LEDGER_FILE "-wal"};
    char folder[PATH_MAX], path[PATH_MAX + 40];
    struct stat info;
    uint64_t bytes = 0;

    if (cli_ledger_folder(cli, folder) != CLI_DONE)
        return 0;
    for (unsigned i = 0; i < HEAD2_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        bytes += stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
    }
    return bytes;
}

static json_t *kinds_json(const struct stats *s)
{
    json_t *o = json_object();
    char name[LEDGER_KIND_NAME];

    for (unsigned k = 0; k < HEAD2_LEN(s->kinds); k++) {
        ledger_kind_name(name, (uint8_t)k);
        if (s->kinds[k] != 0)
            json_object_set_new(o, name, json_integer((json_int_t)s->kinds[k]));
    }
    return o;
}

static void say_stats(const struct stats *s, const struct ledger *l, const struct checkpoint *c)
{
    struct cli *cli = s->cli;
    char id[CLI_KEY_ID_TEXT], root[BASE64_LEN(MERKLE_BYTES) + 1] = {0};
    char first[UTC_BYTES + 1], last[UTC_BYTES + 1];
    const uint64_t size = ledger_size(l);

    cli_key_id(id, ledger_key(l));
    base64_encode(root, c->root, sizeof c->root);
    utc_format(first, s->first_ms);
    utc_format(last, s->last_ms);
    if (cli->json) {
        cli_print_json(cli,
                       json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:o, s:I, s:I}", "key_id", id,
                                 "entries", (json_int_t)size, "signed", (json_int_t)c->size,
                                 "checkpoints", (json_int_t)s->checkpoints, "root", root, "first",
                                 first, "last", last, "kinds", kinds_json(s), "text_bytes",
                                 (json_int_t)s->text_bytes, "disk_bytes",
                                 (json_int_t)bytes_on_disk(cli)));
        return;
    }
    cli_print(cli, "key          %s\nentries      %llu\nsigned       %llu\ncheckpoints  %llu\n", id,
              (unsigned long long)size, (unsigned long long)c->size,
              (unsigned long long)s->checkpoints);
    cli_print(cli, "root         %s\n", root);
    if (size != 0)
        cli_print(cli, "from         %s\nto           %s\n", first, last);
    for (unsigned k = 0; k < HEAD2_LEN(s->kinds); k++) {
        char name[LEDGER_KIND_NAME];
        ledger_kind_name(name, (uint8_t)k);
        if (s->kinds[k] != 0)
            cli_print(cli, "  %-19s  %llu\n", name, (unsigned long long)s->kinds[k]);
    }
    cli_print(cli, "text         %llu bytes\non disk      %llu bytes\n",
              (unsigned long long)s->text_bytes, (unsigned long long)bytes_on_disk(cli));
}

int cmd_ledger_stats(struct cli *cli)
{
    struct stats s = {.cli = cli};
    struct checkpoint c = {.size = 0};
    char note[CHECKPOINT_NOTE_MAX + 1];
    size_t len = sizeof note;
    struct ledger_fault fault = {0};
    const char *why;
    struct ledger *l;

    int code = cli_ledger_read(cli, &l);
    if (code != CLI_DONE)
        return code;
    enum head2_status st = ledger_each(l, 0, count_entry, &s, &fault);
    if (st == HEAD2_OK)
        st = ledger_each_note(l, count_note, &s, &fault);
    cli_ledger_progress_end(cli);
    if (st == HEAD2_OK && s.checkpoints != 0)
        st = ledger_note(l, 0, note, &len, &fault);
    if (st == HEAD2_OK && s.checkpoints != 0)
        st = checkpoint_parse(&c, note, len, &why);
    if (st == HEAD2_OK)
        say_stats(&s, l, &c);
    else
        code = cli_ledger_fail(cli, st, &fault);
    ledger_close(l);
    return code;
}

/* ---- prove ---- */

int cmd_ledger_prove(struct cli *cli)
{
    const char *const text = cli->args[0];
    struct ledger_fault fault;
    json_t *proof = NULL;
    struct ledger *l;
    uint64_t index;

    if (!cli_ledger_number(&index, text))
        return cli_fail(cli, CLI_USAGE, text, "give an entry's number, as 'ledger show' lists them",
                        "not a number");
    int code = cli_ledger_read(cli, &l);
    if (code != CLI_DONE)
        return code;
    const enum head2_status st = ledger_prove(&proof, l, index, &fault);
    if (st == HEAD2_OK)
        cli_print_json(cli, proof);
    else if (st == HEAD2_E_ARG)
        code = cli_fail(cli, CLI_INPUT, text, "see 'head2 ledger show'",
                        "no such entry: there are %llu", (unsigned long long)ledger_size(l));
    else if (st == HEAD2_E_STATE)
        code = cli_fail(cli, CLI_REFUSED, text, "the next append signs it", "not signed yet");
    else
        code = cli_ledger_fail(cli, st, &fault);
    ledger_close(l);
    return code;
}

/* ---- export ---- */

/* A damaged ledger: what could be read of it has been written all the same. */
static int say_rescued(struct cli *cli, const struct ledger_exported *out, enum head2_status st,
                       struct ledger_fault *fault)
{
    char missing[60] = "";

    if (out->missing != UINT64_MAX)
        snprintf(missing, sizeof missing, "; the first that is missing is %llu",
                 (unsigned long long)out->missing);
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s*, s:I, s:I, s:b}", "folder", cli->args[0], "entries",
                                      (json_int_t)out->entries, "checkpoints",
                                      (json_int_t)out->checkpoints, "incomplete", 1));
    else
        cli_print(cli, "%llu entries and %llu checkpoints could be read%s: see %s/%s\n",
                  (unsigned long long)out->entries, (unsigned long long)out->checkpoints, missing,
                  cli->args[0], LEDGER_INCOMPLETE);
    snprintf(fault->hint, sizeof fault->hint,
             "what can be read of it has been exported, marked as incomplete; restore a copy");
    return cli_ledger_fail(cli, st, fault);
}

int cmd_ledger_export(struct cli *cli)
{
    char folder[PATH_MAX];
    struct ledger_fault fault;
    struct ledger_exported out;

    int code = cli_ledger_place(cli, folder);
    if (code != CLI_DONE)
        return code;
    const enum head2_status st =
        ledger_export_folder(&out, folder, cli->args[0], cli_ledger_progress, cli, &fault);
    cli_ledger_progress_end(cli);
    if (st != HEAD2_OK)
        return out.written ? say_rescued(cli, &out, st, &fault) : cli_ledger_fail(cli, st, &fault);
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s*, s:I}", "folder", cli->args[0], "entries",
                                      (json_int_t)out.entries));
    else
        cli_print(cli, "%llu entries in %s\n", (unsigned long long)out.entries, cli->args[0]);
    return CLI_DONE;
}
