/*
 * What receipts say: the forward text of each kind of event. Only text is made here; keeping it is
 * receipt_store.h's work.
 *
 *     # Key Rotation Event 1842
 *     Timestamp: 2025-10-28T14:32:17.000Z
 *     Old Key ID: kyber-1841
 *     …
 *     Subject: 9f3c…        (session pseudonym, or key id, as in the receipt file's name)
 *     .mu: rotation_1842.mu
 *
 * No final newline. Values are made one line: control characters and bytes that are not UTF-8
 * become '?'.
 */
#ifndef HEAD2_ARTIFACT_RECEIPT_TEXT_H
#define HEAD2_ARTIFACT_RECEIPT_TEXT_H

#include "artifact/entropy_text.h"

#define RECEIPT_FORWARD_MAX 4096 /* bytes of a forward text */
#define RECEIPT_SUBJECT_MAX 64   /* letters, digits and hyphens */

enum receipt_kind {
    RECEIPT_ROTATION,
    RECEIPT_KEYGEN,
    RECEIPT_SIGNATURE,
    RECEIPT_REVOCATION,
    RECEIPT_PROVISIONING,
    RECEIPT_FALLBACK_ENTERED,
    RECEIPT_FALLBACK_LEFT,
    RECEIPT_TAKEOVER,
    RECEIPT_VERIFICATION_FAILED,
    RECEIPT_ENTROPY_ALARM,
    RECEIPT_RESTART,
    RECEIPT_STORE,  /* an anchor of a sealed store */
    RECEIPT_KEEPER, /* what a keeper was asked to do, or how often a key was used */
    RECEIPT_KINDS
};

/* The word in a receipt's file name ("rotation"); NULL for none. */
const char *receipt_kind_name(enum receipt_kind kind);
bool receipt_subject_ok(const char *subject);

struct receipt_field {
    const char *label, *value; /* a NULL value leaves the line out */
};

struct receipt_event {
    enum receipt_kind kind;
    uint64_t number; /* of the event among its kind and subject: rotation 1842 */
    uint64_t time_ms;
    const char *subject;
    const struct receipt_field *fields;
    size_t field_count;
};

/* The forward text. *len in: room; out: length. HEAD2_OK, HEAD2_E_ARG or HEAD2_E_SPACE. */
HEAD2_CHECK enum head2_status receipt_text(const struct receipt_event *event, char *out,
                                           size_t *len);

struct receipt_keygen {
    uint64_t number, time_ms;
    const char *alg, *key_id, *file;
    bool encrypted;
    const struct entropy_text *entropy; /* of the thread that made the key, right after that */
};
HEAD2_CHECK enum head2_status receipt_text_keygen(const struct receipt_keygen *k, char *out,
                                                  size_t *len);

struct receipt_signature {
    uint64_t number, time_ms;
    const char *artifact, *form, *hash, *media_type, *signer, *alg, *key_id;
    const char *evidence; /* hash of the evidence record, or NULL */
};
HEAD2_CHECK enum head2_status receipt_text_signature(const struct receipt_signature *s, char *out,
                                                     size_t *len);

#endif
