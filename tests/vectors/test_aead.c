/*
 * AES-GCM against the cases of its designers and Wycheproof. Wycheproof's groups with other nonce
 * sizes or 192-bit keys are not for us: HEAD2's interface cannot express them.
 */
#include "vectors/reading.h"

#include "gateway/ipsec_mb.h"

#include <head2/aead.h>

/* Test cases 13, 14 and 16 of "The Galois/Counter Mode of Operation", McGrew and Viega. */
static void designers_cases(void)
{
    struct head2_aead *aead;
    const uint8_t zero[32] = {0};
    uint8_t out[80];
    struct bytes key =
        bytes_of_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    struct bytes iv = bytes_of_hex("cafebabefacedbaddecaf888");
    struct bytes aad = bytes_of_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    struct bytes pt =
        bytes_of_hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");

    CHECK(head2_aead_new(&aead) == HEAD2_OK);
    CHECK(head2_aead_set_key(aead, zero, 32) == HEAD2_OK);
    CHECK(head2_aead_seal(aead, out, zero, NULL, 0, NULL, 0) == HEAD2_OK);
    CHECK_HEX(out, 16, "530f8afbc74536b9a963b4f1c4cb738b");
    CHECK(head2_aead_seal(aead, out, zero, NULL, 0, zero, 16) == HEAD2_OK);
    CHECK_HEX(out, 32, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");

    CHECK(head2_aead_set_key(aead, key.p, key.len) == HEAD2_OK);
    CHECK(head2_aead_seal(aead, out, iv.p, aad.p, aad.len, pt.p, pt.len) == HEAD2_OK);
    CHECK_HEX(
        out, 76,
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1"
        "056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
    head2_aead_free(aead);
    free(key.p);
    free(iv.p);
    free(aad.p);
    free(pt.p);
}

static void run_case(struct head2_aead *aead, const json_t *test)
{
    struct bytes key = bytes_at(test, "key");
    struct bytes iv = bytes_at(test, "iv");
    struct bytes aad = bytes_at(test, "aad");
    struct bytes msg = bytes_at(test, "msg");
    struct bytes ct = bytes_at(test, "ct");
    struct bytes tag = bytes_at(test, "tag");
    const bool valid = strcmp(text_at(test, "result"), "valid") == 0;
    const long long id = number_at(test, "tcId");
    uint8_t *sealed = malloc(ct.len + 16);
    uint8_t *out = malloc(ct.len + 16);

    CHECK(sealed != NULL && out != NULL && tag.len == 16 && iv.len == 12);
    memcpy(sealed, ct.p, ct.len);
    memcpy(sealed + ct.len, tag.p, 16);
    CHECK(head2_aead_set_key(aead, key.p, key.len) == HEAD2_OK);
    memset(out, 0xaa, ct.len + 16);
    const enum head2_status st =
        head2_aead_open(aead, out, iv.p, aad.p, aad.len, sealed, ct.len + 16);
    if (valid) {
        CHECK_SAY(st == HEAD2_OK && memcmp(out, msg.p, msg.len) == 0, "tcId %lld: open", id);
        CHECK(head2_aead_seal(aead, out, iv.p, aad.p, aad.len, msg.p, msg.len) == HEAD2_OK);
        CHECK_SAY(memcmp(out, sealed, ct.len + 16) == 0, "tcId %lld: seal", id);
    } else {
        CHECK_SAY(st == HEAD2_E_VERIFY, "tcId %lld: accepted", id);
        for (size_t i = 0; i < ct.len; i++)
            CHECK_SAY(out[i] == 0, "tcId %lld: plaintext left behind", id);
    }
    free(key.p);
    free(iv.p);
    free(aad.p);
    free(msg.p);
    free(ct.p);
    free(tag.p);
    free(sealed);
    free(out);
}

static void wycheproof(void)
{
    json_t *json = load_json("aes-gcm/aes_gcm_test.json");
    struct head2_aead *aead;
    json_t *group;
    json_t *test;
    size_t i;
    size_t j;
    int run = 0;
    int not_ours = 0;

    CHECK(head2_aead_new(&aead) == HEAD2_OK);
    json_array_foreach(json_object_get(json, "testGroups"), i, group)
    {
        const bool ours = number_at(group, "ivSize") == 96 && number_at(group, "tagSize") == 128 &&
                          number_at(group, "keySize") != 192;
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            if (ours)
                run_case(aead, test);
            run += ours;
            not_ours += !ours;
        }
    }
    head2_aead_free(aead);
    printf("# AES-GCM: %d run, %d with nonces or keys that are not offered\n", run, not_ours);
    CHECK_EQ(run + not_ours, number_at(json, "numberOfTests"));
    CHECK(run >= 133);
    json_decref(json);
}

/* The same cases again by the other provider, if the program is built with it. */
static void libipsec_mb_is_used(void)
{
    const struct aead_provider *p = ipsec_mb_provider();

    if (p == NULL)
        SKIP("built without libipsec-mb, or this processor is not for it");
    CHECK(aead_use(p));
    CHECK(aead_in_use() == p);
}

int main(void)
{
    RUN(designers_cases);
    RUN(wycheproof);
    RUN(libipsec_mb_is_used);
    if (aead_in_use() == ipsec_mb_provider()) {
        RUN(designers_cases);
        RUN(wycheproof);
    }
    CHECK_EXIT();
}
