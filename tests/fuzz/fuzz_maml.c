/*
 * MAML documents: whatever the bytes are, everything that the parser finds lies in them, strict
 * mode finds the errors of lenient mode and more, and sections are those that CommonMark finds in
 * the text itself.
 */
#include "artifact/ticket.h"
#include "fuzz/edit.h"

#include <cmark.h>

static bool lies_in(const struct maml *m, struct maml_span s)
{
    return s.at >= m->body && s.len <= m->end && s.at <= m->end - s.len;
}

/* A ticket that is read is written again to the same bytes, but for the line's end. */
static void check_entry(const struct maml *m, const struct maml_entry *e)
{
    static struct ticket t;
    static struct sigblock b;
    static char line[TICKET_LINE_MAX], text[SIGBLOCK_MAX];
    struct sigblock_fault fault;
    size_t len = 0;

    (void)(signed_read(&b, text, &len, m, e, &fault) == HEAD2_OK);
    if (ticket_read(&t, m, e) != HEAD2_OK)
        return;
    len = ticket_write(&t, line) - 1;
    /* the tag may be another */
    const size_t same = (size_t)(e->text.at - e->whole.at);
    FUZZ_ASSERT(len >= strlen("head=") && e->text.len <= len &&
                memcmp(line + len - e->text.len, m->doc + e->text.at, e->text.len) == 0 &&
                same < e->whole.len);
}

static void check_sections(const struct maml *m)
{
    size_t n = 0;

    /* where masking or libcmark has a reason to differ: see maml_mask.h */
    if (memmem(m->doc, m->end, "]:", 2) != NULL || memmem(m->doc, m->end, " \n", 2) != NULL ||
        memmem(m->doc, m->end, "\t\n", 2) != NULL || memmem(m->doc, m->end, "\r\n", 2) != NULL)
        return;
    cmark_node *root =
        cmark_parse_document((const char *)m->doc + m->body, m->end - m->body, CMARK_OPT_DEFAULT);

    for (cmark_node *b = cmark_node_first_child(root); b != NULL; b = cmark_node_next(b))
        n += cmark_node_get_type(b) == CMARK_NODE_HEADING && cmark_node_get_heading_level(b) == 2 &&
             cmark_node_get_start_line(b) == cmark_node_get_end_line(b);
    cmark_node_free(root);
    FUZZ_ASSERT(m->section_count == (n < MAML_SECTIONS ? n : MAML_SECTIONS));
    for (size_t i = 0; i < m->section_count; i++) {
        const struct maml_section *s = &m->sections[i];
        FUZZ_ASSERT(lies_in(m, s->whole) && lies_in(m, s->name) && s->body <= m->end);
        FUZZ_ASSERT(i == 0 || s[-1].whole.at + s[-1].whole.len == s->whole.at);
    }
    for (size_t i = 0; i < m->entry_count; i++) {
        const struct maml_entry *e = &m->entries[i];
        FUZZ_ASSERT(lies_in(m, e->whole) && lies_in(m, e->time) && lies_in(m, e->tag) &&
                    lies_in(m, e->text));
        check_entry(m, e);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct maml *strict = NULL, *lenient = NULL;

    FUZZ_ASSERT(maml_parse(&strict, data, size, MAML_STRICT) == HEAD2_OK);
    FUZZ_ASSERT(maml_parse(&lenient, data, size, MAML_LENIENT) == HEAD2_OK);
    FUZZ_ASSERT(strict->errors >= lenient->errors &&
                strict->errors + strict->warnings == lenient->errors + lenient->warnings);
    FUZZ_ASSERT(strict->errors == 0 || strict->finding_count > 0);
    if (lenient->body != 0 && lenient->errors == 0)
        check_sections(lenient);
    (void)maml_may(lenient, "agent://a/b", "execute");
    maml_free(strict);
    maml_free(lenient);
    return 0;
}
