/*
 * head2 verify: valid, invalid (and which part), or malformed, for each file. The key comes from
 * --key or from a trust file, never from the document.
 *
 * All files are looked at; the exit code is 1 when one is invalid, else that of the first that
 * could not be judged.
 */
#include "artifact/base64.h"
#include "artifact/rawsig.h"
#include "cli/anchors.h"
#include "cli/files.h"
#include "cli/forms.h"
#include "cli/keys.h"
#include "cli/paths.h"
#include "cli/recorded.h"
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
    struct cli_anchors anchors;
    struct cli_recorded recorded;
    enum cli_form form;
    cli_look_fn *look; /* at a document, before its signature is judged, or NULL */
    int code;          /* the exit code so far */
};

static int say_valid(struct work *w, const char *path, const struct sigblock *b)
{
    char when[UTC_BYTES + 1], id[CLI_KEY_ID_TEXT];

    if (b == NULL) {
        cli_key_id(id, w->anchors.key);
        if (w->cli->json)
            cli_print_json(w->cli, json_pack("{s:s, s:s, s:s, s:s}", "file", path, "verdict",
                                             "valid", "form", "raw", "key_id", id));
        else
            cli_print(w->cli, "valid %s: raw signature, key %s\n", path, id);
        return CLI_DONE;
    }
    utc_format(when, b->time_ms);
    hex_encode(id, b->key_id, sizeof b->key_id);
    id[CLI_KEY_ID_TEXT - 1] = 0;
    /* with --key alone the name is only what the signer says of itself */
    const char *known = w->anchors.trust != NULL ? "" : " (name as the signer gives it)";
    if (w->cli->json)
        cli_print_json(w->cli, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "file", path,
                                         "verdict", "valid", "signer", b->signer, "timestamp", when,
                                         "algorithm", head2_alg_name(b->alg), "key_id", id,
                                         "name_trusted", w->anchors.trust != NULL));
    else
        cli_print(w->cli, "valid %s: %s%s, %s, %s, key %s\n", path, b->signer, known, when,
                  head2_alg_name(b->alg), id);
    return CLI_DONE;
}

static int say_invalid(struct work *w, const char *path, const char *part, const char *hint)
{
    if (w->cli->json)
        cli_print_json(
            w->cli, json_pack("{s:s, s:s, s:s}", "file", path, "verdict", "invalid", "part", part));
    return cli_fail(w->cli, CLI_FAILED, path, hint, "invalid: %s", part);
}

static const char *advice(enum verdict v, bool has_trust)
{
    switch (v) {
    case VERDICT_HASH:
        return "get the file again from its signer";
    case VERDICT_SIGNER:
        return has_trust ? "add the signer to the trust file, if you trust it"
                         : "give the key that made the signature";
    case VERDICT_FUTURE:
        return "check the clocks";
    case VERDICT_REVOKED:
    case VERDICT_NOT_YET:
    case VERDICT_EXPIRED:
        return "have it signed with a valid key";
    case VERDICT_VALID:
    case VERDICT_MALFORMED:
    case VERDICT_SIGNATURE:
        break;
    }
    return "do not use it";
}

static int malformed(struct work *w, const char *path, const char *hint, const char *what)
{
    if (w->cli->json)
        cli_print_json(w->cli, json_pack("{s:s, s:s, s:s}", "file", path, "verdict", "malformed",
                                         "part", what));
    return cli_fail(w->cli, CLI_INPUT, path, hint, "malformed: %s", what);
}

/* ---- signature blocks ---- */

/* Valid by what a ledger has recorded; now: what it is without that. */
static int say_recorded(struct work *w, const char *path, const struct sigblock *b,
                        enum verdict now)
{
    const struct receipt_file *r = &w->recorded.mu->receipt;
    char when[UTC_BYTES + 1], id[CLI_KEY_ID_TEXT] = {0}, point[UTC_BYTES + 1];

    utc_format(when, b->time_ms);
    utc_format(point, r->checkpoint.ms);
    hex_encode(id, b->key_id, sizeof b->key_id);
    if (w->cli->json)
        cli_print_json(
            w->cli, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:{s:s, s:I, s:s}}", "file",
                              path, "verdict", "valid", "signer", b->signer, "timestamp", when,
                              "algorithm", head2_alg_name(b->alg), "key_id", id, "name_trusted", 1,
                              "now", verdict_text(now), "recorded", "ledger", r->checkpoint.origin,
                              "index", (json_int_t)r->index, "signed", point));
    else
        cli_print(w->cli,
                  "valid %s: %s, %s, %s, key %s; %s by now, and before that, at %s, the ledger %s "
                  "had recorded this (entry %llu)\n",
                  path, b->signer, when, head2_alg_name(b->alg), id, verdict_text(now), point,
                  r->checkpoint.origin, (unsigned long long)r->index);
    return CLI_DONE;
}

/* Whether a verdict is about the key's time, and a receipt may say more. */
static bool is_of_time(enum verdict v)
{
    return v == VERDICT_REVOKED || v == VERDICT_NOT_YET || v == VERDICT_EXPIRED;
}

static int judge(struct work *w, const char *path, const struct sigblock *b,
                 const uint8_t digest[64])
{
    const enum verdict v = cli_anchors_judge(w->cli, &w->anchors, b, digest);
    char part[sizeof w->recorded.why + 120];

    if (w->recorded.given && is_of_time(v)) {
        if (cli_recorded_vouches(w->cli, &w->recorded, &w->anchors, b, digest))
            return say_recorded(w, path, b, v);
        snprintf(part, sizeof part, "%s, and the receipt does not help: %s", verdict_text(v),
                 w->recorded.why);
        return say_invalid(w, path, part, advice(v, true));
    }
    return v == VERDICT_VALID
               ? say_valid(w, path, b)
               : say_invalid(w, path, verdict_text(v), advice(v, w->anchors.trust != NULL));
}

static int parse_block(struct work *w, const char *path, const char *text, size_t len,
                       struct sigblock *b)
{
    struct sigblock_fault fault;
    char what[200];

    enum head2_status st = sigblock_parse(b, text, len, &fault);
    if (st == HEAD2_OK)
        return CLI_DONE;
    snprintf(what, sizeof what, "signature block, line %u: %s", fault.line, fault.what);
    return malformed(w, path, "get the file again from its signer", what);
}

static int verify_maml(struct work *w, const char *path)
{
    uint8_t *text = NULL, digest[64];
    size_t len = 0, start = 0;
    struct sigblock *b = calloc(1, sizeof *b);
    struct sigblock_hasher h;

    if (b == NULL)
        return cli_fail(w->cli, CLI_INTERNAL, path, NULL, "out of memory");
    int code = cli_read_file(w->cli, path, SIGBLOCK_DOCUMENT_MAX + SIGBLOCK_MAX, &text, &len);
    if (code == CLI_DONE && w->look != NULL)
        code = w->look(w->cli, path, text, len);
    if (code == CLI_DONE && sigblock_find(text, len, &start) != HEAD2_OK)
        code = malformed(w, path, "sign it first, or check that it is whole",
                         "no signature block at its end");
    if (code == CLI_DONE)
        code = parse_block(w, path, (const char *)text + start, len - start, b);
    if (code == CLI_DONE) {
        sigblock_hash_init(&h, b->hash);
        sigblock_hash_update(&h, text, start);
        sigblock_hash_final(&h, digest);
        code = judge(w, path, b, digest);
    }
    free(text);
    free(b);
    return code;
}

static int verify_detached(struct work *w, const char *path, const char *sig_path)
{
    uint8_t *text = NULL, digest[64];
    size_t len = 0;
    struct sigblock *b = calloc(1, sizeof *b);
    struct sigblock_hasher h;

    if (b == NULL)
        return cli_fail(w->cli, CLI_INTERNAL, path, NULL, "out of memory");
    int code = cli_read_file(w->cli, sig_path, SIGBLOCK_MAX, &text, &len);
    if (code == CLI_DONE)
        code = parse_block(w, sig_path, (const char *)text, len, b);
    if (code == CLI_DONE) {
        sigblock_hash_init(&h, b->hash);
        h.runner = &parallel_runner;
        if (sigblock_hash_file(&h, path) != HEAD2_OK)
            code = cli_fail_errno(w->cli, path, errno, "cannot read");
    }
    if (code == CLI_DONE) {
        sigblock_hash_final(&h, digest);
        code = judge(w, path, b, digest);
    }
    free(text);
    free(b);
    return code;
}

/* ---- raw signatures ---- */

static void raw_bytes(void *arg, const uint8_t *bytes, size_t len)
{
    rawsig_update(arg, bytes, len);
}

static int verify_raw(struct work *w, const char *path, const char *sig_path)
{
    uint8_t *sig = NULL;
    size_t len = 0;
    struct rawsig r;
    char what[120];

    int code = cli_read_file(w->cli, sig_path, 65536, &sig, &len);
    if (code != CLI_DONE)
        return code;
    const size_t want = head2_alg_sig_bytes(head2_key_alg(w->anchors.key));
    snprintf(what, sizeof what, "%zu bytes; an %s signature has %zu", len,
             head2_alg_name(head2_key_alg(w->anchors.key)), want);
    if (len != want)
        code = malformed(w, sig_path, "check the key and the signature file", what);
    else if (rawsig_init(&r, w->anchors.key, cli_string_or(w->cli, "context", "")) != HEAD2_OK)
        code = cli_fail(w->cli, CLI_INTERNAL, path, NULL, "the signature cannot be judged");
    else if (file_stream(path, raw_bytes, &r) != HEAD2_OK)
        code = cli_fail_errno(w->cli, path, errno, "cannot read");
    else if (rawsig_verify(&r, w->anchors.key, sig, len) == HEAD2_OK)
        code = say_valid(w, path, NULL);
    else
        code = say_invalid(w, path, verdict_text(VERDICT_SIGNATURE),
                           "check the key, the context and the file");
    free(sig);
    return code;
}

/* ---- one file, all files ---- */

/* For FILE.sig.maml, the file that it is the signature of. */
static void strip_suffix(char *path)
{
    if (cli_ends_in(path, ".sig.maml"))
        path[strlen(path) - strlen(".sig.maml")] = 0;
}

static int verify_file(struct work *w, const char *given)
{
    char path[PATH_MAX], sig_path[PATH_MAX], raw_path[PATH_MAX];
    const char *signature = cli_string(w->cli, "signature");

    if (snprintf(path, sizeof path, "%s", given) >= (int)sizeof path - 16)
        return cli_fail(w->cli, CLI_INPUT, given, "use a shorter name", "the name is too long");
    if (w->form == CLI_FORM_AUTO && signature == NULL)
        strip_suffix(path);
    enum cli_form form = cli_form_of(w->form, path);
    if (w->form == CLI_FORM_AUTO && signature != NULL)
        form = CLI_FORM_DETACHED;
    if (form == CLI_FORM_MAML)
        return verify_maml(w, path);
    if (signature == NULL && strcmp(path, "-") == 0)
        return cli_fail(w->cli, CLI_USAGE, "--signature",
                        "give --signature FILE, or --form maml for a document that carries it",
                        "where the signature of standard input is must be said");
    int n = snprintf(sig_path, sizeof sig_path, "%s%s", signature != NULL ? signature : path,
                     signature != NULL ? "" : cli_form_suffix(form));
    snprintf(raw_path, sizeof raw_path, "%.*s.sig", (int)sizeof raw_path - 8, path);
    if (n >= (int)sizeof sig_path)
        return cli_fail(w->cli, CLI_INPUT, given, "use a shorter name", "the name is too long");
    struct stat info = {0};
    if (strcmp(path, "-") != 0 && (stat(path, &info) != 0 || S_ISDIR(info.st_mode)))
        return cli_fail_errno(w->cli, path, S_ISDIR(info.st_mode) ? EISDIR : errno, "cannot read");
    if (form != CLI_FORM_RAW && access(sig_path, F_OK) != 0 && access(raw_path, F_OK) == 0)
        return cli_fail(w->cli, CLI_INPUT, path, "add --raw to verify it",
                        "it has no signature block, only a raw signature");
    if (signature == NULL && access(sig_path, F_OK) != 0 && errno == ENOENT)
        return cli_fail(w->cli, CLI_INPUT, path, "give --signature FILE, or sign it first",
                        "there is no signature beside it: no file %s", sig_path);
    if (form == CLI_FORM_RAW)
        return verify_raw(w, path, sig_path);
    return verify_detached(w, path, sig_path);
}

static int check_options(const struct work *w)
{
    const struct cli *cli = w->cli;
    const bool has_key = cli_string(cli, "key") != NULL;
    const bool has_trust = cli_string(cli, "trust") != NULL;

    if (w->form == CLI_FORM_RAW && (!has_key || has_trust))
        return cli_fail(cli, CLI_USAGE, "--raw", "give --key FILE and no trust file",
                        "a raw signature names no signer");
    if (w->form == CLI_FORM_RAW && cli_string(cli, "signer") != NULL)
        return cli_fail(cli, CLI_USAGE, "--signer", "leave it out",
                        "a raw signature names no signer");
    if (cli_paths_several(cli) && cli_string(cli, "signature") != NULL)
        return cli_fail(cli, CLI_USAGE, "--signature", "verify one file at a time",
                        "it names one signature, and several files are to be verified");
    return CLI_DONE;
}

/* All are judged, whatever becomes of one; an invalid one decides the exit code. */
static int verify_one(void *arg, const char *path)
{
    struct work *const w = arg;
    const int one = w->look != NULL ? verify_maml(w, path) : verify_file(w, path);

    if (one != CLI_DONE && (w->code == CLI_DONE || one == CLI_FAILED))
        w->code = one;
    return CLI_DONE;
}

static int run(struct work *w)
{
    struct cli *cli = w->cli;
    int code = cli_anchors_read(cli, &w->anchors);

    if (code == CLI_DONE)
        code = cli_recorded_read(cli, &w->recorded);
    if (code == CLI_DONE)
        code = cli_paths(cli, verify_one, w);
    if (code == CLI_DONE)
        code = w->code;
    cli_recorded_close(&w->recorded);
    cli_anchors_close(&w->anchors);
    return code;
}

int cmd_verify(struct cli *cli)
{
    struct work w = {.cli = cli};
    int code = cli_form_option(cli, &w.form);

    if (code == CLI_DONE)
        code = cli_anchors_need(cli);
    if (code == CLI_DONE)
        code = check_options(&w);
    return code == CLI_DONE ? run(&w) : code;
}

int cli_verify_documents(struct cli *cli, cli_look_fn *look)
{
    struct work w = {.cli = cli, .form = CLI_FORM_MAML, .look = look};

    return run(&w);
}
