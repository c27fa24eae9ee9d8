/*
 * .mu reversal: an involution on all valid UTF-8, a refusal of everything else, and the sample of
 * the published guide shown not to be a reverse of its forward text.
 */
#include "check.h"

#include "artifact/mu.h"
#include "artifact/mu_file.h"

#include <fcntl.h>

static uint64_t state = 0x9e3779b97f4a7c15u;

static uint32_t draw(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 33) % below);
}

/* An independent encoder: from a code point to UTF-8. */
static size_t encode(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xe0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 63));
        out[2] = (uint8_t)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 63));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 63));
    out[3] = (uint8_t)(0x80 | (c & 63));
    return 4;
}

static uint32_t draw_code_point(void)
{
    static const uint32_t edges[] = {0,       '\n',  '\r',   ' ',     0x7f,    0x80,   0x7ff,
                                     0x800,   0xfff, 0x1000, 0xd7ff,  0xe000,  0xfeff, 0xffff,
                                     0x10000, 0x301, 0x200d, 0x1f600, 0x10ffff};
    uint32_t c = draw(3) == 0 ? edges[draw(HEAD2_LEN(edges))] : draw(0x110000);
    return c >= 0xd800 && c < 0xe000 ? 'x' : c;
}

static void reversing_twice_gives_the_text_back(void)
{
    static uint8_t text[4096], once[4096], twice[4096], model[4096];
    for (int round = 0; round < 3000; round++) {
        uint32_t points[1000];
        size_t count = draw(1000), len = 0, at = 0, bad = 0;
        for (size_t i = 0; i < count; i++) {
            points[i] = draw_code_point();
            len += encode(text + len, points[i]);
        }
        for (size_t i = count; i-- > 0;)
            at += encode(model + at, points[i]);
        CHECK_EQ(mu_reverse(once, text, len, &bad), HEAD2_OK);
        CHECK_MEM(once, model, len);
        CHECK_EQ(mu_reverse(twice, once, len, &bad), HEAD2_OK);
        CHECK_MEM(twice, text, len);
    }
}

static void every_code_point_is_accepted(void)
{
    for (uint32_t c = 0; c < 0x110000; c++) {
        uint8_t p[4];
        size_t n = encode(p, c);
        size_t want = c >= 0xd800 && c < 0xe000 ? 0 : n;
        CHECK_SAY(mu_code_point(p, n) == want, "U+%04X: %zu bytes", c, mu_code_point(p, n));
        if (n > 1)
            CHECK_SAY(mu_code_point(p, n - 1) == 0, "U+%04X cut short is accepted", c);
    }
}

/* All sequences of up to three bytes, and all four-byte ones by their first two: those that are
 * accepted are exactly the encodings of code points, counted. */
static void nothing_else_is_accepted(void)
{
    uint32_t two = 0, three = 0, four = 0;
    for (uint32_t v = 0; v < 1u << 24; v++) {
        uint8_t p[4] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v, 0x80};
        size_t n = mu_code_point(p, 4);
        if (n == 2 && p[2] == 0)
            two++;
        else if (n == 3)
            three++;
        else if (n == 4)
            four++;
    }
    CHECK_EQ(two, 0x800 - 0x80);
    CHECK_EQ(three, 0x10000 - 0x800 - 0x800); /* all but the surrogates */
    CHECK_EQ(four, 0x100000 / 64);            /* with the last byte fixed */
    for (int last = 0; last < 256; last++) {
        uint8_t p[4] = {0xf0, 0x9f, 0x98, (uint8_t)last};
        CHECK_EQ(mu_code_point(p, 4), last >= 0x80 && last < 0xc0 ? 4 : 0);
    }
}

static void the_first_bad_byte_is_named(void)
{
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xfe",
                                      "\xc3",
                                      "\xe2\x82",
                                      "\xf0\x9f\x98",
                                      "\xc3("};
    for (size_t i = 0; i < HEAD2_LEN(bad); i++) {
        uint8_t text[32], out[32];
        size_t where = 0;
        for (size_t before = 0; before < 8; before++) {
            memset(text, 'a', before);
            memcpy(text + before, bad[i], strlen(bad[i]));
            CHECK_EQ(mu_reverse(out, text, before + strlen(bad[i]), &where), HEAD2_E_MALFORMED);
            CHECK_EQ(where, before);
            CHECK_EQ(mu_check_utf8(text, before + strlen(bad[i]), &where), HEAD2_E_MALFORMED);
            CHECK_EQ(where, before);
        }
    }
}

static const char forward[] = "# Key Rotation Event 1842\n"
                              "Timestamp: 2025-10-28T14:32:17Z\n"
                              "Old Key ID: kyber-1841\n"
                              "New Key ID: kyber-1842\n"
                              "Dilithium Signature: verified\n"
                              ".mu: rotation_1842.mu";

static void the_guide_s_sample_is_refused(void)
{
    static const char sample[] = "um.2841_noitator :deifirev :erutangis muithiliD\n"
                                 "2841-rebyk :DI yeK dlO\n"
                                 "2842-rebyk :DI yeK weN\n"
                                 "Z71:23:41 T82-01-5202 :pmatsemiT\n"
                                 "2841 tnevE noitatoR yeK#";
    uint8_t scratch[sizeof forward];
    struct mu_difference d;
    size_t bad;
    CHECK_EQ(mu_compare((const uint8_t *)forward, sizeof forward - 1, (const uint8_t *)sample,
                        sizeof sample - 1, scratch, &d, &bad),
             HEAD2_E_VERIFY);
    CHECK_EQ(d.line, 1);
    CHECK_EQ(d.column, 5); /* um.2|841: 1842 reversed is 2481 */
    CHECK_SAY(strncmp(d.found, "841_noitator", 12) == 0, "found '%s'", d.found);
    CHECK_SAY(strcmp(d.expected, "481_noitator :um.") == 0, "expected '%s'", d.expected);
}

static void differences_are_placed(void)
{
    uint8_t right[sizeof forward], scratch[sizeof forward];
    const size_t len = sizeof forward - 1;
    struct mu_difference d;
    size_t bad;
    CHECK_EQ(mu_reverse(right, (const uint8_t *)forward, len, &bad), HEAD2_OK);
    CHECK_EQ(mu_compare((const uint8_t *)forward, len, right, len, scratch, &d, &bad), HEAD2_OK);
    size_t line = 1, column = 1;
    for (size_t i = 0; i < len; i++) {
        uint8_t kept = right[i];
        right[i] = '~';
        CHECK_EQ(mu_compare((const uint8_t *)forward, len, right, len, scratch, &d, &bad),
                 HEAD2_E_VERIFY);
        CHECK_EQ(d.line, line);
        CHECK_EQ(d.column, column);
        right[i] = kept;
        column++;
        if (kept == '\n') {
            line++;
            column = 1;
        }
    }
    CHECK_EQ(mu_compare((const uint8_t *)forward, len, right, len - 1, scratch, &d, &bad),
             HEAD2_E_VERIFY);
    CHECK(d.found_end && !d.expected_end);
    CHECK_EQ(mu_compare((const uint8_t *)forward, len - 1, right, len, scratch, &d, &bad),
             HEAD2_E_VERIFY);
}

/* ---- files of any length ---- */

struct taken {
    uint8_t *bytes;
    size_t len, stop_after;
};

static bool take(void *arg, const uint8_t *piece, size_t len)
{
    struct taken *const t = arg;

    memcpy(t->bytes + t->len, piece, len);
    t->len += len;
    return t->len < t->stop_after;
}

static int file_of(const uint8_t *bytes, size_t len)
{
    char path[] = "/tmp/head2-mu-XXXXXX";
    const int fd = mkstemp(path);

    CHECK(fd >= 0 && unlink(path) == 0 && write(fd, bytes, len) == (ssize_t)len);
    return fd;
}

static void files_are_reversed_block_by_block(void)
{
    const size_t room = 3 * MU_FILE_BLOCK + 64;
    uint8_t *const text = malloc(room), *const model = malloc(room), *const got = malloc(room);
    size_t bad;

    CHECK(text != NULL && model != NULL && got != NULL);
    for (size_t shift = 0; shift < 9; shift++) { /* code points across both edges of blocks */
        size_t len = 0;
        for (size_t i = 0; i < shift; i++)
            len += encode(text + len, 'a');
        while (len + 4 <= 2 * MU_FILE_BLOCK + 31 * shift)
            len += encode(text + len, shift % 3 == 0 ? 0x1f600 : draw_code_point());
        struct taken t = {got, 0, SIZE_MAX};
        uint64_t wrong;
        const int fd = file_of(text, len);
        CHECK_EQ(mu_reverse(model, text, len, &bad), HEAD2_OK);
        CHECK_EQ(mu_reverse_file(fd, take, &t, &wrong), HEAD2_OK);
        CHECK_EQ(t.len, len);
        CHECK_MEM(got, model, len);
        t = (struct taken){got, 0, 1};
        CHECK_EQ(mu_reverse_file(fd, take, &t, &wrong), HEAD2_OK);
        CHECK(t.len <= MU_FILE_BLOCK); /* nobody reads on */
        close(fd);
    }
    free(text);
    free(model);
    free(got);
}

static void files_that_are_not_utf8_give_nothing(void)
{
    static const size_t places[] = {0,
                                    1,
                                    MU_FILE_BLOCK - 2,
                                    MU_FILE_BLOCK - 1,
                                    MU_FILE_BLOCK,
                                    MU_FILE_BLOCK + 1,
                                    2 * MU_FILE_BLOCK - 1};
    static const char *const wrongs[] = {"\xff", "\x80", "\xe2\x82", "\xed\xa0\x80",
                                         "\xf0\x9f\x98"};
    const size_t len = 2 * MU_FILE_BLOCK;
    uint8_t *const text = malloc(len + 8);
    uint8_t nothing[1];

    CHECK(text != NULL);
    for (size_t i = 0; i < HEAD2_LEN(places) * HEAD2_LEN(wrongs); i++) {
        const size_t at = places[i % HEAD2_LEN(places)];
        const char *const wrong = wrongs[i / HEAD2_LEN(places)];
        struct taken t = {nothing, 0, SIZE_MAX};
        uint64_t bad = 0;
        memset(text, 'x', len + 8);
        memcpy(text + at, wrong, strlen(wrong));
        const int fd = file_of(text, at + 4 > len ? at + strlen(wrong) : len);
        CHECK_EQ(mu_reverse_file(fd, take, &t, &bad), HEAD2_E_MALFORMED);
        CHECK_EQ(bad, at);
        CHECK_EQ(t.len, 0);
        close(fd);
    }
    free(text);
}

int main(void)
{
    RUN(reversing_twice_gives_the_text_back);
    RUN(every_code_point_is_accepted);
    RUN(nothing_else_is_accepted);
    RUN(the_first_bad_byte_is_named);
    RUN(the_guide_s_sample_is_refused);
    RUN(differences_are_placed);
    RUN(files_are_reversed_block_by_block);
    RUN(files_that_are_not_utf8_give_nothing);
    CHECK_EXIT();
}
