/*
 * Sections by libcmark: the headings of level 2 at the top level, in the one form `## NAME` at the
 * start of a line. Where a reader that looks at lines alone would find other sections than
 * CommonMark does, it is said.
 */
#include "artifact/maml_mask.h"
#include "artifact/maml_parts.h"

#include <cmark.h>
#include <stdlib.h>

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool opens_section(const struct maml *m, size_t n)
{
    const struct maml_span s = maml_line(m, n);

    return s.len >= 3 && memcmp(m->doc + s.at, "## ", 3) == 0;
}

static struct maml_place line_place(size_t n)
{
    return (struct maml_place){(unsigned)n + 1, 1};
}

/* The heading's text: without the marks before and, as CommonMark has it, after it. */
static struct maml_span heading_name(const struct maml *m, struct maml_span s)
{
    const uint8_t *p = m->doc;
    size_t at = s.at, end = s.at + s.len;

    while (p[at] != '#')
        at++;
    at += 2;
    while (at < end && is_blank(p[at]))
        at++;
    while (end > at && is_blank(p[end - 1]))
        end--;
    size_t closing = end;
    while (closing > at && p[closing - 1] == '#')
        closing--;
    if (closing == at || (closing < end && is_blank(p[closing - 1])))
        end = closing;
    while (end > at && is_blank(p[end - 1]))
        end--;
    return (struct maml_span){at, end - at};
}

static bool same_name(const struct maml *m, struct maml_span a, struct maml_span b)
{
    return a.len == b.len &&
           strncasecmp((const char *)m->doc + a.at, (const char *)m->doc + b.at, a.len) == 0;
}

static void check_name(struct maml *m, size_t n, struct maml_span name)
{
    const struct maml_span line = maml_line(m, n);

    if (name.len == 0) {
        maml_say(m, RULE_SECTION_FORM, line_place(n), "give it a name", "a section without a name");
        return;
    }
    if (!opens_section(m, n) || name.at != line.at + 3 || name.at + name.len != line.at + line.len)
        maml_say(m, RULE_SECTION_FORM, line_place(n),
                 "write '## NAME' and nothing else in the line",
                 "readers disagree whether this is a section, or about its name");
    for (size_t i = 0; i + 1 < m->section_count; i++)
        if (same_name(m, m->sections[i].name, name)) {
            maml_say(m, RULE_DUPLICATE_SECTION, line_place(n), "join them, or rename one",
                     "a section '%.*s' stands at line %u already",
                     (int)(name.len < 60 ? name.len : 60), m->doc + name.at,
                     m->sections[i].at.line);
            return;
        }
}

static void add_section(struct maml *m, size_t n)
{
    struct maml_section *s = &m->sections[m->section_count];

    if (m->section_count == MAML_SECTIONS)
        return;
    if (++m->section_count == MAML_SECTIONS)
        maml_say(m, RULE_SECTIONS, line_place(n), "join some, or use '###'",
                 "%d sections or more; what follows is not looked at", MAML_SECTIONS);
    s->at = line_place(n);
    s->name = heading_name(m, maml_line(m, n));
    s->body = m->parts->lines[n + 1];
    s->whole.at = m->parts->lines[n];
    s->whole.len = m->end - s->whole.at;
    if (m->section_count > 1) {
        struct maml_section *before = s - 1;
        before->whole.len = s->whole.at - before->whole.at;
    }
    check_name(m, n, s->name);
}

/* Lines n to end - 1 hold HTML, or a fence of `~`: sections for those who look at lines alone. */
static void check_hidden(struct maml *m, size_t n, size_t end, const char *what)
{
    for (; n < end; n++)
        if (opens_section(m, n)) {
            maml_say(m, RULE_SECTION_HIDDEN, line_place(n), "use ``` to show text as it is",
                     "looks like a section, but stands inside %s", what);
            return;
        }
}

/* A code block of lines n to end - 1. */
static void check_fence(struct maml *m, size_t n, size_t end)
{
    const struct maml_span s = maml_line(m, n);
    const uint8_t *p = m->doc + s.at;
    size_t i = 0;

    while (i < s.len && p[i] == ' ')
        i++;
    if (i == s.len || i > 3 || (p[i] != '`' && p[i] != '~'))
        return; /* indented code */
    if (p[i] == '~')
        check_hidden(m, n, end, "a fence of ~~~");
    if (m->parts->lines[end] < m->end)
        return; /* something follows: it is closed */
    while (end > n + 1 && maml_line(m, end - 1).len == 0)
        end--;
    const struct maml_span last = maml_line(m, end - 1);
    size_t at = last.at;
    while (at < last.at + last.len && m->doc[at] == ' ')
        at++;
    if (end - 1 == n || last.at + last.len - at < 3 || m->doc[at] != p[i] || m->doc[at + 2] != p[i])
        maml_say(m, RULE_FENCE, line_place(n), "close it",
                 "a fence that is never closed: all that follows is inside it");
}

/* One block of the top level, of lines n to end - 1. */
static void take_block(struct maml *m, cmark_node *block, size_t n, size_t end)
{
    switch (cmark_node_get_type(block)) {
    case CMARK_NODE_HEADING:
        if (cmark_node_get_heading_level(block) != 2)
            break;
        if (cmark_node_get_end_line(block) == cmark_node_get_start_line(block))
            add_section(m, n);
        else
            maml_say(m, RULE_SECTION_FORM, line_place(n),
                     "leave a blank line before ---, or write '## NAME'",
                     "text above a line of dashes is a heading for some readers");
        break;
    case CMARK_NODE_HTML_BLOCK:
        check_hidden(m, n, end, "HTML");
        break;
    case CMARK_NODE_CODE_BLOCK:
        check_fence(m, n, end);
        break;
    default:
        break;
    }
}

static enum head2_status parse_body(struct maml *m, size_t first, cmark_node **root)
{
    const struct maml_parts *p = m->parts;
    char *masked = malloc(2 * (m->end - m->body) + 1);
    size_t len = 0;

    if (masked == NULL)
        return HEAD2_E_MEMORY;
    for (size_t n = first; n < p->line_count && p->lines[n] < m->end; n++) {
        const struct maml_span s = maml_line(m, n);
        len += maml_mask_line(masked + len, m->doc + s.at, s.len);
        if (s.at + s.len < m->end)
            masked[len++] = '\n';
    }
    *root = cmark_parse_document(masked, len, CMARK_OPT_DEFAULT);
    free(masked);
    return *root != NULL ? HEAD2_OK : HEAD2_E_MEMORY;
}

const struct maml_section *maml_section(const struct maml *maml, const char *name)
{
    for (size_t i = 0; i < maml->section_count; i++) {
        const struct maml_span s = maml->sections[i].name;
        if (s.len == strlen(name) && strncasecmp((const char *)maml->doc + s.at, name, s.len) == 0)
            return &maml->sections[i];
    }
    return NULL;
}

bool maml_section_is_last(const struct maml *maml, const char *name)
{
    return maml->section_count > 0 &&
           maml_section(maml, name) == &maml->sections[maml->section_count - 1];
}

enum head2_status maml_read_sections(struct maml *m)
{
    static const char *const required[] = {"Intent", "Context"};
    const size_t first = m->parts->body_line;
    cmark_node *root = NULL;
    size_t last = first;

    enum head2_status st = parse_body(m, first, &root);
    if (st != HEAD2_OK)
        return st;
    while (last < m->parts->line_count && m->parts->lines[last] < m->end)
        last++;
    for (cmark_node *b = cmark_node_first_child(root); b != NULL; b = cmark_node_next(b)) {
        cmark_node *after = cmark_node_next(b);
        const size_t n = first + (size_t)cmark_node_get_start_line(b) - 1;
        take_block(m, b, n,
                   after == NULL ? last : first + (size_t)cmark_node_get_start_line(after) - 1);
    }
    cmark_node_free(root);
    for (size_t i = 0; i < HEAD2_LEN(required); i++)
        if (maml_section(m, required[i]) == NULL)
            maml_say(m, RULE_REQUIRED_SECTION, line_place(first - 1),
                     "add it after the front matter", "no section '## %s'", required[i]);
    return HEAD2_OK;
}
