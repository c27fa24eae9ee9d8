/*
 * One deviation at a time: each key here is good in all but one respect, and is refused for it.
 * What is not checked exactly once lets two files stand for one key.
 */
#include "check.h"

#include "keys/key.h"
#include "keys/pbes2.h"

#include <openssl/pkcs12.h>
#include <openssl/x509.h>

static struct head2_key *key;
static uint8_t file[HEAD2_KEY_MAX_FILE];

/* The pieces of both containers; a test changes one before build. */
static struct parts {
    uint8_t algorithm[32]; /* contents of the AlgorithmIdentifier */
    size_t algorithm_len;
    uint8_t version[4]; /* contents of the INTEGER */
    size_t version_len;
    uint8_t unused_bits;
    size_t trailing; /* zero bytes after the seed, inside its OCTET STRING */
    bool attached;   /* with the public key */
    uint8_t attached_change;
} parts;

static void usual_parts(void)
{
    const struct parts usual = {.version_len = 1, .algorithm_len = 2 + ALG_OID_BYTES};
    parts = usual;
    parts.algorithm[0] = DER_OID;
    parts.algorithm[1] = ALG_OID_BYTES;
    memcpy(parts.algorithm + 2, key->alg->oid, ALG_OID_BYTES);
}

static size_t build_public(void)
{
    struct der_writer w;
    der_begin(&w, file, sizeof file);
    const size_t end = der_mark(&w);
    der_put(&w, key->pub, key->alg->public_bytes);
    der_put_byte(&w, parts.unused_bits);
    der_wrap(&w, DER_BIT_STRING, end);
    der_put_element(&w, DER_SEQUENCE, parts.algorithm, parts.algorithm_len);
    der_wrap(&w, DER_SEQUENCE, end);
    return der_finish(&w);
}

static size_t build_private(void)
{
    static const uint8_t zeros[8];
    struct der_writer w;
    der_begin(&w, file, sizeof file);
    const size_t end = der_mark(&w);
    if (parts.attached) {
        der_put(&w, key->pub, key->alg->public_bytes);
        w.buf[w.at] ^= parts.attached_change;
        der_put_byte(&w, parts.unused_bits);
        der_wrap(&w, DER_CONTEXT(1), end);
    }
    const size_t choice = der_mark(&w);
    der_put(&w, zeros, parts.trailing);
    der_put_element(&w, DER_CONTEXT(0), key->secret->seed, key->alg->seed_bytes);
    der_wrap(&w, DER_OCTET_STRING, choice);
    der_put_element(&w, DER_SEQUENCE, parts.algorithm, parts.algorithm_len);
    der_put_element(&w, DER_INTEGER, parts.version, parts.version_len);
    der_wrap(&w, DER_SEQUENCE, end);
    return der_finish(&w);
}

static enum head2_status read_file(size_t len)
{
    struct head2_key *out;
    enum head2_status st = head2_key_read(&out, file, len, NULL, NULL, NULL);
    CHECK((st == HEAD2_OK) == (out != NULL));
    head2_key_free(out);
    return st;
}

static void begin(void)
{
    CHECK_EQ(head2_key_generate(&key, HEAD2_MLDSA_44), HEAD2_OK);
    usual_parts();
    CHECK_EQ(read_file(build_public()), HEAD2_OK);
    CHECK_EQ(read_file(build_private()), HEAD2_OK);
    parts.attached = true;
    parts.version[0] = 1;
    CHECK_EQ(read_file(build_private()), HEAD2_OK);
}

static void algorithm_parameters(void)
{
    usual_parts();
    memcpy(parts.algorithm + parts.algorithm_len, "\x05\x00", 2); /* NULL, as RSA has it */
    parts.algorithm_len += 2;
    CHECK_EQ(read_file(build_public()), HEAD2_E_MALFORMED);
    CHECK_EQ(read_file(build_private()), HEAD2_E_MALFORMED);
}

static void unused_bits(void)
{
    usual_parts();
    parts.unused_bits = 1;
    CHECK_EQ(read_file(build_public()), HEAD2_E_MALFORMED);
    parts.attached = true;
    parts.version[0] = 1;
    CHECK_EQ(read_file(build_private()), HEAD2_E_MALFORMED);
}

static void versions(void)
{
    usual_parts();
    parts.version[0] = 2;
    CHECK_EQ(read_file(build_private()), HEAD2_E_MALFORMED);
    parts.version[0] = 0x80; /* negative */
    CHECK_EQ(read_file(build_private()), HEAD2_E_MALFORMED);
    parts.version[0] = 0;
    parts.version_len = 2; /* not the shortest form of 0 */
    CHECK_EQ(read_file(build_private()), HEAD2_E_MALFORMED);
    parts.version_len = 0;
    CHECK_EQ(read_file(build_private()), HEAD2_E_MALFORMED);
}

static void attached_public_key(void)
{
    usual_parts();
    parts.attached = true;
    CHECK_EQ(read_file(build_private()), HEAD2_E_MALFORMED); /* version 0 may not have it */
    parts.version[0] = 1;
    parts.attached_change = 1;
    CHECK_EQ(read_file(build_private()), HEAD2_E_MALFORMED);
}

static void trailing_bytes(void)
{
    usual_parts();
    parts.trailing = 2;
    CHECK_EQ(read_file(build_private()), HEAD2_E_MALFORMED);
    usual_parts();
    const size_t len = build_public();
    file[len] = 0;
    CHECK_EQ(read_file(len + 1), HEAD2_E_MALFORMED);
}

/* The same lengths in more bytes than needed. */
static void long_lengths(void)
{
    usual_parts();
    size_t len = build_public(); /* 30 82 hi lo: as 30 83 00 hi lo */
    CHECK(file[1] == 0x82);
    memmove(file + 3, file + 2, len - 2);
    file[1] = 0x83;
    file[2] = 0;
    CHECK_EQ(read_file(len + 1), HEAD2_E_MALFORMED);
    len = build_private(); /* 30 len: as 30 81 len */
    CHECK(file[1] < 0x80);
    memmove(file + 2, file + 1, len - 1);
    file[1] = 0x81;
    CHECK_EQ(read_file(len + 1), HEAD2_E_MALFORMED);
}

static size_t build_pem(void)
{
    size_t len = sizeof file;
    CHECK_EQ(head2_key_write_public(key, HEAD2_KEY_PEM, file, &len), HEAD2_OK);
    CHECK_EQ(read_file(len), HEAD2_OK);
    return len;
}

static void pem_frame(void)
{
    size_t len = build_pem();
    uint8_t *pad = memchr(file, '=', len);
    CHECK(pad != NULL);
    pad[-1]++; /* the bits that encode nothing */
    CHECK_EQ(read_file(len), HEAD2_E_MALFORMED);
    len = build_pem();
    file[len++] = 'x';
    CHECK_EQ(read_file(len), HEAD2_E_MALFORMED);
    len = build_pem();
    uint8_t *end = memmem(file, len, "-----END PUBLIC", 15);
    CHECK(end != NULL);
    end[14] = 'K'; /* PUBLIK KEY */
    CHECK_EQ(read_file(len), HEAD2_E_MALFORMED);
    end[14] = 'C';
    CHECK_EQ(read_file(len), HEAD2_OK);
}

/* The label must fit what is inside. */
static void pem_label_and_content(void)
{
    size_t len = build_pem();
    static uint8_t relabelled[HEAD2_KEY_MAX_FILE];
    const int n = snprintf((char *)relabelled, sizeof relabelled,
                           "-----BEGIN PRIVATE KEY-----%.*s-----END PRIVATE KEY-----\n",
                           (int)(len - 26 - 25), (const char *)file + 26);
    memcpy(file, relabelled, (size_t)n);
    CHECK_EQ(read_file((size_t)n), HEAD2_E_MALFORMED);
}

/* FIPS 203, Section 7.2: a coefficient of q and above. */
static void mlkem_modulus(void)
{
    static const enum head2_alg algs[] = {HEAD2_MLKEM_512, HEAD2_MLKEM_768, HEAD2_MLKEM_1024};
    for (size_t i = 0; i < HEAD2_LEN(algs); i++) {
        struct head2_key *kem, *out;
        size_t len = sizeof file;
        CHECK_EQ(head2_key_generate(&kem, algs[i]), HEAD2_OK);
        CHECK_EQ(head2_key_write_public(kem, HEAD2_KEY_DER, file, &len), HEAD2_OK);
        uint8_t *ek = file + len - kem->alg->public_bytes;
        ek[0] = 0x01; /* 3329 */
        ek[1] = (uint8_t)((ek[1] & 0xf0) | 0x0d);
        CHECK_EQ(read_file(len), HEAD2_E_MALFORMED);
        CHECK_EQ(head2_key_from_public(&out, algs[i], ek, kem->alg->public_bytes),
                 HEAD2_E_MALFORMED);
        ek[0] = 0x00; /* 3328 is another key, and a good one */
        CHECK_EQ(read_file(len), HEAD2_OK);
        head2_key_free(kem);
    }
}

static enum head2_status give(void *arg, char *buf, size_t *len)
{
    (void)arg;
    buf[0] = 'p';
    *len = 1;
    return HEAD2_OK;
}

/* One wrong passphrase in 256 leaves a good padding behind: it is a wrong passphrase all the same.
 */
static void good_padding_alone(void)
{
    static const uint8_t noise[48] = {0x17};
    const struct passphrase pass = {"p", 1};
    struct head2_key *out;
    size_t len;
    CHECK_EQ(pbes2_encrypt(file, &len, noise, sizeof noise, &pass), HEAD2_OK);
    CHECK_EQ(head2_key_read(&out, file, len, give, NULL, NULL), HEAD2_E_PASSPHRASE);
}

static void pbkdf2_work(void)
{
    static const struct {
        int iterations;
        enum head2_status st;
    } cases[] = {
        {PBES2_MAX_ITERATIONS + 1, HEAD2_E_LIMIT     },
        {INT32_MAX,                HEAD2_E_LIMIT     },
        {1000,                     HEAD2_E_PASSPHRASE}
    };
    for (size_t i = 0; i < HEAD2_LEN(cases); i++) {
        static const uint8_t ciphertext[32];
        uint8_t algorithm[256], *p = algorithm;
        struct head2_key *out;
        struct der_writer w;
        X509_ALGOR *pbe = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), cases[i].iterations, NULL, 0, NULL,
                                            NID_hmacWithSHA256);
        CHECK(pbe != NULL);
        const int n = i2d_X509_ALGOR(pbe, &p);
        X509_ALGOR_free(pbe);
        der_begin(&w, file, sizeof file);
        const size_t end = der_mark(&w);
        der_put_element(&w, DER_OCTET_STRING, ciphertext, sizeof ciphertext);
        der_put(&w, algorithm, (size_t)n);
        der_wrap(&w, DER_SEQUENCE, end);
        CHECK_EQ(head2_key_read(&out, file, der_finish(&w), give, NULL, NULL), cases[i].st);
    }
}

int main(void)
{
    RUN(begin);
    if (check_failures != 0)
        CHECK_EXIT();
    RUN(algorithm_parameters);
    RUN(unused_bits);
    RUN(versions);
    RUN(attached_public_key);
    RUN(trailing_bytes);
    RUN(long_lengths);
    RUN(pem_frame);
    RUN(pem_label_and_content);
    RUN(mlkem_modulus);
    RUN(good_padding_alone);
    RUN(pbkdf2_work);
    head2_key_free(key);
    CHECK_EXIT();
}
