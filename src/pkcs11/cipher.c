/* AES-GCM with secrets that stay inside; see module.h */
#include "pkcs11/module.h"

#include <stdlib.h>

#define TAG_BITS 128

void ciphering_reset(struct ciphering *c)
{
    head2_wipe(c->text, c->text_len);
    free(c->text);
    head2_wipe(c, sizeof *c);
}

static struct ciphering *cipher_of(struct session *s, bool encrypts)
{
    return encrypts ? &s->encrypting : &s->decrypting;
}

/* ---- beginning ---- */

static CK_RV find_key(struct session *s, CK_OBJECT_HANDLE key, bool encrypts, uint64_t *secret)
{
    struct object o;
    CK_RV rv = object_find(s, key, &o);

    if (rv != CKR_OK)
        return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_KEY_HANDLE_INVALID : rv;
    if (o.class != CKO_SECRET_KEY || o.type != CKK_AES)
        return CKR_KEY_TYPE_INCONSISTENT;
    *secret = o.secret;
    return (encrypts ? o.encrypts : o.decrypts) ? CKR_OK : CKR_KEY_FUNCTION_NOT_PERMITTED;
}

static CK_RV take_params(struct ciphering *c, const CK_MECHANISM *m)
{
    const CK_GCM_PARAMS *const p = m->param;

    if (p == NULL || m->param_len != sizeof *p || p->iv == NULL || p->iv_len != KEEPER_NONCE ||
        p->tag_bits != TAG_BITS || p->aad_len > KEEPER_AAD_MAX ||
        (p->aad == NULL && p->aad_len != 0))
        return CKR_MECHANISM_PARAM_INVALID;
    memcpy(c->nonce, p->iv, sizeof c->nonce);
    copy_bytes(c->aad, p->aad, p->aad_len);
    c->aad_len = p->aad_len;
    return CKR_OK;
}

/* messages: each brings its own parameter. */
static CK_RV begin(CK_SESSION_HANDLE session, bool encrypts, bool messages,
                   const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    struct session *s;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    struct ciphering *const c = cipher_of(s, encrypts);
    if (mechanism == NULL) { /* which cancels */
        rv = c->active ? CKR_OK : CKR_ARGUMENTS_BAD;
        ciphering_reset(c);
        return call_end(s, rv);
    }
    if (c->active)
        return call_end(s, CKR_OPERATION_ACTIVE);
    rv = mechanism->type == CKM_AES_GCM ? find_key(s, key, encrypts, &c->secret)
                                        : CKR_MECHANISM_INVALID;
    if (rv == CKR_OK && !messages)
        rv = take_params(c, mechanism);
    c->active = rv == CKR_OK;
    c->messages = messages;
    return call_end(s, rv);
}

CK_RV C_EncryptInit(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return begin(session, true, false, mechanism, key);
}

CK_RV C_DecryptInit(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return begin(session, false, false, mechanism, key);
}

CK_RV C_MessageEncryptInit(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
                           CK_OBJECT_HANDLE key)
{
    return begin(session, true, true, mechanism, key);
}

CK_RV C_MessageDecryptInit(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
                           CK_OBJECT_HANDLE key)
{
    return begin(session, false, true, mechanism, key);
}

/* The session of a call that goes on with what was begun. */
static CK_RV resume(CK_SESSION_HANDLE session, bool encrypts, bool messages, struct session **out)
{
    const CK_RV rv = call_session(session, out);

    if (rv != CKR_OK)
        return rv;
    const struct ciphering *const c = cipher_of(*out, encrypts);
    return c->active && c->messages == messages ? CKR_OK
                                                : call_end(*out, CKR_OPERATION_NOT_INITIALIZED);
}

static CK_RV end_messages(CK_SESSION_HANDLE session, bool encrypts)
{
    struct session *s;
    const CK_RV rv = resume(session, encrypts, true, &s);

    if (rv != CKR_OK)
        return rv;
    struct ciphering *const c = cipher_of(s, encrypts);
    ciphering_reset(c);
    return call_end(s, CKR_OK);
}

CK_RV C_MessageEncryptFinal(CK_SESSION_HANDLE session)
{
    return end_messages(session, true);
}

CK_RV C_MessageDecryptFinal(CK_SESSION_HANDLE session)
{
    return end_messages(session, false);
}

/* ---- asking ---- */

static CK_RV ask_keeper(struct slot *slot, struct keeper_message *ask, size_t expected,
                        struct keeper_reply *reply)
{
    const CK_RV rv = slot_ask(slot, ask, reply);

    return rv == CKR_OK && reply->m.data.len != expected ? CKR_DEVICE_ERROR : rv;
}

/* ---- one text ---- */

/* All of it at once; where there is no room for what comes of it, the operation goes on. */
static CK_RV work_on(struct session *s, bool encrypts, struct keeper_bytes text, CK_BYTE *out,
                     CK_ULONG *out_len)
{
    struct ciphering *const c = cipher_of(s, encrypts);
    struct keeper_message ask = {
        .type = encrypts ? KEEPER_ENCRYPT : KEEPER_DECRYPT,
        .handle = c->secret,
        .aad = {c->aad, c->aad_len},
        .data = text
    };
    struct keeper_reply reply = {0};
    const size_t least = encrypts ? 0 : KEEPER_TAG;
    CK_RV rv;

    memcpy(ask.nonce, c->nonce, sizeof ask.nonce);
    if (out_len == NULL || (text.at == NULL && text.len != 0)) {
        rv = CKR_ARGUMENTS_BAD;
    } else if (text.len < least || text.len - least > KEEPER_DATA_MAX) {
        rv = encrypts ? CKR_DATA_LEN_RANGE : CKR_ENCRYPTED_DATA_LEN_RANGE;
    } else {
        const size_t need = encrypts ? text.len + KEEPER_TAG : text.len - KEEPER_TAG;
        if (!output_fits(out, out_len, need, &rv))
            return rv;
        rv = ask_keeper(s->slot, &ask, need, &reply);
        if (rv == CKR_OK)
            copy_bytes(out, reply.m.data.at, need);
    }
    keeper_reply_free(&reply);
    ciphering_reset(c);
    return rv;
}

static CK_RV whole(CK_SESSION_HANDLE session, bool encrypts, struct keeper_bytes text, CK_BYTE *out,
                   CK_ULONG *out_len)
{
    struct session *s;
    const CK_RV rv = resume(session, encrypts, false, &s);

    if (rv != CKR_OK)
        return rv;
    if (cipher_of(s, encrypts)->text != NULL)
        return call_end(s, CKR_OPERATION_ACTIVE);
    return call_end(s, work_on(s, encrypts, text, out, out_len));
}

CK_RV C_Encrypt(CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *out,
                CK_ULONG *out_len)
{
    return whole(session, true, (struct keeper_bytes){data, data_len}, out, out_len);
}

CK_RV C_Decrypt(CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *out,
                CK_ULONG *out_len)
{
    return whole(session, false, (struct keeper_bytes){data, data_len}, out, out_len);
}

/* ---- a text in parts: they wait here for the last one ---- */

static CK_RV add(struct ciphering *c, struct keeper_bytes part)
{
    if (part.len > KEEPER_DATA_MAX + KEEPER_TAG - c->text_len)
        return CKR_DATA_LEN_RANGE;
    if (c->text == NULL)
        c->text = malloc(KEEPER_DATA_MAX + KEEPER_TAG);
    if (c->text == NULL)
        return CKR_HOST_MEMORY;
    copy_bytes(c->text + c->text_len, part.at, part.len);
    c->text_len += part.len;
    return CKR_OK;
}

/* Nothing comes out before the end: no byte is given away that is not authenticated. */
static CK_RV update(CK_SESSION_HANDLE session, bool encrypts, struct keeper_bytes part,
                    const CK_BYTE *out, CK_ULONG *out_len)
{
    struct session *s;
    CK_RV rv = resume(session, encrypts, false, &s);

    if (rv != CKR_OK)
        return rv;
    struct ciphering *const c = cipher_of(s, encrypts);
    if (out_len == NULL || (part.at == NULL && part.len != 0))
        rv = CKR_ARGUMENTS_BAD;
    else if (out != NULL) /* else it asks how much would come */
        rv = add(c, part);
    if (rv != CKR_OK)
        ciphering_reset(c);
    else
        *out_len = 0;
    return call_end(s, rv);
}

static CK_RV finish(CK_SESSION_HANDLE session, bool encrypts, CK_BYTE *out, CK_ULONG *out_len)
{
    struct session *s;
    const CK_RV rv = resume(session, encrypts, false, &s);

    if (rv != CKR_OK)
        return rv;
    const struct ciphering *const c = cipher_of(s, encrypts);
    return call_end(
        s, work_on(s, encrypts, (struct keeper_bytes){c->text, c->text_len}, out, out_len));
}

CK_RV C_EncryptUpdate(CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG part_len,
                      CK_BYTE *out, CK_ULONG *out_len)
{
    return update(session, true, (struct keeper_bytes){part, part_len}, out, out_len);
}

CK_RV C_DecryptUpdate(CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG part_len,
                      CK_BYTE *out, CK_ULONG *out_len)
{
    return update(session, false, (struct keeper_bytes){part, part_len}, out, out_len);
}

CK_RV C_EncryptFinal(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *out_len)
{
    return finish(session, true, out, out_len);
}

CK_RV C_DecryptFinal(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *out_len)
{
    return finish(session, false, out, out_len);
}

/* ---- messages, whose nonces the keeper may draw ---- */

static CK_RV take_message(struct keeper_message *ask, void *param, CK_ULONG param_len,
                          struct keeper_bytes aad, struct keeper_bytes data)
{
    const CK_GCM_MESSAGE_PARAMS *const p = param;

    if ((aad.at == NULL && aad.len != 0) || (data.at == NULL && data.len != 0))
        return CKR_ARGUMENTS_BAD;
    if (p == NULL || param_len != sizeof *p || p->iv == NULL || p->iv_len != KEEPER_NONCE ||
        p->tag == NULL || p->tag_bits != TAG_BITS || aad.len > KEEPER_AAD_MAX)
        return CKR_MECHANISM_PARAM_INVALID;
    ask->aad = aad;
    ask->data = data;
    if (ask->type == KEEPER_DECRYPT || p->generator == CKG_NO_GENERATE)
        memcpy(ask->nonce, p->iv, sizeof ask->nonce);
    else if ((p->generator == CKG_GENERATE || p->generator == CKG_GENERATE_RANDOM) &&
             p->iv_fixed_bits == 0)
        ask->flags = KEEPER_ENCRYPT_NONCE;
    else
        return CKR_MECHANISM_PARAM_INVALID;
    return data.len > KEEPER_DATA_MAX ? CKR_DATA_LEN_RANGE : CKR_OK;
}

CK_RV C_EncryptMessage(CK_SESSION_HANDLE session, void *param, CK_ULONG param_len,
                       const CK_BYTE *aad, CK_ULONG aad_len, const CK_BYTE *data, CK_ULONG data_len,
                       CK_BYTE *out, CK_ULONG *out_len)
{
    struct keeper_message ask = {.type = KEEPER_ENCRYPT};
    struct keeper_reply reply;
    CK_GCM_MESSAGE_PARAMS *const p = param;
    struct session *s;
    CK_RV rv = resume(session, true, true, &s);

    if (rv != CKR_OK)
        return rv;
    ask.handle = s->encrypting.secret;
    rv = out_len == NULL ? CKR_ARGUMENTS_BAD
                         : take_message(&ask, param, param_len, (struct keeper_bytes){aad, aad_len},
                                        (struct keeper_bytes){data, data_len});
    if (rv != CKR_OK || !output_fits(out, out_len, data_len, &rv))
        return call_end(s, rv);
    rv = ask_keeper(s->slot, &ask, data_len + KEEPER_TAG, &reply);
    if (rv == CKR_OK) {
        memcpy(p->iv, reply.m.nonce, KEEPER_NONCE);
        copy_bytes(out, reply.m.data.at, data_len);
        memcpy(p->tag, reply.m.data.at + data_len, KEEPER_TAG);
    }
    keeper_reply_free(&reply);
    return call_end(s, rv);
}

CK_RV C_DecryptMessage(CK_SESSION_HANDLE session, void *param, CK_ULONG param_len,
                       const CK_BYTE *aad, CK_ULONG aad_len, const CK_BYTE *data, CK_ULONG data_len,
                       CK_BYTE *out, CK_ULONG *out_len)
{
    struct keeper_message ask = {.type = KEEPER_DECRYPT};
    struct keeper_reply reply;
    const CK_GCM_MESSAGE_PARAMS *const p = param;
    struct session *s;
    CK_RV rv = resume(session, false, true, &s);

    if (rv != CKR_OK)
        return rv;
    ask.handle = s->decrypting.secret;
    rv = out_len == NULL ? CKR_ARGUMENTS_BAD
                         : take_message(&ask, param, param_len, (struct keeper_bytes){aad, aad_len},
                                        (struct keeper_bytes){data, data_len});
    if (rv != CKR_OK || !output_fits(out, out_len, data_len, &rv))
        return call_end(s, rv);
    uint8_t *const whole = malloc(data_len + KEEPER_TAG); /* the tag comes beside the text */
    if (whole == NULL)
        return call_end(s, CKR_HOST_MEMORY);
    copy_bytes(whole, data, data_len);
    memcpy(whole + data_len, p->tag, KEEPER_TAG);
    ask.data = (struct keeper_bytes){whole, data_len + KEEPER_TAG};
    rv = ask_keeper(s->slot, &ask, data_len, &reply);
    if (rv == CKR_OK)
        copy_bytes(out, reply.m.data.at, data_len);
    keeper_reply_free(&reply);
    free(whole);
    return call_end(s, rv);
}
