/* see keys/keyfile.h */
#include "keys/keyfile.h"

#include "keys/container.h"
#include "keys/keyfile_io.h"
#include "keys/keyfile_passphrase.h"

#include <stdio.h>
#include <sys/stat.h>

#define MODE_PRIVATE 0600
#define MODE_PUBLIC  0644

/* What the passphrase callback of head2_key_read needs. */
struct asking {
    const struct keyfile_passphrase *pass;
    const char *path;
    struct keyfile_error *err;
    bool failed; /* err says why already */
};

static enum head2_status ask(void *arg, char *text, size_t *len)
{
    struct asking *a = arg;
    char prompt[320];

    snprintf(prompt, sizeof prompt, "Passphrase for %.240s: ", a->path);
    enum head2_status st = keyfile_ask(a->pass, prompt, text, len, a->err);
    a->failed = st != HEAD2_OK;
    return st;
}

static const char *hint_for(enum head2_status st)
{
    switch (st) {
    case HEAD2_E_PASSPHRASE:
        return "try the passphrase again";
    case HEAD2_E_UNSUPPORTED:
        return "give an ML-DSA or ML-KEM key as PKCS#8 or SubjectPublicKeyInfo";
    case HEAD2_E_LIMIT:
    case HEAD2_E_MALFORMED:
        return "give a whole PEM or DER key file";
    default:
        return "";
    }
}

enum head2_status keyfile_read(struct head2_key **out, const char *path,
                               const struct keyfile_passphrase *pass, struct keyfile_error *err)
{
    struct keyfile_content f;
    struct asking asking = {pass, path, err, false};
    const char *why = "";
    enum head2_status st;

    *out = NULL;
    HEAD2_TRY(keyfile_io_read(&f, path, err));
    const enum key_kind kind = key_kind_of(f.bytes, f.len);
    if (f.exposed && (kind == KEY_PRIVATE || kind == KEY_ENCRYPTED)) {
        keyfile_explain(err, path, "the file of this private key can be read by others",
                        "chmod 600 it; if others may have read it, make a new key");
        HEAD2_TRY(HEAD2_E_POLICY);
    }
    st = head2_key_read(out, f.bytes, f.len, ask, &asking, &why);
    if (st != HEAD2_OK && !asking.failed)
        keyfile_explain(err, path, why, hint_for(st));

done:
    head2_wipe(&f, sizeof f);
    return st;
}

enum head2_status keyfile_read_private(struct head2_key **out, const char *path,
                                       const struct keyfile_passphrase *pass,
                                       struct keyfile_error *err)
{
    enum head2_status st = keyfile_read(out, path, pass, err);
    if (st != HEAD2_OK || head2_key_has_private(*out))
        return st;
    head2_key_free(*out);
    *out = NULL;
    keyfile_explain(err, path, "this is a public key", "give the file of the private key");
    return HEAD2_E_ARG;
}

/* Whether the file that is there, if any, may be replaced. */
static enum head2_status may_replace(const char *path, bool secret, struct keyfile_error *err)
{
    struct stat st;
    struct keyfile_content f;
    struct keyfile_error ignored;
    bool blocked = secret;

    if (strcmp(path, "-") == 0 || lstat(path, &st) != 0)
        return HEAD2_OK; /* what cannot be looked at fails when it is written */
    if (!secret && S_ISREG(st.st_mode) && keyfile_io_read(&f, path, &ignored) == HEAD2_OK) {
        const enum key_kind kind = key_kind_of(f.bytes, f.len);
        blocked = kind == KEY_PRIVATE || kind == KEY_ENCRYPTED;
        head2_wipe(&f, sizeof f);
    }
    if (!blocked)
        return HEAD2_OK;
    keyfile_explain(err, path,
                    secret ? "there is a file of this name" : "there is a private key in this file",
                    "choose another name, or move it away first");
    return HEAD2_E_POLICY;
}

enum head2_status keyfile_may_replace(const char *path, struct keyfile_error *err)
{
    return may_replace(path, false, err);
}

static enum head2_status explain_encoding(enum head2_status st, const char *path,
                                          struct keyfile_error *err)
{
    if (st == HEAD2_E_STATE)
        keyfile_explain(err, path, "the key's seed is not known", "write its expanded form");
    else if (st == HEAD2_E_ARG)
        keyfile_explain(err, path, "there is no private key, or the passphrase has a bad length",
                        "give a private key, and a passphrase of 1 to 1024 bytes");
    else if (st != HEAD2_OK)
        keyfile_explain(err, path, head2_status_string(st), "");
    return st;
}

enum head2_status keyfile_write_private(const struct head2_key *key, const char *path,
                                        const struct keyfile_options *options,
                                        struct keyfile_error *err)
{
    uint8_t buf[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof buf;
    enum head2_status st;

    if (!options->replace)
        HEAD2_TRY(may_replace(path, true, err));
    st = head2_key_write_private(key, options->format, options->form, options->passphrase,
                                 options->passphrase_len, buf, &len);
    HEAD2_TRY(explain_encoding(st, path, err));
    const struct keyfile_target target = {path, MODE_PRIVATE, options->replace};
    HEAD2_TRY(keyfile_io_write(&target, buf, len, err));

done:
    head2_wipe(buf, sizeof buf);
    return st;
}

enum head2_status keyfile_write_public(const struct head2_key *key, const char *path,
                                       const struct keyfile_options *options,
                                       struct keyfile_error *err)
{
    uint8_t buf[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof buf;
    enum head2_status st;

    if (!options->replace)
        HEAD2_TRY(may_replace(path, false, err));
    st = head2_key_write_public(key, options->format, buf, &len);
    HEAD2_TRY(explain_encoding(st, path, err));
    const struct keyfile_target target = {path, MODE_PUBLIC, true};
    HEAD2_TRY(keyfile_io_write(&target, buf, len, err));

done:
    return st;
}

enum head2_status keyfile_new_passphrase(const struct keyfile_passphrase *pass, const char *what,
                                         char *text, size_t *len, struct keyfile_error *err)
{
    enum head2_status st;
    char prompt[320], again[HEAD2_PASSPHRASE_MAX];
    size_t again_len = 0;

    snprintf(prompt, sizeof prompt, "New passphrase for %.240s: ", what);
    HEAD2_TRY(keyfile_ask(pass, prompt, text, len, err));
    if (pass->file != NULL)
        return HEAD2_OK;
    HEAD2_TRY(keyfile_ask(pass, "The same again: ", again, &again_len, err));
    if (again_len != *len || head2_equal(text, again, *len) != HEAD2_OK) {
        keyfile_explain(err, what, "the two passphrases differ", "try again");
        HEAD2_TRY(HEAD2_E_PASSPHRASE);
    }

done:
    head2_wipe(again, sizeof again);
    if (st != HEAD2_OK) {
        head2_wipe(text, HEAD2_PASSPHRASE_MAX);
        *len = 0;
    }
    return st;
}
