/*
 * ACVP SHA3-256, SHA3-512, SHAKE-128, SHAKE-256 (whole bytes: AFT, VOT and the Monte Carlo test of
 * SHA-3) and AES-GCM with 96-bit nonces and 128-bit tags.
 */
#include "cli/acvp.h"

#include <head2/aead.h>
#include <head2/hash.h>

#define OUT_MAX 65536

static bool is_type(const struct acvp_case *c, const char *type)
{
    const char *have = acvp_text(c, "testType");
    return have != NULL && strcmp(have, type) == 0;
}

/* The message; its length in bits must be whole bytes. */
static enum head2_status read_message(struct acvp_case *c, struct acvp_bytes *m)
{
    enum head2_status st = acvp_hex(c, "msg", 0, false, m);
    const json_int_t bits = acvp_int(c, "len", (json_int_t)(8 * m->len));

    if (st != HEAD2_OK)
        return st;
    if (bits < 0 || bits % 8 != 0)
        return acvp_bad(c, HEAD2_E_UNSUPPORTED, "messages are whole bytes here");
    if ((size_t)bits / 8 > m->len)
        return acvp_bad(c, HEAD2_E_MALFORMED, "'msg' is shorter than 'len'");
    m->len = (size_t)bits / 8;
    return HEAD2_OK;
}

static void sha3(uint8_t *digest, size_t len, const uint8_t *in, size_t in_len)
{
    if (len == HEAD2_SHA3_256_BYTES)
        head2_sha3_256(digest, in, in_len);
    else
        head2_sha3_512(digest, in, in_len);
}

/* ACVP SHA-3 specification, section 6.2: 100 times 1,000 digests, each of the one before. */
static enum head2_status monte_carlo(struct acvp_case *c, size_t len, struct acvp_bytes *seed)
{
    const char *version = acvp_text(c, "mctVersion");
    json_t *results = json_array(), *kept = c->out;
    uint8_t md[64];
    enum head2_status st = HEAD2_OK;

    if (version != NULL && strcmp(version, "standard") != 0)
        st = acvp_bad(c, HEAD2_E_UNSUPPORTED, "mctVersion '%s' is not known", version);
    if (results == NULL)
        st = HEAD2_E_MEMORY;
    for (int j = 0; st == HEAD2_OK && j < 100; j++) {
        for (int i = 0; i < 1000; i++)
            sha3(md, len, i + j == 0 ? seed->p : md, i + j == 0 ? seed->len : len);
        c->out = json_object();
        st = acvp_put_hex(c, "md", md, len);
        if (json_array_append_new(results, c->out) != 0)
            st = HEAD2_E_MEMORY;
    }
    c->out = kept;
    if (json_object_set_new(c->out, "resultsArray", results) != 0)
        st = HEAD2_E_MEMORY;
    return st;
}

enum head2_status acvp_sha3(struct acvp_case *c)
{
    const size_t len = strcmp(c->algorithm, "SHA3-256") == 0 ? 32 : 64;
    struct acvp_bytes m;
    uint8_t md[64];

    enum head2_status st = read_message(c, &m);
    if (st != HEAD2_OK)
        return st;
    if (is_type(c, "MCT"))
        return monte_carlo(c, len, &m);
    if (!is_type(c, "AFT"))
        return acvp_bad(c, HEAD2_E_UNSUPPORTED, "only the test types AFT and MCT are known");
    sha3(md, len, m.p, m.len);
    return acvp_put_hex(c, "md", md, len);
}

enum head2_status acvp_shake(struct acvp_case *c)
{
    const bool is_128 = strcmp(c->algorithm, "SHAKE-128") == 0;
    const json_int_t bits = acvp_int(c, "outLen", is_128 ? 128 : 256);
    struct acvp_bytes m;

    enum head2_status st = read_message(c, &m);
    if (st != HEAD2_OK)
        return st;
    if (!is_type(c, "AFT") && !is_type(c, "VOT"))
        return acvp_bad(c, HEAD2_E_UNSUPPORTED, "only the test types AFT and VOT are known");
    if (bits <= 0 || bits % 8 != 0 || bits / 8 > OUT_MAX)
        return acvp_bad(c, HEAD2_E_UNSUPPORTED, "outLen is whole bytes, at most 65,536");
    const size_t len = (size_t)bits / 8;
    uint8_t *md = acvp_room(c, len);
    if (md == NULL)
        return HEAD2_E_MEMORY;
    (is_128 ? head2_shake128 : head2_shake256)(md, len, m.p, m.len);
    st = acvp_put_hex(c, "md", md, len);
    if (st == HEAD2_OK && is_type(c, "VOT"))
        st = json_object_set_new(c->out, "outLen", json_integer(bits)) ? HEAD2_E_MEMORY : HEAD2_OK;
    return st;
}

static enum head2_status seal(struct acvp_case *c, struct head2_aead *aead, const uint8_t *nonce,
                              const struct acvp_bytes *aad)
{
    struct acvp_bytes pt;
    enum head2_status st = HEAD2_OK;

    HEAD2_TRY(acvp_hex(c, "pt", 0, true, &pt));
    uint8_t *out = acvp_room(c, pt.len + HEAD2_AEAD_TAG_BYTES);
    if (out == NULL)
        return HEAD2_E_MEMORY;
    HEAD2_TRY(head2_aead_seal(aead, out, nonce, aad->p, aad->len, pt.p, pt.len));
    HEAD2_TRY(acvp_put_hex(c, "ct", out, pt.len));
    HEAD2_TRY(acvp_put_hex(c, "tag", out + pt.len, HEAD2_AEAD_TAG_BYTES));

done:
    return st;
}

static enum head2_status unseal(struct acvp_case *c, struct head2_aead *aead, const uint8_t *nonce,
                                const struct acvp_bytes *aad)
{
    struct acvp_bytes ct, tag;
    enum head2_status st = HEAD2_OK;

    HEAD2_TRY(acvp_hex(c, "ct", 0, true, &ct));
    HEAD2_TRY(acvp_hex(c, "tag", HEAD2_AEAD_TAG_BYTES, false, &tag));
    uint8_t *in = acvp_room(c, ct.len + tag.len);
    if (in == NULL)
        return HEAD2_E_MEMORY;
    memcpy(in, ct.p, ct.len);
    memcpy(in + ct.len, tag.p, tag.len);
    st = head2_aead_open(aead, in, nonce, aad->p, aad->len, in, ct.len + tag.len);
    if (st == HEAD2_E_VERIFY)
        return acvp_put_bool(c, "testPassed", false);
    if (st == HEAD2_OK)
        st = acvp_put_hex(c, "pt", in, ct.len);

done:
    return st;
}

enum head2_status acvp_aes_gcm(struct acvp_case *c)
{
    const char *direction = acvp_text(c, "direction");
    struct acvp_bytes key, iv, aad;
    struct head2_aead *aead = NULL;
    enum head2_status st = HEAD2_OK;

    if (acvp_int(c, "ivLen", 96) != 96 || acvp_int(c, "tagLen", 128) != 128)
        return acvp_bad(c, HEAD2_E_UNSUPPORTED, "nonces have 96 bits and tags 128 here");
    if (direction == NULL)
        return acvp_bad(c, HEAD2_E_MALFORMED, "it has no 'direction'");
    HEAD2_TRY(acvp_hex(c, "key", 0, false, &key));
    HEAD2_TRY(acvp_hex(c, "iv", HEAD2_AEAD_NONCE_BYTES, false, &iv));
    HEAD2_TRY(acvp_hex(c, "aad", 0, true, &aad));
    if (key.len != 16 && key.len != 32)
        return acvp_bad(c, HEAD2_E_UNSUPPORTED, "keys have 128 or 256 bits here");
    HEAD2_TRY(head2_aead_new(&aead));
    HEAD2_TRY(head2_aead_set_key(aead, key.p, key.len));
    st =
        strcmp(direction, "encrypt") == 0 ? seal(c, aead, iv.p, &aad) : unseal(c, aead, iv.p, &aad);

done:
    head2_aead_free(aead);
    return st;
}
