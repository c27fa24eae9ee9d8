/* see stores.h */
#include "cli/stores.h"

#include "artifact/base64.h"
#include "cli/files.h"
#include "cli/keys.h"
#include "keeper/tpm_blob.h"
#include "keys/keyfile_passphrase.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int cli_store_folder(const struct cli *cli, char out[PATH_MAX])
{
    static const struct cli_place place = {"store", "give --store DIR"};

    return cli_state_place(cli, &place, out, PATH_MAX);
}

int cli_store_fail(const struct cli *cli, enum head2_status st, const struct store_fault *fault)
{
    if (st == HEAD2_E_ARG && fault->what[0] != 0) /* of what was typed */
        return cli_fail(cli, CLI_USAGE, fault->where, fault->hint, "%s", fault->what);
    return cli_folder_fail(
        cli, st, &(struct cli_folder_fault){fault->where, fault->what, fault->hint, fault->error});
}

/* ---- unlocking ---- */

static enum head2_status ask(struct cli_store_ask *a, bool pin, char *buf, size_t *len)
{
    const struct keyfile_passphrase from = {pin ? a->pin_file : a->file};
    const char *const of = pin ? "the TPM, a PIN of up to 32 bytes" : a->where;
    struct keyfile_error err = {0};
    char prompt[320];
    enum head2_status st;

    snprintf(prompt, sizeof prompt, "%s for %.240s: ", pin ? "The TPM's PIN" : "Passphrase",
             a->where);
    st = a->is_new ? keyfile_new_passphrase(&from, of, buf, len, &err)
                   : keyfile_ask(&from, prompt, buf, len, &err);
    if (st == HEAD2_OK)
        return st;
    a->said = true;
    if (st == HEAD2_E_IO && err.error != 0)
        cli_fail_errno(a->cli, err.where, err.error, err.what);
    else
        cli_fail(a->cli, cli_status_exit(st), err.where, err.hint[0] != 0 ? err.hint : "try again",
                 "%s", err.what);
    return st;
}

static enum head2_status ask_passphrase(void *arg, char *buf, size_t *len)
{
    return ask(arg, false, buf, len);
}

static enum head2_status ask_pin(void *arg, char *buf, size_t *len)
{
    return ask(arg, true, buf, len);
}

static struct store_unlock by_passphrase(const char *file, struct cli_store_ask *ask)
{
    ask->file = file;
    return (struct store_unlock){.type = STORE_WRAP_PASSPHRASE, .ask = ask_passphrase, .arg = ask};
}

/* The value of an option for opening, or of the one with new- before it. */
static const char *option(const struct cli *cli, bool with_new, const char *name)
{
    char text[40];

    snprintf(text, sizeof text, "%s%s", with_new ? "new-" : "", name);
    return cli_string_if(cli, text);
}

static struct store_unlock by_tpm(const struct cli *cli, bool with_new, struct cli_store_ask *ask)
{
    struct store_unlock u = {.type = STORE_WRAP_TPM, .path = getenv("HEAD2_TPM"), .arg = ask};

    ask->pin_file = option(cli, with_new, "tpm-pin-file");
    /* whether a wrapping has a PIN is known when it is opened */
    if (!ask->is_new || ask->pin_file != NULL || option(cli, with_new, "tpm-pin") != NULL)
        u.ask = ask_pin;
    return u;
}

/* The ways that are given. */
static size_t ways(const struct cli *cli, bool with_new, struct store_unlock *out,
                   struct cli_store_ask *ask)
{
    const char *const word = option(cli, with_new, "passphrase-file");
    const char *const file = option(cli, with_new, "key-file");
    const char *const name = option(cli, with_new, "credential");
    size_t n = 0;

    ask->cli = cli;
    if (word != NULL)
        out[n++] = by_passphrase(word, ask);
    if (file != NULL)
        out[n++] = (struct store_unlock){.type = STORE_WRAP_KEY_FILE, .path = file};
    if (name != NULL)
        out[n++] = (struct store_unlock){.type = STORE_WRAP_CREDENTIAL, .path = name};
    if (option(cli, with_new, "tpm") != NULL)
        out[n++] = by_tpm(cli, with_new, ask);
    return n;
}

int cli_store_unlock(const struct cli *cli, struct store_unlock *out, struct cli_store_ask *ask)
{
    struct store_unlock given[CLI_STORE_WAYS];
    const size_t n = ways(cli, false, given, ask);

    if (n > 1)
        return cli_fail(cli, CLI_USAGE, "--passphrase-file, --key-file, --credential, --tpm",
                        "leave all but one out", "one is enough to open it");
    *out = n == 1 ? given[0] : by_passphrase(NULL, ask);
    return cli_store_folder(cli, ask->where);
}

void cli_store_unlock_as(const struct cli *cli, const struct config_keeper *from,
                         struct store_unlock *out, struct cli_store_ask *ask)
{
    ask->cli = cli;
    snprintf(ask->where, sizeof ask->where, "%s", from->store);
    if (from->key_file[0] != 0)
        *out = (struct store_unlock){.type = STORE_WRAP_KEY_FILE, .path = from->key_file};
    else if (from->credential[0] != 0)
        *out = (struct store_unlock){.type = STORE_WRAP_CREDENTIAL, .path = from->credential};
    else if (from->tpm)
        *out = by_tpm(cli, false, ask);
    else
        *out = by_passphrase(option(cli, false, "passphrase-file"), ask);
}

/* What is said of a TPM needs one. */
static int tpm_options(const struct cli *cli, bool with_new, struct store_pcrs *pcrs)
{
    static const char *const names[] = {"tpm-pcrs", "tpm-pin", "tpm-pin-file"};
    const char *const text = option(cli, with_new, names[0]);

    *pcrs = (struct store_pcrs){0, 0};
    for (size_t i = 0; option(cli, with_new, "tpm") == NULL && i < HEAD2_LEN(names); i++)
        if (option(cli, with_new, names[i]) != NULL)
            return cli_fail(cli, CLI_USAGE, names[i], with_new ? "add --new-tpm" : "add --tpm",
                            "this is of a TPM");
    if (text != NULL && tpm_pcrs_read(pcrs, text) != HEAD2_OK)
        return cli_fail(cli, CLI_USAGE, text, "as in sha256:0,7",
                        "registers are a bank, sha256, sha384 or sha512, and numbers from 0 to 23");
    return CLI_DONE;
}

int cli_store_new_wrappings(const struct cli *cli, enum cli_store_wrapping of,
                            struct store_unlock *out, size_t *n, struct cli_store_ask *ask)
{
    const bool with_new = of != CLI_STORE_OF_A_NEW_STORE;
    struct store_pcrs pcrs;
    const int code = tpm_options(cli, with_new, &pcrs);

    if (code != CLI_DONE)
        return code;
    ask->is_new = true;
    *n = ways(cli, with_new, out, ask);
    if (*n == 0 && of == CLI_STORE_OF_A_NEW_KEY)
        *n = ways(cli, false, out, ask);
    if (*n == 0)
        out[(*n)++] = by_passphrase(NULL, ask);
    if (with_new && out[0].type == STORE_WRAP_TPM && !cli_flag(cli, "new-tpm"))
        return cli_fail(cli, CLI_USAGE, "--tpm", "add --new-tpm, or another --new- option",
                        "whether a new key has a PIN and looks at registers is to be said anew");
    for (size_t i = 0; i < *n; i++)
        out[i].pcrs = pcrs;
    return cli_store_folder(cli, ask->where);
}

int cli_store_open_alone(const struct cli *cli, struct store **out)
{
    struct store_unlock unlock;
    struct cli_store_ask ask = {0};
    struct store_fault fault = {0};
    const int code = cli_store_unlock(cli, &unlock, &ask);

    *out = NULL;
    if (code != CLI_DONE)
        return code;
    const enum head2_status st = store_open(out, ask.where, &unlock, &fault);
    if (ask.said)
        return (int)cli_status_exit(st);
    return st == HEAD2_OK ? CLI_DONE : cli_store_fail(cli, st, &fault);
}

int cli_store_open(const struct cli *cli, struct store **out)
{
    const int code = cli_store_open_alone(cli, out);

    return code == CLI_DONE ? cli_store_compare(cli, *out) : code;
}

int cli_store_look(const struct cli *cli, struct store **out)
{
    char folder[PATH_MAX];
    struct store_fault fault = {0};
    const int code = cli_store_folder(cli, folder);

    *out = NULL;
    if (code != CLI_DONE)
        return code;
    const enum head2_status st = store_look(out, folder, &fault);
    return st == HEAD2_OK ? CLI_DONE : cli_store_fail(cli, st, &fault);
}
