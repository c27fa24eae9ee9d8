/* Reading templates; see module.h */
#include "pkcs11/module.h"

#define TEMPLATE_MAX 256

bool template_ok(const CK_ATTRIBUTE *template, CK_ULONG count)
{
    if ((template == NULL && count != 0) || count > TEMPLATE_MAX)
        return false;
    for (CK_ULONG i = 0; i < count; i++)
        if (template[i].value == NULL && template[i].len != 0)
            return false;
    return true;
}

const CK_ATTRIBUTE *template_find(const CK_ATTRIBUTE *template, CK_ULONG count,
                                  CK_ATTRIBUTE_TYPE type)
{
    for (CK_ULONG i = 0; i < count; i++)
        if (template[i].type == type)
            return &template[i];
    return NULL;
}

CK_RV template_bool(const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type, bool *out)
{
    const CK_ATTRIBUTE *const a = template_find(template, count, type);
    CK_BBOOL b;

    if (a == NULL)
        return CKR_OK;
    if (a->len != sizeof b)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    memcpy(&b, a->value, sizeof b);
    *out = b != CK_FALSE;
    return b <= CK_TRUE ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
}

CK_RV template_ulong(const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type,
                     CK_ULONG *out)
{
    const CK_ATTRIBUTE *const a = template_find(template, count, type);

    if (a == NULL)
        return CKR_OK;
    if (a->len != sizeof *out)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    memcpy(out, a->value, sizeof *out);
    return CKR_OK;
}

CK_RV template_label(const CK_ATTRIBUTE *template, CK_ULONG count, char out[KEEPER_LABEL_MAX + 1])
{
    const CK_ATTRIBUTE *const a = template_find(template, count, CKA_LABEL);

    if (a == NULL || a->len == 0)
        return CKR_OK;
    if (!keeper_label_ok((struct keeper_bytes){a->value, a->len}))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    memcpy(out, a->value, a->len);
    out[a->len] = 0;
    return CKR_OK;
}

bool template_knows(const CK_ATTRIBUTE *template, CK_ULONG count, const CK_ATTRIBUTE_TYPE *types,
                    size_t n)
{
    for (CK_ULONG i = 0; i < count; i++) {
        size_t at = 0;
        while (at < n && types[at] != template[i].type)
            at++;
        if (at == n)
            return false;
    }
    return true;
}
