/* see keys/pbes2.h */
#include "keys/pbes2.h"

#include <head2/random.h>

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#define SALT_BYTES    16
#define IV_BYTES      16
#define MAX_KEY_BYTES 32
#define OID_MAX       11

struct named_oid {
    uint8_t len;
    uint8_t oid[OID_MAX];
    const char *name;
    size_t key_bytes;
};

/* 1.2.840.113549.1.5.13, 1.2.840.113549.1.5.12 and 1.3.6.1.4.1.11591.4.11 */
static const struct named_oid pbes2_oid = {
    9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d},
     "PBES2", 0
};
static const struct named_oid pbkdf2_oid = {
    9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c},
     "PBKDF2", 0
};
static const struct named_oid scrypt_oid = {
    9, {0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b},
     "scrypt", 0
};

/* 2.16.840.1.101.3.4.1.x */
static const struct named_oid ciphers[] = {
    {9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 42}, "AES-256-CBC", 32},
    {9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 22}, "AES-192-CBC", 24},
    {9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 2},  "AES-128-CBC", 16},
};

/* 1.2.840.113549.2.x; the first is what PBKDF2 means when it names none */
static const struct named_oid prfs[] = {
    {8, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 7},  "SHA1",     0},
    {8, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 8},  "SHA2-224", 0},
    {8, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 9},  "SHA2-256", 0},
    {8, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 10}, "SHA2-384", 0},
    {8, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 11}, "SHA2-512", 0},
};

static bool is(const struct der *oid, const struct named_oid *known)
{
    return oid->len == known->len && memcmp(oid->p, known->oid, known->len) == 0;
}

static const struct named_oid *find(const struct der *oid, const struct named_oid *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (is(oid, &table[i]))
            return &table[i];
    }
    return NULL;
}

static enum head2_status because(const char **why, enum head2_status st, const char *phrase)
{
    *why = phrase;
    return st;
}

/* AlgorithmIdentifier in two halves: the identifier and what follows it. */
static enum head2_status take_algorithm(struct der *in, struct der *oid, struct der *parameters)
{
    if (der_take(in, DER_SEQUENCE, parameters) != HEAD2_OK)
        return HEAD2_E_MALFORMED;
    return der_take(parameters, DER_OID, oid);
}

/* RFC 7914, Section 7.1, after the salt. */
static enum head2_status parse_scrypt(struct pbes2 *e, struct der *in, const char **why)
{
    enum head2_status st;
    uint64_t key_bytes;

    e->kdf = PBES2_SCRYPT;
    HEAD2_TRY(der_take_integer(in, &e->n));
    HEAD2_TRY(der_take_integer(in, &e->r));
    HEAD2_TRY(der_take_integer(in, &e->p));
    if (der_peek(in) == DER_INTEGER) {
        HEAD2_TRY(der_take_integer(in, &key_bytes));
        if (key_bytes != e->key_bytes)
            HEAD2_TRY(HEAD2_E_MALFORMED);
    }
    HEAD2_TRY(der_end(in));
    if (e->n < 2 || (e->n & (e->n - 1)) != 0 || e->r == 0 || e->p == 0)
        HEAD2_TRY(HEAD2_E_MALFORMED);
    if (e->n > PBES2_MAX_MEMORY / 128 || e->r > PBES2_MAX_MEMORY / 128 / e->n ||
        e->p > PBES2_MAX_SCRYPT_P)
        return because(why, HEAD2_E_LIMIT, "the key asks for more scrypt work than is allowed");

done:
    return st;
}

/* RFC 8018, Appendix A.2, after the salt. */
static enum head2_status parse_pbkdf2(struct pbes2 *e, struct der *in, const char **why)
{
    enum head2_status st;
    uint64_t key_bytes;
    struct der oid, parameters, nothing;

    e->kdf = PBES2_PBKDF2;
    e->prf = prfs[0].name;
    HEAD2_TRY(der_take_integer(in, &e->iterations));
    if (der_peek(in) == DER_INTEGER) {
        HEAD2_TRY(der_take_integer(in, &key_bytes));
        if (key_bytes != e->key_bytes)
            HEAD2_TRY(HEAD2_E_MALFORMED);
    }
    if (der_peek(in) == DER_SEQUENCE) {
        HEAD2_TRY(take_algorithm(in, &oid, &parameters));
        const struct named_oid *prf = find(&oid, prfs, HEAD2_LEN(prfs));
        if (prf == NULL)
            return because(why, HEAD2_E_UNSUPPORTED, "the key uses PBKDF2 with an unknown digest");
        if (parameters.len != 0) /* NULL, which some leave out */
            HEAD2_TRY(der_take(&parameters, DER_NULL, &nothing));
        HEAD2_TRY(der_end(&parameters));
        e->prf = prf->name;
    }
    HEAD2_TRY(der_end(in));
    if (e->iterations == 0)
        HEAD2_TRY(HEAD2_E_MALFORMED);
    if (e->iterations > PBES2_MAX_ITERATIONS)
        return because(why, HEAD2_E_LIMIT, "the key asks for more PBKDF2 work than is allowed");

done:
    return st;
}

static enum head2_status parse_cipher(struct pbes2 *e, struct der *in, const char **why)
{
    struct der oid, parameters;

    if (take_algorithm(in, &oid, &parameters) != HEAD2_OK)
        return HEAD2_E_MALFORMED;
    const struct named_oid *cipher = find(&oid, ciphers, HEAD2_LEN(ciphers));
    if (cipher == NULL)
        return because(why, HEAD2_E_UNSUPPORTED, "the key is encrypted with a cipher unknown here");
    e->cipher = cipher->name;
    e->key_bytes = cipher->key_bytes;
    if (der_take(&parameters, DER_OCTET_STRING, &e->iv) != HEAD2_OK || e->iv.len != IV_BYTES)
        return HEAD2_E_MALFORMED;
    return der_end(&parameters);
}

/* PBES2-params: the key derivation function, then the cipher. */
static enum head2_status parse_parameters(struct pbes2 *e, struct der *in, const char **why)
{
    enum head2_status st;
    struct der params, kdf_oid, kdf, kdf_params;

    HEAD2_TRY(der_take(in, DER_SEQUENCE, &params));
    HEAD2_TRY(der_end(in));
    HEAD2_TRY(take_algorithm(&params, &kdf_oid, &kdf));
    HEAD2_TRY(parse_cipher(e, &params, why)); /* first: it says how long the key is */
    HEAD2_TRY(der_end(&params));
    if (!is(&kdf_oid, &scrypt_oid) && !is(&kdf_oid, &pbkdf2_oid))
        return because(why, HEAD2_E_UNSUPPORTED,
                       "the key's passphrase is derived in a way unknown here");
    HEAD2_TRY(der_take(&kdf, DER_SEQUENCE, &kdf_params));
    HEAD2_TRY(der_end(&kdf));
    HEAD2_TRY(der_take(&kdf_params, DER_OCTET_STRING, &e->salt));
    if (is(&kdf_oid, &scrypt_oid))
        HEAD2_TRY(parse_scrypt(e, &kdf_params, why));
    else
        HEAD2_TRY(parse_pbkdf2(e, &kdf_params, why));

done:
    return st;
}

enum head2_status pbes2_parse(struct pbes2 *e, const uint8_t *der, size_t len, const char **why)
{
    struct der in = {der, len}, outer, oid, parameters;
    enum head2_status st;

    *e = (struct pbes2){0};
    *why = "the encrypted private key is not valid DER";
    HEAD2_TRY(der_take(&in, DER_SEQUENCE, &outer));
    HEAD2_TRY(der_end(&in));
    HEAD2_TRY(take_algorithm(&outer, &oid, &parameters));
    if (!is(&oid, &pbes2_oid))
        return because(why, HEAD2_E_UNSUPPORTED, "the key is encrypted, but not with PBES2");
    HEAD2_TRY(parse_parameters(e, &parameters, why));
    HEAD2_TRY(der_take(&outer, DER_OCTET_STRING, &e->ciphertext));
    HEAD2_TRY(der_end(&outer));
    if (e->ciphertext.len == 0 || e->ciphertext.len % IV_BYTES != 0)
        HEAD2_TRY(HEAD2_E_MALFORMED);

done:
    return st;
}

static enum head2_status derive(uint8_t key[MAX_KEY_BYTES], const struct pbes2 *e,
                                const struct passphrase *pass)
{
    int ok = 0;

    if (e->kdf == PBES2_SCRYPT) {
        /* libcrypto counts a little more than 128 N r */
        ok = EVP_PBE_scrypt(pass->text, pass->len, e->salt.p, e->salt.len, e->n, e->r, e->p,
                            PBES2_MAX_MEMORY + (1U << 20), key, e->key_bytes);
    } else {
        EVP_MD *md = EVP_MD_fetch(NULL, e->prf, NULL);
        if (md != NULL && e->salt.len <= INT_MAX)
            ok = PKCS5_PBKDF2_HMAC(pass->text, (int)pass->len, e->salt.p, (int)e->salt.len,
                                   (int)e->iterations, md, (int)e->key_bytes, key);
        EVP_MD_free(md);
    }
    return ok == 1 ? HEAD2_OK : HEAD2_E_CRYPTO;
}

/* CBC with PKCS#7 padding, either way. HEAD2_E_VERIFY when the padding is wrong. */
static enum head2_status cbc(uint8_t *out, size_t *out_len, const struct pbes2 *e,
                             const uint8_t *key, const struct der *in, int encrypt)
{
    enum head2_status st = HEAD2_E_CRYPTO;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, e->cipher, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0, last = 0;

    if (cipher != NULL && ctx != NULL && in->len <= HEAD2_KEY_MAX_FILE &&
        EVP_CipherInit_ex2(ctx, cipher, key, e->iv.p, encrypt, NULL) == 1 &&
        EVP_CipherUpdate(ctx, out, &n, in->p, (int)in->len) == 1)
        st = EVP_CipherFinal_ex(ctx, out + n, &last) == 1 ? HEAD2_OK : HEAD2_E_VERIFY;
    *out_len = (size_t)n + (size_t)last;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    ERR_clear_error(); /* nobody else looks at libcrypto's queue */
    return st;
}

enum head2_status pbes2_decrypt(uint8_t *plain, size_t *plain_len, const struct pbes2 *e,
                                const struct passphrase *pass)
{
    enum head2_status st;
    uint8_t key[MAX_KEY_BYTES];

    *plain_len = 0;
    HEAD2_TRY(derive(key, e, pass));
    HEAD2_TRY(cbc(plain, plain_len, e, key, &e->ciphertext, 0));
    /* One wrong passphrase in 256 leaves a good padding, hardly any a SEQUENCE of that length. */
    if (!der_is_sequence(plain, *plain_len))
        HEAD2_TRY(HEAD2_E_VERIFY);

done:
    head2_wipe(key, sizeof key);
    if (st != HEAD2_OK) {
        head2_wipe(plain, e->ciphertext.len);
        *plain_len = 0;
    }
    return st == HEAD2_E_VERIFY ? HEAD2_E_PASSPHRASE : st;
}

/* The encoding around a ciphertext. */
static size_t encode(uint8_t *out, const struct pbes2 *e, const struct named_oid *cipher)
{
    struct der_writer w;

    der_begin(&w, out, PBES2_MAX_BYTES);
    const size_t end = der_mark(&w);
    der_put_element(&w, DER_OCTET_STRING, e->ciphertext.p, e->ciphertext.len);
    const size_t algorithm = der_mark(&w);
    der_put_element(&w, DER_OCTET_STRING, e->iv.p, e->iv.len);
    der_put_element(&w, DER_OID, cipher->oid, cipher->len);
    der_wrap(&w, DER_SEQUENCE, algorithm);
    const size_t kdf = der_mark(&w);
    der_put_integer(&w, e->p);
    der_put_integer(&w, e->r);
    der_put_integer(&w, e->n);
    der_put_element(&w, DER_OCTET_STRING, e->salt.p, e->salt.len);
    der_wrap(&w, DER_SEQUENCE, kdf);
    der_put_element(&w, DER_OID, scrypt_oid.oid, scrypt_oid.len);
    der_wrap(&w, DER_SEQUENCE, kdf);
    der_wrap(&w, DER_SEQUENCE, algorithm);
    der_put_element(&w, DER_OID, pbes2_oid.oid, pbes2_oid.len);
    der_wrap(&w, DER_SEQUENCE, algorithm);
    der_wrap(&w, DER_SEQUENCE, end);
    return der_finish(&w);
}

enum head2_status pbes2_encrypt(uint8_t *out, size_t *len, const uint8_t *plain, size_t plain_len,
                                const struct passphrase *pass)
{
    enum head2_status st;
    uint8_t salt[SALT_BYTES], iv[IV_BYTES], key[MAX_KEY_BYTES];
    uint8_t ciphertext[PKCS8_MAX_BYTES + IV_BYTES];
    const struct der in = {plain, plain_len};
    struct pbes2 e = {
        .kdf = PBES2_SCRYPT,
        .n = PBES2_SCRYPT_N,
        .r = PBES2_SCRYPT_R,
        .p = PBES2_SCRYPT_P,
        .cipher = ciphers[0].name,
        .key_bytes = ciphers[0].key_bytes,
        .salt = {salt,       sizeof salt},
        .iv = {iv,         sizeof iv  },
        .ciphertext = {ciphertext, 0          },
    };

    HEAD2_REQUIRES(plain_len <= PKCS8_MAX_BYTES);
    *len = 0;
    HEAD2_TRY(head2_random(salt, sizeof salt));
    HEAD2_TRY(head2_random(iv, sizeof iv));
    HEAD2_TRY(derive(key, &e, pass));
    HEAD2_TRY(cbc(ciphertext, &e.ciphertext.len, &e, key, &in, 1));
    *len = encode(out, &e, &ciphers[0]);

done:
    head2_wipe(key, sizeof key);
    return st == HEAD2_E_VERIFY ? HEAD2_E_CRYPTO : st;
}
