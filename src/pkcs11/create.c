/* New key pairs, and public keys of others; see module.h */
#include "pkcs11/module.h"

#include <stdio.h>
#include <time.h>

#define DAY_MS UINT64_C(86400000)

/* ---- key pairs ---- */

/* What the two templates of a pair may say. */
struct pair {
    const CK_ATTRIBUTE *public_template, *private_template;
    CK_ULONG public_count, private_count;
    enum head2_alg alg;
    char label[KEEPER_LABEL_MAX + 1];
    struct keeper_policy policy;
};

static const CK_ATTRIBUTE_TYPE known[] = {
    CKA_CLASS,
    CKA_TOKEN,
    CKA_PRIVATE,
    CKA_LABEL,
    CKA_KEY_TYPE,
    CKA_ID,
    CKA_SENSITIVE,
    CKA_EXTRACTABLE,
    CKA_SIGN,
    CKA_VERIFY,
    CKA_DERIVE,
    CKA_ENCRYPT,
    CKA_DECRYPT,
    CKA_WRAP,
    CKA_UNWRAP,
    CKA_SIGN_RECOVER,
    CKA_SUBJECT,
    CKA_MODIFIABLE,
    CKA_VERIFY_RECOVER,
    CKA_START_DATE,
    CKA_END_DATE,
    CKA_DESTROYABLE,
    CKA_COPYABLE,
    CKA_PARAMETER_SET,
    CKA_TRUSTED,
    CKA_ENCAPSULATE,
    CKA_DECAPSULATE,
    CKA_ENCAPSULATE_TEMPLATE,
    CKA_WRAP_WITH_TRUSTED,
    CKA_DECAPSULATE_TEMPLATE,
    CKA_ALWAYS_AUTHENTICATE,
};

/* A boolean that must be as it is, where a template says it. */
static CK_RV must(const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type, bool is)
{
    bool said = is;
    const CK_RV rv = template_bool(template, count, type, &said);

    return rv == CKR_OK && said != is ? CKR_TEMPLATE_INCONSISTENT : rv;
}

static CK_RV fixed(const CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_CLASS class,
                   CK_KEY_TYPE type)
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        bool is;
    } rules[] = {
        {CKA_ENCRYPT,             false},
        {CKA_DECRYPT,             false},
        {CKA_WRAP,                false},
        {CKA_UNWRAP,              false},
        {CKA_SIGN_RECOVER,        false},
        {CKA_DERIVE,              false},
        {CKA_VERIFY_RECOVER,      false},
        {CKA_TRUSTED,             false},
        {CKA_WRAP_WITH_TRUSTED,   false},
        {CKA_ALWAYS_AUTHENTICATE, false},
        {CKA_MODIFIABLE,          false},
        {CKA_COPYABLE,            false},
    };
    CK_ULONG said_class = class, said_type = type;
    const CK_ATTRIBUTE *const id = template_find(template, count, CKA_ID), *const subject =
                                                                               template_find(
                                                                                   template, count,
                                                                                   CKA_SUBJECT);
    CK_RV rv = template_ulong(template, count, CKA_CLASS, &said_class);

    if (rv == CKR_OK)
        rv = template_ulong(template, count, CKA_KEY_TYPE, &said_type);
    if (rv == CKR_OK && (said_class != class || said_type != type))
        rv = CKR_TEMPLATE_INCONSISTENT;
    /* an id is made of the public key, and there is no place for a subject */
    if ((id != NULL && id->len != 0) || (subject != NULL && subject->len != 0))
        rv = CKR_ATTRIBUTE_VALUE_INVALID;
    for (size_t i = 0; i < HEAD2_LEN(rules) && rv == CKR_OK; i++)
        rv = must(template, count, rules[i].type, rules[i].is);
    if (rv == CKR_OK)
        rv = must(template, count, CKA_PRIVATE, class == CKO_PRIVATE_KEY);
    return rv == CKR_OK ? must(template, count, CKA_DESTROYABLE, class == CKO_PRIVATE_KEY) : rv;
}

static bool number(const CK_BYTE *at, size_t digits, int *out)
{
    *out = 0;
    for (size_t i = 0; i < digits; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        *out = *out * 10 + (at[i] - '0');
    }
    return true;
}

/* A day as the milliseconds when it begins; an empty one is none. */
static CK_RV take_date(const CK_ATTRIBUTE *a, uint64_t *out)
{
    struct tm day = {0}, again;
    CK_DATE d;

    if (a == NULL || a->len == 0)
        return CKR_OK;
    if (a->len != sizeof d)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    memcpy(&d, a->value, sizeof d);
    if (!number(d.year, 4, &day.tm_year) || !number(d.month, 2, &day.tm_mon) ||
        !number(d.day, 2, &day.tm_mday) || day.tm_year < 1971)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    day.tm_year -= 1900;
    day.tm_mon--;
    again = day;
    const time_t t = timegm(&again); /* the 31st of February becomes a day of March */
    if (again.tm_mon != day.tm_mon || again.tm_mday != day.tm_mday)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    *out = (uint64_t)t * 1000;
    return CKR_OK;
}

/* Whether secrets that come of the key may leave: its template for them says so. */
static CK_RV secrets_leave(const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type,
                           bool *leave)
{
    const CK_ATTRIBUTE *const a = template_find(template, count, type);

    if (a == NULL)
        return CKR_OK;
    const CK_ATTRIBUTE *const inner = a->value;
    const CK_ULONG n = a->len / sizeof *inner;
    if (a->len % sizeof *inner != 0 || !template_ok(inner, n))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return template_bool(inner, n, CKA_EXTRACTABLE, leave);
}

/* A purpose that is there unless a template takes it away. */
static CK_RV unless(struct keeper_policy *p, uint16_t purpose, const CK_ATTRIBUTE *template,
                    CK_ULONG count, CK_ATTRIBUTE_TYPE type)
{
    bool is = true;
    const CK_RV rv = template_bool(template, count, type, &is);

    p->purposes |= is ? purpose : 0;
    return rv;
}

static CK_RV take_policy(struct pair *p)
{
    const bool signs = head2_alg_is_signature(p->alg);
    const CK_ATTRIBUTE *const t = p->private_template, *const u = p->public_template;
    const CK_ULONG n = p->private_count, m = p->public_count;
    bool sensitive = true, extractable = false, leave = false;
    CK_RV rv = unless(&p->policy, signs ? KEEPER_MAY_SIGN : KEEPER_MAY_DECAPSULATE, t, n,
                      signs ? CKA_SIGN : CKA_DECAPSULATE);

    if (rv == CKR_OK)
        rv = unless(&p->policy, signs ? KEEPER_MAY_VERIFY : KEEPER_MAY_ENCAPSULATE, u, m,
                    signs ? CKA_VERIFY : CKA_ENCAPSULATE);
    if (rv == CKR_OK)
        rv = must(t, n, signs ? CKA_DECAPSULATE : CKA_SIGN, false);
    if (rv == CKR_OK)
        rv = must(u, m, signs ? CKA_ENCAPSULATE : CKA_VERIFY, false);
    if (rv == CKR_OK)
        rv = template_bool(t, n, CKA_EXTRACTABLE, &extractable);
    sensitive = !extractable;
    if (rv == CKR_OK)
        rv = template_bool(t, n, CKA_SENSITIVE, &sensitive);
    if (rv == CKR_OK && sensitive == extractable)
        rv = CKR_TEMPLATE_INCONSISTENT; /* a key leaves in the clear or not at all */
    if (rv == CKR_OK)
        rv = secrets_leave(t, n, CKA_DECAPSULATE_TEMPLATE, &leave);
    if (rv == CKR_OK)
        rv = secrets_leave(u, m, CKA_ENCAPSULATE_TEMPLATE, &leave);
    if (!signs)
        p->policy.purposes |= KEEPER_MAY_DERIVE | KEEPER_MAY_SEAL;
    if (!signs && (leave || extractable))
        p->policy.purposes |= KEEPER_MAY_OUTPUT;
    p->policy.purposes |= extractable ? KEEPER_MAY_REVEAL : 0;
    return rv;
}

static CK_RV take_validity(struct pair *p)
{
    const CK_ATTRIBUTE *const end =
        template_find(p->private_template, p->private_count, CKA_END_DATE);
    CK_RV rv = take_date(template_find(p->private_template, p->private_count, CKA_START_DATE),
                         &p->policy.not_before_ms);

    if (rv == CKR_OK)
        rv = take_date(end, &p->policy.not_after_ms);
    if (p->policy.not_after_ms != 0)
        p->policy.not_after_ms += DAY_MS; /* the last day is one of them */
    return rv == CKR_OK && p->policy.not_after_ms != 0 &&
                   p->policy.not_before_ms >= p->policy.not_after_ms
               ? CKR_TEMPLATE_INCONSISTENT
               : rv;
}

static CK_RV take_labels(struct pair *p)
{
    char other[KEEPER_LABEL_MAX + 1] = {0};
    CK_RV rv;

    snprintf(p->label, sizeof p->label, "%s", head2_alg_name(p->alg));
    rv = template_label(p->public_template, p->public_count, other);
    if (rv == CKR_OK && other[0] != 0)
        memcpy(p->label, other, sizeof other);
    if (rv == CKR_OK)
        rv = template_label(p->private_template, p->private_count, p->label);
    return rv == CKR_OK && other[0] != 0 && strcmp(other, p->label) != 0
               ? CKR_TEMPLATE_INCONSISTENT /* a key has one label */
               : rv;
}

static CK_RV take_pair(struct pair *p, CK_KEY_TYPE type)
{
    CK_ULONG set = 0, again;
    bool token = false, other;
    CK_RV rv;

    if (!template_knows(p->public_template, p->public_count, known, HEAD2_LEN(known)) ||
        !template_knows(p->private_template, p->private_count, known, HEAD2_LEN(known)))
        return CKR_ATTRIBUTE_TYPE_INVALID;
    rv = template_ulong(p->public_template, p->public_count, CKA_PARAMETER_SET, &set);
    if (rv == CKR_OK && set == 0)
        return CKR_TEMPLATE_INCOMPLETE;
    again = set;
    if (rv == CKR_OK)
        rv = template_ulong(p->private_template, p->private_count, CKA_PARAMETER_SET, &again);
    if (rv == CKR_OK && again != set)
        rv = CKR_TEMPLATE_INCONSISTENT;
    p->alg = alg_of_set(type, set);
    if (rv == CKR_OK && p->alg == HEAD2_ALG_NONE)
        return CKR_PARAMETER_SET_NOT_SUPPORTED;
    if (rv == CKR_OK)
        rv = fixed(p->public_template, p->public_count, CKO_PUBLIC_KEY, type);
    if (rv == CKR_OK)
        rv = fixed(p->private_template, p->private_count, CKO_PRIVATE_KEY, type);
    if (rv == CKR_OK)
        rv = template_bool(p->private_template, p->private_count, CKA_TOKEN, &token);
    other = token;
    if (rv == CKR_OK)
        rv = template_bool(p->public_template, p->public_count, CKA_TOKEN, &other);
    if (rv == CKR_OK &&
        (!token || !other)) /* the keeper's keys last; there are none of a session */
        rv = CKR_TEMPLATE_INCONSISTENT;
    if (rv == CKR_OK)
        rv = take_policy(p);
    if (rv == CKR_OK)
        rv = take_validity(p);
    return rv == CKR_OK ? take_labels(p) : rv;
}

static CK_RV generate(struct slot *slot, const struct pair *p, uint8_t id[HEAD2_KEY_ID_BYTES])
{
    struct keeper_message ask = {
        .type = KEEPER_GENERATE,
        .alg = p->alg,
        .policy = p->policy,
        .label = {(const uint8_t *)p->label, strlen(p->label)}
    };
    struct keeper_reply reply;
    const CK_RV rv = slot_ask(slot, &ask, &reply);

    if (rv == CKR_OK)
        memcpy(id, reply.m.key, HEAD2_KEY_ID_BYTES);
    keeper_reply_free(&reply);
    return rv;
}

CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
                        const CK_ATTRIBUTE *public_template, CK_ULONG public_count,
                        const CK_ATTRIBUTE *private_template, CK_ULONG private_count,
                        CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    struct pair p = {
        public_template, private_template, public_count, private_count, HEAD2_ALG_NONE, {0}, {0}};
    uint8_t id[HEAD2_KEY_ID_BYTES];
    struct session *s;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    if (mechanism == NULL || public_key == NULL || private_key == NULL ||
        !template_ok(public_template, public_count) ||
        !template_ok(private_template, private_count))
        return call_end(s, CKR_ARGUMENTS_BAD);
    if (mechanism->type != CKM_ML_DSA_KEY_PAIR_GEN && mechanism->type != CKM_ML_KEM_KEY_PAIR_GEN)
        return call_end(s, CKR_MECHANISM_INVALID);
    if (mechanism->param_len != 0)
        return call_end(s, CKR_MECHANISM_PARAM_INVALID);
    rv = take_pair(&p, mechanism->type == CKM_ML_DSA_KEY_PAIR_GEN ? CKK_ML_DSA : CKK_ML_KEM);
    if (rv == CKR_OK && (s->flags & CKF_RW_SESSION) == 0)
        rv = CKR_SESSION_READ_ONLY;
    if (rv == CKR_OK)
        rv = generate(s->slot, &p, id);
    if (rv == CKR_OK) {
        *public_key = object_handle(id, CKO_PUBLIC_KEY);
        *private_key = object_handle(id, CKO_PRIVATE_KEY);
    }
    return call_end(s, rv);
}

/* ---- public keys of others ---- */

static CK_RV take_public(const CK_ATTRIBUTE *template, CK_ULONG count, struct object *o)
{
    static const CK_ATTRIBUTE_TYPE types[] = {
        CKA_CLASS, CKA_TOKEN,  CKA_PRIVATE,     CKA_LABEL, CKA_KEY_TYPE,       CKA_PARAMETER_SET,
        CKA_VALUE, CKA_VERIFY, CKA_ENCAPSULATE, CKA_ID,    CKA_PUBLIC_KEY_INFO};
    const CK_ATTRIBUTE *const raw = template_find(template, count, CKA_VALUE),
                              *const info = template_find(template, count, CKA_PUBLIC_KEY_INFO);
    CK_ULONG type = 0, set = 0;
    struct head2_key *key = NULL;
    enum head2_status st = HEAD2_E_MALFORMED;
    const char *why;
    CK_RV rv = template_ulong(template, count, CKA_KEY_TYPE, &type);

    if (rv == CKR_OK)
        rv = template_ulong(template, count, CKA_PARAMETER_SET, &set);
    if (rv == CKR_OK)
        rv = must(template, count, CKA_TOKEN, false); /* the keeper takes none */
    if (rv == CKR_OK)
        rv = must(template, count, CKA_PRIVATE, false);
    if (rv == CKR_OK && !template_knows(template, count, types, HEAD2_LEN(types)))
        rv = CKR_ATTRIBUTE_TYPE_INVALID;
    if (rv != CKR_OK)
        return rv;
    if (raw != NULL && set != 0)
        st = head2_key_from_public(&key, alg_of_set(type, set), raw->value, raw->len);
    else if (info != NULL)
        st = head2_key_read(&key, info->value, info->len, NULL, NULL, &why);
    else
        return CKR_TEMPLATE_INCOMPLETE;
    if (st != HEAD2_OK || head2_key_has_private(key) || type_of_alg(head2_key_alg(key)) != type) {
        head2_key_free(key);
        return st == HEAD2_E_MEMORY ? CKR_HOST_MEMORY : CKR_ATTRIBUTE_VALUE_INVALID;
    }
    *o = (struct object){.class = CKO_PUBLIC_KEY,
                         .alg = head2_key_alg(key),
                         .has_public = true,
                         .policy.purposes = KEEPER_MAY_VERIFY | KEEPER_MAY_ENCAPSULATE};
    o->policy.purposes &=
        head2_alg_is_signature(o->alg) ? KEEPER_MAY_VERIFY : KEEPER_MAY_ENCAPSULATE;
    head2_key_id(key, o->id);
    memcpy(o->public_key, head2_key_public(key), head2_alg_public_bytes(o->alg));
    head2_key_free(key);
    return template_label(template, count, o->label);
}

CK_RV C_CreateObject(CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template, CK_ULONG count,
                     CK_OBJECT_HANDLE *out)
{
    CK_ULONG class = CK_UNAVAILABLE_INFORMATION;
    struct session *s;
    struct object o;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    if (out == NULL || !template_ok(template, count))
        return call_end(s, CKR_ARGUMENTS_BAD);
    rv = template_ulong(template, count, CKA_CLASS, &class);
    if (rv == CKR_OK && class == CK_UNAVAILABLE_INFORMATION)
        rv = CKR_TEMPLATE_INCOMPLETE;
    if (rv == CKR_OK && class != CKO_PUBLIC_KEY)
        rv = CKR_ATTRIBUTE_VALUE_INVALID; /* nothing secret is taken */
    if (rv == CKR_OK)
        rv = take_public(template, count, &o);
    if (rv == CKR_OK)
        rv = object_keep(s, &o, out);
    return call_end(s, rv);
}
