/*
 * A checkpoint: what a ledger says that it holds, signed. The text is that of C2SP's
 * tlog-checkpoint, the signatures are lines of a C2SP signed note:
 *
 *     head2/ledger/<key id, 32 hex digits>        the origin: one ledger of one identity
 *     2048                                        leaves
 *     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=   root
 *     2026-11-22T20:10:00.000Z
 *
 *     — head2/ledger/<key id> <base64 of 4 bytes and the signature>
 *
 * The fourth line is an extension: when. The signature is ML-DSA over the text up to the empty
 * line, context head2/checkpoint/1. The 4 bytes name the key: the first of SHA-256(name || 0x0A ||
 * 0xff || "head2/ml-dsa-87" || public key), 44 and 65 likewise. Others may add lines of their own
 * to a note (witnesses); those by names that are not the origin's are kept as they are.
 */
#ifndef HEAD2_ARTIFACT_CHECKPOINT_H
#define HEAD2_ARTIFACT_CHECKPOINT_H

#include "artifact/merkle.h"
#include "artifact/signer.h"

#define CHECKPOINT_CONTEXT    "head2/checkpoint/1"
#define CHECKPOINT_ORIGIN_MAX 64    /* with the zero byte */
#define CHECKPOINT_NOTE_MAX   65536 /* a note with the signatures of some witnesses */
#define CHECKPOINT_TEXT_MAX   256
#define CHECKPOINT_NAME_MAX   64              /* of a signature line */
#define CHECKPOINT_HINT       4               /* bytes that name a key there */
#define CHECKPOINT_DASH       "\xe2\x80\x94 " /* U+2014 and a blank open it */
#define CHECKPOINT_PREFIX     "head2/ledger/"

struct checkpoint {
    char origin[CHECKPOINT_ORIGIN_MAX];
    uint64_t size;
    uint8_t root[MERKLE_BYTES];
    uint64_t ms; /* Unix time */
    uint8_t hint[CHECKPOINT_HINT];
    uint8_t sig[HEAD2_KEY_MAX_SIG];
    size_t sig_len;
};

/* The origin of a ledger that this key signs. */
void checkpoint_origin(char out[CHECKPOINT_ORIGIN_MAX], const uint8_t key_id[HEAD2_KEY_ID_BYTES]);

/* Sign size, root and ms as this origin. key: the signer's, of which the public part is enough. */
HEAD2_CHECK enum head2_status checkpoint_sign(struct checkpoint *c,
                                              const struct artifact_signer *signer,
                                              const struct head2_key *key);

/* The note. *len in: room; out: length. HEAD2_OK or HEAD2_E_SPACE. */
HEAD2_CHECK enum head2_status checkpoint_write(const struct checkpoint *c, char *out, size_t *len);

/* Strict in what checkpoint_write wrote; further signature lines are passed over. HEAD2_OK, or
 * HEAD2_E_MALFORMED with *why, a phrase. */
HEAD2_CHECK enum head2_status checkpoint_parse(struct checkpoint *c, const char *note, size_t len,
                                               const char **why);

/* HEAD2_OK, HEAD2_E_VERIFY (another key, or the signature does not hold) or HEAD2_E_ARG (not an
 * ML-DSA key). */
HEAD2_CHECK enum head2_status checkpoint_check(const struct checkpoint *c,
                                               const struct head2_key *key);

/* How a signature line names a key: the first bytes of SHA-256(name || 0x0A || 0xff || type ||
 * "ml-dsa-87" || public key). HEAD2_OK or HEAD2_E_ARG (not an ML-DSA key, a name too long). */
HEAD2_CHECK enum head2_status checkpoint_hint(uint8_t hint[CHECKPOINT_HINT], const char *name,
                                              const char *type, const struct head2_key *key);

#endif
