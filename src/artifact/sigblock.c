/*
 * What a block says and how it is judged; its text form is in sigblock_text.c.
 */
#include "artifact/sigblock.h"

#include "artifact/mu.h"

void sigblock_hash_init(struct sigblock_hasher *h, enum sigblock_hash hash)
{
    h->hash = hash;
    h->runner = NULL;
    if (hash == SIGBLOCK_BLAKE3)
        head2_blake3_init(&h->u.blake3);
    else
        head2_sha3_512_init(&h->u.sha3);
}

void sigblock_hash_update(struct sigblock_hasher *h, const void *in, size_t len)
{
    if (h->hash == SIGBLOCK_BLAKE3)
        head2_blake3_update(&h->u.blake3, in, len);
    else
        head2_sha3_update(&h->u.sha3, in, len);
}

void sigblock_hash_final(struct sigblock_hasher *h, uint8_t digest[64])
{
    memset(digest, 0, 64);
    if (h->hash == SIGBLOCK_BLAKE3)
        head2_blake3_final(&h->u.blake3, digest, HEAD2_BLAKE3_BYTES, 0);
    else
        head2_sha3_final(&h->u.sha3, digest);
}

size_t sigblock_digest_bytes(enum sigblock_hash hash)
{
    return hash == SIGBLOCK_BLAKE3 ? HEAD2_BLAKE3_BYTES : HEAD2_SHA3_512_BYTES;
}

bool sigblock_signer_ok(const char *name)
{
    const size_t len = strlen(name);
    size_t bad;

    if (len == 0 || len > SIGBLOCK_TEXT_MAX || name[0] == ' ' || name[len - 1] == ' ')
        return false;
    for (const char *p = name; *p != 0; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '"' || *p == '\\')
            return false;
    return mu_check_utf8((const uint8_t *)name, len, &bad) == HEAD2_OK;
}

bool sigblock_media_type_ok(const char *type)
{
    const char *slash = strchr(type, '/');

    if (slash == NULL || slash == type || slash[1] == 0 || strlen(type) > SIGBLOCK_TEXT_MAX)
        return false;
    for (const char *p = type; *p != 0; p++)
        if (*p < 0x20 || *p > 0x7e || *p == '"' || *p == '\\')
            return false;
    return type[0] != ' ' && type[strlen(type) - 1] != ' ';
}

/* u8 length and bytes */
static uint8_t *put_lp(uint8_t *p, const char *text)
{
    const size_t len = strlen(text);

    HEAD2_REQUIRES(len <= SIGBLOCK_TEXT_MAX);
    *p++ = (uint8_t)len;
    memcpy(p, text, len);
    return p + len;
}

static uint8_t set_number(enum head2_alg alg)
{
    return alg == HEAD2_MLDSA_44 ? 44 : alg == HEAD2_MLDSA_65 ? 65 : 87;
}

size_t sigblock_message(const struct sigblock *b, uint8_t out[SIGBLOCK_MESSAGE_MAX])
{
    const size_t digest_bytes = sigblock_digest_bytes(b->hash);
    uint8_t *p = out;

    HEAD2_REQUIRES(head2_alg_is_signature(b->alg));
    *p++ = 1;
    *p++ = set_number(b->alg);
    *p++ = (uint8_t)b->hash;
    memcpy(p, b->digest, digest_bytes);
    p += digest_bytes;
    put_be64(p, b->time_ms);
    p = put_lp(p + 8, b->signer);
    memcpy(p, b->key_id, HEAD2_KEY_ID_BYTES);
    p = put_lp(p + HEAD2_KEY_ID_BYTES, b->media_type);
    *p++ = b->has_proof ? 1 : 0;
    if (b->has_proof) {
        memcpy(p, b->proof_hash, sizeof b->proof_hash);
        p += sizeof b->proof_hash;
    }
    HEAD2_ENSURES((size_t)(p - out) <= SIGBLOCK_MESSAGE_MAX);
    return (size_t)(p - out);
}

enum head2_status sigblock_sign(struct sigblock *const *blocks, size_t n,
                                const struct artifact_signer *s)
{
    uint8_t message[SIGBLOCK_BATCH][SIGBLOCK_MESSAGE_MAX] = {{0}};
    struct head2_key_sign_job jobs[SIGBLOCK_BATCH];

    if (!head2_alg_is_signature(s->alg) || n > SIGBLOCK_BATCH)
        return HEAD2_E_ARG;
    for (size_t i = 0; i < n; i++) {
        struct sigblock *const b = blocks[i];
        if (b->time_ms > UTC_MAX || !sigblock_signer_ok(b->signer) ||
            !sigblock_media_type_ok(b->media_type))
            return HEAD2_E_ARG;
        b->alg = s->alg;
        memcpy(b->key_id, s->key_id, sizeof b->key_id);
        jobs[i] =
            (struct head2_key_sign_job){message[i], sigblock_message(b, message[i]), b->sig, 0};
    }
    const enum head2_status st = s->sign_batch(s->arg, jobs, n, SIGBLOCK_CONTEXT);
    for (size_t i = 0; i < n; i++)
        blocks[i]->sig_len = jobs[i].sig_len;
    return st;
}

const char *verdict_text(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_VALID:
        return "valid";
    case VERDICT_MALFORMED:
        return "the signature block is malformed";
    case VERDICT_HASH:
        return "the hash differs: the file is not what was signed";
    case VERDICT_SIGNER:
        return "unknown signer: no trusted key has this name and key id";
    case VERDICT_SIGNATURE:
        return "the signature does not hold";
    case VERDICT_REVOKED:
        return "the key is revoked";
    case VERDICT_NOT_YET:
        return "the key is not valid yet";
    case VERDICT_EXPIRED:
        return "the key's validity has ended";
    case VERDICT_FUTURE:
        return "the timestamp lies in the future";
    }
    return "unknown verdict";
}

enum verdict sigblock_check(const struct sigblock *b, const uint8_t digest[64],
                            const struct head2_key *key, uint64_t now_ms)
{
    uint8_t message[SIGBLOCK_MESSAGE_MAX], id[HEAD2_KEY_ID_BYTES];

    if (memcmp(digest, b->digest, sigblock_digest_bytes(b->hash)) != 0)
        return VERDICT_HASH;
    head2_key_id(key, id);
    if (head2_key_alg(key) != b->alg || memcmp(id, b->key_id, sizeof id) != 0)
        return VERDICT_SIGNER;
    const size_t len = sigblock_message(b, message);
    if (head2_key_verify(key, message, len, SIGBLOCK_CONTEXT, strlen(SIGBLOCK_CONTEXT), b->sig,
                         b->sig_len) != HEAD2_OK)
        return VERDICT_SIGNATURE;
    return b->time_ms > now_ms + SIGBLOCK_CLOCK_SKEW_MS ? VERDICT_FUTURE : VERDICT_VALID;
}
