/* Sessions and logging in; see module.h */
#include "pkcs11/module.h"

#include <stdlib.h>
#include <time.h>

#define LOGIN_PATIENCE_MS 3000 /* while the keeper makes everybody wait after a wrong PIN */

void signing_reset(struct signing *g)
{
    EVP_MD_CTX_free(g->digest);
    head2_wipe(g, sizeof *g);
}

void session_reset(struct session *s)
{
    signing_reset(&s->signing);
    signing_reset(&s->verifying);
    ciphering_reset(&s->encrypting);
    ciphering_reset(&s->decrypting);
    EVP_MD_CTX_free(s->digest);
    s->digest = NULL;
    free(s->found);
    s->found = NULL;
    s->finding = false;
}

/* ---- opening and closing ---- */

/* With the lock. */
static CK_RV add_session(struct slot *slot, CK_FLAGS flags, CK_SESSION_HANDLE *out)
{
    size_t at = 0;

    while (at < SESSIONS_MAX && module.sessions[at] != NULL)
        at++;
    if (at == SESSIONS_MAX)
        return CKR_SESSION_COUNT;
    struct session *const s = calloc(1, sizeof *s);
    if (s == NULL)
        return CKR_HOST_MEMORY;
    s->handle = ++module.numbers * SESSIONS_MAX + at;
    s->slot = slot;
    s->flags = flags;
    slot->sessions++;
    slot->rw_sessions += (flags & CKF_RW_SESSION) != 0;
    module.sessions[at] = s;
    *out = s->handle;
    return CKR_OK;
}

CK_RV C_OpenSession(CK_SLOT_ID id, CK_FLAGS flags, void *app, CK_NOTIFY notify,
                    CK_SESSION_HANDLE *out)
{
    struct keeper_client *client;
    struct slot *slot;
    CK_RV rv = call_slot(id, &slot);

    (void)app;
    (void)notify; /* nothing is ever told */
    if (rv != CKR_OK)
        return rv;
    if (out == NULL || (flags & ~(CKF_RW_SESSION | CKF_SERIAL_SESSION)) != 0)
        return call_end(NULL, CKR_ARGUMENTS_BAD);
    if ((flags & CKF_SERIAL_SESSION) == 0)
        return call_end(NULL, CKR_SESSION_PARALLEL_NOT_SUPPORTED);
    rv = slot_client(slot, &client);
    if (rv == CKR_OK) {
        module_lock();
        rv = add_session(slot, flags, out);
        module_unlock();
    }
    return call_end(NULL, rv);
}

static void logout(struct slot *slot)
{
    struct keeper_message ask = {.type = KEEPER_LOGIN, .flags = KEEPER_LOGIN_OUT};
    struct keeper_reply reply;

    module_lock();
    const bool was = slot->logged_in;
    slot->logged_in = false;
    module_unlock();
    if (!was)
        return;
    objects_drop(slot, 0);
    (void)slot_ask(slot, &ask, &reply); /* a keeper that is gone has nobody logged in */
    keeper_reply_free(&reply);
}

/* The caller has the session for itself; it is gone afterwards. */
static void close_session(struct session *s)
{
    struct slot *const slot = s->slot;

    objects_drop(slot, s->handle);
    session_reset(s);
    module_lock();
    module.sessions[s->handle % SESSIONS_MAX] = NULL;
    slot->sessions--;
    slot->rw_sessions -= (s->flags & CKF_RW_SESSION) != 0;
    const bool last = slot->sessions == 0;
    module_unlock();
    if (last)
        logout(slot);
    free(s);
}

CK_RV C_CloseSession(CK_SESSION_HANDLE session)
{
    struct session *s;
    const CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    close_session(s);
    return call_end(NULL, CKR_OK);
}

/* One of a slot's sessions; 0: none is left. */
static CK_SESSION_HANDLE session_of(const struct slot *slot)
{
    CK_SESSION_HANDLE found = 0;

    module_lock();
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        if (module.sessions[i] != NULL && module.sessions[i]->slot == slot)
            found = module.sessions[i]->handle;
    module_unlock();
    return found;
}

CK_RV C_CloseAllSessions(CK_SLOT_ID id)
{
    CK_SESSION_HANDLE handle;
    struct slot *slot;
    const CK_RV rv = call_slot(id, &slot);

    if (rv != CKR_OK)
        return rv;
    while ((handle = session_of(slot)) != 0) {
        const CK_RV closed = C_CloseSession(handle);
        if (closed != CKR_OK && closed != CKR_SESSION_HANDLE_INVALID)
            return call_end(NULL, closed);
    }
    return call_end(NULL, CKR_OK);
}

CK_RV C_GetSessionInfo(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    struct session *s;
    const CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    if (info == NULL)
        return call_end(s, CKR_ARGUMENTS_BAD);
    module_lock();
    const bool in = s->slot->logged_in;
    module_unlock();
    *info = (CK_SESSION_INFO){.slot = (CK_SLOT_ID)(s->slot - module.slots),
                              .state = (s->flags & CKF_RW_SESSION) != 0
                                           ? (in ? CKS_RW_USER_FUNCTIONS : CKS_RW_PUBLIC_SESSION)
                                           : (in ? CKS_RO_USER_FUNCTIONS : CKS_RO_PUBLIC_SESSION),
                              .flags = s->flags};
    return call_end(s, CKR_OK);
}

CK_RV C_SessionCancel(CK_SESSION_HANDLE session, CK_FLAGS flags)
{
    struct session *s;
    const CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    if ((flags & CKF_SIGN) != 0)
        signing_reset(&s->signing);
    if ((flags & CKF_VERIFY) != 0)
        signing_reset(&s->verifying);
    if ((flags & (CKF_ENCRYPT | CKF_MESSAGE_ENCRYPT)) != 0)
        ciphering_reset(&s->encrypting);
    if ((flags & (CKF_DECRYPT | CKF_MESSAGE_DECRYPT)) != 0)
        ciphering_reset(&s->decrypting);
    if ((flags & CKF_DIGEST) != 0) {
        EVP_MD_CTX_free(s->digest);
        s->digest = NULL;
    }
    if ((flags & CKF_FIND_OBJECTS) != 0) {
        free(s->found);
        s->found = NULL;
        s->finding = false;
    }
    return call_end(s, CKR_OK);
}

CK_RV C_GetSessionValidationFlags(CK_SESSION_HANDLE session, CK_ULONG type, CK_FLAGS *flags)
{
    struct session *s;
    const CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    if (flags == NULL)
        return call_end(s, CKR_ARGUMENTS_BAD);
    (void)type;
    *flags = 0; /* nothing here was validated by anybody */
    return call_end(s, CKR_OK);
}

/* ---- the PIN ---- */

/* Show it, and again while everybody waits. */
static CK_RV show(struct slot *slot, struct keeper_bytes pin)
{
    struct keeper_message ask = {.type = KEEPER_LOGIN, .data = pin};
    struct keeper_reply reply;
    struct keeper_client *client;
    CK_RV rv = slot_client(slot, &client);

    for (int waited = 0; rv == CKR_OK; waited += 50) {
        const enum head2_status st = keeper_call(client, &ask, &reply);
        keeper_reply_free(&reply);
        switch (st) {
        case HEAD2_OK:
            return CKR_OK;
        case HEAD2_E_PASSPHRASE:
            return CKR_PIN_INCORRECT;
        case HEAD2_E_STATE:
            return CKR_PIN_LOCKED;
        case HEAD2_E_LIMIT:
            if (waited >= LOGIN_PATIENCE_MS)
                return CKR_FUNCTION_REJECTED;
            nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
            break;
        default:
            return st == HEAD2_E_IO ? CKR_DEVICE_REMOVED : CKR_DEVICE_ERROR;
        }
    }
    return rv;
}

/* Without a PIN of the keeper's any is right: there is nothing to guard. */
static CK_RV login(struct slot *slot, struct keeper_bytes pin)
{
    struct keeper_message ask = {.type = KEEPER_STATUS};
    struct keeper_reply reply;
    CK_RV rv;

    module_lock();
    const bool in = slot->logged_in;
    module_unlock();
    if (in)
        return CKR_USER_ALREADY_LOGGED_IN;
    rv = slot_ask(slot, &ask, &reply);
    const bool guarded = rv == CKR_OK && (reply.m.info.login & KEEPER_PIN_SET) != 0;
    keeper_reply_free(&reply);
    if (guarded)
        rv = pin.len > KEEPER_PIN_MAX ? CKR_PIN_INCORRECT : show(slot, pin);
    if (rv == CKR_OK) {
        module_lock();
        slot->logged_in = true;
        module_unlock();
    }
    return rv;
}

CK_RV C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, const CK_BYTE *pin, CK_ULONG pin_len)
{
    struct session *s;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    if (user != CKU_USER) /* the keeper has no officer, and no key that wants the PIN each time */
        rv = user == CKU_CONTEXT_SPECIFIC ? CKR_OPERATION_NOT_INITIALIZED : CKR_USER_TYPE_INVALID;
    else if (pin == NULL && pin_len != 0)
        rv = CKR_ARGUMENTS_BAD;
    else
        rv = login(s->slot, (struct keeper_bytes){pin, pin_len});
    return call_end(s, rv);
}

CK_RV C_Logout(CK_SESSION_HANDLE session)
{
    struct session *s;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    module_lock();
    rv = s->slot->logged_in ? CKR_OK : CKR_USER_NOT_LOGGED_IN;
    module_unlock();
    if (rv == CKR_OK)
        logout(s->slot);
    return call_end(s, rv);
}
