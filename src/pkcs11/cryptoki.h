/*
 * The part of PKCS #11 (OASIS, 2.40, 3.0 and 3.2) that this module speaks: its numbers, structures
 * and functions, in the order in which a function list has them. Written from the standard's
 * tables; what is not used here is not in it.
 */
#ifndef HEAD2_PKCS11_CRYPTOKI_H
#define HEAD2_PKCS11_CRYPTOKI_H

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

/* ---- return values ---- */

#define CKR_OK                             0x0UL
#define CKR_HOST_MEMORY                    0x2UL
#define CKR_SLOT_ID_INVALID                0x3UL
#define CKR_GENERAL_ERROR                  0x5UL
#define CKR_FUNCTION_FAILED                0x6UL
#define CKR_ARGUMENTS_BAD                  0x7UL
#define CKR_CANT_LOCK                      0xaUL
#define CKR_ATTRIBUTE_READ_ONLY            0x10UL
#define CKR_ATTRIBUTE_SENSITIVE            0x11UL
#define CKR_ATTRIBUTE_TYPE_INVALID         0x12UL
#define CKR_ATTRIBUTE_VALUE_INVALID        0x13UL
#define CKR_ACTION_PROHIBITED              0x1bUL
#define CKR_DATA_INVALID                   0x20UL
#define CKR_DATA_LEN_RANGE                 0x21UL
#define CKR_DEVICE_ERROR                   0x30UL
#define CKR_DEVICE_MEMORY                  0x31UL
#define CKR_DEVICE_REMOVED                 0x32UL
#define CKR_ENCRYPTED_DATA_LEN_RANGE       0x41UL
#define CKR_AEAD_DECRYPT_FAILED            0x42UL
#define CKR_FUNCTION_NOT_PARALLEL          0x51UL
#define CKR_FUNCTION_NOT_SUPPORTED         0x54UL
#define CKR_KEY_HANDLE_INVALID             0x60UL
#define CKR_KEY_SIZE_RANGE                 0x62UL
#define CKR_KEY_TYPE_INCONSISTENT          0x63UL
#define CKR_KEY_FUNCTION_NOT_PERMITTED     0x68UL
#define CKR_KEY_NOT_WRAPPABLE              0x69UL
#define CKR_KEY_UNEXTRACTABLE              0x6aUL
#define CKR_MECHANISM_INVALID              0x70UL
#define CKR_MECHANISM_PARAM_INVALID        0x71UL
#define CKR_OBJECT_HANDLE_INVALID          0x82UL
#define CKR_OPERATION_ACTIVE               0x90UL
#define CKR_OPERATION_NOT_INITIALIZED      0x91UL
#define CKR_PIN_INCORRECT                  0xa0UL
#define CKR_PIN_LOCKED                     0xa4UL
#define CKR_SESSION_COUNT                  0xb1UL
#define CKR_SESSION_HANDLE_INVALID         0xb3UL
#define CKR_SESSION_PARALLEL_NOT_SUPPORTED 0xb4UL
#define CKR_SESSION_READ_ONLY              0xb5UL
#define CKR_SIGNATURE_INVALID              0xc0UL
#define CKR_SIGNATURE_LEN_RANGE            0xc1UL
#define CKR_TEMPLATE_INCOMPLETE            0xd0UL
#define CKR_TEMPLATE_INCONSISTENT          0xd1UL
#define CKR_TOKEN_NOT_PRESENT              0xe0UL
#define CKR_USER_ALREADY_LOGGED_IN         0x100UL
#define CKR_USER_NOT_LOGGED_IN             0x101UL
#define CKR_USER_TYPE_INVALID              0x103UL
#define CKR_WRAPPED_KEY_LEN_RANGE          0x112UL
#define CKR_RANDOM_SEED_NOT_SUPPORTED      0x120UL
#define CKR_BUFFER_TOO_SMALL               0x150UL
#define CKR_CRYPTOKI_NOT_INITIALIZED       0x190UL
#define CKR_CRYPTOKI_ALREADY_INITIALIZED   0x191UL
#define CKR_PUBLIC_KEY_INVALID             0x1b9UL
#define CKR_FUNCTION_REJECTED              0x200UL
#define CKR_KEY_EXHAUSTED                  0x203UL
#define CKR_PARAMETER_SET_NOT_SUPPORTED    0x209UL

/* ---- object classes, key types, parameter sets ---- */

#define CKO_PUBLIC_KEY     2UL
#define CKO_PRIVATE_KEY    3UL
#define CKO_SECRET_KEY     4UL
#define CKK_GENERIC_SECRET 0x10UL
#define CKK_AES            0x1fUL
#define CKK_ML_KEM         0x49UL
#define CKK_ML_DSA         0x4aUL
#define CKP_ML_KEM_512     1UL
#define CKP_ML_KEM_768     2UL
#define CKP_ML_KEM_1024    3UL
#define CKP_ML_DSA_44      1UL
#define CKP_ML_DSA_65      2UL
#define CKP_ML_DSA_87      3UL

/* ---- attributes ---- */

#define CKF_ARRAY_ATTRIBUTE      0x40000000UL
#define CKA_CLASS                0x0UL
#define CKA_TOKEN                0x1UL
#define CKA_PRIVATE              0x2UL
#define CKA_LABEL                0x3UL
#define CKA_UNIQUE_ID            0x4UL
#define CKA_VALUE                0x11UL
#define CKA_TRUSTED              0x86UL
#define CKA_KEY_TYPE             0x100UL
#define CKA_SUBJECT              0x101UL
#define CKA_ID                   0x102UL
#define CKA_SENSITIVE            0x103UL
#define CKA_ENCRYPT              0x104UL
#define CKA_DECRYPT              0x105UL
#define CKA_WRAP                 0x106UL
#define CKA_UNWRAP               0x107UL
#define CKA_SIGN                 0x108UL
#define CKA_SIGN_RECOVER         0x109UL
#define CKA_VERIFY               0x10aUL
#define CKA_VERIFY_RECOVER       0x10bUL
#define CKA_DERIVE               0x10cUL
#define CKA_START_DATE           0x110UL
#define CKA_END_DATE             0x111UL
#define CKA_PUBLIC_KEY_INFO      0x129UL
#define CKA_VALUE_LEN            0x161UL
#define CKA_EXTRACTABLE          0x162UL
#define CKA_LOCAL                0x163UL
#define CKA_NEVER_EXTRACTABLE    0x164UL
#define CKA_ALWAYS_SENSITIVE     0x165UL
#define CKA_KEY_GEN_MECHANISM    0x166UL
#define CKA_MODIFIABLE           0x170UL
#define CKA_COPYABLE             0x171UL
#define CKA_DESTROYABLE          0x172UL
#define CKA_ALWAYS_AUTHENTICATE  0x202UL
#define CKA_WRAP_WITH_TRUSTED    0x210UL
#define CKA_ALLOWED_MECHANISMS   0x40000600UL
#define CKA_PARAMETER_SET        0x61dUL
#define CKA_ENCAPSULATE_TEMPLATE 0x4000062aUL
#define CKA_DECAPSULATE_TEMPLATE 0x4000062bUL
#define CKA_ENCAPSULATE          0x633UL
#define CKA_DECAPSULATE          0x634UL
#define CKA_SEED                 0x637UL

/* ---- mechanisms ---- */

#define CKM_ML_KEM_KEY_PAIR_GEN      0xfUL
#define CKM_ML_KEM                   0x17UL
#define CKM_ML_DSA_KEY_PAIR_GEN      0x1cUL
#define CKM_ML_DSA                   0x1dUL
#define CKM_HASH_ML_DSA              0x1fUL
#define CKM_HASH_ML_DSA_SHA224       0x23UL
#define CKM_HASH_ML_DSA_SHA256       0x24UL
#define CKM_HASH_ML_DSA_SHA384       0x25UL
#define CKM_HASH_ML_DSA_SHA512       0x26UL
#define CKM_HASH_ML_DSA_SHA3_224     0x27UL
#define CKM_HASH_ML_DSA_SHA3_256     0x28UL
#define CKM_HASH_ML_DSA_SHA3_384     0x29UL
#define CKM_HASH_ML_DSA_SHA3_512     0x2aUL
#define CKM_HASH_ML_DSA_SHAKE128     0x2bUL
#define CKM_HASH_ML_DSA_SHAKE256     0x2cUL
#define CKM_SHA512_224               0x48UL
#define CKM_SHA512_256               0x4cUL
#define CKM_SHA256                   0x250UL
#define CKM_SHA224                   0x255UL
#define CKM_SHA384                   0x260UL
#define CKM_SHA512                   0x270UL
#define CKM_SHA3_256                 0x2b0UL
#define CKM_SHA3_224                 0x2b5UL
#define CKM_SHA3_384                 0x2c0UL
#define CKM_SHA3_512                 0x2d0UL
#define CKM_SHAKE_128_KEY_DERIVATION 0x39bUL
#define CKM_SHAKE_256_KEY_DERIVATION 0x39cUL
#define CKM_AES_GCM                  0x1087UL
#define CKM_HKDF_DERIVE              0x402aUL

/* ---- flags and small enumerations ---- */

#define CKF_LIBRARY_CANT_CREATE_OS_THREADS 0x1UL
#define CKF_OS_LOCKING_OK                  0x2UL
#define CKF_TOKEN_PRESENT                  0x1UL
#define CKF_RNG                            0x1UL
#define CKF_LOGIN_REQUIRED                 0x4UL
#define CKF_USER_PIN_INITIALIZED           0x8UL
#define CKF_TOKEN_INITIALIZED              0x400UL
#define CKF_USER_PIN_COUNT_LOW             0x10000UL
#define CKF_USER_PIN_LOCKED                0x40000UL
#define CKF_RW_SESSION                     0x2UL
#define CKF_SERIAL_SESSION                 0x4UL
#define CKF_MESSAGE_ENCRYPT                0x2UL
#define CKF_MESSAGE_DECRYPT                0x4UL
#define CKF_FIND_OBJECTS                   0x40UL
#define CKF_ENCRYPT                        0x100UL
#define CKF_DECRYPT                        0x200UL
#define CKF_DIGEST                         0x400UL
#define CKF_SIGN                           0x800UL
#define CKF_VERIFY                         0x2000UL
#define CKF_GENERATE_KEY_PAIR              0x10000UL
#define CKF_DERIVE                         0x80000UL
#define CKF_ENCAPSULATE                    0x10000000UL
#define CKF_DECAPSULATE                    0x20000000UL
#define CKF_INTERFACE_FORK_SAFE            0x1UL
#define CKF_HKDF_SALT_NULL                 0x1UL
#define CKF_HKDF_SALT_DATA                 0x2UL
#define CKS_RO_PUBLIC_SESSION              0UL
#define CKS_RO_USER_FUNCTIONS              1UL
#define CKS_RW_PUBLIC_SESSION              2UL
#define CKS_RW_USER_FUNCTIONS              3UL
#define CKU_SO                             0UL
#define CKU_USER                           1UL
#define CKU_CONTEXT_SPECIFIC               2UL
#define CKH_HEDGE_PREFERRED                0UL
#define CKH_HEDGE_REQUIRED                 1UL
#define CKH_DETERMINISTIC_REQUIRED         2UL
#define CKG_NO_GENERATE                    0UL
#define CKG_GENERATE                       1UL
#define CKG_GENERATE_COUNTER               2UL
#define CKG_GENERATE_RANDOM                3UL

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
