/*
 * The PKCS #11 module: function lists, sessions, slots, nonsense, the PIN, fork and threads.
 * test_pkcs11_keys.c has objects and signatures, test_pkcs11_secrets.c the KEM and what comes of
 * it.
 */
#include "check.h"

#include "pkcs11_fixture.h"

#include <head2/mldsa.h>
#include <pthread.h>
#include <sys/wait.h>

#define SESSIONS 256

static CK_BYTE message[] = "a message";

/* ---- the lists ---- */

static void interfaces(void)
{
    static const CK_BYTE name[] = "PKCS 11", other[] = "PKCS 12";
    const CK_VERSION old = {2, 40}, three = {3, 0}, none = {3, 1};
    const struct CK_FUNCTION_LIST *list;
    const CK_INTERFACE *it;
    CK_INTERFACE all[8];
    CK_ULONG n = 0;

    load_module();
    OK(p11->C_GetInterfaceList(NULL, &n));
    CHECK_EQ(n, 3);
    n = 2;
    CHECK_RV(p11->C_GetInterfaceList(all, &n), CKR_BUFFER_TOO_SMALL);
    CHECK_EQ(n, 3);
    n = 8;
    OK(p11->C_GetInterfaceList(all, &n));
    CHECK_EQ(n, 3);
    for (CK_ULONG i = 0; i < n; i++) { /* every function is there, whatever the version */
        static const size_t counts[] = {68 + 24 + 12, 68 + 24, 68};
        void *const *const f = (void *const *)all[i].functions;
        CHECK(strcmp(all[i].name, "PKCS 11") == 0);
        for (size_t k = 1; k <= counts[i]; k++)
            CHECK_SAY(f[k] != NULL, "function %zu of list %lu", k, i);
    }
    OK(p11->C_GetInterface(name, &old, &it, 0));
    OK(p11->C_GetFunctionList(&list));
    CHECK(it->functions == list && list->version.major == 2 && list->version.minor == 40);
    OK(p11->C_GetInterface(name, &three, &it, 0));
    CHECK_RV(p11->C_GetInterface(name, &none, &it, 0), CKR_ARGUMENTS_BAD);
    CHECK_RV(p11->C_GetInterface(other, NULL, &it, 0), CKR_ARGUMENTS_BAD);
    CHECK_RV(p11->C_GetInterface(name, NULL, &it, 1), CKR_ARGUMENTS_BAD); /* not fork safe */
    CHECK_RV(p11->C_GetInterface(NULL, NULL, NULL, 0), CKR_ARGUMENTS_BAD);
}

/* ---- sessions ---- */

static void sessions_end(void)
{
    CK_SESSION_HANDLE all[SESSIONS], extra, first = begin();
    CK_SESSION_INFO info;
    CK_TOKEN_INFO token;

    CHECK_RV(p11->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
    CHECK_RV(p11->C_OpenSession(0, 0, NULL, NULL, &extra), CKR_SESSION_PARALLEL_NOT_SUPPORTED);
    CHECK_RV(p11->C_OpenSession(1, CKF_SERIAL_SESSION, NULL, NULL, &extra), CKR_SLOT_ID_INVALID);
    for (int i = 1; i < SESSIONS; i++)
        OK(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &all[i]));
    CHECK_RV(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &extra), CKR_SESSION_COUNT);
    OK(p11->C_GetTokenInfo(0, &token));
    CHECK(token.sessions == SESSIONS && token.rw_sessions == 1 && token.max_sessions == SESSIONS);
    OK(p11->C_CloseSession(all[7]));
    CHECK_RV(p11->C_CloseSession(all[7]), CKR_SESSION_HANDLE_INVALID);
    OK(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &extra));
    CHECK(extra != all[7]);
    OK(p11->C_GetSessionInfo(extra, &info));
    CHECK(info.slot == 0 && info.state == CKS_RO_PUBLIC_SESSION);
    OK(p11->C_GetSessionInfo(first, &info));
    CHECK_EQ(info.state, CKS_RW_PUBLIC_SESSION);
    OK(p11->C_CloseAllSessions(0));
    CHECK_RV(p11->C_GetSessionInfo(first, &info), CKR_SESSION_HANDLE_INVALID);
    end();
    CHECK_RV(p11->C_GetSessionInfo(first, &info), CKR_CRYPTOKI_NOT_INITIALIZED);
    CHECK_RV(p11->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
}

static void a_slot_without_a_keeper_has_no_token(void)
{
    char two[256];
    CK_SLOT_INFO info;
    CK_TOKEN_INFO token;
    CK_SLOT_ID slots[4];
    CK_ULONG n = 4;

    load_module();
    start_keeper(true);
    snprintf(two, sizeof two, "%s/none.sock:%s", folder, socket_path);
    setenv("HEAD2_KEEPER", two, 1);
    OK(p11->C_Initialize(NULL));
    OK(p11->C_GetSlotList(CK_FALSE, slots, &n));
    CHECK_EQ(n, 2);
    n = 0;
    CHECK_RV(p11->C_GetSlotList(CK_TRUE, slots, &n), CKR_BUFFER_TOO_SMALL);
    OK(p11->C_GetSlotList(CK_TRUE, slots, &n));
    CHECK(n == 1 && slots[0] == 1);
    OK(p11->C_GetSlotInfo(0, &info));
    CHECK_EQ(info.flags, 0);
    OK(p11->C_GetSlotInfo(1, &info));
    CHECK_EQ(info.flags, CKF_TOKEN_PRESENT);
    CHECK_RV(p11->C_GetTokenInfo(0, &token), CKR_TOKEN_NOT_PRESENT);
    OK(p11->C_GetTokenInfo(1, &token));
    CHECK((token.flags & CKF_LOGIN_REQUIRED) == 0);
    end();
}

/* ---- nonsense ---- */

typedef CK_RV any(CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG,
                  CK_ULONG, CK_ULONG);

/* Every function but C_Initialize and C_Finalize, with this first argument and then zeros. */
static void call_all(CK_ULONG first, CK_RV want)
{
    any *const *const f = (any *const *)(const void *)p11;

    for (size_t i = 3; i <= 68 + 24 + 12; i++) {
        /* the lists are there before anything; C_GetInfo has a pointer first */
        if (i == 4 || i == 69 || i == 70 || (i == 3 && first != 0))
            continue;
        const CK_RV rv = f[i](first, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        CHECK_SAY(want == CKR_OK || rv == want, "function %zu gives 0x%lx", i, rv);
    }
}

static void nonsense_ends_nothing(void)
{
    CK_SESSION_HANDLE session;

    load_module();
    call_all(0, CKR_CRYPTOKI_NOT_INITIALIZED);
    session = begin();
    for (int i = 0; i < 3; i++) {
        call_all(i == 0 ? 0 : i == 1 ? session : ~0UL, CKR_OK);
        if (i == 1) /* it is closed by one of them */
            OK(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session));
    }
    CK_C_INITIALIZE_ARGS args = {.reserved = &session};
    CHECK_RV(p11->C_Initialize(&args), CKR_ARGUMENTS_BAD);
    end();
}

/* ---- the PIN ---- */

static CK_RV log_in(CK_SESSION_HANDLE session, const char *pin)
{
    return p11->C_Login(session, CKU_USER, (const CK_BYTE *)pin, strlen(pin));
}

static CK_RV try_random_signature(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM m = {CKM_ML_DSA, NULL, 0};
    CK_BYTE sig[HEAD2_KEY_MAX_SIG];
    CK_ULONG n = sizeof sig;

    OK(p11->C_SignInit(session, &m, key));
    return p11->C_Sign(session, sig, 10, sig, &n);
}

static void a_pin_guards_private_uses(void)
{
    CK_OBJECT_HANDLE found[8];
    CK_ULONG n;
    CK_TOKEN_INFO token;
    CK_SESSION_INFO info;

    CHECK_EQ(pin_make(&keeper_pin, text("123")), HEAD2_E_ARG);
    CHECK_EQ(pin_make(&keeper_pin, text("1234")), HEAD2_OK);
    keeper_has_pin = true;
    const CK_SESSION_HANDLE session = begin();
    OK(p11->C_GetTokenInfo(0, &token));
    CHECK((token.flags & CKF_LOGIN_REQUIRED) != 0);
    OK(p11->C_FindObjectsInit(session, NULL, 0));
    OK(p11->C_FindObjects(session, found, 8, &n));
    OK(p11->C_FindObjectsFinal(session));
    CHECK_EQ(n, 1); /* the public key alone */
    const CK_OBJECT_HANDLE known = found[0] | 1;
    CHECK_RV(try_random_signature(session, known), CKR_USER_NOT_LOGGED_IN);
    CHECK_RV(p11->C_Login(session, CKU_SO, NULL, 0), CKR_USER_TYPE_INVALID);
    CHECK_RV(log_in(session, "12345"), CKR_PIN_INCORRECT);
    CHECK_RV(log_in(session, ""), CKR_PIN_INCORRECT);
    OK(p11->C_GetTokenInfo(0, &token));
    CHECK((token.flags & CKF_USER_PIN_COUNT_LOW) != 0);
    OK(log_in(session, "1234"));
    CHECK_RV(log_in(session, "1234"), CKR_USER_ALREADY_LOGGED_IN);
    OK(p11->C_GetSessionInfo(session, &info));
    CHECK_EQ(info.state, CKS_RW_USER_FUNCTIONS);
    OK(try_random_signature(session, known));
    OK(p11->C_FindObjectsInit(session, NULL, 0));
    OK(p11->C_FindObjects(session, found, 8, &n));
    OK(p11->C_FindObjectsFinal(session));
    CHECK_EQ(n, 2);
    /* another connection has not shown it */
    struct keeper_client *const c = connect_client();
    uint8_t id[16], sig[HEAD2_KEY_MAX_SIG];
    size_t len;
    find_key(c, id, "known");
    CHECK_EQ(keeper_sign(c, sig, &len, id, text("m"), text(""), 0), HEAD2_E_PASSPHRASE);
    keeper_client_close(c);
    OK(p11->C_Logout(session));
    CHECK_RV(p11->C_Logout(session), CKR_USER_NOT_LOGGED_IN);
    CHECK_RV(try_random_signature(session, known), CKR_USER_NOT_LOGGED_IN);
    end();
    keeper_has_pin = false;
}

static void logging_out_ends_secrets(void)
{
    keeper_has_pin = true;
    const CK_SESSION_HANDLE session = begin();
    CK_MECHANISM kem = {CKM_ML_KEM, NULL, 0};
    CK_BYTE ct[HEAD2_KEY_MAX_CT];
    CK_ULONG n = sizeof ct;
    CK_OBJECT_HANDLE secret;
    size_t len;

    OK(log_in(session, "1234"));
    const struct pair p = make_pair(session, CKK_ML_KEM, CKP_ML_KEM_512, false);
    OK(p11->C_EncapsulateKey(session, &kem, p.public_key, NULL, 0, ct, &n, &secret));
    OK(p11->C_Logout(session));
    OK(log_in(session, "1234"));
    CHECK_RV(read_attribute(session, secret, CKA_VALUE_LEN, &n, sizeof n, &len),
             CKR_OBJECT_HANDLE_INVALID);
    end();
    keeper_has_pin = false;
}

/* pin_try itself, with a clock of its own: ten wrong ones in a row, each after its wait. */
static void wrong_pins_are_slowed_and_locked(void)
{
    struct pin pin;
    struct pin_guard g = {&pin, 0, 0};
    uint64_t now = 1000, wait = PIN_WAIT_MS;
    const char *why;

    CHECK_EQ(pin_make(&pin, text("1234")), HEAD2_OK);
    for (int i = 0; i < PIN_TRIES - 1; i++, wait *= 2) {
        CHECK_EQ(pin_try(&g, text("4321"), now, &why), HEAD2_E_PASSPHRASE);
        CHECK_EQ(pin_try(&g, text("1234"), now + wait - 1, &why), HEAD2_E_LIMIT);
        now += wait;
    }
    struct pin_guard right = g;
    CHECK_EQ(pin_try(&right, text("1234"), now, &why), HEAD2_OK);
    CHECK_EQ(pin_state(&right), KEEPER_PIN_SET);
    CHECK_EQ(pin_try(&g, text("4321"), now, &why), HEAD2_E_PASSPHRASE);
    CHECK_EQ(pin_try(&g, text("1234"), now + 1000000, &why), HEAD2_E_STATE);
    CHECK_EQ(pin_state(&g), KEEPER_PIN_SET | KEEPER_PIN_MISSED | KEEPER_PIN_LOCKED);
    CHECK_EQ(pin_try(&(struct pin_guard){NULL, 0, 0}, text("1234"), now, &why), HEAD2_E_STATE);
}

/* ---- fork and threads ---- */

static void a_child_begins_anew(void)
{
    const CK_SESSION_HANDLE session = begin();
    const struct pair p = make_pair(session, CKK_ML_DSA, CKP_ML_DSA_44, false);
    CK_MECHANISM m = {CKM_ML_DSA, NULL, 0};
    CK_BYTE sig[HEAD2_KEY_MAX_SIG];
    CK_ULONG len = sizeof sig;
    CK_SESSION_INFO info;
    int status;

    OK(p11->C_SignInit(session, &m, p.private_key));
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CK_SESSION_HANDLE own;
        CK_SLOT_ID slots[4];
        CK_ULONG n = 4;
        if (p11->C_GetSessionInfo(session, &info) != CKR_CRYPTOKI_NOT_INITIALIZED ||
            p11->C_GetSlotList(CK_FALSE, slots, &n) != CKR_CRYPTOKI_NOT_INITIALIZED ||
            p11->C_Finalize(NULL) != CKR_CRYPTOKI_NOT_INITIALIZED)
            _exit(1);
        if (p11->C_Initialize(NULL) != CKR_OK ||
            p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &own) != CKR_OK ||
            p11->C_SignInit(own, &m, p.private_key) != CKR_OK || /* the same handle */
            p11->C_Sign(own, message, 9, sig, &len) != CKR_OK || p11->C_Finalize(NULL) != CKR_OK)
            _exit(2);
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    OK(p11->C_Sign(session, message, 9, sig, &len)); /* the parent goes on */
    end();
}

#define THREADS 8

static struct pair shared, shared_kem;
static int rounds = 12;

/* A secret of its own, and a text through it and back. */
static bool a_text_goes_through(CK_SESSION_HANDLE own)
{
    CK_MECHANISM kem = {CKM_ML_KEM, NULL, 0}, gcm = {CKM_AES_GCM, NULL, 0};
    CK_KEY_TYPE type = CKK_AES;
    CK_ATTRIBUTE t[] = {ATTR(CKA_KEY_TYPE, type)};
    CK_BYTE ct[HEAD2_KEY_MAX_CT], iv[12], tag[16], out[9], back[9];
    CK_GCM_MESSAGE_PARAMS p = {iv, 12, 0, CKG_GENERATE, tag, 128};
    CK_ULONG n = sizeof ct, m = sizeof out;
    CK_OBJECT_HANDLE key;

    return p11->C_EncapsulateKey(own, &kem, shared_kem.public_key, t, 1, ct, &n, &key) == CKR_OK &&
           p11->C_MessageEncryptInit(own, &gcm, key) == CKR_OK &&
           p11->C_EncryptMessage(own, &p, sizeof p, NULL, 0, message, 9, out, &m) == CKR_OK &&
           p11->C_DestroyObject(own, key) == CKR_OK &&
           p11->C_DecapsulateKey(own, &kem, shared_kem.private_key, t, 1, ct, n, &key) == CKR_OK &&
           p11->C_MessageDecryptInit(own, &gcm, key) == CKR_OK &&
           p11->C_DecryptMessage(own, &p, sizeof p, NULL, 0, out, m, back, &m) == CKR_OK &&
           memcmp(back, message, 9) == 0;
}

static void *work(void *arg)
{
    const CK_SESSION_HANDLE common = *(const CK_SESSION_HANDLE *)arg;
    CK_MECHANISM m = {CKM_ML_DSA, NULL, 0};
    CK_BYTE sig[HEAD2_KEY_MAX_SIG], random[8];
    CK_SESSION_HANDLE own;
    CK_ATTRIBUTE keys[] = {ATTR(CKA_TOKEN, yes)};
    CK_OBJECT_HANDLE found[6];
    CK_ULONG n, bad = 0;

    for (int i = 0; i < rounds; i++) {
        CK_ULONG len = sizeof sig;
        bad += p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &own) != CKR_OK ||
               p11->C_SignInit(own, &m, shared.private_key) != CKR_OK ||
               p11->C_SignUpdate(own, message, 9) != CKR_OK ||
               p11->C_SignFinal(own, sig, &len) != CKR_OK ||
               p11->C_VerifyInit(own, &m, shared.public_key) != CKR_OK ||
               p11->C_Verify(own, message, 9, sig, len) != CKR_OK ||
               p11->C_FindObjectsInit(own, keys, 1) != CKR_OK ||
               p11->C_FindObjects(own, found, 6, &n) != CKR_OK || n != 6 ||
               !a_text_goes_through(own) || p11->C_CloseSession(own) != CKR_OK;
        /* one session for all: one call at a time, and none is lost */
        bad += p11->C_GenerateRandom(common, random, sizeof random) != CKR_OK;
    }
    return bad == 0 ? NULL : (void *)1;
}

static void threads_work_side_by_side(void)
{
    CK_SESSION_HANDLE session = begin();
    pthread_t threads[THREADS];
    void *bad;

    shared = make_pair(session, CKK_ML_DSA, CKP_ML_DSA_44, false);
    shared_kem = make_pair(session, CKK_ML_KEM, CKP_ML_KEM_512, false);
    if (getenv("HEAD2_SOAK") != NULL)
        rounds = 1000;
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, work, &session), 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_join(threads[i], &bad), 0);
        CHECK(bad == NULL);
    }
    end();
}

int main(void)
{
    RUN(interfaces);
    RUN(nonsense_ends_nothing);
    RUN(sessions_end);
    RUN(a_slot_without_a_keeper_has_no_token);
    RUN(a_child_begins_anew);
    RUN(threads_work_side_by_side);
    RUN(a_pin_guards_private_uses);
    RUN(wrong_pins_are_slowed_and_locked);
    RUN(logging_out_ends_secrets);
    if (keeper_pid > 0)
        kill(keeper_pid, SIGKILL);
    remove_folder();
    CHECK_EXIT();
}
