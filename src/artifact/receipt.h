/*
 * A receipt file: the forward text reversed (see mu.h), then the protected section, which commits
 * to the text, to the receipt before and to the key that signs both.
 *
 *     <reversed text>
 *     ---
 *     type: mu_receipt
 *     version: 1
 *     index: 1842
 *     prev: "blake3:<64 hex>"            BLAKE3 of the receipt file before; zeros for the first
 *     forward_hash: "blake3:<64 hex>"
 *     key_id: "<32 hex>"
 *     signature: "<base64>"              ML-DSA over u64 index || prev || forward_hash,
 *     ---                                context head2/receipt/1
 */
#ifndef HEAD2_ARTIFACT_RECEIPT_H
#define HEAD2_ARTIFACT_RECEIPT_H

#include "artifact/receipt_text.h"
#include "artifact/signer.h"

#define RECEIPT_CONTEXT   "head2/receipt/1"
#define RECEIPT_FILE_MAX  16384
#define RECEIPT_INDEX_MAX 999999999999999999u /* 18 digits */
#define RECEIPT_NAME_MAX  200

struct receipt {
    uint64_t index;
    uint8_t prev[32];
    uint8_t forward_hash[32];
    uint8_t key_id[HEAD2_KEY_ID_BYTES];
    uint8_t sig[HEAD2_KEY_MAX_SIG];
    size_t sig_len;
    char forward[RECEIPT_FORWARD_MAX];
    size_t forward_len;
};

/* Fill forward_hash, key_id and sig from index, prev and forward. */
HEAD2_CHECK enum head2_status receipt_sign(struct receipt *r, const struct artifact_signer *s);

/* HEAD2_OK, HEAD2_E_VERIFY (the signature), HEAD2_E_ARG (not an ML-DSA key). */
HEAD2_CHECK enum head2_status receipt_check_signature(const struct receipt *r,
                                                      const struct head2_key *key);

/* The file's bytes. *len in: room; out: length. HEAD2_OK, HEAD2_E_SPACE or HEAD2_E_MALFORMED (the
 * forward text is not UTF-8). */
HEAD2_CHECK enum head2_status receipt_write(const struct receipt *r, uint8_t *out, size_t *len);

/* Strict: what receipt_write wrote and nothing else. HEAD2_OK, HEAD2_E_MALFORMED, or HEAD2_E_VERIFY
 * when all is well-formed and the text does not have the forward_hash; *why is then a phrase. */
HEAD2_CHECK enum head2_status receipt_parse(struct receipt *r, const uint8_t *file, size_t len,
                                            const char **why);

/* The parts of a file name `<index>_<kind>_<subject>_<number>.mu`. */
struct receipt_name {
    uint64_t index;
    char kind[32];
    char subject[RECEIPT_SUBJECT_MAX + 1];
    uint64_t number;
};
bool receipt_name_parse(struct receipt_name *out, const char *name);
void receipt_name_write(char out[RECEIPT_NAME_MAX], const struct receipt_name *name);
/* Whether the last lines of the forward text say what the file's name says. */
bool receipt_name_fits(const struct receipt_name *name, const struct receipt *r);

#endif
