/*
 * The PKCS #11 module: the KEM, what is derived, AES-GCM, private keys that may leave, and
 * a keeper that is killed. What comes out is held against libcrypto and the library.
 */
#include "check.h"

#include "pkcs11_fixture.h"

#include <head2/aead.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

static CK_MECHANISM kem = {CKM_ML_KEM, NULL, 0};

/* ---- what leaves ---- */

static void extractable_keys_are_revealed(void)
{
    const CK_SESSION_HANDLE session = begin();
    static uint8_t value[HEAD2_KEY_MAX_PRIVATE], seed[64];
    size_t len, seed_len;

    for (int i = 0; i < 6; i++) {
        const enum head2_alg alg = (enum head2_alg)(HEAD2_MLKEM_512 + i);
        const struct pair p =
            make_pair(session, i < 3 ? CKK_ML_KEM : CKK_ML_DSA, 1 + (CK_ULONG)i % 3, true);
        struct head2_key *key, *const pub = key_of(session, p.public_key, alg);
        OK(read_attribute(session, p.private_key, CKA_SEED, seed, sizeof seed, &seed_len));
        CHECK_EQ(seed_len, i < 3 ? 64 : 32);
        CHECK_EQ(head2_key_from_seed(&key, alg, seed, seed_len), HEAD2_OK);
        CHECK_EQ(head2_key_same_public(key, pub), HEAD2_OK);
        OK(read_attribute(session, p.private_key, CKA_VALUE, value, sizeof value, &len));
        CHECK_EQ(len, head2_alg_private_bytes(alg));
        CHECK_MEM(value, head2_key_private(key), len);
        CHECK(attribute_is(session, p.private_key, CKA_EXTRACTABLE));
        CHECK(!attribute_is(session, p.private_key, CKA_NEVER_EXTRACTABLE));
        head2_key_free(key);
        head2_key_free(pub);
    }
    /* the keeper's own word, whatever asks */
    struct keeper_client *const c = connect_client();
    struct keeper_message ask = {.type = KEEPER_REVEAL};
    struct keeper_reply reply;
    find_key(c, ask.key, "known");
    for (int i = 0; i < 2; i++, ask.flags = KEEPER_REVEAL_SEED) {
        ASK(c, &ask, &reply, HEAD2_E_POLICY);
        keeper_reply_free(&reply);
    }
    keeper_client_close(c);
    end();
}

/* ---- the KEM ---- */

/* A template of a secret: extractable or not. */
static CK_RV encapsulate(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, bool leaves, CK_BYTE *ct,
                         CK_ULONG *len, CK_OBJECT_HANDLE *out)
{
    CK_ATTRIBUTE t[] = {ATTR(CKA_EXTRACTABLE, yes)};

    return p11->C_EncapsulateKey(session, &kem, key, leaves ? t : NULL, leaves, ct, len, out);
}

static CK_RV decapsulate(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, bool leaves,
                         const CK_BYTE *ct, CK_ULONG len, CK_OBJECT_HANDLE *out)
{
    CK_ATTRIBUTE t[] = {ATTR(CKA_EXTRACTABLE, yes)};

    return p11->C_DecapsulateKey(session, &kem, key, leaves ? t : NULL, leaves, ct, len, out);
}

static void a_secret_is_the_same_on_both_sides(void)
{
    const CK_SESSION_HANDLE session = begin();
    CK_BYTE ct[HEAD2_KEY_MAX_CT], a[64], b[64], seed[64];
    struct head2_secret32 ss;
    CK_OBJECT_HANDLE sent, got;
    size_t len;

    for (CK_ULONG set = CKP_ML_KEM_512; set <= CKP_ML_KEM_1024; set++) {
        const enum head2_alg alg = (enum head2_alg)(HEAD2_MLKEM_512 + (set - 1));
        const struct pair p = make_pair(session, CKK_ML_KEM, set, true);
        struct head2_key *key;
        CK_ULONG n = 0;
        OK(encapsulate(session, p.public_key, true, NULL, &n, NULL));
        CHECK_EQ(n, head2_alg_ct_bytes(alg));
        n--;
        CHECK_RV(encapsulate(session, p.public_key, true, ct, &n, &sent), CKR_BUFFER_TOO_SMALL);
        OK(encapsulate(session, p.public_key, true, ct, &n, &sent));
        OK(decapsulate(session, p.private_key, true, ct, n, &got));
        CHECK(sent != got);
        OK(read_attribute(session, sent, CKA_VALUE, a, sizeof a, &len));
        CHECK_EQ(len, 32);
        OK(read_attribute(session, got, CKA_VALUE, b, sizeof b, &len));
        CHECK_MEM(a, b, 32);
        /* and what the library makes of it with the revealed key */
        OK(read_attribute(session, p.private_key, CKA_SEED, seed, sizeof seed, &len));
        CHECK_EQ(head2_key_from_seed(&key, alg, seed, len), HEAD2_OK);
        CHECK_EQ(head2_key_decaps(key, &ss, ct, n), HEAD2_OK);
        CHECK_MEM(a, ss.b, 32);
        CHECK_EQ(head2_key_encaps(key, ct, &len, &ss), HEAD2_OK);
        OK(decapsulate(session, p.private_key, true, ct, len, &got));
        OK(read_attribute(session, got, CKA_VALUE, a, sizeof a, &len));
        CHECK_MEM(a, ss.b, 32);
        CHECK_RV(decapsulate(session, p.private_key, true, ct, n - 1, &got),
                 CKR_WRAPPED_KEY_LEN_RANGE);
        CHECK_RV(decapsulate(session, p.public_key, true, ct, n, &got), CKR_KEY_TYPE_INCONSISTENT);
        head2_key_free(key);
    }
    end();
}

static void a_closed_keys_secrets_stay(void)
{
    const CK_SESSION_HANDLE session = begin();
    const struct pair p = make_pair(session, CKK_ML_KEM, CKP_ML_KEM_768, false);
    CK_BYTE ct[HEAD2_KEY_MAX_CT], out[64];
    CK_ULONG n = sizeof ct;
    CK_OBJECT_HANDLE secret;
    size_t len;

    CHECK_RV(encapsulate(session, p.public_key, true, ct, &n, &secret), CKR_TEMPLATE_INCONSISTENT);
    OK(encapsulate(session, p.public_key, false, ct, &n, &secret));
    CHECK_RV(read_attribute(session, secret, CKA_VALUE, out, sizeof out, &len),
             CKR_ATTRIBUTE_SENSITIVE);
    CHECK(attribute_is(session, secret, CKA_SENSITIVE) &&
          !attribute_is(session, secret, CKA_TOKEN));
    n = sizeof out;
    CHECK_RV(p11->C_WrapKey(session, &kem, secret, p.private_key, out, &n), CKR_KEY_UNEXTRACTABLE);
    CHECK_RV(p11->C_WrapKey(session, &kem, secret, secret, out, &n), CKR_KEY_UNEXTRACTABLE);
    CHECK_RV(p11->C_UnwrapKey(session, &kem, secret, out, 32, NULL, 0, &secret),
             CKR_KEY_FUNCTION_NOT_PERMITTED);
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_VALUE, out)};
    CHECK_RV(p11->C_CreateObject(session, TEMPLATE(t), &secret), CKR_ATTRIBUTE_VALUE_INVALID);
    end();
}

/* What a key's purposes do not have is not promised of its secrets. */
static void purposes_pass_on(void)
{
    const CK_SESSION_HANDLE session = begin();
    struct keeper_client *const c = connect_client();
    CK_KEY_TYPE type = CKK_AES;
    CK_ATTRIBUTE aes[] = {ATTR(CKA_KEY_TYPE, type), ATTR(CKA_ENCRYPT, yes)};
    CK_ATTRIBUTE derives[] = {ATTR(CKA_DERIVE, yes)};
    CK_BYTE ct[HEAD2_KEY_MAX_CT], id[16];
    CK_ULONG n = sizeof ct;
    CK_OBJECT_HANDLE secret;

    generate_key(c, id, HEAD2_MLKEM_512, "bare",
                 (struct keeper_policy){.purposes = KEEPER_MAY_ENCAPSULATE});
    keeper_client_close(c);
    const CK_OBJECT_HANDLE key = (be64(id) >> 2) << 1;
    CHECK_RV(p11->C_EncapsulateKey(session, &kem, key, TEMPLATE(aes), ct, &n, &secret),
             CKR_TEMPLATE_INCONSISTENT);
    CHECK_RV(p11->C_EncapsulateKey(session, &kem, key, TEMPLATE(derives), ct, &n, &secret),
             CKR_TEMPLATE_INCONSISTENT);
    OK(p11->C_EncapsulateKey(session, &kem, key, aes, 1, ct, &n, &secret));
    CHECK(!attribute_is(session, secret, CKA_ENCRYPT));
    CHECK_RV(decapsulate(session, key | 1, false, ct, n, &secret), CKR_KEY_FUNCTION_NOT_PERMITTED);
    end();
}

/* 32 secrets a connection; they go with their session. */
static void secrets_end_with_their_session(void)
{
    const CK_SESSION_HANDLE session = begin();
    const struct pair p = make_pair(session, CKK_ML_KEM, CKP_ML_KEM_512, false);
    CK_BYTE ct[HEAD2_KEY_MAX_CT];
    CK_OBJECT_HANDLE secret;
    CK_SESSION_HANDLE other;

    for (int round = 0; round < 3; round++) {
        OK(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &other));
        for (int i = 0; i < HANDLES_MAX; i++) {
            CK_ULONG n = sizeof ct;
            OK(encapsulate(other, p.public_key, false, ct, &n, &secret));
        }
        CK_ULONG n = sizeof ct;
        CHECK_RV(encapsulate(session, p.public_key, false, ct, &n, &secret), CKR_DEVICE_MEMORY);
        if (round == 0) {
            OK(p11->C_DestroyObject(session, secret));
            OK(encapsulate(other, p.public_key, false, ct, &n, &secret));
        }
        OK(p11->C_CloseSession(other));
    }
    CHECK_RV(p11->C_DestroyObject(session, secret), CKR_OBJECT_HANDLE_INVALID);
    end();
}

static void others_public_keys(void)
{
    const CK_SESSION_HANDLE session = begin();
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = CKK_ML_KEM;
    CK_ULONG set = CKP_ML_KEM_768, n = HEAD2_KEY_MAX_CT;
    CK_BYTE ct[HEAD2_KEY_MAX_CT], raw[HEAD2_KEY_MAX_PUBLIC], value[32];
    CK_OBJECT_HANDLE object, secret;
    struct head2_key *key;
    struct head2_secret32 ss;
    size_t len;

    CHECK_EQ(head2_key_generate(&key, HEAD2_MLKEM_768), HEAD2_OK);
    memcpy(raw, head2_key_public(key), head2_alg_public_bytes(HEAD2_MLKEM_768));
    CK_ATTRIBUTE t[] = {
        ATTR(CKA_CLASS, class),
        ATTR(CKA_KEY_TYPE, type),
        ATTR(CKA_PARAMETER_SET, set),
        {CKA_VALUE, raw, head2_alg_public_bytes(HEAD2_MLKEM_768)}
    };
    OK(p11->C_CreateObject(session, TEMPLATE(t), &object));
    OK(encapsulate(session, object, true, ct, &n, &secret));
    OK(read_attribute(session, secret, CKA_VALUE, value, sizeof value, &len));
    CHECK_EQ(head2_key_decaps(key, &ss, ct, n), HEAD2_OK);
    CHECK_MEM(value, ss.b, 32);
    memset(raw, 0xff, 3); /* above the modulus */
    CHECK_RV(p11->C_CreateObject(session, TEMPLATE(t), &object), CKR_ATTRIBUTE_VALUE_INVALID);
    head2_key_free(key);
    /* one that verifies */
    CHECK_EQ(head2_key_generate(&key, HEAD2_MLDSA_87), HEAD2_OK);
    memcpy(raw, head2_key_public(key), head2_alg_public_bytes(HEAD2_MLDSA_87));
    type = CKK_ML_DSA;
    set = CKP_ML_DSA_87;
    t[3].len = head2_alg_public_bytes(HEAD2_MLDSA_87);
    OK(p11->C_CreateObject(session, TEMPLATE(t), &object));
    CK_MECHANISM m = {CKM_ML_DSA, NULL, 0};
    CK_BYTE sig[HEAD2_KEY_MAX_SIG];
    CHECK_EQ(head2_key_sign(key, sig, &len, raw, 100, NULL, 0, false), HEAD2_OK);
    OK(p11->C_VerifyInit(session, &m, object));
    OK(p11->C_Verify(session, raw, 100, sig, len));
    CHECK_RV(encapsulate(session, object, false, ct, &n, &secret), CKR_KEY_TYPE_INCONSISTENT);
    head2_key_free(key);
    end();
}

/* ---- derivation and AES-GCM ---- */

static void by_libcrypto(uint8_t *out, size_t len, const uint8_t *ikm, char *hash, char *salt,
                         char *info)
{
    EVP_KDF *const kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *const ctx = EVP_KDF_CTX_new(kdf);
    uint8_t copy[32];
    memcpy(copy, ikm, sizeof copy);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, copy, sizeof copy),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, strlen(salt)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, strlen(info)),
        OSSL_PARAM_construct_end()};

    CHECK_EQ(EVP_KDF_derive(ctx, out, len, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static CK_OBJECT_HANDLE derive(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE base,
                               CK_MECHANISM_TYPE hash, const char *salt, CK_KEY_TYPE type,
                               CK_ULONG len, CK_RV want)
{
    CK_HKDF_PARAMS p = {.extract = CK_TRUE,
                        .expand = CK_TRUE,
                        .hash = hash,
                        .salt_type = CKF_HKDF_SALT_DATA,
                        .salt = (const CK_BYTE *)salt,
                        .salt_len = strlen(salt),
                        .info = (const CK_BYTE *)"for",
                        .info_len = 3};
    CK_MECHANISM m = {CKM_HKDF_DERIVE, &p, sizeof p};
    CK_ATTRIBUTE t[] = {ATTR(CKA_KEY_TYPE, type), ATTR(CKA_VALUE_LEN, len),
                        ATTR(CKA_EXTRACTABLE, yes)};
    CK_OBJECT_HANDLE out = 0;

    CHECK_RV(p11->C_DeriveKey(session, &m, base, TEMPLATE(t), &out), want);
    return out;
}

/* A secret that may leave, with its value. */
static CK_OBJECT_HANDLE some_secret(CK_SESSION_HANDLE session, uint8_t value[32])
{
    const struct pair p = make_pair(session, CKK_ML_KEM, CKP_ML_KEM_512, true);
    CK_BYTE ct[HEAD2_KEY_MAX_CT];
    CK_ULONG n = sizeof ct;
    CK_OBJECT_HANDLE secret;
    size_t len;

    OK(encapsulate(session, p.public_key, true, ct, &n, &secret));
    OK(read_attribute(session, secret, CKA_VALUE, value, 32, &len));
    return secret;
}

static void derived_as_libcrypto_derives(void)
{
    static const CK_MECHANISM_TYPE hashes[] = {CKM_SHA256, CKM_SHA384, CKM_SHA512};
    static char names[][9] = {"SHA2-256", "SHA2-384", "SHA2-512"};
    const CK_SESSION_HANDLE session = begin();
    uint8_t secret[32], want[64], value[64];
    char salt[] = "a salt", info[] = "for", none[] = "";
    const CK_OBJECT_HANDLE base = some_secret(session, secret);
    size_t len;

    for (size_t i = 0; i < 3; i++)
        for (int salted = 0; salted < 2; salted++) {
            const CK_OBJECT_HANDLE key = derive(session, base, hashes[i], salted ? salt : none,
                                                CKK_GENERIC_SECRET, 64, CKR_OK);
            by_libcrypto(want, 64, secret, names[i], salted ? salt : none, info);
            OK(read_attribute(session, key, CKA_VALUE, value, sizeof value, &len));
            CHECK_EQ(len, 64);
            CHECK_MEM(value, want, 64);
        }
    derive(session, base, CKM_SHA3_512, salt, CKK_AES, 32, CKR_MECHANISM_PARAM_INVALID);
    derive(session, base, CKM_SHA256, salt, CKK_AES, 24, CKR_ATTRIBUTE_VALUE_INVALID);
    derive(session, base, CKM_SHA256, salt, CKK_AES, 65, CKR_ATTRIBUTE_VALUE_INVALID);
    const CK_OBJECT_HANDLE aes = derive(session, base, CKM_SHA256, salt, CKK_AES, 32, CKR_OK);
    derive(session, aes, CKM_SHA256, salt, CKK_AES, 32, CKR_KEY_FUNCTION_NOT_PERMITTED);
    end();
}

/* The 116 bytes of ct are the 100 of text; a text of two parts is its parts' text. */
static void texts_in_parts(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE aes, const CK_BYTE *ct,
                           const CK_BYTE *text)
{
    CK_BYTE iv[12] = "a nonce...", aad[] = "additional", out[200], more[200];
    CK_GCM_PARAMS p = {iv, 12, 96, aad, 10, 128};
    CK_MECHANISM m = {CKM_AES_GCM, &p, sizeof p};
    CK_ULONG n = sizeof out;

    OK(p11->C_DecryptInit(session, &m, aes));
    OK(p11->C_DecryptUpdate(session, ct, 50, out, &n));
    CHECK_EQ(n, 0);
    OK(p11->C_DecryptUpdate(session, ct + 50, 66, NULL, &n)); /* asks, and is not taken */
    n = sizeof out;
    OK(p11->C_DecryptUpdate(session, ct + 50, 66, out, &n));
    CHECK_RV(p11->C_Decrypt(session, ct, 1, out, &n), CKR_OPERATION_ACTIVE);
    OK(p11->C_DecryptFinal(session, NULL, &n));
    CHECK_EQ(n, 100);
    n = 99;
    CHECK_RV(p11->C_DecryptFinal(session, out, &n), CKR_BUFFER_TOO_SMALL);
    OK(p11->C_DecryptFinal(session, out, &n));
    CHECK_MEM(out, text, 100);
    CHECK_RV(p11->C_DecryptFinal(session, out, &n), CKR_OPERATION_NOT_INITIALIZED);
    iv[11] = 1;
    OK(p11->C_EncryptInit(session, &m, aes));
    for (int i = 0; i < 100; i += 20) {
        n = sizeof more;
        OK(p11->C_EncryptUpdate(session, text + i, 20, more, &n));
    }
    n = sizeof more;
    OK(p11->C_EncryptFinal(session, more, &n));
    CHECK_EQ(n, 116);
    OK(p11->C_DecryptInit(session, &m, aes));
    OK(p11->C_Decrypt(session, more, 116, out, &n));
    CHECK_MEM(out, text, 100);
    static const CK_BYTE big[KEEPER_DATA_MAX];
    OK(p11->C_EncryptInit(session, &m, aes));
    n = 1;
    OK(p11->C_EncryptUpdate(session, big, sizeof big, more, &n));
    n = 1;
    CHECK_RV(p11->C_EncryptUpdate(session, big, 17, more, &n), CKR_DATA_LEN_RANGE);
    n = 1;
    CHECK_RV(p11->C_EncryptUpdate(session, big, 1, more, &n), CKR_OPERATION_NOT_INITIALIZED);
}

static void texts_are_encrypted(void)
{
    const CK_SESSION_HANDLE session = begin();
    uint8_t secret[32], key_bytes[32];
    CK_BYTE iv[12] = "a nonce...", aad[] = "additional", text[100], out[200], back[200], want[200];
    CK_GCM_PARAMS p = {iv, 12, 96, aad, 10, 128};
    CK_MECHANISM m = {CKM_AES_GCM, &p, sizeof p};
    const CK_OBJECT_HANDLE base = some_secret(session, secret);
    const CK_OBJECT_HANDLE aes = derive(session, base, CKM_SHA256, "s", CKK_AES, 32, CKR_OK);
    const CK_OBJECT_HANDLE twin = derive(session, base, CKM_SHA256, "s", CKK_AES, 32, CKR_OK);
    struct head2_aead *aead;
    CK_ULONG n = 0;
    size_t len;

    memset(text, 't', sizeof text);
    OK(p11->C_EncryptInit(session, &m, aes));
    OK(p11->C_Encrypt(session, text, sizeof text, NULL, &n));
    CHECK_EQ(n, sizeof text + 16);
    n = 10;
    CHECK_RV(p11->C_Encrypt(session, text, sizeof text, out, &n), CKR_BUFFER_TOO_SMALL);
    OK(p11->C_Encrypt(session, text, sizeof text, out, &n));
    OK(read_attribute(session, aes, CKA_VALUE, key_bytes, 32, &len));
    CHECK_EQ(head2_aead_new(&aead), HEAD2_OK);
    CHECK_EQ(head2_aead_set_key(aead, key_bytes, 32), HEAD2_OK);
    CHECK_EQ(head2_aead_seal(aead, want, iv, aad, 10, text, sizeof text), HEAD2_OK);
    CHECK_MEM(out, want, n);
    head2_aead_free(aead);
    OK(p11->C_DecryptInit(session, &m, twin));
    len = n;
    OK(p11->C_Decrypt(session, out, len, back, &n));
    CHECK(n == sizeof text && memcmp(back, text, n) == 0);
    texts_in_parts(session, aes, out, text);
    out[3] ^= 1;
    OK(p11->C_DecryptInit(session, &m, aes));
    n = sizeof back;
    CHECK_RV(p11->C_Decrypt(session, out, len, back, &n), CKR_AEAD_DECRYPT_FAILED);
    /* the nonce again, with the key or with another handle of the same key */
    for (int i = 0; i < 2; i++) {
        OK(p11->C_EncryptInit(session, &m, i == 0 ? aes : twin));
        CHECK_RV(p11->C_Encrypt(session, text, 1, out, &n), CKR_MECHANISM_PARAM_INVALID);
    }
    iv[0]++;
    OK(p11->C_EncryptInit(session, &m, aes));
    OK(p11->C_Encrypt(session, text, 1, out, &n));
    p.tag_bits = 96;
    CHECK_RV(p11->C_EncryptInit(session, &m, aes), CKR_MECHANISM_PARAM_INVALID);
    p.tag_bits = 128;
    CHECK_RV(p11->C_EncryptInit(session, &m, base), CKR_KEY_TYPE_INCONSISTENT);
    end();
}

static void messages_with_the_keepers_nonces(void)
{
    const CK_SESSION_HANDLE session = begin();
    uint8_t secret[32];
    CK_BYTE iv[2][12] = {{0}}, tag[16], text[50], out[50], back[50];
    CK_GCM_MESSAGE_PARAMS p = {iv[0], 12, 0, CKG_GENERATE_RANDOM, tag, 128};
    CK_MECHANISM m = {CKM_AES_GCM, NULL, 0};
    const CK_OBJECT_HANDLE aes =
        derive(session, some_secret(session, secret), CKM_SHA512, "", CKK_AES, 16, CKR_OK);
    CK_ULONG n = sizeof out;

    memset(text, 'm', sizeof text);
    OK(p11->C_MessageEncryptInit(session, &m, aes));
    OK(p11->C_MessageDecryptInit(session, &m, aes));
    for (int i = 0; i < 2; i++) {
        p.iv = iv[i];
        OK(p11->C_EncryptMessage(session, &p, sizeof p, text, 5, text, sizeof text, out, &n));
        CHECK_EQ(n, sizeof text);
        OK(p11->C_DecryptMessage(session, &p, sizeof p, text, 5, out, n, back, &n));
        CHECK_MEM(back, text, sizeof text);
        tag[0] ^= 1;
        CHECK_RV(p11->C_DecryptMessage(session, &p, sizeof p, text, 5, out, n, back, &n),
                 CKR_AEAD_DECRYPT_FAILED);
    }
    CHECK(memcmp(iv[0], iv[1], 12) != 0);
    p.generator = CKG_GENERATE_COUNTER;
    CHECK_RV(p11->C_EncryptMessage(session, &p, sizeof p, NULL, 0, text, 1, out, &n),
             CKR_MECHANISM_PARAM_INVALID);
    CHECK_RV(p11->C_Encrypt(session, text, 1, out, &n), CKR_OPERATION_NOT_INITIALIZED);
    OK(p11->C_MessageEncryptFinal(session));
    OK(p11->C_MessageDecryptFinal(session));
    CHECK_RV(p11->C_MessageDecryptFinal(session), CKR_OPERATION_NOT_INITIALIZED);
    end();
}

/* ---- a keeper that is killed ---- */

static void a_killed_keeper_is_found_again(void)
{
    const CK_SESSION_HANDLE session = begin();
    uint8_t value[32];
    CK_BYTE out[64], iv[12] = {0};
    CK_GCM_PARAMS p = {iv, 12, 96, NULL, 0, 128};
    CK_MECHANISM m = {CKM_AES_GCM, &p, sizeof p};
    const CK_OBJECT_HANDLE aes =
        derive(session, some_secret(session, value), CKM_SHA256, "", CKK_AES, 32, CKR_OK);
    CK_ULONG n = sizeof out;

    stop_keeper(SIGKILL);
    start_keeper(true);
    OK(p11->C_GenerateRandom(session, out, 16)); /* asks the new one */
    OK(p11->C_EncryptInit(session, &m, aes));
    CHECK_RV(p11->C_Encrypt(session, value, 32, out, &n), CKR_KEY_HANDLE_INVALID);
    OK(p11->C_DestroyObject(session, aes));
    end();
}

int main(void)
{
    RUN(extractable_keys_are_revealed);
    RUN(a_secret_is_the_same_on_both_sides);
    RUN(a_closed_keys_secrets_stay);
    RUN(purposes_pass_on);
    RUN(secrets_end_with_their_session);
    RUN(others_public_keys);
    RUN(derived_as_libcrypto_derives);
    RUN(texts_are_encrypted);
    RUN(messages_with_the_keepers_nonces);
    RUN(a_killed_keeper_is_found_again);
    if (keeper_pid > 0)
        kill(keeper_pid, SIGKILL);
    remove_folder();
    CHECK_EXIT();
}
