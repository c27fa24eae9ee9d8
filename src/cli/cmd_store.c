/*
 * head2 store init, list, import, export and destroy: private keys in the sealed store.
 */
#include "artifact/base64.h"
#include "artifact/utc.h"
#include "cli/files.h"
#include "cli/keys.h"
#include "cli/stores.h"
#include "cli/verbs.h"
#include "keys/keyfile.h"

#include <stdio.h>
#include <unistd.h>

int cmd_store_init(struct cli *cli)
{
    struct store_unlock ways[CLI_STORE_WAYS];
    struct cli_store_ask ask = {0};
    struct store_fault fault = {0};
    struct store *s;
    size_t n;
    int code = cli_store_new_wrappings(cli, CLI_STORE_OF_A_NEW_STORE, ways, &n, &ask);

    if (code != CLI_DONE)
        return code;
    const enum head2_status st = store_create(&s, ask.where, ways, n, &fault);
    if (ask.said)
        return (int)cli_status_exit(st);
    if (st != HEAD2_OK)
        return cli_store_fail(cli, st, &fault);
    code = cli_store_finish(cli, s, CLI_DONE);
    if (code != CLI_DONE)
        return code;
    if (cli->json)
        cli_print_json(cli,
                       json_pack("{s:s, s:I}", "store", ask.where, "wrappings", (json_int_t)n));
    else
        cli_print(cli, "store      %s\nwrappings  %zu\n", ask.where, n);
    return CLI_DONE;
}

/* ---- list ---- */

int cmd_store_list(struct cli *cli)
{
    struct store *s;
    struct store_anchor a;
    const int code = cli_store_look(cli, &s);

    if (code != CLI_DONE)
        return code;
    store_get_anchor(s, &a);
    if (cli->json)
        cli_print_json(cli, json_pack("{s:I, s:I, s:o}", "revision", (json_int_t)a.revision, "keys",
                                      (json_int_t)store_count(s), "wrappings",
                                      cli_store_wrappings_json(s)));
    for (size_t i = 0; i < store_count(s); i++) {
        const struct store_meta *const m = store_at(s, i);
        char id[CLI_KEY_ID_TEXT] = {0};
        if (cli->json) {
            cli_print_json(cli, cli_store_object_json(m));
            continue;
        }
        hex_encode(id, m->id, sizeof m->id);
        cli_print(cli, "%s  %-11s  %-11s  %8llu uses  %s%s%s\n", id, head2_alg_name(m->alg),
                  cli_store_state_name(m->state), (unsigned long long)m->uses, m->label,
                  m->extractable ? "  (extractable)" : "",
                  store_has_approver(m) ? "  (needs approval)" : "");
    }
    store_close(s);
    return CLI_DONE;
}

/* ---- import ---- */

static int read_private(const struct cli *cli, const char *path, struct head2_key **out)
{
    const struct keyfile_passphrase pass = {cli_string(cli, "key-passphrase-file")};
    struct keyfile_error err = {0};
    const enum head2_status st = keyfile_read_private(out, path, &pass, &err);

    if (st == HEAD2_OK)
        return CLI_DONE;
    if (st == HEAD2_E_IO && err.error != 0)
        return cli_fail_errno(cli, err.where, err.error, "cannot read the key");
    return cli_fail(cli, st == HEAD2_E_ARG ? CLI_INPUT : cli_status_exit(st), err.where,
                    err.hint[0] != 0 ? err.hint : "give a private key", "%s", err.what);
}

static int meta_for(const struct cli *cli, const struct head2_key *key, struct store_meta *m)
{
    const char *const path = cli->args[0], *const slash = strrchr(path, '/');
    const char *const label = cli_string_or(cli, "label", slash != NULL ? slash + 1 : path);

    *m = (struct store_meta){.alg = head2_key_alg(key),
                             .state = STORE_ACTIVE,
                             .extractable = cli_flag(cli, "extractable"),
                             .created_ms = utc_now()};
    m->activated_ms = m->created_ms;
    m->purposes = head2_alg_is_signature(head2_key_alg(key))
                      ? STORE_SIGN | STORE_VERIFY
                      : STORE_ENCAPSULATE | STORE_DECAPSULATE;
    if ((size_t)snprintf(m->label, sizeof m->label, "%s", label) >= sizeof m->label)
        return cli_fail(cli, CLI_USAGE, "--label", "give a shorter one",
                        "a label has up to %d bytes", STORE_LABEL_MAX - 1);
    for (const char *p = m->label; *p != 0; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return cli_fail(cli, CLI_USAGE, "--label", "give a name of letters and digits",
                            "a label has no control characters");
    return cli_store_policy(cli, m);
}

int cmd_store_import(struct cli *cli)
{
    struct head2_key *key = NULL;
    struct store *s = NULL;
    struct store_meta m;
    struct store_fault fault = {0};
    uint8_t id[HEAD2_KEY_ID_BYTES];
    int code = read_private(cli, cli->args[0], &key);

    if (code == CLI_DONE)
        code = meta_for(cli, key, &m);
    if (code == CLI_DONE)
        code = cli_store_open(cli, &s);
    if (code == CLI_DONE) {
        const enum head2_status st = store_put(s, key, &m, &fault);
        if (st == HEAD2_E_ARG)
            code = cli_fail(cli, CLI_USAGE, "--label", "give one in UTF-8", "no label");
        else if (st != HEAD2_OK)
            code = cli_store_fail(cli, st, &fault);
    }
    if (code == CLI_DONE) {
        head2_key_id(key, id);
        cli_store_print_object(cli, store_find(s, id));
    }
    head2_key_free(key);
    return cli_store_finish(cli, s, code);
}

/* ---- export ---- */

static enum head2_key_format format_of(const struct cli *cli)
{
    return strcasecmp(cli_string_or(cli, "format", "pem"), "der") == 0 ? HEAD2_KEY_DER
                                                                       : HEAD2_KEY_PEM;
}

static int export_public(struct cli *cli)
{
    const struct store_meta *m;
    struct store_fault fault = {0};
    struct head2_key *key = NULL;
    uint8_t bytes[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof bytes;
    struct store *s;
    int code = cli_store_look(cli, &s);

    if (code == CLI_DONE)
        code = cli_store_find(cli, s, cli->args[0], &m);
    if (code == CLI_DONE) {
        enum head2_status st = store_get_public(s, m->id, &key, &fault);
        if (st == HEAD2_OK)
            st = head2_key_write_public(key, format_of(cli), bytes, &len);
        code = st == HEAD2_OK ? CLI_DONE : cli_store_fail(cli, st, &fault);
    }
    if (code == CLI_DONE)
        code = cli_write_file(cli, cli_string_or(cli, "out", "-"), bytes, len, 0644, FILE_REPLACE);
    head2_key_free(key);
    store_close(s);
    return code;
}

static int write_private(const struct cli *cli, const struct head2_key *key, const char *path)
{
    const struct keyfile_passphrase from = {cli_string(cli, "new-passphrase-file")};
    struct keyfile_options options = {format_of(cli), HEAD2_PRIVATE_DEFAULT, NULL, 0, false};
    struct keyfile_error err = {0};
    char text[HEAD2_PASSPHRASE_MAX];
    enum head2_status st = HEAD2_OK;

    if (!cli_flag(cli, "no-passphrase")) {
        st = keyfile_new_passphrase(&from, path, text, &options.passphrase_len, &err);
        options.passphrase = text;
    }
    if (st == HEAD2_OK)
        st = keyfile_write_private(key, path, &options, &err);
    head2_wipe(text, sizeof text);
    if (st == HEAD2_OK)
        return CLI_DONE;
    if (st == HEAD2_E_IO && err.error != 0)
        return cli_fail_errno(cli, err.where, err.error, err.what);
    return cli_fail(cli, cli_status_exit(st), err.where, err.hint[0] != 0 ? err.hint : "try again",
                    "%s", err.what);
}

static int export_private(struct cli *cli)
{
    const char *const path = cli_string(cli, "out");
    const struct store_meta *m;
    struct store_fault fault = {0};
    struct head2_key *key = NULL;
    struct store *s = NULL;

    if (path == NULL)
        return cli_fail(cli, CLI_USAGE, "--out", "give --out FILE", "no file for the private key");
    if (cli_flag(cli, "no-passphrase") && cli_string(cli, "new-passphrase-file") != NULL)
        return cli_fail(cli, CLI_USAGE, "--no-passphrase", "leave one of them out",
                        "given together with a passphrase file");
    int code = cli_store_open(cli, &s);
    if (code == CLI_DONE)
        code = cli_store_find(cli, s, cli->args[0], &m);
    if (code == CLI_DONE && !m->extractable)
        code = cli_fail(cli, CLI_REFUSED, m->label, "use it where it is, or make another key",
                        "this private key is not extractable");
    if (code == CLI_DONE) {
        const enum head2_status st = store_get(s, m->id, &key, &fault);
        code = st == HEAD2_OK ? write_private(cli, key, path) : cli_store_fail(cli, st, &fault);
    }
    head2_key_free(key);
    store_close(s);
    return code;
}

int cmd_store_export(struct cli *cli)
{
    static const char *const of_private[] = {"no-passphrase", "new-passphrase-file"};

    if (cli_flag(cli, "private"))
        return export_private(cli);
    if (cli_flag(cli, of_private[0]) || cli_string(cli, of_private[1]) != NULL)
        return cli_fail(cli, CLI_USAGE, "store export", "add --private, or leave it out",
                        "a passphrase is of a private key alone");
    return export_public(cli);
}

/* ---- destroy ---- */

int cmd_store_destroy(struct cli *cli)
{
    uint8_t id[HEAD2_KEY_ID_BYTES];
    const char *const text = cli->args[0];
    struct store_fault fault = {0};
    struct store *s;

    if (hex_decode(id, sizeof id, text, strlen(text)) != HEAD2_OK)
        return cli_fail(cli, CLI_USAGE, text, "'head2 store list' shows them",
                        "give the whole key id, 32 digits: this cannot be undone");
    int code = cli_store_open(cli, &s);
    if (code == CLI_DONE) {
        const enum head2_status st = store_destroy(s, id, &fault);
        if (st == HEAD2_E_STATE)
            code = cli_fail(cli, CLI_INPUT, text, fault.hint, "%s", fault.what);
        else if (st != HEAD2_OK)
            code = cli_store_fail(cli, st, &fault);
    }
    if (code == CLI_DONE && cli->json)
        cli_print_json(cli, json_pack("{s:s}", "destroyed", text));
    else if (code == CLI_DONE)
        cli_print(cli, "destroyed  %s\n", text);
    return cli_store_finish(cli, s, code);
}
