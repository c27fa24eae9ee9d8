/*
 * The receipt's file: what is written is read back and holds, any byte changed is found, nothing
 * but what is written is read, and it has the size that was promised.
 */
#include "artifact_fixture.h"

#include "artifact/base64.h"
#include "artifact/ledger.h"
#include "artifact/receipt_file.h"

#include <openssl/sha.h>

static struct head2_key *key, *stranger;
static struct artifact_signer signer;

/* ---- a ledger of any size: nodes that are made up, and the root that follows from them ---- */

static enum head2_status fake_node(void *arg, unsigned level, uint64_t index, uint8_t hash[32])
{
    uint8_t name[9] = {(uint8_t)level};

    (void)arg;
    put_be64(name + 1, index);
    SHA256(name, sizeof name, hash);
    return HEAD2_OK;
}

/* RFC 9162, 2.1.3.2 as its text has it, to the root that it leads to. */
static void root_of(uint8_t root[32], const uint8_t leaf_hash[32], uint64_t index, uint64_t size,
                    const struct merkle_proof *p)
{
    uint64_t fn = index, sn = size - 1;

    memcpy(root, leaf_hash, 32);
    for (unsigned i = 0; i < p->n; i++) {
        CHECK(sn != 0);
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node(root, p->hash[i], root);
            for (; (fn & 1) == 0 && fn != 0; fn >>= 1)
                sn >>= 1;
        } else {
            merkle_node(root, root, p->hash[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    CHECK_EQ(sn, 0);
}

static const struct receipt_field rotation_fields[] = {
    {"Old Key ID",          "kyber-1841"                                                          },
    {"New Key ID",          "kyber-1842"                                                          },
    {"Reason",              "time"                                                                },
    {"Peer",                "drone-17 \xc3\xbc\xe2\x82\xac\xf0\x9f\x9a\x81"                       },
    {"Profile",             "CH2-L5"                                                              },
    {"Entropy Sources",     "rdseed, jitter"                                                      },
    {"Entropy Credited",    "seed rdseed 256, jitter 256 bits; reseed rdseed 320, jitter 320 bits"},
    {"Entropy Health",      "rdseed good, jitter good"                                            },
    {"Random Generator",    "CTR_DRBG (AES-256), policy auto, reseed strict"                      },
    {"Dilithium Signature", "verified"                                                            },
};

/* A rotation as a gateway records it. */
static size_t rotation_text(char out[RECEIPT_FORWARD_MAX])
{
    const struct receipt_event e = {RECEIPT_ROTATION, 1842,
                                    FIXTURE_TIME,     "de7a41c486ab6a3f676c8e0063d706d9",
                                    rotation_fields,  HEAD2_LEN(rotation_fields)};
    size_t len = RECEIPT_FORWARD_MAX;

    CHECK_EQ(receipt_text(&e, out, &len), HEAD2_OK);
    return len;
}

static struct ledger_entry entry_of(uint64_t index, uint8_t kind, const char *text, size_t len)
{
    return (struct ledger_entry){.index = index,
                                 .kind = kind,
                                 .ms = FIXTURE_TIME + index % 1000,
                                 .subject = "x",
                                 .text = text,
                                 .text_len = len};
}

/* The receipt of an entry in a tree of so many leaves. */
static void make(struct receipt_file *r, const struct ledger_entry *e, uint64_t size)
{
    const struct merkle_nodes nodes = {fake_node, NULL};
    uint8_t leaf[LEDGER_LEAF_BYTES], hash[32];
    struct checkpoint c = {.size = size, .ms = FIXTURE_TIME + 250};
    struct merkle_proof path;

    ledger_leaf(leaf, e);
    merkle_leaf(hash, leaf, sizeof leaf);
    CHECK_EQ(merkle_prove_inclusion(&path, &nodes, e->index, size), HEAD2_OK);
    root_of(c.root, hash, e->index, size, &path);
    CHECK_EQ(checkpoint_sign(&c, &signer, key), HEAD2_OK);
    CHECK_EQ(receipt_file_make(r, e, &c, &nodes), HEAD2_OK);
    const char *why;
    CHECK_EQ(receipt_file_check(r, NULL, key, &why), HEAD2_OK);
}

static void make_rotation(struct receipt_file *r, uint64_t index, uint64_t size)
{
    char text[RECEIPT_FORWARD_MAX];
    const struct ledger_entry e = entry_of(index, RECEIPT_ROTATION, text, rotation_text(text));

    make(r, &e, size);
}

static size_t written(uint8_t out[RECEIPT_MU_MAX], const struct receipt_file *r)
{
    size_t len = RECEIPT_MU_MAX;

    CHECK_EQ(receipt_file_write(r, out, &len), HEAD2_OK);
    return len;
}

static enum head2_status parsed(struct receipt_file *r, const void *file, size_t len)
{
    struct receipt_file_fault fault;
    const enum head2_status st = receipt_file_parse(r, file, len, &fault);

    CHECK((st == HEAD2_OK) == (fault.what[0] == 0));
    return st;
}

/* Read as a receipt and held by the ledger: c is needed where it is short. */
static bool holds(const void *file, size_t len, const struct checkpoint *c)
{
    static struct receipt_file r;
    const char *why;

    if (parsed(&r, file, len) != HEAD2_OK)
        return false;
    if (r.proof == RECEIPT_PROOF_WHOLE)
        c = NULL;
    return receipt_file_check(&r, c, key, &why) == HEAD2_OK;
}

/* ---- cases ---- */

static void what_is_written_is_read(void)
{
    const uint64_t sizes[] = {1, 2, 3, 256, 2048, 2049, 1200000, MERKLE_SIZE_MAX};
    static struct receipt_file r, back;
    static uint8_t file[RECEIPT_MU_MAX], again[RECEIPT_MU_MAX];

    for (unsigned i = 0; i < HEAD2_LEN(sizes); i++) {
        const uint64_t places[] = {0, sizes[i] / 2, sizes[i] - 1};
        for (unsigned j = 0; j < HEAD2_LEN(places); j++) {
            const uint64_t at = places[j];
            make_rotation(&r, at, sizes[i]);
            for (int proof = RECEIPT_PROOF_SHORT; proof <= RECEIPT_PROOF_WHOLE; proof++) {
                r.proof = (enum receipt_proof)proof;
                const size_t len = written(file, &r);
                CHECK_EQ(parsed(&back, file, len), HEAD2_OK);
                CHECK(back.index == at && back.kind == RECEIPT_ROTATION && back.ms == r.ms);
                CHECK(back.tree_size == sizes[i] && back.proof == r.proof);
                CHECK_EQ(written(again, &back), len);
                CHECK_MEM(again, file, len);
                CHECK(holds(file, len, &r.checkpoint));
            }
        }
    }
}

static void it_is_as_small_as_promised(void)
{
    static struct receipt_file r;
    static uint8_t file[RECEIPT_MU_MAX];

    make_rotation(&r, 777777, 1200000);
    CHECK_EQ(r.path.n, 21);
    const size_t whole = written(file, &r);
    r.proof = RECEIPT_PROOF_SHORT;
    const size_t brief = written(file, &r);
    CHECK_SAY(brief < 2048, "the short form has %zu bytes", brief);
    CHECK_SAY(whole < 8192, "the whole form has %zu bytes", whole);
    printf("# a rotation's receipt among 1.2 million: short %zu bytes, whole %zu\n", brief, whole);
}

static void the_largest_fits(void)
{
    static struct receipt_file r;
    static uint8_t file[RECEIPT_MU_MAX];
    char text[RECEIPT_FORWARD_MAX + 1];
    struct checkpoint c;

    memset(text, 'x', sizeof text);
    struct ledger_entry e = entry_of(999999999999, LEDGER_KIND_OTHER, text, RECEIPT_FORWARD_MAX);
    make(&r, &e, MERKLE_SIZE_MAX);
    CHECK_EQ(r.path.n, MERKLE_PROOF_MAX);
    c = r.checkpoint;
    CHECK(holds(file, written(file, &r), NULL));
    const struct merkle_nodes nodes = {fake_node, NULL};
    e.text_len++;
    CHECK_EQ(receipt_file_make(&r, &e, &c, &nodes), HEAD2_E_LIMIT);
    e = entry_of(MERKLE_SIZE_MAX, LEDGER_KIND_OTHER, text, 3);
    CHECK_EQ(receipt_file_make(&r, &e, &c, &nodes), HEAD2_E_ARG);
}

/* Whatever byte is changed, however: the file is malformed, or does not hold. */
static void every_byte_changed_is_found(void)
{
    static struct receipt_file r;
    static uint8_t file[RECEIPT_MU_MAX];

    make_rotation(&r, 1842, 2049);
    for (int proof = RECEIPT_PROOF_SHORT; proof <= RECEIPT_PROOF_WHOLE; proof++) {
        r.proof = (enum receipt_proof)proof;
        const size_t len = written(file, &r);
        for (size_t i = 0; i < len; i++) {
            const uint8_t was = file[i];
            const uint8_t others[] = {was ^ 1, was ^ 0x20, '0', '\n', ' ', 0};
            for (unsigned k = 0; k < HEAD2_LEN(others); k++) {
                file[i] = others[k];
                CHECK_SAY(file[i] == was || !holds(file, len, &r.checkpoint),
                          "byte %zu as %u is not found", i, others[k]);
            }
            file[i] = was;
        }
        CHECK(holds(file, len, &r.checkpoint));
    }
}

/* Bytes that go, come, or come twice, anywhere. */
static void every_byte_too_few_or_too_many_is_found(void)
{
    static struct receipt_file r;
    static uint8_t file[RECEIPT_MU_MAX], other[RECEIPT_MU_MAX];

    make_rotation(&r, 5, 8);
    for (int proof = RECEIPT_PROOF_SHORT; proof <= RECEIPT_PROOF_WHOLE; proof++) {
        r.proof = (enum receipt_proof)proof;
        const size_t len = written(file, &r);
        for (size_t i = 0; i < len; i++) {
            CHECK_SAY(!holds(file, i, &r.checkpoint), "cut to %zu bytes", i);
            memcpy(other, file, i);
            memcpy(other + i, file + i + 1, len - i - 1);
            CHECK_SAY(!holds(other, len - 1, &r.checkpoint), "without byte %zu", i);
            memcpy(other + i, file + i, len - i);
            memmove(other + i + 1, other + i, len - i);
            CHECK_SAY(!holds(other, len + 1, &r.checkpoint), "byte %zu twice", i);
        }
        memcpy(other, file, len);
        other[len] = '\n';
        CHECK(!holds(other, len + 1, &r.checkpoint));
    }
}

/* A text may hold the words of a section, and lines of dashes. */
static void a_text_may_look_like_a_section(void)
{
    static struct receipt_file r, back;
    static uint8_t file[RECEIPT_MU_MAX];
    char text[RECEIPT_FORWARD_MAX];
    uint8_t reversed[64];
    static const char words[] = "\n---\ntype: mu_receipt\nversion: 2\n";
    size_t bad;

    CHECK_EQ(mu_reverse(reversed, (const uint8_t *)words, sizeof words - 1, &bad), HEAD2_OK);
    const int n = snprintf(text, sizeof text, "%.*s%s---\n%.*s", (int)sizeof words - 1, reversed,
                           words, (int)sizeof words - 1, reversed);
    const struct ledger_entry texts[] = {
        entry_of(3, LEDGER_KIND_OTHER, text, (size_t)n),
        entry_of(3, LEDGER_KIND_OTHER, "", 0),
        entry_of(3, LEDGER_KIND_OTHER, "\n", 1),
        entry_of(3, LEDGER_KIND_JOB, "{\"a\": \"\\u0000\"}\r\n\n", 18),
        entry_of(3, 77, "\0\0", 2),
    };
    for (unsigned i = 0; i < HEAD2_LEN(texts); i++) {
        make(&r, &texts[i], 7);
        const size_t len = written(file, &r);
        CHECK_EQ(parsed(&back, file, len), HEAD2_OK);
        CHECK_EQ(back.forward_len, texts[i].text_len);
        CHECK_MEM(back.forward, texts[i].text, texts[i].text_len);
        CHECK(back.kind == texts[i].kind && holds(file, len, NULL));
    }
}

static void another_key_or_checkpoint_is_refused(void)
{
    static struct receipt_file r, other;
    const char *why;

    make_rotation(&r, 5, 8);
    make_rotation(&other, 6, 8);
    CHECK_EQ(receipt_file_check(&r, NULL, stranger, &why), HEAD2_E_VERIFY);
    CHECK(strstr(why, "another key") != NULL);
    CHECK_EQ(receipt_file_check(&r, &other.checkpoint, key, &why), HEAD2_E_VERIFY);
    CHECK(strstr(why, "not the one that it names") != NULL);
    r.index = 4;
    CHECK_EQ(receipt_file_check(&r, NULL, key, &why), HEAD2_E_VERIFY);
    CHECK(strstr(why, "at this place") != NULL);
    r.index = 5;
    r.kind = RECEIPT_KEYGEN;
    CHECK_EQ(receipt_file_check(&r, NULL, key, &why), HEAD2_E_VERIFY);
    struct head2_key *kem = fixed_key(HEAD2_MLKEM_1024, 3);
    CHECK_EQ(receipt_file_check(&r, NULL, kem, &why), HEAD2_E_ARG);
    head2_key_free(kem);
}

static void a_text_must_fit_its_kind(void)
{
    static const struct {
        const char *text;
        bool fits;
    } cases[] = {
        {"# A 1\nSubject: a\n.mu: rotation_1.mu",             true },
        {"Subject: a\n.mu: rotation_0.mu",                    true },
        {"Subject: a\n.mu: rotation_18446744073709551615.mu", true },
        {"# A 1\nSubject: a\n.mu: keygen_1.mu",               false},
        {"# A 1\nSubject: a\n.mu: rotation_1.mu\n",           false},
        {"# A 1\nSubject: a b\n.mu: rotation_1.mu",           false},
        {"# A 1\nSubject: \n.mu: rotation_1.mu",              false},
        {"# A 1\nSubject: a\n.mu: rotation_.mu",              false},
        {"# A 1\nSubject: a\n.mu: rotation_01.mu",            false},
        {"# A 1\nSubject: a\n.mu: rotation_1x.mu",            false},
        {"# A 1\nSubject: a\n\n.mu: rotation_1.mu",           false},
        {".mu: rotation_1.mu",                                false},
        {"Subject: a",                                        false},
        {"",                                                  false},
        {"Subject: a\n.mu: rotation_.mu\n.mu: rotation_1.mu", false},
    };
    for (unsigned i = 0; i < HEAD2_LEN(cases); i++) {
        const size_t len = strlen(cases[i].text);
        CHECK_SAY(receipt_file_fits_kind(RECEIPT_ROTATION, cases[i].text, len) == cases[i].fits,
                  "%s", cases[i].text);
        CHECK(receipt_file_fits_kind(LEDGER_KIND_JOB, cases[i].text, len));
    }
    /* kind and text are both under the signature, and still do not fit: found when it is read */
    static struct receipt_file r;
    static uint8_t file[RECEIPT_MU_MAX];
    const struct ledger_entry e = entry_of(3, 100, cases[0].text, strlen(cases[0].text));
    make(&r, &e, 4);
    CHECK(holds(file, written(file, &r), NULL));
    r.kind = RECEIPT_KEYGEN;
    CHECK_EQ(parsed(&r, file, written(file, &r)), HEAD2_E_VERIFY);
}

static void lines_of_a_text_are_matched_exactly(void)
{
    static const char text[] = "# A\nPeer: drone-1\nNew Key ID: kyber-1\n.mu: a";
    const size_t len = sizeof text - 1;

    CHECK(receipt_text_has(text, len, "Peer", "drone-1"));
    CHECK(receipt_text_has(text, len, ".mu", "a"));
    CHECK(!receipt_text_has(text, len, "Peer", "drone-"));
    CHECK(!receipt_text_has(text, len, "Peer", "drone-11"));
    CHECK(!receipt_text_has(text, len, "Key ID", "kyber-1"));
    CHECK(!receipt_text_has(text, len, "Peer", ""));
    CHECK(!receipt_text_has(text, len - 1, ".mu", "a"));
    CHECK(!receipt_text_has("", 0, "", ""));
}

/* ---- what people are told ---- */

/* The file with what stands at a place replaced; what the parser says of it. */
static const char *told(const struct receipt_file *r, const char *what, const char *by,
                        enum head2_status want, unsigned *line)
{
    static struct receipt_file_fault fault;
    static struct receipt_file back;
    static uint8_t file[RECEIPT_MU_MAX + 64], other[RECEIPT_MU_MAX + 64];
    const size_t len = written(file, r), n = strlen(what), m = strlen(by);
    uint8_t *at = memmem(file, len, what, n);

    CHECK_SAY(at != NULL, "no %s", what);
    const size_t before = (size_t)(at - file);
    memcpy(other, file, before);
    memcpy(other + before, by, m);
    memcpy(other + before + m, at + n, len - before - n);
    CHECK_EQ(receipt_file_parse(&back, other, len - n + m, &fault), want);
    *line = fault.line;
    return fault.what;
}

static void faults_name_line_and_form(void)
{
    static const struct {
        const char *what, *by, *says;
        unsigned line; /* from the line of dashes on, which is 0 */
    } cases[] = {
        {"type: mu",               "type: um",                        "type: mu_receipt",                 0 },
        {"version: 2",             "version: 1",                      "no longer read",                   2 },
        {"version: 2",             "version: 3",                      "not known",                        2 },
        {"index: 5",               "index: 05",                       "at most 15 digits",                3 },
        {"index: 5",               "Index: 5",                        "'index: '",                        3 },
        {"kind: rotation",         "kind: turning",                   "a kind of entry",                  4 },
        {"kind: rotation",         "kind: 0",                         "a kind of entry",                  4 },
        {"time: \"",               "time: \"+",                       "YYYY-MM-DD",                       5 },
        {"blake3:",                "sha256:",                         "\"blake3:\"",                      6 },
        {"tree_size: 8",           "tree_size: 5",                    "above the index",                  7 },
        {"inclusion: \"",          "inclusion: \"AAAA",               "hashes of 32 bytes",               8 },
        {"checkpoint: |",          "checkpoint: >",                   "'|' and a note",                   9 },
        {"checkpoint: |\n  head2", "checkpoint: |\n head2",           "behind two blanks",                10},
        {"  head2/ledger",         "  head3/ledger",                  "not a checkpoint: line 1",         10},
        {"Z\n\n  ",                "Z\n  \n  ",                       "behind two blanks",                14},
        {"=\n---\n",               "=\n  \xe2\x80\x94 w AAAA\n---\n", "more than its origin's signature", 10},
        {"=\n---\n",               "=\n---\n\n",                      "nothing may stand behind",         17},
    };
    static struct receipt_file r;
    unsigned line, dashes;

    make_rotation(&r, 5, 8);
    (void)told(&r, "version: 2", "version: 1", HEAD2_E_MALFORMED, &dashes);
    dashes -= 2;
    CHECK_EQ(dashes, HEAD2_LEN(rotation_fields) + 4 + 1);
    for (unsigned i = 0; i < HEAD2_LEN(cases); i++) {
        const char *says = told(&r, cases[i].what, cases[i].by, HEAD2_E_MALFORMED, &line);
        CHECK_SAY(strstr(says, cases[i].says) != NULL, "%s: %s", cases[i].by, says);
        CHECK_SAY(line == (cases[i].line != 0 ? dashes + cases[i].line : 0), "%s: line %u: %s",
                  cases[i].by, line, says);
    }
    const char *says = told(&r, "um.2481", "um.2841", HEAD2_E_VERIFY, &line);
    CHECK_SAY(strstr(says, "it was changed") != NULL && line == 0, "%s", says);
    says = told(&r, "um.2481", "um.\xff", HEAD2_E_MALFORMED, &line);
    CHECK_SAY(strstr(says, "not UTF-8 at byte 3") != NULL && line == 1, "%s", says);
}

/* A body by another rule than the one is told which, and where it begins to differ. */
static void another_way_round_is_explained(void)
{
    static const char text[] = "# Key 1\nPeer: \xc3\xa4\xc3\xb6\nSubject: a\n.mu: rotation_1.mu";
    static const struct {
        const char *body, *says;
        unsigned line;
    } cases[] = {
        {text,                                                              "the text stands forward: line 1, column 1: '# Key 1' where 'um.1_noitator :um.'",
         1                                                                                                                                                      },
        {"1 yeK #\n\xc3\xb6\xc3\xa4 :reeP\na :tcejbuS\num.1_noitator :um.",
         "each line is reversed, and not the order of lines: line 1, column 1: '1 yeK #' where",                                                               1},
        {".mu: rotation_1.mu\nSubject: a\nPeer: \xc3\xa4\xc3\xb6\n# Key 1",
         "the order of lines is reversed, and not each line: line 1, column 1: '.mu: "
         "rotation_1.mu' "
         "where 'um.1_noitator :um.' belongs",                                                                                                                 1},
    };
    static struct receipt_file r, back;
    static uint8_t file[RECEIPT_MU_MAX];
    struct receipt_file_fault fault;
    struct mu_difference diff;
    const struct ledger_entry e = entry_of(1, RECEIPT_ROTATION, text, sizeof text - 1);

    make(&r, &e, 2);
    const size_t len = written(file, &r);
    CHECK(!receipt_file_explain(&r, file, text, sizeof text - 1, &diff));
    for (unsigned i = 0; i < HEAD2_LEN(cases); i++) {
        memcpy(file, cases[i].body, sizeof text - 1);
        CHECK_EQ(receipt_file_parse(&back, file, len, &fault), HEAD2_E_VERIFY);
        CHECK_SAY(strncmp(fault.what, cases[i].says, strlen(cases[i].says)) == 0, "%s", fault.what);
        CHECK_EQ(fault.line, cases[i].line);
    }
    /* one sign of another, as in the published guide's sample; told where the text is known */
    CHECK_EQ(written(file, &r), len);
    memcpy(file, "um.2_", 5);
    CHECK(!receipt_file_explain(&r, file, "another text", 12, &diff));
    CHECK(receipt_file_explain(&r, file, text, sizeof text - 1, &diff));
    CHECK(diff.line == 1 && diff.column == 4);
    CHECK(strcmp(diff.found, "2_noitator :um.") == 0 &&
          strcmp(diff.expected, "1_noitator :um.") == 0);
}

/* ---- from a ledger ---- */

static void entries_of_a_ledger(void)
{
    static struct receipt_file r;
    static uint8_t file[RECEIPT_MU_MAX];
    static char long_text[RECEIPT_FORWARD_MAX + 1];
    char text[RECEIPT_FORWARD_MAX], folder[96];
    struct ledger_fault fault;
    struct ledger *l;
    const char *why;

    snprintf(folder, sizeof folder, "%s/ledger", fresh_folder());
    memset(long_text, 'x', sizeof long_text);
    const size_t len = rotation_text(text);
    CHECK_EQ(ledger_open(&l, folder, LEDGER_APPEND, key, &fault), HEAD2_OK);
    for (unsigned i = 0; i < 600; i++) {
        struct ledger_entry e = entry_of(i, RECEIPT_ROTATION, text, len);
        if (i == 100)
            e = entry_of(i, LEDGER_KIND_JOB, long_text, sizeof long_text);
        if (i == 101)
            e.kind = RECEIPT_KEYGEN;
        CHECK_EQ(ledger_append(l, &e, 1, &fault), HEAD2_OK);
        if (i % 90 == 0 || i == 597)
            CHECK_EQ(ledger_sign(l, &signer, FIXTURE_TIME, &fault), HEAD2_OK);
    }
    for (unsigned i = 0; i < 598; i++) {
        const enum head2_status st = receipt_file_of(&r, l, i, &fault);
        if (i == 100) {
            CHECK(st == HEAD2_E_LIMIT && strstr(fault.what, "longer than the 4096") != NULL);
        } else if (i == 101) {
            CHECK(st == HEAD2_E_MALFORMED && strstr(fault.what, "of its kind") != NULL);
        } else {
            CHECK_SAY(st == HEAD2_OK, "%u: %s", i, fault.what);
            CHECK_EQ(receipt_file_check(&r, NULL, key, &why), HEAD2_OK);
            CHECK(r.tree_size > i && r.tree_size <= i + 90);
            CHECK(holds(file, written(file, &r), NULL));
        }
    }
    CHECK(receipt_file_of(&r, l, 598, &fault) == HEAD2_E_STATE && fault.hint[0] != 0);
    CHECK(receipt_file_of(&r, l, 600, &fault) == HEAD2_E_ARG && fault.what[0] != 0);

    /* one that was opened before the checkpoint does not see it */
    struct ledger *reader;
    CHECK_EQ(ledger_open(&reader, folder, LEDGER_READ, NULL, &fault), HEAD2_OK);
    struct ledger_entry e = entry_of(600, RECEIPT_ROTATION, text, len);
    CHECK_EQ(ledger_append(l, &e, 1, &fault), HEAD2_OK);
    CHECK_EQ(ledger_sign(l, &signer, FIXTURE_TIME, &fault), HEAD2_OK);
    CHECK_EQ(receipt_file_of(&r, reader, 598, &fault), HEAD2_E_STATE);
    CHECK_EQ(receipt_file_of(&r, l, 600, &fault), HEAD2_OK);
    ledger_close(reader);
    ledger_close(l);
    remove_folder();
}

int main(void)
{
    key = fixed_key(HEAD2_MLDSA_87, 1);
    stranger = fixed_key(HEAD2_MLDSA_87, 2);
    signer = artifact_signer_of_key(key, true);
    RUN(what_is_written_is_read);
    RUN(it_is_as_small_as_promised);
    RUN(the_largest_fits);
    RUN(every_byte_changed_is_found);
    RUN(every_byte_too_few_or_too_many_is_found);
    RUN(a_text_may_look_like_a_section);
    RUN(another_key_or_checkpoint_is_refused);
    RUN(a_text_must_fit_its_kind);
    RUN(lines_of_a_text_are_matched_exactly);
    RUN(faults_name_line_and_form);
    RUN(another_way_round_is_explained);
    RUN(entries_of_a_ledger);
    head2_key_free(key);
    head2_key_free(stranger);
    CHECK_EXIT();
}
