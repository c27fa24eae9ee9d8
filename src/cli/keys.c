/*
 * Reading keys for verbs, and checking that they are of the kind that the verb needs.
 */
#include "cli/keys.h"

#include "artifact/base64.h"
#include "keys/keyfile.h"

static int wrong_kind(const struct cli *cli, const char *path, enum cli_key_need need,
                      const struct head2_key *key)
{
    const char *name = head2_alg_name(head2_key_alg(key));
    const char *kind = head2_key_has_private(key) ? "private" : "public";

    switch (need) {
    case CLI_KEY_SIGN:
        return cli_fail(cli, CLI_INPUT, path, "give an ML-DSA private key",
                        "this %s %s key cannot sign", name, kind);
    case CLI_KEY_VERIFY:
        return cli_fail(cli, CLI_INPUT, path, "give an ML-DSA key", "this %s %s key cannot verify",
                        name, kind);
    case CLI_KEY_ENCAPS:
        return cli_fail(cli, CLI_INPUT, path, "give an ML-KEM key",
                        "this %s %s key cannot encapsulate", name, kind);
    case CLI_KEY_DECAPS:
        return cli_fail(cli, CLI_INPUT, path, "give an ML-KEM private key",
                        "this %s %s key cannot decapsulate", name, kind);
    case CLI_KEY_ANY:
        break;
    }
    return CLI_DONE;
}

static bool fits(const struct head2_key *key, enum cli_key_need need)
{
    const bool signs = head2_alg_is_signature(head2_key_alg(key));

    if (need == CLI_KEY_SIGN)
        return signs && head2_key_has_private(key);
    if (need == CLI_KEY_DECAPS)
        return !signs && head2_key_has_private(key);
    return need == CLI_KEY_ANY || signs == (need == CLI_KEY_VERIFY);
}

int cli_read_key(const struct cli *cli, const char *path, enum cli_key_need need,
                 struct head2_key **out)
{
    const bool has_option = cli_find_option(cli->verb, "passphrase-file") != NULL;
    const struct keyfile_passphrase pass = {has_option ? cli_string(cli, "passphrase-file") : NULL};
    struct keyfile_error err = {0};

    enum head2_status st = keyfile_read(out, path, &pass, &err);
    if (st == HEAD2_E_IO && err.error != 0)
        return cli_fail_errno(cli, err.where, err.error, "cannot read the key");
    if (st != HEAD2_OK)
        return cli_fail(cli, cli_status_exit(st), err.where, err.hint[0] != 0 ? err.hint : NULL,
                        "%s", err.what);
    if (fits(*out, need) && head2_key_protect(*out) == HEAD2_OK)
        return CLI_DONE;
    if (fits(*out, need)) {
        head2_key_free(*out);
        *out = NULL;
        return cli_fail(cli, CLI_INTERNAL, path, NULL, "out of memory");
    }
    int code = wrong_kind(cli, path, need, *out);
    head2_key_free(*out);
    *out = NULL;
    return code;
}

void cli_key_id(char out[CLI_KEY_ID_TEXT], const struct head2_key *key)
{
    uint8_t id[HEAD2_KEY_ID_BYTES];

    head2_key_id(key, id);
    hex_encode(out, id, sizeof id);
    out[CLI_KEY_ID_TEXT - 1] = 0;
}
