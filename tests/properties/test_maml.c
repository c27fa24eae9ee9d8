/*
 * The MAML parser: what it reads of good documents, which rule each bad one breaks and where, that
 * nothing an author writes makes it slow, and that masking lines keeps the sections that CommonMark
 * finds.
 */
#include "check.h"

#include "artifact/maml.h"
#include "artifact/maml_mask.h"

#include <cmark.h>

#define GOOD                                                                                       \
    "---\n"                                                                                        \
    "maml_version: \"2.0.0\"\n"                                                                    \
    "id: \"urn:uuid:123e4567-e89b-12d3-a456-426614174000\"\n"                                      \
    "type: hybrid_workflow\n"                                                                      \
    "origin: agent://field-planner\n"                                                              \
    "permissions:\n"                                                                               \
    "  read: [\"agent://*\"]\n"                                                                    \
    "  write: agent://field-planner\n"                                                             \
    "  execute:\n"                                                                                 \
    "    - \"agent://sprayer/*\"\n"                                                                \
    "    - chimera://head2\n"                                                                      \
    "created_at: 2026-03-01T08:00:00Z\n"                                                           \
    "---\n"
#define TITLE "# Spraying\n\n"
#define INTENT                                                                                     \
    "## Intent\nSpray field 7.\n\n```python\n## not a section\n```\n\n---\n\n## Context\n- wind "  \
    "2\n"
#define HISTORY                                                                                    \
    "\n## History\n- 2026-03-01T08:00:00Z: [CREATE] made\n\n"                                      \
    "[2026-03-01T09:00:00Z] [REVIEW] read by two\n"

static struct maml *m;

static void parse(const char *text, size_t len, enum maml_mode mode)
{
    maml_free(m);
    m = NULL;
    /* a copy of its exact size, so that reading past the end is seen by the sanitizer */
    static uint8_t *copy;
    free(copy);
    copy = malloc(len > 0 ? len : 1);
    CHECK(copy != NULL);
    memcpy(copy, text, len);
    CHECK_EQ(maml_parse(&m, copy, len, mode), HEAD2_OK);
}

static bool is(struct maml_span s, const char *text)
{
    return s.len == strlen(text) && memcmp(m->doc + s.at, text, s.len) == 0;
}

static void a_good_document(void)
{
    const char text[] = GOOD TITLE INTENT HISTORY;
    parse(text, strlen(text), MAML_STRICT);
    CHECK_SAY(m->finding_count == 0, "%s", m->findings[0].what);
    CHECK_EQ(m->dialect, MAML_DIALECT_VERSION);
    CHECK(strcmp(maml_text(m, "type"), "hybrid_workflow") == 0);
    CHECK(maml_text(m, "permissions") == NULL && maml_text(m, "typ") == NULL);
    const struct maml_node *type = &m->nodes[maml_get(m, 0, "type")];
    CHECK(type->at.line == 4 && type->at.column == 7 && !type->quoted);
    CHECK_EQ(m->section_count, 3);
    CHECK(is(m->sections[0].name, "Intent") && is(m->sections[1].name, "Context"));
    CHECK_EQ(m->sections[0].at.line, 16);
    CHECK_EQ(m->sections[1].at.line, 25);
    CHECK_EQ(m->sections[0].whole.at + m->sections[0].whole.len, m->sections[1].whole.at);
    CHECK_EQ(m->sections[2].whole.at + m->sections[2].whole.len, strlen(text));
    CHECK(maml_section(m, "context") == &m->sections[1] && maml_section(m, "Contexts") == NULL);
    CHECK_EQ(m->entry_count, 2);
    CHECK(m->entries[0].dashed && is(m->entries[0].tag, "CREATE") &&
          is(m->entries[0].text, "made"));
    CHECK(!m->entries[1].dashed && is(m->entries[1].time, "2026-03-01T09:00:00Z"));
    CHECK(is(m->entries[1].text, "read by two") && m->entries[1].at.line == 31);
    CHECK(!m->has_block && m->end == strlen(text));
}

/* The same document with CR before each LF, after a byte order mark. */
static void carriage_returns_and_a_mark(void)
{
    const char text[] = GOOD TITLE INTENT HISTORY;
    char other[2 * sizeof text] = "\xef\xbb\xbf";
    size_t len = 3;
    for (size_t i = 0; i < strlen(text); i++) {
        if (text[i] == '\n')
            other[len++] = '\r';
        other[len++] = text[i];
    }
    parse(other, len, MAML_STRICT);
    CHECK_SAY(m->finding_count == 0, "%s", m->findings[0].what);
    CHECK(m->has_bom && m->section_count == 3 && m->entry_count == 2);
    CHECK(is(m->sections[1].name, "Context") && m->sections[1].at.line == 25);
    CHECK(is(m->entries[1].text, "read by two"));
    CHECK(strcmp(maml_text(m, "origin"), "agent://field-planner") == 0);
}

static void the_other_dialect(void)
{
    const char text[] = "---\nschema: flight\nid: x\n---\n";
    parse(text, strlen(text), MAML_LENIENT);
    CHECK_EQ(m->errors, 0);
    CHECK_EQ(m->dialect, MAML_DIALECT_SCHEMA);
    parse(text, strlen(text), MAML_STRICT);
    CHECK(m->errors == 6 && m->warnings == 1);
}

/* One change to a good document, the rule it breaks, and where. */
struct bad {
    const char *from, *to, *rule;
    unsigned line, column;
    bool lenient; /* an error in lenient mode too */
};

static const struct bad bads[] = {
    {"---\nmaml",                 "--\nmaml",                                                     "front-matter",      1,  1,  true },
    {"maml_version: \"2.0.0\"\n", "",                                                             "required-key",      1,  1,  true },
    {"id: \"urn",                 "iid: \"urn",                                                   "required-key",      1,  1,  true },
    {"type: hybrid_workflow\n",   "",                                                             "required-key",      1,  1,  false},
    {"type: hybrid",              "type: a\ntype: hybrid",                                        "duplicate-key",     5,  1,  true },
    {"  read: [\"agent://*\"]\n", "  read: a\n  read: b\n",                                       "duplicate-key",     8,  3,  true },
    {"type: hybrid_workflow",     "type: \"\"",                                                   "value",             4,  7,  true },
    {"type: hybrid_workflow",     "type: [a]",                                                    "value",             4,  7,  true },
    {"type: hybrid_workflow",     "type: &a b",                                                   "yaml-subset",       4,  7,  true },
    {"type: hybrid_workflow",     "type: !!str b",                                                "yaml-subset",       4,  7,  true },
    {"type: hybrid_workflow",     "type: *a",                                                     "yaml-subset",       4,  7,  true },
    {"type: hybrid_workflow",     "type: \"a\\0b\"",                                              "yaml-subset",       4,  7,  true },
    {"type: hybrid_workflow",     "type: a: b",                                                   "yaml",              4,  8,  true },
    {"type: hybrid_workflow",     "type: @a",                                                     "yaml",              4,  7,  true },
    {"type: hybrid_workflow",     "type: a\xc2\x85",                                              "line-end",          4,  8,  true },
    {"type: hybrid_workflow",     "type: a\xe2\x80\xa8",                                          "line-end",          4,  8,  true },
    {"type: hybrid_workflow",     "type: a\xef\xbb\xbf",                                          "control",           4,  8,  true },
    {"maml_version",              "%YAML 1.1\nmaml_version",                                      "yaml",              3,  1,  true },
    {"type: hybrid_workflow",     "type: a\nschema: b",                                           "dialect",           5,  9,  false},
    {"created_at: 2026-03-01T08", "created_at: March T08",                                        "created-at",        12, 13, false},
    {"created_at: 2026-03-01T08", "created_at: 2026-13-01T08",                                    "created-at",        12, 13, false},
    {"  read: [",                 "  run: [",                                                     "permissions",       7,  8,  true },
    {"  read: [\"agent://*\"]",   "  read: {a: b}",                                               "permissions",       7,  9,  true },
    {"  read: [\"agent://*\"]",   "  read: [[a]]",                                                "permissions",       7,  10, true },
    {"  read: [\"agent://*\"]",   "  read: [[[[[[[a]]]]]]]",                                      "depth",             7,  15, true },
    {"## Intent\n",               "## Intent \n",                                                 "section-form",      16, 1,  false},
    {"## Intent\n",               "## Intent ##\n",                                               "section-form",      16, 1,  false},
    {"## Intent\n",               " ## Intent\n",                                                 "section-form",      16, 1,  false},
    {"## Intent\n",               "##\tIntent\n",                                                 "section-form",      16, 1,  false},
    {"## Context\n",              "## Context\n\n##\n",                                           "section-form",      27, 1,  false},
    {"## Intent\n",               "Intent\n---\n\n## Intent\n",                                   "section-form",      16, 1,  false},
    {"## Intent\n",               "### Intent\n",                                                 "required-section",  13, 1,  false},
    {"## Context\n",              "> ## Context\n",                                               "required-section",  13, 1,  false},
    {"## Context\n",              "## Context\n\n## intent\n",                                    "duplicate-section", 27, 1,  true },
    {"## Context\n",              "## Context\n<!--\n## Extra\n-->\n",                            "section-hidden",    27, 1,  false},
    {"## Context\n",              "## Context\n~~~\n## Extra\n~~~\n",                             "section-hidden",    27, 1,  false},
    {"read by two\n",             "read by two\n\n## Code\n```\nx\n",                             "fence",             34, 1,  false},
    {"[CREATE] made",             "CREATE made",                                                  "history-line",      29, 1,  false},
    {"[CREATE] made",             "[CRE ATE] made",                                               "history-line",      29, 1,  false},
    {"read by two\n",             "read by two\nand a third\n",                                   "history-line",      32, 1,  false},
    {"- 2026-03-01T08",           "- 2026-00-01T08",                                              "history-line",      29, 1,  false},
    {"Spray field 7.",            "Spray\rfield 7.",                                              "line-end",          17, 6,  true },
    {"Spray field 7.",            "Spr\xc3\xa4y\x07.",                                            "control",           17, 6,  true },
    {"Spray field 7.",            "Spr\xc3\xa4y\xe4.",                                            "utf-8",             17, 6,  true },
    {"## Context\n",              "---\ndilithium_signature: \"AA==\"\n---\n## Context\n",        "block-place",       25, 1,
     false                                                                                                                          },
    {"by two\n",                  "by two\n---\ndilithium_signature: \"AA==\"\nsigner: a\n---\n", "signature-block",
     34,                                                                                                                   1,  true },
};

static const struct maml_finding *finding(const char *rule)
{
    for (size_t i = 0; i < m->finding_count; i++)
        if (strcmp(m->findings[i].rule, rule) == 0)
            return &m->findings[i];
    return NULL;
}

static void every_rule_names_its_place(void)
{
    static char text[4096];
    const char good[] = GOOD TITLE INTENT HISTORY;
    for (size_t i = 0; i < HEAD2_LEN(bads); i++) {
        const struct bad *b = &bads[i];
        const char *at = strstr(good, b->from);
        CHECK_SAY(at != NULL, "no '%s' in the document", b->from);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, b->to,
                 at + strlen(b->from));
        parse(text, strlen(text), MAML_STRICT);
        const struct maml_finding *f = finding(b->rule);
        CHECK_SAY(f != NULL, "'%s': %s, not %s", b->to,
                  m->finding_count > 0 ? m->findings[0].rule : "nothing", b->rule);
        CHECK_SAY(f->at.line == b->line && f->at.column == b->column, "'%s': %s at %u:%u", b->to,
                  b->rule, f->at.line, f->at.column);
        CHECK_SAY(f->is_error && m->errors > 0, "'%s' is no error in strict mode", b->to);
        CHECK(f->what[0] != 0 && f->mend[0] != 0);
        parse(text, strlen(text), MAML_LENIENT);
        f = finding(b->rule);
        CHECK_SAY(f != NULL && f->is_error == b->lenient, "'%s' in lenient mode", b->to);
        CHECK_SAY(b->lenient == (m->errors > 0), "'%s': %zu errors in lenient mode", b->to,
                  m->errors);
    }
}

static void warnings_stay_warnings(void)
{
    static const char *const bodies[] = {
        "---\nmaml_version: 1\nid: mine\ntype: a\norigin: b\npermissions: {}\ncreated_at: "
        "2026-03-01\n---\n## Intent\n## Context\n",
        GOOD INTENT "\n## History\n- 2026-03-02: [A] x\n- 2026-03-01: [B] y\n"};
    static const char *const names[] = {"id", "history-time"};
    for (size_t i = 0; i < HEAD2_LEN(bodies); i++) {
        parse(bodies[i], strlen(bodies[i]), MAML_STRICT);
        CHECK(m->errors == 0 && m->warnings == 1 && finding(names[i]) != NULL);
    }
    const char mistyped[] = "---\nmaml_version: 1\nid: a\ntype: b\norgin: c\npermissions: {}\n"
                            "created_at: 2026-03-01\n---\n## Intent\n## Context\n";
    parse(mistyped, strlen(mistyped), MAML_STRICT);
    CHECK(m->errors == 1 && strstr(finding("required-key")->mend, "'orgin'") != NULL);
}

static void several_are_told_at_once(void)
{
    const char text[] = "---\nmaml_version: 1\nid: x\n---\n## A\n## A\n## B ##\n<!--\n## C\n-->\n";
    parse(text, strlen(text), MAML_STRICT);
    CHECK(m->errors == 9 && m->warnings == 1 && m->finding_count == 10);
}

static void times(void)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"2026-03-01",                  true },
        {"2026-03-01T08:00",            true },
        {"2026-03-01 08:00:59",         true },
        {"2026-03-01T08:00:00.123456Z", true },
        {"2026-03-01T08:00:00+01:00",   true },
        {"2026-03-01T08:00:00-0130",    true },
        {"2026-03-01T08:00:00+01",      true },
        {"2026-03",                     false},
        {"",                            false},
        {"2026-03-01T",                 false},
        {"2026-03-01T08",               false},
        {"2026-03-01T24:00Z",           false},
        {"2026-00-01",                  false},
        {"2026-03-32",                  false},
        {"2026-03-01T08:00:00Zx",       false},
        {"2026-03-01T08:00:00+1",       false},
        {"2026-03-01T08:00:00+01:0",    false},
        {"2026-3-1",                    false}
    };
    char text[1024];
    for (size_t i = 0; i < HEAD2_LEN(rows); i++) {
        snprintf(text, sizeof text, "---\nmaml_version: 1\nid: x\ncreated_at: \"%s\"\n---\n",
                 rows[i].text);
        parse(text, strlen(text), MAML_STRICT);
        const bool refused = finding("created-at") != NULL || finding("value") != NULL;
        CHECK_SAY(refused != rows[i].good, "'%s'", rows[i].text);
    }
}

static void permissions(void)
{
    static const struct {
        const char *agent, *action;
        bool may;
    } rows[] = {
        {"agent://anyone",         "read",    true },
        {"agent://",               "read",    true },
        {"agent:/anyone",          "read",    false},
        {"agent://field-planner",  "write",   true },
        {"agent://field-planner2", "write",   false},
        {"agent://field-planne",   "write",   false},
        {"agent://*",              "write",   false},
        {"agent://sprayer/7",      "execute", true },
        {"agent://sprayer/7/left", "execute", true },
        {"agent://sprayer",        "execute", false},
        {"Agent://sprayer/7",      "execute", false},
        {"chimera://head2",        "execute", true },
        {"chimera://head2",        "Execute", false},
        {"chimera://head2",        "delete",  false},
        {"",                       "read",    false}
    };
    const char text[] = GOOD;
    parse(text, strlen(text), MAML_LENIENT);
    for (size_t i = 0; i < HEAD2_LEN(rows); i++)
        CHECK_SAY(maml_may(m, rows[i].agent, rows[i].action) == rows[i].may, "%s %s", rows[i].agent,
                  rows[i].action);
    static const char *const nobody[] = {"---\nid: x\npermissions:\n---\n",
                                         "---\nid: x\n---\n",
                                         "---\nid: x\npermissions: {read: }\n---\n",
                                         "---\nid: x\npermissions: [read]\n---\n",
                                         "---\nid: x\npermissions: {read: {agent://a: b}}\n---\n",
                                         "---\nid: x\npermissions: *\n---\n"};
    for (size_t i = 0; i < HEAD2_LEN(nobody); i++) {
        parse(nobody[i], strlen(nobody[i]), MAML_LENIENT);
        CHECK_SAY(!maml_may(m, "agent://a", "read"), "%s", nobody[i]);
    }
    const char stars[] = "---\nid: x\npermissions: {read: \"a*b*c\", write: \"*\"}\n---\n";
    parse(stars, strlen(stars), MAML_LENIENT);
    CHECK(maml_may(m, "abc", "read") && maml_may(m, "axbxbxc", "read"));
    CHECK(!maml_may(m, "ac", "read") && !maml_may(m, "abcd", "read"));
    CHECK(maml_may(m, "x", "write"));
}

/* ---- hostile documents ---- */

#define BIG ((size_t)1 << 20)

static char *big;

/* head, then pattern over and over, BIG bytes in all. */
static void fill(const char *head, const char *pattern)
{
    const size_t h = strlen(head), n = strlen(pattern);
    big = big != NULL ? big : malloc(BIG);
    CHECK(big != NULL);
    memcpy(big, head, h);
    for (size_t i = h; i < BIG; i++)
        big[i] = pattern[(i - h) % n];
    parse(big, BIG, MAML_STRICT);
}

/* Each of these makes some parser quadratic, deep or big. One that is lasts minutes here. */
static void a_mebibyte_of_anything(void)
{
    static const char *const patterns[] = {"---\n",
                                           "## \n",
                                           "## a\n",
                                           "##\n",
                                           "\n",
                                           "a\n",
                                           "\r\n",
                                           "[",
                                           "![[]()",
                                           "[a](",
                                           "*a_ ",
                                           "`",
                                           "`a``",
                                           "<!--",
                                           "<!-- ",
                                           "<?",
                                           "<![CDATA[",
                                           "<a b=\"",
                                           "\n<a b=\"[",
                                           "\na\n<b <!--",
                                           "> ",
                                           ">",
                                           "* ",
                                           "- * ",
                                           "1. ",
                                           "\n- a\n\n",
                                           "- - a\n",
                                           "&amp;",
                                           "\\",
                                           "~~~\n",
                                           "```\n",
                                           "[a]: /b\n",
                                           "\n[a]: /b\n\n",
                                           "| a ",
                                           "    \n",
                                           "\t",
                                           "<div>\n",
                                           "\n\n  - a\n      - b\n",
                                           "]]>-->",
                                           "</script>",
                                           "\xf0\x9f\x9a\x81",
                                           "- 2026-01-01: [A] b\n",
                                           "a\n---\n"};
    for (size_t i = 0; i < HEAD2_LEN(patterns); i++) {
        fill(GOOD "## History\n", patterns[i]);
        CHECK_SAY(m->errors > 0, "'%s'", patterns[i]);
    }
    fill("", "---\n");
    CHECK(m->errors > 0 && m->section_count == 0);
    fill(GOOD, "a");
    CHECK(finding("size") == NULL);
    big = realloc(big, BIG + 1);
    CHECK(big != NULL);
    big[BIG] = 'a';
    parse(big, BIG + 1, MAML_STRICT);
    CHECK(finding("size") != NULL);
}

static void front_matter_has_limits(void)
{
    static const char *const patterns[] = {"[",     "{",      "{a: ", "- ",  "? ",    "a: ",  "\n",
                                           "[{a: ", "a: b\n", "\"",   "'",   "|\n",   "!a ",  "&a ",
                                           "# ",    "[a, ",   "[a: ", "{a,", " a:\n", "\"\\L"};
    char text[MAML_FRONT + 64];
    for (size_t i = 0; i < HEAD2_LEN(patterns); i++) {
        for (size_t size = 1; size <= MAML_FRONT; size *= 2) {
            memcpy(text, "---\n", 4);
            for (size_t j = 0; j < size; j++)
                text[4 + j] = patterns[i][j % strlen(patterns[i])];
            memcpy(text + 4 + size, "\n---\n", 5);
            parse(text, 4 + size + 5, MAML_STRICT);
            CHECK_SAY(m->errors > 0, "'%s'", patterns[i]);
            CHECK(size < MAML_FRONT || finding("front-matter-size") != NULL);
        }
    }
    /* lists in lists: seven, with the map around them, are as deep as it may be */
    for (size_t deep = 6; deep <= 8; deep++) {
        snprintf(text, sizeof text, "---\nid: %.*sa%.*s\n---\n", (int)deep, "[[[[[[[[", (int)deep,
                 "]]]]]]]]");
        parse(text, strlen(text), MAML_STRICT);
        CHECK((finding("depth") != NULL) == (deep > 7));
    }
    for (int keys = MAML_KEYS; keys <= MAML_KEYS + 1; keys++) {
        size_t n = (size_t)sprintf(text, "---\n");
        for (int i = 0; i < keys; i++)
            n += (size_t)sprintf(text + n, "k%d: v\n", i);
        n += (size_t)sprintf(text + n, "---\n");
        parse(text, n, MAML_STRICT);
        CHECK((finding("keys") != NULL) == (keys > MAML_KEYS));
    }
}

static void many_sections(void)
{
    static char text[65536];
    for (int count = MAML_SECTIONS - 1; count <= 2 * MAML_SECTIONS; count += MAML_SECTIONS / 2) {
        size_t n = (size_t)sprintf(text, GOOD "## Intent\n## Context\n");
        for (int i = 2; i < count; i++)
            n += (size_t)sprintf(text + n, "## S%d\n", i);
        parse(text, n, MAML_STRICT);
        CHECK_EQ(m->section_count, count < MAML_SECTIONS ? count : MAML_SECTIONS);
        CHECK((finding("sections") != NULL) == (count >= MAML_SECTIONS));
    }
}

/* ---- masking ---- */

/* Where the headings of level 2 at the top level stand, as one number for each line. */
static void headings_of(const char *text, size_t len, bool lines[64])
{
    memset(lines, 0, 64 * sizeof *lines);
    cmark_node *root = cmark_parse_document(text, len, CMARK_OPT_DEFAULT);
    for (cmark_node *b = cmark_node_first_child(root); b != NULL; b = cmark_node_next(b))
        if (cmark_node_get_type(b) == CMARK_NODE_HEADING && cmark_node_get_heading_level(b) == 2 &&
            cmark_node_get_start_line(b) == cmark_node_get_end_line(b))
            lines[cmark_node_get_start_line(b) % 64] = true;
    cmark_node_free(root);
}

/* Lines of blanks become empty, where libcmark 0.30 and the standard differ: tests/differential
 * asks another implementation about them. */
static size_t without_blank_lines(char *text, size_t len)
{
    size_t out = 0, begin = 0;
    for (size_t i = 0; i < len; i++) {
        text[out++] = text[i];
        if (text[i] != '\n')
            continue;
        size_t blanks = begin;
        while (text[blanks] == ' ' || text[blanks] == '\t')
            blanks++;
        if (blanks + 1 == out) {
            text[begin] = '\n';
            out = begin + 1;
        }
        begin = out;
    }
    return out;
}

static void masked_lines_keep_their_sections(void)
{
    static const char *const pieces[] = {
        "## A",    "##",        "## B ##", "#",     "###",    "#######",   "```",
        "``` py",  "``` a`b",   "````",    "~~~",   "~~~ `",  "    ",      "   ",
        " ",       "\t",        "- ",      "* ",    "+ ",     "-",         "1. ",
        "12) ",    "> ",        ">",       "<!--",  "-->",    "<?",        "?>",
        "<!A",     "<![CDATA[", "]]>",     "<div>", "</div>", "<a b='[<'", "<a [>",
        "<a b=[>", "<a `>",     "</a>",    "<pre",  "</pre>", "<script>",  "</script>",
        "[a]: /b", "[a]",       "![",      "*x*",   "_",      "***",       "___",
        "---",     "===",       "a",       "text ", "\\",     "&lt;",      "\xc3\xa9",
        "- - -",   "<a>",       "    ",    "2. ",   "     ",  "<b></b>",   "1234567890. "};
    uint64_t state = 1;
    char text[1024], masked[2048];
    size_t found = 0;
    for (unsigned round = 0; round < 25000; round++) {
        bool want[64], got[64];
        size_t len = 0;
        for (unsigned lines = 2 + round % 7; lines > 0; lines--) {
            for (state = state * 6364136223846793005u + 1; (state >> 60) < 9;
                 state = state * 6364136223846793005u + 1)
                len += (size_t)sprintf(text + len, "%s", pieces[(state >> 33) % HEAD2_LEN(pieces)]);
            text[len++] = '\n';
            if (len > 700)
                break;
        }
        size_t masked_len = 0;
        for (size_t at = 0; at < len;) {
            const size_t n = (size_t)((char *)memchr(text + at, '\n', len - at) - text) - at;
            masked_len += maml_mask_line(masked + masked_len, (const uint8_t *)text + at, n);
            masked[masked_len++] = '\n';
            at += n + 1;
        }
        len = without_blank_lines(text, len);
        headings_of(text, len, want);
        headings_of(masked, masked_len, got);
        text[len] = masked[masked_len] = 0;
        CHECK_SAY(memcmp(want, got, sizeof want) == 0, "round %u:\n%s\nmasked\n%s", round, text,
                  masked);
        for (size_t i = 0; i < 64; i++)
            found += want[i];
    }
    CHECK(found > 500);
}

int main(void)
{
    RUN(a_good_document);
    RUN(carriage_returns_and_a_mark);
    RUN(the_other_dialect);
    RUN(every_rule_names_its_place);
    RUN(warnings_stay_warnings);
    RUN(several_are_told_at_once);
    RUN(times);
    RUN(permissions);
    RUN(a_mebibyte_of_anything);
    RUN(front_matter_has_limits);
    RUN(many_sections);
    RUN(masked_lines_keep_their_sections);
    maml_free(m);
    free(big);
    CHECK_EXIT();
}
