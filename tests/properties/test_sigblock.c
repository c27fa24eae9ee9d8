/*
 * The signature block: what is written is read, what is signed is what the format says, every
 * single-byte change is noticed, and other spellings are refused.
 */
#include "artifact_fixture.h"

#include "artifact/base64.h"

static const char document[] =
    "---\nmaml_version: \"1.0\"\nid: x\n---\n# Title\n\n---\n\n## Intent\n";

static char text[SIGBLOCK_MAX];
static size_t text_len;

static void write_text(const struct sigblock *b, const uint8_t *proof, size_t proof_len)
{
    text_len = sizeof text;
    CHECK_EQ(sigblock_write(b, proof, proof_len, text, &text_len), HEAD2_OK);
}

/* Replace the first `from` in the block by `to`. */
static void change(const char *from, const char *to)
{
    char *at = memmem(text, text_len, from, strlen(from));
    CHECK_SAY(at != NULL, "no '%s' in the block", from);
    const size_t tail = text_len - (size_t)(at - text) - strlen(from);
    memmove(at + strlen(to), at + strlen(from), tail);
    memcpy(at, to, strlen(to));
    text_len = text_len - strlen(from) + strlen(to);
}

static enum verdict judge(const struct head2_key *key, const void *artifact, size_t len)
{
    struct sigblock b;
    struct sigblock_fault fault;
    uint8_t digest[64];
    if (sigblock_parse(&b, text, text_len, &fault) != HEAD2_OK)
        return VERDICT_MALFORMED;
    digest_of(digest, b.hash, artifact, len);
    return sigblock_check(&b, digest, key, FIXTURE_TIME + 1000);
}

static void every_set_and_hash_goes_round(void)
{
    static const uint8_t proof[1000] = {1, 2, 3};
    for (enum head2_alg alg = HEAD2_MLDSA_44; alg <= HEAD2_MLDSA_87; alg++) {
        for (unsigned variant = 0; variant < 8; variant++) {
            struct sigblock b, back;
            struct sigblock_fault fault;
            struct head2_key *key = fixed_key(alg, 1);
            sign_block(&b, key, document, strlen(document));
            b.hash = (variant & 1) != 0 ? SIGBLOCK_SHA3_512 : SIGBLOCK_BLAKE3;
            digest_of(b.digest, b.hash, document, strlen(document));
            b.has_receipt = (variant & 2) != 0;
            b.receipt = 1842;
            b.has_proof = (variant & 4) != 0;
            const size_t proof_len = b.has_proof ? sizeof proof - variant : 0;
            head2_sha3_512(b.proof_hash, proof, proof_len);
            const struct artifact_signer s = artifact_signer_of_key(key, false);
            CHECK_EQ(sigblock_sign(&(struct sigblock *){&b}, 1, &s), HEAD2_OK);
            write_text(&b, proof, proof_len);
            CHECK_EQ(judge(key, document, strlen(document)), VERDICT_VALID);
            CHECK_EQ(judge(key, document, strlen(document) - 1), VERDICT_HASH);
            CHECK_EQ(sigblock_parse(&back, text, text_len, &fault), HEAD2_OK);
            CHECK(back.has_receipt == b.has_receipt && back.has_proof == b.has_proof);
            CHECK_EQ(back.receipt, b.has_receipt ? 1842 : 0);
            head2_key_free(key);
        }
    }
}

/* M, assembled by hand from formats.md section 2. */
static void the_message_is_as_specified(void)
{
    struct head2_key *key = fixed_key(HEAD2_MLDSA_87, 1);
    struct sigblock b;
    uint8_t m[SIGBLOCK_MESSAGE_MAX], want[SIGBLOCK_MESSAGE_MAX];
    sign_block(&b, key, document, strlen(document));
    size_t n = 0;
    memcpy(want, "\x01\x57\x01", 3);
    head2_blake3(want + 3, document, strlen(document));
    memcpy(want + 35, "\x00\x00\x01\x9a\x2b\x3b\xe5\xe3", 8); /* FIXTURE_TIME */
    memcpy(want + 43,
           "\x0e"
           "CHIMERA-HEAD-2",
           15);
    head2_key_id(key, want + 58);
    memcpy(want + 74, "\x0dtext/markdown\x00", 15);
    n = 89;
    CHECK_EQ(be64(want + 35), FIXTURE_TIME);
    CHECK_EQ(sigblock_message(&b, m), n);
    CHECK_MEM(m, want, n);
    b.has_proof = true;
    memset(b.proof_hash, 7, 64);
    want[88] = 1;
    memset(want + 89, 7, 64);
    CHECK_EQ(sigblock_message(&b, m), n + 64);
    CHECK_MEM(m, want, n + 64);
    head2_key_free(key);
}

static void every_changed_byte_is_noticed(void)
{
    struct head2_key *key = fixed_key(HEAD2_MLDSA_44, 1);
    struct sigblock b;
    static const uint8_t proof[30] = {9};
    sign_block(&b, key, document, strlen(document));
    b.has_proof = true;
    head2_sha3_512(b.proof_hash, proof, sizeof proof);
    const struct artifact_signer s = artifact_signer_of_key(key, true);
    CHECK_EQ(sigblock_sign(&(struct sigblock *){&b}, 1, &s), HEAD2_OK);
    write_text(&b, proof, sizeof proof);
    CHECK_EQ(judge(key, document, strlen(document)), VERDICT_VALID);
    /* every byte, with a bit chosen by its place, and three fixed changes */
    for (size_t i = 0; i < text_len; i++) {
        const char kept = text[i];
        const char others[] = {(char)(kept ^ (1 << (i % 7))), '\n', '"', ' '};
        for (size_t j = 0; j < sizeof others; j++) {
            text[i] = others[j];
            if (others[j] != kept)
                CHECK_SAY(judge(key, document, strlen(document)) != VERDICT_VALID,
                          "byte %zu: '%c' changed to '%c' is valid", i, kept, others[j]);
        }
        text[i] = kept;
    }
    for (size_t len = 0; len < text_len; len += 1 + len % 97) {
        const size_t whole = text_len;
        text_len = len;
        CHECK_EQ(judge(key, document, strlen(document)), VERDICT_MALFORMED);
        text_len = whole;
    }
    head2_key_free(key);
}

static void the_receipt_hint_alone_is_not_signed(void)
{
    struct head2_key *key = fixed_key(HEAD2_MLDSA_44, 1);
    struct sigblock b;
    sign_block(&b, key, document, strlen(document));
    b.has_receipt = true;
    b.receipt = 7;
    write_text(&b, NULL, 0);
    change("receipt: \"7\"", "receipt: \"8\"");
    CHECK_EQ(judge(key, document, strlen(document)), VERDICT_VALID);
    change("receipt: \"8\"", "receipt: \"08\"");
    CHECK_EQ(judge(key, document, strlen(document)), VERDICT_MALFORMED);
    head2_key_free(key);
}

static void other_spellings_are_refused(void)
{
    static const char *const pairs[][2] = {
        {"17.123Z",                         "17.123z"                                            },
        {"17.123Z",                         "17.12Z"                                             },
        {"T14:32",                          " 14:32"                                             },
        {"17.123Z",                         "17.123+00:00"                                       },
        {"2025-10-28",                      "2025-02-30"                                         },
        {"\"blake3:",                       "\"BLAKE3:"                                          },
        {"\"blake3:",                       "\"blake3: "                                         },
        {"\"blake3:",                       "\"sha3-512:"                                        },
        {"\"ML-DSA-44\"",                   "\"ml-dsa-44\""                                      },
        {"\"ML-DSA-44\"",                   "\"ML-DSA-65\""                                      },
        {"\"ML-DSA-44\"",                   "\"Dilithium2\""                                     },
        {"signer: ",                        "signer:"                                            },
        {"signer: ",                        "signer:  "                                          },
        {"signer: ",                        "Signer: "                                           },
        {"signer: ",                        "extra: \"x\"\nsigner: "                             },
        {"signer: ",                        "signer: \"a\"\nsigner: "                            },
        {"---\ndil",                        "--- \ndil"                                          },
        {"---\ndil",                        "---\n\ndil"                                         },
        {"\n---\n",                         "\n---\n\n"                                          },
        {"\n---\n",                         "\n---"                                              },
        {"\n---\n",                         "\n--- \n"                                           },
        {"\n---\n",                         "\n---\r\n"                                          },
        {"media_type: \"text/markdown\"",   "media_type: \"text\""                               },
        {"media_type: \"text/markdown\"",   "media_type: \"\""                                   },
        {"media_type: \"text/markdown\"\n", "media_type: \"text/markdown\"\nreceipt: \"-1\"\n"   },
        {"media_type: \"text/markdown\"\n", "media_type: \"text/markdown\"\nreceipt: \"x\"\n"    },
        {"media_type: \"text/markdown\"\n", "media_type: \"text/markdown\"\nproof_blob: \"QQ\"\n"},
        {"media_type: \"text/markdown\"\n",
         "media_type: \"text/markdown\"\nproof_blob: \"QR==\"\n"                                 },
    };
    struct head2_key *key = fixed_key(HEAD2_MLDSA_44, 1);
    struct sigblock b;
    sign_block(&b, key, document, strlen(document));
    for (size_t i = 0; i < HEAD2_LEN(pairs); i++) {
        write_text(&b, NULL, 0);
        change(pairs[i][0], pairs[i][1]);
        CHECK_SAY(judge(key, document, strlen(document)) == VERDICT_MALFORMED,
                  "'%s' instead of '%s' is read", pairs[i][1], pairs[i][0]);
    }
    head2_key_free(key);
}

/* `signed_hash: blake3: HEX`, and values without quotes, as the published guide prints them. */
static void the_guide_s_form_is_read(void)
{
    struct head2_key *key = fixed_key(HEAD2_MLDSA_44, 1);
    struct sigblock b;
    sign_block(&b, key, document, strlen(document));
    write_text(&b, NULL, 0);
    change("signed_hash: \"blake3:", "signed_hash: blake3: ");
    char *line = memmem(text, text_len, "signed_hash", 11);
    char *quote = memchr(line, '"', (size_t)(text + text_len - line));
    memmove(quote, quote + 1, (size_t)(text + text_len - quote - 1));
    text_len--;
    CHECK_EQ(judge(key, document, strlen(document)), VERDICT_VALID);
    change("timestamp: \"2025-10-28T14:32:17.123Z\"", "timestamp: 2025-10-28T14:32:17.123Z");
    change("signer: \"CHIMERA-HEAD-2\"", "signer: CHIMERA-HEAD-2");
    CHECK_EQ(judge(key, document, strlen(document)), VERDICT_VALID);
    change("signer: CHIMERA-HEAD-2", "signer: \"CHIMERA-HEAD-2");
    CHECK_EQ(judge(key, document, strlen(document)), VERDICT_MALFORMED);
    head2_key_free(key);
}

static void the_block_is_found_in_documents(void)
{
    struct head2_key *key = fixed_key(HEAD2_MLDSA_44, 1);
    struct sigblock b;
    static uint8_t doc[SIGBLOCK_MAX * 2];
    size_t start = 0;
    const size_t len = strlen(document);
    sign_block(&b, key, document, len);
    write_text(&b, NULL, 0);
    memcpy(doc, document, len);
    memcpy(doc + len, text, text_len);
    CHECK_EQ(sigblock_find(doc, len + text_len, &start), HEAD2_OK);
    CHECK_EQ(start, len);
    CHECK_EQ(sigblock_find(doc, len, &start), HEAD2_E_MALFORMED); /* unsigned, with a rule in it */
    CHECK_EQ(sigblock_find(doc, len + text_len - 1, &start), HEAD2_E_MALFORMED);
    doc[len + text_len] = '\n';
    CHECK_EQ(sigblock_find(doc, len + text_len + 1, &start), HEAD2_E_MALFORMED);
    CHECK_EQ(sigblock_find(doc, 0, &start), HEAD2_E_MALFORMED);
    CHECK(sigblock_is_maml((const uint8_t *)document, len));
    CHECK(sigblock_is_maml((const uint8_t *)"\xef\xbb\xbf---\r\nx", 9));
    CHECK(!sigblock_is_maml((const uint8_t *)text, text_len));
    CHECK(!sigblock_is_maml((const uint8_t *)"# Title\n", 8));
    /* a second footer behind the first: only the last is the block, and it does not verify */
    memcpy(doc + len + text_len, text, text_len);
    CHECK_EQ(sigblock_find(doc, len + 2 * text_len, &start), HEAD2_OK);
    CHECK_EQ(start, len + text_len);
    CHECK_EQ(judge(key, doc, start), VERDICT_HASH);
    head2_key_free(key);
}

static void verdicts_name_the_part(void)
{
    struct head2_key *key = fixed_key(HEAD2_MLDSA_44, 1), *other = fixed_key(HEAD2_MLDSA_44, 2);
    struct head2_key *large = fixed_key(HEAD2_MLDSA_87, 1);
    struct sigblock b;
    uint8_t digest[64];
    sign_block(&b, key, document, strlen(document));
    digest_of(digest, b.hash, document, strlen(document));
    CHECK_EQ(sigblock_check(&b, digest, key, FIXTURE_TIME), VERDICT_VALID);
    CHECK_EQ(sigblock_check(&b, digest, other, FIXTURE_TIME), VERDICT_SIGNER);
    CHECK_EQ(sigblock_check(&b, digest, large, FIXTURE_TIME), VERDICT_SIGNER);
    CHECK_EQ(sigblock_check(&b, digest, key, FIXTURE_TIME - SIGBLOCK_CLOCK_SKEW_MS), VERDICT_VALID);
    CHECK_EQ(sigblock_check(&b, digest, key, FIXTURE_TIME - SIGBLOCK_CLOCK_SKEW_MS - 1),
             VERDICT_FUTURE);
    b.sig[100] ^= 1;
    CHECK_EQ(sigblock_check(&b, digest, key, FIXTURE_TIME), VERDICT_SIGNATURE);
    digest[0] ^= 1;
    CHECK_EQ(sigblock_check(&b, digest, key, FIXTURE_TIME), VERDICT_HASH);
    head2_key_free(key);
    head2_key_free(other);
    head2_key_free(large);
}

static void names_that_cannot_stand_are_refused(void)
{
    static const char *const bad[] = {"",     " a",    "a ",   "a\"b",    "a\\b",
                                      "a\nb", "a\x7f", "\xff", "\xc0\x80"};
    char longest[SIGBLOCK_TEXT_MAX + 2];
    for (size_t i = 0; i < HEAD2_LEN(bad); i++)
        CHECK_SAY(!sigblock_signer_ok(bad[i]), "'%s' is accepted", bad[i]);
    memset(longest, 'a', sizeof longest);
    longest[SIGBLOCK_TEXT_MAX + 1] = 0;
    CHECK(!sigblock_signer_ok(longest));
    longest[SIGBLOCK_TEXT_MAX] = 0;
    CHECK(sigblock_signer_ok(longest));
    CHECK(sigblock_signer_ok("Zoë Drone 7"));
    CHECK(sigblock_media_type_ok("text/csv; charset=utf-8"));
    CHECK(!sigblock_media_type_ok("text"));
    CHECK(!sigblock_media_type_ok("text/"));
    CHECK(!sigblock_media_type_ok("/csv"));
    CHECK(!sigblock_media_type_ok("text/\xc3\xa9"));
}

static void base64_has_one_spelling(void)
{
    uint8_t bytes[64], back[64];
    char b64[BASE64_LEN(64)];
    size_t n;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        base64_encode(b64, bytes, len);
        CHECK_EQ(base64_decode(back, sizeof back, &n, b64, BASE64_LEN(len)), HEAD2_OK);
        CHECK_EQ(n, len);
        CHECK_MEM(back, bytes, len);
    }
    CHECK_MEM((base64_encode(b64, (const uint8_t *)"foobar", 6), b64), "Zm9vYmFy", 8);
    CHECK_MEM((base64_encode(b64, (const uint8_t *)"foob", 4), b64), "Zm9vYg==", 8);
    /* of all two-character ends, one in sixteen has its unused bits zero */
    unsigned accepted = 0;
    for (unsigned c = 0; c < 256 * 256; c++) {
        const char end[4] = {(char)(c >> 8), (char)c, '=', '='};
        accepted += base64_decode(back, sizeof back, &n, end, 4) == HEAD2_OK;
    }
    CHECK_EQ(accepted, 256);
    static const char *const bad[] = {
        "A", "AA", "AAA", "====", "A===", "AA=A", "AAAA====", "=AAA", "AA\n=", "AA==AAAA"};
    for (size_t i = 0; i < HEAD2_LEN(bad); i++)
        CHECK_EQ(base64_decode(back, sizeof back, &n, bad[i], strlen(bad[i])), HEAD2_E_MALFORMED);
}

static void times_go_round(void)
{
    char s[UTC_BYTES + 1];
    uint64_t back = 0;
    utc_format(s, FIXTURE_TIME);
    CHECK(strcmp(s, "2025-10-28T14:32:17.123Z") == 0);
    utc_format(s, UTC_MAX);
    CHECK(strcmp(s, "9999-12-31T23:59:59.999Z") == 0);
    for (uint64_t ms = 0; ms <= UTC_MAX; ms += 86400000ull * 7 + 12345677) {
        utc_format(s, ms);
        CHECK_EQ(utc_parse(&back, s, UTC_BYTES), HEAD2_OK);
        CHECK_EQ(back, ms);
    }
    CHECK_EQ(utc_parse_human(&back, "2024-02-29", 10), HEAD2_OK);
    CHECK_EQ(back, 1709164800000u);
    CHECK_EQ(utc_parse_human(&back, "2024-02-29T00:00:01Z", 20), HEAD2_OK);
    static const char *const bad[] = {"2023-02-29", "2025-13-01",           "2025-00-01",
                                      "1969-12-31", "2025-01-01T24:00:00Z", "2025-1-1",
                                      "",           "2025-01-01T00:00:60Z"};
    for (size_t i = 0; i < HEAD2_LEN(bad); i++)
        CHECK_SAY(utc_parse_human(&back, bad[i], strlen(bad[i])) != HEAD2_OK, "%s", bad[i]);
}

int main(void)
{
    RUN(every_set_and_hash_goes_round);
    RUN(the_message_is_as_specified);
    RUN(every_changed_byte_is_noticed);
    RUN(the_receipt_hint_alone_is_not_signed);
    RUN(other_spellings_are_refused);
    RUN(the_guide_s_form_is_read);
    RUN(the_block_is_found_in_documents);
    RUN(verdicts_name_the_part);
    RUN(names_that_cannot_stand_are_refused);
    RUN(base64_has_one_spelling);
    RUN(times_go_round);
    CHECK_EXIT();
}
