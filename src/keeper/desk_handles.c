/* see desk_handles.h */
#include "keeper/desk_handles.h"

#include <head2/aead.h>
#include <head2/hash.h>
#include <head2/mldsa.h>
#include <head2/mlkem.h>
#include <head2/random.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#define OUTPUT_MAX   (255 * 64) /* of HKDF-SHA3-512 */
#define INFO_MAX     1024       /* of a plain HKDF */
#define SEAL_VERSION 1
#define SALT_BYTES   32
#define SEAL_HEAD    (1 + SALT_BYTES)

static const char no_handle[] = "there is no such handle on this connection";
static const char too_many_handles[] = "this connection has too many handles";

/* info: what it is for, a zero byte, the label; the three uses of a secret never meet. */
struct info {
    uint8_t b[32 + KEEPER_LABEL_MAX];
    size_t len;
};

static struct info info_of(const char *use, struct keeper_bytes label)
{
    struct info i = {.len = strlen(use) + 1};

    memcpy(i.b, use, i.len);
    memcpy(i.b + i.len, label.at, label.len);
    i.len += label.len;
    return i;
}

static enum head2_status hkdf(uint8_t *out, size_t len, struct keeper_bytes salt,
                              struct keeper_bytes secret, const struct info *info)
{
    struct head2_secret64 prk;

    head2_hkdf_sha3_512_extract(prk.b, salt.at, salt.len, secret.at, secret.len);
    const enum head2_status st = head2_hkdf_sha3_512_expand(out, len, prk.b, info->b, info->len);
    head2_wipe(&prk, sizeof prk);
    return st;
}

/* HKDF of RFC 5869 with a hash of SHA-2. The keeper's own uses have SHA3-512: no salt and info of
 * an asker give what those give. */
static enum head2_status plain_hkdf(uint8_t *out, size_t len, struct keeper_bytes secret,
                                    const struct keeper_message *ask)
{
    const unsigned hash = ask->flags & KEEPER_DERIVE_HASH;
    const EVP_MD *const md = hash == KEEPER_DERIVE_SHA256   ? EVP_sha256()
                             : hash == KEEPER_DERIVE_SHA384 ? EVP_sha384()
                                                            : EVP_sha512();
    const struct keeper_bytes salt = ask->context, info = ask->data;
    EVP_PKEY_CTX *const ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
    size_t got = len;
    const bool ok =
        ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_CTX_set_hkdf_md(ctx, md) == 1 &&
        EVP_PKEY_CTX_set1_hkdf_key(ctx, secret.at, (int)secret.len) == 1 &&
        (salt.len == 0 || EVP_PKEY_CTX_set1_hkdf_salt(ctx, salt.at, (int)salt.len) == 1) &&
        (info.len == 0 || EVP_PKEY_CTX_add1_hkdf_info(ctx, info.at, (int)info.len) == 1) &&
        EVP_PKEY_derive(ctx, out, &got) == 1 && got == len;

    EVP_PKEY_CTX_free(ctx);
    if (!ok)
        head2_wipe(out, len);
    return ok ? HEAD2_OK : HEAD2_E_CRYPTO;
}

/* ---- KEM ---- */

enum head2_status desk_kem(struct desk *d, struct handles *h, struct ring_key *k,
                           const struct keeper_message *ask, struct keeper_message *answer,
                           const char **why)
{
    const bool encaps = ask->type == KEEPER_ENCAPSULATE;
    const struct head2_key *key;
    struct head2_secret32 ss = {{0}};
    enum head2_status st = HEAD2_E_ARG;

    *why = "this key is of no KEM";
    if (head2_alg_is_signature(ring_meta(k)->alg))
        goto done;
    HEAD2_TRY(ring_allow(d->ring, k, encaps ? KEEPER_MAY_ENCAPSULATE : KEEPER_MAY_DECAPSULATE, d->t,
                         why));
    *why = NULL;
    if (encaps) {
        HEAD2_TRY(ring_public(d->ring, k, d->t, &key));
        answer->data.at = d->room;
        HEAD2_TRY(head2_key_encaps(key, d->room, &answer->data.len, &ss));
    } else {
        HEAD2_TRY(ring_private(d->ring, k, d->t, &key));
        HEAD2_TRY(head2_key_decaps(key, &ss, ask->data.at, ask->data.len));
    }
    st = handles_add(h, &answer->handle, ask->key, ss.b, sizeof ss.b);
    *why = st == HEAD2_E_LIMIT ? too_many_handles : NULL;
done:
    head2_wipe(&ss, sizeof ss);
    return st;
}

enum head2_status desk_kem_foreign(struct desk *d, struct handles *h,
                                   const struct keeper_message *ask, struct keeper_message *answer,
                                   const char **why)
{
    struct head2_key *key = NULL;
    struct head2_secret32 ss = {{0}};
    enum head2_status st;

    HEAD2_TRY(head2_key_read(&key, ask->data.at, ask->data.len, NULL, NULL, why));
    *why = "this is no public key of a KEM";
    st = HEAD2_E_ARG;
    if (head2_alg_is_signature(head2_key_alg(key)) || head2_key_has_private(key))
        goto done;
    *why = NULL;
    answer->data.at = d->room;
    HEAD2_TRY(head2_key_encaps(key, d->room, &answer->data.len, &ss));
    st = handles_add(h, &answer->handle, NULL, ss.b, sizeof ss.b);
    *why = st == HEAD2_E_LIMIT ? too_many_handles : NULL;
done:
    head2_wipe(&ss, sizeof ss);
    head2_key_free(key);
    return st;
}

/* Whose policy a handle has; NULL for a foreign one. */
static const uint8_t *key_of(const struct handles *h, uint64_t number)
{
    const struct handle *const row = handles_find(h, number);

    return row == NULL || row->foreign ? NULL : row->key;
}

enum head2_status desk_use_handle(struct desk *d, const struct handles *h, uint64_t number,
                                  uint16_t purpose, struct keeper_bytes *secret, const char **why)
{
    const struct handle *const row = handles_find(h, number);

    *why = no_handle;
    if (row == NULL)
        return HEAD2_E_STATE;
    *secret = (struct keeper_bytes){handles_secret(h, row), row->len};
    if (row->foreign)
        return HEAD2_OK;
    struct ring_key *const k = ring_find(d->ring, row->key);
    *why = "the handle's key is not there any more";
    if (k == NULL)
        return HEAD2_E_STATE;
    *why = "what is derived of this key's secrets does not leave";
    if ((purpose & KEEPER_MAY_OUTPUT) != 0 &&
        (ring_meta(k)->policy.purposes & KEEPER_MAY_OUTPUT) == 0)
        return HEAD2_E_POLICY;
    return ring_allow(d->ring, k, (uint16_t)(purpose & ~KEEPER_MAY_OUTPUT), d->t, why);
}

enum head2_status desk_derive(struct desk *d, struct handles *h, const struct keeper_message *ask,
                              struct keeper_message *answer, const char **why)
{
    const bool leaves = (ask->flags & KEEPER_DERIVE_OUTPUT) != 0;
    const bool plain = (ask->flags & KEEPER_DERIVE_HASH) != 0;
    const uint16_t purpose = KEEPER_MAY_DERIVE | (leaves ? KEEPER_MAY_OUTPUT : 0);
    const struct info info =
        info_of(leaves ? "head2/keeper/output" : "head2/keeper/handle", ask->label);
    const size_t len = leaves || plain ? ask->count : HANDLE_BYTES;
    struct keeper_bytes secret;
    enum head2_status st = HEAD2_E_ARG;

    *why = "an output has 1 to 16320 bytes, a handle does not say how many";
    if (leaves ? len == 0 || len > OUTPUT_MAX : !plain && ask->count != 0)
        goto done;
    *why = "a plain HKDF gives a handle of 1 to 64 bytes, and has an info of up to 1024";
    if (plain ? (!leaves && (len == 0 || len > HANDLE_BYTES)) || ask->data.len > INFO_MAX
              : ask->context.len != 0 || ask->data.len != 0)
        goto done;
    HEAD2_TRY(desk_use_handle(d, h, ask->handle, purpose, &secret, why));
    *why = NULL;
    if (plain)
        HEAD2_TRY(plain_hkdf(d->room, len, secret, ask));
    else
        HEAD2_TRY(hkdf(d->room, len, (struct keeper_bytes){NULL, 0}, secret, &info));
    if (leaves) {
        answer->data = (struct keeper_bytes){d->room, len};
        goto done;
    }
    st = handles_add(h, &answer->handle, key_of(h, ask->handle), d->room, len);
    *why = st == HEAD2_E_LIMIT ? too_many_handles : NULL;
    head2_wipe(d->room, len);
done:
    return st;
}

/* ---- what may leave ---- */

/* A key with its seed is written as such in PKCS#8, which the seed ends. */
static enum head2_status take_seed(const struct head2_key *key, uint8_t *room, size_t room_len,
                                   struct keeper_bytes *seed)
{
    const size_t bytes = head2_alg_is_signature(head2_key_alg(key)) ? HEAD2_MLDSA_SEED_BYTES
                                                                    : HEAD2_MLKEM_SEED_BYTES;
    size_t len = room_len;
    enum head2_status st;

    HEAD2_TRY(head2_key_write_private(key, HEAD2_KEY_DER, HEAD2_PRIVATE_SEED, NULL, 0, room, &len));
    memmove(room, room + len - bytes, bytes);
    head2_wipe(room + bytes, len - bytes);
    *seed = (struct keeper_bytes){room, bytes};
done:
    return st;
}

enum head2_status desk_reveal(struct desk *d, struct ring_key *k, const struct keeper_message *ask,
                              struct keeper_message *answer, const char **why)
{
    const struct head2_key *key;
    enum head2_status st;

    HEAD2_TRY(ring_allow(d->ring, k, KEEPER_MAY_REVEAL, d->t, why));
    *why = NULL;
    HEAD2_TRY(ring_private(d->ring, k, d->t, &key));
    if ((ask->flags & KEEPER_REVEAL_SEED) != 0)
        HEAD2_TRY(take_seed(key, d->room, sizeof d->room, &answer->data));
    else
        answer->data = (struct keeper_bytes){head2_key_private(key),
                                             head2_alg_private_bytes(head2_key_alg(key))};
done:
    return st;
}

enum head2_status desk_reveal_handle(struct desk *d, struct handles *h,
                                     const struct keeper_message *ask,
                                     struct keeper_message *answer, const char **why)
{
    const uint16_t purpose = KEEPER_MAY_DERIVE | KEEPER_MAY_OUTPUT;

    return desk_use_handle(d, h, ask->handle, purpose, &answer->data, why);
}

/* ---- seals ---- */

/* The keeper's own sealing key: an ML-KEM key like others, whose private part is the secret. Made
 * when it is first needed. */
static enum head2_status own_secret(struct desk *d, struct keeper_bytes *secret, const char **why)
{
    static const struct keeper_policy policy = {.purposes = KEEPER_MAY_SEAL};
    const struct keeper_bytes label = {(const uint8_t *)RING_SEALING, strlen(RING_SEALING)};
    struct ring_key *k = ring_labelled(d->ring, label);
    const struct head2_key *key;
    enum head2_status st = HEAD2_OK;

    if (k == NULL)
        HEAD2_TRY(ring_generate(d->ring, &k, HEAD2_MLKEM_1024, label, &policy, d->t));
    HEAD2_TRY(ring_allow(d->ring, k, KEEPER_MAY_SEAL, d->t, why));
    *why = NULL;
    HEAD2_TRY(ring_private(d->ring, k, d->t, &key));
    *secret =
        (struct keeper_bytes){head2_key_private(key), head2_alg_private_bytes(HEAD2_MLKEM_1024)};
done:
    return st;
}

/* An aead for one text: its key comes of the secret, 32 random bytes and the purpose, and is used
 * once, so that the nonce may be zero. */
static enum head2_status aead_for(struct head2_aead **out, struct keeper_bytes secret,
                                  const uint8_t salt[SALT_BYTES], struct keeper_bytes purpose)
{
    const struct info info = info_of("head2/keeper/seal", purpose);
    struct head2_secret32 key;
    enum head2_status st;

    HEAD2_TRY(hkdf(key.b, sizeof key.b, (struct keeper_bytes){salt, SALT_BYTES}, secret, &info));
    HEAD2_TRY(head2_aead_new(out));
    HEAD2_TRY(head2_aead_set_key(*out, key.b, sizeof key.b));
done:
    head2_wipe(&key, sizeof key);
    return st;
}

static const uint8_t nonce[HEAD2_AEAD_NONCE_BYTES];

static enum head2_status seal(struct desk *d, struct keeper_bytes secret,
                              const struct keeper_message *ask, struct keeper_message *answer)
{
    struct head2_aead *aead = NULL;
    enum head2_status st;

    d->room[0] = SEAL_VERSION;
    HEAD2_TRY(head2_random(d->room + 1, SALT_BYTES));
    HEAD2_TRY(aead_for(&aead, secret, d->room + 1, ask->label));
    HEAD2_TRY(head2_aead_seal(aead, d->room + SEAL_HEAD, nonce, d->room, SEAL_HEAD, ask->data.at,
                              ask->data.len));
    answer->data = (struct keeper_bytes){d->room, ask->data.len + KEEPER_SEAL_EXTRA};
done:
    head2_aead_free(aead);
    return st;
}

static enum head2_status unseal(struct desk *d, struct keeper_bytes secret,
                                const struct keeper_message *ask, struct keeper_message *answer,
                                const char **why)
{
    const uint8_t *const sealed = ask->data.at;
    struct head2_aead *aead = NULL;
    enum head2_status st = HEAD2_E_MALFORMED;

    *why = "this was not sealed by a keeper";
    if (ask->data.len < KEEPER_SEAL_EXTRA || sealed[0] != SEAL_VERSION)
        goto done;
    *why = "this was sealed with another key or for another purpose, or was changed";
    HEAD2_TRY(aead_for(&aead, secret, sealed + 1, ask->label));
    HEAD2_TRY(head2_aead_open(aead, d->room, nonce, sealed, SEAL_HEAD, sealed + SEAL_HEAD,
                              ask->data.len - SEAL_HEAD));
    answer->data = (struct keeper_bytes){d->room, ask->data.len - KEEPER_SEAL_EXTRA};
done:
    head2_aead_free(aead);
    return st;
}

enum head2_status desk_seal(struct desk *d, struct handles *h, const struct keeper_message *ask,
                            struct keeper_message *answer, const char **why)
{
    struct keeper_bytes secret;
    enum head2_status st;

    if (ask->handle == 0)
        HEAD2_TRY(own_secret(d, &secret, why));
    else
        HEAD2_TRY(desk_use_handle(d, h, ask->handle, KEEPER_MAY_SEAL, &secret, why));
    if (ask->type == KEEPER_SEAL)
        HEAD2_TRY(seal(d, secret, ask, answer));
    else
        HEAD2_TRY(unseal(d, secret, ask, answer, why));
done:
    return st;
}
