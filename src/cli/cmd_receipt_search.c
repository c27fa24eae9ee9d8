/*
 * head2 receipt search: which entries of the ledger are of a kind, a time, a peer, a key. Names and
 * keys are matched against the lines of the text, which the ledger's signature covers.
 */
#include "artifact/ledger_json.h"
#include "artifact/receipt_file.h"
#include "artifact/utc.h"
#include "cli/ledgers.h"
#include "cli/verbs.h"

#include <stdlib.h>

struct search {
    struct cli *cli;
    bool any_kind;
    uint8_t kind;
    uint64_t from, before; /* [from, before) */
    const char *peer, *key_id, *subject;
    uint64_t *last; /* the numbers of the latest matches, a ring; NULL: all are wanted */
    uint64_t count, found;
};

static bool has(const struct ledger_entry *e, const char *label, const char *value)
{
    return receipt_text_has(e->text, e->text_len, label, value);
}

static bool matches(const struct search *s, const struct ledger_entry *e)
{
    static const char *const keys[] = {"Key ID", "Old Key ID", "New Key ID", "Subject"};
    bool of_key = s->key_id == NULL;

    if ((!s->any_kind && e->kind != s->kind) || e->ms < s->from || e->ms >= s->before)
        return false;
    for (unsigned i = 0; !of_key && i < HEAD2_LEN(keys); i++)
        of_key = has(e, keys[i], s->key_id);
    return of_key && (s->peer == NULL || has(e, "Peer", s->peer)) &&
           (s->subject == NULL || has(e, "Subject", s->subject));
}

static bool note_match(void *arg, const struct ledger_entry *e)
{
    struct search *s = arg;

    if (matches(s, e))
        s->last[s->found++ % s->count] = e->index;
    cli_ledger_progress(s->cli, e->index);
    return true;
}

static bool list_match(void *arg, const struct ledger_entry *e)
{
    struct search *s = arg;

    if (matches(s, e))
        cli_ledger_list_entry(s->cli, e);
    return s->cli->out_errno == 0;
}

/* ---- options ---- */

static int read_time(const struct cli *cli, const char *option, uint64_t *ms)
{
    const char *text = cli_string(cli, option);
    char where[16];

    snprintf(where, sizeof where, "--%s", option);
    if (text == NULL || utc_parse_human(ms, text, strlen(text)) == HEAD2_OK)
        return CLI_DONE;
    return cli_fail(cli, CLI_USAGE, where, "give YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ",
                    "'%s' is not a time", text);
}

static int read_options(struct search *s)
{
    const struct cli *cli = s->cli;
    const char *kind = cli_string(cli, "kind");
    int code = CLI_DONE;

    s->peer = cli_string(cli, "peer");
    s->key_id = cli_string(cli, "key-id");
    s->subject = cli_string(cli, "subject");
    s->before = UINT64_MAX;
    s->any_kind = kind == NULL;
    if (kind != NULL && !ledger_kind_parse(&s->kind, kind))
        return cli_fail(cli, CLI_USAGE, "--kind",
                        "give one of those in docs/formats.md, section 9, as rotation or job",
                        "'%s' is not a kind", kind);
    code = read_time(cli, "from", &s->from);
    if (code == CLI_DONE)
        code = read_time(cli, "to", &s->before);
    if (code == CLI_DONE && s->from >= s->before)
        return cli_fail(cli, CLI_USAGE, "--to", "give a later time", "nothing lies between");
    s->count = cli_number(cli, "count", 0);
    if (code == CLI_DONE && s->count != 0) {
        s->last = calloc(s->count, sizeof *s->last);
        if (s->last == NULL)
            return cli_fail(cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    }
    return code;
}

int cmd_receipt_search(struct cli *cli)
{
    struct search s = {.cli = cli};
    struct ledger_fault fault = {0};
    struct ledger *l = NULL;
    enum head2_status st = HEAD2_OK;
    uint64_t first = 0;
    int code = read_options(&s);

    if (code == CLI_DONE)
        code = cli_ledger_read(cli, &l);
    if (code != CLI_DONE)
        goto done;
    if (s.last != NULL) {
        st = ledger_each(l, 0, note_match, &s, &fault);
        cli_ledger_progress_end(cli);
        first = s.found == 0        ? ledger_size(l)
                : s.found < s.count ? s.last[0]
                                    : s.last[s.found % s.count];
    }
    if (st == HEAD2_OK && first < ledger_size(l))
        st = ledger_each(l, first, list_match, &s, &fault);
    if (st != HEAD2_OK)
        code = cli_ledger_fail(cli, st, &fault);

done:
    ledger_close(l);
    free(s.last);
    return code;
}
