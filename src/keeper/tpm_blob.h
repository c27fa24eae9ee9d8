/*
 * What is kept of a secret that a TPM has sealed, and the names of its registers (PCRs). Needs no
 * TPM. docs/formats.md has the table.
 */
#ifndef HEAD2_KEEPER_TPM_BLOB_H
#define HEAD2_KEEPER_TPM_BLOB_H

#include "keeper/store.h"

#define TPM_BLOB_MAX   2048
#define TPM_PIN_MAX    32 /* as long as the hash of an object's name */
#define TPM_NAME_BYTES 34 /* an algorithm's number, SHA-256 */
#define TPM_PCRS_TEXT  80

struct tpm_blob {
    bool has_pin;
    struct store_pcrs pcrs;
    uint8_t parent[TPM_NAME_BYTES]; /* the storage key's name: which TPM it is */
    /* TPM2B_PUBLIC and TPM2B_PRIVATE, with their lengths; they point into what was read */
    const uint8_t *public, *private;
    size_t public_len, private_len;
};

/* Its length, at most TPM_BLOB_MAX; 0: it does not fit. */
size_t tpm_blob_write(uint8_t out[TPM_BLOB_MAX], const struct tpm_blob *b);
/* HEAD2_OK, HEAD2_E_MALFORMED, or HEAD2_E_UNSUPPORTED (a later version). What is accepted is
 * written again as the same bytes. */
HEAD2_CHECK enum head2_status tpm_blob_read(struct tpm_blob *b, const uint8_t *in, size_t len);

/* "sha256:0,7": each register once, 0 to 23, of the bank sha256, sha384 or sha512. */
HEAD2_CHECK enum head2_status tpm_pcrs_read(struct store_pcrs *out, const char *text);
/* In that form, in order; "" for none. */
void tpm_pcrs_write(char out[TPM_PCRS_TEXT], const struct store_pcrs *pcrs);

#endif
