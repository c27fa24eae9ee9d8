/*
 * Key objects and their files: every form there and back, and everything that is not a key refused.
 */
#include "check.h"

#include "base/secmem.h"

#include "base/base.h"
#include "keys/der.h"

#include <head2/keys.h>
#include <head2/random.h>

#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

static const enum head2_alg all[] = {HEAD2_MLKEM_512, HEAD2_MLKEM_768, HEAD2_MLKEM_1024,
                                     HEAD2_MLDSA_44,  HEAD2_MLDSA_65,  HEAD2_MLDSA_87};

static struct head2_key *keys[HEAD2_LEN(all)];
static uint8_t file[HEAD2_KEY_MAX_FILE];
static const char *why;

static enum head2_status give(void *arg, char *buf, size_t *len)
{
    *len = strlen(arg);
    memcpy(buf, arg, *len);
    return HEAD2_OK;
}

static enum head2_status read_key(struct head2_key **out, size_t len, const char *passphrase)
{
    static char text[HEAD2_PASSPHRASE_MAX];
    if (passphrase != NULL)
        snprintf(text, sizeof text, "%s", passphrase);
    why = NULL;
    enum head2_status st =
        head2_key_read(out, file, len, passphrase == NULL ? NULL : give, text, &why);
    CHECK(why != NULL && (st == HEAD2_OK) == (*out != NULL));
    return st;
}

static size_t write_private(const struct head2_key *key, enum head2_key_format format,
                            enum head2_private_form form, const char *passphrase)
{
    size_t len = sizeof file;
    CHECK_EQ(head2_key_write_private(key, format, form, passphrase,
                                     passphrase == NULL ? 0 : strlen(passphrase), file, &len),
             HEAD2_OK);
    return len;
}

/* A key that is used: what a public key alone is good for, and what needs the private one. */
static void check_works(const struct head2_key *priv, const struct head2_key *pub)
{
    static uint8_t sig[HEAD2_KEY_MAX_SIG], ct[HEAD2_KEY_MAX_CT];
    struct head2_secret32 sent, received;
    size_t len;

    CHECK_EQ(head2_key_same_public(priv, pub), HEAD2_OK);
    if (head2_alg_is_signature(head2_key_alg(priv))) {
        CHECK_EQ(head2_key_sign(priv, sig, &len, (const uint8_t *)"m", 1, "ctx", 3, false),
                 HEAD2_OK);
        CHECK_EQ(len, head2_alg_sig_bytes(head2_key_alg(priv)));
        CHECK_EQ(head2_key_verify(pub, (const uint8_t *)"m", 1, "ctx", 3, sig, len), HEAD2_OK);
        CHECK_EQ(head2_key_verify(pub, (const uint8_t *)"m", 1, "ctX", 3, sig, len),
                 HEAD2_E_VERIFY);
        CHECK_EQ(head2_key_encaps(pub, ct, &len, &sent), HEAD2_E_ARG);
        CHECK_EQ(head2_key_decaps(priv, &sent, ct, sizeof ct), HEAD2_E_ARG);
    } else {
        CHECK_EQ(head2_key_encaps(pub, ct, &len, &sent), HEAD2_OK);
        CHECK_EQ(len, head2_alg_ct_bytes(head2_key_alg(priv)));
        CHECK_EQ(head2_key_decaps(priv, &received, ct, len), HEAD2_OK);
        CHECK_MEM(&sent, &received, sizeof sent);
        CHECK_EQ(head2_key_decaps(priv, &received, ct, len - 1), HEAD2_E_MALFORMED);
        CHECK_EQ(head2_key_sign(priv, sig, &len, NULL, 0, NULL, 0, true), HEAD2_E_ARG);
        CHECK_EQ(head2_key_verify(pub, NULL, 0, NULL, 0, sig, 1), HEAD2_E_ARG);
    }
}

static void generate_all(void)
{
    for (size_t i = 0; i < HEAD2_LEN(all); i++) {
        CHECK_EQ(head2_key_generate(&keys[i], all[i]), HEAD2_OK);
        CHECK(head2_key_has_private(keys[i]) && head2_key_has_seed(keys[i]));
        CHECK_EQ(head2_key_alg(keys[i]), all[i]);
        check_works(keys[i], keys[i]);
    }
    struct head2_key *none = keys[0];
    CHECK_EQ(head2_key_generate(&none, HEAD2_ALG_NONE), HEAD2_E_ARG);
    CHECK(none == NULL);
}

static void names_and_sizes(void)
{
    CHECK(strcmp(head2_alg_name(HEAD2_MLDSA_87), "ML-DSA-87") == 0);
    CHECK(strcmp(head2_alg_name(HEAD2_ALG_NONE), "none") == 0);
    CHECK(strcmp(head2_alg_name((enum head2_alg)99), "none") == 0);
    CHECK_EQ(head2_alg_from_name("ml-kem-1024"), HEAD2_MLKEM_1024);
    CHECK_EQ(head2_alg_from_name("ML-KEM-1024 "), HEAD2_ALG_NONE);
    CHECK_EQ(head2_alg_from_name(""), HEAD2_ALG_NONE);
    for (size_t i = 0; i < HEAD2_LEN(all); i++) {
        CHECK_EQ(head2_alg_from_name(head2_alg_name(all[i])), all[i]);
        CHECK(head2_alg_public_bytes(all[i]) <= HEAD2_KEY_MAX_PUBLIC);
        CHECK(head2_alg_private_bytes(all[i]) <= HEAD2_KEY_MAX_PRIVATE);
        CHECK((head2_alg_sig_bytes(all[i]) == 0) != (head2_alg_ct_bytes(all[i]) == 0));
    }
    CHECK_EQ(head2_alg_public_bytes(HEAD2_ALG_NONE) + head2_alg_private_bytes(HEAD2_ALG_NONE), 0);
}

static void public_round_trips(void)
{
    for (size_t i = 0; i < HEAD2_LEN(all); i++) {
        for (enum head2_key_format format = HEAD2_KEY_PEM; format <= HEAD2_KEY_DER; format++) {
            struct head2_key *pub;
            uint8_t id[2][HEAD2_KEY_ID_BYTES];
            size_t len = sizeof file;
            CHECK_EQ(head2_key_write_public(keys[i], format, file, &len), HEAD2_OK);
            CHECK_EQ(read_key(&pub, len, NULL), HEAD2_OK);
            CHECK(!head2_key_has_private(pub) && head2_key_private(pub) == NULL);
            head2_key_id(keys[i], id[0]);
            head2_key_id(pub, id[1]);
            CHECK_MEM(id[0], id[1], HEAD2_KEY_ID_BYTES);
            check_works(keys[i], pub);
            size_t small = len - 1;
            CHECK_EQ(head2_key_write_public(keys[i], format, file, &small), HEAD2_E_SPACE);
            CHECK_EQ(
                head2_key_write_private(pub, format, HEAD2_PRIVATE_DEFAULT, NULL, 0, file, &len),
                HEAD2_E_ARG);
            head2_key_free(pub);
        }
    }
}

static void check_private_round_trip(const struct head2_key *key, enum head2_key_format format,
                                     enum head2_private_form form, const char *passphrase)
{
    struct head2_key *again;
    const size_t len = write_private(key, format, form, passphrase);

    CHECK_EQ(read_key(&again, len, passphrase), HEAD2_OK);
    CHECK_EQ(head2_key_has_seed(again), form != HEAD2_PRIVATE_EXPANDED);
    CHECK_MEM(head2_key_private(again), head2_key_private(key),
              head2_alg_private_bytes(head2_key_alg(key)));
    check_works(again, key);
    if (form == HEAD2_PRIVATE_EXPANDED) {
        size_t room = sizeof file;
        CHECK_EQ(head2_key_write_private(again, format, HEAD2_PRIVATE_SEED, NULL, 0, file, &room),
                 HEAD2_E_STATE);
        room = sizeof file;
        CHECK_EQ(
            head2_key_write_private(again, format, HEAD2_PRIVATE_DEFAULT, NULL, 0, file, &room),
            HEAD2_OK);
    }
    head2_key_free(again);
}

static void private_round_trips(void)
{
    for (size_t i = 0; i < HEAD2_LEN(all); i++) {
        for (enum head2_key_format format = HEAD2_KEY_PEM; format <= HEAD2_KEY_DER; format++) {
            for (enum head2_private_form form = HEAD2_PRIVATE_DEFAULT; form <= HEAD2_PRIVATE_BOTH;
                 form++)
                check_private_round_trip(keys[i], format, form, NULL);
        }
    }
}

static void encrypted_round_trips(void)
{
    for (size_t i = 0; i < HEAD2_LEN(all); i++)
        check_private_round_trip(keys[i], i % 2 == 0 ? HEAD2_KEY_PEM : HEAD2_KEY_DER,
                                 (enum head2_private_form)(1 + i % 3), "correct horse");
    char longest[HEAD2_PASSPHRASE_MAX + 1];
    size_t len = sizeof file;
    memset(longest, 'p', sizeof longest);
    CHECK_EQ(head2_key_write_private(keys[0], HEAD2_KEY_PEM, HEAD2_PRIVATE_SEED, longest,
                                     HEAD2_PASSPHRASE_MAX + 1, file, &len),
             HEAD2_E_ARG);
    CHECK_EQ(head2_key_write_private(keys[0], HEAD2_KEY_PEM, HEAD2_PRIVATE_SEED, "", 0, file, &len),
             HEAD2_E_ARG);
}

static enum head2_status give_up(void *arg, char *buf, size_t *len)
{
    (void)arg, (void)buf, (void)len;
    return HEAD2_E_POLICY;
}

static void passphrases(void)
{
    struct head2_key *key;
    const size_t len = write_private(keys[5], HEAD2_KEY_PEM, HEAD2_PRIVATE_SEED, "right");

    CHECK_EQ(read_key(&key, len, NULL), HEAD2_E_PASSPHRASE);
    CHECK(strstr(why, "no passphrase") != NULL);
    CHECK_EQ(read_key(&key, len, "wrong"), HEAD2_E_PASSPHRASE);
    CHECK(strstr(why, "wrong") != NULL);
    CHECK_EQ(read_key(&key, len, "right "), HEAD2_E_PASSPHRASE);
    CHECK_EQ(head2_key_read(&key, file, len, give_up, NULL, NULL), HEAD2_E_POLICY);
    CHECK_EQ(read_key(&key, len, "right"), HEAD2_OK);
    head2_key_free(key);
}

/* Every truncation, from every encoding. */
static void truncations(void)
{
    for (size_t i = 0; i < HEAD2_LEN(all); i++) {
        for (int kind = 0; kind < 8; kind++) {
            const enum head2_key_format format = kind % 2 == 0 ? HEAD2_KEY_PEM : HEAD2_KEY_DER;
            size_t len = sizeof file;
            struct head2_key *key;
            if (kind < 2)
                CHECK_EQ(head2_key_write_public(keys[i], format, file, &len), HEAD2_OK);
            else
                len = write_private(keys[i], format, (enum head2_private_form)(kind / 2), NULL);
            /* a PEM file may lose its last line end */
            for (size_t cut = 0; cut + 1 < len; cut++)
                CHECK_SAY(read_key(&key, cut, NULL) != HEAD2_OK, "%s kind %d read at %zu of %zu",
                          head2_alg_name(all[i]), kind, cut, len);
        }
    }
}

/* Every byte of a DER file changed in turn: refused, or another key, and never a crash. */
static void flip_der(const struct head2_key *key, enum head2_private_form form, size_t step)
{
    const size_t len =
        form == HEAD2_PRIVATE_DEFAULT ? sizeof file : write_private(key, HEAD2_KEY_DER, form, NULL);
    size_t n = len;
    if (form == HEAD2_PRIVATE_DEFAULT)
        CHECK_EQ(head2_key_write_public(key, HEAD2_KEY_DER, file, &n), HEAD2_OK);
    for (size_t at = 0; at < n; at += at < 64 ? 1 : step) {
        for (unsigned bit = 0; bit < 8; bit += at < 64 ? 1 : 3) {
            struct head2_key *other;
            file[at] ^= (uint8_t)(1U << bit);
            if (read_key(&other, n, NULL) == HEAD2_OK) {
                /* a seed is as long for one set as for another: only there may the name change */
                CHECK_SAY(form == HEAD2_PRIVATE_SEED || head2_key_alg(other) == head2_key_alg(key),
                          "byte %zu: algorithm", at);
                CHECK_SAY(form == HEAD2_PRIVATE_DEFAULT || form == HEAD2_PRIVATE_SEED ||
                              memcmp(head2_key_public(other), head2_key_public(key),
                                     head2_alg_public_bytes(head2_key_alg(key))) == 0,
                          "byte %zu bit %u: an expanded key that disagrees is read", at, bit);
                head2_key_free(other);
            }
            file[at] ^= (uint8_t)(1U << bit);
        }
    }
}

static void flipped_bytes(void)
{
    for (size_t i = 0; i < HEAD2_LEN(all); i++) {
        for (enum head2_private_form form = HEAD2_PRIVATE_DEFAULT; form <= HEAD2_PRIVATE_BOTH;
             form++)
            flip_der(keys[i], form, 37);
    }
}

static void flipped_pem(void)
{
    struct head2_key *key;
    const size_t len = write_private(keys[5], HEAD2_KEY_PEM, HEAD2_PRIVATE_EXPANDED, NULL);
    for (size_t at = 0; at < len; at += at < 100 ? 1 : 11) {
        for (unsigned v = 0; v < 256; v += 17) {
            const uint8_t before = file[at];
            file[at] = (uint8_t)v;
            if (read_key(&key, len, NULL) == HEAD2_OK)
                head2_key_free(key);
            file[at] = before;
        }
    }
    CHECK_EQ(read_key(&key, len, NULL), HEAD2_OK);
    head2_key_free(key);
}

static void flipped_encrypted(void)
{
    struct head2_key *key;
    const size_t len = write_private(keys[3], HEAD2_KEY_DER, HEAD2_PRIVATE_SEED, "p");
    int accepted = 0;
    /* with a passphrase only where the cost parameters are not touched: each costs 0.1 s */
    for (size_t at = 0; at < len; at++) {
        file[at] ^= 0x80;
        if (read_key(&key, len, NULL) == HEAD2_OK)
            accepted++;
        file[at] ^= 0x80;
    }
    for (size_t at = len - 96; at < len; at += 16) {
        file[at] ^= 1;
        if (read_key(&key, len, "p") == HEAD2_OK) {
            CHECK(head2_key_same_public(key, keys[3]) != HEAD2_OK);
            head2_key_free(key);
        }
        file[at] ^= 1;
    }
    CHECK_EQ(accepted, 0);
}

static void disagreeing_halves(void)
{
    for (size_t i = 0; i < HEAD2_LEN(all); i++) {
        struct head2_key *key;
        size_t len = write_private(keys[i], HEAD2_KEY_DER, HEAD2_PRIVATE_BOTH, NULL);
        const size_t seed_at = len - head2_alg_private_bytes(all[i]) - 4 - 32;
        file[seed_at] ^= 1;
        CHECK_EQ(read_key(&key, len, NULL), HEAD2_E_MALFORMED);
        CHECK(strstr(why, "do not belong together") != NULL);
        file[seed_at] ^= 1;
        file[len - 1] ^= 1;
        CHECK_EQ(read_key(&key, len, NULL), HEAD2_E_MALFORMED);
        file[len - 1] ^= 1;
        CHECK_EQ(read_key(&key, len, NULL), HEAD2_OK);
        head2_key_free(key);
    }
}

/* A public key attached to a private one (RFC 5958, version 1) must be its own. */
static void attached_public_key(void)
{
    static uint8_t seed_form[256], bits[1 + HEAD2_KEY_MAX_PUBLIC];
    const struct head2_key *owner[] = {keys[4], keys[5]};
    struct der in, inner, version;
    size_t len = sizeof seed_form;

    CHECK_EQ(head2_key_write_private(keys[5], HEAD2_KEY_DER, HEAD2_PRIVATE_SEED, NULL, 0, seed_form,
                                     &len),
             HEAD2_OK);
    in = (struct der){seed_form, len};
    CHECK_EQ(der_take(&in, DER_SEQUENCE, &inner), HEAD2_OK);
    CHECK_EQ(der_take(&inner, DER_INTEGER, &version), HEAD2_OK);
    for (int mine = 0; mine < 2; mine++) {
        for (uint64_t v = 0; v < 3; v++) {
            struct der_writer w;
            struct head2_key *key;
            memcpy(bits + 1, head2_key_public(owner[mine]),
                   head2_alg_public_bytes(head2_key_alg(owner[mine])));
            der_begin(&w, file, sizeof file);
            const size_t end = der_mark(&w);
            der_put_element(&w, DER_CONTEXT(1), bits,
                            1 + head2_alg_public_bytes(head2_key_alg(owner[mine])));
            der_put_element(&w, DER_SET_OF(0), "\x30\x00", 2); /* an attribute we do not know */
            der_put(&w, inner.p, inner.len);
            der_put_integer(&w, v);
            der_wrap(&w, DER_SEQUENCE, end);
            CHECK_EQ(read_key(&key, der_finish(&w), NULL),
                     mine == 1 && v == 1 ? HEAD2_OK : HEAD2_E_MALFORMED);
            head2_key_free(key);
        }
    }
}

static void other_algorithms(void)
{
    EVP_PKEY *foreign[] = {EVP_EC_gen("P-256"), EVP_RSA_gen(2048),
                           EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    for (size_t i = 0; i < HEAD2_LEN(foreign); i++) {
        struct head2_key *key;
        uint8_t *p = file;
        CHECK(foreign[i] != NULL);
        int n = i2d_PUBKEY(foreign[i], &p);
        CHECK(n > 0);
        CHECK_EQ(read_key(&key, (size_t)n, NULL), HEAD2_E_UNSUPPORTED);
        PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(foreign[i]);
        p = file;
        n = i2d_PKCS8_PRIV_KEY_INFO(info, &p);
        CHECK(n > 0);
        CHECK_EQ(read_key(&key, (size_t)n, NULL), HEAD2_E_UNSUPPORTED);
        PKCS8_PRIV_KEY_INFO_free(info);
        EVP_PKEY_free(foreign[i]);
    }
    static const char rsa[] = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n"
                              "-----END RSA PRIVATE KEY-----\n";
    struct head2_key *key;
    memcpy(file, rsa, sizeof rsa);
    CHECK_EQ(read_key(&key, sizeof rsa - 1, NULL), HEAD2_E_UNSUPPORTED);
}

static size_t put_pem(const char *text)
{
    memcpy(file, text, strlen(text));
    return strlen(text);
}

static void bad_containers(void)
{
    static const char *const bad[] = {
        "",
        "\n",
        "not a key",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nMA=A\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nMAB=\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nMAA=MAA=\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nM A A\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\nmore\n",
        "\x30\x00",
        "\x30\x80",
        "\x30\x84\xff\xff\xff\xff",
        "\x30\x81\x03\x02\x01",
    };
    struct head2_key *key;
    for (size_t i = 0; i < HEAD2_LEN(bad); i++)
        CHECK_SAY(read_key(&key, put_pem(bad[i]), NULL) == HEAD2_E_MALFORMED, "case %zu", i);
    CHECK_EQ(head2_key_read(&key, file, HEAD2_KEY_MAX_FILE + 1, NULL, NULL, &why), HEAD2_E_LIMIT);
    CHECK_EQ(head2_key_read(&key, NULL, 0, NULL, NULL, NULL), HEAD2_E_MALFORMED);
}

/* Text before the block, CRLF line ends and blanks at line ends are common and harmless. */
static void pem_variants(void)
{
    static uint8_t pem[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof pem, n = 0;
    struct head2_key *key;
    CHECK_EQ(head2_key_write_public(keys[1], HEAD2_KEY_PEM, pem, &len), HEAD2_OK);
    n = (size_t)sprintf((char *)file, "0 a comment\r\n");
    for (size_t i = 0; i < len; i++) {
        if (pem[i] == '\n') {
            file[n++] = ' ';
            file[n++] = '\r';
        }
        file[n++] = pem[i];
    }
    memcpy(file + n, "\n \n", 3);
    CHECK_EQ(read_key(&key, n + 3, NULL), HEAD2_OK);
    CHECK_EQ(head2_key_same_public(key, keys[1]), HEAD2_OK);
    head2_key_free(key);
}

/* Work that a file asks for is refused before it is begun. */
static void costs(void)
{
    struct head2_key *key;
    const size_t len = write_private(keys[3], HEAD2_KEY_DER, HEAD2_PRIVATE_SEED, "p");
    static const uint8_t n_r_p[] = {0x02, 0x02, 0x40, 0x00, 0x02, 0x01, 0x08, 0x02, 0x01, 0x05};
    static const struct {
        size_t at;
        uint8_t value;
        enum head2_status st;
    } changes[] = {
        {9, 0x7f, HEAD2_E_LIMIT    }, /* p */
        {9, 0x00, HEAD2_E_MALFORMED}, /* p */
        {6, 0x00, HEAD2_E_MALFORMED}, /* r */
        {3, 0x01, HEAD2_E_MALFORMED}, /* N is no power of two */
        {2, 0x00, HEAD2_E_MALFORMED}, /* N = 0, and not its shortest form */
        {2, 0xc0, HEAD2_E_MALFORMED}, /* N is negative */
    };
    uint8_t *at = memmem(file, len, n_r_p, sizeof n_r_p);

    CHECK(at != NULL);
    for (size_t i = 0; i < HEAD2_LEN(changes); i++) {
        at[changes[i].at] = changes[i].value;
        CHECK_SAY(read_key(&key, len, "p") == changes[i].st, "case %zu", i);
        memcpy(at, n_r_p, sizeof n_r_p);
    }
    /* a salt of 14 bytes makes room for N = 2^30 */
    at[-17] = 14;
    memcpy(at - 2, "\x02\x04\x40\x00\x00\x00\x02\x01\x08\x02\x01\x05", 12);
    CHECK_EQ(read_key(&key, len, "p"), HEAD2_E_LIMIT);
    CHECK(strstr(why, "scrypt") != NULL);
}

/* PBES2 as libcrypto writes it by itself: PBKDF2 with several digests and ciphers. */
static void pbkdf2_from_libcrypto(void)
{
    static const struct {
        int prf;
        const char *cipher;
    } cases[] = {
        {NID_hmacWithSHA256, "AES-256-CBC"},
        {NID_hmacWithSHA1,   "AES-128-CBC"},
        {NID_hmacWithSHA512, "AES-192-CBC"}
    };
    for (size_t i = 0; i < HEAD2_LEN(cases); i++) {
        struct head2_key *key;
        const size_t len = write_private(keys[i], HEAD2_KEY_DER, HEAD2_PRIVATE_BOTH, NULL);
        const uint8_t *in = file;
        PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &in, (long)len);
        CHECK(info != NULL);
        X509_ALGOR *pbe = PKCS5_pbe2_set_iv(EVP_get_cipherbyname(cases[i].cipher), 2048, NULL, 0,
                                            NULL, cases[i].prf);
        CHECK(pbe != NULL);
        X509_SIG *sealed = PKCS8_set0_pbe("secret", 6, info, pbe);
        CHECK(sealed != NULL);
        uint8_t *p = file;
        const int n = i2d_X509_SIG(sealed, &p);
        CHECK(n > 0);
        CHECK_EQ(read_key(&key, (size_t)n, "secret"), HEAD2_OK);
        CHECK_EQ(head2_key_same_public(key, keys[i]), HEAD2_OK);
        head2_key_free(key);
        CHECK_EQ(read_key(&key, (size_t)n, "Secret"), HEAD2_E_PASSPHRASE);
        X509_SIG_free(sealed);
        PKCS8_PRIV_KEY_INFO_free(info);
    }
}

/* What we encrypt, libcrypto decrypts to the same bytes. */
static void scrypt_to_libcrypto(void)
{
    static uint8_t plain[HEAD2_KEY_MAX_FILE], again[HEAD2_KEY_MAX_FILE];
    size_t plain_len = sizeof plain;
    CHECK_EQ(head2_key_write_private(keys[5], HEAD2_KEY_DER, HEAD2_PRIVATE_BOTH, NULL, 0, plain,
                                     &plain_len),
             HEAD2_OK);
    const size_t len = write_private(keys[5], HEAD2_KEY_DER, HEAD2_PRIVATE_BOTH, "secret");
    const uint8_t *in = file;
    X509_SIG *sealed = d2i_X509_SIG(NULL, &in, (long)len);
    CHECK(sealed != NULL);
    PKCS8_PRIV_KEY_INFO *info = PKCS8_decrypt(sealed, "secret", 6);
    CHECK(info != NULL);
    uint8_t *p = again;
    CHECK_EQ(i2d_PKCS8_PRIV_KEY_INFO(info, &p), plain_len);
    CHECK_MEM(plain, again, plain_len);
    PKCS8_PRIV_KEY_INFO_free(info);
    X509_SIG_free(sealed);
}

static void raw_keys(void)
{
    for (size_t i = 0; i < HEAD2_LEN(all); i++) {
        static uint8_t priv[HEAD2_KEY_MAX_PRIVATE];
        const size_t n = head2_alg_private_bytes(all[i]), m = head2_alg_public_bytes(all[i]);
        struct head2_key *key;
        memcpy(priv, head2_key_private(keys[i]), n);
        CHECK_EQ(head2_key_from_private(&key, all[i], priv, n), HEAD2_OK);
        CHECK(!head2_key_has_seed(key));
        check_works(key, keys[i]);
        head2_key_free(key);
        CHECK_EQ(head2_key_from_private(&key, all[i], priv, n - 1), HEAD2_E_MALFORMED);
        CHECK_EQ(head2_key_from_public(&key, all[i], head2_key_public(keys[i]), m - 1),
                 HEAD2_E_MALFORMED);
        CHECK_EQ(head2_key_from_seed(&key, all[i], priv, 33), HEAD2_E_ARG);
        priv[300] ^= 1; /* of s or s1 */
        CHECK_EQ(head2_key_from_private(&key, all[i], priv, n), HEAD2_E_MALFORMED);
        CHECK(key == NULL);
    }
    CHECK_EQ(head2_key_same_public(keys[0], keys[1]), HEAD2_E_VERIFY);
    head2_key_free(NULL);
}

/* Prepared or not, a key says the same, and its other half still works. */
static void prepared_keys(void)
{
    static uint8_t sig[2][HEAD2_KEY_MAX_SIG], msg[] = "prepared";
    size_t len[2];

    for (size_t i = 0; i < HEAD2_LEN(all); i++) {
        struct head2_key *priv, *pub;
        CHECK_EQ(head2_key_from_private(&priv, all[i], head2_key_private(keys[i]),
                                        head2_alg_private_bytes(all[i])),
                 HEAD2_OK);
        CHECK_EQ(head2_key_from_public(&pub, all[i], head2_key_public(keys[i]),
                                       head2_alg_public_bytes(all[i])),
                 HEAD2_OK);
        CHECK_EQ(head2_key_prepare(priv), HEAD2_OK);
        CHECK_EQ(head2_key_prepare(pub), HEAD2_OK);
        CHECK_EQ(head2_key_prepare(priv), HEAD2_OK);
        check_works(priv, pub);
        check_works(keys[i], pub);
        check_works(priv, keys[i]);
        check_works(priv, priv);
        if (head2_alg_is_signature(all[i])) {
            CHECK_EQ(head2_key_sign(priv, sig[0], &len[0], msg, sizeof msg, "c", 1, true),
                     HEAD2_OK);
            CHECK_EQ(head2_key_sign(keys[i], sig[1], &len[1], msg, sizeof msg, "c", 1, true),
                     HEAD2_OK);
            CHECK_EQ(len[0], len[1]);
            CHECK_MEM(sig[0], sig[1], len[0]);
            sig[0][len[0] / 2] ^= 1;
            CHECK_EQ(head2_key_verify(pub, msg, sizeof msg, "c", 1, sig[0], len[0]),
                     HEAD2_E_VERIFY);
        }
        head2_key_free(priv);
        head2_key_free(pub);
    }
}

static void protected_keys(void)
{
    struct secmem_report r;

    for (size_t i = 0; i < 2 * HEAD2_LEN(all); i++) { /* before they are prepared, and after */
        const enum head2_alg alg = all[i / 2];
        struct head2_key *priv;
        CHECK_EQ(head2_key_from_private(&priv, alg, head2_key_private(keys[i / 2]),
                                        head2_alg_private_bytes(alg)),
                 HEAD2_OK);
        if (i % 2 == 0)
            CHECK_EQ(head2_key_prepare(priv), HEAD2_OK);
        CHECK_EQ(head2_key_protect(priv), HEAD2_OK);
        CHECK(secmem_kind_of(head2_key_private(priv)) != SECMEM_KINDS);
        CHECK_EQ(head2_key_prepare(priv), HEAD2_OK);
        CHECK_EQ(head2_key_protect(priv), HEAD2_OK);
        secmem_report(&r);
        CHECK_EQ(r.pieces[0] + r.pieces[1] + r.pieces[2], 2);
        check_works(priv, keys[i / 2]);
        check_works(keys[i / 2], priv);
        head2_key_free(priv);
    }
    secmem_report(&r);
    CHECK_EQ(r.pieces[0] + r.pieces[1] + r.pieces[2], 0);
}

int main(void)
{
    RUN(names_and_sizes);
    RUN(generate_all);
    if (check_failures != 0)
        CHECK_EXIT();
    RUN(public_round_trips);
    RUN(private_round_trips);
    RUN(encrypted_round_trips);
    RUN(passphrases);
    RUN(truncations);
    RUN(flipped_bytes);
    RUN(flipped_pem);
    RUN(flipped_encrypted);
    RUN(disagreeing_halves);
    RUN(attached_public_key);
    RUN(other_algorithms);
    RUN(bad_containers);
    RUN(pem_variants);
    RUN(costs);
    RUN(pbkdf2_from_libcrypto);
    RUN(scrypt_to_libcrypto);
    RUN(raw_keys);
    RUN(prepared_keys);
    RUN(protected_keys);
    for (size_t i = 0; i < HEAD2_LEN(all); i++)
        head2_key_free(keys[i]);
    CHECK_EXIT();
}
