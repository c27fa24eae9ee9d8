/*
 * libhead2-pkcs11.so: PKCS #11 for a keeper's keys. A thin client: keys, their policies and what
 * comes of them are the keeper's, which is asked over its socket. What is here is sessions, what
 * each is in the middle of, and the objects that end with them. docs/pkcs11.md says what is
 * supported.
 *
 * A slot is a socket: those that $HEAD2_KEEPER names, else the default store's. Its token is the
 * keeper that answers there.
 *
 * Threads: one lock for the tables, and one call at a time in a session; who comes second waits.
 * Nothing waits for a keeper with the lock held. Fork: a child has nothing of its parent's, whose
 * connections it closes without a word; it begins with C_Initialize.
 */
#ifndef HEAD2_PKCS11_MODULE_H
#define HEAD2_PKCS11_MODULE_H

#include "base/base.h"
#include "keeper/client.h"
#include "pkcs11/cryptoki.h"

#include <limits.h>
#include <openssl/evp.h>

#include <head2/hash.h>
#include <head2/mldsa.h>

_Static_assert(sizeof(CK_ULONG) == 8, "handles of keys are 63 bits of their ids");

#define SLOTS_MAX    8
#define SESSIONS_MAX 256 /* of all slots */
#define OBJECTS_MAX  96  /* that end with sessions, of a slot; a keeper has 32 secrets for each */

/* ---- objects ---- */

/*
 * A key of the keeper's has two objects, whose handles are made of its id: they stay the same for
 * all processes. The others have a number and the highest bit.
 */
#define SESSION_OBJECT (UINT64_C(1) << 63)

struct object {
    CK_OBJECT_HANDLE handle;
    CK_OBJECT_CLASS class;
    char label[KEEPER_LABEL_MAX + 1];
    uint8_t id[HEAD2_KEY_ID_BYTES]; /* of a key; zeros otherwise */
    /* of a public or private key */
    enum head2_alg alg;
    bool has_about, has_public;
    struct keeper_policy policy;
    struct keeper_about about;
    uint8_t public_key[HEAD2_KEY_MAX_PUBLIC];
    /* of a secret key */
    uint64_t secret; /* the keeper's handle */
    CK_KEY_TYPE type;
    size_t len;
    bool extractable, encrypts, decrypts, derives;
    /* of one that ends with a session */
    CK_SESSION_HANDLE owner;
};

/* ---- slots ---- */

struct slot {
    char path[PATH_MAX];
    struct keeper_client *client; /* NULL: not asked yet */
    bool logged_in;
    CK_ULONG sessions, rw_sessions;
    struct object *objects[OBJECTS_MAX]; /* NULL: free */
};

/* ---- sessions ---- */

enum operation { NOTHING, SIGN, VERIFY, VERIFY_SIGNATURE };

/* A signature that is made or checked. */
struct signing {
    enum operation what;
    uint8_t id[HEAD2_KEY_ID_BYTES]; /* of the private key */
    enum head2_alg alg;
    uint8_t context[KEEPER_CONTEXT_MAX];
    size_t context_len;
    bool deterministic;
    bool prehashed, is_digest; /* HashML-DSA; and what comes is the digest */
    enum head2_prehash hash;
    bool has_public, begun; /* begun: parts have come */
    uint8_t public_key[HEAD2_KEY_MAX_PUBLIC];
    struct head2_keccak mu;         /* of a message in parts */
    EVP_MD_CTX *digest;             /* of one that is hashed before */
    uint8_t sig[HEAD2_KEY_MAX_SIG]; /* VERIFY_SIGNATURE: given first */
    size_t sig_len;
};

/* AES-GCM: a text, or with `messages` any number of them. */
struct ciphering {
    bool active, messages;
    uint64_t secret;
    uint8_t nonce[KEEPER_NONCE], aad[KEEPER_AAD_MAX];
    size_t aad_len;
    uint8_t *text; /* of parts; NULL: none has come */
    size_t text_len;
};

struct session {
    CK_SESSION_HANDLE handle; /* 0: free */
    struct slot *slot;
    CK_FLAGS flags;
    bool busy;
    struct signing signing, verifying;
    struct ciphering encrypting, decrypting;
    EVP_MD_CTX *digest;
    bool finding;
    CK_OBJECT_HANDLE *found;
    size_t found_n, found_at;
};

/* ---- module.c: the life of the module, and calls ---- */

struct module {
    bool ready;
    size_t slots_n;
    struct slot slots[SLOTS_MAX];
    struct session *sessions[SESSIONS_MAX];
    uint64_t numbers; /* of sessions and objects, so far */
    size_t inside;    /* calls that are working without the lock */
};
extern struct module module;

/* The lock of all that is above but what belongs to a busy session. */
void module_lock(void);
void module_unlock(void);

/* Begin a call: CKR_OK, or CKR_CRYPTOKI_NOT_INITIALIZED and such; every CKR_OK wants its end, which
 * returns rv. A call in a session has it for itself. */
CK_RV call_session(CK_SESSION_HANDLE handle, struct session **out);
CK_RV call_slot(CK_SLOT_ID id, struct slot **out);
CK_RV call_module(void);
CK_RV call_end(struct session *s, CK_RV rv); /* s NULL: not in a session */

/* The keeper of a slot: CKR_OK or CKR_TOKEN_NOT_PRESENT. */
CK_RV slot_client(struct slot *slot, struct keeper_client **out);
/* Ask it; free *reply in any case. The status in PKCS #11's words; CKR_USER_NOT_LOGGED_IN ends the
 * slot's login. */
CK_RV slot_ask(struct slot *slot, struct keeper_message *ask, struct keeper_reply *reply);
/* Whether what is private may be seen. */
bool slot_is_open(struct slot *slot);

/* ---- sessions.c ---- */

/* Forget everything that a session is in the middle of. */
void session_reset(struct session *s);
void signing_reset(struct signing *g);
void ciphering_reset(struct ciphering *c); /* in cipher.c */

/* ---- objects.c ---- */

/* CKR_OK, CKR_OBJECT_HANDLE_INVALID, or what asking returns. A key's policy and public key are not
 * in it yet. */
CK_RV object_find(struct session *s, CK_OBJECT_HANDLE handle, struct object *out);
/* What the keeper says of a key. */
CK_RV object_about(struct slot *slot, struct object *o);
CK_RV object_public(struct slot *slot, struct object *o);
/* The handle of one of a key's two objects. */
CK_OBJECT_HANDLE object_handle(const uint8_t id[HEAD2_KEY_ID_BYTES], CK_OBJECT_CLASS class);
/* Keep a copy of an object that ends with the session, and give it its handle. CKR_OK,
 * CKR_DEVICE_MEMORY or CKR_HOST_MEMORY. */
CK_RV object_keep(struct session *s, struct object *o, CK_OBJECT_HANDLE *out);
/* Tell the keeper that a secret is not needed any more; 0: none. */
void secret_forget(struct slot *slot, uint64_t secret);
/* Forget those of a session (0: the secrets of all), and tell the keeper. */
void objects_drop(struct slot *slot, CK_SESSION_HANDLE owner);

/* ---- attributes.c ---- */

#define ATTRIBUTE_MAX 4992 /* the longest value is a private ML-DSA-87 key */

struct value {
    uint8_t bytes[ATTRIBUTE_MAX];
    size_t len;
};
/* CKR_OK, CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID, or what asking returns. Wipe v. */
CK_RV attribute_get(struct slot *slot, struct object *o, CK_ATTRIBUTE_TYPE type, struct value *v);
/* Whether an object is what a template asks for. */
CK_RV attributes_match(struct slot *slot, struct object *o, const CK_ATTRIBUTE *template,
                       CK_ULONG count, bool *match);

/* ---- template.c: templates of new objects ---- */

/* Whether pointers are where lengths say so. */
bool template_ok(const CK_ATTRIBUTE *template, CK_ULONG count);
/* The first of a type; NULL: none. */
const CK_ATTRIBUTE *template_find(const CK_ATTRIBUTE *template, CK_ULONG count,
                                  CK_ATTRIBUTE_TYPE type);
/* A value of its type, where it is there; else *out stays. CKR_OK or CKR_ATTRIBUTE_VALUE_INVALID.
 */
CK_RV template_bool(const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type,
                    bool *out);
CK_RV template_ulong(const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type,
                     CK_ULONG *out);
/* Whether all of it is of these types: what is not understood is refused, not passed over. */
bool template_knows(const CK_ATTRIBUTE *template, CK_ULONG count, const CK_ATTRIBUTE_TYPE *types,
                    size_t n);
CK_RV template_label(const CK_ATTRIBUTE *template, CK_ULONG count, char out[KEEPER_LABEL_MAX + 1]);

/* ---- small things ---- */

/* The common rule of outputs: *rv is CKR_OK or CKR_BUFFER_TOO_SMALL, and true where there is to be
 * output; else *out_len says how much room it takes and the operation goes on. */
bool output_fits(const void *out, CK_ULONG *out_len, size_t need, CK_RV *rv);
enum head2_alg alg_of_set(CK_KEY_TYPE type, CK_ULONG set);
CK_KEY_TYPE type_of_alg(enum head2_alg alg);
CK_ULONG set_of_alg(enum head2_alg alg);
/* The hash of a mechanism (CKM_SHA256 and such) for HashML-DSA and digests; false: none. */
bool hash_of(CK_MECHANISM_TYPE type, enum head2_prehash *out);
const EVP_MD *digest_of(enum head2_prehash hash);

#endif
