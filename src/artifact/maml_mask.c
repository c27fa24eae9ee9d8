/*
 * Which blocks a line begins, continues or ends at the top level depends on its indentation, its
 * first mark, and on the strings that end HTML blocks (CommonMark 0.30, sections 4 and 5). These
 * stay; all else goes.
 */
#include "artifact/maml_mask.h"

/* Inside more lists and quotations than these nothing is told apart, which changes no section. */
enum { COLUMNS = 32, MARKS = 8 };

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool is_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool has_at(const uint8_t *line, size_t len, size_t at, const char *text)
{
    return len - at >= strlen(text) && memcmp(line + at, text, strlen(text)) == 0;
}

/* Letters, digits and blanks stay, and what may end an HTML block: `-->`, `?>`, `]]>`, `>`, and
 * `</script>` and the like. No mark that begins a block or an inline is left. */
static void mask_rest(char *out, const uint8_t *line, size_t len, size_t at)
{
    static const char *const ends[] = {"-->", "?>", "]]>", "</"};

    while (at < len) {
        size_t keep = is_word(line[at]) || is_blank(line[at]) || line[at] == '>';
        for (size_t i = 0; keep == 0 && i < HEAD2_LEN(ends); i++)
            keep = has_at(line, len, at, ends[i]) ? strlen(ends[i]) : 0;
        if (keep == 0)
            out[at++] = 'x';
        for (; keep > 0; keep--, at++)
            out[at] = (char)line[at];
    }
}

/* A thematic break or the line under a heading: one mark, repeated, and blanks. */
static bool is_rule(const uint8_t *line, size_t len, size_t at)
{
    const uint8_t mark = line[at];

    if (mark != '-' && mark != '_' && mark != '*' && mark != '=')
        return false;
    for (; at < len; at++)
        if (line[at] != mark && !is_blank(line[at]))
            return false;
    return true;
}

/* How much of a mark stays: the fence, unless its info string has a backtick, which makes it none.
 */
static size_t fence(const uint8_t *line, size_t len, size_t at)
{
    const uint8_t mark = line[at];
    size_t n = 0;

    if (mark != '`' && mark != '~')
        return 0;
    while (at + n < len && line[at + n] == mark)
        n++;
    if (n < 3 || (mark == '`' && memchr(line + at + n, '`', len - at - n) != NULL))
        return 0;
    return n;
}

/* A list item's or quotation's mark; it ends in a blank or the line. */
static size_t container(const uint8_t *line, size_t len, size_t at)
{
    size_t n = 0;

    if (line[at] == '>')
        return 1;
    if (line[at] == '-' || line[at] == '+' || line[at] == '*') {
        n = 1;
    } else {
        while (n < 9 && at + n < len && line[at + n] >= '0' && line[at + n] <= '9')
            n++;
        if (n == 0 || at + n == len || (line[at + n] != '.' && line[at + n] != ')'))
            return 0;
        n++;
    }
    return at + n == len || is_blank(line[at + n]) ? n : 0;
}

static size_t heading(const uint8_t *line, size_t len, size_t at)
{
    size_t n = 0;

    while (n < 7 && at + n < len && line[at + n] == '#')
        n++;
    return n >= 1 && n <= 6 && (at + n == len || is_blank(line[at + n])) ? n : 0;
}

/*
 * A line that opens with `<`, whole, so that what it opens is seen; but brackets, and what could
 * open a second tag, become marks that mean as little in a tag and nothing elsewhere.
 */
static void copy_html(char *out, const uint8_t *line, size_t len, size_t at)
{
    const size_t first = at;
    const size_t cdata = has_at(line, len, at, "<![CDATA[") ? strlen("<![CDATA[") : 1;

    for (; at < len; at++) {
        const bool is_kept = at < first + cdata || has_at(line, len, at, "</");
        if (!is_kept && (line[at] == '[' || line[at] == '<'))
            out[at] = line[at] == '[' ? ']' : '`';
        else
            out[at] = (char)line[at];
    }
}

/*
 * The same inside a list or where a paragraph may go on, so that it is HTML to the one and harmless
 * to the other: comments and declarations, whose ends are looked for to the end of a paragraph,
 * become a tag `<p ` and what may end them. Returns the length of the whole line.
 */
static size_t copy_inner_html(char *out, const uint8_t *line, size_t len, size_t at)
{
    const uint8_t second = len - at > 1 ? line[at + 1] : 0;
    const size_t skip = second == '!' ? 2 : 1, grown = strlen("<p ") - skip;

    if (second != '!' && second != '?') {
        copy_html(out, line, len, at);
        return len;
    }
    memcpy(out + at, "<p ", strlen("<p "));
    mask_rest(out + grown, line, len, at + skip);
    return len + grown;
}

/* Blanks from at on, copied; columns grows by what they are wide, a tab as 4. */
static size_t copy_blanks(char *out, const uint8_t *line, size_t len, size_t at, size_t *columns)
{
    for (; at < len && is_blank(line[at]); at++) {
        out[at] = (char)line[at];
        *columns += line[at] == '\t' ? 4 : 1;
    }
    return at;
}

size_t maml_mask_line(char *out, const uint8_t *line, size_t len)
{
    size_t columns = 0, marks = 0, keep;
    size_t at = copy_blanks(out, line, len, 0, &columns);
    const bool is_outer = columns < 4;

    if (at == len)
        return 0;

    /* lists and quotations in each other, to a bounded depth */
    while (at < len && columns <= COLUMNS && marks < MARKS && !is_rule(line, len, at) &&
           (keep = container(line, len, at)) > 0) {
        memcpy(out + at, line + at, keep);
        marks++;
        at = copy_blanks(out, line, len, at + keep, &columns);
    }
    if (at == len)
        return len;
    if (columns > COLUMNS || marks == MARKS) {
        mask_rest(out, line, len, at);
        return len;
    }
    if (line[at] == '<') {
        if (!is_outer || marks > 0)
            return copy_inner_html(out, line, len, at);
        copy_html(out, line, len, at);
        return len;
    }
    keep = is_rule(line, len, at) ? len - at : fence(line, len, at);
    if (keep == 0)
        keep = heading(line, len, at);
    memcpy(out + at, line + at, keep);
    mask_rest(out, line, len, at + keep);
    return len;
}
