/*
 * ACVP prompts: edits of small ones of every algorithm, and any bytes. The verb answers, or says
 * what is wrong; it never calls itself at fault.
 */
#include "fuzz/cli_quiet.h"

#define PROMPT(algorithm, mode, group, test)                                                       \
    "{\"vsId\":1,\"algorithm\":\"" algorithm "\",\"mode\":\"" mode                                 \
    "\",\"testGroups\":[{\"tgId\":1,\"testType\":\"AFT\"," group ",\"tests\":[{\"tcId\":1," test   \
    "}]}]}"
#define ZEROS32 "0000000000000000000000000000000000000000000000000000000000000000"

static const char *const bases[] = {
    PROMPT("ML-KEM", "keyGen", "\"parameterSet\":\"ML-KEM-512\"",
           "\"d\":\"" ZEROS32 "\",\"z\":\"" ZEROS32 "\""),
    PROMPT("ML-KEM", "encapDecap",
           "\"parameterSet\":\"ML-KEM-768\",\"function\":\"encapsulationKeyCheck\"",
           "\"ek\":\"00\""),
    PROMPT("ML-KEM", "encapDecap",
           "\"parameterSet\":\"ML-KEM-1024\",\"function\":\"decapsulation\"",
           "\"dk\":\"00\",\"c\":\"00\""),
    PROMPT("ML-DSA", "keyGen", "\"parameterSet\":\"ML-DSA-44\"", "\"seed\":\"" ZEROS32 "\""),
    PROMPT("ML-DSA", "sigVer",
           "\"parameterSet\":\"ML-DSA-65\",\"signatureInterface\":\"external\",\"preHash\":"
           "\"preHash\"",
           "\"pk\":\"00\",\"message\":\"00\",\"context\":\"00\",\"hashAlg\":\"SHA2-256\","
           "\"signature\":\"00\""),
    PROMPT("ML-DSA", "sigGen", "\"parameterSet\":\"ML-DSA-87\",\"deterministic\":true",
           "\"sk\":\"00\",\"message\":\"00\""),
    PROMPT("SHA3-256", "", "\"x\":1", "\"msg\":\"00ff\",\"len\":16"),
    PROMPT("SHAKE-128", "", "\"x\":1", "\"msg\":\"00ff\",\"len\":16,\"outLen\":256"),
    PROMPT("ACVP-AES-GCM", "", "\"direction\":\"decrypt\"",
           "\"key\":\"" ZEROS32 "\",\"iv\":\"000000000000000000000000\",\"aad\":\"\",\"ct\":\"00\","
           "\"tag\":\"00000000000000000000000000000000\""),
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t text[65536];
    struct input in = {data, size};
    char words[][8] = {"head2", "acvp", "p.json", "--check", "q.json"};
    char *argv[] = {words[0], words[1], words[2], words[3], words[4], NULL};
    size_t len;

    if (fuzz_folder[0] == 0)
        cli_quiet();
    const uint8_t how = take8(&in);
    const char *base = bases[how % HEAD2_LEN(bases)];
    if (how & 0x80) {
        len = take_bytes(&in, text, sizeof text);
    } else {
        len = strlen(base);
        memcpy(text, base, len);
        edit(&in, text, &len, sizeof text);
    }
    fuzz_put("p.json", text, len);
    const bool check = (how & 0x40) != 0;
    if (check) { /* the expected results are the prompt, edited once more */
        edit(&in, text, &len, sizeof text);
        fuzz_put("q.json", text, len);
    }
    const int code = cli_main(check ? 5 : 3, argv);
    FUZZ_ASSERT(code == CLI_DONE || code == CLI_INPUT || (check && code == CLI_FAILED));
    return 0;
}
