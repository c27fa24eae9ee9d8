/*
 * One file that is being signed: where its signature goes, its bytes, the block, the receipt's
 * text.
 */
#include "cli/sign_piece.h"

#include "artifact/base64.h"
#include "cli/files.h"
#include "cli/keys.h"
#include "gateway/parallel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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
        {".html",    "text/html"           },
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

static int choose_target(struct sign_work *w, struct sign_piece *p, bool *skipped)
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
    if (w->replace || in_place || strcmp(p->target, "-") == 0 || access(p->target, F_OK) != 0)
        return CLI_DONE;
    *skipped = w->skip;
    if (w->skip)
        return CLI_DONE;
    return cli_fail(cli, CLI_REFUSED, p->target,
                    "add --existing replace to write it anew, or --existing skip to leave it",
                    "there is a signature already");
}

/* ---- the artifact's bytes ---- */

static void take_raw(void *arg, const uint8_t *bytes, size_t len)
{
    struct sign_piece *p = arg;

    sigblock_hash_update(&p->hasher, bytes, len);
    rawsig_update(&p->raw, bytes, len);
}

static int read_document(struct sign_work *w, struct sign_piece *p, bool *skipped)
{
    struct stat info;
    uint8_t *text = NULL;
    size_t len = 0, start;

    /* with its old block, where an edit takes care of that */
    const size_t limit = SIGBLOCK_DOCUMENT_MAX + (w->edit != NULL ? SIGBLOCK_MAX : 0);
    int code = cli_read_file(w->cli, p->path, limit, &text, &len);
    const struct cli_signing s = {w->cli, w->key, &w->by.signer, w->edit_arg};
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
        *skipped = w->skip;
        if (w->skip)
            return CLI_DONE;
        return cli_fail(w->cli, CLI_REFUSED, p->path,
                        "add --existing replace to sign it anew, or --existing skip to leave it",
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

static int read_artifact(struct sign_work *w, struct sign_piece *p, bool *skipped)
{
    const char *shown = strcmp(p->path, "-") == 0 ? "standard input" : p->path;

    sigblock_hash_init(&p->hasher, w->hash);
    p->hasher.runner = &parallel_runner;
    if (p->form == CLI_FORM_RAW &&
        rawsig_init(&p->raw, w->key, cli_string_or(w->cli, "context", "")) != HEAD2_OK)
        return cli_fail(w->cli, CLI_INTERNAL, shown, NULL, "the raw signature cannot be begun");
    if (p->form == CLI_FORM_MAML)
        return read_document(w, p, skipped);
    p->mode = 0644;
    const enum head2_status st = p->form == CLI_FORM_RAW ? file_stream(p->path, take_raw, p)
                                                         : sigblock_hash_file(&p->hasher, p->path);
    if (st != HEAD2_OK)
        return cli_fail_errno(w->cli, shown, errno, "cannot read");
    return CLI_DONE;
}

static void fill_block(const struct sign_work *w, struct sign_piece *p)
{
    const char *type = cli_string_if(w->cli, "media-type");
    struct sigblock *b = &p->block;

    b->hash = w->hash;
    sigblock_hash_final(&p->hasher, b->digest);
    b->time_ms = utc_now();
    snprintf(b->signer, sizeof b->signer, "%s", cli_string_or(w->cli, "signer", "CHIMERA-HEAD-2"));
    snprintf(b->media_type, sizeof b->media_type, "%s",
             type != NULL ? type : guess_media_type(p->path, p->form));
    b->has_proof = w->proof != NULL;
    if (b->has_proof)
        head2_sha3_512(b->proof_hash, w->proof, w->proof_len);
}

int sign_piece_read(struct sign_work *w, struct sign_piece *p, const char *path, bool *skipped)
{
    *p = (struct sign_piece){.form = cli_form_of(w->form, path)};
    *skipped = false;
    p->path = strdup(path);
    if (p->path == NULL)
        return cli_fail(w->cli, CLI_INTERNAL, path, NULL, "out of memory");
    int code = choose_target(w, p, skipped);
    if (code == CLI_DONE && !*skipped)
        code = read_artifact(w, p, skipped);
    if (code == CLI_DONE && !*skipped)
        fill_block(w, p);
    return code;
}

int sign_piece_target(const struct sign_work *w, const char *path, char target[PATH_MAX])
{
    char beside[PATH_MAX];

    if (snprintf(beside, sizeof beside, "%s%s", path, cli_form_suffix(CLI_FORM_DETACHED)) >=
        (int)sizeof beside)
        return cli_fail(w->cli, CLI_INPUT, path, "use a shorter name", "the name is too long");
    if (!w->replace && access(beside, F_OK) == 0)
        return cli_fail(w->cli, CLI_REFUSED, beside, "add --existing replace to write it anew",
                        "there is a signature already");
    if (target != NULL)
        memcpy(target, beside, strlen(beside) + 1);
    return CLI_DONE;
}

int sign_piece_take(struct sign_work *w, struct sign_piece *p, const char *path, const void *bytes,
                    size_t len)
{
    *p = (struct sign_piece){.form = CLI_FORM_DETACHED, .mode = 0644};
    p->path = strdup(path);
    if (p->path == NULL)
        return cli_fail(w->cli, CLI_INTERNAL, path, NULL, "out of memory");
    const int code = sign_piece_target(w, path, p->target);
    if (code != CLI_DONE)
        return code;
    sigblock_hash_init(&p->hasher, w->hash);
    p->hasher.runner = &parallel_runner;
    sigblock_hash_update(&p->hasher, bytes, len);
    fill_block(w, p);
    return CLI_DONE;
}

void sign_piece_end(struct sign_piece *p)
{
    free(p->document);
    free(p->path);
    p->document = NULL;
    p->path = NULL;
}

/* ---- the receipt and the file ---- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* `NAME:` and the digest in hex. */
static void name_hash(char out[160], const char *name, const uint8_t *digest, size_t len)
{
    const int n = snprintf(out, 160, "%s:", name);

    hex_encode(out + n, digest, len);
    out[(size_t)n + 2 * len] = 0;
}

int sign_piece_receipt(const struct sign_work *w, struct sign_piece *p)
{
    const struct sigblock *b = &p->block;
    const bool raw = p->form == CLI_FORM_RAW;
    char id[CLI_KEY_ID_TEXT], hash[160], evidence[160];

    cli_key_id(id, w->key);
    name_hash(hash, b->hash == SIGBLOCK_BLAKE3 ? "blake3" : "sha3-512", b->digest,
              sigblock_digest_bytes(b->hash));
    name_hash(evidence, "sha3-512", b->proof_hash, sizeof b->proof_hash);
    const struct receipt_signature text = {p->number,
                                           b->time_ms,
                                           strcmp(p->path, "-") == 0 ? "standard input"
                                                                     : last_part(p->path),
                                           cli_form_name(p->form),
                                           hash,
                                           raw ? NULL : b->media_type,
                                           raw ? NULL : b->signer,
                                           head2_alg_name(head2_key_alg(w->key)),
                                           id,
                                           b->has_proof ? evidence : NULL};
    p->forward_len = sizeof p->forward;
    if (receipt_text_signature(&text, p->forward, &p->forward_len) == HEAD2_OK)
        return CLI_DONE;
    return cli_fail(w->cli, CLI_INPUT, p->path, "use a shorter name", "the name is too long");
}

int sign_piece_write(const struct sign_work *w, const struct sign_piece *p)
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
