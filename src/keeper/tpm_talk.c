/*
 * see tpm_talk.h. Commands and codes are those of the TPM 2.0 Library Specification, parts 2 and 3;
 * the storage key's template is that for ECC P-256 of the TCG's TPM 2.0 Provisioning Guidance.
 */
#include "keeper/tpm_talk.h"

#ifdef HEAD2_TPM

#include "keeper/store_db.h"

#include <errno.h>
#include <stdlib.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#define NONE ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE

_Static_assert(TPM_PIN_MAX == TPM2_SHA256_DIGEST_SIZE,
               "an authorization value of SHA-256's length");

struct talk {
    const struct tpm_access *access;
    const char *address;
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys;
    ESYS_TR parent, session;
    struct store_fault *fault;
};

/* ---- what a TPM says ---- */

static const struct meaning {
    TSS2_RC code;
    enum head2_status st;
    const char *what, *hint;
} meanings[] = {
    {TPM2_RC_AUTH_FAIL,   HEAD2_E_PASSPHRASE, "the TPM says: wrong PIN",
     "try again; after some wrong ones it is locked for a while"                                                                                                           },
    {TPM2_RC_BAD_AUTH,    HEAD2_E_PASSPHRASE, "the TPM says: wrong PIN",                     "try again"                                                                   },
    {TPM2_RC_LOCKOUT,     HEAD2_E_PASSPHRASE, "the TPM is locked after too many wrong PINs",
     "wait, some ten minutes for each ('tpm2_getcap properties-variable'), or unlock the store in "
     "another way"                                                                                                                                                         },
    {TPM2_RC_POLICY_FAIL, HEAD2_E_PASSPHRASE,
     "the TPM's registers (PCRs) are not as they were when the key was wrapped",             "unlock the store in another way, find out what has changed, and wrap it anew"},
    {TPM2_RC_PCR_CHANGED, HEAD2_E_PASSPHRASE, "the TPM's registers changed at that moment",
     "try again"                                                                                                                                                           },
    {TPM2_RC_INTEGRITY,   HEAD2_E_PASSPHRASE, "the TPM does not know what it is given",
     "the wrapping is another TPM's, or was changed: unlock the store in another way"                                                                                      },
    {TPM2_RC_INITIALIZE,  HEAD2_E_IO,         "the TPM was not started",                     "tpm2_startup -c"                                                             },
};

/* The number of an error of the TPM itself; 0: it is another's. Part 2, 6.6: in format one it
 * stands with the number of a handle, parameter or session. */
static TSS2_RC number_of(TSS2_RC rc)
{
    const TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;

    if (layer != TSS2_TPM_RC_LAYER && layer != TSS2_RESMGR_TPM_RC_LAYER)
        return 0;
    return (rc & TPM2_RC_FMT1) != 0 ? rc & 0xbf : rc & 0xfff;
}

static enum head2_status say(struct talk *t, TSS2_RC rc, const char *doing)
{
    const TSS2_RC number = number_of(rc);

    if (rc == TSS2_RC_SUCCESS)
        return HEAD2_OK;
    for (size_t i = 0; i < HEAD2_LEN(meanings); i++)
        if (number == meanings[i].code)
            return store_say(meanings[i].st, t->fault, t->address, meanings[i].hint, "%s",
                             meanings[i].what);
    store_say(HEAD2_E_IO, t->fault, t->address, "'tpm2_rc_decode' explains the number",
              "the TPM fails to %s: 0x%x", doing, (unsigned)rc);
    t->fault->error = EIO;
    return HEAD2_E_IO;
}

/* ---- the beginning and the end ---- */

static enum head2_status begin(struct talk *t)
{
    TSS2_RC rc;

    setenv("TSS2_LOG", "all+none", 0); /* what is wrong is said once, by us */
    rc = Tss2_TctiLdr_Initialize(t->address, &t->tcti);
    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_Initialize(&t->esys, t->tcti, NULL);
    if (rc == TSS2_RC_SUCCESS)
        return HEAD2_OK;
    store_say(HEAD2_E_IO, t->fault, t->address,
              "HEAD2_TPM names another; the group tss may use /dev/tpmrm0",
              "no TPM answers here (0x%x)", (unsigned)rc);
    t->fault->error = ENODEV;
    return HEAD2_E_IO;
}

static void flush(struct talk *t, ESYS_TR *handle)
{
    /* where that fails, who shares the TPM out (/dev/tpmrm0) does it at the end */
    if (*handle != ESYS_TR_NONE)
        (void)!Esys_FlushContext(t->esys, *handle);
    *handle = ESYS_TR_NONE;
}

static void end(struct talk *t)
{
    if (t->esys != NULL) {
        flush(t, &t->session);
        flush(t, &t->parent);
        Esys_Finalize(&t->esys);
    }
    if (t->tcti != NULL)
        Tss2_TctiLdr_Finalize(&t->tcti);
}

static const TPM2B_PUBLIC storage_key = {
    .publicArea = {
                   .type = TPM2_ALG_ECC,
                   .nameAlg = TPM2_ALG_SHA256,
                   .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                            TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                            TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
                   .parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_AES,
                                               .keyBits.aes = 128,
                                               .mode.aes = TPM2_ALG_CFB},
                                 .scheme.scheme = TPM2_ALG_NULL,
                                 .curveID = TPM2_ECC_NIST_P256,
                                 .kdf.scheme = TPM2_ALG_NULL},
                   .unique.ecc = {.x.size = 32, .y.size = 32},
                   }
};

static enum head2_status make_parent(struct talk *t, uint8_t name[TPM_NAME_BYTES])
{
    const TPM2B_SENSITIVE_CREATE nothing = {0};
    const TPML_PCR_SELECTION no_pcrs = {0};
    TPM2B_NAME *got = NULL;
    enum head2_status st;

    TSS2_RC rc = Esys_CreatePrimary(t->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                    ESYS_TR_NONE, &nothing, &storage_key, NULL, &no_pcrs,
                                    &t->parent, NULL, NULL, NULL, NULL);
    if (number_of(rc) == TPM2_RC_BAD_AUTH || number_of(rc) == TPM2_RC_AUTH_FAIL)
        return store_say(HEAD2_E_POLICY, t->fault, t->address,
                         "take it away ('tpm2_changeauth -c o -p'), or wrap the key in another way",
                         "the TPM's owner has set a password for making keys");
    HEAD2_TRY(say(t, rc, "make its storage key"));
    rc = Esys_TR_GetName(t->esys, t->parent, &got);
    HEAD2_TRY(say(t, rc, "name its storage key"));
    if (got->size != TPM_NAME_BYTES)
        st = say(t, TSS2_ESYS_RC_GENERAL_FAILURE, "name its storage key");
    else
        memcpy(name, got->name, TPM_NAME_BYTES);
done:
    Esys_Free(got);
    return st;
}

/* Salted with the storage key; its first parameters are encrypted, both ways. */
static enum head2_status make_session(struct talk *t, TPM2_SE type)
{
    static const TPMT_SYM_DEF aes = {
        .algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB};
    const TPMA_SESSION both =
        TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT | TPMA_SESSION_CONTINUESESSION;

    flush(t, &t->session);
    TSS2_RC rc = Esys_StartAuthSession(t->esys, t->parent, ESYS_TR_NONE, NONE, NULL, type, &aes,
                                       TPM2_ALG_SHA256, &t->session);
    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_TRSess_SetAttributes(t->esys, t->session, both, both);
    return say(t, rc, "begin a session");
}

/* ---- registers ---- */

static void select_pcrs(TPML_PCR_SELECTION *out, const struct store_pcrs *pcrs)
{
    *out = (TPML_PCR_SELECTION){.count = 1};
    out->pcrSelections[0] = (TPMS_PCR_SELECTION){
        .hash = pcrs->bank,
        .sizeofSelect = 3,
        .pcrSelect = {(BYTE)pcrs->mask, (BYTE)(pcrs->mask >> 8), (BYTE)(pcrs->mask >> 16)}
    };
}

/* A TPM takes a policy over a bank that it does not have for one over nothing. */
static enum head2_status has_pcrs(struct talk *t, const struct store_pcrs *pcrs)
{
    TPMS_CAPABILITY_DATA *data = NULL;
    uint32_t there = 0;
    enum head2_status st;

    const TSS2_RC rc = Esys_GetCapability(t->esys, NONE, TPM2_CAP_PCRS, 0, 1, NULL, &data);
    HEAD2_TRY(say(t, rc, "say which registers it has"));
    const TPML_PCR_SELECTION *const all = &data->data.assignedPCR;
    for (uint32_t i = 0; i < all->count && i < TPM2_NUM_PCR_BANKS; i++)
        for (unsigned n = 0; all->pcrSelections[i].hash == pcrs->bank && n < 3; n++)
            there |= (uint32_t)all->pcrSelections[i].pcrSelect[n] << 8 * n;
    if ((pcrs->mask & ~there) != 0)
        st = store_say(HEAD2_E_ARG, t->fault, "--tpm-pcrs", "'tpm2_getcap pcrs' shows what it has",
                       "this TPM does not have all of these registers");
done:
    Esys_Free(data);
    return st;
}

/* The policy: registers as they are now, and the PIN where there is one. */
static enum head2_status apply_policy(struct talk *t, const struct store_pcrs *pcrs, bool has_pin)
{
    const TPM2B_DIGEST as_it_is = {0};
    TPML_PCR_SELECTION selection;
    enum head2_status st;

    select_pcrs(&selection, pcrs);
    TSS2_RC rc = Esys_PolicyPCR(t->esys, t->session, NONE, &as_it_is, &selection);
    HEAD2_TRY(say(t, rc, "look at its registers"));
    if (has_pin) {
        rc = Esys_PolicyAuthValue(t->esys, t->session, NONE);
        st = say(t, rc, "ask for the PIN");
    }
done:
    return st;
}

static enum head2_status policy_digest(struct talk *t, const struct store_pcrs *pcrs, bool has_pin,
                                       TPM2B_DIGEST *out)
{
    TPM2B_DIGEST *digest = NULL;
    enum head2_status st;

    HEAD2_TRY(has_pcrs(t, pcrs));
    HEAD2_TRY(make_session(t, TPM2_SE_TRIAL));
    HEAD2_TRY(apply_policy(t, pcrs, has_pin));
    const TSS2_RC rc = Esys_PolicyGetDigest(t->esys, t->session, NONE, &digest);
    HEAD2_TRY(say(t, rc, "make a policy"));
    *out = *digest;
done:
    Esys_Free(digest);
    return st;
}

/* ---- sealing ---- */

/* What it is of, and under which conditions it is given back. */
static enum head2_status shape(struct talk *t, const struct store_pcrs *pcrs, TPM2B_PUBLIC *out)
{
    const bool has_pin = t->access->pin_len != 0;
    enum head2_status st = HEAD2_OK;

    *out = (TPM2B_PUBLIC){
        .publicArea = {.type = TPM2_ALG_KEYEDHASH,
                       .nameAlg = TPM2_ALG_SHA256,
                       .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT,
                       .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL}
    };
    if (!has_pin) /* nothing to guess, so nothing that could be locked by who guesses */
        out->publicArea.objectAttributes |= TPMA_OBJECT_NODA;
    if (pcrs->bank == 0)
        out->publicArea.objectAttributes |= TPMA_OBJECT_USERWITHAUTH;
    else
        st = policy_digest(t, pcrs, has_pin, &out->publicArea.authPolicy);
    return st;
}

static enum head2_status seal(struct talk *t, const struct tpm_question *q,
                              struct tpm_answer *answer)
{
    TPM2B_SENSITIVE_CREATE in = {.sensitive.data.size = TPM_SECRET_BYTES};
    uint8_t public_bytes[TPM_BLOB_MAX], private_bytes[TPM_BLOB_MAX];
    const TPML_PCR_SELECTION no_pcrs = {0};
    struct tpm_blob blob = {.has_pin = t->access->pin_len != 0, .pcrs = *q->pcrs};
    TPM2B_PUBLIC template, *public = NULL;
    TPM2B_PRIVATE *private = NULL;
    enum head2_status st;

    HEAD2_TRY(make_parent(t, blob.parent));
    HEAD2_TRY(shape(t, q->pcrs, &template));
    HEAD2_TRY(make_session(t, TPM2_SE_HMAC));
    memcpy(in.sensitive.data.buffer, q->in, TPM_SECRET_BYTES);
    in.sensitive.userAuth.size = (UINT16)t->access->pin_len;
    copy_bytes(in.sensitive.userAuth.buffer, t->access->pin, t->access->pin_len);
    const TSS2_RC rc = Esys_Create(t->esys, t->parent, t->session, ESYS_TR_NONE, ESYS_TR_NONE, &in,
                                   &template, NULL, &no_pcrs, &private, &public, NULL, NULL, NULL);
    HEAD2_TRY(say(t, rc, "seal"));
    blob.public = public_bytes;
    blob.private = private_bytes;
    if (Tss2_MU_TPM2B_PUBLIC_Marshal(public, public_bytes, sizeof public_bytes, &blob.public_len) ==
            TSS2_RC_SUCCESS &&
        Tss2_MU_TPM2B_PRIVATE_Marshal(private, private_bytes, sizeof private_bytes,
                                      &blob.private_len) == TSS2_RC_SUCCESS)
        answer->len = tpm_blob_write(answer->out, &blob);
    if (answer->len == 0)
        st = say(t, TSS2_ESYS_RC_GENERAL_FAILURE, "seal");
done:
    Esys_Free(private);
    Esys_Free(public);
    return st;
}

/* ---- unsealing ---- */

static enum head2_status load(struct talk *t, const struct tpm_blob *blob, ESYS_TR *object)
{
    TPM2B_PUBLIC public = {0};
    TPM2B_PRIVATE private = {0};
    size_t at = 0, private_at = 0;

    TSS2_RC rc = Tss2_MU_TPM2B_PUBLIC_Unmarshal(blob->public, blob->public_len, &at, &public);
    if (rc == TSS2_RC_SUCCESS)
        rc = Tss2_MU_TPM2B_PRIVATE_Unmarshal(blob->private, blob->private_len, &private_at,
                                             &private);
    if (rc != TSS2_RC_SUCCESS || at != blob->public_len || private_at != blob->private_len)
        return store_say(HEAD2_E_MALFORMED, t->fault, t->address, "'head2 store restore' a backup",
                         "what the TPM had sealed is damaged");
    rc = Esys_Load(t->esys, t->parent, t->session, ESYS_TR_NONE, ESYS_TR_NONE, &private, &public,
                   object);
    return say(t, rc, "load what it had sealed");
}

static enum head2_status authorize(struct talk *t, const struct tpm_blob *blob, ESYS_TR object)
{
    TPM2B_AUTH pin = {.size = (UINT16)t->access->pin_len};
    enum head2_status st;

    copy_bytes(pin.buffer, t->access->pin, t->access->pin_len);
    HEAD2_TRY(say(t, Esys_TR_SetAuth(t->esys, object, &pin), "take the PIN"));
    if (blob->pcrs.bank == 0)
        return HEAD2_OK;
    HEAD2_TRY(make_session(t, TPM2_SE_POLICY));
    st = apply_policy(t, &blob->pcrs, blob->has_pin);
done:
    return st;
}

static enum head2_status unseal(struct talk *t, const struct tpm_question *q,
                                struct tpm_answer *answer)
{
    TPM2B_SENSITIVE_DATA *secret = NULL;
    uint8_t name[TPM_NAME_BYTES];
    ESYS_TR object = ESYS_TR_NONE;
    struct tpm_blob blob;
    enum head2_status st;

    HEAD2_TRY(tpm_blob_read(&blob, q->in, q->len));
    HEAD2_TRY(make_parent(t, name));
    if (memcmp(name, blob.parent, sizeof name) != 0)
        HEAD2_TRY(store_say(HEAD2_E_PASSPHRASE, t->fault, t->address,
                            "unlock the store in another way, and wrap it anew",
                            "the key is wrapped by another TPM, or this one was cleared"));
    HEAD2_TRY(make_session(t, TPM2_SE_HMAC));
    HEAD2_TRY(load(t, &blob, &object));
    HEAD2_TRY(authorize(t, &blob, object));
    const TSS2_RC rc =
        Esys_Unseal(t->esys, object, t->session, ESYS_TR_NONE, ESYS_TR_NONE, &secret);
    HEAD2_TRY(say(t, rc, "unseal"));
    answer->len = TPM_SECRET_BYTES;
    if (secret->size == TPM_SECRET_BYTES)
        memcpy(answer->out, secret->buffer, TPM_SECRET_BYTES);
    else
        st = say(t, TSS2_ESYS_RC_GENERAL_FAILURE, "unseal");
done:
    flush(t, &object);
    Esys_Free(secret);
    return st;
}

void tpm_talk(struct tpm_answer *answer, const struct tpm_question *q)
{
    const char *const given = q->access->address;
    const char *const address = given != NULL && given[0] != 0 ? given : TPM_DEFAULT;
    struct talk t = {.access = q->access,
                     .address = address,
                     .parent = ESYS_TR_NONE,
                     .session = ESYS_TR_NONE,
                     .fault = &answer->fault};

    answer->st = begin(&t);
    if (answer->st == HEAD2_OK && q->task == TPM_SEAL)
        answer->st = seal(&t, q, answer);
    else if (answer->st == HEAD2_OK && q->task == TPM_UNSEAL)
        answer->st = unseal(&t, q, answer);
    end(&t);
}

#endif
