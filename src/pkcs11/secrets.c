/*
 * Secrets that come of a KEM and of each other; see module.h. They are the keeper's: what is here
 * is the number that it calls them by.
 */
#include "pkcs11/module.h"

static const CK_ATTRIBUTE_TYPE known[] = {
    CKA_CLASS,   CKA_TOKEN,   CKA_PRIVATE, CKA_LABEL,     CKA_KEY_TYPE,    CKA_VALUE_LEN,
    CKA_ENCRYPT, CKA_DECRYPT, CKA_DERIVE,  CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_ID,
    CKA_SIGN,    CKA_VERIFY,  CKA_WRAP,    CKA_UNWRAP,    CKA_MODIFIABLE,  CKA_COPYABLE,
};

/* What must be as it is: these secrets sign nothing, wrap nothing and do not last. */
static CK_RV check_fixed(const CK_ATTRIBUTE *template, CK_ULONG count)
{
    static const CK_ATTRIBUTE_TYPE never[] = {CKA_TOKEN, CKA_SIGN,   CKA_VERIFY,
                                              CKA_WRAP,  CKA_UNWRAP, CKA_COPYABLE};
    CK_ULONG class = CKO_SECRET_KEY;
    bool is = true;
    CK_RV rv = template_ulong(template, count, CKA_CLASS, &class);

    if (rv == CKR_OK)
        rv = template_bool(template, count, CKA_PRIVATE, &is);
    if (rv == CKR_OK && (class != CKO_SECRET_KEY || !is))
        rv = CKR_TEMPLATE_INCONSISTENT;
    for (size_t i = 0; i < HEAD2_LEN(never) && rv == CKR_OK; i++) {
        is = false;
        rv = template_bool(template, count, never[i], &is);
        if (rv == CKR_OK && is)
            rv = CKR_TEMPLATE_INCONSISTENT;
    }
    return rv;
}

/* A use that is there where what the secret comes of allows it and the template does not take it
 * away. */
static CK_RV take_use(const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type,
                      bool allowed, bool *out)
{
    CK_RV rv;

    *out = allowed;
    rv = template_bool(template, count, type, out);
    return rv == CKR_OK && *out && !allowed ? CKR_TEMPLATE_INCONSISTENT : rv;
}

/* Whether the secret may leave: where the template wants it, and what it comes of allows it. */
static CK_RV take_extractable(const CK_ATTRIBUTE *template, CK_ULONG count, struct object *o)
{
    const uint16_t needed = KEEPER_MAY_DERIVE | KEEPER_MAY_OUTPUT;
    bool sensitive;
    CK_RV rv = template_bool(template, count, CKA_EXTRACTABLE, &o->extractable);

    sensitive = !o->extractable;
    if (rv == CKR_OK)
        rv = template_bool(template, count, CKA_SENSITIVE, &sensitive);
    if (rv == CKR_OK && sensitive == o->extractable)
        rv = CKR_TEMPLATE_INCONSISTENT;
    return rv == CKR_OK && o->extractable && (o->policy.purposes & needed) != needed
               ? CKR_TEMPLATE_INCONSISTENT
               : rv;
}

/* The template of a new secret. o has the purposes of what it comes of, and its length where that
 * is not for the template to say (else 0). */
static CK_RV take_template(const CK_ATTRIBUTE *template, CK_ULONG count, struct object *o)
{
    CK_ULONG type = CKK_GENERIC_SECRET, len = o->len;
    CK_RV rv = check_fixed(template, count);

    if (!template_knows(template, count, known, HEAD2_LEN(known)))
        return CKR_ATTRIBUTE_TYPE_INVALID;
    if (rv == CKR_OK)
        rv = template_ulong(template, count, CKA_KEY_TYPE, &type);
    if (rv == CKR_OK)
        rv = template_ulong(template, count, CKA_VALUE_LEN, &len);
    if (rv == CKR_OK && type != CKK_GENERIC_SECRET && type != CKK_AES)
        rv = CKR_ATTRIBUTE_VALUE_INVALID;
    if (rv == CKR_OK && len == 0)
        rv = CKR_TEMPLATE_INCOMPLETE;
    if (rv == CKR_OK &&
        ((o->len != 0 && len != o->len) || len > 64 || (type == CKK_AES && len != 16 && len != 32)))
        rv = CKR_ATTRIBUTE_VALUE_INVALID;
    o->class = CKO_SECRET_KEY;
    o->type = type;
    o->len = len;
    const bool ciphers = type == CKK_AES && (o->policy.purposes & KEEPER_MAY_SEAL) != 0;
    const bool derives =
        type == CKK_GENERIC_SECRET && (o->policy.purposes & KEEPER_MAY_DERIVE) != 0;
    if (rv == CKR_OK)
        rv = take_use(template, count, CKA_ENCRYPT, ciphers, &o->encrypts);
    if (rv == CKR_OK)
        rv = take_use(template, count, CKA_DECRYPT, ciphers, &o->decrypts);
    if (rv == CKR_OK)
        rv = take_use(template, count, CKA_DERIVE, derives, &o->derives);
    if (rv == CKR_OK)
        rv = take_extractable(template, count, o);
    return rv == CKR_OK ? template_label(template, count, o->label) : rv;
}

/* Ask for a secret and keep its object; *reply is the caller's to free. */
static CK_RV make(struct session *s, struct keeper_message *ask, struct keeper_reply *reply,
                  struct object *o, CK_OBJECT_HANDLE *out)
{
    CK_RV rv = slot_ask(s->slot, ask, reply);

    if (rv != CKR_OK)
        return rv;
    o->secret = reply->m.handle;
    rv = object_keep(s, o, out);
    if (rv != CKR_OK)
        secret_forget(s->slot, o->secret);
    return rv;
}

/* ---- KEM ---- */

static CK_RV find_kem_key(struct session *s, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
                          CK_OBJECT_CLASS class, struct object *out)
{
    const uint16_t purpose =
        class == CKO_PUBLIC_KEY ? KEEPER_MAY_ENCAPSULATE : KEEPER_MAY_DECAPSULATE;
    CK_RV rv;

    if (mechanism->type != CKM_ML_KEM)
        return CKR_MECHANISM_INVALID;
    if (mechanism->param_len != 0)
        return CKR_MECHANISM_PARAM_INVALID;
    rv = object_find(s, key, out);
    if (rv != CKR_OK)
        return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_KEY_HANDLE_INVALID : rv;
    if (out->class != class || head2_alg_is_signature(out->alg))
        return CKR_KEY_TYPE_INCONSISTENT;
    return (out->policy.purposes & purpose) != 0 ? CKR_OK : CKR_KEY_FUNCTION_NOT_PERMITTED;
}

/* To a key of the keeper's, or to somebody's: then the keeper gets the public key. */
static CK_RV encapsulate(struct session *s, struct object *key, struct object *o, CK_BYTE *ct,
                         CK_OBJECT_HANDLE *out)
{
    struct keeper_message ask = {.type = KEEPER_ENCAPSULATE};
    struct keeper_reply reply = {0};
    struct value info = {.len = 0};
    CK_RV rv = CKR_OK;

    if (key->owner == 0)
        memcpy(ask.key, key->id, sizeof ask.key);
    else
        rv = attribute_get(s->slot, key, CKA_PUBLIC_KEY_INFO, &info);
    ask.data = (struct keeper_bytes){info.bytes, info.len};
    if (rv == CKR_OK)
        rv = make(s, &ask, &reply, o, out);
    if (rv == CKR_OK && reply.m.data.len != head2_alg_ct_bytes(key->alg))
        rv = CKR_DEVICE_ERROR;
    if (rv == CKR_OK)
        memcpy(ct, reply.m.data.at, reply.m.data.len);
    keeper_reply_free(&reply);
    return rv;
}

CK_RV C_EncapsulateKey(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
                       CK_OBJECT_HANDLE public_key, const CK_ATTRIBUTE *template, CK_ULONG count,
                       CK_BYTE *ct, CK_ULONG *ct_len, CK_OBJECT_HANDLE *out)
{
    struct session *s;
    struct object key, o = {.len = sizeof(struct head2_secret32)};
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    if (mechanism == NULL || ct_len == NULL || !template_ok(template, count))
        return call_end(s, CKR_ARGUMENTS_BAD);
    rv = find_kem_key(s, mechanism, public_key, CKO_PUBLIC_KEY, &key);
    if (rv != CKR_OK || !output_fits(ct, ct_len, head2_alg_ct_bytes(key.alg), &rv))
        return call_end(s, rv);
    if (out == NULL)
        return call_end(s, CKR_ARGUMENTS_BAD);
    o.policy.purposes = key.owner != 0 ? KEEPER_MAY_ALL : key.policy.purposes;
    rv = take_template(template, count, &o);
    if (rv == CKR_OK)
        rv = encapsulate(s, &key, &o, ct, out);
    return call_end(s, rv);
}

CK_RV C_DecapsulateKey(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
                       CK_OBJECT_HANDLE private_key, const CK_ATTRIBUTE *template, CK_ULONG count,
                       const CK_BYTE *ct, CK_ULONG ct_len, CK_OBJECT_HANDLE *out)
{
    struct keeper_message ask = {.type = KEEPER_DECAPSULATE};
    struct keeper_reply reply = {0};
    struct session *s;
    struct object key, o = {.len = sizeof(struct head2_secret32)};
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    if (mechanism == NULL || ct == NULL || out == NULL || !template_ok(template, count))
        return call_end(s, CKR_ARGUMENTS_BAD);
    rv = find_kem_key(s, mechanism, private_key, CKO_PRIVATE_KEY, &key);
    if (rv == CKR_OK && ct_len != head2_alg_ct_bytes(key.alg))
        rv = CKR_WRAPPED_KEY_LEN_RANGE;
    o.policy.purposes = key.policy.purposes;
    if (rv == CKR_OK)
        rv = take_template(template, count, &o);
    memcpy(ask.key, key.id, sizeof ask.key);
    ask.data = (struct keeper_bytes){ct, ct_len};
    if (rv == CKR_OK)
        rv = make(s, &ask, &reply, &o, out);
    keeper_reply_free(&reply);
    return call_end(s, rv);
}

/* ---- derivation ---- */

static CK_RV take_hkdf(const CK_MECHANISM *m, struct keeper_message *ask)
{
    const CK_HKDF_PARAMS *const p = m->param;

    if (m->type != CKM_HKDF_DERIVE)
        return CKR_MECHANISM_INVALID;
    if (p == NULL || m->param_len != sizeof *p || p->extract != CK_TRUE || p->expand != CK_TRUE ||
        (p->info == NULL && p->info_len != 0) || p->info_len > KEEPER_DATA_MAX)
        return CKR_MECHANISM_PARAM_INVALID;
    ask->flags = p->hash == CKM_SHA256   ? KEEPER_DERIVE_SHA256
                 : p->hash == CKM_SHA384 ? KEEPER_DERIVE_SHA384
                 : p->hash == CKM_SHA512 ? KEEPER_DERIVE_SHA512
                                         : 0;
    ask->data = (struct keeper_bytes){p->info, p->info_len};
    if (p->salt_type == CKF_HKDF_SALT_DATA)
        ask->context = (struct keeper_bytes){p->salt, p->salt_len};
    return ask->flags == 0 ||
                   (p->salt_type != CKF_HKDF_SALT_DATA && p->salt_type != CKF_HKDF_SALT_NULL) ||
                   ask->context.len > KEEPER_CONTEXT_MAX ||
                   (ask->context.at == NULL && ask->context.len != 0)
               ? CKR_MECHANISM_PARAM_INVALID
               : CKR_OK;
}

CK_RV C_DeriveKey(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
                  CK_OBJECT_HANDLE base_key, const CK_ATTRIBUTE *template, CK_ULONG count,
                  CK_OBJECT_HANDLE *out)
{
    struct keeper_message ask = {.type = KEEPER_DERIVE};
    struct keeper_reply reply = {0};
    struct session *s;
    struct object base, o = {.len = 0};
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    if (mechanism == NULL || out == NULL || !template_ok(template, count))
        return call_end(s, CKR_ARGUMENTS_BAD);
    rv = take_hkdf(mechanism, &ask);
    if (rv == CKR_OK)
        rv = object_find(s, base_key, &base);
    if (rv == CKR_OBJECT_HANDLE_INVALID)
        rv = CKR_KEY_HANDLE_INVALID;
    if (rv == CKR_OK && base.class != CKO_SECRET_KEY)
        rv = CKR_KEY_TYPE_INCONSISTENT;
    if (rv == CKR_OK && !base.derives)
        rv = CKR_KEY_FUNCTION_NOT_PERMITTED;
    if (rv == CKR_OK) {
        o.policy.purposes = base.policy.purposes;
        rv = take_template(template, count, &o);
    }
    if (rv == CKR_OK) {
        ask.handle = base.secret;
        ask.count = (uint16_t)o.len;
        rv = make(s, &ask, &reply, &o, out);
    }
    keeper_reply_free(&reply);
    return call_end(s, rv);
}

/* ---- what does not happen here ---- */

/* Keys do not leave wrapped. */
CK_RV C_WrapKey(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping,
                CK_OBJECT_HANDLE key, CK_BYTE *out, CK_ULONG *out_len)
{
    struct session *s;
    struct object o;
    CK_RV rv = call_session(session, &s);

    (void)wrapping;
    (void)out;
    if (rv != CKR_OK)
        return rv;
    if (mechanism == NULL || out_len == NULL)
        return call_end(s, CKR_ARGUMENTS_BAD);
    rv = object_find(s, key, &o);
    if (rv == CKR_OBJECT_HANDLE_INVALID)
        rv = CKR_KEY_HANDLE_INVALID;
    if (rv == CKR_OK)
        rv = o.class == CKO_PUBLIC_KEY ? CKR_KEY_NOT_WRAPPABLE : CKR_KEY_UNEXTRACTABLE;
    return call_end(s, rv);
}

/* And none comes in: no key here unwraps. */
CK_RV C_UnwrapKey(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
                  CK_OBJECT_HANDLE unwrapping, const CK_BYTE *data, CK_ULONG data_len,
                  const CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *out)
{
    struct session *s;
    const CK_RV rv = call_session(session, &s);

    (void)unwrapping;
    (void)data_len;
    if (rv != CKR_OK)
        return rv;
    return call_end(s, mechanism == NULL || data == NULL || out == NULL ||
                               !template_ok(template, count)
                           ? CKR_ARGUMENTS_BAD
                           : CKR_KEY_FUNCTION_NOT_PERMITTED);
}
