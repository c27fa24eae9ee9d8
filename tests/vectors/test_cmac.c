/*
 * AES-CMAC against RFC 4493, SP 800-38B and Wycheproof.
 */
#include "vectors/reading.h"

#include <head2/aead.h>

static void published_examples(void)
{
    struct bytes k128 = bytes_of_hex("2b7e151628aed2a6abf7158809cf4f3c");
    struct bytes k256 =
        bytes_of_hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    struct bytes msg =
        bytes_of_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                     "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
    uint8_t tag[16];

    CHECK(head2_aes_cmac(tag, k128.p, 16, NULL, 0) == HEAD2_OK);
    CHECK_HEX(tag, 16, "bb1d6929e95937287fa37d129b756746");
    CHECK(head2_aes_cmac(tag, k128.p, 16, msg.p, 16) == HEAD2_OK);
    CHECK_HEX(tag, 16, "070a16b46b4d4144f79bdd9dd04a287c");
    CHECK(head2_aes_cmac(tag, k128.p, 16, msg.p, 40) == HEAD2_OK);
    CHECK_HEX(tag, 16, "dfa66747de9ae63030ca32611497c827");
    CHECK(head2_aes_cmac(tag, k256.p, 32, NULL, 0) == HEAD2_OK);
    CHECK_HEX(tag, 16, "028962f61b7bf89efc6b551f4667d983");
    CHECK(head2_aes_cmac(tag, k256.p, 32, msg.p, 64) == HEAD2_OK);
    CHECK_HEX(tag, 16, "e1992190549f6ed5696a2c056c315410");
    free(k128.p);
    free(k256.p);
    free(msg.p);
}

static void wycheproof(void)
{
    json_t *json = load_json("cmac/aes_cmac_test.json");
    json_t *group;
    json_t *test;
    size_t i;
    size_t j;
    int run = 0;
    int refused = 0;

    json_array_foreach(json_object_get(json, "testGroups"), i, group)
    {
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            struct bytes key = bytes_at(test, "key");
            struct bytes msg = bytes_at(test, "msg");
            struct bytes want = bytes_at(test, "tag");
            const bool valid = strcmp(text_at(test, "result"), "valid") == 0;
            uint8_t tag[16];
            const enum head2_status st = head2_aes_cmac(tag, key.p, key.len, msg.p, msg.len);
            if (key.len == 16 || key.len == 32) {
                CHECK(st == HEAD2_OK && want.len <= 16);
                CHECK_SAY((memcmp(tag, want.p, want.len) == 0) == valid, "tcId %lld",
                          number_at(test, "tcId"));
                run++;
            } else {
                CHECK_SAY(st == HEAD2_E_ARG, "tcId %lld", number_at(test, "tcId"));
                refused++;
            }
            free(key.p);
            free(msg.p);
            free(want.p);
        }
    }
    printf("# AES-CMAC: %d run, %d with keys that are refused\n", run, refused);
    CHECK_EQ(run, 204);
    CHECK_EQ(run + refused, number_at(json, "numberOfTests"));
    json_decref(json);
}

int main(void)
{
    RUN(published_examples);
    RUN(wycheproof);
    CHECK_EXIT();
}
