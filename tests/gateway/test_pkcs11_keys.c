/*
 * The PKCS #11 module: objects, templates, signatures in every form, size queries, digests. What it
 * makes is checked with the library.
 */
#include "check.h"

#include "pkcs11_fixture.h"

#include <head2/mldsa.h>

static CK_BYTE message[] = "a message";

/* ---- objects ---- */

static size_t find(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count,
                   CK_OBJECT_HANDLE *out, size_t room)
{
    CK_ULONG n = 0, got = 1;

    OK(p11->C_FindObjectsInit(session, template, count));
    CHECK_RV(p11->C_FindObjectsInit(session, template, count), CKR_OPERATION_ACTIVE);
    while (got != 0 && n < room) { /* one by one */
        OK(p11->C_FindObjects(session, out + n, 1, &got));
        n += got;
    }
    OK(p11->C_FindObjectsFinal(session));
    CHECK_RV(p11->C_FindObjectsFinal(session), CKR_OPERATION_NOT_INITIALIZED);
    return n;
}

/* Of an ML-DSA-65 and an ML-KEM pair that stay. */
static void attributes_of(CK_SESSION_HANDLE session, struct pair dsa, struct pair kem)
{
    uint8_t value[HEAD2_KEY_MAX_PUBLIC], spki[3000], again[3000];
    CK_ULONG set = 0;
    size_t len, room = sizeof spki;

    OK(read_attribute(session, dsa.private_key, CKA_PARAMETER_SET, &set, sizeof set, &len));
    CHECK_EQ(set, CKP_ML_DSA_65);
    CHECK(attribute_is(session, dsa.private_key, CKA_SIGN));
    CHECK(attribute_is(session, dsa.private_key, CKA_SENSITIVE));
    CHECK(attribute_is(session, dsa.private_key, CKA_ALWAYS_SENSITIVE));
    CHECK(attribute_is(session, dsa.private_key, CKA_NEVER_EXTRACTABLE));
    CHECK(attribute_is(session, dsa.private_key, CKA_LOCAL));
    CHECK(!attribute_is(session, dsa.private_key, CKA_DECAPSULATE));
    CHECK(attribute_is(session, kem.public_key, CKA_ENCAPSULATE));
    CHECK(attribute_is(session, kem.private_key, CKA_DECAPSULATE));
    CHECK_RV(read_attribute(session, dsa.private_key, CKA_VALUE, value, sizeof value, &len),
             CKR_ATTRIBUTE_SENSITIVE);
    CHECK_EQ(len, CK_UNAVAILABLE_INFORMATION);
    CHECK_RV(read_attribute(session, dsa.private_key, CKA_SEED, value, sizeof value, &len),
             CKR_ATTRIBUTE_SENSITIVE);
    CHECK_RV(read_attribute(session, dsa.public_key, CKA_SEED, value, sizeof value, &len),
             CKR_ATTRIBUTE_TYPE_INVALID);
    OK(read_attribute(session, dsa.public_key, CKA_VALUE, NULL, 0, &len));
    CHECK_EQ(len, HEAD2_MLDSA65_PK_BYTES);
    CHECK_RV(read_attribute(session, dsa.public_key, CKA_VALUE, value, len - 1, &len),
             CKR_BUFFER_TOO_SMALL);
    OK(read_attribute(session, dsa.public_key, CKA_PUBLIC_KEY_INFO, spki, sizeof spki, &len));
    struct head2_key *const key = key_of(session, dsa.public_key, HEAD2_MLDSA_65);
    CHECK_EQ(head2_key_write_public(key, HEAD2_KEY_DER, again, &room), HEAD2_OK);
    CHECK_EQ(room, len);
    CHECK_MEM(again, spki, len);
    OK(read_attribute(session, dsa.public_key, CKA_ID, value, sizeof value, &len));
    head2_key_id(key, again);
    CHECK_MEM(value, again, 16);
    head2_key_free(key);
}

static void objects_are_found(void)
{
    const CK_SESSION_HANDLE session = begin();
    const struct pair dsa = make_pair(session, CKK_ML_DSA, CKP_ML_DSA_65, false);
    const struct pair kem = make_pair(session, CKK_ML_KEM, CKP_ML_KEM_1024, false);
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = CKK_ML_KEM;
    char known[] = "known";
    CK_ATTRIBUTE by_type[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type)};
    CK_ATTRIBUTE by_label[] = {TEXT(CKA_LABEL, known)};
    CK_OBJECT_HANDLE found[8];

    CHECK_EQ(find(session, NULL, 0, found, 8), 6); /* and the fixture's */
    CHECK_EQ(find(session, TEMPLATE(by_type), found, 8), 1);
    CHECK_EQ(found[0], kem.public_key);
    CHECK_EQ(find(session, TEMPLATE(by_label), found, 8), 2);
    by_label[0].len--;
    CHECK_EQ(find(session, TEMPLATE(by_label), found, 8), 0);
    attributes_of(session, dsa, kem);
    CHECK_RV(p11->C_DestroyObject(session, dsa.public_key), CKR_ACTION_PROHIBITED);
    OK(p11->C_DestroyObject(session, dsa.private_key));
    CHECK_RV(p11->C_DestroyObject(session, dsa.private_key), CKR_OBJECT_HANDLE_INVALID);
    CHECK_EQ(find(session, NULL, 0, found, 8), 4);
    end();
}

static void templates_are_obeyed_or_refused(void)
{
    const CK_SESSION_HANDLE session = begin();
    CK_MECHANISM mechanism = {CKM_ML_DSA_KEY_PAIR_GEN, NULL, 0};
    CK_ULONG set = CKP_ML_DSA_44;
    char start[] = "20200101", past[] = "20210228";
    CK_ATTRIBUTE public_template[] = {ATTR(CKA_PARAMETER_SET, set), ATTR(CKA_TOKEN, yes)};
    CK_ATTRIBUTE t[] = {ATTR(CKA_TOKEN, yes), ATTR(CKA_SENSITIVE, yes), {0}};
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        const void *value;
        CK_ULONG len;
        CK_RV rv;
    } cases[] = {
        {CKA_TOKEN,       &no,        1, CKR_TEMPLATE_INCONSISTENT  },
        {CKA_EXTRACTABLE, &yes,       1, CKR_TEMPLATE_INCONSISTENT  }, /* and sensitive */
        {CKA_DECAPSULATE, &yes,       1, CKR_TEMPLATE_INCONSISTENT  },
        {CKA_UNWRAP,      &yes,       1, CKR_TEMPLATE_INCONSISTENT  },
        {CKA_SIGN,        &yes,       2, CKR_ATTRIBUTE_VALUE_INVALID},
        {CKA_ID,          "id",       2, CKR_ATTRIBUTE_VALUE_INVALID},
        {CKA_LABEL,       "\n",       1, CKR_ATTRIBUTE_VALUE_INVALID},
        {CKA_SEED,        "se",       2, CKR_ATTRIBUTE_TYPE_INVALID },
        {0x80001234,      "",         0, CKR_ATTRIBUTE_TYPE_INVALID },
        {CKA_START_DATE,  "20210231", 8, CKR_ATTRIBUTE_VALUE_INVALID},
        {CKA_SIGN,        NULL,       1, CKR_ARGUMENTS_BAD          },
    };
    struct pair p;
    size_t len;

    for (size_t i = 0; i < HEAD2_LEN(cases); i++) {
        CK_BYTE copy[16] = {0};
        if (cases[i].value != NULL)
            memcpy(copy, cases[i].value,
                   cases[i].len == 2 && cases[i].type == CKA_SIGN ? 1 : cases[i].len);
        CK_ATTRIBUTE one[] = {
            {cases[i].type, cases[i].value != NULL ? copy : NULL, cases[i].len},
            t[1], t[0]
        };
        const CK_RV rv = p11->C_GenerateKeyPair(session, &mechanism, TEMPLATE(public_template), one,
                                                cases[i].type == CKA_TOKEN ? 2 : 3, &p.public_key,
                                                &p.private_key);
        CHECK_SAY(rv == cases[i].rv, "case %zu gives 0x%lx", i, rv);
    }
    set = 4;
    CHECK_RV(p11->C_GenerateKeyPair(session, &mechanism, TEMPLATE(public_template), t, 2,
                                    &p.public_key, &p.private_key),
             CKR_PARAMETER_SET_NOT_SUPPORTED);
    set = CKP_ML_DSA_44;
    CHECK_RV(p11->C_GenerateKeyPair(session, &mechanism, public_template + 1, 1, t, 2,
                                    &p.public_key, &p.private_key),
             CKR_TEMPLATE_INCOMPLETE);
    /* a key of the past signs no more */
    CK_ATTRIBUTE dated[] = {ATTR(CKA_TOKEN, yes), TEXT(CKA_START_DATE, start),
                            TEXT(CKA_END_DATE, past)};
    OK(p11->C_GenerateKeyPair(session, &mechanism, TEMPLATE(public_template), TEMPLATE(dated),
                              &p.public_key, &p.private_key));
    char date[9] = {0};
    OK(read_attribute(session, p.private_key, CKA_END_DATE, date, 8, &len));
    CHECK(len == 8 && strcmp(date, past) == 0);
    CK_MECHANISM signs = {CKM_ML_DSA, NULL, 0};
    CK_BYTE sig[HEAD2_KEY_MAX_SIG];
    CK_ULONG sig_len = sizeof sig;
    OK(p11->C_SignInit(session, &signs, p.private_key));
    CHECK_RV(p11->C_Sign(session, message, 9, sig, &sig_len), CKR_KEY_FUNCTION_NOT_PERMITTED);
    CHECK_RV(p11->C_CreateObject(session, t, 2, &p.public_key), CKR_TEMPLATE_INCOMPLETE);
    end();
}

/* ---- signatures ---- */

static CK_ULONG sign_parts(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE key,
                           CK_BYTE *sig)
{
    CK_ULONG len = 0;

    OK(p11->C_SignInit(session, m, key));
    OK(p11->C_SignUpdate(session, message, 2));
    CHECK_RV(p11->C_Sign(session, message, 1, sig, &len), CKR_OPERATION_ACTIVE);
    OK(p11->C_SignUpdate(session, message + 2, 0));
    OK(p11->C_SignUpdate(session, message + 2, 7));
    OK(p11->C_SignFinal(session, NULL, &len));
    len--;
    CHECK_RV(p11->C_SignFinal(session, sig, &len), CKR_BUFFER_TOO_SMALL);
    OK(p11->C_SignFinal(session, sig, &len));
    CHECK_RV(p11->C_SignFinal(session, sig, &len), CKR_OPERATION_NOT_INITIALIZED);
    return len;
}

static CK_ULONG sign_whole(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE key,
                           const CK_BYTE *data, CK_ULONG data_len, CK_BYTE *sig)
{
    CK_ULONG len = 0;

    OK(p11->C_SignInit(session, m, key));
    CHECK_RV(p11->C_SignInit(session, m, key), CKR_OPERATION_ACTIVE);
    OK(p11->C_Sign(session, data, data_len, NULL, &len));
    len--;
    CHECK_RV(p11->C_Sign(session, data, data_len, sig, &len), CKR_BUFFER_TOO_SMALL);
    OK(p11->C_Sign(session, data, data_len, sig, &len));
    CHECK_RV(p11->C_Sign(session, data, data_len, sig, &len), CKR_OPERATION_NOT_INITIALIZED);
    return len;
}

/* Good in every way of asking, and not once a bit is changed. */
static void verify_all_ways(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE key,
                            CK_BYTE *sig, CK_ULONG len)
{
    OK(p11->C_VerifyInit(session, m, key));
    OK(p11->C_Verify(session, message, 9, sig, len));
    OK(p11->C_VerifyInit(session, m, key));
    OK(p11->C_VerifyUpdate(session, message, 4));
    OK(p11->C_VerifyUpdate(session, message + 4, 5));
    OK(p11->C_VerifyFinal(session, sig, len));
    OK(p11->C_VerifySignatureInit(session, m, key, sig, len));
    CHECK_RV(p11->C_Verify(session, message, 9, sig, len), CKR_OPERATION_NOT_INITIALIZED);
    OK(p11->C_VerifySignature(session, message, 9));
    OK(p11->C_VerifySignatureInit(session, m, key, sig, len));
    OK(p11->C_VerifySignatureUpdate(session, message, 9));
    OK(p11->C_VerifySignatureFinal(session));
    sig[70] ^= 4;
    OK(p11->C_VerifyInit(session, m, key));
    CHECK_RV(p11->C_Verify(session, message, 9, sig, len), CKR_SIGNATURE_INVALID);
    CHECK_RV(p11->C_Verify(session, message, 9, sig, len), CKR_OPERATION_NOT_INITIALIZED);
    OK(p11->C_VerifySignatureInit(session, m, key, sig, len));
    CHECK_RV(p11->C_VerifySignature(session, message, 9), CKR_SIGNATURE_INVALID);
    OK(p11->C_VerifyInit(session, m, key));
    CHECK_RV(p11->C_Verify(session, message, 9, sig, len - 1), CKR_SIGNATURE_LEN_RANGE);
    sig[70] ^= 4;
}

static void signatures_of_messages(void)
{
    const CK_SESSION_HANDLE session = begin();
    static CK_BYTE sig[2][HEAD2_KEY_MAX_SIG], big[200000];
    CK_BYTE context[] = "a context";
    CK_SIGN_ADDITIONAL_CONTEXT extra = {CKH_DETERMINISTIC_REQUIRED, context, 9};
    CK_MECHANISM plain = {CKM_ML_DSA, NULL, 0}, with = {CKM_ML_DSA, &extra, sizeof extra};

    for (CK_ULONG set = CKP_ML_DSA_44; set <= CKP_ML_DSA_87; set++) {
        const enum head2_alg alg = (enum head2_alg)(HEAD2_MLDSA_44 + (set - 1));
        const struct pair p = make_pair(session, CKK_ML_DSA, set, false);
        struct head2_key *const key = key_of(session, p.public_key, alg);
        CK_ULONG len = sign_whole(session, &plain, p.private_key, message, 9, sig[0]);
        CHECK_EQ(len, head2_alg_sig_bytes(alg));
        CHECK_EQ(head2_key_verify(key, message, 9, NULL, 0, sig[0], len), HEAD2_OK);
        len = sign_parts(session, &plain, p.private_key, sig[1]);
        CHECK_EQ(head2_key_verify(key, message, 9, NULL, 0, sig[1], len), HEAD2_OK);
        verify_all_ways(session, &plain, p.public_key, sig[1], len);
        /* deterministic: the keeper's own and that by mu are the same */
        sign_whole(session, &with, p.private_key, message, 9, sig[0]);
        sign_parts(session, &with, p.private_key, sig[1]);
        CHECK_MEM(sig[0], sig[1], len);
        CHECK_EQ(head2_key_verify(key, message, 9, context, 9, sig[0], len), HEAD2_OK);
        verify_all_ways(session, &with, p.public_key, sig[0], len);
        /* longer than a keeper's message */
        sign_whole(session, &with, p.private_key, big, sizeof big, sig[0]);
        CHECK_EQ(head2_key_verify(key, big, sizeof big, context, 9, sig[0], len), HEAD2_OK);
        head2_key_free(key);
    }
    extra.hedge = 3;
    CHECK_RV(p11->C_SignInit(session, &with, 2), CKR_MECHANISM_PARAM_INVALID);
    extra = (CK_SIGN_ADDITIONAL_CONTEXT){CKH_HEDGE_REQUIRED, context, 256};
    CHECK_RV(p11->C_SignInit(session, &with, 2), CKR_MECHANISM_PARAM_INVALID);
    end();
}

static void signatures_of_hashes(void)
{
    static const CK_MECHANISM_TYPE hashes[] = {CKM_SHA224,
                                               CKM_SHA256,
                                               CKM_SHA384,
                                               CKM_SHA512,
                                               CKM_SHA3_224,
                                               CKM_SHA3_256,
                                               CKM_SHA3_384,
                                               CKM_SHA3_512,
                                               CKM_SHAKE_128_KEY_DERIVATION,
                                               CKM_SHAKE_256_KEY_DERIVATION};
    static const enum head2_prehash prehashes[] = {
        HEAD2_PREHASH_SHA2_224, HEAD2_PREHASH_SHA2_256, HEAD2_PREHASH_SHA2_384,
        HEAD2_PREHASH_SHA2_512, HEAD2_PREHASH_SHA3_224, HEAD2_PREHASH_SHA3_256,
        HEAD2_PREHASH_SHA3_384, HEAD2_PREHASH_SHA3_512, HEAD2_PREHASH_SHAKE_128,
        HEAD2_PREHASH_SHAKE_256};
    const CK_SESSION_HANDLE session = begin();
    const struct pair p = make_pair(session, CKK_ML_DSA, CKP_ML_DSA_44, false);
    struct head2_key *const key = key_of(session, p.public_key, HEAD2_MLDSA_44);
    CK_BYTE sig[HEAD2_KEY_MAX_SIG], digest[HEAD2_PREHASH_MAX_BYTES];

    for (size_t i = 0; i < HEAD2_LEN(hashes); i++) {
        const size_t bytes = head2_prehash_bytes(prehashes[i]);
        CK_HASH_SIGN_ADDITIONAL_CONTEXT of_digest = {CKH_HEDGE_REQUIRED, digest, 1, hashes[i]};
        CK_MECHANISM by_digest = {CKM_HASH_ML_DSA, &of_digest, sizeof of_digest};
        CK_MECHANISM hashing = {CKM_HASH_ML_DSA_SHA224 + i, NULL, 0};
        CK_ULONG len = sign_parts(session, &hashing, p.private_key, sig);
        CHECK_EQ(head2_prehash(digest, prehashes[i], message, 9), HEAD2_OK);
        CHECK_EQ(head2_mldsa44_verify_hash(head2_key_public(key), prehashes[i], digest, bytes, NULL,
                                           0, sig, len),
                 HEAD2_OK);
        verify_all_ways(session, &hashing, p.public_key, sig, len);
        len = sign_whole(session, &by_digest, p.private_key, digest, bytes, sig);
        CHECK_EQ(head2_mldsa44_verify_hash(head2_key_public(key), prehashes[i], digest, bytes,
                                           digest, 1, sig, len),
                 HEAD2_OK);
        OK(p11->C_VerifyInit(session, &by_digest, p.public_key));
        OK(p11->C_Verify(session, digest, bytes, sig, len));
        OK(p11->C_SignInit(session, &by_digest, p.private_key));
        CHECK_RV(p11->C_Sign(session, digest, bytes - 1, sig, &len), CKR_DATA_LEN_RANGE);
        OK(p11->C_SignInit(session, &by_digest, p.private_key));
        CHECK_RV(p11->C_SignUpdate(session, digest, bytes), CKR_FUNCTION_NOT_SUPPORTED);
    }
    head2_key_free(key);
    end();
}

static void digests_and_random_numbers(void)
{
    const CK_SESSION_HANDLE session = begin();
    CK_MECHANISM m = {CKM_SHA3_256, NULL, 0};
    CK_BYTE digest[32], want[32];
    static CK_BYTE random[2][100000];
    CK_ULONG len = 31;

    OK(p11->C_DigestInit(session, &m));
    CHECK_RV(p11->C_Digest(session, message, 9, digest, &len), CKR_BUFFER_TOO_SMALL);
    OK(p11->C_Digest(session, message, 9, digest, &len));
    head2_sha3_256(want, message, 9);
    CHECK_MEM(digest, want, 32);
    OK(p11->C_DigestInit(session, &m));
    OK(p11->C_DigestUpdate(session, message, 4));
    OK(p11->C_DigestUpdate(session, message + 4, 5));
    OK(p11->C_DigestFinal(session, digest, &len));
    CHECK_MEM(digest, want, 32);
    for (int i = 0; i < 2; i++)
        OK(p11->C_GenerateRandom(session, random[i], sizeof random[i]));
    CHECK(memcmp(random[0], random[1], 32) != 0);
    CHECK(memcmp(random[0] + sizeof random[0] - 32, random[1] + sizeof random[0] - 32, 32) != 0);
    CHECK_RV(p11->C_SeedRandom(session, message, 9), CKR_RANDOM_SEED_NOT_SUPPORTED);
    end();
}

int main(void)
{
    RUN(objects_are_found);
    RUN(templates_are_obeyed_or_refused);
    RUN(signatures_of_messages);
    RUN(signatures_of_hashes);
    RUN(digests_and_random_numbers);
    if (keeper_pid > 0)
        kill(keeper_pid, SIGKILL);
    remove_folder();
    CHECK_EXIT();
}
