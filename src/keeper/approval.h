/*
 * Approval: a key whose policy names an approver signs and decapsulates only what the approver has
 * signed for before: so many uses, until a time. An approval is for one key and one challenge,
 * which the keeper draws for a connection and forgets with the answer: none can be given twice.
 */
#ifndef HEAD2_KEEPER_APPROVAL_H
#define HEAD2_KEEPER_APPROVAL_H

#include "keeper/wire.h"

#define APPROVAL_CHALLENGE  32
#define APPROVAL_MAX_MS     UINT64_C(86400000) /* how long one is good for */
#define APPROVAL_TEXT_BYTES (APPROVAL_CHALLENGE + HEAD2_KEY_ID_BYTES + 2 + 8)

/* The approver's side: sign, and fill in everything of the request but what the caller has said:
 * key, count (uses) and until_ms. sig has HEAD2_KEY_MAX_SIG bytes and, as approver has, lasts as
 * long as ask. HEAD2_OK, or what signing returns. */
HEAD2_CHECK enum head2_status approval_sign(struct keeper_message *ask, uint8_t *sig,
                                            const uint8_t challenge[APPROVAL_CHALLENGE],
                                            const struct head2_key *approver);

/* The keeper's side: whether this is the approver's, for this challenge. HEAD2_OK; HEAD2_E_POLICY
 * (another's key, or longer than APPROVAL_MAX_MS), HEAD2_E_VERIFY, or what reading a key returns.
 */
HEAD2_CHECK enum head2_status approval_check(const struct keeper_message *ask,
                                             const uint8_t challenge[APPROVAL_CHALLENGE],
                                             const uint8_t approver[HEAD2_KEY_ID_BYTES],
                                             uint64_t utc_ms, const char **why);

#endif
