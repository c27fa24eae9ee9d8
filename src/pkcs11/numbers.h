/* The numbers of PKCS #11 that this module uses; see cryptoki.h. */
#ifndef HEAD2_PKCS11_NUMBERS_H
#define HEAD2_PKCS11_NUMBERS_H

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
#define CKR_DATA_LEN_RANGE                 0x21UL
#define CKR_DEVICE_ERROR                   0x30UL
#define CKR_DEVICE_MEMORY                  0x31UL
#define CKR_DEVICE_REMOVED                 0x32UL
#define CKR_ENCRYPTED_DATA_LEN_RANGE       0x41UL
#define CKR_AEAD_DECRYPT_FAILED            0x42UL
#define CKR_FUNCTION_NOT_PARALLEL          0x51UL
#define CKR_FUNCTION_NOT_SUPPORTED         0x54UL
#define CKR_KEY_HANDLE_INVALID             0x60UL
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

#define CKF_OS_LOCKING_OK          0x2UL
#define CKF_TOKEN_PRESENT          0x1UL
#define CKF_RNG                    0x1UL
#define CKF_LOGIN_REQUIRED         0x4UL
#define CKF_USER_PIN_INITIALIZED   0x8UL
#define CKF_TOKEN_INITIALIZED      0x400UL
#define CKF_USER_PIN_COUNT_LOW     0x10000UL
#define CKF_USER_PIN_LOCKED        0x40000UL
#define CKF_RW_SESSION             0x2UL
#define CKF_SERIAL_SESSION         0x4UL
#define CKF_MESSAGE_ENCRYPT        0x2UL
#define CKF_MESSAGE_DECRYPT        0x4UL
#define CKF_FIND_OBJECTS           0x40UL
#define CKF_ENCRYPT                0x100UL
#define CKF_DECRYPT                0x200UL
#define CKF_DIGEST                 0x400UL
#define CKF_SIGN                   0x800UL
#define CKF_VERIFY                 0x2000UL
#define CKF_GENERATE_KEY_PAIR      0x10000UL
#define CKF_DERIVE                 0x80000UL
#define CKF_ENCAPSULATE            0x10000000UL
#define CKF_DECAPSULATE            0x20000000UL
#define CKF_HKDF_SALT_NULL         0x1UL
#define CKF_HKDF_SALT_DATA         0x2UL
#define CKS_RO_PUBLIC_SESSION      0UL
#define CKS_RO_USER_FUNCTIONS      1UL
#define CKS_RW_PUBLIC_SESSION      2UL
#define CKS_RW_USER_FUNCTIONS      3UL
#define CKU_SO                     0UL
#define CKU_USER                   1UL
#define CKU_CONTEXT_SPECIFIC       2UL
#define CKH_HEDGE_PREFERRED        0UL
#define CKH_HEDGE_REQUIRED         1UL
#define CKH_DETERMINISTIC_REQUIRED 2UL
#define CKG_NO_GENERATE            0UL
#define CKG_GENERATE               1UL
#define CKG_GENERATE_COUNTER       2UL
#define CKG_GENERATE_RANDOM        3UL

#endif
