/*
 * The conversation with a TPM, which tpm.c has a child process hold. HEAD2_TPM: where this is
 * built with tpm2-tss; otherwise there is no tpm_talk.
 */
#ifndef HEAD2_KEEPER_TPM_TALK_H
#define HEAD2_KEEPER_TPM_TALK_H

#include "keeper/tpm.h"

enum tpm_task { TPM_PROBE, TPM_SEAL, TPM_UNSEAL };

struct tpm_question {
    enum tpm_task task;
    const struct tpm_access *access;
    const struct store_pcrs *pcrs; /* to seal */
    const uint8_t *in;             /* the secret, or a blob */
    size_t len;
};

/* Small enough to come through a pipe in one piece. */
struct tpm_answer {
    enum head2_status st;
    struct store_fault fault;
    size_t len;
    uint8_t out[TPM_BLOB_MAX]; /* a blob, or the secret */
};

void tpm_talk(struct tpm_answer *answer, const struct tpm_question *question);

#endif
