/* see keys/spki.h */
#include "keys/spki.h"

#include "keys/key.h"

/* Set *why and pass the status on. */
static enum head2_status because(const char **why, enum head2_status st, const char *phrase)
{
    *why = phrase;
    return st;
}

enum key_kind key_kind_of_der(const uint8_t *der, size_t len)
{
    struct der in = {der, len}, outer, first;

    if (der_take(&in, DER_SEQUENCE, &outer) != HEAD2_OK || in.len != 0)
        return KEY_UNKNOWN;
    if (der_peek(&outer) == DER_INTEGER)
        return KEY_PRIVATE;
    if (der_take(&outer, DER_SEQUENCE, &first) != HEAD2_OK)
        return KEY_UNKNOWN;
    if (der_peek(&outer) == DER_BIT_STRING)
        return KEY_PUBLIC;
    return der_peek(&outer) == DER_OCTET_STRING ? KEY_ENCRYPTED : KEY_UNKNOWN;
}

static void put_algorithm(struct der_writer *w, const struct alg *alg)
{
    const size_t mark = der_mark(w);
    der_put_element(w, DER_OID, alg->oid, ALG_OID_BYTES);
    der_wrap(w, DER_SEQUENCE, mark);
}

/* AlgorithmIdentifier: the parameters must be absent (RFC 9881 and RFC 9935, Section 3). */
static enum head2_status take_algorithm(struct der *in, const struct alg **alg, const char **why)
{
    struct der id, oid;

    if (der_take(in, DER_SEQUENCE, &id) != HEAD2_OK || der_take(&id, DER_OID, &oid) != HEAD2_OK)
        return because(why, HEAD2_E_MALFORMED, "the algorithm identifier is not valid DER");
    *alg = alg_by_oid(oid.p, oid.len);
    if (*alg == NULL)
        return because(why, HEAD2_E_UNSUPPORTED,
                       "the key is of another algorithm than ML-DSA and ML-KEM");
    if (id.len != 0)
        return because(why, HEAD2_E_MALFORMED, "the algorithm has parameters and may have none");
    return HEAD2_OK;
}

size_t spki_encode(uint8_t *out, const struct alg *alg, const uint8_t *pub)
{
    struct der_writer w;

    der_begin(&w, out, SPKI_MAX_BYTES);
    const size_t end = der_mark(&w);
    der_put(&w, pub, alg->public_bytes);
    der_put_byte(&w, 0); /* no unused bits */
    der_wrap(&w, DER_BIT_STRING, end);
    put_algorithm(&w, alg);
    der_wrap(&w, DER_SEQUENCE, end);
    return der_finish(&w);
}

enum head2_status spki_decode(struct head2_key **out, const uint8_t *der, size_t len,
                              const char **why)
{
    struct der in = {der, len}, outer, bits;
    const struct alg *alg;
    enum head2_status st;

    *out = NULL;
    if (der_take(&in, DER_SEQUENCE, &outer) != HEAD2_OK || der_end(&in) != HEAD2_OK)
        return because(why, HEAD2_E_MALFORMED, "the public key is cut short, or more follows it");
    HEAD2_TRY(take_algorithm(&outer, &alg, why));
    if (der_take(&outer, DER_BIT_STRING, &bits) != HEAD2_OK || der_end(&outer) != HEAD2_OK)
        return because(why, HEAD2_E_MALFORMED, "the public key has no valid BIT STRING");
    if (bits.len != alg->public_bytes + 1 || bits.p[0] != 0)
        return because(why, HEAD2_E_MALFORMED,
                       "the public key has not the length of its parameter set");
    st = head2_key_from_public(out, alg->id, bits.p + 1, bits.len - 1);
    if (st == HEAD2_E_MALFORMED)
        *why = "the public key has a coefficient out of range";

done:
    return st;
}

size_t pkcs8_encode(uint8_t *out, const struct head2_key *key, enum head2_private_form form)
{
    const struct alg *const alg = key->alg;
    struct der_writer w;

    der_begin(&w, out, PKCS8_MAX_BYTES);
    const size_t end = der_mark(&w);
    if (form == HEAD2_PRIVATE_SEED) {
        der_put_element(&w, DER_CONTEXT(0), key->secret->seed, alg->seed_bytes);
    } else {
        der_put_element(&w, DER_OCTET_STRING, key->secret->priv, alg->private_bytes);
        if (form == HEAD2_PRIVATE_BOTH) {
            der_put_element(&w, DER_OCTET_STRING, key->secret->seed, alg->seed_bytes);
            der_wrap(&w, DER_SEQUENCE, end);
        }
    }
    der_wrap(&w, DER_OCTET_STRING, end);
    put_algorithm(&w, alg);
    der_put_integer(&w, 0);
    der_wrap(&w, DER_SEQUENCE, end);
    return der_finish(&w);
}

static enum head2_status from_both(struct head2_key **out, const struct alg *alg, struct der both,
                                   const char **why)
{
    struct der seed, expanded;

    if (der_take(&both, DER_OCTET_STRING, &seed) != HEAD2_OK ||
        der_take(&both, DER_OCTET_STRING, &expanded) != HEAD2_OK || der_end(&both) != HEAD2_OK ||
        seed.len != alg->seed_bytes || expanded.len != alg->private_bytes)
        return because(why, HEAD2_E_MALFORMED,
                       "the private key is not a seed and an expanded key of its parameter set");
    enum head2_status st = head2_key_from_seed(out, alg->id, seed.p, seed.len);
    if (st != HEAD2_OK)
        return st;
    if (head2_equal((*out)->secret->priv, expanded.p, expanded.len) != HEAD2_OK) {
        head2_key_free(*out);
        *out = NULL;
        return because(why, HEAD2_E_MALFORMED,
                       "the seed and the expanded private key do not belong together");
    }
    return HEAD2_OK;
}

/* The CHOICE of RFC 9881, Section 6, and RFC 9935, Section 6. */
static enum head2_status take_choice(struct head2_key **out, const struct alg *alg, struct der in,
                                     const char **why)
{
    const uint8_t tag = der_peek(&in);
    struct der value;
    enum head2_status st;

    if (tag != DER_CONTEXT(0) && tag != DER_OCTET_STRING && tag != DER_SEQUENCE)
        return because(why, HEAD2_E_MALFORMED,
                       "the private key is none of the forms seed, expanded and both");
    if (der_take(&in, tag, &value) != HEAD2_OK || der_end(&in) != HEAD2_OK)
        return because(why, HEAD2_E_MALFORMED, "the private key is not valid DER");
    if (tag == DER_SEQUENCE)
        return from_both(out, alg, value, why);
    const size_t expected = tag == DER_OCTET_STRING ? alg->private_bytes : alg->seed_bytes;
    if (value.len != expected)
        return because(why, HEAD2_E_MALFORMED,
                       "the private key has not the length of its parameter set");
    if (tag == DER_CONTEXT(0))
        return head2_key_from_seed(out, alg->id, value.p, value.len);
    st = head2_key_from_private(out, alg->id, value.p, value.len);
    if (st == HEAD2_E_MALFORMED)
        *why = "the parts of the expanded private key do not fit each other";
    return st;
}

/* What may follow privateKey: attributes, which are passed over, and in version 1 publicKey. */
static enum head2_status take_rest(struct der *in, uint64_t version, struct der *pub,
                                   const char **why)
{
    struct der attributes;

    *pub = (struct der){NULL, 0};
    if (der_peek(in) == DER_SET_OF(0) && der_take(in, DER_SET_OF(0), &attributes) != HEAD2_OK)
        return because(why, HEAD2_E_MALFORMED, "the attributes are not valid DER");
    if (version == 1 && der_peek(in) == DER_CONTEXT(1) &&
        der_take(in, DER_CONTEXT(1), pub) != HEAD2_OK)
        return because(why, HEAD2_E_MALFORMED, "the public key beside it is not valid DER");
    if (der_end(in) != HEAD2_OK)
        return because(why, HEAD2_E_MALFORMED, "something unknown follows the private key");
    return HEAD2_OK;
}

enum head2_status pkcs8_decode(struct head2_key **out, const uint8_t *der, size_t len,
                               const char **why)
{
    struct der in = {der, len}, outer, choice, pub;
    const struct alg *alg;
    uint64_t version;
    enum head2_status st;

    *out = NULL;
    if (der_take(&in, DER_SEQUENCE, &outer) != HEAD2_OK || der_end(&in) != HEAD2_OK)
        return because(why, HEAD2_E_MALFORMED, "the private key is cut short, or more follows it");
    if (der_take_integer(&outer, &version) != HEAD2_OK || version > 1)
        return because(why, HEAD2_E_MALFORMED, "the private key has no version that is known");
    HEAD2_TRY(take_algorithm(&outer, &alg, why));
    if (der_take(&outer, DER_OCTET_STRING, &choice) != HEAD2_OK)
        return because(why, HEAD2_E_MALFORMED, "the private key has no valid OCTET STRING");
    HEAD2_TRY(take_rest(&outer, version, &pub, why));
    HEAD2_TRY(take_choice(out, alg, choice, why));
    if (pub.p != NULL && (pub.len != alg->public_bytes + 1 || pub.p[0] != 0 ||
                          memcmp(pub.p + 1, (*out)->pub, alg->public_bytes) != 0)) {
        head2_key_free(*out);
        *out = NULL;
        return because(why, HEAD2_E_MALFORMED,
                       "the public and the private key do not belong together");
    }

done:
    return st;
}
