/*
 * The part of PKCS #11 (OASIS, 2.40, 3.0 and 3.2) that this module speaks: its structures and
 * functions, in the order in which a function list has them. Written from the standard's
 * tables; what is not used here is not in it.
 */
#ifndef HEAD2_PKCS11_CRYPTOKI_H
#define HEAD2_PKCS11_CRYPTOKI_H

#include "pkcs11/numbers.h"

typedef unsigned char CK_BYTE;
typedef CK_BYTE CK_BBOOL;
typedef unsigned long CK_ULONG;
typedef CK_ULONG CK_RV, CK_FLAGS, CK_SLOT_ID, CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_USER_TYPE,
    CK_STATE, CK_OBJECT_CLASS, CK_KEY_TYPE, CK_ATTRIBUTE_TYPE, CK_MECHANISM_TYPE;
typedef CK_RV (*CK_NOTIFY)(CK_SESSION_HANDLE session, CK_ULONG event, void *app);

#define CK_TRUE                    1
#define CK_FALSE                   0
#define CK_UNAVAILABLE_INFORMATION (~0UL)
#define CK_INVALID_HANDLE          0UL

typedef struct {
    CK_BYTE major, minor;
} CK_VERSION;

typedef struct {
    CK_VERSION cryptoki;
    CK_BYTE manufacturer[32];
    CK_FLAGS flags;
    CK_BYTE description[32];
    CK_VERSION library;
} CK_INFO;

typedef struct {
    CK_BYTE description[64], manufacturer[32];
    CK_FLAGS flags;
    CK_VERSION hardware, firmware;
} CK_SLOT_INFO;

typedef struct {
    CK_BYTE label[32], manufacturer[32], model[16], serial[16];
    CK_FLAGS flags;
    CK_ULONG max_sessions, sessions, max_rw_sessions, rw_sessions, max_pin, min_pin;
    CK_ULONG public_memory, free_public_memory, private_memory, free_private_memory;
    CK_VERSION hardware, firmware;
    CK_BYTE utc[16];
} CK_TOKEN_INFO;

typedef struct {
    CK_SLOT_ID slot;
    CK_STATE state;
    CK_FLAGS flags;
    CK_ULONG device_error;
} CK_SESSION_INFO;

typedef struct {
    CK_ATTRIBUTE_TYPE type;
    void *value;
    CK_ULONG len;
} CK_ATTRIBUTE;

typedef struct {
    CK_BYTE year[4], month[2], day[2]; /* digits */
} CK_DATE;

typedef struct {
    CK_MECHANISM_TYPE type;
    void *param;
    CK_ULONG param_len;
} CK_MECHANISM;

typedef struct {
    CK_ULONG min, max;
    CK_FLAGS flags;
} CK_MECHANISM_INFO;

typedef struct {
    CK_RV (*create)(void **mutex);
    CK_RV (*destroy)(void *mutex);
    CK_RV (*lock)(void *mutex);
    CK_RV (*unlock)(void *mutex);
    CK_FLAGS flags;
    void *reserved;
} CK_C_INITIALIZE_ARGS;

typedef struct {
    const char *name;
    const void *functions;
    CK_FLAGS flags;
} CK_INTERFACE;

/* ---- parameters of mechanisms ---- */

typedef struct {
    CK_ULONG hedge; /* CKH_ */
    const CK_BYTE *context;
    CK_ULONG context_len;
} CK_SIGN_ADDITIONAL_CONTEXT;

typedef struct {
    CK_ULONG hedge;
    const CK_BYTE *context;
    CK_ULONG context_len;
    CK_MECHANISM_TYPE hash;
} CK_HASH_SIGN_ADDITIONAL_CONTEXT;

typedef struct {
    const CK_BYTE *iv;
    CK_ULONG iv_len, iv_bits;
    const CK_BYTE *aad;
    CK_ULONG aad_len, tag_bits;
} CK_GCM_PARAMS;

typedef struct {
    CK_BYTE *iv;
    CK_ULONG iv_len, iv_fixed_bits, generator; /* CKG_ */
    CK_BYTE *tag;
    CK_ULONG tag_bits;
} CK_GCM_MESSAGE_PARAMS;

typedef struct {
    CK_BBOOL extract, expand;
    CK_MECHANISM_TYPE hash;
    CK_ULONG salt_type; /* CKF_HKDF_SALT_ */
    const CK_BYTE *salt;
    CK_ULONG salt_len;
    CK_OBJECT_HANDLE salt_key;
    const CK_BYTE *info;
    CK_ULONG info_len;
} CK_HKDF_PARAMS;

/* ---- functions: name and parameters, in the order of the lists ---- */

/* The list that C_GetFunctionList gives. */
/* clang-format off */
#define CRYPTOKI_2_40(F) \
    F(C_Initialize, (void *args)) \
    F(C_Finalize, (void *reserved)) \
    F(C_GetInfo, (CK_INFO *info)) \
    F(C_GetFunctionList, (const struct CK_FUNCTION_LIST **list)) \
    F(C_GetSlotList, (CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count)) \
    F(C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO *info)) \
    F(C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO *info)) \
    F(C_GetMechanismList, (CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count)) \
    F(C_GetMechanismInfo, (CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)) \
    F(C_InitToken, (CK_SLOT_ID slot, const CK_BYTE *pin, CK_ULONG pin_len, \
      const CK_BYTE *label)) \
    F(C_InitPIN, (CK_SESSION_HANDLE session, const CK_BYTE *pin, CK_ULONG pin_len)) \
    F(C_SetPIN, (CK_SESSION_HANDLE session, const CK_BYTE *old, CK_ULONG old_len, \
      const CK_BYTE *pin, CK_ULONG pin_len)) \
    F(C_OpenSession, (CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify, \
      CK_SESSION_HANDLE *out)) \
    F(C_CloseSession, (CK_SESSION_HANDLE session)) \
    F(C_CloseAllSessions, (CK_SLOT_ID slot)) \
    F(C_GetSessionInfo, (CK_SESSION_HANDLE session, CK_SESSION_INFO *info)) \
    F(C_GetOperationState, (CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_SetOperationState, (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len, \
      CK_OBJECT_HANDLE encryption, CK_OBJECT_HANDLE authentication)) \
    F(C_Login, (CK_SESSION_HANDLE session, CK_USER_TYPE user, const CK_BYTE *pin, \
      CK_ULONG pin_len)) \
    F(C_Logout, (CK_SESSION_HANDLE session)) \
    F(C_CreateObject, (CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template, CK_ULONG count, \
      CK_OBJECT_HANDLE *out)) \
    F(C_CopyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, \
      const CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *out)) \
    F(C_DestroyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)) \
    F(C_GetObjectSize, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG *size)) \
    F(C_GetAttributeValue, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, \
      CK_ATTRIBUTE *template, CK_ULONG count)) \
    F(C_SetAttributeValue, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, \
      const CK_ATTRIBUTE *template, CK_ULONG count)) \
    F(C_FindObjectsInit, (CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template, \
      CK_ULONG count)) \
    F(C_FindObjects, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *out, CK_ULONG room, \
      CK_ULONG *count)) \
    F(C_FindObjectsFinal, (CK_SESSION_HANDLE session)) \
    F(C_EncryptInit, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE key)) \
    F(C_Encrypt, (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len, \
      CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_EncryptUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len, \
      CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_EncryptFinal, (CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_DecryptInit, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE key)) \
    F(C_Decrypt, (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len, \
      CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_DecryptUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len, \
      CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_DecryptFinal, (CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_DigestInit, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism)) \
    F(C_Digest, (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len, \
      CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_DigestUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len)) \
    F(C_DigestKey, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)) \
    F(C_DigestFinal, (CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_SignInit, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE key)) \
    F(C_Sign, (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *out, \
      CK_ULONG *out_len)) \
    F(C_SignUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len)) \
    F(C_SignFinal, (CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_SignRecoverInit, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE key)) \
    F(C_SignRecover, (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len, \
      CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_VerifyInit, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE key)) \
    F(C_Verify, (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len, \
      const CK_BYTE *sig, CK_ULONG sig_len)) \
    F(C_VerifyUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len)) \
    F(C_VerifyFinal, (CK_SESSION_HANDLE session, const CK_BYTE *sig, CK_ULONG sig_len)) \
    F(C_VerifyRecoverInit, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE key)) \
    F(C_VerifyRecover, (CK_SESSION_HANDLE session, const CK_BYTE *sig, CK_ULONG sig_len, \
      CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_DigestEncryptUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *data, \
      CK_ULONG data_len, CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_DecryptDigestUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *data, \
      CK_ULONG data_len, CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_SignEncryptUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len, \
      CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_DecryptVerifyUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *data, \
      CK_ULONG data_len, CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_GenerateKey, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      const CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *out)) \
    F(C_GenerateKeyPair, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      const CK_ATTRIBUTE *public_template, CK_ULONG public_count, \
      const CK_ATTRIBUTE *private_template, CK_ULONG private_count, \
      CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)) \
    F(C_WrapKey, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE key, CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_UnwrapKey, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE unwrapping, const CK_BYTE *data, CK_ULONG data_len, \
      const CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *out)) \
    F(C_DeriveKey, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE base, const CK_ATTRIBUTE *template, CK_ULONG count, \
      CK_OBJECT_HANDLE *out)) \
    F(C_SeedRandom, (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len)) \
    F(C_GenerateRandom, (CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG len)) \
    F(C_GetFunctionStatus, (CK_SESSION_HANDLE session)) \
    F(C_CancelFunction, (CK_SESSION_HANDLE session)) \
    F(C_WaitForSlotEvent, (CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved))
/* clang-format on */

/* What 3.0 has behind it. */
/* clang-format off */
#define CRYPTOKI_3_0(F) \
    F(C_GetInterfaceList, (CK_INTERFACE *list, CK_ULONG *count)) \
    F(C_GetInterface, (const CK_BYTE *name, const CK_VERSION *version, \
      const CK_INTERFACE **out, CK_FLAGS flags)) \
    F(C_LoginUser, (CK_SESSION_HANDLE session, CK_USER_TYPE user, const CK_BYTE *pin, \
      CK_ULONG pin_len, const CK_BYTE *name, CK_ULONG name_len)) \
    F(C_SessionCancel, (CK_SESSION_HANDLE session, CK_FLAGS flags)) \
    F(C_MessageEncryptInit, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE key)) \
    F(C_EncryptMessage, (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len, \
      const CK_BYTE *aad, CK_ULONG aad_len, const CK_BYTE *data, CK_ULONG data_len, \
      CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_EncryptMessageBegin, (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len, \
      const CK_BYTE *aad, CK_ULONG aad_len)) \
    F(C_EncryptMessageNext, (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len, \
      const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *out, CK_ULONG *out_len, CK_FLAGS flags)) \
    F(C_MessageEncryptFinal, (CK_SESSION_HANDLE session)) \
    F(C_MessageDecryptInit, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE key)) \
    F(C_DecryptMessage, (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len, \
      const CK_BYTE *aad, CK_ULONG aad_len, const CK_BYTE *data, CK_ULONG data_len, \
      CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_DecryptMessageBegin, (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len, \
      const CK_BYTE *aad, CK_ULONG aad_len)) \
    F(C_DecryptMessageNext, (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len, \
      const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *out, CK_ULONG *out_len, CK_FLAGS flags)) \
    F(C_MessageDecryptFinal, (CK_SESSION_HANDLE session)) \
    F(C_MessageSignInit, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE key)) \
    F(C_SignMessage, (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len, \
      const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_SignMessageBegin, (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len)) \
    F(C_SignMessageNext, (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len, \
      const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_MessageSignFinal, (CK_SESSION_HANDLE session)) \
    F(C_MessageVerifyInit, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE key)) \
    F(C_VerifyMessage, (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len, \
      const CK_BYTE *data, CK_ULONG data_len, const CK_BYTE *sig, CK_ULONG sig_len)) \
    F(C_VerifyMessageBegin, (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len)) \
    F(C_VerifyMessageNext, (CK_SESSION_HANDLE session, void *param, CK_ULONG param_len, \
      const CK_BYTE *data, CK_ULONG data_len, const CK_BYTE *sig, CK_ULONG sig_len)) \
    F(C_MessageVerifyFinal, (CK_SESSION_HANDLE session))
/* clang-format on */

/* And 3.2 behind that. */
/* clang-format off */
#define CRYPTOKI_3_2(F) \
    F(C_EncapsulateKey, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE public_key, const CK_ATTRIBUTE *template, CK_ULONG count, CK_BYTE *ct, \
      CK_ULONG *ct_len, CK_OBJECT_HANDLE *out)) \
    F(C_DecapsulateKey, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE private_key, const CK_ATTRIBUTE *template, CK_ULONG count, \
      const CK_BYTE *ct, CK_ULONG ct_len, CK_OBJECT_HANDLE *out)) \
    F(C_VerifySignatureInit, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE key, const CK_BYTE *sig, CK_ULONG sig_len)) \
    F(C_VerifySignature, (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len)) \
    F(C_VerifySignatureUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *data, \
      CK_ULONG data_len)) \
    F(C_VerifySignatureFinal, (CK_SESSION_HANDLE session)) \
    F(C_GetSessionValidationFlags, (CK_SESSION_HANDLE session, CK_ULONG type, CK_FLAGS *flags)) \
    F(C_AsyncComplete, (CK_SESSION_HANDLE session, const CK_BYTE *name, void *result)) \
    F(C_AsyncGetID, (CK_SESSION_HANDLE session, const CK_BYTE *name, CK_ULONG *id)) \
    F(C_AsyncJoin, (CK_SESSION_HANDLE session, const CK_BYTE *name, CK_ULONG id, CK_BYTE *data, \
      CK_ULONG data_len)) \
    F(C_WrapKeyAuthenticated, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE key, const CK_BYTE *aad, CK_ULONG aad_len, \
      CK_BYTE *out, CK_ULONG *out_len)) \
    F(C_UnwrapKeyAuthenticated, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, \
      CK_OBJECT_HANDLE unwrapping, const CK_BYTE *data, CK_ULONG data_len, \
      const CK_ATTRIBUTE *template, CK_ULONG count, const CK_BYTE *aad, CK_ULONG aad_len, \
      CK_OBJECT_HANDLE *out))
/* clang-format on */

#define CRYPTOKI_MEMBER(name, params)    CK_RV(*name) params;
#define CRYPTOKI_PROTOTYPE(name, params) __attribute__((visibility("default"))) CK_RV name params;

struct CK_FUNCTION_LIST {
    CK_VERSION version;
    CRYPTOKI_2_40(CRYPTOKI_MEMBER)
};

struct CK_FUNCTION_LIST_3_0 {
    CK_VERSION version;
    CRYPTOKI_2_40(CRYPTOKI_MEMBER)
    CRYPTOKI_3_0(CRYPTOKI_MEMBER)
};

struct CK_FUNCTION_LIST_3_2 {
    CK_VERSION version;
    CRYPTOKI_2_40(CRYPTOKI_MEMBER)
    CRYPTOKI_3_0(CRYPTOKI_MEMBER)
    CRYPTOKI_3_2(CRYPTOKI_MEMBER)
};

CRYPTOKI_2_40(CRYPTOKI_PROTOTYPE)
CRYPTOKI_3_0(CRYPTOKI_PROTOTYPE)
CRYPTOKI_3_2(CRYPTOKI_PROTOTYPE)

#endif
