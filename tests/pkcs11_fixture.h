/*
 * The PKCS #11 module, loaded as its clients load it, before a keeper in a process of its own.
 */
#ifndef HEAD2_TESTS_PKCS11_FIXTURE_H
#define HEAD2_TESTS_PKCS11_FIXTURE_H

#include "keeper_fixture.h"
#include "pkcs11/cryptoki.h"

#include <dlfcn.h>

static const struct CK_FUNCTION_LIST_3_2 *p11;

#define OK(call) CHECK_RV(call, CKR_OK)
#define CHECK_RV(call, rv)                                                                         \
    do {                                                                                           \
        const CK_RV check_rv = (call);                                                             \
        CHECK_SAY(check_rv == (rv), "%s:%d: %s gives 0x%lx, not 0x%lx", __FILE__, __LINE__, #call, \
                  check_rv, (CK_RV)(rv));                                                          \
    } while (0)

static void load_module(void)
{
    const CK_INTERFACE *it;
    CK_RV (*get)(const CK_BYTE *, const CK_VERSION *, const CK_INTERFACE **, CK_FLAGS);

    if (p11 != NULL)
        return;
    void *const so = dlopen(PKCS11_MODULE, RTLD_NOW | RTLD_LOCAL);
    CHECK_SAY(so != NULL, "%s", dlerror());
    void *const found = dlsym(so, "C_GetInterface");
    CHECK(found != NULL);
    memcpy(&get, &found, sizeof get);
    OK(get(NULL, NULL, &it, 0));
    p11 = it->functions;
    CHECK(p11->version.major == 3 && p11->version.minor == 2);
}

/* A keeper, and the module initialized before it; a session that reads and writes. */
static CK_SESSION_HANDLE begin(void)
{
    CK_SESSION_HANDLE session;
    CK_TOKEN_INFO token;

    load_module();
    start_keeper(true);
    setenv("HEAD2_KEEPER", socket_path, 1);
    OK(p11->C_Initialize(NULL));
    OK(p11->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
    OK(p11->C_GetTokenInfo(0, &token)); /* it is there, and ends as it should */
    return session;
}

static void end(void)
{
    OK(p11->C_Finalize(NULL));
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* ---- templates ---- */

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

#define ATTR(type, variable)                                                                       \
    {                                                                                              \
        type, &(variable), sizeof(variable)                                                        \
    }
#define TEXT(type, string)                                                                         \
    {                                                                                              \
        type, string, sizeof(string) - 1                                                           \
    }
#define TEMPLATE(t) (t), HEAD2_LEN(t)

struct pair {
    CK_OBJECT_HANDLE public_key, private_key;
};

/* A pair of a type and parameter set; leaves: the private key may leave. */
__attribute__((unused)) static struct pair make_pair(CK_SESSION_HANDLE session, CK_KEY_TYPE type,
                                                     CK_ULONG set, bool leaves)
{
    CK_MECHANISM mechanism = {
        type == CKK_ML_DSA ? CKM_ML_DSA_KEY_PAIR_GEN : CKM_ML_KEM_KEY_PAIR_GEN, NULL, 0};
    char label[] = "a pair";
    CK_ATTRIBUTE public_template[] = {ATTR(CKA_PARAMETER_SET, set), ATTR(CKA_TOKEN, yes)};
    CK_ATTRIBUTE private_template[] = {ATTR(CKA_TOKEN, yes), TEXT(CKA_LABEL, label),
                                       ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_SENSITIVE, no)};
    struct pair p = {0, 0};

    if (!leaves) {
        private_template[2].value = &no;
        private_template[3].value = &yes;
    }
    OK(p11->C_GenerateKeyPair(session, &mechanism, TEMPLATE(public_template),
                              TEMPLATE(private_template), &p.public_key, &p.private_key));
    return p;
}

/* The length of an attribute, whose value is in out; or what reading it gives. */
__attribute__((unused)) static CK_RV read_attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE o,
                                                    CK_ATTRIBUTE_TYPE type, void *out, size_t room,
                                                    size_t *len)
{
    CK_ATTRIBUTE a = {type, out, room};
    const CK_RV rv = p11->C_GetAttributeValue(session, o, &a, 1);

    *len = a.len;
    return rv;
}

__attribute__((unused)) static bool attribute_is(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE o,
                                                 CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL b = 7;
    size_t len;

    OK(read_attribute(session, o, type, &b, sizeof b, &len));
    CHECK(len == 1 && b <= 1);
    return b == CK_TRUE;
}

/* The public key of an object, as the library has it. */
__attribute__((unused)) static struct head2_key *key_of(CK_SESSION_HANDLE session,
                                                        CK_OBJECT_HANDLE o, enum head2_alg alg)
{
    uint8_t raw[HEAD2_KEY_MAX_PUBLIC];
    struct head2_key *key;
    size_t len;

    OK(read_attribute(session, o, CKA_VALUE, raw, sizeof raw, &len));
    CHECK_EQ(head2_key_from_public(&key, alg, raw, len), HEAD2_OK);
    return key;
}

#endif
