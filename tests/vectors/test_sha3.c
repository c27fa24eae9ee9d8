/*
 * SHA-3 and SHAKE against values that NIST published: a few in this file, and the CAVP files.
 */
#include "vectors/reading.h"

#include <head2/hash.h>

static void known_digests(void)
{
    uint8_t d[64];

    head2_sha3_256(d, NULL, 0);
    CHECK_HEX(d, 32, "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
    head2_sha3_256(d, "abc", 3);
    CHECK_HEX(d, 32, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
    head2_sha3_512(d, NULL, 0);
    CHECK_HEX(d, 64,
              "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a615b2123af1f5f94c11e"
              "3e9402c3ac558f500199d95b6d3e301758586281dcd26");
    head2_sha3_512(d, "abc", 3);
    CHECK_HEX(d, 64,
              "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7"
              "ec57647e3934057340b4cf408d5a56592f8274eec53f0");
    head2_shake128(d, 32, NULL, 0);
    CHECK_HEX(d, 32, "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26");
    head2_shake256(d, 32, NULL, 0);
    CHECK_HEX(d, 32, "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f");
}

static void known_million_of_a(void)
{
    static uint8_t a[1000];
    struct head2_keccak small;
    struct head2_keccak large;
    uint8_t d[64];

    memset(a, 'a', sizeof a);
    head2_sha3_256_init(&small);
    head2_sha3_512_init(&large);
    for (int i = 0; i < 1000; i++) {
        head2_sha3_update(&small, a, sizeof a);
        head2_sha3_update(&large, a, sizeof a);
    }
    head2_sha3_final(&small, d);
    CHECK_HEX(d, 32, "5c8875ae474a3634ba4fd55ec85bffd661f32aca75c6d699d0cdcb6c115891c1");
    head2_sha3_final(&large, d);
    CHECK_HEX(d, 64,
              "3c3a876da14034ab60627c077bb98f7e120a2a5370212dffb3385a18d4f38859ed311d0a9d5141ce9cc"
              "5c66ee689b266a8aa18ace8282a0e0db596c90b0a7b87");
}

static int run_fixed(const char *file, void (*hash)(uint8_t *, const void *, size_t), size_t size)
{
    char *text = check_vectors(file, NULL);
    char *at = text;
    const char *bits;
    int cases = 0;

    while ((bits = next_value(&at, "Len")) != NULL) {
        const size_t len = strtoul(bits, NULL, 10) / 8; /* "Len = 0" comes with "Msg = 00" */
        struct bytes msg = next_bytes(&at, "Msg");
        struct bytes want = next_bytes(&at, "MD");
        uint8_t d[64];
        CHECK(len <= msg.len && want.len == size);
        hash(d, msg.p, len);
        CHECK_SAY(memcmp(d, want.p, size) == 0, "%s: case %d of %zu bytes", file, cases, len);
        free(msg.p);
        free(want.p);
        cases++;
    }
    free(text);
    return cases;
}

static void cavp_sha3_256(void)
{
    CHECK(run_fixed("sha3/SHA3_256ShortMsg.txt", head2_sha3_256, 32) > 100);
    CHECK(run_fixed("sha3/SHA3_256LongMsg.txt", head2_sha3_256, 32) >= 100);
}

static void cavp_sha3_512(void)
{
    CHECK(run_fixed("sha3/SHA3_512ShortMsg.txt", head2_sha3_512, 64) > 70);
    CHECK(run_fixed("sha3/SHA3_512LongMsg.txt", head2_sha3_512, 64) >= 100);
}

static void run_shake(const char *file, void (*xof)(uint8_t *, size_t, const void *, size_t))
{
    char *text = check_vectors(file, NULL);
    char *at = text;
    const char *bits;
    int cases = 0;

    while ((bits = next_value(&at, "Outputlen")) != NULL) {
        const size_t len = strtoul(bits, NULL, 10) / 8;
        struct bytes msg = next_bytes(&at, "Msg");
        struct bytes want = next_bytes(&at, "MD");
        uint8_t out[256];
        CHECK(len <= sizeof out && want.len == len);
        xof(out, len, msg.p, msg.len);
        CHECK_SAY(memcmp(out, want.p, len) == 0, "%s: case %d", file, cases);
        free(msg.p);
        free(want.p);
        cases++;
    }
    free(text);
    CHECK(cases > 1000);
}

static void cavp_shake128(void)
{
    run_shake("sha3/SHAKE128VariableOut.txt", head2_shake128);
}

static void cavp_shake256(void)
{
    run_shake("sha3/SHAKE256VariableOut.txt", head2_shake256);
}

int main(void)
{
    RUN(known_digests);
    RUN(known_million_of_a);
    RUN(cavp_sha3_256);
    RUN(cavp_sha3_512);
    RUN(cavp_shake128);
    RUN(cavp_shake256);
    CHECK_EXIT();
}
