/*
 * head2 sign: a MAML document gets the signature block at its end, any other file gets it in
 * FILE.sig.maml, and --raw writes a bare ML-DSA signature to FILE.sig.
 *
 * Files are taken in groups: all of a group are read, then signed in one batch, then their receipts
 * are recorded in one transaction, and only then do the signatures leave: none is without a
 * receipt. Of a folder its files are taken, of a pattern that names no file what it matches.
 */
#include "cli/sign_piece.h"

#include "cli/files.h"
#include "cli/keys.h"
#include "cli/paths.h"
#include "cli/verbs.h"

#include <stdlib.h>

#define GROUP SIGBLOCK_BATCH

/* ---- signatures, receipts, files ---- */

static int make_signatures(struct sign_work *w, struct sign_piece *pieces, unsigned n)
{
    struct sigblock *blocks[GROUP];
    enum head2_status st = HEAD2_OK;
    unsigned count = 0;

    for (unsigned i = 0; st == HEAD2_OK && i < n; i++) {
        struct sign_piece *const p = &pieces[i];
        if (p->form == CLI_FORM_RAW)
            st = rawsig_sign(&p->raw, &w->by.signer, p->block.sig, &p->block.sig_len);
        else
            blocks[count++] = &p->block;
    }
    if (st == HEAD2_OK && count != 0)
        st = sigblock_sign(blocks, count, &w->by.signer);
    if (st == HEAD2_OK)
        return CLI_DONE;
    return cli_fail(w->cli, cli_status_exit(st), pieces[0].path, NULL, "cannot sign: %s",
                    head2_status_string(st));
}

static int record(struct sign_work *w, struct sign_piece *pieces, unsigned n)
{
    struct ledger_entry entries[GROUP];
    char id[CLI_KEY_ID_TEXT];
    int code = CLI_DONE;

    if (w->receipts.writer == NULL)
        return CLI_DONE;
    cli_key_id(id, w->key);
    for (unsigned i = 0; code == CLI_DONE && i < n; i++) {
        struct sign_piece *const p = &pieces[i];
        code = sign_piece_receipt(w, p);
        entries[i] = (struct ledger_entry){.kind = RECEIPT_SIGNATURE,
                                           .subject = id,
                                           .number = p->number,
                                           .text = p->forward,
                                           .text_len = p->forward_len};
    }
    if (code == CLI_DONE)
        code = cli_receipts_append(w->cli, &w->receipts, entries, n);
    for (unsigned i = 0; code == CLI_DONE && i < n; i++) {
        pieces[i].block.receipt = entries[i].index;
        pieces[i].block.has_receipt = pieces[i].form != CLI_FORM_RAW;
    }
    return code;
}

static void print_signed(const struct sign_work *w, const struct sign_piece *p)
{
    char id[CLI_KEY_ID_TEXT];

    if (strcmp(p->target, "-") == 0)
        return;
    cli_key_id(id, w->key);
    if (!w->cli->json) {
        cli_print(w->cli, "signed %s -> %s (%s, key %s)\n", p->path, p->target,
                  head2_alg_name(head2_key_alg(w->key)), id);
        return;
    }
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s}", "file", p->path, "signature", p->target,
                          "form", cli_form_name(p->form), "algorithm",
                          head2_alg_name(head2_key_alg(w->key)), "key_id", id);
    if (o != NULL && w->receipts.writer != NULL)
        json_object_set_new(o, "receipt", json_integer((json_int_t)p->block.receipt));
    cli_print_json(w->cli, o);
}

/* Everything of a group that has been read. */
static int finish_group(struct sign_work *w, struct sign_piece *pieces, unsigned n)
{
    int code = n != 0 ? make_signatures(w, pieces, n) : CLI_DONE;

    if (code == CLI_DONE && n != 0)
        code = record(w, pieces, n);
    for (unsigned i = 0; i < n; i++) {
        if (code == CLI_DONE)
            code = sign_piece_write(w, &pieces[i]);
        if (code == CLI_DONE)
            print_signed(w, &pieces[i]);
        sign_piece_end(&pieces[i]);
    }
    return code;
}

/* A file that is named twice is signed once before it is looked at again. */
static bool is_among(const struct sign_piece *pieces, unsigned n, const struct sign_piece *p)
{
    for (unsigned i = 0; i < n; i++)
        if (strcmp(pieces[i].target, p->target) == 0)
            return true;
    return false;
}

struct group {
    struct sign_work *work;
    struct sign_piece pieces[GROUP];
    unsigned n;
};

static int add_file(void *arg, const char *path)
{
    struct group *const g = arg;
    struct sign_piece *p = &g->pieces[g->n];
    bool skipped;
    int code = sign_piece_read(g->work, p, path, &skipped);

    if (code == CLI_DONE && !skipped && is_among(g->pieces, g->n, p)) {
        sign_piece_end(p);
        code = finish_group(g->work, g->pieces, g->n);
        g->n = 0;
        p = &g->pieces[0];
        if (code == CLI_DONE)
            code = sign_piece_read(g->work, p, path, &skipped);
    }
    if (code != CLI_DONE || skipped) {
        sign_piece_end(p);
        return code;
    }
    p->number = ++g->work->number;
    if (++g->n < GROUP)
        return CLI_DONE;
    g->n = 0;
    return finish_group(g->work, g->pieces, GROUP);
}

/* The first failure ends the run: the error names the file. What was read before it is signed, and
 * nothing after it. */
static int sign_all(struct sign_work *w)
{
    struct group *const g = calloc(1, sizeof *g);

    if (g == NULL)
        return cli_fail(w->cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    g->work = w;
    int code = cli_paths(w->cli, add_file, g);
    const int last = finish_group(w, g->pieces, g->n);
    free(g);
    return code != CLI_DONE ? code : last;
}

/* ---- the verb ---- */

static int check_options(const struct cli *cli, enum cli_form form)
{
    const char *signer = cli_string(cli, "signer");
    const char *type = cli_string_if(cli, "media-type");
    static const char *const block_only[] = {"signer", "media-type", "hash", "proof"};

    for (size_t i = 0; form == CLI_FORM_RAW && i < HEAD2_LEN(block_only); i++)
        if (cli_string(cli, block_only[i]) != NULL)
            return cli_fail(cli, CLI_USAGE, block_only[i], "leave it out",
                            "a raw signature holds nothing but the signature");
    if (signer != NULL && !sigblock_signer_ok(signer))
        return cli_fail(cli, CLI_USAGE, "--signer", "use 1 to 255 bytes without quotes",
                        "the name cannot stand in a signature block");
    if (type != NULL && !sigblock_media_type_ok(type))
        return cli_fail(cli, CLI_USAGE, "--media-type", "write it as TYPE/SUBTYPE",
                        "'%s' is not a media type", type);
    if (cli_paths_several(cli) && cli_string(cli, "out") != NULL)
        return cli_fail(cli, CLI_USAGE, "--out", "sign one file at a time, or leave it out",
                        "it names one file, and several are to be signed");
    return CLI_DONE;
}

/* --key, else what HEAD2_KEY names. */
static int read_signing_key(struct sign_work *w)
{
    const char *path = cli_string(w->cli, "key");

    if (path == NULL)
        path = getenv("HEAD2_KEY");
    if (path == NULL || *path == 0)
        return cli_fail(w->cli, CLI_USAGE, "--key",
                        "give --key FILE ('head2 key generate --out FILE' makes one)",
                        "no signing key");
    const int code = cli_signer_open(w->cli, path, w->deterministic, &w->by);
    w->key = w->by.key;
    if (code == CLI_DONE && w->by.client == NULL && cli_paths_several(w->cli) &&
        head2_key_prepare(w->by.key) != HEAD2_OK)
        return cli_fail(w->cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    return code;
}

static int prepare(struct sign_work *w)
{
    int code = w->form == CLI_FORM_AUTO ? cli_form_option(w->cli, &w->form) : CLI_DONE;
    if (code == CLI_DONE)
        code = check_options(w->cli, w->form);
    if (code == CLI_DONE)
        code = read_signing_key(w);
    const char *proof = cli_string(w->cli, "proof");
    if (code == CLI_DONE && proof != NULL)
        code = cli_read_file(w->cli, proof, SIGBLOCK_PROOF_MAX, &w->proof, &w->proof_len);
    return code == CLI_DONE ? cli_receipts_open(w->cli, &w->receipts) : code;
}

static void read_settings(struct sign_work *w)
{
    const char *existing = cli_string_if(w->cli, "existing");

    if (strcasecmp(cli_string_or(w->cli, "hash", "blake3"), "sha3-512") == 0)
        w->hash = SIGBLOCK_SHA3_512;
    w->replace = existing != NULL && strcasecmp(existing, "replace") == 0;
    w->skip = existing != NULL && strcasecmp(existing, "skip") == 0;
}

static int run(struct sign_work *w)
{
    struct cli *cli = w->cli;

    read_settings(w);
    w->deterministic = cli_flag(cli, "deterministic");
    int code = prepare(w);
    if (code == CLI_DONE)
        code = sign_all(w);
    cli_receipts_close(&w->receipts);
    cli_signer_close(&w->by);
    free(w->proof);
    return code;
}

int cmd_sign(struct cli *cli)
{
    struct sign_work w = {.cli = cli, .hash = SIGBLOCK_BLAKE3};

    return run(&w);
}

int cli_sign_documents(struct cli *cli, cli_edit_fn *edit, void *arg)
{
    struct sign_work w = {
        .cli = cli, .hash = SIGBLOCK_BLAKE3, .form = CLI_FORM_MAML, .edit = edit, .edit_arg = arg};

    return run(&w);
}

/* ---- what another verb has made ---- */

int cli_sign_open(struct cli *cli, const char *path, struct sign_work **out)
{
    const char *signer = cli_string(cli, "signer");
    struct sign_work *w = *out = calloc(1, sizeof *w);

    if (w == NULL)
        return cli_fail(cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    w->cli = cli;
    w->hash = SIGBLOCK_BLAKE3;
    w->made = path;
    read_settings(w);
    if (signer != NULL && !sigblock_signer_ok(signer))
        return cli_fail(cli, CLI_USAGE, "--signer", "use 1 to 255 bytes without quotes",
                        "the name cannot stand in a signature block");
    int code = sign_piece_target(w, path, NULL);
    if (code == CLI_DONE)
        code = read_signing_key(w);
    if (code != CLI_DONE || cli_flag(cli, "no-receipt")) /* --ledger is where it reads, too */
        return code;
    return cli_receipts_open(cli, &w->receipts);
}

int cli_sign_bytes(struct sign_work *w, const void *bytes, size_t len)
{
    struct sign_piece *p = calloc(1, sizeof *p);

    if (p == NULL)
        return cli_fail(w->cli, CLI_INTERNAL, w->made, NULL, "out of memory");
    int code = sign_piece_take(w, p, w->made, bytes, len);
    p->number = ++w->number;
    if (code == CLI_DONE)
        code = finish_group(w, p, 1);
    else
        sign_piece_end(p);
    free(p);
    return code;
}

void cli_sign_close(struct sign_work *w)
{
    if (w == NULL)
        return;
    cli_receipts_close(&w->receipts);
    cli_signer_close(&w->by);
    free(w);
}
