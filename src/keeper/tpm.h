/*
 * A secret that a TPM 2.0 gives back, and to nobody without what was asked for when it was sealed:
 * this TPM, a PIN, registers (PCRs) that are as they were.
 *
 * It is a sealed object under the storage key of the owner hierarchy, made from the TCG's template
 * for ECC P-256 each time, so that nothing stays in the TPM. Sessions are salted with that key and
 * encrypt the secret both ways: who listens on the bus sees neither it nor the PIN. Wrong PINs
 * count towards the TPM's own lockout. tpm_blob.h has what is kept of it.
 *
 * All talking to the TPM is done by a child process, which ends with it: what the TPM's libraries
 * leave in their buffers goes with them. So do their file descriptors, and what they load.
 */
#ifndef HEAD2_KEEPER_TPM_H
#define HEAD2_KEEPER_TPM_H

#include "keeper/tpm_blob.h"

#define TPM_SECRET_BYTES 32
#define TPM_DEFAULT      "device:/dev/tpmrm0"

/* Whether this build can. */
bool tpm_is_built_in(void);
/* HEAD2_OK: one answers at this address, as of struct tpm_access; HEAD2_E_IO: none does;
 * HEAD2_E_UNSUPPORTED. */
HEAD2_CHECK enum head2_status tpm_probe(const char *address, struct store_fault *fault);

struct tpm_access {
    const char *address; /* a TCTI as of tpm2-tss; NULL or "": TPM_DEFAULT */
    const uint8_t *pin;  /* not in memory of secmem.h, which a child does not have */
    size_t pin_len;      /* 0: none; at most TPM_PIN_MAX */
};

/* What can be said in plain words is in *fault: HEAD2_E_PASSPHRASE (another TPM, wrong PIN,
 * other registers, or locked), HEAD2_E_IO (no TPM, or it fails), HEAD2_E_POLICY (the TPM's
 * owner has set a password), HEAD2_E_ARG (registers that this TPM does not have), HEAD2_E_MALFORMED
 * (no blob), HEAD2_E_UNSUPPORTED, HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status tpm_seal(uint8_t blob[TPM_BLOB_MAX], size_t *len,
                                       const uint8_t secret[TPM_SECRET_BYTES],
                                       const struct store_pcrs *pcrs,
                                       const struct tpm_access *access, struct store_fault *fault);
HEAD2_CHECK enum head2_status tpm_unseal(uint8_t secret[TPM_SECRET_BYTES], const uint8_t *blob,
                                         size_t len, const struct tpm_access *access,
                                         struct store_fault *fault);

#endif
