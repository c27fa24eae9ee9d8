/*
 * What a node says it has accepted: read back as it was written, by the node's key alone; any other
 * text is refused.
 */
#include "check.h"

#include "gateway/fallback_used.h"
#include "session/schedule.h"

static struct head2_key *node, *other;
static struct fallback_use uses[5];
static char *text;
static size_t len;

static void make(size_t n)
{
    struct fallback_used used = {.time_ms = 1700000000000, .uses = uses, .n = n};

    for (size_t i = 0; i < n; i++) {
        memset(&uses[i], 0, sizeof uses[i]);
        memset(uses[i].id, (int)(10 - i), sizeof uses[i].id); /* not in their order */
        memset(uses[i].drone, (int)i, sizeof uses[i].drone);
        uses[i].counter = (uint16_t)(i == 4 ? UINT16_MAX : i * 7);
        uses[i].last_ms = i == 0 ? 0 : 1700000000000 + i;
    }
    const struct artifact_signer by = artifact_signer_of_key(node, false);
    identity(used.node, 'F', head2_key_public(node));
    free(text);
    CHECK_EQ(fallback_used_write(&text, &len, &used, &by), HEAD2_OK);
}

static enum head2_status read_all(const char *p, size_t n)
{
    struct fallback_used back;
    enum head2_status st = fallback_used_read(&back, p, n);

    if (st == HEAD2_OK)
        st = fallback_used_verify(&back, p, head2_key_public(node));
    free(back.uses);
    return st;
}

static void what_is_written_is_read(void)
{
    for (size_t n = 0; n <= HEAD2_LEN(uses); n++) {
        struct fallback_used back;
        make(n);
        CHECK_EQ(fallback_used_read(&back, text, len), HEAD2_OK);
        CHECK_EQ(back.n, n);
        CHECK_EQ(back.time_ms, 1700000000000);
        if (n != 0)
            CHECK_MEM(back.uses, uses, n * sizeof *uses);
        CHECK_EQ(fallback_used_verify(&back, text, head2_key_public(node)), HEAD2_OK);
        CHECK_EQ(fallback_used_verify(&back, text, head2_key_public(other)), HEAD2_E_VERIFY);
        free(back.uses);
    }
}

static void no_byte_can_be_changed(void)
{
    make(3);
    for (size_t i = 0; i < len; i++)
        for (unsigned bit = 0; bit < 8; bit += 3) {
            text[i] = (char)(text[i] ^ 1 << bit);
            CHECK_SAY(read_all(text, len) != HEAD2_OK, "byte %zu changed", i);
            text[i] = (char)(text[i] ^ 1 << bit);
        }
    for (size_t n = 0; n < len; n++)
        CHECK_SAY(read_all(text, n) != HEAD2_OK, "%zu of %zu bytes", n, len);
    CHECK_EQ(read_all(text, len), HEAD2_OK);
}

/* The lines of text with one of them changed, as somebody with the node's key could sign them. */
static enum head2_status form_of(const char *from, const char *to)
{
    char *at = strstr(text, from), *changed = malloc(len + strlen(to) + 1);
    struct fallback_used back;

    CHECK(at != NULL && changed != NULL);
    const size_t before = (size_t)(at - text), n = len - strlen(from) + strlen(to);
    memcpy(changed, text, before);
    memcpy(changed + before, to, strlen(to));
    memcpy(changed + before + strlen(to), at + strlen(from), len - before - strlen(from));
    changed[n] = 0;
    const enum head2_status st = fallback_used_read(&back, changed, n);
    free(back.uses);
    free(changed);
    return st;
}

static void other_forms_are_refused(void)
{
    make(3);
    CHECK_EQ(form_of("used 1\n", "used 1\n"), HEAD2_OK);
    CHECK_EQ(form_of("used 1\n", "used 2\n"), HEAD2_E_UNSUPPORTED);
    CHECK_EQ(form_of(" 14 ", " 15 "), HEAD2_OK); /* the signature is another matter */
    CHECK_EQ(form_of(" 14 ", " 014 "), HEAD2_E_MALFORMED);
    CHECK_EQ(form_of(" 14 ", " +14 "), HEAD2_E_MALFORMED);
    CHECK_EQ(form_of(" 14 ", "  14 "), HEAD2_E_MALFORMED);
    CHECK_EQ(form_of(" 14 ", " 65536 "), HEAD2_E_MALFORMED);
    CHECK_EQ(form_of(" 14 ", " -1 "), HEAD2_E_MALFORMED);
    CHECK_EQ(form_of(" 0 -\n", " 0 - \n"), HEAD2_E_MALFORMED);
    CHECK_EQ(form_of(" 0 -\n", " 0 -\n\n"), HEAD2_E_MALFORMED);
    CHECK_EQ(form_of(" 0 -\n", " 0\n"), HEAD2_E_MALFORMED);
    CHECK_EQ(form_of("0808", "0A08"), HEAD2_E_MALFORMED);
    CHECK_EQ(form_of("09090909 ", "08080808 "), HEAD2_OK);
    CHECK_EQ(form_of("0909090909090909 ", "0808080808080808 "), HEAD2_OK);
    CHECK_EQ(form_of("08080808080808080808080808080808 ", "09090909090909090909090909090909 "),
             HEAD2_E_MALFORMED); /* twice */
    CHECK_EQ(form_of("08080808080808080808080808080808 ", "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a "),
             HEAD2_E_MALFORMED); /* out of order */
    CHECK_EQ(form_of("signature ", "signature  "), HEAD2_E_MALFORMED);
}

int main(void)
{
    uint8_t seed[32] = {1};

    if (head2_key_from_seed(&node, HEAD2_MLDSA_87, seed, sizeof seed) != HEAD2_OK)
        return 1;
    seed[0] = 2;
    if (head2_key_from_seed(&other, HEAD2_MLDSA_87, seed, sizeof seed) != HEAD2_OK)
        return 1;
    RUN(what_is_written_is_read);
    RUN(no_byte_can_be_changed);
    RUN(other_forms_are_refused);
    free(text);
    head2_key_free(node);
    head2_key_free(other);
    CHECK_EXIT();
}
