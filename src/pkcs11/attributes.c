/* What an object says of itself; see module.h */
#include "pkcs11/module.h"

#include <stdio.h>
#include <time.h>

static CK_RV put_bool(struct value *v, bool b)
{
    v->bytes[0] = b ? CK_TRUE : CK_FALSE;
    v->len = 1;
    return CKR_OK;
}

static CK_RV put_ulong(struct value *v, CK_ULONG n)
{
    memcpy(v->bytes, &n, sizeof n);
    v->len = sizeof n;
    return CKR_OK;
}

static CK_RV put_bytes(struct value *v, const void *at, size_t len)
{
    copy_bytes(v->bytes, at, len);
    v->len = len;
    return CKR_OK;
}

/* Milliseconds as a day; none is an empty value. */
static CK_RV put_date(struct value *v, uint64_t ms)
{
    const time_t seconds = (time_t)(ms / 1000);
    char text[9 + 32];
    struct tm day;

    v->len = 0;
    if (ms == 0 || gmtime_r(&seconds, &day) == NULL || day.tm_year > 9999 - 1900)
        return CKR_OK;
    snprintf(text, sizeof text, "%04d%02d%02d", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
    return put_bytes(v, text, 8);
}

static bool may(const struct object *o, uint16_t purpose)
{
    return (o->policy.purposes & purpose) != 0;
}

/* A mechanism's types that a key may be used with; none is said of a secret. */
static CK_RV put_mechanisms(struct value *v, const struct object *o)
{
    static const CK_MECHANISM_TYPE signs[] = {
        CKM_ML_DSA,
        CKM_HASH_ML_DSA,
        CKM_HASH_ML_DSA_SHA224,
        CKM_HASH_ML_DSA_SHA256,
        CKM_HASH_ML_DSA_SHA384,
        CKM_HASH_ML_DSA_SHA512,
        CKM_HASH_ML_DSA_SHA3_224,
        CKM_HASH_ML_DSA_SHA3_256,
        CKM_HASH_ML_DSA_SHA3_384,
        CKM_HASH_ML_DSA_SHA3_512,
        CKM_HASH_ML_DSA_SHAKE128,
        CKM_HASH_ML_DSA_SHAKE256,
    };
    static const CK_MECHANISM_TYPE kem[] = {CKM_ML_KEM};

    return head2_alg_is_signature(o->alg) ? put_bytes(v, signs, sizeof signs)
                                          : put_bytes(v, kem, sizeof kem);
}

static CK_RV put_spki(struct slot *slot, struct object *o, struct value *v)
{
    struct head2_key *key = NULL;
    CK_RV rv = object_public(slot, o);

    v->len = sizeof v->bytes;
    if (rv == CKR_OK && (head2_key_from_public(&key, o->alg, o->public_key,
                                               head2_alg_public_bytes(o->alg)) != HEAD2_OK ||
                         head2_key_write_public(key, HEAD2_KEY_DER, v->bytes, &v->len) != HEAD2_OK))
        rv = CKR_DEVICE_ERROR;
    head2_key_free(key);
    return rv;
}

/* A private key, its seed, or a secret: where it may leave. */
static CK_RV reveal(struct slot *slot, const struct object *o, uint8_t flags, struct value *v)
{
    struct keeper_message ask = {.type = KEEPER_REVEAL, .flags = flags, .handle = o->secret};
    struct keeper_reply reply;

    if (o->class == CKO_SECRET_KEY ? !o->extractable : !may(o, KEEPER_MAY_REVEAL))
        return CKR_ATTRIBUTE_SENSITIVE;
    if (o->secret == 0)
        memcpy(ask.key, o->id, sizeof ask.key);
    CK_RV rv = slot_ask(slot, &ask, &reply);
    if (rv == CKR_OK && reply.m.data.len > sizeof v->bytes)
        rv = CKR_DEVICE_ERROR;
    if (rv == CKR_OK)
        rv = put_bytes(v, reply.m.data.at, reply.m.data.len);
    else if (rv == CKR_KEY_FUNCTION_NOT_PERMITTED) /* the seed is not known, or needs approval */
        rv = CKR_ATTRIBUTE_SENSITIVE;
    keeper_reply_free(&reply);
    return rv;
}

/* ---- by class ---- */

static CK_RV of_secret(struct slot *slot, struct object *o, CK_ATTRIBUTE_TYPE type, struct value *v)
{
    switch (type) {
    case CKA_KEY_TYPE:
        return put_ulong(v, o->type);
    case CKA_VALUE_LEN:
        return put_ulong(v, o->len);
    case CKA_VALUE:
        return reveal(slot, o, 0, v);
    case CKA_ENCRYPT:
        return put_bool(v, o->encrypts);
    case CKA_DECRYPT:
        return put_bool(v, o->decrypts);
    case CKA_DERIVE:
        return put_bool(v, o->derives);
    case CKA_SIGN:
    case CKA_VERIFY:
    case CKA_WRAP:
    case CKA_UNWRAP:
    case CKA_TRUSTED:
    case CKA_WRAP_WITH_TRUSTED:
    case CKA_ALWAYS_SENSITIVE: /* a secret of the KEM was another party's too */
    case CKA_NEVER_EXTRACTABLE:
    case CKA_LOCAL:
        return put_bool(v, false);
    case CKA_SENSITIVE:
        return put_bool(v, !o->extractable);
    case CKA_EXTRACTABLE:
        return put_bool(v, o->extractable);
    case CKA_START_DATE:
    case CKA_END_DATE:
        return put_date(v, 0);
    case CKA_KEY_GEN_MECHANISM:
        return put_ulong(v, CK_UNAVAILABLE_INFORMATION);
    default:
        return CKR_ATTRIBUTE_TYPE_INVALID;
    }
}

static CK_RV of_public(struct slot *slot, struct object *o, CK_ATTRIBUTE_TYPE type, struct value *v)
{
    CK_RV rv;

    switch (type) {
    case CKA_VALUE:
        rv = object_public(slot, o);
        return rv == CKR_OK ? put_bytes(v, o->public_key, head2_alg_public_bytes(o->alg)) : rv;
    case CKA_VERIFY:
        return put_bool(v, may(o, KEEPER_MAY_VERIFY));
    case CKA_ENCAPSULATE:
        return put_bool(v, may(o, KEEPER_MAY_ENCAPSULATE));
    case CKA_ENCRYPT:
    case CKA_WRAP:
    case CKA_VERIFY_RECOVER:
    case CKA_TRUSTED:
    case CKA_DERIVE:
        return put_bool(v, false);
    default:
        return CKR_ATTRIBUTE_TYPE_INVALID;
    }
}

static CK_RV of_private(struct slot *slot, struct object *o, CK_ATTRIBUTE_TYPE type,
                        struct value *v)
{
    switch (type) {
    case CKA_VALUE:
        return reveal(slot, o, 0, v);
    case CKA_SEED:
        return reveal(slot, o, KEEPER_REVEAL_SEED, v);
    case CKA_SIGN:
        return put_bool(v, may(o, KEEPER_MAY_SIGN));
    case CKA_DECAPSULATE:
        return put_bool(v, may(o, KEEPER_MAY_DECAPSULATE));
    case CKA_SENSITIVE:
        return put_bool(v, !may(o, KEEPER_MAY_REVEAL));
    case CKA_EXTRACTABLE:
        return put_bool(v, may(o, KEEPER_MAY_REVEAL));
    case CKA_ALWAYS_SENSITIVE:
    case CKA_NEVER_EXTRACTABLE: /* where it was made here and so from the beginning */
        return put_bool(v, may(o, KEEPER_MADE_HERE) && !may(o, KEEPER_MAY_REVEAL));
    case CKA_DECRYPT:
    case CKA_SIGN_RECOVER:
    case CKA_UNWRAP:
    case CKA_DERIVE:
    case CKA_ALWAYS_AUTHENTICATE:
    case CKA_WRAP_WITH_TRUSTED:
        return put_bool(v, false);
    default:
        return CKR_ATTRIBUTE_TYPE_INVALID;
    }
}

/* What both halves of a pair have. */
static CK_RV of_pair(struct slot *slot, struct object *o, CK_ATTRIBUTE_TYPE type, struct value *v)
{
    const bool made = may(o, KEEPER_MADE_HERE);
    CK_RV rv;

    switch (type) {
    case CKA_KEY_TYPE:
        return put_ulong(v, type_of_alg(o->alg));
    case CKA_PARAMETER_SET:
        return put_ulong(v, set_of_alg(o->alg));
    case CKA_PUBLIC_KEY_INFO:
        return put_spki(slot, o, v);
    case CKA_ALLOWED_MECHANISMS:
        return put_mechanisms(v, o);
    case CKA_SUBJECT:
        return put_bytes(v, NULL, 0);
    case CKA_LOCAL:
        return put_bool(v, made);
    case CKA_KEY_GEN_MECHANISM:
        return put_ulong(v, !made                            ? CK_UNAVAILABLE_INFORMATION
                            : head2_alg_is_signature(o->alg) ? CKM_ML_DSA_KEY_PAIR_GEN
                                                             : CKM_ML_KEM_KEY_PAIR_GEN);
    case CKA_START_DATE:
    case CKA_END_DATE:
        rv = object_about(slot, o);
        if (rv != CKR_OK)
            return rv;
        if (type == CKA_START_DATE)
            return put_date(v, o->policy.not_before_ms);
        return put_date(v, o->policy.not_after_ms == 0 ? 0 : o->policy.not_after_ms - 1);
    default:
        return CKR_ATTRIBUTE_TYPE_INVALID;
    }
}

static CK_RV unique_id(const struct object *o, struct value *v)
{
    char text[2 * HEAD2_KEY_ID_BYTES + 8];
    int n = 0;

    if (o->owner != 0) {
        n = snprintf(text, sizeof text, "session-%lx", o->handle & ~SESSION_OBJECT);
    } else {
        for (size_t i = 0; i < sizeof o->id; i++)
            n += snprintf(text + n, sizeof text - (size_t)n, "%02x", o->id[i]);
        n += snprintf(text + n, sizeof text - (size_t)n,
                      o->class == CKO_PRIVATE_KEY ? "-priv" : "-pub");
    }
    return put_bytes(v, text, (size_t)n);
}

CK_RV attribute_get(struct slot *slot, struct object *o, CK_ATTRIBUTE_TYPE type, struct value *v)
{
    CK_RV rv;

    v->len = 0;
    switch (type) {
    case CKA_CLASS:
        return put_ulong(v, o->class);
    case CKA_TOKEN:
        return put_bool(v, o->owner == 0);
    case CKA_PRIVATE:
        return put_bool(v, o->class != CKO_PUBLIC_KEY);
    case CKA_LABEL:
        return put_bytes(v, o->label, strlen(o->label));
    case CKA_ID:
        return put_bytes(v, o->id, o->class == CKO_SECRET_KEY ? 0 : sizeof o->id);
    case CKA_UNIQUE_ID:
        return unique_id(o, v);
    case CKA_MODIFIABLE:
    case CKA_COPYABLE:
        return put_bool(v, false);
    case CKA_DESTROYABLE:
        return put_bool(v, o->owner != 0 || o->class == CKO_PRIVATE_KEY);
    default:
        break;
    }
    if (o->class == CKO_SECRET_KEY)
        return of_secret(slot, o, type, v);
    rv = o->class == CKO_PUBLIC_KEY ? of_public(slot, o, type, v) : of_private(slot, o, type, v);
    return rv == CKR_ATTRIBUTE_TYPE_INVALID ? of_pair(slot, o, type, v) : rv;
}

CK_RV attributes_match(struct slot *slot, struct object *o, const CK_ATTRIBUTE *template,
                       CK_ULONG count, bool *match)
{
    struct value v;
    CK_RV rv = CKR_OK;

    *match = true;
    for (CK_ULONG i = 0; i < count && *match && rv == CKR_OK; i++) {
        const CK_ATTRIBUTE *const a = &template[i];
        if (a->type == CKA_SEED || (a->type == CKA_VALUE && o->class != CKO_PUBLIC_KEY)) {
            *match = false; /* no secret is guessed at */
            return CKR_OK;
        }
        rv = attribute_get(slot, o, a->type, &v);
        *match = rv == CKR_OK && v.len == a->len &&
                 (v.len == 0 || memcmp(v.bytes, a->value, v.len) == 0);
        if (rv == CKR_ATTRIBUTE_TYPE_INVALID)
            rv = CKR_OK;
    }
    return rv;
}

/* ---- calls ---- */

/* One of a template; what goes wrong with one does not keep the others from being answered. */
static CK_RV answer_one(struct slot *slot, struct object *o, CK_ATTRIBUTE *a)
{
    struct value v;
    CK_RV rv = attribute_get(slot, o, a->type, &v);

    if (rv == CKR_OK && a->value != NULL && a->len < v.len)
        rv = CKR_BUFFER_TOO_SMALL;
    if (rv == CKR_OK && a->value != NULL)
        copy_bytes(a->value, v.bytes, v.len);
    a->len = rv == CKR_OK ? v.len : CK_UNAVAILABLE_INFORMATION;
    head2_wipe(&v, sizeof v);
    return rv;
}

CK_RV C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                          CK_ATTRIBUTE *template, CK_ULONG count)
{
    struct session *s;
    struct object o;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    if (template == NULL && count != 0)
        return call_end(s, CKR_ARGUMENTS_BAD);
    rv = object_find(s, object, &o);
    if (rv != CKR_OK)
        return call_end(s, rv);
    for (CK_ULONG i = 0; i < count; i++) {
        const CK_RV one = answer_one(s->slot, &o, &template[i]);
        rv = one != CKR_OK ? one : rv;
    }
    return call_end(s, rv);
}

CK_RV C_GetObjectSize(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG *size)
{
    struct session *s;
    struct object o;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    rv = size == NULL ? CKR_ARGUMENTS_BAD : object_find(s, object, &o);
    if (rv == CKR_OK)
        *size =
            o.class == CKO_PUBLIC_KEY ? head2_alg_public_bytes(o.alg) : CK_UNAVAILABLE_INFORMATION;
    return call_end(s, rv);
}

/* Nothing of an object changes; what it is already may be said again. */
CK_RV C_SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                          const CK_ATTRIBUTE *template, CK_ULONG count)
{
    struct session *s;
    struct object o;
    bool same = false;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    rv = template_ok(template, count) ? object_find(s, object, &o) : CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = attributes_match(s->slot, &o, template, count, &same);
    return call_end(s, rv == CKR_OK && !same ? CKR_ATTRIBUTE_READ_ONLY : rv);
}
