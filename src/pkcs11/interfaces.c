/* The lists of functions, by version; and the functions that are in them and do nothing. */
#include "pkcs11/module.h"

/* ---- the lists ---- */

#define LISTED(name, params) .name = name,

static const struct CK_FUNCTION_LIST list_2_40 = {
    .version = {2, 40},
      CRYPTOKI_2_40(LISTED)
};
static const struct CK_FUNCTION_LIST_3_0 list_3_0 = {
    .version = {3, 0},
      CRYPTOKI_2_40(LISTED) CRYPTOKI_3_0(LISTED)
};
static const struct CK_FUNCTION_LIST_3_2 list_3_2 = {
    .version = {3, 2},
      CRYPTOKI_2_40(LISTED) CRYPTOKI_3_0(LISTED) CRYPTOKI_3_2(LISTED)
};

/* The newest first: it is what who names no version gets. */
static const CK_INTERFACE interfaces[] = {
    {"PKCS 11", &list_3_2,  0},
    {"PKCS 11", &list_3_0,  0},
    {"PKCS 11", &list_2_40, 0},
};

CK_RV C_GetFunctionList(const struct CK_FUNCTION_LIST **list)
{
    if (list == NULL)
        return CKR_ARGUMENTS_BAD;
    *list = &list_2_40;
    return CKR_OK;
}

CK_RV C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *count)
{
    CK_RV rv;

    if (count == NULL)
        return CKR_ARGUMENTS_BAD;
    if (output_fits(list, count, HEAD2_LEN(interfaces), &rv))
        memcpy(list, interfaces, sizeof interfaces);
    return rv;
}

CK_RV C_GetInterface(const CK_BYTE *name, const CK_VERSION *version, const CK_INTERFACE **out,
                     CK_FLAGS flags)
{
    if (out == NULL)
        return CKR_ARGUMENTS_BAD;
    for (size_t i = 0; i < HEAD2_LEN(interfaces); i++) {
        const CK_INTERFACE *const it = &interfaces[i];
        const CK_VERSION *const has = it->functions; /* every list begins with it */
        if ((name == NULL || strcmp((const char *)name, it->name) == 0) &&
            (version == NULL || (version->major == has->major && version->minor == has->minor)) &&
            (it->flags & flags) == flags) {
            *out = it;
            return CKR_OK;
        }
    }
    return CKR_ARGUMENTS_BAD;
}

/* ---- what is not supported ---- */

/* They look at none of their parameters. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

static CK_RV answer(CK_RV what)
{
    const CK_RV rv = call_module();

    return rv == CKR_OK ? call_end(NULL, what) : rv;
}

#define NOT_SUPPORTED(name, params)                                                                \
    CK_RV name params                                                                              \
    {                                                                                              \
        return answer(CKR_FUNCTION_NOT_SUPPORTED);                                                 \
    }

NOT_SUPPORTED(C_InitToken,
              (CK_SLOT_ID slot, const CK_BYTE *pin, CK_ULONG pin_len, const CK_BYTE *label))
NOT_SUPPORTED(C_InitPIN, (CK_SESSION_HANDLE session, const CK_BYTE *pin, CK_ULONG pin_len))
NOT_SUPPORTED(C_SetPIN, (CK_SESSION_HANDLE session, const CK_BYTE *old, CK_ULONG old_len,
                         const CK_BYTE *pin, CK_ULONG pin_len))
NOT_SUPPORTED(C_GetOperationState, (CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *out_len))
NOT_SUPPORTED(C_SetOperationState,
              (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len,
               CK_OBJECT_HANDLE encryption, CK_OBJECT_HANDLE authentication))
NOT_SUPPORTED(C_CopyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                             const CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *out))
NOT_SUPPORTED(C_DigestKey, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key))
NOT_SUPPORTED(C_SignRecoverInit,
              (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key))
NOT_SUPPORTED(C_SignRecover, (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len,
                              CK_BYTE *out, CK_ULONG *out_len))
NOT_SUPPORTED(C_VerifyRecoverInit,
              (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key))
NOT_SUPPORTED(C_VerifyRecover, (CK_SESSION_HANDLE session, const CK_BYTE *sig, CK_ULONG sig_len,
                                CK_BYTE *out, CK_ULONG *out_len))
NOT_SUPPORTED(C_DigestEncryptUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *data,
                                      CK_ULONG data_len, CK_BYTE *out, CK_ULONG *out_len))
NOT_SUPPORTED(C_DecryptDigestUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *data,
                                      CK_ULONG data_len, CK_BYTE *out, CK_ULONG *out_len))
NOT_SUPPORTED(C_SignEncryptUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *data,
                                    CK_ULONG data_len, CK_BYTE *out, CK_ULONG *out_len))
NOT_SUPPORTED(C_DecryptVerifyUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *data,
                                      CK_ULONG data_len, CK_BYTE *out, CK_ULONG *out_len))
NOT_SUPPORTED(C_GenerateKey, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
                              const CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *out))
NOT_SUPPORTED(C_WaitForSlotEvent, (CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved))
NOT_SUPPORTED(C_LoginUser, (CK_SESSION_HANDLE session, CK_USER_TYPE user, const CK_BYTE *pin,
                            CK_ULONG pin_len, const CK_BYTE *name, CK_ULONG name_len))
NOT_SUPPORTED(C_EncryptMessageBegin, (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len,
                                      const CK_BYTE *aad, CK_ULONG aad_len))
NOT_SUPPORTED(C_EncryptMessageNext,
              (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len, const CK_BYTE *data,
               CK_ULONG data_len, CK_BYTE *out, CK_ULONG *out_len, CK_FLAGS flags))
NOT_SUPPORTED(C_DecryptMessageBegin, (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len,
                                      const CK_BYTE *aad, CK_ULONG aad_len))
NOT_SUPPORTED(C_DecryptMessageNext,
              (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len, const CK_BYTE *data,
               CK_ULONG data_len, CK_BYTE *out, CK_ULONG *out_len, CK_FLAGS flags))
NOT_SUPPORTED(C_MessageSignInit,
              (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key))
NOT_SUPPORTED(C_SignMessage,
              (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len, const CK_BYTE *data,
               CK_ULONG data_len, CK_BYTE *out, CK_ULONG *out_len))
NOT_SUPPORTED(C_SignMessageBegin, (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len))
NOT_SUPPORTED(C_SignMessageNext,
              (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len, const CK_BYTE *data,
               CK_ULONG data_len, CK_BYTE *out, CK_ULONG *out_len))
NOT_SUPPORTED(C_MessageSignFinal, (CK_SESSION_HANDLE session))
NOT_SUPPORTED(C_MessageVerifyInit,
              (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key))
NOT_SUPPORTED(C_VerifyMessage,
              (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len, const CK_BYTE *data,
               CK_ULONG data_len, const CK_BYTE *sig, CK_ULONG sig_len))
NOT_SUPPORTED(C_VerifyMessageBegin, (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len))
NOT_SUPPORTED(C_VerifyMessageNext,
              (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len, const CK_BYTE *data,
               CK_ULONG data_len, const CK_BYTE *sig, CK_ULONG sig_len))
NOT_SUPPORTED(C_MessageVerifyFinal, (CK_SESSION_HANDLE session))
NOT_SUPPORTED(C_AsyncComplete, (CK_SESSION_HANDLE session, const CK_BYTE *name, void *result))
NOT_SUPPORTED(C_AsyncGetID, (CK_SESSION_HANDLE session, const CK_BYTE *name, CK_ULONG *id))
NOT_SUPPORTED(C_AsyncJoin, (CK_SESSION_HANDLE session, const CK_BYTE *name, CK_ULONG id,
                            CK_BYTE *data, CK_ULONG data_len))
NOT_SUPPORTED(C_WrapKeyAuthenticated,
              (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping,
               CK_OBJECT_HANDLE key, const CK_BYTE *aad, CK_ULONG aad_len, CK_BYTE *out,
               CK_ULONG *out_len))
NOT_SUPPORTED(C_UnwrapKeyAuthenticated,
              (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
               CK_OBJECT_HANDLE unwrapping, const CK_BYTE *data, CK_ULONG data_len,
               const CK_ATTRIBUTE *template, CK_ULONG count, const CK_BYTE *aad, CK_ULONG aad_len,
               CK_OBJECT_HANDLE *out))

/* Nothing has run in parallel since 2.0. */
CK_RV C_GetFunctionStatus(CK_SESSION_HANDLE session)
{
    return answer(CKR_FUNCTION_NOT_PARALLEL);
}

CK_RV C_CancelFunction(CK_SESSION_HANDLE session)
{
    return answer(CKR_FUNCTION_NOT_PARALLEL);
}
