/*
 * Key objects: making them from every source, checking them, and using them.
 */
#include "keys/key.h"

#include "keys/spki.h"

#include <head2/hash.h>
#include <head2/random.h>

#include <stdlib.h>

#define SIGN_AT_ONCE 32 /* jobs in one batch: best in eights */

/* An empty key of the algorithm; NULL when there is no memory. */
static struct head2_key *allocate(const struct alg *alg, bool has_private)
{
    struct head2_key *key = calloc(1, sizeof *key);

    if (key == NULL)
        return NULL;
    key->alg = alg;
    key->has_private = has_private;
    if (has_private)
        key->secret = calloc(1, sizeof *key->secret);
    if (!has_private || key->secret != NULL)
        return key;
    free(key);
    return NULL;
}

/* Hand the finished key out, or free it: what every constructor ends with. */
static enum head2_status finish(struct head2_key **out, struct head2_key *key, enum head2_status st)
{
    if (st != HEAD2_OK) {
        head2_key_free(key);
        return st;
    }
    uint8_t spki[SPKI_MAX_BYTES];
    size_t len = spki_encode(spki, key->alg, key->pub);
    head2_shake256(key->id, sizeof key->id, spki, len);
    *out = key;
    return HEAD2_OK;
}

static enum head2_status expand_seed(struct head2_key *key, const uint8_t *seed)
{
    const struct alg *alg = key->alg;
    enum head2_status st;

    if (alg->dsa != NULL) {
        struct head2_secret32 xi;
        memcpy(xi.b, seed, sizeof xi.b);
        st = alg->dsa->from_seed(key->pub, key->secret->priv, &xi);
        head2_wipe(&xi, sizeof xi);
    } else {
        struct head2_secret64 dz;
        memcpy(dz.b, seed, sizeof dz.b);
        st = alg->kem->from_seed(key->pub, key->secret->priv, &dz);
        head2_wipe(&dz, sizeof dz);
    }
    memcpy(key->secret->seed, seed, alg->seed_bytes);
    key->has_seed = true;
    return st;
}

enum head2_status head2_key_from_seed(struct head2_key **out, enum head2_alg alg,
                                      const uint8_t *seed, size_t seed_len)
{
    const struct alg *a = alg_of(alg);

    *out = NULL;
    if (a == NULL || seed_len != a->seed_bytes)
        return HEAD2_E_ARG;
    struct head2_key *key = allocate(a, true);
    if (key == NULL)
        return HEAD2_E_MEMORY;
    return finish(out, key, expand_seed(key, seed));
}

enum head2_status head2_key_generate(struct head2_key **out, enum head2_alg alg)
{
    const struct alg *a = alg_of(alg);
    enum head2_status st;
    uint8_t seed[ALG_MAX_SEED];

    *out = NULL;
    if (a == NULL)
        return HEAD2_E_ARG;
    HEAD2_TRY(head2_random_key(seed, a->seed_bytes));
    HEAD2_TRY(head2_key_from_seed(out, alg, seed, a->seed_bytes));

done:
    head2_wipe(seed, sizeof seed);
    return st;
}

enum head2_status head2_key_from_public(struct head2_key **out, enum head2_alg alg,
                                        const uint8_t *pub, size_t pub_len)
{
    const struct alg *a = alg_of(alg);

    *out = NULL;
    if (a == NULL || pub_len != a->public_bytes)
        return HEAD2_E_MALFORMED;
    struct head2_key *key = allocate(a, false);
    if (key == NULL)
        return HEAD2_E_MEMORY;
    memcpy(key->pub, pub, pub_len);
    return finish(out, key, a->kem != NULL ? a->kem->check_ek(pub) : HEAD2_OK);
}

/* The checks of FIPS 203, Sections 7.2 and 7.3, and that dk opens what ek closes. */
static enum head2_status check_kem_pair(const struct alg_kem *kem, const uint8_t *ek,
                                        const uint8_t *dk)
{
    static const struct head2_secret32 m = {"does this private key fit itself"};
    enum head2_status st;
    uint8_t ct[HEAD2_KEY_MAX_CT];
    struct head2_secret32 sent, received;

    HEAD2_TRY(kem->check_dk(dk));
    HEAD2_TRY(kem->check_ek(ek));
    HEAD2_TRY(kem->encaps_derand(ct, &sent, ek, &m));
    HEAD2_TRY(kem->decaps(&received, dk, ct));
    HEAD2_TRY(head2_equal(&sent, &received, sizeof sent));

done:
    head2_wipe(&sent, sizeof sent);
    head2_wipe(&received, sizeof received);
    return st == HEAD2_OK ? HEAD2_OK : HEAD2_E_MALFORMED;
}

enum head2_status head2_key_from_private(struct head2_key **out, enum head2_alg alg,
                                         const uint8_t *priv, size_t priv_len)
{
    const struct alg *a = alg_of(alg);
    enum head2_status st;

    *out = NULL;
    if (a == NULL || priv_len != a->private_bytes)
        return HEAD2_E_MALFORMED;
    struct head2_key *key = allocate(a, true);
    if (key == NULL)
        return HEAD2_E_MEMORY;
    memcpy(key->secret->priv, priv, priv_len);
    if (a->dsa != NULL) {
        st = a->dsa->public_of(key->pub, priv);
    } else {
        memcpy(key->pub, priv + a->kem->ek_at, a->public_bytes);
        st = check_kem_pair(a->kem, key->pub, priv);
    }
    return finish(out, key, st);
}

void head2_key_free(struct head2_key *key)
{
    if (key == NULL)
        return;
    key_free_secrets(key);
    head2_mldsa_verifier_free(key->verifier);
    head2_mlkem_ek_free(key->ek);
    head2_wipe(key, sizeof *key);
    free(key);
}

enum head2_status head2_key_prepare(struct head2_key *key)
{
    const struct alg *alg = key->alg;

    if (key->signer != NULL || key->verifier != NULL || key->dk != NULL || key->ek != NULL)
        return HEAD2_OK;
    if (key->is_protected)
        return key_prepare_protected(key);
    if (alg->dsa != NULL)
        return key->has_private
                   ? head2_mldsa_signer_new(&key->signer, alg->dsa->set, key->secret->priv)
                   : head2_mldsa_verifier_new(&key->verifier, alg->dsa->set, key->pub);
    return key->has_private ? head2_mlkem_dk_new(&key->dk, alg->kem->set, key->secret->priv)
                            : head2_mlkem_ek_new(&key->ek, alg->kem->set, key->pub);
}

enum head2_alg head2_key_alg(const struct head2_key *key)
{
    return key->alg->id;
}

bool head2_key_has_private(const struct head2_key *key)
{
    return key->has_private;
}

bool head2_key_has_seed(const struct head2_key *key)
{
    return key->has_seed;
}

const uint8_t *head2_key_public(const struct head2_key *key)
{
    return key->pub;
}

const uint8_t *head2_key_private(const struct head2_key *key)
{
    return key->has_private ? key->secret->priv : NULL;
}

void head2_key_id(const struct head2_key *key, uint8_t id[HEAD2_KEY_ID_BYTES])
{
    memcpy(id, key->id, HEAD2_KEY_ID_BYTES);
}

enum head2_status head2_key_same_public(const struct head2_key *a, const struct head2_key *b)
{
    if (a->alg != b->alg)
        return HEAD2_E_VERIFY;
    return head2_equal(a->pub, b->pub, a->alg->public_bytes);
}

enum head2_status head2_key_sign(const struct head2_key *key, uint8_t *sig, size_t *sig_len,
                                 const uint8_t *msg, size_t msg_len, const void *ctx,
                                 size_t ctx_len, bool deterministic)
{
    const struct alg_dsa *dsa = key->alg->dsa;

    *sig_len = 0;
    if (dsa == NULL || !key->has_private)
        return HEAD2_E_ARG;
    enum head2_status st;
    if (key->signer != NULL)
        st = (deterministic ? head2_mldsa_sign_deterministic
                            : head2_mldsa_sign)(sig, msg, msg_len, ctx, ctx_len, key->signer);
    else
        st = (deterministic ? dsa->sign_deterministic : dsa->sign)(sig, msg, msg_len, ctx, ctx_len,
                                                                   key->secret->priv);
    if (st == HEAD2_OK)
        *sig_len = key->alg->sig_bytes;
    return st;
}

/* Up to SIGN_AT_ONCE jobs with the prepared key. */
static enum head2_status sign_some(const struct head2_key *key, struct head2_key_sign_job *jobs,
                                   size_t n, const void *ctx, size_t ctx_len, bool deterministic)
{
    static const struct head2_secret32 zeros;
    struct head2_mldsa_sign_job each[SIGN_AT_ONCE];
    const enum head2_alg alg = key->alg->id;

    for (size_t i = 0; i < n; i++)
        each[i] = (struct head2_mldsa_sign_job){.key = key->signer,
                                                .msg = jobs[i].msg,
                                                .msg_len = jobs[i].msg_len,
                                                .ctx = ctx,
                                                .ctx_len = ctx_len,
                                                .rnd = deterministic ? &zeros : NULL,
                                                .sig = jobs[i].sig};
    return head2_mldsa_sign_batch(alg == HEAD2_MLDSA_44   ? HEAD2_MLDSA_SET_44
                                  : alg == HEAD2_MLDSA_65 ? HEAD2_MLDSA_SET_65
                                                          : HEAD2_MLDSA_SET_87,
                                  each, n);
}

enum head2_status head2_key_sign_batch(const struct head2_key *key, struct head2_key_sign_job *jobs,
                                       size_t n, const void *ctx, size_t ctx_len,
                                       bool deterministic)
{
    enum head2_status st = HEAD2_OK;
    size_t step;

    for (size_t i = 0; st == HEAD2_OK && i < n; i += step) {
        step = key->signer == NULL ? 1 : n - i < SIGN_AT_ONCE ? n - i : SIGN_AT_ONCE;
        if (step == 1)
            st = head2_key_sign(key, jobs[i].sig, &jobs[i].sig_len, jobs[i].msg, jobs[i].msg_len,
                                ctx, ctx_len, deterministic);
        else
            st = sign_some(key, jobs + i, step, ctx, ctx_len, deterministic);
    }
    for (size_t i = 0; i < n; i++) {
        jobs[i].sig_len = st == HEAD2_OK ? key->alg->sig_bytes : 0;
        if (st != HEAD2_OK)
            head2_wipe(jobs[i].sig, key->alg->sig_bytes);
    }
    return st;
}

enum head2_status head2_key_verify(const struct head2_key *key, const uint8_t *msg, size_t msg_len,
                                   const void *ctx, size_t ctx_len, const uint8_t *sig,
                                   size_t sig_len)
{
    if (key->alg->dsa == NULL)
        return HEAD2_E_ARG;
    if (key->verifier != NULL)
        return head2_mldsa_verify(key->verifier, msg, msg_len, ctx, ctx_len, sig, sig_len);
    return key->alg->dsa->verify(key->pub, msg, msg_len, ctx, ctx_len, sig, sig_len);
}

enum head2_status head2_key_encaps(const struct head2_key *key, uint8_t *ct, size_t *ct_len,
                                   struct head2_secret32 *ss)
{
    *ct_len = 0;
    if (key->alg->kem == NULL) {
        head2_wipe(ss, sizeof *ss);
        return HEAD2_E_ARG;
    }
    enum head2_status st = key->ek != NULL ? head2_mlkem_encaps(ct, ss, key->ek)
                                           : key->alg->kem->encaps(ct, ss, key->pub);
    if (st == HEAD2_OK)
        *ct_len = key->alg->ct_bytes;
    return st;
}

enum head2_status head2_key_decaps(const struct head2_key *key, struct head2_secret32 *ss,
                                   const uint8_t *ct, size_t ct_len)
{
    enum head2_status st = HEAD2_OK;

    if (key->alg->kem == NULL || !key->has_private)
        st = HEAD2_E_ARG;
    else if (ct_len != key->alg->ct_bytes)
        st = HEAD2_E_MALFORMED;
    if (st != HEAD2_OK) {
        head2_wipe(ss, sizeof *ss);
        return st;
    }
    if (key->dk == NULL)
        return key->alg->kem->decaps(ss, key->secret->priv, ct);
    head2_mlkem_decaps(ss, key->dk, ct);
    return HEAD2_OK;
}
