/*
 * Signing and verifying; see module.h. A message that comes whole goes to the keeper as it is. One
 * in parts, a long one and a HashML-DSA digest become mu (FIPS 204, Algorithm 7, line 6) here,
 * which takes the public key alone, and the keeper signs that. Verifying is done here: all of it is
 * public.
 */
#include "mldsa/external.h"
#include "pkcs11/module.h"

/* ---- beginning ---- */

static CK_RV take_context(struct signing *g, CK_ULONG hedge, const CK_BYTE *context, CK_ULONG len)
{
    if (hedge > CKH_DETERMINISTIC_REQUIRED || len > KEEPER_CONTEXT_MAX ||
        (context == NULL && len != 0))
        return CKR_MECHANISM_PARAM_INVALID;
    g->deterministic = hedge == CKH_DETERMINISTIC_REQUIRED;
    copy_bytes(g->context, context, len);
    g->context_len = len;
    return CKR_OK;
}

static bool hash_of_signature(CK_MECHANISM_TYPE type, enum head2_prehash *out)
{
    static const enum head2_prehash hashes[] = {
        HEAD2_PREHASH_SHA2_224,  HEAD2_PREHASH_SHA2_256, HEAD2_PREHASH_SHA2_384,
        HEAD2_PREHASH_SHA2_512,  HEAD2_PREHASH_SHA3_224, HEAD2_PREHASH_SHA3_256,
        HEAD2_PREHASH_SHA3_384,  HEAD2_PREHASH_SHA3_512, HEAD2_PREHASH_SHAKE_128,
        HEAD2_PREHASH_SHAKE_256,
    };

    if (type < CKM_HASH_ML_DSA_SHA224 || type > CKM_HASH_ML_DSA_SHAKE256)
        return false;
    *out = hashes[type - CKM_HASH_ML_DSA_SHA224];
    return true;
}

static CK_RV take_mechanism(struct signing *g, const CK_MECHANISM *m)
{
    const CK_SIGN_ADDITIONAL_CONTEXT *const plain = m->param;
    const CK_HASH_SIGN_ADDITIONAL_CONTEXT *const hashed = m->param;

    if (m->type == CKM_HASH_ML_DSA) {
        if (hashed == NULL || m->param_len != sizeof *hashed || !hash_of(hashed->hash, &g->hash))
            return CKR_MECHANISM_PARAM_INVALID;
        g->prehashed = g->is_digest = true;
        return take_context(g, hashed->hedge, hashed->context, hashed->context_len);
    }
    g->prehashed = hash_of_signature(m->type, &g->hash);
    if (m->type != CKM_ML_DSA && !g->prehashed)
        return CKR_MECHANISM_INVALID;
    if (m->param_len == 0)
        return CKR_OK;
    if (plain == NULL || m->param_len != sizeof *plain)
        return CKR_MECHANISM_PARAM_INVALID;
    return take_context(g, plain->hedge, plain->context, plain->context_len);
}

static CK_RV begin(struct session *s, struct signing *g, enum operation what,
                   const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    const bool private = what == SIGN;
    const uint16_t purpose = private ? KEEPER_MAY_SIGN : KEEPER_MAY_VERIFY;
    struct object o;
    CK_RV rv;

    if (g->what != NOTHING)
        return CKR_OPERATION_ACTIVE;
    rv = take_mechanism(g, mechanism);
    if (rv == CKR_OK)
        rv = object_find(s, key, &o);
    if (rv == CKR_OBJECT_HANDLE_INVALID)
        rv = CKR_KEY_HANDLE_INVALID;
    if (rv == CKR_OK &&
        (o.class != (private ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY) || !head2_alg_is_signature(o.alg)))
        rv = CKR_KEY_TYPE_INCONSISTENT;
    if (rv == CKR_OK && (o.policy.purposes & purpose) == 0)
        rv = CKR_KEY_FUNCTION_NOT_PERMITTED;
    if (rv == CKR_OK && !private)
        rv = object_public(s->slot, &o);
    if (rv != CKR_OK) {
        signing_reset(g);
        return rv;
    }
    g->what = what;
    g->alg = o.alg;
    memcpy(g->id, o.id, sizeof g->id);
    memcpy(g->public_key, o.public_key, sizeof g->public_key);
    g->has_public = o.has_public;
    return CKR_OK;
}

/* ---- a message in parts ---- */

static CK_RV fetch_public(struct slot *slot, struct signing *g)
{
    struct object o = {.alg = g->alg};
    CK_RV rv = CKR_OK;

    memcpy(o.id, g->id, sizeof o.id);
    if (!g->has_public) {
        rv = object_public(slot, &o);
        memcpy(g->public_key, o.public_key, sizeof g->public_key);
        g->has_public = rv == CKR_OK;
    }
    return rv;
}

/* What stands before the message, or all of M' where it is a digest. */
static CK_RV begin_mu(struct signing *g, const uint8_t *digest)
{
    const struct mldsa_input in = {.msg = digest,
                                   .msg_len = digest != NULL ? head2_prehash_bytes(g->hash) : 0,
                                   .ctx = g->context,
                                   .ctx_len = g->context_len,
                                   .prehashed = g->prehashed,
                                   .hash = g->hash};
    struct mldsa_message message;
    struct mldsa_prefix prefix;
    uint8_t tr[64];

    if (mldsa_format(&message, &prefix, &in) != HEAD2_OK)
        return CKR_GENERAL_ERROR;
    head2_shake256(tr, sizeof tr, g->public_key, head2_alg_public_bytes(g->alg));
    head2_shake256_init(&g->mu);
    head2_shake_update(&g->mu, tr, sizeof tr);
    head2_shake_update(&g->mu, prefix.b, message.prefix_len);
    head2_shake_update(&g->mu, digest, in.msg_len);
    return CKR_OK;
}

static CK_RV begin_parts(struct slot *slot, struct signing *g)
{
    CK_RV rv = fetch_public(slot, g);

    if (rv != CKR_OK)
        return rv;
    g->begun = true;
    if (!g->prehashed)
        return begin_mu(g, NULL);
    g->digest = EVP_MD_CTX_new();
    return g->digest != NULL && EVP_DigestInit_ex(g->digest, digest_of(g->hash), NULL) == 1
               ? CKR_OK
               : CKR_HOST_MEMORY;
}

static CK_RV add_part(struct slot *slot, struct signing *g, const CK_BYTE *part, CK_ULONG len)
{
    CK_RV rv = CKR_OK;

    if (part == NULL && len != 0)
        return CKR_ARGUMENTS_BAD;
    if (g->is_digest) /* comes whole */
        return CKR_FUNCTION_NOT_SUPPORTED;
    if (!g->begun)
        rv = begin_parts(slot, g);
    if (rv != CKR_OK || len == 0)
        return rv;
    if (g->prehashed)
        return EVP_DigestUpdate(g->digest, part, len) == 1 ? CKR_OK : CKR_GENERAL_ERROR;
    head2_shake_update(&g->mu, part, len);
    return CKR_OK;
}

static CK_RV finish_mu(struct signing *g, uint8_t mu[HEAD2_MLDSA_MU_BYTES])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    CK_RV rv = CKR_OK;

    if (g->prehashed && !g->is_digest) {
        const size_t len = head2_prehash_bytes(g->hash);
        const bool xof = g->hash == HEAD2_PREHASH_SHAKE_128 || g->hash == HEAD2_PREHASH_SHAKE_256;
        if ((xof ? EVP_DigestFinalXOF(g->digest, digest, len)
                 : EVP_DigestFinal_ex(g->digest, digest, NULL)) != 1)
            return CKR_GENERAL_ERROR;
        rv = begin_mu(g, digest);
    }
    if (rv == CKR_OK)
        head2_shake_squeeze(&g->mu, mu, HEAD2_MLDSA_MU_BYTES);
    return rv;
}

/* All of a message, or of a digest, at once. */
static CK_RV whole_mu(struct slot *slot, struct signing *g, const CK_BYTE *data, CK_ULONG len,
                      uint8_t mu[HEAD2_MLDSA_MU_BYTES])
{
    CK_RV rv;

    if (g->is_digest) {
        if (len != head2_prehash_bytes(g->hash))
            return CKR_DATA_LEN_RANGE;
        rv = fetch_public(slot, g);
        if (rv == CKR_OK)
            rv = begin_mu(g, data);
    } else {
        rv = add_part(slot, g, data, len);
    }
    return rv == CKR_OK ? finish_mu(g, mu) : rv;
}

/* ---- signing ---- */

static CK_RV ask_signature(struct slot *slot, const struct signing *g, struct keeper_bytes data,
                           bool is_mu, CK_BYTE *out)
{
    struct keeper_message ask = {.type = KEEPER_SIGN,
                                 .flags =
                                     (uint8_t)((is_mu ? KEEPER_SIGN_MU : 0) |
                                               (g->deterministic ? KEEPER_SIGN_DETERMINISTIC : 0)),
                                 .data = data};
    struct keeper_reply reply;

    memcpy(ask.key, g->id, sizeof ask.key);
    if (!is_mu)
        ask.context = (struct keeper_bytes){g->context, g->context_len};
    CK_RV rv = slot_ask(slot, &ask, &reply);
    if (rv == CKR_OK && reply.m.sig.len != head2_alg_sig_bytes(g->alg))
        rv = CKR_DEVICE_ERROR;
    if (rv == CKR_OK)
        memcpy(out, reply.m.sig.at, reply.m.sig.len);
    keeper_reply_free(&reply);
    return rv;
}

static CK_RV sign_whole(struct slot *slot, struct signing *g, const CK_BYTE *data, CK_ULONG len,
                        CK_BYTE *out)
{
    uint8_t mu[HEAD2_MLDSA_MU_BYTES];
    CK_RV rv;

    if (!g->prehashed && len <= KEEPER_DATA_MAX)
        return ask_signature(slot, g, (struct keeper_bytes){data, len}, false, out);
    rv = whole_mu(slot, g, data, len, mu);
    return rv == CKR_OK ? ask_signature(slot, g, (struct keeper_bytes){mu, sizeof mu}, true, out)
                        : rv;
}

CK_RV C_SignInit(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    struct session *s;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    if (mechanism == NULL) { /* which cancels, since 3.0 */
        rv = s->signing.what == NOTHING ? CKR_ARGUMENTS_BAD : CKR_OK;
        signing_reset(&s->signing);
        return call_end(s, rv);
    }
    return call_end(s, begin(s, &s->signing, SIGN, mechanism, key));
}

CK_RV C_Sign(CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *out,
             CK_ULONG *out_len)
{
    struct session *s;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    struct signing *const g = &s->signing;
    if (g->what == NOTHING || g->begun)
        return call_end(s, g->begun ? CKR_OPERATION_ACTIVE : CKR_OPERATION_NOT_INITIALIZED);
    if (out_len == NULL || (data == NULL && data_len != 0))
        rv = CKR_ARGUMENTS_BAD;
    else if (output_fits(out, out_len, head2_alg_sig_bytes(g->alg), &rv))
        rv = sign_whole(s->slot, g, data, data_len, out);
    else
        return call_end(s, rv); /* it goes on */
    signing_reset(g);
    return call_end(s, rv);
}

CK_RV C_SignUpdate(CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG part_len)
{
    struct session *s;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    if (s->signing.what == NOTHING)
        return call_end(s, CKR_OPERATION_NOT_INITIALIZED);
    rv = add_part(s->slot, &s->signing, part, part_len);
    if (rv != CKR_OK)
        signing_reset(&s->signing);
    return call_end(s, rv);
}

CK_RV C_SignFinal(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *out_len)
{
    uint8_t mu[HEAD2_MLDSA_MU_BYTES];
    struct session *s;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    struct signing *const g = &s->signing;
    if (g->what == NOTHING)
        return call_end(s, CKR_OPERATION_NOT_INITIALIZED);
    if (out_len == NULL) {
        rv = CKR_ARGUMENTS_BAD;
    } else if (output_fits(out, out_len, head2_alg_sig_bytes(g->alg), &rv)) {
        rv = add_part(s->slot, g, NULL, 0); /* there may have been none */
        if (rv == CKR_OK)
            rv = finish_mu(g, mu);
        if (rv == CKR_OK)
            rv = ask_signature(s->slot, g, (struct keeper_bytes){mu, sizeof mu}, true, out);
    } else {
        return call_end(s, rv);
    }
    signing_reset(g);
    return call_end(s, rv);
}

/* ---- verifying ---- */

static CK_RV check(const struct signing *g, const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                   const CK_BYTE *sig, CK_ULONG len)
{
    struct head2_mldsa_verify_job job = {.pk = g->public_key, .mu = mu, .sig = sig, .sig_len = len};

    if (len != head2_alg_sig_bytes(g->alg))
        return CKR_SIGNATURE_LEN_RANGE;
    return head2_mldsa_verify_batch((enum head2_mldsa_set)(g->alg - HEAD2_MLDSA_44), &job, 1) ==
                   HEAD2_OK
               ? CKR_OK
               : CKR_SIGNATURE_INVALID;
}

/* What a call of an operation ends: its key and all. */
static CK_RV verify_whole(struct session *s, const CK_BYTE *data, CK_ULONG len, const CK_BYTE *sig,
                          CK_ULONG sig_len)
{
    struct signing *const g = &s->verifying;
    uint8_t mu[HEAD2_MLDSA_MU_BYTES];
    CK_RV rv = CKR_ARGUMENTS_BAD;

    if ((data != NULL || len == 0) && sig != NULL)
        rv = whole_mu(s->slot, g, data, len, mu);
    if (rv == CKR_OK)
        rv = check(g, mu, sig, sig_len);
    signing_reset(g);
    return rv;
}

static CK_RV verify_parts(struct session *s, const CK_BYTE *sig, CK_ULONG sig_len)
{
    struct signing *const g = &s->verifying;
    uint8_t mu[HEAD2_MLDSA_MU_BYTES];
    CK_RV rv = sig == NULL ? CKR_ARGUMENTS_BAD : add_part(s->slot, g, NULL, 0);

    if (rv == CKR_OK)
        rv = finish_mu(g, mu);
    if (rv == CKR_OK)
        rv = check(g, mu, sig, sig_len);
    signing_reset(g);
    return rv;
}

/* The session of a call that goes on with what was begun so; whole: no part has come. */
static CK_RV resume(CK_SESSION_HANDLE session, enum operation what, bool whole,
                    struct session **out)
{
    const CK_RV rv = call_session(session, out);

    if (rv != CKR_OK)
        return rv;
    if ((*out)->verifying.what != what)
        return call_end(*out, CKR_OPERATION_NOT_INITIALIZED);
    return whole && (*out)->verifying.begun ? call_end(*out, CKR_OPERATION_ACTIVE) : CKR_OK;
}

static CK_RV verify_update(struct session *s, const CK_BYTE *part, CK_ULONG len)
{
    const CK_RV rv = add_part(s->slot, &s->verifying, part, len);

    if (rv != CKR_OK)
        signing_reset(&s->verifying);
    return call_end(s, rv);
}

static CK_RV verify_init(struct session *s, enum operation what, const CK_MECHANISM *mechanism,
                         CK_OBJECT_HANDLE key)
{
    CK_RV rv;

    if (mechanism != NULL)
        return begin(s, &s->verifying, what, mechanism, key);
    rv = s->verifying.what == NOTHING ? CKR_ARGUMENTS_BAD : CKR_OK;
    signing_reset(&s->verifying);
    return rv;
}

CK_RV C_VerifyInit(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    struct session *s;
    const CK_RV rv = call_session(session, &s);

    return rv != CKR_OK ? rv : call_end(s, verify_init(s, VERIFY, mechanism, key));
}

CK_RV C_Verify(CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len,
               const CK_BYTE *sig, CK_ULONG sig_len)
{
    struct session *s;
    const CK_RV rv = resume(session, VERIFY, true, &s);

    return rv != CKR_OK ? rv : call_end(s, verify_whole(s, data, data_len, sig, sig_len));
}

CK_RV C_VerifyUpdate(CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG part_len)
{
    struct session *s;
    const CK_RV rv = resume(session, VERIFY, false, &s);

    return rv != CKR_OK ? rv : verify_update(s, part, part_len);
}

CK_RV C_VerifyFinal(CK_SESSION_HANDLE session, const CK_BYTE *sig, CK_ULONG sig_len)
{
    struct session *s;
    const CK_RV rv = resume(session, VERIFY, false, &s);

    return rv != CKR_OK ? rv : call_end(s, verify_parts(s, sig, sig_len));
}

/* ---- where the signature comes first ---- */

CK_RV C_VerifySignatureInit(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
                            CK_OBJECT_HANDLE key, const CK_BYTE *sig, CK_ULONG sig_len)
{
    struct session *s;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    struct signing *const g = &s->verifying;
    if (mechanism != NULL && sig == NULL)
        return call_end(s, CKR_ARGUMENTS_BAD);
    rv = verify_init(s, VERIFY_SIGNATURE, mechanism, key);
    if (rv != CKR_OK || mechanism == NULL)
        return call_end(s, rv);
    if (sig_len != head2_alg_sig_bytes(g->alg)) {
        signing_reset(g);
        return call_end(s, CKR_SIGNATURE_LEN_RANGE);
    }
    memcpy(g->sig, sig, sig_len);
    g->sig_len = sig_len;
    return call_end(s, CKR_OK);
}

CK_RV C_VerifySignature(CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG data_len)
{
    uint8_t sig[HEAD2_KEY_MAX_SIG];
    struct session *s;
    const CK_RV rv = resume(session, VERIFY_SIGNATURE, true, &s);

    if (rv != CKR_OK)
        return rv;
    const size_t len = s->verifying.sig_len;
    memcpy(sig, s->verifying.sig, len);
    return call_end(s, verify_whole(s, data, data_len, sig, len));
}

CK_RV C_VerifySignatureUpdate(CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG part_len)
{
    struct session *s;
    const CK_RV rv = resume(session, VERIFY_SIGNATURE, false, &s);

    return rv != CKR_OK ? rv : verify_update(s, part, part_len);
}

CK_RV C_VerifySignatureFinal(CK_SESSION_HANDLE session)
{
    struct session *s;
    const CK_RV rv = resume(session, VERIFY_SIGNATURE, false, &s);

    return rv != CKR_OK ? rv : call_end(s, verify_parts(s, s->verifying.sig, s->verifying.sig_len));
}
