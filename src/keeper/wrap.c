/* see wrap.h */
#include "keeper/wrap.h"

#include "base/secmem.h"
#include "keeper/store_db.h"
#include "keeper/tpm.h"

#include <errno.h>
#include <fcntl.h>
#include <head2/hash.h>
#include <head2/random.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What libcrypto may take: it counts a little more than 128 N r. */
#define SCRYPT_MEMORY ((UINT64_C(128) * FORM_R << FORM_LOG_N_MAX) + (1U << 20))

/* ---- secrets ---- */

static enum head2_status read_open(struct wrap_secret *secret, int fd, const char *path,
                                   struct store_fault *fault)
{
    uint8_t bytes[WRAP_FILE_MAX + 1]; /* read(2) does not reach memory of secmem.h */
    struct stat info;
    size_t len = 0;
    ssize_t n = 1;
    enum head2_status st = HEAD2_OK;

    while (n > 0 && len < sizeof bytes) {
        n = read(fd, bytes + len, sizeof bytes - len);
        len += n > 0 ? (size_t)n : 0;
    }
    /* a credential's mode is the service manager's to choose, and shows its access list */
    if (n < 0 || fstat(fd, &info) != 0)
        st = store_say_errno(fault, path, "cannot be read");
    else if (secret->type == STORE_WRAP_KEY_FILE && (info.st_mode & 077) != 0)
        st = store_say(HEAD2_E_POLICY, fault, path,
                       "chmod 600 it; if others may have read it, rewrap with a new one",
                       "the key file can be read by others");
    else if (len < WRAP_FILE_MIN || len > WRAP_FILE_MAX)
        st = store_say(HEAD2_E_MALFORMED, fault, path, "head -c 32 /dev/urandom makes one",
                       "a key file has %d to %d bytes", WRAP_FILE_MIN, WRAP_FILE_MAX);
    if (st == HEAD2_OK) {
        memcpy(secret->bytes, bytes, len);
        secret->len = len;
    }
    head2_wipe(bytes, sizeof bytes);
    return st;
}

static enum head2_status read_secret(struct wrap_secret *secret, const char *path,
                                     struct store_fault *fault)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0)
        return store_say_errno(fault, path, "cannot be opened");
    const enum head2_status st = read_open(secret, fd, path, fault);
    close(fd);
    return st;
}

static enum head2_status read_credential(struct wrap_secret *secret, const char *name,
                                         struct store_fault *fault)
{
    const char *const folder = getenv("CREDENTIALS_DIRECTORY");
    char path[PATH_MAX];

    if (name == NULL || name[0] == 0 || name[0] == '.' || strchr(name, '/') != NULL ||
        snprintf(secret->label, sizeof secret->label, "%s", name) >= (int)sizeof secret->label ||
        !form_label_ok(secret->label))
        return store_say(HEAD2_E_ARG, fault, "credential",
                         "give the name of LoadCredential=", "this is no credential's name");
    if (folder == NULL || folder[0] == 0)
        return store_say(HEAD2_E_POLICY, fault, name,
                         "start it as a service with LoadCredential= or LoadCredentialEncrypted=",
                         "there are no credentials: CREDENTIALS_DIRECTORY is not set");
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return HEAD2_E_ARG;
    return read_secret(secret, path, fault);
}

static enum head2_status ask(struct wrap_secret *secret, const struct store_unlock *unlock,
                             struct store_fault *fault)
{
    char text[HEAD2_PASSPHRASE_MAX];
    size_t len = 0;
    enum head2_status st = HEAD2_E_PASSPHRASE;

    if (unlock->ask != NULL)
        st = unlock->ask(unlock->arg, text, &len);
    if (st == HEAD2_OK && (len == 0 || len > sizeof text))
        st = HEAD2_E_PASSPHRASE;
    if (st == HEAD2_OK) {
        memcpy(secret->bytes, text, len);
        secret->len = len;
    } else if (fault->what[0] == 0) {
        store_say(st, fault, "passphrase", "give one of 1 to 1024 bytes", "there is none");
    }
    head2_wipe(text, sizeof text);
    return st;
}

enum head2_status wrap_secret_get(struct wrap_secret **out, const struct store_unlock *unlock,
                                  struct store_fault *fault)
{
    enum head2_status st = HEAD2_E_ARG;
    void *memory = NULL;

    *out = NULL;
    if (secmem_new(&memory, sizeof **out, SECMEM_LONG_TERM) != HEAD2_OK)
        return HEAD2_E_MEMORY;
    struct wrap_secret *const secret = memory;
    secret->type = unlock->type;
    secret->unlock = unlock;
    if (unlock->type == STORE_WRAP_PASSPHRASE)
        st = ask(secret, unlock, fault);
    else if (unlock->type == STORE_WRAP_KEY_FILE && unlock->path != NULL)
        st = read_secret(secret, unlock->path, fault);
    else if (unlock->type == STORE_WRAP_CREDENTIAL)
        st = read_credential(secret, unlock->path, fault);
    else if (unlock->type == STORE_WRAP_TPM)
        st = HEAD2_OK;
    if (st == HEAD2_OK)
        *out = secret;
    else
        secmem_free(secret);
    return st;
}

/* ---- of a TPM ---- */

/* The PIN: on the stack, as a child of this process does not have memory of secmem.h. */
struct pin {
    struct tpm_access access;
    uint8_t bytes[HEAD2_PASSPHRASE_MAX];
};

static enum head2_status ask_pin(struct pin *pin, struct wrap_secret *secret,
                                 struct store_fault *fault)
{
    const enum head2_status st = ask(secret, secret->unlock, fault);

    if (st == HEAD2_OK && secret->len > TPM_PIN_MAX)
        return store_say(HEAD2_E_ARG, fault, "PIN", "give a shorter one",
                         "a TPM takes a PIN of up to %d bytes", TPM_PIN_MAX);
    if (st == HEAD2_OK) {
        memcpy(pin->bytes, secret->bytes, secret->len);
        pin->access.pin = pin->bytes;
        pin->access.pin_len = secret->len;
    }
    return st;
}

/* 32 random bytes, which the TPM of this wrapping gives back. */
static enum head2_status seal_by_tpm(struct form_wrapping *w, struct wrap_secret *secret,
                                     struct store_fault *fault)
{
    struct pin pin = {.access.address = secret->unlock->path};
    uint8_t fresh[TPM_SECRET_BYTES]; /* likewise */
    enum head2_status st = HEAD2_OK;

    if (secret->unlock->ask != NULL)
        HEAD2_TRY(ask_pin(&pin, secret, fault));
    HEAD2_TRY(head2_random_key(fresh, sizeof fresh));
    HEAD2_TRY(tpm_seal(w->extra, &w->extra_len, fresh, &secret->unlock->pcrs, &pin.access, fault));
    memcpy(secret->bytes, fresh, sizeof fresh);
    secret->len = sizeof fresh;
    w->about.has_pin = pin.access.pin_len != 0;
    w->about.pcrs = secret->unlock->pcrs;
done:
    head2_wipe(&pin, sizeof pin);
    head2_wipe(fresh, sizeof fresh);
    return st;
}

static enum head2_status unseal_by_tpm(const struct form_wrapping *w, struct wrap_secret *secret,
                                       struct store_fault *fault)
{
    struct pin pin = {.access.address = secret->unlock->path};
    uint8_t got[TPM_SECRET_BYTES];
    enum head2_status st = HEAD2_OK;

    if (w->about.has_pin)
        HEAD2_TRY(ask_pin(&pin, secret, fault));
    HEAD2_TRY(tpm_unseal(got, w->extra, w->extra_len, &pin.access, fault));
    memcpy(secret->bytes, got, sizeof got);
    secret->len = sizeof got;
done:
    head2_wipe(&pin, sizeof pin);
    head2_wipe(got, sizeof got);
    return st;
}

/* ---- wrapping ---- */

static const char *context_of(enum store_wrap_type type)
{
    static const char *const contexts[] = {
        [STORE_WRAP_PASSPHRASE] = "HEAD-2 store 1: KEK under a passphrase",
        [STORE_WRAP_KEY_FILE] = "HEAD-2 store 1: KEK under a key file",
        [STORE_WRAP_CREDENTIAL] = "HEAD-2 store 1: KEK under a credential",
        [STORE_WRAP_TPM] = "HEAD-2 store 1: KEK under a TPM",
    };

    return contexts[type];
}

static enum head2_status derive(uint8_t key[32], const struct form_wrapping *w,
                                const struct wrap_secret *secret)
{
    const struct store_wrapping *const a = &w->about;
    const char *const context = context_of(a->type);
    uint8_t stretched[32], prk[64];
    const uint8_t *from = secret->bytes;
    size_t len = secret->len;
    enum head2_status st = HEAD2_OK;

    if (a->type == STORE_WRAP_PASSPHRASE) {
        if (EVP_PBE_scrypt((const char *)secret->bytes, secret->len, w->salt, sizeof w->salt,
                           UINT64_C(1) << a->log_n, a->r, a->p, SCRYPT_MEMORY, stretched,
                           sizeof stretched) != 1)
            HEAD2_TRY(HEAD2_E_CRYPTO);
        from = stretched;
        len = sizeof stretched;
    }
    head2_hkdf_sha3_512_extract(prk, w->salt, sizeof w->salt, from, len);
    st = head2_hkdf_sha3_512_expand(key, 32, prk, context, strlen(context));
done:
    ERR_clear_error();
    head2_wipe(stretched, sizeof stretched);
    head2_wipe(prk, sizeof prk);
    return st;
}

/* The label that stands before the fields of a wrapping in the additional data. */
static const char title[] = "HEAD-2 store 1: wrapping";

struct additional {
    size_t len;
    uint8_t bytes[sizeof title - 1 + FORM_WRAPPING_AAD];
};

static void additional_of(struct additional *out, const struct form_wrapping *w)
{
    memcpy(out->bytes, title, sizeof title - 1);
    out->len = sizeof title - 1 + form_wrapping_aad(out->bytes + sizeof title - 1, w);
}

static enum head2_status run(struct form_wrapping *w, uint8_t *kek_out, const uint8_t *kek_in,
                             const struct wrap_secret *secret)
{
    struct head2_aead *aead = NULL;
    struct additional aad;
    uint8_t key[32];
    enum head2_status st;

    additional_of(&aad, w);
    HEAD2_TRY(derive(key, w, secret));
    HEAD2_TRY(head2_aead_new(&aead));
    HEAD2_TRY(head2_aead_set_key(aead, key, sizeof key));
    if (kek_in != NULL)
        st =
            head2_aead_seal(aead, w->sealed, w->nonce, aad.bytes, aad.len, kek_in, STORE_KEK_BYTES);
    else
        st = head2_aead_open(aead, kek_out, w->nonce, aad.bytes, aad.len, w->sealed,
                             sizeof w->sealed);
done:
    head2_wipe(key, sizeof key);
    head2_aead_free(aead);
    return st;
}

enum head2_status wrap_seal(struct form_wrapping *w, struct wrap_secret *secret,
                            const uint8_t kek[STORE_KEK_BYTES], struct store_fault *fault)
{
    const unsigned log_n = secret->unlock->log_n;
    enum head2_status st;

    w->about.type = secret->type;
    memcpy(w->about.label, secret->label, sizeof secret->label);
    w->extra_len = 0;
    if (secret->type == STORE_WRAP_PASSPHRASE) {
        w->about.log_n = log_n != 0 ? log_n : WRAP_LOG_N;
        w->about.r = FORM_R;
        w->about.p = WRAP_P;
        if (w->about.log_n < FORM_LOG_N_MIN || w->about.log_n > FORM_LOG_N_MAX)
            return HEAD2_E_ARG;
    }
    if (secret->type == STORE_WRAP_TPM)
        HEAD2_TRY(seal_by_tpm(w, secret, fault));
    HEAD2_TRY(head2_random(w->salt, sizeof w->salt));
    HEAD2_TRY(head2_random(w->nonce, sizeof w->nonce));
    st = run(w, NULL, kek, secret);
done:
    return st;
}

enum head2_status wrap_open(uint8_t kek[STORE_KEK_BYTES], const struct form_wrapping *w,
                            struct wrap_secret *secret, struct store_fault *fault)
{
    struct form_wrapping copy = *w;
    enum head2_status st;

    if (w->about.type != secret->type)
        return HEAD2_E_PASSPHRASE;
    if (secret->type == STORE_WRAP_TPM)
        HEAD2_TRY(unseal_by_tpm(w, secret, fault));
    st = run(&copy, kek, NULL, secret);
done:
    return st == HEAD2_E_VERIFY ? HEAD2_E_PASSPHRASE : st;
}
