/* see stores.h */
#include "cli/stores.h"

#include "artifact/base64.h"
#include "cli/files.h"
#include "cli/keys.h"
#include "keys/keyfile_passphrase.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

int cli_store_folder(const struct cli *cli, char out[PATH_MAX])
{
    static const struct cli_place place = {"store", "give --store DIR"};

    return cli_state_place(cli, &place, out, PATH_MAX);
}

int cli_store_fail(const struct cli *cli, enum head2_status st, const struct store_fault *fault)
{
    return cli_folder_fail(
        cli, st, &(struct cli_folder_fault){fault->where, fault->what, fault->hint, fault->error});
}

/* ---- unlocking ---- */

static enum head2_status ask_passphrase(void *arg, char *buf, size_t *len)
{
    struct cli_store_ask *const a = arg;
    const struct keyfile_passphrase from = {a->file};
    struct keyfile_error err = {0};
    char prompt[320];
    enum head2_status st;

    snprintf(prompt, sizeof prompt, "Passphrase for %.240s: ", a->where);
    st = a->is_new ? keyfile_new_passphrase(&from, a->where, buf, len, &err)
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

static void by_passphrase(const struct cli *cli, const char *file, bool is_new,
                          struct store_unlock *out, struct cli_store_ask *ask)
{
    ask->cli = cli;
    ask->file = file;
    ask->is_new = is_new;
    *out = (struct store_unlock){.type = STORE_WRAP_PASSPHRASE, .ask = ask_passphrase, .arg = ask};
}

/* The ways that are given, of the options for opening or of those with new- before them. */
static size_t ways(const struct cli *cli, bool with_new, bool is_new, struct store_unlock *out,
                   struct cli_store_ask *ask)
{
    const char *const word = cli_string(cli, with_new ? "new-passphrase-file" : "passphrase-file");
    const char *const file = cli_string(cli, with_new ? "new-key-file" : "key-file");
    const char *const name = cli_string(cli, with_new ? "new-credential" : "credential");
    size_t n = 0;

    if (word != NULL)
        by_passphrase(cli, word, is_new, &out[n++], ask);
    if (file != NULL)
        out[n++] = (struct store_unlock){.type = STORE_WRAP_KEY_FILE, .path = file};
    if (name != NULL)
        out[n++] = (struct store_unlock){.type = STORE_WRAP_CREDENTIAL, .path = name};
    return n;
}

int cli_store_unlock(const struct cli *cli, struct store_unlock *out, struct cli_store_ask *ask)
{
    struct store_unlock given[CLI_STORE_WAYS];
    const size_t n = ways(cli, false, false, given, ask);

    if (n > 1)
        return cli_fail(cli, CLI_USAGE, "--passphrase-file, --key-file, --credential",
                        "leave all but one out", "one is enough to open it");
    if (n == 0)
        by_passphrase(cli, NULL, false, &given[0], ask);
    *out = given[0];
    return cli_store_folder(cli, ask->where);
}

int cli_store_new_wrappings(const struct cli *cli, bool with_new, struct store_unlock *out,
                            size_t *n, struct cli_store_ask *ask)
{
    *n = ways(cli, with_new, true, out, ask);
    if (*n == 0 && with_new) /* as it was opened */
        *n = ways(cli, false, true, out, ask);
    if (*n == 0)
        by_passphrase(cli, NULL, true, &out[(*n)++], ask);
    return cli_store_folder(cli, ask->where);
}

int cli_store_open(const struct cli *cli, struct store **out)
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

/* ---- objects ---- */

#define ID_DIGITS_MIN 8

static bool names(const struct store_meta *m, const char *name)
{
    char id[CLI_KEY_ID_TEXT] = {0};
    const size_t len = strlen(name);

    hex_encode(id, m->id, sizeof m->id);
    return strcmp(m->label, name) == 0 || (len >= ID_DIGITS_MIN && strncmp(id, name, len) == 0);
}

int cli_store_find(const struct cli *cli, const struct store *s, const char *name,
                   const struct store_meta **out)
{
    size_t found = 0;

    *out = NULL;
    for (size_t i = 0; i < store_count(s); i++)
        if (names(store_at(s, i), name)) {
            *out = store_at(s, i);
            found++;
        }
    if (found == 1)
        return CLI_DONE;
    if (found > 1)
        return cli_fail(cli, CLI_INPUT, name, "give the whole id", "%zu keys are called so", found);
    return cli_fail(cli, CLI_INPUT, name, "'head2 store list' shows what there is",
                    "there is no such key in the store");
}

const char *cli_store_state_name(enum store_state state)
{
    static const char *const texts[] = {"", "pre-active", "active", "deactivated", "revoked"};

    return (size_t)state < HEAD2_LEN(texts) ? texts[state] : "";
}

const char *cli_store_wrap_name(enum store_wrap_type type)
{
    static const char *const texts[] = {"", "passphrase", "key-file", "credential", "tpm"};

    return (size_t)type < HEAD2_LEN(texts) ? texts[type] : "";
}
