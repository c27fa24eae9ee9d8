/*
 * BLAKE3 against the vectors of its authors: 35 lengths, three modes, 131 bytes of output each.
 * Where the file is absent its contents stand in this one as a digest over all of them.
 */
#include "vectors/reading.h"

#include <head2/hash.h>

enum { OUTPUT = 131, LONGEST = 102400 };

static const char key[] = "whats the Elvish word for friend";
static const char context[] = "BLAKE3 2019-12-27 16:29:52 test vectors context";
static uint8_t input[LONGEST];

static void fill_input(void)
{
    for (size_t i = 0; i < sizeof input; i++)
        input[i] = (uint8_t)(i % 251);
}

/* mode 0: hash, 1: keyed_hash, 2: derive_key */
static void compute(uint8_t out[OUTPUT], int mode, size_t len)
{
    struct head2_blake3 ctx;

    if (mode == 0)
        head2_blake3_init(&ctx);
    else if (mode == 1)
        head2_blake3_init_keyed(&ctx, (const uint8_t *)key);
    else
        head2_blake3_init_derive_key(&ctx, context, strlen(context));
    head2_blake3_update(&ctx, input, len);
    head2_blake3_final(&ctx, out, OUTPUT, 0);
}

static void known_digests(void)
{
    uint8_t d[32];

    head2_blake3(d, NULL, 0);
    CHECK_HEX(d, 32, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
    head2_blake3(d, "abc", 3);
    CHECK_HEX(d, 32, "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
}

/* SHA3-256 over the outputs of the authors' 105 cases, in the order of their file. */
static void digest_of_all_vectors(void)
{
    static const size_t lengths[] = {0,    1,    2,    3,    4,    5,     6,     7,     8,
                                     63,   64,   65,   127,  128,  129,   1023,  1024,  1025,
                                     2048, 2049, 3072, 3073, 4096, 4097,  5120,  5121,  6144,
                                     6145, 7168, 7169, 8192, 8193, 16384, 31744, 102400};
    struct head2_keccak all;
    uint8_t out[OUTPUT];
    uint8_t d[32];

    fill_input();
    head2_sha3_256_init(&all);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (int mode = 0; mode < 3; mode++) {
            compute(out, mode, lengths[i]);
            head2_sha3_update(&all, out, sizeof out);
        }
    }
    head2_sha3_final(&all, d);
    CHECK_HEX(d, 32, "1479540428170050d0cc1f6838fd7b362b822f1d73e2b5b2f9747e69b05b86e4");
}

static void authors_vectors(void)
{
    static const char *const modes[] = {"hash", "keyed_hash", "derive_key"};
    json_t *json = load_json("blake3/test_vectors.json");
    json_t *test;
    size_t i;
    int cases = 0;

    fill_input();
    CHECK(strcmp(text_at(json, "key"), key) == 0);
    CHECK(strcmp(text_at(json, "context_string"), context) == 0);
    json_array_foreach(json_object_get(json, "cases"), i, test)
    {
        const size_t len = (size_t)number_at(test, "input_len");
        CHECK(len <= sizeof input);
        for (int mode = 0; mode < 3; mode++) {
            struct bytes want = bytes_at(test, modes[mode]);
            uint8_t out[OUTPUT];
            CHECK_EQ(want.len, OUTPUT);
            compute(out, mode, len);
            CHECK_SAY(memcmp(out, want.p, OUTPUT) == 0, "%s of %zu bytes", modes[mode], len);
            free(want.p);
            cases++;
        }
    }
    json_decref(json);
    CHECK_EQ(cases, 105);
}

int main(void)
{
    RUN(known_digests);
    RUN(digest_of_all_vectors);
    RUN(authors_vectors);
    CHECK_EXIT();
}
