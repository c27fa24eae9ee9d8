/* Digests and random numbers; see module.h */
#include "pkcs11/module.h"

static void end_digest(struct session *s)
{
    EVP_MD_CTX_free(s->digest);
    s->digest = NULL;
}

CK_RV C_DigestInit(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism)
{
    enum head2_prehash hash;
    struct session *s;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    if (mechanism == NULL) { /* which cancels */
        rv = s->digest == NULL ? CKR_ARGUMENTS_BAD : CKR_OK;
        end_digest(s);
        return call_end(s, rv);
    }
    if (s->digest != NULL)
        return call_end(s, CKR_OPERATION_ACTIVE);
    if (!hash_of(mechanism->type, &hash) || hash >= HEAD2_PREHASH_SHAKE_128)
        return call_end(s, CKR_MECHANISM_INVALID);
    if (mechanism->param_len != 0)
        return call_end(s, CKR_MECHANISM_PARAM_INVALID);
    s->digest = EVP_MD_CTX_new();
    if (s->digest == NULL || EVP_DigestInit_ex(s->digest, digest_of(hash), NULL) != 1) {
        end_digest(s);
        rv = CKR_HOST_MEMORY;
    }
    return call_end(s, rv);
}

static CK_RV update(struct session *s, const CK_BYTE *part, CK_ULONG len)
{
    if (part == NULL && len != 0)
        return CKR_ARGUMENTS_BAD;
    return EVP_DigestUpdate(s->digest, part, len) == 1 ? CKR_OK : CKR_GENERAL_ERROR;
}

/* The end of a digest, with a last part; or no end, where there is no room. */
static CK_RV finish(struct session *s, const CK_BYTE *part, CK_ULONG len, CK_BYTE *out,
                    CK_ULONG *out_len)
{
    CK_RV rv = CKR_ARGUMENTS_BAD;

    if (out_len != NULL) {
        if (!output_fits(out, out_len, (size_t)EVP_MD_CTX_size(s->digest), &rv))
            return rv;
        rv = update(s, part, len);
        if (rv == CKR_OK && EVP_DigestFinal_ex(s->digest, out, NULL) != 1)
            rv = CKR_GENERAL_ERROR;
    }
    end_digest(s);
    return rv;
}

static CK_RV resume(CK_SESSION_HANDLE session, struct session **out)
{
    const CK_RV rv = call_session(session, out);

    return rv == CKR_OK && (*out)->digest == NULL ? call_end(*out, CKR_OPERATION_NOT_INITIALIZED)
                                                  : rv;
}

CK_RV C_Digest(CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *out,
               CK_ULONG *out_len)
{
    struct session *s;
    const CK_RV rv = resume(session, &s);

    return rv != CKR_OK ? rv : call_end(s, finish(s, data, data_len, out, out_len));
}

CK_RV C_DigestUpdate(CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG part_len)
{
    struct session *s;
    CK_RV rv = resume(session, &s);

    if (rv != CKR_OK)
        return rv;
    rv = update(s, part, part_len);
    if (rv != CKR_OK)
        end_digest(s);
    return call_end(s, rv);
}

CK_RV C_DigestFinal(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *out_len)
{
    struct session *s;
    const CK_RV rv = resume(session, &s);

    return rv != CKR_OK ? rv : call_end(s, finish(s, NULL, 0, out, out_len));
}

/* ---- random numbers ---- */

static CK_RV draw(struct slot *slot, CK_BYTE *out, size_t len)
{
    struct keeper_message ask = {.type = KEEPER_RANDOM, .count = (uint16_t)len};
    struct keeper_reply reply;
    CK_RV rv = slot_ask(slot, &ask, &reply);

    if (rv == CKR_OK && reply.m.data.len != len)
        rv = CKR_DEVICE_ERROR;
    if (rv == CKR_OK)
        memcpy(out, reply.m.data.at, len);
    keeper_reply_free(&reply);
    return rv;
}

CK_RV C_GenerateRandom(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG len)
{
    struct session *s;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    if (out == NULL && len != 0)
        rv = CKR_ARGUMENTS_BAD;
    for (CK_ULONG at = 0; at < len && rv == CKR_OK;) {
        const size_t n = len - at < KEEPER_DATA_MAX ? len - at : KEEPER_DATA_MAX;
        rv = draw(s->slot, out + at, n);
        at += n;
    }
    return call_end(s, rv);
}

CK_RV C_SeedRandom(CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len)
{
    struct session *s;
    const CK_RV rv = call_session(session, &s);

    (void)data; /* nobody else's numbers go into the keeper's */
    (void)data_len;
    return rv != CKR_OK ? rv : call_end(s, CKR_RANDOM_SEED_NOT_SUPPORTED);
}
