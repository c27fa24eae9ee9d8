/*
 * A receipt as a file: the text of one entry of a ledger, reversed (see mu.h), and behind it the
 * proof that the ledger holds the entry.
 *
 *     <reversed text>
 *     ---
 *     type: mu_receipt
 *     version: 2
 *     index: 1842                          of the entry
 *     kind: rotation
 *     time: "2026-11-22T10:33:44.700Z"     as in the leaf
 *     forward_hash: "blake3:<64 hex>"      of the text
 *     tree_size: 2048                      leaves under the checkpoint
 *     inclusion: "<base64>"                the path of RFC 9162, 2.1.3, all hashes joined
 *     checkpoint: "sha256:<64 hex>"        of the checkpoint's note: the short form,
 *     ---
 *
 * or, whole, `checkpoint: |` and the note's lines, each behind two blanks but the empty one. The
 * note is the one with its origin's signature alone (checkpoint_write). The leaf is
 * u8 1 || kind || u64 time || SHA3-512(text), so the proof covers kind, time and text; forward_hash
 * is for those who look for an accident.
 *
 * Any entry can be one whose text has at most RECEIPT_FORWARD_MAX bytes.
 */
#ifndef HEAD2_ARTIFACT_RECEIPT_FILE_H
#define HEAD2_ARTIFACT_RECEIPT_FILE_H

#include "artifact/ledger.h"
#include "artifact/mu.h"

#define RECEIPT_MU_MAX 16384 /* bytes of a file */

enum receipt_proof { RECEIPT_PROOF_SHORT, RECEIPT_PROOF_WHOLE };

struct receipt_file {
    uint64_t index;
    uint8_t kind;
    uint64_t ms;
    uint8_t forward_hash[32];
    uint64_t tree_size;
    struct merkle_proof path;
    enum receipt_proof proof;
    uint8_t note_hash[32];        /* SHA-256 of the checkpoint's note */
    struct checkpoint checkpoint; /* where the proof is whole */
    char forward[RECEIPT_FORWARD_MAX];
    size_t forward_len;
};

/* Make the receipt, whole, of an entry under a checkpoint, with the nodes of the tree. HEAD2_OK,
 * HEAD2_E_LIMIT (the text is too long), HEAD2_E_MALFORMED (it is not UTF-8, or as a receipt not of
 * the entry's kind), HEAD2_E_ARG (the checkpoint does not reach the entry), or the nodes' status.
 */
HEAD2_CHECK enum head2_status receipt_file_make(struct receipt_file *r,
                                                const struct ledger_entry *e,
                                                const struct checkpoint *c,
                                                const struct merkle_nodes *nodes);

/* The same for an entry of a ledger, under the smallest checkpoint that has it. HEAD2_E_ARG: no
 * such entry. HEAD2_E_STATE: not signed yet. fault says why in every case. */
HEAD2_CHECK enum head2_status receipt_file_of(struct receipt_file *r, struct ledger *l,
                                              uint64_t index, struct ledger_fault *fault);

/* The file's bytes, in the form that r->proof says. *len in: room; out: length. HEAD2_OK,
 * HEAD2_E_SPACE or HEAD2_E_MALFORMED (the text is not UTF-8). */
HEAD2_CHECK enum head2_status receipt_file_write(const struct receipt_file *r, uint8_t *out,
                                                 size_t *len);

/* What is wrong with a file, and in which of its lines (from 1; 0: in none). */
struct receipt_file_fault {
    unsigned line;
    char what[320];
};

/*
 * Strict: what receipt_file_write wrote and nothing else. HEAD2_OK; HEAD2_E_MALFORMED; or
 * HEAD2_E_VERIFY where all is well-formed, and the text has not the forward_hash or is of another
 * kind. Where the text is not the reverse of what was hashed but turned round in another way, the
 * fault says which and where that begins.
 */
HEAD2_CHECK enum head2_status receipt_file_parse(struct receipt_file *r, const uint8_t *file,
                                                 size_t len, struct receipt_file_fault *fault);

/* Where the reversed text of a parsed file stops being the reverse of a text that has its
 * forward_hash: false where that text has not, or nothing differs. */
bool receipt_file_explain(const struct receipt_file *r, const uint8_t *file, const char *forward,
                          size_t forward_len, struct mu_difference *diff);

/* Whether the text ends as receipts of its kind do: `Subject: …`, `.mu: KIND_NUMBER.mu`. Kinds that
 * are no receipts may have any text. */
bool receipt_file_fits_kind(uint8_t kind, const char *text, size_t len);

/* The value of a line `LABEL: VALUE` of a receipt's text: whether there is one that has it. */
bool receipt_text_has(const char *text, size_t len, const char *label, const char *value);

/*
 * Whether the ledger of this key holds what a parsed file says. c: its checkpoint where the proof
 * is short; NULL for its own. HEAD2_OK, or HEAD2_E_VERIFY with *why, a phrase; HEAD2_E_ARG: not an
 * ML-DSA key.
 */
HEAD2_CHECK enum head2_status receipt_file_check(const struct receipt_file *r,
                                                 const struct checkpoint *c,
                                                 const struct head2_key *key, const char **why);

/* SHA-256 of a checkpoint's note with its origin's signature alone. */
HEAD2_CHECK enum head2_status receipt_file_note_hash(uint8_t hash[32], const struct checkpoint *c);

#endif
