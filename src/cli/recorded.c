/* see recorded.h */
#include "cli/recorded.h"

#include "artifact/base64.h"
#include "artifact/ledger_json.h"
#include "artifact/utc.h"
#include "cli/keys.h"
#include "cli/paths.h"

#include <stdarg.h>
#include <stdlib.h>

int cli_recorded_read(const struct cli *cli, struct cli_recorded *r)
{
    const char *const key = cli_string(cli, "ledger-key");

    r->path = cli_string(cli, "receipt");
    r->given = r->path != NULL;
    if (!r->given && key == NULL)
        return CLI_DONE;
    if (!r->given)
        return cli_fail(cli, CLI_USAGE, "--ledger-key", "give --receipt FILE too, or leave it out",
                        "there is no receipt for it");
    if (key == NULL)
        return cli_fail(cli, CLI_USAGE, "--receipt",
                        "give --ledger-key FILE with the ledger's public key",
                        "a receipt names no key that could be trusted");
    if (cli_string(cli, "trust") == NULL)
        return cli_fail(cli, CLI_USAGE, "--receipt", "give --trust FILE, or leave it out",
                        "nothing else says that a key is revoked or when it is valid");
    if (cli_paths_several(cli))
        return cli_fail(cli, CLI_USAGE, "--receipt", "verify one file at a time",
                        "it is of one signature and there may be several files");
    r->mu = calloc(1, sizeof *r->mu);
    if (r->mu == NULL)
        return cli_fail(cli, CLI_INTERNAL, r->path, NULL, "out of memory");
    const int code = cli_read_key(cli, key, CLI_KEY_VERIFY, &r->key);
    return code == CLI_DONE ? cli_mu_read(cli, r->path, r->mu) : code;
}

void cli_recorded_close(struct cli_recorded *r)
{
    if (r->mu != NULL)
        cli_mu_free(r->mu);
    free(r->mu);
    head2_key_free(r->key);
    *r = (struct cli_recorded){0};
}

HEAD2_PRINTF(2, 3)
static bool no_help(struct cli_recorded *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(r->why, sizeof r->why, fmt, ap);
    va_end(ap);
    return false;
}

/* A receipt that its ledger has, whoever it is of. */
static bool is_recorded(struct cli_recorded *r, const struct cli_anchors *anchors,
                        const struct sigblock *b)
{
    uint8_t id[HEAD2_KEY_ID_BYTES];
    const char *why = NULL;

    if (r->mu->parsed != HEAD2_OK)
        return no_help(r, "it is %s: %s",
                       r->mu->parsed == HEAD2_E_VERIFY ? "changed" : "not a receipt", r->mu->what);
    if (r->mu->receipt.proof != RECEIPT_PROOF_WHOLE)
        return no_help(r,
                       "it does not carry its checkpoint: 'head2 receipt get' writes a whole one");
    if (receipt_file_check(&r->mu->receipt, NULL, r->key, &why) != HEAD2_OK)
        return no_help(r, "%s", why != NULL ? why : "it cannot be checked");
    head2_key_id(r->key, id);
    if (memcmp(id, b->key_id, sizeof id) == 0)
        return no_help(r, "its ledger is signed by the very key that it should vouch for");
    if (trust_revoked(anchors->trust, r->key))
        return no_help(r, "the trust file says that its ledger's key is revoked");
    if (r->mu->receipt.checkpoint.ms > utc_now() + SIGBLOCK_CLOCK_SKEW_MS)
        return no_help(r, "its checkpoint lies in the future");
    return true;
}

static bool says(const struct cli_recorded *r, const char *label, const char *value)
{
    return receipt_text_has(r->mu->receipt.forward, r->mu->receipt.forward_len, label, value);
}

/* Whether the text names the evidence record that the block has, or none where there is none: who
 * has stolen a key could else put another to what was signed. */
static bool says_evidence(const struct cli_recorded *r, const struct sigblock *b)
{
    static const char prefix[] = "sha3-512:", label[] = "\nEvidence: ";
    char value[sizeof prefix + 2 * sizeof b->proof_hash] = {0};

    if (!b->has_proof)
        return memmem(r->mu->receipt.forward, r->mu->receipt.forward_len, label,
                      sizeof label - 1) == NULL;
    memcpy(value, prefix, sizeof prefix - 1);
    hex_encode(value + sizeof prefix - 1, b->proof_hash, sizeof b->proof_hash);
    return says(r, "Evidence", value);
}

/* Whether it is of this signature: all that the block signs of itself. */
static bool is_of(struct cli_recorded *r, const struct sigblock *b, const uint8_t digest[64])
{
    char hash[160] = {0}, id[CLI_KEY_ID_TEXT] = {0}, when[UTC_BYTES + 1], kind[LEDGER_KIND_NAME];

    if (r->mu->receipt.kind != RECEIPT_SIGNATURE) {
        ledger_kind_name(kind, r->mu->receipt.kind);
        return no_help(r, "it is of a %s, not of a signature", kind);
    }
    const int n =
        snprintf(hash, sizeof hash, "%s:", b->hash == SIGBLOCK_BLAKE3 ? "blake3" : "sha3-512");
    hex_encode(hash + n, digest, sigblock_digest_bytes(b->hash));
    hex_encode(id, b->key_id, sizeof b->key_id);
    utc_format(when, b->time_ms);
    if (!says(r, "Hash", hash))
        return no_help(r, "it is of another artifact: its hash differs");
    if (!says(r, "Key ID", id))
        return no_help(r, "it is of another key");
    if (!says(r, "Timestamp", when) || !says(r, "Signer", b->signer) ||
        !says(r, "Media Type", b->media_type) || !says(r, "Algorithm", head2_alg_name(b->alg)))
        return no_help(r, "it is of another signature of this artifact: time, signer, media type "
                          "or algorithm differ");
    if (!says_evidence(r, b))
        return no_help(r, "it does not name the block's evidence record");
    return true;
}

bool cli_recorded_vouches(const struct cli *cli, struct cli_recorded *r,
                          const struct cli_anchors *anchors, const struct sigblock *b,
                          const uint8_t digest[64])
{
    char when[UTC_BYTES + 1];

    if (!is_recorded(r, anchors, b) || !is_of(r, b, digest))
        return false;
    const uint64_t then = r->mu->receipt.checkpoint.ms;
    const enum verdict v = cli_anchors_judge_then(cli, anchors, b, digest, then);
    if (v == VERDICT_VALID)
        return true;
    utc_format(when, then);
    if (v == VERDICT_REVOKED)
        return no_help(r, "the key was revoked already at %s, when the ledger had recorded it",
                       when);
    return no_help(r, "by %s, when the ledger had recorded it: %s", when, verdict_text(v));
}
