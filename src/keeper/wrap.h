/*
 * The key-encryption key under a wrapping: a passphrase through scrypt (RFC 7914), or the bytes of
 * a key file or a systemd credential, or 32 bytes that a TPM gives back; then HKDF-SHA3-512, with a
 * label for each type, and AES-256-GCM over the KEK with the wrapping's own fields as additional
 * data.
 */
#ifndef HEAD2_KEEPER_WRAP_H
#define HEAD2_KEEPER_WRAP_H

#include "keeper/store_form.h"

/* 64 MiB, some 170 ms (docs/operating.md) */
#define WRAP_LOG_N    16
#define WRAP_P        1
#define WRAP_FILE_MIN 32
#define WRAP_FILE_MAX 4096

/* A passphrase, or what a key file holds. What a TPM gives is each wrapping's own: of that it has
 * the way to get it. */
struct wrap_secret {
    enum store_wrap_type type;
    const struct store_unlock *unlock;
    char label[STORE_LABEL_MAX];
    size_t len;
    uint8_t bytes[WRAP_FILE_MAX];
};

/* Ask for it, or read it; *out lies in protected memory and goes to secmem_free. The status of ask;
 * HEAD2_E_POLICY (a key file that others can read), HEAD2_E_IO, HEAD2_E_ARG, HEAD2_E_MALFORMED (too
 * short, too long), HEAD2_E_UNSUPPORTED, HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status wrap_secret_get(struct wrap_secret **out,
                                              const struct store_unlock *unlock,
                                              struct store_fault *fault);

/* Wrap a KEK. w has its number and store. HEAD2_OK, HEAD2_E_ARG (scrypt's work), HEAD2_E_ENTROPY,
 * HEAD2_E_MEMORY or HEAD2_E_CRYPTO; of a TPM what tpm.h says, in *fault too. */
HEAD2_CHECK enum head2_status wrap_seal(struct form_wrapping *w, struct wrap_secret *secret,
                                        const uint8_t kek[STORE_KEK_BYTES],
                                        struct store_fault *fault);
/* HEAD2_E_PASSPHRASE: not with this secret; of a TPM *fault says why not. */
HEAD2_CHECK enum head2_status wrap_open(uint8_t kek[STORE_KEK_BYTES], const struct form_wrapping *w,
                                        struct wrap_secret *secret, struct store_fault *fault);

#endif
