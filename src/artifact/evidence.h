/*
 * Evidence that a ledger's signer has signed two histories, which anybody can judge with the
 * signer's public key alone:
 *
 *     {"head2_evidence": 1, "checkpoints": ["<note>", "<note>"]}
 *
 * of one size with two roots; or, where the second is larger,
 *
 *     {"head2_evidence": 1, "checkpoints": ["<note>", "<note>"], "root": "<base64>",
 *      "proof": ["<base64>", …]}
 *
 * with the root that the second one's history has at the size of the first, and the consistency
 * proof (RFC 9162, 2.1.4) that it does: another one than the first was signed with.
 */
#ifndef HEAD2_ARTIFACT_EVIDENCE_H
#define HEAD2_ARTIFACT_EVIDENCE_H

#include "artifact/checkpoint.h"

#include <jansson.h>

#define EVIDENCE_MAX 1048576 /* bytes as JSON */

/* Two notes, the smaller tree first. nodes: of the second's tree; not asked for one size. HEAD2_OK,
 * HEAD2_E_VERIFY (they prove nothing) with *why, or get's. */
HEAD2_CHECK enum head2_status evidence_make(json_t **out, const char *first, size_t first_len,
                                            const char *second, size_t second_len,
                                            const struct merkle_nodes *nodes,
                                            const struct head2_key *key, const char **why);

struct evidence {
    struct checkpoint first, second;
    uint8_t root[MERKLE_BYTES]; /* of the second's history, at the size of the first */
};

/* HEAD2_OK: the signer has signed two histories. HEAD2_E_MALFORMED, HEAD2_E_VERIFY (it does not
 * show that) with *why. */
HEAD2_CHECK enum head2_status evidence_judge(struct evidence *out, const json_t *o,
                                             const struct head2_key *key, const char **why);

/* Parse JSON text: NULL where it is no evidence. */
json_t *evidence_load(const char *text, size_t len);

#endif
