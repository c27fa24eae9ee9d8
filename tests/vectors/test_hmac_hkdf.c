/*
 * HMAC-SHA3-512 against NIST's examples and Wycheproof, HKDF-SHA3-512 against the inputs of
 * RFC 5869's test cases worked out with Python's hmac, and both against libcrypto.
 */
#include "vectors/reading.h"

#include <head2/hash.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

static void fill(uint8_t *p, size_t n, unsigned first)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(first + i);
}

static void nist_hmac_examples(void)
{
    static const struct {
        size_t key_len;
        const char *msg;
        const char *mac;
    } examples[] = {
        {64,  "Sample message for keylen<blocklen",
         "4efd629d6c71bf86162658f29943b1c308ce27cdfa6db0d9c3ce81763f9cbce5f7ebe9868031db1a8f8eb7b6b"
         "9"
         "5e5c5e3f657a8996c86a2f6527e307f0213196"},
        {72,  "Sample message for keylen=blocklen",
         "544e257ea2a3e5ea19a590e6a24b724ce6327757723fe2751b75bf007d80f6b360744bf1b7a88ea585f9765b4"
         "7"
         "911976d3191cf83c039f5ffab0d29cc9d9b6da"},
        {136, "Sample message for keylen>blocklen",
         "5f464f5e5b7848e3885e49b2c385f0694985d0e38966242dc4a5fe3fea4b37d46b65ceced5dcf59438dd840ba"
         "b"
         "22269f0ba7febdb9fcf74602a35666b2a32915"},
    };
    uint8_t key[136];
    uint8_t mac[64];

    fill(key, sizeof key, 0);
    for (size_t i = 0; i < 3; i++) {
        head2_hmac_sha3_512(mac, key, examples[i].key_len, examples[i].msg,
                            strlen(examples[i].msg));
        CHECK_HEX(mac, 64, examples[i].mac);
    }
}

static void wycheproof_hmac(void)
{
    json_t *json = load_json("sha3/hmac_sha3_512_test.json");
    json_t *group;
    json_t *test;
    size_t i;
    size_t j;
    int cases = 0;
    int invalid = 0;

    json_array_foreach(json_object_get(json, "testGroups"), i, group)
    {
        const size_t tag_len = (size_t)number_at(group, "tagSize") / 8;
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            struct bytes key = bytes_at(test, "key");
            struct bytes msg = bytes_at(test, "msg");
            struct bytes tag = bytes_at(test, "tag");
            const bool valid = strcmp(text_at(test, "result"), "valid") == 0;
            uint8_t mac[64];
            head2_hmac_sha3_512(mac, key.p, key.len, msg.p, msg.len);
            const bool same = tag.len == tag_len && memcmp(mac, tag.p, tag_len) == 0;
            CHECK_SAY(same == valid, "tcId %lld", number_at(test, "tcId"));
            cases++;
            invalid += !valid;
            free(key.p);
            free(msg.p);
            free(tag.p);
        }
    }
    CHECK_EQ(cases, number_at(json, "numberOfTests"));
    CHECK(invalid > 0 && invalid < cases);
    json_decref(json);
}

static void known_hkdf(void)
{
    uint8_t ikm[80];
    uint8_t salt[80];
    uint8_t info[80];
    uint8_t prk[64];
    uint8_t okm[82];

    memset(ikm, 0x0b, 22); /* the inputs of RFC 5869, Appendix A.1 */
    fill(salt, 13, 0);
    fill(info, 10, 0xf0);
    head2_hkdf_sha3_512_extract(prk, salt, 13, ikm, 22);
    CHECK_HEX(prk, 64,
              "e1c543094f64f3d6c6658a94a94e3818ba13d0b3e77074b80f88f32e6b8433b703536cb500753967fae2"
              "ea977e11e4dd4f45389807cdf255b395e46807c87d5d");
    CHECK(head2_hkdf_sha3_512_expand(okm, 42, prk, info, 10) == HEAD2_OK);
    CHECK_HEX(
        okm, 42,
        "40e9f17e9bf2ef99425c2b23ccdf20a018ea5513f9ae68e1ea8c626deb57dfa4d56c27ccf2a2a24488a5");

    head2_hkdf_sha3_512_extract(prk, NULL, 0, ikm, 22); /* A.3: neither salt nor info */
    CHECK(head2_hkdf_sha3_512_expand(okm, 42, prk, NULL, 0) == HEAD2_OK);
    CHECK_HEX(
        okm, 42,
        "38bd71e45b397b775b563365a33258a6fd83abc1e86acf042f0723c2b68ebf073a75c34c69328835ee4c");

    fill(ikm, 80, 0); /* A.2 */
    fill(salt, 80, 0x60);
    fill(info, 80, 0xb0);
    head2_hkdf_sha3_512_extract(prk, salt, 80, ikm, 80);
    CHECK(head2_hkdf_sha3_512_expand(okm, 82, prk, info, 80) == HEAD2_OK);
    CHECK_HEX(okm, 82,
              "3adf31011245f82cc6b5c3b2ea31fe2a9b855b425c3ecdd8da4a3fc5d0c3563f63bbdedf7ca912d2e98c"
              "bc853d978066ab177f19a7349e3982549b82a307e2113891691f2536ce45eb5ddf9b5175859ce8d5");
}

static void peer_hkdf(uint8_t *out, size_t out_len, uint8_t *ikm, size_t ikm_len, size_t salt_len,
                      size_t info_len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    char digest[] = "SHA3-512";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, ikm, ikm_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, ikm, salt_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, ikm, info_len),
        OSSL_PARAM_construct_end(),
    };
    CHECK_EQ(EVP_KDF_derive(ctx, out, out_len, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

/* Every length of output up to five blocks, and salts and infos around the block size. */
static void hkdf_agrees_with_libcrypto(void)
{
    uint8_t ikm[256];
    uint8_t prk[64];
    uint8_t ours[320];
    uint8_t theirs[320];

    fill(ikm, sizeof ikm, 7);
    for (size_t n = 1; n <= sizeof ours; n++) {
        const size_t salt_len = 1 + n % 150;
        const size_t info_len = n % 97;
        const size_t ikm_len = 1 + n % 200;
        head2_hkdf_sha3_512_extract(prk, ikm, salt_len, ikm, ikm_len);
        CHECK(head2_hkdf_sha3_512_expand(ours, n, prk, ikm, info_len) == HEAD2_OK);
        peer_hkdf(theirs, n, ikm, ikm_len, salt_len, info_len);
        CHECK_SAY(memcmp(ours, theirs, n) == 0, "%zu bytes of output", n);
    }
}

static void hkdf_limit(void)
{
    static uint8_t out[255 * 64 + 1];
    uint8_t prk[64] = {1};

    CHECK(head2_hkdf_sha3_512_expand(out, 255 * 64, prk, NULL, 0) == HEAD2_OK);
    out[0] = 99;
    CHECK(head2_hkdf_sha3_512_expand(out, 255 * 64 + 1, prk, NULL, 0) == HEAD2_E_ARG);
    CHECK_EQ(out[0], 99);
}

int main(void)
{
    RUN(nist_hmac_examples);
    RUN(wycheproof_hmac);
    RUN(known_hkdf);
    RUN(hkdf_agrees_with_libcrypto);
    RUN(hkdf_limit);
    CHECK_EXIT();
}
