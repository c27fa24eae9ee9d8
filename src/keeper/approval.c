/* see approval.h */
#include "keeper/approval.h"

static const char context[] = "head2 keeper approval 1";

static void text_of(uint8_t out[APPROVAL_TEXT_BYTES], const struct keeper_message *ask,
                    const uint8_t challenge[APPROVAL_CHALLENGE])
{
    memcpy(out, challenge, APPROVAL_CHALLENGE);
    memcpy(out + 32, ask->key, HEAD2_KEY_ID_BYTES);
    put_be16(out + 48, ask->count);
    put_be64(out + 50, ask->until_ms);
}

enum head2_status approval_sign(struct keeper_message *ask, uint8_t *sig,
                                const uint8_t challenge[APPROVAL_CHALLENGE],
                                const struct head2_key *approver)
{
    uint8_t text[APPROVAL_TEXT_BYTES];

    ask->type = KEEPER_APPROVE;
    ask->alg = head2_key_alg(approver);
    ask->data = (struct keeper_bytes){head2_key_public(approver), head2_alg_public_bytes(ask->alg)};
    ask->sig.at = sig;
    text_of(text, ask, challenge);
    return head2_key_sign(approver, sig, &ask->sig.len, text, sizeof text, context,
                          sizeof context - 1, false);
}

enum head2_status approval_check(const struct keeper_message *ask,
                                 const uint8_t challenge[APPROVAL_CHALLENGE],
                                 const uint8_t approver[HEAD2_KEY_ID_BYTES], uint64_t utc_ms,
                                 const char **why)
{
    uint8_t text[APPROVAL_TEXT_BYTES], id[HEAD2_KEY_ID_BYTES];
    struct head2_key *key = NULL;
    enum head2_status st;

    *why = "this is no public key";
    HEAD2_TRY(head2_key_from_public(&key, ask->alg, ask->data.at, ask->data.len));
    head2_key_id(key, id);
    *why = "this is not the approver that the key's policy names";
    st = HEAD2_E_POLICY;
    if (memcmp(id, approver, sizeof id) != 0)
        goto done;
    *why = "an approval is for one use or more, and ends within a day";
    if (ask->count == 0 || ask->until_ms <= utc_ms || ask->until_ms - utc_ms > APPROVAL_MAX_MS)
        goto done;
    *why = "the approver has not signed this";
    text_of(text, ask, challenge);
    st = head2_key_verify(key, text, sizeof text, context, sizeof context - 1, ask->sig.at,
                          ask->sig.len);
done:
    head2_key_free(key);
    return st;
}
