/*
 * head2 receipt show: what entries of the ledger, or receipts' files, say, turned back.
 * head2 receipt get: the file of an entry.
 */
#include "artifact/base64.h"
#include "artifact/ledger_json.h"
#include "artifact/utc.h"
#include "cli/files.h"
#include "cli/ledgers.h"
#include "cli/mu_files.h"
#include "cli/verbs.h"

#include <head2/hash.h>

#include <stdlib.h>

/* ---- show ---- */

struct showing {
    struct cli *cli;
    bool both;
    struct ledger *l; /* opened for the first number */
    int code;         /* of the entry that is shown */
};

/* Length of the line at p, without its end; its width in code points to *width. */
static size_t line_at(const char *p, size_t len, size_t *width)
{
    size_t n = 0;

    for (*width = 0; n < len && p[n] != '\n'; ++*width) {
        size_t step = mu_code_point((const uint8_t *)p + n, len - n);
        n += step != 0 ? step : 1;
    }
    return n;
}

/* Forward on the left, reverse on the right, line by line. */
static void show_both(struct cli *cli, const char *forward, const char *reverse, size_t len)
{
    size_t widest = 0, width, left = 0, right = 0;

    for (size_t at = 0; at < len;) {
        at += line_at(forward + at, len - at, &width) + 1;
        widest = width > widest ? width : widest;
    }
    while (left < len || right < len) {
        size_t n = left < len ? line_at(forward + left, len - left, &width) : (width = 0);
        cli_write(cli, forward + left, n);
        cli_print(cli, "%*s | ", (int)(widest - width), "");
        left += n + 1;
        n = right < len ? line_at(reverse + right, len - right, &width) : 0;
        cli_write(cli, reverse + right, n);
        cli_print(cli, "\n");
        right += n + 1;
    }
}

/* file and r: where it comes from a file. */
static void show_json(struct cli *cli, const struct ledger_entry *e, const char *reverse,
                      const char *file, const struct receipt_file *r)
{
    static const char prefix[] = "blake3:";
    char kind[LEDGER_KIND_NAME], when[UTC_BYTES + 1], hash[sizeof prefix + 64];
    uint8_t digest[32];

    ledger_kind_name(kind, e->kind);
    utc_format(when, e->ms);
    head2_blake3(digest, e->text, e->text_len);
    strcpy(hash, prefix);
    hex_encode(hash + sizeof prefix - 1, digest, sizeof digest);
    hash[sizeof hash - 1] = 0;
    json_t *o = json_pack("{s:I, s:s, s:s, s:s%, s:s}", "index", (json_int_t)e->index, "kind", kind,
                          "time", when, "forward", e->text, e->text_len, "forward_hash", hash);
    if (o != NULL && reverse != NULL)
        json_object_set_new(o, "reverse", json_stringn(reverse, e->text_len));
    if (o != NULL && r != NULL) {
        json_object_set_new(o, "file", json_string(file));
        json_object_set_new(o, "tree_size", json_integer((json_int_t)r->tree_size));
        json_object_set_new(o, "proof",
                            json_string(r->proof == RECEIPT_PROOF_WHOLE ? "whole" : "short"));
    }
    cli_print_json(cli, o);
}

static int show_text(struct showing *s, const struct ledger_entry *e, const char *file,
                     const struct receipt_file *r)
{
    struct cli *cli = s->cli;
    char *reverse = s->both ? malloc(e->text_len + 1) : NULL;
    int code = CLI_DONE;
    size_t bad;

    if (s->both && reverse == NULL)
        code = cli_fail(cli, CLI_INTERNAL, file, NULL, "out of memory");
    else if (s->both && mu_reverse((uint8_t *)reverse, (const uint8_t *)e->text, e->text_len,
                                   &bad) != HEAD2_OK)
        code = cli_fail(cli, CLI_INPUT, file, "'head2 ledger verify' looks at all of it",
                        "not UTF-8 at byte %zu", bad);
    else if (cli->json)
        show_json(cli, e, reverse, file, r);
    else if (s->both)
        show_both(cli, e->text, reverse, e->text_len);
    else
        cli_print(cli, "%.*s\n", (int)e->text_len, e->text);
    free(reverse);
    return code;
}

static bool show_entry(void *arg, const struct ledger_entry *e)
{
    struct showing *s = arg;

    s->code = show_text(s, e, NULL, NULL);
    return false;
}

static int show_number(struct showing *s, const char *text, uint64_t index)
{
    struct ledger_fault fault;
    int code = s->l == NULL ? cli_ledger_read(s->cli, &s->l) : CLI_DONE;

    if (code != CLI_DONE)
        return code;
    if (index >= ledger_size(s->l))
        return cli_fail(s->cli, CLI_INPUT, text, "'head2 receipt search' lists them",
                        "no such entry: there are %llu", (unsigned long long)ledger_size(s->l));
    const enum head2_status st = ledger_each(s->l, index, show_entry, s, &fault);
    return st == HEAD2_OK ? s->code : cli_ledger_fail(s->cli, st, &fault);
}

static int show_file(struct showing *s, const char *path)
{
    struct cli_mu *mu = calloc(1, sizeof *mu);

    if (mu == NULL)
        return cli_fail(s->cli, CLI_INTERNAL, path, NULL, "out of memory");
    int code = cli_mu_read(s->cli, path, mu);
    if (code == CLI_DONE && mu->parsed != HEAD2_OK)
        code = cli_mu_refuse(s->cli, path, mu);
    if (code == CLI_DONE) {
        const struct receipt_file *r = &mu->receipt;
        const struct ledger_entry e = {.index = r->index,
                                       .kind = r->kind,
                                       .ms = r->ms,
                                       .text = r->forward,
                                       .text_len = r->forward_len};
        code = show_text(s, &e, path, r);
    }
    cli_mu_free(mu);
    free(mu);
    return code;
}

int cmd_receipt_show(struct cli *cli)
{
    struct showing s = {.cli = cli, .both = cli_flag(cli, "both")};
    int code = CLI_DONE;
    uint64_t index;

    for (int i = 0; i < cli->count; i++) {
        const char *what = cli->args[i];
        if (i > 0 && !cli->json)
            cli_print(cli, "\n");
        const int one =
            cli_ledger_number(&index, what) ? show_number(&s, what, index) : show_file(&s, what);
        if (code == CLI_DONE || one == CLI_FAILED)
            code = one;
    }
    ledger_close(s.l);
    return code;
}

/* ---- get ---- */

static int say_refused(const struct cli *cli, const char *text, enum head2_status st,
                       const struct ledger_fault *fault)
{
    if (st != HEAD2_E_ARG && st != HEAD2_E_STATE && st != HEAD2_E_LIMIT)
        return cli_ledger_fail(cli, st, fault);
    return cli_fail(cli, st == HEAD2_E_STATE ? CLI_REFUSED : CLI_INPUT, text, fault->hint, "%s",
                    fault->what);
}

static int write_file(struct cli *cli, const struct receipt_file *r, const uint8_t *bytes,
                      size_t len)
{
    const char *const out = cli_string_or(cli, "out", "-"), *const proof =
                                                                r->proof == RECEIPT_PROOF_WHOLE
                                                                    ? "whole"
                                                                    : "short";
    const unsigned long long index = r->index;

    if (strcmp(out, "-") == 0 && cli->json) {
        cli_print_json(cli, json_pack("{s:I, s:s, s:s%}", "index", (json_int_t)r->index, "proof",
                                      proof, "receipt", (const char *)bytes, len));
        return CLI_DONE;
    }
    const int code = cli_write_file(cli, out, bytes, len, 0644, FILE_KEEP);
    if (code != CLI_DONE || strcmp(out, "-") == 0)
        return code;
    if (cli->json)
        cli_print_json(cli, json_pack("{s:I, s:s, s:s*, s:I}", "index", (json_int_t)r->index,
                                      "proof", proof, "file", out, "bytes", (json_int_t)len));
    else
        cli_print(cli, "receipt %llu -> %s (%s, %zu bytes)\n", index, out, proof, len);
    return CLI_DONE;
}

int cmd_receipt_get(struct cli *cli)
{
    const char *const text = cli->args[0];
    uint8_t bytes[RECEIPT_MU_MAX];
    size_t len = sizeof bytes;
    struct ledger_fault fault;
    struct receipt_file r;
    struct ledger *l;
    uint64_t index;

    if (!cli_ledger_number(&index, text))
        return cli_fail(cli, CLI_USAGE, text,
                        "give an entry's number, as 'head2 receipt search' lists them",
                        "not a number");
    int code = cli_ledger_read(cli, &l);
    if (code != CLI_DONE)
        return code;
    const enum head2_status st = receipt_file_of(&r, l, index, &fault);
    ledger_close(l);
    if (st != HEAD2_OK)
        return say_refused(cli, text, st, &fault);
    if (strcasecmp(cli_string_or(cli, "proof", "whole"), "short") == 0)
        r.proof = RECEIPT_PROOF_SHORT;
    if (receipt_file_write(&r, bytes, &len) != HEAD2_OK)
        return cli_fail(cli, CLI_INTERNAL, text, NULL, "the receipt cannot be written");
    return write_file(cli, &r, bytes, len);
}
