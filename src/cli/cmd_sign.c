/*
 * head2 sign: a MAML document gets the signature block at its end, any other file gets it in
 * FILE.sig.maml, and --raw writes a bare ML-DSA signature to FILE.sig. The receipt is written after
 * the signature's file, so that none tells of a signature that is not there; standard output comes
 * after the receipt, whose lock does not wait for a reader.
 */
#include "artifact/base64.h"
#include "artifact/rawsig.h"
#include "artifact/sigblock.h"
#include "cli/files.h"
#include "cli/forms.h"
#include "cli/keys.h"
#include "cli/receipts.h"
#include "cli/signing.h"
#include "cli/verbs.h"
#include "gateway/parallel.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct work {
    struct cli *cli;
    struct head2_key *key;
    struct artifact_signer signer;
    struct cli_receipts receipts;
    enum cli_form form; /* as asked; auto is settled for each file */
    enum sigblock_hash hash;
    bool deterministic, replace;
    uint8_t *proof;
    size_t proof_len;
    uint64_t number;   /* of the file in this call */
    cli_edit_fn *edit; /* of a document, before it is signed, or NULL */
    void *edit_arg;    /* for struct cli_signing */
};

/* What one file is being signed into. */
struct piece {
    enum cli_form form;
    const char *path;
    char target[PATH_MAX];
    struct sigblock_hasher hasher;
    struct rawsig raw;
    struct sigblock block;
    uint8_t *document; /* MAML: its bytes up to the block, with room for the block */
    size_t document_len;
    mode_t mode;
};

static const char *guess_media_type(const char *path, enum cli_form form)
{
    static const struct {
        const char *suffix, *type;
    } types[] = {
        {".gpx",     "application/gpx+xml" },
        {".csv",     "text/csv"            },
        {".json",    "application/json"    },
        {".geojson", "application/geo+json"},
        {".md",      "text/markdown"       },
        {".txt",     "text/plain"          },
        {".log",     "text/plain"          },
        {".xml",     "application/xml"     },
        {".mp4",     "video/mp4"           },
        {".h264",    "video/H264"          },
        {".png",     "image/png"           },
        {".jpg",     "image/jpeg"          },
        {".pdf",     "application/pdf"     }
    };

    for (size_t i = 0; i < HEAD2_LEN(types); i++)
        if (cli_ends_in(path, types[i].suffix))
            return types[i].type;
    return form == CLI_FORM_MAML ? "text/markdown" : "application/octet-stream";
}

static int choose_target(struct work *w, struct piece *p)
{
    const struct cli *cli = w->cli;
    const char *out = cli_string(cli, "out");
    int n;

    if (out != NULL)
        n = snprintf(p->target, sizeof p->target, "%s", out);
    else if (strcmp(p->path, "-") == 0)
        n = snprintf(p->target, sizeof p->target, "-");
    else if (p->form == CLI_FORM_MAML) /* in place: through a link, not instead of it */
        n = realpath(p->path, p->target) != NULL ? (int)strlen(p->target) : -1;
    else
        n = snprintf(p->target, sizeof p->target, "%s%s", p->path, cli_form_suffix(p->form));
    if (n < 0)
        return cli_fail_errno(cli, p->path, errno, "cannot read");
    if (n >= (int)sizeof p->target)
        return cli_fail(cli, CLI_INPUT, p->path, "use a shorter name", "the name is too long");
    const bool in_place = p->form == CLI_FORM_MAML && out == NULL;
    if (p->form != CLI_FORM_MAML && cli_same_file(p->path, p->target))
        return cli_fail(cli, CLI_USAGE, "--out", "give another name",
                        "the signature would replace the file that it signs");
    if (!w->replace && !in_place && strcmp(p->target, "-") != 0 && access(p->target, F_OK) == 0)
        return cli_fail(cli, CLI_REFUSED, p->target, "add --existing replace to write it anew",
                        "there is a signature already");
    return CLI_DONE;
}

/* ---- the artifact's bytes ---- */

static void take_raw(void *arg, const uint8_t *bytes, size_t len)
{
    struct piece *p = arg;

    sigblock_hash_update(&p->hasher, bytes, len);
    rawsig_update(&p->raw, bytes, len);
}

static int read_document(struct work *w, struct piece *p)
{
    struct stat info;
    uint8_t *text = NULL;
    size_t len = 0, start;

    /* with its old block, where an edit takes care of that */
    const size_t limit = SIGBLOCK_DOCUMENT_MAX + (w->edit != NULL ? SIGBLOCK_MAX : 0);
    int code = cli_read_file(w->cli, p->path, limit, &text, &len);
    const struct cli_signing s = {w->cli, w->key, &w->signer, w->edit_arg};
    if (code == CLI_DONE && w->edit != NULL)
        code = w->edit(&s, p->path, &text, &len);
    if (code != CLI_DONE) {
        free(text);
        return code;
    }
    if (!sigblock_is_maml(text, len)) {
        free(text);
        return cli_fail(w->cli, CLI_INPUT, p->path, "begin it with ---, or use --form detached",
                        "not a MAML document: it does not open with front matter");
    }
    const bool is_signed = sigblock_find(text, len, &start) == HEAD2_OK;
    if (is_signed && !w->replace) {
        free(text);
        return cli_fail(w->cli, CLI_REFUSED, p->path, "add --existing replace to sign it anew",
                        "it carries a signature block already");
    }
    if (is_signed)
        len = start;
    p->document = realloc(text, len + SIGBLOCK_MAX + 1);
    if (p->document == NULL) {
        free(text);
        return cli_fail(w->cli, CLI_INTERNAL, p->path, NULL, "out of memory");
    }
    if (p->document[len - 1] != '\n')
        p->document[len++] = '\n'; /* the block opens on a line of its own; this LF is signed */
    p->document_len = len;
    p->mode = strcmp(p->path, "-") != 0 && stat(p->path, &info) == 0 ? info.st_mode & 0777 : 0644;
    sigblock_hash_update(&p->hasher, p->document, len);
    return CLI_DONE;
}

static int read_artifact(struct work *w, struct piece *p)
{
    const char *shown = strcmp(p->path, "-") == 0 ? "standard input" : p->path;

    sigblock_hash_init(&p->hasher, w->hash);
    p->hasher.runner = &parallel_runner;
    if (p->form == CLI_FORM_RAW &&
        rawsig_init(&p->raw, w->key, cli_string_or(w->cli, "context", "")) != HEAD2_OK)
        return cli_fail(w->cli, CLI_INTERNAL, shown, NULL, "the raw signature cannot be begun");
    if (p->form == CLI_FORM_MAML)
        return read_document(w, p);
    p->mode = 0644;
    const enum head2_status st = p->form == CLI_FORM_RAW ? file_stream(p->path, take_raw, p)
                                                         : sigblock_hash_file(&p->hasher, p->path);
    if (st != HEAD2_OK)
        return cli_fail_errno(w->cli, shown, errno, "cannot read");
    return CLI_DONE;
}

/* ---- signature, receipt, file ---- */

static int make_signature(struct work *w, struct piece *p)
{
    const char *type = cli_string_if(w->cli, "media-type");
    struct sigblock *b = &p->block;
    enum head2_status st;

    b->hash = w->hash;
    sigblock_hash_final(&p->hasher, b->digest);
    b->time_ms = utc_now();
    snprintf(b->signer, sizeof b->signer, "%s", cli_string_or(w->cli, "signer", "CHIMERA-HEAD-2"));
    snprintf(b->media_type, sizeof b->media_type, "%s",
             type != NULL ? type : guess_media_type(p->path, p->form));
    b->has_proof = w->proof != NULL;
    if (b->has_proof)
        head2_sha3_512(b->proof_hash, w->proof, w->proof_len);
    if (p->form == CLI_FORM_RAW)
        st = rawsig_sign(&p->raw, w->key, w->deterministic, b->sig, &b->sig_len);
    else
        st = sigblock_sign(b, &w->signer);
    if (st != HEAD2_OK)
        return cli_fail(w->cli, cli_status_exit(st), p->path, NULL, "cannot sign: %s",
                        head2_status_string(st));
    return CLI_DONE;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static int write_signature(struct work *w, struct piece *p)
{
    char detached[SIGBLOCK_MAX];
    const enum file_existing existing =
        w->replace || p->form == CLI_FORM_MAML ? FILE_REPLACE : FILE_KEEP;

    if (p->form == CLI_FORM_RAW)
        return cli_write_file(w->cli, p->target, p->block.sig, p->block.sig_len, p->mode, existing);
    size_t len = SIGBLOCK_MAX;
    char *to = p->form == CLI_FORM_MAML ? (char *)p->document + p->document_len : detached;
    enum head2_status st = sigblock_write(&p->block, w->proof, w->proof_len, to, &len);
    if (st != HEAD2_OK)
        return cli_fail(w->cli, cli_status_exit(st), p->path, NULL, "cannot write the block: %s",
                        head2_status_string(st));
    if (p->form == CLI_FORM_DETACHED)
        return cli_write_file(w->cli, p->target, detached, len, p->mode, existing);
    return cli_write_file(w->cli, p->target, p->document, p->document_len + len, p->mode, existing);
}

struct writing {
    struct work *work;
    struct piece *piece;
};

static int write_numbered(void *arg, uint64_t index)
{
    const struct writing *x = arg;

    x->piece->block.receipt = index;
    x->piece->block.has_receipt = x->piece->form != CLI_FORM_RAW;
    return write_signature(x->work, x->piece);
}

/* The signature and its receipt, in the order that the head of this file says. */
static int write_both(struct work *w, struct piece *p)
{
    struct sigblock *b = &p->block;
    char id[CLI_KEY_ID_TEXT], hash[160] = {0}, forward[RECEIPT_FORWARD_MAX];
    size_t len = sizeof forward;

    if (w->receipts.store == NULL)
        return write_signature(w, p);
    cli_key_id(id, w->key);
    int n = snprintf(hash, sizeof hash, "%s:", b->hash == SIGBLOCK_BLAKE3 ? "blake3" : "sha3-512");
    hex_encode(hash + n, b->digest, sigblock_digest_bytes(b->hash));
    const bool raw = p->form == CLI_FORM_RAW;
    const struct receipt_signature text = {w->number,
                                           b->time_ms,
                                           strcmp(p->path, "-") == 0 ? "standard input"
                                                                     : last_part(p->path),
                                           cli_form_name(p->form),
                                           hash,
                                           raw ? NULL : b->media_type,
                                           raw ? NULL : b->signer,
                                           head2_alg_name(head2_key_alg(w->key)),
                                           id};
    if (receipt_text_signature(&text, forward, &len) != HEAD2_OK)
        return cli_fail(w->cli, CLI_INPUT, p->path, "use a shorter name", "the name is too long");
    const struct receipt_entry entry = {RECEIPT_SIGNATURE, id, w->number, forward, len, NULL};
    if (strcmp(p->target, "-") != 0) {
        struct writing x = {w, p};
        struct cli_receipts_first first = {write_numbered, &x, p->target, false, CLI_DONE};
        return cli_receipts_append_after(w->cli, &w->receipts, &entry, &first);
    }
    b->has_receipt = !raw;
    int code = cli_receipts_append(w->cli, &w->receipts, &entry, &b->receipt);
    return code == CLI_DONE ? write_signature(w, p) : code;
}

static void print_signed(struct work *w, const struct piece *p)
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
    if (o != NULL && w->receipts.store != NULL)
        json_object_set_new(o, "receipt", json_integer((json_int_t)p->block.receipt));
    cli_print_json(w->cli, o);
}

static int sign_file(struct work *w, const char *path)
{
    struct piece *p = calloc(1, sizeof *p);

    if (p == NULL)
        return cli_fail(w->cli, CLI_INTERNAL, path, NULL, "out of memory");
    p->path = path;
    p->form = cli_form_of(w->form, path);
    int code = choose_target(w, p);
    if (code == CLI_DONE)
        code = read_artifact(w, p);
    if (code == CLI_DONE)
        code = make_signature(w, p);
    if (code == CLI_DONE)
        code = write_both(w, p);
    if (code == CLI_DONE)
        print_signed(w, p);
    free(p->document);
    free(p);
    return code;
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
    if (cli->count > 1 && cli_string(cli, "out") != NULL)
        return cli_fail(cli, CLI_USAGE, "--out", "sign one file at a time, or leave it out",
                        "it names one file and there are %d", cli->count);
    return CLI_DONE;
}

/* --key, else the file that HEAD2_KEY names. */
static int read_signing_key(struct work *w)
{
    const char *path = cli_string(w->cli, "key");

    if (path == NULL)
        path = getenv("HEAD2_KEY");
    if (path == NULL || *path == 0)
        return cli_fail(w->cli, CLI_USAGE, "--key",
                        "give --key FILE ('head2 key generate --out FILE' makes one)",
                        "no signing key");
    int code = cli_read_key(w->cli, path, CLI_KEY_SIGN, &w->key);
    if (code == CLI_DONE && w->cli->count > 1 && head2_key_prepare(w->key) != HEAD2_OK)
        code = cli_fail(w->cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    if (code == CLI_DONE)
        w->signer = artifact_signer_of_key(w->key, w->deterministic);
    return code;
}

static int prepare(struct work *w)
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

static int run(struct work *w)
{
    struct cli *cli = w->cli;

    if (strcasecmp(cli_string_or(cli, "hash", "blake3"), "sha3-512") == 0)
        w->hash = SIGBLOCK_SHA3_512;
    const char *existing = cli_string_if(cli, "existing");
    w->replace = existing != NULL && strcasecmp(existing, "replace") == 0;
    w->deterministic = cli_flag(cli, "deterministic");
    int code = prepare(w);
    /* the first failure ends the run: the error names the file, and none after it is signed */
    for (int i = 0; code == CLI_DONE && i < cli->count; i++) {
        w->number = (uint64_t)i + 1;
        code = sign_file(w, cli->args[i]);
    }
    cli_receipts_close(&w->receipts);
    head2_key_free(w->key);
    free(w->proof);
    return code;
}

int cmd_sign(struct cli *cli)
{
    struct work w = {.cli = cli, .hash = SIGBLOCK_BLAKE3};

    return run(&w);
}

int cli_sign_documents(struct cli *cli, cli_edit_fn *edit, void *arg)
{
    struct work w = {
        .cli = cli, .hash = SIGBLOCK_BLAKE3, .form = CLI_FORM_MAML, .edit = edit, .edit_arg = arg};

    return run(&w);
}
