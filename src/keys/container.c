/*
 * Reading and writing keys: PEM or DER around the containers of spki.c, encrypted by pbes2.c.
 */
#include "keys/container.h"

#include "keys/key.h"
#include "keys/pbes2.h"
#include "keys/pem.h"

#define LABEL_PUBLIC    "PUBLIC KEY"
#define LABEL_PRIVATE   "PRIVATE KEY"
#define LABEL_ENCRYPTED "ENCRYPTED PRIVATE KEY"

/* Set *why and pass the status on. */
static enum head2_status because(const char **why, enum head2_status st, const char *phrase)
{
    *why = phrase;
    return st;
}

static enum head2_status put_out(enum head2_key_format format, const char *label,
                                 const uint8_t *der, size_t der_len, uint8_t *buf, size_t *len)
{
    if (format == HEAD2_KEY_PEM)
        return pem_encode(buf, len, label, der, der_len);
    if (*len < der_len)
        return HEAD2_E_SPACE;
    memcpy(buf, der, der_len);
    *len = der_len;
    return HEAD2_OK;
}

enum head2_status head2_key_write_public(const struct head2_key *key, enum head2_key_format format,
                                         uint8_t *buf, size_t *len)
{
    uint8_t der[SPKI_MAX_BYTES];
    const size_t der_len = spki_encode(der, key->alg, key->pub);
    return put_out(format, LABEL_PUBLIC, der, der_len, buf, len);
}

enum head2_status head2_key_write_private(const struct head2_key *key, enum head2_key_format format,
                                          enum head2_private_form form, const char *passphrase,
                                          size_t passphrase_len, uint8_t *buf, size_t *len)
{
    enum head2_status st;
    const struct passphrase pass = {passphrase, passphrase_len};
    uint8_t plain[PKCS8_MAX_BYTES], encrypted[PBES2_MAX_BYTES];
    size_t plain_len = 0, encrypted_len = 0;

    if (!key->has_private || (unsigned)form > HEAD2_PRIVATE_BOTH ||
        (passphrase != NULL && (passphrase_len == 0 || passphrase_len > HEAD2_PASSPHRASE_MAX)))
        return HEAD2_E_ARG;
    if (form == HEAD2_PRIVATE_DEFAULT)
        form = key->has_seed ? HEAD2_PRIVATE_SEED : HEAD2_PRIVATE_EXPANDED;
    if (form != HEAD2_PRIVATE_EXPANDED && !key->has_seed)
        return HEAD2_E_STATE;
    plain_len = pkcs8_encode(plain, key, form);
    if (passphrase == NULL) {
        HEAD2_TRY(put_out(format, LABEL_PRIVATE, plain, plain_len, buf, len));
    } else {
        HEAD2_TRY(pbes2_encrypt(encrypted, &encrypted_len, plain, plain_len, &pass));
        HEAD2_TRY(put_out(format, LABEL_ENCRYPTED, encrypted, encrypted_len, buf, len));
    }

done:
    head2_wipe(plain, sizeof plain);
    return st;
}

static enum key_kind kind_of_label(const char *label)
{
    if (strcmp(label, LABEL_PUBLIC) == 0)
        return KEY_PUBLIC;
    if (strcmp(label, LABEL_PRIVATE) == 0)
        return KEY_PRIVATE;
    return strcmp(label, LABEL_ENCRYPTED) == 0 ? KEY_ENCRYPTED : KEY_UNKNOWN;
}

/* A key file as DER. */
struct content {
    enum key_kind kind;
    size_t len;
    uint8_t der[HEAD2_KEY_MAX_FILE];
};

static enum head2_status open_content(struct content *c, const uint8_t *buf, size_t len,
                                      const char **why)
{
    char label[PEM_LABEL_MAX];

    if (len > HEAD2_KEY_MAX_FILE)
        return because(why, HEAD2_E_LIMIT, "it is longer than any key");
    if (der_is_sequence(buf, len)) {
        memcpy(c->der, buf, len);
        c->len = len;
        c->kind = key_kind_of_der(buf, len);
        if (c->kind == KEY_UNKNOWN)
            return because(why, HEAD2_E_MALFORMED, "it is DER, but not of a key");
        return HEAD2_OK;
    }
    if (len >= 2 && buf[0] == DER_SEQUENCE && buf[1] >= 0x80)
        return because(why, HEAD2_E_MALFORMED, "the DER is cut short, or more follows it");
    enum head2_status st = pem_decode(label, c->der, &c->len, buf, len, why);
    c->kind = kind_of_label(label);
    if (c->kind == KEY_UNKNOWN && label[0] != 0) /* before what may be wrong inside */
        return because(why, HEAD2_E_UNSUPPORTED, "the PEM block is not of a key in PKCS#8 or SPKI");
    return st;
}

enum key_kind key_kind_of(const uint8_t *buf, size_t len)
{
    struct content c;
    const char *why;
    c.kind = KEY_UNKNOWN;
    const enum head2_status st = open_content(&c, buf, len, &why);
    const enum key_kind kind = st == HEAD2_OK ? c.kind : KEY_UNKNOWN;
    head2_wipe(&c, sizeof c);
    return kind;
}

static enum head2_status read_encrypted(struct head2_key **out, const struct content *c,
                                        head2_passphrase_fn *ask, void *arg, const char **why)
{
    enum head2_status st;
    struct pbes2 e;
    char text[HEAD2_PASSPHRASE_MAX];
    struct passphrase pass = {text, 0};
    uint8_t plain[HEAD2_KEY_MAX_FILE];
    size_t plain_len = 0;

    HEAD2_TRY(pbes2_parse(&e, c->der, c->len, why));
    *why = "the key is encrypted, and there is no passphrase";
    if (ask == NULL)
        HEAD2_TRY(HEAD2_E_PASSPHRASE);
    HEAD2_TRY(ask(arg, text, &pass.len));
    if (pass.len > sizeof text)
        HEAD2_TRY(HEAD2_E_PASSPHRASE);
    *why = "the passphrase is wrong, or the file is damaged";
    HEAD2_TRY(pbes2_decrypt(plain, &plain_len, &e, &pass));
    HEAD2_TRY(pkcs8_decode(out, plain, plain_len, why));

done:
    head2_wipe(text, sizeof text);
    head2_wipe(plain, sizeof plain);
    return st;
}

enum head2_status head2_key_read(struct head2_key **out, const uint8_t *buf, size_t len,
                                 head2_passphrase_fn *ask, void *arg, const char **why)
{
    enum head2_status st;
    struct content c;
    const char *ignored;

    *out = NULL;
    if (why == NULL)
        why = &ignored;
    *why = "the key cannot be used";
    HEAD2_TRY(open_content(&c, buf, len, why));
    if (c.kind == KEY_PUBLIC)
        HEAD2_TRY(spki_decode(out, c.der, c.len, why));
    else if (c.kind == KEY_PRIVATE)
        HEAD2_TRY(pkcs8_decode(out, c.der, c.len, why));
    else
        HEAD2_TRY(read_encrypted(out, &c, ask, arg, why));
    *why = "the key is good";

done:
    head2_wipe(&c, sizeof c);
    return st;
}
