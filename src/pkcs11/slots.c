/* Slots, tokens and mechanisms; see module.h */
#include "keeper/unixsock.h"
#include "pkcs11/module.h"

#include <head2/version.h>
#include <stdio.h>
#include <unistd.h>

#define MANUFACTURER "CHIMERA HEAD-2"

/* Padded with blanks, as the standard has its texts. */
static void pad(CK_BYTE *out, size_t room, const char *text)
{
    const size_t len = strlen(text);

    memset(out, ' ', room);
    memcpy(out, text, len < room ? len : room);
}

static CK_VERSION version_here(void)
{
    return (CK_VERSION){HEAD2_VERSION_MAJOR, HEAD2_VERSION_MINOR};
}

CK_RV C_GetInfo(CK_INFO *info)
{
    const CK_RV rv = call_module();

    if (rv != CKR_OK)
        return rv;
    if (info == NULL)
        return call_end(NULL, CKR_ARGUMENTS_BAD);
    *info = (CK_INFO){
        .cryptoki = {3, 2},
          .library = version_here()
    };
    pad(info->manufacturer, sizeof info->manufacturer, MANUFACTURER);
    pad(info->description, sizeof info->description, "keys of a HEAD-2 keeper");
    return call_end(NULL, CKR_OK);
}

/* ---- slots ---- */

static bool answers(const struct slot *slot)
{
    const int fd = unixsock_connect(slot->path);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

CK_RV C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count)
{
    CK_SLOT_ID found[SLOTS_MAX];
    size_t n = 0;
    CK_RV rv = call_module();

    if (rv != CKR_OK)
        return rv;
    if (count == NULL)
        return call_end(NULL, CKR_ARGUMENTS_BAD);
    for (size_t i = 0; i < module.slots_n; i++)
        if (present == CK_FALSE || answers(&module.slots[i]))
            found[n++] = i;
    if (output_fits(list, count, n, &rv))
        memcpy(list, found, n * sizeof *found);
    return call_end(NULL, rv);
}

CK_RV C_GetSlotInfo(CK_SLOT_ID id, CK_SLOT_INFO *info)
{
    struct slot *slot;
    const CK_RV rv = call_slot(id, &slot);

    if (rv != CKR_OK)
        return rv;
    if (info == NULL)
        return call_end(NULL, CKR_ARGUMENTS_BAD);
    *info = (CK_SLOT_INFO){.flags = answers(slot) ? CKF_TOKEN_PRESENT : 0,
                           .hardware = version_here(),
                           .firmware = version_here()};
    /* the end of a path tells more than its beginning */
    const size_t len = strlen(slot->path), room = sizeof info->description;
    pad(info->description, room, slot->path + (len > room ? len - room : 0));
    pad(info->manufacturer, sizeof info->manufacturer, MANUFACTURER);
    return call_end(NULL, CKR_OK);
}

/* A name for the token of a socket, that stays the same. */
static void serial_of(CK_BYTE out[16], const char *path)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[32];

    head2_sha3_256(hash, path, strlen(path));
    for (size_t i = 0; i < 16; i++)
        out[i] = (CK_BYTE)digits[i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15];
}

static CK_FLAGS token_flags(uint8_t login)
{
    CK_FLAGS flags = CKF_RNG | CKF_TOKEN_INITIALIZED;

    if ((login & KEEPER_PIN_SET) != 0)
        flags |= CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED;
    if ((login & KEEPER_PIN_MISSED) != 0)
        flags |= CKF_USER_PIN_COUNT_LOW;
    if ((login & KEEPER_PIN_LOCKED) != 0)
        flags |= CKF_USER_PIN_LOCKED;
    return flags;
}

CK_RV C_GetTokenInfo(CK_SLOT_ID id, CK_TOKEN_INFO *info)
{
    struct keeper_message ask = {.type = KEEPER_STATUS};
    struct keeper_reply reply = {0};
    struct slot *slot;
    CK_RV rv = call_slot(id, &slot);

    if (rv != CKR_OK)
        return rv;
    if (info == NULL)
        return call_end(NULL, CKR_ARGUMENTS_BAD);
    rv = answers(slot) ? slot_ask(slot, &ask, &reply) : CKR_TOKEN_NOT_PRESENT;
    const uint8_t pin = reply.m.info.login;
    keeper_reply_free(&reply);
    if (rv != CKR_OK)
        return call_end(NULL, rv == CKR_DEVICE_REMOVED ? CKR_TOKEN_NOT_PRESENT : rv);
    const CK_ULONG unknown = CK_UNAVAILABLE_INFORMATION;
    module_lock();
    *info = (CK_TOKEN_INFO){.flags = token_flags(pin),
                            .max_sessions = SESSIONS_MAX,
                            .sessions = slot->sessions,
                            .max_rw_sessions = SESSIONS_MAX,
                            .rw_sessions = slot->rw_sessions,
                            .max_pin = KEEPER_PIN_MAX,
                            .min_pin = KEEPER_PIN_MIN,
                            .public_memory = unknown,
                            .free_public_memory = unknown,
                            .private_memory = unknown,
                            .free_private_memory = unknown,
                            .hardware = version_here(),
                            .firmware = version_here()};
    module_unlock();
    char label[32];
    snprintf(label, sizeof label, "HEAD-2 keeper %lu", id);
    pad(info->label, sizeof info->label, label);
    pad(info->manufacturer, sizeof info->manufacturer, MANUFACTURER);
    pad(info->model, sizeof info->model, "keeper");
    serial_of(info->serial, slot->path);
    pad(info->utc, sizeof info->utc, "");
    return call_end(NULL, CKR_OK);
}

/* ---- mechanisms ---- */

#define SIGNS   (CKF_SIGN | CKF_VERIFY)
#define KEYS    HEAD2_MLDSA44_PK_BYTES, HEAD2_MLDSA87_PK_BYTES
#define KEM     800, 1568 /* bytes of the public key */
#define CIPHERS (CKF_ENCRYPT | CKF_DECRYPT | CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_DECRYPT)

static const struct mechanism {
    CK_MECHANISM_TYPE type;
    CK_MECHANISM_INFO info;
} mechanisms[] = {
    {CKM_ML_KEM_KEY_PAIR_GEN,  {KEM, CKF_GENERATE_KEY_PAIR}            },
    {CKM_ML_KEM,               {KEM, CKF_ENCAPSULATE | CKF_DECAPSULATE}},
    {CKM_ML_DSA_KEY_PAIR_GEN,  {KEYS, CKF_GENERATE_KEY_PAIR}           },
    {CKM_ML_DSA,               {KEYS, SIGNS}                           },
    {CKM_HASH_ML_DSA,          {KEYS, SIGNS}                           },
    {CKM_HASH_ML_DSA_SHA224,   {KEYS, SIGNS}                           },
    {CKM_HASH_ML_DSA_SHA256,   {KEYS, SIGNS}                           },
    {CKM_HASH_ML_DSA_SHA384,   {KEYS, SIGNS}                           },
    {CKM_HASH_ML_DSA_SHA512,   {KEYS, SIGNS}                           },
    {CKM_HASH_ML_DSA_SHA3_224, {KEYS, SIGNS}                           },
    {CKM_HASH_ML_DSA_SHA3_256, {KEYS, SIGNS}                           },
    {CKM_HASH_ML_DSA_SHA3_384, {KEYS, SIGNS}                           },
    {CKM_HASH_ML_DSA_SHA3_512, {KEYS, SIGNS}                           },
    {CKM_HASH_ML_DSA_SHAKE128, {KEYS, SIGNS}                           },
    {CKM_HASH_ML_DSA_SHAKE256, {KEYS, SIGNS}                           },
    {CKM_HKDF_DERIVE,          {1, 64, CKF_DERIVE}                     },
    {CKM_AES_GCM,              {16, 32, CIPHERS}                       },
    {CKM_SHA224,               {0, 0, CKF_DIGEST}                      },
    {CKM_SHA256,               {0, 0, CKF_DIGEST}                      },
    {CKM_SHA384,               {0, 0, CKF_DIGEST}                      },
    {CKM_SHA512,               {0, 0, CKF_DIGEST}                      },
    {CKM_SHA512_224,           {0, 0, CKF_DIGEST}                      },
    {CKM_SHA512_256,           {0, 0, CKF_DIGEST}                      },
    {CKM_SHA3_224,             {0, 0, CKF_DIGEST}                      },
    {CKM_SHA3_256,             {0, 0, CKF_DIGEST}                      },
    {CKM_SHA3_384,             {0, 0, CKF_DIGEST}                      },
    {CKM_SHA3_512,             {0, 0, CKF_DIGEST}                      },
};

CK_RV C_GetMechanismList(CK_SLOT_ID id, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
    struct slot *slot;
    CK_RV rv = call_slot(id, &slot);

    if (rv != CKR_OK)
        return rv;
    if (count == NULL)
        return call_end(NULL, CKR_ARGUMENTS_BAD);
    if (output_fits(list, count, HEAD2_LEN(mechanisms), &rv))
        for (size_t i = 0; i < HEAD2_LEN(mechanisms); i++)
            list[i] = mechanisms[i].type;
    return call_end(NULL, rv);
}

CK_RV C_GetMechanismInfo(CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    struct slot *slot;
    CK_RV rv = call_slot(id, &slot);

    if (rv != CKR_OK)
        return rv;
    rv = CKR_MECHANISM_INVALID;
    for (size_t i = 0; i < HEAD2_LEN(mechanisms) && info != NULL; i++)
        if (mechanisms[i].type == type) {
            *info = mechanisms[i].info;
            rv = CKR_OK;
        }
    return call_end(NULL, info == NULL ? CKR_ARGUMENTS_BAD : rv);
}
