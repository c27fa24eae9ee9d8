/*
 * Witnesses: a cosignature is a line of the note that nothing can be taken from; it is given for
 * what has only grown, and what is not that is refused, with evidence that a stranger can judge.
 */
#include "check.h"

#include "ledger_fixture.h"

#include "artifact/base64.h"
#include "artifact/evidence.h"
#include "artifact/file.h"
#include "artifact/ledger_export.h"
#include "artifact/ledger_json.h"
#include "artifact/witness.h"

static struct head2_key *witness_key, *other_key;
static struct artifact_signer witness_signer, other_signer;
static char note[CHECKPOINT_NOTE_MAX + 1];
static size_t len;

static void make_note(uint64_t size, uint8_t root, const struct artifact_signer *by,
                      const struct head2_key *by_key)
{
    struct checkpoint c = {.size = size, .ms = MS};

    memset(c.root, root, sizeof c.root);
    CHECK_EQ(checkpoint_sign(&c, by, by_key), HEAD2_OK);
    len = sizeof note;
    CHECK_EQ(checkpoint_write(&c, note, &len), HEAD2_OK);
}

static enum head2_status cosign(const char *name, uint64_t ms)
{
    return cosignature_add(note, &len, sizeof note, name, &witness_signer, witness_key, ms);
}

/* ---- the line ---- */

static void a_line_of_the_note(void)
{
    struct cosignature c;
    struct checkpoint point;
    const char *why;
    char name[CHECKPOINT_NAME_MAX + 1];
    static char alone[CHECKPOINT_NOTE_MAX];

    make_note(2048, 7, &signer, key);
    const size_t before = len;
    memcpy(alone, note, len);
    CHECK_EQ(cosignature_check(&c, note, len, witness_key), HEAD2_E_STATE);
    cosignature_name(name, witness_key);
    CHECK(strlen(name) == 14 + 32 && cosignature_name_ok(name));
    CHECK_EQ(cosign(name, MS + 5), HEAD2_OK);
    CHECK(strlen(note) == len && note[len - 1] == '\n');
    CHECK_MEM(note, alone, before); /* what was there stays */
    CHECK_EQ(checkpoint_parse(&point, note, len, &why), HEAD2_OK);
    CHECK_EQ(checkpoint_check(&point, key), HEAD2_OK);
    CHECK_EQ(cosignature_check(&c, note, len, witness_key), HEAD2_OK);
    CHECK(strcmp(c.name, name) == 0 && c.ms == MS + 5);
    CHECK_EQ(cosignature_check(&c, note, len, other_key), HEAD2_E_STATE);
    CHECK_EQ(cosignature_check(&c, note, len, key), HEAD2_E_STATE);
    /* once more: one line a name */
    const size_t once = len;
    CHECK_EQ(cosign(name, MS + 6), HEAD2_OK);
    CHECK_EQ(len, once);
    CHECK_EQ(cosignature_check(&c, note, len, witness_key), HEAD2_OK);
    CHECK_EQ(c.ms, MS + 6);
    /* by another witness beside it */
    CHECK_EQ(cosignature_add(note, &len, sizeof note, "w2.example", &other_signer, other_key, MS),
             HEAD2_OK);
    CHECK_EQ(cosignature_check(&c, note, len, witness_key), HEAD2_OK);
    CHECK_EQ(cosignature_check(&c, note, len, other_key), HEAD2_OK);
    CHECK(strcmp(c.name, "w2.example") == 0);
    size_t at = 0;
    unsigned lines = 0;
    while (cosignature_next(&c, note, len, &at))
        lines++;
    CHECK_EQ(lines, 2); /* the ledger's own is none */
}

static void no_byte_can_be_changed(void)
{
    struct cosignature c;
    struct checkpoint point;
    const char *why;

    make_note(2048, 7, &signer, key);
    const size_t begin = len;
    CHECK_EQ(cosign("w", MS), HEAD2_OK);
    for (size_t i = 0; i < len; i += i < 160 || (i >= begin && i < begin + 40) ? 1 : 61) {
        for (unsigned bit = 0; bit < 8; bit += i < begin + 40 ? 1 : 3) {
            note[i] = (char)(note[i] ^ (1 << bit));
            const bool own = checkpoint_parse(&point, note, len, &why) == HEAD2_OK &&
                             checkpoint_check(&point, key) == HEAD2_OK;
            const bool good = cosignature_check(&c, note, len, witness_key) == HEAD2_OK;
            CHECK_SAY(!own || !good, "byte %zu, bit %u", i, bit);
            note[i] = (char)(note[i] ^ (1 << bit));
        }
    }
    CHECK_EQ(cosignature_check(&c, note, len, witness_key), HEAD2_OK);
    for (size_t n = 0; n < len; n += n < 200 || n > len - 5 ? 1 : 97)
        CHECK(cosignature_check(&c, note, n, witness_key) != HEAD2_OK);
}

/* A name is signed with it, so a line cannot be given another witness's. */
static void a_name_is_signed(void)
{
    struct cosignature c;
    uint8_t bytes[CHECKPOINT_HINT + 8 + HEAD2_KEY_MAX_SIG];
    size_t got;

    make_note(2048, 7, &signer, key);
    const size_t begin = len;
    CHECK_EQ(cosign("w", MS), HEAD2_OK);
    const char *text = note + begin + strlen(CHECKPOINT_DASH "w ");
    CHECK_EQ(base64_decode(bytes, sizeof bytes, &got, text, len - 1 - (size_t)(text - note)),
             HEAD2_OK);
    CHECK_EQ(checkpoint_hint(bytes, "v", "head2/cosignature/", witness_key), HEAD2_OK);
    note[begin + strlen(CHECKPOINT_DASH)] = 'v';
    base64_encode(note + begin + strlen(CHECKPOINT_DASH "w "), bytes, got);
    CHECK_EQ(cosignature_check(&c, note, len, witness_key), HEAD2_E_VERIFY);
}

static void names(void)
{
    static const char *const bad[] = {
        "",    "a b",  "a+b",           "\xc3\xa4",
        "a\n", "\x7f", "head2/ledger/", "head2/ledger/0123456789abcdef",
        "a\tb"};
    char longest[CHECKPOINT_NAME_MAX + 2];

    make_note(1, 7, &signer, key);
    for (unsigned i = 0; i < HEAD2_LEN(bad); i++) {
        CHECK_SAY(!cosignature_name_ok(bad[i]), "'%s'", bad[i]);
        CHECK_EQ(cosign(bad[i], MS), HEAD2_E_ARG);
    }
    memset(longest, 'x', sizeof longest);
    longest[CHECKPOINT_NAME_MAX + 1] = 0;
    CHECK(!cosignature_name_ok(longest));
    longest[CHECKPOINT_NAME_MAX] = 0;
    CHECK(cosignature_name_ok(longest) && cosignature_name_ok("head2/ledgers"));
    CHECK_EQ(cosign("w", UINT64_C(253402300800000)), HEAD2_E_ARG);
    enum head2_status st = HEAD2_OK;
    for (unsigned i = 0; st == HEAD2_OK; i++) { /* a note has room for some */
        char name[20];
        snprintf(name, sizeof name, "w%u", i);
        st = cosign(name, MS);
        CHECK(i < 30 && len <= CHECKPOINT_NOTE_MAX);
    }
    CHECK_EQ(st, HEAD2_E_SPACE);
}

/* ---- a witness of a ledger that is there ---- */

static char base[100], dir[120], ledger[120], other_dir[120], export[120];
static struct witness witness;
static struct witnessed out;

static void paths(void)
{
    snprintf(base, sizeof base, "%s", fresh_folder());
    snprintf(dir, sizeof dir, "%s/witness/in", base);
    snprintf(ledger, sizeof ledger, "%s/ledger", base);
    snprintf(other_dir, sizeof other_dir, "%s/fork", base);
    snprintf(export, sizeof export, "%s/export", base);
    witness = (struct witness){dir, key, witness_key, witness_signer, "w.example/1"};
}

/* Of so many entries in all; `other` are the first of another history. */
static void grow(const char *folder, uint64_t entries, unsigned other)
{
    struct ledger *l;

    CHECK_EQ(ledger_open(&l, folder, LEDGER_APPEND, key, &fault), HEAD2_OK);
    CHECK_EQ(sqlite3_exec(l->db, "PRAGMA synchronous = OFF", NULL, NULL, NULL), SQLITE_OK);
    while (ledger_size(l) < entries) {
        struct ledger_entry e = entry_of(ledger_size(l) + (ledger_size(l) < other ? 1000 : 0));
        CHECK_EQ(ledger_append(l, &e, 1, &fault), HEAD2_OK);
    }
    CHECK_EQ(try_sign(l), HEAD2_OK);
    ledger_close(l);
}

static enum head2_status see_ledger(const char *folder)
{
    struct ledger *l;

    CHECK_EQ(ledger_open(&l, folder, LEDGER_READ, NULL, &fault), HEAD2_OK);
    const struct merkle_nodes nodes = ledger_nodes(l);
    len = sizeof note;
    CHECK_EQ(ledger_note(l, 0, note, &len, &fault), HEAD2_OK);
    const enum head2_status st = witness_cosign(&out, &witness, note, len, &nodes, MS, &fault);
    ledger_close(l);
    return st;
}

static enum head2_status see_export(const char *folder)
{
    static struct ledger_tiles tiles;
    struct ledger_exported e;
    uint8_t *text;
    char path[200];

    (void)nftw(export, fixture_unlink, 16, FTW_DEPTH | FTW_PHYS);
    CHECK_EQ(ledger_export_folder(&e, folder, export, no_progress, NULL, &fault), HEAD2_OK);
    snprintf(path, sizeof path, "%s/checkpoint", export);
    CHECK_EQ(file_read(path, CHECKPOINT_NOTE_MAX, &text, &len), HEAD2_OK);
    memcpy(note, text, len);
    free(text);
    const struct merkle_nodes nodes = ledger_export_nodes(&tiles, export);
    return witness_cosign(&out, &witness, note, len, &nodes, MS, &fault);
}

static void refused(enum head2_status st, enum head2_status want, const char *words)
{
    CHECK_SAY(st == want, "status %d: %s", (int)st, fault.what);
    CHECK_SAY(strstr(fault.what, words) != NULL, "'%s' does not say '%s'", fault.what, words);
    CHECK(fault.hint[0] != 0 && fault.where[0] != 0 && out.len == 0);
}

static void check_cosigned(uint64_t size, uint64_t before, bool first)
{
    struct cosignature c;
    struct checkpoint point;
    const char *why;

    CHECK_EQ(out.size, size);
    CHECK_EQ(out.before, before);
    CHECK_EQ(out.first, first);
    CHECK_EQ(checkpoint_parse(&point, out.note, out.len, &why), HEAD2_OK);
    CHECK_EQ(point.size, size);
    CHECK_EQ(cosignature_check(&c, out.note, out.len, witness_key), HEAD2_OK);
    CHECK(strcmp(c.name, "w.example/1") == 0 && c.ms == MS);
}

static void what_has_grown_is_cosigned(void)
{
    static const uint64_t sizes[] = {1, 2, 3, 255, 256, 257, 300, 700, 701};
    uint64_t before = 0;

    paths();
    for (unsigned i = 0; i < HEAD2_LEN(sizes); i++) {
        grow(ledger, sizes[i], 0);
        const enum head2_status st = i % 2 == 0 ? see_ledger(ledger) : see_export(ledger);
        CHECK_SAY(st == HEAD2_OK, "%s: %s", fault.where, fault.what);
        check_cosigned(sizes[i], before, i == 0);
        before = sizes[i];
    }
    CHECK_EQ(see_ledger(ledger), HEAD2_OK); /* the same again */
    check_cosigned(701, 701, false);
    CHECK_EQ(witness_cosign(&out, &witness, note, len, NULL, MS, &fault), HEAD2_OK);
}

static void what_has_not_is_refused(void)
{
    static char old[CHECKPOINT_NOTE_MAX];

    paths();
    grow(ledger, 300, 0);
    CHECK_EQ(see_ledger(ledger), HEAD2_OK);
    memcpy(old, note, len);
    const size_t old_len = len;
    grow(ledger, 310, 0);
    CHECK_EQ(see_ledger(ledger), HEAD2_OK);
    refused(witness_cosign(&out, &witness, old, old_len, NULL, MS, &fault), HEAD2_E_VERIFY,
            "rolled back: 300 entries, and 310 were cosigned");
    grow(ledger, 320, 0);
    CHECK_EQ(see_export(ledger), HEAD2_OK);
    grow(ledger, 600, 0);
    CHECK_EQ(see_export(ledger), HEAD2_OK);
    grow(ledger, 610, 0);
    (void)see_export(ledger);
    paths(); /* a new witness, which knows nothing */
    grow(ledger, 300, 0);
    CHECK_EQ(see_ledger(ledger), HEAD2_OK);
    grow(ledger, 301, 0);
    struct ledger *l;
    CHECK_EQ(ledger_open(&l, ledger, LEDGER_READ, NULL, &fault), HEAD2_OK);
    len = sizeof note;
    CHECK_EQ(ledger_note(l, 0, note, &len, &fault), HEAD2_OK);
    ledger_close(l);
    refused(witness_cosign(&out, &witness, note, len, NULL, MS, &fault), HEAD2_E_POLICY,
            "a checkpoint alone does not show");
    refused(witness_cosign(&out, &witness, note, len - 1, NULL, MS, &fault), HEAD2_E_MALFORMED,
            "not a checkpoint: the last line has no end");
    witness.of = other_key;
    refused(see_ledger(ledger), HEAD2_E_VERIFY, "not signed by that key");
}

/* Reads what is in DIR for a other_dir, and judges it as a stranger would. */
static void judge(uint64_t first, uint64_t second)
{
    struct evidence e;
    uint8_t *text;
    size_t n;
    const char *why;

    CHECK(strncmp(out.evidence, dir, strlen(dir)) == 0);
    CHECK_EQ(file_read(out.evidence, EVIDENCE_MAX, &text, &n), HEAD2_OK);
    json_t *o = evidence_load((char *)text, n);
    CHECK_SAY(evidence_judge(&e, o, key, &why) == HEAD2_OK, "%s", why);
    CHECK_EQ(e.first.size, first);
    CHECK_EQ(e.second.size, second);
    CHECK_EQ(evidence_judge(&e, o, other_key, &why), HEAD2_E_VERIFY);
    json_decref(o);
    free(text);
}

static void forks(void)
{
    static const uint64_t sizes[] = {300, 301, 511, 512, 513, 700};

    for (unsigned i = 0; i < HEAD2_LEN(sizes); i++) {
        for (unsigned by_export = 0; by_export < 2; by_export++) {
            paths();
            grow(ledger, 300, 0);
            CHECK_EQ(see_ledger(ledger), HEAD2_OK);
            grow(other_dir, sizes[i], 5);
            const enum head2_status st = by_export ? see_export(other_dir) : see_ledger(other_dir);
            refused(st, HEAD2_E_VERIFY, "fork: the 300 entries that were cosigned are not");
            judge(300, sizes[i]);
            const enum head2_status again =
                by_export ? see_export(other_dir) : see_ledger(other_dir);
            refused(again, HEAD2_E_VERIFY, "fork"); /* it has learnt nothing from it */
            grow(ledger, 310, 0);
            CHECK_EQ(see_ledger(ledger), HEAD2_OK);
        }
    }
}

/* Damage of an export is no fork: nobody is accused. */
static void damaged_tiles_accuse_nobody(void)
{
    static struct ledger_tiles tiles;
    char path[200];

    paths();
    grow(ledger, 300, 0);
    CHECK_EQ(see_ledger(ledger), HEAD2_OK);
    grow(ledger, 700, 0);
    const struct merkle_nodes nodes = ledger_export_nodes(&tiles, export);
    struct ledger_exported e;
    (void)nftw(export, fixture_unlink, 16, FTW_DEPTH | FTW_PHYS);
    CHECK_EQ(ledger_export_folder(&e, ledger, export, no_progress, NULL, &fault), HEAD2_OK);
    struct ledger *l;
    CHECK_EQ(ledger_open(&l, ledger, LEDGER_READ, NULL, &fault), HEAD2_OK);
    len = sizeof note;
    CHECK_EQ(ledger_note(l, 0, note, &len, &fault), HEAD2_OK);
    ledger_close(l);
    snprintf(path, sizeof path, "%s/tile/0/001", export);
    uint8_t *bytes;
    size_t n;
    CHECK_EQ(file_read(path, 8192, &bytes, &n), HEAD2_OK);
    bytes[32 * 20] ^= 1; /* entry 276 */
    CHECK_EQ(file_write(path, bytes, n, 0600, FILE_REPLACE), HEAD2_OK);
    refused(witness_cosign(&out, &witness, note, len, &nodes, MS, &fault), HEAD2_E_VERIFY,
            "its tiles are not those of its checkpoint");
    CHECK(out.evidence[0] == 0);
    CHECK_EQ(remove(path), 0);
    tiles.hashes = 0;
    refused(witness_cosign(&out, &witness, note, len, &nodes, MS, &fault), HEAD2_E_VERIFY,
            "its tiles cannot be read");
    bytes[32 * 20] ^= 1;
    CHECK_EQ(file_write(path, bytes, n, 0600, FILE_REPLACE), HEAD2_OK);
    free(bytes);
    tiles.hashes = 0;
    CHECK_EQ(witness_cosign(&out, &witness, note, len, &nodes, MS, &fault), HEAD2_OK);
    check_cosigned(700, 300, false);
}

/* What a witness remembers. */
static void what_is_kept(void)
{
    char path[300], hex[33] = {0};
    uint8_t id[HEAD2_KEY_ID_BYTES], *text;
    size_t n;

    paths();
    grow(ledger, 300, 0);
    CHECK_EQ(see_ledger(ledger), HEAD2_OK);
    head2_key_id(key, id);
    hex_encode(hex, id, sizeof id);
    snprintf(path, sizeof path, "%s/%s.checkpoint", dir, hex);
    CHECK_EQ(file_read(path, CHECKPOINT_NOTE_MAX, &text, &n), HEAD2_OK);
    CHECK(n == out.len && memcmp(text, out.note, n) == 0);
    grow(ledger, 400, 0);
    text[60] ^= 1;
    CHECK_EQ(file_write(path, text, n, 0600, FILE_REPLACE), HEAD2_OK);
    refused(see_ledger(ledger), HEAD2_E_MALFORMED, "what was last cosigned is damaged");
    CHECK_EQ(file_write(path, text, 0, 0600, FILE_REPLACE), HEAD2_OK);
    refused(see_ledger(ledger), HEAD2_E_MALFORMED, "what was last cosigned is damaged");
    text[60] ^= 1;
    CHECK_EQ(file_write(path, text, n, 0600, FILE_REPLACE), HEAD2_OK);
    free(text);
    /* where nothing can be kept, nothing is given away */
    CHECK_EQ(remove(path), 0);
    CHECK_EQ(mkdir(path, 0700), 0);
    const enum head2_status st = see_ledger(ledger);
    CHECK(st != HEAD2_OK && out.len == 0);
    CHECK_EQ(rmdir(path), 0);
    CHECK_EQ(symlink("/nowhere/at/all", path), 0);
    refused(see_ledger(ledger), HEAD2_E_POLICY, "cannot be written");
}

/* ---- evidence ---- */

static json_t *evidence_of(uint64_t first, uint64_t second)
{
    static char a[CHECKPOINT_NOTE_MAX];
    const char *why;
    struct ledger *l;
    json_t *o;

    paths();
    grow(ledger, first, 0);
    grow(other_dir, second, 5);
    CHECK_EQ(ledger_open(&l, ledger, LEDGER_READ, NULL, &fault), HEAD2_OK);
    size_t n = sizeof a;
    CHECK_EQ(ledger_note(l, 0, a, &n, &fault), HEAD2_OK);
    ledger_close(l);
    CHECK_EQ(ledger_open(&l, other_dir, LEDGER_READ, NULL, &fault), HEAD2_OK);
    const struct merkle_nodes nodes = ledger_nodes(l);
    len = sizeof note;
    CHECK_EQ(ledger_note(l, 0, note, &len, &fault), HEAD2_OK);
    CHECK_EQ(evidence_make(&o, a, n, note, len, &nodes, key, &why), HEAD2_OK);
    ledger_close(l);
    return o;
}

/* With one text put in place of another it shows nothing. */
static void worthless(const json_t *o, const char *by, const char *with, enum head2_status want)
{
    struct evidence e;
    const char *why = NULL;
    char *text = json_dumps(o, JSON_COMPACT);
    char *const at = strstr(text, by);

    CHECK_SAY(at != NULL && strlen(by) == strlen(with), "'%s'", by);
    memcpy(at, with, strlen(with));
    json_t *const changed = evidence_load(text, strlen(text));
    const enum head2_status st =
        changed != NULL ? evidence_judge(&e, changed, key, &why) : HEAD2_E_MALFORMED;
    CHECK_SAY(st == want, "'%s': status %d, %s", with, (int)st, why != NULL ? why : "");
    CHECK(changed == NULL || (why != NULL && why[0] != 0));
    json_decref(changed);
    free(text);
}

static void evidence_is_judged(void)
{
    struct evidence e;
    const char *why;

    json_t *o = evidence_of(300, 300);
    CHECK_EQ(json_object_size(o), 2);
    CHECK_EQ(evidence_judge(&e, o, key, &why), HEAD2_OK);
    worthless(o, "\\n300\\n", "\\n301\\n", HEAD2_E_MALFORMED);
    worthless(o, "\"head2_evidence\":1", "\"head2_evidence\":2", HEAD2_E_MALFORMED);
    worthless(o, "head2_evidence", "head3_evidence", HEAD2_E_MALFORMED);
    json_t *const list = json_object_get(o, "checkpoints");
    CHECK_EQ(json_array_set(list, 1, json_array_get(list, 0)), 0);
    CHECK_EQ(evidence_judge(&e, o, key, &why), HEAD2_E_VERIFY); /* one checkpoint twice */
    CHECK(strstr(why, "of one history") != NULL);
    json_decref(o);

    o = evidence_of(300, 700);
    CHECK_EQ(json_object_size(o), 4);
    CHECK_EQ(evidence_judge(&e, o, key, &why), HEAD2_OK);
    worthless(o, "\\n700\\n", "\\n701\\n", HEAD2_E_VERIFY);
    worthless(o, "\\n300\\n", "\\n301\\n", HEAD2_E_VERIFY);
    worthless(o, "\"root\":\"", "\"rooT\":\"", HEAD2_E_MALFORMED);
    worthless(o, "\"proof\":[\"", "\"proof\":[[", HEAD2_E_MALFORMED);
    worthless(o, "\"proof\"", "\"prooF\"", HEAD2_E_MALFORMED);
    /* the other root, or the first's own, with the same proof */
    const char *const root = json_string_value(json_object_get(o, "root"));
    char changed[BASE64_LEN(32) + 1];
    snprintf(changed, sizeof changed, "%s", root);
    changed[3] = changed[3] == 'A' ? 'B' : 'A';
    CHECK_EQ(json_object_set_new(o, "root", json_string(changed)), 0);
    CHECK_EQ(evidence_judge(&e, o, key, &why), HEAD2_E_VERIFY);
    json_t *const both = json_object_get(o, "checkpoints");
    json_t *const small = json_incref(json_array_get(both, 0));
    CHECK_EQ(json_array_set(both, 0, json_array_get(both, 1)), 0);
    CHECK_EQ(json_array_set_new(both, 1, small), 0);
    CHECK_EQ(evidence_judge(&e, o, key, &why), HEAD2_E_MALFORMED);
    CHECK(strstr(why, "does not stand first") != NULL);
    json_decref(o);
}

/* An honest signer cannot be accused: of what has only grown no evidence can be made. */
static void the_honest_are_not_accused(void)
{
    static char a[CHECKPOINT_NOTE_MAX];
    const char *why;
    struct ledger *l;
    json_t *o;

    paths();
    grow(ledger, 300, 0);
    grow(ledger, 700, 0);
    CHECK_EQ(ledger_open(&l, ledger, LEDGER_READ, NULL, &fault), HEAD2_OK);
    const struct merkle_nodes nodes = ledger_nodes(l);
    size_t n = sizeof a;
    CHECK_EQ(ledger_note(l, 300, a, &n, &fault), HEAD2_OK);
    len = sizeof note;
    CHECK_EQ(ledger_note(l, 700, note, &len, &fault), HEAD2_OK);
    CHECK_EQ(evidence_make(&o, a, n, note, len, &nodes, key, &why), HEAD2_E_VERIFY);
    CHECK(o == NULL && strstr(why, "of one history") != NULL);
    make_note(0, 9, &signer, key); /* whatever its root is said to be */
    memcpy(a, note, len);
    n = len;
    len = sizeof note;
    CHECK_EQ(ledger_note(l, 700, note, &len, &fault), HEAD2_OK);
    CHECK_EQ(evidence_make(&o, a, n, note, len, &nodes, key, &why), HEAD2_E_VERIFY);
    ledger_close(l);
}

int main(void)
{
    key = fixed_key(HEAD2_MLDSA_87, 1);
    signer = artifact_signer_of_key(key, true);
    witness_key = fixed_key(HEAD2_MLDSA_87, 2);
    witness_signer = artifact_signer_of_key(witness_key, true);
    other_key = fixed_key(HEAD2_MLDSA_65, 3);
    other_signer = artifact_signer_of_key(other_key, true);
    RUN(a_line_of_the_note);
    RUN(no_byte_can_be_changed);
    RUN(a_name_is_signed);
    RUN(names);
    RUN(what_has_grown_is_cosigned);
    RUN(what_has_not_is_refused);
    RUN(forks);
    RUN(damaged_tiles_accuse_nobody);
    RUN(what_is_kept);
    RUN(evidence_is_judged);
    RUN(the_honest_are_not_accused);
    remove_folder();
    head2_key_free(key);
    head2_key_free(witness_key);
    head2_key_free(other_key);
    CHECK_EXIT();
}
