/*
 * The lines of the section History: `- TIME: [TAG] TEXT` or `[TIME] [TAG] TEXT`.
 */
#include "artifact/maml_parts.h"

#include <stdlib.h>

#define TAG_MAX 32

static bool is_tag(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const uint8_t c = p[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-'))
            return false;
    }
    return len >= 1 && len <= TAG_MAX;
}

/* TIME, what stands between it and the tag, TAG, `]` and the text, from at on. */
static bool split(const struct maml *m, struct maml_span line, const char *between,
                  struct maml_entry *e)
{
    const size_t end = line.at + line.len;
    const size_t at = e->time.at;
    const uint8_t *gap = memmem(m->doc + at, end - at, between, strlen(between));

    if (gap == NULL)
        return false;
    e->time.len = (size_t)(gap - m->doc) - at;
    e->tag.at = at + e->time.len + strlen(between);
    const uint8_t *close = memchr(m->doc + e->tag.at, ']', end - e->tag.at);
    if (close == NULL || (close + 1 < m->doc + end && close[1] != ' '))
        return false;
    e->tag.len = (size_t)(close - m->doc) - e->tag.at;
    e->text.at = (size_t)(close + 1 - m->doc) + (close + 1 < m->doc + end);
    e->text.len = end - e->text.at;
    return is_tag(m->doc + e->tag.at, e->tag.len) &&
           maml_is_time((const char *)m->doc + at, e->time.len);
}

static bool read_entry(const struct maml *m, struct maml_span line, struct maml_entry *e)
{
    const uint8_t *p = m->doc + line.at;

    e->dashed = line.len > 2 && memcmp(p, "- ", 2) == 0;
    e->time.at = line.at + (e->dashed ? 2 : 1);
    if (e->dashed)
        return split(m, line, ": [", e);
    return line.len > 2 && p[0] == '[' && split(m, line, "] [", e);
}

static struct maml_entry *new_entry(struct maml *m)
{
    if (m->entry_count == m->parts->entry_cap) {
        const size_t cap = m->parts->entry_cap == 0 ? 32 : 2 * m->parts->entry_cap;
        struct maml_entry *more = realloc(m->entries, cap * sizeof *more);
        if (more == NULL)
            return NULL;
        m->entries = more;
        m->parts->entry_cap = cap;
    }
    return &m->entries[m->entry_count];
}

static bool is_utc(const struct maml *m, const struct maml_entry *e)
{
    return m->doc[e->time.at + e->time.len - 1] == 'Z';
}

/* Whether a time is written as the one before, so that their order is that of their letters. */
static bool goes_back(const struct maml *m, const struct maml_entry *before,
                      const struct maml_entry *e)
{
    return before->time.len == e->time.len &&
           memcmp(m->doc + e->time.at, m->doc + before->time.at, e->time.len) < 0 &&
           is_utc(m, before) == is_utc(m, e);
}

enum head2_status maml_read_history(struct maml *m)
{
    const struct maml_section *s = maml_section(m, "History");

    if (s == NULL)
        return HEAD2_OK;
    for (size_t n = s->at.line; n < m->parts->line_count; n++) {
        const struct maml_span line = maml_line(m, n);
        const struct maml_place at = {(unsigned)n + 1, 1};
        if (line.at >= s->whole.at + s->whole.len)
            break;
        if (line.len == 0)
            continue;
        struct maml_entry *e = new_entry(m);
        if (e == NULL)
            return HEAD2_E_MEMORY;
        *e = (struct maml_entry){
            .at = at, .whole = {line.at, m->parts->lines[n + 1] - line.at}
        };
        if (!read_entry(m, line, e)) {
            maml_say(m, RULE_HISTORY_LINE, at, "write '- 2026-03-01T08:00:00Z: [TAG] text'",
                     "a line of History that is no entry");
            continue;
        }
        if (m->entry_count > 0 && goes_back(m, e - 1, e))
            maml_say(m, RULE_HISTORY_TIME, at, "check the clocks",
                     "an entry of History that is older than the one before it");
        m->entry_count++;
    }
    return HEAD2_OK;
}
