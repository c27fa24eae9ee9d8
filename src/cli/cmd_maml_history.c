/*
 * head2 maml history: the entries of a document's History; with --verify, whether it has only ever
 * been appended to, as far as its signatures go back. Each block that stood at the document's end
 * is a line of History now and signs all that is before that line; the present block signs them
 * all.
 */
#include "artifact/ticket.h"
#include "cli/anchors.h"
#include "cli/maml.h"
#include "cli/verbs.h"

#include <stdlib.h>

struct walk {
    struct cli *cli;
    const char *path;
    const struct maml *m;
    struct cli_anchors anchors;
    size_t signatures, tickets;
    int code;                /* of the worst entry so far */
    char fault[200];         /* of the first bad one */
    char text[SIGBLOCK_MAX]; /* a block that was */
};

static const char *shown(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* ---- listing ---- */

static void print_entry(struct cli *cli, const struct maml *m, const struct maml_entry *e)
{
    const char *doc = (const char *)m->doc;
    const size_t most = 100;

    if (cli->json) {
        cli_print_json(cli, json_pack("{s:i, s:o, s:o, s:o}", "line", (int)e->at.line, "time",
                                      json_stringn(doc + e->time.at, e->time.len), "tag",
                                      json_stringn(doc + e->tag.at, e->tag.len), "text",
                                      json_stringn(doc + e->text.at, e->text.len)));
        return;
    }
    cli_print(cli, "%u ", e->at.line);
    cli_write(cli, doc + e->time.at, e->time.len);
    cli_print(cli, " %.*s ", (int)e->tag.len, doc + e->tag.at);
    /* cut between characters */
    size_t len = e->text.len < most ? e->text.len : most;
    while (len < e->text.len && len > 0 && ((uint8_t)doc[e->text.at + len] & 0xc0) == 0x80)
        len--;
    cli_write(cli, doc + e->text.at, len);
    cli_print(cli, "%s\n", len < e->text.len ? "..." : "");
}

/* ---- verifying ---- */

/* One signature, good or bad, and what is known of it. */
static void tell(struct walk *w, unsigned line, const char *kind, const char *who,
                 const char *fault, int code)
{
    if (w->cli->json)
        cli_print_json(w->cli, json_pack("{s:i, s:s, s:s, s:s?, s:s?}", "line", (int)line, "kind",
                                         kind, "verdict",
                                         code == CLI_DONE     ? "valid"
                                         : code == CLI_FAILED ? "invalid"
                                                              : "malformed",
                                         "signer", who, "part", fault));
    else
        cli_print(w->cli, "%s line %u: %s%s%s%s%s\n",
                  code == CLI_DONE     ? "valid"
                  : code == CLI_FAILED ? "invalid"
                                       : "malformed",
                  line, kind, who != NULL ? " by " : "", who != NULL ? who : "",
                  fault != NULL ? ": " : "", fault != NULL ? fault : "");
    if (code == CLI_DONE)
        return;
    if (w->code == CLI_DONE)
        snprintf(w->fault, sizeof w->fault, "line %u: %s: %s", line, kind, fault);
    if (w->code == CLI_DONE || code == CLI_FAILED)
        w->code = code;
}

static void tell_verdict(struct walk *w, unsigned line, const char *kind, const char *who,
                         enum verdict v)
{
    tell(w, line, kind, who, v == VERDICT_VALID ? NULL : verdict_text(v),
         v == VERDICT_VALID ? CLI_DONE : CLI_FAILED);
}

static void judge_block(struct walk *w, unsigned line, const char *kind, const struct sigblock *b,
                        size_t covers)
{
    struct sigblock_hasher h;
    uint8_t digest[64];

    w->signatures++;
    sigblock_hash_init(&h, b->hash);
    sigblock_hash_update(&h, w->m->doc, covers);
    sigblock_hash_final(&h, digest);
    tell_verdict(w, line, kind, b->signer, cli_anchors_judge(w->cli, &w->anchors, b, digest));
}

static void judge_signed(struct walk *w, const struct maml_entry *e)
{
    struct sigblock *b = malloc(sizeof *b);
    struct sigblock_fault fault = {0, "out of memory"};
    size_t len = 0;
    enum head2_status st =
        b != NULL ? signed_read(b, w->text, &len, w->m, e, &fault) : HEAD2_E_MEMORY;

    if (st == HEAD2_OK)
        judge_block(w, e->at.line, "signature", b, e->whole.at);
    else
        tell(w, e->at.line, "signature", NULL, fault.what, (int)cli_status_exit(st));
    free(b);
}

static void judge_ticket(struct walk *w, const struct maml_entry *e)
{
    struct ticket t;

    w->tickets++;
    if (ticket_read(&t, w->m, e) == HEAD2_OK)
        tell_verdict(w, e->at.line, "ticket", t.head_id, cli_anchors_judge_ticket(&w->anchors, &t));
    else
        tell(w, e->at.line, "ticket", NULL, "not a ticket of the one form", CLI_INPUT);
}

static bool has_tag(const struct maml *m, const struct maml_entry *e, const char *tag)
{
    return e->tag.len == strlen(tag) && memcmp(m->doc + e->tag.at, tag, e->tag.len) == 0;
}

static void walk_history(struct walk *w)
{
    const struct maml *m = w->m;

    for (size_t i = 0; i < m->entry_count; i++) {
        const struct maml_entry *e = &m->entries[i];
        if (has_tag(m, e, "SIGNED"))
            judge_signed(w, e);
        else if (has_tag(m, e, "TICKET"))
            judge_ticket(w, e);
    }
    unsigned line = 1;
    for (size_t i = 0; i < m->end; i++)
        line += m->doc[i] == '\n';
    judge_block(w, line, "present signature", &m->block, m->end);
}

/* With --earlier: whether this document begins with that one, whose signature then is among those
 * that were judged. */
static int check_earlier(struct walk *w, const char *path)
{
    struct cli_maml doc;
    size_t same = 0, line = 1;
    int code = cli_maml_read(w->cli, path, MAML_LENIENT, &doc);

    if (code == CLI_DONE)
        code = cli_maml_refuse(w->cli, path, doc.maml);
    if (code == CLI_DONE) {
        const size_t end = doc.maml->end;
        for (; same < end && same < w->m->end && doc.bytes[same] == w->m->doc[same]; same++)
            line += doc.bytes[same] == '\n';
        if (same < end)
            code = cli_fail(w->cli, CLI_FAILED, shown(w->path), "keep both, and ask its signer",
                            "it does not begin with what %s says: line %zu differs", path, line);
    }
    cli_maml_close(&doc);
    return code;
}

static int verify(struct walk *w)
{
    struct cli *cli = w->cli;
    const char *earlier = cli_string(cli, "earlier");
    int code = cli_anchors_read(cli, &w->anchors);

    if (code != CLI_DONE)
        return code;
    if (!w->m->has_block)
        return cli_fail(cli, CLI_INPUT, shown(w->path), "sign it first, or check that it is whole",
                        "malformed: no signature block at its end");
    if (maml_section(w->m, "History") != NULL && !maml_section_is_last(w->m, "History"))
        return cli_fail(cli, CLI_INPUT, shown(w->path), "move it to the end, and sign anew",
                        "malformed: History is not the last section");
    walk_history(w);
    if (w->code != CLI_DONE)
        return cli_fail(cli, (enum cli_exit)w->code, shown(w->path),
                        w->code == CLI_FAILED ? "do not use it" : "get the file again", "%s",
                        w->fault);
    code = earlier != NULL ? check_earlier(w, earlier) : CLI_DONE;
    if (code == CLI_DONE && !cli->json)
        cli_print(cli, "valid %s: %zu signatures, %zu tickets; appended to since the first\n",
                  shown(w->path), w->signatures, w->tickets);
    return code;
}

int cmd_maml_history(struct cli *cli)
{
    struct walk *w = calloc(1, sizeof *w);
    struct cli_maml doc = {0};

    if (w == NULL)
        return cli_fail(cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    *w = (struct walk){.cli = cli, .path = cli->args[0]};
    int code = cli_maml_read(cli, w->path, MAML_LENIENT, &doc);
    if (code == CLI_DONE)
        code = cli_maml_refuse(cli, w->path, doc.maml);
    w->m = doc.maml;
    if (code == CLI_DONE && cli_flag(cli, "verify"))
        code = verify(w);
    else if (code == CLI_DONE)
        for (size_t i = 0; i < w->m->entry_count; i++)
            print_entry(cli, w->m, &w->m->entries[i]);
    cli_anchors_close(&w->anchors);
    cli_maml_close(&doc);
    free(w);
    return code;
}
