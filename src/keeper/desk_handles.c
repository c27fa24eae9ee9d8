/* see desk_handles.h */
#include "keeper/desk_handles.h"

#include <head2/aead.h>
#include <head2/hash.h>
#include <head2/random.h>

#define OUTPUT_MAX   (255 * 64) /* of HKDF-SHA3-512 */
#define SEAL_VERSION 1
#define SALT_BYTES   32
#define SEAL_HEAD    (1 + SALT_BYTES)

static const char no_handle[] = "there is no such handle on this connection";

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
    *why = st == HEAD2_E_LIMIT ? "this connection has too many handles" : NULL;
done:
    head2_wipe(&ss, sizeof ss);
    return st;
}

/* The secret of a handle, where its key's policy allows the use now. */
static enum head2_status use_handle(struct desk *d, const struct handles *h, uint64_t number,
                                    uint16_t purpose, struct keeper_bytes *secret,
                                    const uint8_t **id, const char **why)
{
    const struct handle *const row = handles_find(h, number);

    *why = no_handle;
    if (row == NULL)
        return HEAD2_E_STATE;
    struct ring_key *const k = ring_find(d->ring, row->key);
    *why = "the handle's key is not there any more";
    if (k == NULL)
        return HEAD2_E_STATE;
    *id = row->key;
    *secret = (struct keeper_bytes){handles_secret(h, row), row->len};
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
    const uint16_t purpose = KEEPER_MAY_DERIVE | (leaves ? KEEPER_MAY_OUTPUT : 0);
    const struct info info =
        info_of(leaves ? "head2/keeper/output" : "head2/keeper/handle", ask->label);
    const size_t len = leaves ? ask->count : HANDLE_BYTES;
    struct keeper_bytes secret;
    const uint8_t *id;
    enum head2_status st = HEAD2_E_ARG;

    *why = "an output has 1 to 16320 bytes, a handle does not say how many";
    if (leaves ? len == 0 || len > OUTPUT_MAX : ask->count != 0)
        goto done;
    HEAD2_TRY(use_handle(d, h, ask->handle, purpose, &secret, &id, why));
    *why = NULL;
    HEAD2_TRY(hkdf(d->room, len, (struct keeper_bytes){NULL, 0}, secret, &info));
    if (leaves) {
        answer->data = (struct keeper_bytes){d->room, len};
        goto done;
    }
    st = handles_add(h, &answer->handle, id, d->room, len);
    *why = st == HEAD2_E_LIMIT ? "this connection has too many handles" : NULL;
    head2_wipe(d->room, len);
done:
    return st;
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
    const uint8_t *id;
    enum head2_status st;

    if (ask->handle == 0)
        HEAD2_TRY(own_secret(d, &secret, why));
    else
        HEAD2_TRY(use_handle(d, h, ask->handle, KEEPER_MAY_SEAL, &secret, &id, why));
    if (ask->type == KEEPER_SEAL)
        HEAD2_TRY(seal(d, secret, ask, answer));
    else
        HEAD2_TRY(unseal(d, secret, ask, answer, why));
done:
    return st;
}
