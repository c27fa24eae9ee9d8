/*
 * The parser's frame: bytes, lines, where the front matter and the signature block stand, and the
 * list of findings. Front matter, sections and history have files of their own.
 */
#include "artifact/maml_parts.h"

#include "artifact/mu.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum rank { ALWAYS_ERROR, STRICT_ERROR, ALWAYS_WARNING };

static const struct {
    const char *name;
    enum rank rank;
} rules[] = {
    [RULE_SIZE] = {"size",              ALWAYS_ERROR  },
    [RULE_UTF8] = {"utf-8",             ALWAYS_ERROR  },
    [RULE_CONTROL] = {"control",           ALWAYS_ERROR  },
    [RULE_LINE_END] = {"line-end",          ALWAYS_ERROR  },
    [RULE_FRONT_MATTER] = {"front-matter",      ALWAYS_ERROR  },
    [RULE_FRONT_MATTER_SIZE] = {"front-matter-size", ALWAYS_ERROR  },
    [RULE_YAML] = {"yaml",              ALWAYS_ERROR  },
    [RULE_YAML_SUBSET] = {"yaml-subset",       ALWAYS_ERROR  },
    [RULE_DEPTH] = {"depth",             ALWAYS_ERROR  },
    [RULE_KEYS] = {"keys",              ALWAYS_ERROR  },
    [RULE_DUPLICATE_KEY] = {"duplicate-key",     ALWAYS_ERROR  },
    [RULE_REQUIRED_KEY] = {"required-key",      STRICT_ERROR  },
    [RULE_ESSENTIAL_KEY] = {"required-key",      ALWAYS_ERROR  },
    [RULE_DIALECT] = {"dialect",           STRICT_ERROR  },
    [RULE_ID] = {"id",                ALWAYS_WARNING},
    [RULE_VALUE] = {"value",             ALWAYS_ERROR  },
    [RULE_CREATED_AT] = {"created-at",        STRICT_ERROR  },
    [RULE_PERMISSIONS] = {"permissions",       ALWAYS_ERROR  },
    [RULE_SECTIONS] = {"sections",          ALWAYS_ERROR  },
    [RULE_DUPLICATE_SECTION] = {"duplicate-section", ALWAYS_ERROR  },
    [RULE_REQUIRED_SECTION] = {"required-section",  STRICT_ERROR  },
    [RULE_SECTION_FORM] = {"section-form",      STRICT_ERROR  },
    [RULE_SECTION_HIDDEN] = {"section-hidden",    STRICT_ERROR  },
    [RULE_FENCE] = {"fence",             STRICT_ERROR  },
    [RULE_HISTORY_LINE] = {"history-line",      STRICT_ERROR  },
    [RULE_HISTORY_TIME] = {"history-time",      ALWAYS_WARNING},
    [RULE_BLOCK] = {"signature-block",   ALWAYS_ERROR  },
    [RULE_BLOCK_PLACE] = {"block-place",       STRICT_ERROR  },
};

void maml_say(struct maml *m, enum maml_rule rule, struct maml_place at, const char *mend,
              const char *fmt, ...)
{
    const enum rank rank = rules[rule].rank;
    const bool is_error = rank == ALWAYS_ERROR || (rank == STRICT_ERROR && m->mode == MAML_STRICT);
    va_list ap;

    if (is_error)
        m->errors++;
    else
        m->warnings++;
    size_t slot = m->finding_count;
    if (slot == MAML_FINDINGS) { /* the first error is kept, whatever was found before it */
        if (!is_error || m->errors > 1)
            return;
        slot--;
    } else {
        m->finding_count++;
    }
    struct maml_finding *f = &m->findings[slot];
    *f = (struct maml_finding){.is_error = is_error, .at = at, .rule = rules[rule].name};
    snprintf(f->mend, sizeof f->mend, "%s", mend);
    va_start(ap, fmt);
    vsnprintf(f->what, sizeof f->what, fmt, ap);
    va_end(ap);
}

/* ---- bytes and lines ---- */

struct maml_span maml_line(const struct maml *m, size_t n)
{
    const size_t at = m->parts->lines[n];
    size_t end = m->parts->lines[n + 1];

    if (end > at && m->doc[end - 1] == '\n')
        end--;
    if (end > at && m->doc[end - 1] == '\r')
        end--;
    return (struct maml_span){at, end - at};
}

struct maml_place maml_place_of(const struct maml *m, size_t at)
{
    size_t low = 0, high = m->parts->line_count;

    while (high - low > 1) { /* lines[low] <= at */
        const size_t middle = low + (high - low) / 2;
        if (m->parts->lines[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    struct maml_place p = {(unsigned)low + 1, 1};
    for (size_t i = m->parts->lines[low]; i < at; i++)
        if ((m->doc[i] & 0xc0) != 0x80)
            p.column++;
    return p;
}

bool maml_is_delimiter(const struct maml *m, size_t n)
{
    const struct maml_span s = maml_line(m, n);
    const size_t bom = n == 0 && m->has_bom ? 3 : 0;
    const uint8_t *p = m->doc + s.at + bom;
    const bool ended = m->parts->lines[n + 1] > s.at + s.len;

    if (!ended || s.len < bom + 3 || memcmp(p, "---", 3) != 0)
        return false;
    for (size_t i = 3; i < s.len - bom; i++)
        if (p[i] != ' ' && p[i] != '\t')
            return false;
    return true;
}

bool maml_span_is(const struct maml *m, struct maml_span s, const char *text)
{
    return s.len == strlen(text) && memcmp(m->doc + s.at, text, s.len) == 0;
}

static enum head2_status index_lines(struct maml *m)
{
    struct maml_parts *p = m->parts;
    size_t count = 2;

    for (size_t i = 0; i < m->len; i++)
        count += m->doc[i] == '\n';
    p->lines = malloc(count * sizeof *p->lines);
    if (p->lines == NULL)
        return HEAD2_E_MEMORY;
    p->lines[0] = 0;
    for (size_t i = 0; i < m->len; i++)
        if (m->doc[i] == '\n')
            p->lines[++p->line_count] = (uint32_t)i + 1;
    if (p->lines[p->line_count] != m->len)
        p->lines[++p->line_count] = (uint32_t)m->len;
    return HEAD2_OK;
}

/* What makes readers disagree about where lines and characters begin ends the reading. */
static bool check_bytes(struct maml *m)
{
    size_t bad = 0;

    if (mu_check_utf8(m->doc, m->len, &bad) != HEAD2_OK) {
        maml_say(m, RULE_UTF8, maml_place_of(m, bad), "save it as UTF-8",
                 "not UTF-8 at byte %zu (0x%02x)", bad, m->doc[bad]);
        return false;
    }
    for (size_t i = 0; i < m->len; i++) {
        const uint8_t c = m->doc[i];
        if (c == '\r' && (i + 1 == m->len || m->doc[i + 1] != '\n')) {
            maml_say(m, RULE_LINE_END, maml_place_of(m, i), "end lines with LF, or with CR and LF",
                     "a carriage return without a line feed");
            return false;
        }
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
            maml_say(m, RULE_CONTROL, maml_place_of(m, i), "remove it",
                     "the control character 0x%02x", c);
            return false;
        }
        if (c == 0xef && i > 0 && memcmp(m->doc + i, "\xef\xbb\xbf", 3) == 0) {
            maml_say(m, RULE_CONTROL, maml_place_of(m, i), "remove it",
                     "a byte order mark that is not at the beginning");
            return false;
        }
    }
    return true;
}

static size_t digits(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && text[n] >= '0' && text[n] <= '9')
        n++;
    return n;
}

bool maml_is_time(const char *text, size_t len)
{
    static const char form[] = "####-##-##T##:##";
    size_t i = 0;
    unsigned v[5] = {0}, field = 0;

    for (; i < len && i < strlen(form); i++) {
        const bool is_digit = text[i] >= '0' && text[i] <= '9';
        const bool is_gap = text[i] == form[i] || (i == 10 && text[i] == ' ');
        if (form[i] == '#' ? !is_digit : !is_gap)
            return false;
        if (is_digit)
            v[field] = v[field] * 10 + (unsigned)(text[i] - '0');
        else
            field++;
    }
    if (v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31 || v[3] > 23 || v[4] > 59)
        return false;
    if (i < strlen(form))
        return i == 10;
    if (i + 3 <= len && text[i] == ':' && digits(text + i + 1, 2) == 2)
        i += 3;
    if (i + 1 < len && text[i] == '.')
        i += 1 + digits(text + i + 1, len - i - 1);
    if (i < len && text[i] == 'Z')
        return i + 1 == len;
    if (i + 3 <= len && (text[i] == '+' || text[i] == '-') && digits(text + i + 1, 2) == 2)
        i += i + 3 < len && text[i + 3] == ':' ? 4 : 3;
    return i == len || (i + 2 == len && digits(text + i, 2) == 2);
}

/* ---- front matter and signature block ---- */

/* False when there is none to read. */
static bool find_front(struct maml *m)
{
    const struct maml_parts *p = m->parts;
    const struct maml_place top = {1, 1};
    size_t n = 1;

    if (p->line_count == 0 || !maml_is_delimiter(m, 0)) {
        maml_say(m, RULE_FRONT_MATTER, top, "begin the file with a line ---",
                 "the document does not open with front matter");
        return false;
    }
    while (n < p->line_count && p->lines[n] < m->end && !maml_is_delimiter(m, n))
        n++;
    m->front = (struct maml_span){p->lines[1], p->lines[n] - p->lines[1]};
    if (n >= p->line_count || p->lines[n] >= m->end) {
        maml_say(m, RULE_FRONT_MATTER, top, "end it with a line ---",
                 "the front matter that opens here does not end");
        return false;
    }
    m->body = p->lines[n + 1];
    m->parts->body_line = n + 1;
    if (m->front.len <= MAML_FRONT)
        return true;
    maml_say(m, RULE_FRONT_MATTER_SIZE, maml_place_of(m, m->front.at + MAML_FRONT),
             "move text into sections", "the front matter has more than %d bytes", MAML_FRONT);
    return false;
}

static void find_block(struct maml *m)
{
    size_t start = 0;

    m->end = m->len;
    m->has_block = sigblock_find(m->doc, m->len, &start) == HEAD2_OK;
    if (m->has_block)
        m->end = start;
}

/* A block that is not where blocks are looked for protects nothing, and looks as if it did. */
static void check_block_place(struct maml *m)
{
    static const char first[] = "dilithium_signature:";

    for (size_t n = 1; n < m->parts->line_count && m->parts->lines[n] < m->end; n++) {
        const struct maml_span s = maml_line(m, n);
        if (s.len >= strlen(first) && memcmp(m->doc + s.at, first, strlen(first)) == 0 &&
            maml_is_delimiter(m, n - 1)) {
            maml_say(m, RULE_BLOCK_PLACE, (struct maml_place){(unsigned)n, 1},
                     "put it last, with nothing after it, or remove it",
                     "a signature block that is not the end of the document counts for nothing");
            return;
        }
    }
}

static void check_block(struct maml *m)
{
    struct sigblock_fault fault;
    struct maml_place at;

    check_block_place(m);
    if (!m->has_block)
        return;
    const char *text = (const char *)m->doc + m->end;
    m->block_good = sigblock_parse(&m->block, text, m->len - m->end, &fault) == HEAD2_OK;
    if (m->block_good)
        return;
    at = maml_place_of(m, m->end);
    at.line += fault.line - 1;
    maml_say(m, RULE_BLOCK, at, "get the file again from its signer, or sign it anew", "%s",
             fault.what);
}

/* ---- the whole ---- */

static enum head2_status read_parts(struct maml *m)
{
    enum head2_status st = HEAD2_OK;

    m->has_bom = m->len >= 3 && memcmp(m->doc, "\xef\xbb\xbf", 3) == 0;
    find_block(m);
    if (m->end > MAML_MAX || m->len > MAML_FILE_MAX) {
        maml_say(m, RULE_SIZE, (struct maml_place){1, 1}, "give a shorter document",
                 "the document has more than %zu bytes", MAML_MAX);
        return HEAD2_OK;
    }
    HEAD2_TRY(index_lines(m));
    if (!check_bytes(m) || !find_front(m))
        return HEAD2_OK;
    HEAD2_TRY(maml_read_yaml(m));
    maml_check_keys(m);
    HEAD2_TRY(maml_read_sections(m));
    HEAD2_TRY(maml_read_history(m));
    check_block(m);

done:
    return st;
}

enum head2_status maml_parse(struct maml **out, const uint8_t *doc, size_t len, enum maml_mode mode)
{
    struct maml *m = calloc(1, sizeof *m);
    enum head2_status st = HEAD2_E_MEMORY;

    *out = NULL;
    if (m == NULL)
        return st;
    m->doc = doc;
    m->len = len;
    m->mode = mode;
    m->parts = calloc(1, sizeof *m->parts);
    if (m->parts != NULL)
        st = read_parts(m);
    if (st == HEAD2_OK)
        *out = m;
    else
        maml_free(m);
    return st;
}

void maml_free(struct maml *maml)
{
    if (maml == NULL)
        return;
    if (maml->parts != NULL) {
        free(maml->parts->lines);
        free(maml->parts->texts);
    }
    free(maml->parts);
    free(maml->nodes);
    free(maml->entries);
    free(maml);
}
