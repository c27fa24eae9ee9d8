/*
 * Tickets and blocks in History: what is written is read, what is signed is what the format says,
 * and other spellings are refused.
 */
#include "artifact_fixture.h"

#include "artifact/ticket.h"

#define FRONT "---\nid: x\n---\n## History\n"

static struct maml *m;
static char document[2 * SIGBLOCK_MAX];

/* The entry of a document whose History is this one line. */
static const struct maml_entry *entry_of(const char *line, size_t len)
{
    const size_t n = strlen(FRONT);

    maml_free(m);
    m = NULL;
    memcpy(document, FRONT, n);
    memcpy(document + n, line, len);
    CHECK_EQ(maml_parse(&m, (const uint8_t *)document, n + len, MAML_LENIENT), HEAD2_OK);
    return m->entry_count == 1 ? &m->entries[0] : NULL;
}

static enum head2_status read_line(struct ticket *t, const char *line, size_t len)
{
    const struct maml_entry *e = entry_of(line, len);
    return e != NULL ? ticket_read(t, m, e) : HEAD2_E_MALFORMED;
}

static void make(struct ticket *t, const struct head2_key *key)
{
    memset(t, 0, sizeof *t);
    head2_sha3_512(t->input, "in", 2);
    head2_sha3_512(t->output, "out", 3);
    strcpy(t->head_id, "CHIMERA-HEAD-2");
    t->time_ms = FIXTURE_TIME;
    t->duration_ms = 118;
    const struct artifact_signer s = artifact_signer_of_key(key, true);
    CHECK_EQ(ticket_sign(t, &s), HEAD2_OK);
}

static void every_set_goes_round(void)
{
    for (enum head2_alg alg = HEAD2_MLDSA_44; alg <= HEAD2_MLDSA_87; alg++) {
        struct head2_key *key = fixed_key(alg, 1), *other = fixed_key(alg, 2);
        struct ticket t, back;
        char line[TICKET_LINE_MAX];
        make(&t, key);
        const size_t len = ticket_write(&t, line);
        CHECK_EQ(read_line(&back, line, len), HEAD2_OK);
        CHECK_MEM(&t, &back, sizeof t);
        CHECK_EQ(ticket_check(&back, key, FIXTURE_TIME), VERDICT_VALID);
        CHECK_EQ(ticket_check(&back, other, FIXTURE_TIME), VERDICT_SIGNER);
        CHECK_EQ(ticket_check(&back, key, FIXTURE_TIME - SIGBLOCK_CLOCK_SKEW_MS - 1),
                 VERDICT_FUTURE);
        back.duration_ms++;
        CHECK_EQ(ticket_check(&back, key, FIXTURE_TIME), VERDICT_SIGNATURE);
        head2_key_free(key);
        head2_key_free(other);
    }
}

/* u8 1, SHA3-512 of input and output, lp(head), u64 time, u64 duration */
static void the_message_is_as_specified(void)
{
    struct head2_key *key = fixed_key(HEAD2_MLDSA_44, 1);
    struct ticket t;
    uint8_t got[TICKET_MESSAGE_MAX], want[TICKET_MESSAGE_MAX] = {1};
    make(&t, key);
    head2_sha3_512(want + 1, "in", 2);
    head2_sha3_512(want + 65, "out", 3);
    memcpy(want + 129,
           "\x0e"
           "CHIMERA-HEAD-2",
           15);
    memcpy(want + 144, "\x00\x00\x01\x9a\x2b\x3b\xe5\xe3", 8); /* FIXTURE_TIME */
    want[159] = 118;
    CHECK_EQ(ticket_message(&t, got), 160);
    CHECK_MEM(got, want, 160);
    CHECK_EQ(head2_key_verify(key, want, 160, "head2/ticket/1", 14, t.sig, t.sig_len), HEAD2_OK);
    head2_key_free(key);
}

static void every_changed_byte_is_noticed(void)
{
    struct head2_key *key = fixed_key(HEAD2_MLDSA_44, 1);
    struct ticket t, back;
    char line[TICKET_LINE_MAX];
    make(&t, key);
    const size_t len = ticket_write(&t, line);
    for (size_t i = 0; i < len - 1; i++) {
        const char kept = line[i];
        const char others[] = {(char)(kept ^ (1 << (i % 6))), ' ', '='};
        for (size_t j = 0; j < sizeof others; j++) {
            line[i] = others[j];
            if (others[j] == kept || read_line(&back, line, len) != HEAD2_OK)
                continue;
            /* a changed tag is no ticket's, which is for the caller to see */
            CHECK_SAY(ticket_check(&back, key, FIXTURE_TIME + 10) != VERDICT_VALID ||
                          (i < 40 && memmem(line, 40, "[TICKET]", 8) == NULL),
                      "byte %zu: '%c' changed to '%c' is valid", i, kept, others[j]);
        }
        line[i] = kept;
    }
    head2_key_free(key);
}

static void other_spellings_are_refused(void)
{
    static const char *const changes[][2] = {
        {"- 2025",               "  - 2025"                       },
        {"head=",                " head="                         },
        {" input=",              "  input="                       },
        {"duration_ms=118",      "duration_ms=0118"               },
        {"duration_ms=118",      "duration_ms="                   },
        {"duration_ms=118",      "duration_ms=1000000000000000000"},
        {".123Z",                "Z"                              },
        {"ML-DSA-44",            "ML-DSA-65"                      },
        {"ML-DSA-44",            "ml-dsa-44"                      },
        {"\n",                   " \n"                            },
        {"\n",                   " more=1\n"                      },
        {"head=CHIMERA-HEAD-2 ", ""                               },
        {"head=CHIMERA-HEAD-2",  "head="                          },
        {"head=CHIMERA-HEAD-2",  "head=a\\b"                      }
    };
    struct head2_key *key = fixed_key(HEAD2_MLDSA_44, 1);
    struct ticket t, back;
    char line[TICKET_LINE_MAX], other[TICKET_LINE_MAX + 32];
    make(&t, key);
    line[ticket_write(&t, line)] = 0;
    for (size_t i = 0; i < HEAD2_LEN(changes); i++) {
        const char *at = strstr(line, changes[i][0]);
        CHECK(at != NULL);
        const int n = snprintf(other, sizeof other, "%.*s%s%s", (int)(at - line), line,
                               changes[i][1], at + strlen(changes[i][0]));
        CHECK_SAY(read_line(&back, other, (size_t)n) != HEAD2_OK, "'%s'", changes[i][1]);
    }
    CHECK(!ticket_head_ok("a b") && !ticket_head_ok("") && !ticket_head_ok("a\xc3\xa9"));
    head2_key_free(key);
}

static void a_block_becomes_a_line(void)
{
    struct head2_key *key = fixed_key(HEAD2_MLDSA_44, 1);
    struct sigblock b, back;
    struct sigblock_fault fault;
    static char doc[SIGBLOCK_MAX], line[SIGNED_LINE_MAX], text[SIGBLOCK_MAX];
    size_t n = strlen(FRONT), len = sizeof doc - n, back_len = 0;
    strcpy(doc, FRONT);
    sign_block(&b, key, doc, n);
    CHECK_EQ(sigblock_write(&b, NULL, 0, doc + n, &len), HEAD2_OK);
    maml_free(m);
    m = NULL;
    CHECK_EQ(maml_parse(&m, (uint8_t *)doc, n + len, MAML_LENIENT), HEAD2_OK);
    CHECK(m->has_block && m->block_good);
    const size_t line_len = signed_write(m, line);
    const struct maml_entry *e = entry_of(line, line_len);
    CHECK(e != NULL);
    CHECK_EQ(signed_read(&back, text, &back_len, m, e, &fault), HEAD2_OK);
    CHECK(back_len == len && memcmp(text, doc + n, len) == 0 && e->whole.at == n);
    CHECK(back.time_ms == b.time_ms && strcmp(back.signer, b.signer) == 0);
    CHECK_EQ(signed_write(m, line), 0); /* this one has no block */
    /* another time than the block's; not base64; base64 of no block */
    line[5]++;
    CHECK_EQ(signed_read(&back, text, &back_len, m, entry_of(line, line_len), &fault),
             HEAD2_E_MALFORMED);
    line[5]--;
    line[60] ^= 1;
    CHECK_EQ(signed_read(&back, text, &back_len, m, entry_of(line, line_len), &fault),
             HEAD2_E_MALFORMED);
    line[60] = '*';
    CHECK_EQ(signed_read(&back, text, &back_len, m, entry_of(line, line_len), &fault),
             HEAD2_E_MALFORMED);
    head2_key_free(key);
}

int main(void)
{
    RUN(every_set_goes_round);
    RUN(the_message_is_as_specified);
    RUN(every_changed_byte_is_noticed);
    RUN(other_spellings_are_refused);
    RUN(a_block_becomes_a_line);
    maml_free(m);
    CHECK_EXIT();
}
