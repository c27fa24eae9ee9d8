/*
 * Checkpoints: written, read and checked; in one spelling; no byte of them can be changed; another
 * key's are another's; lines of witnesses are passed over.
 */
#include "check.h"

#include "artifact/checkpoint.h"
#include "artifact/utc.h"

#include <head2/mldsa.h>

#include <openssl/sha.h>

static struct head2_key *key, *stranger;
static struct artifact_signer signer;
static char note[CHECKPOINT_NOTE_MAX];
static size_t len;

static struct checkpoint make(uint64_t size)
{
    struct checkpoint c = {.size = size, .ms = UINT64_C(1795000000123)};

    memset(c.root, 0x5a, sizeof c.root);
    CHECK_EQ(checkpoint_sign(&c, &signer, key), HEAD2_OK);
    len = sizeof note;
    CHECK_EQ(checkpoint_write(&c, note, &len), HEAD2_OK);
    return c;
}

static enum head2_status check(const char *text, size_t n)
{
    struct checkpoint c;
    const char *why;
    enum head2_status st = checkpoint_parse(&c, text, n, &why);

    CHECK_EQ(st == HEAD2_OK, why == NULL);
    return st == HEAD2_OK ? checkpoint_check(&c, key) : st;
}

static void as_written(void)
{
    const uint64_t sizes[] = {0, 1, 9, 10, 2048, 1200000, MERKLE_SIZE_MAX};

    for (unsigned i = 0; i < HEAD2_LEN(sizes); i++) {
        const struct checkpoint c = make(sizes[i]);
        struct checkpoint back;
        const char *why;
        CHECK_EQ(checkpoint_parse(&back, note, len, &why), HEAD2_OK);
        CHECK_EQ(back.size, c.size);
        CHECK_EQ(back.ms, c.ms);
        CHECK_MEM(back.root, c.root, 32);
        CHECK(strcmp(back.origin, c.origin) == 0);
        CHECK_EQ(back.sig_len, c.sig_len);
        CHECK_MEM(back.sig, c.sig, c.sig_len);
        CHECK_EQ(checkpoint_check(&back, key), HEAD2_OK);
        CHECK_EQ(checkpoint_check(&back, stranger), HEAD2_E_VERIFY);
    }
    CHECK(strncmp(note, "head2/ledger/", 13) == 0);
    CHECK(strstr(note, "\n281474976710656\nWlpaWlpa") != NULL);
    CHECK(strstr(note, "\n2026-11-18T11:06:40.123Z\n\n\xe2\x80\x94 head2/ledger/") != NULL);
}

/* The four bytes, from C2SP's definition by hand. */
static void hint_is_the_definition(void)
{
    static uint8_t in[200 + HEAD2_MLDSA87_PK_BYTES];
    const struct checkpoint c = make(7);
    uint8_t hash[32];
    size_t n = (size_t)sprintf((char *)in, "%s\n%c%s", c.origin, 0xff, "head2/ml-dsa-87");

    memcpy(in + n, head2_key_public(key), HEAD2_MLDSA87_PK_BYTES);
    SHA256(in, n + HEAD2_MLDSA87_PK_BYTES, hash);
    CHECK_MEM(hash, c.hint, 4);
}

static void no_byte_can_be_changed(void)
{
    (void)make(2048);
    for (size_t i = 0; i < len; i += i < 200 ? 1 : 37) {
        for (unsigned bit = 0; bit < 8; bit++) {
            note[i] = (char)(note[i] ^ (1 << bit));
            CHECK(check(note, len) != HEAD2_OK);
            note[i] = (char)(note[i] ^ (1 << bit));
        }
    }
    CHECK_EQ(check(note, len), HEAD2_OK);
    for (size_t n = 0; n < len; n += n < 200 || n > len - 5 ? 1 : 97)
        CHECK_EQ(check(note, n), HEAD2_E_MALFORMED);
}

/* A note is made of what stands there and of what somebody puts in. */
static enum head2_status with(const char *replace, const char *by)
{
    static char text[CHECKPOINT_NOTE_MAX];
    char *const at = strstr(note, replace);

    CHECK(at != NULL);
    const size_t before = (size_t)(at - note);
    memcpy(text, note, before);
    size_t n = before + (size_t)sprintf(text + before, "%s", by);
    memcpy(text + n, at + strlen(replace), len - before - strlen(replace));
    n += len - before - strlen(replace);
    return check(text, n);
}

static void one_spelling(void)
{
    (void)make(2048);
    CHECK_EQ(with("\n2048\n", "\n02048\n"), HEAD2_E_MALFORMED);
    CHECK_EQ(with("\n2048\n", "\n+2048\n"), HEAD2_E_MALFORMED);
    CHECK_EQ(with("\n2048\n", "\n2048 \n"), HEAD2_E_MALFORMED);
    CHECK_EQ(with("\n2048\n", "\n\n"), HEAD2_E_MALFORMED);
    CHECK_EQ(with("\n2048\n", "\n281474976710657\n"), HEAD2_E_MALFORMED);
    CHECK_EQ(with("\n2048\n", "\n2049\n"), HEAD2_E_VERIFY);
    CHECK_EQ(with("Z\n\n", "Z\nmore\n\n"), HEAD2_E_MALFORMED);
    CHECK_EQ(with("Z\n\n", "Z\n\n\n"), HEAD2_E_MALFORMED);
    CHECK_EQ(with("Z\n\n", "Z\r\n\n"), HEAD2_E_MALFORMED);
    CHECK_EQ(with("123Z", "124Z"), HEAD2_E_VERIFY);
    CHECK_EQ(with("head2/ledger/", "head2/Ledger/"), HEAD2_E_MALFORMED);
}

static void witnesses_are_passed_over(void)
{
    const struct checkpoint c = make(2048);
    char own[CHECKPOINT_ORIGIN_MAX + 8];

    CHECK_EQ(with("Z\n\n", "Z\n\n\xe2\x80\x94 witness.example/w1 AAAAAGFiYw==\n"), HEAD2_OK);
    CHECK_EQ(with("Z\n\n", "Z\n\n- witness.example/w1 AAAAAGFiYw==\n"), HEAD2_E_MALFORMED);
    /* somebody adds a line in the origin's name */
    snprintf(own, sizeof own, "\xe2\x80\x94 %s ", c.origin);
    char twice[2 * CHECKPOINT_ORIGIN_MAX + 40];
    snprintf(twice, sizeof twice, "Z\n\n%sAAAAAGFiYw==\n", own);
    CHECK_EQ(with("Z\n\n", twice), HEAD2_E_MALFORMED);
}

static void too_much(void)
{
    struct checkpoint c = {.size = MERKLE_SIZE_MAX + 1};

    CHECK_EQ(checkpoint_sign(&c, &signer, key), HEAD2_E_ARG);
    c = make(1);
    len = 300;
    CHECK_EQ(checkpoint_write(&c, note, &len), HEAD2_E_SPACE);
}

int main(void)
{
    CHECK_EQ(head2_key_generate(&key, HEAD2_MLDSA_87), HEAD2_OK);
    CHECK_EQ(head2_key_generate(&stranger, HEAD2_MLDSA_87), HEAD2_OK);
    signer = artifact_signer_of_key(key, false);
    RUN(as_written);
    RUN(hint_is_the_definition);
    RUN(no_byte_can_be_changed);
    RUN(one_spelling);
    RUN(witnesses_are_passed_over);
    RUN(too_much);
    head2_key_free(key);
    head2_key_free(stranger);
    CHECK_EXIT();
}
