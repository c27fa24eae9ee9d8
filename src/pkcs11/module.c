/* see module.h */
#include "pkcs11/module.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define SOCKET_FILE "keeper.sock"

struct module module;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER; /* somebody has left */
static pthread_once_t once = PTHREAD_ONCE_INIT;

void module_lock(void)
{
    pthread_mutex_lock(&lock);
}

void module_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

/* ---- fork ---- */

/* In the child, which has one thread and copies of all tables in whatever state. The memory is left
 * as it is: nothing that a child may not call is called. */
static void in_child(void)
{
    for (size_t i = 0; i < module.slots_n; i++)
        if (module.slots[i].client != NULL)
            keeper_client_forked(module.slots[i].client);
    memset(&module, 0, sizeof module);
    lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    change = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
}

static bool watched;

static void watch_forks(void)
{
    watched = pthread_atfork(NULL, NULL, in_child) == 0;
}

/* ---- slots ---- */

static bool default_path(char out[PATH_MAX])
{
    static const struct {
        const char *variable, *tail;
    } places[] = {
        {"HEAD2_STATE",    "store/" SOCKET_FILE                   },
        {"XDG_STATE_HOME", "head2/store/" SOCKET_FILE             },
        {"HOME",           ".local/state/head2/store/" SOCKET_FILE},
    };

    for (size_t i = 0; i < HEAD2_LEN(places); i++) {
        const char *const base = getenv(places[i].variable);
        if (base != NULL && base[0] != 0)
            return snprintf(out, PATH_MAX, "%s/%s", base, places[i].tail) < PATH_MAX;
    }
    return false;
}

/* Sockets in $HEAD2_KEEPER, with ':' in between. */
static void find_slots(void)
{
    const char *at = getenv("HEAD2_KEEPER");

    module.slots_n = 0;
    if (at == NULL || at[0] == 0) {
        module.slots_n = default_path(module.slots[0].path);
        return;
    }
    while (*at != 0 && module.slots_n < SLOTS_MAX) {
        const size_t len = strcspn(at, ":");
        if (len != 0 && len < PATH_MAX) {
            char *const path = module.slots[module.slots_n++].path;
            memcpy(path, at, len);
            path[len] = 0;
        }
        at += len + (at[len] == ':');
    }
}

CK_RV slot_client(struct slot *slot, struct keeper_client **out)
{
    struct keeper_client *made = NULL;

    module_lock();
    *out = slot->client;
    module_unlock();
    if (*out != NULL)
        return CKR_OK;
    if (keeper_client_open(&made, slot->path) != HEAD2_OK)
        return CKR_TOKEN_NOT_PRESENT;
    module_lock();
    if (slot->client == NULL) { /* else somebody was faster */
        slot->client = made;
        made = NULL;
    }
    *out = slot->client;
    module_unlock();
    keeper_client_close(made);
    return CKR_OK;
}

static CK_RV of_limit(enum keeper_type type)
{
    switch (type) {
    case KEEPER_GENERATE:
    case KEEPER_ENCAPSULATE:
    case KEEPER_DECAPSULATE:
    case KEEPER_DERIVE:
        return CKR_DEVICE_MEMORY; /* or a rate */
    case KEEPER_ENCRYPT:
        return CKR_KEY_EXHAUSTED; /* of nonces that were given */
    default:
        return CKR_FUNCTION_REJECTED;
    }
}

static CK_RV rv_of(const struct keeper_message *ask, enum head2_status st)
{
    switch (st) {
    case HEAD2_OK:
        return CKR_OK;
    case HEAD2_E_MEMORY:
        return CKR_HOST_MEMORY;
    case HEAD2_E_IO:
        return CKR_DEVICE_REMOVED;
    case HEAD2_E_PASSPHRASE:
        return CKR_USER_NOT_LOGGED_IN;
    case HEAD2_E_POLICY:
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    case HEAD2_E_LIMIT:
        return of_limit(ask->type);
    case HEAD2_E_STATE: /* a secret of a keeper that is no more; or a key's state, or no key */
        return ask->handle != 0 ? CKR_KEY_HANDLE_INVALID : CKR_KEY_FUNCTION_NOT_PERMITTED;
    case HEAD2_E_VERIFY:
        return ask->type == KEEPER_DECRYPT ? CKR_AEAD_DECRYPT_FAILED : CKR_DEVICE_ERROR;
    case HEAD2_E_ARG: /* a nonce that was used */
        return ask->type == KEEPER_ENCRYPT ? CKR_MECHANISM_PARAM_INVALID : CKR_FUNCTION_FAILED;
    case HEAD2_E_MALFORMED:
        return CKR_FUNCTION_FAILED;
    default:
        return CKR_DEVICE_ERROR;
    }
}

CK_RV slot_ask(struct slot *slot, struct keeper_message *ask, struct keeper_reply *reply)
{
    struct keeper_client *client;
    CK_RV rv = slot_client(slot, &client);

    *reply = (struct keeper_reply){0};
    if (rv != CKR_OK)
        return rv;
    rv = rv_of(ask, keeper_call(client, ask, reply));
    if (rv == CKR_USER_NOT_LOGGED_IN) { /* a new keeper, perhaps */
        module_lock();
        slot->logged_in = false;
        module_unlock();
    }
    return rv;
}

bool slot_is_open(struct slot *slot)
{
    struct keeper_message ask = {.type = KEEPER_STATUS};
    struct keeper_reply reply;
    const uint8_t shut = KEEPER_PIN_SET, shown = KEEPER_PIN_SHOWN;
    const bool open =
        slot_ask(slot, &ask, &reply) == CKR_OK && (reply.m.info.login & (shut | shown)) != shut;

    keeper_reply_free(&reply);
    return open;
}

/* ---- beginning and end ---- */

CK_RV C_Initialize(void *args)
{
    const CK_C_INITIALIZE_ARGS *const a = args;
    CK_RV rv = CKR_OK;

    if (a != NULL) {
        const int given =
            (a->create != NULL) + (a->destroy != NULL) + (a->lock != NULL) + (a->unlock != NULL);
        if (a->reserved != NULL || (given != 0 && given != 4))
            return CKR_ARGUMENTS_BAD;
        if (given == 4 && (a->flags & CKF_OS_LOCKING_OK) == 0)
            return CKR_CANT_LOCK; /* the system's locks are the ones that are used */
    }
    if (pthread_once(&once, watch_forks) != 0 || !watched)
        return CKR_HOST_MEMORY;
    module_lock();
    if (module.ready) {
        rv = CKR_CRYPTOKI_ALREADY_INITIALIZED;
    } else {
        find_slots();
        module.ready = true;
    }
    module_unlock();
    return rv;
}

static void free_session(struct session *s)
{
    session_reset(s);
    head2_wipe(s, sizeof *s);
    free(s);
}

CK_RV C_Finalize(void *reserved)
{
    if (reserved != NULL)
        return CKR_ARGUMENTS_BAD;
    module_lock();
    if (!module.ready) {
        module_unlock();
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    }
    module.ready = false; /* nobody comes in any more */
    pthread_cond_broadcast(&change);
    while (module.inside != 0)
        pthread_cond_wait(&change, &lock);
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        if (module.sessions[i] != NULL)
            free_session(module.sessions[i]);
    for (size_t i = 0; i < module.slots_n; i++) {
        struct slot *const slot = &module.slots[i];
        keeper_client_close(slot->client); /* the keeper forgets what was of it */
        for (size_t n = 0; n < OBJECTS_MAX; n++)
            free(slot->objects[n]);
    }
    memset(&module, 0, sizeof module);
    module_unlock();
    return CKR_OK;
}

/* ---- calls ---- */

CK_RV call_module(void)
{
    module_lock();
    const CK_RV rv = module.ready ? CKR_OK : CKR_CRYPTOKI_NOT_INITIALIZED;
    module.inside += rv == CKR_OK;
    module_unlock();
    return rv;
}

CK_RV call_slot(CK_SLOT_ID id, struct slot **out)
{
    CK_RV rv = call_module();

    if (rv != CKR_OK)
        return rv;
    if (id >= module.slots_n)
        return call_end(NULL, CKR_SLOT_ID_INVALID);
    *out = &module.slots[id];
    return CKR_OK;
}

static struct session *find_session(CK_SESSION_HANDLE handle)
{
    struct session *const s = module.sessions[handle % SESSIONS_MAX];

    return s != NULL && s->handle == handle ? s : NULL;
}

CK_RV call_session(CK_SESSION_HANDLE handle, struct session **out)
{
    struct session *s = NULL;
    CK_RV rv = CKR_OK;

    module_lock();
    for (bool waits = true; waits;) { /* it may be closed meanwhile */
        rv = module.ready ? CKR_OK : CKR_CRYPTOKI_NOT_INITIALIZED;
        s = rv == CKR_OK ? find_session(handle) : NULL;
        if (rv == CKR_OK && s == NULL)
            rv = CKR_SESSION_HANDLE_INVALID;
        waits = rv == CKR_OK && s->busy;
        if (waits)
            pthread_cond_wait(&change, &lock);
    }
    if (rv == CKR_OK) {
        s->busy = true;
        module.inside++;
        *out = s;
    }
    module_unlock();
    return rv;
}

CK_RV call_end(struct session *s, CK_RV rv)
{
    module_lock();
    if (s != NULL)
        s->busy = false;
    module.inside--;
    pthread_cond_broadcast(&change);
    module_unlock();
    return rv;
}

/* ---- small things ---- */

bool output_fits(const void *out, CK_ULONG *out_len, size_t need, CK_RV *rv)
{
    const bool fits = out != NULL && *out_len >= need;

    *rv = out == NULL || fits ? CKR_OK : CKR_BUFFER_TOO_SMALL;
    *out_len = need;
    return fits;
}

enum head2_alg alg_of_set(CK_KEY_TYPE type, CK_ULONG set)
{
    if (set < 1 || set > 3 || (type != CKK_ML_KEM && type != CKK_ML_DSA))
        return HEAD2_ALG_NONE;
    return (enum head2_alg)((type == CKK_ML_KEM ? HEAD2_MLKEM_512 : HEAD2_MLDSA_44) + (set - 1));
}

CK_KEY_TYPE type_of_alg(enum head2_alg alg)
{
    return head2_alg_is_signature(alg) ? CKK_ML_DSA : CKK_ML_KEM;
}

CK_ULONG set_of_alg(enum head2_alg alg)
{
    return 1 +
           (CK_ULONG)(head2_alg_is_signature(alg) ? alg - HEAD2_MLDSA_44 : alg - HEAD2_MLKEM_512);
}

bool hash_of(CK_MECHANISM_TYPE type, enum head2_prehash *out)
{
    static const struct {
        CK_MECHANISM_TYPE type;
        enum head2_prehash hash;
    } hashes[] = {
        {CKM_SHA224,                   HEAD2_PREHASH_SHA2_224    },
        {CKM_SHA256,                   HEAD2_PREHASH_SHA2_256    },
        {CKM_SHA384,                   HEAD2_PREHASH_SHA2_384    },
        {CKM_SHA512,                   HEAD2_PREHASH_SHA2_512    },
        {CKM_SHA512_224,               HEAD2_PREHASH_SHA2_512_224},
        {CKM_SHA512_256,               HEAD2_PREHASH_SHA2_512_256},
        {CKM_SHA3_224,                 HEAD2_PREHASH_SHA3_224    },
        {CKM_SHA3_256,                 HEAD2_PREHASH_SHA3_256    },
        {CKM_SHA3_384,                 HEAD2_PREHASH_SHA3_384    },
        {CKM_SHA3_512,                 HEAD2_PREHASH_SHA3_512    },
        {CKM_SHAKE_128_KEY_DERIVATION, HEAD2_PREHASH_SHAKE_128   },
        {CKM_SHAKE_256_KEY_DERIVATION, HEAD2_PREHASH_SHAKE_256   },
    };

    for (size_t i = 0; i < HEAD2_LEN(hashes); i++)
        if (hashes[i].type == type) {
            *out = hashes[i].hash;
            return true;
        }
    return false;
}

const EVP_MD *digest_of(enum head2_prehash hash)
{
    switch (hash) {
    case HEAD2_PREHASH_SHA2_224:
        return EVP_sha224();
    case HEAD2_PREHASH_SHA2_256:
        return EVP_sha256();
    case HEAD2_PREHASH_SHA2_384:
        return EVP_sha384();
    case HEAD2_PREHASH_SHA2_512:
        return EVP_sha512();
    case HEAD2_PREHASH_SHA2_512_224:
        return EVP_sha512_224();
    case HEAD2_PREHASH_SHA2_512_256:
        return EVP_sha512_256();
    case HEAD2_PREHASH_SHA3_224:
        return EVP_sha3_224();
    case HEAD2_PREHASH_SHA3_256:
        return EVP_sha3_256();
    case HEAD2_PREHASH_SHA3_384:
        return EVP_sha3_384();
    case HEAD2_PREHASH_SHA3_512:
        return EVP_sha3_512();
    case HEAD2_PREHASH_SHAKE_128:
        return EVP_shake128();
    default:
        return EVP_shake256();
    }
}
