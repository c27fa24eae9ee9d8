/*
 * What the files of the MAML parser share and nobody else needs.
 */
#ifndef HEAD2_ARTIFACT_MAML_PARTS_H
#define HEAD2_ARTIFACT_MAML_PARTS_H

#include "artifact/maml.h"

/* The rules of docs/formats.md, section 1. */
enum maml_rule {
    RULE_SIZE,
    RULE_UTF8,
    RULE_CONTROL,
    RULE_LINE_END,
    RULE_FRONT_MATTER,
    RULE_FRONT_MATTER_SIZE,
    RULE_YAML,
    RULE_YAML_SUBSET,
    RULE_DEPTH,
    RULE_KEYS,
    RULE_DUPLICATE_KEY,
    RULE_REQUIRED_KEY,
    RULE_ESSENTIAL_KEY,
    RULE_DIALECT,
    RULE_ID,
    RULE_VALUE,
    RULE_CREATED_AT,
    RULE_PERMISSIONS,
    RULE_SECTIONS,
    RULE_DUPLICATE_SECTION,
    RULE_REQUIRED_SECTION,
    RULE_SECTION_FORM,
    RULE_SECTION_HIDDEN,
    RULE_FENCE,
    RULE_HISTORY_LINE,
    RULE_HISTORY_TIME,
    RULE_BLOCK,
    RULE_BLOCK_PLACE
};

struct maml_parts {
    uint32_t *lines; /* where each line begins, and one more: the end of the document */
    size_t line_count;
    size_t body_line; /* the first after the front matter, from 0 */
    uint32_t node_cap;
    char *texts; /* keys and scalars, one after the other */
    size_t texts_len, texts_cap;
    size_t entry_cap;
};

/* Add a finding; where it is an error follows from the rule and the mode. */
void maml_say(struct maml *m, enum maml_rule rule, struct maml_place at, const char *mend,
              const char *fmt, ...) HEAD2_PRINTF(5, 6);

/* Where a byte of the document stands, once the lines are known. */
struct maml_place maml_place_of(const struct maml *m, size_t at);
/* A line's bytes without its end; n from 0. */
struct maml_span maml_line(const struct maml *m, size_t n);
/* `---`, blanks or tabs, and the end of the line. */
bool maml_is_delimiter(const struct maml *m, size_t n);
bool maml_span_is(const struct maml *m, struct maml_span s, const char *text);

/* Day, or day and time, with or without seconds, fraction and zone (ISO 8601). */
bool maml_is_time(const char *text, size_t len);

/* The passes: each says what is wrong, and fails only for want of memory. */
HEAD2_CHECK enum head2_status maml_read_yaml(struct maml *m);
void maml_check_keys(struct maml *m);
HEAD2_CHECK enum head2_status maml_read_sections(struct maml *m);
HEAD2_CHECK enum head2_status maml_read_history(struct maml *m);

#endif
