/*
 * Cosignatures: what a witness adds to another ledger's checkpoint, once it has seen that the
 * ledger has only grown since the last one that it has cosigned. A line of the note:
 *
 *     — head2/witness/<key id> <base64 of hint(4) || u64 Unix ms || signature>
 *
 * The signature is ML-DSA over u8 n || name (n bytes) || u64 ms || the note's text, context
 * head2/cosignature/1. It says: at this time the largest consistent tree that this witness had seen
 * of this ledger was that of the text. The form is that of C2SP's tlog-cosignature, with a type of
 * its own: 0xff and head2/cosignature/ml-dsa-87 (or -65, -44), and milliseconds.
 */
#ifndef HEAD2_ARTIFACT_COSIGNATURE_H
#define HEAD2_ARTIFACT_COSIGNATURE_H

#include "artifact/checkpoint.h"

#define COSIGNATURE_CONTEXT "head2/cosignature/1"

struct cosignature {
    char name[CHECKPOINT_NAME_MAX + 1];
    uint8_t hint[CHECKPOINT_HINT];
    uint64_t ms;
    uint8_t sig[HEAD2_KEY_MAX_SIG];
    size_t sig_len;
};

/* The name of a witness that has none: head2/witness/<key id>. */
void cosignature_name(char out[CHECKPOINT_NAME_MAX + 1], const struct head2_key *key);
/* 1 to 64 characters of printable ASCII without blank and plus, not a ledger's. */
bool cosignature_name_ok(const char *name);

/*
 * Add a line to a note, in place of one by the same name.
 *
 * note  a good checkpoint; *len in: its length; out: the new one. room is all that there is
 * key   the witness's, of which the public part is enough
 *
 * HEAD2_OK, HEAD2_E_ARG (no such name or time, not an ML-DSA key), HEAD2_E_SPACE, or the signer's.
 */
HEAD2_CHECK enum head2_status cosignature_add(char *note, size_t *len, size_t room,
                                              const char *name,
                                              const struct artifact_signer *signer,
                                              const struct head2_key *key, uint64_t ms);

/* The next signature line of a note that has the form of a cosignature; *at is 0 at first. */
bool cosignature_next(struct cosignature *c, const char *note, size_t len, size_t *at);

/* A line of this key, which holds. HEAD2_OK; HEAD2_E_STATE (none of this key), HEAD2_E_VERIFY (one,
 * and it does not hold), HEAD2_E_ARG (not an ML-DSA key). */
HEAD2_CHECK enum head2_status cosignature_check(struct cosignature *c, const char *note, size_t len,
                                                const struct head2_key *key);

#endif
