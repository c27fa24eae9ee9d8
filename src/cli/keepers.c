/* see keepers.h */
#include "cli/keepers.h"

#include "artifact/utc.h"
#include "cli/daemons.h"
#include "cli/stores.h"
#include "keeper/told.h"
#include "keeper/unixsock.h"
#include "keys/keyfile_passphrase.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- for those that run one ---- */

int cli_keeper_listen(const struct cli *cli, const char *path, int *listener)
{
    *listener = unixsock_listen(path);
    if (*listener >= 0)
        return CLI_DONE;
    if (errno == EADDRINUSE)
        return cli_fail(cli, CLI_REFUSED, path, "end it, or name another socket",
                        "another keeper answers here");
    return cli_fail_errno(cli, path, errno, "cannot listen");
}

void cli_keeper_unlisten(const char *path, int listener)
{
    if (listener < 0)
        return;
    unlink(path);
    close(listener);
}

void cli_keeper_tell(int events, const struct keeper_event *e, bool uses)
{
    uint8_t told[TOLD_BYTES];

    if (events < 0 || !(told_is_change(e) || (uses && e->meta != NULL)))
        return;
    told_write(told, e, utc_now());
    while (write(events, told, sizeof told) < 0 && errno == EINTR)
        ;
}

/* The first line of a file, or what is typed at a terminal. */
static int read_pin(const struct cli *cli, const char *path, const char *prompt,
                    char text[HEAD2_PASSPHRASE_MAX], size_t *len)
{
    const struct keyfile_passphrase from = {path};
    struct keyfile_error err = {0};
    const enum head2_status st = keyfile_ask(&from, prompt, text, len, &err);

    if (st == HEAD2_E_IO && err.error != 0)
        return cli_fail_errno(cli, err.where, err.error, err.what);
    return st == HEAD2_OK ? CLI_DONE
                          : cli_fail(cli, cli_status_exit(st), err.where, err.hint, "%s", err.what);
}

int cli_keeper_pin(const struct cli *cli, const char *path, struct pin *out)
{
    char text[HEAD2_PASSPHRASE_MAX];
    size_t len;
    const int code = read_pin(cli, path, "", text, &len);

    if (code != CLI_DONE)
        return code;
    const enum head2_status st = pin_make(out, (struct keeper_bytes){(const uint8_t *)text, len});
    head2_wipe(text, sizeof text);
    if (st == HEAD2_E_ARG)
        return cli_fail(cli, CLI_USAGE, path, NULL, "a PIN has %d to %d bytes", KEEPER_PIN_MIN,
                        KEEPER_PIN_MAX);
    return st == HEAD2_OK ? CLI_DONE
                          : cli_fail(cli, cli_status_exit(st), NULL, NULL, "cannot keep the PIN");
}

/* ---- for those that ask one ---- */

static int find_socket(const struct cli *cli, char out[PATH_MAX])
{
    const char *const given = cli_string_if(cli, "keeper"), *const env = getenv("HEAD2_KEEPER");
    const char *const path = given != NULL ? given : env != NULL && *env != 0 ? env : NULL;
    char folder[PATH_MAX];

    if (path != NULL)
        return snprintf(out, PATH_MAX, "%s", path) < PATH_MAX
                   ? CLI_DONE
                   : cli_fail_errno(cli, path, ENAMETOOLONG, "cannot connect");
    const int code = cli_store_folder(cli, folder);
    if (code == CLI_DONE && snprintf(out, PATH_MAX, "%s/" CLI_KEEPER_FILE, folder) >= PATH_MAX)
        return cli_fail_errno(cli, folder, ENAMETOOLONG, "cannot connect");
    return code;
}

int cli_keeper_fail(const struct cli *cli, const char *where, enum head2_status st, const char *why)
{
    if (st == HEAD2_E_IO)
        return cli_fail(cli, CLI_UNREACHABLE, where, "start one with 'head2 keeper'",
                        "the keeper does not answer: %s", strerror(errno));
    return cli_fail(cli, cli_status_exit(st), where, NULL, "the keeper refuses: %s",
                    why != NULL && why[0] != 0 ? why : head2_status_string(st));
}

static int show_pin(const struct cli *cli, const char *at, struct keeper_client *c)
{
    char text[HEAD2_PASSPHRASE_MAX], prompt[320];
    struct keeper_message ask = {.type = KEEPER_LOGIN};
    struct keeper_reply reply;
    size_t len;

    snprintf(prompt, sizeof prompt, "PIN for %.240s: ", at);
    int code = read_pin(cli, cli_string_if(cli, "pin-file"), prompt, text, &len);
    if (code != CLI_DONE)
        return code;
    ask.data = (struct keeper_bytes){(const uint8_t *)text, len};
    const enum head2_status st = keeper_call(c, &ask, &reply);
    head2_wipe(text, sizeof text);
    code = st == HEAD2_OK ? CLI_DONE : cli_keeper_fail(cli, at, st, reply.why);
    keeper_reply_free(&reply);
    return code;
}

int cli_keeper_open(const struct cli *cli, const char *at, struct keeper_client **out)
{
    struct keeper_message ask = {.type = KEEPER_STATUS};
    struct keeper_reply reply = {0};
    char path[PATH_MAX];
    int code = CLI_DONE;

    *out = NULL;
    if (at == NULL) {
        code = find_socket(cli, path);
        at = path;
    }
    if (code != CLI_DONE)
        return code;
    enum head2_status st = keeper_client_open(out, at);
    if (st == HEAD2_OK)
        st = keeper_call(*out, &ask, &reply);
    if (st != HEAD2_OK)
        code = cli_keeper_fail(cli, at, st, reply.why);
    else if ((reply.m.info.login & KEEPER_PIN_SET) != 0)
        code = show_pin(cli, at, *out);
    keeper_reply_free(&reply);
    if (code != CLI_DONE) {
        keeper_client_close(*out);
        *out = NULL;
    }
    return code;
}

/* ---- keys that sign ---- */

static int open_remote(const struct cli *cli, const char *at, const char *label, bool deterministic,
                       struct cli_signer *out)
{
    char why[KEEPER_PHRASE_MAX + 1];

    if (!keeper_label_ok((struct keeper_bytes){(const uint8_t *)label, strlen(label)}))
        return cli_fail(cli, CLI_USAGE, CONFIG_KEEPER_PREFIX, "name a key: keeper:LABEL",
                        "a label has 1 to %d bytes and no control characters", KEEPER_LABEL_MAX);
    const int code = cli_keeper_open(cli, at, &out->client);

    if (code != CLI_DONE)
        return code;
    const enum head2_status st = keeper_remote_find(&out->remote, out->client, label, why);
    if (st != HEAD2_OK)
        return cli_keeper_fail(cli, label, st, why);
    if (!head2_alg_is_signature(head2_key_alg(out->remote.key)))
        return cli_fail(cli, CLI_INPUT, label, "give an ML-DSA key", "this %s key cannot sign",
                        head2_alg_name(head2_key_alg(out->remote.key)));
    out->key = out->remote.key;
    out->signer = keeper_remote_signer(&out->remote, deterministic);
    return CLI_DONE;
}

int cli_signer_open(const struct cli *cli, const char *name, bool deterministic,
                    struct cli_signer *out)
{
    const size_t prefix = strlen(CONFIG_KEEPER_PREFIX);

    *out = (struct cli_signer){.key = NULL};
    if (strncmp(name, CONFIG_KEEPER_PREFIX, prefix) == 0)
        return open_remote(cli, NULL, name + prefix, deterministic, out);
    const int code = cli_read_key(cli, name, CLI_KEY_SIGN, &out->key);
    if (code == CLI_DONE)
        out->signer = artifact_signer_of_key(out->key, deterministic);
    return code;
}

int cli_signer_of_config(const struct cli *cli, const struct config *config, struct cli_signer *out)
{
    *out = (struct cli_signer){.key = NULL};
    if (config->keeper.label[0] != 0 && config->keeper.socket[0] == 0)
        return cli_fail(cli, CLI_INPUT, config->file, "add keeper.socket, and start the gateway",
                        "its keeper answers nobody else");
    if (config->keeper.label[0] != 0)
        return open_remote(cli, config->keeper.socket, config->keeper.label, false, out);
    const int code = cli_read_identity(cli, config, &out->key);
    if (code == CLI_DONE)
        out->signer = artifact_signer_of_key(out->key, false);
    return code;
}

void cli_signer_close(struct cli_signer *s)
{
    if (s->client == NULL)
        head2_key_free(s->key);
    keeper_remote_free(&s->remote);
    keeper_client_close(s->client);
    *s = (struct cli_signer){.key = NULL};
}
