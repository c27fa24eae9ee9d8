/*
 * The PKCS #11 module's inputs: templates, parameters of mechanisms and handles that are made of
 * the input, before a keeper in a thread. Whatever comes, every call returns; what a length query
 * says is what the call then writes at most.
 */
#include "keeper/keeper.h"
#include "keeper/unixsock.h"
#include "pkcs11/module.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ATTRIBUTES 12
#define HANDLES    8

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len);

struct input {
    const uint8_t *at;
    size_t left;
};

static uint8_t byte(struct input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

/* A copy of the next bytes, of their exact size, so that a read past the end is seen. */
static void *bytes(struct input *in, size_t n)
{
    void *const copy = calloc(1, n);

    if (copy == NULL)
        abort();
    n = n < in->left ? n : in->left;
    copy_bytes(copy, in->at, n);
    in->at += n;
    in->left -= n;
    return copy;
}

static CK_OBJECT_HANDLE handles[HANDLES];

static CK_OBJECT_HANDLE handle(struct input *in)
{
    const uint8_t b = byte(in);

    return b < 250 ? handles[b % HANDLES] : b == 250 ? ~0UL : b;
}

/* ---- templates ---- */

struct template
{
    CK_ATTRIBUTE all[ATTRIBUTES];
    CK_ULONG n;
};

static const CK_ATTRIBUTE_TYPE types[] = {
    CKA_CLASS,      CKA_TOKEN,       CKA_PRIVATE,       CKA_LABEL,           CKA_VALUE,
    CKA_KEY_TYPE,   CKA_ID,          CKA_SENSITIVE,     CKA_ENCRYPT,         CKA_DECRYPT,
    CKA_SIGN,       CKA_VERIFY,      CKA_DERIVE,        CKA_START_DATE,      CKA_END_DATE,
    CKA_VALUE_LEN,  CKA_EXTRACTABLE, CKA_PARAMETER_SET, CKA_PUBLIC_KEY_INFO, CKA_SEED,
    CKA_UNIQUE_ID,  CKA_LOCAL,       CKA_ENCAPSULATE,   CKA_DECAPSULATE,     CKA_ALLOWED_MECHANISMS,
    CKA_DESTROYABLE};

static void one_attribute(struct input *in, CK_ATTRIBUTE *a)
{
    const uint8_t type = byte(in), size = byte(in);

    a->type = type < HEAD2_LEN(types) ? types[type] : type;
    a->len = size < 200 ? size % 70 : (CK_ULONG)size * 8;
    a->value = size == 255 ? NULL : bytes(in, a->len);
    if (a->len == 8 && size < 200) { /* a small number, which most are */
        CK_ULONG small = byte(in) % 80;
        memcpy(a->value, &small, sizeof small);
    }
}

static void take(struct input *in, struct template *t)
{
    t->n = byte(in) % ATTRIBUTES;
    for (CK_ULONG i = 0; i < t->n; i++)
        one_attribute(in, &t->all[i]);
    if (t->n >= 2 && byte(in) % 4 == 0) { /* a template within, in front of what is left of this */
        t->all[0].type = CKA_DECAPSULATE_TEMPLATE;
        free(t->all[0].value);
        t->all[0].len = (t->n - 1) * sizeof *t->all;
        t->all[0].value = malloc(t->all[0].len);
        if (t->all[0].value == NULL)
            abort();
        memcpy(t->all[0].value, t->all + 1, t->all[0].len);
    }
}

static void drop(struct template *t)
{
    for (CK_ULONG i = 0; i < t->n; i++)
        free(t->all[i].value);
}

/* ---- mechanisms ---- */

static const CK_MECHANISM_TYPE mechanisms[] = {CKM_ML_DSA,
                                               CKM_HASH_ML_DSA,
                                               CKM_HASH_ML_DSA_SHA256,
                                               CKM_HASH_ML_DSA_SHAKE256,
                                               CKM_ML_KEM,
                                               CKM_HKDF_DERIVE,
                                               CKM_AES_GCM,
                                               CKM_ML_DSA_KEY_PAIR_GEN,
                                               CKM_ML_KEM_KEY_PAIR_GEN,
                                               CKM_SHA256};

struct mechanism {
    CK_MECHANISM m;
    void *inner[2];
};

static void take_mechanism(struct input *in, struct mechanism *out)
{
    const uint8_t type = byte(in), shape = byte(in), a = byte(in), b = byte(in);
    const size_t n = shape % 16 == 0 ? b : shape % 16 == 1 ? 12 : a % 40;

    out->inner[0] = bytes(in, n);
    out->inner[1] = bytes(in, b);
    CK_SIGN_ADDITIONAL_CONTEXT context = {a % 5, out->inner[0], n};
    CK_HASH_SIGN_ADDITIONAL_CONTEXT hashed = {a % 5, out->inner[0], n, CKM_SHA256 + b % 3 * 16};
    CK_GCM_PARAMS gcm = {out->inner[0], n, 96, out->inner[1], b, 128 - a % 2 * 32};
    CK_HKDF_PARAMS hkdf = {a % 16 != 0, 1, CKM_SHA256 + b % 4 * 16, 1 + a % 3, out->inner[0],
                           n,           0, out->inner[1],           b};
    const struct {
        const void *at;
        size_t len;
    } shapes[] = {
        {&context, sizeof context },
        {&hashed,  sizeof hashed  },
        {&gcm,     sizeof gcm     },
        {&hkdf,    sizeof hkdf    },
        {&hkdf,    b % sizeof hkdf},
        {NULL,     0              }
    };
    const size_t i = shape / 16 % HEAD2_LEN(shapes);
    out->m.type = type < 200 ? mechanisms[type % HEAD2_LEN(mechanisms)] : type;
    out->m.param_len = shapes[i].len;
    out->m.param = calloc(1, shapes[i].len);
    if (out->m.param == NULL)
        abort();
    copy_bytes(out->m.param, shapes[i].at, shapes[i].len);
}

static void drop_mechanism(struct mechanism *m)
{
    free(m->m.param);
    free(m->inner[0]);
    free(m->inner[1]);
}

/* ---- calls ---- */

static void read_back(CK_SESSION_HANDLE s, struct template *t, CK_OBJECT_HANDLE o)
{
    if (!template_ok(t->all, t->n))
        return;
    (void)C_GetAttributeValue(s, o, t->all, t->n);
    for (CK_ULONG i = 0; i < t->n; i++) { /* values as long as they were said to be */
        CK_ATTRIBUTE a = {t->all[i].type, NULL, 0};
        if (C_GetAttributeValue(s, o, &a, 1) != CKR_OK)
            continue;
        const CK_ULONG said = a.len;
        a.value = malloc(said + 1);
        if (a.value == NULL || C_GetAttributeValue(s, o, &a, 1) != CKR_OK || a.len != said)
            abort();
        free(a.value);
    }
}

/* What was there before goes: keys would last. */
static void keep(CK_SESSION_HANDLE s, CK_RV rv, CK_OBJECT_HANDLE o, unsigned where)
{
    if (rv != CKR_OK)
        return;
    (void)C_DestroyObject(s, handles[where % HANDLES]);
    handles[where % HANDLES] = o;
}

static void sign_and_cipher(struct input *in, CK_SESSION_HANDLE s, const CK_MECHANISM *m)
{
    const size_t n = byte(in);
    uint8_t *const data = bytes(in, n);
    CK_BYTE out[HEAD2_KEY_MAX_SIG];
    CK_ULONG len = sizeof out;

    if (C_SignInit(s, m, handle(in)) == CKR_OK)
        (void)C_Sign(s, data, n, out, &len);
    if (C_VerifyInit(s, m, handle(in)) == CKR_OK)
        (void)C_Verify(s, data, n, out, len);
    len = n;
    if (C_EncryptInit(s, m, handle(in)) == CKR_OK && C_Encrypt(s, data, n, out, &len) != CKR_OK)
        (void)C_EncryptInit(s, NULL, 0);
    len = n;
    if (C_DecryptInit(s, m, handle(in)) == CKR_OK && C_Decrypt(s, data, n, out, &len) != CKR_OK)
        (void)C_DecryptInit(s, NULL, 0);
    free(data);
}

static void one_call(struct input *in, CK_SESSION_HANDLE s)
{
    const uint8_t what = byte(in), where = byte(in);
    struct template t, u;
    struct mechanism m;
    CK_OBJECT_HANDLE o = 0, p = 0;
    CK_BYTE ct[HEAD2_KEY_MAX_CT];
    CK_ULONG len = sizeof ct;

    take(in, &t);
    take(in, &u);
    take_mechanism(in, &m);
    switch (what % 8) {
    case 0:
        if (C_FindObjectsInit(s, t.all, t.n) == CKR_OK)
            keep(s, C_FindObjects(s, &o, 1, &len) == CKR_OK && len == 1 ? CKR_OK : CKR_CANT_LOCK, o,
                 where);
        (void)C_FindObjectsFinal(s);
        break;
    case 1:
        keep(s, C_CreateObject(s, t.all, t.n, &o), o, where);
        break;
    case 2:
        keep(s, C_GenerateKeyPair(s, &m.m, t.all, t.n, u.all, u.n, &o, &p), p, where);
        break;
    case 3:
        keep(s, C_EncapsulateKey(s, &m.m, handle(in), t.all, t.n, ct, &len, &o), o, where);
        keep(s, C_DecapsulateKey(s, &m.m, handle(in), u.all, u.n, ct, len, &o), o, where + 1);
        break;
    case 4:
        keep(s, C_DeriveKey(s, &m.m, handle(in), t.all, t.n, &o), o, where);
        break;
    case 5:
        read_back(s, &t, handle(in));
        (void)C_SetAttributeValue(s, handle(in), u.all, u.n);
        break;
    case 6:
        (void)C_DestroyObject(s, handle(in));
        break;
    default:
        sign_and_cipher(in, s, &m.m);
    }
    drop(&t);
    drop(&u);
    drop_mechanism(&m);
}

/* ---- the keeper ---- */

static volatile sig_atomic_t stop;
static char path[64];

static void *serve(void *arg)
{
    struct keeper *const k = arg;

    if (keeper_run(k) != HEAD2_OK)
        abort();
    return NULL;
}

static void remove_socket(void)
{
    unlink(path);
}

static void begin(void)
{
    struct keeper_options o = {.pair = -1, .stop = &stop};
    struct keeper *k;
    pthread_t thread;

    snprintf(path, sizeof path, "/tmp/head2-fuzz-pkcs11-%d", (int)getpid());
    o.listener = unixsock_listen(path);
    if (o.listener < 0 || keeper_new(&k, &o) != HEAD2_OK ||
        pthread_create(&thread, NULL, serve, k) != 0 || setenv("HEAD2_KEEPER", path, 1) != 0 ||
        atexit(remove_socket) != 0 || C_Initialize(NULL) != CKR_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *raw, size_t len)
{
    CK_SESSION_HANDLE session;
    struct input in = {raw, len};

    if (path[0] == 0)
        begin();
    if (C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) != CKR_OK)
        abort();
    while (in.left != 0)
        one_call(&in, session);
    for (unsigned i = 0; i < HANDLES; i++)
        keep(session, CKR_OK, 0, i);
    if (C_CloseSession(session) != CKR_OK)
        abort();
    return 0;
}
