/*
 * head2 key generate, show, export and convert: key pairs, and key files from one form to another.
 */
#include "artifact/base64.h"
#include "artifact/utc.h"
#include "cli/files.h"
#include "cli/keys.h"
#include "cli/receipts.h"
#include "cli/verbs.h"
#include "keys/keyfile.h"

#include <unistd.h>

static enum head2_key_format format_of(const struct cli *cli)
{
    return strcasecmp(cli_string_or(cli, "format", "pem"), "der") == 0 ? HEAD2_KEY_DER
                                                                       : HEAD2_KEY_PEM;
}

static enum head2_private_form form_of(const struct cli *cli)
{
    const char *form = cli_string_or(cli, "form", "default");

    if (strcasecmp(form, "seed") == 0)
        return HEAD2_PRIVATE_SEED;
    if (strcasecmp(form, "expanded") == 0)
        return HEAD2_PRIVATE_EXPANDED;
    return strcasecmp(form, "both") == 0 ? HEAD2_PRIVATE_BOTH : HEAD2_PRIVATE_DEFAULT;
}

static int say(const struct cli *cli, enum head2_status st, const struct keyfile_error *err)
{
    if (st == HEAD2_E_IO && err->error != 0)
        return cli_fail_errno(cli, err->where, err->error, err->what);
    if (st == HEAD2_E_STATE)
        return cli_fail(cli, CLI_REFUSED, err->where, "choose --form expanded",
                        "the key's seed is not known");
    return cli_fail(cli, cli_status_exit(st), err->where, err->hint[0] != 0 ? err->hint : NULL,
                    "%s", err->what);
}

/* The passphrase for a key that will be written: options->passphrase stays NULL when none is
 * wanted. */
static int new_passphrase(const struct cli *cli, const char *file, const char *path, char *text,
                          struct keyfile_options *options)
{
    const struct keyfile_passphrase pass = {file};
    struct keyfile_error err = {0};

    if (cli_flag(cli, "no-passphrase") && file != NULL)
        return cli_fail(cli, CLI_USAGE, "--no-passphrase", "leave one of them out",
                        "given together with a passphrase file");
    if (cli_flag(cli, "no-passphrase"))
        return CLI_DONE;
    enum head2_status st =
        keyfile_new_passphrase(&pass, path, text, &options->passphrase_len, &err);
    if (st == HEAD2_E_PASSPHRASE && file == NULL && !isatty(STDIN_FILENO))
        return cli_fail(cli, CLI_REFUSED, path,
                        "give --passphrase-file, or --no-passphrase to leave the key unencrypted",
                        "no passphrase: there is no terminal to ask");
    if (st != HEAD2_OK)
        return say(cli, st, &err);
    options->passphrase = text;
    return CLI_DONE;
}

static void print_key(struct cli *cli, const char *file, const struct head2_key *key,
                      const char *receipt)
{
    char id[CLI_KEY_ID_TEXT], spki[129] = {0};
    uint8_t hash[64];
    const enum head2_alg alg = head2_key_alg(key);
    const char *kind = head2_key_has_private(key) ? "private" : "public";
    const char *form = !head2_key_has_private(key) ? "none"
                       : head2_key_has_seed(key)   ? "seed"
                                                   : "expanded";

    cli_key_id(id, key);
    if (artifact_spki_hash(hash, key) == HEAD2_OK)
        hex_encode(spki, hash, sizeof hash);
    if (cli->json) {
        json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "file", file, "algorithm",
                              head2_alg_name(alg), "kind", kind, "private_form", form, "key_id", id,
                              "spki_sha3_512", spki, "public_bytes",
                              (json_int_t)head2_alg_public_bytes(alg), "private_bytes",
                              (json_int_t)head2_alg_private_bytes(alg));
        if (receipt != NULL)
            json_object_set_new(o, "receipt", json_string(receipt));
        cli_print_json(cli, o);
        return;
    }
    cli_print(cli, "file       %s\nalgorithm  %s\nkind       %s", file, head2_alg_name(alg), kind);
    if (head2_key_has_private(key))
        cli_print(cli, " (%s known)", head2_key_has_seed(key) ? "seed" : "only expanded form");
    cli_print(cli, "\nkey id     %s\nSPKI hash  sha3-512:%s\n", id, spki);
    if (receipt != NULL)
        cli_print(cli, "receipt    %s\n", receipt);
}

/* What the receipt says beside the key itself. */
struct made {
    const char *file;
    bool encrypted;
    struct entropy_text entropy;
};

static int write_receipt(const struct cli *cli, struct cli_receipts *r, const struct head2_key *key,
                         const struct made *made, char receipt[24])
{
    const char *file = made->file;
    char id[CLI_KEY_ID_TEXT], forward[RECEIPT_FORWARD_MAX];
    size_t len = sizeof forward;

    receipt[0] = 0;
    if (r->writer == NULL)
        return CLI_DONE;
    cli_key_id(id, key);
    const struct receipt_keygen text = {1,
                                        utc_now(),
                                        head2_alg_name(head2_key_alg(key)),
                                        id,
                                        file,
                                        made->encrypted,
                                        &made->entropy};
    if (receipt_text_keygen(&text, forward, &len) != HEAD2_OK)
        return cli_fail(cli, CLI_INPUT, file, "use a shorter name", "the name is too long");
    struct ledger_entry entry = {
        .kind = RECEIPT_KEYGEN, .subject = id, .number = 1, .text = forward, .text_len = len};
    const int code = cli_receipts_append(cli, r, &entry, 1);
    snprintf(receipt, 24, "%llu", (unsigned long long)entry.index);
    return code;
}

int cmd_key_generate(struct cli *cli)
{
    const char *path = cli_string(cli, "out");
    const char *type = cli_string_or(cli, "type", "ML-DSA-87");
    const char *public_path = cli_string(cli, "public-out");
    struct head2_key *key = NULL;
    struct keyfile_error err = {0};
    struct cli_receipts receipts = {0};
    char passphrase[HEAD2_PASSPHRASE_MAX], receipt[24];
    enum head2_status st = HEAD2_OK;
    bool wrote = false;

    if (path == NULL)
        return cli_fail(cli, CLI_USAGE, "--out", "give --out FILE", "no file for the new key");
    if (public_path != NULL && strcmp(path, public_path) == 0)
        return cli_fail(cli, CLI_USAGE, "--public-out", "give another name",
                        "the same file as --out");
    struct keyfile_options options = {format_of(cli), form_of(cli), NULL, 0, false};
    int code = new_passphrase(cli, cli_string(cli, "passphrase-file"), path, passphrase, &options);
    if (code == CLI_DONE && strcmp(path, "-") != 0 && access(path, F_OK) == 0)
        code = cli_fail(cli, CLI_REFUSED, path, "choose another name, or move it away first",
                        "the file exists, and a key is never overwritten");
    if (code == CLI_DONE)
        code = cli_receipts_open(cli, &receipts);
    if (code != CLI_DONE)
        goto done;
    struct made made = {.file = path, .encrypted = options.passphrase != NULL};
    st = head2_key_generate(&key, head2_alg_from_name(type));
    entropy_text_now(&made.entropy);
    if (st != HEAD2_OK) {
        code = cli_fail(cli, cli_status_exit(st), NULL, NULL, "%s", head2_status_string(st));
        goto done;
    }
    st = keyfile_write_private(key, path, &options, &err);
    wrote = st == HEAD2_OK && strcmp(path, "-") != 0;
    if (st == HEAD2_OK && public_path != NULL)
        st = keyfile_write_public(key, public_path, &options, &err);
    code = st == HEAD2_OK ? write_receipt(cli, &receipts, key, &made, receipt) : say(cli, st, &err);
    if (code != CLI_DONE && wrote)
        unlink(path); /* no key without its receipt, no private part without its public one */
    if (code == CLI_DONE && strcmp(path, "-") != 0)
        print_key(cli, path, key, receipts.writer != NULL ? receipt : NULL);

done:
    head2_wipe(passphrase, sizeof passphrase);
    cli_receipts_close(&receipts);
    head2_key_free(key);
    return code;
}

int cmd_key_show(struct cli *cli)
{
    struct head2_key *key = NULL;

    int code = cli_read_key(cli, cli->args[0], CLI_KEY_ANY, &key);
    if (code == CLI_DONE)
        print_key(cli, cli->args[0], key, NULL);
    head2_key_free(key);
    return code;
}

/* For programs: what was written where. People named it themselves. */
static void print_written(struct cli *cli, const char *path, const struct head2_key *key)
{
    char id[CLI_KEY_ID_TEXT];

    if (!cli->json || strcmp(path, "-") == 0)
        return;
    cli_key_id(id, key);
    cli_print_json(cli, json_pack("{s:s, s:s, s:s}", "file", path, "algorithm",
                                  head2_alg_name(head2_key_alg(key)), "key_id", id));
}

int cmd_key_export(struct cli *cli)
{
    struct head2_key *key = NULL;
    uint8_t bytes[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof bytes;

    int code = cli_read_key(cli, cli->args[0], CLI_KEY_ANY, &key);
    if (code != CLI_DONE)
        return code;
    const char *out = cli_string_or(cli, "out", "-");
    enum head2_status st = head2_key_write_public(key, format_of(cli), bytes, &len);
    if (st != HEAD2_OK)
        code =
            cli_fail(cli, cli_status_exit(st), cli->args[0], NULL, "%s", head2_status_string(st));
    else
        code = cli_write_file(cli, out, bytes, len, 0644, FILE_REPLACE);
    if (code == CLI_DONE)
        print_written(cli, out, key);
    head2_key_free(key);
    return code;
}

int cmd_key_convert(struct cli *cli)
{
    const char *path = cli_string(cli, "out");
    const char *new_file = cli_string(cli, "new-passphrase-file");
    struct head2_key *key = NULL;
    struct keyfile_error err = {0};
    char passphrase[HEAD2_PASSPHRASE_MAX];
    struct keyfile_options options = {format_of(cli), form_of(cli), NULL, 0, false};
    enum head2_status st;

    if (path == NULL)
        return cli_fail(cli, CLI_USAGE, "--out", "give --out FILE",
                        "no file for the converted key");
    int code = cli_read_key(cli, cli->args[0], CLI_KEY_ANY, &key);
    if (code == CLI_DONE && head2_key_has_private(key)) {
        code = new_passphrase(cli, new_file, path, passphrase, &options);
        st = code == CLI_DONE ? keyfile_write_private(key, path, &options, &err) : HEAD2_OK;
    } else {
        st = code == CLI_DONE ? keyfile_write_public(key, path, &options, &err) : HEAD2_OK;
    }
    head2_wipe(passphrase, sizeof passphrase);
    if (st != HEAD2_OK)
        code = say(cli, st, &err);
    if (code == CLI_DONE)
        print_written(cli, path, key);
    head2_key_free(key);
    return code;
}
