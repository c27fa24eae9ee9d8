/* see fallback_export.h */
#include "gateway/fallback_export.h"

#include "session/schedule.h"

#include <head2/aead.h>
#include <head2/hash.h>
#include <head2/mlkem.h>

#include <stdlib.h>

#define VERSION   1
#define MADE_END  ((uint64_t)1 << 48)
#define ROOM_ONCE 16384

_Static_assert(FALLBACK_EXPORT_SEAL == FALLBACK_EXPORT_HEAD + HEAD2_MLKEM1024_CT_BYTES, "ct");

static const char magic[8] = {'C', 'H', '2', 'F', 'B', 'K', 'E', 'Y'};
static const char context[] = "ch2v1 fbk export";

/* ---- bundles ---- */

void fallback_bundle_free(struct fallback_bundle *b)
{
    if (b->bytes != NULL)
        head2_wipe(b->bytes, b->cap);
    free(b->bytes);
    *b = (struct fallback_bundle){0};
}

/* Not realloc, which leaves a copy of the keys behind. */
static bool grow(struct fallback_bundle *b)
{
    const size_t cap = b->cap == 0 ? ROOM_ONCE : 2 * b->cap;
    uint8_t *more = malloc(cap);

    if (more == NULL)
        return false;
    copy_bytes(more, b->bytes, b->len);
    const struct fallback_bundle new = {more, b->len, cap, b->n};
    fallback_bundle_free(b);
    *b = new;
    return true;
}

enum head2_status fallback_bundle_add(struct fallback_bundle *b,
                                      const struct head2_fallback_key *key)
{
    if (b->n == FALLBACK_EXPORT_KEYS)
        return HEAD2_E_LIMIT;
    if (b->cap - b->len < 2 + HEAD2_FALLBACK_MAX_BYTES && !grow(b))
        return HEAD2_E_MEMORY;
    const size_t len = head2_fallback_encode(b->bytes + b->len + 2, key);
    if (len == 0)
        return HEAD2_E_ARG;
    put_be16(b->bytes + b->len, (uint16_t)len);
    b->len += 2 + len;
    b->n++;
    return HEAD2_OK;
}

bool fallback_bundle_next(const struct fallback_bundle *b, size_t *at,
                          struct head2_fallback_key *key)
{
    if (b->len - *at < 2)
        return false;
    const size_t len = be16(b->bytes + *at);
    if (len > b->len - *at - 2 || head2_fallback_decode(key, b->bytes + *at + 2, len) != HEAD2_OK)
        return false;
    *at += 2 + len;
    return true;
}

/* ---- sealing and opening ---- */

static void schedule(uint8_t key[32], uint8_t nonce[HEAD2_AEAD_NONCE_BYTES],
                     const struct head2_secret32 *ss, const uint8_t *head)
{
    uint8_t digest[64];
    struct chain prk;

    head2_sha3_512(digest, context, sizeof context - 1);
    head2_hkdf_sha3_512_extract(prk.b, digest, sizeof digest, ss->b, sizeof ss->b);
    head2_sha3_512(digest, head, FALLBACK_EXPORT_SEAL);
    xl(key, 32, &prk, "fbk export key", digest, sizeof digest);
    xl(nonce, HEAD2_AEAD_NONCE_BYTES, &prk, "fbk export iv", digest, sizeof digest);
    head2_wipe(&prk, sizeof prk);
}

/* Seal len bytes at in, or open len bytes and their tag; head is what the record begins with. */
static enum head2_status transform(bool seal, uint8_t *out, const uint8_t *in, size_t len,
                                   const struct head2_secret32 *ss, const uint8_t *head)
{
    uint8_t key[32], nonce[HEAD2_AEAD_NONCE_BYTES];
    struct head2_aead *aead = NULL;
    enum head2_status st;

    schedule(key, nonce, ss, head);
    HEAD2_TRY(head2_aead_new(&aead));
    HEAD2_TRY(head2_aead_set_key(aead, key, sizeof key));
    st = seal ? head2_aead_seal(aead, out, nonce, head, FALLBACK_EXPORT_SEAL, in, len)
              : head2_aead_open(aead, out, nonce, head, FALLBACK_EXPORT_SEAL, in,
                                len + HEAD2_AEAD_TAG_BYTES);
done:
    head2_aead_free(aead);
    head2_wipe(key, sizeof key);
    return st;
}

enum head2_status fallback_seal(uint8_t **out, size_t *len, const struct fallback_bundle *bundle,
                                const struct artifact_signer *by, const struct head2_key *to,
                                uint64_t made_ms)
{
    const size_t signed_len = FALLBACK_EXPORT_SEAL + bundle->len + HEAD2_AEAD_TAG_BYTES;
    struct head2_secret32 ss = {0};
    size_t ct_len, sig_len;
    enum head2_status st = HEAD2_E_ARG;
    uint8_t *p = NULL;

    *out = NULL;
    if (bundle->n == 0 || made_ms >= MADE_END || head2_key_alg(to) != HEAD2_MLKEM_1024 ||
        by->alg != HEAD2_MLDSA_87)
        goto done;
    p = malloc(signed_len + HEAD2_KEY_MAX_SIG);
    st = HEAD2_E_MEMORY;
    if (p == NULL)
        goto done;
    memcpy(p, magic, sizeof magic);
    put_be16(p + 8, VERSION);
    put_be16(p + 10, 0);
    put_be32(p + 12, bundle->n);
    put_be64(p + 16, made_ms);
    identity(p + 24, 'G', head2_key_public(by->key));
    head2_key_id(to, p + 56);
    HEAD2_TRY(head2_key_encaps(to, p + FALLBACK_EXPORT_HEAD, &ct_len, &ss));
    HEAD2_TRY(transform(true, p + FALLBACK_EXPORT_SEAL, bundle->bytes, bundle->len, &ss, p));
    HEAD2_TRY(by->sign(by->arg, p + signed_len, &sig_len, p, signed_len, context));
    *out = p;
    *len = signed_len + sig_len;
done:
    head2_wipe(&ss, sizeof ss);
    if (*out == NULL)
        free(p);
    return st;
}

/* What can be said without any key. */
static enum head2_status check_form(const uint8_t *in, size_t len, const char **why)
{
    *why = "not a file of exported fallback keys";
    if (len < 12 || memcmp(in, magic, sizeof magic) != 0)
        return HEAD2_E_MALFORMED;
    *why = "written by a newer version";
    if (be16(in + 8) > VERSION)
        return HEAD2_E_UNSUPPORTED;
    *why = "the file is damaged, or a part of it is missing";
    if (be16(in + 8) != VERSION || be16(in + 10) != 0 || len <= FALLBACK_EXPORT_EXTRA ||
        len > FALLBACK_EXPORT_MAX || be32(in + 12) == 0 || be32(in + 12) > FALLBACK_EXPORT_KEYS ||
        be64(in + 16) >= MADE_END)
        return HEAD2_E_MALFORMED;
    return HEAD2_OK;
}

static enum head2_status check_origin(const uint8_t *in, size_t len,
                                      const uint8_t issuer[HEAD2_MLDSA87_PK_BYTES],
                                      const struct head2_key *own, const char **why)
{
    const size_t signed_len = len - HEAD2_MLDSA87_SIG_BYTES;
    uint8_t id[32];

    *why = "the keys of another gateway";
    identity(id, 'G', issuer);
    if (memcmp(in + 24, id, sizeof id) != 0)
        return HEAD2_E_POLICY;
    *why = "the gateway's signature does not hold";
    if (head2_mldsa87_verify(issuer, in, signed_len, (const uint8_t *)context, sizeof context - 1,
                             in + signed_len, HEAD2_MLDSA87_SIG_BYTES) != HEAD2_OK)
        return HEAD2_E_VERIFY;
    *why = "sealed to another node's key";
    head2_key_id(own, id);
    return memcmp(in + 56, id, HEAD2_KEY_ID_BYTES) == 0 ? HEAD2_OK : HEAD2_E_POLICY;
}

static enum head2_status check_keys(const struct fallback_bundle *b,
                                    const uint8_t issuer[HEAD2_MLDSA87_PK_BYTES], const char **why)
{
    struct head2_fallback_key key;
    enum head2_status st = HEAD2_OK;
    size_t at = 0;
    uint32_t n = 0;

    for (; st == HEAD2_OK && fallback_bundle_next(b, &at, &key); n++)
        st = head2_fallback_verify(&key, issuer);
    head2_wipe(&key, sizeof key);
    *why = "the gateway's signature of a key does not hold";
    if (st != HEAD2_OK)
        return st;
    *why = "what is sealed in it are not the keys that it says";
    return at == b->len && n == b->n ? HEAD2_OK : HEAD2_E_MALFORMED;
}

enum head2_status fallback_open(struct fallback_bundle *bundle, const uint8_t *in, size_t len,
                                const uint8_t issuer[HEAD2_MLDSA87_PK_BYTES],
                                const struct head2_key *own, const char **why)
{
    struct head2_secret32 ss = {0};
    enum head2_status st;

    *bundle = (struct fallback_bundle){0};
    HEAD2_TRY(check_form(in, len, why));
    HEAD2_TRY(check_origin(in, len, issuer, own, why));
    *why = "out of memory";
    bundle->n = be32(in + 12);
    bundle->len = bundle->cap = len - FALLBACK_EXPORT_EXTRA;
    bundle->bytes = malloc(bundle->cap);
    st = HEAD2_E_MEMORY;
    if (bundle->bytes == NULL)
        goto done;
    *why = "it cannot be opened with the node's ML-KEM-1024 key";
    HEAD2_TRY(head2_key_decaps(own, &ss, in + FALLBACK_EXPORT_HEAD, HEAD2_MLKEM1024_CT_BYTES));
    HEAD2_TRY(transform(false, bundle->bytes, in + FALLBACK_EXPORT_SEAL, bundle->len, &ss, in));
    st = check_keys(bundle, issuer, why);
done:
    head2_wipe(&ss, sizeof ss);
    if (st != HEAD2_OK)
        fallback_bundle_free(bundle);
    return st;
}
