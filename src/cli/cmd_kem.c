/*
 * head2 kem encaps and decaps: a shared secret for the holder of an ML-KEM key.
 *
 * The secret is written with mode 0600, 32 raw bytes. A ciphertext of the right length always
 * decapsulates: a wrong one gives a secret that nobody else knows (FIPS 203, implicit rejection).
 */
#include "cli/files.h"
#include "cli/keys.h"
#include "cli/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static enum file_existing existing(const struct cli *cli)
{
    const bool replace = strcasecmp(cli_string_or(cli, "existing", "refuse"), "replace") == 0;
    return replace ? FILE_REPLACE : FILE_KEEP;
}

/* Before a passphrase is asked for; what appears meanwhile is refused by the write. */
static int check_new(const struct cli *cli, const char *path)
{
    struct stat info;

    if (existing(cli) == FILE_REPLACE || strcmp(path, "-") == 0 || lstat(path, &info) != 0)
        return CLI_DONE;
    return cli_fail(cli, CLI_REFUSED, path, "name another, or add --existing replace",
                    "there is a file of this name");
}

/* --key, --ct and --secret are all needed, and the two outputs cannot be the same. */
static int check_options(const struct cli *cli, bool makes_ct)
{
    static const char *const names[] = {"key", "ct", "secret"};

    for (size_t i = 0; i < HEAD2_LEN(names); i++) {
        if (cli_string(cli, names[i]) == NULL) {
            char where[16];
            snprintf(where, sizeof where, "--%s", names[i]);
            return cli_fail(cli, CLI_USAGE, where, "give it a file name", "the option is missing");
        }
    }
    const char *key = cli_string(cli, "key"), *ct = cli_string(cli, "ct");
    const char *secret = cli_string(cli, "secret");
    if (strcmp(ct, secret) == 0 || cli_same_file(ct, secret))
        return cli_fail(cli, CLI_USAGE, "--secret", "give another name", "the same file as --ct");
    if (cli_same_file(key, secret) || cli_same_file(key, ct))
        return cli_fail(cli, CLI_USAGE, "--key", "give other names for --ct and --secret",
                        "the key itself would be overwritten");
    int code = check_new(cli, secret);
    return code == CLI_DONE && makes_ct ? check_new(cli, ct) : code;
}

/* For programs: where the secret is. People named it themselves. */
static void print_written(struct cli *cli, bool with_ct)
{
    const char *ct = cli_string(cli, "ct"), *secret = cli_string(cli, "secret");

    if (!cli->json || strcmp(secret, "-") == 0 || (with_ct && strcmp(ct, "-") == 0))
        return;
    cli_print_json(cli, json_pack("{s:s, s:s}", "ciphertext", ct, "secret", secret));
}

int cmd_kem_encaps(struct cli *cli)
{
    struct head2_key *key = NULL;
    struct head2_secret32 ss;
    uint8_t ct[HEAD2_KEY_MAX_CT];
    size_t ct_len = 0;

    int code = check_options(cli, true);
    if (code == CLI_DONE)
        code = cli_read_key(cli, cli_string(cli, "key"), CLI_KEY_ENCAPS, &key);
    if (code != CLI_DONE)
        return code;
    enum head2_status st = head2_key_encaps(key, ct, &ct_len, &ss);
    head2_key_free(key);
    if (st != HEAD2_OK)
        return cli_fail(cli, cli_status_exit(st), cli_string(cli, "key"), NULL, "%s",
                        head2_status_string(st));
    const char *secret = cli_string(cli, "secret");
    code = cli_write_file(cli, secret, ss.b, sizeof ss.b, 0600, existing(cli));
    head2_wipe(&ss, sizeof ss);
    if (code != CLI_DONE)
        return code;
    const char *to = cli_string(cli, "ct");
    if (cli_same_file(secret, to)) /* seen only now when neither was there before */
        code = cli_fail(cli, CLI_USAGE, "--secret", "give another name", "the same file as --ct");
    else
        code = cli_write_file(cli, to, ct, ct_len, 0644, existing(cli));
    if (code != CLI_DONE && strcmp(secret, "-") != 0)
        unlink(secret); /* a secret without its ciphertext is of no use */
    if (code == CLI_DONE)
        print_written(cli, true);
    return code;
}

int cmd_kem_decaps(struct cli *cli)
{
    struct head2_key *key = NULL;
    struct head2_secret32 ss;
    uint8_t *ct = NULL;
    size_t ct_len = 0;

    int code = check_options(cli, false);
    if (code == CLI_DONE)
        code = cli_read_key(cli, cli_string(cli, "key"), CLI_KEY_DECAPS, &key);
    if (code == CLI_DONE)
        code = cli_read_file(cli, cli_string(cli, "ct"), 65536, &ct, &ct_len);
    if (code != CLI_DONE)
        goto done;
    enum head2_status st = head2_key_decaps(key, &ss, ct, ct_len);
    if (st == HEAD2_E_MALFORMED) {
        const enum head2_alg alg = head2_key_alg(key);
        code =
            cli_fail(cli, CLI_INPUT, cli_string(cli, "ct"), "check that it was made for this key",
                     "%zu bytes; an %s ciphertext has %zu", ct_len, head2_alg_name(alg),
                     head2_alg_ct_bytes(alg));
    } else if (st != HEAD2_OK) {
        code = cli_fail(cli, cli_status_exit(st), cli_string(cli, "key"), NULL, "%s",
                        head2_status_string(st));
    } else {
        code =
            cli_write_file(cli, cli_string(cli, "secret"), ss.b, sizeof ss.b, 0600, existing(cli));
    }
    head2_wipe(&ss, sizeof ss);
    if (code == CLI_DONE)
        print_written(cli, false);

done:
    free(ct);
    head2_key_free(key);
    return code;
}
