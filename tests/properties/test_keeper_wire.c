/*
 * The keeper's messages: what is written is read back the same; what is cut, longer, or breaks a
 * rule is refused; and a list of keys comes back key by key.
 */
#include "check.h"

#include "keeper/told.h"
#include "keeper/wire.h"

static uint8_t buf[KEEPER_MESSAGE_MAX], again[KEEPER_MESSAGE_MAX];
static uint8_t data[KEEPER_DATA_MAX + KEEPER_SEAL_EXTRA + 1];

static struct keeper_bytes text(const char *s)
{
    return (struct keeper_bytes){(const uint8_t *)s, strlen(s)};
}

/* Every field is set; a type takes those it has. */
static struct keeper_message full(enum keeper_type type, bool answer, size_t len)
{
    struct keeper_message m = {.type = type, .answer = answer, .id = 0x01020304};

    m.key[5] = 9;
    m.alg = HEAD2_MLDSA_65;
    m.flags = answer ? KEEPER_LIST_MORE : 0;
    m.count = 513;
    m.handle = 0x1122334455667788;
    m.until_ms = 0x99aabbccddeeff00;
    m.policy = (struct keeper_policy){
        3, 10, 2, 1000, 2000, {7, 8}
    };
    m.label = text("a label, \xc3\xa4");
    m.context = text("context");
    m.data = (struct keeper_bytes){data, len};
    m.sig = (struct keeper_bytes){data, 3309};
    m.info = (struct keeper_info){1, 2, 3, 4, 5, 1, 63, 15};
    m.aad = text("additional");
    memset(m.nonce, 6, sizeof m.nonce);
    m.about = (struct keeper_about){KEEPER_REVOKED, 7, 8};
    return m;
}

static size_t encode(const struct keeper_message *m)
{
    size_t len = 0;

    CHECK_EQ(keeper_encode(buf, sizeof buf, &len, m), HEAD2_OK);
    return len;
}

static void what_is_written_is_read(void)
{
    for (int type = 1; type < KEEPER_TYPES; type++)
        for (int answer = 0; answer < 2; answer++) {
            struct keeper_message out, m = full((enum keeper_type)type, answer != 0, 700);
            bool header;
            size_t whole, len = encode(&m), second = 0;
            CHECK_EQ(keeper_frame(buf, len, &whole), HEAD2_OK);
            CHECK_EQ(whole, len);
            CHECK_EQ(keeper_decode(&out, buf, len, &header), HEAD2_OK);
            CHECK_EQ(out.type, m.type);
            CHECK_EQ(out.answer, m.answer);
            CHECK_EQ(out.id, m.id);
            CHECK_EQ(keeper_encode(again, sizeof again, &second, &out), HEAD2_OK);
            CHECK_EQ(second, len);
            CHECK_MEM(again, buf, len);
        }
}

static void fields_come_back(void)
{
    struct keeper_message out, m = full(KEEPER_GENERATE, false, 0);
    bool header;

    CHECK_EQ(keeper_decode(&out, buf, encode(&m), &header), HEAD2_OK);
    CHECK_EQ(out.alg, m.alg);
    CHECK_EQ(out.policy.purposes, 3);
    CHECK_EQ(out.policy.rate_count, 10);
    CHECK_EQ(out.policy.rate_seconds, 2);
    CHECK_EQ(out.policy.not_before_ms, 1000);
    CHECK_EQ(out.policy.not_after_ms, 2000);
    CHECK_MEM(out.policy.approver, m.policy.approver, sizeof m.policy.approver);
    CHECK_EQ(out.label.len, m.label.len);
    CHECK_MEM(out.label.at, m.label.at, m.label.len);
    m = full(KEEPER_VERIFY, false, 321);
    CHECK_EQ(keeper_decode(&out, buf, encode(&m), &header), HEAD2_OK);
    CHECK_MEM(out.key, m.key, sizeof m.key);
    CHECK_EQ(out.data.len, 321);
    CHECK_EQ(out.sig.len, 3309);
    CHECK_EQ(out.context.len, 7);
    m = full(KEEPER_DERIVE, false, 0);
    CHECK_EQ(keeper_decode(&out, buf, encode(&m), &header), HEAD2_OK);
    CHECK(out.handle == m.handle);
    CHECK_EQ(out.count, 513);
    m = full(KEEPER_APPROVE, false, 9);
    CHECK_EQ(keeper_decode(&out, buf, encode(&m), &header), HEAD2_OK);
    CHECK(out.until_ms == m.until_ms);
    m = full(KEEPER_STATUS, true, 0);
    CHECK_EQ(keeper_decode(&out, buf, encode(&m), &header), HEAD2_OK);
    CHECK_EQ(out.info.batched, 5);
    CHECK_EQ(out.info.sandbox, 63);
}

static void the_longest_fit(void)
{
    struct keeper_message m = full(KEEPER_VERIFY, false, KEEPER_DATA_MAX);
    size_t len;

    m.sig.len = HEAD2_KEY_MAX_SIG;
    m.context = (struct keeper_bytes){data, KEEPER_CONTEXT_MAX};
    CHECK(encode(&m) <= KEEPER_MESSAGE_MAX);
    m = full(KEEPER_UNSEAL, false, KEEPER_DATA_MAX + KEEPER_SEAL_EXTRA);
    CHECK(encode(&m) <= KEEPER_MESSAGE_MAX);
    m.data.len++;
    CHECK_EQ(keeper_encode(buf, sizeof buf, &len, &m), HEAD2_E_ARG);
    m = full(KEEPER_SEAL, false, KEEPER_DATA_MAX + 1);
    CHECK_EQ(keeper_encode(buf, sizeof buf, &len, &m), HEAD2_E_ARG);
    m.data.len = 100;
    for (size_t room = 0; room < encode(&m); room++)
        CHECK_EQ(keeper_encode(again, room, &len, &m), HEAD2_E_SPACE);
}

static void a_cut_message_is_refused(void)
{
    for (int type = 1; type < KEEPER_TYPES; type++) {
        struct keeper_message out, m = full((enum keeper_type)type, false, 40);
        bool header;
        const size_t len = encode(&m);
        for (size_t cut = 0; cut < len; cut++)
            CHECK_EQ(keeper_decode(&out, buf, cut, &header), HEAD2_E_MALFORMED);
        for (size_t cut = KEEPER_HEADER; cut < len; cut++) { /* the header says so too */
            put_be32(buf + 12, (uint32_t)(cut - KEEPER_HEADER));
            CHECK_EQ(keeper_decode(&out, buf, cut, &header), HEAD2_E_MALFORMED);
            CHECK(header);
        }
        put_be32(buf + 12, (uint32_t)(len + 1 - KEEPER_HEADER));
        CHECK_EQ(keeper_decode(&out, buf, len + 1, &header), HEAD2_E_MALFORMED);
    }
}

static void a_wrong_header_is_refused(void)
{
    /* where, and what stands there */
    static const uint8_t wrong[] = {0,    'h', 1,    0, 2, 0,  2, 2,  3, 0,  3, KEEPER_TYPES, 3,
                                    0x7f, 8,   0xff, 9, 1, 10, 1, 11, 1, 12, 1, 13,           1};
    struct keeper_message m = full(KEEPER_STATUS, false, 0);
    size_t whole;

    for (size_t i = 0; i < HEAD2_LEN(wrong); i += 2) {
        const size_t len = encode(&m);
        buf[wrong[i]] = wrong[i + 1];
        CHECK_SAY(keeper_frame(buf, len, &whole) == HEAD2_E_MALFORMED, "byte %u", wrong[i]);
    }
    CHECK_EQ(keeper_frame(buf, KEEPER_HEADER - 1, &whole), HEAD2_E_SPACE);
    m.answer = true;
    m.status = HEAD2_E_HEALTH;
    const size_t len = encode(&m);
    CHECK_EQ(keeper_frame(buf, len, &whole), HEAD2_OK);
    buf[9] = (uint8_t)(HEAD2_E_HEALTH - 1); /* no status that there is */
    CHECK_EQ(keeper_frame(buf, len, &whole), HEAD2_E_MALFORMED);
}

static void rules_hold_both_ways(void)
{
    struct keeper_message out, m = full(KEEPER_GENERATE, false, 0);
    size_t len = encode(&m);
    bool header;

    buf[KEEPER_HEADER] = 0; /* no algorithm */
    CHECK_EQ(keeper_decode(&out, buf, len, &header), HEAD2_E_MALFORMED);
    len = encode(&m);
    buf[KEEPER_HEADER + 1] = 0x80; /* a purpose that there is not */
    CHECK_EQ(keeper_decode(&out, buf, len, &header), HEAD2_E_MALFORMED);
    len = encode(&m);
    buf[len - 1] = '\n'; /* in the label, after half a character */
    CHECK_EQ(keeper_decode(&out, buf, len, &header), HEAD2_E_MALFORMED);
    m.policy.not_after_ms = m.policy.not_before_ms;
    CHECK_EQ(keeper_encode(buf, sizeof buf, &len, &m), HEAD2_E_ARG);
    m = full(KEEPER_GENERATE, false, 0);
    m.policy.rate_seconds = 0;
    CHECK_EQ(keeper_encode(buf, sizeof buf, &len, &m), HEAD2_E_ARG);
    m = full(KEEPER_SIGN, false, 0);
    m.flags = 4;
    CHECK_EQ(keeper_encode(buf, sizeof buf, &len, &m), HEAD2_E_ARG);
    CHECK(!keeper_label_ok(text("")));
    CHECK(!keeper_label_ok(text("a\tb")));
    CHECK(!keeper_label_ok(text("\xff")));
    memset(data, 'l', KEEPER_LABEL_MAX + 1);
    CHECK(keeper_label_ok((struct keeper_bytes){data, KEEPER_LABEL_MAX}));
    CHECK(!keeper_label_ok((struct keeper_bytes){data, KEEPER_LABEL_MAX + 1}));
}

static void a_list_comes_back(void)
{
    struct keeper_entry e = {.alg = HEAD2_MLKEM_768, .state = KEEPER_REVOKED, .purposes = 9}, got;
    struct keeper_bytes list = {data, 0};
    char label[32];
    size_t n = 0;

    for (;; n++) {
        snprintf(label, sizeof label, "key %zu", n);
        e.label = text(label);
        e.key[0] = (uint8_t)n;
        e.uses = n * n;
        if (!keeper_entry_put(data, 4000, &list.len, &e))
            break;
    }
    CHECK(n > 100 && list.len <= 4000);
    struct keeper_bytes rest = list;
    for (size_t i = 0; i < n; i++) {
        CHECK_EQ(keeper_entry_next(&got, &rest), HEAD2_OK);
        snprintf(label, sizeof label, "key %zu", i);
        CHECK_EQ(got.label.len, strlen(label));
        CHECK_MEM(got.label.at, label, got.label.len);
        CHECK(got.uses == i * i && got.key[0] == (uint8_t)i && got.state == KEEPER_REVOKED);
    }
    CHECK_EQ(keeper_entry_next(&got, &rest), HEAD2_E_STATE);
    rest = (struct keeper_bytes){list.at, 30};
    CHECK_EQ(keeper_entry_next(&got, &rest), HEAD2_E_MALFORMED);
}

static void what_is_told_comes_back(void)
{
    struct keeper_meta meta = {.alg = HEAD2_MLKEM_768, .uses = 0x0102030405060708};
    uint8_t bytes[TOLD_BYTES];
    struct told t;

    memset(meta.id, 0xc3, sizeof meta.id);
    memset(meta.label, 'l', sizeof meta.label - 1);
    struct keeper_event e = {KEEPER_ROTATE, HEAD2_E_LIMIT, &meta};
    told_write(bytes, &e, 77);
    CHECK_EQ(told_read(&t, bytes), HEAD2_OK);
    CHECK(t.type == KEEPER_ROTATE && t.status == HEAD2_E_LIMIT && t.alg == HEAD2_MLKEM_768);
    CHECK(t.time_ms == 77 && t.uses == meta.uses && strcmp(t.label, meta.label) == 0);
    CHECK_MEM(t.key, meta.id, sizeof meta.id);
    e.meta = NULL;
    told_write(bytes, &e, 78);
    CHECK_EQ(told_read(&t, bytes), HEAD2_OK);
    CHECK(t.alg == HEAD2_ALG_NONE && t.label[0] == 0);
    /* bytes that would name nothing, or run on */
    static const struct {
        size_t at;
        uint8_t value;
    } bad[] = {
        {0,              2                 },
        {1,              KEEPER_TYPES      },
        {4,              HEAD2_MLDSA_87 + 1},
        {TOLD_BYTES - 1, 'x'               }
    };
    for (size_t i = 0; i < HEAD2_LEN(bad); i++) {
        told_write(bytes, &e, 78);
        bytes[bad[i].at] = bad[i].value;
        CHECK_EQ(told_read(&t, bytes), HEAD2_E_MALFORMED);
    }
    for (int type = 0; type < KEEPER_TYPES; type++)
        CHECK(told_name((enum keeper_type)type)[0] != 0);
}

int main(void)
{
    RUN(what_is_written_is_read);
    RUN(fields_come_back);
    RUN(the_longest_fit);
    RUN(a_cut_message_is_refused);
    RUN(a_wrong_header_is_refused);
    RUN(rules_hold_both_ways);
    RUN(a_list_comes_back);
    RUN(what_is_told_comes_back);
    CHECK_EXIT();
}
